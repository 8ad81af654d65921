/* Dates, times and date-times by meaning (PS3.5 6.2), and the ranges of keys (PS3.4 C.2.2.2.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/moment.h"

static bool parse(scu__moment_kind kind, const char *text, scu__interval *interval) {
  return scu__moment_key_parse(kind, text, strlen(text), 0, interval);
}

static void assert_refused(scu__moment_kind kind, const char *text) {
  scu__interval interval;
  if (parse(kind, text, &interval)) fail_msg("\"%s\" was taken", text);
}

static void test_dates_in_both_forms_are_one_number(void **state) {
  (void)state;
  int64_t date;
  assert_true(scu__date_parse("20240229", 8, &date));
  assert_int_equal(date, 20240229);
  assert_true(scu__date_parse("2024.02.29", 10, &date));
  assert_int_equal(date, 20240229);
  static const char *const wrong[] = {"20230229",  "20241301", "20240100", "2024",       "202401011", "2024.0229",
                                      "2024-01-1", "",         "20240a01", "2024.02.30", "21000229",  "2024 101"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(scu__date_parse(wrong[i], strlen(wrong[i]), &date));
}

static void test_days_of_dates_follow_each_other_without_a_gap(void **state) {
  (void)state;
  int64_t days = scu__days_of_date(101), date = 0;
  assert_int_equal(scu__days_of_date(20000301) - scu__days_of_date(20000228), 2);
  assert_int_equal(scu__days_of_date(19000301) - scu__days_of_date(19000228), 1);
  assert_int_equal(scu__days_of_date(20240101) - scu__days_of_date(20231231), 1);
  for (int64_t day = days; date < 99991231; day++) {
    int64_t next = scu__date_of_days(day);
    assert_true(next > date);
    assert_int_equal(scu__days_of_date(next), day);
    date = next;
  }
}

static void test_a_range_of_dates_is_written_as_a_key_has_it(void **state) {
  (void)state;
  static const struct {
    scu__interval dates;
    const char *text;
  } cases[] = {{{20240131, 20240131}, "20240131"},
               {{20240131, 20240229}, "20240131-20240229"},
               {{101, 20240229}, "00000101-20240229"},
               {{20240131, INT64_MAX}, "20240131-"},
               {{INT64_MIN, 20240229}, "-20240229"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[SCU__DATE_RANGE_MAX];
    scu__interval dates;
    scu__date_range_format(&cases[i].dates, text);
    assert_string_equal(text, cases[i].text);
    if (cases[i].dates.low == 101) continue; /* no year that a key may have */
    assert_true(parse(SCU__MOMENT_DATE, text, &dates));
    assert_memory_equal(&dates, &cases[i].dates, sizeof dates);
  }
}

static void test_times_in_both_forms_are_one_number(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t seconds, fraction;
  } cases[] = {{"10", 36000, 0},        {"1015", 36900, 0},
               {"101559", 36959, 0},    {"101559.5", 36959, 500000},
               {"10:15", 36900, 0},     {"10:15:59", 36959, 0},
               {"235960", 86400, 0},    {"10:15:59.25", 36959, 250000},
               {"000000.000001", 0, 1}, {"00", 0, 0}};
  static const char *const wrong[] = {"",       "1",   "24",      "1060",    "101561",         "101559.",
                                      "10.5",   "101", "10:1559", "1015:59", "101559.1234567", "1015.5",
                                      "10:15:", "a0",  "-10",     "10 15"};
  int64_t time;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(scu__time_parse(cases[i].text, strlen(cases[i].text), &time));
    assert_int_equal(time, cases[i].seconds * 1000000 + cases[i].fraction);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (scu__time_parse(wrong[i], strlen(wrong[i]), &time)) fail_msg("\"%s\" was taken", wrong[i]);
}

