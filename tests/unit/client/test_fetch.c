/* scu_fetch: by C-GET or by C-MOVE to ourselves, what the one does not bring by the other, what was lost over another
 * association; and what of it is remembered (RULES 20-22). */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/retrieve_fixture.h"
#include "unit/io/scratch.h"

#define GET_CLASS "1.2.840.10008.5.1.4.1.2.2.3"

static const peer_step refuses[] = {START, NEXT, RESPOND(0xA701), SERVE, END};
static const peer_step sends_four[] = {OPEN_AS("PEER"), GIVE("1.2.3.1"), GIVE("1.2.3.2"),
                                       GIVE("1.2.3.3"), GIVE("1.2.3.4"), DONE};
static const peer_step sends_rest[] = {OPEN_AS("PEER"), GIVE("1.2.3.2"), GIVE("1.2.3.3"), DONE};

typedef struct fetch_run {
  retrieve_run run;
  uint16_t port;
  peer_step steps[16]; /* of the association that the C-MOVE goes over */
  const peer_step *scripts[8];
} fetch_run;

static void set_up(fetch_run *t, const peer_step *const *scripts, size_t count, const peer_step *sends) {
  memset(t, 0, sizeof *t);
  t->port = scripted_free_port();
  const peer_step move[] = {START,      NEXT,  {.action = PEER_CALL, .script = sends, .port = t->port},
                            RESPOND(0), SERVE, END};
  memcpy(t->steps, move, sizeof move);
  for (size_t i = 0; i < count; i++) t->scripts[i] = scripts[i] ? scripts[i] : t->steps;
  retrieve_set_up(&t->run, t->scripts, count);
  scu_options_set_integer(t->run.f.options, SCU_OPTION_LISTEN_PORT, t->port);
  scu_options_set_text(t->run.f.options, SCU_OPTION_CALLING_AE, "WORKSTATION");
}

static void check_fetch(fetch_run *t, scu_result expected, scu_verdict verdict, size_t gets, size_t moves) {
  scu_retrieve_report *report;
  if (!t->run.f.session) fixture_open(&t->run.f);
  scu_result result = scu_fetch(t->run.f.session, t->run.query, &t->run.sink.sink, &report);
  if (result != expected)
    fail_msg("%s: %s\n%s", scu_result_name(result), scu_error_reason(scu_session_error(t->run.f.session)),
             t->run.f.warnings);
  assert_string_equal(scu_verdict_name(scu_retrieve_report_verdict(report)), scu_verdict_name(verdict));
  assert_int_equal(scripted_peer_count(&t->run.f.peer, SCU__C_GET_RQ), gets);
  assert_int_equal(scripted_peer_count(&t->run.f.peer, SCU__C_MOVE_RQ), moves);
  scu_retrieve_report_free(report);
}

/* --- by what --------------------------------------------------------------------------------------------------------
 */

static void test_what_a_get_brings_is_not_moved(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves};
  fetch_run t;
  set_up(&t, scripts, 1, sends_four);
  check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 1, 0);
  assert_string_equal(t.run.f.warnings, "");
  retrieve_tear_down(&t.run);
}

static void test_a_peer_without_get_is_asked_by_move_and_that_is_remembered(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves, serves, NULL, serves, NULL};
  fetch_run t;
  set_up(&t, scripts, 5, sends_four);
  t.run.f.peer.refused_class = GET_CLASS;
  check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 0, 1);
  assert_int_equal(t.run.f.peer.accepted, 3); /* find, get, move: not another get in every syntax there is */
  assert_non_null(strstr(t.run.f.warnings, "trying C-MOVE"));
  char asked[512];
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_MOVE_RQ, 0), asked), "STUDY 1.2.1");
  t.run.f.warnings[0] = 0;
  check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 0, 2);
  assert_string_equal(t.run.f.warnings, "");
  retrieve_tear_down(&t.run);
}

static void test_a_get_that_is_refused_is_followed_by_a_move(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves, refuses, serves, NULL};
  fetch_run t;
  set_up(&t, scripts, 4, sends_four);
  t.run.f.peer.refuses_roles = true;
  check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 0, 1);
  retrieve_tear_down(&t.run);
}

static void test_only_what_get_did_not_bring_is_moved(void **state) {
  (void)state;
  static const peer_step gives_two[] = {
      START, NEXT, GIVE("1.2.3.1"), GIVE("1.2.3.4"), RESPOND(0xB000), NEXT, RESPOND(0x0122), SERVE, END};
  static const peer_step *const scripts[] = {serves, gives_two, NULL};
  fetch_run t;
  char asked[512];
  set_up(&t, scripts, 3, sends_rest);
  check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 2, 1);
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_GET_RQ, 1), asked),
                      "IMAGE 1.2.3.2\\1.2.3.3");
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_MOVE_RQ, 0), asked),
                      "IMAGE 1.2.3.2\\1.2.3.3");
  assert_int_equal(t.run.sink.finished, 4); /* nothing came twice */
  retrieve_tear_down(&t.run);
}

