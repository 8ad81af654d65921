/* scu__lock: a mutex on the heap. */
#define _POSIX_C_SOURCE 200809L
#include "io/lock.h"

#include <pthread.h>

#include "base/alloc.h"

struct scu__lock {
  const scu_allocator *allocator;
  pthread_mutex_t mutex;
};

scu__lock *scu__lock_new(const scu_allocator *allocator) {
  scu__lock *lock = scu__alloc(allocator, sizeof *lock);
  if (!lock) return NULL;
  lock->allocator = allocator;
  pthread_mutex_init(&lock->mutex, NULL);
  return lock;
}

void scu__lock_free(scu__lock *lock) {
  if (!lock) return;
  pthread_mutex_destroy(&lock->mutex);
  scu__free(lock->allocator, lock);
}

void scu__lock_take(scu__lock *lock) {
  pthread_mutex_lock(&lock->mutex);
}

void scu__lock_give(scu__lock *lock) {
  pthread_mutex_unlock(&lock->mutex);
}
