/* Performed procedure steps as their modality, against a scripted peer (PS3.4 F.7, F.8; RULES 32). What an archive
 * makes of them: tests/unit/archive/test_n_requests.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/sop_class.h"
#include "scu/mpps.h"
#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"

#define STEP "1.2.40.1"

#define REQUEST                                                                                                        \
  { .action = PEER_WAIT_MESSAGE }
#define CLOSE                                                                                                          \
  { .action = PEER_CLOSE }
#define DUPLICATE                                                                                                      \
  { .action = PEER_RESPOND, .status = 0x0111 }
#define SILENCE                                                                                                        \
  { .action = PEER_END }

static const peer_step good[] = {RQ, ACCEPT, SERVE, SILENCE};

static const char whole[] =
    "Modality=CT|PatientName=Doe^Jane|PerformedStationAETitle=CT1|PerformedProcedureStepStartDate=20240101|"
    "PerformedProcedureStepStartTime=101500|PerformedProcedureStepID=P1|"
    "ScheduledStepAttributesSequence[0].StudyInstanceUID=1.2.41|"
    "ScheduledStepAttributesSequence[0].AccessionNumber=A1|"
    "ScheduledStepAttributesSequence[1].StudyInstanceUID=1.2.42|"
    "PerformedSeriesSequence[0].SeriesInstanceUID=1.2.41.1|PerformedSeriesSequence[0].ProtocolName=Head";

static void expect_text(const scu_dataset *dataset, const char *path, const char *expected) {
  char text[100] = "";
  scu_result result = scu_dataset_text(dataset, path, text, sizeof text);
  if (result != SCU_OK) fail_msg("%s: %s", path, scu_result_name(result));
  assert_string_equal(text, expected);
}

/* --- creating ----------------------------------------------------------------------------------------------------- */

static void test_a_step_is_created_in_progress_with_all_that_the_table_wants(void **state) {
  (void)state;
  static const char *const added[] = {"PatientID",
                                      "PatientBirthDate",
                                      "PatientSex",
                                      "ReferencedPatientSequence",
                                      "PerformedStationName",
                                      "PerformedLocation",
                                      "PerformedProcedureStepDescription",
                                      "PerformedProcedureTypeDescription",
                                      "ProcedureCodeSequence",
                                      "PerformedProcedureStepEndDate",
                                      "PerformedProcedureStepEndTime",
                                      "StudyID",
                                      "PerformedProtocolCodeSequence",
                                      "ScheduledStepAttributesSequence[0].ReferencedStudySequence",
                                      "ScheduledStepAttributesSequence[1].AccessionNumber",
                                      "ScheduledStepAttributesSequence[1].ScheduledProtocolCodeSequence"};
  fixture f;
  fixture_start(&f, good);
  scu_dataset *attributes = peer_dataset(whole);
  size_t count = scu_dataset_count(attributes);
  scu_response *response;
  assert_int_equal(scu_mpps_create(f.session, STEP, attributes, &response), SCU_OK);
  assert_string_equal(scu_response_sop_instance_uid(response), STEP);
  assert_int_equal(scu_dataset_count(attributes), count); /* the caller's is as it was */
  const peer_message *sent = scripted_peer_message(&f.peer, SCU__N_CREATE_RQ, 0);
  assert_string_equal(sent->command.affected_sop_class.text, "1.2.840.10008.3.1.2.3.3");
  assert_string_equal(sent->command.affected_sop_instance.text, STEP);
  expect_text(sent->dataset, "PerformedProcedureStepStatus", "IN PROGRESS");
  expect_text(sent->dataset, "PatientName", "Doe^Jane");
  expect_text(sent->dataset, "ScheduledStepAttributesSequence[0].AccessionNumber", "A1");
  expect_text(sent->dataset, "ScheduledStepAttributesSequence[1].StudyInstanceUID", "1.2.42");
  for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
    const scu_element *element = scu_dataset_find_path(sent->dataset, added[i]);
    if (!element || scu_element_length(element) > 0) fail_msg("%s", added[i]);
  }
  scu_response_free(response);
  scu_dataset_free(attributes);
  fixture_stop(&f);
}

