/* Text of a dataset to UTF-8: code extension by ISO 2022 escapes (PS3.5 6.1.2.5), and the sets that stand alone. */
#include <string.h>

#include "data/charset.h"
#include "data/repertoire.h"
#include "data/tables.h"
#include "data/utf8.h"
#include "data/vr.h"

enum { ESC = 0x1B };

struct decoder {
  const scu__charset *charset;
  const uint8_t *bytes;
  size_t length, at;
  scu__buffer *utf8;
  scu__converters converters;
  uint8_t g0, g1; /* rows of the repertoire table */
  bool is_name, splits;
  bool had_errors;
};

static size_t left(const struct decoder *decoder) {
  return decoder->length - decoder->at;
}

static void replace(struct decoder *decoder, size_t length) {
  scu__utf8_put(decoder->utf8, SCU__REPLACEMENT);
  decoder->at += length;
  decoder->had_errors = true;
}

static bool is_delimiter(const struct decoder *decoder, uint8_t byte) {
  if (byte == '\\') return decoder->splits;
  return decoder->is_name && (byte == '^' || byte == '=');
}

static bool is_romaji(const struct decoder *decoder) {
  return scu__repertoire_table[decoder->g0].kind == SCU__REPERTOIRE_JIS_X0201;
}

static bool is_announced(const struct decoder *decoder, uint8_t row) {
  if (!decoder->charset->has_code_extensions) return false;
  return row == SCU__ROW_ASCII || memchr(decoder->charset->terms, row, decoder->charset->count) != NULL;
}

static bool starts_with(const struct decoder *decoder, const uint8_t *escape, size_t length) {
  return length > 0 && left(decoder) >= length && memcmp(decoder->bytes + decoder->at, escape, length) == 0;
}

/* An escape that nobody announced is obeyed all the same, and flagged; one that nobody knows is replaced. */
static void take_escape(struct decoder *decoder) {
  for (uint8_t row = 0; row < scu__repertoire_table_count; row++) {
    const scu__repertoire *repertoire = &scu__repertoire_table[row];
    size_t length = 0;
    if (starts_with(decoder, repertoire->g0_escape, repertoire->g0_escape_length)) {
      decoder->g0 = row;
      length = repertoire->g0_escape_length;
    } else if (starts_with(decoder, repertoire->g1_escape, repertoire->g1_escape_length)) {
      decoder->g1 = row;
      length = repertoire->g1_escape_length;
    }
    if (length == 0) continue;
    decoder->at += length;
    if (!is_announced(decoder, row)) decoder->had_errors = true;
    return;
  }
  replace(decoder, 1);
}

static void take_reset(struct decoder *decoder) {
  scu__put_u8(decoder->utf8, decoder->bytes[decoder->at++]);
  scu__charset_initial(decoder->charset, &decoder->g0, &decoder->g1);
}

/* Bytes that are themselves in ASCII and, but for 5C and 7E, in romaji. */
static void take_plain(struct decoder *decoder) {
  size_t start = decoder->at;
  while (left(decoder) > 0) {
    uint8_t byte = decoder->bytes[decoder->at];
    if (byte < 0x20 || byte >= 0x80 || is_delimiter(decoder, byte)) break;
    if (is_romaji(decoder) && (byte == 0x5C || byte == 0x7E)) break;
    decoder->at++;
  }
  if (decoder->at > start) {
    scu__put_bytes(decoder->utf8, decoder->bytes + start, decoder->at - start);
    return;
  }
  scu__utf8_put(decoder->utf8, decoder->bytes[decoder->at++] == 0x5C ? 0x00A5 : 0x203E);
}

static void take_run(struct decoder *decoder, uint8_t row) {
  const uint8_t *bytes = decoder->bytes + decoder->at;
  size_t run = scu__repertoire_run(row, bytes, left(decoder));
  if (run == 0) {
    replace(decoder, 1);
    return;
  }
  if (!scu__repertoire_decode(&decoder->converters, row, bytes, run, decoder->utf8)) decoder->had_errors = true;
  decoder->at += run;
}

