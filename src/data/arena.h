/* Memory that is given back all at once: one arena under every dataset tree, so that a C-FIND row costs no allocation
 * once the arena has grown to the size of the rows. Blocks are aligned for pointers and 64-bit integers. */
#ifndef SCU_DATA_ARENA_H
#define SCU_DATA_ARENA_H

#include <stddef.h>

#include "base/alloc.h"

typedef struct scu__arena_chunk scu__arena_chunk;

typedef struct scu__arena {
  const scu_allocator *allocator;
  scu__arena_chunk *newest; /* the only one with room; older ones hang behind it */
} scu__arena;

void scu__arena_init(scu__arena *arena, const scu_allocator *allocator);
void scu__arena_free(scu__arena *arena);
/* Forgets every block but keeps the newest, largest chunk, unless that is over 1 MiB. */
void scu__arena_reset(scu__arena *arena);
/* Not zeroed; NULL when there is no memory. A length of 0 gives a valid pointer. */
void *scu__arena_take(scu__arena *arena, size_t length);
/* Gives back the tail of the block that was taken last. */
void scu__arena_shrink(scu__arena *arena, void *block, size_t length, size_t new_length);

#endif
