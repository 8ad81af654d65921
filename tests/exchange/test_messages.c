/* Messages of the caller's own, of every service, both ends (service/message.h). What they share with the N-services is
 * shown by test_n_services.c; here are pending responses, cancel and what a response may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange/peer.h"
#include "service/message.h"
#include "support/failing_allocator.h"

static const scu__uid some_class = {"1.2.840.10008.5.1.4.1.2.2.1"};
static const scu__uid some_instance = {"1.2.3.4"};

/* (0010,0020) LO "PAT1". */
static const uint8_t dataset_bytes[] = {0x10, 0, 0x20, 0, 4, 0, 0, 0, 'P', 'A', 'T', '1'};

static scu__command request_of(uint16_t field) {
  scu__command request;
  scu__request_init(&request, field, 0, &some_class);
  if (field == SCU__C_STORE_RQ) {
    request.affected_sop_instance = some_instance;
    request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  }
  if (field == SCU__C_MOVE_RQ) {
    scu__ae_from_text(&request.move_destination, "SOMEWHERE");
    request.present |= SCU__HAS_MOVE_DESTINATION;
  }
  return request;
}

/* --- the far end: a provider that answers with what its script says -------------------------------------------------
 */

typedef struct script {
  uint16_t statuses[4]; /* the last one is final */
  size_t count;
  bool waits_for_cancel; /* before the final one */
} script;

typedef struct pair {
  peer near, far;
  script script;
} pair;

static scu_result serve(peer *self, uint8_t context_id, const scu__command *command, scu__exchange **out,
                        scu__exchange_event *event) {
  return scu__message_provider_new(self->allocator, &self->outbox, context_id, command, SCU__IMPLICIT_LE, out, event);
}

static scu_result respond(scu__exchange *exchange, uint16_t status, uint16_t remaining, bool has_dataset) {
  scu__command response = {.status = status};
  scu_dataset *dataset = NULL;
  scu_result result = SCU_OK;
  if (remaining > 0) {
    response.remaining = remaining;
    response.present |= SCU__HAS_REMAINING;
  }
  if (has_dataset) {
    result = scu_dataset_new(exchange->allocator, &dataset);
    if (result == SCU_OK) result = scu_dataset_set_text(dataset, "PatientID", "ROW");
  }
  if (result == SCU_OK) result = scu__message_provider_respond(exchange, &response, dataset);
  scu_dataset_free(dataset);
  return result;
}

static scu_result respond_all(scu__exchange *exchange, const script *s, size_t from, size_t to) {
  uint16_t field = (uint16_t)(exchange->class_->response_field & ~SCU__COMMAND_RESPONSE_BIT);
  scu_result result = SCU_OK;
  for (size_t i = from; i < to && result == SCU_OK; i++) {
    bool is_pending = s->statuses[i] >> 8 == 0xFF;
    bool has_counts = field == SCU__C_MOVE_RQ || field == SCU__C_GET_RQ;
    result = respond(exchange, s->statuses[i], has_counts && is_pending ? (uint16_t)(s->count - i) : 0,
                     field == SCU__C_FIND_RQ && is_pending);
  }
  return result;
}

static scu_result far_heard(peer *self, scu__exchange *exchange, const scu__exchange_event *event) {
  const script *s = &((pair *)self->user)->script;
  size_t last = s->count - 1;
  if (event->kind == SCU__EXCHANGE_REQUEST) return respond_all(exchange, s, 0, s->waits_for_cancel ? last : s->count);
  if (event->kind == SCU__EXCHANGE_CANCEL) return respond_all(exchange, s, last, s->count);
  return SCU_OK;
}

static scu_result near_heard(peer *self, scu__exchange *exchange, const scu__exchange_event *event) {
  if (event->kind != SCU__EXCHANGE_PENDING) return SCU_OK;
  peer_log_identifier(self, event->identifier);
  bool wants_cancel = ((pair *)self->user)->script.waits_for_cancel;
  return wants_cancel ? scu__exchange_cancel(exchange) : SCU_OK;
}

