/* Exchanges (PS3.4, PS3.7 9): one request with everything that belongs to it until its final response, as a value.
 *
 * An exchange eats commands and data set bytes and yields at most one event per bite; what it wants to say goes into an
 * outbox. It knows no association, socket or clock: link/ routes messages to it. Here: requesters of echo, store, find,
 * move and get, providers of echo and store. The others: query_provider.h and n_service.h. */
#ifndef SCU_SERVICE_EXCHANGE_H
#define SCU_SERVICE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/element.h"
#include "dimse/command.h"
#include "dimse/outbox.h"
#include "dimse/status.h"
#include "scu/dataset.h"

typedef struct scu__exchange scu__exchange;

typedef enum scu__exchange_event_kind {
  SCU__EXCHANGE_NONE = 0,
  SCU__EXCHANGE_MATCH = 1,   /* find: `identifier`, status FF00 or FF01 (a match like any other) */
  SCU__EXCHANGE_PENDING = 2, /* move, get: sub-operations go on; counts in `command` where `counts` says so */
  SCU__EXCHANGE_FINAL = 3,   /* requester: the end, with `command` = the response; `identifier` if it brought one */
  SCU__EXCHANGE_REQUEST =
      4,                   /* provider: `command` is the request to judge, `identifier` its data set where it is held */
  SCU__EXCHANGE_DATA = 5,  /* store provider: `bytes` of the data set; the caller's own */
  SCU__EXCHANGE_CANCEL = 6 /* find, move, get provider: C-CANCEL-RQ came, once; `command` is the request it is for */
} scu__exchange_event_kind;

/* Pointers are borrowed until the exchange is called again or freed, `bytes` as long as what was passed in. What a
 * provider's REQUEST points to stays until the exchange is freed. */
typedef struct scu__exchange_event {
  scu__exchange_event_kind kind;
  uint16_t status;
  scu__status_kind status_class;
  uint32_t counts; /* SCU__HAS_REMAINING | _COMPLETED | _FAILED | _WARNING: those that `command` has */
  uint64_t number; /* MATCH: 1, 2, ... */
  const scu__command *command;
  /* MATCH; FINAL of move and get (Failed SOP Instance UID List) and of N-services; REQUEST of query and N-service
   * providers; else NULL. */
  const scu_dataset *identifier;
  bool is_identifier_malformed; /* FINAL of move, get and N-services: there was one, but it cannot be read */
  const uint8_t *bytes;
  size_t length;
  bool is_last;
} scu__exchange_event;

/* What a kind of exchange does. None of these blocks or calls out; each may push into the outbox. */
typedef struct scu__exchange_class {
  const char *name;        /* "C-FIND" */
  uint16_t response_field; /* requesters: the only command they take; providers: what they answer with */
  bool is_provider;
  bool can_cancel; /* requesters: C-CANCEL exists for it (RULES 26) */
  /* A command that scu__exchange_wants. Providers: the first C-CANCEL-RQ; NULL = it is only noted. */
  scu_result (*receive_command)(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                scu_error *error);
  /* Data set bytes behind the last command. NULL: there can be none. */
  scu_result (*receive_data)(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                             scu__exchange_event *event, scu_error *error);
  /* The message it pushed was fragmented to its end. NULL: does not care. */
  void (*message_sent)(scu__exchange *exchange);
  /* Frees what the kind added, not the exchange. NULL: nothing. */
  void (*free)(scu__exchange *exchange);
} scu__exchange_class;

/* The common head of every kind, its first member. link/ reads all and writes what stands from `owner` on. */
struct scu__exchange {
  const scu__exchange_class *class_;
  const scu_allocator *allocator;
  scu__outbox *outbox; /* outlives the exchange */
  uint8_t context_id;
  uint16_t message_id;  /* of the request, whoever sent it */
  bool is_done;         /* takes and gives nothing more: free it when convenient */
  bool is_cancelled;    /* C-CANCEL-RQ was queued, or came in for a provider */
  bool expects_dataset; /* the data set of the last command is still coming */
  void *owner;
  /* For whoever routes: called between steps, never from inside an exchange. */
  void (*on_event)(void *owner, scu__exchange *exchange, const scu__exchange_event *event);
  /* It is done without its owner's doing (a provider has answered what could not be read) and is freed after this. */
  void (*on_gone)(void *owner, scu__exchange *exchange);
  scu__exchange *next;
  uint64_t asked_at; /* requesters: bytes that had come before the request was queued; no answer is in them */
  /* Its signs of life: bytes of data sets that came for it, and where what it sent so far ends among all that its link
   * sends. */
  uint64_t received, sent_to;
};

