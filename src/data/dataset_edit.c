/* Changing a tree. Every new value is made first and put in its place last, so a failure leaves the old one. */
#include "data/dataset_edit.h"

#include <string.h>

#include "base/endian.h"
#include "data/dataset_values.h"
#include "data/dictionary.h"
#include "data/element.h"
#include "data/utf8.h"

enum { PATH_SHOWN = 120 };

static scu_result fail_at(scu_error *error, const scu__path *path, const char *reason) {
  char text[PATH_SHOWN];
  scu__path_format(path, text, sizeof text);
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: %s", text, reason);
}

static scu_result out_of_memory(scu_error *error) {
  return scu__error_memory(error, SCU_PHASE_USAGE);
}

/* ---- character set ---- */

static bool shares_charset(const scu_dataset *item, const scu_dataset *root) {
  for (; item != root; item = item->parent)
    if (scu_dataset_find(item, SCU__TAG_SPECIFIC_CHARACTER_SET)) return false;
  return true;
}

static scu_result text_to_utf8(scu_dataset *dataset, scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  const uint8_t *bytes = scu_element_bytes(element);
  if (!info || !info->uses_charset || !bytes || element->is_utf8) return SCU_OK;
  if (scu__is_plain_ascii(bytes, (size_t)element->length, info->may_be_multi)) return SCU_OK;
  const char *utf8;
  size_t length;
  scu_result result = scu__element_utf8(dataset, element, &utf8, &length);
  if (result != SCU_OK) return result;
  uint8_t *copy = scu__arena_take(&dataset->tree->arena, length);
  if (!copy) return SCU_ERROR_MEMORY;
  if (length > 0) memcpy(copy, utf8, length);
  element->as.bytes = copy;
  element->length = length;
  element->is_utf8 = true;
  return SCU_OK;
}

scu_result scu__dataset_texts_to_utf8(scu_dataset *dataset) {
  scu__walk walk;
  scu__walk_start(&walk, dataset);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
    if (!shares_charset(at, dataset)) continue;
    scu_dataset *level = (scu_dataset *)at;
    for (size_t i = 0; i < level->count; i++) {
      scu_result result = text_to_utf8(level, &level->elements[i]);
      if (result != SCU_OK) return result;
    }
  }
  return SCU_OK;
}

static scu_result put_bytes(scu_dataset *dataset, scu_tag tag, scu_vr vr, const void *bytes, size_t length,
                            bool is_utf8) {
  uint8_t *copy = NULL;
  if (length > 0) {
    copy = scu__arena_take(&dataset->tree->arena, length);
    if (!copy) return SCU_ERROR_MEMORY;
    memcpy(copy, bytes, length);
  }
  scu_element *slot = scu__dataset_slot(dataset, tag);
  if (!slot) return SCU_ERROR_MEMORY;
  *slot = (scu_element){.tag = tag, .vr = vr, .is_utf8 = is_utf8, .length = length, .as.bytes = copy};
  return SCU_OK;
}

static void remove_element(scu_dataset *dataset, scu_tag tag) {
  if (!scu_dataset_find(dataset, tag)) return;
  scu_element *element = &dataset->elements[scu__dataset_position(dataset, tag)];
  size_t after = (size_t)(dataset->elements + dataset->count - element) - 1;
  memmove(element, element + 1, after * sizeof *element);
  dataset->count--;
}

static scu_result set_charset(scu_dataset *dataset, const char *defined_terms, scu_error *error) {
  scu__charset charset = scu__charset_parse((const uint8_t *)defined_terms, strlen(defined_terms));
  if (charset.has_unknown_term)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "\"%.60s\" is not a character set of DICOM (0008,0005)", defined_terms);
  char text[SCU__CHARSET_TEXT_MAX];
  size_t length = scu__charset_text(&charset, text);
  scu_result result = scu__dataset_texts_to_utf8(dataset);
  /* At the root ASCII is said by leaving the element out; an item must overrule what it would inherit. */
  if (result == SCU_OK && length == 0 && !dataset->parent) {
    remove_element(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET);
  } else if (result == SCU_OK) {
    result = put_bytes(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET, SCU_VR_CS, text, length, false);
  }
  if (result != SCU_OK) return out_of_memory(error);
  dataset->has_fixed_charset = true;
  return SCU_OK;
}

static bool is_blank(const scu_element *element) {
  const uint8_t *bytes = scu_element_bytes(element);
  for (size_t i = 0; bytes && i < element->length; i++)
    if (bytes[i] != ' ' && bytes[i] != 0) return false;
  return true;
}

