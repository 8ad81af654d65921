/* zlib behind two pairs of calls. Its memory comes from our allocator; its counters are not trusted: we count. */
#include "data/inflate.h"

#include <limits.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

/* RFC 1951 without the zlib header: negative window bits. */
enum { RAW_DEFLATE = -MAX_WBITS, MEMORY_LEVEL = 8 };

#define OUTPUT_MAX_DEFAULT  (UINT64_C(64) << 30)
#define RATIO_FLOOR_DEFAULT (UINT64_C(256) << 20)
#define RATIO_MAX_DEFAULT   250u

struct scu__inflater {
  z_stream stream;
  const scu_allocator *allocator;
  scu__inflate_limits limits;
  uint64_t consumed, produced;
  bool is_at_end;
};

struct scu__deflater {
  z_stream stream;
  const scu_allocator *allocator;
  bool is_at_end;
};

static void *zlib_alloc(void *allocator, unsigned count, unsigned size) {
  return scu__alloc_array(allocator, count, size);
}

static void zlib_free(void *allocator, void *block) {
  scu__free(allocator, block);
}

static void set_allocator(z_stream *stream, const scu_allocator *allocator) {
  stream->zalloc = zlib_alloc;
  stream->zfree = zlib_free;
  /* The allocator is only read; zlib's opaque pointer knows no const. */
  memcpy(&stream->opaque, &allocator, sizeof allocator);
}

static unsigned clamp(size_t length) {
  return length > UINT_MAX ? UINT_MAX : (unsigned)length;
}

scu_result scu__inflater_new(const scu_allocator *allocator, const scu__inflate_limits *limits, scu__inflater **out) {
  *out = NULL;
  scu__inflater *self = scu__alloc(allocator, sizeof *self);
  if (!self) return SCU_ERROR_MEMORY;
  self->allocator = allocator;
  if (limits) self->limits = *limits;
  if (self->limits.output_max == 0) self->limits.output_max = OUTPUT_MAX_DEFAULT;
  if (self->limits.ratio_floor == 0) self->limits.ratio_floor = RATIO_FLOOR_DEFAULT;
  if (self->limits.ratio_max == 0) self->limits.ratio_max = RATIO_MAX_DEFAULT;
  set_allocator(&self->stream, allocator);
  if (inflateInit2(&self->stream, RAW_DEFLATE) != Z_OK) {
    scu__free(allocator, self);
    return SCU_ERROR_MEMORY;
  }
  *out = self;
  return SCU_OK;
}

void scu__inflater_free(scu__inflater *inflater) {
  if (!inflater) return;
  inflateEnd(&inflater->stream);
  scu__free(inflater->allocator, inflater);
}

static scu_result check_limits(const scu__inflater *self, scu_error *error) {
  const scu__inflate_limits *limits = &self->limits;
  if (self->produced > limits->output_max)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_FILE,
                          "the deflated dataset inflates to more than %llu bytes",
                          (unsigned long long)limits->output_max);
  if (self->produced > limits->ratio_floor && self->produced / limits->ratio_max > self->consumed)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_FILE,
                          "the deflated dataset inflates to more than %u times its size", (unsigned)limits->ratio_max);
  return SCU_OK;
}

static scu_result inflate_fault(scu__inflater *self, int status, scu_error *error) {
  if (status == Z_MEM_ERROR) return scu__error_memory(error, SCU_PHASE_FILE);
  return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "the deflate stream is broken near its byte %llu",
                        (unsigned long long)self->consumed);
}

scu_result scu__inflater_run(scu__inflater *inflater, const uint8_t **bytes, size_t *length, uint8_t *to, size_t room,
                             size_t *got, scu_error *error) {
  *got = 0;
  if (inflater->is_at_end) return SCU_END;
  z_stream *stream = &inflater->stream;
  unsigned in = clamp(*length), out = clamp(room);
  stream->next_in = *bytes;
  stream->avail_in = in;
  stream->next_out = to;
  stream->avail_out = out;
  int status = inflate(stream, Z_NO_FLUSH);
  unsigned taken = in - stream->avail_in;
  if (taken > 0) *bytes += taken;
  *length -= taken;
  inflater->consumed += taken;
  *got = out - stream->avail_out;
  inflater->produced += *got;
  if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return inflate_fault(inflater, status, error);
  scu_result result = check_limits(inflater, error);
  if (result != SCU_OK) return result;
  inflater->is_at_end = status == Z_STREAM_END;
  if (inflater->is_at_end) return SCU_END;
  return *got > 0 ? SCU_OK : SCU_MORE;
}

scu_result scu__deflater_new(const scu_allocator *allocator, scu__deflater **out) {
  *out = NULL;
  scu__deflater *self = scu__alloc(allocator, sizeof *self);
  if (!self) return SCU_ERROR_MEMORY;
  self->allocator = allocator;
  set_allocator(&self->stream, allocator);
  if (deflateInit2(&self->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_DEFLATE, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    scu__free(allocator, self);
    return SCU_ERROR_MEMORY;
  }
  *out = self;
  return SCU_OK;
}

void scu__deflater_free(scu__deflater *deflater) {
  if (!deflater) return;
  deflateEnd(&deflater->stream);
  scu__free(deflater->allocator, deflater);
}

scu_result scu__deflater_run(scu__deflater *deflater, const uint8_t **bytes, size_t *length, bool is_last, uint8_t *to,
                             size_t room, size_t *got, scu_error *error) {
  *got = 0;
  if (deflater->is_at_end) return SCU_END;
  z_stream *stream = &deflater->stream;
  unsigned in = clamp(*length), out = clamp(room);
  stream->next_in = *bytes;
  stream->avail_in = in;
  stream->next_out = to;
  stream->avail_out = out;
  int status = deflate(stream, is_last && in == *length ? Z_FINISH : Z_NO_FLUSH);
  unsigned taken = in - stream->avail_in;
  if (taken > 0) *bytes += taken;
  *length -= taken;
  *got = out - stream->avail_out;
  if (status == Z_STREAM_ERROR)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_FILE, "the deflate stream was used against its rules");
  deflater->is_at_end = status == Z_STREAM_END;
  if (deflater->is_at_end) return SCU_END;
  return *got > 0 ? SCU_OK : SCU_MORE;
}
