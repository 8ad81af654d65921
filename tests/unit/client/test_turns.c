/* As many associations as a peer may be given, and no more: who gets the next one, who gives up and when, and what
 * becomes of a hook that waits for what it keeps from happening. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/association.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "scu/association.h"
#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

static const peer_step good[] = {START, SERVE, END};
/* The first request is answered when the test says so. */
static const peer_step busy[] = {START, NEXT, HOLD, {.action = PEER_RESPOND}, SERVE, END};

enum { HELD_MS = 10000 /* timeout-associate */ };

/* `count` small files of `classes` SOP classes in turn. */
static scu_source *samples_of(int count, int classes) {
  scu_source *source;
  assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
  for (int i = 1; i <= count; i++) {
    char name[32], sop_class[32];
    scu__buffer bytes;
    snprintf(sop_class, sizeof sop_class, "1.2.999.%d", i % classes);
    sample_bytes(&(sample_file){.number = i, .pixels = 200, .sop_class = classes > 1 ? sop_class : NULL}, &bytes);
    snprintf(name, sizeof name, "%05d.dcm", i);
    write_scratch(name, bytes.data, bytes.length);
    scu__buffer_free(&bytes);
    assert_int_equal(scu_source_add_file(source, in_scratch(name)), SCU_OK);
  }
  return source;
}

static const char *few_rows(void *user, const scu_dataset *query, size_t row) {
  static char text[64];
  (void)user;
  (void)query;
  snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu", row + 1);
  return row < 20 ? text : NULL;
}

static const char *many_rows(void *user, const scu_dataset *query, size_t row) {
  static char text[64];
  (void)user;
  (void)query;
  snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu", row + 1);
  return row < 2000 ? text : NULL;
}

static scu_query *any_study(void) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  scu_query_set_all(query, 1);
  scu_query_set_level(query, SCU_LEVEL_STUDY);
  return query;
}

static void open_with(fixture *f, const peer_step *const *scripts, size_t count, int64_t limit) {
  fixture_prepare_many(f, scripts, count);
  assert_int_equal(scu_options_set_integer(f->options, SCU_OPTION_PEER_ASSOCIATIONS, limit), SCU_OK);
  fixture_open(f);
  f->peer.row = few_rows;
}

static bool is_done(const scu_op *op) {
  return scu_op_state(op) != SCU_PENDING;
}

static size_t count_matches(scu_matches *matches) {
  const scu_dataset *row;
  scu_result result;
  size_t count = 0;
  while ((result = scu_matches_next(matches, &row)) == SCU_OK) count++;
  assert_int_equal(result, SCU_END);
  return count;
}

/* --- never more -----------------------------------------------------------------------------------------------------
 */

static void test_whatever_is_started_there_are_never_more_associations(void **state) {
  (void)state;
  const peer_step *scripts[] = {good};
  for (int64_t limit = 1; limit <= 3; limit++) {
    fixture f;
    fixture_prepare_many(&f, scripts, 1);
    scu_options_set_integer(f.options, SCU_OPTION_PEER_ASSOCIATIONS, limit);
    scu_options_set_integer(f.options, SCU_OPTION_STORE_ASSOCIATIONS, 8);
    fixture_open(&f);
    f.peer.row = few_rows;
    scu_query *query = any_study();
    scu_source *source = samples_of(40, 1);
    scu_op *store = scu_store_start(f.session, source);
    scu_op *echoes[5];
    scu_matches *finds[3];
    for (size_t i = 0; i < 5; i++) echoes[i] = scu_echo_start(f.session);
    for (size_t i = 0; i < 3; i++) assert_int_equal(scu_find_start(f.session, query, &finds[i]), SCU_OK);
    assert_int_equal(scu_op_wait(store), SCU_OK);
    for (size_t i = 0; i < 3; i++) assert_int_equal(count_matches(finds[i]), 20);
    for (size_t i = 0; i < 5; i++) assert_int_equal(scu_op_wait(echoes[i]), SCU_OK);
    assert_int_equal(f.peer.most_connections, limit);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_STORE_RQ), 40);
    for (size_t i = 0; i < 3; i++) scu_matches_close(finds[i]);
    for (size_t i = 0; i < 5; i++) scu_op_free(echoes[i]);
    scu_op_free(store);
    scu_source_free(source);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

