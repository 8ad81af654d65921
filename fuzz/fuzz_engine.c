/* Any bytes from a peer to an engine of either role, in pieces of any size, with our user's requests in between. The
 * first byte chooses role and state, the second the size of the pieces; then the stream. */
#include <stdlib.h>
#include <string.h>

#include "ul/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool is_true) {
  if (!is_true) abort();
}

static bool any_uid(void *user, const scu__uid *uid) {
  (void)user;
  (void)uid;
  return true;
}

static void drain(scu__engine *engine) {
  scu__segment segments[4];
  size_t count, total;
  while ((count = scu__engine_output(engine, segments, 4)) > 0) {
    total = 0;
    for (size_t i = 0; i < count; i++) total += segments[i].length;
    check(total > 0 && total <= scu__engine_queued(engine));
    scu__engine_sent(engine, total);
  }
  check(scu__engine_queued(engine) == 0);
}

static void answer(scu__engine *engine, const scu__associate *rq) {
  scu__acceptor_policy policy = {.is_abstract_syntax_supported = any_uid};
  scu__associate ac;
  scu__reject reject;
  scu_result result = scu__negotiate_answer(rq, &policy, NULL, &ac, &reject, NULL);
  if (result == SCU_ERROR_REJECTED) check(scu__engine_reject(engine, &reject, 1) == SCU_OK);
  if (result != SCU_OK) return;
  /* Too many contexts for one PDU are our limit, not a fault. */
  result = scu__engine_accept(engine, &ac, 1);
  check(result == SCU_OK || result == SCU_ERROR_LIMIT);
  scu__associate_free(&ac);
}

static void take_events(scu__engine *engine) {
  scu__engine_event event;
  volatile uint8_t sum = 0;
  while (scu__engine_next_event(engine, &event) == SCU_OK) {
    if (event.type == SCU__EVENT_DATA)
      for (size_t i = 0; i < event.length; i++) sum = (uint8_t)(sum + event.bytes[i]);
    if (event.type == SCU__EVENT_DATA) check(scu__negotiated_context(scu__engine_negotiated(engine), event.context_id));
    if (event.type == SCU__EVENT_ASSOCIATE_INDICATION) answer(engine, event.rq);
    if (event.type == SCU__EVENT_RELEASE_INDICATION) scu__engine_release_response(engine, 1);
  }
}

static void request(scu__engine *engine) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"};
  scu__associate rq;
  scu__associate_init(&rq, NULL);
  scu__ae_from_text(&rq.called, "ARCHIVE");
  scu__ae_from_text(&rq.calling, "SCU");
  for (int i = 0; i < 3; i++) check(scu__associate_add_context(&rq, "1.2.840.10008.1.1", syntaxes, 2, NULL) == SCU_OK);
  check(scu__engine_associate(engine, &rq, 0) == SCU_OK);
  scu__associate_free(&rq);
}

/* Accepts contexts 1 and 3, so that the stream can begin with data. */
static void open_association(scu__engine *engine) {
  scu__uid syntax;
  scu__associate ac;
  scu__buffer pdu;
  size_t consumed;
  scu__uid_from_text(&syntax, "1.2.840.10008.1.2");
  scu__associate_init(&ac, NULL);
  check(scu__associate_add_result(&ac, 1, 0, &syntax) == SCU_OK);
  check(scu__associate_add_result(&ac, 3, 0, &syntax) == SCU_OK);
  scu__buffer_init(&pdu, NULL, SCU__ASSOCIATE_PDU_MAX);
  check(scu__associate_encode(&ac, SCU__PDU_ASSOCIATE_AC, &pdu) == SCU_OK);
  check(scu__engine_receive(engine, pdu.data, pdu.length, &consumed, 0) == SCU_OK);
  check(scu__engine_state(engine) == 6);
  scu__buffer_free(&pdu);
  scu__associate_free(&ac);
}

static void feed(scu__engine *engine, const uint8_t *bytes, size_t length) {
  uint8_t *exact = malloc(length);
  check(exact != NULL);
  memcpy(exact, bytes, length);
  for (size_t at = 0, consumed = 0; at < length; at += consumed) {
    check(scu__engine_receive(engine, exact + at, length - at, &consumed, 1) == SCU_OK);
    check(consumed > 0); /* events were taken, so there is progress */
    take_events(engine);
  }
  free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (length < 2) return 0;
  scu__engine_options options = {.is_acceptor = bytes[0] & 1, .max_pdu_length = 4096};
  options.auto_release_response = (bytes[0] & 2) != 0;
  scu__engine *engine;
  check(scu__engine_new(&options, &engine) == SCU_OK);
  if (!options.is_acceptor) request(engine);
  check(scu__engine_connected(engine, 0) == SCU_OK);
  drain(engine);
  if (!options.is_acceptor && bytes[0] & 4) open_association(engine);
  take_events(engine);
  if (bytes[0] & 8) scu__engine_release(engine, 0);
  size_t piece = bytes[1] ? bytes[1] : 4096;
  for (size_t at = 2; at < length; at += piece) {
    feed(engine, bytes + at, piece < length - at ? piece : length - at);
    if (bytes[0] & 16) drain(engine);
  }
  drain(engine);
  scu__engine_expire(engine, scu__engine_deadline(engine));
  take_events(engine);
  scu__engine_closed(engine, 2);
  take_events(engine);
  check(scu__engine_wants_close(engine) && scu__engine_state(engine) == 1);
  scu__engine_free(engine);
  return 0;
}
