/* The folder walk: order, loops, odd things, depth, and folders larger than its window (catalogue F06). */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include "io/walk.h"
#include "scratch.h"

enum { SEEN_MAX = 4000 };

static char *seen[SEEN_MAX];
static size_t seen_count, problem_count;
static char problems[64][512];

static void forget(void) {
  for (size_t i = 0; i < seen_count; i++) free(seen[i]);
  seen_count = problem_count = 0;
}

/* Paths relative to the scratch folder. */
static void walk_all(const char *path, bool recursive, const char *pattern, unsigned window) {
  forget();
  scu__folder_walk_options options = {.recursive = recursive, .pattern = pattern, .window = window};
  scu__folder_walk *walk;
  scu__folder_walk_entry entry;
  scu_result result;
  assert_int_equal(scu__folder_walk_new(path, &options, &walk, NULL), SCU_OK);
  while ((result = scu__folder_walk_next(walk, &entry, NULL)) == SCU_OK) {
    if (entry.problem) {
      snprintf(problems[problem_count++], sizeof problems[0], "%s", scu_error_reason(entry.problem));
      assert_int_equal(scu_error_result(entry.problem), SCU_ERROR_STORAGE);
      continue;
    }
    assert_true(seen_count < SEEN_MAX);
    size_t prefix = strlen(scratch_folder) + 1;
    seen[seen_count++] = strdup(strlen(entry.path) > prefix ? entry.path + prefix : entry.path);
  }
  assert_int_equal(result, SCU_END);
  assert_int_equal(scu__folder_walk_next(walk, &entry, NULL), SCU_END);
  scu__folder_walk_free(walk);
}

static void touch(const char *name) {
  write_scratch(name, "x", 1);
}

static void folder(const char *name) {
  assert_int_equal(mkdir(in_scratch(name), 0700), 0);
}

static void test_files_come_sorted_within_each_folder(void **state) {
  (void)state;
  folder("b");
  touch("c");
  touch("b/2");
  touch("b/1");
  touch("a");
  walk_all(scratch_folder, true, NULL, 0);
  assert_int_equal(seen_count, 4);
  assert_string_equal(seen[0], "a");
  assert_string_equal(seen[1], "b/1");
  assert_string_equal(seen[2], "b/2");
  assert_string_equal(seen[3], "c");
  assert_int_equal(problem_count, 0);
}

static void test_without_recursion_sub_folders_are_passed_over(void **state) {
  (void)state;
  folder("b");
  touch("b/1");
  touch("a");
  walk_all(scratch_folder, false, NULL, 0);
  assert_int_equal(seen_count, 1);
  assert_string_equal(seen[0], "a");
}

static void test_pattern_applies_to_file_names_only(void **state) {
  (void)state;
  folder("deep");
  touch("deep/x.dcm");
  touch("deep/x.txt");
  touch("y.dcm");
  walk_all(scratch_folder, true, "*.dcm", 0);
  assert_int_equal(seen_count, 2);
  assert_string_equal(seen[0], "deep/x.dcm");
  assert_string_equal(seen[1], "y.dcm");
}

static void test_a_single_file_is_its_own_walk(void **state) {
  (void)state;
  touch("only.txt");
  walk_all(in_scratch("only.txt"), true, "*.dcm", 0);
  assert_int_equal(seen_count, 1);
  assert_string_equal(seen[0], "only.txt");
}

static void test_a_missing_path_is_one_problem(void **state) {
  (void)state;
  walk_all(in_scratch("nothing"), true, NULL, 0);
  assert_int_equal(seen_count, 0);
  assert_int_equal(problem_count, 1);
  assert_non_null(strstr(problems[0], "nothing"));
}

static void test_symlink_loops_fifos_and_dangling_links_are_each_reported_once(void **state) {
  (void)state;
  folder("loop");
  touch("loop/file");
  assert_int_equal(symlink("..", in_scratch("loop/up")), 0);
  assert_int_equal(symlink("self", in_scratch("self")), 0);
  assert_int_equal(symlink("nowhere", in_scratch("dangling")), 0);
  assert_int_equal(symlink("loop/file", in_scratch("good")), 0);
  assert_int_equal(mkfifo(in_scratch("fifo"), 0600), 0);
  walk_all(scratch_folder, true, NULL, 0);
  assert_int_equal(seen_count, 2);
  assert_string_equal(seen[0], "good");
  assert_string_equal(seen[1], "loop/file");
  assert_int_equal(problem_count, 4);
  assert_non_null(strstr(problems[0], "dangling"));
  assert_non_null(strstr(problems[1], "fifo"));
  assert_non_null(strstr(problems[2], "loop/up"));
  assert_non_null(strstr(problems[3], "self"));
}