/* True for commands that belong to this exchange: responses to its message ID (requester), C-CANCEL-RQ for it
 * (provider). The context must match too. */
bool scu__exchange_wants(const scu__exchange *exchange, uint8_t context_id, const scu__command *command);

/* Commands. After is_done everything is ignored (catalogue D09). PROTOCOL: the response is of another kind than the
 * request, or lacks what is mandatory, or comes before the data set of the last one has ended. After an error the
 * exchange is done and the association has to be aborted. */
scu_result scu__exchange_receive_command(scu__exchange *exchange, const scu__command *command,
                                         scu__exchange_event *event, scu_error *error);
/* Pieces of the data set behind that command, in any sizes. MALFORMED: an identifier that does not decode (the reason
 * names the match by number; earlier matches stand); LIMIT: longer than SCU__IDENTIFIER_MAX; MEMORY. */
scu_result scu__exchange_receive_data(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                      scu__exchange_event *event, scu_error *error);
/* A message with this exchange as owner was fragmented to its end (scu__pdv_fragment.is_message_end). */
void scu__exchange_message_sent(scu__exchange *exchange);

/* Queues C-CANCEL-RQ, once; the final response still has to come. USAGE for echo, store and providers; nothing happens
 * when it is done or was cancelled before. */
scu_result scu__exchange_cancel(scu__exchange *exchange);
/* Any state; NULL allowed. Its messages that have not started are forgotten, others go on without owner: then what a
 * store payload borrows must live on until it is sent, or the association is aborted. A provider's response stays. */
void scu__exchange_free(scu__exchange *exchange);

/* ---- requesters ----
 * All queue their request at once. They take what is moved in also on failure: MEMORY, or USAGE where the request
 * is not complete. `*out` is NULL then. Sub-operations of get arrive as C-STORE-RQ and are no business of its exchange.
 */

scu_result scu__echo_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 uint16_t message_id, scu__exchange **out);

typedef struct scu__store_params {
  scu__uid sop_class, sop_instance;
  uint16_t priority;
  scu__ae originator; /* "" = not a sub-operation of a C-MOVE */
  uint16_t originator_message_id;
  scu__message_payload payload; /* BYTES, RANGE or PRODUCER; the members are those of scu__message */
  scu__buffer bytes;            /* moved */
  scu__source *source;          /* borrowed until FINAL or scu__exchange_free */
  uint64_t offset, length;
  scu__producer *producer; /* moved */
} scu__store_params;
/* FINAL may come early, with a failure: the rest of the payload is then not sent (PS3.7 9.1.1). A success or warning
 * before the data set is out is PROTOCOL. `params` is left without what was moved. */
scu_result scu__store_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  uint16_t message_id, scu__store_params *params, scu__exchange **out);

/* `identifier` is moved; `encoding` is that of the context, for the matches. */
scu_result scu__find_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 uint16_t message_id, const scu__uid *sop_class, uint16_t priority,
                                 scu__buffer *identifier, scu__encoding encoding, scu__exchange **out);
scu_result scu__move_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 uint16_t message_id, const scu__uid *sop_class, uint16_t priority,
                                 const scu__ae *destination, scu__buffer *identifier, scu__encoding encoding,
                                 scu__exchange **out);
scu_result scu__get_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                uint16_t message_id, const scu__uid *sop_class, uint16_t priority,
                                scu__buffer *identifier, scu__encoding encoding, scu__exchange **out);

/* ---- providers ----
 * Made from the request that arrived; `event` becomes REQUEST. A request that lacks something mandatory is answered
 * by the exchange itself (the event is NONE then) and its data set, if any, swallowed. */

/* Answers 0000. */
scu_result scu__echo_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__exchange **out, scu__exchange_event *event);
/* Gives DATA until the data set has ended, then waits for scu__store_provider_respond. */
scu_result scu__store_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                   const scu__command *request, scu__exchange **out, scu__exchange_event *event);
/* The answer, once, at any time: a failure may come before the data set has ended, the rest of it is then swallowed.
 * comment may be NULL; offending_tag 0 = none. USAGE: answered before, or success or warning before the end. */
scu_result scu__store_provider_respond(scu__exchange *exchange, uint16_t status, const char *comment,
                                       uint32_t offending_tag);
/* Swallows (and answers, with `status`) a request of any kind that nobody serves, data set included: 0211 for an
 * unknown operation, 0122 for a class that is not supported, ... */
scu_result scu__refusal_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                            const scu__command *request, uint16_t status, const char *comment, scu__exchange **out);

#endif
