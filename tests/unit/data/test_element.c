/* Element headers: PS3.5 7.1.2 and 7.1.3, both byte orders. */
#include "codec_samples.h"

static scu_result read_header(scu__encoding e, const void *bytes, size_t length, scu__element_header *header) {
  uint8_t *exact = malloc(length + 1); /* so that a sanitizer sees a step past the end */
  memcpy(exact + 1, bytes, length);
  scu_result result = scu__element_header_read(e, exact + 1, length, header);
  free(exact);
  return result;
}

static void test_explicit_short_form_is_read(void **state) {
  (void)state;
  scu__element_header h;
  assert_int_equal(read_header(SCU__EXPLICIT_LE, "\x10\x00\x20\x00LO\x06\x00", 8, &h), SCU_OK);
  assert_int_equal(h.tag, SCU_TAG(0x0010, 0x0020));
  assert_int_equal(h.vr, SCU_VR_LO);
  assert_int_equal(h.length, 6);
  assert_int_equal(h.size, 8);
}

static void test_explicit_long_form_is_read(void **state) {
  (void)state;
  scu__element_header h;
  assert_int_equal(read_header(SCU__EXPLICIT_LE, "\xE0\x7F\x10\x00OW\0\0\x00\x00\x02\x00", 12, &h), SCU_OK);
  assert_int_equal(h.vr, SCU_VR_OW);
  assert_int_equal(h.length, 0x20000);
  assert_int_equal(h.size, 12);
}

static void test_big_endian_headers_are_read(void **state) {
  (void)state;
  scu__element_header h;
  assert_int_equal(read_header(SCU__EXPLICIT_BE, "\x00\x10\x00\x20LO\x00\x06", 8, &h), SCU_OK);
  assert_int_equal(h.tag, SCU_TAG(0x0010, 0x0020));
  assert_int_equal(h.length, 6);
  assert_int_equal(read_header(SCU__EXPLICIT_BE, "\x7F\xE0\x00\x10OW\0\0\x00\x02\x00\x00", 12, &h), SCU_OK);
  assert_int_equal(h.tag, SCU__TAG_PIXEL_DATA);
  assert_int_equal(h.length, 0x20000);
}

static void test_implicit_headers_are_read(void **state) {
  (void)state;
  scu__element_header h;
  assert_int_equal(read_header(SCU__IMPLICIT_LE, "\x10\x00\x20\x00\x06\x00\x00\x00", 8, &h), SCU_OK);
  assert_int_equal(h.tag, SCU_TAG(0x0010, 0x0020));
  assert_int_equal(h.vr, SCU_VR_NONE);
  assert_int_equal(h.length, 6);
}

static void test_items_and_delimiters_never_have_a_vr(void **state) {
  (void)state;
  scu__element_header h;
  assert_int_equal(read_header(SCU__EXPLICIT_LE, "\xFE\xFF\x00\xE0OB\0\0", 8, &h), SCU_OK);
  assert_int_equal(h.tag, SCU__TAG_ITEM);
  assert_int_equal(h.vr, SCU_VR_NONE);
  assert_int_equal(h.length, 0x424F);
  assert_int_equal(read_header(SCU__EXPLICIT_BE, "\xFF\xFE\xE0\xDD\0\0\0\0", 8, &h), SCU_OK);
  assert_int_equal(h.tag, SCU__TAG_SEQUENCE_DELIMITER);
}

static void test_unknown_letters_are_a_vr_of_the_long_form(void **state) {
  (void)state;
  scu__element_header h;
  assert_int_equal(read_header(SCU__EXPLICIT_LE, "\x10\x00\x20\x00ZZ\0\0\x04\0\0\0", 12, &h), SCU_OK);
  assert_int_equal(h.vr, SCU_VR('Z', 'Z'));
  assert_int_equal(h.length, 4);
  assert_int_equal(h.size, 12);
}

static void test_a_blank_vr_has_the_short_form(void **state) {
  (void)state;
  scu__element_header h;
  assert_int_equal(read_header(SCU__EXPLICIT_LE, "\x28\x00\x20\x01  \x02\x00", 8, &h), SCU_OK);
  assert_true(scu__vr_is_blank(h.vr));
  assert_int_equal(h.length, 2);
  assert_int_equal(h.size, 8);
  assert_int_equal(read_header(SCU__EXPLICIT_LE, "\x28\x00\x20\x01??\x02\x00", 8, &h), SCU_OK);
  assert_int_equal(h.length, 2);
}

