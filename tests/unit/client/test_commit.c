/* Storage commitment as its requester, against a scripted peer (PS3.4 J, RULES 31): whenever the result comes, and on
 * whichever association. Against archives: tests/interop/test_commit.py. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/commit_ledger.h"
#include "data/sop_class.h"
#include "scu/commit.h"
#include "support/client_fixture.h"
#include "support/failing_allocator.h"
#include "support/scripted_peer_words.h"
#include "unit/io/scratch.h"

#define CLASS       "1.2.840.10008.5.1.4.1.1.7"
#define TRANSACTION "1.2.40.7"
#define REFERENCE(list, index, uid)                                                                                    \
  "|" list "[" #index "].ReferencedSOPClassUID=" CLASS "|" list "[" #index "].ReferencedSOPInstanceUID=" uid
#define COMMITTED(index, uid) REFERENCE("ReferencedSOPSequence", index, uid)
#define FAILED(index, uid, reason)                                                                                     \
  REFERENCE("FailedSOPSequence", index, uid) "|FailedSOPSequence[" #index "].FailureReason=" reason
#define BOTH_COMMITTED "TransactionUID=" TRANSACTION COMMITTED(0, "1.2.3.1") COMMITTED(1, "1.2.3.2")

#define REQUEST                                                                                                        \
  { .action = PEER_WAIT_MESSAGE }
#define RECEIVED                                                                                                       \
  { .action = PEER_RESPOND }
#define REPORT(text_)                                                                                                  \
  { .action = PEER_REPORT, .field = 1, .text = (text_) }
#define ANSWERED                                                                                                       \
  { .action = PEER_WAIT_MESSAGE }
#define CALL_US(port_, script_)                                                                                        \
  { .action = PEER_CALL, .port = (port_), .script = (script_) }
#define AS_PROVIDER                                                                                                    \
  { .action = PEER_ASSOCIATE, .uid = SCU__UID_STORAGE_COMMITMENT, .count = 1 }
#define LEAVE                                                                                                          \
  {.action = PEER_RELEASE}, {.action = PEER_WAIT_RELEASED}, {                                                          \
    .action = PEER_CLOSE                                                                                               \
  }

static const peer_step reports[] = {AS_PROVIDER, {.action = PEER_WAIT_AC}, REPORT(BOTH_COMMITTED), ANSWERED, LEAVE,
                                    END};

/* --- the world ---------------------------------------------------------------------------------------------------- */

static scu_commitment *wanted_of(int from, int to, const char *transaction) {
  scu_commitment *wanted = NULL;
  assert_int_equal(scu_commitment_new(NULL, &wanted), SCU_OK);
  assert_int_equal(scu_commitment_set_transaction(wanted, transaction), SCU_OK);
  for (int i = from; i <= to; i++) {
    char uid[32];
    snprintf(uid, sizeof uid, "1.2.3.%d", i);
    assert_int_equal(scu_commitment_add(wanted, CLASS, uid), SCU_OK);
  }
  return wanted;
}

static uint16_t set_up(fixture *f) {
  uint16_t port = scripted_free_port();
  scu_options_set_integer(f->options, SCU_OPTION_LISTEN_PORT, port);
  scu_options_set_text(f->options, SCU_OPTION_COMMIT_LEDGER, in_scratch("ledger"));
  scu_options_set_duration_ms(f->options, SCU_OPTION_TIMEOUT_COMMIT, 5000);
  return port;
}

static uint16_t prepare(fixture *f, const peer_step *script) {
  fixture_prepare(f, script);
  return set_up(f);
}

static uint16_t start(fixture *f, const peer_step *script) {
  uint16_t port = prepare(f, script);
  fixture_open(f);
  return port;
}

static scu_result commit(fixture *f, scu_commit_report **report) {
  scu_commitment *wanted = wanted_of(1, 2, TRANSACTION);
  scu_result result = scu_commit(f->session, wanted, report);
  scu_commitment_free(wanted);
  return result;
}

static scu_op *begin(fixture *f) {
  scu_commitment *wanted = wanted_of(1, 2, TRANSACTION);
  scu_op *op = scu_commit_start(f->session, wanted);
  scu_commitment_free(wanted);
  assert_non_null(op);
  return op;
}

static void expect(const scu_commit_report *report, size_t index, const char *uid, scu_commit_state state,
                   uint16_t reason) {
  scu_commit_instance one = {.size = sizeof one};
  assert_int_equal(scu_commit_report_instance(report, index, &one), SCU_OK);
  assert_string_equal(one.sop_instance_uid, uid);
  assert_string_equal(one.sop_class_uid, CLASS);
  assert_string_equal(one.transaction_uid, TRANSACTION);
  assert_int_equal(one.state, state);
  assert_int_equal(one.failure_reason, reason);
}

static void expect_both(scu_commit_report *report, scu_commit_state state) {
  assert_non_null(report);
  assert_int_equal(scu_commit_report_count(report), 2);
  assert_int_equal(scu_commit_report_count_of(report, state), 2);
  expect(report, 0, "1.2.3.1", state, 0);
  expect(report, 1, "1.2.3.2", state, 0);
  scu_commit_report_free(report);
}

static void expect_answer(fixture *f, size_t index, uint16_t status) {
  const peer_message *answer = scripted_peer_message(&f->peer, SCU__N_EVENT_REPORT_RSP, index);
  assert_non_null(answer);
  assert_int_equal(answer->command.status, status);
}

