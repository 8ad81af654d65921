/* What the actions of PS3.8 Tables 9-6 to 9-9 do to the engine, and the dispatcher that runs them by Table 9-10. An
 * action changes the engine and queues output and events; it never calls out and never fails. */
#include <string.h>

#include "ul/engine_private.h"
#include "ul/explanations.h"

/* --- Helpers ---------------------------------------------------------------------------------------------------- */

static void start_timer(scu__engine *e, scu__timer timer, uint32_t ms) {
  e->timer = timer;
  e->deadline = e->now_ms > UINT64_MAX - ms ? UINT64_MAX : e->now_ms + ms;
}

static void stop_timer(scu__engine *e) {
  e->timer = SCU__TIMER_NONE;
  e->deadline = UINT64_MAX;
}

static void start_artim(scu__engine *e) {
  start_timer(e, SCU__TIMER_ARTIM, e->options.artim_ms);
}

static void start_artim_after_abort(scu__engine *e) {
  uint32_t ms = e->options.artim_ms;
  start_timer(e, SCU__TIMER_ARTIM, ms < SCU__ENGINE_ABORT_LINGER_MS ? ms : SCU__ENGINE_ABORT_LINGER_MS);
}

static void close_transport(scu__engine *e) {
  stop_timer(e);
  e->wants_close = true;
}

scu__engine_event *scu__engine_push(scu__engine *e, scu__engine_event_type type) {
  /* An association that has ended is not announced any more. */
  if (e->event_count > 0 && e->events[e->first_event].type == SCU__EVENT_ASSOCIATE_INDICATION) e->event_count = 0;
  if (e->event_count == SCU__ENGINE_EVENTS_MAX) e->event_count--;
  scu__engine_event *event = &e->events[(e->first_event + e->event_count++) % SCU__ENGINE_EVENTS_MAX];
  memset(event, 0, sizeof *event);
  event->type = type;
  return event;
}

static void push_fault(scu__engine *e, scu__engine_event_type type) {
  scu__engine_event *event = scu__engine_push(e, type);
  event->error = &e->error;
  event->phase = e->error.phase;
}

scu_phase scu__engine_phase(const scu__engine *e) {
  if (e->state == SCU__STA4) return SCU_PHASE_CONNECT;
  if (e->options.is_acceptor) return SCU_PHASE_LISTEN;
  if (e->state < SCU__STA6) return SCU_PHASE_ASSOCIATE;
  return e->state == SCU__STA6 ? SCU_PHASE_RESPONSE : SCU_PHASE_RELEASE;
}

void scu__engine_trace_pdu(const scu__engine *e, bool is_sent, const uint8_t *bytes, size_t length) {
  scu__trace_pdu(e->options.trace, is_sent, bytes, length);
}

void scu__engine_trace_gap(const scu__engine *e, bool is_sent) {
  const scu__trace *trace = e->options.trace;
  for (size_t i = 0; trace && i < SCU__TAPS; i++)
    if (trace->conversations[i]) trace->taps[i]->pdu(trace->taps[i], trace->conversations[i], is_sent, NULL, 0);
}

void scu__engine_queue_fixed(scu__engine *e, const uint8_t pdu[SCU__FIXED_PDU]) {
  /* Best effort: the room for the next one is made now, while there is no need for it yet. */
  if (scu__output_put_bytes(&e->output, pdu, SCU__FIXED_PDU)) scu__engine_trace_pdu(e, true, pdu, SCU__FIXED_PDU);
}

static void queue_whole(scu__engine *e, const scu__buffer *pdu) {
  if (scu__output_put_bytes(&e->output, pdu->data, pdu->length)) /* room was made with the request */
    scu__engine_trace_pdu(e, true, pdu->data, pdu->length);
}

static void queue_release(scu__engine *e, scu__pdu_type type) {
  uint8_t pdu[SCU__FIXED_PDU];
  scu__release_encode(type, pdu);
  scu__engine_queue_fixed(e, pdu);
}

static void queue_reject(scu__engine *e) {
  uint8_t pdu[SCU__FIXED_PDU];
  scu__reject_encode(&e->reject, pdu);
  scu__engine_queue_fixed(e, pdu);
}

static void queue_abort(scu__engine *e) {
  uint8_t pdu[SCU__FIXED_PDU];
  scu__abort_encode(&e->abort, pdu);
  scu__engine_queue_fixed(e, pdu);
}

static bool is_request_of_our_user(scu__evt event) {
  return event == SCU__EVT15;
}

static void push_protocol_error(scu__engine *e) {
  push_fault(e, SCU__EVENT_PROTOCOL_ERROR);
  e->events[(e->first_event + e->event_count - 1) % SCU__ENGINE_EVENTS_MAX].abort = e->abort;
}

