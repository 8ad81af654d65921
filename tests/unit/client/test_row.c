/* Matches as values: good ones, and what peers send instead (PS3.5 6.2, PS3.4 C.6; RULES 12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data/dataset_builder.h"
#include "scu/row.h"
#include "support/failing_allocator.h"
#include "support/scripted_peer.h"

static scu_row *match_of(const char *keys) {
  scu_dataset *row = peer_dataset(keys);
  scu_row *match;
  assert_int_equal(scu_row_new(NULL, row, &match), SCU_OK);
  scu_dataset_free(row); /* the match keeps nothing of it */
  return match;
}

static void check_text(scu_text_value value, scu_value_state state, const char *text) {
  assert_int_equal(value.state, state);
  assert_string_equal(value.text, text);
}

static void check_parts(scu_name_parts parts, const char *joined) {
  char text[256];
  snprintf(text, sizeof text, "%s|%s|%s|%s|%s", parts.family, parts.given, parts.middle, parts.prefix, parts.suffix);
  assert_string_equal(text, joined);
}

static void test_a_study_is_read(void **state) {
  (void)state;
  scu_row *match = match_of(
      "QueryRetrieveLevel=STUDY|StudyInstanceUID=1.2|StudyID=S1|StudyDate=20240229|StudyTime=101559.25|"
      "AccessionNumber=A1|StudyDescription=Brain|ReferringPhysicianName=House^Gregory|ModalitiesInStudy=CT\\MR|"
      "SOPClassesInStudy=1.2.3|PatientAge=034Y|NumberOfStudyRelatedSeries=3|NumberOfStudyRelatedInstances=120|"
      "PatientName=Yamada^Tarou^^Dr.^MD=山田^太郎=やまだ^たろう|PatientID=4711|IssuerOfPatientID=HERE|"
      "PatientBirthDate=19600401|PatientSex=M|NumberOfPatientRelatedStudies=2|InstanceAvailability=NEARLINE|"
      "RetrieveAETitle=ONE\\TWO");
  const scu_study_values *study = scu_row_study(match);
  const scu_patient_values *patient = scu_row_patient(match);
  const scu_location_values *location = scu_row_location(match);
  assert_int_equal(scu_row_level(match), SCU_LEVEL_STUDY);
  check_text(study->instance_uid, SCU_VALUE_GOOD, "1.2");
  check_text(study->id, SCU_VALUE_GOOD, "S1");
  check_text(study->accession_number, SCU_VALUE_GOOD, "A1");
  check_text(study->description, SCU_VALUE_GOOD, "Brain");
  assert_int_equal(study->date.state, SCU_VALUE_GOOD);
  assert_memory_equal(&study->date.date, &((scu_date){2024, 2, 29}), sizeof(scu_date));
  assert_int_equal(study->time.state, SCU_VALUE_GOOD);
  assert_string_equal(study->time.text, "101559.25");
  assert_memory_equal(&study->time.time, &((scu_time){10, 15, 59, 250000}), sizeof(scu_time));
  check_parts(study->referring_physician.alphabetic, "House|Gregory|||");
  assert_int_equal(study->modalities.count, 2);
  assert_string_equal(study->modalities.values[0], "CT");
  assert_string_equal(study->modalities.values[1], "MR");
  assert_string_equal(study->modalities.text, "CT\\MR");
  assert_string_equal(study->sop_classes.values[0], "1.2.3");
  assert_int_equal(study->patient_age.count, 34);
  assert_int_equal(study->patient_age.unit, SCU_AGE_YEARS);
  assert_int_equal(study->series_count.number, 3);
  assert_int_equal(study->instance_count.number, 120);
  assert_int_equal(patient->name.state, SCU_VALUE_GOOD);
  check_parts(patient->name.alphabetic, "Yamada|Tarou||Dr.|MD");
  check_parts(patient->name.ideographic, "山田|太郎|||");
  check_parts(patient->name.phonetic, "やまだ|たろう|||");
  check_text(patient->id, SCU_VALUE_GOOD, "4711");
  check_text(patient->id_issuer, SCU_VALUE_GOOD, "HERE");
  check_text(patient->sex, SCU_VALUE_GOOD, "M");
  assert_int_equal(patient->birth_date.date.year, 1960);
  assert_int_equal(patient->study_count.number, 2);
  assert_int_equal(patient->series_count.state, SCU_VALUE_ABSENT);
  assert_int_equal(location->availability.availability, SCU_AVAILABILITY_NEARLINE);
  assert_int_equal(location->retrieve_aes.count, 2);
  assert_string_equal(location->retrieve_aes.values[1], "TWO");
  scu_row_free(match);
}

