/* What nobody may read in a trace is not there, the rest is untouched, and hostile lengths lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "observe/mask.h"
#include "ul/pdu.h"

#define USER     "alice-CANARY"
#define PASSCODE "tiger-CANARY"

static bool holds(const scu__buffer *pdu, const char *text) {
  size_t length = strlen(text);
  for (size_t i = 0; i + length <= pdu->length; i++)
    if (memcmp(pdu->data + i, text, length) == 0) return true;
  return false;
}

static void encode(const scu__associate *associate, scu__pdu_type type, scu__buffer *pdu) {
  scu__buffer_init(pdu, NULL, 1024 * 1024);
  assert_int_equal(scu__associate_encode(associate, type, pdu), SCU_OK);
}

static void begin(scu__associate *associate) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  scu__associate_init(associate, NULL);
  assert_true(scu__ae_from_text(&associate->called, "ARCHIVE"));
  assert_true(scu__ae_from_text(&associate->calling, "SCU"));
  assert_int_equal(scu__associate_add_context(associate, "1.2.840.10008.1.1", syntaxes, 1, NULL), SCU_OK);
}

static void test_passcodes_and_tokens_are_covered_and_nothing_else(void **state) {
  (void)state;
  for (int type = SCU__IDENTITY_USER_NAME; type <= SCU__IDENTITY_JWT; type++) {
    scu__associate rq;
    scu__buffer pdu, before;
    begin(&rq);
    bool has_passcode = type == SCU__IDENTITY_PASSCODE;
    assert_int_equal(scu__associate_set_identity(&rq, (scu__identity_type)type, true, (const uint8_t *)USER,
                                                 strlen(USER), (const uint8_t *)PASSCODE,
                                                 has_passcode ? strlen(PASSCODE) : 0),
                     SCU_OK);
    encode(&rq, SCU__PDU_ASSOCIATE_RQ, &pdu);
    encode(&rq, SCU__PDU_ASSOCIATE_RQ, &before);
    assert_true(holds(&pdu, USER));
    scu__mask_secrets(pdu.data, pdu.length);
    assert_int_equal(holds(&pdu, USER), type <= SCU__IDENTITY_PASSCODE);
    assert_false(holds(&pdu, PASSCODE));
    size_t changed = 0;
    for (size_t i = 0; i < pdu.length; i++) {
      if (pdu.data[i] == before.data[i]) continue;
      assert_int_equal(pdu.data[i], 'x');
      changed++;
    }
    size_t secret = type == SCU__IDENTITY_USER_NAME ? 0 : has_passcode ? strlen(PASSCODE) : strlen(USER);
    assert_int_equal(changed, secret);
    scu__buffer_free(&pdu);
    scu__buffer_free(&before);
    scu__associate_free(&rq);
  }
}

/* 02 PDU with a 50H item that holds a 59H item; the fixed part is 74 bytes. */
static void test_the_answer_of_a_server_is_covered(void **state) {
  (void)state;
  uint8_t pdu[74 + 4 + 4 + 2 + 6] = {0x02};
  uint8_t *item = pdu + 74;
  static const uint8_t items[] = {0x50, 0, 0, 12, 0x59, 0, 0, 8, 0, 6, 's', 'e', 'c', 'r', 'e', 't'};
  memcpy(item, items, sizeof items);
  scu__mask_secrets(pdu, sizeof pdu);
  assert_memory_equal(item, items, 10);
  assert_memory_equal(item + 10, "xxxxxx", 6);
}

static void test_an_identity_with_lengths_that_lie_is_covered_whole(void **state) {
  (void)state;
  static const uint8_t lies[][12] = {{2, 1, 0xFF, 0xFF, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'},
                                     {2, 1, 0, 2, 'a', 'b', 0, 9, 'e', 'f', 'g', 'h'},
                                     {2, 1, 0, 2, 'a', 'b', 0, 1, 'e', 'f', 'g', 'h'},
                                     {1, 1, 0, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    uint8_t pdu[74 + 4 + 4 + 12] = {0x01};
    static const uint8_t headers[] = {0x50, 0, 0, 16, 0x58, 0, 0, 12};
    memcpy(pdu + 74, headers, sizeof headers);
    memcpy(pdu + 82, lies[i], sizeof lies[i]);
    scu__mask_secrets(pdu, sizeof pdu);
    for (size_t k = 82; k < sizeof pdu; k++) assert_int_equal(pdu[k], 'x');
  }
}

/* Every cut and every wrong byte, on heap blocks of the exact size for the sanitizer. */
static void test_no_length_leads_out_of_the_pdu(void **state) {
  (void)state;
  scu__associate rq;
  scu__buffer whole;
  begin(&rq);
  assert_int_equal(scu__associate_set_identity(&rq, SCU__IDENTITY_PASSCODE, true, (const uint8_t *)USER, strlen(USER),
                                               (const uint8_t *)PASSCODE, strlen(PASSCODE)),
                   SCU_OK);
  encode(&rq, SCU__PDU_ASSOCIATE_RQ, &whole);
  for (size_t length = 1; length <= whole.length; length++) {
    uint8_t *cut = malloc(length);
    assert_non_null(cut);
    memcpy(cut, whole.data, length);
    scu__mask_secrets(cut, length);
    free(cut);
  }
  for (size_t at = 74; at < whole.length; at++) {
    uint8_t *wrong = malloc(whole.length);
    assert_non_null(wrong);
    memcpy(wrong, whole.data, whole.length);
    wrong[at] = 0xFF;
    scu__mask_secrets(wrong, whole.length);
    free(wrong);
  }
  scu__buffer_free(&whole);
  scu__associate_free(&rq);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_passcodes_and_tokens_are_covered_and_nothing_else),
      cmocka_unit_test(test_the_answer_of_a_server_is_covered),
      cmocka_unit_test(test_an_identity_with_lengths_that_lie_is_covered_whole),
      cmocka_unit_test(test_no_length_leads_out_of_the_pdu),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
