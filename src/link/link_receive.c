/* What comes in: bytes from the connection through engine and inbox to exchanges, which it routes. */
#include "link/link_private.h"

#include "base/limits.h"

enum { RECEIVES_PER_READY = 8 /* then others get their turn */ };

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
  exchange->asked_at = link->received;
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
    scu__trace_line(&link->trace, SCU__LEVEL_INFO, link->association, "refused %s with status %04XH",
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

/* What was here before the request was cannot answer it, whatever message ID it has guessed (PS3.7 9.1). */
static scu_result check_asked(const scu__link *link, const scu__exchange *exchange, const scu__inbox_event *in,
                              scu_error *error) {
  if (exchange->class_->is_provider || link->fed > exchange->asked_at) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s for message ID %u came before the request",
                        scu__command_name(in->command->field), exchange->message_id);
}

static bool was_used(const scu__link *link, uint16_t message_id) {
  return message_id != 0 && (link->have_ids_wrapped || message_id <= link->last_message_id);
}

/* A response to what has ended meanwhile may come late - its final one was not the last, it was given up - and is no
 * fault. One to what was never asked is, and so is one over another context than its request (PS3.7 9.1, E.1). */
static scu_result check_nobodys(const scu__link *link, const scu__inbox_event *in, scu_error *error) {
  uint16_t id = in->command->responded_message_id;
  const char *name = scu__command_name(in->command->field);
  if (!scu__command_is_response(in->command)) return SCU_OK;
  for (const scu__exchange *exchange = link->exchanges; exchange; exchange = exchange->next)
    if (!exchange->is_done && !exchange->class_->is_provider && exchange->message_id == id)
      return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE,
                            "%s for message ID %u came over presentation context %u, the request went over %u", name,
                            id, in->context_id, exchange->context_id);
  if (was_used(link, id)) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s for message ID %u, which no request had",
                        name, id);
}

static scu_result route_command(scu__link *link, const scu__inbox_event *in, scu_error *error) {
  for (scu__exchange *exchange = link->exchanges; exchange; exchange = exchange->next) {
    if (!scu__exchange_wants(exchange, in->context_id, in->command)) continue;
    scu__exchange_event event = {.kind = SCU__EXCHANGE_NONE};
    link->receiving = exchange;
    scu_result result = check_asked(link, exchange, in, error);
    if (result == SCU_OK) result = scu__exchange_receive_command(exchange, in->command, &event, error);
    if (link->receiving && !exchange->expects_dataset) link->receiving = NULL;
    if (result == SCU_OK) deliver(exchange, &event);
    return result;
  }
  link->receiving = NULL;
  if (!scu__command_is_response(in->command) && in->command->field != SCU__C_CANCEL_RQ)
    return open_request(link, in, error);
  scu_result result = check_nobodys(link, in, error);
  if (result == SCU_OK)
    scu__trace_line(&link->trace, SCU__LEVEL_INFO, link->association, "%s that nobody waits for was ignored",
                    scu__command_name(in->command->field));
  return result;
}

static scu_result route_data(scu__link *link, const scu__inbox_event *in, scu_error *error) {
  scu__exchange *exchange = link->receiving;
  if (!exchange) return SCU_OK;
  scu__exchange_event event = {.kind = SCU__EXCHANGE_NONE};
  exchange->received += in->length;
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
  if (result == SCU_OK) scu__link_turn_spend(link, in.kind == SCU__INBOX_COMMAND ? in.command : NULL);
  if (result == SCU_OK) result = scu__message_watch_before(&link->messages, &in, &error);
  if (result == SCU_OK && in.kind == SCU__INBOX_COMMAND) result = route_command(link, &in, &error);
  if (result == SCU_OK && in.kind == SCU__INBOX_DATA) result = route_data(link, &in, &error);
  if (result == SCU_OK) scu__message_watch_after(&link->messages, &in);
  scu__link_sweep(link);
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
    scu__link_set_error(link, &error);
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
    scu__link_set_error(link, event->error);
    return;
  }
}

