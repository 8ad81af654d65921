/* Queries: which level a key belongs to, where asking has to begin, and the identifiers that go over the wire.
 *
 * PS3.4 C.6.1 and C.6.2; RULES of the field: above the level only unique keys, with one value each. */
#include "client/query.h"

#include <stdio.h>
#include <string.h>

#include "data/dictionary.h"

enum {
  TAG_SPECIFIC_CHARACTER_SET = 0x00080005,
  TAG_QUERY_RETRIEVE_LEVEL = 0x00080052,
  TAG_TIMEZONE = 0x00080201,
  TAG_PATIENT_ID = 0x00100020,
  TAG_STUDY_INSTANCE_UID = 0x0020000D,
  TAG_SERIES_INSTANCE_UID = 0x0020000E,
  TAG_SOP_INSTANCE_UID = 0x00080018
};

const char *scu_query_level_name(scu_query_level level) {
  static const char *const names[] = {"", "PATIENT", "STUDY", "SERIES", "IMAGE"};
  return (size_t)level < sizeof names / sizeof *names ? names[level] : "";
}

scu_tag scu__query_unique_key(scu_query_level level) {
  static const scu_tag tags[] = {0, TAG_PATIENT_ID, TAG_STUDY_INSTANCE_UID, TAG_SERIES_INSTANCE_UID,
                                 TAG_SOP_INSTANCE_UID};
  return tags[level];
}

/* PS3.4 C.6.1.1.4-5: the attributes of series and composite object level, rising. What is in neither list and not in
 * the patient's group is a study attribute. */
static const scu_tag series_tags[] = {
    0x00080021, 0x00080031, 0x00080060, 0x0008103E, 0x0008103F, 0x00081050, 0x00081070,
    0x00180015, 0x00181030, 0x00185100, 0x0020000E, 0x00200011, 0x00200060, 0x00201209,
    0x00400244, 0x00400245, 0x00400250, 0x00400253, 0x00400254, 0x00400260, 0x00400275,
};
static const scu_tag image_tags[] = {
    0x00080008, 0x00080016, 0x00080018, 0x00080022, 0x00080023, 0x0008002A, 0x00080032, 0x00080033,
    0x00080056, 0x00180050, 0x00200012, 0x00200013, 0x00200032, 0x00200037, 0x00200052, 0x00200100,
    0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x0040A043, 0x0040A370, 0x0040A491, 0x0040A493,
    0x0040A504, 0x00700080, 0x00700081, 0x00700082, 0x00700083, 0x00700084,
};
/* Counts of the patient's studies, series and instances. */
static const scu_tag patient_tags[] = {0x00201200, 0x00201202, 0x00201204};

static bool is_among(scu_tag tag, const scu_tag *tags, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (tags[i] == tag) return true;
  return false;
}

static bool belongs_to_no_level(scu_tag tag) {
  return tag == TAG_SPECIFIC_CHARACTER_SET || tag == TAG_QUERY_RETRIEVE_LEVEL || tag == TAG_TIMEZONE;
}

scu_query_level scu__key_level(scu_model model, scu_tag tag) {
  if (is_among(tag, image_tags, sizeof image_tags / sizeof *image_tags)) return SCU_LEVEL_IMAGE;
  if (is_among(tag, series_tags, sizeof series_tags / sizeof *series_tags)) return SCU_LEVEL_SERIES;
  bool is_patient = tag >> 16 == 0x0010 || is_among(tag, patient_tags, sizeof patient_tags / sizeof *patient_tags);
  return is_patient && model == SCU_MODEL_PATIENT ? SCU_LEVEL_PATIENT : SCU_LEVEL_STUDY;
}

scu_result scu_query_new(const scu_allocator *allocator, scu_query **out) {
  *out = NULL;
  scu_query *query = scu__alloc(allocator, sizeof *query);
  if (!query) return SCU_ERROR_MEMORY;
  query->allocator = allocator;
  scu__error_clear(&query->error);
  if (scu_dataset_new(allocator, &query->keys) != SCU_OK) {
    scu__free(allocator, query);
    return SCU_ERROR_MEMORY;
  }
  *out = query;
  return SCU_OK;
}

void scu_query_free(scu_query *query) {
  if (!query) return;
  scu_dataset_free(query->keys);
  scu__free(query->allocator, query);
}

const scu_error *scu_query_error(const scu_query *query) {
  return &query->error;
}

