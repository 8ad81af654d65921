/* The link by itself, as requestor and as acceptor: what an owner may do inside each of its callbacks (free, step the
 * loop, abort, release, pause), files that fail in mid-message, releases that come while responses are owed, and that
 * an idle link costs no steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "dimse/status.h"
#include "link/link.h"
#include "support/scripted_peer.h"
#include "support/test_loop.h"

#define OPEN                                                                                                           \
  {.action = PEER_ASSOCIATE}, {                                                                                        \
    .action = PEER_WAIT_AC                                                                                             \
  }
#define NEXT                                                                                                           \
  { .action = PEER_WAIT_MESSAGE }
#define STORE(sop)                                                                                                     \
  { .action = PEER_STORE, .uid = sop, .length = 40000 }
/* In many small pieces, several of them in what is read at once. */
#define STORE_IN_PIECES(sop)                                                                                           \
  { .action = PEER_STORE, .uid = sop, .length = 40000, .fragment = 1000 }
#define CLOSE                                                                                                          \
  {.action = PEER_RELEASE}, {.action = PEER_WAIT_RELEASED}, {                                                          \
    .action = PEER_CLOSE                                                                                               \
  }
#define END                                                                                                            \
  { .action = PEER_END }

static const char secondary_capture[] = "1.2.840.10008.5.1.4.1.1.7", verification[] = "1.2.840.10008.1.1";

typedef enum moment { INDICATION, OPENED, REQUEST, RELEASING, DRAINED, CLOSED, ON_EVENT, MOMENTS } moment;

typedef enum deed {
  NOTHING,
  STEP,
  FREE,
  STEP_THEN_FREE,
  FREE_THEN_STEP,
  ABORT,
  RELEASE,
  PAUSE,
  PAUSE_FOR_A_WHILE,
  DEEDS
} deed;

enum { EXCHANGES_MAX = 8, PATIENCE_MS = 5 * 1000 * 1000 };

typedef struct link_run {
  test_loop time;
  scripted_peer peer;
  scu__watch door;  /* acceptor: where the peer calls */
  uint32_t max_pdu; /* of the P-DATA-TFs it sends; 0 = 16384 */
  int send_buffer;  /* of its socket; 0 = as the system has it */
  uint16_t port;
  scu__link *link; /* NULL when freed */
  scu__acceptor_policy policy;

  deed deeds[MOMENTS];
  size_t deeds_from; /* the n-th callback of any kind at which deeds begin */
  int deeds_left;    /* so often; they nest */
  size_t callbacks, calls[MOMENTS];
  bool is_freed, calls_pump;
  uint64_t jump_ms; /* passes inside the callback: every timer expires */
  scu_error error;  /* of closed */
  bool was_orderly;

  bool is_slow; /* stores are answered by answer_all */
  scu__exchange *waiting[EXCHANGES_MAX];
  size_t waiting_count;
  uint64_t data_bytes;
  size_t finals, aborts_sent;
  scu__trace trace;
  scu__tap tap;
  bool is_untraced;
  scu__memory_source memory;
  uint8_t bytes[100000];
} link_run;

/* --- deeds ---------------------------------------------------------------------------------------------------------
 */

static void step(link_run *run, int steps) {
  for (int i = 0; i < steps; i++) assert_int_equal(scu_loop_step(run->time.loop), SCU_OK);
}

static void free_link(link_run *run) {
  scu__link *link = run->link;
  run->link = NULL;
  run->is_freed = true;
  scu__link_free(link);
}

/* False: the link is gone. */
static bool act(link_run *run, moment when) {
  assert_false(run->is_freed); /* nobody is called after that */
  run->calls[when]++;
  deed what = run->deeds[when];
  if (++run->callbacks < run->deeds_from || run->deeds_left == 0 || what == NOTHING) return true;
  run->deeds_left--;
  run->time.now_ms += run->jump_ms;
  switch (what) {
  case STEP: step(run, 6); break;
  case FREE: free_link(run); break;
  case STEP_THEN_FREE:
    step(run, 6);
    if (run->link) free_link(run);
    break;
  case FREE_THEN_STEP:
    free_link(run);
    step(run, 6);
    break;
  case ABORT:
    scu__link_abort(run->link, NULL);
    step(run, 6);
    break;
  case RELEASE: scu__link_release(run->link); break;
  case PAUSE:
    scu__link_pause(run->link, true);
    step(run, 3);
    if (run->link) scu__link_pause(run->link, false);
    break;
  default: scu__link_pause(run->link, true); break;
  }
  return run->link != NULL;
}

