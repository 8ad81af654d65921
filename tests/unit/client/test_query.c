/* Queries: levels and models by their keys, where a drill begins, and the identifiers that are made of them (PS3.4
 * C.4.1, C.6; RULES 9-12 and 18 of the field). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/query.h"
#include "data/dataset_builder.h"
#include "support/scripted_peer.h"

/* "Key=value|Key=value"; an empty value only returns the key. */
static const scu__return_wish usual = {.modality = NULL};

static scu_query *query_of(const char *keys) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  char copy[256];
  snprintf(copy, sizeof copy, "%s", keys);
  for (char *key = strtok(copy, "|"); key; key = strtok(NULL, "|")) {
    char *value = strchr(key, '=');
    if (value) *value++ = 0;
    assert_int_equal(scu_query_set(query, key, value), SCU_OK);
  }
  return query;
}

static void check_shape(const char *keys, scu_model model, scu_query_level level, scu_query_level wanted,
                        scu_query_level first) {
  scu_query *query = query_of(keys);
  scu_query_set_model(query, model);
  scu_query_set_level(query, level);
  scu__query_shape shape;
  scu__unique_keys known;
  scu_error error;
  scu__error_clear(&error);
  if (scu__query_shape_of(query, &shape, &error) != SCU_OK) fail_msg("%s: %s", keys, error.reason);
  if (shape.level != wanted) fail_msg("%s: level %d", keys, (int)shape.level);
  scu_query_level begin = scu__query_first_level(query, &shape, &known);
  if (begin != first) fail_msg("%s: begins at %d", keys, (int)begin);
  scu_query_free(query);
}

static void test_the_level_is_that_of_the_deepest_key(void **state) {
  (void)state;
  const scu_query_level none = SCU_LEVEL_DEFAULT, patient = SCU_LEVEL_PATIENT, study = SCU_LEVEL_STUDY;
  const scu_query_level series = SCU_LEVEL_SERIES, image = SCU_LEVEL_IMAGE;
  check_shape("PatientName=A*", SCU_MODEL_DEFAULT, none, study, study);
  check_shape("PatientName=A*", SCU_MODEL_PATIENT, none, patient, patient);
  check_shape("PatientID=1", SCU_MODEL_DEFAULT, patient, patient, patient);
  check_shape("StudyDate=2020-|ModalitiesInStudy=CT", SCU_MODEL_DEFAULT, none, study, study);
  check_shape("Modality=CT", SCU_MODEL_DEFAULT, none, series, study); /* no Study UID: asked for first */
  check_shape("Modality=CT|StudyInstanceUID=1.2", SCU_MODEL_DEFAULT, none, series, series);
  check_shape("Modality=CT|StudyInstanceUID=1.2\\1.3", SCU_MODEL_DEFAULT, none, series, study); /* one value above */
  check_shape("Modality=CT|StudyInstanceUID=1.2*", SCU_MODEL_DEFAULT, none, series, study);
  check_shape("Modality=CT|StudyInstanceUID=1.2|PatientName=A", SCU_MODEL_DEFAULT, none, series, study);
  check_shape("SOPInstanceUID=1.2.3", SCU_MODEL_DEFAULT, none, image, study);
  check_shape("SOPInstanceUID=1.2.3|StudyInstanceUID=1|SeriesInstanceUID=2", SCU_MODEL_DEFAULT, none, image, image);
  check_shape("SOPInstanceUID=1.2.3|StudyInstanceUID=1", SCU_MODEL_DEFAULT, none, image, series);
  check_shape("StudyInstanceUID=1", SCU_MODEL_DEFAULT, image, image, series);
  check_shape("StudyInstanceUID=1", SCU_MODEL_PATIENT, none, study, patient);
  check_shape("StudyInstanceUID=1|PatientID=7", SCU_MODEL_PATIENT, none, study, study);
  check_shape("PatientName=A*|SeriesDescription=", SCU_MODEL_DEFAULT, none, series, study);
  check_shape("PatientName=A*|InstanceAvailability=|RetrieveAETitle=", SCU_MODEL_DEFAULT, none, study, study);
  check_shape("PatientID=1|InstanceAvailability=", SCU_MODEL_PATIENT, none, patient, patient);
}

