/* What a store source can be besides files and folders: the files that a DICOMDIR names, honest and hostile ones
 * (catalogue F05; PS3.3 F, PS3.10 8.6), and objects in memory. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/dicomdir_files.h"
#include "client/plan.h"
#include "scu/file.h"
#include "support/client_fixture.h"
#include "support/dicomdir_writer.h"
#include "support/sample_file.h"
#include "unit/io/scratch.h"

static const peer_step good[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

/* A store, from the source to its end. */
typedef struct run {
  fixture f;
  scu_source *source;
  scu_store_report *report;
} run;

static run *run_start(void) {
  run *r = calloc(1, sizeof *r); /* too long for a stack */
  assert_non_null(r);
  fixture_start(&r->f, good);
  assert_int_equal(scu_source_new(NULL, &r->source), SCU_OK);
  return r;
}

static void run_store(run *r) {
  scu_store_report_free(r->report);
  r->f.outcome_count = 0;
  assert_int_equal(scu_store(r->f.session, r->source, &r->report), SCU_OK);
}

static void run_end(run *r) {
  for (size_t i = 0; i < r->f.outcome_count; i++) {
    assert_null(strstr(r->f.outcomes[i].reason, "Secret")); /* no message names a patient */
    if (r->f.outcomes[i].outcome == SCU_OUTCOME_FAILED) assert_true(strlen(r->f.outcomes[i].reason) > 10);
  }
  assert_null(strstr(r->f.warnings, "Secret"));
  scu_store_report_free(r->report);
  scu_source_free(r->source);
  fixture_stop(&r->f);
  free(r);
}

static void check_counts(const run *r, uint64_t ok, uint64_t failed, uint64_t skipped) {
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_OK), ok);
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_WARNING), 0);
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_FAILED), failed);
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_SKIPPED), skipped);
  assert_int_equal(r->f.outcome_count, ok + failed + skipped);
}

/* The dataset that arrived as the index-th is that of the sample, byte for byte. */
static void check_arrived(run *r, size_t index, const sample_file *sample) {
  const peer_message *got = scripted_peer_message(&r->f.peer, SCU__C_STORE_RQ, index);
  assert_non_null(got);
  scu__buffer file;
  sample_bytes(sample, &file);
  assert_true(got->bytes.length > 100 && got->bytes.length < file.length);
  assert_memory_equal(got->bytes.data, file.data + file.length - got->bytes.length, got->bytes.length);
  scu__buffer_free(&file);
}

static void folder(const char *name) {
  assert_int_equal(mkdir(in_scratch(name), 0700), 0);
}

static void write_sample(const char *name, int number) {
  scu__buffer bytes;
  sample_bytes(&(sample_file){.number = number, .pixels = 300}, &bytes);
  write_scratch(name, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
}

/* cd/DICOMDIR; its path. */
static const char *write_dicomdir(const dicomdir_writer *w, const dicomdir_record *records, size_t count) {
  scu__buffer file;
  dicomdir_write(w, records, count, &file);
  write_scratch("cd/DICOMDIR", file.data, file.length);
  scu__buffer_free(&file);
  return in_scratch("cd/DICOMDIR");
}

static void add_dicomdir(run *r, const dicomdir_record *records, size_t count) {
  assert_int_equal(scu_source_add_dicomdir(r->source, write_dicomdir(&(dicomdir_writer){0}, records, count)), SCU_OK);
}

/* --- DICOMDIR, honest ---------------------------------------------------------------------------------------------
 */

static void test_the_files_of_a_dicomdir_arrive_in_its_order(void **state) {
  (void)state;
  static const dicomdir_record records[] = {{.type = "PATIENT"},
                                            {.type = "STUDY"},
                                            {.type = "SERIES"},
                                            {.file_id = "DICOM\\S1\\IM2"},
                                            {.file_id = "DICOM\\S1\\IM1"},
                                            {.file_id = "DICOM\\GONE", .is_not_in_use = true},
                                            {.file_id = "IM3", .type = "SR DOCUMENT"}};
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_BE,
                                         SCU__UID_DEFLATED_EXPLICIT_LE};
  folder("cd");
  folder("cd/DICOM");
  folder("cd/DICOM/S1");
  write_sample("cd/DICOM/S1/IM1", 1);
  write_sample("cd/DICOM/S1/IM2", 2);
  write_sample("cd/IM3", 3);
  for (size_t i = 0; i < 4; i++) {
    run *r = run_start();
    const char *path = write_dicomdir(&(dicomdir_writer){.transfer_syntax = syntaxes[i]}, records, 7);
    assert_true(scu_file_is_dicomdir(path));
    assert_int_equal(scu_source_add_dicomdir(r->source, path), SCU_OK);
    run_store(r);
    check_counts(r, 3, 0, 0);
    static const int order[] = {2, 1, 3};
    for (size_t k = 0; k < 3; k++) check_arrived(r, k, &(sample_file){.number = order[k], .pixels = 300});
    assert_string_equal(r->f.outcomes[0].path, in_scratch("cd/DICOM/S1/IM2"));
    run_store(r); /* looked at anew */
    check_counts(r, 3, 0, 0);
    run_end(r);
  }
}