/* --- the owner -----------------------------------------------------------------------------------------------------
 */

static bool takes_everything(void *user, const scu__uid *abstract_syntax) {
  (void)user;
  (void)abstract_syntax;
  return true;
}

static const scu__acceptor_policy *on_indication(void *owner, scu__link *link, const scu__associate *rq,
                                                 scu__reject *reject) {
  link_run *run = owner;
  (void)link;
  (void)reject;
  assert_true(rq->context_count > 0);
  act(run, INDICATION);
  return &run->policy;
}

static void on_exchange(void *owner, scu__exchange *exchange, const scu__exchange_event *event);

static void answer(link_run *run, scu__exchange *exchange) {
  assert_int_equal(scu__store_provider_respond(exchange, 0, NULL, 0), SCU_OK);
  scu__link_pump(run->link);
}

static void answer_all(link_run *run) {
  for (size_t i = 0; i < run->waiting_count; i++) answer(run, run->waiting[i]);
  run->waiting_count = 0;
}

static scu__exchange *on_request(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                                 scu__exchange_event *event, uint16_t *status) {
  link_run *run = owner;
  scu__outbox *outbox = scu__link_outbox(link);
  if (!act(run, REQUEST)) {
    *status = SCU__STATUS_OUT_OF_RESOURCES;
    return NULL;
  }
  scu__exchange *exchange = NULL;
  scu_result result = command->field == SCU__C_ECHO_RQ
                          ? scu__echo_provider_new(NULL, outbox, context_id, command, &exchange, event)
                          : scu__store_provider_new(NULL, outbox, context_id, command, &exchange, event);
  assert_int_equal(result, SCU_OK);
  exchange->owner = run;
  exchange->on_event = on_exchange;
  return exchange;
}

static void start_requests(link_run *run) {
  const scu__negotiated *negotiated = scu__link_negotiated(run->link);
  const scu__accepted_context *context = scu__negotiated_find(negotiated, secondary_capture, NULL, false);
  assert_non_null(context);
  scu__store_params params = {.payload = SCU__PAYLOAD_RANGE,
                              .source = &run->memory.source,
                              .length = sizeof run->bytes,
                              .sop_instance = {"1.2.3"}};
  memcpy(params.sop_class.text, secondary_capture, sizeof secondary_capture);
  scu__exchange *exchange;
  scu__outbox *outbox = scu__link_outbox(run->link);
  assert_int_equal(
      scu__store_request_new(NULL, outbox, context->id, scu__link_next_message_id(run->link), &params, &exchange),
      SCU_OK);
  exchange->owner = run;
  exchange->on_event = on_exchange;
  scu__link_start(run->link, exchange);
  if (!run->link || !scu__link_is_open(run->link)) return;
  context = scu__negotiated_find(negotiated, verification, NULL, false);
  assert_int_equal(scu__echo_request_new(NULL, outbox, context->id, scu__link_next_message_id(run->link), &exchange),
                   SCU_OK);
  exchange->owner = run;
  exchange->on_event = on_exchange;
  scu__link_start(run->link, exchange);
}

static void on_opened(void *owner, scu__link *link) {
  link_run *run = owner;
  if (act(run, OPENED) && !run->door.is_registered && scu__link_is_open(link)) start_requests(run);
}

static void on_releasing(void *owner, scu__link *link) {
  (void)link;
  act(owner, RELEASING);
}

static void on_drained(void *owner, scu__link *link) {
  link_run *run = owner;
  if (act(run, DRAINED) && run->calls_pump) scu__link_pump(link);
}

static void on_closed(void *owner, scu__link *link, const scu_error *error) {
  link_run *run = owner;
  (void)link;
  assert_int_equal(run->calls[CLOSED], 0);
  if (error) scu__error_copy(&run->error, error);
  run->was_orderly = !error;
  if (act(run, CLOSED)) free_link(run);
}

