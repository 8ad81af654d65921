/* The dataset reader and writer: the first byte chooses encoding and piece length, the rest is the dataset.
 *
 * Any split gives the same tokens and the same result; tokens nest; an untouched copy is equal byte by byte; what was
 * rewritten in explicit VR can be read, and rewriting it once more changes nothing. In implicit VR the dictionary
 * speaks where the dataset had its own VR: what comes back may be another dataset, or none. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/writer.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const scu__encoding encodings[] = {
    {.is_implicit_vr = true, .is_big_endian = false},
    {.is_implicit_vr = false, .is_big_endian = false},
    {.is_implicit_vr = false, .is_big_endian = true},
};

static void require(bool condition) {
  if (!condition) abort();
}

typedef struct summary {
  scu_result result;
  uint64_t hash, end;
  bool has_fragments;
} summary;

static void mix(summary *s, uint64_t value) {
  s->hash = (s->hash ^ value) * UINT64_C(1099511628211);
}

/* Pieces of values are hashed byte by byte, so that their borders do not show. */
static void add_token(summary *s, const scu__token *t) {
  if (t->kind == SCU__TOKEN_VALUE) {
    for (size_t i = 0; i < t->size; i++) mix(s, t->bytes[i]);
    return;
  }
  mix(s, (uint64_t)t->kind << 32 | t->tag);
  mix(s, (uint64_t)t->vr << 32 | t->length);
  mix(s, t->offset * 2 + t->depth);
  if (t->kind == SCU__TOKEN_FRAGMENTS_BEGIN) s->has_fragments = true;
}

static void check_nesting(const scu__token *t, unsigned *depth) {
  if (t->kind == SCU__TOKEN_SEQUENCE_BEGIN || t->kind == SCU__TOKEN_FRAGMENTS_BEGIN)
    require(t->depth == (*depth)++);
  else if (t->kind == SCU__TOKEN_SEQUENCE_END || t->kind == SCU__TOKEN_FRAGMENTS_END)
    require(t->depth == --*depth);
  else
    require(t->depth == *depth);
}

/* Reads all, and writes it to `writer` unless that is NULL or has failed (*written says how). */
static summary read_all(scu__encoding encoding, const uint8_t *bytes, size_t length, size_t piece, scu__writer *writer,
                        scu_result *written) {
  static scu__reader reader;
  summary s = {.hash = UINT64_C(14695981039346656037)};
  scu__token token;
  scu_error error;
  unsigned depth = 0;
  size_t at = 0;
  scu__error_clear(&error);
  scu__reader_init(&reader, encoding, NULL);
  while ((s.result = scu__reader_next(&reader, &token, &error)) == SCU_OK || s.result == SCU_MORE) {
    if (s.result == SCU_OK) {
      add_token(&s, &token);
      check_nesting(&token, &depth);
      if (writer && *written == SCU_OK) *written = scu__writer_put(writer, &token, NULL);
      continue;
    }
    size_t size = piece < length - at ? piece : length - at;
    if (size == 0) scu__reader_finish(&reader);
    scu__reader_push(&reader, bytes + at, size);
    at += size;
  }
  require((s.result == SCU_END) == (scu_error_result(&error) == SCU_OK));
  if (s.result == SCU_END) require(depth == 0);
  s.end = scu__reader_trailing_offset(&reader) == UINT64_MAX ? length : scu__reader_trailing_offset(&reader);
  return s;
}

static void check_copy(scu__encoding encoding, const uint8_t *bytes, size_t length, const summary *expected) {
  scu__buffer out;
  scu__writer writer;
  scu_result written = SCU_OK;
  scu__buffer_init(&out, NULL, OUTPUT_MAX);
  scu__writer_init(&writer, encoding, &out, &(scu__writer_options){.keep_lengths = true});
  read_all(encoding, bytes, length, length + 1, &writer, &written);
  require(written == SCU_OK);
  require(out.length == expected->end);
  scu__buffer_free(&out);
}

static bool rewrite(scu__encoding from, scu__encoding to, const uint8_t *bytes, size_t length, size_t piece,
                    scu__buffer *out, const summary *expected) {
  scu__writer writer;
  scu_result written = SCU_OK;
  scu__buffer_init(out, NULL, OUTPUT_MAX);
  scu__writer_init(&writer, to, out, NULL);
  summary s = read_all(from, bytes, length, piece, &writer, &written);
  require(s.result == SCU_END);
  if (written == SCU_OK) return true;
  bool may_refuse = written == SCU_ERROR_MALFORMED || (written == SCU_ERROR_UNSUPPORTED && expected->has_fragments);
  require(may_refuse);
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (length < 2) return 0;
  scu__encoding from = encodings[bytes[0] % 3];
  size_t piece = bytes[0] / 3 + 1u;
  bytes++, length--;
  summary whole = read_all(from, bytes, length, length + 1, NULL, NULL);
  summary split = read_all(from, bytes, length, piece, NULL, NULL);
  require(whole.result == split.result);
  if (whole.result != SCU_END) return 0;
  require(whole.hash == split.hash && whole.end == split.end);
  check_copy(from, bytes, length, &whole);
  for (size_t i = 0; i < 3; i++) {
    scu__buffer once, twice = {0};
    bool is_rewritten = rewrite(from, encodings[i], bytes, length, piece, &once, &whole);
    if (is_rewritten && once.length > 0 && encodings[i].is_implicit_vr) {
      read_all(encodings[i], once.data, once.length, piece, NULL, NULL);
    } else if (is_rewritten && once.length > 0) {
      require(rewrite(encodings[i], encodings[i], once.data, once.length, once.length + 1, &twice, &whole));
      require(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    }
    scu__buffer_free(&once);
    scu__buffer_free(&twice);
  }
  return 0;
}
