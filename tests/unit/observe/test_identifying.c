/* What is masked: everything that may name a patient, and what pretends to be something else. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "data/dictionary.h"
#include "observe/identifying.h"

static bool is_masked(scu_tag tag, scu_vr vr, const char *value) {
  scu_element element = {.tag = tag, .vr = vr, .length = strlen(value)};
  element.as.bytes = (const uint8_t *)value;
  return scu__is_identifying(&element);
}

/* Attributes of PS3.15 Table E.1-1 that say who somebody is, where he lives, when he was born or seen, or that are free
 * text, by their group and VR. */
static void test_attributes_of_the_basic_profile_are_masked(void **state) {
  (void)state;
  static const char *const keywords[] = {"AccessionNumber",
                                         "AcquisitionComments",
                                         "AcquisitionDate",
                                         "AcquisitionDateTime",
                                         "AcquisitionTime",
                                         "AdditionalPatientHistory",
                                         "AdmittingDate",
                                         "AdmittingDiagnosesDescription",
                                         "AdmissionID",
                                         "Allergies",
                                         "AuthorObserverSequence",
                                         "ContentCreatorName",
                                         "ContentDate",
                                         "ContentTime",
                                         "ContrastBolusAgent",
                                         "CountryOfResidence",
                                         "CurrentPatientLocation",
                                         "DeidentificationMethod",
                                         "DerivationDescription",
                                         "DeviceSerialNumber",
                                         "EthnicGroup",
                                         "FrameComments",
                                         "GantryID",
                                         "GraphicAnnotationSequence",
                                         "ImageComments",
                                         "ImagingServiceRequestComments",
                                         "InstitutionAddress",
                                         "InstitutionName",
                                         "InstitutionalDepartmentName",
                                         "InsurancePlanIdentification",
                                         "IssuerOfPatientID",
                                         "MedicalAlerts",
                                         "MedicalRecordLocator",
                                         "MilitaryRank",
                                         "NameOfPhysiciansReadingStudy",
                                         "NamesOfIntendedRecipientsOfResults",
                                         "Occupation",
                                         "OperatorsName",
                                         "OtherPatientIDs",
                                         "OtherPatientNames",
                                         "PatientAddress",
                                         "PatientAge",
                                         "PatientBirthDate",
                                         "PatientBirthName",
                                         "PatientBirthTime",
                                         "PatientComments",
                                         "PatientID",
                                         "PatientInstitutionResidence",
                                         "PatientMotherBirthName",
                                         "PatientName",
                                         "PatientReligiousPreference",
                                         "PatientSex",
                                         "PatientSize",
                                         "PatientState",
                                         "PatientTelephoneNumbers",
                                         "PatientWeight",
                                         "PerformedProcedureStepDescription",
                                         "PerformedProcedureStepID",
                                         "PerformedProcedureStepStartDate",
                                         "PerformingPhysicianName",
                                         "PersonAddress",
                                         "PersonName",
                                         "PersonTelephoneNumbers",
                                         "PhysiciansOfRecord",
                                         "PlacerOrderNumberImagingServiceRequest",
                                         "PregnancyStatus",
                                         "ProtocolName",
                                         "ReasonForStudy",
                                         "ReferringPhysicianAddress",
                                         "ReferringPhysicianName",
                                         "ReferringPhysicianTelephoneNumbers",
                                         "RegionOfResidence",
                                         "RequestAttributesSequence",
                                         "RequestedProcedureID",
                                         "RequestedProcedureComments",
                                         "RequestingPhysician",
                                         "RequestingService",
                                         "ResponsiblePerson",
                                         "ScheduledPerformingPhysicianName",
                                         "ScheduledProcedureStepDescription",
                                         "ScheduledProcedureStepStartDate",
                                         "SeriesDate",
                                         "SeriesDescription",
                                         "SeriesTime",
                                         "SmokingStatus",
                                         "SpecialNeeds",
                                         "StationName",
                                         "StudyComments",
                                         "StudyDate",
                                         "StudyDescription",
                                         "StudyID",
                                         "StudyTime",
                                         "TextComments",
                                         "TextString",
                                         "TextValue",
                                         "TimezoneOffsetFromUTC",
                                         "VerifyingObserverName",
                                         "VisitComments"};
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
    const scu__dictionary_entry *entry = scu__dictionary_find_keyword(keywords[i]);
    if (!entry) fail_msg("%s is not in PS3.6", keywords[i]);
    if (entry->vr == SCU_VR_SQ) continue; /* the values in its items are looked at */
    if (!is_masked(entry->tag, entry->vr, "CANARY")) fail_msg("%s is shown", keywords[i]);
  }
}

