/* Reading DICOM JSON (PS3.18 F.2): the forms of values, what is refused and where, bounds, and that what was written
 * reads as the same. */
#include "dataset_test.h"

static scu_dataset *read_ok(const char *json) {
  scu_dataset *dataset;
  if (scu_dataset_read_json(NULL, json, strlen(json), &dataset) != SCU_OK)
    fail_msg("%s: %s", json, scu_error_reason(scu_dataset_error(dataset)));
  return dataset;
}

/* It reads, and is written as `written`. */
static void check_read(const char *json, const char *written) {
  scu_dataset *dataset = read_ok(json);
  assert_json(dataset, written);
  scu_dataset_free(dataset);
}

static void check_same(const char *json) {
  check_read(json, json);
}

static void check_refused(const char *json, scu_result expected, const char *word) {
  scu_dataset *dataset;
  scu_result result = scu_dataset_read_json(NULL, json, strlen(json), &dataset);
  const scu_error *error = scu_dataset_error(dataset);
  if (result != expected) fail_msg("%.200s: %s %s", json, scu_result_name(result), scu_error_reason(error));
  assert_int_equal(scu_error_result(error), expected);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_FILE);
  if (!strstr(scu_error_reason(error), word)) fail_msg("%.200s: no '%s' in: %s", json, word, scu_error_reason(error));
  scu_dataset_free(dataset);
}

static void test_every_kind_of_value_reads_as_it_is_written(void **state) {
  (void)state;
  check_same("{}");
  check_same(
      "{\"00080020\":{\"vr\":\"DA\",\"Value\":[\"20240131\"]},\"00080061\":{\"vr\":\"CS\",\"Value\":[\"CT\",\"MR\"]},"
      "\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"Doe^J\",\"Ideographic\":\"山田\",\"Phonetic\":"
      "\"やまだ\"},null,{\"Ideographic\":\"山田\"}]},\"00100020\":{\"vr\":\"LO\"}}");
  check_same("{\"00080008\":{\"vr\":\"CS\",\"Value\":[\"ORIGINAL\",null,\"AXIAL\"]},"
             "\"00180050\":{\"vr\":\"DS\",\"Value\":[1.5,\"abc\"]},\"00189087\":{\"vr\":\"FD\",\"Value\":[0.1]},"
             "\"00200013\":{\"vr\":\"IS\",\"Value\":[-12]},\"00280010\":{\"vr\":\"US\",\"Value\":[512,65535]}}");
}

static void test_binary_values_are_base64(void **state) {
  (void)state;
  check_same("{\"00091010\":{\"vr\":\"UN\",\"InlineBinary\":\"AAECAw==\"}}");
  check_same("{\"00091010\":{\"vr\":\"OB\",\"InlineBinary\":\"AAEC\"},\"7FE00010\":{\"vr\":\"OW\",\"InlineBinary\":"
             "\"/+8=\"}}");
  static const char *const wrong[] = {
      "A", "AA", "AAA", "AA=A", "AB==", "AAB=", "====", "A===", "AA A", "AA-_", "AAAA="};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char json[128];
    snprintf(json, sizeof json, "{\"00091010\":{\"vr\":\"UN\",\"InlineBinary\":\"%s\"}}", wrong[i]);
    check_refused(json, SCU_ERROR_MALFORMED, "base64");
  }
  check_refused("{\"00100020\":{\"vr\":\"LO\",\"InlineBinary\":\"AAEC\"}}", SCU_ERROR_MALFORMED, "InlineBinary");
  check_refused("{\"00400275\":{\"vr\":\"SQ\",\"InlineBinary\":\"AAEC\"}}", SCU_ERROR_MALFORMED, "InlineBinary");
  check_refused("{\"7FE00010\":{\"vr\":\"OW\",\"BulkDataURI\":\"http://x\"}}", SCU_ERROR_UNSUPPORTED, "BulkDataURI");
}

