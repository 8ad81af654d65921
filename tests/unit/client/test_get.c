/* C-GET against a scripted archive: promise, roles, what goes over the wire, what is asked again, sinks that fail and
 * wait, archives that vanish in the middle of an instance, cancels and names that are none (catalogue P36, D16, D17,
 * D22, D25; RULES 18, 20-23 and 26 of the field). */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

/* remaining, completed, failed, warning */
static const int half_way[] = {1, 1, 0, 0}, three_failed[] = {-1, 1, 3, 0}, two_of_four[] = {2, 2, 0, 0};

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};
static const char *const four[] = {"1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"};

/* A study with one series of four instances. */
static const char *four_instances(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  static char text[256];
  char level[17] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  if (strcmp(level, "STUDY") == 0) return row < 1 ? "StudyInstanceUID=1.2.1" : NULL;
  if (strcmp(level, "SERIES") == 0) return row < 1 ? "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1" : NULL;
  if (row >= 4) return NULL;
  snprintf(text, sizeof text,
           "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=%s|SOPClassUID=1.2.840.10008.5.1.4.1.1.7",
           four[row]);
  return text;
}

/* The find goes over the first association, the get over the second. */
typedef struct get_run {
  fixture f;
  test_sink sink;
  scu_query *query;
  const peer_step *scripts[3];
} get_run;

static scu_query *study_query(void) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "StudyInstanceUID", "1.2.1"), SCU_OK);
  return query;
}

static void start_run(get_run *run, const peer_step *second, const peer_step *third) {
  memset(run, 0, sizeof *run);
  run->scripts[0] = good;
  run->scripts[1] = second;
  run->scripts[2] = third;
  fixture_prepare_many(&run->f, run->scripts, 3);
  fixture_open(&run->f);
  run->f.peer.row = four_instances;
  run->f.peer.instances = four;
  run->f.peer.instance_count = 4;
  test_sink_init(&run->sink);
  run->query = study_query();
}

static void end_run(get_run *run) {
  scu_query_free(run->query);
  fixture_stop(&run->f);
  assert_int_equal(run->sink.open, 0); /* every begin has its finish or discard */
  test_sink_free(&run->sink);
}

static void check_report(const scu_retrieve_report *report, scu_verdict verdict, uint64_t ok, uint64_t failed,
                         size_t missing) {
  assert_non_null(report);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_OK), ok);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_FAILED), failed);
  assert_int_equal(scu_retrieve_report_missing_count(report), missing);
  assert_string_equal(scu_verdict_name(scu_retrieve_report_verdict(report)), scu_verdict_name(verdict));
}

/* --- what works ----------------------------------------------------------------------------------------------------
 */

static void test_a_study_comes_whole_in_any_pieces(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 11, PEER_RANDOM_WRITES};
  for (size_t i = 0; i < 4; i++) {
    get_run run;
    start_run(&run, good, good);
    run.f.peer.write_size = sizes[i];
    scu_retrieve_report *report;
    assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
    check_report(report, SCU_VERDICT_COMPLETE, 4, 0, 0);
    assert_int_equal(scu_retrieve_report_promised(report), 4);
    for (size_t j = 0; j < 4; j++) {
      assert_string_equal(run.sink.instances[j].uid, four[j]);
      assert_true(run.sink.instances[j].bytes.length > 100);
      assert_int_equal(run.sink.instances[j].bytes.length, run.sink.instances[0].bytes.length);
    }
    assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_STORE_RSP), 4);
    for (size_t j = 0; j < 4; j++)
      assert_int_equal(scripted_peer_message(&run.f.peer, SCU__C_STORE_RSP, j)->command.status, 0);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

