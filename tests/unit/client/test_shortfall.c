/* Signs that a peer has more than its answers have listed, or not what was asked for by name: no retrieve ends as
 * complete then (RULES 22). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/retrieve_fixture.h"

static const int one_failed[] = {0, 4, 1, 0};

static scu_retrieve_report *get_opened(retrieve_run *run, scu_verdict expected) {
  scu_retrieve_report *report = NULL;
  scu_result result = scu_get(run->f.session, run->query, &run->sink.sink, &report);
  if (result != SCU_OK) fail_msg("%s", scu_error_reason(scu_session_error(run->f.session)));
  assert_string_equal(scu_verdict_name(scu_retrieve_report_verdict(report)), scu_verdict_name(expected));
  return report;
}

static scu_retrieve_report *get(retrieve_run *run, scu_verdict expected) {
  fixture_open(&run->f);
  return get_opened(run, expected);
}

static void check_missing(const scu_retrieve_report *report, size_t index, const char *instance, const char *study,
                          const char *reason) {
  const scu_missing_instance *missing = scu_retrieve_report_missing_instance(report, index);
  assert_non_null(missing);
  assert_string_equal(missing->sop_instance_uid, instance);
  assert_string_equal(missing->study_instance_uid, study);
  assert_string_equal(missing->reason, reason);
}

static void tear_down(retrieve_run *run, scu_retrieve_report *report) {
  scu_retrieve_report_free(report);
  retrieve_tear_down(run);
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

#define GIVE_ALL GIVE("1.2.3.1"), GIVE("1.2.3.2"), GIVE("1.2.3.3"), GIVE("1.2.3.4")

static void test_a_failed_uid_that_no_match_has_named_is_missing(void **state) {
  (void)state;
  static const char list[] = "\x08\x00\x58\x00UI\x08\x00"
                             "1.2.3.5\x00";
  static const peer_step gives[] = {
      START,
      NEXT,
      GIVE_ALL,
      {.action = PEER_RESPOND, .status = 0xB000, .counts = one_failed, .bytes = list, .length = sizeof list - 1},
      SERVE,
      END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  scu_retrieve_report *report = get(&run, SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_missing_count(report), 1);
  check_missing(report, 0, "1.2.3.5", "1.2.1", "the peer says that it could not send it");
  assert_int_equal(scu_retrieve_report_study(report, 0)->verdict, SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_study(report, 0)->failed, 1);
  assert_string_equal(scu_retrieve_report_doubt(report), "");
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_GET_RQ), 1);
  tear_down(&run, report);
}

static void test_a_failure_that_nothing_missing_explains_is_no_complete_retrieve(void **state) {
  (void)state;
  static const peer_step gives[] = {
      START, NEXT, GIVE_ALL, {.action = PEER_RESPOND, .status = 0xB000, .counts = one_failed}, SERVE, END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  scu_retrieve_report *report = get(&run, SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_missing_count(report), 0);
  assert_non_null(strstr(scu_retrieve_report_doubt(report), "could not send 1 instances"));
  assert_non_null(strstr(run.f.warnings, scu_retrieve_report_doubt(report)));
  assert_int_equal(scu_retrieve_report_study(report, 0)->verdict, SCU_VERDICT_INCOMPLETE);
  tear_down(&run, report);
}

static void test_a_failure_that_was_made_up_for_is_complete(void **state) {
  (void)state;
  static const int counts[] = {0, 3, 1, 0};
  static const peer_step gives[] = {START,           NEXT,
                                    GIVE("1.2.3.1"), GIVE("1.2.3.2"),
                                    GIVE("1.2.3.3"), {.action = PEER_RESPOND, .status = 0xB000, .counts = counts},
                                    SERVE,           END};
  static const peer_step *const scripts[] = {serves, gives, serves};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 3);
  scu_retrieve_report *report = get(&run, SCU_VERDICT_COMPLETE);
  assert_string_equal(scu_retrieve_report_doubt(report), "");
  tear_down(&run, report);
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* Four are listed. */
static void test_an_archive_that_says_it_has_more_than_it_lists_is_not_believed(void **state) {
  (void)state;
  static const struct {
    const char *of_study, *of_series;
    scu_query_level level;
    bool is_doubtful;
  } cases[] = {
      {"NumberOfStudyRelatedInstances=5", NULL, SCU_LEVEL_STUDY, true},
      {NULL, "NumberOfSeriesRelatedInstances=5", SCU_LEVEL_STUDY, true},
      {NULL, "NumberOfSeriesRelatedInstances=5", SCU_LEVEL_SERIES, true},
      {"NumberOfStudyRelatedInstances=5", "NumberOfSeriesRelatedInstances=4", SCU_LEVEL_SERIES, false},
      {"NumberOfStudyRelatedInstances=4", "NumberOfSeriesRelatedInstances=4", SCU_LEVEL_STUDY, false},
      {"NumberOfStudyRelatedInstances=", "NumberOfSeriesRelatedInstances=", SCU_LEVEL_STUDY, false},
  };
  static const peer_step *const scripts[] = {serves, serves};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    retrieve_run run;
    retrieve_set_up(&run, scripts, 2);
    run.rows.of_study = cases[i].of_study;
    run.rows.of_series = cases[i].of_series;
    scu_query_set_level(run.query, cases[i].level);
    scu_retrieve_report *report = get(&run, cases[i].is_doubtful ? SCU_VERDICT_INCOMPLETE : SCU_VERDICT_COMPLETE);
    const char *doubt = scu_retrieve_report_doubt(report);
    assert_int_equal(cases[i].is_doubtful, strstr(doubt, "says that it has 5 instances and lists 4") != NULL);
    assert_string_equal(scu_verdict_name(scu_retrieve_report_study(report, 0)->verdict),
                        cases[i].is_doubtful ? "incomplete" : "complete");
    tear_down(&run, report);
  }
}

