/* The journal: what was appended comes back, what was torn does not, and nobody else may have it. */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "io/journal.h"
#include "scratch.h"
#include "support/failing_allocator.h"

enum { TEXT_ROOM = 4096, MAGIC = 8, HEAD = 12 };

static char taken[TEXT_ROOM];

static scu_result take(void *user, const uint8_t *bytes, size_t length) {
  (void)user;
  size_t used = strlen(taken);
  snprintf(taken + used, sizeof taken - used, "[%.*s]", (int)length, length > 0 ? (const char *)bytes : "");
  return SCU_OK;
}

static scu__journal *open_journal(const char *path) {
  scu__journal *journal = NULL;
  scu_error error = {0};
  taken[0] = 0;
  if (scu__journal_open(path, NULL, take, NULL, &journal, &error) != SCU_OK) fail_msg("%s", error.reason);
  return journal;
}

static void append(scu__journal *journal, const char *text) {
  assert_int_equal(scu__journal_append(journal, text, strlen(text), NULL), SCU_OK);
}

static void test_records_come_back_in_their_order(void **state) {
  (void)state;
  const char *path = in_scratch("j");
  scu__journal *journal = open_journal(path);
  append(journal, "one");
  append(journal, "");
  append(journal, "three");
  scu__journal_close(journal);
  journal = open_journal(path);
  assert_string_equal(taken, "[one][][three]");
  append(journal, "four");
  scu__journal_close(journal);
  scu__journal_close(open_journal(path));
  assert_string_equal(taken, "[one][][three][four]");
  scu__journal_close(NULL);
}

static void test_a_cleared_journal_is_empty(void **state) {
  (void)state;
  const char *path = in_scratch("j");
  scu__journal *journal = open_journal(path);
  append(journal, "one");
  assert_int_equal(scu__journal_clear(journal, NULL), SCU_OK);
  assert_int_equal(scu__journal_length(journal), MAGIC);
  append(journal, "two");
  scu__journal_close(journal);
  scu__journal_close(open_journal(path));
  assert_string_equal(taken, "[two]");
}

/* Cut at every byte, the journal has the records that are whole, and can be written again. */
static void test_a_journal_cut_anywhere_has_what_was_whole(void **state) {
  (void)state;
  const char *path = in_scratch("j");
  scu__journal *journal = open_journal(path);
  append(journal, "one");
  append(journal, "two");
  uint64_t whole = scu__journal_length(journal);
  scu__journal_close(journal);
  for (uint64_t length = whole; length-- > 0;) {
    journal = open_journal(path);
    assert_int_equal(scu__journal_clear(journal, NULL), SCU_OK);
    append(journal, "one");
    append(journal, "two");
    scu__journal_close(journal);
    assert_int_equal(truncate(path, (off_t)length), 0);
    journal = open_journal(path);
    assert_string_equal(taken, length >= MAGIC + HEAD + 3 ? "[one]" : "");
    append(journal, "three");
    scu__journal_close(journal);
    scu__journal_close(open_journal(path));
    assert_string_equal(taken, length >= MAGIC + HEAD + 3 ? "[one][three]" : "[three]");
  }
}

static void test_a_record_with_any_byte_changed_is_not_read(void **state) {
  (void)state;
  const char *path = in_scratch("j");
  for (long at = MAGIC; at < MAGIC + HEAD + 3; at++) {
    scu__journal *journal = open_journal(path);
    assert_int_equal(scu__journal_clear(journal, NULL), SCU_OK);
    append(journal, "one");
    scu__journal_close(journal);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 0x40, file);
    fclose(file);
    scu__journal_close(open_journal(path));
    assert_string_equal(taken, "");
  }
}

static void test_what_is_no_journal_is_left_alone(void **state) {
  (void)state;
  scu__journal *journal;
  write_scratch("j", "something else", 14);
  assert_int_equal(scu__journal_open(in_scratch("j"), NULL, take, NULL, &journal, NULL), SCU_ERROR_MALFORMED);
  assert_null(journal);
  assert_int_equal(size_of(in_scratch("j")), 14);
  assert_int_equal(scu__journal_open(in_scratch("no/such"), NULL, take, NULL, &journal, NULL), SCU_ERROR_STORAGE);
}

static void test_an_open_journal_is_nobody_elses(void **state) {
  (void)state;
  scu__journal *first = open_journal(in_scratch("j")), *second;
  scu_error error = {0};
  assert_int_equal(scu__journal_open(in_scratch("j"), NULL, take, NULL, &second, &error), SCU_ERROR_STORAGE);
  assert_non_null(strstr(error.reason, "in use"));
  scu__journal_close(first);
  scu__journal_close(open_journal(in_scratch("j")));
}