static void check_usage(const char *keys, scu_model model, scu_query_level level, const char *word) {
  scu_query *query = query_of(keys);
  scu_query_set_model(query, model);
  scu_query_set_level(query, level);
  scu_model told;
  scu_query_level told_level;
  assert_int_equal(scu_query_check(query, &told, &told_level), SCU_ERROR_USAGE);
  const scu_error *error = scu_query_error(query);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_USAGE);
  if (!strstr(scu_error_reason(error), word)) fail_msg("no '%s' in: %s", word, scu_error_reason(error));
  scu_query_free(query);
}

static void test_what_is_no_query_is_a_usage_error_that_names_the_key(void **state) {
  (void)state;
  check_usage("", SCU_MODEL_DEFAULT, SCU_LEVEL_DEFAULT, "everything");
  check_usage("PatientName=", SCU_MODEL_DEFAULT, SCU_LEVEL_STUDY, "everything");
  /* PS3.4 C.4.1.1.3: what says where it is is no key. */
  check_usage("RetrieveAETitle=ARCHIVE", SCU_MODEL_DEFAULT, SCU_LEVEL_DEFAULT, "everything");
  check_usage("InstanceAvailability=ONLINE", SCU_MODEL_DEFAULT, SCU_LEVEL_DEFAULT, "everything");
  check_usage("TimezoneOffsetFromUTC=+0100", SCU_MODEL_DEFAULT, SCU_LEVEL_DEFAULT, "everything");
  check_usage("PatientID=1", SCU_MODEL_STUDY, SCU_LEVEL_PATIENT, "PATIENT");
  check_usage("Modality=CT", SCU_MODEL_DEFAULT, SCU_LEVEL_STUDY, "Modality");
  check_usage("StudyDate=2020", SCU_MODEL_PATIENT, SCU_LEVEL_PATIENT, "StudyDate");
}

static void test_everything_can_be_wanted(void **state) {
  (void)state;
  scu_query *query = query_of("");
  scu_query_set_all(query, 1);
  scu_model model;
  scu_query_level level;
  assert_int_equal(scu_query_check(query, &model, &level), SCU_OK);
  assert_int_equal(model, SCU_MODEL_STUDY);
  assert_int_equal(level, SCU_LEVEL_STUDY);
  scu_query_free(query);
}

static void test_keys_that_are_none_are_refused(void **state) {
  (void)state;
  scu_query *query = query_of("PatientID=1");
  assert_int_equal(scu_query_set(query, "NoSuchKeyword", "1"), SCU_ERROR_USAGE);
  assert_true(scu_error_reason(scu_query_error(query))[0] != 0);
  assert_int_equal(scu_query_set(query, "PatientName", "\xFF\xFE"), SCU_ERROR_USAGE);
  assert_int_equal(scu_query_set_level(query, (scu_query_level)9), SCU_ERROR_USAGE);
  assert_int_equal(scu_query_set_model(query, (scu_model)9), SCU_ERROR_USAGE);
  assert_int_equal(scu_query_check(query, NULL, NULL), SCU_OK);
  scu_query_free(query);
}

static void check_unique(const char *keys, scu_query_level level, bool expected) {
  scu_query *query = query_of(keys);
  scu_query_set_level(query, level);
  scu__query_shape shape;
  assert_int_equal(scu__query_shape_of(query, &shape, NULL), SCU_OK);
  if (scu__query_is_unique(query, &shape) != expected) fail_msg("%s", keys);
  scu_query_free(query);
}

static void test_only_complete_unique_keys_can_be_retrieved_by(void **state) {
  (void)state;
  check_unique("StudyInstanceUID=1.2", SCU_LEVEL_STUDY, true);
  check_unique("StudyInstanceUID=1.2\\1.3", SCU_LEVEL_STUDY, true); /* a list at the last level */
  check_unique("StudyInstanceUID=1.*", SCU_LEVEL_STUDY, false);
  check_unique("StudyInstanceUID=1.2|PatientName=", SCU_LEVEL_STUDY, true); /* a return key is no matching key */
  check_unique("StudyInstanceUID=1.2|PatientName=A", SCU_LEVEL_STUDY, false);
  check_unique("StudyInstanceUID=1.2|SeriesInstanceUID=3", SCU_LEVEL_SERIES, true);
  check_unique("SeriesInstanceUID=3", SCU_LEVEL_SERIES, false);
  check_unique("StudyInstanceUID=1.2|SeriesInstanceUID=3\\4", SCU_LEVEL_SERIES, true);
  check_unique("StudyInstanceUID=1\\2|SeriesInstanceUID=3", SCU_LEVEL_SERIES, false);
  check_unique("PatientID=1", SCU_LEVEL_PATIENT, true);
  check_unique("PatientID=1\\2", SCU_LEVEL_PATIENT, false); /* one value at patient level */
  check_unique("PatientName=A", SCU_LEVEL_STUDY, false);
}

