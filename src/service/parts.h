/* What the kinds of exchanges share: making one, pushing its messages, collecting an identifier. Private to service/.
 */
#ifndef SCU_SERVICE_PARTS_H
#define SCU_SERVICE_PARTS_H

#include "base/buffer.h"
#include "data/dataset_builder.h"
#include "service/exchange.h"

/* Where an exchange lives: the first four arguments of every constructor. */
typedef struct scu__place {
  const scu_allocator *allocator;
  scu__outbox *outbox;
  uint8_t context_id;
  uint16_t message_id;
} scu__place;

/* `size` zeroed bytes with the common head at the front; NULL when there is no memory. */
void *scu__exchange_make(size_t size, const scu__exchange_class *class_, const scu__place *place);

/* Pushes `message` with context and owner filled in. Takes what it owns, on failure too. */
scu_result scu__exchange_push(scu__exchange *exchange, scu__message *message);

/* Every constructor of a requester ends here: pushes the request, and frees the exchange when that fails. */
scu_result scu__exchange_launch(scu__exchange *exchange, scu__message *request, scu__exchange **out);

/* FINAL with this response; the exchange is done. */
void scu__exchange_finish(scu__exchange *exchange, const scu__command *response, scu__exchange_event *event);

/* A requester whose only response is the final one: echo and store. */
typedef struct scu__single_request {
  scu__exchange exchange;
  scu__command response; /* without attribute list */
} scu__single_request;

/* scu__exchange_class.receive_command of one. */
scu_result scu__single_request_receive(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                       scu_error *error);

/* Copies a command whose attribute list goes away: *attributes gets a list of its own, to be freed with scu__free, or
 * NULL. False when there is no memory. */
bool scu__command_copy(const scu_allocator *allocator, const scu__command *from, scu__command *to,
                       uint8_t **attributes);

/* A data set that is held whole (PS3.4 C.4): collected if it comes in pieces, decoded at its end. The memory of one is
 * used for the next. Zeroed is ready. */
typedef struct scu__identifier {
  scu__buffer pieces; /* allocator NULL = not initialised */
  scu__dataset_decoder *decoder;
  scu_dataset *dataset;
} scu__identifier;

void scu__identifier_init(scu__identifier *identifier, const scu_allocator *allocator);
void scu__identifier_free(scu__identifier *identifier);
void scu__identifier_reset(scu__identifier *identifier); /* before the next one */
/* Whether an element of what was put last is there twice (PS3.5 7.1: once); *tag says which. Not after settle. */
bool scu__identifier_repeats(const scu__identifier *identifier, scu_tag *tag);
/* No other one will come: keeps `dataset` and frees the rest. */
void scu__identifier_settle(scu__identifier *identifier);
/* SCU_MORE until is_last, then SCU_OK: `dataset` is filled. LIMIT, MEMORY, MALFORMED. */
scu_result scu__identifier_put(scu__identifier *identifier, const uint8_t *bytes, size_t length, bool is_last,
                               scu__encoding encoding, scu_error *error);

#endif
