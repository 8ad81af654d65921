/* What one identifier cannot ask: lists, times across midnight, date and time as one range; asked by several requests
 * and united (RULES 9, 10; PS3.4 C.2.2.2, C.5.1.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/query_variants.h"
#include "client/seen.h"
#include "scu/query_keys.h"
#include "service/key_attribute.h"
#include "support/client_fixture.h"

/* ---- the identifiers ---- */

static void put_variant(const char *keys, const char *const *paths, const scu__variant_rules *rules, size_t index,
                        size_t *count, char *to, size_t room) {
  scu_dataset *identifier = peer_dataset(keys);
  assert_int_equal(scu__query_variant(identifier, rules, index, count, NULL), SCU_OK);
  for (size_t i = 0; paths[i]; i++) {
    char text[256] = "?";
    scu_dataset_text(identifier, paths[i], text, sizeof text);
    size_t length = strlen(to);
    snprintf(to + length, room - length, "%s%s", i > 0 ? " " : "", *text ? text : "-");
  }
  scu_dataset_free(identifier);
}

/* All variants as "value value|value value", in the order of `paths`; an empty value is "-". */
static void check_variants(const char *keys, const char *const *paths, scu__variant_rules rules, const char *expected) {
  char text[4096] = "";
  size_t count = 1;
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "%s", i > 0 ? "|" : "");
    put_variant(keys, paths, &rules, i, &count, text, sizeof text);
  }
  if (strcmp(text, expected) != 0) fail_msg("%s: %s", keys, text);
}

#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const scu__variant_rules plain = {0}, joint = {.is_combined_wanted = true};

static void test_a_list_is_asked_value_by_value(void **state) {
  (void)state;
  check_variants("Modality=CT", PATHS("Modality"), plain, "CT");
  check_variants("Modality=CT\\MR\\US", PATHS("Modality"), plain, "CT|MR|US");
  check_variants("Modality=\\CT \\\\MR\\", PATHS("Modality"), plain, "CT|MR"); /* empty values restrict nothing */
  check_variants("Modality=\\", PATHS("Modality"), plain, "\\");
  check_variants("PatientName=Doe*\\Müller^*", PATHS("PatientName"), plain, "Doe*|Müller^*");
  check_variants("SeriesNumber=1\\2", PATHS("SeriesNumber"), plain, "1|2");
  check_variants("StudyDate=20240101\\20240301-", PATHS("StudyDate"), plain, "20240101|20240301-");
}

static void test_every_list_with_every_other(void **state) {
  (void)state;
  check_variants("Modality=CT\\MR|PatientID=1\\2|StudyID=7", PATHS("Modality", "PatientID", "StudyID"), plain,
                 "CT 1 7|MR 1 7|CT 2 7|MR 2 7");
  check_variants("ScheduledProcedureStepSequence[0].Modality=CT\\MR|PatientID=1\\2",
                 PATHS("ScheduledProcedureStepSequence[0].Modality", "PatientID"), plain, "CT 1|CT 2|MR 1|MR 2");
}

/* The pairs are those that answers are held against, too (service/key_attribute.h). */
static void test_every_date_with_its_time_is_cut_as_one_period(void **state) {
  (void)state;
  for (size_t i = 0; i < SCU__MOMENT_PAIRS; i++) {
    scu_dataset *identifier = peer_dataset("PatientID=1");
    char date[SCU__PATH_TEXT_MAX], time[SCU__PATH_TEXT_MAX];
    size_t count;
    scu__path_format_tag(scu__moment_pairs[i].date, date, sizeof date);
    scu__path_format_tag(scu__moment_pairs[i].time, time, sizeof time);
    assert_int_equal(scu_dataset_set_text(identifier, date, "20240101-20240103"), SCU_OK);
    assert_int_equal(scu_dataset_set_text(identifier, time, "22-06"), SCU_OK);
    assert_int_equal(scu__query_variant(identifier, &joint, 0, &count, NULL), SCU_OK);
    assert_int_equal(count, 3);
    scu_dataset_free(identifier);
  }
}

static void test_what_is_no_list_goes_out_whole(void **state) {
  (void)state;
  check_variants("StudyInstanceUID=1.2\\1.3", PATHS("StudyInstanceUID"), plain, "1.2\\1.3");
  check_variants("PatientComments=a\\b", PATHS("PatientComments"), plain, "a\\b"); /* LT: a backslash like any other */
  check_variants("SpecificCharacterSet=ISO 2022 IR 100\\ISO 2022 IR 87|PatientID=1", PATHS("SpecificCharacterSet"),
                 plain, "ISO 2022 IR 100\\ISO 2022 IR 87");
  const scu__variant_rules all_of_them = {.are_lists_whole = true};
  check_variants("ModalitiesInStudy=CT\\MR", PATHS("ModalitiesInStudy"), all_of_them, "CT\\MR");
}

