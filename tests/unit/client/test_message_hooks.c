/* before_message and after_message: every message of a session is told, both ways and in order; what is about to be
 * sent can be changed, and goes out changed or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/association.h"
#include "client/message_dataset.h"
#include "data/dataset_encode.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "scu/association.h"
#include "scu/n_service.h"
#include "support/client_fixture.h"
#include "support/failing_allocator.h"
#include "support/sample_file.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"

static const peer_step good[] = {RQ, ACCEPT, SERVE, END};

/* --- who listens ---------------------------------------------------------------------------------------------------
 */

enum { POINTS = 4 };
static const char *const points[POINTS] = {"out", "sent", "in", "taken"};

typedef struct watcher watcher;
struct watcher {
  fixture f;
  char told[4096]; /* "out C-ECHO-RQ, sent C-ECHO-RQ, in C-ECHO-RSP, taken C-ECHO-RSP" */
  /* At each of the four points; `message` is NULL where it may not be changed. */
  void (*look)(watcher *w, const char *point, const scu_message *seen, scu_message *message);
  const char *act_at;
  void (*act)(scu_session *session);
  size_t looked;
  scu_result edited;
};

static void note(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  size_t length = strlen(w->told);
  snprintf(w->told + length, sizeof w->told - length, "%s%s %s", length ? ", " : "", point, scu_message_name(seen));
  if (w->look) w->look(w, point, seen, message);
  if (w->act && strcmp(w->act_at, point) == 0) w->act(w->f.session);
}

static void before_message(void *user, scu_message *message) {
  note(user, points[scu_message_is_sent(message) ? 0 : 2], message, message);
}

static void after_message(void *user, const scu_message *message) {
  note(user, points[scu_message_is_sent(message) ? 1 : 3], message, NULL);
}

static void listen_in(watcher *w) {
  const scu_hooks hooks = {
      .size = sizeof hooks, .user = w, .before_message = before_message, .after_message = after_message};
  assert_int_equal(scu_session_set_hooks(w->f.session, &hooks), SCU_OK);
}

static const char long_name[] = "PatientName=Doe^A name that is long enough to be cut in its middle^and^then^some";

typedef void looking(watcher *w, const char *point, const scu_message *seen, scu_message *message);

static const char *two_rows(void *user, const scu_dataset *query, size_t row) {
  static const char *const rows[] = {"StudyInstanceUID=1.2.1|PatientName=Doe^Jane",
                                     "StudyInstanceUID=1.2.2|PatientName=Doe^John"};
  (void)user;
  (void)query;
  return row < 2 ? rows[row] : NULL;
}

static watcher *start(const peer_step *script, looking *look) {
  watcher *w = calloc(1, sizeof *w); /* too long for a stack */
  assert_non_null(w);
  fixture_start(&w->f, script);
  w->f.peer.row = two_rows;
  w->look = look;
  listen_in(w);
  return w;
}

static void stop(watcher *w) {
  fixture_stop(&w->f);
  free(w);
}

/* --- what is asked -------------------------------------------------------------------------------------------------
 */

static scu_result echo(watcher *w) {
  scu_response *response = NULL;
  scu_result result = scu_echo(w->f.session, &response);
  scu_response_free(response);
  return result;
}

static scu_query *query_of(const char *key, const char *value) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, key, value), SCU_OK);
  assert_int_equal(scu_query_set_level(query, SCU_LEVEL_STUDY), SCU_OK);
  return query;
}

static scu_result find(watcher *w) {
  scu_query *query = query_of("PatientName", "Doe*");
  scu_matches *matches = NULL;
  const scu_dataset *row;
  scu_result result = scu_find(w->f.session, query, &matches);
  while (result == SCU_OK) result = scu_matches_next(matches, &row);
  scu_matches_close(matches);
  scu_query_free(query);
  return result == SCU_END ? SCU_OK : result;
}

static scu_result ask_of(watcher *w, scu_n_service service, const char *instance, const char *dataset_text) {
  scu_dataset *dataset = dataset_text ? peer_dataset(dataset_text) : NULL;
  scu_n_message message = {.size = sizeof message,
                           .service = service,
                           .sop_class_uid = "1.2.840.10008.5.1.4.34.6.1",
                           .sop_instance_uid = instance,
                           .type_id = service == SCU_N_ACTION ? 3 : 0,
                           .dataset = dataset};
  scu_response *response = NULL;
  scu_result result = scu_n_request(w->f.session, &message, &response);
  scu_response_free(response);
  scu_dataset_free(dataset);
  return result;
}

static scu_result ask(watcher *w, scu_n_service service, const char *dataset_text) {
  return ask_of(w, service, "1.2.3.4", dataset_text);
}

static void check_text(const scu_dataset *dataset, const char *path, const char *wanted) {
  char text[65] = "";
  assert_non_null(dataset);
  scu_dataset_text(dataset, path, text, sizeof text);
  assert_string_equal(text, wanted);
}

static bool is_at(const char *point, const scu_message *seen, const char *wanted_point, const char *name) {
  return strcmp(point, wanted_point) == 0 && strcmp(scu_message_name(seen), name) == 0;
}

/* --- every message, in order ---------------------------------------------------------------------------------------
 */

