/* Identifiers to keys. */
#include "service/key.h"

#include <stdlib.h>
#include <string.h>

#include "data/dataset_values.h"
#include "data/decimal.h"
#include "data/dictionary.h"
#include "data/fold.h"
#include "data/path.h"
#include "data/vr.h"
#include "service/key_attribute.h"

typedef struct compiler {
  const scu__key_rules *rules;
  scu__arena *arena;
  scu__buffer scratch;
  scu_error *error;
  size_t key_count;
  scu__key *first_pending, *last_pending; /* sequences whose children are still to be compiled */
} compiler;

static scu_result refuse(compiler *c, scu_result result, scu_tag tag, const char *reason) {
  char name[100];
  scu__path_format_tag(tag, name, sizeof name);
  scu__error_set(c->error, result, SCU_PHASE_REQUEST, "%s %s", name, reason);
  scu__error_at(c->error, tag, UINT64_MAX);
  return result;
}

static scu_result malformed(compiler *c, scu_tag tag, const char *reason) {
  return refuse(c, SCU_ERROR_MALFORMED, tag, reason);
}

static scu_result no_memory(compiler *c) {
  return scu__error_memory(c->error, SCU_PHASE_REQUEST);
}

static void *take(compiler *c, size_t count, size_t size) {
  if (count > SIZE_MAX / size) return NULL;
  void *block = scu__arena_take(c->arena, count * size);
  if (block) memset(block, 0, count * size);
  return block;
}

/* ---- names ---- */

/* Empty components at the end of a group say nothing: "Doe^Jane^^" is "Doe^Jane". */
static void drop_tail(scu__buffer *folded, size_t start) {
  while (folded->length > start && (folded->data[folded->length - 1] == '^' || folded->data[folded->length - 1] == ' '))
    folded->length--;
}

scu_result scu__name_fold(const char *name, size_t length, scu__buffer *folded) {
  for (unsigned group = 0;; group++) {
    const char *end = length > 0 ? memchr(name, '=', length) : NULL;
    size_t part = end ? (size_t)(end - name) : length, start = folded->length;
    while (part > 0 && *name == ' ') name++, part--, length--;
    scu_result result = scu__fold_for_match(name, part, folded);
    if (result != SCU_OK) return result;
    drop_tail(folded, start);
    if (!end || group == 2) return SCU_OK;
    scu__put_u8(folded, '=');
    name = end + 1;
    length -= part + 1;
  }
}

static bool has_wildcard(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] == '*' || text[i] == '?') return true;
  return false;
}

static void split_groups(scu__key_value *value) {
  const char *at = value->text, *end = at + value->length;
  for (value->group_count = 0; value->group_count < 3; value->group_count++) {
    const char *delimiter = at < end ? memchr(at, '=', (size_t)(end - at)) : NULL;
    const char *part_end = delimiter ? delimiter : end;
    value->groups[value->group_count] = at;
    value->group_lengths[value->group_count] = (size_t)(part_end - at);
    if (!delimiter) {
      value->group_count++;
      return;
    }
    at = delimiter + 1;
  }
}

/* ---- one value ---- */

/* Control characters have no place in a key; ST LT UT may have line ends (PS3.5 6.1.3). */
static bool has_bad_character(const scu__vr_info *info, const char *text, size_t length) {
  bool has_lines = info->vr == SCU_VR_ST || info->vr == SCU_VR_LT || info->vr == SCU_VR_UT;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c >= 0x20 && c != 0x7F) continue;
    if (!has_lines || (c != '\t' && c != '\n' && c != '\f' && c != '\r')) return true;
  }
  return false;
}

static size_t characters(const char *text, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
  return count;
}

/* Wildcards may be added to a value of full length. */
static size_t own_length(const scu__vr_info *info, const char *text, size_t length) {
  size_t own = info->max_is_characters ? characters(text, length) : length;
  for (size_t i = 0; i < length; i++) own -= text[i] == '*' || text[i] == '?';
  return own;
}

