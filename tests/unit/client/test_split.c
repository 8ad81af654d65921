/* Answers that look cut off, and studies asked for in parts (RULES 14): the parts, what is suspected, and what is
 * proven by archives that give so many matches and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "client/answers.h"
#include "client/split.h"
#include "data/sop_class.h"
#include "support/client_fixture.h"

/* ---- parts ---- */

#define PART(keys_) scu__part_of_query(peer_dataset_kept(keys_))

static scu_dataset *kept;

/* Freed with the next one. */
static const scu_dataset *peer_dataset_kept(const char *text) {
  scu_dataset_free(kept);
  kept = peer_dataset(text);
  return kept;
}

static int tear_down(void **state) {
  (void)state;
  scu_dataset_free(kept);
  kept = NULL;
  return 0;
}

/* "date time|date time": "-" = empty, "." = as in the query. */
static void check_parts(const scu__part *parts, size_t count, const char *expected) {
  char text[512] = "";
  for (size_t i = 0; i < count; i++) {
    char date[64], time[64];
    scu_dataset *identifier = peer_dataset("StudyDate=.|StudyTime=.|PatientID=1");
    assert_int_equal(scu__part_put(&parts[i], identifier, NULL), SCU_OK);
    assert_int_equal(scu_dataset_text(identifier, "StudyDate", date, sizeof date), SCU_OK);
    assert_int_equal(scu_dataset_text(identifier, "StudyTime", time, sizeof time), SCU_OK);
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "%s%s %s", i > 0 ? "|" : "", date, time);
    scu_dataset_free(identifier);
  }
  if (strcmp(text, expected) != 0) fail_msg("%s", text);
}

static size_t cut(const scu__part *part, bool takes_empty, scu__part parts[SCU__PARTS_OF_ONE]) {
  bool lacks_date = false, lacks_time = false;
  return scu__part_cut(part, takes_empty, parts, &lacks_date, &lacks_time);
}

static void check_cut(const char *keys, bool takes_empty, const char *expected) {
  scu__part parts[SCU__PARTS_OF_ONE], whole = PART(keys);
  check_parts(&whole, 1, ". .");
  check_parts(parts, cut(&whole, takes_empty, parts), expected);
}

static void test_a_query_is_cut_where_dates_are(void **state) {
  (void)state;
  check_cut("PatientID=1", false, "-19750702 .|19750703- .");
  check_cut("PatientID=1", true, "-19750702 .|19750703- .|\"\" .");
  check_cut("StudyDate=", true, "-19750702 .|19750703- .|\"\" .");
  check_cut("StudyDate=20240101-20240104", true, "20240101-20240102 .|20240103-20240104 .");
  check_cut("StudyDate=20240228-20240301", true, "20240228-20240229 .|20240301 .");
  check_cut("StudyDate=20240101-20240102", true, "20240101 .|20240102 .");
  check_cut("StudyDate=20240101-", true, "20240101-20620701 .|20620702- .");
  check_cut("StudyDate=-18000101", true, "-09000702 .|09000703-18000101 .");
}

static void test_a_day_is_cut_by_time(void **state) {
  (void)state;
  check_cut("StudyDate=20240101", false, "20240101 -115959.999999|20240101 120000-");
  check_cut("StudyDate=20240101", true, "20240101 -115959.999999|20240101 120000-|20240101 \"\"");
  check_cut("StudyDate=20240101-20240101|StudyTime=", false, "20240101 -115959.999999|20240101 120000-");
}

static void test_what_is_not_cut(void **state) {
  (void)state;
  check_cut("StudyDate=20240101|StudyTime=1000-1100", true, "");
  check_cut("StudyDate=20240101\\20240201", true, "");
  check_cut("StudyDate=20240103-20240101", true, "");
  check_cut("StudyDate=soon", true, "");
  check_cut("StudyDate=\"\"", true, "");
  check_cut("StudyTime=1000-1100", false, "-19750702 .|19750703- ."); /* by date it is */
}

