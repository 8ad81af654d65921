/* The match hook: what it chooses, and finds, moves and gets that it starts and waits for (RULES 26, 27). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"
#include "support/failing_allocator.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"

#define QUERY                                                                                                          \
  { .action = PEER_WAIT_MESSAGE }

enum { TOLD_MAX = 4096 };

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

/* A session whose match hook notes what it is told and does what the test says. */
typedef struct asked {
  fixture f;
  scu_query *query;
  size_t studies; /* that there are */
  scu_match_choice (*choose)(struct asked *self, const scu_match *match);
  struct {
    scu_query_level level;
    uint64_t number;
    char study[65];
  } told[TOLD_MAX];
  size_t count;
  size_t depth, deepest; /* hooks within hooks */
  scu_matches *matches;
  uint64_t close_at; /* the number of the match whose hook closes the find, */
  bool is_by_free;   /* or frees it */
  test_sink sink;
  size_t instances;
} asked;

/* So many studies, two series in each, two instances in each of those. */
static const char *archive_row(void *user, const scu_dataset *query, size_t row) {
  const asked *a = user;
  static char text[512];
  char level[17] = "", study[65] = "", series[65] = "", instance[65] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  scu_dataset_text(query, "SeriesInstanceUID", series, sizeof series);
  scu_dataset_text(query, "SOPInstanceUID", instance, sizeof instance);
  if (strcmp(level, "STUDY") == 0 && !study[0]) {
    snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu|PatientName=Row^%zu", row + 1, row + 1);
    return row < a->studies ? text : NULL;
  }
  if (strcmp(level, "STUDY") == 0)
    snprintf(text, sizeof text, "StudyInstanceUID=%s", study);
  else if (strcmp(level, "SERIES") == 0)
    snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.%zu", study, study, row + 1);
  else if (instance[0])
    snprintf(text, sizeof text,
             "StudyInstanceUID=%s|SeriesInstanceUID=%s|SOPInstanceUID=%s|SOPClassUID=1.2.840.10008.5.1.4.1.1.7", study,
             series, instance);
  else
    snprintf(text, sizeof text,
             "StudyInstanceUID=%s|SeriesInstanceUID=%s|SOPInstanceUID=%s.%zu|SOPClassUID=1.2.840.10008.5.1.4.1.1.7",
             study, series, series, row + 1);
  return row < (strcmp(level, "STUDY") == 0 || instance[0] ? 1 : 2) ? text : NULL;
}

static scu_match_choice on_match(void *user, const scu_match *match) {
  asked *a = user;
  assert_true(a->count < TOLD_MAX);
  assert_int_equal(match->size, sizeof *match);
  a->told[a->count].level = match->level;
  a->told[a->count].number = match->number;
  scu_dataset_text(match->dataset, "StudyInstanceUID", a->told[a->count].study, sizeof a->told[0].study);
  a->count++;
  if (++a->depth > a->deepest) a->deepest = a->depth;
  scu_match_choice choice = a->choose ? a->choose(a, match) : SCU_MATCH_TAKE;
  a->depth--;
  return choice;
}

static void on_instance(void *user, const scu_instance_outcome *outcome) {
  ((asked *)user)->instances += outcome->outcome == SCU_OUTCOME_OK;
}

static void on_warning(void *user, const char *text) {
  fixture_warning(&((asked *)user)->f, text);
}

static void set_hooks(asked *a) {
  const scu_hooks hooks = {
      .size = sizeof hooks, .user = a, .match = on_match, .instance = on_instance, .warning = on_warning};
  assert_int_equal(scu_session_set_hooks(a->f.session, &hooks), SCU_OK);
}

static scu_query *study_query(const char *study) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, study ? "StudyInstanceUID" : "PatientName", study ? study : "Row*"), SCU_OK);
  assert_int_equal(scu_query_set_level(query, SCU_LEVEL_STUDY), SCU_OK);
  return query;
}

static asked *start(const peer_step *script, size_t studies,
                    scu_match_choice (*choose)(asked *self, const scu_match *match)) {
  asked *a = calloc(1, sizeof *a);
  assert_non_null(a);
  fixture_start(&a->f, script);
  a->f.peer.row = archive_row;
  a->f.peer.user = a;
  a->studies = studies;
  a->choose = choose;
  a->query = study_query(NULL);
  test_sink_init(&a->sink);
  set_hooks(a);
  return a;
}

