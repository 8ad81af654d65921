/* The i-th allocation fails, once or for ever from then on, for every i of a whole echo, store, find and get against a
 * scripted peer (catalogue E01): success or a clean error, never a leak, and afterwards everything works again. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scu/association.h"
#include "scu/mpps.h"
#include "support/client_fixture.h"
#include "support/dicomdir_writer.h"
#include "support/failing_allocator.h"
#include "support/sample_file.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

static const peer_step good[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

/* Fails one request, or every one from there on. */
typedef struct torture {
  failing_allocator memory;
  bool is_for_ever;
  test_loop time;
  scripted_peer peer;
  scu_session *session;
} torture;

static void *torture_allocate(void *user, size_t length) {
  torture *t = user;
  if (t->is_for_ever && t->memory.requests > t->memory.fail_at) t->memory.fail_at = t->memory.requests;
  return failing_allocate(&t->memory, length);
}

static void *torture_reallocate(void *user, void *block, size_t length) {
  torture *t = user;
  if (t->is_for_ever && t->memory.requests > t->memory.fail_at) t->memory.fail_at = t->memory.requests;
  return failing_reallocate(&t->memory, block, length);
}

static void torture_release(void *user, void *block) {
  failing_release(&((torture *)user)->memory, block);
}

static const char *rows(void *user, const scu_dataset *query, size_t row) {
  const char *more = user;
  char level[17] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  static const char *const studies[] = {"StudyInstanceUID=1.2.1|PatientName=Doe^Jane",
                                        "StudyInstanceUID=1.2.2|PatientName=Doe^Jane"};
  if (strcmp(level, "STUDY") == 0) return row < 2 ? studies[row] : NULL;
  if (strcmp(level, "SERIES") == 0 && more) return row < 1 ? more : NULL;
  if (strcmp(level, "SERIES") == 0) return row < 1 ? "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1" : NULL;
  static const char *const images[] = {
      "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=1.2.3.1|SOPClassUID=" SAMPLE_CLASS,
      "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=1.2.3.2|SOPClassUID=" SAMPLE_CLASS};
  return row < 2 ? images[row] : NULL;
}

static const char *const instances[] = {"1.2.3.1", "1.2.3.2"};

/* --- the operations: SCU_OK only when everything was done -----------------------------------------------------------
 */

static scu_result do_echo(torture *t) {
  scu_response *response;
  scu_result result = scu_echo(t->session, &response);
  if (result == SCU_OK) assert_int_equal(scu_response_status(response), 0);
  scu_response_free(response);
  return result;
}

static scu_result do_store(torture *t) {
  scu_source *source = NULL;
  scu_store_report *report = NULL;
  scu_result result = scu_source_new(&t->memory.allocator, &source);
  for (int i = 1; i <= 2 && result == SCU_OK; i++) {
    char name[16];
    snprintf(name, sizeof name, "%d.dcm", i);
    result = scu_source_add_file(source, in_scratch(name));
  }
  if (result == SCU_OK) result = scu_store(t->session, source, &report);
  if (result == SCU_OK) {
    uint64_t told = 0;
    for (int outcome = SCU_OUTCOME_OK; outcome <= SCU_OUTCOME_SKIPPED; outcome++)
      told += scu_store_report_count(report, (scu_outcome)outcome);
    assert_int_equal(told, 2);
    if (scu_store_report_count(report, SCU_OUTCOME_OK) != 2) result = SCU_ERROR_MEMORY; /* told one by one */
  }
  scu_store_report_free(report);
  scu_source_free(source);
  return result;
}

/* A DICOMDIR, a dataset and a file in memory: four instances. */
static scu_result do_store_sources(torture *t) {
  scu_source *source = NULL;
  scu_store_report *report = NULL;
  scu_dataset *dataset = sample_dataset(&(sample_file){.number = 3, .pixels = 2000}, "1.2.3.3");
  scu__buffer file;
  sample_bytes(&(sample_file){.number = 4, .pixels = 2000}, &file);
  scu_result result = scu_source_new(&t->memory.allocator, &source);
  if (result == SCU_OK) result = scu_source_add_dicomdir(source, in_scratch("DICOMDIR"));
  if (result == SCU_OK) result = scu_source_add_dataset(source, dataset, SCU__UID_DEFLATED_EXPLICIT_LE);
  if (result == SCU_OK) result = scu_source_add_memory(source, file.data, file.length);
  if (result == SCU_OK) result = scu_store(t->session, source, &report);
  if (result == SCU_OK && scu_store_report_count(report, SCU_OUTCOME_OK) != 4) result = SCU_ERROR_MEMORY;
  scu_store_report_free(report);
  scu_source_free(source);
  scu_dataset_free(dataset);
  scu__buffer_free(&file);
  return result;
}

