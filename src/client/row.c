/* Values of a row, read by a table of fields for each level. */
#include "scu/row.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "client/availability.h"
#include "client/query.h"
#include "data/arena.h"
#include "data/dataset.h"
#include "data/moment.h"
#include "service/key_attribute.h"

enum { WIDEST = 4 /* bytes of text that one byte of a value comes to */ };

struct scu_row {
  const scu_allocator *allocator;
  scu_dataset *dataset;
  scu__arena arena;
  scu_patient_values patient;
  scu_study_values study;
  scu_series_values series;
  scu_instance_values instance;
  scu_location_values location;
};

/* ---- texts ---- */

/* What every value begins with: state and text, in this order. */
static scu_result read_text(scu_row *row, const scu_dataset *level, const scu_element *element, scu_text_value *out) {
  *out = (scu_text_value){SCU_VALUE_ABSENT, ""};
  if (!element) return SCU_OK;
  bool has_parts = scu_element_is_left_out(element) || scu_element_item_count(element) > 0;
  out->state = has_parts ? SCU_VALUE_MALFORMED : SCU_VALUE_EMPTY;
  if (!scu_element_bytes(element)) return SCU_OK;
  if (scu_element_length(element) > SIZE_MAX / WIDEST - 64) return SCU_ERROR_MEMORY;
  size_t room = (size_t)scu_element_length(element) * WIDEST + 64;
  char *text = scu__arena_take(&row->arena, room);
  if (!text) return SCU_ERROR_MEMORY;
  scu_result result = scu_element_text(level, element, text, room);
  if (result == SCU_ERROR_MEMORY) return result;
  if (result != SCU_OK) *text = 0; /* bulk */
  scu__arena_shrink(&row->arena, text, room, strlen(text) + 1);
  out->text = text;
  out->state = result != SCU_OK ? SCU_VALUE_MALFORMED : *text ? SCU_VALUE_GOOD : SCU_VALUE_EMPTY;
  return SCU_OK;
}

static char *copy_text(scu_row *row, const char *text) {
  size_t length = strlen(text) + 1;
  char *copy = scu__arena_take(&row->arena, length);
  if (copy) memcpy(copy, text, length);
  return copy;
}

/* The next piece up to `separator`, cut off where it ends and without spaces around it; NULL behind the last. */
static char *next_piece(char **rest, char separator) {
  char *piece = *rest;
  if (!piece) return NULL;
  char *end = strchr(piece, separator);
  *rest = end ? end + 1 : NULL;
  if (!end) end = piece + strlen(piece);
  while (*piece == ' ' && piece < end) piece++;
  while (end > piece && end[-1] == ' ') end--;
  *end = 0;
  return piece;
}

/* ---- kinds of values: each is told its text, and finds out whether it is good ---- */

static bool judge_date(const char *text, scu_date *date) {
  int64_t number;
  *date = (scu_date){0};
  if (!scu__date_parse(text, strlen(text), &number)) return false;
  *date = (scu_date){(int)(number / 10000), (int)(number / 100 % 100), (int)(number % 100)};
  return true;
}

static bool judge_time(const char *text, scu_time *time) {
  int64_t at, minute = 60 * INT64_C(1000000);
  *time = (scu_time){0};
  if (!scu__time_parse(text, strlen(text), &at)) return false;
  *time =
      (scu_time){(int)(at / (60 * minute)), (int)(at / minute % 60), (int)(at % minute / 1000000), (int)(at % 1000000)};
  return true;
}

static bool judge_age(const char *text, scu_age_value *age) {
  age->count = 0;
  age->unit = SCU_AGE_NONE;
  if (strlen(text) != 4 || strspn(text, "0123456789") != 3 || !strchr("DWMY", text[3])) return false;
  age->count = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  age->unit = (scu_age_unit)text[3];
  return true;
}

static bool judge_availability(const char *text, scu_availability *availability) {
  *availability = scu__availability_of(text);
  return *availability != SCU_AVAILABILITY_UNKNOWN;
}

