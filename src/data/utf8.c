/* UTF-8 by the letter (Unicode table 3-7). */
#include "data/utf8.h"

static bool is_trail(uint8_t byte) {
  return (byte & 0xC0u) == 0x80u;
}

/* Bytes that a sequence with this first byte takes; 0 = no first byte. */
static size_t sequence_length(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

size_t scu__utf8_decode(const uint8_t *text, size_t length, uint32_t *code_point) {
  static const uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (length == 0) return 0;
  size_t need = sequence_length(text[0]);
  if (need == 0 || need > length) return 0;
  uint32_t value = text[0] & lead_bits[need];
  for (size_t i = 1; i < need; i++) {
    if (!is_trail(text[i])) return 0;
    value = value << 6 | (text[i] & 0x3Fu);
  }
  if (value < smallest[need] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
  *code_point = value;
  return need;
}

void scu__utf8_put(scu__buffer *buffer, uint32_t code_point) {
  uint8_t bytes[4];
  size_t length = 0;
  if (code_point < 0x80) {
    bytes[length++] = (uint8_t)code_point;
  } else if (code_point < 0x800) {
    bytes[length++] = (uint8_t)(0xC0u | code_point >> 6);
  } else if (code_point < 0x10000) {
    bytes[length++] = (uint8_t)(0xE0u | code_point >> 12);
    bytes[length++] = (uint8_t)(0x80u | (code_point >> 6 & 0x3Fu));
  } else {
    bytes[length++] = (uint8_t)(0xF0u | (code_point >> 18 & 0x07u));
    bytes[length++] = (uint8_t)(0x80u | (code_point >> 12 & 0x3Fu));
    bytes[length++] = (uint8_t)(0x80u | (code_point >> 6 & 0x3Fu));
  }
  if (code_point >= 0x80) bytes[length++] = (uint8_t)(0x80u | (code_point & 0x3Fu));
  scu__put_bytes(buffer, bytes, length);
}

bool scu__is_unsafe_character(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x00AD || c == 0x061C || c == 0x115F || c == 0x1160 ||
         c == 0x180E || c == 0x3164 || c == 0xFFA0 || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

bool scu__utf8_is_valid(const uint8_t *text, size_t length) {
  for (size_t at = 0, step; at < length; at += step) {
    uint32_t code_point;
    step = scu__utf8_decode(text + at, length - at, &code_point);
    if (step == 0) return false;
  }
  return true;
}
