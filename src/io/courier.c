/* scu__courier: a mutex, a queue, a thread with one socket. The thread waits in short turns, so that it sees that it is
 * to end. Names are looked up by the resolver, whose late answers can be left behind. */
#define _GNU_SOURCE
#include "io/courier.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/clock.h"
#include "io/os_error.h"
#include "io/resolver.h"
#include "io/socket.h"

enum {
  TURN_MS = 50,
  CONNECT_MS = 5000,
  SEND_MS = 30000, /* for one message; a peer that takes nothing for so long is left */
  PAUSE_FIRST_MS = 200,
  PAUSE_MOST_MS = 10000,
  LOOK_UP_EVERY_MS = 5000,
  STACK_SIZE = 256 * 1024
};

typedef struct letter {
  struct letter *next;
  size_t length;
  uint8_t bytes[];
} letter;

typedef struct answer {
  bool is_there;
  scu_result result;
  scu__address_list addresses;
  scu_error error;
} answer;

struct scu__courier {
  const scu_allocator *allocator;
  scu__courier_kind kind;
  char *host; /* NULL: an address, which stays what it is */
  uint16_t port;
  scu__pool *pool; /* for look-ups, as the queue */
  scu__completions *queue;
  answer answer;
  scu__address_list addresses;
  bool is_doubted; /* nobody was there */
  uint64_t looked_up_ms;
  pthread_t thread;
  bool has_thread;
  int fd; /* the thread's; -1 = not connected */
  uint64_t pause_ms;

  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t changed;
  letter *first;
  letter **last;
  size_t count, bytes;
  uint64_t lost;
  bool is_finishing;
  uint64_t deadline_ms; /* when finishing */
};

/* --- the thread's side -------------------------------------------------------------------------------------------- */

/* Out of time: it is to end, and what it waited for is given up. */
static bool is_over(scu__courier *courier) {
  pthread_mutex_lock(&courier->lock);
  bool is_over = courier->is_finishing && scu__clock_now_ms(NULL) >= courier->deadline_ms;
  pthread_mutex_unlock(&courier->lock);
  return is_over;
}

static void hang_up(scu__courier *courier) {
  scu__socket_close(courier->fd);
  courier->fd = -1;
}

