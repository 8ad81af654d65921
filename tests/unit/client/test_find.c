/* C-FIND against a scripted peer: rows, what goes over the wire, slow readers, limits, cancels, rows that are broken
 * and peers that stop (catalogue D07, D09-D12, D25; RULES 11, 17, 26). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/element.h"
#include "support/client_fixture.h"
#include "support/failing_allocator.h"
#include "support/scripted_peer_words.h"

#define QUERY                                                                                                          \
  { .action = PEER_WAIT_MESSAGE }

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

static const char *numbered(size_t number) {
  static char text[128];
  snprintf(text, sizeof text, "QueryRetrieveLevel=STUDY|StudyInstanceUID=1.2.%zu|PatientName=Row^%zu", number, number);
  return text;
}

static const char *ten_rows(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  (void)query;
  return row < 10 ? numbered(row + 1) : NULL;
}

static scu_query *study_query(void) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "PatientName", "Row*"), SCU_OK);
  assert_int_equal(scu_query_set_level(query, SCU_LEVEL_STUDY), SCU_OK);
  return query;
}

/* Reads to the end; every row has to be the next one. */
static scu_result read_rows(scu_matches *matches, uint64_t *count) {
  for (*count = 0;; ++*count) {
    const scu_dataset *row;
    scu_result result = scu_matches_next(matches, &row);
    if (result != SCU_OK) return result;
    char uid[65], wanted[65];
    assert_int_equal(scu_dataset_text(row, "StudyInstanceUID", uid, sizeof uid), SCU_OK);
    snprintf(wanted, sizeof wanted, "1.2.%llu", (unsigned long long)*count + 1);
    assert_string_equal(uid, wanted);
  }
}

/* A query that ends as `expected` after `rows` rows, with `word` in the reason. */
static void check_find(const peer_step *script, scu_result expected, uint64_t rows, const char *word) {
  fixture f;
  fixture_start(&f, script);
  f.peer.row = ten_rows;
  scu_query *query = study_query();
  scu_matches *matches = NULL;
  uint64_t count = 0;
  scu_result result = scu_find(f.session, query, &matches);
  const scu_error *error = scu_session_error(f.session);
  if (matches) {
    result = read_rows(matches, &count);
    error = scu_matches_error(matches);
  }
  if (result != expected) fail_msg("%s: %s", scu_result_name(result), scu_error_reason(error));
  assert_int_equal(count, rows);
  if (expected < 0) {
    assert_int_equal(scu_error_result(error), expected);
    assert_int_equal(scu_error_phase(error), SCU_PHASE_RESPONSE);
    assert_string_equal(scu_error_peer(error), f.peer.name);
    if (!strstr(scu_error_reason(error), word) && !strstr(scu_error_comment(error), word))
      fail_msg("no '%s' in: %s", word, scu_error_reason(error));
  }
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

/* --- rows ----------------------------------------------------------------------------------------------------------
 */

static void test_rows_come_in_any_pieces_and_any_fragments(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 5, PEER_RANDOM_WRITES};
  static const int fragments[] = {0, 2, 3, -1};
  for (size_t i = 0; i < 4; i++) {
    for (size_t j = 0; j < 4; j++) {
      const peer_step script[] = {START, {.action = PEER_SERVE, .fragment = fragments[j]}, END};
      fixture f;
      fixture_start(&f, script);
      f.peer.row = ten_rows;
      f.peer.write_size = sizes[i];
      scu_query *query = study_query();
      scu_matches *matches;
      uint64_t count;
      assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
      assert_int_equal(read_rows(matches, &count), SCU_END);
      assert_int_equal(count, 10);
      assert_int_equal(scu_matches_count(matches), 10);
      assert_int_equal(scu_matches_status(matches), 0);
      scu_matches_close(matches);
      scu_query_free(query);
      fixture_stop(&f);
    }
  }
}

static void test_no_match_is_an_end_and_no_error(void **state) {
  (void)state;
  static const peer_step script[] = {START, QUERY, {.action = PEER_RESPOND}, END};
  check_find(script, SCU_END, 0, "");
}