static void test_a_long_list_of_uids_is_asked_in_parts(void **state) {
  (void)state;
  const scu__variant_rules two = {.uids_max = 2}, one = {.uids_max = 1};
  check_variants("StudyInstanceUID=1.2\\1.3", PATHS("StudyInstanceUID"), two, "1.2\\1.3");
  check_variants("StudyInstanceUID=1.2\\1.3\\1.4", PATHS("StudyInstanceUID"), two, "1.2\\1.3|1.4");
  check_variants("StudyInstanceUID=1.2\\1.3\\1.4|Modality=CT\\MR", PATHS("Modality", "StudyInstanceUID"), two,
                 "CT 1.2\\1.3|MR 1.2\\1.3|CT 1.4|MR 1.4");
  check_variants("StudyInstanceUID=1.2|SeriesInstanceUID=", PATHS("StudyInstanceUID", "SeriesInstanceUID"), one,
                 "1.2 -");
  char keys[65000] = "StudyInstanceUID=1";
  for (int i = 2; i <= 10000; i++) snprintf(keys + strlen(keys), 8, "\\%d", i);
  scu_dataset *identifier = peer_dataset(keys);
  size_t count;
  char text[65];
  assert_int_equal(scu__query_variant(identifier, &one, 9999, &count, NULL), SCU_OK);
  assert_int_equal(count, 10000);
  scu_dataset_text(identifier, "StudyInstanceUID", text, sizeof text);
  assert_string_equal(text, "10000");
  scu_dataset_free(identifier);
}

static void test_more_parts_than_anybody_waits_for_are_refused(void **state) {
  (void)state;
  const scu__variant_rules one = {.uids_max = 1};
  char keys[8000] = "StudyInstanceUID=1";
  for (int i = 2; i <= 400; i++) snprintf(keys + strlen(keys), 8, "\\%d", i);
  scu_dataset *identifier = peer_dataset(keys);
  size_t count;
  scu_error error;
  scu__error_clear(&error);
  char *series = strchr(keys, '=') + 1;
  assert_int_equal(scu_dataset_set_text(identifier, "SeriesInstanceUID", series), SCU_OK);
  assert_int_equal(scu__query_variant(identifier, &one, 0, &count, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, "lists of UIDs"));
  scu_dataset_free(identifier);
}

static void test_a_list_in_its_character_set_is_cut_between_characters(void **state) {
  (void)state;
  scu_dataset *identifier;
  size_t count;
  char text[64];
  assert_int_equal(scu_dataset_new(NULL, &identifier), SCU_OK);
  scu_dataset_set_bytes(identifier, SCU_TAG(8, 5), SCU_VR_CS, "GB18030", 7);
  scu_dataset_set_bytes(identifier, SCU_TAG(0x10, 0x20), SCU_VR_LO, "\x95\x5C\\B", 4); /* 5C is half a character */
  assert_int_equal(scu__query_variant(identifier, &plain, 0, &count, NULL), SCU_OK);
  assert_int_equal(count, 2);
  assert_int_equal(scu_dataset_text(identifier, "PatientID", text, sizeof text), SCU_OK);
  assert_string_equal(text, "昞");
  scu_dataset_free(identifier);
}

static void test_a_night_is_two_ranges(void **state) {
  (void)state;
  check_variants("StudyTime=2200-0600", PATHS("StudyTime"), plain, "2200-|-0600");
  check_variants("StudyTime=220000.5-060000", PATHS("StudyTime"), plain, "220000.5-|-060000");
  check_variants("StudyTime=0600-2200", PATHS("StudyTime"), plain, "0600-2200");
  check_variants("StudyTime=2200-", PATHS("StudyTime"), plain, "2200-");
  check_variants("StudyTime=10-10", PATHS("StudyTime"), plain, "10-10");
  check_variants("StudyTime=odd-even", PATHS("StudyTime"), plain, "odd-even");
  check_variants("StudyTime=2200-0600\\1200", PATHS("StudyTime"), plain, "2200-|-0600|1200");
  check_variants("StudyDate=20240101-20240110|StudyTime=2200-0600", PATHS("StudyDate", "StudyTime"), plain,
                 "20240101-20240110 2200-|20240101-20240110 -0600");
  const scu__variant_rules all_of_them = {.are_lists_whole = true};
  check_variants("StudyTime=2200-0600", PATHS("StudyTime"), all_of_them, "2200-|-0600");
}

