/* Exchanges of any service whose messages are the caller's own (PS3.7 9, 10): what scu/association.h is made of. The
 * exchange only sees to what belongs together: message IDs, data sets, pending and final responses, cancel. */
#ifndef SCU_SERVICE_MESSAGE_H
#define SCU_SERVICE_MESSAGE_H

#include "service/exchange.h"

/* `request` is a C- or N-*-RQ filled by the caller, but for message ID and data set type, which are set here. `dataset`
 * is moved, on failure too; NULL or empty = none. `encoding` is that of the context, for the data sets of responses.
 * PENDING comes for each response whose status is pending, FINAL for the last one: the response is in `command`, its
 * attribute list included, its data set in `identifier`. USAGE: not a request, incomplete, or a data set too much or
 * too little. */
scu_result scu__message_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                    uint16_t message_id, const scu__command *request, scu__buffer *dataset,
                                    scu__encoding encoding, scu__exchange **out);

/* Made from a C- or N-*-RQ that arrived. REQUEST comes with its data set in `identifier` (NULL = it had none): from
 * here when there is none, else when it has ended, so set `on_event` at once. A request that cannot be served is
 * answered here, and REQUEST never comes: what is mandatory is missing, or a data set does not decode or is longer than
 * SCU__IDENTIFIER_MAX. CANCEL comes for C-CANCEL-RQ. USAGE: `request` is something else. */
scu_result scu__message_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                     const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                     scu__exchange_event *event);
/* A response: as many with a pending status as wanted, then one with another. Of `response` count status, comment,
 * offending elements, Error ID, Affected SOP Instance UID, attribute list and sub-operation counts; the rest comes from
 * the request. Nothing is kept. USAGE: after the final one, before REQUEST, an element or data set that does not
 * belong to the message; else as scu__dataset_encode. */
scu_result scu__message_provider_respond(scu__exchange *exchange, const scu__command *response,
                                         const scu_dataset *dataset);
/* The same with a data set that is encoded already, which is moved, on failure too; empty = none. */
scu_result scu__message_provider_respond_encoded(scu__exchange *exchange, const scu__command *response,
                                                 scu__buffer *dataset);

#endif
