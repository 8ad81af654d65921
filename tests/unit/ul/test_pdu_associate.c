/* A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2, 9.3.3; PS3.7 D.3.3): layout, round trip, every truncation, every length lie. */
#include "ul_support.h"

static scu__buffer encode(const scu__associate *associate, scu__pdu_type type) {
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, SCU__ASSOCIATE_PDU_MAX + SCU__PDU_HEADER);
  assert_int_equal(scu__associate_encode(associate, type, &buffer), SCU_OK);
  return buffer;
}

static scu__buffer rich_rq(void) {
  scu__associate rq;
  assert_int_equal(fill_rich_request(&rq, NULL), SCU_OK);
  scu__buffer buffer = encode(&rq, SCU__PDU_ASSOCIATE_RQ);
  scu__associate_free(&rq);
  return buffer;
}

static scu__buffer rich_ac(void) {
  scu__associate rq, ac;
  scu__reject reject;
  scu__acceptor_policy policy = welcoming_policy();
  assert_int_equal(fill_rich_request(&rq, NULL), SCU_OK);
  assert_int_equal(scu__negotiate_answer(&rq, &policy, NULL, &ac, &reject, NULL), SCU_OK);
  scu__buffer buffer = encode(&ac, SCU__PDU_ASSOCIATE_AC);
  scu__associate_free(&rq);
  scu__associate_free(&ac);
  return buffer;
}

static scu_result decode(const uint8_t *body, size_t length, scu__pdu_type type, scu__associate *out,
                         scu_error *error) {
  scu__error_clear(error);
  return scu__associate_decode(body, length, type, NULL, out, error);
}

static void test_rq_has_the_layout_of_table_9_11(void **state) {
  (void)state;
  scu__buffer pdu = rich_rq();
  const uint8_t *b = pdu.data;
  assert_int_equal(b[0], 1);
  assert_int_equal(b[1], 0);
  assert_int_equal((size_t)b[4] << 8 | b[5], pdu.length - 6);
  assert_int_equal(b[6] << 8 | b[7], 1);
  assert_memory_equal(b + 10, "ARCHIVE         ", 16);
  assert_memory_equal(b + 26, "SCU             ", 16);
  for (int i = 42; i < 74; i++) assert_int_equal(b[i], 0);
  static const uint8_t application_context[] = "\x10\x00\x00\x15"
                                               "1.2.840.10008.3.1.1.1";
  assert_memory_equal(b + 74, application_context, sizeof application_context - 1);
  static const uint8_t context[] = "\x20\x00\x00\x45\x01\x00\x00\x00"
                                   "\x30\x00\x00\x11"
                                   "1.2.840.10008.1.1"
                                   "\x40\x00\x00\x13"
                                   "1.2.840.10008.1.2.1"
                                   "\x40\x00\x00\x11"
                                   "1.2.840.10008.1.2";
  assert_memory_equal(b + 99, context, sizeof context - 1);
  scu__buffer_free(&pdu);
}

static void assert_octets(const scu__octets *octets, const char *bytes, size_t length) {
  assert_int_equal(octets->length, length);
  if (length > 0) assert_memory_equal(octets->data, bytes, length);
}