static bool has(const scu_dataset *dataset, const char *path, const char *value) {
  char text[128] = "";
  return scu_dataset_text(dataset, path, text, sizeof text) == SCU_OK && strcmp(text, value) == 0;
}

static void test_an_identifier_has_the_keys_of_its_level_and_the_unique_ones_above(void **state) {
  (void)state;
  scu_query *query = query_of("PatientName=A*|StudyDate=2020-|Modality=CT|SeriesDescription=");
  scu__query_shape shape;
  scu__unique_keys known;
  scu_dataset *identifier;
  scu_dataset_new(NULL, &identifier);
  scu__query_shape_of(query, &shape, NULL);
  assert_int_equal(scu__query_first_level(query, &shape, &known), SCU_LEVEL_STUDY);
  assert_int_equal(scu__query_find_identifier(query, &shape, SCU_LEVEL_STUDY, &known, &usual, identifier, NULL),
                   SCU_OK);
  assert_true(has(identifier, "QueryRetrieveLevel", "STUDY"));
  assert_true(has(identifier, "PatientName", "A*"));
  assert_true(has(identifier, "StudyDate", "2020-"));
  assert_true(has(identifier, "StudyInstanceUID", ""));
  assert_null(scu_dataset_find_path(identifier, "Modality"));
  strcpy(known.value[SCU_LEVEL_STUDY], "1.2.3");
  assert_int_equal(scu__query_find_identifier(query, &shape, SCU_LEVEL_SERIES, &known, &usual, identifier, NULL),
                   SCU_OK);
  assert_true(has(identifier, "QueryRetrieveLevel", "SERIES"));
  assert_true(has(identifier, "StudyInstanceUID", "1.2.3"));
  assert_true(has(identifier, "Modality", "CT"));
  assert_true(has(identifier, "SeriesDescription", ""));
  assert_null(scu_dataset_find_path(identifier, "PatientName"));
  assert_null(scu_dataset_find_path(identifier, "StudyDate"));
  scu_dataset_free(identifier);
  scu_query_free(query);
}

static void test_what_is_no_key_is_asked_for_at_every_level_unless_little_is(void **state) {
  (void)state;
  scu_query *query = query_of("PatientName=A*|Modality=CT|InstanceAvailability=|RetrieveAETitle=ARCHIVE");
  scu__query_shape shape;
  scu__unique_keys known;
  scu_dataset *identifier;
  scu_dataset_new(NULL, &identifier);
  scu__query_shape_of(query, &shape, NULL);
  scu__query_first_level(query, &shape, &known);
  strcpy(known.value[SCU_LEVEL_STUDY], "1.2.3");
  for (int level = SCU_LEVEL_STUDY; level <= SCU_LEVEL_SERIES; level++)
    for (int is_reduced = 0; is_reduced < 2; is_reduced++) {
      const scu__return_wish wish = {.is_reduced = is_reduced};
      assert_int_equal(
          scu__query_find_identifier(query, &shape, (scu_query_level)level, &known, &wish, identifier, NULL), SCU_OK);
      assert_int_equal(has(identifier, "InstanceAvailability", ""), !is_reduced);
      assert_true(has(identifier, "RetrieveAETitle", "ARCHIVE"));
    }
  scu_dataset_free(identifier);
  scu_query_free(query);
}