static void see_echo(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  uint16_t value = 0xABCD;
  (void)message;
  bool is_sent = strcmp(point, "out") == 0 || strcmp(point, "sent") == 0;
  assert_int_equal(scu_message_is_sent(seen), is_sent);
  assert_int_equal(scu_message_is_response(seen), !is_sent);
  assert_int_equal(scu_message_field(seen), is_sent ? 0x0030 : 0x8030);
  assert_int_equal(scu_message_association(seen), 1);
  assert_false(scu_message_is_acceptor(seen));
  assert_int_equal(scu_message_context_id(seen), 1);
  assert_string_equal(scu_message_abstract_syntax(seen), SCU__UID_VERIFICATION);
  assert_true(strlen(scu_message_transfer_syntax(seen)) > 0);
  assert_string_equal(scu_message_sop_class_uid(seen), SCU__UID_VERIFICATION);
  assert_string_equal(scu_message_sop_instance_uid(seen), "");
  assert_int_equal(scu_message_id(seen, &value), is_sent);
  assert_int_equal(scu_message_responded_id(seen, &value), !is_sent);
  assert_int_equal(value, 1);
  assert_int_equal(scu_message_status(seen, &value), !is_sent);
  assert_int_equal(value, is_sent ? 1 : 0); /* success is there, and 0 */
  value = 0xABCD;
  assert_false(scu_message_priority(seen, &value) || scu_message_event_type(seen, &value) ||
               scu_message_action_type(seen, &value) || scu_message_remaining(seen, &value) ||
               scu_message_completed(seen, &value) || scu_message_failed(seen, &value) ||
               scu_message_warning(seen, &value) || scu_message_move_originator_id(seen, &value));
  assert_int_equal(value, 0xABCD);
  assert_string_equal(scu_message_move_destination(seen), "");
  assert_string_equal(scu_message_move_originator(seen), "");
  assert_string_equal(scu_message_error_comment(seen), "");
  assert_false(scu_message_has_dataset(seen));
  assert_int_equal(scu_message_dataset_length(seen), 0);
  assert_null(scu_message_dataset(seen));
  w->looked++;
}

static void test_an_echo_is_told_at_all_four_points(void **state) {
  (void)state;
  watcher *w = start(good, see_echo);
  assert_int_equal(echo(w), SCU_OK);
  assert_string_equal(w->told, "out C-ECHO-RQ, sent C-ECHO-RQ, in C-ECHO-RSP, taken C-ECHO-RSP");
  assert_int_equal(w->looked, 4);
  stop(w);
}

static void see_find(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  uint16_t value;
  (void)message;
  if (scu_message_is_sent(seen)) {
    assert_true(scu_message_priority(seen, &value));
    assert_true(scu_message_has_dataset(seen));
    assert_true(scu_message_dataset_length(seen) > 20 && scu_message_dataset_length(seen) < 1000);
    check_text(scu_message_dataset(seen), "PatientName", "Doe*");
  } else if (strcmp(point, "in") == 0) {
    assert_null(scu_message_dataset(seen)); /* still coming */
    assert_int_equal(scu_message_dataset_length(seen), scu_message_has_dataset(seen) ? UINT64_MAX : 0);
  } else if (scu_message_has_dataset(seen)) {
    assert_true(scu_message_status(seen, &value));
    assert_int_equal(value & 0xFF00, 0xFF00);
    check_text(scu_message_dataset(seen), "PatientName", w->looked++ == 0 ? "Doe^Jane" : "Doe^John");
    assert_true(scu_message_dataset_length(seen) > 20 && scu_message_dataset_length(seen) < 1000);
  }
}

static void test_a_find_is_told_with_its_identifiers_however_they_come(void **state) {
  (void)state;
  static const int fragments[] = {0, 3, -1};
  for (size_t i = 0; i < 3; i++) {
    const peer_step script[] = {RQ, ACCEPT, {.action = PEER_SERVE, .fragment = fragments[i]}, END};
    watcher *w = start(script, see_find);
    w->f.peer.write_size = PEER_RANDOM_WRITES;
    assert_int_equal(find(w), SCU_OK);
    assert_string_equal(w->told, "out C-FIND-RQ, sent C-FIND-RQ, in C-FIND-RSP, taken C-FIND-RSP, in C-FIND-RSP, "
                                 "taken C-FIND-RSP, in C-FIND-RSP, taken C-FIND-RSP");
    assert_int_equal(w->looked, 2);
    stop(w);
  }
}

static void see_n_service(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  uint16_t value = 0;
  (void)message;
  w->looked++;
  assert_string_equal(scu_message_sop_class_uid(seen), "1.2.840.10008.5.1.4.34.6.1");
  assert_string_equal(scu_message_sop_instance_uid(seen), "1.2.3.4");
  assert_int_equal(scu_message_action_type(seen, &value), strstr(scu_message_name(seen), "N-ACTION") != NULL);
  if (scu_message_field(seen) == SCU_N_SET) check_text(scu_message_dataset(seen), "PatientID", "P1");
  if (is_at(point, seen, "taken", "N-GET-RSP")) check_text(scu_message_dataset(seen), "StudyID", "7");
}

static void test_n_services_are_told_with_their_datasets(void **state) {
  (void)state;
  watcher *w = start(good, see_n_service);
  w->f.peer.n_get_reply = "StudyID=7";
  assert_int_equal(ask(w, SCU_N_SET, "PatientID=P1"), SCU_OK);
  assert_int_equal(ask(w, SCU_N_ACTION, NULL), SCU_OK);
  assert_int_equal(ask(w, SCU_N_GET, NULL), SCU_OK);
  assert_string_equal(w->told, "out N-SET-RQ, sent N-SET-RQ, in N-SET-RSP, taken N-SET-RSP, "
                               "out N-ACTION-RQ, sent N-ACTION-RQ, in N-ACTION-RSP, taken N-ACTION-RSP, "
                               "out N-GET-RQ, sent N-GET-RQ, in N-GET-RSP, taken N-GET-RSP");
  assert_int_equal(w->looked, 12);
  stop(w);
}

static void see_store(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset;
  if (!scu_message_is_sent(seen)) return;
  bool is_rewritten = w->f.peer.only_syntax != NULL;
  assert_string_equal(scu_message_sop_instance_uid(seen), "1.2.3.1");
  assert_true(scu_message_has_dataset(seen));
  assert_null(scu_message_dataset(seen)); /* streamed */
  uint64_t length = scu_message_dataset_length(seen);
  if (strcmp(point, "out") == 0 && is_rewritten)
    assert_int_equal(length, UINT64_MAX);
  else
    assert_true(length > 30000 && length < 31000);
  if (message) assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_ERROR_USAGE);
  w->looked++;
}

