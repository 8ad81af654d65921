/* What was promised and what has come: ten thousand UIDs, duplicates, chunks, and a lack of memory at every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "client/inventory.h"
#include "support/failing_allocator.h"
#include "support/scripted_peer.h"

static scu_dataset *row_of(unsigned series, unsigned instance) {
  char text[256];
  snprintf(text, sizeof text,
           "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.%u|SOPInstanceUID=1.2.3.%u.%u|SOPClassUID=1.2.840.%u",
           series, series, instance, series % 3 + 1);
  return peer_dataset(text);
}

static scu_result add(scu__inventory *inventory, scu_query_level level, unsigned series, unsigned instance) {
  scu_dataset *row = row_of(series, instance);
  scu_result result = scu__inventory_add(inventory, level, SCU_LEVEL_STUDY, row, (scu__location){0}, NULL);
  scu_dataset_free(row);
  return result;
}

static void fill(scu__inventory *inventory, scu_query_level level, unsigned series_count, unsigned each) {
  scu__inventory_init(inventory, NULL);
  for (unsigned s = 0; s < series_count; s++)
    for (unsigned i = 0; i < each; i++) assert_int_equal(add(inventory, level, s, i), SCU_OK);
}

static void test_ten_thousand_uids_are_told_apart(void **state) {
  (void)state;
  scu__inventory inventory;
  fill(&inventory, SCU_LEVEL_STUDY, 20, 500);
  assert_int_equal(inventory.count, 10000);
  assert_int_equal(inventory.series_count, 20);
  assert_int_equal(inventory.class_count, 3);
  assert_int_equal(inventory.target_count, 1); /* one study */
  assert_int_equal(inventory.targets[0].count, 10000);
  assert_int_equal(scu__inventory_missing(&inventory), 10000);
  char uid[65];
  for (unsigned s = 0; s < 20; s++) {
    for (unsigned i = 0; i < 500; i++) {
      snprintf(uid, sizeof uid, "1.2.3.%u.%u", s, i);
      assert_int_equal(scu__inventory_received(&inventory, uid), SCU__ARRIVAL_NEW);
      assert_int_equal(scu__inventory_received(&inventory, uid), SCU__ARRIVAL_AGAIN); /* again */
    }
  }
  assert_int_equal(scu__inventory_received(&inventory, "1.2.3.20.0"), SCU__ARRIVAL_NOT_PROMISED);
  assert_int_equal(scu__inventory_received(&inventory, ""), SCU__ARRIVAL_NOT_PROMISED);
  assert_int_equal(scu__inventory_missing(&inventory), 0);
  scu__inventory_free(&inventory);
}

static void test_a_uid_that_is_promised_twice_counts_once(void **state) {
  (void)state;
  scu__inventory inventory;
  fill(&inventory, SCU_LEVEL_SERIES, 2, 10);
  for (unsigned i = 0; i < 10; i++) assert_int_equal(add(&inventory, SCU_LEVEL_SERIES, 1, i), SCU_OK);
  assert_int_equal(inventory.count, 20);
  assert_int_equal(inventory.target_count, 2);
  assert_int_equal(inventory.targets[1].count, 10);
  scu_dataset *nameless = peer_dataset("StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1");
  assert_int_equal(
      scu__inventory_add(&inventory, SCU_LEVEL_SERIES, SCU_LEVEL_STUDY, nameless, (scu__location){0}, NULL), SCU_OK);
  assert_int_equal(inventory.count, 20);
  scu_dataset_free(nameless);
  scu__inventory_free(&inventory);
}

static scu_result add_target(scu__inventory *inventory, scu_query_level level, const char *study, const char *series,
                             scu_error *error) {
  scu__unique_keys known = {0};
  snprintf(known.value[SCU_LEVEL_STUDY], SCU__UNIQUE_VALUE_MAX, "%s", study);
  snprintf(known.value[SCU_LEVEL_SERIES], SCU__UNIQUE_VALUE_MAX, "%s", series);
  scu__error_clear(error);
  return scu__inventory_add_target(inventory, level, &known, (scu__location){0}, error);
}