static void test_a_retrieve_identifier_has_nothing_but_unique_keys(void **state) {
  (void)state;
  const scu__query_shape shape = {SCU_MODEL_PATIENT, SCU_LEVEL_STUDY, SCU_LEVEL_PATIENT, SCU_LEVEL_STUDY};
  scu__unique_keys known = {0};
  strcpy(known.value[SCU_LEVEL_PATIENT], "P1");
  strcpy(known.value[SCU_LEVEL_STUDY], "1.2");
  strcpy(known.value[SCU_LEVEL_SERIES], "1.2.3");
  scu_query *query = query_of("PatientName=A*|QueryRetrieveView=CLASSIC");
  scu_dataset *identifier;
  scu_dataset_new(NULL, &identifier);
  assert_int_equal(scu__retrieve_identifier(query, &shape, SCU_LEVEL_IMAGE, &known, "5\\6\\7", identifier, NULL),
                   SCU_OK);
  assert_int_equal(scu_dataset_count(identifier), 6);
  assert_true(has(identifier, "QueryRetrieveView", "CLASSIC"));
  assert_true(has(identifier, "QueryRetrieveLevel", "IMAGE"));
  assert_true(has(identifier, "PatientID", "P1"));
  assert_true(has(identifier, "StudyInstanceUID", "1.2"));
  assert_true(has(identifier, "SeriesInstanceUID", "1.2.3"));
  assert_true(has(identifier, "SOPInstanceUID", "5\\6\\7"));
  assert_int_equal(scu__retrieve_identifier(query, &shape, SCU_LEVEL_STUDY, &known, NULL, identifier, NULL), SCU_OK);
  assert_int_equal(scu_dataset_count(identifier), 4);
  assert_true(has(identifier, "StudyInstanceUID", "1.2"));
  known.value[SCU_LEVEL_STUDY][0] = 0; /* a relational retrieval */
  assert_int_equal(scu__retrieve_identifier(query, &shape, SCU_LEVEL_SERIES, &known, NULL, identifier, NULL), SCU_OK);
  assert_null(scu_dataset_find_path(identifier, "StudyInstanceUID"));
  assert_true(has(identifier, "SeriesInstanceUID", "1.2.3"));
  scu_dataset_free(identifier);
  scu_query_free(query);
}

static void test_a_relational_identifier_has_the_keys_of_all_levels(void **state) {
  (void)state;
  scu_query *query = query_of("PatientName=A*|StudyDate=20200101-|Modality=CT|TimezoneOffsetFromUTC=+0100");
  scu__query_shape shape;
  scu__query_shape_of(query, &shape, NULL);
  scu_dataset *identifier;
  scu_dataset_new(NULL, &identifier);
  assert_int_equal(scu__query_relational_identifier(query, &shape, SCU_LEVEL_SERIES, &usual, identifier, NULL), SCU_OK);
  assert_true(has(identifier, "QueryRetrieveLevel", "SERIES"));
  assert_true(has(identifier, "PatientName", "A*"));
  assert_true(has(identifier, "StudyDate", "20200101-"));
  assert_true(has(identifier, "Modality", "CT"));
  assert_true(has(identifier, "TimezoneOffsetFromUTC", "+0100"));
  assert_true(has(identifier, "StudyInstanceUID", ""));
  assert_true(has(identifier, "SeriesInstanceUID", ""));
  assert_true(has(identifier, "AccessionNumber", ""));
  assert_null(scu_dataset_find_path(identifier, "SOPInstanceUID"));
  scu_dataset_free(identifier);
  scu_query_free(query);
}

static void test_a_worklist_identifier_has_no_level_and_one_step(void **state) {
  (void)state;
  scu_query *query = query_of("PatientName=A*|ScheduledProcedureStepSequence[0].Modality=CT");
  scu_query_set_model(query, SCU_MODEL_WORKLIST);
  scu__query_shape shape;
  scu__unique_keys known;
  assert_int_equal(scu__query_shape_of(query, &shape, NULL), SCU_OK);
  assert_int_equal(scu__query_first_level(query, &shape, &known), SCU_LEVEL_DEFAULT);
  scu_dataset *identifier;
  scu_dataset_new(NULL, &identifier);
  assert_int_equal(scu__query_find_identifier(query, &shape, shape.level, &known, &usual, identifier, NULL), SCU_OK);
  assert_null(scu_dataset_find_path(identifier, "QueryRetrieveLevel"));
  assert_true(has(identifier, "PatientName", "A*"));
  assert_true(has(identifier, "ScheduledProcedureStepSequence[0].Modality", "CT"));
  assert_true(has(identifier, "ScheduledProcedureStepSequence[0].ScheduledStationAETitle", ""));
  assert_null(scu_dataset_find_path(identifier, "ScheduledProcedureStepSequence[1].Modality"));
  scu_dataset_free(identifier);
  scu_query_free(query);
}

