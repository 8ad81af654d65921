/* The only mutable statics of the command: a handler has no other way to know what to act on. It calls nothing but
 * what is said to be safe in a handler. */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "exit_code.h"

static volatile sig_atomic_t count;
/* A byte for every signal: who waits for input waits for it as well, whichever thread the handler runs on and however
 * close the two come. -1 = there is none. */
static int wake_pipe[2] = {-1, -1};
static volatile sig_atomic_t is_held_now;
static scu_session *volatile session_now;
static scu_listener *volatile listener_now;
static scu_archive *volatile archive_now;

static void tell(scu_session *session) {
  if (session && count == 1) scu_cancel(session);
  if (session && count == 2) scu_abort(session);
}

static void on_signal(int number) {
  int kept = errno;
  scu_session *session = session_now;
  scu_listener *listener = listener_now;
  scu_archive *archive = archive_now;
  (void)number;
  count = count + 1;
  if (count > 2 || (!session && !listener && !archive && !is_held_now)) _exit(EXIT_INTERRUPTED);
  tell(session);
  if (listener) scu_listener_stop(listener);
  if (wake_pipe[1] >= 0 && write(wake_pipe[1], "", 1) < 0) {
    /* Full: then there is enough in it to wake whoever waits. */
  }
  if (archive) scu_archive_stop(archive);
  errno = kept;
}

static void open_wake_pipe(void) {
  if (pipe(wake_pipe) != 0) {
    wake_pipe[0] = wake_pipe[1] = -1;
    return;
  }
  for (int i = 0; i < 2; i++) {
    fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
    fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
  }
}

void signals_install(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {0}, before;
  open_wake_pipe();
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&action.sa_mask, numbers[i]);
  action.sa_handler = on_signal;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    /* nohup is a wish to be respected. */
    if (numbers[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(numbers[i], &action, NULL);
  }
  /* A reader of stdout that went away is an error of writing, seen where it happens. */
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, NULL);
  /* So is a file that grew beyond what the system allows. */
  sigaction(SIGXFSZ, &action, NULL);
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
void signals_say_again(void) {
  tell(session_now);
}
int signals_count(void) {
  return (int)count;
}

bool signals_wait_readable(int descriptor) {
  struct pollfd watched[] = {{.fd = descriptor, .events = POLLIN}, {.fd = wake_pipe[0], .events = POLLIN}};
  while (count == 0) {
    int ready = poll(watched, 2, -1);
    if (ready < 0 && errno != EINTR) return true; /* let the read say what is wrong */
    if (ready > 0 && watched[0].revents) break;
  }
  return count == 0;
}
