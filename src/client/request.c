/* Requests: from lease to final response, within bounds of time. */
#include "client/request.h"

#include <stdio.h>

#include "client/no_response.h"
#include "data/transfer_syntax.h"

static const char *const native_syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE};

static scu_result lease_propose(void *owner, scu__associate *rq) {
  scu__request *request = owner;
  scu_result result = scu__associate_add_context(rq, request->sop_class, native_syntaxes, 2, NULL);
  if (result == SCU_OK && request->as_scp) result = scu__associate_add_role(rq, request->sop_class, false, true);
  if (result != SCU_OK || !request->propose) return result;
  return request->propose(request->owner, rq);
}

static const scu__accepted_context *find_context(const scu__request *request, const scu__negotiated *negotiated) {
  const scu__accepted_context *found = NULL;
  if (request->as_scp) found = scu__negotiated_find(negotiated, request->sop_class, NULL, true);
  return found ? found : scu__negotiated_find(negotiated, request->sop_class, NULL, false);
}

static bool lease_fits(void *owner, const scu__negotiated *negotiated) {
  scu__request *request = owner;
  if (!find_context(request, negotiated)) return false;
  return !request->fits || request->fits(request->owner, negotiated);
}

static void end(scu__request *request) {
  scu__timer_stop(request->session->loop, &request->timer);
  request->exchange = NULL;
  request->is_running = false;
}

/* The request is over and the association with it. */
static void fail(scu__request *request, const scu_error *error) {
  if (request->exchange && scu__lease_link(&request->lease))
    scu__link_drop(scu__lease_link(&request->lease), request->exchange);
  end(request);
  scu__lease_abort(&request->lease);
  request->failed(request->owner, error);
}

static void lease_lost(void *owner, const scu_error *error) {
  scu__request *request = owner;
  end(request);
  request->failed(request->owner, error);
}

static bool lease_is_held(void *owner) {
  const scu__request *request = owner;
  return request->is_paused || (request->is_held && request->is_held(request->owner));
}

/* How long a silent peer has for agreeing to a cancellation: no longer than it was given for the answer. */
static uint64_t cancel_wait_ms(const scu__request *request) {
  uint64_t wait_ms = request->session->config->cancel_wait_ms;
  return wait_ms < request->timeout_ms ? wait_ms : request->timeout_ms;
}

static void set_timed_out(scu__request *request, bool has_agreed, scu_error *error) {
  char asked[96] = "";
  if (has_agreed)
    snprintf(asked, sizeof asked, "; asked to cancel, the peer did");
  else if (request->has_timed_out)
    snprintf(asked, sizeof asked, "; asked to cancel, the peer did not answer for another %llu ms",
             (unsigned long long)cancel_wait_ms(request));
  const char *message = request->exchange ? request->exchange->class_->name : "";
  scu_option option = request->timeout_option ? request->timeout_option : SCU_OPTION_TIMEOUT_RESPONSE;
  scu__no_response(error, request->session, message, request->timeout_ms, option, asked);
}

static void exchange_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  scu__request *request = owner;
  if (event->kind != SCU__EXCHANGE_FINAL) {
    if (!request->has_timed_out) scu__request_touch(request);
    request->event(request->owner, event);
    return;
  }
  bool has_timed_out = request->has_timed_out;
  scu_error error;
  if (has_timed_out) set_timed_out(request, true, &error);
  end(request);
  if (!request->keeps_lease || has_timed_out) scu__lease_return(&request->lease);
  if (has_timed_out)
    request->failed(request->owner, &error);
  else
    request->event(request->owner, event);
}

static void lease_ready(void *owner, scu__link *link) {
  scu__request *request = owner;
  scu_error error;
  scu__error_clear(&error);
  const scu__accepted_context *context = find_context(request, scu__link_negotiated(link));
  uint16_t message_id = scu__link_next_message_id(link);
  scu__link_explain(link, SCU_OK, NULL); /* of a message that nobody asked about */
  scu_result result = request->make(request->owner, link, context, message_id, &request->exchange, &error);
  if (result != SCU_OK) {
    scu__link_explain(link, result, &error);
    scu__error_set(&error, result, SCU_PHASE_REQUEST, "the request could not be made");
    end(request);
    scu__lease_return(&request->lease);
    request->failed(request->owner, &error);
    return;
  }
  request->exchange->owner = request;
  request->exchange->on_event = exchange_event;
  request->sent_ms = scu__loop_now(request->session->loop);
  scu__request_touch(request);
  scu__link_start(link, request->exchange);
}

static scu__exchange *lease_request(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                                    scu__exchange_event *event, uint16_t *status) {
  scu__request *request = owner;
  if (!request->serve) return NULL;
  return request->serve(request->owner, link, context_id, command, event, status);
}

