/* A dataset in the form of dcmdump: what scripts cut matches out of. Values are UTF-8, whatever the dataset has. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "identifier.h"
#include "walk.h"

enum { VALUE_COLUMNS = 40, VALUE_MAX = 16 * 1024, DUMP_MAX = 16 * 1024 * 1024 };

typedef struct text {
  char *bytes;
  size_t length, room;
  bool has_failed;
} text;

static void put(text *to, const char *format, ...) {
  va_list values, again;
  va_start(values, format);
  va_copy(again, values);
  int length = vsnprintf(NULL, 0, format, values);
  va_end(values);
  size_t wanted = to->length + (length > 0 ? (size_t)length : 0) + 1;
  if (!to->has_failed && wanted > to->room && wanted <= DUMP_MAX) {
    char *grown = realloc(to->bytes, 2 * wanted);
    if (grown) {
      to->bytes = grown;
      to->room = 2 * wanted;
    }
  }
  to->has_failed = to->has_failed || wanted > to->room;
  if (!to->has_failed) to->length += (size_t)vsnprintf(to->bytes + to->length, to->room - to->length, format, again);
  va_end(again);
}

/* One line: "(gggg,eeee) VR value # length, multiplicity Keyword". */
static void put_line(text *to, size_t depth, scu_tag tag, const char *vr, const char *value, const char *numbers,
                     const char *keyword) {
  put(to, "\n%*s(%04x,%04x) %s %-*s # %s %s", (int)(2 * depth), "", (unsigned)(tag >> 16), (unsigned)(tag & 0xFFFF), vr,
      VALUE_COLUMNS, value, numbers, keyword);
}

static bool is_in_brackets(scu_vr vr) {
  switch (vr) {
  case SCU_VR_US:
  case SCU_VR_SS:
  case SCU_VR_UL:
  case SCU_VR_SL:
  case SCU_VR_FL:
  case SCU_VR_FD:
  case SCU_VR_AT: return false;
  default: return true;
  }
}

/* Padding that the peer sent is shown, as DCMTK does. */
static void format_value(const scu_dataset *dataset, const scu_element *element, char to[VALUE_MAX]) {
  char value[VALUE_MAX - 8];
  const uint8_t *bytes = scu_element_bytes(element);
  uint64_t length = scu_element_length(element);
  scu_vr vr = scu_element_vr(element);
  if (length == 0) {
    snprintf(to, VALUE_MAX, "(no value available)");
    return;
  }
  scu_result result = scu_element_text(dataset, element, value, sizeof value);
  if (result != SCU_OK && result != SCU_ERROR_LIMIT) {
    snprintf(to, VALUE_MAX, "(not shown)");
    return;
  }
  const char *name = vr == SCU_VR_UI ? storage_class_name(value) : NULL;
  const char *padding = vr != SCU_VR_UI && bytes && bytes[length - 1] == ' ' ? " " : "";
  size_t end = strlen(value);
  if (end > 0 && value[end - 1] == ' ') padding = "";
  if (name)
    snprintf(to, VALUE_MAX, "=%s", name);
  else
    snprintf(to, VALUE_MAX, is_in_brackets(vr) ? "[%s%s]" : "%s", value, padding);
}

static void put_element(text *to, size_t depth, const scu_dataset *dataset, const scu_element *element) {
  char value[VALUE_MAX], numbers[48];
  scu_vr vr = scu_element_vr(element);
  const char letters[3] = {(char)(vr >> 8), (char)(vr & 0xFF), 0};
  scu_tag tag = scu_element_tag(element);
  uint64_t length = scu_element_length(element);
  const char *keyword = *scu_tag_keyword(tag) ? scu_tag_keyword(tag) : "Unknown Tag & Data";
  format_value(dataset, element, value);
  snprintf(numbers, sizeof numbers, "%3llu,%2zu", (unsigned long long)(length + (length & 1)),
           scu_element_value_count(dataset, element));
  put_line(to, depth, tag, letters, value, numbers, keyword);
}

static void put_sequence(text *to, size_t depth, const scu_element *element) {
  char value[64];
  size_t items = scu_element_item_count(element);
  scu_tag tag = scu_element_tag(element);
  snprintf(value, sizeof value, "(Sequence with explicit length #=%zu)", items);
  put_line(to, depth, tag, "SQ", value, items ? "u/l, 1" : "  0, 0", scu_tag_keyword(tag));
}

static void put_step(void *user, walk_step step, size_t depth, const scu_dataset *dataset, const scu_element *element) {
  text *to = user;
  switch (step) {
  case WALK_ELEMENT: put_element(to, 2 * depth, dataset, element); break;
  case WALK_SEQUENCE: put_sequence(to, 2 * depth, element); break;
  case WALK_ITEM: put_line(to, 2 * depth + 1, 0xFFFEE000, "na", "(Item with explicit length)", "u/l, 1", "Item"); break;
  case WALK_ITEM_END:
    put_line(to, 2 * depth + 1, 0xFFFEE00D, "na", "(ItemDelimitationItem)", "  0, 0", "ItemDelimitationItem");
    break;
  case WALK_SEQUENCE_END:
    put_line(to, 2 * depth, 0xFFFEE0DD, "na", "(SequenceDelimitationItem)", "  0, 0", "SequenceDelimitationItem");
    break;
  }
}

char *dataset_dump(const scu_dataset *dataset) {
  text to = {0};
  put(&to, "\n# Dicom-Data-Set\n# Used TransferSyntax: Little Endian Explicit");
  dataset_walk(dataset, put_step, &to);
  put(&to, "\n");
  if (!to.has_failed) return to.bytes;
  free(to.bytes);
  return NULL;
}
