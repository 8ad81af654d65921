/* What hooks are told not to do (scu/hooks.h) has a meaning all the same: waiting for the operation that called them,
 * or from inside a protocol step, is USAGE; freeing and cancelling take effect when they have returned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/session.h"
#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "support/test_sink.h"

static const peer_step good[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};
/* The C-GET, after taking stock over another association. */
static const int some[] = {4, 0, 0, 0};
#define SEND(number)                                                                                                   \
  {.action = PEER_STORE, .uid = "1.2.3." number, .length = 1000}, {                                                    \
    .action = PEER_WAIT_MESSAGE                                                                                        \
  }
static const peer_step with_pending[] = {{.action = PEER_WAIT_RQ},
                                         {.action = PEER_ACCEPT},
                                         {.action = PEER_WAIT_MESSAGE},
                                         {.action = PEER_RESPOND, .status = 0xFF00, .counts = some},
                                         SEND("1"),
                                         SEND("2"),
                                         SEND("3"),
                                         SEND("4"),
                                         {.action = PEER_RESPOND, .status = 0},
                                         {.action = PEER_SERVE},
                                         {.action = PEER_END}};
static const char *const four[] = {"1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"};

typedef enum told_hook {
  INSTANCE,
  PROGRESS,
  BEFORE_STORE,
  MATCH,
  SUB_OPERATION,
  BEFORE_KEEP,
  RECEIVED,
  OF_THE_OPERATION, /* those above */
  LOG = OF_THE_OPERATION,
  BEFORE_ASSOCIATE,
  AFTER_ASSOCIATE,
  BEFORE_CONNECT,
  AFTER_CONNECT,
  BEFORE_MESSAGE,
  AFTER_MESSAGE,
  HOOKS
} told_hook;

typedef enum op_kind { STORE, FIND, GET, KINDS } op_kind;
typedef enum hook_deed { WAIT, FREE, CANCEL, CLOSE, ECHO } hook_deed;

typedef struct misuse {
  fixture f;
  const peer_step *scripts[3];
  scu_query *query;
  scu_source *source;
  test_sink sink;
  op_kind kind;
  told_hook hook;
  hook_deed deed;
  scu_op *op;
  scu_matches *matches;
  size_t calls, at; /* of the hook, and at which of them it is done */
  size_t done;      /* deeds */
  bool is_freed;
  size_t told_after; /* hooks of the operation, after it was freed */
  scu_result result; /* of the deed */
} misuse;

static scu_op *op_of(const misuse *m) {
  return m->matches ? (scu_op *)m->matches : m->op; /* its first member */
}

static void free_it(misuse *m) {
  if (m->matches && m->deed == CLOSE)
    scu_matches_close(m->matches);
  else if (m->matches)
    scu_matches_free(m->matches);
  else
    scu_op_free(m->op);
  m->op = NULL;
  m->matches = NULL;
  m->is_freed = true;
}

static void do_it(misuse *m) {
  scu_response *response = NULL;
  m->done++;
  switch (m->deed) {
  case WAIT: m->result = scu_op_wait(op_of(m)); break;
  case CANCEL: scu_op_cancel(op_of(m)); break;
  case FREE:
  case CLOSE: free_it(m); break;
  case ECHO:
    m->result = scu_echo(m->f.session, &response);
    assert_null(response);
    assert_non_null(strstr(scu_error_reason(scu_session_error(m->f.session)), "protocol step"));
    break;
  }
}

static void called(misuse *m, told_hook hook) {
  if (m->is_freed && hook < OF_THE_OPERATION) m->told_after++;
  bool is_running = op_of(m) && scu_op_state(op_of(m)) == SCU_PENDING;
  if (hook == m->hook && is_running && ++m->calls == m->at) do_it(m);
}

static void instance(void *user, const scu_instance_outcome *outcome) {
  (void)outcome;
  called(user, INSTANCE);
}
static void progress(void *user, const scu_progress *told) {
  misuse *m = user;
  (void)told;
  m->f.time.now_ms += 100; /* it is told of again */
  called(m, PROGRESS);
}
static scu_store_choice before_store(void *user, scu_store_candidate *candidate) {
  called(user, BEFORE_STORE);
  candidate->priority = 1;
  return SCU_STORE_SEND;
}
static scu_match_choice match(void *user, const scu_match *told) {
  (void)told;
  called(user, MATCH);
  return SCU_MATCH_TAKE;
}
static void sub_operation(void *user, const scu_sub_operations *counts) {
  (void)counts;
  called(user, SUB_OPERATION);
}
static void before_keep(void *user, scu_received *told) {
  called(user, BEFORE_KEEP);
  told->status = 0;
}
static void received(void *user, scu_received *told) {
  called(user, RECEIVED);
  told->status = 0;
}
static void log_line(void *user, int level, uint32_t association, const char *text) {
  (void)level;
  (void)association;
  (void)text;
  called(user, LOG);
}
static void before_associate(void *user, uint32_t association, scu_proposal *proposal) {
  (void)association;
  called(user, BEFORE_ASSOCIATE);
  assert_true(scu_proposal_count(proposal) > 0);
}
static void after_associate(void *user, uint32_t association, const scu_error *error) {
  (void)association;
  (void)error;
  called(user, AFTER_ASSOCIATE);
}
static void before_connect(void *user, uint32_t association, const char *peer) {
  (void)association;
  (void)peer;
  called(user, BEFORE_CONNECT);
}
static void after_connect(void *user, uint32_t association, const char *address, const scu_error *error) {
  (void)association;
  (void)address;
  (void)error;
  called(user, AFTER_CONNECT);
}
static void before_message(void *user, scu_message *message) {
  called(user, BEFORE_MESSAGE);
  assert_true(scu_message_field(message) != 0);
}
static void after_message(void *user, const scu_message *message) {
  called(user, AFTER_MESSAGE);
  assert_true(scu_message_field(message) != 0);
}

