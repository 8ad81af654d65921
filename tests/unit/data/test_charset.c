/* Character sets: the examples of PS3.5 annexes H to K, every repertoire from end to end, and what the field sends. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/charset.h"
#include "data/fold.h"
#include "data/repertoire.h"
#include "data/tables.h"
#include "data/utf8.h"

enum { ROOM = 1 << 20 };

typedef struct example {
  const char *charset;
  scu_vr vr;
  const char *bytes;
  const char *utf8;
} example;

/* What both directions give exactly. "\x1b$B" and so on: escapes as in PS3.3 C.12-3 and C.12-4. */
static const example examples[] = {
    {"", SCU_VR_PN, "Doe^Jane", "Doe^Jane"},
    {"ISO_IR 100", SCU_VR_PN, "Buc^J\xE9r\xF4me", "Buc^Jérôme"},
    {"ISO_IR 100", SCU_VR_LO, "27\\LX\\~", "27\\LX\\~"},
    {"ISO_IR 101", SCU_VR_PN, "Wa\xB3\xEAsa", "Wałęsa"},
    {"ISO_IR 144", SCU_VR_PN, "\xBB\xEE\xDA", "Люк"},
    {"ISO_IR 127", SCU_VR_PN, "\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1", "قباني^لنزار"},
    {"ISO_IR 126", SCU_VR_PN, "\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2", "Διονυσιος"},
    {"ISO_IR 138", SCU_VR_PN, "\xF9\xF8\xE5\xEF^\xE3\xE1\xE5\xF8\xE4", "שרון^דבורה"},
    {"ISO_IR 13", SCU_VR_PN, "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", "ﾔﾏﾀﾞ^ﾀﾛｳ"},
    /* H.3.1 */
    {"\\ISO 2022 IR 87", SCU_VR_PN,
     "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
     "Yamada^Tarou=山田^太郎=やまだ^たろう"},
    /* H.3.2 */
    {"ISO 2022 IR 13\\ISO 2022 IR 87", SCU_VR_PN,
     "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
     "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
    /* I.2 */
    {"\\ISO 2022 IR 149", SCU_VR_PN,
     "Hong^Gildong=\x1b$)C\xFB\xF3^\x1b$)C\xD1\xCE\xD4\xD7=\x1b$)C\xC8\xAB^\x1b$)C\xB1\xE6\xB5\xBF",
     "Hong^Gildong=洪^吉洞=홍^길동"},
    /* J.1, J.2 */
    {"ISO_IR 192", SCU_VR_PN, "Wang^XiaoDong=\xE7\x8E\x8B^\xE5\xB0\x8F\xE6\x9D\xB1=", "Wang^XiaoDong=王^小東="},
    {"GB18030", SCU_VR_PN, "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="},
    {"GBK", SCU_VR_PN, "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="},
    /* K.2 */
    {"\\ISO 2022 IR 58", SCU_VR_PN,
     "Zhang^XiaoDong=\x1b$)A\xD5\xC5^\x1b$)A\xD0\xA1\xB6\xAB=", "Zhang^XiaoDong=张^小东="},
    /* I.3 in form: lines designate anew; in LT neither ^ nor = nor \ resets */
    {"\\ISO 2022 IR 149", SCU_VR_LT, "1 \x1b$)C\xB1\xE6\xB5\xBF.\r\n2 \x1b$)C\xB1\xE6^=\\\xB5\xBF",
     "1 길동.\r\n2 길^=\\동"},
    {"\\ISO 2022 IR 87", SCU_VR_ST, "a\x1b$B;3\x1b(B\tb", "a山\tb"},
    /* two values, each starting afresh */
    {"\\ISO 2022 IR 87", SCU_VR_LO, "\x1b$B;3\x1b(B\\\x1b$BED\x1b(B", "山\\田"},
    /* value 1 has a G1 set of its own: it is designated again before ^ and at the end */
    {"ISO 2022 IR 100\\ISO 2022 IR 126", SCU_VR_PN, "\xE9\x1b-F\xC4\x1b-A^\xE9\x1b-F\xC4\x1b-A", "éΔ^éΔ"},
    /* supplementary kanji beside kanji */
    {"\\ISO 2022 IR 87\\ISO 2022 IR 159", SCU_VR_LO, "\x1b$B;3\x1b$(D0!\x1b(B", "山丂"},
    /* trail bytes that look like delimiters: GBK 815C is one character, and so is 815E */
    {"GBK", SCU_VR_PN, "\x81\x5C\\a\x81\x5E^b", "乗\\a乛^b"},
    {"GB18030", SCU_VR_LO, "\x84\x31\xA4\x37\\x", "�\\x"}, /* U+FFFD as a character of its own right */
    /* romaji: yen and overline in text, the delimiter in LO */
    {"ISO_IR 13", SCU_VR_LT,
     "\x5C"
     "100\x7E",
     "¥100‾"},
    {"ISO_IR 13", SCU_VR_LO, "a\\b\x7E", "a\\b‾"},
    {"ISO 2022 IR 13\\ISO 2022 IR 6", SCU_VR_LT, "\xB1\x1b(B\\~\x1b(J", "ｱ\\~"},
};

static scu__charset charset_of(const char *text) {
  return scu__charset_parse((const uint8_t *)text, strlen(text));
}

static bool decode(const char *charset_text, scu_vr vr, const char *bytes, size_t length, scu__buffer *utf8) {
  scu__charset charset = charset_of(charset_text);
  bool had_errors = false;
  scu__buffer_init(utf8, NULL, ROOM);
  assert_int_equal(scu__charset_to_utf8(&charset, vr, (const uint8_t *)bytes, length, utf8, &had_errors), SCU_OK);
  assert_true(scu__utf8_is_valid(utf8->data, utf8->length));
  return had_errors;
}

static bool encode(const char *charset_text, scu_vr vr, const char *utf8, scu__buffer *bytes) {
  scu__charset charset = charset_of(charset_text);
  bool unrepresentable = false;
  scu__buffer_init(bytes, NULL, ROOM);
  assert_int_equal(scu__charset_from_utf8(&charset, vr, utf8, strlen(utf8), bytes, &unrepresentable), SCU_OK);
  return unrepresentable;
}

static void assert_bytes(scu__buffer *buffer, const char *expected) {
  scu__put_u8(buffer, 0);
  assert_string_equal((const char *)buffer->data, expected);
  assert_int_equal(buffer->length, strlen(expected) + 1);
  scu__buffer_free(buffer);
}

static void assert_decodes(const char *charset, scu_vr vr, const char *bytes, const char *utf8, bool had_errors) {
  scu__buffer out;
  assert_int_equal(decode(charset, vr, bytes, strlen(bytes), &out), had_errors);
  assert_bytes(&out, utf8);
}

static void assert_encodes(const char *charset, scu_vr vr, const char *utf8, const char *bytes, bool is_lossy) {
  scu__buffer out;
  assert_int_equal(encode(charset, vr, utf8, &out), is_lossy);
  assert_bytes(&out, bytes);
}

static void test_the_examples_of_the_standard_hold_in_both_directions(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
    const example *one = &examples[i];
    assert_decodes(one->charset, one->vr, one->bytes, one->utf8, false);
    assert_encodes(one->charset, one->vr, one->utf8, one->bytes, false);
  }
}

