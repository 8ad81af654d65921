/* The loop: timers, tasks, ticks, watches that go away in the middle of a batch, and steps within steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "link/loop.h"
#include "scu/loop.h"
#include "support/test_loop.h"

/* A loop whose clock the test moves, without a heart: it does wait, but for nothing here. */
typedef struct still_loop {
  scu_loop *loop;
  scu__clock clock;
  uint64_t now_ms;
} still_loop;

static uint64_t still_now(void *user) {
  return ((still_loop *)user)->now_ms;
}

static void still_start(still_loop *still) {
  *still = (still_loop){.now_ms = 100};
  still->clock = (scu__clock){.now_ms = still_now, .user = still};
  assert_int_equal(scu__loop_new(NULL, &still->clock, &still->loop), SCU_OK);
}

/* --- timers --------------------------------------------------------------------------------------------------------
 */

typedef struct alarm_clock {
  scu__timer timer;
  scu_loop *loop;
  int rings;
  uint64_t rang_at, again_in; /* UINT64_MAX = not again */
  char *order;
  char name;
} alarm_clock;

static void ring(scu__timer *self, uint64_t now_ms) {
  alarm_clock *a = (alarm_clock *)self;
  a->rings++;
  a->rang_at = now_ms;
  if (a->order) a->order[strlen(a->order)] = a->name;
  if (a->again_in != UINT64_MAX) scu__timer_set(a->loop, self, now_ms + a->again_in);
}

static alarm_clock alarm_at(still_loop *still, uint64_t again_in) {
  return (alarm_clock){.timer = {.expired = ring}, .loop = still->loop, .again_in = again_in};
}

static void test_timers_ring_in_order_and_once(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  char order[8] = "";
  alarm_clock alarms[3];
  static const uint64_t at[] = {300, 150, 200};
  for (int i = 0; i < 3; i++) {
    alarms[i] = alarm_at(&still, UINT64_MAX);
    alarms[i].order = order;
    alarms[i].name = (char)('a' + i);
    scu__timer_set(still.loop, &alarms[i].timer, at[i]);
  }
  assert_int_equal(scu_loop_timeout_ms(still.loop), 50);
  scu_loop_step(still.loop);
  assert_string_equal(order, "");
  still.now_ms = 250;
  scu_loop_step(still.loop);
  assert_string_equal(order, "bc");
  assert_int_equal(scu_loop_timeout_ms(still.loop), 50);
  scu__timer_stop(still.loop, &alarms[0].timer);
  scu__timer_stop(still.loop, &alarms[0].timer);
  still.now_ms = 1000;
  scu_loop_step(still.loop);
  assert_string_equal(order, "bc");
  assert_int_equal(scu_loop_timeout_ms(still.loop), -1);
  scu_loop_free(still.loop);
}

static void test_a_timer_set_again_for_now_does_not_hold_the_step(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  alarm_clock a = alarm_at(&still, 0);
  scu__timer_set(still.loop, &a.timer, 100);
  scu_loop_step(still.loop);
  assert_int_equal(a.rings, 1);
  assert_int_equal(scu_loop_timeout_ms(still.loop), 0);
  scu_loop_step(still.loop);
  assert_int_equal(a.rings, 2);
  scu__timer_stop(still.loop, &a.timer);
  scu_loop_free(still.loop);
}

static void test_a_timer_moves_when_it_is_set_again_and_stops_at_never(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  alarm_clock a = alarm_at(&still, UINT64_MAX);
  scu__timer_set(still.loop, &a.timer, 150);
  scu__timer_set(still.loop, &a.timer, 500);
  still.now_ms = 200;
  scu_loop_step(still.loop);
  assert_int_equal(a.rings, 0);
  scu__timer_set(still.loop, &a.timer, UINT64_MAX);
  still.now_ms = 5000;
  scu_loop_step(still.loop);
  assert_int_equal(a.rings, 0);
  scu_loop_free(still.loop);
}

typedef struct slow_watch {
  scu__watch watch;
  still_loop *still;
  int other; /* becomes readable meanwhile */
  char *order;
  char name;
} slow_watch;

static void take_time(scu__watch *self, unsigned ready) {
  (void)ready;
  slow_watch *w = (slow_watch *)self;
  uint64_t count;
  assert_int_equal(read(w->watch.fd, &count, sizeof count), sizeof count);
  w->order[strlen(w->order)] = w->name;
  if (w->other < 0) return;
  w->still->now_ms += 10000;
  assert_int_equal(write(w->other, &(uint64_t){1}, sizeof(uint64_t)), sizeof(uint64_t));
}

