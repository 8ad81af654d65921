/* The loop: wait, hand out readiness, expire timers, run tasks. See loop.h for the rules of callbacks. */
#include "link/loop.h"

#include <limits.h>

#include "base/alloc.h"
#include "base/limits.h"

enum { EVENTS_PER_WAIT = 64, POOL_THREADS = 8, POOL_QUEUE = 4096, SPARE_BUFFERS = 4 };

/* Events fetched and not yet handed out. Nested steps stack up; a removed watch is struck from all of them. */
typedef struct batch {
  scu__poll_event events[EVENTS_PER_WAIT];
  size_t count;
  struct batch *outer;
} batch;

struct scu_loop {
  const scu_allocator *allocator;
  const scu__clock *clock;
  scu__poller *poller;
  scu__pool *pool;
  scu__completions *completions;
  scu__watch completions_watch;
  scu__timer *timers;
  scu__task *first_task, *last_task;
  scu__tick *ticks, *next_tick; /* next_tick: where check_ticks goes on */
  batch *batches;
  unsigned holders; /* hooks that run inside of a protocol step */
  uint8_t *spare[SPARE_BUFFERS];
  size_t spare_count;
};

static void completions_ready(scu__watch *self, unsigned ready) {
  (void)ready;
  scu_loop *loop = (scu_loop *)((char *)self - offsetof(scu_loop, completions_watch));
  scu__completions_drain(loop->completions);
}

static scu_result open_parts(scu_loop *loop) {
  scu_result result = scu__poller_new(loop->allocator, &loop->poller, NULL);
  if (result == SCU_OK) result = scu__completions_new(loop->allocator, &loop->completions, NULL);
  if (result == SCU_OK) result = scu__pool_new(loop->allocator, POOL_THREADS, POOL_QUEUE, &loop->pool, NULL);
  if (result != SCU_OK) return result;
  loop->completions_watch.ready = completions_ready;
  return scu__watch_set(loop, &loop->completions_watch, scu__completions_fd(loop->completions), SCU__POLL_READ, NULL);
}

scu_result scu__loop_new(const scu_allocator *allocator, const scu__clock *clock, scu_loop **out) {
  *out = NULL;
  scu_loop *loop = scu__alloc(allocator, sizeof *loop);
  if (!loop) return SCU_ERROR_MEMORY;
  loop->allocator = allocator;
  loop->clock = clock;
  scu_result result = open_parts(loop);
  if (result != SCU_OK) {
    scu_loop_free(loop);
    return result;
  }
  *out = loop;
  return SCU_OK;
}

scu_result scu_loop_new(const scu_allocator *allocator, scu_loop **out) {
  return scu__loop_new(allocator, NULL, out);
}

void scu_loop_free(scu_loop *loop) {
  if (!loop) return;
  scu__pool_free(loop->pool);
  if (loop->completions) {
    scu__completions_drain(loop->completions);
    scu__completions_close(loop->completions);
    scu__watch_remove(loop, &loop->completions_watch);
    scu__completions_release(loop->completions);
  }
  scu__poller_free(loop->poller);
  while (loop->spare_count > 0) scu__free(loop->allocator, loop->spare[--loop->spare_count]);
  scu__free(loop->allocator, loop);
}

uint64_t scu__loop_now(const scu_loop *loop) {
  return scu__clock_now_ms(loop->clock);
}
scu__pool *scu__loop_pool(scu_loop *loop) {
  return loop->pool;
}
scu__completions *scu__loop_completions(scu_loop *loop) {
  return loop->completions;
}
const scu_allocator *scu__loop_allocator(const scu_loop *loop) {
  return loop->allocator;
}

/* --- watches ------------------------------------------------------------------------------------------------------ */

scu_result scu__watch_set(scu_loop *loop, scu__watch *watch, int fd, unsigned interest, scu_error *error) {
  if (watch->is_registered && watch->interest == interest) return SCU_OK;
  scu_result result = watch->is_registered ? scu__poller_modify(loop->poller, fd, interest, watch, error)
                                           : scu__poller_add(loop->poller, fd, interest, watch, error);
  if (result != SCU_OK) return result;
  watch->fd = fd;
  watch->interest = interest;
  watch->is_registered = true;
  return SCU_OK;
}

void scu__watch_remove(scu_loop *loop, scu__watch *watch) {
  if (!watch->is_registered) return;
  scu__poller_remove(loop->poller, watch->fd);
  watch->is_registered = false;
  for (batch *b = loop->batches; b; b = b->outer)
    for (size_t i = 0; i < b->count; i++)
      if (b->events[i].user == watch) b->events[i].user = NULL;
}

/* --- timers: few per loop, so a list and a scan ------------------------------------------------------------------- */

void scu__timer_stop(scu_loop *loop, scu__timer *timer) {
  if (!timer->is_set) return;
  if (timer->previous)
    timer->previous->next = timer->next;
  else
    loop->timers = timer->next;
  if (timer->next) timer->next->previous = timer->previous;
  timer->next = timer->previous = NULL;
  timer->is_set = false;
}

void scu__timer_set(scu_loop *loop, scu__timer *timer, uint64_t at_ms) {
  if (at_ms == UINT64_MAX) {
    scu__timer_stop(loop, timer);
    return;
  }
  timer->at_ms = at_ms;
  if (timer->is_set) return;
  timer->previous = NULL;
  timer->next = loop->timers;
  if (loop->timers) loop->timers->previous = timer;
  loop->timers = timer;
  timer->is_set = true;
}