static scu_result split_list(scu_row *row, scu_list_value *list) {
  size_t most = 1;
  for (const char *p = list->text; *p; p++) most += *p == '\\';
  char *rest = copy_text(row, list->text), *piece;
  const char **values = scu__arena_take(&row->arena, most * sizeof *values);
  if (!rest || !values) return SCU_ERROR_MEMORY;
  while ((piece = next_piece(&rest, '\\')) != NULL)
    if (*piece) values[list->count++] = piece;
  list->values = list->count > 0 ? values : NULL;
  if (list->count == 0) list->state = SCU_VALUE_EMPTY;
  return SCU_OK;
}

/* False when there are more than five components. */
static bool split_group(char *group, scu_name_parts *parts) {
  const char **const components[] = {&parts->family, &parts->given, &parts->middle, &parts->prefix, &parts->suffix};
  char *piece;
  size_t count = 0;
  while ((piece = next_piece(&group, '^')) != NULL) {
    if (count < 5) *components[count] = piece;
    if (count++ >= 5 && *piece) return false;
  }
  return true;
}

static scu_result split_name(scu_row *row, scu_name_value *name) {
  scu_name_parts *const groups[] = {&name->alphabetic, &name->ideographic, &name->phonetic};
  char *rest = copy_text(row, name->text), *group;
  if (!rest) return SCU_ERROR_MEMORY;
  char *more = strchr(rest, '\\');
  bool is_good = !more;
  if (more) *more = 0;
  for (size_t i = 0; (group = next_piece(&rest, '=')) != NULL; i++)
    is_good = (i < 3 ? split_group(group, groups[i]) : !*group) && is_good;
  if (!is_good) name->state = SCU_VALUE_MALFORMED;
  return SCU_OK;
}

/* ---- reading one value ---- */

typedef enum kind {
  KIND_TEXT,
  KIND_DATE,
  KIND_TIME,
  KIND_INTEGER,
  KIND_COUNT,
  KIND_AGE,
  KIND_LIST,
  KIND_NAME,
  KIND_AVAILABILITY
} kind;

static void set_nothing(kind of, void *out) {
  static const scu_name_parts none = {"", "", "", "", ""};
  static const scu_text_value absent = {SCU_VALUE_ABSENT, ""};
  switch (of) {
  case KIND_TEXT: *(scu_text_value *)out = absent; break;
  case KIND_DATE: *(scu_date_value *)out = (scu_date_value){.text = ""}; break;
  case KIND_TIME: *(scu_time_value *)out = (scu_time_value){.text = ""}; break;
  case KIND_INTEGER:
  case KIND_COUNT: *(scu_integer_value *)out = (scu_integer_value){.text = ""}; break;
  case KIND_AGE: *(scu_age_value *)out = (scu_age_value){.text = ""}; break;
  case KIND_LIST: *(scu_list_value *)out = (scu_list_value){.text = ""}; break;
  case KIND_NAME: *(scu_name_value *)out = (scu_name_value){SCU_VALUE_ABSENT, "", none, none, none}; break;
  case KIND_AVAILABILITY: *(scu_availability_value *)out = (scu_availability_value){.text = ""}; break;
  }
}

static bool judge_integer(const scu_element *element, bool is_count, int64_t *number) {
  bool is_single = scu_element_integer(element, 0, number) == SCU_OK;
  int64_t second;
  if (is_single) is_single = scu_element_integer(element, 1, &second) == SCU_END;
  if (is_single && (!is_count || *number >= 0)) return true;
  *number = 0;
  return false;
}

static scu_result read_value(scu_row *row, kind of, const scu_dataset *level, const scu_element *element, void *out) {
  scu_text_value text;
  set_nothing(of, out);
  scu_result result = read_text(row, level, element, &text);
  if (result != SCU_OK) return result;
  memcpy(out, &text, sizeof text); /* each kind of value begins so */
  if (text.state != SCU_VALUE_GOOD) return SCU_OK;
  bool is_good = true;
  switch (of) {
  case KIND_TEXT: break;
  case KIND_DATE: is_good = judge_date(text.text, &((scu_date_value *)out)->date); break;
  case KIND_TIME: is_good = judge_time(text.text, &((scu_time_value *)out)->time); break;
  case KIND_INTEGER:
  case KIND_COUNT: is_good = judge_integer(element, of == KIND_COUNT, &((scu_integer_value *)out)->number); break;
  case KIND_AGE: is_good = judge_age(text.text, out); break;
  case KIND_LIST: return split_list(row, out);
  case KIND_NAME: return split_name(row, out);
  case KIND_AVAILABILITY: is_good = judge_availability(text.text, &((scu_availability_value *)out)->availability);
  }
  if (!is_good) *(scu_value_state *)out = SCU_VALUE_MALFORMED;
  return SCU_OK;
}

