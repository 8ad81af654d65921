/* Identifiers that PS3.4 C.4.1 does not allow, or that somebody made to hurt: the status, the offending element and the
 * bounds (catalogue D30). */
#include "index_test.h"

#include "service/key.h"

static int set_up(void **state) {
  *state = small_archive(NULL);
  return 0;
}

static int tear_down(void **state) {
  scu__index_close(*state);
  return 0;
}

#define LEVEL SCU_TAG(0x0008, 0x0052)

static void test_an_empty_identifier_is_refused(void **state) {
  expect_refusal(*state, study_root(new_dataset()), 0xA900, LEVEL);
  expect_refusal(*state, worklist(new_dataset()), 0xA900, SCU_TAG(0x0040, 0x0100));
}

static void test_a_missing_or_wrong_level_is_refused(void **state) {
  static const char *const wrong[] = {"", "FRAME", "study", "STUDY\\SERIES", "INSTANCE", "IMAGEIMAGEIMAGEIMAGE"};
  expect_refusal(*state, study_root(identifier(NULL, "StudyInstanceUID", "", NULL)), 0xA900, LEVEL);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    expect_refusal(*state, study_root(identifier(NULL, "QueryRetrieveLevel", wrong[i], "StudyInstanceUID", "", NULL)),
                   0xA900, LEVEL);
  expect_refusal(*state, study_root(identifier("PATIENT", "PatientID", "", NULL)), 0xA900, LEVEL);
}

static void test_a_level_with_the_wrong_vr_is_refused(void **state) {
  scu_dataset *keys = new_dataset();
  assert_int_equal(scu_dataset_set_bytes(keys, LEVEL, SCU_VR_US, "\1\0", 2), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, LEVEL);
  keys = new_dataset();
  assert_int_equal(scu_dataset_add_item(keys, LEVEL, &(scu_dataset *){0}), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, LEVEL);
}

static void test_a_missing_unique_key_of_a_higher_level_is_refused(void **state) {
  expect_refusal(*state, study_root(identifier("SERIES", "SeriesInstanceUID", "", NULL)), 0xA900,
                 SCU_TAG(0x0020, 0x000D));
  expect_refusal(*state, study_root(identifier("SERIES", "StudyInstanceUID", "", NULL)), 0xA900,
                 SCU_TAG(0x0020, 0x000D));
  expect_refusal(*state, study_root(identifier("IMAGE", "StudyInstanceUID", "1.2.1", NULL)), 0xA900,
                 SCU_TAG(0x0020, 0x000E));
  expect_refusal(*state, patient_root(identifier("STUDY", "StudyInstanceUID", "1.2.1", NULL)), 0xA900,
                 SCU_TAG(0x0010, 0x0020));
}

static void test_a_unique_key_of_a_higher_level_may_have_one_value_only(void **state) {
  expect_refusal(*state, study_root(identifier("SERIES", "StudyInstanceUID", "1.2.1\\1.2.2", NULL)), 0xA900,
                 SCU_TAG(0x0020, 0x000D));
  expect_refusal(*state, patient_root(identifier("STUDY", "PatientID", "JP*", NULL)), 0xA900, SCU_TAG(0x0010, 0x0020));
}

static void test_keys_of_other_levels_need_a_relational_query(void **state) {
  expect_refusal(*state, study_root(identifier("STUDY", "Modality", "CT", NULL)), 0xA900, SCU_TAG(0x0008, 0x0060));
  expect_refusal(*state, study_root(identifier("SERIES", "StudyInstanceUID", "1.2.1", "StudyDate", "20240101", NULL)),
                 0xA900, SCU_TAG(0x0008, 0x0020));
  expect_refusal(*state, patient_root(identifier("STUDY", "PatientID", "JP-1", "PatientName", "Yamada*", NULL)), 0xA900,
                 SCU_TAG(0x0010, 0x0010));
  /* To ask for them is harmless. */
  expect(*state,
         patient_root(
             identifier("STUDY", "PatientID", "DE-3", "PatientName", "", "StudyInstanceUID", "", "Modality", "", NULL)),
         "PatientName", "Müller^Jörg");
}

