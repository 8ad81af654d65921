/* Drilling down: what is below the matches of a query, at any level, in one find (PS3.4 C.4.1.3.1.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"

static const peer_step serve[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

/* Two patients of two studies, each of two series of two instances; the last series of a study is empty. */
static const char *two_of_each(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  static char text[256];
  char level[17] = "", study[65] = "", series[65] = "", patient[17] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "PatientID", patient, sizeof patient);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  scu_dataset_text(query, "SeriesInstanceUID", series, sizeof series);
  if (row >= 2) return NULL;
  size_t number = row + 1;
  if (strcmp(level, "PATIENT") == 0) {
    snprintf(text, sizeof text, "PatientID=P%zu|PatientName=Doe^%zu", number, number);
  } else if (strcmp(level, "STUDY") == 0) {
    snprintf(text, sizeof text, "StudyInstanceUID=%s.%zu|StudyDate=20240101|PatientName=Doe^Jane",
             *patient == 'P' ? patient + 1 : "1", number);
  } else if (strcmp(level, "SERIES") == 0) {
    snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.%zu|Modality=CT", study, study, number);
  } else {
    if (series[strlen(series) - 1] == '2') return NULL;
    snprintf(text, sizeof text, "SOPInstanceUID=%s.%zu|InstanceNumber=%zu", series, number, number);
  }
  return text;
}

static scu_query *query_of(scu_model model, scu_query_level level, scu_query_level depth) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "PatientName", "Doe*"), SCU_OK);
  assert_int_equal(scu_query_set_model(query, model), SCU_OK);
  assert_int_equal(scu_query_set_level(query, level), SCU_OK);
  assert_int_equal(scu_query_set_depth(query, depth), SCU_OK);
  return query;
}

/* The values of `path`, in the order of the rows. Frees the query. */
static scu_result find_all(fixture *f, scu_query *query, const char *path, char *to, size_t room) {
  scu_matches *matches = NULL;
  const scu_dataset *row;
  *to = 0;
  scu_result result = scu_find(f->session, query, &matches);
  while (result == SCU_OK && (result = scu_matches_next(matches, &row)) == SCU_OK) {
    size_t length = strlen(to);
    char text[65];
    assert_int_equal(scu_dataset_text(row, path, text, sizeof text), SCU_OK);
    snprintf(to + length, room - length, "%s%s", length > 0 ? " " : "", text);
  }
  scu_matches_close(matches);
  scu_query_free(query);
  return result;
}

static void check(scu_query *query, const char *path, const char *expected, size_t requests) {
  fixture f;
  char found[1024];
  fixture_start(&f, serve);
  f.peer.row = two_of_each;
  assert_int_equal(find_all(&f, query, path, found, sizeof found), SCU_END);
  assert_string_equal(found, expected);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), requests);
  assert_int_equal(f.peer.accepted, 1);
  fixture_stop(&f);
}

static void test_every_level_below_a_match(void **state) {
  (void)state;
  scu_query_level study = SCU_LEVEL_STUDY, patient = SCU_LEVEL_PATIENT;
  check(query_of(SCU_MODEL_STUDY, study, SCU_LEVEL_DEFAULT), "StudyInstanceUID", "1.1 1.2", 1);
  check(query_of(SCU_MODEL_STUDY, study, study), "StudyInstanceUID", "1.1 1.2", 1);
  check(query_of(SCU_MODEL_STUDY, study, SCU_LEVEL_SERIES), "SeriesInstanceUID", "1.1.1 1.1.2 1.2.1 1.2.2", 3);
  check(query_of(SCU_MODEL_STUDY, study, SCU_LEVEL_IMAGE), "SOPInstanceUID", "1.1.1.1 1.1.1.2 1.2.1.1 1.2.1.2", 7);
  check(query_of(SCU_MODEL_PATIENT, patient, study), "StudyInstanceUID", "1.1 1.2 2.1 2.2", 3);
  check(query_of(SCU_MODEL_PATIENT, patient, SCU_LEVEL_IMAGE), "SOPInstanceUID",
        "1.1.1.1 1.1.1.2 1.2.1.1 1.2.1.2 2.1.1.1 2.1.1.2 2.2.1.1 2.2.1.2", 15);
}

static void test_rows_have_the_values_of_the_levels_above(void **state) {
  (void)state;
  check(query_of(SCU_MODEL_PATIENT, SCU_LEVEL_PATIENT, SCU_LEVEL_IMAGE), "PatientID", "P1 P1 P1 P1 P2 P2 P2 P2", 15);
  check(query_of(SCU_MODEL_STUDY, SCU_LEVEL_STUDY, SCU_LEVEL_IMAGE), "StudyDate", "20240101 20240101 20240101 20240101",
        7);
  check(query_of(SCU_MODEL_STUDY, SCU_LEVEL_STUDY, SCU_LEVEL_IMAGE), "Modality", "CT CT CT CT", 7);
}

