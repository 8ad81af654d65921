/* The queue of outgoing bytes. Staged bytes live in one block whose front is dropped by moving an index; they are moved
 * down only when at least as much was dropped, or will be put before the next time, as has to move. */
#include "ul/output.h"

#include <string.h>

enum {
  SPARE_BYTES = 8 * SCU__FIXED_PDU,
  SPARE_PIECES = 4,
  FIRST_CAPACITY = 1024,
  FIRST_ROOM = 16,
  /* Callers look at scu__engine_queued long before: these only bound a caller that does not. */
  STAGED_MAX = 32 * 1024 * 1024,
  PIECES_MAX = 256 * 1024
};

scu_result scu__output_init(scu__output *output, const scu_allocator *allocator) {
  memset(output, 0, sizeof *output);
  output->allocator = allocator;
  return scu__output_reserve(output, 0, 0);
}

static void wipe_secret(scu__output *output) {
  if (!output->is_secret) return;
  scu__wipe(output->staged, output->capacity);
  output->is_secret = false;
}

void scu__output_free(scu__output *output) {
  wipe_secret(output);
  scu__free(output->allocator, output->staged);
  scu__free(output->allocator, output->pieces);
  memset(output, 0, sizeof *output);
}

void scu__output_clear(scu__output *output) {
  wipe_secret(output);
  output->start = output->end = 0;
  output->first = output->count = 0;
  output->queued = 0;
}

static void move_down(scu__output *output, uint8_t *to) {
  size_t live = output->end - output->start;
  if (live > 0) memmove(to, output->staged + output->start, live);
  output->start = 0;
  output->end = live;
}

static scu_result reserve_staged(scu__output *output, size_t bytes) {
  size_t live = output->end - output->start;
  if (bytes <= output->capacity - output->end && output->staged) return SCU_OK;
  if (bytes > STAGED_MAX - live) return SCU_ERROR_LIMIT;
  if (live + bytes <= output->capacity && (output->start >= live || live <= output->capacity / 2)) {
    move_down(output, output->staged);
    return SCU_OK;
  }
  size_t capacity = output->capacity ? output->capacity : FIRST_CAPACITY;
  while (capacity < live + bytes || capacity / 2 < live) capacity *= 2;
  uint8_t *staged = scu__alloc(output->allocator, capacity);
  if (!staged) return SCU_ERROR_MEMORY;
  move_down(output, staged);
  if (output->is_secret) scu__wipe(output->staged, output->capacity);
  scu__free(output->allocator, output->staged);
  output->staged = staged;
  output->capacity = capacity;
  return SCU_OK;
}

static scu_result reserve_pieces(scu__output *output, size_t count) {
  if (output->count + count <= output->room) return SCU_OK;
  size_t room = output->room ? output->room : FIRST_ROOM;
  while (room < output->count + count) room *= 2;
  if (room > PIECES_MAX) return SCU_ERROR_LIMIT;
  scu__output_piece *pieces = scu__alloc_array(output->allocator, room, sizeof *pieces);
  if (!pieces) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < output->count; i++) pieces[i] = output->pieces[(output->first + i) & (output->room - 1)];
  scu__free(output->allocator, output->pieces);
  output->pieces = pieces;
  output->first = 0;
  output->room = room;
  return SCU_OK;
}

scu_result scu__output_reserve(scu__output *output, size_t bytes, size_t pieces) {
  if (bytes > STAGED_MAX - SPARE_BYTES) return SCU_ERROR_LIMIT;
  scu_result result = reserve_staged(output, bytes + SPARE_BYTES);
  return result == SCU_OK ? reserve_pieces(output, pieces + SPARE_PIECES) : result;
}

static scu__output_piece *piece_at(const scu__output *output, size_t index) {
  return &output->pieces[(output->first + index) & (output->room - 1)];
}

static bool put_piece(scu__output *output, scu__source *source, uint64_t offset, size_t length) {
  scu__output_piece *last = output->count > 0 ? piece_at(output, output->count - 1) : NULL;
  if (last && !last->source && !source) {
    last->length += length;
  } else {
    if (output->count == output->room) return false;
    *piece_at(output, output->count++) = (scu__output_piece){.source = source, .offset = offset, .length = length};
  }
  output->queued += length;
  return true;
}

bool scu__output_put_bytes(scu__output *output, const uint8_t *bytes, size_t length) {
  if (length == 0) return true;
  if (length > output->capacity - output->end || !put_piece(output, NULL, 0, length)) return false;
  memcpy(output->staged + output->end, bytes, length);
  output->end += length;
  return true;
}

bool scu__output_put_source(scu__output *output, scu__source *source, uint64_t offset, size_t length) {
  return length == 0 || put_piece(output, source, offset, length);
}

size_t scu__output_segments(const scu__output *output, scu__segment *segments, size_t max) {
  size_t count = output->count < max ? output->count : max;
  size_t staged = output->start;
  for (size_t i = 0; i < count; i++) {
    const scu__output_piece *piece = piece_at(output, i);
    segments[i] = (scu__segment){.source = piece->source, .offset = piece->offset, .length = piece->length};
    if (piece->source) continue;
    segments[i].bytes = output->staged + staged;
    staged += piece->length;
  }
  return count;
}

void scu__output_sent(scu__output *output, size_t bytes) {
  while (bytes > 0 && output->count > 0) {
    scu__output_piece *piece = piece_at(output, 0);
    size_t part = bytes < piece->length ? bytes : piece->length;
    if (!piece->source) output->start += part;
    piece->offset += part;
    piece->length -= part;
    output->queued -= part;
    bytes -= part;
    if (piece->length > 0) continue;
    output->first = (output->first + 1) & (output->room - 1);
    output->count--;
  }
  if (output->start < output->end) return;
  output->start = output->end = 0;
  wipe_secret(output);
}
