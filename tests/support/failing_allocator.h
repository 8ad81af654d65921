/* An allocator that fails its i-th request, for sweeps over every i: tests only. Counts what is alive, so that a sweep
 * also sees leaks without a sanitizer. */
#ifndef SCU_TESTS_FAILING_ALLOCATOR_H
#define SCU_TESTS_FAILING_ALLOCATOR_H

#include <stdlib.h>

#include "scu/allocator.h"

typedef struct failing_allocator {
  scu_allocator allocator;
  size_t requests; /* so far */
  size_t fail_at;  /* the request that fails, counted from 0; SIZE_MAX = none */
  size_t alive;    /* blocks not released */
} failing_allocator;

static inline int failing_is_due(failing_allocator *self) {
  return self->requests++ == self->fail_at;
}

static inline void *failing_allocate(void *user, size_t length) {
  failing_allocator *self = user;
  if (failing_is_due(self)) return NULL;
  void *block = malloc(length);
  if (block) self->alive++;
  return block;
}

static inline void *failing_reallocate(void *user, void *block, size_t length) {
  failing_allocator *self = user;
  if (failing_is_due(self)) return NULL;
  void *moved = realloc(block, length);
  if (moved && !block) self->alive++;
  return moved;
}

static inline void failing_release(void *user, void *block) {
  failing_allocator *self = user;
  if (block) self->alive--;
  free(block);
}

static inline void failing_allocator_init(failing_allocator *self, size_t fail_at) {
  self->allocator = (scu_allocator){.size = sizeof self->allocator,
                                    .allocate = failing_allocate,
                                    .reallocate = failing_reallocate,
                                    .release = failing_release,
                                    .user = self};
  self->requests = 0;
  self->fail_at = fail_at;
  self->alive = 0;
}

#endif
