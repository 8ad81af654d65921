/* The link's life: opened, driven by the loop, ended; and what its owner asks of it. */
#include "link/link_private.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"

enum { STAGING_MAX = 4 * 1024 * 1024 /* a batch and the largest PDU behind it */ };

static bool has_output(const scu__link *link);
static void set_interest(scu__link *link, bool wants_write);

/* --- begin and end ------------------------------------------------------------------------------------------------ */

/* Taps and a log hear of this connection from here on. */
static void open_trace(scu__link *link, int fd, bool is_acceptor) {
  scu__address local, peer;
  scu__trace_ends ends = {.is_acceptor = is_acceptor, .is_identity_checked = link->trace.is_identity_checked};
  scu__socket_ends(fd, &local, &peer);
  bool is_v6 = scu__address_bytes(&local, ends.local);
  ends.is_v6 = scu__address_bytes(&peer, ends.peer) || is_v6;
  ends.local_port = scu__address_port(&local);
  ends.peer_port = scu__address_port(&peer);
  scu__trace_connected(&link->trace, link->association, &ends);
}

static void destroy(scu__link *link) {
  scu__trace_closed(&link->trace);
  scu__task_remove(link->loop, &link->closing);
  scu__task_remove(link->loop, &link->draining);
  scu__task_remove(link->loop, &link->going_on);
  scu__timer_stop(link->loop, &link->timer);
  scu__timer_stop(link->loop, &link->hold);
  scu__connector_free(link->connector);
  if (link->transport) {
    scu__watch_remove(link->loop, &link->watch);
    link->transport->close(link->transport);
  }
  while (link->exchanges) {
    scu__exchange *next = link->exchanges->next;
    scu__exchange_free(link->exchanges);
    link->exchanges = next;
  }
  scu__outbox_free(&link->outbox);
  scu__message_watch_free(&link->messages);
  scu__inbox_free(&link->inbox);
  scu__engine_free(link->engine);
  scu__buffer_free(&link->staging);
  scu__buffer_free(&link->rest);
  scu__free(link->allocator, link);
}

void scu__link_free(scu__link *link) {
  if (!link) return;
  static const scu__link_handler nobody = {0};
  link->handler = &nobody;
  scu__trace_closed(&link->trace); /* whose it is need not live as long as calls that are running */
  link->trace = (scu__trace){0};
  scu__message_watch_silence(&link->messages);
  link->is_freed = true;
  if (link->dispatching == 0) destroy(link);
}

/* False: the owner has freed the link, which is gone now, or goes when an outer call returns. */
static bool leave(scu__link *link) {
  link->dispatching--;
  if (!link->is_freed) return true;
  if (link->dispatching == 0) destroy(link);
  return false;
}

void scu__link_set_owner(scu__link *link, const scu__link_handler *handler, void *owner) {
  link->handler = handler;
  link->owner = owner;
}

static void closing_run(scu__task *self) {
  scu__link *link = (scu__link *)((char *)self - offsetof(scu__link, closing));
  link->dispatching++;
  if (link->handler->closed)
    link->handler->closed(link->owner, link, scu__error_is_set(&link->error) ? &link->error : NULL);
  leave(link);
}

static void draining_run(scu__task *self) {
  scu__link *link = (scu__link *)((char *)self - offsetof(scu__link, draining));
  link->dispatching++;
  link->is_draining = true;
  if (!link->is_ended && link->is_open && link->handler->drained) link->handler->drained(link->owner, link);
  link->is_draining = false;
  if (!leave(link)) return;
  if (!link->is_ended && !scu__outbox_is_idle(&link->outbox))
    scu__link_pump(link);
  else if (!link->is_ended && link->transport)
    set_interest(link, has_output(link)); /* a nested step took it away */
}

void scu__link_finish(scu__link *link) {
  if (link->is_ended) return;
  link->is_ended = true;
  link->is_open = false;
  scu__timer_stop(link->loop, &link->timer);
  scu__trace_error(&link->trace, link->association, &link->error); /* why, before the end */
  scu__trace_closed(&link->trace);
  if (link->transport) {
    scu__watch_remove(link->loop, &link->watch);
    link->transport->close(link->transport);
    link->transport = NULL;
  }
  scu__task_queue(link->loop, &link->closing);
}

