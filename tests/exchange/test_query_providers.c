/* Providers of C-FIND, C-MOVE and C-GET, alone and against our own requesters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange/archive.h"
#include "support/failing_allocator.h"

static const scu__uid query_class = {"1.2.840.10008.5.1.4.1.2.2.1"};
static const scu__ae destination = {"WORKSTATION"};

/* (0008,0052) CS "STUDY ", (0010,0020) LO "PAT1". */
static const uint8_t implicit_le[] = {0x08, 0,    0x52, 0,    6, 0, 0, 0, 'S', 'T', 'U', 'D', 'Y',
                                      ' ',  0x10, 0,    0x20, 0, 4, 0, 0, 0,   'P', 'A', 'T', '1'};
static const uint8_t explicit_be[] = {0,   0x08, 0,    0x52, 'C',  'S', 0,   6, 'S', 'T', 'U', 'D', 'Y',
                                      ' ', 0,    0x10, 0,    0x20, 'L', 'O', 0, 4,   'P', 'A', 'T', '1'};

typedef scu_result (*make_provider)(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                    const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                    scu__exchange_event *event);
static const struct {
  uint16_t field;
  make_provider make;
} kinds[] = {{SCU__C_FIND_RQ, scu__find_provider_new},
             {SCU__C_MOVE_RQ, scu__move_provider_new},
             {SCU__C_GET_RQ, scu__get_provider_new}};
enum { FIND, MOVE, GET, KINDS };

static scu__command request_of(size_t kind, uint16_t message_id) {
  scu__command request;
  scu__request_init(&request, kinds[kind].field, message_id, &query_class);
  request.data_set_type = SCU__WITH_DATASET;
  if (kind != MOVE) return request;
  request.move_destination = destination;
  request.present |= SCU__HAS_MOVE_DESTINATION;
  return request;
}

/* --- one provider alone --- */

typedef struct fixture {
  scu__outbox outbox;
  scu__exchange *exchange;
  scu__exchange_event event; /* of the last call */
  scu__command response;     /* the last one that next() took */
  uint8_t data[2000];        /* and its data set */
  size_t data_length;
} fixture;

static void make_with(fixture *self, size_t kind, const scu__command *request, scu__encoding encoding) {
  memset(self, 0, sizeof *self);
  scu__outbox_init(&self->outbox, NULL);
  assert_int_equal(kinds[kind].make(NULL, &self->outbox, 1, request, encoding, &self->exchange, &self->event), SCU_OK);
}

static scu_result feed(fixture *self, const void *bytes, size_t length, bool is_last) {
  uint8_t *copy = malloc(length ? length : 1);
  if (length > 0) memcpy(copy, bytes, length);
  scu_result result = scu__exchange_receive_data(self->exchange, copy, length, is_last, &self->event, NULL);
  free(copy);
  return result;
}

static void make_open(fixture *self, size_t kind) {
  const scu__command request = request_of(kind, 7);
  make_with(self, kind, &request, SCU__IMPLICIT_LE);
  assert_int_equal(self->event.kind, SCU__EXCHANGE_NONE);
  assert_int_equal(feed(self, implicit_le, sizeof implicit_le, true), SCU_OK);
  assert_int_equal(self->event.kind, SCU__EXCHANGE_REQUEST);
}

static void done(fixture *self) {
  scu__exchange_free(self->exchange);
  scu__outbox_free(&self->outbox);
}

/* The next whole message of the outbox; false when there is none. */
static bool next(fixture *self) {
  scu__pdv_fragment fragment = {0};
  self->data_length = 0;
  while (!fragment.is_message_end) {
    if (scu__outbox_next(&self->outbox, 16384, &fragment, NULL) != SCU_OK) return false;
    if (fragment.is_command) {
      assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &self->response, NULL), SCU_OK);
    } else {
      memcpy(self->data, fragment.bytes, fragment.length);
      self->data_length = fragment.length;
    }
  }
  if (fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  return true;
}

static scu_result finish(fixture *self, uint16_t status) {
  return scu__query_provider_finish(self->exchange, &(scu__query_answer){.status = status});
}

static scu_dataset *row_of(const char *patient_id) {
  scu_dataset *row;
  assert_int_equal(scu_dataset_new(NULL, &row), SCU_OK);
  if (patient_id) assert_int_equal(scu_dataset_set_text(row, "PatientID", patient_id), SCU_OK);
  return row;
}