static scu_result read_path(scu_row *row, kind of, const char *path, void *out) {
  scu__path parsed;
  const scu_dataset *level = row->dataset;
  set_nothing(of, out);
  if (scu__path_parse(path, &parsed, NULL) != SCU_OK) return SCU_ERROR_USAGE;
  const scu_element *element = scu__dataset_at_path(row->dataset, &parsed, &level);
  scu_result result = read_value(row, of, level, element, out);
  if (result != SCU_OK) set_nothing(of, out);
  return result;
}

/* ---- levels ---- */

typedef struct field {
  size_t offset; /* in scu_row */
  kind of;
  const char *path;
} field;

#define FIELD(member, of, path)                                                                                        \
  { offsetof(scu_row, member), of, path }

static const field fields[] = {
    FIELD(patient.name, KIND_NAME, "PatientName"),
    FIELD(patient.id, KIND_TEXT, "PatientID"),
    FIELD(patient.id_issuer, KIND_TEXT, "IssuerOfPatientID"),
    FIELD(patient.birth_date, KIND_DATE, "PatientBirthDate"),
    FIELD(patient.sex, KIND_TEXT, "PatientSex"),
    FIELD(patient.study_count, KIND_COUNT, "NumberOfPatientRelatedStudies"),
    FIELD(patient.series_count, KIND_COUNT, "NumberOfPatientRelatedSeries"),
    FIELD(patient.instance_count, KIND_COUNT, "NumberOfPatientRelatedInstances"),
    FIELD(study.instance_uid, KIND_TEXT, "StudyInstanceUID"),
    FIELD(study.id, KIND_TEXT, "StudyID"),
    FIELD(study.date, KIND_DATE, "StudyDate"),
    FIELD(study.time, KIND_TIME, "StudyTime"),
    FIELD(study.accession_number, KIND_TEXT, "AccessionNumber"),
    FIELD(study.description, KIND_TEXT, "StudyDescription"),
    FIELD(study.referring_physician, KIND_NAME, "ReferringPhysicianName"),
    FIELD(study.modalities, KIND_LIST, "ModalitiesInStudy"),
    FIELD(study.sop_classes, KIND_LIST, "SOPClassesInStudy"),
    FIELD(study.patient_age, KIND_AGE, "PatientAge"),
    FIELD(study.series_count, KIND_COUNT, "NumberOfStudyRelatedSeries"),
    FIELD(study.instance_count, KIND_COUNT, "NumberOfStudyRelatedInstances"),
    FIELD(series.instance_uid, KIND_TEXT, "SeriesInstanceUID"),
    FIELD(series.number, KIND_INTEGER, "SeriesNumber"),
    FIELD(series.modality, KIND_TEXT, "Modality"),
    FIELD(series.description, KIND_TEXT, "SeriesDescription"),
    FIELD(series.date, KIND_DATE, "SeriesDate"),
    FIELD(series.time, KIND_TIME, "SeriesTime"),
    FIELD(series.body_part, KIND_TEXT, "BodyPartExamined"),
    FIELD(series.performed_step_date, KIND_DATE, "PerformedProcedureStepStartDate"),
    FIELD(series.performed_step_time, KIND_TIME, "PerformedProcedureStepStartTime"),
    FIELD(series.requested_procedure, KIND_TEXT, "RequestAttributesSequence[0].RequestedProcedureID"),
    FIELD(series.scheduled_step, KIND_TEXT, "RequestAttributesSequence[0].ScheduledProcedureStepID"),
    FIELD(series.instance_count, KIND_COUNT, "NumberOfSeriesRelatedInstances"),
    FIELD(instance.sop_class_uid, KIND_TEXT, "SOPClassUID"),
    FIELD(instance.sop_instance_uid, KIND_TEXT, "SOPInstanceUID"),
    FIELD(instance.number, KIND_INTEGER, "InstanceNumber"),
    FIELD(instance.content_date, KIND_DATE, "ContentDate"),
    FIELD(instance.content_time, KIND_TIME, "ContentTime"),
    FIELD(instance.rows, KIND_COUNT, "Rows"),
    FIELD(instance.columns, KIND_COUNT, "Columns"),
    FIELD(instance.bits_allocated, KIND_COUNT, "BitsAllocated"),
    FIELD(instance.frames, KIND_COUNT, "NumberOfFrames"),
    FIELD(location.availability, KIND_AVAILABILITY, "InstanceAvailability"),
    FIELD(location.retrieve_aes, KIND_LIST, "RetrieveAETitle"),
};

