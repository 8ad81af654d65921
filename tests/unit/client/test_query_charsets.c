/* Names in every character set of PS3.3 C.12.1.1.2, asked for and given: what goes over the wire is in the set that is
 * named, or in the narrowest that holds it, and what comes is read by its own (RULES 15). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/charset.h"
#include "data/tables.h"
#include "data/uids.h"
#include "support/client_fixture.h"

static const peer_step serve[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

/* A name that needs the set, and the bytes of it. */
static const struct sample {
  const char *set, *name, *bytes;
} samples[] = {
    {"ISO_IR 100", "Buc^Jérôme", "Buc^J\xE9r\xF4me"},
    {"ISO_IR 101", "Wałęsa", "Wa\xB3\xEAsa"},
    {"ISO_IR 109", "Ĝojo^Ĥa",
     "\xD8ojo^\xA6"
     "a"},
    {"ISO_IR 110", "Ķezbere",
     "\xD3"
     "ezbere"},
    {"ISO_IR 144", "Люкceмбypг",
     "\xBB\xEE\xDA"
     "ce\xDC\xD1yp\xD3"},
    {"ISO_IR 127", "قباني^لنزار", "\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1"},
    {"ISO_IR 126", "Διονυσιος", "\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2"},
    {"ISO_IR 138", "שרון^דבורה", "\xF9\xF8\xE5\xEF^\xE3\xE1\xE5\xF8\xE4"},
    {"ISO_IR 148", "Çavuşoğlu",
     "\xC7"
     "avu\xFEo\xF0lu"},
    {"ISO_IR 203", "Œuvre^Žižek",
     "\xBCuvre^\xB4i\xB8"
     "ek"},
    {"ISO_IR 166", "นามสกุล", "\xB9\xD2\xC1\xCA\xA1\xD8\xC5"},
    {"ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ", "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3"},
    {"\\ISO 2022 IR 100", "Buc^Jérôme", "Buc^J\x1b-A\xE9r\xF4me"},
    {"\\ISO 2022 IR 101", "Wałęsa", "Wa\x1b-B\xB3\xEAsa"},
    {"\\ISO 2022 IR 109", "Ĝojo", "\x1b-C\xD8ojo"},
    {"\\ISO 2022 IR 110", "Ķezbere",
     "\x1b-D\xD3"
     "ezbere"},
    {"\\ISO 2022 IR 144", "Люк", "\x1b-L\xBB\xEE\xDA"},
    {"\\ISO 2022 IR 127", "قباني", "\x1b-G\xE2\xC8\xC7\xE6\xEA"},
    {"\\ISO 2022 IR 126", "Διονυσιος", "\x1b-F\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2"},
    {"\\ISO 2022 IR 138", "שרון", "\x1b-H\xF9\xF8\xE5\xEF"},
    {"\\ISO 2022 IR 148", "Ağa",
     "A\x1b-M\xF0"
     "a"},
    {"\\ISO 2022 IR 203", "Œuvre", "\x1b-b\xBCuvre"},
    {"\\ISO 2022 IR 166", "นาม", "\x1b-T\xB9\xD2\xC1"},
    {"\\ISO 2022 IR 13", "Yamada=ﾔﾏﾀﾞ", "Yamada=\x1b)I\xD4\xCF\xC0\xDE"},
    {"\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎", "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"},
    {"\\ISO 2022 IR 159", "Taro=丂", "Taro=\x1b$(D0!\x1b(B"},
    {"\\ISO 2022 IR 149", "Hong=洪=홍", "Hong=\x1b$)C\xFB\xF3=\x1b$)C\xC8\xAB"},
    {"\\ISO 2022 IR 58", "Zhang=张", "Zhang=\x1b$)A\xD5\xC5"},
    {"ISO_IR 192", "Wang=王^小東", "Wang=王^小東"},
    {"GB18030", "Wang=王^小东", "Wang=\xCD\xF5^\xD0\xA1\xB6\xAB"},
    {"GBK", "乗^乛", "\x81\x5C^\x81\x5E"},
    {"ISO 2022 IR 13\\ISO 2022 IR 6", "ﾔﾏ^~", "\xD4\xCF^\x1b(B~\x1b(J"},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static bool has_term(const char *set, const char *term) {
  const char *at = strstr(set, term);
  size_t length = strlen(term);
  return at && (at == set || at[-1] == '\\') && (!at[length] || at[length] == '\\');
}

static void test_there_is_a_sample_of_every_set(void **state) {
  (void)state;
  for (size_t i = 0; i < scu__repertoire_table_count; i++) {
    const char *const terms[] = {scu__repertoire_table[i].term, scu__repertoire_table[i].extension_term};
    for (size_t k = 0; k < 2; k++) {
      bool is_there = !*terms[k];
      for (size_t s = 0; s < SAMPLES; s++) is_there |= has_term(samples[s].set, terms[k]);
      if (!is_there) fail_msg("no sample of %s", terms[k]);
    }
  }
}

/* The name, in the set of the sample, with the UID of its place in the table. */
static const char *give_back(void *user, const scu_dataset *query, size_t row) {
  (void)query;
  static char text[256];
  const struct sample *sample = user;
  snprintf(text, sizeof text, "SpecificCharacterSet=%s|PatientName=%s|StudyInstanceUID=1.2.%zu", sample->set,
           sample->name, row + 1);
  return row < 1 ? text : NULL;
}

/* One match, with this name; frees the query. */
static void find_one(fixture *f, scu_query *query, const char *name, scu_tag mismatch) {
  scu_matches *matches;
  const scu_dataset *row;
  char text[128];
  assert_int_equal(scu_find(f->session, query, &matches), SCU_OK);
  assert_int_equal(scu_matches_next(matches, &row), SCU_OK);
  assert_int_equal(scu_dataset_text(row, "PatientName", text, sizeof text), SCU_OK);
  assert_string_equal(text, name);
  assert_int_equal(scu_matches_mismatch(matches), mismatch);
  assert_int_equal(scu_matches_next(matches, &row), SCU_END);
  scu_matches_close(matches);
  scu_query_free(query);
}

static scu_query *query_of(const char *name, const char *set) {
  scu_query *query;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "PatientName", name), SCU_OK);
  if (set) assert_int_equal(scu_query_set(query, "SpecificCharacterSet", set), SCU_OK);
  assert_int_equal(scu_query_set_level(query, SCU_LEVEL_STUDY), SCU_OK);
  return query;
}

