/* Decimal text and IEEE 754: the cases that naive code gets wrong, and a round trip over many bit patterns. */
#include "dataset_test.h"

#include <locale.h>

#include "data/decimal.h"

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static void test_doubles_are_written_in_the_shortest_form(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } rows[] = {
      {0.0, "0"},
      {-0.0, "-0"},
      {1.0, "1"},
      {0.1, "0.1"},
      {-1.5, "-1.5"},
      {123456.5, "123456.5"},
      {1e16, "10000000000000000"},
      {1e17, "1e17"},
      {1e21, "1e21"},
      {0.0001, "0.0001"},
      {0.00001, "0.00001"},
      {1e-7, "1e-7"},
      {1.5e-7, "1.5e-7"},
      {9007199254740993.0, "9007199254740992"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e308"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {0.3, "0.3"},
      {1.0 / 3, "0.3333333333333333"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[SCU__DECIMAL_MAX];
    assert_int_equal(scu__decimal_from_double(bits_of(rows[i].value), text), strlen(rows[i].text));
    assert_string_equal(text, rows[i].text);
  }
}

static void test_numbers_that_are_none_have_names(void **state) {
  (void)state;
  char text[SCU__DECIMAL_MAX];
  scu__decimal_from_double(UINT64_C(0x7FF8000000000000), text);
  assert_string_equal(text, "NaN");
  scu__decimal_from_double(UINT64_C(0x7FF0000000000000), text);
  assert_string_equal(text, "inf");
  scu__decimal_from_double(UINT64_C(0xFFF0000000000000), text);
  assert_string_equal(text, "-inf");
  scu__decimal_from_float(0xFF800000u, text);
  assert_string_equal(text, "-inf");
}

static void test_floats_are_shorter_than_the_doubles_they_equal(void **state) {
  (void)state;
  char text[SCU__DECIMAL_MAX];
  scu__decimal_from_float(0x3DCCCCCDu, text);
  assert_string_equal(text, "0.1");
  scu__decimal_from_float(0x00000001u, text);
  assert_string_equal(text, "1e-45");
  scu__decimal_from_float(0x7F7FFFFFu, text);
  assert_string_equal(text, "3.4028235e38");
}

static void test_every_double_reads_back_as_itself(void **state) {
  (void)state;
  uint64_t x = UINT64_C(88172645463325252);
  for (int i = 0; i < 3000; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    uint64_t bits = x, back;
    if (i % 5 == 0) bits &= UINT64_C(0xFFF0000000000000); /* powers of two */
    if (i % 7 == 0) bits &= UINT64_C(0x800FFFFFFFFFFFFF); /* subnormal */
    if ((bits >> 52 & 0x7FF) == 0x7FF) continue;
    char text[SCU__DECIMAL_MAX];
    size_t length = scu__decimal_from_double(bits, text);
    assert_true(length < sizeof text);
    assert_true(scu__decimal_to_double(text, length, &back));
    assert_true(back == bits);
    uint32_t narrow = (uint32_t)x, narrow_back;
    if ((narrow >> 23 & 0xFF) == 0xFF) continue;
    length = scu__decimal_from_float(narrow, text);
    assert_true(scu__decimal_to_float(text, length, &narrow_back));
    assert_true(narrow_back == narrow);
  }
}

static void test_text_is_rounded_correctly(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } rows[] = {
      {"9007199254740993", 9007199254740992.0},             /* a tie goes to even */
      {"9007199254740993.00000001", 9007199254740994.0},    /* just above it does not */
      {"2.2250738585072011e-308", 2.2250738585072011e-308}, /* once an endless loop elsewhere */
      {"1e-400", 0.0},
      {"0e999999", 0.0},
      {"+.5", 0.5},
      {"5.", 5.0},
      {"00012.50E+01", 125.0},
      {"1e23", 1e23},
      {"8.5e-5", 8.5e-5},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint64_t bits;
    assert_true(scu__decimal_to_double(rows[i].text, strlen(rows[i].text), &bits));
    if (bits != bits_of(rows[i].value)) fail_msg("%s", rows[i].text);
  }
}