static void test_sequences_have_items_in_items(void **state) {
  (void)state;
  check_same("{\"00400275\":{\"vr\":\"SQ\",\"Value\":[{\"00400008\":{\"vr\":\"SQ\",\"Value\":[{\"00080100\":{\"vr\":"
             "\"SH\",\"Value\":[\"1\"]}}]},\"00401001\":{\"vr\":\"SH\",\"Value\":[\"RP1\"]}},{}]}}");
  check_read("{\"00400275\":{\"vr\":\"SQ\",\"Value\":[null,{}]}}", "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[{},{}]}}");
  check_read("{\"00400275\":{\"vr\":\"SQ\",\"Value\":[]}}", "{\"00400275\":{\"vr\":\"SQ\"}}");
  check_same(
      "{\"00091011\":{\"vr\":\"SQ\",\"Value\":[{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"1\"]}}]}}"); /* private */
}

static void test_order_and_blanks_do_not_matter(void **state) {
  (void)state;
  const char *written = "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"1\"]},\"00400275\":{\"vr\":\"SQ\",\"Value\":"
                        "[{\"00401001\":{\"vr\":\"SH\",\"Value\":[\"2\"]}}]}}";
  check_read(
      "\xEF\xBB\xBF [ {\"00400275\" : {\"Value\":[{\"00401001\":{\"Value\":[\"2\"],\"vr\":\"SH\"}}],\t\"vr\":\"SQ\"}"
      ",\r\n\"00100020\":{\"Value\":[\"1\"]}} ]\n",
      written);
  check_read(
      "{\"00100020\":{\"note\":{\"a\":[1,{\"b\":[true,false,null]},\"\\u00e9\\\"\"]},\"vr\":\"LO\",\"Value\":[\"1\"]}}",
      "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"1\"]}}");
  check_read("{\"0020000d\":{}}", "{\"0020000D\":{\"vr\":\"UI\"}}");
  check_read(
      "{\"00100010\":{\"vr\":\"PN\",\"Value\":[\"Doe^J\",{\"Other\":1,\"Phonetic\":null,\"Alphabetic\":\"Roe\"}]}}",
      "{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"Doe^J\"},{\"Alphabetic\":\"Roe\"}]}}");
}