static void test_only_unique_keys_go_into_the_identifier(void **state) {
  (void)state;
  get_run run;
  start_run(&run, good, good);
  scu_query_set(run.query, "PatientName", "Doe*"); /* resolved by the find */
  scu_query_set(run.query, "StudyDate", "2020-");
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  const peer_message *rq = scripted_peer_message(&run.f.peer, SCU__C_GET_RQ, 0);
  assert_string_equal(rq->command.affected_sop_class.text, "1.2.840.10008.5.1.4.1.2.2.3");
  assert_int_equal(scu_dataset_count(rq->dataset), 2);
  char text[65];
  scu_dataset_text(rq->dataset, "QueryRetrieveLevel", text, sizeof text);
  assert_string_equal(text, "STUDY");
  scu_dataset_text(rq->dataset, "StudyInstanceUID", text, sizeof text);
  assert_string_equal(text, "1.2.1");
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_what_did_not_come_is_asked_again_by_its_uid(void **state) {
  (void)state;
  get_run run;
  start_run(&run, good, good);
  run.f.peer.withheld = "1.2.3.3";
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 4, 0, 0);
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_GET_RQ), 2);
  const scu_dataset *again = scripted_peer_message(&run.f.peer, SCU__C_GET_RQ, 1)->dataset;
  assert_int_equal(scu_dataset_count(again), 4);
  char text[65];
  scu_dataset_text(again, "QueryRetrieveLevel", text, sizeof text);
  assert_string_equal(text, "IMAGE");
  scu_dataset_text(again, "SOPInstanceUID", text, sizeof text);
  assert_string_equal(text, "1.2.3.3");
  assert_non_null(strstr(run.f.warnings, "1 of 4"));
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_success_with_instances_missing_is_incomplete_and_lists_them(void **state) {
  (void)state;
  static const int counts[] = {0, 4, 0, 0};
  static const peer_step liar[] = {START,
                                   NEXT,
                                   {.action = PEER_STORE, .uid = "1.2.3.2", .length = 10},
                                   NEXT,
                                   {.action = PEER_RESPOND, .counts = counts},
                                   NEXT,
                                   {.action = PEER_RESPOND, .counts = counts},
                                   {.action = PEER_SERVE},
                                   END};
  get_run run;
  start_run(&run, liar, liar);
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_INCOMPLETE, 1, 0, 3);
  assert_string_equal(scu_retrieve_report_missing(report, 0), "1.2.3.1");
  assert_string_equal(scu_retrieve_report_missing(report, 1), "1.2.3.3");
  assert_string_equal(scu_retrieve_report_missing(report, 2), "1.2.3.4");
  assert_int_equal(scu_retrieve_report_status(report), 0);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_what_was_not_promised_is_kept_and_counts_for_nothing(void **state) {
  (void)state;
  static const peer_step extra[] = {START,
                                    NEXT,
                                    {.action = PEER_STORE, .uid = "9.9.9", .length = 10},
                                    NEXT,
                                    {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10},
                                    NEXT,
                                    {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10},
                                    NEXT,
                                    {.action = PEER_RESPOND},
                                    {.action = PEER_SERVE},
                                    END};
  get_run run;
  start_run(&run, extra, good);
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  /* Four promised, one extra; what came twice counts once. Nothing says whose the extra one is. */
  check_report(report, SCU_VERDICT_INCOMPLETE, 5, 0, 0);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_nothing_that_matches_is_nothing_to_bring(void **state) {
  (void)state;
  get_run run;
  start_run(&run, good, good);
  run.f.peer.row = NULL;
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_INCOMPLETE, 0, 0, 1); /* it was named */
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_GET_RQ), 0);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_without_a_find_only_counts_are_compared(void **state) {
  (void)state;
  static const int counts[] = {-1, 2, 0, 0};
  static const peer_step get[] = {START,
                                  NEXT,
                                  {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10},
                                  NEXT,
                                  {.action = PEER_RESPOND, .status = 0xFF00, .counts = half_way},
                                  {.action = PEER_STORE, .uid = "1.2.3.2", .length = 10},
                                  NEXT,
                                  {.action = PEER_RESPOND, .counts = counts},
                                  {.action = PEER_SERVE},
                                  END};
  get_run run;
  start_run(&run, get, get);
  run.f.peer.refused_class = "1.2.840.10008.5.1.4.1.2.2.1";
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COUNT_ONLY, 2, 0, 0);
  assert_non_null(strstr(run.f.warnings, "only counts"));
  scu_retrieve_report_free(report);
  end_run(&run);
}

/* --- refusals ------------------------------------------------------------------------------------------------------
 */

static void test_without_the_scp_role_no_request_is_sent(void **state) {
  (void)state;
  get_run run;
  start_run(&run, good, good);
  run.f.peer.refuses_roles = true;
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_ERROR_REJECTED);
  const scu_error *error = scu_session_error(run.f.session);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_ASSOCIATE);
  assert_non_null(strstr(scu_error_reason(error), "role"));
  assert_non_null(strstr(scu_error_hint(error), "role selection"));
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_GET_RQ), 0);
  check_report(report, SCU_VERDICT_INCOMPLETE, 0, 0, 4);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_refusals_are_told_with_their_status(void **state) {
  (void)state;
  static const uint16_t statuses[] = {0xA701, 0xA702, 0xA900, 0xC001, 0x0122, 0x0124};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    const peer_step refuses[] = {START,
                                 NEXT,
                                 {.action = PEER_RESPOND, .status = statuses[i], .comment = "go away"},
                                 {.action = PEER_SERVE},
                                 END};
    get_run run;
    start_run(&run, refuses, refuses);
    scu_retrieve_report *report;
    assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_ERROR_REFUSED);
    const scu_error *error = scu_session_error(run.f.session);
    assert_int_equal(scu_error_dimse_status(error), statuses[i]);
    assert_null(strstr(scu_error_reason(error), "go away"));
    assert_string_equal(scu_error_comment(error), "go away");
    assert_string_equal(scu_error_peer(error), run.f.peer.name);
    check_report(report, SCU_VERDICT_INCOMPLETE, 0, 0, 4);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