static void test_an_unreadable_folder_is_reported_and_the_walk_goes_on(void **state) {
  (void)state;
  if (geteuid() == 0) skip(); /* root reads everything */
  folder("closed");
  touch("z");
  assert_int_equal(chmod(in_scratch("closed"), 0), 0);
  walk_all(scratch_folder, true, NULL, 0);
  assert_int_equal(chmod(in_scratch("closed"), 0700), 0);
  assert_int_equal(seen_count, 1);
  assert_int_equal(problem_count, 1);
  assert_non_null(strstr(problems[0], "permission denied"));
}

static void test_folders_nested_too_deep_are_reported_not_entered(void **state) {
  (void)state;
  char path[1024] = "d";
  for (int i = 0; i < SCU__FOLDER_WALK_DEPTH_MAX + 3; i++) {
    folder(path);
    strcat(path, "/d");
  }
  walk_all(scratch_folder, true, NULL, 0);
  assert_int_equal(seen_count, 0);
  assert_int_equal(problem_count, 1);
  assert_non_null(strstr(problems[0], "too deep"));
}

static void test_paths_longer_than_the_system_takes_are_reported_and_the_walk_completes(void **state) {
  (void)state;
  char name[201];
  memset(name, 'n', 200);
  name[200] = 0;
  enum { DEEP = 30 };
  int at[DEEP + 1] = {open(scratch_folder, O_RDONLY | O_DIRECTORY)};
  for (int i = 0; i < DEEP; i++) {
    assert_int_equal(mkdirat(at[i], name, 0700), 0);
    at[i + 1] = openat(at[i], name, O_RDONLY | O_DIRECTORY);
  }
  touch("z");
  walk_all(scratch_folder, true, NULL, 0);
  for (int i = DEEP; i >= 0; i--) {
    close(at[i]);
    if (i > 0) unlinkat(at[i - 1], name, AT_REMOVEDIR); /* the path is too long for the teardown, too */
  }
  assert_int_equal(seen_count, 1);
  assert_string_equal(seen[0], "z");
  assert_int_equal(problem_count, 1);
  assert_non_null(strstr(problems[0], "name too long"));
}

static void test_a_folder_larger_than_the_window_comes_whole_and_sorted(void **state) {
  (void)state;
  char name[32];
  for (int i = 0; i < 1000; i++) {
    snprintf(name, sizeof name, "%04d", (i * 7919) % 1000);
    touch(name);
  }
  for (unsigned window = 1; window < 1100; window = window * 4 + 3) {
    walk_all(scratch_folder, true, NULL, window);
    assert_int_equal(seen_count, 1000);
    for (int i = 0; i < 1000; i++) {
      snprintf(name, sizeof name, "%04d", i);
      assert_string_equal(seen[i], name);
    }
  }
}

static void test_files_that_vanish_during_the_walk_do_not_stop_it(void **state) {
  (void)state;
  for (char name[2] = "a"; name[0] <= 'f'; name[0]++) {
    folder(name);
    char inside[8];
    snprintf(inside, sizeof inside, "%s/1", name);
    touch(inside);
  }
  scu__folder_walk_options options = {.recursive = true};
  scu__folder_walk *walk;
  scu__folder_walk_entry entry;
  int files = 0, troubles = 0;
  assert_int_equal(scu__folder_walk_new(scratch_folder, &options, &walk, NULL), SCU_OK);
  while (scu__folder_walk_next(walk, &entry, NULL) == SCU_OK) {
    if (entry.problem)
      troubles++;
    else if (files++ == 0) {
      unlink(in_scratch("c/1"));
      rmdir(in_scratch("c"));
    }
  }
  scu__folder_walk_free(walk);
  assert_int_equal(files, 5);
  assert_int_equal(troubles, 1);
}

#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      SCRATCH_TEST(test_files_come_sorted_within_each_folder),
      SCRATCH_TEST(test_without_recursion_sub_folders_are_passed_over),
      SCRATCH_TEST(test_pattern_applies_to_file_names_only),
      SCRATCH_TEST(test_a_single_file_is_its_own_walk),
      SCRATCH_TEST(test_a_missing_path_is_one_problem),
      SCRATCH_TEST(test_symlink_loops_fifos_and_dangling_links_are_each_reported_once),
      SCRATCH_TEST(test_an_unreadable_folder_is_reported_and_the_walk_goes_on),
      SCRATCH_TEST(test_folders_nested_too_deep_are_reported_not_entered),
      SCRATCH_TEST(test_paths_longer_than_the_system_takes_are_reported_and_the_walk_completes),
      SCRATCH_TEST(test_a_folder_larger_than_the_window_comes_whole_and_sorted),
      SCRATCH_TEST(test_files_that_vanish_during_the_walk_do_not_stop_it),
  };
  int result = cmocka_run_group_tests(tests, NULL, NULL);
  forget();
  return result;
}
