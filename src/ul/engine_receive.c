/* What arrives: bytes into PDUs and PDVs (PS3.8 9.3), PDUs into events of Table 9-10. Control PDUs are collected whole
 * and bounded; P-DATA-TF streams, its fragments are handed out as slices of the input. */
#include <string.h>

#include "ul/engine_private.h"
#include "ul/foreign.h"

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* --- Faults of the peer ----------------------------------------------------------------------------------------- */

/* Once the association is over (Sta13) what still comes in is no fault worth telling. */
static scu_error *fault_of(scu__engine *e) {
  return e->state == SCU__STA13 ? NULL : &e->error;
}

/* The fault was just told (or an earlier one stands): the reason of our abort, and Evt19. */
static void invalid_pdu(scu__engine *e, scu__abort_reason reason, uint64_t offset) {
  scu__error_at(fault_of(e), 0, offset);
  e->abort = (scu__abort){.source = SCU__ABORT_PROVIDER, .reason = (uint8_t)reason};
  scu__engine_dispatch(e, SCU__EVT19);
}

static void discard_everything(scu__engine *e) {
  e->input.mode = SCU__INPUT_DISCARD;
}

/* The framing holds: only the rest of this PDU is passed over. */
static void skip_pdu(scu__engine *e, size_t left) {
  e->input.mode = left > 0 ? SCU__INPUT_SKIP : SCU__INPUT_HEADER;
  e->input.pdu_left = left;
}

static void unrecognized_pdu(scu__engine *e) {
  const uint8_t *b = e->input.partial;
  const scu__foreign *foreign = scu__foreign_recognise(b);
  scu__error_set(fault_of(e), SCU_ERROR_PROTOCOL, scu__engine_phase(e),
                 "the peer sent %s where a DICOM PDU belongs (first bytes %02X %02X %02X %02X %02X %02X)",
                 foreign ? foreign->name : "something else", b[0], b[1], b[2], b[3], b[4], b[5]);
  if (foreign) scu__error_hint(fault_of(e), "%s", foreign->hint);
  discard_everything(e);
  invalid_pdu(e, SCU__ABORT_UNRECOGNIZED_PDU, 0);
}

static void bad_length(scu__engine *e) {
  const scu__pdu_header *header = &e->input.header;
  bool is_fixed = header->type != SCU__PDU_ASSOCIATE_RQ && header->type != SCU__PDU_ASSOCIATE_AC;
  scu__error_set(fault_of(e), is_fixed ? SCU_ERROR_PROTOCOL : SCU_ERROR_LIMIT, scu__engine_phase(e),
                 "%s says it is %lu bytes long, %s %lu", scu__pdu_type_name(header->type),
                 (unsigned long)header->length, is_fixed ? "must be" : "more than the limit of",
                 is_fixed ? (unsigned long)SCU__FIXED_PDU_BODY : (unsigned long)SCU__ASSOCIATE_PDU_MAX);
  discard_everything(e);
  invalid_pdu(e, SCU__ABORT_INVALID_PARAMETER, 2);
}

/* A PDU that this state does not expect: whatever it holds, the header decides. */
static void unexpected_pdu(scu__engine *e, scu__evt event) {
  skip_pdu(e, e->input.header.length);
  scu__error_set(fault_of(e), SCU_ERROR_PROTOCOL, scu__engine_phase(e), "unexpected %s in Sta%d (%s)",
                 scu__pdu_type_name(e->input.header.type), e->input.is_early ? 3 : (int)e->state,
                 e->input.is_early ? "before the association was accepted" : scu__sta_texts[e->state - 1]);
  e->abort = (scu__abort){.source = SCU__ABORT_PROVIDER, .reason = SCU__ABORT_UNEXPECTED_PDU};
  e->input.is_early = false;
  scu__engine_dispatch(e, event);
}

/* --- Control PDUs ----------------------------------------------------------------------------------------------- */

