/* The four PDUs of fixed length (PS3.8 9.3.4, 9.3.6-9.3.8), the headers, and the words for codes (catalogue P33). */
#include "ul_support.h"

static void test_every_fixed_pdu_takes_four_bytes_and_nothing_else(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 3, 5, 0xFFFFFFFF};
  static const uint8_t body[8] = {0};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    scu__reject reject;
    scu__abort abort;
    scu_error error;
    scu__error_clear(&error);
    assert_int_equal(scu__reject_decode(body, lengths[i], &reject, &error), SCU_ERROR_PROTOCOL);
    assert_int_equal(scu__abort_decode(body, lengths[i], &abort, NULL), SCU_ERROR_PROTOCOL);
    assert_int_equal(scu__release_decode(body, lengths[i], SCU__PDU_RELEASE_RQ, NULL), SCU_ERROR_PROTOCOL);
    assert_int_equal(scu__release_decode(body, lengths[i], SCU__PDU_RELEASE_RP, NULL), SCU_ERROR_PROTOCOL);
    assert_true(error.reason[0]);
  }
  assert_int_equal(scu__release_decode(body, 4, SCU__PDU_RELEASE_RP, NULL), SCU_OK);
}

static void test_every_reject_triple_comes_back_and_has_words(void **state) {
  (void)state;
  for (unsigned source = 0; source < 256; source++)
    for (unsigned reason = 0; reason < 256; reason++)
      for (unsigned result = 0; result < 4; result++) {
        scu__reject in = {(uint8_t)result, (uint8_t)source, (uint8_t)reason}, out;
        uint8_t pdu[SCU__FIXED_PDU];
        scu__reject_encode(&in, pdu);
        assert_int_equal(scu__reject_decode(pdu + 6, 4, &out, NULL), SCU_OK);
        assert_memory_equal(&in, &out, sizeof in);
        assert_true(scu__reject_text(out.result, out.source, out.reason)[0]);
        assert_true(scu__reject_source_text(out.source)[0] && scu__reject_result_text(out.result)[0]);
      }
  assert_string_equal(scu__reject_text(1, 1, 7), "called AE title not recognized");
  assert_string_equal(scu__reject_text(1, 3, 2), "local limit exceeded");
  assert_string_equal(scu__reject_text(1, 1, 4), "reserved reason");
}

static void test_reject_error_says_what_to_try(void **state) {
  (void)state;
  scu__ae called, calling;
  scu_error error;
  scu__reject reject = {1, 1, 7};
  scu__ae_from_text(&called, "ARCHIVE");
  scu__ae_from_text(&calling, "SCU");
  scu__error_clear(&error);
  assert_int_equal(scu__reject_error(&reject, &called, &calling, &error), SCU_ERROR_REJECTED);
  assert_int_equal(error.reject_result, 1);
  assert_int_equal(error.source, 1);
  assert_int_equal(error.reason_code, 7);
  assert_non_null(strstr(error.reason, "called AE title not recognized"));
  assert_non_null(strstr(error.reason, "calling \"SCU\", called \"ARCHIVE\""));
  assert_non_null(strstr(error.hint, "check the called AE title"));
  assert_int_equal(scu__reject_error(&reject, &called, &calling, NULL), SCU_ERROR_REJECTED);
}

static void test_every_abort_comes_back_and_has_words(void **state) {
  (void)state;
  for (unsigned source = 0; source < 256; source++)
    for (unsigned reason = 0; reason < 256; reason++) {
      scu__abort in = {(uint8_t)source, (uint8_t)reason}, out;
      uint8_t pdu[SCU__FIXED_PDU];
      scu__abort_encode(&in, pdu);
      assert_int_equal(scu__abort_decode(pdu + 6, 4, &out, NULL), SCU_OK);
      assert_int_equal(out.source, source);
      assert_int_equal(out.reason, source == SCU__ABORT_PROVIDER ? reason : 0);
      assert_true(scu__abort_text(in.source, in.reason)[0] && scu__abort_source_text(in.source)[0]);
    }
  assert_string_equal(scu__abort_text(2, 2), "unexpected PDU");
  assert_string_equal(scu__abort_text(2, 7), "reserved reason");
}

static void test_headers_are_big_endian_and_ignore_reserved_bits(void **state) {
  (void)state;
  uint8_t bytes[6];
  scu__pdu_header_store(bytes, 4, 0x01020304);
  assert_memory_equal(bytes, "\x04\x00\x01\x02\x03\x04", 6);
  bytes[1] = 0xFF;
  assert_int_equal(scu__pdu_header_load(bytes).length, 0x01020304);
  scu__pdv_header pdv = {.item_length = 0x10002, .context_id = 255, .is_command = true, .is_last = false};
  scu__pdv_header_store(bytes, &pdv);
  assert_memory_equal(bytes, "\x00\x01\x00\x02\xFF\x01", 6);
  bytes[5] = 0xFE;
  pdv = scu__pdv_header_load(bytes);
  assert_true(!pdv.is_command && pdv.is_last);
}

static void test_names_are_there_for_every_value(void **state) {
  (void)state;
  for (unsigned i = 0; i < 256; i++) {
    assert_true(scu__pdu_type_name((uint8_t)i)[0]);
    assert_true(scu__context_result_text((uint8_t)i)[0]);
  }
  assert_string_equal(scu__pdu_type_name(7), "A-ABORT");
  assert_string_equal(scu__pdu_type_name(8), "unknown PDU");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_fixed_pdu_takes_four_bytes_and_nothing_else),
      cmocka_unit_test(test_every_reject_triple_comes_back_and_has_words),
      cmocka_unit_test(test_reject_error_says_what_to_try),
      cmocka_unit_test(test_every_abort_comes_back_and_has_words),
      cmocka_unit_test(test_headers_are_big_endian_and_ignore_reserved_bits),
      cmocka_unit_test(test_names_are_there_for_every_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