static void test_the_way_may_be_set_for_all_or_in_the_node_file(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves, NULL};
  for (int is_by_node = 0; is_by_node < 2; is_by_node++) {
    fetch_run t;
    char text[256];
    set_up(&t, scripts, 2, sends_four);
    int length = snprintf(text, sizeof text, "[pacs]\naet=PEER\nhost=127.0.0.1\nport=%u\nretrieve-with=move\n",
                          (unsigned)t.run.f.peer.port);
    write_scratch("nodes.ini", text, (size_t)length);
    scu_options_set_text(t.run.f.options, SCU_OPTION_NODES_FILE, in_scratch("nodes.ini"));
    if (is_by_node)
      assert_int_equal(scu_session_new_on(t.run.f.time.loop, &t.run.f.session, t.run.f.options, "pacs"), SCU_OK);
    else
      assert_int_equal(scu_options_set_text(t.run.f.options, SCU_OPTION_RETRIEVE_WITH, "move"), SCU_OK);
    check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 0, 1);
    retrieve_tear_down(&t.run);
  }
}

static void test_get_alone_is_followed_by_no_move(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves, refuses, refuses};
  fetch_run t;
  set_up(&t, scripts, 3, sends_four);
  scu_options_set_text(t.run.f.options, SCU_OPTION_RETRIEVE_WITH, "get");
  t.run.f.peer.refused_class = GET_CLASS;
  check_fetch(&t, SCU_ERROR_REJECTED, SCU_VERDICT_INCOMPLETE, 0, 0);
  retrieve_tear_down(&t.run);
}

/* --- what goes wrong ------------------------------------------------------------------------------------------------
 */

static void test_when_neither_brings_anything_the_last_refusal_is_the_error(void **state) {
  (void)state;
  static const peer_step unknown[] = {START, NEXT, RESPOND(0xA801), SERVE, END};
  static const peer_step *const scripts[] = {serves, serves, unknown};
  fetch_run t;
  set_up(&t, scripts, 3, sends_four);
  t.run.f.peer.refused_class = GET_CLASS;
  check_fetch(&t, SCU_ERROR_REFUSED, SCU_VERDICT_INCOMPLETE, 0, 1);
  assert_int_equal(scu_error_dimse_status(scu_session_error(t.run.f.session)), 0xA801);
  retrieve_tear_down(&t.run);
}

static void test_a_part_is_no_failure_though_the_rest_is_refused(void **state) {
  (void)state;
  static const peer_step gets[] = {START, NEXT, GIVE("1.2.3.1"), RESPOND(0x0122), SERVE, END};
  static const peer_step unknown[] = {START, NEXT, RESPOND(0xA801), SERVE, END};
  static const peer_step *const scripts[] = {serves, gets, unknown};
  fetch_run t;
  set_up(&t, scripts, 3, sends_four);
  char asked[512];
  check_fetch(&t, SCU_OK, SCU_VERDICT_INCOMPLETE, 1, 1);
  assert_non_null(strstr(t.run.f.warnings, "C-MOVE to PEER"));
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_MOVE_RQ, 0), asked),
                      "IMAGE 1.2.3.2\\1.2.3.3\\1.2.3.4");
  retrieve_tear_down(&t.run);
}

/* As long as each association brings something, however many it takes. */
static void test_what_was_lost_with_an_association_is_asked_for_over_another(void **state) {
  (void)state;
  static const peer_step first[] = {START, NEXT, GIVE("1.2.3.2"), {.action = PEER_ABORT}, END};
  static const peer_step second[] = {START, NEXT, GIVE("1.2.3.4"), {.action = PEER_CLOSE}, END};
  static const peer_step *const scripts[] = {serves, first, second, serves};
  fetch_run t;
  char asked[512];
  set_up(&t, scripts, 4, sends_four);
  check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 3, 0);
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_GET_RQ, 1), asked),
                      "IMAGE 1.2.3.1\\1.2.3.3\\1.2.3.4");
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_GET_RQ, 2), asked),
                      "IMAGE 1.2.3.1\\1.2.3.3");
  retrieve_tear_down(&t.run);
}

static void test_an_association_that_brought_nothing_is_followed_by_a_move(void **state) {
  (void)state;
  static const peer_step breaks[] = {START, NEXT, {.action = PEER_ABORT}, END};
  static const peer_step silent[] = {START, NEXT, END};
  static const peer_step *const endings[] = {breaks, silent};
  for (size_t i = 0; i < 2; i++) {
    const peer_step *const scripts[] = {serves, endings[i], NULL};
    fetch_run t;
    set_up(&t, scripts, 3, sends_four);
    check_fetch(&t, SCU_OK, SCU_VERDICT_COMPLETE, 1, 1);
    retrieve_tear_down(&t.run);
  }
}

