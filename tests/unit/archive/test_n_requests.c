/* Our own requesters of N-services against our own archive: procedure steps (PS3.4 F.7, F.8) and storage commitment by
 * the generic request (PS3.4 J). Both ends are ours; what others make of them is in tests/interop. */
#define _GNU_SOURCE /* scratch.h */
#include "archive_test.h"

#include "scu/mpps.h"
#include "scu/uid.h"
#include "support/scripted_peer.h"

#define STEP "1.2.40.1"

static const char attributes_text[] =
    "Modality=CT|PatientName=山田^太郎|PerformedStationAETitle=CT1|PerformedProcedureStepStartDate=20240101|"
    "PerformedProcedureStepStartTime=101500|PerformedProcedureStepID=P1|"
    "ScheduledStepAttributesSequence[0].StudyInstanceUID=1.2.41";

/* A session on the world's loop, which asks in the blocking way. */
static scu_session *new_session(world *w) {
  char peer[64];
  scu_session *session = NULL;
  snprintf(peer, sizeof peer, "ARCHIVE@127.0.0.1:%d", scu_archive_port(w->archive));
  assert_int_equal(scu_session_new_on(w->time.loop, &session, w->modality_options, peer), SCU_OK);
  return session;
}

/* Frees the dataset and the response; returns the status. */
static uint16_t status_of(scu_session *session, scu_result result, scu_response *response, scu_dataset *dataset) {
  if (result != SCU_OK) fail_msg("%s", scu_error_reason(scu_session_error(session)));
  uint16_t status = scu_response_status(response);
  scu_response_free(response);
  scu_dataset_free(dataset);
  return status;
}

static uint16_t create(scu_session *session, const char *uid) {
  scu_response *response = NULL;
  scu_dataset *attributes = peer_dataset(attributes_text);
  scu_result result = scu_mpps_create(session, uid, attributes, &response);
  return status_of(session, result, response, attributes);
}

static uint16_t set(scu_session *session, const char *uid, const char *text) {
  scu_response *response = NULL;
  scu_dataset *changes = peer_dataset(text);
  scu_result result = scu_mpps_set(session, uid, changes, &response);
  return status_of(session, result, response, changes);
}

static uint16_t end(scu_session *session, const char *uid, scu_mpps_end_status status, const char *text) {
  scu_response *response = NULL;
  scu_dataset *last = peer_dataset(text);
  scu_result result = scu_mpps_end(session, uid, status, last, &response);
  return status_of(session, result, response, last);
}

static void expect_text(const scu_response *response, const char *path, const char *expected) {
  char text[100] = "";
  assert_non_null(scu_response_dataset(response));
  assert_int_equal(scu_dataset_text(scu_response_dataset(response), path, text, sizeof text), SCU_OK);
  assert_string_equal(text, expected);
}

/* --- procedure steps ---------------------------------------------------------------------------------------------- */

