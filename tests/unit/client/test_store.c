/* C-STORE of many files against a scripted peer: the plan, every class of status, lost associations, cancel, and the
 * bytes that arrive (catalogue D13, D14, P29; RULES 1-5 and 26 of the field; issue "Bad input"). */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "client/plan.h"
#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "unit/io/scratch.h"

static const peer_step good[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

static const char *write_sample(const sample_file *sample) {
  char name[32];
  scu__buffer bytes;
  sample_bytes(sample, &bytes);
  snprintf(name, sizeof name, "%05d.dcm", sample->number);
  write_scratch(name, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  return in_scratch(name);
}

static scu_source *new_source(void) {
  scu_source *source;
  assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
  return source;
}

/* A source of `count` small files, numbered from 1. */
static scu_source *samples(int count) {
  scu_source *source = new_source();
  for (int i = 1; i <= count; i++)
    assert_int_equal(scu_source_add_file(source, write_sample(&(sample_file){.number = i, .pixels = 200})), SCU_OK);
  return source;
}

static void check_counts(const scu_store_report *report, uint64_t ok, uint64_t warning, uint64_t failed,
                         uint64_t skipped) {
  assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_OK), ok);
  assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_WARNING), warning);
  assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_FAILED), failed);
  assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_SKIPPED), skipped);
}

/* --- what arrives --------------------------------------------------------------------------------------------------
 */

static void test_bytes_arrive_as_they_are_in_the_file(void **state) {
  (void)state;
  static const size_t pixels[] = {0, 2, 16384 - 6, 16384, 100 * 1000, 3 * 1000 * 1000};
  for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++) {
    sample_file sample = {.number = 7, .pixels = pixels[i]};
    fixture f;
    fixture_start(&f, good);
    scu_source *source = new_source();
    scu_source_add_file(source, write_sample(&sample));
    scu_store_report *report;
    assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
    check_counts(report, 1, 0, 0, 0);
    const peer_message *got = scripted_peer_message(&f.peer, SCU__C_STORE_RQ, 0);
    scu__buffer file;
    sample_bytes(&sample, &file);
    assert_true(got->bytes.length > pixels[i] && got->bytes.length < file.length);
    assert_memory_equal(got->bytes.data, file.data + file.length - got->bytes.length, got->bytes.length);
    assert_int_equal(scu_store_report_bytes(report), got->bytes.length);
    assert_string_equal(got->command.affected_sop_class.text, SAMPLE_CLASS);
    assert_string_equal(got->command.affected_sop_instance.text, "1.2.3.7");
    assert_string_equal(f.outcomes[0].transfer_syntax, SCU__UID_EXPLICIT_LE);
    assert_string_equal(f.outcomes[0].reason, ""); /* nothing was done to it */
    scu__buffer_free(&file);
    scu_store_report_free(report);
    scu_source_free(source);
    fixture_stop(&f);
  }
}

static void test_an_explicit_file_is_rewritten_for_a_peer_that_is_implicit_only(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.only_syntax = SCU__UID_IMPLICIT_LE;
  scu_source *source = new_source();
  sample_file sample = {.number = 3, .pixels = 5000};
  scu_source_add_file(source, write_sample(&sample));
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 1, 0, 0, 0);
  assert_non_null(strstr(f.outcomes[0].reason, "rewritten"));
  assert_string_equal(f.outcomes[0].transfer_syntax, SCU__UID_IMPLICIT_LE);
  scu_dataset *wanted = sample_dataset(&sample, "1.2.3.3");
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  assert_int_equal(scu__dataset_encode(wanted, SCU__IMPLICIT_LE, &bytes, NULL), SCU_OK);
  const peer_message *got = scripted_peer_message(&f.peer, SCU__C_STORE_RQ, 0);
  assert_int_equal(got->bytes.length, bytes.length);
  assert_memory_equal(got->bytes.data, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  scu_dataset_free(wanted);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_stores_in_any_pieces_are_the_same_stores(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 3, PEER_RANDOM_WRITES};
  static const uint16_t statuses[] = {0, 0xB007, 0xA900};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    fixture f;
    fixture_start(&f, good);
    f.peer.write_size = sizes[i];
    f.peer.store_statuses = statuses;
    f.peer.store_status_count = 3;
    scu_source *source = samples(6);
    scu_store_report *report;
    assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
    check_counts(report, 2, 2, 2, 0);
    scu_store_report_free(report);
    scu_source_free(source);
    fixture_stop(&f);
  }
}

static void test_a_peer_that_takes_small_pdus_gets_small_pdus(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.max_pdu = 64; /* the peer itself checks every PDU */
  scu_source *source = new_source();
  scu_source_add_file(source, write_sample(&(sample_file){.number = 1, .pixels = 20000}));
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 1, 0, 0, 0);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

/* --- statuses ------------------------------------------------------------------------------------------------------
 */

static void start_without_retries(fixture *f, const peer_step *script) {
  fixture_prepare(f, script);
  assert_int_equal(scu_options_set_integer(f->options, SCU_OPTION_RETRIES, 0), SCU_OK);
  fixture_open(f);
}