/* -- whole repertoires -------------------------------------------------------------------------------------------- */

/* The character of these bytes in a set that has just one repertoire besides ASCII; 0 when they are none. */
static uint32_t character_of(const scu__charset *charset, const char *bytes, size_t length, scu__buffer *utf8) {
  bool had_errors = false;
  uint32_t code_point = 0;
  scu__buffer_clear(utf8);
  assert_int_equal(scu__charset_to_utf8(charset, SCU_VR_LO, (const uint8_t *)bytes, length, utf8, &had_errors), SCU_OK);
  if (had_errors || scu__utf8_decode(utf8->data, utf8->length, &code_point) != utf8->length) return 0;
  return code_point;
}

static size_t round_trip(const scu__charset *charset, const char *bytes, size_t length) {
  scu__buffer utf8, again;
  scu__buffer_init(&utf8, NULL, ROOM);
  scu__buffer_init(&again, NULL, ROOM);
  bool unrepresentable = false;
  size_t is_character = character_of(charset, bytes, length, &utf8) != 0;
  if (is_character) {
    scu__charset_from_utf8(charset, SCU_VR_LO, (const char *)utf8.data, utf8.length, &again, &unrepresentable);
    assert_false(unrepresentable);
    assert_int_equal(again.length, length);
    assert_memory_equal(again.data, bytes, length);
  }
  scu__buffer_free(&utf8);
  scu__buffer_free(&again);
  return is_character;
}

