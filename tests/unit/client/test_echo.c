/* C-ECHO against peers that break off, lie and fall silent at every step: one clear error with phase, peer and reason,
 * never a hang (catalogue P27-P30, P33, D07, D14; issue "Bad input"). Time is the test's, see test_loop.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scu/version.h"
#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"

#define REQUEST                                                                                                        \
  { .action = PEER_WAIT_MESSAGE }
#define ANSWER                                                                                                         \
  { .action = PEER_RESPOND }
#define RELEASE                                                                                                        \
  { .action = PEER_WAIT_RELEASE }
#define CLOSE                                                                                                          \
  { .action = PEER_CLOSE }
#define RESET                                                                                                          \
  { .action = PEER_RESET }
#define ABORT                                                                                                          \
  { .action = PEER_ABORT, .status = 2, .field = 6 }
#define GARBAGE                                                                                                        \
  { .action = PEER_GARBAGE }
#define SILENCE                                                                                                        \
  { .action = PEER_END }

/* --- breaking off: where x how ------------------------------------------------------------------------------------ */

enum { STEPS_MAX = 8 };

typedef struct moment {
  const char *name;
  peer_step steps[STEPS_MAX];
  size_t count;
  scu_phase phase;
  bool is_done; /* the echo was answered before */
} moment;

static const moment moments[] = {
    {"after connecting", {{.action = PEER_END}}, 0, SCU_PHASE_ASSOCIATE, false},
    {"instead of the AC", {RQ}, 1, SCU_PHASE_ASSOCIATE, false},
    {"in the AC's header", {RQ, {.action = PEER_ACCEPT, .cut = 3}}, 2, SCU_PHASE_ASSOCIATE, false},
    {"in the AC", {RQ, {.action = PEER_ACCEPT, .cut = 90}}, 2, SCU_PHASE_ASSOCIATE, false},
    {"after the AC", {RQ, ACCEPT}, 2, SCU_PHASE_RESPONSE, false},
    {"after the request", {RQ, ACCEPT, REQUEST}, 3, SCU_PHASE_RESPONSE, false},
    {"in the response's header",
     {RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .cut = 5}},
     4,
     SCU_PHASE_RESPONSE,
     false},
    {"in the response's PDV header",
     {RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .cut = 10}},
     4,
     SCU_PHASE_RESPONSE,
     false},
    {"in the response", {RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .cut = 40}}, 4, SCU_PHASE_RESPONSE, false},
    {"after the response", {RQ, ACCEPT, REQUEST, ANSWER}, 4, SCU_PHASE_RESPONSE, true},
    {"instead of the RELEASE-RP", {RQ, ACCEPT, REQUEST, ANSWER, RELEASE}, 5, SCU_PHASE_RELEASE, true},
    {"in the RELEASE-RP",
     {RQ, ACCEPT, REQUEST, ANSWER, RELEASE, {.action = PEER_RELEASE_RP, .cut = 7}},
     6,
     SCU_PHASE_RELEASE,
     true},
};
enum { MOMENTS = sizeof moments / sizeof *moments };

typedef struct ending {
  const char *name;
  peer_step step;
  scu_result result;
} ending;

static bool is_mid_pdu(const moment *m) {
  return m->count > 0 && m->steps[m->count - 1].cut > 0;
}

/* The error as a user would see it. */
static void check_error(const fixture *f, const moment *m, scu_result expected, scu_result result) {
  const scu_error *error = scu_session_error(f->session);
  scu_phase phase = scu_error_phase(error);
  if (phase == SCU_PHASE_REQUEST) phase = SCU_PHASE_RESPONSE; /* what a reset meets first is a matter of luck */
  if (result != expected || scu_error_result(error) != expected || phase != m->phase)
    fail_msg("%s: %s in phase %s: %s", m->name, scu_result_name(result), scu_phase_name(scu_error_phase(error)),
             scu_error_reason(error));
  assert_string_equal(scu_error_peer(error), f->peer.name);
  assert_true(strlen(scu_error_reason(error)) > 10);
}

