/* The index as a store: batches, duplicates, removal, snapshots, retrieval, damage, versions. */
#define _XOPEN_SOURCE 700

#include "index_test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "archive/database.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"

typedef struct folder {
  char path[64], file[100];
} folder;

static int make_folder(void **state) {
  folder *made = calloc(1, sizeof *made);
  if (!made) return 1;
  snprintf(made->path, sizeof made->path, "/tmp/scu-index-XXXXXX");
  if (!mkdtemp(made->path)) return 1;
  snprintf(made->file, sizeof made->file, "%s/index.sqlite", made->path);
  *state = made;
  return 0;
}

static int remove_folder(void **state) {
  folder *made = *state;
  static const char *const suffixes[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < 3; i++) {
    char path[120];
    snprintf(path, sizeof path, "%s%s", made->file, suffixes[i]);
    unlink(path);
  }
  int result = rmdir(made->path);
  free(made);
  return result;
}

static void expect_counts(scu__index *index, int64_t patients, int64_t studies, int64_t series, int64_t instances) {
  scu__index_counts counts;
  assert_int_equal(scu__index_count(index, &counts, NULL), SCU_OK);
  assert_int_equal(counts.patients, patients);
  assert_int_equal(counts.studies, studies);
  assert_int_equal(counts.series, series);
  assert_int_equal(counts.instances, instances);
}

/* ---- changing ---- */

static void test_instances_share_their_series_study_and_patient(void **state) {
  (void)state;
  scu__index *index = small_archive(NULL);
  expect_counts(index, 3, 5, 6, 9);
  scu__index_close(index);
}

static void test_series_study_and_patient_go_with_their_last_instance(void **state) {
  (void)state;
  scu__index *index = small_archive(NULL);
  assert_int_equal(scu__index_remove(index, "1.2.1.2.1", NULL), SCU_OK);
  expect_counts(index, 3, 5, 5, 8);
  assert_int_equal(scu__index_remove(index, "1.2.5.1.1", NULL), SCU_OK);
  expect_counts(index, 2, 4, 4, 7);
  assert_int_equal(scu__index_remove(index, "1.2.5.1.1", NULL), SCU_END);
  scu__index_close(index);
}

static void test_an_instance_goes_into_a_new_series_after_the_old_one_went(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  scu_dataset *header = identifier(NULL, "PatientID", "1", NULL);
  add_made(index, header, "1.2.1", 1, 1, CT_CLASS, "CT");
  assert_int_equal(scu__index_remove(index, "1.2.1.1.1", NULL), SCU_OK);
  expect_counts(index, 0, 0, 0, 0);
  add_made(index, header, "1.2.1", 1, 1, CT_CLASS, "CT");
  expect_counts(index, 1, 1, 1, 1);
  expect_studies(index, "PatientID", "1", "1.2.1");
  scu_dataset_free(header);
  scu__index_close(index);
}

static void test_the_same_path_once_more_replaces_what_was_there(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  scu_dataset *header = identifier(NULL, "PatientID", "1", NULL);
  add_made(index, header, "1.2.1", 1, 1, CT_CLASS, "CT");
  put(header, "StudyInstanceUID", "1.2.9");
  put(header, "SOPInstanceUID", "1.2.9.1.1");
  add(index, header, "1.2.1.1.1");
  expect_counts(index, 1, 1, 1, 1);
  expect_studies(index, "StudyInstanceUID", "", "1.2.9");
  scu_dataset_free(header);
  scu__index_close(index);
}