static size_t count_single(const scu__repertoire *repertoire) {
  scu__charset alone = charset_of(repertoire->term);
  size_t count = 0;
  for (int byte = 0xA0; byte <= 0xFF; byte++) {
    char text = (char)byte;
    count += round_trip(&alone, &text, 1);
  }
  return count;
}

static size_t count_pairs(const scu__repertoire *repertoire, int low, int high) {
  char text[40];
  snprintf(text, sizeof text, "\\%s", repertoire->extension_term);
  scu__charset charset = charset_of(text);
  size_t count = 0;
  for (int first = low; first <= high; first++) {
    for (int second = low; second <= high; second++) {
      char bytes[16];
      size_t length = 0;
      const uint8_t *escape = repertoire->g0_escape_length ? repertoire->g0_escape : repertoire->g1_escape;
      size_t escape_length = repertoire->g0_escape_length + (size_t)repertoire->g1_escape_length;
      memcpy(bytes, escape, escape_length);
      length = escape_length;
      bytes[length++] = (char)first;
      bytes[length++] = (char)second;
      if (repertoire->g0_escape_length) {
        memcpy(bytes + length, "\x1b(B", 3);
        length += 3;
      }
      count += round_trip(&charset, bytes, length);
    }
  }
  return count;
}

/* Lower bounds: the number of characters that each register has, newer tables of the C library may have a few more. */
static size_t expected_count(const char *name) {
  static const struct {
    const char *name;
    size_t count;
  } counts[] = {
      {"ISO_IR 100", 96},       {"ISO_IR 101", 96},        {"ISO_IR 109", 89},        {"ISO_IR 110", 96},
      {"ISO_IR 144", 96},       {"ISO_IR 127", 51},        {"ISO_IR 126", 90},        {"ISO_IR 138", 60},
      {"ISO_IR 148", 96},       {"ISO_IR 203", 96},        {"ISO_IR 166", 87},        {"ISO_IR 13", 63},
      {"ISO 2022 IR 87", 6879}, {"ISO 2022 IR 159", 6067}, {"ISO 2022 IR 149", 8224}, {"ISO 2022 IR 58", 7445}};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    if (strcmp(counts[i].name, name) == 0) return counts[i].count;
  }
  return SIZE_MAX;
}

static void test_every_character_of_every_repertoire_makes_the_round_trip(void **state) {
  (void)state;
  size_t checked = 0;
  assert_true(scu__repertoire_table_count <= SCU__ROWS_MAX);
  for (size_t row = 0; row < scu__repertoire_table_count; row++) {
    const scu__repertoire *repertoire = &scu__repertoire_table[row];
    size_t count = 0;
    const char *name = repertoire->term[0] ? repertoire->term : repertoire->extension_term;
    if (repertoire->kind == SCU__REPERTOIRE_DOUBLE_G0) {
      count = count_pairs(repertoire, 0x21, 0x7E);
    } else if (repertoire->kind == SCU__REPERTOIRE_DOUBLE_G1) {
      count = count_pairs(repertoire, 0xA1, 0xFE);
    } else if (scu__row_has_g1((uint8_t)row)) {
      count = count_single(repertoire);
    } else {
      continue;
    }
    if (count < expected_count(name)) fail_msg("%s: only %zu characters", name, count);
    checked++;
  }
  assert_int_equal(checked, 16);
}

static void test_single_byte_sets_work_as_extensions_of_ascii_and_latin1(void **state) {
  (void)state;
  for (size_t row = 0; row < scu__repertoire_table_count; row++) {
    const scu__repertoire *repertoire = &scu__repertoire_table[row];
    if (!scu__row_has_g1((uint8_t)row) || repertoire->kind == SCU__REPERTOIRE_DOUBLE_G1) continue;
    char text[64], bytes[16];
    snprintf(text, sizeof text, "\\%s", repertoire->extension_term);
    scu__charset charset = charset_of(text);
    assert_int_equal(charset.count, 2);
    assert_false(charset.has_odd_term || charset.has_unknown_term);
    size_t length = repertoire->g1_escape_length;
    memcpy(bytes, repertoire->g1_escape, length);
    bytes[length] = (char)(repertoire->kind == SCU__REPERTOIRE_JIS_X0201 ? 0xC1 : 0xE5);
    assert_int_equal(round_trip(&charset, bytes, length + 1), 1);
  }
}