static scu_result read_fields(scu_row *row) {
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    scu_result result = read_path(row, fields[i].of, fields[i].path, (char *)row + fields[i].offset);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

/* ---- public ---- */

scu_result scu_row_new(const scu_allocator *allocator, const scu_dataset *match, scu_row **out) {
  *out = NULL;
  scu_row *row = scu__alloc(allocator, sizeof *row);
  if (!row) return SCU_ERROR_MEMORY;
  row->allocator = allocator;
  scu__arena_init(&row->arena, allocator);
  scu_result result = scu_dataset_new(allocator, &row->dataset);
  if (result == SCU_OK) result = scu_dataset_merge(row->dataset, match);
  if (result == SCU_OK) result = read_fields(row);
  if (result != SCU_OK) {
    scu_row_free(row);
    return result;
  }
  *out = row;
  return SCU_OK;
}

void scu_row_free(scu_row *row) {
  if (!row) return;
  scu_dataset_free(row->dataset);
  scu__arena_free(&row->arena);
  scu__free(row->allocator, row);
}

const scu_dataset *scu_row_dataset(const scu_row *row) {
  return row->dataset;
}

scu_query_level scu_row_level(const scu_row *row) {
  char name[20] = "";
  scu__dataset_tag_text(row->dataset, SCU__TAG_QUERY_LEVEL, name, sizeof name);
  for (int level = SCU_LEVEL_PATIENT; level <= SCU_LEVEL_IMAGE; level++)
    if (strcmp(name, scu_query_level_name((scu_query_level)level)) == 0) return (scu_query_level)level;
  for (int level = SCU_LEVEL_IMAGE; level >= SCU_LEVEL_STUDY; level--) {
    const scu_element *uid = scu_dataset_find(row->dataset, scu__query_unique_key((scu_query_level)level));
    if (uid && scu_element_length(uid) > 0) return (scu_query_level)level;
  }
  return SCU_LEVEL_DEFAULT;
}

const scu_patient_values *scu_row_patient(const scu_row *row) {
  return &row->patient;
}
const scu_study_values *scu_row_study(const scu_row *row) {
  return &row->study;
}
const scu_series_values *scu_row_series(const scu_row *row) {
  return &row->series;
}
const scu_instance_values *scu_row_instance(const scu_row *row) {
  return &row->instance;
}
const scu_location_values *scu_row_location(const scu_row *row) {
  return &row->location;
}

scu_result scu_row_read_text(scu_row *row, const char *path, scu_text_value *out) {
  return read_path(row, KIND_TEXT, path, out);
}
scu_result scu_row_read_date(scu_row *row, const char *path, scu_date_value *out) {
  return read_path(row, KIND_DATE, path, out);
}
scu_result scu_row_read_time(scu_row *row, const char *path, scu_time_value *out) {
  return read_path(row, KIND_TIME, path, out);
}
scu_result scu_row_read_integer(scu_row *row, const char *path, scu_integer_value *out) {
  return read_path(row, KIND_INTEGER, path, out);
}
scu_result scu_row_read_age(scu_row *row, const char *path, scu_age_value *out) {
  return read_path(row, KIND_AGE, path, out);
}
scu_result scu_row_read_list(scu_row *row, const char *path, scu_list_value *out) {
  return read_path(row, KIND_LIST, path, out);
}
scu_result scu_row_read_name(scu_row *row, const char *path, scu_name_value *out) {
  return read_path(row, KIND_NAME, path, out);
}
