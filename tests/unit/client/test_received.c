/* Hooks of what comes by C-GET and C-MOVE: the peer's counts, and who chooses how an instance is answered (PS3.4 B.2.3,
 * PS3.7 9.1.3, 9.1.4). */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};
static const char *const four[] = {"1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"};

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

typedef struct told_counts {
  uint16_t status;
  int32_t counts[4];
  char destination[17];
} told_counts;

typedef enum meanwhile { NOTHING, PEER_GOES, SINK_ENDS, CANCEL, ABORT, MEANWHILES } meanwhile;
typedef enum which { BEFORE_KEEP, RECEIVED, INSTANCE, SUB_OPERATION, WHICHES } which;

/* A retrieve whose hooks note what they hear, choose what the test says and take as long as it says. */
typedef struct taking {
  fixture f;
  test_sink sink;
  scu_query *query;
  const peer_step *scripts[3];
  uint16_t port;
  uint16_t choose; /* 0 = nothing */
  bool is_choosing_before;
  scu_received last; /* its texts are not */
  char path[256], study[65];
  size_t before, after;
  told_counts told[8];
  size_t told_count;

  which waits; /* what of the hooks waits, and how */
  meanwhile act;
  size_t act_at, waited; /* 0 = never */
  uint64_t takes_ms;
  bool does_sink_go_on; /* while the hook waits */
} taking;

static void meanwhile_of(taking *t) {
  if (t->act == PEER_GOES) scripted_peer_reset_all(&t->f.peer);
  if (t->act == SINK_ENDS) test_sink_post(&t->sink, 0);
  if (t->act == CANCEL) scu_cancel(t->f.session);
  if (t->act == ABORT) scu_abort(t->f.session);
}

/* A hook that waits on the loop: so long, and for an echo on the session that it was called by. */
static void wait_in(taking *t, which hook) {
  if (hook != t->waits || t->act_at == 0 || ++t->waited != t->act_at) return;
  meanwhile_of(t);
  for (uint64_t end = t->f.time.now_ms + t->takes_ms; t->f.time.now_ms < end;) {
    t->f.time.now_ms += 1000;
    scu_loop_step(t->f.time.loop);
    if (t->does_sink_go_on) test_sink_post(&t->sink, 0);
  }
  scu_response *response = NULL;
  scu_result result = scu_echo(t->f.session, &response);
  if (t->act == NOTHING || t->act == SINK_ENDS) assert_int_equal(result, SCU_OK);
  scu_response_free(response);
}

static void note(taking *t, const scu_received *received) {
  assert_int_equal(received->size, sizeof *received);
  t->last = *received;
  snprintf(t->path, sizeof t->path, "%s", received->path);
  snprintf(t->study, sizeof t->study, "%s", received->study_instance_uid);
  assert_string_equal(received->sop_class_uid, "1.2.840.10008.5.1.4.1.1.7");
  assert_true(strncmp(received->sop_instance_uid, "1.2.3.", 6) == 0);
  assert_true(received->transfer_syntax_uid[0] && received->calling_ae[0]);
}

static void before_keep(void *user, scu_received *received) {
  taking *t = user;
  t->before++;
  note(t, received);
  assert_string_equal(received->path, "");
  assert_int_equal(received->status, 0);
  if (t->is_choosing_before && t->choose) received->status = t->choose;
  wait_in(t, BEFORE_KEEP);
}

static void received_hook(void *user, scu_received *received) {
  taking *t = user;
  t->after++;
  note(t, received);
  if (!t->is_choosing_before && t->choose) received->status = t->choose;
  wait_in(t, RECEIVED);
}

static void sub_operation(void *user, const scu_sub_operations *counts) {
  taking *t = user;
  assert_int_equal(counts->size, sizeof *counts);
  if (t->told_count < 8) {
    told_counts *told = &t->told[t->told_count++];
    *told = (told_counts){counts->status, {counts->remaining, counts->completed, counts->failed, counts->warning}, ""};
    snprintf(told->destination, sizeof told->destination, "%s", counts->destination_ae);
  }
  wait_in(t, SUB_OPERATION);
}

static void instance(void *user, const scu_instance_outcome *outcome) {
  taking *t = user;
  fixture_instance(&t->f, outcome);
  wait_in(t, INSTANCE);
}

