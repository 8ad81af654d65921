/* The ledger, and commitments on their way into it. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/commitment.h"
#include "archive/ledger.h"
#include "support/failing_allocator.h"
#include "unit/io/scratch.h"

enum { TEXT_ROOM = 4096 };

static scu__ledger *open_ledger(void) {
  scu__ledger *ledger = NULL;
  scu_error error = {0};
  if (scu__ledger_file_open(in_scratch("l"), NULL, &ledger, &error) != SCU_OK) fail_msg("%s", error.reason);
  return ledger;
}

static void put(scu__ledger *ledger, const char *key, const char *text) {
  assert_int_equal(ledger->put(ledger->user, key, (const uint8_t *)text, strlen(text), NULL), SCU_OK);
}

static scu_result write_entry(void *taker, const char *key, const uint8_t *bytes, size_t length) {
  char *text = taker;
  size_t used = strlen(text);
  snprintf(text + used, TEXT_ROOM - used, "%s=%.*s ", key, (int)length, (const char *)bytes);
  return SCU_OK;
}

static void expect(scu__ledger *ledger, const char *expected) {
  char text[TEXT_ROOM] = "";
  assert_int_equal(ledger->each(ledger->user, write_entry, text), SCU_OK);
  assert_string_equal(text, expected);
}

static void test_entries_survive_until_they_are_removed(void **state) {
  (void)state;
  scu__ledger *ledger = open_ledger();
  put(ledger, "a", "1");
  put(ledger, "b", "2");
  put(ledger, "c", "");
  scu__ledger_close(ledger);
  ledger = open_ledger();
  expect(ledger, "a=1 b=2 c= ");
  assert_int_equal(ledger->remove(ledger->user, "b", NULL), SCU_OK);
  assert_int_equal(ledger->remove(ledger->user, "b", NULL), SCU_END);
  put(ledger, "a", "3");
  scu__ledger_close(ledger);
  ledger = open_ledger();
  expect(ledger, "c= a=3 ");
  scu__ledger_close(ledger);
}

static void test_a_damaged_ledger_says_what_it_holds_and_what_to_do(void **state) {
  (void)state;
  static const char *const contents[] = {"SCUJRNL2 or something else", "\n"};
  for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
    FILE *file = fopen(in_scratch("l"), "wb");
    assert_non_null(file);
    fputs(contents[i], file);
    fclose(file);
    scu__ledger *ledger = NULL;
    scu_error error;
    scu__error_clear(&error);
    assert_int_equal(scu__ledger_file_open(in_scratch("l"), NULL, &ledger, &error), SCU_ERROR_MALFORMED);
    assert_null(ledger);
    assert_non_null(strstr(scu_error_reason(&error), "only commitments"));
    assert_non_null(strstr(scu_error_hint(&error), "move it away"));
    assert_int_equal(scu__ledger_file_open(in_scratch("l"), NULL, &ledger, NULL), SCU_ERROR_MALFORMED);
  }
}

static void test_a_ledger_that_is_empty_takes_no_room(void **state) {
  (void)state;
  scu__ledger *ledger = open_ledger();
  for (int i = 0; i < 10; i++) {
    put(ledger, "a", "1");
    put(ledger, "b", "2");
    assert_int_equal(ledger->remove(ledger->user, "a", NULL), SCU_OK);
    assert_int_equal(ledger->remove(ledger->user, "b", NULL), SCU_OK);
    assert_int_equal(size_of(in_scratch("l")), 8);
  }
  scu__ledger_close(ledger);
}

static void test_dead_records_are_left_behind_at_opening(void **state) {
  (void)state;
  scu__ledger *ledger = open_ledger();
  put(ledger, "keep", "1");
  for (int i = 0; i < 100; i++) {
    put(ledger, "a", "somewhat longer");
    assert_int_equal(ledger->remove(ledger->user, "a", NULL), SCU_OK);
  }
  scu__ledger_close(ledger);
  long long_one = size_of(in_scratch("l"));
  ledger = open_ledger();
  expect(ledger, "keep=1 ");
  assert_true(size_of(in_scratch("l")) < long_one / 50);
  put(ledger, "b", "2");
  scu__ledger_close(ledger);
  ledger = open_ledger();
  expect(ledger, "keep=1 b=2 ");
  scu__ledger_close(ledger);
  assert_int_equal(size_of(in_scratch("l.new")), -1);
}

static void test_what_does_not_fit_is_refused_and_changes_nothing(void **state) {
  (void)state;
  char key[SCU__LEDGER_KEY_MAX + 2];
  scu__ledger *ledger = open_ledger();
  memset(key, 'k', sizeof key - 1);
  key[sizeof key - 1] = 0;
  assert_int_equal(ledger->put(ledger->user, key, NULL, 0, NULL), SCU_ERROR_LIMIT);
  assert_int_equal(ledger->put(ledger->user, "", NULL, 0, NULL), SCU_ERROR_LIMIT);
  key[SCU__LEDGER_KEY_MAX] = 0;
  put(ledger, key, "1");
  assert_int_equal(ledger->remove(ledger->user, key, NULL), SCU_OK);
  expect(ledger, "");
  scu__ledger_close(ledger);
  scu__ledger_close(NULL);
}

static scu_result use_ledger(const scu_allocator *allocator) {
  scu__ledger *ledger = NULL;
  scu_result result = scu__ledger_file_open(in_scratch("l"), allocator, &ledger, NULL);
  if (result != SCU_OK) return result;
  result = ledger->put(ledger->user, "x", (const uint8_t *)"1", 1, NULL);
  if (result == SCU_OK) result = ledger->remove(ledger->user, "x", NULL);
  scu__ledger_close(ledger);
  return result;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  scu__ledger *ledger = open_ledger();
  put(ledger, "keep", "1");
  put(ledger, "keep", "2");
  put(ledger, "keep", "3");
  scu__ledger_close(ledger);
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    failing_allocator failing;
    failing_allocator_init(&failing, i);
    result = use_ledger(&failing.allocator);
    assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY || result == SCU_ERROR_STORAGE);
    assert_int_equal(failing.alive, 0);
    assert_true(i < 1000);
  }
  ledger = open_ledger();
  char text[TEXT_ROOM] = "";
  ledger->each(ledger->user, write_entry, text);
  assert_non_null(strstr(text, "keep=3 "));
  scu__ledger_close(ledger);
}

/* --- commitments -------------------------------------------------------------------------------------------------- */