static void test_a_store_is_told_with_its_length_alone(void **state) {
  (void)state;
  scu__buffer bytes;
  sample_bytes(&(sample_file){.number = 1, .pixels = 30000}, &bytes);
  for (int is_rewritten = 0; is_rewritten < 2; is_rewritten++) {
    watcher *w = start(good, see_store);
    scu_source *source;
    scu_store_report *report;
    w->f.peer.only_syntax = is_rewritten ? SCU__UID_IMPLICIT_LE : NULL;
    assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
    assert_int_equal(scu_source_add_memory(source, bytes.data, bytes.length), SCU_OK);
    assert_int_equal(scu_store(w->f.session, source, &report), SCU_OK);
    assert_int_equal(scu_store_report_count(report, SCU_OUTCOME_OK), 1);
    assert_string_equal(w->told, "out C-STORE-RQ, sent C-STORE-RQ, in C-STORE-RSP, taken C-STORE-RSP");
    assert_int_equal(w->looked, 2);
    scu_store_report_free(report);
    scu_source_free(source);
    stop(w);
  }
  scu__buffer_free(&bytes);
}

static const char *one_instance(void *user, const scu_dataset *query, size_t row) {
  char level[17] = "";
  (void)user;
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  if (row > 0) return NULL;
  if (strcmp(level, "STUDY") == 0) return "StudyInstanceUID=1.2.1";
  if (strcmp(level, "SERIES") == 0) return "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1";
  return "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=1.2.3.1|SOPClassUID=" SAMPLE_CLASS;
}

/* What came after the C-FINDs. */
static const char *told_of_retrieve(const watcher *w, const char *first) {
  const char *found = strstr(w->told, first);
  return found ? found : w->told;
}

static void see_get(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  (void)message;
  if (!is_at(point, seen, "taken", "C-STORE-RQ")) return;
  assert_string_equal(scu_message_sop_instance_uid(seen), "1.2.3.1");
  assert_true(scu_message_dataset_length(seen) > 100);
  assert_null(scu_message_dataset(seen));
  w->looked++;
}

static void end_retrieve(scu_query *query, scu_retrieve_report *report, test_sink *sink) {
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  scu_retrieve_report_free(report);
  scu_query_free(query);
  test_sink_free(sink);
}

static void test_a_get_is_told_with_its_sub_operations(void **state) {
  (void)state;
  static const char *const instances[] = {"1.2.3.1"};
  watcher *w = start(good, see_get);
  test_sink sink;
  scu_retrieve_report *report;
  scu_query *query = query_of("StudyInstanceUID", "1.2.1");
  test_sink_init(&sink);
  w->f.peer.row = one_instance;
  w->f.peer.instances = instances;
  w->f.peer.instance_count = 1;
  assert_int_equal(scu_get(w->f.session, query, &sink.sink, &report), SCU_OK);
  const char *told = told_of_retrieve(w, "out C-GET-RQ");
  assert_string_equal(told, "out C-GET-RQ, sent C-GET-RQ, in C-STORE-RQ, out C-STORE-RSP, sent C-STORE-RSP, taken "
                            "C-STORE-RQ, in C-GET-RSP, taken C-GET-RSP");
  assert_int_equal(w->looked, 1);
  end_retrieve(query, report, &sink);
  stop(w);
}

static void see_move(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  uint16_t value = 7;
  (void)message;
  if (is_at(point, seen, "out", "C-MOVE-RQ")) {
    assert_string_equal(scu_message_move_destination(seen), "WORKSTATION");
    assert_false(scu_message_is_acceptor(seen));
  }
  if (is_at(point, seen, "taken", "C-MOVE-RSP")) {
    assert_true(scu_message_remaining(seen, &value));
    assert_int_equal(value, 0);
    assert_true(scu_message_completed(seen, &value));
    assert_int_equal(value, 1);
  }
  if (strstr(scu_message_name(seen), "C-STORE")) {
    assert_true(scu_message_is_acceptor(seen));
    assert_int_equal(scu_message_association(seen), 1);
    w->looked++;
  }
}

static const int one_done[] = {0, 1, 0, 0};

static void test_a_move_to_ourselves_is_told_with_what_the_listener_gets(void **state) {
  (void)state;
  static const peer_step sends[] = {{.action = PEER_ASSOCIATE},
                                    {.action = PEER_WAIT_AC},
                                    {.action = PEER_STORE, .uid = "1.2.3.1", .length = 100},
                                    NEXT,
                                    {.action = PEER_RELEASE},
                                    {.action = PEER_WAIT_RELEASED},
                                    {.action = PEER_CLOSE},
                                    END};
  uint16_t port = scripted_free_port();
  const peer_step move[] = {RQ,
                            ACCEPT,
                            NEXT,
                            {.action = PEER_CALL, .script = sends, .port = port},
                            {.action = PEER_RESPOND, .counts = one_done},
                            SERVE,
                            END};
  const peer_step *const scripts[] = {good, move};
  watcher *w = calloc(1, sizeof *w);
  fixture_prepare_many(&w->f, scripts, 2);
  scu_options_set_integer(w->f.options, SCU_OPTION_LISTEN_PORT, port);
  scu_options_set_text(w->f.options, SCU_OPTION_CALLING_AE, "WORKSTATION");
  fixture_open(&w->f);
  w->f.peer.row = one_instance;
  w->look = see_move;
  listen_in(w);
  test_sink sink;
  scu_retrieve_report *report;
  scu_query *query = query_of("StudyInstanceUID", "1.2.1");
  test_sink_init(&sink);
  assert_int_equal(scu_move_to_self(w->f.session, query, &sink.sink, &report), SCU_OK);
  assert_int_equal(w->looked, 4);
  const char *told = told_of_retrieve(w, "out C-MOVE-RQ");
  assert_string_equal(told, "out C-MOVE-RQ, sent C-MOVE-RQ, in C-STORE-RQ, out C-STORE-RSP, sent C-STORE-RSP, taken "
                            "C-STORE-RQ, in C-MOVE-RSP, taken C-MOVE-RSP");
  end_retrieve(query, report, &sink);
  stop(w);
}

