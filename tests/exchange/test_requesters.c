/* Requesters against scripted peers: the same events whole, byte by byte and at random splits; every way to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "exchange/peer.h"
#include "support/failing_allocator.h"

static const scu__uid find_class = {"1.2.840.10008.5.1.4.1.2.2.1"};
static const scu__ae destination = {"WORKSTATION"};

static void put_element(scu__buffer *buffer, uint32_t tag, const char *value, size_t length) {
  scu__put_u16le(buffer, (uint16_t)(tag >> 16));
  scu__put_u16le(buffer, (uint16_t)tag);
  scu__put_u32le(buffer, (uint32_t)length);
  scu__put_bytes(buffer, value, length);
}

static scu__buffer identifier_of(const scu_allocator *allocator, const char *patient_id) {
  scu__buffer buffer;
  scu__buffer_init(&buffer, allocator, SCU__IDENTIFIER_MAX);
  put_element(&buffer, 0x00080052, "STUDY ", 6);
  put_element(&buffer, 0x00100020, patient_id, strlen(patient_id));
  return buffer;
}

/* --- the requests under test --- */

typedef scu_result (*start_request)(peer *self, scu__exchange **out);

static scu_result start_echo(peer *self, scu__exchange **out) {
  return scu__echo_request_new(self->allocator, &self->outbox, 1, 7, out);
}

static scu_result start_store(peer *self, scu__exchange **out) {
  scu__store_params params = {
      .sop_class = {"1.2.840.10008.5.1.4.1.1.7"}, .sop_instance = {"1.2.3"}, .payload = SCU__PAYLOAD_BYTES};
  params.bytes = identifier_of(self->allocator, "PAT1");
  return scu__store_request_new(self->allocator, &self->outbox, 1, 7, &params, out);
}

static scu_result start_find(peer *self, scu__exchange **out) {
  scu__buffer identifier = identifier_of(self->allocator, "*  *");
  return scu__find_request_new(self->allocator, &self->outbox, 1, 7, &find_class, SCU__PRIORITY_MEDIUM, &identifier,
                               SCU__IMPLICIT_LE, out);
}

static scu_result start_move(peer *self, scu__exchange **out) {
  scu__buffer identifier = identifier_of(self->allocator, "PAT1");
  return scu__move_request_new(self->allocator, &self->outbox, 1, 7, &find_class, SCU__PRIORITY_HIGH, &destination,
                               &identifier, SCU__IMPLICIT_LE, out);
}

static scu_result start_get(peer *self, scu__exchange **out) {
  scu__buffer identifier = identifier_of(self->allocator, "PAT1");
  return scu__get_request_new(self->allocator, &self->outbox, 1, 7, &find_class, SCU__PRIORITY_LOW, &identifier,
                              SCU__IMPLICIT_LE, out);
}

static scu_result begin(peer *self, start_request start) {
  scu__exchange *exchange;
  scu_result result = start(self, &exchange);
  if (result != SCU_OK) return result;
  peer_add(self, exchange);
  return peer_flush(self);
}

/* --- scripts --- */

static void add_response(wire_script *script, uint16_t field, uint16_t status) {
  scu__command response = wire_response(field, 7, status, false);
  wire_command(script, 1, &response);
}

static void add_match(wire_script *script, uint16_t status, const char *patient_id) {
  scu__command response = wire_response(SCU__C_FIND_RQ, 7, status, true);
  scu__buffer identifier = identifier_of(NULL, patient_id);
  wire_command(script, 1, &response);
  wire_data(script, 1, identifier.data, identifier.length);
  scu__buffer_free(&identifier);
}

static void add_counts(wire_script *script, uint16_t field, uint16_t status, const uint16_t counts[4],
                       const char *failed) {
  scu__command response = wire_response(field, 7, status, failed != NULL);
  response.remaining = counts[0];
  response.completed = counts[1];
  response.failed = counts[2];
  response.warning = counts[3];
  response.present |= SCU__HAS_COMPLETED | SCU__HAS_FAILED | SCU__HAS_WARNING;
  if (status == 0xFF00) response.present |= SCU__HAS_REMAINING;
  wire_command(script, 1, &response);
  if (!failed) return;
  scu__buffer identifier;
  scu__buffer_init(&identifier, NULL, 4096);
  put_element(&identifier, 0x00080058, failed, strlen(failed));
  wire_data(script, 1, identifier.data, identifier.length);
  scu__buffer_free(&identifier);
}