static void test_a_dicomdir_is_known_by_its_content(void **state) {
  (void)state;
  folder("cd");
  write_sample("cd/a.dcm", 1);
  write_scratch("cd/DICOMDIR", "not one", 7);
  assert_false(scu_file_is_dicomdir(in_scratch("cd/DICOMDIR")));
  assert_false(scu_file_is_dicomdir(in_scratch("cd/a.dcm")));
  assert_false(scu_file_is_dicomdir(in_scratch("cd")));
  assert_false(scu_file_is_dicomdir(in_scratch("cd/nothing")));
  const char *path = write_dicomdir(&(dicomdir_writer){0}, NULL, 0);
  assert_int_equal(rename(path, in_scratch("cd/index.bin")), 0);
  assert_true(scu_file_is_dicomdir(in_scratch("cd/index.bin")));
}

static void test_a_dicomdir_in_the_working_folder_is_found(void **state) {
  (void)state;
  folder("cd");
  write_sample("cd/IM1", 1);
  run *r = run_start();
  int before = open(".", O_RDONLY | O_DIRECTORY);
  write_dicomdir(&(dicomdir_writer){0}, &(dicomdir_record){.file_id = "IM1"}, 1);
  assert_int_equal(chdir(in_scratch("cd")), 0);
  assert_int_equal(scu_source_add_dicomdir(r->source, "DICOMDIR"), SCU_OK);
  run_store(r);
  assert_int_equal(fchdir(before), 0);
  close(before);
  check_counts(r, 1, 0, 0);
  run_end(r);
}

static void test_a_file_that_is_named_twice_goes_once(void **state) {
  (void)state;
  folder("cd");
  write_sample("cd/im1", 1);
  write_sample("cd/IM2", 2);
  run *r = run_start();
  static const dicomdir_record records[] = {{.file_id = "IM1"},  {.file_id = "im1"},  {.file_id = "IM2"},
                                            {.file_id = "IM1 "}, {.file_id = "GONE"}, {.file_id = "GONE"}};
  add_dicomdir(r, records, 6);
  run_store(r);
  check_counts(r, 2, 1, 0);
  run_end(r);
}

static void test_offsets_that_lead_in_circles_change_nothing(void **state) {
  (void)state;
  folder("cd");
  write_sample("cd/IM1", 1);
  write_sample("cd/IM2", 2);
  run *r = run_start();
  static const dicomdir_record records[] = {{.file_id = "IM1", .next = 374, .lower = 374},
                                            {.file_id = "IM2", .next = 374, .lower = 0xFFFFFFFF}};
  add_dicomdir(r, records, 2);
  run_store(r);
  check_counts(r, 2, 0, 0);
  run_end(r);
}

static void test_a_file_that_is_missing_fails_and_the_rest_go(void **state) {
  (void)state;
  folder("cd");
  write_sample("cd/IM1", 1);
  write_scratch("cd/TEXT", "not an image", 12);
  write_scratch("cd/CDA", "<ClinicalDocument/>", 19);
  run *r = run_start();
  static const dicomdir_record records[] = {{.file_id = "DICOM\\S7\\IM9"},
                                            {.file_id = "TEXT"},
                                            {.file_id = "CDA", .type = "HL7 STRUC DOC"},
                                            {.file_id = "DICOMDIR"},
                                            {.file_id = "IM1"}};
  add_dicomdir(r, records, 5);
  run_store(r);
  check_counts(r, 1, 3, 1);
  assert_string_equal(r->f.outcomes[0].path, in_scratch("cd/DICOM/S7/IM9"));
  assert_null(strstr(r->f.outcomes[0].reason, "DICOM/S7/IM9")); /* the path has said it */
  assert_non_null(strstr(r->f.outcomes[0].reason, "not there"));
  assert_int_equal(r->f.outcomes[1].outcome, SCU_OUTCOME_FAILED);
  assert_int_equal(r->f.outcomes[2].outcome, SCU_OUTCOME_SKIPPED);
  assert_non_null(strstr(r->f.outcomes[3].reason, "DICOMDIR"));
  assert_int_equal(r->f.outcomes[4].outcome, SCU_OUTCOME_OK);
  run_end(r);
}