static void test_a_step_is_created_changed_completed_and_read(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  assert_int_equal(create(session, STEP), 0);
  assert_int_equal(set(session, STEP, "CommentsOnThePerformedProcedureStep=naïve"), 0);
  assert_int_equal(end(session, STEP, SCU_MPPS_COMPLETED,
                       "PerformedProcedureStepEndDate=20240101|PerformedProcedureStepEndTime=1100|"
                       "PerformedSeriesSequence[0].SeriesInstanceUID=1.2.41.1|"
                       "PerformedSeriesSequence[0].ProtocolName=Head"),
                   0);
  scu_response *response;
  assert_int_equal(scu_mpps_get(session, STEP, NULL, 0, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0);
  expect_text(response, "PerformedProcedureStepStatus", "COMPLETED");
  expect_text(response, "PatientName", "山田^太郎");
  expect_text(response, "CommentsOnThePerformedProcedureStep", "naïve");
  expect_text(response, "PerformedSeriesSequence[0].SeriesInstanceUID", "1.2.41.1");
  expect_text(response, "PatientID", "");
  scu_response_free(response);
  scu_session_free(session);
  world_stop(&w);
}

static void test_some_attributes_are_read_and_what_is_not_there_is_listed(void **state) {
  (void)state;
  static const char *const names[] = {"PerformedProcedureStepID", "CommentsOnThePerformedProcedureStep"};
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  assert_int_equal(create(session, STEP), 0);
  scu_response *response;
  assert_int_equal(scu_mpps_get(session, STEP, names, 2, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0x0107);
  assert_string_equal(scu_response_class(response), "warning");
  assert_int_equal(scu_response_attribute_count(response), 1);
  assert_int_equal(scu_response_attribute(response, 0), 0x00400280);
  expect_text(response, "PerformedProcedureStepID", "P1");
  assert_null(scu_dataset_find_path(scu_response_dataset(response), "Modality"));
  scu_response_free(response);
  scu_session_free(session);
  world_stop(&w);
}

static void test_without_uid_two_steps_are_made(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  assert_int_equal(create(session, NULL), 0);
  assert_int_equal(create(session, NULL), 0);
  scu_session_free(session);
  world_stop(&w);
}

static void test_a_duplicate_is_one_unless_it_was_tried_before(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  assert_int_equal(create(session, STEP), 0);
  assert_int_equal(create(session, STEP), 0x0111);
  scu_response *response;
  scu_dataset *attributes = peer_dataset(attributes_text);
  assert_int_equal(scu_mpps_create_again(session, STEP, attributes, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0x0111);
  assert_string_equal(scu_response_class(response), "success");
  scu_response_free(response);
  scu_dataset_free(attributes);
  scu_session_free(session);
  world_stop(&w);
}

static void test_a_final_step_is_told_in_words_and_an_unknown_one_too(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  assert_int_equal(create(session, STEP), 0);
  assert_int_equal(end(session, STEP, SCU_MPPS_DISCONTINUED,
                       "PerformedProcedureStepEndDate=20240101|PerformedProcedureStepEndTime=1100|"
                       "PerformedSeriesSequence[0].SeriesInstanceUID=1.2.41.1|"
                       "PerformedSeriesSequence[0].ProtocolName=Head"),
                   0);
  scu_response *response;
  assert_int_equal(scu_mpps_end(session, STEP, SCU_MPPS_COMPLETED, NULL, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0x0110);
  assert_int_equal(scu_response_error_id(response), 0xA710);
  assert_non_null(strstr(scu_response_meaning(response), "final"));
  scu_response_free(response);
  assert_int_equal(set(session, "1.2.40.2", "StudyID=1"), 0x0112);
  scu_session_free(session);
  world_stop(&w);
}

static void test_what_may_be_set_at_creation_only_is_listed(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  assert_int_equal(create(session, STEP), 0);
  scu_response *response;
  scu_dataset *changes = peer_dataset("PatientID=OTHER|PerformedProcedureStepEndTime=1200");
  assert_int_equal(scu_mpps_set(session, STEP, changes, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0x0107);
  assert_true(scu_response_comment(response)[0] != 0);
  assert_int_equal(scu_response_attribute_count(response), 1);
  assert_int_equal(scu_response_attribute(response, 0), 0x00100020);
  scu_response_free(response);
  scu_dataset_free(changes);
  scu_session_free(session);
  world_stop(&w);
}

/* The step is stored, and the modality gone before it is told. */
static void test_an_answer_that_is_lost_leaves_one_step_and_a_success(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  world_associate(&w);
  scu_dataset *attributes = peer_dataset(attributes_text);
  scu_dataset_set_text(attributes, "PerformedProcedureStepStatus", "IN PROGRESS");
  scu__command command = n_command(SCU__N_CREATE_RQ, SCU__UID_MPPS, STEP);
  world_send(&w, SCU__UID_MPPS, &command, attributes);
  WORLD_UNTIL(&w, size_of(in_scratch("pacs/mpps/" STEP ".dcm")) > 132);
  world_abort(&w); /* whatever was answered is not read */
  attributes = peer_dataset(attributes_text);
  scu_response *response;
  assert_int_equal(scu_mpps_create_again(session, STEP, attributes, &response), SCU_OK);
  assert_string_equal(scu_response_class(response), "success");
  scu_response_free(response);
  scu_dataset_free(attributes);
  scu_session_free(session);
  world_stop(&w);
}

/* --- storage commitment ------------------------------------------------------------------------------------------- */

static scu_n_message commit_message(const scu_dataset *information) {
  return (scu_n_message){.size = sizeof(scu_n_message),
                         .service = SCU_N_ACTION,
                         .sop_class_uid = SCU__UID_STORAGE_COMMITMENT,
                         .sop_instance_uid = SCU__UID_STORAGE_COMMITMENT_INSTANCE,
                         .type_id = 1,
                         .dataset = information};
}

static void test_a_commitment_is_asked_for_and_reported_to_the_modality(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 1);
  world_add_peer(&w, "MODALITY", "MODALITY", world_listen(&w, 0));
  scu_session *session = new_session(&w);
  scu_dataset *information =
      peer_dataset("TransactionUID=1.9.1|ReferencedSOPSequence[0].ReferencedSOPClassUID=" SAMPLE_CLASS
                   "|ReferencedSOPSequence[0].ReferencedSOPInstanceUID=1.2.3.1");
  scu_n_message message = commit_message(information);
  scu_response *response;
  assert_int_equal(scu_n_request(session, &message, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0);
  assert_int_equal(scu_response_type_id(response), 1);
  assert_string_equal(scu_response_sop_instance_uid(response), SCU__UID_STORAGE_COMMITMENT_INSTANCE);
  scu_response_free(response);
  scu_session_free(session); /* so that the report has to come over an association of the archive's */
  for (int i = 0; i < 20 && w.report_count == 0; i++) world_pass(&w, 60 * 1000);
  WORLD_UNTIL(&w, w.report_count == 1);
  assert_int_equal(w.reports[0].event_type, 1);
  scu_dataset_free(information);
  world_stop(&w);
}

static void test_what_the_archive_does_not_do_is_told_in_words(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_session *session = new_session(&w);
  scu_dataset *information = peer_dataset("TransactionUID=1.9.2");
  scu_n_message message = commit_message(information);
  scu_response *response;
  message.type_id = 7;
  assert_int_equal(scu_n_request(session, &message, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0x0123);
  assert_non_null(strstr(scu_response_meaning(response), "action type"));
  scu_response_free(response);
  message = commit_message(information);
  message.sop_class_uid = "1.2.840.10008.5.1.1.9"; /* Basic Grayscale Print Management Meta */
  assert_int_equal(scu_n_request(session, &message, &response), SCU_ERROR_REJECTED);
  scu_dataset_free(information);
  scu_session_free(session);
  world_stop(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_a_step_is_created_changed_completed_and_read),
      TEST(test_some_attributes_are_read_and_what_is_not_there_is_listed),
      TEST(test_without_uid_two_steps_are_made),
      TEST(test_a_duplicate_is_one_unless_it_was_tried_before),
      TEST(test_a_final_step_is_told_in_words_and_an_unknown_one_too),
      TEST(test_what_may_be_set_at_creation_only_is_listed),
      TEST(test_an_answer_that_is_lost_leaves_one_step_and_a_success),
      TEST(test_a_commitment_is_asked_for_and_reported_to_the_modality),
      TEST(test_what_the_archive_does_not_do_is_told_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
