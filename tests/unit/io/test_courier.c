/* Messages reach a receiver whole and in order, over UDP and TCP; where nobody is they are counted, and nobody waits
 * longer than he said. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/courier.h"
#include "io/socket.h"

enum { MESSAGES = 200 };

static int receiver(int kind, uint16_t *port) {
  scu__address address, actual;
  int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
  struct timeval patience = {.tv_sec = 20};
  assert_true(fd >= 0 && scu__address_parse(&address, "127.0.0.1", 0));
  assert_int_equal(bind(fd, (struct sockaddr *)&address.storage, address.length), 0);
  actual.length = sizeof actual.storage;
  assert_int_equal(getsockname(fd, (struct sockaddr *)&actual.storage, &actual.length), 0);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  *port = scu__address_port(&actual);
  return fd;
}

static uint16_t port_of_nobody(int kind) {
  uint16_t port;
  close(receiver(kind, &port));
  return port;
}

static void test_datagrams_arrive_one_by_one(void **state) {
  (void)state;
  uint16_t port;
  char bytes[64];
  int fd = receiver(SOCK_DGRAM, &port);
  scu__courier *courier;
  assert_int_equal(scu__courier_open(SCU__COURIER_UDP, "localhost", port, NULL, &courier, NULL), SCU_OK);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(scu__courier_send(courier, (const uint8_t *)"message", 7), SCU_OK);
    assert_int_equal(recv(fd, bytes, sizeof bytes, 0), 7);
  }
  scu__courier_finish(courier, 5000);
  assert_int_equal(scu__courier_lost(courier), 0);
  scu__courier_free(courier);
  close(fd);
}

static void test_a_stream_is_whole_and_in_order_though_nobody_may_be_there_at_first(void **state) {
  (void)state;
  uint16_t port;
  char *whole = malloc(MESSAGES * 8 + 1), *expected = malloc(MESSAGES * 8 + 1);
  assert_true(whole && expected);
  int fd = receiver(SOCK_STREAM, &port);
  scu__courier *courier;
  assert_int_equal(scu__courier_open(SCU__COURIER_TCP, "127.0.0.1", port, NULL, &courier, NULL), SCU_OK);
  for (int i = 0; i < MESSAGES; i++) {
    snprintf(expected + 8 * i, 9, "%07d\n", i);
    assert_int_equal(scu__courier_send(courier, (uint8_t *)expected + 8 * i, 8), SCU_OK);
  }
  assert_int_equal(listen(fd, 1), 0);
  int connection = accept(fd, NULL, NULL);
  assert_true(connection >= 0);
  assert_int_equal(recv(connection, whole, MESSAGES * 8, MSG_WAITALL), MESSAGES * 8);
  assert_memory_equal(whole, expected, MESSAGES * 8);
  scu__courier_finish(courier, 5000);
  assert_int_equal(scu__courier_lost(courier), 0);
  scu__courier_free(courier);
  close(connection);
  close(fd);
  free(whole);
  free(expected);
}

static void test_what_nobody_takes_is_counted(void **state) {
  (void)state;
  static const scu__courier_kind kinds[] = {SCU__COURIER_UDP, SCU__COURIER_TCP};
  static const int sockets[] = {SOCK_DGRAM, SOCK_STREAM};
  for (size_t i = 0; i < 2; i++) {
    scu__courier *courier;
    uint16_t port = port_of_nobody(sockets[i]);
    assert_int_equal(scu__courier_open(kinds[i], "127.0.0.1", port, NULL, &courier, NULL), SCU_OK);
    for (int n = 0; n < 3; n++) assert_int_equal(scu__courier_send(courier, (const uint8_t *)"x", 1), SCU_OK);
    uint64_t started = scu__clock_now_ms(NULL);
    scu__courier_finish(courier, 300);
    assert_true(scu__clock_now_ms(NULL) - started < 5000);
    assert_true(scu__courier_lost(courier) > 0);
    assert_true(i == 0 || scu__courier_lost(courier) == 3);
    scu__courier_free(courier);
  }
}

static void test_the_queue_has_an_end(void **state) {
  (void)state;
  uint16_t port;
  static uint8_t bytes[SCU__COURIER_DATAGRAM_MAX + 1];
  int fd = receiver(SOCK_STREAM, &port); /* does not listen */
  scu__courier *courier;
  assert_int_equal(scu__courier_open(SCU__COURIER_TCP, "127.0.0.1", port, NULL, &courier, NULL), SCU_OK);
  size_t taken = 0;
  while (taken < 1000 && scu__courier_send(courier, bytes, sizeof bytes) == SCU_OK) taken++;
  assert_int_equal(taken, SCU__COURIER_BYTES_MAX / sizeof bytes);
  assert_int_equal(scu__courier_lost(courier), 1);
  scu__courier_free(courier);
  assert_int_equal(scu__courier_open(SCU__COURIER_UDP, "127.0.0.1", port, NULL, &courier, NULL), SCU_OK);
  assert_int_equal(scu__courier_send(courier, bytes, sizeof bytes), SCU_ERROR_LIMIT); /* no datagram is so long */
  scu__courier_free(courier);
  close(fd);
}

static void test_a_host_without_address_is_refused(void **state) {
  (void)state;
  scu__courier *courier;
  assert_int_equal(scu__courier_open(SCU__COURIER_UDP, "no such host", 514, NULL, &courier, NULL), SCU_ERROR_TRANSPORT);
  assert_null(courier);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_datagrams_arrive_one_by_one),
      cmocka_unit_test(test_a_stream_is_whole_and_in_order_though_nobody_may_be_there_at_first),
      cmocka_unit_test(test_what_nobody_takes_is_counted),
      cmocka_unit_test(test_the_queue_has_an_end),
      cmocka_unit_test(test_a_host_without_address_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
