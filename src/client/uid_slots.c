/* Open addressing, at most half full. */
#include "client/uid_slots.h"

#include <string.h>

#include "base/values.h"

enum { FIRST_SLOTS = 256 };

static const char *uid_at(scu__uid_array array, size_t index) {
  return ((const scu__uid *)((const char *)array.values + index * array.size))->text;
}

static size_t hash(const char *text) {
  uint64_t h = 14695981039346656037u; /* FNV-1a */
  for (; *text; text++) h = (h ^ (uint8_t)*text) * 1099511628211u;
  return (size_t)(h ^ h >> 32);
}

uint32_t *scu__uid_slots_find(const scu__uid_slots *slots, scu__uid_array array, const char *uid) {
  size_t at = hash(uid) & (slots->count - 1);
  while (slots->slots[at] && strcmp(uid_at(array, slots->slots[at] - 1), uid) != 0) at = (at + 1) & (slots->count - 1);
  return &slots->slots[at];
}

scu_result scu__uid_slots_grow(scu__uid_slots *slots, const scu_allocator *allocator, scu__uid_array array) {
  if (slots->slots && array.count * 2 < slots->count) return SCU_OK;
  size_t count = slots->count ? slots->count * 2 : FIRST_SLOTS;
  uint32_t *grown = scu__alloc_array(allocator, count, sizeof *grown);
  if (!grown) return SCU_ERROR_MEMORY;
  scu__free(allocator, slots->slots);
  *slots = (scu__uid_slots){grown, count};
  for (size_t i = 0; i < array.count; i++) *scu__uid_slots_find(slots, array, uid_at(array, i)) = (uint32_t)(i + 1);
  return SCU_OK;
}

void scu__uid_slots_free(scu__uid_slots *slots, const scu_allocator *allocator) {
  scu__free(allocator, slots->slots);
  *slots = (scu__uid_slots){0};
}
