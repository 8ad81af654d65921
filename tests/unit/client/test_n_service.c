/* Requests of the N-services on a session, against a scripted peer: what goes out, what comes back, what cannot be
 * asked, and peers that break off (PS3.7 10). Time is the test's, see test_loop.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "data/transfer_syntax.h"
#include "scu/n_service.h"
#include "scu/uid.h"
#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"

#define CLASS       "1.2.840.10008.5.1.4.34.6.1" /* UPS Push */
#define WATCH_CLASS "1.2.840.10008.5.1.4.34.6.2"
#define INSTANCE    "1.2.3.4"

#define REQUEST                                                                                                        \
  { .action = PEER_WAIT_MESSAGE }
#define SILENCE                                                                                                        \
  { .action = PEER_END }

static const peer_step good[] = {RQ, ACCEPT, SERVE, SILENCE};

static const scu_n_service services[] = {SCU_N_EVENT_REPORT, SCU_N_GET,    SCU_N_SET,
                                         SCU_N_ACTION,       SCU_N_CREATE, SCU_N_DELETE};
enum { SERVICES = sizeof services / sizeof *services };

static bool may_bring_dataset(scu_n_service service) {
  return service != SCU_N_GET && service != SCU_N_DELETE;
}

static bool has_type(scu_n_service service) {
  return service == SCU_N_EVENT_REPORT || service == SCU_N_ACTION;
}

/* Complete, but for the dataset. */
static scu_n_message message_for(scu_n_service service) {
  return (scu_n_message){.size = sizeof(scu_n_message),
                         .service = service,
                         .sop_class_uid = CLASS,
                         .sop_instance_uid = INSTANCE,
                         .type_id = has_type(service) ? 3 : 0};
}

static scu_response *ask(fixture *f, const scu_n_message *message) {
  scu_response *response = NULL;
  scu_result result = scu_n_request(f->session, message, &response);
  if (result != SCU_OK) fail_msg("%s", scu_error_reason(scu_session_error(f->session)));
  assert_non_null(response);
  return response;
}

/* --- going out ---------------------------------------------------------------------------------------------------- */

static void check_sent(const peer_message *sent, scu_n_service service, bool with_dataset) {
  bool is_affected = service == SCU_N_EVENT_REPORT || service == SCU_N_CREATE;
  const scu__command *command = &sent->command;
  assert_int_equal(scu__command_missing(command), 0);
  assert_string_equal((is_affected ? command->affected_sop_class : command->requested_sop_class).text, CLASS);
  assert_string_equal((is_affected ? command->affected_sop_instance : command->requested_sop_instance).text, INSTANCE);
  assert_int_equal(command->event_type, service == SCU_N_EVENT_REPORT ? 3 : 0);
  assert_int_equal(command->action_type, service == SCU_N_ACTION ? 3 : 0);
  assert_int_equal(scu__command_has_dataset(command), with_dataset);
  if (!with_dataset) return;
  char text[20];
  assert_int_equal(scu_dataset_text(sent->dataset, "PatientName", text, sizeof text), SCU_OK);
  assert_string_equal(text, "Müller^Jörg");
}

static void test_every_service_goes_out_whole_and_is_answered(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE};
  for (size_t i = 0; i < SERVICES * 2 * 2; i++) {
    scu_n_service service = services[i / 4];
    bool with_dataset = i % 2 == 0;
    if (with_dataset && !may_bring_dataset(service)) continue;
    if (!with_dataset && service == SCU_N_SET) continue;
    fixture f;
    fixture_start(&f, good);
    f.peer.only_syntax = syntaxes[i / 2 % 2];
    scu_dataset *dataset = peer_dataset("SpecificCharacterSet=ISO_IR 100|PatientName=Müller^Jörg");
    scu_n_message message = message_for(service);
    message.dataset = with_dataset ? dataset : NULL;
    scu_response *response = ask(&f, &message);
    assert_int_equal(scu_response_status(response), 0);
    assert_string_equal(scu_response_class(response), "success");
    assert_string_equal(scu_response_comment(response), "");
    assert_string_equal(scu_response_sop_class_uid(response), CLASS);
    assert_string_equal(scu_response_sop_instance_uid(response), INSTANCE);
    assert_int_equal(scu_response_type_id(response), has_type(service) ? 3 : 0);
    assert_null(scu_response_dataset(response));
    assert_int_equal(f.peer.message_count, 1);
    assert_int_equal(f.peer.messages[0].command.field, service);
    check_sent(&f.peer.messages[0], service, with_dataset);
    scu_response_free(response);
    scu_dataset_free(dataset);
    fixture_stop(&f);
  }
}

