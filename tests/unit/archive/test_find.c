/* Every matching rule of PS3.4 C.2.2.2 on a small archive: see index_test.h for what is in it. */
#include "index_test.h"

#include "data/dataset_builder.h"
#include "data/dataset_encode.h"

#define ALL_STUDIES "1.2.1 1.2.2 1.2.3 1.2.4 1.2.5"

static int set_up(void **state) {
  *state = small_archive(NULL);
  return 0;
}

static int tear_down(void **state) {
  scu__index_close(*state);
  return 0;
}

/* ---- single value ---- */

static void test_a_single_value_matches_exactly_and_in_its_case(void **state) {
  expect_studies(*state, "StudyDescription", "Chest", "1.2.1");
  expect_studies(*state, "StudyDescription", "chest", "1.2.5");
  expect_studies(*state, "StudyDescription", "Ches", "");
  expect_studies(*state, "StudyDescription", "  Chest ", "1.2.1");
}

static void test_a_required_key_of_zero_length_in_the_archive_matches_any_value(void **state) {
  expect_studies(*state, "AccessionNumber", "A1", "1.2.1 1.2.5");
  expect_studies(*state, "AccessionNumber", "A?", "1.2.1 1.2.2 1.2.3 1.2.4 1.2.5");
  expect_studies(*state, "StudyDate", "20240101", "1.2.1 1.2.3");
}

static void test_an_optional_key_of_zero_length_in_the_archive_does_not_match(void **state) {
  expect_studies(*state, "ReferringPhysicianName", "House^Gregory", "1.2.1");
}

static void test_unknown_values_never_match_when_the_archive_is_told_so(void **state) {
  (void)state;
  scu__index *index = small_archive(&(scu__index_options){.unknown_never_matches = true});
  expect_studies(index, "AccessionNumber", "A1", "1.2.1");
  expect_studies(index, "StudyDate", "19000101-", "1.2.1 1.2.2 1.2.4 1.2.5");
  expect_studies(index, "StudyDate", "", ALL_STUDIES);
  scu__index_close(index);
}

static void test_numbers_match_as_numbers(void **state) {
  expect(*state, study_root(identifier("SERIES", "StudyInstanceUID", "1.2.1", "SeriesNumber", " 02", NULL)),
         "SeriesNumber", "2");
  scu__index_query query = study_root(identifier("IMAGE", "SliceThickness", "1.5", "SOPInstanceUID", "", NULL));
  query.relational = true;
  expect(*state, query, "SOPInstanceUID", "1.2.1.1.1 1.2.1.1.2 1.2.1.1.3 1.2.1.2.1 1.2.2.1.1 1.2.2.1.2");
  query.identifier = identifier("IMAGE", "Rows", "512", "StudyInstanceUID", "1.2.2", "SOPInstanceUID", "", NULL);
  expect(*state, query, "SOPInstanceUID", "1.2.2.1.1 1.2.2.1.2");
  query.identifier = identifier("IMAGE", "Rows", "511", "SOPInstanceUID", "", NULL);
  expect(*state, query, "SOPInstanceUID", "");
}

static void test_one_value_of_a_multi_valued_attribute_is_enough(void **state) {
  scu__index_query query = study_root(identifier("IMAGE", "StudyInstanceUID", "1.2.1", "SeriesInstanceUID", "1.2.1.1",
                                                 "ImageType", "PRIMARY", "InstanceNumber", "", NULL));
  expect(*state, query, "InstanceNumber", "1 2 3");
}

/* ---- person names ---- */

static void test_names_match_whatever_their_case_and_accents(void **state) {
  expect_studies(*state, "PatientName", "MULLER^JORG", "1.2.5");
  expect_studies(*state, "PatientName", "müller^jörg", "1.2.5");
  expect_studies(*state, "PatientName", "ΠΑΠΑΔΟΠΟΥΛΟΥ^ΕΛΕΝΗ", "1.2.3 1.2.4");
  expect_studies(*state, "PatientName", "παπαδοπουλου*", "1.2.3 1.2.4");
  expect_studies(*state, "PatientName", "Miller^Jorg", "");
}

static void test_a_name_is_found_by_any_of_its_component_groups(void **state) {
  expect_studies(*state, "PatientName", "yamada^tarou", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "山田^太郎", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "山田*", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "やまだ*", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "=山田*", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "山田*=", "");
}

static void test_empty_components_at_the_end_of_a_name_mean_nothing(void **state) {
  expect_studies(*state, "PatientName", "Yamada^Tarou^^", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "Yamada", "");
}

static void test_a_star_in_each_group_asks_for_a_name_with_two_groups(void **state) {
  expect_studies(*state, "PatientName", "*=*", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "*", ALL_STUDIES);
}