static void warning(void *user, const char *text) {
  fixture_warning(&((taking *)user)->f, text);
}

static void start(taking *t, const peer_step *second) {
  memset(t, 0, sizeof *t);
  t->scripts[0] = good;
  t->scripts[1] = second;
  t->scripts[2] = good;
  t->port = scripted_free_port();
  fixture_prepare_many(&t->f, t->scripts, 3);
  scu_options_set_integer(t->f.options, SCU_OPTION_LISTEN_PORT, t->port);
  scu_options_set_text(t->f.options, SCU_OPTION_CALLING_AE, "WORKSTATION");
  fixture_open(&t->f);
  const scu_hooks hooks = {.size = sizeof hooks,
                           .user = t,
                           .instance = instance,
                           .warning = warning,
                           .sub_operation = sub_operation,
                           .before_keep = before_keep,
                           .received = received_hook};
  assert_int_equal(scu_session_set_hooks(t->f.session, &hooks), SCU_OK);
  t->f.peer.row = four_instances;
  t->f.peer.instances = four;
  t->f.peer.instance_count = 4;
  test_sink_init(&t->sink);
  assert_int_equal(scu_query_new(NULL, &t->query), SCU_OK);
  assert_int_equal(scu_query_set(t->query, "StudyInstanceUID", "1.2.1"), SCU_OK);
}

static void stop(taking *t) {
  test_sink_post(&t->sink, 0); /* too late, and harmless */
  scu_query_free(t->query);
  fixture_stop(&t->f);
  assert_int_equal(t->sink.open, 0);
  test_sink_free(&t->sink);
}

/* --- counts --------------------------------------------------------------------------------------------------------
 */

static const int all_said[] = {3, 1, 0, 0}, two_said[] = {-1, 2, 1, -1};

static void check_told(const taking *t, const char *destination) {
  static const told_counts wanted[] = {
      {0xFF00, {3, 1, 0, 0}, ""}, {0xFF00, {-1, -1, -1, -1}, ""}, {0xFF00, {-1, 2, 1, -1}, ""}};
  assert_int_equal(t->told_count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(t->told[i].status, wanted[i].status);
    for (size_t j = 0; j < 4; j++) assert_int_equal(t->told[i].counts[j], wanted[i].counts[j]);
    assert_string_equal(t->told[i].destination, destination);
  }
}

static void test_each_pending_response_is_told_with_the_counts_that_it_has(void **state) {
  (void)state;
  static const peer_step counts[] = {START,
                                     NEXT,
                                     {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_said},
                                     {.action = PEER_RESPOND, .status = 0xFF00},
                                     {.action = PEER_RESPOND, .status = 0xFF00, .counts = two_said},
                                     {.action = PEER_RESPOND, .counts = two_said},
                                     {.action = PEER_SERVE},
                                     END};
  taking t;
  scu_retrieve_report *report;
  start(&t, counts);
  assert_int_equal(scu_get(t.f.session, t.query, &t.sink.sink, &report), SCU_OK);
  scu_retrieve_report_free(report);
  check_told(&t, "");
  stop(&t);
  start(&t, counts);
  t.scripts[0] = counts; /* nothing is looked up */
  assert_int_equal(scu_move(t.f.session, t.query, "ELSEWHERE", &report), SCU_OK);
  scu_retrieve_report_free(report);
  check_told(&t, "ELSEWHERE");
  stop(&t);
  start(&t, counts);
  assert_int_equal(scu_move_to_self(t.f.session, t.query, &t.sink.sink, &report), SCU_OK);
  scu_retrieve_report_free(report);
  check_told(&t, "WORKSTATION");
  stop(&t);
}

/* --- choosing ------------------------------------------------------------------------------------------------------
 */

static void check_report(const scu_retrieve_report *report, uint64_t ok, uint64_t warned, uint64_t failed,
                         size_t missing) {
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_OK), ok);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_WARNING), warned);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_FAILED), failed);
  assert_int_equal(scu_retrieve_report_missing_count(report), missing);
}

static void check_answers(const taking *t, size_t count, uint16_t status) {
  assert_int_equal(scripted_peer_count(&t->f.peer, SCU__C_STORE_RSP), count);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(scripted_peer_message(&t->f.peer, SCU__C_STORE_RSP, i)->command.status, status);
}

