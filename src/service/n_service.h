/* N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE, N-DELETE (PS3.7 10), both roles, whatever the SOP class.
 *
 * One request, one response, each with or without a data set. Either end of an association may be the requester: an
 * N-EVENT-REPORT comes from the one that provides the other services. There is no cancel. */
#ifndef SCU_SERVICE_N_SERVICE_H
#define SCU_SERVICE_N_SERVICE_H

#include "service/exchange.h"

/* `request` is an N-*-RQ filled by the caller (scu__request_init, instance UID, event or action type, attribute list);
 * message ID and data set type are set here. `dataset` is moved, on failure too; NULL or empty = none. `encoding` is
 * that of the context, for the data set of the response. FINAL brings the response in `command`, its attribute list
 * included, and its data set in `identifier`. USAGE: not an N-*-RQ, incomplete, or a data set too much or too little.
 */
scu_result scu__n_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                              uint16_t message_id, const scu__command *request, scu__buffer *dataset,
                              scu__encoding encoding, scu__exchange **out);

/* Made from the request that arrived. REQUEST comes with its data set in `identifier` (NULL = it had none): from here
 * when there is none, else when it has ended, so set `on_event` at once. A request that cannot be served is answered
 * here, and REQUEST never comes: what is mandatory is missing 0117, 0118, 0113, 0123 or 0212; a data set that does not
 * decode 0110, one longer than SCU__IDENTIFIER_MAX 0213. USAGE: `request` is not an N-*-RQ. */
scu_result scu__n_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                               const scu__command *request, scu__encoding encoding, scu__exchange **out,
                               scu__exchange_event *event);

/* Zeroed is plain success. Nothing is kept. Class, instance, event and action type come from the request. */
typedef struct scu__n_answer {
  uint16_t status;
  const scu_dataset *dataset;   /* event or action reply, attribute list; NULL or empty = none */
  const scu__uid *sop_instance; /* instead of that of the request: N-CREATE without one; NULL = that */
  uint16_t error_id;            /* (0000,0903), such as A710; 0 = none */
  const char *comment;          /* cut to 64 characters; may be NULL */
  const scu_tag *attributes;    /* Attribute Identifier List (0000,1005), for 0105 and 0107 */
  size_t attribute_count;
} scu__n_answer;
/* The response, once; a failure may come before REQUEST, the rest of the data set is then swallowed. USAGE: answered
 * before, a success or warning before REQUEST, or a data set where there must be none; else as scu__dataset_encode. */
scu_result scu__n_provider_respond(scu__exchange *exchange, const scu__n_answer *answer);

#endif