static void check_joint(const char *date, const char *time, const char *expected) {
  char keys[128];
  snprintf(keys, sizeof keys, "StudyDate=%s|StudyTime=%s", date, time);
  check_variants(keys, PATHS("StudyDate", "StudyTime"), joint, expected);
}

static void test_a_range_of_moments_is_its_first_day_those_between_and_its_last(void **state) {
  (void)state;
  check_joint("20240101-20240102", "220000-060000", "20240101 220000-|20240102 -060000");
  check_joint("20240101-20240103", "0600-2200", "20240101 0600-|20240102 -|20240103 -2200");
  check_joint("20240228-20240302", "22-06", "20240228 22-|20240229-20240301 -|20240302 -06");
  check_joint("20231231-", "2200-", "20231231 2200-|20240101- -");
  check_joint("-20240301", "-0600", "-20240229 -|20240301 -0600");
  check_joint("20240101-20240103", "2200-", "20240101 2200-|20240102-20240103 -");
  check_joint("20240101-20240103", "-0600", "20240101-20240102 -|20240103 -0600");
  check_joint("20240101-20240103", "080000-080000", "20240101 080000-|20240102 -|20240103 -080000");
  check_joint("99991231-", "2200-", "99991231 2200-"); /* there is no day after it */
}

static void test_what_is_no_range_of_moments_is_matched_each_by_itself(void **state) {
  (void)state;
  check_joint("20240101", "0600-2200", "20240101 0600-2200");
  check_joint("20240101-20240103", "0600", "20240101-20240103 0600");
  check_joint("20240103-20240101", "0600-2200", "20240103-20240101 0600-2200");
  check_joint("soon-later", "0600-2200", "soon-later 0600-2200");
  check_joint("20240101", "2200-0600", "20240101 2200-|20240101 -0600");
}

static void test_who_agrees_to_take_date_and_time_together_gets_them_whole(void **state) {
  (void)state;
  const scu__variant_rules agreed = {.is_combined_wanted = true, .is_combined_agreed = true};
  check_variants("StudyDate=20240101-20240103|StudyTime=2200-0600", PATHS("StudyDate", "StudyTime"), agreed,
                 "20240101-20240103 2200-0600");
  const scu__variant_rules worklist = {.is_worklist = true};
#define STEP "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStart"
  check_variants(STEP "Date=20240101-20240103|" STEP "Time=2200-0600", PATHS(STEP "Date", STEP "Time"), worklist,
                 "20240101-20240103 2200-0600");
  check_variants(STEP "Time=2200-0600", PATHS(STEP "Time"), worklist, "2200-|-0600"); /* nothing to go with */
}

static void test_too_many_queries_are_usage(void **state) {
  (void)state;
  char keys[4096] = "StudyID=1\\2|SeriesNumber=0";
  for (int i = 1; i < 128; i++) snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "\\%d", i);
  size_t count;
  scu_error error;
  scu__error_clear(&error);
  scu_dataset *identifier = peer_dataset(keys);
  assert_int_equal(scu__query_variant(identifier, &plain, 255, &count, &error), SCU_OK);
  assert_int_equal(count, SCU__VARIANTS_MAX);
  scu_dataset_free(identifier);
  identifier = peer_dataset(keys);
  assert_int_equal(scu_dataset_set_text(identifier, "Modality", "CT\\MR"), SCU_OK);
  assert_int_equal(scu__query_variant(identifier, &plain, 0, &count, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(&error), "256"));
  scu_dataset_free(identifier);
}

/* ---- united ---- */

static const peer_step serve[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

/* Studies 1 and 2 have CT, 2 and 3 have MR; nobody has both in one key. */
static const char *studies_by_modality(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  char modality[64] = "";
  scu_dataset_text(query, "ModalitiesInStudy", modality, sizeof modality);
  static const char *const ct[] = {"StudyInstanceUID=1.1|ModalitiesInStudy=CT",
                                   "StudyInstanceUID=1.2|ModalitiesInStudy=CT",
                                   "StudyInstanceUID=1.2|ModalitiesInStudy=CT\\US"};
  static const char *const mr[] = {"StudyInstanceUID=1.2|ModalitiesInStudy=MR",
                                   "StudyInstanceUID=1.3|ModalitiesInStudy=MR"};
  if (strcmp(modality, "CT") == 0) return row < 3 ? ct[row] : NULL;
  return strcmp(modality, "MR") == 0 && row < 2 ? mr[row] : NULL;
}

static void collect(scu_matches *matches, const char *path, char *to, size_t room) {
  const scu_dataset *row;
  scu_result result;
  *to = 0;
  while ((result = scu_matches_next(matches, &row)) == SCU_OK) {
    size_t length = strlen(to);
    if (length > 0) to[length++] = ' ';
    assert_int_equal(scu_dataset_text(row, path, to + length, room - length), SCU_OK);
  }
  assert_int_equal(result, SCU_END);
}

static scu_query *modalities_query(void) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set_modalities_in_study(query, (const char *const[]){"CT", "MR"}, 2), SCU_OK);
  return query;
}

