/* The N-services in both roles: alone, against each other, and crossing each other on one association. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange/archive.h"
#include "support/failing_allocator.h"

static const scu__uid some_class = {"1.2.840.10008.1.20.1"};
static const scu__uid some_instance = {"1.2.840.10008.1.20.1.1"};

/* (0010,0020) LO "PAT1". */
static const uint8_t dataset_bytes[] = {0x10, 0, 0x20, 0, 4, 0, 0, 0, 'P', 'A', 'T', '1'};

static const uint16_t fields[] = {SCU__N_EVENT_REPORT_RQ, SCU__N_GET_RQ,    SCU__N_SET_RQ,
                                  SCU__N_ACTION_RQ,       SCU__N_CREATE_RQ, SCU__N_DELETE_RQ};
enum { EVENT_REPORT, GET, SET, ACTION, CREATE, DELETE, KINDS };

static bool brings_dataset(size_t kind) {
  return kind != GET && kind != DELETE;
}

static scu__command request_of(size_t kind, uint16_t message_id) {
  scu__command request;
  scu__request_init(&request, fields[kind], message_id, &some_class);
  if (kind == EVENT_REPORT || kind == CREATE) {
    request.affected_sop_instance = some_instance;
    request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  } else {
    request.requested_sop_instance = some_instance;
    request.present |= SCU__HAS_REQUESTED_SOP_INSTANCE;
  }
  if (kind == EVENT_REPORT) request.present |= SCU__HAS_EVENT_TYPE;
  if (kind == ACTION) request.present |= SCU__HAS_ACTION_TYPE;
  request.event_type = kind == EVENT_REPORT ? 2 : 0;
  request.action_type = kind == ACTION ? 1 : 0;
  return request;
}

static scu__buffer some_dataset(const scu_allocator *allocator) {
  scu__buffer buffer;
  scu__buffer_init(&buffer, allocator, SCU__IDENTIFIER_MAX);
  scu__put_bytes(&buffer, dataset_bytes, sizeof dataset_bytes);
  return buffer;
}

/* --- one end alone --- */

typedef struct fixture {
  scu__outbox outbox;
  scu__exchange *exchange;
  scu__exchange_event event;
  scu__command response;
  uint8_t command[2000], data[2000];
  size_t data_length;
  scu_error error;
} fixture;

static void fixture_init(fixture *self) {
  memset(self, 0, sizeof *self);
  scu__error_clear(&self->error);
  scu__outbox_init(&self->outbox, NULL);
}

static void done(fixture *self) {
  scu__exchange_free(self->exchange);
  scu__outbox_free(&self->outbox);
}

static bool next(fixture *self) {
  scu__pdv_fragment fragment = {0};
  self->data_length = 0;
  while (!fragment.is_message_end) {
    if (scu__outbox_next(&self->outbox, 16384, &fragment, NULL) != SCU_OK) return false;
    memcpy(fragment.is_command ? self->command : self->data, fragment.bytes, fragment.length);
    if (fragment.is_command)
      assert_int_equal(scu__command_decode(self->command, fragment.length, &self->response, NULL), SCU_OK);
    else
      self->data_length = fragment.length;
  }
  if (fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  return true;
}

static void provide(fixture *self, const scu__command *request) {
  fixture_init(self);
  assert_int_equal(
      scu__n_provider_new(NULL, &self->outbox, 1, request, SCU__IMPLICIT_LE, &self->exchange, &self->event), SCU_OK);
}

static scu_result feed(fixture *self, const void *bytes, size_t length, bool is_last) {
  return scu__exchange_receive_data(self->exchange, bytes, length, is_last, &self->event, &self->error);
}

static void test_request_without_data_set_comes_at_once(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    if (kind == SET) continue;
    fixture self;
    const scu__command request = request_of(kind, 9);
    provide(&self, &request);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
    assert_int_equal(self.event.command->field, fields[kind]);
    assert_null(self.event.identifier);
    assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){0}), SCU_OK);
    assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){0}), SCU_ERROR_USAGE);
    assert_true(next(&self));
    assert_int_equal(self.response.field, fields[kind] | 0x8000);
    assert_int_equal(self.response.responded_message_id, 9);
    assert_int_equal(self.response.status, 0);
    assert_string_equal(self.response.affected_sop_class.text, some_class.text);
    assert_string_equal(self.response.affected_sop_instance.text, some_instance.text);
    assert_int_equal(scu__command_has(&self.response, SCU__HAS_EVENT_TYPE), kind == EVENT_REPORT);
    assert_int_equal(scu__command_has(&self.response, SCU__HAS_ACTION_TYPE), kind == ACTION);
    assert_false(scu__command_has_dataset(&self.response));
    assert_true(self.exchange->is_done);
    done(&self);
  }
}