/* What the ledger says of the one transaction. */
static scu__transaction in_ledger(void) {
  scu__commit_ledger *ledger = NULL;
  scu__transaction found;
  scu__uid uid = {TRANSACTION};
  assert_int_equal(scu__commit_ledger_open(in_scratch("ledger"), NULL, &ledger, NULL), SCU_OK);
  if (scu__commit_ledger_read(ledger, &uid, &found, NULL) != SCU_OK) memset(&found, 0, sizeof found);
  scu__commit_ledger_close(ledger);
  return found;
}

static void expect_in_ledger(bool is_there, bool has_come, bool is_told) {
  scu__transaction found = in_ledger();
  assert_int_equal(found.uid.text[0] != 0, is_there);
  assert_int_equal(found.came_at != 0, has_come);
  assert_int_equal(found.is_told, is_told);
  scu__transaction_free(&found);
}

/* --- the same association ----------------------------------------------------------------------------------------- */

static void test_a_result_on_the_same_association(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, REPORT(BOTH_COMMITTED), ANSWERED, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  scu_commit_transaction told = {.size = sizeof told};
  assert_int_equal(scu_commit_report_transaction_count(report), 1);
  assert_int_equal(scu_commit_report_transaction(report, 0, &told), SCU_OK);
  assert_string_equal(told.transaction_uid, TRANSACTION);
  assert_int_equal(told.status, 0);
  assert_int_equal(told.instances, 2);
  assert_true(told.asked_at > 0 && told.came_at >= told.asked_at);
  expect_both(report, SCU_COMMIT_COMMITTED);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__N_EVENT_REPORT_RSP) > 0, 100);
  expect_answer(&f, 0, 0x0000);
  const peer_message *sent = scripted_peer_message(&f.peer, SCU__N_ACTION_RQ, 0);
  char text[70];
  assert_string_equal(sent->command.requested_sop_instance.text, SCU__UID_STORAGE_COMMITMENT_INSTANCE);
  assert_int_equal(sent->command.action_type, 1);
  scu_dataset_text(sent->dataset, "TransactionUID", text, sizeof text);
  assert_string_equal(text, TRANSACTION);
  assert_int_equal(scu_dataset_value_count(sent->dataset, "ReferencedSOPSequence"), 2);
  scu_dataset_text(sent->dataset, "ReferencedSOPSequence[1].ReferencedSOPInstanceUID", text, sizeof text);
  assert_string_equal(text, "1.2.3.2");
  expect_in_ledger(true, true, true);
  fixture_stop(&f);
}

static void test_a_result_before_the_response(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, REPORT(BOTH_COMMITTED), ANSWERED, RECEIVED, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  expect_both(report, SCU_COMMIT_COMMITTED);
  expect_answer(&f, 0, 0x0000);
  fixture_stop(&f);
}

static void test_a_result_stands_when_the_response_never_comes(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, REPORT(BOTH_COMMITTED), ANSWERED, {.action = PEER_CLOSE},
                                     END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  expect_both(report, SCU_COMMIT_COMMITTED);
  fixture_stop(&f);
}

static void test_each_instance_has_its_own_fate(void **state) {
  (void)state;
  static const char mixed[] = "TransactionUID=" TRANSACTION "|RetrieveAETitle=STORE1" COMMITTED(0, "1.2.3.1")
      COMMITTED(1, "1.2.3.2") COMMITTED(2, "1.2.3.99") FAILED(0, "1.2.3.2", "274") FAILED(1, "1.2.3.3", "281");
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, RECEIVED, {.action = PEER_REPORT, .field = 2, .text = mixed}, ANSWERED, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commitment *wanted = wanted_of(1, 4, TRANSACTION);
  scu_commit_report *report;
  assert_int_equal(scu_commit(f.session, wanted, &report), SCU_OK);
  expect(report, 0, "1.2.3.1", SCU_COMMIT_COMMITTED, 0);
  expect(report, 1, "1.2.3.2", SCU_COMMIT_FAILED, 0x0112); /* in both lists */
  expect(report, 2, "1.2.3.3", SCU_COMMIT_FAILED, 0x0119);
  expect(report, 3, "1.2.3.4", SCU_COMMIT_UNLISTED, 0);
  scu_commit_instance one = {.size = sizeof one};
  assert_int_equal(scu_commit_report_instance(report, 0, &one), SCU_OK);
  assert_string_equal(one.retrieve_ae, "STORE1");
  assert_int_equal(scu_commit_report_instance(report, 4, &one), SCU_ERROR_USAGE);
  one.size = 8;
  assert_int_equal(scu_commit_report_instance(report, 0, &one), SCU_ERROR_USAGE);
  scu_commit_report_free(report);
  scu_commitment_free(wanted);
  fixture_stop(&f);
}

typedef struct results {
  size_t count;
  char transaction[65];
  scu_committed last;
} results;

static void keep_result(void *user, const scu_committed *result) {
  results *r = ((fixture *)user)->user;
  r->count++;
  r->last = *result;
  snprintf(r->transaction, sizeof r->transaction, "%s", result->transaction_uid);
}

static void listen_to_results(fixture *f, results *r) {
  const scu_hooks hooks = {.size = sizeof hooks, .warning = fixture_warning, .commit = keep_result, .user = f};
  memset(r, 0, sizeof *r);
  f->user = r;
  assert_int_equal(scu_session_set_hooks(f->session, &hooks), SCU_OK);
}

static void test_the_commit_hook_hears_of_each_result_once(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, RECEIVED, REPORT(BOTH_COMMITTED), ANSWERED, REPORT(BOTH_COMMITTED), ANSWERED, SERVE, END};
  fixture f;
  results r;
  start(&f, script);
  listen_to_results(&f, &r);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  scu_commit_report_free(report);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__N_EVENT_REPORT_RSP) > 1, 1000);
  assert_int_equal(r.count, 1);
  assert_string_equal(r.transaction, TRANSACTION);
  assert_int_equal(r.last.committed, 2);
  assert_int_equal(r.last.failed + r.last.unlisted, 0);
  fixture_stop(&f);
}

