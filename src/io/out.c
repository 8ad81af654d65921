/* scu__out: a descriptor, a lock, and how far all is well. */
#define _GNU_SOURCE
#include "io/out.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/open_private.h"
#include "io/os_error.h"
#include "io/quiet.h"

struct scu__out {
  const scu_allocator *allocator;
  char *path;
  pthread_mutex_t lock; /* guards what follows */
  int fd;
  uint64_t length;
  int failed_errno;
};

/* Only what was just made, or is a plain file, is emptied. */
static int open_file(const char *path, int *fd) {
  int os_errno = scu__open_private(path, 0, fd, NULL);
  if (os_errno) return os_errno;
  if (fchmod(*fd, 0600) != 0) return errno;
  return ftruncate(*fd, 0) != 0 ? errno : 0;
}

scu_result scu__out_open(const char *path, const scu_allocator *allocator, scu__out **out, scu_error *error) {
  *out = NULL;
  scu__out *fresh = scu__alloc(allocator, sizeof *fresh);
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
    scu__out_close(fresh);
    return result;
  }
  *out = fresh;
  return SCU_OK;
}

void scu__out_close(scu__out *out) {
  if (!out) return;
  if (out->fd >= 0) close(out->fd);
  pthread_mutex_destroy(&out->lock);
  scu__free(out->allocator, out->path);
  scu__free(out->allocator, out);
}

static int write_slice(scu__out *out, const scu__slice *slice, uint64_t *at) {
  size_t left = slice->length;
  while (left > 0) {
    ssize_t n = pwrite(out->fd, slice->data + (slice->length - left), left, (off_t)*at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    left -= (size_t)n;
    *at += (uint64_t)n;
  }
  return 0;
}

static int write_all(scu__out *out, const scu__slice *slices, size_t count) {
  uint64_t at = out->length;
  for (size_t i = 0; i < count; i++) {
    int os_errno = write_slice(out, &slices[i], &at);
    if (!os_errno) continue;
    (void)!ftruncate(out->fd, (off_t)out->length);
    return os_errno;
  }
  out->length = at;
  return 0;
}

scu_result scu__out_write(scu__out *out, const scu__slice *slices, size_t count, scu_error *error) {
  scu__quiet quiet;
  pthread_mutex_lock(&out->lock);
  scu__quiet_begin(&quiet);
  if (!out->failed_errno) out->failed_errno = write_all(out, slices, count);
  int os_errno = out->failed_errno;
  scu__quiet_end(&quiet, !os_errno);
  pthread_mutex_unlock(&out->lock);
  if (!os_errno) return SCU_OK;
  return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "cannot write to %s", out->path);
}
