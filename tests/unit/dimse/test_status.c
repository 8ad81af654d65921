/* Status classes by range, and the rows that explain them, held against the codes of PS3.7 and PS3.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dimse/command.h"
#include "dimse/status.h"
#include "dimse/status_rows.h"
#include "standard_statuses.h"

static void test_store_statuses_go_by_range(void **state) {
  (void)state;
  static const struct {
    uint16_t status;
    scu__status_kind kind;
  } expected[] = {
      {0x0000, SCU__STATUS_KIND_SUCCESS}, {0x0001, SCU__STATUS_KIND_WARNING}, {0x0107, SCU__STATUS_KIND_WARNING},
      {0x0116, SCU__STATUS_KIND_WARNING}, {0xB000, SCU__STATUS_KIND_WARNING}, {0xB006, SCU__STATUS_KIND_WARNING},
      {0xB007, SCU__STATUS_KIND_WARNING}, {0xBFFF, SCU__STATUS_KIND_WARNING}, {0xA700, SCU__STATUS_KIND_FAILURE},
      {0xA7FF, SCU__STATUS_KIND_FAILURE}, {0xA901, SCU__STATUS_KIND_FAILURE}, {0xC123, SCU__STATUS_KIND_FAILURE},
      {0x0110, SCU__STATUS_KIND_FAILURE}, {0x0122, SCU__STATUS_KIND_FAILURE}, {0x0124, SCU__STATUS_KIND_FAILURE},
      {0x1234, SCU__STATUS_KIND_FAILURE}, {0xFFFF, SCU__STATUS_KIND_FAILURE},
  };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    assert_int_equal(scu__status_class(expected[i].status, SCU__C_STORE_RQ), expected[i].kind);
    assert_int_equal(scu__status_class(expected[i].status, SCU__C_STORE_RSP), expected[i].kind);
  }
}

static void test_pending_and_cancel_exist_for_find_move_and_get_only(void **state) {
  (void)state;
  static const uint16_t with[] = {SCU__C_FIND_RSP, SCU__C_MOVE_RSP, SCU__C_GET_RSP};
  static const uint16_t without[] = {SCU__C_STORE_RSP, SCU__C_ECHO_RSP, SCU__N_ACTION_RSP};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(scu__status_class(0xFF00, with[i]), SCU__STATUS_KIND_PENDING);
    assert_int_equal(scu__status_class(0xFF01, with[i]), SCU__STATUS_KIND_PENDING);
    assert_int_equal(scu__status_class(0xFF02, with[i]), SCU__STATUS_KIND_FAILURE);
    assert_int_equal(scu__status_class(0xFE00, with[i]), SCU__STATUS_KIND_CANCEL);
    assert_int_equal(scu__status_class(0xFF00, without[i]), SCU__STATUS_KIND_FAILURE);
    assert_int_equal(scu__status_class(0xFE00, without[i]), SCU__STATUS_KIND_FAILURE);
  }
}

static void test_text_says_what_the_status_means_for_the_operation(void **state) {
  (void)state;
  assert_string_equal(scu__status_text(SCU__C_STORE_RSP, 0xA7AB), "refused: out of resources");
  assert_string_equal(scu__status_text(SCU__C_STORE_RSP, 0xB000), "data elements coerced");
  assert_string_equal(scu__status_text(SCU__C_MOVE_RSP, 0xB000),
                      "sub-operations done, one or more failed or gave a warning");
  assert_string_equal(scu__status_text(SCU__C_MOVE_RQ, 0xA801), "refused: Move Destination unknown");
  assert_string_equal(scu__status_text(SCU__C_FIND_RSP, 0xC234), "unable to process");
  assert_string_equal(scu__status_text(SCU__C_FIND_RSP, 0xC100), "unable to process"); /* not Q.2's meaning */
  assert_string_equal(scu__status_text(SCU__C_STORE_RSP, 0x0110), "general processing failure");
  assert_string_equal(scu__status_text(SCU__C_FIND_RSP, 0xA7FF), "refused: out of resources");
  assert_string_equal(scu__status_text(SCU__C_ECHO_RSP, 0x0211), "operation not one agreed (unrecognised operation)");
  assert_string_equal(scu__status_text(SCU__C_STORE_RSP, 0x0001), "warning without detail");
  assert_non_null(strstr(scu__status_text(SCU__N_SET_RSP, 0x0001), "optional attributes"));
  assert_non_null(strstr(scu__status_text(SCU__C_STORE_RSP, 0x1234), "failure"));
  assert_non_null(strstr(scu__status_text(SCU__C_STORE_RSP, 0xB999), "warning"));
}

