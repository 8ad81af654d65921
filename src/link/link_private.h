/* The inside of a link, for the files that make it up: link.c its life, link_send.c what goes out, link_receive.c what
 * comes in, link_turn.c how much of it is taken at once. */
#ifndef SCU_LINK_LINK_PRIVATE_H
#define SCU_LINK_LINK_PRIVATE_H

#include "dimse/inbox.h"
#include "io/transport.h"
#include "link/link.h"

struct scu__link {
  scu_loop *loop;
  const scu_allocator *allocator;
  const scu__link_handler *handler;
  void *owner;
  scu__trace trace;
  uint32_t association;
  char peer_text[SCU__PEER_TEXT_MAX];

  scu__connector *connector;
  scu__transport *transport;
  scu__engine *engine;
  scu__watch watch;
  scu__timer timer;
  scu__task closing, draining, going_on;
  bool is_acceptor;

  scu__inbox inbox;
  scu__outbox outbox;
  scu__message_watch messages;
  scu__exchange *exchanges;
  scu__exchange *receiving; /* whose data set is coming; NULL = swallow */
  uint16_t last_message_id;
  bool have_ids_wrapped; /* every message ID has been used */

  scu__buffer staging; /* bytes read from sources, on their way out */
  size_t staged_sent;
  size_t lent_batch; /* as large as the connection has taken whole */
  bool is_front_cut; /* the first queued PDU may have left in part */
  uint64_t moved, sent;
  uint64_t received, fed; /* bytes that were read, and of these what the engine has */
  bool is_message_whole;  /* what was read last ended with the end of a message */

  scu__buffer rest; /* of what was read: came while it was not the link's turn, or beyond the window */
  size_t rest_at;
  size_t receive_size; /* how much is read at once */
  unsigned turn_left;

  unsigned dispatching; /* depth of calls that hold positions in this link */
  bool is_pumping;
  bool is_draining; /* drained is being called */
  bool is_paused;
  bool owes_release; /* the peer has asked for it */
  bool is_freed;
  bool is_open, is_ended;
  scu_error error;

  /* Sabotage. */
  scu__timer hold;
  bool is_held, is_mute, is_cutting, closes_when_sent;
};

/* The association is over: nothing moves any more, the owner hears of it from a clean stack. */
void scu__link_finish(scu__link *link);
/* Keeps the first one that is given. NULL, or an empty one: nothing. */
void scu__link_set_error(scu__link *link, const scu_error *error);
/* What we were about when the transport, which knows no phases, said no. */
scu_phase scu__link_phase(const scu__link *link);
/* Frees the exchanges that are done: never while one of their callbacks runs. */
void scu__link_sweep(scu__link *link);

/* One batch: SCU_END when there is nothing to send, PENDING when the connection takes nothing now, else an error. */
scu_result scu__link_send_batch(scu__link *link, scu_error *error);
void scu__link_clear_staging(scu__link *link);

/* Takes what the connection has, as far as it is this link's turn. */
void scu__link_read_input(scu__link *link);

/* ---- turns ---- */

void scu__link_turn_begin(scu__link *link);
/* The engine told of something: a piece of data, or with `command` a whole command. */
void scu__link_turn_spend(scu__link *link, const scu__command *command);
/* More input may be taken now: it is the link's turn, nobody has paused it, and the peer keeps to its window. */
bool scu__link_may_take(const scu__link *link);
/* The same without the turn: it is worth another one. */
bool scu__link_wants_input(const scu__link *link);
bool scu__link_has_rest(const scu__link *link);
/* What was read and may not be taken yet. MEMORY. */
scu_result scu__link_keep_rest(scu__link *link, const uint8_t *bytes, size_t length);
/* Acts on what the engine has to tell. */
void scu__link_drain_events(scu__link *link);

#endif