static void test_a_report_that_comes_twice_is_answered_twice_and_counts_once(void **state) {
  (void)state;
  static const char none[] = "TransactionUID=" TRANSACTION FAILED(0, "1.2.3.1", "272") FAILED(1, "1.2.3.2", "272");
  static const peer_step script[] = {RQ,       ACCEPT,       REQUEST,  RECEIVED, REPORT(BOTH_COMMITTED),
                                     ANSWERED, REPORT(none), ANSWERED, SERVE,    END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  /* The operation is over: the second comes on an association that nobody uses. */
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__N_EVENT_REPORT_RSP) > 1, 1000);
  expect_both(report, SCU_COMMIT_COMMITTED);
  expect_answer(&f, 1, 0x0000);
  scu__transaction found = in_ledger();
  assert_int_equal(scu__references_count_of(&found.references, SCU_COMMIT_COMMITTED), 2);
  scu__transaction_free(&found);
  fixture_stop(&f);
}

static void test_a_second_report_changes_nothing_while_the_response_is_awaited_either(void **state) {
  (void)state;
  static const char none[] = "TransactionUID=" TRANSACTION FAILED(0, "1.2.3.1", "272") FAILED(1, "1.2.3.2", "272");
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, REPORT(BOTH_COMMITTED), ANSWERED, REPORT(none), ANSWERED, RECEIVED, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  expect_answer(&f, 1, 0x0000);
  expect_both(report, SCU_COMMIT_COMMITTED);
  fixture_stop(&f);
}

/* --- reports that are none of ours, or no good -------------------------------------------------------------------- */

static void test_a_wrong_transaction_uid_is_refused_and_the_wait_goes_on_to_its_end(void **state) {
  (void)state;
  static const char other[] = "TransactionUID=1.2.40.8" COMMITTED(0, "1.2.3.1") COMMITTED(1, "1.2.3.2");
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, REPORT(other), ANSWERED, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  uint64_t before = f.time.now_ms;
  assert_int_equal(commit(&f, &report), SCU_ERROR_TIMEOUT);
  assert_in_range(f.time.now_ms - before, 5000, 5200);
  expect_answer(&f, 0, 0x0110);
  assert_non_null(strstr(f.warnings, "unknown Transaction UID"));
  const scu_error *error = scu_session_error(f.session);
  assert_non_null(strstr(scu_error_reason(error), TRANSACTION));
  assert_non_null(strstr(scu_error_hint(error), "--resume"));
  expect_both(report, SCU_COMMIT_PENDING);
  expect_in_ledger(true, false, false);
  fixture_stop(&f);
}

static void test_malformed_reports_are_refused_and_a_good_one_is_still_taken(void **state) {
  (void)state;
  static const char no_instance[] =
      "TransactionUID=" TRANSACTION COMMITTED(0, "1.2.3.1") "|FailedSOPSequence[0].FailureReason=272";
  static const char no_transaction[] = "RetrieveAETitle=X" COMMITTED(0, "1.2.3.1");
  static const uint8_t garbage[] = {0x08, 0x00, 0x95, 0x11, 0xFF, 0xFF};
  static const peer_step script[] = {RQ,
                                     ACCEPT,
                                     REQUEST,
                                     RECEIVED,
                                     REPORT(NULL),
                                     ANSWERED,
                                     REPORT(no_transaction),
                                     ANSWERED,
                                     REPORT("TransactionUID=../../etc/passwd"),
                                     ANSWERED,
                                     REPORT(no_instance),
                                     ANSWERED,
                                     {.action = PEER_REPORT, .field = 3, .text = BOTH_COMMITTED},
                                     ANSWERED,
                                     {.action = PEER_REPORT, .field = 1, .bytes = garbage, .length = sizeof garbage},
                                     ANSWERED,
                                     REPORT(BOTH_COMMITTED),
                                     ANSWERED,
                                     SERVE,
                                     END};
  static const uint16_t expected[] = {0x0115, 0x0115, 0x0115, 0x0115, 0x0113, 0x0110};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) expect_answer(&f, i, expected[i]);
  expect_both(report, SCU_COMMIT_COMMITTED);
  fixture_stop(&f);
}

static void test_a_result_that_cannot_be_kept_is_not_taken(void **state) {
  (void)state;
  static const peer_step script[] = {RQ,       ACCEPT, REQUEST, {.action = PEER_HOLD}, RECEIVED, REPORT(BOTH_COMMITTED),
                                     ANSWERED, SERVE,  END};
  fixture f;
  start(&f, script);
  scu_op *op = begin(&f);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_count(&f.peer, SCU__N_ACTION_RQ) > 0, 1000);
  write_scratch("ledger/" TRANSACTION ".commitment", "not a journal", 13);
  scripted_peer_go(&f.peer);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_TIMEOUT);
  expect_answer(&f, 0, 0x0213);
  assert_non_null(strstr(f.warnings, "cannot be kept"));
  scu_op_free(op);
  fixture_stop(&f);
}

/* --- a new association -------------------------------------------------------------------------------------------- */

static void test_a_result_on_an_association_of_the_peers(void **state) {
  (void)state;
  fixture f;
  peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, CALL_US(0, reports), SERVE, END};
  script[4].port = start(&f, script);
  scu_commit_report *report;
  uint64_t before = f.time.now_ms;
  assert_int_equal(commit(&f, &report), SCU_OK);
  assert_true(f.time.now_ms - before < 1000); /* who has told and left is not waited for */
  expect_both(report, SCU_COMMIT_COMMITTED);
  expect_answer(&f, 0, 0x0000);
  assert_true(f.peer.granted_provider);
  assert_non_null(strstr(f.peer.log, "2:RELEASE-RP"));
  assert_null(strstr(f.peer.log, "ABORT"));
  fixture_stop(&f);
}