static bool has_charset_in_force(const scu_dataset *dataset) {
  const scu_dataset *owner = scu__dataset_charset_owner(dataset);
  return owner && !is_blank(scu_dataset_find(owner, SCU__TAG_SPECIFIC_CHARACTER_SET));
}

static bool is_more_than_ascii(const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  const uint8_t *bytes = info && info->uses_charset ? scu_element_bytes(element) : NULL;
  for (size_t i = 0; bytes && i < element->length; i++)
    if (bytes[i] >= 0x80 || bytes[i] == 0x1B) return true;
  return false;
}

bool scu__dataset_lacks_charset(const scu_dataset *dataset) {
  scu__walk walk;
  scu__walk_start(&walk, dataset);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;)
    for (size_t i = 0; i < at->count; i++)
      if (is_more_than_ascii(&at->elements[i]) && !has_charset_in_force(at)) return true;
  return false;
}

scu_result scu__dataset_assume_charset(scu_dataset *dataset, const char *defined_terms) {
  return put_bytes(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET, SCU_VR_CS, defined_terms, strlen(defined_terms), false);
}

/* ---- values from text ---- */

/* xs in the dictionary: US or SS, by the Pixel Representation of this level or one around it (PS3.5 7.8). */
static scu_vr settle_sign(const scu_dataset *level, const scu__dictionary_entry *entry) {
  if (entry->vr != SCU_VR_US || (entry->other_vr[0] != SCU_VR_SS && entry->other_vr[1] != SCU_VR_SS)) return entry->vr;
  for (; level; level = level->parent) {
    int64_t is_signed;
    if (scu__dataset_tag_integer(level, SCU__TAG_PIXEL_REPRESENTATION, &is_signed) == SCU_OK)
      return is_signed == 1 ? SCU_VR_SS : SCU_VR_US;
  }
  return SCU_VR_US;
}

static scu_vr vr_for(const scu_dataset *level, const scu_element *present, scu_tag tag) {
  if (present && present->vr != SCU_VR_NONE && present->vr != SCU_VR_UN) return present->vr;
  const scu__dictionary_entry *entry = scu__dictionary_find(tag);
  return entry && entry->vr != SCU_VR_NONE ? settle_sign(level, entry) : scu__dictionary_vr(tag);
}

static bool integer_fits(const scu__vr_info *info, int64_t value) {
  unsigned bits = info->unit * 8u;
  if (bits == 64) return info->kind == SCU__VALUE_SIGNED || value >= 0;
  if (info->kind == SCU__VALUE_UNSIGNED) return value >= 0 && value < INT64_C(1) << bits;
  return value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << (bits - 1);
}

static bool put_integer(scu__buffer *out, const scu__vr_info *info, const char *text, size_t length) {
  int64_t value;
  bool fits;
  if (!scu__decimal_to_integer(text, length, &value, &fits) || !fits || !integer_fits(info, value)) return false;
  for (unsigned i = 0; i < info->unit; i++) scu__put_u8(out, (uint8_t)((uint64_t)value >> 8 * i));
  return true;
}

static bool put_float(scu__buffer *out, const scu__vr_info *info, const char *text, size_t length) {
  uint64_t bits = 0;
  uint32_t narrow = 0;
  if (info->unit == 8 && !scu__decimal_to_double(text, length, &bits)) return false;
  if (info->unit == 4 && !scu__decimal_to_float(text, length, &narrow)) return false;
  if (info->unit == 4) bits = narrow;
  for (unsigned i = 0; i < info->unit; i++) scu__put_u8(out, (uint8_t)(bits >> 8 * i));
  return true;
}

/* A tag as a path of one step would name it. */
static bool put_tag(scu__buffer *out, const char *text, size_t length) {
  char name[81];
  scu__path path;
  if (length >= sizeof name) return false;
  memcpy(name, text, length);
  name[length] = 0;
  if (scu__path_parse(name, &path, NULL) != SCU_OK || path.depth != 1 || path.steps[0].has_item) return false;
  scu__put_u16le(out, SCU_TAG_GROUP(path.steps[0].tag));
  scu__put_u16le(out, SCU_TAG_ELEMENT(path.steps[0].tag));
  return true;
}

static bool put_number(scu__buffer *out, const scu__vr_info *info, const char *text, size_t length) {
  switch (info->kind) {
  case SCU__VALUE_TAG: return put_tag(out, text, length);
  case SCU__VALUE_FLOAT: return put_float(out, info, text, length);
  default: return put_integer(out, info, text, length);
  }
}