static void test_a_match_with_a_warning_is_a_match(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     QUERY,
                                     {.action = PEER_RESPOND, .status = 0xFF01, .text = "StudyInstanceUID=1.2.1"},
                                     {.action = PEER_RESPOND},
                                     END};
  check_find(script, SCU_END, 1, "");
}

static void test_the_identifier_has_the_level_the_keys_and_the_usual_return_keys(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_query *query = study_query();
  scu_query_set(query, "StudyDate", "20200101-");
  scu_query_return(query, "ModalitiesInStudy");
  scu_matches *matches;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  const peer_message *rq = scripted_peer_message(&f.peer, SCU__C_FIND_RQ, 0);
  assert_string_equal(rq->command.affected_sop_class.text, "1.2.840.10008.5.1.4.1.2.2.1");
  char text[64];
  scu_dataset_text(rq->dataset, "QueryRetrieveLevel", text, sizeof text);
  assert_string_equal(text, "STUDY");
  scu_dataset_text(rq->dataset, "PatientName", text, sizeof text);
  assert_string_equal(text, "Row*");
  scu_dataset_text(rq->dataset, "StudyDate", text, sizeof text);
  assert_string_equal(text, "20200101-");
  const scu_element *uid = scu_dataset_find_path(rq->dataset, "StudyInstanceUID");
  assert_non_null(uid);
  assert_int_equal(scu_element_length(uid), 0);
  assert_non_null(scu_dataset_find_path(rq->dataset, "ModalitiesInStudy"));
  assert_null(scu_dataset_find(rq->dataset, 0x00080005)); /* RULES 15: ASCII needs no character set */
  assert_null(scu_dataset_find(rq->dataset, 0x00080054)); /* RULES 12 */
  assert_null(scu_dataset_find(rq->dataset, 0x00080056));
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

/* --- drilling down -------------------------------------------------------------------------------------------------
 */

/* user: how many studies; three series in each. */
static const char *archive_row(void *user, const scu_dataset *query, size_t row) {
  static char text[256];
  char level[17] = "", study[65] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  if (strcmp(level, "STUDY") == 0) {
    snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu|PatientName=Doe^Jane|StudyDate=20200102", row + 1);
    return row < *(const size_t *)user ? text : NULL;
  }
  snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.%zu|Modality=CT", study, study, row + 1);
  return row < 3 ? text : NULL;
}

static void test_a_series_query_without_study_uid_asks_for_the_studies_first(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  size_t studies = 2;
  f.peer.row = archive_row;
  f.peer.user = &studies;
  scu_query *query;
  scu_query_new(NULL, &query);
  scu_query_set(query, "Modality", "CT");
  scu_query_set(query, "PatientName", "Doe*");
  scu_matches *matches;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  const scu_dataset *row;
  size_t count = 0;
  while (scu_matches_next(matches, &row) == SCU_OK) {
    char name[64], uid[65];
    count++;
    assert_int_equal(scu_dataset_text(row, "PatientName", name, sizeof name), SCU_OK); /* from the level above */
    assert_string_equal(name, "Doe^Jane");
    assert_int_equal(scu_dataset_text(row, "SeriesInstanceUID", uid, sizeof uid), SCU_OK);
  }
  assert_int_equal(count, 6);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 3);
  const scu_dataset *first = scripted_peer_message(&f.peer, SCU__C_FIND_RQ, 0)->dataset;
  const scu_dataset *second = scripted_peer_message(&f.peer, SCU__C_FIND_RQ, 1)->dataset;
  assert_non_null(scu_dataset_find_path(first, "PatientName"));
  assert_null(scu_dataset_find_path(first, "Modality"));
  char text[65];
  scu_dataset_text(second, "StudyInstanceUID", text, sizeof text);
  assert_string_equal(text, "1.2.1");
  scu_dataset_text(second, "Modality", text, sizeof text);
  assert_string_equal(text, "CT");
  assert_null(scu_dataset_find_path(second, "PatientName"));
  assert_int_equal(f.peer.accepted, 1);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_a_drill_is_cancelled_at_every_step_without_leak_or_hang(void **state) {
  (void)state;
  for (unsigned steps = 0; steps < 30; steps++) {
    fixture f;
    fixture_start(&f, good);
    size_t studies = 2;
    f.peer.row = archive_row;
    f.peer.user = &studies;
    scu_query *query;
    scu_query_new(NULL, &query);
    scu_query_set(query, "Modality", "CT");
    scu_matches *matches;
    scu_result result = scu_find(f.session, query, &matches);
    assert_int_equal(result, SCU_OK);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(f.time.loop);
    uint64_t before = f.time.now_ms;
    scu_matches_close(matches);
    assert_true(f.time.now_ms - before < 6000);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_a_slow_reader_of_a_drill_holds_back_the_next_query(void **state) {
  (void)state;
  size_t studies = 400;
  fixture f;
  fixture_start(&f, good);
  f.peer.row = archive_row;
  f.peer.user = &studies;
  scu_query *query;
  scu_query_new(NULL, &query);
  scu_query_set(query, "Modality", "CT");
  scu_matches *matches;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  for (int i = 0; i < 5000; i++) scu_loop_step(f.time.loop);
  assert_true(scripted_peer_count(&f.peer, SCU__C_FIND_RQ) < 200); /* 512 rows are waiting */
  const scu_dataset *row;
  size_t count = 0;
  while (scu_matches_next(matches, &row) == SCU_OK) count++;
  assert_int_equal(count, 1200);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 401);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_abort_ends_a_drill_at_every_step(void **state) {
  (void)state;
  for (unsigned steps = 0; steps < 40; steps++) {
    size_t studies = 4;
    fixture f;
    fixture_start(&f, good);
    f.peer.row = archive_row;
    f.peer.user = &studies;
    scu_query *query;
    scu_query_new(NULL, &query);
    scu_query_set(query, "Modality", "CT");
    scu_matches *matches;
    assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
    for (unsigned i = 0; i < steps; i++) scu_loop_step(f.time.loop);
    scu_abort(f.session);
    uint64_t before = f.time.now_ms;
    const scu_dataset *row;
    scu_result result;
    while ((result = scu_matches_next(matches, &row)) == SCU_OK) continue;
    assert_true(result == SCU_ERROR_ABORTED || result == SCU_END);
    assert_true(f.time.now_ms - before < 1000);
    scu_matches_close(matches);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_queries_that_are_none_are_usage_errors_and_send_nothing(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  scu_query *query;
  scu_query_new(NULL, &query);
  scu_matches *matches = NULL;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_ERROR_USAGE);
  assert_null(matches);
  scu_query_set(query, "PatientID", "1");
  scu_query_set_model(query, SCU_MODEL_STUDY);
  scu_query_set_level(query, SCU_LEVEL_PATIENT);
  assert_int_equal(scu_find(f.session, query, &matches), SCU_ERROR_USAGE);
  scu_query_set_level(query, SCU_LEVEL_STUDY);
  scu_query_set(query, "Modality", "CT");
  assert_int_equal(scu_find(f.session, query, &matches), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_hint(scu_session_error(f.session)), "ModalitiesInStudy"));
  for (int i = 0; i < 10; i++) scu_loop_step(f.time.loop);
  assert_int_equal(f.peer.accepted, 0);
  scu_query_free(query);
  fixture_stop(&f);
}

/* --- ends that are none --------------------------------------------------------------------------------------------
 */

static void test_failing_statuses_are_a_refusal_with_words(void **state) {
  (void)state;
  static const uint16_t statuses[] = {0xA700, 0xA900, 0xC001, 0x0122, 0x0124, 0x1234, 0x0211};
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    char word[8];
    snprintf(word, sizeof word, "%04X", statuses[i]);
    const peer_step refusal = {.action = PEER_RESPOND, .status = statuses[i], .comment = "because"};
    const peer_step at_once[] = {START, QUERY, refusal, QUERY, refusal, END}; /* some are asked once more */
    const peer_step later[] = {
        START, QUERY, {.action = PEER_MATCHES, .count = 3}, {.action = PEER_RESPOND, .status = statuses[i]}, END};
    check_find(at_once, SCU_ERROR_REFUSED, 0, "because");
    check_find(later, SCU_ERROR_REFUSED, 3, word);
  }
}

static void test_rows_before_an_end_of_any_kind_are_delivered(void **state) {
  (void)state;
  static const struct {
    peer_step step;
    scu_result result;
    const char *word;
  } endings[] = {{{.action = PEER_CLOSE}, SCU_ERROR_CLOSED, "closed"},
                 {{.action = PEER_ABORT, .status = 0}, SCU_ERROR_ABORTED, "abort"},
                 {{.action = PEER_GARBAGE}, SCU_ERROR_PROTOCOL, "PDU"},
                 {{.action = PEER_RELEASE}, SCU_ERROR_CLOSED, "released"},
                 {{.action = PEER_END},
                  SCU_ERROR_TIMEOUT,
                  "60000 ms; asked to cancel, the peer did not answer for another 5000 ms"},
                 {{.action = PEER_RESPOND, .context = 4}, SCU_ERROR_PROTOCOL, "context 4"},
                 {{.action = PEER_RESPOND, .response_field = SCU__C_MOVE_RSP}, SCU_ERROR_PROTOCOL, "C-MOVE-RSP"}};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const peer_step script[] = {START, QUERY, {.action = PEER_MATCHES, .count = 5}, endings[i].step, END};
    check_find(script, endings[i].result, 5, endings[i].word);
  }
}

static void test_a_peer_that_stops_inside_a_row_delivers_the_rows_before_it(void **state) {
  (void)state;
  static const size_t cuts[] = {3, 9, 30, 99, 100, 105, 112, 125};
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    const peer_step script[] = {
        START,
        QUERY,
        {.action = PEER_MATCHES, .count = 4},
        {.action = PEER_RESPOND, .status = 0xFF00, .text = "StudyInstanceUID=1.2.5", .cut = cuts[i]},
        {.action = PEER_CLOSE},
        END};
    check_find(script, SCU_ERROR_CLOSED, 4, "closed");
  }
}