scu_result scu__engine_settle(scu__engine *e, const scu__associate *ac, scu_error *error) {
  scu_result result =
      scu__negotiated_make(&e->rq, ac, e->options.is_acceptor, e->options.allocator, &e->negotiated, error);
  if (result != SCU_OK) return result;
  e->is_negotiated = true;
  size_t pdu_length = e->options.send_pdu_length;
  if (e->negotiated.peer_max_pdu_length != 0) pdu_length = smaller(pdu_length, e->negotiated.peer_max_pdu_length);
  e->max_fragment = (pdu_length - SCU__PDV_HEADER) & ~(size_t)1;
  return SCU_OK;
}

static scu_result take_rq(scu__engine *e, const uint8_t *body, size_t length) {
  scu_result result =
      scu__associate_decode(body, length, SCU__PDU_ASSOCIATE_RQ, e->options.allocator, &e->rq, &e->error);
  if (result == SCU_OK) e->has_rq = true;
  return result;
}

static scu_result take_ac(scu__engine *e, const uint8_t *body, size_t length) {
  scu__associate ac;
  scu_result result = scu__associate_decode(body, length, SCU__PDU_ASSOCIATE_AC, e->options.allocator, &ac, &e->error);
  if (result != SCU_OK) return result;
  result = scu__engine_settle(e, &ac, &e->error);
  scu__associate_free(&ac);
  return result;
}

/* Reads a PDU that is here whole into the engine. */
static scu_result take_pdu(scu__engine *e, const uint8_t *body, size_t length) {
  scu__pdu_type type = (scu__pdu_type)e->input.header.type;
  switch (type) {
  case SCU__PDU_ASSOCIATE_RQ: return take_rq(e, body, length);
  case SCU__PDU_ASSOCIATE_AC: return take_ac(e, body, length);
  case SCU__PDU_ASSOCIATE_RJ: return scu__reject_decode(body, length, &e->reject, &e->error);
  case SCU__PDU_ABORT: return scu__abort_decode(body, length, &e->received_abort, &e->error);
  default: return scu__release_decode(body, length, type, &e->error);
  }
}

static scu__evt event_of(uint8_t type) {
  static const uint8_t events[] = {
      SCU__EVT19, SCU__EVT6, SCU__EVT3, SCU__EVT4, SCU__EVT10, SCU__EVT12, SCU__EVT13, SCU__EVT16,
  };
  return (scu__evt)events[type < sizeof events ? type : 0];
}

static scu_result finish_control_pdu(scu__engine *e) {
  scu__buffer *pdu = &e->input.pdu;
  e->input.mode = SCU__INPUT_HEADER;
  e->input.is_early = false;
  scu__engine_trace_pdu(e, false, pdu->data, pdu->length);
  scu_result result = take_pdu(e, pdu->data + SCU__PDU_HEADER, pdu->length - SCU__PDU_HEADER);
  if (e->input.header.type == SCU__PDU_ASSOCIATE_RQ) scu__buffer_wipe(pdu); /* it may hold an identity */
  if (result == SCU_ERROR_MEMORY) return result;
  if (result == SCU_OK) {
    scu__engine_dispatch(e, event_of(e->input.header.type));
    return SCU_OK;
  }
  invalid_pdu(e, SCU__ABORT_INVALID_PARAMETER, e->error.offset);
  return SCU_OK;
}

static scu_result begin_control_pdu(scu__engine *e) {
  e->input.mode = SCU__INPUT_BODY;
  scu__buffer_clear(&e->input.pdu);
  scu__put_bytes(&e->input.pdu, e->input.partial, SCU__PDU_HEADER);
  if (scu__buffer_result(&e->input.pdu) != SCU_OK) return scu__error_memory(&e->error, scu__engine_phase(e));
  return e->input.header.length == 0 ? finish_control_pdu(e) : SCU_OK;
}

