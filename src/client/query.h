/* The inside of scu_query: keys, and the identifiers made of them for one level at a time (PS3.4 C.4.1, C.6). */
#ifndef SCU_CLIENT_QUERY_H
#define SCU_CLIENT_QUERY_H

#include <stdbool.h>

#include "base/values.h"
#include "client/query_model.h"
#include "data/dataset.h"
#include "scu/query.h"

struct scu_query {
  const scu_allocator *allocator;
  scu_dataset *keys; /* matching keys have a value, return keys have none */
  scu_model model;
  scu_query_level level;
  scu_query_level depth; /* DEFAULT = level */
  bool is_all;
  bool is_raw;
  bool is_strict;
  bool is_split;
  uint64_t limit;
  scu_wish wishes[SCU_QUERY_OPTIONS];
  scu_error error;
};

/* The information model and level after all defaults. */
typedef struct scu__query_shape {
  scu_model model;
  scu_query_level level;
  scu_query_level first; /* where the information model begins: PATIENT, STUDY, or DEFAULT where there are no levels */
  scu_query_level depth; /* of the rows that a find gives: level, or deeper */
} scu__query_shape;

/* Values of the unique keys above and at a level; "" = not known. Index by scu_query_level. */
enum { SCU__UNIQUE_VALUE_MAX = 65 };
typedef struct scu__unique_keys {
  char value[SCU_LEVEL_IMAGE + 1][SCU__UNIQUE_VALUE_MAX];
} scu__unique_keys;

/* One value without wildcard: what may stand above the level that is asked, or be retrieved by. */
bool scu__key_is_single(const scu_element *key);

scu_result scu__query_copy(const scu_query *query, scu_query **out);
/* USAGE, with words, when the keys do not make a query. */
scu_result scu__query_shape_of(const scu_query *query, scu__query_shape *shape, scu_error *error);
/* Where asking has to begin so that every key can take part and every upper unique key becomes known: shape->level when
 * nothing has to be asked above it. Fills what the query itself fixes. */
scu_query_level scu__query_first_level(const scu_query *query, const scu__query_shape *shape, scu__unique_keys *known);
/* Every unique key down to shape->level has exactly one value (at shape->level: at least one) and there is no other
 * matching key: the query can be a retrieve identifier as it is. */
bool scu__query_is_unique(const scu_query *query, const scu__query_shape *shape);

/* The same without regard to the keys above shape->level: it can be one for a relational retrieval. */
bool scu__query_has_only_unique_keys(const scu_query *query, const scu__query_shape *shape);

/* What is asked for without being named. */
typedef struct scu__return_wish {
  const char *modality; /* of the series: at IMAGE level adds what its kind of instances has; NULL = adds nothing */
  bool is_reduced;      /* unique and required keys only: the query's own return keys are left out, too */
} scu__return_wish;

/* The C-FIND identifier for one level: Query/Retrieve Level, the unique keys above it from `known`, the query's own
 * keys of the level, and what is asked for by default. `identifier` is reset first. */
scu_result scu__query_find_identifier(const scu_query *query, const scu__query_shape *shape, scu_query_level level,
                                      const scu__unique_keys *known, const scu__return_wish *wish,
                                      scu_dataset *identifier, scu_error *error);
/* The same for a relational query: one request at this level, with every key of the query and what a drill would
 * have brought from the levels above (PS3.4 C.4.1.3.2). */
scu_result scu__query_relational_identifier(const scu_query *query, const scu__query_shape *shape,
                                            scu_query_level level, const scu__return_wish *wish,
                                            scu_dataset *identifier, scu_error *error);
/* The C-MOVE or C-GET identifier: level and unique keys, the last one possibly a list joined by backslash (RULES 18),
 * and the query's view. An upper key that is not known is left out: only for a relational retrieval. */
scu_result scu__retrieve_identifier(const scu_query *query, const scu__query_shape *shape, scu_query_level level,
                                    const scu__unique_keys *known, const char *list, scu_dataset *identifier,
                                    scu_error *error);
/* The same without any care: level and every key as it stands. */
scu_result scu__raw_identifier(const scu_query *query, const scu__query_shape *shape, scu_dataset *identifier,
                               scu_error *error);

#endif
