/* C-MOVE to ourselves and elsewhere, against a scripted archive that sends in time, late, partly, never, or somebody
 * else in its place (catalogue D16, D19, D20, D25; RULES 18, 22-24 and 26 of the field). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"

static const int all_three[] = {0, 3, 0, 0}, one_only[] = {0, 1, 2, 0}, going_back[] = {5, 1, 0, 0};

static const peer_step good[] = {START, SERVE, END};
static const peer_step sends_three[] = {OPEN, SEND("1.2.3.1"), SEND("1.2.3.2"), SEND("1.2.3.3"), DONE};

static const char *three_instances(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  static char text[256];
  char level[17] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  if (strcmp(level, "STUDY") == 0) return row < 1 ? "StudyInstanceUID=1.2.1" : NULL;
  if (strcmp(level, "SERIES") == 0) return row < 1 ? "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1" : NULL;
  snprintf(text, sizeof text, "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=1.2.3.%zu", row + 1);
  return row < 3 ? text : NULL;
}

typedef struct move_run {
  fixture f;
  test_sink sink;
  scu_query *query;
  const peer_step *scripts[2];
  uint16_t port; /* where we listen */
} move_run;

/* The find goes over the first association, `move` is the script of the second. */
static void start_run(move_run *run, peer_step *move) {
  memset(run, 0, sizeof *run);
  run->port = scripted_free_port();
  for (peer_step *step = move; step->action != PEER_END; step++)
    if (step->action == PEER_CALL) step->port = run->port;
  run->scripts[0] = good;
  run->scripts[1] = move;
  fixture_prepare_many(&run->f, run->scripts, 2);
  scu_options_set_integer(run->f.options, SCU_OPTION_LISTEN_PORT, run->port);
  scu_options_set_text(run->f.options, SCU_OPTION_CALLING_AE, "WORKSTATION");
  fixture_open(&run->f);
  run->f.peer.row = three_instances;
  test_sink_init(&run->sink);
  assert_int_equal(scu_query_new(NULL, &run->query), SCU_OK);
  assert_int_equal(scu_query_set(run->query, "StudyInstanceUID", "1.2.1"), SCU_OK);
}

static void end_run(move_run *run) {
  scu_query_free(run->query);
  fixture_stop(&run->f);
  assert_int_equal(run->sink.open, 0);
  test_sink_free(&run->sink);
}

static void check_report(const scu_retrieve_report *report, scu_verdict verdict, uint64_t ok, size_t missing) {
  assert_non_null(report);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_OK), ok);
  assert_int_equal(scu_retrieve_report_missing_count(report), missing);
  assert_string_equal(scu_verdict_name(scu_retrieve_report_verdict(report)), scu_verdict_name(verdict));
}

static void check_move(peer_step *move, scu_result expected, scu_verdict verdict, uint64_t ok, size_t missing) {
  move_run run;
  start_run(&run, move);
  scu_retrieve_report *report;
  scu_result result = scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report);
  if (result != expected)
    fail_msg("%s: %s", scu_result_name(result), scu_error_reason(scu_session_error(run.f.session)));
  check_report(report, verdict, ok, missing);
  scu_retrieve_report_free(report);
  end_run(&run);
}

/* --- in time, late, never ------------------------------------------------------------------------------------------
 */

