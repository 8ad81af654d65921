/* The inventory: entries with a hash over their UIDs, series and classes by index, targets. */
#include "client/inventory.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"

enum { TAG_SOP_CLASS_UID = 0x00080016, TAG_MODALITY = 0x00080060, FIRST_SLOTS = 256, CLASSES_MAX = 1024 };

void scu__inventory_init(scu__inventory *inventory, const scu_allocator *allocator) {
  *inventory = (scu__inventory){.allocator = allocator};
}

void scu__inventory_free(scu__inventory *inventory) {
  scu__free(inventory->allocator, inventory->entries);
  scu__free(inventory->allocator, inventory->slots);
  scu__free(inventory->allocator, inventory->series);
  scu__free(inventory->allocator, inventory->classes);
  scu__free(inventory->allocator, inventory->targets);
  scu__inventory_init(inventory, inventory->allocator);
}

/* Room for one more in a growing array. */
static scu_result reserve(const scu_allocator *allocator, void **array, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return SCU_OK;
  size_t wanted = *capacity ? *capacity * 2 : 16;
  void *grown = scu__realloc_array(allocator, *array, wanted, size);
  if (!grown) return SCU_ERROR_MEMORY;
  *array = grown;
  *capacity = wanted;
  return SCU_OK;
}

/* --- hash --------------------------------------------------------------------------------------------------------- */

static size_t hash(const char *text) {
  uint64_t h = 14695981039346656037u; /* FNV-1a */
  for (; *text; text++) h = (h ^ (uint8_t)*text) * 1099511628211u;
  return (size_t)(h ^ h >> 32);
}

/* The slot of this UID, or the free one where it belongs. */
static uint32_t *find_slot(const scu__inventory *inventory, const char *uid) {
  size_t at = hash(uid) & (inventory->slot_count - 1);
  while (inventory->slots[at] && strcmp(inventory->entries[inventory->slots[at] - 1].instance.text, uid) != 0)
    at = (at + 1) & (inventory->slot_count - 1);
  return &inventory->slots[at];
}