static scu_result collect_body(scu__engine *e, const uint8_t *bytes, size_t length, size_t *taken) {
  size_t missing = SCU__PDU_HEADER + (size_t)e->input.header.length - e->input.pdu.length;
  *taken = smaller(length, missing);
  scu__put_bytes(&e->input.pdu, bytes, *taken);
  if (scu__buffer_result(&e->input.pdu) != SCU_OK) return scu__error_memory(&e->error, scu__engine_phase(e));
  return *taken == missing ? finish_control_pdu(e) : SCU_OK;
}

/* --- P-DATA-TF -------------------------------------------------------------------------------------------------- */

static bool is_length_acceptable(scu__engine *e) {
  uint32_t length = e->input.header.length, maximum = e->options.max_pdu_length;
  if (length < SCU__PDV_HEADER) {
    scu__error_set(&e->error, SCU_ERROR_PROTOCOL, scu__engine_phase(e), "P-DATA-TF of %lu bytes, too short for any PDV",
                   (unsigned long)length);
    return false;
  }
  if (length <= maximum) return true;
  if (length - maximum > SCU__PDU_OVERRUN_TOLERATED && !e->options.tolerate_overlong) {
    scu__error_set(&e->error, SCU_ERROR_PROTOCOL, scu__engine_phase(e),
                   "P-DATA-TF of %lu bytes, %lu is the most we said we take", (unsigned long)length,
                   (unsigned long)maximum);
    return false;
  }
  if (!e->warned_overlong)
    scu__trace_line(e->options.trace, SCU__LEVEL_WARNING, e->options.association,
                    "the peer sent a P-DATA-TF of %lu bytes, %lu is the most we said we take: tolerated",
                    (unsigned long)length, (unsigned long)maximum);
  e->warned_overlong = true;
  return true;
}

static void begin_p_data(scu__engine *e) {
  if (!is_length_acceptable(e)) {
    discard_everything(e);
    invalid_pdu(e, SCU__ABORT_INVALID_PARAMETER, 2);
    return;
  }
  scu__engine_dispatch(e, SCU__EVT10);
  e->input.mode = SCU__INPUT_PDV_HEADER;
  e->input.pdu_left = e->input.header.length;
  e->input.is_traced = scu__trace_wants_pdus(e->options.trace);
  if (!e->input.is_traced) return;
  scu__buffer_clear(&e->input.pdu);
  scu__put_bytes(&e->input.pdu, e->input.partial, SCU__PDU_HEADER);
}

static void tee(scu__engine *e, const uint8_t *bytes, size_t length) {
  if (e->input.is_traced) scu__put_bytes(&e->input.pdu, bytes, length);
}

/* A rest too short for another PDV is a lie of the lengths before it. */
static void stray_bytes(scu__engine *e) {
  uint64_t offset = SCU__PDU_HEADER + (uint64_t)e->input.header.length - e->input.pdu_left;
  scu__error_set(&e->error, SCU_ERROR_PROTOCOL, scu__engine_phase(e), "%lu bytes behind the last PDV of a P-DATA-TF",
                 (unsigned long)e->input.pdu_left);
  skip_pdu(e, e->input.pdu_left);
  invalid_pdu(e, SCU__ABORT_INVALID_PARAMETER, offset);
}

static void end_fragment(scu__engine *e) {
  e->input.mode = SCU__INPUT_PDV_HEADER;
  if (e->input.pdu_left >= SCU__PDV_HEADER) return;
  if (e->input.pdu_left > 0) {
    stray_bytes(e);
    return;
  }
  e->input.mode = SCU__INPUT_HEADER;
  if (!e->input.is_traced) return;
  if (scu__buffer_result(&e->input.pdu) == SCU_OK)
    scu__engine_trace_pdu(e, false, e->input.pdu.data, e->input.pdu.length);
  else
    scu__engine_trace_gap(e, false);
}

