/* A hash over the UIDs of a growing array of values that begin with one: which of them has this UID? */
#ifndef SCU_CLIENT_UID_SLOTS_H
#define SCU_CLIENT_UID_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "scu/result.h"

typedef struct scu__uid_slots {
  uint32_t *slots; /* index + 1, 0 = free */
  size_t count;
} scu__uid_slots;

/* The array: `count` values of `size` bytes, each with a scu__uid as its first member. */
typedef struct scu__uid_array {
  const void *values;
  size_t size, count;
} scu__uid_array;

/* Room for one more value; MEMORY leaves what there was. */
scu_result scu__uid_slots_grow(scu__uid_slots *slots, const scu_allocator *allocator, scu__uid_array array);
/* The slot of this UID, or the free one where it belongs. Only after a grow. */
uint32_t *scu__uid_slots_find(const scu__uid_slots *slots, scu__uid_array array, const char *uid);
void scu__uid_slots_free(scu__uid_slots *slots, const scu_allocator *allocator);

#endif
