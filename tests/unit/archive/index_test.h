/* What the archive's index tests share: a small made archive, identifiers in one line, and answers as one text.
 *
 *   patient                              study  date        time      accession  modalities
 *   JP-1 Yamada^Tarou=山田^太郎=やまだ^たろう  1.2.1  20240101    233000    A1         CT (3 instances), SR (1)
 *                                        1.2.2  20240102    001500    A2         MR (2)
 *   GR-2 Παπαδοπούλου^Ελένη              1.2.3  -           -         A3         US (1)
 *                                        1.2.4  1996.10.29  10:15:59  A4         XA (1)
 *   DE-3 Müller^Jörg                     1.2.5  20240310    1015      (none)     CT (1) */
#ifndef INDEX_TEST_H
#define INDEX_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/index.h"
#include "archive/schema.h"
#include "support/failing_allocator.h"

#define CT_CLASS "1.2.840.10008.5.1.4.1.1.2"
#define MR_CLASS "1.2.840.10008.5.1.4.1.1.4"
#define SR_CLASS "1.2.840.10008.5.1.4.1.1.88.11"
#define US_CLASS "1.2.840.10008.5.1.4.1.1.6.1"
#define XA_CLASS "1.2.840.10008.5.1.4.1.1.12.1"
#define EXPLICIT "1.2.840.10008.1.2.1"

enum { TEXT_ROOM = 4096, ANSWERS_MAX = 64 };

static inline void put(scu_dataset *dataset, const char *path, const char *text) {
  scu_result result = text[0] ? scu_dataset_set_text(dataset, path, text) : scu_dataset_set_empty(dataset, path);
  if (result != SCU_OK) fail_msg("%s: %s", path, scu_error_reason(scu_dataset_error(dataset)));
}

static inline void put_pairs(scu_dataset *dataset, va_list pairs) {
  for (const char *path = va_arg(pairs, const char *); path; path = va_arg(pairs, const char *))
    put(dataset, path, va_arg(pairs, const char *));
}

static inline scu_dataset *new_dataset(void) {
  scu_dataset *dataset;
  assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
  return dataset;
}

/* Pairs of path and text ("" = no value), NULL at the end. level may be NULL. */
static inline scu_dataset *identifier(const char *level, ...) {
  scu_dataset *dataset = new_dataset();
  va_list pairs;
  if (level) put(dataset, "QueryRetrieveLevel", level);
  va_start(pairs, level);
  put_pairs(dataset, pairs);
  va_end(pairs);
  return dataset;
}

static inline scu__index *open_index(const char *path, const scu__index_options *options) {
  scu__index *index;
  scu_error error;
  scu__error_clear(&error);
  if (scu__index_open(path, NULL, options, &index, &error) != SCU_OK) fail_msg("open: %s", error.reason);
  return index;
}

static inline void add(scu__index *index, const scu_dataset *header, const char *path) {
  char sop_class[70], uid[70];
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu_dataset_text(header, "SOPClassUID", sop_class, sizeof sop_class), SCU_OK);
  assert_int_equal(scu_dataset_text(header, "SOPInstanceUID", uid, sizeof uid), SCU_OK);
  scu__index_instance instance = {
      .sop_class = sop_class, .sop_instance = uid, .transfer_syntax = EXPLICIT, .path = path, .length = 1000};
  if (scu__index_add(index, header, &instance, &error) != SCU_OK) fail_msg("add: %s", error.reason);
}

/* study.series.number is the UID and the path. */
static inline void add_made(scu__index *index, scu_dataset *header, const char *study, int series, int number,
                            const char *sop_class, const char *modality) {
  char text[100];
  put(header, "SOPClassUID", sop_class);
  put(header, "Modality", modality);
  put(header, "StudyInstanceUID", study);
  snprintf(text, sizeof text, "%d", series);
  put(header, "SeriesNumber", text);
  snprintf(text, sizeof text, "%s.%d", study, series);
  put(header, "SeriesInstanceUID", text);
  snprintf(text, sizeof text, "%d", number);
  put(header, "InstanceNumber", text);
  snprintf(text, sizeof text, "%s.%d.%d", study, series, number);
  put(header, "SOPInstanceUID", text);
  add(index, header, text);
}

static inline void fill_japanese(scu__index *index) {
  scu_dataset *header = identifier(
      NULL, "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう", "PatientID", "JP-1", "PatientBirthDate", "19700102",
      "PatientSex", "M", "StudyDate", "20240101", "StudyTime", "233000", "AccessionNumber", "A1", "StudyID", "S1",
      "StudyDescription", "Chest", "ReferringPhysicianName", "House^Gregory", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL",
      "ProcedureCodeSequence[0].CodeValue", "C1", "ProcedureCodeSequence[0].CodeMeaning", "胸部",
      "ProcedureCodeSequence[1].CodeValue", "C2", "ProcedureCodeSequence[1].CodingSchemeDesignator", "99X", "Rows",
      "512", "SliceThickness", "1.50", NULL);
  for (int i = 1; i <= 3; i++) add_made(index, header, "1.2.1", 1, i, CT_CLASS, "CT");
  add_made(index, header, "1.2.1", 2, 1, SR_CLASS, "SR");
  put(header, "StudyDate", "20240102");
  put(header, "StudyTime", "001500");
  put(header, "AccessionNumber", "A2");
  put(header, "StudyDescription", "Head");
  put(header, "ReferringPhysicianName", "");
  for (int i = 1; i <= 2; i++) add_made(index, header, "1.2.2", 1, i, MR_CLASS, "MR");
  scu_dataset_free(header);
}

