/* C-STORE over several associations and with several requests out at once: the asynchronous operations window (PS3.7
 * D.3.3.3; RULES 7), what is sent again (RULES 5), and who is left when an association goes. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "support/scripted_peer_words.h"
#include "unit/io/scratch.h"

#define ANSWER(code, how_far_back)                                                                                     \
  { .action = PEER_RESPOND, .status = (code), .back = (how_far_back) }

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

/* `count` small files, numbered from 1, of `classes` SOP classes in turn (1: Secondary Capture). */
static scu_source *samples_of(int count, int classes) {
  scu_source *source;
  assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
  for (int i = 1; i <= count; i++) {
    char name[32], sop_class[32];
    scu__buffer bytes;
    snprintf(sop_class, sizeof sop_class, "1.2.999.%d", i % classes);
    sample_bytes(&(sample_file){.number = i, .pixels = 200, .sop_class = classes > 1 ? sop_class : NULL}, &bytes);
    snprintf(name, sizeof name, "%05d.dcm", i);
    write_scratch(name, bytes.data, bytes.length);
    scu__buffer_free(&bytes);
    assert_int_equal(scu_source_add_file(source, in_scratch(name)), SCU_OK);
  }
  return source;
}

typedef struct run {
  fixture f;
  scu_store_report *report;
  scu_result result;
} run;

static void prepare(run *r, const peer_step *const *scripts, size_t count, int64_t associations, int64_t window) {
  memset(r, 0, sizeof *r);
  fixture_prepare_many(&r->f, scripts, count);
  assert_int_equal(scu_options_set_integer(r->f.options, SCU_OPTION_STORE_ASSOCIATIONS, associations), SCU_OK);
  assert_int_equal(scu_options_set_integer(r->f.options, SCU_OPTION_ASYNC_WINDOW, window), SCU_OK);
}

static void store(run *r, int count, int classes) {
  fixture_open(&r->f);
  scu_source *source = samples_of(count, classes);
  r->result = scu_store(r->f.session, source, &r->report);
  scu_source_free(source);
}

static void end(run *r) {
  scu_store_report_free(r->report);
  fixture_stop(&r->f);
}

static void expect(const run *r, uint64_t ok, uint64_t failed) {
  if (r->result != SCU_OK) fail_msg("%s", scu_error_reason(scu_session_error(r->f.session)));
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_OK), ok);
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_FAILED), failed);
  assert_int_equal(r->f.outcome_count, ok + failed);
}

static const fixture_outcome *outcome_of(const run *r, const char *uid) {
  for (size_t i = 0; i < r->f.outcome_count; i++)
    if (strcmp(r->f.outcomes[i].uid, uid) == 0) return &r->f.outcomes[i];
  fail_msg("%s was not told", uid);
  return NULL;
}

/* --- the window -----------------------------------------------------------------------------------------------------
 */

static void test_never_more_than_the_window_and_every_answer_to_its_own_object(void **state) {
  (void)state;
  static const peer_step reversed[] = {START,
                                       NEXT,
                                       NEXT,
                                       NEXT,
                                       NEXT,
                                       ANSWER(0xB007, 0),
                                       ANSWER(0xC123, 1),
                                       ANSWER(0xB006, 2),
                                       ANSWER(0x0000, 3),
                                       {.action = PEER_SERVE},
                                       END};
  const peer_step *scripts[] = {reversed};
  run r;
  prepare(&r, scripts, 1, 1, 8);
  r.f.peer.grants_window = true;
  r.f.peer.window = 4;
  store(&r, 10, 1);
  assert_int_equal(scu_store_report_count(r.report, SCU_OUTCOME_OK), 7);
  assert_int_equal(outcome_of(&r, "1.2.3.1")->status, 0);
  assert_int_equal(outcome_of(&r, "1.2.3.2")->status, 0xB006);
  assert_int_equal(outcome_of(&r, "1.2.3.3")->status, 0xC123);
  assert_int_equal(outcome_of(&r, "1.2.3.4")->status, 0xB007);
  assert_int_equal(r.f.peer.offered_window, 8);
  assert_int_equal(r.f.peer.most_open, 4);
  end(&r);
}

