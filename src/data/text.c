/* A dataset for people: one line an element, safe on a terminal. Not made to be read back. */
#include <stdio.h>
#include <string.h>

#include "base/versioned.h"
#include "data/dataset_values.h"
#include "data/dictionary.h"
#include "data/text_output.h"
#include "data/uids.h"
#include "data/utf8.h"

enum { WIDTH_DEFAULT = 64, NOTE_COLUMN = 56, BYTES_SHOWN = 16 };

typedef struct text_level {
  const scu_dataset *dataset;
  size_t element, item;
} text_level;

typedef struct text_writer {
  scu__text_output out;
  scu__element_test is_hidden; /* NULL = nothing is */
  size_t width_max;            /* 0 = none */
  size_t column;               /* characters in this line so far */
  size_t width;                /* characters of this value so far */
  bool is_cut;
  size_t depth;
  text_level levels[SCU__NESTING_MAX + 1];
} text_writer;

/* ---- characters ---- */

static void put(text_writer *writer, const char *text) {
  scu__text_output_text(&writer->out, text);
  writer->column += strlen(text);
}

/* One character of a value, or its escape; the first one beyond the width becomes "...". */
static void put_value_part(text_writer *writer, const char *bytes, size_t size, size_t width) {
  if (writer->is_cut) return;
  if (writer->width_max != 0 && writer->width + width > writer->width_max) {
    writer->is_cut = true;
    put(writer, "...");
    return;
  }
  scu__text_output_bytes(&writer->out, bytes, size);
  writer->width += width;
  writer->column += width;
}

static void put_value_text(text_writer *writer, const char *text, size_t length) {
  while (length > 0 && !writer->is_cut) {
    uint32_t c;
    char escape[16];
    size_t size = scu__utf8_decode((const uint8_t *)text, length, &c);
    if (size > 0 && !scu__is_unsafe_character(c)) {
      put_value_part(writer, text, size, 1);
    } else {
      int width = size > 0 && c > 0xFF
                      ? snprintf(escape, sizeof escape, "\\u{%X}", (unsigned)c)
                      : snprintf(escape, sizeof escape, "\\x%02X", size > 0 ? (unsigned)c : (unsigned char)*text);
      put_value_part(writer, escape, (size_t)width, (size_t)width);
    }
    if (size == 0) size = 1;
    text += size;
    length -= size;
  }
}

/* ---- values ---- */

static scu_result put_values(text_writer *writer, const scu_dataset *dataset, const scu_element *element) {
  scu__values values;
  const char *text;
  size_t length;
  scu_result result = scu__values_open(&values, dataset, element);
  if (result != SCU_OK) return result;
  if (values.info->is_text) put(writer, "[");
  for (bool is_first = true; !writer->is_cut && scu__values_next(&values, &text, &length); is_first = false) {
    if (!is_first) put_value_part(writer, "\\", 1, 1);
    put_value_text(writer, text, length);
  }
  if (values.info->is_text) put(writer, "]");
  return SCU_OK;
}

static void put_bytes(text_writer *writer, const scu_element *element) {
  const uint8_t *bytes = scu_element_bytes(element);
  for (size_t i = 0; bytes && i < element->length; i++) {
    char byte[4];
    if (i == BYTES_SHOWN && writer->width_max != 0) {
      put(writer, "...");
      return;
    }
    snprintf(byte, sizeof byte, i > 0 ? "\\%02x" : "%02x", bytes[i]);
    put(writer, byte);
  }
}

static void put_uid_name(text_writer *writer, const scu_element *element) {
  char uid[72];
  if (element->vr != SCU_VR_UI || element->length >= sizeof uid || !element->as.bytes) return;
  memcpy(uid, element->as.bytes, (size_t)element->length);
  uid[element->length] = 0;
  const char *name = scu__uid_name(uid);
  if (!name) return;
  put(writer, " = ");
  put(writer, name);
}

/* Bytes that no VR explains: as text when they are nothing else (private elements of implicit VR). */
static scu_result put_unknown(text_writer *writer, const scu_dataset *dataset, const scu_element *element) {
  char text[256];
  if (element->vr == SCU_VR_UN && element->length > 0 && element->length < sizeof text &&
      scu_element_text(dataset, element, text, sizeof text) == SCU_OK && text[0]) {
    put(writer, "[");
    put_value_text(writer, text, strlen(text));
    put(writer, "]");
    return SCU_OK;
  }
  put_bytes(writer, element);
  return SCU_OK;
}

