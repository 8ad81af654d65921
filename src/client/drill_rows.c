/* Matches: merged with what is above them, united, compared, and gone into (RULES 12, 13). */
#include <string.h>

#include "base/limits.h"
#include "client/drill_private.h"
#include "client/query_model.h"
#include "data/dataset_encode.h"
#include "service/key_attribute.h"

/* SCU_OK: new, and noted; SCU_END: a peer that repeats itself, or another variant that brought it. */
static scu_result note_keys(scu__drill *drill, const scu__unique_keys *known) {
  scu__seen_key key = scu__seen_key_start();
  scu__seen_key_add(&key, known->value, sizeof known->value);
  return scu__seen_note(&drill->entered, drill->session->allocator, key, 0, NULL);
}

static bool is_empty(const scu_dataset *dataset, scu_tag tag) {
  const scu_element *element = scu_dataset_find(dataset, tag);
  return element && scu_element_length(element) == 0;
}

/* An empty value says nothing (RULES 12): what the level above said of where it can be had still holds. */
static scu_result keep_location(scu__drill *drill, const scu_dataset *match) {
  static const scu_tag tags[] = {SCU__TAG_RETRIEVE_AE, SCU__TAG_AVAILABILITY};
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
    const scu_element *above = scu_dataset_find(drill->above, tags[i]);
    if (!above || !is_empty(match, tags[i])) continue;
    scu_result result = scu__dataset_set_bytes(drill->merged, tags[i], scu_element_vr(above), scu_element_bytes(above),
                                               (size_t)scu_element_length(above), NULL);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

/* The row as the peer gave it, over the values of the levels above. */
static const scu_dataset *merge_above(scu__drill *drill, const scu_dataset *match) {
  if (!drill->above) return match;
  scu__dataset_reset(drill->merged);
  if (scu_dataset_merge(drill->merged, drill->above) != SCU_OK) return NULL;
  if (scu_dataset_merge(drill->merged, match) != SCU_OK) return NULL;
  return keep_location(drill, match) == SCU_OK ? drill->merged : NULL;
}

static bool read_unique_key(const scu__drill *drill, const scu_dataset *match, scu_query_level level,
                            scu__unique_keys *known) {
  char *value = known->value[level];
  memset(value, 0, SCU__UNIQUE_VALUE_MAX); /* whole fields are hashed */
  scu_result result = scu__dataset_tag_text(match, scu__query_unique_key(level), value, SCU__UNIQUE_VALUE_MAX);
  if (result == SCU_OK && *value) return true;
  scu__op_warn(drill->op, "a match without the unique key of the %s level was passed over",
               scu_query_level_name(level));
  return false;
}

static scu_result add_values(scu__drill *drill, const scu_dataset *row, scu__seen_key *key) {
  scu__buffer_clear(&drill->row_bytes);
  scu_result result = scu__dataset_encode(row, SCU__EXPLICIT_LE, &drill->row_bytes, NULL);
  scu__seen_key_add(key, drill->row_bytes.data, drill->row_bytes.length);
  return result;
}

/* What tells one row of the level from another: its UIDs, or all of it where it has none: a Patient ID alone is no
 * proof, and a worklist has no levels. */
static scu_result key_of_row(scu__drill *drill, const scu_dataset *row, scu__seen_key *key) {
  bool has_uid = false;
  *key = scu__seen_key_start();
  for (int level = SCU_LEVEL_STUDY; level <= (int)drill->current->level; level++) {
    char uid[SCU__UNIQUE_VALUE_MAX] = "";
    scu_tag tag = scu__query_unique_key((scu_query_level)level);
    has_uid = scu__dataset_tag_text(row, tag, uid, sizeof uid) == SCU_OK && *uid;
    scu__seen_key_add(key, uid, strlen(uid) + 1);
  }
  return has_uid ? SCU_OK : add_values(drill, row, key);
}

/* SCU_END: another request has brought this row. */
static scu_result unite(scu__drill *drill, const scu_dataset *row) {
  scu__seen_key key;
  size_t first = 0;
  if (drill->current->variants <= 1 && !scu__drill_is_divisible(drill)) return SCU_OK;
  scu_result result = key_of_row(drill, row, &key);
  if (result == SCU_OK)
    result = scu__seen_note(&drill->united, drill->session->allocator, key, drill->request_number, &first);
  if (result == SCU_OK) scu__drill_note_news(drill);
  if (result != SCU_END) return result;
  return first == drill->request_number ? SCU_OK : SCU_END; /* what one answer says twice is left as it is */
}

/* SCU_END: the row came before, the same in every value (RULES 13). Beyond what can be remembered none is. */
static scu_result look_for_duplicate(scu__drill *drill, const scu_dataset *row) {
  if (!drill->is_for_rows) return SCU_OK;
  scu__seen_key key = scu__seen_key_start();
  scu_result result = add_values(drill, row, &key);
  if (result == SCU_OK) result = scu__seen_note(&drill->rows, drill->session->allocator, key, 0, NULL);
  drill->counts.duplicates += result == SCU_END;
  return result == SCU_ERROR_LIMIT ? SCU_OK : result;
}

/* SCU_END: it does not meet the keys, and is not to be had for it. */
static scu_result rematch(scu__drill *drill, const scu_dataset *match) {
  scu_result result = scu__rematch_row(&drill->rematch, match, &drill->missed);
  if (result != SCU_OK) return result;
  if (drill->missed == 0) drill->missed = drill->current->missed;
  if (drill->missed == 0) return SCU_OK;
  bool is_counted = drill->query->is_strict || drill->current->level == drill->floor;
  if (is_counted && drill->counts.missed++ == 0) drill->counts.first_missed = drill->missed;
  return drill->query->is_strict ? SCU_END : SCU_OK;
}

static scu_result take_row(scu__drill *drill, const scu_dataset *row, const scu_dataset *match) {
  scu_result result = unite(drill, row);
  if (result == SCU_OK) result = look_for_duplicate(drill, row);
  if (result == SCU_OK) result = rematch(drill, match);
  if (result == SCU_END) return SCU_OK;
  if (result == SCU_OK) drill->handler->row(drill->owner, row);
  if (result == SCU_ERROR_LIMIT)
    return scu__drill_too_many(drill, SCU__INVENTORY_ENTRIES_MAX, "matches to unite", SCU_LEVEL_DEFAULT);
  return result == SCU_OK ? SCU_OK : scu__error_memory(&drill->error, SCU_PHASE_RESPONSE);
}

scu_result scu__drill_take_match(scu__drill *drill, const scu_dataset *answer) {
  const scu_dataset *match;
  scu_result read = scu__charset_of_answer(&drill->reader, drill->op, answer, &match);
  const scu_dataset *row = read == SCU_OK ? merge_above(drill, match) : NULL;
  if (!row) return scu__error_memory(&drill->error, SCU_PHASE_RESPONSE);
  scu_query_level level = drill->current->level;
  if (level == drill->floor) return take_row(drill, row, match);
  scu__unique_keys known = drill->current->known;
  /* What a relational query did not know above comes with the match. */
  int highest = drill->is_relational && level == drill->shape.level ? (int)drill->shape.first : (int)level;
  for (int at = highest; at <= (int)level; at++)
    if (!read_unique_key(drill, match, (scu_query_level)at, &known)) return SCU_OK;
  scu_result result = note_keys(drill, &known);
  if (result == SCU_ERROR_LIMIT)
    return scu__drill_too_many(drill, SCU__INVENTORY_ENTRIES_MAX, "matches to remember", level);
  if (result == SCU_OK && level == SCU_LEVEL_STUDY) scu__drill_note_news(drill);
  if (result == SCU_OK) result = rematch(drill, match);
  if (result == SCU_END) return SCU_OK;
  if (result == SCU_OK) result = scu__drill_push(drill, (scu_query_level)(level + 1), &known, row, drill->missed);
  if (result == SCU_OK && drill->handler->into) drill->handler->into(drill->owner, level, row);
  if (result == SCU_ERROR_LIMIT) return scu__drill_too_many(drill, SCU__DRILL_STEPS_MAX, "matches to go into", level);
  return result == SCU_OK ? SCU_OK : scu__error_memory(&drill->error, SCU_PHASE_RESPONSE);
}
