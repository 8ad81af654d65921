/* The verdict of a retrieve, over all and for each study: what is missing and why, what came besides, what differs from
 * what was here (RULES 22, 25). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/retrieve_fixture.h"

static scu_retrieve_report *get(retrieve_run *run, scu_result expected) {
  scu_retrieve_report *report;
  if (!run->f.session) fixture_open(&run->f);
  scu_result result = scu_get(run->f.session, run->query, &run->sink.sink, &report);
  if (result != expected)
    fail_msg("%s: %s", scu_result_name(result), scu_error_reason(scu_session_error(run->f.session)));
  return report;
}

static void check_study(const scu_retrieve_report *report, size_t index, scu_study_outcome expected) {
  const scu_study_outcome *study = scu_retrieve_report_study(report, index);
  assert_non_null(study);
  assert_int_equal(study->size, sizeof *study);
  assert_string_equal(study->study_instance_uid, expected.study_instance_uid);
  assert_string_equal(scu_verdict_name(study->verdict), scu_verdict_name(expected.verdict));
  assert_int_equal(study->promised, expected.promised);
  assert_int_equal(study->received, expected.received);
  assert_int_equal(study->missing, expected.missing);
  assert_int_equal(study->offline, expected.offline);
  assert_int_equal(study->failed, expected.failed);
  assert_int_equal(study->conflicts, expected.conflicts);
  assert_int_equal(study->extra, expected.extra);
}

static void test_each_study_has_a_verdict_of_its_own(void **state) {
  (void)state;
  static const peer_step gives[] = {START,      NEXT,       GIVE("1.2.3.1"), GIVE("1.2.3.2"),
                                    RESPOND(0), NEXT,       GIVE("1.2.3.3"), RESPOND(0),
                                    NEXT,       RESPOND(0), SERVE,           END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  run.rows.studies = 2;
  run.rows.each = 2;
  scu_query_set(run.query, "StudyInstanceUID", "1.2.1\\1.2.2");
  scu_retrieve_report *report = get(&run, SCU_OK);
  assert_int_equal(scu_retrieve_report_study_count(report), 2);
  check_study(report, 0,
              (scu_study_outcome){
                  .study_instance_uid = "1.2.1", .verdict = SCU_VERDICT_COMPLETE, .promised = 2, .received = 2});
  check_study(report, 1,
              (scu_study_outcome){.study_instance_uid = "1.2.2",
                                  .verdict = SCU_VERDICT_INCOMPLETE,
                                  .promised = 2,
                                  .received = 1,
                                  .missing = 1});
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_INCOMPLETE);
  assert_null(scu_retrieve_report_study(report, 2));
  assert_null(scu_retrieve_report_missing_instance(report, 2));
  scu_retrieve_report_free(report);
  retrieve_tear_down(&run);
}

/* Why each of the missing ones is not here. */
static void test_what_is_missing_has_its_reason(void **state) {
  (void)state;
  static const char list[] = "\x08\x00\x58\x00UI\x08\x00"
                             "1.2.3.2\x00";
  static const peer_step gives[] = {
      START,           NEXT,
      GIVE("1.2.3.1"), {.action = PEER_RESPOND, .status = 0xB000, .bytes = list, .length = sizeof list - 1},
      SERVE,           END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  run.sink.status = 0xA900;
  run.rows.of_image[3] = "InstanceAvailability=UNAVAILABLE";
  scu_retrieve_report *report = get(&run, SCU_OK);
  static const struct {
    const char *uid, *reason;
    uint16_t status;
  } expected[] = {{"1.2.3.1", "came, and was not kept", 0xA900},
                  {"1.2.3.2", "the peer says that it could not send it", 0xFFFF},
                  {"1.2.3.3", "did not come", 0xFFFF},
                  {"1.2.3.4", "unavailable: not asked for", 0xFFFF}};
  assert_int_equal(scu_retrieve_report_missing_count(report), 4);
  for (size_t i = 0; i < 4; i++) {
    const scu_missing_instance *missing = scu_retrieve_report_missing_instance(report, i);
    assert_int_equal(missing->size, sizeof *missing);
    assert_string_equal(missing->sop_instance_uid, expected[i].uid);
    assert_string_equal(missing->reason, expected[i].reason);
    assert_int_equal(missing->status, expected[i].status);
    assert_string_equal(missing->sop_class_uid, SECONDARY_CAPTURE);
    assert_int_equal(missing->is_offline, i == 3);
  }
  check_study(report, 0,
              (scu_study_outcome){.study_instance_uid = "1.2.1",
                                  .verdict = SCU_VERDICT_INCOMPLETE,
                                  .promised = 4,
                                  .missing = 4,
                                  .offline = 1,
                                  .failed = 2});
  scu_retrieve_report_free(report);
  retrieve_tear_down(&run);
}

static void test_what_differs_from_what_is_here_is_a_conflict_and_not_asked_for_again(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 1);
  run.sink.status = 0xC001;
  scu_retrieve_report *report = get(&run, SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_CONFLICT);
  assert_int_equal(scu_retrieve_report_conflicts(report), 4);
  assert_int_equal(scu_retrieve_report_missing_count(report), 4);
  assert_true(scu_retrieve_report_missing_instance(report, 0)->is_conflict);
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_GET_RQ), 1);
  check_study(
      report, 0,
      (scu_study_outcome){
          .study_instance_uid = "1.2.1", .verdict = SCU_VERDICT_CONFLICT, .promised = 4, .missing = 4, .conflicts = 4});
  scu_retrieve_report_free(report);
  retrieve_tear_down(&run);
}

