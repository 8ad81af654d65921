/* Looking at a proposal, and changing it. */
#include "client/proposal.h"

#include <string.h>

#include "client/identity.h"

static const scu__context *context_at(const scu_proposal *proposal, size_t index) {
  return index < proposal->rq->context_count ? &proposal->rq->contexts[index] : NULL;
}

size_t scu_proposal_count(const scu_proposal *proposal) {
  return proposal->rq->context_count;
}

const char *scu_proposal_abstract_syntax(const scu_proposal *proposal, size_t context) {
  const scu__context *found = context_at(proposal, context);
  return found ? found->abstract_syntax.text : "";
}

size_t scu_proposal_syntax_count(const scu_proposal *proposal, size_t context) {
  const scu__context *found = context_at(proposal, context);
  return found ? found->count : 0;
}

const char *scu_proposal_syntax(const scu_proposal *proposal, size_t context, size_t syntax) {
  const scu__context *found = context_at(proposal, context);
  return found && syntax < found->count ? found->transfer_syntaxes[syntax].text : "";
}

scu_result scu_proposal_add(scu_proposal *proposal, const char *abstract_syntax, const char *const *transfer_syntaxes,
                            size_t count) {
  if (!abstract_syntax || !transfer_syntaxes) return SCU_ERROR_USAGE;
  for (size_t i = 0; i < count; i++)
    if (!transfer_syntaxes[i]) return SCU_ERROR_USAGE;
  return scu__associate_add_context(proposal->rq, abstract_syntax, transfer_syntaxes, count, NULL);
}

scu_result scu_proposal_remove(scu_proposal *proposal, const char *abstract_syntax, const char *transfer_syntax) {
  scu__associate *rq = proposal->rq;
  if (!abstract_syntax) return SCU_ERROR_USAGE;
  bool was_any = scu__associate_remove_contexts(rq, abstract_syntax, transfer_syntax);
  for (size_t i = 0; i < rq->context_count; i++)
    if (strcmp(rq->contexts[i].abstract_syntax.text, abstract_syntax) == 0) return was_any ? SCU_OK : SCU_END;
  scu__associate_remove_role(rq, abstract_syntax);
  scu__associate_remove_extended(rq, abstract_syntax);
  scu__associate_remove_common_extended(rq, abstract_syntax);
  return was_any ? SCU_OK : SCU_END;
}

scu_result scu_proposal_set_role(scu_proposal *proposal, const char *sop_class, int as_scu, int as_scp) {
  if (!sop_class) return SCU_ERROR_USAGE;
  scu__associate_remove_role(proposal->rq, sop_class);
  if (!as_scu && !as_scp) return SCU_OK;
  return scu__associate_add_role(proposal->rq, sop_class, as_scu != 0, as_scp != 0);
}

scu_result scu_proposal_set_extended(scu_proposal *proposal, const char *sop_class, const uint8_t *bytes,
                                     size_t length) {
  if (!sop_class || (!bytes && length > 0)) return SCU_ERROR_USAGE;
  scu__associate_remove_extended(proposal->rq, sop_class);
  return length > 0 ? scu__associate_add_extended(proposal->rq, sop_class, bytes, length) : SCU_OK;
}

scu_result scu_proposal_set_common_extended(scu_proposal *proposal, const char *sop_class, const char *service_class,
                                            const char *const *related, size_t count) {
  if (!sop_class || (!related && count > 0)) return SCU_ERROR_USAGE;
  for (size_t i = 0; i < count; i++)
    if (!related[i]) return SCU_ERROR_USAGE;
  scu__associate_remove_common_extended(proposal->rq, sop_class);
  if (!service_class) return SCU_OK;
  return scu__associate_add_common_extended(proposal->rq, sop_class, service_class, related, count);
}

scu_result scu_proposal_set_identity(scu_proposal *proposal, const scu_options *options) {
  scu__identity identity;
  scu_result result = scu__identity_resolve(options, NULL, proposal->rq->allocator, &identity, NULL);
  if (result != SCU_OK) return result;
  result = scu__identity_check_transport(&identity, proposal->is_tls, NULL);
  if (result == SCU_OK) result = scu__identity_put(&identity, proposal->rq);
  if (result != SCU_OK) {
    scu__identity_free(&identity);
    return result;
  }
  scu__identity_free(proposal->identity);
  *proposal->identity = identity;
  *proposal->has_identity = true;
  return SCU_OK;
}
