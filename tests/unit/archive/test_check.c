/* scu_archive_verify: the index made to agree with the files, whatever became of either (issue: index damaged). */
#define _GNU_SOURCE /* scratch.h */
#include "archive/database.h"
#include "archive_test.h"

typedef struct told {
  char lines[8192];
  size_t count;
} told;

static void keep_problem(void *user, const char *path, const char *reason) {
  told *t = user;
  size_t used = strlen(t->lines);
  snprintf(t->lines + used, sizeof t->lines - used, "%s: %s\n", path, reason);
  t->count++;
}

static void keep_warning(void *user, const char *text) {
  told *t = user;
  size_t used = strlen(t->lines);
  snprintf(t->lines + used, sizeof t->lines - used, "%s\n", text);
  t->count++;
}

static scu_archive_check verify(const world *w, told *t, scu_result expected) {
  scu_archive_check check = {.size = sizeof check};
  memset(t, 0, sizeof *t);
  scu_result result = scu_archive_verify(NULL, w->root, &check, keep_problem, t);
  if (result != expected) fail_msg("%d: %s", (int)result, t->lines);
  return check;
}

/* An archive with instances 1 to `count` in it, closed. */
static void fill(world *w, int count) {
  world_start(w);
  world_store(w, 1, count);
  world_close_archive(w);
}

static const char *object(int number) {
  char name[100];
  snprintf(name, sizeof name, "pacs/objects/1.2.1/1.2.1.1/1.2.3.%d.dcm", number);
  return in_scratch(name);
}

static void expect(scu_archive_check check, uint64_t files, uint64_t indexed, uint64_t added, uint64_t removed,
                   uint64_t damaged) {
  assert_int_equal(check.files, files);
  assert_int_equal(check.indexed, indexed);
  assert_int_equal(check.added, added);
  assert_int_equal(check.removed, removed);
  assert_int_equal(check.damaged, damaged);
}

static int64_t instances(world *w) {
  scu__index_counts counts;
  world_open_archive(w);
  assert_int_equal(scu__index_count(w->archive->index, &counts, NULL), SCU_OK);
  world_close_archive(w);
  return counts.instances;
}

static void test_a_sound_archive_has_no_problems(void **state) {
  (void)state;
  world w;
  told t;
  fill(&w, 5);
  scu_archive_check check = verify(&w, &t, SCU_OK);
  expect(check, 5, 5, 0, 0, 0);
  assert_int_equal(check.rebuilt, 0);
  assert_int_equal(t.count, 0);
  world_stop(&w);
}

static void test_a_deleted_index_is_made_again(void **state) {
  (void)state;
  world w;
  told t;
  fill(&w, 5);
  assert_int_equal(unlink(in_scratch("pacs/index.sqlite")), 0);
  expect(verify(&w, &t, SCU_OK), 5, 5, 5, 0, 0);
  expect(verify(&w, &t, SCU_OK), 5, 5, 0, 0, 0);
  assert_int_equal(instances(&w), 5);
  world_stop(&w);
}

static void test_an_archive_that_starts_without_index_makes_it_again(void **state) {
  (void)state;
  world w;
  fill(&w, 5);
  assert_int_equal(unlink(in_scratch("pacs/index.sqlite")), 0);
  assert_int_equal(instances(&w), 5);
  world_stop(&w);
}

static void test_a_damaged_index_is_put_away_and_made_again(void **state) {
  (void)state;
  world w;
  told t;
  static char garbage[64 * 1024];
  fill(&w, 5);
  FILE *file = fopen(in_scratch("pacs/index.sqlite"), "r+b");
  assert_non_null(file);
  memset(garbage, 0xA5, sizeof garbage);
  fseek(file, 4096, SEEK_SET);
  fwrite(garbage, 1, sizeof garbage, file);
  fclose(file);
  assert_int_equal(scu_archive_new(w.time.loop, &w.archive, w.archive_options, &w.own), SCU_ERROR_MALFORMED);
  assert_non_null(strstr(scu_error_hint(scu_archive_error(w.archive)), "--check"));
  world_close_archive(&w);
  scu_archive_check check = verify(&w, &t, SCU_OK);
  expect(check, 5, 5, 5, 0, 0);
  assert_int_equal(check.rebuilt, 1);
  assert_int_equal(t.count, 2);
  assert_non_null(strstr(t.lines, "worklist entries"));
  assert_true(size_of(in_scratch("pacs/damaged-index.sqlite")) > 0);
  assert_int_equal(instances(&w), 5);
  world_stop(&w);
}

