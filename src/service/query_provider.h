/* The answering side of C-FIND, C-MOVE and C-GET (PS3.4 C.4, PS3.7 9.1.2 to 9.1.4).
 *
 * The exchange collects and decodes the identifier, then gives REQUEST once. Its owner queues pending responses, as
 * many and as slowly as it likes, and ends with scu__query_provider_finish. What the keys mean, and the sub-operations
 * (store requesters of their own, on this association for C-GET), are the owner's business. */
#ifndef SCU_SERVICE_QUERY_PROVIDER_H
#define SCU_SERVICE_QUERY_PROVIDER_H

#include "service/exchange.h"

/* Made from the request that arrived; the event is NONE as long as the identifier is coming: set `on_event` at once. A
 * request that cannot be served is answered here, and REQUEST never comes: no identifier or an empty one A900, one that
 * does not decode C000, one longer than SCU__IDENTIFIER_MAX A700, no Move Destination A801. `encoding` is that of the
 * context, for both directions. CANCEL comes at most once, after REQUEST and before the final response; the owner
 * answers FE00, or with its normal end. USAGE: `request` is of another kind. */
scu_result scu__find_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                  scu__exchange_event *event);
scu_result scu__move_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                  scu__exchange_event *event);
scu_result scu__get_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                 scu__exchange_event *event);

/* C-FIND: queues one match with status FF00 or FF01; `row` is encoded now and not kept. USAGE: before REQUEST, after
 * the final response, for another kind or status, or an empty row; else as scu__dataset_encode. After a failure nothing
 * was queued. */
scu_result scu__find_provider_match(scu__exchange *exchange, const scu_dataset *row, uint16_t status);
/* The same with an identifier that is encoded already, in the context's encoding; copied. */
scu_result scu__find_provider_match_bytes(scu__exchange *exchange, const uint8_t *bytes, size_t length,
                                          uint16_t status);
/* There is room for another match: stop when false, go on when the association has drained. A courtesy, not a bound. */
bool scu__find_provider_wants(const scu__exchange *exchange);

/* More than 65,535 are said as 65,535: the field has 16 bits. */
typedef struct scu__sub_operations {
  uint32_t remaining, completed, failed, warning;
} scu__sub_operations;

/* C-MOVE, C-GET: queues a pending response (FF00); counts NULL = none, they are optional. USAGE as above. */
scu_result scu__retrieve_provider_pending(scu__exchange *exchange, const scu__sub_operations *counts);

/* Zeroed but for `status` is a whole answer. Nothing is kept. */
typedef struct scu__query_answer {
  uint16_t status;                   /* not a pending one */
  const scu__sub_operations *counts; /* move, get; NULL = none. `remaining` goes out with FE00 only (PS3.4 C.4.2.1) */
  const scu_dataset *failed_list;    /* move, get: Failed SOP Instance UID List; NULL or empty = no identifier */
  const char *comment;               /* cut to 64 characters; may be NULL */
  const scu_tag *offending;          /* the first SCU__OFFENDING_MAX of them go out */
  size_t offending_count;
} scu__query_answer;
/* The final response, once; a failure may come before REQUEST, the rest of the identifier is then swallowed. The
 * exchange is done when it has left the outbox. After MEMORY or LIMIT a smaller answer may be tried. */
scu_result scu__query_provider_finish(scu__exchange *exchange, const scu__query_answer *answer);

#endif
