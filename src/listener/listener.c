/* The storage listener: accept, decide, serve C-ECHO and C-STORE. One guest per association; all on one loop.
 *
 * The policy is RULES 24 and 25 of the field: any abstract syntax that is not known to be something else than storage
 * is taken, in any transfer syntax; who may call is a list of AE titles. */
#include "listener/listener.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "config/options.h"
#include "data/sop_class.h"
#include "listener/incoming.h"

enum { STOP_WAIT_MS = 10 * 1000, OUTCOMES = SCU_OUTCOME_SKIPPED + 1 };

typedef struct guest guest;
struct guest {
  scu_listener *listener;
  guest *next;
  scu__link *link;
  scu__receiver receiver;
  scu__timer idle;
  uint64_t moved; /* link's count when the idle timer was set */
};

struct scu_listener {
  const scu_allocator *allocator;
  scu_loop *loop;
  bool owns_loop;
  scu__listener_options options;
  char implementation_uid[65], implementation_version[17];
  scu__ae *accept_from;
  scu_sink *sink;
  const scu__listener_handler *handler;
  void *owner;
  scu_hooks hooks;
  scu__trace trace; /* from the hooks */

  int fd;
  scu__watch watch;
  scu__tick tick;
  char address[SCU__ADDRESS_TEXT_MAX];
  uint16_t port;

  guest *guests;
  size_t guest_count;
  uint32_t last_association;
  scu__acceptor_policy policy;
  atomic_int stop_requests; /* scu_listener_stop */
  bool is_stopping, is_stopped;
  uint64_t stop_deadline_ms;
  uint64_t counts[OUTCOMES], bytes;
  uint64_t moved_before; /* by associations that have ended */
  scu_error error;
};

/* --- policy ------------------------------------------------------------------------------------------------------- */

static bool is_calling_ae_accepted(void *user, const scu__ae *calling) {
  const scu_listener *listener = user;
  if (listener->options.accept_from_count == 0) return true;
  for (size_t i = 0; i < listener->options.accept_from_count; i++)
    if (strcmp(listener->accept_from[i].text, calling->text) == 0) return true;
  return false;
}

static bool is_abstract_syntax_supported(void *user, const scu__uid *abstract_syntax) {
  (void)user;
  return strcmp(abstract_syntax->text, SCU__UID_VERIFICATION) == 0 ||
         scu__sop_class_may_be_storage(abstract_syntax->text);
}

static void make_policy(scu_listener *listener) {
  listener->policy = (scu__acceptor_policy){
      .our_ae = listener->options.ae.text,
      .is_calling_ae_accepted = is_calling_ae_accepted,
      .is_abstract_syntax_supported = is_abstract_syntax_supported,
      .max_pdu_length = listener->options.max_pdu_length,
      .implementation_class_uid = listener->implementation_uid,
      .implementation_version_name = listener->implementation_version[0] ? listener->implementation_version : NULL,
      .user = listener,
  };
}

/* --- guests ------------------------------------------------------------------------------------------------------- */

static void check_stop(scu_listener *listener);

static void guest_free(guest *g) {
  scu_listener *listener = g->listener;
  for (guest **at = &listener->guests; *at; at = &(*at)->next) {
    if (*at != g) continue;
    *at = g->next;
    listener->guest_count--;
    listener->moved_before += scu__link_moved(g->link);
    break;
  }
  scu__timer_stop(listener->loop, &g->idle);
  scu__receiver_end(&g->receiver, "the association ended before the instance was complete");
  scu__link_free(g->link);
  scu__free(listener->allocator, g);
}

static void guest_idle(scu__timer *self, uint64_t now_ms) {
  guest *g = (guest *)((char *)self - offsetof(guest, idle));
  uint64_t idle_ms = g->listener->options.timeout_idle_ms;
  bool is_alive = scu__link_moved(g->link) != g->moved;
  g->moved = scu__link_moved(g->link);
  /* While the sink makes things safe the silence is ours. */
  bool is_ours = scu__receiver_is_busy(&g->receiver) && !is_alive && scu__link_exchange_count(g->link) > 0;
  if (is_alive || (is_ours && !scu__link_is_receiving(g->link))) {
    scu__timer_set(g->listener->loop, self, now_ms + idle_ms);
    return;
  }
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_TIMEOUT, SCU_PHASE_LISTEN, "nothing came for %llu ms", (unsigned long long)idle_ms);
  scu__link_abort(g->link, &error);
}

