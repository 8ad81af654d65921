/* The DICOM JSON model (PS3.18 F.2), written while walking the tree. json_read.c reads it. */
#include <string.h>

#include "base/versioned.h"
#include "data/dataset_values.h"
#include "data/dictionary.h"
#include "data/text_output.h"
#include "data/utf8.h"

enum { INLINE_DEFAULT = 1024 * 1024, NUMBER_MAX = 64 };

typedef struct json_level {
  const scu_dataset *dataset;
  size_t element, item;
  bool has_members;
} json_level;

typedef struct json_writer {
  scu__text_output out;
  uint64_t inline_bytes_max;
  size_t depth;
  json_level levels[SCU__NESTING_MAX + 1];
} json_writer;

/* ---- strings ---- */

/* Escaped beyond what JSON asks for: DEL, C1 controls, and the line separators that JavaScript stumbles over. */
static bool is_escaped(uint32_t c) {
  return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

static void put_escape(scu__text_output *out, uint32_t c) {
  switch (c) {
  case '"': scu__text_output_text(out, "\\\""); return;
  case '\\': scu__text_output_text(out, "\\\\"); return;
  case '\n': scu__text_output_text(out, "\\n"); return;
  case '\r': scu__text_output_text(out, "\\r"); return;
  case '\t': scu__text_output_text(out, "\\t"); return;
  default: scu__text_output_text(out, "\\u"); scu__text_output_hex(out, c, 4);
  }
}

/* Valid whatever comes in: bytes that are no UTF-8 become U+FFFD. Runs without escapes go out in one piece. */
static void put_string(scu__text_output *out, const char *text, size_t length) {
  scu__text_output_text(out, "\"");
  size_t run = 0;
  for (size_t at = 0; at < length;) {
    uint32_t c;
    size_t size = scu__utf8_decode((const uint8_t *)text + at, length - at, &c);
    if (size > 0 && !is_escaped(c)) {
      at += size;
      continue;
    }
    scu__text_output_bytes(out, text + run, at - run);
    if (size > 0)
      put_escape(out, c);
    else
      scu__text_output_text(out, "\xEF\xBF\xBD");
    at += size > 0 ? size : 1;
    run = at;
  }
  scu__text_output_bytes(out, text + run, length - run);
  scu__text_output_text(out, "\"");
}

/* ---- numbers ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The same number in JSON's grammar: no plus sign, no leading zeros, digits on both sides of the point. Returns the
 * length, 0 when the text is not [+-]digits[.digits][e[+-]digits]. */
static size_t normalise(const char *text, size_t length, char to[NUMBER_MAX]) {
  const char *at = text, *end = text + length;
  size_t used = 0;
  if (length + 4 > NUMBER_MAX) return 0;
  if (at < end && (*at == '-' || *at == '+')) {
    if (*at == '-') to[used++] = '-';
    at++;
  }
  const char *whole = at;
  while (at < end && is_digit(*at)) at++;
  const char *whole_end = at;
  while (whole_end - whole > 1 && *whole == '0') whole++;
  if (whole == whole_end) to[used++] = '0';
  memcpy(to + used, whole, (size_t)(whole_end - whole));
  used += (size_t)(whole_end - whole);
  if (at < end && *at == '.') {
    const char *fraction = at++;
    while (at < end && is_digit(*at)) at++;
    if (at - fraction == 1 && whole == whole_end) return 0;
    if (at - fraction > 1) {
      memcpy(to + used, fraction, (size_t)(at - fraction));
      used += (size_t)(at - fraction);
    }
  } else if (whole == whole_end) {
    return 0;
  }
  /* An exponent as it is; scu__decimal_to_double has judged it. */
  memcpy(to + used, at, (size_t)(end - at));
  return used + (size_t)(end - at);
}

/* Whole numbers beyond 2^53 are strings: most readers of JSON would round them (F.2.3.1). */
static bool is_exact_integer(const char *text, size_t length) {
  int64_t value;
  bool fits;
  return scu__decimal_to_integer(text, length, &value, &fits) && fits && value >= -9007199254740991 &&
         value <= 9007199254740991;
}

static bool is_all_digits(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (!is_digit(text[i]) && !(i == 0 && (*text == '-' || *text == '+'))) return false;
  return true;
}

static void put_number_text(scu__text_output *out, const char *text, size_t length) {
  char number[NUMBER_MAX];
  uint64_t bits;
  size_t number_length = normalise(text, length, number);
  bool is_number = number_length > 0 && scu__decimal_to_double(text, length, &bits);
  if (is_number && is_all_digits(text, length)) is_number = is_exact_integer(text, length);
  if (is_number)
    scu__text_output_bytes(out, number, number_length);
  else
    put_string(out, text, length);
}

/* Integers and finite floats as they are; NaN and the infinities are strings. */
static void put_binary(scu__text_output *out, const scu__vr_info *info, const char *text, size_t length) {
  bool is_integer = info->kind != SCU__VALUE_FLOAT;
  char first = length > 1 && text[0] == '-' ? text[1] : text[0];
  if (is_integer ? is_exact_integer(text, length) : is_digit(first))
    scu__text_output_bytes(out, text, length);
  else
    put_string(out, text, length);
}

/* ---- values ---- */

static bool is_name_empty(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] != '=' && text[i] != ' ') return false;
  return true;
}

