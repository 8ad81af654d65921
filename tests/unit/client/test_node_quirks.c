/* What some peers cannot do without, as their nodes say it: the character set, few UIDs at once, both roles, no
 * extended negotiation (RULES 8, 15, 20, 21): what goes over the wire, and what is made of the answers. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

/* A session to the node "pacs", which has these keys. */
static void open_node(fixture *f, const peer_step *script, const char *keys) {
  char text[512];
  fixture_prepare(f, script);
  int length =
      snprintf(text, sizeof text, "[pacs]\naet=PEER\nhost=127.0.0.1\nport=%u\n%s", (unsigned)f->peer.port, keys);
  write_scratch("nodes.ini", text, (size_t)length);
  assert_int_equal(scu_options_set_text(f->options, SCU_OPTION_NODES_FILE, in_scratch("nodes.ini")), SCU_OK);
  assert_int_equal(scu_session_new_on(f->time.loop, &f->session, f->options, "pacs"), SCU_OK);
  const scu_hooks hooks = {.size = sizeof hooks, .instance = fixture_instance, .warning = fixture_warning, .user = f};
  scu_session_set_hooks(f->session, &hooks);
}

static scu_query *query_with(const char *const *keys) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  for (; *keys; keys += 2) assert_int_equal(scu_query_set(query, keys[0], keys[1]), SCU_OK);
  return query;
}

#define QUERY(...) query_with((const char *const[]){__VA_ARGS__, NULL})

static size_t find_all(fixture *f, scu_query *query) {
  scu_matches *matches;
  const scu_dataset *row;
  assert_int_equal(scu_find(f->session, query, &matches), SCU_OK);
  size_t count = 0;
  while (scu_matches_next(matches, &row) == SCU_OK) count++;
  assert_string_equal(scu_error_reason(scu_matches_error(matches)), "");
  scu_matches_close(matches);
  scu_query_free(query);
  return count;
}

/* "" when it is not there. */
static const char *key_of(fixture *f, uint16_t field, size_t index, scu_tag tag) {
  static char text[512];
  const peer_message *message = scripted_peer_message(&f->peer, field, index);
  assert_non_null(message);
  const scu_element *element = scu_dataset_find(message->dataset, tag);
  size_t length = element ? (size_t)scu_element_length(element) : 0;
  assert_true(length < sizeof text);
  if (length > 0) memcpy(text, scu_element_bytes(element), length);
  while (length > 0 && (text[length - 1] == 0 || text[length - 1] == ' ')) length--;
  text[length] = 0;
  return text;
}

enum {
  CHARACTER_SET = 0x00080005,
  PATIENT_NAME = 0x00100010,
  PATIENT_ID = 0x00100020,
  STUDY_UID = 0x0020000D,
  INSTANCE_UID = 0x00080018
};

/* --- the character set of keys ------------------------------------------------------------------------------------ */

static void check_keys(const char *node, const char *name, const char *charset, const char *bytes) {
  fixture f;
  open_node(&f, good, node);
  find_all(&f, QUERY("PatientName", name));
  assert_string_equal(key_of(&f, SCU__C_FIND_RQ, 0, CHARACTER_SET), charset);
  assert_string_equal(key_of(&f, SCU__C_FIND_RQ, 0, PATIENT_NAME), bytes);
  assert_string_equal(f.warnings, "");
  fixture_stop(&f);
}

static void test_keys_go_out_in_the_set_of_the_node_where_it_holds_them(void **state) {
  (void)state;
  check_keys("character-set = ISO_IR 192\n", "Müller*", "ISO_IR 192", "M\xC3\xBCller*");
  check_keys("", "Müller*", "ISO_IR 100", "M\xFCller*");
  check_keys("character-set = ISO_IR 144\n", "Müller*", "ISO_IR 100", "M\xFCller*");
  check_keys("character-set = ISO_IR 192\n", "Mueller*", "", "Mueller*");
  check_keys("character-set = ISO_IR 144\n", "Иванов*", "ISO_IR 144", "\xB8\xD2\xD0\xDD\xDE\xD2*");
  check_keys("character-set = \\ISO 2022 IR 149\n", "김*", "\\ISO 2022 IR 149", "\x1B$)C\xB1\xE8*");
}

