/* The header of a dataset as a tree, taken from the bytes while they pass by: everything before Pixel Data, long values
 * left out. Inflates where the transfer syntax says so. A dataset that cannot be read is captured as far as it goes. */
#ifndef SCU_ARCHIVE_HEADER_CAPTURE_H
#define SCU_ARCHIVE_HEADER_CAPTURE_H

#include "data/dataset_builder.h"
#include "data/inflate.h"

typedef struct scu__header_capture scu__header_capture;

scu_result scu__header_capture_new(const scu_allocator *allocator, const char *transfer_syntax_uid,
                                   scu__header_capture **out);
void scu__header_capture_free(scu__header_capture *capture); /* NULL is allowed */
/* The next bytes of the dataset. Nothing happens once Pixel Data, a fault or a bound was reached. */
void scu__header_capture_feed(scu__header_capture *capture, const uint8_t *bytes, size_t length);
/* Ends it and gives the header away. MEMORY. */
scu_result scu__header_capture_take(scu__header_capture *capture, scu_dataset **out);

#endif
