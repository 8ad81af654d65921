/* A thread that writes FILE.PID.tmp and renames it. Without signals: they are the main thread's. */
#define _POSIX_C_SOURCE 200809L
#include "metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "errors.h"
#include "scu/metrics.h"

enum { EVERY_SECONDS = 5 };

struct metrics_file {
  scu_metrics *metrics;
  const char *path; /* argv's */
  char *fresh_path; /* nobody else's: several programs may have one FILE */
  pthread_t thread;
  bool has_thread;
  pthread_mutex_t lock; /* guards is_ending */
  pthread_cond_t ending;
  bool is_ending;
  atomic_int fault; /* of the last try; the last of all is reported otherwise */
};

/* The text as it is now, to be freed; NULL without memory. */
static char *text_of(const scu_metrics *metrics, size_t *length) {
  size_t room = 0;
  char *text = NULL;
  for (*length = scu_metrics_text(metrics, NULL, 0); *length >= room; *length = scu_metrics_text(metrics, text, room)) {
    free(text);
    room = *length + 1024; /* it may grow meanwhile */
    text = malloc(room);
    if (!text) return NULL;
  }
  return text;
}

static int write_whole(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, text, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text += n;
    length -= (size_t)n;
  }
  return 0;
}

/* 0 or errno. What has the name is left by a process that had our number, or was put there: it is never opened. */
static int make_fresh(const char *path, int *fd) {
  if (unlink(path) != 0 && errno != ENOENT) return errno;
  *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  return *fd < 0 ? errno : 0;
}

/* 0 or errno. A device, pipe or link of that name - /dev/null - is no file of ours, and is not renamed away. */
static int check_place(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) return errno == ENOENT ? 0 : errno;
  return S_ISREG(status.st_mode) ? 0 : EEXIST;
}

/* 0 or errno. The file may be read by everybody: it holds numbers. */
static int write_file(const metrics_file *file) {
  size_t length;
  char *text = text_of(file->metrics, &length);
  if (!text) return ENOMEM;
  int fd = -1, fault = check_place(file->path);
  if (fault == 0) fault = make_fresh(file->fresh_path, &fd);
  if (fault == 0) fault = write_whole(fd, text, length);
  if (fault == 0 && fchmod(fd, 0644) != 0) fault = errno;
  if (fd >= 0 && close(fd) != 0 && fault == 0) fault = errno;
  if (fault == 0 && rename(file->fresh_path, file->path) != 0) fault = errno;
  if (fault != 0 && fd >= 0) unlink(file->fresh_path);
  free(text);
  return fault;
}

static void *write_now_and_then(void *user) {
  metrics_file *file = user;
  struct timespec until;
  pthread_mutex_lock(&file->lock);
  while (!file->is_ending) {
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += EVERY_SECONDS;
    pthread_cond_timedwait(&file->ending, &file->lock, &until);
    if (!file->is_ending) atomic_store(&file->fault, write_file(file));
  }
  pthread_mutex_unlock(&file->lock);
  return NULL;
}

static bool start_thread(metrics_file *file) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  file->has_thread = pthread_create(&file->thread, NULL, write_now_and_then, file) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return file->has_thread;
}

static bool report_write(cli *context, const char *path, int fault) {
  if (fault != 0)
    report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, NULL, "cannot write to %s: %s", path,
                 fault == EEXIST ? "what is there is not a regular file" : strerror(fault));
  return fault == 0;
}

bool metrics_file_start(cli *context, const char *path) {
  metrics_file *file = context->metrics = calloc(1, sizeof *file);
  size_t room = strlen(path) + sizeof ".18446744073709551615.tmp";
  if (file) {
    pthread_mutex_init(&file->lock, NULL);
    pthread_cond_init(&file->ending, NULL);
    file->path = path;
    file->fresh_path = malloc(room);
  }
  if (!file || !file->fresh_path || scu_metrics_new(NULL, &file->metrics) != SCU_OK) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_STORAGE, NULL, "out of memory");
    return false;
  }
  snprintf(file->fresh_path, room, "%s.%ld.tmp", path, (long)getpid());
  if (!report_write(context, path, write_file(file))) return false;
  if (!start_thread(file)) {
    report_fault(context, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, NULL, "no thread to write %s", path);
    return false;
  }
  return scu_options_set_pointer(context->options, SCU_OPTION_METRICS, file->metrics) == SCU_OK;
}

int metrics_file_fault(const cli *context) {
  return context->metrics ? atomic_load(&context->metrics->fault) : 0;
}

void metrics_file_end(cli *context) {
  metrics_file *file = context->metrics;
  if (!file) return;
  if (file->has_thread) {
    pthread_mutex_lock(&file->lock);
    file->is_ending = true;
    pthread_cond_signal(&file->ending);
    pthread_mutex_unlock(&file->lock);
    pthread_join(file->thread, NULL);
    report_write(context, file->path, write_file(file));
  }
  pthread_cond_destroy(&file->ending);
  pthread_mutex_destroy(&file->lock);
  scu_metrics_free(file->metrics);
  free(file->fresh_path);
  free(file);
  context->metrics = NULL;
}
