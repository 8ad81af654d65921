/* The only mutable statics of the command: a handler has no other way to know what to act on. It calls nothing but
 * what is said to be safe in a handler. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "exit_code.h"

static volatile sig_atomic_t count;
static volatile sig_atomic_t is_held_now;
static scu_session *volatile session_now;
static scu_listener *volatile listener_now;
static scu_archive *volatile archive_now;

static void on_signal(int number) {
  int kept = errno;
  scu_session *session = session_now;
  scu_listener *listener = listener_now;
  scu_archive *archive = archive_now;
  (void)number;
  count = count + 1;
  if (count > 2 || (!session && !listener && !archive && !is_held_now)) _exit(EXIT_INTERRUPTED);
  if (session && count == 1) scu_cancel(session);
  if (session && count == 2) scu_abort(session);
  if (listener) scu_listener_stop(listener);
  if (archive) scu_archive_stop(archive);
  errno = kept;
}

void signals_install(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {0}, before;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&action.sa_mask, numbers[i]);
  /* No SA_RESTART: reading a list from stdin must come back. */
  action.sa_handler = on_signal;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    /* nohup is a wish to be respected. */
    if (numbers[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(numbers[i], &action, NULL);
  }
  /* A reader of stdout that went away is an error of writing, seen where it happens. */
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, NULL);
}

void signals_aim_at_session(scu_session *session) {
  session_now = session;
}
void signals_aim_at_listener(scu_listener *listener) {
  listener_now = listener;
}
void signals_aim_at_archive(scu_archive *archive) {
  archive_now = archive;
}
void signals_hold(int is_held) {
  is_held_now = is_held;
}
int signals_count(void) {
  return (int)count;
}
