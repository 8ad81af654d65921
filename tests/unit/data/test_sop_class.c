/* Storage SOP classes: PS3.4 B.5 and GG, and what else may be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/sop_class.h"
#include "data/uids.h"

static void test_every_storage_class_is_found_and_registered(void **state) {
  (void)state;
  assert_int_equal(scu__sop_class_count(), 214);
  for (size_t i = 0; i < scu__sop_class_count(); i++) {
    const scu__sop_class *sop_class = scu__sop_class_at(i);
    assert_ptr_equal(scu__sop_class_find(sop_class->uid), sop_class);
    assert_true(scu__sop_class_is_storage(sop_class->uid));
    assert_true(scu__sop_class_may_be_storage(sop_class->uid));
    assert_string_equal(scu__uid_from_keyword(sop_class->keyword), sop_class->uid);
    assert_true(sop_class->is_image || !sop_class->has_pixel_data);
  }
  assert_null(scu__sop_class_at(214));
}

static void test_classes_know_modality_and_pixels(void **state) {
  (void)state;
  const scu__sop_class *ct = scu__sop_class_find("1.2.840.10008.5.1.4.1.1.2");
  assert_string_equal(ct->modality, "CT");
  assert_true(ct->is_image && ct->has_pixel_data && !ct->is_retired && !ct->is_non_patient);
  const scu__sop_class *dose = scu__sop_class_find("1.2.840.10008.5.1.4.1.1.481.2");
  assert_true(dose->is_image && !dose->has_pixel_data); /* pixel data is conditional */
  const scu__sop_class *report = scu__sop_class_find("1.2.840.10008.5.1.4.1.1.88.11");
  assert_string_equal(report->modality, "SR");
  assert_false(report->is_image);
  assert_true(scu__sop_class_find("1.2.840.10008.5.1.4.39.1")->is_non_patient);
}

static void test_related_general_classes_lead_to_classes(void **state) {
  (void)state;
  const scu__sop_class *basic_text = scu__sop_class_find("1.2.840.10008.5.1.4.1.1.88.11");
  const scu__sop_class *first = scu__sop_class_related(basic_text, 0);
  assert_non_null(first);
  assert_string_equal(first->uid, "1.2.840.10008.5.1.4.1.1.88.22");
  assert_null(scu__sop_class_related(basic_text, basic_text->related_count));
  assert_null(scu__sop_class_related(scu__sop_class_find("1.2.840.10008.5.1.4.1.1.2"), 0));
}

static void test_service_classes_are_registered_and_not_storage(void **state) {
  (void)state;
  static const char *const others[] = {
      SCU__UID_VERIFICATION,
      SCU__UID_APPLICATION_CONTEXT,
      SCU__UID_MEDIA_STORAGE_DIRECTORY,
      SCU__UID_STORAGE_COMMITMENT,
      SCU__UID_STORAGE_COMMITMENT_INSTANCE,
      SCU__UID_MPPS,
      SCU__UID_PATIENT_ROOT_FIND,
      SCU__UID_PATIENT_ROOT_MOVE,
      SCU__UID_PATIENT_ROOT_GET,
      SCU__UID_STUDY_ROOT_FIND,
      SCU__UID_STUDY_ROOT_MOVE,
      SCU__UID_STUDY_ROOT_GET,
      SCU__UID_PATIENT_STUDY_ONLY_FIND,
      SCU__UID_PATIENT_STUDY_ONLY_MOVE,
      SCU__UID_PATIENT_STUDY_ONLY_GET,
      SCU__UID_COMPOSITE_INSTANCE_ROOT_MOVE,
      SCU__UID_COMPOSITE_INSTANCE_ROOT_GET,
      SCU__UID_MODALITY_WORKLIST_FIND,
      SCU__UID_INSTANCE_AVAILABILITY,
  };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    assert_non_null(scu__uid_find(others[i]));
    assert_false(scu__sop_class_is_storage(others[i]));
    assert_false(scu__sop_class_may_be_storage(others[i]));
  }
}

static void test_service_constants_carry_the_right_names(void **state) {
  (void)state;
  assert_string_equal(scu__uid_from_keyword("StudyRootQueryRetrieveInformationModelMove"), SCU__UID_STUDY_ROOT_MOVE);
  assert_string_equal(scu__uid_from_keyword("PatientRootQueryRetrieveInformationModelFind"),
                      SCU__UID_PATIENT_ROOT_FIND);
  assert_string_equal(scu__uid_from_keyword("PatientStudyOnlyQueryRetrieveInformationModelGet"),
                      SCU__UID_PATIENT_STUDY_ONLY_GET);
  assert_string_equal(scu__uid_from_keyword("ModalityWorklistInformationModelFind"), SCU__UID_MODALITY_WORKLIST_FIND);
  assert_string_equal(scu__uid_from_keyword("StorageCommitmentPushModel"), SCU__UID_STORAGE_COMMITMENT);
  assert_string_equal(scu__uid_from_keyword("ModalityPerformedProcedureStep"), SCU__UID_MPPS);
}

static void test_private_newer_and_blank_classes_may_be_storage(void **state) {
  (void)state;
  assert_true(scu__sop_class_may_be_storage("1.2.840.113619.4.27"));
  assert_true(scu__sop_class_may_be_storage("1.2.840.10008.5.1.4.1.1.9999"));
  assert_true(scu__sop_class_may_be_storage("1.2.840.10008.5.1.4.1.1.40"));
  assert_false(scu__sop_class_may_be_storage("1.2.840.10008.1.2"));
  assert_false(scu__sop_class_may_be_storage(""));
  assert_false(scu__sop_class_is_storage("1.2.840.113619.4.27"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_storage_class_is_found_and_registered),
      cmocka_unit_test(test_classes_know_modality_and_pixels),
      cmocka_unit_test(test_related_general_classes_lead_to_classes),
      cmocka_unit_test(test_service_classes_are_registered_and_not_storage),
      cmocka_unit_test(test_service_constants_carry_the_right_names),
      cmocka_unit_test(test_private_newer_and_blank_classes_may_be_storage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
