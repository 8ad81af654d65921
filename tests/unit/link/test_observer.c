/* The watch between a link's outbox and inbox and whoever observes it: notes come to an end of one kind, also when the
 * observer goes first; a reason is that of the message that was just stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "link/observer.h"

typedef struct seen {
  scu__link_observer observer;
  scu__message_watch watch;
  scu__outbox outbox;
  const char *refusal; /* NULL: messages may go out */
  int sent, arrived, pieces;
} seen;

static int dropped_count; /* told without the user, who may be gone */
static int note_of_all;

static scu_result sending(void *user, scu__link *link, scu__message *message, void **note, scu_error *error) {
  const seen *s = user;
  (void)link;
  (void)message;
  if (s->refusal) return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_REQUEST, "%s", s->refusal);
  *note = &note_of_all;
  return SCU_OK;
}

static void sent(void *user, void *note, const uint8_t *bytes, uint64_t length) {
  (void)bytes;
  (void)length;
  assert_ptr_equal(note, &note_of_all);
  ((seen *)user)->sent++;
}

static scu_result arriving(void *user, scu__link *link, uint8_t context_id, const scu__command *command, void **note,
                           scu_error *error) {
  (void)user;
  (void)link;
  (void)context_id;
  (void)command;
  (void)error;
  *note = &note_of_all;
  return SCU_OK;
}

static seen *seen_now; /* of `data`, which is told of its note alone */

static void piece(void *note, const uint8_t *bytes, size_t length) {
  (void)note;
  (void)bytes;
  (void)length;
  seen_now->pieces++;
}

static void arrived(void *user, void *note) {
  assert_ptr_equal(note, &note_of_all);
  ((seen *)user)->arrived++;
}

static void dropped(void *note) {
  assert_ptr_equal(note, &note_of_all);
  dropped_count++;
}

static void start(seen *s) {
  memset(s, 0, sizeof *s);
  s->observer = (scu__link_observer){.sending = sending,
                                     .sent = sent,
                                     .arriving = arriving,
                                     .data = piece,
                                     .arrived = arrived,
                                     .dropped = dropped,
                                     .user = s};
  scu__outbox_init(&s->outbox, NULL);
  scu__message_watch_init(&s->watch, NULL, &s->observer, &s->outbox);
  seen_now = s;
  dropped_count = 0;
}

static void stop(seen *s) {
  scu__outbox_free(&s->outbox);
  scu__message_watch_free(&s->watch);
}