/* 150 classes do not go over one association: each lane has to return its own before it may have the next. */
static void test_a_store_that_needs_several_associations_opens_them_one_after_the_other(void **state) {
  (void)state;
  const peer_step *scripts[] = {good};
  for (int64_t limit = 1; limit <= 3; limit++) {
    fixture f;
    fixture_prepare_many(&f, scripts, 1);
    scu_options_set_integer(f.options, SCU_OPTION_PEER_ASSOCIATIONS, limit);
    scu_options_set_integer(f.options, SCU_OPTION_STORE_ASSOCIATIONS, 3);
    fixture_open(&f);
    scu_source *source = samples_of(300, 150);
    scu_store_report *report;
    assert_int_equal(scu_store(f.session, source, &report), SCU_OK);
    assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_OK), 300);
    assert_true(f.peer.accepted >= 2);
    assert_int_equal(f.peer.most_connections, limit);
    scu_store_report_free(report);
    scu_source_free(source);
    fixture_stop(&f);
  }
}

static void test_two_stores_share_what_there_is(void **state) {
  (void)state;
  const peer_step *scripts[] = {good};
  fixture f;
  fixture_prepare_many(&f, scripts, 1);
  scu_options_set_integer(f.options, SCU_OPTION_PEER_ASSOCIATIONS, 2);
  scu_options_set_integer(f.options, SCU_OPTION_STORE_ASSOCIATIONS, 2);
  fixture_open(&f);
  scu_source *sources[] = {samples_of(30, 1), samples_of(30, 1)};
  scu_op *stores[] = {scu_store_start(f.session, sources[0]), scu_store_start(f.session, sources[1])};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(scu_op_wait(stores[i]), SCU_OK);
    scu_op_free(stores[i]);
    scu_source_free(sources[i]);
  }
  assert_int_equal(f.peer.most_connections, 2);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_STORE_RQ), 60);
  fixture_stop(&f);
}

/* --- in turn --------------------------------------------------------------------------------------------------------
 */

static void test_who_came_first_is_served_first(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {busy, good};
  fixture f;
  open_with(&f, scripts, 2, 1);
  scu_query *query = any_study();
  scu_matches *find;
  scu_op *first = scu_echo_start(f.session), *second = scu_echo_start(f.session);
  assert_int_equal(scu_find_start(f.session, query, &find), SCU_OK);
  /* The find asks for its association in a task. The echo after it would do with the one that is there, and waits. */
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
  scu_op *third = scu_echo_start(f.session);
  TEST_LOOP_UNTIL(&f.time, false, 500);
  assert_false(is_done(second));
  assert_int_equal(f.peer.message_count, 1);
  scripted_peer_go(&f.peer);
  uint64_t went = f.time.now_ms;
  assert_int_equal(scu_op_wait(third), SCU_OK);
  assert_true(f.time.now_ms - went < HELD_MS / 20); /* turns are not waited for until somebody looks */
  static const uint16_t order[] = {SCU__C_ECHO_RQ, SCU__C_ECHO_RQ, SCU__C_FIND_RQ, SCU__C_ECHO_RQ};
  assert_int_equal(f.peer.message_count, 4);
  for (size_t i = 0; i < 4; i++) assert_int_equal(f.peer.messages[i].command.field, order[i]);
  assert_int_equal(count_matches(find), 20);
  assert_int_equal(f.peer.most_connections, 1);
  scu_op_free(first);
  scu_op_free(second);
  scu_op_free(third);
  scu_matches_close(find);
  scu_query_free(query);
  fixture_stop(&f);
}

typedef struct taker {
  scu__lease lease;
  unsigned *counter, place; /* 1 = was the first to be ready */
} taker;

static bool takes_any(void *owner, const scu__negotiated *negotiated) {
  (void)owner;
  return scu__negotiated_find(negotiated, SCU__UID_VERIFICATION, NULL, false) != NULL;
}
static scu_result proposes_echo(void *owner, scu__associate *rq) {
  static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE};
  (void)owner;
  return scu__associate_add_context(rq, SCU__UID_VERIFICATION, syntaxes, 1, NULL);
}
static void is_ready(void *owner, scu__link *link) {
  taker *t = owner;
  (void)link;
  t->place = ++*t->counter;
}
static void is_lost(void *owner, const scu_error *error) {
  (void)owner;
  fail_msg("lost: %s", error->reason);
}

