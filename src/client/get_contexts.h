/* Presentation contexts and roles for the sub-operations of a C-GET (RULES 21): which storage classes in which transfer
 * syntaxes, within 128 contexts. What does not fit comes in another round, over another association. */
#ifndef SCU_CLIENT_GET_CONTEXTS_H
#define SCU_CLIENT_GET_CONTEXTS_H

#include "client/inventory.h"
#include "ul/negotiation.h"

/* The storage classes that are still to be offered, in the order of likelihood. */
typedef struct scu__get_classes {
  const scu_allocator *allocator;
  const char **uids; /* of the inventory or of the table of storage classes */
  size_t count, capacity;
  size_t next;       /* first one that no round has offered yet */
  bool is_only_round; /* nobody knows what is missing, so nothing can be asked for again */
} scu__get_classes;

/* The classes that the missing instances have; where the peer did not say, those of their modality, then all others of
 * the Standard. The inventory must not change until scu__get_classes_free. MEMORY. */
scu_result scu__get_classes_init(scu__get_classes *classes, const scu__inventory *inventory);
void scu__get_classes_free(scu__get_classes *classes); /* safe on a zeroed one */
bool scu__get_classes_is_exhausted(const scu__get_classes *classes);

/* Adds storage contexts and roles (SCU 0, SCP 1) for the next classes and moves on: the fewer classes are left, the
 * more syntaxes stand alone in their contexts. */
scu_result scu__get_propose(scu__get_classes *classes, scu__associate *rq);
/* Every missing class is known and can come over this association. */
bool scu__get_fits(const scu__inventory *inventory, const scu__negotiated *negotiated);
/* At least one storage class can. */
bool scu__get_can_receive(const scu__negotiated *negotiated);

#endif
