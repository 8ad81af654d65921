/* The outcome of RQ + AC, for either side: usable contexts with roles, window, extended negotiation.
 * PS3.8 9.3.3, PS3.7 D.3.3. */
#include <string.h>

#include "ul/negotiation.h"

/* A fragment needs its PDV header and two bytes. */
enum { SMALLEST_USEFUL_PDU = SCU__PDV_HEADER + 2 };

static void free_extended(const scu_allocator *allocator, scu__extended *list, size_t count) {
  for (size_t i = 0; i < count; i++) scu__free(allocator, list[i].bytes.data);
  scu__free(allocator, list);
}

void scu__negotiated_free(scu__negotiated *negotiated) {
  const scu_allocator *allocator = negotiated->allocator;
  scu__free(allocator, negotiated->contexts);
  scu__free(allocator, negotiated->refused);
  free_extended(allocator, negotiated->extended, negotiated->extended_count);
  free_extended(allocator, negotiated->extended_offers, negotiated->extended_offer_count);
  scu__free_wiped(allocator, negotiated->identity_response.data, negotiated->identity_response.length);
  memset(negotiated, 0, sizeof *negotiated);
}

static const scu__role *find_role(const scu__associate *associate, const scu__uid *uid) {
  for (size_t i = 0; i < associate->role_count; i++)
    if (scu__uid_equal(&associate->roles[i].uid, uid)) return &associate->roles[i];
  return NULL;
}

/* PS3.7 D.3.3.4: no answer (or no proposal) means the requestor is SCU; a 1 that was not offered is ignored. */
static void set_roles(const scu__associate *rq, const scu__associate *ac, bool is_acceptor,
                      scu__accepted_context *context) {
  const scu__role *proposed = find_role(rq, &context->abstract_syntax);
  const scu__role *answered = find_role(ac, &context->abstract_syntax);
  bool requestor_is_scu = true, requestor_is_scp = false;
  if (proposed && answered) {
    requestor_is_scu = proposed->scu && answered->scu;
    requestor_is_scp = proposed->scp && answered->scp;
  }
  context->scu_role = is_acceptor ? requestor_is_scp : requestor_is_scu;
  context->scp_role = is_acceptor ? requestor_is_scu : requestor_is_scp;
}

static bool has_syntax(const scu__context *context, const scu__uid *syntax) {
  for (size_t i = 0; i < context->count; i++)
    if (scu__uid_equal(&context->transfer_syntaxes[i], syntax)) return true;
  return false;
}

/* The result of one proposed context, and in words what is wrong with it; NULL = usable. */
static const char *judge(const scu__context *proposed, const scu__context *answer, const uint8_t *proposals,
                         const uint8_t *answers, uint8_t *result) {
  *result = SCU__CONTEXT_NO_REASON;
  if (proposed->id % 2 == 0) return "even presentation context ID";
  if (proposals[proposed->id] > 1) return "presentation context ID proposed twice";
  if (!answer) return "the acceptor gave no answer for it";
  if (answers[proposed->id] > 1) return "the acceptor answered it twice";
  if (answer->result != SCU__CONTEXT_ACCEPTED) {
    *result = answer->result;
    return scu__context_result_text(answer->result);
  }
  if (answer->count != 1) return "accepted without exactly one transfer syntax";
  if (!has_syntax(proposed, &answer->transfer_syntaxes[0])) return "accepted with a transfer syntax not offered";
  return NULL;
}

static void count_ids(const scu__associate *associate, uint8_t counts[256]) {
  memset(counts, 0, 256);
  for (size_t i = 0; i < associate->context_count; i++)
    if (counts[associate->contexts[i].id] < 2) counts[associate->contexts[i].id]++;
}