static void push_aborted(scu__engine *e) {
  const scu__abort *abort = &e->received_abort;
  scu__error_set(&e->error, SCU_ERROR_ABORTED, scu__engine_phase(e), "the peer aborted: %s, %s (%u/%u)",
                 scu__abort_source_text(abort->source), scu__abort_text(abort->source, abort->reason), abort->source,
                 abort->reason);
  e->error.source = abort->source;
  e->error.reason_code = abort->reason;
  scu__error_explain(&e->error, e->state == SCU__STA5 ? scu__abort_as_answer()
                                                      : scu__abort_explanation(abort->source, abort->reason));
  push_fault(e, SCU__EVENT_ABORTED);
  scu__engine_event *event = &e->events[(e->first_event + e->event_count - 1) % SCU__ENGINE_EVENTS_MAX];
  event->abort = *abort;
  event->by_peer = true;
}

/* --- Association establishment (Table 9-6) ---------------------------------------------------------------------- */

static void ae_1(scu__engine *e) {
  (void)e; /* the caller opens the connection */
}

static void ae_2(scu__engine *e) {
  queue_whole(e, &e->scratch);
  if (e->rq.identity.type != 0) scu__buffer_wipe(&e->scratch);
  start_timer(e, SCU__TIMER_ASSOCIATE, e->options.associate_timeout_ms);
}

static void ae_3(scu__engine *e) {
  stop_timer(e);
  scu__engine_push(e, SCU__EVENT_ASSOCIATED)->negotiated = &e->negotiated;
}

static void ae_4(scu__engine *e) {
  scu__reject_error(&e->reject, &e->rq.called, &e->rq.calling, &e->error);
  scu__engine_event *event = scu__engine_push(e, SCU__EVENT_REJECTED);
  event->reject = e->reject;
  event->by_peer = true;
  event->error = &e->error;
  close_transport(e);
}

static void ae_5(scu__engine *e) {
  start_artim(e);
}

/* 9.2.3: "acceptable to the provider" is the protocol version here; the rest is our user's to judge. */
static void ae_6(scu__engine *e) {
  stop_timer(e);
  if (e->rq.protocol_version & 1) {
    scu__engine_push(e, SCU__EVENT_ASSOCIATE_INDICATION)->rq = &e->rq;
    return;
  }
  e->takes_other = true;
  e->reject = (scu__reject){.result = 1, .source = 2, .reason = 2};
  queue_reject(e);
  start_artim(e);
  scu__error_set(&e->error, SCU_ERROR_REJECTED, SCU_PHASE_LISTEN, "association rejected by us: %s (version bits %04XH)",
                 scu__reject_text(1, 2, 2), e->rq.protocol_version);
  scu__engine_event *event = scu__engine_push(e, SCU__EVENT_REJECTED);
  event->reject = e->reject;
  event->error = &e->error;
}

static void ae_7(scu__engine *e) {
  queue_whole(e, &e->scratch);
  scu__engine_push(e, SCU__EVENT_ASSOCIATED)->negotiated = &e->negotiated;
}

static void ae_8(scu__engine *e) {
  queue_reject(e);
  start_artim(e);
}

/* --- Data transfer (Table 9-7) and release (Table 9-8) ---------------------------------------------------------- */

/* DT-1 and AR-7 queue in scu__engine_send_pdv, DT-2 and AR-6 hand out in engine_receive.c: data does not pass here. */
static void data(scu__engine *e) {
  (void)e;
}

static void ar_1(scu__engine *e) {
  queue_release(e, SCU__PDU_RELEASE_RQ);
  start_timer(e, SCU__TIMER_RELEASE, e->options.release_timeout_ms);
}

static void ar_2(scu__engine *e) {
  scu__engine_push(e, SCU__EVENT_RELEASE_INDICATION);
}

static void ar_3(scu__engine *e) {
  scu__engine_push(e, SCU__EVENT_RELEASED);
  close_transport(e);
}

static void ar_4(scu__engine *e) {
  queue_release(e, SCU__PDU_RELEASE_RP);
  start_artim(e);
  scu__engine_push(e, SCU__EVENT_RELEASED);
}

static void ar_5(scu__engine *e) {
  stop_timer(e);
}

static void ar_8(scu__engine *e) {
  e->takes_other = e->options.is_acceptor;
  /* The requestor waits for its own user now, the acceptor goes on waiting for the RP. */
  if (!e->takes_other) stop_timer(e);
  scu__engine_push(e, SCU__EVENT_RELEASE_INDICATION)->is_collision = true;
}

static void ar_9(scu__engine *e) {
  queue_release(e, SCU__PDU_RELEASE_RP);
  start_timer(e, SCU__TIMER_RELEASE, e->options.release_timeout_ms);
}

static void ar_10(scu__engine *e) {
  stop_timer(e); /* confirmed; our user's own response is still to come */
}

/* --- Abort (Table 9-9) ------------------------------------------------------------------------------------------ */

static void aa_1(scu__engine *e) {
  if (!is_request_of_our_user(e->event)) e->abort = (scu__abort){.source = SCU__ABORT_USER};
  queue_abort(e);
  start_artim_after_abort(e);
  if (!is_request_of_our_user(e->event)) push_protocol_error(e);
}

static void aa_2(scu__engine *e) {
  if (e->event == SCU__EVT16 && e->state == SCU__STA2) push_aborted(e);
  close_transport(e);
}

static void aa_3(scu__engine *e) {
  push_aborted(e);
  close_transport(e);
}