static void test_a_series_and_an_instance_are_read(void **state) {
  (void)state;
  scu_row *match =
      match_of("StudyInstanceUID=1.2|SeriesInstanceUID=1.2.3|SeriesNumber=-4|Modality=CT|SeriesDescription=Axial|"
               "SeriesDate=20240101|SeriesTime=10|BodyPartExamined=HEAD|PerformedProcedureStepStartDate=20240102|"
               "PerformedProcedureStepStartTime=1030|RequestAttributesSequence[0].RequestedProcedureID=RP1|"
               "RequestAttributesSequence[0].ScheduledProcedureStepID=S1|NumberOfSeriesRelatedInstances=7");
  const scu_series_values *series = scu_row_series(match);
  assert_int_equal(scu_row_level(match), SCU_LEVEL_SERIES); /* by its UIDs */
  check_text(series->instance_uid, SCU_VALUE_GOOD, "1.2.3");
  assert_int_equal(series->number.number, -4);
  check_text(series->modality, SCU_VALUE_GOOD, "CT");
  check_text(series->description, SCU_VALUE_GOOD, "Axial");
  assert_int_equal(series->date.date.month, 1);
  assert_int_equal(series->time.time.hour, 10);
  check_text(series->body_part, SCU_VALUE_GOOD, "HEAD");
  assert_int_equal(series->performed_step_date.date.day, 2);
  assert_int_equal(series->performed_step_time.time.minute, 30);
  check_text(series->requested_procedure, SCU_VALUE_GOOD, "RP1");
  check_text(series->scheduled_step, SCU_VALUE_GOOD, "S1");
  assert_int_equal(series->instance_count.number, 7);
  scu_row_free(match);
  match =
      match_of("SOPClassUID=1.2.840|SOPInstanceUID=1.2.3.4|InstanceNumber=5|ContentDate=20240101|ContentTime=101112|"
               "Rows=512|Columns=256|BitsAllocated=16|NumberOfFrames=9");
  const scu_instance_values *instance = scu_row_instance(match);
  assert_int_equal(scu_row_level(match), SCU_LEVEL_IMAGE);
  check_text(instance->sop_class_uid, SCU_VALUE_GOOD, "1.2.840");
  check_text(instance->sop_instance_uid, SCU_VALUE_GOOD, "1.2.3.4");
  assert_int_equal(instance->number.number, 5);
  assert_int_equal(instance->content_date.date.year, 2024);
  assert_int_equal(instance->content_time.time.second, 12);
  assert_int_equal(instance->rows.number, 512);
  assert_string_equal(instance->rows.text, "512");
  assert_int_equal(instance->columns.number, 256);
  assert_int_equal(instance->bits_allocated.number, 16);
  assert_int_equal(instance->frames.number, 9);
  scu_row_free(match);
}

static void test_an_empty_row_has_everything_absent_and_nothing_null(void **state) {
  (void)state;
  scu_row *match = match_of("");
  assert_int_equal(scu_row_level(match), SCU_LEVEL_DEFAULT);
  check_text(scu_row_patient(match)->id, SCU_VALUE_ABSENT, "");
  assert_int_equal(scu_row_patient(match)->name.state, SCU_VALUE_ABSENT);
  check_parts(scu_row_patient(match)->name.phonetic, "||||");
  assert_string_equal(scu_row_study(match)->date.text, "");
  assert_int_equal(scu_row_study(match)->modalities.count, 0);
  assert_null(scu_row_study(match)->modalities.values);
  assert_int_equal(scu_row_location(match)->availability.availability, SCU_AVAILABILITY_UNKNOWN);
  assert_int_equal(scu_row_location(match)->availability.state, SCU_VALUE_ABSENT);
  assert_int_equal(scu_dataset_count(scu_row_dataset(match)), 0);
  scu_row_free(match);
}

