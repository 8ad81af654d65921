/* Command sets: round trip of all messages, every truncation and length lie, PS3.7's own tables when they are here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/limits.h"
#include "dimse/command.h"
#include "dimse/command_table.h"
#include "support/failing_allocator.h"

static const uint8_t tags_on_wire[] = {0x10, 0x00, 0x20, 0x00, 0x20, 0x00, 0x0D, 0x00};

static void fill_texts(scu__command *command, uint32_t elements) {
  if (elements & SCU__HAS_AFFECTED_SOP_CLASS) scu__uid_from_text(&command->affected_sop_class, "1.2.840.10008.1.1");
  if (elements & SCU__HAS_REQUESTED_SOP_CLASS) scu__uid_from_text(&command->requested_sop_class, "1.2.3");
  if (elements & SCU__HAS_AFFECTED_SOP_INSTANCE) scu__uid_from_text(&command->affected_sop_instance, "1.2.3.4.5");
  if (elements & SCU__HAS_REQUESTED_SOP_INSTANCE) scu__uid_from_text(&command->requested_sop_instance, "2.25.12");
  if (elements & SCU__HAS_MOVE_DESTINATION) scu__ae_from_text(&command->move_destination, "WORKSTATION");
  if (elements & SCU__HAS_ORIGINATOR) scu__ae_from_text(&command->originator, "MOVER");
  if (elements & SCU__HAS_ERROR_COMMENT) scu__command_set_comment(command, "out of disk");
  if (elements & SCU__HAS_OFFENDING) {
    command->offending_count = 2;
    command->offending[0] = 0x00100020;
    command->offending[1] = 0x0020000D;
  }
  if (elements & SCU__HAS_ATTRIBUTES) {
    command->attributes = tags_on_wire;
    command->attribute_count = 2;
  }
}

/* Every element in `elements` with a value of its own. */
static scu__command filled(uint16_t field, uint32_t elements) {
  scu__command command;
  memset(&command, 0, sizeof command);
  fill_texts(&command, elements);
  for (size_t i = 0; i < scu__command_element_count; i++) {
    const scu__command_element_row *row = &scu__command_elements[i];
    uint16_t number = (uint16_t)(0x0100 + i);
    if (row->kind == SCU__VALUE_US && (elements & row->bit)) memcpy((char *)&command + row->at, &number, 2);
  }
  command.field = field;
  command.data_set_type = SCU__WITH_DATASET;
  command.present = elements;
  command.is_known = true;
  return command;
}

static uint32_t all_elements(const scu__message_row *row) {
  uint32_t related = row->field & SCU__COMMAND_RESPONSE_BIT ? SCU__RELATED_ELEMENTS : 0;
  return row->mandatory | row->optional | related;
}

static void encode(const scu__command *command, scu__buffer *buffer) {
  scu__buffer_init(buffer, NULL, SCU__COMMAND_MAX);
  assert_int_equal(scu__command_encode(command, buffer), SCU_OK);
}

/* A copy of exactly `length` bytes, so that a sanitizer sees the first byte too far. */
static scu_result decode_copy(const uint8_t *bytes, size_t length, scu__command *command) {
  uint8_t *copy = malloc(length ? length : 1);
  memcpy(copy, bytes, length);
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__command_decode(copy, length, command, &error);
  assert_int_equal(scu_error_result(&error), result);
  command->attributes = NULL;
  free(copy);
  return result;
}

static void test_every_message_comes_back_as_it_went(void **state) {
  (void)state;
  assert_int_equal(scu__message_row_count(), 23); /* three of the 25 share C-CANCEL-RQ */
  for (size_t i = 0; i < scu__message_row_count(); i++) {
    const scu__message_row *row = scu__message_row_at(i);
    scu__command sent = filled(row->field, all_elements(row)), got;
    scu__buffer buffer;
    encode(&sent, &buffer);
    assert_int_equal(scu__command_decode(buffer.data, buffer.length, &got, NULL), SCU_OK);
    assert_false(got.has_wrong_group_length);
    assert_int_equal(got.attribute_count, sent.attribute_count);
    if (got.attribute_count) {
      assert_memory_equal(got.attributes, sent.attributes, 8);
      assert_int_equal(scu__command_attribute(&got, 1), 0x0020000D);
    }
    got.attributes = sent.attributes;
    assert_memory_equal(&got, &sent, sizeof got);
    assert_int_equal(scu__command_missing(&got), 0);
    scu__buffer_free(&buffer);
  }
}

