/* Archives that give so many matches and no more, or the same ones for ever, under a retrieve: what is promised then
 * may be a part of what there is, and is never called complete (RULES 14, 22). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "support/retrieve_fixture.h"

/* Studies 1.2.1, 1.2.2 ... on days, or seconds of one day, one after the other, with one series of `each` instances
 * 1.2.3.1, 1.2.3.2 ...; a C-FIND gives so many at most. */
typedef struct capped {
  size_t studies, cap, each;
  bool are_of_one_moment;
  size_t requests; /* at study level */
} capped;

static bool is_in(const char *range, const char *date) {
  const char *hyphen = strchr(range, '-');
  if (!*range) return true;
  if (!hyphen) return strcmp(range, date) == 0;
  bool is_after = hyphen == range || strncmp(date, range, 8) >= 0;
  return is_after && (!hyphen[1] || strncmp(date, hyphen + 1, 8) <= 0);
}

static bool is_in_list(const char *list, const char *uid) {
  size_t length = strlen(uid);
  for (const char *at = strstr(list, uid); at; at = strstr(at + 1, uid))
    if (at[length] == 0 || at[length] == '\\') return true;
  return !*list;
}

static const char *study_row(capped *a, const scu_dataset *query, size_t row) {
  static char text[200];
  char dates[40] = "", uids[200] = "", uid[40], date[32];
  scu_dataset_text(query, "StudyDate", dates, sizeof dates);
  scu_dataset_text(query, "StudyInstanceUID", uids, sizeof uids);
  a->requests += row == 0;
  if (row >= a->cap) return NULL;
  for (size_t i = 0; i < a->studies; i++) {
    snprintf(uid, sizeof uid, "1.2.%zu", i + 1);
    snprintf(date, sizeof date, "202401%02zu", a->are_of_one_moment ? 7 : i + 1);
    if (!is_in(dates, date) || !is_in_list(uids, uid) || row-- > 0) continue;
    snprintf(text, sizeof text, "StudyInstanceUID=%s|StudyDate=%s|StudyTime=120000", uid, date);
    return text;
  }
  return NULL;
}

static const char *capped_row(void *user, const scu_dataset *query, size_t row) {
  static char text[320];
  capped *a = user;
  char level[17] = "", study[65] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  if (strcmp(level, "STUDY") == 0) return study_row(a, query, row);
  size_t number = (size_t)atoi(study + 4), each = number == 1 ? a->each : 1;
  if (row >= (strcmp(level, "SERIES") == 0 ? 1 : each) || row >= a->cap) return NULL;
  size_t instance = number == 1 ? row + 1 : a->each + number - 1;
  snprintf(text, sizeof text,
           "StudyInstanceUID=%s|SeriesInstanceUID=%s.1|SOPInstanceUID=1.2.3.%zu|SOPClassUID=" SECONDARY_CAPTURE, study,
           study, instance);
  return text;
}

typedef struct doubt_run {
  retrieve_run run; /* first: its fixture is the hooks' user, too */
  capped archive;
  scu_retrieve_report *report;
} doubt_run;

static void set_up(doubt_run *d, capped archive) {
  static const peer_step *const scripts[] = {serves, serves};
  memset(d, 0, sizeof *d);
  retrieve_set_up(&d->run, scripts, 2);
  d->archive = archive;
  d->run.f.peer.row = capped_row;
  d->run.f.peer.user = &d->archive;
  scu_options_set_integer(d->run.f.options, SCU_OPTION_QUERY_CAP, (int)archive.cap);
  scu_query_return(d->run.query, "StudyInstanceUID");
  scu_query_set_level(d->run.query, SCU_LEVEL_STUDY);
  scu_query_set_all(d->run.query, 1);
}

/* The peer of these tests gives all that it has for each study, and the sink does not know whose it is. */
static void say_study(void *user, scu_received *received) {
  static char study[24];
  const doubt_run *d = user;
  size_t instance = (size_t)atoi(received->sop_instance_uid + strlen("1.2.3.")), each = d->archive.each;
  snprintf(study, sizeof study, "1.2.%zu", instance <= each ? 1 : instance - each + 1);
  received->study_instance_uid = study;
}

static void open_session(doubt_run *d) {
  fixture_open(&d->run.f);
  const scu_hooks hooks = {.size = sizeof hooks, .warning = fixture_warning, .received = say_study, .user = d};
  scu_session_set_hooks(d->run.f.session, &hooks);
}

static void get(doubt_run *d, scu_verdict expected) {
  open_session(d);
  assert_int_equal(scu_get(d->run.f.session, d->run.query, &d->run.sink.sink, &d->report), SCU_OK);
  assert_string_equal(scu_verdict_name(scu_retrieve_report_verdict(d->report)), scu_verdict_name(expected));
  assert_int_equal(scu_retrieve_report_missing_count(d->report), 0);
}

static void tear_down(doubt_run *d) {
  scu_retrieve_report_free(d->report);
  retrieve_tear_down(&d->run);
}

static void check_doubt(const doubt_run *d, const char *expected) {
  const char *doubt = scu_retrieve_report_doubt(d->report);
  if (!strstr(doubt, expected) || !*expected != !*doubt) fail_msg("doubt \"%s\"", doubt);
  assert_true(strstr(d->run.f.warnings, doubt) != NULL);
}

static void test_what_cannot_be_divided_further_is_never_complete(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.studies = 4, .cap = 2, .each = 1, .are_of_one_moment = true});
  scu_query_set(d.run.query, "StudyDate", "20240101-20240131");
  scu_query_set(d.run.query, "StudyTime", "110000-130000"); /* the days of such a query stay whole */
  get(&d, SCU_VERDICT_INCOMPLETE);
  check_doubt(&d, "may be cut off: 2 matches at level STUDY");
  assert_int_equal(scu_retrieve_report_promised(d.report), 2);
  /* These two are here as a whole. */
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(scu_retrieve_report_study(d.report, i)->verdict, SCU_VERDICT_COMPLETE);
  tear_down(&d);
}