static void test_a_peer_that_is_gone_is_not_asked_in_another_way(void **state) {
  (void)state;
  static const peer_step rejects[] = {
      {.action = PEER_WAIT_RQ}, {.action = PEER_REJECT, .count = 1, .status = 1, .field = 3}, END};
  static const peer_step *const scripts[] = {serves, rejects, NULL};
  fetch_run t;
  set_up(&t, scripts, 3, sends_four);
  check_fetch(&t, SCU_ERROR_REJECTED, SCU_VERDICT_INCOMPLETE, 0, 0);
  assert_int_equal(t.run.f.peer.accepted, 2);
  retrieve_tear_down(&t.run);
}

static void test_the_caller_s_abort_is_the_end(void **state) {
  (void)state;
  static const peer_step silent[] = {START, NEXT, GIVE("1.2.3.1"), {.action = PEER_WAIT_ABORT}, END};
  static const peer_step *const scripts[] = {serves, silent, NULL};
  fetch_run t;
  set_up(&t, scripts, 3, sends_four);
  fixture_open(&t.run.f);
  scu_op *op = scu_fetch_start(t.run.f.session, t.run.query, &t.run.sink.sink);
  TEST_LOOP_UNTIL(&t.run.f.time, t.run.sink.finished == 1, 5000);
  scu_abort(t.run.f.session);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_ABORTED);
  scu_op_free(op);
  assert_int_equal(scripted_peer_count(&t.run.f.peer, SCU__C_MOVE_RQ), 0);
  assert_int_equal(scripted_peer_count(&t.run.f.peer, SCU__C_GET_RQ), 1);
  retrieve_tear_down(&t.run);
}

static void test_what_we_do_not_keep_ourselves_is_not_moved(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves};
  fetch_run t;
  set_up(&t, scripts, 1, sends_four);
  t.run.sink.status = 0xA700;
  scu_retrieve_report *report;
  fixture_open(&t.run.f);
  assert_int_equal(scu_fetch(t.run.f.session, t.run.query, &t.run.sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scripted_peer_count(&t.run.f.peer, SCU__C_MOVE_RQ), 0);
  scu_retrieve_report_free(report);
  retrieve_tear_down(&t.run);
}

static void test_a_port_that_is_taken_costs_the_move_only(void **state) {
  (void)state;
  static const peer_step gets[] = {START, NEXT, GIVE("1.2.3.1"), RESPOND(0x0122), SERVE, END};
  static const peer_step *const scripts[] = {serves, gets, NULL};
  fetch_run t;
  set_up(&t, scripts, 3, sends_four);
  scu_options_set_integer(t.run.f.options, SCU_OPTION_LISTEN_PORT, t.run.f.peer.port);
  check_fetch(&t, SCU_OK, SCU_VERDICT_INCOMPLETE, 1, 0);
  assert_non_null(strstr(t.run.f.warnings, "C-MOVE to PEER: "));
  retrieve_tear_down(&t.run);
}

static void test_without_a_promise_a_refused_get_is_followed_by_a_move_too(void **state) {
  (void)state;
  static const int four_came[] = {0, 4, 0, 0};
  static const peer_step gets[] = {START, NEXT, RESPOND(0x0122), SERVE, END};
  static const peer_step *const scripts[] = {serves, gets, NULL};
  fetch_run t;
  set_up(&t, scripts, 3, sends_four);
  t.steps[4].counts = four_came;
  t.run.f.peer.refused_class = "1.2.840.10008.5.1.4.1.2.2.1";
  check_fetch(&t, SCU_OK, SCU_VERDICT_COUNT_ONLY, 1, 1);
  retrieve_tear_down(&t.run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_a_get_brings_is_not_moved),
      cmocka_unit_test(test_a_peer_without_get_is_asked_by_move_and_that_is_remembered),
      cmocka_unit_test(test_a_get_that_is_refused_is_followed_by_a_move),
      cmocka_unit_test(test_only_what_get_did_not_bring_is_moved),
      cmocka_unit_test(test_the_way_may_be_set_for_all_or_in_the_node_file),
      cmocka_unit_test(test_get_alone_is_followed_by_no_move),
      cmocka_unit_test(test_when_neither_brings_anything_the_last_refusal_is_the_error),
      cmocka_unit_test(test_a_part_is_no_failure_though_the_rest_is_refused),
      cmocka_unit_test(test_what_was_lost_with_an_association_is_asked_for_over_another),
      cmocka_unit_test(test_an_association_that_brought_nothing_is_followed_by_a_move),
      cmocka_unit_test(test_a_peer_that_is_gone_is_not_asked_in_another_way),
      cmocka_unit_test(test_the_caller_s_abort_is_the_end),
      cmocka_unit_test(test_what_we_do_not_keep_ourselves_is_not_moved),
      cmocka_unit_test(test_a_port_that_is_taken_costs_the_move_only),
      cmocka_unit_test(test_without_a_promise_a_refused_get_is_followed_by_a_move_too),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