static void test_rq_with_every_item_comes_back(void **state) {
  (void)state;
  scu__buffer pdu = rich_rq();
  scu__associate rq;
  scu_error error;
  assert_int_equal(decode(pdu.data + 6, pdu.length - 6, SCU__PDU_ASSOCIATE_RQ, &rq, &error), SCU_OK);
  assert_string_equal(rq.called.text, "ARCHIVE");
  assert_string_equal(rq.calling.text, "SCU");
  assert_string_equal(rq.application_context.text, SCU__APPLICATION_CONTEXT);
  assert_int_equal(rq.context_count, 3);
  assert_int_equal(rq.contexts[1].id, 3);
  assert_string_equal(rq.contexts[1].abstract_syntax.text, CT_STORAGE);
  assert_int_equal(rq.contexts[2].count, 2);
  assert_string_equal(rq.contexts[2].transfer_syntaxes[1].text, IMPLICIT_LE);
  assert_int_equal(rq.max_pdu_length, SCU__PDU_LENGTH_DEFAULT);
  assert_string_equal(rq.implementation_class_uid.text, SCU_IMPLEMENTATION_CLASS_UID);
  assert_string_equal(rq.implementation_version_name, SCU_IMPLEMENTATION_VERSION_NAME);
  assert_true(rq.window.present);
  assert_int_equal(rq.window.invoked, 8);
  assert_int_equal(rq.window.performed, 1);
  assert_int_equal(rq.role_count, 2);
  assert_true(!rq.roles[0].scu && rq.roles[0].scp && rq.roles[1].scu && rq.roles[1].scp);
  assert_int_equal(rq.extended_count, 1);
  assert_octets(&rq.extended[0].bytes, "\x01\x00\x01", 3);
  assert_int_equal(rq.common_extended_count, 1);
  assert_string_equal(rq.common_extended[0].service_class.text, "1.2.840.10008.4.2");
  assert_int_equal(rq.common_extended[0].related_count, 2);
  assert_string_equal(rq.common_extended[0].related[1].text, CT_STORAGE);
  assert_int_equal(rq.identity.type, SCU__IDENTITY_PASSCODE);
  assert_true(rq.identity.positive_response_requested);
  assert_octets(&rq.identity.primary, "user", 4);
  assert_octets(&rq.identity.secondary, "secret", 6);
  scu__buffer again = encode(&rq, SCU__PDU_ASSOCIATE_RQ);
  assert_int_equal(again.length, pdu.length);
  assert_memory_equal(again.data, pdu.data, pdu.length);
  scu__buffer_free(&again);
  scu__associate copy;
  assert_int_equal(scu__associate_copy(&copy, &rq, NULL), SCU_OK);
  scu__associate_free(&rq);
  again = encode(&copy, SCU__PDU_ASSOCIATE_RQ);
  assert_int_equal(again.length, pdu.length);
  assert_memory_equal(again.data, pdu.data, pdu.length);
  scu__associate_free(&copy);
  scu__buffer_free(&again);
  scu__buffer_free(&pdu);
}

static void test_ac_comes_back_byte_for_byte(void **state) {
  (void)state;
  scu__buffer pdu = rich_ac();
  scu__associate ac;
  scu_error error;
  assert_int_equal(decode(pdu.data + 6, pdu.length - 6, SCU__PDU_ASSOCIATE_AC, &ac, &error), SCU_OK);
  assert_int_equal(ac.context_count, 3);
  assert_int_equal(ac.contexts[1].result, SCU__CONTEXT_ACCEPTED);
  assert_string_equal(ac.contexts[1].transfer_syntaxes[0].text, JPEG_LOSSLESS);
  assert_true(ac.identity_response.present);
  assert_int_equal(ac.window.invoked, 4);
  scu__buffer again = encode(&ac, SCU__PDU_ASSOCIATE_AC);
  assert_int_equal(again.length, pdu.length);
  assert_memory_equal(again.data, pdu.data, pdu.length);
  scu__associate_free(&ac);
  scu__buffer_free(&again);
  scu__buffer_free(&pdu);
}

/* A cut at an item boundary is a shorter, readable PDU; every other cut is a fault inside the PDU. */
static void check_truncations(const scu__buffer *pdu, scu__pdu_type type) {
  size_t readable = 0;
  for (size_t length = 0; length < pdu->length - 6; length++) {
    uint8_t *exact = malloc(length ? length : 1); /* so that ASan sees one byte too many */
    memcpy(exact, pdu->data + 6, length);
    scu__associate out;
    scu_error error;
    scu_result result = decode(exact, length, type, &out, &error);
    if (result == SCU_OK) {
      readable++;
      scu__associate_free(&out);
    } else {
      assert_int_equal(result, SCU_ERROR_PROTOCOL);
      assert_true(error.offset >= 6 && error.offset <= length + 6);
      assert_true(strstr(error.reason, scu__pdu_type_name((uint8_t)type)) != NULL);
      assert_null(out.contexts);
    }
    free(exact);
  }
  /* Behind the fixed part, the application context and each presentation context. */
  assert_int_equal(readable, 5);
}

