/* Terminal-safe text. Widths are the common case (East Asian wide, combining marks), enough to keep columns straight;
 * the locale plays no part. */
#include "safe_text.h"

#include <stdbool.h>
#include <string.h>

typedef struct range {
  uint32_t first, last;
} range;

/* What must not reach a terminal: C0, DEL, C1, line separators, everything that changes the direction of text, and what
 * nobody sees and two names that look the same may differ by. As in src/data/utf8.c, but for the variants of
 * ideographs, which belong to the sign before them. */
static const range unsafe[] = {{0x00, 0x1F},     {0x7F, 0x9F},       {0xAD, 0xAD},      {0x061C, 0x061C},
                               {0x115F, 0x1160}, {0x180E, 0x180E},   {0x200B, 0x200F},  {0x2028, 0x202E},
                               {0x2060, 0x206F}, {0x3164, 0x3164},   {0xFEFF, 0xFEFF},  {0xFFA0, 0xFFA0},
                               {0xFFF9, 0xFFFB}, {0xE0000, 0xE00FF}, {0xE01F0, 0xE0FFF}};
static const range wide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xA960, 0xA97C},
                             {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},  {0xFF00, 0xFF60},
                             {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
static const range joined[] = {{0x0300, 0x036F}, {0x0591, 0x05BD}, {0x064B, 0x065F},  {0x0E31, 0x0E31},
                               {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x20D0, 0x20F0},  {0x3099, 0x309A},
                               {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF}};

static bool is_in(const range *ranges, size_t count, uint32_t code_point) {
  for (size_t i = 0; i < count; i++)
    if (code_point >= ranges[i].first && code_point <= ranges[i].last) return true;
  return false;
}

#define IS_IN(ranges, code_point) is_in(ranges, sizeof(ranges) / sizeof *(ranges), code_point)

size_t text_decode(const char *text, uint32_t *code_point) {
  const unsigned char *p = (const unsigned char *)text;
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = p[0] < 0x80                   ? 1
                  : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                  : (p[0] & 0xF0) == 0xE0       ? 3
                  : (p[0] & 0xF8) == 0xF0       ? 4
                                                : 0;
  *code_point = length <= 1 ? p[0] : p[0] & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    /* A NUL is no continuation byte, so this never reads past the end. */
    if ((p[i] & 0xC0) != 0x80) return 0;
    *code_point = *code_point << 6 | (p[i] & 0x3Fu);
  }
  if (length == 0 || *code_point < least[length] || *code_point > 0x10FFFF) return 0;
  return *code_point >= 0xD800 && *code_point <= 0xDFFF ? 0 : length;
}

/* One character as it goes out. Returns the bytes consumed. */
static size_t render(const char *text, char out[12], size_t *width) {
  uint32_t code_point;
  size_t length = text_decode(text, &code_point);
  if (length == 0) {
    *width = (size_t)snprintf(out, 12, "\\x%02X", (unsigned)(unsigned char)*text);
    return 1;
  }
  if (IS_IN(unsafe, code_point)) {
    const char *form = code_point < 0x100 ? "\\x%02X" : "\\u%04X";
    *width = (size_t)snprintf(out, 12, form, (unsigned)code_point);
    return length;
  }
  memcpy(out, text, length);
  out[length] = 0;
  *width = IS_IN(joined, code_point) ? 0 : IS_IN(wide, code_point) ? 2 : 1;
  return length;
}

void put_safe(FILE *to, const char *text) {
  char out[12];
  size_t width;
  while (*text) {
    text += render(text, out, &width);
    fputs(out, to);
  }
}

size_t safe_width(const char *text) {
  char out[12];
  size_t sum = 0, width;
  while (*text) {
    text += render(text, out, &width);
    sum += width;
  }
  return sum;
}

void put_safe_column(FILE *to, const char *text, size_t width) {
  bool is_cut = safe_width(text) > width;
  size_t room = is_cut && width > 0 ? width - 1 : width, used = 0, wide_by;
  char out[12];
  while (*text) {
    text += render(text, out, &wide_by);
    if (used + wide_by > room) break;
    fputs(out, to);
    used += wide_by;
  }
  if (is_cut && width > 0) {
    fputs("\xE2\x80\xA6", to);
    used++;
  }
  for (; used < width; used++) putc(' ', to);
}