static void test_models_have_the_levels_that_they_have(void **state) {
  (void)state;
  static const struct {
    scu_model model;
    scu_query_level level;
    const char *keys, *word;
  } cases[] = {
      {SCU_MODEL_PATIENT_STUDY_ONLY, SCU_LEVEL_PATIENT, "PatientID=1", NULL},
      {SCU_MODEL_PATIENT_STUDY_ONLY, SCU_LEVEL_DEFAULT, "StudyDate=2020", NULL},
      {SCU_MODEL_PATIENT_STUDY_ONLY, SCU_LEVEL_SERIES, "PatientID=1", "no SERIES level"},
      {SCU_MODEL_PATIENT_STUDY_ONLY, SCU_LEVEL_DEFAULT, "Modality=CT", "no SERIES level"},
      {SCU_MODEL_WORKLIST, SCU_LEVEL_DEFAULT, "Modality=CT", NULL},
      {SCU_MODEL_WORKLIST, SCU_LEVEL_STUDY, "PatientID=1", "no STUDY level"},
      {SCU_MODEL_STUDY, SCU_LEVEL_PATIENT, "PatientID=1", "no PATIENT level"},
      /* A sequence that only wants to be returned restricts nothing. */
      {SCU_MODEL_WORKLIST, SCU_LEVEL_DEFAULT, "ScheduledProcedureStepSequence[0].Modality", "everything"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu_query *query = query_of(cases[i].keys);
    scu_query_set_model(query, cases[i].model);
    scu_query_set_level(query, cases[i].level);
    scu_result result = scu_query_check(query, NULL, NULL);
    assert_int_equal(result, cases[i].word ? SCU_ERROR_USAGE : SCU_OK);
    if (cases[i].word && !strstr(scu_error_reason(scu_query_error(query)), cases[i].word))
      fail_msg("%s", scu_error_reason(scu_query_error(query)));
    scu_query_free(query);
  }
}

static void test_a_raw_identifier_is_the_query_as_it_stands(void **state) {
  (void)state;
  scu_query *query = query_of("PatientName=A*|Modality=CT");
  scu__query_shape shape;
  scu__query_shape_of(query, &shape, NULL);
  scu_dataset *identifier;
  scu_dataset_new(NULL, &identifier);
  assert_int_equal(scu__raw_identifier(query, &shape, identifier, NULL), SCU_OK);
  assert_int_equal(scu_dataset_count(identifier), 3);
  assert_true(has(identifier, "QueryRetrieveLevel", "SERIES"));
  assert_true(has(identifier, "PatientName", "A*"));
  scu_dataset_free(identifier);
  scu_query_free(query);
}

static scu_query *query_from(const char *keys, scu_result expected) {
  scu_query *query = query_of("StudyID=7|PatientID=8");
  scu_dataset *dataset = peer_dataset(keys);
  scu_query_set_level(query, SCU_LEVEL_IMAGE);
  assert_int_equal(scu_query_set_dataset(query, dataset), expected);
  scu_dataset_free(dataset); /* the query keeps nothing of it */
  return query;
}

static void test_a_query_starts_from_a_dataset_and_goes_on_over_it(void **state) {
  (void)state;
  scu_query *query = query_from("QueryRetrieveLevel=SERIES|Modality=CT|PatientName=D*|SeriesDate=|"
                                "RequestAttributesSequence[0].RequestedProcedureID=R1|"
                                "RequestAttributesSequence[0].ScheduledProcedureStepID=",
                                SCU_OK);
  scu_query_level level;
  assert_int_equal(scu_query_check(query, NULL, &level), SCU_OK);
  assert_int_equal(level, SCU_LEVEL_SERIES);
  assert_int_equal(scu_dataset_count(query->keys), 4); /* the level is no key; what was set before is gone */
  assert_int_equal(scu_query_set(query, "PatientName", "E*"), SCU_OK);
  assert_int_equal(scu_query_set(query, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1"), SCU_OK);
  assert_true(has(scu_query_keys(query), "PatientName", "E*"));
  assert_true(has(query->keys, "Modality", "CT"));
  assert_true(has(query->keys, "SeriesDate", ""));
  assert_true(has(query->keys, "RequestAttributesSequence[0].RequestedProcedureID", "R1"));
  assert_true(has(query->keys, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1"));
  scu_query_free(query);
  query = query_from("PatientName=D*", SCU_OK); /* without a level in it the level is that of the keys */
  assert_int_equal(scu_query_check(query, NULL, &level), SCU_OK);
  assert_int_equal(level, SCU_LEVEL_STUDY);
  scu_query_free(query);
}

static void test_what_is_no_key_of_a_dataset_is_left_out(void **state) {
  (void)state;
  scu_query *query = query_of("");
  scu_dataset *dataset = peer_dataset("PatientID=1"), *item;
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0002, 0x0012), SCU_VR_UI, "1.2", 3), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0010, 0), SCU_VR_UL, "\0\0\0\0", 4), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1010), SCU_VR_UN, "x", 1), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x7FE0, 0x0010), SCU_VR_OW, "xx", 2), SCU_OK);
  assert_int_equal(scu_dataset_add_item(dataset, SCU_TAG(0x0040, 0x0275), &item), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(item, SCU_TAG(0x0009, 0x1010), SCU_VR_OB, "xx", 2), SCU_OK);
  assert_int_equal(scu_query_set_dataset(query, dataset), SCU_OK);
  assert_int_equal(scu_dataset_count(query->keys), 2);
  assert_true(has(query->keys, "PatientID", "1"));
  assert_int_equal(scu_dataset_count(scu_element_item(scu_dataset_at(query->keys, 1), 0)), 0);
  scu_dataset_free(dataset);
  scu_query_free(query);
}