static void test_every_class_of_status_is_told_for_its_instance(void **state) {
  (void)state;
  static const struct {
    uint16_t status;
    scu_outcome outcome;
  } rows[] = {{0x0000, SCU_OUTCOME_OK},      {0xB000, SCU_OUTCOME_WARNING}, {0xB006, SCU_OUTCOME_WARNING},
              {0xB007, SCU_OUTCOME_WARNING}, {0xA700, SCU_OUTCOME_FAILED},  {0xA7FF, SCU_OUTCOME_FAILED},
              {0xA900, SCU_OUTCOME_FAILED},  {0xC123, SCU_OUTCOME_FAILED},  {0x0110, SCU_OUTCOME_FAILED},
              {0x0122, SCU_OUTCOME_FAILED},  {0x0124, SCU_OUTCOME_FAILED},  {0x1234, SCU_OUTCOME_FAILED},
              {0xFF00, SCU_OUTCOME_FAILED},  {0xFE00, SCU_OUTCOME_FAILED}};
  enum { ROWS = sizeof rows / sizeof *rows };
  uint16_t statuses[ROWS];
  for (size_t i = 0; i < ROWS; i++) statuses[i] = rows[i].status;
  fixture f;
  start_without_retries(&f, good);
  f.peer.store_statuses = statuses;
  f.peer.store_status_count = ROWS;
  scu_source *source = samples(ROWS);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 1, 3, ROWS - 4, 0);
  assert_int_equal(scu_store_report_first_failure(report), 0xA700);
  assert_int_equal(f.outcome_count, ROWS);
  for (size_t i = 0; i < ROWS; i++) {
    assert_int_equal(f.outcomes[i].status, rows[i].status);
    assert_int_equal(f.outcomes[i].outcome, rows[i].outcome);
    if (rows[i].outcome == SCU_OUTCOME_FAILED) assert_true(strlen(f.outcomes[i].reason) > 5);
  }
  assert_int_equal(f.peer.accepted, 1);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

/* --- associations that end -----------------------------------------------------------------------------------------
 */

static void check_lost(const peer_step *ending, const char *how, int64_t retries) {
  const peer_step first[] = {{.action = PEER_WAIT_RQ},
                             {.action = PEER_ACCEPT},
                             {.action = PEER_SERVE, .count = 3},
                             {.action = PEER_WAIT_MESSAGE},
                             *ending,
                             {.action = PEER_END}};
  const peer_step *scripts[] = {first, good};
  fixture f;
  fixture_prepare_many(&f, scripts, 2);
  scu_options_set_integer(f.options, SCU_OPTION_RETRIES, retries);
  fixture_open(&f);
  scu_source *source = samples(8);
  scu_store_report *report;
  scu_result result = scu_store(f.session, source, &report);
  if (result != SCU_OK) fail_msg("%s: %s", how, scu_error_reason(scu_session_error(f.session)));
  uint64_t lost = retries == 0;
  check_counts(report, 8 - lost, 0, lost, 0);
  assert_string_equal(f.outcomes[3].uid, "1.2.3.4");
  assert_int_equal(f.outcomes[3].status, lost ? 0xFFFF : 0);
  assert_int_equal(strstr(f.outcomes[3].reason, "fate is unknown") != NULL, lost);
  assert_int_equal(f.peer.accepted, 2);
  assert_true(f.warnings[0] != 0);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

/* RULES 5: what nobody answered is sent again, unless the caller does not want it; the rest goes over another one. */
static void test_after_a_lost_association_the_rest_goes_over_another(void **state) {
  (void)state;
  for (int64_t retries = 0; retries < 3; retries++) {
    check_lost(&(peer_step){.action = PEER_CLOSE}, "close", retries);
    check_lost(&(peer_step){.action = PEER_RESET}, "reset", retries);
    check_lost(&(peer_step){.action = PEER_ABORT, .status = 2}, "abort", retries);
    check_lost(&(peer_step){.action = PEER_GARBAGE}, "garbage", retries);
    check_lost(&(peer_step){.action = PEER_RESPOND, .context = 66}, "even context", retries);
    check_lost(&(peer_step){.action = PEER_RELEASE}, "release", retries);
  }
}

static void check_all_failed(const peer_step *script, int64_t retries, scu_result expected, scu_phase phase,
                             size_t accepted) {
  fixture f;
  fixture_prepare(&f, script);
  scu_options_set_integer(f.options, SCU_OPTION_RETRIES, retries);
  fixture_open(&f);
  uint64_t before = f.time.now_ms;
  scu_source *source = samples(3);
  scu_store_report *report;
  scu_result result = scu_store(f.session, source, &report);
  const scu_error *error = scu_session_error(f.session);
  if (result != expected) fail_msg("%s: %s", scu_result_name(result), scu_error_reason(error));
  assert_int_equal(scu_error_result(error), expected);
  assert_int_equal(scu_error_phase(error), phase);
  assert_string_equal(scu_error_peer(error), f.peer.name);
  assert_non_null(report);
  check_counts(report, 0, 0, 3, 0);
  assert_int_equal(f.outcome_count, 3);
  assert_int_equal(f.peer.accepted, accepted);
  uint64_t pauses = 0; /* 1 s, 2 s, 4 s ... */
  for (size_t i = 1; i < accepted; i++) pauses += (uint64_t)1000 << (i - 1);
  assert_true(f.time.now_ms - before >= pauses);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_an_association_that_carried_nothing_is_tried_again_only_so_often(void **state) {
  (void)state;
  static const peer_step closes[] = {{.action = PEER_WAIT_RQ},
                                     {.action = PEER_ACCEPT},
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_CLOSE},
                                     {.action = PEER_END}};
  static const peer_step aborts[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_ABORT},   {.action = PEER_CLOSE},  {.action = PEER_END}};
  static const peer_step rejects[] = {{.action = PEER_WAIT_RQ},
                                      {.action = PEER_REJECT, .count = 1, .status = 1, .field = 7},
                                      {.action = PEER_CLOSE},
                                      {.action = PEER_END}};
  static const peer_step silent[] = {
      {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_END}};
  static const peer_step full[] = {{.action = PEER_WAIT_RQ},
                                   {.action = PEER_REJECT, .count = 2, .status = 3, .field = 2},
                                   {.action = PEER_CLOSE},
                                   {.action = PEER_END}};
  for (int64_t retries = 0; retries < 4; retries++) {
    size_t tries = (size_t)retries + 1;
    check_all_failed(closes, retries, SCU_ERROR_CLOSED, SCU_PHASE_RESPONSE, tries);
    check_all_failed(aborts, retries, SCU_ERROR_ABORTED, SCU_PHASE_RESPONSE, tries);
    check_all_failed(full, retries, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE, tries);
    check_all_failed(rejects, retries, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE, 1); /* for good */
    check_all_failed(silent, retries, SCU_ERROR_TIMEOUT, SCU_PHASE_RESPONSE, 1);
  }
}