static void check_identifier(const scu_dataset *identifier) {
  char text[20];
  assert_non_null(identifier);
  assert_int_equal(scu_dataset_count(identifier), 2);
  assert_int_equal(scu_dataset_text(identifier, "PatientID", text, sizeof text), SCU_OK);
  assert_string_equal(text, "PAT1");
}

static void test_identifier_in_any_pieces_gives_one_request(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t step = 1; step <= sizeof implicit_le; step++) {
      for (int is_be = 0; is_be < 2; is_be++) {
        fixture self;
        const scu__command request = request_of(kind, 7);
        make_with(&self, kind, &request, is_be ? SCU__EXPLICIT_BE : SCU__IMPLICIT_LE);
        const uint8_t *bytes = is_be ? explicit_be : implicit_le;
        for (size_t at = 0; at < sizeof implicit_le; at += step) {
          size_t piece = sizeof implicit_le - at < step ? sizeof implicit_le - at : step;
          assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
          assert_int_equal(feed(&self, bytes + at, piece, at + piece == sizeof implicit_le), SCU_OK);
        }
        assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
        assert_int_equal(self.event.command->message_id, 7);
        if (kind == MOVE) assert_string_equal(self.event.command->move_destination.text, "WORKSTATION");
        check_identifier(self.event.identifier);
        assert_true(scu__outbox_is_idle(&self.outbox));
        assert_int_equal(finish(&self, 0), SCU_OK);
        check_identifier(self.event.identifier); /* it stays */
        done(&self);
      }
    }
  }
}

/* Catalogue D30. */
static void test_every_truncation_of_an_identifier_is_answered_at_once(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t cut = 0; cut < sizeof implicit_le; cut++) {
      fixture self;
      const scu__command request = request_of(kind, 7);
      make_with(&self, kind, &request, SCU__IMPLICIT_LE);
      assert_int_equal(feed(&self, implicit_le, cut, true), SCU_OK);
      if (cut == 14) { /* one whole element */
        assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
        done(&self);
        continue;
      }
      assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
      assert_true(next(&self));
      assert_int_equal(self.response.field, kinds[kind].field | 0x8000);
      assert_int_equal(self.response.status, cut == 0 ? 0xA900 : 0xC000);
      assert_true(self.response.error_comment[0]);
      assert_false(scu__command_has_dataset(&self.response));
      assert_true(self.exchange->is_done);
      done(&self);
    }
  }
}

static void test_a_key_that_is_there_twice_is_refused_and_one_out_of_order_is_read(void **state) {
  (void)state;
  /* Patient ID twice; and once, before a tag that is lower. */
  static const uint8_t twice[] = {0x10, 0, 0x20, 0, 4, 0, 0, 0, 'P', 'A', 'T', '1',
                                  0x10, 0, 0x20, 0, 4, 0, 0, 0, 'P', 'A', 'T', '2'};
  static const uint8_t falling[] = {0x10, 0,    0x20, 0, 4, 0, 0, 0,   'P', 'A', 'T', '1', 0x08,
                                    0,    0x52, 0,    6, 0, 0, 0, 'S', 'T', 'U', 'D', 'Y', ' '};
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    const scu__command request = request_of(kind, 7);
    make_with(&self, kind, &request, SCU__IMPLICIT_LE);
    assert_int_equal(feed(&self, twice, sizeof twice, true), SCU_OK);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_true(next(&self));
    assert_int_equal(self.response.status, 0xC000);
    assert_int_equal(self.response.offending[0], 0x00100020);
    assert_non_null(strstr(self.response.error_comment, "twice"));
    done(&self);
    make_with(&self, kind, &request, SCU__IMPLICIT_LE);
    assert_int_equal(feed(&self, falling, sizeof falling, true), SCU_OK);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
    check_identifier(self.event.identifier);
    done(&self);
  }
}

