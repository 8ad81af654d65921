/* What is asked for without being named: keys of instances by the modality of their series, and once more with fewer
 * when the peer refuses (RULES 16; IHE RAD-14, 15, 26, 30, 44). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"

#define QUERY                                                                                                          \
  { .action = PEER_WAIT_MESSAGE }
#define MATCH(keys)                                                                                                    \
  { .action = PEER_RESPOND, .status = 0xFF00, .text = keys }
#define ENDS(with)                                                                                                     \
  { .action = PEER_RESPOND, .status = with }

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

/* One series of the modality that `user` says, with one instance. */
static const char *one_of_each(void *user, const scu_dataset *query, size_t row) {
  static char text[128];
  char level[17] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  snprintf(text, sizeof text,
           strcmp(level, "SERIES") == 0 ? "StudyInstanceUID=1.2|SeriesInstanceUID=1.2.3|Modality=%s"
                                        : "SOPInstanceUID=1.2.3.4|InstanceNumber=1",
           (const char *)user);
  return row < 1 ? text : NULL;
}

static scu_query *query_of(const char *path, const char *value, scu_query_level level) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, path, value), SCU_OK);
  assert_int_equal(scu_query_set_level(query, level), SCU_OK);
  return query;
}

/* Pulls all matches; the result of the last call. Frees the query. */
static scu_result run(fixture *f, scu_query *query, uint64_t *count) {
  scu_matches *matches = NULL;
  const scu_dataset *row;
  scu_result result = scu_find(f->session, query, &matches);
  while (result == SCU_OK) result = scu_matches_next(matches, &row);
  *count = matches ? scu_matches_count(matches) : 0;
  scu_matches_close(matches);
  scu_query_free(query);
  return result;
}

static const scu_dataset *sent(const fixture *f, size_t index) {
  assert_true(scripted_peer_count(&f->peer, SCU__C_FIND_RQ) > index);
  return scripted_peer_message(&f->peer, SCU__C_FIND_RQ, index)->dataset;
}