static void test_more_files_than_a_window_all_go(void **state) {
  (void)state;
  enum { FILES = SCU__PLAN_WINDOW + 7 };
  static dicomdir_record records[FILES];
  static char names[FILES][16];
  folder("cd");
  for (int i = 0; i < FILES; i++) {
    char name[32];
    snprintf(names[i], sizeof names[i], "IM%06d", i);
    snprintf(name, sizeof name, "cd/IM%06d", i);
    write_sample(name, i + 1);
    records[i].file_id = names[i];
  }
  run *r = run_start();
  add_dicomdir(r, records, FILES);
  run_store(r);
  check_counts(r, FILES, 0, 0);
  run_end(r);
}

static void test_a_folder_with_a_dicomdir_is_walked_as_a_folder(void **state) {
  (void)state;
  folder("cd");
  folder("cd/DICOM");
  write_sample("cd/DICOM/IM1", 1);
  write_sample("cd/DICOM/NEW", 2); /* not in the directory */
  write_dicomdir(&(dicomdir_writer){0}, &(dicomdir_record){.file_id = "DICOM\\IM1"}, 1);
  run *r = run_start();
  assert_int_equal(scu_source_add_folder(r->source, in_scratch("cd"), NULL, 1), SCU_OK);
  run_store(r);
  check_counts(r, 2, 0, 1);
  assert_int_equal(scu_store_report_named_skips(r->report), 0);
  run_end(r);
  r = run_start();
  assert_int_equal(scu_source_add_file(r->source, in_scratch("cd/DICOMDIR")), SCU_OK);
  run_store(r);
  check_counts(r, 0, 1, 0); /* as a file it is nothing to send */
  assert_non_null(strstr(r->f.outcomes[0].reason, "DICOMDIR"));
  run_end(r);
}

/* --- DICOMDIR, hostile --------------------------------------------------------------------------------------------
 */

static void test_nothing_outside_of_the_folder_is_sent(void **state) {
  (void)state;
  static const char zero[] = "..\0\\OUT\\IM9";
  char absolute[300], windows[300];
  folder("OUT");
  folder("cd");
  folder("cd/DICOM");
  write_sample("OUT/IM9", 9);
  write_sample("IM9", 9);
  write_sample("cd/IM1", 1);
  write_sample("cd/.IM2", 2);
  snprintf(absolute, sizeof absolute, "%s/IM9", scratch_folder);
  snprintf(windows, sizeof windows, "%s\\IM9", scratch_folder);
  const dicomdir_record records[] = {{.file_id = "..\\OUT\\IM9"},
                                     {.file_id = "..\\IM9"},
                                     {.file_id = "DICOM\\..\\..\\IM9"},
                                     {.file_id = "DICOM\\..\\IM1"},
                                     {.file_id = "../IM9"},
                                     {.file_id = "DICOM\\../../IM9"},
                                     {.file_id = absolute},
                                     {.file_id = windows},
                                     {.file_id = "\\OUT\\IM9"},
                                     {.file_id = "DICOM\\\\IM9"},
                                     {.file_id = ".\\IM1"},
                                     {.file_id = ".IM2"},
                                     {.file_id = zero, .length = sizeof zero - 1},
                                     {.file_id = "~\\IM9"},
                                     {.file_id = "C:\\IM9"},
                                     {.file_id = "IM\n1"},
                                     {.file_id = "..\\OUT\\IM9", .vr = "UN"},
                                     {.file_id = "IM1"}};
  enum { COUNT = sizeof records / sizeof *records };
  run *r = run_start();
  add_dicomdir(r, records, COUNT);
  run_store(r);
  check_counts(r, 1, COUNT - 1, 0);
  assert_int_equal(scripted_peer_count(&r->f.peer, SCU__C_STORE_RQ), 1);
  check_arrived(r, 0, &(sample_file){.number = 1, .pixels = 300});
  for (size_t i = 0; i + 1 < COUNT; i++) assert_null(strchr(r->f.outcomes[i].reason, '\n'));
  assert_non_null(strstr(r->f.outcomes[0].reason, "record 1 "));
  run_end(r);
}