static void test_every_message_comes_back_with_mandatory_elements_only(void **state) {
  (void)state;
  for (size_t i = 0; i < scu__message_row_count(); i++) {
    const scu__message_row *row = scu__message_row_at(i);
    scu__command sent = filled(row->field, row->mandatory), got;
    scu__buffer buffer;
    encode(&sent, &buffer);
    assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
    assert_memory_equal(&got, &sent, sizeof got);
    scu__buffer_free(&buffer);
  }
}

static void test_elements_rise_have_even_length_and_the_group_length_is_true(void **state) {
  (void)state;
  for (size_t i = 0; i < scu__message_row_count(); i++) {
    const scu__message_row *row = scu__message_row_at(i);
    scu__command command = filled(row->field, all_elements(row));
    scu__buffer buffer;
    encode(&command, &buffer);
    assert_int_equal(scu__load_u32le(buffer.data), 0);
    assert_int_equal(scu__load_u32le(buffer.data + 4), 4);
    assert_int_equal(scu__load_u32le(buffer.data + 8), buffer.length - 12);
    uint32_t last = 0;
    size_t at = 12;
    while (at < buffer.length) {
      assert_int_equal(scu__load_u16le(buffer.data + at), 0);
      uint32_t element = scu__load_u16le(buffer.data + at + 2), length = scu__load_u32le(buffer.data + at + 4);
      assert_true(element > last);
      assert_int_equal(length % 2, 0);
      last = element;
      at += 8 + length;
    }
    assert_int_equal(at, buffer.length);
    scu__buffer_free(&buffer);
  }
}

/* PS3.7 9.3.5.1 written out by hand. */
static void test_echo_request_has_the_bytes_of_the_standard(void **state) {
  (void)state;
  static const uint8_t expected[] = {
      0,   0,   0x00, 0x00, 4,   0,   0,   0,   56,   0,   0,   0, /* */
      0,   0,   0x02, 0x00, 18,  0,   0,   0,   '1',  '.', '2', '.', '8',
      '4', '0', '.',  '1',  '0', '0', '0', '8', '.',  '1', '.', '1', 0, /* class, padded with NUL */
      0,   0,   0x00, 0x01, 2,   0,   0,   0,   0x30, 0,                /* field */
      0,   0,   0x10, 0x01, 2,   0,   0,   0,   7,    0,                /* message ID */
      0,   0,   0x00, 0x08, 2,   0,   0,   0,   1,    1};               /* no data set */
  scu__uid verification;
  scu__uid_from_text(&verification, "1.2.840.10008.1.1");
  scu__command command;
  scu__request_init(&command, SCU__C_ECHO_RQ, 7, &verification);
  scu__buffer buffer;
  encode(&command, &buffer);
  assert_int_equal(buffer.length, sizeof expected);
  assert_memory_equal(buffer.data, expected, sizeof expected);
  scu__buffer_free(&buffer);
}

/* True when a command set may end at `at`: between two elements. */
static bool is_boundary(const uint8_t *bytes, size_t at) {
  size_t position = 0;
  while (position < at) position += 8 + scu__load_u32le(bytes + position + 4);
  return position == at;
}

static void test_every_truncation_is_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < scu__message_row_count(); i++) {
    const scu__message_row *row = scu__message_row_at(i);
    scu__command sent = filled(row->field, row->mandatory), got;
    scu__buffer buffer;
    encode(&sent, &buffer);
    for (size_t cut = 0; cut < buffer.length; cut++) {
      scu_result result = decode_copy(buffer.data, cut, &got);
      if (!is_boundary(buffer.data, cut)) assert_int_equal(result, SCU_ERROR_PROTOCOL);
      if (result == SCU_OK) {
        assert_true(got.has_wrong_group_length);
        assert_true(scu__command_missing(&got) != 0);
      }
    }
    scu__buffer_free(&buffer);
  }
}

