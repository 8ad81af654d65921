/* Queries: which level a key belongs to, where asking has to begin, and the identifiers that go over the wire.
 *
 * PS3.4 C.6.1 and C.6.2; RULES of the field: above the level only unique keys, with one value each. */
#include "client/query.h"

#include <stdio.h>
#include <string.h>

#include "client/instance_keys.h"
#include "data/dictionary.h"
#include "data/vr.h"
#include "service/key_attribute.h"

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
  return query ? &query->error : NULL;
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
  copy->depth = query->depth;
  copy->is_all = query->is_all;
  copy->is_raw = query->is_raw;
  copy->is_strict = query->is_strict;
  copy->is_split = query->is_split;
  copy->limit = query->limit;
  memcpy(copy->wishes, query->wishes, sizeof copy->wishes);
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

const scu_dataset *scu_query_keys(const scu_query *query) {
  return query->keys;
}

static bool is_no_key(const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(scu_element_vr(element));
  bool is_bulk = !info || info->kind == SCU__VALUE_WORDS || info->kind == SCU__VALUE_BYTES;
  scu_tag tag = scu_element_tag(element);
  return is_bulk || tag == SCU__TAG_QUERY_LEVEL || SCU_TAG_GROUP(tag) <= 2 || scu__tag_is_group_length(tag);
}

/* Takes out what is no key, items included. USAGE when a key came without its value. */
static scu_result clean_keys(scu_dataset *keys, scu_error *error) {
  scu__walk walk;
  scu__walk_start(&walk, keys);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
    scu_dataset *level = (scu_dataset *)at;
    size_t kept = 0;
    for (size_t i = 0; i < level->count; i++) {
      const scu_element *element = &level->elements[i];
      if (is_no_key(element)) continue;
      if (scu_element_is_left_out(element))
        return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "a value of the dataset is too long for a key");
      level->elements[kept++] = *element;
    }
    level->count = kept;
  }
  return SCU_OK;
}

static scu_result read_level(const scu_dataset *dataset, scu_query_level *level, scu_error *error) {
  char name[20] = "";
  scu__dataset_tag_text(dataset, SCU__TAG_QUERY_LEVEL, name, sizeof name);
  int found = SCU_LEVEL_DEFAULT;
  while (found <= SCU_LEVEL_IMAGE && strcmp(name, scu_query_level_name((scu_query_level)found)) != 0) found++;
  if (found > SCU_LEVEL_IMAGE)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the dataset's Query/Retrieve Level is none");
  *level = (scu_query_level)found;
  return SCU_OK;
}

scu_result scu_query_set_dataset(scu_query *query, const scu_dataset *dataset) {
  scu_dataset *keys = NULL;
  scu_query_level level = SCU_LEVEL_DEFAULT;
  scu__error_clear(&query->error);
  scu_result result = read_level(dataset, &level, &query->error);
  if (result != SCU_OK) return result;
  result = scu_dataset_new(query->allocator, &keys);
  if (result == SCU_OK) result = scu_dataset_merge(keys, dataset);
  if (result != SCU_OK) scu__error_memory(&query->error, SCU_PHASE_USAGE);
  if (result == SCU_OK) result = clean_keys(keys, &query->error);
  if (result != SCU_OK) {
    scu_dataset_free(keys);
    return result;
  }
  scu_dataset_free(query->keys);
  query->keys = keys;
  query->level = level;
  return SCU_OK;
}

