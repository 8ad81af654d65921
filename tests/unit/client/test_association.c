/* Messages one at a time on an association of their own, against a scripted peer: what goes out, what comes, requests
 * of the peer, windows, silence and ends of every kind. Time is the test's, see test_loop.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "data/transfer_syntax.h"
#include "scu/association.h"
#include "support/client_fixture.h"
#include "support/failing_allocator.h"
#include "support/scripted_peer_words.h"

#define ECHO  "1.2.840.10008.1.1"
#define FIND  "1.2.840.10008.5.1.4.1.2.2.1"
#define MOVE  "1.2.840.10008.5.1.4.1.2.2.2"
#define SC    "1.2.840.10008.5.1.4.1.1.7"
#define PUSH  "1.2.840.10008.5.1.4.34.6.1"
#define OTHER "1.2.840.10008.5.1.4.31"

static const peer_step good[] = {RQ, ACCEPT, SERVE, END};

static scu_result propose(void *user, scu_proposal *proposal) {
  static const char *const classes[] = {ECHO, FIND, MOVE, SC, PUSH};
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE};
  size_t *count = user;
  size_t wanted = count ? *count : sizeof classes / sizeof *classes;
  if (wanted > sizeof classes / sizeof *classes) return SCU_ERROR_LIMIT;
  for (size_t i = 0; i < wanted; i++) assert_int_equal(scu_proposal_add(proposal, classes[i], syntaxes, 2), SCU_OK);
  return SCU_OK;
}

static scu_association *open_association(fixture *f) {
  scu_association *association = NULL;
  scu_result result = scu_association_open(f->session, propose, NULL, &association);
  if (result != SCU_OK) fail_msg("%s", scu_error_reason(scu_session_error(f->session)));
  return association;
}

static scu_message *request(uint16_t field, const char *sop_class) {
  scu_message *message = NULL;
  assert_int_equal(scu_message_new(NULL, field, &message), SCU_OK);
  assert_int_equal(scu_message_set_sop_class_uid(message, sop_class), SCU_OK);
  return message;
}

static scu_message *request_with(uint16_t field, const char *sop_class, const char *dataset) {
  scu_message *message = request(field, sop_class);
  scu_dataset *keys = peer_dataset(dataset);
  assert_int_equal(scu_message_set_dataset(message, keys), SCU_OK);
  scu_dataset_free(keys);
  return message;
}

/* Sends and frees it: its Message ID. */
static uint16_t send(scu_association *association, scu_message *message) {
  uint16_t id = 0;
  scu_result result = scu_association_send(association, message, &id);
  if (result != SCU_OK) fail_msg("%s", scu_error_reason(scu_association_error(association)));
  scu_message_free(message);
  return id;
}

static const scu_message *receive(scu_association *association) {
  const scu_message *message = NULL;
  scu_result result = scu_association_receive(association, -1, &message);
  if (result != SCU_OK) fail_msg("%s", scu_error_reason(scu_association_error(association)));
  return message;
}

static void assert_answer(const scu_message *message, const char *name, uint16_t id, uint16_t status) {
  uint16_t responded = 0, said = 0;
  assert_string_equal(scu_message_name(message), name);
  assert_true(scu_message_is_response(message));
  assert_false(scu_message_is_sent(message));
  assert_true(scu_message_responded_id(message, &responded));
  assert_int_equal(responded, id);
  assert_true(scu_message_status(message, &said));
  assert_int_equal(said, status);
}

static void assert_text(const scu_dataset *dataset, const char *keyword, const char *expected) {
  char text[65];
  assert_non_null(dataset);
  assert_int_equal(scu_dataset_text(dataset, keyword, text, sizeof text), SCU_OK);
  assert_string_equal(text, expected);
}

/* --- our requests ------------------------------------------------------------------------------------------------- */

static void test_an_echo_goes_out_and_its_answer_comes(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_association *association = open_association(&f);
  assert_int_equal(scu_association_state(association), SCU_OK);
  uint16_t id = send(association, request(0x0030, ECHO));
  assert_int_equal(scu_association_open_requests(association), 1);
  const scu_message *answer = receive(association);
  assert_answer(answer, "C-ECHO-RSP", id, 0);
  assert_string_equal(scu_message_abstract_syntax(answer), ECHO);
  assert_int_equal(scu_message_association(answer), 1);
  assert_null(scu_message_dataset(answer));
  assert_int_equal(scu_association_open_requests(association), 0);
  scu_association_close(association);
  scu_association_close(NULL);
  scu_session_free(f.session);
  f.session = NULL;
  assert_non_null(strstr(f.peer.log, "RELEASE-RQ")); /* it went back to the session, which released it */
  fixture_stop(&f);
}

