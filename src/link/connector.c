/* The connector: one look-up, then connection attempts that overlap when one is slow (RFC 8305 5: the next address is
 * tried when the one before has failed or has been silent for a while; the first that answers wins). */
#include "link/connector.h"

#include <string.h>

#include "base/alloc.h"

enum { ATTEMPT_DELAY_MS = 250 /* RFC 8305 5, recommended */ };

typedef struct attempt {
  scu__watch watch; /* first: the callback gets the attempt by it */
  scu__connector *connector;
  const scu__address *address;
  int fd; /* -1 = not running */
} attempt;

struct scu__connector {
  scu_loop *loop;
  scu__connected connected;
  void *user;
  char host[256], local_address[256];
  uint16_t port, local_port;
  scu__resolution *resolution;
  scu__address_list addresses;
  attempt attempts[SCU__ADDRESSES_MAX];
  size_t started, running;
  uint64_t deadline_ms, timeout_ms, dead_after_ms;
  scu__timer timer;
  scu__task task;
  int result_fd;
  scu_error error; /* of the first attempt that failed, or of the whole */
};

static void stop_attempt(attempt *a) {
  if (a->fd < 0) return;
  scu__watch_remove(a->connector->loop, &a->watch);
  scu__socket_close(a->fd);
  a->fd = -1;
  a->connector->running--;
}

static void stop_everything(scu__connector *c) {
  scu__resolution_free(c->resolution);
  c->resolution = NULL;
  for (size_t i = 0; i < c->started; i++) stop_attempt(&c->attempts[i]);
  scu__timer_stop(c->loop, &c->timer);
}

/* The answer goes out from a task, so that the caller never hears it from inside its own call. */
static void finish(scu__connector *c, int fd) {
  stop_everything(c);
  c->result_fd = fd;
  scu__task_queue(c->loop, &c->task);
}

static void report(scu__task *self) {
  scu__connector *c = (scu__connector *)((char *)self - offsetof(scu__connector, task));
  int fd = c->result_fd;
  c->result_fd = -1;
  c->connected(c->user, fd, &c->error);
}

static void start_next(scu__connector *c);

static void attempt_ready(scu__watch *self, unsigned ready) {
  (void)ready;
  attempt *a = (attempt *)self;
  scu__connector *c = a->connector;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__socket_connect_result(a->fd, a->address, &error);
  if (result == SCU_PENDING) return;
  if (result == SCU_OK) {
    int fd = a->fd;
    scu__watch_remove(c->loop, &a->watch);
    a->fd = -1;
    c->running--;
    finish(c, fd);
    return;
  }
  if (!scu__error_is_set(&c->error)) scu__error_copy(&c->error, &error);
  stop_attempt(a);
  start_next(c);
}

/* Starts the next address; ends the whole when there is none and nothing is running. */
static void start_next(scu__connector *c) {
  while (c->started < c->addresses.count) {
    attempt *a = &c->attempts[c->started];
    *a = (attempt){.watch = {.ready = attempt_ready}, .connector = c, .fd = -1};
    a->address = &c->addresses.list[c->started++];
    scu__socket_local local = {.address = c->local_address[0] ? c->local_address : NULL,
                               .port = c->local_port,
                               .dead_after_ms = c->dead_after_ms};
    scu_error error;
    scu__error_clear(&error);
    int fd = -1;
    scu_result result = scu__socket_connect_start(a->address, &local, &fd, &error);
    if (result == SCU_OK) {
      finish(c, fd);
      return;
    }
    if (result == SCU_PENDING) {
      a->fd = fd;
      c->running++;
      result = scu__watch_set(c->loop, &a->watch, fd, SCU__POLL_WRITE, &error);
      if (result == SCU_OK) {
        uint64_t next = scu__loop_now(c->loop) + ATTEMPT_DELAY_MS;
        bool is_last = c->started == c->addresses.count;
        scu__timer_set(c->loop, &c->timer, is_last || next > c->deadline_ms ? c->deadline_ms : next);
        return;
      }
      stop_attempt(a);
    }
    if (!scu__error_is_set(&c->error)) scu__error_copy(&c->error, &error);
  }
  if (c->running == 0) finish(c, -1);
}

static void timer_expired(scu__timer *self, uint64_t now_ms) {
  scu__connector *c = (scu__connector *)((char *)self - offsetof(scu__connector, timer));
  if (now_ms < c->deadline_ms) {
    scu__timer_set(c->loop, &c->timer, c->deadline_ms);
    start_next(c);
    return;
  }
  scu_phase phase = c->resolution ? SCU_PHASE_RESOLVE : SCU_PHASE_CONNECT;
  scu__error_clear(&c->error);
  scu__error_set(&c->error, SCU_ERROR_TIMEOUT, phase, "%s within %llu ms",
                 c->resolution ? "the host name was not resolved" : "no answer to TCP connection requests",
                 (unsigned long long)c->timeout_ms);
  scu__error_hint(&c->error, "check host, port and firewall; the wait is set by timeout-connect");
  finish(c, -1);
}

static void resolved(void *user, scu_result result, const scu__address_list *addresses, const scu_error *error) {
  scu__connector *c = user;
  scu__resolution_free(c->resolution);
  c->resolution = NULL;
  if (result != SCU_OK) {
    scu__error_copy(&c->error, error);
    finish(c, -1);
    return;
  }
  c->addresses = *addresses;
  start_next(c);
}

scu_result scu__connector_new(scu_loop *loop, const scu__connector_target *target, scu__connected connected, void *user,
                              scu__connector **out) {
  *out = NULL;
  scu__connector *c = scu__alloc(scu__loop_allocator(loop), sizeof *c);
  if (!c) return SCU_ERROR_MEMORY;
  c->loop = loop;
  c->connected = connected;
  c->user = user;
  c->result_fd = -1;
  strncpy(c->host, target->host, sizeof c->host - 1);
  strncpy(c->local_address, target->local_address, sizeof c->local_address - 1);
  c->port = target->port;
  c->local_port = target->local_port;
  c->timer.expired = timer_expired;
  c->task.run = report;
  c->timeout_ms = target->timeout_ms;
  c->dead_after_ms = target->dead_after_ms;
  c->deadline_ms = scu__loop_now(loop) + target->timeout_ms;
  scu__error_clear(&c->error);
  scu__timer_set(loop, &c->timer, c->deadline_ms);
  scu_result result = SCU_OK;
  if (target->addresses)
    c->addresses = *target->addresses;
  else
    result = scu__resolve(scu__loop_pool(loop), scu__loop_completions(loop), c->host, c->port, &c->addresses, resolved,
                          c, &c->resolution, &c->error);
  if (result == SCU_OK)
    start_next(c);
  else if (result != SCU_PENDING)
    finish(c, -1);
  *out = c;
  return SCU_OK;
}

void scu__connector_free(scu__connector *c) {
  if (!c) return;
  stop_everything(c);
  scu__task_remove(c->loop, &c->task);
  scu__socket_close(c->result_fd);
  scu__free(scu__loop_allocator(c->loop), c);
}
