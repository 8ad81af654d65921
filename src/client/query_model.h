/* The information models of Query/Retrieve and Modality Worklist as data: levels, classes, keys of each level, what is
 * asked for by default (PS3.4 C.6.1-C.6.3, K.6.1). */
#ifndef SCU_CLIENT_QUERY_MODEL_H
#define SCU_CLIENT_QUERY_MODEL_H

#include <stdbool.h>

#include "scu/query.h"
#include "scu/types.h"

typedef struct scu__model_info {
  const char *name;              /* in words */
  scu_query_level first, last;   /* both SCU_LEVEL_DEFAULT where there are no levels (worklist) */
  const char *find, *move, *get; /* SOP Classes; NULL where there is none */
} scu__model_info;

/* Not for SCU_MODEL_DEFAULT. */
const scu__model_info *scu__model_info_of(scu_model model);

/* 0 for SCU_LEVEL_DEFAULT. */
scu_tag scu__query_unique_key(scu_query_level level);
/* The level a key (service/key_attribute.h says what is none) belongs to in this model: Study Root has the patient's
 * attributes at study level, the worklist has no levels. */
scu_query_level scu__key_level(scu_model model, scu_tag tag);

/* An attribute that is asked for without being named by the caller. */
typedef struct scu__return_key {
  const char *path; /* NULL = the list ends here */
  bool is_required; /* a unique or required key of PS3.4: every provider has to know it */
} scu__return_key;

/* What a person needs to tell one row of this level from another. */
const scu__return_key *scu__default_keys(scu_model model, scu_query_level level);

#endif
