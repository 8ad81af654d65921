/* The inside of a retrieve: C-MOVE and C-GET as one operation (PS3.4 C.4.2, C.4.3). Find out what is promised, fetch
 * it, compare, ask again for what is missing, give a verdict (RULES 18-24).
 *
 * - Taking stock: a drill down to image level. The promise, where each instance can be had, the unique keys to ask by.
 * - Legs: one peer asked in one way: C-GET, C-MOVE to ourselves, C-MOVE elsewhere. One after the other, as long as
 *   something is missing.
 * - Rounds of a leg: one request for each target; instances come over the association (C-GET) or by our listener
 *   (C-MOVE to ourselves). What did not come is asked for again, at image level.
 * - Grace: a listener waits for sub-operations that come after the final response. */
#ifndef SCU_CLIENT_RETRIEVE_PRIVATE_H
#define SCU_CLIENT_RETRIEVE_PRIVATE_H

#include "client/drill.h"
#include "client/get_contexts.h"
#include "client/inventory.h"
#include "client/op.h"
#include "client/progress.h"
#include "client/report.h"
#include "client/request.h"
#include "client/routes.h"
#include "listener/incoming.h"
#include "listener/listener.h"

typedef enum scu__retrieve_way {
  SCU__WAY_MOVE,
  SCU__WAY_MOVE_TO_SELF,
  SCU__WAY_GET,
  SCU__WAY_ANY /* asked for only: get or move to self, whatever brings it */
} scu__retrieve_way;

typedef struct scu__retrieve {
  scu_op op;                   /* first */
  scu__retrieve_way wish, way; /* asked for; of this leg */
  scu_query *query;
  scu__query_shape shape;
  scu__ae destination;
  scu_sink *sink;

  /* Taking stock. */
  scu__drill *drill;
  scu__inventory inventory;
  scu__routes routes;
  scu__location given;               /* of the match that is retrieved: holds where the answers say nothing */
  bool has_promise;                  /* the inventory lists what should come */
  bool are_all_doubtful;             /* of some study, that the drill could not name, answers look cut off */
  bool is_nobody_told;               /* something was passed over: see is_nobodys */
  size_t doubts;                     /* so many */
  char doubt[SCU__VERDICT_TEXT_MAX]; /* the first thing that speaks against the promise; "" = nothing */
  bool has_nearline;

  /* The leg. */
  scu_session *at;   /* whom it asks */
  size_t ways;       /* of this peer that were begun */
  bool has_turned;   /* to the peer itself, for what others did not bring */
  bool is_forgiving; /* the end of a leg is not the end: there may be another one */
  size_t received_before_leg;
  bool has_get_failed; /* the leg before this one was a C-GET and has brought nothing */

  /* The round. */
  size_t next_target;
  unsigned round;
  size_t received_before, wanted_before;
  uint64_t said_failed, explained; /* by the peer's counts; of these: named in its list, or refused here unasked */
  scu__get_classes classes;        /* C-GET: what is still to be offered */
  bool must_open;                  /* C-GET: this round is about other contexts than the last one's */
  bool were_failures;              /* the peer could not send something in this round */
  scu__request request;
  bool is_settling; /* its final response is here, and an instance that the sink is keeping: its association is ours
                       until that is answered */
  bool are_options_told;
  bool is_proposed; /* the association was opened for this inventory */
  scu_dataset *identifier;
  scu__receiver receiver; /* C-GET */
  scu_listener *listener;
  uint64_t life; /* as scu__retrieve_is_alive last saw it */
  scu__timer grace;
  uint64_t grace_end_ms;
  bool is_in_grace;
  uint64_t leave_end_ms; /* when senders that have nothing more to send are parted from; 0 = not yet */
  scu__task task;

  size_t surplus; /* instances of this request that brought nothing: not promised, there already, or not stored */
  scu__progress progress;
  uint64_t counts[SCU__OUTCOMES], bytes, extra;
  uint64_t peer_completed, peer_failed, peer_warning;
  uint16_t status;
  char comment[65];
  scu_error refusal;    /* of this leg: the first failing final response, or why a round could not be asked for */
  scu_error fault;      /* of the last leg that failed */
  bool is_fault_untold; /* it may yet become the result */
} scu__retrieve;

extern const scu__op_class scu__retrieve_class;

/* --- retrieve.c --- */