static void add_store_request(wire_script *script, uint8_t context_id, uint16_t message_id) {
  scu__uid class_uid = {"1.2.840.10008.5.1.4.1.1.7"};
  scu__command request;
  scu__request_init(&request, SCU__C_STORE_RQ, message_id, &class_uid);
  scu__uid_from_text(&request.affected_sop_instance, "1.2.3.4");
  request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  request.data_set_type = SCU__WITH_DATASET;
  wire_command(script, context_id, &request);
  wire_data(script, context_id, "0123456789", 10);
}

static void script_echo(wire_script *script) {
  add_response(script, SCU__C_ECHO_RQ, 0);
}
static void script_store(wire_script *script) {
  add_response(script, SCU__C_STORE_RQ, 0xB007);
}

static void script_find(wire_script *script) {
  add_match(script, 0xFF00, "PAT1");
  add_match(script, 0xFF01, "PAT2AB");
  add_match(script, 0xFF00, "");
  add_response(script, SCU__C_FIND_RQ, 0);
}

static void script_move(wire_script *script) {
  add_counts(script, SCU__C_MOVE_RQ, 0xFF00, (const uint16_t[]){2, 1, 0, 0}, NULL);
  add_counts(script, SCU__C_MOVE_RQ, 0xFF00, (const uint16_t[]){1, 1, 1, 0}, NULL);
  add_counts(script, SCU__C_MOVE_RQ, 0xB000, (const uint16_t[]){0, 1, 2, 0}, "1.2.3\\1.2.4 ");
}

/* Sub-operations arrive between the responses, on another context. */
static void script_get(wire_script *script) {
  add_store_request(script, 3, 7); /* the peer counts its own message IDs */
  add_counts(script, SCU__C_GET_RQ, 0xFF00, (const uint16_t[]){1, 1, 0, 0}, NULL);
  add_store_request(script, 3, 2);
  add_counts(script, SCU__C_GET_RQ, 0, (const uint16_t[]){0, 2, 0, 0}, NULL);
}

static const struct {
  const char *name;
  start_request start;
  void (*script)(wire_script *);
  const char *log;
} cases[] = {
    {"echo", start_echo, script_echo, "C-ECHO final 0000 success\n"},
    {"store", start_store, script_store, "C-STORE final B007 warning\n"},
    {"find", start_find, script_find,
     "match 1 FF00 elements=2 00100020=PAT1\n"
     "match 2 FF01 elements=2 00100020=PAT2AB\n"
     "match 3 FF00 elements=2 00100020=\n"
     "C-FIND final 0000 success\n"},
    {"move", start_move, script_move,
     "pending FF00 remaining=2 completed=1 failed=0 warning=0\n"
     "pending FF00 remaining=1 completed=1 failed=1 warning=0\n"
     "C-MOVE final B000 warning completed=1 failed=2 warning=0 elements=1 00080058=1.2.3\\1.2.4\n"},
    {"get", start_get, script_get,
     "C-STORE request 7 1.2.3.4\n"
     "data 10 5E774605\n"
     "pending FF00 remaining=1 completed=1 failed=0 warning=0\n"
     "C-STORE request 2 1.2.3.4\n"
     "data 10 5E774605\n"
     "C-GET final 0000 success completed=2 failed=0 warning=0\n"},
};
enum { CASES = sizeof cases / sizeof *cases };

static scu_result play(peer *self, start_request start, void (*fill)(wire_script *), wire_cut cut) {
  scu_result result = begin(self, start);
  if (result != SCU_OK) return result;
  wire_script script;
  wire_init(&script);
  fill(&script);
  result = wire_feed(&script, &cut, peer_put, self);
  wire_free(&script);
  if (result != SCU_OK) return result;
  return peer_flush(self);
}

