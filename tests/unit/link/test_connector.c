/* The connector: literal addresses and names, refusals, addresses that are dead, time that runs out, giving up
 * (catalogue E08, E09). Time is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "link/connector.h"
#include "support/scripted_peer.h"
#include "support/test_loop.h"

typedef struct outcome {
  int calls, fd;
  scu_error error;
} outcome;

static void connected(void *user, int fd, const scu_error *error) {
  outcome *o = user;
  o->calls++;
  o->fd = fd;
  scu__error_copy(&o->error, error);
}

/* Runs until there is an answer, for at most a minute of the loop's time. */
static void run(test_loop *time, const scu__connector_target *target, outcome *o) {
  *o = (outcome){.fd = -1};
  scu__connector *connector;
  assert_int_equal(scu__connector_new(time->loop, target, connected, o, &connector), SCU_OK);
  assert_int_equal(o->calls, 0); /* never from inside the call */
  TEST_LOOP_UNTIL(time, o->calls > 0, 60 * 1000);
  for (int i = 0; i < 5; i++) scu_loop_step(time->loop);
  assert_int_equal(o->calls, 1);
  scu__connector_free(connector);
}

static void test_a_literal_address_connects(void **state) {
  (void)state;
  test_loop time;
  test_loop_start(&time);
  scripted_peer peer;
  scripted_peer_start(&peer, time.loop, NULL);
  outcome o;
  run(&time, &(scu__connector_target){.host = "127.0.0.1", .port = peer.port, .local_address = "", .timeout_ms = 5000},
      &o);
  assert_true(o.fd >= 0);
  scu__socket_close(o.fd);
  scripted_peer_stop(&peer);
  test_loop_stop(&time);
}

/* localhost may be ::1 first, where nobody listens: the next address is tried. */
static void test_a_name_connects_by_whichever_address_answers(void **state) {
  (void)state;
  test_loop time;
  test_loop_start(&time);
  time.ms_per_step = 0; /* the resolver takes its own time */
  scripted_peer peer;
  scripted_peer_start(&peer, time.loop, NULL);
  outcome o = {.fd = -1};
  scu__connector *connector;
  const scu__connector_target target = {
      .host = "localhost", .port = peer.port, .local_address = "", .timeout_ms = 5000};
  assert_int_equal(scu__connector_new(time.loop, &target, connected, &o, &connector), SCU_OK);
  while (o.calls == 0) scu_loop_step(time.loop);
  assert_true(o.fd >= 0);
  scu__socket_close(o.fd);
  scu__connector_free(connector);
  scripted_peer_stop(&peer);
  test_loop_stop(&time);
}

static void test_a_refusal_names_the_address_and_the_cause(void **state) {
  (void)state;
  test_loop time;
  test_loop_start(&time);
  outcome o;
  run(&time,
      &(scu__connector_target){
          .host = "127.0.0.1", .port = scripted_free_port(), .local_address = "", .timeout_ms = 5000},
      &o);
  assert_int_equal(o.fd, -1);
  assert_int_equal(o.error.result, SCU_ERROR_TRANSPORT);
  assert_int_equal(o.error.phase, SCU_PHASE_CONNECT);
  assert_int_equal(o.error.os_errno, ECONNREFUSED);
  assert_non_null(strstr(o.error.reason, "127.0.0.1:"));
  assert_true(o.error.hint[0] != 0);
  test_loop_stop(&time);
}

static void test_a_local_address_that_is_not_ours_is_told(void **state) {
  (void)state;
  test_loop time;
  test_loop_start(&time);
  outcome o;
  run(&time,
      &(scu__connector_target){
          .host = "127.0.0.1", .port = scripted_free_port(), .local_address = "192.0.2.1", .timeout_ms = 5000},
      &o);
  assert_int_equal(o.fd, -1);
  assert_true(o.error.result == SCU_ERROR_TRANSPORT || o.error.result == SCU_ERROR_USAGE);
  assert_non_null(strstr(o.error.reason, "192.0.2.1"));
  test_loop_stop(&time);
}

/* A listener that accepts nothing and whose queue is full drops what comes: the way a firewall does. */
static int full_listener(const char *address, uint16_t *port, int *fillers, size_t count) {
  int fd;
  scu__address actual;
  assert_int_equal(scu__socket_listen(address, 0, &fd, &actual, NULL), SCU_OK);
  assert_int_equal(listen(fd, 0), 0);
  *port = scu__address_port(&actual);
  for (size_t i = 0; i < count; i++) {
    fillers[i] = -1;
    scu__socket_connect_start(&actual, &(scu__socket_local){0}, &fillers[i], NULL);
  }
  return fd;
}

static void add_address(scu__address_list *list, const char *host, uint16_t port) {
  assert_true(list->count < SCU__ADDRESSES_MAX);
  assert_true(scu__address_parse(&list->list[list->count++], host, port));
}

/* RFC 8305 5: each silent address costs a quarter of a second, not the time that TCP takes to give it up, and a refusal
 * costs nothing. Whichever family it is of. */
