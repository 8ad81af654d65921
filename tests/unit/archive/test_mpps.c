/* Modality Performed Procedure Step as the archive provides it (PS3.4 F.7, F.8; RULES 32). */
#define _GNU_SOURCE /* scratch.h */
#include "archive_test.h"

#include "data/dataset.h"

#define STEP "1.2.40.1"

static scu_dataset *new_dataset(void) {
  scu_dataset *dataset = NULL;
  assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
  return dataset;
}

static void put(scu_dataset *dataset, const char *path, const char *text) {
  scu_result result = text[0] ? scu_dataset_set_text(dataset, path, text) : scu_dataset_set_empty(dataset, path);
  if (result != SCU_OK) fail_msg("%s: %s", path, scu_error_reason(scu_dataset_error(dataset)));
}

static scu_dataset *attributes(const char *first_path, ...) {
  scu_dataset *dataset = new_dataset();
  va_list pairs;
  va_start(pairs, first_path);
  for (const char *path = first_path; path; path = va_arg(pairs, const char *))
    put(dataset, path, va_arg(pairs, const char *));
  va_end(pairs);
  return dataset;
}

static scu_dataset *in_progress(void) {
  return attributes("PerformedProcedureStepStatus", "IN PROGRESS", "Modality", "CT", "PerformedStationAETitle", "CT1",
                    "PerformedProcedureStepStartDate", "20240101", "PerformedProcedureStepStartTime", "101500",
                    "PerformedProcedureStepID", "P1", "ScheduledStepAttributesSequence[0].StudyInstanceUID", "1.2.41",
                    "PatientName", "山田^太郎", "PatientID", "JP-1", "PerformedSeriesSequence", "", NULL);
}

static uint16_t create(world *w, const char *instance, scu_dataset *dataset) {
  scu__command command = n_command(SCU__N_CREATE_RQ, SCU__UID_MPPS, instance);
  return world_ask(w, SCU__UID_MPPS, &command, dataset);
}

static uint16_t set(world *w, const char *instance, scu_dataset *dataset) {
  scu__command command = n_command(SCU__N_SET_RQ, SCU__UID_MPPS, instance);
  return world_ask(w, SCU__UID_MPPS, &command, dataset);
}

static uint16_t get(world *w, const char *instance) {
  scu__command command = n_command(SCU__N_GET_RQ, SCU__UID_MPPS_RETRIEVE, instance);
  return world_ask(w, SCU__UID_MPPS_RETRIEVE, &command, NULL);
}

static void expect_text(const world *w, const char *path, const char *expected) {
  char text[100];
  assert_non_null(w->reply);
  assert_int_equal(scu_dataset_text(w->reply, path, text, sizeof text), SCU_OK);
  assert_string_equal(text, expected);
}

/* --- creating ----------------------------------------------------------------------------------------------------- */

static void test_a_step_in_progress_is_created_changed_and_completed(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  assert_string_equal(w.response.affected_sop_instance.text, STEP);
  assert_true(size_of(in_scratch("pacs/mpps/" STEP ".dcm")) > 132);
  assert_int_equal(set(&w, STEP, attributes("CommentsOnThePerformedProcedureStep", "naïve", NULL)), 0);
  assert_int_equal(set(&w, STEP,
                       attributes("PerformedProcedureStepStatus", "COMPLETED", "PerformedProcedureStepEndDate",
                                  "20240101", "PerformedProcedureStepEndTime", "1130",
                                  "PerformedSeriesSequence[0].SeriesInstanceUID", "1.2.41.1", NULL)),
                   0);
  assert_int_equal(get(&w, STEP), 0);
  expect_text(&w, "PerformedProcedureStepStatus", "COMPLETED");
  expect_text(&w, "PerformedProcedureStepID", "P1");
  expect_text(&w, "PerformedProcedureStepEndDate", "20240101");
  expect_text(&w, "PerformedSeriesSequence[0].SeriesInstanceUID", "1.2.41.1");
  expect_text(&w, "CommentsOnThePerformedProcedureStep", "naïve");
  expect_text(&w, "PatientName", "山田^太郎");
  world_stop(&w);
}

static void test_a_step_without_uid_gets_one_of_ours(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  scu__uid first;
  assert_int_equal(create(&w, NULL, in_progress()), 0);
  first = w.response.affected_sop_instance;
  assert_true(scu__uid_is_valid(first.text));
  assert_int_equal(strncmp(first.text, "2.25.", 5), 0);
  assert_int_equal(create(&w, NULL, in_progress()), 0);
  assert_false(scu__uid_equal(&first, &w.response.affected_sop_instance));
  assert_int_equal(get(&w, first.text), 0);
  world_stop(&w);
}

static void test_a_second_step_of_that_uid_is_a_duplicate(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  scu_dataset *other = in_progress();
  put(other, "PerformedProcedureStepID", "P2");
  assert_int_equal(create(&w, STEP, other), 0x0111);
  assert_int_equal(get(&w, STEP), 0);
  expect_text(&w, "PerformedProcedureStepID", "P1");
  world_stop(&w);
}