static void on_exchange(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  link_run *run = owner;
  bool is_final = event->kind == SCU__EXCHANGE_FINAL, is_last = event->is_last;
  bool is_data = event->kind == SCU__EXCHANGE_DATA;
  if (is_data) run->data_bytes += event->length;
  if (!act(run, ON_EVENT)) return;
  if (is_data && is_last && run->is_slow)
    run->waiting[run->waiting_count++] = exchange;
  else if (is_data && is_last)
    answer(run, exchange);
  if (is_final && ++run->finals == 2 && run->link) scu__link_release(run->link);
}

static const scu__link_handler handler = {
    .indication = on_indication,
    .opened = on_opened,
    .request = on_request,
    .releasing = on_releasing,
    .drained = on_drained,
    .closed = on_closed,
};

/* --- runs ----------------------------------------------------------------------------------------------------------
 */

static void *on_connected(scu__tap *tap, const scu__trace_ends *ends) {
  (void)ends;
  return (char *)tap - offsetof(link_run, tap);
}

static void on_pdu(scu__tap *tap, void *conversation, bool is_sent, const uint8_t *bytes, size_t length) {
  link_run *run = conversation;
  (void)tap;
  if (is_sent && length > 0 && bytes[0] == SCU__PDU_ABORT) run->aborts_sent++;
}

static void on_tap_closed(scu__tap *tap, void *conversation) {
  assert_ptr_equal(conversation, on_connected(tap, NULL));
}

static scu__link_options options_of(link_run *run) {
  run->tap = (scu__tap){.connected = on_connected, .pdu = on_pdu, .closed = on_tap_closed};
  run->trace = (scu__trace){.level = SCU__LEVEL_WARNING, .user = run};
  if (!run->is_untraced) run->trace.taps[SCU__TAP_CAPTURE] = &run->tap;
  return (scu__link_options){.handler = &handler,
                             .owner = run,
                             .max_pdu_length = run->max_pdu ? run->max_pdu : 16384,
                             .associate_timeout_ms = PATIENCE_MS,
                             .release_timeout_ms = 2000,
                             .peer_text = "PEER",
                             .trace = &run->trace};
}

static void door_ready(scu__watch *self, unsigned ready) {
  link_run *run = (link_run *)((char *)self - offsetof(link_run, door));
  int fd;
  scu__address from;
  (void)ready;
  if (scu__socket_accept(self->fd, &fd, &from, NULL) != SCU_OK) return;
  assert_null(run->link);
  if (run->send_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &run->send_buffer, sizeof run->send_buffer);
  const scu__link_options options = options_of(run);
  assert_int_equal(scu__link_accept(run->time.loop, &options, fd, &run->link), SCU_OK);
}

static void prepare(link_run *run, const peer_step *script) {
  memset(run, 0, sizeof *run);
  test_loop_start(&run->time);
  scripted_peer_start(&run->peer, run->time.loop, script);
  scu__error_clear(&run->error);
  for (size_t i = 0; i < sizeof run->bytes; i++) run->bytes[i] = (uint8_t)(i * 7);
  scu__memory_source_init(&run->memory, run->bytes, sizeof run->bytes);
}

static void start_acceptor_for(link_run *run, const peer_step *script, uint16_t invokes) {
  prepare(run, NULL);
  run->peer.invokes = invokes;
  run->policy = (scu__acceptor_policy){.our_ae = "LINK",
                                       .is_abstract_syntax_supported = takes_everything,
                                       .max_pdu_length = 16384,
                                       .window_limit = 64,
                                       .user = run};
  run->door.ready = door_ready;
  int fd;
  scu__address actual;
  assert_int_equal(scu__socket_listen("127.0.0.1", 0, &fd, &actual, NULL), SCU_OK);
  assert_int_equal(scu__watch_set(run->time.loop, &run->door, fd, SCU__POLL_READ, NULL), SCU_OK);
  run->port = scu__address_port(&actual);
  scripted_peer_call(&run->peer, run->port, script);
}

/* The peer has two operations open at once, as it has agreed with us. */
static void start_acceptor(link_run *run, const peer_step *script) {
  start_acceptor_for(run, script, 2);
}

static void start_requestor(link_run *run, const peer_step *script) {
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
}

static void end_run(link_run *run) {
  if (run->link) free_link(run);
  step(run, 3);
  if (run->door.is_registered) {
    int fd = run->door.fd;
    scu__watch_remove(run->time.loop, &run->door);
    scu__socket_close(fd);
  }
  scripted_peer_stop(&run->peer);
  test_loop_stop(&run->time);
}

