/* What a peer gives, held against what it was asked for: marked, left out by a strict query only, never for what it
 * does not say; and rows that come twice (RULES 13; PS3.4 C.2.2.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/rematch.h"
#include "data/dataset_encode.h"
#include "support/client_fixture.h"
#include "support/test_sink.h"

/* ---- one match ---- */

static scu_tag missed_by(scu_dataset *identifier, const scu_dataset *match, const scu__rematch_rules *rules) {
  scu__rematch rematch;
  scu_tag missed;
  scu_error error;
  scu__error_clear(&error);
  scu__rematch_init(&rematch, NULL);
  if (scu__rematch_prepare(&rematch, identifier, rules, &error) != SCU_OK) fail_msg("%s", scu_error_reason(&error));
  assert_int_equal(scu__rematch_row(&rematch, match, &missed), SCU_OK);
  scu__rematch_free(&rematch);
  return missed;
}

static void check(const char *keys, const char *row, scu__rematch_rules rules, scu_tag expected) {
  scu_dataset *identifier = peer_dataset(keys), *match = peer_dataset(row);
  scu_tag missed = missed_by(identifier, match, &rules);
  if (missed != expected) fail_msg("%s: %s gives %08X", keys, row, (unsigned)missed);
  scu_dataset_free(identifier);
  scu_dataset_free(match);
}

static const scu__rematch_rules plain = {0};

static void meets(const char *keys, const char *row) {
  check(keys, row, plain, 0);
}

static void misses(const char *keys, const char *row, scu_tag key) {
  check(keys, row, plain, key);
}

#define NAME       SCU_TAG(0x0010, 0x0010)
#define PATIENT_ID SCU_TAG(0x0010, 0x0020)
#define DATE       SCU_TAG(0x0008, 0x0020)
#define TIME       SCU_TAG(0x0008, 0x0030)
#define MODALITIES SCU_TAG(0x0008, 0x0061)
#define STEP       SCU_TAG(0x0040, 0x0100)

static void test_what_a_match_does_not_say_meets_any_key(void **state) {
  (void)state;
  static const char *const keys[] = {"PatientName=Doe*",
                                     "PatientID=1",
                                     "StudyDate=20240101-",
                                     "StudyTime=10-12",
                                     "ModalitiesInStudy=CT",
                                     "StudyInstanceUID=1.2",
                                     "SeriesNumber=4",
                                     "StudyDescription=Knee",
                                     "PatientWeight=70",
                                     "RequestAttributesSequence[0].RequestedProcedureID=7",
                                     "ScheduledProcedureStepSequence[0].Modality=CT"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    char empty[128];
    snprintf(empty, sizeof empty, "%.*s=", (int)strcspn(keys[i], "="), keys[i]);
    meets(keys[i], "AccessionNumber=7");
    meets(keys[i], empty);
  }
  meets("ScheduledProcedureStepSequence[0].Modality=CT", "ScheduledProcedureStepSequence[0].ScheduledStationName=A");
}

static void test_each_kind_of_key(void **state) {
  (void)state;
  meets("PatientID=1", "PatientID=1");
  misses("PatientID=1", "PatientID=2", PATIENT_ID);
  misses("PatientID=a*", "PatientID=A1", PATIENT_ID); /* case counts but in names */
  meets("PatientID=A?", "PatientID=A1");
  misses("StudyDate=20240101-20240131", "StudyDate=20240201", DATE);
  meets("StudyDate=20240101-20240131", "StudyDate=20240131");
  meets("StudyDate=20240101", "StudyDate=2024.01.01");
  misses("StudyTime=1000-1200", "StudyTime=120001", TIME);
  meets("StudyTime=1000-1200", "StudyTime=115959.5");
  meets("ModalitiesInStudy=CT", "ModalitiesInStudy=MR\\CT");
  misses("ModalitiesInStudy=CT", "ModalitiesInStudy=MR\\US", MODALITIES);
  meets("StudyInstanceUID=1.2\\1.3", "StudyInstanceUID=1.3");
  misses("StudyInstanceUID=1.2\\1.3", "StudyInstanceUID=1.4", SCU_TAG(0x0020, 0x000D));
  meets("SeriesNumber=4", "SeriesNumber= 04");
  misses("SeriesNumber=4", "SeriesNumber=40", SCU_TAG(0x0020, 0x0011));
  meets("PatientID=*", "PatientID=1");
  misses("PatientID=1|StudyDate=20240101-", "PatientID=2|StudyDate=20230101", DATE); /* the first of them */
}

