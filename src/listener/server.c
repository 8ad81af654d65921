/* The server: one socket that listens, a list of guests. */
#include "listener/server.h"

#include <string.h>

#include "base/alloc.h"

enum {
  ACCEPTS_PER_READY = 16,
  ACCEPT_PAUSE_MS = 100 /* when we are out of descriptors: the connection waits in the kernel, and so do we */
};

struct scu__server {
  const scu_allocator *allocator;
  scu_loop *loop;
  scu__server_options options;
  const scu__server_handler *handler;
  void *owner;

  int fd;
  scu__watch watch;
  scu__timer pause; /* accepting goes on when it expires */
  char address[SCU__ADDRESS_TEXT_MAX];
  uint16_t port;

  scu__guest *guests;
  size_t association_count; /* guests that have one: strangers who only connect take nobody's place */
  uint32_t last_association;
  bool is_stopping;
  uint64_t stop_deadline_ms;
  unsigned dispatching; /* depth of calls that still need the server when the owner returns, who may free it */
  bool is_freed;
};

static void leave(scu__server *server) {
  if (--server->dispatching == 0 && server->is_freed) scu__free(server->allocator, server);
}

/* --- guests ------------------------------------------------------------------------------------------------------- */

static void guest_free(scu__guest *guest, const scu_error *error) {
  scu__server *server = guest->server;
  for (scu__guest **at = &server->guests; *at; at = &(*at)->next) {
    if (*at != guest) continue;
    *at = guest->next;
    if (guest->is_associated) server->association_count--;
    break;
  }
  scu__timer_stop(server->loop, &guest->idle);
  static const scu__link_handler nobody = {0};
  scu__link_set_owner(guest->link, &nobody, NULL); /* its end may come while the owner is told of this one */
  server->dispatching++;
  server->handler->left(server->owner, guest, error);
  scu__link_free(guest->link);
  scu__free(server->allocator, guest);
  leave(server);
}

static bool is_busy(const scu__guest *guest) {
  const scu__server *server = guest->server;
  return server->handler->is_busy && server->handler->is_busy(server->owner, guest);
}

static void watch_idle(scu__guest *guest, uint64_t now_ms) {
  uint64_t idle_ms = guest->server->options.timeout_idle_ms;
  scu__timer_set(guest->server->loop, &guest->idle, scu__silence_next_look(&guest->silence, idle_ms, now_ms));
}

/* Nothing is expected of it: we are at work, and it has its answers so far. */
static bool is_silence_ours(const scu__guest *guest) {
  if (scu__link_is_calling(guest->link)) return true;
  return is_busy(guest) && !scu__link_is_receiving(guest->link) && !scu__link_is_blocked(guest->link);
}

static void guest_idle(scu__timer *self, uint64_t now_ms) {
  scu__guest *guest = (scu__guest *)((char *)self - offsetof(scu__guest, idle));
  uint64_t idle_ms = guest->server->options.timeout_idle_ms;
  uint64_t life = scu__link_moved(guest->link);
  if (is_silence_ours(guest)) scu__silence_break(&guest->silence, life, now_ms);
  if (scu__silence_is_broken(&guest->silence, life, now_ms) ||
      !scu__silence_has_lasted(&guest->silence, idle_ms, now_ms)) {
    watch_idle(guest, now_ms);
    return;
  }
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_TIMEOUT, SCU_PHASE_LISTEN, "nothing %s for %llu ms",
                 scu__link_is_blocked(guest->link) ? "of our answers was read" : "came", (unsigned long long)idle_ms);
  scu__link_abort(guest->link, &error);
}

static const scu__acceptor_policy *link_indication(void *owner, scu__link *link, const scu__associate *rq,
                                                   scu__reject *reject) {
  scu__guest *guest = owner;
  scu__server *server = guest->server;
  (void)link;
  if (server->is_stopping || server->association_count >= server->options.max_associations) {
    *reject = (scu__reject){.result = 2, .source = 3, .reason = 2}; /* transient, local limit exceeded */
    return NULL;
  }
  return server->handler->policy(server->owner, guest, rq, reject);
}

