/* DIMSE messages that an application made, or was given by scu_association_receive: scu_message with what it owns. */
#ifndef SCU_CLIENT_OWN_MESSAGE_H
#define SCU_CLIENT_OWN_MESSAGE_H

#include "client/message.h"
#include "link/link.h"

typedef struct scu__own_message scu__own_message;
struct scu__own_message {
  scu_message message; /* first; its `held` is `dataset` */
  const scu_allocator *allocator;
  scu__message_dataset dataset;
  scu__own_message *next; /* of those that wait to be received */
};

/* One that came over this link: a copy. `identifier` may be NULL. MEMORY. */
scu_result scu__own_message_come(scu__link *link, const scu__exchange *exchange, const scu__command *command,
                                 const scu_dataset *identifier, scu__own_message **out);
/* The same for a message without dataset, of which only this is known. */
scu_result scu__own_message_at(const scu__negotiated *negotiated, const scu_allocator *allocator, uint8_t context_id,
                               const scu__command *command, scu__own_message **out);
/* The context that a request goes out on, by its abstract syntax or else its class, in the role that it takes (PS3.7
 * D.3.3.4; peers that say nothing of a provider's are taken at their context's word); NULL = none. */
const scu__accepted_context *scu__own_message_context(const scu_message *message, const scu__negotiated *negotiated);
/* A message that can be sent: USAGE with words when the caller did not make it, or it says too little. */
scu_result scu__own_message_check(const scu_message *message, scu_error *error);
/* Appends its dataset, if it has one with elements, as it goes out on the context. Errors of scu__encode_dataset. */
scu_result scu__own_message_encode(const scu_message *message, const scu__accepted_context *context, scu__buffer *bytes,
                                   scu_error *error);

#endif
