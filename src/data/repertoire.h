/* Single character repertoires (PS3.3 C.12-2 to C.12-5): runs of one to UTF-8, one character into one. For the charset
 * files only; escapes, resets and delimiters are theirs. */
#ifndef SCU_DATA_REPERTOIRE_H
#define SCU_DATA_REPERTOIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "data/charset.h"
#include "data/iconv_seam.h"

enum {
  SCU__ROW_ASCII = 0, /* as G1: nothing designated */
  SCU__ROWS_MAX = 32,
  SCU__REPLACEMENT = 0xFFFD
};

/* Open converters, one per row of the repertoire table, kept for the length of one call. All zero = none open. */
typedef struct scu__converters {
  scu__iconv rows[SCU__ROWS_MAX];
} scu__converters;
void scu__converters_close(scu__converters *converters);

/* What is designated at the start of a value, and again after each control character and delimiter. */
void scu__charset_initial(const scu__charset *charset, uint8_t *g0, uint8_t *g1);
bool scu__row_is_double(uint8_t row);
bool scu__row_stands_alone(uint8_t row); /* UTF-8, GBK, GB18030 */
bool scu__row_has_g1(uint8_t row);

/* Bytes at the start that have the form of characters of this row: G1 bytes, pairs, or (stands alone) everything.
 * Romaji and ASCII are not counted. */
size_t scu__repertoire_run(uint8_t row, const uint8_t *bytes, size_t length);
/* Appends such a run; false when characters were replaced. */
bool scu__repertoire_decode(scu__converters *converters, uint8_t row, const uint8_t *bytes, size_t length,
                            scu__buffer *utf8);
/* The bytes of one character above 7F (romaji gives one below 80); 0 when the row does not have it. One direction per
 * scu__converters. */
size_t scu__repertoire_encode(scu__converters *converters, uint8_t row, uint32_t code_point, uint8_t bytes[4]);

/* The dry run behind scu__charset_holds and the real one: bytes may be NULL. True when nothing was lost. */
bool scu__charset_encode(const scu__charset *charset, scu_vr vr, const char *utf8, size_t length, scu__buffer *bytes);

#endif
