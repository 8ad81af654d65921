/* DICOM JSON (PS3.18 F): the forms of values, and that nothing makes it invalid (catalogue S19, S26). */
#include "dataset_test.h"

#include <locale.h>

static void test_an_empty_dataset_is_an_empty_object(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  assert_json(dataset, "{}");
  scu_dataset_free(dataset);
}

static void test_texts_are_arrays_of_strings_in_rising_tag_order(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientID", "4711");
  set(dataset, "StudyDate", "20240131");
  set(dataset, "ModalitiesInStudy", "CT\\MR");
  assert_json(dataset, "{\"00080020\":{\"vr\":\"DA\",\"Value\":[\"20240131\"]},"
                       "\"00080061\":{\"vr\":\"CS\",\"Value\":[\"CT\",\"MR\"]},"
                       "\"00100020\":{\"vr\":\"LO\",\"Value\":[\"4711\"]}}");
  scu_dataset_free(dataset);
}

static void test_an_element_without_value_has_only_its_vr(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  assert_int_equal(scu_dataset_set_empty(dataset, "PatientName"), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "  ", 2), SCU_OK);
  assert_int_equal(scu_dataset_set_empty(dataset, "Rows"), SCU_OK);
  assert_int_equal(scu_dataset_set_empty(dataset, "PixelData"), SCU_OK);
  assert_json(dataset, "{\"00100010\":{\"vr\":\"PN\"},\"00100020\":{\"vr\":\"LO\"},\"00280010\":{\"vr\":\"US\"},"
                       "\"7FE00010\":{\"vr\":\"OW\"}}");
  scu_dataset_free(dataset);
}

static void test_an_empty_value_among_others_is_null(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "ImageType", "ORIGINAL\\\\AXIAL");
  set(dataset, "OtherPatientNames", "Doe^J\\\\==\\Roe");
  set(dataset, "SliceThickness", "\\1");
  assert_json(dataset, "{\"00080008\":{\"vr\":\"CS\",\"Value\":[\"ORIGINAL\",null,\"AXIAL\"]},"
                       "\"00101001\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"Doe^J\"},null,null,"
                       "{\"Alphabetic\":\"Roe\"}]},"
                       "\"00180050\":{\"vr\":\"DS\",\"Value\":[null,1]}}");
  scu_dataset_free(dataset);
}

static void test_names_are_split_into_their_three_groups(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう");
  assert_json(dataset, "{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"Yamada^Tarou\",\"Ideographic\":"
                       "\"山田^太郎\",\"Phonetic\":\"やまだ^たろう\"}]}}");
  set(dataset, "PatientName", "=山田^太郎");
  assert_json(dataset, "{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Ideographic\":\"山田^太郎\"}]}}");
  set(dataset, "PatientName", "==やまだ=beyond");
  assert_json(dataset, "{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Phonetic\":\"やまだ\"}]}}");
  set(dataset, "PatientName", "==");
  assert_json(dataset, "{\"00100010\":{\"vr\":\"PN\"}}");
  scu_dataset_free(dataset);
}