static void test_an_empty_dataset_is_none(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_dataset *dataset = peer_dataset("");
  scu_n_message message = message_for(SCU_N_ACTION);
  message.dataset = dataset;
  scu_response_free(ask(&f, &message));
  check_sent(&f.peer.messages[0], SCU_N_ACTION, false);
  scu_dataset_free(dataset);
  fixture_stop(&f);
}

static void test_attributes_go_out_as_tags_in_the_order_given(void **state) {
  (void)state;
  static const char *const names[] = {"PatientID", "(0040,0252)", "00080005"};
  fixture f;
  fixture_start(&f, good);
  scu_n_message message = message_for(SCU_N_GET);
  message.attributes = names;
  message.attribute_count = 3;
  scu_response_free(ask(&f, &message));
  const peer_message *sent = &f.peer.messages[0];
  assert_int_equal(sent->command.attribute_count, 3);
  assert_int_equal(sent->attributes[0], 0x00100020);
  assert_int_equal(sent->attributes[1], 0x00400252);
  assert_int_equal(sent->attributes[2], 0x00080005);
  fixture_stop(&f);
}

static void test_a_list_of_8000_attributes_goes_out_and_one_more_is_misuse(void **state) {
  (void)state;
  enum { MOST = 8000 };
  const char **names = malloc((MOST + 1) * sizeof *names);
  for (size_t i = 0; i <= MOST; i++) names[i] = "PatientID";
  fixture f;
  fixture_start(&f, good);
  scu_n_message message = message_for(SCU_N_GET);
  message.attributes = names;
  message.attribute_count = MOST;
  scu_response_free(ask(&f, &message));
  assert_int_equal(f.peer.messages[0].command.attribute_count, MOST);
  scu_response *response;
  message.attribute_count = MOST + 1;
  assert_int_equal(scu_n_request(f.session, &message, &response), SCU_ERROR_USAGE);
  free(names);
  fixture_stop(&f);
}

static void test_a_dataset_of_many_pdus_arrives_byte_by_byte(void **state) {
  (void)state;
  enum { LENGTH = 300 * 1000 };
  fixture f;
  fixture_start(&f, good);
  uint8_t *pixels = malloc(LENGTH);
  for (size_t i = 0; i < LENGTH; i++) pixels[i] = (uint8_t)(i * 31 + i / 251);
  scu_dataset *dataset = peer_dataset("");
  assert_int_equal(scu_dataset_set_bytes(dataset, 0x7FE00010, SCU_VR_OW, pixels, LENGTH), SCU_OK);
  scu_n_message message = message_for(SCU_N_SET);
  message.dataset = dataset;
  scu_response_free(ask(&f, &message));
  const scu_element *element = scu_dataset_find(f.peer.messages[0].dataset, 0x7FE00010);
  assert_int_equal(scu_element_length(element), LENGTH);
  assert_memory_equal(scu_element_bytes(element), pixels, LENGTH);
  scu_dataset_free(dataset);
  free(pixels);
  fixture_stop(&f);
}

static void test_everything_is_copied_when_it_starts(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  char sop_class[] = CLASS, instance[] = INSTANCE;
  scu_dataset *dataset = peer_dataset("PatientName=Müller^Jörg");
  scu_n_message message = message_for(SCU_N_ACTION);
  message.sop_class_uid = sop_class;
  message.sop_instance_uid = instance;
  message.dataset = dataset;
  scu_op *op = scu_n_request_start(f.session, &message);
  assert_non_null(op);
  memset(sop_class, 'x', sizeof sop_class - 1);
  memset(instance, 'x', sizeof instance - 1);
  scu_dataset_free(dataset);
  memset(&message, 0xFF, sizeof message);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  check_sent(&f.peer.messages[0], SCU_N_ACTION, true);
  scu_op_free(op);
  fixture_stop(&f);
}