static scu_retrieve_report *run(taking *t) {
  scu_retrieve_report *report = NULL;
  scu_op *op = scu_get_start(t->f.session, t->query, &t->sink.sink);
  for (int i = 0; scu_op_state(op) == SCU_PENDING && i < 20000; i++) {
    scu_loop_step(t->f.time.loop);
    if (i % 8 == 7) test_sink_post(&t->sink, 0);
  }
  assert_int_not_equal(scu_op_state(op), SCU_PENDING);
  scu_retrieve_take(op, &report);
  scu_op_free(op);
  return report;
}

static void test_hooks_that_change_nothing_change_nothing(void **state) {
  (void)state;
  for (int is_slow = 0; is_slow < 2; is_slow++) {
    taking t;
    start(&t, good);
    t.sink.is_slow = is_slow;
    scu_retrieve_report *report = run(&t);
    check_report(report, 4, 0, 0, 0);
    check_answers(&t, 4, 0);
    assert_int_equal(t.before, 4);
    assert_int_equal(t.after, 4);
    assert_int_equal(t.last.bytes, t.sink.instances[3].bytes.length);
    scu_retrieve_report_free(report);
    stop(&t);
  }
}

static void test_a_warning_is_answered_and_counted_apart(void **state) {
  (void)state;
  static const uint16_t warnings[] = {0xB000, 0xB006, 0xB007};
  for (size_t i = 0; i < 3; i++) {
    for (int way = 0; way < 4; way++) {
      taking t;
      start(&t, good);
      t.choose = warnings[i];
      t.is_choosing_before = way & 1;
      t.sink.is_slow = way & 2;
      scu_retrieve_report *report = run(&t);
      check_report(report, 0, 4, 0, 0); /* it is here */
      check_answers(&t, 4, warnings[i]);
      assert_int_equal(t.f.outcomes[0].outcome, SCU_OUTCOME_WARNING);
      assert_int_equal(t.f.outcomes[0].status, warnings[i]);
      if (t.is_choosing_before) assert_int_equal(t.last.status, warnings[i]); /* received hears of it */
      scu_retrieve_report_free(report);
      stop(&t);
    }
  }
}

/* FE00 and FF00 end no C-STORE; the rest of those answered C000 would be read as warnings. */
static void test_a_failure_is_answered_and_the_instance_not_counted_as_received(void **state) {
  (void)state;
  static const struct {
    uint16_t chosen, answered;
  } cases[] = {{0xA700, 0xA700}, {0xA900, 0xA900}, {0xC123, 0xC123}, {0x0124, 0x0124},
               {0xFE00, 0xC000}, {0xFF00, 0xC000}, {0xFF01, 0xC000}, {0x0001, 0xC000},
               {0x0107, 0xC000}, {0x0116, 0xC000}, {0xB001, 0xC000}, {0xB123, 0xC000}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int way = 0; way < 4; way++) {
      taking t;
      start(&t, good);
      t.choose = cases[i].chosen;
      t.is_choosing_before = way & 1;
      t.sink.is_slow = way & 2;
      scu_retrieve_report *report = run(&t);
      check_report(report, 0, 0, 4, 4);
      check_answers(&t, 4, cases[i].answered);
      assert_int_equal(t.f.outcomes[0].outcome, SCU_OUTCOME_FAILED);
      assert_int_equal(t.f.outcomes[0].status, cases[i].answered);
      assert_string_equal(t.f.outcomes[0].reason, "Refused by the application");
      assert_string_equal(scripted_peer_message(&t.f.peer, SCU__C_STORE_RSP, 0)->command.error_comment,
                          "Refused by the application");
      assert_int_equal(t.sink.finished, t.is_choosing_before ? 0 : 4);
      assert_int_equal(t.sink.discarded, t.is_choosing_before ? 4 : 0);
      assert_int_equal(t.after, t.is_choosing_before ? 0 : 4);
      scu_retrieve_report_free(report);
      stop(&t);
    }
  }
}

