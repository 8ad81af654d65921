/* Presentation contexts and roles for the sub-operations of a C-GET (RULES 21): which storage classes in which transfer
 * syntaxes, within 128 contexts. */
#ifndef SCU_CLIENT_GET_CONTEXTS_H
#define SCU_CLIENT_GET_CONTEXTS_H

#include "client/inventory.h"
#include "ul/negotiation.h"

/* Adds storage contexts and roles (SCU 0, SCP 1) for the classes of what is missing; when nothing is known, for the
 * storage classes of the Standard as far as there is room. */
scu_result scu__get_propose(const scu__inventory *inventory, scu__associate *rq);
/* Every missing class can come over this association. */
bool scu__get_fits(const scu__inventory *inventory, const scu__negotiated *negotiated);
/* At least one storage class can. */
bool scu__get_can_receive(const scu__negotiated *negotiated);

#endif
