/* One character repertoire at a time: Latin-1, JIS X 0201 and UTF-8 by arithmetic, the rest by iconv. */
#include "data/repertoire.h"

#include <string.h>

#include "data/tables.h"
#include "data/utf8.h"

enum { CHUNK_CHARACTERS = 64, YEN = 0x00A5, OVERLINE = 0x203E, HALFWIDTH_KATAKANA = 0xFF61 };

static scu__repertoire_kind kind_of(uint8_t row) {
  return (scu__repertoire_kind)scu__repertoire_table[row].kind;
}

void scu__converters_close(scu__converters *converters) {
  for (size_t i = 0; i < SCU__ROWS_MAX; i++) scu__iconv_close(&converters->rows[i]);
}

void scu__charset_initial(const scu__charset *charset, uint8_t *g0, uint8_t *g1) {
  uint8_t first = charset->count > 0 ? charset->terms[0] : SCU__ROW_ASCII;
  *g0 = kind_of(first) == SCU__REPERTOIRE_JIS_X0201 ? first : SCU__ROW_ASCII;
  *g1 = scu__row_has_g1(first) ? first : SCU__ROW_ASCII;
}

bool scu__row_is_double(uint8_t row) {
  return kind_of(row) == SCU__REPERTOIRE_DOUBLE_G0;
}

bool scu__row_stands_alone(uint8_t row) {
  return kind_of(row) == SCU__REPERTOIRE_UTF8 || kind_of(row) == SCU__REPERTOIRE_GB;
}

bool scu__row_has_g1(uint8_t row) {
  switch (kind_of(row)) {
  case SCU__REPERTOIRE_LATIN1:
  case SCU__REPERTOIRE_SINGLE:
  case SCU__REPERTOIRE_JIS_X0201:
  case SCU__REPERTOIRE_DOUBLE_G1: return true;
  default: return false;
  }
}

/* -- to UTF-8 ----------------------------------------------------------------------------------------------------- */

static size_t run_between(const uint8_t *bytes, size_t length, uint8_t low, uint8_t high) {
  size_t run = 0;
  while (run < length && bytes[run] >= low && bytes[run] <= high) run++;
  return run;
}

size_t scu__repertoire_run(uint8_t row, const uint8_t *bytes, size_t length) {
  switch (kind_of(row)) {
  case SCU__REPERTOIRE_LATIN1:
  case SCU__REPERTOIRE_SINGLE: return run_between(bytes, length, 0xA0, 0xFF);
  case SCU__REPERTOIRE_JIS_X0201: return run_between(bytes, length, 0xA1, 0xDF);
  case SCU__REPERTOIRE_DOUBLE_G0: return run_between(bytes, length, 0x21, 0x7E) & ~(size_t)1;
  case SCU__REPERTOIRE_DOUBLE_G1: return run_between(bytes, length, 0xA1, 0xFE) & ~(size_t)1;
  case SCU__REPERTOIRE_GB:
  case SCU__REPERTOIRE_UTF8: return length;
  case SCU__REPERTOIRE_ASCII: break;
  }
  return 0;
}

static bool decode_utf8(const uint8_t *bytes, size_t length, scu__buffer *utf8) {
  bool is_clean = true;
  size_t start = 0, at = 0;
  while (at < length && scu__buffer_result(utf8) == SCU_OK) {
    uint32_t code_point;
    size_t step = scu__utf8_decode(bytes + at, length - at, &code_point);
    if (step > 0) {
      at += step;
      continue;
    }
    scu__put_bytes(utf8, bytes + start, at - start);
    scu__utf8_put(utf8, SCU__REPLACEMENT);
    is_clean = false;
    start = ++at;
  }
  scu__put_bytes(utf8, bytes + start, at - start);
  return is_clean;
}

/* `unit` = bytes of one character, given up together when they are none. */
static bool decode_by_iconv(scu__iconv *converter, const char *encoding, const uint8_t *bytes, size_t length,
                            size_t unit, scu__buffer *utf8) {
  bool is_clean = true;
  bool is_known = scu__iconv_open(converter, "UTF-8", encoding);
  while (length > 0 && scu__buffer_result(utf8) == SCU_OK) {
    uint8_t out[256];
    uint8_t *to = out;
    size_t to_left = sizeof out;
    scu__iconv_stop stop = is_known ? scu__iconv_step(converter, &bytes, &length, &to, &to_left) : SCU__ICONV_BAD;
    scu__put_bytes(utf8, out, sizeof out - to_left);
    if (stop != SCU__ICONV_BAD || length == 0) continue;
    scu__utf8_put(utf8, SCU__REPLACEMENT);
    is_clean = false;
    size_t skipped = unit < length ? unit : length;
    bytes += skipped;
    length -= skipped;
  }
  return is_clean;
}

/* Pairs 21-7E become what EUC calls them: bit 8 set, after a prefix for the supplementary plane. */
static bool decode_pairs(scu__iconv *converter, const scu__repertoire *repertoire, const uint8_t *bytes, size_t length,
                         scu__buffer *utf8) {
  bool is_clean = true;
  size_t unit = repertoire->iconv_prefix ? 3 : 2;
  for (size_t at = 0; at + 1 < length;) {
    uint8_t euc[CHUNK_CHARACTERS * 3];
    size_t used = 0;
    for (; at + 1 < length && used + unit <= sizeof euc; at += 2) {
      if (repertoire->iconv_prefix) euc[used++] = repertoire->iconv_prefix;
      euc[used++] = bytes[at] | 0x80u;
      euc[used++] = bytes[at + 1] | 0x80u;
    }
    if (!decode_by_iconv(converter, repertoire->iconv_name, euc, used, unit, utf8)) is_clean = false;
  }
  return is_clean;
}