static void test_events_are_the_same_however_the_bytes_are_cut(void **state) {
  (void)state;
  for (size_t c = 0; c < CASES; c++) {
    for (size_t i = 0; i < 60; i++) {
      wire_cut cut = {.step = i == 0 ? 1 << 20 : i < 10 ? i : 0, .random = i};
      peer self;
      peer_init(&self, NULL);
      assert_int_equal(play(&self, cases[c].start, cases[c].script, cut), SCU_OK);
      assert_string_equal(self.log, cases[c].log);
      for (scu__exchange *exchange = self.exchanges; exchange; exchange = exchange->next)
        assert_true(exchange->is_done);
      peer_free(&self);
    }
  }
}

/* The association can be lost after any byte: nothing leaks, nothing is touched afterwards. */
static void test_abort_after_any_byte_leaves_nothing(void **state) {
  (void)state;
  for (size_t c = 0; c < CASES; c++) {
    wire_script script;
    wire_init(&script);
    cases[c].script(&script);
    size_t total = script.bytes.length;
    for (size_t stop = 0; stop <= total; stop++) {
      wire_script part = script;
      for (part.count = 0; part.count < script.count; part.count++) {
        wire_pdv *pdv = &part.pdvs[part.count];
        if (pdv->at >= stop) break;
        if (pdv->at + pdv->length <= stop) continue;
        pdv->length = stop - pdv->at;
        pdv->is_last = false;
        part.count++;
        break;
      }
      peer self;
      peer_init(&self, NULL);
      assert_int_equal(begin(&self, cases[c].start), SCU_OK);
      assert_int_equal(wire_feed(&part, &(wire_cut){.step = 5}, peer_put, &self), SCU_OK);
      assert_int_equal(strncmp(self.log, cases[c].log, self.log_length), 0);
      peer_free(&self);
    }
    wire_free(&script);
  }
}

/* Also before the request has left, or when half of it has. */
static void test_abort_while_the_request_goes_out_leaves_nothing(void **state) {
  (void)state;
  for (size_t c = 0; c < CASES; c++) {
    for (size_t taken = 0;; taken++) {
      peer self;
      peer_init(&self, NULL);
      scu__exchange *exchange;
      assert_int_equal(cases[c].start(&self, &exchange), SCU_OK);
      scu__pdv_fragment fragment;
      scu_result result = SCU_OK;
      for (size_t i = 0; i < taken && result == SCU_OK; i++)
        result = scu__outbox_next(&self.outbox, 32, &fragment, NULL);
      scu__exchange_free(exchange);
      while (scu__outbox_next(&self.outbox, 32, &fragment, NULL) == SCU_OK) {
        assert_true(taken > 0); /* a request that had not started is forgotten */
        assert_null(fragment.message_owner);
      }
      peer_free(&self);
      if (result == SCU_END) break;
    }
  }
}

static void test_every_allocation_that_fails_is_reported(void **state) {
  (void)state;
  for (size_t c = 0; c < CASES; c++) {
    scu_result result = SCU_ERROR_MEMORY;
    for (size_t i = 0; result != SCU_OK; i++) {
      failing_allocator failing;
      failing_allocator_init(&failing, i);
      peer self;
      peer_init(&self, &failing.allocator);
      result = play(&self, cases[c].start, cases[c].script, (wire_cut){.step = 9});
      assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
      if (result == SCU_OK) assert_string_equal(self.log, cases[c].log);
      peer_free(&self);
      assert_int_equal(failing.alive, 0);
      assert_true(i < 10000);
    }
  }
}

/* --- what goes out --- */

static void test_requests_say_what_they_were_told(void **state) {
  (void)state;
  static const uint16_t fields[CASES] = {SCU__C_ECHO_RQ, SCU__C_STORE_RQ, SCU__C_FIND_RQ, SCU__C_MOVE_RQ,
                                         SCU__C_GET_RQ};
  for (size_t c = 0; c < CASES; c++) {
    peer self;
    peer_init(&self, NULL);
    scu__exchange *exchange;
    assert_int_equal(cases[c].start(&self, &exchange), SCU_OK);
    peer_add(&self, exchange);
    scu__pdv_fragment fragment;
    assert_int_equal(scu__outbox_next(&self.outbox, 16384, &fragment, NULL), SCU_OK);
    scu__command command;
    assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &command, NULL), SCU_OK);
    assert_int_equal(command.field, fields[c]);
    assert_int_equal(command.message_id, 7);
    assert_int_equal(scu__command_missing(&command), 0);
    assert_int_equal(scu__command_has_dataset(&command), c != 0);
    if (command.field == SCU__C_MOVE_RQ) {
      assert_string_equal(command.move_destination.text, "WORKSTATION");
      assert_int_equal(command.priority, SCU__PRIORITY_HIGH);
    }
    if (command.field == SCU__C_STORE_RQ) assert_string_equal(command.affected_sop_instance.text, "1.2.3");
    assert_ptr_equal(fragment.message_owner, exchange);
    peer_free(&self);
  }
}

