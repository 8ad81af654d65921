/* The dataset tree: reading, changing, copying, merging, from bytes and to bytes, under limits and without memory. */
#include "dataset_test.h"

#include "base/endian.h"
#include "data/dataset_edit.h"

static const scu__encoding encodings[] = {
    {.is_implicit_vr = true, .is_big_endian = false},
    {.is_implicit_vr = false, .is_big_endian = false},
    {.is_implicit_vr = false, .is_big_endian = true},
};
enum { ENCODINGS = sizeof encodings / sizeof *encodings };

static void assert_absent(const scu_dataset *dataset, const char *path) {
  char text[8] = "?";
  assert_null(scu_dataset_find_path(dataset, path));
  assert_int_equal(scu_dataset_text(dataset, path, text, sizeof text), SCU_END);
  assert_string_equal(text, "");
}

static void assert_set_fails(scu_dataset *dataset, const char *path, const char *text, const char *reason) {
  if (scu_dataset_set_text(dataset, path, text) != SCU_ERROR_USAGE) fail_msg("%s=%s was taken", path, text);
  if (!strstr(scu_error_reason(scu_dataset_error(dataset)), reason))
    fail_msg("%s=%s: %s", path, text, scu_error_reason(scu_dataset_error(dataset)));
}

/* ---- reading ---- */

static void test_what_was_set_is_found_in_rising_tag_order(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientID", "1");
  set(dataset, "Rows", "2");
  set(dataset, "StudyDate", "20240101");
  set(dataset, "PatientID", "3");
  assert_int_equal(scu_dataset_count(dataset), 3);
  scu_tag last = 0;
  for (size_t i = 0; i < 3; i++) {
    assert_true(scu_element_tag(scu_dataset_at(dataset, i)) > last);
    last = scu_element_tag(scu_dataset_at(dataset, i));
  }
  assert_null(scu_dataset_at(dataset, 3));
  assert_text(dataset, "PatientID", "3");
  assert_text(dataset, "0008,0020", "20240101");
  assert_absent(dataset, "PatientName");
  assert_absent(dataset, "Rows[0].Columns");
  assert_null(scu_dataset_find(dataset, SCU_TAG(0x0010, 0x0010)));
  scu_dataset_free(dataset);
}

static void test_a_thousand_elements_in_falling_order_are_all_found(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  for (unsigned i = 1000; i-- > 0;) {
    uint8_t value[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
    assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0011, 0x1000 + i), SCU_VR_US, value, 2), SCU_OK);
  }
  for (unsigned i = 0; i < 1000; i++) {
    int64_t value;
    assert_int_equal(scu_element_integer(scu_dataset_find(dataset, SCU_TAG(0x0011, 0x1000 + i)), 0, &value), SCU_OK);
    assert_int_equal(value, i);
  }
  scu_dataset_free(dataset);
}

static void test_a_path_that_is_none_is_told_from_one_that_is_absent(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  char text[8] = "?";
  int64_t value;
  assert_int_equal(scu_dataset_text(dataset, "NoSuchKeyword", text, sizeof text), SCU_ERROR_USAGE);
  assert_string_equal(text, "");
  assert_int_equal(scu_dataset_integer(dataset, "NoSuchKeyword", 0, &value), SCU_ERROR_USAGE);
  assert_null(scu_dataset_find_path(dataset, "NoSuchKeyword"));
  assert_int_equal(scu_dataset_value_count(dataset, "NoSuchKeyword"), 0);
  scu_dataset_free(dataset);
}

static void test_padding_is_trimmed_as_the_vr_says(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  static const struct {
    const char *path;
    scu_vr vr;
    const char *bytes, *text;
  } rows[] = {
      {"RetrieveAETitle", SCU_VR_AE, " ONE \\ TWO ", "ONE\\TWO"}, {"PatientID", SCU_VR_LO, " a b  ", "a b"},
      {"PatientComments", SCU_VR_LT, "  a\\b  ", "  a\\b"},       {"StudyInstanceUID", SCU_VR_UI, "1.2.3 ", "1.2.3"},
      {"StudyDate", SCU_VR_DA, "20240101 ", "20240101"},          {"SliceThickness", SCU_VR_DS, " 1.5 \\ 2 ", "1.5\\2"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    scu_tag tag;
    scu__path path;
    assert_int_equal(scu__path_parse(rows[i].path, &path, NULL), SCU_OK);
    tag = path.steps[0].tag;
    assert_int_equal(scu_dataset_set_bytes(dataset, tag, rows[i].vr, rows[i].bytes, strlen(rows[i].bytes)), SCU_OK);
    assert_text(dataset, rows[i].path, rows[i].text);
  }
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0020, 0x000D), SCU_VR_UI, "1.2\0", 4), SCU_OK);
  assert_text(dataset, "StudyInstanceUID", "1.2");
  scu_dataset_free(dataset);
}

static void test_text_that_does_not_fit_is_cut_between_characters(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientID", "aä€😀");
  static const char *const cut[] = {"", "", "a", "a", "aä", "aä", "aä", "aä€", "aä€", "aä€", "aä€"};
  for (size_t room = 0; room < 11; room++) {
    char text[16];
    memset(text, '#', sizeof text);
    assert_int_equal(scu_dataset_text(dataset, "PatientID", text, room), SCU_ERROR_LIMIT);
    assert_int_equal(text[room], '#');
    if (room > 0) assert_string_equal(text, cut[room]);
  }
  char text[11];
  assert_int_equal(scu_dataset_text(dataset, "PatientID", text, sizeof text), SCU_OK);
  assert_string_equal(text, "aä€😀");
  scu_dataset_free(dataset);
}

static void test_values_are_counted_and_read_one_by_one(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  char text[64];
  set(dataset, "ImageType", "ORIGINAL\\PRIMARY\\\\AXIAL");
  set(dataset, "FrameIncrementPointer", "FrameTime\\0018,1065");
  set(dataset, "PatientComments", "one\\value");
  assert_int_equal(scu_dataset_value_count(dataset, "ImageType"), 4);
  assert_int_equal(scu_dataset_value_count(dataset, "FrameIncrementPointer"), 2);
  assert_int_equal(scu_dataset_value_count(dataset, "PatientComments"), 1);
  assert_int_equal(scu_dataset_value_count(dataset, "PatientID"), 0);
  assert_int_equal(scu_dataset_value_text(dataset, "ImageType", 1, text, sizeof text), SCU_OK);
  assert_string_equal(text, "PRIMARY");
  assert_int_equal(scu_dataset_value_text(dataset, "ImageType", 2, text, sizeof text), SCU_OK);
  assert_string_equal(text, "");
  assert_int_equal(scu_dataset_value_text(dataset, "ImageType", 3, text, sizeof text), SCU_OK);
  assert_string_equal(text, "AXIAL");
  assert_int_equal(scu_dataset_value_text(dataset, "ImageType", 4, text, sizeof text), SCU_END);
  assert_string_equal(text, "");
  assert_int_equal(scu_dataset_value_text(dataset, "FrameIncrementPointer", 1, text, sizeof text), SCU_OK);
  assert_string_equal(text, "00181065");
  assert_int_equal(scu_dataset_set_empty(dataset, "ImageType"), SCU_OK);
  assert_text(dataset, "ImageType", "");
  assert_int_equal(scu_dataset_value_count(dataset, "ImageType"), 0);
  assert_int_equal(scu_dataset_value_text(dataset, "ImageType", 0, text, sizeof text), SCU_END);
  scu_dataset_free(dataset);
}

