/* Character sets: the input is a value of (0008,0005), a line feed, a letter for the VR, and text in that set.
 *
 * Whatever comes, the text becomes valid UTF-8; text that came without a fault survives being written and read again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/charset.h"
#include "data/fold.h"
#include "data/utf8.h"

enum { TEXT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void require_same_again(const scu__charset *charset, scu_vr vr, const scu__buffer *utf8) {
  scu__buffer written, again;
  bool unrepresentable = false, had_errors = false;
  scu__buffer_init(&written, NULL, TEXT_MAX);
  scu__buffer_init(&again, NULL, TEXT_MAX);
  scu_result result =
      scu__charset_from_utf8(charset, vr, (const char *)utf8->data, utf8->length, &written, &unrepresentable);
  if (result == SCU_OK && !unrepresentable) {
    result = scu__charset_to_utf8(charset, vr, written.data, written.length, &again, &had_errors);
    require(result != SCU_OK || (again.length == utf8->length && memcmp(again.data, utf8->data, again.length) == 0));
  }
  scu__buffer_free(&written);
  scu__buffer_free(&again);
}

static void check_text(const scu__charset *charset, scu_vr vr, const uint8_t *text, size_t length) {
  scu__buffer utf8, folded;
  bool had_errors = false;
  scu__buffer_init(&utf8, NULL, TEXT_MAX);
  scu__buffer_init(&folded, NULL, TEXT_MAX);
  if (scu__charset_to_utf8(charset, vr, text, length, &utf8, &had_errors) == SCU_OK && utf8.length > 0) {
    require(scu__utf8_is_valid(utf8.data, utf8.length));
    if (!had_errors) require_same_again(charset, vr, &utf8);
    if (scu__fold_for_match((const char *)utf8.data, utf8.length, &folded) == SCU_OK && folded.length > 0) {
      require(scu__utf8_is_valid(folded.data, folded.length));
    }
    scu__charset narrowest;
    if (!had_errors) require(scu__charset_narrowest((const char *)utf8.data, utf8.length, &narrowest) == SCU_OK);
  }
  scu__buffer_free(&utf8);
  scu__buffer_free(&folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const scu_vr vrs[] = {SCU_VR_PN, SCU_VR_LO, SCU_VR_LT, SCU_VR_CS};
  const uint8_t *line_feed = length > 0 ? memchr(bytes, '\n', length) : NULL;
  if (!line_feed || line_feed + 1 == bytes + length) return 0;
  scu__charset charset = scu__charset_parse(bytes, (size_t)(line_feed - bytes));
  char term[SCU__CHARSET_TEXT_MAX];
  scu__charset again = charset;
  require(scu__charset_text(&charset, term) < sizeof term);
  again = scu__charset_parse((const uint8_t *)term, strlen(term));
  require(scu__charset_equal(&charset, &again));
  check_text(&charset, vrs[line_feed[1] % 4], line_feed + 2, (size_t)(bytes + length - line_feed - 2));
  return 0;
}
