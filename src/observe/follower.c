/* From PDUs to events, with the decoders that the engine uses. */
#include "observe/follower.h"

#include <string.h>

void scu__follower_init(scu__follower *follower, const scu__follower_handler *handler, void *user, bool is_acceptor,
                        const scu_allocator *allocator) {
  memset(follower, 0, sizeof *follower);
  follower->handler = handler;
  follower->user = user;
  follower->allocator = allocator;
  follower->is_acceptor = is_acceptor;
  scu__inbox_init(&follower->inboxes[0], allocator);
  scu__inbox_init(&follower->inboxes[1], allocator);
}

void scu__follower_free(scu__follower *follower) {
  scu__associate_free(&follower->rq);
  scu__negotiated_free(&follower->negotiated);
  scu__inbox_free(&follower->inboxes[0]);
  scu__inbox_free(&follower->inboxes[1]);
}

const scu__negotiated *scu__follower_negotiated(const scu__follower *follower) {
  return follower->is_negotiated ? &follower->negotiated : NULL;
}

const scu__associate *scu__follower_rq(const scu__follower *follower) {
  return follower->has_rq ? &follower->rq : NULL;
}

static void tell_lost(scu__follower *follower) {
  if (!follower->has_told_lost && follower->handler->lost) follower->handler->lost(follower->user);
  follower->has_told_lost = true;
}

/* Without memory what has just happened is missed. Bytes that do not fit are the peer's fault, and commonly the end:
 * then nothing is, see scu__follower_pdu. */
static void lose(scu__follower *follower, scu_result result) {
  follower->is_lost = true;
  if (result == SCU_ERROR_MEMORY) tell_lost(follower);
}

static void take_rq(scu__follower *follower, const uint8_t *body, size_t length) {
  scu_result result = SCU_ERROR_PROTOCOL;
  if (!follower->has_rq)
    result = scu__associate_decode(body, length, SCU__PDU_ASSOCIATE_RQ, follower->allocator, &follower->rq, NULL);
  if (result != SCU_OK) {
    lose(follower, result);
    return;
  }
  follower->has_rq = true;
  if (follower->handler->requested) follower->handler->requested(follower->user, &follower->rq);
  scu__associate_forget_identity(&follower->rq); /* who wants it has it */
}

static void take_ac(scu__follower *follower, const uint8_t *body, size_t length) {
  scu__associate ac;
  scu_result result = SCU_ERROR_PROTOCOL;
  if (follower->has_rq && !follower->is_negotiated)
    result = scu__associate_decode(body, length, SCU__PDU_ASSOCIATE_AC, follower->allocator, &ac, NULL);
  if (result == SCU_OK) {
    result = scu__negotiated_make(&follower->rq, &ac, follower->is_acceptor, follower->allocator, &follower->negotiated,
                                  NULL);
    scu__associate_free(&ac);
  }
  if (result != SCU_OK) {
    lose(follower, result);
    return;
  }
  follower->is_negotiated = true;
  if (follower->handler->accepted) follower->handler->accepted(follower->user);
}

static void take_pdv(scu__follower *follower, bool is_sent, const scu__pdv_header *pdv, const uint8_t *bytes,
                     size_t length) {
  scu__inbox_event event;
  scu_result result = scu__inbox_put(&follower->inboxes[is_sent ? 1 : 0], pdv->context_id, pdv->is_command,
                                     pdv->is_last, bytes, length, &event, NULL);
  const scu__follower_handler *handler = follower->handler;
  if (result != SCU_OK) {
    lose(follower, result);
    return;
  }
  if (event.kind == SCU__INBOX_COMMAND && handler->command)
    handler->command(follower->user, is_sent, event.context_id, event.command);
  if (event.kind == SCU__INBOX_DATA && handler->data)
    handler->data(follower->user, is_sent, event.bytes, event.length, event.is_last);
}

static void take_p_data(scu__follower *follower, bool is_sent, const uint8_t *body, size_t length) {
  while (length > 0 && !follower->is_lost) {
    scu__pdv_header pdv = {0};
    if (length >= SCU__PDV_HEADER) pdv = scu__pdv_header_load(body);
    if (pdv.item_length < 2 || pdv.item_length - 2 > length - SCU__PDV_HEADER) {
      lose(follower, SCU_ERROR_PROTOCOL);
      return;
    }
    size_t fragment = pdv.item_length - 2;
    take_pdv(follower, is_sent, &pdv, body + SCU__PDV_HEADER, fragment);
    body += SCU__PDV_HEADER + fragment;
    length -= SCU__PDV_HEADER + fragment;
  }
}

static void take_rj(scu__follower *follower, bool is_sent, const uint8_t *body, size_t length) {
  scu__reject reject;
  bool is_good = scu__reject_decode(body, length, &reject, NULL) == SCU_OK;
  if (is_good && follower->handler->rejected) follower->handler->rejected(follower->user, is_sent, &reject);
}

static void take_abort(scu__follower *follower, bool is_sent, const uint8_t *body, size_t length) {
  scu__abort abort;
  bool is_good = scu__abort_decode(body, length, &abort, NULL) == SCU_OK;
  if (is_good && follower->handler->aborted) follower->handler->aborted(follower->user, is_sent, &abort);
}

void scu__follower_pdu(scu__follower *follower, bool is_sent, const uint8_t *bytes, size_t length) {
  if (length == 0) {
    follower->is_lost = true;
    tell_lost(follower);
  }
  if (length < SCU__PDU_HEADER) return;
  const uint8_t *body = bytes + SCU__PDU_HEADER;
  length -= SCU__PDU_HEADER;
  if (bytes[0] == SCU__PDU_ABORT) {
    take_abort(follower, is_sent, body, length);
    return;
  }
  if (follower->is_lost) {
    tell_lost(follower);
    return;
  }
  switch (bytes[0]) {
  case SCU__PDU_ASSOCIATE_RQ: take_rq(follower, body, length); break;
  case SCU__PDU_ASSOCIATE_AC: take_ac(follower, body, length); break;
  case SCU__PDU_ASSOCIATE_RJ: take_rj(follower, is_sent, body, length); break;
  case SCU__PDU_P_DATA_TF: take_p_data(follower, is_sent, body, length); break;
  case SCU__PDU_RELEASE_RP:
    if (follower->handler->released) follower->handler->released(follower->user);
    break;
  default: break;
  }
}
