/* Typed keys: what each setter puts where, what is no value, and what goes out by model and level (PS3.5 6.2, PS3.4
 * C.2.2.2, C.6, K.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/query.h"
#include "data/dataset_encode.h"
#include "scu/query_keys.h"
#include "support/failing_allocator.h"

static const scu__return_wish usual = {.modality = NULL};

static scu_query *new_query(void) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  return query;
}

static void check_key(const scu_query *query, const char *path, const char *expected) {
  char text[512];
  assert_int_equal(scu_dataset_text(query->keys, path, text, sizeof text), SCU_OK);
  assert_string_equal(text, expected);
}

/* The one key of a fresh query; frees it. */
static void check_only(scu_query *query, scu_result result, const char *path, const char *expected) {
  if (result != SCU_OK) fail_msg("%s: %s", path, scu_error_reason(scu_query_error(query)));
  assert_int_equal(scu_dataset_count(query->keys), 1);
  check_key(query, path, expected);
  scu_query_free(query);
}

#define CHECK(path, expected, setter, ...)                                                                             \
  do {                                                                                                                 \
    scu_query *query = new_query();                                                                                    \
    check_only(query, setter(query, __VA_ARGS__), path, expected);                                                     \
  } while (0)

static const scu_date jan_31 = {2024, 1, 31}, feb_29 = {2024, 2, 29};
static const scu_time eight = {8, 0, 0, 0}, ten_past_ten = {22, 10, 5, 250000};
static const char *const uids[] = {"1.2.3", "1.2.4"};

static void test_each_setter_sets_its_key(void **state) {
  (void)state;
  static const char *const modalities[] = {"CT", "MR"};
  CHECK("PatientName", "DOE^J*", scu_query_set_patient_name, "DOE^J*");
  CHECK("PatientID", "4711", scu_query_set_patient_id, "4711");
  CHECK("StudyID", "S1", scu_query_set_study_id, "S1");
  CHECK("StudyInstanceUID", "1.2.3\\1.2.4", scu_query_set_study_uids, uids, 2);
  CHECK("StudyDate", "20240131-20240229", scu_query_set_study_date, &jan_31, &feb_29);
  CHECK("StudyTime", "080000-221005.250000", scu_query_set_study_time, &eight, &ten_past_ten);
  CHECK("AccessionNumber", "A-1", scu_query_set_accession_number, "A-1");
  CHECK("ModalitiesInStudy", "CT\\MR", scu_query_set_modalities_in_study, modalities, 2);
  CHECK("ReferringPhysicianName", "ROE*", scu_query_set_referring_physician, "ROE*");
  CHECK("Modality", "CT", scu_query_set_modality, "CT");
  CHECK("SeriesNumber", "-3", scu_query_set_series_number, -3);
  CHECK("SeriesInstanceUID", "1.2.3", scu_query_set_series_uids, uids, 1);
  CHECK("RequestAttributesSequence[0].RequestedProcedureID", "RP1", scu_query_set_requested_procedure_id, "RP1");
  CHECK("RequestAttributesSequence[0].ScheduledProcedureStepID", "SPS1", scu_query_set_scheduled_step_id, "SPS1");
  CHECK("PerformedProcedureStepStartDate", "20240131-", scu_query_set_performed_step_date, &jan_31, NULL);
  CHECK("PerformedProcedureStepStartTime", "-080000", scu_query_set_performed_step_time, NULL, &eight);
  CHECK("InstanceNumber", "2147483647", scu_query_set_instance_number, INT32_MAX);
  CHECK("SOPInstanceUID", "1.2.3\\1.2.4", scu_query_set_instance_uids, uids, 2);
  CHECK("Rows", "512", scu_query_set_integer, "Rows", 512);
}

static void test_ranges_are_open_where_an_end_is_missing(void **state) {
  (void)state;
  CHECK("StudyDate", "20240229", scu_query_set_study_date, &feb_29, &feb_29);
  CHECK("StudyDate", "-20240229", scu_query_set_study_date, NULL, &feb_29);
  CHECK("StudyDate", "", scu_query_set_study_date, NULL, NULL);
  CHECK("StudyTime", "080000", scu_query_set_study_time, &eight, &eight);
  CHECK("StudyTime", "080000-", scu_query_set_study_time, &eight, NULL);
  CHECK("StudyTime", "221005.250000-080000", scu_query_set_study_time, &ten_past_ten, &eight); /* the night */
  CHECK("PatientBirthDate", "20240131-", scu_query_set_date_range, "PatientBirthDate", &jan_31, NULL);
  CHECK("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime", "-080000", scu_query_set_time_range,
        "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime", NULL, &eight);
}