void scu__link_drain_events(scu__link *link) {
  scu__engine_event event;
  while (!link->is_freed && scu__engine_next_event(link->engine, &event) == SCU_OK) take_event(link, &event);
}

/* Feeds one chunk, as far as it may be taken; the slices that exchanges see point into it. Returns how much it took. */
static size_t feed(scu__link *link, const uint8_t *bytes, size_t length) {
  uint64_t now = scu__loop_now(link->loop);
  size_t at = 0;
  while (at < length && scu__link_may_take(link)) {
    size_t consumed = 0;
    scu_result result = scu__engine_receive(link->engine, bytes + at, length - at, &consumed, now);
    if (result != SCU_OK) {
      scu_error error;
      scu__error_clear(&error);
      scu__error_set(&error, result, SCU_PHASE_RESPONSE, "received bytes could not be taken");
      scu__link_abort(link, &error);
      break;
    }
    at += consumed;
    link->fed += consumed;
    scu__link_drain_events(link);
  }
  return at;
}

/* The peer closed, or the connection broke: what only our own system says, for want of an answer, is not put down to
 * the peer. */
static void input_ended(scu__link *link, scu_error *error) {
  if (error->result == SCU_ERROR_TRANSPORT) {
    error->phase = scu__link_phase(link) == SCU_PHASE_REQUEST ? SCU_PHASE_RESPONSE : scu__link_phase(link);
    scu__link_set_error(link, error);
  }
  scu__engine_closed(link->engine, scu__loop_now(link->loop));
  scu__link_drain_events(link);
  if (scu__error_is_set(error) && scu__error_is_set(&link->error) && !link->error.os_errno)
    link->error.os_errno = error->os_errno;
  scu__link_finish(link);
}

/* More has to come before anybody can go on: a peer with Nagle's algorithm on may be waiting for our ACK. Large reads
 * are acknowledged by the kernel anyway. */
static void acknowledge(scu__link *link, size_t got) {
  bool is_waiting = !link->is_message_whole || scu__link_exchange_count(link) > 0;
  if (is_waiting && got < SCU__RECEIVE_CHUNK / 4 && link->transport && link->transport->acknowledge)
    link->transport->acknowledge(link->transport);
}

static void run_out_of_memory(scu__link *link) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_memory(&error, SCU_PHASE_RESPONSE);
  scu__link_abort(link, &error);
}

static void feed_rest(scu__link *link) {
  if (!scu__link_has_rest(link)) return;
  link->rest_at += feed(link, link->rest.data + link->rest_at, link->rest.length - link->rest_at);
  if (!scu__link_has_rest(link)) scu__buffer_free(&link->rest);
}

/* False: there is no more for now. */
static bool receive_some(scu__link *link, uint8_t *buffer) {
  scu_error error;
  scu__error_clear(&error);
  size_t got = 0, wanted = link->receive_size;
  scu_result result = link->transport->receive(link->transport, buffer, wanted, &got, &error);
  if (result == SCU_PENDING) return false;
  if (result != SCU_OK) {
    input_ended(link, &error);
    return false;
  }
  link->moved += got;
  link->received += got;
  link->is_message_whole = false;
  size_t taken = feed(link, buffer, got);
  acknowledge(link, got);
  if (taken < got && scu__link_keep_rest(link, buffer + taken, got - taken) != SCU_OK) run_out_of_memory(link);
  return got == wanted;
}

void scu__link_read_input(scu__link *link) {
  scu__link_turn_begin(link);
  feed_rest(link);
  if (scu__link_has_rest(link) || !scu__link_may_take(link)) return;
  uint8_t *buffer = scu__loop_take_buffer(link->loop);
  if (!buffer) {
    run_out_of_memory(link);
    return;
  }
  for (int i = 0; i < RECEIVES_PER_READY && scu__link_may_take(link) && receive_some(link, buffer); i++) {
  }
  scu__loop_give_buffer(link->loop, buffer);
}