static void test_duplicates_are_looked_up_by_their_uid_newest_first(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  scu_dataset *header = identifier(NULL, "SOPInstanceUID", "1.2.3", "SOPClassUID", CT_CLASS, "PatientID", "1", NULL);
  static const uint8_t digest[4] = {1, 2, 3, 4};
  scu__index_instance instance = {.sop_class = CT_CLASS,
                                  .sop_instance = "1.2.3",
                                  .transfer_syntax = EXPLICIT,
                                  .path = "one",
                                  .length = UINT64_C(5000000000),
                                  .digest = digest,
                                  .digest_length = sizeof digest},
                      found;
  assert_int_equal(scu__index_begin(index, NULL), SCU_OK);
  assert_int_equal(scu__index_add(index, header, &instance, NULL), SCU_OK);
  instance.path = "two";
  instance.digest_length = 0;
  assert_int_equal(scu__index_add(index, header, &instance, NULL), SCU_OK);
  assert_int_equal(scu__index_lookup(index, "1.2.3", &found, NULL), SCU_OK);
  assert_string_equal(found.path, "two");
  assert_int_equal(found.digest_length, 0);
  assert_int_equal(scu__index_lookup_next(index, &found, NULL), SCU_OK);
  assert_string_equal(found.path, "one");
  assert_string_equal(found.sop_class, CT_CLASS);
  assert_string_equal(found.transfer_syntax, EXPLICIT);
  assert_true(found.length == UINT64_C(5000000000));
  assert_int_equal(found.digest_length, sizeof digest);
  assert_memory_equal(found.digest, digest, sizeof digest);
  assert_int_equal(scu__index_lookup_next(index, &found, NULL), SCU_END);
  assert_int_equal(scu__index_lookup(index, "1.2.4", &found, NULL), SCU_END);
  assert_int_equal(scu__index_commit(index, NULL), SCU_OK);
  scu_dataset_free(header);
  scu__index_close(index);
}

static void test_patients_without_id_are_told_apart_by_name_and_birth_date(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  static const char *const people[][2] = {
      {"Doe^Jane", "19700101"}, {"DOE^JANE", "19700101"}, {"Doe^Jane", "19800101"}, {"Roe^Jane", "19700101"}};
  for (int i = 0; i < 4; i++) {
    char study[20];
    scu_dataset *header = identifier(NULL, "PatientName", people[i][0], "PatientBirthDate", people[i][1], NULL);
    snprintf(study, sizeof study, "1.2.%d", i);
    add_made(index, header, study, 1, 1, CT_CLASS, "CT");
    scu_dataset_free(header);
  }
  expect_counts(index, 3, 4, 4, 4);
  scu__index_close(index);
}

static void test_one_study_uid_of_two_patients_is_two_studies(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  scu_dataset *header = identifier(NULL, "PatientID", "1", "PatientName", "One", NULL);
  add_made(index, header, "1.2.1", 1, 1, CT_CLASS, "CT");
  put(header, "PatientID", "2");
  put(header, "PatientName", "Two");
  add_made(index, header, "1.2.1", 1, 2, CT_CLASS, "CT");
  expect(index, study_root(identifier("STUDY", "StudyInstanceUID", "1.2.1", "PatientName", "", NULL)), "PatientName",
         "One Two");
  scu_dataset_free(header);
  scu__index_close(index);
}

static void test_an_instance_without_uid_or_path_is_refused(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  scu_dataset *header = new_dataset();
  scu__index_instance instance = {.sop_class = CT_CLASS, .sop_instance = "", .transfer_syntax = EXPLICIT, .path = "x"};
  assert_int_equal(scu__index_add(index, header, &instance, NULL), SCU_ERROR_USAGE);
  instance.sop_instance = "1.2";
  instance.path = "";
  assert_int_equal(scu__index_add(index, header, &instance, NULL), SCU_ERROR_USAGE);
  expect_counts(index, 0, 0, 0, 0);
  scu_dataset_free(header);
  scu__index_close(index);
}

static void test_a_header_without_anything_can_be_indexed(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  scu_dataset *header = new_dataset();
  scu__index_instance instance = {
      .sop_class = CT_CLASS, .sop_instance = "1.2", .transfer_syntax = EXPLICIT, .path = "x"};
  assert_int_equal(scu__index_add(index, header, &instance, NULL), SCU_OK);
  expect_studies(index, "StudyDate", "", "-");
  scu_dataset_free(header);
  scu__index_close(index);
}