static void check_end(const ending *e, bool is_odd_in_pdu) {
  for (size_t i = 0; i < MOMENTS; i++) {
    const moment *m = &moments[i];
    if (is_odd_in_pdu && is_mid_pdu(m)) continue;
    peer_step script[STEPS_MAX + 2] = {{.action = PEER_END}};
    memcpy(script, m->steps, m->count * sizeof *script);
    script[m->count] = e->step;
    fixture f;
    fixture_start(&f, script);
    scu_response *response = NULL;
    scu_result result = scu_echo(f.session, &response);
    if (m->is_done) {
      if (result != SCU_OK) fail_msg("%s, %s: %s", e->name, m->name, scu_error_reason(scu_session_error(f.session)));
      assert_int_equal(scu_response_status(response), 0);
    } else {
      assert_null(response);
      /* A reset may be there before we know that we are connected. */
      bool is_before_connected = i == 0 && e->step.action == PEER_RESET && result == SCU_ERROR_TRANSPORT;
      if (!is_before_connected) check_error(&f, m, e->result, result);
    }
    scu_response_free(response);
    uint64_t before = f.time.now_ms;
    scu_session_free(f.session);
    f.session = NULL;
    assert_true(f.time.now_ms - before < 12 * 1000); /* the release time-out, and a little */
    fixture_stop(&f);
  }
}

static void test_a_peer_that_closes_at_any_step_is_one_clear_error(void **state) {
  (void)state;
  static const ending e = {"close", CLOSE, SCU_ERROR_CLOSED};
  check_end(&e, false);
}

static void test_a_peer_that_resets_at_any_step_is_one_clear_error(void **state) {
  (void)state;
  static const ending e = {"reset", RESET, SCU_ERROR_CLOSED};
  check_end(&e, false);
}

static void test_a_peer_that_aborts_at_any_step_is_one_clear_error(void **state) {
  (void)state;
  static const ending e = {"abort", ABORT, SCU_ERROR_ABORTED};
  check_end(&e, true);
}

static void test_a_peer_that_sends_garbage_at_any_step_is_one_clear_error(void **state) {
  (void)state;
  static const ending e = {"garbage", GARBAGE, SCU_ERROR_PROTOCOL};
  check_end(&e, true);
}

static void test_a_peer_that_falls_silent_at_any_step_is_one_clear_error(void **state) {
  (void)state;
  static const ending e = {"silence", SILENCE, SCU_ERROR_TIMEOUT};
  check_end(&e, false);
}

/* --- rejections ----------------------------------------------------------------------------------------------------
 */

static void test_a_rejection_is_told_with_its_triple(void **state) {
  (void)state;
  static const struct {
    uint8_t result, source, reason;
  } triples[] = {{1, 1, 1}, {1, 1, 3}, {1, 1, 7}, {1, 2, 2}, {2, 3, 1}, {2, 3, 2}, {1, 1, 9}, {7, 9, 200}};
  for (size_t i = 0; i < sizeof triples / sizeof *triples; i++) {
    const peer_step script[] = {
        RQ,
        {.action = PEER_REJECT, .count = triples[i].result, .status = triples[i].source, .field = triples[i].reason},
        CLOSE,
        SILENCE};
    fixture f;
    fixture_start(&f, script);
    scu_response *response;
    assert_int_equal(scu_echo(f.session, &response), SCU_ERROR_REJECTED);
    const scu_error *error = scu_session_error(f.session);
    assert_int_equal(scu_error_phase(error), SCU_PHASE_ASSOCIATE);
    assert_int_equal(scu_error_reject_result(error), triples[i].result);
    assert_int_equal(scu_error_source(error), triples[i].source);
    assert_int_equal(scu_error_reason_code(error), triples[i].reason);
    assert_string_equal(scu_error_peer(error), f.peer.name);
    fixture_stop(&f);
  }
}

static void test_a_peer_without_verification_is_told_so(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, {.action = PEER_SERVE}, SILENCE};
  fixture f;
  fixture_start(&f, script);
  f.peer.refused_class = "1.2.840.10008.1.1";
  scu_response *response;
  assert_int_equal(scu_echo(f.session, &response), SCU_ERROR_REJECTED);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "1.2.840.10008.1.1"));
  assert_string_equal(scu_error_peer(scu_session_error(f.session)), f.peer.name);
  fixture_stop(&f);
}

/* --- lies ----------------------------------------------------------------------------------------------------------
 */

static void check_ac_lie(peer_lie lie, scu_result expected) {
  static const peer_step script[] = {RQ, ACCEPT, {.action = PEER_SERVE}, SILENCE};
  fixture f;
  fixture_start(&f, script);
  f.peer.lie = lie;
  scu_response *response;
  assert_int_equal(scu_echo(f.session, &response), expected);
  const scu_error *error = scu_session_error(f.session);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_ASSOCIATE);
  assert_string_equal(scu_error_peer(error), f.peer.name);
  fixture_stop(&f);
}

