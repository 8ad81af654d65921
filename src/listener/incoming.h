/* One C-STORE on its way into a sink: the store provider exchange on one side, scu_sink on the other. Used by the
 * listener and by C-GET. The response goes out when the sink says what became of the instance. */
#ifndef SCU_LISTENER_INCOMING_H
#define SCU_LISTENER_INCOMING_H

#include "link/link.h"
#include "scu/hooks.h"
#include "scu/report.h"
#include "scu/sink.h"

typedef struct scu__incoming scu__incoming;

/* What a C-STORE status means for the instance. */
scu_outcome scu__store_outcome(uint16_t status);

typedef enum scu__judged {
  SCU__JUDGED_WHOLE, /* before_keep: the sink can still let go of it */
  SCU__JUDGED_SAFE   /* received: the sink has said so */
} scu__judged;

/* Everything that one association (or one C-GET) is receiving. Zero it, set the first five, and keep it where it is. */
typedef struct scu__receiver {
  scu_loop *loop;
  scu__link *link; /* not used any more by scu__receiver_end: it may be gone by then */
  scu_sink *sink;
  /* The instance is answered, or lost (status 0xFFFF); the outcome is borrowed. The receiver may be used from in here,
   * not freed. */
  void (*done)(void *owner, const scu_instance_outcome *outcome);
  void *owner;
  /* May choose another status; NULL = nobody is asked. It may step the loop: the receiver, and whoever has it, may be
   * gone when it returns. */
  void (*judge)(void *owner, scu__judged when, scu_received *received);
  scu__incoming *first;
  uint64_t life; /* moves with what comes of instances */
} scu__receiver;

/* Asks the hook that there is for it. */
void scu__hooks_judge(const scu_hooks *hooks, scu__judged when, scu_received *received);

/* For scu__link_handler.request: takes a C-STORE-RQ. NULL without memory; *status then says with what to refuse. */
scu__exchange *scu__receiver_take(scu__receiver *receiver, uint8_t context_id, const scu__command *command,
                                  scu__exchange_event *event, uint16_t *status);
/* The association is gone: what was not finished is discarded, what the sink still works on goes on without an answer.
 * `reason` goes into the outcomes. */
void scu__receiver_end(scu__receiver *receiver, const char *reason);
bool scu__receiver_is_busy(const scu__receiver *receiver);
/* An instance has come whole, and it is the sink's turn: the peer waits for us. */
bool scu__receiver_is_keeping(const scu__receiver *receiver);

#endif