static void test_a_peer_that_goes_in_the_middle_of_a_large_object_is_one_error(void **state) {
  (void)state;
  static const peer_action endings[] = {PEER_CLOSE, PEER_RESET, PEER_ABORT};
  for (size_t i = 0; i < 3; i++) {
    const peer_step script[] = {{.action = PEER_WAIT_RQ},
                                {.action = PEER_ACCEPT},
                                {.action = PEER_WAIT_BYTES, .length = 300 * 1000},
                                {.action = endings[i]},
                                {.action = PEER_END}};
    fixture f;
    fixture_start(&f, script);
    scu_source *source = new_source();
    scu_source_add_file(source, write_sample(&(sample_file){.number = 1, .pixels = 20 * 1000 * 1000}));
    scu_store_report *report;
    scu_result result = scu_store(f.session, source, &report);
    assert_int_equal(result, endings[i] == PEER_ABORT ? SCU_ERROR_ABORTED : SCU_ERROR_CLOSED);
    assert_true(scu_error_phase(scu_session_error(f.session)) != SCU_PHASE_NONE);
    check_counts(report, 0, 0, 1, 0);
    scu_store_report_free(report);
    scu_source_free(source);
    fixture_stop(&f);
  }
}

/* A peer that reads and reads moves bytes, but one that stops reading does not: no time-out while it goes on. */
/* Whatever was read of it, mapped or not: the file fails with words, and the others arrive. */
static void test_a_file_that_shrinks_while_it_is_sent_fails_alone(void **state) {
  (void)state;
  for (int64_t retries = 0; retries < 2; retries++) {
    for (long left = 0; left <= 4 << 20; left += 2 << 20) {
      fixture f;
      fixture_prepare(&f, good);
      scu_options_set_integer(f.options, SCU_OPTION_RETRIES, retries);
      fixture_open(&f);
      scu_source *source = new_source();
      const char *large = write_sample(&(sample_file){.number = 1, .pixels = 24u << 20});
      char path[512];
      snprintf(path, sizeof path, "%s", large);
      scu_source_add_file(source, path);
      scu_source_add_file(source, write_sample(&(sample_file){.number = 2, .pixels = 200}));
      scu_op *op = scu_store_start(f.session, source);
      while (f.peer.bytes_read < 1 << 20) assert_int_equal(scu_loop_wait(f.time.loop, 1000), SCU_OK);
      assert_int_equal(truncate(path, left), 0);
      assert_int_equal(scu_op_wait(op), SCU_OK);
      scu_store_report *report;
      assert_int_equal(scu_store_take(op, &report), SCU_OK);
      check_counts(report, 1, 0, 1, 0);
      assert_string_equal(f.outcomes[0].uid, "1.2.3.1");
      bool has_words = strstr(f.outcomes[0].reason, "shorter") || strstr(f.outcomes[0].reason, "changed");
      if (!has_words) fail_msg("%s", f.outcomes[0].reason);
      scu_store_report_free(report);
      scu_op_free(op);
      scu_source_free(source);
      fixture_stop(&f);
    }
  }
}

/* It was opened and lent to the kernel while the answer to another was awaited, and then it was cut. */
static void test_a_lent_file_that_shrinks_is_an_error_and_no_signal(void **state) {
  (void)state;
  static const peer_step holds[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT},  {.action = PEER_WAIT_MESSAGE},
                                    {.action = PEER_HOLD},    {.action = PEER_RESPOND}, {.action = PEER_SERVE},
                                    {.action = PEER_END}};
  for (long left = 0; left < 2 << 20; left += 500 * 1000) {
    fixture f;
    fixture_start(&f, holds);
    scu_source *source = new_source();
    char path[512];
    for (int i = 1; i <= 3; i++) {
      const char *name = write_sample(&(sample_file){.number = i, .pixels = i == 2 ? 2u << 20 : 200});
      if (i == 2) snprintf(path, sizeof path, "%s", name);
      scu_source_add_file(source, name);
    }
    scu_op *op = scu_store_start(f.session, source);
    while (scripted_peer_count(&f.peer, SCU__C_STORE_RQ) < 1)
      assert_int_equal(scu_loop_wait(f.time.loop, 1000), SCU_OK);
    assert_int_equal(truncate(path, left), 0);
    scripted_peer_go(&f.peer);
    assert_int_equal(scu_op_wait(op), SCU_OK);
    scu_store_report *report;
    assert_int_equal(scu_store_take(op, &report), SCU_OK);
    check_counts(report, 2, 0, 1, 0);
    for (size_t i = 0; i < f.outcome_count; i++)
      if (f.outcomes[i].outcome == SCU_OUTCOME_FAILED) assert_string_equal(f.outcomes[i].uid, "1.2.3.2");
    scu_store_report_free(report);
    scu_op_free(op);
    scu_source_free(source);
    fixture_stop(&f);
  }
}

