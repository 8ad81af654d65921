/* What an identifier asks for: model, level, where each key is looked up, and whether PS3.4 C.4.1.1.3, C.4.1.2 and
 * C.4.2.1 allow it. Knows no SQL. */
#ifndef SCU_ARCHIVE_QUERY_H
#define SCU_ARCHIVE_QUERY_H

#include "archive/attribute.h"
#include "archive/index.h"
#include "service/key.h"

typedef enum scu__key_source {
  SCU__SOURCE_PATIENT = SCU__LEVEL_PATIENT, /* the record of that level */
  SCU__SOURCE_STUDY = SCU__LEVEL_STUDY,
  SCU__SOURCE_SERIES = SCU__LEVEL_SERIES,
  SCU__SOURCE_IMAGE = SCU__LEVEL_IMAGE,
  SCU__SOURCE_WORKLIST = SCU__LEVEL_WORKLIST,
  SCU__SOURCE_COMPUTED, /* counts and lists of what is below */
  SCU__SOURCE_NONE      /* answered without value */
} scu__key_source;

typedef struct scu__plan {
  scu__index_model model;
  bool is_retrieve;
  bool without_narrowing;
  scu__level level; /* of the answer */
  scu__level scan;  /* of the rows looked at: lower than `level` when a relational query has keys below it */
  scu__key *keys;   /* in the arena, rising tags */
  uint8_t *sources; /* scu__key_source of each key */
  size_t key_count;
  bool has_unmatched_keys;
  int assumed_offset;                  /* of date-times without one */
  char timezone[6];                    /* (0008,0201) of the identifier, when has_timezone */
  bool has_timezone;                   /* the identifier says in what zone it speaks, and that was agreed */
  char charset[SCU__CHARSET_TEXT_MAX]; /* (0008,0005) of the identifier */
  scu__arena arena;
} scu__plan;

/* MALFORMED, LIMIT, MEMORY as scu__index_find. The plan is to be freed in any case. */
scu_result scu__plan_make(scu__plan *plan, const scu__index_query *query, bool is_retrieve,
                          const scu__index_options *options, const scu_allocator *allocator, scu_error *error);
void scu__plan_free(scu__plan *plan);

const char *scu__level_text(scu__level level); /* "STUDY" */

#endif