static void test_no_value_asks_for_the_attribute(void **state) {
  (void)state;
  CHECK("PatientName", "", scu_query_set_patient_name, NULL);
  CHECK("PatientID", "", scu_query_set_patient_id, "");
  CHECK("StudyInstanceUID", "", scu_query_set_study_uids, NULL, 0);
  CHECK("ModalitiesInStudy", "", scu_query_set_modalities_in_study, NULL, 0);
  CHECK("PatientName", "", scu_query_set_name, "PatientName", NULL, NULL, NULL);
}

static void test_names_are_made_of_their_components(void **state) {
  (void)state;
  const scu_name_parts doe = {.family = "Doe", .given = "Jane", .suffix = "MD"}, dr = {.prefix = "Dr."};
  const scu_name_parts yamada = {.family = "山田", .given = "太郎"}, none = {.family = "", .given = NULL};
  CHECK("PatientName", "Doe^Jane^^^MD", scu_query_set_name, "PatientName", &doe, NULL, NULL);
  CHECK("PatientName", "^^^Dr.", scu_query_set_name, "PatientName", &dr, &none, NULL);
  CHECK("PatientName", "=山田^太郎", scu_query_set_name, "PatientName", &none, &yamada, NULL);
  CHECK("PatientName", "Doe^Jane^^^MD==山田^太郎", scu_query_set_name, "PatientName", &doe, NULL, &yamada);
  CHECK("PatientName", "Doe^Jane^^^MD=山田^太郎=山田^太郎", scu_query_set_name, "PatientName", &doe, &yamada, &yamada);
}

#define REFUSED(word, setter, ...)                                                                                     \
  do {                                                                                                                 \
    scu_query *query = new_query();                                                                                    \
    assert_int_equal(scu_query_set_patient_id(query, "1"), SCU_OK);                                                    \
    assert_int_equal(setter(query, __VA_ARGS__), SCU_ERROR_USAGE);                                                     \
    const char *reason = scu_error_reason(scu_query_error(query));                                                     \
    if (!strstr(reason, word)) fail_msg("no '%s' in: %s", word, reason);                                               \
    assert_int_equal(scu_dataset_count(query->keys), 1);                                                               \
    check_key(query, "PatientID", "1");                                                                                \
    assert_int_equal(query->wishes[SCU_QUERY_COMBINED_DATE_TIME], SCU_WISH_AUTO);                                      \
    scu_query_free(query);                                                                                             \
  } while (0)

static void test_dates_that_the_calendar_does_not_have_are_usage(void **state) {
  (void)state;
  static const scu_date wrong[] = {{2023, 2, 29}, {2024, 13, 1}, {2024, 0, 1}, {2024, 4, 31},        {2024, 1, 0},
                                   {0, 1, 1},     {10000, 1, 1}, {-5, 1, 1},   {2024, 1, INT32_MAX}, {1900, 2, 29}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    REFUSED("StudyDate: not a date", scu_query_set_study_date, &wrong[i], NULL);
    REFUSED("StudyDate: not a date", scu_query_set_study_date, NULL, &wrong[i]);
  }
  REFUSED("ends before it begins", scu_query_set_study_date, &feb_29, &jan_31);
  REFUSED("not an attribute of dates", scu_query_set_date_range, "PatientID", &jan_31, NULL);
  REFUSED("", scu_query_set_date_range, "NoSuchKeyword", &jan_31, NULL);
}

static void test_times_that_no_day_has_are_usage(void **state) {
  (void)state;
  static const scu_time wrong[] = {{24, 0, 0, 0}, {-1, 0, 0, 0}, {0, 60, 0, 0},      {0, -1, 0, 0},
                                   {0, 0, 61, 0}, {0, 0, -1, 0}, {0, 0, 0, 1000000}, {0, 0, 0, -1}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    REFUSED("StudyTime: not a time", scu_query_set_study_time, &wrong[i], NULL);
    REFUSED("StudyTime: not a time", scu_query_set_study_time, NULL, &wrong[i]);
  }
  REFUSED("not an attribute of times", scu_query_set_time_range, "StudyDate", &eight, NULL);
}