static void test_no_text_date_or_bytes_of_the_dictionary_are_shown_but_for_the_list(void **state) {
  (void)state;
  static const scu_vr never[] = {SCU_VR_PN, SCU_VR_ST, SCU_VR_LT, SCU_VR_UT, SCU_VR_UC, SCU_VR_UR, SCU_VR_AS,
                                 SCU_VR_DA, SCU_VR_TM, SCU_VR_DT, SCU_VR_OB, SCU_VR_OW, SCU_VR_UN};
  size_t shown = 0;
  for (size_t i = 0; i < scu__dictionary_count(); i++) {
    const scu__dictionary_entry *entry = scu__dictionary_at(i);
    for (size_t j = 0; j < sizeof never / sizeof *never; j++)
      if (entry->vr == never[j]) assert_true(is_masked(entry->tag, entry->vr, "1"));
    bool is_text = entry->vr == SCU_VR_LO || entry->vr == SCU_VR_SH;
    if (is_text && !is_masked(entry->tag, entry->vr, "1")) shown++;
  }
  assert_int_equal(shown, 5);
}

static void test_uids_codes_numbers_and_titles_are_shown(void **state) {
  (void)state;
  assert_false(is_masked(SCU_TAG(0x0020, 0x000D), SCU_VR_UI, "1.2.3"));
  assert_false(is_masked(SCU_TAG(0x0008, 0x0060), SCU_VR_CS, "CT"));
  assert_false(is_masked(SCU_TAG(0x0008, 0x0061), SCU_VR_CS, "CT\\MR "));
  assert_false(is_masked(SCU_TAG(0x0020, 0x0013), SCU_VR_IS, "12"));
  assert_false(is_masked(SCU_TAG(0x0028, 0x0030), SCU_VR_DS, "0.5\\-1e3"));
  assert_false(is_masked(SCU_TAG(0x0028, 0x0010), SCU_VR_US, "xx"));
  assert_false(is_masked(SCU_TAG(0x0008, 0x0054), SCU_VR_AE, "PACS 1"));
  assert_false(is_masked(SCU_TAG(0x0008, 0x0070), SCU_VR_LO, "ACME"));
}

static void test_what_is_not_what_it_says_is_masked(void **state) {
  (void)state;
  assert_true(is_masked(SCU_TAG(0x0020, 0x000D), SCU_VR_UI, "DOE"));
  assert_true(is_masked(SCU_TAG(0x0008, 0x0060), SCU_VR_CS, "Doe^J"));
  assert_true(is_masked(SCU_TAG(0x0020, 0x0013), SCU_VR_IS, "DOE"));
  assert_true(is_masked(SCU_TAG(0x0008, 0x0050), SCU_VR_UI, "4711")); /* accession number: SH */
  assert_true(is_masked(SCU_TAG(0x0008, 0x1030), SCU_VR_CS, "DOE"));  /* study description: LO */
  assert_true(is_masked(SCU_TAG(0x0009, 0x0010), SCU_VR_LO, "ACME")); /* private */
  assert_true(is_masked(SCU_TAG(0x0009, 0x1001), SCU_VR_UI, "1.2"));  /* private */
  assert_true(is_masked(SCU_TAG(0x0008, 0x0EEE), SCU_VR_CS, "X"));    /* unknown */
  assert_true(is_masked(SCU_TAG(0x0010, 0x0020), SCU_VR_UI, "4711")); /* the patient's, whatever it says */
  assert_true(is_masked(SCU_TAG(0x0008, 0x0000), SCU_VR_LO, "DOE"));  /* group length */
  assert_false(is_masked(SCU_TAG(0x0008, 0x0000), SCU_VR_UL, "\1\2\3\4"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_attributes_of_the_basic_profile_are_masked),
      cmocka_unit_test(test_no_text_date_or_bytes_of_the_dictionary_are_shown_but_for_the_list),
      cmocka_unit_test(test_uids_codes_numbers_and_titles_are_shown),
      cmocka_unit_test(test_what_is_not_what_it_says_is_masked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
