/* scu_cancel and scu_abort from a hook, another thread and a signal handler, in the middle of a long find, a move and
 * an instance of a get: each ends within its bound (RULES 26). */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

typedef enum origin { FROM_HOOK, FROM_THREAD, FROM_SIGNAL, FROMS } origin;

/* A session in the middle of something that is to be ended. */
typedef struct control {
  fixture f;
  test_sink sink;
  scu_query *query;
  const peer_step *scripts[2];
  origin from;
  bool is_abort, was_asked;
  uint64_t asked_ms, bound_ms; /* by the loop's clock */
} control;

static scu_session *volatile signalled;
static volatile sig_atomic_t signalled_abort;

static void end_it(scu_session *session, bool is_abort) {
  if (is_abort)
    scu_abort(session);
  else
    scu_cancel(session);
}

static void on_signal(int number) {
  (void)number;
  end_it(signalled, signalled_abort);
}

static void *in_thread(void *of) {
  const control *c = of;
  end_it(c->f.session, c->is_abort);
  return NULL;
}

/* At the moment that the test is about; `where` is where it is called from. */
static void ask(control *c, origin where) {
  if (c->was_asked || (c->from == FROM_HOOK) != (where == FROM_HOOK)) return;
  c->was_asked = true;
  c->asked_ms = c->f.time.now_ms;
  pthread_t thread;
  switch (c->from) {
  case FROM_THREAD:
    assert_int_equal(pthread_create(&thread, NULL, in_thread, c), 0);
    pthread_join(thread, NULL);
    break;
  case FROM_SIGNAL:
    signalled = c->f.session;
    signalled_abort = c->is_abort;
    assert_int_equal(raise(SIGUSR1), 0);
    break;
  default: end_it(c->f.session, c->is_abort); break;
  }
}

static void check_end(control *c, scu_result result) {
  assert_true(c->was_asked);
  assert_string_equal(scu_result_name(result), c->is_abort ? "ABORTED" : "CANCELLED");
  uint64_t took = c->f.time.now_ms - c->asked_ms;
  if (took > c->bound_ms) fail_msg("it took %llu ms", (unsigned long long)took);
  for (int i = 0; i < 20; i++) scu_loop_step(c->f.time.loop);
  assert_true(!!strstr(c->f.peer.log, "ABORT") == c->is_abort);
  assert_int_equal(scripted_peer_count(&c->f.peer, SCU__C_CANCEL_RQ), c->is_abort ? 0 : 1);
}

/* After a cancel the association is as good as before. */
static void check_association(control *c) {
  if (c->is_abort) return;
  size_t before = c->f.peer.accepted;
  scu_matches *matches = NULL;
  c->f.peer.row = NULL;
  assert_int_equal(scu_find(c->f.session, c->query, &matches), SCU_OK);
  scu_matches_close(matches);
  assert_int_equal(c->f.peer.accepted, before);
}

static void start(control *c, origin from, bool is_abort, const peer_step *first, const peer_step *second,
                  const scu_hooks *hooks) {
  memset(c, 0, sizeof *c);
  c->from = from;
  c->is_abort = is_abort;
  c->bound_ms =
      is_abort ? 600
               : 1000; /* half a second for a peer that does not close; cancel-wait is for those that do not obey */
  c->scripts[0] = first;
  c->scripts[1] = second;
  fixture_prepare_many(&c->f, c->scripts, 2);
  scu_options_set_integer(c->f.options, SCU_OPTION_LISTEN_PORT, scripted_free_port());
  fixture_open(&c->f);
  scu_hooks own = *hooks;
  own.user = c;
  assert_int_equal(scu_session_set_hooks(c->f.session, &own), SCU_OK);
  test_sink_init(&c->sink);
  assert_int_equal(scu_query_new(NULL, &c->query), SCU_OK);
  assert_int_equal(scu_query_set(c->query, "StudyInstanceUID", "1.2.1"), SCU_OK);
}

static void stop(control *c) {
  scu_query_free(c->query);
  fixture_stop(&c->f);
  assert_int_equal(c->sink.open, 0);
  test_sink_free(&c->sink);
}

