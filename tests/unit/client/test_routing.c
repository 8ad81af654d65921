/* Where what is retrieved is asked for: Retrieve AE Title and Instance Availability in answers, the node file, another
 * peer's failures, wishes and waits (RULES 12, 19, 23). */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/routes.h"
#include "support/retrieve_fixture.h"
#include "unit/io/scratch.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

#define AT_B "RetrieveAETitle=B"

/* PEER, whose answers the rows are, and B, which only the node file knows. */
typedef struct two_peers {
  retrieve_run run;
  scripted_peer b;
} two_peers;

static const peer_step *const serving[] = {serves};

static void set_up(two_peers *t, const peer_step *const *scripts, size_t count, const peer_step *script_of_b) {
  memset(t, 0, sizeof *t);
  retrieve_set_up(&t->run, scripts, count);
  scripted_peer_start(&t->b, t->run.f.time.loop, script_of_b);
  t->b.instances = instances_of_tests;
  t->b.instance_count = 4;
  char text[256];
  int length = snprintf(text, sizeof text, "[pacs b]\naet=B\nhost=127.0.0.1\nport=%u\n[c]\naet=C\nhost=127.0.0.1\n",
                        (unsigned)t->b.port);
  write_scratch("nodes.ini", text, (size_t)length);
  scu_options_set_text(t->run.f.options, SCU_OPTION_NODES_FILE, in_scratch("nodes.ini"));
}

/* What the node file says of B besides; before the session is opened. */
static void say_of_b(two_peers *t, const char *more) {
  char text[256];
  int length = snprintf(text, sizeof text, "[pacs b]\naet=B\nhost=127.0.0.1\nport=%u\n%s\n", (unsigned)t->b.port, more);
  write_scratch("nodes.ini", text, (size_t)length);
}

/* B, which has everything, is to send it to our listener. */
static scu_op *start_move_at_b(two_peers *t, peer_step *move, const char *more) {
  int port = scripted_free_port();
  for (peer_step *step = move; step->action != PEER_END; step++)
    if (step->action == PEER_CALL) step->port = (uint16_t)port;
  set_up(t, serving, 1, move);
  say_of_b(t, more);
  scu_options_set_integer(t->run.f.options, SCU_OPTION_LISTEN_PORT, port);
  fixture_open(&t->run.f);
  scu_op *op = scu_move_to_self_start(t->run.f.session, t->run.query, &t->run.sink.sink);
  t->run.rows.of_study = AT_B;
  return op;
}

static void tear_down(two_peers *t) {
  scu_session_free(t->run.f.session);
  t->run.f.session = NULL;
  scripted_peer_stop(&t->b);
  retrieve_tear_down(&t->run);
}

static scu_retrieve_report *get(two_peers *t, scu_result expected) {
  scu_retrieve_report *report;
  scu_result result = scu_get(t->run.f.session, t->run.query, &t->run.sink.sink, &report);
  if (result != expected)
    fail_msg("%s: %s\n%s", scu_result_name(result), scu_error_reason(scu_session_error(t->run.f.session)),
             t->run.f.warnings);
  return report;
}

/* A get that brings everything; how often PEER and B were asked. */
static void check_get(two_peers *t, size_t of_peer, size_t of_b) {
  fixture_open(&t->run.f);
  scu_retrieve_report *report = get(t, SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_OK), 4);
  assert_int_equal(scripted_peer_count(&t->run.f.peer, SCU__C_GET_RQ), of_peer);
  assert_int_equal(scripted_peer_count(&t->b, SCU__C_GET_RQ), of_b);
  scu_retrieve_report_free(report);
}

/* --- whom to ask -------------------------------------------------------------------------------------------------- */

static void test_what_another_ae_has_is_asked_for_there(void **state) {
  (void)state;
  two_peers t;
  char asked[512];
  set_up(&t, serving, 1, serves);
  t.run.rows.of_image[0] = AT_B;
  t.run.rows.is_carried = true;
  check_get(&t, 0, 1);
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.b, SCU__C_GET_RQ, 0), asked), "STUDY 1.2.1");
  assert_int_equal(scripted_peer_count(&t.b, SCU__C_FIND_RQ), 0);
  tear_down(&t);
}