static void test_what_the_sink_refuses_is_not_offered_and_its_warning_can_be_seen(void **state) {
  (void)state;
  static const uint16_t statuses[] = {0xA700, 0xB007};
  for (size_t i = 0; i < 2; i++) {
    taking t;
    start(&t, good);
    t.sink.status = statuses[i];
    scu_retrieve_report *report = run(&t);
    check_answers(&t, 4, statuses[i]);
    assert_int_equal(t.before, 4);
    assert_int_equal(t.after, i == 0 ? 0 : 4);
    if (i == 1) assert_int_equal(t.last.status, 0xB007);
    scu_retrieve_report_free(report);
    stop(&t);
  }
}

static void test_what_came_by_a_move_to_ourselves_is_judged_too(void **state) {
  (void)state;
  static const peer_step sends[] = {OPEN, SEND("1.2.3.1"), SEND("1.2.3.2"), SEND("1.2.3.3"), SEND("1.2.3.4"), DONE};
  static const uint16_t statuses[] = {0, 0xB000, 0xA700};
  for (size_t i = 0; i < 3; i++) {
    for (int is_before = 0; is_before < 2; is_before++) {
      peer_step move[] = {
          START, NEXT, {.action = PEER_CALL, .script = sends}, {.action = PEER_RESPOND}, {.action = PEER_SERVE}, END};
      taking t;
      start(&t, move);
      move[3].port = t.port;
      t.choose = statuses[i];
      t.is_choosing_before = is_before;
      scu_retrieve_report *report;
      scu_move_to_self(t.f.session, t.query, &t.sink.sink, &report);
      check_report(report, i == 0 ? 4 : 0, i == 1 ? 4 : 0, i == 2 ? 4 : 0, i == 2 ? 4 : 0);
      check_answers(&t, 4, statuses[i]);
      assert_string_equal(t.last.path, "");
      scu_retrieve_report_free(report);
      stop(&t);
    }
  }
}

/* --- on disk -------------------------------------------------------------------------------------------------------
 */

/* Refused before it is kept, no file was ever there; refused when it is safe, the file stays where the hook is told. */
static void test_a_refused_instance_leaves_no_file_if_it_is_refused_before_it_is_kept(void **state) {
  (void)state;
  static const scu_durability durabilities[] = {SCU_DURABILITY_BATCH, SCU_DURABILITY_FILE, SCU_DURABILITY_NONE};
  for (size_t i = 0; i < 3; i++) {
    for (int is_before = 0; is_before < 2; is_before++) {
      char root[16];
      snprintf(root, sizeof root, "root%zu%d", i, is_before);
      scu_disk_sink_options options = {.size = sizeof options, .root = in_scratch(root), .durability = durabilities[i]};
      scu_sink *sink;
      assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_OK);
      long before = count_files();
      taking t;
      start(&t, good);
      t.f.time.ms_per_step = 0; /* the disk works in its own time */
      t.choose = 0xA700;
      t.is_choosing_before = is_before;
      scu_retrieve_report *report;
      scu_get(t.f.session, t.query, sink, &report);
      check_report(report, 0, 0, 4, 4);
      check_answers(&t, 4, 0xA700);
      assert_int_equal(count_files() - before, is_before ? 0 : 4);
      if (!is_before) {
        assert_true(size_of(t.path) > 100);
        assert_string_equal(t.study, "1.2.1");
      }
      scu_retrieve_report_free(report);
      stop(&t);
      scu_disk_sink_free(sink);
    }
  }
}

/* --- hooks that wait ------------------------------------------------------------------------------------------------
 */

static const peer_step sends_at_once[] = {START,
                                          NEXT,
                                          {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_said},
                                          {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100},
                                          {.action = PEER_STORE, .uid = "1.2.3.2", .length = 100},
                                          {.action = PEER_STORE, .uid = "1.2.3.3", .length = 100},
                                          {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_said},
                                          {.action = PEER_STORE, .uid = "1.2.3.4", .length = 100},
                                          NEXT,
                                          NEXT,
                                          NEXT,
                                          NEXT,
                                          {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_said},
                                          {.action = PEER_RESPOND},
                                          {.action = PEER_SERVE},
                                          END};

