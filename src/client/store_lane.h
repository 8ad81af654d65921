/* One association of a store operation and the instances that are out over it: one at a time, or as many as the
 * asynchronous operations window allows (PS3.7 D.3.3.3; RULES 7). */
#ifndef SCU_CLIENT_STORE_LANE_H
#define SCU_CLIENT_STORE_LANE_H

#include "client/association.h"
#include "client/outgoing.h"
#include "link/silence.h"

typedef struct scu__store_lane scu__store_lane;

typedef struct scu__store_lane_handler {
  /* An open association will do; also asked of a new one. */
  bool (*fits)(void *owner, scu__store_lane *lane, const scu__negotiated *negotiated);
  scu_result (*propose)(void *owner, scu__store_lane *lane, scu__associate *rq); /* contexts of a new one */
  void (*ready)(void *owner, scu__store_lane *lane);
  void (*answered)(void *owner, scu__store_lane *lane, scu__candidate *candidate, const scu_instance_outcome *outcome);
  /* The association ended, or could not be had. Called for each instance that was out, then `lost` once. */
  void (*unanswered)(void *owner, scu__store_lane *lane, scu__candidate *candidate, const scu_error *error);
  void (*lost)(void *owner, scu__store_lane *lane, const scu_error *error);
  /* Bytes moved while instances are out; now and then. */
  void (*moved)(void *owner, scu__store_lane *lane);
  bool (*is_held)(void *owner); /* the user's code runs, and nothing more is sent before it returns */
} scu__store_lane_handler;

struct scu__store_lane {
  const scu__store_lane_handler *handler;
  void *owner;
  scu_session *session;

  /* The owner's. */
  size_t covered_from, covered_to; /* candidates whose contexts this association was opened for */
  unsigned covered_changes;        /* and so many changes of their classes were known then */
  bool must_open;                  /* an idle association will not do */
  bool is_dead;                    /* nothing more goes over it */
  bool has_progressed;             /* an instance was answered since it was opened */
  unsigned losses;                 /* one after the other, without an answer between them */
  uint64_t not_before_ms;          /* it waits so long before it is opened again */

  scu__lease lease;
  bool is_open;
  bool has_offered_window;
  scu__outgoing *slots;
  size_t slot_count, out;
  uint64_t sent_ahead; /* bytes moved for instances that are still out */
  scu__timer timer;
  scu__silence silence;
};

/* `window`: the most that may be out at once, 1 to SCU__WINDOW_MAX. MEMORY. */
scu_result scu__store_lane_init(scu__store_lane *lane, scu_session *session, size_t window,
                                const scu__store_lane_handler *handler, void *owner);
/* Forgets what is out; aborts the association when it is leased. Safe on a zeroed one. */
void scu__store_lane_free(scu__store_lane *lane);
/* The C-MOVE that the instances are sub-operations of. */
void scu__store_lane_set_originator(scu__store_lane *lane, const scu__ae *ae, uint16_t message_id);

/* Answered by ready or lost, never from inside. with_window: 53H is proposed. */
void scu__store_lane_open(scu__store_lane *lane, bool with_window);
bool scu__store_lane_is_opening(const scu__store_lane *lane);
/* Nothing may be out. */
void scu__store_lane_return(scu__store_lane *lane);
/* Opening or not: no call follows. Nothing may be out. */
void scu__store_lane_abort(scu__store_lane *lane);
const scu__negotiated *scu__store_lane_negotiated(const scu__store_lane *lane);

/* How many instances more may go out now. */
size_t scu__store_lane_room(const scu__store_lane *lane);
/* STORAGE and others: it did not go out. */
scu_result scu__store_lane_send(scu__store_lane *lane, scu__candidate *candidate, scu__way way,
                                const scu__accepted_context *context, scu_error *error);

#endif