static bool is_too_long(const scu__vr_info *info, const char *text, size_t length) {
  size_t allowed = info->max_length;
  /* Ranges hold two values, old forms of which are two characters longer. */
  if (info->vr == SCU_VR_DA || info->vr == SCU_VR_TM || info->vr == SCU_VR_DT) allowed = 2 * (allowed + 2) + 1;
  if (info->vr != SCU_VR_PN) return own_length(info, text, length) > allowed;
  for (unsigned group = 0; group < 3; group++) {
    const char *part;
    size_t part_length;
    scu__name_group(text, length, group, &part, &part_length);
    if (own_length(info, part, part_length) > allowed) return true;
  }
  return false;
}

static scu_result copy_text(compiler *c, scu__key_value *value, const char *text, size_t length) {
  char *copy = scu__arena_take(c->arena, length);
  if (!copy) return no_memory(c);
  if (length > 0) memcpy(copy, text, length);
  value->text = copy;
  value->length = length;
  return SCU_OK;
}

/* Runs of stars are one star. */
static void collapse_stars(char *text, size_t *length) {
  size_t kept = 0;
  for (size_t i = 0; i < *length; i++)
    if (text[i] != '*' || kept == 0 || text[kept - 1] != '*') text[kept++] = text[i];
  *length = kept;
}

static bool takes_wildcards(scu_vr vr) {
  static const scu_vr vrs[] = {SCU_VR_AE, SCU_VR_CS, SCU_VR_LO, SCU_VR_LT, SCU_VR_PN,
                               SCU_VR_SH, SCU_VR_ST, SCU_VR_UC, SCU_VR_UR, SCU_VR_UT};
  for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++)
    if (vrs[i] == vr) return true;
  return false;
}

static scu_result compile_text(compiler *c, const scu__key *key, scu__key_value *value, const char *text,
                               size_t length) {
  if (key->vr == SCU_VR_UI && has_wildcard(text, length)) return malformed(c, key->tag, "is a UID with a wildcard");
  scu_result result = copy_text(c, value, text, length);
  if (result != SCU_OK || !takes_wildcards(key->vr)) return result;
  value->has_wildcard = has_wildcard(text, length);
  if (!value->has_wildcard) return SCU_OK;
  collapse_stars((char *)value->text, &value->length);
  if (value->length > SCU__KEY_WILDCARD_MAX)
    return refuse(c, SCU_ERROR_LIMIT, key->tag, "has a longer pattern than can be matched");
  return SCU_OK;
}

static scu_result compile_name(compiler *c, const scu__key *key, scu__key_value *value, const char *text,
                               size_t length) {
  scu__buffer_clear(&c->scratch);
  if (scu__name_fold(text, length, &c->scratch) != SCU_OK) return no_memory(c);
  scu_result result = copy_text(c, value, (const char *)c->scratch.data, c->scratch.length);
  if (result != SCU_OK) return result;
  value->has_wildcard = has_wildcard(value->text, value->length);
  if (value->has_wildcard) collapse_stars((char *)value->text, &value->length);
  if (value->has_wildcard && value->length > SCU__KEY_WILDCARD_MAX)
    return refuse(c, SCU_ERROR_LIMIT, key->tag, "has a longer pattern than can be matched");
  split_groups(value);
  return SCU_OK;
}

static scu_result compile_moment(compiler *c, const scu__key *key, scu__key_value *value, const char *text,
                                 size_t length) {
  if (scu__moment_key_parse((scu__moment_kind)key->moment, text, length, c->rules->assumed_offset, &value->interval))
    return SCU_OK;
  return malformed(c, key->tag,
                   key->moment == SCU__MOMENT_DATE   ? "is neither a date nor a range of dates"
                   : key->moment == SCU__MOMENT_TIME ? "is neither a time nor a range of times"
                                                     : "is neither a date-time nor a range of them");
}

static scu_result compile_integer(compiler *c, const scu__key *key, scu__key_value *value, const char *text,
                                  size_t length) {
  bool fits;
  if (!scu__decimal_to_integer(text, length, &value->interval.low, &fits) || !fits)
    return malformed(c, key->tag, "is not an integer");
  value->interval.high = value->interval.low;
  return SCU_OK;
}

static scu_result compile_decimal(compiler *c, const scu__key *key, scu__key_value *value, const char *text,
                                  size_t length) {
  uint64_t bits;
  if (!scu__decimal_to_double(text, length, &bits)) return malformed(c, key->tag, "is not a number");
  memcpy(&value->interval.low, &bits, sizeof bits);
  return SCU_OK;
}