static void pair_init(pair *self, const script *s, const scu_allocator *allocator) {
  peer_init(&self->near, allocator);
  peer_init(&self->far, allocator);
  self->script = *s;
  self->near.user = self->far.user = self;
  self->near.heard = near_heard;
  self->far.serve = serve;
  self->far.heard = far_heard;
}

static void pair_free(pair *self) {
  peer_free(&self->near);
  peer_free(&self->far);
}

static scu_result start(peer *near, uint16_t field) {
  const scu__command request = request_of(field);
  scu__exchange *out = NULL;
  scu__buffer dataset;
  scu__buffer_init(&dataset, near->allocator, 100);
  if (field != SCU__C_ECHO_RQ) scu__put_bytes(&dataset, dataset_bytes, sizeof dataset_bytes);
  scu_result result =
      scu__message_request_new(near->allocator, &near->outbox, 1, 7, &request, &dataset, SCU__IMPLICIT_LE, &out);
  if (result == SCU_OK) peer_add(near, out);
  return result;
}

static scu_result carry(peer *from, peer *to, wire_cut *cut) {
  wire_script wire;
  wire_init(&wire);
  scu_result result = wire_from_outbox(&wire, &from->outbox, 64, &from->error);
  if (result == SCU_END) result = wire_feed(&wire, cut, peer_put, to);
  wire_free(&wire);
  return result;
}

static scu_result converse(pair *self, wire_cut cut) {
  scu_result result = SCU_OK;
  while (result == SCU_OK && !(scu__outbox_is_idle(&self->near.outbox) && scu__outbox_is_idle(&self->far.outbox))) {
    result = carry(&self->near, &self->far, &cut);
    if (result == SCU_OK) result = carry(&self->far, &self->near, &cut);
  }
  return result;
}

static const struct {
  uint16_t field;
  script script;
  const char *near_log;
} kinds[] = {
    {SCU__C_FIND_RQ,
     {{0xFF00, 0xFF01, 0x0000}, 3, false},
     "pending FF00\n elements=1 00100020=ROWpending FF01\n elements=1 00100020=ROWC-FIND final 0000 success\n"},
    {SCU__C_FIND_RQ, {{0xFF00, 0xFE00}, 2, true}, "pending FF00\n elements=1 00100020=ROWC-FIND final FE00 cancel\n"},
    {SCU__C_MOVE_RQ,
     {{0xFF00, 0xFF00, 0xB000}, 3, false},
     "pending FF00 remaining=3\npending FF00 remaining=2\nC-MOVE final B000 warning\n"},
    {SCU__C_GET_RQ, {{0xFF00, 0xFE00}, 2, true}, "pending FF00 remaining=2\nC-GET final FE00 cancel\n"},
    {SCU__C_MOVE_RQ, {{0xA801}, 1, false}, "C-MOVE final A801 failure\n"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void test_both_ends_understand_each_other_however_the_bytes_are_cut(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t i = 0; i < 40; i++) {
      wire_cut cut = {.step = i == 0 ? 1 << 20 : i < 10 ? i : 0, .random = i};
      pair self;
      pair_init(&self, &kinds[kind].script, NULL);
      assert_int_equal(start(&self.near, kinds[kind].field), SCU_OK);
      assert_int_equal(converse(&self, cut), SCU_OK);
      assert_string_equal(self.near.log, kinds[kind].near_log);
      for (scu__exchange *at = self.far.exchanges; at; at = at->next) assert_true(at->is_done);
      for (scu__exchange *at = self.near.exchanges; at; at = at->next) assert_true(at->is_done);
      pair_free(&self);
    }
  }
}

/* --- one end alone ------------------------------------------------------------------------------------------------ */

static scu__exchange *provide(scu__outbox *outbox, uint16_t field, scu__exchange_event *event) {
  scu__command request = request_of(field);
  scu__exchange *exchange = NULL;
  scu__outbox_init(outbox, NULL);
  request.message_id = 3;
  request.data_set_type = field == SCU__C_ECHO_RQ ? SCU__NO_DATASET : SCU__WITH_DATASET;
  assert_int_equal(scu__message_provider_new(NULL, outbox, 1, &request, SCU__IMPLICIT_LE, &exchange, event), SCU_OK);
  return exchange;
}