static void test_every_length_lie_is_survived(void **state) {
  (void)state;
  static const uint32_t lies[] = {0, 1, 2, 3, 4, 6, 8, 64, 65, 66, 0x7FFFFFFF, 0xFFFFFFF0, 0xFFFFFFFE, 0xFFFFFFFF};
  for (size_t i = 0; i < scu__message_row_count(); i++) {
    const scu__message_row *row = scu__message_row_at(i);
    scu__command sent = filled(row->field, all_elements(row)), got;
    scu__buffer buffer;
    encode(&sent, &buffer);
    for (size_t at = 0; at < buffer.length;) {
      uint32_t length = scu__load_u32le(buffer.data + at + 4);
      for (size_t lie = 0; lie < sizeof lies / sizeof *lies; lie++) {
        scu__store_u32le(buffer.data + at + 4, lies[lie]);
        scu_result result = decode_copy(buffer.data, buffer.length, &got);
        if (lies[lie] > buffer.length - at - 8) assert_int_equal(result, SCU_ERROR_PROTOCOL);
      }
      scu__store_u32le(buffer.data + at + 4, length);
      at += 8 + length;
    }
    scu__buffer_free(&buffer);
  }
}

static void test_wrong_group_length_is_tolerated_and_flagged(void **state) {
  (void)state;
  static const uint32_t lies[] = {0, 2, 54, 58, 0xFFFFFFF0, 0xFFFFFFFF};
  scu__uid class_uid;
  scu__uid_from_text(&class_uid, "1.2.840.10008.1.1");
  scu__command command, got;
  scu__request_init(&command, SCU__C_ECHO_RQ, 1, &class_uid);
  scu__buffer buffer;
  encode(&command, &buffer);
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    scu__store_u32le(buffer.data + 8, lies[i]);
    assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
    assert_true(got.has_wrong_group_length);
    assert_int_equal(scu__command_missing(&got), 0);
  }
  assert_int_equal(decode_copy(buffer.data + 12, buffer.length - 12, &got), SCU_OK); /* none at all */
  assert_true(got.has_wrong_group_length);
  scu__buffer_free(&buffer);
}

static void test_each_missing_mandatory_element_is_noticed(void **state) {
  (void)state;
  for (size_t i = 0; i < scu__message_row_count(); i++) {
    const scu__message_row *row = scu__message_row_at(i);
    for (size_t e = 0; e < scu__command_element_count; e++) {
      uint32_t bit = scu__command_elements[e].bit;
      if (!(row->mandatory & bit)) continue;
      scu__command whole = filled(row->field, row->mandatory), got;
      scu__buffer buffer, without;
      encode(&whole, &buffer);
      scu__buffer_init(&without, NULL, SCU__COMMAND_MAX);
      for (size_t at = 12; at < buffer.length;) {
        size_t size = 8 + scu__load_u32le(buffer.data + at + 4);
        if (scu__load_u16le(buffer.data + at + 2) != scu__command_elements[e].element)
          scu__put_bytes(&without, buffer.data + at, size);
        at += size;
      }
      scu_result result = decode_copy(without.data, without.length, &got);
      assert_true(result == SCU_ERROR_PROTOCOL || (result == SCU_OK && scu__command_missing(&got) == bit));
      scu__buffer_free(&buffer);
      scu__buffer_free(&without);
    }
  }
}

static void put_element(scu__buffer *buffer, uint16_t group, uint16_t element, const void *value, size_t length) {
  scu__put_u16le(buffer, group);
  scu__put_u16le(buffer, element);
  scu__put_u32le(buffer, (uint32_t)length);
  scu__put_bytes(buffer, value, length);
}