static void test_an_acceptance_that_lies_is_an_error_of_the_association(void **state) {
  (void)state;
  check_ac_lie(PEER_EVEN_CONTEXT, SCU_ERROR_REJECTED);
  check_ac_lie(PEER_UNKNOWN_CONTEXT, SCU_ERROR_REJECTED);
  check_ac_lie(PEER_UNOFFERED_SYNTAX, SCU_ERROR_REJECTED);
  check_ac_lie(PEER_OTHER_APPLICATION_CONTEXT, SCU_ERROR_PROTOCOL);
  check_ac_lie(PEER_TINY_MAXIMUM, SCU_ERROR_PROTOCOL);
}

static void check_response(const peer_step *answer, scu_result expected, const char *word) {
  const peer_step script[] = {RQ, ACCEPT, REQUEST, *answer, SILENCE};
  fixture f;
  fixture_start(&f, script);
  scu_response *response = NULL;
  scu_result result = scu_echo(f.session, &response);
  const scu_error *error = scu_session_error(f.session);
  if (result != expected) fail_msg("%s: %s", scu_result_name(result), scu_error_reason(error));
  assert_int_equal(scu_error_phase(error), SCU_PHASE_RESPONSE);
  assert_string_equal(scu_error_peer(error), f.peer.name);
  if (!strstr(scu_error_reason(error), word)) fail_msg("no '%s' in: %s", word, scu_error_reason(error));
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_a_response_in_an_even_or_unknown_context_is_a_protocol_error(void **state) {
  (void)state;
  check_response(&(peer_step){.action = PEER_RESPOND, .context = 2}, SCU_ERROR_PROTOCOL, "context 2");
  check_response(&(peer_step){.action = PEER_RESPOND, .context = 77}, SCU_ERROR_PROTOCOL, "context 77");
}

static void test_a_response_of_another_kind_is_a_protocol_error(void **state) {
  (void)state;
  check_response(&(peer_step){.action = PEER_RESPOND, .response_field = SCU__C_FIND_RSP}, SCU_ERROR_PROTOCOL,
                 "C-FIND-RSP");
}

static void test_a_response_to_what_was_never_asked_is_a_protocol_error(void **state) {
  (void)state;
  check_response(&(peer_step){.action = PEER_RESPOND, .message_id = 999}, SCU_ERROR_PROTOCOL, "message ID 999");
}

/* It may have been on its way when its request was given up. */
static void test_a_late_response_to_what_was_asked_before_is_waited_past(void **state) {
  (void)state;
  static const peer_step script[] = {RQ,
                                     ACCEPT,
                                     REQUEST,
                                     {.action = PEER_RESPOND},
                                     REQUEST,
                                     {.action = PEER_RESPOND, .message_id = 1},
                                     {.action = PEER_RESPOND},
                                     SILENCE};
  fixture f;
  fixture_start(&f, script);
  for (int i = 0; i < 2; i++) {
    scu_response *response = NULL;
    assert_int_equal(scu_echo(f.session, &response), SCU_OK);
    scu_response_free(response);
  }
  assert_int_equal(f.peer.accepted, 1);
  fixture_stop(&f);
}

static void test_a_response_that_promises_a_data_set_and_brings_none_is_a_protocol_error(void **state) {
  (void)state;
  check_response(&(peer_step){.action = PEER_RESPOND, .has_dataset_lie = true}, SCU_ERROR_PROTOCOL, "data set");
}

static void test_a_data_set_that_was_not_promised_does_not_desynchronise(void **state) {
  (void)state;
  const peer_step script[] = {
      RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .bytes = "abcd", .length = 4, .has_dataset_lie = true}, SILENCE};
  fixture f;
  fixture_start(&f, script);
  scu_response *response = NULL;
  /* The response itself was whole: the echo has its answer; the association is not used again. */
  assert_int_equal(scu_echo(f.session, &response), SCU_OK);
  scu_response_free(response);
  TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "ABORT"), 5000);
  assert_non_null(strstr(f.peer.log, "ABORT"));
  fixture_stop(&f);
}

static uint8_t too_large[6 + 200 * 1024];

static void check_raw(const void *bytes, size_t length, scu_result expected, const char *word) {
  const peer_step send = {.action = PEER_SEND, .bytes = bytes, .length = length};
  check_response(&send, expected, word);
}

