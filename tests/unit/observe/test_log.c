/* The lines of a log, wherever they go: their form, levels, what is lost, and every allocation that may fail. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/trace.h"
#include "observe/log_sink.h"
#include "scu/log.h"
#include "support/failing_allocator.h"

static char folder[] = "/tmp/scu-log-XXXXXX", path[64];

static int make_folder(void **state) {
  (void)state;
  memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/log", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static const char *content(void) {
  static char text[64 * 1024];
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  return text;
}

static bool is_like(const char *text, const char *pattern) {
  regex_t regex;
  assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
  bool is = regexec(&regex, text, 0, NULL, 0) == 0;
  regfree(&regex);
  return is;
}

static scu_log *open_log(scu_log_options options) {
  scu_log *log;
  options.size = sizeof options;
  if (options.level == SCU_LOG_OFF) options.level = SCU_LOG_INFO;
  assert_int_equal(scu_log_new(NULL, &options, &log), SCU_OK);
  return log;
}

static void test_lines_have_time_level_association_and_text(void **state) {
  (void)state;
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_FILE, .path = path});
  scu_log_text(log, SCU_LOG_WARNING, 7, "first\nsecond\r\x1B[31m\xE2\x80\xAE \xFF \xC3\xA9");
  scu_log_text(log, SCU_LOG_INFO, 0, "");
  scu_log_free(log);
  if (!is_like(content(),
               "^2[0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z warning 7 first\n"
               "[^ ]* warning 7 second\\?\\?\\[31m\\? \\? \xC3\xA9\n[^ ]* info - \n$"))
    fail_msg("%s", content());
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_what_nobody_sees_is_made_visible(void **state) {
  (void)state;
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_FILE, .path = path});
  scu_log_text(log, SCU_LOG_INFO, 0,
               "a\xE2\x80\x8B" /* U+200B */ "b\xC2\xAD" /* U+00AD */ "c\xEF\xBF\xB9" /* U+FFF9 */
               "d\xF3\xA0\x81\x81" /* U+E0041 */ "e\xE2\x81\xA0" /* U+2060 */ "f\xC2\x85" /* U+0085 */ "g");
  scu_log_free(log);
  if (!is_like(content(), " a\\?b\\?c\\?d\\?e\\?f\\?g\n$")) fail_msg("%s", content());
}

static void test_a_line_that_is_too_long_is_cut(void **state) {
  (void)state;
  static char text[100000];
  memset(text, 'x', sizeof text - 1);
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_FILE, .path = path});
  scu_log_text(log, SCU_LOG_INFO, 0, text);
  scu_log_free(log);
  assert_true(is_like(content(), "x \\.\\.\\.\n$"));
  assert_true(strlen(content()) < SCU__LOG_LINE_MAX + 64);
}

typedef struct heard {
  int count;
  char last[256];
  scu_log_level level;
  uint32_t association;
} heard;

static void hear(void *user, const scu_log_line *line) {
  heard *h = user;
  h->count++;
  snprintf(h->last, sizeof h->last, "%s", line->text);
  h->level = line->level;
  h->association = line->association;
  assert_true(line->size >= sizeof *line && line->time_ns > 0);
}

static void test_level_and_switch_hold_from_one_line_to_the_next(void **state) {
  (void)state;
  heard h = {0};
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_CALLBACK, .line = hear, .user = &h});
  scu_log_text(log, SCU_LOG_DEBUG, 1, "no");
  assert_int_equal(h.count, 0);
  scu_log_set_level(log, SCU_LOG_DEBUG);
  assert_int_equal(scu_log_get_level(log), SCU_LOG_DEBUG);
  scu_log_text(log, SCU_LOG_DEBUG, 3, "yes");
  assert_int_equal(h.count, 1);
  assert_string_equal(h.last, "yes");
  assert_int_equal(h.level, SCU_LOG_DEBUG);
  assert_int_equal(h.association, 3);
  scu_log_set_on(log, false);
  assert_false(scu_log_wants(log, SCU_LOG_ERROR));
  scu_log_text(log, SCU_LOG_ERROR, 0, "no");
  scu_log_set_on(log, true);
  scu_log_text(log, SCU_LOG_DUMP, 0, "no");
  scu_log_set_level(log, SCU_LOG_OFF);
  scu_log_text(log, SCU_LOG_ERROR, 0, "no");
  scu_log_set_level(log, (scu_log_level)9); /* is none */
  assert_int_equal(scu_log_get_level(log), SCU_LOG_OFF);
  assert_int_equal(h.count, 1);
  scu_log_free(log);
}

static int daemon_at_path(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path));
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static const char *receive(int fd) {
  static char got[4096];
  ssize_t n = recv(fd, got, sizeof got - 1, 0);
  got[n > 0 ? n : 0] = 0;
  return got;
}