static void test_integers_are_read_from_text_and_binary(void **state) {
  (void)state;
  static const struct {
    const char *path, *text;
    size_t index;
    scu_result result;
    int64_t value;
  } rows[] = {
      {"InstanceNumber", "42", 0, SCU_OK, 42},
      {"InstanceNumber", " -7 ", 0, SCU_OK, -7},
      {"InstanceNumber", "+7", 0, SCU_OK, 7},
      {"InstanceNumber", "1\\2", 1, SCU_OK, 2},
      {"InstanceNumber", "1\\2", 2, SCU_END, 0},
      {"InstanceNumber", "1\\", 1, SCU_END, 0},
      {"InstanceNumber", "", 0, SCU_END, 0},
      {"InstanceNumber", "99999999999999999999", 0, SCU_ERROR_LIMIT, 0},
      {"InstanceNumber", "1.5", 0, SCU_ERROR_MALFORMED, 0},
      {"InstanceNumber", "1e3", 0, SCU_ERROR_MALFORMED, 0},
      {"InstanceNumber", "NaN", 0, SCU_ERROR_MALFORMED, 0},
      {"InstanceNumber", "1,5", 0, SCU_ERROR_MALFORMED, 0},
      {"InstanceNumber", "٣", 0, SCU_ERROR_MALFORMED, 0},
      {"SliceThickness", "12", 0, SCU_OK, 12},
      {"SliceThickness", "12.0", 0, SCU_ERROR_MALFORMED, 0},
      {"Rows", "65535", 0, SCU_OK, 65535},
      {"Rows", "1\\2", 1, SCU_OK, 2},
      {"Rows", "1\\2", 2, SCU_END, 0},
      {"FrameIncrementPointer", "FrameTime", 0, SCU_OK, 0x00181063},
      {"SelectorSSValue", "-32768", 0, SCU_OK, -32768},
      {"SelectorSLValue", "-2147483648", 0, SCU_OK, INT32_MIN},
      {"SelectorULValue", "4294967295", 0, SCU_OK, UINT32_MAX},
      {"SelectorSVValue", "-9223372036854775808", 0, SCU_OK, INT64_MIN},
      {"SelectorUVValue", "9223372036854775807", 0, SCU_OK, INT64_MAX},
      {"PatientID", "1", 0, SCU_ERROR_UNSUPPORTED, 0},
      {"RealWorldValueSlope", "1", 0, SCU_ERROR_UNSUPPORTED, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    scu_dataset *dataset = new_dataset();
    int64_t value = 99;
    set(dataset, rows[i].path, rows[i].text);
    scu_result result = scu_dataset_integer(dataset, rows[i].path, rows[i].index, &value);
    if (result != rows[i].result) fail_msg("%s=%s: %d", rows[i].path, rows[i].text, (int)result);
    if (result == SCU_OK) assert_true(value == rows[i].value);
    scu_dataset_free(dataset);
  }
}

static void test_a_uv_beyond_63_bits_is_text_but_no_integer(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  int64_t value;
  assert_int_equal(
      scu_dataset_set_bytes(dataset, SCU_TAG(0x0072, 0x0083), SCU_VR_UV, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8),
      SCU_OK);
  assert_text(dataset, "SelectorUVValue", "18446744073709551615");
  assert_int_equal(scu_dataset_integer(dataset, "SelectorUVValue", 0, &value), SCU_ERROR_LIMIT);
  scu_dataset_free(dataset);
}

static void test_floats_are_text_in_their_shortest_form(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "RealWorldValueSlope", "0.1\\1e300\\-0");
  assert_text(dataset, "RealWorldValueSlope", "0.1\\1e300\\-0");
  set(dataset, "SelectorFLValue", "0.1\\16777217");
  assert_text(dataset, "SelectorFLValue", "0.1\\16777216");
  scu_dataset_free(dataset);
}

static void test_what_has_no_text_is_unsupported(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  char text[64] = "?";
  set(dataset, "ScheduledProcedureStepSequence[0].Modality", "CT");
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x7FE0, 0x0010), SCU_VR_OB, "12", 2), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1001), SCU_VR_UN, "\1\2", 2), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1002), SCU_VR_UN, "plain text ", 11), SCU_OK);
  static const char *const paths[] = {"ScheduledProcedureStepSequence", "PixelData", "0009,1001"};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(scu_dataset_text(dataset, paths[i], text, sizeof text), SCU_ERROR_UNSUPPORTED);
    assert_string_equal(text, "");
  }
  assert_text(dataset, "0009,1002", "plain text");
  scu_dataset_free(dataset);
}

static void test_a_nul_inside_a_text_does_not_hide_the_rest(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "ab\0cd\0", 6), SCU_OK);
  assert_text(dataset, "PatientID",
              "ab\xEF\xBF\xBD"
              "cd");
  scu_dataset_free(dataset);
}

/* ---- changing ---- */

static void test_paths_make_sequences_and_items_in_order(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "ScheduledProcedureStepSequence.Modality", "CT");
  set(dataset, "ScheduledProcedureStepSequence[1].Modality", "MR");
  set(dataset, "ScheduledProcedureStepSequence[1].ScheduledProtocolCodeSequence[0].CodeValue", "X");
  assert_text(dataset, "ScheduledProcedureStepSequence[0].Modality", "CT");
  assert_text(dataset, "0040,0100[1].0008,0060", "MR");
  assert_text(dataset, "ScheduledProcedureStepSequence[1].ScheduledProtocolCodeSequence[0].CodeValue", "X");
  const scu_element *sequence = scu_dataset_find_path(dataset, "ScheduledProcedureStepSequence");
  assert_int_equal(scu_element_item_count(sequence), 2);
  assert_int_equal(scu_element_vr(sequence), SCU_VR_SQ);
  assert_null(scu_element_item(sequence, 2));
  assert_null(scu_element_bytes(sequence));
  assert_set_fails(dataset, "ScheduledProcedureStepSequence[3].Modality", "X",
                   "ScheduledProcedureStepSequence[3]: the items");
  assert_set_fails(dataset, "ScheduledProcedureStepSequence[2].ReferencedStudySequence[1].StudyDate", "X", "the items");
  assert_int_equal(scu_element_item_count(scu_dataset_find_path(dataset, "ScheduledProcedureStepSequence")), 2);
  scu_dataset_free(dataset);
}

static void test_what_cannot_be_set_says_why_and_changes_nothing(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "Rows", "1");
  set(dataset, "PatientID", "keep");
  assert_set_fails(dataset, "Rows", "x", "Rows: not a number");
  assert_set_fails(dataset, "Rows", "65536", "Rows: not a number");
  assert_set_fails(dataset, "Rows", "-1", "Rows: not a number");
  assert_set_fails(dataset, "Rows", "1\\", "Rows: not a number");
  assert_set_fails(dataset, "SelectorSSValue", "32768", "not a number");
  assert_set_fails(dataset, "SelectorUVValue", "-1", "not a number");
  assert_set_fails(dataset, "FrameIncrementPointer", "NoTag", "not an attribute tag");
  assert_set_fails(dataset, "RealWorldValueSlope", "1e999", "not a number");
  assert_set_fails(dataset, "PatientID", "\xFF", "not UTF-8");
  assert_set_fails(dataset, "PatientID[0]", "x", "not a sequence");
  assert_set_fails(dataset, "PatientID.Modality", "x", "not a sequence");
  assert_set_fails(dataset, "ScheduledProcedureStepSequence", "x", "a sequence has items");
  assert_set_fails(dataset, "ScheduledProcedureStepSequence[0]", "x", "an item has no value");
  assert_set_fails(dataset, "PixelData", "x", "bulk value");
  assert_set_fails(dataset, "0009,1001", "x", "not known");
  assert_set_fails(dataset, "Patient", "x", "neither a keyword nor a tag");
  assert_text(dataset, "Rows", "1");
  assert_text(dataset, "PatientID", "keep");
  assert_int_equal(scu_dataset_count(dataset), 2);
  set(dataset, "PatientID", "new");
  assert_int_equal(scu_error_result(scu_dataset_error(dataset)), SCU_OK);
  scu_dataset_free(dataset);
}

static void test_bytes_are_checked_before_they_are_set(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU__TAG_ITEM, SCU_VR_OB, "1", 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_dataset_set_bytes(dataset, 0x00100010, SCU_VR_SQ, "1", 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_dataset_set_bytes(dataset, 0x00100010, SCU_VR_NONE, "1", 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_dataset_set_bytes(dataset, 0x00100010, SCU_VR('p', 'n'), "1", 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_dataset_count(dataset), 0);
  scu_dataset_free(dataset);
}

static void test_us_or_ss_follows_the_pixel_representation(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "SmallestImagePixelValue", "5");
  assert_int_equal(scu_element_vr(scu_dataset_find_path(dataset, "SmallestImagePixelValue")), SCU_VR_US);
  set(dataset, "PixelRepresentation", "1");
  set(dataset, "LargestImagePixelValue", "-5");
  assert_int_equal(scu_element_vr(scu_dataset_find_path(dataset, "LargestImagePixelValue")), SCU_VR_SS);
  assert_text(dataset, "LargestImagePixelValue", "-5");
  scu_dataset_free(dataset);
}

static void test_private_elements_keep_the_vr_they_have(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset(), *item;
  set(dataset, "0009,0010", "ACME");
  assert_int_equal(scu_element_vr(scu_dataset_find_path(dataset, "0009,0010")), SCU_VR_LO);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1001), SCU_VR_US, "\1\0", 2), SCU_OK);
  set(dataset, "0009,1001", "77");
  assert_text(dataset, "0009,1001", "77");
  assert_set_fails(dataset, "0009,1002[0].PatientID", "1", "not a sequence");
  assert_int_equal(scu_dataset_add_item(dataset, SCU_TAG(0x0009, 0x1002), &item), SCU_OK);
  set(dataset, "0009,1002[0].PatientID", "1");
  assert_text(item, "PatientID", "1");
  assert_int_equal(scu_dataset_add_item(dataset, SCU_TAG(0x0009, 0x1001), &item), SCU_ERROR_USAGE);
  assert_null(item);
  scu_dataset_free(dataset);
}