/* What is granted, what is offered, and how many then are out. */
static void test_the_smaller_of_offer_and_grant_holds(void **state) {
  (void)state;
  static const struct {
    int64_t window;
    bool grants;
    uint16_t grant;
    size_t out;
  } cases[] = {
      {1, true, 4, 1},                                     /* not proposed, so nothing is granted */
      {4, false, 0, 1},                                    /* no answer: 1 and 1 */
      {4, true, 1, 1},   {4, true, 3, 3}, {4, true, 0, 4}, /* unlimited: what we offered */
      {4, true, 100, 4},                                   /* more than was offered */
      {64, true, 0, 12},                                   /* all there are */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    peer_step script[40] = {START};
    size_t at = 2;
    for (size_t n = 0; n < cases[i].out; n++) script[at++] = (peer_step)NEXT;
    for (size_t n = 0; n < cases[i].out; n++) script[at++] = (peer_step)ANSWER(0, (int)(cases[i].out - 1 - n));
    script[at++] = (peer_step){.action = PEER_SERVE};
    const peer_step *scripts[] = {script};
    run r;
    prepare(&r, scripts, 1, 1, cases[i].window);
    r.f.peer.grants_window = cases[i].grants;
    r.f.peer.window = cases[i].grant;
    store(&r, 12, 1);
    expect(&r, 12, 0);
    assert_int_equal(r.f.peer.offered_window, cases[i].window > 1 ? cases[i].window : 0);
    assert_int_equal(r.f.peer.most_open, cases[i].out);
    end(&r);
  }
}

/* Four are out, two are answered, the connection goes: the other two are sent again over another one. */
static void test_what_was_not_answered_when_the_connection_went_is_sent_again(void **state) {
  (void)state;
  static const peer_step cut[] = {START, NEXT, NEXT, NEXT, NEXT, ANSWER(0, 0), ANSWER(0, 2), {.action = PEER_CLOSE},
                                  END};
  const peer_step *scripts[] = {cut, good};
  for (int64_t retries = 0; retries < 2; retries++) {
    run r;
    prepare(&r, scripts, 2, 1, 4);
    scu_options_set_integer(r.f.options, SCU_OPTION_RETRIES, retries);
    r.f.peer.grants_window = true;
    r.f.peer.window = 4;
    store(&r, 4, 1);
    expect(&r, retries ? 4 : 2, retries ? 0 : 2);
    assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), retries ? 6 : 4);
    assert_int_equal(outcome_of(&r, "1.2.3.4")->status, 0);
    assert_int_equal(outcome_of(&r, "1.2.3.2")->status, 0);
    assert_int_equal(strstr(outcome_of(&r, "1.2.3.1")->reason, "fate is unknown") != NULL, retries == 0);
    end(&r);
  }
}

static void test_a_peer_that_goes_away_at_the_window_is_asked_without(void **state) {
  (void)state;
  static const peer_step shy[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_CLOSE}, END};
  static const peer_step rude[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_ABORT, .status = 2}, END};
  static const peer_step *const firsts[] = {shy, rude};
  for (size_t i = 0; i < 2; i++) {
    const peer_step *scripts[] = {firsts[i], good};
    run r;
    prepare(&r, scripts, 2, 1, 4);
    store(&r, 5, 1);
    expect(&r, 5, 0);
    assert_int_equal(r.f.peer.accepted, 2);
    assert_int_equal(r.f.peer.offered_window, 0);
    assert_int_equal(r.f.peer.most_open, 1);
    assert_non_null(strstr(r.f.warnings, "asynchronous operations window"));
    end(&r);
  }
}

/* --- several associations -------------------------------------------------------------------------------------------
 */