/* False: not ready within that time, or out of time. */
static bool wait_for(scu__courier *courier, short events, uint64_t most_ms) {
  uint64_t until = scu__clock_now_ms(NULL) + most_ms;
  struct pollfd watch = {.fd = courier->fd, .events = events};
  while (scu__clock_now_ms(NULL) < until && !is_over(courier)) {
    int ready = poll(&watch, 1, TURN_MS);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

static bool connect_tcp(scu__courier *courier, const scu__address *to) {
  scu_result result = scu__socket_connect_start(to, NULL, &courier->fd, NULL);
  if (result == SCU_PENDING && wait_for(courier, POLLOUT, CONNECT_MS))
    result = scu__socket_connect_result(courier->fd, to, NULL);
  if (result != SCU_OK) hang_up(courier);
  return result == SCU_OK;
}

/* Connected, so that we hear of a port where nobody listens. */
static bool connect_udp(scu__courier *courier, const scu__address *to) {
  const struct sockaddr *address = (const struct sockaddr *)&to->storage;
  courier->fd = socket(to->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (courier->fd < 0) return false;
  if (connect(courier->fd, address, to->length) == 0) return true;
  hang_up(courier);
  return false;
}

static void answered(void *user, scu_result result, const scu__address_list *addresses, const scu_error *error) {
  answer *to = user;
  to->is_there = true;
  to->result = result;
  if (result == SCU_OK) to->addresses = *addresses;
  if (error) to->error = *error;
}

/* Where the host is now. CANCELLED: out of time. */
static scu_result look_up(scu__courier *courier, scu_error *error) {
  answer *got = &courier->answer;
  scu__resolution *resolution = NULL;
  *got = (answer){.is_there = false};
  scu_result result = scu__resolve(courier->pool, courier->queue, courier->host, courier->port, &got->addresses,
                                   answered, got, &resolution, error);
  if (result == SCU_OK) courier->addresses = got->addresses;
  if (result != SCU_PENDING) return result;
  struct pollfd watch = {.fd = scu__completions_fd(courier->queue), .events = POLLIN};
  while (!got->is_there && !is_over(courier))
    if (poll(&watch, 1, TURN_MS) > 0) scu__completions_drain(courier->queue);
  scu__resolution_free(resolution);
  if (!got->is_there) return SCU_ERROR_CANCELLED;
  if (got->result == SCU_OK) courier->addresses = got->addresses;
  if (got->result != SCU_OK && error) *error = got->error;
  return got->result;
}

/* It may have moved. What is known stays when nobody can tell. */
static void look_up_again(scu__courier *courier) {
  uint64_t now = scu__clock_now_ms(NULL);
  if (!courier->host || !courier->is_doubted || now - courier->looked_up_ms < LOOK_UP_EVERY_MS) return;
  courier->looked_up_ms = now;
  courier->is_doubted = false;
  if (look_up(courier, NULL) == SCU_OK && courier->fd >= 0) hang_up(courier);
}

static bool connect_any(scu__courier *courier) {
  for (size_t i = 0; courier->fd < 0 && i < courier->addresses.count && !is_over(courier); i++) {
    const scu__address *to = &courier->addresses.list[i];
    if (courier->kind == SCU__COURIER_TCP ? connect_tcp(courier, to) : connect_udp(courier, to)) return true;
  }
  courier->is_doubted = courier->is_doubted || courier->fd < 0;
  return courier->fd >= 0;
}

static void note_lost(scu__courier *courier, uint64_t count) {
  pthread_mutex_lock(&courier->lock);
  courier->lost += count;
  pthread_mutex_unlock(&courier->lock);
}

/* A refusal is that of the datagram before: this one goes all the same. */
static bool send_datagram(scu__courier *courier, const letter *l) {
  for (int tries = 0; tries < 3; tries++) {
    if (send(courier->fd, l->bytes, l->length, MSG_NOSIGNAL) >= 0) return true;
    if (errno == ECONNREFUSED) {
      note_lost(courier, 1);
      courier->is_doubted = true;
    } else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
      return false;
    if (errno == EAGAIN && !wait_for(courier, POLLOUT, SEND_MS)) return false;
  }
  return false;
}

static bool has_peer_left(const scu__courier *courier) {
  char byte;
  ssize_t n = recv(courier->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static bool send_stream(scu__courier *courier, const letter *l) {
  uint64_t until = scu__clock_now_ms(NULL) + SEND_MS;
  if (has_peer_left(courier)) return false;
  for (size_t at = 0; at < l->length;) {
    ssize_t n = send(courier->fd, l->bytes + at, l->length - at, MSG_NOSIGNAL);
    if (n > 0) at += (size_t)n;
    if (n >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN || scu__clock_now_ms(NULL) >= until || !wait_for(courier, POLLOUT, SEND_MS)) return false;
  }
  return true;
}

/* True: it went out. A connection on which something failed is of no use any more. */
static bool deliver(scu__courier *courier, const letter *l) {
  look_up_again(courier);
  if (courier->fd < 0 && !connect_any(courier)) return false;
  bool is_sent = courier->kind == SCU__COURIER_TCP ? send_stream(courier, l) : send_datagram(courier, l);
  if (!is_sent) hang_up(courier);
  return is_sent;
}

/* With the lock held: until something is there, or it is to end. */
static void wait_locked(scu__courier *courier, uint64_t most_ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += (time_t)(most_ms / 1000);
  until.tv_nsec += (long)(most_ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  pthread_cond_timedwait(&courier->changed, &courier->lock, &until);
}

/* What was not delivered stays first in the queue, and is tried again after a pause that grows. A datagram is not. */
static letter *next_letter(scu__courier *courier) {
  letter *found = NULL;
  pthread_mutex_lock(&courier->lock);
  for (;;) {
    bool is_late = courier->is_finishing && scu__clock_now_ms(NULL) >= courier->deadline_ms;
    found = is_late ? NULL : courier->first;
    if (found || courier->is_finishing) break;
    pthread_cond_wait(&courier->changed, &courier->lock);
  }
  pthread_mutex_unlock(&courier->lock);
  return found;
}

static void drop_first(scu__courier *courier, bool is_lost) {
  pthread_mutex_lock(&courier->lock);
  letter *gone = courier->first;
  courier->first = gone->next;
  if (!courier->first) courier->last = &courier->first;
  courier->count--;
  courier->bytes -= gone->length;
  if (is_lost) courier->lost++;
  pthread_mutex_unlock(&courier->lock);
  scu__free(courier->allocator, gone);
}

static void pause_a_while(scu__courier *courier) {
  uint64_t until = scu__clock_now_ms(NULL) + courier->pause_ms;
  courier->pause_ms = courier->pause_ms * 2 < PAUSE_MOST_MS ? courier->pause_ms * 2 : PAUSE_MOST_MS;
  pthread_mutex_lock(&courier->lock);
  while (scu__clock_now_ms(NULL) < until && !(courier->is_finishing && scu__clock_now_ms(NULL) >= courier->deadline_ms))
    wait_locked(courier, TURN_MS);
  pthread_mutex_unlock(&courier->lock);
}

static void *carry(void *user) {
  scu__courier *courier = user;
  letter *l;
  while ((l = next_letter(courier)) != NULL) {
    bool is_sent = deliver(courier, l);
    if (is_sent) courier->pause_ms = PAUSE_FIRST_MS;
    if (is_sent || courier->kind == SCU__COURIER_UDP)
      drop_first(courier, !is_sent);
    else
      pause_a_while(courier);
  }
  /* The last datagram may have met nobody; it is soon known. */
  int fault = 0;
  socklen_t length = sizeof fault;
  bool is_udp = courier->kind == SCU__COURIER_UDP && courier->fd >= 0;
  if (is_udp && wait_for(courier, POLLIN, 2 * TURN_MS) &&
      getsockopt(courier->fd, SOL_SOCKET, SO_ERROR, &fault, &length) == 0 && fault != 0)
    note_lost(courier, 1);
  if (courier->fd >= 0) hang_up(courier);
  return NULL;
}

/* --- the others' side --------------------------------------------------------------------------------------------- */

/* A thread without signals: they are the host's. */
static bool start_thread(scu__courier *courier) {
  sigset_t all, before;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  courier->has_thread = pthread_create(&courier->thread, &attributes, carry, courier) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return courier->has_thread;
}

static scu_result find_host(scu__courier *courier, const char *host, uint16_t port, scu_error *error) {
  if (scu__address_parse(&courier->addresses.list[0], host, port)) {
    courier->addresses.count = 1;
    return SCU_OK;
  }
  courier->port = port;
  courier->host = scu__strdup(courier->allocator, host);
  if (!courier->host) return scu__error_memory(error, SCU_PHASE_RESOLVE);
  scu_result result = scu__pool_new(courier->allocator, 1, 1, &courier->pool, error);
  if (result == SCU_OK) result = scu__completions_new(courier->allocator, &courier->queue, error);
  return result == SCU_OK ? look_up(courier, error) : result;
}

static void init_lock(scu__courier *courier) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&courier->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&courier->lock, NULL);
}

scu_result scu__courier_open(scu__courier_kind kind, const char *host, uint16_t port, const scu_allocator *allocator,
                             scu__courier **out, scu_error *error) {
  *out = NULL;
  scu__courier *fresh = scu__alloc(allocator, sizeof *fresh);
  if (!fresh) return scu__error_memory(error, SCU_PHASE_RESOLVE);
  fresh->allocator = allocator;
  fresh->kind = kind;
  fresh->fd = -1;
  fresh->pause_ms = PAUSE_FIRST_MS;
  fresh->last = &fresh->first;
  init_lock(fresh);
  scu_result result = find_host(fresh, host, port, error);
  if (result == SCU_OK && !start_thread(fresh))
    result = scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_RESOLVE, "no thread for what is sent to %s", host);
  if (result != SCU_OK) {
    scu__courier_free(fresh);
    return result;
  }
  *out = fresh;
  return SCU_OK;
}

scu_result scu__courier_send(scu__courier *courier, const uint8_t *bytes, size_t length) {
  letter *fresh = scu__alloc(courier->allocator, sizeof *fresh + length);
  scu_result result = fresh ? SCU_OK : SCU_ERROR_MEMORY;
  if (fresh) {
    fresh->length = length;
    memcpy(fresh->bytes, bytes, length);
  }
  pthread_mutex_lock(&courier->lock);
  bool has_room = courier->count < SCU__COURIER_MESSAGES_MAX && length <= SCU__COURIER_BYTES_MAX - courier->bytes;
  bool is_too_long = courier->kind == SCU__COURIER_UDP && length > SCU__COURIER_DATAGRAM_MAX;
  if (result == SCU_OK && (!has_room || is_too_long)) result = SCU_ERROR_LIMIT;
  if (result == SCU_OK) {
    *courier->last = fresh;
    courier->last = &fresh->next;
    courier->count++;
    courier->bytes += length;
    pthread_cond_broadcast(&courier->changed);
  } else {
    courier->lost++;
  }
  pthread_mutex_unlock(&courier->lock);
  if (result != SCU_OK) scu__free(courier->allocator, fresh);
  return result;
}

uint64_t scu__courier_lost(scu__courier *courier) {
  pthread_mutex_lock(&courier->lock);
  uint64_t lost = courier->lost;
  pthread_mutex_unlock(&courier->lock);
  return lost;
}

void scu__courier_finish(scu__courier *courier, uint64_t wait_ms) {
  if (!courier->has_thread) return;
  pthread_mutex_lock(&courier->lock);
  courier->is_finishing = true;
  courier->deadline_ms = scu__clock_now_ms(NULL) + wait_ms;
  pthread_cond_broadcast(&courier->changed);
  pthread_mutex_unlock(&courier->lock);
  pthread_join(courier->thread, NULL);
  courier->has_thread = false;
  while (courier->first) drop_first(courier, true);
}

void scu__courier_free(scu__courier *courier) {
  if (!courier) return;
  scu__courier_finish(courier, 0);
  scu__pool_free(courier->pool);
  if (courier->queue) scu__completions_close(courier->queue);
  scu__completions_release(courier->queue);
  scu__free(courier->allocator, courier->host);
  pthread_cond_destroy(&courier->changed);
  pthread_mutex_destroy(&courier->lock);
  scu__free(courier->allocator, courier);
}