static void put_number(scu__buffer *buffer, uint16_t element, uint16_t number) {
  uint8_t bytes[2];
  scu__store_u16le(bytes, number);
  put_element(buffer, 0, element, bytes, 2);
}

/* A C-STORE-RQ in which one element has another value. */
static scu_result decode_store_with(uint16_t element, const void *value, size_t length, scu__command *got) {
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, SCU__COMMAND_MAX);
  const uint16_t elements[] = {0x0002, 0x0100, 0x0110, 0x0700, 0x0800, 0x1000};
  for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
    if (elements[i] == element)
      put_element(&buffer, 0, element, value, length);
    else if (elements[i] == 0x0002 || elements[i] == 0x1000)
      put_element(&buffer, 0, elements[i], "1.2.34", 6);
    else
      put_number(&buffer, elements[i], 1);
  }
  scu_result result = decode_copy(buffer.data, buffer.length, got);
  scu__buffer_free(&buffer);
  return result;
}

static void test_numbers_of_0_1_and_4_bytes_are_malformed(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 4};
  scu__command got;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(decode_store_with(0x0100, "\1\0\0\0", lengths[i], &got), SCU_ERROR_PROTOCOL);
    assert_int_equal(decode_store_with(0x0110, "\1\0\0\0", lengths[i], &got), SCU_ERROR_PROTOCOL);
    assert_int_equal(decode_store_with(0x0800, "\1\0\0\0", lengths[i], &got), SCU_ERROR_PROTOCOL);
    assert_int_equal(decode_store_with(0x0700, "\1\0\0\0", lengths[i], &got), SCU_OK);
    assert_int_equal(got.malformed, SCU__HAS_PRIORITY);
    assert_int_equal(scu__command_missing(&got), SCU__HAS_PRIORITY);
  }
}

static void test_uids_that_are_odd_too_long_or_hold_a_nul_are_malformed(void **state) {
  (void)state;
  scu__command got;
  char longest[66];
  memset(longest, '1', sizeof longest);
  assert_int_equal(decode_store_with(0x1000, longest, 64, &got), SCU_OK);
  assert_int_equal(got.malformed, 0);
  const struct {
    const char *bytes;
    size_t length;
  } bad[] = {{"1.2.3", 5}, {longest, 65}, {longest, 66}, {"1.\0.34", 6}, {"1.2\n34", 6}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(decode_store_with(0x1000, bad[i].bytes, bad[i].length, &got), SCU_OK);
    assert_int_equal(got.malformed, SCU__HAS_AFFECTED_SOP_INSTANCE);
    assert_int_equal(scu__command_missing(&got), SCU__HAS_AFFECTED_SOP_INSTANCE);
    assert_string_equal(got.affected_sop_instance.text, "");
  }
}

static void test_empty_uid_counts_as_absent(void **state) {
  (void)state;
  scu__command got;
  assert_int_equal(decode_store_with(0x1000, "", 0, &got), SCU_OK);
  assert_int_equal(scu__command_missing(&got), SCU__HAS_AFFECTED_SOP_INSTANCE);
  assert_int_equal(decode_store_with(0x1000, "  ", 2, &got), SCU_OK);
  assert_int_equal(scu__command_missing(&got), SCU__HAS_AFFECTED_SOP_INSTANCE);
}

static void test_hostile_but_printable_instance_uid_is_kept_as_it_is(void **state) {
  (void)state;
  scu__command got;
  assert_int_equal(decode_store_with(0x1000, "../../x ", 8, &got), SCU_OK);
  assert_string_equal(got.affected_sop_instance.text, "../../x");
}

static void test_request_without_announced_data_set_is_noticed(void **state) {
  (void)state;
  scu__command got;
  assert_int_equal(decode_store_with(0x0800, "\1\1", 2, &got), SCU_OK);
  assert_false(scu__command_has_dataset(&got));
  assert_int_equal(scu__command_missing(&got), SCU__HAS_DATA_SET_TYPE);
}