/* Every instance that was begun is told of once, by an outcome that the report counts, whatever ends in the middle. */
static void run_waiting(const peer_step *script, which waits, meanwhile act, size_t at, bool is_slow) {
  taking t;
  start(&t, script);
  t.waits = waits;
  t.act = act;
  t.act_at = at;
  t.takes_ms = 20 * 1000;
  t.sink.is_slow = is_slow;
  scu_retrieve_report *report = run(&t);
  uint64_t counts[4] = {0};
  for (size_t i = 0; i < t.f.outcome_count; i++) counts[t.f.outcomes[i].outcome]++;
  for (int outcome = 0; outcome < 4; outcome++)
    assert_int_equal(scu_retrieve_report_count(report, (scu_outcome)outcome), counts[outcome]);
  assert_int_equal(t.f.outcome_count, t.sink.begun);
  assert_int_equal(t.f.peer.most_open, 1);
  if (act == NOTHING) assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  if (act == NOTHING) assert_null(strstr(t.f.peer.log, "ABORT"));
  scu_retrieve_report_free(report);
  stop(&t);
}

static void test_whatever_happens_while_a_hook_waits_every_instance_is_told_once(void **state) {
  (void)state;
  for (int waits = BEFORE_KEEP; waits < WHICHES; waits++)
    for (int act = NOTHING; act < MEANWHILES; act++)
      for (size_t at = 1; at <= 4; at++)
        for (int is_slow = 0; is_slow < 2; is_slow++) {
          run_waiting(good, (which)waits, (meanwhile)act, at, is_slow);
          run_waiting(sends_at_once, (which)waits, (meanwhile)act, at, is_slow);
        }
}

static void test_an_association_that_ends_while_the_hook_decides_is_told_so(void **state) {
  (void)state;
  for (int waits = BEFORE_KEEP; waits <= RECEIVED; waits++) {
    taking t;
    start(&t, good);
    t.waits = (which)waits;
    t.act = waits == RECEIVED ? PEER_GOES : ABORT; /* before_keep: nothing is read meanwhile */
    t.act_at = 2;
    t.takes_ms = 20 * 1000;
    t.sink.is_slow = true;
    scu_retrieve_report *report = run(&t);
    assert_int_equal(t.f.outcomes[1].status, 0xFFFF);
    assert_int_equal(t.f.outcomes[1].outcome, SCU_OUTCOME_FAILED);
    assert_true(!!strstr(t.f.outcomes[1].reason, "acknowledgement") == (waits == RECEIVED)); /* it is safe */
    assert_int_equal(t.sink.discarded, waits == BEFORE_KEEP);
    scu_retrieve_report_free(report);
    stop(&t);
  }
}

static void propose_echo(void *user, uint32_t association, scu_proposal *proposal) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  (void)user;
  (void)association;
  scu_proposal_add(proposal, "1.2.840.10008.1.1", syntaxes, 1);
}

static void echo_in_instance(void *user, const scu_instance_outcome *outcome) {
  taking *t = user;
  fixture_instance(&t->f, outcome);
  scu_op *op = scu_echo_start(t->f.session);
  for (int i = 0; i < 200 && scu_op_state(op) == SCU_PENDING; i++) scu_loop_step(t->f.time.loop);
  assert_int_equal(scu_op_state(op), SCU_OK);
  scu_op_free(op);
}

/* The final response finds an instance that the sink still works on, and waits for it: its hook is called while the
 * association, which would do for an echo, is not read. */
static void test_an_association_is_not_lent_to_its_own_hook(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100},
                                     {.action = PEER_RESPOND},
                                     {.action = PEER_SERVE},
                                     END};
  taking t;
  start(&t, script);
  const scu_hooks hooks = {
      .size = sizeof hooks, .user = &t, .before_associate = propose_echo, .instance = echo_in_instance};
  scu_session_set_hooks(t.f.session, &hooks);
  t.sink.is_slow = true;
  scu_op *op = scu_get_start(t.f.session, t.query, &t.sink.sink);
  TEST_LOOP_UNTIL(&t.f.time, t.f.outcome_count > 0, 5000);
  assert_int_equal(t.f.outcomes[0].status, 0);
  assert_int_equal(t.f.peer.most_open, 1);
  scu_op_free(op);
  stop(&t);
}

