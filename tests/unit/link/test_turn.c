/* How much one link takes at once, as its owner sees it: a turn is bounded, requests beyond the asynchronous operations
 * window wait (PS3.7 D.3.3.3), responses do not wait behind them, and only what belongs to a request keeps it alive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "link/link.h"
#include "support/scripted_peer.h"
#include "support/test_loop.h"

#define END                                                                                                            \
  { .action = PEER_END }
#define NEXT                                                                                                           \
  { .action = PEER_WAIT_MESSAGE }

static const char secondary_capture[] = "1.2.840.10008.5.1.4.1.1.7", verification[] = "1.2.840.10008.1.1";
static const peer_step store = {.action = PEER_STORE, .uid = "1.2.3", .length = 100}, echo = {.action = PEER_ECHO};

enum { HELD_MAX = 512 };

/* A link, and a peer that asks it. */
typedef struct turn_run {
  test_loop time;
  scripted_peer peer;
  scu__watch door;
  scu__link *link; /* NULL when it has ended */
  scu__acceptor_policy policy;
  bool holds; /* requests are not answered */
  scu__exchange *held[HELD_MAX];
  size_t held_count, requests, finals;
  scu__exchange *asked;
  scu_error error;
} turn_run;

static bool takes_everything(void *user, const scu__uid *abstract_syntax) {
  (void)user, (void)abstract_syntax;
  return true;
}

static const scu__acceptor_policy *on_indication(void *owner, scu__link *link, const scu__associate *rq,
                                                 scu__reject *reject) {
  (void)link, (void)rq, (void)reject;
  return &((turn_run *)owner)->policy;
}

static void answer(turn_run *run, scu__exchange *exchange) {
  assert_int_equal(scu__store_provider_respond(exchange, 0, NULL, 0), SCU_OK);
  scu__link_pump(run->link);
}

static void on_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  turn_run *run = owner;
  if (event->kind == SCU__EXCHANGE_FINAL) run->finals++;
  if (event->kind != SCU__EXCHANGE_DATA || !event->is_last) return;
  if (!run->holds) {
    answer(run, exchange);
    return;
  }
  assert_true(run->held_count < HELD_MAX);
  run->held[run->held_count++] = exchange;
}

static scu__exchange *on_request(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                                 scu__exchange_event *event, uint16_t *status) {
  turn_run *run = owner;
  scu__outbox *outbox = scu__link_outbox(link);
  scu__exchange *exchange = NULL;
  (void)status;
  run->requests++;
  if (command->field == SCU__C_ECHO_RQ)
    assert_int_equal(scu__echo_provider_new(NULL, outbox, context_id, command, &exchange, event), SCU_OK);
  else
    assert_int_equal(scu__store_provider_new(NULL, outbox, context_id, command, &exchange, event), SCU_OK);
  exchange->owner = run;
  exchange->on_event = on_event;
  return exchange;
}

static void on_closed(void *owner, scu__link *link, const scu_error *error) {
  turn_run *run = owner;
  if (error) scu__error_copy(&run->error, error);
  run->link = NULL;
  scu__link_free(link);
}

static const scu__link_handler handler = {.indication = on_indication, .request = on_request, .closed = on_closed};

static scu__link_options options_of(turn_run *run) {
  return (scu__link_options){.handler = &handler,
                             .owner = run,
                             .max_pdu_length = 16384,
                             .associate_timeout_ms = 5000,
                             .release_timeout_ms = 2000,
                             .peer_text = "PEER"};
}

static void door_ready(scu__watch *self, unsigned ready) {
  turn_run *run = (turn_run *)((char *)self - offsetof(turn_run, door));
  int fd;
  scu__address from;
  (void)ready;
  if (scu__socket_accept(self->fd, &fd, &from, NULL) != SCU_OK) return;
  const scu__link_options options = options_of(run);
  assert_int_equal(scu__link_accept(run->time.loop, &options, fd, &run->link), SCU_OK);
}

static void prepare(turn_run *run, const peer_step *script) {
  memset(run, 0, sizeof *run);
  test_loop_start(&run->time);
  scripted_peer_start(&run->peer, run->time.loop, script);
  scu__error_clear(&run->error);
}

/* `window`: what the peer may have open at once; 0 = it does not ask. */
static void start_acceptor(turn_run *run, const peer_step *script, uint16_t window) {
  prepare(run, NULL);
  run->peer.invokes = window;
  run->policy = (scu__acceptor_policy){
      .our_ae = "LINK", .is_abstract_syntax_supported = takes_everything, .max_pdu_length = 16384, .window_limit = 64};
  run->door.ready = door_ready;
  int fd;
  scu__address actual;
  assert_int_equal(scu__socket_listen("127.0.0.1", 0, &fd, &actual, NULL), SCU_OK);
  assert_int_equal(scu__watch_set(run->time.loop, &run->door, fd, SCU__POLL_READ, NULL), SCU_OK);
  scripted_peer_call(&run->peer, scu__address_port(&actual), script);
}