static void test_a_study_comes_whole_and_nobody_waits_longer_than_needed(void **state) {
  (void)state;
  peer_step move[] = {START, NEXT, CALL(sends_three), {.action = PEER_RESPOND, .counts = all_three}, SERVE, END};
  move_run run;
  start_run(&run, move);
  uint64_t before = run.f.time.now_ms;
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
  assert_true(run.f.time.now_ms - before < 2000); /* not the grace of five seconds */
  const peer_message *rq = scripted_peer_message(&run.f.peer, SCU__C_MOVE_RQ, 0);
  assert_string_equal(rq->command.move_destination.text, "WORKSTATION");
  assert_int_equal(scu_dataset_count(rq->dataset), 2);
  assert_int_equal(scu_retrieve_report_peer_completed(report), 3);
  assert_string_equal(run.sink.instances[0].calling_ae, "PEER");
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_a_move_in_any_pieces_is_the_same_move(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 13, PEER_RANDOM_WRITES};
  for (size_t i = 0; i < 3; i++) {
    peer_step move[] = {START, NEXT, CALL(sends_three), {.action = PEER_RESPOND, .counts = all_three}, SERVE, END};
    move_run run;
    start_run(&run, move);
    run.f.peer.write_size = sizes[i];
    scu_retrieve_report *report;
    assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
    check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

static void test_instances_that_come_after_the_final_response_count(void **state) {
  (void)state;
  peer_step move[] = {START, NEXT, {.action = PEER_RESPOND, .counts = all_three}, CALL(sends_three), SERVE, END};
  check_move(move, SCU_OK, SCU_VERDICT_COMPLETE, 3, 0);
}

/* Its A-RELEASE-RQ is on its way when the last instance is safe. */
static void test_a_sender_is_released_and_not_aborted(void **state) {
  (void)state;
  peer_step move[] = {START, NEXT, {.action = PEER_RESPOND, .counts = all_three}, CALL(sends_three), SERVE, END};
  move_run run;
  start_run(&run, move);
  run.f.peer.write_size = 1; /* it takes its time */
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
  TEST_LOOP_UNTIL(&run.f.time, run.f.peer.aborts > 0, 100);
  assert_int_equal(run.f.peer.aborts, 0);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_instances_on_several_associations_count(void **state) {
  (void)state;
  static const peer_step one[] = {OPEN, SEND("1.2.3.1"), DONE};
  static const peer_step two[] = {OPEN, SEND("1.2.3.2"), SEND("1.2.3.3"), DONE};
  peer_step move[] = {START, NEXT, CALL(one), CALL(two), {.action = PEER_RESPOND}, SERVE, END};
  check_move(move, SCU_OK, SCU_VERDICT_COMPLETE, 3, 0);
}

static void test_a_sender_that_keeps_its_association_open_is_not_waited_for(void **state) {
  (void)state;
  static const peer_step keeps[] = {OPEN, SEND("1.2.3.1"), SEND("1.2.3.2"), SEND("1.2.3.3"), END};
  peer_step move[] = {START, NEXT, CALL(keeps), {.action = PEER_RESPOND}, SERVE, END};
  move_run run;
  start_run(&run, move);
  uint64_t before = run.f.time.now_ms;
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
  assert_true(run.f.time.now_ms - before < 2000);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_success_without_instances_is_incomplete_after_the_grace(void **state) {
  (void)state;
  peer_step move[] = {START, NEXT, {.action = PEER_RESPOND, .counts = all_three}, SERVE, END};
  move_run run;
  start_run(&run, move);
  uint64_t before = run.f.time.now_ms;
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_INCOMPLETE, 0, 3);
  uint64_t took = run.f.time.now_ms - before;
  assert_true(took >= 5000 && took < 7000);                        /* the grace */
  assert_int_equal(scu_retrieve_report_peer_completed(report), 3); /* what it claims is told, not believed */
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_what_did_not_come_is_asked_again_by_its_uid(void **state) {
  (void)state;
  static const peer_step first[] = {OPEN, SEND("1.2.3.2"), DONE};
  static const peer_step second[] = {OPEN, SEND("1.2.3.1"), SEND("1.2.3.3"), DONE};
  peer_step move[] = {START,
                      NEXT,
                      CALL(first),
                      {.action = PEER_RESPOND, .status = 0xB000, .counts = one_only},
                      NEXT,
                      CALL(second),
                      {.action = PEER_RESPOND},
                      SERVE,
                      END};
  move_run run;
  start_run(&run, move);
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
  char text[65];
  const scu_dataset *again = scripted_peer_message(&run.f.peer, SCU__C_MOVE_RQ, 1)->dataset;
  scu_dataset_text(again, "SOPInstanceUID", text, sizeof text);
  assert_string_equal(text, "1.2.3.1\\1.2.3.3");
  assert_int_equal(scu_retrieve_report_peer_failed(report), 2);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_counters_that_are_missing_or_go_backwards_do_no_harm(void **state) {
  (void)state;
  peer_step move[] = {START,
                      NEXT,
                      {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_three},
                      {.action = PEER_RESPOND, .status = 0xFF00, .counts = going_back},
                      {.action = PEER_RESPOND, .status = 0xFF00},
                      CALL(sends_three),
                      {.action = PEER_RESPOND},
                      SERVE,
                      END};
  check_move(move, SCU_OK, SCU_VERDICT_COMPLETE, 3, 0);
}

/* --- who calls -----------------------------------------------------------------------------------------------------
 */

static void test_a_stranger_is_rejected_and_the_report_says_who_knocked(void **state) {
  (void)state;
  static const peer_step stranger[] = {
      {.action = PEER_ASSOCIATE, .text = "STRANGER"}, {.action = PEER_WAIT_CLOSE}, END};
  peer_step move[] = {START, NEXT, CALL(stranger), CALL(sends_three), {.action = PEER_RESPOND}, SERVE, END};
  move_run run;
  start_run(&run, move);
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
  assert_non_null(strstr(run.f.peer.log, "RJ(1/1/3)"));
  assert_non_null(strstr(run.f.warnings, "STRANGER"));
  assert_non_null(strstr(run.f.warnings, "127.0.0.1"));
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_whoever_is_named_in_accept_from_may_send(void **state) {
  (void)state;
  static const peer_step other[] = {{.action = PEER_ASSOCIATE, .text = "OTHER"},
                                    {.action = PEER_WAIT_AC},
                                    SEND("1.2.3.1"),
                                    SEND("1.2.3.2"),
                                    SEND("1.2.3.3"),
                                    DONE};
  peer_step move[] = {START, NEXT, CALL(other), {.action = PEER_RESPOND}, SERVE, END};
  move_run run;
  start_run(&run, move);
  scu_session_free(run.f.session);
  scu_options_set_text(run.f.options, SCU_OPTION_ACCEPT_FROM, "SOMEBODY,OTHER");
  fixture_open(&run.f);
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
  scu_retrieve_report_free(report);
  end_run(&run);
}

/* --- refusals and faults -------------------------------------------------------------------------------------------
 */

static void test_refusals_have_a_hint_where_one_can_be_given(void **state) {
  (void)state;
  static const struct {
    uint16_t status;
    const char *hint;
  } rows[] = {{0xA801, "AE"}, {0xA702, ""}, {0xA701, ""}, {0xA900, ""}, {0x0122, ""}, {0x0124, ""}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    peer_step move[] = {START, NEXT, {.action = PEER_RESPOND, .status = rows[i].status}, SERVE, END};
    move_run run;
    start_run(&run, move);
    scu_retrieve_report *report;
    assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_ERROR_REFUSED);
    const scu_error *error = scu_session_error(run.f.session);
    assert_int_equal(scu_error_dimse_status(error), rows[i].status);
    assert_true(scu_error_hint(error)[0] != 0);
    assert_non_null(strstr(scu_error_hint(error), rows[i].hint));
    check_report(report, SCU_VERDICT_INCOMPLETE, 0, 3);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

static void test_a_sender_that_vanishes_inside_an_instance_leaves_nothing_of_it(void **state) {
  (void)state;
  static const peer_action endings[] = {PEER_CLOSE, PEER_RESET};
  for (size_t i = 0; i < 2; i++) {
    const peer_step breaks[] = {OPEN,
                                SEND("1.2.3.1"),
                                {.action = PEER_STORE, .uid = "1.2.3.2", .length = 60000, .cut = 40000},
                                {.action = endings[i]},
                                END};
    static const peer_step rest[] = {OPEN, SEND("1.2.3.2"), SEND("1.2.3.3"), DONE};
    peer_step move[] = {START,
                        NEXT,
                        CALL(breaks),
                        {.action = PEER_RESPOND, .status = 0xB000},
                        NEXT,
                        CALL(rest),
                        {.action = PEER_RESPOND},
                        SERVE,
                        END};
    move_run run;
    start_run(&run, move);
    scu_retrieve_report *report;
    assert_int_equal(scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
    check_report(report, SCU_VERDICT_COMPLETE, 3, 0);
    assert_int_equal(run.sink.discarded, 1);
    assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_FAILED), 1);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

static void test_a_move_association_that_breaks_is_one_clear_error(void **state) {
  (void)state;
  static const struct {
    peer_step step;
    scu_result result;
  } endings[] = {{{.action = PEER_CLOSE}, SCU_ERROR_CLOSED},
                 {{.action = PEER_ABORT}, SCU_ERROR_ABORTED},
                 {{.action = PEER_GARBAGE}, SCU_ERROR_PROTOCOL},
                 {{.action = PEER_END}, SCU_ERROR_TIMEOUT}};
  static const peer_step one[] = {OPEN, SEND("1.2.3.1"), DONE};
  for (size_t i = 0; i < 4; i++) {
    peer_step move[] = {START, NEXT, CALL(one), endings[i].step, END, END};
    check_move(move, endings[i].result, SCU_VERDICT_INCOMPLETE, 1, 2);
  }
}

static void test_a_port_in_use_is_told_before_anything_is_asked_for(void **state) {
  (void)state;
  peer_step move[] = {START, SERVE, END};
  move_run run;
  start_run(&run, move);
  scu_session_free(run.f.session);
  scu_options_set_integer(run.f.options, SCU_OPTION_LISTEN_PORT, run.f.peer.port);
  fixture_open(&run.f);
  scu_retrieve_report *report;
  scu_result result = scu_move_to_self(run.f.session, run.query, &run.sink.sink, &report);
  assert_int_equal(result, SCU_ERROR_TRANSPORT);
  assert_int_equal(scu_error_phase(scu_session_error(run.f.session)), SCU_PHASE_LISTEN);
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_MOVE_RQ), 0);
  scu_retrieve_report_free(report);
  end_run(&run);
}

/* --- time ----------------------------------------------------------------------------------------------------------
 */

static void test_instances_that_come_are_signs_of_life(void **state) {
  (void)state;
  static const peer_step slow[] = {OPEN, {.action = PEER_HOLD}, SEND("1.2.3.1"), END};
  peer_step move[] = {START, NEXT, CALL(slow), END};
  move_run run;
  start_run(&run, move);
  scu_op *op = scu_move_to_self_start(run.f.session, run.query, &run.sink.sink);
  TEST_LOOP_UNTIL(&run.f.time, scripted_peer_count(&run.f.peer, SCU__C_MOVE_RQ) == 1, 5000);
  uint64_t asked = run.f.time.now_ms;
  run.f.time.ms_per_step = 100;
  TEST_LOOP_UNTIL(&run.f.time, run.f.time.now_ms > asked + 500 * 1000, 600 * 1000);
  scripted_peer_go(&run.f.peer);
  TEST_LOOP_UNTIL(&run.f.time, run.f.time.now_ms > asked + 1000 * 1000, 600 * 1000);
  assert_int_equal(run.sink.finished, 1);
  assert_int_equal(scu_op_state(op), SCU_PENDING);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_TIMEOUT);
  assert_true(run.f.time.now_ms - asked < 1170 * 1000);
  scu_retrieve_report *report;
  scu_retrieve_take(op, &report);
  check_report(report, SCU_VERDICT_INCOMPLETE, 1, 2);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  end_run(&run);
}

/* --- cancel --------------------------------------------------------------------------------------------------------
 */

static void test_a_cancelled_move_ends_with_fe00_or_in_bounds(void **state) {
  (void)state;
  static const peer_step one[] = {OPEN, SEND("1.2.3.1"), END};
  for (int is_deaf = 0; is_deaf < 2; is_deaf++) {
    peer_step move[] = {
        START, NEXT, CALL(one), NEXT, {.action = is_deaf ? PEER_WAIT_CLOSE : PEER_RESPOND, .status = 0xFE00},
        SERVE, END};
    move_run run;
    start_run(&run, move);
    scu_op *op = scu_move_to_self_start(run.f.session, run.query, &run.sink.sink);
    TEST_LOOP_UNTIL(&run.f.time, run.sink.finished == 1, 5000);
    uint64_t before = run.f.time.now_ms;
    scu_op_cancel(op);
    assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
    assert_true(run.f.time.now_ms - before < 11000); /* cancel-wait and grace */
    assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_CANCEL_RQ), 1);
    scu_op_free(op);
    end_run(&run);
  }
}

/* RULES 26: a cancelled move may have an archive in the middle of something. */
static void test_an_instance_that_is_coming_when_the_cancel_is_confirmed_is_received(void **state) {
  (void)state;
  static const peer_step slow[] = {OPEN, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 60000}, NEXT, DONE};
  peer_step move[] = {START, NEXT, NEXT, {.action = PEER_RESPOND, .status = 0xFE00}, SERVE, END};
  move_run run;
  start_run(&run, move);
  scu_op *op = scu_move_to_self_start(run.f.session, run.query, &run.sink.sink);
  TEST_LOOP_UNTIL(&run.f.time, scripted_peer_count(&run.f.peer, SCU__C_MOVE_RQ) == 1, 5000);
  scripted_peer sender;
  scripted_peer_start(&sender, run.f.time.loop, NULL);
  sender.write_size = 500; /* sixty thousand bytes take their time */
  scripted_peer_call(&sender, run.port, slow);
  TEST_LOOP_UNTIL(&run.f.time, run.sink.begun == 1, 5000);
  scu_op_cancel(op);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_CANCEL_RQ), 1);
  assert_int_equal(run.sink.finished, 1);
  assert_int_equal(run.sink.discarded, 0);
  scu_op_free(op);
  scripted_peer_stop(&sender);
  end_run(&run);
}