static void decode_shifted(const uint8_t *bytes, size_t length, uint32_t shift, scu__buffer *utf8) {
  for (size_t i = 0; i < length; i++) scu__utf8_put(utf8, bytes[i] + shift);
}

bool scu__repertoire_decode(scu__converters *converters, uint8_t row, const uint8_t *bytes, size_t length,
                            scu__buffer *utf8) {
  const scu__repertoire *repertoire = &scu__repertoire_table[row];
  scu__iconv *converter = &converters->rows[row];
  switch (kind_of(row)) {
  case SCU__REPERTOIRE_LATIN1: decode_shifted(bytes, length, 0, utf8); return true;
  case SCU__REPERTOIRE_JIS_X0201: decode_shifted(bytes, length, HALFWIDTH_KATAKANA - 0xA1, utf8); return true;
  case SCU__REPERTOIRE_UTF8: return decode_utf8(bytes, length, utf8);
  case SCU__REPERTOIRE_DOUBLE_G0: return decode_pairs(converter, repertoire, bytes, length, utf8);
  case SCU__REPERTOIRE_DOUBLE_G1: return decode_by_iconv(converter, repertoire->iconv_name, bytes, length, 2, utf8);
  case SCU__REPERTOIRE_SINGLE:
  case SCU__REPERTOIRE_GB: return decode_by_iconv(converter, repertoire->iconv_name, bytes, length, 1, utf8);
  case SCU__REPERTOIRE_ASCII: break;
  }
  return false;
}

/* -- from UTF-8 --------------------------------------------------------------------------------------------------- */

static size_t put_utf8(uint32_t code_point, uint8_t bytes[4]) {
  scu__buffer window = {.data = bytes, .capacity = 4, .maximum = 4};
  scu__utf8_put(&window, code_point);
  return window.length;
}

static size_t encode_by_iconv(scu__iconv *converter, const char *encoding, uint32_t code_point, uint8_t out[4]) {
  if (!scu__iconv_open(converter, encoding, "UTF-8")) return 0;
  uint8_t utf8[4];
  const uint8_t *from = utf8;
  uint8_t *to = out;
  size_t from_left = put_utf8(code_point, utf8), to_left = 4;
  if (scu__iconv_step(converter, &from, &from_left, &to, &to_left) != SCU__ICONV_DONE) return 0;
  return 4 - to_left;
}

/* EUC's character without prefix and bit 8; characters of EUC's other planes do not count. */
static size_t encode_pair(scu__iconv *converter, const scu__repertoire *repertoire, uint32_t code_point,
                          uint8_t bytes[4]) {
  uint8_t euc[4];
  size_t length = encode_by_iconv(converter, repertoire->iconv_name, code_point, euc);
  size_t skip = repertoire->iconv_prefix ? 1 : 0;
  if (length != skip + 2 || (skip == 1 && euc[0] != repertoire->iconv_prefix)) return 0;
  if (euc[skip] < 0xA1 || euc[skip + 1] < 0xA1) return 0;
  bytes[0] = euc[skip] & 0x7Fu;
  bytes[1] = euc[skip + 1] & 0x7Fu;
  return 2;
}

static size_t encode_jis_x0201(uint32_t code_point, uint8_t bytes[4]) {
  bytes[0] = 0;
  if (code_point == YEN) bytes[0] = 0x5C;
  if (code_point == OVERLINE) bytes[0] = 0x7E;
  if (code_point >= HALFWIDTH_KATAKANA && code_point <= HALFWIDTH_KATAKANA + 0xDF - 0xA1) {
    bytes[0] = (uint8_t)(code_point - HALFWIDTH_KATAKANA + 0xA1);
  }
  return bytes[0] != 0 ? 1 : 0;
}

size_t scu__repertoire_encode(scu__converters *converters, uint8_t row, uint32_t code_point, uint8_t bytes[4]) {
  const scu__repertoire *repertoire = &scu__repertoire_table[row];
  scu__iconv *converter = &converters->rows[row];
  size_t length;
  switch (kind_of(row)) {
  case SCU__REPERTOIRE_LATIN1: bytes[0] = (uint8_t)code_point; return code_point >= 0xA0 && code_point <= 0xFF ? 1 : 0;
  case SCU__REPERTOIRE_SINGLE:
    length = encode_by_iconv(converter, repertoire->iconv_name, code_point, bytes);
    return length == 1 && bytes[0] >= 0xA0 ? 1 : 0;
  case SCU__REPERTOIRE_JIS_X0201: return encode_jis_x0201(code_point, bytes);
  case SCU__REPERTOIRE_DOUBLE_G0: return encode_pair(converter, repertoire, code_point, bytes);
  case SCU__REPERTOIRE_DOUBLE_G1:
    length = encode_by_iconv(converter, repertoire->iconv_name, code_point, bytes);
    return length == 2 && bytes[0] >= 0xA1 && bytes[1] >= 0xA1 ? 2 : 0;
  case SCU__REPERTOIRE_GB:
    length = encode_by_iconv(converter, repertoire->iconv_name, code_point, bytes);
    return length > 1 ? length : 0; /* GBK's one 8-bit single byte (80) is not in the Standard */
  case SCU__REPERTOIRE_UTF8: return put_utf8(code_point, bytes);
  case SCU__REPERTOIRE_ASCII: break;
  }
  return 0;
}