/* All values of a binary VR, into the scratch buffer. */
static bool put_numbers(scu__buffer *out, const scu__vr_info *info, const char *text) {
  scu__buffer_clear(out);
  if (*text == 0) return true;
  for (;;) {
    size_t length = strcspn(text, "\\");
    if (!put_number(out, info, text, length)) return false;
    if (text[length] == 0) return true;
    text += length + 1;
  }
}

/* ---- places ---- */

/* The level of the last step as far as it exists: NULL when something on the way is missing. */
static const scu_dataset *existing_level(const scu_dataset *dataset, const scu__path *path) {
  for (size_t i = 0; dataset && i + 1 < path->depth; i++) {
    const scu_element *element = scu_dataset_find(dataset, path->steps[i].tag);
    dataset = element ? scu_element_item(element, path->steps[i].item) : NULL;
  }
  return dataset;
}

static scu_result append_item(scu_dataset *dataset, scu_element *element, scu_dataset **item) {
  if (element->count == element->capacity) {
    uint32_t capacity = element->capacity < 2 ? 2 : element->capacity * 2;
    if (capacity <= element->capacity) return SCU_ERROR_LIMIT;
    scu_dataset **items = scu__arena_take(&dataset->tree->arena, capacity * sizeof *items);
    if (!items) return SCU_ERROR_MEMORY;
    if (element->count > 0) memcpy(items, element->as.items, element->count * sizeof *items);
    element->as.items = items;
    element->capacity = capacity;
  }
  *item = scu__dataset_new_item(dataset);
  if (!*item) return SCU_ERROR_MEMORY;
  element->as.items[element->count++] = *item;
  return SCU_OK;
}

/* What stands at `tag` is a sequence, or may become one: nothing, or an element without value. */
static bool may_be_sequence(const scu_element *present, scu_tag tag) {
  if (present && present->content == SCU__CONTENT_ITEMS) return true;
  if (present && (present->content != SCU__CONTENT_VALUE || present->length > 0)) return false;
  return present && present->vr == SCU_VR_SQ ? true : scu__dictionary_vr(tag) == SCU_VR_SQ;
}

/* An empty sequence at `tag`, or the one that is there. NULL when there is no memory. */
static scu_element *sequence_slot(scu_dataset *dataset, scu_tag tag) {
  scu_element *slot = scu__dataset_slot(dataset, tag);
  if (slot && slot->content != SCU__CONTENT_ITEMS)
    *slot = (scu_element){.tag = tag, .vr = SCU_VR_SQ, .content = SCU__CONTENT_ITEMS};
  return slot;
}

/* Checks the steps that go into items, without changing anything. */
static scu_result check_way(const scu_dataset *dataset, const scu__path *path, scu_error *error) {
  unsigned depth = dataset->depth;
  for (size_t i = 0; i < path->depth && path->steps[i].has_item; i++) {
    const scu__path_step *step = &path->steps[i];
    const scu_element *present = dataset ? scu_dataset_find(dataset, step->tag) : NULL;
    scu__path way = *path;
    way.depth = i + 1;
    if (!may_be_sequence(present, step->tag)) return fail_at(error, &way, "not a sequence");
    if (++depth > SCU__NESTING_MAX)
      return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_USAGE, "more than %d sequences inside each other",
                            SCU__NESTING_MAX);
    size_t count = present ? scu_element_item_count(present) : 0;
    if (step->item > count) return fail_at(error, &way, "the items before this one are missing");
    dataset = step->item < count ? scu_element_item(present, step->item) : NULL;
  }
  return SCU_OK;
}

/* Goes the way of the first `steps` steps, making what is missing. */
static scu_result make_way(scu_dataset *dataset, const scu__path *path, size_t steps, scu_dataset **level) {
  for (size_t i = 0; i < steps; i++) {
    scu_element *slot = sequence_slot(dataset, path->steps[i].tag);
    if (!slot) return SCU_ERROR_MEMORY;
    scu_dataset *item;
    if (path->steps[i].item < slot->count) {
      item = slot->as.items[path->steps[i].item];
    } else {
      scu_result result = append_item(dataset, slot, &item);
      if (result != SCU_OK) return result;
    }
    dataset = item;
  }
  *level = dataset;
  return SCU_OK;
}

/* ---- setting ---- */