static void test_what_is_missing_is_named_and_nothing_is_sent(void **state) {
  (void)state;
  static const char *const paths[] = {"ScheduledStepAttributesSequence",
                                      "PerformedStationAETitle",
                                      "PerformedProcedureStepStartDate",
                                      "PerformedProcedureStepStartTime",
                                      "PerformedProcedureStepID",
                                      "Modality",
                                      "ScheduledStepAttributesSequence[0].StudyInstanceUID",
                                      "ScheduledStepAttributesSequence[1].StudyInstanceUID",
                                      "PerformedSeriesSequence[0].SeriesInstanceUID",
                                      "PerformedSeriesSequence[0].ProtocolName"};
  fixture f;
  fixture_start(&f, good);
  for (size_t i = 0; i < 2 * sizeof paths / sizeof *paths; i++) {
    const char *path = paths[i / 2];
    scu_dataset *attributes = peer_dataset(whole);
    scu_response *response;
    assert_int_equal(i % 2 ? scu_dataset_set_empty(attributes, path) : scu_dataset_remove(attributes, path), SCU_OK);
    assert_int_equal(scu_mpps_create(f.session, STEP, attributes, &response), SCU_ERROR_USAGE);
    const scu_error *error = scu_session_error(f.session);
    if (strncmp(scu_error_reason(error), path, strlen(path)) != 0) fail_msg("%s: %s", path, scu_error_reason(error));
    assert_non_null(strstr(scu_error_reason(error), i % 2 ? "no value" : "missing"));
    assert_int_not_equal(scu_error_tag(error), 0);
    assert_null(response);
    scu_dataset_free(attributes);
  }
  scu_response *response;
  assert_int_equal(scu_mpps_create(f.session, STEP, NULL, &response), SCU_ERROR_USAGE);
  assert_int_equal(f.peer.accepted, 0);
  fixture_stop(&f);
}

static void test_a_status_that_says_something_else_is_misuse(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_dataset *attributes = peer_dataset(whole);
  scu_response *response;
  scu_dataset_set_text(attributes, "PerformedProcedureStepStatus", "COMPLETED");
  assert_int_equal(scu_mpps_create(f.session, STEP, attributes, &response), SCU_ERROR_USAGE);
  assert_int_equal(scu_mpps_set(f.session, STEP, attributes, &response), SCU_ERROR_USAGE);
  assert_int_equal(scu_mpps_end(f.session, STEP, SCU_MPPS_DISCONTINUED, attributes, &response), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "PerformedProcedureStepStatus"));
  assert_int_equal(scu_mpps_end(f.session, STEP, SCU_MPPS_COMPLETED, attributes, &response), SCU_OK);
  scu_response_free(response);
  scu_dataset_set_text(attributes, "PerformedProcedureStepStatus", "IN PROGRESS");
  assert_int_equal(scu_mpps_create(f.session, STEP, attributes, &response), SCU_OK);
  scu_response_free(response);
  assert_int_equal(scu_mpps_set(f.session, STEP, attributes, &response), SCU_OK);
  scu_response_free(response);
  assert_int_equal(scu_mpps_end(f.session, STEP, (scu_mpps_end_status)0, NULL, &response), SCU_ERROR_USAGE);
  scu_dataset_free(attributes);
  fixture_stop(&f);
}

static void test_without_a_uid_a_new_one_is_made(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_dataset *attributes = peer_dataset(whole);
  char uids[2][65];
  for (int i = 0; i < 2; i++) {
    scu_response *response;
    assert_int_equal(scu_mpps_create(f.session, i ? "" : NULL, attributes, &response), SCU_OK);
    snprintf(uids[i], sizeof uids[i], "%s", scu_response_sop_instance_uid(response));
    const peer_message *sent = scripted_peer_message(&f.peer, SCU__N_CREATE_RQ, (size_t)i);
    assert_string_equal(sent->command.affected_sop_instance.text, uids[i]);
    assert_int_equal(strncmp(uids[i], "2.25.", 5), 0);
    scu_response_free(response);
  }
  assert_string_not_equal(uids[0], uids[1]);
  scu_dataset_free(attributes);
  fixture_stop(&f);
}

