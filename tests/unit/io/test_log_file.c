/* Files that are appended to, rotated by us and by others, and that outlive a full disk. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/log_file.h"

static char folder[] = "/tmp/scu-log-file-XXXXXX", path[64];
static uint64_t now_ms;

static uint64_t tell_now(void *user) {
  (void)user;
  return now_ms;
}

static const scu__clock hands = {.now_ms = tell_now};

static int make_folder(void **state) {
  (void)state;
  memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
  now_ms = 10000;
  umask(0);
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/log", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  for (int i = 0; i < 6; i++) {
    char name[80];
    snprintf(name, sizeof name, i == 5 ? "%s.other" : i ? "%s.%d" : "%s", path, i);
    unlink(name);
  }
  return rmdir(folder);
}

static const char *content(const char *suffix) {
  static char text[4096];
  char name[80];
  snprintf(name, sizeof name, "%s%s", path, suffix);
  FILE *file = fopen(name, "rb");
  if (!file) return "(no file)";
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  return text;
}

static scu__log_file *open_log(uint64_t rotate_bytes, unsigned generations) {
  const scu__log_file_options options = {
      .path = path, .rotate_bytes = rotate_bytes, .generations = generations, .clock = &hands};
  scu__log_file *file;
  assert_int_equal(scu__log_file_open(&options, NULL, &file, NULL), SCU_OK);
  return file;
}

static void put(scu__log_file *file, const char *text) {
  assert_true(scu__log_file_write(file, text, strlen(text)));
}

static unsigned mode(void) {
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  return status.st_mode & 0777;
}

static void test_a_new_file_is_private_and_an_old_one_is_gone_on_with(void **state) {
  (void)state;
  scu__log_file *file = open_log(0, 0);
  put(file, "one\n");
  scu__log_file_close(file);
  assert_int_equal(mode(), 0600);
  assert_int_equal(chmod(path, 0640), 0);
  file = open_log(0, 0);
  put(file, "two\n");
  scu__log_file_close(file);
  assert_int_equal(mode(), 0640);
  assert_string_equal(content(""), "one\ntwo\n");
  const scu__log_file_options with_phi = {.path = path, .is_private = true};
  assert_int_equal(scu__log_file_open(&with_phi, NULL, &file, NULL), SCU_OK);
  scu__log_file_close(file);
  assert_int_equal(mode(), 0600);
}

static void test_links_folders_and_pipes_are_refused(void **state) {
  (void)state;
  scu__log_file *file;
  const scu__log_file_options of_folder = {.path = folder}, of_path = {.path = path};
  assert_int_equal(scu__log_file_open(&of_folder, NULL, &file, NULL), SCU_ERROR_STORAGE);
  assert_null(file);
  assert_int_equal(symlink("elsewhere", path), 0);
  assert_int_equal(scu__log_file_open(&of_path, NULL, &file, NULL), SCU_ERROR_STORAGE);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* with whom it could be opened */
  assert_int_equal(scu__log_file_open(&of_path, NULL, &file, NULL), SCU_ERROR_STORAGE);
  close(reader);
}

static void test_a_size_begins_a_new_file_and_n_old_ones_are_kept(void **state) {
  (void)state;
  scu__log_file *file = open_log(10, 2);
  put(file, "first\n");
  put(file, "2nd\n"); /* 10 bytes: just fits */
  put(file, "third line\n");
  put(file, "fourth\n");
  put(file, "fifth\n");
  scu__log_file_close(file);
  assert_string_equal(content(""), "fifth\n");
  assert_string_equal(content(".1"), "fourth\n");
  assert_string_equal(content(".2"), "third line\n");
  assert_string_equal(content(".3"), "(no file)");
  assert_int_equal(mode(), 0600);
}