/* --- the association ---------------------------------------------------------------------------------------------- */

static scu__associate last_rq(const fixture *f) {
  scu__associate rq;
  assert_int_equal(
      scu__associate_decode(f->peer.request.data, f->peer.request.length, SCU__PDU_ASSOCIATE_RQ, NULL, &rq, NULL),
      SCU_OK);
  return rq;
}

static void test_only_an_event_report_proposes_the_role_of_the_provider(void **state) {
  (void)state;
  scu_dataset *dataset = peer_dataset("PatientID=1");
  for (size_t i = 0; i < SERVICES; i++) {
    fixture f;
    fixture_start(&f, good);
    scu_n_message message = message_for(services[i]);
    if (may_bring_dataset(services[i])) message.dataset = dataset;
    scu_response_free(ask(&f, &message));
    scu__associate rq = last_rq(&f);
    assert_int_equal(rq.context_count, 1);
    assert_int_equal(rq.contexts[0].count, 2);
    assert_int_equal(rq.role_count, services[i] == SCU_N_EVENT_REPORT);
    if (rq.role_count > 0) {
      assert_string_equal(rq.roles[0].uid.text, CLASS);
      assert_false(rq.roles[0].scu);
      assert_true(rq.roles[0].scp);
    }
    scu__associate_free(&rq);
    fixture_stop(&f);
  }
  scu_dataset_free(dataset);
}

static void test_a_peer_that_refuses_the_role_gets_no_event_report(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.refuses_roles = true;
  scu_response *response;
  const scu_n_message message = message_for(SCU_N_EVENT_REPORT);
  assert_int_equal(scu_n_request(f.session, &message, &response), SCU_ERROR_REJECTED);
  assert_null(response);
  assert_int_equal(f.peer.message_count, 0);
  fixture_stop(&f);
}

static void test_requests_of_one_class_share_an_association_and_it_is_released(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_n_message get = message_for(SCU_N_GET), delete = message_for(SCU_N_DELETE);
  scu_response_free(ask(&f, &get));
  scu_response_free(ask(&f, &delete));
  scu_session_free(f.session);
  f.session = NULL;
  TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "RELEASE"), 1000);
  assert_string_equal(f.peer.log, "1:RQ 1:N-GET-RQ 1:N-DELETE-RQ 1:RELEASE-RQ ");
  fixture_stop(&f);
}

static void test_the_association_may_be_about_another_class_than_the_command(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_n_message message = message_for(SCU_N_GET);
  message.abstract_syntax_uid = WATCH_CLASS;
  scu_response *response = ask(&f, &message);
  assert_string_equal(scu_response_sop_class_uid(response), CLASS);
  check_sent(&f.peer.messages[0], SCU_N_GET, false);
  scu__associate rq = last_rq(&f);
  assert_int_equal(rq.context_count, 1);
  assert_string_equal(rq.contexts[0].abstract_syntax.text, WATCH_CLASS);
  scu__associate_free(&rq);
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_a_refused_class_is_named(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.refused_class = CLASS;
  scu_response *response;
  const scu_n_message message = message_for(SCU_N_DELETE);
  assert_int_equal(scu_n_request(f.session, &message, &response), SCU_ERROR_REJECTED);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), CLASS));
  fixture_stop(&f);
}

/* --- coming back -------------------------------------------------------------------------------------------------- */

/* The answer to one request, in pieces of some size. */
static scu_response *answered(fixture *f, scu_n_service service, const peer_step *answer, size_t write_size) {
  static peer_step script[5];
  const peer_step steps[] = {RQ, ACCEPT, REQUEST, *answer, SILENCE};
  memcpy(script, steps, sizeof steps);
  script[3].action = PEER_RESPOND;
  fixture_start(f, script);
  f->peer.write_size = write_size;
  scu_dataset *dataset = peer_dataset("PatientID=1");
  scu_n_message message = message_for(service);
  if (service == SCU_N_SET) message.dataset = dataset;
  scu_response *response = ask(f, &message);
  scu_dataset_free(dataset);
  return response;
}