static void start_requestor(turn_run *run, const peer_step *script) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  prepare(run, script);
  scu__associate rq;
  scu__associate_init(&rq, NULL);
  scu__ae_from_text(&rq.called, "PEER");
  scu__ae_from_text(&rq.calling, "LINK");
  scu__associate_add_context(&rq, secondary_capture, syntaxes, 1, NULL);
  scu__associate_add_context(&rq, verification, syntaxes, 1, NULL);
  const scu__connector_target target = {
      .host = "127.0.0.1", .port = run->peer.port, .local_address = "", .timeout_ms = 5000};
  const scu__link_options options = options_of(run);
  assert_int_equal(scu__link_connect(run->time.loop, &options, &target, &rq, &run->link), SCU_OK);
  scu__associate_free(&rq);
  TEST_LOOP_UNTIL(&run->time, scu__link_is_open(run->link), 5000);
  const scu__accepted_context *context =
      scu__negotiated_find(scu__link_negotiated(run->link), verification, NULL, false);
  assert_int_equal(scu__echo_request_new(NULL, scu__link_outbox(run->link), context->id,
                                         scu__link_next_message_id(run->link), &run->asked),
                   SCU_OK);
  run->asked->owner = run;
  run->asked->on_event = on_event;
  scu__link_start(run->link, run->asked);
}

static void end_run(turn_run *run) {
  scu__link_free(run->link);
  scripted_peer_stop(&run->peer);
  int door = run->door.fd;
  bool is_acceptor = run->door.is_registered;
  scu__watch_remove(run->time.loop, &run->door);
  if (is_acceptor) scu__socket_close(door);
  test_loop_stop(&run->time);
}