static void test_a_peer_that_stops_reading_runs_into_the_time_out(void **state) {
  (void)state;
  static const peer_step script[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_STALL}};
  fixture f;
  fixture_start(&f, script);
  scu_source *source = new_source();
  scu_source_add_file(source, write_sample(&(sample_file){.number = 1, .pixels = 20 * 1000 * 1000}));
  scu_store_report *report;
  uint64_t before = f.time.now_ms;
  assert_int_equal(scu_store(f.session, source, &report), SCU_ERROR_TIMEOUT);
  assert_true(f.time.now_ms - before >= 60 * 1000 && f.time.now_ms - before < 63 * 1000);
  assert_string_equal(scu_error_peer(scu_session_error(f.session)), f.peer.name);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

/* --- cancel --------------------------------------------------------------------------------------------------------
 */

static void cancel_at_second(fixture *f) {
  if (f->outcome_count == 2) scu_cancel(f->session);
}

static void test_cancel_skips_what_was_not_begun(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.on_instance = cancel_at_second;
  scu_source *source = samples(6);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_ERROR_CANCELLED);
  uint64_t ok = scu_store_report_count(report, SCU_OUTCOME_OK);
  assert_true(ok == 2 || ok == 3);
  check_counts(report, ok, 0, 0, 6 - ok);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_STORE_RQ), ok);
  scu_session_free(f.session);
  f.session = NULL;
  assert_non_null(strstr(f.peer.log, "RELEASE-RQ"));
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_cancel_finishes_the_instance_that_is_out(void **state) {
  (void)state;
  static const peer_step script[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT},  {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_HOLD},    {.action = PEER_RESPOND}, {.action = PEER_SERVE},
                                     {.action = PEER_END}};
  fixture f;
  fixture_start(&f, script);
  scu_source *source = samples(3);
  scu_op *op = scu_store_start(f.session, source);
  TEST_LOOP_UNTIL(&f.time, f.peer.message_count == 1, 1000);
  scu_op_cancel(op);
  for (int i = 0; i < 10; i++) scu_loop_step(f.time.loop);
  assert_int_equal(scu_op_state(op), SCU_PENDING);
  scripted_peer_go(&f.peer);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
  scu_store_report *report;
  scu_store_take(op, &report);
  check_counts(report, 1, 0, 0, 2);
  scu_store_report_free(report);
  scu_op_free(op);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_cancel_while_connecting_and_freeing_at_any_time_leave_nothing(void **state) {
  (void)state;
  for (int mode = 0; mode < 3; mode++) {
    for (unsigned steps = 0; steps < 14; steps++) {
      fixture f;
      fixture_start(&f, good);
      scu_source *source = samples(2);
      scu_op *op = scu_store_start(f.session, source);
      for (unsigned i = 0; i < steps; i++) scu_loop_step(f.time.loop);
      if (mode == 1) scu_op_cancel(op);
      if (mode == 2) scu_abort(f.session);
      bool is_done = scu_op_state(op) != SCU_PENDING;
      if (mode > 0 && !is_done) assert_int_equal(scu_op_wait(op), mode == 1 ? SCU_ERROR_CANCELLED : SCU_ERROR_ABORTED);
      scu_store_report *report = NULL;
      if (mode > 0) scu_store_take(op, &report);
      if (mode > 0) assert_int_equal(f.outcome_count, 2); /* nothing is missing from the account */
      scu_store_report_free(report);
      scu_op_free(op);
      scu_source_free(source);
      fixture_stop(&f);
    }
  }
}

/* --- from a hook ---------------------------------------------------------------------------------------------------
 */

static void echo_from_hook(fixture *f) {
  scu_response *response = NULL;
  assert_int_equal(scu_echo(f->session, &response), SCU_OK);
  scu_response_free(response);
}

static void test_a_blocking_call_from_a_hook_takes_another_association(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.on_instance = echo_from_hook;
  scu_source *source = samples(5);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 5, 0, 0, 0);
  assert_int_equal(f.peer.accepted, 2);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_ECHO_RQ), 5);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void reset_from_hook(fixture *f) {
  scripted_peer_reset_all(&f->peer); /* the association goes while the hook runs */
  scu_response *response = NULL;
  scu_echo(f->session, &response);
  scu_response_free(response);
}