static void test_values_that_are_none_are_usage(void **state) {
  (void)state;
  static const char *const not_uids[] = {"1.2.x", "", "1.2*", "1\\2", NULL};
  static const char *const empty_one[] = {"CT", ""}, *const nothing[] = {NULL};
  for (size_t i = 0; i < sizeof not_uids / sizeof *not_uids; i++)
    REFUSED("not a UID", scu_query_set_series_uids, &not_uids[i], 1);
  REFUSED("empty", scu_query_set_modalities_in_study, empty_one, 2);
  REFUSED("empty", scu_query_set_modalities_in_study, nothing, 1);
  REFUSED("backslash", scu_query_set_patient_id, "1\\2");
  REFUSED("UTF-8", scu_query_set_patient_name, "\xC3(");
  REFUSED("not an attribute of person names", scu_query_set_name, "PatientID", NULL, NULL, NULL);
  static const char *const odd[] = {"a^b", "a=b", "a\\b"};
  for (size_t i = 0; i < 3; i++) {
    const scu_name_parts parts = {.middle = odd[i]};
    REFUSED("component", scu_query_set_name, "PatientName", &parts, NULL, NULL);
    REFUSED("component", scu_query_set_name, "PatientName", NULL, NULL, &parts);
  }
}

static void check_moments(const scu_date_time *from, const scu_date_time *to, const char *date, const char *time,
                          scu_wish wish) {
  scu_query *query = new_query();
  assert_int_equal(scu_query_set_study_date_time(query, from, to), SCU_OK);
  check_key(query, "StudyDate", date);
  check_key(query, "StudyTime", time);
  assert_int_equal(query->wishes[SCU_QUERY_COMBINED_DATE_TIME], wish);
  scu_query_free(query);
}

static void test_a_range_of_moments_is_a_date_and_a_time_and_a_wish(void **state) {
  (void)state;
  const scu_date_time evening = {{2024, 1, 31}, {22, 0, 0, 0}}, morning = {{2024, 2, 1}, {6, 0, 0, 0}};
  const scu_date_time noon = {{2024, 1, 31}, {12, 0, 0, 0}}, next_evening = {{2024, 2, 1}, {22, 0, 0, 0}};
  check_moments(&evening, &morning, "20240131-20240201", "220000-060000", SCU_WISH_YES);
  check_moments(&evening, &next_evening, "20240131-20240201", "220000-220000", SCU_WISH_YES);
  check_moments(&evening, NULL, "20240131-", "220000-", SCU_WISH_YES);
  check_moments(NULL, &morning, "-20240201", "-060000", SCU_WISH_YES);
  check_moments(&noon, &evening, "20240131", "120000-220000", SCU_WISH_AUTO); /* one day needs no agreement */
  check_moments(&noon, &noon, "20240131", "120000", SCU_WISH_AUTO);
  check_moments(NULL, NULL, "", "", SCU_WISH_AUTO);
  REFUSED("ends before it begins", scu_query_set_study_date_time, &evening, &noon);
  REFUSED("ends before it begins", scu_query_set_study_date_time, &morning, &evening);
  REFUSED("not the time", scu_query_set_date_time_range, "StudyDate", "SeriesTime", &noon, NULL);
  const scu_date_time no_day = {{2024, 2, 30}, {0, 0, 0, 0}}, no_time = {{2024, 2, 1}, {25, 0, 0, 0}};
  REFUSED("not a date", scu_query_set_study_date_time, &no_day, NULL);
  REFUSED("not a time", scu_query_set_study_date_time, &noon, &no_time);
  scu_query *query = new_query();
  assert_int_equal(scu_query_set_performed_step_date_time(query, &evening, &morning), SCU_OK);
  check_key(query, "PerformedProcedureStepStartDate", "20240131-20240201");
  check_key(query, "PerformedProcedureStepStartTime", "220000-060000");
  scu_query_free(query);
  query = new_query();
  assert_int_equal(
      scu_query_set_date_time_range(query, "InstanceCreationDate", "InstanceCreationTime", &evening, &morning), SCU_OK);
  check_key(query, "InstanceCreationTime", "220000-060000");
  scu_query_free(query);
}

