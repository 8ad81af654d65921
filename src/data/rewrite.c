/* source -> [inflate] -> reader -> writer -> [deflate], pulled from the end. Four fixed buffers, whatever the size. */
#include "data/rewrite.h"

#include <inttypes.h>
#include <string.h>

#include "data/inflate.h"
#include "data/reader.h"
#include "data/writer.h"

enum { INPUT_CHUNK = 64 * 1024, OUTPUT_ENOUGH = 64 * 1024, OUTPUT_MAX = 256 * 1024 };

typedef struct rewriter {
  scu__producer producer;
  const scu_allocator *allocator;
  scu__source *source;
  uint64_t offset, end; /* what is left of the dataset in the source */
  scu__inflater *inflater;
  scu__deflater *deflater;
  const uint8_t *compressed; /* inside input: not inflated yet */
  size_t compressed_left;
  scu__reader reader;
  scu__writer writer;
  scu__buffer out; /* written by the writer, taken from `taken` on */
  size_t taken;
  uint64_t deflated; /* bytes given, when deflating */
  bool is_written;   /* the reader has ended: out is the last there is */
  bool is_padded;
  scu_error fault; /* sticky */
  uint8_t input[INPUT_CHUNK];
  uint8_t inflated[INPUT_CHUNK];
} rewriter;

static scu_result read_input(rewriter *r, size_t *length) {
  uint64_t left = r->end - r->offset;
  *length = left < INPUT_CHUNK ? (size_t)left : INPUT_CHUNK;
  if (*length == 0) return SCU_OK;
  scu_result result = r->source->read_at(r->source, r->offset, r->input, *length, &r->fault);
  if (result != SCU_OK) return result;
  r->offset += *length;
  return SCU_OK;
}

static scu_result feed_plain(rewriter *r) {
  size_t length;
  scu_result result = read_input(r, &length);
  if (result != SCU_OK) return result;
  if (length == 0) scu__reader_finish(&r->reader);
  scu__reader_push(&r->reader, r->input, length);
  return SCU_OK;
}

static scu_result refill_compressed(rewriter *r) {
  size_t length;
  scu_result result = read_input(r, &length);
  if (result != SCU_OK) return result;
  r->compressed = r->input;
  r->compressed_left = length;
  if (length > 0) return SCU_OK;
  scu__error_set(&r->fault, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                 "cut inside the deflate stream: the data ends at %" PRIu64, r->end);
  scu__error_at(&r->fault, 0, r->end);
  return SCU_ERROR_MALFORMED;
}

static scu_result feed_inflated(rewriter *r) {
  size_t got = 0;
  scu_result result = SCU_OK;
  do {
    if (result == SCU_MORE) {
      result = refill_compressed(r);
      if (result != SCU_OK) return result;
    }
    result = scu__inflater_run(r->inflater, &r->compressed, &r->compressed_left, r->inflated, sizeof r->inflated, &got,
                               &r->fault);
    if (result < 0) return result;
  } while (result == SCU_MORE);
  scu__reader_push(&r->reader, r->inflated, got);
  if (result == SCU_END && got == 0) scu__reader_finish(&r->reader);
  return SCU_OK;
}

/* One batch of rewritten bytes, or is_written. */
static scu_result fill_out(rewriter *r) {
  scu__buffer_clear(&r->out);
  r->taken = 0;
  while (r->out.length < OUTPUT_ENOUGH && !r->is_written) {
    scu__token token;
    scu_result result = scu__reader_next(&r->reader, &token, &r->fault);
    if (result == SCU_OK)
      result = scu__writer_put(&r->writer, &token, &r->fault);
    else if (result == SCU_MORE)
      result = r->inflater ? feed_inflated(r) : feed_plain(r);
    else if (result == SCU_END)
      r->is_written = true;
    if (result < 0) return result;
  }
  return SCU_OK;
}

static scu_result read_plain(rewriter *r, uint8_t *to, size_t room, size_t *got) {
  if (r->taken == r->out.length) {
    scu_result result = fill_out(r);
    if (result != SCU_OK) return result;
  }
  size_t left = r->out.length - r->taken;
  if (left == 0) return SCU_END;
  *got = left < room ? left : room;
  memcpy(to, r->out.data + r->taken, *got);
  r->taken += *got;
  return SCU_OK;
}