static void test_an_association_lost_during_a_hook_is_noticed_after_it(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.on_instance = reset_from_hook;
  scu_source *source = samples(4);
  scu_store_report *report = NULL;
  scu_store(f.session, source, &report);
  assert_int_equal(f.outcome_count, 4);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

/* --- hooks that step the loop --------------------------------------------------------------------------------------
 */

enum { TELLER_FILES_MAX = 1200 };

typedef enum meanwhile { NOTHING, RESET, CANCEL, ABORT, MEANWHILES } meanwhile;

/* A store whose hooks make blocking calls on another session of the loop. Files have their number as their name. */
typedef struct teller {
  fixture f;
  scripted_peer other;
  scu_session *busy;
  meanwhile act;
  size_t act_at;    /* when so many were told; 0 = every time */
  size_t echo_from; /* blocking calls are made when so many were told */
  size_t told;
  unsigned told_of[TELLER_FILES_MAX];
  uint64_t counts[4];
  size_t progress_calls, warnings;
} teller;

static void teller_echo(const teller *t) {
  scu_response *response = NULL;
  assert_int_equal(scu_echo(t->busy, &response), SCU_OK);
  scu_response_free(response);
}

static void teller_act(teller *t) {
  if (t->act == RESET) scripted_peer_reset_all(&t->f.peer);
  if (t->act == CANCEL) scu_cancel(t->f.session);
  if (t->act == ABORT) scu_abort(t->f.session);
}

static void teller_instance(void *user, const scu_instance_outcome *told) {
  teller *t = user;
  const char *name = strrchr(told->path, '/');
  int number = name ? atoi(name + 1) : 0;
  assert_in_range(number, 1, TELLER_FILES_MAX - 1);
  t->told_of[number]++;
  t->counts[told->outcome]++;
  t->told++;
  char path[512], reason[512];
  snprintf(path, sizeof path, "%s", told->path);
  snprintf(reason, sizeof reason, "%s", told->reason);
  if (t->act_at == 0 || t->act_at == t->told) teller_act(t);
  if (t->told >= t->echo_from) teller_echo(t);
  assert_string_equal(told->path, path); /* borrowed until the hook returns, whatever it does */
  assert_string_equal(told->reason, reason);
}

static void teller_warning(void *user, const char *text) {
  teller *t = user;
  assert_true(text[0] != 0);
  t->warnings++;
  teller_echo(t);
}

static void teller_start(teller *t, const peer_step *script, meanwhile act, size_t act_at) {
  memset(t, 0, sizeof *t);
  fixture_start(&t->f, script);
  scripted_peer_start(&t->other, t->f.time.loop, good);
  assert_int_equal(scu_session_new_on(t->f.time.loop, &t->busy, t->f.options, t->other.name), SCU_OK);
  t->act = act;
  t->act_at = act_at;
  const scu_hooks hooks = {.size = sizeof hooks, .instance = teller_instance, .warning = teller_warning, .user = t};
  scu_session_set_hooks(t->f.session, &hooks);
}

static void teller_stop(teller *t) {
  scu_session_free(t->busy);
  scripted_peer_stop(&t->other);
  fixture_stop(&t->f);
}

/* Every file once, and the report says what the hook said. */
static void check_account(const teller *t, const scu_store_report *report, size_t files) {
  assert_non_null(report);
  for (size_t i = 1; i <= files; i++)
    if (t->told_of[i] != 1)
      fail_msg("file %zu was told %u times (meanwhile %d at %zu)", i, t->told_of[i], (int)t->act, t->act_at);
  assert_int_equal(t->told, files);
  check_counts(report, t->counts[SCU_OUTCOME_OK], t->counts[SCU_OUTCOME_WARNING], t->counts[SCU_OUTCOME_FAILED],
               t->counts[SCU_OUTCOME_SKIPPED]);
}

/* One of each fate: 1 and 8 are stored, 2 with a warning, 3 is refused by status, 4 and 7 are no DICOM, 5 has a class
 * that is not taken, 6 is stored and worth a warning of ours: its meta information names another instance. */
enum { FATES = 8 };
static const uint16_t fate_statuses[] = {0, 0xB000, 0xA900, 0, 0};

static void write_fate(int number) {
  char name[32], uid[32];
  snprintf(name, sizeof name, "fates/%05d.dcm", number);
  if (number == 4 || number == 7) {
    write_scratch(name, "this is not DICOM", 17);
    return;
  }
  scu__buffer bytes;
  const char *sop_class = number == 5 ? "1.2.999.5" : NULL;
  sample_bytes(&(sample_file){.number = number, .sop_class = sop_class, .pixels = 200}, &bytes);
  size_t length = (size_t)snprintf(uid, sizeof uid, "1.2.3.%d", number);
  size_t at = 0;
  while (memcmp(bytes.data + at, uid, length) != 0) at++;
  if (number == 6) bytes.data[at + length - 1] = '9';
  write_scratch(name, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
}

static scu_source *fates(bool is_folder) {
  mkdir(in_scratch("fates"), 0700);
  scu_source *source = new_source();
  for (int i = 1; i <= FATES; i++) {
    char name[32];
    write_fate(i);
    snprintf(name, sizeof name, "fates/%05d.dcm", i);
    if (!is_folder) scu_source_add_file(source, in_scratch(name));
  }
  if (is_folder) scu_source_add_folder(source, in_scratch("fates"), NULL, 0);
  return source;
}

static void check_fates(meanwhile act, size_t act_at, bool is_folder, bool is_dry) {
  teller t;
  teller_start(&t, good, act, act_at);
  t.f.peer.refused_class = "1.2.999.";
  t.f.peer.store_statuses = fate_statuses;
  t.f.peer.store_status_count = 5;
  scu_source *source = fates(is_folder);
  scu_store_report *report = NULL;
  scu_result result =
      is_dry ? scu_store_dry_run(t.f.session, source, &report) : scu_store(t.f.session, source, &report);
  check_account(&t, report, FATES);
  uint64_t named = is_folder ? 0 : 2, skipped = is_folder ? 2 : 0;
  if (act == NOTHING) {
    assert_int_equal(result, SCU_OK);
    assert_int_equal(t.warnings, 1);
    if (is_dry)
      check_counts(report, 6, 0, named, skipped);
    else
      check_counts(report, 3, 1, 2 + named, skipped);
  }
  if (act == CANCEL && act_at < FATES) assert_int_equal(result, SCU_ERROR_CANCELLED);
  scu_store_report_free(report);
  scu_source_free(source);
  teller_stop(&t);
}

static void test_whatever_happens_while_a_hook_blocks_every_file_is_told_once(void **state) {
  (void)state;
  for (int act = NOTHING; act < MEANWHILES; act++)
    for (size_t at = 0; at <= FATES; at++)
      for (int is_folder = 0; is_folder < 2; is_folder++) check_fates((meanwhile)act, at, is_folder, false);
}

static void test_a_dry_run_whose_hooks_block_tells_every_file_once(void **state) {
  (void)state;
  for (int act = NOTHING; act < MEANWHILES; act++)
    for (size_t at = 0; at <= FATES; at++) check_fates((meanwhile)act, at, at % 2 == 0, true);
}

/* The one that is out when the association goes, and those that follow it. */
static void test_hooks_that_block_hear_of_lost_instances_once(void **state) {
  (void)state;
  static const peer_action endings[] = {PEER_CLOSE, PEER_ABORT, PEER_END};
  for (size_t i = 0; i < 3; i++) {
    for (int served = 0; served < 3; served++) {
      for (int act = NOTHING; act < MEANWHILES; act++) {
        const peer_step breaks[] = {{.action = PEER_WAIT_RQ},
                                    {.action = PEER_ACCEPT},
                                    {.action = served ? PEER_SERVE : PEER_WAIT_MESSAGE, .count = served},
                                    {.action = endings[i]},
                                    {.action = PEER_END}};
        teller t;
        teller_start(&t, breaks, (meanwhile)act, (size_t)served + 1);
        scu_source *source = samples(5);
        scu_store_report *report = NULL;
        scu_store(t.f.session, source, &report);
        check_account(&t, report, 5);
        assert_true(t.counts[SCU_OUTCOME_OK] >= (uint64_t)served);
        scu_store_report_free(report);
        scu_source_free(source);
        teller_stop(&t);
      }
    }
  }
}

/* Around the border of a window, where what was told of is forgotten. */
static void test_hooks_that_block_at_the_border_of_a_window_lose_nothing(void **state) {
  (void)state;
  enum { FILES = SCU__PLAN_WINDOW + 4 };
  for (int act = NOTHING; act < MEANWHILES; act++) {
    for (size_t at = SCU__PLAN_WINDOW - 1; at <= SCU__PLAN_WINDOW + 1; at++) {
      teller t;
      teller_start(&t, good, (meanwhile)act, at);
      t.echo_from = SCU__PLAN_WINDOW - 2;
      scu_source *source = samples(FILES);
      write_scratch("01000.dcm", "not DICOM", 9); /* the last of the window is told of without a message */
      scu_store_report *report = NULL;
      scu_store(t.f.session, source, &report);
      check_account(&t, report, FILES);
      if (act == NOTHING) check_counts(report, FILES - 1, 0, 1, 0);
      if (act == RESET) assert_true(t.counts[SCU_OUTCOME_OK] >= FILES - 2); /* one may have gone out into the void */
      scu_store_report_free(report);
      scu_source_free(source);
      teller_stop(&t);
    }
  }
}

/* What was never scanned is told of straight from the source: its path must last as long as the hook. */
static void test_hooks_that_abort_while_the_rest_is_told_hear_of_it_once(void **state) {
  (void)state;
  static const peer_step rejects[] = {{.action = PEER_WAIT_RQ},
                                      {.action = PEER_REJECT, .count = 1, .status = 1, .field = 7},
                                      {.action = PEER_CLOSE},
                                      {.action = PEER_END}};
  enum { FILES = SCU__PLAN_WINDOW + 6 };
  mkdir(in_scratch("many"), 0700);
  for (int i = 1; i <= FILES; i++) {
    char name[32];
    snprintf(name, sizeof name, "many/%05d.dcm", i);
    write_scratch(name, "not DICOM", 9);
  }
  scu__buffer bytes;
  sample_bytes(&(sample_file){.number = 1, .pixels = 10}, &bytes);
  write_scratch("many/00001.dcm", bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  for (int act = NOTHING; act < MEANWHILES; act++) {
    teller t;
    teller_start(&t, rejects, (meanwhile)act, SCU__PLAN_WINDOW + 2);
    t.echo_from = SCU__PLAN_WINDOW - 2;
    scu_source *source = new_source();
    scu_source_add_folder(source, in_scratch("many"), NULL, 0);
    scu_store_report *report = NULL;
    assert_int_equal(scu_store(t.f.session, source, &report), SCU_ERROR_REJECTED);
    check_account(&t, report, FILES);
    scu_store_report_free(report);
    scu_source_free(source);
    teller_stop(&t);
  }
}

/* Until the instance that makes progress is answered, and the next ones too. */
static void teller_progress(void *user, const scu_progress *progress) {
  teller *t = user;
  (void)progress;
  t->progress_calls++;
  size_t before = t->told;
  for (int i = 0; i < 200 && t->told == before; i++) teller_echo(t);
}

static void test_an_instance_answered_while_the_progress_hook_blocks_is_over(void **state) {
  (void)state;
  for (int act = NOTHING; act < MEANWHILES; act++) {
    teller t;
    teller_start(&t, good, (meanwhile)act, 2);
    const scu_hooks hooks = {
        .size = sizeof hooks, .instance = teller_instance, .progress = teller_progress, .user = &t};
    scu_session_set_hooks(t.f.session, &hooks);
    t.f.time.ms_per_step = 40;
    scu_source *source = new_source();
    for (int i = 1; i <= 3; i++)
      scu_source_add_file(source, write_sample(&(sample_file){.number = i, .pixels = 12 * 1000 * 1000}));
    scu_store_report *report = NULL;
    scu_store(t.f.session, source, &report);
    check_account(&t, report, 3);
    if (act == NOTHING) check_counts(report, 3, 0, 0, 0);
    assert_true(t.progress_calls > 0);
    scu_store_report_free(report);
    scu_source_free(source);
    teller_stop(&t);
  }
}

/* --- sources -------------------------------------------------------------------------------------------------------
 */

static void test_a_source_of_files_and_folders_can_be_used_again(void **state) {
  (void)state;
  for (int is_folder = 0; is_folder < 2; is_folder++) {
    fixture f;
    fixture_start(&f, good);
    scu_source *source = fates(is_folder);
    if (!is_folder) scu_source_add_folder(source, in_scratch("fates"), "00001.dcm", 0);
    uint64_t ok = is_folder ? 6 : 7;
    for (int i = 0; i < 3; i++) {
      scu_store_report *report;
      assert_int_equal(scu_store_dry_run(f.session, source, &report), SCU_OK);
      assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_OK), ok);
      scu_store_report_free(report);
      assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
      check_counts(report, ok, 0, is_folder ? 0 : 2, is_folder ? 2 : 0);
      scu_store_report_free(report);
    }
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_STORE_RQ), 3 * ok);
    scu_source_free(source);
    fixture_stop(&f);
  }
}