static void test_empty_elements_items_and_sequences_can_be_made(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientName", "Doe");
  assert_int_equal(scu_dataset_set_empty(dataset, "PatientName"), SCU_OK);
  assert_int_equal(scu_dataset_set_empty(dataset, "ReferencedStudySequence"), SCU_OK);
  assert_int_equal(scu_dataset_set_empty(dataset, "ScheduledProcedureStepSequence[0].Modality"), SCU_OK);
  assert_int_equal(scu_dataset_set_empty(dataset, "ScheduledProcedureStepSequence[1]"), SCU_OK);
  assert_text(dataset, "PatientName", "");
  assert_int_equal(scu_element_item_count(scu_dataset_find_path(dataset, "ReferencedStudySequence")), 0);
  const scu_element *steps = scu_dataset_find_path(dataset, "ScheduledProcedureStepSequence");
  assert_int_equal(scu_element_item_count(steps), 2);
  assert_int_equal(scu_dataset_count(scu_element_item(steps, 0)), 1);
  assert_int_equal(scu_dataset_count(scu_element_item(steps, 1)), 0);
  assert_int_equal(scu_dataset_set_empty(dataset, "ScheduledProcedureStepSequence[0]"), SCU_OK);
  assert_int_equal(scu_dataset_count(scu_element_item(steps, 0)), 0);
  scu_dataset_free(dataset);
}

static void test_elements_and_items_can_be_removed(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientID", "1");
  set(dataset, "PatientName", "Doe");
  set(dataset, "ScheduledProcedureStepSequence[0].Modality", "CT");
  set(dataset, "ScheduledProcedureStepSequence[1].Modality", "MR");
  assert_int_equal(scu_dataset_remove(dataset, "PatientName"), SCU_OK);
  assert_int_equal(scu_dataset_remove(dataset, "PatientName"), SCU_END);
  assert_int_equal(scu_dataset_remove(dataset, "ScheduledProcedureStepSequence[2]"), SCU_END);
  assert_int_equal(scu_dataset_remove(dataset, "PatientID[0]"), SCU_END);
  assert_int_equal(scu_dataset_remove(dataset, "Nonsense"), SCU_ERROR_USAGE);
  assert_int_equal(scu_dataset_remove(dataset, "ScheduledProcedureStepSequence[0]"), SCU_OK);
  assert_text(dataset, "ScheduledProcedureStepSequence[0].Modality", "MR");
  assert_int_equal(scu_dataset_remove(dataset, "ScheduledProcedureStepSequence[0].Modality"), SCU_OK);
  assert_absent(dataset, "ScheduledProcedureStepSequence[0].Modality");
  assert_int_equal(scu_dataset_count(dataset), 2);
  scu_dataset_free(dataset);
}

/* ---- copying and merging ---- */

static void assert_same(const scu_dataset *a, const scu_dataset *b) {
  scu__buffer one = json_of(a, NULL), two = json_of(b, NULL);
  assert_string_equal((char *)one.data, (char *)two.data);
  scu__buffer_free(&one);
  scu__buffer_free(&two);
}

static scu_dataset *rich_dataset(void) {
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientName", "Müller^Jörg");
  set(dataset, "Rows", "512");
  set(dataset, "RealWorldValueSlope", "0.5");
  set(dataset, "FrameIncrementPointer", "FrameTime");
  set(dataset, "ScheduledProcedureStepSequence[0].Modality", "CT");
  set(dataset, "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodeMeaning", "Kopf");
  set(dataset, "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[1].CodeMeaning", "Füße");
  set(dataset, "ScheduledProcedureStepSequence[1].Modality", "MR");
  assert_int_equal(scu_dataset_set_empty(dataset, "ReferencedStudySequence"), SCU_OK);
  assert_int_equal(scu_dataset_set_empty(dataset, "StudyDate"), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x7FE0, 0x0010), SCU_VR_OW, "12345", 5), SCU_OK);
  return dataset;
}

static void test_a_copy_is_equal_and_lives_on_its_own(void **state) {
  (void)state;
  scu_dataset *dataset = rich_dataset(), *copy;
  assert_int_equal(scu_dataset_copy(dataset, &copy), SCU_OK);
  assert_same(dataset, copy);
  set(copy, "PatientName", "Other");
  set(copy, "ScheduledProcedureStepSequence[0].Modality", "US");
  assert_text(dataset, "PatientName", "Müller^Jörg");
  assert_text(dataset, "ScheduledProcedureStepSequence[0].Modality", "CT");
  scu_dataset_free(dataset);
  assert_text(copy, "ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[1].CodeMeaning", "Füße");
  scu_dataset_free(copy);
}

static void test_the_copy_of_an_item_brings_its_character_set(void **state) {
  (void)state;
  scu_dataset *copy, *dataset = decode_hex("08000500 0A000000 49534F5F495220313434"
                                           "40000001 12000000 FEFF00E0 0A000000 10001000 02000000 E420",
                                           SCU__IMPLICIT_LE);
  assert_int_equal(
      scu_dataset_copy(scu_element_item(scu_dataset_find_path(dataset, "ScheduledProcedureStepSequence"), 0), &copy),
      SCU_OK);
  scu_dataset_free(dataset);
  assert_text(copy, "PatientName", "ф");
  scu_dataset_free(copy);
}

static void test_merging_replaces_and_adds(void **state) {
  (void)state;
  scu_dataset *to = new_dataset(), *from = new_dataset();
  set(to, "PatientID", "old");
  set(to, "PatientSex", "M");
  set(to, "ScheduledProcedureStepSequence[0].Modality", "CT");
  set(to, "ScheduledProcedureStepSequence[1].Modality", "MR");
  set(from, "PatientID", "new");
  set(from, "StudyDate", "20240101");
  set(from, "ScheduledProcedureStepSequence[0].StationName", "X");
  assert_int_equal(scu_dataset_merge(to, from), SCU_OK);
  scu_dataset_free(from);
  assert_text(to, "PatientID", "new");
  assert_text(to, "PatientSex", "M");
  assert_text(to, "StudyDate", "20240101");
  assert_int_equal(scu_element_item_count(scu_dataset_find_path(to, "ScheduledProcedureStepSequence")), 1);
  assert_absent(to, "ScheduledProcedureStepSequence[0].Modality");
  assert_text(to, "ScheduledProcedureStepSequence[0].StationName", "X");
  assert_int_equal(scu_dataset_merge(to, to), SCU_OK);
  assert_text(to, "PatientID", "new");
  scu_dataset_free(to);
}

static void test_merging_keeps_the_meaning_of_texts_in_other_character_sets(void **state) {
  (void)state;
  scu_dataset *latin = decode_hex("08000500 0A000000 49534F5F495220313030 10001000 02000000 E420", SCU__IMPLICIT_LE);
  scu_dataset *cyrillic = decode_hex("08000500 0A000000 49534F5F495220313434 10002000 02000000 E420"
                                     "40000001 12000000 FEFF00E0 0A000000 10001000 02000000 E420",
                                     SCU__IMPLICIT_LE);
  assert_int_equal(scu_dataset_merge(latin, cyrillic), SCU_OK);
  scu_dataset_free(cyrillic);
  assert_text(latin, "PatientName", "ä");
  assert_text(latin, "PatientID", "ф");
  assert_text(latin, "ScheduledProcedureStepSequence[0].PatientName", "ф");
  assert_text(latin, "SpecificCharacterSet", "ISO_IR 100");
  scu__buffer out = encode_ok(latin, SCU__EXPLICIT_LE);
  scu_dataset *back = decode_ok(out.data, out.length, SCU__EXPLICIT_LE);
  assert_text(back, "SpecificCharacterSet", "ISO_IR 192");
  assert_text(back, "PatientName", "ä");
  assert_text(back, "PatientID", "ф");
  assert_text(back, "ScheduledProcedureStepSequence[0].PatientName", "ф");
  scu__buffer_free(&out);
  scu_dataset_free(back);
  scu_dataset_free(latin);
}

static void test_a_dataset_can_be_merged_into_its_own_item(void **state) {
  (void)state;
  scu_dataset *dataset = rich_dataset(), *item;
  assert_int_equal(scu_dataset_add_item(dataset, SCU_TAG(0x0040, 0x0100), &item), SCU_OK);
  assert_int_equal(scu_dataset_merge(item, dataset), SCU_OK);
  assert_text(dataset, "ScheduledProcedureStepSequence[2].PatientName", "Müller^Jörg");
  assert_text(dataset, "ScheduledProcedureStepSequence[2].ScheduledProcedureStepSequence[1].Modality", "MR");
  scu_dataset_free(dataset);
}

