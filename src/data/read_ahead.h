/* A window over a source, so that a walk over small headers does not ask the file for each of them. */
#ifndef SCU_DATA_READ_AHEAD_H
#define SCU_DATA_READ_AHEAD_H

#include <stdbool.h>

#include "base/source.h"

enum { SCU__READ_AHEAD_MAX = 16 * 1024, SCU__READ_AHEAD_SMALL = 1024 };

typedef struct scu__read_ahead {
  scu__source *source;
  uint64_t offset; /* of bytes[0] in the source */
  size_t length;
  uint8_t bytes[SCU__READ_AHEAD_MAX];
} scu__read_ahead;

void scu__read_ahead_init(scu__read_ahead *ahead, scu__source *source);

/* Shows the bytes at `offset`: at least `wanted` (at most SCU__READ_AHEAD_MAX), or as many as there are before the end
 * of the source, which may be 0. When the source must be asked, `chunk` bytes are read, or `wanted` if that is more.
 * Valid until the next call. */
scu_result scu__read_ahead_peek(scu__read_ahead *ahead, uint64_t offset, size_t wanted, size_t chunk,
                                const uint8_t **bytes, size_t *length, scu_error *error);

#endif