static void step(turn_run *run, int steps) {
  for (int i = 0; i < steps; i++) assert_int_equal(scu_loop_step(run->time.loop), SCU_OK);
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

static void test_a_turn_is_sixteen_requests_however_many_have_come(void **state) {
  (void)state;
  static const peer_step floods[] = {
      {.action = PEER_ASSOCIATE}, {.action = PEER_WAIT_AC}, {.action = PEER_REPEAT, .script = &echo}, END};
  turn_run run;
  start_acceptor(&run, floods, 64);
  TEST_LOOP_UNTIL(&run.time, run.requests > 0, 1000);
  for (int i = 0; i < 30; i++) {
    size_t before = run.requests;
    step(&run, 1);
    assert_true(run.requests - before <= 2 * 16); /* what was ready, and what was left of it */
  }
  assert_true(run.requests > 100);
  assert_true(scripted_peer_count(&run.peer, SCU__C_ECHO_RSP) > 64);
  end_run(&run);
}

static void test_what_is_left_of_a_turn_needs_no_more_bytes_to_go_on(void **state) {
  (void)state;
  peer_step script[104] = {{.action = PEER_ASSOCIATE}, {.action = PEER_WAIT_AC}};
  for (int i = 0; i < 100; i++) script[2 + i] = echo;
  turn_run run;
  start_acceptor(&run, script, 64);
  TEST_LOOP_UNTIL(&run.time, scripted_peer_count(&run.peer, SCU__C_ECHO_RSP) == 100, 1000);
  assert_int_equal(scripted_peer_count(&run.peer, SCU__C_ECHO_RSP), 100);
  end_run(&run);
}

/* --- the window --------------------------------------------------------------------------------------------------- */

static void check_window(uint16_t asked_for, size_t held) {
  static const peer_step floods[] = {
      {.action = PEER_ASSOCIATE}, {.action = PEER_WAIT_AC}, {.action = PEER_REPEAT, .script = &store}, END};
  turn_run run;
  start_acceptor(&run, floods, asked_for);
  run.holds = true;
  TEST_LOOP_UNTIL(&run.time, run.held_count >= held, 1000);
  step(&run, 200);
  assert_int_equal(run.held_count, held);
  for (size_t i = 0; i < 5; i++) answer(&run, run.held[i]); /* for each answer there is one more */
  step(&run, 200);
  assert_int_equal(run.held_count, held + (held < 5 ? held : 5));
  end_run(&run);
}

static void test_requests_beyond_the_window_wait_until_others_are_answered(void **state) {
  (void)state;
  check_window(8, 9); /* the one that shows that it asks for too much is taken to its end */
  check_window(64, 65);
}

static void test_without_a_window_there_is_one_request_and_the_next(void **state) {
  (void)state;
  static const peer_step floods[] = {
      {.action = PEER_ASSOCIATE}, {.action = PEER_WAIT_AC}, {.action = PEER_REPEAT, .script = &store}, END};
  turn_run run;
  start_acceptor(&run, floods, 0);
  run.holds = true;
  step(&run, 300);
  assert_int_equal(run.held_count, 2);
  for (size_t i = 0; i < 50; i++) {
    answer(&run, run.held[i]);
    TEST_LOOP_UNTIL(&run.time, run.held_count == i + 3, 100);
    assert_int_equal(run.held_count, i + 3);
  }
  end_run(&run);
}

static void test_an_abort_gets_through_while_requests_wait(void **state) {
  (void)state;
  static const peer_step floods[] = {
      {.action = PEER_ASSOCIATE}, {.action = PEER_WAIT_AC}, {.action = PEER_REPEAT, .script = &store}, END};
  turn_run run;
  start_acceptor(&run, floods, 0);
  run.holds = true;
  step(&run, 300);
  assert_int_equal(run.held_count, 2);
  uint64_t before = run.time.now_ms;
  scu__link_abort(run.link, NULL);
  TEST_LOOP_UNTIL(&run.time, !run.link, 2000);
  assert_null(run.link);
  assert_true(run.time.now_ms - before <= 510);
  end_run(&run);
}

static void test_an_answer_to_us_is_read_behind_requests_beyond_the_window(void **state) {
  (void)state;
  const peer_step script[] = {{.action = PEER_WAIT_RQ},
                              {.action = PEER_ACCEPT},
                              NEXT,
                              store,
                              store,
                              store,
                              store,
                              {.action = PEER_RESPOND},
                              store,
                              store,
                              END};
  turn_run run;
  start_requestor(&run, script);
  run.holds = true;
  TEST_LOOP_UNTIL(&run.time, run.finals == 1, 1000);
  assert_int_equal(run.finals, 1);
  step(&run, 100);
  assert_int_equal(run.held_count, 4); /* with the answer nothing is waited for any more */
  end_run(&run);
}

static void test_even_then_there_is_a_bound(void **state) {
  (void)state;
  static const peer_step script[] = {
      {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, NEXT, {.action = PEER_REPEAT, .script = &store}, END};
  turn_run run;
  start_requestor(&run, script);
  run.holds = true;
  step(&run, 500);
  assert_int_equal(run.held_count, 1 + 64 + 1);
  end_run(&run);
}

/* --- who does not read -------------------------------------------------------------------------------------------- */

static void test_a_peer_that_does_not_read_its_answers_asks_no_further(void **state) {
  (void)state;
  static const peer_step floods[] = {{.action = PEER_ASSOCIATE},
                                     {.action = PEER_WAIT_AC},
                                     {.action = PEER_REPEAT, .script = &echo, .reads_nothing = true},
                                     END};
  turn_run run;
  start_acceptor(&run, floods, 64);
  TEST_LOOP_UNTIL(&run.time, run.link && scu__link_is_blocked(run.link), 200000);
  assert_true(scu__link_is_blocked(run.link));
  step(&run, 20000);
  size_t before = run.requests;
  uint64_t moved = scu__link_moved(run.link);
  step(&run, 500);
  assert_int_equal(run.requests, before);
  assert_int_equal(scu__link_moved(run.link), moved);
  assert_true(scu__outbox_count(scu__link_outbox(run.link)) <= 65);
  scu__link_abort(run.link, NULL);
  TEST_LOOP_UNTIL(&run.time, !run.link, 2000); /* the A-ABORT does not leave either */
  assert_null(run.link);
  end_run(&run);
}

/* --- signs of life ------------------------------------------------------------------------------------------------ */

static void test_what_is_not_of_the_request_is_no_life_of_it(void **state) {
  (void)state;
  static const peer_step script[] = {{.action = PEER_WAIT_RQ},
                                     {.action = PEER_ACCEPT},
                                     NEXT,
                                     {.action = PEER_REPEAT, .count = 10, .script = &echo},
                                     END};
  turn_run run;
  start_requestor(&run, script);
  TEST_LOOP_UNTIL(&run.time, run.requests == 1, 1000);
  uint64_t life = scu__link_life(run.link, run.asked), moved = scu__link_moved(run.link);
  assert_true(life > 0); /* it went out */
  TEST_LOOP_UNTIL(&run.time, run.requests == 20, 1000);
  assert_int_equal(run.requests, 20);
  assert_true(scu__link_moved(run.link) > moved);
  assert_int_equal(scu__link_life(run.link, run.asked), life);
  end_run(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_turn_is_sixteen_requests_however_many_have_come),
      cmocka_unit_test(test_what_is_left_of_a_turn_needs_no_more_bytes_to_go_on),
      cmocka_unit_test(test_requests_beyond_the_window_wait_until_others_are_answered),
      cmocka_unit_test(test_without_a_window_there_is_one_request_and_the_next),
      cmocka_unit_test(test_an_abort_gets_through_while_requests_wait),
      cmocka_unit_test(test_an_answer_to_us_is_read_behind_requests_beyond_the_window),
      cmocka_unit_test(test_even_then_there_is_a_bound),
      cmocka_unit_test(test_a_peer_that_does_not_read_its_answers_asks_no_further),
      cmocka_unit_test(test_what_is_not_of_the_request_is_no_life_of_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