/* ---- bytes ---- */

static void test_bytes_by_hand_come_out_in_all_three_encodings(void **state) {
  (void)state;
  static const char *const expected[ENCODINGS] = {
      "10002000 02000000 3120 28001000 02000000 0002 28000900 04000000 18006310"
      "40000001 12000000 FEFF00E0 0A000000 08006000 02000000 4354",
      "10002000 4C4F0200 3120 28000900 41540400 18006310 28001000 55530200 0002"
      "40000001 53510000 12000000 FEFF00E0 0A000000 08006000 43530200 4354",
      "00100020 4C4F0002 3120 00280009 41540004 00181063 00280010 55530002 0200"
      "00400100 53510000 00000012 FFFEE000 0000000A 00080060 43530002 4354",
  };
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientID", "1");
  set(dataset, "Rows", "512");
  set(dataset, "FrameIncrementPointer", "FrameTime");
  set(dataset, "ScheduledProcedureStepSequence[0].Modality", "CT");
  for (size_t i = 1; i < ENCODINGS; i++) {
    uint8_t bytes[200];
    size_t length = from_hex(expected[i], bytes);
    scu__buffer out = encode_ok(dataset, encodings[i]);
    assert_int_equal(out.length, length);
    assert_memory_equal(out.data, bytes, length);
    scu__buffer_free(&out);
  }
  /* The first vector has two tags out of order: read it, and it comes out as the others do. */
  scu_dataset *sorted = decode_hex(expected[0], SCU__IMPLICIT_LE);
  assert_same(dataset, sorted);
  scu_dataset_free(sorted);
  scu_dataset_free(dataset);
}

static void test_a_rich_dataset_survives_every_encoding(void **state) {
  (void)state;
  scu_dataset *dataset = rich_dataset();
  for (size_t i = 0; i < ENCODINGS; i++) {
    scu__buffer out = encode_ok(dataset, encodings[i]);
    scu_dataset *back = decode_ok(out.data, out.length, encodings[i]);
    /* what encoding adds: the set, and the pad of the odd value */
    assert_text(back, "SpecificCharacterSet", "ISO_IR 100");
    assert_int_equal(scu_element_length(scu_dataset_find_path(back, "PixelData")), 6);
    assert_int_equal(scu_dataset_remove(back, "SpecificCharacterSet"), SCU_OK);
    assert_int_equal(scu_dataset_set_bytes(back, SCU_TAG(0x7FE0, 0x0010), SCU_VR_OW, "12345", 5), SCU_OK);
    assert_same(dataset, back);
    scu__buffer_free(&out);
    scu_dataset_free(back);
  }
  scu_dataset_free(dataset);
}

static void test_what_was_not_touched_goes_out_byte_by_byte(void **state) {
  (void)state;
  scu_dataset *dataset = rich_dataset();
  for (size_t i = 0; i < ENCODINGS; i++) {
    scu__buffer out = encode_ok(dataset, encodings[i]);
    scu_dataset *back = decode_ok(out.data, out.length, encodings[i]);
    scu__buffer again = encode_ok(back, encodings[i]);
    assert_int_equal(out.length, again.length);
    assert_memory_equal(out.data, again.data, out.length);
    scu__buffer_free(&out);
    scu__buffer_free(&again);
    scu_dataset_free(back);
  }
  scu_dataset_free(dataset);
}

static void test_group_lengths_and_trailing_padding_are_not_written(void **state) {
  (void)state;
  scu_dataset *dataset =
      decode_hex("08000000 04000000 0A000000 08006000 02000000 4354 FCFFFCFF 02000000 0000", SCU__IMPLICIT_LE);
  scu__buffer out = encode_ok(dataset, SCU__IMPLICIT_LE);
  assert_int_equal(out.length, 10);
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

static void test_a_value_too_long_for_its_vr_goes_to_un(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  static uint8_t numbers[65536];
  for (size_t i = 0; i < sizeof numbers; i++) numbers[i] = (uint8_t)(i * 7);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1001), SCU_VR_US, numbers, sizeof numbers), SCU_OK);
  for (size_t i = 1; i < ENCODINGS; i++) {
    scu__buffer out = encode_ok(dataset, encodings[i]);
    scu_dataset *back = decode_ok(out.data, out.length, encodings[i]);
    const scu_element *element = scu_dataset_at(back, 0);
    assert_int_equal(scu_element_vr(element), SCU_VR_UN);
    assert_int_equal(scu_element_length(element), sizeof numbers);
    assert_memory_equal(scu_element_bytes(element), numbers, sizeof numbers);
    scu__buffer_free(&out);
    scu_dataset_free(back);
  }
  scu_dataset_free(dataset);
}

static void test_private_sequences_stay_sequences_in_implicit_vr(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset(), *item;
  assert_int_equal(scu_dataset_add_item(dataset, SCU_TAG(0x0009, 0x1001), &item), SCU_OK);
  set(item, "PatientID", "1");
  scu__buffer out = encode_ok(dataset, SCU__IMPLICIT_LE);
  scu_dataset *back = decode_ok(out.data, out.length, SCU__IMPLICIT_LE);
  assert_text(back, "0009,1001[0].PatientID", "1");
  scu__buffer_free(&out);
  scu_dataset_free(back);
  scu_dataset_free(dataset);
}

static void test_sequences_in_un_keep_implicit_vr_inside(void **state) {
  (void)state;
  static const char hex[] = "09000110 554E0000 FFFFFFFF FEFF00E0 0A000000 10002000 02000000 3120 FEFFDDE0 00000000"
                            "10002000 4C4F0200 3220";
  uint8_t bytes[100];
  size_t length = from_hex(hex, bytes);
  scu_dataset *dataset = decode_ok(bytes, length, SCU__EXPLICIT_LE);
  assert_int_equal(scu_element_vr(scu_dataset_at(dataset, 0)), SCU_VR_UN);
  for (size_t i = 0; i < ENCODINGS; i++) {
    scu__buffer out = encode_ok(dataset, encodings[i]);
    if (i == 1) {
      assert_int_equal(out.length, length);
      assert_memory_equal(out.data, bytes, length);
    }
    scu_dataset *again = decode_ok(out.data, out.length, encodings[i]);
    assert_text(again, "0009,1001[0].PatientID", "1");
    assert_text(again, "PatientID", "2");
    scu__buffer_free(&out);
    scu_dataset_free(again);
  }
  scu_dataset_free(dataset);
}

static void test_fragments_are_kept_and_written(void **state) {
  (void)state;
  static const char hex[] = "08006000 43530200 4354 E07F1000 4F420000 FFFFFFFF FEFF00E0 04000000 00000000"
                            "FEFF00E0 02000000 AABB FEFF00E0 00000000 FEFFDDE0 00000000";
  uint8_t bytes[200];
  size_t length = from_hex(hex, bytes);
  uint64_t fragment_length;
  scu_dataset *dataset = decode_ok(bytes, length, SCU__EXPLICIT_LE), *copy;
  assert_int_equal(scu_dataset_copy(dataset, &copy), SCU_OK);
  scu_dataset_free(dataset);
  const scu_element *pixels = scu_dataset_find_path(copy, "PixelData");
  assert_int_equal(scu_element_fragment_count(pixels), 3);
  assert_memory_equal(scu_element_fragment(pixels, 1, &fragment_length), "\xAA\xBB", 2);
  assert_int_equal(fragment_length, 2);
  assert_null(scu_element_fragment(pixels, 2, &fragment_length));
  assert_int_equal(fragment_length, 0);
  assert_null(scu_element_fragment(pixels, 3, &fragment_length));
  assert_null(scu_element_bytes(pixels));
  assert_int_equal(scu_element_length(pixels), 0);
  scu__buffer out = encode_ok(copy, SCU__EXPLICIT_LE);
  assert_int_equal(out.length, length);
  assert_memory_equal(out.data, bytes, length);
  scu_error error;
  scu__error_clear(&error);
  scu__buffer_clear(&out);
  assert_int_equal(scu__dataset_encode(copy, SCU__IMPLICIT_LE, &out, &error), SCU_ERROR_UNSUPPORTED);
  assert_int_equal(scu_error_tag(&error), 0x7FE00010);
  scu__buffer_free(&out);
  scu_dataset_free(copy);
}