static void test_links_out_of_the_folder_are_not_followed(void **state) {
  (void)state;
  folder("OUT");
  folder("cd");
  write_sample("OUT/IM9", 9);
  write_sample("cd/IM1", 1);
  assert_int_equal(symlink("../OUT/IM9", in_scratch("cd/IM9")), 0);
  assert_int_equal(symlink("../OUT", in_scratch("cd/DIR")), 0);
  assert_int_equal(symlink("..", in_scratch("cd/UP")), 0);
  assert_int_equal(symlink("/", in_scratch("cd/ROOT")), 0);
  assert_int_equal(symlink("LOOP", in_scratch("cd/LOOP")), 0);
  run *r = run_start();
  static const dicomdir_record records[] = {
      {.file_id = "IM9"},  {.file_id = "DIR\\IM9"},   {.file_id = "UP\\OUT\\IM9"}, {.file_id = "ROOT\\etc\\passwd"},
      {.file_id = "LOOP"}, {.file_id = "LOOP\\LOOP"}, {.file_id = "IM1"}};
  add_dicomdir(r, records, 7);
  run_store(r);
  check_counts(r, 1, 6, 0);
  assert_int_equal(scripted_peer_count(&r->f.peer, SCU__C_STORE_RQ), 1);
  for (size_t i = 0; i < 6; i++) assert_non_null(strstr(r->f.outcomes[i].reason, "symbolic link"));
  run_end(r);
}

/* After the first answer the third file, which was checked, is put out of reach by a link. */
static void swap_third(fixture *f) {
  if (f->outcome_count != 1) return;
  assert_int_equal(unlink(in_scratch("cd/IM3")), 0);
  assert_int_equal(symlink("../OUT/IM3", in_scratch("cd/IM3")), 0);
}

static void test_a_file_that_becomes_a_link_after_it_was_checked_is_not_sent(void **state) {
  (void)state;
  folder("OUT");
  folder("cd");
  for (int i = 1; i <= 4; i++) {
    char name[32];
    snprintf(name, sizeof name, "cd/IM%d", i);
    write_sample(name, i);
  }
  write_sample("OUT/IM3", 3); /* of the same length: only the link tells */
  run *r = run_start();
  r->f.on_instance = swap_third;
  static const dicomdir_record records[] = {
      {.file_id = "IM1"}, {.file_id = "IM2"}, {.file_id = "IM3"}, {.file_id = "IM4"}};
  add_dicomdir(r, records, 4);
  run_store(r);
  check_counts(r, 3, 1, 0);
  assert_int_equal(r->f.outcomes[2].outcome, SCU_OUTCOME_FAILED);
  assert_non_null(strstr(r->f.outcomes[2].reason, "symbolic link"));
  run_end(r);
}

static void test_what_is_no_dicomdir_is_one_failure(void **state) {
  (void)state;
  folder("cd");
  write_sample("cd/IM1", 1);
  write_scratch("cd/TEXT", "not one", 7);
  write_scratch("cd/EMPTY", "", 0);
  run *r = run_start();
  static const char *const names[] = {"cd/IM1", "cd/TEXT", "cd/EMPTY", "cd/GONE", "cd"};
  for (size_t i = 0; i < 5; i++) assert_int_equal(scu_source_add_dicomdir(r->source, in_scratch(names[i])), SCU_OK);
  scu_source_add_file(r->source, in_scratch("cd/IM1"));
  run_store(r);
  check_counts(r, 1, 5, 0);
  for (size_t i = 0; i < 5; i++) assert_string_equal(r->f.outcomes[i].path, in_scratch(names[i]));
  run_end(r);
}

