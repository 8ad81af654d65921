/* What keeps a request waiting: only what belongs to it. A peer that says anything else, once a second or as fast as it
 * can, is as silent as one that says nothing; one whose answer comes slowly is not. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scu/association.h"
#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

enum { TIMEOUT_MS = 3000 };

static const peer_step asks = {.action = PEER_ECHO, .context = 1};
static const peer_step reports = {.action = PEER_REPORT, .field = 1, .context = 1};
/* To a request that was there before: late, and no fault. */
static const peer_step late = {.action = PEER_RESPOND, .message_id = 1};

/* Everything that a peer may say instead of its answer. */
static const peer_step instead[] = {
    {.action = PEER_REPEAT, .count = 1000, .script = &asks},
    {.action = PEER_REPEAT, .count = 1000, .script = &reports},
    {.action = PEER_REPEAT, .count = 1000, .script = &late},
    {.action = PEER_REPEAT, .count = 1, .script = &asks},
    {.action = PEER_REPEAT, .script = &asks},
    {.action = PEER_REPEAT, .script = &asks, .reads_nothing = true},
    {.action = PEER_REPEAT, .script = &reports, .reads_nothing = true},
};
enum { INSTEADS = sizeof instead / sizeof *instead };

static void start(fixture *f, const peer_step *script) {
  fixture_prepare(f, script);
  scu_options_set_duration_ms(f->options, SCU_OPTION_TIMEOUT_RESPONSE, TIMEOUT_MS);
  scu_options_set_duration_ms(f->options, SCU_OPTION_TIMEOUT_RETRIEVE, TIMEOUT_MS);
  scu_options_set_duration_ms(f->options, SCU_OPTION_CANCEL_WAIT, 1000);
  fixture_open(f);
}

static void check_timeout(const fixture *f, uint64_t since_ms, uint64_t wait_ms, scu_result result) {
  if (result != SCU_ERROR_TIMEOUT) fail_msg("%s", scu_error_reason(scu_session_error(f->session)));
  uint64_t took = f->time.now_ms - since_ms;
  /* It is looked at ten times in a time-out: the request itself may be seen to go out at the first look. */
  if (took < TIMEOUT_MS || took > wait_ms + TIMEOUT_MS / 10 + 50) fail_msg("it took %llu ms", (unsigned long long)took);
}

static scu_query *new_query(void) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "StudyInstanceUID", "1.2.1"), SCU_OK);
  return query;
}

static void test_an_echo_is_not_kept_waiting_by_anything_else(void **state) {
  (void)state;
  for (size_t i = 0; i < INSTEADS; i++) {
    const peer_step script[] = {START, NEXT, {.action = PEER_RESPOND}, NEXT, instead[i], END};
    fixture f;
    scu_response *response;
    start(&f, script);
    assert_int_equal(scu_echo(f.session, &response), SCU_OK);
    scu_response_free(response);
    uint64_t before = f.time.now_ms;
    check_timeout(&f, before, TIMEOUT_MS, scu_echo(f.session, &response));
    fixture_stop(&f);
  }
}

