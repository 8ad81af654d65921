/* What the answering kinds of exchanges share. Private to service/.
 *
 * A provider is over when its answer is on its way and the request's data set has ended, in whatever order. */
#ifndef SCU_SERVICE_PROVIDER_PARTS_H
#define SCU_SERVICE_PROVIDER_PARTS_H

#include "service/parts.h"

typedef struct scu__provider {
  scu__exchange exchange;
  scu__command request; /* without attribute list */
  size_t unsent;        /* responses in the outbox */
  bool is_answered;     /* the final one was pushed */
} scu__provider;

/* `size` zeroed bytes with a scu__provider at the front; NULL when there is no memory. */
void *scu__provider_make(size_t size, const scu__exchange_class *class_, const scu_allocator *allocator,
                         scu__outbox *outbox, uint8_t context_id, const scu__command *request);
/* The end of every constructor: frees the provider after a failure. */
scu_result scu__provider_hand_out(scu__provider *self, scu_result result, scu__exchange **out);
void scu__provider_say_request(const scu__provider *self, scu__exchange_event *event);

/* Pushes a pending response, or the final one. Takes what the message owns, on failure too. */
scu_result scu__provider_push(scu__provider *self, scu__message *message, bool is_final);
/* The final response without a data set. comment may be NULL; offending_tag 0 = none. */
scu_result scu__provider_answer(scu__provider *self, uint16_t status, const char *comment, uint32_t offending_tag);
/* The same for a request without this mandatory element (see scu__command_missing). */
scu_result scu__provider_answer_missing(scu__provider *self, uint32_t element);

/* scu__exchange_class.message_sent and .receive_data: the data set is of no interest (any more). */
void scu__provider_sent(scu__exchange *exchange);
scu_result scu__provider_swallow(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                 scu__exchange_event *event, scu_error *error);

/* A provider that judges a request only when it has its data set whole and decoded. */
typedef struct scu__holding_provider {
  scu__provider provider;
  scu__encoding encoding;
  scu__identifier identifier;
  bool is_open;                            /* REQUEST was given: it may be answered in any way */
  uint16_t status_malformed, status_limit; /* for a data set that cannot be held */
  bool is_empty_refused;                   /* A900 for a data set without elements */
} scu__holding_provider;

/* REQUEST, or NONE when the data set is still coming or the request was answered. */
scu_result scu__holding_provider_begin(scu__holding_provider *self, scu__exchange_event *event);
scu_result scu__holding_provider_receive(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                         scu__exchange_event *event, scu_error *error);
void scu__holding_provider_free(scu__exchange *exchange);
/* Whether an answer of this class may go out now. */
bool scu__holding_provider_may_answer(const scu__holding_provider *self, uint16_t status);
/* Fills the payload: none for NULL and for a dataset without elements. */
scu_result scu__holding_provider_encode(const scu__holding_provider *self, const scu_dataset *dataset,
                                        scu__message *message);

#endif