static void test_the_set_that_a_query_names_counts_more(void **state) {
  (void)state;
  fixture f;
  open_node(&f, good, "character-set = ISO_IR 192\n");
  find_all(&f, QUERY("PatientName", "Müller*", "SpecificCharacterSet", "ISO_IR 100"));
  assert_string_equal(key_of(&f, SCU__C_FIND_RQ, 0, CHARACTER_SET), "ISO_IR 100");
  assert_string_equal(key_of(&f, SCU__C_FIND_RQ, 0, PATIENT_NAME), "M\xFCller*");
  fixture_stop(&f);
}

static void test_a_move_has_the_set_of_the_node_too(void **state) {
  (void)state;
  fixture f;
  open_node(&f, good, "character-set = ISO_IR 192\n");
  scu_query *query = QUERY("PatientID", "Müller1");
  scu_query_set_level(query, SCU_LEVEL_PATIENT);
  scu_retrieve_report *report;
  assert_int_equal(scu_move(f.session, query, "ELSEWHERE", &report), SCU_OK);
  assert_string_equal(key_of(&f, SCU__C_MOVE_RQ, 0, CHARACTER_SET), "ISO_IR 192");
  assert_string_equal(key_of(&f, SCU__C_MOVE_RQ, 0, PATIENT_ID), "M\xC3\xBCller1");
  scu_retrieve_report_free(report);
  scu_query_free(query);
  fixture_stop(&f);
}

/* --- answers that name no set ------------------------------------------------------------------------------------- */

/* PS3.5 7.1.3, Implicit VR: a study with a name in Latin-1. */
static const char unnamed[] = "\x10\0\x10\0\x06\0\0\0M\xFCller"
                              "\x20\0\x0D\0\x04\0\0\0"
                              "1.2\0";
static const char blank[] = "\x08\0\x05\0\x02\0\0\0  "
                            "\x10\0\x10\0\x06\0\0\0M\xFCller"
                            "\x20\0\x0D\0\x04\0\0\0"
                            "1.3\0";
static const char cyrillic[] = "\x08\0\x05\0\x0A\0\0\0ISO_IR 144"
                               "\x10\0\x10\0\x06\0\0\0M\xFCller"
                               "\x20\0\x0D\0\x04\0\0\0"
                               "1.4\0";
#define MATCH(content)                                                                                                 \
  { .action = PEER_RESPOND, .status = 0xFF00, .bytes = (content), .length = sizeof(content) - 1 }
static const peer_step answers[] = {
    START, NEXT, MATCH(unnamed), MATCH(blank), MATCH(cyrillic), {.action = PEER_RESPOND}, END};

static scu_matches *find_answers(fixture *f, const char *node) {
  scu_matches *matches;
  open_node(f, answers, node);
  f->peer.only_syntax = SCU__UID_IMPLICIT_LE;
  scu_query *query = QUERY("StudyDate", "20240101-");
  assert_int_equal(scu_find(f->session, query, &matches), SCU_OK);
  scu_query_free(query);
  return matches;
}

static void check_row(scu_matches *matches, const char *name, const char *charset) {
  const scu_dataset *row;
  char text[65] = "";
  assert_int_equal(scu_matches_next(matches, &row), SCU_OK);
  assert_int_equal(scu_dataset_text(row, "PatientName", text, sizeof text), SCU_OK);
  assert_string_equal(text, name);
  const scu_element *element = scu_dataset_find(row, PATIENT_NAME);
  assert_int_equal(scu_element_length(element), 6);
  assert_memory_equal(scu_element_bytes(element), "M\xFCller", 6);
  text[0] = 0;
  scu_dataset_text(row, "SpecificCharacterSet", text, sizeof text);
  assert_string_equal(text, charset);
}

static void test_matches_without_a_set_are_read_by_that_of_the_node(void **state) {
  (void)state;
  fixture f;
  scu_matches *matches = find_answers(&f, "character-set = ISO_IR 100\n");
  check_row(matches, "Müller", "ISO_IR 100");
  check_row(matches, "Müller", "ISO_IR 100");
  check_row(matches, "Mќller", "ISO_IR 144");
  assert_string_equal(f.warnings, "");
  scu_matches_close(matches);
  fixture_stop(&f);
}

static void test_without_one_they_are_told_of_once_and_keep_their_bytes(void **state) {
  (void)state;
  fixture f;
  scu_matches *matches = find_answers(&f, "");
  check_row(matches, "M\xEF\xBF\xBDller", "");
  check_row(matches, "M\xEF\xBF\xBDller", "");
  check_row(matches, "Mќller", "ISO_IR 144");
  const char *said = strstr(f.warnings, "character-set");
  assert_non_null(said);
  assert_null(strstr(said + 1, "character-set"));
  scu_matches_close(matches);
  fixture_stop(&f);
}

