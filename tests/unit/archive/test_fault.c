/* --fault: its syntax, its counters, and what the rules do to negotiations, matches, counts and stores. What they do to
 * associations is seen by tests/interop/test_faults.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive/fault_act.h"
#include "archive/fault_sink.h"
#include "data/sop_class.h"
#include "listener/sink.h"
#include "support/failing_allocator.h"
#include "support/test_loop.h"
#include "support/test_sink.h"

static scu__fault *parsed(const char *text) {
  scu__fault *fault = NULL;
  scu_error error;
  scu__error_clear(&error);
  if (scu__fault_parse(text, NULL, &fault, &error) != SCU_OK) fail_msg("%s: %s", text, scu_error_reason(&error));
  return fault;
}

static void expect_refused(const char *text, const char *named) {
  scu__fault *fault = (scu__fault *)&fault;
  scu_error error;
  scu__error_clear(&error);
  if (scu__fault_parse(text, NULL, &fault, &error) != SCU_ERROR_USAGE) fail_msg("'%s' was taken", text);
  assert_null(fault);
  assert_int_equal(scu_error_phase(&error), SCU_PHASE_USAGE);
  if (!strstr(scu_error_reason(&error), named)) fail_msg("'%s': %s", text, scu_error_reason(&error));
}

/* --- syntax --- */

static void test_no_text_is_no_fault(void **state) {
  (void)state;
  assert_null(parsed(NULL));
  assert_null(parsed(""));
  assert_int_equal(scu__fault_reach(NULL, SCU__FAULT_ECHO).rules, 0);
  assert_false(scu__fault_has(scu__fault_reach(NULL, SCU__FAULT_ECHO), SCU__FAULT_CLOSE));
  assert_null(scu__fault_standing(NULL, SCU__FAULT_PDU));
  scu__fault_free(NULL);
}

static void test_every_kind_of_value_is_read(void **state) {
  (void)state;
  scu__fault *fault =
      parsed("find:delay=250,associate:reject=2/3/1,associate:refuse=1.2.3/4,associate:refuse=storage,find:cap=7/A700,"
             "move:ae=OTHER,match:charset=ISO 2022 IR 6\\ISO 2022 IR 87,match:charset=none,final:status=c1Ff,"
             "get-final:list=12,move-final:list=none,find:ignore=PatientID,match:status=FF01,associate:reject");
  const scu__fault_rule *rules = fault->rules;
  assert_int_equal(fault->count, 14);
  assert_int_equal(rules[0].kind, SCU__FAULT_DELAY);
  assert_int_equal(rules[0].number, 250);
  assert_int_equal(rules[1].result * 100 + rules[1].source * 10 + rules[1].reason, 231);
  assert_string_equal(rules[2].text, "1.2.3");
  assert_int_equal(rules[2].number, SCU__CONTEXT_TRANSFER_SYNTAXES_NOT_SUPPORTED);
  assert_int_equal(rules[3].number, SCU__CONTEXT_ABSTRACT_SYNTAX_NOT_SUPPORTED);
  assert_int_equal(rules[4].number, 7);
  assert_int_equal(rules[4].status, 0xA700);
  assert_string_equal(rules[5].text, "OTHER");
  assert_string_equal(rules[6].text, "ISO 2022 IR 6\\ISO 2022 IR 87");
  assert_string_equal(rules[7].text, "");
  assert_int_equal(rules[8].status, 0xC1FF);
  assert_int_equal(rules[9].number, 12);
  assert_string_equal(rules[10].text, "none");
  assert_string_equal(rules[11].text, "PatientID");
  assert_int_equal(rules[12].status, 0xFF01);
  assert_int_equal(rules[13].result * 100 + rules[13].source * 10 + rules[13].reason, 111);
  scu__fault_free(fault);
}