static scu_store_choice edit_candidate(void *user, scu_store_candidate *candidate) {
  (void)user;
  scu_edits_remove_private(candidate->edits);
  scu_edits_set_text(candidate->edits, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
  return SCU_STORE_SEND; /* what failed here is told of the instance */
}

/* A file and a deflated dataset, edited by their source and by a hook. */
static scu_result do_store_edited(torture *t) {
  scu_source *source = NULL;
  scu_edits *edits = NULL;
  scu_store_report *report = NULL;
  scu_dataset *dataset = sample_dataset(&(sample_file){.number = 3, .pixels = 2000}, "1.2.3.3");
  const scu_hooks hooks = {.size = sizeof hooks, .before_store = edit_candidate};
  scu_result result = scu_session_set_hooks(t->session, &hooks);
  if (result == SCU_OK) result = scu_source_new(&t->memory.allocator, &source);
  if (result == SCU_OK) result = scu_edits_new(&t->memory.allocator, &edits);
  if (result == SCU_OK) result = scu_edits_set_text(edits, "PatientID", "N-1");
  if (result == SCU_OK) result = scu_source_set_edits(source, edits);
  if (result == SCU_OK) result = scu_source_add_dataset(source, dataset, SCU__UID_DEFLATED_EXPLICIT_LE);
  if (result == SCU_OK) result = scu_source_add_file(source, in_scratch("1.dcm"));
  if (result == SCU_OK) result = scu_store(t->session, source, &report);
  if (result == SCU_OK && scu_store_report_count(report, SCU_OUTCOME_OK) != 2) result = SCU_ERROR_MEMORY;
  scu_store_report_free(report);
  scu_source_free(source);
  scu_edits_free(edits);
  scu_dataset_free(dataset);
  return result;
}

/* The second file has to be rewritten: the peer takes implicit only. */
static scu_result do_store_rewritten(torture *t) {
  t->peer.only_syntax = SCU__UID_IMPLICIT_LE;
  return do_store(t);
}

static scu_result propose_query(void *user, scu_proposal *proposal) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  (void)user;
  return scu_proposal_add(proposal, "1.2.840.10008.5.1.4.1.2.2.1", syntaxes, 1);
}

static scu_result fill_find(const scu_allocator *allocator, scu_message *request) {
  scu_dataset *keys = NULL;
  scu_result result = scu_dataset_new(allocator, &keys);
  if (result == SCU_OK) result = scu_dataset_set_text(keys, "QueryRetrieveLevel", "STUDY");
  if (result == SCU_OK) result = scu_message_set_sop_class_uid(request, "1.2.840.10008.5.1.4.1.2.2.1");
  if (result == SCU_OK) result = scu_message_set_dataset(request, keys);
  scu_dataset_free(keys);
  return result;
}

static scu_result do_messages(torture *t) {
  scu_association *association = NULL;
  scu_message *request = NULL;
  uint16_t status = 0xFF00;
  size_t matches = 0;
  scu_result result = scu_association_open(t->session, propose_query, NULL, &association);
  if (result == SCU_OK) result = scu_message_new(&t->memory.allocator, 0x0020, &request);
  if (result == SCU_OK) result = fill_find(&t->memory.allocator, request);
  if (result == SCU_OK) result = scu_association_send(association, request, NULL);
  while (result == SCU_OK && status == 0xFF00) {
    const scu_message *answer;
    result = scu_association_receive(association, -1, &answer);
    if (result == SCU_OK) assert_true(scu_message_status(answer, &status));
    if (result == SCU_OK && status == 0xFF00) matches++;
  }
  if (result == SCU_OK) assert_int_equal(matches, 2);
  scu_message_free(request);
  scu_association_close(association);
  return result;
}

