/* Changing a tree: what dataset.c and the encoder need from dataset_edit.c. */
#ifndef SCU_DATA_DATASET_EDIT_H
#define SCU_DATA_DATASET_EDIT_H

#include "data/dataset.h"

/* Turns every text that is not plain ASCII into UTF-8 (is_utf8), here and in the items that share the character set:
 * before that set changes. MEMORY. */
scu_result scu__dataset_texts_to_utf8(scu_dataset *dataset);

/* True when a text here or in an item needs more than ASCII and nothing names the character set of its bytes. */
bool scu__dataset_lacks_charset(const scu_dataset *dataset);
/* Names the set that texts are in already: no byte of them changes. The encoder takes another one where it does not
 * hold what was set as UTF-8. MEMORY. */
scu_result scu__dataset_assume_charset(scu_dataset *dataset, const char *defined_terms);

#endif
