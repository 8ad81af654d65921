/* Models, their levels and keys. */
#include "client/query_model.h"

#include <stddef.h>

#include "data/sop_class.h"

const scu__model_info *scu__model_info_of(scu_model model) {
  static const scu__model_info models[] = {
      [SCU_MODEL_STUDY] = {"Study Root", SCU_LEVEL_STUDY, SCU_LEVEL_IMAGE, SCU__UID_STUDY_ROOT_FIND,
                           SCU__UID_STUDY_ROOT_MOVE, SCU__UID_STUDY_ROOT_GET},
      [SCU_MODEL_PATIENT] = {"Patient Root", SCU_LEVEL_PATIENT, SCU_LEVEL_IMAGE, SCU__UID_PATIENT_ROOT_FIND,
                             SCU__UID_PATIENT_ROOT_MOVE, SCU__UID_PATIENT_ROOT_GET},
      [SCU_MODEL_PATIENT_STUDY_ONLY] = {"Patient/Study Only", SCU_LEVEL_PATIENT, SCU_LEVEL_STUDY,
                                        SCU__UID_PATIENT_STUDY_ONLY_FIND, SCU__UID_PATIENT_STUDY_ONLY_MOVE,
                                        SCU__UID_PATIENT_STUDY_ONLY_GET},
      [SCU_MODEL_WORKLIST] = {"Modality Worklist", SCU_LEVEL_DEFAULT, SCU_LEVEL_DEFAULT,
                              SCU__UID_MODALITY_WORKLIST_FIND, NULL, NULL},
  };
  return &models[model];
}

const char *scu_query_level_name(scu_query_level level) {
  static const char *const names[] = {"", "PATIENT", "STUDY", "SERIES", "IMAGE"};
  return (size_t)level < sizeof names / sizeof *names ? names[level] : "";
}

scu_tag scu__query_unique_key(scu_query_level level) {
  static const scu_tag tags[] = {0, 0x00100020, 0x0020000D, 0x0020000E, 0x00080018};
  return tags[level];
}

/* PS3.4 C.6.1.1.4-5: the attributes of series and composite object level, rising. What is in neither list and not in
 * the patient's group is a study attribute. */
static const scu_tag series_tags[] = {
    0x00080021, 0x00080031, 0x00080060, 0x0008103E, 0x0008103F, 0x00081050, 0x00081070,
    0x00180015, 0x00181030, 0x00185100, 0x0020000E, 0x00200011, 0x00200060, 0x00201209,
    0x00400244, 0x00400245, 0x00400250, 0x00400253, 0x00400254, 0x00400260, 0x00400275,
};
static const scu_tag image_tags[] = {
    0x00080008, 0x00080016, 0x00080018, 0x00080022, 0x00080023, 0x0008002A, 0x00080032, 0x00080033, 0x00180050,
    0x00200012, 0x00200013, 0x00200032, 0x00200037, 0x00200052, 0x00200100, 0x00081115, 0x00280008, 0x00280010,
    0x00280011, 0x00280100, 0x0040A032, 0x0040A043, 0x0040A073, 0x0040A370, 0x0040A375, 0x0040A491, 0x0040A493,
    0x0040A504, 0x00700080, 0x00700081, 0x00700082, 0x00700083, 0x00700084,
};
/* Counts of the patient's studies, series and instances. */
static const scu_tag patient_tags[] = {0x00201200, 0x00201202, 0x00201204};

static bool is_among(scu_tag tag, const scu_tag *tags, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (tags[i] == tag) return true;
  return false;
}

scu_query_level scu__key_level(scu_model model, scu_tag tag) {
  if (model == SCU_MODEL_WORKLIST) return SCU_LEVEL_DEFAULT;
  if (is_among(tag, image_tags, sizeof image_tags / sizeof *image_tags)) return SCU_LEVEL_IMAGE;
  if (is_among(tag, series_tags, sizeof series_tags / sizeof *series_tags)) return SCU_LEVEL_SERIES;
  bool is_patient = tag >> 16 == 0x0010 || is_among(tag, patient_tags, sizeof patient_tags / sizeof *patient_tags);
  return is_patient && model != SCU_MODEL_STUDY ? SCU_LEVEL_PATIENT : SCU_LEVEL_STUDY;
}