static void test_hooks_that_are_not_set_hear_nothing(void **state) {
  (void)state;
  watcher *w = start(good, NULL);
  assert_int_equal(echo(w), SCU_OK);
  assert_true(strlen(w->told) > 0);
  w->told[0] = '\0';
  const scu_hooks others = {.size = sizeof others, .user = w};
  assert_int_equal(scu_session_set_hooks(w->f.session, &others), SCU_OK);
  assert_int_equal(echo(w), SCU_OK); /* over the same association */
  assert_int_equal(scu_session_set_hooks(w->f.session, NULL), SCU_OK);
  assert_int_equal(find(w), SCU_OK);
  assert_string_equal(w->told, "");
  listen_in(w);
  assert_int_equal(echo(w), SCU_OK);
  assert_true(strlen(w->told) > 0);
  stop(w);
}

/* Allocations of one echo on an association that is there. */
static size_t cost_of_an_echo(failing_allocator *memory, scu_session *session) {
  size_t before = memory->requests;
  scu_response *response = NULL;
  assert_int_equal(scu_echo(session, &response), SCU_OK);
  scu_response_free(response);
  return memory->requests - before;
}

static void test_hooks_that_are_not_set_cost_no_memory(void **state) {
  (void)state;
  failing_allocator memory;
  test_loop time;
  scripted_peer peer;
  scu_session *session;
  failing_allocator_init(&memory, SIZE_MAX);
  assert_true(test_loop_try(&time, &memory.allocator));
  scripted_peer_start(&peer, time.loop, good);
  assert_int_equal(scu_session_new_on(time.loop, &session, NULL, peer.name), SCU_OK);
  cost_of_an_echo(&memory, session); /* opens the association */
  cost_of_an_echo(&memory, session);
  size_t never = cost_of_an_echo(&memory, session);
  watcher *w = calloc(1, sizeof *w);
  const scu_hooks hooks = {.size = sizeof hooks, .user = w, .before_message = before_message};
  const scu_hooks others = {.size = sizeof others, .user = w};
  assert_int_equal(scu_session_set_hooks(session, &hooks), SCU_OK);
  assert_true(cost_of_an_echo(&memory, session) > never);
  assert_int_equal(scu_session_set_hooks(session, &others), SCU_OK);
  assert_int_equal(cost_of_an_echo(&memory, session), never);
  scu_session_free(session);
  scripted_peer_stop(&peer);
  test_loop_stop(&time);
  assert_int_equal(memory.alive, 0);
  free(w);
}

static void see_after_only(void *user, const scu_message *message) {
  note(user, points[scu_message_is_sent(message) ? 1 : 3], message, NULL);
}

static void test_either_hook_works_without_the_other(void **state) {
  (void)state;
  watcher *w = start(good, NULL);
  const scu_hooks after = {.size = sizeof after, .user = w, .after_message = see_after_only};
  const scu_hooks before = {.size = sizeof before, .user = w, .before_message = before_message};
  assert_int_equal(scu_session_set_hooks(w->f.session, &after), SCU_OK);
  assert_int_equal(echo(w), SCU_OK);
  assert_string_equal(w->told, "sent C-ECHO-RQ, taken C-ECHO-RSP");
  w->told[0] = '\0';
  assert_int_equal(scu_session_set_hooks(w->f.session, &before), SCU_OK);
  assert_int_equal(echo(w), SCU_OK);
  assert_string_equal(w->told, "out C-ECHO-RQ, in C-ECHO-RSP");
  stop(w);
}

/* The connection ends in the middle of a row. */
static void test_a_message_that_does_not_come_whole_has_no_after(void **state) {
  (void)state;
  static const peer_step script[] = {RQ,
                                     ACCEPT,
                                     NEXT,
                                     {.action = PEER_RESPOND, .status = 0xFF00, .text = long_name, .cut = 150},
                                     {.action = PEER_CLOSE},
                                     END};
  watcher *w = start(script, NULL);
  assert_int_equal(find(w), SCU_ERROR_CLOSED);
  assert_string_equal(w->told, "out C-FIND-RQ, sent C-FIND-RQ, in C-FIND-RSP");
  stop(w);
}

/* --- changing ------------------------------------------------------------------------------------------------------
 */

static void edit_identifier(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset;
  if (is_at(point, seen, "out", "C-FIND-RQ")) {
    assert_int_equal(scu_message_set_priority(message, 1), SCU_OK);
    assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_OK);
    check_text(dataset, "PatientName", "Doe*");
    assert_int_equal(scu_dataset_set_text(dataset, "PatientName", "Müller^J*"), SCU_OK);
    assert_int_equal(scu_dataset_set_text(dataset, "AccessionNumber", "A1"), SCU_OK);
    assert_int_equal(scu_dataset_remove(dataset, "StudyTime"), SCU_OK);
  }
  if (!is_at(point, seen, "sent", "C-FIND-RQ")) return;
  uint16_t priority;
  assert_true(scu_message_priority(seen, &priority));
  assert_int_equal(priority, 1);
  check_text(scu_message_dataset(seen), "PatientName", "Müller^J*");
  w->looked++;
}

static void test_an_edited_identifier_arrives_in_the_syntax_of_its_context(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE};
  for (size_t i = 0; i < 2; i++) {
    watcher *w = start(good, edit_identifier);
    w->f.peer.only_syntax = syntaxes[i];
    assert_int_equal(find(w), SCU_OK);
    const peer_message *sent = scripted_peer_message(&w->f.peer, SCU__C_FIND_RQ, 0);
    check_text(sent->dataset, "PatientName", "Müller^J*");
    check_text(sent->dataset, "AccessionNumber", "A1");
    check_text(sent->dataset, "QueryRetrieveLevel", "STUDY"); /* the rest as it was */
    assert_null(scu_dataset_find_path(sent->dataset, "StudyTime"));
    assert_int_equal(sent->command.priority, 1);
    assert_int_equal(w->looked, 1);
    stop(w);
  }
}