static void test_a_malformed_fifth_row_ends_the_query_after_four(void **state) {
  (void)state;
  static const char overrun[] = {0x08, 0, 0x52, 0, 'C', 'S', (char)0xF0, 0x7F, 'S', 'T'}; /* past its end */
  const peer_step script[] = {START,
                              QUERY,
                              {.action = PEER_MATCHES, .count = 4},
                              {.action = PEER_RESPOND, .status = 0xFF00, .bytes = overrun, .length = sizeof overrun},
                              {.action = PEER_MATCHES, .count = 5},
                              {.action = PEER_RESPOND},
                              END};
  check_find(script, SCU_ERROR_MALFORMED, 4, "5");
}

static void test_a_match_that_lies_about_its_data_set_is_a_protocol_error(void **state) {
  (void)state;
  static const peer_step promised[] = {START,
                                       QUERY,
                                       {.action = PEER_MATCHES, .count = 2},
                                       {.action = PEER_RESPOND, .status = 0xFF00, .has_dataset_lie = true},
                                       {.action = PEER_RESPOND},
                                       END};
  static const peer_step denied[] = {
      START,
      QUERY,
      {.action = PEER_MATCHES, .count = 2},
      {.action = PEER_RESPOND, .status = 0xFF00, .text = "StudyInstanceUID=1.2.3", .has_dataset_lie = true},
      {.action = PEER_RESPOND},
      END};
  check_find(promised, SCU_ERROR_PROTOCOL, 2, "");
  check_find(denied, SCU_ERROR_PROTOCOL, 2, "");
}