static void test_of_elements_with_one_tag_the_first_counts(void **state) {
  (void)state;
  scu_dataset *dataset = decode_hex("10002000 02000000 4220 10001000 02000000 4120 10002000 02000000 4320"
                                    "08006000 02000000 4354 10001000 02000000 4420",
                                    SCU__IMPLICIT_LE);
  assert_int_equal(scu_dataset_count(dataset), 3);
  assert_text(dataset, "PatientID", "B");
  assert_text(dataset, "PatientName", "A");
  assert_text(dataset, "Modality", "CT");
  scu_dataset_free(dataset);
}

static void put_u32_element(scu__buffer *out, scu_tag tag, uint32_t value) {
  scu__element_header_write(out, SCU__IMPLICIT_LE, &(scu__element_header){.tag = tag, .length = 4});
  scu__put_u32le(out, value);
}

static void test_many_elements_in_any_order_are_sorted_and_the_first_stays(void **state) {
  (void)state;
  enum { COUNT = 5000 };
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, TEST_ROOM);
  for (uint32_t i = 0; i < COUNT; i++)
    put_u32_element(&bytes, SCU_TAG(0x0011 + 2 * (i % 7), 0x1000 + i * 2654435761u % 1000), i);
  scu_dataset *dataset = decode_ok(bytes.data, bytes.length, SCU__IMPLICIT_LE);
  scu_tag last = 0;
  for (size_t i = 0; i < scu_dataset_count(dataset); i++) {
    const scu_element *element = scu_dataset_at(dataset, i);
    assert_true(element->tag > last);
    last = element->tag;
    /* the earliest one with this tag */
    uint32_t value = scu__load_u32le(element->as.bytes), first = 0;
    while (SCU_TAG(0x0011 + 2 * (first % 7), 0x1000 + first * 2654435761u % 1000) != element->tag) first++;
    assert_int_equal(value, first);
  }
  assert_true(scu_dataset_count(dataset) > 900);
  scu__buffer_free(&bytes);
  scu_dataset_free(dataset);
}

static void test_half_a_million_empty_elements_take_little_memory(void **state) {
  (void)state;
  enum { COUNT = 500 * 1000 };
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, TEST_ROOM);
  for (uint32_t i = 0; i < COUNT; i++)
    scu__element_header_write(&bytes, SCU__IMPLICIT_LE,
                              &(scu__element_header){.tag = SCU_TAG(0x0011, 0) + i, .length = 0});
  scu_dataset *dataset = decode_ok(bytes.data, bytes.length, SCU__IMPLICIT_LE);
  assert_int_equal(scu_dataset_count(dataset), COUNT);
  assert_true(sizeof(scu_element) <= 32);
  scu__buffer_free(&bytes);
  scu_dataset_free(dataset);
}

static void test_every_truncation_is_refused_or_ends_between_elements(void **state) {
  (void)state;
  scu_dataset *dataset = rich_dataset();
  for (size_t i = 0; i < ENCODINGS; i++) {
    scu__buffer out = encode_ok(dataset, encodings[i]);
    for (size_t length = 0; length < out.length; length++) {
      uint8_t *cut = malloc(length ? length : 1);
      scu_dataset *part;
      scu_error error;
      scu__error_clear(&error);
      memcpy(cut, out.data, length);
      scu_result result = scu__dataset_decode(cut, length, encodings[i], NULL, NULL, &part, &error);
      assert_true(result == SCU_OK || result == SCU_ERROR_MALFORMED);
      assert_true((result == SCU_OK) == (part != NULL));
      if (result != SCU_OK) assert_int_equal(scu_error_phase(&error), SCU_PHASE_RESPONSE);
      if (part) {
        scu__buffer again = encode_ok(part, encodings[i]);
        assert_int_equal(again.length, length);
        scu__buffer_free(&again);
      }
      scu_dataset_free(part);
      free(cut);
    }
    scu__buffer_free(&out);
  }
  scu_dataset_free(dataset);
}

static void test_every_changed_byte_is_decoded_or_refused(void **state) {
  (void)state;
  scu_dataset *dataset = rich_dataset();
  for (size_t i = 0; i < ENCODINGS; i++) {
    scu__buffer out = encode_ok(dataset, encodings[i]);
    for (size_t at = 0; at < out.length; at++) {
      static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFE, 0xFF};
      uint8_t kept = out.data[at];
      for (size_t v = 0; v < sizeof values; v++) {
        scu_dataset *changed;
        out.data[at] = values[v];
        scu_result result = scu__dataset_decode(out.data, out.length, encodings[i], NULL, NULL, &changed, NULL);
        assert_true(result == SCU_OK || result < 0);
        if (changed) {
          scu__buffer json = json_of(changed, NULL);
          assert_true(json_is_valid((char *)json.data));
          scu__buffer_free(&json);
        }
        scu_dataset_free(changed);
      }
      out.data[at] = kept;
    }
    scu__buffer_free(&out);
  }
  scu_dataset_free(dataset);
}

/* ---- limits ---- */

static scu_result decode_limited(const char *hex, scu__dataset_limits limits, scu_dataset **out) {
  uint8_t bytes[400];
  return scu__dataset_decode(bytes, from_hex(hex, bytes), SCU__IMPLICIT_LE, NULL, &limits, out, NULL);
}

static void test_values_above_the_limit_leave_tag_vr_and_length(void **state) {
  (void)state;
  scu_dataset *dataset;
  char text[8];
  scu__dataset_limits limits = SCU__IDENTIFIER_LIMITS;
  limits.value_max = 3;
  assert_int_equal(decode_limited("08006000 02000000 4354 10002000 04000000 34373131", limits, &dataset), SCU_OK);
  const scu_element *element = scu_dataset_find_path(dataset, "PatientID");
  assert_true(scu_element_is_left_out(element));
  assert_int_equal(scu_element_length(element), 4);
  assert_null(scu_element_bytes(element));
  assert_int_equal(scu_dataset_text(dataset, "PatientID", text, sizeof text), SCU_ERROR_UNSUPPORTED);
  assert_text(dataset, "Modality", "CT");
  scu__buffer out;
  scu__buffer_init(&out, NULL, TEST_ROOM);
  assert_int_equal(scu__dataset_encode(dataset, SCU__IMPLICIT_LE, &out, NULL), SCU_ERROR_USAGE);
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

static void test_the_total_and_the_number_of_elements_are_bounded(void **state) {
  (void)state;
  static const char hex[] = "08006000 02000000 4354 10002000 04000000 34373131 40000001 08000000 FEFF00E0 00000000";
  scu_dataset *dataset;
  scu__dataset_limits limits = SCU__IDENTIFIER_LIMITS;
  limits.total_max = 6;
  limits.elements_max = 4;
  assert_int_equal(decode_limited(hex, limits, &dataset), SCU_OK);
  scu_dataset_free(dataset);
  limits.total_max = 5;
  assert_int_equal(decode_limited(hex, limits, &dataset), SCU_ERROR_LIMIT);
  assert_null(dataset);
  limits.total_max = 6;
  limits.elements_max = 3;
  assert_int_equal(decode_limited(hex, limits, &dataset), SCU_ERROR_LIMIT);
  assert_null(dataset);
}

static void test_building_stops_at_the_stop_tag(void **state) {
  (void)state;
  scu_dataset *dataset;
  scu__dataset_limits limits = SCU__IDENTIFIER_LIMITS;
  limits.stop_tag = SCU_TAG(0x0010, 0x0020);
  /* what follows the stop tag is not even looked at */
  assert_int_equal(decode_limited("08006000 02000000 4354 10002000 02000000 3120 FFFFFFFFFF", limits, &dataset),
                   SCU_OK);
  assert_int_equal(scu_dataset_count(dataset), 1);
  scu_dataset_free(dataset);
}

static void test_nesting_is_followed_to_its_limit_and_no_further(void **state) {
  (void)state;
  for (unsigned depth = SCU__NESTING_MAX; depth <= SCU__NESTING_MAX + 1; depth++) {
    scu__buffer bytes;
    scu__buffer_init(&bytes, NULL, TEST_ROOM);
    for (unsigned i = 0; i < depth; i++) {
      scu__element_header_write(
          &bytes, SCU__IMPLICIT_LE,
          &(scu__element_header){.tag = SCU_TAG(0x0040, 0x0100), .length = SCU__UNDEFINED_LENGTH});
      scu__element_header_write(&bytes, SCU__IMPLICIT_LE,
                                &(scu__element_header){.tag = SCU__TAG_ITEM, .length = SCU__UNDEFINED_LENGTH});
    }
    for (unsigned i = 0; i < depth; i++) {
      scu__element_header_write(&bytes, SCU__IMPLICIT_LE, &(scu__element_header){.tag = SCU__TAG_ITEM_DELIMITER});
      scu__element_header_write(&bytes, SCU__IMPLICIT_LE, &(scu__element_header){.tag = SCU__TAG_SEQUENCE_DELIMITER});
    }
    scu_dataset *dataset, *copy;
    scu_result result = scu__dataset_decode(bytes.data, bytes.length, SCU__IMPLICIT_LE, NULL, NULL, &dataset, NULL);
    assert_int_equal(result, depth > SCU__NESTING_MAX ? SCU_ERROR_LIMIT : SCU_OK);
    if (dataset) {
      assert_int_equal(scu_dataset_copy(dataset, &copy), SCU_OK);
      assert_same(dataset, copy);
      scu__buffer out = encode_ok(copy, SCU__EXPLICIT_BE);
      scu__buffer_free(&out);
      /* one level more by merging is one too many */
      scu_dataset *outer = new_dataset(), *item;
      assert_int_equal(scu_dataset_add_item(outer, SCU_TAG(0x0040, 0x0100), &item), SCU_OK);
      assert_int_equal(scu_dataset_merge(item, dataset), SCU_ERROR_LIMIT);
      scu_dataset_free(outer);
      scu_dataset_free(copy);
    }
    scu_dataset_free(dataset);
    scu__buffer_free(&bytes);
  }
}

static void test_a_length_lie_allocates_nothing_of_its_size(void **state) {
  (void)state;
  static const char *const lies[] = {
      "10002000 FEFFFFFF 31",
      "10002000 F0FFFFFF 31",
      "40000001 FEFFFFFF FEFF00E0 FEFFFFFF 10002000 FEFFFFFF",
      "40000001 08000000 FEFF00E0 00000080",
  };
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    scu_dataset *dataset;
    assert_int_equal(decode_limited(lies[i], SCU__IDENTIFIER_LIMITS, &dataset), SCU_ERROR_MALFORMED);
    assert_null(dataset);
  }
}