static void test_the_ends_of_gb18030_and_utf8_make_the_round_trip(void **state) {
  (void)state;
  static const uint32_t code_points[] = {0xE9, 0x4E00, 0x9FA5, 0x20AC, 0x1F600, 0x20000, 0x10FFFD};
  static const char *const sets[] = {"GB18030", "ISO_IR 192"};
  for (size_t set = 0; set < 2; set++) {
    for (size_t i = 0; i < sizeof code_points / sizeof code_points[0]; i++) {
      scu__buffer utf8, bytes, again;
      scu__buffer_init(&utf8, NULL, ROOM);
      scu__utf8_put(&utf8, code_points[i]);
      scu__put_u8(&utf8, 0);
      assert_false(encode(sets[set], SCU_VR_LO, (const char *)utf8.data, &bytes));
      assert_false(decode(sets[set], SCU_VR_LO, (const char *)bytes.data, bytes.length, &again));
      assert_bytes(&again, (const char *)utf8.data);
      scu__buffer_free(&utf8);
      scu__buffer_free(&bytes);
    }
  }
}

/* -- (0008,0005) -------------------------------------------------------------------------------------------------- */

static void assert_parses(const char *value, const char *text, bool is_odd, bool is_unknown) {
  char written[SCU__CHARSET_TEXT_MAX];
  scu__charset charset = charset_of(value);
  assert_int_equal(scu__charset_text(&charset, written), strlen(text));
  assert_string_equal(written, text);
  assert_int_equal(charset.has_odd_term, is_odd);
  assert_int_equal(charset.has_unknown_term, is_unknown);
}

static void test_every_defined_term_is_read_and_written_back(void **state) {
  (void)state;
  for (size_t row = 0; row < scu__repertoire_table_count; row++) {
    const scu__repertoire *repertoire = &scu__repertoire_table[row];
    char value[64];
    if (repertoire->term[0]) assert_parses(repertoire->term, repertoire->term, false, false);
    if (!repertoire->extension_term[0] || row == 0) continue;
    snprintf(value, sizeof value, "\\%s", repertoire->extension_term);
    assert_parses(value, value, false, false);
  }
  assert_parses("", "", false, false);
  assert_parses("ISO_IR 100 ", "ISO_IR 100", false, false);
  assert_parses(" ISO 2022 IR 13 \\ ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87", false, false);
  assert_parses("ISO 2022 IR 6\\ISO 2022 IR 87", "\\ISO 2022 IR 87", false, false);
  assert_parses("ISO 2022 IR 100\\ISO 2022 IR 6", "ISO 2022 IR 100\\ISO 2022 IR 6", false, false);
}

static void test_slips_of_the_field_are_accepted_and_marked(void **state) {
  (void)state;
  assert_parses("ISO_IR 6", "", true, false);
  assert_parses("ISO 2022 IR 6", "", true, false);
  assert_parses("ISO-IR 100", "ISO_IR 100", true, false);
  assert_parses("ISO_IR_100", "ISO_IR 100", true, false);
  assert_parses("iso_ir 192", "ISO_IR 192", true, false);
  assert_parses("ISO 2022 GBK", "GBK", true, false);
  assert_parses("LATIN1", "ISO_IR 100", true, false);
  assert_parses("UTF-8", "ISO_IR 192", true, false);
  assert_parses("ISO 2022 IR 87", "\\ISO 2022 IR 87", true, false);
  assert_parses("ISO_IR 100\\ISO 2022 IR 87", "ISO 2022 IR 100\\ISO 2022 IR 87", true, false);
  assert_parses("\\ISO_IR 192", "ISO_IR 192", true, false);
  assert_parses("ISO_IR 192\\ISO 2022 IR 87", "ISO_IR 192", true, false);
  assert_parses("ISO 2022 IR 100\\GB18030", "ISO_IR 100", true, false);
  assert_parses("\\ISO 2022 IR 87\\", "\\ISO 2022 IR 87", true, false);
  assert_parses("KOI8-R", "", false, true);
  assert_parses("KOI8-R\\ISO 2022 IR 87", "\\ISO 2022 IR 87", false, true);
}