#define WAIT_FOR(run, condition, ms)                                                                                   \
  do {                                                                                                                 \
    TEST_LOOP_UNTIL(&(run)->time, condition, ms);                                                                      \
    if (!(condition)) fail_msg("in vain: %s; log: %s", #condition, (run)->peer.log);                                   \
  } while (0)

static const peer_step sender[] = {
    OPEN, STORE("1.2.3.1"), {.action = PEER_ECHO}, NEXT, NEXT, STORE("1.2.3.2"), NEXT, CLOSE, END};
static const peer_step pieces[] = {
    OPEN, STORE_IN_PIECES("1.2.3.1"), {.action = PEER_ECHO}, NEXT, NEXT, STORE_IN_PIECES("1.2.3.2"), NEXT, CLOSE, END};
static const peer_step archive[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, END};

/* --- every deed at every moment ------------------------------------------------------------------------------------
 */

static void check_deed(bool is_acceptor, moment when, deed what, size_t from, int times, size_t write_size) {
  link_run *run = malloc(sizeof *run);
  assert_non_null(run);
  if (is_acceptor)
    start_acceptor(run, write_size > 0 ? pieces : sender);
  else
    start_requestor(run, archive);
  run->peer.write_size = write_size;
  if (when == MOMENTS)
    for (int i = 0; i < MOMENTS; i++) run->deeds[i] = what;
  else
    run->deeds[when] = what;
  run->deeds_from = from;
  run->deeds_left = times;
  for (int i = 0; i < 30000 && !run->is_freed; i++) {
    step(run, 1);
    if (what == PAUSE_FOR_A_WHILE && i % 50 == 49 && run->link) scu__link_pause(run->link, false);
  }
  /* Ends by itself, by being freed or, after an abort or an early release, when the peer has been waited for. */
  if (!run->is_freed) fail_msg("acceptor %d, moment %d, deed %d: %s", is_acceptor, (int)when, (int)what, run->peer.log);
  bool is_mild = what == NOTHING || what == STEP || what == PAUSE || what == PAUSE_FOR_A_WHILE;
  if (is_mild) {
    if (!run->was_orderly)
      fail_msg("acceptor %d, moment %d, deed %d: %s", is_acceptor, (int)when, (int)what, run->error.reason);
    assert_int_equal(run->calls[CLOSED], 1);
    if (is_acceptor)
      assert_int_equal(scripted_peer_count(&run->peer, SCU__C_STORE_RSP), 2);
    else
      assert_int_equal(run->finals, 2);
    if (!is_acceptor) {
      const peer_message *got = scripted_peer_message(&run->peer, SCU__C_STORE_RQ, 0);
      assert_int_equal(got->bytes.length, sizeof run->bytes);
      assert_memory_equal(got->bytes.data, run->bytes, sizeof run->bytes);
    }
  }
  end_run(run);
  free(run);
}

static void test_every_deed_inside_every_callback_is_safe(void **state) {
  (void)state;
  for (int is_acceptor = 0; is_acceptor < 2; is_acceptor++)
    for (int when = 0; when <= MOMENTS; when++)
      for (int what = NOTHING; what < DEEDS; what++) {
        check_deed(is_acceptor, (moment)when, (deed)what, 0, 1, 0);
        check_deed(is_acceptor, (moment)when, (deed)what, 0, 1000, 0);
        check_deed(is_acceptor, (moment)when, (deed)what, 0, 1000, 5500);
      }
}

/* The n-th callback, whichever it is; and a second deed from the callbacks that a nested step brings. */
static void test_a_link_freed_in_the_nth_callback_calls_nobody_any_more(void **state) {
  (void)state;
  static const deed deeds[] = {FREE, STEP_THEN_FREE, FREE_THEN_STEP, ABORT};
  for (size_t i = 0; i < 4; i++)
    for (int is_acceptor = 0; is_acceptor < 2; is_acceptor++)
      for (size_t from = 1; from < 25; from++) {
        check_deed(is_acceptor, MOMENTS, deeds[i], from, 1, 0);
        check_deed(is_acceptor, MOMENTS, deeds[i], from, 3, 3000);
      }
}

/* The outer callback has freed the link; a task of it runs in the step inside, and must leave the rest to the outer. */
static void test_a_nested_task_does_not_take_the_link_from_under_a_callback(void **state) {
  (void)state;
  for (int is_acceptor = 0; is_acceptor < 2; is_acceptor++) {
    for (size_t from = 1; from < 25; from++) {
      link_run *run = malloc(sizeof *run);
      assert_non_null(run);
      if (is_acceptor)
        start_acceptor(run, sender);
      else
        start_requestor(run, archive);
      for (int i = 0; i < MOMENTS; i++) run->deeds[i] = STEP;
      run->deeds[DRAINED] = FREE;
      run->deeds[CLOSED] = FREE;
      run->deeds_from = from;
      run->deeds_left = 1000;
      WAIT_FOR(run, run->is_freed, 30000);
      end_run(run);
      free(run);
    }
  }
}

/* Nothing is promised of how it ends, but that it ends. */
static void test_timers_that_expire_inside_a_callback_are_safe(void **state) {
  (void)state;
  for (int is_acceptor = 0; is_acceptor < 2; is_acceptor++)
    for (int when = 0; when <= MOMENTS; when++)
      for (int what = STEP; what < ABORT; what++) {
        link_run *run = malloc(sizeof *run);
        assert_non_null(run);
        if (is_acceptor)
          start_acceptor(run, sender);
        else
          start_requestor(run, archive);
        for (int i = 0; i < MOMENTS; i++)
          if (when == MOMENTS || when == i) run->deeds[i] = (deed)what;
        run->deeds_left = 1;
        run->jump_ms = 2 * PATIENCE_MS;
        WAIT_FOR(run, run->is_freed, 2 * run->jump_ms);
        end_run(run);
        free(run);
      }
}

/* --- reading held back ---------------------------------------------------------------------------------------------
 */

static void test_what_comes_while_reading_is_paused_is_not_lost(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 700, 5000};
  for (size_t i = 0; i < 3; i++) {
    link_run *run = malloc(sizeof *run);
    assert_non_null(run);
    start_acceptor(run, sender);
    run->peer.write_size = sizes[i];
    run->deeds[ON_EVENT] = PAUSE_FOR_A_WHILE;
    run->deeds_left = 1;
    WAIT_FOR(run, run->calls[ON_EVENT] > 0, 5000);
    step(run, 30);
    uint64_t before = run->data_bytes;
    step(run, 200);
    assert_int_equal(run->data_bytes, before); /* what was read is delivered, more is not read */
    scu__link_pause(run->link, false);
    WAIT_FOR(run, run->is_freed, 20000);
    assert_true(run->was_orderly);
    assert_true(run->data_bytes > 80000);
    assert_int_equal(scripted_peer_count(&run->peer, SCU__C_STORE_RSP), 2);
    end_run(run);
    free(run);
  }
}

