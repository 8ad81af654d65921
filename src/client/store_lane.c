/* Lanes: lease, slots, and the watch for silence. */
#include "client/store_lane.h"

#include "base/alloc.h"
#include "client/no_response.h"

enum { PROGRESS_MS = 200 };

static scu_loop *loop_of(const scu__store_lane *lane) {
  return lane->session->loop;
}

/* --- what is out -------------------------------------------------------------------------------------------------- */

static void watch(scu__store_lane *lane) {
  scu__timer_set(loop_of(lane), &lane->timer, scu__loop_now(loop_of(lane)) + PROGRESS_MS);
}

/* Of the instances that are out, the furthest: they go out one behind the other. */
static uint64_t life_of(const scu__store_lane *lane) {
  const scu__link *link = scu__lease_link(&lane->lease);
  uint64_t furthest = 0;
  for (size_t i = 0; i < lane->slot_count && link; i++) {
    const scu__exchange *exchange = lane->slots[i].exchange;
    uint64_t life = exchange ? scu__link_life(link, exchange) : 0;
    if (life > furthest) furthest = life;
  }
  return furthest;
}

static void touch(scu__store_lane *lane) {
  scu__silence_break(&lane->silence, life_of(lane), scu__loop_now(loop_of(lane)));
}

static void answered(void *owner, scu__candidate *candidate, const scu_instance_outcome *outcome) {
  scu__store_lane *lane = owner;
  lane->sent_ahead = 0;
  touch(lane);
  if (--lane->out == 0) scu__timer_stop(loop_of(lane), &lane->timer);
  lane->handler->answered(lane->owner, lane, candidate, outcome);
}

/* The association is over: everything is forgotten before anybody is told, since who is told may step the loop. */
static void end(scu__store_lane *lane, const scu_error *error) {
  scu__candidate *unanswered[SCU__WINDOW_MAX];
  size_t count = 0;
  lane->is_open = false;
  lane->sent_ahead = 0;
  lane->out = 0;
  scu__timer_stop(loop_of(lane), &lane->timer);
  for (size_t i = 0; i < lane->slot_count; i++) {
    if (!scu__outgoing_is_busy(&lane->slots[i])) continue;
    unanswered[count++] = lane->slots[i].candidate;
    scu__outgoing_stop(&lane->slots[i], scu__lease_link(&lane->lease));
  }
  scu__lease_abort(&lane->lease);
  for (size_t i = 0; i < count; i++) lane->handler->unanswered(lane->owner, lane, unanswered[i], error);
  lane->handler->lost(lane->owner, lane, error);
}

/* Ticks while instances are out: progress of large ones, and silence that lasts too long. */
static void timer_expired(scu__timer *self, uint64_t now_ms) {
  scu__store_lane *lane = (scu__store_lane *)((char *)self - offsetof(scu__store_lane, timer));
  uint64_t limit = lane->session->config->timeout_response_ms;
  const scu__link *link = scu__lease_link(&lane->lease);
  uint64_t life = life_of(lane), before = lane->silence.life;
  if (scu__link_is_calling(link)) { /* a hook of this association takes its time: nobody listens */
    touch(lane);
    watch(lane);
    return;
  }
  if (scu__silence_is_broken(&lane->silence, life, now_ms)) {
    if (life > before) lane->sent_ahead += life - before;
    watch(lane);
    lane->handler->moved(lane->owner, lane); /* last: when its hook returns, everything may have been answered */
    return;
  }
  if (!scu__silence_has_lasted(&lane->silence, limit, now_ms)) {
    watch(lane);
    return;
  }
  scu_error error;
  scu__no_response(&error, lane->session, "C-STORE", limit, SCU_OPTION_TIMEOUT_RESPONSE, "");
  end(lane, &error);
}

/* --- lease -------------------------------------------------------------------------------------------------------- */

static bool lease_fits(void *owner, const scu__negotiated *negotiated) {
  scu__store_lane *lane = owner;
  return lane->handler->fits(lane->owner, lane, negotiated);
}