static void test_hostile_headers_are_indexed_within_bounds(void **state) {
  (void)state;
  scu__index *index = open_index(":memory:", NULL);
  static char megabyte[1024 * 1024 + 1];
  memset(megabyte, 'x', sizeof megabyte - 1);
  scu_dataset *header = identifier(NULL, "PatientID", megabyte, "PatientName", megabyte, "StudyDescription", "a\\b\\c",
                                   "StudyDate", "tomorrow", "StudyTime", "late", "ImageComments", megabyte, NULL);
  assert_int_equal(scu_dataset_set_bytes(header, SCU_TAG(0x0008, 0x0050), SCU_VR_SH, "\xFF\xFE\0\x80", 4), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(header, SCU_TAG(0x0020, 0x0010), SCU_VR_US, "\1\0\2", 3), SCU_OK);
  scu_dataset *level = header;
  for (int i = 0; i < 100; i++) assert_int_equal(scu_dataset_add_item(level, SCU_TAG(0x0008, 0x1115), &level), SCU_OK);
  for (int i = 0; i < 2000; i++)
    assert_int_equal(scu_dataset_add_item(header, SCU_TAG(0x0008, 0x1140), &level), SCU_OK);
  add_made(index, header, "1.2.1", 1, 1, CT_CLASS, "CT");
  add_made(index, header, "1.2.1", 1, 2, CT_CLASS, "CT");
  expect_counts(index, 1, 1, 1, 2);
  expect_studies(index, "StudyDescription", "a", "1.2.1");
  expect_studies(index, "StudyDescription", "b", "");
  expect_studies(index, "StudyDate", "20240101", "");
  expect_studies(index, "StudyDate", "", "1.2.1");
  expect_studies(index, "PatientID", "1", "1.2.1");
  scu_dataset_free(header);
  scu__index_close(index);
}

/* ---- retrieving ---- */

static void expect_instances(scu__index *index, scu__index_query query, const char *expected) {
  scu__index_cursor *cursor;
  scu__index_instance found;
  scu_error error;
  char text[TEXT_ROOM] = "";
  uint64_t count = 0;
  scu__error_clear(&error);
  if (scu__index_retrieve(index, &query, &cursor, NULL, &error) != SCU_OK) fail_msg("retrieve: %s", error.reason);
  uint64_t total = scu__index_cursor_total(cursor);
  while (scu__index_next_instance(cursor, &found, &error) == SCU_OK) {
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", count++ > 0 ? " " : "", found.path);
    assert_string_equal(found.path, found.sop_instance);
    assert_string_equal(found.transfer_syntax, EXPLICIT);
    assert_int_equal(found.length, 1000);
  }
  scu__index_cursor_close(cursor);
  scu_dataset_free((scu_dataset *)query.identifier);
  assert_string_equal(text, expected);
  assert_int_equal(total, count);
}

static void test_unique_keys_name_what_is_retrieved(void **state) {
  (void)state;
  scu__index *index = small_archive(NULL);
  expect_instances(index, patient_root(identifier("PATIENT", "PatientID", "GR-2", NULL)), "1.2.3.1.1 1.2.4.1.1");
  expect_instances(index, study_root(identifier("STUDY", "StudyInstanceUID", "1.2.2", NULL)), "1.2.2.1.1 1.2.2.1.2");
  expect_instances(index, study_root(identifier("STUDY", "StudyInstanceUID", "1.2.5\\1.2.4", NULL)),
                   "1.2.4.1.1 1.2.5.1.1");
  expect_instances(index,
                   study_root(identifier("SERIES", "StudyInstanceUID", "1.2.1", "SeriesInstanceUID", "1.2.1.2", NULL)),
                   "1.2.1.2.1");
  expect_instances(
      index,
      patient_root(identifier("IMAGE", "PatientID", "JP-1", "StudyInstanceUID", "1.2.1", "SeriesInstanceUID", "1.2.1.1",
                              "SOPInstanceUID", "1.2.1.1.3\\1.2.1.1.1\\9", NULL)),
      "1.2.1.1.1 1.2.1.1.3");
  expect_instances(index, study_root(identifier("STUDY", "StudyInstanceUID", "9", NULL)), "");
  scu__index_query query = study_root(identifier("IMAGE", "SOPInstanceUID", "1.2.5.1.1", NULL));
  query.relational = true;
  expect_instances(index, query, "1.2.5.1.1");
  scu__index_close(index);
}

