/* The storage listener and its server against scripted senders: who may come, how many, who is silent, who vanishes,
 * what is refused, and how it stops (catalogue P19, P21, P31, D02, D07, D26, D27; RULES 24 and 25). */
#define _GNU_SOURCE /* scratch.h */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/resource.h>

#include <cmocka.h>

#include "listener/listener.h"
#include "scu/listener.h"
#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

#define OPEN                                                                                                           \
  {.action = PEER_ASSOCIATE}, {                                                                                        \
    .action = PEER_WAIT_AC                                                                                             \
  }
#define SEND(sop)                                                                                                      \
  {.action = PEER_STORE, .uid = sop, .length = 1000}, {                                                                \
    .action = PEER_WAIT_MESSAGE                                                                                        \
  }
#define ECHO                                                                                                           \
  {.action = PEER_ECHO}, {                                                                                             \
    .action = PEER_WAIT_MESSAGE                                                                                        \
  }
#define CLOSE                                                                                                          \
  {.action = PEER_RELEASE}, {.action = PEER_WAIT_RELEASED}, {                                                          \
    .action = PEER_CLOSE                                                                                               \
  }
#define END                                                                                                            \
  { .action = PEER_END }

typedef struct listen_run {
  test_loop time;
  scripted_peer peer; /* its own port is not used */
  scu_options *options;
  scu_listener *listener;
  test_sink sink;
  char log[8192];
  fixture_outcome outcomes[64];
  size_t outcome_count;
} listen_run;

static void on_log(void *user, int level, uint32_t association, const char *text) {
  listen_run *run = user;
  (void)association;
  if (level > 1) return;
  size_t length = strlen(run->log);
  snprintf(run->log + length, sizeof run->log - length, "%s\n", text);
}

static void on_instance(void *user, const scu_instance_outcome *told) {
  listen_run *run = user;
  fixture_outcome *kept = &run->outcomes[run->outcome_count++ % 64];
  snprintf(kept->uid, sizeof kept->uid, "%s", told->sop_instance_uid);
  snprintf(kept->reason, sizeof kept->reason, "%s", told->reason);
  kept->status = told->status;
  kept->outcome = told->outcome;
}