static const scu__acceptor_policy *guest_indication(void *owner, scu__link *link, const scu__associate *rq,
                                                    scu__reject *reject) {
  guest *g = owner;
  scu_listener *listener = g->listener;
  if (listener->is_stopping || listener->guest_count > listener->options.max_associations) {
    *reject = (scu__reject){.result = 2, .source = 3, .reason = 2}; /* transient, local limit exceeded */
    return NULL;
  }
  if (!is_calling_ae_accepted(listener, &rq->calling)) {
    scu__trace_line(listener->options.trace, SCU__LEVEL_WARNING, scu__link_association(link),
                    "rejected %s from %s: not on the list of accepted AE titles", rq->calling.text,
                    scu__link_peer_text(link));
    if (listener->handler && listener->handler->knocked)
      listener->handler->knocked(listener->owner, rq->calling.text, scu__link_peer_text(link));
  }
  return &listener->policy;
}

static scu__exchange *guest_request(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                                    scu__exchange_event *event, uint16_t *status) {
  guest *g = owner;
  if (command->field == SCU__C_STORE_RQ) return scu__receiver_take(&g->receiver, context_id, command, event, status);
  if (command->field != SCU__C_ECHO_RQ) return NULL;
  scu__exchange *exchange = NULL;
  if (scu__echo_provider_new(g->listener->allocator, scu__link_outbox(link), context_id, command, &exchange, event) !=
      SCU_OK)
    *status = SCU__STATUS_RESOURCE_LIMIT;
  return exchange;
}

static void guest_closed(void *owner, scu__link *link, const scu_error *error) {
  guest *g = owner;
  scu_listener *listener = g->listener;
  if (error)
    scu__trace_line(listener->options.trace, SCU__LEVEL_WARNING, scu__link_association(link),
                    "association with %s ended: %s", scu__link_peer_text(link), error->reason);
  guest_free(g);
  check_stop(listener);
}

static void guest_opened(void *owner, scu__link *link) {
  guest *g = owner;
  const scu__negotiated *negotiated = scu__link_negotiated(link);
  scu__trace_line(g->listener->options.trace, SCU__LEVEL_INFO, scu__link_association(link),
                  "association with %s (%s), %zu presentation contexts", negotiated->calling.text,
                  scu__link_peer_text(link), negotiated->count);
}

static void instance_done(void *owner, const scu_instance_outcome *outcome) {
  guest *g = owner;
  scu_listener *listener = g->listener;
  listener->counts[outcome->outcome]++;
  if (outcome->outcome != SCU_OUTCOME_FAILED) listener->bytes += outcome->bytes;
  if (listener->handler && listener->handler->instance) listener->handler->instance(listener->owner, outcome);
  if (listener->hooks.instance) listener->hooks.instance(listener->hooks.user, outcome);
  if (listener->is_stopping) check_stop(listener);
}

static const scu__link_handler guest_handler = {
    .indication = guest_indication,
    .opened = guest_opened,
    .request = guest_request,
    .closed = guest_closed,
};

static void admit(scu_listener *listener, int fd, const scu__address *peer) {
  guest *g = scu__alloc(listener->allocator, sizeof *g);
  if (!g) {
    scu__socket_close(fd);
    return;
  }
  char text[SCU__ADDRESS_TEXT_MAX];
  g->listener = listener;
  g->idle.expired = guest_idle;
  scu__link_options options = {
      .handler = &guest_handler,
      .owner = g,
      .max_pdu_length = listener->options.max_pdu_length,
      .associate_timeout_ms = (uint32_t)listener->options.timeout_associate_ms,
      .release_timeout_ms = (uint32_t)listener->options.timeout_release_ms,
      .peer_text = scu__address_text(peer, text),
      .trace = listener->options.trace,
      .association = ++listener->last_association,
  };
  if (scu__link_accept(listener->loop, &options, fd, &g->link) != SCU_OK) {
    scu__free(listener->allocator, g);
    return;
  }
  g->receiver = (scu__receiver){
    .loop = listener->loop, .link = g->link, .sink = listener->sink, .done = instance_done, .owner = g};
  g->next = listener->guests;
  listener->guests = g;
  listener->guest_count++;
  scu__timer_set(listener->loop, &g->idle, scu__loop_now(listener->loop) + listener->options.timeout_idle_ms);
}