/* Returned and asked for again in one go: the one that waited is before it, though the association would fit. */
static void test_nobody_is_overtaken_in_the_moment_of_return(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {good};
  enum { TAKERS = 3 };
  fixture f;
  unsigned counter = 0;
  taker takers[TAKERS] = {0};
  open_with(&f, scripts, 1, 1);
  for (size_t i = 0; i < TAKERS; i++) {
    takers[i].counter = &counter;
    takers[i].lease = (scu__lease){
        .owner = &takers[i], .fits = takes_any, .propose = proposes_echo, .ready = is_ready, .lost = is_lost};
  }
  for (size_t i = 0; i < 2; i++) scu__lease_acquire(&takers[i].lease, f.session);
  TEST_LOOP_UNTIL(&f.time, takers[0].place, 1000);
  scu__lease_return(&takers[0].lease);
  scu__lease_acquire(&takers[2].lease, f.session);
  TEST_LOOP_UNTIL(&f.time, counter == 2, 1000);
  assert_int_equal(takers[1].place, 2);
  scu__lease_return(&takers[1].lease);
  TEST_LOOP_UNTIL(&f.time, counter == 3, 1000);
  assert_int_equal(takers[2].place, 3);
  scu__lease_return(&takers[2].lease);
  assert_int_equal(f.peer.accepted, 1);
  fixture_stop(&f);
}

/* Gives back what it has just got, and goes on for a while: until it ends nobody can have it. */
static void returns_and_lingers(void *owner, scu__link *link) {
  taker *t = owner;
  scu_loop *loop = scu__link_loop(link);
  t->place = ++*t->counter;
  scu__lease_return(&t->lease);
  for (int i = 0; i < 5; i++) scu_loop_step(loop);
}

static void test_when_the_first_leaves_the_next_has_its_turn_at_once(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {good};
  enum { TAKERS = 3 };
  fixture f;
  unsigned counter = 0;
  taker takers[TAKERS] = {0};
  open_with(&f, scripts, 1, 1);
  for (size_t i = 0; i < TAKERS; i++) {
    takers[i].counter = &counter;
    takers[i].lease = (scu__lease){.owner = &takers[i],
                                   .fits = takes_any,
                                   .propose = proposes_echo,
                                   .ready = i == 0 ? returns_and_lingers : is_ready,
                                   .lost = is_lost};
    scu__lease_acquire(&takers[i].lease, f.session);
  }
  TEST_LOOP_UNTIL(&f.time, takers[0].place, 1000);
  assert_int_equal(counter, 1); /* nobody was told that the association is free */
  uint64_t left = f.time.now_ms;
  scu__lease_return(&takers[1].lease);
  TEST_LOOP_UNTIL(&f.time, takers[2].place, HELD_MS);
  assert_true(f.time.now_ms - left < HELD_MS / 20);
  assert_int_equal(takers[1].place, 0);
  scu__lease_return(&takers[2].lease);
  assert_int_equal(f.peer.accepted, 1);
  fixture_stop(&f);
}

static void test_an_association_that_is_lost_makes_room_for_the_next(void **state) {
  (void)state;
  static const peer_step drops[] = {START, NEXT, HOLD, {.action = PEER_CLOSE}, END};
  static const peer_step *const scripts[] = {drops, good};
  fixture f;
  open_with(&f, scripts, 2, 1);
  scu_op *first = scu_echo_start(f.session), *second = scu_echo_start(f.session);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
  scripted_peer_go(&f.peer);
  uint64_t went = f.time.now_ms;
  assert_int_equal(scu_op_wait(second), SCU_OK);
  assert_true(f.time.now_ms - went < HELD_MS / 20);
  assert_int_equal(scu_op_state(first), SCU_ERROR_CLOSED);
  scu_op_free(first);
  scu_op_free(second);
  fixture_stop(&f);
}

/* --- out of the queue -----------------------------------------------------------------------------------------------
 */

typedef enum leaving { BY_CANCEL, BY_FREE, LEAVINGS } leaving;

