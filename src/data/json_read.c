/* The DICOM JSON model (PS3.18 F.2) into a tree, with a stack of levels instead of recursion. Values go in as text, so
 * they are judged as those of scu_dataset_set_text are. */
#include <string.h>

#include "data/dataset.h"
#include "data/dictionary.h"
#include "data/json_lexer.h"
#include "data/vr.h"

enum {
  JSON_MAX = 16 * 1024 * 1024,
  /* F.2.2 wants tags in rising order; each that is not costs a move of those behind it. */
  DISORDER_MAX = 1000
};

typedef enum place { IN_DATASET, IN_ELEMENT, IN_ITEMS } place;

typedef struct level {
  scu_dataset *dataset;
  place place;
  bool is_first_element, is_first_member, is_first_item;
  bool has_value; /* "Value" or "InlineBinary" was there */
  scu_tag tag;
  scu_vr vr;
} level;

typedef struct json_reader {
  scu__json json;
  scu__buffer values, groups[3];
  size_t count, disorder; /* elements and items; elements out of order */
  size_t depth;
  level levels[SCU__NESTING_MAX + 1];
} json_reader;

static scu_result malformed(json_reader *reader, const char *reason) {
  return scu__json_fault(&reader->json, SCU_ERROR_MALFORMED, reason);
}

static scu_result out_of_memory(json_reader *reader) {
  return scu__error_memory(reader->json.error, SCU_PHASE_FILE);
}

static scu_result count_one(json_reader *reader) {
  if (++reader->count <= SCU__DATASET_ELEMENTS_MAX) return SCU_OK;
  return scu__json_fault(&reader->json, SCU_ERROR_LIMIT, "too many elements and items");
}

static bool is_name(const char *name, size_t length, const char *wanted) {
  return length == strlen(wanted) && memcmp(name, wanted, length) == 0;
}

/* ---- levels ---- */

static scu_result enter(json_reader *reader, scu_dataset *dataset) {
  reader->levels[reader->depth++] = (level){.dataset = dataset, .place = IN_DATASET, .is_first_element = true};
  return scu__json_expect(&reader->json, '{');
}

static scu_result read_tag(json_reader *reader, scu_tag *tag) {
  const char *name;
  size_t length;
  scu_result result = scu__json_name(&reader->json, &name, &length);
  if (result != SCU_OK) return result;
  *tag = 0;
  for (size_t i = 0; i < length; i++) {
    const char *digits = "0123456789ABCDEF0123456789abcdef", *digit = strchr(digits, name[i]);
    if (!digit || length != 8) return malformed(reader, "the name of an attribute is not eight hexadecimal digits");
    *tag = *tag << 4 | (scu_tag)((digit - digits) & 15);
  }
  bool is_element = length == 8 && SCU_TAG_GROUP(*tag) != 0xFFFE;
  return is_element ? SCU_OK : malformed(reader, "a name that is no attribute tag");
}

/* Looks through the members of an element for its VR, and goes back: it need not stand first. */
static scu_result find_vr(json_reader *reader, scu_tag tag, scu_vr *vr) {
  scu__json *json = &reader->json;
  const char *start = json->at, *name;
  size_t length;
  bool is_first = true;
  scu_result result = SCU_OK;
  *vr = SCU_VR_NONE;
  while (result == SCU_OK && *vr == SCU_VR_NONE && scu__json_peek(json) != '}') {
    result = scu__json_separate(json, &is_first);
    if (result == SCU_OK) result = scu__json_name(json, &name, &length);
    if (result == SCU_OK) result = scu__json_expect(json, ':');
    if (result != SCU_OK) break;
    if (!is_name(name, length, "vr")) {
      result = scu__json_skip(json);
      continue;
    }
    result = scu__json_name(json, &name, &length);
    if (result == SCU_OK && length == 2) *vr = SCU_VR(name[0], name[1]);
    if (result == SCU_OK && !scu__vr_find(*vr)) return malformed(reader, "no such VR");
  }
  json->at = start;
  if (result == SCU_OK && *vr == SCU_VR_NONE) *vr = scu__dictionary_vr(tag);
  return result;
}

/* The element without its value. */
static scu_result make_element(json_reader *reader, level *top) {
  scu_dataset *dataset = top->dataset;
  if (scu_dataset_find(dataset, top->tag)) return malformed(reader, "an attribute stands twice in a dataset");
  bool is_in_order = dataset->count == 0 || dataset->elements[dataset->count - 1].tag < top->tag;
  if (!is_in_order && ++reader->disorder > DISORDER_MAX)
    return scu__json_fault(&reader->json, SCU_ERROR_LIMIT, "too many attributes are out of order");
  if (top->vr != SCU_VR_SQ) return scu__dataset_set_bytes(dataset, top->tag, top->vr, NULL, 0, reader->json.error);
  scu_element *slot = scu__dataset_slot(dataset, top->tag);
  if (!slot) return out_of_memory(reader);
  *slot = (scu_element){.tag = top->tag, .vr = SCU_VR_SQ, .content = SCU__CONTENT_ITEMS};
  return SCU_OK;
}