static void stop(asked *a) {
  scu_matches_close(a->matches);
  scu_query_free(a->query);
  fixture_stop(&a->f);
  assert_int_equal(a->sink.open, 0);
  test_sink_free(&a->sink);
  free(a);
}

/* Reads to the end; every row has to be the next one by `step`. */
static scu_result read_rows(asked *a, uint64_t step, uint64_t *count) {
  for (*count = 0;; ++*count) {
    const scu_dataset *row;
    scu_result result = scu_matches_next(a->matches, &row);
    if (result != SCU_OK) return result;
    char uid[65], wanted[65];
    assert_int_equal(scu_dataset_text(row, "StudyInstanceUID", uid, sizeof uid), SCU_OK);
    snprintf(wanted, sizeof wanted, "1.2.%llu", (unsigned long long)(*count * step + 1));
    assert_string_equal(uid, wanted);
  }
}

static void check_rows(asked *a, uint64_t step, scu_result end, uint64_t rows) {
  uint64_t count = 0;
  scu_result result = scu_find(a->f.session, a->query, &a->matches);
  if (result == SCU_OK) result = read_rows(a, step, &count);
  if (result != end)
    fail_msg("%s: %s", scu_result_name(result),
             scu_error_reason(a->matches ? scu_matches_error(a->matches) : scu_session_error(a->f.session)));
  assert_int_equal(count, rows);
}

/* --- choices -------------------------------------------------------------------------------------------------------
 */

static void test_every_match_is_told_once_in_order_and_then_delivered(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, PEER_RANDOM_WRITES};
  for (size_t i = 0; i < 3; i++) {
    asked *a = start(good, 20, NULL);
    a->f.peer.write_size = sizes[i];
    check_rows(a, 1, SCU_END, 20);
    assert_int_equal(a->count, 20);
    for (size_t j = 0; j < a->count; j++) {
      char wanted[65];
      snprintf(wanted, sizeof wanted, "1.2.%zu", j + 1);
      assert_int_equal(a->told[j].level, SCU_LEVEL_STUDY);
      assert_int_equal(a->told[j].number, j + 1);
      assert_string_equal(a->told[j].study, wanted);
    }
    stop(a);
  }
}

static scu_match_choice skip_even(asked *a, const scu_match *match) {
  (void)a;
  return match->number % 2 == 0 ? SCU_MATCH_SKIP : SCU_MATCH_TAKE;
}

static scu_match_choice skip_all(asked *a, const scu_match *match) {
  (void)a;
  (void)match;
  return SCU_MATCH_SKIP;
}

static void test_what_is_skipped_is_not_delivered_and_counts_for_no_limit(void **state) {
  (void)state;
  asked *a = start(good, 20, skip_even);
  check_rows(a, 2, SCU_END, 10);
  assert_int_equal(scu_matches_count(a->matches), 10);
  stop(a);
  a = start(good, 20, skip_even);
  scu_query_set_limit(a->query, 4);
  check_rows(a, 2, SCU_END, 4);
  assert_int_equal(a->count, 7);
  stop(a);
  a = start(good, 2000, skip_all); /* more than wait at once */
  check_rows(a, 1, SCU_END, 0);
  assert_int_equal(a->count, 2000);
  stop(a);
}

static scu_match_choice enough_at_three(asked *a, const scu_match *match) {
  (void)a;
  return match->number == 3 ? SCU_MATCH_ENOUGH : SCU_MATCH_TAKE;
}

static void test_enough_cancels_and_ends_well(void **state) {
  (void)state;
  static const int counts[] = {3, 4, 600}; /* the last one is it; there is one more; there are many more */
  static const peer_step obeys[] = {
      START, QUERY, {.action = PEER_MATCHES, .count = 5}, QUERY, {.action = PEER_RESPOND, .status = 0xFE00}, END};
  static const peer_step ignores[] = {START, QUERY, {.action = PEER_MATCHES, .count = 5}, END};
  for (size_t i = 0; i < 3; i++) {
    asked *a = start(good, (size_t)counts[i], enough_at_three);
    check_rows(a, 1, SCU_END, 3);
    assert_int_equal(a->count, 3);
    stop(a);
  }
  for (int is_deaf = 0; is_deaf < 2; is_deaf++) {
    asked *a = start(is_deaf ? ignores : obeys, 100, enough_at_three);
    uint64_t before = a->f.time.now_ms;
    check_rows(a, 1, SCU_END, 3);
    assert_int_equal(a->count, 3);
    assert_true(a->f.time.now_ms - before < 6000); /* cancel-wait, and a little */
    assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_CANCEL_RQ), 1);
    for (int i = 0; i < 10; i++) scu_loop_step(a->f.time.loop);
    assert_true(!!strstr(a->f.peer.log, "ABORT") == is_deaf);
    stop(a);
  }
}

