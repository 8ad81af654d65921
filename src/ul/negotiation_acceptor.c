/* The acceptor's answer to an A-ASSOCIATE-RQ: AC or RJ, by a policy. PS3.8 9.3.3, 9.3.4; PS3.7 D.3.3. */
#include <stdio.h>
#include <string.h>

#include "ul/negotiation.h"

#define IMPLICIT_LE "1.2.840.10008.1.2"
#define EXPLICIT_LE "1.2.840.10008.1.2.1"
#define EXPLICIT_BE "1.2.840.10008.1.2.2"

/* Smaller is better; the encapsulated ones share a rank, so the first of them wins. */
static int syntax_rank(const scu__uid *syntax) {
  if (strcmp(syntax->text, EXPLICIT_LE) == 0) return 0;
  if (strcmp(syntax->text, IMPLICIT_LE) == 0) return 1;
  return strcmp(syntax->text, EXPLICIT_BE) == 0 ? 3 : 2;
}

int scu__choose_transfer_syntax(const scu__uid *list, size_t count) {
  int best = -1;
  for (size_t i = 0; i < count && i < INT16_MAX; i++)
    if (best < 0 || syntax_rank(&list[i]) < syntax_rank(&list[best])) best = (int)i;
  return best;
}

/* --- Reasons to reject ------------------------------------------------------------------------------------------ */

static scu_result reject(scu__reject *out, uint8_t source, uint8_t reason, const scu__associate *rq, scu_error *error) {
  *out = (scu__reject){.result = 1, .source = source, .reason = reason};
  scu__error_set(error, SCU_ERROR_REJECTED, SCU_PHASE_LISTEN,
                 "association rejected by us: %s (calling \"%s\", called \"%s\")", scu__reject_text(1, source, reason),
                 rq->calling.text, rq->called.text);
  if (error) {
    error->reject_result = 1;
    error->source = source;
    error->reason_code = reason;
  }
  return SCU_ERROR_REJECTED;
}

static bool is_called_ae_ours(const scu__associate *rq, const scu__acceptor_policy *policy) {
  if (!rq->called.text[0]) return false;
  if (!policy->check_called_ae) return true;
  return policy->our_ae && strcmp(rq->called.text, policy->our_ae) == 0;
}

static bool is_caller_welcome(const scu__associate *rq, const scu__acceptor_policy *policy) {
  if (!rq->calling.text[0]) return false;
  return !policy->is_calling_ae_accepted || policy->is_calling_ae_accepted(policy->user, &rq->calling);
}

static bool is_user_welcome(const scu__associate *rq, const scu__acceptor_policy *policy) {
  if (rq->identity.type == 0) return !policy->is_identity_needed;
  return !policy->is_identity_accepted || policy->is_identity_accepted(policy->user, &rq->identity);
}

static scu_result check_request(const scu__associate *rq, const scu__acceptor_policy *policy, scu__reject *out,
                                scu_error *error) {
  if ((rq->protocol_version & 1) == 0) return reject(out, 2, 2, rq, error);
  if (strcmp(rq->application_context.text, SCU__APPLICATION_CONTEXT) != 0) return reject(out, 1, 2, rq, error);
  if (!is_called_ae_ours(rq, policy)) return reject(out, 1, 7, rq, error);
  if (!is_caller_welcome(rq, policy)) return reject(out, 1, 3, rq, error);
  /* PS3.8 9.3.2: one or more, and without any nothing could ever be said. */
  if (rq->context_count == 0) return reject(out, 2, 1, rq, error);
  /* Too small for one fragment: nothing could ever be said. */
  if (rq->max_pdu_length != 0 && rq->max_pdu_length < SCU__PDV_HEADER + 2) return reject(out, 2, 1, rq, error);
  /* PS3.7 D.3.3.7.3: result 1, source 2. */
  return is_user_welcome(rq, policy) ? SCU_OK : reject(out, 2, 1, rq, error);
}

/* --- The AC ----------------------------------------------------------------------------------------------------- */

/* How often each ID is proposed (up to 2), and which have their answer. */
typedef struct id_ledger {
  uint8_t proposals[256];
  bool is_answered[256];
} id_ledger;

static void count_proposals(const scu__associate *rq, id_ledger *ledger) {
  memset(ledger, 0, sizeof *ledger);
  for (size_t i = 0; i < rq->context_count; i++)
    if (ledger->proposals[rq->contexts[i].id] < 2) ledger->proposals[rq->contexts[i].id]++;
}

static const scu__uid *choose_syntax(const scu__acceptor_policy *policy, const scu__context *context) {
  scu__uid supported[SCU__SYNTAXES_PER_CONTEXT_MAX];
  size_t places[SCU__SYNTAXES_PER_CONTEXT_MAX];
  size_t count = 0;
  for (size_t i = 0; i < context->count && count < SCU__SYNTAXES_PER_CONTEXT_MAX; i++) {
    const scu__uid *syntax = &context->transfer_syntaxes[i];
    if (policy->is_transfer_syntax_supported &&
        !policy->is_transfer_syntax_supported(policy->user, &context->abstract_syntax, syntax))
      continue;
    places[count] = i;
    supported[count++] = *syntax;
  }
  int chosen = policy->choose_transfer_syntax
                   ? policy->choose_transfer_syntax(policy->user, &context->abstract_syntax, supported, count)
                   : scu__choose_transfer_syntax(supported, count);
  if (chosen < 0 || (size_t)chosen >= count) return NULL;
  return &context->transfer_syntaxes[places[chosen]];
}

