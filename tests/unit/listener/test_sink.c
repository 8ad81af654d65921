/* Completions of sinks: posted from any thread, exactly once, whether the association still lives or not. */
#include "../io/cmocka_all.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "listener/sink.h"
#include "support/failing_allocator.h"

enum { COUNT = 200, THREADS = 4 };

static int done_count;
static uint64_t done_sum;
static char last_path[64], last_comment[64];

static void done(void *user, const scu_sink_outcome *outcome) {
  (void)user;
  done_count++;
  done_sum += outcome->length;
  snprintf(last_path, sizeof last_path, "%s", outcome->path ? outcome->path : "-");
  snprintf(last_comment, sizeof last_comment, "%s", outcome->comment ? outcome->comment : "-");
}

static scu_completion *completions[COUNT];
static bool is_abandoned[COUNT];

static void *poster(void *argument) {
  for (size_t i = (size_t)(uintptr_t)argument; i < COUNT; i += THREADS) {
    char path[32];
    snprintf(path, sizeof path, "/x/%zu", i);
    scu_sink_outcome outcome = {.size = sizeof outcome, .path = path, .length = i};
    scu_completion_post(completions[i], &outcome);
    memset(path, 'z', sizeof path); /* texts were copied */
  }
  return NULL;
}

static void test_posts_from_many_threads_are_done_on_the_loop_and_abandoned_ones_are_not(void **state) {
  (void)state;
  scu__completions *queue;
  pthread_t threads[THREADS];
  uint64_t expected_sum = 0;
  int expected = 0;
  done_count = 0;
  done_sum = 0;
  assert_int_equal(scu__completions_new(NULL, &queue, NULL), SCU_OK);
  for (size_t i = 0; i < COUNT; i++) {
    assert_int_equal(scu__completion_new(NULL, queue, done, NULL, &completions[i]), SCU_OK);
    is_abandoned[i] = i % 3 == 0;
    if (is_abandoned[i]) {
      scu__completion_abandon(completions[i]);
    } else {
      expected++;
      expected_sum += i;
    }
  }
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, poster, (void *)(uintptr_t)i), 0);
  size_t drained = 0;
  while (drained < COUNT) {
    struct pollfd one = {.fd = scu__completions_fd(queue), .events = POLLIN};
    assert_int_equal(poll(&one, 1, 10000), 1);
    drained += scu__completions_drain(queue);
  }
  for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(done_count, expected);
  assert_int_equal(done_sum, expected_sum);
  assert_int_equal(strncmp(last_path, "/x/", 3), 0);
  scu__completions_close(queue);
  scu__completions_release(queue);
}

static void test_a_post_after_the_loop_is_gone_frees_the_completion(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu__completions *queue;
  scu_completion *late;
  done_count = 0;
  assert_int_equal(scu__completions_new(&counting.allocator, &queue, NULL), SCU_OK);
  assert_int_equal(scu__completion_new(&counting.allocator, queue, done, NULL, &late), SCU_OK);
  scu__completions_close(queue);
  scu__completions_release(queue);
  scu_sink_outcome outcome = {.size = sizeof outcome, .path = "p", .comment = "c"};
  scu_completion_post(late, &outcome);
  assert_int_equal(done_count, 0);
  assert_int_equal(counting.alive, 0);
}

static void test_kept_texts_live_as_long_as_the_completion(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu__completions *queue;
  scu_completion *completion;
  assert_int_equal(scu__completions_new(&counting.allocator, &queue, NULL), SCU_OK);
  assert_int_equal(scu__completion_new(&counting.allocator, queue, done, NULL, &completion), SCU_OK);
  char text[] = "first";
  const char *one = scu_completion_keep(completion, text), *two = scu_completion_keep(completion, "second");
  text[0] = 'X';
  assert_string_equal(one, "first");
  assert_string_equal(two, "second");
  assert_null(scu_completion_keep(completion, NULL));
  scu__completion_free(completion);
  scu__completions_release(queue);
  assert_int_equal(counting.alive, 0);
}