/* --- a find of 100,000 matches -------------------------------------------------------------------------------------
 */

enum { MATCHES = 100000, ENOUGH = 2000 };

static const char *many_rows(void *user, const scu_dataset *query, size_t row) {
  static char text[64];
  (void)user;
  (void)query;
  snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu", row + 1);
  return row < MATCHES ? text : NULL;
}

static scu_match_choice match(void *user, const scu_match *told) {
  if (told->number == ENOUGH) ask(user, FROM_HOOK);
  return SCU_MATCH_TAKE;
}

static void find_in_the_middle(origin from, bool is_abort) {
  static const peer_step rows[] = {START, NEXT, {.action = PEER_ROWS}, {.action = PEER_SERVE}, END};
  const scu_hooks hooks = {.size = sizeof hooks, .match = from == FROM_HOOK ? match : NULL};
  control c;
  start(&c, from, is_abort, rows, good, &hooks);
  c.f.peer.row = many_rows;
  scu_matches *matches;
  const scu_dataset *row;
  assert_int_equal(scu_find(c.f.session, c.query, &matches), SCU_OK);
  scu_result result;
  while ((result = scu_matches_next(matches, &row)) == SCU_OK)
    if (scu_matches_count(matches) == ENOUGH) ask(&c, FROM_THREAD);
  check_end(&c, result);
  assert_in_range(scu_matches_count(matches), ENOUGH, ENOUGH + 1200); /* no more than waited here */
  assert_true(c.f.peer.row_at < MATCHES / 2);                         /* it fills the sockets' buffers, and no more */
  if (!is_abort) assert_int_equal(scu_matches_status(matches), 0xFE00);
  scu_matches_close(matches);
  check_association(&c);
  stop(&c);
}

static void test_a_find_of_a_hundred_thousand_matches_ends_when_it_is_told_to(void **state) {
  (void)state;
  for (int from = FROM_HOOK; from < FROMS; from++)
    for (int is_abort = 0; is_abort < 2; is_abort++) find_in_the_middle((origin)from, is_abort);
}

/* --- a move ---------------------------------------------------------------------------------------------------------
 */

static const int some[] = {90, 10, 0, 0};

static void sub_operation(void *user, const scu_sub_operations *told) {
  if (told->completed == some[1]) ask(user, FROM_HOOK);
}

static void move_in_the_middle(origin from, bool is_abort) {
  static const peer_step moves[] = {START,
                                    NEXT,
                                    {.action = PEER_RESPOND, .status = 0xFF00, .counts = some},
                                    NEXT,
                                    {.action = PEER_RESPOND, .status = 0xFE00, .counts = some},
                                    {.action = PEER_SERVE},
                                    END};
  const scu_hooks hooks = {.size = sizeof hooks, .sub_operation = sub_operation};
  control c;
  start(&c, from, is_abort, moves, good, &hooks);
  scu_op *op = scu_move_start(c.f.session, c.query, "ELSEWHERE");
  for (int i = 0; scu_op_state(op) == SCU_PENDING && i < 5000; i++) {
    scu_loop_step(c.f.time.loop);
    if (scripted_peer_count(&c.f.peer, SCU__C_MOVE_RQ) > 0) ask(&c, FROM_THREAD);
  }
  check_end(&c, scu_op_state(op));
  scu_retrieve_report *report;
  scu_retrieve_take(op, &report);
  if (!is_abort) assert_int_equal(scu_retrieve_report_status(report), 0xFE00);
  if (!is_abort) assert_int_equal(scu_retrieve_report_peer_completed(report), 10);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  stop(&c);
}

static void test_a_move_ends_when_it_is_told_to(void **state) {
  (void)state;
  for (int from = FROM_HOOK; from < FROMS; from++)
    for (int is_abort = 0; is_abort < 2; is_abort++) move_in_the_middle((origin)from, is_abort);
}

/* --- a get in the middle of an instance ------------------------------------------------------------------------------
 */