/* PS3.4 C.2.2.1.1: a unique key is matched as the value it is; C.2.2.1.2 is about required ones. */
static void test_what_has_no_unique_key_matches_none(void **state) {
  (void)state;
  scu__index *index = small_archive(NULL);
  scu_dataset *nobody = identifier(NULL, "PatientID", "", "PatientName", "", NULL);
  scu_dataset *homeless = identifier(NULL, "PatientID", "GR-2", NULL);
  add_made(index, nobody, "1.2.8", 1, 1, CT_CLASS, "CT");
  put(homeless, "SOPClassUID", CT_CLASS);
  put(homeless, "SOPInstanceUID", "1.2.9.1.1");
  add(index, homeless, "1.2.9.1.1"); /* of no study */
  expect_instances(index, patient_root(identifier("PATIENT", "PatientID", "JP-1", NULL)),
                   "1.2.1.1.1 1.2.1.1.2 1.2.1.1.3 1.2.1.2.1 1.2.2.1.1 1.2.2.1.2");
  expect_instances(index, patient_root(identifier("STUDY", "PatientID", "JP-1", "StudyInstanceUID", "1.2.8", NULL)),
                   "");
  expect_instances(index, study_root(identifier("STUDY", "StudyInstanceUID", "1.2.3", NULL)), "1.2.3.1.1");
  expect(index, patient_root(identifier("PATIENT", "PatientID", "JP-1", NULL)), "PatientID", "JP-1");
  expect(index, patient_root(identifier("PATIENT", "PatientID", "J*", NULL)), "PatientID", "JP-1");
  expect(index, patient_root(identifier("STUDY", "PatientID", "JP-1", "StudyInstanceUID", "", NULL)),
         "StudyInstanceUID", "1.2.1 1.2.2");
  expect(index, study_root(identifier("STUDY", "StudyInstanceUID", "1.2.3", NULL)), "StudyInstanceUID", "1.2.3");
  /* In Study Root the Patient ID is a required key of the study. */
  expect(index, study_root(identifier("STUDY", "PatientID", "JP-1", "StudyInstanceUID", "", NULL)), "StudyInstanceUID",
         "1.2.1 1.2.2 1.2.8");
  scu_dataset_free(nobody);
  scu_dataset_free(homeless);
  scu__index_close(index);
}

static void expect_no_retrieve(scu__index *index, scu__index_query query, scu_tag tag) {
  scu__index_cursor *cursor;
  scu_error error;
  uint16_t status;
  scu__error_clear(&error);
  assert_int_equal(scu__index_retrieve(index, &query, &cursor, &status, &error), SCU_ERROR_MALFORMED);
  assert_int_equal(status, 0xA900);
  assert_int_equal(error.tag, tag);
  scu_dataset_free((scu_dataset *)query.identifier);
}

/* RULES 18: an archive that sends everything because a key was empty is the last thing anybody wants. */
static void test_a_retrieve_without_its_unique_key_is_refused(void **state) {
  (void)state;
  scu__index *index = small_archive(NULL);
  expect_no_retrieve(index, study_root(identifier("STUDY", "StudyInstanceUID", "", NULL)), SCU_TAG(0x0020, 0x000D));
  expect_no_retrieve(index, study_root(identifier("STUDY", "StudyInstanceUID", "*", NULL)), SCU_TAG(0x0020, 0x000D));
  expect_no_retrieve(index, study_root(identifier("STUDY", NULL)), SCU_TAG(0x0020, 0x000D));
  expect_no_retrieve(index, study_root(identifier("SERIES", "SeriesInstanceUID", "1.2.1.1", NULL)),
                     SCU_TAG(0x0020, 0x000D));
  expect_no_retrieve(index, study_root(identifier("STUDY", "StudyInstanceUID", "1.2.1", "Modality", "CT", NULL)),
                     SCU_TAG(0x0008, 0x0060));
  expect_no_retrieve(index, patient_root(identifier("PATIENT", "PatientID", "JP*", NULL)), SCU_TAG(0x0010, 0x0020));
  expect_no_retrieve(index, patient_root(identifier("PATIENT", "PatientID", "JP-1\\GR-2", NULL)),
                     SCU_TAG(0x0010, 0x0020));
  scu__index_close(index);
}

