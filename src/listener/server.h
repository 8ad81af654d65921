/* A server of associations: accepts connections, keeps the bounds, answers C-ECHO, ends in order. What else it serves
 * is its handler's business: the storage listener and the archive are two of them. */
#ifndef SCU_LISTENER_SERVER_H
#define SCU_LISTENER_SERVER_H

#include "base/trace.h"
#include "base/values.h"
#include "link/link.h"
#include "link/silence.h"

typedef struct scu__server scu__server;
typedef struct scu__guest scu__guest;

/* One association. `state` is the handler's, zero when it arrives. */
struct scu__guest {
  scu__server *server;
  scu__guest *next;
  scu__link *link;
  void *state;
  scu__timer idle;
  scu__silence silence;
  bool is_associated;
};

/* All are called with the server's owner. */
typedef struct scu__server_handler {
  /* A connection was accepted; false = no memory for its state, it is closed. */
  bool (*arrived)(void *owner, scu__guest *guest);
  /* It asks for an association. The policy to answer with, or NULL with `reject` filled. */
  const scu__acceptor_policy *(*policy)(void *owner, scu__guest *guest, const scu__associate *rq, scu__reject *reject);
  /* The association is there, its acceptance not sent yet; may be NULL. */
  void (*opened)(void *owner, scu__guest *guest);
  /* Whether this request, C-ECHO too, is served at all; false = it is refused with *status. NULL = yes. */
  bool (*admits)(void *owner, scu__guest *guest, const scu__command *command, uint16_t *status);
  /* A request other than C-ECHO; as scu__link_handler.request. */
  scu__exchange *(*request)(void *owner, scu__guest *guest, uint8_t context_id, const scu__command *command,
                            scu__exchange_event *event, uint16_t *status);
  /* As scu__link_handler.drained; may be NULL. */
  void (*drained)(void *owner, scu__guest *guest);
  /* As scu__link_handler.releasing; may be NULL. */
  void (*releasing)(void *owner, scu__guest *guest);
  /* It has something under way that should not be interrupted; silence is then ours, not the guest's. */
  bool (*is_busy)(void *owner, const scu__guest *guest);
  /* The association has ended, or never came to be; error NULL = in order. Frees state. The link is still there. */
  void (*left)(void *owner, scu__guest *guest, const scu_error *error);
} scu__server_handler;

typedef struct scu__server_options {
  const char *address; /* "" = all interfaces */
  uint16_t port;       /* 0 = any free one */
  uint32_t max_pdu_length, max_associations;
  uint64_t timeout_associate_ms, timeout_idle_ms, timeout_release_ms;
  const scu__trace *trace;      /* outlives the server */
  scu__link_observer *observer; /* as scu__link_options.observer, of every association */
} scu__server_options;

/* Binds and listens. */
scu_result scu__server_new(scu_loop *loop, const scu__server_options *options, const scu__server_handler *handler,
                           void *owner, scu__server **out, scu_error *error);
void scu__server_free(scu__server *server); /* aborts what is open; NULL is allowed */

const char *scu__server_address(const scu__server *server); /* "host:port", the real port */
uint16_t scu__server_port(const scu__server *server);
/* Associations; connections that have not asked for one do not count. */
size_t scu__server_guest_count(const scu__server *server);
scu__guest *scu__server_first_guest(const scu__server *server);
/* Stops accepting, and refuses new requests; idle guests are aborted, busy ones when they are no longer busy, all at
 * `deadline_ms`. */
void scu__server_stop(scu__server *server, uint64_t deadline_ms);
/* Something has become idle: see whether the stop can go on. Also to be called when time passes. */
void scu__server_check_stop(scu__server *server);
bool scu__server_is_stopped(const scu__server *server);

#endif