static void link_opened(void *owner, scu__link *link) {
  scu__guest *guest = owner;
  const scu__negotiated *negotiated = scu__link_negotiated(link);
  guest->is_associated = true;
  guest->server->association_count++;
  scu__trace_to_hook(guest->server->options.trace, SCU__LEVEL_INFO, scu__link_association(link),
                     "association with %s (%s), %zu presentation contexts", negotiated->calling.text,
                     scu__link_peer_text(link), negotiated->count);
  if (guest->server->handler->opened) guest->server->handler->opened(guest->server->owner, guest);
}

/* When we are about to go: what has begun is finished, and nothing else is begun. */
static uint16_t status_of_leaving(uint16_t field) {
  bool is_n_service = field >= SCU__N_EVENT_REPORT_RQ && field <= SCU__N_DELETE_RQ;
  return is_n_service ? SCU__STATUS_RESOURCE_LIMIT : SCU__STATUS_OUT_OF_RESOURCES;
}

static scu__exchange *link_request(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                                   scu__exchange_event *event, uint16_t *status) {
  scu__guest *guest = owner;
  scu__server *server = guest->server;
  if (server->handler->admits && !server->handler->admits(server->owner, guest, command, status)) return NULL;
  if (command->field != SCU__C_ECHO_RQ && server->is_stopping) {
    *status = status_of_leaving(command->field);
    return NULL;
  }
  if (command->field != SCU__C_ECHO_RQ)
    return server->handler->request(server->owner, guest, context_id, command, event, status);
  scu__exchange *exchange = NULL;
  if (scu__echo_provider_new(server->allocator, scu__link_outbox(link), context_id, command, &exchange, event) !=
      SCU_OK)
    *status = SCU__STATUS_RESOURCE_LIMIT;
  return exchange;
}

static void link_drained(void *owner, scu__link *link) {
  scu__guest *guest = owner;
  (void)link;
  if (guest->server->handler->drained) guest->server->handler->drained(guest->server->owner, guest);
}

static void link_releasing(void *owner, scu__link *link) {
  scu__guest *guest = owner;
  (void)link;
  if (guest->server->handler->releasing) guest->server->handler->releasing(guest->server->owner, guest);
}

static void link_closed(void *owner, scu__link *link, const scu_error *error) {
  scu__guest *guest = owner;
  scu__server *server = guest->server;
  if (error)
    scu__trace_to_hook(server->options.trace, SCU__LEVEL_WARNING, scu__link_association(link),
                       "association with %s ended: %s", scu__link_peer_text(link), error->reason);
  server->dispatching++;
  guest_free(guest, error);
  if (!server->is_freed) scu__server_check_stop(server);
  leave(server);
}

static const scu__link_handler link_handler = {
    .indication = link_indication,
    .opened = link_opened,
    .request = link_request,
    .drained = link_drained,
    .releasing = link_releasing,
    .closed = link_closed,
};

/* --- accepting ---------------------------------------------------------------------------------------------------- */

static scu_result make_link(scu__server *server, scu__guest *guest, int fd, const scu__address *peer) {
  char text[SCU__ADDRESS_TEXT_MAX];
  scu__link_options options = {
      .handler = &link_handler,
      .owner = guest,
      .max_pdu_length = server->options.max_pdu_length,
      .associate_timeout_ms = (uint32_t)server->options.timeout_associate_ms,
      .release_timeout_ms = (uint32_t)server->options.timeout_release_ms,
      .peer_text = scu__address_text(peer, text),
      .trace = server->options.trace,
      .association = scu__trace_number(server->options.trace, &server->last_association),
      .observer = server->options.observer,
  };
  return scu__link_accept(server->loop, &options, fd, &guest->link);
}

static void admit(scu__server *server, int fd, const scu__address *peer) {
  scu__guest *guest = scu__alloc(server->allocator, sizeof *guest);
  if (!guest) {
    scu__socket_close(fd);
    return;
  }
  guest->server = server;
  guest->idle.expired = guest_idle;
  if (make_link(server, guest, fd, peer) != SCU_OK) {
    scu__free(server->allocator, guest);
    return;
  }
  if (!server->handler->arrived(server->owner, guest)) {
    scu__link_free(guest->link);
    scu__free(server->allocator, guest);
    return;
  }
  guest->next = server->guests;
  server->guests = guest;
  uint64_t now = scu__loop_now(server->loop);
  scu__silence_break(&guest->silence, 0, now);
  watch_idle(guest, now);
}