static scu_match_choice enough_at_five(asked *a, const scu_match *match) {
  (void)a;
  return match->number == 5 ? SCU_MATCH_ENOUGH : SCU_MATCH_TAKE;
}

/* The rows of a drill by ourselves come from several C-FINDs: the end may come between two of them. */
static void test_enough_ends_a_drill_between_two_queries(void **state) {
  (void)state;
  for (int steps = 0; steps < 12; steps++) {
    asked *a = start(good, 600, enough_at_five);
    scu_query_free(a->query);
    scu_query_new(NULL, &a->query);
    scu_query_set(a->query, "Modality", "CT");
    scu_query_set_all(a->query, 1);
    assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
    const scu_dataset *row;
    size_t count = 0;
    scu_result result;
    while ((result = scu_matches_poll(a->matches, &row)) == SCU_OK || result == SCU_PENDING) {
      count += result == SCU_OK;
      for (int i = 0; i <= steps; i++) scu_loop_step(a->f.time.loop);
    }
    assert_int_equal(result, SCU_END);
    assert_int_equal(count, 5);
    assert_int_equal(a->count, 5);
    assert_int_equal(a->told[4].level, SCU_LEVEL_SERIES);
    assert_string_equal(a->told[4].study, "1.2.3"); /* from the level above */
    stop(a);
  }
}

static scu_match_choice enough_at_four_hundred(asked *a, const scu_match *match) {
  if (match->number == 1)
    for (int i = 0; i < 3000; i++) scu_loop_step(a->f.time.loop); /* until nothing more is read */
  return match->number == 400 ? SCU_MATCH_ENOUGH : SCU_MATCH_TAKE;
}

/* Nobody reads, so that the next query is held back when it is enough: it is not made, and the end comes all the same.
 */
static void test_enough_ends_a_drill_that_is_held_back(void **state) {
  (void)state;
  asked *a = start(good, 600, enough_at_four_hundred);
  scu_query_free(a->query);
  scu_query_new(NULL, &a->query);
  scu_query_set(a->query, "Modality", "CT");
  scu_query_set_all(a->query, 1);
  assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
  TEST_LOOP_UNTIL(&a->f.time, a->count == 400, 20000);
  size_t queries = scripted_peer_count(&a->f.peer, SCU__C_FIND_RQ);
  scu_op *op = (scu_op *)a->matches; /* its first member */
  TEST_LOOP_UNTIL(&a->f.time, scu_op_state(op) != SCU_PENDING, 1000);
  assert_int_equal(scu_op_state(op), SCU_OK);
  assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_FIND_RQ), queries);
  const scu_dataset *row;
  while (scu_matches_next(a->matches, &row) == SCU_OK) continue;
  assert_int_equal(scu_matches_count(a->matches), 400);
  stop(a);
}

static scu_match_choice enough_when_the_next_query_is_out(asked *a, const scu_match *match) {
  (void)match;
  TEST_LOOP_UNTIL(&a->f.time, scripted_peer_count(&a->f.peer, SCU__C_FIND_RQ) == 2, 1000);
  return SCU_MATCH_ENOUGH;
}

static void test_after_enough_no_answer_counts_whatever_it_says(void **state) {
  (void)state;
  static const peer_step refuses[] = {START,
                                      QUERY,
                                      {.action = PEER_RESPOND, .status = 0xFF00, .text = "StudyInstanceUID=1.2.1"},
                                      {.action = PEER_RESPOND},
                                      QUERY,
                                      QUERY, /* the C-CANCEL */
                                      {.action = PEER_RESPOND, .status = 0xA900, .back = 1},
                                      END};
  asked *a = start(refuses, 0, enough_when_the_next_query_is_out);
  assert_int_equal(scu_query_set(a->query, "AccessionNumber", "1\\2"), SCU_OK);
  check_rows(a, 1, SCU_END, 1);
  assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_CANCEL_RQ), 1);
  for (int i = 0; i < 10; i++) scu_loop_step(a->f.time.loop);
  assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_FIND_RQ), 2);
  assert_string_equal(a->f.warnings, "");
  stop(a);
}

static scu_match_choice take_hook_away(asked *a, const scu_match *match) {
  if (match->number != 2) return SCU_MATCH_TAKE;
  scu_session_set_hooks(a->f.session, NULL);
  for (int i = 0; i < 10; i++) scu_loop_step(a->f.time.loop); /* some come meanwhile */
  return SCU_MATCH_TAKE;
}

