/* How much of what a peer sends is taken at once: a turn, so that it does not keep the loop from everybody else, and no
 * more requests than it may have open (PS3.7 D.3.3.3). What is beyond that stays where it is, in the end with the peer:
 * TCP holds it back. */
#include "link/link_private.h"

#include "base/limits.h"

enum {
  /* A turn, and what is paid from it: 16 requests, or 256 responses, or 1,024 pieces of data sets. */
  TURN = 1024,
  REQUEST_COST = 64,
  RESPONSE_COST = 4,
  DATA_COST = 1,
  UNLIMITED_WINDOW = 64, /* what 0 in the window means to us */
  /* While we wait for an answer ourselves, it may stand behind requests beyond the window. */
  WAITING_SPARE = 64,
  HELD_BACK_RECEIVE = 16 * 1024 /* read at once from who exceeds its window: the rest of it takes memory */
};

void scu__link_turn_begin(scu__link *link) {
  link->turn_left = TURN;
}

void scu__link_turn_spend(scu__link *link, const scu__command *command) {
  unsigned cost = DATA_COST;
  if (command) cost = scu__command_is_response(command) ? RESPONSE_COST : REQUEST_COST;
  link->turn_left -= cost < link->turn_left ? cost : link->turn_left;
}

/* Operations that the peer may have open with us. */
static size_t window(const scu__link *link) {
  const scu__negotiated *negotiated = scu__link_negotiated(link);
  size_t agreed = link->is_acceptor ? negotiated->max_invoked : negotiated->max_performed;
  return agreed > 0 ? agreed : UNLIMITED_WINDOW;
}

/* Who keeps to his window never gets here: an operation of his is over for us before he hears that it is. What has
 * begun is taken to its end. */
static bool exceeds_window(const scu__link *link) {
  size_t open = 0;
  bool are_we_waiting = false;
  if (!link->is_open && !link->owes_release) return false; /* what comes is not acted on any more */
  if (!scu__inbox_is_idle(&link->inbox)) return false;
  for (const scu__exchange *exchange = link->exchanges; exchange; exchange = exchange->next) {
    if (exchange->is_done) continue;
    if (exchange->class_->is_provider)
      open++;
    else
      are_we_waiting = true;
  }
  return open > 1 && open > window(link) + (are_we_waiting ? WAITING_SPARE : 0);
}

bool scu__link_wants_input(const scu__link *link) {
  return !link->is_paused && !exceeds_window(link);
}

bool scu__link_may_take(const scu__link *link) {
  bool is_alive = link->transport && !link->is_ended && !link->is_freed;
  return is_alive && link->turn_left > 0 && !scu__engine_wants_close(link->engine) && scu__link_wants_input(link);
}

bool scu__link_has_rest(const scu__link *link) {
  return link->rest_at < link->rest.length;
}

scu_result scu__link_keep_rest(scu__link *link, const uint8_t *bytes, size_t length) {
  if (link->is_ended || link->is_freed) return SCU_OK; /* nobody wants it any more */
  if (exceeds_window(link)) link->receive_size = HELD_BACK_RECEIVE;
  scu__buffer_clear(&link->rest);
  link->rest_at = 0;
  scu__put_bytes(&link->rest, bytes, length);
  return scu__buffer_result(&link->rest);
}