static void test_a_broken_dicomdir_is_told_after_what_it_named_before(void **state) {
  (void)state;
  folder("cd");
  write_sample("cd/IM1", 1);
  write_sample("cd/IM2", 2);
  run *r = run_start();
  static const dicomdir_record records[] = {{.file_id = "IM1"}, {.file_id = "IM2", .nested = 300}};
  add_dicomdir(r, records, 2);
  run_store(r);
  check_counts(r, 1, 1, 0);
  assert_string_equal(r->f.outcomes[1].path, in_scratch("cd/DICOMDIR"));
  assert_non_null(strstr(r->f.outcomes[1].reason, "beyond record 1"));
  run_end(r);
}

/* Every cut of a DICOMDIR: what was named before it, then one failure, and an end. */
static void test_a_dicomdir_cut_anywhere_comes_to_an_end(void **state) {
  (void)state;
  static const dicomdir_record records[] = {
      {.type = "PATIENT"}, {.file_id = "IM1"}, {.file_id = "..\\X"}, {.file_id = "IM2"}};
  folder("cd");
  write_sample("cd/IM1", 1);
  scu__buffer file;
  dicomdir_write(&(dicomdir_writer){.has_item_lengths = true, .has_sequence_length = true}, records, 4, &file);
  for (size_t cut = 0; cut <= file.length; cut++) {
    write_scratch("cd/DICOMDIR", file.data, cut);
    scu__dicomdir_files *files;
    scu__path_found found;
    size_t count = 0, problems = 0;
    bool is_last_the_dicomdir = false;
    assert_int_equal(scu__dicomdir_files_new(in_scratch("cd/DICOMDIR"), NULL, &files, NULL), SCU_OK);
    while (scu__dicomdir_files_next(files, &found, NULL) == SCU_OK) {
      count++;
      problems += found.problem != NULL;
      is_last_the_dicomdir = found.problem && strstr(scu_error_reason(found.problem), "record 3 ") == NULL &&
                             strcmp(found.path, in_scratch("cd/DICOMDIR")) == 0;
      if (found.problem) assert_null(strstr(scu_error_reason(found.problem), "Secret"));
    }
    assert_int_equal(scu__dicomdir_files_next(files, &found, NULL), SCU_END);
    scu__dicomdir_files_free(files);
    assert_int_equal(is_last_the_dicomdir, cut < file.length);
    if (cut == file.length) assert_true(count == 3 && problems == 2); /* "..", and IM2 that is not there */
  }
  scu__buffer_free(&file);
}

/* --- a large one, with an allocator that measures ----------------------------------------------------------------- */

typedef struct meter {
  size_t now, most;
} meter;

static void count_to(meter *m, size_t length) {
  m->now += length;
  if (m->now > m->most) m->most = m->now;
}

static void *meter_allocate(void *user, size_t length) {
  size_t *block = malloc(sizeof(max_align_t) + length);
  if (!block) return NULL;
  *block = length;
  count_to(user, length);
  return (char *)block + sizeof(max_align_t);
}

static void meter_release(void *user, void *block) {
  if (!block) return;
  size_t *whole = (size_t *)(void *)((char *)block - sizeof(max_align_t));
  ((meter *)user)->now -= *whole;
  free(whole);
}

static void *meter_reallocate(void *user, void *block, size_t length) {
  void *moved = meter_allocate(user, length);
  if (!moved || !block) return moved;
  size_t before = *(size_t *)(void *)((char *)block - sizeof(max_align_t));
  memcpy(moved, block, before < length ? before : length);
  meter_release(user, block);
  return moved;
}

static void test_a_hundred_thousand_records_need_little_memory(void **state) {
  (void)state;
  enum { RECORDS = 100 * 1000 };
  dicomdir_record *records = calloc(RECORDS, sizeof *records);
  char(*names)[24] = calloc(RECORDS, sizeof *names);
  assert_true(records && names);
  for (int i = 0; i < RECORDS; i++) {
    snprintf(names[i], sizeof names[i], "DICOM\\S%03d\\IM%06d", i / 1000, i);
    records[i].file_id = names[i];
    records[i].next = 374; /* every one leads back to the first */
    records[i].lower = 374;
  }
  folder("cd");
  const char *path = write_dicomdir(&(dicomdir_writer){0}, records, RECORDS);
  meter m = {0};
  scu_allocator allocator = {.size = sizeof allocator,
                             .allocate = meter_allocate,
                             .reallocate = meter_reallocate,
                             .release = meter_release,
                             .user = &m};
  scu__dicomdir_files *files;
  scu__path_found found;
  size_t count = 0;
  assert_int_equal(scu__dicomdir_files_new(path, &allocator, &files, NULL), SCU_OK);
  while (scu__dicomdir_files_next(files, &found, NULL) == SCU_OK) count++;
  assert_int_equal(count, RECORDS);
  scu__dicomdir_files_free(files);
  assert_int_equal(m.now, 0);
  assert_true(m.most > 8 * RECORDS && m.most < 4 * 1024 * 1024);
  free(records);
  free(names);
}