static void test_a_failed_list_that_cannot_be_read_does_no_harm(void **state) {
  (void)state;
  static const peer_step broken[] = {START,
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10},
                                     NEXT,
                                     {.action = PEER_RESPOND,
                                      .status = 0xB000,
                                      .counts = three_failed,
                                      .bytes = "\x08\x00\x58\x00UI\xF0\x7F",
                                      .length = 8},
                                     {.action = PEER_SERVE},
                                     END};
  get_run run;
  start_run(&run, broken, good);
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 4, 0, 0);
  assert_int_equal(scu_retrieve_report_peer_failed(report), 3);
  scu_retrieve_report_free(report);
  end_run(&run);
}

/* --- archives that vanish ------------------------------------------------------------------------------------------
 */

static void check_vanish(const peer_step *ending, size_t cut, scu_result expected) {
  const peer_step script[] = {START,
                              NEXT,
                              {.action = PEER_STORE, .uid = "1.2.3.1", .length = 5000},
                              NEXT,
                              {.action = PEER_STORE, .uid = "1.2.3.2", .length = 50000, .cut = cut},
                              *ending,
                              END};
  get_run run;
  start_run(&run, script, script);
  scu_retrieve_report *report;
  scu_result result = scu_get(run.f.session, run.query, &run.sink.sink, &report);
  const scu_error *error = scu_session_error(run.f.session);
  if (result != expected) fail_msg("cut %zu: %s: %s", cut, scu_result_name(result), scu_error_reason(error));
  assert_int_equal(scu_error_phase(error), SCU_PHASE_RESPONSE);
  assert_string_equal(scu_error_peer(error), run.f.peer.name);
  assert_int_equal(run.sink.finished, 1);
  assert_int_equal(run.sink.discarded, run.sink.begun - 1);
  check_report(report, SCU_VERDICT_INCOMPLETE, 1, run.sink.begun - 1, 3);
  scu_retrieve_report_free(report);
  end_run(&run);
}

static void test_an_archive_that_vanishes_inside_an_instance_leaves_nothing_of_it(void **state) {
  (void)state;
  static const size_t cuts[] = {5, 100, 200, 1000, 30000};
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    check_vanish(&(peer_step){.action = PEER_CLOSE}, cuts[i], SCU_ERROR_CLOSED);
    check_vanish(&(peer_step){.action = PEER_RESET}, cuts[i], SCU_ERROR_CLOSED);
    check_vanish(&(peer_step){.action = PEER_END}, cuts[i], SCU_ERROR_TIMEOUT);
  }
}

static void test_a_sub_operation_in_a_context_that_was_not_accepted_is_a_protocol_error(void **state) {
  (void)state;
  static const uint8_t contexts[] = {2, 250, 253};
  for (size_t i = 0; i < 3; i++) {
    const peer_step script[] = {
        START, NEXT, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 50, .context = contexts[i]}, END};
    get_run run;
    start_run(&run, script, script);
    scu_retrieve_report *report;
    assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_ERROR_PROTOCOL);
    assert_non_null(strstr(scu_error_reason(scu_session_error(run.f.session)), "context"));
    assert_int_equal(run.sink.begun, 0);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

static void test_a_store_over_the_context_of_the_get_is_refused_and_the_get_goes_on(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 50, .context = 1},
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 50},
                                     NEXT,
                                     {.action = PEER_RESPOND},
                                     {.action = PEER_SERVE},
                                     END};
  get_run run;
  start_run(&run, script, good);
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
  assert_int_equal(scripted_peer_message(&run.f.peer, SCU__C_STORE_RSP, 0)->command.status, 0x0122);
  assert_int_equal(scripted_peer_message(&run.f.peer, SCU__C_STORE_RSP, 1)->command.status, 0);
  scu_retrieve_report_free(report);
  end_run(&run);
}

/* --- sinks ---------------------------------------------------------------------------------------------------------
 */