static void test_it_is_not_one_that_was_opened_for_something_else(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_response *response = NULL;
  assert_int_equal(scu_echo(f.session, &response), SCU_OK);
  scu_response_free(response);
  scu_association *association = open_association(&f);
  assert_int_equal(f.peer.accepted, 2);
  scu_association_close(association);
  assert_int_equal(scu_echo(f.session, &response), SCU_OK); /* but it is the session's again */
  scu_response_free(response);
  assert_int_equal(f.peer.accepted, 2);
  fixture_stop(&f);
}

static const char *two_rows(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  (void)query;
  return row == 0 ? "PatientID=1|PatientName=One" : row == 1 ? "PatientID=2|PatientName=Two" : NULL;
}

static void test_every_response_of_a_query_is_seen(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.row = two_rows;
  scu_association *association = open_association(&f);
  uint16_t id = send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY|PatientID="));
  const scu_message *answer = receive(association);
  assert_answer(answer, "C-FIND-RSP", id, 0xFF00);
  assert_text(scu_message_dataset(answer), "PatientID", "1");
  answer = receive(association);
  assert_answer(answer, "C-FIND-RSP", id, 0xFF00);
  assert_text(scu_message_dataset(answer), "PatientName", "Two");
  answer = receive(association);
  assert_answer(answer, "C-FIND-RSP", id, 0);
  assert_null(scu_message_dataset(answer));
  assert_text(f.peer.messages[0].dataset, "QueryRetrieveLevel", "STUDY");
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_messages_of_every_kind_go_out_as_they_were_filled(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_association *association = open_association(&f);

  scu_message *move = request_with(0x0021, MOVE, "QueryRetrieveLevel=STUDY|StudyInstanceUID=1.2");
  assert_int_equal(scu_message_set_move_destination(move, "ELSEWHERE"), SCU_OK);
  assert_int_equal(scu_message_set_priority(move, 1), SCU_OK);
  send(association, move);
  while (scu_association_open_requests(association) > 0) receive(association);

  scu_message *store = request_with(0x0001, SC, "SOPClassUID=" SC "|SOPInstanceUID=1.2.3");
  assert_int_equal(scu_message_set_sop_instance_uid(store, "1.2.3"), SCU_OK);
  send(association, store);
  receive(association);

  scu_message *action = request_with(0x0130, PUSH, "PatientID=1");
  assert_int_equal(scu_message_set_sop_instance_uid(action, "1.2.4"), SCU_OK);
  assert_int_equal(scu_message_set_action_type(action, 3), SCU_OK);
  send(association, action);
  receive(association);

  const peer_message *sent = scripted_peer_message(&f.peer, 0x0021, 0);
  assert_string_equal(sent->command.move_destination.text, "ELSEWHERE");
  assert_int_equal(sent->command.priority, 1);
  sent = scripted_peer_message(&f.peer, 0x0001, 0);
  assert_string_equal(sent->command.affected_sop_instance.text, "1.2.3");
  assert_text(sent->dataset, "SOPInstanceUID", "1.2.3");
  sent = scripted_peer_message(&f.peer, 0x0130, 0);
  assert_string_equal(sent->command.requested_sop_instance.text, "1.2.4");
  assert_string_equal(sent->command.requested_sop_class.text, PUSH);
  assert_int_equal(sent->command.action_type, 3);
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_a_query_can_be_cancelled(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ,   ACCEPT,
      NEXT, {.action = PEER_RESPOND, .status = 0xFF00, .text = "PatientID=1"},
      NEXT, {.action = PEER_RESPOND, .status = 0xFE00, .back = 1, .response_field = 0x8020},
      END};
  fixture f;
  fixture_start(&f, script);
  scu_association *association = open_association(&f);
  uint16_t id = send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
  assert_answer(receive(association), "C-FIND-RSP", id, 0xFF00);
  assert_int_equal(scu_association_cancel(association, (uint16_t)(id + 1)), SCU_ERROR_USAGE);
  assert_int_equal(scu_association_cancel(association, id), SCU_OK);
  assert_answer(receive(association), "C-FIND-RSP", id, 0xFE00);
  assert_int_equal(scripted_peer_count(&f.peer, 0x0FFF), 1);
  assert_int_equal(scu_association_cancel(association, id), SCU_ERROR_USAGE);
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_what_cannot_be_sent_is_refused_and_nothing_goes_out(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_association *association = open_association(&f);
  scu_message *bad = NULL;
  assert_int_equal(scu_message_new(NULL, 0x8030, &bad), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_new(NULL, 0x0FFF, &bad), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_new(NULL, 0x0444, &bad), SCU_ERROR_USAGE);
  assert_null(bad);

  bad = request(0x0020, FIND); /* without identifier */
  assert_int_equal(scu_association_send(association, bad, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_sop_class_uid(bad, "no uid"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_sop_instance_uid(bad, "1.2"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_event_type(bad, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_action_type(bad, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_counts(bad, 1, 1, 1, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_move_destination(bad, "AE"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_status(bad, 0), SCU_ERROR_USAGE);
  scu_message_free(bad);

  bad = request(0x0030, OTHER); /* not proposed */
  assert_int_equal(scu_association_send(association, bad, NULL), SCU_ERROR_REJECTED);
  scu_dataset *dataset = peer_dataset("PatientID=1");
  assert_int_equal(scu_message_set_dataset(bad, dataset), SCU_ERROR_USAGE); /* an echo has none */
  scu_message_free(bad);
  bad = request_with(0x0021, MOVE, "QueryRetrieveLevel=STUDY"); /* where to? */
  assert_int_equal(scu_association_send(association, bad, NULL), SCU_ERROR_USAGE);
  scu_message_free(bad);
  assert_int_equal(scu_association_send(association, NULL, NULL), SCU_ERROR_USAGE);
  assert_true(scu_error_reason(scu_association_error(association))[0]);
  scu_message_free(NULL);
  scu_dataset_free(dataset);

  /* And it is none the worse. */
  uint16_t id = send(association, request(0x0030, ECHO));
  assert_answer(receive(association), "C-ECHO-RSP", id, 0);
  assert_int_equal(f.peer.message_count, 1);
  scu_association_close(association);
  fixture_stop(&f);
}

/* PS3.7 D.3.3.3: without a window, one request at a time. */
static void test_no_more_requests_are_open_than_the_peer_allows(void **state) {
  (void)state;
  for (uint16_t window = 1; window <= 3; window++) {
    static const peer_step script[] = {RQ, ACCEPT, {.action = PEER_HOLD}, SERVE, END};
    fixture f;
    fixture_prepare(&f, script);
    scu_options_set_integer(f.options, SCU_OPTION_ASYNC_WINDOW, window == 1 ? 1 : 8);
    f.peer.grants_window = window > 1;
    f.peer.window = window;
    fixture_open(&f);
    scu_association *association = open_association(&f);
    scu_message *echo = request(0x0030, ECHO);
    for (uint16_t i = 0; i < window; i++) assert_int_equal(scu_association_send(association, echo, NULL), SCU_OK);
    assert_int_equal(scu_association_send(association, echo, NULL), SCU_ERROR_LIMIT);
    assert_int_equal(scu_association_open_requests(association), window);
    scripted_peer_go(&f.peer);
    for (uint16_t i = 0; i < window; i++) assert_answer(receive(association), "C-ECHO-RSP", (uint16_t)(i + 1), 0);
    assert_int_equal(f.peer.most_open, window);
    scu_message_free(echo);
    scu_association_close(association);
    fixture_stop(&f);
  }
}

/* --- the peer's requests ------------------------------------------------------------------------------------------ */

static void test_a_request_of_the_peer_is_received_and_answered(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ, ACCEPT, {.action = PEER_STORE, .uid = "1.2.9", .length = 100}, NEXT, {.action = PEER_ECHO}, NEXT, SERVE, END};
  fixture f;
  fixture_start(&f, script);
  scu_association *association = open_association(&f);
  const scu_message *asked = receive(association);
  assert_string_equal(scu_message_name(asked), "C-STORE-RQ");
  assert_string_equal(scu_message_sop_instance_uid(asked), "1.2.9");
  assert_text(scu_message_dataset(asked), "SOPInstanceUID", "1.2.9");
  scu_message *response = NULL;
  assert_int_equal(scu_message_new_response(asked, 0xB007, &response), SCU_OK);
  assert_int_equal(scu_message_set_error_comment(response, "as you say"), SCU_OK);
  assert_int_equal(scu_message_set_sop_class_uid(response, ECHO), SCU_ERROR_USAGE); /* the request's */
  assert_int_equal(scu_association_send(association, response, NULL), SCU_OK);
  assert_int_equal(scu_association_send(association, response, NULL), SCU_ERROR_USAGE); /* once */
  scu_message_free(response);

  asked = receive(association);
  assert_string_equal(scu_message_name(asked), "C-ECHO-RQ");
  assert_int_equal(scu_message_new_response(asked, 0x0000, &response), SCU_OK);
  assert_int_equal(scu_association_send(association, response, NULL), SCU_OK);
  scu_message *nothing = NULL;
  assert_int_equal(scu_message_new_response(response, 0, &nothing), SCU_ERROR_USAGE);
  scu_message_free(response);
  /* Both answers are there before this one. */
  assert_answer((send(association, request(0x0030, ECHO)), receive(association)), "C-ECHO-RSP", 1, 0);
  const peer_message *said = scripted_peer_message(&f.peer, 0x8001, 0);
  assert_int_equal(said->command.status, 0xB007);
  assert_string_equal(said->command.error_comment, "as you say");
  assert_string_equal(said->command.affected_sop_instance.text, "1.2.9");
  assert_int_equal(scripted_peer_count(&f.peer, 0x8030), 1);
  scu_association_close(association);
  fixture_stop(&f);
}

/* --- requests of the peer in the middle of something else -----------------------------------------------------------
 */

typedef struct server {
  unsigned calls;
  char instance[65], patient[65];
  uint16_t status;
  bool is_nested; /* steps the loop */
  scu_session *session;
} server;

static void serve(void *user, const scu_message *asked, scu_message *response) {
  server *s = user;
  s->calls++;
  assert_true(scu_message_is_response(response));
  snprintf(s->instance, sizeof s->instance, "%s", scu_message_sop_instance_uid(asked));
  if (scu_message_dataset(asked))
    scu_dataset_text(scu_message_dataset(asked), "SOPInstanceUID", s->patient, sizeof s->patient);
  if (s->status) assert_int_equal(scu_message_set_status(response, s->status), SCU_OK);
  assert_int_equal(scu_message_set_error_comment(response, "served"), SCU_OK);
  if (!s->is_nested) return;
  scu_response *nested = NULL;
  assert_int_equal(scu_echo(s->session, &nested), SCU_OK);
  scu_response_free(nested);
}

static void propose_storage(void *user, uint32_t association, scu_proposal *proposal) {
  static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE};
  (void)user;
  (void)association;
  assert_int_equal(scu_proposal_add(proposal, SC, syntaxes, 1), SCU_OK);
  assert_int_equal(scu_proposal_set_role(proposal, SC, 0, 1), SCU_OK);
}

/* A C-STORE before the answer to an echo, and another one when the association is idle. */
static void check_served(server *s, uint16_t expected) {
  static const peer_step script[] = {RQ,
                                     ACCEPT,
                                     NEXT,
                                     {.action = PEER_STORE, .uid = "1.2.9", .length = 100},
                                     NEXT,
                                     {.action = PEER_RESPOND, .back = 1, .response_field = 0x8030},
                                     {.action = PEER_HOLD},
                                     {.action = PEER_STORE, .uid = "1.2.10", .length = 100},
                                     NEXT,
                                     SERVE,
                                     END};
  static const peer_step *const scripts[] = {script, good};
  fixture f;
  memset(&f, 0, sizeof f);
  fixture_prepare_many(&f, scripts, 2);
  fixture_open(&f);
  const scu_hooks hooks = {.size = sizeof hooks, .before_associate = propose_storage};
  scu_session_set_hooks(f.session, &hooks);
  s->session = f.session;
  assert_int_equal(scu_session_serve(f.session, 0x0001, serve, s), SCU_OK);
  assert_int_equal(scu_session_serve(f.session, 0x0FFF, serve, s), SCU_ERROR_USAGE);
  assert_int_equal(scu_session_serve(f.session, 0x8001, serve, s), SCU_ERROR_USAGE);
  scu_response *response = NULL;
  assert_int_equal(scu_echo(f.session, &response), SCU_OK);
  assert_int_equal(scu_response_status(response), 0);
  scu_response_free(response);
  scripted_peer_go(&f.peer);
  for (int i = 0; i < 200 && scripted_peer_count(&f.peer, 0x8001) < 2; i++) scu_loop_wait(f.time.loop, 10);
  assert_int_equal(scripted_peer_count(&f.peer, 0x8001), 2);
  for (size_t i = 0; i < 2; i++) assert_int_equal(scripted_peer_message(&f.peer, 0x8001, i)->command.status, expected);
  assert_string_equal(scripted_peer_message(&f.peer, 0x8001, 1)->command.affected_sop_instance.text, "1.2.10");
  assert_int_equal(f.peer.most_open, 1);
  fixture_stop(&f);
}

static void test_requests_of_the_peer_are_routed_by_command_field_at_any_time(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    server s = {.status = i == 1 ? 0xA700 : 0, .is_nested = i == 2};
    check_served(&s, i == 1 ? 0xA700 : 0);
    assert_int_equal(s.calls, 2);
    assert_string_equal(s.instance, "1.2.10");
    assert_string_equal(s.patient, "1.2.10");
  }
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static void test_an_association_that_cannot_be_had_is_an_error_of_the_session(void **state) {
  (void)state;
  static const peer_step rejects[] = {RQ, {.action = PEER_REJECT, .count = 1, .status = 1, .field = 7}, END};
  fixture f;
  fixture_start(&f, rejects);
  scu_association *association = NULL;
  assert_int_equal(scu_association_open(f.session, propose, NULL, &association), SCU_ERROR_REJECTED);
  assert_null(association);
  assert_int_equal(scu_session_error(f.session)->result, SCU_ERROR_REJECTED);
  size_t none = 0, too_many = 100;
  assert_int_equal(scu_association_open(f.session, propose, &none, &association), SCU_ERROR_USAGE);
  assert_int_equal(scu_association_open(f.session, propose, &too_many, &association), SCU_ERROR_LIMIT);
  assert_int_equal(scu_association_open(f.session, NULL, NULL, &association), SCU_ERROR_USAGE);
  assert_null(association);
  fixture_stop(&f);
}

static void test_silence_ends_it_and_only_while_a_request_is_open(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, NEXT, {.action = PEER_RESPOND}, NEXT, END};
  fixture f;
  fixture_prepare(&f, script);
  scu_options_set_duration_ms(f.options, SCU_OPTION_TIMEOUT_RESPONSE, 2000);
  fixture_open(&f);
  scu_association *association = open_association(&f);
  const scu_message *message;
  assert_int_equal(scu_association_receive(association, 60000, &message), SCU_PENDING);
  assert_int_equal(scu_association_receive(association, 0, &message), SCU_PENDING);
  send(association, request(0x0030, ECHO));
  receive(association);
  assert_int_equal(scu_association_receive(association, 60000, &message), SCU_PENDING);
  send(association, request(0x0030, ECHO));
  uint64_t asked_ms = f.time.now_ms;
  assert_int_equal(scu_association_receive(association, -1, &message), SCU_ERROR_TIMEOUT);
  assert_in_range(f.time.now_ms - asked_ms, 2000, 3000);
  assert_int_equal(scu_association_state(association), SCU_ERROR_TIMEOUT);
  assert_int_equal(scu_association_open_requests(association), 0);
  scu_message *echo = request(0x0030, ECHO);
  assert_int_equal(scu_association_send(association, echo, NULL), SCU_ERROR_TIMEOUT);
  scu_message_free(echo);
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_what_came_before_the_end_is_given_out_before_it(void **state) {
  (void)state;
  static const peer_step ends[] = {
      {.action = PEER_CLOSE}, {.action = PEER_RESET}, {.action = PEER_ABORT}, {.action = PEER_RELEASE}};
  static const scu_result results[] = {SCU_ERROR_CLOSED, SCU_ERROR_CLOSED, SCU_ERROR_ABORTED, SCU_ERROR_CLOSED};
  for (size_t i = 0; i < 4; i++) {
    const peer_step script[] = {
        RQ, ACCEPT, NEXT, {.action = PEER_RESPOND, .status = 0xFF00, .text = "PatientID=1"}, ends[i], END};
    fixture f;
    fixture_start(&f, script);
    scu_association *association = open_association(&f);
    uint16_t id = send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
    const scu_message *message = NULL;
    if (i == 1) { /* a reset may take what was not read */
      scu_result result = scu_association_receive(association, -1, &message);
      if (result == SCU_OK) result = scu_association_receive(association, -1, &message);
      assert_true(result == SCU_ERROR_CLOSED || result == SCU_ERROR_TRANSPORT);
    } else {
      assert_answer(receive(association), "C-FIND-RSP", id, 0xFF00);
      assert_int_equal(scu_association_receive(association, -1, &message), results[i]);
      assert_int_equal(scu_association_receive(association, -1, &message), results[i]);
      assert_true(scu_error_reason(scu_association_error(association))[0]);
    }
    assert_null(message);
    scu_association_close(association);
    fixture_stop(&f);
  }
}

static void test_closing_with_an_open_request_aborts_and_the_session_goes_on(void **state) {
  (void)state;
  static const peer_step silent[] = {RQ, ACCEPT, NEXT, {.action = PEER_WAIT_ABORT}, {.action = PEER_CLOSE}, END};
  static const peer_step *const scripts[] = {silent, good};
  fixture f;
  memset(&f, 0, sizeof f);
  fixture_prepare_many(&f, scripts, 2);
  fixture_open(&f);
  scu_association *association = open_association(&f);
  send(association, request(0x0030, ECHO));
  scu_association_close(association);
  scu_response *response = NULL;
  assert_int_equal(scu_echo(f.session, &response), SCU_OK);
  scu_response_free(response);
  assert_non_null(strstr(f.peer.log, "ABORT"));
  fixture_stop(&f);
}

static void test_the_session_may_be_freed_first(void **state) {
  (void)state;
  for (int sent = 0; sent < 2; sent++) {
    fixture f;
    fixture_start(&f, good);
    scu_association *association = open_association(&f);
    if (sent) send(association, request(0x0030, ECHO));
    fixture_stop(&f);
  }
}

static void test_cancel_and_abort_of_the_session_reach_it(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, NEXT, {.action = PEER_WAIT_MESSAGE}, END};
  fixture f;
  fixture_start(&f, script);
  scu_association *association = open_association(&f);
  send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
  scu_cancel(f.session);
  const scu_message *message;
  assert_int_equal(scu_association_receive(association, 1000, &message), SCU_PENDING);
  assert_int_equal(scripted_peer_count(&f.peer, 0x0FFF), 1);
  scu_abort(f.session);
  assert_int_equal(scu_association_receive(association, -1, &message), SCU_ERROR_ABORTED);
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_each_request_can_be_cancelled_by_the_session(void **state) {
  (void)state;
  static const peer_step script[] = {RQ,
                                     ACCEPT,
                                     NEXT,
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_RESPOND, .status = 0xFE00, .back = 1, .response_field = 0x8020},
                                     NEXT,
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_RESPOND, .status = 0xFE00, .back = 1, .response_field = 0x8020},
                                     END};
  fixture f;
  fixture_start(&f, script);
  scu_association *association = open_association(&f);
  const scu_message *message;
  scu_cancel(f.session); /* nothing is open: nothing happens */
  assert_int_equal(scu_association_receive(association, 100, &message), SCU_PENDING);
  assert_int_equal(scu_association_state(association), SCU_OK);
  for (uint16_t i = 0; i < 2; i++) {
    uint16_t id = send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
    scu_cancel(f.session);
    assert_answer(receive(association), "C-FIND-RSP", id, 0xFE00);
    assert_int_equal(scripted_peer_count(&f.peer, 0x0FFF), i + 1);
  }
  scu_association_close(association);
  fixture_stop(&f);
}

/* The caller has been given a request and has not answered it: the association is no good to anybody else. */
static void test_closing_with_an_unanswered_request_of_the_peer_aborts(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ, ACCEPT, {.action = PEER_ECHO}, {.action = PEER_WAIT_ABORT}, {.action = PEER_CLOSE}, END};
  fixture f;
  fixture_start(&f, script);
  scu_association *association = open_association(&f);
  assert_string_equal(scu_message_name(receive(association)), "C-ECHO-RQ");
  scu_association_close(association);
  TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "ABORT"), 1000);
  assert_non_null(strstr(f.peer.log, "ABORT"));
  fixture_stop(&f);
}

static void test_a_caller_who_does_not_read_is_not_a_silent_peer(void **state) {
  (void)state;
  static const peer_step script[] = {RQ,
                                     ACCEPT,
                                     NEXT,
                                     {.action = PEER_RESPOND, .status = 0xFF00, .text = "PatientID=1"},
                                     {.action = PEER_HOLD},
                                     {.action = PEER_RESPOND},
                                     END};
  fixture f;
  fixture_prepare(&f, script);
  scu_options_set_duration_ms(f.options, SCU_OPTION_TIMEOUT_RESPONSE, 2000);
  fixture_open(&f);
  scu_association *association = open_association(&f);
  uint16_t id = send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
  TEST_LOOP_UNTIL(&f.time, false, 10000);
  assert_int_equal(scu_association_state(association), SCU_OK);
  assert_answer(receive(association), "C-FIND-RSP", id, 0xFF00);
  scripted_peer_go(&f.peer);
  assert_answer(receive(association), "C-FIND-RSP", id, 0);
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_a_response_with_a_dataset_that_cannot_be_read_still_has_one(void **state) {
  (void)state;
  static const uint8_t cut[] = {0x10, 0, 0x20, 0, 200, 0, 0, 0, '1', ' '};
  static const peer_step script[] = {RQ,
                                     ACCEPT,
                                     NEXT,
                                     {.action = PEER_RESPOND, .status = 0xFF00, .bytes = cut, .length = sizeof cut},
                                     {.action = PEER_RESPOND},
                                     END};
  fixture f;
  fixture_start(&f, script);
  f.peer.only_syntax = SCU__UID_IMPLICIT_LE;
  scu_association *association = open_association(&f);
  uint16_t id = send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
  const scu_message *row = receive(association);
  assert_answer(row, "C-FIND-RSP", id, 0xFF00);
  assert_true(scu_message_has_dataset(row));
  assert_null(scu_message_dataset(row));
  const scu_message *last = receive(association);
  assert_answer(last, "C-FIND-RSP", id, 0);
  assert_false(scu_message_has_dataset(last));
  assert_int_equal(scu_message_dataset_length(last), 0);
  scu_association_close(association);
  fixture_stop(&f);
}

static scu_association *to_close;

static void close_in_server(void *user, const scu_message *asked, scu_message *response) {
  (void)user;
  (void)asked;
  (void)response;
  scu_association_close(to_close);
  to_close = NULL;
}

/* A C-STORE comes over another association of the session, and its server closes the one that is waited for. */
static void test_a_hook_may_close_what_is_waited_for(void **state) {
  (void)state;
  static const peer_step stores[] = {RQ,
                                     ACCEPT,
                                     NEXT,
                                     {.action = PEER_RESPOND},
                                     {.action = PEER_HOLD},
                                     {.action = PEER_STORE, .uid = "1.2.9", .length = 100},
                                     NEXT,
                                     SERVE,
                                     END};
  static const peer_step silent[] = {RQ, ACCEPT, NEXT, END};
  static const peer_step *const scripts[] = {stores, silent};
  fixture f;
  memset(&f, 0, sizeof f);
  fixture_prepare_many(&f, scripts, 2);
  fixture_open(&f);
  const scu_hooks hooks = {.size = sizeof hooks, .before_associate = propose_storage};
  scu_session_set_hooks(f.session, &hooks);
  scu_association *first = open_association(&f);
  uint16_t id = send(first, request(0x0030, ECHO));
  assert_answer(receive(first), "C-ECHO-RSP", id, 0);
  to_close = open_association(&f);
  send(to_close, request(0x0030, ECHO));
  scu_association_close(first); /* the session's again: its requests are served */
  assert_int_equal(scu_session_serve(f.session, 0x0001, close_in_server, NULL), SCU_OK);
  scripted_peer_go(&f.peer);
  const scu_message *message;
  assert_int_equal(scu_association_receive(to_close, -1, &message), SCU_ERROR_CANCELLED);
  assert_null(to_close);
  fixture_stop(&f);
}

/* --- datasets ----------------------------------------------------------------------------------------------------- */

static scu_result propose_syntax(void *user, scu_proposal *proposal) {
  const char *syntax = user;
  scu_result result = scu_proposal_add(proposal, SC, &syntax, 1);
  return result == SCU_OK ? scu_proposal_add(proposal, PUSH, &syntax, 1) : result;
}

static void test_datasets_go_out_as_the_transfer_syntax_of_the_context_wants(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_association *association = NULL;
  /* Deflated: what the peer inflates is what was given. */
  char deflated[] = "1.2.840.10008.1.2.1.99", jpeg[] = "1.2.840.10008.1.2.4.50";
  assert_int_equal(scu_association_open(f.session, propose_syntax, deflated, &association), SCU_OK);
  scu_message *set = request_with(0x0120, PUSH, "PatientID=DEFLATED");
  assert_int_equal(scu_message_set_sop_instance_uid(set, "1.2.4"), SCU_OK);
  send(association, set);
  receive(association);
  const scu__buffer *came = &f.peer.messages[0].bytes;
  for (size_t i = 0; i + 8 <= came->length; i++) assert_int_not_equal(memcmp(came->data + i, "DEFLATED", 8), 0);
  assert_true(came->length > 0 && came->length % 2 == 0);
  scu_association_close(association);
  /* Encapsulated: native Pixel Data is not for it. */
  assert_int_equal(scu_association_open(f.session, propose_syntax, jpeg, &association), SCU_OK);
  scu_message *store = request_with(0x0001, SC, "SOPClassUID=" SC "|SOPInstanceUID=1.2.3");
  assert_int_equal(scu_message_set_sop_instance_uid(store, "1.2.3"), SCU_OK);
  scu_dataset *dataset;
  assert_int_equal(scu_message_edit_dataset(store, &dataset), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, 0x7FE00010, SCU_VR_OW, "1234", 4), SCU_OK);
  assert_int_equal(scu_association_send(association, store, NULL), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_association_error(association)), "Pixel Data"));
  assert_int_equal(scu_dataset_remove(dataset, "PixelData"), SCU_OK);
  assert_int_equal(scu_association_send(association, store, NULL), SCU_OK);
  receive(association);
  scu_message_free(store);
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_a_change_that_failed_is_not_sent_as_if_it_had_worked(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_association *association = open_association(&f);
  scu_message *find = request(0x0020, FIND);
  scu_dataset *keys = NULL;
  assert_int_equal(scu_message_edit_dataset(find, &keys), SCU_OK); /* an empty one */
  assert_non_null(keys);
  assert_true(scu_message_has_dataset(find));
  assert_int_equal(scu_association_send(association, find, NULL), SCU_ERROR_USAGE); /* empty */
  assert_int_not_equal(scu_dataset_set_text(keys, "NoSuchKeyword", "1"), SCU_OK);
  assert_int_equal(scu_association_send(association, find, NULL), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_association_error(association)), "NoSuchKeyword"));
  assert_int_equal(scu_dataset_set_text(keys, "QueryRetrieveLevel", "STUDY"), SCU_OK);
  assert_int_equal(scu_association_send(association, find, NULL), SCU_OK);
  scu_message_free(find);
  receive(association);
  assert_text(f.peer.messages[0].dataset, "QueryRetrieveLevel", "STUDY");
  scu_association_close(association);
  fixture_stop(&f);
}