static void test_responses_after_the_final_one_change_nothing(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     QUERY,
                                     {.action = PEER_MATCHES, .count = 2},
                                     {.action = PEER_RESPOND},
                                     {.action = PEER_MATCHES, .count = 3},
                                     {.action = PEER_RESPOND, .status = 0xA700},
                                     {.action = PEER_SERVE},
                                     END};
  fixture f;
  fixture_start(&f, script);
  f.peer.row = ten_rows;
  scu_query *query = study_query();
  scu_matches *matches;
  uint64_t count;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  assert_int_equal(read_rows(matches, &count), SCU_END);
  assert_int_equal(count, 2);
  for (int i = 0; i < 20; i++) scu_loop_step(f.time.loop);
  assert_int_equal(scu_matches_status(matches), 0);
  scu_matches_close(matches);
  /* The association survived it. */
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  assert_int_equal(read_rows(matches, &count), SCU_END);
  assert_int_equal(count, 10);
  assert_int_equal(f.peer.accepted, 1);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_a_query_that_is_not_accepted_is_a_rejection(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, good);
  f.peer.refused_class = "1.2.840.10008.5.1.4.1.2";
  scu_query *query = study_query();
  scu_matches *matches;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_ERROR_REJECTED);
  assert_null(matches);
  assert_int_equal(scu_error_phase(scu_session_error(f.session)), SCU_PHASE_ASSOCIATE);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "1.2.840.10008.5.1.4.1.2.2.1"));
  scu_query_free(query);
  fixture_stop(&f);
}