static void test_what_is_no_number_is_refused(void **state) {
  (void)state;
  static const char *const broken[] = {"",    "+",   ".",     "e5",    "1e",  "1e+",   "1,5",    "1 5", "0x10",
                                       "NaN", "inf", "1.2.3", "1e5.0", "--1", "1e999", "-1e400", " 1"};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    uint64_t bits;
    if (scu__decimal_to_double(broken[i], strlen(broken[i]), &bits)) fail_msg("\"%s\" is a number", broken[i]);
  }
  uint32_t narrow;
  assert_false(scu__decimal_to_float("3.5e38", 6, &narrow));
  char long_text[80];
  memset(long_text, '9', sizeof long_text);
  uint64_t bits;
  assert_true(scu__decimal_to_double(long_text, 60, &bits));
  assert_false(scu__decimal_to_double(long_text, 61, &bits));
}

static void test_integers_are_checked_at_both_ends(void **state) {
  (void)state;
  int64_t value;
  bool fits;
  assert_true(scu__decimal_to_integer("9223372036854775807", 19, &value, &fits) && fits && value == INT64_MAX);
  assert_true(scu__decimal_to_integer("-9223372036854775808", 20, &value, &fits) && fits && value == INT64_MIN);
  assert_true(scu__decimal_to_integer("9223372036854775808", 19, &value, &fits) && !fits);
  assert_true(scu__decimal_to_integer("-9223372036854775809", 20, &value, &fits) && !fits);
  assert_true(scu__decimal_to_integer("99999999999999999999", 20, &value, &fits) && !fits);
  assert_true(scu__decimal_to_integer("+007", 4, &value, &fits) && fits && value == 7);
  assert_false(scu__decimal_to_integer("", 0, &value, &fits));
  assert_false(scu__decimal_to_integer("-", 1, &value, &fits));
  assert_false(scu__decimal_to_integer("1.0", 3, &value, &fits));
  assert_false(scu__decimal_to_integer("1 ", 2, &value, &fits));
}

static void test_integers_are_written_at_both_ends(void **state) {
  (void)state;
  char text[SCU__DECIMAL_MAX];
  scu__decimal_from_unsigned(UINT64_MAX, text);
  assert_string_equal(text, "18446744073709551615");
  scu__decimal_from_signed(INT64_MIN, text);
  assert_string_equal(text, "-9223372036854775808");
  scu__decimal_from_signed(0, text);
  assert_string_equal(text, "0");
}

static void test_a_locale_with_decimal_commas_changes_nothing(void **state) {
  (void)state;
  const char *previous = setlocale(LC_ALL, NULL);
  char kept[64];
  snprintf(kept, sizeof kept, "%s", previous);
  if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE")) {
    print_message("[  SKIPPED ] no German locale here\n");
    skip();
  }
  char text[SCU__DECIMAL_MAX];
  uint64_t bits;
  scu__decimal_from_double(bits_of(1.5), text);
  assert_string_equal(text, "1.5");
  assert_true(scu__decimal_to_double("1.5", 3, &bits));
  assert_false(scu__decimal_to_double("1,5", 3, &bits));
  setlocale(LC_ALL, kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_doubles_are_written_in_the_shortest_form),
      cmocka_unit_test(test_numbers_that_are_none_have_names),
      cmocka_unit_test(test_floats_are_shorter_than_the_doubles_they_equal),
      cmocka_unit_test(test_every_double_reads_back_as_itself),
      cmocka_unit_test(test_text_is_rounded_correctly),
      cmocka_unit_test(test_what_is_no_number_is_refused),
      cmocka_unit_test(test_integers_are_checked_at_both_ends),
      cmocka_unit_test(test_integers_are_written_at_both_ends),
      cmocka_unit_test(test_a_locale_with_decimal_commas_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