static void test_fuzzy_names_match_by_the_beginnings_of_words_in_any_order(void **state) {
  scu__index_query query = study_root(identifier("STUDY", "PatientName", "tar yama", "StudyInstanceUID", "", NULL));
  query.fuzzy_names = true;
  expect(*state, query, "StudyInstanceUID", "1.2.1 1.2.2");
  query.identifier = identifier("STUDY", "PatientName", "jorg^mull", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "1.2.5");
  query.identifier = identifier("STUDY", "PatientName", "yama mull", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "");
  /* Not negotiated: the words stand for themselves. */
  expect_studies(*state, "PatientName", "tar yama", "");
}

static void test_a_key_in_another_character_set_finds_the_same_name(void **state) {
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "", NULL);
  /* ISO_IR 100 for "Müller*" */
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0008, 0x0005), SCU_VR_CS, "ISO_IR 100", 10), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0010, 0x0010), SCU_VR_PN, "M\xFCller*", 7), SCU_OK);
  expect(*state, study_root(keys), "StudyInstanceUID", "1.2.5");
}

/* ---- UIDs, universal, wildcards ---- */

static void test_a_list_of_uids_matches_each_of_them(void **state) {
  expect_studies(*state, "StudyInstanceUID", "1.2.5\\1.2.1\\1.2.999", "1.2.1 1.2.5");
  expect_studies(*state, "StudyInstanceUID", "1.2", "");
}

static void test_a_list_of_thousands_of_uids_is_taken(void **state) {
  enum { COUNT = 20000 };
  scu__buffer list;
  scu__buffer_init(&list, NULL, 1 << 20);
  for (int i = 0; i < COUNT; i++) {
    char text[30];
    snprintf(text, sizeof text, "1.9.%d\\", i);
    scu__put_text(&list, text);
  }
  scu__put_text(&list, "1.2.4");
  scu__put_u8(&list, 0);
  expect_studies(*state, "StudyInstanceUID", (const char *)list.data, "1.2.4");
  scu__buffer_free(&list);
}

static void test_a_key_without_value_or_with_a_lone_star_matches_everything(void **state) {
  expect_studies(*state, "StudyDescription", "", ALL_STUDIES);
  expect_studies(*state, "StudyDescription", "*", ALL_STUDIES);
  expect_studies(*state, "StudyInstanceUID", "*", ALL_STUDIES);
  expect_studies(*state, "StudyDate", "*", ALL_STUDIES);
}

static void test_wildcards_stand_for_characters_of_any_script(void **state) {
  expect_studies(*state, "StudyDescription", "?hest", "1.2.1 1.2.5");
  expect_studies(*state, "StudyDescription", "He*", "1.2.2 1.2.4");
  expect_studies(*state, "StudyDescription", "*e?d", "1.2.2");
  expect_studies(*state, "StudyDescription", "H*t", "1.2.4");
  expect_studies(*state, "StudyDescription", "he*", "");
  expect_studies(*state, "PatientName", "??^太郎", "1.2.1 1.2.2");
  expect_studies(*state, "PatientName", "M?ller^*", "1.2.5");
}

static void test_absurd_wildcards_are_answered_at_once(void **state) {
  expect_studies(*state, "StudyDescription", "*h*e*s*t*****?*", "");
  expect_studies(*state, "StudyDescription", "********************************************************t",
                 "1.2.1 1.2.4 1.2.5");
}

/* ---- ranges ---- */

static void test_date_ranges_include_both_ends_and_may_be_open(void **state) {
  expect_studies(*state, "StudyDate", "20240101-20240102", "1.2.1 1.2.2 1.2.3");
  expect_studies(*state, "StudyDate", "20240102-", "1.2.2 1.2.3 1.2.5");
  expect_studies(*state, "StudyDate", "-20240101", "1.2.1 1.2.3 1.2.4");
  expect_studies(*state, "StudyDate", "20250101-20240101", "1.2.3");
}

static void test_old_forms_of_dates_and_times_match_by_what_they_mean(void **state) {
  expect_studies(*state, "StudyDate", "19961029", "1.2.3 1.2.4");
  expect_studies(*state, "StudyDate", "1996.10.29", "1.2.3 1.2.4");
  expect_studies(*state, "StudyDate", "1996.10.01-1996.10.31", "1.2.3 1.2.4");
  expect_studies(*state, "StudyTime", "101559", "1.2.3 1.2.4");
  expect_studies(*state, "StudyTime", "10:15:59.000", "1.2.3 1.2.4");
}

static void test_times_that_leave_out_seconds_mean_zero(void **state) {
  expect_studies(*state, "StudyTime", "101500", "1.2.3 1.2.5");
  expect_studies(*state, "StudyTime", "2330", "1.2.1 1.2.3");
  expect_studies(*state, "StudyTime", "1015-1016", "1.2.3 1.2.4 1.2.5");
}

static void test_date_and_time_ranges_match_separately_unless_negotiated(void **state) {
  scu_dataset *keys =
      identifier("STUDY", "StudyDate", "20240101-20240102", "StudyTime", "2200-0200", "StudyInstanceUID", "", NULL);
  expect(*state, study_root(keys), "StudyInstanceUID", "1.2.3");
  keys = identifier("STUDY", "StudyDate", "20240101-20240102", "StudyTime", "2200-", "StudyInstanceUID", "", NULL);
  expect(*state, study_root(keys), "StudyInstanceUID", "1.2.1 1.2.3");
}

