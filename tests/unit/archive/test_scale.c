/* The index with as many instances as the issue asks for: every search goes by an index, streams, and stays small.
 * Times are printed, not judged; what is judged is the plan of the database and the number of answers. */
#define _XOPEN_SOURCE 700

#include "index_test.h"

#include <time.h>
#include <unistd.h>

#include "data/dataset_encode.h"

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifdef IS_SANITIZED
enum { STUDIES = 100 };
#else
enum { STUDIES = 1000 };
#endif
enum { PER_STUDY = 100, BATCH = 500, INSTANCES = STUDIES * PER_STUDY };

typedef struct scale {
  char folder[64], file[100];
  scu__index *index;
} scale;

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* As many attributes as a CT header has. */
static scu_dataset *make_header(void) {
  scu_dataset *header = identifier(
      NULL, "SOPClassUID", CT_CLASS, "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "Manufacturer", "Maker",
      "StudyDescription", "Chest", "SeriesDescription", "Axial 1.0", "PatientSex", "M", "Modality", "CT",
      "SliceThickness", "1.0", "KVP", "120", "PatientPosition", "HFS", "ImagePositionPatient", "-250\\-250\\100",
      "ImageOrientationPatient", "1\\0\\0\\0\\1\\0", "PixelSpacing", "0.97\\0.97", "Rows", "512", "Columns", "512",
      "BitsAllocated", "16", "BitsStored", "12", "HighBit", "11", "PixelRepresentation", "0", "WindowCenter", "40",
      "WindowWidth", "400", "RescaleIntercept", "-1024", "RescaleSlope", "1", "SamplesPerPixel", "1",
      "PhotometricInterpretation", "MONOCHROME2", "ContentDate", "20240101", "ContentTime", "101500", "AcquisitionDate",
      "20240101", "AcquisitionTime", "101459.5", "SliceLocation", "100", "ConvolutionKernel", "B30f", "StationName",
      "CT1", "BodyPartExamined", "CHEST", "ExposureTime", "500", "Exposure", "100", "FrameOfReferenceUID",
      "1.2.3.4.5.6", "InstitutionName", "Hospital", "SoftwareVersions", "1.0", NULL);
  return header;
}

static void add_study(scu__index *index, scu_dataset *header, int study) {
  char text[80], uid[80], path[160];
  snprintf(text, sizeof text, "Family%d^Given", study);
  put(header, "PatientName", text);
  snprintf(text, sizeof text, "ID%d", study);
  put(header, "PatientID", text);
  snprintf(text, sizeof text, "A%d", study);
  put(header, "AccessionNumber", text);
  snprintf(text, sizeof text, "2024%02d%02d", study / 28 % 12 + 1, study % 28 + 1);
  put(header, "StudyDate", text);
  put(header, "StudyTime", "101500");
  snprintf(text, sizeof text, "1.2.276.0.7230010.3.1.2.%d", study);
  put(header, "StudyInstanceUID", text);
  for (int i = 0; i < PER_STUDY; i++) {
    snprintf(text, sizeof text, "1.2.276.0.7230010.3.1.3.%d.%d", study, i / 50);
    put(header, "SeriesInstanceUID", text);
    snprintf(text, sizeof text, "%d", i / 50 + 1);
    put(header, "SeriesNumber", text);
    snprintf(text, sizeof text, "%d", i % 50 + 1);
    put(header, "InstanceNumber", text);
    snprintf(uid, sizeof uid, "1.2.276.0.7230010.3.1.4.%d.%d", study, i);
    put(header, "SOPInstanceUID", uid);
    snprintf(path, sizeof path, "%d/%d/%s.dcm", study, i / 50, uid);
    scu__index_instance instance = {
        .sop_class = CT_CLASS, .sop_instance = uid, .transfer_syntax = EXPLICIT, .path = path, .length = 526000};
    assert_int_equal(scu__index_add(index, header, &instance, NULL), SCU_OK);
  }
}

static int set_up(void **state) {
  scale *made = calloc(1, sizeof *made);
  if (!made) return 1;
  snprintf(made->folder, sizeof made->folder, "/tmp/scu-scale-XXXXXX");
  if (!mkdtemp(made->folder)) return 1;
  snprintf(made->file, sizeof made->file, "%s/index.sqlite", made->folder);
  made->index = open_index(made->file, NULL);
  scu_dataset *header = NULL;
  double start = now_ms();
  for (int study = 0; study < STUDIES; study++) {
    if (study % (BATCH / PER_STUDY) == 0 && scu__index_begin(made->index, NULL) != SCU_OK) return 1;
    /* A dataset keeps every value it was ever given: a new one for each study. */
    header = make_header();
    add_study(made->index, header, study);
    scu_dataset_free(header);
    if ((study + 1) % (BATCH / PER_STUDY) == 0 && scu__index_commit(made->index, NULL) != SCU_OK) return 1;
  }
  double took = now_ms() - start;
  print_message("%d instances in batches of %d: %.0f ms, %.0f a second\n", INSTANCES, BATCH, took,
                INSTANCES / took * 1000);
  *state = made;
  return 0;
}

