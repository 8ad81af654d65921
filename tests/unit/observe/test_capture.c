/* What stands in the file, read back block by block; and files that cannot be had, or hold no more. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trace.h"
#include "scu/capture.h"
#include "support/failing_allocator.h"

static char folder[] = "/tmp/scu-capture-XXXXXX", path[64];
static uint8_t content[512 * 1024];
static size_t content_length;

static int make_folder(void **state) {
  (void)state;
  memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/trace.pcapng", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static const scu__trace_ends ends = {
    .local = {127, 0, 0, 1}, .peer = {127, 0, 0, 1}, .local_port = 40000, .peer_port = 11112};

static void read_file(void) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  content_length = fread(content, 1, sizeof content, file);
  fclose(file);
}

static uint32_t at(size_t offset) {
  uint32_t value;
  assert_true(offset + 4 <= content_length);
  memcpy(&value, content + offset, 4);
  return value;
}

/* Counts the packet blocks after checking how blocks hang together; adds up what the packets carry. */
static size_t count_packets(size_t *payload) {
  size_t packets = 0, offset = 0;
  *payload = 0;
  read_file();
  assert_int_equal(at(0), 0x0A0D0D0A);
  assert_int_equal(at(8), 0x1A2B3C4D);
  while (offset < content_length) {
    size_t length = at(offset + 4);
    assert_int_equal(length % 4, 0);
    assert_int_equal(at(offset + length - 4), length);
    if (at(offset) == 6) {
      assert_int_equal(at(offset + 20), at(offset + 24));
      *payload += at(offset + 20) - 40;
      packets++;
    }
    offset += length;
  }
  assert_int_equal(offset, content_length);
  return packets;
}

static scu__tap *tap_of(scu_capture *capture) {
  return (scu__tap *)capture;
}

static void test_conversations_become_packets_of_a_private_file(void **state) {
  (void)state;
  scu_capture *capture;
  uint8_t *pdu = calloc(1, 150000);
  assert_non_null(pdu);
  pdu[0] = 0x04;
  umask(0);
  assert_int_equal(scu_capture_new(NULL, path, &capture), SCU_OK);
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  scu__tap *tap = tap_of(capture);
  void *one = tap->connected(tap, &ends), *other = tap->connected(tap, &ends);
  tap->pdu(tap, one, true, pdu, 10);
  tap->pdu(tap, other, false, pdu, 150000); /* three packets */
  tap->closed(tap, one);
  tap->closed(tap, other);
  assert_int_equal(scu_capture_result(capture), SCU_OK);
  scu_capture_free(capture);
  free(pdu);
  size_t payload;
  assert_int_equal(count_packets(&payload), 3 + 3 + 1 + 3 + 3 + 3);
  assert_int_equal(payload, 150010);
}

static void test_secrets_are_not_in_the_file(void **state) {
  (void)state;
  uint8_t pdu[74 + 4 + 4 + 6 + 3 + 6] = {0x01};
  static const uint8_t items[] = {0x50, 0,   0,   19, 0x58, 0,   0,   15,  2,   0,   0,  3,
                                  'b',  'o', 'b', 0,  6,    't', 'i', 'g', 'e', 'r', '!'};
  memcpy(pdu + 74, items, sizeof items);
  uint8_t before[sizeof pdu];
  memcpy(before, pdu, sizeof pdu);
  scu_capture *capture;
  assert_int_equal(scu_capture_new(NULL, path, &capture), SCU_OK);
  scu__tap *tap = tap_of(capture);
  void *one = tap->connected(tap, &ends);
  tap->pdu(tap, one, true, pdu, sizeof pdu);
  tap->closed(tap, one);
  scu_capture_free(capture);
  assert_memory_equal(pdu, before, sizeof pdu); /* what goes out is another matter */
  read_file();
  assert_non_null(memmem(content, content_length, "bob", 3));
  assert_null(memmem(content, content_length, "tiger!", 6));
  assert_non_null(memmem(content, content_length, "xxxxxx", 6));
}