static void assert_number(const char *path, const char *text, const char *expected) {
  scu_dataset *dataset = new_dataset();
  set(dataset, path, text);
  scu__buffer out = json_of(dataset, NULL);
  char wanted[300];
  snprintf(wanted, sizeof wanted, "\"Value\":[%s]}", expected);
  if (!strstr((const char *)out.data, wanted)) fail_msg("%s: %s, not %s", text, (const char *)out.data, wanted);
  assert_true(json_is_valid((const char *)out.data));
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

static void test_decimal_strings_are_numbers_as_they_were_written(void **state) {
  (void)state;
  assert_number("SliceThickness", "1.50", "1.50");
  assert_number("SliceThickness", "-0", "-0");
  assert_number("SliceThickness", "1e-3", "1e-3");
  assert_number("SliceThickness", "1.5E+05", "1.5E+05");
  assert_number("SliceThickness", " 12 ", "12");
}

static void test_decimal_strings_that_json_cannot_say_as_they_are_are_put_right(void **state) {
  (void)state;
  assert_number("SliceThickness", "+1.5", "1.5");
  assert_number("SliceThickness", ".5", "0.5");
  assert_number("SliceThickness", "-.5", "-0.5");
  assert_number("SliceThickness", "5.", "5");
  assert_number("SliceThickness", "007", "7");
  assert_number("SliceThickness", "-007.50", "-7.50");
  assert_number("SliceThickness", "000", "0");
  assert_number("InstanceNumber", "+42", "42");
}

static void test_numbers_that_are_none_or_too_large_are_strings(void **state) {
  (void)state;
  static const char *const broken[] = {
      "1e999", "NaN", "1,5", "1.5mm", "--1", "0x10", ".", "e5", "1e", "12345678901234567890", "+", "1 2", "inf"};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", broken[i]);
    assert_number("SliceThickness", broken[i], quoted);
    assert_number("InstanceNumber", broken[i], quoted);
  }
  char digits[101];
  memset(digits, '9', 100);
  digits[100] = 0;
  char quoted[104];
  snprintf(quoted, sizeof quoted, "\"%s\"", digits);
  assert_number("InstanceNumber", digits, quoted);
}

static void test_binary_integers_are_numbers_up_to_2_to_the_53(void **state) {
  (void)state;
  assert_number("Rows", "0\\65535", "0,65535");
  assert_number("SmallestImagePixelValue", "7", "7");
  assert_number("ReferencePixelX0", "-2147483648", "-2147483648");
  assert_number("SelectorUVValue", "9007199254740991", "9007199254740991");
}

static void test_64_bit_integers_beyond_2_to_the_53_are_strings(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  static const uint8_t values[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0,    0,    0,    0,    0,
                                   0,    0,    0x20, 0,    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1001), SCU_VR_UV, values, 24), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1002), SCU_VR_SV, values, 24), SCU_OK);
  assert_json(dataset, "{\"00091001\":{\"vr\":\"UV\",\"Value\":[9007199254740991,\"9007199254740992\","
                       "\"18446744073709551615\"]},"
                       "\"00091002\":{\"vr\":\"SV\",\"Value\":[9007199254740991,\"9007199254740992\",-1]}}");
  scu_dataset_free(dataset);
}

static void test_floats_are_numbers_and_the_others_strings(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  static const uint8_t singles[] = {0xCD, 0xCC, 0xCC, 0x3D, 0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0xFF, 0, 0, 0x80, 0xBF};
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1001), SCU_VR_FL, singles, 16), SCU_OK);
  set(dataset, "RealWorldValueSlope", "1e300");
  assert_json(dataset, "{\"00091001\":{\"vr\":\"FL\",\"Value\":[0.1,\"NaN\",\"-inf\",-1]},"
                       "\"00409225\":{\"vr\":\"FD\",\"Value\":[1e300]}}");
  scu_dataset_free(dataset);
}

static void test_tags_are_strings_of_eight_digits(void **state) {
  (void)state;
  assert_number("FrameIncrementPointer", "FrameTime\\0018,106a", "\"00181063\",\"0018106A\"");
}

static void test_bulk_values_are_base64_with_padding(void **state) {
  (void)state;
  static const char *const expected[] = {"", "TQ==", "TWE=", "TWFu", "TWFu+w=="};
  for (size_t length = 1; length < 5; length++) {
    scu_dataset *dataset = new_dataset();
    char wanted[100];
    assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x7FE0, 0x0010), SCU_VR_OB, "Man\xFB", length), SCU_OK);
    snprintf(wanted, sizeof wanted, "{\"7FE00010\":{\"vr\":\"OB\",\"InlineBinary\":\"%s\"}}", expected[length]);
    assert_json(dataset, wanted);
    scu_dataset_free(dataset);
  }
}