static void test_a_provider_that_would_be_user_too_is_provider_only(void **state) {
  (void)state;
  static const peer_step both_roles[] = {{.action = PEER_ASSOCIATE, .uid = SCU__UID_STORAGE_COMMITMENT, .count = 2},
                                         {.action = PEER_WAIT_AC},
                                         REPORT(BOTH_COMMITTED),
                                         ANSWERED,
                                         LEAVE,
                                         END};
  fixture f;
  peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, CALL_US(0, both_roles), SERVE, END};
  script[4].port = start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  expect_both(report, SCU_COMMIT_COMMITTED);
  assert_true(f.peer.granted_provider);
  fixture_stop(&f);
}

static void test_a_result_elsewhere_may_also_be_faster_than_the_response(void **state) {
  (void)state;
  fixture f;
  peer_step script[] = {RQ, ACCEPT, REQUEST, CALL_US(0, reports), RECEIVED, SERVE, END};
  script[3].port = start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  expect_both(report, SCU_COMMIT_COMMITTED);
  fixture_stop(&f);
}

static void test_the_association_is_kept_for_a_while_then_released_and_the_result_comes_on_another(void **state) {
  (void)state;
  fixture f;
  peer_step script[] = {
      RQ, ACCEPT, REQUEST, RECEIVED, {.action = PEER_WAIT_RELEASE}, {.action = PEER_RELEASE_RP}, CALL_US(0, reports),
      END};
  script[6].port = prepare(&f, script);
  scu_options_set_duration_ms(f.options, SCU_OPTION_COMMIT_HOLD, 3000);
  fixture_open(&f);
  scu_commit_report *report;
  uint64_t before = f.time.now_ms;
  assert_int_equal(commit(&f, &report), SCU_OK);
  assert_in_range(f.time.now_ms - before, 3000, 4000);
  expect_both(report, SCU_COMMIT_COMMITTED);
  fixture_stop(&f);
}

static void test_a_peer_that_keeps_its_association_open_is_left_after_two_seconds(void **state) {
  (void)state;
  static const peer_step stays[] = {AS_PROVIDER, {.action = PEER_WAIT_AC}, REPORT(BOTH_COMMITTED), ANSWERED, END};
  fixture f;
  peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, CALL_US(0, stays), SERVE, END};
  script[4].port = start(&f, script);
  scu_commit_report *report;
  uint64_t before = f.time.now_ms;
  assert_int_equal(commit(&f, &report), SCU_OK);
  assert_in_range(f.time.now_ms - before, 2000, 2500);
  expect_both(report, SCU_COMMIT_COMMITTED);
  fixture_stop(&f);
}

static void test_the_association_may_end_when_a_listener_is_there(void **state) {
  (void)state;
  static const peer_step aborts[] = {RQ, ACCEPT, REQUEST, RECEIVED, {.action = PEER_ABORT}, {.action = PEER_CLOSE},
                                     END};
  fixture f;
  uint16_t port = start(&f, aborts);
  scu_op *op = begin(&f);
  TEST_LOOP_UNTIL(&f.time, scripted_peer_open_count(&f.peer) == 0 && f.peer.accepted > 0, 1000);
  TEST_LOOP_UNTIL(&f.time, false, 100);
  assert_int_equal(scu_op_state(op), SCU_PENDING);
  scripted_peer_call(&f.peer, port, reports);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  scu_op_free(op);
  fixture_stop(&f);
}

static void test_without_a_listener_the_same_association_is_the_only_way(void **state) {
  (void)state;
  static const peer_step late[] = {RQ,       ACCEPT, REQUEST, RECEIVED, {.action = PEER_HOLD}, REPORT(BOTH_COMMITTED),
                                   ANSWERED, SERVE,  END};
  static const peer_step closes[] = {RQ, ACCEPT, REQUEST, RECEIVED, {.action = PEER_CLOSE}, END};
  for (int is_lost = 0; is_lost < 2; is_lost++) {
    fixture f;
    uint16_t port = prepare(&f, is_lost ? closes : late);
    scu_options_set_boolean(f.options, SCU_OPTION_COMMIT_LISTEN, false);
    scu_options_set_text(f.options, SCU_OPTION_COMMIT_LEDGER, "");
    scu_options_set_duration_ms(f.options, SCU_OPTION_COMMIT_HOLD, 100);
    fixture_open(&f);
    scu_op *op = begin(&f);
    if (!is_lost) {
      TEST_LOOP_UNTIL(&f.time, false, 2000); /* the hold does not count */
      assert_null(strstr(f.peer.log, "RELEASE-RQ"));
      scripted_peer_call(&f.peer, port, reports);
      TEST_LOOP_UNTIL(&f.time, false, 100); /* nobody listens */
      scripted_peer_go(&f.peer);
    }
    assert_int_equal(scu_op_wait(op), is_lost ? SCU_ERROR_CLOSED : SCU_OK);
    scu_op_free(op);
    fixture_stop(&f);
  }
}

