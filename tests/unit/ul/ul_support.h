/* Shared by the tests of ul: a rich request, a welcoming policy, engines driven into any state, an allocator that
 * fails on demand. */
#ifndef TEST_UL_SUPPORT_H
#define TEST_UL_SUPPORT_H

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "ul/engine.h"

#define VERIFICATION  "1.2.840.10008.1.1"
#define CT_STORAGE    "1.2.840.10008.5.1.4.1.1.2"
#define MR_STORAGE    "1.2.840.10008.5.1.4.1.1.4"
#define STUDY_FIND    "1.2.840.10008.5.1.4.1.2.2.1"
#define IMPLICIT_LE   "1.2.840.10008.1.2"
#define EXPLICIT_LE   "1.2.840.10008.1.2.1"
#define EXPLICIT_BE   "1.2.840.10008.1.2.2"
#define JPEG_LOSSLESS "1.2.840.10008.1.2.4.70"

/* --- An allocator that counts and fails -------------------------------------------------------------------------- */

typedef struct test_heap {
  scu_allocator allocator;
  long calls;   /* allocations and reallocations so far */
  long fail_at; /* this call and no other gives NULL; 0 = never */
  long live;
  size_t largest; /* the largest block ever asked for */
} test_heap;

static inline bool heap_fails(test_heap *heap, size_t length) {
  if (length > heap->largest) heap->largest = length;
  return ++heap->calls == heap->fail_at;
}

static inline void *heap_allocate(void *user, size_t length) {
  test_heap *heap = user;
  if (heap_fails(heap, length)) return NULL;
  heap->live++;
  return malloc(length);
}

static inline void *heap_reallocate(void *user, void *block, size_t length) {
  test_heap *heap = user;
  if (heap_fails(heap, length)) return NULL;
  if (!block) heap->live++;
  return realloc(block, length);
}

static inline void heap_release(void *user, void *block) {
  test_heap *heap = user;
  if (block) heap->live--;
  free(block);
}

static inline void heap_init(test_heap *heap) {
  memset(heap, 0, sizeof *heap);
  heap->allocator = (scu_allocator){
      .size = sizeof(scu_allocator),
      .allocate = heap_allocate,
      .reallocate = heap_reallocate,
      .release = heap_release,
      .user = heap,
  };
}

/* --- Requests and answers ---------------------------------------------------------------------------------------- */

static inline scu_result fill_titles(scu__associate *rq, const scu_allocator *allocator) {
  scu__associate_init(rq, allocator);
  scu__ae_from_text(&rq->called, "ARCHIVE");
  scu__ae_from_text(&rq->calling, "SCU");
  return SCU_OK;
}

/* Every item there is. */
static inline scu_result fill_rich_request(scu__associate *rq, const scu_allocator *allocator) {
  static const char *const both[] = {EXPLICIT_LE, IMPLICIT_LE};
  static const char *const jpeg[] = {JPEG_LOSSLESS};
  static const char *const related[] = {MR_STORAGE, CT_STORAGE};
  static const uint8_t options[] = {1, 0, 1};
  scu_result result = fill_titles(rq, allocator);
  if (!result) result = scu__associate_add_context(rq, VERIFICATION, both, 2, NULL);
  if (!result) result = scu__associate_add_context(rq, CT_STORAGE, jpeg, 1, NULL);
  if (!result) result = scu__associate_add_context(rq, STUDY_FIND, both, 2, NULL);
  if (!result) result = scu__associate_add_role(rq, CT_STORAGE, false, true);
  if (!result) result = scu__associate_add_role(rq, VERIFICATION, true, true);
  if (!result) result = scu__associate_add_extended(rq, STUDY_FIND, options, sizeof options);
  if (!result) result = scu__associate_add_common_extended(rq, CT_STORAGE, "1.2.840.10008.4.2", related, 2);
  if (!result)
    result = scu__associate_set_identity(rq, SCU__IDENTITY_PASSCODE, true, (const uint8_t *)"user", 4,
                                         (const uint8_t *)"secret", 6);
  rq->window = (scu__window){.present = true, .invoked = 8, .performed = 1};
  return result;
}

static inline bool any_uid(void *user, const scu__uid *uid) {
  (void)user;
  (void)uid;
  return true;
}

static inline void any_role(void *user, const scu__uid *uid, bool *scu, bool *scp) {
  (void)user;
  (void)uid;
  (void)scu;
  (void)scp;
}

static inline bool any_identity(void *user, const scu__user_identity *identity) {
  (void)user;
  return identity->primary.length > 0;
}

static inline size_t same_extended(void *user, const scu__extended *proposed,
                                   uint8_t answer[SCU__EXTENDED_ANSWER_MAX]) {
  (void)user;
  memcpy(answer, proposed->bytes.data, proposed->bytes.length);
  return proposed->bytes.length;
}

