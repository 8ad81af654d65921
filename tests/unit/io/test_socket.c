/* Sockets, the TCP transport and the poller, over loopback on free ports. */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/poller.h"
#include "io/socket.h"
#include "io/transport.h"
#include "io/wake.h"

enum { WAIT_MS = 5000 };

static scu_error fresh_error(void) {
  scu_error error;
  scu__error_clear(&error);
  return error;
}

static void wait_for(int fd, unsigned interest) {
  scu__poller *poller;
  scu__poll_event event;
  size_t count;
  assert_int_equal(scu__poller_new(NULL, &poller, NULL), SCU_OK);
  assert_int_equal(scu__poller_add(poller, fd, interest, NULL, NULL), SCU_OK);
  assert_int_equal(scu__poller_wait(poller, WAIT_MS, &event, 1, &count, NULL), SCU_OK);
  assert_int_equal(count, 1);
  scu__poller_free(poller);
}

static void connect_pair(const char *host, int *client, int *server, scu__address *peer) {
  int listener;
  scu__address at;
  scu_error error = fresh_error();
  assert_int_equal(scu__socket_listen(host, 0, &listener, &at, &error), SCU_OK);
  assert_int_not_equal(scu__address_port(&at), 0);
  scu_result result = scu__socket_connect_start(&at, NULL, client, &error);
  assert_true(result == SCU_OK || result == SCU_PENDING);
  wait_for(listener, SCU__POLL_READ);
  assert_int_equal(scu__socket_accept(listener, server, peer, &error), SCU_OK);
  wait_for(*client, SCU__POLL_WRITE);
  assert_int_equal(scu__socket_connect_result(*client, &at, &error), SCU_OK);
  scu__socket_close(listener);
}

static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