/* --- UIDs in one request ------------------------------------------------------------------------------------------ */

static const char *study_row(void *user, const scu_dataset *query, size_t row) {
  static char text[96], first[65];
  (void)user;
  scu_dataset_value_text(query, "StudyInstanceUID", row, first, sizeof first);
  snprintf(text, sizeof text, "StudyInstanceUID=%s", first);
  return row < scu_dataset_value_count(query, "StudyInstanceUID") ? text : NULL;
}

static void test_a_find_asks_for_as_many_uids_as_the_node_takes(void **state) {
  (void)state;
  static const struct {
    const char *node;
    size_t requests;
    const char *uids[3];
  } cases[] = {{"", 1, {"1.2\\1.3\\1.4"}},
               {"uids-per-request = 3\n", 1, {"1.2\\1.3\\1.4"}},
               {"uids-per-request = 2\n", 2, {"1.2\\1.3", "1.4"}},
               {"uids-per-request = 1\n", 3, {"1.2", "1.3", "1.4"}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    open_node(&f, good, cases[i].node);
    f.peer.row = study_row;
    assert_int_equal(find_all(&f, QUERY("StudyInstanceUID", "1.2\\1.3\\1.4")), 3);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), cases[i].requests);
    for (size_t k = 0; k < cases[i].requests; k++)
      assert_string_equal(key_of(&f, SCU__C_FIND_RQ, k, STUDY_UID), cases[i].uids[k]);
    fixture_stop(&f);
  }
}

static void test_a_move_elsewhere_asks_for_as_many_uids_as_the_node_takes(void **state) {
  (void)state;
  fixture f;
  open_node(&f, good, "uids-per-request = 2\n");
  scu_query *query = QUERY("StudyInstanceUID", "1.2\\1.3\\1.4");
  scu_retrieve_report *report;
  assert_int_equal(scu_move(f.session, query, "ELSEWHERE", &report), SCU_OK);
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_MOVE_RQ), 2);
  assert_string_equal(key_of(&f, SCU__C_MOVE_RQ, 0, STUDY_UID), "1.2\\1.3");
  assert_string_equal(key_of(&f, SCU__C_MOVE_RQ, 1, STUDY_UID), "1.4");
  scu_retrieve_report_free(report);
  scu_query_free(query);
  fixture_stop(&f);
}

static const char *const four[] = {"1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"};

static const char *image_row(void *user, const scu_dataset *query, size_t row) {
  static char text[256];
  (void)user, (void)query;
  if (row >= 4) return NULL;
  snprintf(text, sizeof text,
           "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1|SOPInstanceUID=%s|SOPClassUID=1.2.840.10008.5.1.4.1.1.7",
           four[row]);
  return text;
}

static scu_retrieve_report *get_images(fixture *f, const char *node) {
  test_sink sink;
  test_sink_init(&sink);
  open_node(f, good, node);
  f->peer.row = image_row;
  scu_query *query = QUERY("StudyInstanceUID", "1.2.1", "SeriesInstanceUID", "1.2.1.1", "SOPInstanceUID", "1.2.3.*");
  scu_retrieve_report *report;
  assert_int_equal(scu_get(f->session, query, &sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_verdict(report), SCU_VERDICT_COMPLETE);
  scu_query_free(query);
  test_sink_free(&sink);
  return report;
}

static void test_a_get_asks_for_as_many_uids_as_the_node_takes(void **state) {
  (void)state;
  fixture f;
  scu_retrieve_report_free(get_images(&f, "uids-per-request = 1\n"));
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_GET_RQ), 4);
  for (size_t i = 0; i < 4; i++) assert_string_equal(key_of(&f, SCU__C_GET_RQ, i, INSTANCE_UID), four[i]);
  fixture_stop(&f);
  scu_retrieve_report_free(get_images(&f, "uids-per-request = 3\n"));
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_GET_RQ), 2);
  assert_string_equal(key_of(&f, SCU__C_GET_RQ, 0, INSTANCE_UID), "1.2.3.1\\1.2.3.2\\1.2.3.3");
  assert_string_equal(key_of(&f, SCU__C_GET_RQ, 1, INSTANCE_UID), "1.2.3.4");
  fixture_stop(&f);
}

