/* Matching, value by value. */
#include "service/match.h"

#include <string.h>

#include "data/dataset_values.h"
#include "data/decimal.h"
#include "data/vr.h"

/* ---- text ---- */

static bool is_equal(const char *a, size_t a_length, const char *b, size_t b_length) {
  return a_length == b_length && (a_length == 0 || memcmp(a, b, a_length) == 0);
}

static size_t character_length(const char *text, size_t left) {
  size_t length = 1;
  while (length < left && ((unsigned char)text[length] & 0xC0) == 0x80) length++;
  return length;
}

/* Only the last star is ever tried again: an earlier one that could take more would not let the rest match better. */
bool scu__wildcard_match(const char *pattern, size_t pattern_length, const char *text, size_t length) {
  size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;
  while (t < length) {
    if (p < pattern_length && pattern[p] == '*') {
      star = ++p;
      star_text = t;
    } else if (p < pattern_length && pattern[p] == '?') {
      p++;
      t += character_length(text + t, length - t);
    } else if (p < pattern_length && pattern[p] == text[t]) {
      p++;
      t++;
    } else if (star != SIZE_MAX) {
      star_text += character_length(text + star_text, length - star_text);
      p = star;
      t = star_text;
    } else {
      return false;
    }
  }
  while (p < pattern_length && pattern[p] == '*') p++;
  return p == pattern_length;
}

static bool text_fits(const scu__key_value *value, const char *text, size_t length) {
  if (value->has_wildcard) return scu__wildcard_match(value->text, value->length, text, length);
  return is_equal(value->text, value->length, text, length);
}