static scu_result grow_slots(scu__inventory *inventory) {
  if (inventory->slots && inventory->count * 2 < inventory->slot_count) return SCU_OK;
  size_t count = inventory->slot_count ? inventory->slot_count * 2 : FIRST_SLOTS;
  uint32_t *slots = scu__alloc_array(inventory->allocator, count, sizeof *slots);
  if (!slots) return SCU_ERROR_MEMORY;
  scu__free(inventory->allocator, inventory->slots);
  inventory->slots = slots;
  inventory->slot_count = count;
  for (size_t i = 0; i < inventory->count; i++)
    *find_slot(inventory, inventory->entries[i].instance.text) = (uint32_t)(i + 1);
  return SCU_OK;
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

static void read_keys(const scu_dataset *row, scu_query_level first, scu_query_level last, scu__unique_keys *known) {
  memset(known, 0, sizeof *known);
  for (int level = (int)first; level <= (int)last; level++)
    scu__dataset_tag_text(row, scu__query_unique_key((scu_query_level)level), known->value[level],
                          SCU__UNIQUE_VALUE_MAX);
}

static bool same_keys(const scu__unique_keys *a, const scu__unique_keys *b, scu_query_level last) {
  for (int level = SCU_LEVEL_PATIENT; level <= (int)last; level++)
    if (strcmp(a->value[level], b->value[level]) != 0) return false;
  return true;
}

/* Rows come series by series, so comparing with the last one is enough. */
static scu_result series_of(scu__inventory *inventory, const scu__unique_keys *known, const scu_dataset *row,
                            uint32_t *index) {
  size_t count = inventory->series_count;
  if (count == 0 || !same_keys(&inventory->series[count - 1].known, known, SCU_LEVEL_SERIES)) {
    scu_result result = reserve(inventory->allocator, (void **)&inventory->series, count, &inventory->series_capacity,
                                sizeof *inventory->series);
    if (result != SCU_OK) return result;
    scu__inventory_series *series = &inventory->series[inventory->series_count++];
    series->known = *known;
    series->modality[0] = 0;
    scu__dataset_tag_text(row, TAG_MODALITY, series->modality, sizeof series->modality);
  }
  *index = (uint32_t)(inventory->series_count - 1);
  return SCU_OK;
}

static scu_result class_of(scu__inventory *inventory, const scu_dataset *row, uint16_t *index) {
  scu__uid uid = {.text = ""};
  scu__dataset_tag_text(row, TAG_SOP_CLASS_UID, uid.text, sizeof uid.text);
  for (size_t i = 0; i < inventory->class_count; i++) {
    if (!scu__uid_equal(&inventory->classes[i], &uid)) continue;
    *index = (uint16_t)i;
    return SCU_OK;
  }
  if (inventory->class_count >= CLASSES_MAX) return SCU_ERROR_LIMIT;
  scu_result result = reserve(inventory->allocator, (void **)&inventory->classes, inventory->class_count,
                              &inventory->class_capacity, sizeof *inventory->classes);
  if (result != SCU_OK) return result;
  *index = (uint16_t)inventory->class_count;
  inventory->classes[inventory->class_count++] = uid;
  return SCU_OK;
}

static scu_result push_target(scu__inventory *inventory, const scu__target *target) {
  scu_result result = reserve(inventory->allocator, (void **)&inventory->targets, inventory->target_count,
                              &inventory->target_capacity, sizeof *inventory->targets);
  if (result == SCU_OK) inventory->targets[inventory->target_count++] = *target;
  return result;
}

scu_result scu__inventory_add_target(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known) {
  scu__target target = {.level = level, .known = *known};
  return push_target(inventory, &target);
}

/* The last target takes the new entry when it is about the same thing. */
static scu_result extend_targets(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known) {
  scu__target *last = inventory->target_count > 0 ? &inventory->targets[inventory->target_count - 1] : NULL;
  scu_query_level compared = level == SCU_LEVEL_IMAGE ? SCU_LEVEL_SERIES : level;
  if (last && same_keys(&last->known, known, compared)) {
    last->count++;
    return SCU_OK;
  }
  scu__target target = {.level = level, .known = *known, .first = inventory->count, .count = 1};
  return push_target(inventory, &target);
}

scu_result scu__inventory_add(scu__inventory *inventory, scu_query_level level, scu_query_level first_level,
                              const scu_dataset *row) {
  scu__unique_keys known;
  read_keys(row, first_level, SCU_LEVEL_IMAGE, &known);
  if (!known.value[SCU_LEVEL_IMAGE][0]) return SCU_OK;
  if (inventory->count >= SCU__INVENTORY_ENTRIES_MAX) return SCU_ERROR_LIMIT;
  scu_result result = grow_slots(inventory);
  if (result != SCU_OK) return result;
  uint32_t *slot = find_slot(inventory, known.value[SCU_LEVEL_IMAGE]);
  if (*slot) return SCU_OK;
  scu__entry entry = {.is_received = false};
  memcpy(entry.instance.text, known.value[SCU_LEVEL_IMAGE], sizeof entry.instance.text);
  result = series_of(inventory, &known, row, &entry.series);
  if (result == SCU_OK) result = class_of(inventory, row, &entry.sop_class);
  if (result == SCU_OK)
    result = reserve(inventory->allocator, (void **)&inventory->entries, inventory->count, &inventory->capacity,
                     sizeof *inventory->entries);
  if (result == SCU_OK) result = extend_targets(inventory, level, &known);
  if (result != SCU_OK) return result;
  inventory->entries[inventory->count++] = entry;
  *slot = (uint32_t)inventory->count;
  return SCU_OK;
}

/* --- what has come ------------------------------------------------------------------------------------------------ */

scu__arrival scu__inventory_received(scu__inventory *inventory, const char *instance_uid) {
  uint32_t slot = inventory->count > 0 ? *find_slot(inventory, instance_uid) : 0;
  if (slot == 0) return SCU__ARRIVAL_NOT_PROMISED;
  if (inventory->entries[slot - 1].is_received) return SCU__ARRIVAL_AGAIN;
  inventory->entries[slot - 1].is_received = true;
  inventory->received++;
  return SCU__ARRIVAL_NEW;
}

size_t scu__inventory_missing(const scu__inventory *inventory) {
  return inventory->count - inventory->received;
}

/* Entries stand series by series: a run ends with its series, or when it is full. */
scu_result scu__inventory_retarget(scu__inventory *inventory, size_t chunk) {
  inventory->target_count = 0;
  scu__target target = {.level = SCU_LEVEL_IMAGE};
  size_t missing = 0;
  for (size_t i = 0; i <= inventory->count; i++) {
    bool is_end = i == inventory->count;
    bool is_other =
        !is_end && target.count > 0 && inventory->entries[i].series != inventory->entries[target.first].series;
    if (missing > 0 && (is_end || is_other || missing == chunk)) {
      scu_result result = push_target(inventory, &target);
      if (result != SCU_OK) return result;
      missing = 0;
    }
    if (is_end) break;
    if (missing == 0) {
      target.first = i;
      target.count = 0;
      target.known = inventory->series[inventory->entries[i].series].known;
    }
    target.count++;
    if (!inventory->entries[i].is_received) missing++;
  }
  return SCU_OK;
}

void scu__inventory_list(const scu__inventory *inventory, const scu__target *target, scu__buffer *list) {
  for (size_t i = target->first; i < target->first + target->count; i++) {
    if (inventory->entries[i].is_received) continue;
    if (list->length > 0) scu__put_u8(list, '\\');
    scu__put_text(list, inventory->entries[i].instance.text);
  }
  scu__put_u8(list, 0);
}
