/* What is written down of storage commitments: records that come back as they were and never hurt, one file each. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/commit_ledger.h"
#include "io/clock.h"
#include "support/failing_allocator.h"
#include "unit/io/scratch.h"

#define UID "1.2.40.7"

static void add(scu__transaction *transaction, const char *sop_class, const char *instance) {
  scu__uid class_uid, instance_uid;
  assert_true(scu__uid_from_text(&class_uid, sop_class) && scu__uid_from_text(&instance_uid, instance));
  assert_int_equal(scu__references_add(&transaction->references, &class_uid, &instance_uid), SCU_OK);
}

static scu__transaction make(const char *uid) {
  scu__transaction made;
  scu__transaction_init(&made, NULL);
  scu__uid_from_text(&made.uid, uid);
  snprintf(made.peer, sizeof made.peer, "PACS@10.0.0.1:104");
  made.asked_at = UINT64_C(0x123456789A);
  add(&made, "1.2.3", "1.2.3.1");
  add(&made, "1.2.3", "1.2.3.2");
  add(&made, "1.2.4", "1.2.3.3");
  return made;
}

static void give_result(scu__transaction *transaction, uint64_t came_at) {
  transaction->came_at = came_at;
  transaction->references.items[0].state = SCU_COMMIT_COMMITTED;
  snprintf(transaction->references.items[0].retrieve_ae.text, 17, "STORE1");
  transaction->references.items[1].state = SCU_COMMIT_FAILED;
  transaction->references.items[1].reason = 0x0112;
  transaction->references.items[2].state = SCU_COMMIT_UNLISTED;
}

static void expect_same(const scu__transaction *a, const scu__transaction *b) {
  assert_string_equal(a->uid.text, b->uid.text);
  assert_string_equal(a->peer, b->peer);
  assert_true(a->asked_at == b->asked_at && a->came_at == b->came_at);
  assert_int_equal(a->references.count, b->references.count);
  for (size_t i = 0; i < a->references.count; i++) {
    const scu__reference *x = &a->references.items[i], *y = &b->references.items[i];
    assert_string_equal(x->sop_class.text, y->sop_class.text);
    assert_string_equal(x->sop_instance.text, y->sop_instance.text);
    assert_string_equal(x->retrieve_ae.text, y->retrieve_ae.text);
    assert_true(x->state == y->state && x->reason == y->reason);
  }
}

static scu__commit_ledger *open_ledger(void) {
  scu__commit_ledger *ledger = NULL;
  assert_int_equal(scu__commit_ledger_open(in_scratch("a/b"), NULL, &ledger, NULL), SCU_OK);
  return ledger;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static void encode_all(const scu__transaction *transaction, scu__buffer records[3]) {
  for (int i = 0; i < 3; i++) scu__buffer_init(&records[i], NULL, 4096);
  scu__transaction_encode(transaction, &records[0]);
  scu__transaction_encode_result(transaction, &records[1]);
  scu__transaction_encode_told(&records[2]);
}

static scu_result decode(scu__transaction *out, const scu__buffer *records, int count) {
  scu_result result = SCU_OK;
  scu__transaction_init(out, NULL);
  for (int i = 0; i < count && result == SCU_OK; i++)
    result = scu__transaction_decode(out, records[i].data, records[i].length);
  return result;
}

static void test_records_come_back_as_they_were(void **state) {
  (void)state;
  scu__buffer records[3];
  scu__transaction made = make(UID), got;
  give_result(&made, 77);
  encode_all(&made, records);
  assert_int_equal(decode(&got, records, 3), SCU_OK);
  expect_same(&made, &got);
  assert_true(got.is_told);
  scu__transaction_free(&got);
  assert_int_equal(decode(&got, records, 1), SCU_OK);
  assert_int_equal(got.came_at, 0);
  assert_int_equal(scu__references_count_of(&got.references, SCU_COMMIT_PENDING), 3);
  scu__transaction_free(&got);
  scu__transaction_free(&made);
  for (int i = 0; i < 3; i++) scu__buffer_free(&records[i]);
}

static void test_records_that_are_cut_or_changed_are_malformed_or_harmless(void **state) {
  (void)state;
  scu__buffer records[3];
  scu__transaction made = make(UID), got;
  give_result(&made, 77);
  encode_all(&made, records);
  for (int record = 0; record < 3; record++) {
    size_t length = records[record].length;
    for (size_t cut = 0; cut < length; cut++) {
      records[record].length = cut;
      assert_int_equal(decode(&got, records, record + 1), SCU_ERROR_MALFORMED);
      scu__transaction_free(&got);
    }
    records[record].length = length;
    for (size_t i = 0; i < length * 8; i++) {
      records[record].data[i / 8] ^= (uint8_t)(1u << i % 8);
      scu_result result = decode(&got, records, 3);
      if (result != SCU_OK) assert_int_equal(result, SCU_ERROR_MALFORMED);
      scu__transaction_free(&got);
      records[record].data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
  }
  /* A result twice, or before what was asked for; a request twice; a count that lies. */
  assert_int_equal(decode(&got, &records[1], 1), SCU_ERROR_MALFORMED);
  scu__transaction_free(&got);
  for (int record = 0; record < 2; record++) {
    assert_int_equal(decode(&got, records, 2), SCU_OK);
    assert_int_equal(scu__transaction_decode(&got, records[record].data, records[record].length), SCU_ERROR_MALFORMED);
    scu__transaction_free(&got);
  }
  scu__transaction_free(&made);
  for (int i = 0; i < 3; i++) scu__buffer_free(&records[i]);
}