static void edit_move(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  (void)w;
  if (!is_at(point, seen, "out", "C-MOVE-RQ")) return;
  assert_int_equal(scu_message_set_move_destination(message, "seventeen letters"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_move_destination(message, ""), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_move_destination(message, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_move_destination(message, "ELSEWHERE"), SCU_OK);
  assert_int_equal(scu_message_set_priority(message, 3), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_priority(message, 2), SCU_OK);
  assert_string_equal(scu_message_move_destination(seen), "ELSEWHERE");
}

static void test_an_edited_destination_and_priority_arrive(void **state) {
  (void)state;
  static const peer_step script[] = {RQ, ACCEPT, NEXT, {.action = PEER_RESPOND, .counts = one_done}, END};
  watcher *w = start(script, edit_move);
  scu_query *query = query_of("StudyInstanceUID", "1.2.1");
  scu_retrieve_report *report = NULL;
  assert_int_equal(scu_move(w->f.session, query, "HERE", &report), SCU_OK);
  const peer_message *sent = scripted_peer_message(&w->f.peer, SCU__C_MOVE_RQ, 0);
  assert_string_equal(sent->command.move_destination.text, "ELSEWHERE");
  assert_int_equal(sent->command.priority, 2);
  check_text(sent->dataset, "StudyInstanceUID", "1.2.1");
  scu_retrieve_report_free(report);
  scu_query_free(query);
  stop(w);
}

static void edit_answer(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  (void)w;
  if (!is_at(point, seen, "out", "C-STORE-RSP")) return;
  assert_int_equal(scu_message_set_status(message, 0xFF00), SCU_ERROR_USAGE); /* a final one stays final */
  assert_int_equal(scu_message_set_status(message, 0xA700), SCU_OK);
  assert_int_equal(scu_message_set_error_comment(message, "no thanks"), SCU_OK);
  assert_int_equal(scu_message_set_priority(message, 1), SCU_ERROR_USAGE);
  scu_dataset *dataset;
  assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_ERROR_USAGE);
}

static void test_an_edited_answer_arrives(void **state) {
  (void)state;
  static const char *const instances[] = {"1.2.3.1"};
  watcher *w = start(good, edit_answer);
  test_sink sink;
  scu_retrieve_report *report = NULL;
  scu_query *query = query_of("StudyInstanceUID", "1.2.1");
  test_sink_init(&sink);
  w->f.peer.row = one_instance;
  w->f.peer.instances = instances;
  w->f.peer.instance_count = 1;
  scu_get(w->f.session, query, &sink.sink, &report);
  const peer_message *sent = scripted_peer_message(&w->f.peer, SCU__C_STORE_RSP, 0);
  assert_int_equal(sent->command.status, 0xA700);
  assert_string_equal(sent->command.error_comment, "no thanks");
  scu_retrieve_report_free(report);
  scu_query_free(query);
  test_sink_free(&sink);
  stop(w);
}

typedef struct follow_case {
  scu_n_service service;
  const char *dataset, *instance; /* what is asked for; what the hook sets */
  const char *command;            /* what arrives */
} follow_case;

static const follow_case *following;

static void edit_instance(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset;
  if (strcmp(point, "out") == 0) {
    assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_OK);
    assert_int_equal(scu_dataset_set_text(dataset, "SOPInstanceUID", following->instance), SCU_OK);
  } else if (strcmp(point, "sent") == 0) {
    assert_string_equal(scu_message_sop_instance_uid(seen), following->command);
    w->looked++;
  }
}

static void test_the_uid_of_the_command_follows_the_one_of_the_dataset(void **state) {
  (void)state;
  static const follow_case cases[] = {
      {SCU_N_SET, "SOPInstanceUID=1.2.3.4|PatientID=1", "1.2.9", "1.2.9"},
      {SCU_N_SET, "PatientID=1", "1.2.9", "1.2.9"},
      {SCU_N_SET, "SOPInstanceUID=1.2.8|PatientID=1", "1.2.9", "1.2.3.4"}, /* about another one all along */
      {SCU_N_SET, "SOPInstanceUID=1.2.8|PatientID=1", "1.2.8", "1.2.3.4"}, /* not changed */
      {SCU_N_CREATE, "SOPInstanceUID=1.2.3.4", "1.2.9", "1.2.9"},          /* Affected, not Requested */
      {SCU_N_ACTION, NULL, "1.2.9", "1.2.9"},                              /* it had no dataset */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    following = &cases[i];
    watcher *w = start(good, edit_instance);
    assert_int_equal(ask(w, cases[i].service, cases[i].dataset), SCU_OK);
    const peer_message *sent = &w->f.peer.messages[0];
    const scu__uid *uid =
        cases[i].service == SCU_N_CREATE ? &sent->command.affected_sop_instance : &sent->command.requested_sop_instance;
    assert_string_equal(uid->text, cases[i].command);
    assert_int_equal(sent->command.message_id, 1);
    check_text(sent->dataset, "SOPInstanceUID", cases[i].instance);
    assert_int_equal(w->looked, 1);
    stop(w);
  }
}

static void edit_patient(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset;
  (void)w;
  (void)seen;
  if (strcmp(point, "out") != 0) return;
  assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_OK);
  assert_int_equal(scu_dataset_set_text(dataset, "PatientID", "2"), SCU_OK);
}