static void test_attribute_lists_outlive_the_bytes_they_came_in(void **state) {
  (void)state;
  static const scu_tag wanted[] = {0x00100010, 0x00400252};
  scu__buffer list;
  scu__buffer_init(&list, NULL, 100);
  for (size_t i = 0; i < 2; i++) scu__command_put_attribute(&list, wanted[i]);
  scu__command request = request_of(GET, 9);
  request.attributes = list.data;
  request.attribute_count = 2;
  request.present |= SCU__HAS_ATTRIBUTES;
  fixture self;
  provide(&self, &request);
  scu__buffer_free(&list);
  assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
  assert_int_equal(self.event.command->attribute_count, 2);
  assert_int_equal(scu__command_attribute(self.event.command, 1), wanted[1]);
  const scu__n_answer answer = {.status = 0x0107, .attributes = wanted, .attribute_count = 2};
  assert_int_equal(scu__n_provider_respond(self.exchange, &answer), SCU_OK);
  assert_true(next(&self));
  assert_int_equal(self.response.status, 0x0107);
  assert_int_equal(self.response.attribute_count, 2);
  assert_int_equal(scu__command_attribute(&self.response, 0), wanted[0]);
  done(&self);
}

static void test_answer_carries_all_that_was_put_into_it(void **state) {
  (void)state;
  fixture self;
  scu__command request = request_of(CREATE, 9);
  request.present &= ~(uint32_t)SCU__HAS_AFFECTED_SOP_INSTANCE;
  memset(&request.affected_sop_instance, 0, sizeof request.affected_sop_instance);
  request.data_set_type = SCU__WITH_DATASET;
  provide(&self, &request);
  assert_int_equal(feed(&self, dataset_bytes, sizeof dataset_bytes, true), SCU_OK);
  assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
  const scu__uid made = {"2.25.1"};
  const scu__n_answer answer = {.status = 0x0116,
                                .dataset = self.event.identifier,
                                .sop_instance = &made,
                                .error_id = 0xA710,
                                .comment = "one value was replaced"};
  assert_int_equal(scu__n_provider_respond(self.exchange, &answer), SCU_OK);
  assert_true(next(&self));
  assert_int_equal(self.response.status, 0x0116);
  assert_int_equal(self.response.error_id, 0xA710);
  assert_string_equal(self.response.affected_sop_instance.text, "2.25.1");
  assert_string_equal(self.response.error_comment, "one value was replaced");
  assert_int_equal(self.data_length, sizeof dataset_bytes);
  assert_memory_equal(self.data, dataset_bytes, sizeof dataset_bytes);
  assert_true(self.exchange->is_done);
  done(&self);
}

