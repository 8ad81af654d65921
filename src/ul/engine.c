/* The engine's requests, timers and output. What happens is Table 9-10's business (engine_actions.c); what arrives is
 * engine_receive.c's. */
#include "ul/engine.h"

#include <string.h>

#include "ul/engine_private.h"

enum { DEFAULT_ARTIM_MS = 10 * 1000, DEFAULT_ASSOCIATE_MS = 30 * 1000, DEFAULT_RELEASE_MS = 10 * 1000 };

static uint32_t or_default(uint32_t value, uint32_t otherwise) {
  return value ? value : otherwise;
}

static void set_options(scu__engine *e, const scu__engine_options *options) {
  e->options = *options;
  scu__engine_options *o = &e->options;
  o->allocator = scu__allocator_or_default(options->allocator);
  o->max_pdu_length = or_default(o->max_pdu_length, SCU__PDU_LENGTH_DEFAULT);
  o->send_pdu_length = or_default(o->send_pdu_length, SCU__PDU_LENGTH_DEFAULT);
  if (o->send_pdu_length > SCU__PDU_LENGTH_MAX) o->send_pdu_length = SCU__PDU_LENGTH_MAX;
  o->artim_ms = or_default(o->artim_ms, DEFAULT_ARTIM_MS);
  o->associate_timeout_ms = or_default(o->associate_timeout_ms, DEFAULT_ASSOCIATE_MS);
  o->release_timeout_ms = or_default(o->release_timeout_ms, DEFAULT_RELEASE_MS);
}

scu_result scu__engine_new(const scu__engine_options *options, scu__engine **out) {
  *out = NULL;
  scu__engine *e = scu__alloc(options->allocator, sizeof *e);
  if (!e) return SCU_ERROR_MEMORY;
  set_options(e, options);
  if (scu__output_init(&e->output, e->options.allocator) != SCU_OK) {
    scu__output_free(&e->output);
    scu__free(e->options.allocator, e);
    return SCU_ERROR_MEMORY;
  }
  size_t traced_max = (size_t)e->options.max_pdu_length + SCU__PDU_OVERRUN_TOLERATED;
  size_t pdu_max = traced_max > SCU__ASSOCIATE_PDU_MAX ? traced_max : SCU__ASSOCIATE_PDU_MAX;
  scu__buffer_init(&e->input.pdu, e->options.allocator, SCU__PDU_HEADER + pdu_max);
  scu__buffer_init(&e->scratch, e->options.allocator, SCU__PDU_HEADER + SCU__ASSOCIATE_PDU_MAX);
  scu__error_clear(&e->error);
  e->state = SCU__STA1;
  e->deadline = UINT64_MAX;
  *out = e;
  return SCU_OK;
}

void scu__engine_free(scu__engine *e) {
  if (!e) return;
  scu__output_free(&e->output);
  if (e->rq.identity.type != 0) scu__buffer_wipe(&e->scratch);
  scu__buffer_free(&e->input.pdu);
  scu__buffer_free(&e->scratch);
  scu__associate_free(&e->rq);
  scu__negotiated_free(&e->negotiated);
  scu__free(e->options.allocator, e);
}

/* --- Establishment ---------------------------------------------------------------------------------------------- */

/* Encodes into scratch and makes room in the output, so that queueing it later cannot fail. */
static scu_result prepare(scu__engine *e, const scu__associate *associate, scu__pdu_type type) {
  scu__buffer_clear(&e->scratch);
  scu_result result = scu__associate_encode(associate, type, &e->scratch);
  if (result != SCU_OK) return result;
  return scu__output_reserve(&e->output, e->scratch.length, 1);
}

/* An identity is needed once, in the request; from then on nobody is to find it here. */
static void forget_identity(scu__engine *e) {
  if (e->rq.identity.type == 0) return;
  scu__associate_forget_identity(&e->rq);
  if (!e->options.is_acceptor) e->output.is_secret = true;
}

static bool is_proposal_complete(const scu__associate *rq) {
  return rq->called.text[0] && rq->calling.text[0] && rq->context_count > 0;
}

scu_result scu__engine_associate(scu__engine *e, const scu__associate *rq, uint64_t now_ms) {
  if (e->options.is_acceptor || e->has_rq || e->wants_close || !is_proposal_complete(rq)) return SCU_ERROR_USAGE;
  if (scu__transition_of(SCU__EVT1, e->state).action == SCU__NO_ACTION) return SCU_ERROR_USAGE;
  scu_result result = scu__associate_copy(&e->rq, rq, e->options.allocator);
  if (result != SCU_OK) return result;
  e->rq.max_pdu_length = e->options.max_pdu_length;
  result = prepare(e, &e->rq, SCU__PDU_ASSOCIATE_RQ);
  if (result != SCU_OK) {
    scu__associate_free(&e->rq);
    scu__buffer_wipe(&e->scratch);
    return result;
  }
  forget_identity(e);
  e->has_rq = true;
  e->now_ms = now_ms;
  return scu__engine_dispatch(e, SCU__EVT1);
}