static void prepare(listen_run *run) {
  memset(run, 0, sizeof *run);
  test_loop_start(&run->time);
  scripted_peer_start(&run->peer, run->time.loop, NULL);
  test_sink_init(&run->sink);
  assert_int_equal(scu_options_new(NULL, &run->options), SCU_OK);
  scu_options_set_text(run->options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  scu_options_set_integer(run->options, SCU_OPTION_LISTEN_PORT, 0);
}

static void begin(listen_run *run) {
  assert_int_equal(scu_listener_new(run->time.loop, &run->listener, run->options, &run->sink.sink), SCU_OK);
  const scu_hooks hooks = {.size = sizeof hooks, .instance = on_instance, .log = on_log, .user = run};
  scu_listener_set_hooks(run->listener, &hooks);
}

static void start_run(listen_run *run) {
  prepare(run);
  begin(run);
}

static void call(listen_run *run, const peer_step *script) {
  scripted_peer_call(&run->peer, (uint16_t)scu_listener_port(run->listener), script);
}

static void end_run(listen_run *run) {
  scu_listener_free(run->listener);
  scripted_peer_stop(&run->peer);
  scu_options_free(run->options);
  test_loop_stop(&run->time);
  assert_int_equal(run->sink.open, 0);
  test_sink_free(&run->sink);
}

#define WAIT_FOR(run, condition, ms)                                                                                   \
  do {                                                                                                                 \
    TEST_LOOP_UNTIL(&(run)->time, condition, ms);                                                                      \
    if (!(condition)) fail_msg("in vain: %s; log: %s", #condition, (run)->peer.log);                                   \
  } while (0)

/* --- who may come --------------------------------------------------------------------------------------------------
 */

static void test_echo_and_store_are_served_and_the_release_answered(void **state) {
  (void)state;
  static const peer_step script[] = {OPEN, ECHO, SEND("1.2.3.1"), ECHO, SEND("1.2.3.2"), CLOSE, END};
  static const size_t sizes[] = {0, 1, PEER_RANDOM_WRITES};
  for (size_t i = 0; i < 3; i++) {
    listen_run run;
    start_run(&run);
    run.peer.write_size = sizes[i];
    call(&run, script);
    WAIT_FOR(&run, run.peer.script_ends == 1, 20000);
    assert_non_null(strstr(run.peer.log, "1:RELEASE-RP"));
    assert_int_equal(run.sink.finished, 2);
    assert_int_equal(scu_listener_count(run.listener, SCU_OUTCOME_OK), 2);
    assert_int_equal(run.sink.instances[0].bytes.length, run.sink.instances[1].bytes.length);
    assert_memory_equal(run.sink.instances[0].bytes.data, run.sink.instances[1].bytes.data, 40);
    end_run(&run);
  }
}

static void test_whoever_is_not_on_the_list_is_rejected(void **state) {
  (void)state;
  static const peer_step stranger[] = {
      {.action = PEER_ASSOCIATE, .text = "STRANGER"}, {.action = PEER_WAIT_CLOSE}, END};
  static const peer_step known[] = {
      {.action = PEER_ASSOCIATE, .text = "KNOWN"}, {.action = PEER_WAIT_AC}, ECHO, CLOSE, END};
  listen_run run;
  prepare(&run);
  scu_options_set_text(run.options, SCU_OPTION_ACCEPT_FROM, "KNOWN, OTHER");
  begin(&run);
  call(&run, stranger);
  call(&run, known);
  WAIT_FOR(&run, run.peer.script_ends == 2, 12000); /* the rejected one does not close: ARTIM */
  assert_non_null(strstr(run.peer.log, "1:RJ(1/1/3)"));
  assert_non_null(strstr(run.peer.log, "2:C-ECHO-RSP"));
  assert_non_null(strstr(run.log, "STRANGER"));
  end_run(&run);
}

static void test_whoever_calls_somebody_else_is_rejected_where_that_is_looked_at(void **state) {
  (void)state;
  static const peer_step caller[] = {OPEN, ECHO, CLOSE, END};
  static const peer_step wrong[] = {{.action = PEER_ASSOCIATE}, {.action = PEER_WAIT_CLOSE}, END};
  for (int way = 0; way < 3; way++) { /* not looked at; looked at and right; wrong */
    listen_run run;
    prepare(&run);
    scu_options_set_boolean(run.options, SCU_OPTION_CHECK_CALLED_AE, way > 0);
    scu_options_set_text(run.options, SCU_OPTION_CALLING_AE, way == 1 ? "LISTENER" : "SOMEBODY ELSE");
    begin(&run);
    call(&run, way == 2 ? wrong : caller);
    WAIT_FOR(&run, run.peer.script_ends == 1, 12000); /* the rejected one does not close: ARTIM */
    assert_int_equal(strstr(run.peer.log, "1:RJ(1/1/7)") != NULL, way == 2);
    assert_int_equal(strstr(run.peer.log, "1:C-ECHO-RSP") != NULL, way != 2);
    end_run(&run);
  }
}

static void test_more_associations_than_allowed_are_rejected_for_now(void **state) {
  (void)state;
  static const peer_step stays[] = {OPEN, {.action = PEER_HOLD}, CLOSE, END};
  static const peer_step third[] = {{.action = PEER_ASSOCIATE}, {.action = PEER_WAIT_CLOSE}, END};
  static const peer_step later[] = {OPEN, ECHO, CLOSE, END};
  listen_run run;
  prepare(&run);
  scu_options_set_integer(run.options, SCU_OPTION_LISTEN_MAX_ASSOCIATIONS, 2);
  begin(&run);
  call(&run, stays);
  call(&run, stays);
  WAIT_FOR(&run, strstr(run.peer.log, "1:AC") && strstr(run.peer.log, "2:AC"), 2000);
  call(&run, third);
  WAIT_FOR(&run, strstr(run.peer.log, "3:RJ(2/3/2)"), 2000);
  scripted_peer_go(&run.peer);
  WAIT_FOR(&run, run.peer.script_ends == 3, 12000);
  call(&run, later);
  WAIT_FOR(&run, strstr(run.peer.log, "4:C-ECHO-RSP"), 2000);
  end_run(&run);
}

static void test_silent_connections_block_nobody_and_end_in_time(void **state) {
  (void)state;
  enum { SILENT = 50 };
  static const peer_step silent[] = {{.action = PEER_WAIT_CLOSE}, END};
  static const peer_step half[] = {{.action = PEER_ASSOCIATE, .cut = 40}, {.action = PEER_WAIT_CLOSE}, END};
  static const peer_step echo[] = {OPEN, ECHO, CLOSE, END};
  listen_run run;
  prepare(&run);
  scu_options_set_integer(run.options, SCU_OPTION_LISTEN_MAX_ASSOCIATIONS, 3); /* they take nobody's place */
  begin(&run);
  for (int i = 0; i < SILENT; i++) call(&run, i % 2 ? silent : half);
  for (int i = 0; i < 60; i++) scu_loop_step(run.time.loop);
  uint64_t before = run.time.now_ms;
  call(&run, echo);
  WAIT_FOR(&run, strstr(run.peer.log, "51:C-ECHO-RSP"), 500);
  assert_true(run.time.now_ms - before < 500);
  WAIT_FOR(&run, run.peer.script_ends == SILENT + 1, 12000); /* ARTIM */
  assert_int_equal(scripted_peer_open_count(&run.peer), 0);
  end_run(&run);
}

static void test_an_association_that_idles_is_ended(void **state) {
  (void)state;
  static const peer_step idle[] = {OPEN, ECHO, {.action = PEER_WAIT_CLOSE}, END};
  static const peer_step stalls[] = {
      OPEN, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 9000, .cut = 5000}, {.action = PEER_WAIT_CLOSE}, END};
  listen_run run;
  start_run(&run);
  call(&run, idle);
  call(&run, stalls);
  uint64_t before = run.time.now_ms;
  WAIT_FOR(&run, run.peer.script_ends == 2, 67 * 1000); /* not at twice the limit */
  assert_true(run.time.now_ms - before >= 60 * 1000);
  assert_non_null(strstr(run.peer.log, "1:ABORT(0/0)"));
  assert_non_null(strstr(run.peer.log, "2:ABORT(0/0)"));
  assert_non_null(strstr(run.log, "nothing came"));
  assert_int_equal(run.sink.discarded, 1);
  end_run(&run);
}

/* --- what is no DICOM ----------------------------------------------------------------------------------------------
 */

static void test_strangers_are_closed_and_named(void **state) {
  (void)state;
  static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  static const uint8_t huge[] = {1, 0, 0xFF, 0xFF, 0xFF, 0xF0};
  static const uint8_t early[] = {4, 0, 0, 0, 0, 10, 0, 0, 0, 6, 1, 3, 0, 0, 0, 0};
  const peer_step web[] = {
      {.action = PEER_SEND, .bytes = http, .length = sizeof http - 1}, {.action = PEER_WAIT_CLOSE}, END};
  const peer_step large[] = {
      {.action = PEER_SEND, .bytes = huge, .length = sizeof huge}, {.action = PEER_WAIT_CLOSE}, END};
  const peer_step data[] = {
      {.action = PEER_SEND, .bytes = early, .length = sizeof early}, {.action = PEER_WAIT_CLOSE}, END};
  listen_run run;
  start_run(&run);
  call(&run, web);
  call(&run, large);
  call(&run, data);
  WAIT_FOR(&run, run.peer.script_ends == 3, 1000); /* P21: within a second */
  assert_non_null(strstr(run.log, "HTTP"));
  end_run(&run);
}

static void test_what_is_not_served_is_refused_and_the_association_lives(void **state) {
  (void)state;
  static const peer_step script[] = {OPEN,
                                     {.action = PEER_ECHO, .response_field = 0x7777}, /* an unknown command */
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_STORE, .length = 10}, /* without an instance UID */
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10, .context = 3},
                                     {.action = PEER_WAIT_MESSAGE},
                                     SEND("1.2.3.2"),
                                     CLOSE,
                                     END};
  listen_run run;
  start_run(&run);
  call(&run, script);
  WAIT_FOR(&run, run.peer.script_ends == 1, 2000);
  if (run.peer.message_count != 4) fail_msg("%s / %s", run.peer.log, run.log);
  assert_int_equal(run.peer.messages[0].command.status, 0x0211);
  assert_int_equal(scripted_peer_message(&run.peer, SCU__C_STORE_RSP, 0)->command.status, 0x0117);
  assert_int_equal(scripted_peer_message(&run.peer, SCU__C_STORE_RSP, 1)->command.status, 0x0122);
  assert_int_equal(scripted_peer_message(&run.peer, SCU__C_STORE_RSP, 2)->command.status, 0);
  assert_int_equal(run.sink.begun, 1);
  end_run(&run);
}