static void test_syslog_gets_a_datagram_a_line_as_rfc_3164_has_it(void **state) {
  (void)state;
  int fd = daemon_at_path();
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_SYSLOG, .path = path, .identifier = "gateway"});
  scu_log_text(log, SCU_LOG_ERROR, 4, "one\ntwo");
  if (!is_like(receive(fd),
               "^<11>[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} gateway\\[[0-9]+\\]: error 4 one$"))
    fail_msg("%s", receive(fd));
  assert_true(is_like(receive(fd), "error 4 two$"));
  scu_log_free(log);
  close(fd);
}

static void test_the_journal_gets_fields(void **state) {
  (void)state;
  int fd = daemon_at_path();
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_JOURNAL, .path = path});
  scu_log_text(log, SCU_LOG_WARNING, 4, "one");
  assert_string_equal(receive(fd), "PRIORITY=4\nSYSLOG_IDENTIFIER=scu\nSCU_ASSOCIATION=4\nMESSAGE=one\n");
  scu_log_text(log, SCU_LOG_INFO, 0, "two");
  assert_string_equal(receive(fd), "PRIORITY=6\nSYSLOG_IDENTIFIER=scu\nMESSAGE=two\n");
  scu_log_free(log);
  close(fd);
}

static void test_what_a_full_socket_does_not_take_is_counted_and_told(void **state) {
  (void)state;
  int fd = daemon_at_path();
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_JOURNAL, .path = path});
  for (int i = 0; i < 100000 && scu_log_lost(log) < 3; i++) scu_log_text(log, SCU_LOG_INFO, 0, "flood");
  assert_int_equal(scu_log_lost(log), 3);
  while (strstr(receive(fd), "flood")) {
  }
  scu_log_text(log, SCU_LOG_INFO, 0, "again");
  assert_non_null(strstr(receive(fd), "MESSAGE=3 lines of this log were lost\n"));
  assert_non_null(strstr(receive(fd), "MESSAGE=again\n"));
  scu_log_text(log, SCU_LOG_INFO, 0, "told once");
  assert_non_null(strstr(receive(fd), "MESSAGE=told once\n"));
  assert_int_equal(scu_log_lost(log), 3);
  scu_log_free(log);
  close(fd);
}

static void test_a_reader_that_does_not_read_delays_a_log_once(void **state) {
  (void)state;
  int ends[2];
  struct timespec before, after;
  assert_int_equal(pipe(ends), 0);
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_DESCRIPTOR, .descriptor = ends[1]});
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (int i = 0; i < 10000; i++) scu_log_text(log, SCU_LOG_INFO, 0, "a line for somebody who sleeps");
  clock_gettime(CLOCK_MONOTONIC, &after);
  assert_true(scu_log_lost(log) > 1000);
  assert_true(after.tv_sec - before.tv_sec < 5);
  scu_log_free(log);
  close(ends[0]);
  close(ends[1]);
}

static void *write_many(void *log) {
  for (int i = 0; i < 200; i++) scu_log_text(log, SCU_LOG_INFO, 1, "begin\nmiddle\nend");
  return NULL;
}

static void test_lines_of_one_record_stay_together_whoever_writes(void **state) {
  (void)state;
  pthread_t threads[2];
  heard h = {0};
  scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_CALLBACK, .line = hear, .user = &h});
  scu_log *file = open_log((scu_log_options){.kind = SCU_LOG_TO_FILE, .path = path});
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, write_many, i ? log : file), 0);
  write_many(log);
  write_many(file);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  assert_int_equal(h.count, 2 * 200 * 3);
  scu_log_free(log);
  scu_log_free(file);
  int place = 0, lines = 0;
  for (const char *p = content(); *p; p = strchr(p, '\n') + 1, place = (place + 1) % 3, lines++) {
    static const char *const words[] = {" begin\n", " middle\n", " end\n"};
    assert_ptr_equal(strstr(p, words[place]) + strlen(words[place]), strchr(p, '\n') + 1);
  }
  assert_int_equal(lines, 2 * 200 * 3);
}

static void test_datasets_of_the_caller_are_masked_unless_phi_is_wanted(void **state) {
  (void)state;
  for (int with_phi = 0; with_phi < 2; with_phi++) {
    scu_dataset *dataset;
    scu_log *log = open_log((scu_log_options){.kind = SCU_LOG_TO_FILE, .path = path, .with_phi = with_phi});
    assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
    assert_int_equal(scu_dataset_set_text(dataset, "PatientName", "CANARY^ONE"), SCU_OK);
    assert_int_equal(scu_dataset_set_text(dataset, "Modality", "CT"), SCU_OK);
    scu_log_dataset(log, SCU_LOG_INFO, 2, "what I have", dataset);
    scu_log_dataset(log, SCU_LOG_DUMP, 2, "not at this level", dataset);
    scu_dataset_free(dataset);
    assert_int_equal(scu_log_shows_phi(log), with_phi);
    scu_log_free(log);
    assert_true(is_like(content(), "info 2 what I have\n.*info 2 \\(0008,0060\\) CS \\[CT\\]"));
    assert_int_equal(strstr(content(), "CANARY") != NULL, with_phi);
    assert_int_equal(strstr(content(), "PN (masked)") != NULL, !with_phi);
    assert_null(strstr(content(), "not at this level"));
    unlink(path);
  }
}