static void test_hostile_values_stay_inside_the_bounds(void **state) {
  (void)state;
  char value[4096];
  memset(value, '\\', sizeof value);
  scu__charset charset = scu__charset_parse((const uint8_t *)value, sizeof value);
  assert_int_equal(charset.count, 0);
  memset(value, 'A', sizeof value);
  charset = scu__charset_parse((const uint8_t *)value, sizeof value);
  assert_true(charset.has_unknown_term);
  scu__buffer all;
  scu__buffer_init(&all, NULL, ROOM);
  for (size_t row = 0; row < scu__repertoire_table_count; row++) {
    scu__put_text(&all, scu__repertoire_table[row].extension_term);
    scu__put_u8(&all, '\\');
  }
  charset = scu__charset_parse(all.data, all.length);
  assert_int_equal(charset.count, SCU__CHARSET_TERMS_MAX);
  char text[SCU__CHARSET_TEXT_MAX];
  assert_true(scu__charset_text(&charset, text) < SCU__CHARSET_TEXT_MAX);
  scu__buffer_free(&all);
}

static void test_equality_looks_at_the_terms_only(void **state) {
  (void)state;
  scu__charset a = charset_of("LATIN1"), b = charset_of("ISO_IR 100"), c = charset_of("ISO_IR 101");
  assert_true(scu__charset_equal(&a, &b));
  assert_false(scu__charset_equal(&a, &c));
}

/* -- bad text ----------------------------------------------------------------------------------------------------- */

static void test_bad_bytes_become_replacement_characters_and_are_flagged(void **state) {
  (void)state;
  assert_decodes("", SCU_VR_PN, "J\xE9r", "J�r", true);
  assert_decodes("", SCU_VR_LO, "\xC3\xA9", "��", true);
  assert_decodes("ISO_IR 100", SCU_VR_CS, "\xE9", "�", true); /* no VR of a character set */
  assert_decodes("ISO_IR 100", SCU_VR_LO, "a\x85z", "a�z", true);
  assert_decodes("ISO_IR 127", SCU_VR_LO, "\xA1", "�", true);
  assert_decodes("ISO_IR 13", SCU_VR_LO, "\xE0", "�", true);
  assert_decodes("ISO_IR 192", SCU_VR_LO, "a\xC3(\xE9", "a�(�", true);
  assert_decodes("ISO_IR 192", SCU_VR_LO, "\xED\xA0\x80", "���", true);
  assert_decodes("GB18030", SCU_VR_LO, "\xCD\xF5\xCD", "王�", true);
  assert_decodes("\\ISO 2022 IR 87", SCU_VR_LO, "\x1b$B;", "�", true);
  assert_decodes("\\ISO 2022 IR 87", SCU_VR_LO, "\x1b$B)!\x1b(Bx", "�x", true); /* an empty cell */
  assert_decodes("\\ISO 2022 IR 149", SCU_VR_LO, "\x1b$)C\xB1 \xB1\xE6", "� 길", true);
  assert_decodes("\\ISO 2022 IR 87", SCU_VR_LO, "\x1b%Gx", "�%Gx", true);
  assert_decodes("\\ISO 2022 IR 87", SCU_VR_LO, "x\x1b", "x�", true);
}

static void test_plain_slips_are_decoded_and_flagged(void **state) {
  (void)state;
  /* UTF-8 under ISO_IR 100 */
  assert_decodes("ISO_IR 100", SCU_VR_PN, "J\xC3\xA9r\xC3\xB4me", "Jérôme", true);
  assert_decodes("ISO_IR 100", SCU_VR_PN, "J\xE9r\xC3\xB4me", "JérÃ´me", false);
  /* the second line forgot its escape; so did the whole value */
  assert_decodes("\\ISO 2022 IR 149", SCU_VR_LT, "\x1b$)C\xB1\xE6\r\n\xB5\xBF", "길\r\n동", true);
  assert_decodes("ISO 2022 IR 149", SCU_VR_PN, "\xC8\xAB^\xB1\xE6\xB5\xBF", "홍^길동", true);
  /* escapes that (0008,0005) does not announce */
  assert_decodes("", SCU_VR_PN, "\x1b$B;3ED\x1b(B", "山田", true);
  assert_decodes("ISO_IR 100", SCU_VR_PN, "\x1b-F\xC4", "Δ", true);
}