static void test_a_source_that_was_left_in_the_middle_begins_anew(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_source *source = fates(true);
  for (unsigned steps = 0; steps < 12; steps++) {
    scu_op *op = scu_store_start(f.session, source);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(f.time.loop);
    scu_op_free(op);
  }
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 6, 0, 0, 2);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static scu_result two_files(void *user, const char **path) {
  int *asked = user;
  *path = in_scratch("00001.dcm");
  return ++*asked <= 2 ? SCU_OK : SCU_END;
}

static void test_a_source_with_an_iterator_is_used_once(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_source *source = samples(1);
  int asked = 0;
  scu_source_add_iterator(source, two_files, &asked);
  scu_store_report *report;
  assert_int_equal(scu_store_dry_run(f.session, source, &report), SCU_OK);
  check_counts(report, 3, 0, 0, 0);
  scu_store_report_free(report);
  f.outcome_count = 0;
  report = NULL;
  assert_int_equal(scu_store(f.session, source, &report), SCU_ERROR_USAGE);
  assert_int_equal(scu_error_phase(scu_session_error(f.session)), SCU_PHASE_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "iterator"));
  assert_int_equal(f.outcome_count, 0);
  assert_int_equal(asked, 3);
  assert_int_equal(f.peer.accepted, 0);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

