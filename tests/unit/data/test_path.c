/* Attribute paths: what people type, and what they get told when it is wrong. */
#include "dataset_test.h"

static void assert_parses(const char *text, size_t depth, const char *formatted) {
  scu__path path;
  char back[SCU__PATH_TEXT_MAX];
  if (scu__path_parse(text, &path, NULL) != SCU_OK) fail_msg("\"%s\" is not taken for a path", text);
  assert_int_equal(path.depth, depth);
  assert_int_equal(scu__path_format(&path, back, sizeof back), strlen(formatted));
  assert_string_equal(back, formatted);
}

static void assert_fails(const char *text, const char *part) {
  scu__path path;
  scu_error error;
  scu__error_clear(&error);
  if (scu__path_parse(text, &path, &error) != SCU_ERROR_USAGE) fail_msg("\"%s\" is taken for a path", text);
  if (!strstr(scu_error_reason(&error), part)) fail_msg("%s: \"%s\" lacks \"%s\"", text, error.reason, part);
  assert_int_equal(scu_error_phase(&error), SCU_PHASE_USAGE);
}

static void test_a_keyword_is_a_path(void **state) {
  (void)state;
  scu__path path;
  assert_int_equal(scu__path_parse("PatientName", &path, NULL), SCU_OK);
  assert_int_equal(path.depth, 1);
  assert_int_equal(path.steps[0].tag, SCU_TAG(0x0010, 0x0010));
  assert_false(path.steps[0].has_item);
}

static void test_a_tag_in_any_of_its_spellings_is_a_path(void **state) {
  (void)state;
  assert_parses("0010,0010", 1, "PatientName");
  assert_parses("(0010,0010)", 1, "PatientName");
  assert_parses("00100010", 1, "PatientName");
  assert_parses("(00100010)", 1, "PatientName");
  assert_parses("7fe0,0010", 1, "PixelData");
  assert_parses("7FE00010", 1, "PixelData");
}

static void test_private_and_unknown_tags_format_as_numbers(void **state) {
  (void)state;
  assert_parses("0029,1010", 1, "0029,1010");
  assert_parses("00291010", 1, "0029,1010");
  assert_parses("0040,FFFE", 1, "0040,FFFE");
}

static void test_a_repeating_group_keeps_its_number(void **state) {
  (void)state;
  assert_parses("6002,3000", 1, "6002,3000");
}

static void test_items_are_named_by_index(void **state) {
  (void)state;
  assert_parses("ScheduledProcedureStepSequence[0].Modality", 2, "ScheduledProcedureStepSequence[0].Modality");
  assert_parses("0040,0100[12].0008,0060", 2, "ScheduledProcedureStepSequence[12].Modality");
  assert_parses("(0040,0100)[3].(0040,0008)[4].(0008,0100)", 3,
                "ScheduledProcedureStepSequence[3].ScheduledProtocolCodeSequence[4].CodeValue");
  assert_parses("ScheduledProcedureStepSequence[2]", 1, "ScheduledProcedureStepSequence[2]");
}

static void test_without_an_index_the_first_item_is_meant(void **state) {
  (void)state;
  assert_parses("ScheduledProcedureStepSequence.Modality", 2, "ScheduledProcedureStepSequence[0].Modality");
}

static void test_the_largest_index_is_accepted_and_the_next_is_not(void **state) {
  (void)state;
  assert_parses("ScheduledProcedureStepSequence[99999].Modality", 2, "ScheduledProcedureStepSequence[99999].Modality");
  assert_fails("ScheduledProcedureStepSequence[100000].Modality", "index");
  assert_fails("ScheduledProcedureStepSequence[4294967296].Modality", "index");
  assert_fails("ScheduledProcedureStepSequence[99999999999999999999].Modality", "index");
}