static void test_whoever_waits_may_leave_and_the_rest_goes_on(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {busy, good};
  enum { WAITING = 3 };
  for (size_t who = 0; who < WAITING; who++) {
    for (int how = BY_CANCEL; how < LEAVINGS; how++) {
      fixture f;
      open_with(&f, scripts, 2, 1);
      scu_op *first = scu_echo_start(f.session), *ops[WAITING];
      for (size_t i = 0; i < WAITING; i++) ops[i] = scu_echo_start(f.session);
      TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
      if (how == BY_CANCEL) {
        scu_op_cancel(ops[who]);
        assert_int_equal(scu_op_state(ops[who]), SCU_ERROR_CANCELLED);
      } else {
        scu_op_free(ops[who]);
        ops[who] = NULL;
      }
      scripted_peer_go(&f.peer);
      for (size_t i = 0; i < WAITING; i++)
        if (i != who) assert_int_equal(scu_op_wait(ops[i]), SCU_OK);
      assert_int_equal(scripted_peer_count(&f.peer, SCU__C_ECHO_RQ), WAITING);
      assert_int_equal(f.peer.accepted, 1);
      for (size_t i = 0; i < WAITING; i++) scu_op_free(ops[i]);
      scu_op_free(first);
      fixture_stop(&f);
    }
  }
}