/* What is below one match comes before the next match is gone into. */
static void test_the_order_is_that_of_a_tree(void **state) {
  (void)state;
  static const char *const expected[] = {"STUDY -",    "SERIES 1.1", "IMAGE 1.1", "IMAGE 1.1",
                                         "SERIES 1.2", "IMAGE 1.2",  "IMAGE 1.2"};
  fixture f;
  char found[256];
  fixture_start(&f, serve);
  f.peer.row = two_of_each;
  find_all(&f, query_of(SCU_MODEL_STUDY, SCU_LEVEL_STUDY, SCU_LEVEL_IMAGE), "SOPInstanceUID", found, sizeof found);
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const scu_dataset *sent = scripted_peer_message(&f.peer, SCU__C_FIND_RQ, i)->dataset;
    char level[17], study[65], text[128];
    assert_int_equal(scu_dataset_text(sent, "QueryRetrieveLevel", level, sizeof level), SCU_OK);
    assert_int_equal(scu_dataset_text(sent, "StudyInstanceUID", study, sizeof study), SCU_OK);
    snprintf(text, sizeof text, "%s %s", level, *study ? study : "-");
    assert_string_equal(text, expected[i]);
    /* Below the level of the query only unique keys restrict. */
    if (i > 0) assert_null(scu_dataset_find_path(sent, "PatientName"));
  }
  fixture_stop(&f);
}

static void test_a_limit_counts_the_rows_that_are_given(void **state) {
  (void)state;
  fixture f;
  char found[256];
  fixture_start(&f, serve);
  f.peer.row = two_of_each;
  scu_query *query = query_of(SCU_MODEL_STUDY, SCU_LEVEL_STUDY, SCU_LEVEL_IMAGE);
  scu_query_set_limit(query, 3);
  assert_int_equal(find_all(&f, query, "SOPInstanceUID", found, sizeof found), SCU_END);
  assert_string_equal(found, "1.1.1.1 1.1.1.2 1.2.1.1");
  fixture_stop(&f);
}

static scu_match_choice check_level(void *user, const scu_match *match) {
  assert_int_equal(match->level, *(scu_query_level *)user);
  return SCU_MATCH_TAKE;
}

static void test_the_match_hook_is_told_the_level_of_the_rows(void **state) {
  (void)state;
  for (int depth = SCU_LEVEL_STUDY; depth <= SCU_LEVEL_IMAGE; depth++) {
    fixture f;
    char found[256];
    fixture_start(&f, serve);
    f.peer.row = two_of_each;
    scu_query_level expected = (scu_query_level)depth;
    const scu_hooks hooks = {.size = sizeof hooks, .match = check_level, .user = &expected};
    assert_int_equal(scu_session_set_hooks(f.session, &hooks), SCU_OK);
    assert_int_equal(
        find_all(&f, query_of(SCU_MODEL_STUDY, SCU_LEVEL_STUDY, expected), "StudyInstanceUID", found, sizeof found),
        SCU_END);
    assert_string_not_equal(found, "");
    fixture_stop(&f);
  }
}

static void test_depths_that_are_none(void **state) {
  (void)state;
  static const struct {
    scu_model model;
    scu_query_level level, depth;
    const char *word;
  } cases[] = {
      {SCU_MODEL_STUDY, SCU_LEVEL_SERIES, SCU_LEVEL_STUDY, "SERIES level, which is below STUDY"},
      {SCU_MODEL_STUDY, SCU_LEVEL_STUDY, SCU_LEVEL_PATIENT, "below PATIENT"},
      {SCU_MODEL_PATIENT_STUDY_ONLY, SCU_LEVEL_STUDY, SCU_LEVEL_SERIES, "no SERIES level"},
      {SCU_MODEL_WORKLIST, SCU_LEVEL_DEFAULT, SCU_LEVEL_IMAGE, "no IMAGE level"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu_query *query = query_of(cases[i].model, cases[i].level, cases[i].depth);
    assert_int_equal(scu_query_check(query, NULL, NULL), SCU_ERROR_USAGE);
    if (!strstr(scu_error_reason(scu_query_error(query)), cases[i].word))
      fail_msg("%s", scu_error_reason(scu_query_error(query)));
    assert_int_equal(scu_query_set_depth(query, (scu_query_level)5), SCU_ERROR_USAGE);
    scu_query_free(query);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_level_below_a_match),
      cmocka_unit_test(test_rows_have_the_values_of_the_levels_above),
      cmocka_unit_test(test_the_order_is_that_of_a_tree),
      cmocka_unit_test(test_a_limit_counts_the_rows_that_are_given),
      cmocka_unit_test(test_the_match_hook_is_told_the_level_of_the_rows),
      cmocka_unit_test(test_depths_that_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
