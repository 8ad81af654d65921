/* Failing statuses as errors: what the peer says itself comes before what we would guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client/refusal.h"

static scu__command response_with(uint16_t field, uint16_t status) {
  return (scu__command){.field = field, .status = status};
}

static void check(const scu__command *response, const char *in_reason, const char *in_hint) {
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__refusal(&error, response), SCU_ERROR_REFUSED);
  assert_int_equal(scu_error_dimse_status(&error), response->status);
  assert_non_null(strstr(scu_error_reason(&error), in_reason));
  if (*in_hint)
    assert_non_null(strstr(scu_error_hint(&error), in_hint));
  else
    assert_string_equal(scu_error_hint(&error), "");
}

static void test_keys_that_are_not_taken_are_guessed_at_only_without_a_word_from_the_peer(void **state) {
  (void)state;
  static const uint16_t fields[] = {SCU__C_FIND_RSP, SCU__C_MOVE_RSP, SCU__C_GET_RSP};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    scu__command response = response_with(fields[i], 0xA900);
    check(&response, "A900H", "keys");
    strcpy(response.error_comment, "no such level");
    check(&response, "A900H", "");
    response.offending_count = 1;
    response.offending[0] = 0x00080052;
    check(&response, "it names QueryRetrieveLevel (0008,0052)", "what it names");
    assert_null(strstr(response.error_comment, "(")); /* the comment stays apart */
  }
}

static void test_other_statuses_keep_their_hint(void **state) {
  (void)state;
  scu__command response = response_with(SCU__C_MOVE_RSP, 0xA801);
  strcpy(response.error_comment, "unknown");
  check(&response, "A801H", "register the destination");
}

static void test_offending_elements_are_named_as_far_as_anybody_reads(void **state) {
  (void)state;
  scu__command response = response_with(SCU__C_FIND_RSP, 0xC000);
  response.offending_count = SCU__OFFENDING_MAX;
  for (size_t i = 0; i < SCU__OFFENDING_MAX; i++) response.offending[i] = 0x00091001 + (uint32_t)i;
  char text[SCU__REFUSAL_ELEMENTS_MAX];
  scu__refusal_elements(&response, text);
  assert_string_equal(text, "; it names (0009,1001), (0009,1002), (0009,1003)");
  response.offending_count = 0;
  scu__refusal_elements(&response, text);
  assert_string_equal(text, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_keys_that_are_not_taken_are_guessed_at_only_without_a_word_from_the_peer),
      cmocka_unit_test(test_other_statuses_keep_their_hint),
      cmocka_unit_test(test_offending_elements_are_named_as_far_as_anybody_reads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