static void test_every_truncation_is_rejected(void **state) {
  (void)state;
  scu__buffer rq = rich_rq(), ac = rich_ac();
  check_truncations(&rq, SCU__PDU_ASSOCIATE_RQ);
  check_truncations(&ac, SCU__PDU_ASSOCIATE_AC);
  scu__buffer_free(&rq);
  scu__buffer_free(&ac);
}

/* Every 16-bit field of the PDU, length or not, told wrong in every way: read or refused, never past the end. */
static void check_lies(const scu__buffer *pdu, scu__pdu_type type) {
  size_t length = pdu->length - 6;
  for (size_t at = 0; at + 2 <= length; at++) {
    uint16_t truth = (uint16_t)(pdu->data[6 + at] << 8 | pdu->data[7 + at]);
    const uint16_t lies[] = {0, (uint16_t)(truth - 1), (uint16_t)(truth + 1), 0x7FFF, 0xFFFF};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
      uint8_t *exact = malloc(length);
      memcpy(exact, pdu->data + 6, length);
      exact[at] = (uint8_t)(lies[i] >> 8);
      exact[at + 1] = (uint8_t)lies[i];
      scu__associate out;
      scu_error error;
      scu_result result = decode(exact, length, type, &out, &error);
      assert_true(result == SCU_OK || result == SCU_ERROR_PROTOCOL);
      if (result == SCU_OK) scu__associate_free(&out);
      if (result != SCU_OK) assert_true(error.offset >= 6 && error.offset <= length + 6);
      free(exact);
    }
  }
}

static void test_lies_in_any_field_never_read_past_the_pdu(void **state) {
  (void)state;
  scu__buffer rq = rich_rq(), ac = rich_ac();
  check_lies(&rq, SCU__PDU_ASSOCIATE_RQ);
  check_lies(&ac, SCU__PDU_ASSOCIATE_AC);
  scu__buffer_free(&rq);
  scu__buffer_free(&ac);
}

/* --- One item at a time (catalogue P15) -------------------------------------------------------------------------- */

/* The fixed part, then `items`. */
static scu_result decode_items(const char *items, size_t length, scu__pdu_type type, scu__associate *out,
                               scu_error *error) {
  uint8_t body[2048] = {0, 1};
  assert_true(length <= sizeof body - 68);
  memcpy(body + 4, "ARCHIVE         SCU             ", 32);
  memcpy(body + 68, items, length);
  return decode(body, 68 + length, type, out, error);
}

/* A user information item holding one sub-item of `declared` bytes of which `content` is what is there. */
static scu_result decode_sub_item(uint8_t type, size_t declared, const char *content, size_t length, scu__pdu_type pdu,
                                  scu__associate *out, scu_error *error) {
  char items[512] = {0x50,       0, (char)((4 + length) >> 8), (char)(4 + length),
                     (char)type, 0, (char)(declared >> 8),     (char)declared};
  memcpy(items + 8, content, length);
  return decode_items(items, 8 + length, pdu, out, error);
}

typedef struct sub_item_case {
  uint8_t type;
  const char *content;
  size_t length;
  bool is_rq;
  bool may_shrink; /* one byte less is still readable (a shorter text or value) */
  bool may_be_empty;
} sub_item_case;

