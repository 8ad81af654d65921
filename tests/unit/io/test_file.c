/* Sources over local files: what is opened, what is refused, and files that change under the reader. */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "io/file.h"
#include "scratch.h"

static void test_a_regular_file_is_read_at_any_offset(void **state) {
  (void)state;
  write_scratch("a", "0123456789", 10);
  scu__source *source;
  int next = dup(STDERR_FILENO); /* the number that the file will have */
  close(next);
  assert_int_equal(scu__file_source_open(in_scratch("a"), NULL, &source, NULL), SCU_OK);
  assert_int_equal(source->size, 10);
  char four[5] = {0};
  assert_int_equal(source->read_at(source, 3, four, 4, NULL), SCU_OK);
  assert_string_equal(four, "3456");
  int flags = fcntl(next, F_GETFD);
  assert_true(flags >= 0 && (flags & FD_CLOEXEC));
  scu__source_close(source);
  scu__source_close(NULL);
}

static void test_reading_past_the_end_fails(void **state) {
  (void)state;
  write_scratch("a", "0123456789", 10);
  scu__source *source;
  char to[8];
  assert_int_equal(scu__file_source_open(in_scratch("a"), NULL, &source, NULL), SCU_OK);
  assert_int_equal(source->read_at(source, 8, to, 3, NULL), SCU_ERROR_STORAGE);
  assert_int_equal(source->read_at(source, UINT64_MAX, to, 1, NULL), SCU_ERROR_STORAGE);
  assert_int_equal(source->read_at(source, 10, to, 0, NULL), SCU_OK);
  scu__source_close(source);
}

static void test_a_file_that_shrinks_is_a_storage_error_naming_the_path(void **state) {
  (void)state;
  write_scratch("shrinks.dcm", "0123456789", 10);
  scu__source *source;
  char to[10];
  scu_error error = {0};
  assert_int_equal(scu__file_source_open(in_scratch("shrinks.dcm"), NULL, &source, NULL), SCU_OK);
  assert_int_equal(truncate(in_scratch("shrinks.dcm"), 4), 0);
  assert_int_equal(source->read_at(source, 0, to, 10, &error), SCU_ERROR_STORAGE);
  assert_non_null(strstr(scu_error_reason(&error), "shrinks.dcm"));
  assert_int_equal(scu_error_offset(&error), 4);
  scu__source_close(source);
}

enum { LENT_LENGTH = 200 * 1024 }; /* worth lending */

static scu__source *open_lender(const char *name) {
  static uint8_t bytes[LENT_LENGTH];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i / 3);
  write_scratch(name, bytes, sizeof bytes);
  scu__source *source;
  assert_int_equal(scu__file_source_open(in_scratch(name), NULL, &source, NULL), SCU_OK);
  return source;
}

/* What the kernel makes of lent bytes: as many as it takes, or -1 and errno. */
static ssize_t let_kernel_read(const uint8_t *bytes, size_t length) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  ssize_t taken = write(ends[1], bytes, length);
  close(ends[0]);
  close(ends[1]);
  return taken;
}

static void test_what_is_lent_can_be_given_back_and_lent_again(void **state) {
  (void)state;
  scu__source *source = open_lender("lent");
  for (int i = 0; i < 3; i++) {
    const uint8_t *bytes = source->lend(source, 300, 1000);
    assert_non_null(bytes);
    assert_int_equal(bytes[0], 100);
    assert_int_equal(bytes[999], 1299 / 3 % 256);
    assert_int_equal(let_kernel_read(bytes, 1000), 1000);
    source->give_back(source);
    source->give_back(source); /* nothing is out */
  }
  assert_null(source->lend(source, LENT_LENGTH, 1));
  assert_null(source->lend(source, UINT64_MAX, 1));
  scu__source_close(source);
}

static void test_small_files_are_not_lent(void **state) {
  (void)state;
  write_scratch("small", "0123456789", 10);
  scu__source *source;
  assert_int_equal(scu__file_source_open(in_scratch("small"), NULL, &source, NULL), SCU_OK);
  assert_null(source->lend(source, 0, 10));
  source->give_back(source);
  scu__source_close(source);
}