static void test_strangers_are_rejected_and_named_and_those_of_accept_from_are_not(void **state) {
  (void)state;
  static const peer_step stranger[] = {
      {.action = PEER_ASSOCIATE, .text = "STRANGER", .uid = SCU__UID_STORAGE_COMMITMENT},
      {.action = PEER_WAIT_BYTES, .length = 10}, /* A-ASSOCIATE-RJ */
      {.action = PEER_CLOSE},
      END};
  static const peer_step friend_[] = {{.action = PEER_ASSOCIATE, .text = "OTHER", .uid = SCU__UID_STORAGE_COMMITMENT},
                                      {.action = PEER_WAIT_AC},
                                      REPORT(BOTH_COMMITTED), /* without a word about roles */
                                      ANSWERED,
                                      LEAVE,
                                      END};
  fixture f;
  peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, CALL_US(0, stranger), CALL_US(0, friend_), SERVE, END};
  script[4].port = script[5].port = prepare(&f, script);
  scu_options_set_text(f.options, SCU_OPTION_ACCEPT_FROM, "OTHER");
  fixture_open(&f);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_OK);
  expect_both(report, SCU_COMMIT_COMMITTED);
  assert_non_null(strstr(f.peer.log, "RJ(1/1/3)"));
  assert_non_null(strstr(f.warnings, "STRANGER"));
  fixture_stop(&f);
}

static void test_a_port_in_use_is_told_before_anything_is_asked(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, SERVE, END};
  fixture f;
  prepare(&f, script);
  scu_options_set_integer(f.options, SCU_OPTION_LISTEN_PORT, f.peer.port);
  fixture_open(&f);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_ERROR_TRANSPORT);
  assert_null(report);
  assert_int_equal(scu_error_phase(scu_session_error(f.session)), SCU_PHASE_LISTEN);
  assert_int_equal(f.peer.accepted, 0);
  expect_in_ledger(false, false, false);
  fixture_stop(&f);
}

/* --- refused, lost ------------------------------------------------------------------------------------------------ */

static void test_a_refused_request_is_forgotten(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .status = 0x0213, .comment = "no room"}, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_ERROR_REFUSED);
  const scu_error *error = scu_session_error(f.session);
  assert_int_equal(scu_error_dimse_status(error), 0x0213);
  assert_string_equal(scu_error_comment(error), "no room");
  assert_string_equal(scu_error_hint(error) ? strstr(scu_error_hint(error), "--resume") ? "resume" : "" : "", "");
  scu_commit_transaction told = {.size = sizeof told};
  assert_int_equal(scu_commit_report_transaction(report, 0, &told), SCU_OK);
  assert_int_equal(told.status, 0x0213);
  assert_string_equal(told.comment, "no room");
  expect_both(report, SCU_COMMIT_PENDING);
  expect_in_ledger(false, false, false);
  fixture_stop(&f);
}

static void test_what_was_never_sent_is_not_in_the_ledger(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, {.action = PEER_REJECT, .count = 1, .status = 1, .field = 1}, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_ERROR_REJECTED);
  assert_null(report);
  expect_in_ledger(false, false, false);
  fixture_stop(&f);
}

static void test_a_peer_lost_between_leaves_it_open_and_it_is_asked_again_under_the_same_uid(void **state) {
  (void)state;
  static const peer_step lost[] = {RQ, ACCEPT, REQUEST, {.action = PEER_RESET}, END};
  static const peer_step again[] = {RQ,
                                    ACCEPT,
                                    REQUEST,
                                    {.action = PEER_RESPOND, .status = 0x0131}, /* it had arrived */
                                    REPORT(BOTH_COMMITTED),
                                    ANSWERED,
                                    SERVE,
                                    END};
  static const peer_step *const scripts[] = {lost, again};
  fixture f;
  fixture_prepare_many(&f, scripts, 2);
  set_up(&f);
  fixture_open(&f);
  scu_commit_report *report;
  scu_result result = commit(&f, &report);
  assert_true(result == SCU_ERROR_CLOSED || result == SCU_ERROR_TRANSPORT);
  assert_non_null(strstr(scu_error_hint(scu_session_error(f.session)), "--resume"));
  expect_both(report, SCU_COMMIT_PENDING);
  expect_in_ledger(true, false, false);
  assert_int_equal(scu_commit_resume(f.session, false, &report), SCU_OK);
  expect_both(report, SCU_COMMIT_COMMITTED);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__N_ACTION_RQ), 2);
  char text[70];
  scu_dataset_text(scripted_peer_message(&f.peer, SCU__N_ACTION_RQ, 1)->dataset, "TransactionUID", text, sizeof text);
  assert_string_equal(text, TRANSACTION);
  expect_in_ledger(true, true, true);
  fixture_stop(&f);
}

static void test_a_resumed_request_that_is_refused_stays_open(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, RECEIVED, REQUEST, {.action = PEER_RESPOND, .status = 0x0110}, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_ERROR_TIMEOUT);
  scu_commit_report_free(report);
  assert_int_equal(scu_commit_resume(f.session, false, &report), SCU_ERROR_REFUSED);
  expect_both(report, SCU_COMMIT_PENDING);
  expect_in_ledger(true, false, false);
  fixture_stop(&f);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void test_a_result_days_later(void **state) {
  (void)state;
  static const uint64_t day = 24 * 3600 * 1000;
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, RECEIVED, {.action = PEER_WAIT_RELEASE}, {.action = PEER_RELEASE_RP}, {.action = PEER_CLOSE},
      END};
  fixture f;
  uint16_t port = prepare(&f, script);
  scu_options_set_duration_ms(f.options, SCU_OPTION_TIMEOUT_COMMIT, 5 * day);
  fixture_open(&f);
  scu_op *op = begin(&f);
  TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "RELEASE-RQ") != NULL, 40 * 1000);
  assert_non_null(strstr(f.peer.log, "RELEASE-RQ")); /* after the half minute of the default */
  for (int days = 0; days < 4; days++) {
    f.time.now_ms += day;
    TEST_LOOP_UNTIL(&f.time, false, 10);
    assert_int_equal(scu_op_state(op), SCU_PENDING);
  }
  scripted_peer_call(&f.peer, port, reports);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  scu_op_free(op);
  fixture_stop(&f);
}