static void leave(scu__outbox *outbox, scu__exchange *exchange) {
  scu__exchange_free(exchange);
  scu__outbox_free(outbox);
}

static void test_echo_and_store_are_served_like_the_others(void **state) {
  (void)state;
  static const uint16_t fields[] = {SCU__C_ECHO_RQ, SCU__C_STORE_RQ};
  for (size_t i = 0; i < 2; i++) {
    scu__outbox outbox;
    scu__exchange_event event;
    scu_error error;
    scu__exchange *exchange = provide(&outbox, fields[i], &event);
    if (fields[i] == SCU__C_STORE_RQ)
      assert_int_equal(scu__exchange_receive_data(exchange, dataset_bytes, sizeof dataset_bytes, true, &event, &error),
                       SCU_OK);
    assert_int_equal(event.kind, SCU__EXCHANGE_REQUEST);
    assert_int_equal(event.identifier ? scu_dataset_count(event.identifier) : 0, i);
    scu__command response = {.status = 0};
    assert_int_equal(scu__message_provider_respond(exchange, &response, NULL), SCU_OK);
    scu__pdv_fragment fragment;
    scu__command said;
    assert_int_equal(scu__outbox_next(&outbox, 16384, &fragment, NULL), SCU_OK);
    assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &said, NULL), SCU_OK);
    assert_int_equal(said.field, fields[i] | SCU__COMMAND_RESPONSE_BIT);
    assert_int_equal(said.responded_message_id, 3);
    assert_string_equal(said.affected_sop_class.text, some_class.text);
    assert_string_equal(said.affected_sop_instance.text, i ? some_instance.text : "");
    scu__exchange_message_sent(exchange);
    assert_true(exchange->is_done);
    leave(&outbox, exchange);
  }
}

static void test_a_response_says_what_its_caller_wants_and_what_belongs_to_it(void **state) {
  (void)state;
  scu__outbox outbox;
  scu__exchange_event event;
  scu__exchange *exchange = provide(&outbox, SCU__C_ECHO_RQ, &event);
  scu__command response = {.status = 0x0122, .field = SCU__N_SET_RSP, .responded_message_id = 99};
  scu__command_set_comment(&response, "not here");
  response.offending[0] = 0x00000002;
  response.offending_count = 1;
  response.present |= SCU__HAS_OFFENDING;
  assert_int_equal(scu__message_provider_respond(exchange, &response, NULL), SCU_OK);
  scu__pdv_fragment fragment;
  scu__command said;
  assert_int_equal(scu__outbox_next(&outbox, 16384, &fragment, NULL), SCU_OK);
  assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &said, NULL), SCU_OK);
  assert_int_equal(said.field, SCU__C_ECHO_RSP); /* the request's, whatever was given */
  assert_int_equal(said.responded_message_id, 3);
  assert_int_equal(said.status, 0x0122);
  assert_string_equal(said.error_comment, "not here");
  assert_int_equal(said.offending_count, 1);
  leave(&outbox, exchange);
}

static void test_answers_out_of_turn_are_usage(void **state) {
  (void)state;
  scu__outbox outbox;
  scu__exchange_event event;
  scu_error error;
  scu__exchange *exchange = provide(&outbox, SCU__C_FIND_RQ, &event);
  assert_int_equal(event.kind, SCU__EXCHANGE_NONE);
  assert_int_equal(respond(exchange, 0xFF00, 0, true), SCU_ERROR_USAGE); /* the identifier is still coming */
  assert_int_equal(respond(exchange, 0x0000, 0, false), SCU_ERROR_USAGE);
  assert_int_equal(scu__exchange_receive_data(exchange, dataset_bytes, sizeof dataset_bytes, true, &event, &error),
                   SCU_OK);
  assert_int_equal(respond(exchange, 0xFF00, 0, true), SCU_OK);
  assert_int_equal(respond(exchange, 0x0000, 1, false), SCU_ERROR_USAGE); /* C-FIND counts no sub-operations */
  assert_int_equal(respond(exchange, 0x0000, 0, false), SCU_OK);
  assert_int_equal(respond(exchange, 0xFF00, 0, true), SCU_ERROR_USAGE);
  assert_int_equal(respond(exchange, 0x0000, 0, false), SCU_ERROR_USAGE);
  leave(&outbox, exchange);
  exchange = provide(&outbox, SCU__C_ECHO_RQ, &event);
  assert_int_equal(respond(exchange, 0x0000, 0, true), SCU_ERROR_USAGE); /* an echo has no data set */
  leave(&outbox, exchange);
}

