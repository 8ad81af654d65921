/* Storage commitment of the archive (PS3.4 J, RULES 31): what is committed, where the report goes, what survives. */
#define _GNU_SOURCE /* scratch.h */
#include "archive_test.h"

#define CLASS    SCU__UID_STORAGE_COMMITMENT
#define INSTANCE SCU__UID_STORAGE_COMMITMENT_INSTANCE

static scu_dataset *new_dataset(void) {
  scu_dataset *dataset = NULL;
  assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
  return dataset;
}

static void refer(scu_dataset *information, const char *sop_class, const char *instance) {
  scu_dataset *item;
  assert_int_equal(scu_dataset_add_item(information, SCU_TAG(0x0008, 0x1199), &item), SCU_OK);
  assert_int_equal(scu_dataset_set_text(item, "ReferencedSOPClassUID", sop_class), SCU_OK);
  assert_int_equal(scu_dataset_set_text(item, "ReferencedSOPInstanceUID", instance), SCU_OK);
}

/* References to 1.2.3.<from> to 1.2.3.<to>. */
static scu_dataset *request(const char *transaction, int from, int to) {
  scu_dataset *information = new_dataset();
  assert_int_equal(scu_dataset_set_text(information, "TransactionUID", transaction), SCU_OK);
  for (int i = from; i <= to; i++) {
    char uid[32];
    snprintf(uid, sizeof uid, "1.2.3.%d", i);
    refer(information, SAMPLE_CLASS, uid);
  }
  return information;
}

static scu__command action(const char *instance, uint16_t type) {
  scu__command command = n_command(SCU__N_ACTION_RQ, CLASS, instance);
  command.action_type = type;
  command.present |= SCU__HAS_ACTION_TYPE;
  return command;
}

static uint16_t ask(world *w, scu_dataset *information) {
  scu__command command = action(INSTANCE, 1);
  return world_ask(w, CLASS, &command, information);
}

static void expect_report(const world *w, size_t index, uint16_t event_type, const char *transaction, size_t good,
                          size_t bad) {
  char text[70];
  const report *r = &w->reports[index];
  assert_true(index < w->report_count);
  assert_int_equal(r->event_type, event_type);
  assert_int_equal(scu_dataset_text(r->information, "TransactionUID", text, sizeof text), SCU_OK);
  assert_string_equal(text, transaction);
  assert_int_equal(scu_dataset_text(r->information, "RetrieveAETitle", text, sizeof text), SCU_OK);
  assert_string_equal(text, "ARCHIVE");
  assert_int_equal(scu_dataset_value_count(r->information, "ReferencedSOPSequence"), good);
  assert_int_equal(scu_dataset_value_count(r->information, "FailedSOPSequence"), bad);
}

static void expect_failure(const world *w, size_t report_index, size_t item, const char *uid, int64_t reason) {
  char path[64], text[70];
  int64_t found = 0;
  const scu_dataset *information = w->reports[report_index].information;
  snprintf(path, sizeof path, "FailedSOPSequence[%zu].ReferencedSOPInstanceUID", item);
  assert_int_equal(scu_dataset_text(information, path, text, sizeof text), SCU_OK);
  assert_string_equal(text, uid);
  snprintf(path, sizeof path, "FailedSOPSequence[%zu].FailureReason", item);
  assert_int_equal(scu_dataset_integer(information, path, 0, &found), SCU_OK);
  assert_int_equal(found, reason);
}

/* The ledger holds nothing but its magic. */
static bool is_forgotten(void) {
  return size_of(in_scratch("pacs/ledger.journal")) == 8;
}

/* --- what is committed -------------------------------------------------------------------------------------------- */

