/* Options of a query, agreed by SOP Class Extended Negotiation (PS3.4 C.5.1-C.5.3, K.5; RULES 8): what is proposed,
 * which open association will do, what was agreed. */
#ifndef SCU_CLIENT_QUERY_OPTIONS_H
#define SCU_CLIENT_QUERY_OPTIONS_H

#include "client/op.h"
#include "client/query.h"

/* The options that a request of this class wants, as a set of bits (1 << scu_query_option). */
typedef uint32_t scu__option_set;

/* `needs_relational`: unique keys above the level are missing, so that a relational query would help (SCU_WISH_AUTO).
 * Nothing that the session is told not to propose (SCU_OPTION_EXTENDED_NEGOTIATION). */
scu__option_set scu__options_wanted(const scu_session *session, const scu_query *query, const char *sop_class,
                                    bool needs_relational);
/* Adds the sub-item; nothing when nothing is wanted. */
scu_result scu__options_propose(scu__option_set wanted, const char *sop_class, scu__associate *rq);
/* An open association will do: what is wanted was proposed there, and nothing that changes the meaning of keys was
 * agreed beyond it. */
bool scu__options_fit(scu__option_set wanted, const char *sop_class, const scu__negotiated *negotiated);
bool scu__option_is_agreed(scu_query_option option, const char *sop_class, const scu__negotiated *negotiated);
/* Tells the warning hook which wish (or key that needs an option) was not granted, and what happens instead. */
void scu__options_warn(scu_op *op, const scu_query *query, const char *sop_class, const scu__negotiated *negotiated);

#endif
