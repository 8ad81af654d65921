/* The door: whatever a peer calls its instance, the name is one safe component (catalogue D22, F01, F03). */
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "io/door.h"

static const char *name_of(const char *text, char name[SCU__DOOR_NAME_MAX]) {
  return scu__door_name((const uint8_t *)text, strlen(text), name);
}

static void assert_derived(const uint8_t *bytes, size_t length) {
  char name[SCU__DOOR_NAME_MAX], again[SCU__DOOR_NAME_MAX];
  scu__door_name(bytes, length, name);
  assert_int_equal(strlen(name), 4 + 32);
  assert_int_equal(strncmp(name, "uid-", 4), 0);
  assert_int_equal(strspn(name + 4, "0123456789abcdef"), 32);
  assert_true(scu__path_component_safe(name));
  assert_string_equal(scu__door_name(bytes, length, again), name);
}

static void test_valid_uids_are_their_own_names_and_padding_is_dropped(void **state) {
  (void)state;
  char name[SCU__DOOR_NAME_MAX];
  assert_string_equal(name_of("1.2.840.10008.1.1", name), "1.2.840.10008.1.1");
  assert_string_equal(name_of("2.25.0", name), "2.25.0");
  assert_string_equal(name_of("1.2.3 ", name), "1.2.3");
  assert_string_equal(scu__door_name((const uint8_t *)"1.2.3\0", 6, name), "1.2.3");
  char longest[65];
  memset(longest, '1', 64);
  longest[64] = 0;
  longest[1] = '.';
  assert_string_equal(name_of(longest, name), longest);
}

static void test_hostile_and_odd_uids_get_derived_names(void **state) {
  (void)state;
  static const char *const odd[] = {
      "../../x", "/abs",       "..",      ".",     "",          " ",    "1.2\\3",
      "1.2/3",   "\xC3\xA9.1", "1.2.\n3", "-rf",   "1..2",      "1.",   ".1",
      "01.2",    "1.02",       "CON",     "nul.1", "1.2.3a",    "%s%n", "$(id)",
      "~root",   "a:b",        "1 .2",    "*?",    "C:\\x.dcm", "\x7F", "1.2.3/../../../etc/passwd",
  };
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) assert_derived((const uint8_t *)odd[i], strlen(odd[i]));
  assert_derived((const uint8_t *)"1.2\0.3", 6);
  assert_derived(NULL, 0);
  uint8_t endless[70000];
  memset(endless, '1', sizeof endless);
  assert_derived(endless, 65);
  assert_derived(endless, 255);
  assert_derived(endless, sizeof endless);
}

static void test_every_single_byte_gives_a_safe_name(void **state) {
  (void)state;
  char name[SCU__DOOR_NAME_MAX];
  for (unsigned byte = 0; byte < 256; byte++) {
    uint8_t bytes[3] = {'1', (uint8_t)byte, '1'};
    scu__door_name(bytes, 1, name);
    assert_true(scu__path_component_safe(name));
    scu__door_name(bytes, 3, name);
    assert_true(scu__path_component_safe(name));
    scu__door_name(bytes + 1, 1, name);
    assert_true(scu__path_component_safe(name));
  }
}

static void test_different_odd_uids_get_different_names(void **state) {
  (void)state;
  enum { COUNT = 600 };
  static char names[COUNT][SCU__DOOR_NAME_MAX];
  char text[32];
  for (int i = 0; i < COUNT; i++) {
    snprintf(text, sizeof text, "%s%d", i % 2 ? "../" : "x", i / 2);
    name_of(text, names[i]);
    for (int j = 0; j < i; j++) assert_string_not_equal(names[i], names[j]);
  }
}

static void test_variants_stay_safe(void **state) {
  (void)state;
  char name[SCU__DOOR_NAME_MAX], variant[SCU__DOOR_NAME_MAX], longest[65];
  assert_string_equal(scu__door_variant(name_of("1.2.3", name), 2, variant), "1.2.3~2");
  memset(longest, '1', 64);
  longest[64] = 0;
  assert_int_equal(strlen(scu__door_variant(longest, 4294967295u, variant)), 75);
  assert_true(scu__path_component_safe(variant));
}