static void test_each_object_goes_once_over_one_of_the_associations(void **state) {
  (void)state;
  const peer_step *scripts[] = {good};
  for (int64_t associations = 1; associations <= 8; associations++) {
    run r;
    prepare(&r, scripts, 1, associations, 1);
    store(&r, 40, 1);
    expect(&r, 40, 0);
    assert_int_equal(r.f.peer.accepted, associations);
    assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), 40);
    end(&r);
  }
}

static void test_no_more_associations_than_objects(void **state) {
  (void)state;
  const peer_step *scripts[] = {good};
  run r;
  prepare(&r, scripts, 1, 8, 1);
  store(&r, 3, 1);
  expect(&r, 3, 0);
  assert_int_equal(r.f.peer.accepted, 3);
  end(&r);
}

static void test_hundreds_of_classes_go_in_one_call(void **state) {
  (void)state;
  const peer_step *scripts[] = {good};
  for (int64_t associations = 1; associations <= 3; associations++) {
    run r;
    prepare(&r, scripts, 1, associations, 1);
    store(&r, 300, 150);
    expect(&r, 300, 0);
    assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), 300);
    end(&r);
  }
}

/* The peer takes two at once and rejects the third for the present: the two do all the work. */
static void test_an_association_that_is_rejected_leaves_the_work_to_the_others(void **state) {
  (void)state;
  static const peer_step full[] = {{.action = PEER_WAIT_RQ},
                                   {.action = PEER_REJECT, .count = 2, .status = 3, .field = 2},
                                   {.action = PEER_CLOSE},
                                   END};
  const peer_step *scripts[] = {good, good, full};
  run r;
  prepare(&r, scripts, 3, 3, 1);
  store(&r, 30, 1);
  expect(&r, 30, 0);
  assert_int_equal(r.f.peer.accepted, 3);
  assert_non_null(strstr(r.f.warnings, "one association less"));
  end(&r);
}

static void test_one_that_is_lost_does_not_stop_the_others(void **state) {
  (void)state;
  static const peer_step closes[] = {START, NEXT, {.action = PEER_CLOSE}, END};
  const peer_step *scripts[] = {closes, good};
  run r;
  prepare(&r, scripts, 2, 2, 1);
  store(&r, 20, 1);
  expect(&r, 20, 0);
  end(&r);
}

/* --- patience
 * --------------------------------------------------------------------------------------------------------- */

static void test_a_peer_without_room_is_given_time(void **state) {
  (void)state;
  static const uint16_t statuses[] = {0, 0xA700, 0x0213, 0, 0, 0}; /* 0213: resource limitation (PS3.7 C.5) */
  const peer_step *scripts[] = {good};
  run r;
  prepare(&r, scripts, 1, 1, 1);
  r.f.peer.store_statuses = statuses;
  r.f.peer.store_status_count = 6;
  uint64_t before = r.f.time.now_ms;
  store(&r, 4, 1);
  expect(&r, 4, 0);
  assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), 6);
  assert_true(r.f.time.now_ms - before >= 3000); /* 1 s, then 2 s */
  assert_non_null(strstr(r.f.warnings, "no room"));
  end(&r);
}

static void test_patience_ends(void **state) {
  (void)state;
  static const uint16_t full[] = {0xA700};
  const peer_step *scripts[] = {good};
  for (int64_t retries = 0; retries < 4; retries++) {
    run r;
    prepare(&r, scripts, 1, 1, 1);
    scu_options_set_integer(r.f.options, SCU_OPTION_RETRIES, retries);
    r.f.peer.store_statuses = full;
    r.f.peer.store_status_count = 1;
    uint64_t before = r.f.time.now_ms;
    store(&r, 2, 1);
    expect(&r, 0, 2);
    assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), 2 + (size_t)retries);
    assert_true(r.f.time.now_ms - before < 10000); /* with the peer, not with each instance */
    assert_int_equal(r.f.outcomes[0].status, 0xA700);
    end(&r);
  }
}