static scu_result compile_value(compiler *c, const scu__key *key, scu__key_value *value, const char *text,
                                size_t length) {
  switch (key->kind) {
  case SCU__KEY_NAME:
  case SCU__KEY_FUZZY: return compile_name(c, key, value, text, length);
  case SCU__KEY_MOMENT: return compile_moment(c, key, value, text, length);
  case SCU__KEY_INTEGER: return compile_integer(c, key, value, text, length);
  case SCU__KEY_DECIMAL: return compile_decimal(c, key, value, text, length);
  default: return compile_text(c, key, value, text, length);
  }
}

/* ---- values of one key ---- */

static uint8_t kind_for(const compiler *c, scu_vr vr) {
  switch (vr) {
  case SCU_VR_PN:
    if (c->rules->names_are_free) return SCU__KEY_UNMATCHED;
    return c->rules->fuzzy_names ? SCU__KEY_FUZZY : SCU__KEY_NAME;
  case SCU_VR_DA:
  case SCU_VR_TM:
  case SCU_VR_DT: return SCU__KEY_MOMENT;
  case SCU_VR_IS: return SCU__KEY_INTEGER;
  case SCU_VR_DS: return SCU__KEY_DECIMAL;
  default: return SCU__KEY_TEXT;
  }
}

static int compare_values(const void *a, const void *b) {
  const scu__key_value *one = a, *two = b;
  size_t common = one->length < two->length ? one->length : two->length;
  int order = common > 0 ? memcmp(one->text, two->text, common) : 0;
  if (order != 0) return order;
  return one->length < two->length ? -1 : one->length > two->length;
}

static bool is_empty_value_vr(scu_vr vr) {
  return takes_wildcards(vr) || vr == SCU_VR_DA || vr == SCU_VR_DT || vr == SCU_VR_TM;
}

static bool is_multiple_value_vr(scu_vr vr) {
  static const scu_vr vrs[] = {SCU_VR_AE, SCU_VR_AS, SCU_VR_AT, SCU_VR_CS, SCU_VR_LO, SCU_VR_PN, SCU_VR_SH, SCU_VR_UC};
  for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++)
    if (vrs[i] == vr) return true;
  return false;
}

/* Every value a lone star, or none at all. UIDs and dates have no wildcards, but a lone star there is common, and can
 * mean nothing else. */
static scu_result look_for_value(compiler *c, const scu_dataset *level, const scu_element *element, bool *has_value) {
  scu__values values;
  const char *text;
  size_t length;
  *has_value = false;
  if (scu__values_open(&values, level, element) == SCU_ERROR_MEMORY) return no_memory(c);
  while (!*has_value && scu__values_next(&values, &text, &length))
    *has_value = length > 0 && !(length == 1 && *text == '*');
  return SCU_OK;
}

static scu_result check_value(compiler *c, const scu__key *key, const scu__vr_info *info, const char *text,
                              size_t length) {
  if (!info->is_text) return SCU_OK;
  if (has_bad_character(info, text, length)) return malformed(c, key->tag, "has a control character in it");
  if (is_too_long(info, text, length)) return malformed(c, key->tag, "is longer than its VR allows");
  return SCU_OK;
}

/* A NUL at the end of one value of a list, and empty values between backslashes, mean nothing. */
static scu_result compile_values(compiler *c, scu__key *key, const scu_dataset *level, const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(key->vr);
  size_t count = scu_element_value_count(level, element);
  if (count > (key->vr == SCU_VR_UI ? (size_t)SCU__KEY_VALUES_MAX : (size_t)SCU__KEY_OTHER_VALUES_MAX))
    return refuse(c, SCU_ERROR_LIMIT, key->tag, "has more values than can be matched");
  key->values = take(c, count, sizeof *key->values);
  if (!key->values) return no_memory(c);
  scu__values values;
  const char *text;
  size_t length;
  if (scu__values_open(&values, level, element) < 0) return no_memory(c);
  while (key->value_count < count && scu__values_next(&values, &text, &length)) {
    if (length == 0) continue;
    scu_result result = check_value(c, key, info, text, length);
    if (result == SCU_OK) result = compile_value(c, key, &key->values[key->value_count], text, length);
    if (result != SCU_OK) return result;
    key->value_count++;
  }
  if (key->kind == SCU__KEY_TEXT && key->vr == SCU_VR_UI && key->value_count > 1)
    qsort(key->values, key->value_count, sizeof *key->values, compare_values);
  key->needs_all = c->rules->multiple_value && key->value_count > 1 && is_multiple_value_vr(key->vr);
  return SCU_OK;
}