#define CONTENT(text) text, sizeof text - 1
static const sub_item_case sub_items[] = {
    {0x51, CONTENT("\0\0\x40\0"), true, false, false},
    {0x51, CONTENT("\0\0\x40\0"), false, false, false},
    {0x52, CONTENT("1.2.3"), true, true, true},
    {0x53, CONTENT("\0\x01\0\x01"), true, false, false},
    {0x54,
     CONTENT("\0\x05"
             "1.2.3\0\x01"),
     true, false, false},
    {0x55, CONTENT("NAME"), true, true, true},
    {0x56,
     CONTENT("\0\x05"
             "1.2.3\x01\x01"),
     true, true, false},
    {0x57,
     CONTENT("\0\x03"
             "1.2\0\x03"
             "1.3\0\x05\0\x03"
             "1.4"),
     true, false, false},
    {0x58, CONTENT("\x02\0\0\x01u\0\x01p"), true, false, false},
    {0x59, CONTENT("\0\x02ok"), false, false, false},
};

static void test_each_sub_item_with_a_wrong_length_is_refused_or_ignored(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof sub_items / sizeof *sub_items; i++) {
    const sub_item_case *c = &sub_items[i];
    scu__pdu_type pdu = c->is_rq ? SCU__PDU_ASSOCIATE_RQ : SCU__PDU_ASSOCIATE_AC;
    scu__associate out;
    scu_error error;
    assert_int_equal(decode_sub_item(c->type, c->length, c->content, c->length, pdu, &out, &error), SCU_OK);
    scu__associate_free(&out);
    scu_result empty = decode_sub_item(c->type, 0, c->content, 0, pdu, &out, &error);
    assert_int_equal(empty, c->may_be_empty ? SCU_OK : SCU_ERROR_PROTOCOL);
    if (empty == SCU_OK) scu__associate_free(&out);
    scu_result shorter = decode_sub_item(c->type, c->length - 1, c->content, c->length - 1, pdu, &out, &error);
    assert_int_equal(shorter, c->may_shrink ? SCU_OK : SCU_ERROR_PROTOCOL);
    if (shorter == SCU_OK) scu__associate_free(&out);
    /* Longer than its parent. */
    assert_int_equal(decode_sub_item(c->type, c->length + 1, c->content, c->length, pdu, &out, &error),
                     SCU_ERROR_PROTOCOL);
    assert_int_equal(error.offset, 6 + 68 + 4);
    assert_int_equal(decode_sub_item(c->type, 0xFFFF, c->content, c->length, pdu, &out, &error), SCU_ERROR_PROTOCOL);
    /* Shorter than its content: what is left over is no item. */
    scu_result left_over = decode_sub_item(c->type, c->length - 1, c->content, c->length, pdu, &out, &error);
    assert_int_equal(left_over, SCU_ERROR_PROTOCOL);
  }
}