static void test_a_reply_dataset_belongs_to_the_response(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 7, PEER_RANDOM_WRITES};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    fixture f;
    scu_response *response = answered(&f, SCU_N_GET, &(peer_step){.text = "PatientName=山田^太郎|StudyID=7"}, sizes[i]);
    fixture_stop(&f);
    char text[40];
    assert_int_equal(scu_dataset_text(scu_response_dataset(response), "PatientName", text, sizeof text), SCU_OK);
    assert_string_equal(text, "山田^太郎");
    assert_false(scu_response_is_dataset_malformed(response));
    scu_response_free(response);
  }
}

static void test_a_reply_that_cannot_be_read_is_told_and_the_status_counts(void **state) {
  (void)state;
  fixture f;
  scu_response *response = answered(
      &f, SCU_N_ACTION, &(peer_step){.bytes = "\x10\x00\x20\x00LO\xFF\x00X", .length = 10, .status = 0xB000}, 0);
  assert_int_equal(scu_response_status(response), 0xB000);
  assert_null(scu_response_dataset(response));
  assert_true(scu_response_is_dataset_malformed(response));
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_the_peer_may_make_the_uid_of_a_new_instance(void **state) {
  (void)state;
  static const peer_step script[] = {
      RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .uid = "2.25.77"}, REQUEST, {.action = PEER_RESPOND}, SILENCE};
  fixture f;
  fixture_start(&f, script);
  scu_n_message message = message_for(SCU_N_CREATE);
  message.sop_instance_uid = NULL;
  scu_response *response = ask(&f, &message);
  assert_false(scu__command_has(&f.peer.messages[0].command, SCU__HAS_AFFECTED_SOP_INSTANCE));
  assert_string_equal(scu_response_sop_instance_uid(response), "2.25.77");
  scu_response_free(response);
  message.sop_instance_uid = "";
  response = ask(&f, &message);
  assert_string_equal(scu_response_sop_instance_uid(response), ""); /* a peer that keeps it to itself */
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_what_the_peer_leaves_out_is_as_it_was_asked(void **state) {
  (void)state;
  for (size_t i = 0; i < SERVICES; i++) {
    fixture f;
    scu_response *response = answered(&f, services[i], &(peer_step){.leaves_identity_out = true}, 0);
    assert_string_equal(scu_response_sop_class_uid(response), CLASS);
    assert_string_equal(scu_response_sop_instance_uid(response), INSTANCE);
    assert_int_equal(scu_response_type_id(response), has_type(services[i]) ? 3 : 0);
    scu_response_free(response);
    fixture_stop(&f);
  }
}

/* PS3.7 C: every code that these services may give, and ranges of service classes. */
static void test_every_status_is_data_with_a_class_and_words(void **state) {
  (void)state;
  static const struct {
    uint16_t status;
    const char *class_name, *word;
  } rows[] = {
      {0x0000, "success", ""},        {0x0001, "warning", "attributes"}, {0x0105, "failure", "not recognised"},
      {0x0106, "failure", "range"},   {0x0107, "warning", "attributes"}, {0x0110, "failure", "processing failure"},
      {0x0111, "failure", "in use"},  {0x0112, "failure", "unknown"},    {0x0113, "failure", "event type"},
      {0x0114, "failure", "event"},   {0x0115, "failure", "unsuitable"}, {0x0116, "warning", "range"},
      {0x0117, "failure", "UID"},     {0x0118, "failure", "Class"},      {0x0119, "failure", "class"},
      {0x0120, "failure", "missing"}, {0x0121, "failure", "value"},      {0x0122, "failure", "not supported"},
      {0x0123, "failure", "action"},  {0x0124, "failure", "authorised"}, {0x0210, "failure", "essage"},
      {0x0211, "failure", ""},        {0x0212, "failure", ""},           {0x0213, "failure", "resource"},
      {0xB123, "warning", ""},        {0xC123, "failure", "process"},    {0xA701, "failure", "resources"},
      {0xFE00, "failure", ""},        {0xFF00, "failure", ""},
  };
  static const scu_n_service two[] = {SCU_N_SET, SCU_N_ACTION};
  for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
    fixture f;
    scu_response *response = answered(&f, two[i % 2], &(peer_step){.status = rows[i / 2].status}, 0);
    const char *meaning = scu_response_meaning(response);
    assert_int_equal(scu_response_status(response), rows[i / 2].status);
    assert_string_equal(scu_response_class(response), rows[i / 2].class_name);
    assert_true(strlen(meaning) > 4);
    if (!strstr(meaning, rows[i / 2].word))
      fail_msg("%04X: no '%s' in: %s", rows[i / 2].status, rows[i / 2].word, meaning);
    if (rows[i / 2].status < 0x0300) assert_null(strstr(meaning, "not define"));
    scu_response_free(response);
    fixture_stop(&f);
  }
}

