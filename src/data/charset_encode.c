/* UTF-8 to text of a dataset, with the escapes that PS3.5 6.1.2.5.3 asks of writers. */
#include <string.h>

#include "data/charset.h"
#include "data/repertoire.h"
#include "data/tables.h"
#include "data/utf8.h"
#include "data/vr.h"

enum { ESC = 0x1B };

struct encoder {
  const scu__charset *charset;
  scu__buffer *bytes; /* NULL = only asking */
  scu__converters converters;
  uint8_t g0, g1, initial_g0, initial_g1;
  bool is_name, splits;
  bool is_lossy;
};

static void emit(struct encoder *encoder, const void *bytes, size_t length) {
  if (encoder->bytes) scu__put_bytes(encoder->bytes, bytes, length);
}

static void emit_byte(struct encoder *encoder, uint8_t byte) {
  emit(encoder, &byte, 1);
}

static void designate_g0(struct encoder *encoder, uint8_t row) {
  const scu__repertoire *repertoire = &scu__repertoire_table[row];
  if (encoder->g0 == row) return;
  emit(encoder, repertoire->g0_escape, repertoire->g0_escape_length);
  encoder->g0 = row;
}

static void designate_g1(struct encoder *encoder, uint8_t row) {
  const scu__repertoire *repertoire = &scu__repertoire_table[row];
  if (encoder->g1 == row) return;
  emit(encoder, repertoire->g1_escape, repertoire->g1_escape_length);
  encoder->g1 = row;
}

/* Before a delimiter, a control character and the end the sets of value 1 must be active. Where value 1 has no G1 set
 * there is nothing to designate: readers forget the other one by themselves. */
static void return_to_initial(struct encoder *encoder) {
  designate_g0(encoder, encoder->initial_g0);
  designate_g1(encoder, encoder->initial_g1);
}

static bool is_delimiter(const struct encoder *encoder, uint32_t c) {
  if (c == '\\') return encoder->splits;
  return encoder->is_name && (c == '^' || c == '=');
}

static bool is_romaji(uint8_t row) {
  return scu__repertoire_table[row].kind == SCU__REPERTOIRE_JIS_X0201;
}

static void put_replacement(struct encoder *encoder) {
  if (scu__row_is_double(encoder->g0)) designate_g0(encoder, encoder->initial_g0);
  emit_byte(encoder, '?');
  encoder->is_lossy = true;
}

/* ASCII may be designated when a value other than a romaji one brings it along. */
static bool may_use_ascii(const struct encoder *encoder) {
  for (uint8_t i = 0; i < encoder->charset->count; i++) {
    uint8_t row = encoder->charset->terms[i];
    if (!is_romaji(row) && !scu__row_is_double(row)) return true;
  }
  return false;
}

static void put_ascii(struct encoder *encoder, uint8_t c) {
  if (c == ESC) {
    put_replacement(encoder); /* would be taken for an escape sequence */
    return;
  }
  if (c < 0x20 || is_delimiter(encoder, c)) {
    return_to_initial(encoder);
    emit_byte(encoder, c);
    return;
  }
  if (scu__row_is_double(encoder->g0)) designate_g0(encoder, encoder->initial_g0);
  if (is_romaji(encoder->g0) && (c == 0x5C || c == 0x7E)) {
    if (!may_use_ascii(encoder)) {
      put_replacement(encoder);
      return;
    }
    designate_g0(encoder, SCU__ROW_ASCII);
  }
  emit_byte(encoder, c);
}

/* Designates what holds these bytes of this row: G0 for bytes below 80, else G1. */
static void put_in_row(struct encoder *encoder, uint8_t row, const uint8_t *bytes, size_t length) {
  if (bytes[0] < 0x80) {
    designate_g0(encoder, row);
  } else {
    designate_g1(encoder, row);
  }
  emit(encoder, bytes, length);
}

static bool try_row(struct encoder *encoder, uint8_t row, uint32_t code_point) {
  uint8_t bytes[4];
  size_t length = scu__repertoire_encode(&encoder->converters, row, code_point, bytes);
  if (length == 0) return false;
  /* A single set is there from the start; anything else takes an escape, and so more than one value. */
  bool is_there = bytes[0] < 0x80 ? encoder->g0 == row : encoder->g1 == row;
  if (!is_there && !encoder->charset->has_code_extensions) return false;
  put_in_row(encoder, row, bytes, length);
  return true;
}

static void put_other(struct encoder *encoder, uint32_t code_point) {
  if (try_row(encoder, encoder->g1, code_point) || try_row(encoder, encoder->g0, code_point)) return;
  for (uint8_t i = 0; i < encoder->charset->count; i++) {
    if (try_row(encoder, encoder->charset->terms[i], code_point)) return;
  }
  put_replacement(encoder);
}

static void put_alone(struct encoder *encoder, uint8_t row, uint32_t code_point) {
  uint8_t bytes[4];
  if (code_point < 0x80) {
    emit_byte(encoder, (uint8_t)code_point);
    return;
  }
  size_t length = scu__repertoire_encode(&encoder->converters, row, code_point, bytes);
  if (length == 0) {
    put_replacement(encoder);
    return;
  }
  emit(encoder, bytes, length);
}

static void put_all(struct encoder *encoder, const uint8_t *text, size_t length) {
  const scu__charset *charset = encoder->charset;
  bool is_alone = charset->count == 1 && scu__row_stands_alone(charset->terms[0]);
  for (size_t at = 0, step; at < length; at += step) {
    if (encoder->bytes && scu__buffer_result(encoder->bytes) != SCU_OK) return;
    uint32_t code_point;
    step = scu__utf8_decode(text + at, length - at, &code_point);
    if (step == 0) {
      put_replacement(encoder);
      step = 1;
    } else if (is_alone) {
      put_alone(encoder, charset->terms[0], code_point);
    } else if (code_point < 0x80) {
      put_ascii(encoder, (uint8_t)code_point);
    } else {
      put_other(encoder, code_point);
    }
  }
  return_to_initial(encoder);
}

bool scu__charset_encode(const scu__charset *charset, scu_vr vr, const char *utf8, size_t length, scu__buffer *bytes) {
  static const scu__charset ascii = {0};
  const scu__vr_info *info = scu__vr_find(vr);
  struct encoder encoder = {.charset = info && info->uses_charset ? charset : &ascii,
                            .bytes = bytes,
                            .is_name = vr == SCU_VR_PN,
                            .splits = !info || info->may_be_multi};
  scu__charset_initial(encoder.charset, &encoder.initial_g0, &encoder.initial_g1);
  encoder.g0 = encoder.initial_g0;
  encoder.g1 = encoder.initial_g1;
  put_all(&encoder, (const uint8_t *)utf8, length);
  scu__converters_close(&encoder.converters);
  return !encoder.is_lossy;
}

scu_result scu__charset_from_utf8(const scu__charset *charset, scu_vr vr, const char *utf8, size_t length,
                                  scu__buffer *bytes, bool *unrepresentable) {
  bool is_whole = scu__charset_encode(charset, vr, utf8, length, bytes);
  if (!is_whole && unrepresentable) *unrepresentable = true;
  return scu__buffer_result(bytes);
}