static void test_what_the_sink_says_is_what_the_archive_hears(void **state) {
  (void)state;
  enum { BEGIN, WRITE, FINISH, STATUS, WAYS };
  for (int way = 0; way < WAYS; way++) {
    static const peer_step script[] = {START,
                                       NEXT,
                                       {.action = PEER_STORE, .uid = "1.2.3.1", .length = 40000},
                                       NEXT,
                                       {.action = PEER_RESPOND, .status = 0xB000},
                                       {.action = PEER_SERVE},
                                       END};
    get_run run;
    start_run(&run, script, script);
    run.sink.status = way == STATUS ? 0xA900 : 0;
    if (way == BEGIN) run.sink.begin_result = SCU_ERROR_STORAGE;
    if (way == WRITE) run.sink.write_result = SCU_ERROR_STORAGE;
    if (way == FINISH) run.sink.finish_result = SCU_ERROR_STORAGE;
    scu_retrieve_report *report;
    scu_get(run.f.session, run.query, &run.sink.sink, &report);
    check_report(report, SCU_VERDICT_INCOMPLETE, 0, 1, 4);
    assert_int_equal(scripted_peer_message(&run.f.peer, SCU__C_STORE_RSP, 0)->command.status,
                     way == STATUS ? 0xA900 : 0xA700);
    assert_int_equal(run.f.outcomes[0].outcome, SCU_OUTCOME_FAILED);
    assert_true(run.f.outcomes[0].reason[0] != 0);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

static void test_the_answer_waits_for_the_sink(void **state) {
  (void)state;
  get_run run;
  start_run(&run, good, good);
  run.sink.is_slow = true;
  scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
  for (size_t i = 0; i < 4; i++) {
    TEST_LOOP_UNTIL(&run.f.time, run.sink.waiting_count == 1, 5000);
    for (int j = 0; j < 20; j++) scu_loop_step(run.f.time.loop);
    assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_STORE_RSP), i);
    test_sink_post(&run.sink, i == 1 ? 0xB000 : 0);
  }
  assert_int_equal(scu_op_wait(op), SCU_OK);
  assert_int_equal(scripted_peer_message(&run.f.peer, SCU__C_STORE_RSP, 1)->command.status, 0xB000);
  scu_retrieve_report *report;
  assert_int_equal(scu_retrieve_take(op, &report), SCU_OK);
  check_report(report, SCU_VERDICT_COMPLETE, 3, 0, 0);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_WARNING), 1);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  end_run(&run);
}

static void test_an_association_that_ends_while_the_sink_works_is_told_so(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 50},
                                     {.action = PEER_HOLD},
                                     {.action = PEER_RESET},
                                     END};
  get_run run;
  start_run(&run, script, script);
  run.sink.is_slow = true;
  scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
  TEST_LOOP_UNTIL(&run.f.time, run.sink.waiting_count == 1, 5000);
  scripted_peer_go(&run.f.peer);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CLOSED);
  assert_int_equal(run.f.outcomes[0].status, 0xFFFF);
  assert_non_null(strstr(run.f.outcomes[0].reason, "acknowledgement"));
  scu_op_free(op);
  test_sink_post(&run.sink, 0); /* too late, and harmless */
  for (int i = 0; i < 10; i++) scu_loop_step(run.f.time.loop);
  end_run(&run);
}

/* --- hooks that step the loop --------------------------------------------------------------------------------------
 */

typedef enum meanwhile { NOTHING, PEER_GOES, SINK_ENDS, PEER_GOES_AND_SINK_ENDS, CANCEL, ABORT, MEANWHILES } meanwhile;

/* A get whose instance hook makes blocking calls on another session of the loop. */
typedef struct blocked {
  get_run run;
  scripted_peer other;
  scu_session *busy;
  meanwhile act;
  size_t act_at; /* 0 = every time */
} blocked;

static void blocking_instance(fixture *f) {
  blocked *b = f->user;
  if (b->act_at == 0 || b->act_at == f->outcome_count) {
    if (b->act == PEER_GOES || b->act == PEER_GOES_AND_SINK_ENDS) scripted_peer_reset_all(&f->peer);
    if (b->act == SINK_ENDS || b->act == PEER_GOES_AND_SINK_ENDS) test_sink_post(&b->run.sink, 0);
    if (b->act == CANCEL) scu_cancel(f->session);
    if (b->act == ABORT) scu_abort(f->session);
  }
  for (int i = 0; i < 2; i++) {
    scu_response *response = NULL;
    assert_int_equal(scu_echo(b->busy, &response), SCU_OK);
    scu_response_free(response);
  }
}

static void start_blocked(blocked *b, const peer_step *script, meanwhile act, size_t at) {
  memset(b, 0, sizeof *b);
  start_run(&b->run, script, script);
  scripted_peer_start(&b->other, b->run.f.time.loop, good);
  assert_int_equal(scu_session_new_on(b->run.f.time.loop, &b->busy, b->run.f.options, b->other.name), SCU_OK);
  b->act = act;
  b->act_at = at;
  b->run.f.user = b;
  b->run.f.on_instance = blocking_instance;
}