/* --- sent again --------------------------------------------------------------------------------------------------- */

static void test_a_creation_whose_answer_was_lost_is_sent_again_and_a_duplicate_is_done(void **state) {
  (void)state;
  static const peer_step lost[] = {RQ, ACCEPT, REQUEST, CLOSE, SILENCE};
  static const peer_step aborted[] = {RQ, ACCEPT, REQUEST, {.action = PEER_ABORT}, SILENCE};
  static const peer_step second[] = {RQ, ACCEPT, REQUEST, DUPLICATE, SILENCE};
  static const peer_step *const scripts[][2] = {{lost, second}, {aborted, second}, {lost, good}};
  scu_dataset *attributes = peer_dataset(whole);
  for (size_t i = 0; i < 3; i++) {
    fixture f;
    fixture_prepare_many(&f, scripts[i], 2);
    fixture_open(&f);
    scu_response *response;
    assert_int_equal(scu_mpps_create(f.session, NULL, attributes, &response), SCU_OK);
    assert_int_equal(scu_response_status(response), i < 2 ? 0x0111 : 0);
    assert_string_equal(scu_response_class(response), "success");
    if (i < 2) assert_non_null(strstr(scu_response_meaning(response), "created before"));
    assert_int_equal(scripted_peer_count(&f.peer, SCU__N_CREATE_RQ), 2);
    const scu__command *first = &f.peer.messages[0].command, *again = &f.peer.messages[1].command;
    assert_true(scu__uid_equal(&first->affected_sop_instance, &again->affected_sop_instance));
    assert_string_equal(scu_response_sop_instance_uid(response), first->affected_sop_instance.text);
    assert_non_null(strstr(f.warnings, "once more"));
    scu_response_free(response);
    fixture_stop(&f);
  }
  scu_dataset_free(attributes);
}

static void test_it_is_sent_again_once_only(void **state) {
  (void)state;
  static const peer_step lost[] = {RQ, ACCEPT, REQUEST, CLOSE, SILENCE};
  scu_dataset *attributes = peer_dataset(whole);
  fixture f;
  fixture_start(&f, lost);
  scu_response *response;
  assert_int_equal(scu_mpps_create(f.session, STEP, attributes, &response), SCU_ERROR_CLOSED);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__N_CREATE_RQ), 2);
  scu_dataset_free(attributes);
  fixture_stop(&f);
}

static void test_what_was_never_sent_or_ended_by_us_is_not_sent_again(void **state) {
  (void)state;
  static const peer_step early[] = {RQ, CLOSE, SILENCE};
  static const peer_step silent[] = {RQ, ACCEPT, REQUEST, SILENCE};
  scu_dataset *attributes = peer_dataset(whole);
  for (int i = 0; i < 4; i++) {
    fixture f;
    fixture_start(&f, i == 0 ? early : silent);
    scu_op *op = scu_mpps_create_start(f.session, STEP, attributes);
    if (i > 0) TEST_LOOP_UNTIL(&f.time, f.peer.message_count == 1, 1000);
    if (i == 1) scu_abort(f.session);
    if (i == 2) scu_cancel(f.session);
    static const scu_result results[] = {SCU_ERROR_CLOSED, SCU_ERROR_ABORTED, SCU_ERROR_CANCELLED, SCU_ERROR_TIMEOUT};
    assert_int_equal(scu_op_wait(op), results[i]);
    assert_int_equal(f.peer.accepted, 1);
    scu_op_free(op);
    fixture_stop(&f);
  }
  scu_dataset_free(attributes);
}

