/* The reading half of wire codecs: a checked cursor over bytes somebody else owns, with nested length blocks.
 *
 * Reads are sticky like the buffer's puts: reading past the end returns zero and sets `failed`; a decoder reads its
 * fields in a straight line and asks once at the end. */
#ifndef SCU_BASE_BYTES_H
#define SCU_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct scu__cursor {
  const uint8_t *data;
  size_t size;
  size_t position;
  bool failed;
} scu__cursor;

scu__cursor scu__cursor_over(const uint8_t *data, size_t size);
size_t scu__cursor_left(const scu__cursor *cursor);

uint8_t scu__get_u8(scu__cursor *cursor);
uint16_t scu__get_u16be(scu__cursor *cursor);
uint32_t scu__get_u32be(scu__cursor *cursor);
uint16_t scu__get_u16le(scu__cursor *cursor);
uint32_t scu__get_u32le(scu__cursor *cursor);
/* The next `length` bytes, borrowed from the input; NULL on failure (or when length is 0 at the end). */
const uint8_t *scu__get_bytes(scu__cursor *cursor, size_t length);
void scu__skip(scu__cursor *cursor, size_t length);

/* A child cursor over the next `length` bytes; the parent moves past them. A length beyond what is left fails both. */
scu__cursor scu__get_block(scu__cursor *cursor, size_t length);
/* True when everything was read and nothing failed: what a strict decoder returns for its block. */
bool scu__cursor_is_finished(const scu__cursor *cursor);

#endif