static scu_result lease_propose(void *owner, scu__associate *rq) {
  scu__store_lane *lane = owner;
  if (lane->has_offered_window) {
    rq->window.present = true;
    rq->window.invoked = (uint16_t)lane->slot_count;
    rq->window.performed = 1;
  }
  return lane->handler->propose(lane->owner, lane, rq);
}

static void lease_ready(void *owner, scu__link *link) {
  (void)link;
  scu__store_lane *lane = owner;
  lane->is_open = true;
  lane->handler->ready(lane->owner, lane);
}

static void lease_lost(void *owner, const scu_error *error) {
  end(owner, error);
}

static bool lease_is_held(void *owner) {
  scu__store_lane *lane = owner;
  return lane->handler->is_held(lane->owner);
}

void scu__store_lane_open(scu__store_lane *lane, bool with_window) {
  lane->has_offered_window = with_window && lane->slot_count > 1;
  scu__lease_acquire(&lane->lease, lane->session);
}

bool scu__store_lane_is_opening(const scu__store_lane *lane) {
  return scu__lease_is_acquired(&lane->lease) && !lane->is_open;
}

void scu__store_lane_return(scu__store_lane *lane) {
  lane->is_open = false;
  scu__lease_return(&lane->lease);
}

void scu__store_lane_abort(scu__store_lane *lane) {
  lane->is_open = false;
  scu__lease_abort(&lane->lease);
}

const scu__negotiated *scu__store_lane_negotiated(const scu__store_lane *lane) {
  return scu__link_negotiated(scu__lease_link(&lane->lease));
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

size_t scu__store_lane_room(const scu__store_lane *lane) {
  if (!lane->is_open) return 0;
  size_t granted = scu__store_lane_negotiated(lane)->max_invoked; /* never more than was offered; 0 = unlimited */
  size_t most = granted == 0 || granted > lane->slot_count ? lane->slot_count : granted;
  return most > lane->out ? most - lane->out : 0;
}

static scu__outgoing *free_slot(scu__store_lane *lane) {
  for (size_t i = 0; i < lane->slot_count; i++)
    if (!scu__outgoing_is_busy(&lane->slots[i])) return &lane->slots[i];
  return NULL;
}

scu_result scu__store_lane_send(scu__store_lane *lane, scu__candidate *candidate, scu__way way,
                                const scu__accepted_context *context, scu_error *error) {
  scu__outgoing *slot = free_slot(lane);
  if (lane->out == 0) touch(lane);
  scu_result result = scu__outgoing_start(slot, scu__lease_link(&lane->lease), candidate, way, context, error);
  if (result != SCU_OK) return result;
  if (lane->out++ == 0) watch(lane);
  return SCU_OK;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

scu_result scu__store_lane_init(scu__store_lane *lane, scu_session *session, size_t window,
                                const scu__store_lane_handler *handler, void *owner) {
  *lane = (scu__store_lane){.handler = handler, .owner = owner, .session = session};
  lane->lease = (scu__lease){.owner = lane,
                             .fits = lease_fits,
                             .propose = lease_propose,
                             .ready = lease_ready,
                             .lost = lease_lost,
                             .is_held = lease_is_held};
  lane->timer.expired = timer_expired;
  lane->slots = scu__alloc_array(session->allocator, window, sizeof *lane->slots);
  if (!lane->slots) return SCU_ERROR_MEMORY;
  lane->slot_count = window;
  for (size_t i = 0; i < window; i++)
    lane->slots[i] = (scu__outgoing){.allocator = session->allocator, .owner = lane, .answered = answered};
  return SCU_OK;
}

void scu__store_lane_free(scu__store_lane *lane) {
  if (!lane->session) return;
  for (size_t i = 0; i < lane->slot_count; i++) scu__outgoing_stop(&lane->slots[i], scu__lease_link(&lane->lease));
  scu__lease_abort(&lane->lease);
  scu__timer_stop(loop_of(lane), &lane->timer);
  scu__free(lane->session->allocator, lane->slots);
}

void scu__store_lane_set_originator(scu__store_lane *lane, const scu__ae *ae, uint16_t message_id) {
  for (size_t i = 0; i < lane->slot_count; i++) {
    lane->slots[i].originator = *ae;
    lane->slots[i].originator_message_id = message_id;
  }
}