static void test_what_is_stored_is_committed_on_the_association_of_the_request(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 3);
  world_associate(&w);
  assert_int_equal(ask(&w, request("1.9.1", 1, 3)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  expect_report(&w, 0, 1, "1.9.1", 3, 0);
  assert_false(w.reports[0].came_on_own_server);
  WORLD_UNTIL(&w, is_forgotten());
  world_stop(&w);
}

static void test_missing_instances_and_other_classes_are_failures(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 2);
  world_associate(&w);
  scu_dataset *information = request("1.9.2", 1, 1);
  refer(information, "1.2.840.10008.5.1.4.1.1.2", "1.2.3.2");
  refer(information, SAMPLE_CLASS, "1.2.3.999");
  refer(information, SAMPLE_CLASS, "1.2.3.1");
  refer(information, SAMPLE_CLASS, "1.2.3.*");
  assert_int_equal(ask(&w, information), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  expect_report(&w, 0, 2, "1.9.2", 2, 3);
  expect_failure(&w, 0, 0, "1.2.3.2", 0x0119);
  expect_failure(&w, 0, 1, "1.2.3.999", 0x0112);
  expect_failure(&w, 0, 2, "1.2.3.*", 0x0112);
  world_stop(&w);
}

static void test_a_file_that_is_gone_or_cut_is_not_committed(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 3);
  assert_int_equal(unlink(in_scratch("pacs/objects/1.2.1/1.2.1.1/1.2.3.1.dcm")), 0);
  assert_int_equal(truncate(in_scratch("pacs/objects/1.2.1/1.2.1.1/1.2.3.3.dcm"), 400), 0);
  world_associate(&w);
  assert_int_equal(ask(&w, request("1.9.3", 1, 3)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  expect_report(&w, 0, 2, "1.9.3", 1, 2);
  expect_failure(&w, 0, 0, "1.2.3.1", 0x0110);
  expect_failure(&w, 0, 1, "1.2.3.3", 0x0110);
  world_stop(&w);
}

static void test_many_instances_are_looked_up_in_bites(void **state) {
  (void)state;
  enum { STORED = 300, ASKED = 1000 };
  world w;
  world_start(&w);
  world_store(&w, 1, STORED);
  world_associate(&w);
  assert_int_equal(ask(&w, request("1.9.4", 1, ASKED)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  expect_report(&w, 0, 2, "1.9.4", STORED, ASKED - STORED);
  world_stop(&w);
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

static void test_requests_that_make_no_sense_are_refused(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_associate(&w);
  scu__command command = action("1.2.3.4", 1);
  assert_int_equal(world_ask(&w, CLASS, &command, request("1.9.5", 1, 1)), 0x0112);
  command = action(INSTANCE, 2);
  assert_int_equal(world_ask(&w, CLASS, &command, request("1.9.5", 1, 1)), 0x0123);
  assert_int_equal(ask(&w, NULL), 0x0115);
  assert_int_equal(ask(&w, request("1.9.5", 1, 0)), 0x0115);
  scu_dataset *information = request("1.9.5", 1, 1);
  scu_dataset_remove(information, "TransactionUID");
  assert_int_equal(ask(&w, information), 0x0115);
  information = request("1.9.5", 1, 2);
  scu_dataset_remove(information, "ReferencedSOPSequence[1].ReferencedSOPClassUID");
  assert_int_equal(ask(&w, information), 0x0115);
  command = n_command(SCU__N_CREATE_RQ, CLASS, "1.2.3.4");
  assert_int_equal(world_ask(&w, CLASS, &command, request("1.9.5", 1, 1)), 0x0211);
  assert_int_equal(w.report_count, 0);
  assert_true(is_forgotten());
  world_stop(&w);
}

static void test_a_transaction_is_a_duplicate_only_while_it_is_pending(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 1);
  world_associate(&w);
  w.is_deaf = true;
  assert_int_equal(ask(&w, request("1.9.6", 1, 1)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  assert_int_equal(ask(&w, request("1.9.6", 1, 1)), 0x0131);
  world_release(&w);
  int port = world_listen(&w, 0);
  w.is_deaf = false;
  world_add_peer(&w, "MODALITY", "MODALITY", port);
  WORLD_UNTIL(&w, w.report_count == 2 && is_forgotten());
  world_associate(&w);
  assert_int_equal(ask(&w, request("1.9.6", 1, 1)), 0);
  WORLD_UNTIL(&w, w.report_count == 3);
  world_stop(&w);
}

/* --- where the report goes ---------------------------------------------------------------------------------------- */

static void test_a_requester_that_left_is_called_back(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 2);
  int port = world_listen(&w, 0);
  world_add_peer(&w, "WORKSTATION", "MODALITY", port); /* known by the name it calls itself */
  world_associate(&w);
  scu__command command = action(INSTANCE, 1);
  world_send(&w, CLASS, &command, request("1.9.7", 1, 2));
  WORLD_UNTIL(&w, w.has_response);
  world_abort(&w);
  WORLD_UNTIL(&w, w.report_count >= 1 && is_forgotten());
  const report *last = &w.reports[w.report_count - 1];
  assert_true(last->came_on_own_server || w.report_count == 1);
  world_stop(&w);
}

static void test_a_peer_without_a_word_about_roles_gets_the_report_all_the_same(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 1);
  int port = world_listen(&w, 0);
  w.policy.accept_roles = NULL;
  world_add_peer(&w, "MODALITY", "MODALITY", port);
  world_associate(&w);
  w.is_deaf = true;
  assert_int_equal(ask(&w, request("1.9.8", 1, 1)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  w.is_deaf = false;
  world_abort(&w);
  WORLD_UNTIL(&w, w.report_count == 2 && is_forgotten());
  assert_true(w.reports[1].came_on_own_server);
  expect_report(&w, 1, 1, "1.9.8", 1, 0);
  world_stop(&w);
}

static void test_a_requester_that_falls_silent_is_called_back(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 1);
  world_add_peer(&w, "MODALITY", "MODALITY", world_listen(&w, 0));
  world_associate(&w);
  w.is_deaf = true;
  assert_int_equal(ask(&w, request("1.9.9", 1, 1)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  w.is_deaf = false;
  world_pass(&w, w.archive->config->timeout_response_ms + 1);
  WORLD_UNTIL(&w, w.report_count == 2 && is_forgotten());
  assert_true(w.reports[1].came_on_own_server);
  world_stop(&w);
}

static void test_a_report_is_tried_again_with_growing_pauses(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 1);
  world_add_peer(&w, "MODALITY", "MODALITY", world_listen(&w, 0));
  world_associate(&w);
  w.report_status = 0x0110;
  assert_int_equal(ask(&w, request("1.9.10", 1, 1)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  uint64_t pause = 1000;
  for (size_t tries = 2; tries < 6; tries++, pause *= 2) {
    world_pass(&w, 10); /* the response is in, the association released */
    world_pass(&w, pause - 100);
    assert_int_equal(w.report_count, tries - 1);
    world_pass(&w, 200);
    WORLD_UNTIL(&w, w.report_count == tries);
  }
  assert_false(is_forgotten());
  w.report_status = 0;
  world_pass(&w, 10);
  world_pass(&w, pause + 200);
  WORLD_UNTIL(&w, w.report_count == 6 && is_forgotten());
  world_stop(&w);
}

/* --- restarts ----------------------------------------------------------------------------------------------------- */

static void test_a_pending_report_survives_a_restart(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 1);
  world_associate(&w);
  w.is_deaf = true;
  assert_int_equal(ask(&w, request("1.9.11", 1, 2)), 0);
  WORLD_UNTIL(&w, w.report_count == 1);
  world_abort(&w);
  scu_session_free(w.session);
  w.session = NULL;
  world_close_archive(&w);
  assert_false(is_forgotten());
  w.is_deaf = false;
  world_open_archive(&w);
  assert_int_equal(w.report_count, 1);
  world_add_peer(&w, "MODALITY", "MODALITY", world_listen(&w, 0));
  WORLD_UNTIL(&w, w.report_count == 2 && is_forgotten());
  expect_report(&w, 1, 2, "1.9.11", 1, 1);
  expect_failure(&w, 1, 0, "1.2.3.2", 0x0112);
  world_stop(&w);
}

static void test_a_ledger_with_a_torn_end_keeps_what_was_whole(void **state) {
  (void)state;
  world w;
  world_start(&w);
  world_store(&w, 1, 1);
  world_associate(&w);
  w.is_deaf = true;
  assert_int_equal(ask(&w, request("1.9.12", 1, 1)), 0);
  long first = size_of(in_scratch("pacs/ledger.journal"));
  assert_int_equal(ask(&w, request("1.9.13", 1, 1)), 0);
  long both = size_of(in_scratch("pacs/ledger.journal"));
  assert_true(first > 8 && both > first);
  WORLD_UNTIL(&w, w.report_count == 2);
  world_abort(&w);
  scu_session_free(w.session);
  w.session = NULL;
  world_close_archive(&w);
  w.is_deaf = false;
  assert_int_equal(truncate(in_scratch("pacs/ledger.journal"), both - 1), 0);
  world_open_archive(&w);
  assert_int_equal(size_of(in_scratch("pacs/ledger.journal")), first);
  world_add_peer(&w, "MODALITY", "MODALITY", world_listen(&w, 0));
  WORLD_UNTIL(&w, w.report_count == 3 && is_forgotten());
  expect_report(&w, 2, 1, "1.9.12", 1, 0);
  world_stop(&w);
}

static void test_two_archives_cannot_have_one_folder(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scu_archive *second = NULL;
  assert_int_equal(scu_archive_new(w.time.loop, &second, w.archive_options, &w.own), SCU_ERROR_STORAGE);
  assert_non_null(strstr(scu_error_reason(scu_archive_error(second)), "in use"));
  scu_archive_free(second);
  world_stop(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_what_is_stored_is_committed_on_the_association_of_the_request),
      TEST(test_missing_instances_and_other_classes_are_failures),
      TEST(test_a_file_that_is_gone_or_cut_is_not_committed),
      TEST(test_many_instances_are_looked_up_in_bites),
      TEST(test_requests_that_make_no_sense_are_refused),
      TEST(test_a_transaction_is_a_duplicate_only_while_it_is_pending),
      TEST(test_a_requester_that_left_is_called_back),
      TEST(test_a_peer_without_a_word_about_roles_gets_the_report_all_the_same),
      TEST(test_a_requester_that_falls_silent_is_called_back),
      TEST(test_a_report_is_tried_again_with_growing_pauses),
      TEST(test_a_pending_report_survives_a_restart),
      TEST(test_a_ledger_with_a_torn_end_keeps_what_was_whole),
      TEST(test_two_archives_cannot_have_one_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