static const char *many_rows(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  (void)query;
  return row < 5000 ? "PatientID=1|PatientName=Somebody" : NULL;
}

static void count_message(void *user, const scu_message *message) {
  if (!scu_message_is_sent(message)) ++*(size_t *)user;
}

static void test_a_slow_reader_holds_the_peer_back_and_loses_nothing(void **state) {
  (void)state;
  fixture f;
  size_t came = 0;
  fixture_start(&f, good);
  const scu_hooks hooks = {.size = sizeof hooks, .after_message = count_message, .user = &came};
  scu_session_set_hooks(f.session, &hooks);
  f.peer.row = many_rows;
  scu_association *association = open_association(&f);
  send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
  const scu_message *message;
  for (int i = 0; i < 2000; i++) scu_loop_wait(f.time.loop, 0); /* nobody reads */
  assert_in_range(came, 512, 513);                              /* and the request that went out */
  size_t count = 0;
  uint16_t status = 0xFF00;
  for (; status == 0xFF00; count++) assert_true(scu_message_status(message = receive(association), &status));
  assert_int_equal(count, 5001);
  scu_association_close(association);
  fixture_stop(&f);
}

static void test_a_few_large_answers_hold_the_peer_back_and_all_come(void **state) {
  (void)state;
  enum { EACH = 12 * 1024 * 1024, COUNT = 4 };
  static const uint8_t header[] = {0x42, 0, 0x11, 0, 'O', 'B', 0, 0, 0, 0, 0xC0, 0}; /* 12 MiB */
  uint8_t *bytes = calloc(1, sizeof header + EACH);
  assert_non_null(bytes);
  memcpy(bytes, header, sizeof header);
  const peer_step large = {.action = PEER_RESPOND, .status = 0xFF00, .bytes = bytes, .length = sizeof header + EACH};
  const peer_step script[] = {RQ, ACCEPT, NEXT, large, large, large, large, {.action = PEER_RESPOND}, END};
  fixture f;
  fixture_start(&f, script);
  scu_association *association = open_association(&f);
  uint16_t id = send(association, request_with(0x0020, FIND, "QueryRetrieveLevel=STUDY"));
  for (int i = 0; i < 3000; i++) scu_loop_wait(f.time.loop, 0); /* nobody reads */
  for (int i = 0; i < COUNT; i++) assert_answer(receive(association), "C-FIND-RSP", id, 0xFF00);
  assert_answer(receive(association), "C-FIND-RSP", id, 0);
  scu_association_close(association);
  fixture_stop(&f);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_echo_goes_out_and_its_answer_comes),
      cmocka_unit_test(test_it_is_not_one_that_was_opened_for_something_else),
      cmocka_unit_test(test_every_response_of_a_query_is_seen),
      cmocka_unit_test(test_messages_of_every_kind_go_out_as_they_were_filled),
      cmocka_unit_test(test_a_query_can_be_cancelled),
      cmocka_unit_test(test_what_cannot_be_sent_is_refused_and_nothing_goes_out),
      cmocka_unit_test(test_no_more_requests_are_open_than_the_peer_allows),
      cmocka_unit_test(test_a_request_of_the_peer_is_received_and_answered),
      cmocka_unit_test(test_requests_of_the_peer_are_routed_by_command_field_at_any_time),
      cmocka_unit_test(test_an_association_that_cannot_be_had_is_an_error_of_the_session),
      cmocka_unit_test(test_silence_ends_it_and_only_while_a_request_is_open),
      cmocka_unit_test(test_what_came_before_the_end_is_given_out_before_it),
      cmocka_unit_test(test_closing_with_an_open_request_aborts_and_the_session_goes_on),
      cmocka_unit_test(test_the_session_may_be_freed_first),
      cmocka_unit_test(test_cancel_and_abort_of_the_session_reach_it),
      cmocka_unit_test(test_each_request_can_be_cancelled_by_the_session),
      cmocka_unit_test(test_closing_with_an_unanswered_request_of_the_peer_aborts),
      cmocka_unit_test(test_a_caller_who_does_not_read_is_not_a_silent_peer),
      cmocka_unit_test(test_a_response_with_a_dataset_that_cannot_be_read_still_has_one),
      cmocka_unit_test(test_a_hook_may_close_what_is_waited_for),
      cmocka_unit_test(test_datasets_go_out_as_the_transfer_syntax_of_the_context_wants),
      cmocka_unit_test(test_a_change_that_failed_is_not_sent_as_if_it_had_worked),
      cmocka_unit_test(test_a_slow_reader_holds_the_peer_back_and_loses_nothing),
      cmocka_unit_test(test_a_few_large_answers_hold_the_peer_back_and_all_come),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
