/* Completions, the pool and the resolver, with real threads; meant to run under the thread sanitizer too. */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/pool.h"
#include "io/resolver.h"

static bool wait_readable(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  return poll(&one, 1, 10000) == 1;
}

/* --- completions -------------------------------------------------------------------------------------------------- */

typedef struct note {
  scu__posted posted; /* first */
  int thread, number;
} note;

enum { POSTERS = 4, NOTES = 2000 };

static int last_number[POSTERS], run_count, drop_count;
static note notes[POSTERS][NOTES];
static scu__completions *shared;

static void note_run(scu__posted *posted) {
  note *one = (note *)posted;
  assert_true(one->number > last_number[one->thread]); /* in order of posting, per thread */
  last_number[one->thread] = one->number;
  run_count++;
}

static void note_drop(scu__posted *posted) {
  (void)posted;
  drop_count++;
}

static void *poster(void *argument) {
  int thread = (int)(intptr_t)argument;
  for (int i = 0; i < NOTES; i++) {
    note *one = &notes[thread][i];
    *one = (note){.posted = {.run = note_run, .drop = note_drop}, .thread = thread, .number = i + 1};
    scu__completions_post(shared, &one->posted);
  }
  return NULL;
}

static void test_posts_of_many_threads_all_run_in_order_on_the_draining_thread(void **state) {
  (void)state;
  pthread_t threads[POSTERS];
  memset(last_number, 0, sizeof last_number);
  run_count = 0;
  assert_int_equal(scu__completions_new(NULL, &shared, NULL), SCU_OK);
  for (int i = 0; i < POSTERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, poster, (void *)(intptr_t)i), 0);
  while (run_count < POSTERS * NOTES) {
    assert_true(wait_readable(scu__completions_fd(shared)));
    scu__completions_drain(shared);
  }
  for (int i = 0; i < POSTERS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(scu__completions_drain(shared), 0);
  scu__completions_close(shared);
  scu__completions_release(shared);
}

static void test_a_closed_queue_drops_what_waits_and_what_comes_later(void **state) {
  (void)state;
  note a = {.posted = {.run = note_run, .drop = note_drop}, .number = 1}, b = a;
  drop_count = run_count = 0;
  assert_int_equal(scu__completions_new(NULL, &shared, NULL), SCU_OK);
  scu__completions_post(shared, &a.posted);
  scu__completions_close(shared);
  assert_int_equal(drop_count, 1);
  scu__completions_post(shared, &b.posted);
  assert_int_equal(drop_count, 2);
  assert_int_equal(scu__completions_drain(shared), 0);
  scu__completions_close(shared);
  assert_int_equal(run_count, 0);
  scu__completions_release(shared);
}

static void closing_run(scu__posted *posted) {
  (void)posted;
  run_count++;
  scu__completions_close(shared);
  scu__completions_release(shared);
}

static void test_a_queue_may_be_closed_and_released_from_inside_a_drain(void **state) {
  (void)state;
  note a = {.posted = {.run = closing_run, .drop = note_drop}}, b = {.posted = {.run = note_run, .drop = note_drop}};
  drop_count = run_count = 0;
  assert_int_equal(scu__completions_new(NULL, &shared, NULL), SCU_OK);
  scu__completions_post(shared, &a.posted);
  scu__completions_post(shared, &b.posted);
  assert_int_equal(scu__completions_drain(shared), 2);
  assert_int_equal(run_count, 1);
  assert_int_equal(drop_count, 1);
}

static void test_wake_makes_the_descriptor_readable_without_anything_posted(void **state) {
  (void)state;
  assert_int_equal(scu__completions_new(NULL, &shared, NULL), SCU_OK);
  scu__completions_wake(shared);
  assert_true(wait_readable(scu__completions_fd(shared)));
  assert_int_equal(scu__completions_drain(shared), 0);
  struct pollfd one = {.fd = scu__completions_fd(shared), .events = POLLIN};
  assert_int_equal(poll(&one, 1, 0), 0);
  scu__completions_release(shared);
}

/* --- pool --------------------------------------------------------------------------------------------------------- */

typedef struct task {
  scu__job job; /* first */
  pthread_t ran_on, done_on;
  bool has_run, is_done, had_signals_blocked;
} task;

static atomic_int tasks_run, tasks_done;
static sem_t gate, entered;

static void task_run(scu__job *job) {
  task *one = (task *)job;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  one->had_signals_blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGPIPE);
  one->ran_on = pthread_self();
  one->has_run = true;
  atomic_fetch_add(&tasks_run, 1);
}

static void task_done(scu__job *job) {
  task *one = (task *)job;
  one->done_on = pthread_self();
  one->is_done = true;
  atomic_fetch_add(&tasks_done, 1);
}