static void test_the_wait_is_ten_minutes_unless_told_otherwise(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, SERVE, END};
  fixture f;
  prepare(&f, script);
  scu_options_reset(f.options, SCU_OPTION_TIMEOUT_COMMIT);
  fixture_open(&f);
  f.time.ms_per_step = 50;
  scu_commit_report *report;
  uint64_t before = f.time.now_ms;
  assert_int_equal(commit(&f, &report), SCU_ERROR_TIMEOUT);
  assert_in_range(f.time.now_ms - before, 600 * 1000, 602 * 1000);
  scu_commit_report_free(report);
  fixture_stop(&f);
}

static void test_an_answer_that_does_not_come_is_a_time_out_of_the_response(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, END};
  fixture f;
  prepare(&f, script);
  scu_options_set_duration_ms(f.options, SCU_OPTION_TIMEOUT_RESPONSE, 700);
  fixture_open(&f);
  scu_commit_report *report;
  assert_int_equal(commit(&f, &report), SCU_ERROR_TIMEOUT);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "no N-ACTION response"));
  scu_commit_report_free(report);
  expect_in_ledger(true, false, false);
  fixture_stop(&f);
}

/* --- after a restart ---------------------------------------------------------------------------------------------- */

/* Asked for, and never heard of again. */
static uint16_t start_with_an_open_one(fixture *f, const peer_step *script) {
  uint16_t port = prepare(f, script);
  scu_options_set_duration_ms(f->options, SCU_OPTION_COMMIT_HOLD, 10);
  fixture_open(f);
  scu_commit_report *report;
  assert_int_equal(commit(f, &report), SCU_ERROR_TIMEOUT);
  scu_commit_report_free(report);
  scu_session_free(f->session);
  fixture_open(f);
  return port;
}

static const peer_step never[] = {RQ, ACCEPT, REQUEST, RECEIVED, SERVE, END};

static void test_a_later_session_listens_and_asks_nothing_when_told_so(void **state) {
  (void)state;
  fixture f;
  uint16_t port = start_with_an_open_one(&f, never);
  scu_op *op = scu_commit_resume_start(f.session, true);
  TEST_LOOP_UNTIL(&f.time, false, 100);
  scripted_peer_call(&f.peer, port, reports);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  scu_commit_report *report, *again;
  assert_int_equal(scu_commit_take(op, &report), SCU_OK);
  assert_int_equal(scu_commit_take(op, &again), SCU_ERROR_USAGE);
  assert_null(again);
  scu_commit_report_free(report);
  scu_op_free(op);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__N_ACTION_RQ), 1);
  assert_int_equal(f.peer.accepted, 1);
  expect_in_ledger(true, true, true);
  /* It was told: nothing is left. */
  assert_int_equal(scu_commit_resume(f.session, false, &report), SCU_OK);
  assert_int_equal(scu_commit_report_count(report), 0);
  scu_commit_report_free(report);
  fixture_stop(&f);
}

static void test_a_result_for_another_transaction_is_kept_and_told_by_resume(void **state) {
  (void)state;
  fixture f;
  uint16_t port = start_with_an_open_one(&f, never);
  results r;
  listen_to_results(&f, &r);
  scu_commitment *other = wanted_of(7, 7, "1.2.40.9");
  scu_op *op = scu_commit_start(f.session, other);
  TEST_LOOP_UNTIL(&f.time, false, 100);
  scripted_peer_call(&f.peer, port, reports);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_TIMEOUT);
  scu_op_free(op);
  expect_answer(&f, 0, 0x0000);
  assert_non_null(strstr(f.warnings, TRANSACTION));
  assert_non_null(strstr(f.warnings, "2 of 2"));
  assert_int_equal(r.count, 1);
  assert_string_equal(r.transaction, TRANSACTION);
  assert_int_equal(r.last.committed, 2);
  expect_in_ledger(true, true, false);
  scu_commit_report *report;
  size_t asked = scripted_peer_count(&f.peer, SCU__N_ACTION_RQ);
  assert_int_equal(scu_commit_resume(f.session, true, &report), SCU_ERROR_TIMEOUT); /* the other one is open */
  assert_int_equal(scripted_peer_count(&f.peer, SCU__N_ACTION_RQ), asked);
  assert_int_equal(scu_commit_report_count(report), 3);
  assert_int_equal(scu_commit_report_count_of(report, SCU_COMMIT_COMMITTED), 2);
  scu_commit_report_free(report);
  expect_in_ledger(true, true, true);
  scu_commitment_free(other);
  fixture_stop(&f);
}

static void test_a_result_that_another_process_took_is_found_in_the_ledger(void **state) {
  (void)state;
  fixture f;
  start(&f, never);
  scu_op *op = begin(&f);
  TEST_LOOP_UNTIL(&f.time, false, 100);
  scu__commit_ledger *ledger = NULL;
  scu__transaction found = in_ledger();
  scu_dataset *information = peer_dataset(BOTH_COMMITTED);
  assert_int_equal(scu__commit_ledger_open(in_scratch("ledger"), NULL, &ledger, NULL), SCU_OK);
  assert_int_equal(scu__transaction_apply(&found, information, 42, NULL), SCU_OK);
  assert_int_equal(scu__commit_ledger_put_result(ledger, &found, NULL), SCU_OK);
  assert_int_equal(scu__commit_ledger_put_result(ledger, &found, NULL), SCU_END);
  scu__commit_ledger_close(ledger);
  scu__transaction_free(&found);
  scu_dataset_free(information);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  scu_commit_report *report;
  assert_int_equal(scu_commit_take(op, &report), SCU_OK);
  expect_both(report, SCU_COMMIT_COMMITTED);
  scu_op_free(op);
  fixture_stop(&f);
}