static void test_silent_addresses_do_not_keep_the_others_waiting(void **state) {
  (void)state;
  enum { FILLERS = 8, SILENT_MAX = 5, DELAY_MS = 250 };
  for (size_t silent = 0; silent <= SILENT_MAX; silent++) {
    int fillers[FILLERS];
    uint16_t port;
    test_loop time;
    test_loop_start(&time);
    scripted_peer peer;
    scripted_peer_start(&peer, time.loop, NULL);
    int fd = full_listener("127.0.0.2", &port, fillers, FILLERS);
    scu__address_list list = {0};
    for (size_t i = 0; i < silent; i++) add_address(&list, i % 2 ? "::ffff:127.0.0.2" : "127.0.0.2", port);
    add_address(&list, "127.0.0.1", scripted_free_port());
    add_address(&list, "127.0.0.1", peer.port);
    add_address(&list, "127.0.0.2", port);
    outcome o;
    uint64_t before = time.now_ms;
    run(&time, &(scu__connector_target){.host = "many", .local_address = "", .timeout_ms = 30000, .addresses = &list},
        &o);
    assert_true(o.fd >= 0);
    assert_in_range(time.now_ms - before, silent * DELAY_MS, silent * DELAY_MS + 100);
    scu__address to;
    scu__socket_ends(o.fd, NULL, &to);
    assert_int_equal(scu__address_port(&to), peer.port);
    scu__socket_close(o.fd);
    for (size_t i = 0; i < FILLERS; i++) scu__socket_close(fillers[i]);
    scu__socket_close(fd);
    scripted_peer_stop(&peer);
    test_loop_stop(&time);
  }
}

static void test_silence_runs_into_the_time_out(void **state) {
  (void)state;
  enum { FILLERS = 8 };
  int fillers[FILLERS];
  test_loop time;
  test_loop_start(&time);
  scu__connector_target target = {.host = "127.0.0.1", .local_address = "", .timeout_ms = 5000};
  int fd = full_listener("127.0.0.1", &target.port, fillers, FILLERS);
  outcome o;
  uint64_t before = time.now_ms;
  run(&time, &target, &o);
  assert_int_equal(o.fd, -1);
  assert_int_equal(o.error.result, SCU_ERROR_TIMEOUT);
  assert_int_equal(o.error.phase, SCU_PHASE_CONNECT);
  assert_non_null(strstr(o.error.reason, "5000 ms"));
  assert_true(time.now_ms - before >= 5000 && time.now_ms - before < 5200);
  for (size_t i = 0; i < FILLERS; i++) scu__socket_close(fillers[i]);
  scu__socket_close(fd);
  test_loop_stop(&time);
}

static void test_a_name_that_does_not_exist_is_an_error_of_resolving(void **state) {
  (void)state;
  test_loop time;
  test_loop_start(&time);
  time.ms_per_step = 0;
  outcome o = {.fd = -1};
  scu__connector *connector;
  const scu__connector_target target = {.host = "nobody.invalid", .port = 104, .local_address = "", .timeout_ms = 5000};
  assert_int_equal(scu__connector_new(time.loop, &target, connected, &o, &connector), SCU_OK);
  while (o.calls == 0) scu_loop_step(time.loop);
  assert_int_equal(o.fd, -1);
  assert_int_equal(o.error.phase, SCU_PHASE_RESOLVE);
  assert_non_null(strstr(o.error.reason, "nobody.invalid"));
  scu__connector_free(connector);
  test_loop_stop(&time);
}

static void test_giving_up_at_any_time_is_silent(void **state) {
  (void)state;
  for (unsigned steps = 0; steps < 6; steps++) {
    for (int is_name = 0; is_name < 2; is_name++) {
      test_loop time;
      test_loop_start(&time);
      scripted_peer peer;
      scripted_peer_start(&peer, time.loop, NULL);
      outcome o = {.fd = -1};
      scu__connector *connector;
      const scu__connector_target target = {
          .host = is_name ? "localhost" : "127.0.0.1", .port = peer.port, .local_address = "", .timeout_ms = 5000};
      assert_int_equal(scu__connector_new(time.loop, &target, connected, &o, &connector), SCU_OK);
      for (unsigned i = 0; i < steps; i++) scu_loop_step(time.loop);
      int before = o.calls;
      scu__connector_free(connector);
      for (int i = 0; i < 5; i++) scu_loop_step(time.loop);
      assert_int_equal(o.calls, before);
      scu__socket_close(o.fd);
      scripted_peer_stop(&peer);
      test_loop_stop(&time);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_literal_address_connects),
      cmocka_unit_test(test_a_name_connects_by_whichever_address_answers),
      cmocka_unit_test(test_a_refusal_names_the_address_and_the_cause),
      cmocka_unit_test(test_a_local_address_that_is_not_ours_is_told),
      cmocka_unit_test(test_silent_addresses_do_not_keep_the_others_waiting),
      cmocka_unit_test(test_silence_runs_into_the_time_out),
      cmocka_unit_test(test_a_name_that_does_not_exist_is_an_error_of_resolving),
      cmocka_unit_test(test_giving_up_at_any_time_is_silent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