static int tear_down(void **state) {
  scale *made = *state;
  static const char *const suffixes[] = {"", "-wal", "-shm"};
  scu__index_close(made->index);
  for (size_t i = 0; i < 3; i++) {
    char path[120];
    snprintf(path, sizeof path, "%s%s", made->file, suffixes[i]);
    unlink(path);
  }
  int result = rmdir(made->folder);
  free(made);
  return result;
}

/* Finds and encodes, as an association would. */
static void time_query(scu__index *index, const char *what, scu__index_query query, size_t expected) {
  scu_dataset *row = new_dataset();
  scu__index_cursor *cursor;
  scu__buffer bytes;
  size_t count = 0;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  double start = now_ms();
  scu_error error;
  scu__error_clear(&error);
  if (scu__index_find(index, &query, &cursor, NULL, &error) != SCU_OK) fail_msg("find: %s", error.reason);
  for (; next_row(cursor, row) == SCU_OK; count++) {
    scu__buffer_clear(&bytes);
    assert_int_equal(scu__dataset_encode(row, SCU__EXPLICIT_LE, &bytes, NULL), SCU_OK);
  }
  scu__index_cursor_close(cursor);
  double took = now_ms() - start;
  print_message("%-44s %6zu matches %8.2f ms\n", what, count, took);
  assert_int_equal(count, expected);
  scu__buffer_free(&bytes);
  scu_dataset_free(row);
  scu_dataset_free((scu_dataset *)query.identifier);
}

static scu__index_query relational(scu_dataset *keys) {
  scu__index_query query = study_root(keys);
  query.relational = true;
  return query;
}

#define ONE_STUDY  "1.2.276.0.7230010.3.1.2.7"
#define ONE_SERIES "1.2.276.0.7230010.3.1.3.7.0"

static void test_searches_are_quick(void **state) {
  scu__index *index = ((scale *)*state)->index;
  time_query(index, "study by UID", study_root(identifier("STUDY", "StudyInstanceUID", ONE_STUDY, NULL)), 1);
  time_query(index, "study by name", study_root(identifier("STUDY", "PatientName", "FAMILY77^*", NULL)), 1);
  time_query(index, "all studies with counts",
             study_root(identifier("STUDY", "StudyInstanceUID", "", "PatientName", "", "StudyDate", "",
                                   "ModalitiesInStudy", "", "NumberOfStudyRelatedInstances", "", NULL)),
             STUDIES);
  time_query(index, "images of one series",
             study_root(identifier("IMAGE", "StudyInstanceUID", ONE_STUDY, "SeriesInstanceUID", ONE_SERIES,
                                   "SOPInstanceUID", "", "InstanceNumber", "", NULL)),
             50);
  time_query(index, "every image, relational",
             relational(identifier("IMAGE", "StudyInstanceUID", "", "SeriesInstanceUID", "", "SOPInstanceUID", "",
                                   "SOPClassUID", "", "InstanceNumber", "", "PatientName", "", NULL)),
             INSTANCES);
  time_query(
      index, "images of studies by a pattern of names",
      relational(identifier("IMAGE", "PatientName", "Family1?^*", "StudyInstanceUID", "", "SeriesInstanceUID", "",
                            "SOPInstanceUID", "", "SOPClassUID", "", "InstanceNumber", "", "Rows", "", NULL)),
      10 * PER_STUDY);
}

static void expect_no_scan(scu__index *index, scu__index_query query) {
  scu__buffer text;
  scu__buffer_init(&text, NULL, 1 << 16);
  assert_int_equal(scu__index_explain(index, &query, &text, NULL), SCU_OK);
  scu__put_u8(&text, 0);
  const char *plan = (const char *)text.data, *scan = strstr(plan, "SCAN");
  /* The list of a UID key is read whole, of course. */
  if (scan && strncmp(scan, "SCAN json_each", 14) == 0) scan = strstr(scan + 4, "SCAN");
  if (scan) fail_msg("reads a whole table:\n%s", plan);
  scu__buffer_free(&text);
  scu_dataset_free((scu_dataset *)query.identifier);
}