static scu_result settle_contexts(const scu__associate *rq, const scu__associate *ac, bool is_acceptor,
                                  scu__negotiated *out) {
  uint8_t proposals[256], answers[256];
  const scu__context *by_id[256] = {NULL};
  count_ids(rq, proposals);
  count_ids(ac, answers);
  for (size_t i = 0; i < ac->context_count; i++) by_id[ac->contexts[i].id] = &ac->contexts[i];
  out->contexts = scu__alloc_array(out->allocator, rq->context_count, sizeof *out->contexts);
  out->refused = scu__alloc_array(out->allocator, rq->context_count, sizeof *out->refused);
  if (!out->contexts || !out->refused) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < rq->context_count; i++) {
    const scu__context *proposed = &rq->contexts[i];
    const scu__context *answer = by_id[proposed->id];
    uint8_t result;
    const char *reason = judge(proposed, answer, proposals, answers, &result);
    if (reason) {
      out->refused[out->refused_count++] = (scu__refused_context){
          .id = proposed->id, .result = result, .abstract_syntax = proposed->abstract_syntax, .reason = reason};
      continue;
    }
    scu__accepted_context *accepted = &out->contexts[out->count++];
    accepted->id = proposed->id;
    accepted->abstract_syntax = proposed->abstract_syntax;
    accepted->transfer_syntax = answer->transfer_syntaxes[0];
    set_roles(rq, ac, is_acceptor, accepted);
    out->by_id[accepted->id] = (uint8_t)out->count; /* distinct odd IDs: at most 128 */
  }
  return SCU_OK;
}

static uint16_t smaller_window(uint16_t offered, uint16_t answered) {
  if (offered == 0) return answered;
  if (answered == 0) return offered;
  return offered < answered ? offered : answered;
}

/* PS3.7 D.3.3.3: 1/1 when either side is silent; the answer may not exceed the offer. */
static void settle_window(const scu__associate *rq, const scu__associate *ac, scu__negotiated *out) {
  out->max_invoked = out->max_performed = 1;
  if (!rq->window.present || !ac->window.present) return;
  out->max_invoked = smaller_window(rq->window.invoked, ac->window.invoked);
  out->max_performed = smaller_window(rq->window.performed, ac->window.performed);
}

static const scu__extended *find_extended(const scu__extended *list, size_t count, const char *uid) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(list[i].uid.text, uid) == 0) return &list[i];
  return NULL;
}

static scu_result add_extended(const scu_allocator *allocator, scu__extended *list, size_t *count,
                               const scu__extended *from, size_t length) {
  scu__extended *to = &list[*count];
  to->uid = from->uid;
  to->bytes.data = scu__alloc(allocator, length);
  if (!to->bytes.data) return SCU_ERROR_MEMORY;
  memcpy(to->bytes.data, from->bytes.data, length);
  to->bytes.length = length;
  ++*count;
  return SCU_OK;
}

static scu_result keep_offers(const scu__associate *rq, scu__negotiated *out) {
  if (rq->extended_count == 0) return SCU_OK;
  out->extended_offers = scu__alloc_array(out->allocator, rq->extended_count, sizeof *out->extended_offers);
  if (!out->extended_offers) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < rq->extended_count; i++) {
    const scu__extended *offer = &rq->extended[i];
    scu_result result =
        add_extended(out->allocator, out->extended_offers, &out->extended_offer_count, offer, offer->bytes.length);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

/* RULES 8: what was not offered is not agreed. Bytes are levels as well as flags (storage), so only a byte that was
 * absent from the offer, or a 1 answered to a 0, is cleared. */
static scu_result settle_extended(const scu__associate *rq, const scu__associate *ac, scu__negotiated *out) {
  if (ac->extended_count == 0) return SCU_OK;
  out->extended = scu__alloc_array(out->allocator, ac->extended_count, sizeof *out->extended);
  if (!out->extended) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < ac->extended_count; i++) {
    const scu__extended *answer = &ac->extended[i];
    const scu__extended *offer = find_extended(rq->extended, rq->extended_count, answer->uid.text);
    if (!offer || find_extended(out->extended, out->extended_count, answer->uid.text)) continue;
    size_t length = answer->bytes.length < offer->bytes.length ? answer->bytes.length : offer->bytes.length;
    scu_result result = add_extended(out->allocator, out->extended, &out->extended_count, answer, length);
    if (result != SCU_OK) return result;
    uint8_t *settled = out->extended[out->extended_count - 1].bytes.data;
    for (size_t b = 0; b < length; b++)
      if (settled[b] == 1 && offer->bytes.data[b] == 0) settled[b] = 0;
  }
  return SCU_OK;
}