static void put_name(scu__text_output *out, const char *text, size_t length) {
  static const char *const groups[] = {"\"Alphabetic\":", "\"Ideographic\":", "\"Phonetic\":"};
  const char *separator = "{";
  for (unsigned i = 0; i < 3; i++) {
    const char *group;
    size_t group_length;
    scu__name_group(text, length, i, &group, &group_length);
    if (group_length == 0) continue;
    scu__text_output_text(out, separator);
    scu__text_output_text(out, groups[i]);
    put_string(out, group, group_length);
    separator = ",";
  }
  scu__text_output_text(out, "}");
}

static bool is_empty_value(const scu__vr_info *info, const char *text, size_t length) {
  return info->vr == SCU_VR_PN ? is_name_empty(text, length) : length == 0;
}

static void put_value(scu__text_output *out, const scu__vr_info *info, const char *text, size_t length) {
  if (is_empty_value(info, text, length)) {
    scu__text_output_text(out, "null");
  } else if (info->vr == SCU_VR_PN) {
    put_name(out, text, length);
  } else if (info->vr == SCU_VR_IS || info->vr == SCU_VR_DS) {
    put_number_text(out, text, length);
  } else if (info->is_text || info->kind == SCU__VALUE_TAG) {
    put_string(out, text, length);
  } else {
    put_binary(out, info, text, length);
  }
}

static void put_base64(scu__text_output *out, const uint8_t *bytes, size_t length) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < length; at += 3) {
    size_t left = length - at;
    uint32_t word = (uint32_t)bytes[at] << 16;
    if (left > 1) word |= (uint32_t)bytes[at + 1] << 8;
    if (left > 2) word |= bytes[at + 2];
    char text[4] = {digits[word >> 18], digits[word >> 12 & 63], left > 1 ? digits[word >> 6 & 63] : '=',
                    left > 2 ? digits[word & 63] : '='};
    scu__text_output_bytes(out, text, sizeof text);
  }
}

static void put_bulk(json_writer *writer, const scu_element *element) {
  const uint8_t *bytes = scu_element_bytes(element);
  if (!bytes || element->length > writer->inline_bytes_max) return;
  scu__text_output_text(&writer->out, ",\"InlineBinary\":\"");
  put_base64(&writer->out, bytes, (size_t)element->length);
  scu__text_output_text(&writer->out, "\"");
}

/* Nothing when there is no value, or a single one of nothing but padding. */
static scu_result put_values(json_writer *writer, const scu_dataset *dataset, const scu_element *element) {
  scu__values values;
  const char *text;
  size_t length;
  scu_result result = scu__values_open(&values, dataset, element);
  if (result == SCU_END || result == SCU_ERROR_UNSUPPORTED) return SCU_OK;
  if (result != SCU_OK) return result;
  bool is_first = true;
  while (scu__values_next(&values, &text, &length)) {
    if (is_first && values.is_done && is_empty_value(values.info, text, length)) return SCU_OK;
    scu__text_output_text(&writer->out, is_first ? ",\"Value\":[" : ",");
    put_value(&writer->out, values.info, text, length);
    is_first = false;
  }
  scu__text_output_text(&writer->out, "]");
  return SCU_OK;
}

