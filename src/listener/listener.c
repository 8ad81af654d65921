/* The storage listener: a server whose guests may store.
 *
 * The policy is RULES 24 and 25: any abstract syntax that is not known to be something else than storage
 * is taken, in any transfer syntax; who may call is a list of AE titles. */
#include "listener/listener.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/versioned.h"
#include "config/options.h"
#include "data/sop_class.h"
#include "listener/incoming.h"
#include "listener/server.h"
#include "listener/sink.h"

enum { STOP_WAIT_MS = 10 * 1000, STOP_STEP_MS = 100, OUTCOMES = SCU_OUTCOME_SKIPPED + 1 };

struct scu_listener {
  const scu_allocator *allocator;
  scu_loop *loop;
  bool owns_loop;
  scu__server *server;
  scu__ae ae;
  char implementation_uid[65], implementation_version[17];
  scu__ae *accept_from;
  size_t accept_from_count;
  const scu__trace *trace;
  scu_sink *sink;
  const scu__listener_handler *handler;
  void *owner;
  scu_hooks hooks;
  scu__trace own_trace; /* from the hooks */
  scu__acceptor_policy policy;
  scu__tick tick;
  scu__timer stop_timer;    /* the end of patience, whoever steps the loop */
  atomic_int stop_requests; /* scu_listener_stop */
  bool is_stopping;
  uint64_t counts[OUTCOMES], bytes;
  uint64_t life_before; /* of associations that have ended */
  unsigned dispatching; /* depth of calls that need the listener after a hook, which may step the loop and free it */
  bool is_freed;
  scu_error error;
};

static void leave(scu_listener *listener) {
  if (--listener->dispatching == 0 && listener->is_freed) scu_listener_free(listener);
}

/* What a guest has with us: guest->state. */
typedef struct sender {
  scu_listener *listener;
  scu__receiver receiver;
} sender;

/* --- policy ------------------------------------------------------------------------------------------------------- */

static bool is_calling_ae_accepted(void *user, const scu__ae *calling) {
  const scu_listener *listener = user;
  if (listener->accept_from_count == 0) return true;
  for (size_t i = 0; i < listener->accept_from_count; i++)
    if (strcmp(listener->accept_from[i].text, calling->text) == 0) return true;
  return false;
}

static bool is_abstract_syntax_supported(void *user, const scu__uid *abstract_syntax) {
  (void)user;
  return strcmp(abstract_syntax->text, SCU__UID_VERIFICATION) == 0 ||
         scu__sop_class_may_be_storage(abstract_syntax->text);
}

static void make_policy(scu_listener *listener, const scu__listener_options *options) {
  listener->policy = (scu__acceptor_policy){
      .our_ae = listener->ae.text,
      .check_called_ae = options->check_called_ae,
      .is_calling_ae_accepted = is_calling_ae_accepted,
      .is_abstract_syntax_supported = is_abstract_syntax_supported,
      .max_pdu_length = options->max_pdu_length,
      .window_limit = SCU__WINDOW_MAX,
      .implementation_class_uid = listener->implementation_uid,
      .implementation_version_name = listener->implementation_version,
      .user = listener,
  };
}

/* --- server handler ----------------------------------------------------------------------------------------------- */

static void instance_done(void *owner, const scu_instance_outcome *outcome) {
  scu_listener *listener = ((sender *)owner)->listener;
  listener->dispatching++;
  listener->counts[outcome->outcome]++;
  if (outcome->outcome != SCU_OUTCOME_FAILED) listener->bytes += outcome->bytes;
  if (listener->handler && listener->handler->instance) listener->handler->instance(listener->owner, outcome);
  if (listener->hooks.instance) listener->hooks.instance(listener->hooks.user, outcome);
  leave(listener);
}

static void judge(void *owner, scu__judged when, scu_received *received) {
  scu_listener *listener = ((sender *)owner)->listener;
  listener->dispatching++;
  if (listener->handler && listener->handler->judge)
    listener->handler->judge(listener->owner, when, received);
  else
    scu__hooks_judge(&listener->hooks, when, received);
  leave(listener);
}