static scu_result settle_identity(const scu__associate *ac, scu__negotiated *out) {
  const scu__octets *response = &ac->identity_response.response;
  out->identity_confirmed = ac->identity_response.present;
  if (response->length == 0) return SCU_OK;
  out->identity_response.data = scu__alloc(out->allocator, response->length);
  if (!out->identity_response.data) return SCU_ERROR_MEMORY;
  memcpy(out->identity_response.data, response->data, response->length);
  out->identity_response.length = response->length;
  return SCU_OK;
}

static scu_result check_whole(const scu__associate *ac, const scu__negotiated *out, scu_error *error) {
  if (strcmp(ac->application_context.text, SCU__APPLICATION_CONTEXT) != 0)
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_ASSOCIATE,
                          "the peer answered with application context \"%s\", not the DICOM one",
                          ac->application_context.text);
  if (out->peer_max_pdu_length != 0 && out->peer_max_pdu_length < SMALLEST_USEFUL_PDU)
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_ASSOCIATE,
                          "the peer takes PDUs of at most %u bytes, too few for any data",
                          (unsigned)out->peer_max_pdu_length);
  return SCU_OK;
}

scu_result scu__negotiated_make(const scu__associate *rq, const scu__associate *ac, bool is_acceptor,
                                const scu_allocator *allocator, scu__negotiated *out, scu_error *error) {
  const scu__associate *peer = is_acceptor ? rq : ac;
  memset(out, 0, sizeof *out);
  out->allocator = allocator;
  out->called = rq->called;
  out->calling = rq->calling;
  out->peer_max_pdu_length = peer->max_pdu_length;
  out->peer_implementation_class_uid = peer->implementation_class_uid;
  memcpy(out->peer_implementation_version_name, peer->implementation_version_name,
         sizeof out->peer_implementation_version_name);
  settle_window(rq, ac, out);
  scu_result result = check_whole(ac, out, error);
  if (result == SCU_OK) result = settle_contexts(rq, ac, is_acceptor, out);
  if (result == SCU_OK) result = keep_offers(rq, out);
  if (result == SCU_OK) result = settle_extended(rq, ac, out);
  if (result == SCU_OK) result = settle_identity(ac, out);
  if (result == SCU_ERROR_MEMORY) scu__error_memory(error, SCU_PHASE_ASSOCIATE);
  if (result != SCU_OK) scu__negotiated_free(out);
  return result;
}

const scu__accepted_context *scu__negotiated_context(const scu__negotiated *negotiated, uint8_t id) {
  uint8_t place = negotiated->by_id[id];
  return place ? &negotiated->contexts[place - 1] : NULL;
}

const scu__accepted_context *scu__negotiated_find(const scu__negotiated *negotiated, const char *abstract_syntax,
                                                  const char *transfer_syntax, bool as_scp) {
  for (size_t i = 0; i < negotiated->count; i++) {
    const scu__accepted_context *context = &negotiated->contexts[i];
    if (strcmp(context->abstract_syntax.text, abstract_syntax) != 0) continue;
    if (transfer_syntax && strcmp(context->transfer_syntax.text, transfer_syntax) != 0) continue;
    if (as_scp ? context->scp_role : context->scu_role) return context;
  }
  return NULL;
}

const scu__octets *scu__negotiated_extended(const scu__negotiated *negotiated, const char *uid) {
  const scu__extended *found = find_extended(negotiated->extended, negotiated->extended_count, uid);
  return found ? &found->bytes : NULL;
}

uint8_t scu__negotiated_extended_byte(const scu__negotiated *negotiated, const char *uid, size_t index) {
  const scu__octets *answer = scu__negotiated_extended(negotiated, uid);
  return answer && index < answer->length ? answer->data[index] : 0;
}

uint8_t scu__negotiated_extended_offer(const scu__negotiated *negotiated, const char *uid, size_t index) {
  const scu__extended *offer = find_extended(negotiated->extended_offers, negotiated->extended_offer_count, uid);
  return offer && index < offer->bytes.length ? offer->bytes.data[index] : 0;
}
