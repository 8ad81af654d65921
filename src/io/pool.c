/* scu__pool: a mutex, a queue of intrusive jobs, threads that start when needed and are joined - or, while they run a
 * job that may be abandoned, left behind with a reference to the pool. */
#define _POSIX_C_SOURCE 200809L
#include "io/pool.h"

#include <pthread.h>
#include <signal.h>

#include "base/alloc.h"

enum { STACK_SIZE = 512 * 1024 /* getaddrinfo's modules want some; eight threads must fit a small address space */ };

typedef struct worker {
  pthread_t thread;
  scu__pool *pool;
  scu__job *running;
  bool is_started, is_finished, is_abandoned;
} worker;

struct scu__pool {
  pthread_mutex_t lock; /* guards everything below */
  pthread_cond_t work, finished;
  scu__job *first;
  scu__job **last;
  unsigned queued, queue_max;
  unsigned idle, threads, threads_max;
  unsigned abandonable_running;
  unsigned references; /* of the owner and of abandoned workers */
  bool is_stopping;
  worker workers[];
};

static unsigned abandonable_max(const scu__pool *pool) {
  return pool->threads_max > 1 ? pool->threads_max / 2 : 1;
}

/* Unlocks, and frees with the last reference. */
static void unlock_and_release(scu__pool *pool) {
  bool is_last = --pool->references == 0;
  pthread_mutex_unlock(&pool->lock);
  if (!is_last) return;
  pthread_cond_destroy(&pool->finished);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->lock);
  scu__free(NULL, pool);
}

static scu__job *take_job(scu__pool *pool) {
  bool may_abandon = pool->abandonable_running < abandonable_max(pool);
  for (scu__job **at = &pool->first; *at; at = &(*at)->next) {
    scu__job *job = *at;
    if (job->abandon && !may_abandon) continue;
    *at = job->next;
    if (!*at) pool->last = at;
    pool->queued--;
    return job;
  }
  return NULL;
}

static scu__job *job_of(scu__posted *posted) {
  return (scu__job *)((char *)posted - offsetof(scu__job, posted));
}

static void posted_run(scu__posted *posted) {
  scu__job *job = job_of(posted);
  job->done(job);
}

static void posted_drop(scu__posted *posted) {
  scu__job *job = job_of(posted);
  job->is_cancelled = true;
  if (job->abandon)
    job->abandon(job);
  else
    job->done(job);
}

/* The job may be gone afterwards. */
static void deliver(scu__job *job) {
  scu__completions *queue = job->queue;
  if (!queue) {
    job->done(job);
    return;
  }
  scu__completions_post(queue, &job->posted);
  scu__completions_release(queue);
}

static void *worker_main(void *argument) {
  worker *self = argument;
  scu__pool *pool = self->pool;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    scu__job *job = take_job(pool);
    if (!job) {
      if (pool->is_stopping) break;
      pool->idle++;
      pthread_cond_wait(&pool->work, &pool->lock);
      pool->idle--;
      continue;
    }
    bool may_abandon = job->abandon != NULL;
    self->running = job;
    if (may_abandon) pool->abandonable_running++;
    pthread_mutex_unlock(&pool->lock);
    job->run(job);
    pthread_mutex_lock(&pool->lock);
    self->running = NULL;
    if (may_abandon) pool->abandonable_running--;
    if (self->is_abandoned) {
      unlock_and_release(pool);
      job->abandon(job);
      return NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    deliver(job);
    pthread_mutex_lock(&pool->lock);
  }
  self->is_finished = true;
  pthread_cond_signal(&pool->finished);
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

/* With the lock held. Signals stay with the host's threads. */
static bool start_worker(scu__pool *pool) {
  worker *fresh = &pool->workers[pool->threads];
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  fresh->pool = pool;
  fresh->is_started = pthread_create(&fresh->thread, &attributes, worker_main, fresh) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (fresh->is_started) pool->threads++;
  return fresh->is_started;
}

/* The pool lives in plain memory, because an abandoned thread may outlive the user's allocator. */
scu_result scu__pool_new(const scu_allocator *allocator, unsigned threads_max, unsigned queue_max, scu__pool **out,
                         scu_error *error) {
  (void)allocator;
  *out = NULL;
  if (threads_max == 0 || queue_max == 0)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_NONE, "a pool needs threads and a queue");
  scu__pool *pool = scu__alloc(NULL, sizeof *pool + threads_max * sizeof(worker));
  if (!pool) return scu__error_memory(error, SCU_PHASE_NONE);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->finished, NULL);
  pool->last = &pool->first;
  pool->threads_max = threads_max;
  pool->queue_max = queue_max;
  pool->references = 1;
  *out = pool;
  return SCU_OK;
}