static void test_names_are_folded(void **state) {
  (void)state;
  meets("PatientName=MULLER*", "PatientName=Müller^Jörg");
  meets("PatientName=müller^jorg", "PatientName=MÜLLER^JÖRG^^");
  meets("PatientName=山田*", "PatientName=Yamada^Tarou=山田^太郎=やまだ^たろう");
  misses("PatientName=Doe", "PatientName=Doe^Jane", NAME);
  misses("PatientName=Roe*", "PatientName=Doe^Jane", NAME);
}

static void test_an_item_has_to_meet_all_of_its_keys(void **state) {
  (void)state;
#define IN "ScheduledProcedureStepSequence"
  meets(IN "[0].Modality=CT|" IN "[0].ScheduledStationName=A",
        IN "[0].Modality=MR|" IN "[1].Modality=CT|" IN "[1].ScheduledStationName=A");
  misses(IN "[0].Modality=CT|" IN "[0].ScheduledStationName=A", IN "[0].Modality=CT|" IN "[0].ScheduledStationName=B",
         STEP);
}

static void test_what_was_agreed_changes_what_is_a_miss(void **state) {
  (void)state;
  const char *period = "StudyDate=20240101-20240102|StudyTime=2200-0600", *night = "StudyDate=20240102|StudyTime=0100";
  check(period, night, (scu__rematch_rules){.combined_date_time = true}, 0);
  check("ModalitiesInStudy=CT\\MR", "ModalitiesInStudy=CT", plain, 0);
  check("ModalitiesInStudy=CT\\MR", "ModalitiesInStudy=CT", (scu__rematch_rules){.multiple_value = true}, MODALITIES);
  check("PatientName=Meyer", "PatientName=Mayer", (scu__rematch_rules){.are_names_fuzzy = true}, 0);
  check("PatientName=Meyer", "PatientName=Mayer", plain, NAME);
  const char *step =
      IN "[0].ScheduledProcedureStepStartDate=20240101-20240102|" IN "[0].ScheduledProcedureStepStartTime=2200-0600";
  const char *early = IN "[0].ScheduledProcedureStepStartDate=20240102|" IN "[0].ScheduledProcedureStepStartTime=0100";
  check(step, early, (scu__rematch_rules){.is_worklist = true}, 0);
}

static void test_two_quotation_marks_are_met_by_nothing_else_than_nothing(void **state) {
  (void)state;
  meets("StudyDescription=\"\"", "StudyDescription=");
  meets("StudyDescription=\"\"", "PatientID=1");
  misses("StudyDescription=\"\"", "StudyDescription=Knee", SCU_TAG(0x0008, 0x1030));
}

