/* Status classes by range, texts and hints; PS3.4's and PS3.7's own table when it is here. */
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
#include "dimse/status_table.h"

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

static void test_generated_classes_agree_with_the_ranges(void **state) {
  (void)state;
  for (size_t i = 0; i < scu__status_row_count; i++) {
    const scu__status_row *row = &scu__status_rows[i];
    if (row->field == 0) continue;
    assert_int_equal(scu__status_class(row->low, row->field), row->kind);
    assert_int_equal(scu__status_class(row->high, row->field), row->kind);
    assert_true(strlen(row->text) > 0);
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

static void test_every_status_has_a_text_and_a_hint_string(void **state) {
  (void)state;
  for (size_t i = 0; i < 0x10000; i++) {
    assert_true(strlen(scu__status_text(SCU__C_MOVE_RSP, (uint16_t)i)) > 0);
    assert_non_null(scu__status_hint(SCU__N_SET_RSP, (uint16_t)i));
  }
}

static void test_common_failures_have_a_hint(void **state) {
  (void)state;
  assert_non_null(strstr(scu__status_hint(SCU__C_MOVE_RSP, 0xA801), "register"));
  assert_true(strlen(scu__status_hint(SCU__C_MOVE_RSP, 0xA702)) > 0);
  assert_true(strlen(scu__status_hint(SCU__C_MOVE_RSP, 0xA900)) > 0);
  assert_true(strlen(scu__status_hint(SCU__C_MOVE_RSP, 0x0122)) > 0);
  assert_true(strlen(scu__status_hint(SCU__C_STORE_RSP, 0xA700)) > 0);
  assert_string_equal(scu__status_hint(SCU__C_STORE_RSP, 0x0000), "");
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

/* --- the Standard's own table --- */

static uint16_t field_of(const char *operation, size_t length) {
  static const struct {
    const char *name;
    uint16_t field;
  } operations[] = {{"C-STORE", SCU__C_STORE_RSP},   {"C-GET", SCU__C_GET_RSP},       {"C-FIND", SCU__C_FIND_RSP},
                    {"C-MOVE", SCU__C_MOVE_RSP},     {"C-ECHO", SCU__C_ECHO_RSP},     {"N-GET", SCU__N_GET_RSP},
                    {"N-SET", SCU__N_SET_RSP},       {"N-ACTION", SCU__N_ACTION_RSP}, {"N-CREATE", SCU__N_CREATE_RSP},
                    {"N-DELETE", SCU__N_DELETE_RSP}, {"any", SCU__C_ECHO_RSP}};
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (strlen(operations[i].name) == length && strncmp(operations[i].name, operation, length) == 0)
      return operations[i].field;
  assert_true(length == strlen("N-EVENT-REPORT") && strncmp(operation, "N-EVENT-REPORT", length) == 0);
  return SCU__N_EVENT_REPORT_RSP;
}

static void test_classes_are_those_of_the_standard(void **state) {
  (void)state;
  const char *shared = getenv("SCU_SHARED");
  char path[1024], line[1024];
  snprintf(path, sizeof path, "%s/standard/dimse-status.tsv", shared && shared[0] ? shared : SCU_SHARED_DEFAULT);
  FILE *file = fopen(path, "r");
  if (!file) {
    print_message("skipped: no dimse-status.tsv (SCU_SHARED)\n");
    skip();
  }
  assert_non_null(fgets(line, sizeof line, file));
  size_t checked = 0;
  while (fgets(line, sizeof line, file)) {
    char *columns[5] = {0}, *rest = line;
    for (size_t i = 0; i < 5; i++) {
      columns[i] = rest;
      rest = strchr(rest, '\t');
      assert_non_null(rest);
      *rest++ = 0;
    }
    for (char *x = columns[2]; *x; x++)
      if (*x == 'x') *x = '5';
    uint16_t status = (uint16_t)strtoul(columns[2], NULL, 16);
    for (const char *operation = columns[0]; operation;) {
      const char *comma = strchr(operation, ',');
      size_t length = comma ? (size_t)(comma - operation) : strlen(operation);
      scu__status_kind kind = scu__status_class(status, field_of(operation, length));
      assert_string_equal(scu__status_class_name(kind), columns[3]);
      checked++;
      operation = comma ? comma + 1 : NULL;
    }
  }
  fclose(file);
  assert_true(checked > 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_store_statuses_go_by_range),
      cmocka_unit_test(test_pending_and_cancel_exist_for_find_move_and_get_only),
      cmocka_unit_test(test_generated_classes_agree_with_the_ranges),
      cmocka_unit_test(test_text_says_what_the_status_means_for_the_operation),
      cmocka_unit_test(test_every_status_has_a_text_and_a_hint_string),
      cmocka_unit_test(test_common_failures_have_a_hint),
      cmocka_unit_test(test_only_lack_of_resources_is_retryable),
      cmocka_unit_test(test_classes_are_those_of_the_standard),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