/* --- many rows -----------------------------------------------------------------------------------------------------
 */

enum { MANY = 60000 };

static const char *many_rows(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  (void)query;
  return row < MANY ? numbered(row + 1) : NULL;
}

/* The peer has everything ready to send; how much of it we hold is seen in the number of blocks. */
static void test_a_slow_reader_holds_the_peer_back_in_constant_memory(void **state) {
  (void)state;
  failing_allocator memory;
  failing_allocator_init(&memory, SIZE_MAX);
  fixture f;
  memset(&f, 0, sizeof f);
  assert_true(test_loop_try(&f.time, &memory.allocator));
  scripted_peer_start(&f.peer, f.time.loop, good);
  f.peer.row = many_rows;
  scu_options_new(NULL, &f.options);
  fixture_open(&f);
  scu_query *query = study_query();
  scu_matches *matches;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  /* Nobody reads, for hours. */
  f.time.ms_per_step = 10 * 1000;
  for (int i = 0; i < 3000; i++) scu_loop_step(f.time.loop);
  f.time.ms_per_step = 1;
  size_t most = memory.alive;
  assert_true(most < 40000); /* a few receive buffers of rows, not all of them */
  uint64_t count;
  for (count = 0;; count++) {
    const scu_dataset *row;
    scu_result result = scu_matches_next(matches, &row);
    if (result == SCU_END) break;
    if (result != SCU_OK)
      fail_msg("row %llu: %s", (unsigned long long)count, scu_error_reason(scu_matches_error(matches)));
    if (memory.alive > most) most = memory.alive;
  }
  assert_int_equal(count, MANY);
  assert_true(most < 40000);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
  assert_int_equal(memory.alive, 0);
}