static void say_study(void *user, scu_received *received) {
  received->study_instance_uid = user;
}

static void say_study_of_the_fifth(void *user, scu_received *received) {
  if (strcmp(received->sop_instance_uid, "1.2.3.5") == 0) received->study_instance_uid = user;
}

/* The sink of these tests knows no studies: the hook stands in for one that does. */
static void test_an_instance_of_the_study_that_no_match_has_named_is_proof_of_more(void **state) {
  (void)state;
  static char studies[][8] = {"1.2.1", "", "7.7.7"};
  static const peer_step gives[] = {START, NEXT, GIVE_ALL, GIVE("1.2.3.5"), RESPOND(0), SERVE, END};
  static const peer_step *const scripts[] = {serves, gives};
  for (size_t i = 0; i < 3; i++) {
    retrieve_run run;
    retrieve_set_up(&run, scripts, 2);
    fixture_open(&run.f);
    scu_hooks hooks = {.size = sizeof hooks, .received = say_study_of_the_fifth, .user = studies[i]};
    scu_session_set_hooks(run.f.session, &hooks);
    scu_retrieve_report *report = get_opened(&run, i < 2 ? SCU_VERDICT_INCOMPLETE : SCU_VERDICT_COMPLETE);
    assert_int_equal(scu_retrieve_report_extra(report), 1);
    assert_int_equal(i < 2, strstr(scu_retrieve_report_doubt(report), "1.2.3.5 came") != NULL);
    tear_down(&run, report);
  }
}

/* Elsewhere: what the peer says that it has sent against what it says that it has. */
static void test_a_move_elsewhere_that_sends_less_than_matched_is_incomplete(void **state) {
  (void)state;
  static const int all[] = {0, 4, 0, 0}, some[] = {0, 3, 0, 0}, some_failed[] = {0, 3, 1, 0}, none[] = {0, 0, 0, 0};
  static const struct {
    const int *counts;
    scu_verdict verdict;
    const char *doubt;
  } cases[] = {
      {all, SCU_VERDICT_UNKNOWN, ""},
      {some, SCU_VERDICT_INCOMPLETE, "has 4 instances of what matched, and that it has sent 3"},
      {some_failed, SCU_VERDICT_UNKNOWN, ""},
      {none, SCU_VERDICT_INCOMPLETE, "does not say that it has sent anything"},
      {NULL, SCU_VERDICT_INCOMPLETE, "does not say that it has sent anything"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const peer_step moves[] = {START, NEXT, {.action = PEER_RESPOND, .counts = cases[i].counts}, SERVE, END};
    const peer_step *const scripts[] = {serves, moves};
    retrieve_run run;
    scu_retrieve_report *report = NULL;
    retrieve_set_up(&run, scripts, 2);
    run.rows.of_study = "NumberOfStudyRelatedInstances=4";
    scu_query_set(run.query, "StudyInstanceUID", "");
    scu_query_set(run.query, "PatientID", "P");
    scu_query_set_level(run.query, SCU_LEVEL_STUDY);
    fixture_open(&run.f);
    assert_int_equal(scu_move(run.f.session, run.query, "VIEWER", &report), SCU_OK);
    const char *doubt = scu_retrieve_report_doubt(report);
    if (!strstr(doubt, cases[i].doubt) || !*doubt != !*cases[i].doubt) fail_msg("%zu: doubt \"%s\"", i, doubt);
    assert_int_equal(scu_retrieve_report_verdict(report), cases[i].verdict);
    tear_down(&run, report);
  }
}

/* --- something else ----------------------------------------------------------------------------------------------- */

static void test_what_comes_as_a_part_of_another_study_is_not_what_was_promised(void **state) {
  (void)state;
  static char other[] = "9.9.9";
  static const peer_step gives[] = {START, NEXT, GIVE_ALL, RESPOND(0), SERVE, END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  fixture_open(&run.f);
  scu_hooks hooks = {.size = sizeof hooks, .received = say_study, .user = other};
  scu_session_set_hooks(run.f.session, &hooks);
  scu_retrieve_report *report = get_opened(&run, SCU_VERDICT_CONFLICT);
  assert_int_equal(scu_retrieve_report_conflicts(report), 4);
  assert_int_equal(scu_retrieve_report_extra(report), 4);
  assert_int_equal(scu_retrieve_report_missing_count(report), 4);
  check_missing(report, 0, "1.2.3.1", "1.2.1", "came as a part of another study than it was promised for");
  assert_true(scu_retrieve_report_missing_instance(report, 0)->is_conflict);
  assert_int_equal(scu_retrieve_report_study(report, 0)->verdict, SCU_VERDICT_CONFLICT);
  assert_string_equal(scu_retrieve_report_study(report, 1)->study_instance_uid, "9.9.9");
  assert_int_equal(scu_retrieve_report_study(report, 1)->extra, 4);
  assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_GET_RQ), 1);
  tear_down(&run, report);
}