static void test_request_that_lacks_something_is_answered_by_itself(void **state) {
  (void)state;
  static const struct {
    size_t kind;
    uint32_t lacks;
    uint16_t status;
  } rows[] = {
      {EVENT_REPORT, SCU__HAS_AFFECTED_SOP_INSTANCE, 0x0117},
      {EVENT_REPORT, SCU__HAS_AFFECTED_SOP_CLASS, 0x0118},
      {EVENT_REPORT, SCU__HAS_EVENT_TYPE, 0x0113},
      {GET, SCU__HAS_REQUESTED_SOP_INSTANCE, 0x0117},
      {SET, SCU__HAS_REQUESTED_SOP_CLASS, 0x0118},
      {ACTION, SCU__HAS_ACTION_TYPE, 0x0123},
      {CREATE, SCU__HAS_AFFECTED_SOP_CLASS, 0x0118},
      {DELETE, SCU__HAS_REQUESTED_SOP_INSTANCE, 0x0117},
      {SET, SCU__HAS_DATA_SET_TYPE, 0x0212},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture self;
    scu__command request = request_of(rows[i].kind, 9);
    bool has_dataset = rows[i].lacks != SCU__HAS_DATA_SET_TYPE;
    if (has_dataset) request.present &= ~rows[i].lacks;
    if (has_dataset) request.data_set_type = SCU__WITH_DATASET;
    provide(&self, &request);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_true(next(&self));
    assert_int_equal(self.response.status, rows[i].status);
    assert_non_null(strstr(self.response.error_comment, "is missing"));
    assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){0}), SCU_ERROR_USAGE);
    if (has_dataset) assert_int_equal(feed(&self, dataset_bytes, sizeof dataset_bytes, true), SCU_OK);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_true(self.exchange->is_done);
    done(&self);
  }
}

static void test_every_truncation_of_a_data_set_is_answered_at_once(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t cut = 0; cut < sizeof dataset_bytes; cut++) {
      fixture self;
      scu__command request = request_of(kind, 9);
      request.data_set_type = SCU__WITH_DATASET;
      provide(&self, &request);
      assert_int_equal(feed(&self, dataset_bytes, cut, true), SCU_OK);
      if (cut == 0) { /* no attributes are an attribute list */
        assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
        assert_int_equal(scu_dataset_count(self.event.identifier), 0);
      } else {
        assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
        assert_true(next(&self));
        assert_int_equal(self.response.status, 0x0110);
        assert_true(self.exchange->is_done);
      }
      done(&self);
    }
  }
}

static void test_endless_data_set_is_refused_and_swallowed(void **state) {
  (void)state;
  enum { PIECE = 1 << 20 };
  static uint8_t piece[PIECE];
  fixture self;
  scu__command request = request_of(CREATE, 9);
  request.data_set_type = SCU__WITH_DATASET;
  provide(&self, &request);
  for (size_t i = 0; i < 20; i++) {
    assert_int_equal(feed(&self, piece, PIECE, i == 19), SCU_OK);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_int_equal(next(&self), i == 16);
  }
  assert_int_equal(self.response.status, 0x0213);
  assert_true(self.exchange->is_done);
  done(&self);
}

static void test_only_a_failure_may_come_before_the_data_set(void **state) {
  (void)state;
  fixture self;
  scu__command request = request_of(SET, 9);
  request.data_set_type = SCU__WITH_DATASET;
  provide(&self, &request);
  assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){0}), SCU_ERROR_USAGE);
  assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){.status = 0x0107}), SCU_ERROR_USAGE);
  assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){.status = 0x0112}), SCU_OK);
  assert_true(next(&self));
  assert_int_equal(self.response.status, 0x0112);
  assert_false(self.exchange->is_done);
  assert_int_equal(feed(&self, dataset_bytes, sizeof dataset_bytes, true), SCU_OK);
  assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
  assert_true(self.exchange->is_done);
  done(&self);
}

