/* Files: what PS3.10 says, and what is found (catalogue S09, S10, S24). */
#include "codec_samples.h"
#include "data/part10.h"

static scu__buffer new_buffer(void) {
  scu__buffer b;
  scu__buffer_init(&b, NULL, SAMPLE_MAX);
  return b;
}

static scu_result read_meta(const uint8_t *bytes, size_t length, scu__file_meta *meta, scu_error *error) {
  uint8_t *exact = malloc(length + 1);
  scu__memory_source source;
  memcpy(exact + 1, bytes, length);
  scu__memory_source_init(&source, exact + 1, length);
  scu__error_clear(error);
  scu_result result = scu__part10_read(&source.source, NULL, meta, error);
  free(exact);
  return result;
}

static scu__file_meta some_meta(void) {
  scu__file_meta meta;
  memset(&meta, 0, sizeof meta);
  scu__uid_from_text(&meta.sop_class, SAMPLE_CLASS);
  scu__uid_from_text(&meta.sop_instance, "1.2.3");
  scu__uid_from_text(&meta.transfer_syntax, SCU__UID_EXPLICIT_LE);
  scu__uid_from_text(&meta.implementation_class, "2.25.1");
  memcpy(meta.implementation_version, "LIBSCU_1", 9);
  scu__ae_from_text(&meta.source_ae, "SOURCE");
  scu__ae_from_text(&meta.sending_ae, "SENDER");
  scu__ae_from_text(&meta.receiving_ae, "RECEIVER");
  return meta;
}

static void expect_some_meta(const scu__file_meta *meta) {
  assert_true(meta->has_meta);
  assert_string_equal(meta->sop_class.text, SAMPLE_CLASS);
  assert_string_equal(meta->sop_instance.text, "1.2.3");
  assert_string_equal(meta->transfer_syntax.text, SCU__UID_EXPLICIT_LE);
  assert_string_equal(meta->implementation_class.text, "2.25.1");
  assert_string_equal(meta->implementation_version, "LIBSCU_1");
  assert_string_equal(meta->source_ae.text, "SOURCE");
  assert_string_equal(meta->sending_ae.text, "SENDER");
  assert_string_equal(meta->receiving_ae.text, "RECEIVER");
}

static scu__buffer some_file(void) {
  scu__buffer b = new_buffer();
  scu__file_meta meta = some_meta();
  assert_int_equal(scu__part10_write_header(&b, &meta), SCU_OK);
  put_sample(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, "1.2.3", 6);
  return b;
}

static void test_a_written_header_is_read_back(void **state) {
  (void)state;
  scu__buffer b = new_buffer();
  scu__file_meta meta = some_meta(), found;
  scu_error error;
  assert_int_equal(scu__part10_write_header(&b, &meta), SCU_OK);
  size_t header = b.length;
  for (size_t i = 0; i < 128; i++) assert_int_equal(b.data[i], 0);
  assert_memory_equal(b.data + 128, "DICM\2\0\0\0UL\4\0", 12);
  assert_int_equal(scu__load_u32le(b.data + 140), header - 144);
  assert_memory_equal(b.data + 144, "\2\0\1\0OB\0\0\2\0\0\0\0\1", 14);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, "1.2.3");
  assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
  expect_some_meta(&found);
  assert_true(found.has_preamble);
  assert_false(found.is_guessed);
  assert_false(found.has_wrong_group_length);
  assert_int_equal(found.dataset_offset, header);
  scu__buffer_free(&b);
}

static void test_absent_fields_are_not_written(void **state) {
  (void)state;
  scu__buffer b = new_buffer();
  scu__file_meta meta, found;
  scu_error error;
  memset(&meta, 0, sizeof meta);
  scu__uid_from_text(&meta.transfer_syntax, SCU__UID_IMPLICIT_LE);
  assert_int_equal(scu__part10_write_header(&b, &meta), SCU_OK);
  assert_int_equal(b.length, 132 + 12 + 14 + 8 + 18);
  assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
  assert_string_equal(found.sop_class.text, "");
  assert_string_equal(found.source_ae.text, "");
  assert_string_equal(found.implementation_version, "");
  scu__buffer_free(&b);
}