static void test_store_for_a_move_names_its_originator(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__store_params params = {.sop_class = {"1.2"},
                              .sop_instance = {"1.3"},
                              .originator = {"MOVER"},
                              .originator_message_id = 77,
                              .payload = SCU__PAYLOAD_BYTES};
  params.bytes = identifier_of(NULL, "PAT1");
  scu__exchange *exchange;
  assert_int_equal(scu__store_request_new(NULL, &self.outbox, 1, 7, &params, &exchange), SCU_OK);
  peer_add(&self, exchange);
  scu__pdv_fragment fragment;
  scu__command command;
  assert_int_equal(scu__outbox_next(&self.outbox, 16384, &fragment, NULL), SCU_OK);
  assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &command, NULL), SCU_OK);
  assert_string_equal(command.originator.text, "MOVER");
  assert_int_equal(command.originator_message_id, 77);
  peer_free(&self);
}

static void test_store_without_payload_or_uid_is_usage(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__exchange *exchange;
  scu__store_params params = {.sop_class = {"1.2"}, .sop_instance = {"1.3"}};
  assert_int_equal(scu__store_request_new(NULL, &self.outbox, 1, 7, &params, &exchange), SCU_ERROR_USAGE);
  assert_null(exchange);
  params = (scu__store_params){.sop_class = {"1.2"}, .payload = SCU__PAYLOAD_BYTES};
  params.bytes = identifier_of(NULL, "PAT1");
  assert_int_equal(scu__store_request_new(NULL, &self.outbox, 1, 7, &params, &exchange), SCU_ERROR_USAGE);
  assert_true(scu__outbox_is_idle(&self.outbox));
  peer_free(&self);
}

/* --- cancel --- */

static void test_cancel_goes_out_once_and_only_where_it_exists(void **state) {
  (void)state;
  for (size_t c = 0; c < CASES; c++) {
    peer self;
    peer_init(&self, NULL);
    assert_int_equal(begin(&self, cases[c].start), SCU_OK);
    scu__exchange *exchange = self.exchanges;
    if (!exchange->class_->can_cancel) {
      assert_int_equal(scu__exchange_cancel(exchange), SCU_ERROR_USAGE);
      peer_free(&self);
      continue;
    }
    assert_int_equal(scu__exchange_cancel(exchange), SCU_OK);
    assert_int_equal(scu__exchange_cancel(exchange), SCU_OK);
    assert_int_equal(scu__outbox_count(&self.outbox), 1);
    scu__pdv_fragment fragment;
    scu__command command;
    assert_int_equal(scu__outbox_next(&self.outbox, 16384, &fragment, NULL), SCU_OK);
    assert_int_equal(fragment.context_id, exchange->context_id);
    assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &command, NULL), SCU_OK);
    assert_int_equal(command.field, SCU__C_CANCEL_RQ);
    assert_int_equal(command.responded_message_id, 7);
    wire_script script;
    wire_init(&script);
    scu__command response = wire_response((uint16_t)(exchange->class_->response_field & 0x7FFF), 7, 0xFE00, false);
    wire_command(&script, 1, &response);
    assert_int_equal(wire_feed(&script, &(wire_cut){.step = 3}, peer_put, &self), SCU_OK);
    assert_non_null(strstr(self.log, "final FE00 cancel\n"));
    assert_int_equal(scu__exchange_cancel(exchange), SCU_OK);
    assert_true(scu__outbox_is_idle(&self.outbox));
    wire_free(&script);
    peer_free(&self);
  }
}

/* --- peers that break the rules --- */

static void put_script(peer *self, start_request start, void (*fill)(wire_script *), scu_result expected) {
  peer_init(self, NULL);
  assert_int_equal(play(self, start, fill, (wire_cut){.step = 1 << 20}), expected);
  if (expected != SCU_OK) assert_int_equal(scu_error_result(&self->error), expected);
}