/* --- the plan ------------------------------------------------------------------------------------------------------
 */

static void test_more_than_128_contexts_go_over_several_associations(void **state) {
  (void)state;
  enum { FILES = 150 };
  fixture f;
  fixture_start(&f, good);
  scu_source *source = new_source();
  for (int i = 0; i < FILES; i++) {
    char class_uid[32];
    snprintf(class_uid, sizeof class_uid, "1.2.999.%d", i + 1);
    scu_source_add_file(source, write_sample(&(sample_file){.number = i, .sop_class = class_uid, .pixels = 10}));
  }
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, FILES, 0, 0, 0);
  assert_int_equal(f.peer.accepted, 3); /* two contexts each: 64, 64 and 22 */
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_an_object_has_its_own_syntax_alone_in_a_context(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_source *source = samples(1);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  assert_int_equal(scu_session_context_count(f.session), 2);
  const char *abstract, *syntax;
  assert_int_equal(scu_session_context(f.session, 0, &abstract, &syntax, NULL), 1);
  assert_string_equal(abstract, SAMPLE_CLASS);
  assert_string_equal(syntax, SCU__UID_EXPLICIT_LE);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_a_class_that_the_peer_does_not_take_fails_alone_and_says_why(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.refused_class = "1.2.999.";
  scu_source *source = new_source();
  scu_source_add_file(source, write_sample(&(sample_file){.number = 1, .pixels = 10}));
  scu_source_add_file(source, write_sample(&(sample_file){.number = 2, .sop_class = "1.2.999.5", .pixels = 10}));
  scu_source_add_file(source, write_sample(&(sample_file){.number = 3, .pixels = 10}));
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 2, 0, 1, 0);
  assert_non_null(strstr(f.outcomes[1].reason, "1.2.999.5"));
  assert_non_null(strstr(f.outcomes[1].reason, "not supported"));
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_STORE_RQ), 2);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_a_peer_that_takes_nothing_gets_no_request(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.refused_class = "1.2.840.10008.5";
  scu_source *source = samples(3);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 0, 0, 3, 0);
  assert_int_equal(f.peer.message_count, 0);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

/* --- files that are none -------------------------------------------------------------------------------------------
 */

static void test_files_that_are_not_whole_instances_are_never_sent(void **state) {
  (void)state;
  scu__buffer whole;
  sample_bytes(&(sample_file){.number = 1, .pixels = 400}, &whole);
  write_scratch("cut.dcm", whole.data, whole.length - 1);
  write_scratch("text.txt", "hello, world, this is not DICOM at all", 38);
  write_scratch("empty", "", 0);
  scu__buffer_free(&whole);
  fixture f;
  fixture_start(&f, good);
  scu_source *source = new_source();
  scu_source_add_file(source, in_scratch("cut.dcm"));
  scu_source_add_file(source, in_scratch("text.txt"));
  scu_source_add_file(source, in_scratch("empty"));
  scu_source_add_file(source, in_scratch("missing"));
  scu_source_add_file(source, write_sample(&(sample_file){.number = 9, .pixels = 2}));
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 1, 0, 4, 0);
  for (size_t i = 0; i < 4; i++) assert_true(strlen(f.outcomes[i].reason) > 5);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_STORE_RQ), 1);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_foreign_files_in_a_folder_are_skipped(void **state) {
  (void)state;
  char folder[300];
  snprintf(folder, sizeof folder, "%s/mixed", scratch_folder);
  assert_int_equal(mkdir(folder, 0700), 0);
  scu__buffer whole;
  sample_bytes(&(sample_file){.number = 1, .pixels = 400}, &whole);
  write_scratch("mixed/a.dcm", whole.data, whole.length);
  write_scratch("mixed/b.txt", "not an image", 12);
  write_scratch("mixed/c.dcm", whole.data, whole.length - 10);
  scu__buffer_free(&whole);
  fixture f;
  fixture_start(&f, good);
  scu_source *source = new_source();
  scu_source_add_folder(source, folder, NULL, 1);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 1, 0, 1, 1);
  assert_int_equal(scu_store_report_named_skips(report), 0);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static scu_result broken_iterator(void *user, const char **path) {
  int *asked = user;
  *path = in_scratch("00001.dcm");
  return ++*asked <= 2 ? SCU_OK : SCU_ERROR_STORAGE;
}

