/* Keys are compiled once for each request. */
#include "client/rematch.h"

#include "data/dataset_values.h"

void scu__rematch_init(scu__rematch *rematch, const scu_allocator *allocator) {
  *rematch = (scu__rematch){0};
  scu__arena_init(&rematch->arena, allocator);
  scu__matcher_init(&rematch->matcher, allocator);
  scu__buffer_init(&rematch->text, allocator, SCU__IDENTIFIER_MAX);
}

void scu__rematch_free(scu__rematch *rematch) {
  scu__arena_free(&rematch->arena);
  scu__matcher_free(&rematch->matcher);
  scu__buffer_free(&rematch->text);
}

scu_result scu__rematch_prepare(scu__rematch *rematch, const scu_dataset *identifier, const scu__rematch_rules *rules,
                                scu_error *error) {
  /* Nobody has to agree to "" for a match to have no value. */
  const scu__key_rules key_rules = {.is_worklist = rules->is_worklist,
                                    .combined_date_time = rules->combined_date_time,
                                    .multiple_value = rules->multiple_value,
                                    .empty_value = true,
                                    .unknown_matches = true,
                                    .names_are_free = rules->are_names_fuzzy};
  scu__arena_reset(&rematch->arena);
  scu_result result =
      scu__keys_compile(identifier, &key_rules, &rematch->arena, &rematch->keys, &rematch->key_count, error);
  if (result != SCU_OK) rematch->key_count = 0;
  return result;
}

/* Bytes that their character set does not explain could be anything. */
static scu_result is_readable(scu__rematch *rematch, const scu_element *element, bool *is_readable) {
  const uint8_t *bytes = scu_element_bytes(element);
  size_t length = (size_t)scu_element_length(element);
  *is_readable = true;
  if (!bytes || element->is_utf8 || scu__is_plain_ascii(bytes, length, true)) return SCU_OK;
  scu__charset charset = scu__dataset_charset(rematch->match);
  bool had_errors = false;
  scu__buffer_clear(&rematch->text);
  scu_result result = scu__charset_to_utf8(&charset, element->vr, bytes, length, &rematch->text, &had_errors);
  *is_readable = !had_errors;
  return result;
}

static scu_result find(void *user, const scu__key *key, const scu_dataset **level, const scu_element **element) {
  scu__rematch *rematch = user;
  bool is_good = true;
  *level = rematch->match;
  *element = scu_dataset_find(rematch->match, key->tag);
  const scu__vr_info *info = *element ? scu__vr_find((*element)->vr) : NULL;
  scu_result result = info && info->is_text ? is_readable(rematch, *element, &is_good) : SCU_OK;
  if (!is_good) *element = NULL;
  return result;
}

scu_result scu__rematch_row(scu__rematch *rematch, const scu_dataset *match, scu_tag *missed) {
  const scu__entity entity = {find, rematch};
  rematch->match = match;
  *missed = 0;
  for (size_t i = 0; i < rematch->key_count; i++) {
    bool is_met;
    scu_result result = scu__key_match(&rematch->matcher, &rematch->keys[i], &entity, &is_met);
    if (result != SCU_OK) return result;
    if (is_met) continue;
    *missed = rematch->keys[i].tag;
    return SCU_OK;
  }
  return SCU_OK;
}