/* --- the folder --------------------------------------------------------------------------------------------------- */

static void test_a_transaction_is_there_from_put_on(void **state) {
  (void)state;
  scu__commit_ledger *ledger = open_ledger();
  scu__transaction made = make(UID), got;
  scu__uid other = {"1.2.40.8"};
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__commit_ledger_put(ledger, &made, NULL), SCU_OK);
  assert_int_equal(scu__commit_ledger_put(ledger, &made, &error), SCU_ERROR_USAGE);
  assert_int_equal(scu__commit_ledger_read(ledger, &other, &got, NULL), SCU_END);
  scu__commit_ledger_close(ledger);
  ledger = open_ledger();
  assert_int_equal(scu__commit_ledger_read(ledger, &made.uid, &got, NULL), SCU_OK);
  expect_same(&made, &got);
  scu__transaction_free(&got);
  give_result(&made, 77);
  assert_int_equal(scu__commit_ledger_put_result(ledger, &made, NULL), SCU_OK);
  assert_int_equal(scu__commit_ledger_put_result(ledger, &made, NULL), SCU_END);
  assert_int_equal(scu__commit_ledger_put_told(ledger, &made.uid, NULL), SCU_OK);
  long length = size_of(in_scratch("a/b/" UID ".commitment"));
  assert_int_equal(scu__commit_ledger_put_told(ledger, &made.uid, NULL), SCU_OK); /* once is enough */
  assert_int_equal(size_of(in_scratch("a/b/" UID ".commitment")), length);
  assert_int_equal(scu__commit_ledger_read(ledger, &made.uid, &got, NULL), SCU_OK);
  expect_same(&made, &got);
  assert_true(got.is_told);
  scu__transaction_free(&got);
  assert_int_equal(scu__commit_ledger_remove(ledger, &made.uid, NULL), SCU_OK);
  assert_int_equal(scu__commit_ledger_remove(ledger, &made.uid, NULL), SCU_END);
  assert_int_equal(scu__commit_ledger_put_result(ledger, &made, NULL), SCU_END);
  assert_int_equal(size_of(in_scratch("a/b/" UID ".commitment")), -1);
  scu__transaction_free(&made);
  scu__commit_ledger_close(ledger);
}

static void test_a_write_that_was_cut_short_counts_as_never_written(void **state) {
  (void)state;
  scu__commit_ledger *ledger = open_ledger();
  scu__transaction made = make(UID), got;
  const char *path = in_scratch("a/b/" UID ".commitment");
  assert_int_equal(scu__commit_ledger_put(ledger, &made, NULL), SCU_OK);
  long asked = size_of(path);
  give_result(&made, 77);
  assert_int_equal(scu__commit_ledger_put_result(ledger, &made, NULL), SCU_OK);
  for (long cut = size_of(path) - 1; cut >= 0; cut--) {
    assert_int_equal(truncate(path, cut), 0);
    scu_result result = scu__commit_ledger_read(ledger, &made.uid, &got, NULL);
    assert_int_equal(result, cut >= asked ? SCU_OK : SCU_END);
    if (result == SCU_OK) assert_int_equal(got.came_at, 0);
    if (result == SCU_OK) scu__transaction_free(&got);
  }
  made.came_at = 0;
  assert_int_equal(scu__commit_ledger_put(ledger, &made, NULL), SCU_OK);
  scu__transaction_free(&made);
  scu__commit_ledger_close(ledger);
}

static scu_result count_one(void *user, scu__transaction *transaction) {
  (void)transaction;
  ++*(size_t *)user;
  return SCU_OK;
}

static size_t count(const scu__commit_ledger *ledger) {
  size_t found = 0;
  assert_int_equal(scu__commit_ledger_each(ledger, count_one, NULL, &found, NULL), SCU_OK);
  return found;
}

