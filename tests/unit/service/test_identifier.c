/* Identifiers: pieces of any size, memory that is used again, what is wrong stays wrong once only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/parts.h"
#include "support/failing_allocator.h"

/* (0008,0052) CS "STUDY ", (0010,0020) LO "PAT1". */
static const uint8_t implicit_le[] = {0x08, 0,    0x52, 0,    6, 0, 0, 0, 'S', 'T', 'U', 'D', 'Y',
                                      ' ',  0x10, 0,    0x20, 0, 4, 0, 0, 0,   'P', 'A', 'T', '1'};
static const uint8_t explicit_be[] = {0,   0x08, 0,    0x52, 'C',  'S', 0,   6, 'S', 'T', 'U', 'D', 'Y',
                                      ' ', 0,    0x10, 0,    0x20, 'L', 'O', 0, 4,   'P', 'A', 'T', '1'};

static scu_result put_in_pieces(scu__identifier *identifier, const uint8_t *bytes, size_t length, size_t step,
                                scu__encoding encoding) {
  scu__identifier_reset(identifier);
  scu_result result = SCU_MORE;
  for (size_t at = 0; at < length && result == SCU_MORE; at += step) {
    size_t piece = length - at < step ? length - at : step;
    uint8_t *copy = malloc(piece);
    memcpy(copy, bytes + at, piece);
    result = scu__identifier_put(identifier, copy, piece, at + piece == length, encoding, NULL);
    free(copy);
  }
  return result;
}

static void check_content(const scu__identifier *identifier) {
  char text[20];
  assert_int_equal(scu_dataset_count(identifier->dataset), 2);
  assert_int_equal(scu_dataset_text(identifier->dataset, "PatientID", text, sizeof text), SCU_OK);
  assert_string_equal(text, "PAT1");
}

static void test_any_pieces_and_encodings_give_the_same_data_set(void **state) {
  (void)state;
  scu__identifier identifier;
  scu__identifier_init(&identifier, NULL);
  for (size_t step = 1; step <= sizeof implicit_le; step++) {
    assert_int_equal(put_in_pieces(&identifier, implicit_le, sizeof implicit_le, step, SCU__IMPLICIT_LE), SCU_OK);
    check_content(&identifier);
    assert_int_equal(put_in_pieces(&identifier, explicit_be, sizeof explicit_be, step, SCU__EXPLICIT_BE), SCU_OK);
    check_content(&identifier);
  }
  scu__identifier_free(&identifier);
}

static void test_every_truncation_is_malformed_or_shorter_and_the_next_one_is_good(void **state) {
  (void)state;
  scu__identifier identifier;
  scu__identifier_init(&identifier, NULL);
  for (size_t cut = 1; cut < sizeof implicit_le; cut++) {
    scu_result result = put_in_pieces(&identifier, implicit_le, cut, 3, SCU__IMPLICIT_LE);
    if (cut == 14)
      assert_int_equal(result, SCU_OK);
    else
      assert_int_equal(result, SCU_ERROR_MALFORMED);
    assert_int_equal(put_in_pieces(&identifier, implicit_le, sizeof implicit_le, 5, SCU__IMPLICIT_LE), SCU_OK);
    check_content(&identifier);
  }
  scu__identifier_free(&identifier);
}

static void test_no_bytes_at_all_are_an_empty_data_set(void **state) {
  (void)state;
  scu__identifier identifier;
  scu__identifier_init(&identifier, NULL);
  assert_int_equal(scu__identifier_put(&identifier, NULL, 0, true, SCU__IMPLICIT_LE, NULL), SCU_OK);
  assert_int_equal(scu_dataset_count(identifier.dataset), 0);
  scu__identifier_free(&identifier);
}

static void test_the_thousandth_needs_no_more_memory_than_the_second(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu__identifier identifier;
  scu__identifier_init(&identifier, &counting.allocator);
  size_t after_two = 0;
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(put_in_pieces(&identifier, implicit_le, sizeof implicit_le, 10, SCU__IMPLICIT_LE), SCU_OK);
    if (i == 1) after_two = counting.requests;
  }
  assert_int_equal(counting.requests, after_two);
  scu__identifier_free(&identifier);
  assert_int_equal(counting.alive, 0);
}

static void test_settled_identifier_keeps_only_its_data_set(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu__identifier identifier;
  scu__identifier_init(&identifier, &counting.allocator);
  scu__identifier_settle(&identifier); /* nothing is there yet */
  assert_int_equal(put_in_pieces(&identifier, implicit_le, sizeof implicit_le, 3, SCU__IMPLICIT_LE), SCU_OK);
  size_t alive = counting.alive;
  scu__identifier_settle(&identifier);
  assert_in_range(counting.alive, 1, alive - 2);
  check_content(&identifier);
  scu__identifier_free(&identifier);
  assert_int_equal(counting.alive, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_any_pieces_and_encodings_give_the_same_data_set),
      cmocka_unit_test(test_every_truncation_is_malformed_or_shorter_and_the_next_one_is_good),
      cmocka_unit_test(test_no_bytes_at_all_are_an_empty_data_set),
      cmocka_unit_test(test_the_thousandth_needs_no_more_memory_than_the_second),
      cmocka_unit_test(test_settled_identifier_keeps_only_its_data_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