static void test_every_status_has_a_row(void **state) {
  (void)state;
  static const uint16_t fields[] = {SCU__C_STORE_RSP, SCU__C_MOVE_RSP, SCU__N_SET_RSP, 0};
  for (size_t i = 0; i < 0x10000; i++)
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
      const scu_explanation *row = scu__status_explanation(fields[k], (uint16_t)i);
      assert_non_null(row);
      assert_true(row->low <= (int32_t)i && (int32_t)i <= row->high);
      assert_int_not_equal(row->fits, SCU__FITS_SOME);
    }
}

static const char *step(uint16_t field, uint16_t status) {
  return scu__status_explanation(field, status)->next_step;
}

static void test_common_failures_say_what_to_try(void **state) {
  (void)state;
  assert_non_null(strstr(step(SCU__C_MOVE_RSP, 0xA801), "register"));
  assert_non_null(strstr(step(SCU__C_MOVE_RSP, 0xA702), "destination"));
  assert_non_null(strstr(step(SCU__C_GET_RSP, 0xA702), "proposed"));
  assert_non_null(strstr(step(SCU__C_MOVE_RSP, 0xA900), "unique keys"));
  assert_non_null(strstr(step(SCU__C_MOVE_RSP, 0x0122), "does not offer"));
  assert_non_null(strstr(step(SCU__C_STORE_RSP, 0xA700), "disk"));
  assert_non_null(strstr(step(SCU__C_FIND_RSP, 0xA7FF), "narrow"));
}

static const scu_explanation *row_at(size_t index) {
  if (index < scu__composite_status_row_count) return &scu__composite_status_rows[index];
  index -= scu__composite_status_row_count;
  return index < scu__normalized_status_row_count ? &scu__normalized_status_rows[index] : NULL;
}

static const struct {
  const char *name;
  uint16_t field;
} operations[] = {
    {"C-STORE", SCU__C_STORE_RSP},   {"C-GET", SCU__C_GET_RSP},      {"C-FIND", SCU__C_FIND_RSP},
    {"C-MOVE", SCU__C_MOVE_RSP},     {"C-ECHO", SCU__C_ECHO_RSP},    {"N-EVENT-REPORT", SCU__N_EVENT_REPORT_RSP},
    {"N-GET", SCU__N_GET_RSP},       {"N-SET", SCU__N_SET_RSP},      {"N-ACTION", SCU__N_ACTION_RSP},
    {"N-CREATE", SCU__N_CREATE_RSP}, {"N-DELETE", SCU__N_DELETE_RSP}};
enum { OPERATION_COUNT = sizeof operations / sizeof *operations };

static void test_rows_say_where_they_hold(void **state) {
  (void)state;
  for (size_t i = 0; row_at(i); i++)
    for (size_t k = 0; k < OPERATION_COUNT; k++) {
      bool holds = (row_at(i)->operations & scu__operation_bit(operations[k].field)) != 0;
      assert_int_equal(strstr(row_at(i)->where, operations[k].name) != NULL, holds);
    }
}