static scu_result step_dataset(json_reader *reader, level *top) {
  scu__json *json = &reader->json;
  if (scu__json_take(json, '}')) {
    reader->depth--;
    return SCU_OK;
  }
  scu_result result = scu__json_separate(json, &top->is_first_element);
  if (result == SCU_OK) result = count_one(reader);
  if (result == SCU_OK) result = read_tag(reader, &top->tag);
  if (result == SCU_OK) result = scu__json_expect(json, ':');
  if (result == SCU_OK) result = scu__json_expect(json, '{');
  if (result == SCU_OK) result = find_vr(reader, top->tag, &top->vr);
  if (result == SCU_OK) result = make_element(reader, top);
  top->place = IN_ELEMENT;
  top->is_first_member = true;
  top->has_value = false;
  return result;
}

static scu_result step_items(json_reader *reader, level *top) {
  scu__json *json = &reader->json;
  scu_dataset *item;
  if (scu__json_take(json, ']')) {
    top->place = IN_ELEMENT;
    return SCU_OK;
  }
  scu_result result = scu__json_separate(json, &top->is_first_item);
  if (result == SCU_OK) result = count_one(reader);
  if (result != SCU_OK) return result;
  bool is_empty = scu__json_peek(json) == 'n'; /* F.2.5: an empty item may be null */
  if (reader->depth > SCU__NESTING_MAX)
    return scu__json_fault(json, SCU_ERROR_LIMIT, "too many sequences inside each other");
  if (scu_dataset_add_item(top->dataset, top->tag, &item) != SCU_OK) return out_of_memory(reader);
  return is_empty ? scu__json_null(json) : enter(reader, item);
}

/* ---- values ---- */

/* {"Alphabetic":"Doe^J", ...}, joined to the text that PS3.5 6.2 makes of it. */
static scu_result read_name(json_reader *reader) {
  static const char *const names[] = {"Alphabetic", "Ideographic", "Phonetic"};
  scu__json *json = &reader->json;
  const char *name;
  size_t length;
  bool is_first = true;
  scu_result result = scu__json_expect(json, '{');
  for (size_t i = 0; i < 3; i++) scu__buffer_clear(&reader->groups[i]);
  while (result == SCU_OK && !scu__json_take(json, '}')) {
    result = scu__json_separate(json, &is_first);
    if (result == SCU_OK) result = scu__json_name(json, &name, &length);
    if (result == SCU_OK) result = scu__json_expect(json, ':');
    if (result != SCU_OK) return result;
    size_t group = 0;
    while (group < 3 && !is_name(name, length, names[group])) group++;
    bool is_text = group < 3 && scu__json_peek(json) == '"';
    if (is_text) scu__buffer_clear(&reader->groups[group]);
    result = is_text ? scu__json_string(json, &reader->groups[group]) : scu__json_skip(json);
  }
  if (result != SCU_OK) return result;
  size_t used = 3;
  while (used > 0 && reader->groups[used - 1].length == 0) used--;
  for (size_t i = 0; i < used; i++) {
    if (i > 0) scu__put_u8(&reader->values, '=');
    scu__put_bytes(&reader->values, reader->groups[i].data, reader->groups[i].length);
  }
  return SCU_OK;
}

static scu_result read_value(json_reader *reader, scu_vr vr) {
  const char *number;
  size_t length;
  char c = scu__json_peek(&reader->json);
  if (c == '"') return scu__json_string(&reader->json, &reader->values);
  if (c == 'n') return scu__json_null(&reader->json);
  if (c == '{' && vr == SCU_VR_PN) return read_name(reader);
  scu_result result = scu__json_number(&reader->json, &number, &length);
  if (result == SCU_OK) scu__put_bytes(&reader->values, number, length);
  return result;
}

/* The words of a fault say tag and reason; the fault is the file's, not the caller's. */
static scu_result set_text(json_reader *reader, const level *top) {
  scu_error error;
  scu__error_clear(&error);
  scu__path path = scu__path_of_tag(top->tag);
  scu_result result = scu__dataset_set_text(top->dataset, &path, (const char *)reader->values.data, &error);
  if (result == SCU_OK) return SCU_OK;
  if (result == SCU_ERROR_MEMORY) return out_of_memory(reader);
  return malformed(reader, scu_error_reason(&error));
}

static scu_result read_values(json_reader *reader, const level *top) {
  bool is_first = true;
  scu__buffer_clear(&reader->values);
  scu_result result = scu__json_expect(&reader->json, '[');
  while (result == SCU_OK && !scu__json_take(&reader->json, ']')) {
    if (!is_first) scu__put_u8(&reader->values, '\\');
    result = scu__json_separate(&reader->json, &is_first);
    if (result == SCU_OK) result = read_value(reader, top->vr);
  }
  if (result != SCU_OK) return result;
  bool is_empty = reader->values.length == 0;
  scu__put_u8(&reader->values, 0);
  if (scu__buffer_result(&reader->values) != SCU_OK) return out_of_memory(reader);
  return is_empty ? SCU_OK : set_text(reader, top);
}

static int digit_of_base64(char c) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *found = c ? strchr(digits, c) : NULL;
  return found ? (int)(found - digits) : -1;
}

