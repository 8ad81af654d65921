/* Open addressing, at most half full. */
#include "client/seen.h"

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"

scu__seen_key scu__seen_key_start(void) {
  return (scu__seen_key){14695981039346656037u, 88172645463325252u};
}

void scu__seen_key_add(scu__seen_key *key, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i < length; i++) { /* FNV-1a */
    key->low = (key->low ^ at[i]) * 1099511628211u;
    key->high = (key->high ^ at[i]) * 1099511628211u;
  }
}

static bool is_free(const scu__seen_entry *entry) {
  return !entry->key.low && !entry->key.high;
}

/* Where the key is, or belongs. There is always a free place. */
static scu__seen_entry *place_of(const scu__seen *seen, scu__seen_key key) {
  size_t at = (size_t)key.low & (seen->room - 1);
  for (;; at = (at + 1) & (seen->room - 1)) {
    scu__seen_entry *entry = &seen->entries[at];
    if (is_free(entry) || (entry->key.low == key.low && entry->key.high == key.high)) return entry;
  }
}

static scu_result grow(scu__seen *seen, const scu_allocator *allocator) {
  if (seen->count * 2 < seen->room) return SCU_OK;
  if (seen->count >= SCU__INVENTORY_ENTRIES_MAX) return SCU_ERROR_LIMIT;
  scu__seen larger = {.room = seen->room ? seen->room * 2 : 64, .count = seen->count};
  larger.entries = scu__alloc_array(allocator, larger.room, sizeof *larger.entries);
  if (!larger.entries) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < seen->room; i++)
    if (!is_free(&seen->entries[i])) *place_of(&larger, seen->entries[i].key) = seen->entries[i];
  scu__free(allocator, seen->entries);
  *seen = larger;
  return SCU_OK;
}

scu_result scu__seen_note(scu__seen *seen, const scu_allocator *allocator, scu__seen_key key, size_t mark,
                          size_t *first) {
  scu_result result = grow(seen, allocator);
  if (result != SCU_OK) return result;
  key.high |= 1; /* never the key of a free place */
  scu__seen_entry *entry = place_of(seen, key);
  if (!is_free(entry)) {
    if (first) *first = entry->mark;
    return SCU_END;
  }
  *entry = (scu__seen_entry){.key = key, .mark = mark};
  seen->count++;
  return SCU_OK;
}

void scu__seen_clear(scu__seen *seen) {
  if (seen->count > 0) memset(seen->entries, 0, seen->room * sizeof *seen->entries);
  seen->count = 0;
}

void scu__seen_free(scu__seen *seen, const scu_allocator *allocator) {
  scu__free(allocator, seen->entries);
  *seen = (scu__seen){0};
}