/* Every instance that was begun was told of, and the report says the same. */
static void check_blocked(blocked *b, const scu_retrieve_report *report) {
  uint64_t counts[4] = {0};
  for (size_t i = 0; i < b->run.f.outcome_count; i++) counts[b->run.f.outcomes[i].outcome]++;
  for (int outcome = 0; outcome < 4; outcome++)
    assert_int_equal(scu_retrieve_report_count(report, (scu_outcome)outcome), counts[outcome]);
  assert_int_equal(b->run.f.outcome_count, b->run.sink.begun);
}

static void end_blocked(blocked *b) {
  test_sink_post(&b->run.sink, 0); /* too late, and harmless */
  scu_session_free(b->busy);
  scripted_peer_stop(&b->other);
  end_run(&b->run);
}

#define PIPELINED(sop)                                                                                                 \
  { .action = PEER_STORE, .uid = sop, .length = 100 }

static void run_blocked(const peer_step *script, meanwhile act, size_t at, bool is_slow, int patience) {
  blocked b;
  start_blocked(&b, script, act, at);
  b.run.sink.is_slow = is_slow;
  b.run.f.time.ms_per_step = (uint64_t)patience;
  scu_op *op = scu_get_start(b.run.f.session, b.run.query, &b.run.sink.sink);
  for (int i = 0; scu_op_state(op) == SCU_PENDING && i < 20000; i++) {
    scu_loop_step(b.run.f.time.loop);
    if (i % 16 == 15 && patience == 1) test_sink_post(&b.run.sink, i % 32 == 15 ? 0 : 0xB000);
  }
  assert_int_not_equal(scu_op_state(op), SCU_PENDING);
  scu_retrieve_report *report = NULL;
  scu_retrieve_take(op, &report);
  check_blocked(&b, report);
  if (act == NOTHING && patience == 1) assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  end_blocked(&b);
}

static const peer_step sends_at_once[] = {START,
                                          NEXT,
                                          PIPELINED("1.2.3.1"),
                                          PIPELINED("1.2.3.2"),
                                          PIPELINED("1.2.3.3"),
                                          PIPELINED("1.2.3.4"),
                                          NEXT,
                                          NEXT,
                                          NEXT,
                                          NEXT,
                                          {.action = PEER_RESPOND},
                                          {.action = PEER_SERVE},
                                          END};

static void test_whatever_happens_while_a_hook_blocks_every_instance_is_told_once(void **state) {
  (void)state;
  for (int act = NOTHING; act < MEANWHILES; act++)
    for (size_t at = 0; at <= 4; at++)
      for (int is_slow = 0; is_slow < 2; is_slow++) {
        run_blocked(good, (meanwhile)act, at, is_slow, 1);
        run_blocked(sends_at_once, (meanwhile)act, at, is_slow, 1);
      }
}

/* The final response, the loss or the time-out finds instances that the sink still works on: told of one after the
 * other, by hooks during which the association and all that hangs on it goes. */
static void test_instances_that_a_sink_still_works_on_at_the_end_are_told_once(void **state) {
  (void)state;
  static const peer_action ends[] = {PEER_RESPOND, PEER_RESET, PEER_ABORT, PEER_RELEASE, PEER_HOLD};
  for (size_t i = 0; i < 5; i++) {
    const peer_step script[] = {
        START, NEXT, PIPELINED("1.2.3.1"), PIPELINED("1.2.3.2"), PIPELINED("1.2.3.3"), {.action = ends[i]}, END};
    for (int act = NOTHING; act < MEANWHILES; act++)
      for (size_t at = 0; at <= 3; at++) run_blocked(script, (meanwhile)act, at, true, 400);
  }
}

/* --- cancel --------------------------------------------------------------------------------------------------------
 */

static void test_cancel_answers_sub_operations_until_the_end(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 50},
                                     NEXT,
                                     NEXT, /* C-CANCEL */
                                     {.action = PEER_STORE, .uid = "1.2.3.2", .length = 50},
                                     NEXT,
                                     {.action = PEER_RESPOND, .status = 0xFE00, .counts = two_of_four},
                                     {.action = PEER_SERVE},
                                     END};
  get_run run;
  start_run(&run, script, script);
  scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
  TEST_LOOP_UNTIL(&run.f.time, run.sink.finished == 1, 5000);
  scu_op_cancel(op);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_CANCEL_RQ), 1);
  scu_retrieve_report *report;
  scu_retrieve_take(op, &report);
  check_report(report, SCU_VERDICT_INCOMPLETE, 2, 0, 2);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  end_run(&run);
}

