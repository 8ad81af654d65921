/* Modality Worklist (PS3.4 K.6.1): keys inside the Scheduled Procedure Step Sequence, start date and time as one. */
#include "index_test.h"

static void add_entry(scu__index *index, scu_dataset *entry) {
  scu_error error;
  scu__error_clear(&error);
  if (scu__index_add_worklist(index, entry, &error) != SCU_OK) fail_msg("worklist: %s", error.reason);
  scu_dataset_free(entry);
}

#define STEP   "ScheduledProcedureStepSequence[0]."
#define STEP_2 "ScheduledProcedureStepSequence[1]."

static int set_up(void **state) {
  scu__index *index = open_index(":memory:", NULL);
  add_entry(index,
            identifier(NULL, "PatientName", "Yamada^Tarou=山田^太郎", "PatientID", "JP-1", "StudyInstanceUID", "1.5.1",
                       "AccessionNumber", "W1", "RequestedProcedureID", "R1", STEP "Modality", "CT",
                       STEP "ScheduledStationAETitle", "CT1\\CT2", STEP "ScheduledProcedureStepStartDate", "20240101",
                       STEP "ScheduledProcedureStepStartTime", "2330", STEP "ScheduledProcedureStepID", "P1",
                       STEP "ScheduledPerformingPhysicianName", "House^Gregory",
                       STEP "ScheduledProtocolCodeSequence.CodeMeaning", "胸部", STEP_2 "Modality", "MR",
                       STEP_2 "ScheduledStationAETitle", "MR1", STEP_2 "ScheduledProcedureStepStartDate", "20240102",
                       STEP_2 "ScheduledProcedureStepStartTime", "0015", STEP_2 "ScheduledProcedureStepID", "P2",
                       NULL));
  add_entry(index, identifier(NULL, "PatientName", "Παπαδοπούλου^Ελένη", "PatientID", "GR-2", "StudyInstanceUID",
                              "1.5.2", "AccessionNumber", "W2", STEP "Modality", "US", STEP "ScheduledStationAETitle",
                              "US1", STEP "ScheduledProcedureStepStartDate", "20240103",
                              STEP "ScheduledProcedureStepStartTime", "", STEP "ScheduledProcedureStepID", "P3", NULL));
  *state = index;
  return 0;
}

static int tear_down(void **state) {
  scu__index_close(*state);
  return 0;
}

#define STEP_ID "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID"

static void test_each_step_is_an_entry_of_its_own(void **state) {
  expect(*state, worklist(identifier(NULL, STEP "ScheduledProcedureStepID", "", NULL)), STEP_ID, "P1 P2 P3");
  scu__index_counts counts;
  assert_int_equal(scu__index_count(*state, &counts, NULL), SCU_OK);
  assert_int_equal(counts.worklist_entries, 3);
}

static void test_keys_inside_the_step_match(void **state) {
  expect(*state, worklist(identifier(NULL, STEP "Modality", "MR", STEP "ScheduledProcedureStepID", "", NULL)), STEP_ID,
         "P2");
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledStationAETitle", "CT2", STEP "ScheduledProcedureStepID", "", NULL)),
         STEP_ID, "P1");
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledPerformingPhysicianName", "house*", STEP "Modality", "CT",
                             STEP "ScheduledProcedureStepID", "", NULL)),
         STEP_ID, "P1");
  expect(*state, worklist(identifier(NULL, "PatientName", "山*", STEP "ScheduledProcedureStepID", "", NULL)), STEP_ID,
         "P1 P2");
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledProtocolCodeSequence.CodeMeaning", "?部",
                             STEP "ScheduledProcedureStepID", "", NULL)),
         STEP_ID, "P1");
}

static void test_keys_outside_the_step_match(void **state) {
  expect(*state, worklist(identifier(NULL, "PatientID", "GR-2", "AccessionNumber", "", NULL)), "AccessionNumber", "W2");
  expect(*state, worklist(identifier(NULL, "AccessionNumber", "W1", "StudyInstanceUID", "", NULL)), "StudyInstanceUID",
         "1.5.1 1.5.1");
}

