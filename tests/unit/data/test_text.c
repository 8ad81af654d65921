/* The dump: what a line looks like, and that no value can do harm to a terminal. */
#include "dataset_test.h"

static void assert_dump(const scu_dataset *dataset, const scu_text_options *options, const char *expected) {
  scu__buffer out = dump_of(dataset, options);
  assert_string_equal((char *)out.data, expected);
  scu__buffer_free(&out);
}

static void assert_dump_has(const scu_dataset *dataset, const char *part) {
  scu__buffer out = dump_of(dataset, NULL);
  if (!strstr((char *)out.data, part)) fail_msg("no \"%s\" in\n%s", part, (char *)out.data);
  scu__buffer_free(&out);
}

static void test_a_line_has_tag_vr_value_length_vm_and_keyword(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientName", "Doe^Jane");
  assert_dump(dataset, NULL, "(0010,0010) PN [Doe^Jane]                                # 8, 1 PatientName\n");
  scu_dataset_free(dataset);
}

static void test_an_empty_dataset_is_no_line(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  assert_dump(dataset, NULL, "");
  scu_dataset_free(dataset);
}

static void test_items_are_indented_and_numbered_as_in_paths(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "ScheduledProcedureStepSequence[0].Modality", "MR");
  set(dataset, "ScheduledProcedureStepSequence[1].ScheduledProtocolCodeSequence[0].CodeValue", "X");
  assert_int_equal(scu_dataset_set_empty(dataset, "ScheduledProcedureStepSequence[2]"), SCU_OK);
  set(dataset, "PatientID", "1");
  assert_dump(dataset, NULL,
              "(0010,0020) LO [1]                                       # 1, 1 PatientID\n"
              "(0040,0100) SQ (3 items)                                 # ScheduledProcedureStepSequence\n"
              "  [0]\n"
              "    (0008,0060) CS [MR]                                  # 2, 1 Modality\n"
              "  [1]\n"
              "    (0040,0008) SQ (1 item)                              # ScheduledProtocolCodeSequence\n"
              "      [0]\n"
              "        (0008,0100) SH [X]                               # 1, 1 CodeValue\n"
              "  [2]\n");
  scu_dataset_free(dataset);
}

static void test_numbers_tags_bytes_and_missing_values_have_their_forms(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "Rows", "512\\3");
  set(dataset, "FrameIncrementPointer", "FrameTime");
  set(dataset, "RealWorldValueSlope", "-0.5");
  assert_int_equal(scu_dataset_set_empty(dataset, "StudyDate"), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x7FE0, 0x0010), SCU_VR_OB, "\0\xFF\x10", 3), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1001), SCU_VR_UN, "plain ", 6), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x1002), SCU_VR_UN, "\1\2", 2), SCU_OK);
  assert_int_equal(scu_dataset_set_bytes(dataset, SCU_TAG(0x0009, 0x0010), SCU_VR_LO, "ACME", 4), SCU_OK);
  assert_dump_has(dataset, "US 512\\3 ");
  assert_dump_has(dataset, "AT 00181063 ");
  assert_dump_has(dataset, "FD -0.5 ");
  assert_dump_has(dataset, "DA (no value) ");
  assert_dump_has(dataset, "OB 00\\ff\\10 ");
  assert_dump_has(dataset, "UN [plain] ");
  assert_dump_has(dataset, "UN 01\\02 ");
  assert_dump_has(dataset, "[ACME]                                    # 4, 1 (private creator)");
  assert_dump_has(dataset, "# 2, 1 (private)\n");
  scu_dataset_free(dataset);
}

static void test_registered_uids_are_named(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.2");
  assert_dump_has(dataset, "[1.2.840.10008.5.1.4.1.1.2] = CT Image Storage");
  scu_dataset_free(dataset);
  /* With the padding of a file. */
  dataset = decode_hex("08001600 1A000000 312E322E3834302E31303030382E352E312E342E312E312E3200", SCU__IMPLICIT_LE);
  assert_dump_has(dataset, "= CT Image Storage");
  scu_dataset_free(dataset);
}

static void test_values_left_out_and_fragments_are_told(void **state) {
  (void)state;
  uint8_t bytes[200];
  scu_dataset *dataset;
  scu__dataset_limits limits = SCU__IDENTIFIER_LIMITS;
  limits.value_max = 3;
  size_t length = from_hex("10002000 4C4F0400 34373131"
                           "E07F1000 4F420000 FFFFFFFF FEFF00E0 00000000 FEFF00E0 02000000 AABB FEFFDDE0 00000000",
                           bytes);
  assert_int_equal(scu__dataset_decode(bytes, length, SCU__EXPLICIT_LE, NULL, &limits, &dataset, NULL), SCU_OK);
  assert_dump_has(dataset, "LO (left out)                                # 4, ");
  assert_dump_has(dataset, "OB (2 fragments) ");
  scu_dataset_free(dataset);
}

