/* Room for one more item in an owned array of a PDU value. */
#ifndef SCU_UL_GROW_H
#define SCU_UL_GROW_H

#include "base/alloc.h"

/* Returns `items`, moved when it had to grow, with room for count + 1 of `size` bytes; NULL when there is no memory,
 * the old block being still owned. New bytes are not zeroed. */
static inline void *scu__grow(const scu_allocator *allocator, void *items, size_t count, size_t *capacity,
                              size_t size) {
  if (count < *capacity) return items;
  size_t wanted = *capacity ? *capacity * 2 : 2;
  void *grown = scu__realloc_array(allocator, items, wanted, size);
  if (grown) *capacity = wanted;
  return grown;
}

#endif