static void test_a_pdu_larger_than_agreed_is_a_protocol_error_with_both_numbers(void **state) {
  (void)state;
  scu__pdu_header_store(too_large, SCU__PDU_P_DATA_TF, sizeof too_large - 6);
  check_raw(too_large, sizeof too_large, SCU_ERROR_PROTOCOL, "204800 bytes, 131072");
  scu__pdu_header_store(too_large, SCU__PDU_P_DATA_TF, 0xFFFFFFF0u);
  check_raw(too_large, 6, SCU_ERROR_PROTOCOL, "4294967280");
}

static void test_pdv_lengths_that_lie_are_protocol_errors(void **state) {
  (void)state;
  static const uint8_t too_long[] = {4, 0, 0, 0, 0, 8, 0, 0, 0, 20, 1, 3, 0, 0};
  static const uint8_t too_short[] = {4, 0, 0, 0, 0, 8, 0, 0, 0, 1, 1, 3, 0, 0};
  static const uint8_t huge[] = {4, 0, 0, 0, 0, 8, 0x7F, 0xFF, 0xFF, 0xFF, 1, 3, 0, 0};
  static const uint8_t empty[] = {4, 0, 0, 0, 0, 0};
  check_raw(too_long, sizeof too_long, SCU_ERROR_PROTOCOL, "20");
  check_raw(too_short, sizeof too_short, SCU_ERROR_PROTOCOL, "1");
  check_raw(huge, sizeof huge, SCU_ERROR_PROTOCOL, "2147483647");
  check_raw(empty, sizeof empty, SCU_ERROR_PROTOCOL, "0 bytes");
}

static void test_a_command_set_that_is_none_is_a_protocol_error(void **state) {
  (void)state;
  static const uint8_t nonsense[] = {4, 0, 0, 0, 0, 14, 0, 0, 0, 10, 1, 3, 'n', 'o', 'n', 's', 'e', 'n', 's', 'e'};
  static const uint8_t data_first[] = {4, 0, 0, 0, 0, 10, 0, 0, 0, 6, 1, 2, 'd', 'a', 't', 'a'};
  static const uint8_t release[] = {6, 0, 0, 0, 0, 4, 0, 0, 0, 0};
  static const uint8_t second_rq[] = {1, 0, 0, 0, 0, 68};
  check_raw(nonsense, sizeof nonsense, SCU_ERROR_PROTOCOL, "");
  check_raw(data_first, sizeof data_first, SCU_ERROR_PROTOCOL, "data set that no command announced");
  check_raw(release, sizeof release, SCU_ERROR_PROTOCOL, "A-RELEASE-RP");
  check_raw(second_rq, sizeof second_rq, SCU_ERROR_PROTOCOL, "A-ASSOCIATE-RQ");
}

static void test_other_protocols_are_named(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
    const char *word;
  } rows[] = {{"HTTP/1.1 400 Bad Request\r\n\r\n", 28, "HTTP"},
              {"SSH-2.0-OpenSSH_9.2\r\n", 21, "SSH"},
              {"\x15\x03\x01\x00\x02\x02\x46", 7, "TLS"}};
  for (size_t i = 0; i < 3; i++) {
    const peer_step script[] = {RQ, {.action = PEER_SEND, .bytes = rows[i].bytes, .length = rows[i].length}, SILENCE};
    fixture f;
    fixture_start(&f, script);
    scu_response *response;
    assert_int_equal(scu_echo(f.session, &response), SCU_ERROR_PROTOCOL);
    assert_int_equal(scu_error_phase(scu_session_error(f.session)), SCU_PHASE_ASSOCIATE);
    assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), rows[i].word));
    assert_true(scu_error_hint(scu_session_error(f.session))[0] != 0);
    fixture_stop(&f);
  }
}

static void test_a_peer_that_releases_instead_of_answering_is_a_closed_association(void **state) {
  (void)state;
  static const peer_step script[] = {RQ,    ACCEPT, REQUEST, {.action = PEER_RELEASE}, {.action = PEER_WAIT_RELEASED},
                                     CLOSE, SILENCE};
  fixture f;
  fixture_start(&f, script);
  scu_response *response;
  assert_int_equal(scu_echo(f.session, &response), SCU_ERROR_CLOSED);
  assert_int_equal(scu_error_phase(scu_session_error(f.session)), SCU_PHASE_RESPONSE);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "released"));
  fixture_stop(&f);
}

/* --- what works ----------------------------------------------------------------------------------------------------
 */

static const peer_step good[] = {RQ, ACCEPT, {.action = PEER_SERVE}, SILENCE};