static void test_answers_that_the_standard_does_not_know_are_usage(void **state) {
  (void)state;
  fixture self;
  const scu__command request = request_of(DELETE, 9);
  provide(&self, &request);
  scu_dataset *dataset;
  assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
  assert_int_equal(scu_dataset_set_text(dataset, "PatientID", "PAT1"), SCU_OK);
  assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){.dataset = dataset}), SCU_ERROR_USAGE);
  assert_false(next(&self));
  scu_dataset_free(dataset);
  assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){0}), SCU_OK);
  assert_int_equal(scu__exchange_cancel(self.exchange), SCU_ERROR_USAGE);
  done(&self);
  fixture_init(&self);
  assert_int_equal(scu__refusal_new(NULL, &self.outbox, 1, &request, 0x0122, NULL, &self.exchange), SCU_OK);
  assert_int_equal(scu__n_provider_respond(self.exchange, &(scu__n_answer){0}), SCU_ERROR_USAGE);
  done(&self);
  scu__command command = wire_response(SCU__N_SET_RQ, 1, 0, false);
  fixture_init(&self);
  assert_int_equal(scu__n_provider_new(NULL, &self.outbox, 1, &command, SCU__IMPLICIT_LE, &self.exchange, &self.event),
                   SCU_ERROR_USAGE);
  scu__request_init(&command, SCU__C_ECHO_RQ, 1, &some_class);
  assert_int_equal(scu__n_provider_new(NULL, &self.outbox, 1, &command, SCU__IMPLICIT_LE, &self.exchange, &self.event),
                   SCU_ERROR_USAGE);
  done(&self);
}

/* --- the requester --- */

static scu_result ask(fixture *self, const scu__command *request, bool has_dataset) {
  scu__buffer dataset = some_dataset(NULL);
  if (!has_dataset) scu__buffer_clear(&dataset);
  return scu__n_request_new(NULL, &self->outbox, 1, 9, request, &dataset, SCU__IMPLICIT_LE, &self->exchange);
}

static void test_incomplete_requests_are_usage_and_own_nothing(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t i = 0; i < 4; i++) {
      fixture self;
      fixture_init(&self);
      scu__command request = request_of(kind, 0);
      bool has_dataset = brings_dataset(kind);
      if (i == 0) request.present &= ~(uint32_t)(SCU__HAS_AFFECTED_SOP_CLASS | SCU__HAS_REQUESTED_SOP_CLASS);
      if (i == 1) has_dataset = !has_dataset;
      if (i == 2) request.field |= SCU__COMMAND_RESPONSE_BIT;
      if (i == 3) request.field = SCU__C_STORE_RQ;
      bool is_good = i == 1 && brings_dataset(kind) && kind != SET; /* there it may be absent */
      assert_int_equal(ask(&self, &request, has_dataset), is_good ? SCU_OK : SCU_ERROR_USAGE);
      assert_int_equal(next(&self), is_good);
      if (!is_good) assert_null(self.exchange);
      done(&self);
    }
  }
}

static scu_result respond(fixture *self, const scu__command *response) {
  return scu__exchange_receive_command(self->exchange, response, &self->event, &self->error);
}

static void ask_well(fixture *self, size_t kind) {
  fixture_init(self);
  const scu__command request = request_of(kind, 0);
  assert_int_equal(ask(self, &request, brings_dataset(kind)), SCU_OK);
  assert_true(next(self));
}

static void test_final_brings_the_attribute_list_and_the_data_set(void **state) {
  (void)state;
  scu__buffer list;
  scu__buffer_init(&list, NULL, 100);
  scu__command_put_attribute(&list, 0x00100010);
  fixture self;
  ask_well(&self, GET);
  assert_int_equal(self.response.message_id, 9);
  scu__command response = wire_response(SCU__N_GET_RQ, 9, 0x0107, true);
  response.attributes = list.data;
  response.attribute_count = 1;
  response.present |= SCU__HAS_ATTRIBUTES;
  assert_int_equal(respond(&self, &response), SCU_OK);
  scu__buffer_free(&list);
  assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
  assert_int_equal(feed(&self, dataset_bytes, 5, false), SCU_OK);
  assert_int_equal(feed(&self, dataset_bytes + 5, sizeof dataset_bytes - 5, true), SCU_OK);
  assert_int_equal(self.event.kind, SCU__EXCHANGE_FINAL);
  assert_int_equal(self.event.status_class, SCU__STATUS_KIND_WARNING);
  assert_int_equal(self.event.command->attribute_count, 1);
  assert_int_equal(scu__command_attribute(self.event.command, 0), 0x00100010);
  assert_int_equal(scu_dataset_count(self.event.identifier), 1);
  assert_true(self.exchange->is_done);
  done(&self);
}