/* Catalogue S05. */
static void test_bytes_that_are_no_vr_are_malformed(void **state) {
  (void)state;
  static const char vrs[][3] = {"Pi", "pn", {0, 0, 0}, "P ", "1A", {(char)0xC4, 'B', 0}};
  scu__element_header h;
  for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
    uint8_t bytes[12] = {0x10, 0, 0x10, 0, (uint8_t)vrs[i][0], (uint8_t)vrs[i][1]};
    assert_int_equal(read_header(SCU__EXPLICIT_LE, bytes, 12, &h), SCU_ERROR_MALFORMED);
    assert_int_equal(h.tag, SCU_TAG(0x0010, 0x0010));
  }
}

static void test_every_truncation_asks_for_more(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (size_t v = 0; v < scu__vr_count(); v++) {
      scu__buffer b;
      scu__element_header h;
      scu__buffer_init(&b, NULL, 100);
      put_sample_header(&b, sample_encodings[i], SCU_TAG(0x0010, 0x0020), scu__vr_at(v)->vr, 4);
      for (size_t length = 0; length < b.length; length++) {
        assert_int_equal(read_header(sample_encodings[i], b.data, length, &h), SCU_MORE);
        assert_int_equal(h.tag, length < 4 ? 0 : SCU_TAG(0x0010, 0x0020));
      }
      scu__buffer_free(&b);
    }
}

static void test_what_is_written_is_read_back(void **state) {
  (void)state;
  static const uint32_t lengths[] = {0, 2, 0xFFFE, 0xFFFF, 0x10000, 0xFFFFFFFE, SCU__UNDEFINED_LENGTH};
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (size_t v = 0; v < scu__vr_count(); v++)
      for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        scu__buffer b;
        scu__element_header h;
        scu__buffer_init(&b, NULL, 100);
        scu_vr vr = scu__vr_at(v)->vr;
        put_sample_header(&b, sample_encodings[i], SCU_TAG(0x1234, 0x5678), vr, lengths[l]);
        assert_int_equal(read_header(sample_encodings[i], b.data, b.length, &h), SCU_OK);
        assert_int_equal(h.size, b.length);
        assert_int_equal(h.tag, SCU_TAG(0x1234, 0x5678));
        assert_int_equal(h.length, lengths[l]);
        if (sample_encodings[i].is_implicit_vr)
          assert_int_equal(h.vr, SCU_VR_NONE);
        else
          assert_int_equal(h.vr, lengths[l] > 0xFFFF && !scu__vr_has_long_length(vr) ? SCU_VR_UN : vr);
        scu__buffer_free(&b);
      }
}

static void test_a_header_without_a_vr_is_written_as_un(void **state) {
  (void)state;
  assert_int_equal(scu__element_written_vr(SCU_VR_NONE, 2), SCU_VR_UN);
  assert_int_equal(scu__element_written_vr(SCU_VR(' ', ' '), 2), SCU_VR_UN);
  assert_int_equal(scu__element_written_vr(SCU_VR_LO, 2), SCU_VR_LO);
  assert_int_equal(scu__element_written_vr(SCU_VR_LO, 0x10000), SCU_VR_UN);
  assert_int_equal(scu__element_written_vr(SCU_VR_UT, 0x10000), SCU_VR_UT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_explicit_short_form_is_read),
      cmocka_unit_test(test_explicit_long_form_is_read),
      cmocka_unit_test(test_big_endian_headers_are_read),
      cmocka_unit_test(test_implicit_headers_are_read),
      cmocka_unit_test(test_items_and_delimiters_never_have_a_vr),
      cmocka_unit_test(test_unknown_letters_are_a_vr_of_the_long_form),
      cmocka_unit_test(test_a_blank_vr_has_the_short_form),
      cmocka_unit_test(test_bytes_that_are_no_vr_are_malformed),
      cmocka_unit_test(test_every_truncation_asks_for_more),
      cmocka_unit_test(test_what_is_written_is_read_back),
      cmocka_unit_test(test_a_header_without_a_vr_is_written_as_un),
  };
  return cmocka_run_group_tests_name("data/element", tests, NULL, NULL);
}