static void test_what_is_said_at_any_level_counts_and_the_deepest_most(void **state) {
  (void)state;
  static const struct {
    const char *study, *series, *image;
    bool is_at_b;
  } rows[] = {
      {AT_B, NULL, NULL, true},
      {NULL, AT_B, NULL, true},
      {AT_B, NULL, "RetrieveAETitle=PEER", false},
      {"RetrieveAETitle=PEER", NULL, AT_B, true},
      {AT_B, "RetrieveAETitle", "RetrieveAETitle", true}, /* empty says nothing */
      {"RetrieveAETitle", NULL, "RetrieveAETitle", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    two_peers t;
    set_up(&t, serving, 1, serves);
    t.run.rows.of_study = rows[i].study;
    t.run.rows.of_series = rows[i].series;
    t.run.rows.of_image[0] = rows[i].image;
    t.run.rows.is_carried = true;
    check_get(&t, !rows[i].is_at_b, rows[i].is_at_b);
    tear_down(&t);
  }
}

static void test_of_several_the_peer_itself_is_asked_else_the_first_that_is_known(void **state) {
  (void)state;
  static const struct {
    const char *titles;
    bool is_at_b;
  } rows[] = {
      {"RetrieveAETitle=B\\PEER", false}, {"RetrieveAETitle=NOBODY\\B\\C", true}, {"RetrieveAETitle=\\B", true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    two_peers t;
    set_up(&t, serving, 1, serves);
    t.run.rows.of_study = rows[i].titles;
    check_get(&t, !rows[i].is_at_b, rows[i].is_at_b);
    tear_down(&t);
  }
}

static void test_an_ae_that_nobody_knows_is_told_once_and_the_peer_is_asked(void **state) {
  (void)state;
  for (int has_nodes = 0; has_nodes < 2; has_nodes++) {
    two_peers t;
    set_up(&t, serving, 1, serves);
    if (!has_nodes) scu_options_set_text(t.run.f.options, SCU_OPTION_NODES_FILE, "");
    t.run.rows.of_image[0] = "RetrieveAETitle=NOBODY";
    t.run.rows.is_carried = true;
    check_get(&t, 1, 0);
    const char *told = strstr(t.run.f.warnings, "NOBODY");
    assert_non_null(told);
    assert_null(strstr(told + 1, "NOBODY"));
    tear_down(&t);
  }
}

/* A peer that names ever new AEs does not make us remember them all. */
static void test_more_aes_than_anybody_has_are_cut_off_and_told_once(void **state) {
  (void)state;
  two_peers t;
  scu__routes routes;
  scu_op op = {0};
  set_up(&t, serving, 1, serves);
  fixture_open(&t.run.f);
  op.session = t.run.f.session;
  scu__routes_init(&routes, &op);
  for (int i = 0; i < SCU__ROUTES_MAX + 10; i++) {
    char text[64];
    t.run.f.warnings[0] = 0;
    snprintf(text, sizeof text, "RetrieveAETitle=X%d", i);
    scu_dataset *row = peer_dataset(text);
    assert_int_equal(scu__routes_locate(&routes, row, (scu__location){0}).route, 0);
    scu_dataset_free(row);
    bool is_limit = strstr(t.run.f.warnings, "more than 63 AEs") != NULL;
    assert_int_equal(is_limit, i == SCU__ROUTES_MAX - 1);
  }
  assert_int_equal(routes.count, SCU__ROUTES_MAX);
  scu__routes_free(&routes);
  tear_down(&t);
}

static void test_each_peer_is_asked_for_what_it_has(void **state) {
  (void)state;
  two_peers t;
  char asked[512];
  set_up(&t, serving, 1, serves);
  t.run.rows.of_image[1] = t.run.rows.of_image[2] = AT_B;
  check_get(&t, 1, 1);
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_GET_RQ, 0), asked),
                      "IMAGE 1.2.3.1\\1.2.3.4");
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.b, SCU__C_GET_RQ, 0), asked), "IMAGE 1.2.3.2\\1.2.3.3");
  tear_down(&t);
}