static void test_only_what_was_asked_of_this_peer_is_resumed(void **state) {
  (void)state;
  fixture f;
  start_with_an_open_one(&f, never);
  scu_session *other = NULL;
  scu_commit_report *report;
  assert_int_equal(scu_session_new_on(f.time.loop, &other, f.options, "OTHER@127.0.0.1:104"), SCU_OK);
  assert_int_equal(scu_commit_resume(other, false, &report), SCU_OK);
  assert_int_equal(scu_commit_report_transaction_count(report), 0);
  scu_commit_report_free(report);
  scu_session_free(other);
  fixture_stop(&f);
}

static void test_damaged_files_are_named_and_the_others_are_resumed(void **state) {
  (void)state;
  fixture f;
  start_with_an_open_one(&f, never);
  write_scratch("ledger/1.2.3.commitment", "SCUJRNL2 of tomorrow", 20);
  write_scratch("ledger/1.2.4.commitment", "", 0); /* stopped before it was written */
  scu_commit_report *report;
  assert_int_equal(scu_commit_resume(f.session, true, &report), SCU_ERROR_TIMEOUT);
  assert_non_null(strstr(f.warnings, "1.2.3.commitment cannot be read"));
  assert_null(strstr(f.warnings, "1.2.4"));
  expect_both(report, SCU_COMMIT_PENDING);
  assert_int_equal(size_of(in_scratch("ledger/1.2.3.commitment")), 20);
  fixture_stop(&f);
}

/* --- cancel, abort, free ------------------------------------------------------------------------------------------ */

static void test_cancel_abort_and_free_at_any_time(void **state) {
  (void)state;
  enum { CANCEL, ABORT, FREE, WAYS };
  static const uint64_t moments[] = {0, 2, 8, 20, 300};
  for (int way = 0; way < WAYS; way++)
    for (size_t at = 0; at < sizeof moments / sizeof *moments; at++) {
      fixture f;
      prepare(&f, never);
      scu_options_set_text(f.options, SCU_OPTION_COMMIT_LEDGER, at % 2 ? in_scratch("cancelled") : "");
      fixture_open(&f);
      scu_commitment *wanted = wanted_of(1, 2, "");
      scu_op *op = scu_commit_start(f.session, wanted);
      TEST_LOOP_UNTIL(&f.time, false, moments[at]);
      if (way == CANCEL) scu_cancel(f.session);
      if (way == ABORT) scu_abort(f.session);
      uint64_t before = f.time.now_ms;
      if (way != FREE) assert_int_equal(scu_op_wait(op), way == ABORT ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
      assert_true(f.time.now_ms - before < 1000); /* a peer that is aborted may close the connection itself */
      scu_op_free(op);
      scu_commitment_free(wanted);
      fixture_stop(&f);
    }
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static void test_a_list_takes_each_instance_once(void **state) {
  (void)state;
  scu_commitment *wanted = wanted_of(1, 500, "");
  assert_int_equal(scu_commitment_add(wanted, CLASS, "1.2.3.77"), SCU_OK);
  assert_int_equal(scu_commitment_count(wanted), 500);
  assert_int_equal(scu_commitment_add(wanted, "1.2.9", "1.2.3.77"), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_commitment_error(wanted)), "another SOP class"));
  assert_int_equal(scu_commitment_add(wanted, CLASS, ""), SCU_ERROR_USAGE);
  assert_int_equal(scu_commitment_add(wanted, NULL, "1.2.3"), SCU_ERROR_USAGE);
  assert_int_equal(scu_commitment_set_transaction(wanted, "1.02"), SCU_ERROR_USAGE);
  assert_int_equal(scu_commitment_count(wanted), 500);
  scu_commitment_free(wanted);
}

static void test_what_makes_no_sense_is_misuse_and_nothing_is_sent(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, REPORT(BOTH_COMMITTED), ANSWERED, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  scu_commitment *none = wanted_of(1, 0, "");
  scu_commitment *many = wanted_of(1, 10001, TRANSACTION);
  assert_int_equal(scu_commit(f.session, none, &report), SCU_ERROR_USAGE);
  assert_int_equal(scu_commit(f.session, NULL, &report), SCU_ERROR_USAGE);
  assert_int_equal(scu_commit(f.session, many, &report), SCU_ERROR_USAGE);
  assert_int_equal(f.peer.accepted, 0);
  assert_int_equal(commit(&f, &report), SCU_OK);
  scu_commit_report_free(report);
  assert_int_equal(commit(&f, &report), SCU_ERROR_USAGE); /* that UID was used */
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "used before"));
  assert_null(report);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__N_ACTION_RQ), 1);
  scu_commitment_free(none);
  scu_commitment_free(many);
  fixture_stop(&f);
  prepare(&f, script);
  scu_options_set_text(f.options, SCU_OPTION_COMMIT_LEDGER, "");
  fixture_open(&f);
  assert_int_equal(scu_commit_resume(f.session, false, &report), SCU_ERROR_USAGE);
  fixture_stop(&f);
}