static void test_what_was_not_promised_is_counted_apart(void **state) {
  (void)state;
  static const peer_step gives[] = {START, NEXT, GIVE("9.9.9"), GIVE("9.9.8"), RESPOND(0), SERVE, END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  scu_retrieve_report *report = get(&run, SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_extra(report), 2);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_OK), 2);
  check_study(report, 0,
              (scu_study_outcome){
                  .study_instance_uid = "1.2.1", .verdict = SCU_VERDICT_INCOMPLETE, .promised = 4, .missing = 4});
  scu_retrieve_report_free(report);
  retrieve_tear_down(&run);
}

static void name_study(void *user, scu_received *received) {
  (void)user;
  received->study_instance_uid = strcmp(received->sop_instance_uid, "9.9.9") == 0 ? "1.2.77" : "1.2.1";
}

/* The sink of these tests knows no studies: the hook stands in for one that does. */
static void test_of_what_was_not_promised_the_sink_says_the_study(void **state) {
  (void)state;
  static const peer_step gives[] = {START,
                                    NEXT,
                                    GIVE("9.9.9"),
                                    GIVE("1.2.3.1"),
                                    GIVE("1.2.3.2"),
                                    GIVE("1.2.3.3"),
                                    GIVE("1.2.3.4"),
                                    GIVE("1.2.3.5"),
                                    RESPOND(0),
                                    SERVE,
                                    END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  fixture_open(&run.f);
  scu_hooks hooks = {.size = sizeof hooks, .received = name_study};
  scu_session_set_hooks(run.f.session, &hooks);
  scu_retrieve_report *report = get(&run, SCU_OK);
  assert_int_equal(scu_retrieve_report_study_count(report), 2);
  check_study(
      report, 0,
      (scu_study_outcome){
          .study_instance_uid = "1.2.1", .verdict = SCU_VERDICT_INCOMPLETE, .promised = 4, .received = 4, .extra = 1});
  assert_non_null(strstr(scu_retrieve_report_doubt(report), "1.2.3.5 came"));
  check_study(report, 1,
              (scu_study_outcome){.study_instance_uid = "1.2.77", .verdict = SCU_VERDICT_UNKNOWN, .extra = 1});
  scu_retrieve_report_free(report);
  retrieve_tear_down(&run);
}

static void test_where_nothing_was_promised_studies_are_judged_by_counts(void **state) {
  (void)state;
  static const int counts[] = {-1, 2, 0, 0};
  static const peer_step gives[] = {
      START, NEXT, GIVE("1.2.3.1"), GIVE("1.2.3.2"), {.action = PEER_RESPOND, .counts = counts}, SERVE, END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  run.f.peer.refused_class = "1.2.840.10008.5.1.4.1.2.2.1";
  fixture_open(&run.f);
  scu_hooks hooks = {.size = sizeof hooks, .received = name_study};
  scu_session_set_hooks(run.f.session, &hooks);
  scu_retrieve_report *report = get(&run, SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COUNT_ONLY);
  check_study(report, 0,
              (scu_study_outcome){.study_instance_uid = "1.2.1", .verdict = SCU_VERDICT_COUNT_ONLY, .received = 2});
  scu_retrieve_report_free(report);
  retrieve_tear_down(&run);
}

static void test_what_goes_elsewhere_has_no_verdict_of_ours(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 1);
  fixture_open(&run.f);
  scu_retrieve_report *report;
  assert_int_equal(scu_move(run.f.session, run.query, "VIEWER", &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_study_count(report), 1);
  check_study(report, 0, (scu_study_outcome){.study_instance_uid = "1.2.1", .verdict = SCU_VERDICT_UNKNOWN});
  scu_retrieve_report_free(report);
  retrieve_tear_down(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_study_has_a_verdict_of_its_own),
      cmocka_unit_test(test_what_is_missing_has_its_reason),
      cmocka_unit_test(test_what_differs_from_what_is_here_is_a_conflict_and_not_asked_for_again),
      cmocka_unit_test(test_what_was_not_promised_is_counted_apart),
      cmocka_unit_test(test_of_what_was_not_promised_the_sink_says_the_study),
      cmocka_unit_test(test_where_nothing_was_promised_studies_are_judged_by_counts),
      cmocka_unit_test(test_what_goes_elsewhere_has_no_verdict_of_ours),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
