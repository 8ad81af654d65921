/* Folders under a durable root: made and opened component by component without following links, a few kept open. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/durable_private.h"
#include "io/os_error.h"

enum { CACHE_MAX = 8 /* descriptors are scarce where the limit is 32 (E04) */, FOLDER_MODE = 0750 };

int scu__durable_fault(const scu__durable *durable, scu__durable_step step) {
  return durable->options.fault ? durable->options.fault(durable->options.fault_user, step) : 0;
}

int scu__durable_sync_fd(const scu__durable *durable, int fd, scu__durable_step step) {
  int os_errno = scu__durable_fault(durable, step);
  if (os_errno) return os_errno;
  while (fsync(fd) != 0) {
    if (errno == EINTR) continue;
    /* A file system without folder syncs says so; there is nothing more we could do. */
    return step == SCU__STEP_SYNC_FOLDER && errno == EINVAL ? 0 : errno;
  }
  return 0;
}

static int open_folder(int parent, const char *name) {
  return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The descriptor, or -1 and *os_errno. */
static int make_and_open(const scu__durable *durable, int parent, const char *name, int *os_errno) {
  int fd = open_folder(parent, name);
  if (fd < 0 && errno == ENOENT) {
    *os_errno = scu__durable_fault(durable, SCU__STEP_MKDIR);
    if (*os_errno) return -1;
    if (mkdirat(parent, name, FOLDER_MODE) != 0 && errno != EEXIST) {
      *os_errno = errno;
      return -1;
    }
    fd = open_folder(parent, name);
  }
  if (fd < 0) *os_errno = errno;
  return fd;
}

/* There a name that has reached the disk stands for a file whose bytes did: they were written out before it was given,
 * and what the log says of them comes before the name. */
static bool logs_in_order(const scu__durable *durable, int fd) {
  struct statfs status;
  if (durable->options.way != SCU__WAY_AS_FOUND) return durable->options.way == SCU__WAY_ORDERED;
  return fstatfs(fd, &status) == 0 && (status.f_type == EXT4_SUPER_MAGIC || status.f_type == XFS_SUPER_MAGIC);
}

static int open_path(const scu__durable *durable, scu__folder *folder) {
  const scu__folder_path *path = &folder->path;
  int os_errno = 0;
  folder->fd = durable->root_fd;
  folder->parent_fd = -1;
  for (size_t i = 0; i < path->count; i++) {
    int fd = make_and_open(durable, folder->fd, path->names[i], &os_errno);
    if (fd < 0) {
      if (folder->fd != durable->root_fd) close(folder->fd);
      return os_errno;
    }
    if (folder->fd != durable->root_fd) folder->parent_fd = folder->fd;
    folder->fd = fd;
  }
  folder->is_ordered = logs_in_order(durable, folder->fd);
  return 0;
}

static void free_folder(const scu__durable *durable, scu__folder *folder) {
  if (folder->fd != durable->root_fd) close(folder->fd);
  if (folder->parent_fd >= 0) close(folder->parent_fd);
  scu__free(durable->options.allocator, folder);
}

static bool is_same_path(const scu__folder_path *a, const scu__folder_path *b) {
  if (a->count != b->count) return false;
  for (size_t i = 0; i < a->count; i++)
    if (strcmp(a->names[i], b->names[i]) != 0) return false;
  return true;
}

static void uncache(scu__durable *durable, scu__folder **at) {
  scu__folder *folder = *at;
  *at = folder->next;
  folder->is_cached = false;
  durable->cached--;
  if (folder->references == 0) free_folder(durable, folder);
}

/* The least recently used folder that nobody uses. */
static void evict_one(scu__durable *durable) {
  scu__folder **oldest = NULL;
  for (scu__folder **at = &durable->folders; *at; at = &(*at)->next)
    if ((*at)->references == 0) oldest = at;
  if (oldest) uncache(durable, oldest);
}

static void put_first(scu__durable *durable, scu__folder *folder) {
  folder->next = durable->folders;
  durable->folders = folder;
}

static scu__folder *find(scu__durable *durable, const scu__folder_path *path) {
  for (scu__folder **at = &durable->folders; *at; at = &(*at)->next) {
    scu__folder *folder = *at;
    if (!is_same_path(&folder->path, path)) continue;
    *at = folder->next;
    put_first(durable, folder);
    return folder;
  }
  return NULL;
}

static scu_result open_new(scu__durable *durable, const scu__folder_path *path, scu__folder **out, scu_error *error) {
  scu__folder *folder = scu__alloc(durable->options.allocator, sizeof *folder);
  if (!folder) return scu__error_memory(error, SCU_PHASE_STORAGE);
  folder->path = *path;
  folder->durable = durable;
  int os_errno = open_path(durable, folder);
  if (os_errno == EMFILE || os_errno == ENFILE) {
    while (durable->cached > 0) {
      unsigned before = durable->cached;
      evict_one(durable);
      if (durable->cached == before) break;
    }
    os_errno = open_path(durable, folder);
  }
  if (os_errno) {
    scu__free(durable->options.allocator, folder);
    return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "cannot make the folder %s/%s%s%s",
                         durable->root, path->count > 0 ? path->names[0] : "", path->count > 1 ? "/" : "",
                         path->count > 1 ? path->names[1] : "");
  }
  if (durable->cached >= CACHE_MAX) evict_one(durable);
  put_first(durable, folder);
  folder->is_cached = true;
  durable->cached++;
  *out = folder;
  return SCU_OK;
}

scu_result scu__folder_acquire(scu__durable *durable, const scu__folder_path *path, scu__folder **out,
                               scu_error *error) {
  scu_result result = SCU_OK;
  pthread_mutex_lock(&durable->lock);
  scu__folder *folder = find(durable, path);
  if (!folder) result = open_new(durable, path, &folder, error);
  if (folder) folder->references++;
  pthread_mutex_unlock(&durable->lock);
  *out = folder;
  return result;
}

void scu__folder_release(scu__durable *durable, scu__folder *folder) {
  if (!folder) return;
  pthread_mutex_lock(&durable->lock);
  if (--folder->references == 0 && !folder->is_cached) free_folder(durable, folder);
  pthread_mutex_unlock(&durable->lock);
}

void scu__folder_forget(scu__durable *durable, scu__folder *folder) {
  pthread_mutex_lock(&durable->lock);
  for (scu__folder **at = &durable->folders; *at; at = &(*at)->next) {
    if (*at != folder) continue;
    uncache(durable, at);
    break;
  }
  pthread_mutex_unlock(&durable->lock);
}

int scu__folder_sync(scu__durable *durable, scu__folder *folder) {
  pthread_mutex_lock(&durable->lock);
  bool needs_parents = !folder->are_parents_synced && folder->path.count > 0;
  pthread_mutex_unlock(&durable->lock);
  int os_errno = scu__durable_sync_fd(durable, folder->fd, SCU__STEP_SYNC_FOLDER);
  if (os_errno || !needs_parents) return os_errno;
  if (folder->parent_fd >= 0) os_errno = scu__durable_sync_fd(durable, folder->parent_fd, SCU__STEP_SYNC_FOLDER);
  if (!os_errno) os_errno = scu__durable_sync_fd(durable, durable->root_fd, SCU__STEP_SYNC_FOLDER);
  if (os_errno) return os_errno;
  pthread_mutex_lock(&durable->lock);
  folder->are_parents_synced = true;
  pthread_mutex_unlock(&durable->lock);
  return 0;
}

void scu__folders_free(scu__durable *durable) {
  while (durable->folders) uncache(durable, &durable->folders);
}
