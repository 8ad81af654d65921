/* UTF-8 by the letter (Unicode table 3-7): no overlong forms, no surrogates, nothing above 10FFFF. */
#ifndef SCU_DATA_UTF8_H
#define SCU_DATA_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* The code point at the start of text; returns the bytes it takes (1-4), or 0 when they are no code point (then skip
 * one byte) or length is 0. */
size_t scu__utf8_decode(const uint8_t *text, size_t length, uint32_t *code_point);
void scu__utf8_put(scu__buffer *buffer, uint32_t code_point);
bool scu__utf8_is_valid(const uint8_t *text, size_t length);
/* What could end a line, move a cursor, hide text or turn its direction round: no place for it where people read. */
bool scu__is_unsafe_character(uint32_t code_point);

#endif
