/* A dataset that passes by, as text: the fragments go in as they come, the lines come out at its end. Bounded in memory
 * and in what is shown; ends before bulk Pixel Data. */
#ifndef SCU_OBSERVE_DUMP_DATASET_H
#define SCU_OBSERVE_DUMP_DATASET_H

#include "data/transfer_syntax.h"
#include "observe/dump_text.h"
#include "scu/dataset.h"

typedef struct scu__dump_dataset scu__dump_dataset;

/* NULL: no memory. syntax: of the presentation context; NULL = unknown, explicit little endian is tried. */
scu__dump_dataset *scu__dump_dataset_new(const scu_allocator *allocator, const scu__transfer_syntax *syntax);
void scu__dump_dataset_free(scu__dump_dataset *dump); /* NULL is allowed */
/* False: enough was seen, more bytes need not be read. */
bool scu__dump_dataset_wants(const scu__dump_dataset *dump);
void scu__dump_dataset_feed(scu__dump_dataset *dump, const uint8_t *bytes, size_t length);
/* Some bytes were not to be had: what follows cannot be read either. */
void scu__dump_dataset_lose(scu__dump_dataset *dump);
/* The end; is_whole: it is the dataset's, too. */
void scu__dump_dataset_put(scu__dump_dataset *dump, scu__buffer *text, bool is_whole, bool with_phi);

/* A dataset in memory. */
void scu__dump_tree(scu__buffer *text, const scu_dataset *dataset, bool with_phi);

#endif