static void listen_ready(scu__watch *self, unsigned ready) {
  (void)ready;
  scu_listener *listener = (scu_listener *)((char *)self - offsetof(scu_listener, watch));
  for (int i = 0; i < 16 && listener->fd >= 0; i++) {
    int fd = -1;
    scu__address peer;
    scu_error error;
    scu__error_clear(&error);
    scu_result result = scu__socket_accept(listener->fd, &fd, &peer, &error);
    if (result == SCU_PENDING) return;
    if (result != SCU_OK) {
      scu__trace_line(listener->options.trace, SCU__LEVEL_WARNING, 0, "a connection was not accepted: %s",
                      error.reason);
      return;
    }
    admit(listener, fd, &peer);
  }
}

/* --- stopping ----------------------------------------------------------------------------------------------------- */

static void stop_accepting(scu_listener *listener) {
  if (listener->fd < 0) return;
  scu__watch_remove(listener->loop, &listener->watch);
  scu__socket_close(listener->fd);
  listener->fd = -1;
}

/* Idle guests go at once, busy ones when their instance is answered, all of them when time is up. */
static void check_stop(scu_listener *listener) {
  if (!listener->is_stopping) return;
  bool is_late = scu__loop_now(listener->loop) >= listener->stop_deadline_ms || listener->stop_requests > 1;
  for (guest *g = listener->guests; g; g = g->next)
    if (is_late || !scu__receiver_is_busy(&g->receiver)) scu__link_abort(g->link, NULL);
  if (!listener->guests) listener->is_stopped = true;
}

static void check_requests(scu__tick *self) {
  scu_listener *listener = (scu_listener *)((char *)self - offsetof(scu_listener, tick));
  if (listener->stop_requests == 0) return;
  if (!listener->is_stopping) {
    listener->is_stopping = true;
    listener->stop_deadline_ms = scu__loop_now(listener->loop) + STOP_WAIT_MS;
    stop_accepting(listener);
  }
  check_stop(listener);
}

/* --- inside interface --------------------------------------------------------------------------------------------- */

static scu_result open_socket(scu_listener *listener, scu_error *error) {
  scu__address actual;
  scu_result result =
      scu__socket_listen(listener->options.address, listener->options.port, &listener->fd, &actual, error);
  if (result != SCU_OK) return result;
  listener->port = scu__address_port(&actual);
  scu__address_text(&actual, listener->address);
  return scu__watch_set(listener->loop, &listener->watch, listener->fd, SCU__POLL_READ, error);
}

static scu_result copy_options(scu_listener *listener, const scu__listener_options *options) {
  listener->options = *options;
  snprintf(listener->implementation_uid, sizeof listener->implementation_uid, "%s", options->implementation_class_uid);
  snprintf(listener->implementation_version, sizeof listener->implementation_version, "%s",
           options->implementation_version_name);
  if (options->accept_from_count == 0) return SCU_OK;
  listener->accept_from =
      scu__alloc_array(listener->allocator, options->accept_from_count, sizeof *listener->accept_from);
  if (!listener->accept_from) return SCU_ERROR_MEMORY;
  memcpy(listener->accept_from, options->accept_from, options->accept_from_count * sizeof *listener->accept_from);
  return SCU_OK;
}

static scu_result allocate(scu_loop *loop, const scu_allocator *allocator, scu_listener **out) {
  scu_listener *listener = scu__alloc(allocator, sizeof *listener);
  *out = listener;
  if (!listener) return SCU_ERROR_MEMORY;
  listener->allocator = allocator;
  listener->fd = -1;
  listener->watch.ready = listen_ready;
  listener->tick.check = check_requests;
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
  listener->sink = sink;
  if (copy_options(listener, options) != SCU_OK) return scu__error_memory(&listener->error, SCU_PHASE_LISTEN);
  make_policy(listener);
  return open_socket(listener, &listener->error);
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
  return listener->guest_count;
}

