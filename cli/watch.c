/* A thread that looks once a second, and says the same thing once a minute at most. It asks, rather than be told: what
 * notices a loss is inside of protocol steps, and must not write. */
#include "watch.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "errors.h"
#include "metrics_file.h"

enum { LOOK_EVERY_MS = 1000, SAY_EVERY_MS = 60000, TEXT_MAX = 256 };

/* How much of it is wrong, 0 = all is well; and how that is said. */
typedef struct subject {
  uint64_t (*amount)(const cli *context);
  void (*describe)(uint64_t amount, char to[TEXT_MAX]);
} subject;

static uint64_t audit_amount(const cli *context) {
  return context->audit ? scu_audit_lost(context->audit) : 0;
}

static void describe_audit(uint64_t amount, char to[TEXT_MAX]) {
  snprintf(to, TEXT_MAX, "%" PRIu64 " audit messages so far did not get to where they were sent", amount);
}

static uint64_t trace_amount(const cli *context) {
  return context->capture && scu_capture_result(context->capture) != SCU_OK ? 1 : 0;
}

static void describe_trace(uint64_t amount, char to[TEXT_MAX]) {
  (void)amount;
  snprintf(to, TEXT_MAX, "the trace is cut off: it could not be written, and nothing is added to it any more");
}

static uint64_t metrics_amount(const cli *context) {
  return (uint64_t)metrics_file_fault(context);
}

static void describe_metrics(uint64_t amount, char to[TEXT_MAX]) {
  snprintf(to, TEXT_MAX, "the metrics are out of date: they cannot be written: %s", strerror((int)amount));
}

static const subject subjects[] = {
    {audit_amount, describe_audit}, {trace_amount, describe_trace}, {metrics_amount, describe_metrics}};

enum { SUBJECTS = sizeof subjects / sizeof *subjects };

struct watch {
  cli *context;
  pthread_t thread;
  pthread_mutex_t lock; /* guards is_ending */
  pthread_cond_t ending;
  bool is_ending;
  struct {
    uint64_t amount, at_ms; /* 0 = not said */
  } said[SUBJECTS];
};

/* One write, so that it does not mix with what others say. */
static void warn(const cli *context, const char *text) {
  char line[TEXT_MAX + 16];
  snprintf(line, sizeof line, "warning: %s\n", text);
  fputs(line, stderr);
  if (context->log) scu_log_text(context->log, SCU_LOG_WARNING, 0, text);
}

static void look(watch *w) {
  for (size_t i = 0; i < SUBJECTS; i++) {
    char text[TEXT_MAX];
    uint64_t amount = subjects[i].amount(w->context), now = now_ms();
    bool is_early = w->said[i].at_ms > 0 && now - w->said[i].at_ms < SAY_EVERY_MS;
    if (amount == 0) w->said[i].amount = 0;
    if (amount == w->said[i].amount || is_early) continue;
    subjects[i].describe(amount, text);
    warn(w->context, text);
    w->said[i].amount = amount;
    w->said[i].at_ms = now;
  }
}

static void *look_now_and_then(void *user) {
  watch *w = user;
  struct timespec until;
  pthread_mutex_lock(&w->lock);
  while (!w->is_ending) {
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOOK_EVERY_MS / 1000;
    pthread_cond_timedwait(&w->ending, &w->lock, &until);
    if (!w->is_ending) look(w);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

/* Without signals: they are the main thread's. */
static bool start_thread(watch *w) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool is_good = pthread_create(&w->thread, NULL, look_now_and_then, w) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return is_good;
}

static void free_watch(watch *w) {
  pthread_cond_destroy(&w->ending);
  pthread_mutex_destroy(&w->lock);
  free(w);
}

bool watch_start(cli *context) {
  bool is_serving = context->command == &command_listen || context->command == &command_archive;
  if (!is_serving || (!context->audit && !context->capture && !context->metrics)) return true;
  watch *w = calloc(1, sizeof *w);
  if (!w) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_STORAGE, NULL, "out of memory");
    return false;
  }
  w->context = context;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->ending, NULL);
  if (!start_thread(w)) {
    report_fault(context, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, NULL, "no thread to look after what is written down");
    free_watch(w);
    return false;
  }
  context->watch = w;
  return true;
}

void watch_end(cli *context) {
  watch *w = context->watch;
  if (!w) return;
  pthread_mutex_lock(&w->lock);
  w->is_ending = true;
  pthread_cond_signal(&w->ending);
  pthread_mutex_unlock(&w->lock);
  pthread_join(w->thread, NULL);
  free_watch(w);
  context->watch = NULL;
}
