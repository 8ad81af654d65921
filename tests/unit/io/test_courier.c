/* Messages reach a receiver whole and in order, over UDP and TCP; where nobody is they are counted, and nobody waits
 * longer than he said. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/courier.h"
#include "io/socket.h"

enum { MESSAGES = 200 };

/* --- the resolver, in place of the C library's -------------------------------------------------------------------- */

static const char *volatile first_address = "127.0.0.1"; /* where hosts are */
static atomic_bool is_stuck;
static sem_t is_asked, may_answer;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
  (void)service;
  struct {
    struct addrinfo info;
    scu__address address;
  } * found;
  if (strcmp(host, "no such host") == 0) return EAI_NONAME;
  if (atomic_load(&is_stuck)) {
    sem_post(&is_asked);
    sem_wait(&may_answer);
  }
  found = calloc(1, sizeof *found);
  if (!found || !scu__address_parse(&found->address, first_address, 0)) return EAI_MEMORY;
  found->info = (struct addrinfo){.ai_family = AF_INET,
                                  .ai_socktype = hints->ai_socktype,
                                  .ai_addrlen = found->address.length,
                                  .ai_addr = (struct sockaddr *)&found->address.storage};
  *out = &found->info;
  return 0;
}

void freeaddrinfo(struct addrinfo *found) {
  free(found);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int receiver_at(const char *host, int kind, uint16_t *port) {
  scu__address address, actual;
  int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
  struct timeval patience = {.tv_sec = 20};
  assert_true(fd >= 0 && scu__address_parse(&address, host, 0));
  assert_int_equal(bind(fd, (struct sockaddr *)&address.storage, address.length), 0);
  actual.length = sizeof actual.storage;
  assert_int_equal(getsockname(fd, (struct sockaddr *)&actual.storage, &actual.length), 0);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  *port = scu__address_port(&actual);
  return fd;
}

static int receiver(int kind, uint16_t *port) {
  return receiver_at("127.0.0.1", kind, port);
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

static void test_a_host_without_address_is_refused_in_the_resolvers_words(void **state) {
  (void)state;
  scu__courier *courier;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__courier_open(SCU__COURIER_UDP, "no such host", 514, NULL, &courier, &error),
                   SCU_ERROR_TRANSPORT);
  assert_null(courier);
  assert_non_null(strstr(scu_error_reason(&error), "cannot look up host no such host: "));
  assert_non_null(strstr(scu_error_reason(&error), "(resolver code -2)")); /* EAI_NONAME */
}

static void test_a_host_that_has_moved_is_found_again(void **state) {
  (void)state;
  static const scu__courier_kind kinds[] = {SCU__COURIER_UDP, SCU__COURIER_TCP};
  static const int sockets[] = {SOCK_DGRAM, SOCK_STREAM};
  for (size_t i = 0; i < 2; i++) {
    uint16_t port;
    char bytes[7]; /* a stream may bring several at once */
    int fd = receiver_at("127.0.0.2", sockets[i], &port);
    scu__courier *courier;
    first_address = "127.0.0.1";
    assert_int_equal(scu__courier_open(kinds[i], "moving", port, NULL, &courier, NULL), SCU_OK);
    first_address = "127.0.0.2";
    assert_int_equal(i == 1 ? listen(fd, 1) : 0, 0);
    /* Of a datagram it is known with the next one that nobody was there. */
    struct pollfd watch = {.fd = fd, .events = POLLIN};
    for (int n = 0; n < 500 && poll(&watch, 1, 20) == 0; n++)
      assert_int_equal(scu__courier_send(courier, (const uint8_t *)"message", 7), SCU_OK);
    assert_int_equal(poll(&watch, 1, 0), 1);
    int from = i ? accept(fd, NULL, NULL) : fd;
    assert_int_equal(recv(from, bytes, sizeof bytes, MSG_WAITALL), 7);
    scu__courier_free(courier);
    if (i) close(from);
    close(fd);
  }
  first_address = "127.0.0.1";
}

static void test_a_resolver_that_does_not_answer_keeps_nobody(void **state) {
  (void)state;
  scu__courier *courier;
  assert_int_equal(scu__courier_open(SCU__COURIER_TCP, "moving", port_of_nobody(SOCK_STREAM), NULL, &courier, NULL),
                   SCU_OK);
  assert_int_equal(sem_init(&is_asked, 0, 0), 0);
  assert_int_equal(sem_init(&may_answer, 0, 0), 0);
  atomic_store(&is_stuck, true);
  assert_int_equal(scu__courier_send(courier, (const uint8_t *)"x", 1), SCU_OK);
  sem_wait(&is_asked);
  uint64_t started = scu__clock_now_ms(NULL);
  scu__courier_finish(courier, 200);
  assert_true(scu__clock_now_ms(NULL) - started < 5000);
  assert_int_equal(scu__courier_lost(courier), 1);
  scu__courier_free(courier);
  atomic_store(&is_stuck, false);
  sem_post(&may_answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_datagrams_arrive_one_by_one),
      cmocka_unit_test(test_a_stream_is_whole_and_in_order_though_nobody_may_be_there_at_first),
      cmocka_unit_test(test_what_nobody_takes_is_counted),
      cmocka_unit_test(test_the_queue_has_an_end),
      cmocka_unit_test(test_a_host_without_address_is_refused_in_the_resolvers_words),
      cmocka_unit_test(test_a_host_that_has_moved_is_found_again),
      cmocka_unit_test(test_a_resolver_that_does_not_answer_keeps_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