static void test_a_cancel_that_is_ignored_ends_in_an_abort_within_bounds(void **state) {
  (void)state;
  static const peer_step script[] = {
      START, NEXT, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 50000, .cut = 20000}, END};
  for (int is_abort = 0; is_abort < 2; is_abort++) {
    get_run run;
    start_run(&run, script, script);
    scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
    TEST_LOOP_UNTIL(&run.f.time, run.sink.begun == 1, 5000);
    uint64_t before = run.f.time.now_ms;
    if (is_abort)
      scu_abort(run.f.session);
    else
      scu_op_cancel(op);
    assert_int_equal(scu_op_wait(op), is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    assert_true(run.f.time.now_ms - before < (is_abort ? 1000 : 6000));
    assert_int_equal(run.sink.discarded, 1);
    scu_op_free(op);
    end_run(&run);
  }
}

static void test_a_get_ended_at_any_step_leaves_nothing(void **state) {
  (void)state;
  for (int way = 0; way < 3; way++) {
    for (unsigned steps = 0; steps < 60; steps += 1 + steps / 20) {
      get_run run;
      start_run(&run, good, good);
      run.sink.is_slow = steps % 2 == 1;
      scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
      for (unsigned i = 0; i < steps; i++) scu_loop_step(run.f.time.loop);
      if (way == 1) scu_op_cancel(op);
      if (way == 2) scu_abort(run.f.session);
      uint64_t before = run.f.time.now_ms;
      while (way > 0 && scu_op_state(op) == SCU_PENDING) {
        test_sink_post(&run.sink, 0);
        scu_loop_step(run.f.time.loop);
      }
      assert_true(run.f.time.now_ms - before < 6000);
      scu_op_free(op);
      test_sink_post(&run.sink, 0);
      end_run(&run);
    }
  }
}

/* --- on disk -------------------------------------------------------------------------------------------------------
 */

static scu_sink *disk_sink(void) {
  scu_disk_sink_options options = {
      .size = sizeof options, .root = in_scratch("root"), .durability = SCU_DURABILITY_NONE};
  scu_sink *sink;
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_OK);
  return sink;
}

static void test_no_uid_leads_out_of_the_folder(void **state) {
  (void)state;
  static const char *const uids[] = {"../../x",
                                     "/abs",
                                     "..",
                                     ".",
                                     "a/b/c",
                                     "1.2\\3",
                                     "1.2.3.\xC3\xA9",
                                     "1.2.3. ",
                                     "%s%n",
                                     "1234567890123456789012345678901234567890123456789012345678901234",
                                     "CON",
                                     "-rf"};
  enum { UIDS = sizeof uids / sizeof *uids };
  peer_step script[4 + 2 * UIDS + 4] = {START, NEXT};
  size_t at = 3;
  for (size_t i = 0; i < UIDS; i++) {
    script[at++] = (peer_step){.action = PEER_STORE, .uid = uids[i], .length = 20};
    script[at++] = (peer_step)NEXT;
  }
  script[at++] = (peer_step){.action = PEER_RESPOND};
  script[at] = (peer_step){.action = PEER_SERVE};
  get_run run;
  start_run(&run, script, good);
  write_scratch("witness", "unchanged", 9);
  scu_sink *sink = disk_sink();
  run.f.time.ms_per_step = 0; /* the disk works in its own time */
  scu_retrieve_report *report;
  scu_get(run.f.session, run.query, sink, &report);
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_STORE_RSP), UIDS);
  size_t stored = 0;
  for (size_t i = 0; i < UIDS; i++) {
    uint16_t status = scripted_peer_message(&run.f.peer, SCU__C_STORE_RSP, i)->command.status;
    assert_true(status == 0 || status >= 0xA000 || status == 0x0117);
    stored += status == 0;
  }
  assert_true(stored > 0);
  scu_retrieve_report_free(report);
  scu_disk_sink_free(sink);
  end_run(&run);
  /* Everything that was stored is below root, and nothing else was touched. */
  long everywhere = count_files();
  char root[400];
  snprintf(root, sizeof root, "%s/root", scratch_folder);
  char outside[sizeof scratch_folder];
  memcpy(outside, scratch_folder, sizeof outside);
  snprintf(scratch_folder, sizeof scratch_folder, "%.250s", root);
  long inside = count_files();
  memcpy(scratch_folder, outside, sizeof outside);
  assert_int_equal(everywhere, inside + 1);
  assert_int_equal(inside, (long)stored);
  assert_int_equal(size_of(in_scratch("witness")), 9);
}