static void prepare(scu__job *job, scu__completions *queue) {
  job->queue = queue ? scu__completions_retain(queue) : NULL;
  job->posted = (scu__posted){.run = posted_run, .drop = posted_drop};
  job->is_cancelled = false;
  job->next = NULL;
}

/* With the lock held. */
static void enqueue(scu__pool *pool, scu__job *job, scu__completions *queue) {
  prepare(job, queue);
  *pool->last = job;
  pool->last = &job->next;
  pool->queued++;
  pthread_cond_signal(&pool->work);
}

scu_result scu__pool_submit(scu__pool *pool, scu__job *job, scu__completions *queue) {
  pthread_mutex_lock(&pool->lock);
  if (pool->queued >= pool->queue_max) {
    pthread_mutex_unlock(&pool->lock);
    return SCU_ERROR_LIMIT;
  }
  bool needs_thread = pool->queued + 1 > pool->idle && pool->threads < pool->threads_max;
  if (needs_thread && !start_worker(pool) && pool->threads == 0) {
    pthread_mutex_unlock(&pool->lock);
    prepare(job, queue);
    job->run(job);
    deliver(job);
    return SCU_OK;
  }
  enqueue(pool, job, queue);
  pthread_mutex_unlock(&pool->lock);
  return SCU_OK;
}

scu_result scu__pool_submit_if_idle(scu__pool *pool, scu__job *job) {
  pthread_mutex_lock(&pool->lock);
  bool may_take = !pool->is_stopping && pool->queued < pool->queue_max;
  bool is_taken = may_take && (pool->queued < pool->idle || (pool->threads < pool->threads_max && start_worker(pool)));
  if (is_taken) enqueue(pool, job, NULL);
  pthread_mutex_unlock(&pool->lock);
  return is_taken ? SCU_OK : SCU_ERROR_LIMIT;
}

/* With the lock held: is there a worker that must be waited for? Workers whose job may be abandoned are. */
static bool abandon_or_wait(scu__pool *pool) {
  bool must_wait = false;
  for (unsigned i = 0; i < pool->threads; i++) {
    worker *one = &pool->workers[i];
    if (one->is_finished || one->is_abandoned) continue;
    if (one->running && one->running->abandon) {
      one->is_abandoned = true;
      pool->references++;
      scu__completions_release(one->running->queue); /* nothing will come back */
      one->running->queue = NULL;
    } else {
      must_wait = true;
    }
  }
  return must_wait;
}

void scu__pool_free(scu__pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->lock);
  pool->is_stopping = true;
  scu__job *never_ran = pool->first;
  pool->first = NULL;
  pool->last = &pool->first;
  pool->queued = 0;
  pthread_cond_broadcast(&pool->work);
  while (abandon_or_wait(pool)) pthread_cond_wait(&pool->finished, &pool->lock);
  for (unsigned i = 0; i < pool->threads; i++) {
    worker *one = &pool->workers[i];
    if (one->is_abandoned) {
      pthread_detach(one->thread);
      continue;
    }
    /* It has said that it is finished and only has the lock to leave. */
    pthread_mutex_unlock(&pool->lock);
    pthread_join(one->thread, NULL);
    pthread_mutex_lock(&pool->lock);
  }
  unlock_and_release(pool);
  while (never_ran) {
    scu__job *job = never_ran;
    never_ran = job->next;
    job->is_cancelled = true;
    deliver(job);
  }
}