static const scu_hooks hooks = {
    .size = sizeof hooks,
    .instance = instance,
    .progress = progress,
    .log = log_line,
    .before_associate = before_associate,
    .after_associate = after_associate,
    .before_store = before_store,
    .match = match,
    .sub_operation = sub_operation,
    .before_keep = before_keep,
    .received = received,
    .before_connect = before_connect,
    .after_connect = after_connect,
    .before_message = before_message,
    .after_message = after_message,
};

static const char *four_instances(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  static char text[256];
  char level[17] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  if (strcmp(level, "STUDY") == 0) return row < 1 ? "StudyInstanceUID=1.2.1" : NULL;
  if (strcmp(level, "SERIES") == 0) return row < 1 ? "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1" : NULL;
  if (row >= 4) return NULL;
  snprintf(text, sizeof text,
           "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=%s|SOPClassUID=1.2.840.10008.5.1.4.1.1.7",
           four[row]);
  return text;
}

static const char *four_studies(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  (void)query;
  static char text[32];
  snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu", row + 1);
  return row < 4 ? text : NULL;
}

static void add_samples(scu_source *source) {
  for (int i = 0; i < 4; i++) {
    scu_dataset *dataset = sample_dataset(&(sample_file){.number = i + 1, .pixels = 100}, four[i]);
    assert_int_equal(scu_source_add_dataset(source, dataset, NULL), SCU_OK);
    scu_dataset_free(dataset);
  }
}

static void start(misuse *m, op_kind kind, told_hook hook, hook_deed deed) {
  memset(m, 0, sizeof *m);
  m->kind = kind;
  m->hook = hook;
  m->deed = deed;
  m->at = 1;
  m->result = SCU_END;
  m->scripts[0] = m->scripts[2] = good;
  m->scripts[1] = hook == SUB_OPERATION ? with_pending : good;
  fixture_prepare_many(&m->f, m->scripts, 3);
  scu_options_set_integer(m->f.options, SCU_OPTION_RETRIES, 0);
  fixture_open(&m->f);
  m->f.peer.row = kind == FIND ? four_studies : four_instances;
  m->f.peer.instances = four;
  m->f.peer.instance_count = 4;
  scu_hooks own = hooks;
  own.user = m;
  assert_int_equal(scu_session_set_hooks(m->f.session, &own), SCU_OK);
  test_sink_init(&m->sink);
  assert_int_equal(scu_query_new(NULL, &m->query), SCU_OK);
  assert_int_equal(scu_query_set(m->query, "StudyInstanceUID", kind == FIND ? "" : "1.2.1"), SCU_OK);
  if (kind == FIND) scu_query_set_all(m->query, 1);
  assert_int_equal(scu_query_set_level(m->query, SCU_LEVEL_STUDY), SCU_OK);
  assert_int_equal(scu_source_new(NULL, &m->source), SCU_OK);
  add_samples(m->source);
}

static void stop(misuse *m) {
  free_it(m);
  scu_query_free(m->query);
  fixture_stop(&m->f);
  scu_source_free(m->source);
  assert_int_equal(m->sink.open, 0);
  test_sink_free(&m->sink);
}

/* `*op` may go while it is waited for. */
static scu_result run(misuse *m) {
  const scu_dataset *row;
  scu_result result;
  switch (m->kind) {
  case STORE: m->op = scu_store_start(m->f.session, m->source); break;
  case GET: m->op = scu_get_start(m->f.session, m->query, &m->sink.sink); break;
  default:
    assert_int_equal(scu_find_start(m->f.session, m->query, &m->matches), SCU_OK);
    scu_matches *matches = m->matches;
    while ((result = scu_matches_next(matches, &row)) == SCU_OK) continue;
    return result == SCU_END ? SCU_OK : result;
  }
  assert_non_null(m->op);
  return scu_op_wait(m->op);
}

