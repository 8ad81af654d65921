/* The memory backend of scu__source. The file backend is io/file.c. */
#include "base/source.h"

#include <string.h>

#include "base/alloc.h"

typedef struct owned_source {
  scu__memory_source memory; /* first */
  const scu_allocator *allocator;
} owned_source;

static scu_result memory_read_at(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  scu__memory_source *memory = (scu__memory_source *)self;
  if (offset > self->size || length > self->size - offset)
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "read of %zu bytes past the end", length);
  if (length > 0) memcpy(to, memory->bytes + offset, length);
  return SCU_OK;
}

static const uint8_t *memory_lend(scu__source *self, uint64_t offset, size_t length) {
  bool is_inside = offset <= self->size && length <= self->size - offset;
  return is_inside ? ((scu__memory_source *)self)->bytes + offset : NULL;
}

void scu__memory_source_init(scu__memory_source *source, const void *bytes, size_t length) {
  *source = (scu__memory_source){
      .source = {.size = length, .read_at = memory_read_at, .lend = memory_lend, .close = NULL},
      .bytes = bytes,
  };
}

static void owned_close(scu__source *self) {
  owned_source *owned = (owned_source *)self;
  scu__free(owned->allocator, owned);
}

scu__source *scu__memory_source_new(const scu_allocator *allocator, const void *bytes, size_t length) {
  owned_source *owned = scu__alloc(allocator, sizeof *owned);
  if (!owned) return NULL;
  scu__memory_source_init(&owned->memory, bytes, length);
  owned->memory.source.close = owned_close;
  owned->allocator = allocator;
  return &owned->memory.source;
}