static void test_more_than_ten_thousand_go_in_several_transactions(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, SERVE, END};
  fixture f;
  start(&f, script);
  scu_commit_report *report;
  scu_commitment *many = wanted_of(1, 10001, "");
  assert_int_equal(scu_commit(f.session, many, &report), SCU_ERROR_TIMEOUT);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__N_ACTION_RQ), 2);
  assert_int_equal(f.peer.accepted, 1);
  assert_int_equal(scu_commit_report_transaction_count(report), 2);
  scu_commit_transaction first = {.size = sizeof first}, second = {.size = sizeof second};
  scu_commit_report_transaction(report, 0, &first);
  scu_commit_report_transaction(report, 1, &second);
  assert_int_equal(first.instances, 10000);
  assert_int_equal(second.instances, 1);
  assert_string_not_equal(first.transaction_uid, second.transaction_uid);
  scu_commit_report_free(report);
  scu_commitment_free(many);
  fixture_stop(&f);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static void commit_with(failing_allocator *memory, scu_result *result) {
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, RECEIVED, REPORT(BOTH_COMMITTED), ANSWERED, SERVE, END};
  test_loop time;
  scripted_peer peer;
  scu_options *options = NULL;
  scu_session *session = NULL;
  scu_commitment *wanted = wanted_of(1, 2, TRANSACTION);
  scu_commit_report *report = NULL;
  size_t fail_at = memory->fail_at;
  memory->fail_at = SIZE_MAX;
  test_loop_try(&time, &memory->allocator);
  scripted_peer_start(&peer, time.loop, script);
  assert_int_equal(scu_options_new(NULL, &options), SCU_OK);
  scu_options_set_text(options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  scu_options_set_integer(options, SCU_OPTION_LISTEN_PORT, 0);
  scu_options_set_text(options, SCU_OPTION_COMMIT_LEDGER, in_scratch("memory"));
  scu_options_set_duration_ms(options, SCU_OPTION_TIMEOUT_COMMIT, 500);
  scu_options_set_duration_ms(options, SCU_OPTION_TIMEOUT_RESPONSE, 500);
  assert_int_equal(scu_session_new_on(time.loop, &session, options, peer.name), SCU_OK);
  memory->requests = 0;
  memory->fail_at = fail_at;
  *result = scu_commit(session, wanted, &report);
  memory->fail_at = SIZE_MAX;
  if (*result == SCU_OK) assert_int_equal(scu_commit_report_count_of(report, SCU_COMMIT_COMMITTED), 2);
  scu_commit_report_free(report);
  scu_commitment_free(wanted);
  scu_session_free(session);
  scu_options_free(options);
  scripted_peer_stop(&peer);
  test_loop_stop(&time);
  unlink(in_scratch("memory/" TRANSACTION ".commitment"));
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  failing_allocator memory;
  scu_result result = SCU_ERROR_MEMORY;
  size_t i = 0, failures = 0;
  for (; i < 5000; i++) {
    failing_allocator_init(&memory, i);
    commit_with(&memory, &result);
    assert_int_equal(memory.alive, 0);
    if (memory.requests <= i && result == SCU_OK) break;
    failures += result != SCU_OK;
  }
  assert_int_equal(result, SCU_OK);
  assert_in_range(i, 30, 4999);
  assert_true(failures > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_a_result_on_the_same_association),
      TEST(test_a_result_before_the_response),
      TEST(test_a_result_stands_when_the_response_never_comes),
      TEST(test_each_instance_has_its_own_fate),
      TEST(test_the_commit_hook_hears_of_each_result_once),
      TEST(test_a_report_that_comes_twice_is_answered_twice_and_counts_once),
      TEST(test_a_second_report_changes_nothing_while_the_response_is_awaited_either),
      TEST(test_a_wrong_transaction_uid_is_refused_and_the_wait_goes_on_to_its_end),
      TEST(test_malformed_reports_are_refused_and_a_good_one_is_still_taken),
      TEST(test_a_result_that_cannot_be_kept_is_not_taken),
      TEST(test_a_result_on_an_association_of_the_peers),
      TEST(test_a_provider_that_would_be_user_too_is_provider_only),
      TEST(test_a_result_elsewhere_may_also_be_faster_than_the_response),
      TEST(test_the_association_is_kept_for_a_while_then_released_and_the_result_comes_on_another),
      TEST(test_a_peer_that_keeps_its_association_open_is_left_after_two_seconds),
      TEST(test_the_association_may_end_when_a_listener_is_there),
      TEST(test_without_a_listener_the_same_association_is_the_only_way),
      TEST(test_strangers_are_rejected_and_named_and_those_of_accept_from_are_not),
      TEST(test_a_port_in_use_is_told_before_anything_is_asked),
      TEST(test_a_refused_request_is_forgotten),
      TEST(test_what_was_never_sent_is_not_in_the_ledger),
      TEST(test_a_peer_lost_between_leaves_it_open_and_it_is_asked_again_under_the_same_uid),
      TEST(test_a_resumed_request_that_is_refused_stays_open),
      TEST(test_a_result_days_later),
      TEST(test_the_wait_is_ten_minutes_unless_told_otherwise),
      TEST(test_an_answer_that_does_not_come_is_a_time_out_of_the_response),
      TEST(test_a_later_session_listens_and_asks_nothing_when_told_so),
      TEST(test_a_result_for_another_transaction_is_kept_and_told_by_resume),
      TEST(test_a_result_that_another_process_took_is_found_in_the_ledger),
      TEST(test_only_what_was_asked_of_this_peer_is_resumed),
      TEST(test_damaged_files_are_named_and_the_others_are_resumed),
      TEST(test_cancel_abort_and_free_at_any_time),
      TEST(test_a_list_takes_each_instance_once),
      TEST(test_what_makes_no_sense_is_misuse_and_nothing_is_sent),
      TEST(test_more_than_ten_thousand_go_in_several_transactions),
      TEST(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