scu_result scu__query_copy(const scu_query *query, scu_query **out) {
  scu_query *copy = NULL;
  scu_result result = scu_query_new(query->allocator, &copy);
  if (result != SCU_OK) return result;
  result = scu_dataset_merge(copy->keys, query->keys);
  if (result != SCU_OK) {
    scu_query_free(copy);
    return result;
  }
  copy->model = query->model;
  copy->level = query->level;
  copy->is_all = query->is_all;
  copy->is_raw = query->is_raw;
  copy->limit = query->limit;
  *out = copy;
  return SCU_OK;
}

static scu_result pass_dataset_error(scu_query *query, scu_result result) {
  if (result == SCU_OK) return SCU_OK;
  scu__error_copy(&query->error, scu_dataset_error(query->keys));
  return scu__error_set(&query->error, result, SCU_PHASE_USAGE, "key cannot be set");
}

scu_result scu_query_set(scu_query *query, const char *path, const char *value) {
  scu__error_clear(&query->error);
  if (!value || !*value) return scu_query_return(query, path);
  return pass_dataset_error(query, scu_dataset_set_text(query->keys, path, value));
}

scu_result scu_query_return(scu_query *query, const char *path) {
  scu__error_clear(&query->error);
  return pass_dataset_error(query, scu_dataset_set_empty(query->keys, path));
}

scu_result scu_query_set_model(scu_query *query, scu_model model) {
  scu__error_clear(&query->error);
  if (model < SCU_MODEL_DEFAULT || model > SCU_MODEL_PATIENT)
    return scu__error_set(&query->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no such information model");
  query->model = model;
  return SCU_OK;
}

scu_result scu_query_set_level(scu_query *query, scu_query_level level) {
  scu__error_clear(&query->error);
  if (level < SCU_LEVEL_DEFAULT || level > SCU_LEVEL_IMAGE)
    return scu__error_set(&query->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no such query level");
  query->level = level;
  return SCU_OK;
}

scu_result scu_query_set_all(scu_query *query, int all) {
  query->is_all = all != 0;
  return SCU_OK;
}

scu_result scu_query_set_limit(scu_query *query, uint64_t limit) {
  query->limit = limit;
  return SCU_OK;
}

scu_result scu_query_set_raw_identifier(scu_query *query, int raw) {
  query->is_raw = raw != 0;
  return SCU_OK;
}

scu_result scu_query_check(scu_query *query, scu_model *model, scu_query_level *level) {
  scu__error_clear(&query->error);
  scu__query_shape shape;
  scu_result result = scu__query_shape_of(query, &shape, &query->error);
  if (result != SCU_OK) return result;
  if (model) *model = shape.model;
  if (level) *level = shape.level;
  return SCU_OK;
}

static bool has_value(const scu_element *key) {
  return scu_element_length(key) > 0 || scu_element_item_count(key) > 0;
}

/* One value without wildcard: what may stand above the level that is asked. */
static bool is_single_value(const scu_element *key) {
  const uint8_t *bytes = scu_element_bytes(key);
  uint64_t length = scu_element_length(key);
  if (!bytes || length == 0 || length >= SCU__UNIQUE_VALUE_MAX) return false;
  for (uint64_t i = 0; i < length; i++)
    if (bytes[i] == '\\' || bytes[i] == '*' || bytes[i] == '?') return false;
  return true;
}

static scu_query_level deepest_level(const scu_query *query, scu_model model) {
  scu_query_level deepest = SCU_LEVEL_DEFAULT;
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    scu_tag tag = scu_element_tag(scu_dataset_at(query->keys, i));
    if (belongs_to_no_level(tag)) continue;
    scu_query_level level = scu__key_level(model, tag);
    if (level > deepest) deepest = level;
  }
  return deepest;
}

static bool has_any_value(const scu_query *query) {
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    const scu_element *key = scu_dataset_at(query->keys, i);
    if (!belongs_to_no_level(scu_element_tag(key)) && has_value(key)) return true;
  }
  return false;
}

