/* What an A-ASSOCIATE-RQ is about to propose (PS3.8 9.3.2, PS3.7 D.3.3), for the before_associate hook to look at and
 * to change. Valid during the hook only; texts and lists are borrowed until the next change. What an operation needs
 * and the hook takes away, the operation misses: it then ends with REJECTED, as if the peer had refused it. */
#ifndef SCU_PROPOSAL_H
#define SCU_PROPOSAL_H

#include <stddef.h>
#include <stdint.h>

#include "scu/options.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_proposal scu_proposal;

/* Presentation contexts, in the order proposed: at most 128, each with 1 to 64 transfer syntaxes. */
SCU_API size_t scu_proposal_count(const scu_proposal *proposal);
/* "" and 0 when an index is out of range. */
SCU_API const char *scu_proposal_abstract_syntax(const scu_proposal *proposal, size_t context);
SCU_API size_t scu_proposal_syntax_count(const scu_proposal *proposal, size_t context);
SCU_API const char *scu_proposal_syntax(const scu_proposal *proposal, size_t context, size_t syntax);

/* One context more. USAGE: no UIDs; LIMIT: too many contexts or syntaxes; MEMORY. */
SCU_API scu_result scu_proposal_add(scu_proposal *proposal, const char *abstract_syntax,
                                    const char *const *transfer_syntaxes, size_t count);
/* The contexts of this abstract syntax with this transfer syntax (NULL: with any); a context that has others as well
 * only loses this one. Roles and extended negotiation of a class go with its last context. SCU_END: there were none. */
SCU_API scu_result scu_proposal_remove(scu_proposal *proposal, const char *abstract_syntax,
                                       const char *transfer_syntax);
/* SCP/SCU role selection of a class (PS3.7 D.3.3.4); both 0: no item, so that we are SCU. USAGE, MEMORY. */
SCU_API scu_result scu_proposal_set_role(scu_proposal *proposal, const char *sop_class, int as_scu, int as_scp);
/* SOP Class Extended Negotiation (PS3.7 D.3.3.5); length 0: no item. USAGE, LIMIT, MEMORY. */
SCU_API scu_result scu_proposal_set_extended(scu_proposal *proposal, const char *sop_class, const uint8_t *bytes,
                                             size_t length);
/* SOP Class Common Extended Negotiation (PS3.7 D.3.3.6): what kind of service a class belongs to, which the acceptor
 * may not know, and the more general classes (at most 64) that it could be taken for. service_class NULL: no item;
 * related may then be NULL. USAGE, LIMIT, MEMORY. */
SCU_API scu_result scu_proposal_set_common_extended(scu_proposal *proposal, const char *sop_class,
                                                    const char *service_class, const char *const *related,
                                                    size_t count);
/* Who asks for this association (PS3.7 D.3.3.7), in place of whom the session's options name: the SCU_OPTION_IDENTITY_
 * options of this bag, which is read now and stays the caller's. NULL, or a bag without them: nobody. As for sessions,
 * USAGE: a user and a token, or a passcode without a user; SECURITY: a passcode or token to a peer without TLS, unless
 * SCU_OPTION_IDENTITY_OVER_PLAIN is set; LIMIT; MEMORY. Then it stays as it was. */
SCU_API scu_result scu_proposal_set_identity(scu_proposal *proposal, const scu_options *options);

#ifdef __cplusplus
}
#endif
#endif