static void test_rows_are_found_by_their_code(void **state) {
  (void)state;
  for (size_t i = 0; row_at(i); i++) {
    const scu_explanation *row = row_at(i);
    assert_int_equal(strlen(row->code), 4);
    for (int digit = 0; digit < 4; digit++) {
      if (row->code[digit] == 'x') continue;
      char text[2] = {row->code[digit], 0};
      int shift = 12 - 4 * digit;
      assert_int_equal(strtol(text, NULL, 16), row->low >> shift & 15);
      assert_int_equal(strtol(text, NULL, 16), row->high >> shift & 15);
    }
    if (row->fits != SCU__FITS_ALL) continue;
    uint16_t field = 0;
    for (size_t k = 0; k < OPERATION_COUNT; k++)
      if (row->operations & scu__operation_bit(operations[k].field)) field = operations[k].field;
    if (row->operations == 0) continue;
    assert_ptr_equal(scu__status_explanation(field, (uint16_t)row->low), row); /* else it is behind another one */
  }
}

/* A code that the Standard gives an operation has a row for that operation, wide enough, and none that says
 * "undefined". */
static void check_standard(size_t index, uint16_t field) {
  uint16_t low = standard_statuses[index].low, high = standard_statuses[index].high;
  const scu_explanation *row = scu__status_explanation(field, low);
  if (row->fits != SCU__FITS_ALL || row->high < high)
    fail_msg("%04X of %s (%s) has no row", low, standard_statuses[index].service, scu__command_name(field));
  if (row->operations != 0) assert_true((row->operations & scu__operation_bit(field)) != 0);
  assert_string_equal(scu__status_class_name(scu__status_class(low, field)),
                      scu__status_class_name(standard_statuses[index].kind));
  assert_int_equal(scu__status_class(high, field), standard_statuses[index].kind);
}

static void test_every_status_of_the_standard_has_its_row_and_class(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof standard_statuses / sizeof *standard_statuses; i++) {
    if (standard_statuses[i].field) check_standard(i, standard_statuses[i].field);
    for (size_t k = 0; k < OPERATION_COUNT && !standard_statuses[i].field; k++) check_standard(i, operations[k].field);
  }
}

static void test_what_one_service_alone_says_has_a_row_of_its_own(void **state) {
  (void)state;
  static const struct {
    uint16_t code;
    const char *text;
  } expected[] = {{0xC100, "more than one match"}, {0xC200, "requested template not supported"}};
  for (size_t i = 0; i < 2; i++) {
    size_t found = 0;
    for (size_t k = 0; row_at(k); k++)
      if (row_at(k)->fits == SCU__FITS_SOME && row_at(k)->low == expected[i].code &&
          strcmp(row_at(k)->text, expected[i].text) == 0)
        found++;
    assert_int_equal(found, 1);
  }
  assert_non_null(strstr(scu__status_of_final_step()->text, "final"));
}

static void test_only_lack_of_resources_is_retryable(void **state) {
  (void)state;
  assert_true(scu__status_is_retryable(SCU__C_STORE_RSP, 0xA700));
  assert_true(scu__status_is_retryable(SCU__C_STORE_RSP, 0xA7FE));
  assert_true(scu__status_is_retryable(SCU__C_MOVE_RSP, 0xA702));
  assert_true(scu__status_is_retryable(SCU__N_ACTION_RSP, 0x0213));
  assert_false(scu__status_is_retryable(SCU__C_FIND_RSP, 0xA710));
  assert_false(scu__status_is_retryable(SCU__C_MOVE_RSP, 0xA801));
  static const uint16_t lasting[] = {0x0000, 0x0110, 0x0122, 0x0124, 0xA900, 0xB000, 0xC000, 0xFE00};
  for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
    assert_false(scu__status_is_retryable(SCU__C_STORE_RSP, lasting[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_store_statuses_go_by_range),
      cmocka_unit_test(test_pending_and_cancel_exist_for_find_move_and_get_only),
      cmocka_unit_test(test_text_says_what_the_status_means_for_the_operation),
      cmocka_unit_test(test_every_status_has_a_row),
      cmocka_unit_test(test_common_failures_say_what_to_try),
      cmocka_unit_test(test_rows_say_where_they_hold),
      cmocka_unit_test(test_rows_are_found_by_their_code),
      cmocka_unit_test(test_every_status_of_the_standard_has_its_row_and_class),
      cmocka_unit_test(test_what_one_service_alone_says_has_a_row_of_its_own),
      cmocka_unit_test(test_only_lack_of_resources_is_retryable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
