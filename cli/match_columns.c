/* Columns by level: what one looks for first on the left, the UID that the next command wants on the right. */
#include "match_columns.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "query_keys.h"

enum { EXTRA_WIDTH = 20 };

#define STEP "ScheduledProcedureStepSequence[0]."

static const struct {
  scu_query_level level;
  const char *path, *title;
  size_t width;
} defaults[] = {
    /* A worklist has no level. */
    {SCU_LEVEL_DEFAULT, STEP "ScheduledProcedureStepStartDate", "Date", 8},
    {SCU_LEVEL_DEFAULT, STEP "ScheduledProcedureStepStartTime", "Time", 6},
    {SCU_LEVEL_DEFAULT, STEP "Modality", "Modality", 8},
    {SCU_LEVEL_DEFAULT, STEP "ScheduledStationAETitle", "Station", 16},
    {SCU_LEVEL_DEFAULT, "PatientID", "Patient ID", 16},
    {SCU_LEVEL_DEFAULT, "PatientName", "Name", 24},
    {SCU_LEVEL_DEFAULT, "AccessionNumber", "Accession", 16},
    {SCU_LEVEL_DEFAULT, STEP "ScheduledProcedureStepDescription", "Step", 24},
    {SCU_LEVEL_DEFAULT, "RequestedProcedureID", "Procedure", 16},
    {SCU_LEVEL_DEFAULT, "StudyInstanceUID", "Study Instance UID", 0},
    {SCU_LEVEL_PATIENT, "PatientID", "Patient ID", 16},
    {SCU_LEVEL_PATIENT, "PatientName", "Name", 28},
    {SCU_LEVEL_PATIENT, "PatientBirthDate", "Born", 8},
    {SCU_LEVEL_PATIENT, "PatientSex", "Sex", 3},
    {SCU_LEVEL_PATIENT, "NumberOfPatientRelatedStudies", "Studies", 7},
    {SCU_LEVEL_STUDY, "StudyDate", "Date", 8},
    {SCU_LEVEL_STUDY, "StudyTime", "Time", 6},
    {SCU_LEVEL_STUDY, "PatientID", "Patient ID", 16},
    {SCU_LEVEL_STUDY, "PatientName", "Name", 24},
    {SCU_LEVEL_STUDY, "ModalitiesInStudy", "Modality", 8},
    {SCU_LEVEL_STUDY, "AccessionNumber", "Accession", 16},
    {SCU_LEVEL_STUDY, "StudyDescription", "Description", 24},
    {SCU_LEVEL_STUDY, "NumberOfStudyRelatedInstances", "Images", 6},
    {SCU_LEVEL_STUDY, "StudyInstanceUID", "Study Instance UID", 0},
    {SCU_LEVEL_SERIES, "Modality", "Modality", 8},
    {SCU_LEVEL_SERIES, "SeriesNumber", "Number", 6},
    {SCU_LEVEL_SERIES, "SeriesDescription", "Description", 24},
    {SCU_LEVEL_SERIES, "NumberOfSeriesRelatedInstances", "Images", 6},
    {SCU_LEVEL_SERIES, "SeriesInstanceUID", "Series Instance UID", 0},
    {SCU_LEVEL_IMAGE, "InstanceNumber", "Number", 6},
    {SCU_LEVEL_IMAGE, "SOPClassUID", "SOP Class UID", 30},
    {SCU_LEVEL_IMAGE, "SOPInstanceUID", "SOP Instance UID", 0},
};

static match_column *add(match_columns *columns, const char *path) {
  for (size_t i = 0; i < columns->count; i++)
    if (is_same_attribute(columns->column[i].path, path)) return NULL;
  if (columns->count == COLUMNS_MAX) return NULL;
  match_column *column = &columns->column[columns->count++];
  column->path = path;
  column->width = EXTRA_WIDTH;
  return column;
}

/* A key as typed, cut at its =. The copy lives in the title, which then is the path as well. */
static void add_key(match_columns *columns, scu_query_level level, const char *key) {
  char typed[sizeof columns->column->title];
  size_t length = strcspn(key, "=");
  if (length >= sizeof typed) return;
  memcpy(typed, key, length);
  typed[length] = 0;
  const char *step = level == SCU_LEVEL_DEFAULT ? worklist_path(typed) : NULL;
  match_column *column = add(columns, step ? step : typed);
  if (!column) return;
  memcpy(column->title, typed, length + 1);
  if (!step) column->path = column->title;
}

void match_columns_choose(match_columns *columns, scu_query_level level, const arguments *args) {
  columns->count = 0;
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
    if (defaults[i].level != level) continue;
    match_column *column = add(columns, defaults[i].path);
    if (!column) continue;
    snprintf(column->title, sizeof column->title, "%s", defaults[i].title);
    column->width = defaults[i].width;
  }
  for (size_t i = 1; i < args->positional_count; i++) add_key(columns, level, args->positional[i]);
  for (size_t i = 0; i < args->key_count; i++) add_key(columns, level, args->keys[i]);
}