static void test_data_set_that_cannot_be_read_does_not_hide_the_status(void **state) {
  (void)state;
  for (size_t cut = 1; cut < sizeof dataset_bytes; cut++) {
    fixture self;
    ask_well(&self, ACTION);
    scu__command response = wire_response(SCU__N_ACTION_RQ, 9, 0, true);
    assert_int_equal(respond(&self, &response), SCU_OK);
    assert_int_equal(feed(&self, dataset_bytes, cut, true), SCU_OK);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_FINAL);
    assert_int_equal(self.event.status_class, SCU__STATUS_KIND_SUCCESS);
    assert_null(self.event.identifier);
    assert_true(self.event.is_identifier_malformed);
    done(&self);
  }
}

static void test_answer_of_another_kind_or_before_the_request_is_protocol(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    ask_well(&self, kind);
    scu__command response = wire_response(fields[(kind + 1) % KINDS], 9, 0, false);
    assert_int_equal(respond(&self, &response), SCU_ERROR_PROTOCOL);
    assert_true(self.exchange->is_done);
    done(&self);
    fixture_init(&self);
    const scu__command request = request_of(kind, 0);
    assert_int_equal(ask(&self, &request, brings_dataset(kind)), SCU_OK);
    response = wire_response(fields[kind], 9, 0, false);
    assert_int_equal(respond(&self, &response), SCU_ERROR_PROTOCOL);
    done(&self);
  }
}

/* RULES 26. */
static void test_n_services_cannot_be_cancelled(void **state) {
  (void)state;
  fixture self;
  ask_well(&self, SET);
  assert_int_equal(scu__exchange_cancel(self.exchange), SCU_ERROR_USAGE);
  assert_true(scu__outbox_is_idle(&self.outbox));
  done(&self);
}

/* --- both ends --- */

static scu_result start(peer *near, size_t kind) {
  scu__command request = request_of(kind, 0);
  scu__buffer dataset = some_dataset(near->allocator), list;
  scu__buffer_init(&list, near->allocator, 100);
  if (kind == GET) {
    scu__command_put_attribute(&list, 0x00100020);
    request.attributes = list.data;
    request.attribute_count = 1;
    request.present |= SCU__HAS_ATTRIBUTES;
  }
  if (!brings_dataset(kind)) scu__buffer_free(&dataset);
  scu__exchange *out = NULL;
  scu_result result = scu__buffer_result(&list);
  if (result == SCU_OK)
    result = scu__n_request_new(near->allocator, &near->outbox, 1, 7, &request, &dataset, SCU__IMPLICIT_LE, &out);
  scu__buffer_free(&dataset);
  scu__buffer_free(&list);
  if (result == SCU_OK) peer_add(near, out);
  return result;
}

typedef struct budgeted {
  peer *to;
  size_t *budget;
} budgeted;

static scu_result put_within_budget(void *user, uint8_t context_id, bool is_command, bool is_last, const uint8_t *bytes,
                                    size_t length) {
  const budgeted *self = user;
  if (*self->budget == 0) return SCU_END;
  --*self->budget;
  return peer_put(self->to, context_id, is_command, is_last, bytes, length);
}

static scu_result carry(peer *from, peer *to, wire_cut *cut, size_t *budget) {
  wire_script script;
  wire_init(&script);
  budgeted user = {to, budget};
  scu_result result = wire_from_outbox(&script, &from->outbox, 64, &from->error);
  if (result == SCU_END) result = wire_feed(&script, cut, put_within_budget, &user);
  wire_free(&script);
  return result;
}