static void test_a_limit_cancels_and_gives_exactly_so_many_rows(void **state) {
  (void)state;
  static const peer_step obeys[] = {
      START, QUERY, {.action = PEER_MATCHES, .count = 5}, QUERY, {.action = PEER_RESPOND, .status = 0xFE00}, END};
  static const peer_step is_done[] = {
      START, QUERY, {.action = PEER_MATCHES, .count = 5}, {.action = PEER_RESPOND}, END};
  static const peer_step ignores[] = {START, QUERY, {.action = PEER_MATCHES}, END};
  const peer_step *scripts[] = {obeys, is_done, ignores};
  for (size_t i = 0; i < 3; i++) {
    fixture f;
    fixture_start(&f, scripts[i]);
    f.peer.row = ten_rows;
    scu_query *query = study_query();
    scu_query_set_limit(query, 3);
    scu_matches *matches;
    uint64_t count, before = f.time.now_ms;
    assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
    assert_int_equal(read_rows(matches, &count), SCU_END);
    assert_int_equal(count, 3);
    assert_true(f.time.now_ms - before < 6000); /* cancel-wait, and a little */
    for (int step = 0; step < 10; step++) scu_loop_step(f.time.loop);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_CANCEL_RQ), 1);
    scu_matches_close(matches);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_closing_early_cancels_and_is_bounded(void **state) {
  (void)state;
  static const peer_step obeys[] = {START,
                                    QUERY,
                                    {.action = PEER_MATCHES, .count = 2},
                                    QUERY,
                                    {.action = PEER_MATCHES, .count = 2},
                                    {.action = PEER_RESPOND, .status = 0xFE00},
                                    {.action = PEER_SERVE},
                                    END};
  static const peer_step ignores[] = {START, QUERY, {.action = PEER_MATCHES, .count = 2}, END};
  for (int is_deaf = 0; is_deaf < 2; is_deaf++) {
    fixture f;
    fixture_start(&f, is_deaf ? ignores : obeys);
    f.peer.row = ten_rows;
    scu_query *query = study_query();
    scu_matches *matches;
    assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
    uint64_t before = f.time.now_ms;
    scu_matches_close(matches);
    assert_true(f.time.now_ms - before < 6000);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_CANCEL_RQ), 1);
    scu_response *response = NULL;
    if (!is_deaf) { /* the association is sound */
      assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
      scu_matches_close(matches);
      assert_int_equal(f.peer.accepted, 1);
    }
    scu_response_free(response);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_another_operation_in_the_middle_of_a_query_takes_another_association(void **state) {
  (void)state;
  static const peer_step slow[] = {START,
                                   QUERY,
                                   {.action = PEER_MATCHES, .count = 2},
                                   {.action = PEER_HOLD},
                                   {.action = PEER_MATCHES},
                                   {.action = PEER_RESPOND},
                                   {.action = PEER_SERVE},
                                   END};
  const peer_step *scripts[] = {slow, good};
  fixture f;
  fixture_prepare_many(&f, scripts, 2);
  fixture_open(&f);
  f.peer.row = ten_rows;
  scu_query *query = study_query();
  scu_matches *matches;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  scu_response *response;
  assert_int_equal(scu_echo(f.session, &response), SCU_OK);
  scu_response_free(response);
  assert_int_equal(f.peer.accepted, 2);
  scripted_peer_go(&f.peer);
  uint64_t count;
  assert_int_equal(read_rows(matches, &count), SCU_END);
  assert_int_equal(count, 10);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_cancel_and_abort_from_outside_end_the_reading(void **state) {
  (void)state;
  static const peer_step obeys[] = {
      START, QUERY, {.action = PEER_MATCHES, .count = 2}, QUERY, {.action = PEER_RESPOND, .status = 0xFE00}, END};
  for (int is_abort = 0; is_abort < 2; is_abort++) {
    fixture f;
    fixture_start(&f, obeys);
    f.peer.row = ten_rows;
    scu_query *query = study_query();
    scu_matches *matches;
    assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
    if (is_abort)
      scu_abort(f.session);
    else
      scu_cancel(f.session);
    uint64_t count;
    assert_int_equal(read_rows(matches, &count), is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    assert_true(count <= 2);
    scu_matches_close(matches);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows_come_in_any_pieces_and_any_fragments),
      cmocka_unit_test(test_no_match_is_an_end_and_no_error),
      cmocka_unit_test(test_a_match_with_a_warning_is_a_match),
      cmocka_unit_test(test_the_identifier_has_the_level_the_keys_and_the_usual_return_keys),
      cmocka_unit_test(test_a_series_query_without_study_uid_asks_for_the_studies_first),
      cmocka_unit_test(test_a_drill_is_cancelled_at_every_step_without_leak_or_hang),
      cmocka_unit_test(test_a_slow_reader_of_a_drill_holds_back_the_next_query),
      cmocka_unit_test(test_abort_ends_a_drill_at_every_step),
      cmocka_unit_test(test_queries_that_are_none_are_usage_errors_and_send_nothing),
      cmocka_unit_test(test_failing_statuses_are_a_refusal_with_words),
      cmocka_unit_test(test_rows_before_an_end_of_any_kind_are_delivered),
      cmocka_unit_test(test_a_peer_that_stops_inside_a_row_delivers_the_rows_before_it),
      cmocka_unit_test(test_a_malformed_fifth_row_ends_the_query_after_four),
      cmocka_unit_test(test_a_match_that_lies_about_its_data_set_is_a_protocol_error),
      cmocka_unit_test(test_responses_after_the_final_one_change_nothing),
      cmocka_unit_test(test_a_query_that_is_not_accepted_is_a_rejection),
      cmocka_unit_test(test_a_slow_reader_holds_the_peer_back_in_constant_memory),
      cmocka_unit_test(test_a_limit_cancels_and_gives_exactly_so_many_rows),
      cmocka_unit_test(test_closing_early_cancels_and_is_bounded),
      cmocka_unit_test(test_another_operation_in_the_middle_of_a_query_takes_another_association),
      cmocka_unit_test(test_cancel_and_abort_from_outside_end_the_reading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
