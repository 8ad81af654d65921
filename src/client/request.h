/* One request of the main services (echo, find, move, get) on one association: lease, exchange, time-outs, cancel. */
#ifndef SCU_CLIENT_REQUEST_H
#define SCU_CLIENT_REQUEST_H

#include "client/association.h"
#include "link/silence.h"

typedef struct scu__request scu__request;
struct scu__request {
  /* Filled by the user before start. */
  void *owner;
  const char *sop_class;     /* the context it goes out on; static or outliving the request */
  uint64_t timeout_ms;       /* without a sign of life of this request (scu__link_life): other messages are none */
  scu_option timeout_option; /* that says so; 0 = SCU_OPTION_TIMEOUT_RESPONSE */
  /* We are the provider of that class, who reports to its user: the role is proposed. Peers that take the context
   * without a word about roles are taken at their context's word. */
  bool as_scp;
  /* After FINAL the association stays leased until its user lets `lease` go; should it end before, failed is called
   * once more. */
  bool keeps_lease;
  /* More than the context: contexts and roles for a new association, and whether an open one will do. NULL: one
   * context of sop_class with the native little endian syntaxes, and any association that has it. */
  scu_result (*propose)(void *owner, scu__associate *rq);
  bool (*fits)(void *owner, const scu__negotiated *negotiated);
  /* Makes the exchange on this link and context, its messages in the link's outbox. */
  scu_result (*make)(void *owner, scu__link *link, const scu__accepted_context *context, uint16_t message_id,
                     scu__exchange **out, scu_error *error);
  /* MATCH, PENDING, FINAL; after FINAL the request is over (the association is returned behind it). */
  void (*event)(void *owner, const scu__exchange_event *event);
  /* It failed; the request is over. */
  void (*failed)(void *owner, const scu_error *error);
  /* Asked before a time-out counts: did anything that belongs to the request move since it was last asked? May be NULL.
   */
  bool (*is_alive)(void *owner);
  /* A hook runs that the peer may be waiting for, so that its silence is ours. May be NULL. */
  bool (*is_held)(void *owner);
  scu__exchange *(*serve)(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                          scu__exchange_event *event, uint16_t *status);

  scu_session *session;
  scu__lease lease;
  scu__exchange *exchange;
  scu__timer timer;
  scu__silence silence;
  uint64_t sent_ms; /* when the exchange was started */
  bool is_running, is_cancelled, has_timed_out, is_paused;
};

/* The answer comes later. Zero-initialise the request before filling it; reuse it when it is over. */
void scu__request_start(scu__request *request, scu_session *session);
/* C-CANCEL where it exists and the exchange is out, with a bounded wait for the final response; else the association is
 * aborted and failed is called with CANCELLED. */
void scu__request_cancel(scu__request *request);
/* A sign of life from elsewhere (sub-operations at our listener). */
void scu__request_touch(scu__request *request);
/* Holds the peer back, or lets it go on. */
void scu__request_pause(scu__request *request, bool is_paused);
/* Over, without a call: aborts the association when the exchange is still out. */
void scu__request_stop(scu__request *request);

#endif
