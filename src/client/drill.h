/* A query answered level by level: where an upper unique key is not known, the level above is asked first and every
 * match there is gone into (PS3.4 C.4.1.3.1.1, hierarchical search: above the level only unique keys). Rows of the
 * level asked for come out with the values of the levels above filled in. Where the provider agrees to relational
 * queries the levels above need not be asked (C.4.1.3.2). */
#ifndef SCU_CLIENT_DRILL_H
#define SCU_CLIENT_DRILL_H

#include "client/answers.h"
#include "client/op.h"
#include "client/query.h"

typedef struct scu__drill scu__drill;

typedef struct scu__drill_result {
  scu_result result;
  const scu_error *error; /* NULL when SCU_OK */
  uint16_t status;        /* of the last final response; 0xFFFF = none came */
  const char *comment;
} scu__drill_result;

/* So far; what is dropped because several requests brought it is not counted. */
typedef struct scu__drill_counts {
  uint64_t duplicates; /* dropped: came before with the same values */
  uint64_t missed; /* do not meet the keys: rows of the floor, or with a strict query what was dropped at any level */
  scu_tag first_missed;
} scu__drill_counts;

typedef struct scu__drill_handler {
  void (*row)(void *owner, const scu_dataset *row); /* borrowed for the call */
  void (*done)(void *owner, const scu__drill_result *result);
  /* May be NULL. An answer below the studies looks cut off: of this study, "" = not known which; borrowed. */
  void (*doubt)(void *owner, const char *study_uid);
  /* May be NULL. A row above the floor that is gone into; borrowed. */
  void (*into)(void *owner, scu_query_level level, const scu_dataset *row);
} scu__drill_handler;

/* The operation is the one that it works for. The query is copied. `floor` is the level whose rows are wanted, normally
 * shape->level; deeper: everything below the query's matches, without further keys. Nothing is sent yet. MEMORY or
 * USAGE. */
scu_result scu__drill_new(scu_op *op, const scu_query *query, scu_query_level floor, const scu__drill_handler *handler,
                          void *owner, scu__drill **out, scu_error *error);
/* The rows are for the caller, and no means to an end: of instances more is asked for (client/instance_keys.h), and
 * rows that are the same throughout come once. Before it is started. */
void scu__drill_for_rows(scu__drill *drill);
/* Half of the matches are of no use: studies are asked for in parts, as with scu_query_set_split, once an answer looks
 * cut off. Before it is started. */
void scu__drill_for_all(scu__drill *drill);
void scu__drill_start(scu__drill *drill);
/* done is called with CANCELLED, or as it would have been. */
void scu__drill_cancel(scu__drill *drill);
/* Every association was aborted: ends with this error unless the association of a C-FIND will tell. */
void scu__drill_abort(scu__drill *drill, const scu_error *error);
/* Enough rows: done is called with SCU_OK soon, rows that still come are dropped. */
void scu__drill_enough(scu__drill *drill);
void scu__drill_pause(scu__drill *drill, bool is_paused);
/* Time that was spent outside is not the peer's silence. */
void scu__drill_touch(scu__drill *drill);
/* Not from row or done of this drill. NULL is allowed. */
void scu__drill_free(scu__drill *drill);
bool scu__drill_is_asking(const scu__drill *drill); /* a C-FIND is out, or its association is being opened */
const scu__query_shape *scu__drill_shape(const scu__drill *drill);
/* From row: a key that the row, or what it was found below, does not meet (client/rematch.h); 0 = it meets all. */
scu_tag scu__drill_missed(const scu__drill *drill);
const scu__drill_counts *scu__drill_counts_of(const scu__drill *drill);
/* After done with SCU_OK and not by enough. *text: until the drill is freed; may be NULL. */
scu_find_verdict scu__drill_verdict(const scu__drill *drill, const char **text);

#endif
