/* A daemon that is there, is not, comes back and does not read; and descriptors whose reader sleeps or has gone. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/datagram.h"

static char folder[] = "/tmp/scu-datagram-XXXXXX", path[64];
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
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/log", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static int daemon_at(const char *where) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, where, strlen(where));
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void test_what_is_sent_arrives_as_one_datagram(void **state) {
  (void)state;
  char got[16] = "";
  scu__datagram datagram;
  int fd = daemon_at(path);
  assert_int_equal(scu__datagram_open(&datagram, path, &hands, NULL), SCU_OK);
  assert_true(scu__datagram_send(&datagram, "hello", 5));
  assert_int_equal(recv(fd, got, sizeof got, 0), 5);
  assert_string_equal(got, "hello");
  scu__datagram_close(&datagram);
  close(fd);
}

static void test_a_daemon_that_is_not_there_is_looked_for_once_a_second(void **state) {
  (void)state;
  scu__datagram datagram;
  assert_int_equal(scu__datagram_open(&datagram, path, &hands, NULL), SCU_OK);
  assert_false(scu__datagram_send(&datagram, "x", 1));
  int fd = daemon_at(path);
  assert_false(scu__datagram_send(&datagram, "x", 1));
  now_ms += 1000;
  assert_true(scu__datagram_send(&datagram, "x", 1));
  close(fd); /* it goes, and another comes */
  assert_false(scu__datagram_send(&datagram, "x", 1));
  unlink(path);
  fd = daemon_at(path);
  now_ms += 1000;
  assert_true(scu__datagram_send(&datagram, "x", 1));
  scu__datagram_close(&datagram);
  close(fd);
}

static void test_a_daemon_that_does_not_read_is_not_waited_for(void **state) {
  (void)state;
  scu__datagram datagram;
  char got[8];
  int fd = daemon_at(path);
  assert_int_equal(scu__datagram_open(&datagram, path, &hands, NULL), SCU_OK);
  int taken = 0;
  while (taken < 100000 && scu__datagram_send(&datagram, "x", 1)) taken++;
  assert_true(taken > 0 && taken < 100000);
  assert_int_equal(recv(fd, got, sizeof got, 0), 1);
  assert_true(scu__datagram_send(&datagram, "x", 1)); /* without a pause: it is still there */
  scu__datagram_close(&datagram);
  close(fd);
}

static void test_a_path_that_no_socket_can_have_is_usage(void **state) {
  (void)state;
  char longest[200];
  scu__datagram datagram;
  memset(longest, 'a', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  assert_int_equal(scu__datagram_open(&datagram, longest, &hands, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu__datagram_open(&datagram, "", &hands, NULL), SCU_ERROR_USAGE);
}

static void test_a_full_pipe_is_waited_for_so_long_and_a_broken_one_raises_no_signal(void **state) {
  (void)state;
  int ends[2];
  static char line[1000];
  memset(line, 'x', sizeof line);
  assert_int_equal(pipe(ends), 0);
  int taken = 0;
  while (taken < 1000 && scu__descriptor_write_line(ends[1], line, sizeof line, 10)) taken++;
  assert_true(taken > 10 && taken < 1000);
  char got[8192];
  assert_true(read(ends[0], got, sizeof got) == (ssize_t)sizeof got);
  assert_true(scu__descriptor_write_line(ends[1], line, sizeof line, 10));
  close(ends[0]);
  assert_false(scu__descriptor_write_line(ends[1], line, sizeof line, 10)); /* SIGPIPE would end us */
  close(ends[1]);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  close(ends[0]); /* of which poll says that it takes more */
  assert_false(scu__descriptor_write_line(ends[1], line, sizeof line, 10));
  close(ends[1]);
}

#define SOCKET_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      SOCKET_TEST(test_what_is_sent_arrives_as_one_datagram),
      SOCKET_TEST(test_a_daemon_that_is_not_there_is_looked_for_once_a_second),
      SOCKET_TEST(test_a_daemon_that_does_not_read_is_not_waited_for),
      SOCKET_TEST(test_a_path_that_no_socket_can_have_is_usage),
      SOCKET_TEST(test_a_full_pipe_is_waited_for_so_long_and_a_broken_one_raises_no_signal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