static bool is_mid_pdu(const scu__engine *e) {
  return e->input.mode != SCU__INPUT_HEADER || e->input.partial_length > 0;
}

static void push_closed(scu__engine *e) {
  const char *when = "the peer closed the connection without releasing the association";
  if (e->state == SCU__STA2) when = "connection closed before any association request";
  if (e->state == SCU__STA3) when = "connection closed before the association request was answered";
  if (e->state == SCU__STA4) when = "the connection was not made";
  if (e->state == SCU__STA5) when = "the peer closed the connection without answering the association request";
  scu__error_set(&e->error, SCU_ERROR_CLOSED, scu__engine_phase(e), "%s%s%s", when,
                 is_mid_pdu(e) ? ", in the middle of a PDU" : "",
                 e->input.mode == SCU__INPUT_PDV || e->input.mode == SCU__INPUT_PDV_HEADER ? " (P-DATA-TF)" : "");
  if (e->state == SCU__STA5)
    scu__error_hint(&e->error, "check the port, the AE titles and whether the peer knows this host's address");
  push_fault(e, SCU__EVENT_CLOSED_BY_PEER);
}

/* The Standard knows only the abort here. In the field peers close instead of answering a release, and requestors
 * instead of waiting for the answer: both meant the end. */
static void aa_4(scu__engine *e) {
  stop_timer(e);
  if (e->state < SCU__STA7) {
    push_closed(e);
    return;
  }
  scu__trace_line(e->options.trace, SCU__LEVEL_WARNING, e->options.association,
                  "the peer closed the connection instead of finishing the release: taken as released");
  scu__engine_push(e, SCU__EVENT_RELEASED)->is_unanswered = true;
}

static void aa_5(scu__engine *e) {
  stop_timer(e);
  push_closed(e);
}

static void aa_6(scu__engine *e) {
  (void)e; /* ignored */
}

/* A peer that goes on sending requests gets one more answer, not one for each while nobody drains the queue. */
static void aa_7(scu__engine *e) {
  if (e->abort.source != SCU__ABORT_PROVIDER)
    e->abort = (scu__abort){.source = SCU__ABORT_PROVIDER, .reason = SCU__ABORT_UNEXPECTED_PDU};
  if (e->output.queued < 4 * SCU__FIXED_PDU) queue_abort(e);
}

static void aa_8(scu__engine *e) {
  e->abort.source = SCU__ABORT_PROVIDER;
  queue_abort(e);
  start_artim_after_abort(e);
  push_protocol_error(e);
}

/* --- Dispatch --------------------------------------------------------------------------------------------------- */

typedef void (*action_function)(scu__engine *e);

static const action_function actions[SCU__ACTIONS] = {
    [SCU__AE_1] = ae_1, [SCU__AE_2] = ae_2, [SCU__AE_3] = ae_3, [SCU__AE_4] = ae_4, [SCU__AE_5] = ae_5,
    [SCU__AE_6] = ae_6, [SCU__AE_7] = ae_7, [SCU__AE_8] = ae_8, [SCU__DT_1] = data, [SCU__DT_2] = data,
    [SCU__AR_1] = ar_1, [SCU__AR_2] = ar_2, [SCU__AR_3] = ar_3, [SCU__AR_4] = ar_4, [SCU__AR_5] = ar_5,
    [SCU__AR_6] = data, [SCU__AR_7] = data, [SCU__AR_8] = ar_8, [SCU__AR_9] = ar_9, [SCU__AR_10] = ar_10,
    [SCU__AA_1] = aa_1, [SCU__AA_2] = aa_2, [SCU__AA_3] = aa_3, [SCU__AA_4] = aa_4, [SCU__AA_5] = aa_5,
    [SCU__AA_6] = aa_6, [SCU__AA_7] = aa_7, [SCU__AA_8] = aa_8,
};

static scu_result step(scu__engine *e, scu__evt event) {
  scu__transition cell = scu__transition_of(event, e->state);
  if (cell.action == SCU__NO_ACTION) return SCU_ERROR_USAGE;
  e->event = event;
  e->takes_other = false;
  actions[cell.action](e);
  scu__sta next = (scu__sta)(e->takes_other ? cell.other : cell.next);
  if (event != SCU__EVT9 && event != SCU__EVT10)
    scu__trace_line(e->options.trace, SCU__LEVEL_DEBUG, e->options.association, "Evt%d (%s) in Sta%d: %s, Sta%d",
                    (int)event, scu__evt_texts[event - 1], (int)e->state, scu__action_names[cell.action], (int)next);
  e->state = next;
  return SCU_OK;
}

static bool is_release_response_wanted(const scu__engine *e) {
  if (e->state == SCU__STA12 && e->is_release_response_due) return true;
  if (!e->options.auto_release_response) return false;
  return e->state == SCU__STA8 || e->state == SCU__STA9 || e->state == SCU__STA12;
}

scu_result scu__engine_dispatch(scu__engine *e, scu__evt event) {
  scu_result result = step(e, event);
  if (result == SCU_OK && is_release_response_wanted(e)) result = step(e, SCU__EVT14);
  return result;
}