static void test_after_a_cancel_what_comes_before_its_confirmation_is_received(void **state) {
  (void)state;
  static const peer_step slow[] = {OPEN,
                                   {.action = PEER_STORE, .uid = "1.2.3.1", .length = 60000, .fragment = 4000},
                                   NEXT,
                                   {.action = PEER_HOLD},
                                   SEND("1.2.3.2"),
                                   DONE};
  peer_step move[] = {START, NEXT, CALL(slow), END};
  move_run run;
  start_run(&run, move);
  scu_op *op = scu_move_to_self_start(run.f.session, run.query, &run.sink.sink);
  TEST_LOOP_UNTIL(&run.f.time, run.sink.finished == 1, 5000);
  scu_op_cancel(op);
  scripted_peer_go(&run.f.peer);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
  assert_int_equal(run.sink.finished, 2);
  scu_op_free(op);
  end_run(&run);
}

static void test_abort_ends_a_move_at_once_in_every_stage(void **state) {
  (void)state;
  peer_step move[] = {START, NEXT, {.action = PEER_RESPOND, .counts = all_three}, SERVE, END}; /* then the grace */
  for (unsigned steps = 0; steps < 400; steps += 1 + steps / 8) {
    move_run run;
    start_run(&run, move);
    scu_op *op = scu_move_to_self_start(run.f.session, run.query, &run.sink.sink);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(run.f.time.loop);
    uint64_t before = run.f.time.now_ms;
    scu_abort(run.f.session);
    assert_int_equal(scu_op_wait(op), SCU_ERROR_ABORTED);
    assert_true(run.f.time.now_ms - before < 1000);
    scu_op_free(op);
    end_run(&run);
  }
}