static void test_studies_that_are_elsewhere_as_a_whole_are_asked_for_as_a_whole(void **state) {
  (void)state;
  two_peers t;
  char asked[512];
  static const char *const second[] = {"1.2.3.3", "1.2.3.4"};
  set_up(&t, serving, 1, serves);
  t.run.rows.studies = 2;
  t.run.rows.each = 2;
  t.run.f.peer.instance_count = 2;
  t.b.instances = second;
  t.b.instance_count = 2;
  t.run.rows.of_image[2] = t.run.rows.of_image[3] = AT_B;
  scu_query_set(t.run.query, "StudyInstanceUID", "1.2.1\\1.2.2");
  check_get(&t, 1, 1);
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_GET_RQ, 0), asked), "STUDY 1.2.1");
  assert_string_equal(retrieve_asked(scripted_peer_message(&t.b, SCU__C_GET_RQ, 0), asked), "STUDY 1.2.2");
  tear_down(&t);
}

static void test_a_move_elsewhere_is_asked_of_the_ae_that_has_it(void **state) {
  (void)state;
  two_peers t;
  set_up(&t, serving, 1, serves);
  fixture_open(&t.run.f);
  t.run.rows.of_study = AT_B;
  scu_query_set(t.run.query, "PatientID", "4711");
  scu_retrieve_report *report;
  assert_int_equal(scu_move(t.run.f.session, t.run.query, "VIEWER", &report), SCU_OK);
  assert_int_equal(scripted_peer_count(&t.run.f.peer, SCU__C_MOVE_RQ), 0);
  assert_string_equal(scripted_peer_message(&t.b, SCU__C_MOVE_RQ, 0)->command.move_destination.text, "VIEWER");
  scu_retrieve_report_free(report);
  tear_down(&t);
}