static void test_start_date_and_time_are_one_period_without_negotiation(void **state) {
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledProcedureStepStartDate", "20240101-20240102",
                             STEP "ScheduledProcedureStepStartTime", "2300-0100", STEP "ScheduledProcedureStepID", "",
                             NULL)),
         STEP_ID, "P1 P2");
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledProcedureStepStartDate", "20240101-20240102",
                             STEP "ScheduledProcedureStepStartTime", "2345-0010", STEP "ScheduledProcedureStepID", "",
                             NULL)),
         STEP_ID, "");
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledProcedureStepStartDate", "20240101", STEP "ScheduledProcedureStepID",
                             "", NULL)),
         STEP_ID, "P1");
}

static void test_a_step_without_time_is_in_every_period_of_its_day(void **state) {
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledProcedureStepStartDate", "20240103",
                             STEP "ScheduledProcedureStepStartTime", "1000-1100", STEP "ScheduledProcedureStepID", "",
                             NULL)),
         STEP_ID, "P3");
}

static void test_a_step_without_value_matches_no_key(void **state) {
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledPerformingPhysicianName", "house^gregory",
                             STEP "ScheduledProcedureStepID", "", NULL)),
         STEP_ID, "P1");
  expect(*state,
         worklist(identifier(NULL, STEP "ScheduledProcedureStepStartTime", "0000-2300", STEP "ScheduledProcedureStepID",
                             "", NULL)),
         STEP_ID, "P2");
}

static void test_an_answer_has_no_query_level_and_only_what_was_asked_for(void **state) {
  scu_dataset *row = new_dataset(), *keys = identifier(NULL, "PatientID", "GR-2", STEP "Modality", "", NULL);
  scu__index_query query = worklist(keys);
  scu__index_cursor *cursor;
  assert_int_equal(scu__index_find(*state, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(next_row(cursor, row), SCU_OK);
  assert_int_equal(scu_dataset_count(row), 2);
  const scu_dataset *step = scu_element_item(scu_dataset_find(row, SCU_TAG(0x0040, 0x0100)), 0);
  assert_non_null(step);
  assert_int_equal(scu_dataset_count(step), 1);
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  scu_dataset_free(keys);
}

static void test_a_step_sequence_without_item_returns_the_whole_step(void **state) {
  expect(*state, worklist(identifier(NULL, "PatientID", "GR-2", "ScheduledProcedureStepSequence", "", NULL)),
         "ScheduledProcedureStepSequence[0].ScheduledStationAETitle", "US1");
}

static void test_an_entry_is_replaced_by_its_study_and_step(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  add_entry(index, identifier(NULL, "StudyInstanceUID", "1.5.2", "PatientID", "old", STEP "ScheduledProcedureStepID",
                              "P3", NULL));
  add_entry(index, identifier(NULL, "StudyInstanceUID", "1.5.2", "PatientID", "new", STEP "ScheduledProcedureStepID",
                              "P3", NULL));
  expect(index, worklist(identifier(NULL, "PatientID", "", NULL)), "PatientID", "new");
  assert_int_equal(scu__index_remove_worklist(index, "1.5.2", "P3", NULL), SCU_OK);
  assert_int_equal(scu__index_remove_worklist(index, "1.5.2", "P3", NULL), SCU_END);
  scu__index_close(index);
}

static void test_an_entry_without_step_is_refused(void **state) {
  scu_dataset *entry = identifier(NULL, "PatientID", "x", NULL);
  assert_int_equal(scu__index_add_worklist(*state, entry, NULL), SCU_ERROR_USAGE);
  scu_dataset_free(entry);
}

static void test_a_step_key_with_two_items_is_refused(void **state) {
  expect_refusal(*state, worklist(identifier(NULL, STEP "Modality", "CT", STEP_2 "Modality", "MR", NULL)), 0xA900,
                 SCU_TAG(0x0040, 0x0100));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_step_is_an_entry_of_its_own),
      cmocka_unit_test(test_keys_inside_the_step_match),
      cmocka_unit_test(test_keys_outside_the_step_match),
      cmocka_unit_test(test_start_date_and_time_are_one_period_without_negotiation),
      cmocka_unit_test(test_a_step_without_time_is_in_every_period_of_its_day),
      cmocka_unit_test(test_a_step_without_value_matches_no_key),
      cmocka_unit_test(test_an_answer_has_no_query_level_and_only_what_was_asked_for),
      cmocka_unit_test(test_a_step_sequence_without_item_returns_the_whole_step),
      cmocka_unit_test(test_an_entry_is_replaced_by_its_study_and_step),
      cmocka_unit_test(test_an_entry_without_step_is_refused),
      cmocka_unit_test(test_a_step_key_with_two_items_is_refused),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