static inline scu__acceptor_policy welcoming_policy(void) {
  return (scu__acceptor_policy){
      .is_abstract_syntax_supported = any_uid,
      .accept_roles = any_role,
      .is_identity_accepted = any_identity,
      .answer_extended = same_extended,
      .window_limit = 4,
  };
}

/* --- Engines ------------------------------------------------------------------------------------------------------ */

static inline scu__engine *new_engine(bool is_acceptor) {
  scu__engine_options options = {.is_acceptor = is_acceptor, .max_pdu_length = 16384};
  scu__engine *engine = NULL;
  assert_int_equal(scu__engine_new(&options, &engine), SCU_OK);
  return engine;
}

/* Takes all output as bytes into `to`; returns how many. Reads sources. */
static inline size_t take_output(scu__engine *engine, uint8_t *to, size_t room) {
  size_t total = 0;
  scu__segment segments[8];
  size_t count;
  while ((count = scu__engine_output(engine, segments, 8)) > 0) {
    size_t sent = 0;
    for (size_t i = 0; i < count; i++) {
      assert_true(segments[i].length <= room - total - sent);
      if (segments[i].source)
        assert_int_equal(segments[i].source->read_at(segments[i].source, segments[i].offset, to + total + sent,
                                                     segments[i].length, NULL),
                         SCU_OK);
      else
        memcpy(to + total + sent, segments[i].bytes, segments[i].length);
      sent += segments[i].length;
    }
    scu__engine_sent(engine, sent);
    total += sent;
  }
  assert_int_equal(scu__engine_queued(engine), 0);
  return total;
}

/* Feeds bytes until all are taken or an event stops it; returns how many were taken. */
static inline size_t feed(scu__engine *engine, const uint8_t *bytes, size_t length) {
  size_t consumed = 0;
  assert_int_equal(scu__engine_receive(engine, bytes, length, &consumed, 1000), SCU_OK);
  return consumed;
}

static inline scu__engine_event next_event(scu__engine *engine) {
  scu__engine_event event;
  assert_int_equal(scu__engine_next_event(engine, &event), SCU_OK);
  return event;
}

static inline void expect_no_event(scu__engine *engine) {
  scu__engine_event event;
  assert_int_equal(scu__engine_next_event(engine, &event), SCU_END);
}

/* A requestor that has sent its request (Sta5); its bytes are thrown away. */
static inline scu__engine *requestor_in_sta5(void) {
  static const char *const both[] = {EXPLICIT_LE, IMPLICIT_LE};
  uint8_t bytes[4096];
  scu__engine *engine = new_engine(false);
  scu__associate rq;
  fill_titles(&rq, NULL);
  assert_int_equal(scu__associate_add_context(&rq, VERIFICATION, both, 2, NULL), SCU_OK);
  assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, both, 2, NULL), SCU_OK);
  assert_int_equal(scu__engine_associate(engine, &rq, 0), SCU_OK);
  scu__associate_free(&rq);
  assert_int_equal(scu__engine_connected(engine, 0), SCU_OK);
  take_output(engine, bytes, sizeof bytes);
  return engine;
}

/* The bytes of an RQ with two contexts (1: Verification, 3: CT), and of the AC that accepts 1 and refuses 3. */
static inline size_t rq_bytes(uint8_t *to, size_t room) {
  static const char *const both[] = {EXPLICIT_LE, IMPLICIT_LE};
  scu__associate rq;
  scu__buffer buffer;
  fill_titles(&rq, NULL);
  assert_int_equal(scu__associate_add_context(&rq, VERIFICATION, both, 2, NULL), SCU_OK);
  assert_int_equal(scu__associate_add_context(&rq, CT_STORAGE, both, 2, NULL), SCU_OK);
  scu__buffer_init(&buffer, NULL, room);
  assert_int_equal(scu__associate_encode(&rq, SCU__PDU_ASSOCIATE_RQ, &buffer), SCU_OK);
  memcpy(to, buffer.data, buffer.length);
  size_t length = buffer.length;
  scu__buffer_free(&buffer);
  scu__associate_free(&rq);
  return length;
}

static inline void fill_answer(scu__associate *ac, uint32_t max_pdu_length) {
  scu__uid explicit_le;
  scu__uid_from_text(&explicit_le, EXPLICIT_LE);
  fill_titles(ac, NULL);
  ac->max_pdu_length = max_pdu_length;
  assert_int_equal(scu__associate_add_result(ac, 1, 0, &explicit_le), SCU_OK);
  assert_int_equal(scu__associate_add_result(ac, 3, 3, NULL), SCU_OK);
}

static inline size_t ac_bytes_with(uint8_t *to, size_t room, uint32_t max_pdu_length) {
  scu__associate ac;
  scu__buffer buffer;
  fill_answer(&ac, max_pdu_length);
  scu__buffer_init(&buffer, NULL, room);
  assert_int_equal(scu__associate_encode(&ac, SCU__PDU_ASSOCIATE_AC, &buffer), SCU_OK);
  memcpy(to, buffer.data, buffer.length);
  size_t length = buffer.length;
  scu__buffer_free(&buffer);
  scu__associate_free(&ac);
  return length;
}

