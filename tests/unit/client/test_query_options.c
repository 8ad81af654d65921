/* Extended negotiation of queries and retrieves as the requester (PS3.4 C.5, K.5; RULES 8): what is proposed when, what
 * is done with the answer, and what is told when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/sop_class.h"
#include "support/client_fixture.h"
#include "support/test_sink.h"

static const peer_step good[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};
static const uint8_t yes[] = {1, 1, 1, 1, 1, 1, 1}, no[] = {0}, only_relational[] = {1};

/* Two studies of three series each, whichever way they are asked for: with the study's UID in the query its series,
 * without one all of them. */
static const char *series_row(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  static char text[256];
  char level[17] = "", study[65] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  if (strcmp(level, "STUDY") == 0) {
    snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu|PatientName=Doe^Jane", row + 1);
    return row < 2 ? text : NULL;
  }
  if (*study)
    snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.%zu|Modality=CT", study, study, row + 1);
  else
    snprintf(text, sizeof text,
             "StudyInstanceUID=1.2.%zu|SeriesInstanceUID=1.2.%zu.%zu|Modality=CT|PatientName=Doe^Jane", row / 3 + 1,
             row / 3 + 1, row % 3 + 1);
  return row < (*study ? 3 : 6) ? text : NULL;
}

static void start(fixture *f, const uint8_t *agrees, size_t length) {
  fixture_start(f, good);
  f->peer.row = series_row;
  f->peer.agrees = agrees;
  f->peer.agrees_length = length;
}

static scu_query *query_with(const char *path, const char *value) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, path, value), SCU_OK);
  return query;
}

/* Runs the query and counts its rows, each of which has to know its study and its patient. */
static size_t count_rows(fixture *f, const scu_query *query) {
  scu_matches *matches;
  const scu_dataset *row;
  size_t count = 0;
  char text[65];
  assert_int_equal(scu_find(f->session, query, &matches), SCU_OK);
  scu_result result;
  while ((result = scu_matches_next(matches, &row)) == SCU_OK) {
    assert_int_equal(scu_dataset_text(row, "StudyInstanceUID", text, sizeof text), SCU_OK);
    assert_int_equal(scu_dataset_text(row, "PatientName", text, sizeof text), SCU_OK);
    count++;
  }
  assert_int_equal(result, SCU_END);
  scu_matches_close(matches);
  return count;
}