static void test_a_date_time_covers_what_it_leaves_open(void **state) {
  (void)state;
  static const struct {
    const char *text, *same_low, *same_high;
  } cases[] = {{"2024", "20240101000000", "20241231235959.999999"},
               {"202402", "20240201000000", "20240229235959.999999"},
               {"20240229", "20240229000000", "20240229235959.999999"},
               {"2024022910", "20240229100000", "20240229105959.999999"},
               {"202402291015", "20240229101500", "20240229101559.999999"},
               {"20240229101530", "20240229101530.000000", "20240229101530.999999"},
               {"20240229101530.25", "20240229101530.250000", "20240229101530.259999"},
               {"20240101003000+0100", "20231231233000", "20231231233000.999999"},
               {"20240101003000-0130", "20240101020000", "20240101020000.999999"}};
  scu__interval own, low, high;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(scu__date_time_parse(cases[i].text, strlen(cases[i].text), 0, &own));
    assert_true(scu__date_time_parse(cases[i].same_low, strlen(cases[i].same_low), 0, &low));
    assert_true(scu__date_time_parse(cases[i].same_high, strlen(cases[i].same_high), 0, &high));
    assert_int_equal(own.low, low.low);
    assert_int_equal(own.high, high.high);
  }
}

static void test_an_offset_that_is_not_there_is_assumed(void **state) {
  (void)state;
  scu__interval plain, offset;
  assert_true(scu__date_time_parse("20240101003000", 14, 60, &plain));
  assert_true(scu__date_time_parse("20240101003000+0100", 19, -300, &offset));
  assert_int_equal(plain.low, offset.low);
}

static void test_ranges_may_be_open_at_one_end(void **state) {
  (void)state;
  scu__interval interval;
  assert_true(parse(SCU__MOMENT_DATE, "20240101-20240131", &interval));
  assert_int_equal(interval.low, 20240101);
  assert_int_equal(interval.high, 20240131);
  assert_true(parse(SCU__MOMENT_DATE, "20240101-", &interval));
  assert_true(interval.low == 20240101 && interval.high == INT64_MAX);
  assert_true(parse(SCU__MOMENT_DATE, "- 20240131", &interval));
  assert_true(interval.low == INT64_MIN && interval.high == 20240131);
  assert_refused(SCU__MOMENT_DATE, "-");
  assert_refused(SCU__MOMENT_DATE, "20240101-x");
  assert_refused(SCU__MOMENT_DATE, "20240101-20240102-20240103");
  assert_refused(SCU__MOMENT_TIME, "10-1-2");
}

static void test_a_hyphen_in_a_date_time_is_an_offset_where_it_can_be_no_year(void **state) {
  (void)state;
  scu__interval range, value;
  assert_true(parse(SCU__MOMENT_DATE_TIME, "20240101100000-0500", &value));
  assert_true(value.high - value.low == 999999);
  assert_true(parse(SCU__MOMENT_DATE_TIME, "2024-2025", &range));
  assert_true(parse(SCU__MOMENT_DATE_TIME, "20240101100000-0500-20240101110000-0500", &range));
  assert_int_equal(range.low, value.low);
  assert_int_equal(range.high - range.low, INT64_C(3600) * 1000000 + 999999);
  assert_true(parse(SCU__MOMENT_DATE_TIME, "20240101100000-0500-", &range));
  assert_true(range.low == value.low && range.high == INT64_MAX);
  assert_true(parse(SCU__MOMENT_DATE_TIME, "-20240101100000-0500", &range));
  assert_true(range.low == INT64_MIN && range.high == value.high);
  assert_refused(SCU__MOMENT_DATE_TIME, "20240101100000+05");
  assert_refused(SCU__MOMENT_DATE_TIME, "20240101100000+0560");
}

static void test_no_truncation_of_a_value_is_read_past_its_end(void **state) {
  (void)state;
  static const char text[] = "20240101101530.123456-0500-20250101101530.123456+0500";
  for (int kind = 0; kind <= 2; kind++) {
    for (size_t length = 0; length < sizeof text; length++) {
      char exact[sizeof text];
      scu__interval interval;
      memcpy(exact, text, length);
      scu__moment_key_parse((scu__moment_kind)kind, exact, length, 0, &interval);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dates_in_both_forms_are_one_number),
      cmocka_unit_test(test_days_of_dates_follow_each_other_without_a_gap),
      cmocka_unit_test(test_a_range_of_dates_is_written_as_a_key_has_it),
      cmocka_unit_test(test_times_in_both_forms_are_one_number),
      cmocka_unit_test(test_a_date_time_covers_what_it_leaves_open),
      cmocka_unit_test(test_an_offset_that_is_not_there_is_assumed),
      cmocka_unit_test(test_ranges_may_be_open_at_one_end),
      cmocka_unit_test(test_a_hyphen_in_a_date_time_is_an_offset_where_it_can_be_no_year),
      cmocka_unit_test(test_no_truncation_of_a_value_is_read_past_its_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
