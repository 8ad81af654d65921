/* Reading values: text in UTF-8, integers (PS3.5 6.2). */
#include "data/dataset_values.h"

#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "data/utf8.h"

/* ---- text ---- */

bool scu__is_plain_ascii(const uint8_t *bytes, size_t length, bool backslash_is_plain) {
  for (size_t i = 0; i < length; i++) {
    uint8_t c = bytes[i];
    /* 5C and 7E are yen and overline under JIS X 0201. */
    if (c >= 0x7E || c == 0x1B || (c == '\\' && !backslash_is_plain)) return false;
  }
  return true;
}

scu_result scu__element_utf8(const scu_dataset *dataset, const scu_element *element, const char **utf8,
                             size_t *length) {
  const uint8_t *bytes = scu_element_bytes(element);
  const scu__vr_info *info = scu__vr_find(element->vr);
  *utf8 = bytes ? (const char *)bytes : "";
  *length = bytes ? (size_t)element->length : 0;
  if (!bytes || element->is_utf8 || scu__is_plain_ascii(bytes, *length, !info || info->may_be_multi)) return SCU_OK;
  scu__buffer *scratch = &dataset->tree->scratch;
  scu__charset charset = scu__dataset_charset(dataset);
  scu__buffer_clear(scratch);
  scu_result result = scu__charset_to_utf8(&charset, element->vr, bytes, *length, scratch, NULL);
  *utf8 = scratch->data ? (const char *)scratch->data : "";
  *length = scratch->length;
  return result;
}

/* ---- values one by one ---- */

scu_result scu__values_open(scu__values *values, const scu_dataset *dataset, const scu_element *element) {
  *values = (scu__values){.is_done = true, .info = scu__vr_find(element->vr)};
  if (!values->info || element->content != SCU__CONTENT_VALUE || element->is_left_out) return SCU_ERROR_UNSUPPORTED;
  if (values->info->kind >= SCU__VALUE_WORDS) return SCU_ERROR_UNSUPPORTED;
  values->at = element->as.bytes;
  values->left = (size_t)element->length;
  if (values->info->is_text) {
    const char *utf8;
    scu_result result = scu__element_utf8(dataset, element, &utf8, &values->left);
    if (result != SCU_OK) return result;
    values->at = (const uint8_t *)utf8;
  }
  if (values->left < values->info->unit) return SCU_END;
  values->is_done = false;
  return SCU_OK;
}

static void trim(const scu__vr_info *info, const char **text, size_t *length) {
  /* NUL is the padding of UI, and a common slip elsewhere. */
  while (*length > 0 && (*text)[*length - 1] == 0) (*length)--;
  if (info->trims_trailing)
    while (*length > 0 && ((*text)[*length - 1] == ' ' || (*text)[*length - 1] == 0)) (*length)--;
  if (!info->trims_leading) return;
  while (*length > 0 && **text == ' ') {
    (*text)++;
    (*length)--;
  }
}

static void next_text(scu__values *values, const char **text, size_t *length) {
  const uint8_t *delimiter = values->info->may_be_multi ? memchr(values->at, '\\', values->left) : NULL;
  *text = (const char *)values->at;
  *length = delimiter ? (size_t)(delimiter - values->at) : values->left;
  if (delimiter) {
    values->left -= *length + 1;
    values->at = delimiter + 1;
  } else {
    values->is_done = true;
  }
  trim(values->info, text, length);
}