static void test_two_echoes_share_an_association_and_it_is_released(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  for (int i = 0; i < 2; i++) {
    scu_response *response;
    assert_int_equal(scu_echo(f.session, &response), SCU_OK);
    assert_string_equal(scu_response_class(response), "success");
    scu_response_free(response);
  }
  assert_string_equal(scu_session_peer(f.session), f.peer.name);
  assert_int_equal(scu_session_peer_max_pdu(f.session), 16384);
  assert_int_equal(scu_session_context_count(f.session), 1);
  scu_session_free(f.session);
  f.session = NULL;
  TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "RELEASE"), 1000);
  assert_string_equal(f.peer.log, "1:RQ 1:C-ECHO-RQ 1:C-ECHO-RQ 1:RELEASE-RQ ");
  fixture_stop(&f);
}

static void test_a_failing_status_is_data(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .status = 0x0122, .comment = "no\x01 thanks"}, SILENCE};
  fixture f;
  fixture_start(&f, script);
  scu_response *response;
  assert_int_equal(scu_echo(f.session, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0x0122);
  assert_string_equal(scu_response_class(response), "failure");
  assert_string_equal(scu_response_comment(response), "no? thanks");
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_an_echo_in_any_pieces_is_the_same_echo(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 2, 7, PEER_RANDOM_WRITES};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    fixture f;
    fixture_start(&f, good);
    f.peer.write_size = sizes[i];
    scu_response *response;
    assert_int_equal(scu_echo(f.session, &response), SCU_OK);
    assert_int_equal(scu_response_status(response), 0);
    scu_response_free(response);
    scu_session_free(f.session);
    f.session = NULL;
    assert_string_equal(f.peer.log, "1:RQ 1:C-ECHO-RQ 1:RELEASE-RQ ");
    fixture_stop(&f);
  }
}

static void test_a_peer_that_lost_an_idle_association_gets_a_new_one(void **state) {
  (void)state;
  static const peer_step once[] = {RQ, ACCEPT, REQUEST, ANSWER, CLOSE, SILENCE};
  fixture f;
  fixture_start(&f, once);
  for (int i = 0; i < 3; i++) {
    scu_response *response;
    assert_int_equal(scu_echo(f.session, &response), SCU_OK);
    scu_response_free(response);
    TEST_LOOP_UNTIL(&f.time, scripted_peer_open_count(&f.peer) == 0, 100);
    for (int j = 0; j < 5; j++) scu_loop_step(f.time.loop);
  }
  assert_int_equal(f.peer.accepted, 3);
  fixture_stop(&f);
}

/* --- cancel and abort ----------------------------------------------------------------------------------------------
 */

static void test_a_cancelled_echo_aborts_at_once(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, SILENCE};
  fixture f;
  fixture_start(&f, script);
  scu_op *op = scu_echo_start(f.session);
  TEST_LOOP_UNTIL(&f.time, f.peer.message_count == 1, 1000);
  scu_cancel(f.session);
  assert_int_equal(scu_op_wait(op), SCU_ERROR_CANCELLED);
  assert_int_equal(scu_error_result(scu_op_error(op)), SCU_ERROR_CANCELLED);
  scu_op_free(op);
  TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "ABORT"), 1000);
  assert_non_null(strstr(f.peer.log, "ABORT(0/0)"));
  fixture_stop(&f);
}

static void test_abort_ends_an_echo_at_every_stage(void **state) {
  (void)state;
  static const peer_step silent[] = {SILENCE};
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, SILENCE};
  for (int stage = 0; stage < 3; stage++) {
    fixture f;
    fixture_start(&f, stage == 1 ? silent : script);
    scu_op *op = scu_echo_start(f.session);
    if (stage == 1) TEST_LOOP_UNTIL(&f.time, f.peer.accepted == 1, 1000);
    if (stage == 2) TEST_LOOP_UNTIL(&f.time, f.peer.message_count == 1, 1000);
    uint64_t before = f.time.now_ms;
    scu_abort(f.session);
    assert_int_equal(scu_op_wait(op), SCU_ERROR_ABORTED);
    assert_true(f.time.now_ms - before < 1000);
    scu_op_free(op);
    fixture_stop(&f);
  }
}

static void test_an_operation_that_is_freed_while_it_runs_leaves_nothing(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, SILENCE};
  for (unsigned steps = 0; steps < 12; steps++) {
    fixture f;
    fixture_start(&f, script);
    scu_op *op = scu_echo_start(f.session);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(f.time.loop);
    scu_op_free(op);
    fixture_stop(&f);
  }
}

