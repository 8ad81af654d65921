/* What the dataset tests share: output collected in memory, bytes from hexadecimal, a strict reader of JSON, and the
 * sample files that are not part of the project. */
#ifndef DATASET_TEST_H
#define DATASET_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/inflate.h"
#include "data/part10.h"
#include "data/transfer_syntax.h"
#include "data/utf8.h"
#include "support/failing_allocator.h"

#ifndef SCU_SHARED_DEFAULT
#define SCU_SHARED_DEFAULT "../shared"
#endif

enum { TEST_ROOM = 64 * 1024 * 1024 };

static inline scu_result collect(void *user, const char *bytes, size_t length) {
  scu__put_bytes(user, bytes, length);
  return scu__buffer_result(user);
}

/* "0800 0500 4353" to bytes; blanks are ignored. */
static inline size_t from_hex(const char *hex, uint8_t *bytes) {
  size_t count = 0;
  unsigned value, digits = 0;
  for (unsigned byte = 0; *hex; hex++) {
    if (*hex == ' ') continue;
    value = (unsigned)(*hex <= '9' ? *hex - '0' : (*hex | 0x20) - 'a' + 10);
    byte = byte << 4 | value;
    if (++digits % 2 == 0) {
      bytes[count++] = (uint8_t)byte;
      byte = 0;
    }
  }
  return count;
}

static inline scu_dataset *new_dataset(void) {
  scu_dataset *dataset;
  assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
  return dataset;
}

static inline scu_dataset *decode_ok(const uint8_t *bytes, size_t length, scu__encoding encoding) {
  scu_dataset *dataset;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__dataset_decode(bytes, length, encoding, NULL, NULL, &dataset, &error);
  if (result != SCU_OK) fail_msg("decode: %s", scu_error_reason(&error));
  return dataset;
}

static inline scu_dataset *decode_hex(const char *hex, scu__encoding encoding) {
  uint8_t bytes[4096];
  return decode_ok(bytes, from_hex(hex, bytes), encoding);
}

static inline void set(scu_dataset *dataset, const char *path, const char *text) {
  if (scu_dataset_set_text(dataset, path, text) != SCU_OK)
    fail_msg("set %s: %s", path, scu_error_reason(scu_dataset_error(dataset)));
}

static inline void assert_text(const scu_dataset *dataset, const char *path, const char *expected) {
  char text[1024];
  assert_int_equal(scu_dataset_text(dataset, path, text, sizeof text), SCU_OK);
  assert_string_equal(text, expected);
}

/* The whole output as a C string; freed with scu__buffer_free. */
static inline scu__buffer json_of(const scu_dataset *dataset, const scu_json_options *options) {
  scu__buffer out;
  scu__buffer_init(&out, NULL, TEST_ROOM);
  assert_int_equal(scu_dataset_write_json(dataset, options, collect, &out), SCU_OK);
  scu__put_u8(&out, 0);
  return out;
}

static inline scu__buffer dump_of(const scu_dataset *dataset, const scu_text_options *options) {
  scu__buffer out;
  scu__buffer_init(&out, NULL, TEST_ROOM);
  assert_int_equal(scu_dataset_write_text(dataset, options, collect, &out), SCU_OK);
  scu__put_u8(&out, 0);
  return out;
}

static inline void assert_json(const scu_dataset *dataset, const char *expected) {
  scu__buffer out = json_of(dataset, NULL);
  assert_string_equal((const char *)out.data, expected);
  scu__buffer_free(&out);
}

static inline scu__buffer encode_ok(const scu_dataset *dataset, scu__encoding encoding) {
  scu__buffer out;
  scu_error error;
  scu__error_clear(&error);
  scu__buffer_init(&out, NULL, TEST_ROOM);
  if (scu__dataset_encode(dataset, encoding, &out, &error) != SCU_OK) fail_msg("encode: %s", scu_error_reason(&error));
  return out;
}

/* ---- JSON by the letter of RFC 8259 ---- */

static inline const char *json_skip_string(const char *at) {
  if (*at != '"') return NULL;
  for (at++; *at != '"'; at++) {
    if ((unsigned char)*at < 0x20) return NULL;
    if (*at != '\\') continue;
    at++;
    if (*at == 'u') {
      for (int i = 0; i < 4; i++)
        if (!strchr("0123456789abcdefABCDEF", *++at) || !*at) return NULL;
    } else if (!*at || !strchr("\"\\/bfnrt", *at)) {
      return NULL;
    }
  }
  return at + 1;
}

static inline const char *json_skip_digits(const char *at) {
  if (*at < '0' || *at > '9') return NULL;
  while (*at >= '0' && *at <= '9') at++;
  return at;
}

static inline const char *json_skip_number(const char *at) {
  if (*at == '-') at++;
  at = *at == '0' ? at + 1 : json_skip_digits(at);
  if (at && *at == '.') at = json_skip_digits(at + 1);
  if (at && (*at == 'e' || *at == 'E')) {
    at++;
    if (*at == '+' || *at == '-') at++;
    at = json_skip_digits(at);
  }
  return at;
}

static inline const char *json_skip_scalar(const char *at) {
  if (*at == '"') return json_skip_string(at);
  if (strncmp(at, "null", 4) == 0) return at + 4;
  return json_skip_number(at);
}

