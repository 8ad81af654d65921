/* What is still to be done for the patients of the demonstration: requested procedures and their scheduled steps. */
#include "archive/demo.h"

#include "archive/demo_rows.h"
#include "data/dataset.h"

#define STEP   "ScheduledProcedureStepSequence[0]."
#define SECOND "ScheduledProcedureStepSequence[1]."
#define CODE   "RequestedProcedureCodeSequence[0]."

/* Type 2 in every entry, and blank unless a row below says more. */
static const scu__demo_row blank[] = {
    {"ReferencedStudySequence", NULL},
    {"ReferencedPatientSequence", NULL},
    {"PatientTransportArrangements", NULL},
    {"RequestingPhysician", NULL},
    {"ReferringPhysicianName", NULL},
    {"AdmissionID", NULL},
    {"CurrentPatientLocation", NULL},
    {"PatientWeight", NULL},
    {"ConfidentialityConstraintOnPatientDataDescription", NULL},
    {"PatientState", NULL},
    {"PregnancyStatus", NULL},
    {"MedicalAlerts", NULL},
    {"Allergies", NULL},
    {"SpecialNeeds", NULL},
    {"RequestedProcedurePriority", "ROUTINE"},
    {STEP "ScheduledPerformingPhysicianName", NULL},
    {STEP "ScheduledProcedureStepLocation", NULL},
    {STEP "PreMedication", NULL},
    {STEP "RequestedContrastAgent", NULL},
    {STEP "ScheduledProcedureStepStatus", "SCHEDULED"},
    {NULL, NULL},
};

static const scu__demo_row head_ct[] = {
    {"StudyInstanceUID", SCU__DEMO_ORDER("1")},
    {"AccessionNumber", "A2400001"},
    {"RequestedProcedureID", "P1"},
    {"RequestedProcedureDescription", "CT head, follow-up"},
    {CODE "CodeValue", "CTHEAD"},
    {CODE "CodingSchemeDesignator", "99LIBSCU"},
    {CODE "CodeMeaning", "CT of the head"},
    {"RequestingPhysician", "Example^Ruth^^Dr."},
    {"ReferringPhysicianName", "Example^Ruth^^Dr."},
    {"PatientWeight", "61.5"},
    {"Allergies", "Latex"},
    {STEP "Modality", "CT"},
    {STEP "ScheduledStationAETitle", "DEMO_CT1"},
    {STEP "ScheduledStationName", "CT1"},
    {STEP "ScheduledProcedureStepStartDate", "20240229"},
    {STEP "ScheduledProcedureStepStartTime", "083000"},
    {STEP "ScheduledProcedureStepID", "S1"},
    {STEP "ScheduledProcedureStepDescription", "CT head without contrast"},
    {STEP "ScheduledPerformingPhysicianName", "Reader^Rita"},
    {NULL, NULL},
};

static const scu__demo_row head_mr[] = {
    {"StudyInstanceUID", SCU__DEMO_ORDER("2")},
    {"AccessionNumber", "A2400002"},
    {"RequestedProcedureID", "P2"},
    {"RequestedProcedureDescription", "頭部 MR 見本"}, /* the last character ends with 5C, which is no backslash */
    {"RequestingPhysician", "Rei^Ichiro=例^一郎=れい^いちろう"},
    {"ReferringPhysicianName", "Rei^Ichiro=例^一郎=れい^いちろう"},
    {"PatientWeight", "54.25"},
    {"PregnancyStatus", "1"},
    {STEP "Modality", "MR"},
    {STEP "ScheduledStationAETitle", "DEMO_MR1"},
    {STEP "ScheduledStationName", "MR1"},
    {STEP "ScheduledProcedureStepStartDate", "20240229"},
    {STEP "ScheduledProcedureStepStartTime", "141500"},
    {STEP "ScheduledProcedureStepID", "S2"},
    {STEP "ScheduledProcedureStepDescription", "頭部 T2"},
    {STEP "RequestedContrastAgent", "Gd"},
    {NULL, NULL},
};

/* From one day into the next: found by combined date and time, missed by asking for both apart. */
static const scu__demo_row night_echo[] = {
    {"StudyInstanceUID", SCU__DEMO_ORDER("3")},
    {"AccessionNumber", "A2400003"},
    {"RequestedProcedureID", "P3"},
    {"RequestedProcedureDescription", "Υπέρηχος καρδιάς"},
    {"RequestedProcedurePriority", "HIGH"},
    {"CurrentPatientLocation", "Ward 3"},
    {STEP "Modality", "US"},
    {STEP "ScheduledStationAETitle", "DEMO_US1"},
    {STEP "ScheduledStationName", "US1"},
    {STEP "ScheduledProcedureStepStartDate", "20240229"},
    {STEP "ScheduledProcedureStepStartTime", "235500"},
    {STEP "ScheduledProcedureStepEndDate", "20240301"},
    {STEP "ScheduledProcedureStepEndTime", "002500"},
    {STEP "ScheduledProcedureStepID", "S3"},
    {STEP "ScheduledProcedureStepDescription", "Echocardiography"},
    {STEP "ScheduledPerformingPhysicianName", "Παράδειγμα^Άννα"},
    {NULL, NULL},
};