static scu_result put_content(text_writer *writer, const scu_dataset *dataset, const scu_element *element) {
  char text[64];
  if (element->content != SCU__CONTENT_VALUE) {
    bool is_items = element->content == SCU__CONTENT_ITEMS;
    snprintf(text, sizeof text, is_items ? "(%u item%s)" : "(%u fragment%s)", (unsigned)element->count,
             element->count == 1 ? "" : "s");
    put(writer, text);
    return SCU_OK;
  }
  if (element->is_left_out || element->length == 0) {
    put(writer, element->is_left_out ? "(left out)" : "(no value)");
    return SCU_OK;
  }
  if (writer->is_hidden && writer->is_hidden(element)) {
    put(writer, "(masked)");
    return SCU_OK;
  }
  scu_result result = put_values(writer, dataset, element);
  if (result == SCU_ERROR_UNSUPPORTED || result == SCU_END) return put_unknown(writer, dataset, element);
  if (result == SCU_OK) put_uid_name(writer, element);
  return result;
}

/* ---- lines ---- */

static void put_indent(text_writer *writer, size_t levels) {
  writer->column = writer->width = 0;
  writer->is_cut = false;
  for (size_t i = 0; i < levels; i++) put(writer, "  ");
}

/* `   # LENGTH, VM Keyword`. The length is that of the value as it stands in the dataset. */
static void put_note(text_writer *writer, const scu_dataset *dataset, const scu_element *element) {
  char text[64];
  const scu__dictionary_entry *entry = scu__dictionary_find(element->tag);
  const char *name = entry ? scu__dictionary_keyword(entry) : "";
  while (writer->column < NOTE_COLUMN) put(writer, " ");
  if (element->content == SCU__CONTENT_VALUE) {
    snprintf(text, sizeof text, " # %llu, %zu ", (unsigned long long)element->length,
             scu_element_value_count(dataset, element));
  } else {
    snprintf(text, sizeof text, " # ");
  }
  put(writer, text);
  if (scu__tag_is_private_creator(element->tag))
    name = "(private creator)";
  else if (scu__tag_is_private(element->tag))
    name = "(private)";
  else if (!*name)
    name = scu__tag_is_group_length(element->tag) ? "(group length)" : "(unknown)";
  put(writer, name);
  put(writer, "\n");
}

static scu_result put_element(text_writer *writer, const scu_dataset *dataset, const scu_element *element) {
  char text[24], first = (char)(element->vr >> 8), second = (char)(element->vr & 0xFF);
  bool is_vr = scu__vr_is_plausible(element->vr);
  put_indent(writer, (writer->depth - 1) * 2);
  snprintf(text, sizeof text, "(%04X,%04X) %c%c ", SCU_TAG_GROUP(element->tag), SCU_TAG_ELEMENT(element->tag),
           is_vr ? first : '?', is_vr ? second : '?');
  put(writer, text);
  scu_result result = put_content(writer, dataset, element);
  if (result == SCU_OK) put_note(writer, dataset, element);
  return result;
}

static void put_item(text_writer *writer, size_t index) {
  char text[32];
  put_indent(writer, writer->depth * 2 - 1);
  snprintf(text, sizeof text, "[%zu]\n", index);
  put(writer, text);
}

static scu_result enter(text_writer *writer, const scu_dataset *dataset) {
  if (writer->depth > SCU__NESTING_MAX) return SCU_ERROR_LIMIT;
  writer->levels[writer->depth++] = (text_level){.dataset = dataset};
  return SCU_OK;
}

static scu_result step(text_writer *writer) {
  text_level *level = &writer->levels[writer->depth - 1];
  const scu_element *element = scu_dataset_at(level->dataset, level->element);
  if (!element) {
    writer->depth--;
    return writer->out.result;
  }
  scu_result result = SCU_OK;
  if (level->item == 0) result = put_element(writer, level->dataset, element);
  if (result != SCU_OK) return result;
  if (level->item < scu_element_item_count(element)) {
    put_item(writer, level->item);
    return enter(writer, element->as.items[level->item++]);
  }
  level->element++;
  level->item = 0;
  return SCU_OK;
}

scu_result scu__dataset_write_masked(const scu_dataset *dataset, scu__element_test is_hidden, size_t value_width_max,
                                     scu_write_function write, void *user) {
  text_writer writer;
  writer.depth = 0;
  writer.is_hidden = is_hidden;
  writer.width_max = value_width_max;
  scu__text_output_init(&writer.out, write, user);
  scu_result result = enter(&writer, dataset);
  while (result == SCU_OK && writer.depth > 0) result = step(&writer);
  scu_result end = scu__text_output_end(&writer.out);
  return result != SCU_OK ? result : end;
}

scu_result scu_dataset_write_text(const scu_dataset *dataset, const scu_text_options *options, scu_write_function write,
                                  void *user) {
  scu_text_options known = {.value_width_max = WIDTH_DEFAULT};
  const size_t least = SCU__SIZE_THROUGH(scu_text_options, value_width_max);
  if (options && scu__versioned_copy(&known, sizeof known, options, least) != SCU_OK) return SCU_ERROR_USAGE;
  return scu__dataset_write_masked(dataset, NULL, known.value_width_max, write, user);
}
