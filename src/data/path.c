/* Attribute paths: parsing and formatting. */
#include "data/path.h"

#include <stdio.h>
#include <string.h>

#include "data/dictionary.h"

enum { KEYWORD_MAX = 80 }; /* the longest registered keyword has 64 letters */

/* What of the text an error message shows: enough to recognise it, never a whole page. */
static int shown(size_t length) {
  return length > 60 ? 60 : (int)length;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static bool hex_word(const char *text, uint32_t *word) {
  *word = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(text[i]);
    if (digit < 0) return false;
    *word = *word << 4 | (uint32_t)digit;
  }
  return true;
}

/* gggg,eeee or ggggeeee, in parentheses or not. */
static bool parse_numbers(const char *text, size_t length, scu_tag *tag) {
  if (length >= 2 && text[0] == '(' && text[length - 1] == ')') {
    text++;
    length -= 2;
  }
  if (length != 8 && !(length == 9 && text[4] == ',')) return false;
  uint32_t group, element;
  if (!hex_word(text, &group) || !hex_word(text + length - 4, &element)) return false;
  *tag = SCU_TAG(group, element);
  return true;
}

static bool parse_tag(const char *text, size_t length, scu_tag *tag) {
  if (parse_numbers(text, length, tag)) return true;
  char keyword[KEYWORD_MAX + 1];
  if (length == 0 || length > KEYWORD_MAX) return false;
  memcpy(keyword, text, length);
  keyword[length] = 0;
  const scu__dictionary_entry *entry = scu__dictionary_find_keyword(keyword);
  if (!entry) return false;
  *tag = entry->tag;
  return true;
}

/* "[12]" at the end of a step; leaves *length without it. */
static bool parse_index(const char *text, size_t *length, scu__path_step *step) {
  if (*length == 0 || text[*length - 1] != ']') return true;
  const char *open = memchr(text, '[', *length);
  if (!open) return false;
  const char *digits = open + 1, *end = text + *length - 1;
  if (digits == end) return false;
  for (const char *p = digits; p < end; p++) {
    if (*p < '0' || *p > '9') return false;
    step->item = step->item * 10 + (uint32_t)(*p - '0');
    if (step->item > SCU__PATH_ITEM_MAX) return false;
  }
  step->has_item = true;
  *length = (size_t)(open - text);
  return true;
}

static scu_result parse_step(const char *text, size_t length, size_t at, scu__path_step *step, scu_error *error) {
  *step = (scu__path_step){0};
  size_t tag_length = length;
  if (length == 0)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "attribute path: a keyword or tag is missing at character %zu", at + 1);
  if (!parse_index(text, &tag_length, step))
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "attribute path: \"%.*s\" at character %zu has no index of the form [0] .. [%d]",
                          shown(length), text, at + 1, SCU__PATH_ITEM_MAX);
  if (!parse_tag(text, tag_length, &step->tag)) {
    scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                   "attribute path: \"%.*s\" at character %zu is neither a keyword nor a tag", shown(tag_length), text,
                   at + 1);
    scu__error_hint(error, "write a keyword (PatientName, case matters) or a tag (0010,0010)");
    return SCU_ERROR_USAGE;
  }
  if (SCU_TAG_GROUP(step->tag) == 0xFFFE)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "attribute path: \"%.*s\" at character %zu is an item or delimiter, not an element",
                          shown(tag_length), text, at + 1);
  return SCU_OK;
}

scu_result scu__path_parse(const char *text, scu__path *path, scu_error *error) {
  path->depth = 0;
  if (!text) return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "attribute path: none was given");
  const char *at = text;
  for (;;) {
    size_t length = strcspn(at, ".");
    if (path->depth == SCU__PATH_DEPTH_MAX)
      return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "attribute path: more than %d levels",
                            SCU__PATH_DEPTH_MAX);
    scu__path_step *step = &path->steps[path->depth++];
    scu_result result = parse_step(at, length, (size_t)(at - text), step, error);
    if (result != SCU_OK) return result;
    if (at[length] == 0) return SCU_OK;
    step->has_item = true;
    at += length + 1;
  }
}

scu__path scu__path_of_tag(scu_tag tag) {
  scu__path path;
  path.depth = 1;
  path.steps[0] = (scu__path_step){.tag = tag};
  return path;
}

size_t scu__path_format_tag(scu_tag tag, char *to, size_t room) {
  const scu__dictionary_entry *entry = scu__dictionary_find(tag);
  const char *keyword = entry ? scu__dictionary_keyword(entry) : "";
  /* A keyword of a repeating group (60xx) stands for its first group only. */
  int length = *keyword && entry->tag == tag
                   ? snprintf(to, room, "%s", keyword)
                   : snprintf(to, room, "%04X,%04X", SCU_TAG_GROUP(tag), SCU_TAG_ELEMENT(tag));
  return (size_t)length;
}

size_t scu__path_format(const scu__path *path, char *to, size_t room) {
  size_t length = 0;
  if (room > 0) to[0] = 0;
  for (size_t i = 0; i < path->depth; i++) {
    char part[KEYWORD_MAX + 16];
    size_t part_length = scu__path_format_tag(path->steps[i].tag, part, sizeof part);
    if (path->steps[i].has_item)
      part_length += (size_t)snprintf(part + part_length, sizeof part - part_length, "[%u]", path->steps[i].item);
    const char *point = i > 0 ? "." : "";
    size_t left = length < room ? room - length : 0;
    length += (size_t)snprintf(left ? to + length : NULL, left, "%s%s", point, part);
  }
  return length;
}