static void test_unsafe_components_are_told(void **state) {
  (void)state;
  static const char *const unsafe[] = {"",     ".",      "..",  "a/b", "a\\b",     "a\nb", "-x",
                                       ".x",   "x.",     "x ",  " x",  "CON",      "con",  "aux.txt",
                                       "COM1", "lpt9.x", "a:b", "a*b", "\xC3\xA9", "\x7F"};
  static const char *const safe[] = {"1.2.3", "1.2.3.dcm", "uid-00", "no-study", "CONE", "COMX", "1.2~2.dcm", "com"};
  for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) assert_false(scu__path_component_safe(unsafe[i]));
  for (size_t i = 0; i < sizeof safe / sizeof *safe; i++) assert_true(scu__path_component_safe(safe[i]));
  char text[300];
  memset(text, 'x', sizeof text);
  text[255] = 0;
  assert_true(scu__path_component_safe(text));
  text[255] = 'x';
  text[256] = 0;
  assert_false(scu__path_component_safe(text));
}

static void assert_path(const char *file_id, const char *path) {
  char got[SCU__DOOR_PATH_MAX];
  assert_true(scu__door_file_id((const uint8_t *)file_id, strlen(file_id), got));
  assert_string_equal(got, path);
}

static void assert_no_path(const void *file_id, size_t length) {
  char got[SCU__DOOR_PATH_MAX] = "x";
  assert_false(scu__door_file_id(file_id, length, got));
  assert_string_equal(got, "");
}

static void test_file_ids_become_paths_below_a_folder(void **state) {
  (void)state;
  char got[SCU__DOOR_PATH_MAX];
  assert_path("IM1", "IM1");
  assert_path("DICOM\\ST1\\IM000001", "DICOM/ST1/IM000001");
  assert_path("DICOM \\ST1\\ IM1 ", "DICOM/ST1/IM1");
  assert_path("a\\1.2.3.dcm;1", "a/1.2.3.dcm;1");
  assert_true(scu__door_file_id((const uint8_t *)"A\\B\0", 4, got)); /* padded as a UID is */
  assert_string_equal(got, "A/B");
}

static void test_file_ids_that_lead_elsewhere_are_refused(void **state) {
  (void)state;
  static const char *const hostile[] = {
      "",       " ",       "..",          ".",    "..\\x",    "a\\..\\x", "a\\..",  "\\a",      "a\\",
      "a\\\\b", "a\\ \\b", "/etc/passwd", "a/b",  "a\\b/c",   "../x",     "..\\..", "C:\\x",    "a\\c:x",
      "~\\..",  ".hidden", "a\\-rf",      "a\nb", "\xC3\xA9", "a\x7F",    "CON",    "a\\aux.1", "\\\\server\\x",
      "a.",     "a\\... ", " .. \\a",
  };
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) assert_no_path(hostile[i], strlen(hostile[i]));
  assert_no_path("a\0b", 3);
  assert_no_path("a\0\\b", 4);
  assert_no_path(NULL, 0);
  char text[SCU__DOOR_PATH_MAX * 2];
  memset(text, 'a', sizeof text);
  assert_no_path(text, 256);
  assert_no_path(text, SCU__DOOR_PATH_MAX - 1);
  assert_no_path(text, sizeof text);
  for (size_t i = 1; i < sizeof text; i += 2) text[i] = '\\';
  assert_no_path(text, 2 * SCU__DOOR_COMPONENTS_MAX + 1);
  char got[SCU__DOOR_PATH_MAX];
  assert_true(scu__door_file_id((const uint8_t *)text, 2 * SCU__DOOR_COMPONENTS_MAX - 1, got));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_valid_uids_are_their_own_names_and_padding_is_dropped),
      cmocka_unit_test(test_hostile_and_odd_uids_get_derived_names),
      cmocka_unit_test(test_every_single_byte_gives_a_safe_name),
      cmocka_unit_test(test_different_odd_uids_get_different_names),
      cmocka_unit_test(test_variants_stay_safe),
      cmocka_unit_test(test_unsafe_components_are_told),
      cmocka_unit_test(test_file_ids_become_paths_below_a_folder),
      cmocka_unit_test(test_file_ids_that_lead_elsewhere_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