static void test_tokens_in_an_impossible_order_are_refused(void **state) {
  (void)state;
  static const scu__token_kind wrong[][2] = {
      {SCU__TOKEN_ITEM_BEGIN, 0},
      {SCU__TOKEN_ITEM_END, 0},
      {SCU__TOKEN_SEQUENCE_END, 0},
      {SCU__TOKEN_FRAGMENT, 0},
      {SCU__TOKEN_FRAGMENTS_END, 0},
      {SCU__TOKEN_SEQUENCE_BEGIN, SCU__TOKEN_ITEM_END},
      {SCU__TOKEN_SEQUENCE_BEGIN, SCU__TOKEN_ELEMENT},
      {SCU__TOKEN_FRAGMENTS_BEGIN, SCU__TOKEN_ELEMENT},
      {SCU__TOKEN_ELEMENT, SCU__TOKEN_ELEMENT},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    scu__dataset_builder builder;
    scu_dataset *dataset;
    scu_result result = SCU_OK;
    scu__dataset_builder_init(&builder, NULL, NULL);
    for (size_t k = 0; k < 2 && wrong[i][k]; k++) {
      scu__token token = {.kind = wrong[i][k], .tag = SCU_TAG(0x0040, 0x0100), .vr = SCU_VR_LO, .length = 2};
      result = scu__dataset_builder_put(&builder, &token, NULL);
    }
    assert_int_equal(result, SCU_ERROR_USAGE);
    assert_int_equal(scu__dataset_builder_take(&builder, &dataset, NULL), SCU_ERROR_USAGE);
    assert_null(dataset);
    scu__dataset_builder_free(&builder);
  }
}

static void test_values_in_pieces_and_a_cut_stream_give_what_is_whole(void **state) {
  (void)state;
  uint8_t bytes[200];
  size_t length = from_hex("08006000 02000000 4354 40000001 FFFFFFFF FEFF00E0 FFFFFFFF 10002000 04000000 34373131"
                           "10001000 04000000 4142",
                           bytes);
  static scu__reader reader;
  scu__reader_init(&reader, SCU__IMPLICIT_LE, NULL);
  scu__dataset_builder builder;
  scu__dataset_builder_init(&builder, NULL, NULL);
  for (size_t i = 0; i < length; i++) {
    scu__token token;
    scu__reader_push(&reader, bytes + i, 1);
    while (scu__reader_next(&reader, &token, NULL) == SCU_OK)
      assert_int_equal(scu__dataset_builder_put(&builder, &token, NULL), SCU_OK);
  }
  scu_dataset *dataset;
  assert_int_equal(scu__dataset_builder_take(&builder, &dataset, NULL), SCU_OK);
  scu__dataset_builder_free(&builder);
  assert_text(dataset, "Modality", "CT");
  assert_text(dataset, "ScheduledProcedureStepSequence[0].PatientID", "4711");
  assert_absent(dataset, "ScheduledProcedureStepSequence[0].PatientName");
  scu_dataset_free(dataset);
}

/* ---- character sets (RULES 15) ---- */

static void assert_encodes_as(scu_dataset *dataset, const char *set_name) {
  scu__buffer out = encode_ok(dataset, SCU__EXPLICIT_LE);
  scu_dataset *back = decode_ok(out.data, out.length, SCU__EXPLICIT_LE);
  if (set_name)
    assert_text(back, "SpecificCharacterSet", set_name);
  else
    assert_absent(back, "SpecificCharacterSet");
  char before[200], after[200];
  assert_int_equal(scu_dataset_text(dataset, "PatientName", before, sizeof before), SCU_OK);
  assert_int_equal(scu_dataset_text(back, "PatientName", after, sizeof after), SCU_OK);
  assert_string_equal(before, after);
  scu__buffer_free(&out);
  scu_dataset_free(back);
}

static void test_the_narrowest_character_set_is_chosen(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"Doe^Jane", NULL},           {"Müller^Jörg", "ISO_IR 100"}, {"Wałęsa", "ISO_IR 101"},
      {"Люкceмбypг", "ISO_IR 144"}, {"Jörg=Люк", "ISO_IR 192"},    {"😀", "ISO_IR 192"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    scu_dataset *dataset = new_dataset();
    set(dataset, "PatientName", rows[i][0]);
    assert_int_equal(scu__dataset_is_ascii(dataset), rows[i][1] == NULL);
    assert_encodes_as(dataset, rows[i][1]);
    scu_dataset_free(dataset);
  }
}

static void test_one_set_has_to_hold_the_texts_of_all_items(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientName", "Jörg");
  set(dataset, "ScheduledProcedureStepSequence[0].PatientName", "Люк");
  scu__buffer out = encode_ok(dataset, SCU__IMPLICIT_LE);
  scu_dataset *back = decode_ok(out.data, out.length, SCU__IMPLICIT_LE);
  assert_text(back, "SpecificCharacterSet", "ISO_IR 192");
  assert_text(back, "PatientName", "Jörg");
  assert_text(back, "ScheduledProcedureStepSequence[0].PatientName", "Люк");
  assert_absent(back, "ScheduledProcedureStepSequence[0].SpecificCharacterSet");
  scu__buffer_free(&out);
  scu_dataset_free(back);
  scu_dataset_free(dataset);
}

static void test_items_with_a_set_of_their_own_choose_for_themselves(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset(), *item;
  set(dataset, "PatientName", "Müller");
  assert_int_equal(scu_dataset_add_item(dataset, SCU_TAG(0x0040, 0x0100), &item), SCU_OK);
  assert_int_equal(scu_dataset_set_charset(item, "ISO_IR 144"), SCU_OK);
  set(item, "PatientName", "Люк");
  scu__buffer out = encode_ok(dataset, SCU__EXPLICIT_BE);
  scu_dataset *back = decode_ok(out.data, out.length, SCU__EXPLICIT_BE);
  assert_text(back, "SpecificCharacterSet", "ISO_IR 100");
  assert_text(back, "PatientName", "Müller");
  assert_text(back, "ScheduledProcedureStepSequence[0].SpecificCharacterSet", "ISO_IR 144");
  assert_text(back, "ScheduledProcedureStepSequence[0].PatientName", "Люк");
  scu__buffer_free(&out);
  scu_dataset_free(back);
  scu_dataset_free(dataset);
}

static void test_the_set_that_is_there_is_kept_while_it_holds_the_texts(void **state) {
  (void)state;
  static const char hex[] = "08000500 0A000000 49534F5F495220313434 10002000 02000000 E420";
  scu_dataset *dataset = decode_hex(hex, SCU__IMPLICIT_LE);
  set(dataset, "PatientName", "Люк");
  assert_encodes_as(dataset, "ISO_IR 144");
  set(dataset, "PatientName", "Jörg");
  assert_encodes_as(dataset, "ISO_IR 192");
  assert_text(dataset, "PatientID", "ф");
  scu__buffer out = encode_ok(dataset, SCU__EXPLICIT_LE);
  scu_dataset *back = decode_ok(out.data, out.length, SCU__EXPLICIT_LE);
  assert_text(back, "PatientID", "ф");
  scu__buffer_free(&out);
  scu_dataset_free(back);
  scu_dataset_free(dataset);
}