static void test_bulk_values_above_the_limit_are_left_out(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  scu_json_options options = {.size = sizeof options, .inline_bytes_max = 3};
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x7FE0, 0x0010), SCU_VR_OW, "1234", 4), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1001), SCU_VR_UN, "123", 3), SCU_OK);
  scu__buffer out = json_of(dataset, &options);
  assert_string_equal((char *)out.data, "{\"00091001\":{\"vr\":\"UN\",\"InlineBinary\":\"MTIz\"},"
                                        "\"7FE00010\":{\"vr\":\"OW\"}}");
  scu__buffer_free(&out);
  options.size = offsetof(scu_json_options, inline_bytes_max);
  assert_int_equal(scu_dataset_write_json(dataset, &options, collect, NULL), SCU_ERROR_USAGE);
  scu_dataset_free(dataset);
}

static void test_sequences_are_arrays_of_objects(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset(), *item;
  set(dataset, "ScheduledProcedureStepSequence[0].Modality", "MR");
  assert_int_equal(scu_dataset_set_empty(dataset, "ScheduledProcedureStepSequence[1]"), SCU_OK);
  assert_int_equal(scu_dataset_set_empty(dataset, "ReferencedStudySequence"), SCU_OK);
  assert_int_equal(scu_dataset_add_item(dataset, SCU_TAG(0x0009, 0x1000), &item), SCU_OK);
  assert_json(dataset,
              "{\"00081110\":{\"vr\":\"SQ\"},\"00091000\":{\"vr\":\"SQ\",\"Value\":[{}]},"
              "\"00400100\":{\"vr\":\"SQ\",\"Value\":[{\"00080060\":{\"vr\":\"CS\",\"Value\":[\"MR\"]}},{}]}}");
  scu_dataset_free(dataset);
}

static void test_the_character_set_is_said_to_be_unicode(void **state) {
  (void)state;
  scu_dataset *dataset =
      decode_hex("08000500 0A000000 49534F5F495220313030 10001000 04000000 4DFC6C20", SCU__IMPLICIT_LE);
  assert_json(dataset, "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},"
                       "\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"Mül\"}]}}");
  scu_dataset_free(dataset);
}

static void test_items_use_their_own_character_set(void **state) {
  (void)state;
  /* ISO_IR 100 outside, ISO_IR 144 in the first item, inherited in the second: E4 is ä, ф, ä. */
  scu_dataset *dataset = decode_hex("08000500 0A000000 49534F5F495220313030"
                                    "40000001 36000000 FEFF00E0 1C000000"
                                    "08000500 0A000000 49534F5F495220313434 10001000 02000000 E420"
                                    "FEFF00E0 0A000000 10001000 02000000 E420",
                                    SCU__IMPLICIT_LE);
  assert_text(dataset, "ScheduledProcedureStepSequence[0].PatientName", "ф");
  assert_text(dataset, "ScheduledProcedureStepSequence[1].PatientName", "ä");
  scu_dataset_free(dataset);
}

static void test_group_lengths_are_left_out(void **state) {
  (void)state;
  scu_dataset *dataset = decode_hex("08000000 04000000 0A000000 08006000 02000000 4354", SCU__IMPLICIT_LE);
  assert_json(dataset, "{\"00080060\":{\"vr\":\"CS\",\"Value\":[\"CT\"]}}");
  scu_dataset_free(dataset);
}

static void test_control_characters_and_quotes_are_escaped(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientComments", "a\"b\\c\n\r\t\x01\x1b[31m\x7f\xC2\x9B\xE2\x80\xA8");
  assert_json(dataset, "{\"00104000\":{\"vr\":\"LT\",\"Value\":["
                       "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001B[31m\\u007F\\u009B\\u2028\"]}}");
  scu_dataset_free(dataset);
}