/* Down to one second and no further, in 17 steps from a day. */
static void test_cutting_ends(void **state) {
  (void)state;
  static const char *const dates[] = {"StudyDate=", "StudyDate=20240101", "StudyDate=-19000101", "StudyDate=21000101-"};
  static const size_t most[] = {17 + 17, 17, 15 + 17, 23 + 17};
  for (size_t i = 0; i < 4; i++) {
    for (size_t half = 0; half < 2; half++) {
      scu__part parts[SCU__PARTS_OF_ONE], at = PART(dates[i]);
      size_t steps = 0;
      while (cut(&at, true, parts) > 0) {
        at = parts[half];
        assert_true(++steps < 100);
      }
      assert_in_range(steps, 10, most[i] + 25);
      if (at.kind == SCU__PART_SECONDS) assert_int_equal(at.first, at.last);
      assert_int_equal(at.kind == SCU__PART_SECONDS || at.days.low == INT64_MIN || at.days.high == INT64_MAX, true);
    }
  }
}

static void test_parts_of_a_part_are_the_part(void **state) {
  (void)state;
  scu__part parts[SCU__PARTS_OF_ONE], more[SCU__PARTS_OF_ONE], whole = PART("StudyDate=20240101");
  assert_int_equal(cut(&whole, true, parts), 3);
  assert_int_equal(cut(&parts[0], true, more), 2); /* what has no time was asked for with the day */
  check_parts(more, 2, "20240101 -055959.999999|20240101 060000-115959.999999");
  assert_int_equal(cut(&parts[2], true, more), 0);
  whole = PART("PatientID=1");
  assert_int_equal(cut(&whole, true, parts), 3);
  assert_int_equal(cut(&parts[1], true, more), 2);
  check_parts(more, 2, "19750703-20380401 .|20380402- .");
  assert_int_equal(cut(&parts[2], true, more), 0);
}

static void test_what_is_in_no_part_is_told(void **state) {
  (void)state;
  static const struct {
    const char *keys;
    bool takes_empty, lacks_date, lacks_time;
  } cases[] = {
      {"PatientID=1", false, true, false},          {"PatientID=1", true, false, false},
      {"StudyDate=20240101-", false, false, false}, {"StudyDate=20240101", false, false, true},
      {"StudyDate=20240101", true, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu__part parts[SCU__PARTS_OF_ONE], whole = PART(cases[i].keys);
    bool lacks_date = false, lacks_time = false;
    assert_true(scu__part_cut(&whole, cases[i].takes_empty, parts, &lacks_date, &lacks_time) >= 2);
    assert_int_equal(lacks_date, cases[i].lacks_date);
    assert_int_equal(lacks_time, cases[i].lacks_time);
  }
}

/* ---- suspicions ---- */

static bool is_suspect(uint64_t cap, uint64_t matches, uint64_t expected, uint16_t status) {
  scu__answers answers = {.cap = cap};
  const scu__answer answer = {.level = SCU_LEVEL_STUDY, .matches = matches, .expected = expected, .status = status};
  return scu__answers_look(&answers, &answer) == SCU__SUSPECT_CUT_OFF;
}

static void test_round_numbers_are_suspected(void **state) {
  (void)state;
  static const uint64_t round[] = {100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 20000, 25000, 1000000};
  static const uint64_t other[] = {0, 1, 10, 50, 99, 101, 150, 300, 501, 999, 1001, 1250, 1500, 10001};
  for (size_t i = 0; i < sizeof round / sizeof *round; i++) {
    assert_true(is_suspect(0, round[i], 0, 0));
    assert_false(is_suspect(0, round[i], round[i], 0)); /* the level above has told it, too */
    assert_true(is_suspect(0, round[i], round[i] + 1, 0));
    assert_false(is_suspect(777, round[i] < 777 ? round[i] : 100, 0, 0)); /* the limit is known, and another */
  }
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) assert_false(is_suspect(0, other[i], 0, 0));
}