/* Peers have such. */
static void test_a_uid_against_the_rules_that_was_not_changed_goes_out(void **state) {
  (void)state;
  watcher *w = start(good, edit_patient);
  assert_int_equal(ask_of(w, SCU_N_SET, "1.02.3", "SOPInstanceUID=1.02.3|PatientID=1"), SCU_OK);
  assert_string_equal(w->f.peer.messages[0].command.requested_sop_instance.text, "1.02.3");
  check_text(w->f.peer.messages[0].dataset, "PatientID", "2");
  stop(w);
}

static void empty_dataset(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset;
  (void)w;
  if (strcmp(point, "sent") == 0) assert_false(scu_message_has_dataset(seen));
  if (strcmp(point, "out") != 0) return;
  assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_OK);
  assert_int_equal(scu_dataset_remove(dataset, "PatientID"), SCU_OK);
}

static void test_a_dataset_that_may_be_missing_can_be_taken_away(void **state) {
  (void)state;
  watcher *w = start(good, empty_dataset);
  assert_int_equal(ask(w, SCU_N_ACTION, "PatientID=1"), SCU_OK);
  assert_false(scu__command_has_dataset(&w->f.peer.messages[0].command));
  stop(w);
}

/* --- what cannot be changed ----------------------------------------------------------------------------------------
 */