static void test_a_creation_freed_between_two_attempts_leaves_nothing(void **state) {
  (void)state;
  static const peer_step lost[] = {RQ, ACCEPT, REQUEST, CLOSE, SILENCE};
  scu_dataset *attributes = peer_dataset(whole);
  for (unsigned steps = 0; steps < 24; steps++) {
    fixture f;
    fixture_start(&f, lost);
    scu_op *op = scu_mpps_create_start(f.session, STEP, attributes);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(f.time.loop);
    scu_op_free(op);
    fixture_stop(&f);
  }
  scu_dataset_free(attributes);
}

static void test_a_duplicate_is_a_failure_the_first_time_and_done_when_tried_before(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, DUPLICATE, REQUEST, DUPLICATE, SILENCE};
  scu_dataset *attributes = peer_dataset(whole);
  fixture f;
  fixture_start(&f, script);
  scu_response *response;
  assert_int_equal(scu_mpps_create(f.session, STEP, attributes, &response), SCU_OK);
  assert_string_equal(scu_response_class(response), "failure");
  assert_non_null(strstr(scu_response_meaning(response), "already in use"));
  scu_response_free(response);
  assert_int_equal(scu_mpps_create_again(f.session, STEP, attributes, &response), SCU_OK);
  assert_string_equal(scu_response_class(response), "success");
  assert_int_equal(scu_response_status(response), 0x0111);
  scu_response_free(response);
  assert_int_equal(scu_mpps_create_again(f.session, NULL, attributes, &response), SCU_ERROR_USAGE);
  scu_dataset_free(attributes);
  fixture_stop(&f);
}

/* --- changing, ending, reading ------------------------------------------------------------------------------------ */

static void test_a_change_says_nothing_of_the_status_and_the_end_does(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_response *response;
  scu_dataset *changes = peer_dataset("PerformedProcedureStepEndDate=20240101");
  assert_int_equal(scu_mpps_set(f.session, STEP, changes, &response), SCU_OK);
  scu_response_free(response);
  assert_int_equal(scu_mpps_end(f.session, STEP, SCU_MPPS_COMPLETED, changes, &response), SCU_OK);
  scu_response_free(response);
  assert_int_equal(scu_mpps_end(f.session, STEP, SCU_MPPS_DISCONTINUED, NULL, &response), SCU_OK);
  scu_response_free(response);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__N_SET_RQ), 3);
  const peer_message *sent[3];
  for (size_t i = 0; i < 3; i++) {
    sent[i] = scripted_peer_message(&f.peer, SCU__N_SET_RQ, i);
    assert_string_equal(sent[i]->command.requested_sop_class.text, "1.2.840.10008.3.1.2.3.3");
    assert_string_equal(sent[i]->command.requested_sop_instance.text, STEP);
  }
  expect_text(sent[0]->dataset, "PerformedProcedureStepEndDate", "20240101");
  assert_null(scu_dataset_find_path(sent[0]->dataset, "PerformedProcedureStepStatus"));
  expect_text(sent[1]->dataset, "PerformedProcedureStepStatus", "COMPLETED");
  expect_text(sent[1]->dataset, "PerformedProcedureStepEndDate", "20240101");
  expect_text(sent[2]->dataset, "PerformedProcedureStepStatus", "DISCONTINUED");
  assert_int_equal(scu_dataset_count(sent[2]->dataset), 1);
  scu_dataset_free(changes);
  fixture_stop(&f);
}

static void test_changes_that_are_none_or_not_whole_are_misuse(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_response *response;
  scu_dataset *changes = peer_dataset("PerformedSeriesSequence[0].SeriesInstanceUID=1.2.41.1");
  assert_int_equal(scu_mpps_set(f.session, STEP, NULL, &response), SCU_ERROR_USAGE);
  assert_int_equal(scu_mpps_set(f.session, STEP, changes, &response), SCU_ERROR_USAGE);
  assert_non_null(
      strstr(scu_error_reason(scu_session_error(f.session)), "PerformedSeriesSequence[0].ProtocolName is missing"));
  assert_int_equal(scu_mpps_end(f.session, STEP, SCU_MPPS_COMPLETED, changes, &response), SCU_ERROR_USAGE);
  assert_int_equal(scu_mpps_end(f.session, NULL, SCU_MPPS_COMPLETED, NULL, &response), SCU_ERROR_USAGE);
  assert_int_equal(f.peer.accepted, 0);
  scu_dataset_free(changes);
  fixture_stop(&f);
}