static void test_a_target_that_is_named_twice_is_asked_for_once(void **state) {
  (void)state;
  scu__inventory inventory;
  scu_error error;
  scu__inventory_init(&inventory, NULL);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(add_target(&inventory, SCU_LEVEL_STUDY, "1.2.1", "", &error), SCU_OK);
    assert_int_equal(add_target(&inventory, SCU_LEVEL_STUDY, "1.2.2", "", &error), SCU_OK);
    assert_int_equal(add_target(&inventory, SCU_LEVEL_SERIES, "1.2.2", "1.2.1", &error), SCU_OK);
  }
  assert_int_equal(inventory.target_count, 3);
  assert_int_equal(inventory.study_count, 2);
  /* As the query has it: its list of UIDs is asked for part by part. */
  for (int i = 0; i < 2; i++) assert_int_equal(add_target(&inventory, SCU_LEVEL_SERIES, "1.2.2", "", &error), SCU_OK);
  assert_int_equal(inventory.target_count, 5);
  scu__inventory_free(&inventory);
}

static void check_limit(scu_result result, const scu_error *error, const char *what) {
  assert_int_equal(result, SCU_ERROR_LIMIT);
  assert_int_equal(error->result, SCU_ERROR_LIMIT);
  assert_string_equal(error->reason, what);
  assert_string_equal(error->hint, "narrow the query, for example by date");
}

/* What a peer may make us remember has an end, which is told with its number. */
static void test_a_list_without_end_is_a_limit(void **state) {
  (void)state;
  scu__inventory inventory;
  scu_error error;
  scu__inventory_init(&inventory, NULL);
  inventory.target_count = SCU__INVENTORY_TARGETS_MAX; /* as if they were there */
  scu_result result = add_target(&inventory, SCU_LEVEL_STUDY, "1.2.1", "", &error);
  inventory.target_count = 0;
  check_limit(result, &error, "the answers list more than 500000 patients, studies or series");

  scu_dataset *row = row_of(1, 1);
  inventory.count = SCU__INVENTORY_ENTRIES_MAX;
  scu__error_clear(&error);
  result = scu__inventory_add(&inventory, SCU_LEVEL_STUDY, SCU_LEVEL_STUDY, row, (scu__location){0}, &error);
  inventory.count = 0;
  scu_dataset_free(row);
  check_limit(result, &error, "the answers list more than 2000000 instances");
  scu__inventory_free(&inventory);
}

static void test_more_classes_than_there_are_is_a_limit(void **state) {
  (void)state;
  scu__inventory inventory;
  scu_error error;
  scu_result result = SCU_OK;
  scu__inventory_init(&inventory, NULL);
  scu__error_clear(&error);
  for (unsigned i = 0; i < 1025; i++) {
    char text[200];
    assert_int_equal(result, SCU_OK);
    snprintf(text, sizeof text, "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2|SOPInstanceUID=1.2.%u|SOPClassUID=1.2.%u",
             i, i);
    scu_dataset *row = peer_dataset(text);
    result = scu__inventory_add(&inventory, SCU_LEVEL_STUDY, SCU_LEVEL_STUDY, row, (scu__location){0}, &error);
    scu_dataset_free(row);
  }
  check_limit(result, &error, "the answers list more than 1024 SOP classes");
  scu__inventory_free(&inventory);
}

static void test_what_is_no_uid_by_its_length_is_no_study(void **state) {
  (void)state;
  scu__inventory inventory;
  scu__inventory_study *study;
  char long_uid[80];
  scu__inventory_init(&inventory, NULL);
  memset(long_uid, '1', sizeof long_uid);
  long_uid[70] = 0;
  assert_int_equal(scu__inventory_study_of(&inventory, long_uid, &study), SCU_ERROR_LIMIT);
  assert_null(study);
  assert_int_equal(scu__inventory_study_of(&inventory, "1.2", &study), SCU_OK);
  assert_string_equal(study->uid.text, "1.2");
  scu__inventory_free(&inventory);
}

static size_t listed(const scu__inventory *inventory, const scu__target *target) {
  scu__buffer list;
  scu__buffer_init(&list, NULL, 1 << 20);
  scu__inventory_list(inventory, target, &list);
  assert_int_equal(list.data[list.length - 1], 0);
  size_t count = list.length > 1;
  for (size_t i = 0; i < list.length; i++) count += list.data[i] == '\\';
  scu__buffer_free(&list);
  return count;
}