static void test_the_kernel_takes_no_bytes_of_a_lent_file_that_shrank(void **state) {
  (void)state;
  scu__source *source = open_lender("shrinks");
  const uint8_t *before = source->lend(source, 100 * 1024, 4096);
  assert_non_null(before);
  assert_int_equal(truncate(in_scratch("shrinks"), 4096), 0);
  assert_int_equal(let_kernel_read(before, 4096), -1);
  assert_int_equal(errno, EFAULT);
  source->give_back(source);
  const uint8_t *after = source->lend(source, 100 * 1024, 4096);
  assert_non_null(after);
  assert_int_equal(let_kernel_read(after, 4096), -1);
  assert_int_equal(errno, EFAULT);
  scu__source_close(source);
}

static void assert_refused(const char *name, const char *word) {
  scu__source *source;
  scu_error error = {0};
  assert_int_equal(scu__file_source_open(in_scratch(name), NULL, &source, &error), SCU_ERROR_STORAGE);
  assert_null(source);
  if (!strstr(scu_error_reason(&error), word)) fail_msg("\"%s\" lacks \"%s\"", scu_error_reason(&error), word);
  assert_non_null(strstr(scu_error_reason(&error), name));
}

static void test_folder_fifo_socket_and_missing_are_refused_without_blocking(void **state) {
  (void)state;
  assert_int_equal(mkdir(in_scratch("folder"), 0700), 0);
  assert_int_equal(mkfifo(in_scratch("fifo"), 0600), 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.100s", in_scratch("sock"));
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_refused("folder", "a folder");
  assert_refused("fifo", "a FIFO");
  assert_refused("sock", "not a regular file");
  assert_refused("missing", "no such file");
  close(listener);
}

static void test_reading_whole_is_bounded(void **state) {
  (void)state;
  write_scratch("config", "key=value\n", 10);
  uint8_t *bytes;
  size_t length;
  assert_int_equal(scu__file_read_whole(in_scratch("config"), NULL, 10, &bytes, &length, NULL), SCU_OK);
  assert_int_equal(length, 10);
  assert_string_equal((char *)bytes, "key=value\n");
  scu__free(NULL, bytes);
  assert_int_equal(scu__file_read_whole(in_scratch("config"), NULL, 9, &bytes, &length, NULL), SCU_ERROR_LIMIT);
  assert_null(bytes);
}

static void test_kinds_are_told_apart(void **state) {
  (void)state;
  int os_errno;
  write_scratch("file", "", 0);
  assert_int_equal(symlink("file", in_scratch("link")), 0);
  assert_int_equal(mkfifo(in_scratch("fifo"), 0600), 0);
  assert_int_equal(scu__file_kind_of(in_scratch("file"), NULL), SCU__FILE_REGULAR);
  assert_int_equal(scu__file_kind_of(in_scratch("link"), NULL), SCU__FILE_REGULAR);
  assert_int_equal(scu__file_kind_of(in_scratch("fifo"), NULL), SCU__FILE_OTHER);
  assert_int_equal(scu__file_kind_of(in_scratch("."), NULL), SCU__FILE_FOLDER);
  assert_int_equal(scu__file_kind_of(in_scratch("none"), &os_errno), SCU__FILE_NONE);
  assert_int_not_equal(os_errno, 0);
}

#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      SCRATCH_TEST(test_a_regular_file_is_read_at_any_offset),
      SCRATCH_TEST(test_reading_past_the_end_fails),
      SCRATCH_TEST(test_a_file_that_shrinks_is_a_storage_error_naming_the_path),
      SCRATCH_TEST(test_what_is_lent_can_be_given_back_and_lent_again),
      SCRATCH_TEST(test_small_files_are_not_lent),
      SCRATCH_TEST(test_the_kernel_takes_no_bytes_of_a_lent_file_that_shrank),
      SCRATCH_TEST(test_folder_fifo_socket_and_missing_are_refused_without_blocking),
      SCRATCH_TEST(test_reading_whole_is_bounded),
      SCRATCH_TEST(test_kinds_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
