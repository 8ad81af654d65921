/* Providers, alone and against our own requesters: answers at any time, refusals, and two ends that talk to each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange/peer.h"
#include "support/failing_allocator.h"

static const scu__uid storage_class = {"1.2.840.10008.5.1.4.1.1.7"};

static scu__command store_request(uint16_t message_id) {
  scu__command request;
  scu__request_init(&request, SCU__C_STORE_RQ, message_id, &storage_class);
  scu__uid_from_text(&request.affected_sop_instance, "1.2.3.4");
  request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  request.data_set_type = SCU__WITH_DATASET;
  return request;
}

/* The next message of the outbox, which must be a command alone. */
static scu__command next_command(scu__outbox *outbox) {
  scu__pdv_fragment fragment;
  scu__command command;
  assert_int_equal(scu__outbox_next(outbox, 16384, &fragment, NULL), SCU_OK);
  assert_true(fragment.is_message_end);
  assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &command, NULL), SCU_OK);
  if (fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  return command;
}

static scu_result feed_data(scu__exchange *exchange, const char *text, bool is_last, scu__exchange_event *event) {
  return scu__exchange_receive_data(exchange, (const uint8_t *)text, strlen(text), is_last, event, NULL);
}

static void test_echo_is_answered_at_once(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__uid verification = {"1.2.840.10008.1.1"};
  scu__command request;
  scu__request_init(&request, SCU__C_ECHO_RQ, 12, &verification);
  scu__exchange *exchange;
  scu__exchange_event event;
  assert_int_equal(scu__echo_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_REQUEST);
  assert_false(exchange->is_done);
  scu__command response = next_command(&self.outbox);
  assert_int_equal(response.field, SCU__C_ECHO_RSP);
  assert_int_equal(response.responded_message_id, 12);
  assert_int_equal(response.status, 0);
  assert_string_equal(response.affected_sop_class.text, verification.text);
  assert_true(exchange->is_done);
  scu__exchange_free(exchange);
  peer_free(&self);
}

static void test_store_is_answered_when_the_sink_says_so(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__command request = store_request(5);
  scu__exchange *exchange;
  scu__exchange_event event;
  assert_int_equal(scu__store_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_REQUEST);
  assert_string_equal(event.command->affected_sop_instance.text, "1.2.3.4");
  assert_int_equal(feed_data(exchange, "abcd", false, &event), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_DATA);
  assert_int_equal(event.length, 4);
  assert_int_equal(scu__store_provider_respond(exchange, 0, NULL, 0), SCU_ERROR_USAGE); /* not all is here */
  assert_int_equal(feed_data(exchange, "", true, &event), SCU_OK);
  assert_true(event.is_last);
  assert_true(scu__outbox_is_idle(&self.outbox));
  assert_false(exchange->is_done);
  assert_int_equal(scu__store_provider_respond(exchange, 0xB000, "patient ID changed", 0x00100020), SCU_OK);
  assert_int_equal(scu__store_provider_respond(exchange, 0, NULL, 0), SCU_ERROR_USAGE); /* once only */
  scu__command response = next_command(&self.outbox);
  assert_int_equal(response.field, SCU__C_STORE_RSP);
  assert_int_equal(response.status, 0xB000);
  assert_string_equal(response.error_comment, "patient ID changed");
  assert_int_equal(response.offending[0], 0x00100020);
  assert_string_equal(response.affected_sop_instance.text, "1.2.3.4");
  assert_true(exchange->is_done);
  scu__exchange_free(exchange);
  peer_free(&self);
}