static void test_a_header_without_room_is_a_limit(void **state) {
  (void)state;
  scu__file_meta meta = some_meta();
  scu__buffer whole = some_file();
  for (size_t room = 0; room < whole.length - 14; room++) {
    scu__buffer b;
    scu__buffer_init(&b, NULL, room);
    assert_int_equal(scu__part10_write_header(&b, &meta), SCU_ERROR_LIMIT);
    scu__buffer_free(&b);
  }
  scu__buffer_free(&whole);
}

/* S12. A cut inside the meta group is an error; one between two of its elements may look like a shorter group. */
static void test_every_truncation_of_the_meta_is_an_error_or_a_shorter_group(void **state) {
  (void)state;
  scu__buffer b = some_file();
  scu__file_meta found;
  scu_error error;
  for (size_t length = 0; length < b.length - 14; length++) {
    scu_result result = read_meta(b.data, length, &found, &error);
    if (result == SCU_OK) {
      assert_true(found.has_wrong_group_length);
      assert_in_range(found.dataset_offset, length - 1, length); /* one byte shows no group */
    } else {
      assert_int_equal(result, SCU_ERROR_MALFORMED);
      assert_true(scu_error_reason(&error)[0] != 0);
    }
  }
  scu__buffer_free(&b);
}

static void test_length_lies_and_flipped_bits_end_in_bounds(void **state) {
  (void)state;
  static const uint32_t lies[] = {0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF};
  scu__buffer b = some_file();
  scu__file_meta found;
  scu_error error;
  uint8_t *bytes = malloc(b.length);
  for (size_t at = 128; at + 4 <= b.length; at++)
    for (size_t l = 0; l < 6; l++) {
      memcpy(bytes, b.data, b.length);
      scu__store_u32le(bytes + at, lies[l]);
      scu_result result = read_meta(bytes, b.length, &found, &error);
      assert_true(result == SCU_OK || result == SCU_ERROR_MALFORMED);
    }
  for (size_t bit = 128 * 8; bit < b.length * 8; bit++) {
    memcpy(bytes, b.data, b.length);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    scu_result result = read_meta(bytes, b.length, &found, &error);
    assert_true(result == SCU_OK || result == SCU_ERROR_MALFORMED);
  }
  free(bytes);
  scu__buffer_free(&b);
}

/* S10 and S09. */
static void test_a_wrong_group_length_is_seen_and_does_not_matter(void **state) {
  (void)state;
  static const uint32_t lies[] = {0, 1, 14, 0x10000, 0xFFFFFFFF};
  scu__buffer b = some_file();
  scu__file_meta found;
  scu_error error;
  for (size_t i = 0; i < 5; i++) {
    scu__store_u32le(b.data + 140, lies[i]);
    assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
    expect_some_meta(&found);
    assert_true(found.has_wrong_group_length);
    assert_int_equal(found.dataset_offset, b.length - 14);
  }
  scu__buffer_free(&b);
}

static void test_without_group_length_the_meta_is_read(void **state) {
  (void)state;
  scu__buffer b = some_file(), shorter = new_buffer();
  scu__file_meta found;
  scu_error error;
  scu__put_bytes(&shorter, b.data, 132);
  scu__put_bytes(&shorter, b.data + 144, b.length - 144);
  assert_int_equal(read_meta(shorter.data, shorter.length, &found, &error), SCU_OK);
  expect_some_meta(&found);
  assert_true(found.has_wrong_group_length);
  scu__buffer_free(&b);
  scu__buffer_free(&shorter);
}

static void test_without_preamble_the_meta_is_read(void **state) {
  (void)state;
  scu__buffer b = some_file();
  scu__file_meta found;
  scu_error error;
  for (size_t begin = 128; begin <= 132; begin += 4) { /* "DICM" first; nothing but the group */
    assert_int_equal(read_meta(b.data + begin, b.length - begin, &found, &error), SCU_OK);
    expect_some_meta(&found);
    assert_false(found.has_preamble);
    assert_int_equal(found.dataset_offset, b.length - begin - 14);
  }
  scu__buffer_free(&b);
}