static scu_result do_find(torture *t) {
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  size_t count = 0;
  scu_result result = scu_query_new(&t->memory.allocator, &query);
  if (result == SCU_OK) result = scu_query_set(query, "Modality", "CT\\MR"); /* united: two C-FINDs */
  if (result == SCU_OK) result = scu_find(t->session, query, &matches);
  while (result == SCU_OK) {
    const scu_dataset *row;
    result = scu_matches_next(matches, &row);
    if (result == SCU_OK) count++;
  }
  if (result == SCU_END) {
    assert_int_equal(count, 2); /* an end that is called one has every row before it */
    result = SCU_OK;
  }
  scu_matches_close(matches);
  scu_query_free(query);
  return result;
}

/* Must not go out as it was. The hook does not look at what its calls say: the message must. */
static void edit_query(void *user, scu_message *message) {
  scu_dataset *dataset;
  (void)user;
  if (scu_message_field(message) != SCU__C_FIND_RQ) return;
  if (scu_message_edit_dataset(message, &dataset) == SCU_OK)
    scu_dataset_set_text(dataset, "PatientName", "Edited^by a hook, with a Ü and a long name");
}

static void look_at_it(void *user, const scu_message *message) {
  (void)user;
  scu_message_dataset(message);
}

static scu_result do_edited_find(torture *t) {
  const scu_hooks hooks = {.size = sizeof hooks, .before_message = edit_query, .after_message = look_at_it};
  scu_session_set_hooks(t->session, &hooks);
  scu_result result = do_find(t);
  for (size_t i = 0; i < scripted_peer_count(&t->peer, SCU__C_FIND_RQ); i++) {
    const peer_message *sent = scripted_peer_message(&t->peer, SCU__C_FIND_RQ, i);
    char name[80] = "";
    assert_int_equal(scu_dataset_text(sent->dataset, "PatientName", name, sizeof name), SCU_OK);
    assert_string_equal(name, "Edited^by a hook, with a Ü and a long name");
  }
  return result;
}

static scu_result do_get(torture *t) {
  test_sink *sink = malloc(sizeof *sink);
  scu_query *query = NULL;
  scu_retrieve_report *report = NULL;
  test_sink_init(sink);
  scu_result result = scu_query_new(&t->memory.allocator, &query);
  if (result == SCU_OK) result = scu_query_set(query, "StudyInstanceUID", "1.2.1");
  if (result == SCU_OK) result = scu_get(t->session, query, &sink->sink, &report);
  if (result == SCU_OK) {
    bool is_complete = scu_retrieve_report_verdict(report) == SCU_VERDICT_COMPLETE;
    if (is_complete) assert_true(sink->finished >= 2);
    if (!is_complete) result = SCU_ERROR_MEMORY; /* the report says so */
  }
  assert_int_equal(sink->open, 0);
  scu_retrieve_report_free(report);
  scu_query_free(query);
  test_sink_free(sink);
  free(sink);
  return result;
}

/* What another AE has: the same peer by another name. */
static scu_result do_get_elsewhere(torture *t) {
  static char row[] = "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|RetrieveAETitle=NOBODY\\B";
  char text[128];
  scu_options *options = NULL;
  scu_session *session = t->session;
  t->peer.user = row;
  int length = snprintf(text, sizeof text, "[b]\naet=B\nhost=127.0.0.1\nport=%u\n", (unsigned)t->peer.port);
  write_scratch("nodes.ini", text, (size_t)length);
  scu_result result = scu_options_new(&t->memory.allocator, &options);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_NODES_FILE, in_scratch("nodes.ini"));
  t->session = NULL;
  if (result == SCU_OK) result = scu_session_new_on(t->time.loop, &t->session, options, t->peer.name);
  scu_options_free(options);
  if (result == SCU_OK) result = do_get(t);
  /* Without memory for the node file nobody else is known. */
  if (t->memory.fail_at == SIZE_MAX) assert_memory_equal(t->peer.request.data + 4, "B  ", 3);
  scu_session_free(t->session);
  t->session = session;
  return result;
}