static void test_delimiters_reset_the_reader(void **state) {
  (void)state;
  /* Greek ends at ^ in PN, not in LO; value 1 (Latin-1) is back afterwards. */
  assert_decodes("ISO 2022 IR 100\\ISO 2022 IR 126", SCU_VR_PN, "\x1b-F\xC4^\xC4", "Δ^Ä", false);
  assert_decodes("ISO 2022 IR 100\\ISO 2022 IR 126", SCU_VR_LO, "\x1b-F\xC4^\xC4\\\xC4", "Δ^Δ\\Ä", false);
  assert_decodes("ISO 2022 IR 100\\ISO 2022 IR 126", SCU_VR_LT, "\x1b-F\xC4\\\xC4\r\n\xC4", "Δ\\Δ\r\nÄ", false);
  /* inside a double-byte set 5C, 5E and 3D are halves of characters */
  assert_decodes("\\ISO 2022 IR 87", SCU_VR_PN, "\x1b$B\x30\x5C\x30\x5E\x3D\x3D\x1b(B^x", "移緯十^x", false);
}

static void test_a_wrong_order_of_names_is_no_error(void **state) {
  (void)state;
  assert_decodes("ISO 2022 IR 13\\ISO 2022 IR 87", SCU_VR_PN, "\x1b$B;3ED\x1b(J=\xD4\xCF", "山田=ﾔﾏ", false);
}

static void test_what_a_set_cannot_hold_becomes_a_question_mark(void **state) {
  (void)state;
  assert_encodes("", SCU_VR_LO, "Jérôme", "J?r?me", true);
  assert_encodes("ISO_IR 100", SCU_VR_LO, "山é", "?\xE9", true);
  assert_encodes("ISO_IR 100", SCU_VR_CS, "é", "?", true);
  assert_encodes("\\ISO 2022 IR 87", SCU_VR_LO, "山é田", "\x1b$B;3\x1b(B?\x1b$BED\x1b(B", true);
  assert_encodes("ISO_IR 192", SCU_VR_LO,
                 "a\xFF"
                 "b",
                 "a?b", true);
  assert_encodes("GBK", SCU_VR_LO, "😀", "?", true);
  assert_encodes("ISO_IR 13", SCU_VR_LT, "a\\~", "a??", true);
  assert_encodes("\\ISO 2022 IR 87", SCU_VR_LO, "a\x1b$B", "a?$B", true); /* no smuggled escapes */
}

/* -- choosing ----------------------------------------------------------------------------------------------------- */

static void assert_narrowest(const char *utf8, const char *expected) {
  char text[SCU__CHARSET_TEXT_MAX];
  scu__charset charset;
  assert_int_equal(scu__charset_narrowest(utf8, strlen(utf8), &charset), SCU_OK);
  scu__charset_text(&charset, text);
  assert_string_equal(text, expected);
  assert_true(scu__charset_holds(&charset, utf8, strlen(utf8)));
}

static void test_the_narrowest_set_is_chosen(void **state) {
  (void)state;
  assert_narrowest("", "");
  assert_narrowest("DOE^JANE*", "");
  assert_narrowest("Jérôme", "ISO_IR 100");
  assert_narrowest("Wałęsa", "ISO_IR 101");
  assert_narrowest("Люкceмбypг", "ISO_IR 144");
  assert_narrowest("قباني", "ISO_IR 127");
  assert_narrowest("Διονυσιος", "ISO_IR 126");
  assert_narrowest("שרון", "ISO_IR 138");
  assert_narrowest("Işık^Åsa", "ISO_IR 148");
  assert_narrowest("Ÿ€", "ISO_IR 203");
  assert_narrowest("สมชาย", "ISO_IR 166");
  assert_narrowest("ﾔﾏﾀﾞ^ﾀﾛｳ", "ISO_IR 13");
  assert_narrowest("Yamada^Tarou=山田^太郎", "\\ISO 2022 IR 87");
  assert_narrowest("ﾔﾏﾀﾞ=山田", "ISO 2022 IR 13\\ISO 2022 IR 87");
  assert_narrowest("홍^길동", "\\ISO 2022 IR 149");
  assert_narrowest("张^小东", "GB18030");
  assert_narrowest("Jérôme Διονυσιος", "ISO_IR 192");
  assert_narrowest("😀", "ISO_IR 192");
  scu__charset charset;
  assert_int_equal(scu__charset_narrowest("\xFF", 1, &charset), SCU_ERROR_USAGE);
}