static void test_one_relational_query_does_where_the_peer_agrees(void **state) {
  (void)state;
  fixture f;
  start(&f, only_relational, sizeof only_relational);
  scu_query *query = query_with("Modality", "CT");
  assert_int_equal(count_rows(&f, query), 6);
  assert_string_equal(f.peer.offers, SCU__UID_STUDY_ROOT_FIND "=01 ");
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 1);
  assert_string_equal(f.warnings, "");
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_level_after_level_is_asked_where_it_does_not(void **state) {
  (void)state;
  static const struct {
    const uint8_t *agrees;
    scu_wish wish;
    const char *offers;
    bool is_warned;
  } cases[] = {
      {NULL, SCU_WISH_AUTO, SCU__UID_STUDY_ROOT_FIND "=01 ", false},
      {no, SCU_WISH_AUTO, SCU__UID_STUDY_ROOT_FIND "=01 ", false},
      {no, SCU_WISH_YES, SCU__UID_STUDY_ROOT_FIND "=01 ", true},
      {yes, SCU_WISH_NO, "", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    start(&f, cases[i].agrees, cases[i].agrees ? 1 : 0);
    scu_query *query = query_with("Modality", "CT");
    assert_int_equal(scu_query_set_option(query, SCU_QUERY_RELATIONAL, cases[i].wish), SCU_OK);
    assert_int_equal(count_rows(&f, query), 6);
    assert_string_equal(f.peer.offers, cases[i].offers);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 3);
    assert_int_equal(strstr(f.warnings, "relational") != NULL, cases[i].is_warned);
    assert_int_equal(f.peer.accepted, 1); /* the same association does for every level */
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_a_query_that_needs_nothing_proposes_nothing(void **state) {
  (void)state;
  fixture f;
  start(&f, yes, sizeof yes);
  scu_query *query = query_with("StudyInstanceUID", "1.2.1");
  scu_query_set_level(query, SCU_LEVEL_STUDY);
  assert_int_equal(count_rows(&f, query), 2);
  assert_string_equal(f.peer.offers, "");
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_each_option_has_its_byte(void **state) {
  (void)state;
  static const struct {
    scu_model model;
    scu_query_option option;
    const char *offers;
  } cases[] = {
      {SCU_MODEL_STUDY, SCU_QUERY_RELATIONAL, SCU__UID_STUDY_ROOT_FIND "=01 "},
      {SCU_MODEL_STUDY, SCU_QUERY_COMBINED_DATE_TIME, SCU__UID_STUDY_ROOT_FIND "=0001 "},
      {SCU_MODEL_PATIENT, SCU_QUERY_FUZZY_NAMES, SCU__UID_PATIENT_ROOT_FIND "=010001 "}, /* no patient */
      {SCU_MODEL_PATIENT_STUDY_ONLY, SCU_QUERY_TIMEZONE, SCU__UID_PATIENT_STUDY_ONLY_FIND "=01000001 "},
      {SCU_MODEL_STUDY, SCU_QUERY_VIEW, SCU__UID_STUDY_ROOT_FIND "=0000000001 "},
      {SCU_MODEL_STUDY, SCU_QUERY_EMPTY_VALUE, SCU__UID_STUDY_ROOT_FIND "=000000000001 "},
      {SCU_MODEL_STUDY, SCU_QUERY_MULTIPLE_VALUES, SCU__UID_STUDY_ROOT_FIND "=00000000000001 "},
      {SCU_MODEL_WORKLIST, SCU_QUERY_FUZZY_NAMES, SCU__UID_MODALITY_WORKLIST_FIND "=010101 "},
      {SCU_MODEL_WORKLIST, SCU_QUERY_TIMEZONE, SCU__UID_MODALITY_WORKLIST_FIND "=01010001 "},
      {SCU_MODEL_WORKLIST, SCU_QUERY_RELATIONAL, ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int is_agreed = 0; is_agreed < 2; is_agreed++) {
      fixture f;
      start(&f, is_agreed ? yes : no, is_agreed ? sizeof yes : sizeof no);
      scu_query *query = query_with("PatientName", "D*");
      scu_query_set_model(query, cases[i].model);
      if (cases[i].model != SCU_MODEL_WORKLIST) scu_query_set_level(query, SCU_LEVEL_STUDY);
      assert_int_equal(scu_query_set_option(query, cases[i].option, SCU_WISH_YES), SCU_OK);
      count_rows(&f, query);
      assert_string_equal(f.peer.offers, cases[i].offers);
      assert_int_equal(*f.warnings != 0, !is_agreed && *cases[i].offers != 0);
      scu_query_free(query);
      fixture_stop(&f);
    }
  }
}

static void test_a_key_that_needs_an_option_proposes_it(void **state) {
  (void)state;
  static const char *const cases[][4] = {
      {"TimezoneOffsetFromUTC", "+0100", "=00000001 ", "+0100"},
      {"QueryRetrieveView", "CLASSIC", "=0000000001 ", "CLASSIC"},
      {"StudyDescription", "\"\"", "=000000000001 ", "\"\""},
      {"ModalitiesInStudy", "CT\\MR", "", "CT"}, /* agreed it would mean "and": one after the other */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    start(&f, yes, sizeof yes);
    scu_query *query = query_with("PatientName", "D*");
    assert_int_equal(scu_query_set(query, cases[i][0], cases[i][1]), SCU_OK);
    count_rows(&f, query);
    const char *bytes = strchr(f.peer.offers, '=');
    assert_string_equal(bytes ? bytes : "", cases[i][2]);
    const scu_dataset *sent = scripted_peer_message(&f.peer, SCU__C_FIND_RQ, 0)->dataset;
    char value[32];
    assert_int_equal(scu_dataset_text(sent, cases[i][0], value, sizeof value), SCU_OK);
    assert_string_equal(value, cases[i][3]);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

/* Agreed options change what keys mean: a later query without the wish goes over an association without it. */
static void test_an_association_with_other_options_is_not_used(void **state) {
  (void)state;
  fixture f;
  start(&f, yes, sizeof yes);
  scu_query *query = query_with("PatientName", "D*");
  count_rows(&f, query);
  count_rows(&f, query);
  assert_int_equal(f.peer.accepted, 1);
  scu_query_set_option(query, SCU_QUERY_MULTIPLE_VALUES, SCU_WISH_YES);
  count_rows(&f, query);
  count_rows(&f, query);
  assert_int_equal(f.peer.accepted, 2);
  scu_query_set_option(query, SCU_QUERY_MULTIPLE_VALUES, SCU_WISH_AUTO);
  count_rows(&f, query);
  assert_int_equal(f.peer.accepted, 3);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_options_that_are_none_are_refused(void **state) {
  (void)state;
  scu_query *query = query_with("PatientName", "D*");
  assert_int_equal(scu_query_set_option(query, SCU_QUERY_OPTIONS, SCU_WISH_YES), SCU_ERROR_USAGE);
  assert_int_equal(scu_query_set_option(query, SCU_QUERY_VIEW, (scu_wish)3), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_query_error(query)), "option"));
  scu_query_free(query);
}

/* A peer that cannot be asked: the UID alone does if it retrieves relationally, else the error says what is missing. */
static void test_a_retrieve_by_uid_alone_where_nothing_can_be_found(void **state) {
  (void)state;
  static const char *const instances[] = {"1.2.3.1"};
  for (int is_agreed = 0; is_agreed < 2; is_agreed++) {
    fixture f;
    start(&f, is_agreed ? only_relational : NULL, is_agreed ? 1 : 0);
    f.peer.refused_class = SCU__UID_STUDY_ROOT_FIND;
    f.peer.instances = instances;
    f.peer.instance_count = 1;
    test_sink sink;
    test_sink_init(&sink);
    scu_query *query = query_with("SOPInstanceUID", "1.2.3.1");
    scu_retrieve_report *report = NULL;
    scu_result result = scu_get(f.session, query, &sink.sink, &report);
    assert_int_equal(result, is_agreed ? SCU_OK : SCU_ERROR_REFUSED);
    assert_non_null(strstr(f.peer.offers, SCU__UID_STUDY_ROOT_GET "=01 "));
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_GET_RQ), is_agreed);
    if (is_agreed) {
      const scu_dataset *sent = scripted_peer_message(&f.peer, SCU__C_GET_RQ, 0)->dataset;
      assert_int_equal(scu_dataset_count(sent), 2);
      assert_int_equal(f.outcome_count, 1);
    } else {
      const scu_error *error = scu_session_error(f.session);
      assert_non_null(strstr(scu_error_reason(error), "relational"));
      assert_non_null(strstr(scu_error_hint(error), "StudyInstanceUID"));
    }
    scu_retrieve_report_free(report);
    scu_query_free(query);
    fixture_stop(&f);
    test_sink_free(&sink);
  }
}

static void test_a_worklist_cannot_be_retrieved(void **state) {
  (void)state;
  fixture f;
  start(&f, NULL, 0);
  test_sink sink;
  test_sink_init(&sink);
  scu_query *query = query_with("PatientID", "1");
  scu_query_set_model(query, SCU_MODEL_WORKLIST);
  scu_retrieve_report *report = NULL;
  assert_int_equal(scu_get(f.session, query, &sink.sink, &report), SCU_ERROR_USAGE);
  assert_int_equal(f.peer.accepted, 0);
  scu_retrieve_report_free(report);
  scu_query_free(query);
  fixture_stop(&f);
  test_sink_free(&sink);
}

/* ---- the identifiers on the wire, whatever becomes of an offer ---- */

/* "STUDY StudyDate=20240101-20240102 ..." : level and every key with a value, of request `index`. */
static void check_identifier(const fixture *f, uint16_t field, size_t index, const char *expected) {
  const scu_dataset *sent = scripted_peer_message(&f->peer, field, index)->dataset;
  char text[512] = "";
  for (size_t i = 0; i < scu_dataset_count(sent); i++) {
    const scu_element *key = scu_dataset_at(sent, i);
    char path[16], value[128];
    if (scu_element_length(key) == 0) continue;
    snprintf(path, sizeof path, "%08X", (unsigned)scu_element_tag(key));
    assert_int_equal(scu_dataset_text(sent, path, value, sizeof value), SCU_OK);
    const char *name = scu_tag_keyword(scu_element_tag(key));
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "%s%s=%s", length > 0 ? " " : "", name, value);
  }
  if (strcmp(text, expected) != 0) fail_msg("request %zu: %s", index, text);
}

/* Everything that can be wished, and keys that mean something else without it. */
static scu_query *greedy_query(void) {
  scu_query *query = query_with("Modality", "CT\\MR");
  for (int option = 0; option < SCU_QUERY_OPTIONS; option++)
    assert_int_equal(scu_query_set_option(query, (scu_query_option)option, SCU_WISH_YES), SCU_OK);
  scu_query_set_option(query, SCU_QUERY_MULTIPLE_VALUES, SCU_WISH_NO); /* lists are ours */
  assert_int_equal(scu_query_set(query, "StudyDate", "20240101-20240102"), SCU_OK);
  assert_int_equal(scu_query_set(query, "StudyTime", "2200-0600"), SCU_OK);
  return query;
}

static void test_all_of_our_bytes_agreed(void **state) {
  (void)state;
  fixture f;
  start(&f, yes, sizeof yes);
  scu_query *query = greedy_query();
  count_rows(&f, query);
  assert_string_equal(f.peer.offers, SCU__UID_STUDY_ROOT_FIND "=010101010101 ");
  check_identifier(&f, SCU__C_FIND_RQ, 0,
                   "StudyDate=20240101-20240102 StudyTime=2200-0600 QueryRetrieveLevel=SERIES Modality=CT");
  check_identifier(&f, SCU__C_FIND_RQ, 1,
                   "StudyDate=20240101-20240102 StudyTime=2200-0600 QueryRetrieveLevel=SERIES Modality=MR");
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 2);
  assert_string_equal(f.warnings, "");
  scu_query_free(query);
  fixture_stop(&f);
}