static void watch_silence(scu__request *request, uint64_t now_ms) {
  scu__timer_set(request->session->loop, &request->timer,
                 scu__silence_next_look(&request->silence, request->timeout_ms, now_ms));
}

/* Of the request alone: a peer that says anything else all the time does not answer it. */
static uint64_t life_of(const scu__request *request) {
  const scu__link *link = scu__lease_link(&request->lease);
  return link && request->exchange ? scu__link_life(link, request->exchange) : 0;
}

/* A hook takes its time: the whole wait begins again. */
static void wait_again(scu__request *request, uint64_t now_ms) {
  if (request->is_cancelled || request->has_timed_out)
    scu__timer_set(request->session->loop, &request->timer, now_ms + cancel_wait_ms(request));
  else
    scu__request_touch(request);
}

/* What moves for the request keeps it alive. The first expiry asks it to stop, where that exists; the second ends it.
 */
static void timer_expired(scu__timer *self, uint64_t now_ms) {
  scu__request *request = (scu__request *)((char *)self - offsetof(scu__request, timer));
  scu__link *link = scu__lease_link(&request->lease);
  if ((link && scu__link_is_calling(link)) || (request->is_held && request->is_held(request->owner))) {
    wait_again(request, now_ms);
    return;
  }
  bool is_alive = scu__silence_is_broken(&request->silence, life_of(request), now_ms);
  if (request->is_alive && request->is_alive(request->owner)) is_alive = true;
  if (is_alive && !request->has_timed_out && !request->is_cancelled) {
    scu__request_touch(request);
    return;
  }
  bool is_waiting = !request->has_timed_out && !request->is_cancelled;
  if (is_waiting && !scu__silence_has_lasted(&request->silence, request->timeout_ms, now_ms)) {
    watch_silence(request, now_ms);
    return;
  }
  scu_error error;
  if (request->is_cancelled && !request->has_timed_out) {
    scu__error_clear(&error);
    scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_RESPONSE,
                   "cancelled; the peer did not end the operation in time, so the association was aborted");
    fail(request, &error);
    return;
  }
  bool can_ask = !request->has_timed_out && request->exchange && request->exchange->class_->can_cancel && link;
  if (can_ask && scu__exchange_cancel(request->exchange) == SCU_OK) {
    request->has_timed_out = true;
    scu__timer_set(request->session->loop, self, now_ms + cancel_wait_ms(request));
    scu__link_pump(link);
    return;
  }
  set_timed_out(request, false, &error);
  fail(request, &error);
}

void scu__request_start(scu__request *request, scu_session *session) {
  request->session = session;
  request->exchange = NULL;
  request->is_running = true;
  request->is_cancelled = request->has_timed_out = request->is_paused = false;
  request->timer.expired = timer_expired;
  request->lease = (scu__lease){
      .owner = request,
      .fits = lease_fits,
      .propose = lease_propose,
      .ready = lease_ready,
      .lost = lease_lost,
      .request = lease_request,
      .is_held = lease_is_held,
  };
  scu__lease_acquire(&request->lease, session);
}

void scu__request_cancel(scu__request *request) {
  if (!request->is_running || request->is_cancelled) return;
  request->is_cancelled = true;
  scu__link *link = scu__lease_link(&request->lease);
  if (request->exchange && link && request->exchange->class_->can_cancel &&
      scu__exchange_cancel(request->exchange) == SCU_OK) {
    scu__link_pause(link, false);
    scu__timer_set(request->session->loop, &request->timer,
                   scu__loop_now(request->session->loop) + request->session->config->cancel_wait_ms);
    scu__link_pump(link);
    return;
  }
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_REQUEST, "cancelled by the caller");
  fail(request, &error);
}

void scu__request_touch(scu__request *request) {
  if (!request->is_running || request->is_cancelled || request->has_timed_out || request->is_paused) return;
  uint64_t now = scu__loop_now(request->session->loop);
  scu__silence_break(&request->silence, life_of(request), now);
  watch_silence(request, now);
}

/* While we do not listen, silence is no sign of anything. Cancel and time-out are not paused. */
void scu__request_pause(scu__request *request, bool is_paused) {
  scu__link *link = scu__lease_link(&request->lease);
  if (!request->is_running || !link || request->is_cancelled || request->has_timed_out) return;
  request->is_paused = is_paused;
  scu__link_pause(link, is_paused);
  if (is_paused)
    scu__timer_stop(request->session->loop, &request->timer);
  else
    scu__request_touch(request);
}

void scu__request_stop(scu__request *request) {
  if (!request->is_running) return;
  scu__link *link = scu__lease_link(&request->lease);
  if (request->exchange && link) scu__link_drop(link, request->exchange);
  end(request);
  scu__lease_abort(&request->lease);
}