static void script_wrong_response(wire_script *script) {
  add_response(script, SCU__C_STORE_RQ, 0);
}

static void test_response_of_another_kind_is_a_protocol_error(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_find, script_wrong_response, SCU_ERROR_PROTOCOL);
  assert_non_null(strstr(scu_error_reason(&self.error), "C-STORE-RSP"));
  peer_free(&self);
}

static void script_pending_echo(wire_script *script) {
  add_response(script, SCU__C_ECHO_RQ, 0xFF00);
}

static void test_pending_where_there_is_none_is_a_final_failure(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_echo, script_pending_echo, SCU_OK);
  assert_string_equal(self.log, "C-ECHO final FF00 failure\n");
  peer_free(&self);
}

static void script_after_final(wire_script *script) {
  add_match(script, 0xFF00, "PAT1");
  add_response(script, SCU__C_FIND_RQ, 0);
  add_match(script, 0xFF00, "PAT2");
  add_response(script, SCU__C_FIND_RQ, 0xA700);
}

static void test_responses_after_the_final_one_change_nothing(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_find, script_after_final, SCU_OK);
  assert_string_equal(self.log, "match 1 FF00 elements=2 00100020=PAT1\nC-FIND final 0000 success\n");
  peer_free(&self);
}

static void script_malformed_row(wire_script *script) {
  for (int i = 0; i < 4; i++) add_match(script, 0xFF00, "PAT1");
  scu__command response = wire_response(SCU__C_FIND_RQ, 7, 0xFF00, true);
  wire_command(script, 1, &response);
  static const uint8_t runs_past_the_end[] = {0x10, 0x00, 0x20, 0x00, 0xF0, 0x00, 0x00, 0x00, 'P', 'A'};
  wire_data(script, 1, runs_past_the_end, sizeof runs_past_the_end);
  for (int i = 0; i < 5; i++) add_match(script, 0xFF00, "PAT1");
  add_response(script, SCU__C_FIND_RQ, 0);
}

static void test_malformed_match_is_named_and_earlier_ones_stand(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_find, script_malformed_row, SCU_ERROR_MALFORMED);
  assert_non_null(strstr(scu_error_reason(&self.error), "match 5"));
  assert_non_null(strstr(self.log, "match 4 FF00"));
  assert_null(strstr(self.log, "match 5"));
  peer_free(&self);
}

static void script_match_without_identifier(wire_script *script) {
  add_response(script, SCU__C_FIND_RQ, 0xFF00);
}

static void test_match_without_identifier_is_a_protocol_error(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_find, script_match_without_identifier, SCU_ERROR_PROTOCOL);
  peer_free(&self);
}

static void script_final_with_identifier(wire_script *script) {
  scu__command response = wire_response(SCU__C_FIND_RQ, 7, 0, true);
  wire_command(script, 1, &response);
  wire_data(script, 1, "garbage that nobody reads", 25);
}

static void test_identifier_behind_a_final_find_response_is_passed_over(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_find, script_final_with_identifier, SCU_OK);
  assert_string_equal(self.log, "C-FIND final 0000 success\n");
  peer_free(&self);
}

static void script_malformed_failed_list(wire_script *script) {
  scu__command response = wire_response(SCU__C_MOVE_RQ, 7, 0xA702, true);
  wire_command(script, 1, &response);
  wire_data(script, 1, "\x08\0\x58\0\xFF\0\0\0", 8);
}

static void test_malformed_failed_list_does_not_hide_the_status(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_move, script_malformed_failed_list, SCU_OK);
  assert_string_equal(self.log, "C-MOVE final A702 failure malformed\n");
  peer_free(&self);
}

static void script_long_failed_list(wire_script *script) {
  scu__command response = wire_response(SCU__C_MOVE_RQ, 7, 0xB000, true);
  wire_command(script, 1, &response);
  scu__buffer list;
  scu__buffer_init(&list, NULL, 1 << 24);
  size_t mark = (scu__put_bytes(&list, "\x08\0\x58\0", 4), scu__block_open_u32le(&list));
  for (int i = 0; i < 65536; i++) {
    char uid[80];
    int length =
        snprintf(uid, sizeof uid, "%s1.2.826.0.1.3680043.2.1125.1.10000000000000000000000000000%05d", i ? "\\" : "", i);
    scu__put_bytes(&list, uid, (size_t)length);
  }
  if (list.length & 1) scu__put_u8(&list, 0);
  scu__block_close_u32le(&list, mark);
  wire_data(script, 1, list.data, list.length);
  scu__buffer_free(&list);
}