static scu_result answer_context(const scu__context *context, const scu__acceptor_policy *policy, id_ledger *ledger,
                                 scu__associate *ac) {
  if (ledger->is_answered[context->id]) return SCU_OK;
  ledger->is_answered[context->id] = true;
  const scu__uid *syntax = context->count > 0 ? &context->transfer_syntaxes[0] : NULL;
  if (context->id % 2 == 0 || ledger->proposals[context->id] > 1)
    return scu__associate_add_result(ac, context->id, SCU__CONTEXT_NO_REASON, syntax);
  if (!context->abstract_syntax.text[0] || !policy->is_abstract_syntax_supported ||
      !policy->is_abstract_syntax_supported(policy->user, &context->abstract_syntax))
    return scu__associate_add_result(ac, context->id, SCU__CONTEXT_ABSTRACT_SYNTAX_NOT_SUPPORTED, syntax);
  const scu__uid *chosen = choose_syntax(policy, context);
  if (!chosen) return scu__associate_add_result(ac, context->id, SCU__CONTEXT_TRANSFER_SYNTAXES_NOT_SUPPORTED, syntax);
  return scu__associate_add_result(ac, context->id, SCU__CONTEXT_ACCEPTED, chosen);
}

static scu_result answer_roles(const scu__associate *rq, const scu__acceptor_policy *policy, scu__associate *ac) {
  if (!policy->accept_roles) return SCU_OK;
  for (size_t i = 0; i < rq->role_count; i++) {
    bool scu = rq->roles[i].scu, scp = rq->roles[i].scp;
    policy->accept_roles(policy->user, &rq->roles[i].uid, &scu, &scp);
    scu_result result =
        scu__associate_add_role(ac, rq->roles[i].uid.text, scu && rq->roles[i].scu, scp && rq->roles[i].scp);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

static scu_result answer_extended(const scu__associate *rq, const scu__acceptor_policy *policy, scu__associate *ac) {
  if (!policy->answer_extended) return SCU_OK;
  for (size_t i = 0; i < rq->extended_count; i++) {
    uint8_t answer[SCU__EXTENDED_ANSWER_MAX] = {0};
    size_t length = policy->answer_extended(policy->user, &rq->extended[i], answer);
    if (length == 0 || length > sizeof answer) continue;
    scu_result result = scu__associate_add_extended(ac, rq->extended[i].uid.text, answer, length);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

/* 0 in an offer is unlimited: the limit is the answer then. */
static uint16_t limited(uint16_t offered, uint16_t limit) {
  return offered == 0 || offered > limit ? limit : offered;
}

static void answer_window(const scu__associate *rq, const scu__acceptor_policy *policy, scu__associate *ac) {
  if (!rq->window.present || policy->window_limit == 0) return;
  ac->window.present = true;
  ac->window.invoked = limited(rq->window.invoked, policy->window_limit);
  ac->window.performed = limited(rq->window.performed, policy->window_limit);
}

static void introduce(const scu__associate *rq, const scu__acceptor_policy *policy, scu__associate *ac) {
  ac->called = rq->called;
  ac->calling = rq->calling;
  memcpy(ac->called_raw, rq->called_raw, sizeof ac->called_raw);
  memcpy(ac->calling_raw, rq->calling_raw, sizeof ac->calling_raw);
  memcpy(ac->reserved_raw, rq->reserved_raw, sizeof ac->reserved_raw);
  if (policy->max_pdu_length) ac->max_pdu_length = policy->max_pdu_length;
  if (policy->implementation_class_uid)
    scu__uid_from_text(&ac->implementation_class_uid, policy->implementation_class_uid);
  if (policy->implementation_version_name)
    snprintf(ac->implementation_version_name, sizeof ac->implementation_version_name, "%s",
             policy->implementation_version_name);
  /* PS3.7 D.3.3.7: confirmed only when it was asked for and somebody looked at it. */
  ac->identity_response.present =
      rq->identity.type != 0 && rq->identity.positive_response_requested && policy->is_identity_accepted != NULL;
}

scu_result scu__negotiate_answer(const scu__associate *rq, const scu__acceptor_policy *policy,
                                 const scu_allocator *allocator, scu__associate *ac, scu__reject *out,
                                 scu_error *error) {
  memset(ac, 0, sizeof *ac);
  scu_result result = check_request(rq, policy, out, error);
  if (result != SCU_OK) return result;
  scu__associate_init(ac, allocator);
  introduce(rq, policy, ac);
  answer_window(rq, policy, ac);
  id_ledger ledger;
  count_proposals(rq, &ledger);
  for (size_t i = 0; i < rq->context_count && result == SCU_OK; i++)
    result = answer_context(&rq->contexts[i], policy, &ledger, ac);
  if (result == SCU_OK) result = answer_roles(rq, policy, ac);
  if (result == SCU_OK) result = answer_extended(rq, policy, ac);
  if (result == SCU_OK && policy->amend) policy->amend(policy->amend_user, rq, ac);
  if (result == SCU_OK) return SCU_OK;
  scu__error_set(error, result, SCU_PHASE_LISTEN, "the answer to an association request could not be made: %s",
                 result == SCU_ERROR_MEMORY ? "out of memory" : "a limit was reached");
  scu__associate_free(ac);
  return result;
}