static void test_the_limit_of_the_node_and_some_statuses_are_suspected(void **state) {
  (void)state;
  assert_true(is_suspect(7, 7, 0, 0));
  assert_true(is_suspect(7, 8, 0, 0));
  assert_false(is_suspect(7, 6, 0, 0));
  assert_true(is_suspect(0, 3, 0, 0xA700));
  assert_true(is_suspect(0, 3, 0, 0xB001));
  assert_true(is_suspect(0, 3, 0, 0xFE00));
  assert_false(is_suspect(0, 0, 0, 0xA700)); /* no match: that is a refusal */
  assert_false(is_suspect(0, 3, 0, 0xB000));
}

/* ---- archives ---- */

static const peer_step serve[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};
static const uint8_t takes_empty_values[] = {0, 0, 0, 0, 0, 1, 0};

enum { STUDIES_MAX = 512 };

typedef struct study {
  char date[9], time[8]; /* "" = none */
} study;

/* Gives so many studies, of those that fit, and no more. What has no date or time is in no range. */
typedef struct archive {
  study studies[STUDIES_MAX];
  size_t count, cap, requests;
} archive;

static bool fits(const char *key, const char *value, size_t digits) {
  const char *hyphen = strchr(key, '-');
  if (!*key) return true;
  if (strcmp(key, "\"\"") == 0) return !*value;
  if (!*value) return false;
  if (!hyphen) return strcmp(key, value) == 0;
  bool is_after = hyphen == key || strncmp(value, key, digits) >= 0;
  return is_after && (!hyphen[1] || strncmp(value, hyphen + 1, digits) <= 0);
}

static const char *capped_row(void *user, const scu_dataset *query, size_t row) {
  static char text[200];
  archive *a = user;
  char date[64] = "", time[64] = "", level[17] = "", above[65] = "";
  scu_dataset_text(query, "StudyDate", date, sizeof date);
  scu_dataset_text(query, "StudyTime", time, sizeof time);
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", above, sizeof above);
  if (strcmp(level, "SERIES") == 0) {
    snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.1", above, above);
    return row < 1 ? text : NULL;
  }
  a->requests += row == 0;
  if (row >= a->cap) return NULL;
  for (size_t i = 0; i < a->count; i++) {
    if (!fits(date, a->studies[i].date, 8) || !fits(time, a->studies[i].time, 6) || row-- > 0) continue;
    snprintf(text, sizeof text, "StudyInstanceUID=1.2.%zu|StudyDate=%s|StudyTime=%s", i + 1, a->studies[i].date,
             a->studies[i].time);
    return text;
  }
  return NULL;
}

static void add(archive *a, const char *date, const char *time) {
  assert_true(a->count < STUDIES_MAX);
  snprintf(a->studies[a->count].date, sizeof a->studies->date, "%s", date);
  snprintf(a->studies[a->count++].time, sizeof a->studies->time, "%s", time);
}

/* One a day, and a busy one; at midnight, in the last second, and before there was any DICOM. */
static void fill(archive *a) {
  for (int day = 0; day < 200; day++) {
    char date[16], time[16];
    snprintf(date, sizeof date, "2024%02d%02d", day / 28 + 1, day % 28 + 1);
    snprintf(time, sizeof time, "%02d%02d%02d", day % 24, day % 60, day % 60);
    add(a, date, time);
  }
  for (int i = 0; i < 60; i++) {
    char time[16];
    snprintf(time, sizeof time, "%02d%02d%02d", i % 2 ? 23 : 0, i % 2 ? 59 : 0, i % 2 ? 59 - i / 2 : i / 2);
    add(a, "20230401", time);
  }
  add(a, "20230401", "000000");
  add(a, "20230401", "235959");
  add(a, "18991231", "120000");
  add(a, "22010101", "120000");
}

typedef struct outcome {
  size_t count;
  scu_find_verdict verdict;
  char text[400], warnings[4096];
  size_t requests, distinct;
  char offers[1024];
} outcome;