static void test_long_values_are_cut_at_the_wanted_width_between_characters(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  scu_text_options options = {.size = sizeof options, .value_width_max = 5};
  set(dataset, "PatientID", "äöüßéx");
  assert_dump(dataset, &options, "(0010,0020) LO [äöüßé...]                                # 11, 1 PatientID\n");
  set(dataset, "PatientID", "äöüßé");
  assert_dump(dataset, &options, "(0010,0020) LO [äöüßé]                                   # 10, 1 PatientID\n");
  set(dataset, "PatientID", "abcd\x1b");
  assert_dump(dataset, &options, "(0010,0020) LO [abcd...]                                 # 5, 1 PatientID\n");
  char long_text[1001];
  memset(long_text, 'x', 1000);
  long_text[1000] = 0;
  set(dataset, "PatientID", long_text);
  options.value_width_max = 0;
  scu__buffer out = dump_of(dataset, &options);
  assert_non_null(strstr((char *)out.data, long_text));
  scu__buffer_free(&out);
  options.size = offsetof(scu_text_options, value_width_max);
  assert_int_equal(scu_dataset_write_text(dataset, &options, collect, NULL), SCU_ERROR_USAGE);
  scu_dataset_free(dataset);
}

static void test_nothing_that_moves_a_cursor_or_turns_text_round_gets_through(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientComments", "\x1b]0;x\x07\r\n\x7f\xC2\x9B\xE2\x80\xAE\xE2\x81\xA6\xEF\xBB\xBF");
  assert_dump_has(dataset, "[\\x1B]0;x\\x07\\x0D\\x0A\\x7F\\x9B\\u{202E}\\u{2066}\\u{FEFF}]");
  set(dataset, "PatientComments", "\xE1\x85\x9F\xE1\x85\xA0\xE1\xA0\x8E\xE2\x80\x8B\xE3\x85\xA4\xEF\xBE\xA0");
  assert_dump_has(dataset, "[\\u{115F}\\u{1160}\\u{180E}\\u{200B}\\u{3164}\\u{FFA0}]");
  scu_dataset_free(dataset);
}

static void test_every_byte_in_every_vr_leaves_only_printable_utf8(void **state) {
  (void)state;
  static const scu_vr vrs[] = {SCU_VR_LO, SCU_VR_LT, SCU_VR_PN, SCU_VR_CS,       SCU_VR_UI,
                               SCU_VR_UN, SCU_VR_OB, SCU_VR_US, SCU_VR('Q', 'Q')};
  static const char *const sets[] = {"ISO_IR 100", "ISO_IR 192", "\\ISO 2022 IR 87"};
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
    scu_dataset *dataset = new_dataset();
    assert_int_equal(
        scu_dataset_set_bytes(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET, SCU_VR_CS, sets[s], strlen(sets[s])), SCU_OK);
    for (size_t v = 0; v < sizeof vrs / sizeof *vrs; v++) {
      for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t value[] = {'a', (uint8_t)byte, 'b', (uint8_t)(byte ^ 0x80), (uint8_t)byte};
        assert_int_equal(
            scu_dataset_set_bytes(dataset, SCU_TAG(0x0011, 0x1000 + v * 256 + byte), vrs[v], value, sizeof value),
            SCU_OK);
      }
    }
    scu__buffer out = dump_of(dataset, NULL);
    assert_true(scu__utf8_is_valid(out.data, out.length - 1));
    for (size_t i = 0; i + 1 < out.length; i++)
      assert_true(out.data[i] == '\n' || (out.data[i] >= 0x20 && out.data[i] != 0x7F));
    scu__buffer_free(&out);
    scu_dataset_free(dataset);
  }
}

static void test_the_answer_of_the_writer_is_handed_back(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset();
  set(dataset, "PatientID", "1");
  scu__buffer out;
  scu__buffer_init(&out, NULL, 10);
  assert_int_equal(scu_dataset_write_text(dataset, NULL, collect, &out), SCU_ERROR_LIMIT);
  scu__buffer_free(&out);
  scu_dataset_free(dataset);
}

static void test_the_deepest_nesting_is_written(void **state) {
  (void)state;
  scu_dataset *dataset = new_dataset(), *level = dataset;
  for (int i = 0; i < SCU__NESTING_MAX; i++)
    assert_int_equal(scu_dataset_add_item(level, SCU_TAG(0x0040, 0x0100), &level), SCU_OK);
  set(level, "PatientID", "deep");
  assert_dump_has(dataset, "[deep]");
  scu_dataset_free(dataset);
}

static void test_every_sample_file_can_be_shown(void **state) {
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
    scu__buffer out = dump_of(dataset, NULL);
    assert_true(scu__utf8_is_valid(out.data, out.length - 1));
    scu__buffer_free(&out);
    scu_dataset_free(dataset);
    count++;
  }
  scu__buffer_free(&bytes);
  fclose(manifest);
  print_message("%zu sample files\n", count);
  assert_true(count > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_line_has_tag_vr_value_length_vm_and_keyword),
      cmocka_unit_test(test_an_empty_dataset_is_no_line),
      cmocka_unit_test(test_items_are_indented_and_numbered_as_in_paths),
      cmocka_unit_test(test_numbers_tags_bytes_and_missing_values_have_their_forms),
      cmocka_unit_test(test_registered_uids_are_named),
      cmocka_unit_test(test_values_left_out_and_fragments_are_told),
      cmocka_unit_test(test_long_values_are_cut_at_the_wanted_width_between_characters),
      cmocka_unit_test(test_nothing_that_moves_a_cursor_or_turns_text_round_gets_through),
      cmocka_unit_test(test_every_byte_in_every_vr_leaves_only_printable_utf8),
      cmocka_unit_test(test_the_answer_of_the_writer_is_handed_back),
      cmocka_unit_test(test_the_deepest_nesting_is_written),
      cmocka_unit_test(test_every_sample_file_can_be_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