static void test_a_final_step_is_told_in_words(void **state) {
  (void)state;
  static const peer_step script[] = {RQ,      ACCEPT,
                                     REQUEST, {.action = PEER_RESPOND, .status = 0x0110, .error_id = 0xA710},
                                     REQUEST, {.action = PEER_RESPOND, .status = 0x0110},
                                     SILENCE};
  fixture f;
  fixture_start(&f, script);
  scu_response *response;
  assert_int_equal(scu_mpps_end(f.session, STEP, SCU_MPPS_COMPLETED, NULL, &response), SCU_OK);
  assert_string_equal(scu_response_class(response), "failure");
  assert_int_equal(scu_response_error_id(response), 0xA710);
  assert_non_null(strstr(scu_response_meaning(response), "final"));
  scu_response_free(response);
  assert_int_equal(scu_mpps_end(f.session, STEP, SCU_MPPS_COMPLETED, NULL, &response), SCU_OK);
  assert_string_equal(scu_response_meaning(response), "general processing failure");
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_a_step_is_read_under_the_retrieve_class(void **state) {
  (void)state;
  static const char *const names[] = {"PerformedProcedureStepStatus"};
  fixture f;
  fixture_start(&f, good);
  f.peer.n_get_reply = "PerformedProcedureStepStatus=IN PROGRESS";
  scu_response *response;
  assert_int_equal(scu_mpps_get(f.session, STEP, names, 1, &response), SCU_OK);
  expect_text(scu_response_dataset(response), "PerformedProcedureStepStatus", "IN PROGRESS");
  const peer_message *sent = scripted_peer_message(&f.peer, SCU__N_GET_RQ, 0);
  assert_string_equal(sent->command.requested_sop_class.text, "1.2.840.10008.3.1.2.3.4");
  assert_int_equal(sent->command.attribute_count, 1);
  assert_int_equal(sent->attributes[0], 0x00400252);
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_a_session_that_could_not_be_opened_says_why(void **state) {
  (void)state;
  scu_session *session;
  scu_response *response;
  scu_result opened = scu_session_new(&session, NULL, "no peer at all");
  assert_true(opened < 0);
  assert_int_equal(scu_mpps_create(session, STEP, NULL, &response), opened);
  assert_int_equal(scu_mpps_create_again(session, STEP, NULL, &response), opened);
  assert_int_equal(scu_mpps_set(session, STEP, NULL, &response), opened);
  assert_int_equal(scu_mpps_end(session, STEP, SCU_MPPS_COMPLETED, NULL, &response), opened);
  assert_int_equal(scu_mpps_get(session, STEP, NULL, 0, &response), opened);
  scu_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_step_is_created_in_progress_with_all_that_the_table_wants),
      cmocka_unit_test(test_what_is_missing_is_named_and_nothing_is_sent),
      cmocka_unit_test(test_a_status_that_says_something_else_is_misuse),
      cmocka_unit_test(test_without_a_uid_a_new_one_is_made),
      cmocka_unit_test(test_a_creation_whose_answer_was_lost_is_sent_again_and_a_duplicate_is_done),
      cmocka_unit_test(test_it_is_sent_again_once_only),
      cmocka_unit_test(test_what_was_never_sent_or_ended_by_us_is_not_sent_again),
      cmocka_unit_test(test_a_creation_freed_between_two_attempts_leaves_nothing),
      cmocka_unit_test(test_a_duplicate_is_a_failure_the_first_time_and_done_when_tried_before),
      cmocka_unit_test(test_a_change_says_nothing_of_the_status_and_the_end_does),
      cmocka_unit_test(test_changes_that_are_none_or_not_whole_are_misuse),
      cmocka_unit_test(test_a_final_step_is_told_in_words),
      cmocka_unit_test(test_a_step_is_read_under_the_retrieve_class),
      cmocka_unit_test(test_a_session_that_could_not_be_opened_says_why),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