static void find_all(archive *a, scu_query *query, const uint8_t *agrees, int cap, outcome *told) {
  static bool has_come[STUDIES_MAX + 1];
  fixture f;
  memset(has_come, 0, sizeof has_come);
  memset(told, 0, sizeof *told);
  fixture_prepare(&f, serve);
  scu_options_set_integer(f.options, SCU_OPTION_QUERY_CAP, cap);
  fixture_open(&f);
  f.peer.row = capped_row;
  f.peer.user = a;
  f.peer.agrees = agrees;
  f.peer.agrees_length = agrees ? sizeof takes_empty_values : 0;
  a->requests = 0;
  scu_matches *matches;
  const scu_dataset *row;
  scu_result result;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  while ((result = scu_matches_next(matches, &row)) == SCU_OK) {
    char uid[65];
    assert_int_equal(scu_dataset_text(row, "StudyInstanceUID", uid, sizeof uid), SCU_OK);
    size_t number = strtoul(uid + 4, NULL, 10);
    assert_in_range(number, 1, STUDIES_MAX);
    told->distinct += !has_come[number];
    has_come[number] = true;
    told->count++;
  }
  assert_int_equal(result, SCU_END);
  told->verdict = scu_matches_verdict(matches);
  snprintf(told->text, sizeof told->text, "%s", scu_matches_verdict_text(matches));
  snprintf(told->warnings, sizeof told->warnings, "%s", f.warnings);
  snprintf(told->offers, sizeof told->offers, "%s", f.peer.offers);
  told->requests = a->requests;
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static scu_query *query_of(const char *date, int split) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "StudyDate", date), SCU_OK);
  assert_int_equal(scu_query_set_level(query, SCU_LEVEL_STUDY), SCU_OK);
  scu_query_set_all(query, 1);
  scu_query_set_split(query, split);
  return query;
}

static void test_without_splitting_a_suspicion_is_told(void **state) {
  (void)state;
  archive a = {.cap = 100};
  fill(&a);
  outcome told;
  find_all(&a, query_of("", 0), NULL, 0, &told);
  assert_int_equal(told.count, 100);
  assert_int_equal(told.requests, 1);
  assert_int_equal(told.verdict, SCU_FIND_SUSPECT);
  assert_non_null(strstr(told.warnings, "may be cut off: 100 matches at level STUDY, a round number"));
  assert_non_null(strstr(told.warnings, "narrow the query"));
  assert_string_equal(told.offers, "");
  a.cap = 60;
  find_all(&a, query_of("", 0), NULL, 0, &told);
  assert_int_equal(told.verdict, SCU_FIND_UNCHECKED);
  assert_string_equal(told.warnings, "");
  find_all(&a, query_of("", 0), NULL, 60, &told);
  assert_int_equal(told.verdict, SCU_FIND_SUSPECT);
  assert_non_null(strstr(told.warnings, "query-cap"));
}

static void test_parts_bring_every_study_once(void **state) {
  (void)state;
  static const size_t caps[] = {100, 50, 20, 5, 3};
  for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
    archive a = {.cap = caps[i]};
    fill(&a);
    outcome told;
    find_all(&a, query_of("", 1), NULL, (int)caps[i], &told);
    assert_int_equal(told.distinct, a.count);
    assert_int_equal(told.count, a.count);
    assert_true(told.requests < 60 + 12 * a.count / caps[i]);
    assert_int_equal(told.verdict, SCU_FIND_NOT_PROVEN);
    assert_non_null(strstr(told.text, "studies without Study Date"));
    assert_non_null(strstr(told.warnings, "not proven"));
    assert_string_equal(told.offers, SCU__UID_STUDY_ROOT_FIND "=000000000001 ");
  }
}