static void test_early_failure_goes_out_at_once_and_the_rest_is_swallowed(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__command request = store_request(5);
  scu__exchange *exchange;
  scu__exchange_event event;
  assert_int_equal(scu__store_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
  assert_int_equal(feed_data(exchange, "abcd", false, &event), SCU_OK);
  assert_int_equal(scu__store_provider_respond(exchange, 0xA700, "disk full", 0), SCU_OK);
  scu__command response = next_command(&self.outbox);
  assert_int_equal(response.status, 0xA700);
  assert_false(exchange->is_done); /* the data set still comes */
  assert_int_equal(feed_data(exchange, "efgh", false, &event), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
  assert_int_equal(feed_data(exchange, "ij", true, &event), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
  assert_true(exchange->is_done);
  scu__exchange_free(exchange);
  peer_free(&self);
}

static void test_response_of_a_freed_provider_still_goes_out(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__command request = store_request(5);
  scu__exchange *exchange;
  scu__exchange_event event;
  assert_int_equal(scu__store_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
  assert_int_equal(feed_data(exchange, "abcd", true, &event), SCU_OK);
  assert_int_equal(scu__store_provider_respond(exchange, 0, NULL, 0), SCU_OK);
  scu__exchange_free(exchange);
  assert_int_equal(next_command(&self.outbox).status, 0);
  peer_free(&self);
}

static void test_request_that_lacks_something_is_answered_by_itself(void **state) {
  (void)state;
  static const uint32_t lacks[] = {SCU__HAS_AFFECTED_SOP_INSTANCE, SCU__HAS_AFFECTED_SOP_CLASS, SCU__HAS_PRIORITY};
  static const uint16_t statuses[] = {0x0117, 0xA900, 0xC000};
  for (size_t i = 0; i < 3; i++) {
    peer self;
    peer_init(&self, NULL);
    scu__command request = store_request(5);
    request.present &= ~lacks[i];
    if (i == 0) memset(&request.affected_sop_instance, 0, sizeof request.affected_sop_instance);
    scu__exchange *exchange;
    scu__exchange_event event;
    assert_int_equal(scu__store_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
    assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
    scu__command response = next_command(&self.outbox);
    assert_int_equal(response.status, statuses[i]);
    assert_int_equal(response.offending[0], scu__command_element_tag(lacks[i]));
    assert_non_null(strstr(response.error_comment, "is missing"));
    assert_int_equal(scu__store_provider_respond(exchange, 0, NULL, 0), SCU_ERROR_USAGE);
    assert_int_equal(feed_data(exchange, "abcd", true, &event), SCU_OK);
    assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
    assert_true(exchange->is_done);
    scu__exchange_free(exchange);
    peer_free(&self);
  }
}

static void test_store_without_data_set_is_refused(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__command request = store_request(5);
  request.data_set_type = SCU__NO_DATASET;
  scu__exchange *exchange;
  scu__exchange_event event;
  assert_int_equal(scu__store_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
  assert_int_equal(next_command(&self.outbox).status, 0xC000);
  assert_true(exchange->is_done);
  scu__exchange_free(exchange);
  peer_free(&self);
}

static void test_echo_without_class_is_refused(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__command request;
  scu__request_init(&request, SCU__C_ECHO_RQ, 3, NULL);
  scu__exchange *exchange;
  scu__exchange_event event;
  assert_int_equal(scu__echo_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
  assert_int_equal(next_command(&self.outbox).status, 0x0212);
  scu__exchange_free(exchange);
  peer_free(&self);
}

static void test_refusal_answers_and_swallows_the_data_set(void **state) {
  (void)state;
  static const uint16_t fields[] = {0x7777, SCU__C_FIND_RQ, SCU__N_ACTION_RQ, SCU__N_CREATE_RQ};
  for (size_t i = 0; i < 4; i++) {
    for (int has_dataset = 0; has_dataset < 2; has_dataset++) {
      peer self;
      peer_init(&self, NULL);
      scu__command request;
      scu__request_init(&request, fields[i], 9, &storage_class);
      request.data_set_type = has_dataset ? SCU__WITH_DATASET : SCU__NO_DATASET;
      scu__exchange *exchange;
      assert_int_equal(scu__refusal_new(NULL, &self.outbox, 1, &request, 0x0211, "no", &exchange), SCU_OK);
      scu__command response = next_command(&self.outbox);
      assert_int_equal(response.field, fields[i] | 0x8000);
      assert_int_equal(response.status, 0x0211);
      assert_int_equal(response.responded_message_id, 9);
      assert_int_equal(exchange->is_done, !has_dataset);
      scu__exchange_event event;
      if (has_dataset) assert_int_equal(feed_data(exchange, "abcd", true, &event), SCU_OK);
      assert_true(exchange->is_done);
      scu__exchange_free(exchange);
      peer_free(&self);
    }
  }
}

static void test_responses_and_cancels_cannot_be_replied_to(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__command command = wire_response(SCU__C_ECHO_RQ, 1, 0, false);
  scu__exchange *exchange;
  assert_int_equal(scu__refusal_new(NULL, &self.outbox, 1, &command, 0x0211, NULL, &exchange), SCU_ERROR_USAGE);
  scu__cancel_init(&command, 1);
  assert_int_equal(scu__refusal_new(NULL, &self.outbox, 1, &command, 0x0211, NULL, &exchange), SCU_ERROR_USAGE);
  peer_free(&self);
}

static void test_cancel_is_noted_by_a_provider(void **state) {
  (void)state;
  peer self;
  peer_init(&self, NULL);
  scu__command request = store_request(5), cancel;
  scu__exchange *exchange;
  scu__exchange_event event;
  assert_int_equal(scu__store_provider_new(NULL, &self.outbox, 1, &request, &exchange, &event), SCU_OK);
  scu__cancel_init(&cancel, 5);
  assert_true(scu__exchange_wants(exchange, 1, &cancel));
  assert_int_equal(scu__exchange_receive_command(exchange, &cancel, &event, NULL), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
  assert_true(exchange->is_cancelled);
  cancel.responded_message_id = 6;
  assert_false(scu__exchange_wants(exchange, 1, &cancel));
  assert_int_equal(scu__exchange_cancel(exchange), SCU_ERROR_USAGE);
  scu__exchange_free(exchange);
  peer_free(&self);
}

/* --- both ends --- */

static uint8_t object[3001];

static int make_object(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof object; i++) object[i] = (uint8_t)(i * 13 + i / 256);
  return 0;
}

/* Carries what `from` has to say to `to`. */
static scu_result carry(peer *from, peer *to, size_t max_fragment, wire_cut *cut) {
  wire_script script;
  wire_init(&script);
  scu_result result = wire_from_outbox(&script, &from->outbox, max_fragment, &from->error);
  if (result == SCU_END) result = wire_feed(&script, cut, peer_put, to);
  wire_free(&script);
  return result;
}

static scu_result store_once(peer *near, peer *far, scu__source *source, uint64_t length, size_t max_fragment,
                             wire_cut *cut) {
  scu__store_params params = {.sop_class = storage_class,
                              .sop_instance = {"1.2.3.4"},
                              .payload = SCU__PAYLOAD_RANGE,
                              .source = source,
                              .length = length};
  scu__exchange *exchange;
  scu_result result = scu__store_request_new(near->allocator, &near->outbox, 3, 21, &params, &exchange);
  if (result != SCU_OK) return result;
  peer_add(near, exchange);
  result = carry(near, far, max_fragment, cut);
  return result == SCU_OK ? carry(far, near, max_fragment, cut) : result;
}

static uint32_t sum_of(size_t length, bool has_pad) {
  uint32_t sum = 0;
  for (size_t i = 0; i < length; i++) sum = sum * 31 + object[i];
  return has_pad ? sum * 31 : sum;
}

static void test_what_a_requester_stores_a_provider_gets(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 2, 999, 3000, 3001};
  static const size_t fragments[] = {20, 256, 16384};
  scu__memory_source source;
  scu__memory_source_init(&source, object, sizeof object);
  for (size_t l = 0; l < 5; l++) {
    for (size_t f = 0; f < 3; f++) {
      for (size_t step = 0; step < 3; step++) {
        peer near, far;
        peer_init(&near, NULL);
        peer_init(&far, NULL);
        far.store_status = 0xB000;
        wire_cut cut = {.step = step == 2 ? 1 << 20 : step, .random = l * f};
        assert_int_equal(store_once(&near, &far, &source.source, lengths[l], fragments[f], &cut), SCU_OK);
        char expected[200];
        bool has_pad = lengths[l] & 1;
        snprintf(expected, sizeof expected, "C-STORE request 21 1.2.3.4\ndata %zu %08X\n", lengths[l] + has_pad,
                 (unsigned)sum_of(lengths[l], has_pad));
        assert_string_equal(far.log, expected);
        assert_string_equal(near.log, "C-STORE final B000 warning\n");
        assert_true(near.exchanges->is_done && far.exchanges->is_done);
        peer_free(&near);
        peer_free(&far);
      }
    }
  }
}

static void test_provider_that_answers_early_is_understood(void **state) {
  (void)state;
  scu__memory_source source;
  scu__memory_source_init(&source, object, sizeof object);
  peer near, far;
  peer_init(&near, NULL);
  peer_init(&far, NULL);
  far.answers_early = true;
  wire_cut cut = {.step = 100};
  assert_int_equal(store_once(&near, &far, &source.source, sizeof object, 256, &cut), SCU_OK);
  assert_string_equal(near.log, "C-STORE final A700 failure\n");
  assert_true(far.exchanges->is_done);
  peer_free(&near);
  peer_free(&far);
}

static void test_ten_thousand_echoes_go_through(void **state) {
  (void)state;
  peer near, far;
  peer_init(&near, NULL);
  peer_init(&far, NULL);
  wire_cut cut = {.step = 1 << 20};
  for (size_t i = 0; i < 10000; i++) {
    scu__exchange *exchange;
    assert_int_equal(scu__echo_request_new(NULL, &near.outbox, 1, (uint16_t)(i * 7 + 60000), &exchange), SCU_OK);
    peer_add(&near, exchange);
    near.log_length = far.log_length = 0;
    assert_int_equal(carry(&near, &far, 4096, &cut), SCU_OK);
    assert_int_equal(carry(&far, &near, 4096, &cut), SCU_OK);
    assert_string_equal(near.log, "C-ECHO final 0000 success\n");
    peer *const ends[] = {&near, &far};
    for (size_t e = 0; e < 2; e++) {
      assert_true(ends[e]->exchanges->is_done);
      scu__exchange_free(ends[e]->exchanges);
      ends[e]->exchanges = NULL;
    }
  }
  peer_free(&near);
  peer_free(&far);
}

static void test_every_allocation_that_fails_on_either_side_is_reported(void **state) {
  (void)state;
  scu__memory_source source;
  scu__memory_source_init(&source, object, sizeof object);
  for (int is_far = 0; is_far < 2; is_far++) {
    scu_result result = SCU_ERROR_MEMORY;
    for (size_t i = 0; result != SCU_OK; i++) {
      failing_allocator failing;
      failing_allocator_init(&failing, i);
      peer near, far;
      peer_init(&near, is_far ? NULL : &failing.allocator);
      peer_init(&far, is_far ? &failing.allocator : NULL);
      wire_cut cut = {.step = 11};
      result = store_once(&near, &far, &source.source, sizeof object, 256, &cut);
      assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
      if (result == SCU_OK) assert_string_equal(near.log, "C-STORE final 0000 success\n");
      peer_free(&near);
      peer_free(&far);
      assert_int_equal(failing.alive, 0);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_echo_is_answered_at_once),
      cmocka_unit_test(test_store_is_answered_when_the_sink_says_so),
      cmocka_unit_test(test_early_failure_goes_out_at_once_and_the_rest_is_swallowed),
      cmocka_unit_test(test_response_of_a_freed_provider_still_goes_out),
      cmocka_unit_test(test_request_that_lacks_something_is_answered_by_itself),
      cmocka_unit_test(test_store_without_data_set_is_refused),
      cmocka_unit_test(test_echo_without_class_is_refused),
      cmocka_unit_test(test_refusal_answers_and_swallows_the_data_set),
      cmocka_unit_test(test_responses_and_cancels_cannot_be_replied_to),
      cmocka_unit_test(test_cancel_is_noted_by_a_provider),
      cmocka_unit_test(test_what_a_requester_stores_a_provider_gets),
      cmocka_unit_test(test_provider_that_answers_early_is_understood),
      cmocka_unit_test(test_ten_thousand_echoes_go_through),
      cmocka_unit_test(test_every_allocation_that_fails_on_either_side_is_reported),
  };
  return cmocka_run_group_tests(tests, make_object, NULL);
}