/* RULES 8: a short answer means 0 for the rest; fall-back is per option. */
static void test_one_byte_to_our_seven(void **state) {
  (void)state;
  fixture f;
  start(&f, only_relational, sizeof only_relational);
  scu_query *query = greedy_query();
  scu_query_set_option(query, SCU_QUERY_MULTIPLE_VALUES, SCU_WISH_YES);
  count_rows(&f, query);
  assert_string_equal(f.peer.offers, SCU__UID_STUDY_ROOT_FIND "=01010101010101 ");
  /* Relational: one level. Not combined: the period in two parts. The list goes out as it was wished. */
  check_identifier(&f, SCU__C_FIND_RQ, 0,
                   "StudyDate=20240101 StudyTime=2200- QueryRetrieveLevel=SERIES Modality=CT\\MR");
  check_identifier(&f, SCU__C_FIND_RQ, 1,
                   "StudyDate=20240102 StudyTime=-0600 QueryRetrieveLevel=SERIES Modality=CT\\MR");
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 2);
  assert_null(strstr(f.warnings, "relational"));
  static const char *const missed[] = {"combined", "fuzzy", "timezone", "enhanced", "empty value", "multiple value"};
  for (size_t i = 0; i < 6; i++) assert_non_null(strstr(f.warnings, missed[i]));
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_no_item_in_the_answer(void **state) {
  (void)state;
  fixture f;
  start(&f, NULL, 0);
  scu_query *query = greedy_query();
  count_rows(&f, query);
  check_identifier(&f, SCU__C_FIND_RQ, 0, "StudyDate=20240101 StudyTime=2200- QueryRetrieveLevel=STUDY");
  check_identifier(&f, SCU__C_FIND_RQ, 1, "StudyDate=20240102 StudyTime=-0600 QueryRetrieveLevel=STUDY");
  check_identifier(&f, SCU__C_FIND_RQ, 2, "QueryRetrieveLevel=SERIES Modality=CT StudyInstanceUID=1.2.1");
  check_identifier(&f, SCU__C_FIND_RQ, 3, "QueryRetrieveLevel=SERIES Modality=MR StudyInstanceUID=1.2.1");
  check_identifier(&f, SCU__C_FIND_RQ, 4, "QueryRetrieveLevel=SERIES Modality=CT StudyInstanceUID=1.2.2");
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 6);
  assert_non_null(strstr(f.warnings, "relational"));
  scu_query_free(query);
  fixture_stop(&f);
}