static void test_request_that_lacks_something_is_answered_by_itself(void **state) {
  (void)state;
  static const struct {
    size_t kind;
    uint32_t lacks;
    uint16_t status;
  } rows[] = {{FIND, SCU__HAS_AFFECTED_SOP_CLASS, 0xA900}, {MOVE, SCU__HAS_MOVE_DESTINATION, 0xA801},
              {MOVE, SCU__HAS_AFFECTED_SOP_CLASS, 0xA900}, {GET, SCU__HAS_PRIORITY, 0xC000},
              {FIND, SCU__HAS_DATA_SET_TYPE, 0xA900},      {MOVE, SCU__HAS_DATA_SET_TYPE, 0xA900},
              {GET, SCU__HAS_DATA_SET_TYPE, 0xA900}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture self;
    scu__command request = request_of(rows[i].kind, 7);
    bool has_dataset = rows[i].lacks != SCU__HAS_DATA_SET_TYPE;
    if (has_dataset)
      request.present &= ~rows[i].lacks;
    else
      request.data_set_type = SCU__NO_DATASET;
    make_with(&self, rows[i].kind, &request, SCU__IMPLICIT_LE);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_true(next(&self));
    assert_int_equal(self.response.status, rows[i].status);
    assert_int_equal(self.response.offending[0], scu__command_element_tag(rows[i].lacks));
    assert_non_null(strstr(self.response.error_comment, "is missing"));
    assert_int_equal(finish(&self, 0), SCU_ERROR_USAGE);
    if (has_dataset) assert_int_equal(feed(&self, implicit_le, sizeof implicit_le, true), SCU_OK);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_true(self.exchange->is_done);
    done(&self);
  }
}

static void test_endless_identifier_is_refused_and_swallowed(void **state) {
  (void)state;
  enum { PIECE = 1 << 20 };
  static uint8_t piece[PIECE];
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    const scu__command request = request_of(kind, 7);
    make_with(&self, kind, &request, SCU__IMPLICIT_LE);
    for (size_t i = 0; i < 40; i++) {
      assert_int_equal(feed(&self, piece, PIECE, i == 39), SCU_OK);
      assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
      assert_int_equal(next(&self), i == 16);
      assert_int_equal(self.exchange->is_done, i == 39);
    }
    assert_int_equal(self.response.status, 0xA700);
    done(&self);
  }
}

static void test_matches_go_out_in_order_and_in_the_encoding_of_the_context(void **state) {
  (void)state;
  fixture self;
  const scu__command request = request_of(FIND, 7);
  make_with(&self, FIND, &request, SCU__EXPLICIT_BE);
  assert_int_equal(feed(&self, explicit_be, sizeof explicit_be, true), SCU_OK);
  scu_dataset *row = row_of("PAT1");
  assert_int_equal(scu__find_provider_match(self.exchange, row, 0xFF00), SCU_OK);
  assert_int_equal(scu_dataset_set_text(row, "PatientID", "P2"), SCU_OK); /* it was encoded at once */
  assert_int_equal(scu__find_provider_match(self.exchange, row, 0xFF01), SCU_OK);
  assert_int_equal(scu__find_provider_match_bytes(self.exchange, explicit_be, 14, 0xFF00), SCU_OK);
  scu_dataset_free(row);
  assert_true(next(&self));
  assert_int_equal(self.response.status, 0xFF00);
  assert_int_equal(self.response.responded_message_id, 7);
  assert_string_equal(self.response.affected_sop_class.text, query_class.text);
  assert_int_equal(self.data_length, 12);
  assert_memory_equal(self.data, explicit_be + 14, 12);
  assert_int_equal(finish(&self, 0), SCU_OK); /* two are still waiting */
  assert_true(next(&self));
  assert_int_equal(self.response.status, 0xFF01);
  assert_memory_equal(self.data, "\0\x10\0\x20LO\0\2P2", 10);
  assert_false(self.exchange->is_done);
  assert_true(next(&self));
  assert_memory_equal(self.data, explicit_be, 14);
  assert_false(self.exchange->is_done);
  assert_true(next(&self));
  assert_int_equal(self.response.status, 0);
  assert_int_equal(self.data_length, 0);
  assert_true(self.exchange->is_done);
  assert_false(next(&self));
  done(&self);
}

