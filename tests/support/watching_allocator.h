/* An allocator that looks into every block that is given back, and counts those in which a secret still stands: tests
 * only. */
#ifndef SCU_TESTS_WATCHING_ALLOCATOR_H
#define SCU_TESTS_WATCHING_ALLOCATOR_H

#include <stdlib.h>
#include <string.h>

#include "scu/allocator.h"

typedef struct watching_allocator {
  scu_allocator allocator;
  const char *secret;
  size_t left_behind; /* blocks given back with the secret in them */
  size_t released;
} watching_allocator;

/* Its length stands before a block. */
typedef union watched_block {
  size_t length;
  max_align_t align;
} watched_block;

static inline void *watching_allocate(void *user, size_t length) {
  (void)user;
  watched_block *block = calloc(1, sizeof *block + length); /* all of it is looked at, written or not */
  if (!block) return NULL;
  block->length = length;
  return block + 1;
}

static inline void watching_release(void *user, void *memory) {
  watching_allocator *self = user;
  watched_block *block = (watched_block *)memory - 1;
  size_t secret_length = strlen(self->secret);
  const char *bytes = memory;
  for (size_t i = 0; i + secret_length <= block->length; i++) {
    if (memcmp(bytes + i, self->secret, secret_length) != 0) continue;
    self->left_behind++;
    break;
  }
  self->released++;
  free(block);
}

/* Always moves, as the worst real one does. */
static inline void *watching_reallocate(void *user, void *memory, size_t length) {
  void *moved = watching_allocate(user, length);
  if (!moved || !memory) return moved;
  size_t before = ((watched_block *)memory - 1)->length;
  memcpy(moved, memory, before < length ? before : length);
  watching_release(user, memory);
  return moved;
}

static inline void watching_allocator_init(watching_allocator *self, const char *secret) {
  *self = (watching_allocator){.allocator = {.size = sizeof self->allocator,
                                             .allocate = watching_allocate,
                                             .reallocate = watching_reallocate,
                                             .release = watching_release,
                                             .user = self},
                               .secret = secret};
}

#endif