/* --- memory -------------------------------------------------------------------------------------------------------
 */

static void test_a_file_in_memory_arrives_as_it_is(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_BE};
  run *r = run_start();
  scu__buffer files[3];
  for (int i = 0; i < 3; i++) {
    sample_bytes(&(sample_file){.number = i + 1, .pixels = 40000, .transfer_syntax = syntaxes[i]}, &files[i]);
    assert_int_equal(scu_source_add_memory(r->source, files[i].data, files[i].length), SCU_OK);
  }
  for (int times = 0; times < 2; times++) { /* a source may be used again */
    run_store(r);
    check_counts(r, 3, 0, 0);
    for (int i = 0; i < 3; i++) {
      check_arrived(r, (size_t)(times * 3 + i),
                    &(sample_file){.number = i + 1, .pixels = 40000, .transfer_syntax = syntaxes[i]});
      assert_string_equal(r->f.outcomes[i].path, "");
      assert_string_equal(r->f.outcomes[i].transfer_syntax, syntaxes[i]);
    }
  }
  run_end(r);
  for (int i = 0; i < 3; i++) scu__buffer_free(&files[i]);
}

static void test_what_is_no_whole_file_in_memory_fails_alone(void **state) {
  (void)state;
  scu__buffer file;
  sample_bytes(&(sample_file){.number = 1, .pixels = 400}, &file);
  run *r = run_start();
  uint8_t *cut = malloc(file.length - 10); /* exactly so long: a read past its end is seen */
  memcpy(cut, file.data, file.length - 10);
  assert_int_equal(scu_source_add_memory(r->source, cut, file.length - 10), SCU_OK);
  assert_int_equal(scu_source_add_memory(r->source, "not an image", 12), SCU_OK);
  assert_int_equal(scu_source_add_memory(r->source, "", 0), SCU_OK);
  assert_int_equal(scu_source_add_memory(r->source, file.data, file.length), SCU_OK);
  assert_int_equal(scu_source_add_memory(r->source, NULL, 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_error_result(scu_source_error(r->source)), SCU_ERROR_USAGE);
  run_store(r);
  check_counts(r, 1, 3, 0);
  run_end(r);
  free(cut);
  scu__buffer_free(&file);
}

static void test_a_dataset_is_sent_in_the_syntax_asked_for(void **state) {
  (void)state;
  static const char *const syntaxes[] = {NULL, SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_BE,
                                         SCU__UID_DEFLATED_EXPLICIT_LE};
  for (size_t i = 0; i < 5; i++) {
    sample_file sample = {.number = 5, .pixels = 70001 - 1};
    run *r = run_start();
    scu_dataset *dataset = sample_dataset(&sample, "1.2.3.5");
    assert_int_equal(scu_source_add_dataset(r->source, dataset, syntaxes[i]), SCU_OK);
    scu_dataset_set_text(dataset, "PatientName", "Changed^Later"); /* it was encoded already */
    scu_dataset_free(dataset);
    run_store(r);
    check_counts(r, 1, 0, 0);
    const char *syntax = syntaxes[i] ? syntaxes[i] : SCU__UID_EXPLICIT_LE;
    assert_string_equal(r->f.outcomes[0].transfer_syntax, syntax);
    assert_string_equal(r->f.outcomes[0].uid, "1.2.3.5");
    assert_string_equal(r->f.outcomes[0].path, "");
    sample.transfer_syntax = syntax;
    if (i < 4) check_arrived(r, 0, &sample);
    run_end(r);
  }
}

/* The peer takes implicit only: every native syntax is rewritten on the way, the deflated one too. */
static void test_a_dataset_is_rewritten_for_a_peer_that_is_implicit_only(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_EXPLICIT_BE, SCU__UID_DEFLATED_EXPLICIT_LE};
  for (size_t i = 0; i < 3; i++) {
    sample_file sample = {.number = 6, .pixels = 5000};
    run *r = run_start();
    r->f.peer.only_syntax = SCU__UID_IMPLICIT_LE;
    scu_dataset *dataset = sample_dataset(&sample, "1.2.3.6");
    assert_int_equal(scu_source_add_dataset(r->source, dataset, syntaxes[i]), SCU_OK);
    run_store(r);
    check_counts(r, 1, 0, 0);
    assert_non_null(strstr(r->f.outcomes[0].reason, "rewritten"));
    scu__buffer wanted;
    scu__buffer_init(&wanted, NULL, 1 << 20);
    assert_int_equal(scu__dataset_encode(dataset, SCU__IMPLICIT_LE, &wanted, NULL), SCU_OK);
    const peer_message *got = scripted_peer_message(&r->f.peer, SCU__C_STORE_RQ, 0);
    assert_int_equal(got->bytes.length, wanted.length);
    assert_memory_equal(got->bytes.data, wanted.data, wanted.length);
    scu__buffer_free(&wanted);
    scu_dataset_free(dataset);
    run_end(r);
  }
}