static scu_match_choice get_match(void *user, const scu_match *match) {
  scu_result result = match->number == 1 ? do_get(user) : SCU_OK;
  return result == SCU_OK ? SCU_MATCH_TAKE : SCU_MATCH_ENOUGH;
}

static void take_with_warning(void *user, scu_received *received) {
  (void)user;
  received->status = 0xB000;
}

/* A find whose hook fetches what it is told of, and answers for it. */
static scu_result do_get_in_hook(torture *t) {
  const scu_hooks hooks = {.size = sizeof hooks,
                           .user = t,
                           .match = get_match,
                           .before_keep = take_with_warning,
                           .received = take_with_warning};
  scu_session_set_hooks(t->session, &hooks);
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *row;
  scu_result result = scu_query_new(&t->memory.allocator, &query);
  if (result == SCU_OK) result = scu_query_set(query, "PatientName", "Doe*");
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_find(t->session, query, &matches);
  while (result == SCU_OK) result = scu_matches_next(matches, &row);
  if (result == SCU_END) result = scu_matches_count(matches) == 2 ? SCU_OK : SCU_ERROR_MEMORY; /* the get has failed */
  scu_matches_close(matches);
  scu_query_free(query);
  return result;
}

/* A step is created, changed and read: datasets both ways, and an attribute list. */
static scu_result do_procedure_step(torture *t) {
  static const char *const names[] = {"PatientName", "StudyID"};
  scu_dataset
      *attributes = NULL,
      *text = peer_dataset(
          "Modality=CT|PatientName=Müller^Jörg|PerformedStationAETitle=CT1|PerformedProcedureStepStartDate=20240101|"
          "PerformedProcedureStepStartTime=101500|PerformedProcedureStepID=P1|"
          "ScheduledStepAttributesSequence[0].StudyInstanceUID=1.2.41");
  scu_response *response = NULL;
  t->peer.n_get_reply = "PatientName=Müller^Jörg|StudyID=7";
  scu_result result = scu_dataset_new(&t->memory.allocator, &attributes);
  if (result == SCU_OK) result = scu_dataset_merge(attributes, text);
  scu_dataset_free(text);
  if (result == SCU_OK) result = scu_mpps_create(t->session, NULL, attributes, &response);
  scu_response_free(response);
  response = NULL;
  if (result == SCU_OK) result = scu_mpps_end(t->session, "1.2.3", SCU_MPPS_COMPLETED, attributes, &response);
  scu_response_free(response);
  response = NULL;
  if (result == SCU_OK) result = scu_mpps_get(t->session, "1.2.3", names, 2, &response);
  if (result == SCU_OK) assert_non_null(scu_response_dataset(response));
  scu_response_free(response);
  scu_dataset_free(attributes);
  return result;
}

/* --- the sweep -----------------------------------------------------------------------------------------------------
 */

/* With a user, whom the peer confirms with an answer. */
static bool open_session(torture *t) {
  scu_options *options = NULL;
  scu_result result = scu_options_new(&t->memory.allocator, &options);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "alice");
  if (result == SCU_OK) result = scu_options_set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, "tiger", 5);
  if (result == SCU_OK) result = scu_options_set_boolean(options, SCU_OPTION_IDENTITY_OVER_PLAIN, true);
  if (result == SCU_OK) result = scu_session_new_on(t->time.loop, &t->session, options, t->peer.name);
  scu_options_free(options);
  return result == SCU_OK;
}

/* One run with the fail_at-th request failing. */
static scu_result run(scu_result (*operation)(torture *), size_t fail_at, bool is_for_ever, size_t *requests) {
  torture *t = calloc(1, sizeof *t);
  failing_allocator_init(&t->memory, fail_at);
  t->memory.allocator.allocate = torture_allocate;
  t->memory.allocator.reallocate = torture_reallocate;
  t->memory.allocator.release = torture_release;
  t->memory.allocator.user = t;
  t->is_for_ever = is_for_ever;
  scu_result result = SCU_ERROR_MEMORY;
  if (test_loop_try(&t->time, &t->memory.allocator)) {
    scripted_peer_start(&t->peer, t->time.loop, good);
    t->peer.row = rows;
    t->peer.confirms_identity = true;
    t->peer.identity_answer = "yes";
    t->peer.identity_answer_length = 3;
    t->peer.instances = instances;
    t->peer.instance_count = 2;
    if (open_session(t)) {
      result = operation(t);
      uint64_t before = t->time.now_ms;
      scu_session_free(t->session);
      assert_true(t->time.now_ms - before < 12 * 1000);
    } else {
      scu_session_free(t->session);
    }
    scripted_peer_stop(&t->peer);
    test_loop_stop(&t->time);
  }
  assert_int_equal(t->memory.alive, 0);
  if (requests) *requests = t->memory.requests;
  free(t);
  return result;
}

