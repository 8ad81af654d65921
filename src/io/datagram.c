/* AF_UNIX datagrams (/dev/log and its like), and careful writes to what was opened by somebody else. */
#define _GNU_SOURCE
#include "io/datagram.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TRY_EVERY_MS = 1000 };

static void connect_now(scu__datagram *datagram) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, datagram->path, strlen(datagram->path));
  datagram->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (datagram->fd < 0) return;
  if (connect(datagram->fd, (const struct sockaddr *)&address, sizeof address) == 0) return;
  close(datagram->fd);
  datagram->fd = -1;
}

scu_result scu__datagram_open(scu__datagram *datagram, const char *path, const scu__clock *clock, scu_error *error) {
  *datagram = (scu__datagram){.path = path, .clock = clock, .fd = -1};
  if (!*path || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: no socket can have this path", path);
  datagram->tried_ms = scu__clock_now_ms(clock);
  connect_now(datagram);
  return SCU_OK;
}

void scu__datagram_close(scu__datagram *datagram) {
  if (datagram->fd >= 0) close(datagram->fd);
  datagram->fd = -1;
}

bool scu__datagram_send(scu__datagram *datagram, const void *bytes, size_t length) {
  uint64_t now = scu__clock_now_ms(datagram->clock);
  if (datagram->fd < 0) {
    if (now - datagram->tried_ms < TRY_EVERY_MS) return false;
    datagram->tried_ms = now;
    connect_now(datagram);
    if (datagram->fd < 0) return false;
  }
  ssize_t n;
  do {
    n = send(datagram->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return true;
  if (errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE) {
    scu__datagram_close(datagram);
    datagram->tried_ms = now;
  }
  return false;
}

/* The reader of a pipe may be gone: that signal never reaches the host. */
static ssize_t write_quietly(int fd, const void *bytes, size_t length) {
  sigset_t broken, before;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken, &before);
  ssize_t n = write(fd, bytes, length);
  int os_errno = errno;
  static const struct timespec at_once = {0};
  if (n < 0 && os_errno == EPIPE && !sigismember(&before, SIGPIPE)) sigtimedwait(&broken, NULL, &at_once);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = os_errno;
  return n;
}

/* Regular files always say that they take more. */
static bool takes_more(int fd, unsigned wait_ms) {
  struct pollfd one = {.fd = fd, .events = POLLOUT};
  int n;
  do {
    n = poll(&one, 1, (int)wait_ms);
  } while (n < 0 && errno == EINTR);
  return n > 0 && (one.revents & POLLOUT) && !(one.revents & (POLLERR | POLLNVAL));
}

bool scu__descriptor_write_line(int fd, const void *bytes, size_t length, unsigned wait_ms) {
  const uint8_t *at = bytes;
  while (length > 0) {
    if (!takes_more(fd, wait_ms)) return false;
    ssize_t n = write_quietly(fd, at, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    at += n;
    length -= (size_t)n;
  }
  return true;
}
