/* A durable root: made, opened, cleaned of what killed processes left, and closed again. */
#define _GNU_SOURCE
#include "io/durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/values.h"
#include "io/durable_private.h"
#include "io/os_error.h"

enum {
  ROOT_MODE = 0750,
  THREADS_DEFAULT = 8, /* file syncs that overlap; more do not help the disks we measured */
  QUEUE_MAX = 4096,
  SWEEP_DEPTH = SCU__DURABLE_FOLDERS_MAX + 1,
  SWEEP_ENTRIES_MAX = 2 * 1000 * 1000 /* a start must not take minutes because the archive is large */
};

/* --- leftovers ---------------------------------------------------------------------------------------------------- */

bool scu__durable_is_temporary(const char *name) {
  static const char prefix[] = ".scu-", suffix[] = ".part";
  size_t length = strlen(name);
  return length > sizeof prefix + sizeof suffix - 2 && memcmp(name, prefix, sizeof prefix - 1) == 0 &&
         strcmp(name + length - (sizeof suffix - 1), suffix) == 0;
}

/* Folders we make ourselves: when somebody stores into a home folder, the rest of it is none of our business. */
static bool is_our_folder(const char *name) {
  return scu__uid_is_valid(name) || strncmp(name, "uid-", 4) == 0 || strncmp(name, "no-", 3) == 0;
}

/* A temporary file whose writer lives is locked. */
static void remove_if_orphan(int folder, const char *name) {
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlinkat(folder, name, 0);
  close(fd);
}

static DIR *open_stream(int parent, const char *name) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
  if (!stream && fd >= 0) close(fd);
  return stream;
}

static void sweep_temporary(const scu__durable *durable) {
  DIR *stream = durable->temporary_fd >= 0 ? open_stream(durable->temporary_fd, ".") : NULL;
  if (!stream) return;
  struct dirent *entry;
  for (unsigned long looked_at = 0; looked_at < SWEEP_ENTRIES_MAX && (entry = readdir(stream)); looked_at++)
    if (scu__durable_is_temporary(entry->d_name)) remove_if_orphan(dirfd(stream), entry->d_name);
  closedir(stream);
}

void scu__durable_sweep(scu__durable *durable) {
  sweep_temporary(durable);
  DIR *streams[SWEEP_DEPTH];
  unsigned depth = 0;
  unsigned long looked_at = 0;
  streams[0] = open_stream(durable->root_fd, ".");
  if (streams[0]) depth = 1;
  while (depth > 0) {
    DIR *stream = streams[depth - 1];
    struct dirent *entry = looked_at++ < SWEEP_ENTRIES_MAX ? readdir(stream) : NULL;
    if (!entry) {
      closedir(stream);
      depth--;
      continue;
    }
    if (scu__durable_is_temporary(entry->d_name)) {
      remove_if_orphan(dirfd(stream), entry->d_name);
    } else if (depth < SWEEP_DEPTH && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
               is_our_folder(entry->d_name)) {
      DIR *inner = open_stream(dirfd(stream), entry->d_name);
      if (inner) streams[depth++] = inner;
    }
  }
}

/* --- the root ----------------------------------------------------------------------------------------------------- */

static scu_result root_failed(const scu__durable *durable, int os_errno, const char *what, scu_error *error) {
  return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "cannot %s %s", what, durable->root);
}

/* The folder that holds the last component of `path`, which is written to, and restored. 0 or an errno. */
static int sync_parent(const scu__durable *durable, char *path) {
  if (durable->options.durability == SCU__DURABLE_NONE) return 0;
  char *slash = strrchr(path, '/');
  const char *parent = !slash ? "." : slash == path ? "/" : path;
  if (slash && slash != path) *slash = 0;
  int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int os_errno = fd < 0 ? errno : scu__durable_sync_fd(durable, fd, SCU__STEP_SYNC_FOLDER);
  if (fd >= 0) close(fd);
  if (slash) *slash = '/';
  return os_errno;
}

/* Makes every missing folder of the path; `path` is written to, and restored. */
static int make_folders(const scu__durable *durable, char *path) {
  for (char *end = path;;) {
    end += strspn(end, "/");
    end += strcspn(end, "/");
    char saved = *end;
    *end = 0;
    int os_errno = 0;
    struct stat status;
    if (*path && stat(path, &status) != 0) {
      os_errno = scu__durable_fault(durable, SCU__STEP_MKDIR);
      if (!os_errno && mkdir(path, ROOT_MODE) != 0 && errno != EEXIST) os_errno = errno;
      if (!os_errno) os_errno = sync_parent(durable, path);
    }
    *end = saved;
    if (os_errno || saved == 0) return os_errno;
  }
}