static void test_a_move_ended_at_any_step_leaves_nothing(void **state) {
  (void)state;
  for (int is_cancel = 0; is_cancel < 2; is_cancel++) {
    for (unsigned steps = 0; steps < 80; steps += 1 + steps / 20) {
      peer_step move[] = {START, NEXT, CALL(sends_three), {.action = PEER_RESPOND}, SERVE, END};
      move_run run;
      start_run(&run, move);
      scu_op *op = scu_move_to_self_start(run.f.session, run.query, &run.sink.sink);
      for (unsigned i = 0; i < steps; i++) scu_loop_step(run.f.time.loop);
      if (is_cancel) {
        scu_op_cancel(op);
        scu_op_wait(op);
      }
      scu_op_free(op);
      end_run(&run);
    }
  }
}

/* --- hooks that step the loop --------------------------------------------------------------------------------------
 */

typedef enum meanwhile { NOTHING, MOVE_GOES, ALL_GO, CANCEL, ABORT, MEANWHILES } meanwhile;

/* A move to ourselves whose hooks make blocking calls on another session of the loop; who sends is another peer. */
typedef struct blocked {
  move_run run;
  scripted_peer sender, other;
  scu_session *busy;
  meanwhile act;
  size_t act_at; /* 0 = every time */
} blocked;

