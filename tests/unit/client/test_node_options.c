/* What the node file says about a peer, kept to by sessions to it: limits and time-outs on the wire and by the clock.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "io/socket.h"

#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const peer_step good[] = {START, SERVE, END};

/* A session to the node "pacs", which has these keys. */
static void open_node(fixture *f, const char *keys) {
  char text[512];
  int length =
      snprintf(text, sizeof text, "[pacs]\naet=PEER\nhost=127.0.0.1\nport=%u\n%s", (unsigned)f->peer.port, keys);
  write_scratch("nodes.ini", text, (size_t)length);
  assert_int_equal(scu_options_set_text(f->options, SCU_OPTION_NODES_FILE, in_scratch("nodes.ini")), SCU_OK);
  assert_int_equal(scu_session_new_on(f->time.loop, &f->session, f->options, "pacs"), SCU_OK);
}

static void store_some(fixture *f, int count) {
  scu_source *source;
  assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
  for (int i = 1; i <= count; i++) {
    char name[32];
    scu__buffer bytes;
    sample_bytes(&(sample_file){.number = i, .pixels = 200}, &bytes);
    snprintf(name, sizeof name, "%05d.dcm", i);
    write_scratch(name, bytes.data, bytes.length);
    scu__buffer_free(&bytes);
    assert_int_equal(scu_source_add_file(source, in_scratch(name)), SCU_OK);
  }
  scu_store_report *report;
  assert_int_equal(scu_store(f->session, source, &report), SCU_OK);
  scu_store_report_free(report);
  scu_source_free(source);
}

/* The 51H item of the last A-ASSOCIATE-RQ (PS3.8 D.1). */
static uint32_t offered_max_pdu(const fixture *f) {
  static const uint8_t head[] = {0x51, 0, 0, 4};
  const uint8_t *at = memmem(f->peer.request.data, f->peer.request.length, head, sizeof head);
  assert_non_null(at);
  return (uint32_t)at[4] << 24 | (uint32_t)at[5] << 16 | (uint32_t)at[6] << 8 | at[7];
}

static void test_a_session_keeps_to_the_limits_of_its_node(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  scu_options_set_integer(f.options, SCU_OPTION_STORE_ASSOCIATIONS, 8);
  open_node(&f, "peer-associations = 2\nasync-window = 4\nmax-pdu = 8192\n");
  store_some(&f, 20);
  assert_int_equal(f.peer.most_connections, 2);
  assert_int_equal(f.peer.offered_window, 4);
  assert_int_equal(offered_max_pdu(&f), 8192);
  fixture_stop(&f);
}

/* A peer that goes away at the window is not shown one. */
static void test_a_node_may_do_without_the_window(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  open_node(&f, "async-window = 1\n");
  store_some(&f, 3);
  assert_int_equal(f.peer.offered_window, 0);
  fixture_stop(&f);
}

static void test_what_the_caller_sets_counts_more(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  scu_options_set_integer(f.options, SCU_OPTION_STORE_ASSOCIATIONS, 8);
  scu_options_set_integer(f.options, SCU_OPTION_PEER_ASSOCIATIONS, 3);
  scu_options_set_integer(f.options, SCU_OPTION_ASYNC_WINDOW, 1);
  scu_options_set_integer(f.options, SCU_OPTION_MAX_PDU, 65536);
  open_node(&f, "peer-associations = 2\nasync-window = 4\nmax-pdu = 8192\n");
  store_some(&f, 20);
  assert_int_equal(f.peer.most_connections, 3);
  assert_int_equal(f.peer.offered_window, 0);
  assert_int_equal(offered_max_pdu(&f), 65536);
  fixture_stop(&f);
}

static void test_other_peers_of_the_same_file_are_not_touched(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  open_node(&f, "max-pdu = 8192\n");
  scu_session_free(f.session);
  assert_int_equal(scu_session_new_on(f.time.loop, &f.session, f.options, f.peer.name), SCU_OK);
  store_some(&f, 1);
  assert_int_equal(offered_max_pdu(&f), 131072);
  fixture_stop(&f);
}