static void test_a_hook_that_takes_itself_away_loses_nothing(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 100, 200, 400};
  for (size_t i = 0; i < 4; i++) {
    asked *a = start(good, 100, take_hook_away);
    a->f.peer.write_size = sizes[i];
    check_rows(a, 1, SCU_END, 100);
    assert_int_equal(a->count, 2);
    stop(a);
  }
}

static void test_matches_before_an_end_of_any_kind_are_told_and_delivered(void **state) {
  (void)state;
  static const struct {
    peer_step step;
    scu_result result;
  } endings[] = {{{.action = PEER_CLOSE}, SCU_ERROR_CLOSED},
                 {{.action = PEER_ABORT}, SCU_ERROR_ABORTED},
                 {{.action = PEER_GARBAGE}, SCU_ERROR_PROTOCOL},
                 {{.action = PEER_RESPOND, .status = 0xA700}, SCU_ERROR_REFUSED}};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const peer_step script[] = {START, QUERY, {.action = PEER_MATCHES, .count = 5}, endings[i].step, END};
    asked *a = start(script, 100, NULL);
    check_rows(a, 1, endings[i].result, 5);
    assert_int_equal(a->count, 5);
    stop(a);
  }
}

/* --- cancel and misuse ---------------------------------------------------------------------------------------------
 */

static scu_match_choice cancel_at_ten(asked *a, const scu_match *match) {
  if (match->number == 10) scu_cancel(a->f.session);
  return SCU_MATCH_TAKE;
}

static scu_match_choice abort_at_ten(asked *a, const scu_match *match) {
  if (match->number == 10) scu_abort(a->f.session);
  return SCU_MATCH_TAKE;
}

static scu_match_choice cancel_find_at_ten(asked *a, const scu_match *match) {
  if (match->number == 10) scu_matches_cancel(a->matches);
  return SCU_MATCH_TAKE;
}

/* However many of them are here already: it goes on, or has ended with rows to tell, or this was the last. */
static void test_after_a_cancel_or_an_abort_no_match_is_told(void **state) {
  (void)state;
  static const size_t studies[] = {3000, 20, 11, 10};
  static scu_match_choice (*const ways[])(asked *, const scu_match *) = {cancel_at_ten, abort_at_ten,
                                                                         cancel_find_at_ten};
  for (size_t i = 0; i < 4 * 3; i++) {
    asked *a = start(good, studies[i / 3], ways[i % 3]);
    bool is_abort = ways[i % 3] == abort_at_ten;
    assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
    uint64_t count;
    assert_int_equal(read_rows(a, 1, &count), is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    assert_non_null(strstr(scu_error_reason(scu_matches_error(a->matches)), "by the caller"));
    assert_int_equal(count, 10);
    assert_int_equal(a->count, 10);
    stop(a);
  }
}

static scu_match_choice cancel_both_at_ten(asked *a, const scu_match *match) {
  assert_int_equal(a->close_at, 0); /* nobody is told any more */
  if (match->number != 10) return SCU_MATCH_TAKE;
  scu_cancel(a->f.session);
  a->close_at = a->count;
  return SCU_MATCH_TAKE;
}

static void test_after_a_cancel_no_match_of_another_find_is_told(void **state) {
  (void)state;
  asked *a = start(good, 100, cancel_both_at_ten);
  scu_matches *other;
  const scu_dataset *row;
  scu_result result;
  assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
  assert_int_equal(scu_find_start(a->f.session, a->query, &other), SCU_OK);
  uint64_t count;
  assert_int_equal(read_rows(a, 1, &count), SCU_ERROR_CANCELLED);
  while ((result = scu_matches_next(other, &row)) == SCU_OK) continue;
  assert_int_equal(result, SCU_ERROR_CANCELLED);
  assert_int_equal(a->count, a->close_at);
  scu_matches_close(other);
  stop(a);
}

static scu_match_choice wait_for_itself(asked *a, const scu_match *match) {
  const scu_dataset *row;
  if (match->number > 1) return SCU_MATCH_TAKE;
  assert_int_equal(scu_matches_next(a->matches, &row), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_matches_error(a->matches)), "hook"));
  return SCU_MATCH_TAKE;
}