/* Nobody has told the limit, and it is not round: the halves bring more than the whole. */
static void test_halves_that_add_up_to_more_than_the_whole_prove_a_limit(void **state) {
  (void)state;
  archive a = {.cap = 37};
  fill(&a);
  outcome told;
  find_all(&a, query_of("20230101-20241231", 1), NULL, 0, &told);
  assert_int_equal(told.distinct, 262);
  assert_int_equal(told.count, 262);
  assert_int_equal(told.verdict, SCU_FIND_NOT_PROVEN); /* the first of April was divided */
  assert_non_null(strstr(told.text, "studies without Study Time, on the days that were divided"));
}

static void test_an_answer_that_is_whole_costs_two_more_questions(void **state) {
  (void)state;
  archive a = {.cap = 1000};
  fill(&a);
  add(&a, "", "120000");
  outcome told;
  find_all(&a, query_of("", 1), NULL, 0, &told);
  assert_int_equal(told.count, a.count);
  assert_int_equal(told.requests, 3);
  assert_int_equal(told.verdict, SCU_FIND_COMPLETE);
  assert_string_equal(told.warnings, "");
}

/* A limit that nobody knows, smaller than what is there: every part that holds as much may hold more. */
static void test_a_small_limit_that_is_not_known_is_seen_through(void **state) {
  (void)state;
  static archive a;
  outcome told;
  for (size_t cap = 1; cap <= 6; cap++) {
    a = (archive){.cap = cap};
    add(&a, "20210101", "080000");
    add(&a, "20210102", "080000");
    add(&a, "20210102", "090000");
    add(&a, "20240229", "235959");
    add(&a, "20240301", "000000");
    find_all(&a, query_of("", 1), takes_empty_values, 0, &told);
    assert_int_equal(told.distinct, 5);
    if (cap > 1) assert_int_equal(told.verdict, SCU_FIND_COMPLETE);
    if (cap == 1) assert_int_not_equal(told.verdict, SCU_FIND_COMPLETE); /* each may hide another of its second */
    find_all(&a, query_of("", 1), takes_empty_values, (int)cap, &told);
    assert_int_equal(told.distinct, 5);
  }
}

static void test_as_many_in_what_cannot_be_divided_is_not_proven(void **state) {
  (void)state;
  static archive a;
  outcome told;
  for (size_t cap = 3; cap <= 4; cap++) {
    a = (archive){.cap = cap};
    for (int i = 0; i < 4; i++) add(&a, "20210101", "080000");
    find_all(&a, query_of("", 1), takes_empty_values, 0, &told);
    assert_int_equal(told.verdict, SCU_FIND_NOT_PROVEN);
    assert_non_null(strstr(told.text, cap == 3 ? "largest answer, 3" : "largest answer, 4"));
    assert_non_null(strstr(told.warnings, "not proven"));
  }
  find_all(&a, query_of("", 1), takes_empty_values, 5, &told); /* what the peer gives at most is known */
  assert_int_equal(told.verdict, SCU_FIND_COMPLETE);
}

static void test_a_study_that_is_asked_for_by_its_uid_is_all_there_is(void **state) {
  (void)state;
  static archive a;
  outcome told;
  a = (archive){.cap = 9};
  add(&a, "20210101", "080000");
  scu_query *query = query_of("", 1);
  assert_int_equal(scu_query_set(query, "StudyInstanceUID", "1.2.1"), SCU_OK);
  find_all(&a, query, takes_empty_values, 0, &told);
  assert_int_equal(told.count, 1);
  assert_int_equal(told.verdict, SCU_FIND_COMPLETE);
}

static void test_a_range_of_dates_is_complete_without_what_has_no_date(void **state) {
  (void)state;
  archive a = {.cap = 100};
  fill(&a);
  add(&a, "", "");
  outcome told;
  find_all(&a, query_of("20240101-20241231", 1), NULL, 100, &told);
  assert_int_equal(told.count, 200);
  assert_int_equal(told.verdict, SCU_FIND_COMPLETE);
  assert_string_equal(told.warnings, "");
}