static void test_studies_are_asked_for_in_parts_once_an_answer_looks_cut_off(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.studies = 4, .cap = 2, .each = 1});
  scu_query_set(d.run.query, "StudyDate", "20240101-20240131");
  get(&d, SCU_VERDICT_COMPLETE);
  check_doubt(&d, "");
  assert_int_equal(scu_retrieve_report_promised(d.report), 4);
  assert_true(d.archive.requests > 1);
  tear_down(&d);
}

/* What has no Study Date is in no part, and cannot be asked for here. */
static void test_what_parts_do_not_prove_is_never_complete(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.studies = 4, .cap = 2, .each = 1});
  get(&d, SCU_VERDICT_INCOMPLETE);
  check_doubt(&d, "not proven: studies without Study Date");
  assert_non_null(strstr(d.run.f.warnings, "have it split to ask for them"));
  assert_int_equal(scu_retrieve_report_promised(d.report), 4);
  tear_down(&d);
}

static void test_an_answer_that_looks_whole_costs_no_other_question(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.studies = 4, .cap = 5, .each = 1});
  get(&d, SCU_VERDICT_COMPLETE);
  check_doubt(&d, "");
  assert_int_equal(d.archive.requests, 1);
  assert_string_equal(d.run.f.warnings, "");
  tear_down(&d);
}

/* As many as were named are all there are. */
static void test_a_list_of_uids_that_all_match_is_no_suspicion(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.studies = 4, .cap = 2, .each = 1});
  scu_query_set(d.run.query, "StudyInstanceUID", "1.2.1\\1.2.4");
  get(&d, SCU_VERDICT_COMPLETE);
  check_doubt(&d, "");
  assert_int_equal(d.archive.requests, 1);
  tear_down(&d);
}

static void test_a_study_whose_instances_look_cut_off_is_not_complete(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.studies = 2, .cap = 3, .each = 3});
  get(&d, SCU_VERDICT_INCOMPLETE);
  check_doubt(&d, "may be cut off: 3 matches at level IMAGE");
  assert_non_null(strstr(d.run.f.warnings, "; narrow the query"));
  assert_int_equal(scu_retrieve_report_study(d.report, 0)->verdict, SCU_VERDICT_INCOMPLETE);
  assert_int_equal(scu_retrieve_report_study(d.report, 1)->verdict, SCU_VERDICT_COMPLETE);
  tear_down(&d);
}

static void test_what_goes_elsewhere_and_was_cut_off_is_incomplete_too(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.studies = 4, .cap = 2, .each = 1, .are_of_one_moment = true});
  scu_query_set(d.run.query, "StudyDate", "20240107"); /* one day, whose times are as good as one */
  scu_query_set(d.run.query, "StudyTime", "110000-130000");
  open_session(&d);
  assert_int_equal(scu_move(d.run.f.session, d.run.query, "VIEWER", &d.report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(d.report), SCU_VERDICT_INCOMPLETE);
  check_doubt(&d, "may be cut off");
  tear_down(&d);
}

/* --- what a peer repeats ------------------------------------------------------------------------------------------ */

static const char *repeated_row(void *user, const scu_dataset *query, size_t row) {
  (void)user, (void)query;
  return row < 4 ? "StudyInstanceUID=1.2.1" : NULL;
}

static void test_a_study_that_is_answered_again_and_again_is_moved_once(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.cap = 100});
  d.run.f.peer.row = repeated_row;
  open_session(&d);
  assert_int_equal(scu_move(d.run.f.session, d.run.query, "VIEWER", &d.report), SCU_OK);
  assert_int_equal(scripted_peer_count(&d.run.f.peer, SCU__C_MOVE_RQ), 1);
  tear_down(&d);
}

static const char *row_of_many(void *user, const scu_dataset *query, size_t row) {
  static char text[80];
  (void)user, (void)query;
  snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu", row + 1);
  return row < SCU__DRILL_STEPS_MAX ? text : NULL;
}

/* As many as can be gone into; parts would be more. */
static void test_parts_beyond_what_can_be_gone_into_are_a_limit(void **state) {
  (void)state;
  doubt_run d;
  set_up(&d, (capped){.cap = SCU__DRILL_STEPS_MAX});
  d.run.f.peer.row = row_of_many;
  open_session(&d);
  assert_int_equal(scu_get(d.run.f.session, d.run.query, &d.run.sink.sink, &d.report), SCU_ERROR_LIMIT);
  const scu_error *error = scu_session_error(d.run.f.session);
  assert_string_equal(scu_error_reason(error), "more than 200000 matches to go into, or parts, at level STUDY");
  assert_string_equal(scu_error_hint(error), "narrow the query, for example by date");
  tear_down(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_cannot_be_divided_further_is_never_complete),
      cmocka_unit_test(test_studies_are_asked_for_in_parts_once_an_answer_looks_cut_off),
      cmocka_unit_test(test_what_parts_do_not_prove_is_never_complete),
      cmocka_unit_test(test_an_answer_that_looks_whole_costs_no_other_question),
      cmocka_unit_test(test_a_list_of_uids_that_all_match_is_no_suspicion),
      cmocka_unit_test(test_a_study_whose_instances_look_cut_off_is_not_complete),
      cmocka_unit_test(test_what_goes_elsewhere_and_was_cut_off_is_incomplete_too),
      cmocka_unit_test(test_a_study_that_is_answered_again_and_again_is_moved_once),
      cmocka_unit_test(test_parts_beyond_what_can_be_gone_into_are_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
