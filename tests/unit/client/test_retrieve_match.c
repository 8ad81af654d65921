/* Retrieving what a match names: which keys go out, where to, from inside the match hook, and what is refused
 * (RULES 18, 27). */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/retrieve_fixture.h"
#include "unit/io/scratch.h"

static const peer_step *const serving[] = {serves};

#define DEEP                                                                                                           \
  "PatientID=4711|PatientName=Doe|StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=1.2.3.1|Modality=CT"

static void test_only_the_unique_keys_down_to_the_level_go_out(void **state) {
  (void)state;
  static const struct {
    const char *match;
    scu_query_level level;
    const char *level_word, *sop_class;
    size_t keys;
  } rows[] = {
      {DEEP, SCU_LEVEL_IMAGE, "IMAGE", "1.2.840.10008.5.1.4.1.2.2.2", 4},
      {DEEP, SCU_LEVEL_SERIES, "SERIES", "1.2.840.10008.5.1.4.1.2.2.2", 3},
      {DEEP, SCU_LEVEL_STUDY, "STUDY", "1.2.840.10008.5.1.4.1.2.2.2", 2},
      {DEEP, SCU_LEVEL_PATIENT, "PATIENT", "1.2.840.10008.5.1.4.1.2.1.2", 2},
      {DEEP, SCU_LEVEL_DEFAULT, "IMAGE", "1.2.840.10008.5.1.4.1.2.2.2", 4},
      {DEEP "|QueryRetrieveLevel=STUDY", SCU_LEVEL_DEFAULT, "STUDY", "1.2.840.10008.5.1.4.1.2.2.2", 2},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    retrieve_run run;
    char word[17];
    retrieve_set_up(&run, serving, 1);
    fixture_open(&run.f);
    scu_dataset *match = peer_dataset(rows[i].match);
    scu_retrieve_report *report;
    assert_int_equal(scu_move_match(run.f.session, match, rows[i].level, "VIEWER", &report), SCU_OK);
    const peer_message *rq = scripted_peer_message(&run.f.peer, SCU__C_MOVE_RQ, 0);
    assert_string_equal(rq->command.affected_sop_class.text, rows[i].sop_class);
    assert_string_equal(rq->command.move_destination.text, "VIEWER");
    assert_int_equal(scu_dataset_count(rq->dataset), rows[i].keys);
    scu_dataset_text(rq->dataset, "QueryRetrieveLevel", word, sizeof word);
    assert_string_equal(word, rows[i].level_word);
    assert_int_equal(scripted_peer_count(&run.f.peer, SCU__C_FIND_RQ), 0);
    scu_retrieve_report_free(report);
    scu_dataset_free(match);
    retrieve_tear_down(&run);
  }
}

static void test_a_match_without_what_it_takes_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *match;
    scu_query_level level;
    const char *says;
  } rows[] = {
      {"PatientID=4711", SCU_LEVEL_STUDY, "StudyInstanceUID"},
      {"StudyInstanceUID=1.2.1|SOPInstanceUID=1.2.3.1", SCU_LEVEL_IMAGE, "SeriesInstanceUID"},
      {"StudyInstanceUID=1.2.1\\1.2.2", SCU_LEVEL_STUDY, "StudyInstanceUID"},
      {"PatientID=47*", SCU_LEVEL_PATIENT, "PatientID"},
      {"PatientName=Doe", SCU_LEVEL_DEFAULT, "unique key"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    retrieve_run run;
    retrieve_set_up(&run, serving, 1);
    fixture_open(&run.f);
    scu_dataset *match = peer_dataset(rows[i].match);
    scu_retrieve_report *report;
    assert_int_equal(scu_move_match(run.f.session, match, rows[i].level, "VIEWER", &report), SCU_ERROR_USAGE);
    assert_null(report);
    assert_non_null(strstr(scu_error_reason(scu_session_error(run.f.session)), rows[i].says));
    assert_null(scu_get_match_start(run.f.session, match, rows[i].level, &run.sink.sink));
    assert_int_equal(run.f.peer.accepted, 0);
    scu_dataset_free(match);
    retrieve_tear_down(&run);
  }
}

