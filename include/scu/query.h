/* What to look for, and what to bring: keys, level and information model of C-FIND, C-MOVE and C-GET (PS3.4 C). */
#ifndef SCU_QUERY_H
#define SCU_QUERY_H

#include "scu/allocator.h"
#include "scu/dataset.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum scu_model { SCU_MODEL_DEFAULT = 0, SCU_MODEL_STUDY = 1, SCU_MODEL_PATIENT = 2 } scu_model;
typedef enum scu_query_level {
  SCU_LEVEL_DEFAULT = 0, /* the deepest key named */
  SCU_LEVEL_PATIENT = 1,
  SCU_LEVEL_STUDY = 2,
  SCU_LEVEL_SERIES = 3,
  SCU_LEVEL_IMAGE = 4
} scu_query_level;
SCU_API const char *scu_query_level_name(scu_query_level level); /* "PATIENT", "STUDY", "SERIES", "IMAGE" */

typedef struct scu_query scu_query;

SCU_API scu_result scu_query_new(const scu_allocator *allocator, scu_query **out);
SCU_API void scu_query_free(scu_query *query);
/* Why the last call on the query failed; valid until the next one. */
SCU_API const scu_error *scu_query_error(const scu_query *query);

/* A matching key: keyword, gggg,eeee, ggggeeee or path, and a UTF-8 value (wildcards, ranges, UID lists as in PS3.4
 * C.2.2.2). Setting it again replaces it. */
SCU_API scu_result scu_query_set(scu_query *query, const char *path, const char *value);
/* Asks for the attribute without restricting it. */
SCU_API scu_result scu_query_return(scu_query *query, const char *path);
SCU_API scu_result scu_query_set_model(scu_query *query, scu_model model);
SCU_API scu_result scu_query_set_level(scu_query *query, scu_query_level level);
/* A query that restricts nothing is a usage error unless this is set. */
SCU_API scu_result scu_query_set_all(scu_query *query, int all);
/* Cancel after this many matches; 0 = no limit. */
SCU_API scu_result scu_query_set_limit(scu_query *query, uint64_t limit);
/* Keys go into a C-MOVE or C-GET identifier as they are, without being resolved by C-FIND first. */
SCU_API scu_result scu_query_set_raw_identifier(scu_query *query, int raw);

/* The level and model the query would be sent with; USAGE when it is not one (text in scu_query_error). */
SCU_API scu_result scu_query_check(scu_query *query, scu_model *model, scu_query_level *level);

#ifdef __cplusplus
}
#endif
#endif