static void test_every_byte_in_every_text_vr_makes_valid_json(void **state) {
  (void)state;
  static const scu_vr vrs[] = {SCU_VR_AE, SCU_VR_AS, SCU_VR_CS, SCU_VR_DA, SCU_VR_DS,       SCU_VR_DT, SCU_VR_IS,
                               SCU_VR_LO, SCU_VR_LT, SCU_VR_PN, SCU_VR_SH, SCU_VR_ST,       SCU_VR_TM, SCU_VR_UC,
                               SCU_VR_UI, SCU_VR_UR, SCU_VR_UT, SCU_VR_UN, SCU_VR('Z', 'Z')};
  static const char *const sets[] = {"",        "ISO_IR 100", "ISO_IR 192", "\\ISO 2022 IR 87",
                                     "GB18030", "ISO_IR 13",  "nonsense"};
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
    scu_dataset *dataset = new_dataset();
    assert_int_equal(
        scu_dataset_set_bytes(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET, SCU_VR_CS, sets[s], strlen(sets[s])), SCU_OK);
    for (size_t v = 0; v < sizeof vrs / sizeof *vrs; v++) {
      for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t value[] = {'a', (uint8_t)byte, 'b', (uint8_t)byte, (uint8_t)(byte ^ 0x80), '\\', (uint8_t)byte};
        scu_tag tag = SCU_TAG(0x0011, 0x1000 + v * 256 + byte);
        assert_int_equal(scu_dataset_set_bytes(dataset, tag, vrs[v], value, sizeof value), SCU_OK);
      }
    }
    scu__buffer out = json_of(dataset, NULL);
    assert_int_equal(strlen((char *)out.data), out.length - 1);
    assert_true(json_is_valid((char *)out.data));
    scu__buffer_free(&out);
    scu_dataset_free(dataset);
  }
}

static void test_values_cut_inside_a_number_do_not_count(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0028, 0x0010), SCU_VR_US, "\1\0\2", 3), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0028, 0x0011), SCU_VR_US, "\1", 1), SCU_OK);
  assert_json(dataset, "{\"00280010\":{\"vr\":\"US\",\"Value\":[1]},\"00280011\":{\"vr\":\"US\"}}");
  scu_dataset_free(dataset);
}

static void test_a_hundred_levels_make_valid_json_and_the_limit_holds(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset(), *level = dataset;
  for (int i = 0; i < SCU__NESTING_MAX; i++) {
    assert_int_equal(scu_dataset_add_item(level, SCU_TAG(0x0040, 0x0100), &level), SCU_OK);
    set(level, "PatientID", "1");
  }
  scu_dataset *beyond;
  assert_int_equal(scu_dataset_add_item(level, SCU_TAG(0x0040, 0x0100), &beyond), SCU_ERROR_LIMIT);
  scu__buffer out = json_of(dataset, NULL);
  assert_true(json_is_valid((char *)out.data));
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

static void test_the_answer_of_the_writer_is_handed_back(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientID", "1");
  scu__buffer out;
  scu__buffer_init(&out, NULL, 10);
  assert_int_equal(scu_dataset_write_json(dataset, NULL, collect, &out), SCU_ERROR_LIMIT);
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

static void test_failing_memory_is_reported_at_every_request(void **state) {
  (void)state;
  uint8_t bytes[200];
  size_t length =
      from_hex("08000500 0A000000 49534F5F495220313030 10001000 04000000 4DFC6C20 10004000 02000000 E4E4", bytes);
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    failing_allocator memory;
    failing_allocator_init(&memory, SIZE_MAX);
    scu_dataset *dataset;
    assert_int_equal(scu__dataset_decode(bytes, length, SCU__IMPLICIT_LE, &memory.allocator, NULL, &dataset, NULL),
                     SCU_OK);
    memory.fail_at = memory.requests + i;
    scu__buffer out;
    scu__buffer_init(&out, NULL, TEST_ROOM);
    result = scu_dataset_write_json(dataset, NULL, collect, &out);
    assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
    scu__buffer_free(&out);
    scu_dataset_free(dataset);
    assert_int_equal(memory.alive, 0);
    assert_true(i < 50);
  }
}

static void test_a_locale_with_decimal_commas_changes_nothing(void **state) {
  (void)state;
  if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "tr_TR.UTF-8")) {
    print_message("[  SKIPPED ] no German or Turkish locale here\n");
    skip();
  }
  assert_number("SliceThickness", "1.5", "1.5");
  assert_number("RealWorldValueSlope", "1.5", "1.5");
  setlocale(LC_ALL, "C");
}