static void test_what_has_no_date_or_time_is_asked_for_where_the_peer_can(void **state) {
  (void)state;
  archive a = {.cap = 20};
  fill(&a);
  for (int i = 0; i < 15; i++) add(&a, "", "110000");
  for (int i = 0; i < 10; i++) add(&a, "20230401", "");
  outcome told;
  find_all(&a, query_of("", 1), takes_empty_values, 20, &told);
  assert_int_equal(told.distinct, a.count);
  assert_int_equal(told.verdict, SCU_FIND_COMPLETE);
  assert_string_equal(told.warnings, "");
  find_all(&a, query_of("", 1), NULL, 20, &told); /* and else they are missing, and it is said */
  assert_int_equal(told.distinct, a.count - 25);
  assert_int_equal(told.verdict, SCU_FIND_NOT_PROVEN);
  assert_non_null(strstr(told.text, "without Study Date or Study Time"));
  for (int i = 0; i < 10; i++) add(&a, "", "110000"); /* more than one answer holds, and nothing to cut them by */
  find_all(&a, query_of("", 1), takes_empty_values, 20, &told);
  assert_int_equal(told.distinct, a.count - 5);
  assert_int_equal(told.verdict, SCU_FIND_SUSPECT);
  assert_non_null(strstr(told.text, "cut off"));
}

static void test_more_in_one_second_than_one_answer_holds_is_never_complete(void **state) {
  (void)state;
  archive a = {.cap = 10};
  for (int i = 0; i < 12; i++) add(&a, "20240101", "120000");
  outcome told;
  find_all(&a, query_of("", 1), takes_empty_values, 10, &told);
  assert_int_equal(told.count, 10);
  assert_int_equal(told.verdict, SCU_FIND_SUSPECT);
  assert_non_null(strstr(told.text, "cannot be divided further"));
}

static void test_what_is_below_the_studies_of_every_part_comes_once(void **state) {
  (void)state;
  archive a = {.cap = 50};
  fill(&a);
  outcome told;
  scu_query *query = query_of("", 1);
  scu_query_set_level(query, SCU_LEVEL_SERIES);
  find_all(&a, query, NULL, 50, &told);
  assert_int_equal(told.count, a.count);
  assert_int_equal(told.distinct, a.count);
  assert_null(strstr(told.offers, "=01"));
}

static void test_a_limit_or_another_level_is_not_judged(void **state) {
  (void)state;
  archive a = {.cap = 100};
  fill(&a);
  outcome told;
  scu_query *query = query_of("", 1);
  scu_query_set_limit(query, 100);
  find_all(&a, query, NULL, 0, &told);
  assert_int_equal(told.count, 100);
  assert_int_equal(told.verdict, SCU_FIND_UNKNOWN);
  assert_string_equal(told.text, "");
}

#define QUERY                                                                                                          \
  { .action = PEER_WAIT_MESSAGE }
#define MATCH(keys)                                                                                                    \
  { .action = PEER_RESPOND, .status = 0xFF00, .text = keys }
#define ENDS(with)                                                                                                     \
  { .action = PEER_RESPOND, .status = with }