static void test_rows_without_file_go_and_files_without_row_come(void **state) {
  (void)state;
  world w;
  told t;
  fill(&w, 5);
  assert_int_equal(rename(object(2), object(77)), 0); /* the same instance in another place */
  assert_int_equal(unlink(object(3)), 0);
  expect(verify(&w, &t, SCU_OK), 4, 4, 1, 2, 0);
  assert_int_equal(t.count, 2);
  assert_non_null(strstr(t.lines, "1.2.3.3.dcm: the file is gone"));
  assert_int_equal(instances(&w), 4);
  world_stop(&w);
}

/* A link to itself cannot be looked at, not even by the superuser, as a file on a failing disk; one that leads nowhere
 * is what is left of a tier that is not mounted. */
static void test_a_row_stays_when_its_file_cannot_be_looked_at(void **state) {
  (void)state;
  world w;
  told t;
  fill(&w, 5);
  assert_int_equal(unlink(object(2)), 0);
  assert_int_equal(symlink("1.2.3.2.dcm", object(2)), 0);
  assert_int_equal(unlink(object(3)), 0);
  assert_int_equal(symlink("/not/mounted/1.2.3.3.dcm", object(3)), 0);
  assert_int_equal(unlink(object(4)), 0);
  scu_archive_check check = verify(&w, &t, SCU_OK);
  assert_int_equal(check.removed, 1);
  assert_int_equal(check.indexed, 2);
  assert_true(check.damaged >= 2);
  assert_non_null(strstr(t.lines, "1.2.3.2.dcm"));
  assert_non_null(strstr(t.lines, "1.2.3.3.dcm"));
  assert_int_equal(instances(&w), 4);
  world_stop(&w);
}

