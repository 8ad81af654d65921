/* The link: pumps bytes between transport and engine, fragments from outbox to engine, commands and data from engine
 * through the inbox to exchanges. */
#include "link/link.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "dimse/inbox.h"
#include "io/transport.h"

enum {
  STAGING_MAX = 4 * 1024 * 1024, /* a batch and the largest PDU behind it */
  SLICES_SPARE = 8,              /* commands, padding, the short end */
  SHORT_END = 16 * 1024,         /* of a message: not worth a batch of its own */
  RECEIVES_PER_READY = 8         /* then others get their turn */
};

struct scu__link {
  scu_loop *loop;
  const scu_allocator *allocator;
  const scu__link_handler *handler;
  void *owner;
  const scu__trace *trace;
  uint32_t association;
  char peer_text[SCU__PEER_TEXT_MAX];

  scu__connector *connector;
  scu__transport *transport;
  scu__engine *engine;
  scu__watch watch;
  scu__timer timer;
  scu__task closing, draining;

  scu__inbox inbox;
  scu__outbox outbox;
  scu__message_watch messages;
  scu__exchange *exchanges;
  scu__exchange *receiving; /* whose data set is coming; NULL = swallow */
  uint16_t last_message_id;

  scu__buffer staging; /* bytes read from sources, on their way out */
  size_t staged_sent;
  size_t lent_batch; /* as large as the connection has taken whole */
  bool is_front_cut; /* the first queued PDU may have left in part */
  uint64_t moved;
  bool is_message_whole; /* what was read last ended with the end of a message */

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

static void finish(scu__link *link);
static bool has_output(const scu__link *link);
static void set_interest(scu__link *link, bool wants_write);
static void drain_events(scu__link *link);

/* --- begin and end ------------------------------------------------------------------------------------------------ */

static void destroy(scu__link *link) {
  scu__task_remove(link->loop, &link->closing);
  scu__task_remove(link->loop, &link->draining);
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
  scu__free(link->allocator, link);
}

void scu__link_free(scu__link *link) {
  if (!link) return;
  static const scu__link_handler nobody = {0};
  link->handler = &nobody;
  link->trace = NULL; /* it need not live as long as calls that are running */
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

/* The association is over: nothing moves any more, the owner hears of it from a clean stack. */
static void finish(scu__link *link) {
  if (link->is_ended) return;
  link->is_ended = true;
  link->is_open = false;
  scu__timer_stop(link->loop, &link->timer);
  if (link->transport) {
    scu__watch_remove(link->loop, &link->watch);
    link->transport->close(link->transport);
    link->transport = NULL;
  }
  scu__task_queue(link->loop, &link->closing);
}

static void set_error(scu__link *link, const scu_error *error) {
  if (!error || scu__error_is_set(&link->error)) return;
  scu__error_copy(&link->error, error);
  scu__error_peer(&link->error, link->peer_text);
}

static void update_timer(scu__link *link) {
  if (link->is_ended) return;
  scu__timer_set(link->loop, &link->timer, scu__engine_deadline(link->engine));
}

/* Frees the exchanges that are done: never while one of their callbacks runs. */
static void sweep(scu__link *link) {
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

/* More of what is lent, but not more than can go as slices: a header and its data for each fragment. */
static size_t batch_size(const scu__link *link) {
  scu__source *source = scu__outbox_source(&link->outbox);
  size_t in_slices = scu__engine_max_fragment(link->engine) * (SCU__SLICES_MAX / 2 - SLICES_SPARE);
  size_t batch = in_slices < link->lent_batch ? in_slices : link->lent_batch;
  if (batch <= SCU__SEND_BATCH || !source || !source->lend || !source->lend(source, 0, 1)) return SCU__SEND_BATCH;
  return batch;
}

/* What does not leave at once takes memory: a slow connection is given less at a time. */
static void note_batch(scu__link *link, bool was_taken_whole) {
  if (!was_taken_whole)
    link->lent_batch = SCU__SEND_BATCH;
  else if (link->lent_batch < SCU__LENT_BATCH)
    link->lent_batch *= 2;
}

/* The short end of a message goes with what is before it. */
static bool is_queueing(const scu__link *link) {
  int state = scu__engine_state(link->engine);
  if ((state != 6 && state != 8) || scu__outbox_is_idle(&link->outbox)) return false;
  size_t queued = scu__engine_queued(link->engine), batch = batch_size(link);
  return queued < batch || (queued < batch + SCU__SEND_BATCH && scu__outbox_rest(&link->outbox) <= SHORT_END);
}

/* Moves fragments from the outbox into the engine until a batch is full. */
static scu_result queue_fragments(scu__link *link, scu_error *error) {
  while (is_queueing(link)) {
    scu__pdv_fragment fragment;
    scu_result result = scu__outbox_next(&link->outbox, scu__engine_max_fragment(link->engine), &fragment, error);
    if (result == SCU_END) return SCU_OK;
    if (result != SCU_OK) return result;
    scu__payload payload = {.bytes = fragment.bytes,
                            .source = fragment.source,
                            .offset = fragment.offset,
                            .length = fragment.length,
                            .has_pad = fragment.pad};
    result = scu__engine_send_pdv(link->engine, fragment.context_id, fragment.is_command, fragment.is_last, &payload);
    if (result != SCU_OK)
      return scu__error_set(error, result, SCU_PHASE_REQUEST, "a message could not be queued on the association");
    /* The engine has its own copy of bytes; what is kept here may be megabytes, and the next message hours away. */
    if (fragment.is_message_end) scu__outbox_settle(&link->outbox);
    if (fragment.is_message_end && fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  }
  return SCU_OK;
}

static bool has_source(const scu__segment *segments, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (segments[i].source) return true;
  return false;
}

static void clear_staging(scu__link *link) {
  scu__buffer_clear(&link->staging);
  link->staged_sent = 0;
  if (link->staging.capacity > 2 * SCU__SEND_BATCH) scu__buffer_free(&link->staging);
}

/* Copies everything that is queued into the staging buffer, reading sources: one send per batch, and no reference to
 * a source outlives this call. */
static scu_result stage(scu__link *link, scu_error *error) {
  clear_staging(link);
  scu__segment segments[SCU__SLICES_MAX];
  for (size_t count; (count = scu__engine_output(link->engine, segments, SCU__SLICES_MAX)) > 0;) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
      const scu__segment *segment = &segments[i];
      uint8_t *to = scu__buffer_reserve(&link->staging, segment->length);
      if (!to) return scu__error_memory(error, SCU_PHASE_REQUEST);
      if (segment->bytes) {
        memcpy(to, segment->bytes, segment->length);
      } else {
        scu_result result = segment->source->read_at(segment->source, segment->offset, to, segment->length, error);
        if (result != SCU_OK) return result;
      }
      scu__buffer_commit(&link->staging, segment->length);
      total += segment->length;
    }
    scu__engine_sent(link->engine, total);
  }
  return SCU_OK;
}

static scu_result send_slices(scu__link *link, const scu__slice *slices, size_t count, size_t *sent, scu_error *error) {
  *sent = 0;
  scu_result result = link->transport->send(link->transport, slices, count, sent, error);
  link->moved += *sent;
  return result;
}

/* SCU_OK: the staging buffer is empty. */
static scu_result send_staged(scu__link *link, scu_error *error) {
  while (link->staged_sent < link->staging.length) {
    scu__slice slice = {link->staging.data + link->staged_sent, link->staging.length - link->staged_sent};
    size_t sent;
    scu_result result = send_slices(link, &slice, 1, &sent, error);
    if (result != SCU_OK) return result;
    link->staged_sent += sent;
  }
  clear_staging(link);
  return SCU_OK;
}

/* What a saboteur lets through: the staging buffer is empty. */
static scu_result send_sabotaged(scu__link *link, scu_error *error) {
  if (link->is_mute) {
    scu__engine_sent(link->engine, scu__engine_queued(link->engine));
    return SCU_END;
  }
  scu_result result = queue_fragments(link, error);
  if (result == SCU_OK && scu__engine_queued(link->engine) == 0) return SCU_END;
  if (result == SCU_OK) result = stage(link, error);
  link->staging.length /= 2;
  link->is_mute = link->closes_when_sent = true;
  return result;
}

/* The bytes of the segments, lent by their sources; false when one of them has to be read. */
static bool lend(const scu__segment *segments, size_t count, scu__slice *slices) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *bytes = segments[i].bytes;
    scu__source *source = segments[i].source;
    if (source && source->lend) bytes = source->lend(source, segments[i].offset, segments[i].length);
    if (!bytes) return false;
    slices[i] = (scu__slice){bytes, segments[i].length};
  }
  return true;
}