/* --- releases ------------------------------------------------------------------------------------------------------
 */

static void test_a_release_waits_for_the_responses_that_are_owed(void **state) {
  (void)state;
  static const peer_step releases[] = {OPEN, STORE("1.2.3.1"), STORE("1.2.3.2"), CLOSE, END};
  for (int what = NOTHING; what < DEEDS; what++) {
    if (what == RELEASE || what == ABORT) continue; /* they end it earlier */
    link_run *run = malloc(sizeof *run);
    assert_non_null(run);
    start_acceptor(run, releases);
    run->is_slow = true;
    run->deeds[RELEASING] = (deed)what;
    run->deeds_left = 1;
    WAIT_FOR(run, run->calls[RELEASING] == 1, 5000);
    if (run->link) {
      assert_int_equal(run->waiting_count, 2);
      assert_false(scu__link_is_open(run->link));
      scu__link_pause(run->link, false);
      step(run, 100);
      assert_null(strstr(run->peer.log, "RELEASE-RP"));
      answer(run, run->waiting[1]);
      step(run, 100);
      assert_null(strstr(run->peer.log, "RELEASE-RP"));
      run->waiting_count = 1;
      answer_all(run);
      WAIT_FOR(run, run->is_freed, 5000);
      assert_true(run->was_orderly);
      assert_non_null(strstr(run->peer.log, "1:C-STORE-RSP 1:C-STORE-RSP 1:RELEASE-RP"));
    }
    end_run(run);
    free(run);
  }
}

/* --- idle ----------------------------------------------------------------------------------------------------------
 */