static void test_without_generations_the_old_lines_go(void **state) {
  (void)state;
  scu__log_file *file = open_log(10, 0);
  put(file, "first\n");
  put(file, "second\n");
  scu__log_file_close(file);
  assert_string_equal(content(""), "second\n");
  assert_string_equal(content(".1"), "(no file)");
}

static void move_away(void) {
  char other[80];
  snprintf(other, sizeof other, "%s.other", path);
  assert_int_equal(rename(path, other), 0);
}

static void test_a_file_that_others_rotated_is_noticed_within_a_second(void **state) {
  (void)state;
  scu__log_file *file = open_log(0, 0);
  put(file, "before\n");
  move_away();
  put(file, "at once\n"); /* it is looked at once a second */
  now_ms += 1000;
  put(file, "later\n");
  assert_string_equal(content(".other"), "before\nat once\n");
  assert_string_equal(content(""), "later\n");
  move_away();
  scu__log_file *another = open_log(0, 0); /* now the path names a file that is not ours */
  put(another, "another's\n");
  now_ms += 1000;
  put(file, "ours\n");
  scu__log_file_close(file);
  scu__log_file_close(another);
  assert_string_equal(content(""), "another's\nours\n");
}

static void test_who_asks_has_it_reopened_before_the_next_line(void **state) {
  (void)state;
  scu__log_file *file = open_log(0, 0);
  put(file, "before\n");
  move_away();
  scu__log_file_reopen(file);
  put(file, "after\n");
  scu__log_file_close(file);
  assert_string_equal(content(".other"), "before\n");
  assert_string_equal(content(""), "after\n");
}

static void test_a_full_disk_loses_lines_raises_no_signal_and_is_tried_again(void **state) {
  (void)state;
  struct rlimit before, small;
  scu__log_file *file = open_log(0, 0);
  put(file, "one\n");
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 7;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0); /* SIGXFSZ would end us */
  bool is_written = scu__log_file_write(file, "lost line\n", 10);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_false(is_written);
  put(file, "two\n");
  scu__log_file_close(file);
  assert_string_equal(content(""), "one\nlos\ntwo\n");
}

enum { LINES = 1000 };
static pthread_barrier_t start;

static void *add_lines(void *user) {
  char line[2001];
  memset(line, *(const char *)user, sizeof line - 1);
  line[sizeof line - 1] = '\n';
  const scu__log_file_options options = {.path = path, .clock = &hands};
  scu__log_file *file;
  if (scu__log_file_open(&options, NULL, &file, NULL) != SCU_OK) abort(); /* the other would wait for ever */
  pthread_barrier_wait(&start);
  for (int i = 0; i < LINES; i++) scu__log_file_write(file, line, sizeof line);
  scu__log_file_close(file);
  return NULL;
}

static void test_lines_of_several_writers_stay_whole(void **state) {
  (void)state;
  pthread_t threads[2];
  char letters[] = "ab", line[2100];
  int lines = 0;
  assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
  for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, add_lines, letters + i), 0);
  for (size_t i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  pthread_barrier_destroy(&start);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  for (; fgets(line, sizeof line, file); lines++) {
    assert_int_equal(strlen(line), 2001);
    assert_int_equal(strspn(line, (char[]){line[0], 0}), 2000);
  }
  fclose(file);
  assert_int_equal(lines, 2 * LINES);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      FILE_TEST(test_a_new_file_is_private_and_an_old_one_is_gone_on_with),
      FILE_TEST(test_links_folders_and_pipes_are_refused),
      FILE_TEST(test_a_size_begins_a_new_file_and_n_old_ones_are_kept),
      FILE_TEST(test_without_generations_the_old_lines_go),
      FILE_TEST(test_a_file_that_others_rotated_is_noticed_within_a_second),
      FILE_TEST(test_who_asks_has_it_reopened_before_the_next_line),
      FILE_TEST(test_a_full_disk_loses_lines_raises_no_signal_and_is_tried_again),
      FILE_TEST(test_lines_of_several_writers_stay_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