static void push_data(scu__engine *e, const uint8_t *bytes, size_t length) {
  const scu__pdv_header *pdv = &e->input.pdv;
  size_t whole = pdv->item_length - 2;
  scu__trace_fragment_passed(e->options.trace, false,
                             &(scu__trace_fragment){.context_id = pdv->context_id,
                                                    .is_command = pdv->is_command,
                                                    .is_last = pdv->is_last,
                                                    .length = whole,
                                                    .at = whole - e->input.pdv_left - length,
                                                    .bytes = bytes,
                                                    .count = length});
  scu__engine_event *event = scu__engine_push(e, SCU__EVENT_DATA);
  event->context_id = pdv->context_id;
  event->is_command = pdv->is_command;
  event->is_last = pdv->is_last && e->input.pdv_left == 0;
  event->bytes = bytes;
  event->length = length;
}

/* False after a fault. pdu_left still counts the header that is looked at. */
static bool is_pdv_acceptable(scu__engine *e) {
  const scu__pdv_header *pdv = &e->input.pdv;
  size_t left = e->input.pdu_left - 4; /* behind the item length field */
  if (pdv->item_length < 2)
    scu__error_set(&e->error, SCU_ERROR_PROTOCOL, scu__engine_phase(e), "PDV item length %lu, the least is 2",
                   (unsigned long)pdv->item_length);
  else if (pdv->item_length > left)
    scu__error_set(&e->error, SCU_ERROR_PROTOCOL, scu__engine_phase(e),
                   "PDV item length %lu, but %lu bytes are left in its P-DATA-TF", (unsigned long)pdv->item_length,
                   (unsigned long)left);
  else if (!scu__negotiated_context(&e->negotiated, pdv->context_id))
    scu__error_set(&e->error, SCU_ERROR_PROTOCOL, scu__engine_phase(e),
                   "data for presentation context %u, which was not accepted", pdv->context_id);
  else
    return true;
  return false;
}

static void begin_fragment(scu__engine *e) {
  e->input.pdv = scu__pdv_header_load(e->input.partial);
  if (!is_pdv_acceptable(e)) {
    uint64_t offset = SCU__PDU_HEADER + (uint64_t)e->input.header.length - e->input.pdu_left;
    skip_pdu(e, e->input.pdu_left - SCU__PDV_HEADER);
    invalid_pdu(e, SCU__ABORT_INVALID_PARAMETER, offset);
    return;
  }
  size_t length = e->input.pdv.item_length - 2;
  tee(e, e->input.partial, SCU__PDV_HEADER);
  e->input.mode = SCU__INPUT_PDV;
  e->input.pdv_left = length;
  e->input.pdu_left -= SCU__PDV_HEADER + length;
  if (length % 2 != 0 && !e->warned_odd) {
    e->warned_odd = true;
    scu__trace_line(e->options.trace, SCU__LEVEL_WARNING, e->options.association,
                    "the peer sent a fragment of odd length (%lu bytes): accepted", (unsigned long)length);
  }
  if (length > 0) return;
  push_data(e, NULL, 0); /* PS3.8 E: not to be sent, to be accepted */
  end_fragment(e);
}

static void take_fragment(scu__engine *e, const uint8_t *bytes, size_t length, size_t *taken) {
  *taken = smaller(length, e->input.pdv_left);
  e->input.pdv_left -= *taken;
  tee(e, bytes, *taken);
  push_data(e, bytes, *taken);
  if (e->input.pdv_left == 0) end_fragment(e);
}

/* --- The pump --------------------------------------------------------------------------------------------------- */

static bool is_unexpected(scu__action action) {
  return action == SCU__AA_1 || action == SCU__AA_6 || action == SCU__AA_7 || action == SCU__AA_8;
}