static void test_list_of_65536_failed_uids_is_held(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  wire_script script;
  wire_init(&script);
  script_long_failed_list(&script);
  assert_int_equal(begin(&self, start_move), SCU_OK);
  const wire_pdv *command = &script.pdvs[0], *list = &script.pdvs[1];
  assert_int_equal(peer_put(&self, 1, true, true, script.bytes.data + command->at, command->length), SCU_OK);
  scu__exchange_event event;
  const uint8_t *bytes = script.bytes.data + list->at;
  size_t half = list->length / 2;
  assert_int_equal(scu__exchange_receive_data(self.exchanges, bytes, half, false, &event, NULL), SCU_OK);
  assert_int_equal(scu__exchange_receive_data(self.exchanges, bytes + half, list->length - half, true, &event, NULL),
                   SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_FINAL);
  const scu_element *element = scu_dataset_find(event.identifier, 0x00080058);
  assert_non_null(element);
  assert_int_equal(scu_element_value_count(event.identifier, element), 65536);
  wire_free(&script);
  peer_free(&self);
}

static void test_identifier_beyond_the_limit_is_refused_or_passed_over(void **state) {
  (void)state;
  static uint8_t block[1 << 20];
  static const start_request starts[] = {start_find, start_move};
  static const uint16_t fields[] = {SCU__C_FIND_RQ, SCU__C_MOVE_RQ};
  static const uint16_t statuses[] = {0xFF00, 0xB000};
  for (size_t s = 0; s < 2; s++) {
    peer self;
    peer_init(&self, NULL);
    assert_int_equal(begin(&self, starts[s]), SCU_OK);
    scu__command response = wire_response(fields[s], 7, statuses[s], true);
    scu__exchange_event event;
    assert_int_equal(scu__exchange_receive_command(self.exchanges, &response, &event, NULL), SCU_OK);
    scu_result result = SCU_OK;
    for (size_t i = 0; i < 18 && result == SCU_OK; i++)
      result = scu__exchange_receive_data(self.exchanges, block, sizeof block, i == 17, &event, NULL);
    if (s == 0) {
      assert_int_equal(result, SCU_ERROR_LIMIT);
    } else {
      assert_int_equal(result, SCU_OK);
      assert_int_equal(event.kind, SCU__EXCHANGE_FINAL);
      assert_true(event.is_identifier_malformed);
    }
    peer_free(&self);
  }
}

static void script_store_with_dataset(wire_script *script) {
  scu__command response = wire_response(SCU__C_STORE_RQ, 7, 0, true);
  wire_command(script, 1, &response);
}

static void test_response_that_announces_an_impossible_data_set_is_refused(void **state) {
  (void)state;
  peer self;
  put_script(&self, start_store, script_store_with_dataset, SCU_ERROR_PROTOCOL);
  peer_free(&self);
}

static void test_data_without_announcement_is_refused(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  assert_int_equal(begin(&self, start_find), SCU_OK);
  scu__exchange_event event;
  assert_int_equal(scu__exchange_receive_data(self.exchanges, (const uint8_t *)"ab", 2, true, &event, NULL),
                   SCU_ERROR_PROTOCOL);
  assert_true(self.exchanges->is_done);
  peer_free(&self);
}

/* --- answers that overtake the request --- */

static void half_sent_store(peer *self, scu__memory_source *source, scu__exchange **exchange) {
  peer_init(self, NULL);
  scu__store_params params = {.sop_class = {"1.2"},
                              .sop_instance = {"1.3"},
                              .payload = SCU__PAYLOAD_RANGE,
                              .source = &source->source,
                              .length = source->source.size};
  assert_int_equal(scu__store_request_new(NULL, &self->outbox, 1, 7, &params, exchange), SCU_OK);
  scu__pdv_fragment fragment;
  do assert_int_equal(scu__outbox_next(&self->outbox, 100, &fragment, NULL), SCU_OK);
  while (fragment.is_command);
}