static void test_what_is_missing_is_asked_for_in_chunks_of_one_series(void **state) {
  (void)state;
  scu__inventory inventory;
  fill(&inventory, SCU_LEVEL_STUDY, 3, 600);
  assert_int_equal(scu__inventory_retarget(&inventory, 256), SCU_OK);
  assert_int_equal(inventory.target_count, 9); /* 256, 256 and 88 of each */
  size_t total = 0;
  for (size_t i = 0; i < inventory.target_count; i++) {
    const scu__target *target = &inventory.targets[i];
    size_t count = listed(&inventory, target);
    assert_true(count > 0 && count <= 256);
    total += count;
    char series[65];
    snprintf(series, sizeof series, "1.2.1.%zu", i / 3);
    assert_int_equal(target->level, SCU_LEVEL_IMAGE);
    assert_string_equal(target->known.value[SCU_LEVEL_SERIES], series);
    assert_string_equal(target->known.value[SCU_LEVEL_STUDY], "1.2.1");
  }
  assert_int_equal(total, 1800);
  scu__inventory_free(&inventory);
}

static void test_only_what_is_missing_is_asked_for_again(void **state) {
  (void)state;
  scu__inventory inventory;
  fill(&inventory, SCU_LEVEL_STUDY, 3, 100);
  char uid[65];
  for (unsigned s = 0; s < 3; s++) {
    for (unsigned i = 0; i < 100; i++) {
      if (s != 1 && i % 50 == 7) continue; /* two of the first and the third series */
      snprintf(uid, sizeof uid, "1.2.3.%u.%u", s, i);
      assert_int_equal(scu__inventory_received(&inventory, uid), SCU__ARRIVAL_NEW);
    }
  }
  assert_int_equal(scu__inventory_missing(&inventory), 4);
  assert_int_equal(scu__inventory_retarget(&inventory, 256), SCU_OK);
  assert_int_equal(inventory.target_count, 2);
  assert_int_equal(listed(&inventory, &inventory.targets[0]), 2);
  assert_int_equal(listed(&inventory, &inventory.targets[1]), 2);
  assert_string_equal(inventory.targets[0].known.value[SCU_LEVEL_SERIES], "1.2.1.0");
  assert_string_equal(inventory.targets[1].known.value[SCU_LEVEL_SERIES], "1.2.1.2");
  assert_int_equal(scu__inventory_retarget(&inventory, 1), SCU_OK);
  assert_int_equal(inventory.target_count, 4);
  scu__inventory_free(&inventory);
}

static void test_nothing_promised_is_nothing_missing(void **state) {
  (void)state;
  scu__inventory inventory;
  scu__inventory_init(&inventory, NULL);
  assert_int_equal(scu__inventory_received(&inventory, "1.2"), SCU__ARRIVAL_NOT_PROMISED);
  assert_int_equal(scu__inventory_missing(&inventory), 0);
  assert_int_equal(scu__inventory_retarget(&inventory, 256), SCU_OK);
  assert_int_equal(inventory.target_count, 0);
  scu__inventory_free(&inventory);
}

static void test_a_lack_of_memory_leaves_a_sound_inventory(void **state) {
  (void)state;
  for (size_t fail_at = 0;; fail_at++) {
    failing_allocator memory;
    failing_allocator_init(&memory, fail_at);
    scu__inventory inventory;
    scu__inventory_init(&inventory, &memory.allocator);
    size_t failures = 0;
    for (unsigned i = 0; i < 300; i++) failures += add(&inventory, SCU_LEVEL_SERIES, i / 20, i) == SCU_ERROR_MEMORY;
    assert_true(failures <= 1);
    assert_int_equal(inventory.count, 300 - failures);
    size_t received = 0;
    for (unsigned i = 0; i < 300; i++) {
      char uid[65];
      snprintf(uid, sizeof uid, "1.2.3.%u.%u", i / 20, i);
      received += scu__inventory_received(&inventory, uid) == SCU__ARRIVAL_NEW;
    }
    assert_int_equal(received, inventory.count);
    scu__inventory_free(&inventory);
    assert_int_equal(memory.alive, 0);
    if (memory.requests <= fail_at) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ten_thousand_uids_are_told_apart),
      cmocka_unit_test(test_a_uid_that_is_promised_twice_counts_once),
      cmocka_unit_test(test_a_target_that_is_named_twice_is_asked_for_once),
      cmocka_unit_test(test_a_list_without_end_is_a_limit),
      cmocka_unit_test(test_more_classes_than_there_are_is_a_limit),
      cmocka_unit_test(test_what_is_no_uid_by_its_length_is_no_study),
      cmocka_unit_test(test_what_is_missing_is_asked_for_in_chunks_of_one_series),
      cmocka_unit_test(test_only_what_is_missing_is_asked_for_again),
      cmocka_unit_test(test_nothing_promised_is_nothing_missing),
      cmocka_unit_test(test_a_lack_of_memory_leaves_a_sound_inventory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
