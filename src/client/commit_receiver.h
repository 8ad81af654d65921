/* Where the results of storage commitments come in (PS3.4 J.3.3, RULES 31): N-EVENT-REPORTs, on the associations of a
 * session and on those that peers make, for the transactions of running operations and for those of the ledger. */
#ifndef SCU_CLIENT_COMMIT_RECEIVER_H
#define SCU_CLIENT_COMMIT_RECEIVER_H

#include "client/commit_ledger.h"
#include "link/link.h"
#include "scu/session.h"

typedef struct scu__commit_receiver scu__commit_receiver; /* one a session, from its first commitment to its end */

/* An operation that waits for results. */
typedef struct scu__commit_waiter scu__commit_waiter;
struct scu__commit_waiter {
  void *owner;
  scu__transaction *(*find)(void *owner, const scu__uid *transaction); /* NULL: it is not of this one */
  /* A result was put into one of its transactions, or somebody who called us has left. In mid-protocol: only notes it.
   */
  void (*changed)(void *owner);
  scu__commit_waiter *next;
};

/* Before anything is asked: the ledger is open, and the listener when the session's options want it. STORAGE,
 * TRANSPORT, USAGE, MEMORY. The session then has its receiver. */
scu_result scu__commit_receiver_enter(scu_session *session, scu__commit_waiter *waiter, scu_error *error);
/* The last one to leave closes the listener; harmless for one that did not enter. */
void scu__commit_receiver_leave(scu_session *session, scu__commit_waiter *waiter);
void scu__commit_receiver_free(scu__commit_receiver *receiver); /* NULL is allowed */

scu__commit_ledger *scu__commit_receiver_ledger(const scu__commit_receiver *receiver); /* NULL = none */
bool scu__commit_receiver_listens(const scu__commit_receiver *receiver);
/* Those who called us and are still there. */
size_t scu__commit_receiver_guest_count(const scu__commit_receiver *receiver);

/* One association that results may come on; lives as long as its link. */
typedef struct scu__commit_way {
  scu__commit_receiver *receiver;
  scu__link *link;
} scu__commit_way;
/* As scu__link_handler.request: takes an N-EVENT-REPORT of storage commitment, leaves *status alone for all else. */
scu__exchange *scu__commit_way_take(scu__commit_way *way, uint8_t context_id, const scu__command *command,
                                    scu__exchange_event *event, uint16_t *status);

#endif