/* One batch: fills the engine, then sends straight from its memory and from what sources lend, or through the staging
 * buffer. What is left of a source's bytes is staged, so that no reference outlives this call. SCU_END: nothing to
 * send. */
static scu_result send_batch(scu__link *link, scu_error *error) {
  scu_result result = send_staged(link, error);
  if (result != SCU_OK) return result;
  if (link->is_mute || link->is_cutting) return send_sabotaged(link, error);
  result = queue_fragments(link, error);
  if (result != SCU_OK) return result;
  scu__segment segments[SCU__SLICES_MAX];
  scu__slice slices[SCU__SLICES_MAX];
  size_t count = scu__engine_output(link->engine, segments, SCU__SLICES_MAX);
  if (count == 0) return SCU_END;
  bool has_file = has_source(segments, count);
  if (count == SCU__SLICES_MAX || !lend(segments, count, slices)) return stage(link, error);
  size_t sent;
  result = send_slices(link, slices, count, &sent, error);
  if (sent > 0) scu__engine_sent(link->engine, sent);
  link->is_front_cut = scu__engine_queued(link->engine) > 0;
  if (has_file) note_batch(link, !link->is_front_cut);
  if (!has_file || !link->is_front_cut || (result < 0 && result != SCU_ERROR_STORAGE)) return result;
  scu_result staged = stage(link, error); /* a file that has shrunk is told of here */
  if (staged == SCU_OK) link->is_front_cut = false;
  return staged;
}