static void test_wrong_order_duplicates_and_other_groups_are_refused(void **state) {
  (void)state;
  scu__command got;
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, 4096);
  put_number(&buffer, 0x0100, SCU__C_ECHO_RQ);
  put_number(&buffer, 0x0110, 1);
  put_number(&buffer, 0x0800, SCU__NO_DATASET);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  size_t good = buffer.length;
  put_number(&buffer, 0x0800, 1);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_ERROR_PROTOCOL);
  buffer.length = good;
  put_number(&buffer, 0x0700, 1);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_ERROR_PROTOCOL);
  buffer.length = good;
  put_element(&buffer, 0x0008, 0x0005, "ISO_IR 100", 10);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_ERROR_PROTOCOL);
  buffer.length = good;
  put_element(&buffer, 0, 0, "\0\0\0\0", 4);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_ERROR_PROTOCOL);
  buffer.length = good;
  put_element(&buffer, 0, 0x4000, "retired and unknown elements are passed over", 44);
  put_element(&buffer, 0, 0xFFFF, "", 0);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  scu__buffer_free(&buffer);
}

static void test_unknown_field_decodes_and_can_be_answered(void **state) {
  (void)state;
  scu__command got, response;
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, 4096);
  put_number(&buffer, 0x0100, 0x7777);
  put_number(&buffer, 0x0110, 9);
  put_number(&buffer, 0x0800, SCU__NO_DATASET);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  assert_false(got.is_known);
  assert_string_equal(scu__command_name(got.field), "unknown command");
  scu__response_to(&got, 0x0211, &response);
  scu__command_set_comment(&response, "no such operation");
  scu__buffer_clear(&buffer);
  assert_int_equal(scu__command_encode(&response, &buffer), SCU_OK);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  assert_int_equal(got.field, 0xF777);
  assert_int_equal(got.responded_message_id, 9);
  assert_int_equal(got.status, 0x0211);
  scu__buffer_free(&buffer);
}

static void test_error_comment_is_cut_and_made_printable(void **state) {
  (void)state;
  scu__command command, got;
  char long_comment[101];
  memset(long_comment, 'x', 100);
  long_comment[100] = 0;
  long_comment[1] = '\n';
  long_comment[2] = (char)0xE4;
  scu__request_init(&command, SCU__C_ECHO_RQ, 1, NULL);
  scu__response_to(&command, 0x0110, &command);
  scu__command_set_comment(&command, long_comment);
  assert_int_equal(strlen(command.error_comment), 64);
  assert_memory_equal(command.error_comment, "x??x", 4);
  scu__buffer buffer;
  encode(&command, &buffer);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  assert_string_equal(got.error_comment, command.error_comment);
  scu__command_set_comment(&command, NULL);
  assert_false(scu__command_has(&command, SCU__HAS_ERROR_COMMENT));
  scu__buffer_clear(&buffer);
  put_number(&buffer, 0x0100, SCU__C_ECHO_RSP);
  put_number(&buffer, 0x0120, 1);
  put_number(&buffer, 0x0800, SCU__NO_DATASET);
  put_number(&buffer, 0x0900, 0x0110);
  put_element(&buffer, 0, 0x0902, long_comment, 100);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  assert_int_equal(strlen(got.error_comment), 64);
  scu__buffer_free(&buffer);
}

static void test_offending_elements_are_bounded(void **state) {
  (void)state;
  scu__command got;
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, 4096);
  uint8_t tags[4 * 40];
  for (size_t i = 0; i < 40; i++) {
    scu__store_u16le(tags + 4 * i, 0x0010);
    scu__store_u16le(tags + 4 * i + 2, (uint16_t)i);
  }
  put_number(&buffer, 0x0100, SCU__C_STORE_RSP);
  put_number(&buffer, 0x0120, 1);
  put_number(&buffer, 0x0800, SCU__NO_DATASET);
  put_number(&buffer, 0x0900, 0xA900);
  put_element(&buffer, 0, 0x0901, tags, sizeof tags);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  assert_int_equal(got.offending_count, SCU__OFFENDING_MAX);
  assert_int_equal(got.offending[15], 0x0010000F);
  buffer.length -= 2;
  scu__store_u32le(buffer.data + 4 * 10 + 4, sizeof tags - 2);
  assert_int_equal(decode_copy(buffer.data, buffer.length, &got), SCU_OK);
  assert_int_equal(got.malformed, SCU__HAS_OFFENDING);
  scu__buffer_free(&buffer);
}