static void test_without_memory_a_post_loses_texts_and_nothing_else(void **state) {
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    failing_allocator failing;
    failing_allocator_init(&failing, SIZE_MAX);
    scu__completions *queue;
    scu_completion *completion;
    assert_int_equal(scu__completions_new(&failing.allocator, &queue, NULL), SCU_OK);
    assert_int_equal(scu__completion_new(&failing.allocator, queue, done, NULL, &completion), SCU_OK);
    done_count = 0;
    failing.fail_at = failing.requests + i;
    scu_sink_outcome outcome = {
        .size = sizeof outcome, .path = "p", .comment = "c", .study_instance_uid = "1", .series_instance_uid = "2"};
    scu_completion_post(completion, &outcome);
    assert_int_equal(scu__completions_drain(queue), 1);
    assert_int_equal(done_count, 1);
    assert_string_equal(last_comment, i == 0 ? "-" : "c");
    assert_string_equal(last_path, i == 1 ? "-" : "p");
    scu__completions_release(queue);
    assert_int_equal(failing.alive, 0);
  }
}

static scu_result begin(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome) {
  (void)user, (void)incoming, (void)instance, (void)outcome;
  return SCU_OK;
}

static scu_result write_bytes(void *user, void *instance, const uint8_t *bytes, size_t length,
                              scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)bytes, (void)length, (void)outcome;
  return SCU_OK;
}

static scu_result finish(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)completion, (void)outcome;
  return SCU_OK;
}

static void discard(void *user, void *instance) {
  (void)user, (void)instance;
}

static void test_a_sink_without_size_or_with_a_gap_is_a_usage_error(void **state) {
  (void)state;
  const scu_sink whole = {
      .size = sizeof whole, .begin = begin, .write = write_bytes, .finish = finish, .discard = discard};
  assert_int_equal(scu__sink_check(&whole, NULL), SCU_OK);
  scu_sink bad[5] = {whole, whole, whole, whole, whole};
  bad[0].size = offsetof(scu_sink, user);
  bad[1].begin = NULL;
  bad[2].write = NULL;
  bad[3].finish = NULL;
  bad[4].discard = NULL;
  for (size_t i = 0; i < 5; i++) {
    scu_error error;
    scu__error_clear(&error);
    assert_int_equal(scu__sink_check(&bad[i], &error), SCU_ERROR_USAGE);
    assert_int_equal(error.result, SCU_ERROR_USAGE);
  }
  assert_int_equal(scu__sink_check(NULL, NULL), SCU_ERROR_USAGE);
}

static void test_the_status_is_the_sinks_own_or_follows_from_the_result(void **state) {
  (void)state;
  scu_sink_outcome own = {.status = 0xB007}, none = {.status = 0};
  assert_int_equal(scu__sink_status(SCU_OK, &own), 0xB007);
  assert_int_equal(scu__sink_status(SCU_ERROR_STORAGE, &own), 0xB007);
  assert_int_equal(scu__sink_status(SCU_OK, &none), 0);
  assert_int_equal(scu__sink_status(SCU_ERROR_STORAGE, &none), 0xA700);
  assert_int_equal(scu__sink_status(SCU_ERROR_MEMORY, NULL), 0xA700);
  assert_int_equal(scu__sink_status(SCU_ERROR_LIMIT, &none), 0xA700);
  assert_int_equal(scu__sink_status(SCU_ERROR_PROTOCOL, &none), 0xC000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_posts_from_many_threads_are_done_on_the_loop_and_abandoned_ones_are_not),
      cmocka_unit_test(test_a_post_after_the_loop_is_gone_frees_the_completion),
      cmocka_unit_test(test_kept_texts_live_as_long_as_the_completion),
      cmocka_unit_test(test_without_memory_a_post_loses_texts_and_nothing_else),
      cmocka_unit_test(test_a_sink_without_size_or_with_a_gap_is_a_usage_error),
      cmocka_unit_test(test_the_status_is_the_sinks_own_or_follows_from_the_result),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