static void test_a_key_with_the_wrong_vr_is_refused(void **state) {
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "", NULL);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0010, 0x0010), SCU_VR_US, "\1\0", 2), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, SCU_TAG(0x0010, 0x0010));
  keys = identifier("STUDY", NULL);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0008, 0x0020), SCU_VR_LO, "20240101", 8), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, SCU_TAG(0x0008, 0x0020));
  keys = identifier("STUDY", NULL);
  assert_int_equal(scu_dataset_add_item(keys, SCU_TAG(0x0008, 0x0050), &(scu_dataset *){0}), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, SCU_TAG(0x0008, 0x0050));
}

static void test_a_known_key_sent_as_un_is_what_the_dictionary_says(void **state) {
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "", NULL);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0008, 0x1030), SCU_VR_UN, "Heart ", 6), SCU_OK);
  expect(*state, study_root(keys), "StudyInstanceUID", "1.2.4");
}

static void test_values_longer_than_their_vr_allows_are_refused(void **state) {
  char text[70 * 1024];
  static const struct {
    const char *path;
    size_t longest;
    scu_tag tag;
  } cases[] = {{"StudyInstanceUID", 64, SCU_TAG(0x0020, 0x000D)}, {"AccessionNumber", 16, SCU_TAG(0x0008, 0x0050)},
               {"StudyDescription", 64, SCU_TAG(0x0008, 0x1030)}, {"PatientID", 64, SCU_TAG(0x0010, 0x0020)},
               {"PatientName", 64, SCU_TAG(0x0010, 0x0010)},      {"PatientSex", 16, SCU_TAG(0x0010, 0x0040)}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    memset(text, '1', sizeof text);
    text[cases[i].longest] = 0;
    scu_dataset *keys = identifier("STUDY", cases[i].path, text, NULL);
    scu__index_query query = study_root(keys);
    collect(*state, query, "StudyInstanceUID", text);
    scu_dataset_free(keys);
    memset(text, '1', sizeof text);
    text[cases[i].longest + 1] = 0;
    expect_refusal(*state, study_root(identifier("STUDY", cases[i].path, text, NULL)), 0xA900, cases[i].tag);
    memset(text, '1', sizeof text);
    text[sizeof text - 1] = 0;
    expect_refusal(*state, study_root(identifier("STUDY", cases[i].path, text, NULL)), 0xA900, cases[i].tag);
  }
}

static void test_characters_are_counted_not_bytes(void **state) {
  expect(*state,
         study_root(
             identifier("STUDY", "AccessionNumber", "山山山山山山山山山山山山山山山山", "StudyInstanceUID", "", NULL)),
         "StudyInstanceUID", "1.2.5");
}

static void test_values_that_are_no_dates_times_or_numbers_are_refused(void **state) {
  static const struct {
    const char *path, *text;
    scu_tag tag;
  } cases[] = {
      {"StudyDate", "2024", SCU_TAG(0x0008, 0x0020)},      {"StudyDate", "20240230", SCU_TAG(0x0008, 0x0020)},
      {"StudyDate", "-", SCU_TAG(0x0008, 0x0020)},         {"StudyDate", "2024*", SCU_TAG(0x0008, 0x0020)},
      {"StudyDate", "2024010a", SCU_TAG(0x0008, 0x0020)},  {"StudyDate", "20240101-2-3", SCU_TAG(0x0008, 0x0020)},
      {"StudyTime", "25", SCU_TAG(0x0008, 0x0030)},        {"StudyTime", "10:1", SCU_TAG(0x0008, 0x0030)},
      {"StudyTime", "1015.5", SCU_TAG(0x0008, 0x0030)},    {"StudyInstanceUID", "1.2.*", SCU_TAG(0x0020, 0x000D)},
      {"OtherStudyNumbers", "a", SCU_TAG(0x0020, 0x1070)}, {"PatientWeight", "heavy", SCU_TAG(0x0010, 0x1030)}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_refusal(*state, study_root(identifier("STUDY", cases[i].path, cases[i].text, NULL)), 0xA900, cases[i].tag);
}

static void test_text_that_its_character_set_cannot_explain_is_refused(void **state) {
  scu_dataset *keys = identifier("STUDY", NULL);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0010, 0x0010), SCU_VR_PN, "M\xFCller", 6), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, SCU_TAG(0x0010, 0x0010));
  keys = identifier("STUDY", NULL);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0008, 0x0005), SCU_VR_CS, "ISO_IR 192", 10), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0010, 0x0010), SCU_VR_PN, "\xC3\x28\xA0\xA1", 4), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, SCU_TAG(0x0010, 0x0010));
}