static uint64_t load_unsigned(const uint8_t *bytes, unsigned unit) {
  uint64_t value = 0;
  for (unsigned i = unit; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

static int64_t load_signed(const uint8_t *bytes, unsigned unit) {
  uint64_t value = load_unsigned(bytes, unit), sign = UINT64_C(1) << (unit * 8 - 1);
  /* Two's complement by arithmetic that is defined for every value. */
  return value & sign ? -(int64_t)(~value & (sign - 1)) - 1 : (int64_t)value;
}

static scu_tag load_tag(const uint8_t *bytes) {
  return SCU_TAG(scu__load_u16le(bytes), scu__load_u16le(bytes + 2));
}

static size_t format_binary(const scu__vr_info *info, const uint8_t *bytes, char *to) {
  switch (info->kind) {
  case SCU__VALUE_UNSIGNED: return scu__decimal_from_unsigned(load_unsigned(bytes, info->unit), to);
  case SCU__VALUE_SIGNED: return scu__decimal_from_signed(load_signed(bytes, info->unit), to);
  case SCU__VALUE_TAG: return (size_t)snprintf(to, SCU__DECIMAL_MAX, "%08X", (unsigned)load_tag(bytes));
  default:
    if (info->unit == 4) return scu__decimal_from_float(scu__load_u32le(bytes), to);
    return scu__decimal_from_double(load_unsigned(bytes, 8), to);
  }
}

bool scu__values_next(scu__values *values, const char **text, size_t *length) {
  if (values->is_done) return false;
  if (values->info->is_text) {
    next_text(values, text, length);
    return true;
  }
  *text = values->number;
  *length = format_binary(values->info, values->at, values->number);
  values->at += values->info->unit;
  values->left -= values->info->unit;
  values->is_done = values->left < values->info->unit; /* a value that is cut off does not count */
  return true;
}

void scu__name_group(const char *name, size_t length, unsigned group, const char **text, size_t *text_length) {
  const char *end = name + length;
  for (; group > 0; group--) {
    const char *delimiter = name < end ? memchr(name, '=', (size_t)(end - name)) : NULL;
    name = delimiter ? delimiter + 1 : end;
  }
  const char *delimiter = name < end ? memchr(name, '=', (size_t)(end - name)) : NULL;
  if (delimiter) end = delimiter;
  while (name < end && *name == ' ') name++;
  while (name < end && end[-1] == ' ') end--;
  *text = name;
  *text_length = (size_t)(end - name);
}

void scu__swap_words(uint8_t *bytes, size_t length, scu_vr vr) {
  const scu__vr_info *info = scu__vr_find(vr);
  size_t unit = !info ? 1 : info->kind == SCU__VALUE_TAG ? 2 : info->swap_unit;
  if (unit < 2) return;
  for (size_t at = 0; length - at >= unit; at += unit) {
    for (size_t i = 0; i < unit / 2; i++) {
      uint8_t byte = bytes[at + i];
      bytes[at + i] = bytes[at + unit - 1 - i];
      bytes[at + unit - 1 - i] = byte;
    }
  }
}

/* ---- into the caller's room ---- */

typedef struct text_out {
  char *to;
  size_t length, room;
  bool is_cut;
} text_out;

/* Whole characters only; a NUL inside would hide the rest from C, and becomes U+FFFD. */
static void put_text(text_out *out, const char *text, size_t length) {
  while (length > 0 && !out->is_cut) {
    uint32_t code_point;
    size_t size = scu__utf8_decode((const uint8_t *)text, length, &code_point), step = size;
    const char *from = text;
    if (size == 0 || code_point == 0) {
      from = "\xEF\xBF\xBD";
      size = 3;
      step = 1;
    }
    if (out->room == 0 || size > out->room - 1 - out->length) {
      out->is_cut = true;
      return;
    }
    memcpy(out->to + out->length, from, size);
    out->length += size;
    text += step;
    length -= step;
  }
}

static scu_result end_text(text_out *out) {
  if (out->room > 0) out->to[out->length] = 0;
  return out->is_cut || out->room == 0 ? SCU_ERROR_LIMIT : SCU_OK;
}

/* UN from implicit VR is text more often than not: taken as such when it is printable ASCII and nothing else. */
static scu_result unknown_text(const scu_element *element, text_out *out) {
  const uint8_t *bytes = scu_element_bytes(element);
  size_t length = bytes ? (size_t)element->length : 0;
  if (element->vr != SCU_VR_UN || element->content != SCU__CONTENT_VALUE || element->is_left_out)
    return SCU_ERROR_UNSUPPORTED;
  while (length > 0 && (bytes[length - 1] == 0 || bytes[length - 1] == ' ')) length--;
  for (size_t i = 0; i < length; i++)
    if (bytes[i] < 0x20 || bytes[i] > 0x7E) return SCU_ERROR_UNSUPPORTED;
  put_text(out, (const char *)bytes, length);
  return SCU_OK;
}

scu_result scu_element_text(const scu_dataset *dataset, const scu_element *element, char *to, size_t room) {
  if (!to && room > 0) return SCU_ERROR_USAGE;
  text_out out = {.to = to, .room = room};
  scu__values values;
  scu_result result = scu__values_open(&values, dataset, element);
  if (result == SCU_ERROR_UNSUPPORTED) result = unknown_text(element, &out);
  const char *text;
  size_t length;
  for (bool is_first = true; !out.is_cut && scu__values_next(&values, &text, &length); is_first = false) {
    if (!is_first) put_text(&out, "\\", 1);
    put_text(&out, text, length);
  }
  scu_result end = end_text(&out);
  return result < 0 ? result : end;
}

scu_result scu_element_value_text(const scu_dataset *dataset, const scu_element *element, size_t index, char *to,
                                  size_t room) {
  if (!to && room > 0) return SCU_ERROR_USAGE;
  text_out out = {.to = to, .room = room};
  scu__values values;
  scu_result result = scu__values_open(&values, dataset, element);
  if (result == SCU_ERROR_UNSUPPORTED && index == 0) {
    result = unknown_text(element, &out);
    if (result == SCU_OK) return element->length > 0 ? end_text(&out) : (end_text(&out), SCU_END);
  }
  const char *text = "";
  size_t length = 0;
  for (size_t i = 0; result == SCU_OK && i <= index; i++)
    if (!scu__values_next(&values, &text, &length)) result = SCU_END;
  if (result == SCU_OK) put_text(&out, text, length);
  scu_result end = end_text(&out);
  return result == SCU_OK ? end : result;
}

size_t scu_element_value_count(const scu_dataset *dataset, const scu_element *element) {
  if (element->content == SCU__CONTENT_ITEMS) return element->count;
  if (element->content == SCU__CONTENT_FRAGMENTS) return 1;
  scu__values values;
  scu_result result = scu__values_open(&values, dataset, element);
  if (result == SCU_ERROR_UNSUPPORTED) return element->length > 0;
  if (result != SCU_OK) return 0;
  if (!values.info->is_text) return values.left / values.info->unit;
  size_t count = 1;
  for (size_t i = 0; values.info->may_be_multi && i < values.left; i++) count += values.at[i] == '\\';
  return count;
}

/* ---- integers ---- */

bool scu__binary_integer(const scu_element *element, const scu__vr_info *info, size_t index, int64_t *out) {
  const uint8_t *bytes = scu_element_bytes(element);
  if (!bytes || index >= (size_t)element->length / info->unit) return false;
  bytes += index * info->unit;
  if (info->kind == SCU__VALUE_TAG) {
    *out = load_tag(bytes);
  } else if (info->kind == SCU__VALUE_SIGNED) {
    *out = load_signed(bytes, info->unit);
  } else {
    uint64_t value = load_unsigned(bytes, info->unit);
    memcpy(out, &value, sizeof *out);
  }
  return true;
}

/* IS and DS: value `index` between backslashes, which are bytes here: no character set applies. */
static scu_result text_integer(const scu_element *element, const scu__vr_info *info, size_t index, int64_t *out) {
  scu__values values = {
      .info = info, .at = scu_element_bytes(element), .left = (size_t)element->length, .is_done = element->length == 0};
  const char *text = "";
  size_t length = 0;
  for (size_t i = 0; i <= index; i++)
    if (!values.at || !scu__values_next(&values, &text, &length)) return SCU_END;
  if (length == 0) return SCU_END;
  bool fits;
  if (!scu__decimal_to_integer(text, length, out, &fits)) return SCU_ERROR_MALFORMED;
  return fits ? SCU_OK : SCU_ERROR_LIMIT;
}

scu_result scu_element_integer(const scu_element *element, size_t index, int64_t *out) {
  *out = 0;
  const scu__vr_info *info = scu__vr_find(element->vr);
  if (!info || element->is_left_out || element->content != SCU__CONTENT_VALUE) return SCU_ERROR_UNSUPPORTED;
  if (info->vr == SCU_VR_IS || info->vr == SCU_VR_DS) return text_integer(element, info, index, out);
  if (info->kind != SCU__VALUE_UNSIGNED && info->kind != SCU__VALUE_SIGNED && info->kind != SCU__VALUE_TAG)
    return SCU_ERROR_UNSUPPORTED;
  if (!scu__binary_integer(element, info, index, out)) return SCU_END;
  if (info->vr != SCU_VR_UV || *out >= 0) return SCU_OK;
  *out = 0;
  return SCU_ERROR_LIMIT;
}

/* ---- by path ---- */

/* Where a path leads: the element and the level it belongs to, which decides its character set. SCU_END when absent. */
typedef struct place {
  const scu_dataset *level;
  const scu_element *element;
} place;

static scu_result locate(const scu_dataset *dataset, const char *path, place *found) {
  scu__path parsed;
  scu_result result = scu__path_parse(path, &parsed, NULL);
  if (result != SCU_OK) return result;
  found->element = scu__dataset_at_path(dataset, &parsed, &found->level);
  return found->element ? SCU_OK : SCU_END;
}

scu_result scu_dataset_text(const scu_dataset *dataset, const char *path, char *to, size_t room) {
  place at;
  if (!to && room > 0) return SCU_ERROR_USAGE;
  if (room > 0) to[0] = 0;
  scu_result result = locate(dataset, path, &at);
  return result == SCU_OK ? scu_element_text(at.level, at.element, to, room) : result;
}

scu_result scu_dataset_value_text(const scu_dataset *dataset, const char *path, size_t index, char *to, size_t room) {
  place at;
  if (!to && room > 0) return SCU_ERROR_USAGE;
  if (room > 0) to[0] = 0;
  scu_result result = locate(dataset, path, &at);
  return result == SCU_OK ? scu_element_value_text(at.level, at.element, index, to, room) : result;
}

size_t scu_dataset_value_count(const scu_dataset *dataset, const char *path) {
  place at;
  return locate(dataset, path, &at) == SCU_OK ? scu_element_value_count(at.level, at.element) : 0;
}

scu_result scu_dataset_integer(const scu_dataset *dataset, const char *path, size_t index, int64_t *out) {
  place at;
  *out = 0;
  scu_result result = locate(dataset, path, &at);
  return result == SCU_OK ? scu_element_integer(at.element, index, out) : result;
}

scu_result scu__dataset_tag_text(const scu_dataset *dataset, scu_tag tag, char *to, size_t room) {
  if (room > 0) to[0] = 0;
  const scu_element *element = scu_dataset_find(dataset, tag);
  return element ? scu_element_text(dataset, element, to, room) : SCU_END;
}

scu_result scu__dataset_tag_integer(const scu_dataset *dataset, scu_tag tag, int64_t *out) {
  *out = 0;
  const scu_element *element = scu_dataset_find(dataset, tag);
  return element ? scu_element_integer(element, 0, out) : SCU_END;
}