/* -- bounds ------------------------------------------------------------------------------------------------------- */

static void test_every_cut_and_every_changed_byte_gives_valid_text(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
    const example *one = &examples[i];
    size_t length = strlen(one->bytes);
    char changed[256];
    scu__buffer utf8;
    for (size_t cut = 0; cut <= length; cut++) {
      /* A heap copy of exactly this length, so that a read past its end is seen. */
      char *copy = malloc(cut + 1);
      assert_non_null(copy);
      memmove(copy + 1, one->bytes, cut);
      decode(one->charset, one->vr, copy + 1, cut, &utf8);
      scu__buffer_free(&utf8);
      free(copy);
    }
    for (size_t at = 0; at < length; at++) {
      memcpy(changed, one->bytes, length);
      for (int value = 0; value < 256; value += 5) {
        changed[at] = (char)value;
        decode(one->charset, one->vr, changed, length, &utf8);
        scu__buffer_free(&utf8);
      }
    }
  }
}

static void test_a_full_buffer_is_a_limit_error_and_never_overrun(void **state) {
  (void)state;
  scu__charset charset = charset_of("\\ISO 2022 IR 87");
  const example *one = &examples[9];
  for (size_t maximum = 1; maximum < strlen(one->utf8); maximum++) {
    scu__buffer utf8;
    scu__buffer_init(&utf8, NULL, maximum);
    assert_int_equal(
        scu__charset_to_utf8(&charset, SCU_VR_PN, (const uint8_t *)one->bytes, strlen(one->bytes), &utf8, NULL),
        SCU_ERROR_LIMIT);
    scu__buffer_free(&utf8);
  }
  for (size_t maximum = 1; maximum < strlen(one->bytes); maximum++) {
    scu__buffer bytes;
    scu__buffer_init(&bytes, NULL, maximum);
    assert_int_equal(scu__charset_from_utf8(&charset, SCU_VR_PN, one->utf8, strlen(one->utf8), &bytes, NULL),
                     SCU_ERROR_LIMIT);
    scu__buffer_free(&bytes);
  }
}

static void *no_memory(void *user, size_t length) {
  (void)user;
  (void)length;
  return NULL;
}

static void *no_more_memory(void *user, void *block, size_t length) {
  (void)user;
  (void)block;
  (void)length;
  return NULL;
}

static void nothing_to_release(void *user, void *block) {
  (void)user;
  (void)block;
}

static void test_no_memory_is_a_memory_error(void **state) {
  (void)state;
  const scu_allocator allocator = {sizeof allocator, no_memory, no_more_memory, nothing_to_release, NULL};
  for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
    scu__charset charset = charset_of(examples[i].charset);
    scu__buffer out;
    scu__buffer_init(&out, &allocator, ROOM);
    assert_int_equal(scu__charset_to_utf8(&charset, examples[i].vr, (const uint8_t *)examples[i].bytes,
                                          strlen(examples[i].bytes), &out, NULL),
                     SCU_ERROR_MEMORY);
    scu__buffer_clear(&out);
    assert_int_equal(
        scu__charset_from_utf8(&charset, examples[i].vr, examples[i].utf8, strlen(examples[i].utf8), &out, NULL),
        SCU_ERROR_MEMORY);
    scu__buffer_free(&out);
  }
}

static void test_long_runs_cross_every_inner_chunk(void **state) {
  (void)state;
  scu__charset charset = charset_of("\\ISO 2022 IR 87\\ISO 2022 IR 159\\ISO 2022 IR 149");
  scu__buffer text, bytes, again;
  scu__buffer_init(&text, NULL, ROOM);
  scu__buffer_init(&bytes, NULL, ROOM);
  scu__buffer_init(&again, NULL, ROOM);
  for (int i = 0; i < 2000; i++) scu__put_text(&text, i < 1000 ? "山田" : i < 1500 ? "丂丄" : "길동");
  bool is_lossy = false, had_errors = false;
  scu__charset_from_utf8(&charset, SCU_VR_UT, (const char *)text.data, text.length, &bytes, &is_lossy);
  scu__charset_to_utf8(&charset, SCU_VR_UT, bytes.data, bytes.length, &again, &had_errors);
  assert_false(is_lossy || had_errors);
  assert_int_equal(again.length, text.length);
  assert_memory_equal(again.data, text.data, text.length);
  scu__buffer_free(&text);
  scu__buffer_free(&bytes);
  scu__buffer_free(&again);
}