static void block(blocked *b) {
  if (b->act == MOVE_GOES) scripted_peer_go(&b->run.f.peer);
  if (b->act == ALL_GO) scripted_peer_go(&b->run.f.peer), scripted_peer_reset_all(&b->sender);
  if (b->act == CANCEL) scu_cancel(b->run.f.session);
  if (b->act == ABORT) scu_abort(b->run.f.session);
  for (int i = 0; i < 3; i++) {
    scu_response *response = NULL;
    assert_int_equal(scu_echo(b->busy, &response), SCU_OK);
    scu_response_free(response);
  }
}

static void blocking_instance(fixture *f) {
  blocked *b = f->user;
  if (b->act_at == 0 || b->act_at == f->outcome_count) block(b);
}

static void blocking_warning(void *user, const char *text) {
  blocked *b = user;
  fixture_warning(&b->run.f, text);
  block(b);
}

static void start_blocked(blocked *b, peer_step *move, meanwhile act, size_t at) {
  memset(b, 0, sizeof *b);
  start_run(&b->run, move);
  scripted_peer_start(&b->sender, b->run.f.time.loop, NULL);
  scripted_peer_start(&b->other, b->run.f.time.loop, good);
  assert_int_equal(scu_session_new_on(b->run.f.time.loop, &b->busy, b->run.f.options, b->other.name), SCU_OK);
  b->act = act;
  b->act_at = at;
  b->run.f.user = b;
  b->run.f.on_instance = blocking_instance;
}