static void test_an_error_names_the_part_that_is_wrong_and_its_place(void **state) {
  (void)state;
  assert_fails("PatientNam", "\"PatientNam\" at character 1 is neither");
  assert_fails("patientname", "\"patientname\"");
  assert_fails("ScheduledProcedureStepSequence[0].Modalit", "\"Modalit\" at character 35");
  assert_fails("", "missing at character 1");
  assert_fails(".", "missing at character 1");
  assert_fails("PatientName.", "missing at character 13");
  assert_fails("ScheduledProcedureStepSequence..Modality", "missing at character 32");
}

static void test_broken_tags_and_indexes_are_refused(void **state) {
  (void)state;
  static const char *const broken[] = {
      "0010,001",      "0010,00100",      "0010.0010",    "0010;0010",         "001000100",       "G010,0010",
      "(0010,0010",    "0010,0010)",      "( 0010,0010)", "-010,0010",         "+0100010",        "0x100010",
      "PatientName[]", "PatientName[-1]", "PatientName[", "PatientName]",      "PatientName[0",   "PatientName[1]x",
      "[0]",           "PatientName[ 0]", " PatientName", "PatientName[0][1]", "PatientName=Doe",
  };
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) assert_fails(broken[i], "attribute path");
}

static void test_items_and_delimiters_are_no_elements(void **state) {
  (void)state;
  assert_fails("FFFE,E000", "item or delimiter");
  assert_fails("fffee0dd", "item or delimiter");
}

static void test_32_levels_are_accepted_and_33_are_not(void **state) {
  (void)state;
  char text[33 * 16] = "";
  for (int i = 0; i < SCU__PATH_DEPTH_MAX; i++) strcat(text, i ? ".0040,0100[1]" : "0040,0100[1]");
  scu__path path;
  assert_int_equal(scu__path_parse(text, &path, NULL), SCU_OK);
  assert_int_equal(path.depth, SCU__PATH_DEPTH_MAX);
  char back[SCU__PATH_TEXT_MAX];
  assert_true(scu__path_format(&path, back, sizeof back) < sizeof back);
  strcat(text, ".00080060");
  assert_fails(text, "more than 32 levels");
}

static void test_control_characters_do_not_reach_the_error_text(void **state) {
  (void)state;
  scu__path path;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__path_parse("Pat\x1b[31m\n", &path, &error), SCU_ERROR_USAGE);
  assert_null(strchr(scu_error_reason(&error), 0x1b));
  assert_null(strchr(scu_error_reason(&error), '\n'));
}

static void test_formatting_into_too_little_room_is_cut_and_terminated(void **state) {
  (void)state;
  scu__path path;
  assert_int_equal(scu__path_parse("ScheduledProcedureStepSequence[0].Modality", &path, NULL), SCU_OK);
  for (size_t room = 0; room <= 50; room++) {
    char text[64];
    memset(text, '#', sizeof text);
    assert_int_equal(scu__path_format(&path, text, room), 42);
    assert_int_equal(text[room], '#');
    if (room > 0) assert_int_equal(strlen(text), room <= 42 ? room - 1 : 42);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_keyword_is_a_path),
      cmocka_unit_test(test_a_tag_in_any_of_its_spellings_is_a_path),
      cmocka_unit_test(test_private_and_unknown_tags_format_as_numbers),
      cmocka_unit_test(test_a_repeating_group_keeps_its_number),
      cmocka_unit_test(test_items_are_named_by_index),
      cmocka_unit_test(test_without_an_index_the_first_item_is_meant),
      cmocka_unit_test(test_the_largest_index_is_accepted_and_the_next_is_not),
      cmocka_unit_test(test_an_error_names_the_part_that_is_wrong_and_its_place),
      cmocka_unit_test(test_broken_tags_and_indexes_are_refused),
      cmocka_unit_test(test_items_and_delimiters_are_no_elements),
      cmocka_unit_test(test_32_levels_are_accepted_and_33_are_not),
      cmocka_unit_test(test_control_characters_do_not_reach_the_error_text),
      cmocka_unit_test(test_formatting_into_too_little_room_is_cut_and_terminated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