static void test_a_fresh_journal_takes_the_place_of_an_old_one(void **state) {
  (void)state;
  scu__journal *old = open_journal(in_scratch("j")), *fresh, *other;
  append(old, "old");
  fresh = open_journal(in_scratch("j.new"));
  append(fresh, "fresh");
  assert_int_equal(scu__journal_rename(fresh, in_scratch("j"), NULL), SCU_OK);
  scu__journal_close(old);
  assert_int_equal(scu__journal_open(in_scratch("j"), NULL, take, NULL, &other, NULL), SCU_ERROR_STORAGE);
  append(fresh, "more");
  scu__journal_close(fresh);
  scu__journal_close(open_journal(in_scratch("j")));
  assert_string_equal(taken, "[fresh][more]");
  assert_int_equal(size_of(in_scratch("j.new")), -1);
}

/* A full disk, by RLIMIT_FSIZE: the record is refused and leaves nothing behind. */
static void test_a_full_disk_leaves_the_journal_as_it_was(void **state) {
  (void)state;
  static char big[8192];
  struct rlimit before, small;
  scu_error error = {0};
  scu__journal *journal = open_journal(in_scratch("j"));
  append(journal, "one");
  memset(big, 'x', sizeof big - 1);
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &small);
  scu_result result = scu__journal_append(journal, big, sizeof big, &error);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(result, SCU_ERROR_STORAGE);
  assert_int_equal(scu_error_errno(&error), EFBIG);
  append(journal, "two");
  scu__journal_close(journal);
  scu__journal_close(open_journal(in_scratch("j")));
  assert_string_equal(taken, "[one][two]");
}

static scu_result refuse(void *user, const uint8_t *bytes, size_t length) {
  (void)user, (void)bytes, (void)length;
  return SCU_ERROR_LIMIT;
}

static void test_a_record_nobody_can_use_ends_the_opening(void **state) {
  (void)state;
  scu__journal *journal = open_journal(in_scratch("j"));
  append(journal, "one");
  scu__journal_close(journal);
  assert_int_equal(scu__journal_open(in_scratch("j"), NULL, refuse, NULL, &journal, NULL), SCU_ERROR_LIMIT);
  assert_null(journal);
}

/* The child inherits the lock with the descriptor: it is free when both have closed it. */
static void test_a_journal_that_is_shared_is_had_in_turn(void **state) {
  (void)state;
  const char *path = in_scratch("j");
  scu__journal *first = open_journal(path), *second = NULL;
  pid_t child = fork();
  if (child == 0) {
    scu__journal_close(first);
    scu_result result = scu__journal_open_in_turn(path, NULL, take, NULL, &second, NULL);
    if (result == SCU_OK) result = scu__journal_append(second, "later", 5, NULL);
    _exit(result == SCU_OK && strcmp(taken, "[first]") == 0 ? 0 : 1);
  }
  append(first, "first");
  scu__journal_close(first);
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  scu__journal_close(open_journal(path));
  assert_string_equal(taken, "[first][later]");
}

static void test_a_deleted_journal_is_gone(void **state) {
  (void)state;
  scu__journal *journal = open_journal(in_scratch("j"));
  append(journal, "one");
  assert_int_equal(scu__journal_delete(journal, NULL), SCU_OK);
  assert_int_equal(size_of(in_scratch("j")), -1);
  journal = open_journal(in_scratch("j"));
  assert_string_equal(taken, "");
  assert_int_equal(unlink(in_scratch("j")), 0);
  assert_int_equal(scu__journal_delete(journal, NULL), SCU_ERROR_STORAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_records_come_back_in_their_order),
      TEST(test_a_cleared_journal_is_empty),
      TEST(test_a_journal_cut_anywhere_has_what_was_whole),
      TEST(test_a_record_with_any_byte_changed_is_not_read),
      TEST(test_what_is_no_journal_is_left_alone),
      TEST(test_an_open_journal_is_nobody_elses),
      TEST(test_a_fresh_journal_takes_the_place_of_an_old_one),
      TEST(test_a_full_disk_leaves_the_journal_as_it_was),
      TEST(test_a_record_nobody_can_use_ends_the_opening),
      TEST(test_a_journal_that_is_shared_is_had_in_turn),
      TEST(test_a_deleted_journal_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