static void test_early_failure_ends_the_store_and_the_data_set(void **state) {
  (void)state;
  static const uint8_t file[1000] = {0};
  scu__memory_source source;
  scu__memory_source_init(&source, file, sizeof file);
  scu__exchange *exchange;
  peer self;
  half_sent_store(&self, &source, &exchange);
  scu__command response = wire_response(SCU__C_STORE_RQ, 7, 0xA700, false);
  scu__exchange_event event;
  assert_int_equal(scu__exchange_receive_command(exchange, &response, &event, NULL), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_FINAL);
  assert_int_equal(event.status, 0xA700);
  scu__pdv_fragment fragment;
  assert_int_equal(scu__outbox_next(&self.outbox, 100, &fragment, NULL), SCU_OK);
  assert_int_equal(fragment.length, 2);
  assert_null(fragment.source);
  assert_true(fragment.is_last && fragment.is_message_end);
  scu__exchange_free(exchange);
  peer_free(&self);
}

static void test_success_before_the_data_set_is_out_is_a_protocol_error(void **state) {
  (void)state;
  static const uint8_t file[1000] = {0};
  scu__memory_source source;
  scu__memory_source_init(&source, file, sizeof file);
  scu__exchange *exchange;
  peer self;
  half_sent_store(&self, &source, &exchange);
  scu__command response = wire_response(SCU__C_STORE_RQ, 7, 0x0000, false);
  scu__exchange_event event;
  assert_int_equal(scu__exchange_receive_command(exchange, &response, &event, NULL), SCU_ERROR_PROTOCOL);
  assert_true(exchange->is_done);
  scu__exchange_free(exchange);
  peer_free(&self);
}

static void test_only_responses_to_the_own_message_are_wanted(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  assert_int_equal(begin(&self, start_get), SCU_OK);
  scu__command response = wire_response(SCU__C_GET_RQ, 7, 0, false), request;
  assert_true(scu__exchange_wants(self.exchanges, 1, &response));
  assert_false(scu__exchange_wants(self.exchanges, 3, &response));
  response.responded_message_id = 8;
  assert_false(scu__exchange_wants(self.exchanges, 1, &response));
  scu__request_init(&request, SCU__C_STORE_RQ, 7, NULL);
  assert_false(scu__exchange_wants(self.exchanges, 1, &request));
  peer_free(&self);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_events_are_the_same_however_the_bytes_are_cut),
      cmocka_unit_test(test_abort_after_any_byte_leaves_nothing),
      cmocka_unit_test(test_abort_while_the_request_goes_out_leaves_nothing),
      cmocka_unit_test(test_every_allocation_that_fails_is_reported),
      cmocka_unit_test(test_requests_say_what_they_were_told),
      cmocka_unit_test(test_store_for_a_move_names_its_originator),
      cmocka_unit_test(test_store_without_payload_or_uid_is_usage),
      cmocka_unit_test(test_cancel_goes_out_once_and_only_where_it_exists),
      cmocka_unit_test(test_response_of_another_kind_is_a_protocol_error),
      cmocka_unit_test(test_pending_where_there_is_none_is_a_final_failure),
      cmocka_unit_test(test_responses_after_the_final_one_change_nothing),
      cmocka_unit_test(test_malformed_match_is_named_and_earlier_ones_stand),
      cmocka_unit_test(test_match_without_identifier_is_a_protocol_error),
      cmocka_unit_test(test_identifier_behind_a_final_find_response_is_passed_over),
      cmocka_unit_test(test_malformed_failed_list_does_not_hide_the_status),
      cmocka_unit_test(test_list_of_65536_failed_uids_is_held),
      cmocka_unit_test(test_identifier_beyond_the_limit_is_refused_or_passed_over),
      cmocka_unit_test(test_response_that_announces_an_impossible_data_set_is_refused),
      cmocka_unit_test(test_data_without_announcement_is_refused),
      cmocka_unit_test(test_early_failure_ends_the_store_and_the_data_set),
      cmocka_unit_test(test_success_before_the_data_set_is_out_is_a_protocol_error),
      cmocka_unit_test(test_only_responses_to_the_own_message_are_wanted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