static void check_refused(scu_source *source, const scu_dataset *dataset, const char *syntax, scu_result result) {
  assert_int_equal(scu_source_add_dataset(source, dataset, syntax), result);
  assert_int_equal(scu_error_result(scu_source_error(source)), result);
  assert_true(strlen(scu_error_reason(scu_source_error(source))) > 5);
}

static void test_a_dataset_that_cannot_be_sent_is_refused_when_it_is_added(void **state) {
  (void)state;
  run *r = run_start();
  scu_dataset *dataset = sample_dataset(&(sample_file){.number = 1, .pixels = 10}, "1.2.3.1");
  check_refused(r->source, NULL, NULL, SCU_ERROR_USAGE);
  check_refused(r->source, dataset, "1.2.3.4.5.6", SCU_ERROR_UNSUPPORTED);
  check_refused(r->source, dataset, "", SCU_ERROR_UNSUPPORTED);
  check_refused(r->source, dataset, "1.2.840.10008.1.2.6.2", SCU_ERROR_UNSUPPORTED); /* XML */
  check_refused(r->source, dataset, SCU__UID_JPEG_BASELINE, SCU_ERROR_USAGE);        /* its pixels are native */
  scu_dataset_set_charset(dataset, "");
  scu_dataset_set_text(dataset, "PatientName", "M\xC3\xBCller");
  check_refused(r->source, dataset, NULL, SCU_ERROR_USAGE);
  scu_dataset_set_text(dataset, "PatientName", "Doe");
  assert_int_equal(scu_source_add_dataset(r->source, dataset, NULL), SCU_OK);
  assert_int_equal(scu_error_result(scu_source_error(r->source)), SCU_OK);
  scu_dataset_set_bytes(dataset, SCU_TAG(2, 0x10), SCU_VR_UI, "1.2", 3);
  check_refused(r->source, dataset, NULL, SCU_ERROR_USAGE);
  scu_dataset_remove(dataset, "0002,0010");
  scu_dataset_remove(dataset, "SOPInstanceUID");
  check_refused(r->source, dataset, NULL, SCU_ERROR_USAGE);
  scu_dataset_set_text(dataset, "SOPInstanceUID", "1.2.3.1");
  scu_dataset_remove(dataset, "SOPClassUID");
  check_refused(r->source, dataset, NULL, SCU_ERROR_USAGE);
  scu_dataset_free(dataset);
  run_store(r);
  check_counts(r, 1, 0, 0); /* the one that was taken */
  run_end(r);
}

static void test_a_warning_of_an_object_in_memory_names_its_uid(void **state) {
  (void)state;
  run *r = run_start();
  scu_dataset *dataset = sample_dataset(&(sample_file){.number = 8, .pixels = 10}, "1.2.3.8");
  scu_dataset_remove(dataset, "PixelData");
  assert_int_equal(scu_source_add_dataset(r->source, dataset, NULL), SCU_OK);
  scu_dataset_free(dataset);
  run_store(r);
  check_counts(r, 1, 0, 0);
  assert_non_null(strstr(r->f.warnings, "1.2.3.8: "));
  run_end(r);
}

/* --- together ----------------------------------------------------------------------------------------------------- */