static void test_a_find_is_not_kept_waiting_by_anything_else(void **state) {
  (void)state;
  for (size_t i = 0; i < INSTEADS; i++) {
    if (instead[i].script == &late) continue;
    const peer_step script[] = {START, NEXT, instead[i], END};
    fixture f;
    scu_query *query = new_query();
    scu_matches *matches;
    const scu_dataset *row;
    start(&f, script);
    uint64_t before = f.time.now_ms;
    scu_result result = scu_find(f.session, query, &matches);
    while (result == SCU_OK) result = scu_matches_next(matches, &row);
    check_timeout(&f, before, TIMEOUT_MS + 1000, result);
    scu_matches_close(matches);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_a_move_is_not_kept_waiting_by_anything_else(void **state) {
  (void)state;
  for (size_t i = 0; i < INSTEADS; i++) {
    if (instead[i].script == &late) continue;
    const peer_step script[] = {START, NEXT, instead[i], END};
    fixture f;
    scu_query *query = new_query();
    scu_retrieve_report *report = NULL;
    start(&f, script);
    uint64_t before = f.time.now_ms;
    check_timeout(&f, before, TIMEOUT_MS + 1000, scu_move(f.session, query, "THERE", &report));
    scu_retrieve_report_free(report);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_a_store_is_not_kept_waiting_by_anything_else(void **state) {
  (void)state;
  scu__buffer bytes;
  sample_bytes(&(sample_file){.number = 1, .pixels = 200}, &bytes);
  write_scratch("1.dcm", bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  for (size_t i = 0; i < INSTEADS; i++) {
    if (instead[i].script == &late) continue;
    const peer_step script[] = {START, NEXT, instead[i], END};
    fixture f;
    scu_source *source;
    scu_store_report *report = NULL;
    start(&f, script);
    assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
    assert_int_equal(scu_source_add_file(source, in_scratch("1.dcm")), SCU_OK);
    uint64_t before = f.time.now_ms;
    check_timeout(&f, before, TIMEOUT_MS + 200, scu_store(f.session, source, &report));
    scu_store_report_free(report);
    scu_source_free(source);
    fixture_stop(&f);
  }
}

static scu_result propose_echo(void *user, scu_proposal *proposal) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  (void)user;
  return scu_proposal_add(proposal, "1.2.840.10008.1.1", syntaxes, 1);
}

/* The peer's requests are answered as they come, so that they go on coming. */
static scu_result answer_to(scu_association *association, const scu_message *asked) {
  scu_message *response;
  if (scu_message_is_response(asked)) return SCU_OK;
  assert_int_equal(scu_message_new_response(asked, 0, &response), SCU_OK);
  scu_result result = scu_association_send(association, response, NULL);
  scu_message_free(response);
  return result;
}

static void test_an_association_of_the_callers_own_is_not_kept_waiting_by_anything_else(void **state) {
  (void)state;
  for (size_t i = 0; i < INSTEADS; i++) {
    const peer_step script[] = {START, NEXT, {.action = PEER_RESPOND}, NEXT, instead[i], END};
    fixture f;
    scu_association *association;
    const scu_message *message;
    scu_message *echo;
    start(&f, script);
    assert_int_equal(scu_association_open(f.session, propose_echo, NULL, &association), SCU_OK);
    assert_int_equal(scu_message_new(NULL, 0x0030, &echo), SCU_OK);
    assert_int_equal(scu_message_set_sop_class_uid(echo, "1.2.840.10008.1.1"), SCU_OK);
    assert_int_equal(scu_association_send(association, echo, NULL), SCU_OK);
    assert_int_equal(scu_association_receive(association, -1, &message), SCU_OK);
    assert_int_equal(scu_association_send(association, echo, NULL), SCU_OK);
    uint64_t before = f.time.now_ms;
    scu_result result = SCU_OK;
    while (result == SCU_OK) {
      result = scu_association_receive(association, -1, &message);
      if (result == SCU_OK) result = answer_to(association, message);
    }
    check_timeout(&f, before, TIMEOUT_MS, result);
    scu_message_free(echo);
    scu_association_close(association);
    fixture_stop(&f);
  }
}

static const char *numbered(void *user, const scu_dataset *query, size_t row) {
  static char text[64];
  (void)user, (void)query;
  snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu", row + 1);
  return text;
}

/* Each piece comes well after the last, and all of them take much longer than the time-out. */
static void test_an_answer_that_comes_slowly_is_waited_for(void **state) {
  (void)state;
  static const peer_step row = {.action = PEER_MATCHES, .count = 1};
  static const peer_step script[] = {START, NEXT, {.action = PEER_REPEAT, .count = 2000, .script = &row}, END};
  fixture f;
  scu_query *query = new_query();
  scu_matches *matches;
  const scu_dataset *match;
  start(&f, script);
  f.peer.row = numbered;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  for (int i = 0; i < 10; i++) assert_int_equal(scu_matches_next(matches, &match), SCU_OK);
  assert_true(f.time.now_ms > 6 * TIMEOUT_MS);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_an_answer_in_crumbs_is_waited_for(void **state) {
  (void)state;
  static const uint8_t bytes[12 + 8000] = {0x42, 0, 0x11, 0, 'O', 'B', 0, 0, 0x40, 0x1F};
  static const peer_step script[] = {
      START, NEXT, {.action = PEER_RESPOND, .status = 0xFF00, .bytes = bytes, .length = sizeof bytes}, END};
  fixture f;
  scu_query *query = new_query();
  scu_matches *matches;
  const scu_dataset *match;
  start(&f, script);
  f.peer.write_size = 100;
  f.time.ms_per_step = 500;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  assert_int_equal(scu_matches_next(matches, &match), SCU_OK);
  assert_true(f.time.now_ms > 5 * TIMEOUT_MS);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_echo_is_not_kept_waiting_by_anything_else),
      cmocka_unit_test(test_a_find_is_not_kept_waiting_by_anything_else),
      cmocka_unit_test(test_a_move_is_not_kept_waiting_by_anything_else),
      cmocka_unit_test(test_a_store_is_not_kept_waiting_by_anything_else),
      cmocka_unit_test(test_an_association_of_the_callers_own_is_not_kept_waiting_by_anything_else),
      cmocka_unit_test(test_an_answer_that_comes_slowly_is_waited_for),
      cmocka_unit_test(test_an_answer_in_crumbs_is_waited_for),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