/* Somebody is slow, and what others wait for comes meanwhile: it is read before their time is up. */
static void test_what_came_while_a_callback_was_slow_is_read_before_timers_ring(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  char order[8] = "";
  slow_watch watches[2];
  for (int i = 0; i < 2; i++) {
    watches[i] = (slow_watch){.watch = {.ready = take_time}, .still = &still, .other = -1, .order = order};
    watches[i].name = (char)('a' + i);
    int fd = eventfd(i == 0 ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(scu__watch_set(still.loop, &watches[i].watch, fd, SCU__POLL_READ, NULL), SCU_OK);
  }
  watches[0].other = watches[1].watch.fd;
  alarm_clock alarm = alarm_at(&still, UINT64_MAX);
  alarm.order = order;
  alarm.name = 't';
  scu__timer_set(still.loop, &alarm.timer, 5000);
  scu_loop_step(still.loop);
  assert_string_equal(order, "a");
  assert_int_equal(scu_loop_timeout_ms(still.loop), 0);
  scu_loop_step(still.loop);
  assert_string_equal(order, "abt");
  for (int i = 0; i < 2; i++) {
    int fd = watches[i].watch.fd;
    scu__watch_remove(still.loop, &watches[i].watch);
    close(fd);
  }
  scu_loop_free(still.loop);
}

/* --- tasks ---------------------------------------------------------------------------------------------------------
 */

typedef struct job {
  scu__task task;
  scu_loop *loop;
  int runs;
  struct job *removes; /* taken out of the queue by this one */
  bool queues_itself;
} job;

static void run_job(scu__task *self) {
  job *j = (job *)self;
  j->runs++;
  if (j->removes) scu__task_remove(j->loop, &j->removes->task);
  if (j->queues_itself) scu__task_queue(j->loop, self);
}

static void test_tasks_run_once_each_and_may_take_out_one_another(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  job jobs[4];
  for (int i = 0; i < 4; i++) jobs[i] = (job){.task = {.run = run_job}, .loop = still.loop};
  jobs[0].removes = &jobs[1];
  jobs[2].queues_itself = true;
  for (int i = 0; i < 4; i++) {
    scu__task_queue(still.loop, &jobs[i].task);
    scu__task_queue(still.loop, &jobs[i].task);
  }
  assert_int_equal(scu_loop_timeout_ms(still.loop), 0);
  scu_loop_step(still.loop);
  assert_int_equal(jobs[0].runs, 1);
  assert_int_equal(jobs[1].runs, 0);
  assert_int_equal(jobs[3].runs, 1);
  int runs = jobs[2].runs; /* not for ever within one step */
  assert_true(runs >= 1 && runs <= 2);
  scu_loop_step(still.loop);
  assert_int_equal(jobs[2].runs, runs + 1);
  assert_int_equal(jobs[3].runs, 1);
  scu__task_remove(still.loop, &jobs[2].task);
  scu__task_remove(still.loop, &jobs[2].task);
  assert_int_equal(scu_loop_timeout_ms(still.loop), -1);
  scu_loop_free(still.loop);
}

/* --- ticks ---------------------------------------------------------------------------------------------------------
 */

typedef struct ticker {
  scu__tick tick;
  scu_loop *loop;
  int checks;
  struct ticker *removes;
} ticker;

static void check(scu__tick *self) {
  ticker *t = (ticker *)self;
  t->checks++;
  if (!t->removes) return;
  scu__tick_remove(t->loop, &t->removes->tick);
  memset(t->removes, 0xA5, sizeof *t->removes); /* as if it had been freed */
  t->removes = NULL;
}

static void test_a_tick_may_remove_itself_and_its_neighbours(void **state) {
  (void)state;
  for (int removed = 0; removed < 3; removed++) {
    still_loop still;
    still_start(&still);
    ticker tickers[3];
    for (int i = 0; i < 3; i++) {
      tickers[i] = (ticker){.tick = {.check = check}, .loop = still.loop};
      scu__tick_add(still.loop, &tickers[i].tick);
    }
    ticker last = {.tick = {.check = check}, .loop = still.loop};
    scu__tick_add(still.loop, &last.tick);
    if (removed != 1)
      tickers[1].removes = &tickers[removed];
    else
      last.removes = &tickers[2]; /* the next in line */
    scu_loop_step(still.loop);
    assert_true(last.checks >= 1);
    if (removed != 0) assert_true(tickers[0].checks >= 1);
    scu_loop_free(still.loop);
  }
}

/* --- watches -------------------------------------------------------------------------------------------------------
 */

typedef struct bell {
  scu__watch watch;
  scu_loop *loop;
  int fd, rings;
  struct bell *removes;
  int nested; /* steps of the loop from inside */
} bell;

static void bell_ready(scu__watch *self, unsigned ready) {
  bell *b = (bell *)self;
  assert_true(ready & SCU__POLL_READ);
  b->rings++;
  if (b->removes) {
    scu__watch_remove(b->loop, &b->removes->watch);
    b->removes = NULL;
  }
  while (b->nested > 0) {
    b->nested--;
    scu_loop_step(b->loop);
  }
}

static void bell_start(bell *b, scu_loop *loop) {
  *b = (bell){.watch = {.ready = bell_ready}, .loop = loop, .fd = eventfd(1, EFD_CLOEXEC)};
  assert_int_equal(scu__watch_set(loop, &b->watch, b->fd, SCU__POLL_READ, NULL), SCU_OK);
}

static void test_a_watch_removed_inside_a_batch_is_not_called(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  bell bells[4];
  for (int i = 0; i < 4; i++) bell_start(&bells[i], still.loop);
  /* Whoever is called first takes out the others' successor; nobody is called after being taken out. */
  for (int i = 0; i < 4; i++) bells[i].removes = &bells[(i + 1) % 4];
  scu_loop_step(still.loop);
  int rang = 0;
  for (int i = 0; i < 4; i++) {
    assert_true(bells[i].rings <= 1);
    rang += bells[i].rings;
  }
  assert_int_equal(rang, 2);
  for (int i = 0; i < 4; i++) {
    scu__watch_remove(still.loop, &bells[i].watch);
    close(bells[i].fd);
  }
  scu_loop_free(still.loop);
}

static void test_a_watch_removed_by_a_nested_step_is_not_called_by_the_outer_one(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  bell first, second;
  bell_start(&first, still.loop);
  bell_start(&second, still.loop);
  first.nested = 1;
  second.removes = &second; /* at its first ring, which the nested step brings */
  scu_loop_step(still.loop);
  assert_int_equal(second.rings, 1);
  scu__watch_remove(still.loop, &first.watch);
  close(first.fd);
  close(second.fd);
  scu_loop_free(still.loop);
}

static void test_interest_can_be_taken_back_and_given_again(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  bell b;
  bell_start(&b, still.loop);
  assert_int_equal(scu__watch_set(still.loop, &b.watch, b.fd, 0, NULL), SCU_OK);
  scu_loop_step(still.loop);
  assert_int_equal(b.rings, 0);
  assert_int_equal(scu__watch_set(still.loop, &b.watch, b.fd, SCU__POLL_READ, NULL), SCU_OK);
  scu_loop_step(still.loop);
  assert_int_equal(b.rings, 1);
  scu__watch_remove(still.loop, &b.watch);
  scu__watch_remove(still.loop, &b.watch);
  close(b.fd);
  scu_loop_free(still.loop);
}

/* --- waking --------------------------------------------------------------------------------------------------------
 */

static void *wake(void *user) {
  scu_loop_wake(user);
  return NULL;
}

static void test_another_thread_wakes_a_loop_that_waits(void **state) {
  (void)state;
  scu_loop *loop;
  assert_int_equal(scu_loop_new(NULL, &loop), SCU_OK);
  assert_int_equal(scu_loop_timeout_ms(loop), -1);
  assert_true(scu_loop_fd(loop) >= 0);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wake, loop), 0);
  assert_int_equal(scu_loop_wait(loop, -1), SCU_OK); /* would wait for ever */
  pthread_join(thread, NULL);
  scu_loop_free(loop);
}