static const char *one_study(void *user, const scu_dataset *query, size_t row) {
  static const char *const rows[] = {
      "StudyInstanceUID=1.2.1", "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1",
      "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=1.2.3.1|SOPClassUID=1.2.840.10008.5.1.4.1.1.7"};
  char level[17] = "";
  (void)user;
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  return row > 0 ? NULL : rows[strcmp(level, "STUDY") == 0 ? 0 : strcmp(level, "SERIES") == 0 ? 1 : 2];
}

/* The first instance is safe - its sink took its time - while the second one is coming. */
static void received(void *user, scu_received *told) {
  if (strcmp(told->sop_instance_uid, "1.2.3.1") == 0) ask(user, FROM_HOOK);
}

/* Every C-STORE-RQ that was begun is answered, with Success, before FE00 ends the get; then the association lives. */
static void check_answers(control *c) {
  assert_int_equal(c->sink.begun, 2);
  assert_int_equal(c->sink.discarded, c->is_abort ? 1 : 0);
  if (c->is_abort) return;
  assert_int_equal(scripted_peer_count(&c->f.peer, SCU__C_STORE_RSP), 2);
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(scripted_peer_message(&c->f.peer, SCU__C_STORE_RSP, i)->command.status, 0);
}

static void get_in_the_middle(origin from, bool is_abort) {
  static const peer_step sends[] = {START,
                                    NEXT,
                                    {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100},
                                    {.action = PEER_STORE, .uid = "1.2.3.2", .length = 200000},
                                    NEXT,
                                    NEXT,
                                    NEXT, /* two responses and the C-CANCEL, in any order */
                                    {.action = PEER_RESPOND, .status = 0xFE00, .counts = some},
                                    {.action = PEER_SERVE},
                                    END};
  const scu_hooks hooks = {.size = sizeof hooks, .received = received};
  control c;
  start(&c, from, is_abort, good, sends, &hooks);
  c.f.peer.row = one_study;
  c.f.peer.write_size = 2000;
  c.sink.is_slow = true;
  scu_op *op = scu_get_start(c.f.session, c.query, &c.sink.sink);
  size_t came = 0;
  for (int i = 0; scu_op_state(op) == SCU_PENDING && i < 20000; i++) {
    scu_loop_step(c.f.time.loop);
    came = c.sink.begun == 2 ? c.sink.instances[1].bytes.length : 0;
    if (came > 50000) ask(&c, FROM_THREAD);
    if (came > 50000) test_sink_post(&c.sink, 0);
  }
  check_end(&c, scu_op_state(op));
  check_answers(&c);
  scu_retrieve_report *report;
  scu_retrieve_take(op, &report);
  if (!is_abort) assert_int_equal(scu_retrieve_report_status(report), 0xFE00);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  test_sink_post(&c.sink, 0);
  stop(&c);
}

static void test_a_get_in_the_middle_of_an_instance_ends_when_it_is_told_to(void **state) {
  (void)state;
  for (int from = FROM_HOOK; from < FROMS; from++)
    for (int is_abort = 0; is_abort < 2; is_abort++) get_in_the_middle((origin)from, is_abort);
}

static void refused_one(void *user, const scu_instance_outcome *told) {
  (void)told;
  ask(user, FROM_HOOK);
}

/* The peer sends instances as fast as it can, whatever it is told. */
static void get_in_a_flood(origin from, bool is_abort) {
  static const peer_step one = {.action = PEER_STORE, .uid = "1.2.3.9", .length = 100};
  static const peer_step floods[] = {START, NEXT, {.action = PEER_REPEAT, .script = &one}, END};
  const scu_hooks hooks = {.size = sizeof hooks, .instance = refused_one};
  control c;
  start(&c, from, is_abort, good, floods, &hooks);
  c.f.peer.row = one_study;
  c.sink.begin_result = SCU_ERROR_STORAGE;
  c.sink.status = 0xA700;
  scu_op *op = scu_get_start(c.f.session, c.query, &c.sink.sink);
  for (int i = 0; scu_op_state(op) == SCU_PENDING && i < 20000; i++) {
    scu_loop_step(c.f.time.loop);
    if (scripted_peer_count(&c.f.peer, SCU__C_STORE_RSP) > 20) ask(&c, FROM_THREAD);
  }
  assert_true(c.was_asked);
  assert_string_equal(scu_result_name(scu_op_state(op)), is_abort ? "ABORTED" : "CANCELLED");
  assert_in_range(c.f.time.now_ms - c.asked_ms, 0, is_abort ? 600 : 5100); /* cancel-wait */
  scu_op_free(op);
  stop(&c);
}