scu_result scu__engine_connected(scu__engine *e, uint64_t now_ms) {
  if (e->wants_close) return SCU_ERROR_USAGE;
  e->now_ms = now_ms;
  return scu__engine_dispatch(e, e->options.is_acceptor ? SCU__EVT5 : SCU__EVT2);
}

scu_result scu__engine_accept(scu__engine *e, const scu__associate *ac, uint64_t now_ms) {
  if (scu__transition_of(SCU__EVT7, e->state).action == SCU__NO_ACTION) return SCU_ERROR_USAGE;
  scu__associate answer = *ac; /* shallow: only flat fields change */
  answer.max_pdu_length = e->options.max_pdu_length;
  memcpy(answer.called_raw, e->rq.called_raw, sizeof answer.called_raw);
  memcpy(answer.calling_raw, e->rq.calling_raw, sizeof answer.calling_raw);
  memcpy(answer.reserved_raw, e->rq.reserved_raw, sizeof answer.reserved_raw);
  scu_result result = prepare(e, &answer, SCU__PDU_ASSOCIATE_AC);
  if (result != SCU_OK) return result;
  result = scu__engine_settle(e, &answer, NULL);
  if (result != SCU_OK) return result == SCU_ERROR_PROTOCOL ? SCU_ERROR_USAGE : result;
  /* What has begun to arrive was sent before there was an association (9.2.3, Sta3). */
  e->input.is_early = e->input.mode != SCU__INPUT_HEADER || e->input.partial_length > 0;
  forget_identity(e);
  e->now_ms = now_ms;
  return scu__engine_dispatch(e, SCU__EVT7);
}

scu_result scu__engine_reject(scu__engine *e, const scu__reject *reject, uint64_t now_ms) {
  if (scu__transition_of(SCU__EVT8, e->state).action == SCU__NO_ACTION) return SCU_ERROR_USAGE;
  e->reject = *reject;
  forget_identity(e);
  e->now_ms = now_ms;
  return scu__engine_dispatch(e, SCU__EVT8);
}

/* --- Release and abort ------------------------------------------------------------------------------------------ */

scu_result scu__engine_release(scu__engine *e, uint64_t now_ms) {
  if (e->state == SCU__STA6) e->now_ms = now_ms;
  return scu__engine_dispatch(e, SCU__EVT11);
}

scu_result scu__engine_release_response(scu__engine *e, uint64_t now_ms) {
  if (e->state == SCU__STA10) {
    e->is_release_response_due = true;
    return SCU_PENDING;
  }
  e->now_ms = now_ms;
  return scu__engine_dispatch(e, SCU__EVT14);
}

scu_result scu__engine_abort(scu__engine *e, uint8_t source, uint8_t reason, uint64_t now_ms) {
  if (scu__transition_of(SCU__EVT15, e->state).action == SCU__NO_ACTION) return SCU_ERROR_USAGE;
  e->abort = (scu__abort){.source = source, .reason = reason};
  e->now_ms = now_ms;
  return scu__engine_dispatch(e, SCU__EVT15);
}

void scu__engine_closed(scu__engine *e, uint64_t now_ms) {
  e->now_ms = now_ms;
  scu__engine_dispatch(e, SCU__EVT17); /* USAGE in Sta1: nothing was there to close, or it had ended */
  scu__output_clear(&e->output);
  e->wants_close = true;
}

/* --- Events and time -------------------------------------------------------------------------------------------- */

scu_result scu__engine_next_event(scu__engine *e, scu__engine_event *event) {
  if (e->event_count == 0) return SCU_END;
  *event = e->events[e->first_event];
  e->first_event = (e->first_event + 1) % SCU__ENGINE_EVENTS_MAX;
  e->event_count--;
  return SCU_OK;
}

uint64_t scu__engine_deadline(const scu__engine *e) {
  return e->deadline;
}

static void push_timed_out(scu__engine *e, const char *what, uint32_t ms) {
  scu__error_set(&e->error, SCU_ERROR_TIMEOUT, scu__engine_phase(e), "%s for %u.%u s", what, ms / 1000,
                 ms % 1000 / 100);
  scu__engine_event *event = scu__engine_push(e, SCU__EVENT_TIMED_OUT);
  event->phase = e->error.phase;
  event->error = &e->error;
}

void scu__engine_expire(scu__engine *e, uint64_t now_ms) {
  if (e->timer == SCU__TIMER_NONE || now_ms < e->deadline) return;
  e->now_ms = now_ms;
  if (e->timer == SCU__TIMER_ARTIM) {
    if (e->state == SCU__STA2) push_timed_out(e, "no association request came", e->options.artim_ms);
    scu__engine_dispatch(e, SCU__EVT18);
    return;
  }
  /* PS3.8 leaves these waits to the application above: its answer is to abort. */
  if (e->timer == SCU__TIMER_ASSOCIATE)
    push_timed_out(e, "the peer did not answer the association request", e->options.associate_timeout_ms);
  if (e->timer == SCU__TIMER_RELEASE)
    push_timed_out(e, "the peer did not answer the release request", e->options.release_timeout_ms);
  e->abort = (scu__abort){.source = SCU__ABORT_USER};
  scu__engine_dispatch(e, SCU__EVT15);
}