static void test_matches_of_all_values_come_once(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = studies_by_modality;
  scu_query *query = modalities_query();
  scu_matches *matches;
  char found[256];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  collect(matches, "StudyInstanceUID", found, sizeof found);
  /* 1.2 stands twice in the first answer, with other values; that the second brings it too is left out. */
  assert_string_equal(found, "1.1 1.2 1.2 1.3");
  assert_int_equal(scu_matches_count(matches), 4);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 2);
  char text[64];
  for (size_t i = 0; i < 2; i++) {
    scu_dataset_text(scripted_peer_message(&f.peer, SCU__C_FIND_RQ, i)->dataset, "ModalitiesInStudy", text,
                     sizeof text);
    assert_string_equal(text, i == 0 ? "CT" : "MR");
  }
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_a_limit_counts_what_is_united(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = studies_by_modality;
  scu_query *query = modalities_query();
  scu_query_set_limit(query, 4);
  scu_matches *matches;
  char found[256];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  collect(matches, "StudyInstanceUID", found, sizeof found);
  assert_string_equal(found, "1.1 1.2 1.2 1.3");
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_a_list_that_is_wished_whole_goes_out_whole(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = studies_by_modality;
  scu_query *query = modalities_query();
  scu_query_set_option(query, SCU_QUERY_MULTIPLE_VALUES, SCU_WISH_YES);
  scu_matches *matches;
  char found[256], text[64];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  collect(matches, "StudyInstanceUID", found, sizeof found);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 1);
  scu_dataset_text(scripted_peer_message(&f.peer, SCU__C_FIND_RQ, 0)->dataset, "ModalitiesInStudy", text, sizeof text);
  assert_string_equal(text, "CT\\MR");
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

/* Steps 1 and 3 are CT and MR, 2 answers whatever is asked, as careless providers do. */
static const char *steps(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  char modality[64] = "";
  scu_dataset_text(query, "ScheduledProcedureStepSequence[0].Modality", modality, sizeof modality);
  static const char *const ct[] = {"AccessionNumber=2|PatientID=9", "AccessionNumber=1|PatientID=9"};
  static const char *const mr[] = {"AccessionNumber=2|PatientID=9", "AccessionNumber=3|PatientID=9"};
  return row < 2 ? (strcmp(modality, "CT") == 0 ? ct : mr)[row] : NULL;
}

static void test_worklist_rows_are_the_same_when_all_of_them_is(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = steps;
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  scu_query_set_model(query, SCU_MODEL_WORKLIST);
  assert_int_equal(scu_query_set(query, "ScheduledProcedureStepSequence[0].Modality", "CT\\MR"), SCU_OK);
  scu_matches *matches;
  char found[256];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  collect(matches, "AccessionNumber", found, sizeof found);
  assert_string_equal(found, "2 1 3");
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 2);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

/* Study level: both lists bring study 1.2; below it one series for each modality. */
static const char *two_levels(void *user, const scu_dataset *query, size_t row) {
  char level[17] = "", study[65] = "", modality[64] = "";
  static char text[512];
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  scu_dataset_text(query, "Modality", modality, sizeof modality);
  if (strcmp(level, "STUDY") == 0) return studies_by_modality(user, query, row);
  if (row > 0 || strcmp(modality, "SR") == 0) return NULL;
  snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.%s|Modality=%s", study, study,
           strcmp(modality, "CT") == 0 ? "1" : "2", modality);
  return text;
}