static void test_messages_that_lie_end_their_association_only(void **state) {
  (void)state;
  static const peer_step promises[] = {
      OPEN, {.action = PEER_ECHO, .has_dataset_lie = true}, ECHO, {.action = PEER_WAIT_CLOSE}, END};
  static const peer_step denies[] = {OPEN,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10, .has_dataset_lie = true},
                                     {.action = PEER_WAIT_CLOSE},
                                     END};
  static const peer_step even[] = {
      OPEN, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10, .context = 4}, {.action = PEER_WAIT_CLOSE}, END};
  static const peer_step honest[] = {OPEN, {.action = PEER_HOLD}, SEND("1.2.3.9"), CLOSE, END};
  listen_run run;
  start_run(&run);
  call(&run, honest);
  call(&run, promises);
  call(&run, denies);
  call(&run, even);
  WAIT_FOR(&run, strstr(run.peer.log, "2:ABORT") && strstr(run.peer.log, "3:ABORT") && strstr(run.peer.log, "4:ABORT"),
           2000);
  scripted_peer_go(&run.peer);
  WAIT_FOR(&run, strstr(run.peer.log, "1:RELEASE-RP"), 2000);
  assert_int_equal(run.sink.finished, 1);
  end_run(&run);
}

static void test_thousands_of_echoes_on_one_association_are_answered(void **state) {
  (void)state;
  enum { ECHOES = 2000 };
  peer_step *script = calloc(2 * ECHOES + 6, sizeof *script);
  size_t at = 0;
  script[at++] = (peer_step){.action = PEER_ASSOCIATE};
  script[at++] = (peer_step){.action = PEER_WAIT_AC};
  for (int i = 0; i < ECHOES; i++) {
    script[at++] = (peer_step){.action = PEER_ECHO};
    if (i >= 50) script[at++] = (peer_step){.action = PEER_WAIT_MESSAGE}; /* fifty are under way at any time */
  }
  for (int i = 0; i < 50; i++) script[at++] = (peer_step){.action = PEER_WAIT_MESSAGE};
  script[at++] = (peer_step){.action = PEER_RELEASE};
  script[at++] = (peer_step){.action = PEER_WAIT_RELEASED};
  listen_run run;
  start_run(&run);
  call(&run, script);
  WAIT_FOR(&run, run.peer.script_ends == 1, 60000);
  assert_int_equal(scripted_peer_count(&run.peer, SCU__C_ECHO_RSP), ECHOES);
  end_run(&run);
  free(script);
}

/* --- senders that vanish -------------------------------------------------------------------------------------------
 */

static void test_a_sender_gone_inside_an_instance_leaves_nothing(void **state) {
  (void)state;
  static const peer_action endings[] = {PEER_CLOSE, PEER_RESET};
  static const size_t cuts[] = {10, 150, 200, 1000, 8000};
  for (size_t i = 0; i < 2; i++) {
    for (size_t j = 0; j < sizeof cuts / sizeof *cuts; j++) {
      const peer_step script[] = {
          OPEN, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 9000, .cut = cuts[j]}, {.action = endings[i]}, END};
      listen_run run;
      start_run(&run);
      call(&run, script);
      WAIT_FOR(&run, run.peer.script_ends == 1, 2000);
      for (int step = 0; step < 10; step++) scu_loop_step(run.time.loop);
      assert_int_equal(run.sink.finished, 0);
      assert_int_equal(run.sink.discarded, run.sink.begun);
      assert_int_equal(scu_listener_count(run.listener, SCU_OUTCOME_FAILED), run.sink.begun);
      assert_int_equal(scu__listener_association_count(run.listener), 0);
      end_run(&run);
    }
  }
}

static void test_several_stores_may_be_made_safe_at_once_and_answered_in_any_order(void **state) {
  (void)state;
  static const peer_step script[] = {OPEN,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 10},
                                     {.action = PEER_STORE, .uid = "1.2.3.2", .length = 10},
                                     {.action = PEER_STORE, .uid = "1.2.3.3", .length = 10},
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_WAIT_MESSAGE},
                                     CLOSE,
                                     END};
  listen_run run;
  start_run(&run);
  run.sink.is_slow = true;
  run.peer.invokes = 3;
  call(&run, script);
  WAIT_FOR(&run, run.sink.waiting_count == 3, 2000);
  scu_completion *first = run.sink.waiting[0];
  run.sink.waiting[0] = run.sink.waiting[2];
  run.sink.waiting[2] = first;
  test_sink_post(&run.sink, 0);
  WAIT_FOR(&run, run.peer.script_ends == 1, 2000);
  assert_int_equal(run.peer.messages[0].command.responded_message_id, 3);
  assert_int_equal(run.peer.messages[2].command.responded_message_id, 1);
  end_run(&run);
}

/* --- stopping ------------------------------------------------------------------------------------------------------
 */