static void test_a_failure_comes_with_all_its_evidence(void **state) {
  (void)state;
  static const uint32_t attributes[] = {0x00100020, 0x00400252};
  fixture f;
  scu_response *response = answered(&f, SCU_N_SET,
                                    &(peer_step){.status = 0x0110,
                                                 .error_id = 0xA710,
                                                 .comment = "no\x01 thanks",
                                                 .offending = 0x00080060,
                                                 .attributes = attributes,
                                                 .attribute_count = 2},
                                    0);
  assert_string_equal(scu_response_comment(response), "no? thanks");
  assert_int_equal(scu_response_error_id(response), 0xA710);
  assert_int_equal(scu_response_offending_count(response), 1);
  assert_int_equal(scu_response_offending(response, 0), 0x00080060);
  assert_int_equal(scu_response_offending(response, 1), 0);
  assert_int_equal(scu_response_attribute_count(response), 2);
  assert_int_equal(scu_response_attribute(response, 0), 0x00100020);
  assert_int_equal(scu_response_attribute(response, 1), 0x00400252);
  assert_int_equal(scu_response_attribute(response, 2), 0);
  /* Of performed procedure steps only does that ID say more. */
  assert_string_equal(scu_response_meaning(response), "general processing failure");
  scu_response_free(response);
  fixture_stop(&f);
}

static void test_an_echo_has_nothing_of_this(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_response *response;
  assert_int_equal(scu_echo(f.session, &response), SCU_OK);
  assert_string_equal(scu_response_sop_instance_uid(response), "");
  assert_null(scu_response_dataset(response));
  assert_int_equal(scu_response_attribute_count(response) + scu_response_offending_count(response), 0);
  scu_response_free(response);
  fixture_stop(&f);
}

/* --- what cannot be asked ----------------------------------------------------------------------------------------- */

static void check_misuse(fixture *f, const scu_n_message *message, const char *word) {
  scu_response *response = NULL;
  scu_result result = scu_n_request(f->session, message, &response);
  const scu_error *error = scu_session_error(f->session);
  if (result != SCU_ERROR_USAGE) fail_msg("%s: %s", word, scu_result_name(result));
  assert_null(response);
  assert_int_equal(scu_error_result(error), SCU_ERROR_USAGE);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_USAGE);
  if (!strstr(scu_error_reason(error), word)) fail_msg("no '%s' in: %s", word, scu_error_reason(error));
  assert_null(scu_n_request_start(f->session, message));
  assert_int_equal(scu_error_result(scu_session_error(f->session)), SCU_ERROR_USAGE);
}