/* True for one value without blanks (we write none) and nothing behind it. */
static inline bool json_is_valid(const char *text) {
  char open[1024];
  size_t depth = 0;
  const char *at = text;
  if (!scu__utf8_is_valid((const uint8_t *)text, strlen(text))) return false;
  for (;;) {
    /* here a value begins */
    if (*at == '{' || *at == '[') {
      if (depth == sizeof open) return false;
      open[depth++] = *at == '{' ? '}' : ']';
      at++;
      if (*at != open[depth - 1]) {
        if (open[depth - 1] == '}') {
          at = json_skip_string(at);
          if (!at || *at++ != ':') return false;
        }
        continue;
      }
    } else {
      at = json_skip_scalar(at);
      if (!at) return false;
    }
    /* here one has ended, or an empty container ends */
    while (depth > 0 && *at == open[depth - 1]) {
      at++;
      depth--;
    }
    if (depth == 0) return *at == 0;
    if (*at++ != ',') return false;
    if (open[depth - 1] == '}') {
      at = json_skip_string(at);
      if (!at || *at++ != ':') return false;
    }
  }
}

/* ---- the sample files ---- */

static inline FILE *open_samples(char *folder, size_t room) {
  const char *shared = getenv("SCU_SHARED");
  char path[1100];
  snprintf(folder, room, "%s/data", shared && shared[0] ? shared : SCU_SHARED_DEFAULT);
  snprintf(path, sizeof path, "%s/manifest.tsv", folder);
  FILE *manifest = fopen(path, "r");
  char line[1000];
  if (manifest && fgets(line, sizeof line, manifest)) return manifest;
  if (manifest) fclose(manifest);
  print_message("[  SKIPPED ] no sample files at %s (SCU_SHARED)\n", folder);
  return NULL;
}

/* The next file that DCMTK can read; false at the end. */
static inline bool next_sample(FILE *manifest, char *file, size_t room) {
  char line[8192];
  while (fgets(line, sizeof line, manifest)) {
    char *at = line, *columns[24] = {0};
    for (size_t i = 0; i < 24 && at; i++) {
      columns[i] = at;
      at = strchr(at, '\t');
      if (at) *at++ = 0;
    }
    if (!columns[22] || strncmp(columns[22], "yes", 3) != 0) continue;
    /* Its sequence says it is longer than the file. DCMTK shrugs; we call it cut, and nobody sends a DICOMDIR. */
    if (strcmp(columns[0], "dicomdir/DICOMDIR-nooffset") == 0) continue;
    snprintf(file, room, "%s", columns[0]);
    return true;
  }
  return false;
}

static inline void load_sample(const char *folder, const char *file, scu__buffer *bytes) {
  char path[2200];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *stream = fopen(path, "rb");
  if (!stream) fail_msg("cannot open %s", path);
  scu__buffer_clear(bytes);
  for (;;) {
    uint8_t *to = scu__buffer_reserve(bytes, 65536);
    assert_non_null(to);
    size_t got = fread(to, 1, 65536, stream);
    scu__buffer_commit(bytes, got);
    if (got == 0) break;
  }
  fclose(stream);
}

static inline void inflate_sample(scu__buffer *bytes, size_t offset) {
  scu__inflater *inflater;
  scu__buffer whole;
  const uint8_t *at = bytes->data + offset;
  size_t left = bytes->length - offset, got;
  assert_int_equal(scu__inflater_new(NULL, NULL, &inflater), SCU_OK);
  scu__buffer_init(&whole, NULL, (size_t)1 << 30);
  for (scu_result result = SCU_OK; result == SCU_OK;) {
    uint8_t *to = scu__buffer_reserve(&whole, 65536);
    assert_non_null(to);
    result = scu__inflater_run(inflater, &at, &left, to, 65536, &got, NULL);
    assert_true(result == SCU_OK || result == SCU_END);
    scu__buffer_commit(&whole, got);
  }
  scu__inflater_free(inflater);
  scu__buffer_free(bytes);
  *bytes = whole;
}

/* The dataset of a sample; bytes is left holding it. */
static inline scu_dataset *sample_dataset(const char *folder, const char *file, scu__buffer *bytes,
                                          scu__encoding *encoding) {
  scu__memory_source source;
  scu__file_meta meta;
  load_sample(folder, file, bytes);
  scu__memory_source_init(&source, bytes->data, bytes->length);
  scu_error error;
  scu__error_clear(&error);
  if (scu__part10_read(&source.source, NULL, &meta, &error) != SCU_OK) fail_msg("%s: %s", file, error.reason);
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(meta.transfer_syntax.text);
  *encoding = (scu__encoding){.is_implicit_vr = syntax && syntax->is_implicit_vr,
                              .is_big_endian = syntax && syntax->is_big_endian};
  size_t offset = (size_t)meta.dataset_offset;
  if (syntax && syntax->is_deflated) {
    inflate_sample(bytes, offset);
    offset = 0;
  }
  scu__dataset_limits limits = {.value_max = 65536,
                                .total_max = (uint64_t)1 << 28,
                                .elements_max = SCU__DATASET_ELEMENTS_MAX,
                                .phase = SCU_PHASE_FILE};
  scu_dataset *dataset;
  scu_result result =
      scu__dataset_decode(bytes->data + offset, bytes->length - offset, *encoding, NULL, &limits, &dataset, &error);
  if (result != SCU_OK) fail_msg("%s: %s", file, error.reason);
  return dataset;
}

#endif