static void test_stop_waits_for_the_instance_in_progress(void **state) {
  (void)state;
  static const peer_step slow[] = {OPEN,
                                   {.action = PEER_STORE, .uid = "1.2.3.1", .length = 60000},
                                   {.action = PEER_WAIT_MESSAGE},
                                   {.action = PEER_WAIT_CLOSE},
                                   END};
  static const peer_step idle[] = {OPEN, {.action = PEER_WAIT_CLOSE}, END};
  listen_run run;
  start_run(&run);
  call(&run, idle);
  WAIT_FOR(&run, strstr(run.peer.log, "1:AC"), 2000);
  run.peer.write_size = 300;
  call(&run, slow);
  WAIT_FOR(&run, run.sink.begun == 1, 2000);
  uint64_t before = run.time.now_ms;
  scu_listener_stop(run.listener);
  assert_int_equal(scu_listener_run(run.listener), SCU_OK);
  assert_true(run.time.now_ms - before < 10 * 1000);
  assert_int_equal(run.sink.finished, 1);
  WAIT_FOR(&run, run.peer.script_ends == 2, 2000);
  assert_int_equal(scripted_peer_count(&run.peer, SCU__C_STORE_RSP), 1);
  end_run(&run);
}

static void test_stop_gives_up_on_an_instance_that_does_not_end(void **state) {
  (void)state;
  static const peer_step stalls[] = {
      OPEN, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 60000, .cut = 30000}, {.action = PEER_WAIT_CLOSE}, END};
  for (int is_twice = 0; is_twice < 2; is_twice++) {
    listen_run run;
    start_run(&run);
    call(&run, stalls);
    WAIT_FOR(&run, run.sink.begun == 1, 2000);
    uint64_t before = run.time.now_ms;
    scu_listener_stop(run.listener);
    if (is_twice) scu_listener_stop(run.listener);
    assert_int_equal(scu_listener_run(run.listener), SCU_OK);
    uint64_t took = run.time.now_ms - before;
    assert_true(is_twice ? took < 1000 : took >= 9000 && took < 12000);
    assert_int_equal(run.sink.discarded, 1);
    end_run(&run);
  }
}

static void test_a_listener_freed_in_the_middle_of_everything_leaves_nothing(void **state) {
  (void)state;
  static const peer_step stalls[] = {
      OPEN, {.action = PEER_STORE, .uid = "1.2.3.1", .length = 60000, .cut = 30000}, END};
  static const peer_step waits[] = {OPEN, {.action = PEER_STORE, .uid = "1.2.3.2", .length = 10}, END};
  static const peer_step half[] = {{.action = PEER_ASSOCIATE, .cut = 40}, END};
  for (unsigned steps = 0; steps < 12; steps++) {
    listen_run run;
    start_run(&run);
    run.sink.is_slow = true;
    call(&run, stalls);
    call(&run, waits);
    call(&run, half);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(run.time.loop);
    scu_listener_free(run.listener);
    run.listener = NULL;
    test_sink_post(&run.sink, 0);
    for (int i = 0; i < 5; i++) scu_loop_step(run.time.loop);
    end_run(&run);
  }
}

/* --- descriptors ---------------------------------------------------------------------------------------------------
 */

static void test_a_lack_of_descriptors_is_waited_out(void **state) {
  (void)state;
  static const peer_step echo[] = {OPEN, ECHO, CLOSE, END};
  /* It plays the limit itself: what the system has accepted beyond it is closed. */
  if (getenv("SCU_UNDER_VALGRIND")) skip();
  listen_run run;
  start_run(&run);
  int next = dup(0);
  close(next);
  struct rlimit before, tight;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  tight = before;
  tight.rlim_cur = (rlim_t)next + 1; /* one more: the caller's end of the connection */
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
  call(&run, echo);
  uint64_t steps = run.time.steps;
  for (int i = 0; i < 300; i++) scu_loop_step(run.time.loop);
  size_t lines = 0;
  for (const char *at = run.log; (at = strstr(at, "not accepted")); at++) lines++;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_true(lines >= 1 && lines <= 4); /* once for each pause, not once for each step */
  assert_true(run.time.steps > steps);
  WAIT_FOR(&run, strstr(run.peer.log, "C-ECHO-RSP"), 2000);
  end_run(&run);
}

static void test_a_port_in_use_is_told(void **state) {
  (void)state;
  listen_run run;
  prepare(&run);
  scu_options_set_integer(run.options, SCU_OPTION_LISTEN_PORT, run.peer.port);
  scu_result result = scu_listener_new(run.time.loop, &run.listener, run.options, &run.sink.sink);
  assert_int_equal(result, SCU_ERROR_TRANSPORT);
  const scu_error *error = scu_listener_error(run.listener);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_LISTEN);
  assert_true(scu_error_errno(error) != 0);
  end_run(&run);
}

/* --- hooks that step the loop --------------------------------------------------------------------------------------
 */

typedef enum meanwhile { NOTHING, SENDERS_GO, SINK_ENDS, STOPS, FREES, FREES_FIRST, MEANWHILES } meanwhile;

/* A listener whose hook makes blocking calls on a session of the same loop. */
typedef struct blocked {
  listen_run run;
  scripted_peer other;
  scu_session *busy;
  bool forwards; /* else the calls are echoes */
  meanwhile act;
  size_t told, judged, act_at, depth, deepest;
  uint64_t counts[4];
  unsigned told_of[16]; /* by the last number of the UID */
} blocked;

static const peer_step archive[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, END};

static void forward(blocked *b) {
  scu_source *source;
  scu_store_report *report = NULL;
  assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
  scu_source_add_file(source, in_scratch("forwarded.dcm"));
  assert_int_equal(scu_store(b->busy, source, &report), SCU_OK);
  assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_OK), 1);
  scu_store_report_free(report);
  scu_source_free(source);
}

