/* The inventory: entries with a hash over their UIDs, series and classes by index, targets. */
#include "client/inventory.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"

enum { TAG_SOP_CLASS_UID = 0x00080016, TAG_MODALITY = 0x00080060, CLASSES_MAX = 1024 };

void scu__inventory_init(scu__inventory *inventory, const scu_allocator *allocator) {
  *inventory = (scu__inventory){.allocator = allocator};
}

void scu__inventory_free(scu__inventory *inventory) {
  scu__free(inventory->allocator, inventory->entries);
  scu__uid_slots_free(&inventory->entry_slots, inventory->allocator);
  scu__uid_slots_free(&inventory->study_slots, inventory->allocator);
  scu__free(inventory->allocator, inventory->series);
  scu__free(inventory->allocator, inventory->studies);
  scu__free(inventory->allocator, inventory->classes);
  scu__free(inventory->allocator, inventory->unmatched);
  scu__free(inventory->allocator, inventory->targets);
  scu__free(inventory->allocator, inventory->found);
  scu__seen_free(&inventory->asked, inventory->allocator);
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

static scu__uid_array entries_of(const scu__inventory *inventory) {
  return (scu__uid_array){inventory->entries, sizeof *inventory->entries, inventory->count};
}

static scu__uid_array studies_of(const scu__inventory *inventory) {
  return (scu__uid_array){inventory->studies, sizeof *inventory->studies, inventory->study_count};
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

void scu__inventory_read_keys(const scu_dataset *row, scu_query_level first, scu_query_level last,
                              scu__unique_keys *known) {
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

static scu_result too_many(scu_error *error, int most, const char *what) {
  scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_REQUEST, "the answers list more than %d %s", most, what);
  scu__error_hint(error, "narrow the query, for example by date");
  return SCU_ERROR_LIMIT;
}

scu_result scu__inventory_study_of(scu__inventory *inventory, const char *study_uid, scu__inventory_study **out) {
  *out = NULL;
  scu_result result = scu__uid_slots_grow(&inventory->study_slots, inventory->allocator, studies_of(inventory));
  if (result != SCU_OK) return result;
  uint32_t *slot = scu__uid_slots_find(&inventory->study_slots, studies_of(inventory), study_uid);
  if (*slot) {
    *out = &inventory->studies[*slot - 1];
    return SCU_OK;
  }
  scu__inventory_study study = {.extra = 0};
  size_t length = strlen(study_uid);
  if (length >= sizeof study.uid.text || inventory->study_count >= SCU__INVENTORY_ENTRIES_MAX) return SCU_ERROR_LIMIT;
  result = reserve(inventory->allocator, (void **)&inventory->studies, inventory->study_count,
                   &inventory->study_capacity, sizeof *inventory->studies);
  if (result != SCU_OK) return result;
  memcpy(study.uid.text, study_uid, length);
  inventory->studies[inventory->study_count++] = study;
  *slot = (uint32_t)inventory->study_count;
  *out = &inventory->studies[inventory->study_count - 1];
  return SCU_OK;
}

/* With words. */
static scu_result find_study(scu__inventory *inventory, const char *study_uid, scu__inventory_study **out,
                             scu_error *error) {
  scu_result result = scu__inventory_study_of(inventory, study_uid, out);
  return result == SCU_ERROR_LIMIT ? too_many(error, SCU__INVENTORY_ENTRIES_MAX, "studies") : result;
}

/* Nothing is known of it but its keys. */
static scu_result new_series(scu__inventory *inventory, const scu__unique_keys *known, uint32_t *index,
                             scu_error *error) {
  scu__inventory_study *study;
  scu_result result = reserve(inventory->allocator, (void **)&inventory->series, inventory->series_count,
                              &inventory->series_capacity, sizeof *inventory->series);
  if (result == SCU_OK) result = find_study(inventory, known->value[SCU_LEVEL_STUDY], &study, error);
  if (result != SCU_OK) return result;
  *index = (uint32_t)inventory->series_count++;
  inventory->series[*index] = (scu__inventory_series){.known = *known, .study = (uint32_t)(study - inventory->studies)};
  return SCU_OK;
}

/* Rows come series by series, so comparing with the last one is enough. */
static scu_result series_of(scu__inventory *inventory, const scu__unique_keys *known, const scu_dataset *row,
                            uint32_t *index, scu_error *error) {
  size_t count = inventory->series_count;
  *index = (uint32_t)(count - 1);
  if (count > 0 && same_keys(&inventory->series[count - 1].known, known, SCU_LEVEL_SERIES)) return SCU_OK;
  scu_result result = new_series(inventory, known, index, error);
  if (result != SCU_OK || !row) return result;
  scu__inventory_series *series = &inventory->series[*index];
  scu__dataset_tag_text(row, TAG_MODALITY, series->modality, sizeof series->modality);
  return SCU_OK;
}

/* The row may be NULL: the class is not known. */
static scu_result class_of(scu__inventory *inventory, const scu_dataset *row, uint16_t *index, scu_error *error) {
  scu__uid uid = {.text = ""};
  if (row) scu__dataset_tag_text(row, TAG_SOP_CLASS_UID, uid.text, sizeof uid.text);
  for (size_t i = 0; i < inventory->class_count; i++) {
    if (!scu__uid_equal(&inventory->classes[i], &uid)) continue;
    *index = (uint16_t)i;
    return SCU_OK;
  }
  if (inventory->class_count >= CLASSES_MAX) return too_many(error, CLASSES_MAX, "SOP classes");
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

/* SCU_END: a peer that repeats itself. */
static scu_result note_asked(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known) {
  if (!known->value[level][0]) return SCU_OK; /* as the query has it */
  scu__seen_key key = scu__seen_key_start();
  for (int at = SCU_LEVEL_PATIENT; at <= (int)level; at++)
    scu__seen_key_add(&key, known->value[at], strlen(known->value[at]) + 1);
  return scu__seen_note(&inventory->asked, inventory->allocator, key, 0, NULL);
}

static scu_result add_target(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known,
                             scu__location location, scu_error *error) {
  scu__target target = {.level = level, .known = *known, .location = location};
  const char *study_uid = known->value[SCU_LEVEL_STUDY];
  scu__inventory_study *study;
  scu_result result = note_asked(inventory, level, known);
  if (result != SCU_OK) return result == SCU_END ? SCU_OK : result;
  if (inventory->target_count >= SCU__INVENTORY_TARGETS_MAX)
    return too_many(error, SCU__INVENTORY_TARGETS_MAX, "patients, studies or series");
  if (study_uid[0]) result = find_study(inventory, study_uid, &study, error);
  return result == SCU_OK ? push_target(inventory, &target) : result;
}

scu_result scu__inventory_add_target(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known,
                                     scu__location location, scu_error *error) {
  scu_result result = add_target(inventory, level, known, location, error);
  return result == SCU_ERROR_MEMORY ? scu__error_memory(error, SCU_PHASE_REQUEST) : result;
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

/* The row is NULL for what no answer had: it belongs to no target. SCU_END: it is there already. */
static scu_result add_entry(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known,
                            const scu_dataset *row, scu__entry entry, scu_error *error) {
  if (inventory->count >= SCU__INVENTORY_ENTRIES_MAX) return too_many(error, SCU__INVENTORY_ENTRIES_MAX, "instances");
  scu_result result = scu__uid_slots_grow(&inventory->entry_slots, inventory->allocator, entries_of(inventory));
  if (result != SCU_OK) return result;
  uint32_t *slot = scu__uid_slots_find(&inventory->entry_slots, entries_of(inventory), known->value[SCU_LEVEL_IMAGE]);
  if (*slot) return SCU_END;
  memcpy(entry.instance.text, known->value[SCU_LEVEL_IMAGE], sizeof entry.instance.text);
  result = series_of(inventory, known, row, &entry.series, error);
  if (result == SCU_OK) result = class_of(inventory, row, &entry.sop_class, error);
  if (result == SCU_OK)
    result = reserve(inventory->allocator, (void **)&inventory->entries, inventory->count, &inventory->capacity,
                     sizeof *inventory->entries);
  if (result == SCU_OK && row) result = extend_targets(inventory, level, known);
  if (result != SCU_OK) return result;
  inventory->entries[inventory->count++] = entry;
  if (row) inventory->studies[inventory->series[entry.series].study].listed++;
  if (scu__inventory_wants(inventory, &entry)) inventory->wanted++;
  *slot = (uint32_t)inventory->count;
  return SCU_OK;
}

scu_result scu__inventory_add(scu__inventory *inventory, scu_query_level level, scu_query_level first_level,
                              const scu_dataset *row, scu__location location, scu_error *error) {
  scu__unique_keys known;
  scu__inventory_read_keys(row, first_level, SCU_LEVEL_IMAGE, &known);
  if (!known.value[SCU_LEVEL_IMAGE][0]) return SCU_OK;
  const scu__entry entry = {.route = location.route, .availability = (uint8_t)location.availability};
  scu_result result = add_entry(inventory, level, &known, row, entry, error);
  if (result == SCU_END) return SCU_OK;
  return result == SCU_ERROR_MEMORY ? scu__error_memory(error, SCU_PHASE_REQUEST) : result;
}

scu_result scu__inventory_add_unlisted(scu__inventory *inventory, const scu__unique_keys *above,
                                       const char *instance_uid) {
  scu_error error;
  scu__error_clear(&error);
  scu__unique_keys known = *above;
  memset(known.value[SCU_LEVEL_IMAGE], 0, sizeof known.value[SCU_LEVEL_IMAGE]);
  memcpy(known.value[SCU_LEVEL_IMAGE], instance_uid, strlen(instance_uid));
  const scu__entry entry = {.route = inventory->route, .fate = SCU__FATE_FAILED, .is_unlisted = true};
  return add_entry(inventory, SCU_LEVEL_IMAGE, &known, NULL, entry, &error);
}

scu_result scu__inventory_note_unmatched(scu__inventory *inventory, scu_query_level level, const scu__uid *uid) {
  scu__inventory_study *study;
  scu_result result = reserve(inventory->allocator, (void **)&inventory->unmatched, inventory->unmatched_count,
                              &inventory->unmatched_capacity, sizeof *inventory->unmatched);
  if (result == SCU_OK && level == SCU_LEVEL_STUDY) {
    result = scu__inventory_study_of(inventory, uid->text, &study);
    if (result == SCU_OK && study->is_unmatched) return SCU_OK; /* named twice */
    if (result == SCU_OK) study->is_unmatched = true;
  }
  if (result != SCU_OK) return result;
  inventory->unmatched[inventory->unmatched_count++] = (scu__unmatched){.uid = *uid, .level = level};
  return SCU_OK;
}

static bool is_out_of_reach(scu_availability availability) {
  return availability == SCU_AVAILABILITY_OFFLINE || availability == SCU_AVAILABILITY_UNAVAILABLE;
}

static void hold_back(scu__inventory *inventory, scu__target *target) {
  target->is_held_back = true;
  inventory->held_back++;
  const char *uid = target->known.value[SCU_LEVEL_STUDY];
  scu__inventory_study *study;
  if (uid[0] && scu__inventory_study_of(inventory, uid, &study) == SCU_OK) study->held_back++;
}

void scu__inventory_begin(scu__inventory *inventory, bool is_forced) {
  inventory->found = inventory->targets;
  inventory->found_count = inventory->target_count;
  inventory->targets = NULL;
  inventory->target_count = inventory->target_capacity = 0;
  for (size_t i = 0; !is_forced && i < inventory->count; i++) {
    scu__entry *entry = &inventory->entries[i];
    entry->is_held_back = is_out_of_reach((scu_availability)entry->availability);
    if (entry->is_held_back) inventory->held_back++;
  }
  for (size_t i = 0; !is_forced && i < inventory->found_count; i++) {
    scu__target *target = &inventory->found[i];
    if (target->count == 0 && is_out_of_reach(target->location.availability)) hold_back(inventory, target);
  }
  scu__inventory_select(inventory, 0);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

bool scu__inventory_wants(const scu__inventory *inventory, const scu__entry *entry) {
  return entry->fate != SCU__FATE_RECEIVED && !scu__fate_is_conflict((scu__fate)entry->fate) && !entry->is_held_back &&
         !entry->is_unlisted && entry->route == inventory->route;
}

size_t scu__inventory_turn_to_first(scu__inventory *inventory) {
  size_t turned = 0;
  for (size_t i = 0; i < inventory->count; i++) {
    scu__entry *entry = &inventory->entries[i];
    inventory->route = entry->route;
    if (entry->route == 0 || !scu__inventory_wants(inventory, entry)) continue;
    entry->route = 0;
    turned++;
  }
  return turned;
}

bool scu__inventory_is_refused_here(const scu__inventory *inventory) {
  for (size_t i = 0; i < inventory->count; i++) {
    const scu__entry *entry = &inventory->entries[i];
    if (scu__inventory_wants(inventory, entry) && entry->fate != SCU__FATE_REFUSED) return false;
  }
  return inventory->wanted > 0;
}

void scu__inventory_select(scu__inventory *inventory, uint16_t route) {
  inventory->route = route;
  inventory->wanted = 0;
  for (size_t i = 0; i < inventory->count; i++)
    if (scu__inventory_wants(inventory, &inventory->entries[i])) inventory->wanted++;
}

/* Entries stand series by series: a run ends with its series, or when it is full. */
static scu_result push_runs(scu__inventory *inventory, size_t first, size_t count, size_t chunk) {
  scu__target target = {.level = SCU_LEVEL_IMAGE};
  size_t wanted = 0;
  for (size_t i = first; i <= first + count; i++) {
    bool is_end = i == first + count;
    bool is_other =
        !is_end && target.count > 0 && inventory->entries[i].series != inventory->entries[target.first].series;
    if (wanted > 0 && (is_end || is_other || wanted == chunk)) {
      scu_result result = push_target(inventory, &target);
      if (result != SCU_OK) return result;
      wanted = 0;
    }
    if (is_end) break;
    if (wanted == 0) {
      target.first = i;
      target.count = 0;
      target.known = inventory->series[inventory->entries[i].series].known;
    }
    target.count++;
    if (scu__inventory_wants(inventory, &inventory->entries[i])) wanted++;
  }
  return SCU_OK;
}

scu_result scu__inventory_retarget(scu__inventory *inventory, size_t chunk) {
  inventory->target_count = 0;
  return push_runs(inventory, 0, inventory->count, chunk);
}

static bool is_wanted_whole(const scu__inventory *inventory, const scu__target *target) {
  for (size_t i = target->first; i < target->first + target->count; i++)
    if (!scu__inventory_wants(inventory, &inventory->entries[i])) return false;
  return target->level != SCU_LEVEL_IMAGE;
}

scu_result scu__inventory_target(scu__inventory *inventory, size_t chunk) {
  inventory->target_count = 0;
  scu_result result = SCU_OK;
  for (size_t i = 0; i < inventory->found_count && result == SCU_OK; i++) {
    const scu__target *target = &inventory->found[i];
    if (target->count == 0 && (target->is_held_back || target->location.route != inventory->route)) continue;
    if (target->count == 0 || is_wanted_whole(inventory, target))
      result = push_target(inventory, target);
    else
      result = push_runs(inventory, target->first, target->count, chunk);
  }
  return result;
}

void scu__inventory_list(const scu__inventory *inventory, const scu__target *target, scu__buffer *list) {
  for (size_t i = target->first; i < target->first + target->count; i++) {
    if (!scu__inventory_wants(inventory, &inventory->entries[i])) continue;
    if (list->length > 0) scu__put_u8(list, '\\');
    scu__put_text(list, inventory->entries[i].instance.text);
  }
  scu__put_u8(list, 0);
}

bool scu__inventory_is_nearline(const scu__inventory *inventory, const scu__target *target) {
  if (target->count == 0) return target->location.availability == SCU_AVAILABILITY_NEARLINE;
  for (size_t i = target->first; i < target->first + target->count; i++) {
    const scu__entry *entry = &inventory->entries[i];
    if (entry->availability == SCU_AVAILABILITY_NEARLINE && scu__inventory_wants(inventory, entry)) return true;
  }
  return false;
}

/* --- what has come ------------------------------------------------------------------------------------------------ */

static scu__entry *find_entry(const scu__inventory *inventory, const char *instance_uid) {
  if (inventory->count == 0) return NULL;
  uint32_t slot = *scu__uid_slots_find(&inventory->entry_slots, entries_of(inventory), instance_uid);
  return slot ? &inventory->entries[slot - 1] : NULL;
}

bool scu__inventory_has(const scu__inventory *inventory, const char *instance_uid) {
  return find_entry(inventory, instance_uid) != NULL;
}

bool scu__inventory_is_missing(const scu__inventory *inventory, const char *instance_uid) {
  const scu__entry *entry = find_entry(inventory, instance_uid);
  return entry && entry->fate != SCU__FATE_RECEIVED && !entry->is_unlisted;
}

static void settle(scu__inventory *inventory, scu__entry *entry, scu__fate fate) {
  bool was_wanted = scu__inventory_wants(inventory, entry);
  if (scu__fate_is_conflict((scu__fate)entry->fate)) inventory->conflicts--;
  if (entry->fate == SCU__FATE_RECEIVED) inventory->received--;
  entry->fate = (uint8_t)fate;
  if (scu__fate_is_conflict(fate)) inventory->conflicts++;
  if (fate == SCU__FATE_RECEIVED) inventory->received++;
  if (was_wanted && !scu__inventory_wants(inventory, entry)) inventory->wanted--;
}

scu__arrival scu__inventory_received(scu__inventory *inventory, const char *instance_uid) {
  scu__entry *entry = find_entry(inventory, instance_uid);
  if (!entry) return SCU__ARRIVAL_NOT_PROMISED;
  if (entry->fate == SCU__FATE_OTHER_STUDY) return SCU__ARRIVAL_NOT_PROMISED;
  if (entry->fate == SCU__FATE_RECEIVED || entry->fate == SCU__FATE_TWOFOLD) return SCU__ARRIVAL_AGAIN;
  settle(inventory, entry, SCU__FATE_RECEIVED);
  return SCU__ARRIVAL_NEW;
}

bool scu__inventory_is_misplaced(scu__inventory *inventory, const char *instance_uid, const char *study_uid) {
  scu__entry *entry = find_entry(inventory, instance_uid);
  const char *promised = entry ? inventory->series[entry->series].known.value[SCU_LEVEL_STUDY] : "";
  if (!*promised || !*study_uid || strcmp(promised, study_uid) == 0) return false;
  settle(inventory, entry, SCU__FATE_OTHER_STUDY);
  return true;
}

/* What we saw ourselves says more than the peer's list of failures. */
void scu__inventory_failed(scu__inventory *inventory, const char *instance_uid, scu__fate fate, uint16_t status) {
  scu__entry *entry = find_entry(inventory, instance_uid);
  if (!entry || scu__fate_is_conflict((scu__fate)entry->fate)) return;
  if (entry->fate == SCU__FATE_RECEIVED && fate != SCU__FATE_CONFLICT) return;
  if (entry->fate == SCU__FATE_RECEIVED) fate = SCU__FATE_TWOFOLD;
  if (fate == SCU__FATE_FAILED && entry->fate != SCU__FATE_MISSING) return;
  settle(inventory, entry, fate);
  entry->status = status;
}

size_t scu__inventory_missing(const scu__inventory *inventory) {
  return inventory->count - inventory->received;
}