scu_result scu_query_set_model(scu_query *query, scu_model model) {
  scu__error_clear(&query->error);
  if (model < SCU_MODEL_DEFAULT || model > SCU_MODEL_WORKLIST)
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

scu_result scu_query_set_depth(scu_query *query, scu_query_level depth) {
  scu__error_clear(&query->error);
  if (depth < SCU_LEVEL_DEFAULT || depth > SCU_LEVEL_IMAGE)
    return scu__error_set(&query->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no such query level");
  query->depth = depth;
  return SCU_OK;
}

scu_result scu_query_set_option(scu_query *query, scu_query_option option, scu_wish wish) {
  scu__error_clear(&query->error);
  if ((int)option < 0 || option >= SCU_QUERY_OPTIONS || wish < SCU_WISH_AUTO || wish > SCU_WISH_YES)
    return scu__error_set(&query->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no such query option");
  query->wishes[option] = wish;
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

scu_result scu_query_set_strict(scu_query *query, int strict) {
  query->is_strict = strict != 0;
  return SCU_OK;
}

scu_result scu_query_set_split(scu_query *query, int split) {
  query->is_split = split != 0;
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

/* A sequence has the values of the keys in its items. */
static bool has_value(const scu_element *key) {
  if (scu_element_length(key) > 0) return true;
  for (size_t i = 0; i < scu_element_item_count(key); i++) {
    const scu_dataset *item = scu_element_item(key, i);
    for (size_t k = 0; k < scu_dataset_count(item); k++)
      if (has_value(scu_dataset_at(item, k))) return true;
  }
  return false;
}

bool scu__key_is_single(const scu_element *key) {
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
    if (scu__attribute_is_control(tag)) continue;
    scu_query_level level = scu__key_level(model, tag);
    if (level > deepest) deepest = level;
  }
  return deepest;
}

static bool has_any_value(const scu_query *query) {
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    const scu_element *key = scu_dataset_at(query->keys, i);
    if (!scu__attribute_is_control(scu_element_tag(key)) && has_value(key)) return true;
  }
  return false;
}

/* A key below the level asked for cannot take part in matching there. */
static scu_result check_keys_above(const scu_query *query, const scu__query_shape *shape, scu_error *error) {
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    scu_tag tag = scu_element_tag(scu_dataset_at(query->keys, i));
    if (scu__attribute_is_control(tag)) continue;
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

static scu_result no_such_level(scu_model model, scu_query_level level, scu_error *error) {
  scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the %s model has no %s level",
                 scu__model_info_of(model)->name, scu_query_level_name(level));
  bool is_study_root = model == SCU_MODEL_STUDY;
  scu__error_hint(error, is_study_root                 ? "use the Patient Root model"
                         : model == SCU_MODEL_WORKLIST ? "leave the level out"
                                                       : "use the Patient Root or the Study Root model");
  return SCU_ERROR_USAGE;
}

scu_result scu__query_shape_of(const scu_query *query, scu__query_shape *shape, scu_error *error) {
  shape->model = query->model;
  if (shape->model == SCU_MODEL_DEFAULT)
    shape->model = query->level == SCU_LEVEL_PATIENT ? SCU_MODEL_PATIENT : SCU_MODEL_STUDY;
  const scu__model_info *info = scu__model_info_of(shape->model);
  shape->first = info->first;
  bool is_level_there =
      query->level == SCU_LEVEL_DEFAULT || (query->level >= info->first && query->level <= info->last);
  if (!is_level_there) return no_such_level(shape->model, query->level, error);
  shape->level = query->level ? query->level : deepest_level(query, shape->model);
  if (shape->level < info->first) shape->level = info->first;
  if (shape->level > info->last) return no_such_level(shape->model, shape->level, error);
  shape->depth = query->depth ? query->depth : shape->level;
  if (shape->depth > info->last) return no_such_level(shape->model, shape->depth, error);
  if (shape->depth < shape->level)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "the query asks for %s level, which is below %s level", scu_query_level_name(shape->level),
                          scu_query_level_name(shape->depth));
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
    bool is_known = key && scu__key_is_single(key) &&
                    scu_element_text(query->keys, key, known->value[level], SCU__UNIQUE_VALUE_MAX) == SCU_OK;
    if (!is_known && level < (int)begin) begin = (scu_query_level)level;
  }
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    scu_tag tag = scu_element_tag(scu_dataset_at(query->keys, i));
    if (scu__attribute_is_control(tag)) continue;
    scu_query_level level = scu__key_level(shape->model, tag);
    if (level < begin && tag != scu__query_unique_key(level)) begin = level;
  }
  return begin;
}