/* Probes end between half of the time and all of it. */
static void assert_good_connection(int fd, int dead_after_s) {
  assert_true(option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
  assert_true(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
  assert_in_range(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                      option(fd, IPPROTO_TCP, TCP_KEEPCNT) * option(fd, IPPROTO_TCP, TCP_KEEPINTVL),
                  dead_after_s / 2, dead_after_s);
}

static void test_both_ends_of_a_connection_have_their_options(void **state) {
  (void)state;
  int client, server;
  scu__address peer, local, ours;
  connect_pair("127.0.0.1", &client, &server, &peer);
  assert_good_connection(client, 120);
  assert_good_connection(server, 120);
  assert_in_range(option(client, IPPROTO_TCP, TCP_USER_TIMEOUT), 60 * 1000, 120 * 1000 - 1);
  assert_int_equal(option(server, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  scu__socket_ends(client, &local, NULL);
  scu__socket_ends(server, NULL, &ours);
  char a[SCU__ADDRESS_TEXT_MAX], b[SCU__ADDRESS_TEXT_MAX];
  assert_string_equal(scu__address_text(&local, a), scu__address_text(&peer, b));
  assert_string_equal(scu__address_text(&ours, a), b);
  assert_int_equal(strncmp(a, "127.0.0.1:", 10), 0);
  scu__socket_close(client);
  scu__socket_close(server);
}

/* With a user time-out the system ends an idle connection at the first probe after it (tcp(7)): that is within the
 * time, too. */
static void test_a_dead_peer_is_found_in_the_time_that_is_asked_for(void **state) {
  (void)state;
  static const int seconds[] = {2, 3, 5, 10, 12, 30, 60, 120, 3600, 8 * 3600};
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
    int listener, fd, limit = seconds[i];
    scu__address at;
    assert_int_equal(scu__socket_listen("127.0.0.1", 0, &listener, &at, NULL), SCU_OK);
    scu__socket_local local = {.dead_after_ms = (uint64_t)limit * 1000};
    assert_true(scu__socket_connect_start(&at, &local, &fd, NULL) >= SCU_OK);
    int idle = option(fd, IPPROTO_TCP, TCP_KEEPIDLE), interval = option(fd, IPPROTO_TCP, TCP_KEEPINTVL);
    int user_ms = option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), probe = idle + interval;
    while (probe * 1000 < user_ms) probe += interval;
    assert_in_range(probe, limit / 2, limit);
    assert_in_range(user_ms, limit * 500, limit * 1000 - 1);
    scu__socket_close(fd);
    scu__socket_close(listener);
  }
}

static void test_ipv6_and_the_all_interfaces_listener_work_for_both_families(void **state) {
  (void)state;
  int client, server, listener;
  scu__address peer, at, to;
  char text[SCU__ADDRESS_TEXT_MAX];
  int probe = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  bool has_v6 = probe >= 0 && bind(probe, (struct sockaddr *)&loopback, sizeof loopback) == 0;
  if (probe >= 0) close(probe);
  if (has_v6) {
    connect_pair("[::1]", &client, &server, &peer);
    assert_int_equal(strncmp(scu__address_text(&peer, text), "[::1]:", 6), 0);
    scu__socket_close(client);
    scu__socket_close(server);
  }
  assert_int_equal(scu__socket_listen(NULL, 0, &listener, &at, NULL), SCU_OK);
  assert_true(scu__address_parse(&to, "127.0.0.1", scu__address_port(&at)));
  scu_result result = scu__socket_connect_start(&to, NULL, &client, NULL);
  assert_true(result == SCU_OK || result == SCU_PENDING);
  wait_for(listener, SCU__POLL_READ);
  assert_int_equal(scu__socket_accept(listener, &server, &peer, NULL), SCU_OK);
  assert_int_equal(strncmp(scu__address_text(&peer, text), "127.0.0.1:", 10), 0); /* not ::ffff:127.0.0.1 */
  scu__socket_close(client);
  scu__socket_close(server);
  scu__socket_close(listener);
}

static void test_a_taken_port_says_what_to_do(void **state) {
  (void)state;
  int first, second;
  scu__address at;
  scu_error error = fresh_error();
  assert_int_equal(scu__socket_listen("127.0.0.1", 0, &first, &at, NULL), SCU_OK);
  assert_int_equal(scu__socket_listen("127.0.0.1", scu__address_port(&at), &second, NULL, &error), SCU_ERROR_TRANSPORT);
  assert_int_equal(second, -1);
  assert_int_equal(scu_error_errno(&error), EADDRINUSE);
  assert_non_null(strstr(scu_error_reason(&error), "already in use"));
  assert_non_null(strstr(scu_error_hint(&error), "another port"));
  scu__socket_close(first);
}

static void test_a_name_is_no_address_to_listen_on(void **state) {
  (void)state;
  int fd;
  scu_error error = fresh_error();
  assert_int_equal(scu__socket_listen("pacs.example", 0, &fd, NULL, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(&error), "pacs.example"));
  error = fresh_error();
  assert_int_equal(scu__socket_listen("203.0.113.77", 0, &fd, NULL, &error), SCU_ERROR_TRANSPORT);
  assert_int_equal(scu_error_errno(&error), EADDRNOTAVAIL);
}

static void test_a_closed_port_is_connection_refused_with_a_hint(void **state) {
  (void)state;
  int listener, fd;
  scu__address at;
  scu_error error = fresh_error();
  assert_int_equal(scu__socket_listen("127.0.0.1", 0, &listener, &at, NULL), SCU_OK);
  scu__socket_close(listener);
  scu_result result = scu__socket_connect_start(&at, NULL, &fd, &error);
  if (result == SCU_PENDING) {
    wait_for(fd, SCU__POLL_WRITE);
    result = scu__socket_connect_result(fd, &at, &error);
    scu__socket_close(fd);
  }
  assert_int_equal(result, SCU_ERROR_TRANSPORT);
  assert_int_equal(scu_error_errno(&error), ECONNREFUSED);
  assert_non_null(strstr(scu_error_reason(&error), "connection refused"));
  assert_non_null(strstr(scu_error_reason(&error), "127.0.0.1:"));
  assert_int_not_equal(scu_error_hint(&error)[0], 0);
}

static void test_local_address_and_port_are_used_or_refused_in_words(void **state) {
  (void)state;
  int listener, fd;
  scu__address at, from;
  scu_error error = fresh_error();
  assert_int_equal(scu__socket_listen("127.0.0.1", 0, &listener, &at, NULL), SCU_OK);
  scu__socket_local local = {.address = "127.0.0.2"};
  scu_result result = scu__socket_connect_start(&at, &local, &fd, &error);
  assert_true(result == SCU_OK || result == SCU_PENDING);
  scu__socket_ends(fd, &from, NULL);
  char text[SCU__ADDRESS_TEXT_MAX];
  assert_int_equal(strncmp(scu__address_text(&from, text), "127.0.0.2:", 10), 0);
  scu__socket_close(fd);
  local.address = "203.0.113.77";
  assert_int_equal(scu__socket_connect_start(&at, &local, &fd, &error), SCU_ERROR_TRANSPORT);
  assert_int_equal(fd, -1);
  assert_int_equal(scu_error_errno(&error), EADDRNOTAVAIL);
  error = fresh_error();
  local.address = "not an address";
  assert_int_equal(scu__socket_connect_start(&at, &local, &fd, &error), SCU_ERROR_USAGE);
  scu__socket_close(listener);
}

static void test_accept_without_a_caller_is_pending(void **state) {
  (void)state;
  int listener, fd;
  assert_int_equal(scu__socket_listen("localhost", 0, &listener, NULL, NULL), SCU_OK);
  assert_int_equal(scu__socket_accept(listener, &fd, NULL, NULL), SCU_PENDING);
  assert_int_equal(fd, -1);
  scu__socket_close(listener);
}

static void test_addresses_are_parsed_and_written(void **state) {
  (void)state;
  static const char *const good[][2] = {
      {"10.1.2.3", "10.1.2.3:104"}, {"::1", "[::1]:104"}, {"[2001:db8::7]", "[2001:db8::7]:104"}};
  static const char *const bad[] = {
      "", "[]", "pacs", "10.1.2", "10.1.2.3.4", "1::2::3", "fe80::1%", "localhost", "::1%nosuchinterface9"};
  scu__address address;
  char text[SCU__ADDRESS_TEXT_MAX];
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_true(scu__address_parse(&address, good[i][0], 104));
    assert_string_equal(scu__address_text(&address, text), good[i][1]);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(scu__address_parse(&address, bad[i], 104));
}

/* --- transport ---------------------------------------------------------------------------------------------------- */

static void transports(scu__transport **a, scu__transport **b) {
  int client, server;
  connect_pair("127.0.0.1", &client, &server, NULL);
  assert_int_equal(scu__transport_tcp_new(client, NULL, a, NULL), SCU_OK);
  assert_int_equal(scu__transport_tcp_new(server, NULL, b, NULL), SCU_OK);
}

static void test_slices_arrive_in_order_and_empty_ones_are_skipped(void **state) {
  (void)state;
  scu__transport *a, *b;
  transports(&a, &b);
  scu__slice slices[4] = {
      {(const uint8_t *)"head", 4}, {NULL, 0}, {(const uint8_t *)"body", 4}, {(const uint8_t *)"!", 1}};
  size_t sent, got;
  uint8_t to[16];
  assert_int_equal(a->send(a, slices, 4, &sent, NULL), SCU_OK);
  assert_int_equal(sent, 9);
  wait_for(b->fd, SCU__POLL_READ);
  assert_int_equal(b->receive(b, to, sizeof to, &got, NULL), SCU_OK);
  assert_int_equal(got, 9);
  assert_memory_equal(to, "headbody!", 9);
  assert_int_equal(b->receive(b, to, sizeof to, &got, NULL), SCU_PENDING);
  assert_int_equal(got, 0);
  a->close(a);
  wait_for(b->fd, SCU__POLL_READ);
  assert_int_equal(b->receive(b, to, sizeof to, &got, NULL), SCU_END);
  b->close(b);
}

static void test_a_full_connection_is_pending_and_a_slow_reader_gets_every_byte(void **state) {
  (void)state;
  scu__transport *a, *b;
  transports(&a, &b);
  enum { TOTAL = 16 * 1024 * 1024 };
  uint8_t *bytes = malloc(TOTAL), *to = malloc(65536);
  assert_true(bytes && to);
  for (size_t i = 0; i < TOTAL; i++) bytes[i] = (uint8_t)(i * 31 + i / 251);
  size_t sent_all = 0, got_all = 0, pendings = 0;
  while (got_all < TOTAL) {
    size_t sent = 0, got = 0;
    scu__slice slice = {bytes + sent_all, TOTAL - sent_all};
    if (sent_all < TOTAL) {
      scu_result result = a->send(a, &slice, 1, &sent, NULL);
      assert_true((result == SCU_OK && sent > 0) || (result == SCU_PENDING && sent == 0));
      if (result == SCU_PENDING) pendings++;
      sent_all += sent;
    }
    if (b->receive(b, to, 65536, &got, NULL) == SCU_OK) {
      assert_memory_equal(to, bytes + got_all, got);
      got_all += got;
    }
  }
  assert_true(pendings > 0);
  free(bytes);
  free(to);
  a->close(a);
  b->close(b);
}

static void test_sending_to_a_peer_that_reset_is_closed_and_raises_no_sigpipe(void **state) {
  (void)state;
  scu__transport *a, *b;
  transports(&a, &b);
  signal(SIGPIPE, SIG_DFL);
  b->reset(b);
  wait_for(a->fd, SCU__POLL_READ);
  scu__slice slice = {(const uint8_t *)"x", 1};
  size_t sent, got;
  uint8_t to[4];
  scu_error error = fresh_error();
  assert_int_equal(a->receive(a, to, sizeof to, &got, &error), SCU_ERROR_CLOSED);
  assert_int_equal(scu_error_errno(&error), ECONNRESET);
  error = fresh_error();
  assert_int_equal(a->send(a, &slice, 1, &sent, &error), SCU_ERROR_CLOSED);
  assert_int_equal(scu_error_errno(&error), EPIPE);
  a->close(a);
}

/* --- poller, wake, clock ------------------------------------------------------------------------------------------ */

static void test_poller_tells_who_is_ready_and_its_own_descriptor_is_pollable(void **state) {
  (void)state;
  int fds[2];
  scu__poller *inner, *outer;
  scu__poll_event events[4];
  size_t count;
  int tag;
  assert_int_equal(scu__socket_pair(fds, NULL), SCU_OK);
  assert_int_equal(scu__poller_new(NULL, &inner, NULL), SCU_OK);
  assert_int_equal(scu__poller_new(NULL, &outer, NULL), SCU_OK);
  assert_int_equal(scu__poller_add(inner, fds[0], SCU__POLL_READ, &tag, NULL), SCU_OK);
  assert_int_equal(scu__poller_add(outer, scu__poller_fd(inner), SCU__POLL_READ, NULL, NULL), SCU_OK);
  assert_int_equal(scu__poller_wait(outer, 0, events, 4, &count, NULL), SCU_OK);
  assert_int_equal(count, 0);
  assert_int_equal(write(fds[1], "x", 1), 1);
  assert_int_equal(scu__poller_wait(outer, WAIT_MS, events, 4, &count, NULL), SCU_OK);
  assert_int_equal(count, 1);
  assert_int_equal(scu__poller_wait(inner, WAIT_MS, events, 4, &count, NULL), SCU_OK);
  assert_int_equal(count, 1);
  assert_ptr_equal(events[0].user, &tag);
  assert_int_equal(events[0].ready, SCU__POLL_READ);
  assert_int_equal(scu__poller_modify(inner, fds[0], SCU__POLL_READ | SCU__POLL_WRITE, &tag, NULL), SCU_OK);
  assert_int_equal(scu__poller_wait(inner, WAIT_MS, events, 4, &count, NULL), SCU_OK);
  assert_int_equal(events[0].ready, SCU__POLL_READ | SCU__POLL_WRITE);
  assert_int_equal(scu__poller_modify(inner, fds[0], 0, &tag, NULL), SCU_OK);
  assert_int_equal(scu__poller_wait(inner, 0, events, 4, &count, NULL), SCU_OK);
  assert_int_equal(count, 0);
  scu__poller_remove(inner, fds[0]);
  assert_int_equal(scu__poller_add(inner, -1, SCU__POLL_READ, NULL, NULL), SCU_ERROR_LIMIT);
  scu__poller_free(inner);
  scu__poller_free(outer);
  close(fds[0]);
  close(fds[1]);
}

static void test_a_hang_up_is_reported_once_to_the_uninterested_and_wakes_the_others(void **state) {
  (void)state;
  int client, server;
  scu__poller *poller;
  scu__poll_event event;
  size_t count;
  connect_pair("127.0.0.1", &client, &server, NULL);
  assert_int_equal(scu__poller_new(NULL, &poller, NULL), SCU_OK);
  assert_int_equal(scu__poller_add(poller, client, 0, NULL, NULL), SCU_OK);
  scu__socket_reset(server);
  assert_int_equal(scu__poller_wait(poller, WAIT_MS, &event, 1, &count, NULL), SCU_OK);
  assert_int_equal(count, 1);
  assert_true(event.ready & SCU__POLL_HANGUP);
  assert_int_equal(scu__poller_wait(poller, 0, &event, 1, &count, NULL), SCU_OK);
  assert_int_equal(count, 0);
  assert_int_equal(scu__poller_modify(poller, client, SCU__POLL_READ, NULL, NULL), SCU_OK);
  assert_int_equal(scu__poller_wait(poller, WAIT_MS, &event, 1, &count, NULL), SCU_OK);
  assert_int_equal(count, 1);
  assert_true(event.ready & SCU__POLL_READ);
  scu__poller_free(poller);
  scu__socket_close(client);
}

static void test_wake_is_readable_until_cleared_however_often_posted(void **state) {
  (void)state;
  scu__wake wake;
  scu__poller *poller;
  scu__poll_event event;
  size_t count;
  assert_int_equal(scu__wake_init(&wake, NULL), SCU_OK);
  assert_int_equal(scu__poller_new(NULL, &poller, NULL), SCU_OK);
  assert_int_equal(scu__poller_add(poller, wake.fd, SCU__POLL_READ, NULL, NULL), SCU_OK);
  errno = 77;
  for (int i = 0; i < 3; i++) scu__wake_post(&wake);
  assert_int_equal(errno, 77);
  assert_int_equal(scu__poller_wait(poller, 0, &event, 1, &count, NULL), SCU_OK);
  assert_int_equal(count, 1);
  scu__wake_clear(&wake);
  assert_int_equal(scu__poller_wait(poller, 0, &event, 1, &count, NULL), SCU_OK);
  assert_int_equal(count, 0);
  scu__wake_clear(&wake); /* nothing there: does not block */
  scu__poller_free(poller);
  scu__wake_free(&wake);
  scu__wake_free(&wake);
}

static uint64_t stopped(void *user) {
  return *(uint64_t *)user;
}

static void test_the_clock_goes_forward_and_can_be_replaced(void **state) {
  (void)state;
  uint64_t before = scu__clock_now_ms(NULL), hands = 5;
  assert_true(scu__clock_now_ms(scu__clock_monotonic()) >= before);
  scu__clock own = {.now_ms = stopped, .user = &hands};
  assert_int_equal(scu__clock_now_ms(&own), 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_both_ends_of_a_connection_have_their_options),
      cmocka_unit_test(test_a_dead_peer_is_found_in_the_time_that_is_asked_for),
      cmocka_unit_test(test_ipv6_and_the_all_interfaces_listener_work_for_both_families),
      cmocka_unit_test(test_a_taken_port_says_what_to_do),
      cmocka_unit_test(test_a_name_is_no_address_to_listen_on),
      cmocka_unit_test(test_a_closed_port_is_connection_refused_with_a_hint),
      cmocka_unit_test(test_local_address_and_port_are_used_or_refused_in_words),
      cmocka_unit_test(test_accept_without_a_caller_is_pending),
      cmocka_unit_test(test_addresses_are_parsed_and_written),
      cmocka_unit_test(test_slices_arrive_in_order_and_empty_ones_are_skipped),
      cmocka_unit_test(test_a_full_connection_is_pending_and_a_slow_reader_gets_every_byte),
      cmocka_unit_test(test_sending_to_a_peer_that_reset_is_closed_and_raises_no_sigpipe),
      cmocka_unit_test(test_poller_tells_who_is_ready_and_its_own_descriptor_is_pollable),
      cmocka_unit_test(test_a_hang_up_is_reported_once_to_the_uninterested_and_wakes_the_others),
      cmocka_unit_test(test_wake_is_readable_until_cleared_however_often_posted),
      cmocka_unit_test(test_the_clock_goes_forward_and_can_be_replaced),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