static bool is_quotes(const scu_element *element) {
  const uint8_t *bytes = scu_element_bytes(element);
  return element->length == 2 && bytes && memcmp(bytes, "\"\"", 2) == 0;
}

/* ---- text that is none ---- */

/* Text that its declared character set cannot explain would match the wrong things, or nothing. */
static scu_result check_charset(compiler *c, const scu_dataset *level, const scu_element *element) {
  const uint8_t *bytes = scu_element_bytes(element);
  const scu__vr_info *info = scu__vr_find(element->vr);
  if (!bytes || !info || !info->is_text || element->is_utf8) return SCU_OK;
  if (scu__is_plain_ascii(bytes, (size_t)element->length, true)) return SCU_OK;
  scu__charset charset = scu__dataset_charset(level);
  bool had_errors = false;
  scu__buffer_clear(&c->scratch);
  if (scu__charset_to_utf8(&charset, element->vr, bytes, (size_t)element->length, &c->scratch, &had_errors) != SCU_OK)
    return no_memory(c);
  return had_errors ? malformed(c, element->tag, "is not text in the character set of the identifier") : SCU_OK;
}

/* ---- one key ---- */

/* The VR this key has to be read with. UN is what it is in the dictionary: some gateways send known keys so. */
static scu_result settle_vr(compiler *c, const scu_element *element, scu_vr *vr) {
  const scu__dictionary_entry *entry = scu__dictionary_find(element->tag);
  *vr = element->vr;
  if (!entry || entry->vr == 0 || element->vr == entry->vr || element->vr == entry->other_vr[0] ||
      (entry->other_vr[1] != 0 && element->vr == entry->other_vr[1]))
    return SCU_OK;
  if (element->vr != SCU_VR_UN || element->content == SCU__CONTENT_ITEMS)
    return malformed(c, element->tag, "has a VR that is not its own");
  *vr = entry->vr;
  return SCU_OK;
}

static scu_result compile_sequence(compiler *c, scu__key *key, const scu_element *element) {
  size_t items = scu_element_item_count(element);
  if (items > 1) return malformed(c, key->tag, "is a sequence key with more than one item");
  const scu_dataset *item = scu_element_item(element, 0);
  key->kind = SCU__KEY_UNIVERSAL;
  if (!item || item->count == 0) return SCU_OK;
  if (item->depth > SCU__KEY_DEPTH_MAX)
    return refuse(c, SCU_ERROR_LIMIT, key->tag, "is nested deeper than can be matched");
  key->kind = SCU__KEY_SEQUENCE;
  key->item = item;
  if (c->last_pending)
    c->last_pending->next_pending = key;
  else
    c->first_pending = key;
  c->last_pending = key;
  return SCU_OK;
}

static scu_result compile_key(compiler *c, scu__key *key, const scu_dataset *level, const scu_element *element) {
  key->tag = element->tag;
  scu_result result = settle_vr(c, element, &key->vr);
  if (result != SCU_OK) return result;
  key->is_required = c->rules->unknown_matches;
  if (key->vr == SCU_VR_SQ || element->content == SCU__CONTENT_ITEMS) return compile_sequence(c, key, element);
  if (element->content != SCU__CONTENT_VALUE) return malformed(c, key->tag, "is encapsulated: no key can be");
  const scu__vr_info *info = scu__vr_find(key->vr);
  key->kind = SCU__KEY_UNIVERSAL;
  if (element->length == 0) return SCU_OK;
  if (element->is_left_out) return refuse(c, SCU_ERROR_LIMIT, key->tag, "is longer than can be matched");
  /* No record has private or bulk values: such a key cannot be matched. */
  if (!info || info->kind >= SCU__VALUE_WORDS || scu__tag_is_private(element->tag)) {
    key->kind = SCU__KEY_UNMATCHED;
    return SCU_OK;
  }
  if (!info->is_text && element->length % info->unit != 0) return malformed(c, key->tag, "has a value that is cut off");
  scu_element typed = *element;
  typed.vr = key->vr;
  bool has_value = false;
  result = check_charset(c, level, &typed);
  if (result == SCU_OK) result = look_for_value(c, level, &typed, &has_value);
  if (result != SCU_OK || !has_value) return result;
  if (c->rules->empty_value && is_empty_value_vr(key->vr) && is_quotes(&typed)) {
    key->kind = SCU__KEY_EMPTY;
    return SCU_OK;
  }
  key->kind = kind_for(c, key->vr);
  key->moment = key->vr == SCU_VR_DA   ? SCU__MOMENT_DATE
                : key->vr == SCU_VR_TM ? SCU__MOMENT_TIME
                                       : SCU__MOMENT_DATE_TIME;
  return compile_values(c, key, level, &typed);
}