static void task_wait_run(scu__job *job) {
  sem_post(&entered);
  while (sem_wait(&gate) != 0) continue;
  task_run(job);
}

static int pool_setup(void **state) {
  (void)state;
  atomic_store(&tasks_run, 0);
  atomic_store(&tasks_done, 0);
  return sem_init(&gate, 0, 0) == 0 && sem_init(&entered, 0, 0) == 0 ? 0 : -1;
}

static void drain_until(scu__completions *queue, int count) {
  while (atomic_load(&tasks_done) < count) {
    assert_true(wait_readable(scu__completions_fd(queue)));
    scu__completions_drain(queue);
  }
}

static void test_jobs_run_elsewhere_and_are_done_here(void **state) {
  (void)state;
  enum { COUNT = 200 };
  static task tasks[COUNT];
  scu__pool *pool;
  scu__completions *queue;
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  assert_int_equal(scu__pool_new(NULL, 4, COUNT, &pool, NULL), SCU_OK);
  for (int i = 0; i < COUNT; i++) {
    tasks[i] = (task){.job = {.run = task_run, .done = task_done}};
    assert_int_equal(scu__pool_submit(pool, &tasks[i].job, queue), SCU_OK);
  }
  drain_until(queue, COUNT);
  for (int i = 0; i < COUNT; i++) {
    assert_true(tasks[i].has_run && tasks[i].is_done && !tasks[i].job.is_cancelled);
    assert_true(tasks[i].had_signals_blocked);
    assert_false(pthread_equal(tasks[i].ran_on, pthread_self()));
    assert_true(pthread_equal(tasks[i].done_on, pthread_self()));
  }
  scu__pool_free(pool);
  scu__completions_release(queue);
}

static void test_a_full_queue_is_limit_and_leaves_the_job_alone(void **state) {
  (void)state;
  task tasks[3] = {{.job = {.run = task_wait_run, .done = task_done}},
                   {.job = {.run = task_run, .done = task_done}},
                   {.job = {.run = task_run, .done = task_done}}};
  scu__pool *pool;
  assert_int_equal(scu__pool_new(NULL, 1, 1, &pool, NULL), SCU_OK);
  assert_int_equal(scu__pool_submit(pool, &tasks[0].job, NULL), SCU_OK);
  sem_wait(&entered);
  assert_int_equal(scu__pool_submit(pool, &tasks[1].job, NULL), SCU_OK);
  assert_int_equal(scu__pool_submit(pool, &tasks[2].job, NULL), SCU_ERROR_LIMIT);
  sem_post(&gate);
  scu__pool_free(pool);
  assert_true(tasks[0].has_run && tasks[0].is_done);
  assert_true(tasks[1].is_done);
  assert_false(tasks[2].is_done);
}

static void test_what_the_caller_can_do_as_well_is_taken_only_by_a_thread_that_is_free(void **state) {
  (void)state;
  task tasks[3] = {{.job = {.run = task_wait_run, .done = task_done}},
                   {.job = {.run = task_wait_run, .done = task_done}},
                   {.job = {.run = task_run, .done = task_done}}};
  scu__pool *pool;
  assert_int_equal(scu__pool_new(NULL, 2, 8, &pool, NULL), SCU_OK);
  assert_int_equal(scu__pool_submit_if_idle(pool, &tasks[0].job), SCU_OK); /* one is started for it */
  assert_int_equal(scu__pool_submit_if_idle(pool, &tasks[1].job), SCU_OK);
  sem_wait(&entered);
  sem_wait(&entered);
  assert_int_equal(scu__pool_submit_if_idle(pool, &tasks[2].job), SCU_ERROR_LIMIT);
  sem_post(&gate);
  while (scu__pool_submit_if_idle(pool, &tasks[2].job) != SCU_OK)
    sched_yield(); /* the one that is back waits for work */
  sem_post(&gate);
  scu__pool_free(pool);
  for (int i = 0; i < 2; i++) assert_true(tasks[i].has_run && tasks[i].is_done);
  assert_true(tasks[2].is_done);
}