static void check_keys(const scu_dataset *identifier, const char *const *keys, bool are_there) {
  for (; *keys; keys++) {
    const scu_element *key = scu_dataset_find_path(identifier, *keys);
    if (!key == are_there) fail_msg("%s is %s", *keys, are_there ? "missing" : "there");
    if (key) assert_int_equal(scu_element_length(key), 0);
  }
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_instances_are_asked_for_what_their_modality_has(void **state) {
  (void)state;
  const char *const *const images = KEYS("Rows", "Columns", "BitsAllocated", "NumberOfFrames");
  const char *const *const states =
      KEYS("ContentLabel", "ContentDescription", "PresentationCreationDate", "PresentationCreationTime",
           "ContentCreatorName", "ReferencedSeriesSequence[0].SeriesInstanceUID",
           "ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID");
  const char *const *const documents =
      KEYS("ContentDate", "ContentTime", "ObservationDateTime", "ReferencedRequestSequence[0].AccessionNumber",
           "ConceptNameCodeSequence[0].CodeMeaning");
  const char *const *const reports =
      KEYS("CompletionFlag", "VerificationFlag", "ContentTemplateSequence[0].TemplateIdentifier",
           "VerifyingObserverSequence[0].VerifyingObserverName");
  const char *const *const evidence = KEYS("CurrentRequestedProcedureEvidenceSequence");
  static const struct {
    const char *modality;
    bool has_images, has_states, has_documents, has_reports, has_evidence;
  } cases[] = {
      {"CT", true, false, false, false, false},   {"RTIMAGE", true, false, false, false, false},
      {"SEG", true, false, false, false, false},  {"PR", false, true, false, false, false},
      {"SR", false, false, true, true, false},    {"KO", false, false, true, false, true},
      {"REG", false, false, false, false, false}, {"", true, false, false, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    uint64_t count;
    fixture_start(&f, good);
    f.peer.row = one_of_each;
    f.peer.user = (void *)(uintptr_t)cases[i].modality;
    assert_int_equal(run(&f, query_of("StudyInstanceUID", "1.2", SCU_LEVEL_IMAGE), &count), SCU_END);
    assert_int_equal(count, 1);
    const scu_dataset *identifier = sent(&f, 1);
    check_keys(identifier, KEYS("SOPClassUID", "SOPInstanceUID", "InstanceNumber"), true);
    check_keys(identifier, images, cases[i].has_images);
    check_keys(identifier, states, cases[i].has_states);
    check_keys(identifier, documents, cases[i].has_documents);
    check_keys(identifier, reports, cases[i].has_reports);
    check_keys(identifier, evidence, cases[i].has_evidence);
    fixture_stop(&f);
  }
}

static void test_the_modality_of_a_relational_query_is_that_of_its_key(void **state) {
  (void)state;
  static const uint8_t agrees[] = {1};
  for (int has_list = 0; has_list < 2; has_list++) {
    fixture f;
    uint64_t count;
    fixture_start(&f, good);
    f.peer.row = one_of_each;
    f.peer.user = (void *)(uintptr_t) "KO";
    f.peer.agrees = agrees;
    f.peer.agrees_length = sizeof agrees;
    run(&f, query_of("Modality", has_list ? "KO\\PR" : "KO", SCU_LEVEL_IMAGE), &count);
    check_keys(sent(&f, 0), KEYS("CurrentRequestedProcedureEvidenceSequence"), !has_list);
    check_keys(sent(&f, 0), KEYS("Rows"), has_list); /* not one modality: what images have */
    check_keys(sent(&f, 0), KEYS("ContentLabel"), false);
    fixture_stop(&f);
  }
}

static void test_series_are_asked_for_their_request_and_their_step(void **state) {
  (void)state;
  fixture f;
  uint64_t count;
  fixture_start(&f, good);
  f.peer.row = one_of_each;
  f.peer.user = (void *)(uintptr_t) "CT";
  run(&f, query_of("StudyInstanceUID", "1.2", SCU_LEVEL_SERIES), &count);
  check_keys(sent(&f, 0),
             KEYS("Modality", "SeriesNumber", "SeriesInstanceUID", "SeriesDescription",
                  "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime",
                  "RequestAttributesSequence[0].RequestedProcedureID",
                  "RequestAttributesSequence[0].ScheduledProcedureStepID"),
             true);
  fixture_stop(&f);
}

static void test_a_refusal_is_answered_with_fewer_keys_once(void **state) {
  (void)state;
  static const uint16_t statuses[] = {0xA900, 0xC000, 0xC001};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    const peer_step script[] = {START, QUERY, ENDS(statuses[i]), QUERY, MATCH("StudyInstanceUID=1.2"), ENDS(0), END};
    fixture f;
    uint64_t count;
    char number[8], text[32];
    fixture_start(&f, script);
    scu_query *query = query_of("PatientName", "Doe*", SCU_LEVEL_STUDY);
    assert_int_equal(scu_query_return(query, "PatientComments"), SCU_OK);
    assert_int_equal(run(&f, query, &count), SCU_END);
    assert_int_equal(count, 1);
    check_keys(sent(&f, 0), KEYS("PatientComments", "StudyDescription", "StudyInstanceUID"), true);
    const scu_dataset *second = sent(&f, 1);
    check_keys(second, KEYS("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "PatientID", "StudyID"),
               true);
    check_keys(second, KEYS("PatientComments", "StudyDescription", "ModalitiesInStudy", "PatientSex"), false);
    assert_int_equal(scu_dataset_text(second, "PatientName", text, sizeof text), SCU_OK);
    assert_string_equal(text, "Doe*");
    assert_int_equal(scu_dataset_count(second), 8);
    snprintf(number, sizeof number, "%04X", statuses[i]);
    assert_non_null(strstr(f.warnings, number));
    assert_non_null(strstr(f.warnings, "required keys of level STUDY"));
    fixture_stop(&f);
  }
}

static void test_who_refuses_twice_has_refused(void **state) {
  (void)state;
  static const peer_step script[] = {START, QUERY, ENDS(0xC000), QUERY, ENDS(0xC002), QUERY, ENDS(0), END};
  fixture f;
  uint64_t count;
  fixture_start(&f, script);
  assert_int_equal(run(&f, query_of("PatientName", "Doe*", SCU_LEVEL_STUDY), &count), SCU_ERROR_REFUSED);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 2);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "C002"));
  fixture_stop(&f);
}