/* ---- one level ---- */

static scu__key *find_key(scu__key *keys, size_t count, scu_tag tag) {
  for (size_t i = 0; i < count; i++)
    if (keys[i].tag == tag) return &keys[i];
  return NULL;
}

/* C.2.2.2.5.4: one period from the first date and time to the last. Always so for the start of a scheduled step. */
static void join_times(const compiler *c, scu__key *keys, size_t count, scu_tag sequence) {
  for (size_t i = 0; i < count; i++) {
    scu__key *date = &keys[i];
    bool is_start =
        c->rules->is_worklist && sequence == SCU__TAG_SCHEDULED_STEP && date->tag == SCU_TAG(0x0040, 0x0002);
    if (!c->rules->combined_date_time && !is_start) continue;
    if (date->kind != SCU__KEY_MOMENT || date->moment != SCU__MOMENT_DATE || date->value_count != 1) continue;
    scu_tag tag = scu__time_of_date(date->tag);
    scu__key *time = tag != 0 ? find_key(keys, count, tag) : NULL;
    if (!time || time->kind != SCU__KEY_MOMENT || time->moment != SCU__MOMENT_TIME || time->value_count != 1) continue;
    date->time = time;
    time->is_joined = true;
  }
}

static bool has_value(const scu__key *key) {
  return key->kind != SCU__KEY_UNIVERSAL && key->kind != SCU__KEY_UNMATCHED && key->kind != SCU__KEY_SEQUENCE;
}

static scu_result compile_level(compiler *c, const scu_dataset *level, scu__key *parent, scu__key **keys,
                                size_t *count) {
  scu_tag sequence = parent ? parent->tag : 0;
  *keys = take(c, level->count > 0 ? level->count : 1, sizeof **keys);
  *count = 0;
  if (!*keys) return no_memory(c);
  for (size_t i = 0; i < level->count; i++) {
    const scu_element *element = &level->elements[i];
    if (scu__attribute_is_control(element->tag)) continue;
    if (++c->key_count > SCU__KEYS_MAX)
      return refuse(c, SCU_ERROR_LIMIT, element->tag, "is one key more than can be matched");
    scu__key *key = &(*keys)[(*count)++];
    scu_result result = compile_key(c, key, level, element);
    if (result != SCU_OK) return result;
    key->parent = parent;
    for (scu__key *up = has_value(key) ? key : NULL; up; up = up->parent) up->is_matched = true;
  }
  join_times(c, *keys, *count, sequence);
  return SCU_OK;
}

scu_result scu__keys_compile(const scu_dataset *identifier, const scu__key_rules *rules, scu__arena *arena,
                             scu__key **keys, size_t *count, scu_error *error) {
  compiler c = {.rules = rules, .arena = arena, .error = error};
  scu__buffer_init(&c.scratch, arena->allocator, SCU__IDENTIFIER_MAX);
  if (identifier->count > SCU__KEYS_MAX + 64)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_REQUEST,
                          "the identifier has more keys than can be matched");
  scu_result result = compile_level(&c, identifier, NULL, keys, count);
  for (scu__key *key = c.first_pending; result == SCU_OK && key; key = key->next_pending)
    result = compile_level(&c, key->item, key, &key->children, &key->child_count);
  scu__buffer_free(&c.scratch);
  return result;
}
