/* Text in the character sets of (0008,0005) to and from UTF-8 (PS3.5 6.1.2, PS3.3 C.12.1.1.2).
 *
 * ISO 2022 escapes are handled here, single repertoires by iconv behind iconv_seam. Nothing depends on the locale.
 * Does not check VR lengths or forbidden control characters. */
#ifndef SCU_DATA_CHARSET_H
#define SCU_DATA_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "scu/types.h"

enum { SCU__CHARSET_TERMS_MAX = 16, SCU__CHARSET_TEXT_MAX = 320 };

/* A parsed (0008,0005), by value. All zero = absent: ASCII. */
typedef struct scu__charset {
  uint8_t count;                         /* terms in use; 0 = ASCII */
  uint8_t terms[SCU__CHARSET_TERMS_MAX]; /* rows of the repertoire table; value 1 first */
  bool has_code_extensions;              /* more than one value, or an ISO 2022 term: escapes are expected */
  bool has_unknown_term;                 /* something we do not know was left out; its text will come out as U+FFFD */
  bool has_odd_term;                     /* a term was accepted that the Standard does not define in that place */
} scu__charset;

/* From the value of (0008,0005), padding included; never fails. Known slips are accepted (`ISO_IR 6`, `ISO-IR 100`,
 * `ISO_IR_100`, `ISO 2022 GBK`, `LATIN1`, `UTF-8`, wrong case, spaces): see has_odd_term. */
scu__charset scu__charset_parse(const uint8_t *bytes, size_t length);
/* The defined terms joined by backslashes, as (0008,0005) wants them, NUL-terminated; "" for ASCII. Returns the length.
 */
size_t scu__charset_text(const scu__charset *charset, char text[SCU__CHARSET_TEXT_MAX]);
bool scu__charset_equal(const scu__charset *a, const scu__charset *b);

/* Appends the value (all of it, with its backslashes and padding) as UTF-8. Bad bytes never fail: each becomes U+FFFD
 * and *had_errors (may be NULL) is set to true - never to false, so that one flag can gather many values. 8-bit bytes
 * under ASCII are such bytes. Where the meaning is plain in spite of a slip (escape missing or not announced, UTF-8
 * under ISO_IR 100), the text is decoded and the flag is set. VRs without a character set are taken as ASCII. Fails
 * with MEMORY or LIMIT, as the buffer does.
 *
 * Values of multi-valued elements are to be split at '\' AFTER this conversion: before it, 5C may be half a character.
 * In text VRs that cannot be multi-valued 5C under JIS X 0201 is the yen sign it is; elsewhere it is the delimiter. */
scu_result scu__charset_to_utf8(const scu__charset *charset, scu_vr vr, const uint8_t *bytes, size_t length,
                                scu__buffer *utf8, bool *had_errors);

/* The other way, escapes included, without padding. A character that the set cannot hold (or invalid UTF-8) becomes '?'
 * and *unrepresentable (may be NULL) is set to true. Fails as above. */
scu_result scu__charset_from_utf8(const scu__charset *charset, scu_vr vr, const char *utf8, size_t length,
                                  scu__buffer *bytes, bool *unrepresentable);

/* The narrowest set that holds the text (RULES 15): ASCII, one single-byte set, Japanese (IR 87), Korean (IR 149),
 * Chinese (GB18030, when GBK holds it), else UTF-8. Combinations of several sets are not tried. */
scu_result scu__charset_narrowest(const char *utf8, size_t length, scu__charset *charset);

/* One value among several: unions of what texts need. True when the set holds all of the text. */
bool scu__charset_holds(const scu__charset *charset, const char *utf8, size_t length);

#endif