static void check_done(const misuse *m) {
  if (m->done != 1) fail_msg("hook %d of %d was not called", (int)m->hook, (int)m->kind);
}

static void check_session_goes_on(misuse *m) {
  scu_response *response = NULL;
  assert_int_equal(scu_echo(m->f.session, &response), SCU_OK);
  scu_response_free(response);
}

static bool is_hook_of(told_hook hook, op_kind kind) {
  switch (hook) {
  case BEFORE_STORE: return kind == STORE;
  case MATCH: return kind == FIND;
  case INSTANCE:
  case PROGRESS: return kind == STORE || kind == GET;
  case SUB_OPERATION:
  case BEFORE_KEEP:
  case RECEIVED: return kind == GET;
  default: return true;
  }
}

static void test_no_hook_can_wait_for_the_operation_that_called_it(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    for (int hook = 0; hook < HOOKS; hook++) {
      if (!is_hook_of((told_hook)hook, (op_kind)kind)) continue;
      misuse m;
      start(&m, (op_kind)kind, (told_hook)hook, WAIT);
      assert_int_equal(run(&m), SCU_OK);
      check_done(&m);
      assert_string_equal(scu_result_name(m.result), "USAGE");
      assert_int_equal(scu_error_result(scu_op_error(op_of(&m))), SCU_OK); /* it is not the operation's own */
      if (kind == GET) assert_int_equal(m.sink.finished, 4);
      check_session_goes_on(&m);
      stop(&m);
    }
  }
}

static void test_an_operation_that_its_hook_frees_goes_when_the_hook_has_returned(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    for (int hook = 0; hook < HOOKS; hook++) {
      for (int deed = FREE; deed <= CLOSE; deed++) {
        if (!is_hook_of((told_hook)hook, (op_kind)kind) || deed == CANCEL || (deed == CLOSE && kind != FIND)) continue;
        misuse m;
        start(&m, (op_kind)kind, (told_hook)hook, (hook_deed)deed);
        scu_result result = run(&m);
        check_done(&m);
        assert_string_equal(scu_result_name(result), "CANCELLED");
        check_session_goes_on(&m);
        assert_int_equal(m.told_after, 0);
        stop(&m);
      }
    }
  }
}

/* The application's own loop: no call waits for it. */
static void step_until_done(misuse *m) {
  if (m->kind == STORE) m->op = scu_store_start(m->f.session, m->source);
  if (m->kind == GET) m->op = scu_get_start(m->f.session, m->query, &m->sink.sink);
  if (m->kind == FIND) assert_int_equal(scu_find_start(m->f.session, m->query, &m->matches), SCU_OK);
  TEST_LOOP_UNTIL(&m->f.time, m->is_freed || scu_op_state(op_of(m)) != SCU_PENDING, 5000);
  for (int i = 0; i < 100; i++) scu_loop_step(m->f.time.loop);
}

static void test_it_goes_too_where_nobody_waits_for_it(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    for (int hook = 0; hook < HOOKS; hook++) {
      if (!is_hook_of((told_hook)hook, (op_kind)kind)) continue;
      bool was_done = true;
      for (size_t at = 1; was_done && at < 12; at++) { /* as often as it is called */
        misuse m;
        start(&m, (op_kind)kind, (told_hook)hook, FREE);
        m.at = at;
        step_until_done(&m);
        was_done = m.done == 1;
        if (at == 1) check_done(&m);
        if (was_done) assert_null(m.f.session->ops);
        check_session_goes_on(&m);
        assert_int_equal(m.told_after, 0);
        stop(&m);
      }
    }
  }
}

static void test_an_operation_that_its_hook_cancels_ends(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    for (int hook = 0; hook < HOOKS; hook++) {
      if (!is_hook_of((told_hook)hook, (op_kind)kind)) continue;
      misuse m;
      start(&m, (op_kind)kind, (told_hook)hook, CANCEL);
      scu_result result = run(&m);
      assert_true(result == SCU_ERROR_CANCELLED || result == SCU_OK);
      check_done(&m);
      check_session_goes_on(&m);
      stop(&m);
    }
  }
}

static void test_hooks_from_inside_protocol_steps_cannot_wait_at_all(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    for (int hook = OF_THE_OPERATION; hook < HOOKS; hook++) {
      misuse m;
      start(&m, (op_kind)kind, (told_hook)hook, ECHO);
      assert_int_equal(run(&m), SCU_OK);
      check_done(&m);
      assert_string_equal(scu_result_name(m.result), "USAGE");
      check_session_goes_on(&m);
      stop(&m);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_no_hook_can_wait_for_the_operation_that_called_it),
      cmocka_unit_test(test_an_operation_that_its_hook_frees_goes_when_the_hook_has_returned),
      cmocka_unit_test(test_it_goes_too_where_nobody_waits_for_it),
      cmocka_unit_test(test_an_operation_that_its_hook_cancels_ends),
      cmocka_unit_test(test_hooks_from_inside_protocol_steps_cannot_wait_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