/* --- roles -------------------------------------------------------------------------------------------------------- */

/* PS3.7 D.3.3.4: the two roles of this class in the last A-ASSOCIATE-RQ. */
static unsigned offered_roles(const fixture *f, const char *sop_class) {
  size_t length = strlen(sop_class);
  uint8_t head[80] = {0x54, 0, 0, (uint8_t)(length + 4), 0, (uint8_t)length};
  memcpy(head + 6, sop_class, length);
  const uint8_t *at = memmem(f->peer.request.data, f->peer.request.length, head, length + 6);
  assert_non_null(at);
  return (unsigned)at[length + 6] << 8 | at[length + 7];
}

static void test_a_get_proposes_the_roles_that_the_node_wants(void **state) {
  (void)state;
  static const struct {
    const char *node;
    unsigned roles;
  } cases[] = {{"", 0x0001}, {"both-roles = no\n", 0x0001}, {"both-roles = yes\n", 0x0101}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    scu_retrieve_report_free(get_images(&f, cases[i].node));
    assert_int_equal(offered_roles(&f, "1.2.840.10008.5.1.4.1.1.7"), cases[i].roles);
    fixture_stop(&f);
  }
}

/* --- extended negotiation ----------------------------------------------------------------------------------------- */

static const char *series_row(void *user, const scu_dataset *query, size_t row) {
  char level[17] = "";
  (void)user;
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  if (row > 0) return NULL;
  return strcmp(level, "STUDY") == 0 ? "StudyInstanceUID=1.2.1" : "StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1";
}

static void test_no_more_is_negotiated_than_the_node_stands(void **state) {
  (void)state;
  static const uint8_t yes[] = {1, 1, 1, 1, 1, 1, 1};
  static const struct {
    const char *node, *offers;
    size_t finds;
    bool is_fuzzy_told, is_relational_told;
  } cases[] = {
      {"", SCU__UID_STUDY_ROOT_FIND "=010001 ", 1, false, false},
      {"extended-negotiation = all\n", SCU__UID_STUDY_ROOT_FIND "=010001 ", 1, false, false},
      {"extended-negotiation = 3\n", SCU__UID_STUDY_ROOT_FIND "=010001 ", 1, false, false},
      {"extended-negotiation = 2\n", SCU__UID_STUDY_ROOT_FIND "=01 ", 1, true, false},
      {"extended-negotiation = no\n", "", 2, true, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    open_node(&f, good, cases[i].node);
    f.peer.row = series_row;
    f.peer.agrees = yes;
    f.peer.agrees_length = sizeof yes;
    scu_query *query = QUERY("Modality", "CT");
    scu_query_set_option(query, SCU_QUERY_FUZZY_NAMES, SCU_WISH_YES);
    scu_query_set_option(query, SCU_QUERY_RELATIONAL, SCU_WISH_YES);
    assert_int_equal(find_all(&f, query), 1);
    assert_string_equal(f.peer.offers, cases[i].offers);
    assert_int_equal(scripted_peer_count(&f.peer, SCU__C_FIND_RQ), cases[i].finds);
    assert_int_equal(strstr(f.warnings, "not asked (extended-negotiation) for fuzzy") != NULL, cases[i].is_fuzzy_told);
    assert_int_equal(strstr(f.warnings, "not asked (extended-negotiation) for relational") != NULL,
                     cases[i].is_relational_told);
    assert_null(strstr(f.warnings, "does not agree"));
    fixture_stop(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_keys_go_out_in_the_set_of_the_node_where_it_holds_them),
      cmocka_unit_test(test_the_set_that_a_query_names_counts_more),
      cmocka_unit_test(test_a_move_has_the_set_of_the_node_too),
      cmocka_unit_test(test_matches_without_a_set_are_read_by_that_of_the_node),
      cmocka_unit_test(test_without_one_they_are_told_of_once_and_keep_their_bytes),
      cmocka_unit_test(test_a_find_asks_for_as_many_uids_as_the_node_takes),
      cmocka_unit_test(test_a_move_elsewhere_asks_for_as_many_uids_as_the_node_takes),
      cmocka_unit_test(test_a_get_asks_for_as_many_uids_as_the_node_takes),
      cmocka_unit_test(test_a_get_proposes_the_roles_that_the_node_wants),
      cmocka_unit_test(test_no_more_is_negotiated_than_the_node_stands),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
