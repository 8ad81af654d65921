/* Arena: a list of chunks, each about twice the one before. */
#include "data/arena.h"

#include <stdint.h>

enum {
  ALIGNMENT = 8,
  FIRST_CHUNK = 2048,      /* a C-FIND row of twenty keys */
  CHUNK_MAX = 1024 * 1024, /* larger blocks get a chunk of their own size */
  KEPT_MAX = 1024 * 1024
};

struct scu__arena_chunk {
  scu__arena_chunk *older;
  size_t size, used; /* bytes behind this header */
};

static uint8_t *chunk_bytes(scu__arena_chunk *chunk) {
  return (uint8_t *)(chunk + 1);
}

void scu__arena_init(scu__arena *arena, const scu_allocator *allocator) {
  arena->allocator = allocator;
  arena->newest = NULL;
}

static void free_chain(scu__arena *arena, scu__arena_chunk *chunk) {
  while (chunk) {
    scu__arena_chunk *older = chunk->older;
    scu__free(arena->allocator, chunk);
    chunk = older;
  }
}

void scu__arena_free(scu__arena *arena) {
  free_chain(arena, arena->newest);
  arena->newest = NULL;
}

void scu__arena_reset(scu__arena *arena) {
  scu__arena_chunk *newest = arena->newest;
  if (!newest) return;
  if (newest->size > KEPT_MAX) {
    scu__arena_free(arena);
    return;
  }
  free_chain(arena, newest->older);
  newest->older = NULL;
  newest->used = 0;
}

static scu__arena_chunk *add_chunk(scu__arena *arena, size_t length) {
  size_t size = arena->newest ? arena->newest->size : FIRST_CHUNK / 2;
  size = size > CHUNK_MAX / 2 ? CHUNK_MAX : size * 2;
  if (size < length) size = length;
  if (size > SIZE_MAX - sizeof(scu__arena_chunk)) return NULL;
  scu__arena_chunk *chunk = scu__realloc_array(arena->allocator, NULL, sizeof(scu__arena_chunk) + size, 1);
  if (!chunk) return NULL;
  *chunk = (scu__arena_chunk){.older = arena->newest, .size = size, .used = 0};
  arena->newest = chunk;
  return chunk;
}

void *scu__arena_take(scu__arena *arena, size_t length) {
  if (length > SIZE_MAX - ALIGNMENT) return NULL;
  length = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  scu__arena_chunk *chunk = arena->newest;
  if (!chunk || chunk->size - chunk->used < length) chunk = add_chunk(arena, length);
  if (!chunk) return NULL;
  void *block = chunk_bytes(chunk) + chunk->used;
  chunk->used += length;
  return block;
}

void scu__arena_shrink(scu__arena *arena, void *block, size_t length, size_t new_length) {
  scu__arena_chunk *chunk = arena->newest;
  size_t old_size = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  size_t new_size = (new_length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (chunk && chunk->used >= old_size && (uint8_t *)block == chunk_bytes(chunk) + chunk->used - old_size)
    chunk->used -= old_size - new_size;
}