static void test_a_combined_range_goes_across_midnight(void **state) {
  scu__index_query query = study_root(
      identifier("STUDY", "StudyDate", "20240101-20240102", "StudyTime", "2200-0200", "StudyInstanceUID", "", NULL));
  query.combined_date_time = true;
  expect(*state, query, "StudyInstanceUID", "1.2.1 1.2.2 1.2.3");
  query.identifier =
      identifier("STUDY", "StudyDate", "20240101-20240102", "StudyTime", "2345-0200", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "1.2.2 1.2.3");
  query.identifier = identifier("STUDY", "StudyDate", "20240101-", "StudyTime", "2345-", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "1.2.2 1.2.3 1.2.5");
}

static void test_a_date_time_range_takes_offsets_into_account(void **state) {
  scu__index_query query = study_root(
      identifier("IMAGE", "AcquisitionDateTime", "202403100915-202403100915+0000", "SOPInstanceUID", "", NULL));
  query.relational = true;
  expect(*state, query, "SOPInstanceUID", "1.2.5.1.1");
  query.identifier = identifier("IMAGE", "AcquisitionDateTime", "2024031010+0000-", "SOPInstanceUID", "", NULL);
  expect(*state, query, "SOPInstanceUID", "");
  query.identifier = identifier("IMAGE", "AcquisitionDateTime", "202403-", "SOPInstanceUID", "", NULL);
  expect(*state, query, "SOPInstanceUID", "1.2.5.1.1");
  query.identifier = identifier("IMAGE", "AcquisitionDateTime", "-2024", "SOPInstanceUID", "", NULL);
  expect(*state, query, "SOPInstanceUID", "1.2.5.1.1");
}

/* ---- time zones ---- */

/* Stored at 22:30 in Tokyo and at 01:15 without zone, which the archive takes for Berlin. */
static scu__index *zoned_archive(void) {
  scu__index *index = open_index(":memory:", &(scu__index_options){.timezone_minutes = 60});
  scu_dataset *header = identifier(NULL, "PatientID", "1", "PatientBirthDate", "19700101", "PatientBirthTime", "0030",
                                   "StudyDate", "20240101", "StudyTime", "223000.5", "TimezoneOffsetFromUTC", "+0900",
                                   "AcquisitionDateTime", "20240101223000", NULL);
  add_made(index, header, "1.6.1", 1, 1, CT_CLASS, "CT");
  scu_dataset_remove(header, "TimezoneOffsetFromUTC");
  put(header, "StudyDate", "20240102");
  put(header, "StudyTime", "0115");
  put(header, "AcquisitionDateTime", "20240102011500");
  add_made(index, header, "1.6.2", 1, 1, CT_CLASS, "CT");
  scu_dataset_free(header);
  return index;
}

static void expect_zoned(scu__index *index, const char *level, const char *zone, const char *key, const char *text,
                         const char *path, const char *expected) {
  scu__index_query query = study_root(identifier(level, "TimezoneOffsetFromUTC", zone, "StudyDate", "", "StudyTime", "",
                                                 "PatientBirthDate", "", "StudyInstanceUID", "", key, text, NULL));
  query.timezone = query.relational = true;
  expect(index, query, path, expected);
}

static void test_dates_and_times_are_matched_and_told_in_the_zone_of_the_request(void **state) {
  (void)state;
  scu__index *index = zoned_archive();
  expect_zoned(index, "STUDY", "+0000", "StudyDate", "20240101", "StudyTime", "133000.500000");
  expect_zoned(index, "STUDY", "+0000", "StudyDate", "20240102", "StudyTime", "001500");
  expect_zoned(index, "STUDY", "-0100", "StudyDate", "20240101", "StudyInstanceUID", "1.6.1 1.6.2");
  expect_zoned(index, "STUDY", "+0900", "StudyDate", "20240101", "StudyTime", "223000.5");
  expect_zoned(index, "STUDY", "+1400", "StudyTime", "0330-0331", "StudyDate", "20240102");
  expect_zoned(index, "STUDY", "+1400", "StudyTime", "", "TimezoneOffsetFromUTC", "+1400 +1400");
  expect_zoned(index, "STUDY", "-1200", "StudyTime", "", "PatientBirthDate", "19700101 19700101");
  expect_zoned(index, "IMAGE", "+0000", "AcquisitionDateTime", "20240101133000-20240101133100", "StudyInstanceUID",
               "1.6.1");
  expect_zoned(index, "IMAGE", "+0000", "AcquisitionDateTime", "20240102001500", "StudyInstanceUID", "1.6.2");
  scu__index_close(index);
}