/* One object that never finds room, between others that do: their answers do not renew the patience with it. */
static void test_patience_with_one_object_ends_though_others_are_taken(void **state) {
  (void)state;
  static const peer_step picky[] = {START,        NEXT,
                                    NEXT,         ANSWER(0xA700, 1),
                                    ANSWER(0, 0), NEXT,
                                    NEXT,         ANSWER(0xA700, 1),
                                    ANSWER(0, 0), NEXT,
                                    NEXT,         ANSWER(0xA700, 1),
                                    ANSWER(0, 0), {.action = PEER_SERVE},
                                    END};
  const peer_step *scripts[] = {picky};
  run r;
  prepare(&r, scripts, 1, 1, 2);
  r.f.peer.grants_window = true;
  r.f.peer.window = 2;
  store(&r, 4, 1);
  expect(&r, 3, 1);
  assert_int_equal(outcome_of(&r, "1.2.3.1")->status, 0xA700);
  assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), 6);
  end(&r);
}

/* While it waits, cancel ends it at once and everything is told. */
static void test_cancel_does_not_wait_for_the_pause(void **state) {
  (void)state;
  static const uint16_t full[] = {0xA700};
  const peer_step *scripts[] = {good};
  run r;
  prepare(&r, scripts, 1, 2, 1);
  scu_options_set_duration_ms(r.f.options, SCU_OPTION_RETRY_WAIT, 50 * 1000);
  r.f.peer.store_statuses = full;
  r.f.peer.store_status_count = 1;
  fixture_open(&r.f);
  scu_source *source = samples_of(6, 1);
  scu_op *op = scu_store_start(r.f.session, source);
  while (!strstr(r.f.warnings, "no room")) assert_int_equal(scu_loop_wait(r.f.time.loop, 1000), SCU_OK);
  uint64_t before = r.f.time.now_ms;
  scu_op_cancel(op);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
  assert_true(r.f.time.now_ms - before < 5000);
  assert_int_equal(r.f.outcome_count, 6);
  scu_op_free(op);
  scu_source_free(source);
  end(&r);
}

/* --- the application's word -----------------------------------------------------------------------------------------
 */

typedef struct chooser {
  fixture *f;
  unsigned asked;
  scu_store_choice third; /* of the third that is asked about; the others are sent */
  bool has_started_another;
} chooser;

static scu_store_choice choose_third(void *user, scu_store_candidate *candidate) {
  chooser *c = user;
  assert_int_equal(candidate->size, sizeof *candidate);
  assert_true(strlen(candidate->path) > 0 && candidate->bytes > 0);
  candidate->priority = 2;
  if (++c->asked != 3) return SCU_STORE_SEND;
  /* A hook may do something else of its own meanwhile. */
  scu_response *response = NULL;
  c->has_started_another = scu_echo(c->f->session, &response) == SCU_OK;
  scu_response_free(response);
  return c->third;
}

static void test_the_application_may_skip_one_or_the_rest(void **state) {
  (void)state;
  static const struct {
    scu_store_choice third;
    uint64_t ok, skipped, asked;
  } cases[] = {{SCU_STORE_SEND, 8, 0, 8}, {SCU_STORE_SKIP, 7, 1, 8}, {SCU_STORE_SKIP_REST, 2, 6, 3}};
  const peer_step *scripts[] = {good};
  for (size_t i = 0; i < 3; i++) {
    run r;
    prepare(&r, scripts, 1, 1, 1);
    fixture_open(&r.f);
    chooser c = {.f = &r.f, .third = cases[i].third};
    scu_hooks hooks = {.size = sizeof hooks, .user = &c, .before_store = choose_third};
    assert_int_equal(scu_session_set_hooks(r.f.session, &hooks), SCU_OK);
    scu_source *source = samples_of(8, 1);
    assert_int_equal(scu_store(r.f.session, source, &r.report), SCU_OK);
    assert_int_equal(scu_store_report_count(r.report, SCU_OUTCOME_OK), cases[i].ok);
    assert_int_equal(scu_store_report_count(r.report, SCU_OUTCOME_SKIPPED), cases[i].skipped);
    assert_int_equal(c.asked, cases[i].asked);
    assert_true(c.has_started_another);
    assert_int_equal(scripted_peer_message(&r.f.peer, SCU__C_STORE_RQ, 0)->command.priority, 2);
    assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), cases[i].ok);
    scu_source_free(source);
    end(&r);
  }
}