/* Instance Availability and Retrieve AE Title are not among the defaults: asking for them makes some archives answer
 * them empty. Required: the U and R keys of PS3.4 C.6.1, C.6.2, K.6.1.2.2; the others are those of IHE RAD-14 and what
 * helps a person. */
#define REQUIRED(path)                                                                                                 \
  { path, true }
#define OPTIONAL(path)                                                                                                 \
  { path, false }
#define END                                                                                                            \
  { NULL, false }
#define STEP "ScheduledProcedureStepSequence[0]."

static const scu__return_key worklist_keys[] = {
    OPTIONAL("AccessionNumber"),
    OPTIONAL("ReferringPhysicianName"),
    REQUIRED("PatientName"),
    REQUIRED("PatientID"),
    OPTIONAL("PatientBirthDate"),
    OPTIONAL("PatientSex"),
    OPTIONAL("StudyInstanceUID"),
    OPTIONAL("RequestedProcedureDescription"),
    OPTIONAL("RequestedProcedureID"),
    REQUIRED(STEP "Modality"),
    REQUIRED(STEP "ScheduledStationAETitle"),
    REQUIRED(STEP "ScheduledProcedureStepStartDate"),
    REQUIRED(STEP "ScheduledProcedureStepStartTime"),
    REQUIRED(STEP "ScheduledPerformingPhysicianName"),
    OPTIONAL(STEP "ScheduledProcedureStepDescription"),
    OPTIONAL(STEP "ScheduledStationName"),
    OPTIONAL(STEP "ScheduledProcedureStepID"),
    END,
};
static const scu__return_key patient_keys[] = {
    REQUIRED("PatientName"),
    REQUIRED("PatientID"),
    OPTIONAL("PatientBirthDate"),
    OPTIONAL("PatientSex"),
    OPTIONAL("NumberOfPatientRelatedStudies"),
    END,
};
#define STUDY_KEYS                                                                                                     \
  REQUIRED("StudyDate"), REQUIRED("StudyTime"), REQUIRED("AccessionNumber"), REQUIRED("StudyID"),                      \
      REQUIRED("StudyInstanceUID"), OPTIONAL("ModalitiesInStudy"), OPTIONAL("ReferringPhysicianName"),                 \
      OPTIONAL("StudyDescription"), OPTIONAL("NumberOfStudyRelatedSeries"), OPTIONAL("NumberOfStudyRelatedInstances")
static const scu__return_key study_keys[] = {STUDY_KEYS, END};
static const scu__return_key study_root_keys[] = {
    STUDY_KEYS, REQUIRED("PatientName"), REQUIRED("PatientID"), OPTIONAL("PatientBirthDate"), OPTIONAL("PatientSex"),
    END,
};
static const scu__return_key series_keys[] = {
    REQUIRED("Modality"),
    REQUIRED("SeriesNumber"),
    REQUIRED("SeriesInstanceUID"),
    OPTIONAL("SeriesDescription"),
    OPTIONAL("NumberOfSeriesRelatedInstances"),
    OPTIONAL("PerformedProcedureStepStartDate"),
    OPTIONAL("PerformedProcedureStepStartTime"),
    OPTIONAL("RequestAttributesSequence[0].RequestedProcedureID"),
    OPTIONAL("RequestAttributesSequence[0].ScheduledProcedureStepID"),
    END,
};
static const scu__return_key image_keys[] = {
    REQUIRED("InstanceNumber"),
    REQUIRED("SOPInstanceUID"),
    OPTIONAL("SOPClassUID"),
    END,
};

const scu__return_key *scu__default_keys(scu_model model, scu_query_level level) {
  switch (level) {
  case SCU_LEVEL_PATIENT: return patient_keys;
  case SCU_LEVEL_STUDY: return model == SCU_MODEL_STUDY ? study_root_keys : study_keys;
  case SCU_LEVEL_SERIES: return series_keys;
  case SCU_LEVEL_IMAGE: return image_keys;
  default: return worklist_keys;
  }
}