static void test_unknown_items_and_sub_items_are_ignored(void **state) {
  (void)state;
  for (int type = 0x5B; type <= 0xFF; type++) { /* catalogue P17 */
    scu__associate out;
    scu_error error;
    assert_int_equal(decode_sub_item((uint8_t)type, 3, "abc", 3, SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_OK);
    scu__associate_free(&out);
    char items[] = {(char)type, 0, 0, 3, 'a', 'b', 'c'};
    assert_int_equal(decode_items(items, sizeof items, SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_OK);
    scu__associate_free(&out);
  }
}

static void test_a_single_sub_item_counts_the_first_time(void **state) {
  (void)state;
  static const char items[] = "\x50\0\0\x1C"
                              "\x51\0\0\x04\0\0\x10\0"
                              "\x51\0\0\x04\0\0\x20\0"
                              "\x58\0\0\x08\x02\0\0\x01u\0\x01p";
  scu__associate out;
  scu_error error;
  assert_int_equal(decode_items(items, sizeof items - 1, SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_OK);
  assert_int_equal(out.max_pdu_length, 4096);
  scu__associate_free(&out);
}

static void test_a_missing_maximum_length_is_16384(void **state) {
  (void)state;
  scu__associate out;
  scu_error error;
  assert_int_equal(decode_items("", 0, SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_OK);
  assert_int_equal(out.max_pdu_length, 16384);
  assert_string_equal(out.application_context.text, "");
  scu__associate_free(&out);
}

static void test_items_that_may_come_once_are_refused_twice(void **state) {
  (void)state;
  scu__associate out;
  scu_error error;
  static const char two_names[] = "\x10\0\0\x03"
                                  "1.2\x10\0\0\x03"
                                  "1.3";
  static const char two_users[] = "\x50\0\0\0\x50\0\0\0";
  static const char two_classes[] = "\x20\0\0\x12\x01\0\0\0\x30\0\0\x03"
                                    "1.2\x30\0\0\x03"
                                    "1.3";
  assert_int_equal(decode_items(CONTENT(two_names), SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_ERROR_PROTOCOL);
  assert_int_equal(error.offset, 6 + 68 + 7);
  assert_int_equal(decode_items(CONTENT(two_users), SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_ERROR_PROTOCOL);
  assert_int_equal(decode_items(CONTENT(two_classes), SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_ERROR_PROTOCOL);
}

static void test_uids_that_are_none_make_a_context_unusable_not_unreadable(void **state) {
  (void)state;
  static const char items[] = "\x20\0\0\x17\x01\0\0\0\x30\0\0\x00\x40\0\0\x03"
                              "1.2\x40\0\0\x04"
                              "1..2"
                              "\x20\0\0\x0B\x03\0\0\0\x30\0\0\x03"
                              "a.b";
  scu__associate out;
  scu_error error;
  assert_int_equal(decode_items(CONTENT(items), SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_OK);
  assert_int_equal(out.context_count, 2);
  assert_string_equal(out.contexts[0].abstract_syntax.text, "");
  assert_int_equal(out.contexts[0].count, 1);
  assert_string_equal(out.contexts[1].abstract_syntax.text, "");
  scu__associate_free(&out);
}

static void test_presentation_context_items_with_wrong_lengths_are_refused(void **state) {
  (void)state;
  scu__associate out;
  scu_error error;
  for (char length = 0; length < 4; length++) {
    char items[8] = {0x20, 0, 0, length, 1, 0, 0, 0};
    assert_int_equal(decode_items(items, 4 + (size_t)length, SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_ERROR_PROTOCOL);
  }
  static const char beyond[] = "\x20\0\0\x0B\x01\0\0\0\x30\0\0\x04"
                               "1.2";
  static const char beyond_syntax[] = "\x20\0\0\x0B\x01\0\0\0\x40\0\xFF\xFF"
                                      "1.2";
  assert_int_equal(decode_items(CONTENT(beyond), SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_ERROR_PROTOCOL);
  assert_int_equal(decode_items(CONTENT(beyond_syntax), SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_ERROR_PROTOCOL);
}

/* Catalogue P20. */
static void test_bad_ae_titles_are_empty_and_their_bytes_kept(void **state) {
  (void)state;
  static const char *const bad[] = {"                ", "A\0B             ", "A\\B             ", "\x1B[31m           ",
                                    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint8_t body[68] = {0, 1};
    memcpy(body + 4, bad[i], 16);
    memcpy(body + 20, "SCU             ", 16);
    scu__associate out;
    scu_error error;
    assert_int_equal(decode(body, sizeof body, SCU__PDU_ASSOCIATE_RQ, &out, &error), SCU_OK);
    assert_string_equal(out.called.text, "");
    assert_memory_equal(out.called_raw, bad[i], 16);
    assert_string_equal(out.calling.text, "SCU");
    scu__associate_free(&out);
  }
}

/* --- Limits ------------------------------------------------------------------------------------------------------- */

static void test_128_contexts_with_odd_ids_and_not_one_more(void **state) {
  (void)state;
  static const char *const implicit[] = {IMPLICIT_LE};
  scu__associate rq;
  fill_titles(&rq, NULL);
  for (int i = 0; i < 128; i++) {
    uint8_t id = 0;
    assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, implicit, 1, &id), SCU_OK);
    assert_int_equal(id, 2 * i + 1);
  }
  assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, implicit, 1, NULL), SCU_ERROR_LIMIT);
  scu__buffer pdu = encode(&rq, SCU__PDU_ASSOCIATE_RQ);
  scu__associate_free(&rq);
  scu_error error;
  assert_int_equal(decode(pdu.data + 6, pdu.length - 6, SCU__PDU_ASSOCIATE_RQ, &rq, &error), SCU_OK);
  assert_int_equal(rq.context_count, 128);
  assert_int_equal(scu__associate_find_context(&rq, 255)->id, 255);
  assert_null(scu__associate_find_context(&rq, 2));
  scu__associate_free(&rq);
  scu__buffer_free(&pdu);
}

static void test_builders_refuse_what_is_no_uid_or_too_much(void **state) {
  (void)state;
  const char *many[65];
  for (int i = 0; i < 65; i++) many[i] = IMPLICIT_LE;
  scu__associate rq;
  fill_titles(&rq, NULL);
  assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, many, 0, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, many, 65, NULL), SCU_ERROR_LIMIT);
  assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, many, 64, NULL), SCU_OK);
  assert_int_equal(scu__associate_add_context(&rq, "1.02", many, 1, NULL), SCU_ERROR_USAGE);
  many[0] = "CT";
  assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, many, 1, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu__associate_add_role(&rq, "", true, true), SCU_ERROR_USAGE);
  assert_int_equal(scu__associate_add_extended(&rq, CT_STORAGE, NULL, 65536), SCU_ERROR_LIMIT);
  assert_int_equal(scu__associate_set_identity(&rq, SCU__IDENTITY_JWT, false, NULL, 65536, NULL, 0), SCU_ERROR_LIMIT);
  assert_int_equal(
      scu__associate_set_identity(&rq, SCU__IDENTITY_JWT, false, (const uint8_t *)"a", 1, (const uint8_t *)"b", 1),
      SCU_ERROR_USAGE);
  scu__associate_free(&rq);
}

static void test_user_information_longer_than_its_length_field_is_a_limit(void **state) {
  (void)state;
  uint8_t *token = calloc(65535, 1);
  scu__associate rq;
  scu__buffer buffer;
  fill_titles(&rq, NULL);
  assert_int_equal(scu__associate_set_identity(&rq, SCU__IDENTITY_SAML, false, token, 65535, NULL, 0), SCU_OK);
  scu__buffer_init(&buffer, NULL, SCU__ASSOCIATE_PDU_MAX);
  assert_int_equal(scu__associate_encode(&rq, SCU__PDU_ASSOCIATE_RQ, &buffer), SCU_ERROR_LIMIT);
  scu__buffer_free(&buffer);
  scu__associate_free(&rq);
  free(token);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rq_has_the_layout_of_table_9_11),
      cmocka_unit_test(test_rq_with_every_item_comes_back),
      cmocka_unit_test(test_ac_comes_back_byte_for_byte),
      cmocka_unit_test(test_every_truncation_is_rejected),
      cmocka_unit_test(test_lies_in_any_field_never_read_past_the_pdu),
      cmocka_unit_test(test_each_sub_item_with_a_wrong_length_is_refused_or_ignored),
      cmocka_unit_test(test_unknown_items_and_sub_items_are_ignored),
      cmocka_unit_test(test_a_single_sub_item_counts_the_first_time),
      cmocka_unit_test(test_a_missing_maximum_length_is_16384),
      cmocka_unit_test(test_items_that_may_come_once_are_refused_twice),
      cmocka_unit_test(test_uids_that_are_none_make_a_context_unusable_not_unreadable),
      cmocka_unit_test(test_presentation_context_items_with_wrong_lengths_are_refused),
      cmocka_unit_test(test_bad_ae_titles_are_empty_and_their_bytes_kept),
      cmocka_unit_test(test_128_contexts_with_odd_ids_and_not_one_more),
      cmocka_unit_test(test_builders_refuse_what_is_no_uid_or_too_much),
      cmocka_unit_test(test_user_information_longer_than_its_length_field_is_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