static void take_g0(struct decoder *decoder) {
  uint8_t byte = decoder->bytes[decoder->at];
  if (scu__row_is_double(decoder->g0)) {
    if (byte > 0x20 && byte < 0x7F) {
      take_run(decoder, decoder->g0);
    } else {
      scu__put_u8(decoder->utf8, byte);
      decoder->at++;
    }
  } else if (is_delimiter(decoder, byte)) {
    take_reset(decoder);
  } else {
    take_plain(decoder);
  }
}

/* Without a designated G1 set the escape is missing; when a set of (0008,0005) has one, that must be it. */
static void take_g1(struct decoder *decoder) {
  uint8_t row = decoder->g1;
  for (uint8_t i = 0; row == SCU__ROW_ASCII && i < decoder->charset->count; i++) {
    if (!scu__row_has_g1(decoder->charset->terms[i])) continue;
    row = decoder->charset->terms[i];
    decoder->had_errors = true;
  }
  take_run(decoder, row);
}

static void take_all(struct decoder *decoder) {
  scu__charset_initial(decoder->charset, &decoder->g0, &decoder->g1);
  while (left(decoder) > 0 && scu__buffer_result(decoder->utf8) == SCU_OK) {
    uint8_t byte = decoder->bytes[decoder->at];
    if (byte == ESC) {
      take_escape(decoder);
    } else if (byte < 0x20) {
      take_reset(decoder);
    } else if (byte < 0x80) {
      take_g0(decoder);
    } else {
      take_g1(decoder);
    }
  }
}

static bool has_8_bit_bytes(const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] >= 0x80) return true;
  }
  return false;
}

/* The row that reads the value as a whole, without escapes, or ASCII when there is none. */
static uint8_t row_for_all(const scu__charset *charset, const uint8_t *bytes, size_t length, bool *had_errors) {
  if (charset->count != 1) return SCU__ROW_ASCII;
  uint8_t row = charset->terms[0];
  if (scu__row_stands_alone(row)) return row;
  if (scu__repertoire_table[row].kind != SCU__REPERTOIRE_LATIN1) return SCU__ROW_ASCII;
  /* Latin-1 that happens to be UTF-8 from end to end is next to impossible; the reverse mistake is common. */
  if (!has_8_bit_bytes(bytes, length) || !scu__utf8_is_valid(bytes, length)) return SCU__ROW_ASCII;
  *had_errors = true;
  for (uint8_t i = 0; i < scu__repertoire_table_count; i++) {
    if (scu__repertoire_table[i].kind == SCU__REPERTOIRE_UTF8) return i;
  }
  return SCU__ROW_ASCII;
}

/* Most text: no 8-bit byte, no escape, nothing that romaji would change. */
static bool is_plain(const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] >= 0x7E || bytes[i] == ESC || bytes[i] == 0x5C) return false;
  }
  return true;
}

scu_result scu__charset_to_utf8(const scu__charset *charset, scu_vr vr, const uint8_t *bytes, size_t length,
                                scu__buffer *utf8, bool *had_errors) {
  static const scu__charset ascii = {0};
  if (is_plain(bytes, length)) {
    scu__put_bytes(utf8, bytes, length);
    return scu__buffer_result(utf8);
  }
  const scu__vr_info *info = scu__vr_find(vr);
  struct decoder decoder = {.charset = info && info->uses_charset ? charset : &ascii,
                            .bytes = bytes,
                            .length = length,
                            .utf8 = utf8,
                            .is_name = vr == SCU_VR_PN,
                            .splits = !info || info->may_be_multi};
  uint8_t row = row_for_all(decoder.charset, bytes, length, &decoder.had_errors);
  if (row != SCU__ROW_ASCII) {
    take_run(&decoder, row);
  } else {
    take_all(&decoder);
  }
  scu__converters_close(&decoder.converters);
  if (decoder.had_errors && had_errors) *had_errors = true;
  return scu__buffer_result(utf8);
}
