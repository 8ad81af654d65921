/* Escaping and base64 (RFC 4648); names are ours and are written as they are. */
#include "observe/xml.h"

#include <stdio.h>
#include <string.h>

#include "data/utf8.h"

/* The Char production of XML 1.0, 2.2. */
static bool is_char(uint32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c != 0xFFFE && c != 0xFFFF;
}

/* White space as references: a parser would make blanks of it in an attribute, and a line is one message. */
static void put_character(scu__buffer *to, uint32_t c, const uint8_t *bytes, size_t size) {
  switch (c) {
  case '&': scu__put_text(to, "&amp;"); break;
  case '<': scu__put_text(to, "&lt;"); break;
  case '>': scu__put_text(to, "&gt;"); break;
  case '"': scu__put_text(to, "&quot;"); break;
  case '\t': scu__put_text(to, "&#9;"); break;
  case '\n': scu__put_text(to, "&#10;"); break;
  case '\r': scu__put_text(to, "&#13;"); break;
  default: scu__put_bytes(to, bytes, size); break;
  }
}

static void put_escaped(scu__buffer *to, const char *utf8) {
  const uint8_t *at = (const uint8_t *)utf8;
  for (size_t left = strlen(utf8); left > 0;) {
    uint32_t c = 0;
    size_t size = scu__utf8_decode(at, left, &c);
    if (size == 0 || !is_char(c))
      scu__put_text(to, "\xEF\xBF\xBD");
    else
      put_character(to, c, at, size);
    if (size == 0) size = 1;
    at += size;
    left -= size;
  }
}

static void put_base64(scu__buffer *to, const void *bytes, size_t length) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *at = bytes;
  for (; length > 0; at += 3) {
    size_t part = length < 3 ? length : 3;
    uint32_t bits = (uint32_t)at[0] << 16 | (part > 1 ? (uint32_t)at[1] << 8 : 0) | (part > 2 ? at[2] : 0);
    char four[4] = {letters[bits >> 18], letters[bits >> 12 & 63], part > 1 ? letters[bits >> 6 & 63] : '=',
                    part > 2 ? letters[bits & 63] : '='};
    scu__put_bytes(to, four, sizeof four);
    length -= part;
  }
}

void scu__xml_open(scu__buffer *to, const char *name) {
  scu__put_u8(to, '<');
  scu__put_text(to, name);
}

static void begin_attribute(scu__buffer *to, const char *name) {
  scu__put_u8(to, ' ');
  scu__put_text(to, name);
  scu__put_text(to, "=\"");
}

void scu__xml_attribute(scu__buffer *to, const char *name, const char *utf8) {
  begin_attribute(to, name);
  put_escaped(to, utf8);
  scu__put_u8(to, '"');
}

void scu__xml_attribute_number(scu__buffer *to, const char *name, uint64_t number) {
  char digits[24];
  snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
  scu__xml_attribute(to, name, digits);
}

void scu__xml_attribute_base64(scu__buffer *to, const char *name, const void *bytes, size_t length) {
  begin_attribute(to, name);
  put_base64(to, bytes, length);
  scu__put_u8(to, '"');
}

void scu__xml_end_empty(scu__buffer *to) {
  scu__put_text(to, "/>");
}

void scu__xml_begin(scu__buffer *to) {
  scu__put_u8(to, '>');
}

void scu__xml_close(scu__buffer *to, const char *name) {
  scu__put_text(to, "</");
  scu__put_text(to, name);
  scu__put_u8(to, '>');
}

void scu__xml_text(scu__buffer *to, const char *name, const char *utf8) {
  scu__xml_open(to, name);
  scu__xml_begin(to);
  put_escaped(to, utf8);
  scu__xml_close(to, name);
}

void scu__xml_base64(scu__buffer *to, const char *name, const void *bytes, size_t length) {
  scu__xml_open(to, name);
  scu__xml_begin(to);
  put_base64(to, bytes, length);
  scu__xml_close(to, name);
}