static void sweep(scu_result (*operation)(torture *)) {
  size_t requests = 0, failed = 0;
  assert_int_equal(run(operation, SIZE_MAX, false, &requests), SCU_OK);
  assert_true(requests > 20);
  for (int is_for_ever = 0; is_for_ever < 2; is_for_ever++) {
    for (size_t i = 0; i < requests; i++) {
      scu_result result = run(operation, i, is_for_ever, NULL);
      /* Where the peer sees a broken-off association, the loss may be told before the lack of memory. */
      bool is_clean = result == SCU_OK || result == SCU_ERROR_MEMORY;
      if (!is_clean) fail_msg("request %zu of %zu: %s", i, requests, scu_result_name(result));
      failed += result != SCU_OK;
    }
  }
  assert_true(failed > requests / 2);
  assert_int_equal(run(operation, SIZE_MAX, false, NULL), SCU_OK);
  print_message("%zu allocations, each failed once and for ever; %zu runs ended with an error\n", requests, failed);
}

static void test_an_echo_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_echo);
}

static void test_a_store_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_store);
}

static void test_a_rewritten_store_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_store_rewritten);
}

static void test_a_store_of_other_sources_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_store_sources);
}

static void test_single_messages_survive_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_messages);
}

static void test_an_edited_store_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_store_edited);
}

static void test_a_find_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_find);
}

static void test_a_find_edited_by_a_hook_goes_out_edited_or_not_at_all(void **state) {
  (void)state;
  sweep(do_edited_find);
}

static scu_result do_watched_get(torture *t) {
  const scu_hooks hooks = {.size = sizeof hooks, .after_message = look_at_it};
  scu_session_set_hooks(t->session, &hooks);
  return do_get(t);
}

static void test_a_get_with_hooks_on_messages_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_watched_get);
}

static void test_a_get_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_get);
}

static void test_a_get_from_another_ae_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_get_elsewhere);
}

static void test_a_get_in_the_hook_of_a_find_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_get_in_hook);
}

static void test_a_procedure_step_survives_every_lack_of_memory(void **state) {
  (void)state;
  sweep(do_procedure_step);
}

static int make_files(void **state) {
  if (scratch_setup(state) != 0) return -1;
  for (int i = 1; i <= 2; i++) {
    char name[16];
    scu__buffer bytes;
    sample_bytes(&(sample_file){.number = i, .pixels = 30000}, &bytes);
    snprintf(name, sizeof name, "%d.dcm", i);
    write_scratch(name, bytes.data, bytes.length);
    scu__buffer_free(&bytes);
  }
  static const dicomdir_record records[] = {{.file_id = "1.DCM"}, {.file_id = "2.dcm"}};
  scu__buffer dicomdir;
  dicomdir_write(&(dicomdir_writer){.transfer_syntax = SCU__UID_DEFLATED_EXPLICIT_LE}, records, 2, &dicomdir);
  write_scratch("DICOMDIR", dicomdir.data, dicomdir.length);
  scu__buffer_free(&dicomdir);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_echo_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_store_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_rewritten_store_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_store_of_other_sources_survives_every_lack_of_memory),
      cmocka_unit_test(test_single_messages_survive_every_lack_of_memory),
      cmocka_unit_test(test_an_edited_store_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_find_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_find_edited_by_a_hook_goes_out_edited_or_not_at_all),
      cmocka_unit_test(test_a_get_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_get_from_another_ae_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_get_in_the_hook_of_a_find_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_get_with_hooks_on_messages_survives_every_lack_of_memory),
      cmocka_unit_test(test_a_procedure_step_survives_every_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, make_files, scratch_teardown);
}
