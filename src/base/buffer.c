/* scu__buffer: bounded growth by doubling, sticky failure, nested length blocks. */
#include "base/buffer.h"

#include <string.h>

#include "base/endian.h"

enum { FIRST_CAPACITY = 256 };

void scu__buffer_init(scu__buffer *buffer, const scu_allocator *allocator, size_t maximum) {
  memset(buffer, 0, sizeof *buffer);
  buffer->allocator = allocator;
  buffer->maximum = maximum;
}

void scu__buffer_free(scu__buffer *buffer) {
  scu__free(buffer->allocator, buffer->data);
  scu__buffer_init(buffer, buffer->allocator, buffer->maximum);
}

void scu__buffer_clear(scu__buffer *buffer) {
  buffer->length = 0;
  buffer->result = SCU_OK;
}

void scu__buffer_wipe(scu__buffer *buffer) {
  scu__wipe(buffer->data, buffer->capacity);
  scu__buffer_clear(buffer);
}

scu_result scu__buffer_result(const scu__buffer *buffer) {
  return buffer->result;
}

static scu_result grow(scu__buffer *buffer, size_t needed) {
  if (needed > buffer->maximum) return SCU_ERROR_LIMIT;
  size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
  while (capacity < needed) capacity = capacity > buffer->maximum / 2 ? buffer->maximum : capacity * 2;
  if (capacity > buffer->maximum) capacity = buffer->maximum;
  uint8_t *data = scu__realloc_array(buffer->allocator, buffer->data, capacity, 1);
  if (!data) return SCU_ERROR_MEMORY;
  buffer->data = data;
  buffer->capacity = capacity;
  return SCU_OK;
}

uint8_t *scu__buffer_reserve(scu__buffer *buffer, size_t length) {
  if (buffer->result != SCU_OK) return NULL;
  if (length > SIZE_MAX - buffer->length) {
    buffer->result = SCU_ERROR_LIMIT;
    return NULL;
  }
  if (!buffer->data || length > buffer->capacity - buffer->length) {
    buffer->result = grow(buffer, buffer->length + length);
    if (buffer->result != SCU_OK) return NULL;
  }
  return buffer->data + buffer->length;
}

void scu__buffer_commit(scu__buffer *buffer, size_t length) {
  buffer->length += length;
}

void scu__buffer_drop_front(scu__buffer *buffer, size_t length) {
  if (length >= buffer->length) {
    buffer->length = 0;
    return;
  }
  memmove(buffer->data, buffer->data + length, buffer->length - length);
  buffer->length -= length;
}

void scu__put_bytes(scu__buffer *buffer, const void *bytes, size_t length) {
  if (length == 0) return;
  uint8_t *to = scu__buffer_reserve(buffer, length);
  if (!to) return;
  memcpy(to, bytes, length);
  buffer->length += length;
}

void scu__put_text(scu__buffer *buffer, const char *text) {
  scu__put_bytes(buffer, text, strlen(text));
}

void scu__put_fill(scu__buffer *buffer, uint8_t value, size_t count) {
  if (count == 0) return;
  uint8_t *to = scu__buffer_reserve(buffer, count);
  if (!to) return;
  memset(to, value, count);
  buffer->length += count;
}

void scu__put_u8(scu__buffer *buffer, uint8_t value) {
  scu__put_bytes(buffer, &value, 1);
}

void scu__put_u16be(scu__buffer *buffer, uint16_t value) {
  uint8_t bytes[2];
  scu__store_u16be(bytes, value);
  scu__put_bytes(buffer, bytes, sizeof bytes);
}

void scu__put_u32be(scu__buffer *buffer, uint32_t value) {
  uint8_t bytes[4];
  scu__store_u32be(bytes, value);
  scu__put_bytes(buffer, bytes, sizeof bytes);
}

void scu__put_u16le(scu__buffer *buffer, uint16_t value) {
  uint8_t bytes[2];
  scu__store_u16le(bytes, value);
  scu__put_bytes(buffer, bytes, sizeof bytes);
}

void scu__put_u32le(scu__buffer *buffer, uint32_t value) {
  uint8_t bytes[4];
  scu__store_u32le(bytes, value);
  scu__put_bytes(buffer, bytes, sizeof bytes);
}

static size_t block_length(scu__buffer *buffer, size_t mark, size_t width, size_t maximum) {
  size_t length = buffer->length - mark - width;
  if (length <= maximum) return length;
  buffer->result = SCU_ERROR_LIMIT;
  return 0;
}

size_t scu__block_open_u16be(scu__buffer *buffer) {
  size_t mark = buffer->length;
  scu__put_u16be(buffer, 0);
  return mark;
}

void scu__block_close_u16be(scu__buffer *buffer, size_t mark) {
  if (buffer->result != SCU_OK) return;
  scu__store_u16be(buffer->data + mark, (uint16_t)block_length(buffer, mark, 2, UINT16_MAX));
}

size_t scu__block_open_u32be(scu__buffer *buffer) {
  size_t mark = buffer->length;
  scu__put_u32be(buffer, 0);
  return mark;
}

void scu__block_close_u32be(scu__buffer *buffer, size_t mark) {
  if (buffer->result != SCU_OK) return;
  scu__store_u32be(buffer->data + mark, (uint32_t)block_length(buffer, mark, 4, UINT32_MAX - 1));
}

size_t scu__block_open_u32le(scu__buffer *buffer) {
  size_t mark = buffer->length;
  scu__put_u32le(buffer, 0);
  return mark;
}

void scu__block_close_u32le(scu__buffer *buffer, size_t mark) {
  if (buffer->result != SCU_OK) return;
  scu__store_u32le(buffer->data + mark, (uint32_t)block_length(buffer, mark, 4, UINT32_MAX - 1));
}