static void test_a_get_that_is_flooded_ends_when_it_is_told_to(void **state) {
  (void)state;
  for (int from = FROM_HOOK; from < FROMS; from++)
    for (int is_abort = 0; is_abort < 2; is_abort++) get_in_a_flood((origin)from, is_abort);
}

/* --- a caller that sleeps --------------------------------------------------------------------------------------------
 */

/* The peer on a loop and a thread of its own, in real time: it gives two rows and falls silent. */
typedef struct silent_peer {
  scu_loop *loop;
  scripted_peer peer;
  pthread_t thread;
  atomic_bool is_over;
} silent_peer;

static void *serve(void *of) {
  silent_peer *p = of;
  while (!atomic_load(&p->is_over))
    if (scu_loop_wait(p->loop, -1) != SCU_OK) abort();
  return NULL;
}

/* Who ends it: after the second row its reader sleeps, and nothing but this wakes it within the bound. */
typedef struct ender {
  scu_session *session;
  pthread_t reader;
  sem_t second_row;
  bool is_abort, is_signal;
} ender;

static scu_match_choice tell_second(void *user, const scu_match *told) {
  ender *e = user;
  if (told->number == 2) sem_post(&e->second_row);
  return SCU_MATCH_TAKE;
}

static void *end_soon(void *of) {
  ender *e = of;
  while (sem_wait(&e->second_row) != 0) continue;
  /* Time for the reader to fall asleep. Awake it would see the wish all the same. */
  nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
  if (e->is_signal)
    pthread_kill(e->reader, SIGUSR1);
  else
    end_it(e->session, e->is_abort);
  return NULL;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void end_a_sleeper(bool is_abort, bool is_signal) {
  static const peer_step silent[] = {START, NEXT, {.action = PEER_MATCHES, .count = 2}, END};
  silent_peer p = {0};
  assert_int_equal(scu_loop_new(NULL, &p.loop), SCU_OK);
  scripted_peer_start(&p.peer, p.loop, silent);
  p.peer.row = many_rows;
  char name[sizeof p.peer.name];
  memcpy(name, p.peer.name, sizeof name);
  assert_int_equal(pthread_create(&p.thread, NULL, serve, &p), 0);
  ender e = {.reader = pthread_self(), .is_abort = is_abort, .is_signal = is_signal};
  assert_int_equal(sem_init(&e.second_row, 0, 0), 0);
  scu_options *options;
  scu_query *query;
  scu_matches *matches;
  const scu_dataset *row;
  scu_options_new(NULL, &options);
  assert_int_equal(scu_options_set_duration_ms(options, SCU_OPTION_CANCEL_WAIT, 300), SCU_OK);
  assert_int_equal(scu_session_new(&e.session, options, name), SCU_OK);
  const scu_hooks hooks = {.size = sizeof hooks, .match = tell_second, .user = &e};
  scu_session_set_hooks(e.session, &hooks);
  signalled = e.session;
  signalled_abort = is_abort;
  scu_query_new(NULL, &query);
  scu_query_set(query, "StudyInstanceUID", "1.2.1");
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, end_soon, &e), 0);
  double before = seconds();
  assert_int_equal(scu_find(e.session, query, &matches), SCU_OK);
  scu_result result;
  while ((result = scu_matches_next(matches, &row)) == SCU_OK) continue;
  assert_string_equal(scu_result_name(result), is_abort ? "ABORTED" : "CANCELLED");
  assert_true(seconds() - before < 5); /* without being woken it would sleep for six seconds */
  pthread_join(thread, NULL);
  scu_matches_close(matches);
  scu_query_free(query);
  scu_session_free(e.session);
  scu_options_free(options);
  sem_destroy(&e.second_row);
  atomic_store(&p.is_over, true);
  scu_loop_wake(p.loop);
  pthread_join(p.thread, NULL);
  scripted_peer_stop(&p.peer);
  scu_loop_free(p.loop);
}

