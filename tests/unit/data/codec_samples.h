/* Datasets made here for the codec's tests, and a form of their tokens in which two encodings can be compared. */
#ifndef CODEC_SAMPLES_H
#define CODEC_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/endian.h"
#include "base/source.h"
#include "data/reader.h"
#include "data/transfer_syntax.h"
#include "data/vr.h"

#ifndef SCU_SHARED_DEFAULT
#define SCU_SHARED_DEFAULT "../shared"
#endif

#define SAMPLE_MAX ((size_t)64 << 20)

static inline void put_sample_header(scu__buffer *b, scu__encoding e, scu_tag tag, scu_vr vr, uint32_t length) {
  scu__element_header_write(b, e, &(scu__element_header){.tag = tag, .vr = vr, .length = length});
}

/* bytes: in little endian; swapped here for big endian, one unit after the other. */
static inline void put_sample(scu__buffer *b, scu__encoding e, scu_tag tag, scu_vr vr, const void *bytes,
                              size_t length) {
  const scu__vr_info *info = scu__vr_find(vr);
  size_t unit = e.is_big_endian && info && info->swap_unit > 1 ? info->swap_unit : 1;
  const uint8_t *from = bytes;
  put_sample_header(b, e, tag, vr, (uint32_t)length);
  for (size_t i = 0; i < length; i++) scu__put_u8(b, from[i / unit * unit + (unit - 1 - i % unit)]);
}

static inline void put_sample_text(scu__buffer *b, scu__encoding e, scu_tag tag, scu_vr vr, const char *text) {
  put_sample(b, e, tag, vr, text, strlen(text));
}

static inline void put_sample_us(scu__buffer *b, scu__encoding e, scu_tag tag, scu_vr vr, uint16_t value) {
  uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
  put_sample(b, e, tag, vr, bytes, 2);
}

/* Sequences and items with undefined or with true lengths. */
static inline size_t open_sample(scu__buffer *b, scu__encoding e, scu_tag tag, scu_vr vr, bool is_defined) {
  put_sample_header(b, e, tag, vr, is_defined ? 0 : SCU__UNDEFINED_LENGTH);
  return b->length;
}

static inline void close_sample(scu__buffer *b, scu__encoding e, size_t begin, scu_tag delimiter, bool is_defined) {
  uint32_t length = (uint32_t)(b->length - begin);
  if (!is_defined)
    put_sample_header(b, e, delimiter, SCU_VR_NONE, 0);
  else if (e.is_big_endian)
    scu__store_u32be(b->data + begin - 4, length);
  else
    scu__store_u32le(b->data + begin - 4, length);
}

#define open_item(b, e, d)             open_sample(b, e, SCU__TAG_ITEM, SCU_VR_NONE, d)
#define close_item(b, e, begin, d)     close_sample(b, e, begin, SCU__TAG_ITEM_DELIMITER, d)
#define close_sequence(b, e, begin, d) close_sample(b, e, begin, SCU__TAG_SEQUENCE_DELIMITER, d)

#define SAMPLE_CLASS    "1.2.840.10008.5.1.4.1.1.7"
#define SAMPLE_INSTANCE "2.25.123456789"