static inline scu_session *scu__retrieve_session(const scu__retrieve *op) {
  return op->op.session;
}
/* Goes on from a clean stack. */
void scu__retrieve_go_on(scu__retrieve *op);
void scu__retrieve_finish(scu__retrieve *op, scu_result result, const scu_error *error);
/* For scu_move_match and scu_get_match: `given` is what the match says of where it can be had. */
scu_op *scu__retrieve_start(scu_session *session, const scu_query *what, scu__retrieve_way wish,
                            const char *destination_ae, scu_sink *sink, const scu_dataset *given);
scu_result scu__retrieve_run(scu_session *session, scu_op *op, scu_retrieve_report **out);
/* USAGE, and in the session's error, when something is not there; `noun` is what `what` is called. */
scu_result scu__retrieve_check(scu_session *session, const void *what, const char *noun, bool has_target);

/* --- retrieve_stock.c --- */

/* Its unique key, which may be a list of UIDs; NULL = none. */
const scu_element *scu__retrieve_last_key(const scu__retrieve *op);

/* Begins; then scu__retrieve_transfer, or the end. */
scu_result scu__retrieve_take_stock(scu__retrieve *op, scu_error *error);

/* --- retrieve_rounds.c --- */

void scu__retrieve_transfer(scu__retrieve *op);
void scu__retrieve_advance(scu__task *task);
void scu__retrieve_grace_expired(scu__timer *timer, uint64_t now_ms);
/* There was no final response. */
void scu__retrieve_request_failed(scu__retrieve *op, const scu_error *error);
/* This leg brings no more: error NULL when it was had to its end. */
void scu__retrieve_end_leg(scu__retrieve *op, const scu_error *error);
/* What is arriving at our listener is still received (RULES 26), the rest is not waited for. */
void scu__retrieve_end_cancelled(scu__retrieve *op);

/* --- retrieve_unmatched.c --- */

/* After taking stock. MEMORY. */
scu_result scu__retrieve_look_for_unmatched(scu__retrieve *op);

/* --- retrieve_doubt.c --- */

/* What a match says of how many instances there are (0020,1208), (0020,1209). */
void scu__retrieve_note_numbers(scu__retrieve *op, scu_query_level level, const scu_dataset *row);
/* After taking stock: more than were listed. */
void scu__retrieve_compare_numbers(scu__retrieve *op);
/* At the end of a move to another AE that was not refused: fewer than were matched. */
void scu__retrieve_compare_sent(scu__retrieve *op);
/* An instance that no match has named, if it is of what was asked for. Study and series as the sink has them; "" = it
 * does not say. */
void scu__retrieve_doubt_for_extra(scu__retrieve *op, const scu_received *received);

/* There may be more than what is promised, in this study, or, with NULL, anywhere. A warning, too, if there were not
 * too many of them. */
void scu__retrieve_doubt(scu__retrieve *op, scu__inventory_study *study, const char *format, ...) SCU__PRINTF(3, 4);
/* Before the requests of a round. */
void scu__retrieve_begin_count(scu__retrieve *op);
/* The peer says that it could not send it. */
void scu__retrieve_take_failed(scu__retrieve *op, const char *instance_uid);
/* When the round is over: failures that nothing missing explains. */
void scu__retrieve_check_failures(scu__retrieve *op);

/* --- retrieve_request.c --- */

const char *scu__retrieve_service_class(const scu__retrieve *op);
const scu__ae *scu__retrieve_destination(const scu__retrieve *op);
void scu__retrieve_start_request(scu__retrieve *op);
/* The final response is here, and all that came before it is settled or lost. */
void scu__retrieve_end_request(scu__retrieve *op);
/* How long the peer of this node may be silent; `is_slow`: it fetches from a slow medium. */
uint64_t scu__retrieve_patience_ms(const scu__config *config, bool is_slow);

/* --- retrieve_arrival.c --- */

scu__receiver scu__retrieve_receiver(scu__retrieve *op);
scu_result scu__retrieve_listen(scu__retrieve *op, scu_error *error);
/* For scu__request: something came since this was last asked, or waits at our listener for the sink; a hook of ours is
 * at work. */
bool scu__retrieve_is_alive(void *owner);
bool scu__retrieve_is_held(void *owner);
/* More than anybody can mean to send has come that helps nothing. */
bool scu__retrieve_is_flooded(const scu__retrieve *op);
/* All that is to come from this leg's peer. */
bool scu__retrieve_is_everything_here(const scu__retrieve *op);
static inline bool scu__retrieve_has_nothing(const scu__retrieve *op) {
  return op->counts[SCU_OUTCOME_OK] + op->counts[SCU_OUTCOME_WARNING] == 0;
}

#endif