static scu_result begin_pdu(scu__engine *e) {
  e->input.header = scu__pdu_header_load(e->input.partial);
  uint8_t type = e->input.header.type;
  scu__evt event = event_of(type);
  if (event == SCU__EVT19) {
    unrecognized_pdu(e);
    return SCU_OK;
  }
  bool is_early = e->input.is_early && type != SCU__PDU_ABORT;
  if (is_early || is_unexpected((scu__action)scu__transition_of(event, e->state).action)) {
    unexpected_pdu(e, is_early ? SCU__EVT19 : event);
    return SCU_OK;
  }
  if (type == SCU__PDU_P_DATA_TF) {
    begin_p_data(e);
    return SCU_OK;
  }
  bool is_variable = type == SCU__PDU_ASSOCIATE_RQ || type == SCU__PDU_ASSOCIATE_AC;
  if (is_variable ? e->input.header.length > SCU__ASSOCIATE_PDU_MAX : e->input.header.length != SCU__FIXED_PDU_BODY) {
    bad_length(e);
    return SCU_OK;
  }
  return begin_control_pdu(e);
}

static bool collect_partial(scu__input *input, const uint8_t *bytes, size_t length, size_t *taken) {
  *taken = smaller(length, sizeof input->partial - input->partial_length);
  memcpy(input->partial + input->partial_length, bytes, *taken);
  input->partial_length += *taken;
  if (input->partial_length < sizeof input->partial) return false;
  input->partial_length = 0;
  return true;
}

static void take_skipped(scu__input *input, size_t length, size_t *taken) {
  *taken = smaller(length, input->pdu_left);
  input->pdu_left -= *taken;
  if (input->pdu_left == 0) input->mode = SCU__INPUT_HEADER;
}

/* Our user aborted while a fragment was arriving: nobody wants the rest. */
static void leave_data(scu__engine *e) {
  scu__input *input = &e->input;
  bool in_data = input->mode == SCU__INPUT_PDV || input->mode == SCU__INPUT_PDV_HEADER;
  if (!in_data || e->state == SCU__STA6 || e->state == SCU__STA7) return;
  size_t left = input->pdu_left;
  if (input->mode == SCU__INPUT_PDV) left += input->pdv_left;
  if (input->mode == SCU__INPUT_PDV_HEADER) left -= input->partial_length;
  input->partial_length = 0;
  skip_pdu(e, left);
}

static scu_result take_some(scu__engine *e, const uint8_t *bytes, size_t length, size_t *taken) {
  switch (e->input.mode) {
  case SCU__INPUT_HEADER: return collect_partial(&e->input, bytes, length, taken) ? begin_pdu(e) : SCU_OK;
  case SCU__INPUT_BODY: return collect_body(e, bytes, length, taken);
  case SCU__INPUT_PDV_HEADER: /* 6 bytes like a PDU header */
    if (collect_partial(&e->input, bytes, length, taken)) begin_fragment(e);
    return SCU_OK;
  case SCU__INPUT_PDV: take_fragment(e, bytes, length, taken); return SCU_OK;
  case SCU__INPUT_SKIP: take_skipped(&e->input, length, taken); return SCU_OK;
  default: *taken = length; return SCU_OK;
  }
}

/* In Sta3 the indication waits, but what follows it is looked at: whoever sends data before he was accepted must not
 * have it taken for data sent after (catalogue P02). */
static bool is_waiting_for_user(const scu__engine *e) {
  return e->event_count > 0 && e->state != SCU__STA3;
}

scu_result scu__engine_receive(scu__engine *e, const uint8_t *bytes, size_t length, size_t *consumed, uint64_t now_ms) {
  *consumed = 0;
  if (!e->wants_close && (e->state == SCU__STA1 || e->state == SCU__STA4)) return SCU_ERROR_USAGE;
  e->now_ms = now_ms;
  leave_data(e);
  while (*consumed < length && !is_waiting_for_user(e)) {
    if (e->state == SCU__STA1) e->input.mode = SCU__INPUT_DISCARD;
    size_t taken = 0;
    scu_result result = take_some(e, bytes + *consumed, length - *consumed, &taken);
    *consumed += taken;
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}