static void listen_ready(scu__watch *self, unsigned ready) {
  (void)ready;
  scu__server *server = (scu__server *)((char *)self - offsetof(scu__server, watch));
  for (int i = 0; i < ACCEPTS_PER_READY && server->fd >= 0; i++) {
    int fd = -1;
    scu__address peer;
    scu_error error;
    scu__error_clear(&error);
    scu_result result = scu__socket_accept(server->fd, &fd, &peer, &error);
    if (result == SCU_PENDING) return;
    if (result != SCU_OK) {
      scu__trace_line(server->options.trace, SCU__LEVEL_WARNING, 0, "a connection was not accepted: %s", error.reason);
      scu__watch_set(server->loop, &server->watch, server->fd, 0, NULL);
      scu__timer_set(server->loop, &server->pause, scu__loop_now(server->loop) + ACCEPT_PAUSE_MS);
      return;
    }
    admit(server, fd, &peer);
  }
}

static void pause_expired(scu__timer *self, uint64_t now_ms) {
  (void)now_ms;
  scu__server *server = (scu__server *)((char *)self - offsetof(scu__server, pause));
  if (server->fd >= 0) scu__watch_set(server->loop, &server->watch, server->fd, SCU__POLL_READ, NULL);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static scu_result open_socket(scu__server *server, scu_error *error) {
  scu__address actual;
  scu_result result = scu__socket_listen(server->options.address, server->options.port, &server->fd, &actual, error);
  if (result != SCU_OK) return result;
  server->port = scu__address_port(&actual);
  scu__address_text(&actual, server->address);
  return scu__watch_set(server->loop, &server->watch, server->fd, SCU__POLL_READ, error);
}

scu_result scu__server_new(scu_loop *loop, const scu__server_options *options, const scu__server_handler *handler,
                           void *owner, scu__server **out, scu_error *error) {
  *out = NULL;
  const scu_allocator *allocator = scu__loop_allocator(loop);
  scu__server *server = scu__alloc(allocator, sizeof *server);
  if (!server) return scu__error_memory(error, SCU_PHASE_LISTEN);
  server->allocator = allocator;
  server->loop = loop;
  server->options = *options;
  server->handler = handler;
  server->owner = owner;
  server->fd = -1;
  server->watch.ready = listen_ready;
  server->pause.expired = pause_expired;
  scu_result result = open_socket(server, error);
  server->options.address = NULL; /* borrowed for the call only */
  if (result != SCU_OK) {
    scu__server_free(server);
    return result;
  }
  *out = server;
  return SCU_OK;
}

static void stop_accepting(scu__server *server) {
  if (server->fd < 0) return;
  scu__timer_stop(server->loop, &server->pause);
  scu__watch_remove(server->loop, &server->watch);
  scu__socket_close(server->fd);
  server->fd = -1;
}

void scu__server_free(scu__server *server) {
  if (!server) return;
  server->dispatching++;
  server->is_freed = true;
  stop_accepting(server);
  while (server->guests) {
    scu__link_abort(server->guests->link, NULL);
    guest_free(server->guests, NULL);
  }
  leave(server);
}

const char *scu__server_address(const scu__server *server) {
  return server->address;
}
uint16_t scu__server_port(const scu__server *server) {
  return server->port;
}
size_t scu__server_guest_count(const scu__server *server) {
  return server->association_count;
}
scu__guest *scu__server_first_guest(const scu__server *server) {
  return server->guests;
}

void scu__server_stop(scu__server *server, uint64_t deadline_ms) {
  server->is_stopping = true;
  server->stop_deadline_ms = deadline_ms;
  stop_accepting(server);
  scu__server_check_stop(server);
}

void scu__server_check_stop(scu__server *server) {
  if (!server->is_stopping) return;
  bool is_late = scu__loop_now(server->loop) >= server->stop_deadline_ms;
  for (scu__guest *guest = server->guests; guest; guest = guest->next)
    if (is_late || !is_busy(guest)) scu__link_abort(guest->link, NULL);
}

bool scu__server_is_stopped(const scu__server *server) {
  return server->is_stopping && !server->guests;
}