uint64_t scu__listener_moved(const scu_listener *listener) {
  uint64_t moved = listener->moved_before;
  for (const guest *g = listener->guests; g; g = g->next) moved += scu__link_moved(g->link);
  return moved;
}

bool scu__listener_is_busy(const scu_listener *listener) {
  for (const guest *g = listener->guests; g; g = g->next)
    if (scu__receiver_is_busy(&g->receiver)) return true;
  return false;
}

/* --- public ------------------------------------------------------------------------------------------------------- */

static void log_line(void *user, scu__level level, uint32_t association, const char *text) {
  scu_listener *listener = user;
  if (listener->hooks.log) listener->hooks.log(listener->hooks.user, (int)level, association, text);
}

scu_result scu_listener_new(scu_loop *loop, scu_listener **out, const scu_options *options, scu_sink *sink) {
  const scu_allocator *allocator = loop ? scu__loop_allocator(loop) : scu__options_allocator(options);
  scu_result result = allocate(loop, allocator, out);
  if (result != SCU_OK) return result;
  scu_listener *listener = *out;
  listener->trace =
      (scu__trace){.size = sizeof listener->trace, .level = SCU__LEVEL_DEBUG, .line = log_line, .user = listener};
  scu__config *config = scu__alloc(allocator, sizeof *config);
  if (!config) return scu__error_memory(&listener->error, SCU_PHASE_LISTEN);
  result = scu__options_resolve(options, config, &listener->error);
  if (result == SCU_OK) {
    scu__listener_options own = {
        .ae = config->calling_ae,
        .address = config->listen_address,
        .port = config->listen_port,
        .accept_from = config->accept_from,
        .accept_from_count = config->accept_from_count,
        .max_pdu_length = config->max_pdu,
        .max_associations = config->listen_max_associations,
        .timeout_associate_ms = config->timeout_associate_ms,
        .timeout_idle_ms = config->timeout_idle_ms,
        .timeout_release_ms = config->timeout_release_ms,
        .implementation_class_uid = config->implementation_uid.text,
        .implementation_version_name = config->implementation_version,
        .trace = &listener->trace,
    };
    result = start(listener, &own, sink);
  }
  scu__free(allocator, config);
  return result;
}

void scu_listener_free(scu_listener *listener) {
  if (!listener) return;
  if (listener->loop) {
    scu__tick_remove(listener->loop, &listener->tick);
    stop_accepting(listener);
  }
  while (listener->guests) {
    scu__link_abort(listener->guests->link, NULL);
    guest_free(listener->guests);
  }
  if (listener->owns_loop) scu_loop_free(listener->loop);
  scu__free(listener->allocator, listener->accept_from);
  scu__free(listener->allocator, listener);
}

const scu_error *scu_listener_error(const scu_listener *listener) {
  return &listener->error;
}

scu_result scu_listener_set_hooks(scu_listener *listener, const scu_hooks *hooks) {
  listener->hooks = *hooks;
  return SCU_OK;
}

const char *scu_listener_address(const scu_listener *listener) {
  return listener->address;
}
int scu_listener_port(const scu_listener *listener) {
  return listener->port;
}
const char *scu_listener_ae(const scu_listener *listener) {
  return listener->options.ae.text;
}

scu_result scu_listener_run(scu_listener *listener) {
  while (!listener->is_stopped) {
    scu_result result = scu_loop_wait(listener->loop, listener->is_stopping ? 100 : -1);
    if (result != SCU_OK) return scu__error_set(&listener->error, result, SCU_PHASE_LISTEN, "the event loop failed");
  }
  return SCU_OK;
}

void scu_listener_stop(scu_listener *listener) {
  if (listener->stop_requests < 2) listener->stop_requests++;
  scu_loop_wake(listener->loop);
}

uint64_t scu_listener_count(const scu_listener *listener, scu_outcome outcome) {
  return (size_t)outcome < OUTCOMES ? listener->counts[outcome] : 0;
}
uint64_t scu_listener_bytes(const scu_listener *listener) {
  return listener->bytes;
}
