/* Fragments in: the same events whatever the pieces, and the order rules of PS3.8 Annex E. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "dimse/inbox.h"
#include "support/failing_allocator.h"

static scu__buffer encoded(uint16_t field, bool has_dataset) {
  scu__uid class_uid = {"1.2.840.10008.5.1.4.1.2.2.1"};
  scu__command command;
  scu__request_init(&command, field, 5, &class_uid);
  command.data_set_type = has_dataset ? SCU__WITH_DATASET : SCU__NO_DATASET;
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, SCU__COMMAND_MAX);
  assert_int_equal(scu__command_encode(&command, &buffer), SCU_OK);
  return buffer;
}

static scu_result put(scu__inbox *inbox, uint8_t context_id, bool is_command, bool is_last, const void *bytes,
                      size_t length, scu__inbox_event *event) {
  return scu__inbox_put(inbox, context_id, is_command, is_last, bytes, length, event, NULL);
}

static void test_command_in_any_pieces_gives_one_event(void **state) {
  (void)state;
  scu__buffer command = encoded(SCU__C_ECHO_RQ, false);
  for (size_t step = 1; step <= command.length; step++) {
    scu__inbox inbox;
    scu__inbox_init(&inbox, NULL);
    for (int round = 0; round < 2; round++) {
      size_t events = 0;
      for (size_t at = 0; at < command.length; at += step) {
        size_t length = command.length - at < step ? command.length - at : step;
        bool is_last = at + length == command.length;
        scu__inbox_event event;
        assert_int_equal(put(&inbox, 1, true, is_last, command.data + at, length, &event), SCU_OK);
        assert_int_equal(event.kind, is_last ? SCU__INBOX_COMMAND : SCU__INBOX_NONE);
        if (!is_last) continue;
        events++;
        assert_int_equal(event.context_id, 1);
        assert_int_equal(event.command->field, SCU__C_ECHO_RQ);
        assert_int_equal(event.command->message_id, 5);
      }
      assert_int_equal(events, 1);
      assert_true(scu__inbox_is_idle(&inbox));
    }
    scu__inbox_free(&inbox);
  }
  scu__buffer_free(&command);
}

static void test_data_passes_through_and_ends_with_the_last_piece(void **state) {
  (void)state;
  scu__buffer command = encoded(SCU__C_FIND_RQ, true);
  scu__inbox inbox;
  scu__inbox_init(&inbox, NULL);
  scu__inbox_event event;
  static const char bytes[] = "abcd";
  for (int round = 0; round < 3; round++) {
    assert_int_equal(put(&inbox, 7, true, true, command.data, command.length, &event), SCU_OK);
    assert_int_equal(event.kind, SCU__INBOX_COMMAND);
    assert_false(scu__inbox_is_idle(&inbox));
    assert_int_equal(put(&inbox, 7, false, false, bytes, 2, &event), SCU_OK);
    assert_int_equal(event.kind, SCU__INBOX_DATA);
    assert_ptr_equal(event.bytes, bytes);
    assert_false(event.is_last);
    assert_int_equal(put(&inbox, 7, false, false, bytes, 0, &event), SCU_OK);
    assert_int_equal(event.kind, SCU__INBOX_NONE);
    assert_int_equal(put(&inbox, 7, false, true, bytes, round == 0 ? 4 : 0, &event), SCU_OK);
    assert_int_equal(event.kind, SCU__INBOX_DATA);
    assert_true(event.is_last);
    assert_true(scu__inbox_is_idle(&inbox));
  }
  scu__inbox_free(&inbox);
  scu__buffer_free(&command);
}

static void test_data_without_a_command_is_refused(void **state) {
  (void)state;
  scu__inbox inbox;
  scu__inbox_init(&inbox, NULL);
  scu__inbox_event event;
  assert_int_equal(put(&inbox, 1, false, true, "ab", 2, &event), SCU_ERROR_PROTOCOL);
  scu__inbox_free(&inbox);
}

static void test_data_after_a_command_that_announced_none_is_refused(void **state) {
  (void)state;
  scu__buffer command = encoded(SCU__C_ECHO_RQ, false);
  scu__inbox inbox;
  scu__inbox_init(&inbox, NULL);
  scu__inbox_event event;
  assert_int_equal(put(&inbox, 1, true, true, command.data, command.length, &event), SCU_OK);
  assert_int_equal(put(&inbox, 1, false, true, "ab", 2, &event), SCU_ERROR_PROTOCOL);
  scu__inbox_free(&inbox);
  scu__buffer_free(&command);
}

static void test_command_where_data_was_announced_is_refused(void **state) {
  (void)state;
  scu__buffer command = encoded(SCU__C_FIND_RQ, true);
  for (int has_some_data = 0; has_some_data < 2; has_some_data++) {
    scu__inbox inbox;
    scu__inbox_init(&inbox, NULL);
    scu__inbox_event event;
    assert_int_equal(put(&inbox, 1, true, true, command.data, command.length, &event), SCU_OK);
    if (has_some_data) assert_int_equal(put(&inbox, 1, false, false, "ab", 2, &event), SCU_OK);
    assert_int_equal(put(&inbox, 1, true, true, command.data, command.length, &event), SCU_ERROR_PROTOCOL);
    scu__inbox_free(&inbox);
  }
  scu__buffer_free(&command);
}

static void test_another_context_inside_a_message_is_refused(void **state) {
  (void)state;
  scu__buffer command = encoded(SCU__C_FIND_RQ, true);
  scu__inbox inbox;
  scu__inbox_init(&inbox, NULL);
  scu__inbox_event event;
  assert_int_equal(put(&inbox, 1, true, false, command.data, 10, &event), SCU_OK);
  assert_int_equal(put(&inbox, 3, true, true, command.data + 10, command.length - 10, &event), SCU_ERROR_PROTOCOL);
  scu__inbox_free(&inbox);
  scu__inbox_init(&inbox, NULL);
  assert_int_equal(put(&inbox, 1, true, true, command.data, command.length, &event), SCU_OK);
  assert_int_equal(put(&inbox, 3, false, true, "ab", 2, &event), SCU_ERROR_PROTOCOL);
  scu__inbox_free(&inbox);
  scu__buffer_free(&command);
}

static void test_data_in_the_middle_of_a_command_is_refused(void **state) {
  (void)state;
  scu__buffer command = encoded(SCU__C_FIND_RQ, true);
  scu__inbox inbox;
  scu__inbox_init(&inbox, NULL);
  scu__inbox_event event;
  assert_int_equal(put(&inbox, 1, true, false, command.data, 10, &event), SCU_OK);
  assert_int_equal(put(&inbox, 1, false, false, "ab", 2, &event), SCU_ERROR_PROTOCOL);
  scu__inbox_free(&inbox);
  scu__buffer_free(&command);
}

static void test_command_without_end_meets_a_limit(void **state) {
  (void)state;
  static const uint8_t zeros[1000] = {0};
  scu__inbox inbox;
  scu__inbox_init(&inbox, NULL);
  scu__inbox_event event;
  scu_result result = SCU_OK;
  size_t taken = 0;
  while (result == SCU_OK) {
    result = put(&inbox, 1, true, false, zeros, sizeof zeros, &event);
    if (result == SCU_OK) taken += sizeof zeros;
  }
  assert_int_equal(result, SCU_ERROR_LIMIT);
  assert_true(taken <= SCU__COMMAND_MAX);
  assert_true(inbox.bytes.capacity <= SCU__COMMAND_MAX);
  scu__inbox_free(&inbox);
}

static void test_empty_command_is_refused(void **state) {
  (void)state;
  scu__inbox inbox;
  scu__inbox_init(&inbox, NULL);
  scu__inbox_event event;
  assert_int_equal(put(&inbox, 1, true, true, NULL, 0, &event), SCU_ERROR_PROTOCOL);
  scu__inbox_free(&inbox);
}

static void test_every_allocation_that_fails_is_reported(void **state) {
  (void)state;
  scu__buffer command = encoded(SCU__C_ECHO_RQ, false);
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    failing_allocator failing;
    failing_allocator_init(&failing, i);
    scu__inbox inbox;
    scu__inbox_init(&inbox, &failing.allocator);
    scu__inbox_event event;
    result = SCU_OK;
    for (size_t at = 0; at < command.length && result == SCU_OK; at++)
      result = put(&inbox, 1, true, at + 1 == command.length, command.data + at, 1, &event);
    assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
    scu__inbox_free(&inbox);
    assert_int_equal(failing.alive, 0);
  }
  scu__buffer_free(&command);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_command_in_any_pieces_gives_one_event),
      cmocka_unit_test(test_data_passes_through_and_ends_with_the_last_piece),
      cmocka_unit_test(test_data_without_a_command_is_refused),
      cmocka_unit_test(test_data_after_a_command_that_announced_none_is_refused),
      cmocka_unit_test(test_command_where_data_was_announced_is_refused),
      cmocka_unit_test(test_another_context_inside_a_message_is_refused),
      cmocka_unit_test(test_data_in_the_middle_of_a_command_is_refused),
      cmocka_unit_test(test_command_without_end_meets_a_limit),
      cmocka_unit_test(test_empty_command_is_refused),
      cmocka_unit_test(test_every_allocation_that_fails_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