static void test_the_preamble_may_be_anything(void **state) {
  (void)state;
  static const char *const preambles[] = {"MZ", "\177ELF", "II*", "#!/bin/sh\n", "\xFF\xD8\xFF"};
  scu__buffer b = some_file();
  scu__file_meta found;
  scu_error error;
  for (size_t i = 0; i < 5; i++) {
    memcpy(b.data, preambles[i], strlen(preambles[i]));
    assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
    expect_some_meta(&found);
  }
  scu__buffer_free(&b);
}

static void test_an_implicit_meta_group_is_read(void **state) {
  (void)state;
  scu__buffer b = new_buffer();
  scu__file_meta found;
  scu_error error;
  scu__put_fill(&b, 0, 128);
  scu__put_text(&b, "DICM");
  put_sample(&b, SCU__IMPLICIT_LE, SCU_TAG(0x0002, 0x0001), SCU_VR_OB, "\0\1", 2);
  put_sample_text(&b, SCU__IMPLICIT_LE, SCU_TAG(0x0002, 0x0010), SCU_VR_UI, SCU__UID_EXPLICIT_LE);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, "1.2.3");
  assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
  assert_string_equal(found.transfer_syntax.text, SCU__UID_EXPLICIT_LE);
  scu__buffer_free(&b);
}

static void test_of_two_meta_elements_the_first_counts(void **state) {
  (void)state;
  scu__buffer b = new_buffer();
  scu__file_meta found;
  scu_error error;
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0010), SCU_VR_UI, SCU__UID_IMPLICIT_LE);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0010), SCU_VR_UI, SCU__UID_EXPLICIT_LE);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0099), SCU_VR_LO, "what is this? ");
  assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
  assert_string_equal(found.transfer_syntax.text, SCU__UID_IMPLICIT_LE);
  scu__buffer_free(&b);
}

static void test_values_against_the_rules_are_taken_as_absent(void **state) {
  (void)state;
  scu__buffer b = new_buffer();
  scu__file_meta found;
  scu_error error;
  char too_long[201];
  memset(too_long, '1', 200);
  too_long[200] = 0;
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0002), SCU_VR_UI, too_long);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0010), SCU_VR_UI, SCU__UID_EXPLICIT_LE);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0013), SCU_VR_SH, "longer than 16 characters ");
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0016), SCU_VR_AE, "A\\B ");
  assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
  assert_string_equal(found.sop_class.text, "");
  assert_string_equal(found.implementation_version, "");
  assert_string_equal(found.source_ae.text, "");
  scu__buffer_free(&b);
}

static void test_without_a_transfer_syntax_the_dataset_tells(void **state) {
  (void)state;
  static const char *const uids[] = {SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_LE, SCU__UID_EXPLICIT_BE};
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (int with_meta = 0; with_meta < 3; with_meta++) {
      scu__buffer b = new_buffer();
      scu__file_meta found;
      scu_error error;
      if (with_meta > 0) scu__put_fill(&b, 0, 128);
      if (with_meta > 0) scu__put_text(&b, "DICM");
      if (with_meta > 1) put_sample(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0002, 0x0001), SCU_VR_OB, "\0\1", 2);
      size_t begin = b.length;
      put_sample_dataset(&b, sample_encodings[i], 0);
      assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
      assert_true(found.is_guessed);
      assert_string_equal(found.transfer_syntax.text, uids[i]);
      assert_int_equal(found.dataset_offset, begin);
      assert_int_equal(found.has_meta, with_meta == 2);
      scu__buffer_free(&b);
    }
}

static void test_dicm_inside_a_bare_dataset_is_no_preamble(void **state) {
  (void)state;
  scu__buffer b = new_buffer();
  scu__file_meta found;
  scu_error error;
  put_sample_header(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x0070), SCU_VR_LO, 128 - 16);
  scu__put_fill(&b, 'x', 128 - 16);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x1010), SCU_VR_SH, "DICMA1");
  assert_memory_equal(b.data + 128, "DICM", 4);
  assert_int_equal(read_meta(b.data, b.length, &found, &error), SCU_OK);
  assert_int_equal(found.dataset_offset, 0);
  assert_string_equal(found.transfer_syntax.text, SCU__UID_EXPLICIT_LE);
  scu__buffer_free(&b);
}