/* --- connecting ----------------------------------------------------------------------------------------------------
 */

static void test_the_protocol_version_goes_out_as_it_is_set(void **state) {
  (void)state;
  for (int version = 0; version < 4; version++) {
    fixture f;
    fixture_prepare(&f, good);
    if (version > 0) scu_options_set_integer(f.options, SCU_OPTION_PROTOCOL_VERSION, version);
    fixture_open(&f);
    scu_response *response = NULL;
    assert_int_equal(scu_echo(f.session, &response), SCU_OK);
    scu_response_free(response);
    assert_int_equal(f.peer.request.data[0], 0);
    assert_int_equal(f.peer.request.data[1], version > 0 ? version : 1);
    fixture_stop(&f);
  }
}

static void test_a_tag_of_the_caller_stays_with_the_session(void **state) {
  (void)state;
  int own = 0;
  scu_session *session = NULL;
  scu_session_new(&session, NULL, "no peer"); /* a session that cannot be used has one, too */
  assert_null(scu_session_tag(session));
  scu_session_set_tag(session, &own);
  assert_ptr_equal(scu_session_tag(session), &own);
  scu_session_free(session);
}

static void test_a_refused_connection_names_the_address(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  snprintf(f.peer.name, sizeof f.peer.name, "PEER@127.0.0.1:%u", scripted_free_port());
  fixture_open(&f);
  scu_response *response;
  assert_int_equal(scu_echo(f.session, &response), SCU_ERROR_TRANSPORT);
  const scu_error *error = scu_session_error(f.session);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_CONNECT);
  assert_string_equal(scu_error_peer(error), f.peer.name);
  assert_non_null(strstr(scu_error_reason(error), "127.0.0.1"));
  assert_true(scu_error_errno(error) != 0);
  assert_true(scu_error_hint(error)[0] != 0);
  fixture_stop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_peer_that_closes_at_any_step_is_one_clear_error),
      cmocka_unit_test(test_a_peer_that_resets_at_any_step_is_one_clear_error),
      cmocka_unit_test(test_a_peer_that_aborts_at_any_step_is_one_clear_error),
      cmocka_unit_test(test_a_peer_that_sends_garbage_at_any_step_is_one_clear_error),
      cmocka_unit_test(test_a_peer_that_falls_silent_at_any_step_is_one_clear_error),
      cmocka_unit_test(test_a_rejection_is_told_with_its_triple),
      cmocka_unit_test(test_a_peer_without_verification_is_told_so),
      cmocka_unit_test(test_an_acceptance_that_lies_is_an_error_of_the_association),
      cmocka_unit_test(test_a_response_in_an_even_or_unknown_context_is_a_protocol_error),
      cmocka_unit_test(test_a_response_of_another_kind_is_a_protocol_error),
      cmocka_unit_test(test_a_response_to_what_was_never_asked_is_a_protocol_error),
      cmocka_unit_test(test_a_late_response_to_what_was_asked_before_is_waited_past),
      cmocka_unit_test(test_a_response_that_promises_a_data_set_and_brings_none_is_a_protocol_error),
      cmocka_unit_test(test_a_data_set_that_was_not_promised_does_not_desynchronise),
      cmocka_unit_test(test_a_pdu_larger_than_agreed_is_a_protocol_error_with_both_numbers),
      cmocka_unit_test(test_pdv_lengths_that_lie_are_protocol_errors),
      cmocka_unit_test(test_a_command_set_that_is_none_is_a_protocol_error),
      cmocka_unit_test(test_other_protocols_are_named),
      cmocka_unit_test(test_a_peer_that_releases_instead_of_answering_is_a_closed_association),
      cmocka_unit_test(test_two_echoes_share_an_association_and_it_is_released),
      cmocka_unit_test(test_a_failing_status_is_data),
      cmocka_unit_test(test_an_echo_in_any_pieces_is_the_same_echo),
      cmocka_unit_test(test_a_peer_that_lost_an_idle_association_gets_a_new_one),
      cmocka_unit_test(test_a_cancelled_echo_aborts_at_once),
      cmocka_unit_test(test_abort_ends_an_echo_at_every_stage),
      cmocka_unit_test(test_an_operation_that_is_freed_while_it_runs_leaves_nothing),
      cmocka_unit_test(test_the_protocol_version_goes_out_as_it_is_set),
      cmocka_unit_test(test_a_tag_of_the_caller_stays_with_the_session),
      cmocka_unit_test(test_a_refused_connection_names_the_address),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