static void block(blocked *b) {
  if (b->forwards) {
    forward(b);
    return;
  }
  for (int i = 0; i < 2; i++) {
    scu_response *response = NULL;
    assert_int_equal(scu_echo(b->busy, &response), SCU_OK);
    scu_response_free(response);
  }
}

static void act(blocked *b) {
  if (b->act == SENDERS_GO) scripted_peer_reset_all(&b->run.peer);
  if (b->act == SINK_ENDS) test_sink_post(&b->run.sink, 0);
  if (b->act == STOPS) scu_listener_stop(b->run.listener);
  if (b->act == FREES || b->act == FREES_FIRST) {
    if (b->act == FREES_FIRST) scripted_peer_reset_all(&b->run.peer);
    scu_listener_free(b->run.listener);
    b->run.listener = NULL;
  }
}

static void blocking_instance(void *user, const scu_instance_outcome *told) {
  blocked *b = user;
  unsigned number = (unsigned)atoi(strrchr(told->sop_instance_uid, '.') + 1);
  assert_in_range(number, 1, 15);
  b->told_of[number]++;
  b->counts[told->outcome]++;
  char uid[65];
  snprintf(uid, sizeof uid, "%s", told->sop_instance_uid);
  if (++b->depth > b->deepest) b->deepest = b->depth;
  if (++b->told == b->act_at || (b->act_at == 0 && b->run.listener)) act(b);
  block(b);
  b->depth--;
  assert_string_equal(told->sop_instance_uid, uid);
}

static void start_blocked(blocked *b, meanwhile what, size_t at) {
  memset(b, 0, sizeof *b);
  start_run(&b->run);
  scripted_peer_start(&b->other, b->run.time.loop, archive);
  assert_int_equal(scu_session_new_on(b->run.time.loop, &b->busy, b->run.options, b->other.name), SCU_OK);
  b->act = what;
  b->act_at = at;
  const scu_hooks hooks = {.size = sizeof hooks, .instance = blocking_instance, .user = b};
  scu_listener_set_hooks(b->run.listener, &hooks);
}

/* Each instance that was begun was told of once, and its sink heard the end of it. */
static void end_blocked(blocked *b) {
  for (int i = 0; i < 20; i++) scu_loop_step(b->run.time.loop);
  test_sink_post(&b->run.sink, 0);
  for (int i = 0; i < 20; i++) scu_loop_step(b->run.time.loop);
  if (b->run.listener)
    for (int outcome = 0; outcome < 4; outcome++)
      assert_int_equal(scu_listener_count(b->run.listener, (scu_outcome)outcome), b->counts[outcome]);
  scu_listener_free(b->run.listener);
  b->run.listener = NULL;
  for (size_t i = 0; i < 16; i++)
    if (b->told_of[i] > 1) fail_msg("instance %zu was told %u times (%d)", i, b->told_of[i], (int)b->act);
  assert_int_equal(b->told, b->run.sink.begun);
  scu_session_free(b->busy);
  scripted_peer_stop(&b->other);
  end_run(&b->run);
}

static void judge(void *user, scu_received *received) {
  blocked *b = user;
  char uid[65], calling[17];
  snprintf(uid, sizeof uid, "%s", received->sop_instance_uid);
  snprintf(calling, sizeof calling, "%s", received->calling_ae);
  if (++b->judged == b->act_at) act(b);
  block(b);
  assert_string_equal(received->sop_instance_uid, uid);
  assert_string_equal(received->calling_ae, calling);
  if (b->judged % 3 == 0) received->status = 0xA700;
}

static void counting_instance(void *user, const scu_instance_outcome *told) {
  blocked *b = user;
  b->told_of[atoi(strrchr(told->sop_instance_uid, '.') + 1) % 16]++;
  b->counts[told->outcome]++;
  b->told++;
}

#define PIPELINED(sop)                                                                                                 \
  { .action = PEER_STORE, .uid = sop, .length = 1000 }

typedef enum which { INSTANCE, BEFORE_KEEP, RECEIVED, WHICHES } which;

static void check_blocked(which hook, meanwhile what, size_t at, bool is_slow) {
  static const peer_step first[] = {OPEN, SEND("1.2.3.1"), SEND("1.2.3.2"), CLOSE, END};
  static const peer_step second[] = {
      OPEN, PIPELINED("1.2.3.3"), PIPELINED("1.2.3.4"), PIPELINED("1.2.3.5"), {.action = PEER_WAIT_CLOSE}, END};
  static const peer_step third[] = {
      OPEN, SEND("1.2.3.6"), {.action = PEER_STORE, .uid = "1.2.3.7", .length = 9000, .cut = 5000}, END};
  blocked b;
  start_blocked(&b, what, at);
  const scu_hooks hooks = {.size = sizeof hooks,
                           .user = &b,
                           .instance = counting_instance,
                           .before_keep = hook == BEFORE_KEEP ? judge : NULL,
                           .received = hook == RECEIVED ? judge : NULL};
  if (hook != INSTANCE) scu_listener_set_hooks(b.run.listener, &hooks);
  b.run.sink.is_slow = is_slow;
  call(&b.run, first);
  call(&b.run, second);
  call(&b.run, third);
  for (int i = 0; i < 60; i++) {
    scu_loop_step(b.run.time.loop);
    if (i % 3 == 0) test_sink_post(&b.run.sink, i % 2 ? 0xB000 : 0);
  }
  scripted_peer_reset_all(&b.run.peer);
  end_blocked(&b);
}

static void test_whatever_happens_while_a_hook_blocks_every_instance_is_told_once(void **state) {
  (void)state;
  for (int hook = INSTANCE; hook < WHICHES; hook++)
    for (int what = NOTHING; what < MEANWHILES; what++)
      for (size_t at = 0; at <= 7; at++)
        for (int is_slow = 0; is_slow < 2; is_slow++) check_blocked((which)hook, (meanwhile)what, at, is_slow);
}

static void idle_in_hook(void *user, scu_received *received) {
  listen_run *run = user;
  (void)received;
  for (int i = 0; i < 200; i++) {
    run->time.now_ms += 1000;
    scu_loop_step(run->time.loop);
  }
}