/* Both ends serve. */
typedef struct pair {
  peer near, far;
  archive near_archive, far_archive;
} pair;

static scu_result pair_init(pair *self, const scu_allocator *near, const scu_allocator *far) {
  peer_init(&self->near, near);
  peer_init(&self->far, far);
  scu_result result = archive_init(&self->near_archive, &self->near);
  scu_result far_result = archive_init(&self->far_archive, &self->far);
  return result == SCU_OK ? far_result : result;
}

static void pair_free(pair *self) {
  archive_free(&self->near_archive);
  archive_free(&self->far_archive);
  peer_free(&self->near);
  peer_free(&self->far);
}

static scu_result converse(pair *self, wire_cut cut, size_t budget) {
  peer *const near = &self->near, *const far = &self->far;
  scu_result result = SCU_OK;
  while (result == SCU_OK && !(scu__outbox_is_idle(&near->outbox) && scu__outbox_is_idle(&far->outbox))) {
    result = carry(near, far, &cut, &budget);
    if (result == SCU_OK) result = carry(far, near, &cut, &budget);
  }
  return result;
}

#define INSTANCE "1.2.840.10008.1.20.1.1"
#define PAT1     " elements=1 00100020=PAT1\n"

static const char *const near_logs[] = {
    "N-EVENT-REPORT final 0000 success" PAT1,
    "N-GET final 0107 warning 00091001\n",
    "N-SET final 0000 success" PAT1,
    "N-ACTION final 0000 success" PAT1 "N-EVENT-REPORT request 7 " INSTANCE " event=1 elements=1 00100020=DONE\n",
    "N-CREATE final 0000 success" PAT1,
    "N-DELETE final 0000 success\n",
};
static const char *const far_logs[] = {
    "N-EVENT-REPORT request 7 " INSTANCE " event=2" PAT1,
    "N-GET request 7 " INSTANCE " 00100020\n",
    "N-SET request 7 " INSTANCE PAT1,
    "N-ACTION request 7 " INSTANCE " action=1" PAT1 "N-EVENT-REPORT final 0000 success elements=1 00100020=DONE\n",
    "N-CREATE request 7 " INSTANCE PAT1,
    "N-DELETE request 7 " INSTANCE "\n",
};

static void test_both_ends_understand_each_other_however_the_bytes_are_cut(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t i = 0; i < 40; i++) {
      wire_cut cut = {.step = i == 0 ? 1 << 20 : i < 10 ? i : 0, .random = i};
      pair self;
      assert_int_equal(pair_init(&self, NULL, NULL), SCU_OK);
      assert_int_equal(start(&self.near, kind), SCU_OK);
      assert_int_equal(converse(&self, cut, SIZE_MAX), SCU_OK);
      assert_string_equal(self.near.log, near_logs[kind]);
      assert_string_equal(self.far.log, far_logs[kind]);
      for (scu__exchange *at = self.far.exchanges; at; at = at->next) assert_true(at->is_done);
      for (scu__exchange *at = self.near.exchanges; at; at = at->next) assert_true(at->is_done);
      pair_free(&self);
    }
  }
}

/* RULES 31: the result precedes the response to the N-ACTION; both have message ID 7, and one context. */
static void test_report_may_overtake_the_response_to_the_action(void **state) {
  (void)state;
  for (size_t step = 0; step < 50; step++) {
    pair self;
    assert_int_equal(pair_init(&self, NULL, NULL), SCU_OK);
    self.far_archive.reports_first = true;
    assert_int_equal(start(&self.near, ACTION), SCU_OK);
    assert_int_equal(converse(&self, (wire_cut){.step = step, .random = step}, SIZE_MAX), SCU_OK);
    assert_string_equal(self.near.log, "N-EVENT-REPORT request 7 " INSTANCE " event=1 elements=1 00100020=DONE\n"
                                       "N-ACTION final 0000 success" PAT1);
    assert_string_equal(self.far.log, far_logs[ACTION]);
    pair_free(&self);
  }
}

