/* Any bytes as the body of an A-ASSOCIATE-RQ or -AC (first byte odd or even): no fault, no leak, and what was read can
 * be written, and reads the same again. */
#include <stdlib.h>
#include <string.h>

#include "ul/negotiation.h"
#include "ul/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static bool any_uid(void *user, const scu__uid *uid) {
  (void)user;
  (void)uid;
  return true;
}

static void check(bool is_true) {
  if (!is_true) abort();
}

static void rewrite(const scu__associate *associate, scu__pdu_type type) {
  scu__buffer once, twice;
  scu__associate again;
  scu__buffer_init(&once, NULL, 2 * SCU__ASSOCIATE_PDU_MAX);
  scu__buffer_init(&twice, NULL, 2 * SCU__ASSOCIATE_PDU_MAX);
  if (scu__associate_encode(associate, type, &once) == SCU_OK) {
    check(scu__associate_decode(once.data + 6, once.length - 6, type, NULL, &again, NULL) == SCU_OK);
    check(scu__associate_encode(&again, type, &twice) == SCU_OK);
    check(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    scu__associate_free(&again);
  }
  scu__buffer_free(&once);
  scu__buffer_free(&twice);
}

static void negotiate(const scu__associate *rq) {
  scu__acceptor_policy policy = {.is_abstract_syntax_supported = any_uid, .window_limit = 3};
  scu__associate ac;
  scu__reject reject;
  scu__negotiated negotiated;
  if (scu__negotiate_answer(rq, &policy, NULL, &ac, &reject, NULL) != SCU_OK) return;
  check(scu__negotiated_make(rq, &ac, true, NULL, &negotiated, NULL) == SCU_OK);
  check(negotiated.count <= SCU__CONTEXTS_MAX && negotiated.count + negotiated.refused_count == rq->context_count);
  scu__negotiated_free(&negotiated);
  scu__associate_free(&ac);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (length == 0 || length > SCU__ASSOCIATE_PDU_MAX) return 0;
  scu__pdu_type type = bytes[0] & 1 ? SCU__PDU_ASSOCIATE_RQ : SCU__PDU_ASSOCIATE_AC;
  scu__associate associate;
  scu_error error;
  scu__error_clear(&error);
  if (scu__associate_decode(bytes + 1, length - 1, type, NULL, &associate, &error) != SCU_OK) {
    check(error.offset >= 6 && error.offset <= 6 + length - 1);
    return 0;
  }
  rewrite(&associate, type);
  if (type == SCU__PDU_ASSOCIATE_RQ) negotiate(&associate);
  scu__associate_free(&associate);
  return 0;
}