static void test_what_has_no_value_is_empty(void **state) {
  (void)state;
  scu_row *match = match_of("PatientName=|StudyDate=|StudyTime=  |ModalitiesInStudy=\\|PatientAge=|"
                            "NumberOfStudyRelatedSeries=|Rows=|InstanceAvailability=|PatientID= ");
  assert_int_equal(scu_row_patient(match)->name.state, SCU_VALUE_EMPTY);
  check_parts(scu_row_patient(match)->name.alphabetic, "||||");
  assert_int_equal(scu_row_patient(match)->id.state, SCU_VALUE_EMPTY);
  assert_int_equal(scu_row_study(match)->date.state, SCU_VALUE_EMPTY);
  assert_int_equal(scu_row_study(match)->time.state, SCU_VALUE_EMPTY);
  assert_int_equal(scu_row_study(match)->modalities.state, SCU_VALUE_EMPTY);
  assert_int_equal(scu_row_study(match)->patient_age.state, SCU_VALUE_EMPTY);
  assert_int_equal(scu_row_study(match)->series_count.state, SCU_VALUE_EMPTY);
  assert_int_equal(scu_row_instance(match)->rows.state, SCU_VALUE_EMPTY);
  assert_int_equal(scu_row_location(match)->availability.state, SCU_VALUE_EMPTY); /* and not OFFLINE */
  assert_int_equal(scu_row_location(match)->availability.availability, SCU_AVAILABILITY_UNKNOWN);
  scu_row_free(match);
}

/* ---- one value, whatever it is ---- */