static void test_an_idle_link_is_told_that_it_is_drained_once_and_not_for_ever(void **state) {
  (void)state;
  static const peer_step idle[] = {
      OPEN, STORE("1.2.3.1"), NEXT, {.action = PEER_HOLD}, {.action = PEER_ECHO}, NEXT, CLOSE, END};
  for (int calls_pump = 0; calls_pump < 2; calls_pump++) {
    link_run *run = malloc(sizeof *run);
    assert_non_null(run);
    start_acceptor(run, idle);
    run->calls_pump = calls_pump;
    WAIT_FOR(run, scripted_peer_count(&run->peer, SCU__C_STORE_RSP) == 1, 5000);
    step(run, 20);
    size_t drained = run->calls[DRAINED];
    assert_true(drained > 0);
    step(run, 500);
    assert_int_equal(run->calls[DRAINED], drained);
    assert_true(scu_loop_timeout_ms(run->time.loop) != 0); /* nothing is queued: a loop of its own would sleep */
    scripted_peer_go(&run->peer);
    WAIT_FOR(run, run->is_freed, 5000);
    assert_true(run->calls[DRAINED] > drained && run->calls[DRAINED] < drained + 10);
    end_run(run);
    free(run);
  }
}

/* --- files that fail -----------------------------------------------------------------------------------------------
 */

typedef struct failing_source {
  scu__source source;
  int reads_left;
} failing_source;

static scu_result failing_read_at(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  failing_source *failing = (failing_source *)self;
  if (failing->reads_left <= 0) return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "the disk is gone");
  failing->reads_left--;
  for (size_t i = 0; i < length; i++) ((uint8_t *)to)[i] = (uint8_t)(offset + i);
  return SCU_OK;
}

static void request_store(link_run *run, scu__store_params *params) {
  memcpy(params->sop_class.text, secondary_capture, sizeof secondary_capture);
  scu__uid_from_text(&params->sop_instance, "1.2.3.4");
  scu__exchange *exchange;
  assert_int_equal(scu__store_request_new(NULL, scu__link_outbox(run->link), 1, scu__link_next_message_id(run->link),
                                          params, &exchange),
                   SCU_OK);
  scu__link_start(run->link, exchange);
}

/* Two messages: one from memory, which leaves in pieces of any size, and one from a file that fails. True when the peer
 * saw an A-ABORT; the peer itself checks that all it gets are PDUs. */
static bool check_failing_file(size_t memory_length, int reads, int send_buffer) {
  static const peer_step reader[] = {OPEN, {.action = PEER_WAIT_ABORT}, {.action = PEER_CLOSE}, END};
  link_run *run = malloc(sizeof *run);
  assert_non_null(run);
  start_acceptor(run, reader);
  run->send_buffer = send_buffer;
  WAIT_FOR(run, run->calls[OPENED] == 1, 5000);
  failing_source failing = {.source = {.size = 4000000, .read_at = failing_read_at}, .reads_left = reads};
  scu__store_params from_memory = {.payload = SCU__PAYLOAD_BYTES};
  scu__buffer_init(&from_memory.bytes, NULL, (size_t)1 << 24);
  if (memory_length > 0) {
    scu__put_fill(&from_memory.bytes, 7, memory_length);
    request_store(run, &from_memory);
  }
  scu__store_params from_file = {.payload = SCU__PAYLOAD_RANGE, .source = &failing.source, .length = 4000000};
  if (run->link) request_store(run, &from_file);
  WAIT_FOR(run, run->is_freed, PATIENCE_MS); /* small buffers wait for ACKs, which take real time */
  assert_int_equal(run->calls[CLOSED], 1);
  assert_int_equal(run->error.result, SCU_ERROR_STORAGE);
  assert_string_equal(run->error.reason, "the disk is gone");
  WAIT_FOR(run, scripted_peer_open_count(&run->peer) == 0, 5000);
  assert_true(run->peer.message_count <= (memory_length > 0)); /* never the one of the file */
  /* An A-ABORT that was sent is seen as one: it did not end up inside a PDU that was cut. */
  bool saw_abort = strstr(run->peer.log, "ABORT(0/0) ") != NULL;
  if (saw_abort != (run->aborts_sent > 0)) fail_msg("%zu bytes, %d reads: %s", memory_length, reads, run->peer.log);
  assert_null(strstr(run->peer.log, "ABORT(0/0) 1:ABORT"));
  end_run(run);
  free(run);
  return saw_abort;
}