static scu__timer *earliest_timer(const scu_loop *loop) {
  scu__timer *earliest = loop->timers;
  for (scu__timer *timer = earliest; timer; timer = timer->next)
    if (timer->at_ms < earliest->at_ms) earliest = timer;
  return earliest;
}

/* An expired callback may set its timer again for now: bounded by the number of timers there were. */
static void expire_timers(scu_loop *loop, uint64_t now) {
  size_t left = 0;
  for (scu__timer *timer = loop->timers; timer; timer = timer->next) left++;
  for (; left > 0; left--) {
    scu__timer *timer = earliest_timer(loop);
    if (!timer || timer->at_ms > now) return;
    scu__timer_stop(loop, timer);
    timer->expired(timer, now);
  }
}

/* --- tasks and ticks ---------------------------------------------------------------------------------------------- */

void scu__task_queue(scu_loop *loop, scu__task *task) {
  if (task->is_queued) return;
  task->is_queued = true;
  task->next = NULL;
  if (loop->last_task)
    loop->last_task->next = task;
  else
    loop->first_task = task;
  loop->last_task = task;
}

void scu__task_remove(scu_loop *loop, scu__task *task) {
  if (!task->is_queued) return;
  scu__task *before = NULL;
  for (scu__task *t = loop->first_task; t != task; t = t->next) before = t;
  if (before)
    before->next = task->next;
  else
    loop->first_task = task->next;
  if (loop->last_task == task) loop->last_task = before;
  task->is_queued = false;
}

static void run_tasks(scu_loop *loop) {
  size_t left = 0;
  for (scu__task *task = loop->first_task; task; task = task->next) left++;
  for (; left > 0 && loop->first_task; left--) {
    scu__task *task = loop->first_task;
    scu__task_remove(loop, task);
    task->run(task);
  }
}

void scu__tick_add(scu_loop *loop, scu__tick *tick) {
  tick->previous = NULL;
  tick->next = loop->ticks;
  if (loop->ticks) loop->ticks->previous = tick;
  loop->ticks = tick;
}

void scu__tick_remove(scu_loop *loop, scu__tick *tick) {
  if (loop->next_tick == tick) loop->next_tick = tick->next;
  if (tick->previous)
    tick->previous->next = tick->next;
  else if (loop->ticks == tick)
    loop->ticks = tick->next;
  if (tick->next) tick->next->previous = tick->previous;
  tick->next = tick->previous = NULL;
}

static void check_ticks(scu_loop *loop) {
  /* A check may remove any tick; one that steps the loop has all of them checked by that. */
  for (scu__tick *tick = loop->ticks; tick; tick = loop->next_tick) {
    loop->next_tick = tick->next;
    tick->check(tick);
  }
}

/* --- stepping ----------------------------------------------------------------------------------------------------- */

int scu_loop_fd(const scu_loop *loop) {
  return scu__poller_fd(loop->poller);
}

int scu_loop_timeout_ms(const scu_loop *loop) {
  if (loop->first_task) return 0;
  scu__timer *timer = earliest_timer(loop);
  if (!timer) return -1;
  uint64_t now = scu__loop_now(loop);
  if (timer->at_ms <= now) return 0;
  uint64_t left = timer->at_ms - now;
  return left > INT_MAX ? INT_MAX : (int)left;
}

static uint64_t shorter_wait(const scu_loop *loop, int timeout_ms) {
  int own = scu_loop_timeout_ms(loop);
  if (own >= 0 && (timeout_ms < 0 || own < timeout_ms)) timeout_ms = own;
  return timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms;
}

void scu__loop_hold(scu_loop *loop) {
  if (loop) loop->holders++;
}

void scu__loop_let_go(scu_loop *loop) {
  if (loop) loop->holders--;
}

bool scu__loop_is_held(const scu_loop *loop) {
  return loop && loop->holders > 0;
}

scu_result scu_loop_wait(scu_loop *loop, int timeout_ms) {
  if (!loop || loop->holders > 0) return SCU_ERROR_USAGE;
  batch here = {.count = 0, .outer = loop->batches};
  check_ticks(loop);
  scu_result result =
      scu__poller_wait(loop->poller, shorter_wait(loop, timeout_ms), here.events, EVENTS_PER_WAIT, &here.count, NULL);
  if (result != SCU_OK) return result;
  /* What is told now may take its time. Timers are judged by when we last looked: what came while we were slow is read
   * before anybody is called silent. */
  uint64_t looked_ms = scu__loop_now(loop);
  loop->batches = &here;
  for (size_t i = 0; i < here.count; i++) {
    scu__watch *watch = here.events[i].user;
    if (watch) watch->ready(watch, here.events[i].ready);
  }
  loop->batches = here.outer;
  check_ticks(loop);
  expire_timers(loop, looked_ms);
  run_tasks(loop);
  return SCU_OK;
}

scu_result scu_loop_step(scu_loop *loop) {
  return scu_loop_wait(loop, 0);
}

void scu_loop_wake(scu_loop *loop) {
  scu__completions_wake(loop->completions);
}

scu_result scu__loop_run_until(scu_loop *loop, const bool *is_done) {
  while (!*is_done) {
    scu_result result = scu_loop_wait(loop, -1);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

uint8_t *scu__loop_take_buffer(scu_loop *loop) {
  if (loop->spare_count > 0) return loop->spare[--loop->spare_count];
  return scu__realloc_array(loop->allocator, NULL, SCU__RECEIVE_CHUNK, 1);
}

void scu__loop_give_buffer(scu_loop *loop, uint8_t *buffer) {
  if (!buffer) return;
  if (loop->spare_count < SPARE_BUFFERS)
    loop->spare[loop->spare_count++] = buffer;
  else
    scu__free(loop->allocator, buffer);
}