/* ---- elements ---- */

/* `,"GGGGEEEE":{"vr":"XX"` */
static void begin_element(json_writer *writer, json_level *level, const scu_element *element, scu_vr vr) {
  char letters[2] = {(char)(vr >> 8), (char)(vr & 0xFF)};
  scu__text_output_text(&writer->out, level->has_members ? ",\"" : "\"");
  scu__text_output_hex(&writer->out, element->tag, 8);
  scu__text_output_text(&writer->out, "\":{\"vr\":\"");
  scu__text_output_bytes(&writer->out, letters, 2);
  scu__text_output_text(&writer->out, "\"");
  level->has_members = true;
}

static scu_result put_element(json_writer *writer, json_level *level, const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  scu_result result = SCU_OK;
  begin_element(writer, level, element, info ? element->vr : SCU_VR_UN);
  if (element->tag == SCU__TAG_SPECIFIC_CHARACTER_SET && element->vr == SCU_VR_CS && element->length > 0) {
    scu__text_output_text(&writer->out, ",\"Value\":[\"ISO_IR 192\"]");
  } else if (!info || info->kind >= SCU__VALUE_WORDS) {
    put_bulk(writer, element);
  } else {
    result = put_values(writer, level->dataset, element);
  }
  scu__text_output_text(&writer->out, "}");
  return result;
}

static scu_result enter(json_writer *writer, const scu_dataset *dataset) {
  if (writer->depth > SCU__NESTING_MAX) return SCU_ERROR_LIMIT;
  writer->levels[writer->depth++] = (json_level){.dataset = dataset};
  scu__text_output_text(&writer->out, "{");
  return SCU_OK;
}

/* Begins a sequence, goes into its next item, or ends it. */
static scu_result step_sequence(json_writer *writer, json_level *level, const scu_element *element) {
  if (level->item == 0) begin_element(writer, level, element, SCU_VR_SQ);
  if (level->item == element->count) {
    scu__text_output_text(&writer->out, element->count > 0 ? "]}" : "}");
    level->element++;
    level->item = 0;
    return SCU_OK;
  }
  scu__text_output_text(&writer->out, level->item == 0 ? ",\"Value\":[" : ",");
  return enter(writer, element->as.items[level->item++]);
}

static scu_result step(json_writer *writer) {
  json_level *level = &writer->levels[writer->depth - 1];
  const scu_element *element = scu_dataset_at(level->dataset, level->element);
  if (!element) {
    scu__text_output_text(&writer->out, "}");
    writer->depth--;
    return writer->out.result;
  }
  if (element->content == SCU__CONTENT_ITEMS) return step_sequence(writer, level, element);
  level->element++;
  if (scu__tag_is_group_length(element->tag)) return SCU_OK; /* F.2.2 */
  return put_element(writer, level, element);
}

scu_result scu_dataset_write_json(const scu_dataset *dataset, const scu_json_options *options, scu_write_function write,
                                  void *user) {
  json_writer writer;
  scu_json_options known = {.inline_bytes_max = INLINE_DEFAULT};
  const size_t least = SCU__SIZE_THROUGH(scu_json_options, inline_bytes_max);
  if (options && scu__versioned_copy(&known, sizeof known, options, least) != SCU_OK) return SCU_ERROR_USAGE;
  writer.depth = 0;
  writer.inline_bytes_max = known.inline_bytes_max;
  scu__text_output_init(&writer.out, write, user);
  scu_result result = enter(&writer, dataset);
  while (result == SCU_OK && writer.depth > 0) result = step(&writer);
  scu_result end = scu__text_output_end(&writer.out);
  return result != SCU_OK ? result : end;
}