static void test_a_zone_that_was_not_agreed_changes_nothing(void **state) {
  (void)state;
  scu__index *index = zoned_archive();
  expect(index,
         study_root(identifier("STUDY", "TimezoneOffsetFromUTC", "-0100", "StudyDate", "20240102", "StudyInstanceUID",
                               "", NULL)),
         "StudyInstanceUID", "1.6.2");
  scu__index_close(index);
}

/* ---- what has to be negotiated ---- */

static void test_empty_value_matching_finds_what_is_absent(void **state) {
  scu__index_query query = study_root(identifier("STUDY", "StudyDate", "\"\"", "StudyInstanceUID", "", NULL));
  query.empty_value = true;
  expect(*state, query, "StudyInstanceUID", "1.2.3");
  query.identifier = identifier("STUDY", "ReferringPhysicianName", "\"\"", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "1.2.2 1.2.3 1.2.4 1.2.5");
  /* Not negotiated: two quotation marks, which no referring physician is called. */
  expect_studies(*state, "ReferringPhysicianName", "\"\"", "");
}

static void test_multiple_value_matching_wants_every_value(void **state) {
  scu__index_query query = study_root(identifier("STUDY", "ModalitiesInStudy", "CT\\SR", "StudyInstanceUID", "", NULL));
  query.multiple_value = true;
  expect(*state, query, "StudyInstanceUID", "1.2.1");
  query.identifier = identifier("STUDY", "ModalitiesInStudy", "CT\\MR", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "");
}

static void test_several_values_without_negotiation_are_alternatives(void **state) {
  expect_studies(*state, "ModalitiesInStudy", "US\\MR", "1.2.2 1.2.3");
  expect_studies(*state, "AccessionNumber", "A1\\A2", "1.2.1 1.2.2 1.2.5");
}

/* ---- computed attributes ---- */

static void test_modalities_in_study_match_if_one_series_has_them(void **state) {
  expect_studies(*state, "ModalitiesInStudy", "CT", "1.2.1 1.2.5");
  expect_studies(*state, "ModalitiesInStudy", "SR", "1.2.1");
  expect_studies(*state, "ModalitiesInStudy", "?R", "1.2.1 1.2.2");
  expect_studies(*state, "ModalitiesInStudy", "ct", "");
}

static void test_sop_classes_in_study_match_and_are_returned(void **state) {
  expect_studies(*state, "SOPClassesInStudy", MR_CLASS, "1.2.2");
  expect(*state, study_root(identifier("STUDY", "StudyInstanceUID", "1.2.1", "SOPClassesInStudy", "", NULL)),
         "SOPClassesInStudy", CT_CLASS "\\" SR_CLASS);
}

static void test_counts_are_returned(void **state) {
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "1.2.1", "NumberOfStudyRelatedSeries", "",
                                 "NumberOfStudyRelatedInstances", "", "NumberOfPatientRelatedStudies", "", NULL);
  scu__index_query query = study_root(keys);
  char text[TEXT_ROOM];
  collect(*state, query, "NumberOfStudyRelatedSeries", text);
  assert_string_equal(text, "2");
  collect(*state, query, "NumberOfStudyRelatedInstances", text);
  assert_string_equal(text, "4");
  expect(*state, query, "NumberOfPatientRelatedStudies", "2");
  expect(*state, patient_root(identifier("PATIENT", "PatientID", "JP-1", "NumberOfPatientRelatedInstances", "", NULL)),
         "NumberOfPatientRelatedInstances", "6");
  expect(*state, patient_root(identifier("PATIENT", "PatientID", "JP-1", "NumberOfPatientRelatedSeries", "", NULL)),
         "NumberOfPatientRelatedSeries", "3");
  expect(*state,
         study_root(identifier("SERIES", "StudyInstanceUID", "1.2.1", "NumberOfSeriesRelatedInstances", "", NULL)),
         "NumberOfSeriesRelatedInstances", "1 3");
  expect_studies(*state, "NumberOfStudyRelatedInstances", "1", "1.2.3 1.2.4 1.2.5");
}

static void test_the_stored_transfer_syntax_is_returned(void **state) {
  scu_dataset *keys = identifier("IMAGE", "StudyInstanceUID", "1.2.3", "SeriesInstanceUID", "1.2.3.1",
                                 "AvailableTransferSyntaxUID", "", NULL);
  expect(*state, study_root(keys), "AvailableTransferSyntaxUID", EXPLICIT);
}

/* ---- sequences ---- */

static void test_a_sequence_matches_if_one_item_matches_every_key(void **state) {
  expect_studies(*state, "ProcedureCodeSequence.CodeValue", "C2", "1.2.1 1.2.2");
  scu_dataset *keys = identifier("STUDY", "ProcedureCodeSequence.CodeValue", "C1",
                                 "ProcedureCodeSequence.CodingSchemeDesignator", "99X", "StudyInstanceUID", "", NULL);
  expect(*state, study_root(keys), "StudyInstanceUID", "");
  expect_studies(*state, "ProcedureCodeSequence.CodeMeaning", "胸*", "1.2.1 1.2.2");
  expect_studies(*state, "ProcedureCodeSequence.CodeMeaning", "", ALL_STUDIES);
}