bool scu__query_is_unique(const scu_query *query, const scu__query_shape *shape) {
  scu__unique_keys known;
  return scu__query_first_level(query, shape, &known) == shape->level && scu__query_has_only_unique_keys(query, shape);
}

bool scu__query_has_only_unique_keys(const scu_query *query, const scu__query_shape *shape) {
  const scu_element *last = scu_dataset_find(query->keys, scu__query_unique_key(shape->level));
  if (!last || !has_value(last)) return false;
  const uint8_t *bytes = scu_element_bytes(last);
  for (uint64_t i = 0; i < scu_element_length(last); i++)
    if (bytes[i] == '*' || bytes[i] == '?') return false;
  if (shape->level == SCU_LEVEL_PATIENT && !scu__key_is_single(last)) return false;
  for (size_t i = 0; i < scu_dataset_count(query->keys); i++) {
    const scu_element *key = scu_dataset_at(query->keys, i);
    scu_tag tag = scu_element_tag(key);
    if (scu__attribute_is_control(tag) || !has_value(key)) continue;
    if (tag != scu__query_unique_key(scu__key_level(shape->model, tag))) return false;
  }
  return true;
}

static scu_result pass_on(const scu_dataset *identifier, scu_result result, scu_error *error) {
  if (result == SCU_OK) return SCU_OK;
  scu__error_copy(error, scu_dataset_error(identifier));
  return scu__error_set(error, result, SCU_PHASE_REQUEST, "identifier cannot be made");
}