static bool guest_arrived(void *owner, scu__guest *guest) {
  scu_listener *listener = owner;
  sender *s = scu__alloc(listener->allocator, sizeof *s);
  if (!s) return false;
  s->listener = listener;
  s->receiver = (scu__receiver){.loop = listener->loop,
                                .link = guest->link,
                                .sink = listener->sink,
                                .done = instance_done,
                                .owner = s,
                                .judge = judge};
  guest->state = s;
  return true;
}

static const scu__acceptor_policy *guest_policy(void *owner, scu__guest *guest, const scu__associate *rq,
                                                scu__reject *reject) {
  scu_listener *listener = owner;
  (void)reject;
  if (!is_calling_ae_accepted(listener, &rq->calling)) {
    const char *peer = scu__link_peer_text(guest->link);
    listener->dispatching++;
    scu__trace_line(listener->trace, SCU__LEVEL_WARNING, scu__link_association(guest->link),
                    "rejected %s from %s: not on the list of accepted AE titles", rq->calling.text, peer);
    if (listener->handler && listener->handler->knocked)
      listener->handler->knocked(listener->owner, rq->calling.text, peer);
    bool is_freed = listener->is_freed;
    leave(listener);
    if (is_freed) return NULL;
  }
  return &listener->policy;
}

static scu__exchange *guest_request(void *owner, scu__guest *guest, uint8_t context_id, const scu__command *command,
                                    scu__exchange_event *event, uint16_t *status) {
  (void)owner;
  if (command->field != SCU__C_STORE_RQ) return NULL;
  return scu__receiver_take(&((sender *)guest->state)->receiver, context_id, command, event, status);
}

static bool guest_is_busy(void *owner, const scu__guest *guest) {
  (void)owner;
  return scu__receiver_is_busy(&((const sender *)guest->state)->receiver);
}

static void guest_left(void *owner, scu__guest *guest, const scu_error *error) {
  scu_listener *listener = owner;
  (void)error;
  sender *s = guest->state;
  listener->dispatching++;
  listener->life_before += s->receiver.life;
  scu__receiver_end(&s->receiver, "the association ended before the instance was complete");
  scu__free(listener->allocator, s);
  if (listener->handler && listener->handler->left) listener->handler->left(listener->owner);
  leave(listener);
}

static const scu__server_handler server_handler = {
    .arrived = guest_arrived,
    .policy = guest_policy,
    .request = guest_request,
    .is_busy = guest_is_busy,
    .left = guest_left,
};

/* --- inside interface --------------------------------------------------------------------------------------------- */

static void stop_time_is_up(scu__timer *self, uint64_t now_ms) {
  (void)now_ms;
  scu_listener *listener = (scu_listener *)((char *)self - offsetof(scu_listener, stop_timer));
  scu__server_check_stop(listener->server);
}

static void check_requests(scu__tick *self) {
  scu_listener *listener = (scu_listener *)((char *)self - offsetof(scu_listener, tick));
  int requests = atomic_load(&listener->stop_requests);
  if (requests == 0 || !listener->server) return;
  uint64_t now = scu__loop_now(listener->loop);
  if (!listener->is_stopping) {
    listener->is_stopping = true;
    scu__server_stop(listener->server, now + STOP_WAIT_MS);
    scu__timer_set(listener->loop, &listener->stop_timer, now + STOP_WAIT_MS);
  }
  if (requests > 1) scu__server_stop(listener->server, now);
  scu__server_check_stop(listener->server);
}

static scu_result copy_options(scu_listener *listener, const scu__listener_options *options) {
  listener->ae = options->ae;
  listener->trace = options->trace;
  snprintf(listener->implementation_uid, sizeof listener->implementation_uid, "%s", options->implementation_class_uid);
  snprintf(listener->implementation_version, sizeof listener->implementation_version, "%s",
           options->implementation_version_name);
  if (options->accept_from_count == 0) return SCU_OK;
  listener->accept_from =
      scu__alloc_array(listener->allocator, options->accept_from_count, sizeof *listener->accept_from);
  if (!listener->accept_from) return SCU_ERROR_MEMORY;
  memcpy(listener->accept_from, options->accept_from, options->accept_from_count * sizeof *listener->accept_from);
  listener->accept_from_count = options->accept_from_count;
  return SCU_OK;
}