/* Of our end of the connection to the peer, which is one of this process's descriptors. */
static int keep_alive_of(uint16_t port) {
  for (int fd = 3; fd < 1024; fd++) {
    scu__address peer;
    int idle = 0;
    socklen_t length = sizeof idle;
    scu__socket_ends(fd, NULL, &peer);
    if (scu__address_port(&peer) != port) continue;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &length), 0);
    return idle;
  }
  fail_msg("there is no connection to port %u", port);
  return 0;
}

static void test_signs_of_life_of_tcp_are_as_the_node_says(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  open_node(&f, "timeout-tcp = 40\n");
  store_some(&f, 1);
  assert_int_equal(keep_alive_of(f.peer.port), 20);
  fixture_stop(&f);
}

/* --- silence of a move (RULES 23) -----------------------------------------------------------------------------------
 */

static const peer_step silent[] = {START, NEXT, HOLD, {.action = PEER_RESPOND}, SERVE, END};

static scu_op *start_move(fixture *f, const char *keys) {
  fixture_prepare(f, silent);
  open_node(f, keys);
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "StudyInstanceUID", "1.2.1"), SCU_OK);
  scu_op *op = scu_move_start(f->session, query, "ELSEWHERE");
  scu_query_free(query);
  TEST_LOOP_UNTIL(&f->time, scripted_peer_count(&f->peer, SCU__C_MOVE_RQ) == 1, 5000);
  f->time.ms_per_step = 1000;
  return op;
}

/* The peer reads from tape. Its TCP lives; nothing else says so, for an hour, and the time-outs of responses and of
 * idleness, a minute each, have no say in it. */
static void test_a_silent_hour_of_a_move_is_no_time_out_where_the_node_may_take_longer(void **state) {
  (void)state;
  fixture f;
  scu_op *op = start_move(&f, "timeout-retrieve = 4h\n");
  uint64_t asked = f.time.now_ms;
  TEST_LOOP_UNTIL(&f.time, scu_op_state(op) != SCU_PENDING, HOUR_MS);
  assert_int_equal(scu_op_state(op), SCU_PENDING);
  assert_true(f.time.now_ms - asked >= HOUR_MS);
  assert_int_equal(scripted_peer_open_count(&f.peer), 1);
  scripted_peer_go(&f.peer);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_CANCEL_RQ), 0);
  scu_op_free(op);
  fixture_stop(&f);
}

static void test_after_what_its_node_may_take_a_silent_move_is_cancelled(void **state) {
  (void)state;
  static const struct {
    const char *keys;
    uint64_t limit_ms;
  } cases[] = {
      {"", 10 * MINUTE_MS}, {"timeout-retrieve = 30m\n", 30 * MINUTE_MS}, {"timeout-retrieve = 4h\n", 4 * HOUR_MS}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    scu_op *op = start_move(&f, cases[i].keys);
    uint64_t asked = f.time.now_ms;
    assert_int_equal(scu_op_wait(op), SCU_ERROR_TIMEOUT);
    assert_in_range(f.time.now_ms - asked, cases[i].limit_ms, cases[i].limit_ms + cases[i].limit_ms / 10 + 10000);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_CANCEL_RQ), 1);
    scu_op_free(op);
    fixture_stop(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_session_keeps_to_the_limits_of_its_node),
      cmocka_unit_test(test_a_node_may_do_without_the_window),
      cmocka_unit_test(test_what_the_caller_sets_counts_more),
      cmocka_unit_test(test_other_peers_of_the_same_file_are_not_touched),
      cmocka_unit_test(test_signs_of_life_of_tcp_are_as_the_node_says),
      cmocka_unit_test(test_a_silent_hour_of_a_move_is_no_time_out_where_the_node_may_take_longer),
      cmocka_unit_test(test_after_what_its_node_may_take_a_silent_move_is_cancelled),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
