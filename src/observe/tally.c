/* scu__tally: short arrays, searched from their end. */
#include "observe/tally.h"

#include <string.h>

void scu__tally_clear(scu__tally *tally) {
  const scu_allocator *allocator = tally->allocator;
  for (size_t i = 0; i < tally->study_count; i++) scu__free(allocator, tally->studies[i].accession);
  scu__free(allocator, tally->patient_id);
  scu__free(allocator, tally->patient_name);
  tally->patient_id = tally->patient_name = NULL;
  tally->study_count = tally->class_count = 0;
  tally->arrived = tally->failed = 0;
}

bool scu__tally_is_empty(const scu__tally *tally) {
  return !tally->patient_id;
}

/* The place of the study, or study_count. */
static size_t find_study(const scu__tally *tally, const scu__uid *uid) {
  for (size_t i = tally->study_count; i > 0; i--)
    if (scu__uid_equal(&tally->studies[i - 1].uid, uid)) return i - 1;
  return tally->study_count;
}

static size_t find_class(const scu__tally *tally, size_t study, const scu__uid *uid) {
  for (size_t i = tally->class_count; i > 0; i--)
    if (tally->classes[i - 1].study == study && scu__uid_equal(&tally->classes[i - 1].uid, uid)) return i - 1;
  return tally->class_count;
}

static scu_result set_patient(scu__tally *tally, const scu__subject *subject) {
  tally->patient_id = scu__strdup(tally->allocator, subject->patient_id);
  tally->patient_name = scu__strdup(tally->allocator, subject->patient_name);
  if (tally->patient_id && tally->patient_name) return SCU_OK;
  scu__tally_clear(tally);
  return SCU_ERROR_MEMORY;
}

scu_result scu__tally_begin(scu__tally *tally, const scu__subject *subject, const scu__uid *sop_class, bool *is_new) {
  *is_new = false;
  if (tally->patient_id && strcmp(tally->patient_id, subject->patient_id) != 0) return SCU_ERROR_LIMIT;
  size_t study = find_study(tally, &subject->study);
  size_t known = study < tally->study_count ? find_class(tally, study, sop_class) : tally->class_count;
  if (known < tally->class_count) return SCU_OK;
  if (study == SCU__AUDIT_STUDIES_MAX || known == SCU__AUDIT_CLASSES_MAX) return SCU_ERROR_LIMIT;
  scu_result result = tally->patient_id ? SCU_OK : set_patient(tally, subject);
  if (result != SCU_OK) return result;
  if (study == tally->study_count) {
    char *accession = scu__strdup(tally->allocator, subject->accession);
    if (!accession) {
      if (study == 0) scu__tally_clear(tally);
      return SCU_ERROR_MEMORY;
    }
    tally->studies[tally->study_count++] = (scu__tally_study){.uid = subject->study, .accession = accession};
    *is_new = true;
  }
  tally->classes[tally->class_count++] = (scu__tally_class){.uid = *sop_class, .study = study};
  return SCU_OK;
}

void scu__tally_end(scu__tally *tally, const scu__uid *study, const scu__uid *sop_class, bool has_arrived) {
  size_t place = find_study(tally, study);
  size_t of_class = place < tally->study_count ? find_class(tally, place, sop_class) : tally->class_count;
  if (!has_arrived || of_class == tally->class_count) {
    tally->failed++;
    return;
  }
  tally->classes[of_class].count++;
  tally->arrived++;
}