static void test_an_abort_ends_those_who_wait_too(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {busy, good};
  fixture f;
  open_with(&f, scripts, 2, 1);
  scu_query *query = any_study();
  scu_source *source = samples_of(3, 1);
  scu_matches *find;
  scu_op *first = scu_echo_start(f.session), *second = scu_echo_start(f.session);
  scu_op *store = scu_store_start(f.session, source);
  assert_int_equal(scu_find_start(f.session, query, &find), SCU_OK);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
  scu_abort(f.session);
  assert_int_equal(scu_op_wait(first), SCU_ERROR_ABORTED);
  assert_int_equal(scu_op_wait(second), SCU_ERROR_ABORTED);
  assert_int_equal(scu_op_wait(store), SCU_ERROR_ABORTED);
  const scu_dataset *row;
  assert_int_equal(scu_matches_next(find, &row), SCU_ERROR_ABORTED);
  assert_int_equal(f.peer.accepted, 1);
  scu_op_free(first);
  scu_op_free(second);
  scu_op_free(store);
  scu_matches_close(find);
  scu_source_free(source);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_a_session_may_go_while_operations_wait(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {busy, good};
  fixture f;
  open_with(&f, scripts, 2, 1);
  scu_source *source = samples_of(3, 1);
  for (size_t i = 0; i < 3; i++) assert_non_null(scu_echo_start(f.session));
  assert_non_null(scu_store_start(f.session, source));
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
  scu_session_free(f.session);
  f.session = NULL;
  TEST_LOOP_UNTIL(&f.time, false, 2000); /* nothing of it is left in the loop */
  assert_int_equal(f.peer.accepted, 1);
  scu_source_free(source);
  fixture_stop(&f);
}

static void test_a_wait_ends_with_its_time_out(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {busy, good};
  fixture f;
  fixture_prepare_many(&f, scripts, 2);
  scu_options_set_integer(f.options, SCU_OPTION_PEER_ASSOCIATIONS, 1);
  scu_options_set_duration_ms(f.options, SCU_OPTION_TIMEOUT_TURN, 30 * 1000);
  fixture_open(&f);
  scu_op *first = scu_echo_start(f.session), *second = scu_echo_start(f.session);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
  f.time.ms_per_step = 100;
  uint64_t began = f.time.now_ms;
  assert_int_equal(scu_op_wait(second), SCU_ERROR_TIMEOUT);
  assert_in_range(f.time.now_ms - began, 29 * 1000, 32 * 1000);
  assert_non_null(strstr(scu_error_reason(scu_op_error(second)), "no turn for 30000 ms"));
  assert_string_equal(scu_error_peer(scu_op_error(second)), f.peer.name);
  assert_false(is_done(first));
  scripted_peer_go(&f.peer);
  assert_int_equal(scu_op_wait(first), SCU_OK);
  scu_op_free(first);
  scu_op_free(second);
  fixture_stop(&f);
}

/* The lanes of one store do not wait for each other, and what the others of the session keep is no loss of the store.
 */
static void test_a_store_goes_on_with_the_associations_it_gets(void **state) {
  (void)state;
  static const peer_step silent[] = {START, NEXT, END};
  static const peer_step *const scripts[] = {silent, busy};
  for (int is_shared = 0; is_shared < 2; is_shared++) {
    fixture f;
    fixture_prepare_many(&f, is_shared ? scripts : scripts + 1, is_shared ? 2 : 1);
    scu_options_set_integer(f.options, SCU_OPTION_PEER_ASSOCIATIONS, 2);
    scu_options_set_integer(f.options, SCU_OPTION_STORE_ASSOCIATIONS, 4);
    scu_options_set_duration_ms(f.options, SCU_OPTION_TIMEOUT_TURN, 10 * 1000);
    fixture_open(&f);
    scu_query *query = any_study();
    assert_int_equal(scu_query_set(query, "StudyInstanceUID", "1.2.1"), SCU_OK);
    scu_op *move = is_shared ? scu_move_start(f.session, query, "ELSEWHERE") : NULL;
    TEST_LOOP_UNTIL(&f.time, !is_shared || scripted_peer_count(&f.peer, SCU__C_MOVE_RQ) == 1, 1000);
    scu_source *source = samples_of(8, 1);
    scu_op *store = scu_store_start(f.session, source);
    TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_STORE_RQ) > 0, 1000);
    f.time.ms_per_step = 100;
    TEST_LOOP_UNTIL(&f.time, false, 30 * 1000);
    assert_false(is_done(store));
    scripted_peer_go(&f.peer);
    assert_int_equal(scu_op_wait(store), SCU_OK);
    assert_int_equal(f.outcome_count, 8);
    assert_int_equal(f.peer.most_connections, 2);
    assert_int_equal(strstr(f.warnings, "one association less: no turn") != NULL, is_shared);
    scu_op_free(store);
    scu_op_free(move);
    scu_source_free(source);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

/* --- held up by ourselves -------------------------------------------------------------------------------------------
 */

typedef struct nested {
  fixture f;
  test_sink sink;
  scu_query *query;
  const peer_step *scripts[3];
  size_t echoed, refused;
  uint64_t waited_ms; /* for the last refusal */
} nested;

/* What a hook may well do: ask something itself, and wait for the answer. */
static void echo_now(nested *n) {
  scu_response *response = NULL;
  uint64_t began = n->f.time.now_ms;
  scu_result result = scu_echo(n->f.session, &response);
  scu_response_free(response);
  n->waited_ms = n->f.time.now_ms - began;
  if (result == SCU_OK) {
    n->echoed++;
    return;
  }
  n->refused++;
  assert_int_equal(result, SCU_ERROR_LIMIT);
  assert_non_null(strstr(scu_error_reason(scu_session_error(n->f.session)), "held up on our own side"));
  assert_true(scu_error_hint(scu_session_error(n->f.session))[0]);
}

static void on_instance(void *user, const scu_instance_outcome *told) {
  (void)told;
  echo_now(user);
}
static scu_store_choice before_store(void *user, scu_store_candidate *candidate) {
  (void)candidate;
  echo_now(user);
  return SCU_STORE_SEND;
}
static scu_match_choice on_match(void *user, const scu_match *match) {
  if (match->number == 1) echo_now(user);
  return SCU_MATCH_TAKE;
}
static void on_sub_operation(void *user, const scu_sub_operations *told) {
  (void)told;
  echo_now(user);
}
static void on_received(void *user, scu_received *received) {
  (void)received;
  echo_now(user);
}

static void start_nested(nested *n, const peer_step *first, int64_t limit, uint16_t port, const scu_hooks *hooks) {
  memset(n, 0, sizeof *n);
  n->scripts[0] = first;
  n->scripts[1] = good;
  fixture_prepare_many(&n->f, n->scripts, 2);
  scu_options_set_integer(n->f.options, SCU_OPTION_PEER_ASSOCIATIONS, limit);
  if (port) scu_options_set_integer(n->f.options, SCU_OPTION_LISTEN_PORT, port);
  fixture_open(&n->f);
  scu_hooks all = *hooks;
  all.user = n;
  assert_int_equal(scu_session_set_hooks(n->f.session, &all), SCU_OK);
  n->f.peer.row = few_rows;
  test_sink_init(&n->sink);
  n->query = any_study();
}

static void stop_nested(nested *n) {
  scu_query_free(n->query);
  fixture_stop(&n->f);
  test_sink_free(&n->sink);
}

/* The hook is told so, not before the time and not long after it, and what called it goes on as if nothing was. */
static void check_refused(const nested *n, size_t times) {
  assert_int_equal(n->refused, times);
  assert_int_equal(n->echoed, 0);
  assert_in_range(n->waited_ms, HELD_MS - HELD_MS / 10, HELD_MS + HELD_MS / 5);
  assert_int_equal(n->f.peer.most_connections, 1);
}

static void store_with(const scu_hooks *hooks) {
  nested n;
  start_nested(&n, good, 1, 0, hooks);
  n.f.time.ms_per_step = 10;
  scu_source *source = samples_of(3, 1);
  scu_store_report *report;
  assert_int_equal(scu_store(n.f.session, source, &report), SCU_OK);
  assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_OK), 3);
  check_refused(&n, 3);
  scu_store_report_free(report);
  scu_source_free(source);
  stop_nested(&n);
}