static void check_kept(scu_query *query, const char *word) {
  assert_non_null(strstr(scu_error_reason(scu_query_error(query)), word));
  assert_true(has(query->keys, "PatientID", "8"));
  assert_int_equal(query->level, SCU_LEVEL_IMAGE);
  scu_query_free(query);
}

static void test_a_dataset_that_makes_no_query_changes_nothing(void **state) {
  (void)state;
  check_kept(query_from("QueryRetrieveLevel=FRAME|PatientID=1", SCU_ERROR_USAGE), "Level");
  scu_query *query = query_from("PatientID=8", SCU_OK);
  scu_query_set_level(query, SCU_LEVEL_IMAGE);
  scu_dataset *cut;
  scu__dataset_limits limits = SCU__IDENTIFIER_LIMITS;
  limits.value_max = 4;
  assert_int_equal(scu__dataset_decode((const uint8_t *)"\x10\x00\x20\x00LO\x06\x00"
                                                        "123456",
                                       14, SCU__EXPLICIT_LE, NULL, &limits, &cut, NULL),
                   SCU_OK);
  assert_int_equal(scu_query_set_dataset(query, cut), SCU_ERROR_USAGE);
  scu_dataset_free(cut);
  check_kept(query, "too long");
}

static void test_a_dataset_in_another_character_set_keeps_its_meaning(void **state) {
  (void)state;
  scu_query *query = query_of("");
  scu_dataset *dataset;
  assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
  scu_dataset_set_bytes(dataset, SCU_TAG(8, 5), SCU_VR_CS, "ISO_IR 100", 10);
  scu_dataset_set_bytes(dataset, SCU_TAG(0x10, 0x10), SCU_VR_PN, "M\xFCller", 6);
  assert_int_equal(scu_query_set_dataset(query, dataset), SCU_OK);
  assert_int_equal(scu_query_set(query, "PatientID", "\xCE\xA9"), SCU_OK); /* not in ISO_IR 100 */
  assert_true(has(query->keys, "PatientName", "M\xC3\xBCller"));
  assert_true(has(query->keys, "PatientID", "\xCE\xA9"));
  scu_dataset_free(dataset);
  scu_query_free(query);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_level_is_that_of_the_deepest_key),
      cmocka_unit_test(test_what_is_no_query_is_a_usage_error_that_names_the_key),
      cmocka_unit_test(test_everything_can_be_wanted),
      cmocka_unit_test(test_keys_that_are_none_are_refused),
      cmocka_unit_test(test_only_complete_unique_keys_can_be_retrieved_by),
      cmocka_unit_test(test_an_identifier_has_the_keys_of_its_level_and_the_unique_ones_above),
      cmocka_unit_test(test_what_is_no_key_is_asked_for_at_every_level_unless_little_is),
      cmocka_unit_test(test_a_retrieve_identifier_has_nothing_but_unique_keys),
      cmocka_unit_test(test_a_relational_identifier_has_the_keys_of_all_levels),
      cmocka_unit_test(test_a_worklist_identifier_has_no_level_and_one_step),
      cmocka_unit_test(test_models_have_the_levels_that_they_have),
      cmocka_unit_test(test_a_raw_identifier_is_the_query_as_it_stands),
      cmocka_unit_test(test_a_query_starts_from_a_dataset_and_goes_on_over_it),
      cmocka_unit_test(test_what_is_no_key_of_a_dataset_is_left_out),
      cmocka_unit_test(test_a_dataset_that_makes_no_query_changes_nothing),
      cmocka_unit_test(test_a_dataset_in_another_character_set_keeps_its_meaning),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