static void test_what_does_not_belong_is_usage_and_sends_nothing(void **state) {
  (void)state;
  scu_dataset *row = row_of("PAT1"), *empty = row_of(NULL);
  const scu__sub_operations counts = {0};
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    scu__command request = request_of(kind, 7);
    scu__exchange *none;
    request.field ^= SCU__COMMAND_RESPONSE_BIT;
    scu__outbox_init(&self.outbox, NULL);
    assert_int_equal(kinds[kind].make(NULL, &self.outbox, 1, &request, SCU__IMPLICIT_LE, &none, &self.event),
                     SCU_ERROR_USAGE);
    request.field = kinds[(kind + 1) % KINDS].field;
    assert_int_equal(kinds[kind].make(NULL, &self.outbox, 1, &request, SCU__IMPLICIT_LE, &none, &self.event),
                     SCU_ERROR_USAGE);
    assert_null(none);
    request = request_of(kind, 7);
    make_with(&self, kind, &request, SCU__IMPLICIT_LE);
    /* Before REQUEST. */
    assert_int_equal(scu__find_provider_match(self.exchange, row, 0xFF00), SCU_ERROR_USAGE);
    assert_int_equal(scu__retrieve_provider_pending(self.exchange, &counts), SCU_ERROR_USAGE);
    assert_int_equal(finish(&self, 0), SCU_ERROR_USAGE);
    assert_int_equal(finish(&self, 0xFE00), SCU_ERROR_USAGE);
    assert_false(scu__find_provider_wants(self.exchange));
    assert_int_equal(feed(&self, implicit_le, sizeof implicit_le, true), SCU_OK);
    /* Of another kind, or nothing at all. */
    if (kind == FIND) {
      const scu__query_answer counted = {.counts = &counts}, listed = {.status = 0xA700, .failed_list = row};
      assert_int_equal(scu__find_provider_match(self.exchange, empty, 0xFF00), SCU_ERROR_USAGE);
      assert_int_equal(scu__find_provider_match(self.exchange, NULL, 0xFF00), SCU_ERROR_USAGE);
      assert_int_equal(scu__find_provider_match_bytes(self.exchange, NULL, 0, 0xFF00), SCU_ERROR_USAGE);
      assert_int_equal(scu__find_provider_match(self.exchange, row, 0), SCU_ERROR_USAGE);
      assert_int_equal(scu__retrieve_provider_pending(self.exchange, &counts), SCU_ERROR_USAGE);
      assert_int_equal(scu__query_provider_finish(self.exchange, &counted), SCU_ERROR_USAGE);
      assert_int_equal(scu__query_provider_finish(self.exchange, &listed), SCU_ERROR_USAGE);
    } else {
      assert_int_equal(scu__find_provider_match(self.exchange, row, 0xFF00), SCU_ERROR_USAGE);
      assert_int_equal(scu__find_provider_match_bytes(self.exchange, implicit_le, 14, 0xFF00), SCU_ERROR_USAGE);
      assert_false(scu__find_provider_wants(self.exchange));
    }
    assert_int_equal(finish(&self, 0xFF00), SCU_ERROR_USAGE);
    assert_int_equal(scu__exchange_cancel(self.exchange), SCU_ERROR_USAGE);
    assert_false(next(&self));
    /* After the end. */
    assert_int_equal(finish(&self, 0), SCU_OK);
    assert_int_equal(finish(&self, 0xC000), SCU_ERROR_USAGE);
    assert_int_equal(scu__find_provider_match(self.exchange, row, 0xFF00), SCU_ERROR_USAGE);
    assert_int_equal(scu__retrieve_provider_pending(self.exchange, &counts), SCU_ERROR_USAGE);
    assert_true(next(&self));
    assert_false(next(&self));
    done(&self);
  }
  scu_dataset_free(row);
  scu_dataset_free(empty);
}

static void test_failure_may_come_before_the_identifier(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    const scu__command request = request_of(kind, 7);
    make_with(&self, kind, &request, SCU__IMPLICIT_LE);
    assert_int_equal(finish(&self, 0x0122), SCU_OK);
    assert_true(next(&self));
    assert_int_equal(self.response.status, 0x0122);
    assert_int_equal(feed(&self, implicit_le, 10, false), SCU_OK);
    assert_false(self.exchange->is_done);
    assert_int_equal(feed(&self, implicit_le + 10, sizeof implicit_le - 10, true), SCU_OK);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_true(self.exchange->is_done);
    done(&self);
  }
}

static void cancel(fixture *self, uint16_t message_id) {
  scu__command command;
  scu__cancel_init(&command, message_id);
  self->event = (scu__exchange_event){0};
  if (scu__exchange_wants(self->exchange, 1, &command))
    assert_int_equal(scu__exchange_receive_command(self->exchange, &command, &self->event, NULL), SCU_OK);
}

static void test_cancel_is_told_once(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    make_open(&self, kind);
    cancel(&self, 8);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_false(self.exchange->is_cancelled);
    cancel(&self, 7);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_CANCEL);
    assert_int_equal(self.event.command->message_id, 7);
    assert_true(self.exchange->is_cancelled);
    cancel(&self, 7);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_int_equal(finish(&self, 0xFE00), SCU_OK);
    assert_true(next(&self));
    assert_int_equal(self.response.status, 0xFE00);
    assert_true(self.exchange->is_done);
    done(&self);
  }
}

/* Catalogue D25. */
static void test_cancel_that_crosses_the_final_response_is_ignored(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    make_open(&self, kind);
    assert_int_equal(finish(&self, 0), SCU_OK);
    cancel(&self, 7);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_true(next(&self));
    cancel(&self, 7);
    assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
    assert_false(next(&self));
    done(&self);
  }
}