static void test_control_characters_in_a_key_are_refused(void **state) {
  static const char *const texts[] = {"a\nb", "a\tb", "\x7F", "a\033[31mb"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    expect_refusal(*state, study_root(identifier("STUDY", "StudyDescription", texts[i], NULL)), 0xA900,
                   SCU_TAG(0x0008, 0x1030));
  scu_dataset *keys = identifier("STUDY", NULL);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0008, 0x1030), SCU_VR_LO, "a\0bc", 4), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA900, SCU_TAG(0x0008, 0x1030));
}

static void test_sql_in_a_key_is_text(void **state) {
  static const char *const texts[] = {"' OR 1=1 --", "\"; DROP TABLE x", "a' UNION SELECT 1", "%", "_hest", "[a-z]*"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    expect(*state, study_root(identifier("STUDY", "StudyDescription", texts[i], "StudyInstanceUID", "", NULL)),
           "StudyInstanceUID", "");
  expect(*state, study_root(identifier("STUDY", "StudyID", "a\"b\\c\\S1", "StudyInstanceUID", "", NULL)),
         "StudyInstanceUID", "1.2.1 1.2.2");
}

static void test_a_sequence_key_with_two_items_is_refused(void **state) {
  expect_refusal(*state,
                 study_root(identifier("STUDY", "ProcedureCodeSequence[0].CodeValue", "C1",
                                       "ProcedureCodeSequence[1].CodeValue", "C2", NULL)),
                 0xA900, SCU_TAG(0x0008, 0x1032));
}

static void test_sequence_keys_nested_too_deep_are_refused(void **state) {
  scu_dataset *keys = identifier("STUDY", NULL), *level = keys;
  for (int depth = 0; depth < SCU__KEY_DEPTH_MAX; depth++) {
    assert_int_equal(scu_dataset_add_item(level, SCU_TAG(0x0008, 0x1032), &level), SCU_OK);
    put(level, "CodeValue", "C1");
  }
  scu__index_query query = study_root(keys);
  char text[TEXT_ROOM];
  collect(*state, query, "StudyInstanceUID", text);
  assert_string_equal(text, "");
  assert_int_equal(scu_dataset_add_item(level, SCU_TAG(0x0008, 0x1032), &level), SCU_OK);
  put(level, "CodeValue", "C1");
  expect_refusal(*state, study_root(keys), 0xA700, SCU_TAG(0x0008, 0x1032));
}

static void test_more_keys_than_anyone_needs_are_refused(void **state) {
  scu_dataset *keys = identifier("STUDY", NULL);
  for (unsigned i = 0; i < SCU__KEYS_MAX + 1; i++)
    assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0011, 0x1000 + i), SCU_VR_LO, "x ", 2), SCU_OK);
  expect_refusal(*state, study_root(keys), 0xA700, SCU_TAG(0x0011, 0x1000 + SCU__KEYS_MAX));
}

static void test_more_values_than_this_archive_takes_are_refused(void **state) {
  scu__buffer list;
  scu__buffer_init(&list, NULL, 1 << 20);
  for (int i = 0; i <= SCU__KEY_VALUES_MAX; i++) scu__put_text(&list, i > 0 ? "\\1.2" : "1.2");
  scu__put_u8(&list, 0);
  expect_refusal(*state, study_root(identifier("STUDY", "StudyInstanceUID", (const char *)list.data, NULL)), 0xA700,
                 SCU_TAG(0x0020, 0x000D));
  scu__buffer_free(&list);
}

