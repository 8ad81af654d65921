/* The file backend of scu__source, and reading small files whole. */
#define _GNU_SOURCE
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/os_error.h"

/* Mapping a smaller file costs more than reading it, and what was sent of a larger one would go on counting as our
 * memory. */
enum { LEND_MIN = 128 * 1024, LEND_MAX = 4 * 1024 * 1024 };

typedef struct file_source {
  scu__source source;
  const scu_allocator *allocator;
  int fd;
  char *path;
  uint8_t *mapped; /* the whole file; NULL = not yet */
  bool is_unmappable;
} file_source;

/* Reads until `length` bytes are there or the file ends; the number read, or -1 and errno. */
static ssize_t read_fully(int fd, uint64_t offset, uint8_t *to, size_t length) {
  size_t got = 0;
  while (got < length) {
    ssize_t n = pread(fd, to + got, length - got, (off_t)(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    got += (size_t)n;
  }
  return (ssize_t)got;
}

static scu_result file_read_at(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  file_source *file = (file_source *)self;
  if (offset > self->size || length > self->size - offset)
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "%s: read of %zu bytes past the end", file->path,
                          length);
  ssize_t got = read_fully(file->fd, offset, to, length);
  if (got < 0) return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, errno, "%s: cannot read", file->path);
  if ((size_t)got == length) return SCU_OK;
  scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "%s: the file has become shorter while it was being read",
                 file->path);
  scu__error_at(error, 0, offset + (uint64_t)got);
  return SCU_ERROR_STORAGE;
}

static const uint8_t *file_lend(scu__source *self, uint64_t offset, size_t length) {
  file_source *file = (file_source *)self;
  if (file->is_unmappable || offset > self->size || length > self->size - offset) return NULL;
  if (!file->mapped) {
    bool is_worth_it = self->size >= LEND_MIN && self->size <= LEND_MAX;
    void *mapped =
        is_worth_it ? mmap(NULL, (size_t)self->size, PROT_READ, MAP_SHARED | MAP_POPULATE, file->fd, 0) : MAP_FAILED;
    file->is_unmappable = mapped == MAP_FAILED;
    if (file->is_unmappable) return NULL;
    file->mapped = mapped;
  }
  return file->mapped + offset;
}

static void file_give_back(scu__source *self) {
  file_source *file = (file_source *)self;
  if (file->mapped) munmap(file->mapped, (size_t)self->size);
  file->mapped = NULL;
}

static void file_close(scu__source *self) {
  file_source *file = (file_source *)self;
  file_give_back(self);
  close(file->fd);
  scu__free(file->allocator, file->path);
  scu__free(file->allocator, file);
}

/* Anything but a regular file is refused. */
static scu_result look_at(int fd, const char *path, uint64_t *size, scu_error *error) {
  struct stat status;
  if (fstat(fd, &status) != 0)
    return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, errno, "%s: cannot look at", path);
  if (!S_ISREG(status.st_mode)) {
    const char *kind = S_ISDIR(status.st_mode)    ? "a folder"
                       : S_ISFIFO(status.st_mode) ? "a FIFO"
                       : S_ISSOCK(status.st_mode) ? "a socket"
                                                  : "a device";
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "%s: not a regular file but %s", path, kind);
  }
  *size = (uint64_t)status.st_size;
  return SCU_OK;
}

scu_result scu__file_source_adopt(int fd, const char *path, const scu_allocator *allocator, scu__source **out,
                                  scu_error *error) {
  *out = NULL;
  uint64_t size = 0;
  scu_result result = look_at(fd, path, &size, error);
  if (result != SCU_OK) {
    close(fd);
    return result;
  }
  file_source *file = scu__alloc(allocator, sizeof *file);
  char *copy = file ? scu__strdup(allocator, path) : NULL;
  if (!copy) {
    close(fd);
    scu__free(allocator, file);
    return scu__error_memory(error, SCU_PHASE_FILE);
  }
  *file = (file_source){
      .source =
          {.size = size, .read_at = file_read_at, .lend = file_lend, .give_back = file_give_back, .close = file_close},
      .allocator = allocator,
      .fd = fd,
      .path = copy,
  };
  *out = &file->source;
  return SCU_OK;
}

/* O_NONBLOCK only so that opening a FIFO or a device does not hang; regular files ignore it. */
scu_result scu__file_source_open(const char *path, const scu_allocator *allocator, scu__source **out,
                                 scu_error *error) {
  *out = NULL;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd >= 0) return scu__file_source_adopt(fd, path, allocator, out, error);
  if (errno == ENXIO)
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "%s: not a regular file (a socket or device)",
                          path);
  return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, errno, "%s: cannot open", path);
}

void scu__source_close(scu__source *source) {
  if (source && source->close) source->close(source);
}

scu_result scu__file_read_whole(const char *path, const scu_allocator *allocator, size_t maximum, uint8_t **bytes,
                                size_t *length, scu_error *error) {
  *bytes = NULL;
  *length = 0;
  scu__source *source = NULL;
  scu_result result = scu__file_source_open(path, allocator, &source, error);
  if (result != SCU_OK) return result;
  if (source->size > maximum || source->size >= SIZE_MAX) {
    result = scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_FILE, "%s: longer than %zu bytes", path, maximum);
    goto done;
  }
  size_t size = (size_t)source->size;
  uint8_t *block = scu__alloc(allocator, size + 1);
  if (!block) {
    result = scu__error_memory(error, SCU_PHASE_FILE);
    goto done;
  }
  result = source->read_at(source, 0, block, size, error);
  if (result != SCU_OK) {
    scu__free(allocator, block);
    goto done;
  }
  *bytes = block;
  *length = size;
done:
  scu__source_close(source);
  return result;
}

scu_result scu__file_rename(const char *path, const char *to, scu_error *error) {
  if (rename(path, to) == 0) return SCU_OK;
  if (errno == ENOENT) return SCU_END;
  return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, errno, "%s: cannot be renamed", path);
}

scu__file_kind scu__file_kind_of(const char *path, int *os_errno) {
  struct stat status;
  if (os_errno) *os_errno = 0;
  if (stat(path, &status) != 0) {
    if (os_errno) *os_errno = errno;
    return SCU__FILE_NONE;
  }
  if (S_ISREG(status.st_mode)) return SCU__FILE_REGULAR;
  return S_ISDIR(status.st_mode) ? SCU__FILE_FOLDER : SCU__FILE_OTHER;
}

bool scu__file_folder_is_empty(const char *path) {
  DIR *folder = opendir(path);
  bool is_empty = true;
  if (!folder) return true;
  for (const struct dirent *entry; is_empty && (entry = readdir(folder)) != NULL;)
    is_empty = entry->d_name[0] == '.' || strcmp(entry->d_name, "lost+found") == 0;
  closedir(folder);
  return is_empty;
}

bool scu__file_is_shared(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

bool scu__file_is_gone(const char *path, int *os_errno) {
  if (scu__file_kind_of(path, os_errno) != SCU__FILE_NONE) return false;
  if (*os_errno != ENOENT && *os_errno != ENOTDIR) return false;
  char nearest[PATH_MAX]; /* then what is above it, until something is there */
  if (snprintf(nearest, sizeof nearest, "%s", path) >= (int)sizeof nearest) return false;
  struct stat status;
  while (lstat(nearest, &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return false;
    char *slash = strrchr(nearest, '/');
    if (!slash || slash == nearest) return true;
    *slash = 0;
  }
  return !S_ISLNK(status.st_mode) || stat(nearest, &status) == 0;
}