static void test_cancel_before_the_identifier_is_only_noted(void **state) {
  (void)state;
  fixture self;
  const scu__command request = request_of(FIND, 7);
  make_with(&self, FIND, &request, SCU__IMPLICIT_LE);
  cancel(&self, 7);
  assert_int_equal(self.event.kind, SCU__EXCHANGE_NONE);
  assert_int_equal(feed(&self, implicit_le, sizeof implicit_le, true), SCU_OK);
  assert_int_equal(self.event.kind, SCU__EXCHANGE_REQUEST);
  assert_true(self.exchange->is_cancelled);
  done(&self);
}

static size_t fill(fixture *self, const scu_dataset *row) {
  size_t count = 0;
  for (; scu__find_provider_wants(self->exchange); count++)
    assert_int_equal(scu__find_provider_match(self->exchange, row, 0xFF00), SCU_OK);
  return count;
}

static void test_outbox_that_is_full_wants_no_more_until_it_has_drained(void **state) {
  (void)state;
  fixture self;
  make_open(&self, FIND);
  scu_dataset *small = row_of("PAT1"), *large = row_of(NULL);
  static char text[60001];
  memset(text, 'x', sizeof text - 1);
  assert_int_equal(scu_dataset_set_text(large, "TextValue", text), SCU_OK);
  size_t small_count = fill(&self, small);
  assert_in_range(small_count, 16, 1000);
  while (next(&self)) continue;
  assert_in_range(fill(&self, large), 2, 10); /* bytes count too */
  scu__pdv_fragment fragment;
  while (scu__outbox_next(&self.outbox, 16384, &fragment, NULL) == SCU_OK)
    if (fragment.is_message_end) scu__exchange_message_sent(fragment.message_owner);
  assert_int_equal(scu__outbox_held(&self.outbox), 0);
  assert_int_equal(fill(&self, small), small_count);
  scu_dataset_free(small);
  scu_dataset_free(large);
  done(&self);
}

static void test_stream_of_matches_takes_no_more_memory_after_the_first_batch(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  fixture self;
  memset(&self, 0, sizeof self);
  scu__outbox_init(&self.outbox, &counting.allocator);
  const scu__command request = request_of(FIND, 7);
  assert_int_equal(scu__find_provider_new(&counting.allocator, &self.outbox, 1, &request, SCU__IMPLICIT_LE,
                                          &self.exchange, &self.event),
                   SCU_OK);
  assert_int_equal(feed(&self, implicit_le, sizeof implicit_le, true), SCU_OK);
  assert_in_range(counting.alive, 1, 3); /* the exchange and its identifier: the decoder went */
  scu_dataset *row = row_of("PAT1");
  size_t after_one = 0, alive = 0;
  for (size_t i = 0; i < 50; i++) {
    fill(&self, row);
    while (next(&self)) continue;
    if (i == 1) {
      after_one = counting.requests;
      alive = counting.alive;
    }
  }
  assert_int_equal(counting.requests, after_one);
  assert_int_equal(counting.alive, alive);
  assert_int_equal(finish(&self, 0), SCU_OK);
  assert_true(next(&self));
  scu_dataset_free(row);
  scu__exchange_free(self.exchange);
  assert_in_range(counting.alive, 0, 2); /* what the last fragment may still borrow; the rest went with the find */
  scu__outbox_free(&self.outbox);
  assert_int_equal(counting.alive, 0);
}