static void check_sent(const fixture *f, const char *set, const char *bytes) {
  const scu_dataset *sent = scripted_peer_message(&f->peer, SCU__C_FIND_RQ, 0)->dataset;
  const scu_element *charset = scu_dataset_find(sent, 0x00080005), *name = scu_dataset_find(sent, 0x00100010);
  char text[128] = "";
  if (charset) snprintf(text, sizeof text, "%.*s", (int)scu_element_length(charset), scu_element_bytes(charset));
  while (*text && text[strlen(text) - 1] == ' ') text[strlen(text) - 1] = 0;
  assert_string_equal(text, set);
  size_t length = strlen(bytes);
  assert_non_null(name);
  assert_in_range(scu_element_length(name), length, length + 1);
  assert_memory_equal(scu_element_bytes(name), bytes, length);
}

static void test_a_key_in_each_set_and_a_match_in_each(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLES; i++) {
    fixture f;
    fixture_start(&f, serve);
    f.peer.row = give_back;
    f.peer.user = (void *)(uintptr_t)&samples[i];
    find_one(&f, query_of(samples[i].name, samples[i].set), samples[i].name, 0);
    check_sent(&f, samples[i].set, samples[i].bytes);
    assert_string_equal(f.warnings, "");
    fixture_stop(&f);
  }
}

/* Any key, any match: what is held against the key is the text, not its bytes. */
static void test_every_set_is_asked_in_utf8_and_held_against_the_answer(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLES; i++) {
    fixture f;
    fixture_start(&f, serve);
    f.peer.row = give_back;
    f.peer.user = (void *)(uintptr_t)&samples[i];
    find_one(&f, query_of(samples[i].name, "ISO_IR 192"), samples[i].name, 0);
    check_sent(&f, "ISO_IR 192", samples[i].name);
    scu_session_free(f.session);
    fixture_open(&f);
    find_one(&f, query_of("Somebody^Else", NULL), samples[i].name, 0x00100010);
    fixture_stop(&f);
  }
}

static void test_without_a_set_the_narrowest_is_taken(void **state) {
  (void)state;
  static const struct sample chosen[] = {
      {"", "Doe^Jane", "Doe^Jane"},
      {"ISO_IR 100", "Buc^Jérôme", "Buc^J\xE9r\xF4me"},
      {"ISO_IR 101", "Wałęsa", "Wa\xB3\xEAsa"},
      {"ISO_IR 144", "Люк", "\xBB\xEE\xDA"},
      {"ISO_IR 126", "Διονυσιος", "\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2"},
      {"\\ISO 2022 IR 87", "Yamada=山田", "Yamada=\x1b$B;3ED\x1b(B"},
      {"\\ISO 2022 IR 149", "Hong=홍", "Hong=\x1b$)C\xC8\xAB"},
      {"ISO_IR 192", "Wałęsa^Διονυσιος", "Wałęsa^Διονυσιος"},
  };
  for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
    fixture f;
    fixture_start(&f, serve);
    f.peer.row = give_back;
    f.peer.user = (void *)(uintptr_t)&chosen[i];
    find_one(&f, query_of(chosen[i].name, NULL), chosen[i].name, 0);
    check_sent(&f, chosen[i].set, chosen[i].bytes);
    fixture_stop(&f);
  }
}

static void test_a_set_that_cannot_hold_the_keys_gives_way(void **state) {
  (void)state;
  static const struct sample greek = {"ISO_IR 126", "Διονυσιος", "\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2"};
  fixture f;
  fixture_start(&f, serve);
  f.peer.row = give_back;
  f.peer.user = (void *)(uintptr_t)&greek;
  find_one(&f, query_of(greek.name, "ISO_IR 100"), greek.name, 0);
  check_sent(&f, greek.set, greek.bytes);
  assert_non_null(strstr(f.warnings, "do not fit"));
  fixture_stop(&f);
}

static void test_a_set_that_is_none_is_a_fault_of_the_caller(void **state) {
  (void)state;
  scu_query *query = query_of("Doe", NULL);
  assert_int_equal(scu_query_set(query, "SpecificCharacterSet", "LATIN-99"), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_query_error(query)), "LATIN-99"));
  scu_query_free(query);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_there_is_a_sample_of_every_set),
      cmocka_unit_test(test_a_key_in_each_set_and_a_match_in_each),
      cmocka_unit_test(test_every_set_is_asked_in_utf8_and_held_against_the_answer),
      cmocka_unit_test(test_without_a_set_the_narrowest_is_taken),
      cmocka_unit_test(test_a_set_that_cannot_hold_the_keys_gives_way),
      cmocka_unit_test(test_a_set_that_is_none_is_a_fault_of_the_caller),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