static scu_result allocate(scu_loop *loop, const scu_allocator *allocator, scu_listener **out) {
  scu_listener *listener = scu__alloc(allocator, sizeof *listener);
  *out = listener;
  if (!listener) return SCU_ERROR_MEMORY;
  listener->allocator = allocator;
  listener->tick.check = check_requests;
  listener->stop_timer.expired = stop_time_is_up;
  scu__error_clear(&listener->error);
  if (!loop) {
    scu_result result = scu_loop_new(allocator, &loop);
    if (result != SCU_OK) return scu__error_set(&listener->error, result, SCU_PHASE_LISTEN, "no event loop");
    listener->owns_loop = true;
  }
  listener->loop = loop;
  scu__tick_add(loop, &listener->tick);
  return SCU_OK;
}

static scu_result start(scu_listener *listener, const scu__listener_options *options, scu_sink *sink) {
  if (scu__sink_check(sink, &listener->error) != SCU_OK) return SCU_ERROR_USAGE;
  listener->sink = sink;
  if (copy_options(listener, options) != SCU_OK) return scu__error_memory(&listener->error, SCU_PHASE_LISTEN);
  make_policy(listener, options);
  scu__server_options server_options = {
      .address = options->address,
      .port = options->port,
      .max_pdu_length = options->max_pdu_length,
      .max_associations = options->max_associations,
      .timeout_associate_ms = options->timeout_associate_ms,
      .timeout_idle_ms = options->timeout_idle_ms,
      .timeout_release_ms = options->timeout_release_ms,
      .trace = options->trace,
      .observer = options->observer,
  };
  return scu__server_new(listener->loop, &server_options, &server_handler, listener, &listener->server,
                         &listener->error);
}

scu_result scu__listener_new(scu_loop *loop, const scu__listener_options *options, scu_sink *sink,
                             const scu__listener_handler *handler, void *owner, scu_listener **out, scu_error *error) {
  scu_result result = allocate(loop, scu__loop_allocator(loop), out);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_LISTEN);
  (*out)->handler = handler;
  (*out)->owner = owner;
  result = start(*out, options, sink);
  if (result == SCU_OK) return SCU_OK;
  scu__error_copy(error, &(*out)->error);
  scu_listener_free(*out);
  *out = NULL;
  return result;
}

size_t scu__listener_association_count(const scu_listener *listener) {
  return scu__server_guest_count(listener->server);
}
uint64_t scu__listener_life(const scu_listener *listener) {
  uint64_t life = listener->life_before;
  for (const scu__guest *guest = scu__server_first_guest(listener->server); guest; guest = guest->next)
    life += ((const sender *)guest->state)->receiver.life;
  return life;
}

bool scu__listener_is_keeping(const scu_listener *listener) {
  for (const scu__guest *guest = scu__server_first_guest(listener->server); guest; guest = guest->next)
    if (scu__receiver_is_keeping(&((const sender *)guest->state)->receiver)) return true;
  return false;
}

bool scu__listener_is_busy(const scu_listener *listener) {
  for (const scu__guest *guest = scu__server_first_guest(listener->server); guest; guest = guest->next)
    if (guest_is_busy(NULL, guest)) return true;
  return false;
}

/* --- public ------------------------------------------------------------------------------------------------------- */

static void log_line(void *user, scu__trace_level level, uint32_t association, const char *text) {
  scu_listener *listener = user;
  scu__loop_hold(listener->loop);
  if (listener->hooks.log) listener->hooks.log(listener->hooks.user, (int)level, association, text);
  scu__loop_let_go(listener->loop);
}

