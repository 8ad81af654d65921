/* A position in the inflated bytes that moves forwards; to go back, inflating begins anew. */
#include "data/inflated_source.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "data/inflate.h"

enum { INPUT_CHUNK = 64 * 1024, DROPPED_CHUNK = 16 * 1024 };

typedef struct inflated_source {
  scu__source source;
  const scu_allocator *allocator;
  scu__source *inner;
  uint64_t begin, end; /* of the deflate stream */
  scu__inflater *inflater;
  uint64_t offset;   /* of the next byte to take from inner */
  uint64_t position; /* inflated so far */
  const uint8_t *compressed;
  size_t compressed_left;
  uint8_t input[INPUT_CHUNK];
  uint8_t dropped[DROPPED_CHUNK];
} inflated_source;

static scu_result rewind_stream(inflated_source *s, scu_error *error) {
  scu__inflater_free(s->inflater);
  s->inflater = NULL;
  s->offset = s->begin;
  s->position = s->compressed_left = 0;
  if (scu__inflater_new(s->allocator, NULL, &s->inflater) == SCU_OK) return SCU_OK;
  return scu__error_memory(error, SCU_PHASE_FILE);
}

static scu_result refill(inflated_source *s, scu_error *error) {
  uint64_t left = s->end - s->offset;
  size_t length = left < INPUT_CHUNK ? (size_t)left : INPUT_CHUNK;
  if (length == 0)
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                          "cut inside the deflate stream: the data ends at %" PRIu64, s->end);
  scu_result result = s->inner->read_at(s->inner, s->offset, s->input, length, error);
  if (result != SCU_OK) return result;
  s->offset += length;
  s->compressed = s->input;
  s->compressed_left = length;
  return SCU_OK;
}

/* SCU_END: there is no more; *got may be above 0 the first time. */
static scu_result inflate_some(inflated_source *s, uint8_t *to, size_t room, size_t *got, scu_error *error) {
  for (;;) {
    scu_result result = scu__inflater_run(s->inflater, &s->compressed, &s->compressed_left, to, room, got, error);
    if (result != SCU_MORE) {
      if (result >= 0) s->position += *got;
      return result;
    }
    result = refill(s, error);
    if (result != SCU_OK) return result;
  }
}

/* A stream that is inflated for the second time and ends elsewhere: the file has changed under us. */
static scu_result ended_early(scu_error *error) {
  return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "the file has changed while it was being read");
}

static scu_result go_to(inflated_source *s, uint64_t offset, scu_error *error) {
  scu_result result = offset < s->position ? rewind_stream(s, error) : SCU_OK;
  while (result == SCU_OK && s->position < offset) {
    uint64_t left = offset - s->position;
    size_t got = 0;
    result = inflate_some(s, s->dropped, left < DROPPED_CHUNK ? (size_t)left : DROPPED_CHUNK, &got, error);
    if (result == SCU_END) return s->position == offset ? SCU_OK : ended_early(error);
  }
  return result;
}

static scu_result read_at(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  inflated_source *s = (inflated_source *)self;
  uint8_t *bytes = to;
  if (offset > self->size || length > self->size - offset)
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "read past the end of the inflated dataset");
  scu_result result = go_to(s, offset, error);
  while (result == SCU_OK && length > 0) {
    size_t got = 0;
    result = inflate_some(s, bytes, length, &got, error);
    if (result < 0) return result;
    bytes += got;
    length -= got;
    if (result == SCU_END) return length == 0 ? SCU_OK : ended_early(error);
  }
  return result;
}

static void close_source(scu__source *self) {
  inflated_source *s = (inflated_source *)self;
  scu__inflater_free(s->inflater);
  scu__free(s->allocator, s);
}

static scu_result measure(inflated_source *s, scu_error *error) {
  scu_result result = rewind_stream(s, error);
  while (result == SCU_OK) {
    size_t got = 0;
    result = inflate_some(s, s->dropped, DROPPED_CHUNK, &got, error);
  }
  if (result != SCU_END) return result;
  s->source.size = s->position;
  return rewind_stream(s, error);
}

scu_result scu__inflated_source_new(const scu_allocator *allocator, scu__source *inner, const scu__head *head,
                                    scu__source **out, scu_error *error) {
  *out = NULL;
  inflated_source *s = scu__alloc(allocator, sizeof *s);
  if (!s) return scu__error_memory(error, SCU_PHASE_FILE);
  s->source.read_at = read_at;
  s->source.close = close_source;
  s->allocator = allocator;
  s->inner = inner;
  s->begin = head->dataset_offset;
  s->end = head->dataset_offset + head->dataset_length;
  scu_result result = measure(s, error);
  if (result != SCU_OK) {
    close_source(&s->source);
    return result;
  }
  *out = &s->source;
  return SCU_OK;
}