/* ---- files ---- */

static void test_what_was_committed_is_there_after_reopening(void **state) {
  const folder *at = *state;
  scu__index *index = open_index(at->file, NULL);
  assert_int_equal(scu__index_begin(index, NULL), SCU_OK);
  fill_japanese(index);
  assert_int_equal(scu__index_commit(index, NULL), SCU_OK);
  assert_int_equal(scu__index_begin(index, NULL), SCU_OK);
  fill_greek(index);
  scu__index_close(index);
  index = open_index(at->file, &(scu__index_options){.must_examine = true});
  expect_counts(index, 1, 2, 3, 6);
  expect_studies(index, "PatientName", "山田*", "1.2.1 1.2.2");
  scu__index_close(index);
}

static void test_a_batch_is_seen_when_it_is_committed_and_not_before(void **state) {
  const folder *at = *state;
  scu__index *index = open_index(at->file, NULL);
  assert_int_equal(scu__index_begin(index, NULL), SCU_OK);
  fill_german(index);
  assert_true(scu__index_is_in_batch(index));
  expect_studies(index, "StudyInstanceUID", "", "");
  assert_int_equal(scu__index_commit(index, NULL), SCU_OK);
  assert_false(scu__index_is_in_batch(index));
  expect_studies(index, "StudyInstanceUID", "", "1.2.5");
  assert_int_equal(scu__index_begin(index, NULL), SCU_OK);
  fill_greek(index);
  scu__index_rollback(index);
  expect_counts(index, 1, 1, 1, 1);
  fill_greek(index);
  expect_studies(index, "StudyInstanceUID", "", "1.2.3 1.2.4 1.2.5");
  scu__index_close(index);
}