static void test_the_listener_of_a_move_to_ourselves_takes_what_the_other_ae_sends(void **state) {
  (void)state;
  two_peers t;
  static const peer_step sends[] = {OPEN_AS("B"),    GIVE("1.2.3.1"), GIVE("1.2.3.2"),
                                    GIVE("1.2.3.3"), GIVE("1.2.3.4"), DONE};
  peer_step move[] = {START, NEXT, CALL(sends), RESPOND(0), SERVE, END};
  move[3].port = scripted_free_port();
  set_up(&t, serving, 1, move);
  scu_options_set_integer(t.run.f.options, SCU_OPTION_LISTEN_PORT, move[3].port);
  fixture_open(&t.run.f);
  t.run.rows.of_study = AT_B;
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(t.run.f.session, t.run.query, &t.run.sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  assert_string_equal(t.run.sink.instances[0].calling_ae, "B");
  scu_retrieve_report_free(report);
  tear_down(&t);
}

/* --- the other peer ----------------------------------------------------------------------------------------------- */

typedef struct heard {
  uint32_t associations[8];
  size_t count;
} heard;

static void hear_association(void *user, uint32_t association, scu_proposal *proposal) {
  (void)proposal;
  heard *h = user;
  h->associations[h->count++ % 8] = association;
}

static void test_the_hooks_hear_of_the_associations_with_the_other_peer_by_numbers_of_their_own(void **state) {
  (void)state;
  two_peers t;
  heard h = {.count = 0};
  set_up(&t, serving, 1, serves);
  t.run.rows.of_study = AT_B;
  fixture_open(&t.run.f);
  scu_hooks hooks = {.size = sizeof hooks, .before_associate = hear_association, .user = &h};
  scu_session_set_hooks(t.run.f.session, &hooks);
  scu_retrieve_report_free(get(&t, SCU_OK));
  assert_int_equal(h.count, 2); /* C-FIND to PEER, C-GET to B */
  assert_int_equal(h.associations[0], 1);
  assert_int_equal(h.associations[1], 2);
  tear_down(&t);
}

static bool offers_identity(const scripted_peer *peer) {
  return memmem(peer->request.data, peer->request.length, "somebody", 8) != NULL;
}

static void test_who_we_are_is_not_told_to_the_other_peer(void **state) {
  (void)state;
  two_peers t;
  set_up(&t, serving, 1, serves);
  t.run.f.peer.confirms_identity = true;
  t.run.rows.of_study = AT_B;
  scu_options_set_text(t.run.f.options, SCU_OPTION_IDENTITY_USER, "somebody");
  check_get(&t, 0, 1);
  assert_true(offers_identity(&t.run.f.peer));
  assert_false(offers_identity(&t.b));
  tear_down(&t);
}

static void test_for_another_peer_that_cannot_be_reached_the_peer_itself_is_asked(void **state) {
  (void)state;
  two_peers t;
  set_up(&t, serving, 1, serves);
  scripted_peer_stop(&t.b);
  t.run.rows.of_image[1] = AT_B;
  fixture_open(&t.run.f);
  scu_retrieve_report *report = get(&t, SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  assert_int_equal(scu_retrieve_report_missing_count(report), 0);
  assert_non_null(strstr(t.run.f.warnings, "C-GET to B: "));
  assert_non_null(
      strstr(t.run.f.warnings, "1 instances did not come from whom they are said to be with: PEER is asked"));
  scu_retrieve_report_free(report);
  scripted_peer_start(&t.b, t.run.f.time.loop, serves);
  tear_down(&t);
}

static void test_nothing_at_all_from_anybody_is_the_error_of_the_last_one(void **state) {
  (void)state;
  two_peers t;
  static const peer_step breaks[] = {START, NEXT, {.action = PEER_ABORT}, END};
  static const peer_step *const breaking[] = {serves, breaks};
  set_up(&t, breaking, 2, breaks);
  t.run.rows.of_study = AT_B;
  fixture_open(&t.run.f);
  scu_retrieve_report *report = get(&t, SCU_ERROR_ABORTED);
  assert_int_equal(strncmp(scu_error_peer(scu_session_error(t.run.f.session)), "PEER@", 5), 0);
  assert_non_null(strstr(t.run.f.warnings, "B@"));
  assert_int_equal(scu_retrieve_report_missing_count(report), 4);
  scu_retrieve_report_free(report);
  tear_down(&t);
}

static void test_cancel_and_abort_reach_the_other_peer(void **state) {
  (void)state;
  static const peer_step cancelled[] = {START, NEXT, NEXT, RESPOND(0xFE00), SERVE, END};
  static const peer_step aborted[] = {START, NEXT, {.action = PEER_WAIT_ABORT}, END};
  for (int is_abort = 0; is_abort < 2; is_abort++) {
    two_peers t;
    set_up(&t, serving, 1, is_abort ? aborted : cancelled);
    t.run.rows.of_study = AT_B;
    fixture_open(&t.run.f);
    scu_op *op = scu_get_start(t.run.f.session, t.run.query, &t.run.sink.sink);
    TEST_LOOP_UNTIL(&t.run.f.time, scripted_peer_count(&t.b, SCU__C_GET_RQ) == 1, 5000);
    uint64_t before = t.run.f.time.now_ms;
    if (is_abort)
      scu_abort(t.run.f.session);
    else
      scu_cancel(t.run.f.session);
    assert_int_equal(scu_op_wait(op), is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    assert_true(t.run.f.time.now_ms - before < 1000);
    TEST_LOOP_UNTIL(&t.run.f.time, t.b.script_ends == 1, 5000);
    assert_int_equal(scripted_peer_count(&t.b, SCU__C_CANCEL_RQ), !is_abort);
    scu_op_free(op);
    tear_down(&t);
  }
}

/* --- availability ------------------------------------------------------------------------------------------------- */

static void test_what_is_offline_is_reported_and_not_asked_for(void **state) {
  (void)state;
  static const char *const words[] = {"InstanceAvailability=OFFLINE", "InstanceAvailability=UNAVAILABLE"};
  for (size_t i = 0; i < 2; i++) {
    two_peers t;
    char asked[512];
    set_up(&t, serving, 1, serves);
    fixture_open(&t.run.f);
    t.run.rows.of_image[2] = words[i];
    scu_retrieve_report *report = get(&t, SCU_OK);
    assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_INCOMPLETE);
    assert_int_equal(scu_retrieve_report_offline(report), 1);
    const scu_missing_instance *missing = scu_retrieve_report_missing_instance(report, 0);
    assert_string_equal(missing->sop_instance_uid, "1.2.3.3");
    assert_string_equal(missing->study_instance_uid, "1.2.1");
    assert_string_equal(missing->series_instance_uid, "1.2.1.1");
    assert_true(missing->is_offline);
    assert_non_null(strstr(missing->reason, "not asked for"));
    assert_int_equal(scu_retrieve_report_study(report, 0)->offline, 1);
    assert_int_equal(scripted_peer_count(&t.run.f.peer, SCU__C_GET_RQ), 1);
    assert_string_equal(retrieve_asked(scripted_peer_message(&t.run.f.peer, SCU__C_GET_RQ, 0), asked),
                        "IMAGE 1.2.3.1\\1.2.3.2\\1.2.3.4");
    scu_retrieve_report_free(report);
    tear_down(&t);
  }
}

static void test_a_study_that_is_offline_as_a_whole_is_not_asked_for_at_all(void **state) {
  (void)state;
  two_peers t;
  set_up(&t, serving, 1, serves);
  fixture_open(&t.run.f);
  t.run.rows.of_study = "InstanceAvailability=OFFLINE";
  scu_retrieve_report *report = get(&t, SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_offline(report), 4);
  assert_int_equal(scripted_peer_count(&t.run.f.peer, SCU__C_GET_RQ), 0);
  scu_retrieve_report_free(report);
  tear_down(&t);
}

static void test_a_move_elsewhere_leaves_out_what_is_offline_too(void **state) {
  (void)state;
  two_peers t;
  set_up(&t, serving, 1, serves);
  fixture_open(&t.run.f);
  t.run.rows.of_study = "InstanceAvailability=OFFLINE";
  scu_query_set(t.run.query, "PatientID", "4711");
  scu_retrieve_report *report;
  assert_int_equal(scu_move(t.run.f.session, t.run.query, "VIEWER", &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_offline(report), 1);
  assert_int_equal(scu_retrieve_report_study_count(report), 1);
  assert_string_equal(scu_retrieve_report_study(report, 0)->study_instance_uid, "1.2.1");
  assert_int_equal(scu_retrieve_report_study(report, 0)->verdict, SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scripted_peer_count(&t.run.f.peer, SCU__C_MOVE_RQ), 0);
  scu_retrieve_report_free(report);
  tear_down(&t);
}

static void test_what_is_offline_is_asked_for_when_that_is_forced_and_other_words_do_not_count(void **state) {
  (void)state;
  static const struct {
    const char *word;
    bool is_forced;
  } rows[] = {{"InstanceAvailability=OFFLINE", true},
              {"InstanceAvailability=ONLINE", false},
              {"InstanceAvailability", false},
              {"InstanceAvailability=SOMEWHERE", false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    two_peers t;
    set_up(&t, serving, 1, serves);
    scu_options_set_boolean(t.run.f.options, SCU_OPTION_FORCE_OFFLINE, rows[i].is_forced);
    t.run.rows.of_study = rows[i].word;
    check_get(&t, 1, 0);
    tear_down(&t);
  }
}

/* How long a get waits for an archive that does not say a word; the error names the option that says so. */
static uint64_t patience_for(const char *availability, uint64_t nearline_ms, const char *option) {
  static const peer_step silent[] = {START, NEXT, END};
  static const peer_step *const scripts[] = {serves, silent};
  two_peers t;
  set_up(&t, scripts, 2, serves);
  if (nearline_ms) scu_options_set_duration_ms(t.run.f.options, SCU_OPTION_TIMEOUT_NEARLINE, nearline_ms);
  fixture_open(&t.run.f);
  t.run.rows.of_image[3] = availability;
  scu_op *op = scu_get_start(t.run.f.session, t.run.query, &t.run.sink.sink);
  TEST_LOOP_UNTIL(&t.run.f.time, scripted_peer_count(&t.run.f.peer, SCU__C_GET_RQ) == 1, 5000);
  uint64_t before = t.run.f.time.now_ms;
  t.run.f.time.ms_per_step = 1000;
  assert_int_equal(scu_op_wait(op), SCU_ERROR_TIMEOUT);
  uint64_t took = t.run.f.time.now_ms - before;
  assert_non_null(strstr(scu_error_reason(scu_op_error(op)), "no C-GET response for "));
  assert_non_null(strstr(scu_error_hint(scu_op_error(op)), option));
  scu_op_free(op);
  tear_down(&t);
  return took;
}

static void test_what_is_nearline_is_waited_for_four_hours_or_as_long_as_is_set(void **state) {
  (void)state;
  uint64_t online = patience_for("InstanceAvailability=ONLINE", 0, "timeout-retrieve");
  uint64_t nearline = patience_for("InstanceAvailability=NEARLINE", 0, "timeout-nearline");
  uint64_t set = patience_for("InstanceAvailability=NEARLINE", 30 * MINUTE_MS, "timeout-nearline");
  assert_true(online >= 10 * MINUTE_MS && online < 12 * MINUTE_MS);
  assert_true(nearline >= 4 * HOUR_MS && nearline < 5 * HOUR_MS);
  assert_true(set >= 30 * MINUTE_MS && set < 35 * MINUTE_MS);
}

/* --- what its node says of another AE ----------------------------------------------------------------------------- */

static void test_the_grace_of_a_move_is_that_of_whom_is_asked(void **state) {
  (void)state;
  two_peers t;
  peer_step move[] = {START, NEXT, RESPOND(0), SERVE, END};
  scu_op *op = start_move_at_b(&t, move, "move-grace=300");
  TEST_LOOP_UNTIL(&t.run.f.time, scripted_peer_count(&t.b, SCU__C_MOVE_RQ) == 1, 5000);
  uint64_t before = t.run.f.time.now_ms;
  t.run.f.time.ms_per_step = 1000;
  scu_op_wait(op);
  assert_in_range(t.run.f.time.now_ms - before, 300 * 1000, 330 * 1000);
  scu_op_free(op);
  tear_down(&t);
}

static void test_the_wait_after_a_cancel_is_that_of_whom_is_asked(void **state) {
  (void)state;
  static const peer_step slow[] = {OPEN_AS("B"), {.action = PEER_STORE, .uid = "1.2.3.1", .length = 60000}, NEXT, DONE};
  two_peers t;
  scripted_peer sender;
  peer_step move[] = {START, NEXT, NEXT, RESPOND(0xFE00), SERVE, END};
  scu_op *op = start_move_at_b(&t, move, "cancel-wait=100");
  TEST_LOOP_UNTIL(&t.run.f.time, scripted_peer_count(&t.b, SCU__C_MOVE_RQ) == 1, 5000);
  scripted_peer_start(&sender, t.run.f.time.loop, NULL);
  sender.write_size = 100;
  int64_t port = 0;
  scu_options_get_integer(t.run.f.options, SCU_OPTION_LISTEN_PORT, &port);
  scripted_peer_call(&sender, (uint16_t)port, slow);
  TEST_LOOP_UNTIL(&t.run.f.time, t.run.sink.begun == 1, 5000);
  uint64_t before = t.run.f.time.now_ms;
  sender.write_size = 1; /* it never ends */
  t.run.f.time.ms_per_step = 1000;
  scu_op_cancel(op);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
  assert_in_range(t.run.f.time.now_ms - before, 100 * 1000, 130 * 1000);
  scu_op_free(op);
  scripted_peer_stop(&sender);
  tear_down(&t);
}

/* Its robot has fetched the tape after nine hours: it has opened the association before. */
static void test_the_listener_waits_as_long_as_for_whom_is_asked_the_longest(void **state) {
  (void)state;
  static const peer_step sends[] = {
      OPEN_AS("B"), {.action = PEER_HOLD}, GIVE("1.2.3.1"), GIVE("1.2.3.2"), GIVE("1.2.3.3"), GIVE("1.2.3.4"), DONE};
  two_peers t;
  peer_step move[] = {START, NEXT, CALL(sends), RESPOND(0), SERVE, END};
  scu_op *op = start_move_at_b(&t, move, "timeout-nearline=36000");
  t.run.rows.of_study = AT_B "|InstanceAvailability=NEARLINE";
  TEST_LOOP_UNTIL(&t.run.f.time, scripted_peer_count(&t.b, SCU__C_MOVE_RQ) == 1, 5000);
  TEST_LOOP_UNTIL(&t.run.f.time, false, 100); /* the association is there */
  t.run.f.time.ms_per_step = MINUTE_MS;
  TEST_LOOP_UNTIL(&t.run.f.time, false, 9 * HOUR_MS);
  t.run.f.time.ms_per_step = 1;
  scripted_peer_go(&t.b);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  assert_int_equal(t.run.sink.finished, 4);
  scu_op_free(op);
  tear_down(&t);
}

static void test_who_knocks_is_told_with_the_title_of_whom_is_asked(void **state) {
  (void)state;
  static const peer_step stranger[] = {
      {.action = PEER_ASSOCIATE, .text = "STRANGER"}, {.action = PEER_WAIT_CLOSE}, END};
  two_peers t;
  peer_step move[] = {START, NEXT, CALL(stranger), RESPOND(0), SERVE, END};
  scu_op *op = start_move_at_b(&t, move, "");
  t.run.f.time.ms_per_step = 100;
  scu_op_wait(op);
  assert_non_null(strstr(t.run.f.warnings, "STRANGER"));
  assert_non_null(strstr(t.run.f.warnings, "waits for (B)"));
  scu_op_free(op);
  tear_down(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_another_ae_has_is_asked_for_there),
      cmocka_unit_test(test_what_is_said_at_any_level_counts_and_the_deepest_most),
      cmocka_unit_test(test_of_several_the_peer_itself_is_asked_else_the_first_that_is_known),
      cmocka_unit_test(test_an_ae_that_nobody_knows_is_told_once_and_the_peer_is_asked),
      cmocka_unit_test(test_more_aes_than_anybody_has_are_cut_off_and_told_once),
      cmocka_unit_test(test_each_peer_is_asked_for_what_it_has),
      cmocka_unit_test(test_studies_that_are_elsewhere_as_a_whole_are_asked_for_as_a_whole),
      cmocka_unit_test(test_a_move_elsewhere_is_asked_of_the_ae_that_has_it),
      cmocka_unit_test(test_the_listener_of_a_move_to_ourselves_takes_what_the_other_ae_sends),
      cmocka_unit_test(test_the_hooks_hear_of_the_associations_with_the_other_peer_by_numbers_of_their_own),
      cmocka_unit_test(test_who_we_are_is_not_told_to_the_other_peer),
      cmocka_unit_test(test_for_another_peer_that_cannot_be_reached_the_peer_itself_is_asked),
      cmocka_unit_test(test_nothing_at_all_from_anybody_is_the_error_of_the_last_one),
      cmocka_unit_test(test_cancel_and_abort_reach_the_other_peer),
      cmocka_unit_test(test_what_is_offline_is_reported_and_not_asked_for),
      cmocka_unit_test(test_a_study_that_is_offline_as_a_whole_is_not_asked_for_at_all),
      cmocka_unit_test(test_a_move_elsewhere_leaves_out_what_is_offline_too),
      cmocka_unit_test(test_what_is_offline_is_asked_for_when_that_is_forced_and_other_words_do_not_count),
      cmocka_unit_test(test_what_is_nearline_is_waited_for_four_hours_or_as_long_as_is_set),
      cmocka_unit_test(test_the_grace_of_a_move_is_that_of_whom_is_asked),
      cmocka_unit_test(test_the_wait_after_a_cancel_is_that_of_whom_is_asked),
      cmocka_unit_test(test_the_listener_waits_as_long_as_for_whom_is_asked_the_longest),
      cmocka_unit_test(test_who_knocks_is_told_with_the_title_of_whom_is_asked),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