static void test_a_hook_cannot_wait_for_its_own_find(void **state) {
  (void)state;
  asked *a = start(good, 5, wait_for_itself);
  uint64_t count;
  assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
  assert_int_equal(read_rows(a, 1, &count), SCU_END);
  assert_int_equal(count, 5);
  stop(a);
}

static uint64_t find_series(asked *a, const char *study);

static scu_match_choice close_itself(asked *a, const scu_match *match) {
  if (match->level == SCU_LEVEL_STUDY && match->number == 3) {
    if (a->instances)
      scu_matches_free(a->matches);
    else
      scu_matches_close(a->matches);
    a->matches = NULL;
    assert_int_equal(find_series(a, "1.2.3"), 2); /* the end comes meanwhile */
    char uid[65];
    assert_int_equal(scu_dataset_text(match->dataset, "StudyInstanceUID", uid, sizeof uid), SCU_OK);
    assert_string_equal(uid, "1.2.3");
  }
  return SCU_MATCH_TAKE;
}

static void test_a_find_closed_by_its_own_hook_goes_when_the_hook_has_returned(void **state) {
  (void)state;
  for (int way = 0; way < 4; way++) {
    asked *a = start(good, way & 2 ? 3 : 2000, close_itself); /* it has ended, or goes on */
    a->instances = way & 1;
    assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
    for (int i = 0; i < 500; i++) scu_loop_step(a->f.time.loop);
    assert_null(a->matches);
    assert_int_equal(a->count, 3 + 2);
    scu_response *response = NULL;
    assert_int_equal(scu_echo(a->f.session, &response), SCU_OK);
    scu_response_free(response);
    stop(a);
  }
}

static scu_match_choice close_while_waited_for(asked *a, const scu_match *match) {
  if (match->level != SCU_LEVEL_STUDY || match->number != a->close_at) return SCU_MATCH_TAKE;
  assert_non_null(a->matches);
  if (a->is_by_free)
    scu_matches_free(a->matches);
  else
    scu_matches_close(a->matches);
  a->matches = NULL;
  if (a->close_at == 2) assert_int_equal(find_series(a, "1.2.2"), 2); /* the end may come meanwhile */
  return SCU_MATCH_TAKE;
}

static void check_session_goes_on(asked *a) {
  scu_response *response = NULL;
  assert_int_equal(scu_echo(a->f.session, &response), SCU_OK);
  scu_response_free(response);
}

static void check_closed_while_next_waits(asked *a) {
  scu_matches *matches = a->matches;
  const scu_dataset *row;
  scu_result result = SCU_OK;
  while (result == SCU_OK) result = scu_matches_next(matches, &row);
  assert_int_equal(result, SCU_ERROR_CANCELLED);
  assert_null(row);
  assert_null(a->matches);
}

static void test_a_call_that_waits_for_a_find_that_its_hook_closes_is_cancelled(void **state) {
  (void)state;
  static const size_t studies[] = {3, 2000}; /* it has ended, or goes on */
  for (unsigned way = 0; way < 8; way++) {
    asked *a = start(good, studies[way & 1], close_while_waited_for);
    a->is_by_free = way & 2;
    a->close_at = way & 4 ? 1 : 2;
    assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
    check_closed_while_next_waits(a);
    assert_int_equal(a->count, way & 4 ? 1 : 2 + 2);
    check_session_goes_on(a);
    stop(a);
  }
}

static void test_a_find_whose_first_match_closes_it_is_cancelled(void **state) {
  (void)state;
  static const size_t studies[] = {1, 2000};
  for (unsigned way = 0; way < 4; way++) {
    asked *a = start(good, studies[way & 1], close_while_waited_for);
    a->is_by_free = way & 2;
    a->close_at = 1;
    assert_int_equal(scu_find(a->f.session, a->query, &a->matches), SCU_ERROR_CANCELLED);
    assert_null(a->matches);
    const scu_error *error = scu_session_error(a->f.session);
    assert_int_equal(scu_error_result(error), SCU_ERROR_CANCELLED);
    assert_non_null(strstr(scu_error_reason(error), "hook"));
    assert_int_equal(a->count, 1);
    check_session_goes_on(a);
    stop(a);
  }
}

static scu_match_choice close_the_other(asked *a, const scu_match *match) {
  if (match->level == SCU_LEVEL_STUDY) assert_non_null(a->matches); /* none of its own after that */
  if (match->level != SCU_LEVEL_SERIES || match->number != 1) return SCU_MATCH_TAKE;
  if (a->is_by_free)
    scu_matches_free(a->matches);
  else
    scu_matches_close(a->matches);
  a->matches = NULL;
  for (int i = 0; i < 10; i++) scu_loop_step(a->f.time.loop);
  return SCU_MATCH_TAKE;
}