/* RFC 4648 4, in place. False when it is not base64, padding included. */
static bool decode_base64(scu__buffer *text) {
  size_t padding = 0, made = 0;
  if (text->length % 4 != 0) return false;
  while (padding < 2 && padding < text->length && text->data[text->length - 1 - padding] == '=') padding++;
  for (size_t i = 0; i < text->length; i += 4) {
    uint32_t word = 0;
    size_t last = i + 4 == text->length ? 4 - padding : 4;
    for (size_t j = 0; j < 4; j++) {
      int digit = j < last ? digit_of_base64((char)text->data[i + j]) : 0;
      if (digit < 0) return false;
      word = word << 6 | (uint32_t)digit;
    }
    if (last < 4 && (word & ((1u << 8 * (4 - last)) - 1)) != 0) return false; /* bits that nobody would see */
    for (size_t j = 0; j + 1 < last; j++) text->data[made++] = (uint8_t)(word >> (16 - 8 * j));
  }
  text->length = made;
  return true;
}

static scu_result read_binary(json_reader *reader, const level *top) {
  const scu__vr_info *info = scu__vr_find(top->vr);
  if (info->kind < SCU__VALUE_WORDS || top->vr == SCU_VR_SQ) return malformed(reader, "this VR has no InlineBinary");
  scu__buffer_clear(&reader->values);
  scu_result result = scu__json_string(&reader->json, &reader->values);
  if (result != SCU_OK) return result;
  if (!decode_base64(&reader->values)) return malformed(reader, "InlineBinary is not base64");
  return scu__dataset_set_bytes(top->dataset, top->tag, top->vr, reader->values.data, reader->values.length,
                                reader->json.error);
}

static scu_result read_content(json_reader *reader, level *top, bool is_binary) {
  if (top->has_value) return malformed(reader, "an element has two values");
  top->has_value = true;
  if (is_binary) return read_binary(reader, top);
  if (top->vr != SCU_VR_SQ) return read_values(reader, top);
  top->place = IN_ITEMS;
  top->is_first_item = true;
  return scu__json_expect(&reader->json, '[');
}

static scu_result step_element(json_reader *reader, level *top) {
  scu__json *json = &reader->json;
  const char *name;
  size_t length;
  if (scu__json_take(json, '}')) {
    top->place = IN_DATASET;
    return SCU_OK;
  }
  scu_result result = scu__json_separate(json, &top->is_first_member);
  if (result == SCU_OK) result = scu__json_name(json, &name, &length);
  if (result == SCU_OK) result = scu__json_expect(json, ':');
  if (result != SCU_OK) return result;
  if (is_name(name, length, "Value")) return read_content(reader, top, false);
  if (is_name(name, length, "InlineBinary")) return read_content(reader, top, true);
  if (is_name(name, length, "BulkDataURI"))
    return scu__json_fault(json, SCU_ERROR_UNSUPPORTED, "values elsewhere (BulkDataURI) are not fetched");
  return scu__json_skip(json);
}

/* ---- the whole ---- */

static scu_result read_dataset(json_reader *reader, scu_dataset *dataset) {
  scu__json *json = &reader->json;
  bool is_in_array = scu__json_take(json, '['); /* F.2.1: several objects are an array; one may be, too */
  scu_result result = enter(reader, dataset);
  while (result == SCU_OK && reader->depth > 0) {
    level *top = &reader->levels[reader->depth - 1];
    switch (top->place) {
    case IN_DATASET: result = step_dataset(reader, top); break;
    case IN_ELEMENT: result = step_element(reader, top); break;
    case IN_ITEMS: result = step_items(reader, top); break;
    }
  }
  if (result == SCU_OK && is_in_array) {
    if (scu__json_peek(json) == ',') return malformed(reader, "more than one dataset");
    result = scu__json_expect(json, ']');
  }
  scu__json_peek(json);
  return result == SCU_OK && json->at < json->end ? malformed(reader, "something behind the dataset") : result;
}

scu_result scu_dataset_read_json(const scu_allocator *allocator, const char *json, size_t length, scu_dataset **out) {
  scu_result result = scu_dataset_new(allocator, out);
  if (result != SCU_OK) return result;
  scu_error *error = &(*out)->tree->error;
  if (length > JSON_MAX)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_FILE, "JSON: longer than %d bytes", JSON_MAX);
  json_reader *reader = scu__alloc(allocator, sizeof *reader);
  if (!reader) return scu__error_memory(error, SCU_PHASE_FILE);
  scu_error fault; /* the tree's own is cleared by calls that change it */
  scu__error_clear(&fault);
  scu__json_start(&reader->json, json, length, &fault);
  scu__buffer_init(&reader->values, allocator, JSON_MAX);
  for (size_t i = 0; i < 3; i++) scu__buffer_init(&reader->groups[i], allocator, JSON_MAX);
  result = read_dataset(reader, *out);
  scu__buffer_free(&reader->values);
  for (size_t i = 0; i < 3; i++) scu__buffer_free(&reader->groups[i]);
  scu__free(allocator, reader);
  if (result != SCU_OK) scu__error_copy(error, &fault);
  return result;
}
