/* One instance on its way out over a link: its file, its C-STORE exchange, and what became of it. */
#ifndef SCU_CLIENT_OUTGOING_H
#define SCU_CLIENT_OUTGOING_H

#include "client/plan.h"

typedef struct scu__outgoing scu__outgoing;
struct scu__outgoing {
  /* Filled by the user. */
  const scu_allocator *allocator;
  void *owner;
  /* The response is here; the outgoing is free for the next instance. The outcome is borrowed. */
  void (*answered)(void *owner, scu__candidate *candidate, const scu_instance_outcome *outcome);
  scu__ae originator; /* of the C-MOVE this is a sub-operation of; "" = none */
  uint16_t originator_message_id;

  scu__candidate *candidate; /* NULL = nothing is out */
  const scu__accepted_context *context;
  scu__source *file;
  scu__exchange *exchange;
};

/* What can be said of a candidate that was not sent: FAILED, no status, no reason. */
scu_instance_outcome scu__candidate_outcome(const scu__candidate *candidate);
/* Opens the file, if scu__candidate_prepare has not, and starts the exchange. The candidate is borrowed until answered
 * or stopped. STORAGE: the file is gone or has changed since it was walked. */
scu_result scu__outgoing_start(scu__outgoing *outgoing, scu__link *link, scu__candidate *candidate, scu__way way,
                               const scu__accepted_context *context, scu_error *error);
/* Forgets the instance that is out; link NULL: its association is gone already. */
void scu__outgoing_stop(scu__outgoing *outgoing, scu__link *link);
static inline bool scu__outgoing_is_busy(const scu__outgoing *outgoing) {
  return outgoing->candidate != NULL;
}

#endif