static void test_a_fixed_set_is_used_or_the_encoding_fails(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  scu_error error;
  scu__buffer out;
  set(dataset, "PatientName", "Müller");
  assert_int_equal(scu_dataset_set_charset(dataset, "ISO_IR 192"), SCU_OK);
  assert_encodes_as(dataset, "ISO_IR 192");
  assert_int_equal(scu_dataset_set_charset(dataset, "ISO_IR 144"), SCU_OK);
  scu__error_clear(&error);
  scu__buffer_init(&out, NULL, TEST_ROOM);
  assert_int_equal(scu__dataset_encode(dataset, SCU__IMPLICIT_LE, &out, &error), SCU_ERROR_USAGE);
  assert_int_equal(scu_error_tag(&error), 0x00100010);
  assert_null(strstr(scu_error_reason(&error), "ller"));
  assert_int_equal(scu_dataset_set_charset(dataset, ""), SCU_OK);
  assert_absent(dataset, "SpecificCharacterSet");
  scu__error_clear(&error);
  scu__buffer_clear(&out);
  assert_int_equal(scu__dataset_encode(dataset, SCU__IMPLICIT_LE, &out, &error), SCU_ERROR_USAGE);
  assert_int_equal(scu_dataset_set_charset(dataset, "KLINGON"), SCU_ERROR_USAGE);
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

static void test_changing_the_set_keeps_what_texts_say(void **state) {
  (void)state;
  static const char hex[] = "08000500 0A000000 49534F5F495220313434 10001000 02000000 E420"
                            "40000001 12000000 FEFF00E0 0A000000 10001000 02000000 E420";
  for (int way = 0; way < 4; way++) {
    scu_dataset *dataset = decode_hex(hex, SCU__IMPLICIT_LE);
    if (way == 0) assert_int_equal(scu_dataset_set_charset(dataset, "ISO_IR 192"), SCU_OK);
    if (way == 1) assert_int_equal(scu_dataset_remove(dataset, "SpecificCharacterSet"), SCU_OK);
    if (way == 2) set(dataset, "SpecificCharacterSet", "\\ISO 2022 IR 144");
    if (way == 3)
      assert_int_equal(scu_dataset_set_bytes(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET, SCU_VR_CS, "ISO_IR 100", 10),
                       SCU_OK);
    assert_text(dataset, "PatientName", "ф");
    assert_text(dataset, "ScheduledProcedureStepSequence[0].PatientName", "ф");
    static const char *const sets[] = {"ISO_IR 192", "ISO_IR 144", "\\ISO 2022 IR 144", "ISO_IR 144"};
    assert_encodes_as(dataset, sets[way]);
    scu_dataset_free(dataset);
  }
}

static void test_a_set_can_be_assumed_for_bytes_that_name_none(void **state) {
  (void)state;
  static const struct {
    const char *hex;
    bool lacks;
  } cases[] = {
      {"10001000 02000000 E420", true},
      {"10001000 02000000 1B28", true},                                         /* an escape */
      {"08000500 02000000 2020 10001000 02000000 E420", true},                  /* a set without a name */
      {"40000001 12000000 FEFF00E0 0A000000 10001000 02000000 E420", true},     /* in an item */
      {"08000500 0A000000 49534F5F495220313434 10001000 02000000 E420", false}, /* it names ISO_IR 144 */
      {"08000500 0A000000 49534F5F495220313434 40000001 12000000 FEFF00E0 0A000000 10001000 02000000 E420", false},
      {"40000001 24000000 FEFF00E0 1C000000 08000500 0A000000 49534F5F495220313434 10001000 02000000 E420", false},
      {"10001000 02000000 4120", false}, /* ASCII */
      {"20000D00 02000000 E420", false}, /* a UID is in no set */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu_dataset *dataset = decode_hex(cases[i].hex, SCU__IMPLICIT_LE);
    if (scu__dataset_lacks_charset(dataset) != cases[i].lacks) fail_msg("case %zu", i);
    scu_dataset_free(dataset);
  }
  scu_dataset *dataset = decode_hex(cases[0].hex, SCU__IMPLICIT_LE);
  assert_int_equal(scu__dataset_assume_charset(dataset, "ISO_IR 144"), SCU_OK);
  assert_text(dataset, "PatientName", "ф");
  assert_int_equal(scu_element_bytes(scu_dataset_find(dataset, 0x00100010))[0], 0xE4);
  assert_false(scu__dataset_lacks_charset(dataset));
  assert_encodes_as(dataset, "ISO_IR 144");
  set(dataset, "PatientID", "Jörg"); /* which it does not hold */
  assert_encodes_as(dataset, "ISO_IR 192");
  assert_text(dataset, "PatientName", "ф");
  scu_dataset_free(dataset);
}

static void test_bytes_that_no_set_explains_stay_as_they_are(void **state) {
  (void)state;
  static const char hex[] = "10001000 04000000 4DFC6C20";
  uint8_t bytes[100];
  size_t length = from_hex(hex, bytes);
  scu_dataset *dataset = decode_ok(bytes, length, SCU__IMPLICIT_LE);
  assert_text(dataset, "PatientName", "M\xEF\xBF\xBDl");
  scu__buffer out = encode_ok(dataset, SCU__IMPLICIT_LE);
  assert_int_equal(out.length, length);
  assert_memory_equal(out.data, bytes, length);
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

/* ---- memory ---- */

static void build_with(const scu_allocator *allocator, scu_result *result) {
  scu_dataset *dataset = NULL, *copy = NULL, *back = NULL;
  scu__buffer out;
  scu__buffer_init(&out, allocator, TEST_ROOM);
  *result = scu_dataset_new(allocator, &dataset);
  static const char *const keys[][2] = {
      {"PatientName", "Müller"},
      {"Rows", "1\\2\\3"},
      {"ScheduledProcedureStepSequence[0].PatientName", "Люк"},
      {"ScheduledProcedureStepSequence[1].PatientName", "x"},
      {"ScheduledProcedureStepSequence[2].PatientName", "y"},
      {"0008,0005", "ISO_IR 192"},
  };
  for (size_t i = 0; *result == SCU_OK && i < sizeof keys / sizeof *keys; i++)
    *result = scu_dataset_set_text(dataset, keys[i][0], keys[i][1]);
  /* enough to make the arena grow */
  for (unsigned i = 0; *result == SCU_OK && i < 200; i++)
    *result = scu_dataset_set_bytes(dataset, SCU_TAG(0x0011, 0x1000 + i), SCU_VR_LO, "0123456789abcdef", 16);
  if (*result == SCU_OK) *result = scu_dataset_copy(dataset, &copy);
  if (*result == SCU_OK) *result = scu_dataset_merge(copy, dataset);
  if (*result == SCU_OK) *result = scu__dataset_encode(copy, SCU__EXPLICIT_LE, &out, NULL);
  if (*result == SCU_OK)
    *result = scu__dataset_decode(out.data, out.length, SCU__EXPLICIT_LE, allocator, NULL, &back, NULL);
  char text[20] = "";
  if (*result == SCU_OK)
    *result = scu_dataset_text(back, "ScheduledProcedureStepSequence[0].PatientName", text, sizeof text);
  if (*result == SCU_OK) assert_string_equal(text, "Люк");
  scu_dataset_free(dataset);
  scu_dataset_free(copy);
  scu_dataset_free(back);
  scu__buffer_free(&out);
}

static void test_failing_memory_is_reported_at_every_request(void **state) {
  (void)state;
  scu_result result = SCU_ERROR_MEMORY;
  size_t tries = 0;
  for (; result != SCU_OK; tries++) {
    failing_allocator memory;
    failing_allocator_init(&memory, tries);
    build_with(&memory.allocator, &result);
    assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
    assert_int_equal(memory.alive, 0);
    assert_true(tries < 1000);
  }
  assert_true(tries > 10);
}

static void test_a_dataset_is_sound_after_memory_failed_while_it_changed(void **state) {
  (void)state;
  for (size_t i = 0; i < 12; i++) {
    failing_allocator memory;
    scu_dataset *dataset;
    failing_allocator_init(&memory, SIZE_MAX);
    assert_int_equal(scu_dataset_new(&memory.allocator, &dataset), SCU_OK);
    set(dataset, "PatientID", "kept");
    memory.fail_at = memory.requests + i;
    for (unsigned k = 0; k < 300; k++) {
      char path[60];
      snprintf(path, sizeof path, "ScheduledProcedureStepSequence[%u].PatientName", k);
      if (scu_dataset_set_text(dataset, path, "0123456789abcdef0123456789abcdef") != SCU_OK) break;
    }
    assert_text(dataset, "PatientID", "kept");
    scu__buffer json = json_of(dataset, NULL);
    assert_true(json_is_valid((char *)json.data));
    scu__buffer_free(&json);
    scu_dataset_free(dataset);
    assert_int_equal(memory.alive, 0);
  }
}

static void test_decoding_again_and_again_allocates_nothing(void **state) {
  (void)state;
  scu_dataset *model = rich_dataset(), *row;
  scu__buffer bytes = encode_ok(model, SCU__IMPLICIT_LE);
  failing_allocator memory;
  failing_allocator_init(&memory, SIZE_MAX);
  scu__dataset_decoder *decoder = malloc(sizeof *decoder);
  scu__dataset_decoder_init(decoder, &memory.allocator, NULL);
  assert_int_equal(scu_dataset_new(&memory.allocator, &row), SCU_OK);
  size_t requests = 0;
  for (int i = 0; i < 50; i++) {
    char text[64];
    assert_int_equal(scu__dataset_decode_into(decoder, bytes.data, bytes.length, SCU__IMPLICIT_LE, row, NULL), SCU_OK);
    assert_int_equal(scu_dataset_text(row, "PatientName", text, sizeof text), SCU_OK);
    assert_string_equal(text, "Müller^Jörg");
    if (i == 5) requests = memory.requests;
  }
  assert_int_equal(memory.requests, requests);
  /* after a broken row the dataset is empty, and the next row is whole again */
  assert_int_equal(scu__dataset_decode_into(decoder, bytes.data, bytes.length - 1, SCU__IMPLICIT_LE, row, NULL),
                   SCU_ERROR_MALFORMED);
  assert_int_equal(scu_dataset_count(row), 0);
  assert_int_equal(scu__dataset_decode_into(decoder, bytes.data, bytes.length, SCU__IMPLICIT_LE, row, NULL), SCU_OK);
  assert_text(row, "PatientName", "Müller^Jörg");
  scu__dataset_decoder_free(decoder);
  free(decoder);
  scu_dataset_free(row);
  assert_int_equal(memory.alive, 0);
  scu__buffer_free(&bytes);
  scu_dataset_free(model);
}

/* ---- the sample files ---- */

static bool has_left_out(const scu_dataset *dataset) {
  scu__walk walk;
  scu__walk_start(&walk, dataset);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;)
    for (size_t i = 0; i < at->count; i++)
      if (at->elements[i].is_left_out) return true;
  return false;
}

static void test_every_sample_file_decodes_and_survives_encoding(void **state) {
  (void)state;
  char folder[1000], file[1000];
  size_t count = 0, again_count = 0;
  FILE *manifest = open_samples(folder, sizeof folder);
  if (!manifest) skip();
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, (size_t)1 << 30);
  while (next_sample(manifest, file, sizeof file)) {
    scu__encoding encoding;
    scu_dataset *dataset = sample_dataset(folder, file, &bytes, &encoding);
    count++;
    if (has_left_out(dataset)) scu_dataset_remove(dataset, "PixelData");
    if (!has_left_out(dataset)) {
      scu__buffer out = encode_ok(dataset, encoding);
      scu_dataset *back = decode_ok(out.data, out.length, encoding);
      scu__buffer twice = encode_ok(back, encoding);
      if (out.length != twice.length || memcmp(out.data, twice.data, out.length) != 0) fail_msg("%s", file);
      scu__buffer_free(&out);
      scu__buffer_free(&twice);
      scu_dataset_free(back);
      again_count++;
    }
    scu_dataset_free(dataset);
  }
  scu__buffer_free(&bytes);
  fclose(manifest);
  print_message("%zu sample files decoded, %zu encoded and decoded again\n", count, again_count);
  assert_true(again_count > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_was_set_is_found_in_rising_tag_order),
      cmocka_unit_test(test_a_thousand_elements_in_falling_order_are_all_found),
      cmocka_unit_test(test_a_path_that_is_none_is_told_from_one_that_is_absent),
      cmocka_unit_test(test_padding_is_trimmed_as_the_vr_says),
      cmocka_unit_test(test_text_that_does_not_fit_is_cut_between_characters),
      cmocka_unit_test(test_values_are_counted_and_read_one_by_one),
      cmocka_unit_test(test_integers_are_read_from_text_and_binary),
      cmocka_unit_test(test_a_uv_beyond_63_bits_is_text_but_no_integer),
      cmocka_unit_test(test_floats_are_text_in_their_shortest_form),
      cmocka_unit_test(test_what_has_no_text_is_unsupported),
      cmocka_unit_test(test_a_nul_inside_a_text_does_not_hide_the_rest),
      cmocka_unit_test(test_paths_make_sequences_and_items_in_order),
      cmocka_unit_test(test_what_cannot_be_set_says_why_and_changes_nothing),
      cmocka_unit_test(test_bytes_are_checked_before_they_are_set),
      cmocka_unit_test(test_us_or_ss_follows_the_pixel_representation),
      cmocka_unit_test(test_private_elements_keep_the_vr_they_have),
      cmocka_unit_test(test_empty_elements_items_and_sequences_can_be_made),
      cmocka_unit_test(test_elements_and_items_can_be_removed),
      cmocka_unit_test(test_a_copy_is_equal_and_lives_on_its_own),
      cmocka_unit_test(test_the_copy_of_an_item_brings_its_character_set),
      cmocka_unit_test(test_merging_replaces_and_adds),
      cmocka_unit_test(test_merging_keeps_the_meaning_of_texts_in_other_character_sets),
      cmocka_unit_test(test_a_dataset_can_be_merged_into_its_own_item),
      cmocka_unit_test(test_bytes_by_hand_come_out_in_all_three_encodings),
      cmocka_unit_test(test_a_rich_dataset_survives_every_encoding),
      cmocka_unit_test(test_what_was_not_touched_goes_out_byte_by_byte),
      cmocka_unit_test(test_group_lengths_and_trailing_padding_are_not_written),
      cmocka_unit_test(test_a_value_too_long_for_its_vr_goes_to_un),
      cmocka_unit_test(test_private_sequences_stay_sequences_in_implicit_vr),
      cmocka_unit_test(test_sequences_in_un_keep_implicit_vr_inside),
      cmocka_unit_test(test_fragments_are_kept_and_written),
      cmocka_unit_test(test_of_elements_with_one_tag_the_first_counts),
      cmocka_unit_test(test_many_elements_in_any_order_are_sorted_and_the_first_stays),
      cmocka_unit_test(test_half_a_million_empty_elements_take_little_memory),
      cmocka_unit_test(test_every_truncation_is_refused_or_ends_between_elements),
      cmocka_unit_test(test_every_changed_byte_is_decoded_or_refused),
      cmocka_unit_test(test_values_above_the_limit_leave_tag_vr_and_length),
      cmocka_unit_test(test_the_total_and_the_number_of_elements_are_bounded),
      cmocka_unit_test(test_building_stops_at_the_stop_tag),
      cmocka_unit_test(test_nesting_is_followed_to_its_limit_and_no_further),
      cmocka_unit_test(test_a_length_lie_allocates_nothing_of_its_size),
      cmocka_unit_test(test_tokens_in_an_impossible_order_are_refused),
      cmocka_unit_test(test_values_in_pieces_and_a_cut_stream_give_what_is_whole),
      cmocka_unit_test(test_the_narrowest_character_set_is_chosen),
      cmocka_unit_test(test_one_set_has_to_hold_the_texts_of_all_items),
      cmocka_unit_test(test_items_with_a_set_of_their_own_choose_for_themselves),
      cmocka_unit_test(test_the_set_that_is_there_is_kept_while_it_holds_the_texts),
      cmocka_unit_test(test_a_fixed_set_is_used_or_the_encoding_fails),
      cmocka_unit_test(test_changing_the_set_keeps_what_texts_say),
      cmocka_unit_test(test_a_set_can_be_assumed_for_bytes_that_name_none),
      cmocka_unit_test(test_bytes_that_no_set_explains_stay_as_they_are),
      cmocka_unit_test(test_failing_memory_is_reported_at_every_request),
      cmocka_unit_test(test_a_dataset_is_sound_after_memory_failed_while_it_changed),
      cmocka_unit_test(test_decoding_again_and_again_allocates_nothing),
      cmocka_unit_test(test_every_sample_file_decodes_and_survives_encoding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