static void test_a_file_that_cannot_be_had_is_refused(void **state) {
  (void)state;
  scu_capture *capture;
  assert_int_equal(scu_capture_new(NULL, "", &capture), SCU_ERROR_USAGE);
  scu_capture_free(capture);
  assert_int_equal(scu_capture_new(NULL, "/nonexistent/x", &capture), SCU_ERROR_STORAGE);
  assert_non_null(strstr(scu_error_reason(scu_capture_error(capture)), "/nonexistent/x"));
  assert_null(tap_of(capture)->connected(tap_of(capture), &ends));
  scu_capture_free(capture);
  assert_int_equal(scu_capture_new(NULL, folder, &capture), SCU_ERROR_STORAGE);
  scu_capture_free(capture);
  assert_int_equal(symlink("elsewhere", path), 0);
  assert_int_equal(scu_capture_new(NULL, path, &capture), SCU_ERROR_STORAGE);
  scu_capture_free(capture);
  scu_capture_free(NULL);
}

static void test_a_full_disk_ends_the_trace_behind_a_whole_packet(void **state) {
  (void)state;
  struct rlimit before, small;
  static uint8_t pdu[30000] = {0x04};
  scu_capture *capture;
  assert_int_equal(scu_capture_new(NULL, path, &capture), SCU_OK);
  scu__tap *tap = tap_of(capture);
  void *one = tap->connected(tap, &ends);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 100000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0); /* SIGXFSZ would end us */
  for (int i = 0; i < 5; i++) tap->pdu(tap, one, true, pdu, sizeof pdu);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(scu_capture_result(capture), SCU_ERROR_STORAGE);
  tap->pdu(tap, one, true, pdu, sizeof pdu); /* space is back: a hole in the middle would be a lie */
  assert_null(tap->connected(tap, &ends));
  tap->closed(tap, one);
  scu_capture_free(capture);
  size_t payload;
  assert_int_equal(count_packets(&payload), 3 + 3);
  assert_int_equal(payload, 90000);
}

static void test_a_pdu_that_could_not_be_shown_ends_the_trace(void **state) {
  (void)state;
  static const uint8_t pdu[10] = {0x04};
  scu_capture *capture;
  assert_int_equal(scu_capture_new(NULL, path, &capture), SCU_OK);
  scu__tap *tap = tap_of(capture);
  void *one = tap->connected(tap, &ends);
  tap->pdu(tap, one, true, pdu, sizeof pdu);
  tap->pdu(tap, one, true, NULL, 0);
  tap->pdu(tap, one, true, pdu, sizeof pdu);
  tap->closed(tap, one);
  assert_int_equal(scu_capture_result(capture), SCU_ERROR_MEMORY);
  scu_capture_free(capture);
  size_t payload;
  assert_int_equal(count_packets(&payload), 3 + 1);
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  static const uint8_t pdu[100] = {0x01};
  size_t allowed = 0;
  for (bool was_whole = false; !was_whole; allowed++) {
    failing_allocator failing;
    failing_allocator_init(&failing, allowed);
    scu_capture *capture;
    scu_result result = scu_capture_new(&failing.allocator, path, &capture);
    if (result == SCU_OK) {
      scu__tap *tap = tap_of(capture);
      void *one = tap->connected(tap, &ends);
      if (one) {
        tap->pdu(tap, one, true, pdu, sizeof pdu);
        tap->closed(tap, one);
      }
      was_whole = failing.requests <= failing.fail_at;
      assert_int_equal(scu_capture_result(capture), was_whole ? SCU_OK : SCU_ERROR_MEMORY);
    } else {
      assert_int_equal(result, SCU_ERROR_MEMORY);
    }
    scu_capture_free(capture);
    assert_int_equal(failing.alive, 0);
  }
  assert_true(allowed > 5);
}

#define CAPTURE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      CAPTURE_TEST(test_conversations_become_packets_of_a_private_file),
      CAPTURE_TEST(test_secrets_are_not_in_the_file),
      CAPTURE_TEST(test_a_file_that_cannot_be_had_is_refused),
      CAPTURE_TEST(test_a_full_disk_ends_the_trace_behind_a_whole_packet),
      CAPTURE_TEST(test_a_pdu_that_could_not_be_shown_ends_the_trace),
      CAPTURE_TEST(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
