/* References: an array with a hash over the instance UIDs. */
#include "client/references.h"

#include <string.h>

#include "base/alloc.h"

enum { FIRST_SLOTS = 64, FIRST_ITEMS = 16 };

static size_t hash(const char *text) {
  uint64_t h = 14695981039346656037u; /* FNV-1a */
  for (; *text; text++) h = (h ^ (uint8_t)*text) * 1099511628211u;
  return (size_t)(h ^ h >> 32);
}

/* The slot of this UID, or the free one where it belongs. */
static uint32_t *find_slot(const scu__references *references, const scu__uid *sop_instance) {
  size_t at = hash(sop_instance->text) & (references->slot_count - 1);
  while (references->slots[at] &&
         !scu__uid_equal(&references->items[references->slots[at] - 1].sop_instance, sop_instance))
    at = (at + 1) & (references->slot_count - 1);
  return &references->slots[at];
}

static scu_result grow_slots(scu__references *references) {
  if (references->slots && references->count * 2 < references->slot_count) return SCU_OK;
  size_t count = references->slot_count ? references->slot_count * 2 : FIRST_SLOTS;
  uint32_t *slots = scu__alloc_array(references->allocator, count, sizeof *slots);
  if (!slots) return SCU_ERROR_MEMORY;
  scu__free(references->allocator, references->slots);
  references->slots = slots;
  references->slot_count = count;
  for (size_t i = 0; i < references->count; i++)
    *find_slot(references, &references->items[i].sop_instance) = (uint32_t)(i + 1);
  return SCU_OK;
}

static scu_result grow_items(scu__references *references) {
  if (references->count < references->capacity) return SCU_OK;
  size_t wanted = references->capacity ? references->capacity * 2 : FIRST_ITEMS;
  scu__reference *grown =
      scu__realloc_array(references->allocator, references->items, wanted, sizeof *references->items);
  if (!grown) return SCU_ERROR_MEMORY;
  references->items = grown;
  references->capacity = wanted;
  return SCU_OK;
}

scu_result scu__references_add(scu__references *references, const scu__uid *sop_class, const scu__uid *sop_instance) {
  const scu__reference *there = scu__references_find(references, sop_instance);
  if (there) return scu__uid_equal(&there->sop_class, sop_class) ? SCU_END : SCU_ERROR_USAGE;
  if (references->count >= SCU__REFERENCES_MAX) return SCU_ERROR_LIMIT;
  if (grow_items(references) != SCU_OK || grow_slots(references) != SCU_OK) return SCU_ERROR_MEMORY;
  *find_slot(references, sop_instance) = (uint32_t)(references->count + 1);
  references->items[references->count++] = (scu__reference){.sop_class = *sop_class, .sop_instance = *sop_instance};
  return SCU_OK;
}

scu__reference *scu__references_find(const scu__references *references, const scu__uid *sop_instance) {
  if (!references->slots) return NULL;
  uint32_t place = *find_slot(references, sop_instance);
  return place ? &references->items[place - 1] : NULL;
}

size_t scu__references_count_of(const scu__references *references, scu_commit_state state) {
  size_t count = 0;
  for (size_t i = 0; i < references->count; i++) count += references->items[i].state == state;
  return count;
}

void scu__references_forget_result(scu__references *references) {
  for (size_t i = 0; i < references->count; i++) {
    references->items[i].state = SCU_COMMIT_PENDING;
    references->items[i].reason = 0;
    references->items[i].retrieve_ae.text[0] = 0;
  }
}

void scu__references_free(scu__references *references) {
  scu__free(references->allocator, references->items);
  scu__free(references->allocator, references->slots);
  *references = (scu__references){.allocator = references->allocator};
}