/* A key below the level asked for cannot take part in matching there. */
static scu_result check_keys_above(const scu_query *query, const scu__query_shape *shape, scu_error *error) {
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    scu_tag tag = scu_element_tag(scu_dataset_at(query->keys, i));
    if (belongs_to_no_level(tag)) continue;
    scu_query_level level = scu__key_level(shape->model, tag);
    if (level <= shape->level) continue;
    char name[SCU__PATH_TEXT_MAX];
    scu__path_format_tag(tag, name, sizeof name);
    scu_result result =
        scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s is a key of %s level, the query asks for %s level",
                       name, scu_query_level_name(level), scu_query_level_name(shape->level));
    scu__error_hint(error, "leave the level out or ask for a deeper one%s",
                    tag == 0x00080060 ? "; for studies by modality use ModalitiesInStudy" : "");
    return result;
  }
  return SCU_OK;
}

scu_result scu__query_shape_of(const scu_query *query, scu__query_shape *shape, scu_error *error) {
  shape->model = query->model;
  if (shape->model == SCU_MODEL_DEFAULT)
    shape->model = query->level == SCU_LEVEL_PATIENT ? SCU_MODEL_PATIENT : SCU_MODEL_STUDY;
  shape->first = shape->model == SCU_MODEL_PATIENT ? SCU_LEVEL_PATIENT : SCU_LEVEL_STUDY;
  if (query->level == SCU_LEVEL_PATIENT && shape->model == SCU_MODEL_STUDY) {
    scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the Study Root model has no PATIENT level");
    scu__error_hint(error, "use the Patient Root model");
    return SCU_ERROR_USAGE;
  }
  shape->level = query->level ? query->level : deepest_level(query, shape->model);
  if (shape->level < shape->first) shape->level = shape->first;
  if (!has_any_value(query) && !query->is_all) {
    scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                   "no matching key has a value: this would ask for everything");
    scu__error_hint(error, "name a key with a value, or say that everything is wanted (--all)");
    return SCU_ERROR_USAGE;
  }
  return check_keys_above(query, shape, error);
}

scu_query_level scu__query_first_level(const scu_query *query, const scu__query_shape *shape, scu__unique_keys *known) {
  memset(known, 0, sizeof *known);
  scu_query_level begin = shape->level;
  for (int level = (int)shape->first; level < (int)shape->level; level++) {
    const scu_element *key = scu_dataset_find(query->keys, scu__query_unique_key((scu_query_level)level));
    bool is_known = key && is_single_value(key) &&
                    scu_element_text(query->keys, key, known->value[level], SCU__UNIQUE_VALUE_MAX) == SCU_OK;
    if (!is_known && level < (int)begin) begin = (scu_query_level)level;
  }
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    scu_tag tag = scu_element_tag(scu_dataset_at(query->keys, i));
    if (belongs_to_no_level(tag)) continue;
    scu_query_level level = scu__key_level(shape->model, tag);
    if (level < begin && tag != scu__query_unique_key(level)) begin = level;
  }
  return begin;
}

bool scu__query_is_unique(const scu_query *query, const scu__query_shape *shape) {
  scu__unique_keys known;
  if (scu__query_first_level(query, shape, &known) != shape->level) return false;
  const scu_element *last = scu_dataset_find(query->keys, scu__query_unique_key(shape->level));
  if (!last || !has_value(last)) return false;
  const uint8_t *bytes = scu_element_bytes(last);
  for (uint64_t i = 0; i < scu_element_length(last); i++)
    if (bytes[i] == '*' || bytes[i] == '?') return false;
  if (shape->level == SCU_LEVEL_PATIENT && !is_single_value(last)) return false;
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    const scu_element *key = scu_dataset_at(query->keys, i);
    scu_tag tag = scu_element_tag(key);
    if (belongs_to_no_level(tag) || !has_value(key)) continue;
    if (tag != scu__query_unique_key(scu__key_level(shape->model, tag))) return false;
  }
  return true;
}

/* Asked for when nothing else is: what a person needs to tell one row from another. Instance Availability and Retrieve
 * AE Title are not among them: asking for them makes some archives answer them empty. */
static const scu_tag patient_defaults[] = {0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00201200, 0};
static const scu_tag study_defaults[] = {0x00080020, 0x00080030, 0x00080050, 0x00080061, 0x00080090, 0x00081030,
                                         0x0020000D, 0x00200010, 0x00201206, 0x00201208, 0};
static const scu_tag study_root_extra[] = {0x00100010, 0x00100020, 0x00100030, 0x00100040, 0};
static const scu_tag series_defaults[] = {0x00080060, 0x0008103E, 0x0020000E, 0x00200011, 0x00201209, 0};
static const scu_tag image_defaults[] = {0x00080016, 0x00080018, 0x00200013, 0};

