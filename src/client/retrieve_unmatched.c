/* UIDs that a query names and nothing matches: who asks by UID wants to hear of each (RULES 22). */
#include <stddef.h>

#include "base/limits.h"
#include "client/retrieve_private.h"
#include "data/dataset_values.h"

/* Keys of one level of what was found: which UIDs are among them? */
typedef struct found_keys {
  scu__uid_array array;
  scu__uid_slots slots;
} found_keys;

_Static_assert(sizeof(scu__uid) == SCU__UNIQUE_VALUE_MAX, "a key stands in for a UID");

static scu__uid_array keys_of(const scu__inventory *inventory, scu_query_level level) {
  const scu__target *targets = inventory->targets;
  const scu__inventory_series *series = inventory->series;
  if (inventory->count == 0)
    return (scu__uid_array){targets ? targets->known.value[level] : NULL, sizeof *targets, inventory->target_count};
  if (level == SCU_LEVEL_IMAGE)
    return (scu__uid_array){inventory->entries, sizeof *inventory->entries, inventory->count};
  return (scu__uid_array){series->known.value[level], sizeof *series, inventory->series_count};
}

static scu_result collect(const scu__inventory *inventory, scu_query_level level, found_keys *found) {
  scu__uid_array all = keys_of(inventory, level);
  found->array = (scu__uid_array){all.values, all.size, 0};
  found->slots = (scu__uid_slots){0};
  scu_result result = scu__uid_slots_grow(&found->slots, inventory->allocator, found->array);
  for (size_t i = 0; result == SCU_OK && i < all.count; i++) {
    const scu__uid *uid = (const scu__uid *)((const char *)all.values + i * all.size);
    result = scu__uid_slots_grow(&found->slots, inventory->allocator, found->array);
    if (result == SCU_OK) *scu__uid_slots_find(&found->slots, found->array, uid->text) = (uint32_t)(i + 1);
    found->array.count = i + 1;
  }
  return result;
}

static bool is_wildcard(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] == '*' || text[i] == '?') return true;
  return false;
}

static scu_result look_for(scu__retrieve *op, scu_query_level level, const scu_element *key) {
  found_keys found;
  scu__values values;
  const char *text;
  size_t length;
  scu__uid uid;
  scu_result result = scu__values_open(&values, op->query->keys, key);
  if (result != SCU_OK) return result == SCU_ERROR_MEMORY ? result : SCU_OK;
  result = collect(&op->inventory, level, &found);
  while (result == SCU_OK && scu__values_next(&values, &text, &length)) {
    if (length == 0 || is_wildcard(text, length) || !scu__uid_from_bytes(&uid, (const uint8_t *)text, length)) continue;
    if (*scu__uid_slots_find(&found.slots, found.array, uid.text) == 0)
      result = scu__inventory_note_unmatched(&op->inventory, level, &uid);
  }
  scu__uid_slots_free(&found.slots, op->inventory.allocator);
  return result;
}

scu_result scu__retrieve_look_for_unmatched(scu__retrieve *op) {
  for (int level = SCU_LEVEL_STUDY; level <= (int)op->shape.level; level++) {
    const scu_element *key = scu_dataset_find(op->query->keys, scu__query_unique_key((scu_query_level)level));
    scu_result result = key ? look_for(op, (scu_query_level)level, key) : SCU_OK;
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}