static void test_counts_are_said_as_the_standard_wants_them(void **state) {
  (void)state;
  const scu__sub_operations counts = {.remaining = 70000, .completed = 3, .failed = 2, .warning = 1};
  static const uint16_t statuses[] = {0, 0xB000, 0xA702, 0xC000, 0xFE00};
  for (size_t kind = MOVE; kind < KINDS; kind++) {
    for (size_t i = 0; i < 5; i++) {
      fixture self;
      make_open(&self, kind);
      assert_int_equal(scu__retrieve_provider_pending(self.exchange, &counts), SCU_OK);
      assert_true(next(&self));
      assert_int_equal(self.response.status, 0xFF00);
      assert_int_equal(self.response.remaining, 65535);
      assert_int_equal(self.response.completed, 3);
      assert_int_equal(self.response.failed, 2);
      assert_int_equal(self.response.warning, 1);
      assert_false(scu__command_has_dataset(&self.response));
      assert_false(self.exchange->is_done);
      scu_dataset *failed = row_of(NULL);
      assert_int_equal(scu_dataset_set_text(failed, "FailedSOPInstanceUIDList", "1.2\\1.3"), SCU_OK);
      const scu__query_answer answer = {.status = statuses[i], .counts = &counts, .failed_list = failed};
      assert_int_equal(scu__query_provider_finish(self.exchange, &answer), SCU_OK);
      scu_dataset_free(failed);
      assert_true(next(&self));
      assert_int_equal(self.response.status, statuses[i]);
      /* PS3.4 C.4.2.1.6: not in a response that is neither pending nor cancelled. */
      assert_int_equal(scu__command_has(&self.response, SCU__HAS_REMAINING), statuses[i] == 0xFE00);
      assert_true(scu__command_has(&self.response, SCU__HAS_COMPLETED | SCU__HAS_FAILED | SCU__HAS_WARNING));
      assert_int_equal(self.data_length, 16);
      assert_memory_equal(self.data, "\x08\0\x58\0\x08\0\0\0001.2\\1.3\0", 16);
      assert_true(self.exchange->is_done);
      done(&self);
    }
  }
}

static void test_final_response_says_why_and_where(void **state) {
  (void)state;
  scu_tag tags[20];
  for (size_t i = 0; i < 20; i++) tags[i] = SCU_TAG(0x0010, i);
  for (size_t kind = 0; kind < KINDS; kind++) {
    fixture self;
    make_open(&self, kind);
    const scu__query_answer answer = {.status = 0xA900,
                                      .comment =
                                          "no such level here, and this goes on for more than sixty-four characters",
                                      .offending = tags,
                                      .offending_count = 20};
    assert_int_equal(scu__query_provider_finish(self.exchange, &answer), SCU_OK);
    assert_true(next(&self));
    assert_int_equal(strlen(self.response.error_comment), 64);
    assert_int_equal(self.response.offending_count, 16);
    assert_int_equal(self.response.offending[15], 0x0010000F);
    assert_int_equal(self.response.present & (SCU__HAS_COMPLETED | SCU__HAS_REMAINING), 0);
    done(&self);
  }
}

static void test_exchange_can_be_freed_in_every_state(void **state) {
  (void)state;
  scu_dataset *row = row_of("PAT1");
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t stop = 0; stop < 6; stop++) {
      fixture self;
      const scu__command request = request_of(kind, 7);
      const scu__sub_operations counts = {.remaining = 1};
      make_with(&self, kind, &request, SCU__IMPLICIT_LE);
      if (stop > 0) assert_int_equal(feed(&self, implicit_le, 9, false), SCU_OK);
      if (stop > 1) assert_int_equal(feed(&self, implicit_le + 9, sizeof implicit_le - 9, true), SCU_OK);
      size_t messages = stop > 2 ? 1 : 0;
      if (stop > 2 && kind == FIND) assert_int_equal(scu__find_provider_match(self.exchange, row, 0xFF00), SCU_OK);
      if (stop > 2 && kind != FIND) assert_int_equal(scu__retrieve_provider_pending(self.exchange, &counts), SCU_OK);
      if (stop > 3) cancel(&self, 7);
      if (stop > 4) assert_int_equal(finish(&self, 0xFE00), SCU_OK);
      if (stop > 4) messages++;
      scu__exchange_free(self.exchange);
      self.exchange = NULL;
      for (; messages > 0; messages--) assert_true(next(&self)); /* what was said goes out */
      assert_false(next(&self));
      done(&self);
    }
  }
  scu_dataset_free(row);
}

/* --- both ends --- */

static scu__buffer identifier_of(const scu_allocator *allocator) {
  scu__buffer buffer;
  scu__buffer_init(&buffer, allocator, SCU__IDENTIFIER_MAX);
  scu__put_bytes(&buffer, implicit_le, sizeof implicit_le);
  return buffer;
}

static scu_result start(peer *near, size_t kind) {
  scu__buffer identifier = identifier_of(near->allocator);
  scu__exchange *out = NULL;
  scu_result result;
  if (kind == FIND)
    result = scu__find_request_new(near->allocator, &near->outbox, 1, 7, &query_class, 0, &identifier, SCU__IMPLICIT_LE,
                                   &out);
  else if (kind == MOVE)
    result = scu__move_request_new(near->allocator, &near->outbox, 1, 7, &query_class, 0, &destination, &identifier,
                                   SCU__IMPLICIT_LE, &out);
  else
    result = scu__get_request_new(near->allocator, &near->outbox, 1, 7, &query_class, 0, &identifier, SCU__IMPLICIT_LE,
                                  &out);
  if (result == SCU_OK) peer_add(near, out);
  return result;
}