/* A bit of everything: nesting, mixed lengths (by variant), an empty item, private elements, words of each size. */
static inline void put_sample_dataset(scu__buffer *b, scu__encoding e, unsigned variant) {
  bool d1 = variant & 1, d2 = variant & 2;
  static const uint8_t words[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  put_sample_text(b, e, SCU_TAG(0x0008, 0x0005), SCU_VR_CS, "ISO_IR 100");
  put_sample(b, e, SCU_TAG(0x0008, 0x0016), SCU_VR_UI, SAMPLE_CLASS "\0", 26);
  put_sample(b, e, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, SAMPLE_INSTANCE, 14);
  put_sample_text(b, e, SCU_TAG(0x0008, 0x0050), SCU_VR_SH, "");
  size_t sequence = open_sample(b, e, SCU_TAG(0x0008, 0x1140), SCU_VR_SQ, d1);
  size_t item = open_item(b, e, d2);
  put_sample_text(b, e, SCU_TAG(0x0008, 0x1150), SCU_VR_UI, "1.2.3.45");
  size_t inner = open_sample(b, e, SCU_TAG(0x0040, 0xA170), SCU_VR_SQ, d2);
  size_t deepest = open_item(b, e, d1);
  put_sample_text(b, e, SCU_TAG(0x0008, 0x0100), SCU_VR_SH, "121320");
  close_item(b, e, deepest, d1);
  close_sequence(b, e, inner, d2);
  close_item(b, e, item, d2);
  item = open_item(b, e, d1);
  close_item(b, e, item, d1);
  close_sequence(b, e, sequence, d1);
  sequence = open_sample(b, e, SCU_TAG(0x0008, 0x1199), SCU_VR_SQ, d2);
  close_sequence(b, e, sequence, d2);
  put_sample_text(b, e, SCU_TAG(0x0009, 0x0010), SCU_VR_LO, "LIBSCU TEST ");
  put_sample_text(b, e, SCU_TAG(0x0009, 0x1001), SCU_VR_UN, "opaque");
  put_sample_text(b, e, SCU_TAG(0x0010, 0x0010), SCU_VR_PN, "Buc^J\xE9r\xF4me");
  put_sample(b, e, SCU_TAG(0x0018, 0x9087), SCU_VR_FD, words, 8);
  put_sample(b, e, SCU_TAG(0x0020, 0x000D), SCU_VR_UI, "2.25.11", 8);
  put_sample(b, e, SCU_TAG(0x0020, 0x000E), SCU_VR_UI, "2.25.12", 8);
  put_sample(b, e, SCU_TAG(0x0020, 0x9165), SCU_VR_AT, words, 8);
  put_sample_us(b, e, SCU_TAG(0x0028, 0x0010), SCU_VR_US, 4);
  put_sample_us(b, e, SCU_TAG(0x0028, 0x0100), SCU_VR_US, 16);
  put_sample_us(b, e, SCU_TAG(0x0028, 0x0103), SCU_VR_US, 1);
  put_sample_us(b, e, SCU_TAG(0x0028, 0x0106), SCU_VR_SS, 0xFF85);
  put_sample(b, e, SCU_TAG(0x0040, 0xA132), SCU_VR_UL, words, 4);
  put_sample(b, e, SCU_TAG(0x0066, 0x0016), SCU_VR_OF, words, 16);
  put_sample(b, e, SCU__TAG_PIXEL_DATA, SCU_VR_OW, words, 16);
}

static const scu__encoding sample_encodings[] = {{true, false}, {false, false}, {false, true}};
enum { SAMPLE_ENCODINGS = 3, SAMPLE_VARIANTS = 4 };

/* Tokens as text: one line each, the pieces of a value joined and turned to little endian. With `is_exact` also the
 * lengths, offsets and encoding. */
typedef struct token_log {
  scu__buffer text;
  bool is_exact;
  scu_vr vr;
  bool is_big_endian, is_pixels;
  uint8_t *value;
  size_t value_length;
} token_log;

static inline void log_init(token_log *log, bool is_exact) {
  memset(log, 0, sizeof *log);
  scu__buffer_init(&log->text, NULL, (size_t)1 << 30);
  log->is_exact = is_exact;
}

static inline void log_free(token_log *log) {
  scu__buffer_free(&log->text);
  free(log->value);
}

static inline void log_value(token_log *log, const scu__token *t) {
  log->value = realloc(log->value, log->value_length + t->size + 1);
  memcpy(log->value + log->value_length, t->bytes, t->size);
  log->value_length += t->size;
  if (!t->is_last) return;
  const scu__vr_info *info = scu__vr_find(log->vr);
  size_t unit = log->is_big_endian && info && info->swap_unit > 1 ? info->swap_unit : 1;
  size_t length = log->value_length;
  if (length % 2 != 0 && !log->is_exact) log->value[length++] = info ? info->pad : 0;
  scu__put_text(&log->text, " ");
  for (size_t i = 0; i < length; i++) {
    size_t at = length % unit == 0 ? i / unit * unit + (unit - 1 - i % unit) : i;
    scu__put_u8(&log->text, log->value[at]);
  }
  scu__put_text(&log->text, "\n");
}

static inline void log_token(token_log *log, const scu__token *t) {
  char line[160];
  if (t->kind == SCU__TOKEN_VALUE) {
    log_value(log, t);
    return;
  }
  log->vr = t->vr;
  log->is_big_endian = t->encoding.is_big_endian;
  log->value_length = 0;
  int length = snprintf(line, sizeof line, "%d %08X %u", (int)t->kind, (unsigned)t->tag, t->depth);
  if (log->is_exact)
    length += snprintf(line + length, sizeof line - (size_t)length, " %04X %u @%llu %d%d %u", (unsigned)t->vr,
                       (unsigned)t->length, (unsigned long long)t->offset, t->encoding.is_implicit_vr,
                       t->encoding.is_big_endian, (unsigned)t->bits_allocated);
  scu__put_bytes(&log->text, line, (size_t)length);
  if (t->kind != SCU__TOKEN_ELEMENT && t->kind != SCU__TOKEN_FRAGMENT) scu__put_text(&log->text, "\n");
}

/* Reads it all in pieces of at most `piece` bytes (0: random ones, by seed), each in memory of its own size so that a
 * sanitizer sees any step outside. */
static inline scu_result read_tokens(scu__encoding e, const uint8_t *bytes, size_t length, size_t piece, unsigned seed,
                                     token_log *log, scu_error *error) {
  scu__reader *reader = malloc(sizeof *reader);
  uint8_t *block = NULL;
  size_t at = 0;
  scu_result result;
  scu__token token;
  scu__reader_init(reader, e, NULL);
  while ((result = scu__reader_next(reader, &token, error)) >= 0 && result != SCU_END) {
    if (result == SCU_OK) {
      if (log) log_token(log, &token);
      continue;
    }
    seed = seed * 1103515245u + 12345u;
    size_t size = piece > 0 ? piece : (seed >> 16) % 23 + 1;
    if (size > length - at) size = length - at;
    free(block);
    block = malloc(size + 1);
    memcpy(block + 1, bytes + at, size);
    if (size == 0) scu__reader_finish(reader);
    scu__reader_push(reader, block + 1, size);
    at += size;
  }
  free(block);
  free(reader);
  return result;
}

/* A whole file in memory; NULL when it cannot be read. */
static inline uint8_t *load_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = NULL;
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  if (size >= 0) bytes = malloc((size_t)size + 1);
  if (bytes && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  *length = (size_t)size;
  return bytes;
}

/* The sample files that are not part of the project: SCU_SHARED, or ../shared beside the checkout. */
static inline FILE *open_manifest(char *folder, size_t room) {
  const char *shared = getenv("SCU_SHARED");
  char path[1200];
  snprintf(folder, room, "%s/data", shared && shared[0] ? shared : SCU_SHARED_DEFAULT);
  snprintf(path, sizeof path, "%s/manifest.tsv", folder);
  FILE *manifest = fopen(path, "r");
  char header[1000];
  if (manifest && !fgets(header, sizeof header, manifest)) {
    fclose(manifest);
    return NULL;
  }
  if (!manifest) print_message("[  SKIPPED ] no sample files at %s\n", folder);
  return manifest;
}

/* The next row: file, short name of the syntax, dcmdump_ok. */
static inline bool next_row(FILE *manifest, char **file, char **syntax, bool *is_ok) {
  static char line[8192];
  if (!fgets(line, sizeof line, manifest)) return false;
  char *at = line, *columns[24] = {0};
  for (size_t i = 0; i < 24 && at; i++) {
    columns[i] = at;
    at = strchr(at, '\t');
    if (at) *at++ = 0;
  }
  *file = columns[0];
  *syntax = columns[8] ? columns[8] : (char *)"";
  *is_ok = columns[22] && strncmp(columns[22], "yes", 3) == 0;
  return true;
}

#endif