static void test_a_hook_of_a_store_is_told_that_it_waits_for_itself(void **state) {
  (void)state;
  store_with(&(scu_hooks){.size = sizeof(scu_hooks), .before_store = before_store});
  store_with(&(scu_hooks){.size = sizeof(scu_hooks), .instance = on_instance});
}

static const char *two_instances(void *user, const scu_dataset *query, size_t row) {
  static char text[256];
  char level[17] = "";
  (void)user;
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  if (strcmp(level, "STUDY") == 0) return row < 1 ? "StudyInstanceUID=1.2.1" : NULL;
  if (strcmp(level, "SERIES") == 0) return row < 1 ? "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1" : NULL;
  snprintf(text, sizeof text,
           "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=1.2.3.%zu|SOPClassUID=" SAMPLE_CLASS,
           row + 1);
  return row < 2 ? text : NULL;
}

static void get_with(const scu_hooks *hooks, size_t times) {
  nested n;
  static const char *const instances[] = {"1.2.3.1", "1.2.3.2"};
  start_nested(&n, good, 1, 0, hooks);
  n.f.peer.row = two_instances;
  n.f.peer.instances = instances;
  n.f.peer.instance_count = 2;
  n.f.time.ms_per_step = 10;
  assert_int_equal(scu_query_set(n.query, "StudyInstanceUID", "1.2.1"), SCU_OK);
  scu_retrieve_report *report;
  assert_int_equal(scu_get(n.f.session, n.query, &n.sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  assert_int_equal(n.sink.finished, 2);
  check_refused(&n, times);
  scu_retrieve_report_free(report);
  stop_nested(&n);
}

static void test_a_hook_of_a_get_is_told_that_it_waits_for_itself(void **state) {
  (void)state;
  get_with(&(scu_hooks){.size = sizeof(scu_hooks), .instance = on_instance}, 2);
  get_with(&(scu_hooks){.size = sizeof(scu_hooks), .received = on_received}, 2);
}

/* The hook is called for what comes by our listener; the association that the move holds waits for it all the same. */
static void move_with(const scu_hooks *hooks, size_t times) {
  static const int counts[] = {1, 1, 0, 0};
  static const peer_step sends[] = {{.action = PEER_ASSOCIATE},
                                    {.action = PEER_WAIT_AC},
                                    {.action = PEER_STORE, .uid = "1.2.3.1", .length = 1000},
                                    NEXT,
                                    {.action = PEER_STORE, .uid = "1.2.3.2", .length = 1000},
                                    NEXT,
                                    {.action = PEER_RELEASE},
                                    {.action = PEER_WAIT_RELEASED},
                                    {.action = PEER_CLOSE},
                                    END};
  uint16_t port = scripted_free_port();
  peer_step move[] = {START,
                      NEXT,
                      {.action = PEER_RESPOND, .status = 0xFF00, .counts = counts},
                      {.action = PEER_CALL, .script = sends, .port = port},
                      {.action = PEER_RESPOND},
                      SERVE,
                      END};
  nested n;
  start_nested(&n, good, 1, port, hooks);
  n.scripts[1] = move; /* after the find */
  n.f.peer.row = two_instances;
  n.f.time.ms_per_step = 10;
  assert_int_equal(scu_query_set(n.query, "StudyInstanceUID", "1.2.1"), SCU_OK);
  scu_retrieve_report *report;
  assert_int_equal(scu_move_to_self(n.f.session, n.query, &n.sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  check_refused(&n, times);
  scu_retrieve_report_free(report);
  stop_nested(&n);
}

static void test_a_hook_of_a_move_is_told_that_it_waits_for_itself(void **state) {
  (void)state;
  move_with(&(scu_hooks){.size = sizeof(scu_hooks), .instance = on_instance}, 2);
  move_with(&(scu_hooks){.size = sizeof(scu_hooks), .received = on_received}, 2);
  move_with(&(scu_hooks){.size = sizeof(scu_hooks), .sub_operation = on_sub_operation}, 1);
}

/* With one association more the same hooks have their answers. */
static void test_with_one_association_more_the_hooks_have_their_answers(void **state) {
  (void)state;
  nested n;
  const scu_hooks hooks = {.size = sizeof hooks, .before_store = before_store, .instance = on_instance};
  start_nested(&n, good, 2, 0, &hooks);
  scu_source *source = samples_of(3, 1);
  scu_store_report *report;
  assert_int_equal(scu_store(n.f.session, source, &report), SCU_OK);
  assert_int_equal(n.echoed, 6);
  assert_int_equal(n.f.peer.most_connections, 2);
  scu_store_report_free(report);
  scu_source_free(source);
  stop_nested(&n);
}

/* A find is read on behind its match hook (RULES 27), so that its association is free before the hook returns - but for
 * one that has more matches than are kept waiting. */
static void test_a_match_hook_has_its_turn_when_the_find_has_been_read(void **state) {
  (void)state;
  const scu_hooks hooks = {.size = sizeof hooks, .match = on_match};
  for (int is_long = 0; is_long < 2; is_long++) {
    nested n;
    start_nested(&n, good, 1, 0, &hooks);
    n.f.peer.row = is_long ? many_rows : few_rows;
    n.f.time.ms_per_step = 10;
    scu_matches *matches;
    assert_int_equal(scu_find(n.f.session, n.query, &matches), SCU_OK);
    assert_int_equal(count_matches(matches), is_long ? 2000 : 20);
    if (is_long) {
      check_refused(&n, 1);
    } else {
      assert_int_equal(n.echoed, 1);
      assert_int_equal(n.f.peer.most_connections, 1);
    }
    scu_matches_close(matches);
    stop_nested(&n);
  }
}

static void test_matches_that_are_not_read_keep_nobody_waiting_for_ever(void **state) {
  (void)state;
  const scu_hooks hooks = {.size = sizeof hooks};
  nested n;
  start_nested(&n, good, 1, 0, &hooks);
  n.f.peer.row = many_rows;
  n.f.time.ms_per_step = 10;
  scu_matches *matches;
  assert_int_equal(scu_find(n.f.session, n.query, &matches), SCU_OK);
  echo_now(&n);
  check_refused(&n, 1);
  assert_int_equal(count_matches(matches), 2000);
  echo_now(&n);
  assert_int_equal(n.echoed, 1);
  scu_matches_close(matches);
  stop_nested(&n);
}

static scu_result propose_echo(void *user, scu_proposal *proposal) {
  static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE};
  (void)user;
  return scu_proposal_add(proposal, SCU__UID_VERIFICATION, syntaxes, 1);
}

/* Only the caller can close it. */
static void test_an_association_of_the_callers_own_keeps_nobody_waiting_for_ever(void **state) {
  (void)state;
  const scu_hooks hooks = {.size = sizeof hooks};
  nested n;
  start_nested(&n, good, 1, 0, &hooks);
  n.f.time.ms_per_step = 10;
  scu_association *own;
  assert_int_equal(scu_association_open(n.f.session, propose_echo, NULL, &own), SCU_OK);
  echo_now(&n);
  check_refused(&n, 1);
  assert_int_equal(scu_association_state(own), SCU_OK);
  scu_op *waits = scu_echo_start(n.f.session);
  scu_association_close(own);
  assert_int_equal(scu_op_wait(waits), SCU_OK);
  assert_int_equal(n.f.peer.most_connections, 1);
  scu_op_free(waits);
  stop_nested(&n);
}

static void test_an_association_of_the_callers_own_waits_for_its_turn(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {busy, good};
  for (int is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
    fixture f;
    open_with(&f, scripts, 2, 1);
    scu_association *own;
    scu_op *first = scu_echo_start(f.session);
    assert_int_equal(scu_association_start(f.session, propose_echo, NULL, &own), SCU_OK);
    TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
    assert_int_equal(scu_association_state(own), SCU_PENDING);
    if (is_cancelled) scu_cancel(f.session);
    scripted_peer_go(&f.peer);
    TEST_LOOP_UNTIL(&f.time, scu_association_state(own) != SCU_PENDING, 2000);
    assert_int_equal(scu_association_state(own), is_cancelled ? SCU_ERROR_CANCELLED : SCU_OK);
    assert_int_equal(f.peer.most_connections, 1);
    scu_association_close(own);
    scu_op_free(first);
    fixture_stop(&f);
  }
}

/* Nobody of ours holds anything up: it is the peer that takes its time. */
static void test_a_peer_that_takes_its_time_is_waited_for(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {busy, good};
  fixture f;
  open_with(&f, scripts, 2, 1);
  scu_op *first = scu_echo_start(f.session), *second = scu_echo_start(f.session);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__C_ECHO_RQ) == 1, 1000);
  f.time.ms_per_step = 100;
  TEST_LOOP_UNTIL(&f.time, false, 5 * HELD_MS);
  assert_false(is_done(second));
  scripted_peer_go(&f.peer);
  assert_int_equal(scu_op_wait(second), SCU_OK);
  scu_op_free(first);
  scu_op_free(second);
  fixture_stop(&f);
}

static scu_store_choice step_for_a_while(void *user, scu_store_candidate *candidate) {
  nested *n = user;
  (void)candidate;
  TEST_LOOP_UNTIL(&n->f.time, false, HELD_MS * 8 / 10);
  return SCU_STORE_SEND;
}

/* It holds the association up each time, and each time it returns before that is too long. */
static void test_a_slow_hook_keeps_others_waiting_and_no_more(void **state) {
  (void)state;
  const scu_hooks hooks = {.size = sizeof hooks, .before_store = step_for_a_while};
  nested n;
  start_nested(&n, good, 1, 0, &hooks);
  n.f.time.ms_per_step = 10;
  scu_source *source = samples_of(3, 1);
  scu_op *store = scu_store_start(n.f.session, source), *echo;
  TEST_LOOP_UNTIL(&n.f.time, n.f.peer.accepted == 1, 1000);
  echo = scu_echo_start(n.f.session);
  assert_int_equal(scu_op_wait(echo), SCU_OK);
  assert_int_equal(scu_op_wait(store), SCU_OK);
  assert_int_equal(n.f.peer.most_connections, 1);
  scu_op_free(store);
  scu_op_free(echo);
  scu_source_free(source);
  stop_nested(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whatever_is_started_there_are_never_more_associations),
      cmocka_unit_test(test_a_store_that_needs_several_associations_opens_them_one_after_the_other),
      cmocka_unit_test(test_two_stores_share_what_there_is),
      cmocka_unit_test(test_who_came_first_is_served_first),
      cmocka_unit_test(test_nobody_is_overtaken_in_the_moment_of_return),
      cmocka_unit_test(test_when_the_first_leaves_the_next_has_its_turn_at_once),
      cmocka_unit_test(test_an_association_that_is_lost_makes_room_for_the_next),
      cmocka_unit_test(test_whoever_waits_may_leave_and_the_rest_goes_on),
      cmocka_unit_test(test_an_abort_ends_those_who_wait_too),
      cmocka_unit_test(test_a_session_may_go_while_operations_wait),
      cmocka_unit_test(test_a_wait_ends_with_its_time_out),
      cmocka_unit_test(test_a_store_goes_on_with_the_associations_it_gets),
      cmocka_unit_test(test_a_hook_of_a_store_is_told_that_it_waits_for_itself),
      cmocka_unit_test(test_a_hook_of_a_get_is_told_that_it_waits_for_itself),
      cmocka_unit_test(test_a_hook_of_a_move_is_told_that_it_waits_for_itself),
      cmocka_unit_test(test_with_one_association_more_the_hooks_have_their_answers),
      cmocka_unit_test(test_a_match_hook_has_its_turn_when_the_find_has_been_read),
      cmocka_unit_test(test_matches_that_are_not_read_keep_nobody_waiting_for_ever),
      cmocka_unit_test(test_an_association_of_the_callers_own_keeps_nobody_waiting_for_ever),
      cmocka_unit_test(test_an_association_of_the_callers_own_waits_for_its_turn),
      cmocka_unit_test(test_a_peer_that_takes_its_time_is_waited_for),
      cmocka_unit_test(test_a_slow_hook_keeps_others_waiting_and_no_more),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
