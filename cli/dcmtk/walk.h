/* A walk over a dataset with all its items, for what writes it down. */
#ifndef SCU_CLI_DCMTK_WALK_H
#define SCU_CLI_DCMTK_WALK_H

#include "scu/dataset.h"

typedef enum walk_step {
  WALK_ELEMENT,
  WALK_SEQUENCE, /* its items follow */
  WALK_ITEM,
  WALK_ITEM_END,
  WALK_SEQUENCE_END
} walk_step;

/* depth: 0 for the dataset itself, one more in each item, whose own begin and end have that of their sequence. element
 * is NULL but for WALK_ELEMENT and WALK_SEQUENCE. */
typedef void walk_function(void *user, walk_step step, size_t depth, const scu_dataset *dataset,
                           const scu_element *element);
void dataset_walk(const scu_dataset *dataset, walk_function *function, void *user);

#endif
