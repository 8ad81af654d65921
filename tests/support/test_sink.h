/* A sink that keeps what it gets in memory, counts every call, and fails or waits where it is told to. */
#ifndef SCU_TESTS_TEST_SINK_H
#define SCU_TESTS_TEST_SINK_H

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "scu/sink.h"

enum { TEST_SINK_MAX = 512 };

typedef struct test_sink_instance {
  char uid[65], transfer_syntax[65], calling_ae[17];
  scu__buffer bytes;
  bool is_finished, is_discarded;
} test_sink_instance;

typedef struct test_sink {
  scu_sink sink;
  test_sink_instance instances[TEST_SINK_MAX];
  size_t begun, finished, discarded;
  size_t open; /* begun, and neither finished nor discarded */
  scu_result begin_result, write_result, finish_result;
  uint16_t status; /* of the outcome */
  bool is_slow;    /* finish says PENDING, test_sink_post ends it */
  scu_completion *waiting[TEST_SINK_MAX];
  size_t waiting_count;
} test_sink;

static inline scu_result test_sink_begin(void *user, const scu_incoming *incoming, void **instance,
                                         scu_sink_outcome *outcome) {
  test_sink *sink = user;
  outcome->status = sink->begin_result ? sink->status : 0;
  if (sink->begin_result) return sink->begin_result;
  if (sink->begun == TEST_SINK_MAX) abort();
  test_sink_instance *made = &sink->instances[sink->begun++];
  strncpy(made->uid, incoming->sop_instance_uid, sizeof made->uid - 1);
  strncpy(made->transfer_syntax, incoming->transfer_syntax_uid, sizeof made->transfer_syntax - 1);
  strncpy(made->calling_ae, incoming->calling_ae, sizeof made->calling_ae - 1);
  scu__buffer_init(&made->bytes, NULL, (size_t)1 << 30);
  sink->open++;
  *instance = made;
  return SCU_OK;
}

static inline scu_result test_sink_write(void *user, void *instance, const uint8_t *bytes, size_t length,
                                         scu_sink_outcome *outcome) {
  test_sink *sink = user;
  test_sink_instance *made = instance;
  if (made->is_finished || made->is_discarded || length == 0) abort();
  outcome->status = sink->write_result ? sink->status : 0;
  if (sink->write_result) return sink->write_result;
  scu__put_bytes(&made->bytes, bytes, length);
  return scu__buffer_result(&made->bytes);
}

static inline scu_result test_sink_finish(void *user, void *instance, scu_completion *completion,
                                          scu_sink_outcome *outcome) {
  test_sink *sink = user;
  test_sink_instance *made = instance;
  if (made->is_finished || made->is_discarded) abort();
  made->is_finished = true;
  sink->finished++;
  sink->open--;
  outcome->status = sink->status;
  if (!sink->is_slow) return sink->finish_result;
  if (sink->waiting_count == TEST_SINK_MAX) abort();
  sink->waiting[sink->waiting_count++] = completion;
  return SCU_PENDING;
}

static inline void test_sink_discard(void *user, void *instance) {
  test_sink *sink = user;
  test_sink_instance *made = instance;
  if (made->is_finished || made->is_discarded) abort();
  made->is_discarded = true;
  sink->discarded++;
  sink->open--;
}

static inline void test_sink_init(test_sink *sink) {
  memset(sink, 0, sizeof *sink);
  sink->sink = (scu_sink){.size = sizeof sink->sink,
                          .begin = test_sink_begin,
                          .write = test_sink_write,
                          .finish = test_sink_finish,
                          .discard = test_sink_discard,
                          .user = sink};
}

/* Ends every finish that waits. */
static inline void test_sink_post(test_sink *sink, uint16_t status) {
  for (size_t i = 0; i < sink->waiting_count; i++) {
    const scu_sink_outcome outcome = {.size = sizeof outcome, .status = status};
    scu_completion_post(sink->waiting[i], &outcome);
  }
  sink->waiting_count = 0;
}

static inline void test_sink_free(test_sink *sink) {
  for (size_t i = 0; i < sink->begun; i++) scu__buffer_free(&sink->instances[i].bytes);
}

#endif