static void test_in_a_worklist_keys_of_the_step_are_in_its_item(void **state) {
  (void)state;
  scu_query *query = new_query();
  scu_query_set_model(query, SCU_MODEL_WORKLIST);
  assert_int_equal(scu_query_set_modality(query, "CT"), SCU_OK);
  assert_int_equal(scu_query_set_requested_procedure_id(query, "RP1"), SCU_OK);
  assert_int_equal(scu_query_set_scheduled_step_id(query, "SPS1"), SCU_OK);
  check_key(query, "ScheduledProcedureStepSequence[0].Modality", "CT");
  check_key(query, "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID", "SPS1");
  check_key(query, "RequestedProcedureID", "RP1");
  assert_int_equal(scu_dataset_count(query->keys), 2);
  scu_query_free(query);
}

/* The level each setter asks at, by itself. */
#define LEVEL(expected, model, setter, ...)                                                                            \
  do {                                                                                                                 \
    scu_query *query = new_query();                                                                                    \
    scu_query_level level;                                                                                             \
    scu_query_set_model(query, model);                                                                                 \
    assert_int_equal(setter(query, __VA_ARGS__), SCU_OK);                                                              \
    assert_int_equal(scu_query_check(query, NULL, &level), SCU_OK);                                                    \
    if (level != (expected)) fail_msg("%s: level %d", #setter, (int)level);                                            \
    scu_query_free(query);                                                                                             \
  } while (0)

static void test_each_key_belongs_to_its_level(void **state) {
  (void)state;
  const scu_date_time noon = {{2024, 1, 31}, {12, 0, 0, 0}};
  const scu_query_level patient = SCU_LEVEL_PATIENT, study = SCU_LEVEL_STUDY, series = SCU_LEVEL_SERIES;
  LEVEL(study, SCU_MODEL_STUDY, scu_query_set_patient_name, "A");
  LEVEL(patient, SCU_MODEL_PATIENT, scu_query_set_patient_name, "A");
  LEVEL(patient, SCU_MODEL_PATIENT_STUDY_ONLY, scu_query_set_patient_id, "A");
  LEVEL(study, SCU_MODEL_PATIENT, scu_query_set_study_id, "A");
  LEVEL(study, SCU_MODEL_PATIENT, scu_query_set_study_uids, uids, 1);
  LEVEL(study, SCU_MODEL_PATIENT, scu_query_set_study_date_time, &noon, NULL);
  LEVEL(study, SCU_MODEL_PATIENT, scu_query_set_accession_number, "A");
  LEVEL(study, SCU_MODEL_PATIENT, scu_query_set_modalities_in_study, (const char *const[]){"CT"}, 1);
  LEVEL(study, SCU_MODEL_PATIENT, scu_query_set_referring_physician, "A");
  LEVEL(series, SCU_MODEL_STUDY, scu_query_set_modality, "CT");
  LEVEL(series, SCU_MODEL_STUDY, scu_query_set_series_number, 1);
  LEVEL(series, SCU_MODEL_STUDY, scu_query_set_series_uids, uids, 1);
  LEVEL(series, SCU_MODEL_STUDY, scu_query_set_requested_procedure_id, "A");
  LEVEL(series, SCU_MODEL_STUDY, scu_query_set_scheduled_step_id, "A");
  LEVEL(series, SCU_MODEL_STUDY, scu_query_set_performed_step_date_time, &noon, NULL);
  LEVEL(SCU_LEVEL_IMAGE, SCU_MODEL_STUDY, scu_query_set_instance_number, 1);
  LEVEL(SCU_LEVEL_IMAGE, SCU_MODEL_STUDY, scu_query_set_instance_uids, uids, 1);
}

/* The bytes of one key in the identifier as it leaves: explicit VR, so that tag, VR and value are to be seen. */
static void check_wire(scu_query *query, const char *bytes, size_t length, const char *charset) {
  scu__query_shape shape;
  scu__unique_keys known;
  scu_dataset *identifier;
  scu__buffer out;
  assert_int_equal(scu_dataset_new(NULL, &identifier), SCU_OK);
  assert_int_equal(scu__query_shape_of(query, &shape, NULL), SCU_OK);
  scu__query_first_level(query, &shape, &known);
  assert_int_equal(scu__query_find_identifier(query, &shape, shape.level, &known, &usual, identifier, NULL), SCU_OK);
  scu__buffer_init(&out, NULL, 65536);
  assert_int_equal(scu__dataset_encode(identifier, SCU__EXPLICIT_LE, &out, NULL), SCU_OK);
  bool is_there = false, has_charset = false;
  for (size_t i = 0; i + length <= out.length; i++) is_there |= memcmp(out.data + i, bytes, length) == 0;
  for (size_t i = 0; i + 4 <= out.length; i++) has_charset |= memcmp(out.data + i, "\x08\x00\x05\x00", 4) == 0;
  assert_true(is_there);
  assert_int_equal(has_charset, charset != NULL);
  if (charset) assert_memory_equal(out.data + 8, charset, strlen(charset));
  scu__buffer_free(&out);
  scu_dataset_free(identifier);
  scu_query_free(query);
}

#define WIRE(setter_call, literal, charset)                                                                            \
  do {                                                                                                                 \
    scu_query *query = new_query();                                                                                    \
    assert_int_equal(setter_call, SCU_OK);                                                                             \
    check_wire(query, literal, sizeof(literal) - 1, charset);                                                          \
  } while (0)

static void test_keys_leave_in_the_narrowest_character_set(void **state) {
  (void)state;
  const scu_name_parts muller = {.family = "M\xC3\xBCller"}, yamada = {.family = "Yamada"}, kanji = {.family = "山田"};
  WIRE(scu_query_set_study_date(query, &jan_31, NULL),
       "\x08\x00\x20\x00"
       "DA\x0A\x00"
       "20240131- ",
       NULL);
  WIRE(scu_query_set_series_number(query, 12),
       "\x20\x00\x11\x00"
       "IS\x02\x00"
       "12",
       NULL);
  WIRE(scu_query_set_name(query, "PatientName", &muller, NULL, NULL),
       "\x10\x00\x10\x00"
       "PN\x06\x00"
       "M\xFCller",
       "ISO_IR 100");
  WIRE(scu_query_set_name(query, "PatientName", &yamada, &kanji, NULL),
       "\x10\x00\x10\x00"
       "PN\x12\x00"
       "Yamada=\x1B$B;3ED\x1B(B",
       "\\ISO 2022 IR 87");
}

static scu_result set_some(scu_query *query) {
  const scu_name_parts doe = {.family = "Doe", .given = "Jane"};
  const scu_date_time from = {{2024, 1, 31}, {22, 0, 0, 0}};
  scu_result result = scu_query_set_study_uids(query, uids, 2);
  if (result == SCU_OK) result = scu_query_set_name(query, "PatientName", &doe, NULL, &doe);
  if (result == SCU_OK) result = scu_query_set_study_date_time(query, &from, NULL);
  if (result == SCU_OK) result = scu_query_set_scheduled_step_id(query, "S1");
  return result;
}

static void test_failing_memory_is_told_at_every_request(void **state) {
  (void)state;
  scu_dataset *start;
  assert_int_equal(scu_dataset_new(NULL, &start), SCU_OK);
  assert_int_equal(scu_dataset_set_text(start, "PatientID", "1"), SCU_OK);
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    failing_allocator memory;
    scu_query *query;
    failing_allocator_init(&memory, i);
    result = scu_query_new(&memory.allocator, &query);
    if (result == SCU_OK) result = scu_query_set_dataset(query, start);
    if (result == SCU_OK) result = set_some(query);
    if (result != SCU_OK) assert_int_equal(result, SCU_ERROR_MEMORY);
    if (result != SCU_OK && query) assert_int_equal(scu_error_result(scu_query_error(query)), SCU_ERROR_MEMORY);
    scu_query_free(query);
    assert_int_equal(memory.alive, 0);
    assert_true(i < 100);
  }
  scu_dataset_free(start);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_setter_sets_its_key),
      cmocka_unit_test(test_ranges_are_open_where_an_end_is_missing),
      cmocka_unit_test(test_no_value_asks_for_the_attribute),
      cmocka_unit_test(test_names_are_made_of_their_components),
      cmocka_unit_test(test_dates_that_the_calendar_does_not_have_are_usage),
      cmocka_unit_test(test_times_that_no_day_has_are_usage),
      cmocka_unit_test(test_values_that_are_none_are_usage),
      cmocka_unit_test(test_a_range_of_moments_is_a_date_and_a_time_and_a_wish),
      cmocka_unit_test(test_in_a_worklist_keys_of_the_step_are_in_its_item),
      cmocka_unit_test(test_each_key_belongs_to_its_level),
      cmocka_unit_test(test_keys_leave_in_the_narrowest_character_set),
      cmocka_unit_test(test_failing_memory_is_told_at_every_request),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