static void edit_everything(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset = NULL;
  (void)seen;
  if (strcmp(point, "in") != 0) return;
  assert_int_equal(scu_message_set_priority(message, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_move_destination(message, "X"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_status(message, 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_error_comment(message, "x"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_ERROR_USAGE);
  assert_null(dataset);
  w->looked++;
}

static void test_what_was_received_cannot_be_changed(void **state) {
  (void)state;
  watcher *w = start(good, edit_everything);
  assert_int_equal(find(w), SCU_OK);
  assert_int_equal(w->looked, 3);
  stop(w);
}

static scu_message *kept; /* against the rules */

static void edit_late(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset = NULL;
  if (is_at(point, seen, "out", "C-FIND-RQ")) kept = message;
  if (!is_at(point, seen, "sent", "C-FIND-RQ")) return;
  assert_ptr_equal(kept, seen); /* it is still there, so that the flag is what stops it */
  assert_int_equal(scu_message_set_priority(kept, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_edit_dataset(kept, &dataset), SCU_ERROR_USAGE);
  w->looked++;
}

static void test_what_was_sent_cannot_be_changed(void **state) {
  (void)state;
  watcher *w = start(good, edit_late);
  assert_int_equal(find(w), SCU_OK);
  assert_int_equal(w->looked, 1);
  stop(w);
}

static void edit_echo(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset = NULL;
  (void)seen;
  if (strcmp(point, "out") != 0) return;
  assert_int_equal(scu_message_set_priority(message, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_move_destination(message, "X"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_status(message, 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_set_error_comment(message, "x"), SCU_ERROR_USAGE);
  assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_ERROR_USAGE);
  w->looked++;
}

static void test_what_a_message_does_not_have_cannot_be_set(void **state) {
  (void)state;
  watcher *w = start(good, edit_echo);
  assert_int_equal(echo(w), SCU_OK);
  assert_int_equal(w->looked, 1);
  stop(w);
}

/* --- what cannot be sent -------------------------------------------------------------------------------------------
 */

static scu_dataset *dataset_of(scu_message *message) {
  scu_dataset *dataset;
  assert_int_equal(scu_message_edit_dataset(message, &dataset), SCU_OK);
  return dataset;
}

static void edit_beyond_the_charset(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  (void)w;
  if (!is_at(point, seen, "out", "C-FIND-RQ")) return;
  scu_dataset *dataset = dataset_of(message);
  assert_int_equal(scu_dataset_set_text(dataset, "PatientName", "Müller"), SCU_OK);
  assert_int_equal(scu_dataset_set_charset(dataset, ""), SCU_OK); /* ASCII only */
}

static void fail_an_edit(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  (void)w;
  if (!is_at(point, seen, "out", "C-FIND-RQ")) return;
  assert_int_equal(scu_dataset_set_text(dataset_of(message), "PixelData", "x"), SCU_ERROR_USAGE);
}

static void empty_identifier(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  (void)w;
  if (!is_at(point, seen, "out", "C-FIND-RQ")) return;
  scu_dataset *dataset = dataset_of(message);
  while (scu_dataset_count(dataset) > 0) {
    char path[16];
    snprintf(path, sizeof path, "%08x", (unsigned)scu_element_tag(scu_dataset_at(dataset, 0)));
    assert_int_equal(scu_dataset_remove(dataset, path), SCU_OK);
  }
}

static void test_what_cannot_be_encoded_is_not_sent_and_says_why(void **state) {
  (void)state;
  static const struct {
    looking *look;
    const char *reason;
  } cases[] = {{edit_beyond_the_charset, "as edited cannot be sent"},
               {fail_an_edit, "as edited cannot be sent"},
               {empty_identifier, "left no dataset"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    watcher *w = start(good, cases[i].look);
    assert_int_equal(find(w), SCU_ERROR_USAGE);
    const scu_error *error = scu_session_error(w->f.session);
    assert_int_equal(scu_error_phase(error), SCU_PHASE_REQUEST);
    if (!strstr(scu_error_reason(error), cases[i].reason)) fail_msg("%s", scu_error_reason(error));
    assert_int_equal(w->f.peer.message_count, 0);
    assert_string_equal(w->told, "out C-FIND-RQ");
    w->look = NULL;
    assert_int_equal(find(w), SCU_OK); /* over the same association */
    assert_int_equal(w->f.peer.accepted, 1);
    stop(w);
  }
}

static void edit_to_no_uid(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  (void)w;
  (void)seen;
  if (strcmp(point, "out") != 0) return;
  assert_int_equal(scu_dataset_set_bytes(dataset_of(message), 0x00080018, SCU_VR_UI, "no UID", 6), SCU_OK);
}

static void test_a_uid_that_is_none_is_not_sent(void **state) {
  (void)state;
  watcher *w = start(good, edit_to_no_uid);
  assert_int_equal(ask(w, SCU_N_SET, "SOPInstanceUID=1.2.3.4"), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_session_error(w->f.session)), "is not a UID"));
  assert_int_equal(w->f.peer.message_count, 0);
  stop(w);
}

static scu_result propose_procedure_steps(void *user, scu_proposal *proposal) {
  (void)user;
  return scu_proposal_add(proposal, "1.2.840.10008.5.1.4.34.6.1", (const char *const[]){SCU__UID_EXPLICIT_LE}, 1);
}

static scu_result send_set(scu_association *association, const char *dataset_text) {
  scu_message *message = NULL;
  scu_dataset *dataset = dataset_text ? peer_dataset(dataset_text) : NULL;
  assert_int_equal(scu_message_new(NULL, SCU__N_SET_RQ, &message), SCU_OK);
  assert_int_equal(scu_message_set_sop_class_uid(message, "1.2.840.10008.5.1.4.34.6.1"), SCU_OK);
  assert_int_equal(scu_message_set_sop_instance_uid(message, "1.2.3.4"), SCU_OK);
  if (dataset) assert_int_equal(scu_message_set_dataset(message, dataset), SCU_OK);
  scu_result result = scu_association_send(association, message, NULL);
  scu_dataset_free(dataset);
  scu_message_free(message);
  return result;
}

/* What a hook did to one message is not why another fails. */
static void test_a_reason_is_that_of_the_message_it_stopped(void **state) {
  (void)state;
  for (int has_hooks = 0; has_hooks < 2; has_hooks++) {
    watcher *w = start(good, edit_to_no_uid);
    scu_association *association = NULL;
    assert_int_equal(scu_association_open(w->f.session, propose_procedure_steps, NULL, &association), SCU_OK);
    assert_int_equal(send_set(association, "SOPInstanceUID=1.2.3.4"), SCU_ERROR_USAGE);
    assert_non_null(strstr(scu_error_reason(scu_association_error(association)), "is not a UID"));
    w->look = NULL;
    if (!has_hooks) assert_int_equal(scu_session_set_hooks(w->f.session, NULL), SCU_OK);
    assert_int_equal(send_set(association, NULL), SCU_ERROR_USAGE);
    assert_non_null(strstr(scu_error_reason(scu_association_error(association)), "incomplete"));
    assert_int_equal(w->f.peer.message_count, 0);
    scu_association_close(association);
    stop(w);
  }
}

/* As a message that the library makes by itself, and that nobody waits for. */
static scu_result push_set(scu_session *session) {
  const scu__uid class_uid = {"1.2.840.10008.5.1.4.34.6.1"}, instance = {"1.2.3.4"};
  scu_dataset *dataset = peer_dataset("SOPInstanceUID=1.2.3.4");
  scu__message message = {.context_id = 1, .payload = SCU__PAYLOAD_BYTES};
  scu__request_init(&message.command, SCU__N_SET_RQ, 1, &class_uid);
  message.command.requested_sop_instance = instance;
  message.command.present |= SCU__HAS_REQUESTED_SOP_INSTANCE;
  scu__buffer_init(&message.bytes, NULL, 1000);
  assert_int_equal(scu__dataset_encode(dataset, SCU__EXPLICIT_LE, &message.bytes, NULL), SCU_OK);
  scu_dataset_free(dataset);
  return scu__outbox_push(scu__link_outbox(scu__associations_link(session)), &message);
}

static void test_a_reason_that_nobody_asked_for_is_not_that_of_the_next_call(void **state) {
  (void)state;
  watcher *w = start(good, edit_to_no_uid);
  scu_association *association = NULL;
  assert_int_equal(scu_association_open(w->f.session, propose_procedure_steps, NULL, &association), SCU_OK);
  assert_int_equal(push_set(w->f.session), SCU_ERROR_USAGE);
  assert_int_equal(scu_association_cancel(association, 77), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_association_error(association)), "no open request"));
  scu_association_close(association);
  stop(w);
}

static void test_a_dataset_in_a_syntax_that_cannot_be_decoded_is_not_shown(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_DEFLATED_EXPLICIT_LE, "1.2.3.4"};
  static const uint8_t bytes[] = {0x10, 0, 0x20, 0, 'L', 'O', 2, 0, 'P', '1'};
  for (size_t i = 0; i < 2; i++) {
    scu__message_dataset held;
    scu_dataset *dataset;
    scu__message_dataset_init(&held, NULL, syntaxes[i]);
    held.bytes = bytes;
    held.length = sizeof bytes;
    assert_null(scu__message_dataset_read(&held));
    assert_int_equal(scu__message_dataset_edit(&held, &dataset), SCU_ERROR_UNSUPPORTED);
    scu__message_dataset_free(&held);
  }
}

static void test_a_dataset_that_cannot_be_read_is_not_shown(void **state) {
  (void)state;
  static const uint8_t cut[] = {0x10, 0, 0x20, 0, 'L', 'O', 200, 0, 'P', '1'};
  scu__message_dataset held;
  scu_dataset *dataset;
  scu__message_dataset_init(&held, NULL, SCU__UID_EXPLICIT_LE);
  scu__message_dataset_put(&held, cut, 6);
  scu__message_dataset_put(&held, cut + 6, sizeof cut - 6);
  scu__message_dataset_end(&held);
  assert_null(scu__message_dataset_read(&held));
  assert_int_equal(scu__message_dataset_edit(&held, &dataset), SCU_ERROR_MALFORMED);
  assert_true(strlen(scu_error_reason(&held.error)) > 0);
  scu__message_dataset_free(&held);
}

static void ask_for_dataset(watcher *w, const char *point, const scu_message *seen, scu_message *message) {
  scu_dataset *dataset = NULL;
  (void)seen;
  if (strcmp(point, "out") != 0) return;
  w->edited = scu_message_edit_dataset(message, &dataset);
  assert_null(dataset);
}

static scu_result propose_deflated(void *user, scu_proposal *proposal) {
  (void)user;
  return scu_proposal_add(proposal, "1.2.840.10008.5.1.4.34.6.1", (const char *const[]){SCU__UID_DEFLATED_EXPLICIT_LE},
                          1);
}

/* Even from a hook that does not look at what it is answered. */
static void test_a_message_that_a_hook_could_not_edit_is_not_sent(void **state) {
  (void)state;
  watcher *w = start(good, ask_for_dataset);
  scu_association *association = NULL;
  scu_message *message = NULL;
  assert_int_equal(scu_association_open(w->f.session, propose_deflated, NULL, &association), SCU_OK);
  assert_int_equal(scu_message_new(NULL, SCU__N_ACTION_RQ, &message), SCU_OK);
  assert_int_equal(scu_message_set_sop_class_uid(message, "1.2.840.10008.5.1.4.34.6.1"), SCU_OK);
  assert_int_equal(scu_message_set_sop_instance_uid(message, "1.2.3.4"), SCU_OK);
  assert_int_equal(scu_message_set_action_type(message, 3), SCU_OK);
  assert_int_equal(scu_association_send(association, message, NULL), SCU_ERROR_UNSUPPORTED);
  assert_int_equal(w->edited, SCU_ERROR_UNSUPPORTED);
  assert_non_null(strstr(scu_error_reason(scu_association_error(association)), "cannot be decoded"));
  assert_int_equal(w->f.peer.message_count, 0);
  w->look = NULL;
  assert_int_equal(scu_association_send(association, message, NULL), SCU_OK);
  scu_message_free(message);
  scu_association_close(association);
  stop(w);
}

/* --- cancel and abort ----------------------------------------------------------------------------------------------
 */

static void test_cancel_and_abort_from_every_point_are_safe(void **state) {
  (void)state;
  static const peer_step never_final[] = {RQ,   ACCEPT,
                                          NEXT, {.action = PEER_RESPOND, .status = 0xFF00, .text = "PatientName=Doe"},
                                          NEXT, {.action = PEER_RESPOND, .status = 0xFE00, .back = 1},
                                          END};
  for (size_t i = 0; i < 2 * POINTS; i++) {
    bool is_abort = i >= POINTS;
    watcher *w = start(never_final, NULL);
    w->act_at = points[i % POINTS];
    w->act = is_abort ? scu_abort : scu_cancel;
    assert_int_equal(find(w), is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    if (!is_abort) assert_non_null(strstr(w->told, "out C-CANCEL-RQ, sent C-CANCEL-RQ"));
    stop(w);
  }
}

/* Everything that is there when a session is freed, with messages half out and half in. */
static void test_a_session_freed_in_the_middle_tells_no_more(void **state) {
  (void)state;
  static const peer_step half[] = {
      RQ, ACCEPT, NEXT, {.action = PEER_RESPOND, .status = 0xFF00, .text = long_name, .cut = 150}, END};
  watcher *w = start(half, NULL);
  scu_query *query = query_of("PatientName", "Doe*");
  scu_matches *matches;
  assert_int_equal(scu_find_start(w->f.session, query, &matches), SCU_OK);
  TEST_LOOP_UNTIL(&w->f.time, strstr(w->told, "in C-FIND-RSP"), 1000);
  scu_session_free(w->f.session); /* and the operation with it */
  w->f.session = NULL;
  assert_string_equal(w->told, "out C-FIND-RQ, sent C-FIND-RQ, in C-FIND-RSP");
  scu_query_free(query);
  stop(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_echo_is_told_at_all_four_points),
      cmocka_unit_test(test_a_find_is_told_with_its_identifiers_however_they_come),
      cmocka_unit_test(test_n_services_are_told_with_their_datasets),
      cmocka_unit_test(test_a_store_is_told_with_its_length_alone),
      cmocka_unit_test(test_a_get_is_told_with_its_sub_operations),
      cmocka_unit_test(test_a_move_to_ourselves_is_told_with_what_the_listener_gets),
      cmocka_unit_test(test_hooks_that_are_not_set_hear_nothing),
      cmocka_unit_test(test_hooks_that_are_not_set_cost_no_memory),
      cmocka_unit_test(test_either_hook_works_without_the_other),
      cmocka_unit_test(test_a_message_that_does_not_come_whole_has_no_after),
      cmocka_unit_test(test_an_edited_identifier_arrives_in_the_syntax_of_its_context),
      cmocka_unit_test(test_an_edited_destination_and_priority_arrive),
      cmocka_unit_test(test_an_edited_answer_arrives),
      cmocka_unit_test(test_the_uid_of_the_command_follows_the_one_of_the_dataset),
      cmocka_unit_test(test_a_uid_against_the_rules_that_was_not_changed_goes_out),
      cmocka_unit_test(test_a_dataset_that_may_be_missing_can_be_taken_away),
      cmocka_unit_test(test_what_was_received_cannot_be_changed),
      cmocka_unit_test(test_what_was_sent_cannot_be_changed),
      cmocka_unit_test(test_what_a_message_does_not_have_cannot_be_set),
      cmocka_unit_test(test_what_cannot_be_encoded_is_not_sent_and_says_why),
      cmocka_unit_test(test_a_uid_that_is_none_is_not_sent),
      cmocka_unit_test(test_a_reason_is_that_of_the_message_it_stopped),
      cmocka_unit_test(test_a_reason_that_nobody_asked_for_is_not_that_of_the_next_call),
      cmocka_unit_test(test_a_dataset_in_a_syntax_that_cannot_be_decoded_is_not_shown),
      cmocka_unit_test(test_a_dataset_that_cannot_be_read_is_not_shown),
      cmocka_unit_test(test_a_message_that_a_hook_could_not_edit_is_not_sent),
      cmocka_unit_test(test_cancel_and_abort_from_every_point_are_safe),
      cmocka_unit_test(test_a_session_freed_in_the_middle_tells_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