static void test_text_that_cannot_be_made_out_meets_any_key(void **state) {
  (void)state;
  static const struct {
    const char *charset;
    scu_tag missed;
  } cases[] = {
      {"", 0},              /* eight bits, and no character set */
      {"ISO_IR 144", NAME}, /* Cyrillic: can be read, and is another name */
      {"ISO_IR 100", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu_dataset *identifier = peer_dataset("PatientName=Müller*"), *match = peer_dataset("StudyInstanceUID=1.2");
    size_t length = strlen(cases[i].charset);
    assert_int_equal(scu_dataset_set_bytes(match, SCU_TAG(8, 5), SCU_VR_CS, cases[i].charset, length), SCU_OK);
    assert_int_equal(scu_dataset_set_bytes(match, NAME, SCU_VR_PN, "M\xFCller^Anna", 11), SCU_OK);
    assert_int_equal(missed_by(identifier, match, &plain), cases[i].missed);
    scu_dataset_free(identifier);
    scu_dataset_free(match);
  }
}

static void test_keys_that_cannot_be_understood_are_met_by_anything(void **state) {
  (void)state;
  scu_dataset *identifier = peer_dataset("StudyDate=soon|PatientID=1"), *match = peer_dataset("PatientID=2");
  scu__rematch rematch;
  scu_tag missed = 1;
  scu_error error;
  scu__error_clear(&error);
  scu__rematch_init(&rematch, NULL);
  assert_int_equal(scu__rematch_prepare(&rematch, identifier, &plain, &error), SCU_ERROR_MALFORMED);
  assert_non_null(strstr(scu_error_reason(&error), "StudyDate"));
  assert_int_equal(scu__rematch_row(&rematch, match, &missed), SCU_OK);
  assert_int_equal(missed, 0);
  scu__rematch_free(&rematch);
  scu_dataset_free(identifier);
  scu_dataset_free(match);
}

/* ---- finds ---- */

static const peer_step serve[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

/* Looks at no key, says one thing twice, and one twice with a difference. */
static const char *careless(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  (void)query;
  static const char *const rows[] = {"StudyInstanceUID=1.1|PatientName=Doe^Jane|PatientID=1",
                                     "StudyInstanceUID=1.2|PatientName=Roe^Jane|PatientID=2",
                                     "StudyInstanceUID=1.3|PatientID=3",
                                     "StudyInstanceUID=1.4|PatientName=",
                                     "StudyInstanceUID=1.1|PatientName=Doe^Jane|PatientID=1",
                                     "StudyInstanceUID=1.1|PatientName=Doe^Jane|PatientID=1|StudyID=7",
                                     "StudyInstanceUID=1.2|PatientName=Roe^Jane|PatientID=2"};
  return row < sizeof rows / sizeof *rows ? rows[row] : NULL;
}

/* "1.1 1.2! " */
static void collect(scu_matches *matches, char *to, size_t room) {
  const scu_dataset *row;
  scu_result result;
  *to = 0;
  while ((result = scu_matches_next(matches, &row)) == SCU_OK) {
    char uid[65];
    assert_int_equal(scu_dataset_text(row, "StudyInstanceUID", uid, sizeof uid), SCU_OK);
    size_t length = strlen(to);
    snprintf(to + length, room - length, "%s%s ", uid, scu_matches_mismatch(matches) ? "!" : "");
  }
  assert_int_equal(result, SCU_END);
}

static scu_query *name_query(int strict) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "PatientName", "DOE*"), SCU_OK);
  assert_int_equal(scu_query_set_strict(query, strict), SCU_OK);
  assert_int_equal(scu_query_set_level(query, SCU_LEVEL_STUDY), SCU_OK);
  return query;
}

