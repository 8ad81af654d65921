/* Presentation contexts and roles for the sub-operations of a C-GET (RULES 21): which storage classes in which transfer
 * syntaxes, within 128 contexts. What does not fit comes in another round, over another association. */
#ifndef SCU_CLIENT_GET_CONTEXTS_H
#define SCU_CLIENT_GET_CONTEXTS_H

#include "client/inventory.h"
#include "ul/negotiation.h"

/* What a round offers. */
typedef enum scu__get_phase {
  SCU__GET_LIKELY, /* the likely classes, each with as many syntaxes of their own as there is room for */
  /* The likely classes in one syntax alone, one syntax after the other: some archives (dcmqrscp) send an object over
   * the first context of its class, whatever its syntax, and fail when they cannot convert it. */
  SCU__GET_ONE_SYNTAX,
  SCU__GET_OTHERS, /* classes that nobody spoke of, with the native syntaxes and one context for the rest */
  SCU__GET_EXHAUSTED
} scu__get_phase;

/* The storage classes that are still to be offered, in the order of likelihood. */
typedef struct scu__get_classes {
  const scu_allocator *allocator;
  const char **uids; /* of the inventory or of the table of storage classes */
  size_t count, capacity;
  size_t likely; /* that many were named, or fit the modality */
  scu__get_phase phase;
  size_t next;        /* first class that this phase has not offered yet */
  size_t next_syntax; /* of SCU__GET_ONE_SYNTAX */
  bool is_only_round; /* nobody knows what is missing, so nothing can be asked for again */
} scu__get_classes;

/* The classes that the missing instances have; where the peer did not say, those of their modality, then all others of
 * the Standard. The inventory must not change until scu__get_classes_free. MEMORY. */
scu_result scu__get_classes_init(scu__get_classes *classes, const scu__inventory *inventory);
void scu__get_classes_free(scu__get_classes *classes); /* safe on a zeroed one */
/* SCU_OK; SCU_END when every round was had. were_failures: the peer failed to send something in the last round, so
 * that another choice of syntaxes may help. */
scu_result scu__get_classes_go_on(scu__get_classes *classes, bool were_failures);

/* Adds storage contexts and roles (SCU 0, SCP 1; with both_roles 1 and 1) for the next classes and moves on: the fewer
 * classes are left, the more syntaxes stand alone in their contexts. */
scu_result scu__get_propose(scu__get_classes *classes, bool both_roles, scu__associate *rq);
/* Every missing class is known and can come over this association. */
bool scu__get_fits(const scu__inventory *inventory, const scu__negotiated *negotiated);
/* At least one storage class can. */
bool scu__get_can_receive(const scu__negotiated *negotiated);

#endif