static scu_result start_from_config(scu_listener *listener, const scu__config *config, scu_sink *sink) {
  memcpy(listener->own_trace.taps, config->taps, sizeof listener->own_trace.taps);
  listener->own_trace.scribe = config->scribe;
  scu__listener_options options = {
      .ae = config->calling_ae,
      .address = config->listen_address,
      .port = config->listen_port,
      .accept_from = config->accept_from,
      .accept_from_count = config->accept_from_count,
      .check_called_ae = config->check_called_ae,
      .max_pdu_length = config->max_pdu,
      .max_associations = config->listen_max_associations,
      .timeout_associate_ms = config->timeout_associate_ms,
      .timeout_idle_ms = config->timeout_idle_ms,
      .timeout_release_ms = config->timeout_release_ms,
      .implementation_class_uid = config->implementation_uid.text,
      .implementation_version_name = config->implementation_version,
      .trace = &listener->own_trace,
  };
  return start(listener, &options, sink);
}

scu_result scu_listener_new(scu_loop *loop, scu_listener **out, const scu_options *options, scu_sink *sink) {
  const scu_allocator *allocator = loop ? scu__loop_allocator(loop) : scu__options_allocator(options);
  scu_result result = allocate(loop, allocator, out);
  if (result != SCU_OK) return result;
  scu_listener *listener = *out;
  listener->own_trace = (scu__trace){.level = SCU__LEVEL_DEBUG, .line = log_line, .user = listener};
  scu__config *config = scu__alloc(allocator, sizeof *config);
  if (!config) return scu__error_memory(&listener->error, SCU_PHASE_LISTEN);
  result = scu__options_resolve(options, config, &listener->error);
  if (result == SCU_OK) result = start_from_config(listener, config, sink);
  scu__free(allocator, config);
  return result;
}

void scu_listener_free(scu_listener *listener) {
  if (!listener) return;
  listener->is_freed = true;
  if (listener->dispatching > 0) return;
  listener->dispatching++; /* what is lost now is told, too */
  if (listener->loop) {
    scu__tick_remove(listener->loop, &listener->tick);
    scu__timer_stop(listener->loop, &listener->stop_timer);
  }
  scu__server_free(listener->server);
  if (listener->owns_loop) scu_loop_free(listener->loop);
  scu__free(listener->allocator, listener->accept_from);
  scu__free(listener->allocator, listener);
}

const scu_error *scu_listener_error(const scu_listener *listener) {
  return listener ? &listener->error : NULL;
}

scu_result scu_listener_set_hooks(scu_listener *listener, const scu_hooks *hooks) {
  if (!hooks) {
    memset(&listener->hooks, 0, sizeof listener->hooks);
    return SCU_OK;
  }
  return scu__versioned_copy(&listener->hooks, sizeof listener->hooks, hooks, SCU__SIZE_THROUGH(scu_hooks, user));
}

const char *scu_listener_address(const scu_listener *listener) {
  return listener->server ? scu__server_address(listener->server) : "";
}
int scu_listener_port(const scu_listener *listener) {
  return listener->server ? scu__server_port(listener->server) : 0;
}
const char *scu_listener_ae(const scu_listener *listener) {
  return listener->ae.text;
}

scu_result scu_listener_run(scu_listener *listener) {
  if (!listener->server) return listener->error.result;
  scu_result result = SCU_OK;
  listener->dispatching++;
  while (result == SCU_OK && !listener->is_freed && !scu__server_is_stopped(listener->server))
    result = scu_loop_wait(listener->loop, listener->is_stopping ? STOP_STEP_MS : -1);
  if (result != SCU_OK) scu__error_set(&listener->error, result, SCU_PHASE_LISTEN, "the event loop failed");
  leave(listener);
  return result;
}

bool scu_listener_is_stopped(const scu_listener *listener) {
  return !listener->server || scu__server_is_stopped(listener->server);
}

void scu_listener_stop(scu_listener *listener) {
  atomic_fetch_add(&listener->stop_requests, 1);
  if (listener->loop) scu_loop_wake(listener->loop);
}

uint64_t scu_listener_count(const scu_listener *listener, scu_outcome outcome) {
  return (size_t)outcome < OUTCOMES ? listener->counts[outcome] : 0;
}
uint64_t scu_listener_bytes(const scu_listener *listener) {
  return listener->bytes;
}