static void test_every_sample_file_makes_valid_json(void **state) {
  (void)state;
  char folder[1000], file[1000];
  size_t count = 0;
  FILE *manifest = open_samples(folder, sizeof folder);
  if (!manifest) skip();
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, (size_t)1 << 30);
  while (next_sample(manifest, file, sizeof file)) {
    scu__encoding encoding;
    scu_dataset *dataset = sample_dataset(folder, file, &bytes, &encoding);
    scu__buffer out = json_of(dataset, NULL);
    if (!json_is_valid((char *)out.data)) fail_msg("%s", file);
    scu__buffer_free(&out);
    scu_dataset_free(dataset);
    count++;
  }
  scu__buffer_free(&bytes);
  fclose(manifest);
  print_message("%zu sample files\n", count);
  assert_true(count > 0);
}

static void test_the_checker_of_this_test_knows_json(void **state) {
  (void)state;
  static const char *const good[] = {"{}", "[]", "{\"a\":[1,-2.5e+3,null,\"\\u00e4\\n\"],\"b\":{}}", "[[],[{}]]", "0"};
  static const char *const bad[] = {"",     "{",     "{]",       "{\"a\"}", "{\"a\":}", "[1,]",      "[01]",
                                    "[1.]", "[.5]",  "[+1]",     "[1e]",    "\"\n\"",   "[\"\\x\"]", "{\"a\":1,}",
                                    "[1]x", "[NaN]", "\"\xE4\"", "{a:1}",   "[1 2]",    "[}"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (!json_is_valid(good[i])) fail_msg("%s", good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (json_is_valid(bad[i])) fail_msg("%s", bad[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_checker_of_this_test_knows_json),
      cmocka_unit_test(test_an_empty_dataset_is_an_empty_object),
      cmocka_unit_test(test_texts_are_arrays_of_strings_in_rising_tag_order),
      cmocka_unit_test(test_an_element_without_value_has_only_its_vr),
      cmocka_unit_test(test_an_empty_value_among_others_is_null),
      cmocka_unit_test(test_names_are_split_into_their_three_groups),
      cmocka_unit_test(test_decimal_strings_are_numbers_as_they_were_written),
      cmocka_unit_test(test_decimal_strings_that_json_cannot_say_as_they_are_are_put_right),
      cmocka_unit_test(test_numbers_that_are_none_or_too_large_are_strings),
      cmocka_unit_test(test_binary_integers_are_numbers_up_to_2_to_the_53),
      cmocka_unit_test(test_64_bit_integers_beyond_2_to_the_53_are_strings),
      cmocka_unit_test(test_floats_are_numbers_and_the_others_strings),
      cmocka_unit_test(test_tags_are_strings_of_eight_digits),
      cmocka_unit_test(test_bulk_values_are_base64_with_padding),
      cmocka_unit_test(test_bulk_values_above_the_limit_are_left_out),
      cmocka_unit_test(test_sequences_are_arrays_of_objects),
      cmocka_unit_test(test_the_character_set_is_said_to_be_unicode),
      cmocka_unit_test(test_items_use_their_own_character_set),
      cmocka_unit_test(test_group_lengths_are_left_out),
      cmocka_unit_test(test_control_characters_and_quotes_are_escaped),
      cmocka_unit_test(test_every_byte_in_every_text_vr_makes_valid_json),
      cmocka_unit_test(test_values_cut_inside_a_number_do_not_count),
      cmocka_unit_test(test_a_hundred_levels_make_valid_json_and_the_limit_holds),
      cmocka_unit_test(test_the_answer_of_the_writer_is_handed_back),
      cmocka_unit_test(test_failing_memory_is_reported_at_every_request),
      cmocka_unit_test(test_a_locale_with_decimal_commas_changes_nothing),
      cmocka_unit_test(test_every_sample_file_makes_valid_json),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