/* A700 after matches: its parts are asked for, and if none is to be had it is the failure it was. */
static void test_an_answer_that_ends_for_want_of_room_is_divided(void **state) {
  (void)state;
  static const peer_step script[] = {{.action = PEER_WAIT_RQ},
                                     {.action = PEER_ACCEPT},
                                     QUERY,
                                     MATCH("StudyInstanceUID=1.2|StudyDate=20240101"),
                                     ENDS(0xA700),
                                     QUERY,
                                     MATCH("StudyInstanceUID=1.2|StudyDate=20240101"),
                                     ENDS(0),
                                     QUERY,
                                     MATCH("StudyInstanceUID=1.3|StudyDate=20240102"),
                                     ENDS(0),
                                     {.action = PEER_END}};
  for (int split = 0; split < 2; split++) {
    fixture f;
    fixture_start(&f, script);
    scu_query *query = query_of("20240101-20240102", split);
    scu_matches *matches;
    const scu_dataset *row;
    scu_result result;
    assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
    while ((result = scu_matches_next(matches, &row)) == SCU_OK) {
    }
    assert_int_equal(result, split ? SCU_END : SCU_ERROR_REFUSED);
    assert_int_equal(scu_matches_count(matches), split ? 2 : 1);
    assert_int_equal(scu_matches_verdict(matches), split ? SCU_FIND_COMPLETE : SCU_FIND_UNKNOWN);
    scu_matches_close(matches);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

/* A peer that agrees to empty values and then cannot: what has none is missing from the proof, not from the find. */
static void test_a_part_without_date_that_is_refused_is_lacking(void **state) {
  (void)state;
  static const peer_step script[] = {{.action = PEER_WAIT_RQ},
                                     {.action = PEER_ACCEPT},
                                     QUERY,
                                     MATCH("StudyInstanceUID=1.2"),
                                     ENDS(0xB001),
                                     QUERY,
                                     MATCH("StudyInstanceUID=1.3"),
                                     ENDS(0),
                                     QUERY,
                                     ENDS(0),
                                     QUERY,
                                     ENDS(0xC000),
                                     QUERY,
                                     ENDS(0xC000),
                                     {.action = PEER_END}};
  fixture f;
  fixture_start(&f, script);
  f.peer.agrees = takes_empty_values;
  f.peer.agrees_length = sizeof takes_empty_values;
  scu_query *query = query_of("", 1);
  scu_matches *matches;
  const scu_dataset *row;
  scu_result result;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  while ((result = scu_matches_next(matches, &row)) == SCU_OK) {
  }
  assert_int_equal(result, SCU_END);
  assert_int_equal(scu_matches_count(matches), 2);
  assert_int_equal(scu_matches_verdict(matches), SCU_FIND_NOT_PROVEN);
  assert_non_null(strstr(scu_matches_verdict_text(matches), "Study Date"));
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_a_query_is_cut_where_dates_are, tear_down),
      cmocka_unit_test_teardown(test_a_day_is_cut_by_time, tear_down),
      cmocka_unit_test_teardown(test_what_is_not_cut, tear_down),
      cmocka_unit_test_teardown(test_cutting_ends, tear_down),
      cmocka_unit_test_teardown(test_parts_of_a_part_are_the_part, tear_down),
      cmocka_unit_test_teardown(test_what_is_in_no_part_is_told, tear_down),
      cmocka_unit_test(test_round_numbers_are_suspected),
      cmocka_unit_test(test_the_limit_of_the_node_and_some_statuses_are_suspected),
      cmocka_unit_test(test_without_splitting_a_suspicion_is_told),
      cmocka_unit_test(test_parts_bring_every_study_once),
      cmocka_unit_test(test_halves_that_add_up_to_more_than_the_whole_prove_a_limit),
      cmocka_unit_test(test_an_answer_that_is_whole_costs_two_more_questions),
      cmocka_unit_test(test_a_small_limit_that_is_not_known_is_seen_through),
      cmocka_unit_test(test_as_many_in_what_cannot_be_divided_is_not_proven),
      cmocka_unit_test(test_a_study_that_is_asked_for_by_its_uid_is_all_there_is),
      cmocka_unit_test(test_a_range_of_dates_is_complete_without_what_has_no_date),
      cmocka_unit_test(test_what_has_no_date_or_time_is_asked_for_where_the_peer_can),
      cmocka_unit_test(test_more_in_one_second_than_one_answer_holds_is_never_complete),
      cmocka_unit_test(test_what_is_below_the_studies_of_every_part_comes_once),
      cmocka_unit_test(test_a_limit_or_another_level_is_not_judged),
      cmocka_unit_test(test_an_answer_that_ends_for_want_of_room_is_divided),
      cmocka_unit_test(test_a_part_without_date_that_is_refused_is_lacking),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
