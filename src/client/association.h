/* Leases on a session's associations: whoever needs one says what it must be able to do, and gets an idle one that can,
 * or a new one: a session is a set of associations to one peer, each opened when it is needed. */
#ifndef SCU_CLIENT_ASSOCIATION_H
#define SCU_CLIENT_ASSOCIATION_H

#include "client/session.h"

typedef struct scu__lease scu__lease;
struct scu__lease {
  /* The user fills these before acquiring. */
  void *owner;
  bool (*fits)(void *owner, const scu__negotiated *negotiated); /* an open one will do; also asked of a new one */
  scu_result (*propose)(void *owner, scu__associate *rq);       /* contexts and roles of a new one */
  void (*ready)(void *owner, scu__link *link);                  /* open, and ours alone until returned */
  /* It could not be opened, does not fit, or ended while ours: the lease is over. */
  void (*lost)(void *owner, const scu_error *error);
  /* A request of the peer while ours; NULL = refused. See scu__link_handler. */
  scu__exchange *(*request)(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                            scu__exchange_event *event, uint16_t *status);

  /* It waits for our own side - a hook that has not returned, matches that are not read - and not for the peer. NULL =
   * never. */
  bool (*is_held)(void *owner);

  scu_session *session;
  scu__association *association; /* NULL = not leased */
  /* Of the queue in client/turns.h. */
  scu__lease *next_turn;
  uint64_t waits_since_ms;
  bool is_waiting;
};

/* The answer comes by ready or lost, never from inside this call. MEMORY and LIMIT come by lost too. When the session
 * has as many associations as it may, the lease waits for its turn. */
void scu__lease_acquire(scu__lease *lease, scu_session *session);
/* For the queue: leases an idle association that fits, or opens one if there may be one more; false = not now. */
bool scu__lease_try(scu__lease *lease);
/* The association may be used by others, or is closed when it is not in Sta6. Nothing happens without one. */
void scu__lease_return(scu__lease *lease);
/* Returns it, and has the association released in order. */
void scu__lease_release(scu__lease *lease);
/* Aborts the association; lost is not called. */
void scu__lease_abort(scu__lease *lease);
/* It has an association, maybe one that is not open yet, or waits for its turn. */
bool scu__lease_is_acquired(const scu__lease *lease);
scu__link *scu__lease_link(const scu__lease *lease); /* NULL when not leased */

/* Not one of them gets on before something on our own side does: see scu__lease.is_held. */
bool scu__associations_are_held(const scu_session *session);
/* Bytes that went or came over those there are. */
uint64_t scu__associations_moved(const scu_session *session);
/* Of one of its associations; NULL when there is none. */
scu__link *scu__associations_link(const scu_session *session);
/* Releases idle associations, unless scu_abort was just called, and aborts the others, without waiting; true when there
 * are none (any more). */
bool scu__associations_leave(scu_session *session);
/* Releases idle associations and waits, bounded by the release time-out; aborts the others. */
void scu__associations_release(scu_session *session);
/* A-ABORT on all; those who hold leases are told. */
void scu__associations_abort(scu_session *session, const scu_error *error);
void scu__associations_free(scu_session *session);

#endif