static void test_a_new_step_must_be_in_progress_and_whole(void **state) {
  (void)state;
  static const struct {
    const char *path, *text;
    uint16_t status;
  } cases[] = {
      {"PerformedProcedureStepStatus", "COMPLETED", 0x0106},
      {"PerformedProcedureStepStatus", "", 0x0121},
      {"PerformedProcedureStepStatus", NULL, 0x0120},
      {"Modality", "", 0x0121},
      {"PerformedStationAETitle", NULL, 0x0120},
      {"PerformedProcedureStepStartDate", NULL, 0x0120},
      {"PerformedProcedureStepStartTime", NULL, 0x0120},
      {"PerformedProcedureStepID", "", 0x0121},
      {"ScheduledStepAttributesSequence", "", 0x0121},
      {"ScheduledStepAttributesSequence[0].StudyInstanceUID", NULL, 0x0120},
  };
  world w;
  world_start(&w);
  world_associate(&w);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu_dataset *step = in_progress();
    if (cases[i].text)
      put(step, cases[i].path, cases[i].text);
    else
      assert_int_equal(scu_dataset_remove(step, cases[i].path), SCU_OK);
    uint16_t status = create(&w, STEP, step);
    if (status != cases[i].status) fail_msg("%s: %04X", cases[i].path, status);
  }
  assert_int_equal(create(&w, STEP, NULL), 0x0120);
  assert_int_equal(size_of(in_scratch("pacs/mpps/" STEP ".dcm")), -1);
  world_stop(&w);
}