/* Twenty minutes: twice as long as a retrieve waits for a sign of life. */
static void test_no_peer_is_called_silent_while_it_waits_for_a_hook(void **state) {
  (void)state;
  for (int waits = BEFORE_KEEP; waits < WHICHES; waits++) {
    for (int is_slow = 0; is_slow < 2; is_slow++) {
      taking t;
      start(&t, waits == SUB_OPERATION ? sends_at_once : good);
      t.waits = (which)waits;
      t.act_at = 2;
      t.takes_ms = 20 * 60 * 1000;
      t.does_sink_go_on = true;
      t.sink.is_slow = is_slow;
      scu_retrieve_report *report = run(&t);
      assert_int_equal(t.waited > 0, 1);
      assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
      assert_int_equal(scripted_peer_count(&t.f.peer, SCU__C_CANCEL_RQ), 0);
      assert_null(strstr(t.f.peer.log, "ABORT"));
      scu_retrieve_report_free(report);
      stop(&t);
    }
  }
}

static void test_a_cancel_from_a_hook_that_goes_on_is_bounded_all_the_same(void **state) {
  (void)state;
  static const peer_step ignores[] = {START,
                                      NEXT,
                                      {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_said},
                                      {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100},
                                      END};
  for (int waits = BEFORE_KEEP; waits < WHICHES; waits++) {
    for (int is_slow = 0; is_slow < 2; is_slow++) {
      taking t;
      start(&t, ignores);
      t.waits = (which)waits;
      t.act = CANCEL;
      t.act_at = 1;
      t.takes_ms = 60 * 1000;
      t.sink.is_slow = is_slow;
      scu_retrieve_report *report = run(&t);
      assert_true(t.f.time.now_ms < 1000 + t.takes_ms + 2 * 5000 + 1000); /* a cancel-wait each, of hook and get */
      scu_retrieve_report_free(report);
      for (int i = 0; i < 10; i++) scu_loop_step(t.f.time.loop);
      assert_non_null(strstr(t.f.peer.log, "2:ABORT"));
      stop(&t);
    }
  }
}

/* A cancel that is asked for by the hook waits for FE00 from when the hook has returned. */
static void test_a_cancel_from_a_hook_that_goes_on_is_no_abort(void **state) {
  (void)state;
  static const peer_step obeys[] = {START,
                                    NEXT,
                                    {.action = PEER_RESPOND, .status = 0xFF00, .counts = all_said},
                                    {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100},
                                    NEXT,
                                    NEXT,
                                    {.action = PEER_RESPOND, .status = 0xFE00},
                                    {.action = PEER_SERVE},
                                    END};
  for (int waits = BEFORE_KEEP; waits < WHICHES; waits++) {
    for (int is_slow = 0; is_slow < 2; is_slow++) {
      taking t;
      start(&t, obeys);
      t.waits = (which)waits;
      t.act = CANCEL;
      t.act_at = 1;
      t.takes_ms = 60 * 1000;
      t.sink.is_slow = is_slow;
      scu_retrieve_report *report = run(&t);
      check_report(report, 1, 0, 0, 3);
      assert_int_equal(scu_retrieve_report_status(report), 0xFE00);
      assert_int_equal(scripted_peer_count(&t.f.peer, SCU__C_CANCEL_RQ), 1);
      check_answers(&t, 1, 0);
      assert_null(strstr(t.f.peer.log, "ABORT"));
      scu_retrieve_report_free(report);
      stop(&t);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_pending_response_is_told_with_the_counts_that_it_has),
      cmocka_unit_test(test_hooks_that_change_nothing_change_nothing),
      cmocka_unit_test(test_a_warning_is_answered_and_counted_apart),
      cmocka_unit_test(test_a_failure_is_answered_and_the_instance_not_counted_as_received),
      cmocka_unit_test(test_what_the_sink_refuses_is_not_offered_and_its_warning_can_be_seen),
      cmocka_unit_test(test_what_came_by_a_move_to_ourselves_is_judged_too),
      cmocka_unit_test(test_a_refused_instance_leaves_no_file_if_it_is_refused_before_it_is_kept),
      cmocka_unit_test(test_whatever_happens_while_a_hook_waits_every_instance_is_told_once),
      cmocka_unit_test(test_an_association_that_ends_while_the_hook_decides_is_told_so),
      cmocka_unit_test(test_an_association_is_not_lent_to_its_own_hook),
      cmocka_unit_test(test_no_peer_is_called_silent_while_it_waits_for_a_hook),
      cmocka_unit_test(test_a_cancel_from_a_hook_that_goes_on_is_no_abort),
      cmocka_unit_test(test_a_cancel_from_a_hook_that_goes_on_is_bounded_all_the_same),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