static void test_freeing_joins_running_jobs_and_cancels_waiting_ones(void **state) {
  (void)state;
  task tasks[3] = {{.job = {.run = task_wait_run, .done = task_done}},
                   {.job = {.run = task_run, .done = task_done}},
                   {.job = {.run = task_run, .done = task_done}}};
  scu__pool *pool;
  scu__completions *queue;
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  assert_int_equal(scu__pool_new(NULL, 1, 8, &pool, NULL), SCU_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(scu__pool_submit(pool, &tasks[i].job, queue), SCU_OK);
  sem_wait(&entered);
  sem_post(&gate);
  scu__pool_free(pool);
  drain_until(queue, 3);
  assert_true(tasks[0].has_run && !tasks[0].job.is_cancelled);
  for (int i = 1; i < 3; i++) assert_true(tasks[i].has_run != tasks[i].job.is_cancelled);
  scu__completions_release(queue);
}

typedef struct late {
  scu__job job; /* first */
  sem_t *abandoned;
} late;

static void late_run(scu__job *job) {
  (void)job;
  sem_post(&entered);
  while (sem_wait(&gate) != 0) continue;
}

static void late_abandon(scu__job *job) {
  late *one = (late *)job;
  sem_t *abandoned = one->abandoned;
  free(one);
  sem_post(abandoned);
}

static void late_done(scu__job *job) {
  (void)job;
  fail_msg("an abandoned job must not be done");
}

static void test_a_late_job_that_may_be_abandoned_does_not_hold_up_freeing(void **state) {
  (void)state;
  sem_t abandoned;
  sem_init(&abandoned, 0, 0);
  late *one = calloc(1, sizeof *one);
  *one = (late){.job = {.run = late_run, .done = late_done, .abandon = late_abandon}, .abandoned = &abandoned};
  scu__pool *pool;
  scu__completions *queue;
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  assert_int_equal(scu__pool_new(NULL, 2, 8, &pool, NULL), SCU_OK);
  assert_int_equal(scu__pool_submit(pool, &one->job, queue), SCU_OK);
  sem_wait(&entered);
  scu__pool_free(pool); /* would hang here */
  scu__completions_close(queue);
  scu__completions_release(queue);
  sem_post(&gate);
  while (sem_wait(&abandoned) != 0) continue;
  sem_destroy(&abandoned);
}

static void plain_abandon(scu__job *job) {
  (void)job;
}

static void test_jobs_that_may_be_abandoned_leave_half_of_the_threads_to_others(void **state) {
  (void)state;
  task slow[4], quick = {.job = {.run = task_run, .done = task_done}};
  scu__pool *pool;
  scu__completions *queue;
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  assert_int_equal(scu__pool_new(NULL, 2, 8, &pool, NULL), SCU_OK);
  for (int i = 0; i < 4; i++) {
    slow[i] = (task){.job = {.run = task_wait_run, .done = task_done, .abandon = plain_abandon}};
    assert_int_equal(scu__pool_submit(pool, &slow[i].job, queue), SCU_OK);
  }
  assert_int_equal(scu__pool_submit(pool, &quick.job, queue), SCU_OK);
  drain_until(queue, 1);
  assert_true(quick.is_done);
  for (int i = 0; i < 4; i++) sem_post(&gate);
  drain_until(queue, 5);
  scu__pool_free(pool);
  scu__completions_release(queue);
}

/* E05. RLIMIT_NPROC does not bind root, so the address space is what runs out: a thread's stack no longer fits. */
static void test_without_any_thread_jobs_run_inline(void **state) {
  (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  skip();
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  skip();
#endif
#endif
  struct rlimit before, none;
  task one = {.job = {.run = task_run, .done = task_done}};
  scu__pool *pool;
  scu__completions *queue;
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  assert_int_equal(scu__pool_new(NULL, 4, 8, &pool, NULL), SCU_OK);
  assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
  none = before;
  none.rlim_cur = 1;
  assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
  scu_result result = scu__pool_submit(pool, &one.job, queue);
  assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
  assert_int_equal(result, SCU_OK);
  assert_true(one.has_run && !one.is_done);
  assert_true(pthread_equal(one.ran_on, pthread_self()));
  drain_until(queue, 1);
  task later = {.job = {.run = task_run, .done = task_done}};
  assert_int_equal(scu__pool_submit(pool, &later.job, queue), SCU_OK); /* recovers */
  drain_until(queue, 2);
  assert_false(pthread_equal(later.ran_on, pthread_self()));
  scu__pool_free(pool);
  scu__completions_release(queue);
}

/* --- resolver ----------------------------------------------------------------------------------------------------- */

typedef struct answer {
  int count;
  scu_result result;
  scu__address_list addresses;
  scu_error error;
  scu__resolution *free_inside;
} answer;

static void resolved(void *user, scu_result result, const scu__address_list *addresses, const scu_error *error) {
  answer *got = user;
  got->count++;
  got->result = result;
  got->addresses = *addresses;
  if (error) got->error = *error;
  scu__resolution_free(got->free_inside);
}

static void test_numeric_addresses_need_no_pool(void **state) {
  (void)state;
  scu__address_list list;
  scu__resolution *resolution;
  char text[SCU__ADDRESS_TEXT_MAX];
  assert_int_equal(scu__resolve(NULL, NULL, "192.0.2.1", 104, &list, resolved, NULL, &resolution, NULL), SCU_OK);
  assert_null(resolution);
  assert_int_equal(list.count, 1);
  assert_string_equal(scu__address_text(&list.list[0], text), "192.0.2.1:104");
  assert_int_equal(scu__resolve(NULL, NULL, "[::1]", 104, &list, resolved, NULL, &resolution, NULL), SCU_OK);
  assert_string_equal(scu__address_text(&list.list[0], text), "[::1]:104");
  assert_int_equal(scu__resolve(NULL, NULL, "", 104, &list, resolved, NULL, &resolution, NULL), SCU_ERROR_TRANSPORT);
}

static void resolve_and_wait(const char *host, answer *got, bool free_inside) {
  scu__pool *pool;
  scu__completions *queue;
  scu__address_list list;
  scu__resolution *resolution;
  memset(got, 0, sizeof *got);
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  assert_int_equal(scu__pool_new(NULL, 2, 4, &pool, NULL), SCU_OK);
  assert_int_equal(scu__resolve(pool, queue, host, 104, &list, resolved, got, &resolution, NULL), SCU_PENDING);
  if (free_inside) got->free_inside = resolution;
  while (got->count == 0) {
    assert_true(wait_readable(scu__completions_fd(queue)));
    scu__completions_drain(queue);
  }
  if (!free_inside) scu__resolution_free(resolution);
  scu__pool_free(pool);
  scu__completions_close(queue);
  scu__completions_release(queue);
}

static void test_localhost_resolves_to_loopback_with_the_port(void **state) {
  (void)state;
  answer got;
  for (int inside = 0; inside < 2; inside++) {
    resolve_and_wait("localhost", &got, inside == 1);
    assert_int_equal(got.result, SCU_OK);
    assert_true(got.addresses.count >= 1);
    for (size_t i = 0; i < got.addresses.count; i++) assert_int_equal(scu__address_port(&got.addresses.list[i]), 104);
  }
}

static void test_an_unknown_name_is_a_transport_error_that_names_it(void **state) {
  (void)state;
  answer got;
  resolve_and_wait("no such host.invalid", &got, false);
  assert_int_equal(got.result, SCU_ERROR_TRANSPORT);
  assert_int_equal(scu_error_phase(&got.error), SCU_PHASE_RESOLVE);
  assert_non_null(strstr(scu_error_reason(&got.error), "no such host.invalid"));
  assert_int_not_equal(scu_error_hint(&got.error)[0], 0);
}

static void test_a_freed_resolution_is_never_answered(void **state) {
  (void)state;
  answer got = {0};
  scu__pool *pool;
  scu__completions *queue;
  scu__address_list list;
  scu__resolution *resolution;
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  assert_int_equal(scu__pool_new(NULL, 2, 4, &pool, NULL), SCU_OK);
  assert_int_equal(scu__resolve(pool, queue, "localhost", 1, &list, resolved, &got, &resolution, NULL), SCU_PENDING);
  scu__resolution_free(resolution);
  scu__pool_free(pool);
  scu__completions_drain(queue);
  assert_int_equal(got.count, 0);
  scu__completions_close(queue);
  scu__completions_release(queue);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      /* First: stacks of earlier threads would be used again, and none would need to be made. */
      cmocka_unit_test_setup(test_without_any_thread_jobs_run_inline, pool_setup),
      cmocka_unit_test(test_posts_of_many_threads_all_run_in_order_on_the_draining_thread),
      cmocka_unit_test(test_a_closed_queue_drops_what_waits_and_what_comes_later),
      cmocka_unit_test(test_a_queue_may_be_closed_and_released_from_inside_a_drain),
      cmocka_unit_test(test_wake_makes_the_descriptor_readable_without_anything_posted),
      cmocka_unit_test_setup(test_jobs_run_elsewhere_and_are_done_here, pool_setup),
      cmocka_unit_test_setup(test_a_full_queue_is_limit_and_leaves_the_job_alone, pool_setup),
      cmocka_unit_test_setup(test_what_the_caller_can_do_as_well_is_taken_only_by_a_thread_that_is_free, pool_setup),
      cmocka_unit_test_setup(test_freeing_joins_running_jobs_and_cancels_waiting_ones, pool_setup),
      cmocka_unit_test_setup(test_a_late_job_that_may_be_abandoned_does_not_hold_up_freeing, pool_setup),
      cmocka_unit_test_setup(test_jobs_that_may_be_abandoned_leave_half_of_the_threads_to_others, pool_setup),
      cmocka_unit_test(test_numeric_addresses_need_no_pool),
      cmocka_unit_test(test_localhost_resolves_to_loopback_with_the_port),
      cmocka_unit_test(test_an_unknown_name_is_a_transport_error_that_names_it),
      cmocka_unit_test(test_a_freed_resolution_is_never_answered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