static scu_result set_numbers(scu_dataset *dataset, const scu__path *path, const scu__vr_info *info, const char *text,
                              scu_error *error) {
  scu__buffer *scratch = &dataset->tree->scratch;
  if (!put_numbers(scratch, info, text))
    return fail_at(error, path,
                   info->kind == SCU__VALUE_TAG ? "not an attribute tag" : "not a number that fits its VR");
  scu_dataset *level;
  scu_result result = scu__buffer_result(scratch);
  if (result == SCU_OK) result = make_way(dataset, path, path->depth - 1, &level);
  if (result == SCU_OK)
    result = put_bytes(level, path->steps[path->depth - 1].tag, info->vr, scratch->data, scratch->length, false);
  return result == SCU_OK ? SCU_OK : out_of_memory(error);
}

scu_result scu__dataset_set_text(scu_dataset *dataset, const scu__path *path, const char *utf8, scu_error *error) {
  const scu__path_step *last = &path->steps[path->depth - 1];
  scu_result result = check_way(dataset, path, error);
  if (result != SCU_OK) return result;
  if (last->has_item) return fail_at(error, path, "an item has no value; name an element in it");
  if (!utf8) return fail_at(error, path, "no text was given");
  size_t length = strlen(utf8);
  if (!scu__utf8_is_valid((const uint8_t *)utf8, length)) return fail_at(error, path, "the text is not UTF-8");
  const scu_dataset *present_level = existing_level(dataset, path);
  const scu_element *present = present_level ? scu_dataset_find(present_level, last->tag) : NULL;
  scu_vr vr = vr_for(present_level ? present_level : dataset, present, last->tag);
  const scu__vr_info *info = scu__vr_find(vr);
  if (vr == SCU_VR_UN || !info) return fail_at(error, path, "the VR of this element is not known; set it as bytes");
  if (info->kind >= SCU__VALUE_WORDS)
    return fail_at(error, path,
                   vr == SCU_VR_SQ ? "a sequence has items, not text" : "a bulk value cannot be set as text");
  if (!info->is_text) return set_numbers(dataset, path, info, utf8, error);
  scu_dataset *level;
  if (make_way(dataset, path, path->depth - 1, &level) != SCU_OK) return out_of_memory(error);
  if (last->tag == SCU__TAG_SPECIFIC_CHARACTER_SET) return set_charset(level, utf8, error);
  return put_bytes(level, last->tag, vr, utf8, length, true) == SCU_OK ? SCU_OK : out_of_memory(error);
}

scu_result scu__dataset_set_tag_text(scu_dataset *dataset, scu_tag tag, const char *utf8, scu_error *error) {
  scu__path path = scu__path_of_tag(tag);
  return scu__dataset_set_text(dataset, &path, utf8, error);
}

scu_result scu__dataset_set_empty(scu_dataset *dataset, const scu__path *path, scu_error *error) {
  scu_result result = check_way(dataset, path, error);
  if (result != SCU_OK) return result;
  const scu__path_step *last = &path->steps[path->depth - 1];
  scu_dataset *level;
  if (last->has_item) {
    if (make_way(dataset, path, path->depth, &level) != SCU_OK) return out_of_memory(error);
    if (scu_dataset_find(level, SCU__TAG_SPECIFIC_CHARACTER_SET) && scu__dataset_texts_to_utf8(level) != SCU_OK)
      return out_of_memory(error);
    level->count = 0;
    level->has_fixed_charset = false;
    return SCU_OK;
  }
  if (make_way(dataset, path, path->depth - 1, &level) != SCU_OK) return out_of_memory(error);
  const scu_element *present = scu_dataset_find(level, last->tag);
  scu_vr vr = present && present->vr != SCU_VR_NONE ? present->vr : vr_for(level, NULL, last->tag);
  if (last->tag == SCU__TAG_SPECIFIC_CHARACTER_SET && scu__dataset_texts_to_utf8(level) != SCU_OK)
    return out_of_memory(error);
  if (vr == SCU_VR_SQ) {
    scu_element *slot = scu__dataset_slot(level, last->tag);
    if (!slot) return out_of_memory(error);
    *slot = (scu_element){.tag = last->tag, .vr = vr, .content = SCU__CONTENT_ITEMS};
    return SCU_OK;
  }
  return put_bytes(level, last->tag, vr, NULL, 0, false) == SCU_OK ? SCU_OK : out_of_memory(error);
}