static void test_a_sequence_is_returned_with_what_was_asked_of_its_items(void **state) {
  scu__index_cursor *cursor;
  scu_dataset *row = new_dataset();
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "1.2.1", "ProcedureCodeSequence.CodeMeaning", "", NULL);
  scu__index_query query = study_root(keys);
  char text[100];
  assert_int_equal(scu__index_find(*state, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(next_row(cursor, row), SCU_OK);
  assert_int_equal(scu_dataset_value_count(row, "ProcedureCodeSequence"), 2);
  assert_int_equal(scu_dataset_text(row, "ProcedureCodeSequence[0].CodeMeaning", text, sizeof text), SCU_OK);
  assert_string_equal(text, "胸部");
  assert_int_equal(scu_dataset_text(row, "ProcedureCodeSequence[1].CodeMeaning", text, sizeof text), SCU_OK);
  assert_string_equal(text, "");
  assert_null(scu_dataset_find_path(row, "ProcedureCodeSequence[0].CodeValue"));
  scu__index_cursor_close(cursor);
  scu_dataset_free(keys);
  scu_dataset_free(row);
}

static void test_a_sequence_in_a_sequence_of_which_nothing_is_asked_matches_what_has_none(void **state) {
  expect_studies(*state, "ProcedureCodeSequence.EquivalentCodeSequence.CodeMeaning", "", ALL_STUDIES);
  expect_studies(*state, "ProcedureCodeSequence.EquivalentCodeSequence.CodeMeaning", "x", "");
}

static void test_items_that_do_not_match_are_not_returned(void **state) {
  scu__index_cursor *cursor;
  scu_dataset *row = new_dataset();
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "1.2.1", "ProcedureCodeSequence.CodeValue", "C2",
                                 "ProcedureCodeSequence.CodingSchemeDesignator", "", NULL);
  scu__index_query query = study_root(keys);
  char text[100];
  assert_int_equal(scu__index_find(*state, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(next_row(cursor, row), SCU_OK);
  assert_int_equal(scu_dataset_value_count(row, "ProcedureCodeSequence"), 1);
  assert_int_equal(scu_dataset_text(row, "ProcedureCodeSequence[0].CodeValue", text, sizeof text), SCU_OK);
  assert_string_equal(text, "C2");
  assert_int_equal(scu_dataset_text(row, "ProcedureCodeSequence[0].CodingSchemeDesignator", text, sizeof text), SCU_OK);
  assert_string_equal(text, "99X");
  scu__index_cursor_close(cursor);
  scu_dataset_free(keys);
  scu_dataset_free(row);
}

static void test_a_sequence_key_without_item_returns_whole_items(void **state) {
  scu_dataset *keys = identifier("STUDY", "StudyInstanceUID", "1.2.1", "ProcedureCodeSequence", "", NULL);
  scu__index_query query = study_root(keys);
  char text[TEXT_ROOM];
  collect(*state, query, "ProcedureCodeSequence[1].CodingSchemeDesignator", text);
  assert_string_equal(text, "99X");
  expect(*state, query, "ProcedureCodeSequence[0].CodeMeaning", "胸部");
}

/* ---- answers ---- */

static void test_an_answer_has_what_was_asked_for_and_what_the_standard_adds(void **state) {
  (void)state;
  scu__index *index = small_archive(&(scu__index_options){.retrieve_ae = "ARCHIVE"});
  scu_dataset *row = new_dataset();
  scu_dataset *keys = identifier("SERIES", "StudyInstanceUID", "1.2.3", "SeriesInstanceUID", "", "Modality", "",
                                 "PatientName", "", "SOPInstanceUID", "", "SeriesDescription", "", NULL);
  scu__index_query query = study_root(keys);
  scu__index_cursor *cursor;
  char text[100];
  assert_int_equal(scu__index_find(index, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(next_row(cursor, row), SCU_OK);
  static const struct {
    const char *path, *text;
  } expected[] = {{"QueryRetrieveLevel", "SERIES"},
                  {"RetrieveAETitle", "ARCHIVE"},
                  {"InstanceAvailability", "ONLINE"},
                  {"StudyInstanceUID", "1.2.3"},
                  {"Modality", "US"},
                  {"PatientName", "Παπαδοπούλου^Ελένη"},
                  {"SOPInstanceUID", ""},
                  {"SeriesDescription", ""},
                  {"SeriesInstanceUID", "1.2.3.1"}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    assert_int_equal(scu_dataset_text(row, expected[i].path, text, sizeof text), SCU_OK);
    assert_string_equal(text, expected[i].text);
  }
  assert_int_equal(scu_dataset_count(row), sizeof expected / sizeof *expected);
  assert_int_equal(scu__index_cursor_status(cursor), 0xFF00);
  assert_int_equal(next_row(cursor, row), SCU_END);
  assert_int_equal(scu_dataset_count(row), 0);
  scu__index_cursor_close(cursor);
  scu_dataset_free(keys);
  scu_dataset_free(row);
  scu__index_close(index);
}

static void test_keys_that_cannot_be_matched_are_told_by_ff01(void **state) {
  static const struct {
    const char *path, *text;
    uint16_t status;
  } cases[] = {{"ImageType", "AXIAL", 0xFF01}, {"ImageType", "", 0xFF00}, {"StudyDescription", "Chest", 0xFF00}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu_dataset *keys = identifier("STUDY", cases[i].path, cases[i].text, NULL);
    scu__index_query query = study_root(keys);
    scu__index_cursor *cursor;
    assert_int_equal(scu__index_find(*state, &query, &cursor, NULL, NULL), SCU_OK);
    assert_int_equal(scu__index_cursor_status(cursor), cases[i].status);
    scu__index_cursor_close(cursor);
    scu_dataset_free(keys);
  }
}

/* ---- levels ---- */

static void test_every_level_of_patient_root_answers(void **state) {
  expect(*state, patient_root(identifier("PATIENT", "PatientID", "", "PatientName", "", NULL)), "PatientID",
         "DE-3 GR-2 JP-1");
  expect(*state, patient_root(identifier("PATIENT", "PatientID", "", "PatientName", "y*", NULL)), "PatientID", "JP-1");
  expect(*state, patient_root(identifier("STUDY", "PatientID", "GR-2", "StudyInstanceUID", "", NULL)),
         "StudyInstanceUID", "1.2.3 1.2.4");
  expect(*state,
         patient_root(
             identifier("SERIES", "PatientID", "JP-1", "StudyInstanceUID", "1.2.1", "SeriesInstanceUID", "", NULL)),
         "SeriesInstanceUID", "1.2.1.1 1.2.1.2");
  expect(*state,
         patient_root(identifier("IMAGE", "PatientID", "JP-1", "StudyInstanceUID", "1.2.1", "SeriesInstanceUID",
                                 "1.2.1.1", "SOPInstanceUID", "", NULL)),
         "SOPInstanceUID", "1.2.1.1.1 1.2.1.1.2 1.2.1.1.3");
}

static void test_patient_study_only_answers_its_two_levels(void **state) {
  scu__index_query query = {.model = SCU__MODEL_PATIENT_STUDY_ONLY};
  query.identifier = identifier("PATIENT", "PatientID", "JP-1", NULL);
  expect(*state, query, "PatientID", "JP-1");
  query.identifier = identifier("STUDY", "PatientID", "JP-1", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "1.2.1 1.2.2");
  query.identifier = identifier("SERIES", "PatientID", "JP-1", "StudyInstanceUID", "1.2.1", NULL);
  expect_refusal(*state, query, 0xA900, SCU_TAG(0x0008, 0x0052));
}

static void test_a_relational_query_takes_keys_of_any_level(void **state) {
  scu__index_query query = study_root(identifier("STUDY", "Modality", "SR", "StudyInstanceUID", "", NULL));
  query.relational = true;
  expect(*state, query, "StudyInstanceUID", "1.2.1");
  query.identifier = identifier("STUDY", "Modality", "CT", "PatientName", "*", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "1.2.1 1.2.5");
  query.identifier = identifier("STUDY", "InstanceNumber", "2", "StudyInstanceUID", "", NULL);
  expect(*state, query, "StudyInstanceUID", "1.2.1 1.2.2");
  query.identifier = identifier("IMAGE", "PatientName", "muller*", "SOPInstanceUID", "", NULL);
  expect(*state, query, "SOPInstanceUID", "1.2.5.1.1");
  query.identifier = identifier("SERIES", "StudyDescription", "Chest", "SeriesInstanceUID", "", NULL);
  expect(*state, query, "SeriesInstanceUID", "1.2.1.1 1.2.1.2");
  query = patient_root(identifier("PATIENT", "Modality", "?R", "PatientID", "", NULL));
  query.relational = true;
  expect(*state, query, "PatientID", "JP-1");
}

/* ---- values that should not be there ---- */

typedef struct odd_value {
  const char *name;
  scu_tag tag;
  scu_vr vr;
} odd_value;

static const odd_value odd_values[] = {
    {"PatientSex", SCU_TAG(0x0010, 0x0040), SCU_VR_CS},
    {"StudyDate", SCU_TAG(0x0008, 0x0020), SCU_VR_DA},
    {"StudyTime", SCU_TAG(0x0008, 0x0030), SCU_VR_TM},
    {"PatientAge", SCU_TAG(0x0010, 0x1010), SCU_VR_AS},
    {"PatientWeight", SCU_TAG(0x0010, 0x1030), SCU_VR_DS},
    {"StudyID", SCU_TAG(0x0020, 0x0010), SCU_VR_SH},
    {"PatientName", SCU_TAG(0x0010, 0x0010), SCU_VR_PN},
    {"StudyDescription", SCU_TAG(0x0008, 0x1030), SCU_VR_LO},
    {"Modality", SCU_TAG(0x0008, 0x0060), SCU_VR_CS},
    {"SeriesNumber", SCU_TAG(0x0020, 0x0011), SCU_VR_IS},
    {"SeriesInstanceUID", SCU_TAG(0x0020, 0x000E), SCU_VR_UI},
    {"StationName", SCU_TAG(0x0008, 0x1010), SCU_VR_SH},
    {"ImageType", SCU_TAG(0x0008, 0x0008), SCU_VR_CS},
    {"AcquisitionDateTime", SCU_TAG(0x0008, 0x002A), SCU_VR_DT},
    {"InstanceNumber", SCU_TAG(0x0020, 0x0013), SCU_VR_IS},
    {"StudyInstanceUID", SCU_TAG(0x0020, 0x000D), SCU_VR_UI},
};

/* Every row goes into the bytes of a response, and has a value for the key, or none if it cannot be told at all. */
static void expect_rows(scu__index *index, const odd_value *odd, const char *charset, size_t expected) {
  scu_dataset *keys = identifier("IMAGE", "SOPInstanceUID", "", NULL), *row = new_dataset();
  scu__index_query query = study_root(keys);
  scu__index_cursor *cursor;
  size_t count = 0;
  scu_dataset_set_empty(keys, odd->name);
  if (charset) put(keys, "SpecificCharacterSet", charset);
  query.relational = true;
  assert_int_equal(scu__index_find(index, &query, &cursor, NULL, NULL), SCU_OK);
  for (; scu__index_next(cursor, row, NULL) == SCU_OK; count++) {
    scu__buffer bytes;
    scu_error error;
    scu__error_clear(&error);
    scu__buffer_init(&bytes, NULL, 1 << 20);
    if (scu__dataset_encode(row, SCU__EXPLICIT_LE, &bytes, &error) != SCU_OK)
      fail_msg("%s: %s", odd->name, error.reason);
    scu__buffer_free(&bytes);
  }
  assert_int_equal(count, expected);
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  scu_dataset_free(keys);
}

static void test_one_odd_value_does_not_cost_the_other_answers(void **state) {
  (void)state;
  static const char *const values[] = {"SCH\xC4"
                                       "DEL",
                                       "A\x1B\x07"
                                       "B",
                                       "\xC3\xA4",
                                       "\xFF\xFE\x80",
                                       "A\x1B$B!",
                                       "A\x01\x7F"};
  static const char *const charsets[] = {NULL, "ISO_IR 100", "ISO_IR 192", "ISO 2022 IR 87"};
  for (size_t i = 0; i < sizeof odd_values / sizeof *odd_values; i++) {
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
      for (size_t c = 0; c < 4; c++) {
        const odd_value *odd = &odd_values[i];
        scu__index *index = open_index(":memory:", NULL);
        for (int number = 1; number <= 2; number++) {
          char uid[20];
          scu_dataset *header = identifier(NULL, "SOPClassUID", CT_CLASS, "Modality", "CT", "StudyInstanceUID", "1.2",
                                           "SeriesInstanceUID", "1.2.1", "PatientID", "X", "PatientName", "A", NULL);
          snprintf(uid, sizeof uid, "1.2.1.%d", number);
          put(header, "SOPInstanceUID", uid);
          if (charsets[c]) put(header, "SpecificCharacterSet", charsets[c]);
          if (number == 1)
            assert_int_equal(scu_dataset_set_bytes(header, odd->tag, odd->vr, values[v], strlen(values[v])), SCU_OK);
          add(index, header, uid);
          scu_dataset_free(header);
        }
        for (size_t asked = 0; asked < 4; asked++) expect_rows(index, odd, charsets[asked], 2);
        scu__index_close(index);
      }
    }
  }
}

/* In an item as well; and what is told is what could be told. */
static void test_an_odd_value_is_told_with_question_marks(void **state) {
  (void)state;
  char text[64];
  scu__index *index = open_index(":memory:", NULL);
  scu_dataset *header =
      identifier(NULL, "SOPClassUID", CT_CLASS, "SOPInstanceUID", "1.2.1.1", "Modality", "CT", "StudyInstanceUID",
                 "1.2", "SeriesInstanceUID", "1.2.1", "PatientID", "X", "SpecificCharacterSet", "ISO_IR 100",
                 "ProcedureCodeSequence[0].CodeValue", "A", "ProcedureCodeSequence[0].CodeMeaning", "König", NULL);
  scu_dataset *item = (scu_dataset *)scu_element_item(scu_dataset_find(header, SCU_TAG(0x0008, 0x1032)), 0);
  assert_int_equal(scu_dataset_set_bytes(header, SCU_TAG(0x0010, 0x0040), SCU_VR_CS, "\xC4", 1), SCU_OK);
  assert_int_equal(scu__dataset_set_bytes(item, SCU_TAG(0x0008, 0x010B), SCU_VR_CS, "\xC4", 1, NULL), SCU_OK);
  add(index, header, "1.2.1.1");
  scu_dataset_free(header);
  scu_dataset *keys = identifier("STUDY", "PatientSex", "", "ProcedureCodeSequence", "", NULL), *row = new_dataset(),
              *back = NULL;
  scu__index_query query = study_root(keys);
  scu__index_cursor *cursor;
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  assert_int_equal(scu__index_find(index, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(scu__index_next(cursor, row, NULL), SCU_OK);
  assert_int_equal(scu__dataset_encode(row, SCU__EXPLICIT_LE, &bytes, NULL), SCU_OK);
  assert_int_equal(scu__dataset_decode(bytes.data, bytes.length, SCU__EXPLICIT_LE, NULL, NULL, &back, NULL), SCU_OK);
  assert_int_equal(scu_dataset_text(back, "PatientSex", text, sizeof text), SCU_OK);
  assert_string_equal(text, "?");
  assert_int_equal(scu_dataset_text(back, "ProcedureCodeSequence[0].CodeMeaning", text, sizeof text), SCU_OK);
  assert_string_equal(text, "König");
  scu__buffer_free(&bytes);
  scu__index_cursor_close(cursor);
  scu_dataset_free(back);
  scu_dataset_free(row);
  scu_dataset_free(keys);
  scu__index_close(index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_single_value_matches_exactly_and_in_its_case),
      cmocka_unit_test(test_a_required_key_of_zero_length_in_the_archive_matches_any_value),
      cmocka_unit_test(test_an_optional_key_of_zero_length_in_the_archive_does_not_match),
      cmocka_unit_test(test_unknown_values_never_match_when_the_archive_is_told_so),
      cmocka_unit_test(test_numbers_match_as_numbers),
      cmocka_unit_test(test_one_value_of_a_multi_valued_attribute_is_enough),
      cmocka_unit_test(test_names_match_whatever_their_case_and_accents),
      cmocka_unit_test(test_a_name_is_found_by_any_of_its_component_groups),
      cmocka_unit_test(test_empty_components_at_the_end_of_a_name_mean_nothing),
      cmocka_unit_test(test_a_star_in_each_group_asks_for_a_name_with_two_groups),
      cmocka_unit_test(test_fuzzy_names_match_by_the_beginnings_of_words_in_any_order),
      cmocka_unit_test(test_a_key_in_another_character_set_finds_the_same_name),
      cmocka_unit_test(test_a_list_of_uids_matches_each_of_them),
      cmocka_unit_test(test_a_list_of_thousands_of_uids_is_taken),
      cmocka_unit_test(test_a_key_without_value_or_with_a_lone_star_matches_everything),
      cmocka_unit_test(test_wildcards_stand_for_characters_of_any_script),
      cmocka_unit_test(test_absurd_wildcards_are_answered_at_once),
      cmocka_unit_test(test_date_ranges_include_both_ends_and_may_be_open),
      cmocka_unit_test(test_old_forms_of_dates_and_times_match_by_what_they_mean),
      cmocka_unit_test(test_times_that_leave_out_seconds_mean_zero),
      cmocka_unit_test(test_date_and_time_ranges_match_separately_unless_negotiated),
      cmocka_unit_test(test_a_combined_range_goes_across_midnight),
      cmocka_unit_test(test_a_date_time_range_takes_offsets_into_account),
      cmocka_unit_test(test_dates_and_times_are_matched_and_told_in_the_zone_of_the_request),
      cmocka_unit_test(test_a_zone_that_was_not_agreed_changes_nothing),
      cmocka_unit_test(test_empty_value_matching_finds_what_is_absent),
      cmocka_unit_test(test_multiple_value_matching_wants_every_value),
      cmocka_unit_test(test_several_values_without_negotiation_are_alternatives),
      cmocka_unit_test(test_modalities_in_study_match_if_one_series_has_them),
      cmocka_unit_test(test_sop_classes_in_study_match_and_are_returned),
      cmocka_unit_test(test_counts_are_returned),
      cmocka_unit_test(test_the_stored_transfer_syntax_is_returned),
      cmocka_unit_test(test_a_sequence_matches_if_one_item_matches_every_key),
      cmocka_unit_test(test_a_sequence_is_returned_with_what_was_asked_of_its_items),
      cmocka_unit_test(test_a_sequence_in_a_sequence_of_which_nothing_is_asked_matches_what_has_none),
      cmocka_unit_test(test_items_that_do_not_match_are_not_returned),
      cmocka_unit_test(test_a_sequence_key_without_item_returns_whole_items),
      cmocka_unit_test(test_an_answer_has_what_was_asked_for_and_what_the_standard_adds),
      cmocka_unit_test(test_keys_that_cannot_be_matched_are_told_by_ff01),
      cmocka_unit_test(test_every_level_of_patient_root_answers),
      cmocka_unit_test(test_patient_study_only_answers_its_two_levels),
      cmocka_unit_test(test_a_relational_query_takes_keys_of_any_level),
      cmocka_unit_test(test_one_odd_value_does_not_cost_the_other_answers),
      cmocka_unit_test(test_an_odd_value_is_told_with_question_marks),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