static void check_careless(int strict, uint64_t limit, const char *expected, uint64_t missed, uint64_t duplicates) {
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = careless;
  scu_query *query = name_query(strict);
  scu_query_set_limit(query, limit);
  scu_matches *matches;
  char found[128];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  assert_int_equal(scu_matches_mismatch(matches), 0); /* none was given yet */
  collect(matches, found, sizeof found);
  assert_string_equal(found, expected);
  assert_int_equal(scu_matches_mismatch_count(matches), missed);
  assert_int_equal(scu_matches_duplicate_count(matches), duplicates);
  assert_int_equal(strstr(f.warnings, "asked by: 1 (PatientName first)") != NULL, missed > 0);
  assert_int_equal(strstr(f.warnings, "came twice") != NULL, duplicates > 0);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

static void test_rows_that_miss_a_key_are_marked(void **state) {
  (void)state;
  check_careless(0, 0, "1.1 1.2! 1.3 1.4 1.1 ", 1, 2);
}

static void test_a_strict_query_leaves_them_out_and_nothing_else(void **state) {
  (void)state;
  check_careless(1, 0, "1.1 1.3 1.4 1.1 ", 1, 1 + 1);
  check_careless(1, 3, "1.1 1.3 1.4 ", 1, 0); /* what is left out counts for no limit */
}

static scu_match_choice keep_mark(void *user, const scu_match *match) {
  scu_tag *marks = user;
  marks[match->number - 1] = match->mismatch;
  return SCU_MATCH_TAKE;
}

static void test_the_match_hook_is_told_too(void **state) {
  (void)state;
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = careless;
  scu_tag marks[8] = {0};
  const scu_hooks hooks = {.size = sizeof hooks, .match = keep_mark, .user = marks};
  assert_int_equal(scu_session_set_hooks(f.session, &hooks), SCU_OK);
  scu_query *query = name_query(0);
  scu_matches *matches;
  char found[128];
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  collect(matches, found, sizeof found);
  assert_int_equal(marks[0], 0);
  assert_int_equal(marks[1], NAME);
  assert_int_equal(marks[2], 0);
  scu_matches_close(matches);
  scu_query_free(query);
  fixture_stop(&f);
}

/* Studies of two patients, whoever is asked for; a series in each. */
static const char *below(void *user, const scu_dataset *query, size_t row) {
  (void)user;
  static char text[256];
  char level[17] = "", study[65] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  if (strcmp(level, "STUDY") == 0) {
    snprintf(text, sizeof text, "StudyInstanceUID=1.%zu|PatientName=%s", row + 1, row == 0 ? "Doe^Jane" : "Roe^Jane");
    return row < 2 ? text : NULL;
  }
  snprintf(text, sizeof text, "StudyInstanceUID=%s|SeriesInstanceUID=%s.1|Modality=CT", study, study);
  return row < 1 ? text : NULL;
}

static void test_what_is_below_a_match_that_misses_a_key_misses_it_too(void **state) {
  (void)state;
  for (int strict = 0; strict < 2; strict++) {
    fixture f;
    fixture_start(&f, serve);
    f.peer.row = below;
    scu_query *query = name_query(strict);
    scu_query_set_level(query, SCU_LEVEL_SERIES);
    scu_query_set_option(query, SCU_QUERY_RELATIONAL, SCU_WISH_NO);
    scu_matches *matches;
    char found[128];
    assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
    collect(matches, found, sizeof found);
    assert_string_equal(found, strict ? "1.1 " : "1.1 1.2! ");
    assert_int_equal(scu_matches_mismatch_count(matches), 1);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), strict ? 2 : 3);
    scu_matches_close(matches);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

static void test_a_strict_retrieve_fetches_nothing_that_was_not_asked_for(void **state) {
  (void)state;
  for (int strict = 0; strict < 2; strict++) {
    fixture f;
    fixture_start(&f, serve);
    f.peer.row = below;
    scu_query *query = name_query(strict);
    scu_query_set_level(query, SCU_LEVEL_STUDY);
    scu_retrieve_report *report = NULL;
    scu_move(f.session, query, "ELSEWHERE", &report);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_MOVE_RQ), strict ? 1 : 2);
    char uid[65];
    assert_int_equal(scu_dataset_text(scripted_peer_message(&f.peer, SCU__C_MOVE_RQ, 0)->dataset, "StudyInstanceUID",
                                      uid, sizeof uid),
                     SCU_OK);
    assert_string_equal(uid, "1.1");
    assert_non_null(strstr(f.warnings, "do not meet"));
    scu_retrieve_report_free(report);
    scu_query_free(query);
    fixture_stop(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_a_match_does_not_say_meets_any_key),
      cmocka_unit_test(test_each_kind_of_key),
      cmocka_unit_test(test_names_are_folded),
      cmocka_unit_test(test_an_item_has_to_meet_all_of_its_keys),
      cmocka_unit_test(test_what_was_agreed_changes_what_is_a_miss),
      cmocka_unit_test(test_two_quotation_marks_are_met_by_nothing_else_than_nothing),
      cmocka_unit_test(test_text_that_cannot_be_made_out_meets_any_key),
      cmocka_unit_test(test_keys_that_cannot_be_understood_are_met_by_anything),
      cmocka_unit_test(test_rows_that_miss_a_key_are_marked),
      cmocka_unit_test(test_a_strict_query_leaves_them_out_and_nothing_else),
      cmocka_unit_test(test_the_match_hook_is_told_too),
      cmocka_unit_test(test_what_is_below_a_match_that_misses_a_key_misses_it_too),
      cmocka_unit_test(test_a_strict_retrieve_fetches_nothing_that_was_not_asked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