scu_result scu__dataset_set_bytes(scu_dataset *dataset, scu_tag tag, scu_vr vr, const void *bytes, size_t length,
                                  scu_error *error) {
  scu__path path = scu__path_of_tag(tag);
  if (SCU_TAG_GROUP(tag) == 0xFFFE) return fail_at(error, &path, "an item or delimiter is not an element");
  if (vr == SCU_VR_SQ) return fail_at(error, &path, "a sequence has items, not bytes");
  if (!scu__vr_is_plausible(vr)) return fail_at(error, &path, "no such VR");
  if (!bytes && length > 0) return fail_at(error, &path, "no bytes were given");
  if (length > UINT32_MAX - 1) return fail_at(error, &path, "longer than a 32-bit length can say");
  if (tag == SCU__TAG_SPECIFIC_CHARACTER_SET) {
    if (scu__dataset_texts_to_utf8(dataset) != SCU_OK) return out_of_memory(error);
    dataset->has_fixed_charset = false;
  }
  return put_bytes(dataset, tag, vr, bytes, length, false) == SCU_OK ? SCU_OK : out_of_memory(error);
}

static void remove_item(scu_element *element, uint32_t index) {
  memmove(element->as.items + index, element->as.items + index + 1,
          (element->count - index - 1) * sizeof *element->as.items);
  element->count--;
}

scu_result scu__dataset_remove(scu_dataset *dataset, const scu__path *path, scu_error *error) {
  const scu_dataset *found_in;
  const scu__path_step *last = &path->steps[path->depth - 1];
  if (!scu__dataset_at_path(dataset, path, &found_in)) return SCU_END;
  scu_dataset *level = (scu_dataset *)found_in;
  if (last->has_item) {
    scu_element *sequence = &level->elements[scu__dataset_position(level, last->tag)];
    if (last->item >= scu_element_item_count(sequence)) return SCU_END;
    remove_item(sequence, last->item);
    return SCU_OK;
  }
  if (last->tag == SCU__TAG_SPECIFIC_CHARACTER_SET) {
    if (scu__dataset_texts_to_utf8(level) != SCU_OK) return out_of_memory(error);
    level->has_fixed_charset = false;
  }
  remove_element(level, last->tag);
  return SCU_OK;
}

/* ---- public ---- */

static scu_error *fresh_error(scu_dataset *dataset) {
  scu__error_clear(&dataset->tree->error);
  return &dataset->tree->error;
}

scu_result scu_dataset_set_text(scu_dataset *dataset, const char *path, const char *utf8) {
  scu__path parsed;
  scu_error *error = fresh_error(dataset);
  scu_result result = scu__path_parse(path, &parsed, error);
  return result == SCU_OK ? scu__dataset_set_text(dataset, &parsed, utf8, error) : result;
}

scu_result scu_dataset_set_bytes(scu_dataset *dataset, scu_tag tag, scu_vr vr, const void *bytes, size_t length) {
  return scu__dataset_set_bytes(dataset, tag, vr, bytes, length, fresh_error(dataset));
}

scu_result scu_dataset_set_empty(scu_dataset *dataset, const char *path) {
  scu__path parsed;
  scu_error *error = fresh_error(dataset);
  scu_result result = scu__path_parse(path, &parsed, error);
  return result == SCU_OK ? scu__dataset_set_empty(dataset, &parsed, error) : result;
}

scu_result scu_dataset_set_charset(scu_dataset *dataset, const char *defined_terms) {
  scu_error *error = fresh_error(dataset);
  if (!defined_terms) return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no character set was given");
  return set_charset(dataset, defined_terms, error);
}

scu_result scu_dataset_add_item(scu_dataset *dataset, scu_tag tag, scu_dataset **borrowed_item) {
  scu_error *error = fresh_error(dataset);
  *borrowed_item = NULL;
  scu__path path = scu__path_of_tag(tag);
  const scu_element *present = scu_dataset_find(dataset, tag);
  bool is_free = !present || (present->content == SCU__CONTENT_VALUE && present->length == 0);
  if (SCU_TAG_GROUP(tag) == 0xFFFE || !(is_free || present->content == SCU__CONTENT_ITEMS))
    return fail_at(error, &path, "not a sequence");
  if (dataset->depth >= SCU__NESTING_MAX)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_USAGE, "more than %d sequences inside each other",
                          SCU__NESTING_MAX);
  scu_element *slot = sequence_slot(dataset, tag);
  return slot && append_item(dataset, slot, borrowed_item) == SCU_OK ? SCU_OK : out_of_memory(error);
}

scu_result scu_dataset_remove(scu_dataset *dataset, const char *path) {
  scu__path parsed;
  scu_error *error = fresh_error(dataset);
  scu_result result = scu__path_parse(path, &parsed, error);
  return result == SCU_OK ? scu__dataset_remove(dataset, &parsed, error) : result;
}