/* Each end asks while the other one asks. */
static void test_requests_of_both_ends_cross_each_other(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    if (kind == ACTION) continue;
    pair self;
    assert_int_equal(pair_init(&self, NULL, NULL), SCU_OK);
    assert_int_equal(start(&self.near, kind), SCU_OK);
    assert_int_equal(start(&self.far, kind), SCU_OK);
    assert_int_equal(converse(&self, (wire_cut){.step = 13}, SIZE_MAX), SCU_OK);
    char expected[300];
    snprintf(expected, sizeof expected, "%s%s", far_logs[kind], near_logs[kind]);
    assert_string_equal(self.far.log, expected);
    assert_non_null(strstr(self.near.log, far_logs[kind]));
    assert_non_null(strstr(self.near.log, near_logs[kind]));
    pair_free(&self);
  }
}

static void test_abort_after_any_byte_leaves_nothing(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    scu_result result = SCU_END;
    for (size_t budget = 0; result != SCU_OK; budget++) {
      failing_allocator counting;
      failing_allocator_init(&counting, SIZE_MAX);
      pair self;
      assert_int_equal(pair_init(&self, &counting.allocator, &counting.allocator), SCU_OK);
      assert_int_equal(start(&self.near, kind), SCU_OK);
      result = converse(&self, (wire_cut){.step = 1}, budget);
      assert_true(result == SCU_OK || result == SCU_END);
      pair_free(&self);
      assert_int_equal(counting.alive, 0);
    }
  }
}

static void test_every_allocation_that_fails_on_either_side_is_reported(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (int is_far = 0; is_far < 2; is_far++) {
      scu_result result = SCU_ERROR_MEMORY;
      for (size_t i = 0; result != SCU_OK; i++) {
        failing_allocator failing;
        failing_allocator_init(&failing, i);
        pair self;
        result = pair_init(&self, is_far ? NULL : &failing.allocator, is_far ? &failing.allocator : NULL);
        if (result == SCU_OK) result = start(&self.near, kind);
        if (result == SCU_OK) result = converse(&self, (wire_cut){.step = 11}, SIZE_MAX);
        assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
        if (result == SCU_OK) assert_string_equal(self.near.log, near_logs[kind]);
        pair_free(&self);
        assert_int_equal(failing.alive, 0);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request_without_data_set_comes_at_once),
      cmocka_unit_test(test_attribute_lists_outlive_the_bytes_they_came_in),
      cmocka_unit_test(test_answer_carries_all_that_was_put_into_it),
      cmocka_unit_test(test_request_that_lacks_something_is_answered_by_itself),
      cmocka_unit_test(test_every_truncation_of_a_data_set_is_answered_at_once),
      cmocka_unit_test(test_endless_data_set_is_refused_and_swallowed),
      cmocka_unit_test(test_only_a_failure_may_come_before_the_data_set),
      cmocka_unit_test(test_answers_that_the_standard_does_not_know_are_usage),
      cmocka_unit_test(test_incomplete_requests_are_usage_and_own_nothing),
      cmocka_unit_test(test_final_brings_the_attribute_list_and_the_data_set),
      cmocka_unit_test(test_data_set_that_cannot_be_read_does_not_hide_the_status),
      cmocka_unit_test(test_answer_of_another_kind_or_before_the_request_is_protocol),
      cmocka_unit_test(test_n_services_cannot_be_cancelled),
      cmocka_unit_test(test_both_ends_understand_each_other_however_the_bytes_are_cut),
      cmocka_unit_test(test_report_may_overtake_the_response_to_the_action),
      cmocka_unit_test(test_requests_of_both_ends_cross_each_other),
      cmocka_unit_test(test_abort_after_any_byte_leaves_nothing),
      cmocka_unit_test(test_every_allocation_that_fails_on_either_side_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
