/* A dataset in memory as the bytes of a DICOM file (PS3.10 7), for the store operation to send like any file. */
#ifndef SCU_CLIENT_ENCODE_H
#define SCU_CLIENT_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "scu/dataset.h"

/* transfer_syntax_uid NULL: Explicit VR Little Endian. USAGE: no SOP Class or Instance UID, elements of group 0002 and
 * below, values left out, a text that does not fit the fixed character set, Pixel Data not of the syntax's kind.
 * UNSUPPORTED: a transfer syntax that is not known, or none of datasets. LIMIT: more than 4 GiB. MEMORY.
 * *bytes is owned by the caller: scu__free(allocator, *bytes). */
scu_result scu__encode_file(const scu_dataset *dataset, const char *transfer_syntax_uid, const scu_allocator *allocator,
                            uint8_t **bytes, size_t *length, scu_error *error);

/* The dataset alone, appended to `out`, as it goes out on a context of that transfer syntax, deflated ones too. USAGE:
 * Pixel Data not of the syntax's kind, values left out, a text that does not fit, or a change to the dataset that
 * failed (scu_dataset_error). UNSUPPORTED: as above. LIMIT, MEMORY. */
scu_result scu__encode_dataset(const scu_dataset *dataset, const char *transfer_syntax_uid, scu__buffer *out,
                               scu_error *error);

#endif