static void test_a_new_step_needs_a_uid_that_is_one(void **state) {
  (void)state;
  static const char *const uids[] = {"../../../escaped", "1.2..3", "1.02.3", "step 7", "1.2.3."};
  world w;
  world_start(&w);
  world_associate(&w);
  for (size_t i = 0; i < sizeof uids / sizeof *uids; i++) {
    assert_int_equal(create(&w, uids[i], in_progress()), 0x0117);
    assert_int_equal(get(&w, uids[i]), 0x0112);
  }
  /* What cannot be read - a control byte here, too long elsewhere - is not the same as none. */
  scu__command command = n_command(SCU__N_CREATE_RQ, SCU__UID_MPPS, STEP);
  command.affected_sop_instance.text[3] = 1;
  assert_int_equal(world_ask(&w, SCU__UID_MPPS, &command, in_progress()), 0x0117);
  assert_int_equal(size_of(in_scratch("escaped.dcm")), -1);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  world_stop(&w);
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

static void test_a_step_that_is_not_there_cannot_be_changed_or_read(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(set(&w, STEP, attributes("PerformedProcedureStepStatus", "COMPLETED", NULL)), 0x0112);
  assert_int_equal(get(&w, STEP), 0x0112);
  world_stop(&w);
}

static scu_dataset *ended(const char *status) {
  return attributes("PerformedProcedureStepStatus", status, "PerformedProcedureStepEndDate", "20240101",
                    "PerformedProcedureStepEndTime", "1130", "PerformedSeriesSequence[0].SeriesInstanceUID", "1.2.41.1",
                    NULL);
}

static void test_a_step_that_ends_has_what_belongs_to_its_end(void **state) {
  (void)state;
  static const char *const paths[] = {"PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime",
                                      "PerformedSeriesSequence"};
  static const char *const ends[] = {"COMPLETED", "DISCONTINUED"};
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  for (size_t i = 0; i < 2; i++) {
    for (size_t missing = 0; missing < sizeof paths / sizeof *paths; missing++) {
      scu_dataset *changes = ended(ends[i]);
      assert_int_equal(scu_dataset_remove(changes, paths[missing]), SCU_OK);
      assert_int_equal(set(&w, STEP, changes), 0x0121);
      assert_non_null(w.reply);
      assert_int_equal(scu_dataset_count(w.reply), 1);
      assert_non_null(scu_dataset_find_path(w.reply, paths[missing]));
    }
    assert_int_equal(set(&w, STEP, attributes("PerformedProcedureStepStatus", ends[i], NULL)), 0x0121);
    assert_int_equal(scu_dataset_count(w.reply), 3);
  }
  assert_int_equal(get(&w, STEP), 0);
  expect_text(&w, "PerformedProcedureStepStatus", "IN PROGRESS"); /* nothing of it was taken */
  assert_null(scu_dataset_find_path(w.reply, "PerformedProcedureStepEndDate"));
  /* It may have come before. */
  assert_int_equal(set(&w, STEP, ended("IN PROGRESS")), 0);
  assert_int_equal(set(&w, STEP, attributes("PerformedProcedureStepStatus", "DISCONTINUED", NULL)), 0);
  world_stop(&w);
}

static void test_after_its_end_a_step_can_no_longer_be_changed(void **state) {
  (void)state;
  static const char *const ends[] = {"COMPLETED", "DISCONTINUED"};
  world w;
  world_start(&w);
  world_associate(&w);
  for (size_t i = 0; i < 2; i++) {
    char uid[20];
    snprintf(uid, sizeof uid, STEP ".%zu", i);
    assert_int_equal(create(&w, uid, in_progress()), 0);
    assert_int_equal(set(&w, uid, ended(ends[i])), 0);
    assert_int_equal(set(&w, uid, attributes("PerformedProcedureStepEndTime", "1200", NULL)), 0x0110);
    assert_int_equal(w.response.error_id, 0xA710);
    assert_int_equal(get(&w, uid), 0);
    expect_text(&w, "PerformedProcedureStepEndTime", "1130");
  }
  world_stop(&w);
}

static void test_a_status_that_is_none_is_refused(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  assert_int_equal(set(&w, STEP, attributes("PerformedProcedureStepStatus", "DONE", NULL)), 0x0106);
  assert_int_equal(set(&w, STEP, attributes("PerformedProcedureStepStatus", "", NULL)), 0x0106);
  assert_int_equal(get(&w, STEP), 0);
  expect_text(&w, "PerformedProcedureStepStatus", "IN PROGRESS");
  world_stop(&w);
}

static void test_what_can_be_set_at_creation_only_is_left_out_with_a_warning(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  assert_int_equal(set(&w, STEP, attributes("PatientID", "OTHER", "PerformedProcedureStepEndTime", "1200", NULL)),
                   0x0107);
  assert_int_equal(get(&w, STEP), 0);
  expect_text(&w, "PatientID", "JP-1");
  expect_text(&w, "PerformedProcedureStepEndTime", "1200");
  world_stop(&w);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void test_only_the_attributes_that_were_asked_for_come_back(void **state) {
  (void)state;
  static const uint8_t list[] = {0x40, 0, 0x53, 2, 0x08, 0, 0x60, 0};
  static const uint8_t absent[] = {0x40, 0, 0x53, 2, 0x40, 0, 0x51, 2};
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  scu__command command = n_command(SCU__N_GET_RQ, SCU__UID_MPPS, STEP);
  command.attributes = list;
  command.attribute_count = 2;
  command.present |= SCU__HAS_ATTRIBUTES;
  assert_int_equal(world_ask(&w, SCU__UID_MPPS, &command, NULL), 0);
  expect_text(&w, "PerformedProcedureStepID", "P1");
  expect_text(&w, "Modality", "CT");
  assert_null(scu_dataset_find_path(w.reply, "PatientID"));
  command.attributes = absent;
  assert_int_equal(world_ask(&w, SCU__UID_MPPS, &command, NULL), 0x0107);
  expect_text(&w, "PerformedProcedureStepID", "P1");
  world_stop(&w);
}

/* --- lasting ------------------------------------------------------------------------------------------------------ */

static void test_steps_survive_a_restart(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  world_release(&w);
  scu_session_free(w.session);
  w.session = NULL;
  world_close_archive(&w);
  world_open_archive(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0x0111);
  assert_int_equal(set(&w, STEP, ended("DISCONTINUED")), 0);
  assert_int_equal(get(&w, STEP), 0);
  expect_text(&w, "PerformedProcedureStepStatus", "DISCONTINUED");
  world_stop(&w);
}

static void test_an_association_that_ends_meanwhile_does_no_harm(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  scu__command command = n_command(SCU__N_CREATE_RQ, SCU__UID_MPPS, STEP);
  world_send(&w, SCU__UID_MPPS, &command, in_progress());
  world_step(&w);
  world_abort(&w);
  for (int i = 0; i < 50; i++) world_step(&w);
  world_associate(&w);
  command = n_command(SCU__N_CREATE_RQ, SCU__UID_MPPS, STEP ".9");
  world_send(&w, SCU__UID_MPPS, &command, in_progress());
  world_stop(&w); /* with one under way */
}

static void test_damaged_files_are_a_failure_with_words(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  assert_int_equal(create(&w, STEP, in_progress()), 0);
  assert_int_equal(truncate(in_scratch("pacs/mpps/" STEP ".dcm"), 420), 0);
  assert_int_equal(get(&w, STEP), 0x0110);
  assert_string_equal(w.response.error_comment, "the procedure step cannot be read");
  assert_int_equal(set(&w, STEP, attributes("PerformedProcedureStepStatus", "COMPLETED", NULL)), 0x0110);
  world_stop(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_a_step_in_progress_is_created_changed_and_completed),
      TEST(test_a_step_without_uid_gets_one_of_ours),
      TEST(test_a_second_step_of_that_uid_is_a_duplicate),
      TEST(test_a_new_step_must_be_in_progress_and_whole),
      TEST(test_a_new_step_needs_a_uid_that_is_one),
      TEST(test_a_step_that_is_not_there_cannot_be_changed_or_read),
      TEST(test_a_step_that_ends_has_what_belongs_to_its_end),
      TEST(test_after_its_end_a_step_can_no_longer_be_changed),
      TEST(test_a_status_that_is_none_is_refused),
      TEST(test_what_can_be_set_at_creation_only_is_left_out_with_a_warning),
      TEST(test_only_the_attributes_that_were_asked_for_come_back),
      TEST(test_steps_survive_a_restart),
      TEST(test_an_association_that_ends_meanwhile_does_no_harm),
      TEST(test_damaged_files_are_a_failure_with_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
