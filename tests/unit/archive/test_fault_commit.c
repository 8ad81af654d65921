/* --fault at storage commitment: results that lack an instance, name another transaction, come early or never. */
#define _GNU_SOURCE /* scratch.h */
#include "archive_test.h"

static void start(world *w, const char *fault) {
  world_start(w);
  world_close_archive(w);
  w->own.fault = fault;
  world_open_archive(w);
  world_store(w, 1, 3);
  world_associate(w);
}

/* Asks for 1.2.3.1 to 1.2.3.3; the answer comes by world_answered. */
static void ask_for_three(world *w, const char *transaction) {
  scu_dataset *information = NULL, *item;
  scu__command command = n_command(SCU__N_ACTION_RQ, SCU__UID_STORAGE_COMMITMENT, SCU__UID_STORAGE_COMMITMENT_INSTANCE);
  command.action_type = 1;
  command.present |= SCU__HAS_ACTION_TYPE;
  assert_int_equal(scu_dataset_new(NULL, &information), SCU_OK);
  assert_int_equal(scu_dataset_set_text(information, "TransactionUID", transaction), SCU_OK);
  for (int i = 1; i <= 3; i++) {
    char uid[32];
    snprintf(uid, sizeof uid, "1.2.3.%d", i);
    assert_int_equal(scu_dataset_add_item(information, SCU_TAG(0x0008, 0x1199), &item), SCU_OK);
    assert_int_equal(scu_dataset_set_text(item, "ReferencedSOPClassUID", SAMPLE_CLASS), SCU_OK);
    assert_int_equal(scu_dataset_set_text(item, "ReferencedSOPInstanceUID", uid), SCU_OK);
  }
  world_send(w, SCU__UID_STORAGE_COMMITMENT, &command, information);
}

static void expect_result(const world *w, size_t index, const char *transaction, size_t good) {
  char text[70];
  const scu_dataset *information = w->reports[index].information;
  assert_int_equal(w->reports[index].event_type, 1);
  assert_int_equal(scu_dataset_text(information, "TransactionUID", text, sizeof text), SCU_OK);
  assert_string_equal(text, transaction);
  assert_int_equal(scu_dataset_value_count(information, "ReferencedSOPSequence"), good);
  assert_int_equal(scu_dataset_value_count(information, "FailedSOPSequence"), 0);
}

static void test_an_instance_is_in_neither_list(void **state) {
  (void)state;
  world w;
  start(&w, "commit:unlisted@1");
  ask_for_three(&w, "1.9.1");
  WORLD_UNTIL(&w, w.has_response && w.report_count == 1);
  assert_int_equal(w.response.status, 0);
  expect_result(&w, 0, "1.9.1", 2);
  ask_for_three(&w, "1.9.2");
  WORLD_UNTIL(&w, w.report_count == 2);
  expect_result(&w, 1, "1.9.2", 3);
  world_stop(&w);
}

static void test_the_result_names_another_transaction(void **state) {
  (void)state;
  world w;
  start(&w, "commit:wrong-transaction");
  ask_for_three(&w, "1.9.1");
  WORLD_UNTIL(&w, w.report_count == 1);
  expect_result(&w, 0, "2.25.1", 3);
  world_stop(&w);
}

static void test_the_result_comes_before_the_response(void **state) {
  (void)state;
  world w;
  start(&w, "commit:early-result@2");
  for (size_t i = 0; i < 2; i++) {
    ask_for_three(&w, i == 0 ? "1.9.1" : "1.9.2");
    WORLD_UNTIL(&w, w.has_response && w.report_count == i + 1);
    assert_int_equal(w.reports[i].came_before_answer, i == 1);
    expect_result(&w, i, i == 0 ? "1.9.1" : "1.9.2", 3);
  }
  world_stop(&w);
}

static void test_the_result_never_comes(void **state) {
  (void)state;
  world w;
  start(&w, "commit:no-result");
  ask_for_three(&w, "1.9.1");
  WORLD_UNTIL(&w, w.has_response);
  assert_int_equal(w.response.status, 0);
  world_pass(&w, LONG_MS);
  assert_int_equal(w.report_count, 0);
  world_stop(&w);
}

static void test_a_commitment_is_refused(void **state) {
  (void)state;
  world w;
  start(&w, "commit:status=0213");
  ask_for_three(&w, "1.9.1");
  WORLD_UNTIL(&w, w.has_response);
  assert_int_equal(w.response.status, 0x0213);
  assert_int_equal(w.report_count, 0);
  world_stop(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_an_instance_is_in_neither_list),
      TEST(test_the_result_names_another_transaction),
      TEST(test_the_result_comes_before_the_response),
      TEST(test_the_result_never_comes),
      TEST(test_a_commitment_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
