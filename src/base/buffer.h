/* A growable run of bytes, born with its maximum, and the writing half of wire codecs.
 *
 * Every put_* is sticky: after the first failure (maximum reached or no memory) the buffer ignores further puts and
 * scu__buffer_result says why, so an encoder is straight lines with one check at the end. */
#ifndef SCU_BASE_BUFFER_H
#define SCU_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "scu/result.h"

typedef struct scu__buffer {
  uint8_t *data; /* the live bytes are data[0 .. length) */
  size_t length;
  size_t capacity;
  size_t maximum;
  const scu_allocator *allocator;
  scu_result result;
} scu__buffer;

void scu__buffer_init(scu__buffer *buffer, const scu_allocator *allocator, size_t maximum);
void scu__buffer_free(scu__buffer *buffer);  /* safe on a zeroed buffer; leaves it empty and reusable */
void scu__buffer_clear(scu__buffer *buffer); /* length 0 and no failure; keeps the memory */
void scu__buffer_wipe(scu__buffer *buffer);  /* clears, and overwrites the memory it keeps */
scu_result scu__buffer_result(const scu__buffer *buffer);

/* Room for `length` more bytes behind data + length; NULL on failure (sticky). Commit what was written. */
uint8_t *scu__buffer_reserve(scu__buffer *buffer, size_t length);
void scu__buffer_commit(scu__buffer *buffer, size_t length);
/* Removes the first `length` bytes, moving the rest down. */
void scu__buffer_drop_front(scu__buffer *buffer, size_t length);

void scu__put_bytes(scu__buffer *buffer, const void *bytes, size_t length);
void scu__put_text(scu__buffer *buffer, const char *text); /* without its NUL */
void scu__put_fill(scu__buffer *buffer, uint8_t value, size_t count);
void scu__put_u8(scu__buffer *buffer, uint8_t value);
void scu__put_u16be(scu__buffer *buffer, uint16_t value);
void scu__put_u32be(scu__buffer *buffer, uint32_t value);
void scu__put_u16le(scu__buffer *buffer, uint16_t value);
void scu__put_u32le(scu__buffer *buffer, uint32_t value);

/* Length-prefixed blocks: open writes a placeholder of 2 or 4 bytes, close fills in the bytes since. Blocks nest.
 * A block longer than its length field can say fails the buffer with LIMIT. */
size_t scu__block_open_u16be(scu__buffer *buffer);
void scu__block_close_u16be(scu__buffer *buffer, size_t mark);
size_t scu__block_open_u32be(scu__buffer *buffer);
void scu__block_close_u32be(scu__buffer *buffer, size_t mark);
size_t scu__block_open_u32le(scu__buffer *buffer);
void scu__block_close_u32le(scu__buffer *buffer, size_t mark);

#endif