/* Carries what both have to say until nothing moves, at most `budget` pieces of `cut`. */
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

static scu_result carry(peer *from, peer *to, size_t max_fragment, wire_cut *cut, size_t *budget) {
  wire_script script;
  wire_init(&script);
  budgeted user = {to, budget};
  scu_result result = wire_from_outbox(&script, &from->outbox, max_fragment, &from->error);
  if (result == SCU_END) result = wire_feed(&script, cut, put_within_budget, &user);
  wire_free(&script);
  return result;
}

static scu_result converse(peer *near, peer *far, size_t max_fragment, wire_cut *cut, size_t *budget) {
  scu_result result = SCU_OK;
  while (result == SCU_OK && !(scu__outbox_is_idle(&near->outbox) && scu__outbox_is_idle(&far->outbox))) {
    result = carry(near, far, max_fragment, cut, budget);
    if (result == SCU_OK) result = carry(far, near, max_fragment, cut, budget);
  }
  return result;
}

static const char *const near_logs[] = {
    "match 1 FF00 elements=2 00100020=P1\n"
    "match 2 FF01 elements=2 00100020=P2\n"
    "match 3 FF00 elements=2 00100020=P3\n"
    "C-FIND final 0000 success\n",
    "pending FF00 remaining=3 completed=1 failed=0 warning=0\n"
    "pending FF00 remaining=2 completed=1 failed=1 warning=0\n"
    "C-MOVE final B000 warning completed=2 failed=1 warning=0 elements=1 00080058=1.2.3.2\n",
    "C-STORE request 1 1.2.3.1\n"
    "data 102 8AC7AE5F\n"
    "pending FF00 remaining=2 completed=1 failed=0 warning=0\n"
    "C-STORE request 2 1.2.3.2\n"
    "data 102 158F5CBE\n"
    "pending FF00 remaining=1 completed=2 failed=0 warning=0\n"
    "C-STORE request 3 1.2.3.3\n"
    "data 102 A0570B1D\n"
    "C-GET final 0000 success completed=3 failed=0 warning=0\n",
};
static const char *const far_logs[] = {
    "C-FIND request 7  elements=2 00100020=PAT1\n",
    "C-MOVE request 7  elements=2 00100020=PAT1\n",
    "C-GET request 7  elements=2 00100020=PAT1\n"
    "C-STORE final 0000 success\n"
    "C-STORE final 0000 success\n"
    "C-STORE final 0000 success\n",
};

typedef struct pair {
  peer near, far;
  archive archive;
} pair;

static scu_result pair_init(pair *self, const scu_allocator *near, const scu_allocator *far) {
  peer_init(&self->near, near);
  peer_init(&self->far, far);
  scu_result result = archive_init(&self->archive, &self->far);
  self->archive.fails_at = 2;
  return result;
}

static void pair_free(pair *self) {
  archive_free(&self->archive);
  peer_free(&self->near);
  peer_free(&self->far);
}

static scu_result query(pair *self, size_t kind, size_t max_fragment, wire_cut cut, size_t budget) {
  scu_result result = start(&self->near, kind);
  return result == SCU_OK ? converse(&self->near, &self->far, max_fragment, &cut, &budget) : result;
}

static void test_both_ends_understand_each_other_however_the_bytes_are_cut(void **state) {
  (void)state;
  static const size_t fragments[] = {20, 100, 16384};
  for (size_t kind = 0; kind < KINDS; kind++) {
    for (size_t f = 0; f < 3; f++) {
      for (size_t i = 0; i < 30; i++) {
        wire_cut cut = {.step = i == 0 ? 1 << 20 : i < 10 ? i : 0, .random = i};
        pair self;
        assert_int_equal(pair_init(&self, NULL, NULL), SCU_OK);
        assert_int_equal(query(&self, kind, fragments[f], cut, SIZE_MAX), SCU_OK);
        assert_string_equal(self.near.log, near_logs[kind]);
        assert_string_equal(self.far.log, far_logs[kind]);
        for (scu__exchange *at = self.far.exchanges; at; at = at->next) assert_true(at->is_done);
        for (scu__exchange *at = self.near.exchanges; at; at = at->next) assert_true(at->is_done);
        pair_free(&self);
      }
    }
  }
}