static const scu__demo_row hand[] = {
    {"StudyInstanceUID", SCU__DEMO_ORDER("4")},
    {"AccessionNumber", "A2400004"},
    {"RequestedProcedureID", "P4"},
    {"RequestedProcedureDescription", "Left hand, two views"},
    {"RequestedProcedurePriority", "STAT"},
    {"PatientTransportArrangements", "WALK"},
    {STEP "Modality", "DX"},
    {STEP "ScheduledStationAETitle", "DEMO_DX1"},
    {STEP "ScheduledStationName", "DX1"},
    {STEP "ScheduledProcedureStepStartDate", "20240301"},
    {STEP "ScheduledProcedureStepStartTime", "000500"},
    {STEP "ScheduledProcedureStepID", "S4"},
    {STEP "ScheduledProcedureStepDescription", "Left hand AP and oblique"},
    {STEP "ScheduledProcedureStepStatus", "READY"},
    {NULL, NULL},
};

/* Nothing of hers is in the archive yet, and there are two steps to take. */
static const scu__demo_row nora[] = {
    {"PatientName", "Neu^Nora"}, {"PatientID", "DEMO-5"}, {"PatientBirthDate", NULL}, {"PatientSex", "F"}, {NULL, NULL},
};

static const scu__demo_row pet_ct[] = {
    {"StudyInstanceUID", SCU__DEMO_ORDER("5")},
    {"AccessionNumber", "A2400005"},
    {"RequestedProcedureID", "P5"},
    {"RequestedProcedureDescription", "PET and CT, whole body"},
    {STEP "Modality", "CT"},
    {STEP "ScheduledStationAETitle", "DEMO_CT1"},
    {STEP "ScheduledStationName", "CT1"},
    {STEP "ScheduledProcedureStepStartDate", "20240301"},
    {STEP "ScheduledProcedureStepStartTime", "0900"},
    {STEP "ScheduledProcedureStepID", "S5A"},
    {STEP "ScheduledProcedureStepDescription", "CT, low dose"},
    {SECOND "ScheduledPerformingPhysicianName", NULL},
    {SECOND "Modality", "PT"},
    {SECOND "ScheduledStationAETitle", "DEMO_PT1"},
    {SECOND "ScheduledStationName", "PT1"},
    {SECOND "ScheduledProcedureStepStartDate", "20240301"},
    {SECOND "ScheduledProcedureStepStartTime", "0930"},
    {SECOND "ScheduledProcedureStepID", "S5B"},
    {SECOND "ScheduledProcedureStepDescription", "PET, whole body"},
    {SECOND "ScheduledProcedureStepStatus", "SCHEDULED"},
    {NULL, NULL},
};

static const scu__demo_row vessels[] = {
    {"StudyInstanceUID", SCU__DEMO_ORDER("6")},
    {"AccessionNumber", "A2400006"},
    {"RequestedProcedureID", "P6"},
    {"RequestedProcedureDescription", "Angiography of the head"},
    {STEP "Modality", "XA"},
    {STEP "ScheduledStationAETitle", "DEMO_XA1\\DEMO_XA2"},
    {STEP "ScheduledStationName", "XA1\\XA2"},
    {STEP "ScheduledProcedureStepStartDate", "20240315"},
    {STEP "ScheduledProcedureStepStartTime", "101530"},
    {STEP "ScheduledProcedureStepID", "S6"},
    {STEP "ScheduledProcedureStepDescription", "Angiography"},
    {NULL, NULL},
};

static const struct {
  const char *charset;
  const scu__demo_row *patient, *procedure;
} entries[SCU__DEMO_WORKLIST_ITEMS] = {
    {"", scu__demo_ada, head_ct},
    {"\\ISO 2022 IR 87", scu__demo_hanako, head_mr},
    {"ISO_IR 126", scu__demo_eleni, night_echo},
    {"", scu__demo_max, hand},
    {"", nora, pet_ct},
    {"", scu__demo_ada, vessels},
};

static scu_result make_entry(scu_dataset *item, size_t index, scu_error *error) {
  scu__dataset_reset(item);
  scu_result result = scu__demo_set(item, "SpecificCharacterSet", entries[index].charset, error);
  if (result == SCU_OK) result = scu__demo_fill(item, entries[index].patient, error);
  if (result == SCU_OK) result = scu__demo_fill(item, blank, error);
  return result == SCU_OK ? scu__demo_fill(item, entries[index].procedure, error) : result;
}

scu_result scu__demo_worklist(const scu_allocator *allocator, scu_result (*take)(void *user, const scu_dataset *item),
                              void *user, scu_error *error) {
  scu_dataset *item;
  scu_result result = scu_dataset_new(allocator, &item);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_STORAGE);
  for (size_t i = 0; result == SCU_OK && i < SCU__DEMO_WORKLIST_ITEMS; i++) {
    result = make_entry(item, i, error);
    if (result == SCU_OK) result = take(user, item);
  }
  scu_dataset_free(item);
  return result;
}