static void test_what_is_not_complete_or_too_much_is_misuse_and_nothing_is_sent(void **state) {
  (void)state;
  static const char long_uid[] = "1.22222222222222222222222222222222222222222222222222222222222222.4";
  static const char *const inside[] = {"ScheduledStepAttributesSequence[0].StudyInstanceUID"};
  static const char *const item[] = {"ScheduledStepAttributesSequence[0]"};
  static const char *const unknown[] = {"PatientID", "NoSuchKeyword"};
  static const char *const missing[] = {NULL};
  fixture f;
  fixture_start(&f, good);
  scu_dataset *dataset = peer_dataset("PatientID=1");
  scu_n_message m;
#define MISUSE(service, word, ...)                                                                                     \
  m = message_for(service);                                                                                            \
  __VA_ARGS__;                                                                                                         \
  check_misuse(&f, &m, word)
  MISUSE((scu_n_service)0, "service", (void)0);
  MISUSE((scu_n_service)0x0001, "service", (void)0); /* C-STORE */
  MISUSE((scu_n_service)0x8110, "service", (void)0);
  MISUSE(SCU_N_GET, "SOP Class UID", m.sop_class_uid = NULL);
  MISUSE(SCU_N_GET, "SOP Class UID", m.sop_class_uid = "");
  MISUSE(SCU_N_GET, "SOP Class UID", m.sop_class_uid = "1.2.x");
  MISUSE(SCU_N_GET, "SOP Class UID", m.sop_class_uid = long_uid);
  MISUSE(SCU_N_GET, "abstract syntax", m.abstract_syntax_uid = "meta");
  MISUSE(SCU_N_GET, "SOP Instance UID", m.sop_instance_uid = NULL);
  MISUSE(SCU_N_DELETE, "SOP Instance UID", m.sop_instance_uid = "");
  MISUSE(SCU_N_EVENT_REPORT, "SOP Instance UID", m.sop_instance_uid = "");
  MISUSE(SCU_N_CREATE, "SOP Instance UID", m.sop_instance_uid = long_uid);
  MISUSE(SCU_N_CREATE, "SOP Instance UID", m.sop_instance_uid = "  ");
  MISUSE(SCU_N_SET, "nothing to set", (void)0);
  MISUSE(SCU_N_GET, "dataset", m.dataset = dataset);
  MISUSE(SCU_N_DELETE, "dataset", m.dataset = dataset);
  MISUSE(SCU_N_CREATE, "type ID", m.type_id = 1);
  MISUSE(SCU_N_ACTION, "attribute list", m.attributes = unknown; m.attribute_count = 1);
  MISUSE(SCU_N_GET, "sequence", m.attributes = inside; m.attribute_count = 1);
  MISUSE(SCU_N_GET, "sequence", m.attributes = item; m.attribute_count = 1);
  MISUSE(SCU_N_GET, "NoSuchKeyword", m.attributes = unknown; m.attribute_count = 2);
  MISUSE(SCU_N_GET, "attribute list", m.attribute_count = 2);
  MISUSE(SCU_N_GET, "name is missing", m.attributes = missing; m.attribute_count = 1);
  MISUSE(SCU_N_GET, "size", m.size = 0);
  MISUSE(SCU_N_GET, "size", m.size = offsetof(scu_n_message, dataset));
#undef MISUSE
  check_misuse(&f, NULL, "size");
  assert_int_equal(f.peer.accepted, 0);
  scu_dataset_free(dataset);
  fixture_stop(&f);
}

static void test_a_longer_message_of_a_newer_caller_is_taken(void **state) {
  (void)state;
  struct {
    scu_n_message message;
    char newer[64];
  } longer = {.message = message_for(SCU_N_DELETE)};
  longer.message.size = sizeof longer;
  fixture f;
  fixture_start(&f, good);
  scu_response_free(ask(&f, &longer.message));
  fixture_stop(&f);
}

static void test_a_response_is_taken_once_and_only_when_it_is_there(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_response *response;
  const scu_n_message message = message_for(SCU_N_DELETE);
  scu_op *op = scu_n_request_start(f.session, &message), *echo = scu_echo_start(f.session);
  assert_int_equal(scu_n_request_take(op, &response), SCU_ERROR_USAGE);
  assert_int_equal(scu_op_wait(op), SCU_OK);
  assert_int_equal(scu_op_wait(echo), SCU_OK);
  assert_int_equal(scu_echo_take(op, &response), SCU_ERROR_USAGE);
  assert_int_equal(scu_n_request_take(echo, &response), SCU_ERROR_USAGE);
  assert_int_equal(scu_n_request_take(op, &response), SCU_OK);
  scu_response_free(response);
  assert_int_equal(scu_n_request_take(op, &response), SCU_ERROR_USAGE);
  assert_null(response);
  scu_op_free(op);
  scu_op_free(echo);
  fixture_stop(&f);
}

