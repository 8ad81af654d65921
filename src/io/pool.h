/* A bounded executor for what may block (name look-ups, syncs), and the queue on which results come back to a loop.
 *
 * A job is intrusive: its owner embeds it, so submitting allocates nothing. Pool threads block all signals. */
#ifndef SCU_IO_POOL_H
#define SCU_IO_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "scu/allocator.h"

/* --- completions: many threads post, one thread drains ------------------------------------------------------------ */

typedef struct scu__posted scu__posted;
struct scu__posted {
  scu__posted *next;
  void (*run)(scu__posted *self);  /* on the draining thread; may free self */
  void (*drop)(scu__posted *self); /* instead of run, when the queue is closed; on either thread; may free self */
};

typedef struct scu__completions scu__completions;

/* Owned by the loop; whoever posts later holds a reference of their own. */
scu_result scu__completions_new(const scu_allocator *allocator, scu__completions **out, scu_error *error);
scu__completions *scu__completions_retain(scu__completions *completions);
void scu__completions_release(scu__completions *completions); /* NULL is allowed */
/* Nothing runs any more: what is waiting, and whatever is posted from now on, is dropped. Loop's thread, once. */
void scu__completions_close(scu__completions *completions);
int scu__completions_fd(const scu__completions *completions); /* readable when something waits */
/* Any thread; wait-free for practical purposes, never blocks, never allocates. */
void scu__completions_post(scu__completions *completions, scu__posted *posted);
/* Runs everything posted so far, in order of posting; returns how many. Loop's thread. */
size_t scu__completions_drain(scu__completions *completions);
/* Wakes the loop without posting anything; async-signal-safe. */
void scu__completions_wake(scu__completions *completions);

/* --- pool --------------------------------------------------------------------------------------------------------- */

typedef struct scu__pool scu__pool;
typedef struct scu__job scu__job;
struct scu__job {
  void (*run)(scu__job *self);  /* on a pool thread */
  void (*done)(scu__job *self); /* on the thread that drains the queue given to submit (without one: on the pool
                                   thread); may free self. Also called for a job that never ran: see is_cancelled */
  /* NULL: scu__pool_free waits for run to end. Else the job may be left behind while it runs (a late name look-up):
   * then this is called on the pool thread instead of done, and must free self; the pool, the queue and the user's
   * allocator may be gone by then. */
  void (*abandon)(scu__job *self);
  bool is_cancelled; /* the pool was freed before run began */

  /* the pool's */
  scu__posted posted;
  scu__completions *queue;
  scu__job *next;
};

/* Threads start when there is work for them. Half of them at most (at least one) run jobs that may be abandoned, so
 * that a dead name server never stops syncs. */
scu_result scu__pool_new(const scu_allocator *allocator, unsigned threads_max, unsigned queue_max, scu__pool **out,
                         scu_error *error);
/* Joins what must end, leaves behind what may be abandoned, hands out what never ran as cancelled. Drain the queues
 * afterwards. NULL is allowed. */
void scu__pool_free(scu__pool *pool);
/* queue may be NULL. LIMIT when queue_max jobs wait already: the job is untouched. When no thread can be started at all
 * the job runs here and now (E05) and is then posted as usual. */
scu_result scu__pool_submit(scu__pool *pool, scu__job *job, scu__completions *queue);
/* For what is as well done by the caller: LIMIT, and the job is untouched, unless a thread can begin it at once. Its
 * `done` comes on the pool's thread. */
scu_result scu__pool_submit_if_idle(scu__pool *pool, scu__job *job);

#endif