/* Sent again because the association was lost: it is not asked about again. */
static void test_the_application_is_asked_once_for_each(void **state) {
  (void)state;
  static const peer_step closes[] = {START, NEXT, {.action = PEER_CLOSE}, END};
  const peer_step *scripts[] = {closes, good};
  run r;
  prepare(&r, scripts, 2, 1, 1);
  fixture_open(&r.f);
  chooser c = {.f = &r.f};
  scu_hooks hooks = {.size = sizeof hooks, .user = &c, .before_store = choose_third};
  scu_session_set_hooks(r.f.session, &hooks);
  scu_source *source = samples_of(2, 1);
  assert_int_equal(scu_store(r.f.session, source, &r.report), SCU_OK);
  assert_int_equal(scu_store_report_count(r.report, SCU_OUTCOME_OK), 2);
  assert_int_equal(c.asked, 2);
  assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), 3);
  scu_source_free(source);
  end(&r);
}

static void test_freeing_at_any_time_leaves_nothing(void **state) {
  (void)state;
  const peer_step *scripts[] = {good};
  for (int steps = 0; steps < 60; steps++) {
    run r;
    prepare(&r, scripts, 1, 3, 4);
    r.f.peer.grants_window = true;
    r.f.peer.window = 3;
    fixture_open(&r.f);
    scu_source *source = samples_of(30, 1);
    scu_op *op = scu_store_start(r.f.session, source);
    for (int i = 0; i < steps; i++) scu_loop_step(r.f.time.loop);
    scu_op_free(op);
    scu_source_free(source);
    end(&r);
  }
}

static void take_two_minutes(fixture *f) {
  for (int i = 0; i < 120; i++) {
    f->time.now_ms += 1000;
    scu_loop_step(f->time.loop);
  }
}

/* Both answers are here; the hook that is told of the first one waits for longer than a peer may be silent. */
static void test_what_waits_behind_a_hook_is_not_called_silent(void **state) {
  (void)state;
  static const peer_step both[] = {START, NEXT, NEXT, ANSWER(0, 1), ANSWER(0, 0), {.action = PEER_SERVE}, END};
  const peer_step *scripts[] = {both};
  run r;
  prepare(&r, scripts, 1, 1, 2);
  r.f.peer.grants_window = true;
  r.f.peer.window = 2;
  r.f.on_instance = take_two_minutes;
  store(&r, 2, 1);
  expect(&r, 2, 0);
  assert_int_equal(r.f.peer.accepted, 1);
  assert_int_equal(scripted_peer_count(&r.f.peer, SCU__C_STORE_RQ), 2);
  assert_null(strstr(r.f.peer.log, "ABORT"));
  end(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_never_more_than_the_window_and_every_answer_to_its_own_object),
      TEST(test_the_smaller_of_offer_and_grant_holds),
      TEST(test_what_was_not_answered_when_the_connection_went_is_sent_again),
      TEST(test_a_peer_that_goes_away_at_the_window_is_asked_without),
      TEST(test_each_object_goes_once_over_one_of_the_associations),
      TEST(test_no_more_associations_than_objects),
      TEST(test_hundreds_of_classes_go_in_one_call),
      TEST(test_an_association_that_is_rejected_leaves_the_work_to_the_others),
      TEST(test_one_that_is_lost_does_not_stop_the_others),
      TEST(test_a_peer_without_room_is_given_time),
      TEST(test_patience_ends),
      TEST(test_patience_with_one_object_ends_though_others_are_taken),
      TEST(test_cancel_does_not_wait_for_the_pause),
      TEST(test_the_application_may_skip_one_or_the_rest),
      TEST(test_the_application_is_asked_once_for_each),
      TEST(test_what_waits_behind_a_hook_is_not_called_silent),
      TEST(test_freeing_at_any_time_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