/* The observer is gone: nothing of it can be called but what a note needs. */
static void silence(seen *s) {
  scu__message_watch_silence(&s->watch);
  memset(&s->observer, 0, sizeof s->observer);
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

static scu_result push(seen *s, size_t dataset_length) {
  const scu__uid class_uid = {"1.2.840.10008.5.1.4.34.6.1"}, instance = {"1.2.3.4"};
  scu__message message = {.context_id = 1};
  scu__request_init(&message.command, SCU__N_SET_RQ, 1, &class_uid);
  message.command.requested_sop_instance = instance;
  message.command.present |= SCU__HAS_REQUESTED_SOP_INSTANCE;
  scu__buffer_init(&message.bytes, NULL, 1000);
  uint8_t *room = dataset_length > 0 ? scu__buffer_reserve(&message.bytes, dataset_length) : NULL;
  if (room) {
    memset(room, 0, dataset_length);
    scu__buffer_commit(&message.bytes, dataset_length);
    message.payload = SCU__PAYLOAD_BYTES;
  }
  return scu__outbox_push(&s->outbox, &message);
}

/* True: it was the last one of its message. */
static bool take_fragment(seen *s, size_t most) {
  scu__pdv_fragment fragment;
  assert_int_equal(scu__outbox_next(&s->outbox, most, &fragment, NULL), SCU_OK);
  return fragment.is_message_end;
}

static void test_a_message_that_went_out_is_told_as_sent(void **state) {
  (void)state;
  seen s;
  start(&s);
  assert_int_equal(push(&s, 100), SCU_OK);
  while (!take_fragment(&s, 64)) assert_int_equal(s.sent, 0);
  scu__outbox_settle(&s.outbox);
  stop(&s);
  assert_int_equal(s.sent, 1);
  assert_int_equal(dropped_count, 0);
}

static void test_a_message_half_out_is_dropped_once_its_observer_is_gone(void **state) {
  (void)state;
  for (int goes_out = 0; goes_out < 2; goes_out++) {
    seen s;
    start(&s);
    assert_int_equal(push(&s, 100), SCU_OK);
    assert_false(take_fragment(&s, 64));
    silence(&s);
    while (goes_out && !take_fragment(&s, 64)) continue;
    scu__outbox_settle(&s.outbox);
    assert_int_equal(push(&s, 100), SCU_OK); /* and nobody is asked */
    stop(&s);
    assert_int_equal(s.sent, 0);
    assert_int_equal(dropped_count, 1);
  }
}

static const char *explained(seen *s, scu_result result, scu_error *error) {
  scu__error_clear(error);
  scu__message_watch_explain(&s->watch, result, error);
  return scu_error_reason(error);
}

static void test_a_reason_is_given_once(void **state) {
  (void)state;
  seen s;
  scu_error error;
  start(&s);
  s.refusal = "the first";
  assert_int_equal(push(&s, 100), SCU_ERROR_USAGE);
  assert_string_equal(explained(&s, SCU_ERROR_USAGE, &error), "the first");
  assert_string_equal(explained(&s, SCU_ERROR_USAGE, &error), "");
  assert_int_equal(push(&s, 100), SCU_ERROR_USAGE);
  assert_string_equal(explained(&s, SCU_ERROR_MEMORY, &error), ""); /* it failed for another */
  assert_string_equal(explained(&s, SCU_ERROR_USAGE, &error), "");
  stop(&s);
}

static void test_a_reason_that_nobody_asked_for_is_not_that_of_the_next_message(void **state) {
  (void)state;
  for (int is_watched = 0; is_watched < 2; is_watched++) {
    seen s;
    scu_error error;
    start(&s);
    s.refusal = "the first";
    assert_int_equal(push(&s, 100), SCU_ERROR_USAGE);
    s.refusal = NULL;
    if (!is_watched) s.observer.sending = NULL;
    assert_int_equal(push(&s, 0), SCU_ERROR_USAGE); /* without the data set that must be there */
    assert_string_equal(explained(&s, SCU_ERROR_USAGE, &error), "");
    stop(&s);
    assert_int_equal(dropped_count, is_watched);
  }
}

static void test_a_reason_is_that_of_its_own_link(void **state) {
  (void)state;
  seen s;
  scu__message_watch other;
  scu__outbox other_outbox;
  scu_error error;
  start(&s);
  scu__outbox_init(&other_outbox, NULL);
  scu__message_watch_init(&other, NULL, &s.observer, &other_outbox);
  s.refusal = "of the first link";
  assert_int_equal(push(&s, 100), SCU_ERROR_USAGE);
  scu__error_clear(&error);
  scu__message_watch_explain(&other, SCU_ERROR_USAGE, &error);
  assert_string_equal(scu_error_reason(&error), "");
  assert_string_equal(explained(&s, SCU_ERROR_USAGE, &error), "of the first link");
  scu__outbox_free(&other_outbox);
  scu__message_watch_free(&other);
  stop(&s);
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

static void take_in(seen *s, const scu__inbox_event *in) {
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__message_watch_before(&s->watch, in, &error), SCU_OK);
  scu__message_watch_after(&s->watch, in);
}

static scu__command command_with_dataset(void) {
  const scu__uid class_uid = {"1.2.840.10008.5.1.4.34.6.1"};
  scu__command command = {0};
  scu__request_init(&command, SCU__N_SET_RQ, 1, &class_uid);
  command.data_set_type = 0x0102;
  command.present |= SCU__HAS_DATA_SET_TYPE;
  return command;
}

static void test_a_message_that_came_is_told_as_arrived(void **state) {
  (void)state;
  seen s;
  start(&s);
  scu__command command = command_with_dataset();
  take_in(&s, &(scu__inbox_event){.kind = SCU__INBOX_COMMAND, .command = &command});
  take_in(&s, &(scu__inbox_event){.kind = SCU__INBOX_DATA, .bytes = (const uint8_t *)"ab", .length = 2});
  assert_int_equal(s.arrived, 0);
  take_in(&s, &(scu__inbox_event){.kind = SCU__INBOX_DATA, .is_last = true});
  stop(&s);
  assert_int_equal(s.pieces, 2);
  assert_int_equal(s.arrived, 1);
  assert_int_equal(dropped_count, 0);
}

static void test_a_message_half_in_is_dropped_once_its_observer_is_gone(void **state) {
  (void)state;
  for (int comes_whole = 0; comes_whole < 2; comes_whole++) {
    seen s;
    start(&s);
    scu__command command = command_with_dataset();
    take_in(&s, &(scu__inbox_event){.kind = SCU__INBOX_COMMAND, .command = &command});
    silence(&s);
    if (comes_whole) take_in(&s, &(scu__inbox_event){.kind = SCU__INBOX_DATA, .is_last = true});
    assert_int_equal(dropped_count, comes_whole);
    stop(&s);
    assert_int_equal(s.pieces + s.arrived, 0);
    assert_int_equal(dropped_count, 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_message_that_went_out_is_told_as_sent),
      cmocka_unit_test(test_a_message_half_out_is_dropped_once_its_observer_is_gone),
      cmocka_unit_test(test_a_reason_is_given_once),
      cmocka_unit_test(test_a_reason_that_nobody_asked_for_is_not_that_of_the_next_message),
      cmocka_unit_test(test_a_reason_is_that_of_its_own_link),
      cmocka_unit_test(test_a_message_that_came_is_told_as_arrived),
      cmocka_unit_test(test_a_message_half_in_is_dropped_once_its_observer_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