static void test_a_call_that_waits_for_a_find_that_another_hook_closes_is_cancelled(void **state) {
  (void)state;
  static const size_t studies[] = {500, 2000}; /* it has ended, and its hook has more to be asked; or goes on */
  for (unsigned way = 0; way < 4; way++) {
    asked *a = start(good, studies[way & 1], close_the_other);
    a->is_by_free = way & 2;
    assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
    if (!(way & 1)) TEST_LOOP_UNTIL(&a->f.time, a->count == 100, 1000);
    scu_query *query = study_query("1.2.1");
    assert_int_equal(scu_query_set_level(query, SCU_LEVEL_SERIES), SCU_OK);
    scu_matches *other = NULL;
    assert_int_equal(scu_find_start(a->f.session, query, &other), SCU_OK);
    check_closed_while_next_waits(a);
    const scu_dataset *row;
    while (scu_matches_next(other, &row) == SCU_OK) continue;
    assert_int_equal(scu_matches_count(other), 2);
    assert_int_equal(a->f.peer.accepted, way & 1 ? 2 : 1); /* an association more while the first is in use */
    scu_matches_close(other);
    scu_query_free(query);
    stop(a);
  }
}

/* --- nesting (RULES 27) --------------------------------------------------------------------------------------------
 */

static uint64_t find_series(asked *a, const char *study) {
  scu_query *query = study_query(study);
  assert_int_equal(scu_query_set_level(query, SCU_LEVEL_SERIES), SCU_OK);
  scu_matches *matches = NULL;
  const scu_dataset *row;
  scu_result result = scu_find(a->f.session, query, &matches);
  while (result == SCU_OK) result = scu_matches_next(matches, &row);
  assert_int_equal(result, SCU_END);
  uint64_t count = scu_matches_count(matches);
  scu_matches_close(matches);
  scu_query_free(query);
  return count;
}

static void move_study(asked *a, const char *study) {
  scu_query *query = study_query(study);
  scu_retrieve_report *report = NULL;
  assert_int_equal(scu_move(a->f.session, query, "ELSEWHERE", &report), SCU_OK);
  scu_retrieve_report_free(report);
  scu_query_free(query);
}

/* Five seconds that pass while nobody steps the loop, then a find and a move. */
static scu_match_choice nest(asked *a, const scu_match *match) {
  if (match->level != SCU_LEVEL_STUDY || match->number % 500 != 1) return SCU_MATCH_TAKE;
  a->f.time.now_ms += 5000;
  const char *study = a->told[a->count - 1].study;
  char uid[65];
  snprintf(uid, sizeof uid, "%s", study);
  assert_int_equal(find_series(a, uid), 2);
  move_study(a, uid);
  return SCU_MATCH_TAKE;
}

static void test_a_slow_hook_that_finds_and_moves_leaves_one_request_per_association(void **state) {
  (void)state;
  enum { STUDIES = 1900, NESTED = 4 };
  static const size_t sizes[] = {0, 3000};
  for (size_t i = 0; i < 2; i++) {
    asked *a = start(good, STUDIES, nest);
    a->f.peer.write_size = sizes[i]; /* 3000: the find still goes on when the hook begins */
    check_rows(a, 1, SCU_END, STUDIES);
    assert_int_equal(a->count, STUDIES + 2 * NESTED);
    assert_int_equal(a->f.peer.most_open, 1);
    assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_FIND_RQ), 1 + NESTED);
    assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_MOVE_RQ), NESTED);
    assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_CANCEL_RQ), 0);
    assert_null(strstr(a->f.peer.log, "ABORT"));
    assert_true(a->f.peer.accepted >= 2); /* another association, while the first had the find */
    static const char no_counts[] = "the peer does not say that it has sent anything of what matched\n";
    const char *warnings = a->f.warnings;
    for (size_t k = 0; k < NESTED; k++, warnings += strlen(no_counts))
      assert_int_equal(strncmp(warnings, no_counts, strlen(no_counts)), 0);
    assert_string_equal(warnings, "");
    stop(a);
  }
}

