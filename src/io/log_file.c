/* scu__log_file: a descriptor that writes at the end of whatever the path names. */
#define _GNU_SOURCE
#include "io/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/open_private.h"
#include "io/os_error.h"
#include "io/quiet.h"

enum { LOOK_EVERY_MS = 1000, SUFFIX_MAX = 16 };

struct scu__log_file {
  const scu_allocator *allocator;
  scu__log_file_options options;
  char *path, *from, *to; /* the latter two for names with a number */
  atomic_int is_reopen_wanted;
  pthread_mutex_t lock; /* guards what follows */
  int fd;               /* -1: it could not be opened the last time */
  uint64_t length, looked_ms;
  bool is_torn; /* the last line has no end */
  dev_t device;
  ino_t inode;
};

static int open_path(scu__log_file *file) {
  struct stat status;
  int fd, os_errno = scu__open_private(file->path, O_APPEND, &fd, &status);
  if (os_errno) return os_errno;
  if (file->options.is_private && fchmod(fd, 0600) != 0) {
    os_errno = errno;
    close(fd);
    return os_errno;
  }
  if (file->fd >= 0) close(file->fd);
  file->fd = fd;
  file->length = (uint64_t)status.st_size;
  file->device = status.st_dev;
  file->inode = status.st_ino;
  file->is_torn = false;
  return 0;
}

scu_result scu__log_file_open(const scu__log_file_options *options, const scu_allocator *allocator, scu__log_file **out,
                              scu_error *error) {
  *out = NULL;
  scu__log_file *file = scu__alloc(allocator, sizeof *file);
  if (!file) return scu__error_memory(error, SCU_PHASE_STORAGE);
  size_t room = strlen(options->path) + SUFFIX_MAX;
  file->allocator = allocator;
  file->options = *options;
  file->fd = -1;
  atomic_init(&file->is_reopen_wanted, 0);
  pthread_mutex_init(&file->lock, NULL);
  file->path = scu__strdup(allocator, options->path);
  file->from = scu__alloc(allocator, room);
  file->to = scu__alloc(allocator, room);
  bool has_memory = file->path && file->from && file->to;
  scu_result result = has_memory ? SCU_OK : scu__error_memory(error, SCU_PHASE_STORAGE);
  int os_errno = has_memory ? open_path(file) : 0;
  if (os_errno)
    result = scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "cannot write to %s", options->path);
  if (result != SCU_OK) {
    scu__log_file_close(file);
    return result;
  }
  *out = file;
  return SCU_OK;
}

void scu__log_file_close(scu__log_file *file) {
  if (!file) return;
  if (file->fd >= 0) close(file->fd);
  pthread_mutex_destroy(&file->lock);
  scu__free(file->allocator, file->path);
  scu__free(file->allocator, file->from);
  scu__free(file->allocator, file->to);
  scu__free(file->allocator, file);
}

/* path, path.1, path.2 ... */
static void name_generation(const scu__log_file *file, char *to, unsigned generation) {
  size_t length = strlen(file->path);
  memcpy(to, file->path, length + 1);
  if (generation > 0) snprintf(to + length, SUFFIX_MAX, ".%u", generation);
}

/* A generation that cannot be moved stays: then the log grows on rather than to lose lines. */
static void rotate(scu__log_file *file) {
  for (unsigned i = file->options.generations; i > 0; i--) {
    name_generation(file, file->from, i - 1);
    name_generation(file, file->to, i);
    if (rename(file->from, file->to) != 0 && errno != ENOENT) return;
  }
  if (file->options.generations == 0 && unlink(file->path) != 0) return;
  open_path(file);
}

/* Somebody else may have rotated it (logrotate), another of our processes too. */
static bool is_elsewhere(scu__log_file *file) {
  struct stat status;
  uint64_t now = scu__clock_now_ms(file->options.clock);
  if (now - file->looked_ms < LOOK_EVERY_MS) return false;
  file->looked_ms = now;
  if (fstatat(AT_FDCWD, file->path, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
  return status.st_dev != file->device || status.st_ino != file->inode;
}

static bool append(scu__log_file *file, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(file->fd, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    length -= (size_t)n;
    file->length += (uint64_t)n;
    file->is_torn = length > 0;
  }
  return true;
}

static bool append_quietly(scu__log_file *file, const uint8_t *bytes, size_t length) {
  scu__quiet quiet;
  scu__quiet_begin(&quiet);
  bool is_whole = append(file, bytes, length);
  scu__quiet_end(&quiet, is_whole);
  return is_whole;
}

bool scu__log_file_write(scu__log_file *file, const void *bytes, size_t length) {
  pthread_mutex_lock(&file->lock);
  bool is_wanted = atomic_exchange(&file->is_reopen_wanted, 0) != 0;
  if (file->fd < 0 || is_elsewhere(file) || is_wanted) open_path(file);
  uint64_t most = file->options.rotate_bytes;
  if (file->fd >= 0 && most > 0 && file->length > 0 && file->length + length > most) rotate(file);
  bool is_good = file->fd >= 0;
  if (is_good && file->is_torn) is_good = append_quietly(file, (const uint8_t *)"\n", 1);
  if (is_good) is_good = append_quietly(file, bytes, length);
  pthread_mutex_unlock(&file->lock);
  return is_good;
}

void scu__log_file_reopen(scu__log_file *file) {
  atomic_store(&file->is_reopen_wanted, 1);
}