static scu_result ask_for(const scu__return_key *keys, const scu__return_wish *wish, scu_dataset *identifier,
                          scu_error *error) {
  for (; keys->path; keys++) {
    if ((wish->is_reduced && !keys->is_required) || scu_dataset_find_path(identifier, keys->path)) continue;
    scu_result result = pass_on(identifier, scu_dataset_set_empty(identifier, keys->path), error);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

static scu_result ask_for_defaults(const scu__query_shape *shape, scu_query_level level, const scu__return_wish *wish,
                                   scu_dataset *identifier, scu_error *error) {
  scu_result result = ask_for(scu__default_keys(shape->model, level), wish, identifier, error);
  if (result == SCU_OK && level == SCU_LEVEL_IMAGE && wish->modality)
    result = ask_for(scu__instance_keys(wish->modality), wish, identifier, error);
  return result;
}

static scu_result put_level(scu_query_level level, scu_dataset *identifier, scu_error *error) {
  scu__dataset_reset(identifier);
  if (level == SCU_LEVEL_DEFAULT) return SCU_OK;
  return scu__dataset_set_tag_text(identifier, SCU__TAG_QUERY_LEVEL, scu_query_level_name(level), error);
}

static scu_result put_level_and_upper_keys(const scu__query_shape *shape, scu_query_level level,
                                           const scu__unique_keys *known, scu_dataset *identifier, scu_error *error) {
  scu_result result = put_level(level, identifier, error);
  for (int upper = (int)shape->first; result == SCU_OK && upper < (int)level; upper++)
    result = scu__dataset_set_tag_text(identifier, scu__query_unique_key((scu_query_level)upper), known->value[upper],
                                       error);
  return result;
}

/* Copies the keys from one level to another, and what is no key and goes with every level, by way of a scratch dataset,
 * since merging works on whole datasets. */
static scu_result put_own_keys(const scu_query *query, const scu__query_shape *shape, scu_query_level from,
                               scu_query_level to, const scu__return_wish *wish, scu_dataset *identifier,
                               scu_error *error) {
  scu_dataset *own = NULL;
  scu_result result = scu_dataset_copy(query->keys, &own);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_REQUEST);
  for (size_t i = scu_dataset_count(own); result == SCU_OK && i-- > 0;) {
    const scu_element *key = scu_dataset_at(own, i);
    scu_tag tag = scu_element_tag(key);
    scu_query_level level = scu__key_level(shape->model, tag);
    bool goes_there = scu__attribute_is_control(tag) ? tag != SCU__TAG_QUERY_LEVEL : level >= from && level <= to;
    if (goes_there && (has_value(key) || !wish->is_reduced)) continue;
    char name[16];
    snprintf(name, sizeof name, "%04X,%04X", (unsigned)(tag >> 16), (unsigned)(tag & 0xFFFF));
    result = scu_dataset_remove(own, name);
  }
  if (result == SCU_OK) result = scu_dataset_merge(identifier, own);
  scu_dataset_free(own);
  return result == SCU_OK ? SCU_OK : scu__error_set(error, result, SCU_PHASE_REQUEST, "identifier cannot be made");
}

/* A set that the query names is meant for its texts. */
static scu_result fix_charset(const scu_query *query, scu_dataset *identifier, scu_error *error) {
  char terms[SCU__CHARSET_TEXT_MAX] = "";
  scu__dataset_tag_text(query->keys, SCU__TAG_SPECIFIC_CHARACTER_SET, terms, sizeof terms);
  return *terms ? pass_on(identifier, scu_dataset_set_charset(identifier, terms), error) : SCU_OK;
}

scu_result scu__query_find_identifier(const scu_query *query, const scu__query_shape *shape, scu_query_level level,
                                      const scu__unique_keys *known, const scu__return_wish *wish,
                                      scu_dataset *identifier, scu_error *error) {
  scu_result result = put_level_and_upper_keys(shape, level, known, identifier, error);
  if (result == SCU_OK) result = put_own_keys(query, shape, level, level, wish, identifier, error);
  if (result == SCU_OK) result = ask_for_defaults(shape, level, wish, identifier, error);
  return result == SCU_OK ? fix_charset(query, identifier, error) : result;
}

scu_result scu__query_relational_identifier(const scu_query *query, const scu__query_shape *shape,
                                            scu_query_level level, const scu__return_wish *wish,
                                            scu_dataset *identifier, scu_error *error) {
  const scu__unique_keys none = {0};
  scu_result result = put_level_and_upper_keys(shape, level, &none, identifier, error);
  if (result == SCU_OK) result = put_own_keys(query, shape, shape->first, level, wish, identifier, error);
  for (int at = (int)shape->first; result == SCU_OK && at <= (int)level; at++)
    result = ask_for_defaults(shape, (scu_query_level)at, wish, identifier, error);
  return result == SCU_OK ? fix_charset(query, identifier, error) : result;
}

scu_result scu__retrieve_identifier(const scu_query *query, const scu__query_shape *shape, scu_query_level level,
                                    const scu__unique_keys *known, const char *list, scu_dataset *identifier,
                                    scu_error *error) {
  scu_result result = put_level(level, identifier, error);
  for (int upper = (int)shape->first; result == SCU_OK && upper < (int)level; upper++) {
    if (!known->value[upper][0]) continue;
    result = scu__dataset_set_tag_text(identifier, scu__query_unique_key((scu_query_level)upper), known->value[upper],
                                       error);
  }
  const scu_element *view = scu_dataset_find(query->keys, SCU__TAG_QUERY_VIEW);
  if (result == SCU_OK && view)
    result = scu__dataset_set_bytes(identifier, SCU__TAG_QUERY_VIEW, scu_element_vr(view), scu_element_bytes(view),
                                    (size_t)scu_element_length(view), error);
  if (result != SCU_OK) return result;
  return scu__dataset_set_tag_text(identifier, scu__query_unique_key(level), list ? list : known->value[level], error);
}

scu_result scu__raw_identifier(const scu_query *query, const scu__query_shape *shape, scu_dataset *identifier,
                               scu_error *error) {
  scu__dataset_reset(identifier);
  scu_result result = scu_dataset_merge(identifier, query->keys);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_REQUEST);
  return scu__dataset_set_tag_text(identifier, SCU__TAG_QUERY_LEVEL, scu_query_level_name(shape->level), error);
}