static void encode_sample(scu__buffer *bytes) {
  scu__commitment_item items[2] = {{.sop_class = {"1.2.3"}, .sop_instance = {"1.2.3.4"}},
                                   {.sop_class = {"1.2"}, .sop_instance = {"1.2.3.5"}, .failure = 0x0112}};
  scu__commitment commitment = {.requester = {"MODALITY"}, .items = items, .count = 2};
  scu__buffer_init(bytes, NULL, 1000);
  scu__commitment_encode(&commitment, bytes);
  assert_int_equal(scu__buffer_result(bytes), SCU_OK);
}

static void test_a_commitment_goes_to_bytes_and_back(void **state) {
  (void)state;
  scu__buffer bytes;
  scu__commitment back;
  encode_sample(&bytes);
  assert_int_equal(scu__commitment_decode(&back, NULL, "1.9", bytes.data, bytes.length), SCU_OK);
  assert_string_equal(back.transaction.text, "1.9");
  assert_string_equal(back.requester.text, "MODALITY");
  assert_int_equal(back.count, 2);
  assert_string_equal(back.items[0].sop_class.text, "1.2.3");
  assert_string_equal(back.items[0].sop_instance.text, "1.2.3.4");
  assert_int_equal(back.items[0].failure, 0);
  assert_string_equal(back.items[1].sop_instance.text, "1.2.3.5");
  assert_int_equal(back.items[1].failure, 0x0112);
  scu__commitment_free(&back);
  scu__buffer_free(&bytes);
}

static void test_commitments_that_are_cut_or_lie_are_not_decoded(void **state) {
  (void)state;
  scu__buffer bytes;
  scu__commitment back;
  encode_sample(&bytes);
  for (size_t length = 0; length < bytes.length; length++) {
    uint8_t *copy = scu__alloc(NULL, length);
    memcpy(copy, bytes.data, length);
    assert_int_equal(scu__commitment_decode(&back, NULL, "1.9", copy, length), SCU_ERROR_MALFORMED);
    scu__free(NULL, copy);
  }
  scu__put_u8(&bytes, 0);
  assert_int_equal(scu__commitment_decode(&back, NULL, "1.9", bytes.data, bytes.length), SCU_ERROR_MALFORMED);
  bytes.length--;
  for (size_t at = 0; at < bytes.length; at++) {
    bytes.data[at] ^= 0xFF;
    if (scu__commitment_decode(&back, NULL, "1.9", bytes.data, bytes.length) == SCU_OK) scu__commitment_free(&back);
    bytes.data[at] ^= 0xFF;
  }
  scu__buffer_free(&bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_entries_survive_until_they_are_removed),
      TEST(test_a_damaged_ledger_says_what_it_holds_and_what_to_do),
      TEST(test_a_ledger_that_is_empty_takes_no_room),
      TEST(test_dead_records_are_left_behind_at_opening),
      TEST(test_what_does_not_fit_is_refused_and_changes_nothing),
      TEST(test_every_allocation_may_fail),
      TEST(test_a_commitment_goes_to_bytes_and_back),
      TEST(test_commitments_that_are_cut_or_lie_are_not_decoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