static void test_escapes_become_characters(void **state) {
  (void)state;
  scu_dataset *dataset =
      read_ok("{\"00104000\":{\"vr\":\"LT\",\"Value\":[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\uDE00\"]}}");
  assert_text(dataset, "PatientComments", "\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80");
  scu_dataset_free(dataset);
  static const char *const wrong[][2] = {
      {"\\u0000", "NUL"},
      {"\\ud83d", "surrogate"},
      {"\\ud83d\\u0041", "surrogate"},
      {"\\ude00", "surrogate"},
      {"\\ude00\\ude00", "surrogate"},
      {"\\x", "escape"},
      {"\\u12g4", "digits"},
      {"a\nb", "control"},
      {"\xC3(", "UTF-8"},
      {"\xED\xA0\x80", "UTF-8"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char json[128];
    snprintf(json, sizeof json, "{\"00104000\":{\"vr\":\"LT\",\"Value\":[\"%s\"]}}", wrong[i][0]);
    check_refused(json, SCU_ERROR_MALFORMED, wrong[i][1]);
  }
}

static void test_texts_leave_in_the_character_set_that_is_named(void **state) {
  (void)state;
  scu_dataset *dataset = read_ok("{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 100\"]},\"00100020\":{\"vr\":\"LO\","
                                 "\"Value\":[\"\\u00fc\"]}}");
  scu__buffer out = encode_ok(dataset, SCU__EXPLICIT_LE);
  assert_memory_equal(out.data + out.length - 10, "\x10\x00\x20\x00LO\x02\x00\xFC ", 10);
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
  check_refused("{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"KLINGON\"]}}", SCU_ERROR_MALFORMED, "character set");
}

static void test_what_is_not_the_model_is_refused(void **state) {
  (void)state;
  static const char *const wrong[][2] = {
      {"", "'{'"},
      {"[]", "'{'"},
      {"[{},{}]", "more than one"},
      {"{} x", "behind"},
      {"{}{}", "behind"},
      {"{\"PatientName\":{}}", "hexadecimal"},
      {"{\"001000\":{}}", "hexadecimal"},
      {"{\"\":{}}", "tag"},
      {"{\"FFFEE000\":{\"vr\":\"UN\"}}", "tag"},
      {"{\"00100020\":[]}", "'{'"},
      {"{\"00100020\":{\"vr\":\"XX\"}}", "VR"},
      {"{\"00100020\":{\"vr\":\"L\"}}", "VR"},
      {"{\"00100020\":{\"vr\":7}}", "'\"'"},
      {"{\"00100020\":{\"vr\":\"LO\",}}", "'\"'"},
      {"{\"00100020\":{\"vr\":\"LO\"},}", "'\"'"},
      {"{\"00100020\":{\"vr\":\"LO\"} \"00100030\":{}}", "','"},
      {"{\"00100020\":{\"vr\":\"LO\"},\"00100020\":{\"vr\":\"LO\"}}", "twice"},
      {"{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"1\"],\"Value\":[\"2\"]}}", "two values"},
      {"{\"00100020\":{\"vr\":\"LO\",\"Value\":\"1\"}}", "'['"},
      {"{\"00100020\":{\"vr\":\"LO\",\"Value\":[true]}}", "number"},
      {"{\"00100020\":{\"vr\":\"LO\",\"Value\":[nul]}}", "value"},
      {"{\"00100020\":{\"vr\":\"LO\",\"Value\":[{\"Alphabetic\":\"a\"}]}}", "number"},
      {"{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"1\" \"2\"]}}", "','"},
      {"{\"00400275\":{\"vr\":\"SQ\",\"Value\":[\"1\"]}}", "'{'"},
      {"{\"00280010\":{\"vr\":\"US\",\"Value\":[65536]}}", "number"},
      {"{\"00280010\":{\"vr\":\"US\",\"Value\":[1.5]}}", "number"},
      {"{\"00180050\":{\"vr\":\"DS\",\"Value\":[01]}}", "','"},
      {"{\"00180050\":{\"vr\":\"DS\",\"Value\":[+1]}}", "number"},
      {"{\"00180050\":{\"vr\":\"DS\",\"Value\":[1.]}}", "number"},
      {"{\"00180050\":{\"vr\":\"DS\",\"Value\":[1e]}}", "number"},
      {"{\"00189087\":{\"vr\":\"FD\",\"Value\":[\"NaN\"]}}", "number"},
      {"{\"7FE00010\":{\"vr\":\"OW\",\"Value\":[1]}}", "bulk"},
      {"{\"00100020\":{\"vr\":\"LO\",\"\\u0056alue\":[]}}", "escape"},
      {"{\"00100020\":{\"x\":[1},\"vr\":\"LO\"}}", "','"},
      {"{\"00100020\":{\"x\":{1:2}}}", "'\"'"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    check_refused(wrong[i][0], SCU_ERROR_MALFORMED, wrong[i][1]);
}

static void test_a_fault_says_where_and_leaves_what_was_before(void **state) {
  (void)state;
  const char *json = "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"1\"]},\"00100030\":{\"vr\":\"XX\"}}";
  scu_dataset *dataset;
  assert_int_equal(scu_dataset_read_json(NULL, json, strlen(json), &dataset), SCU_ERROR_MALFORMED);
  assert_int_equal(scu_error_offset(scu_dataset_error(dataset)), strstr(json, "XX") + 3 - json);
  assert_text(dataset, "PatientID", "1");
  assert_int_equal(scu_dataset_count(dataset), 1);
  scu_dataset_free(dataset);
}

static const char whole[] =
    "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":"
    "\"M\\u00fcller^J\"}]},\"00280010\":{\"vr\":\"US\",\"Value\":[512]},\"00400275\":{\"x\":[{\"y\":null}],\"Value\":"
    "[{\"00091010\":{\"vr\":\"UN\",\"InlineBinary\":\"AAECAw==\"}}],\"vr\":\"SQ\"}}";

static void test_every_truncation_is_refused(void **state) {
  (void)state;
  for (size_t length = 0; length + 1 < sizeof whole; length++) {
    scu_dataset *dataset;
    char *copy = malloc(length + 1); /* so that a sanitizer sees a byte too many */
    memcpy(copy, whole, length);
    if (scu_dataset_read_json(NULL, copy, length, &dataset) != SCU_ERROR_MALFORMED) fail_msg("%zu bytes", length);
    scu_dataset_free(dataset);
    free(copy);
  }
  scu_dataset_free(read_ok(whole));
}

/* `count` times the text. */
static char *repeat(char *to, const char *text, size_t count) {
  for (size_t i = 0; i < count; i++) to = (char *)memcpy(to, text, strlen(text)) + strlen(text);
  return to;
}

static void check_nesting(size_t depth, scu_result expected) {
  char *json = malloc(depth * 64 + 64);
  char *at = repeat(json, "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[", depth);
  at = repeat(repeat(at, "{}", 1), "]}}", depth);
  *at = 0;
  if (expected == SCU_OK)
    scu_dataset_free(read_ok(json));
  else
    check_refused(json, expected, "sequences");
  free(json);
}

static void check_skipping(size_t depth, scu_result expected) {
  char *json = malloc(depth * 2 + 64);
  char *at = repeat(repeat(json, "{\"00100020\":{\"x\":", 1), "[", depth);
  at = repeat(repeat(at, "]", depth), "}}", 1);
  *at = 0;
  if (expected == SCU_OK)
    scu_dataset_free(read_ok(json));
  else
    check_refused(json, expected, "deep");
  free(json);
}

static void check_disorder(unsigned count, scu_result expected) {
  char *json = malloc(count * 32 + 64), *at = json + 1;
  json[0] = '{';
  for (unsigned i = 0; i <= count; i++)
    at += sprintf(at, "%s\"%08X\":{\"vr\":\"UN\"}", i > 0 ? "," : "", 0x00110000 + 2 * (count - i));
  sprintf(at, "}");
  if (expected == SCU_OK)
    scu_dataset_free(read_ok(json));
  else
    check_refused(json, expected, "order");
  free(json);
}

static void test_bounds_are_kept(void **state) {
  (void)state;
  check_nesting(SCU__NESTING_MAX, SCU_OK);
  check_nesting(SCU__NESTING_MAX + 1, SCU_ERROR_LIMIT);
  check_skipping(512, SCU_OK);
  check_skipping(513, SCU_ERROR_LIMIT);
  check_disorder(1000, SCU_OK);
  check_disorder(1001, SCU_ERROR_LIMIT);
  size_t length = 16 * 1024 * 1024 + 1;
  char *blanks = malloc(length);
  memset(blanks, ' ', length);
  memcpy(blanks, "{}", 2);
  scu_dataset *dataset;
  assert_int_equal(scu_dataset_read_json(NULL, blanks, length - 1, &dataset), SCU_OK);
  scu_dataset_free(dataset);
  assert_int_equal(scu_dataset_read_json(NULL, blanks, length, &dataset), SCU_ERROR_LIMIT);
  scu_dataset_free(dataset);
  free(blanks);
}

static void test_failing_memory_is_told_at_every_request(void **state) {
  (void)state;
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    failing_allocator memory;
    failing_allocator_init(&memory, i);
    scu_dataset *dataset;
    result = scu_dataset_read_json(&memory.allocator, whole, sizeof whole - 1, &dataset);
    if (result != SCU_OK) assert_int_equal(result, SCU_ERROR_MEMORY);
    scu_dataset_free(dataset);
    assert_int_equal(memory.alive, 0);
    assert_true(i < 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_kind_of_value_reads_as_it_is_written),
      cmocka_unit_test(test_binary_values_are_base64),
      cmocka_unit_test(test_sequences_have_items_in_items),
      cmocka_unit_test(test_order_and_blanks_do_not_matter),
      cmocka_unit_test(test_escapes_become_characters),
      cmocka_unit_test(test_texts_leave_in_the_character_set_that_is_named),
      cmocka_unit_test(test_what_is_not_the_model_is_refused),
      cmocka_unit_test(test_a_fault_says_where_and_leaves_what_was_before),
      cmocka_unit_test(test_every_truncation_is_refused),
      cmocka_unit_test(test_bounds_are_kept),
      cmocka_unit_test(test_failing_memory_is_told_at_every_request),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