static void set_interest(scu__link *link, bool wants_write) {
  bool wants_read = !link->is_paused && link->dispatching == 0;
  unsigned interest = (wants_read ? SCU__POLL_READ : 0u) | (wants_write ? SCU__POLL_WRITE : 0u);
  scu_error error;
  scu__error_clear(&error);
  if (scu__watch_set(link->loop, &link->watch, link->transport->fd, interest, &error) == SCU_OK) return;
  set_error(link, &error);
  finish(link);
}

static bool has_output(const scu__link *link) {
  if (link->is_held) return false;
  return link->staging.length > 0 || scu__engine_queued(link->engine) > 0;
}

/* What we were about when the transport, which knows no phases, said no. */
static scu_phase sending_phase(const scu__link *link) {
  int state = scu__engine_state(link->engine);
  if (state < 6) return SCU_PHASE_ASSOCIATE;
  return state == 6 ? SCU_PHASE_REQUEST : SCU_PHASE_RELEASE;
}

/* The transport said no, or our own file failed in mid-message. */
static void output_failed(scu__link *link, scu_error *error) {
  if (error->phase == SCU_PHASE_NONE) error->phase = sending_phase(link);
  set_error(link, error);
  bool is_transport = error->result == SCU_ERROR_TRANSPORT || error->result == SCU_ERROR_CLOSED;
  clear_staging(link);
  scu__engine_sent(link->engine, scu__engine_queued(link->engine));
  if (!is_transport && !link->is_front_cut) {
    /* Nothing of the batch has left, so that the A-ABORT stands on a PDU boundary. */
    scu__link_abort(link, error);
    return;
  }
  scu__engine_closed(link->engine, scu__loop_now(link->loop));
  drain_events(link);
  finish(link);
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
    while (result == SCU_OK) result = send_batch(link, &error);
  while (result == SCU_END && !link->is_held && answer_release(link, &result));
  link->is_pumping = false;
  if (result < 0) output_failed(link, &error);
  link->dispatching--;
  bool wants_close = scu__engine_wants_close(link->engine) || link->closes_when_sent;
  if (!link->is_ended && !link->is_held && !has_output(link) && wants_close) finish(link);
  if (!link->is_ended) {
    if (link->dispatching == 0) {
      sweep(link);
      set_interest(link, has_output(link));
    }
    update_timer(link);
    bool is_news = !link->is_draining || link->moved != moved_before; /* with nothing to say: not for ever */
    if (link->handler->drained && result == SCU_END && scu__outbox_is_idle(&link->outbox) && is_news)
      scu__task_queue(link->loop, &link->draining);
  }
  if (link->dispatching == 0 && link->is_freed) destroy(link);
}