static scu_result ask_for(scu_dataset *identifier, const scu_tag *tags, scu_error *error) {
  for (; *tags; tags++) {
    if (scu_dataset_find(identifier, *tags)) continue;
    scu_result result = scu__dataset_set_bytes(identifier, *tags, scu__dictionary_vr(*tags), NULL, 0, error);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

static scu_result ask_for_defaults(const scu__query_shape *shape, scu_query_level level, scu_dataset *identifier,
                                   scu_error *error) {
  switch (level) {
  case SCU_LEVEL_PATIENT: return ask_for(identifier, patient_defaults, error);
  case SCU_LEVEL_SERIES: return ask_for(identifier, series_defaults, error);
  case SCU_LEVEL_IMAGE: return ask_for(identifier, image_defaults, error);
  default: break;
  }
  scu_result result = ask_for(identifier, study_defaults, error);
  if (result != SCU_OK || shape->model == SCU_MODEL_PATIENT) return result;
  return ask_for(identifier, study_root_extra, error);
}

static scu_result put_level_and_upper_keys(const scu__query_shape *shape, scu_query_level level,
                                           const scu__unique_keys *known, scu_dataset *identifier, scu_error *error) {
  scu__dataset_reset(identifier);
  scu_result result =
      scu__dataset_set_tag_text(identifier, TAG_QUERY_RETRIEVE_LEVEL, scu_query_level_name(level), error);
  for (int upper = (int)shape->first; result == SCU_OK && upper < (int)level; upper++)
    result = scu__dataset_set_tag_text(identifier, scu__query_unique_key((scu_query_level)upper), known->value[upper],
                                       error);
  return result;
}

/* Copies the keys of one level by way of a scratch dataset, since merging works on whole datasets. */
static scu_result put_own_keys(const scu_query *query, const scu__query_shape *shape, scu_query_level level,
                               scu_dataset *identifier, scu_error *error) {
  scu_dataset *own = NULL;
  scu_result result = scu_dataset_copy(query->keys, &own);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_REQUEST);
  for (size_t i = scu_dataset_count(own); result == SCU_OK && i-- > 0;) {
    scu_tag tag = scu_element_tag(scu_dataset_at(own, i));
    if (!belongs_to_no_level(tag) && scu__key_level(shape->model, tag) == level) continue;
    if (tag == TAG_SPECIFIC_CHARACTER_SET || tag == TAG_TIMEZONE) continue;
    char name[16];
    snprintf(name, sizeof name, "%04X,%04X", (unsigned)(tag >> 16), (unsigned)(tag & 0xFFFF));
    result = scu_dataset_remove(own, name);
  }
  if (result == SCU_OK) result = scu_dataset_merge(identifier, own);
  scu_dataset_free(own);
  return result == SCU_OK ? SCU_OK : scu__error_set(error, result, SCU_PHASE_REQUEST, "identifier cannot be made");
}

scu_result scu__query_find_identifier(const scu_query *query, const scu__query_shape *shape, scu_query_level level,
                                      const scu__unique_keys *known, scu_dataset *identifier, scu_error *error) {
  scu_result result = put_level_and_upper_keys(shape, level, known, identifier, error);
  if (result == SCU_OK) result = put_own_keys(query, shape, level, identifier, error);
  if (result == SCU_OK) result = ask_for_defaults(shape, level, identifier, error);
  return result;
}

scu_result scu__retrieve_identifier(const scu__query_shape *shape, scu_query_level level, const scu__unique_keys *known,
                                    const char *list, scu_dataset *identifier, scu_error *error) {
  scu_result result = put_level_and_upper_keys(shape, level, known, identifier, error);
  if (result != SCU_OK) return result;
  return scu__dataset_set_tag_text(identifier, scu__query_unique_key(level), list ? list : known->value[level], error);
}

scu_result scu__raw_identifier(const scu_query *query, const scu__query_shape *shape, scu_dataset *identifier,
                               scu_error *error) {
  scu__dataset_reset(identifier);
  scu_result result = scu_dataset_merge(identifier, query->keys);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_REQUEST);
  return scu__dataset_set_tag_text(identifier, TAG_QUERY_RETRIEVE_LEVEL, scu_query_level_name(shape->level), error);
}