static void test_a_cursor_reads_the_archive_as_it_was(void **state) {
  const folder *at = *state;
  scu__index *index = open_index(at->file, NULL);
  scu_dataset *row = new_dataset(), *keys = identifier("STUDY", "StudyInstanceUID", "", NULL);
  scu__index_query query = study_root(keys);
  scu__index_cursor *cursor;
  fill_japanese(index);
  assert_int_equal(scu__index_find(index, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(next_row(cursor, row), SCU_OK);
  assert_int_equal(scu__index_begin(index, NULL), SCU_OK);
  fill_greek(index);
  assert_int_equal(scu__index_commit(index, NULL), SCU_OK);
  /* Another one, at the same time, sees it. */
  expect_studies(index, "StudyInstanceUID", "", "1.2.1 1.2.2 1.2.3 1.2.4");
  assert_int_equal(next_row(cursor, row), SCU_OK);
  assert_int_equal(next_row(cursor, row), SCU_END);
  scu__index_cursor_close(cursor);
  scu_dataset_free(keys);
  scu_dataset_free(row);
  scu__index_close(index);
}

static void write_over(const char *path, long at, const char *bytes, size_t length) {
  FILE *file = fopen(path, "r+b");
  assert_non_null(file);
  assert_int_equal(fseek(file, at, SEEK_SET), 0);
  assert_int_equal(fwrite(bytes, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

static void expect_damage(const char *path, const scu__index_options *options) {
  scu__index *index;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__index_open(path, NULL, options, &index, &error), SCU_ERROR_MALFORMED);
  assert_null(index);
  assert_non_null(strstr(error.reason, "damaged"));
  assert_non_null(strstr(error.hint, "rebuild"));
}

static void test_a_file_that_is_no_index_is_called_damaged(void **state) {
  const folder *at = *state;
  FILE *file = fopen(at->file, "wb");
  assert_non_null(file);
  for (int i = 0; i < 1000; i++) fputs("this is no database", file);
  fclose(file);
  expect_damage(at->file, NULL);
}

static void test_a_database_of_somebody_else_is_called_damaged(void **state) {
  const folder *at = *state;
  scu__database *database;
  assert_int_equal(scu__database_open(at->file, &(scu__database_options){0}, NULL, &database, NULL), SCU_OK);
  assert_int_equal(scu__database_run(database, "CREATE TABLE x(y)", NULL), SCU_OK);
  scu__database_close(database);
  expect_damage(at->file, NULL);
}

static void test_a_newer_version_is_left_alone(void **state) {
  const folder *at = *state;
  scu__database *database;
  scu__index *index = open_index(at->file, NULL);
  scu__index_close(index);
  assert_int_equal(scu__database_open(at->file, &(scu__database_options){0}, NULL, &database, NULL), SCU_OK);
  assert_int_equal(scu__database_run(database, "PRAGMA user_version=99", NULL), SCU_OK);
  scu__database_close(database);
  assert_int_equal(scu__index_open(at->file, NULL, NULL, &index, NULL), SCU_ERROR_UNSUPPORTED);
}

static void test_a_page_that_was_written_over_is_found(void **state) {
  const folder *at = *state;
  scu__index *index = open_index(at->file, NULL);
  fill_japanese(index);
  scu__index_close(index);
  struct stat status;
  assert_int_equal(stat(at->file, &status), 0);
  char garbage[4096];
  memset(garbage, 0x5A, sizeof garbage);
  /* Past the schema: only an examination meets it. */
  write_over(at->file, (long)status.st_size / 4096 / 2 * 4096, garbage, sizeof garbage);
  expect_damage(at->file, &(scu__index_options){.must_examine = true});
}

static void test_an_index_that_was_not_closed_is_examined(void **state) {
  const folder *at = *state;
  scu__database *database;
  scu__index *index = open_index(at->file, NULL);
  fill_japanese(index);
  scu__index_close(index);
  assert_int_equal(scu__database_open(at->file, &(scu__database_options){0}, NULL, &database, NULL), SCU_OK);
  assert_int_equal(scu__database_run(database, "UPDATE state SET is_open=1", NULL), SCU_OK);
  scu__database_close(database);
  struct stat status;
  assert_int_equal(stat(at->file, &status), 0);
  char garbage[4096];
  memset(garbage, 0x5A, sizeof garbage);
  write_over(at->file, (long)status.st_size / 4096 / 2 * 4096, garbage, sizeof garbage);
  expect_damage(at->file, NULL);
}

static void test_a_folder_that_is_not_there_is_a_storage_error(void **state) {
  (void)state;
  scu__index *index;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__index_open("/nonexistent/index.sqlite", NULL, NULL, &index, &error), SCU_ERROR_STORAGE);
  assert_true(error.reason[0] != 0);
}

static void test_a_full_disk_is_told_and_the_batch_is_gone(void **state) {
  const folder *at = *state;
  scu__index *index = open_index(at->file, NULL);
  scu_dataset *header = identifier(NULL, "PatientID", "1", NULL);
  scu_error error;
  add_made(index, header, "1.2.1", 1, 1, CT_CLASS, "CT");
  scu__index_close(index);
  index = open_index(at->file, &(scu__index_options){.cache_kib = 64});
  assert_int_equal(scu__index_limit_pages(index, 120, NULL), SCU_OK);
  put(header, "ImageComments", "a comment that makes the record long enough to fill pages quickly");
  scu_result result = scu__index_begin(index, NULL);
  scu__error_clear(&error);
  for (int i = 0; result == SCU_OK && i < 10000; i++) {
    char path[30];
    scu__index_instance instance = {
        .sop_class = CT_CLASS, .sop_instance = path, .transfer_syntax = EXPLICIT, .path = path, .length = 1};
    snprintf(path, sizeof path, "1.2.1.1.1.%d", i);
    result = scu__index_add(index, header, &instance, &error);
  }
  assert_int_equal(result, SCU_ERROR_STORAGE);
  assert_non_null(strstr(error.reason, "space"));
  scu__index_rollback(index);
  expect_counts(index, 1, 1, 1, 1);
  scu_dataset_free(header);
  scu__index_close(index);
}

/* ---- character sets of answers ---- */

static void expect_charset(scu__index *index, const char *requested, const char *study, const char *expected) {
  scu_dataset *row = new_dataset(), *keys = identifier("STUDY", "StudyInstanceUID", study, "PatientName", "", NULL);
  scu__index_query query = study_root(keys);
  scu__index_cursor *cursor;
  char text[100];
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  if (requested[0])
    assert_int_equal(scu_dataset_set_bytes(keys, SCU_TAG(0x0008, 0x0005), SCU_VR_CS, requested, strlen(requested)),
                     SCU_OK);
  assert_int_equal(scu__index_find(index, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(next_row(cursor, row), SCU_OK);
  assert_int_equal(scu__dataset_encode(row, SCU__EXPLICIT_LE, &bytes, NULL), SCU_OK);
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  assert_int_equal(scu__dataset_decode(bytes.data, bytes.length, SCU__EXPLICIT_LE, NULL, NULL, &row, NULL), SCU_OK);
  scu_dataset_text(row, "SpecificCharacterSet", text, sizeof text);
  assert_string_equal(text, expected);
  scu_dataset_text(row, "PatientName", text, sizeof text);
  assert_string_equal(text, strcmp(study, "1.2.3") == 0 ? "Παπαδοπούλου^Ελένη" : "Müller^Jörg");
  scu__buffer_free(&bytes);
  scu_dataset_free(row);
  scu_dataset_free(keys);
}

static void test_answers_speak_the_character_set_of_the_request_if_it_holds_them(void **state) {
  (void)state;
  scu__index *index = small_archive(NULL);
  expect_charset(index, "ISO_IR 192", "1.2.3", "ISO_IR 192");
  expect_charset(index, "ISO_IR 126", "1.2.3", "ISO_IR 126");
  expect_charset(index, "ISO_IR 100", "1.2.5", "ISO_IR 100");
  expect_charset(index, "", "1.2.3", "ISO_IR 126");
  expect_charset(index, "ISO_IR 100", "1.2.3", "ISO_IR 126");
  scu__index_close(index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_instances_share_their_series_study_and_patient),
      cmocka_unit_test(test_series_study_and_patient_go_with_their_last_instance),
      cmocka_unit_test(test_an_instance_goes_into_a_new_series_after_the_old_one_went),
      cmocka_unit_test(test_the_same_path_once_more_replaces_what_was_there),
      cmocka_unit_test(test_duplicates_are_looked_up_by_their_uid_newest_first),
      cmocka_unit_test(test_patients_without_id_are_told_apart_by_name_and_birth_date),
      cmocka_unit_test(test_one_study_uid_of_two_patients_is_two_studies),
      cmocka_unit_test(test_an_instance_without_uid_or_path_is_refused),
      cmocka_unit_test(test_a_header_without_anything_can_be_indexed),
      cmocka_unit_test(test_hostile_headers_are_indexed_within_bounds),
      cmocka_unit_test(test_unique_keys_name_what_is_retrieved),
      cmocka_unit_test(test_what_has_no_unique_key_matches_none),
      cmocka_unit_test(test_a_retrieve_without_its_unique_key_is_refused),
      cmocka_unit_test_setup_teardown(test_what_was_committed_is_there_after_reopening, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_a_batch_is_seen_when_it_is_committed_and_not_before, make_folder,
                                      remove_folder),
      cmocka_unit_test_setup_teardown(test_a_cursor_reads_the_archive_as_it_was, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_a_file_that_is_no_index_is_called_damaged, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_a_database_of_somebody_else_is_called_damaged, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_a_newer_version_is_left_alone, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_a_page_that_was_written_over_is_found, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_an_index_that_was_not_closed_is_examined, make_folder, remove_folder),
      cmocka_unit_test(test_a_folder_that_is_not_there_is_a_storage_error),
      cmocka_unit_test_setup_teardown(test_a_full_disk_is_told_and_the_batch_is_gone, make_folder, remove_folder),
      cmocka_unit_test(test_answers_speak_the_character_set_of_the_request_if_it_holds_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