static void end_blocked(blocked *b) {
  test_sink_post(&b->run.sink, 0);
  scu_session_free(b->busy);
  scripted_peer_stop(&b->other);
  scripted_peer_stop(&b->sender);
  end_run(&b->run);
}

/* The association of the C-MOVE ends when it is let go, which is inside a hook of what is being received. */
static void run_blocked(const peer_step *sends, meanwhile act, size_t at, bool is_slow, bool is_knock) {
  static const peer_action ends[] = {PEER_CLOSE, PEER_RESET, PEER_RESPOND};
  for (size_t i = 0; i < 3; i++) {
    peer_step move[] = {START, NEXT, {.action = PEER_HOLD}, {.action = ends[i]}, {.action = PEER_SERVE}, END};
    blocked b;
    start_blocked(&b, move, act, at);
    const scu_hooks knocks = {.size = sizeof knocks, .warning = blocking_warning, .user = &b};
    if (is_knock) scu_session_set_hooks(b.run.f.session, &knocks);
    b.run.sink.is_slow = is_slow;
    scu_op *op = scu_move_to_self_start(b.run.f.session, b.run.query, &b.run.sink.sink);
    TEST_LOOP_UNTIL(&b.run.f.time, scripted_peer_count(&b.run.f.peer, SCU__C_MOVE_RQ) == 1, 5000);
    scripted_peer_call(&b.sender, b.run.port, sends);
    for (int step = 0; scu_op_state(op) == SCU_PENDING && step < 60000; step++) {
      scu_loop_step(b.run.f.time.loop);
      if (step % 16 == 15) test_sink_post(&b.run.sink, 0);
      if (step == 2000) scripted_peer_go(&b.run.f.peer);
      if (step == 4000) scripted_peer_reset_all(&b.sender); /* who stalls inside an instance */
    }
    assert_int_not_equal(scu_op_state(op), SCU_PENDING);
    scu_retrieve_report *report = NULL;
    scu_retrieve_take(op, &report);
    uint64_t told = 0;
    for (int outcome = 0; outcome < 4; outcome++) told += scu_retrieve_report_count(report, (scu_outcome)outcome);
    assert_int_equal(told, b.run.sink.begun);
    if (!is_knock) assert_int_equal(b.run.f.outcome_count, b.run.sink.begun);
    if (is_knock) assert_non_null(strstr(b.run.f.warnings, "STRANGER"));
    scu_retrieve_report_free(report);
    scu_op_free(op);
    end_blocked(&b);
  }
}

static void test_a_move_that_ends_inside_a_hook_tells_every_instance_once(void **state) {
  (void)state;
  static const peer_step pipelined[] = {OPEN,
                                        {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100},
                                        {.action = PEER_STORE, .uid = "1.2.3.2", .length = 100},
                                        {.action = PEER_STORE, .uid = "1.2.3.3", .length = 9000, .cut = 5000},
                                        END};
  for (int act = NOTHING; act < MEANWHILES; act++)
    for (size_t at = 0; at <= 3; at++)
      for (int is_slow = 0; is_slow < 2; is_slow++) {
        run_blocked(sends_three, (meanwhile)act, at, is_slow, false);
        run_blocked(pipelined, (meanwhile)act, at, is_slow, false);
      }
}