static void refuse_the_fifth(void *user, scu_received *received) {
  if (++*(int *)user == 5) received->status = 0xC001; /* as a sink that has another object of this UID */
}

static void test_two_different_objects_of_one_uid_are_a_conflict(void **state) {
  (void)state;
  static const peer_step gives[] = {START, NEXT, GIVE_ALL, GIVE("1.2.3.2"), RESPOND(0), SERVE, END};
  static const peer_step *const scripts[] = {serves, gives};
  retrieve_run run;
  int count = 0;
  retrieve_set_up(&run, scripts, 2);
  fixture_open(&run.f);
  scu_hooks hooks = {.size = sizeof hooks, .before_keep = refuse_the_fifth, .user = &count};
  scu_session_set_hooks(run.f.session, &hooks);
  scu_retrieve_report *report = get_opened(&run, SCU_VERDICT_CONFLICT);
  assert_int_equal(scu_retrieve_report_conflicts(report), 1);
  check_missing(report, 0, "1.2.3.2", "1.2.1", "two different objects came with this UID");
  assert_int_equal(scu_retrieve_report_study(report, 0)->conflicts, 1);
  assert_int_equal(scu_retrieve_report_study(report, 0)->received, 3);
  tear_down(&run, report);
}

/* --- what is named ------------------------------------------------------------------------------------------------ */

static void test_a_study_that_is_named_and_not_there_is_missing(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves, serves};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  scu_query_set(run.query, "StudyInstanceUID", "1.2.1\\1.2.3.999");
  scu_retrieve_report *report = get(&run, SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_promised(report), 4);
  assert_int_equal(scu_retrieve_report_missing_count(report), 1);
  check_missing(report, 0, "", "1.2.3.999", "nothing matches it");
  assert_int_equal(scu_retrieve_report_study_count(report), 2);
  assert_int_equal(scu_retrieve_report_study(report, 0)->verdict, SCU_VERDICT_COMPLETE);
  assert_int_equal(scu_retrieve_report_study(report, 1)->verdict, SCU_VERDICT_NOTHING);
  tear_down(&run, report);
}

static void test_an_instance_that_is_named_and_not_there_is_missing(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves, serves};
  retrieve_run run;
  retrieve_set_up(&run, scripts, 2);
  scu_query_set(run.query, "SeriesInstanceUID", "1.2.1.1");
  scu_query_set(run.query, "SOPInstanceUID", "1.2.3.2\\1.2.3.1\\9.9.9\\1.2.3.3\\1.2.3.4");
  scu_retrieve_report *report = get(&run, SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_missing_count(report), 1);
  check_missing(report, 0, "9.9.9", "", "nothing matches it");
  tear_down(&run, report);
}

static void test_only_what_is_named_makes_nothing_incomplete(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves, serves};
  static const char *const keys[][2] = {{"StudyInstanceUID", "1.2.3.999\\1.2.3.998\\1.2.3.999"}, {"PatientID", "P"}};
  for (size_t i = 0; i < 2; i++) {
    retrieve_run run;
    retrieve_set_up(&run, scripts, 2);
    run.rows.studies = 0;
    scu_query_set(run.query, "StudyInstanceUID", "");
    scu_query_set(run.query, keys[i][0], keys[i][1]);
    scu_retrieve_report *report = get(&run, i == 0 ? SCU_VERDICT_INCOMPLETE : SCU_VERDICT_NOTHING);
    assert_int_equal(scu_retrieve_report_missing_count(report), i == 0 ? 2 : 0);
    tear_down(&run, report);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_failed_uid_that_no_match_has_named_is_missing),
      cmocka_unit_test(test_a_failure_that_nothing_missing_explains_is_no_complete_retrieve),
      cmocka_unit_test(test_a_failure_that_was_made_up_for_is_complete),
      cmocka_unit_test(test_an_archive_that_says_it_has_more_than_it_lists_is_not_believed),
      cmocka_unit_test(test_an_instance_of_the_study_that_no_match_has_named_is_proof_of_more),
      cmocka_unit_test(test_a_move_elsewhere_that_sends_less_than_matched_is_incomplete),
      cmocka_unit_test(test_what_comes_as_a_part_of_another_study_is_not_what_was_promised),
      cmocka_unit_test(test_two_different_objects_of_one_uid_are_a_conflict),
      cmocka_unit_test(test_a_study_that_is_named_and_not_there_is_missing),
      cmocka_unit_test(test_an_instance_that_is_named_and_not_there_is_missing),
      cmocka_unit_test(test_only_what_is_named_makes_nothing_incomplete),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