static void test_other_refusals_and_those_after_matches_are_final(void **state) {
  (void)state;
  static const peer_step others[][6] = {
      {START, QUERY, ENDS(0xA700), QUERY, END},
      {START, QUERY, ENDS(0x0122), QUERY, END},
  };
  static const peer_step later[] = {START, QUERY, MATCH("StudyInstanceUID=1.2"), ENDS(0xC000), QUERY, END};
  for (size_t i = 0; i < 3; i++) {
    fixture f;
    uint64_t count;
    fixture_start(&f, i < 2 ? others[i] : later);
    assert_int_equal(run(&f, query_of("PatientName", "Doe*", SCU_LEVEL_STUDY), &count), SCU_ERROR_REFUSED);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 1);
    assert_string_equal(f.warnings, "");
    fixture_stop(&f);
  }
}

/* A series that is refused costs those after it no second question, and the level above keeps its keys. */
static void test_what_a_level_refused_is_remembered_for_the_level(void **state) {
  (void)state;
  static const peer_step script[] = {
      START,
      QUERY,
      MATCH("StudyInstanceUID=1.2|SeriesInstanceUID=1.2.3|Modality=CT"),
      MATCH("StudyInstanceUID=1.2|SeriesInstanceUID=1.2.4|Modality=CT"),
      ENDS(0),
      QUERY,
      ENDS(0xC000),
      QUERY,
      MATCH("SOPInstanceUID=1.2.3.1"),
      ENDS(0),
      QUERY,
      MATCH("SOPInstanceUID=1.2.4.1"),
      ENDS(0),
      END,
  };
  fixture f;
  uint64_t count;
  fixture_start(&f, script);
  assert_int_equal(run(&f, query_of("StudyInstanceUID", "1.2", SCU_LEVEL_IMAGE), &count), SCU_END);
  assert_int_equal(count, 2);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 4);
  check_keys(sent(&f, 0), KEYS("SeriesDescription"), true);
  check_keys(sent(&f, 1), KEYS("Rows", "SOPClassUID"), true);
  check_keys(sent(&f, 2), KEYS("Rows", "SOPClassUID"), false);
  check_keys(sent(&f, 3), KEYS("Rows", "SOPClassUID"), false);
  fixture_stop(&f);
}

static void test_a_worklist_has_required_keys_in_its_step(void **state) {
  (void)state;
  static const peer_step script[] = {START, QUERY, ENDS(0xA900), QUERY, ENDS(0), END};
  fixture f;
  uint64_t count;
  fixture_start(&f, script);
  scu_query *query = query_of("PatientID", "1", SCU_LEVEL_DEFAULT);
  scu_query_set_model(query, SCU_MODEL_WORKLIST);
  assert_int_equal(run(&f, query, &count), SCU_END);
#define STEP "ScheduledProcedureStepSequence[0]."
  check_keys(sent(&f, 1), KEYS(STEP "Modality", STEP "ScheduledProcedureStepStartDate", "PatientName"), true);
  check_keys(sent(&f, 1), KEYS(STEP "ScheduledProcedureStepID", "AccessionNumber"), false);
  fixture_stop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_instances_are_asked_for_what_their_modality_has),
      cmocka_unit_test(test_the_modality_of_a_relational_query_is_that_of_its_key),
      cmocka_unit_test(test_series_are_asked_for_their_request_and_their_step),
      cmocka_unit_test(test_a_refusal_is_answered_with_fewer_keys_once),
      cmocka_unit_test(test_who_refuses_twice_has_refused),
      cmocka_unit_test(test_other_refusals_and_those_after_matches_are_final),
      cmocka_unit_test(test_what_a_level_refused_is_remembered_for_the_level),
      cmocka_unit_test(test_a_worklist_has_required_keys_in_its_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
