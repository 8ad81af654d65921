/* From a tree to the bytes of a dataset, with explicit lengths (PS3.5 7). Does not deflate and writes no file meta. */
#ifndef SCU_DATA_DATASET_ENCODE_H
#define SCU_DATA_DATASET_ENCODE_H

#include "data/dataset.h"
#include "data/element.h"

/* Appends the dataset. Group lengths and (FFFC,FFFC) are left out, odd values padded, a value too long for its VR goes
 * to UN. The character set is the one fixed by scu_dataset_set_charset, else the dataset's own if it holds all texts,
 * else the narrowest that does (RULES 15); text that was not touched and whose set stays goes out as it came in.
 * USAGE: a text does not fit into the fixed set or has what its VR cannot hold, unless the tree says must_encode, or a
 * value was left out when reading. UNSUPPORTED: fragments in implicit VR. LIMIT, MEMORY: from out. */
scu_result scu__dataset_encode(const scu_dataset *dataset, scu__encoding encoding, scu__buffer *out, scu_error *error);

/* True when no text in the dataset needs more than ASCII: then (0008,0005) need not be there. */
bool scu__dataset_is_ascii(const scu_dataset *dataset);

#endif