void scu__link_set_error(scu__link *link, const scu_error *error) {
  if (!error || scu__error_is_set(&link->error)) return;
  scu__error_copy(&link->error, error);
  scu__error_peer(&link->error, link->peer_text);
}

static void update_timer(scu__link *link) {
  if (link->is_ended) return;
  scu__timer_set(link->loop, &link->timer, scu__engine_deadline(link->engine));
}

void scu__link_sweep(scu__link *link) {
  for (scu__exchange **at = &link->exchanges; *at;) {
    scu__exchange *exchange = *at;
    if (!exchange->is_done || exchange == link->receiving) {
      at = &exchange->next;
      continue;
    }
    *at = exchange->next;
    if (exchange->on_gone) {
      exchange->on_gone(exchange->owner, exchange);
      at = &link->exchanges; /* it may have dropped others */
    }
    scu__exchange_free(exchange);
  }
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void set_interest(scu__link *link, bool wants_write) {
  bool wants_input = scu__link_wants_input(link) && link->dispatching == 0;
  bool wants_read = wants_input && !scu__link_has_rest(link);
  if (wants_input && !wants_read) scu__task_queue(link->loop, &link->going_on);
  unsigned interest = (wants_read ? SCU__POLL_READ : 0u) | (wants_write ? SCU__POLL_WRITE : 0u);
  scu_error error;
  scu__error_clear(&error);
  if (scu__watch_set(link->loop, &link->watch, link->transport->fd, interest, &error) == SCU_OK) return;
  scu__link_set_error(link, &error);
  scu__link_finish(link);
}

static bool has_output(const scu__link *link) {
  if (link->is_held) return false;
  return link->staging.length > 0 || scu__engine_queued(link->engine) > 0;
}

scu_phase scu__link_phase(const scu__link *link) {
  int state = scu__engine_state(link->engine);
  if (state < 6) return SCU_PHASE_ASSOCIATE;
  return state == 6 ? SCU_PHASE_REQUEST : SCU_PHASE_RELEASE;
}

/* The transport said no, or our own file failed in mid-message. */
static void output_failed(scu__link *link, scu_error *error) {
  if (error->phase == SCU_PHASE_NONE) error->phase = scu__link_phase(link);
  scu__link_set_error(link, error);
  bool is_transport = error->result == SCU_ERROR_TRANSPORT || error->result == SCU_ERROR_CLOSED;
  scu__link_clear_staging(link);
  scu__engine_sent(link->engine, scu__engine_queued(link->engine));
  if (!is_transport && !link->is_front_cut) {
    /* Nothing of the batch has left, so that the A-ABORT stands on a PDU boundary. */
    scu__link_abort(link, error);
    return;
  }
  scu__engine_closed(link->engine, scu__loop_now(link->loop));
  scu__link_drain_events(link);
  scu__link_finish(link);
}

/* The peer's release is answered when nothing is owed any more: responses still being made (a sink that syncs) go out
 * first. True when the answer was queued; *result is then SCU_OK, for it to be sent. */
static bool answer_release(scu__link *link, scu_result *result) {
  if (!link->owes_release || !scu__outbox_is_idle(&link->outbox)) return false;
  for (const scu__exchange *exchange = link->exchanges; exchange; exchange = exchange->next)
    if (exchange->class_->is_provider && !exchange->is_done) return false;
  link->owes_release = false;
  *result = SCU_OK;
  return scu__engine_release_response(link->engine, scu__loop_now(link->loop)) == SCU_OK;
}

void scu__link_pump(scu__link *link) {
  if (link->is_pumping || !link->transport || link->is_ended) return;
  link->is_pumping = true;
  link->dispatching++;
  uint64_t moved_before = link->moved;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = link->is_held ? SCU_END : SCU_OK;
  do
    while (result == SCU_OK) result = scu__link_send_batch(link, &error);
  while (result == SCU_END && !link->is_held && answer_release(link, &result));
  link->is_pumping = false;
  if (result < 0) output_failed(link, &error);
  link->dispatching--;
  /* The engine wants it when the peer has ended, or has had its time to take the last word: nobody reads what is left.
   */
  bool wants_close = scu__engine_wants_close(link->engine) || (link->closes_when_sent && !has_output(link));
  if (!link->is_ended && !link->is_held && wants_close) scu__link_finish(link);
  if (!link->is_ended) {
    if (link->dispatching == 0) {
      scu__link_sweep(link);
      set_interest(link, has_output(link));
    }
    update_timer(link);
    bool is_news = !link->is_draining || link->moved != moved_before; /* with nothing to say: not for ever */
    if (link->handler->drained && result == SCU_END && scu__outbox_is_idle(&link->outbox) && is_news)
      scu__task_queue(link->loop, &link->draining);
  }
  if (link->dispatching == 0 && link->is_freed) destroy(link);
}

/* --- ready, or late ------------------------------------------------------------------------------------------------
 */

static void link_ready(scu__watch *self, unsigned ready) {
  scu__link *link = (scu__link *)((char *)self - offsetof(scu__link, watch));
  if (link->dispatching > 0) {
    /* A nested step from one of our own callbacks: stay silent until it has returned. */
    scu_error error;
    scu__error_clear(&error);
    scu__watch_set(link->loop, &link->watch, link->transport->fd, 0, &error);
    return;
  }
  if (ready & (SCU__POLL_READ | SCU__POLL_HANGUP)) {
    link->dispatching++;
    scu__link_read_input(link);
    if (!leave(link)) return;
  }
  scu__link_pump(link);
}

/* The turn ended before what had come did. */
static void going_on_run(scu__task *self) {
  scu__link *link = (scu__link *)((char *)self - offsetof(scu__link, going_on));
  if (link->dispatching > 0 || link->is_ended) return; /* a nested step: the outer one comes back to it */
  link->dispatching++;
  scu__link_read_input(link);
  if (leave(link)) scu__link_pump(link);
}

static void timer_expired(scu__timer *self, uint64_t now_ms) {
  scu__link *link = (scu__link *)((char *)self - offsetof(scu__link, timer));
  link->dispatching++;
  scu__engine_expire(link->engine, now_ms);
  scu__link_drain_events(link);
  if (leave(link) && link->transport) scu__link_pump(link);
}

/* --- sabotage ----------------------------------------------------------------------------------------------------- */

void scu__link_sabotage(scu__link *link, scu__sabotage kind) {
  static const char garbage[] = "this is no DICOM: 0123456789 0123456789\r\n";
  if (link->is_ended || !link->transport) return;
  switch (kind) {
  case SCU__SABOTAGE_SILENCE: link->is_mute = true; break;
  case SCU__SABOTAGE_CUT: link->is_cutting = true; break;
  case SCU__SABOTAGE_CLOSE: scu__link_finish(link); break;
  case SCU__SABOTAGE_RESET:
    scu__watch_remove(link->loop, &link->watch);
    link->transport->reset(link->transport);
    link->transport = NULL;
    scu__link_finish(link);
    break;
  case SCU__SABOTAGE_GARBAGE:
    link->is_mute = true;
    scu__put_bytes(&link->staging, garbage, sizeof garbage - 1);
    scu__link_pump(link);
    break;
  }
}

static void hold_expired(scu__timer *self, uint64_t now_ms) {
  scu__link *link = (scu__link *)((char *)self - offsetof(scu__link, hold));
  (void)now_ms;
  link->is_held = false;
  scu__link_pump(link);
}

void scu__link_hold(scu__link *link, uint32_t ms) {
  if (link->is_ended) return;
  link->is_held = true;
  link->hold.expired = hold_expired;
  scu__timer_set(link->loop, &link->hold, scu__loop_now(link->loop) + ms);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static scu_result link_new(scu_loop *loop, const scu__link_options *options, bool is_acceptor, scu__link **out) {
  const scu_allocator *allocator = scu__loop_allocator(loop);
  scu__link *link = scu__alloc(allocator, sizeof *link);
  if (!link) return SCU_ERROR_MEMORY;
  link->loop = loop;
  link->allocator = allocator;
  link->handler = options->handler;
  link->owner = options->owner;
  if (options->trace) link->trace = *options->trace;
  link->association = options->association;
  snprintf(link->peer_text, sizeof link->peer_text, "%s", options->peer_text ? options->peer_text : "");
  link->watch.ready = link_ready;
  link->timer.expired = timer_expired;
  link->closing.run = closing_run;
  link->draining.run = draining_run;
  link->going_on.run = going_on_run;
  link->is_acceptor = is_acceptor;
  link->receive_size = SCU__RECEIVE_CHUNK;
  scu__buffer_init(&link->rest, allocator, SCU__RECEIVE_CHUNK);
  scu__error_clear(&link->error);
  scu__inbox_init(&link->inbox, allocator);
  scu__outbox_init(&link->outbox, allocator);
  scu__message_watch_init(&link->messages, link, options->observer, &link->outbox);
  scu__buffer_init(&link->staging, allocator, STAGING_MAX);
  link->lent_batch = SCU__LENT_BATCH;
  scu__engine_options engine_options = {
      .allocator = allocator,
      .is_acceptor = is_acceptor,
      .max_pdu_length = options->max_pdu_length,
      .send_pdu_length = options->max_pdu_length,
      .artim_ms = options->associate_timeout_ms,
      .associate_timeout_ms = options->associate_timeout_ms,
      .release_timeout_ms = options->release_timeout_ms,
      .trace = &link->trace,
      .association = options->association,
  };
  scu_result result = scu__engine_new(&engine_options, &link->engine);
  if (result != SCU_OK) {
    destroy(link);
    return result;
  }
  *out = link;
  return SCU_OK;
}

/* The descriptor is the link's from here on, or closed. */
static scu_result attach(scu__link *link, int fd, bool is_acceptor, scu_error *error) {
  open_trace(link, fd, is_acceptor);
  scu_result result = scu__transport_tcp_new(fd, link->allocator, &link->transport, error);
  if (result != SCU_OK) {
    scu__socket_close(fd);
    return result;
  }
  return scu__watch_set(link->loop, &link->watch, fd, SCU__POLL_READ, error);
}

static void tell_connected(scu__link *link, int fd, const scu_error *error) {
  char address[SCU__ADDRESS_TEXT_MAX] = "";
  scu__address local, peer;
  if (!link->handler->connected) return;
  if (fd >= 0) {
    scu__socket_ends(fd, &local, &peer);
    scu__address_text(&peer, address);
  }
  link->handler->connected(link->owner, link, address, fd < 0 ? error : NULL);
}

static void link_connected(void *user, int fd, const scu_error *error) {
  scu__link *link = user;
  scu_error own;
  scu__error_clear(&own);
  scu_result result = SCU_OK;
  tell_connected(link, fd, error);
  if (fd < 0) {
    scu__link_set_error(link, error);
    result = SCU_ERROR_TRANSPORT;
  } else {
    result = attach(link, fd, false, &own);
    if (result == SCU_OK) result = scu__engine_connected(link->engine, scu__loop_now(link->loop));
    if (result != SCU_OK) scu__error_set(&own, result, SCU_PHASE_CONNECT, "the connection could not be set up");
    scu__link_set_error(link, &own);
  }
  if (result != SCU_OK) {
    scu__link_finish(link);
    return;
  }
  scu__link_pump(link);
}

scu_result scu__link_connect(scu_loop *loop, const scu__link_options *options, const scu__connector_target *target,
                             const scu__associate *rq, scu__link **out) {
  *out = NULL;
  scu__link *link = NULL;
  scu_result result = link_new(loop, options, false, &link);
  if (result != SCU_OK) return result;
  result = scu__engine_associate(link->engine, rq, scu__loop_now(loop));
  if (result == SCU_OK) result = scu__connector_new(loop, target, link_connected, link, &link->connector);
  if (result != SCU_OK) {
    destroy(link);
    return result;
  }
  *out = link;
  return SCU_OK;
}

scu_result scu__link_accept(scu_loop *loop, const scu__link_options *options, int fd, scu__link **out) {
  *out = NULL;
  scu__link *link = NULL;
  scu_result result = link_new(loop, options, true, &link);
  if (result != SCU_OK) {
    scu__socket_close(fd);
    return result;
  }
  result = attach(link, fd, true, NULL);
  if (result == SCU_OK) result = scu__engine_connected(link->engine, scu__loop_now(loop));
  if (result != SCU_OK) {
    destroy(link);
    return result;
  }
  update_timer(link);
  *out = link;
  return SCU_OK;
}

/* --- the owner's calls -------------------------------------------------------------------------------------------- */

bool scu__link_is_open(const scu__link *link) {
  return link->is_open && !link->is_ended;
}
bool scu__link_is_ended(const scu__link *link) {
  return link->is_ended;
}
bool scu__link_is_calling(const scu__link *link) {
  return link->dispatching > 0;
}
const scu__negotiated *scu__link_negotiated(const scu__link *link) {
  return scu__engine_negotiated(link->engine);
}
const scu_error *scu__link_error(const scu__link *link) {
  return &link->error;
}
void scu__link_explain(scu__link *link, scu_result result, scu_error *error) {
  scu__message_watch_explain(&link->messages, result, error);
}
scu__outbox *scu__link_outbox(scu__link *link) {
  return &link->outbox;
}
const char *scu__link_peer_text(const scu__link *link) {
  return link->peer_text;
}
uint32_t scu__link_association(const scu__link *link) {
  return link->association;
}
scu_loop *scu__link_loop(const scu__link *link) {
  return link->loop;
}
uint64_t scu__link_moved(const scu__link *link) {
  return link->moved;
}

/* Until it is on its way whole, everything that leaves is before it or part of it. */
uint64_t scu__link_life(const scu__link *link, const scu__exchange *exchange) {
  bool is_out = !scu__outbox_has(&link->outbox, exchange);
  uint64_t sent = is_out && exchange->sent_to < link->sent ? exchange->sent_to : link->sent;
  return exchange->received + sent;
}

bool scu__link_is_blocked(const scu__link *link) {
  return link->transport && !link->is_ended && has_output(link);
}

bool scu__link_is_receiving(const scu__link *link) {
  return link->receiving != NULL;
}

size_t scu__link_exchange_count(const scu__link *link) {
  size_t count = 0;
  for (const scu__exchange *exchange = link->exchanges; exchange; exchange = exchange->next)
    if (!exchange->is_done) count++;
  return count;
}

/* Message IDs wrap; one that is still open is passed over (PS3.7 9.1: unique among open operations). */
uint16_t scu__link_next_message_id(scu__link *link) {
  for (;;) {
    if (link->last_message_id == UINT16_MAX) link->have_ids_wrapped = true;
    link->last_message_id = link->last_message_id == UINT16_MAX ? 1 : (uint16_t)(link->last_message_id + 1);
    const scu__exchange *exchange = link->exchanges;
    while (exchange &&
           (exchange->is_done || exchange->class_->is_provider || exchange->message_id != link->last_message_id))
      exchange = exchange->next;
    if (!exchange) return link->last_message_id;
  }
}

void scu__link_pause(scu__link *link, bool is_paused) {
  if (link->is_paused == is_paused) return;
  link->is_paused = is_paused;
  if (link->transport && link->dispatching == 0 && !link->is_ended) set_interest(link, has_output(link));
}

void scu__link_release(scu__link *link) {
  if (link->is_ended) return;
  if (!link->is_open) {
    scu__link_abort(link, NULL);
    return;
  }
  link->is_open = false;
  link->is_paused = false;
  scu__engine_release(link->engine, scu__loop_now(link->loop));
  scu__link_pump(link);
}

void scu__link_abort(scu__link *link, const scu_error *error) {
  if (link->is_ended) return;
  scu__link_set_error(link, error);
  link->is_open = false;
  link->is_paused = false;
  scu_result result = link->transport ? scu__engine_abort(link->engine, SCU__ABORT_USER, 0, scu__loop_now(link->loop))
                                      : SCU_ERROR_USAGE;
  if (result == SCU_OK)
    scu__link_pump(link);
  else
    scu__link_finish(link);
}