/* Over and told 31 days ago, over and told today, over and not told, open: the first goes when there are many. */
static void test_what_is_over_told_and_old_makes_room(void **state) {
  (void)state;
  scu__commit_ledger *ledger = open_ledger();
  uint64_t now = scu__clock_wall_s();
  for (int i = 0; i < 4; i++) {
    char uid[32];
    snprintf(uid, sizeof uid, "1.2.40.%d", i + 1);
    scu__transaction made = make(uid);
    assert_int_equal(scu__commit_ledger_put(ledger, &made, NULL), SCU_OK);
    give_result(&made, i == 1 ? now : now - UINT64_C(31) * 24 * 3600);
    if (i < 3) assert_int_equal(scu__commit_ledger_put_result(ledger, &made, NULL), SCU_OK);
    if (i < 2) assert_int_equal(scu__commit_ledger_put_told(ledger, &made.uid, NULL), SCU_OK);
    scu__transaction_free(&made);
  }
  for (int i = 4; i < 256; i++) {
    char name[64];
    snprintf(name, sizeof name, "a/b/1.2.%d.commitment", i);
    write_scratch(name, "", 0);
  }
  assert_int_equal(count(ledger), 4);
  scu__transaction one_more = make("1.2.41");
  assert_int_equal(scu__commit_ledger_put(ledger, &one_more, NULL), SCU_OK);
  assert_int_equal(count(ledger), 3 + 1);
  assert_int_equal(size_of(in_scratch("a/b/1.2.40.1.commitment")), -1);
  scu__transaction_free(&one_more);
  scu__commit_ledger_close(ledger);
}

static void test_a_ledger_is_full_at_ten_thousand(void **state) {
  (void)state;
  scu__commit_ledger *ledger = open_ledger();
  scu__transaction made = make(UID);
  scu_error error;
  scu__error_clear(&error);
  for (int i = 0; i < SCU__COMMIT_LEDGER_MAX; i++) {
    char name[64];
    snprintf(name, sizeof name, "a/b/1.2.%d.commitment", i);
    write_scratch(name, "", 0);
  }
  assert_int_equal(scu__commit_ledger_put(ledger, &made, &error), SCU_ERROR_LIMIT);
  assert_non_null(strstr(error.reason, "10000"));
  assert_int_equal(unlink(in_scratch("a/b/1.2.5.commitment")), 0);
  assert_int_equal(scu__commit_ledger_put(ledger, &made, NULL), SCU_OK);
  scu__transaction_free(&made);
  scu__commit_ledger_close(ledger);
}

static void test_a_folder_that_cannot_be_had_is_told(void **state) {
  (void)state;
  scu__commit_ledger *ledger = NULL;
  scu_error error;
  scu__error_clear(&error);
  write_scratch("file", "x", 1);
  assert_int_equal(scu__commit_ledger_open(in_scratch("file/ledger"), NULL, &ledger, &error), SCU_ERROR_STORAGE);
  assert_null(ledger);
  assert_non_null(strstr(error.reason, "file/ledger"));
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  failing_allocator memory;
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; i < 1000 && result != SCU_OK; i++) {
    scu__commit_ledger *ledger = NULL;
    scu__transaction got, made = make(UID);
    failing_allocator_init(&memory, i);
    result = scu__commit_ledger_open(in_scratch("m"), &memory.allocator, &ledger, NULL);
    if (result == SCU_OK) result = scu__commit_ledger_put(ledger, &made, NULL);
    if (result == SCU_OK) result = scu__commit_ledger_put_told(ledger, &made.uid, NULL);
    if (result == SCU_OK) {
      result = scu__commit_ledger_read(ledger, &made.uid, &got, NULL);
      if (result == SCU_OK) scu__transaction_free(&got);
    }
    /* STORAGE: what fails in the middle of syncing the folder is a failure to sync it. */
    if (result != SCU_OK) assert_true(result == SCU_ERROR_MEMORY || result == SCU_ERROR_STORAGE);
    scu__commit_ledger_close(ledger);
    scu__transaction_free(&made);
    unlink(in_scratch("m/" UID ".commitment"));
    assert_int_equal(memory.alive, 0);
  }
  assert_int_equal(result, SCU_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_records_come_back_as_they_were),
      TEST(test_records_that_are_cut_or_changed_are_malformed_or_harmless),
      TEST(test_a_transaction_is_there_from_put_on),
      TEST(test_a_write_that_was_cut_short_counts_as_never_written),
      TEST(test_what_is_over_told_and_old_makes_room),
      TEST(test_a_ledger_is_full_at_ten_thousand),
      TEST(test_a_folder_that_cannot_be_had_is_told),
      TEST(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
