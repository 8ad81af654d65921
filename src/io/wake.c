/* scu__wake over eventfd. */
#define _GNU_SOURCE
#include "io/wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/os_error.h"

scu_result scu__wake_init(scu__wake *wake, scu_error *error) {
  wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake->fd >= 0) return SCU_OK;
  return scu__os_error(error, SCU_ERROR_LIMIT, SCU_PHASE_NONE, errno, "cannot make an event descriptor");
}

void scu__wake_free(scu__wake *wake) {
  if (wake->fd >= 0) close(wake->fd);
  wake->fd = -1;
}

/* EAGAIN means that the counter is full: the loop is awake already. */
void scu__wake_post(const scu__wake *wake) {
  int saved = errno;
  uint64_t one = 1;
  while (write(wake->fd, &one, sizeof one) < 0 && errno == EINTR) continue;
  errno = saved;
}

void scu__wake_clear(const scu__wake *wake) {
  uint64_t count;
  while (read(wake->fd, &count, sizeof count) < 0 && errno == EINTR) continue;
}