static void test_private_keys_are_answered_without_value_and_not_matched(void **state) {
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "1.2.1", NULL);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0011, 0x1001), SCU_VR_LO, "secret", 6), SCU_OK);
  scu__index_query query = study_root(keys);
  scu__index_cursor *cursor;
  scu_dataset *row = new_dataset();
  assert_int_equal(scu__index_find(*state, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(scu__index_cursor_status(cursor), 0xFF01);
  assert_int_equal(next_row(cursor, row), SCU_OK);
  const scu_element *element = scu_dataset_find(row, SCU_TAG(0x0011, 0x1001));
  assert_non_null(element);
  assert_int_equal(scu_element_length(element), 0);
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  scu_dataset_free(keys);
}

static void test_a_timezone_that_is_none_is_refused_where_it_was_agreed(void **state) {
  scu__index_query query = study_root(identifier("STUDY", "TimezoneOffsetFromUTC", "noon", NULL));
  query.timezone = true;
  expect_refusal(*state, query, 0xA900, SCU_TAG(0x0008, 0x0201));
}

static void test_running_out_of_memory_at_any_point_is_told_and_leaks_nothing(void **state) {
  (void)state;
  failing_allocator allocator;
  scu_dataset *keys = identifier("STUDY", "PatientName", "yamada*", "ProcedureCodeSequence.CodeMeaning", "胸*",
                                 "ModalitiesInStudy", "CT", "StudyInstanceUID", "1.2.1\\1.2.2", NULL);
  scu_dataset *header =
      identifier(NULL, "PatientName", "Yamada^Tarou=山田^太郎", "PatientID", "1", "StudyInstanceUID", "1.2.1",
                 "SeriesInstanceUID", "1.2.1.1", "Modality", "CT", "ProcedureCodeSequence.CodeMeaning", "胸部", NULL);
  scu__index_instance instance = {
      .sop_class = CT_CLASS, .sop_instance = "1.2.1.1.1", .transfer_syntax = EXPLICIT, .path = "a"};
  scu_dataset *row = new_dataset();
  bool is_done = false;
  for (size_t i = 0; !is_done; i++) {
    scu__index *index = NULL;
    scu__index_cursor *cursor = NULL;
    scu__index_query query = study_root(keys);
    failing_allocator_init(&allocator, i);
    scu_error error;
    scu__error_clear(&error);
    scu_result result = scu__index_open(":memory:", &allocator.allocator, NULL, &index, &error);
    if (result == SCU_OK) result = scu__index_add(index, header, &instance, &error);
    if (result == SCU_OK) result = scu__index_find(index, &query, &cursor, NULL, &error);
    if (result == SCU_OK) result = scu__index_next(cursor, row, &error);
    if (result == SCU_OK) {
      is_done = scu__index_next(cursor, row, &error) == SCU_END;
    } else {
      /* Never a wrong answer instead. */
      assert_int_equal(result, SCU_ERROR_MEMORY);
      assert_int_equal(error.result, SCU_ERROR_MEMORY);
    }
    scu__index_cursor_close(cursor);
    scu__index_close(index);
    assert_int_equal(allocator.alive, 0);
    assert_true(i < 10000);
  }
  scu_dataset_free(row);
  scu_dataset_free(header);
  scu_dataset_free(keys);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_empty_identifier_is_refused),
      cmocka_unit_test(test_a_missing_or_wrong_level_is_refused),
      cmocka_unit_test(test_a_level_with_the_wrong_vr_is_refused),
      cmocka_unit_test(test_a_missing_unique_key_of_a_higher_level_is_refused),
      cmocka_unit_test(test_a_unique_key_of_a_higher_level_may_have_one_value_only),
      cmocka_unit_test(test_keys_of_other_levels_need_a_relational_query),
      cmocka_unit_test(test_a_key_with_the_wrong_vr_is_refused),
      cmocka_unit_test(test_a_known_key_sent_as_un_is_what_the_dictionary_says),
      cmocka_unit_test(test_values_longer_than_their_vr_allows_are_refused),
      cmocka_unit_test(test_characters_are_counted_not_bytes),
      cmocka_unit_test(test_values_that_are_no_dates_times_or_numbers_are_refused),
      cmocka_unit_test(test_text_that_its_character_set_cannot_explain_is_refused),
      cmocka_unit_test(test_control_characters_in_a_key_are_refused),
      cmocka_unit_test(test_sql_in_a_key_is_text),
      cmocka_unit_test(test_a_sequence_key_with_two_items_is_refused),
      cmocka_unit_test(test_sequence_keys_nested_too_deep_are_refused),
      cmocka_unit_test(test_more_keys_than_anyone_needs_are_refused),
      cmocka_unit_test(test_more_values_than_this_archive_takes_are_refused),
      cmocka_unit_test(test_private_keys_are_answered_without_value_and_not_matched),
      cmocka_unit_test(test_a_timezone_that_is_none_is_refused_where_it_was_agreed),
      cmocka_unit_test(test_running_out_of_memory_at_any_point_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