static void test_every_selective_key_goes_by_an_index(void **state) {
  scu__index *index = ((scale *)*state)->index;
  static const char *const study_keys[][2] = {{"StudyInstanceUID", "1.2"},
                                              {"StudyInstanceUID", "1.2\\1.3"},
                                              {"StudyDate", "20240101"},
                                              {"StudyDate", "20240101-20240131"},
                                              {"StudyDate", "-20240131"},
                                              {"StudyTime", "10-11"},
                                              {"AccessionNumber", "A1"},
                                              {"AccessionNumber", "A1*"},
                                              {"AccessionNumber", "A1\\A2"},
                                              {"PatientName", "Doe^Jane"},
                                              {"PatientName", "Doe*"},
                                              {"PatientName", "Doe=山*"},
                                              {"PatientID", "1"},
                                              {"StudyID", "1"},
                                              {"PatientBirthDate", "19700101"},
                                              {"ReferringPhysicianName", "House*"},
                                              {"StudyDescription", "Chest*"}};
  for (size_t i = 0; i < sizeof study_keys / sizeof *study_keys; i++)
    expect_no_scan(index, study_root(identifier("STUDY", study_keys[i][0], study_keys[i][1], NULL)));
  static const char *const patient_keys[][2] = {
      {"PatientID", "1"}, {"PatientName", "Doe^Jane"}, {"PatientName", "Doe*"}, {"PatientBirthDate", "19700101-"}};
  for (size_t i = 0; i < sizeof patient_keys / sizeof *patient_keys; i++)
    expect_no_scan(index, patient_root(identifier("PATIENT", patient_keys[i][0], patient_keys[i][1], NULL)));
  expect_no_scan(index, study_root(identifier("SERIES", "StudyInstanceUID", "1.2", "Modality", "CT", NULL)));
  expect_no_scan(index, study_root(identifier("SERIES", "StudyInstanceUID", "1.2", "SeriesNumber", "1", NULL)));
  expect_no_scan(index, study_root(identifier("IMAGE", "StudyInstanceUID", "1.2", "SeriesInstanceUID", "1.3", NULL)));
  expect_no_scan(index, relational(identifier("IMAGE", "SOPInstanceUID", "1.2\\1.3", NULL)));
  expect_no_scan(index, relational(identifier("SERIES", "SeriesInstanceUID", "1.2", NULL)));
  expect_no_scan(index, relational(identifier("SERIES", "Modality", "SR", NULL)));
  static const char *const steps[][2] = {{"Modality", "CT"},
                                         {"ScheduledProcedureStepStartDate", "20240101-20240102"},
                                         {"ScheduledProcedureStepID", "1"},
                                         {"ScheduledPerformingPhysicianName", "House*"}};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    char path[100];
    snprintf(path, sizeof path, "ScheduledProcedureStepSequence[0].%s", steps[i][0]);
    expect_no_scan(index, worklist(identifier(NULL, path, steps[i][1], NULL)));
  }
  expect_no_scan(index, worklist(identifier(NULL, "PatientName", "Doe*", NULL)));
  expect_no_scan(index, worklist(identifier(NULL, "AccessionNumber", "A1", NULL)));
}

static void test_searching_for_nothing_says_so_now_and_then(void **state) {
  scu__index *index = ((scale *)*state)->index;
  scu_dataset *row = new_dataset();
  scu__index_query query = relational(identifier("IMAGE", "ContentTime", "235959", "SOPInstanceUID", "", NULL));
  scu__index_cursor *cursor;
  size_t pauses = 0;
  assert_int_equal(scu__index_find(index, &query, &cursor, NULL, NULL), SCU_OK);
  scu_result result;
  while ((result = scu__index_next(cursor, row, NULL)) == SCU_MORE) pauses++;
  assert_int_equal(result, SCU_END);
  assert_int_equal(pauses, INSTANCES / 4096);
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  scu_dataset_free((scu_dataset *)query.identifier);
}

static void test_memory_stays_small(void **state) {
  (void)state;
  char line[200];
  long peak_kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  if (!file) skip();
  while (fgets(line, sizeof line, file))
    if (strncmp(line, "VmHWM:", 6) == 0) peak_kib = strtol(line + 6, NULL, 10);
  fclose(file);
  print_message("peak memory of this process: %ld KiB\n", peak_kib);
#ifndef IS_SANITIZED
  assert_true(peak_kib < 64 * 1024);
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_searches_are_quick),
      cmocka_unit_test(test_every_selective_key_goes_by_an_index),
      cmocka_unit_test(test_searching_for_nothing_says_so_now_and_then),
      cmocka_unit_test(test_memory_stays_small),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