static void test_lists_of_two_levels_are_asked_level_by_level(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = two_levels;
  scu_query *query = modalities_query();
  assert_int_equal(scu_query_set(query, "Modality", "CT\\MR\\SR"), SCU_OK);
  scu_matches *matches;
  char found[256];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  collect(matches, "SeriesInstanceUID", found, sizeof found);
  assert_string_equal(found, "1.1.1 1.1.2 1.2.1 1.2.2 1.3.1 1.3.2");
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), 2 + 3 * 3);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_a_refusal_of_one_value_is_the_end(void **state) {
  (void)state;
  static const peer_step script[] = {{.action = PEER_WAIT_RQ},
                                     {.action = PEER_ACCEPT},
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_RESPOND, .status = 0xFF00, .text = "StudyInstanceUID=1.1"},
                                     {.action = PEER_RESPOND},
                                     {.action = PEER_WAIT_MESSAGE},
                                     {.action = PEER_RESPOND, .status = 0xA700},
                                     {.action = PEER_END}};
  fixture f;
  fixture_start(&f, script);
  scu_query *query = modalities_query();
  scu_matches *matches;
  const scu_dataset *row;
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  assert_int_equal(scu_matches_next(matches, &row), SCU_OK);
  assert_int_equal(scu_matches_next(matches, &row), SCU_ERROR_REFUSED);
  assert_int_equal(scu_matches_status(matches), 0xA700);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

/* What leaves when two days are asked for as one range, by what the peer agrees to. */
static void check_days(const char *agrees, size_t length, size_t requests, const char *first_time, bool is_warned) {
  fixture f;
  fixture_start(&f, serve);
  f.peer.agrees = (const uint8_t *)agrees;
  f.peer.agrees_length = length;
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  const scu_date_time from = {{2024, 1, 1}, {22, 0, 0, 0}}, to = {{2024, 1, 2}, {6, 0, 0, 0}};
  assert_int_equal(scu_query_set_study_date_time(query, &from, &to), SCU_OK);
  scu_matches *matches;
  char found[64], text[64];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  collect(matches, "StudyInstanceUID", found, sizeof found);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), requests);
  scu_dataset_text(scripted_peer_message(&f.peer, SCU__C_FIND_RQ, 0)->dataset, "StudyTime", text, sizeof text);
  assert_string_equal(text, first_time);
  assert_int_equal(strstr(f.warnings, "in parts") != NULL, is_warned);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_a_range_over_midnight_is_one_request_or_two(void **state) {
  (void)state;
  check_days("\0\1", 2, 1, "220000-060000", false);
  check_days("\1\0", 2, 2, "220000-", true);
  check_days(NULL, 0, 2, "220000-", true);
}

static void test_a_seen_key_is_seen_by_whom_it_was_seen_first(void **state) {
  (void)state;
  scu__seen seen = {0};
  size_t first = 99;
  for (size_t i = 0; i < 1000; i++) {
    scu__seen_key key = scu__seen_key_start();
    scu__seen_key_add(&key, &i, sizeof i);
    assert_int_equal(scu__seen_note(&seen, NULL, key, i, NULL), SCU_OK);
  }
  for (size_t i = 0; i < 1000; i++) {
    scu__seen_key key = scu__seen_key_start();
    scu__seen_key_add(&key, &i, sizeof i);
    assert_int_equal(scu__seen_note(&seen, NULL, key, 5000, &first), SCU_END);
    assert_int_equal(first, i);
  }
  scu__seen_clear(&seen);
  assert_int_equal(scu__seen_note(&seen, NULL, scu__seen_key_start(), 0, NULL), SCU_OK);
  scu__seen_free(&seen, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_list_is_asked_value_by_value),
      cmocka_unit_test(test_every_list_with_every_other),
      cmocka_unit_test(test_every_date_with_its_time_is_cut_as_one_period),
      cmocka_unit_test(test_what_is_no_list_goes_out_whole),
      cmocka_unit_test(test_a_long_list_of_uids_is_asked_in_parts),
      cmocka_unit_test(test_more_parts_than_anybody_waits_for_are_refused),
      cmocka_unit_test(test_a_list_in_its_character_set_is_cut_between_characters),
      cmocka_unit_test(test_a_night_is_two_ranges),
      cmocka_unit_test(test_a_range_of_moments_is_its_first_day_those_between_and_its_last),
      cmocka_unit_test(test_what_is_no_range_of_moments_is_matched_each_by_itself),
      cmocka_unit_test(test_who_agrees_to_take_date_and_time_together_gets_them_whole),
      cmocka_unit_test(test_too_many_queries_are_usage),
      cmocka_unit_test(test_matches_of_all_values_come_once),
      cmocka_unit_test(test_a_limit_counts_what_is_united),
      cmocka_unit_test(test_a_list_that_is_wished_whole_goes_out_whole),
      cmocka_unit_test(test_worklist_rows_are_the_same_when_all_of_them_is),
      cmocka_unit_test(test_lists_of_two_levels_are_asked_level_by_level),
      cmocka_unit_test(test_a_refusal_of_one_value_is_the_end),
      cmocka_unit_test(test_a_range_over_midnight_is_one_request_or_two),
      cmocka_unit_test(test_a_seen_key_is_seen_by_whom_it_was_seen_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
