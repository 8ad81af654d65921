/* scu__append: O_APPEND and one writev a line, so that the kernel keeps the lines of several writers apart. */
#define _GNU_SOURCE
#include "io/append.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/os_error.h"
#include "io/quiet.h"

struct scu__append {
  const scu_allocator *allocator;
  char *path;
  int fd;
  pthread_mutex_t lock; /* guards is_torn, and that a torn line is ended first */
  bool is_torn;
};

static int open_file(const char *path, int *fd) {
  struct stat status;
  *fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (*fd < 0) return errno;
  if (fstat(*fd, &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  return fchmod(*fd, 0600) != 0 ? errno : 0;
}

scu_result scu__append_open(const char *path, const scu_allocator *allocator, scu__append **out, scu_error *error) {
  *out = NULL;
  scu__append *fresh = scu__alloc(allocator, sizeof *fresh);
  if (!fresh) return scu__error_memory(error, SCU_PHASE_STORAGE);
  fresh->allocator = allocator;
  fresh->fd = -1;
  pthread_mutex_init(&fresh->lock, NULL);
  fresh->path = scu__strdup(allocator, path);
  scu_result result = fresh->path ? SCU_OK : scu__error_memory(error, SCU_PHASE_STORAGE);
  int os_errno = result == SCU_OK ? open_file(path, &fresh->fd) : 0;
  if (os_errno)
    result = scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "cannot write to %s", path);
  if (result != SCU_OK) {
    scu__append_close(fresh);
    return result;
  }
  *out = fresh;
  return SCU_OK;
}

void scu__append_close(scu__append *file) {
  if (!file) return;
  if (file->fd >= 0) close(file->fd);
  pthread_mutex_destroy(&file->lock);
  scu__free(file->allocator, file->path);
  scu__free(file->allocator, file);
}

/* 0, or why it is not all there; *is_begun: some of it is. */
static int write_pieces(int fd, struct iovec *pieces, int count, bool *is_begun) {
  *is_begun = false;
  while (count > 0) {
    ssize_t n = writev(fd, pieces, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    size_t taken = (size_t)n;
    *is_begun = *is_begun || taken > 0;
    while (count > 0 && taken >= pieces->iov_len) {
      taken -= pieces->iov_len;
      pieces++;
      count--;
    }
    if (count == 0) break;
    pieces->iov_base = (uint8_t *)pieces->iov_base + taken;
    pieces->iov_len -= taken;
  }
  return 0;
}

scu_result scu__append_line(scu__append *file, const uint8_t *bytes, size_t length, scu_error *error) {
  static char newline[] = "\n";
  union {
    const uint8_t *in;
    void *out;
  } line = {.in = bytes};
  bool is_begun;
  scu__quiet quiet;
  pthread_mutex_lock(&file->lock);
  struct iovec pieces[] = {{newline, file->is_torn ? 1 : 0}, {line.out, length}, {newline, 1}};
  scu__quiet_begin(&quiet);
  int os_errno = write_pieces(file->fd, pieces, 3, &is_begun);
  scu__quiet_end(&quiet, !os_errno);
  file->is_torn = os_errno ? file->is_torn || is_begun : false;
  pthread_mutex_unlock(&file->lock);
  if (!os_errno) return SCU_OK;
  return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "cannot write to %s", file->path);
}