/* A UID among thousands. */
static bool is_listed(const scu__key *key, const char *text, size_t length) {
  size_t low = 0, high = key->value_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const scu__key_value *value = &key->values[middle];
    size_t common = value->length < length ? value->length : length;
    int order = common > 0 ? memcmp(value->text, text, common) : 0;
    if (order == 0 && value->length == length) return true;
    if (order < 0 || (order == 0 && value->length < length))
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

/* ---- names ---- */

static size_t name_groups(const char *folded, size_t length, const char *groups[3], size_t lengths[3]) {
  const char *at = folded, *end = folded + length;
  for (size_t count = 0; count < 3; count++) {
    const char *delimiter = at < end ? memchr(at, '=', (size_t)(end - at)) : NULL;
    groups[count] = at;
    lengths[count] = (size_t)((delimiter ? delimiter : end) - at);
    if (!delimiter) return count + 1;
    at = delimiter + 1;
  }
  return 3;
}

static bool group_fits(const scu__key_value *value, size_t group, const char *text, size_t length) {
  const char *wanted = value->groups[group];
  size_t wanted_length = value->group_lengths[group];
  if (value->has_wildcard) return scu__wildcard_match(wanted, wanted_length, text, length);
  return is_equal(wanted, wanted_length, text, length);
}

/* A key of one group is sought in every group, so that a name is found as it is written and as it is spoken. A key of
 * several is held group against group: an empty one asks nothing, a star asks for a group that is there. */
static bool name_fits(const scu__key_value *value, const char *folded, size_t length) {
  const char *groups[3];
  size_t lengths[3], count = name_groups(folded, length, groups, lengths);
  if (value->group_count == 1) {
    for (size_t i = 0; i < count; i++)
      if (lengths[i] > 0 && group_fits(value, 0, groups[i], lengths[i])) return true;
    return false;
  }
  for (size_t i = 0; i < value->group_count; i++) {
    if (value->group_lengths[i] == 0) continue;
    if (i >= count || lengths[i] == 0 || !group_fits(value, i, groups[i], lengths[i])) return false;
  }
  return true;
}

static bool is_word_end(char c) {
  return c == ' ' || c == '^' || c == '=' || c == ',' || c == '-' || c == '.';
}

/* The next word; false at the end. */
static bool next_word(const char **at, const char *end, const char **word, size_t *length) {
  while (*at < end && is_word_end(**at)) (*at)++;
  *word = *at;
  while (*at < end && !is_word_end(**at)) (*at)++;
  *length = (size_t)(*at - *word);
  return *length > 0;
}

static bool begins_a_word(const char *wanted, size_t wanted_length, const char *folded, size_t length) {
  const char *at = folded, *end = folded + length, *word;
  size_t word_length;
  while (next_word(&at, end, &word, &word_length)) {
    if (memchr(wanted, '*', wanted_length) || memchr(wanted, '?', wanted_length)) {
      if (scu__wildcard_match(wanted, wanted_length, word, word_length)) return true;
    } else if (wanted_length <= word_length && memcmp(wanted, word, wanted_length) == 0) {
      return true;
    }
  }
  return false;
}

/* Fuzzy semantic matching, our way: every word of the key begins some word of the name, in any order. */
static bool name_fits_fuzzily(const scu__key_value *value, const char *folded, size_t length) {
  const char *at = value->text, *end = at + value->length, *word;
  size_t word_length;
  while (next_word(&at, end, &word, &word_length))
    if (!begins_a_word(word, word_length, folded, length)) return false;
  return true;
}

/* ---- numbers and moments ---- */

static bool overlaps(const scu__interval *key, const scu__interval *value) {
  return value->low <= key->high && value->high >= key->low;
}

static bool moment_fits(const scu__matcher *matcher, const scu__key *key, const scu__key_value *value, const char *text,
                        size_t length) {
  scu__interval own;
  if (!scu__moment_value_parse((scu__moment_kind)key->moment, text, length, matcher->assumed_offset, &own))
    return false;
  return overlaps(&value->interval, &own);
}

static bool integer_fits(const scu__key_value *value, const char *text, size_t length) {
  int64_t number;
  bool fits;
  return scu__decimal_to_integer(text, length, &number, &fits) && fits && number == value->interval.low;
}

static bool decimal_fits(const scu__key_value *value, const char *text, size_t length) {
  uint64_t bits;
  double wanted, own;
  if (!scu__decimal_to_double(text, length, &bits)) return false;
  memcpy(&own, &bits, sizeof own);
  memcpy(&wanted, &value->interval.low, sizeof wanted);
  return own <= wanted && own >= wanted;
}

/* ---- one value of the entity against one of the key ---- */

static bool value_fits(const scu__matcher *matcher, const scu__key *key, const scu__key_value *value, const char *text,
                       size_t length) {
  switch (key->kind) {
  case SCU__KEY_NAME: return name_fits(value, text, length);
  case SCU__KEY_FUZZY: return name_fits_fuzzily(value, text, length);
  case SCU__KEY_MOMENT: return moment_fits(matcher, key, value, text, length);
  case SCU__KEY_INTEGER: return integer_fits(value, text, length);
  case SCU__KEY_DECIMAL: return decimal_fits(value, text, length);
  default: return text_fits(value, text, length);
  }
}

/* The text as it is compared: names folded. */
static scu_result prepare(scu__matcher *matcher, const scu__key *key, const char **text, size_t *length) {
  if (key->kind != SCU__KEY_NAME && key->kind != SCU__KEY_FUZZY) return SCU_OK;
  scu__buffer_clear(&matcher->folded);
  scu_result result = scu__name_fold(*text, *length, &matcher->folded);
  *text = matcher->folded.data ? (const char *)matcher->folded.data : "";
  *length = matcher->folded.length;
  return result;
}

/* A stored UN is what the key says it is: implicit VR of an unknown time. */
static scu_result open_values(scu__values *values, const scu__key *key, const scu_dataset *level,
                              const scu_element *element, scu_element *typed) {
  *typed = *element;
  if (typed->vr == SCU_VR_UN) typed->vr = key->vr;
  return scu__values_open(values, level, typed);
}

/* *is_match: some value of the entity fits `value`. */
static scu_result match_one(scu__matcher *matcher, const scu__key *key, const scu__key_value *value,
                            const scu_dataset *level, const scu_element *element, bool *is_match) {
  scu__values values;
  scu_element typed;
  const char *text;
  size_t length;
  *is_match = false;
  if (open_values(&values, key, level, element, &typed) == SCU_ERROR_MEMORY) return SCU_ERROR_MEMORY;
  while (!*is_match && scu__values_next(&values, &text, &length)) {
    if (prepare(matcher, key, &text, &length) != SCU_OK) return SCU_ERROR_MEMORY;
    *is_match = value_fits(matcher, key, value, text, length);
    if (key->is_first_only) break;
  }
  return SCU_OK;
}

static scu_result match_uid(const scu__key *key, const scu_dataset *level, const scu_element *element, bool *is_match) {
  scu__values values;
  scu_element typed;
  const char *text;
  size_t length;
  *is_match = false;
  if (open_values(&values, key, level, element, &typed) == SCU_ERROR_MEMORY) return SCU_ERROR_MEMORY;
  while (!*is_match && scu__values_next(&values, &text, &length)) {
    *is_match = is_listed(key, text, length);
    if (key->is_first_only) break;
  }
  return SCU_OK;
}

static scu_result match_values(scu__matcher *matcher, const scu__key *key, const scu_dataset *level,
                               const scu_element *element, bool *is_match) {
  if (key->vr == SCU_VR_UI) return match_uid(key, level, element, is_match);
  *is_match = key->needs_all;
  for (size_t i = 0; i < key->value_count; i++) {
    bool is_found;
    scu_result result = match_one(matcher, key, &key->values[i], level, element, &is_found);
    if (result != SCU_OK) return result;
    *is_match = is_found;
    /* All: the first that fails decides. Else: the first that fits does. */
    if (is_found != key->needs_all) return SCU_OK;
  }
  return SCU_OK;
}

/* Unknown: absent, of no length, or nothing but padding. */
static bool has_value(const scu__key *key, const scu_dataset *level, const scu_element *element) {
  scu__values values;
  scu_element typed;
  const char *text;
  size_t length;
  if (!element) return false;
  if (element->content == SCU__CONTENT_ITEMS) return element->count > 0;
  if (element->length == 0) return false;
  scu_result result = open_values(&values, key, level, element, &typed);
  if (result < 0) return true;
  while (result == SCU_OK && scu__values_next(&values, &text, &length))
    if (length > 0) return true;
  return false;
}

/* ---- combined date and time ---- */

static bool first_moment(scu__moment_kind kind, const scu_dataset *level, const scu_element *element, int64_t *value) {
  scu__values values;
  scu__interval interval;
  const char *text;
  size_t length;
  if (!element || scu__values_open(&values, level, element) != SCU_OK || !scu__values_next(&values, &text, &length) ||
      !scu__moment_value_parse(kind, text, length, 0, &interval))
    return false;
  *value = interval.low;
  return true;
}

static int64_t moment_of(int64_t date, int64_t time) {
  return scu__days_of_date(date) * SCU__MICROSECONDS_PER_DAY + time;
}

/* An entity without time is in the period if some time of its day is. */
static bool is_in_period(const scu__key *key, int64_t date, bool has_time, int64_t time) {
  const scu__interval *dates = &key->values[0].interval, *times = &key->time->values[0].interval;
  int64_t low = INT64_MIN, high = INT64_MAX;
  if (dates->low != INT64_MIN) low = moment_of(dates->low, times->low != INT64_MIN ? times->low : 0);
  if (dates->high != INT64_MAX)
    high = moment_of(dates->high, times->high != INT64_MAX ? times->high : SCU__MICROSECONDS_PER_DAY - 1);
  scu__interval own = {moment_of(date, has_time ? time : 0),
                       moment_of(date, has_time ? time : SCU__MICROSECONDS_PER_DAY - 1)};
  return overlaps(&(scu__interval){low, high}, &own);
}

static scu_result match_period(const scu__key *key, const scu__entity *entity, bool *is_match) {
  const scu_dataset *level;
  const scu_element *element;
  int64_t date, time = 0;
  *is_match = key->is_required;
  scu_result result = entity->find(entity->user, key, &level, &element);
  if (result != SCU_OK || !has_value(key, level, element)) return result;
  *is_match = false;
  if (!first_moment(SCU__MOMENT_DATE, level, element, &date)) return SCU_OK;
  result = entity->find(entity->user, key->time, &level, &element);
  if (result != SCU_OK) return result;
  bool has_time = first_moment(SCU__MOMENT_TIME, level, element, &time);
  *is_match = is_in_period(key, date, has_time, time);
  return SCU_OK;
}

/* ---- one key, but for sequences ---- */

static scu_result match_element(scu__matcher *matcher, const scu__key *key, const scu_dataset *level,
                                const scu_element *element, bool *is_match) {
  bool is_known = has_value(key, level, element);
  *is_match = key->kind == SCU__KEY_EMPTY ? !is_known : key->is_required;
  if (!is_known || key->kind == SCU__KEY_EMPTY) return SCU_OK;
  return match_values(matcher, key, level, element, is_match);
}

static bool is_always_true(const scu__key *key) {
  return key->kind == SCU__KEY_UNIVERSAL || key->kind == SCU__KEY_UNMATCHED || key->is_joined;
}

static scu_result find_in_item(void *user, const scu__key *key, const scu_dataset **level,
                               const scu_element **element) {
  *level = user;
  *element = scu_dataset_find(*level, key->tag);
  return SCU_OK;
}

static scu_result match_in_item(scu__matcher *matcher, const scu__key *key, const scu_dataset *item, bool *is_match) {
  *is_match = true;
  if (is_always_true(key)) return SCU_OK;
  scu__entity entity = {find_in_item, (void *)item};
  if (key->time) return match_period(key, &entity, is_match);
  return match_element(matcher, key, item, scu_dataset_find(item, key->tag), is_match);
}

/* ---- sequences ---- */

typedef struct sequence_level {
  const scu__key *key;
  const scu_element *sequence;
  size_t item, child; /* under examination */
  size_t end;         /* no item from here on is looked at */
} sequence_level;

static const scu_dataset *item_of(const sequence_level *level) {
  return level->sequence && level->item < level->end ? scu_element_item(level->sequence, level->item) : NULL;
}

/* An item that passed or failed tells the level above whether to go on with the next key or with its next item. */
static void tell(sequence_level *level, bool is_match) {
  if (is_match) {
    level->child++;
  } else {
    level->item++;
    level->child = 0;
  }
}

/* Can a sequence without items match? Only if nothing is asked of an item, at any depth. */
static bool matches_nothing(const scu__key *key) {
  return !key->is_matched || key->is_required;
}

/* The items from `first` to before `end`. */
static scu_result match_items(scu__matcher *matcher, const scu__key *key, const scu_element *sequence, size_t first,
                              size_t end, bool *is_match) {
  sequence_level levels[SCU__KEY_DEPTH_MAX + 1];
  size_t depth = 1;
  levels[0] = (sequence_level){.key = key, .sequence = sequence, .item = first, .end = end};
  for (;;) {
    sequence_level *level = &levels[depth - 1];
    const scu_dataset *item = item_of(level);
    if (!item || level->child == level->key->child_count) {
      bool has_items = level->sequence && scu_element_item_count(level->sequence) > 0;
      *is_match = item ? true : !has_items && matches_nothing(level->key);
      if (--depth == 0) return SCU_OK;
      tell(&levels[depth - 1], *is_match);
      continue;
    }
    const scu__key *child = &level->key->children[level->child];
    if (child->kind == SCU__KEY_SEQUENCE && depth <= SCU__KEY_DEPTH_MAX) {
      levels[depth++] = (sequence_level){.key = child, .sequence = scu_dataset_find(item, child->tag), .end = SIZE_MAX};
      continue;
    }
    bool is_fit;
    scu_result result = match_in_item(matcher, child, item, &is_fit);
    if (result != SCU_OK) return result;
    tell(level, is_fit);
  }
}

/* ---- public ---- */

void scu__matcher_init(scu__matcher *matcher, const scu_allocator *allocator) {
  matcher->assumed_offset = 0;
  scu__buffer_init(&matcher->folded, allocator, SCU__IDENTIFIER_MAX);
}

void scu__matcher_free(scu__matcher *matcher) {
  scu__buffer_free(&matcher->folded);
}

scu_result scu__key_match(scu__matcher *matcher, const scu__key *key, const scu__entity *entity, bool *is_match) {
  const scu_dataset *level;
  const scu_element *element;
  *is_match = true;
  if (is_always_true(key)) return SCU_OK;
  if (key->time) return match_period(key, entity, is_match);
  scu_result result = entity->find(entity->user, key, &level, &element);
  if (result != SCU_OK) return result;
  if (key->kind == SCU__KEY_SEQUENCE) return match_items(matcher, key, element, 0, SIZE_MAX, is_match);
  return match_element(matcher, key, level, element, is_match);
}

scu_result scu__key_match_item(scu__matcher *matcher, const scu__key *key, const scu_element *sequence, size_t index,
                               bool *is_match) {
  return match_items(matcher, key, sequence, index, index + 1, is_match);
}
