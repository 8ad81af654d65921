/* scu__completions: a lock-free stack that many threads push on and one takes whole, and an eventfd that says so. */
#include <stdatomic.h>

#include "base/alloc.h"
#include "io/pool.h"
#include "io/wake.h"

struct scu__completions {
  const scu_allocator *allocator;
  atomic_uint references;
  _Atomic(scu__posted *) newest; /* or `closed` */
  scu__wake wake;
  scu__posted closed; /* only its address is used */
};

scu_result scu__completions_new(const scu_allocator *allocator, scu__completions **out, scu_error *error) {
  *out = NULL;
  scu__completions *completions = scu__alloc(allocator, sizeof *completions);
  if (!completions) return scu__error_memory(error, SCU_PHASE_NONE);
  completions->allocator = allocator;
  atomic_init(&completions->references, 1);
  atomic_init(&completions->newest, NULL);
  scu_result result = scu__wake_init(&completions->wake, error);
  if (result != SCU_OK) {
    scu__free(allocator, completions);
    return result;
  }
  *out = completions;
  return SCU_OK;
}

scu__completions *scu__completions_retain(scu__completions *completions) {
  atomic_fetch_add_explicit(&completions->references, 1, memory_order_relaxed);
  return completions;
}

void scu__completions_release(scu__completions *completions) {
  if (!completions) return;
  if (atomic_fetch_sub_explicit(&completions->references, 1, memory_order_acq_rel) != 1) return;
  scu__wake_free(&completions->wake);
  scu__free(completions->allocator, completions);
}

int scu__completions_fd(const scu__completions *completions) {
  return completions->wake.fd;
}

void scu__completions_wake(scu__completions *completions) {
  scu__wake_post(&completions->wake);
}

void scu__completions_post(scu__completions *completions, scu__posted *posted) {
  scu__posted *newest = atomic_load_explicit(&completions->newest, memory_order_acquire);
  do {
    if (newest == &completions->closed) {
      posted->drop(posted);
      return;
    }
    posted->next = newest;
  } while (!atomic_compare_exchange_weak_explicit(&completions->newest, &newest, posted, memory_order_acq_rel,
                                                  memory_order_acquire));
  /* Whoever found the stack empty wakes: the others are drained with it. */
  if (!newest) scu__wake_post(&completions->wake);
}

static scu__posted *reversed(scu__posted *newest) {
  scu__posted *oldest = NULL;
  while (newest) {
    scu__posted *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  return oldest;
}

static bool is_closed(scu__completions *completions) {
  return atomic_load_explicit(&completions->newest, memory_order_acquire) == &completions->closed;
}

size_t scu__completions_drain(scu__completions *completions) {
  if (is_closed(completions)) return 0;
  /* Cleared before taking: a post after the exchange wakes again. */
  scu__wake_clear(&completions->wake);
  scu__posted *posted = reversed(atomic_exchange_explicit(&completions->newest, NULL, memory_order_acq_rel));
  if (!posted) return 0;
  size_t count = 0;
  scu__completions_retain(completions); /* what runs may close and release the queue */
  while (posted) {
    scu__posted *next = posted->next;
    if (is_closed(completions))
      posted->drop(posted);
    else
      posted->run(posted);
    posted = next;
    count++;
  }
  scu__completions_release(completions);
  return count;
}

void scu__completions_close(scu__completions *completions) {
  if (is_closed(completions)) return;
  scu__posted *posted =
      reversed(atomic_exchange_explicit(&completions->newest, &completions->closed, memory_order_acq_rel));
  while (posted) {
    scu__posted *next = posted->next;
    posted->drop(posted);
    posted = next;
  }
}
