/* The i-th allocation fails, for every i: MEMORY is said, nothing leaks, and an abort still goes out. */
#include "ul_support.h"

/* Runs `scenario` with the first, second, ... allocation failing until none is left to fail; returns how many failed.
 */
static long sweep(scu_result (*scenario)(const scu_allocator *)) {
  for (long i = 1;; i++) {
    test_heap heap;
    heap_init(&heap);
    heap.fail_at = i;
    scu_result result = scenario(&heap.allocator);
    assert_int_equal(heap.live, 0);
    if (heap.calls < i) {
      assert_int_equal(result, SCU_OK);
      return i - 1;
    }
    assert_int_equal(result, SCU_ERROR_MEMORY);
  }
}

static scu_result encode_and_decode(const scu_allocator *allocator) {
  scu__associate rq = {0}, copy = {0}, received = {0};
  scu__buffer buffer;
  scu__buffer_init(&buffer, allocator, SCU__ASSOCIATE_PDU_MAX);
  scu_result result = fill_rich_request(&rq, allocator);
  if (result == SCU_OK) result = scu__associate_copy(&copy, &rq, allocator);
  if (result == SCU_OK) result = scu__associate_encode(&copy, SCU__PDU_ASSOCIATE_RQ, &buffer);
  if (result == SCU_OK)
    result =
        scu__associate_decode(buffer.data + 6, buffer.length - 6, SCU__PDU_ASSOCIATE_RQ, allocator, &received, NULL);
  scu__associate_free(&rq);
  scu__associate_free(&copy);
  scu__associate_free(&received);
  scu__buffer_free(&buffer);
  return result;
}

static void test_request_encoded_and_decoded_without_memory(void **state) {
  (void)state;
  assert_true(sweep(encode_and_decode) > 20);
}

static scu_result negotiate(const scu_allocator *allocator) {
  scu__associate rq, ac = {0};
  scu__negotiated negotiated = {0};
  scu__reject reject;
  scu_error error;
  scu__acceptor_policy policy = welcoming_policy();
  scu__error_clear(&error);
  assert_int_equal(fill_rich_request(&rq, NULL), SCU_OK);
  scu_result result = scu__negotiate_answer(&rq, &policy, allocator, &ac, &reject, &error);
  if (result == SCU_OK) result = scu__negotiated_make(&rq, &ac, false, allocator, &negotiated, &error);
  assert_int_equal(error.result, result);
  scu__negotiated_free(&negotiated);
  scu__associate_free(&ac);
  scu__associate_free(&rq);
  return result;
}

static void test_negotiation_without_memory(void **state) {
  (void)state;
  assert_true(sweep(negotiate) > 8);
}

static scu_result carry(scu__engine *from, scu__engine *to) {
  uint8_t bytes[65536];
  size_t length = take_output(from, bytes, sizeof bytes), at = 0, consumed = 0;
  while (at < length) {
    scu_result result = scu__engine_receive(to, bytes + at, length - at, &consumed, 0);
    if (result != SCU_OK) return result;
    if (consumed == 0) break;
    at += consumed;
  }
  return SCU_OK;
}

static scu_result associate(scu__engine *requestor, scu__engine *acceptor, const scu_allocator *allocator) {
  scu__associate rq = {0}, ac = {0};
  scu__reject reject;
  scu__engine_event event;
  scu__acceptor_policy policy = welcoming_policy();
  assert_int_equal(fill_rich_request(&rq, NULL), SCU_OK);
  scu_result result = scu__engine_associate(requestor, &rq, 0);
  scu__associate_free(&rq);
  if (result == SCU_OK) result = scu__engine_connected(requestor, 0);
  if (result == SCU_OK) result = scu__engine_connected(acceptor, 0);
  if (result == SCU_OK) result = carry(requestor, acceptor);
  if (result != SCU_OK) return result;
  assert_int_equal(scu__engine_next_event(acceptor, &event), SCU_OK);
  assert_int_equal(event.type, SCU__EVENT_ASSOCIATE_INDICATION);
  result = scu__negotiate_answer(event.rq, &policy, allocator, &ac, &reject, NULL);
  if (result == SCU_OK) result = scu__engine_accept(acceptor, &ac, 0);
  scu__associate_free(&ac);
  return result == SCU_OK ? carry(acceptor, requestor) : result;
}

static scu_result talk(scu__engine *requestor, scu__engine *acceptor, const scu_allocator *allocator) {
  static const uint8_t content[16000] = {1};
  scu__engine_event event;
  scu_result result = associate(requestor, acceptor, allocator);
  if (result != SCU_OK) return result;
  assert_int_equal(scu__engine_next_event(requestor, &event), SCU_OK);
  assert_int_equal(event.type, SCU__EVENT_ASSOCIATED);
  scu__payload payload = {.bytes = content, .length = sizeof content};
  for (int i = 0; i < 3 && result == SCU_OK; i++) result = scu__engine_send_pdv(requestor, 1, false, i == 2, &payload);
  if (result == SCU_OK) result = scu__engine_release(requestor, 0);
  return result;
}

static scu_result whole_association(const scu_allocator *allocator) {
  scu__engine *requestor = NULL, *acceptor = NULL;
  scu__engine_options options = {.allocator = allocator, .max_pdu_length = 16384};
  scu_result result = scu__engine_new(&options, &requestor);
  options.is_acceptor = true;
  if (result == SCU_OK) result = scu__engine_new(&options, &acceptor);
  if (result == SCU_OK) result = talk(requestor, acceptor, allocator);
  /* Whatever failed, an association that is up can be aborted without memory. */
  if (result != SCU_OK && requestor && scu__engine_state(requestor) >= 5) {
    size_t queued = scu__engine_queued(requestor);
    assert_int_equal(scu__engine_abort(requestor, 0, 0, 0), SCU_OK);
    assert_int_equal(scu__engine_queued(requestor), queued + 10);
  }
  scu__engine_free(requestor);
  scu__engine_free(acceptor);
  return result;
}

static void test_whole_association_without_memory(void **state) {
  (void)state;
  assert_true(sweep(whole_association) > 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_request_encoded_and_decoded_without_memory),
      cmocka_unit_test(test_negotiation_without_memory),
      cmocka_unit_test(test_whole_association_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