static void test_an_archive_that_vanishes_leaves_no_file(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 50000, .cut = 40000},
                                     {.action = PEER_RESET},
                                     END};
  long before = count_files();
  get_run run;
  start_run(&run, script, script);
  scu_sink *sink = disk_sink();
  run.f.time.ms_per_step = 0;
  scu_retrieve_report *report;
  assert_int_equal(scu_get(run.f.session, run.query, sink, &report), SCU_ERROR_CLOSED);
  scu_retrieve_report_free(report);
  end_run(&run);
  scu_disk_sink_free(sink);
  assert_int_equal(count_files(), before);
}

/* --- whose it is ---------------------------------------------------------------------------------------------------
 */

/* Two studies answer a search by Patient ID; the second one has none. */
static const char *of_a_patient_and_of_nobody(void *user, const scu_dataset *query, size_t row) {
  static char text[256];
  char level[17] = "", study[65] = "";
  (void)user;
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  bool is_second = strcmp(study, "1.2.2") == 0;
  if (strcmp(level, "STUDY") == 0) {
    static const char *const studies[] = {"StudyInstanceUID=1.2.1|PatientID=X", "StudyInstanceUID=1.2.2|PatientID="};
    return row < 2 ? studies[row] : NULL;
  }
  if (row > 0) return NULL;
  if (strcmp(level, "SERIES") == 0)
    snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.1", study, study);
  else
    snprintf(text, sizeof text,
             "StudyInstanceUID=%s|SeriesInstanceUID=%s.1|SOPInstanceUID=%s|SOPClassUID=1.2.840.10008.5.1.4.1.1.7",
             study, study, is_second ? "1.2.3.2" : "1.2.3.1");
  return text;
}

static void test_what_is_nobodys_is_not_fetched_for_a_patient(void **state) {
  (void)state;
  static const char *const keys[] = {"X", "X*", "*", ""};
  for (size_t i = 0; i < 4; i++) {
    get_run run;
    scu_retrieve_report *report;
    start_run(&run, good, good);
    run.f.peer.row = of_a_patient_and_of_nobody;
    run.f.peer.instance_count = i < 2 ? 1 : 2;
    scu_query_free(run.query);
    assert_int_equal(scu_query_new(NULL, &run.query), SCU_OK);
    assert_int_equal(scu_query_set(run.query, "PatientID", keys[i]), SCU_OK);
    scu_query_set_all(run.query, 1);
    assert_int_equal(scu_get(run.f.session, run.query, &run.sink.sink, &report), SCU_OK);
    assert_int_equal(scu_retrieve_report_promised(report), i < 2 ? 1 : 2);
    scu_retrieve_report_free(report);
    end_run(&run);
  }
}

/* --- who sends without end -----------------------------------------------------------------------------------------
 */

/* Takes everything and keeps nothing. */
static scu_result bottomless_begin(void *user, const scu_incoming *incoming, void **instance,
                                   scu_sink_outcome *outcome) {
  (void)incoming, (void)outcome;
  *instance = user;
  ++*(size_t *)user;
  return SCU_OK;
}

static scu_result bottomless_write(void *user, void *instance, const uint8_t *bytes, size_t length,
                                   scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)bytes, (void)length, (void)outcome;
  return SCU_OK;
}

static scu_result bottomless_finish(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)completion, (void)outcome;
  return SCU_OK;
}

static void bottomless_discard(void *user, void *instance) {
  (void)user, (void)instance;
}

static void check_flood(const char *uid) {
  const peer_step same = {.action = PEER_STORE, .uid = uid, .length = 10};
  const peer_step floods[] = {START, NEXT, {.action = PEER_REPEAT, .script = &same}, END};
  get_run run;
  start_run(&run, floods, good);
  size_t begun = 0;
  scu_sink bottomless = {.size = sizeof bottomless,
                         .begin = bottomless_begin,
                         .write = bottomless_write,
                         .finish = bottomless_finish,
                         .discard = bottomless_discard,
                         .user = &begun};
  scu_retrieve_report *report = NULL;
  scu_op *op = scu_get_start(run.f.session, run.query, &bottomless);
  TEST_LOOP_UNTIL(&run.f.time, scu_op_state(op) != SCU_PENDING, 5000);
  assert_string_equal(scu_result_name(scu_op_state(op)), "LIMIT");
  assert_non_null(strstr(scu_error_reason(scu_op_error(op)), "4 were promised"));
  assert_in_range(begun, 1000, 1100);
  scu_retrieve_take(op, &report);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_INCOMPLETE);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  for (int i = 0; i < 20; i++) scu_loop_step(run.f.time.loop);
  end_run(&run);
}

static void test_who_sends_without_end_what_nobody_asked_for_is_stopped(void **state) {
  (void)state;
  check_flood("9.9.9");
  check_flood("1.2.3.1"); /* asked for, and once is enough */
}

