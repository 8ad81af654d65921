/* scu__quiet: the signal is blocked in this thread, where the kernel raises it. */
#define _POSIX_C_SOURCE 200809L
#include "io/quiet.h"

#include <pthread.h>
#include <time.h>

static void only_too_big(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGXFSZ);
}

void scu__quiet_begin(scu__quiet *quiet) {
  sigset_t too_big;
  only_too_big(&too_big);
  pthread_sigmask(SIG_BLOCK, &too_big, &quiet->before);
}

/* Whoever had it blocked himself keeps what was pending. */
void scu__quiet_end(const scu__quiet *quiet, bool is_whole) {
  static const struct timespec at_once = {0};
  sigset_t too_big;
  only_too_big(&too_big);
  while (!is_whole && !sigismember(&quiet->before, SIGXFSZ) && sigtimedwait(&too_big, NULL, &at_once) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}