static scu_result open_root(scu__durable *durable, scu_error *error) {
  int os_errno = make_folders(durable, durable->root);
  if (os_errno) return root_failed(durable, os_errno, "make the folder", error);
  durable->root_fd = open(durable->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (durable->root_fd < 0) return root_failed(durable, errno, "open the folder", error);
  if (faccessat(durable->root_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
    return root_failed(durable, errno, "write into the folder", error);
  return SCU_OK;
}

/* It is not made: a wrong path should not go unnoticed. */
static scu_result open_temporary_folder(scu__durable *durable, scu_error *error) {
  const char *path = durable->options.temporary;
  struct stat here, there;
  if (!path || !*path) return SCU_OK;
  durable->temporary_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (durable->temporary_fd < 0 || fstat(durable->temporary_fd, &there) != 0 ||
      faccessat(durable->temporary_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
    return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, errno, "cannot use the temporary folder %s",
                         path);
  if (fstat(durable->root_fd, &here) != 0) return root_failed(durable, errno, "look at", error);
  if (here.st_dev == there.st_dev) return SCU_OK;
  scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_STORAGE, "the temporary folder %s is on another file system than %s",
                 path, durable->root);
  scu__error_hint(error, "a file gets its name when it is whole, without being copied: name a folder beside the other");
  return SCU_ERROR_USAGE;
}

int scu__durable_open_unnamed(int folder) {
  return openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, SCU__DURABLE_FILE_MODE);
}

/* By the magic link in /proc: naming it by descriptor alone is for the superuser. */
int scu__durable_give_name(int fd, int folder, const char *name) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, link, folder, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* One folder entry less to make durable for each file, and nothing is left behind by a kill. */
static bool knows_unnamed(const scu__durable *durable) {
  char name[64];
  if (durable->options.way == SCU__WAY_NAMED) return false;
  int fd = scu__durable_open_unnamed(durable->root_fd);
  if (fd < 0) return false;
  snprintf(name, sizeof name, ".scu-%016llx-probe.part", (unsigned long long)durable->token);
  int os_errno = scu__durable_give_name(fd, durable->root_fd, name);
  if (!os_errno) unlinkat(durable->root_fd, name, 0);
  close(fd);
  return os_errno == 0;
}

static uint64_t make_token(const scu__durable *durable) {
  uint64_t token = 0;
  if (getrandom(&token, sizeof token, GRND_NONBLOCK) == (ssize_t)sizeof token) return token;
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 20 ^ (uint64_t)(uintptr_t)durable;
}

scu_result scu__durable_open(const char *root, const scu__durable_options *options, scu__durable **out,
                             scu_error *error) {
  *out = NULL;
  if (!root || !*root) return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_STORAGE, "no folder to store into");
  scu__durable *durable = scu__alloc(options->allocator, sizeof *durable);
  if (!durable) return scu__error_memory(error, SCU_PHASE_STORAGE);
  durable->options = *options;
  durable->root_fd = -1;
  durable->temporary_fd = -1;
  pthread_mutex_init(&durable->lock, NULL);
  size_t length = strlen(root);
  while (length > 1 && root[length - 1] == '/') length--;
  scu_result result = SCU_OK;
  durable->root = scu__strndup(options->allocator, root, length);
  if (!durable->root) result = scu__error_memory(error, SCU_PHASE_STORAGE);
  if (result == SCU_OK) result = open_root(durable, error);
  if (result == SCU_OK) result = open_temporary_folder(durable, error);
  unsigned threads = options->threads_max ? options->threads_max : THREADS_DEFAULT;
  if (result == SCU_OK && options->durability != SCU__DURABLE_NONE)
    result = scu__pool_new(options->allocator, threads, QUEUE_MAX, &durable->pool, error);
  if (result != SCU_OK) {
    scu__durable_free(durable);
    return result;
  }
  durable->token = make_token(durable);
  scu__durable_sweep(durable);
  durable->has_unnamed = knows_unnamed(durable);
  *out = durable;
  return SCU_OK;
}

void scu__durable_free(scu__durable *durable) {
  if (!durable) return;
  scu__pool_free(durable->pool);
  scu__folders_free(durable);
  while (durable->spares > 0) scu__buffer_free(&durable->spare[--durable->spares]);
  if (durable->root_fd >= 0) close(durable->root_fd);
  if (durable->temporary_fd >= 0) close(durable->temporary_fd);
  pthread_mutex_destroy(&durable->lock);
  scu__free(durable->options.allocator, durable->root);
  scu__free(durable->options.allocator, durable);
}