/* --- exchanges ---------------------------------------------------------------------------------------------------- */

static void unlink_exchange(scu__link *link, scu__exchange *exchange) {
  for (scu__exchange **at = &link->exchanges; *at; at = &(*at)->next) {
    if (*at != exchange) continue;
    *at = exchange->next;
    return;
  }
}

static void adopt(scu__link *link, scu__exchange *exchange) {
  exchange->next = link->exchanges;
  link->exchanges = exchange;
}

scu_result scu__link_start(scu__link *link, scu__exchange *exchange) {
  adopt(link, exchange);
  if (!link->is_open) return SCU_ERROR_USAGE;
  scu__link_pump(link);
  return SCU_OK;
}

void scu__link_drop(scu__link *link, scu__exchange *exchange) {
  unlink_exchange(link, exchange);
  if (link->receiving == exchange) link->receiving = NULL;
  scu__exchange_free(exchange);
}

static void deliver(scu__exchange *exchange, const scu__exchange_event *event) {
  if (event->kind != SCU__EXCHANGE_NONE && exchange->on_event) exchange->on_event(exchange->owner, exchange, event);
}

static scu_result open_request(scu__link *link, const scu__inbox_event *in, scu_error *error) {
  scu__exchange_event event = {.kind = SCU__EXCHANGE_NONE};
  uint16_t status = in->command->is_known ? SCU__STATUS_CLASS_NOT_SUPPORTED : SCU__STATUS_UNRECOGNISED_OPERATION;
  scu__exchange *exchange = NULL;
  if (link->handler->request)
    exchange = link->handler->request(link->owner, link, in->context_id, in->command, &event, &status);
  if (!exchange) {
    scu__trace_line(link->trace, SCU__LEVEL_INFO, link->association, "refused %s with status %04XH",
                    scu__command_name(in->command->field), status);
    scu_result result =
        scu__refusal_new(link->allocator, &link->outbox, in->context_id, in->command, status, NULL, &exchange);
    if (result != SCU_OK) return scu__error_set(error, result, SCU_PHASE_RESPONSE, "a request could not be answered");
  }
  adopt(link, exchange);
  link->receiving = exchange->expects_dataset ? exchange : NULL;
  deliver(exchange, &event);
  return SCU_OK;
}

static scu_result route_command(scu__link *link, const scu__inbox_event *in, scu_error *error) {
  for (scu__exchange *exchange = link->exchanges; exchange; exchange = exchange->next) {
    if (!scu__exchange_wants(exchange, in->context_id, in->command)) continue;
    scu__exchange_event event = {.kind = SCU__EXCHANGE_NONE};
    link->receiving = exchange;
    scu_result result = scu__exchange_receive_command(exchange, in->command, &event, error);
    if (link->receiving && !exchange->expects_dataset) link->receiving = NULL;
    if (result == SCU_OK) deliver(exchange, &event);
    return result;
  }
  link->receiving = NULL;
  if (!scu__command_is_response(in->command) && in->command->field != SCU__C_CANCEL_RQ)
    return open_request(link, in, error);
  scu__trace_line(link->trace, SCU__LEVEL_INFO, link->association, "%s that nobody waits for was ignored",
                  scu__command_name(in->command->field));
  return SCU_OK;
}

static scu_result route_data(scu__link *link, const scu__inbox_event *in, scu_error *error) {
  scu__exchange *exchange = link->receiving;
  if (!exchange) return SCU_OK;
  scu__exchange_event event = {.kind = SCU__EXCHANGE_NONE};
  scu_result result = scu__exchange_receive_data(exchange, in->bytes, in->length, in->is_last, &event, error);
  if (in->is_last) link->receiving = NULL;
  if (result == SCU_OK) deliver(exchange, &event);
  return result;
}

/* --- input -------------------------------------------------------------------------------------------------------- */