static void test_buffers_are_never_shared_by_two(void **state) {
  (void)state;
  still_loop still;
  still_start(&still);
  uint8_t *taken[8];
  for (int i = 0; i < 8; i++) {
    taken[i] = scu__loop_take_buffer(still.loop);
    assert_non_null(taken[i]);
    for (int j = 0; j < i; j++) assert_ptr_not_equal(taken[i], taken[j]);
  }
  for (int i = 0; i < 8; i++) scu__loop_give_buffer(still.loop, taken[i]);
  scu__loop_give_buffer(still.loop, NULL);
  scu_loop_free(still.loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_timers_ring_in_order_and_once),
      cmocka_unit_test(test_a_timer_set_again_for_now_does_not_hold_the_step),
      cmocka_unit_test(test_what_came_while_a_callback_was_slow_is_read_before_timers_ring),
      cmocka_unit_test(test_a_timer_moves_when_it_is_set_again_and_stops_at_never),
      cmocka_unit_test(test_tasks_run_once_each_and_may_take_out_one_another),
      cmocka_unit_test(test_a_tick_may_remove_itself_and_its_neighbours),
      cmocka_unit_test(test_a_watch_removed_inside_a_batch_is_not_called),
      cmocka_unit_test(test_a_watch_removed_by_a_nested_step_is_not_called_by_the_outer_one),
      cmocka_unit_test(test_interest_can_be_taken_back_and_given_again),
      cmocka_unit_test(test_another_thread_wakes_a_loop_that_waits),
      cmocka_unit_test(test_buffers_are_never_shared_by_two),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