/* The association can be lost after any byte, on either side. */
static void test_abort_after_any_byte_leaves_nothing(void **state) {
  (void)state;
  for (size_t kind = 0; kind < KINDS; kind++) {
    scu_result result = SCU_END;
    for (size_t budget = 0; result != SCU_OK; budget++) {
      failing_allocator counting;
      failing_allocator_init(&counting, SIZE_MAX);
      pair self;
      assert_int_equal(pair_init(&self, &counting.allocator, &counting.allocator), SCU_OK);
      result = query(&self, kind, 16384, (wire_cut){.step = 1}, budget);
      assert_true(result == SCU_OK || result == SCU_END);
      assert_memory_equal(self.near.log, near_logs[kind], self.near.log_length); /* a beginning of it */
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
        if (result == SCU_OK) result = query(&self, kind, 64, (wire_cut){.step = 11}, SIZE_MAX);
        assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
        if (result == SCU_OK) assert_string_equal(self.near.log, near_logs[kind]);
        pair_free(&self);
        assert_int_equal(failing.alive, 0);
      }
    }
  }
}

/* The association has to go where not even a refusal can be said. */
static void test_refusal_without_memory_is_an_error(void **state) {
  (void)state;
  for (size_t cut = 0; cut < 4; cut += 3) {
    scu_result result = SCU_ERROR_MEMORY;
    for (size_t i = 0; result != SCU_OK; i++) {
      failing_allocator failing;
      failing_allocator_init(&failing, i);
      fixture self;
      memset(&self, 0, sizeof self);
      scu__outbox_init(&self.outbox, &failing.allocator);
      const scu__command request = request_of(FIND, 7);
      result = scu__find_provider_new(&failing.allocator, &self.outbox, 1, &request, SCU__IMPLICIT_LE, &self.exchange,
                                      &self.event);
      if (result == SCU_OK) result = feed(&self, implicit_le, cut, true);
      assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
      assert_int_equal(next(&self), result == SCU_OK);
      if (result != SCU_OK && self.exchange) assert_true(self.exchange->is_done);
      done(&self);
      assert_int_equal(failing.alive, 0);
    }
  }
}

static void test_failed_sub_operation_of_a_get_is_counted_and_listed(void **state) {
  (void)state;
  pair self;
  assert_int_equal(pair_init(&self, NULL, NULL), SCU_OK);
  self.archive.instances = 1;
  self.near.store_status = 0xA700;
  assert_int_equal(query(&self, GET, 16384, (wire_cut){.step = 50}, SIZE_MAX), SCU_OK);
  assert_string_equal(self.near.log,
                      "C-STORE request 1 1.2.3.1\ndata 102 8AC7AE5F\n"
                      "C-GET final B000 warning completed=0 failed=1 warning=0 elements=1 00080058=1.2.3.2\n");
  pair_free(&self);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_identifier_in_any_pieces_gives_one_request),
      cmocka_unit_test(test_every_truncation_of_an_identifier_is_answered_at_once),
      cmocka_unit_test(test_a_key_that_is_there_twice_is_refused_and_one_out_of_order_is_read),
      cmocka_unit_test(test_request_that_lacks_something_is_answered_by_itself),
      cmocka_unit_test(test_endless_identifier_is_refused_and_swallowed),
      cmocka_unit_test(test_matches_go_out_in_order_and_in_the_encoding_of_the_context),
      cmocka_unit_test(test_what_does_not_belong_is_usage_and_sends_nothing),
      cmocka_unit_test(test_failure_may_come_before_the_identifier),
      cmocka_unit_test(test_cancel_is_told_once),
      cmocka_unit_test(test_cancel_that_crosses_the_final_response_is_ignored),
      cmocka_unit_test(test_cancel_before_the_identifier_is_only_noted),
      cmocka_unit_test(test_outbox_that_is_full_wants_no_more_until_it_has_drained),
      cmocka_unit_test(test_stream_of_matches_takes_no_more_memory_after_the_first_batch),
      cmocka_unit_test(test_counts_are_said_as_the_standard_wants_them),
      cmocka_unit_test(test_final_response_says_why_and_where),
      cmocka_unit_test(test_exchange_can_be_freed_in_every_state),
      cmocka_unit_test(test_both_ends_understand_each_other_however_the_bytes_are_cut),
      cmocka_unit_test(test_abort_after_any_byte_leaves_nothing),
      cmocka_unit_test(test_every_allocation_that_fails_on_either_side_is_reported),
      cmocka_unit_test(test_refusal_without_memory_is_an_error),
      cmocka_unit_test(test_failed_sub_operation_of_a_get_is_counted_and_listed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