static void idle_in_instance(void *user, const scu_instance_outcome *outcome) {
  (void)outcome;
  idle_in_hook(user, NULL);
}

/* The sender waits for us as long as the hook takes, far longer than an association may idle. */
static void test_an_association_does_not_idle_while_a_hook_works(void **state) {
  (void)state;
  static const peer_step script[] = {OPEN, SEND("1.2.3.1"), SEND("1.2.3.2"), CLOSE, END};
  for (int hook = INSTANCE; hook < WHICHES; hook++) {
    for (int is_slow = 0; is_slow < 2; is_slow++) {
      listen_run run;
      start_run(&run);
      const scu_hooks hooks = {.size = sizeof hooks,
                               .user = &run,
                               .instance = hook == INSTANCE ? idle_in_instance : NULL,
                               .before_keep = hook == BEFORE_KEEP ? idle_in_hook : NULL,
                               .received = hook == RECEIVED ? idle_in_hook : NULL};
      scu_listener_set_hooks(run.listener, &hooks);
      run.sink.is_slow = is_slow;
      call(&run, script);
      for (int i = 0; run.peer.script_ends == 0 && i < 2000; i++) {
        scu_loop_step(run.time.loop);
        if (i % 8 == 7) test_sink_post(&run.sink, 0);
      }
      assert_non_null(strstr(run.peer.log, "1:C-STORE-RSP 1:C-STORE-RSP 1:RELEASE-RP"));
      end_run(&run);
    }
  }
}

/* Told of from the end of the association, and not from an answer. */
static void test_a_listener_freed_by_the_hook_that_tells_of_a_loss(void **state) {
  (void)state;
#define GOES(one, two, three)                                                                                          \
  {                                                                                                                    \
    OPEN, PIPELINED(one), PIPELINED(two), {.action = PEER_STORE, .uid = three, .length = 9000, .cut = 5000},           \
        {.action = PEER_HOLD}, {.action = PEER_RESET}, END                                                             \
  }
  static const peer_step first[] = GOES("1.2.3.1", "1.2.3.2", "1.2.3.3");
  static const peer_step second[] = GOES("1.2.3.4", "1.2.3.5", "1.2.3.6");
  for (size_t at = 1; at <= 6; at++) {
    for (int is_slow = 0; is_slow < 2; is_slow++) {
      blocked b;
      start_blocked(&b, FREES, at);
      b.run.sink.is_slow = is_slow;
      b.run.peer.invokes = 3;
      call(&b.run, first);
      call(&b.run, second);
      for (int i = 0; i < 40; i++) scu_loop_step(b.run.time.loop);
      assert_int_equal(b.run.sink.begun, at <= 4 && !is_slow ? b.run.sink.begun : 6);
      scripted_peer_go(&b.run.peer);
      WAIT_FOR(&b.run, !b.run.listener && b.told == b.run.sink.begun, 2000);
      end_blocked(&b);
    }
  }
}