static void test_other_files_are_named(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
    const char *reason;
  } files[] = {
      {"", 0, "not a DICOM file: it is empty"},
      {"\xFF\xD8\xFF\xE0\0\x10JFIF", 10, "not a DICOM file: it looks like a JPEG image"},
      {"\x89PNG\r\n\x1A\n", 8, "not a DICOM file: it looks like a PNG image"},
      {"%PDF-1.7\n", 9, "not a DICOM file: it looks like a PDF document"},
      {"PK\3\4........", 12, "not a DICOM file: it looks like a ZIP archive"},
      {"hello, world, this is text\n", 27,
       "not a DICOM file: no \"DICM\" at offset 128, and it does not begin with data elements"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    scu__file_meta found;
    scu_error error;
    assert_int_equal(read_meta((const uint8_t *)files[i].bytes, files[i].length, &found, &error), SCU_ERROR_MALFORMED);
    assert_string_equal(scu_error_reason(&error), files[i].reason);
    assert_int_equal(scu_error_phase(&error), SCU_PHASE_FILE);
  }
}

static void test_random_bytes_and_zeros_are_no_dicom_file(void **state) {
  (void)state;
  uint8_t bytes[600] = {0};
  scu__file_meta found;
  scu_error error;
  assert_int_equal(read_meta(bytes, sizeof bytes, &found, &error), SCU_ERROR_MALFORMED);
  memset(bytes, 0xFF, sizeof bytes);
  assert_int_equal(read_meta(bytes, sizeof bytes, &found, &error), SCU_ERROR_MALFORMED);
  unsigned seed = 3, taken = 0;
  for (unsigned round = 0; round < 2000; round++) {
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
    if (read_meta(bytes, sizeof bytes, &found, &error) == SCU_OK) taken++;
  }
  assert_int_equal(taken, 0);
}

static void *no_memory(void *user, size_t length) {
  (void)user, (void)length;
  return NULL;
}

static void test_without_memory_the_error_says_so(void **state) {
  (void)state;
  scu__file_meta found;
  scu_error error;
  scu__memory_source source;
  scu_allocator allocator = {.size = sizeof allocator, .allocate = no_memory};
  scu__error_clear(&error);
  scu__memory_source_init(&source, "", 0);
  assert_int_equal(scu__part10_read(&source.source, &allocator, &found, &error), SCU_ERROR_MEMORY);
  assert_int_equal(scu_error_result(&error), SCU_ERROR_MEMORY);
}

static scu_result broken_read(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  (void)self, (void)offset, (void)to, (void)length;
  return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "the disk is gone");
}

static void test_errors_of_the_source_are_passed_on(void **state) {
  (void)state;
  scu__source source = {.size = 1000, .read_at = broken_read};
  scu__file_meta found;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__part10_read(&source, NULL, &found, &error), SCU_ERROR_STORAGE);
  assert_string_equal(scu_error_reason(&error), "the disk is gone");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_written_header_is_read_back),
      cmocka_unit_test(test_absent_fields_are_not_written),
      cmocka_unit_test(test_a_header_without_room_is_a_limit),
      cmocka_unit_test(test_every_truncation_of_the_meta_is_an_error_or_a_shorter_group),
      cmocka_unit_test(test_length_lies_and_flipped_bits_end_in_bounds),
      cmocka_unit_test(test_a_wrong_group_length_is_seen_and_does_not_matter),
      cmocka_unit_test(test_without_group_length_the_meta_is_read),
      cmocka_unit_test(test_without_preamble_the_meta_is_read),
      cmocka_unit_test(test_the_preamble_may_be_anything),
      cmocka_unit_test(test_an_implicit_meta_group_is_read),
      cmocka_unit_test(test_of_two_meta_elements_the_first_counts),
      cmocka_unit_test(test_values_against_the_rules_are_taken_as_absent),
      cmocka_unit_test(test_without_a_transfer_syntax_the_dataset_tells),
      cmocka_unit_test(test_dicm_inside_a_bare_dataset_is_no_preamble),
      cmocka_unit_test(test_other_files_are_named),
      cmocka_unit_test(test_random_bytes_and_zeros_are_no_dicom_file),
      cmocka_unit_test(test_without_memory_the_error_says_so),
      cmocka_unit_test(test_errors_of_the_source_are_passed_on),
  };
  return cmocka_run_group_tests_name("data/part10", tests, NULL, NULL);
}