static void test_too_long_a_command_is_a_limit(void **state) {
  (void)state;
  uint8_t *zeros = calloc(1, SCU__COMMAND_MAX + 1);
  scu__command got;
  assert_int_equal(decode_copy(zeros, SCU__COMMAND_MAX + 1, &got), SCU_ERROR_LIMIT);
  free(zeros);
}

static void test_incomplete_or_foreign_elements_are_not_encoded(void **state) {
  (void)state;
  scu__command command;
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, 4096);
  scu__request_init(&command, SCU__C_ECHO_RQ, 1, NULL);
  assert_int_equal(scu__command_encode(&command, &buffer), SCU_ERROR_USAGE);
  scu__uid empty = {""};
  scu__request_init(&command, SCU__C_ECHO_RQ, 1, &empty);
  assert_int_equal(scu__command_encode(&command, &buffer), SCU_ERROR_USAGE);
  scu__uid class_uid = {"1.2"};
  scu__request_init(&command, SCU__C_ECHO_RQ, 1, &class_uid);
  command.present |= SCU__HAS_MOVE_DESTINATION;
  assert_int_equal(scu__command_encode(&command, &buffer), SCU_ERROR_USAGE);
  assert_int_equal(buffer.length, 0);
  scu__buffer_free(&buffer);
}

static void test_response_carries_over_what_identifies_the_request(void **state) {
  (void)state;
  scu__command action = filled(SCU__N_ACTION_RQ, scu__message_row_find(SCU__N_ACTION_RQ)->mandatory), response;
  scu__response_to(&action, 0x0112, &response);
  assert_int_equal(response.field, SCU__N_ACTION_RSP);
  assert_int_equal(response.responded_message_id, action.message_id);
  assert_string_equal(response.affected_sop_class.text, action.requested_sop_class.text);
  assert_string_equal(response.affected_sop_instance.text, action.requested_sop_instance.text);
  assert_int_equal(response.action_type, action.action_type);
  assert_false(scu__command_has_dataset(&response));
  scu__buffer buffer;
  encode(&response, &buffer);
  scu__buffer_free(&buffer);
}

static void test_every_allocation_that_fails_is_reported(void **state) {
  (void)state;
  scu__command command = filled(SCU__C_STORE_RQ, all_elements(scu__message_row_find(SCU__C_STORE_RQ)));
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    failing_allocator failing;
    failing_allocator_init(&failing, i);
    scu__buffer buffer;
    scu__buffer_init(&buffer, &failing.allocator, SCU__COMMAND_MAX);
    result = scu__command_encode(&command, &buffer);
    assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
    scu__buffer_free(&buffer);
    assert_int_equal(failing.alive, 0);
  }
}

/* --- the Standard's own table --- */

static uint32_t bit_of_element(unsigned element) {
  for (size_t i = 0; i < scu__command_element_count; i++)
    if (scu__command_elements[i].element == element) return scu__command_elements[i].bit;
  return 0;
}

/* One row of dimse.tsv: message, field, tag, name, vr, vm, requirement. */
static void check_row(char *const columns[], uint32_t *seen, size_t index_of_row) {
  const scu__message_row *row = scu__message_row_at(index_of_row);
  if (strcmp(columns[2], "-") == 0) {
    scu__dataset_rule rule = strcmp(columns[6], "M") == 0 ? SCU__DATASET_ALWAYS : SCU__DATASET_EITHER;
    assert_int_equal(row->dataset, rule);
    seen[index_of_row] |= 1u << 31;
    return;
  }
  unsigned group, element;
  assert_int_equal(sscanf(columns[2], "%4x,%4x", &group, &element), 2);
  assert_int_equal(group, 0);
  if (element == 0) return; /* the encoder's own */
  uint32_t bit = bit_of_element(element);
  assert_true(bit != 0);
  assert_string_equal(scu__command_element_name(bit), columns[3]);
  bool is_mandatory = strcmp(columns[6], "M") == 0 || strcmp(columns[6], "P") == 0;
  assert_true(((is_mandatory ? row->mandatory : row->optional) & bit) != 0);
  seen[index_of_row] |= bit;
}