/* -- UTF-8 and folding -------------------------------------------------------------------------------------------- */

static void test_utf8_by_the_letter(void **state) {
  (void)state;
  static const char *const bad[] = {"\x80",         "\xC0\x80",         "\xC1\xBF",         "\xE0\x80\x80",
                                    "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                    "\xC3",         "\xE2\x82",         "\xF0\x9F\x98"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(scu__utf8_is_valid((const uint8_t *)bad[i], strlen(bad[i])));
  }
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    uint8_t bytes[4];
    uint32_t again;
    scu__buffer window = {.data = bytes, .capacity = 4, .maximum = 4};
    scu__utf8_put(&window, code_point);
    if (scu__utf8_decode(bytes, window.length, &again) != window.length || again != code_point) {
      fail_msg("U+%04X", (unsigned)code_point);
    }
  }
}

static void assert_folds_alike(const char *a, const char *b, bool is_alike) {
  scu__buffer left, right;
  scu__buffer_init(&left, NULL, ROOM);
  scu__buffer_init(&right, NULL, ROOM);
  assert_int_equal(scu__fold_for_match(a, strlen(a), &left), SCU_OK);
  assert_int_equal(scu__fold_for_match(b, strlen(b), &right), SCU_OK);
  assert_true(scu__utf8_is_valid(left.data, left.length));
  bool is_equal = left.length == right.length && memcmp(left.data, right.data, left.length) == 0;
  assert_int_equal(is_equal, is_alike);
  scu__buffer_free(&left);
  scu__buffer_free(&right);
}

static void test_folding_ignores_case_accents_and_width_only(void **state) {
  (void)state;
  assert_folds_alike("Müller", "MULLER", true);
  assert_folds_alike("Mu\xCC\x88ller", "Müller", true);
  assert_folds_alike("Straße", "STRASSE", true);
  assert_folds_alike("ＡＢＣ", "abc", true);
  assert_folds_alike("ﾔﾏﾀﾞ", "ヤマダ", true);
  assert_folds_alike("ΔΙΟΝΥΣΙΟΣ", "Διονύσιος", true);
  assert_folds_alike("TITLE", "title", true); /* also where the locale has a dotless i */
  assert_folds_alike("Muller", "Mueller", false);
  assert_folds_alike("が", "か", false);
  assert_folds_alike("ที่", "ท", false);
  assert_folds_alike("a\xFF", "a\xFE", true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_examples_of_the_standard_hold_in_both_directions),
      cmocka_unit_test(test_every_character_of_every_repertoire_makes_the_round_trip),
      cmocka_unit_test(test_single_byte_sets_work_as_extensions_of_ascii_and_latin1),
      cmocka_unit_test(test_the_ends_of_gb18030_and_utf8_make_the_round_trip),
      cmocka_unit_test(test_every_defined_term_is_read_and_written_back),
      cmocka_unit_test(test_slips_of_the_field_are_accepted_and_marked),
      cmocka_unit_test(test_hostile_values_stay_inside_the_bounds),
      cmocka_unit_test(test_equality_looks_at_the_terms_only),
      cmocka_unit_test(test_bad_bytes_become_replacement_characters_and_are_flagged),
      cmocka_unit_test(test_plain_slips_are_decoded_and_flagged),
      cmocka_unit_test(test_delimiters_reset_the_reader),
      cmocka_unit_test(test_a_wrong_order_of_names_is_no_error),
      cmocka_unit_test(test_what_a_set_cannot_hold_becomes_a_question_mark),
      cmocka_unit_test(test_the_narrowest_set_is_chosen),
      cmocka_unit_test(test_every_cut_and_every_changed_byte_gives_valid_text),
      cmocka_unit_test(test_a_full_buffer_is_a_limit_error_and_never_overrun),
      cmocka_unit_test(test_no_memory_is_a_memory_error),
      cmocka_unit_test(test_long_runs_cross_every_inner_chunk),
      cmocka_unit_test(test_utf8_by_the_letter),
      cmocka_unit_test(test_folding_ignores_case_accents_and_width_only),
  };
  setlocale(LC_ALL, ""); /* whatever the environment says, tr_TR too: nothing may change */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