static void test_what_a_match_says_of_its_place_counts(void **state) {
  (void)state;
  retrieve_run run;
  scripted_peer b;
  char text[128];
  retrieve_set_up(&run, serving, 1);
  scripted_peer_start(&b, run.f.time.loop, serves);
  b.instances = instances_of_tests;
  b.instance_count = 4;
  int length = snprintf(text, sizeof text, "[b]\naet=B\nhost=127.0.0.1\nport=%u\n", (unsigned)b.port);
  write_scratch("nodes.ini", text, (size_t)length);
  scu_options_set_text(run.f.options, SCU_OPTION_NODES_FILE, in_scratch("nodes.ini"));
  fixture_open(&run.f);
  scu_dataset *match = peer_dataset("StudyInstanceUID=1.2.1|RetrieveAETitle=B");
  scu_retrieve_report *report;
  assert_int_equal(scu_move_match(run.f.session, match, SCU_LEVEL_STUDY, "VIEWER", &report), SCU_OK);
  assert_int_equal(scripted_peer_count(&b, SCU__C_MOVE_RQ), 1);
  scu_retrieve_report_free(report);
  assert_int_equal(scu_fetch_match(run.f.session, match, SCU_LEVEL_STUDY, &run.sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  assert_int_equal(scripted_peer_count(&b, SCU__C_GET_RQ), 1);
  scu_retrieve_report_free(report);
  scu_dataset_free(match);
  scu_session_free(run.f.session);
  run.f.session = NULL;
  scripted_peer_stop(&b);
  retrieve_tear_down(&run);
}

typedef struct hooked {
  retrieve_run run;
  size_t complete;
} hooked;

static scu_match_choice get_it(void *user, const scu_match *match) {
  hooked *h = user;
  scu_retrieve_report *report;
  assert_int_equal(scu_get_match(h->run.f.session, match->dataset, match->level, &h->run.sink.sink, &report), SCU_OK);
  if (scu_retrieve_report_verdict(report) == SCU_VERDICT_COMPLETE) h->complete++;
  scu_retrieve_report_free(report);
  return SCU_MATCH_TAKE;
}

static void test_a_match_hook_gets_what_its_match_names(void **state) {
  (void)state;
  hooked h = {.complete = 0};
  retrieve_set_up(&h.run, serving, 1);
  fixture_open(&h.run.f);
  const scu_hooks hooks = {.size = sizeof hooks, .match = get_it, .user = &h};
  scu_session_set_hooks(h.run.f.session, &hooks);
  scu_matches *matches;
  const scu_dataset *match;
  size_t count = 0;
  assert_int_equal(scu_find(h.run.f.session, h.run.query, &matches), SCU_OK);
  while (scu_matches_next(matches, &match) == SCU_OK) count++;
  scu_matches_close(matches);
  assert_int_equal(count, 1);
  assert_int_equal(h.complete, 1);
  assert_int_equal(h.run.sink.finished, 4);
  retrieve_tear_down(&h.run);
}

static void test_without_a_match_that_is_what_is_missing(void **state) {
  (void)state;
  static const peer_step *const scripts[] = {serves};
  retrieve_run run;
  scu_retrieve_report *report;
  retrieve_set_up(&run, scripts, 1);
  fixture_open(&run.f);
  assert_int_equal(scu_move_match(run.f.session, NULL, SCU_LEVEL_STUDY, "VIEWER", &report), SCU_ERROR_USAGE);
  assert_string_equal(scu_error_reason(scu_session_error(run.f.session)), "no match");
  assert_null(scu_get_match_start(run.f.session, NULL, SCU_LEVEL_STUDY, &run.sink.sink));
  assert_string_equal(scu_error_reason(scu_session_error(run.f.session)), "no match");
  assert_int_equal(scu_move(run.f.session, NULL, "VIEWER", &report), SCU_ERROR_USAGE);
  assert_string_equal(scu_error_reason(scu_session_error(run.f.session)), "no query");
  retrieve_tear_down(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_only_the_unique_keys_down_to_the_level_go_out),
      cmocka_unit_test(test_a_match_without_what_it_takes_is_refused),
      cmocka_unit_test(test_what_a_match_says_of_its_place_counts),
      cmocka_unit_test(test_a_match_hook_gets_what_its_match_names),
      cmocka_unit_test(test_without_a_match_that_is_what_is_missing),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
