/* The engine's queue of outgoing bytes: staged bytes and ranges of sources, in order. Everything is O(1) amortised and
 * allocates nothing once it has grown to the working size. */
#ifndef SCU_UL_OUTPUT_H
#define SCU_UL_OUTPUT_H

#include "ul/engine.h"

typedef struct scu__output_piece {
  scu__source *source; /* NULL: the next `length` staged bytes */
  uint64_t offset;
  size_t length;
} scu__output_piece;

typedef struct scu__output {
  const scu_allocator *allocator;
  uint8_t *staged; /* the live bytes are staged[start .. end) */
  size_t start, end, capacity;
  scu__output_piece *pieces; /* a ring; its size is a power of two */
  size_t first, count, room;
  size_t queued;  /* bytes of all pieces */
  bool is_secret; /* staged bytes are wiped when they are sent, or forgotten */
} scu__output;

/* Room for a few fixed PDUs is there from the start and kept, so that an abort needs no memory. */
scu_result scu__output_init(scu__output *output, const scu_allocator *allocator);
void scu__output_free(scu__output *output);
/* Forgets what is queued. */
void scu__output_clear(scu__output *output);

/* Makes sure that this many staged bytes and pieces fit, the spare room for fixed PDUs not counted. MEMORY, or LIMIT
 * when too much is queued; nothing is changed then. */
scu_result scu__output_reserve(scu__output *output, size_t bytes, size_t pieces);
/* Both need a reserve before; false, with nothing done, when there is no room. */
bool scu__output_put_bytes(scu__output *output, const uint8_t *bytes, size_t length);
bool scu__output_put_source(scu__output *output, scu__source *source, uint64_t offset, size_t length);

size_t scu__output_segments(const scu__output *output, scu__segment *segments, size_t max);
void scu__output_sent(scu__output *output, size_t bytes);

#endif