static void test_a_session_that_could_not_be_opened_says_why(void **state) {
  (void)state;
  scu_session *session;
  scu_response *response;
  const scu_n_message message = message_for(SCU_N_DELETE);
  scu_result opened = scu_session_new(&session, NULL, "no peer at all");
  assert_true(opened < 0);
  assert_null(scu_n_request_start(session, &message));
  assert_int_equal(scu_n_request(session, &message, &response), opened);
  assert_null(response);
  scu_session_free(session);
}

/* --- breaking off ------------------------------------------------------------------------------------------------- */

static void test_a_peer_that_breaks_off_is_one_clear_error_and_nothing_is_sent_twice(void **state) {
  (void)state;
  static const struct {
    peer_step step;
    scu_result result;
  } rows[] = {
      {{.action = PEER_CLOSE}, SCU_ERROR_CLOSED},
      {{.action = PEER_RESET}, SCU_ERROR_CLOSED},
      {{.action = PEER_ABORT, .status = 2, .field = 6}, SCU_ERROR_ABORTED},
      {{.action = PEER_GARBAGE}, SCU_ERROR_PROTOCOL},
      {{.action = PEER_END}, SCU_ERROR_TIMEOUT},
      {{.action = PEER_RESPOND, .response_field = SCU__N_SET_RSP}, SCU_ERROR_PROTOCOL},
      {{.action = PEER_RESPOND, .has_dataset_lie = true}, SCU_ERROR_TIMEOUT}, /* and does not come */
      {{.action = PEER_RESPOND, .message_id = 999}, SCU_ERROR_PROTOCOL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const peer_step script[] = {RQ, ACCEPT, REQUEST, rows[i].step, SILENCE};
    fixture f;
    fixture_start(&f, script);
    scu_response *response;
    const scu_n_message message = message_for(SCU_N_DELETE);
    scu_result result = scu_n_request(f.session, &message, &response);
    if (result != rows[i].result) fail_msg("%zu: %s", i, scu_error_reason(scu_session_error(f.session)));
    assert_null(response);
    assert_string_equal(scu_error_peer(scu_session_error(f.session)), f.peer.name);
    assert_int_equal(f.peer.accepted, 1);
    assert_int_equal(f.peer.message_count, 1);
    fixture_stop(&f);
  }
}

static void test_the_time_out_is_that_of_responses(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, SILENCE};
  fixture f;
  fixture_prepare(&f, script);
  assert_int_equal(scu_options_set_duration_ms(f.options, SCU_OPTION_TIMEOUT_RESPONSE, 7000), SCU_OK);
  fixture_open(&f);
  scu_response *response;
  uint64_t before = f.time.now_ms;
  const scu_n_message message = message_for(SCU_N_ACTION);
  assert_int_equal(scu_n_request(f.session, &message, &response), SCU_ERROR_TIMEOUT);
  assert_true(f.time.now_ms - before >= 7000 && f.time.now_ms - before < 9000);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "N-ACTION"));
  fixture_stop(&f);
}

static void test_cancel_and_abort_end_it_with_an_abort(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, SILENCE};
  for (int is_abort = 0; is_abort < 2; is_abort++) {
    fixture f;
    fixture_start(&f, script);
    const scu_n_message message = message_for(SCU_N_ACTION);
    scu_op *op = scu_n_request_start(f.session, &message);
    TEST_LOOP_UNTIL(&f.time, f.peer.message_count == 1, 1000);
    if (is_abort)
      scu_abort(f.session);
    else
      scu_cancel(f.session);
    assert_int_equal(scu_op_wait(op), is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    scu_op_free(op);
    TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "ABORT"), 1000);
    assert_non_null(strstr(f.peer.log, "ABORT(0/0)"));
    assert_null(strstr(f.peer.log, "CANCEL"));
    fixture_stop(&f);
  }
}