static void test_rows_stay_when_their_folder_cannot_be_read(void **state) {
  (void)state;
  static const char *const links[] = {"1.2.1", "/not/mounted"}; /* to itself, and to nowhere */
  for (size_t i = 0; i < 2; i++) {
    world w;
    told t;
    fill(&w, 5);
    assert_int_equal(rename(in_scratch("pacs/objects/1.2.1"), in_scratch("away")), 0);
    assert_int_equal(symlink(links[i], in_scratch("pacs/objects/1.2.1")), 0);
    scu_archive_check check = verify(&w, &t, SCU_OK);
    assert_int_equal(check.removed, 0);
    assert_true(check.damaged > 0);
    assert_int_equal(instances(&w), 5);
    assert_int_equal(unlink(in_scratch("pacs/objects/1.2.1")), 0);
    assert_int_equal(rename(in_scratch("away"), in_scratch("pacs/objects/1.2.1")), 0);
    expect(verify(&w, &t, SCU_OK), 5, 5, 0, 0, 0);
    world_stop(&w);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

/* A row may be durable before the name of its file (see ingest.c): after a crash the newest rows are looked through. */
static void test_a_start_after_a_crash_removes_new_rows_without_file(void **state) {
  (void)state;
  for (int has_crashed = 0; has_crashed < 2; has_crashed++) {
    world w;
    told t;
    fill(&w, 5);
    assert_int_equal(unlink(object(5)), 0);
    assert_int_equal(unlink(object(2)), 0);
    if (has_crashed) {
      scu__database *database;
      assert_int_equal(
          scu__database_open(in_scratch("pacs/index.sqlite"), &(scu__database_options){0}, NULL, &database, NULL),
          SCU_OK);
      assert_int_equal(scu__database_run(database, "UPDATE state SET is_open=1", NULL), SCU_OK);
      scu__database_close(database);
    }
    scu_hooks hooks = {.size = sizeof hooks, .warning = keep_warning, .user = &t};
    memset(&t, 0, sizeof t);
    w.own.hooks = &hooks;
    assert_int_equal(instances(&w), has_crashed ? 3 : 5);
    assert_int_equal(t.count, has_crashed ? 2 : 0);
    if (has_crashed) assert_non_null(strstr(t.lines, "1.2.3.5.dcm: the file is gone"));
    world_stop(&w);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

/* Whatever is cut off, it is told; nothing is deleted; the rest is not touched. */
static void test_a_file_cut_anywhere_is_reported_and_kept(void **state) {
  (void)state;
  world w;
  told t;
  fill(&w, 2);
  long whole = size_of(object(1));
  for (long length = whole - 1; length >= 0; length -= 7) {
    assert_int_equal(truncate(object(1), length), 0);
    scu_archive_check check = verify(&w, &t, SCU_OK);
    expect(check, 2, 1, 0, 0, 1);
    assert_int_equal(t.count, 1);
    assert_non_null(strstr(t.lines, "1.2.3.1.dcm"));
    assert_int_equal(size_of(object(1)), length);
  }
  world_stop(&w);
}

static void test_what_is_no_dicom_file_is_damaged_and_other_files_are_not_ours(void **state) {
  (void)state;
  world w;
  told t;
  fill(&w, 1);
  write_scratch("pacs/objects/notes.txt", "hello", 5);
  write_scratch("pacs/objects/strange.dcm", "hello", 5);
  expect(verify(&w, &t, SCU_OK), 2, 1, 0, 0, 1);
  assert_non_null(strstr(t.lines, "strange.dcm"));
  assert_null(strstr(t.lines, "notes.txt"));
  world_stop(&w);
}

static void test_a_variant_beside_the_first_is_left_out(void **state) {
  (void)state;
  world w;
  told t;
  fill(&w, 1);
  char command[700];
  snprintf(command, sizeof command, "%s", in_scratch("pacs/objects/1.2.1/1.2.1.1/1.2.3.1~2.dcm"));
  assert_int_equal(link(object(1), command), 0);
  expect(verify(&w, &t, SCU_OK), 2, 1, 0, 0, 0);
  assert_int_equal(unlink(object(1)), 0);
  expect(verify(&w, &t, SCU_OK), 1, 1, 1, 1, 0);
  world_stop(&w);
}

static void test_worklist_entries_stay_where_the_index_is_sound(void **state) {
  (void)state;
  world w;
  told t;
  scu__index_counts counts;
  world_start(&w);
  world_close_archive(&w);
  w.own.demo = 1;
  world_open_archive(&w);
  assert_int_equal(scu__index_count(w.archive->index, &counts, NULL), SCU_OK);
  assert_int_equal(counts.instances, 45);
  assert_int_equal(counts.worklist_entries, 7);
  world_close_archive(&w);
  expect(verify(&w, &t, SCU_OK), 45, 45, 0, 0, 0);
  world_open_archive(&w);
  assert_int_equal(scu__index_count(w.archive->index, &counts, NULL), SCU_OK);
  assert_int_equal(counts.worklist_entries, 7);
  world_stop(&w);
}

static void test_an_archive_in_use_or_none_at_all_cannot_be_checked(void **state) {
  (void)state;
  world w;
  told t;
  world_start(&w);
  verify(&w, &t, SCU_ERROR_STORAGE);
  assert_non_null(strstr(t.lines, "in use"));
  world_close_archive(&w);
  snprintf(w.root, sizeof w.root, "%s", in_scratch("nothing"));
  verify(&w, &t, SCU_ERROR_STORAGE);
  assert_non_null(strstr(t.lines, "no archive"));
  assert_int_equal(size_of(in_scratch("nothing")), -1);
  world_stop(&w);
}

/* --- the demonstration data --------------------------------------------------------------------------------------- */

static void test_demo_fills_an_empty_archive_once(void **state) {
  (void)state;
  world w;
  scu__index_counts counts;
  world_start(&w);
  world_store(&w, 1, 1);
  world_close_archive(&w);
  w.own.demo = 1;
  assert_int_equal(instances(&w), 1); /* it is not empty */
  snprintf(w.root, sizeof w.root, "%s", in_scratch("empty"));
  assert_int_equal(instances(&w), 45);
  assert_int_equal(instances(&w), 45);
  world_open_archive(&w);
  assert_int_equal(scu__index_count(w.archive->index, &counts, NULL), SCU_OK);
  assert_int_equal(counts.patients, 4);
  assert_int_equal(counts.studies, 5);
  assert_int_equal(counts.series, 7);
  world_stop(&w);
}

/* Then instances are answered before their rows are in: the worklist has to wait for these. */
static void test_demo_fills_an_archive_that_answers_early(void **state) {
  (void)state;
  world w;
  scu__index_counts counts;
  world_start(&w);
  world_close_archive(&w);
  w.own.demo = 1;
  w.own.durability = SCU_DURABILITY_NONE;
  for (int i = 0; i < 20; i++) {
    char name[32];
    snprintf(name, sizeof name, "empty%d", i);
    snprintf(w.root, sizeof w.root, "%s", in_scratch(name));
    world_open_archive(&w);
    assert_false(scu__ingest_is_busy(w.archive->ingest));
    assert_int_equal(scu__index_count(w.archive->index, &counts, NULL), SCU_OK);
    assert_int_equal(counts.instances, 45);
    assert_int_equal(counts.worklist_entries, 7);
    world_close_archive(&w);
  }
  world_stop(&w);
}

static void test_a_demo_that_was_cut_short_is_finished_at_the_next_start(void **state) {
  (void)state;
  world w;
  scu__ledger *ledger;
  scu__index_counts counts;
  world_start(&w);
  world_store(&w, 1, 1);
  world_close_archive(&w);
  assert_int_equal(scu__ledger_file_open(in_scratch("pacs/ledger.journal"), NULL, &ledger, NULL), SCU_OK);
  assert_int_equal(ledger->put(ledger->user, "demo", NULL, 0, NULL), SCU_OK);
  scu__ledger_close(ledger);
  w.own.demo = 1;
  assert_int_equal(instances(&w), 46);
  world_open_archive(&w);
  assert_int_equal(scu__index_count(w.archive->index, &counts, NULL), SCU_OK);
  assert_int_equal(counts.worklist_entries, 7);
  world_stop(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_a_sound_archive_has_no_problems),
      TEST(test_a_deleted_index_is_made_again),
      TEST(test_an_archive_that_starts_without_index_makes_it_again),
      TEST(test_a_damaged_index_is_put_away_and_made_again),
      TEST(test_rows_without_file_go_and_files_without_row_come),
      TEST(test_a_row_stays_when_its_file_cannot_be_looked_at),
      TEST(test_rows_stay_when_their_folder_cannot_be_read),
      TEST(test_a_start_after_a_crash_removes_new_rows_without_file),
      TEST(test_a_file_cut_anywhere_is_reported_and_kept),
      TEST(test_what_is_no_dicom_file_is_damaged_and_other_files_are_not_ours),
      TEST(test_a_variant_beside_the_first_is_left_out),
      TEST(test_worklist_entries_stay_where_the_index_is_sound),
      TEST(test_an_archive_in_use_or_none_at_all_cannot_be_checked),
      TEST(test_demo_fills_an_empty_archive_once),
      TEST(test_demo_fills_an_archive_that_answers_early),
      TEST(test_a_demo_that_was_cut_short_is_finished_at_the_next_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