/* Studies, their series, the instances of those, and the last of these fetched: three hooks deep, four operations. */
static scu_match_choice drill_down(asked *a, const scu_match *match) {
  static const char *const paths[] = {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"};
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  for (int level = SCU_LEVEL_STUDY; level <= (int)match->level; level++) {
    char uid[65];
    assert_int_equal(scu_dataset_text(match->dataset, paths[level - SCU_LEVEL_STUDY], uid, sizeof uid), SCU_OK);
    assert_int_equal(scu_query_set(query, paths[level - SCU_LEVEL_STUDY], uid), SCU_OK);
  }
  if (match->level == SCU_LEVEL_IMAGE) {
    scu_retrieve_report *report = NULL;
    assert_int_equal(scu_get(a->f.session, query, &a->sink.sink, &report), SCU_OK);
    assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
    scu_retrieve_report_free(report);
  } else {
    assert_int_equal(scu_query_set_level(query, (scu_query_level)(match->level + 1)), SCU_OK);
    scu_matches *matches = NULL;
    const scu_dataset *row;
    scu_result result = scu_find(a->f.session, query, &matches);
    while (result == SCU_OK) result = scu_matches_next(matches, &row);
    assert_int_equal(result, SCU_END);
    assert_int_equal(scu_matches_count(matches), 2);
    scu_matches_close(matches);
  }
  scu_query_free(query);
  return SCU_MATCH_TAKE;
}

static void test_a_hook_drills_down_and_fetches_from_inside(void **state) {
  (void)state;
  asked *a = start(good, 3, drill_down);
  a->f.peer.write_size = 700;
  check_rows(a, 1, SCU_END, 3);
  assert_int_equal(a->count, 3 + 3 * 2 + 3 * 2 * 2);
  assert_int_equal(a->deepest, 3);
  assert_int_equal(a->instances, 12);
  assert_int_equal(a->f.peer.most_open, 1);
  assert_null(strstr(a->f.peer.log, "ABORT"));
  stop(a);
}

static scu_result find_all(asked *a) {
  scu_query *query = study_query(NULL);
  scu_matches *matches = NULL;
  const scu_dataset *row;
  scu_result result = scu_find(a->f.session, query, &matches);
  while (result == SCU_OK) result = scu_matches_next(matches, &row);
  scu_matches_close(matches);
  scu_query_free(query);
  return result;
}

static scu_match_choice cancel_inside(asked *a, const scu_match *match) {
  if (a->depth == 1) a->close_at = match->number;
  if (a->depth == 2 && a->close_at == 2 && match->number == 2) scu_cancel(a->f.session);
  if (a->depth == 1) assert_int_equal(find_all(a), match->number == 2 ? SCU_ERROR_CANCELLED : SCU_END);
  return SCU_MATCH_TAKE;
}

static void test_a_cancel_inside_a_hook_ends_what_it_waits_for_and_the_find(void **state) {
  (void)state;
  asked *a = start(good, 40, cancel_inside);
  uint64_t count, before = a->f.time.now_ms;
  assert_int_equal(scu_find(a->f.session, a->query, &a->matches), SCU_OK);
  assert_int_equal(read_rows(a, 1, &count), SCU_ERROR_CANCELLED);
  assert_int_equal(count, 2);
  assert_true(a->f.time.now_ms - before < 12000); /* a cancel-wait each */
  stop(a);
}

/* It is for what runs when it is called. */
static scu_match_choice cancel_and_find(asked *a, const scu_match *match) {
  if (a->depth > 1 || match->number != 2) return SCU_MATCH_TAKE;
  if (a->is_by_free)
    scu_abort(a->f.session);
  else
    scu_cancel(a->f.session);
  assert_int_equal(find_all(a), SCU_END);
  return SCU_MATCH_TAKE;
}

static void test_what_a_hook_starts_after_a_cancel_or_an_abort_is_not_ended_by_it(void **state) {
  (void)state;
  for (int is_abort = 0; is_abort < 2; is_abort++) {
    asked *a = start(good, 40, cancel_and_find);
    uint64_t count;
    a->is_by_free = is_abort;
    assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
    assert_int_equal(read_rows(a, 1, &count), is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    assert_int_equal(count, 2);
    assert_int_equal(a->count, 2 + 40);
    stop(a);
  }
}

/* --- the spool -----------------------------------------------------------------------------------------------------
 */

static scu_match_choice dawdle(asked *a, const scu_match *match) {
  if (match->number == 1)
    for (int i = 0; i < 3000; i++) scu_loop_step(a->f.time.loop);
  return SCU_MATCH_SKIP;
}

/* While the hook waits on the loop the find is read, into bounded memory. */
static void test_a_find_is_read_on_behind_its_hook_in_constant_memory(void **state) {
  (void)state;
  enum { STUDIES = TOLD_MAX };
  failing_allocator memory;
  failing_allocator_init(&memory, SIZE_MAX);
  asked *a = calloc(1, sizeof *a);
  assert_non_null(a);
  assert_true(test_loop_try(&a->f.time, &memory.allocator));
  scripted_peer_start(&a->f.peer, a->f.time.loop, good);
  scu_options_new(NULL, &a->f.options);
  fixture_open(&a->f);
  a->f.peer.row = archive_row;
  a->f.peer.user = a;
  a->studies = STUDIES;
  a->choose = dawdle;
  a->query = study_query(NULL);
  test_sink_init(&a->sink);
  set_hooks(a);
  size_t before = memory.alive;
  assert_int_equal(scu_find_start(a->f.session, a->query, &a->matches), SCU_OK);
  while (a->count == 0) scu_loop_step(a->f.time.loop);
  assert_true(memory.alive - before > 512);            /* read on */
  assert_true(memory.alive - before < 9 * 512 + 6000); /* and not all of it: a row is a few blocks */
  uint64_t count;
  assert_int_equal(read_rows(a, 1, &count), SCU_END);
  assert_int_equal(a->count, STUDIES);
  stop(a);
  assert_int_equal(memory.alive, 0);
}

/* --- whose silence it is -------------------------------------------------------------------------------------------
 */

static scu_match_choice sleep_over_the_time_out(asked *a, const scu_match *match) {
  if (match->number == 1) a->f.time.now_ms += 70 * 1000;
  return SCU_MATCH_TAKE;
}

static void test_time_spent_in_the_hook_is_not_the_peers_silence(void **state) {
  (void)state;
  static const peer_step slow[] = {START,
                                   QUERY,
                                   {.action = PEER_MATCHES, .count = 2},
                                   {.action = PEER_HOLD},
                                   {.action = PEER_MATCHES},
                                   {.action = PEER_RESPOND},
                                   END};
  asked *a = start(slow, 10, sleep_over_the_time_out);
  assert_int_equal(scu_find(a->f.session, a->query, &a->matches), SCU_OK);
  for (int i = 0; i < 1000; i++) scu_loop_step(a->f.time.loop); /* a second */
  scripted_peer_go(&a->f.peer);
  uint64_t count;
  assert_int_equal(read_rows(a, 1, &count), SCU_END);
  assert_int_equal(count, 10);
  assert_int_equal(scripted_peer_count(&a->f.peer, SCU__C_CANCEL_RQ), 0);
  stop(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_match_is_told_once_in_order_and_then_delivered),
      cmocka_unit_test(test_what_is_skipped_is_not_delivered_and_counts_for_no_limit),
      cmocka_unit_test(test_enough_cancels_and_ends_well),
      cmocka_unit_test(test_enough_ends_a_drill_between_two_queries),
      cmocka_unit_test(test_enough_ends_a_drill_that_is_held_back),
      cmocka_unit_test(test_after_enough_no_answer_counts_whatever_it_says),
      cmocka_unit_test(test_a_hook_that_takes_itself_away_loses_nothing),
      cmocka_unit_test(test_matches_before_an_end_of_any_kind_are_told_and_delivered),
      cmocka_unit_test(test_after_a_cancel_or_an_abort_no_match_is_told),
      cmocka_unit_test(test_after_a_cancel_no_match_of_another_find_is_told),
      cmocka_unit_test(test_a_hook_cannot_wait_for_its_own_find),
      cmocka_unit_test(test_a_find_closed_by_its_own_hook_goes_when_the_hook_has_returned),
      cmocka_unit_test(test_a_call_that_waits_for_a_find_that_its_hook_closes_is_cancelled),
      cmocka_unit_test(test_a_find_whose_first_match_closes_it_is_cancelled),
      cmocka_unit_test(test_a_call_that_waits_for_a_find_that_another_hook_closes_is_cancelled),
      cmocka_unit_test(test_a_slow_hook_that_finds_and_moves_leaves_one_request_per_association),
      cmocka_unit_test(test_a_hook_drills_down_and_fetches_from_inside),
      cmocka_unit_test(test_a_cancel_inside_a_hook_ends_what_it_waits_for_and_the_find),
      cmocka_unit_test(test_what_a_hook_starts_after_a_cancel_or_an_abort_is_not_ended_by_it),
      cmocka_unit_test(test_a_find_is_read_on_behind_its_hook_in_constant_memory),
      cmocka_unit_test(test_time_spent_in_the_hook_is_not_the_peers_silence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