static inline void fill_greek(scu__index *index) {
  scu_dataset *header =
      identifier(NULL, "SpecificCharacterSet", "ISO_IR 126", "PatientName", "Παπαδοπούλου^Ελένη", "PatientID", "GR-2",
                 "PatientBirthDate", "19801231", "PatientSex", "F", "StudyDate", "", "StudyTime", "", "AccessionNumber",
                 "A3", "StudyID", "S3", "StudyDescription", "Abdomen", NULL);
  add_made(index, header, "1.2.3", 1, 1, US_CLASS, "US");
  put(header, "StudyDate", "1996.10.29");
  put(header, "StudyTime", "10:15:59");
  put(header, "AccessionNumber", "A4");
  put(header, "StudyDescription", "Heart");
  add_made(index, header, "1.2.4", 1, 1, XA_CLASS, "XA");
  scu_dataset_free(header);
}

static inline void fill_german(scu__index *index) {
  scu_dataset *header =
      identifier(NULL, "SpecificCharacterSet", "ISO_IR 100", "PatientName", "Müller^Jörg", "PatientID", "DE-3",
                 "PatientSex", "M", "StudyDate", "20240310", "StudyTime", "1015", "StudyID", "S5", "StudyDescription",
                 "chest", "AcquisitionDateTime", "20240310101500+0100", NULL);
  add_made(index, header, "1.2.5", 1, 1, CT_CLASS, "CT");
  scu_dataset_free(header);
}

static inline scu__index *small_archive(const scu__index_options *options) {
  scu__index *index = open_index(":memory:", options);
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__index_begin(index, &error), SCU_OK);
  fill_japanese(index);
  fill_greek(index);
  fill_german(index);
  assert_int_equal(scu__index_commit(index, &error), SCU_OK);
  return index;
}

/* ---- answers ---- */

static inline int compare_texts(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline scu_result next_row(scu__index_cursor *cursor, scu_dataset *row) {
  scu_error error;
  scu__error_clear(&error);
  scu_result result;
  do result = scu__index_next(cursor, row, &error);
  while (result == SCU_MORE);
  if (result < 0) fail_msg("next: %s", error.reason);
  return result;
}

/* The values of `path` over all answers, sorted, joined by blanks; an answer without value is "-". */
static inline void collect(scu__index *index, scu__index_query query, const char *path, char *out) {
  scu__index_cursor *cursor;
  scu_error error;
  uint16_t status;
  char *texts[ANSWERS_MAX];
  size_t count = 0;
  scu_dataset *row = new_dataset();
  scu__error_clear(&error);
  if (scu__index_find(index, &query, &cursor, &status, &error) != SCU_OK) fail_msg("find: %s", error.reason);
  assert_int_equal(status, 0);
  while (next_row(cursor, row) == SCU_OK) {
    char text[200];
    scu_dataset_text(row, path, text, sizeof text);
    assert_true(count < ANSWERS_MAX);
    texts[count++] = scu__strdup(NULL, text[0] ? text : "-");
  }
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  if (count > 0) qsort(texts, count, sizeof *texts, compare_texts);
  out[0] = 0;
  for (size_t i = 0; i < count; i++) {
    snprintf(out + strlen(out), TEXT_ROOM - strlen(out), "%s%s", i > 0 ? " " : "", texts[i]);
    scu__free(NULL, texts[i]);
  }
}

/* Frees the identifier. What the database narrows down to, and what the exact rules find among all, is the same. */
static inline void expect(scu__index *index, scu__index_query query, const char *path, const char *expected) {
  char text[TEXT_ROOM];
  query.without_narrowing = true;
  collect(index, query, path, text);
  assert_string_equal(text, expected);
  query.without_narrowing = false;
  collect(index, query, path, text);
  scu_dataset_free((scu_dataset *)query.identifier);
  assert_string_equal(text, expected);
}

static inline scu__index_query study_root(scu_dataset *keys) {
  return (scu__index_query){.identifier = keys, .model = SCU__MODEL_STUDY_ROOT};
}

static inline scu__index_query patient_root(scu_dataset *keys) {
  return (scu__index_query){.identifier = keys, .model = SCU__MODEL_PATIENT_ROOT};
}

static inline scu__index_query worklist(scu_dataset *keys) {
  return (scu__index_query){.identifier = keys, .model = SCU__MODEL_WORKLIST};
}

/* Studies that one key finds, in Study Root. */
static inline void expect_studies(scu__index *index, const char *path, const char *text, const char *expected) {
  scu_dataset *keys = identifier("STUDY", path, text, NULL);
  if (strcmp(path, "StudyInstanceUID") != 0) put(keys, "StudyInstanceUID", "");
  expect(index, study_root(keys), "StudyInstanceUID", expected);
}

/* Frees the identifier. The offending element and words must be there, and nothing of the value in them. */
static inline void expect_refusal(scu__index *index, scu__index_query query, uint16_t expected, scu_tag tag) {
  scu__index_cursor *cursor = NULL;
  scu_error error;
  uint16_t status = 0;
  scu__error_clear(&error);
  scu_result result = scu__index_find(index, &query, &cursor, &status, &error);
  scu_dataset_free((scu_dataset *)query.identifier);
  if (result == SCU_OK) fail_msg("not refused: %08X", (unsigned)tag);
  assert_null(cursor);
  assert_int_equal(status, expected);
  assert_true(error.reason[0] != 0);
  assert_int_equal(error.tag, tag);
}

#endif