static void test_what_cannot_be_read_is_named(void **state) {
  (void)state;
  static const char *const wrong[][2] = {
      {"x", "'x'"},
      {",", "''"},
      {"echo:close,", "''"},
      {":close", "''"},
      {"Echo:close", "'Echo'"},
      {"echo:Close", "'Close'"},
      {"echo:", "''"},
      {"echo:close=", "''"},
      {"echo:close=1", "'1'"},
      {"echo:close@", "''"},
      {"echo:close@0", "'0'"},
      {"echo:close@0+", "'0+'"},
      {"echo:close@+", "'+'"},
      {"echo:close@-1", "'-1'"},
      {"echo:close@1@2", "'1@2'"},
      {"echo:close@every=", "'every='"},
      {"echo:close@every=0", "'every=0'"},
      {"echo:close@99999999999", "'99999999999'"},
      {"echo:delay", "''"},
      {"echo:delay=", "''"},
      {"echo:delay=1s", "'1s'"},
      {"echo:delay=1000000001", "'1000000001'"},
      {"echo:status=12", "'12'"},
      {"echo:status=12345", "'12345'"},
      {"echo:status=00G0", "'00G0'"},
      {"find:status=FF00", "'FF00'"},
      {"match:status=0000", "'0000'"},
      {"connect:abort", "'abort'"},
      {"ingest:silence", "'silence'"},
      {"store:full", "'full'"},
      {"find-final:list=1", "'list'"},
      {"associate:reject=1/1", "'1/1'"},
      {"associate:reject=1/1/1/1", "'1/1/1/1'"},
      {"associate:reject=1/1/256", "'1/1/256'"},
      {"associate:refuse", "''"},
      {"associate:refuse=everything", "'everything'"},
      {"associate:refuse=1..2", "'1..2'"},
      {"associate:refuse=all/0", "'all/0'"},
      {"associate:extended=long", "'long'"},
      {"associate:extended=none short", "'none short'"},
      {"associate:pdu=15", "'15'"},
      {"move:ae=A TITLE THAT IS TOO LONG", "'A TITLE THAT IS TOO LONG'"},
      {"find:ignore=NoSuchKeyword", "'NoSuchKeyword'"},
      {"find:cap=1/", "'1/'"},
      {"match:charset=12345678901234567890123456789012345678901234567890123456789012345", "'1234567890"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    expect_refused(wrong[i][0], wrong[i][1]);
    char behind[128];
    snprintf(behind, sizeof behind, "echo:close,%s", wrong[i][0]);
    expect_refused(behind, wrong[i][1]);
  }
}

static void test_there_is_room_for_so_many_rules_and_no_more(void **state) {
  (void)state;
  char text[64 * 16] = "echo:close";
  for (int i = 1; i < SCU__FAULT_RULES_MAX; i++) strcat(text, ",echo:close");
  scu__fault *fault = parsed(text);
  assert_int_equal(fault->count, SCU__FAULT_RULES_MAX);
  scu__fault_hits hits = scu__fault_reach(fault, SCU__FAULT_ECHO);
  assert_int_equal(hits.rules, UINT32_MAX);
  assert_ptr_equal(scu__fault_find(hits, SCU__FAULT_CLOSE, SCU__FAULT_RULES_MAX - 1),
                   &fault->rules[SCU__FAULT_RULES_MAX - 1]);
  assert_null(scu__fault_find(hits, SCU__FAULT_CLOSE, SCU__FAULT_RULES_MAX));
  scu__fault_free(fault);
  strcat(text, ",echo:close");
  expect_refused(text, "32");
}

static void test_without_memory_there_is_no_fault(void **state) {
  (void)state;
  failing_allocator failing;
  failing_allocator_init(&failing, 0);
  scu__fault *fault = NULL;
  assert_int_equal(scu__fault_parse("echo:close", &failing.allocator, &fault, NULL), SCU_ERROR_MEMORY);
  assert_null(fault);
}

/* --- times --- */

static void expect_times(const char *text, const char *pattern) {
  scu__fault *fault = parsed(text);
  for (size_t i = 0; pattern[i]; i++)
    if (scu__fault_has(scu__fault_reach(fault, SCU__FAULT_MATCH), SCU__FAULT_DROP) != (pattern[i] == 'x'))
      fail_msg("%s: time %zu", text, i + 1);
  scu__fault_free(fault);
}

static void test_a_rule_holds_at_its_times(void **state) {
  (void)state;
  expect_times("match:drop", "xxxxxxx");
  expect_times("match:drop@1", "x------");
  expect_times("match:drop@3", "--x----");
  expect_times("match:drop@3+", "--xxxxx");
  expect_times("match:drop@every=3", "--x--x-");
  expect_times("match:drop@every=1", "xxxxxxx");
  expect_times("match:drop@2,match:drop@4+", "-x-xxxx");
}

static void test_steps_count_by_themselves(void **state) {
  (void)state;
  scu__fault *fault = parsed("find:close@2,store:close@1");
  assert_false(scu__fault_has(scu__fault_reach(fault, SCU__FAULT_FIND), SCU__FAULT_CLOSE));
  assert_true(scu__fault_has(scu__fault_reach(fault, SCU__FAULT_STORE), SCU__FAULT_CLOSE));
  assert_false(scu__fault_has(scu__fault_reach(fault, SCU__FAULT_ECHO), SCU__FAULT_CLOSE));
  assert_true(scu__fault_has(scu__fault_reach(fault, SCU__FAULT_FIND), SCU__FAULT_CLOSE));
  scu__fault_free(fault);
}

static void test_a_request_of_any_service_and_any_final_response_are_steps(void **state) {
  (void)state;
  scu__fault *fault = parsed("request:abort,final:status=C000,find:close");
  for (int step = 0; step < SCU__FAULT_STEPS; step++) {
    scu__fault_hits hits = scu__fault_reach(fault, (scu__fault_step)step);
    assert_int_equal(scu__fault_has(hits, SCU__FAULT_ABORT), step >= SCU__FAULT_REQUEST && step <= SCU__FAULT_MPPS);
    assert_int_equal(scu__fault_has(hits, SCU__FAULT_STATUS), step >= SCU__FAULT_FINAL && step <= SCU__FAULT_GET_FINAL);
    assert_int_equal(scu__fault_has(hits, SCU__FAULT_CLOSE), step == SCU__FAULT_FIND);
  }
  scu__fault_free(fault);
}

/* --- negotiation --- */

static bool takes_all(void *user, const scu__uid *abstract_syntax) {
  (void)user, (void)abstract_syntax;
  return true;
}

static void keeps_roles(void *user, const scu__uid *uid, bool *scu, bool *scp) {
  (void)user, (void)uid, (void)scu, (void)scp;
}

static size_t echoes_extended(void *user, const scu__extended *proposed, uint8_t answer[SCU__EXTENDED_ANSWER_MAX]) {
  (void)user;
  memcpy(answer, proposed->bytes.data, proposed->bytes.length);
  return proposed->bytes.length;
}

#define CT "1.2.840.10008.5.1.4.1.1.2"

static void propose(scu__associate *rq) {
  static const char *const classes[] = {SCU__UID_VERIFICATION, CT, SCU__UID_STUDY_ROOT_FIND, SCU__UID_STUDY_ROOT_MOVE,
                                        SCU__UID_STUDY_ROOT_GET};
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  scu__associate_init(rq, NULL);
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(scu__associate_add_context(rq, classes[i], syntaxes, 1, NULL), SCU_OK);
  assert_int_equal(scu__associate_add_role(rq, CT, false, true), SCU_OK);
  assert_int_equal(scu__associate_add_extended(rq, SCU__UID_STUDY_ROOT_FIND, (const uint8_t *)"\1\1\1\1\1\1\1", 7),
                   SCU_OK);
  assert_int_equal(scu__associate_add_extended(rq, SCU__UID_STUDY_ROOT_MOVE, (const uint8_t *)"\1", 1), SCU_OK);
  assert_true(scu__ae_from_text(&rq->calling, "US") && scu__ae_from_text(&rq->called, "THEM"));
}

/* The table that a requestor would get from an acceptor with these faults. */
static void negotiate(const char *text, scu__negotiated *negotiated) {
  scu__acceptor_policy policy = {
      .is_abstract_syntax_supported = takes_all, .accept_roles = keeps_roles, .answer_extended = echoes_extended};
  scu__fault *fault = parsed(text);
  scu__fault_acceptor acceptor;
  scu__reject reject = {0};
  scu__associate rq, ac;
  propose(&rq);
  const scu__acceptor_policy *faulty = scu__fault_policy(&acceptor, fault, &policy, NULL, &reject);
  assert_non_null(faulty);
  assert_int_equal(scu__negotiate_answer(&rq, faulty, NULL, &ac, &reject, NULL), SCU_OK);
  assert_int_equal(scu__negotiated_make(&rq, &ac, false, NULL, negotiated, NULL), SCU_OK);
  scu__associate_free(&ac);
  scu__associate_free(&rq);
  scu__fault_free(fault);
}

static void expect_refused_contexts(const char *text, size_t count, const char *one, uint8_t result) {
  scu__negotiated negotiated = {0};
  negotiate(text, &negotiated);
  assert_int_equal(negotiated.refused_count, count);
  bool is_found = false;
  for (size_t i = 0; i < negotiated.refused_count; i++) {
    assert_int_equal(negotiated.refused[i].result, result);
    if (strcmp(negotiated.refused[i].abstract_syntax.text, one) == 0) is_found = true;
  }
  assert_int_equal(is_found, count > 0);
  scu__negotiated_free(&negotiated);
}

static void test_contexts_are_refused_by_what_they_are_for(void **state) {
  (void)state;
  expect_refused_contexts("associate:delay=1", 0, "", 0);
  expect_refused_contexts("associate:refuse=all", 5, CT, 3);
  expect_refused_contexts("associate:refuse=storage", 1, CT, 3);
  expect_refused_contexts("associate:refuse=echo/1", 1, SCU__UID_VERIFICATION, 1);
  expect_refused_contexts("associate:refuse=find", 1, SCU__UID_STUDY_ROOT_FIND, 3);
  expect_refused_contexts("associate:refuse=move", 1, SCU__UID_STUDY_ROOT_MOVE, 3);
  expect_refused_contexts("associate:refuse=get/4,associate:refuse=" CT "/4", 2, SCU__UID_STUDY_ROOT_GET, 4);
}

static void test_roles_are_left_unanswered(void **state) {
  (void)state;
  scu__negotiated negotiated = {0};
  negotiate("associate:delay=1", &negotiated);
  assert_non_null(scu__negotiated_find(&negotiated, CT, NULL, true));
  scu__negotiated_free(&negotiated);
  negotiate("associate:no-roles", &negotiated);
  assert_null(scu__negotiated_find(&negotiated, CT, NULL, true));
  assert_non_null(scu__negotiated_find(&negotiated, CT, NULL, false));
  scu__negotiated_free(&negotiated);
}

static void expect_extended(const char *text, uint8_t first, uint8_t second, uint8_t of_move) {
  scu__negotiated negotiated = {0};
  negotiate(text, &negotiated);
  assert_int_equal(scu__negotiated_extended_byte(&negotiated, SCU__UID_STUDY_ROOT_FIND, 0), first);
  assert_int_equal(scu__negotiated_extended_byte(&negotiated, SCU__UID_STUDY_ROOT_FIND, 1), second);
  assert_int_equal(scu__negotiated_extended_byte(&negotiated, SCU__UID_STUDY_ROOT_MOVE, 0), of_move);
  assert_int_equal(scu__negotiated_extended_byte(&negotiated, SCU__UID_STUDY_ROOT_GET, 0), 0);
  scu__negotiated_free(&negotiated);
}

static void test_extended_negotiation_is_answered_as_said(void **state) {
  (void)state;
  expect_extended("associate:delay=1", 1, 1, 1);
  expect_extended("associate:extended=none", 0, 0, 0);
  expect_extended("associate:extended=short", 1, 0, 1);
  expect_extended("associate:extended=find-only", 1, 1, 0);
  expect_extended("associate:extended=unasked", 1, 1, 1); /* what was not asked for is not believed */
}

static void test_a_rejection_has_its_triple(void **state) {
  (void)state;
  scu__acceptor_policy policy = {0};
  scu__fault_acceptor acceptor;
  scu__reject reject = {0};
  scu__fault *fault = parsed("associate:reject=2/3/2@2");
  assert_ptr_equal(scu__fault_policy(&acceptor, fault, &policy, NULL, &reject), &acceptor.policy);
  assert_null(scu__fault_policy(&acceptor, fault, &policy, NULL, &reject));
  assert_int_equal(reject.result * 100 + reject.source * 10 + reject.reason, 232);
  assert_ptr_equal(scu__fault_policy(&acceptor, NULL, &policy, NULL, &reject), &policy);
  scu__fault_free(fault);
}

/* --- matches --- */

typedef struct query {
  scu__outbox outbox;
  scu__exchange *exchange;
} query;

static void query_start(query *q, scu__encoding encoding) {
  static const uint8_t identifier[] = {0x08, 0, 0x52, 0, 6, 0, 0, 0, 'S', 'T', 'U', 'D', 'Y', ' '};
  static const uint8_t explicit_le[] = {0x08, 0, 0x52, 0, 'C', 'S', 6, 0, 'S', 'T', 'U', 'D', 'Y', ' '};
  static const uint8_t explicit_be[] = {0, 0x08, 0, 0x52, 'C', 'S', 0, 6, 'S', 'T', 'U', 'D', 'Y', ' '};
  const uint8_t *bytes = encoding.is_implicit_vr ? identifier : encoding.is_big_endian ? explicit_be : explicit_le;
  const scu__uid sop_class = {SCU__UID_STUDY_ROOT_FIND};
  scu__command request;
  scu__exchange_event event;
  scu__outbox_init(&q->outbox, NULL);
  scu__request_init(&request, SCU__C_FIND_RQ, 1, &sop_class);
  request.data_set_type = SCU__WITH_DATASET;
  assert_int_equal(scu__find_provider_new(NULL, &q->outbox, 1, &request, encoding, &q->exchange, &event), SCU_OK);
  assert_int_equal(scu__exchange_receive_data(q->exchange, bytes, sizeof identifier, true, &event, NULL), SCU_OK);
  assert_int_equal(event.kind, SCU__EXCHANGE_REQUEST);
}

static void query_stop(query *q) {
  scu__exchange_free(q->exchange);
  scu__outbox_free(&q->outbox);
}

static scu_dataset *umlaut_row(void) {
  scu_dataset *row = NULL;
  assert_int_equal(scu_dataset_new(NULL, &row), SCU_OK);
  assert_int_equal(scu_dataset_set_charset(row, "ISO_IR 100"), SCU_OK);
  assert_int_equal(scu_dataset_set_text(row, "PatientName", "M\xC3\xBCller"), SCU_OK);
  return row;
}

/* Sends one match and returns how many came out; the bytes of the last one. */
static size_t matches(const char *text, scu__encoding encoding, uint8_t *bytes, size_t *length, uint16_t *status) {
  query q;
  query_start(&q, encoding);
  scu_dataset *row = umlaut_row();
  scu__fault *fault = parsed(text);
  scu__fault_row to = {.exchange = q.exchange, .encoding = encoding};
  assert_int_equal(scu__fault_match(scu__fault_reach(fault, SCU__FAULT_MATCH), &to, row, 0xFF00), SCU_OK);
  size_t count = 0;
  for (scu__pdv_fragment fragment; scu__outbox_next(&q.outbox, 4096, &fragment, NULL) == SCU_OK;) {
    scu__command command;
    if (fragment.is_command) {
      assert_int_equal(scu__command_decode(fragment.bytes, fragment.length, &command, NULL), SCU_OK);
      *status = command.status;
    } else {
      memcpy(bytes, fragment.bytes, fragment.length);
      *length = fragment.length;
      count++;
    }
  }
  scu__fault_free(fault);
  scu_dataset_free(row);
  query_stop(&q);
  return count;
}

static void test_the_label_of_a_character_set_is_changed_and_the_text_is_not(void **state) {
  (void)state;
  static const scu__encoding encodings[] = {{.is_implicit_vr = true}, {0}, {.is_big_endian = true}};
  for (size_t i = 0; i < 3; i++) {
    uint8_t right[256], wrong[256];
    size_t right_length = 0, wrong_length = 0;
    uint16_t status = 0;
    assert_int_equal(matches("match:status=FF00", encodings[i], right, &right_length, &status), 1);
    assert_memory_equal(right + 8, "ISO_IR 100", 10);
    assert_int_equal(matches("match:charset=ISO_IR 192", encodings[i], wrong, &wrong_length, &status), 1);
    assert_int_equal(right_length, wrong_length);
    assert_memory_equal(wrong, right, 8);
    assert_memory_equal(wrong + 8, "ISO_IR 192", 10);
    assert_memory_equal(wrong + 18, right + 18, right_length - 18);
    assert_int_equal(matches("match:charset=GBK", encodings[i], wrong, &wrong_length, &status), 1);
    assert_int_equal(wrong_length, right_length - 6);
    assert_memory_equal(wrong + 8, "GBK ", 4);
    assert_memory_equal(wrong + 12, right + 18, right_length - 18);
    assert_int_equal(matches("match:charset=none", encodings[i], wrong, &wrong_length, &status), 1);
    assert_int_equal(wrong_length, right_length - 18);
    assert_memory_equal(wrong, right + 18, wrong_length);
  }
}

static void test_matches_are_dropped_doubled_cut_and_warned_about(void **state) {
  (void)state;
  uint8_t right[256], bytes[256];
  size_t right_length = 0, length = 0;
  uint16_t status = 0;
  assert_int_equal(matches("match:drop", SCU__EXPLICIT_LE, bytes, &length, &status), 0);
  assert_int_equal(matches("match:duplicate", SCU__EXPLICIT_LE, right, &right_length, &status), 2);
  assert_int_equal(status, 0xFF00);
  assert_int_equal(matches("match:status=FF01", SCU__EXPLICIT_LE, bytes, &length, &status), 1);
  assert_int_equal(status, 0xFF01);
  assert_int_equal(length, right_length);
  assert_int_equal(matches("match:malformed", SCU__EXPLICIT_LE, bytes, &length, &status), 1);
  assert_int_equal(length, right_length - 3);
  assert_memory_equal(bytes, right, right_length - 3);
}

static void test_where_and_how_soon_instances_can_be_had_is_said_unasked(void **state) {
  (void)state;
  scu_dataset *row = umlaut_row();
  query q;
  query_start(&q, SCU__EXPLICIT_LE);
  scu__fault *fault = parsed("match:retrieve-ae=OTHER,match:availability=OFFLINE");
  scu__fault_row to = {.exchange = q.exchange, .encoding = SCU__EXPLICIT_LE};
  assert_int_equal(scu__fault_match(scu__fault_reach(fault, SCU__FAULT_MATCH), &to, row, 0xFF00), SCU_OK);
  char text[32];
  assert_int_equal(scu_dataset_text(row, "RetrieveAETitle", text, sizeof text), SCU_OK);
  assert_string_equal(text, "OTHER");
  assert_int_equal(scu_dataset_text(row, "InstanceAvailability", text, sizeof text), SCU_OK);
  assert_string_equal(text, "OFFLINE");
  scu__fault_free(fault);
  query_stop(&q);
  scu_dataset_free(row);
}

static void test_ignored_keys_lose_their_values_in_a_copy(void **state) {
  (void)state;
  scu_dataset *identifier = NULL, *changed = NULL;
  char text[32];
  assert_int_equal(scu_dataset_new(NULL, &identifier), SCU_OK);
  assert_int_equal(scu_dataset_set_text(identifier, "PatientID", "X"), SCU_OK);
  assert_int_equal(scu_dataset_set_text(identifier, "StudyDate", "20240101"), SCU_OK);
  scu__fault *fault = parsed("find:ignore=PatientID,find:ignore=00080020,find:ignore=Modality");
  scu__fault_hits hits = scu__fault_reach(fault, SCU__FAULT_FIND);
  const scu_dataset *worked_with = scu__fault_identifier(hits, identifier, &changed);
  assert_non_null(changed);
  assert_ptr_equal(worked_with, changed);
  assert_int_equal(scu_dataset_count(changed), 2); /* a key that is not there is not added */
  for (size_t i = 0; i < 2; i++) assert_int_equal(scu_element_length(scu_dataset_at(changed, i)), 0);
  assert_int_equal(scu_dataset_text(identifier, "PatientID", text, sizeof text), SCU_OK);
  assert_string_equal(text, "X");
  scu_dataset_free(changed);
  worked_with = scu__fault_identifier((scu__fault_hits){0}, identifier, &changed);
  assert_ptr_equal(worked_with, identifier);
  assert_null(changed);
  scu__fault_free(fault);
  scu_dataset_free(identifier);
}

/* --- sub-operations --- */

static const scu__sub_operations *counts_of(const char *text, const scu__sub_operations *counts,
                                            scu__sub_operations *own) {
  scu__fault *fault = parsed(text);
  const scu__sub_operations *said = scu__fault_counts(scu__fault_reach(fault, SCU__FAULT_PENDING), counts, own);
  scu__fault_free(fault);
  return said;
}

static void test_counts_say_what_they_are_told(void **state) {
  (void)state;
  const scu__sub_operations counts = {.remaining = 2, .completed = 5, .failed = 1, .warning = 3};
  scu__sub_operations own;
  assert_ptr_equal(counts_of("pending:drop", &counts, &own), &counts);
  assert_null(counts_of("pending:counts=none", &counts, &own));
  const scu__sub_operations *said = counts_of("pending:counts=zero", &counts, &own);
  assert_int_equal(said->remaining + said->completed + said->failed + said->warning, 0);
  said = counts_of("pending:counts=backwards", &counts, &own);
  assert_int_equal(said->remaining, 5);
  assert_int_equal(said->completed, 2);
}

static void test_failed_lists_are_replaced(void **state) {
  (void)state;
  scu__fault *fault = parsed("get-final:list=none@1,get-final:list=3@2,get-final:list=malformed@3");
  scu_dataset *list = NULL;
  assert_int_equal(scu_dataset_new(NULL, &list), SCU_OK);
  assert_null(scu__fault_list(scu__fault_reach(fault, SCU__FAULT_GET_FINAL), list, NULL));
  list = scu__fault_list(scu__fault_reach(fault, SCU__FAULT_GET_FINAL), NULL, NULL);
  char text[64];
  assert_int_equal(scu_dataset_text(list, "FailedSOPInstanceUIDList", text, sizeof text), SCU_OK);
  assert_string_equal(text, "2.25.1\\2.25.2\\2.25.3");
  list = scu__fault_list(scu__fault_reach(fault, SCU__FAULT_GET_FINAL), list, NULL);
  assert_int_equal(scu_dataset_text(list, "FailedSOPInstanceUIDList", text, sizeof text), SCU_OK);
  assert_non_null(strstr(text, "not a UID"));
  assert_ptr_equal(scu__fault_list(scu__fault_reach(fault, SCU__FAULT_GET_FINAL), list, NULL), list);
  scu_dataset_free(list);
  scu__fault_free(fault);
}

/* --- stores --- */

typedef struct stored {
  bool is_done;
  uint16_t status;
} stored;

static void store_done(void *user, const scu_sink_outcome *outcome) {
  stored *told = user;
  told->is_done = true;
  told->status = outcome->status;
}

/* One instance through the sink; returns the status that its sender would get. */
static uint16_t store_one(test_loop *time, scu_sink *sink, test_sink *behind) {
  const scu_incoming incoming = {.size = sizeof incoming,
                                 .sop_class_uid = CT,
                                 .sop_instance_uid = "1.2",
                                 .transfer_syntax_uid = "1.2.840.10008.1.2",
                                 .calling_ae = "",
                                 .called_ae = "",
                                 .peer = "",
                                 .move_originator_ae = ""};
  scu_sink_outcome outcome = {.size = sizeof outcome};
  void *instance = NULL;
  stored told = {0};
  scu_completion *completion = NULL;
  assert_int_equal(sink->begin(sink->user, &incoming, &instance, &outcome), SCU_OK);
  scu_result result = sink->write(sink->user, instance, (const uint8_t *)"x", 1, &outcome);
  if (result != SCU_OK) {
    sink->discard(sink->user, instance);
    return scu__sink_status(result, &outcome);
  }
  assert_int_equal(scu__completion_new(NULL, scu__loop_completions(time->loop), store_done, &told, &completion),
                   SCU_OK);
  result = sink->finish(sink->user, instance, completion, &outcome);
  if (result == SCU_PENDING) {
    test_sink_post(behind, 0);
    TEST_LOOP_UNTIL(time, told.is_done, 1000);
    assert_true(told.is_done);
    return told.status;
  }
  scu__completion_free(completion);
  return scu__sink_status(result, &outcome);
}

static void expect_store(const char *text, bool is_slow, uint16_t status, bool is_kept) {
  test_loop time;
  test_loop_start(&time);
  static test_sink behind;
  test_sink_init(&behind);
  behind.is_slow = is_slow;
  scu__fault *fault = parsed(text);
  scu__fault_sink sink;
  scu__fault_sink_init(&sink, fault, &behind.sink, time.loop);
  assert_int_equal(store_one(&time, &sink.sink, &behind), status);
  assert_int_equal(behind.finished, is_kept);
  assert_int_equal(behind.discarded, !is_kept);
  assert_int_equal(behind.open, 0);
  test_sink_free(&behind);
  scu__fault_free(fault);
  test_loop_stop(&time);
}

static void test_stores_are_lost_refused_or_warned_about(void **state) {
  (void)state;
  for (int is_slow = 0; is_slow < 2; is_slow++) {
    expect_store("ingest:full@2", is_slow, 0, true);
    expect_store("ingest:full", is_slow, 0xA700, false);
    expect_store("ingest:lose", is_slow, 0, false);
    expect_store("ingest:status=C123", is_slow, 0xC123, false);
    expect_store("ingest:status=B006", is_slow, 0xB006, true);
  }
}

static void test_a_true_failure_is_not_hidden(void **state) {
  (void)state;
  test_loop time;
  test_loop_start(&time);
  static test_sink behind;
  test_sink_init(&behind);
  behind.status = 0xA900;
  behind.finish_result = SCU_ERROR_STORAGE;
  scu__fault *fault = parsed("ingest:status=B000");
  scu__fault_sink sink;
  scu__fault_sink_init(&sink, fault, &behind.sink, time.loop);
  assert_int_equal(store_one(&time, &sink.sink, &behind), 0xA900);
  test_sink_free(&behind);
  scu__fault_free(fault);
  test_loop_stop(&time);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_no_text_is_no_fault),
      cmocka_unit_test(test_every_kind_of_value_is_read),
      cmocka_unit_test(test_what_cannot_be_read_is_named),
      cmocka_unit_test(test_there_is_room_for_so_many_rules_and_no_more),
      cmocka_unit_test(test_without_memory_there_is_no_fault),
      cmocka_unit_test(test_a_rule_holds_at_its_times),
      cmocka_unit_test(test_steps_count_by_themselves),
      cmocka_unit_test(test_a_request_of_any_service_and_any_final_response_are_steps),
      cmocka_unit_test(test_contexts_are_refused_by_what_they_are_for),
      cmocka_unit_test(test_roles_are_left_unanswered),
      cmocka_unit_test(test_extended_negotiation_is_answered_as_said),
      cmocka_unit_test(test_a_rejection_has_its_triple),
      cmocka_unit_test(test_the_label_of_a_character_set_is_changed_and_the_text_is_not),
      cmocka_unit_test(test_matches_are_dropped_doubled_cut_and_warned_about),
      cmocka_unit_test(test_where_and_how_soon_instances_can_be_had_is_said_unasked),
      cmocka_unit_test(test_ignored_keys_lose_their_values_in_a_copy),
      cmocka_unit_test(test_counts_say_what_they_are_told),
      cmocka_unit_test(test_failed_lists_are_replaced),
      cmocka_unit_test(test_stores_are_lost_refused_or_warned_about),
      cmocka_unit_test(test_a_true_failure_is_not_hidden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
