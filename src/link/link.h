/* One association alive: transport + engine + inbox, outbox and exchanges, the one place where bytes, time and
 * exchanges meet. Requestor or acceptor. What it is used for is its owner's business.
 *
 * The owner hears through the handler, between protocol steps. It may start exchanges, release, abort and free the link
 * from any handler call. Response time-outs are the owner's; see scu__link_life for signs of life. */
#ifndef SCU_LINK_LINK_H
#define SCU_LINK_LINK_H

#include "base/trace.h"
#include "io/socket.h"
#include "link/connector.h"
#include "link/loop.h"
#include "link/observer.h"
#include "service/exchange.h"
#include "ul/engine.h"

/* Every member may be NULL, but for request on links that serve. */
typedef struct scu__link_handler {
  /* Acceptor: somebody wants an association. Returns the policy to answer with, which must stay valid until the call
   * returns to the link; NULL = rejected, with `reject` filled. */
  const scu__acceptor_policy *(*indication)(void *owner, scu__link *link, const scu__associate *rq,
                                            scu__reject *reject);
  /* Requestor: TCP is there, error NULL, with the address that answered; or it could not be had, address "". Must not
   * free the link. */
  void (*connected)(void *owner, scu__link *link, const char *address, const scu_error *error);
  /* The association is there (Sta6). */
  void (*opened)(void *owner, scu__link *link);
  /* A request of the peer. Returns the provider exchange that takes it, with `event` from its constructor, or NULL with
   * the status to refuse it with. */
  scu__exchange *(*request)(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                            scu__exchange_event *event, uint16_t *status);
  /* The peer asks for release; the answer, which the link gives by itself, has not left yet. */
  void (*releasing)(void *owner, scu__link *link);
  /* Everything that was queued is on its way: more may be put into the outbox (pump afterwards). From a clean stack. */
  void (*drained)(void *owner, scu__link *link);
  /* The end, once, from a clean stack; exchanges that were open are still there and are freed with the link. error is
   * NULL after an orderly release. */
  void (*closed)(void *owner, scu__link *link, const scu_error *error);
} scu__link_handler;

typedef struct scu__link_options {
  const scu__link_handler *handler;
  void *owner;
  uint32_t max_pdu_length;
  uint32_t associate_timeout_ms, release_timeout_ms;
  const char *peer_text;        /* for errors: "AET@host:port"; copied */
  const scu__trace *trace;      /* may be NULL; outlives the link */
  uint32_t association;         /* number for trace and log */
  scu__link_observer *observer; /* of its messages; may be NULL, else it lives until the link is freed */
} scu__link_options;

/* Requestor: connects and associates. `rq` is copied. The result comes by opened or closed. MEMORY, USAGE. */
scu_result scu__link_connect(scu_loop *loop, const scu__link_options *options, const scu__connector_target *target,
                             const scu__associate *rq, scu__link **out);
/* Acceptor: takes over an accepted descriptor, on failure too. */
scu_result scu__link_accept(scu_loop *loop, const scu__link_options *options, int fd, scu__link **out);
/* Anything that is still open is dropped without a word: release or abort first. NULL is allowed. */
void scu__link_free(scu__link *link);
void scu__link_set_owner(scu__link *link, const scu__link_handler *handler, void *owner);

bool scu__link_is_open(const scu__link *link);  /* Sta6: requests can go out */
bool scu__link_is_ended(const scu__link *link); /* closed was, or is about to be, called */
/* One of its own callbacks runs, and has stepped the loop: nothing is read until it returns, so that the peer's silence
 * is ours. */
bool scu__link_is_calling(const scu__link *link);
/* NULL before the association. */
const scu__negotiated *scu__link_negotiated(const scu__link *link);
const scu_error *scu__link_error(const scu__link *link);
/* Why a message that was just to go out was held back, in the observer's words, if that is where `result` came from;
 * `error` stays as it is when it is filled or this was not the reason. Told once, to whoever asks first; SCU_OK and
 * NULL forget it. */
void scu__link_explain(scu__link *link, scu_result result, scu_error *error);
scu__outbox *scu__link_outbox(scu__link *link);
uint16_t scu__link_next_message_id(scu__link *link);
const char *scu__link_peer_text(const scu__link *link);
uint32_t scu__link_association(const scu__link *link);
scu_loop *scu__link_loop(const scu__link *link);

/* Takes the exchange over, whose messages are in the link's outbox, and gets going. */
scu_result scu__link_start(scu__link *link, scu__exchange *exchange);
/* Forgets an exchange: what still comes for it is swallowed. */
void scu__link_drop(scu__link *link, scu__exchange *exchange);
/* Sends what is queued; call after putting something into the outbox. */
void scu__link_pump(scu__link *link);
/* Reading stops (the peer is held back by TCP) until resumed. Nothing is lost. */
void scu__link_pause(scu__link *link, bool is_paused);

void scu__link_release(scu__link *link);
/* A-ABORT with source service-user; `error` (may be NULL) is what closed will say. */
void scu__link_abort(scu__link *link, const scu_error *error);

/* Bytes that went or came so far. */
uint64_t scu__link_moved(const scu__link *link);
/* Something is to go out, and the connection takes nothing: the peer does not read. */
bool scu__link_is_blocked(const scu__link *link);
/* The signs of life of one request: it moves while that goes out, and with what comes for it, but not with anything
 * else that the peer may have to say. */
uint64_t scu__link_life(const scu__link *link, const scu__exchange *exchange);
size_t scu__link_exchange_count(const scu__link *link);
/* A data set of the peer has begun and not yet ended. */
bool scu__link_is_receiving(const scu__link *link);

/* ---- misbehaviour on purpose (scu archive --fault): nobody else calls these ---- */

typedef enum scu__sabotage {
  SCU__SABOTAGE_SILENCE, /* nothing is sent any more; what comes is still taken */
  SCU__SABOTAGE_CLOSE,   /* closed without a word */
  SCU__SABOTAGE_RESET,
  SCU__SABOTAGE_GARBAGE, /* bytes that are no PDU, then silence */
  SCU__SABOTAGE_CUT      /* half of what is sent next, then closed */
} scu__sabotage;

/* From now on; what was queued and not pumped is lost. */
void scu__link_sabotage(scu__link *link, scu__sabotage kind);
/* Nothing is sent for so long; then everything goes on. */
void scu__link_hold(scu__link *link, uint32_t ms);

#endif