static void test_a_source_that_fails_ends_the_operation_with_its_error(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  write_sample(&(sample_file){.number = 1, .pixels = 2});
  int asked = 0;
  scu_source *source = new_source();
  scu_source_add_iterator(source, broken_iterator, &asked);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_ERROR_STORAGE);
  assert_int_equal(scu_error_phase(scu_session_error(f.session)), SCU_PHASE_FILE);
  assert_int_equal(f.outcome_count, 2); /* what came before the fault is accounted for */
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_a_dry_run_opens_no_connection(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_source *source = samples(4);
  scu_store_report *report;
  assert_int_equal(scu_store_dry_run(f.session, source, &report), SCU_OK);
  check_counts(report, 4, 0, 0, 0);
  for (int i = 0; i < 10; i++) scu_loop_step(f.time.loop);
  assert_int_equal(f.peer.accepted, 0);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_an_empty_source_needs_no_peer(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_source *source = new_source();
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, 0, 0, 0, 0);
  assert_int_equal(f.peer.accepted, 0);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_more_files_than_a_window_all_go(void **state) {
  (void)state;
  enum { FILES = 1003 }; /* SCU__PLAN_WINDOW and three */
  fixture f;
  fixture_start(&f, good);
  scu_source *source = samples(FILES);
  scu_store_report *report;
  assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
  check_counts(report, FILES, 0, 0, 0);
  assert_int_equal(f.peer.accepted, 1);
  scu_store_report_free(report);
  scu_source_free(source);
  fixture_stop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes_arrive_as_they_are_in_the_file),
      cmocka_unit_test(test_an_explicit_file_is_rewritten_for_a_peer_that_is_implicit_only),
      cmocka_unit_test(test_stores_in_any_pieces_are_the_same_stores),
      cmocka_unit_test(test_a_peer_that_takes_small_pdus_gets_small_pdus),
      cmocka_unit_test(test_every_class_of_status_is_told_for_its_instance),
      cmocka_unit_test(test_after_a_lost_association_the_rest_goes_over_another),
      cmocka_unit_test(test_an_association_that_carried_nothing_is_tried_again_only_so_often),
      cmocka_unit_test(test_a_peer_that_goes_in_the_middle_of_a_large_object_is_one_error),
      cmocka_unit_test(test_a_file_that_shrinks_while_it_is_sent_fails_alone),
      cmocka_unit_test(test_a_lent_file_that_shrinks_is_an_error_and_no_signal),
      cmocka_unit_test(test_a_peer_that_stops_reading_runs_into_the_time_out),
      cmocka_unit_test(test_cancel_skips_what_was_not_begun),
      cmocka_unit_test(test_cancel_finishes_the_instance_that_is_out),
      cmocka_unit_test(test_cancel_while_connecting_and_freeing_at_any_time_leave_nothing),
      cmocka_unit_test(test_a_blocking_call_from_a_hook_takes_another_association),
      cmocka_unit_test(test_an_association_lost_during_a_hook_is_noticed_after_it),
      cmocka_unit_test(test_whatever_happens_while_a_hook_blocks_every_file_is_told_once),
      cmocka_unit_test(test_a_dry_run_whose_hooks_block_tells_every_file_once),
      cmocka_unit_test(test_hooks_that_block_hear_of_lost_instances_once),
      cmocka_unit_test(test_hooks_that_block_at_the_border_of_a_window_lose_nothing),
      cmocka_unit_test(test_hooks_that_abort_while_the_rest_is_told_hear_of_it_once),
      cmocka_unit_test(test_an_instance_answered_while_the_progress_hook_blocks_is_over),
      cmocka_unit_test(test_a_source_of_files_and_folders_can_be_used_again),
      cmocka_unit_test(test_a_source_that_was_left_in_the_middle_begins_anew),
      cmocka_unit_test(test_a_source_with_an_iterator_is_used_once),
      cmocka_unit_test(test_more_than_128_contexts_go_over_several_associations),
      cmocka_unit_test(test_an_object_has_its_own_syntax_alone_in_a_context),
      cmocka_unit_test(test_a_class_that_the_peer_does_not_take_fails_alone_and_says_why),
      cmocka_unit_test(test_a_peer_that_takes_nothing_gets_no_request),
      cmocka_unit_test(test_files_that_are_not_whole_instances_are_never_sent),
      cmocka_unit_test(test_foreign_files_in_a_folder_are_skipped),
      cmocka_unit_test(test_a_source_that_fails_ends_the_operation_with_its_error),
      cmocka_unit_test(test_a_dry_run_opens_no_connection),
      cmocka_unit_test(test_an_empty_source_needs_no_peer),
      cmocka_unit_test(test_more_files_than_a_window_all_go),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