static void test_all_kinds_of_parts_come_in_the_order_added(void **state) {
  (void)state;
  folder("cd");
  folder("many");
  write_sample("cd/IM1", 1);
  write_sample("many/a", 2);
  write_sample("many/b", 3);
  write_sample("one", 6);
  run *r = run_start();
  scu_dataset *dataset = sample_dataset(&(sample_file){.number = 4, .pixels = 10}, "1.2.3.4");
  scu__buffer file;
  sample_bytes(&(sample_file){.number = 5, .pixels = 10}, &file);
  scu_source_add_dataset(r->source, dataset, NULL);
  add_dicomdir(r, &(dicomdir_record){.file_id = "IM1"}, 1);
  scu_source_add_memory(r->source, file.data, file.length);
  scu_source_add_folder(r->source, in_scratch("many"), NULL, 0);
  scu_source_add_file(r->source, in_scratch("one"));
  run_store(r);
  check_counts(r, 6, 0, 0);
  static const char *const order[] = {"1.2.3.4", "1.2.3.1", "1.2.3.5", "1.2.3.2", "1.2.3.3", "1.2.3.6"};
  for (size_t i = 0; i < 6; i++) assert_string_equal(r->f.outcomes[i].uid, order[i]);
  scu_dataset_free(dataset);
  run_end(r);
  scu__buffer_free(&file);
}

/* Nobody is there: whatever is left of every kind of part is told as not sent. */
static void test_what_is_left_when_the_peer_is_gone_is_told(void **state) {
  (void)state;
  folder("cd");
  static const dicomdir_record records[] = {{.file_id = "IM1"}, {.file_id = "IM2"}, {.file_id = "..\\X"}};
  write_sample("cd/IM1", 1);
  write_sample("cd/IM2", 2);
  static const peer_step refusing[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_CLOSE}, {.action = PEER_END}};
  run *r = calloc(1, sizeof *r);
  fixture_start(&r->f, refusing);
  assert_int_equal(scu_source_new(NULL, &r->source), SCU_OK);
  add_dicomdir(r, records, 3);
  scu__buffer file;
  sample_bytes(&(sample_file){.number = 5, .pixels = 10}, &file);
  scu_source_add_memory(r->source, file.data, file.length);
  assert_true(scu_store(r->f.session, r->source, &r->report) < 0);
  check_counts(r, 0, 4, 0);
  run_end(r);
  scu__buffer_free(&file);
}

#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      SCRATCH_TEST(test_the_files_of_a_dicomdir_arrive_in_its_order),
      SCRATCH_TEST(test_a_dicomdir_is_known_by_its_content),
      SCRATCH_TEST(test_a_dicomdir_in_the_working_folder_is_found),
      SCRATCH_TEST(test_a_file_that_is_named_twice_goes_once),
      SCRATCH_TEST(test_offsets_that_lead_in_circles_change_nothing),
      SCRATCH_TEST(test_a_file_that_is_missing_fails_and_the_rest_go),
      SCRATCH_TEST(test_more_files_than_a_window_all_go),
      SCRATCH_TEST(test_a_folder_with_a_dicomdir_is_walked_as_a_folder),
      SCRATCH_TEST(test_nothing_outside_of_the_folder_is_sent),
      SCRATCH_TEST(test_links_out_of_the_folder_are_not_followed),
      SCRATCH_TEST(test_a_file_that_becomes_a_link_after_it_was_checked_is_not_sent),
      SCRATCH_TEST(test_what_is_no_dicomdir_is_one_failure),
      SCRATCH_TEST(test_a_broken_dicomdir_is_told_after_what_it_named_before),
      SCRATCH_TEST(test_a_dicomdir_cut_anywhere_comes_to_an_end),
      SCRATCH_TEST(test_a_hundred_thousand_records_need_little_memory),
      SCRATCH_TEST(test_a_file_in_memory_arrives_as_it_is),
      SCRATCH_TEST(test_what_is_no_whole_file_in_memory_fails_alone),
      SCRATCH_TEST(test_a_dataset_is_sent_in_the_syntax_asked_for),
      SCRATCH_TEST(test_a_dataset_is_rewritten_for_a_peer_that_is_implicit_only),
      SCRATCH_TEST(test_a_dataset_that_cannot_be_sent_is_refused_when_it_is_added),
      SCRATCH_TEST(test_a_warning_of_an_object_in_memory_names_its_uid),
      SCRATCH_TEST(test_all_kinds_of_parts_come_in_the_order_added),
      SCRATCH_TEST(test_what_is_left_when_the_peer_is_gone_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
