/* A loop whose time is the test's: it stands still, or passes one millisecond a step, however long a step really takes.
 * So blocking calls run into their time-outs at once and nothing sleeps. */
#ifndef SCU_TESTS_TEST_LOOP_H
#define SCU_TESTS_TEST_LOOP_H

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "link/loop.h"

typedef struct test_loop {
  scu_loop *loop;
  scu__clock clock;
  uint64_t now_ms, steps;
  scu__watch heart; /* always ready: the loop never waits, and time goes on */
  uint64_t ms_per_step;
} test_loop;

static inline uint64_t test_loop_now(void *user) {
  return ((test_loop *)user)->now_ms;
}

static inline void test_loop_beat(scu__watch *self, unsigned ready) {
  (void)ready;
  test_loop *t = (test_loop *)((char *)self - offsetof(test_loop, heart));
  t->now_ms += t->ms_per_step;
  t->steps++;
}

/* False without memory. Must stay where it is. */
static inline bool test_loop_try(test_loop *t, const scu_allocator *allocator) {
  *t = (test_loop){.now_ms = 1000, .ms_per_step = 1};
  t->clock = (scu__clock){.now_ms = test_loop_now, .user = t};
  if (scu__loop_new(allocator, &t->clock, &t->loop) != SCU_OK) return false;
  t->heart.ready = test_loop_beat;
  int fd = eventfd(1, EFD_CLOEXEC);
  if (fd < 0 || scu__watch_set(t->loop, &t->heart, fd, SCU__POLL_READ, NULL) != SCU_OK) abort();
  return true;
}

static inline void test_loop_start(test_loop *t) {
  if (!test_loop_try(t, NULL)) abort();
}

static inline void test_loop_stop(test_loop *t) {
  int fd = t->heart.fd;
  scu__watch_remove(t->loop, &t->heart);
  close(fd);
  scu_loop_free(t->loop);
  t->loop = NULL;
}

/* Steps until the condition holds, or so many milliseconds of its time are over. */
#define TEST_LOOP_UNTIL(t, condition, limit_ms)                                                                        \
  do {                                                                                                                 \
    uint64_t test_loop_end = (t)->now_ms + (limit_ms);                                                                 \
    while (!(condition) && (t)->now_ms < test_loop_end)                                                                \
      if (scu_loop_step((t)->loop) != SCU_OK) abort();                                                                 \
  } while (0)

#endif