static void take_data(scu__link *link, const scu__engine_event *event) {
  scu_error error;
  scu__error_clear(&error);
  scu__inbox_event in;
  scu_result result = scu__inbox_put(&link->inbox, event->context_id, event->is_command, event->is_last, event->bytes,
                                     event->length, &in, &error);
  link->is_message_whole = result == SCU_OK && event->is_last && scu__inbox_is_idle(&link->inbox);
  if (result == SCU_OK) result = scu__message_watch_before(&link->messages, &in, &error);
  if (result == SCU_OK && in.kind == SCU__INBOX_COMMAND) result = route_command(link, &in, &error);
  if (result == SCU_OK && in.kind == SCU__INBOX_DATA) result = route_data(link, &in, &error);
  if (result == SCU_OK) scu__message_watch_after(&link->messages, &in);
  sweep(link);
  if (result == SCU_OK) return;
  scu__error_set(&error, result, SCU_PHASE_RESPONSE, "a message of the peer could not be taken");
  scu__link_abort(link, &error);
}

static void answer_indication(scu__link *link, const scu__associate *rq) {
  uint64_t now = scu__loop_now(link->loop);
  scu__reject reject = {.result = 1, .source = 1, .reason = 1};
  const scu__acceptor_policy *policy =
      link->handler->indication ? link->handler->indication(link->owner, link, rq, &reject) : NULL;
  scu__associate ac = {0};
  scu_error error;
  scu__error_clear(&error);
  scu_result result = SCU_ERROR_REJECTED;
  if (policy)
    result = scu__negotiate_answer(rq, policy, link->allocator, &ac, &reject, &error);
  else
    scu__reject_error(&reject, &rq->called, &rq->calling, &error);
  if (result == SCU_OK)
    result = scu__engine_accept(link->engine, &ac, now);
  else if (result == SCU_ERROR_REJECTED)
    scu__engine_reject(link->engine, &reject, now);
  else
    scu__engine_abort(link->engine, SCU__ABORT_USER, 0, now);
  scu__associate_free(&ac);
  if (result != SCU_OK) {
    scu__error_set(&error, result, SCU_PHASE_ASSOCIATE, "the association request could not be answered");
    set_error(link, &error);
  }
}

static void take_event(scu__link *link, const scu__engine_event *event) {
  switch (event->type) {
  case SCU__EVENT_DATA: take_data(link, event); return;
  case SCU__EVENT_ASSOCIATE_INDICATION: answer_indication(link, event->rq); return;
  case SCU__EVENT_ASSOCIATED:
    link->is_open = true;
    if (link->handler->opened) link->handler->opened(link->owner, link);
    return;
  case SCU__EVENT_RELEASE_INDICATION:
    link->is_open = false;
    link->owes_release = true;
    if (link->handler->releasing) link->handler->releasing(link->owner, link);
    return;
  case SCU__EVENT_RELEASED: link->is_open = false; return;
  case SCU__EVENT_REJECTED:
  case SCU__EVENT_ABORTED:
  case SCU__EVENT_CLOSED_BY_PEER:
  case SCU__EVENT_PROTOCOL_ERROR:
  case SCU__EVENT_TIMED_OUT:
    link->is_open = false;
    set_error(link, event->error);
    return;
  }
}

static void drain_events(scu__link *link) {
  scu__engine_event event;
  while (!link->is_freed && scu__engine_next_event(link->engine, &event) == SCU_OK) take_event(link, &event);
}

/* Feeds one chunk; the slices that exchanges see point into it. */
static void feed(scu__link *link, const uint8_t *bytes, size_t length) {
  uint64_t now = scu__loop_now(link->loop);
  for (size_t at = 0; at < length && !link->is_ended && !link->is_freed;) {
    size_t consumed = 0;
    scu_result result = scu__engine_receive(link->engine, bytes + at, length - at, &consumed, now);
    if (result != SCU_OK) {
      scu_error error;
      scu__error_clear(&error);
      scu__error_set(&error, result, SCU_PHASE_RESPONSE, "received bytes could not be taken");
      scu__link_abort(link, &error);
      return;
    }
    at += consumed;
    drain_events(link);
    if (scu__engine_wants_close(link->engine)) return;
  }
}

/* The peer closed, or the connection broke: what only our own system says, for want of an answer, is not put down to
 * the peer. */
static void input_ended(scu__link *link, scu_error *error) {
  if (error->result == SCU_ERROR_TRANSPORT) {
    error->phase = sending_phase(link) == SCU_PHASE_REQUEST ? SCU_PHASE_RESPONSE : sending_phase(link);
    set_error(link, error);
  }
  scu__engine_closed(link->engine, scu__loop_now(link->loop));
  drain_events(link);
  if (scu__error_is_set(error) && scu__error_is_set(&link->error) && !link->error.os_errno)
    link->error.os_errno = error->os_errno;
  finish(link);
}

