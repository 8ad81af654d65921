/* scu__poller over epoll, level-triggered. */
#define _GNU_SOURCE
#include "io/poller.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/os_error.h"

enum {
  BATCH_MAX = 64,
  LOOK_US = 50, /* falling asleep and being woken costs about as much */
  CREDIT_MAX = 16
};

struct scu__poller {
  const scu_allocator *allocator;
  int fd;
  bool may_look;   /* there is another processor for whom we wait for */
  unsigned credit; /* how often more it is looked before sleeping, though nothing came the last times */
};

static bool has_several_processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
}

scu_result scu__poller_new(const scu_allocator *allocator, scu__poller **out, scu_error *error) {
  *out = NULL;
  scu__poller *poller = scu__alloc(allocator, sizeof *poller);
  if (!poller) return scu__error_memory(error, SCU_PHASE_NONE);
  poller->allocator = allocator;
  poller->may_look = has_several_processors();
  poller->fd = epoll_create1(EPOLL_CLOEXEC);
  if (poller->fd < 0) {
    int os_errno = errno;
    scu__free(allocator, poller);
    return scu__os_error(error, SCU_ERROR_LIMIT, SCU_PHASE_NONE, os_errno, "cannot make a poller");
  }
  *out = poller;
  return SCU_OK;
}

void scu__poller_free(scu__poller *poller) {
  if (!poller) return;
  close(poller->fd);
  scu__free(poller->allocator, poller);
}

int scu__poller_fd(const scu__poller *poller) {
  return poller->fd;
}

static scu_result control(scu__poller *poller, int operation, int fd, unsigned interest, void *user, scu_error *error) {
  struct epoll_event event = {.data = {.ptr = user}};
  if (interest & SCU__POLL_READ) event.events |= EPOLLIN;
  if (interest & SCU__POLL_WRITE) event.events |= EPOLLOUT;
  /* epoll reports hang-ups unasked; once is enough for a descriptor that nobody can serve now. */
  if (interest == 0) event.events = EPOLLONESHOT;
  if (epoll_ctl(poller->fd, operation, fd, &event) == 0) return SCU_OK;
  return scu__os_error(error, SCU_ERROR_LIMIT, SCU_PHASE_NONE, errno, "cannot watch a descriptor");
}

scu_result scu__poller_add(scu__poller *poller, int fd, unsigned interest, void *user, scu_error *error) {
  return control(poller, EPOLL_CTL_ADD, fd, interest, user, error);
}

scu_result scu__poller_modify(scu__poller *poller, int fd, unsigned interest, void *user, scu_error *error) {
  return control(poller, EPOLL_CTL_MOD, fd, interest, user, error);
}

void scu__poller_remove(scu__poller *poller, int fd) {
  struct epoll_event ignored = {0};
  epoll_ctl(poller->fd, EPOLL_CTL_DEL, fd, &ignored);
}

static unsigned ready_of(uint32_t events) {
  unsigned ready = 0;
  if (events & EPOLLIN) ready |= SCU__POLL_READ;
  if (events & EPOLLOUT) ready |= SCU__POLL_WRITE;
  if (events & (EPOLLERR | EPOLLHUP)) ready |= SCU__POLL_HANGUP | SCU__POLL_READ | SCU__POLL_WRITE;
  return ready;
}

static uint64_t now_us(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* While answers come within microseconds it pays to look for them a little before going to sleep: neither side has to
 * be woken. It is tried as long as it succeeds, and given up soon when it does not (docs/decisions/0013). */
static int look(scu__poller *poller, struct epoll_event *batch, int most) {
  uint64_t end = now_us() + LOOK_US;
  int got;
  do got = epoll_wait(poller->fd, batch, most, 0);
  while (got == 0 && now_us() < end);
  if (got > 0)
    poller->credit = CREDIT_MAX;
  else
    poller->credit--;
  return got;
}

static int sleep_and_wait(scu__poller *poller, struct epoll_event *batch, int most, int timeout) {
  if (!poller->may_look || timeout == 0) return epoll_wait(poller->fd, batch, most, timeout);
  uint64_t before = now_us();
  int got = epoll_wait(poller->fd, batch, most, timeout);
  bool was_short = got > 0 && now_us() - before < 2 * LOOK_US; /* what waking takes is in it */
  if (was_short && poller->credit < CREDIT_MAX) poller->credit++;
  return got;
}

scu_result scu__poller_wait(scu__poller *poller, uint64_t timeout_ms, scu__poll_event *events, size_t room,
                            size_t *count, scu_error *error) {
  struct epoll_event batch[BATCH_MAX];
  *count = 0;
  int most = room < BATCH_MAX ? (int)room : BATCH_MAX;
  int timeout = timeout_ms == UINT64_MAX ? -1 : timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
  int got = timeout != 0 && poller->credit > 0 ? look(poller, batch, most) : 0;
  if (got == 0) got = sleep_and_wait(poller, batch, most, timeout);
  if (got < 0 && errno == EINTR) return SCU_OK;
  if (got < 0) return scu__os_error(error, SCU_ERROR_TRANSPORT, SCU_PHASE_NONE, errno, "cannot wait");
  for (int i = 0; i < got; i++)
    events[i] = (scu__poll_event){.user = batch[i].data.ptr, .ready = ready_of(batch[i].events)};
  *count = (size_t)got;
  return SCU_OK;
}
