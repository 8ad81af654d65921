/* scu__cursor: every read compares with what is left first. */
#include "base/bytes.h"

#include "base/endian.h"

scu__cursor scu__cursor_over(const uint8_t *data, size_t size) {
  return (scu__cursor){.data = data, .size = size, .position = 0, .failed = false};
}

size_t scu__cursor_left(const scu__cursor *cursor) {
  return cursor->failed ? 0 : cursor->size - cursor->position;
}

const uint8_t *scu__get_bytes(scu__cursor *cursor, size_t length) {
  if (cursor->failed || length > cursor->size - cursor->position) {
    cursor->failed = true;
    return NULL;
  }
  if (!cursor->data) return NULL;
  const uint8_t *bytes = cursor->data + cursor->position;
  cursor->position += length;
  return bytes;
}

void scu__skip(scu__cursor *cursor, size_t length) {
  (void)scu__get_bytes(cursor, length);
}

uint8_t scu__get_u8(scu__cursor *cursor) {
  const uint8_t *p = scu__get_bytes(cursor, 1);
  return p ? *p : 0;
}

uint16_t scu__get_u16be(scu__cursor *cursor) {
  const uint8_t *p = scu__get_bytes(cursor, 2);
  return p ? scu__load_u16be(p) : 0;
}

uint32_t scu__get_u32be(scu__cursor *cursor) {
  const uint8_t *p = scu__get_bytes(cursor, 4);
  return p ? scu__load_u32be(p) : 0;
}

uint16_t scu__get_u16le(scu__cursor *cursor) {
  const uint8_t *p = scu__get_bytes(cursor, 2);
  return p ? scu__load_u16le(p) : 0;
}

uint32_t scu__get_u32le(scu__cursor *cursor) {
  const uint8_t *p = scu__get_bytes(cursor, 4);
  return p ? scu__load_u32le(p) : 0;
}

scu__cursor scu__get_block(scu__cursor *cursor, size_t length) {
  const uint8_t *bytes = scu__get_bytes(cursor, length);
  scu__cursor block = scu__cursor_over(bytes, bytes ? length : 0);
  block.failed = cursor->failed;
  return block;
}

bool scu__cursor_is_finished(const scu__cursor *cursor) {
  return !cursor->failed && cursor->position == cursor->size;
}
