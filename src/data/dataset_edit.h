/* Changing a tree: what dataset.c and the encoder need from dataset_edit.c. */
#ifndef SCU_DATA_DATASET_EDIT_H
#define SCU_DATA_DATASET_EDIT_H

#include "data/dataset.h"

/* Turns every text that is not plain ASCII into UTF-8 (is_utf8), here and in the items that share the character set:
 * before that set changes. MEMORY. */
scu_result scu__dataset_texts_to_utf8(scu_dataset *dataset);

#endif