static void test_a_file_that_fails_in_mid_message_ends_at_the_border_of_a_pdu_or_by_closing(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1000, 16372, 30000, 120000, 300000, 1000000};
  static const int reads[] = {0, 1, 2, 15, 16, 17, 100};
  static const int buffers[] = {0, 5000, 20000};
  int aborts = 0, runs = 0;
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (size_t j = 0; j < sizeof reads / sizeof *reads; j++)
      for (size_t k = 0; k < 3; k++, runs++) aborts += check_failing_file(lengths[i], reads[j], buffers[k]);
  assert_true(aborts > 0 && aborts < runs); /* of both kinds */
}

/* --- files that lend -----------------------------------------------------------------------------------------------
 */

typedef struct lending_source {
  scu__source source;
  uint8_t *bytes;
  size_t read; /* bytes that were copied out */
} lending_source;

static scu_result lending_read_at(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  lending_source *lending = (lending_source *)self;
  (void)error;
  lending->read += length;
  memcpy(to, lending->bytes + offset, length);
  return SCU_OK;
}

static const uint8_t *lending_lend(scu__source *self, uint64_t offset, size_t length) {
  (void)length;
  return ((lending_source *)self)->bytes + offset;
}

/* Sends `length` lent bytes: how many of them were copied. */
static size_t check_lent(size_t length, uint32_t peer_pdu, int send_buffer) {
  static const peer_step reader[] = {OPEN, NEXT, {.action = PEER_RESPOND}, CLOSE, END};
  link_run *run = malloc(sizeof *run);
  assert_non_null(run);
  start_acceptor(run, reader);
  run->max_pdu = run->peer.max_pdu = peer_pdu;
  run->send_buffer = send_buffer;
  run->is_untraced = true; /* a trace would read, too */
  WAIT_FOR(run, run->calls[OPENED] == 1, 5000);
  lending_source lending = {.source = {.size = length, .read_at = lending_read_at, .lend = lending_lend}};
  lending.bytes = malloc(length);
  assert_non_null(lending.bytes);
  for (size_t i = 0; i < length; i++) lending.bytes[i] = (uint8_t)(i * 7 + i / 251);
  scu__store_params params = {.payload = SCU__PAYLOAD_RANGE, .source = &lending.source, .length = length};
  request_store(run, &params);
  WAIT_FOR(run, run->is_freed, PATIENCE_MS);
  assert_int_equal(run->peer.message_count, 1);
  const scu__buffer *came = &run->peer.messages[0].bytes;
  assert_int_equal(came->length, length + length % 2);
  assert_memory_equal(came->data, lending.bytes, length);
  if (length % 2) assert_int_equal(came->data[length], 0);
  end_run(run);
  free(run);
  free(lending.bytes);
  return lending.read;
}

/* The peers take PDUs so small that a batch is all slices, so large that it is a few, and the smallest of all. */
static void test_what_is_lent_arrives_whole_however_the_connection_takes_it(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 16384, 262144, 262145, 300000, 525000, 1048576, 1050001};
  static const uint32_t pdus[] = {4096, 16384, 131072};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (size_t j = 0; j < sizeof pdus / sizeof *pdus; j++) {
      assert_true(check_lent(lengths[i], pdus[j], 20000) <= lengths[i]); /* nothing is copied twice */
      assert_true(check_lent(lengths[i], pdus[j], 0) <= lengths[i]);
    }
  /* What the connection takes at once is not copied, in few slices or many. */
  assert_int_equal(check_lent(300000, 131072, 0), 0);
  assert_int_equal(check_lent(300000, 4096, 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_deed_inside_every_callback_is_safe),
      cmocka_unit_test(test_a_link_freed_in_the_nth_callback_calls_nobody_any_more),
      cmocka_unit_test(test_a_nested_task_does_not_take_the_link_from_under_a_callback),
      cmocka_unit_test(test_timers_that_expire_inside_a_callback_are_safe),
      cmocka_unit_test(test_what_comes_while_reading_is_paused_is_not_lost),
      cmocka_unit_test(test_a_release_waits_for_the_responses_that_are_owed),
      cmocka_unit_test(test_an_idle_link_is_told_that_it_is_drained_once_and_not_for_ever),
      cmocka_unit_test(test_a_file_that_fails_in_mid_message_ends_at_the_border_of_a_pdu_or_by_closing),
      cmocka_unit_test(test_what_is_lent_arrives_whole_however_the_connection_takes_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