/* More has to come before anybody can go on: a peer with Nagle's algorithm on may be waiting for our ACK. Large reads
 * are acknowledged by the kernel anyway. */
static void acknowledge(scu__link *link, size_t got) {
  bool is_waiting = !link->is_message_whole || scu__link_exchange_count(link) > 0;
  if (is_waiting && got < SCU__RECEIVE_CHUNK / 4 && link->transport && link->transport->acknowledge)
    link->transport->acknowledge(link->transport);
}

static void read_input(scu__link *link) {
  uint8_t *buffer = scu__loop_take_buffer(link->loop);
  if (!buffer) {
    scu_error error;
    scu__error_clear(&error);
    scu__error_memory(&error, SCU_PHASE_RESPONSE);
    scu__link_abort(link, &error);
    return;
  }
  for (int i = 0; i < RECEIVES_PER_READY && link->transport && !link->is_paused && !link->is_freed; i++) {
    scu_error error;
    scu__error_clear(&error);
    size_t got = 0;
    scu_result result = link->transport->receive(link->transport, buffer, SCU__RECEIVE_CHUNK, &got, &error);
    if (result == SCU_PENDING) break;
    if (result != SCU_OK) {
      input_ended(link, &error);
      break;
    }
    link->moved += got;
    link->is_message_whole = false;
    feed(link, buffer, got);
    acknowledge(link, got);
    if (got < SCU__RECEIVE_CHUNK || link->is_ended || scu__engine_wants_close(link->engine)) break;
  }
  scu__loop_give_buffer(link->loop, buffer);
}

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
    read_input(link);
    if (!leave(link)) return;
  }
  scu__link_pump(link);
}

static void timer_expired(scu__timer *self, uint64_t now_ms) {
  scu__link *link = (scu__link *)((char *)self - offsetof(scu__link, timer));
  link->dispatching++;
  scu__engine_expire(link->engine, now_ms);
  drain_events(link);
  if (leave(link) && link->transport) scu__link_pump(link);
}

/* --- sabotage ----------------------------------------------------------------------------------------------------- */

void scu__link_sabotage(scu__link *link, scu__sabotage kind) {
  static const char garbage[] = "this is no DICOM: 0123456789 0123456789\r\n";
  if (link->is_ended || !link->transport) return;
  switch (kind) {
  case SCU__SABOTAGE_SILENCE: link->is_mute = true; break;
  case SCU__SABOTAGE_CUT: link->is_cutting = true; break;
  case SCU__SABOTAGE_CLOSE: finish(link); break;
  case SCU__SABOTAGE_RESET:
    scu__watch_remove(link->loop, &link->watch);
    link->transport->reset(link->transport);
    link->transport = NULL;
    finish(link);
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
  link->trace = options->trace;
  link->association = options->association;
  snprintf(link->peer_text, sizeof link->peer_text, "%s", options->peer_text ? options->peer_text : "");
  link->watch.ready = link_ready;
  link->timer.expired = timer_expired;
  link->closing.run = closing_run;
  link->draining.run = draining_run;
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
      .trace = options->trace,
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
static scu_result attach(scu__link *link, int fd, scu_error *error) {
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
    set_error(link, error);
    result = SCU_ERROR_TRANSPORT;
  } else {
    result = attach(link, fd, &own);
    if (result == SCU_OK) result = scu__engine_connected(link->engine, scu__loop_now(link->loop));
    if (result != SCU_OK) scu__error_set(&own, result, SCU_PHASE_CONNECT, "the connection could not be set up");
    set_error(link, &own);
  }
  if (result != SCU_OK) {
    finish(link);
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
  result = attach(link, fd, NULL);
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
void scu__link_explain(const scu__link *link, scu_result result, scu_error *error) {
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
  set_error(link, error);
  link->is_open = false;
  link->is_paused = false;
  scu_result result = link->transport ? scu__engine_abort(link->engine, SCU__ABORT_USER, 0, scu__loop_now(link->loop))
                                      : SCU_ERROR_USAGE;
  if (result == SCU_OK)
    scu__link_pump(link);
  else
    finish(link);
}