static inline size_t ac_bytes(uint8_t *to, size_t room) {
  return ac_bytes_with(to, room, 16384);
}

static inline scu__engine *requestor_in_sta6_with(uint32_t peer_max_pdu_length) {
  uint8_t bytes[4096];
  scu__engine *engine = requestor_in_sta5();
  size_t length = ac_bytes_with(bytes, sizeof bytes, peer_max_pdu_length);
  assert_int_equal(feed(engine, bytes, length), length);
  assert_int_equal(next_event(engine).type, SCU__EVENT_ASSOCIATED);
  return engine;
}

static inline scu__engine *requestor_in_sta6(void) {
  return requestor_in_sta6_with(16384);
}

static inline scu__engine *acceptor_in_sta2(void) {
  scu__engine *engine = new_engine(true);
  assert_int_equal(scu__engine_connected(engine, 0), SCU_OK);
  return engine;
}

static inline scu__engine *acceptor_in_sta3(void) {
  uint8_t bytes[4096];
  scu__engine *engine = acceptor_in_sta2();
  size_t length = rq_bytes(bytes, sizeof bytes);
  assert_int_equal(feed(engine, bytes, length), length);
  assert_int_equal(next_event(engine).type, SCU__EVENT_ASSOCIATE_INDICATION);
  return engine;
}

static inline scu__engine *acceptor_in_sta6(void) {
  uint8_t bytes[4096];
  scu__associate ac;
  scu__engine *engine = acceptor_in_sta3();
  fill_answer(&ac, 0);
  assert_int_equal(scu__engine_accept(engine, &ac, 0), SCU_OK);
  scu__associate_free(&ac);
  assert_int_equal(next_event(engine).type, SCU__EVENT_ASSOCIATED);
  take_output(engine, bytes, sizeof bytes);
  return engine;
}

static const uint8_t release_rq_pdu[10] = {5, 0, 0, 0, 0, 4};
static const uint8_t release_rp_pdu[10] = {6, 0, 0, 0, 0, 4};
static const uint8_t reject_pdu[10] = {3, 0, 0, 0, 0, 4, 0, 1, 1, 7};
static const uint8_t abort_pdu[10] = {7, 0, 0, 0, 0, 4, 0, 0, 2, 1};
static const uint8_t unknown_pdu[10] = {0x2A, 0, 0, 0, 0, 4};
/* One last command fragment of two bytes in context 1. */
static const uint8_t p_data_pdu[14] = {4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 3, 0xAA, 0xBB};

/* An engine in any state its role can reach; NULL for the others. Pending events and output are taken away. */
static inline scu__engine *engine_in(int state, bool is_acceptor) {
  uint8_t bytes[4096];
  scu__engine_event event;
  scu__engine *engine = NULL;
  if (state == 1) return new_engine(is_acceptor);
  if (state == 2) return is_acceptor ? acceptor_in_sta2() : NULL;
  if (state == 3) return is_acceptor ? acceptor_in_sta3() : NULL;
  if (state == 4 || state == 5) {
    if (is_acceptor) return NULL;
    if (state == 5) return requestor_in_sta5();
    static const char *const implicit[] = {IMPLICIT_LE};
    scu__associate rq;
    engine = new_engine(false);
    fill_titles(&rq, NULL);
    assert_int_equal(scu__associate_add_context(&rq, VERIFICATION, implicit, 1, NULL), SCU_OK);
    assert_int_equal(scu__engine_associate(engine, &rq, 0), SCU_OK);
    scu__associate_free(&rq);
    return engine;
  }
  bool is_requestor_only = state == 9 || state == 11, is_acceptor_only = state == 10 || state == 12;
  if ((is_requestor_only && is_acceptor) || (is_acceptor_only && !is_acceptor)) return NULL;
  engine = is_acceptor ? acceptor_in_sta6() : requestor_in_sta6();
  if (state == 13) assert_int_equal(scu__engine_abort(engine, 0, 0, 0), SCU_OK);
  if (state == 7 || (state >= 9 && state <= 12)) assert_int_equal(scu__engine_release(engine, 0), SCU_OK);
  if (state >= 8 && state <= 12) assert_int_equal(feed(engine, release_rq_pdu, 10), 10);
  while (scu__engine_next_event(engine, &event) == SCU_OK) continue;
  if (state == 11) assert_int_equal(scu__engine_release_response(engine, 0), SCU_OK);
  if (state == 12) assert_int_equal(feed(engine, release_rp_pdu, 10), 10);
  while (scu__engine_next_event(engine, &event) == SCU_OK) continue;
  take_output(engine, bytes, sizeof bytes);
  assert_int_equal(scu__engine_state(engine), state);
  return engine;
}

#endif