/* --- Sending ---------------------------------------------------------------------------------------------------- */

size_t scu__engine_max_fragment(const scu__engine *e) {
  return e->max_fragment;
}

static bool is_sendable(const scu__engine *e, uint8_t context_id, size_t length) {
  if (scu__transition_of(SCU__EVT9, e->state).action == SCU__NO_ACTION) return false;
  /* PS3.8 9.3.5.1, E: fragments are even and not empty. */
  if (length == 0 || length % 2 != 0 || length > e->max_fragment) return false;
  return scu__negotiated_context(&e->negotiated, context_id) != NULL;
}

/* The trace wants whole PDUs; a range is read for it. Without memory it has a gap; what is sent goes on. */
static void trace_sent_data(scu__engine *e, const uint8_t headers[], const scu__payload *payload, size_t length) {
  if (!scu__trace_wants_pdus(e->options.trace)) return;
  size_t headers_length = SCU__PDU_HEADER + SCU__PDV_HEADER;
  uint8_t *pdu = scu__alloc(e->options.allocator, headers_length + length); /* zeroed: the pad is there */
  scu_result result = pdu ? SCU_OK : SCU_ERROR_MEMORY;
  if (pdu) memcpy(pdu, headers, headers_length);
  if (pdu && payload->source)
    result = payload->source->read_at(payload->source, payload->offset, pdu + headers_length, payload->length, NULL);
  else if (pdu)
    memcpy(pdu + headers_length, payload->bytes, payload->length);
  if (result == SCU_OK)
    scu__engine_trace_pdu(e, true, pdu, headers_length + length);
  else
    scu__engine_trace_gap(e, true);
  scu__free(e->options.allocator, pdu);
}

/* A log is told of the fragment, without our pad; of a range it has those bytes read that it wants to see. */
static void tell_sent_fragment(scu__engine *e, const scu__pdv_header *pdv, const scu__payload *payload) {
  scu__trace_fragment fragment = {.context_id = pdv->context_id,
                                  .is_command = pdv->is_command,
                                  .is_last = pdv->is_last,
                                  .length = payload->length,
                                  .count = payload->length,
                                  .bytes = payload->source ? NULL : payload->bytes};
  uint8_t *copy = NULL;
  if (payload->source && scu__trace_wants_bytes(e->options.trace, true, pdv->is_command))
    copy = scu__alloc(e->options.allocator, payload->length);
  if (copy && payload->source->read_at(payload->source, payload->offset, copy, payload->length, NULL) == SCU_OK)
    fragment.bytes = copy;
  scu__trace_fragment_passed(e->options.trace, true, &fragment);
  scu__free(e->options.allocator, copy);
}

scu_result scu__engine_send_pdv(scu__engine *e, uint8_t context_id, bool is_command, bool is_last,
                                const scu__payload *payload) {
  static const uint8_t pad = 0;
  if (payload->length > e->max_fragment) return SCU_ERROR_USAGE;
  size_t length = payload->length + (payload->has_pad ? 1 : 0);
  if (!is_sendable(e, context_id, length)) return SCU_ERROR_USAGE;
  size_t copied = SCU__PDU_HEADER + SCU__PDV_HEADER + (payload->source ? 1 : length);
  scu_result result = scu__output_reserve(&e->output, copied, 3);
  if (result != SCU_OK) return result;
  uint8_t headers[SCU__PDU_HEADER + SCU__PDV_HEADER];
  scu__pdv_header pdv = {
      .item_length = (uint32_t)length + 2, .context_id = context_id, .is_command = is_command, .is_last = is_last};
  scu__pdu_header_store(headers, SCU__PDU_P_DATA_TF, (uint32_t)length + SCU__PDV_HEADER);
  scu__pdv_header_store(headers + SCU__PDU_HEADER, &pdv);
  scu__output_put_bytes(&e->output, headers, sizeof headers);
  if (payload->source) scu__output_put_source(&e->output, payload->source, payload->offset, payload->length);
  if (!payload->source) scu__output_put_bytes(&e->output, payload->bytes, payload->length);
  if (payload->has_pad) scu__output_put_bytes(&e->output, &pad, 1);
  trace_sent_data(e, headers, payload, length);
  if (e->options.trace && e->options.trace->scribe_conversation) tell_sent_fragment(e, &pdv, payload);
  return scu__engine_dispatch(e, SCU__EVT9);
}

/* --- Output and state ------------------------------------------------------------------------------------------- */

size_t scu__engine_output(scu__engine *e, scu__segment *segments, size_t max) {
  return scu__output_segments(&e->output, segments, max);
}

void scu__engine_sent(scu__engine *e, size_t bytes) {
  scu__output_sent(&e->output, bytes);
}

size_t scu__engine_queued(const scu__engine *e) {
  return e->output.queued;
}

bool scu__engine_wants_close(const scu__engine *e) {
  return e->wants_close;
}

int scu__engine_state(const scu__engine *e) {
  return (int)e->state;
}

const scu__negotiated *scu__engine_negotiated(const scu__engine *e) {
  return e->is_negotiated ? &e->negotiated : NULL;
}