static void test_a_move_that_ends_while_its_warning_of_a_stranger_is_told(void **state) {
  (void)state;
  static const peer_step stranger[] = {
      {.action = PEER_ASSOCIATE, .text = "STRANGER"}, {.action = PEER_WAIT_CLOSE}, END};
  for (int act = NOTHING; act < MEANWHILES; act++) run_blocked(stranger, (meanwhile)act, 0, false, true);
}

/* --- elsewhere -----------------------------------------------------------------------------------------------------
 */

static void test_a_move_elsewhere_knows_only_what_the_peer_says(void **state) {
  (void)state;
  peer_step move[] = {START,
                      NEXT,
                      {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_three},
                      {.action = PEER_RESPOND, .status = 0xB000, .counts = one_only},
                      SERVE,
                      END};
  move_run run;
  start_run(&run, move);
  run.scripts[0] = move; /* the keys are unique already: nothing is looked up */
  scu_retrieve_report *report;
  assert_int_equal(scu_move(run.f.session, run.query, "ARCHIVE2", &report), SCU_OK);
  check_report(report, SCU_VERDICT_UNKNOWN, 0, 0);
  assert_int_equal(scu_retrieve_report_peer_completed(report), 1);
  assert_int_equal(scu_retrieve_report_peer_failed(report), 2);
  assert_int_equal(scu_retrieve_report_status(report), 0xB000);
  const peer_message *rq = scripted_peer_message(&run.f.peer, SCU__C_MOVE_RQ, 0);
  assert_string_equal(rq->command.move_destination.text, "ARCHIVE2");
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_FIND_RQ), 0);
  scu_retrieve_report_free(report);
  assert_int_equal(scu_move(run.f.session, run.query, "a title that is too long", &report), SCU_ERROR_USAGE);
  scu_retrieve_report_free(report);
  end_run(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_study_comes_whole_and_nobody_waits_longer_than_needed),
      cmocka_unit_test(test_a_move_in_any_pieces_is_the_same_move),
      cmocka_unit_test(test_instances_that_come_after_the_final_response_count),
      cmocka_unit_test(test_instances_on_several_associations_count),
      cmocka_unit_test(test_a_sender_is_released_and_not_aborted),
      cmocka_unit_test(test_a_sender_that_keeps_its_association_open_is_not_waited_for),
      cmocka_unit_test(test_success_without_instances_is_incomplete_after_the_grace),
      cmocka_unit_test(test_what_did_not_come_is_asked_again_by_its_uid),
      cmocka_unit_test(test_counters_that_are_missing_or_go_backwards_do_no_harm),
      cmocka_unit_test(test_a_stranger_is_rejected_and_the_report_says_who_knocked),
      cmocka_unit_test(test_whoever_is_named_in_accept_from_may_send),
      cmocka_unit_test(test_refusals_have_a_hint_where_one_can_be_given),
      cmocka_unit_test(test_a_sender_that_vanishes_inside_an_instance_leaves_nothing_of_it),
      cmocka_unit_test(test_a_move_association_that_breaks_is_one_clear_error),
      cmocka_unit_test(test_a_port_in_use_is_told_before_anything_is_asked_for),
      cmocka_unit_test(test_instances_that_come_are_signs_of_life),
      cmocka_unit_test(test_a_cancelled_move_ends_with_fe00_or_in_bounds),
      cmocka_unit_test(test_an_instance_that_is_coming_when_the_cancel_is_confirmed_is_received),
      cmocka_unit_test(test_after_a_cancel_what_comes_before_its_confirmation_is_received),
      cmocka_unit_test(test_abort_ends_a_move_at_once_in_every_stage),
      cmocka_unit_test(test_a_move_ended_at_any_step_leaves_nothing),
      cmocka_unit_test(test_a_move_that_ends_inside_a_hook_tells_every_instance_once),
      cmocka_unit_test(test_a_move_that_ends_while_its_warning_of_a_stranger_is_told),
      cmocka_unit_test(test_a_move_elsewhere_knows_only_what_the_peer_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