/* PS3.5 A.5: an odd deflate stream gets one NUL. */
static scu_result end_deflated(rewriter *r, uint8_t *to, size_t *got) {
  if (r->deflated % 2 == 0 || r->is_padded) return SCU_END;
  r->is_padded = true;
  to[0] = 0;
  *got = 1;
  return SCU_OK;
}

static scu_result read_deflated(rewriter *r, uint8_t *to, size_t room, size_t *got) {
  for (;;) {
    if (r->taken == r->out.length && !r->is_written) {
      scu_result result = fill_out(r);
      if (result != SCU_OK) return result;
    }
    const uint8_t *bytes = r->out.data ? r->out.data + r->taken : NULL;
    size_t left = r->out.length - r->taken;
    scu_result result = scu__deflater_run(r->deflater, &bytes, &left, r->is_written, to, room, got, &r->fault);
    r->taken = r->out.length - left;
    if (result < 0) return result;
    r->deflated += *got;
    if (*got > 0) return SCU_OK;
    if (result == SCU_END) return end_deflated(r, to, got);
  }
}

static scu_result rewriter_read(scu__producer *self, uint8_t *to, size_t room, size_t *got, scu_error *error) {
  rewriter *r = (rewriter *)self;
  *got = 0;
  scu_result result = r->fault.result;
  if (result == SCU_OK && room == 0)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_FILE, "no room to read into");
  if (result == SCU_OK) result = r->deflater ? read_deflated(r, to, room, got) : read_plain(r, to, room, got);
  if (result >= 0) return result;
  scu__error_set(&r->fault, result, SCU_PHASE_FILE, "the dataset cannot be rewritten");
  if (!scu__error_is_set(error)) scu__error_copy(error, &r->fault);
  return result;
}

static void rewriter_close(scu__producer *self) {
  rewriter *r = (rewriter *)self;
  scu__inflater_free(r->inflater);
  scu__deflater_free(r->deflater);
  scu__buffer_free(&r->out);
  scu__free(r->allocator, r);
}

static scu_result open_streams(rewriter *r, const scu__head *head, const scu__transfer_syntax *to) {
  scu_result result = SCU_OK;
  if (head->syntax->is_deflated) result = scu__inflater_new(r->allocator, NULL, &r->inflater);
  if (result == SCU_OK && to->is_deflated) result = scu__deflater_new(r->allocator, &r->deflater);
  return result;
}

static scu_result make(const scu_allocator *allocator, scu__source *source, const scu__head *head,
                       const scu__transfer_syntax *to, bool keeps_lengths, scu__producer **out, scu_error *error) {
  *out = NULL;
  if (!scu__transfer_syntax_is_native(head->syntax) || !scu__transfer_syntax_is_native(to))
    return scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_FILE,
                          "only native transfer syntaxes can be rewritten, not %s to %s",
                          head->meta.transfer_syntax.text, to ? to->uid : "an unknown one");
  rewriter *r = scu__alloc(allocator, sizeof *r);
  if (!r) return scu__error_memory(error, SCU_PHASE_FILE);
  r->producer.read = rewriter_read;
  r->producer.close = rewriter_close;
  r->allocator = allocator;
  r->source = source;
  r->offset = head->dataset_offset;
  r->end = head->dataset_offset + head->dataset_length;
  scu__error_clear(&r->fault);
  scu__buffer_init(&r->out, allocator, OUTPUT_MAX);
  scu__reader_options options = {.first_offset = r->offset, .total_length = head->dataset_length};
  if (head->syntax->is_deflated) options = (scu__reader_options){.first_offset = 0};
  scu__reader_init(&r->reader, head->encoding, &options);
  scu__writer_options written = {.keep_lengths = keeps_lengths};
  scu__writer_init(&r->writer, scu__transfer_syntax_encoding(to), &r->out, &written);
  if (open_streams(r, head, to) != SCU_OK) {
    rewriter_close(&r->producer);
    return scu__error_memory(error, SCU_PHASE_FILE);
  }
  *out = &r->producer;
  return SCU_OK;
}

scu_result scu__rewrite_new(const scu_allocator *allocator, scu__source *source, const scu__head *head,
                            const scu__transfer_syntax *to, scu__producer **out, scu_error *error) {
  return make(allocator, source, head, to, false, out, error);
}

scu_result scu__deflate_new(const scu_allocator *allocator, scu__source *source, const scu__head *head,
                            scu__producer **out, scu_error *error) {
  return make(allocator, source, head, scu__transfer_syntax_find(SCU__UID_DEFLATED_EXPLICIT_LE), true, out, error);
}