static void test_an_operation_that_is_freed_while_it_runs_leaves_nothing(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, REQUEST, {.action = PEER_RESPOND, .text = "PatientID=1"}, SILENCE};
  scu_dataset *dataset = peer_dataset("PatientID=1");
  for (unsigned steps = 0; steps < 16; steps++) {
    fixture f;
    fixture_start(&f, script);
    scu_n_message message = message_for(SCU_N_SET);
    message.dataset = dataset;
    scu_op *op = scu_n_request_start(f.session, &message);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(f.time.loop);
    scu_op_free(op);
    fixture_stop(&f);
  }
  scu_dataset_free(dataset);
}

/* --- new UIDs ----------------------------------------------------------------------------------------------------- */

static void test_new_uids_are_valid_and_differ(void **state) {
  (void)state;
  enum { MANY = 200 };
  static char uids[MANY][SCU_UID_ROOM];
  for (size_t i = 0; i < MANY; i++) {
    assert_int_equal(scu_uid_new(uids[i], sizeof uids[i]), SCU_OK);
    assert_true(scu__uid_is_valid(uids[i]));
    assert_int_equal(strncmp(uids[i], "2.25.", 5), 0);
    assert_true(strlen(uids[i]) <= 44);
    for (size_t j = 0; j < i; j++) assert_string_not_equal(uids[i], uids[j]);
  }
  char small[SCU_UID_ROOM - 1] = "x";
  assert_int_equal(scu_uid_new(small, sizeof small), SCU_ERROR_USAGE);
  assert_string_equal(small, "");
  assert_int_equal(scu_uid_new(NULL, 0), SCU_ERROR_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_service_goes_out_whole_and_is_answered),
      cmocka_unit_test(test_an_empty_dataset_is_none),
      cmocka_unit_test(test_attributes_go_out_as_tags_in_the_order_given),
      cmocka_unit_test(test_a_list_of_8000_attributes_goes_out_and_one_more_is_misuse),
      cmocka_unit_test(test_a_dataset_of_many_pdus_arrives_byte_by_byte),
      cmocka_unit_test(test_everything_is_copied_when_it_starts),
      cmocka_unit_test(test_only_an_event_report_proposes_the_role_of_the_provider),
      cmocka_unit_test(test_a_peer_that_refuses_the_role_gets_no_event_report),
      cmocka_unit_test(test_requests_of_one_class_share_an_association_and_it_is_released),
      cmocka_unit_test(test_the_association_may_be_about_another_class_than_the_command),
      cmocka_unit_test(test_a_refused_class_is_named),
      cmocka_unit_test(test_a_reply_dataset_belongs_to_the_response),
      cmocka_unit_test(test_a_reply_that_cannot_be_read_is_told_and_the_status_counts),
      cmocka_unit_test(test_the_peer_may_make_the_uid_of_a_new_instance),
      cmocka_unit_test(test_what_the_peer_leaves_out_is_as_it_was_asked),
      cmocka_unit_test(test_every_status_is_data_with_a_class_and_words),
      cmocka_unit_test(test_a_failure_comes_with_all_its_evidence),
      cmocka_unit_test(test_an_echo_has_nothing_of_this),
      cmocka_unit_test(test_what_is_not_complete_or_too_much_is_misuse_and_nothing_is_sent),
      cmocka_unit_test(test_a_longer_message_of_a_newer_caller_is_taken),
      cmocka_unit_test(test_a_response_is_taken_once_and_only_when_it_is_there),
      cmocka_unit_test(test_a_session_that_could_not_be_opened_says_why),
      cmocka_unit_test(test_a_peer_that_breaks_off_is_one_clear_error_and_nothing_is_sent_twice),
      cmocka_unit_test(test_the_time_out_is_that_of_responses),
      cmocka_unit_test(test_cancel_and_abort_end_it_with_an_abort),
      cmocka_unit_test(test_an_operation_that_is_freed_while_it_runs_leaves_nothing),
      cmocka_unit_test(test_new_uids_are_valid_and_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
