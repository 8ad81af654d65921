/* Folding for comparison (Unicode compatibility decomposition, full case folding, accents dropped). The one file that
 * knows libutf8proc. */
#include "data/fold.h"

#include <utf8proc.h>

#include "data/utf8.h"

enum { DECOMPOSITION_MAX = 32 }; /* the longest of Unicode is 18 code points */

/* Accents, not vowel signs: dropping all marks, as utf8proc offers, would make different Thai or Hindi words equal. */
static bool is_accent(utf8proc_int32_t code_point) {
  return (code_point >= 0x0300 && code_point <= 0x036F) || (code_point >= 0x1AB0 && code_point <= 0x1AFF) ||
         (code_point >= 0x1DC0 && code_point <= 0x1DFF) || (code_point >= 0x20D0 && code_point <= 0x20FF);
}

static void fold_one(utf8proc_int32_t code_point, scu__buffer *folded) {
  utf8proc_int32_t parts[DECOMPOSITION_MAX];
  int boundary = 0;
  utf8proc_ssize_t count = utf8proc_decompose_char(code_point, parts, DECOMPOSITION_MAX,
                                                   UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &boundary);
  if (count < 0 || count > DECOMPOSITION_MAX) {
    scu__utf8_put(folded, (uint32_t)code_point);
    return;
  }
  for (utf8proc_ssize_t i = 0; i < count; i++) {
    if (!is_accent(parts[i])) scu__utf8_put(folded, (uint32_t)parts[i]);
  }
}

scu_result scu__fold_for_match(const char *utf8, size_t length, scu__buffer *folded) {
  const uint8_t *text = (const uint8_t *)utf8;
  for (size_t at = 0; at < length && scu__buffer_result(folded) == SCU_OK;) {
    uint32_t code_point = 0xFFFD;
    size_t step = scu__utf8_decode(text + at, length - at, &code_point);
    fold_one((utf8proc_int32_t)code_point, folded);
    at += step == 0 ? 1 : step;
  }
  return scu__buffer_result(folded);
}