#define READ(kind, path, value, out)                                                                                   \
  scu_row *match = match_of(path "=" value);                                                                           \
  assert_int_equal(scu_row_read_##kind(match, path, &(out)), SCU_OK);                                                  \
  assert_string_equal((out).text, value)

#define ODD(kind, path, value, member)                                                                                 \
  do {                                                                                                                 \
    scu_##kind##_value out;                                                                                            \
    READ(kind, path, value, out);                                                                                      \
    assert_int_equal(out.state, SCU_VALUE_MALFORMED);                                                                  \
    static const unsigned char zero[sizeof out.member];                                                                \
    assert_memory_equal(&out.member, zero, sizeof zero);                                                               \
    scu_row_free(match);                                                                                               \
  } while (0)

static void test_what_is_no_date_time_age_or_count_is_malformed_and_its_text_there(void **state) {
  (void)state;
  ODD(date, "StudyDate", "20230229", date);
  ODD(date, "StudyDate", "2024-01-01", date);
  ODD(date, "StudyDate", "20240101-20240102", date);
  ODD(date, "StudyDate", "20240101\\20240102", date);
  ODD(date, "StudyDate", "yesterday", date);
  ODD(time, "StudyTime", "250000", time);
  ODD(time, "StudyTime", "10:1", time);
  ODD(time, "StudyTime", "1015-", time);
  ODD(age, "PatientAge", "34Y", count);
  ODD(age, "PatientAge", "034y", count);
  ODD(age, "PatientAge", "03 Y", count);
  ODD(age, "PatientAge", "034YY", count);
  ODD(age, "PatientAge", "-34Y", unit);
  ODD(integer, "NumberOfFrames", "1.5", number);
  ODD(integer, "NumberOfFrames", "many", number);
  ODD(integer, "NumberOfFrames", "1\\2", number);
  ODD(integer, "NumberOfFrames", "99999999999999999999", number);
  ODD(integer, "PatientID", "12", number); /* no number by its VR */
}

static void test_old_forms_of_dates_and_times_are_good(void **state) {
  (void)state;
  scu_date_value date;
  scu_time_value time;
  {
    READ(date, "StudyDate", "2024.02.29", date);
    assert_int_equal(date.state, SCU_VALUE_GOOD);
    assert_memory_equal(&date.date, &((scu_date){2024, 2, 29}), sizeof(scu_date));
    scu_row_free(match);
  }
  READ(time, "StudyTime", "10:15:59", time);
  assert_int_equal(time.state, SCU_VALUE_GOOD);
  assert_int_equal(time.time.second, 59);
  scu_row_free(match);
}

static void test_a_count_below_nothing_is_malformed_and_a_number_is_not(void **state) {
  (void)state;
  scu_row *match = match_of("NumberOfStudyRelatedSeries=-1|SeriesNumber=-1");
  assert_int_equal(scu_row_study(match)->series_count.state, SCU_VALUE_MALFORMED);
  assert_int_equal(scu_row_study(match)->series_count.number, 0);
  assert_string_equal(scu_row_study(match)->series_count.text, "-1");
  assert_int_equal(scu_row_series(match)->number.state, SCU_VALUE_GOOD);
  scu_row_free(match);
}

static void check_availability(const char *text, scu_value_state state, scu_availability expected) {
  char keys[64];
  snprintf(keys, sizeof keys, "InstanceAvailability=%s", text);
  scu_row *match = match_of(keys);
  assert_int_equal(scu_row_location(match)->availability.state, state);
  assert_int_equal(scu_row_location(match)->availability.availability, expected);
  assert_string_equal(scu_row_location(match)->availability.text, text);
  scu_row_free(match);
}

static void test_availability_is_one_of_four_words(void **state) {
  (void)state;
  check_availability("ONLINE", SCU_VALUE_GOOD, SCU_AVAILABILITY_ONLINE);
  check_availability("NEARLINE", SCU_VALUE_GOOD, SCU_AVAILABILITY_NEARLINE);
  check_availability("OFFLINE", SCU_VALUE_GOOD, SCU_AVAILABILITY_OFFLINE);
  check_availability("UNAVAILABLE", SCU_VALUE_GOOD, SCU_AVAILABILITY_UNAVAILABLE);
  check_availability("Online", SCU_VALUE_MALFORMED, SCU_AVAILABILITY_UNKNOWN);
  check_availability("ONLINE\\OFFLINE", SCU_VALUE_MALFORMED, SCU_AVAILABILITY_UNKNOWN);
}

static void check_name(const char *text, scu_value_state state, const char *alphabetic, const char *ideographic) {
  char keys[256];
  snprintf(keys, sizeof keys, "PatientName=%s", text);
  scu_row *match = match_of(keys);
  const scu_name_value *name = &scu_row_patient(match)->name;
  assert_int_equal(name->state, state);
  assert_string_equal(name->text, text);
  check_parts(name->alphabetic, alphabetic);
  check_parts(name->ideographic, ideographic);
  scu_row_free(match);
}

static void test_names_are_taken_apart_however_they_are_written(void **state) {
  (void)state;
  check_name("Doe", SCU_VALUE_GOOD, "Doe||||", "||||");
  check_name("Doe ^ Jane", SCU_VALUE_GOOD, "Doe|Jane|||", "||||");
  check_name("^Jane^^^", SCU_VALUE_GOOD, "|Jane|||", "||||");
  check_name("=山田^太郎", SCU_VALUE_GOOD, "||||", "山田|太郎|||");
  check_name("Doe^J^A^Dr^MD^", SCU_VALUE_GOOD, "Doe|J|A|Dr|MD", "||||"); /* an empty sixth does no harm */
  check_name("Doe^J^A^Dr^MD^PhD", SCU_VALUE_MALFORMED, "Doe|J|A|Dr|MD", "||||");
  check_name("A=B=C=D", SCU_VALUE_MALFORMED, "A||||", "B||||");
  check_name("A=B=C=", SCU_VALUE_GOOD, "A||||", "B||||");
  check_name("Doe^J\\Roe^R=X", SCU_VALUE_MALFORMED, "Doe|J|||", "||||");
}

static void test_lists_are_without_empty_values_and_blanks(void **state) {
  (void)state;
  scu_row *match = match_of("ModalitiesInStudy= CT \\\\MR\\");
  const scu_list_value *list = &scu_row_study(match)->modalities;
  assert_int_equal(list->state, SCU_VALUE_GOOD);
  assert_int_equal(list->count, 2);
  assert_string_equal(list->values[0], "CT");
  assert_string_equal(list->values[1], "MR");
  scu_row_free(match);
}

static void test_bulk_and_sequences_have_no_text_and_paths_are_checked(void **state) {
  (void)state;
  scu_dataset *row = peer_dataset("RequestAttributesSequence[0].RequestedProcedureID=R1|OtherPatientNames=Doe^J");
  scu_dataset_set_bytes(row, SCU_TAG(0x0010, 0x0020), SCU_VR_OB, "\1\2", 2); /* a text by right */
  scu_row *match;
  scu_text_value text;
  scu_name_value name;
  assert_int_equal(scu_row_new(NULL, row, &match), SCU_OK);
  scu_dataset_free(row);
  check_text(scu_row_patient(match)->id, SCU_VALUE_MALFORMED, "");
  assert_int_equal(scu_row_read_text(match, "RequestAttributesSequence", &text), SCU_OK);
  check_text(text, SCU_VALUE_MALFORMED, "");
  assert_int_equal(scu_row_read_text(match, "0040,0275[0].0040,1001", &text), SCU_OK);
  check_text(text, SCU_VALUE_GOOD, "R1");
  assert_int_equal(scu_row_read_text(match, "RequestAttributesSequence[1].RequestedProcedureID", &text), SCU_OK);
  check_text(text, SCU_VALUE_ABSENT, "");
  assert_int_equal(scu_row_read_name(match, "OtherPatientNames", &name), SCU_OK);
  check_parts(name.alphabetic, "Doe|J|||");
  assert_int_equal(scu_row_read_name(match, "No Such Path", &name), SCU_ERROR_USAGE);
  assert_int_equal(name.state, SCU_VALUE_ABSENT);
  check_parts(name.alphabetic, "||||");
  scu_row_free(match);
}

static void test_texts_are_utf8_and_the_row_keeps_its_bytes(void **state) {
  (void)state;
  scu_dataset *row;
  scu_row *match;
  assert_int_equal(scu_dataset_new(NULL, &row), SCU_OK);
  scu_dataset_set_bytes(row, SCU_TAG(8, 5), SCU_VR_CS, "ISO_IR 100", 10);
  scu_dataset_set_bytes(row, SCU_TAG(0x10, 0x10), SCU_VR_PN, "M\xFCller^J ", 9);
  assert_int_equal(scu_row_new(NULL, row, &match), SCU_OK);
  scu_dataset_free(row);
  check_parts(scu_row_patient(match)->name.alphabetic, "M\xC3\xBCller|J|||");
  const scu_element *kept = scu_dataset_find(scu_row_dataset(match), SCU_TAG(0x10, 0x10));
  assert_int_equal(scu_element_length(kept), 9);
  assert_memory_equal(scu_element_bytes(kept), "M\xFCller^J ", 9);
  scu_row_free(match);
}

static void test_failing_memory_is_told_at_every_request(void **state) {
  (void)state;
  scu_dataset *row = peer_dataset("PatientName=Doe^J=X|ModalitiesInStudy=CT\\MR|StudyDate=20240101|Rows=3");
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    failing_allocator memory;
    failing_allocator_init(&memory, i);
    scu_row *match;
    result = scu_row_new(&memory.allocator, row, &match);
    if (result != SCU_OK) assert_int_equal(result, SCU_ERROR_MEMORY);
    scu_row_free(match);
    assert_int_equal(memory.alive, 0);
    assert_true(i < 50);
  }
  scu_dataset_free(row);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_study_is_read),
      cmocka_unit_test(test_a_series_and_an_instance_are_read),
      cmocka_unit_test(test_an_empty_row_has_everything_absent_and_nothing_null),
      cmocka_unit_test(test_what_has_no_value_is_empty),
      cmocka_unit_test(test_what_is_no_date_time_age_or_count_is_malformed_and_its_text_there),
      cmocka_unit_test(test_old_forms_of_dates_and_times_are_good),
      cmocka_unit_test(test_a_count_below_nothing_is_malformed_and_a_number_is_not),
      cmocka_unit_test(test_availability_is_one_of_four_words),
      cmocka_unit_test(test_names_are_taken_apart_however_they_are_written),
      cmocka_unit_test(test_lists_are_without_empty_values_and_blanks),
      cmocka_unit_test(test_bulk_and_sequences_have_no_text_and_paths_are_checked),
      cmocka_unit_test(test_texts_are_utf8_and_the_row_keeps_its_bytes),
      cmocka_unit_test(test_failing_memory_is_told_at_every_request),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