static void test_requests_with_too_much_or_too_little_are_usage(void **state) {
  (void)state;
  static const struct {
    uint16_t field;
    bool has_dataset;
  } wrong[] = {{SCU__C_ECHO_RQ, true}, {SCU__C_STORE_RQ, false}, {SCU__C_FIND_RQ, false},   {SCU__C_MOVE_RQ, false},
               {SCU__C_GET_RQ, false}, {SCU__C_FIND_RSP, true},  {SCU__C_CANCEL_RQ, false}, {0x0444, false}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    scu__outbox outbox;
    scu__outbox_init(&outbox, NULL);
    scu__buffer dataset;
    scu__exchange *exchange = NULL;
    scu__buffer_init(&dataset, NULL, 100);
    if (wrong[i].has_dataset) scu__put_bytes(&dataset, dataset_bytes, sizeof dataset_bytes);
    scu__command request = request_of(wrong[i].field);
    assert_int_equal(scu__message_request_new(NULL, &outbox, 1, 7, &request, &dataset, SCU__IMPLICIT_LE, &exchange),
                     SCU_ERROR_USAGE);
    assert_null(exchange);
    assert_null(dataset.data);
    assert_true(scu__outbox_is_idle(&outbox));
    leave(&outbox, NULL);
  }
}

static void test_a_pending_response_that_cannot_be_read_does_not_end_it(void **state) {
  (void)state;
  pair self;
  pair_init(&self, &kinds[0].script, NULL);
  assert_int_equal(start(&self.near, SCU__C_FIND_RQ), SCU_OK);
  assert_int_equal(peer_flush(&self.near), SCU_OK);
  scu__exchange *exchange = self.near.exchanges;
  scu__exchange_event event;
  scu_error error;
  for (size_t i = 0; i < 3; i++) {
    scu__command response = wire_response(SCU__C_FIND_RQ, 7, 0xFF00, true);
    assert_int_equal(scu__exchange_receive_command(exchange, &response, &event, &error), SCU_OK);
    size_t length = i == 1 ? 5 : sizeof dataset_bytes;
    assert_int_equal(scu__exchange_receive_data(exchange, dataset_bytes, length, true, &event, &error), SCU_OK);
    assert_int_equal(event.kind, SCU__EXCHANGE_PENDING);
    assert_int_equal(event.is_identifier_malformed, i == 1);
    assert_int_equal(event.identifier != NULL, i != 1);
  }
  assert_false(exchange->is_done);
  pair_free(&self);
}

static void test_every_allocation_that_fails_is_an_end_without_a_leak(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    scu_result result = SCU_ERROR_MEMORY;
    for (size_t i = 0; result != SCU_OK; i++) {
      failing_allocator failing;
      failing_allocator_init(&failing, i);
      pair self;
      pair_init(&self, &kinds[kind].script, &failing.allocator);
      result = start(&self.near, kinds[kind].field);
      if (result == SCU_OK) result = converse(&self, (wire_cut){.step = 1 << 20});
      if (result != SCU_OK) assert_int_equal(result, SCU_ERROR_MEMORY);
      pair_free(&self);
      assert_int_equal(failing.alive, 0);
      assert_true(i < 500);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_both_ends_understand_each_other_however_the_bytes_are_cut),
      cmocka_unit_test(test_echo_and_store_are_served_like_the_others),
      cmocka_unit_test(test_a_response_says_what_its_caller_wants_and_what_belongs_to_it),
      cmocka_unit_test(test_answers_out_of_turn_are_usage),
      cmocka_unit_test(test_requests_with_too_much_or_too_little_are_usage),
      cmocka_unit_test(test_a_pending_response_that_cannot_be_read_does_not_end_it),
      cmocka_unit_test(test_every_allocation_that_fails_is_an_end_without_a_leak),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