static void test_sub_operations_are_signs_of_life_however_long_all_of_it_takes(void **state) {
  (void)state;
  static const peer_step one = {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10};
  static const peer_step slow[] = {START, NEXT, {.action = PEER_REPEAT, .count = 500 * 1000, .script = &one}, END};
  get_run run;
  start_run(&run, slow, good);
  run.f.time.ms_per_step = 100;
  scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
  TEST_LOOP_UNTIL(&run.f.time, run.sink.begun == 5 || scu_op_state(op) != SCU_PENDING, 3000 * 1000);
  assert_int_equal(run.sink.begun, 5);
  assert_int_equal(scu_op_state(op), SCU_PENDING);
  scu_op_free(op);
  end_run(&run);
}

static void test_an_instance_that_comes_slowly_is_waited_for(void **state) {
  (void)state;
  static const peer_step one[] = {START, NEXT, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 60000}, END};
  get_run run;
  start_run(&run, one, good);
  run.f.peer.write_size = 300;
  scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
  TEST_LOOP_UNTIL(&run.f.time, run.sink.begun == 1, 5000);
  run.f.time.ms_per_step = 10 * 1000; /* in 200 pieces, half an hour */
  TEST_LOOP_UNTIL(&run.f.time, run.sink.finished == 1 || scu_op_state(op) != SCU_PENDING, 4000 * 1000);
  assert_int_equal(run.sink.finished, 1);
  assert_true(run.f.time.now_ms > 1500 * 1000);
  scu_op_free(op);
  end_run(&run);
}

static void test_other_requests_are_no_signs_of_life(void **state) {
  (void)state;
  static const peer_step asks = {.action = PEER_ECHO, .context = 1};
  static const peer_step chats[] = {START, NEXT, {.action = PEER_REPEAT, .count = 1000, .script = &asks}, END};
  get_run run;
  start_run(&run, chats, good);
  scu_op *op = scu_get_start(run.f.session, run.query, &run.sink.sink);
  run.f.time.ms_per_step = 100;
  TEST_LOOP_UNTIL(&run.f.time, scu_op_state(op) != SCU_PENDING, 700 * 1000);
  assert_string_equal(scu_result_name(scu_op_state(op)), "TIMEOUT");
  scu_op_free(op);
  end_run(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_study_comes_whole_in_any_pieces),
      cmocka_unit_test(test_only_unique_keys_go_into_the_identifier),
      cmocka_unit_test(test_what_did_not_come_is_asked_again_by_its_uid),
      cmocka_unit_test(test_success_with_instances_missing_is_incomplete_and_lists_them),
      cmocka_unit_test(test_what_was_not_promised_is_kept_and_counts_for_nothing),
      cmocka_unit_test(test_nothing_that_matches_is_nothing_to_bring),
      cmocka_unit_test(test_without_a_find_only_counts_are_compared),
      cmocka_unit_test(test_without_the_scp_role_no_request_is_sent),
      cmocka_unit_test(test_refusals_are_told_with_their_status),
      cmocka_unit_test(test_a_failed_list_that_cannot_be_read_does_no_harm),
      cmocka_unit_test(test_an_archive_that_vanishes_inside_an_instance_leaves_nothing_of_it),
      cmocka_unit_test(test_a_sub_operation_in_a_context_that_was_not_accepted_is_a_protocol_error),
      cmocka_unit_test(test_a_store_over_the_context_of_the_get_is_refused_and_the_get_goes_on),
      cmocka_unit_test(test_what_the_sink_says_is_what_the_archive_hears),
      cmocka_unit_test(test_the_answer_waits_for_the_sink),
      cmocka_unit_test(test_an_association_that_ends_while_the_sink_works_is_told_so),
      cmocka_unit_test(test_whatever_happens_while_a_hook_blocks_every_instance_is_told_once),
      cmocka_unit_test(test_instances_that_a_sink_still_works_on_at_the_end_are_told_once),
      cmocka_unit_test(test_cancel_answers_sub_operations_until_the_end),
      cmocka_unit_test(test_a_cancel_that_is_ignored_ends_in_an_abort_within_bounds),
      cmocka_unit_test(test_a_get_ended_at_any_step_leaves_nothing),
      cmocka_unit_test(test_no_uid_leads_out_of_the_folder),
      cmocka_unit_test(test_an_archive_that_vanishes_leaves_no_file),
      cmocka_unit_test(test_what_is_nobodys_is_not_fetched_for_a_patient),
      cmocka_unit_test(test_who_sends_without_end_what_nobody_asked_for_is_stopped),
      cmocka_unit_test(test_sub_operations_are_signs_of_life_however_long_all_of_it_takes),
      cmocka_unit_test(test_an_instance_that_comes_slowly_is_waited_for),
      cmocka_unit_test(test_other_requests_are_no_signs_of_life),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
