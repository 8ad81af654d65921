/* scu__open_private: what it is, is asked of the descriptor, so that nobody can exchange it in between. */
#define _POSIX_C_SOURCE 200809L
#include "io/open_private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int scu__open_private(const char *path, int flags, int *fd, struct stat *status) {
  struct stat own;
  if (!status) status = &own;
  *fd = open(path, flags | O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (*fd < 0) return errno;
  int os_errno = fstat(*fd, status) != 0 ? errno : S_ISREG(status->st_mode) ? 0 : EINVAL;
  if (!os_errno) return 0;
  close(*fd);
  *fd = -1;
  return os_errno;
}