static void test_a_caller_that_sleeps_is_woken_to_end_it(void **state) {
  (void)state;
  for (int way = 0; way < 4; way++) end_a_sleeper(way & 1, way & 2);
}

/* --- when nothing runs, and what comes after -------------------------------------------------------------------------
 */

static void check_echo(fixture *f) {
  scu_response *response = NULL;
  assert_int_equal(scu_echo(f->session, &response), SCU_OK);
  scu_response_free(response);
}

static void test_a_cancel_when_nothing_runs_is_nothing(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    fixture f;
    fixture_start(&f, good);
    scu_cancel(f.session); /* before there was anything */
    check_echo(&f);
    scu_cancel(f.session); /* between two */
    if (way == 1) scu_loop_step(f.time.loop);
    check_echo(&f);
    assert_int_equal(f.peer.accepted, 1); /* what is idle stays */
    assert_null(strstr(f.peer.log, "ABORT"));
    fixture_stop(&f);
  }
}

/* What comes after it is not touched by it: it has an association of its own. */
static void test_an_abort_when_nothing_runs_ends_what_is_idle(void **state) {
  (void)state;
  static const peer_step twice[] = {START, {.action = PEER_SERVE}, START, {.action = PEER_SERVE}, END};
  for (int way = 0; way < 2; way++) {
    fixture f;
    fixture_start(&f, twice);
    scu_abort(f.session); /* before there was anything */
    check_echo(&f);
    scu_abort(f.session); /* between two */
    if (way == 1) TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "ABORT(0/0)"), 1000);
    check_echo(&f);
    assert_int_equal(f.peer.accepted, 2);
    assert_non_null(strstr(f.peer.log, "ABORT(0/0)"));
    fixture_stop(&f);
  }
}

static void test_a_session_that_is_freed_after_an_abort_aborts_what_is_idle(void **state) {
  (void)state;
  for (int is_aborted = 0; is_aborted < 2; is_aborted++) {
    fixture f;
    fixture_start(&f, good);
    check_echo(&f);
    if (is_aborted) scu_abort(f.session);
    scu_session_free(f.session);
    f.session = NULL;
    TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, is_aborted ? "ABORT(0/0)" : "RELEASE"), 1000);
    assert_int_equal(strstr(f.peer.log, "ABORT") != NULL, is_aborted);
    fixture_stop(&f);
  }
}

static void test_a_cancel_is_for_what_was_started_before_it(void **state) {
  (void)state;
  for (int is_abort = 0; is_abort < 2; is_abort++) {
    fixture f;
    fixture_prepare(&f, good);
    scu_options_set_integer(f.options, SCU_OPTION_PEER_ASSOCIATIONS, 1);
    fixture_open(&f);
    scu_op *first = scu_echo_start(f.session), *waiting = scu_echo_start(f.session);
    end_it(f.session, is_abort);
    scu_op *after = scu_echo_start(f.session);
    scu_result ended = is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED;
    assert_int_equal(scu_op_wait(after), SCU_OK);
    assert_int_equal(scu_op_wait(first), ended);
    assert_int_equal(scu_op_wait(waiting), ended);
    scu_op_free(first);
    scu_op_free(waiting);
    scu_op_free(after);
    fixture_stop(&f);
  }
}

int main(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_find_of_a_hundred_thousand_matches_ends_when_it_is_told_to),
      cmocka_unit_test(test_a_move_ends_when_it_is_told_to),
      cmocka_unit_test(test_a_get_in_the_middle_of_an_instance_ends_when_it_is_told_to),
      cmocka_unit_test(test_a_get_that_is_flooded_ends_when_it_is_told_to),
      cmocka_unit_test(test_a_caller_that_sleeps_is_woken_to_end_it),
      cmocka_unit_test(test_a_cancel_when_nothing_runs_is_nothing),
      cmocka_unit_test(test_an_abort_when_nothing_runs_ends_what_is_idle),
      cmocka_unit_test(test_a_session_that_is_freed_after_an_abort_aborts_what_is_idle),
      cmocka_unit_test(test_a_cancel_is_for_what_was_started_before_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