static size_t index_of_field(unsigned field) {
  for (size_t i = 0; i < scu__message_row_count(); i++)
    if (scu__message_row_at(i)->field == field) return i;
  fail_msg("field %04X is not in the table", field);
  return 0;
}

static void test_table_is_that_of_the_standard(void **state) {
  (void)state;
  const char *shared = getenv("SCU_SHARED");
  char path[1024];
  snprintf(path, sizeof path, "%s/standard/dimse.tsv", shared && shared[0] ? shared : SCU_SHARED_DEFAULT);
  FILE *file = fopen(path, "r");
  if (!file) {
    print_message("skipped: no dimse.tsv (SCU_SHARED)\n");
    skip();
  }
  uint32_t seen[32] = {0};
  char line[512];
  size_t rows = 0;
  assert_non_null(fgets(line, sizeof line, file));
  while (fgets(line, sizeof line, file)) {
    char *columns[8] = {0}, *rest = line;
    for (size_t i = 0; i < 8 && rest; i++) {
      columns[i] = rest;
      rest = strchr(rest, '\t');
      if (rest) *rest++ = 0;
    }
    unsigned field;
    assert_int_equal(sscanf(columns[1], "%4x", &field), 1);
    size_t index_of_row = index_of_field(field);
    if (field != SCU__C_CANCEL_RQ) assert_string_equal(scu__message_row_at(index_of_row)->name, columns[0]);
    check_row(columns, seen, index_of_row);
    rows++;
  }
  fclose(file);
  assert_true(rows > 150);
  for (size_t i = 0; i < scu__message_row_count(); i++) {
    const scu__message_row *row = scu__message_row_at(i);
    assert_int_equal(seen[i] & ~(1u << 31), row->mandatory | row->optional);
    assert_int_equal((seen[i] >> 31) != 0, row->dataset != SCU__DATASET_NEVER);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_message_comes_back_as_it_went),
      cmocka_unit_test(test_every_message_comes_back_with_mandatory_elements_only),
      cmocka_unit_test(test_elements_rise_have_even_length_and_the_group_length_is_true),
      cmocka_unit_test(test_echo_request_has_the_bytes_of_the_standard),
      cmocka_unit_test(test_every_truncation_is_seen),
      cmocka_unit_test(test_every_length_lie_is_survived),
      cmocka_unit_test(test_wrong_group_length_is_tolerated_and_flagged),
      cmocka_unit_test(test_each_missing_mandatory_element_is_noticed),
      cmocka_unit_test(test_numbers_of_0_1_and_4_bytes_are_malformed),
      cmocka_unit_test(test_uids_that_are_odd_too_long_or_hold_a_nul_are_malformed),
      cmocka_unit_test(test_empty_uid_counts_as_absent),
      cmocka_unit_test(test_hostile_but_printable_instance_uid_is_kept_as_it_is),
      cmocka_unit_test(test_request_without_announced_data_set_is_noticed),
      cmocka_unit_test(test_wrong_order_duplicates_and_other_groups_are_refused),
      cmocka_unit_test(test_unknown_field_decodes_and_can_be_answered),
      cmocka_unit_test(test_error_comment_is_cut_and_made_printable),
      cmocka_unit_test(test_offending_elements_are_bounded),
      cmocka_unit_test(test_too_long_a_command_is_a_limit),
      cmocka_unit_test(test_incomplete_or_foreign_elements_are_not_encoded),
      cmocka_unit_test(test_response_carries_over_what_identifies_the_request),
      cmocka_unit_test(test_every_allocation_that_fails_is_reported),
      cmocka_unit_test(test_table_is_that_of_the_standard),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