/* RULES 8: a 1 that was not offered is ignored, be it in an item nobody asked for or in a byte of ours. */
static void test_an_item_that_nobody_asked_for_changes_nothing(void **state) {
  (void)state;
  for (int is_offered = 0; is_offered < 2; is_offered++) {
    fixture f;
    start(&f, yes, sizeof yes);
    scu_query *query = query_with("Modality", "CT\\MR");
    scu_query_set(query, "StudyDate", "20240101-20240102");
    scu_query_set(query, "StudyTime", "2200-0600");
    scu_query_set_option(query, SCU_QUERY_RELATIONAL, SCU_WISH_NO);
    if (is_offered) scu_query_set_option(query, SCU_QUERY_FUZZY_NAMES, SCU_WISH_YES);
    if (!is_offered) f.peer.agrees_unasked = SCU__UID_STUDY_ROOT_FIND;
    count_rows(&f, query);
    assert_string_equal(f.peer.offers, is_offered ? SCU__UID_STUDY_ROOT_FIND "=000001 " : "");
    /* Neither relational, nor combined, nor with a list that means "and". */
    check_identifier(&f, SCU__C_FIND_RQ, 0, "StudyDate=20240101-20240102 StudyTime=2200- QueryRetrieveLevel=STUDY");
    check_identifier(&f, SCU__C_FIND_RQ, 1, "StudyDate=20240101-20240102 StudyTime=-0600 QueryRetrieveLevel=STUDY");
    check_identifier(&f, SCU__C_FIND_RQ, 2, "QueryRetrieveLevel=SERIES Modality=CT StudyInstanceUID=1.2.1");
    check_identifier(&f, SCU__C_FIND_RQ, 3, "QueryRetrieveLevel=SERIES Modality=MR StudyInstanceUID=1.2.1");
    assert_string_equal(f.warnings, "");
    scu_query_free(query);
    fixture_stop(&f);
  }
}