static void test_options_that_make_no_log_are_usage_and_such_a_log_is_silent(void **state) {
  (void)state;
  const scu_log_options bad[] = {
      {.size = 3, .kind = SCU_LOG_TO_FILE, .path = path},
      {.size = sizeof *bad, .kind = SCU_LOG_TO_FILE},
      {.size = sizeof *bad, .kind = SCU_LOG_TO_FILE, .path = path, .generations = 101},
      {.size = sizeof *bad, .kind = SCU_LOG_TO_DESCRIPTOR, .descriptor = -1},
      {.size = sizeof *bad, .kind = SCU_LOG_TO_CALLBACK},
      {.size = sizeof *bad, .kind = (scu_log_kind)77},
      {.size = sizeof *bad, .kind = SCU_LOG_TO_FILE, .path = path, .level = (scu_log_level)6},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    scu_log *log;
    assert_int_equal(scu_log_new(NULL, &bad[i], &log), SCU_ERROR_USAGE);
    assert_int_equal(scu_error_result(scu_log_error(log)), SCU_ERROR_USAGE);
    scu_log_set_level(log, SCU_LOG_DUMP);
    assert_false(scu_log_wants(log, SCU_LOG_ERROR));
    scu_log_text(log, SCU_LOG_ERROR, 0, "nowhere");
    scu_log_reopen(log);
    scu__scribe *scribe = (scu__scribe *)log;
    assert_null(scribe->connected(scribe, 1, &(scu__trace_ends){0}));
    scu_log_free(log);
  }
  scu_log *log;
  assert_int_equal(scu_log_new(NULL, NULL, &log), SCU_ERROR_USAGE);
  scu_log_free(log);
  assert_int_equal(scu_log_new(NULL, bad, NULL), SCU_ERROR_USAGE);
  const scu_log_options of_folder = {.size = sizeof of_folder, .kind = SCU_LOG_TO_FILE, .path = folder};
  assert_int_equal(scu_log_new(NULL, &of_folder, &log), SCU_ERROR_STORAGE);
  scu_log_free(log);
  scu_log_free(NULL);
}

static void test_every_allocation_may_fail_and_the_line_is_counted(void **state) {
  (void)state;
  size_t allowed = 0, lost_somewhere = 0;
  for (bool was_whole = false; !was_whole; allowed++) {
    failing_allocator failing;
    failing_allocator_init(&failing, allowed);
    const scu_log_options options = {
        .size = sizeof options, .kind = SCU_LOG_TO_FILE, .path = path, .level = SCU_LOG_DUMP};
    scu_log *log;
    scu_result result = scu_log_new(&failing.allocator, &options, &log);
    if (result == SCU_OK) {
      scu_log_text(log, SCU_LOG_INFO, 0, "hello");
      was_whole = failing.requests <= failing.fail_at;
      if (!was_whole) assert_int_equal(scu_log_lost(log), 1);
      lost_somewhere += scu_log_lost(log);
    } else {
      assert_int_equal(result, SCU_ERROR_MEMORY);
    }
    scu_log_free(log);
    assert_int_equal(failing.alive, 0);
  }
  assert_true(allowed > 5);
  assert_int_equal(lost_somewhere, 1);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      LOG_TEST(test_lines_have_time_level_association_and_text),
      LOG_TEST(test_what_nobody_sees_is_made_visible),
      LOG_TEST(test_a_line_that_is_too_long_is_cut),
      LOG_TEST(test_level_and_switch_hold_from_one_line_to_the_next),
      LOG_TEST(test_syslog_gets_a_datagram_a_line_as_rfc_3164_has_it),
      LOG_TEST(test_the_journal_gets_fields),
      LOG_TEST(test_what_a_full_socket_does_not_take_is_counted_and_told),
      LOG_TEST(test_a_reader_that_does_not_read_delays_a_log_once),
      LOG_TEST(test_lines_of_one_record_stay_together_whoever_writes),
      LOG_TEST(test_datasets_of_the_caller_are_masked_unless_phi_is_wanted),
      LOG_TEST(test_options_that_make_no_log_are_usage_and_such_a_log_is_silent),
      LOG_TEST(test_every_allocation_may_fail_and_the_line_is_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