static void test_a_listener_that_forwards_what_it_gets_forwards_everything(void **state) {
  (void)state;
  static const peer_step first[] = {OPEN, SEND("1.2.3.1"), SEND("1.2.3.2"), SEND("1.2.3.3"), CLOSE, END};
  static const peer_step second[] = {OPEN, SEND("1.2.3.4"), SEND("1.2.3.5"), SEND("1.2.3.6"), CLOSE, END};
  scu__buffer bytes;
  sample_bytes(&(sample_file){.number = 1, .pixels = 3000}, &bytes);
  write_scratch("forwarded.dcm", bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  for (int is_slow = 0; is_slow < 2; is_slow++) {
    blocked b;
    start_blocked(&b, NOTHING, 0);
    b.forwards = true;
    b.run.sink.is_slow = is_slow;
    scu_session_free(b.busy);
    /* To another listener of the same loop, as a router would. */
    scu_listener *next;
    test_sink next_sink;
    test_sink_init(&next_sink);
    assert_int_equal(scu_listener_new(b.run.time.loop, &next, b.run.options, &next_sink.sink), SCU_OK);
    char peer[64];
    snprintf(peer, sizeof peer, "NEXT@%s", scu_listener_address(next));
    assert_int_equal(scu_session_new_on(b.run.time.loop, &b.busy, b.run.options, peer), SCU_OK);
    call(&b.run, first);
    call(&b.run, second);
    while (b.run.peer.script_ends < 2 && b.run.time.now_ms < 60 * 1000) {
      scu_loop_step(b.run.time.loop);
      test_sink_post(&b.run.sink, 0);
    }
    assert_int_equal(b.run.peer.script_ends, 2);
    assert_int_equal(next_sink.finished, 6);
    assert_int_equal(scu_listener_count(b.run.listener, SCU_OUTCOME_OK), 6);
    scu_session_free(b.busy);
    b.busy = NULL;
    scu_listener_free(next);
    test_sink_free(&next_sink);
    end_blocked(&b);
  }
}

/* Inside its own run, which then returns; the sender is another thread. */
static void *send_file(void *user) {
  const char *peer = user;
  scu_session *session;
  scu_source *source;
  scu_store_report *report = NULL;
  if (scu_session_new(&session, NULL, peer) != SCU_OK || scu_source_new(NULL, &source) != SCU_OK) abort();
  scu_source_add_file(source, in_scratch("forwarded.dcm"));
  scu_store(session, source, &report);
  scu_store_report_free(report);
  scu_source_free(source);
  scu_session_free(session);
  return NULL;
}

typedef struct freeing {
  scu_listener *listener;
  int told;
} freeing;

static void freeing_instance(void *user, const scu_instance_outcome *told) {
  freeing *f = user;
  assert_int_equal(told->outcome, SCU_OUTCOME_OK);
  f->told++;
  scu_listener_free(f->listener);
}

static void test_a_listener_freed_inside_its_own_run_ends_the_run(void **state) {
  (void)state;
  scu__buffer bytes;
  sample_bytes(&(sample_file){.number = 1, .pixels = 3000}, &bytes);
  write_scratch("forwarded.dcm", bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  test_sink sink;
  test_sink_init(&sink);
  scu_options *options;
  assert_int_equal(scu_options_new(NULL, &options), SCU_OK);
  scu_options_set_text(options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  scu_options_set_integer(options, SCU_OPTION_LISTEN_PORT, 0);
  freeing f = {0};
  assert_int_equal(scu_listener_new(NULL, &f.listener, options, &sink.sink), SCU_OK);
  const scu_hooks hooks = {.size = sizeof hooks, .instance = freeing_instance, .user = &f};
  scu_listener_set_hooks(f.listener, &hooks);
  char peer[64];
  snprintf(peer, sizeof peer, "L@%s", scu_listener_address(f.listener));
  pthread_t sender;
  assert_int_equal(pthread_create(&sender, NULL, send_file, peer), 0);
  assert_int_equal(scu_listener_run(f.listener), SCU_OK);
  pthread_join(sender, NULL);
  assert_int_equal(f.told, 1);
  assert_int_equal(sink.finished, 1);
  scu_options_free(options);
  test_sink_free(&sink);
}

/* --- a release while answers are owed ------------------------------------------------------------------------------
 */

static void test_a_release_is_answered_after_the_stores_that_came_before_it(void **state) {
  (void)state;
  static const peer_step script[] = {OPEN, PIPELINED("1.2.3.1"), PIPELINED("1.2.3.2"), CLOSE, END};
  for (int blocks = 0; blocks < 2; blocks++) {
    blocked b;
    start_blocked(&b, SINK_ENDS, 1);
    if (!blocks) scu_listener_set_hooks(b.run.listener, NULL);
    b.run.sink.is_slow = true;
    b.run.peer.invokes = 2;
    call(&b.run, script);
    WAIT_FOR(&b.run, b.run.sink.waiting_count == 2, 2000);
    for (int i = 0; i < 50; i++) scu_loop_step(b.run.time.loop);
    assert_null(strstr(b.run.peer.log, "RELEASE-RP"));
    scu_completion *last = b.run.sink.waiting[1];
    b.run.sink.waiting_count = 1;
    test_sink_post(&b.run.sink, 0);
    b.run.sink.waiting[b.run.sink.waiting_count++] = last;
    for (int i = 0; i < 50; i++) scu_loop_step(b.run.time.loop);
    if (!blocks) assert_null(strstr(b.run.peer.log, "RELEASE-RP"));
    test_sink_post(&b.run.sink, 0);
    WAIT_FOR(&b.run, b.run.peer.script_ends == 1, 2000);
    assert_non_null(strstr(b.run.peer.log, "1:C-STORE-RSP 1:C-STORE-RSP 1:RELEASE-RP"));
    if (!blocks) b.told = 2;
    if (!blocks) b.counts[SCU_OUTCOME_OK] = 2;
    end_blocked(&b);
  }
}

/* --- one who asks without end --------------------------------------------------------------------------------------
 */

static const peer_step one_store = {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100};
static const peer_step floods[] = {OPEN, {.action = PEER_REPEAT, .script = &one_store}, END};

/* What the sink would have to keep is nothing: it refuses. */
static void start_flooded(listen_run *run) {
  start_run(run);
  run->sink.begin_result = SCU_ERROR_STORAGE;
  run->sink.status = 0xA700;
  call(run, floods);
  WAIT_FOR(run, scripted_peer_count(&run->peer, SCU__C_STORE_RSP) > 20, 1000);
}

static void test_one_who_asks_without_end_leaves_the_others_their_turn(void **state) {
  (void)state;
  static const peer_step modest[] = {OPEN, ECHO, CLOSE, END};
  listen_run run;
  start_flooded(&run);
  uint64_t before = run.time.now_ms;
  size_t answered = scripted_peer_count(&run.peer, SCU__C_STORE_RSP);
  call(&run, modest);
  WAIT_FOR(&run, run.peer.script_ends == 1, 2000);
  assert_in_range(run.time.now_ms - before, 0, 20); /* steps of the loop */
  assert_in_range(scripted_peer_count(&run.peer, SCU__C_STORE_RSP) - answered, 1, 20 * 16);
  end_run(&run);
}

static void test_a_stop_ends_the_flood(void **state) {
  (void)state;
  for (int is_twice = 0; is_twice < 2; is_twice++) {
    listen_run run;
    start_run(&run);
    run.sink.is_slow = true;
    run.peer.invokes = 8;
    call(&run, floods);
    WAIT_FOR(&run, run.sink.waiting_count == 9, 1000); /* of one that may have eight open, and goes on */
    uint64_t before = run.time.now_ms;
    scu_listener_stop(run.listener);
    if (is_twice) scu_listener_stop(run.listener);
    for (int i = 0; i < 2000 && !scu_listener_is_stopped(run.listener); i++) {
      scu_loop_step(run.time.loop);
      if (i % 20 != 19) continue;
      size_t others = run.sink.waiting_count > 0 ? run.sink.waiting_count - 1 : 0; /* one after the other is safe */
      scu_completion *kept[16];
      memcpy(kept, run.sink.waiting + 1, others * sizeof *kept);
      run.sink.waiting_count -= others;
      test_sink_post(&run.sink, 0);
      memcpy(run.sink.waiting, kept, others * sizeof *kept);
      run.sink.waiting_count = others;
    }
    assert_true(scu_listener_is_stopped(run.listener));
    assert_in_range(run.time.now_ms - before, is_twice ? 0 : 180, is_twice ? 600 : 800);
    assert_int_equal(run.sink.begun, 9); /* what was there is kept, nothing else is begun */
    if (!is_twice) assert_int_equal(scu_listener_count(run.listener, SCU_OUTCOME_OK), 9);
    test_sink_post(&run.sink, 0);
    end_run(&run);
  }
}

static void test_who_does_not_read_his_answers_is_ended_like_one_who_idles(void **state) {
  (void)state;
  static const peer_step asks = {.action = PEER_ECHO};
  static const peer_step deaf[] = {OPEN, {.action = PEER_REPEAT, .script = &asks, .reads_nothing = true}, END};
  const peer_step busy[] = {OPEN, one_store, {.action = PEER_REPEAT, .script = &asks, .reads_nothing = true}, END};
  for (int is_busy = 0; is_busy < 2; is_busy++) {
    listen_run run;
    start_run(&run);
    run.sink.is_slow = true; /* we are not done with what was stored */
    run.peer.invokes = 64;
    call(&run, is_busy ? busy : deaf);
    run.time.ms_per_step = 10;
    uint64_t before = run.time.now_ms;
    WAIT_FOR(&run, strstr(run.log, "nothing of our answers was read for 60000 ms"), 1000 * 1000);
    assert_true(run.time.now_ms - before >= 60 * 1000);
    WAIT_FOR(&run, scu__listener_association_count(run.listener) == 0, 2000);
    test_sink_post(&run.sink, 0);
    end_run(&run);
  }
}

static void use_failed_listener(scu_listener *listener, scu_loop *loop, scu_result expected) {
  const scu_hooks hooks = {.size = sizeof hooks};
  assert_non_null(listener);
  assert_int_equal(scu_error_result(scu_listener_error(listener)), expected);
  assert_int_equal(scu_listener_set_hooks(listener, &hooks), SCU_OK);
  assert_string_equal(scu_listener_address(listener), "");
  assert_int_equal(scu_listener_port(listener), 0);
  assert_non_null(scu_listener_ae(listener));
  for (int i = 0; i < 2; i++) {
    assert_int_equal(scu_listener_run(listener), expected);
    scu_listener_stop(listener);
    if (loop) scu_loop_step(loop);
  }
  for (int outcome = -1; outcome < 6; outcome++)
    assert_int_equal(scu_listener_count(listener, (scu_outcome)outcome), 0);
  assert_int_equal(scu_listener_bytes(listener), 0);
  assert_int_equal(scu_listener_set_hooks(listener, NULL), SCU_OK);
  assert_int_equal(scu_error_result(scu_listener_error(listener)), expected);
  scu_listener_free(listener);
}

static void test_every_call_on_a_listener_that_failed_is_safe(void **state) {
  (void)state;
  for (int has_loop = 0; has_loop < 2; has_loop++) {
    listen_run run;
    prepare(&run);
    scu_loop *loop = has_loop ? run.time.loop : NULL;
    scu_listener *listener;
    scu_options_set_integer(run.options, SCU_OPTION_LISTEN_PORT, run.peer.port);
    assert_int_equal(scu_listener_new(loop, &listener, run.options, &run.sink.sink), SCU_ERROR_TRANSPORT);
    use_failed_listener(listener, loop, SCU_ERROR_TRANSPORT);
    scu_options_set_text(run.options, SCU_OPTION_LISTEN_ADDRESS, "192.0.2.1"); /* not ours */
    scu_result result = scu_listener_new(loop, &listener, run.options, &run.sink.sink);
    assert_true(result < 0);
    use_failed_listener(listener, loop, result);
    scu_sink broken = {.size = sizeof broken};
    scu_options_set_text(run.options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
    scu_options_set_integer(run.options, SCU_OPTION_LISTEN_PORT, 0);
    result = scu_listener_new(loop, &listener, run.options, &broken);
    if (result < 0)
      use_failed_listener(listener, loop, result);
    else
      scu_listener_free(listener);
    end_run(&run);
  }
  scu_listener_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_echo_and_store_are_served_and_the_release_answered),
      cmocka_unit_test(test_whoever_is_not_on_the_list_is_rejected),
      cmocka_unit_test(test_whoever_calls_somebody_else_is_rejected_where_that_is_looked_at),
      cmocka_unit_test(test_more_associations_than_allowed_are_rejected_for_now),
      cmocka_unit_test(test_silent_connections_block_nobody_and_end_in_time),
      cmocka_unit_test(test_an_association_that_idles_is_ended),
      cmocka_unit_test(test_strangers_are_closed_and_named),
      cmocka_unit_test(test_what_is_not_served_is_refused_and_the_association_lives),
      cmocka_unit_test(test_messages_that_lie_end_their_association_only),
      cmocka_unit_test(test_thousands_of_echoes_on_one_association_are_answered),
      cmocka_unit_test(test_a_sender_gone_inside_an_instance_leaves_nothing),
      cmocka_unit_test(test_several_stores_may_be_made_safe_at_once_and_answered_in_any_order),
      cmocka_unit_test(test_stop_waits_for_the_instance_in_progress),
      cmocka_unit_test(test_stop_gives_up_on_an_instance_that_does_not_end),
      cmocka_unit_test(test_a_listener_freed_in_the_middle_of_everything_leaves_nothing),
      cmocka_unit_test(test_a_lack_of_descriptors_is_waited_out),
      cmocka_unit_test(test_a_port_in_use_is_told),
      cmocka_unit_test(test_whatever_happens_while_a_hook_blocks_every_instance_is_told_once),
      cmocka_unit_test(test_an_association_does_not_idle_while_a_hook_works),
      cmocka_unit_test(test_a_listener_freed_by_the_hook_that_tells_of_a_loss),
      cmocka_unit_test(test_a_listener_that_forwards_what_it_gets_forwards_everything),
      cmocka_unit_test(test_a_listener_freed_inside_its_own_run_ends_the_run),
      cmocka_unit_test(test_a_release_is_answered_after_the_stores_that_came_before_it),
      cmocka_unit_test(test_one_who_asks_without_end_leaves_the_others_their_turn),
      cmocka_unit_test(test_a_stop_ends_the_flood),
      cmocka_unit_test(test_who_does_not_read_his_answers_is_ended_like_one_who_idles),
      cmocka_unit_test(test_every_call_on_a_listener_that_failed_is_safe),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