/* RULES 8, 18: a relational FIND does not imply a relational MOVE: every unique key goes into its identifier. */
static void test_relational_find_but_not_move(void **state) {
  (void)state;
  fixture f;
  start(&f, only_relational, sizeof only_relational);
  f.peer.agrees_class = SCU__UID_STUDY_ROOT_FIND;
  scu_query *query = query_with("SeriesInstanceUID", "1.2.1.1\\1.2.1.2\\1.2.1.3\\1.2.2.1\\1.2.2.2\\1.2.2.3");
  scu_retrieve_report *report = NULL;
  scu_move(f.session, query, "ELSEWHERE", &report);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 1);
  check_identifier(&f, SCU__C_FIND_RQ, 0,
                   "QueryRetrieveLevel=SERIES SeriesInstanceUID=1.2.1.1\\1.2.1.2\\1.2.1.3\\1.2.2.1\\1.2.2.2\\1.2.2.3");
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_MOVE_RQ), 6);
  check_identifier(&f, SCU__C_MOVE_RQ, 0, "QueryRetrieveLevel=SERIES StudyInstanceUID=1.2.1 SeriesInstanceUID=1.2.1.1");
  check_identifier(&f, SCU__C_MOVE_RQ, 5, "QueryRetrieveLevel=SERIES StudyInstanceUID=1.2.2 SeriesInstanceUID=1.2.2.3");
  for (size_t i = 0; i < 6; i++) /* no empty key either */
    assert_int_equal(scu_dataset_count(scripted_peer_message(&f.peer, SCU__C_MOVE_RQ, i)->dataset), 3);
  scu_retrieve_report_free(report);
  scu_query_free(query);
  fixture_stop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_relational_query_does_where_the_peer_agrees),
      cmocka_unit_test(test_level_after_level_is_asked_where_it_does_not),
      cmocka_unit_test(test_a_query_that_needs_nothing_proposes_nothing),
      cmocka_unit_test(test_each_option_has_its_byte),
      cmocka_unit_test(test_a_key_that_needs_an_option_proposes_it),
      cmocka_unit_test(test_an_association_with_other_options_is_not_used),
      cmocka_unit_test(test_options_that_are_none_are_refused),
      cmocka_unit_test(test_a_retrieve_by_uid_alone_where_nothing_can_be_found),
      cmocka_unit_test(test_a_worklist_cannot_be_retrieved),
      cmocka_unit_test(test_all_of_our_bytes_agreed),
      cmocka_unit_test(test_one_byte_to_our_seven),
      cmocka_unit_test(test_no_item_in_the_answer),
      cmocka_unit_test(test_an_item_that_nobody_asked_for_changes_nothing),
      cmocka_unit_test(test_relational_find_but_not_move),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
