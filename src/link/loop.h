/* The loop behind scu/loop.h: descriptors, timers, tasks and completions of everything that lives on it.
 *
 * One thread at a time, but for scu_loop_wake and what the pool posts. Callbacks run between system calls; they may
 * step the loop again (a nested blocking call from a hook), so nothing here holds a position across a callback. */
#ifndef SCU_LINK_LOOP_H
#define SCU_LINK_LOOP_H

#include <stdbool.h>

#include "base/error.h"
#include "io/clock.h"
#include "io/poller.h"
#include "io/pool.h"
#include "scu/loop.h"

/* A descriptor somebody waits on. Zero it, set ready, then scu__watch_set. */
typedef struct scu__watch scu__watch;
struct scu__watch {
  void (*ready)(scu__watch *self, unsigned ready); /* SCU__POLL_* bits */
  int fd;
  unsigned interest;
  bool is_registered;
};
/* Registers or changes; the descriptor may not change while registered. */
scu_result scu__watch_set(scu_loop *loop, scu__watch *watch, int fd, unsigned interest, scu_error *error);
/* Before the descriptor is closed; events already fetched for it are dropped. */
void scu__watch_remove(scu_loop *loop, scu__watch *watch);

/* A deadline. Zero it, set expired, then scu__timer_set; UINT64_MAX or scu__timer_stop stops it. */
typedef struct scu__timer scu__timer;
struct scu__timer {
  void (*expired)(scu__timer *self, uint64_t now_ms);
  uint64_t at_ms;
  scu__timer *next, *previous;
  bool is_set;
};
void scu__timer_set(scu_loop *loop, scu__timer *timer, uint64_t at_ms);
void scu__timer_stop(scu_loop *loop, scu__timer *timer);

/* Work to do soon, from a clean stack: at the end of the running step, or of the next. Queued once however often. */
typedef struct scu__task scu__task;
struct scu__task {
  void (*run)(scu__task *self);
  scu__task *next;
  bool is_queued;
};
void scu__task_queue(scu_loop *loop, scu__task *task);
void scu__task_remove(scu_loop *loop, scu__task *task);

/* Looked at on every step: how flags that a signal handler or another thread has set are noticed. */
typedef struct scu__tick scu__tick;
struct scu__tick {
  void (*check)(scu__tick *self);
  scu__tick *next, *previous;
};
void scu__tick_add(scu_loop *loop, scu__tick *tick);
void scu__tick_remove(scu_loop *loop, scu__tick *tick);

/* clock NULL: the monotonic one. */
scu_result scu__loop_new(const scu_allocator *allocator, const scu__clock *clock, scu_loop **out);
uint64_t scu__loop_now(const scu_loop *loop);
scu__pool *scu__loop_pool(scu_loop *loop);
scu__completions *scu__loop_completions(scu_loop *loop);
const scu_allocator *scu__loop_allocator(const scu_loop *loop);
/* Around hooks that come from inside a protocol step: until the last of them has returned the loop cannot be stepped,
 * scu_loop_wait is USAGE. loop may be NULL. */
void scu__loop_hold(scu_loop *loop);
void scu__loop_let_go(scu_loop *loop);
bool scu__loop_is_held(const scu_loop *loop);
/* Steps until `*is_done` or the loop breaks. */
scu_result scu__loop_run_until(scu_loop *loop, const bool *is_done);

/* A receive buffer of SCU__RECEIVE_CHUNK bytes, shared by all links of the loop but never by two at once; NULL when
 * there is no memory. */
uint8_t *scu__loop_take_buffer(scu_loop *loop);
void scu__loop_give_buffer(scu_loop *loop, uint8_t *buffer);

#endif
