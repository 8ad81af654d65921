/* One durable file: bytes gathered in memory, a file without a name written in large pieces, synced, named; where there
 * are none, a temporary file, closed and renamed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/durable_private.h"
#include "io/os_error.h"

enum {
  GATHER_MAX = 256 * 1024,     /* small objects are one write */
  PUSH_OUT = 16 * 1024 * 1024, /* start the disk early, so that the sync of a large object is short */
  COMPARE_CHUNK = 64 * 1024,
  VARIANTS_MAX = 9999
};

static scu_result failed(scu__durable_file *file, int os_errno, const char *what, scu_error *error) {
  return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "%s in %s", what, file->durable->root);
}

/* --- the temporary file ------------------------------------------------------------------------------------------- */

/* Where the file is while it is not whole. */
static int temporary_folder(const scu__durable_file *file) {
  return file->durable->temporary_fd >= 0 ? file->durable->temporary_fd : file->at->fd;
}

static void remove_temporary(scu__durable_file *file) {
  if (file->fd >= 0) close(file->fd);
  file->fd = -1;
  file->is_unnamed = false;
  if (file->has_temporary) unlinkat(temporary_folder(file), file->temporary, 0);
  file->has_temporary = false;
}

static void name_temporary(scu__durable_file *file) {
  scu__durable *durable = file->durable;
  pthread_mutex_lock(&durable->lock);
  uint64_t number = durable->sequence++;
  pthread_mutex_unlock(&durable->lock);
  snprintf(file->temporary, sizeof file->temporary, ".scu-%016llx-%llx.part", (unsigned long long)durable->token,
           (unsigned long long)number);
}

/* A folder under the root may be on another file system, or gone: what does not go without a name is tried with one,
 * whose errno can be trusted. The lock tells a later process, which cleans up after killed ones, that this file is
 * alive. */
static int open_in(scu__durable_file *file) {
  int folder = temporary_folder(file);
  int os_errno = scu__durable_fault(file->durable, SCU__STEP_OPEN);
  if (os_errno) return os_errno;
  if (file->durable->has_unnamed) {
    file->fd = scu__durable_open_unnamed(folder);
    file->is_unnamed = file->fd >= 0;
    if (file->is_unnamed) return 0;
  }
  name_temporary(file);
  file->fd =
      openat(folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, SCU__DURABLE_FILE_MODE);
  if (file->fd < 0) return errno;
  file->has_temporary = true;
  (void)flock(file->fd, LOCK_EX | LOCK_NB);
  return 0;
}

static scu_result open_temporary(scu__durable_file *file, scu_error *error) {
  for (int attempt = 0;; attempt++) {
    scu_result result = scu__folder_acquire(file->durable, &file->target, &file->at, error);
    if (result != SCU_OK) return result;
    int os_errno = open_in(file);
    if (!os_errno) return SCU_OK;
    /* The folder was removed under our hands: make it again, once. */
    if (os_errno == ENOENT) scu__folder_forget(file->durable, file->at);
    scu__folder_release(file->durable, file->at);
    file->at = NULL;
    if (os_errno != ENOENT || attempt > 0) return failed(file, os_errno, "cannot create a file", error);
  }
}

static int write_all(scu__durable_file *file, struct iovec *parts, int count) {
  while (count > 0) {
    int os_errno = scu__durable_fault(file->durable, SCU__STEP_WRITE);
    if (os_errno) return os_errno;
    ssize_t n = writev(file->fd, parts, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    file->written += (uint64_t)n;
    size_t left = (size_t)n;
    while (count > 0 && left >= parts->iov_len) {
      left -= parts->iov_len;
      parts++;
      count--;
    }
    if (count > 0) {
      parts->iov_base = (uint8_t *)parts->iov_base + left;
      parts->iov_len -= left;
    }
  }
  return 0;
}

static void push_out(scu__durable_file *file) {
  if (file->durable->options.durability == SCU__DURABLE_NONE) return;
  uint64_t fresh = file->written - file->pushed_out;
  if (fresh < PUSH_OUT) return;
  (void)sync_file_range(file->fd, (off_t)file->pushed_out, (off_t)fresh, SYNC_FILE_RANGE_WRITE);
  file->pushed_out = file->written;
}

/* Writes what was gathered, and `bytes` behind it. */
static scu_result flush(scu__durable_file *file, const void *bytes, size_t length, scu_error *error) {
  if (file->fd < 0) {
    scu_result result = open_temporary(file, error);
    if (result != SCU_OK) return result;
  }
  union {
    const void *in;
    void *out;
  } more = {.in = bytes}; /* writev only reads; iovec has no const */
  struct iovec parts[2];
  int count = 0;
  if (file->buffer.length > 0)
    parts[count++] = (struct iovec){.iov_base = file->buffer.data, .iov_len = file->buffer.length};
  if (length > 0) parts[count++] = (struct iovec){.iov_base = more.out, .iov_len = length};
  int os_errno = write_all(file, parts, count);
  if (os_errno) return failed(file, os_errno, "cannot write a file", error);
  scu__buffer_clear(&file->buffer);
  push_out(file);
  return SCU_OK;
}

/* --- comparing with what is there --------------------------------------------------------------------------------- */

typedef struct fd_source {
  scu__source source;
  int fd;
} fd_source;

static scu_result fd_read_at(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  const fd_source *source = (const fd_source *)self;
  uint8_t *at = to;
  while (length > 0) {
    ssize_t n = pread(source->fd, at, length, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, "cannot read a stored file");
    at += n;
    offset += (uint64_t)n;
    length -= (size_t)n;
  }
  return SCU_OK;
}

static bool use_as_source(fd_source *source, int fd) {
  struct stat status;
  source->fd = fd;
  if (source->fd < 0) return false;
  if (fstat(source->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(source->fd);
    return false;
  }
  source->source = (scu__source){.size = (uint64_t)status.st_size, .read_at = fd_read_at, .close = NULL};
  return true;
}

static bool open_source(fd_source *source, int folder, const char *name) {
  return use_as_source(source, openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

static bool open_fresh(fd_source *source, const scu__durable_file *file) {
  if (file->is_unnamed) return use_as_source(source, fcntl(file->fd, F_DUPFD_CLOEXEC, 0));
  return open_source(source, temporary_folder(file), file->temporary);
}

static scu_result compare_bytes(const scu__durable_file *file, fd_source *fresh, fd_source *existing,
                                uint64_t existing_start, bool *is_same) {
  uint64_t left = fresh->source.size - file->header_length;
  *is_same = existing->source.size >= existing_start && existing->source.size - existing_start == left;
  if (!*is_same) return SCU_OK;
  uint8_t *block = scu__alloc(file->durable->options.allocator, 2 * COMPARE_CHUNK);
  if (!block) return SCU_ERROR_MEMORY;
  uint64_t at = 0;
  scu_result result = SCU_OK;
  while (*is_same && at < left) {
    size_t length = left - at < COMPARE_CHUNK ? (size_t)(left - at) : COMPARE_CHUNK;
    result = fd_read_at(&fresh->source, file->header_length + at, block, length, NULL);
    if (result == SCU_OK)
      result = fd_read_at(&existing->source, existing_start + at, block + COMPARE_CHUNK, length, NULL);
    if (result != SCU_OK) break;
    *is_same = memcmp(block, block + COMPARE_CHUNK, length) == 0;
    at += length;
  }
  scu__free(file->durable->options.allocator, block);
  return result;
}

/* Is the file under `name` the same content? When it is and the caller wants durability, it is synced again: it may
 * have been written by somebody who did not. Something that cannot be read as a regular file is not the same. */
static scu_result is_stored_already(scu__durable_file *file, int folder, const char *name, bool *is_same,
                                    scu_error *error) {
  const scu__durable_options *options = &file->durable->options;
  fd_source existing, fresh;
  *is_same = false;
  if (!open_source(&existing, folder, name)) return SCU_OK;
  scu_result result = SCU_OK;
  uint64_t start = 0;
  bool is_kind = !options->content || options->content(options->content_user, &existing.source, file->key, &start);
  if (is_kind && open_fresh(&fresh, file)) {
    result = compare_bytes(file, &fresh, &existing, start, is_same);
    close(fresh.fd);
  }
  if (result == SCU_OK && *is_same && options->durability != SCU__DURABLE_NONE) {
    int os_errno = scu__durable_sync_fd(file->durable, existing.fd, SCU__STEP_SYNC_FILE);
    if (os_errno) result = failed(file, os_errno, "cannot sync a file", error);
  }
  close(existing.fd);
  if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_STORAGE);
  if (result != SCU_OK) scu__error_set(error, result, SCU_PHASE_STORAGE, "cannot read %s again to compare", name);
  return result;
}

/* --- the final name ----------------------------------------------------------------------------------------------- */

/* 0, EEXIST, or another errno. Where the file system knows no rename without replacing, a hard link does it. */
static int rename_new(const scu__durable_file *file, int folder) {
  int os_errno = scu__durable_fault(file->durable, SCU__STEP_RENAME);
  if (os_errno) return os_errno;
  if (file->is_unnamed) return scu__durable_give_name(file->fd, folder, file->final);
  if (renameat2(temporary_folder(file), file->temporary, folder, file->final, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return errno;
  if (linkat(temporary_folder(file), file->temporary, folder, file->final, 0) != 0) return errno;
  unlinkat(temporary_folder(file), file->temporary, 0);
  return 0;
}

/* Only a name replaces a name. The lock comes first: without it the name belongs to a killed process. */
static int rename_over(scu__durable_file *file, int folder) {
  int os_errno = 0;
  if (file->is_unnamed) {
    name_temporary(file);
    (void)flock(file->fd, LOCK_EX | LOCK_NB);
    os_errno = scu__durable_give_name(file->fd, temporary_folder(file), file->temporary);
    if (os_errno) return os_errno;
    file->has_temporary = true;
  }
  os_errno = scu__durable_fault(file->durable, SCU__STEP_RENAME);
  if (os_errno) return os_errno;
  return renameat(temporary_folder(file), file->temporary, folder, file->final) == 0 ? 0 : errno;
}

static void set_final_name(scu__durable_file *file, unsigned variant) {
  char numbered[SCU__DOOR_NAME_MAX];
  const char *name = variant > 1 ? scu__door_variant(file->name, variant, numbered) : file->name;
  snprintf(file->final, sizeof file->final, "%.80s%.7s", name,
           file->durable->options.extension ? file->durable->options.extension : "");
}

static scu_result other_content_there(scu__durable_file *file, scu_error *error) {
  scu__error_set(error, SCU_ERROR_VERIFICATION, SCU_PHASE_STORAGE,
                 "%s is there already, with other content: the first stays", file->final);
  scu__error_hint(error, "replace it, or keep both (--on-duplicate replace or both)");
  return SCU_ERROR_VERIFICATION;
}

/* SCU_END: the folder is gone. */
static scu_result publish(scu__durable_file *file, int folder, scu_error *error) {
  for (unsigned variant = 1; variant <= VARIANTS_MAX; variant++) {
    set_final_name(file, variant);
    int os_errno = rename_new(file, folder);
    if (os_errno == 0) {
      file->has_temporary = false;
      return SCU_OK;
    }
    if (os_errno == ENOENT) return SCU_END;
    if (os_errno != EEXIST) return failed(file, os_errno, "cannot give a file its name", error);
    scu_result result = is_stored_already(file, folder, file->final, &file->is_duplicate, error);
    if (result != SCU_OK || file->is_duplicate) return result;
    if (file->durable->options.on_existing == SCU__EXISTING_KEEP) return other_content_there(file, error);
    if (file->durable->options.on_existing == SCU__EXISTING_BOTH) continue;
    os_errno = rename_over(file, folder);
    if (os_errno) return failed(file, os_errno, "cannot replace a file", error);
    file->has_temporary = false;
    return SCU_OK;
  }
  return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, "%s has %d other versions already", file->name,
                        VARIANTS_MAX);
}

/* --- committing --------------------------------------------------------------------------------------------------- */

static void write_path(scu__durable_file *file) {
  const scu__folder_path *target = &file->target;
  snprintf(file->path, file->path_room, "%s/%s%s%s%s%s", file->durable->root, target->count > 0 ? target->names[0] : "",
           target->count > 0 ? "/" : "", target->count > 1 ? target->names[1] : "", target->count > 1 ? "/" : "",
           file->final);
}

static void take_buffer(scu__durable_file *file) {
  scu__durable *durable = file->durable;
  scu__buffer_init(&file->buffer, durable->options.allocator, GATHER_MAX);
  pthread_mutex_lock(&durable->lock);
  if (durable->spares > 0) file->buffer = durable->spare[--durable->spares];
  pthread_mutex_unlock(&durable->lock);
}

static void give_buffer(scu__durable_file *file) {
  scu__durable *durable = file->durable;
  scu__buffer_clear(&file->buffer);
  pthread_mutex_lock(&durable->lock);
  bool is_kept = file->buffer.data && durable->spares < SCU__DURABLE_SPARES_MAX;
  if (is_kept) durable->spare[durable->spares++] = file->buffer;
  pthread_mutex_unlock(&durable->lock);
  if (!is_kept) scu__buffer_free(&file->buffer);
}

static void free_file(scu__durable_file *file) {
  const scu_allocator *allocator = file->durable->options.allocator;
  scu__folder_release(file->durable, file->at);
  give_buffer(file);
  scu__free(allocator, file->path);
  scu__free(allocator, file);
}

static void tell(const scu__durable_file *file, scu__durable_done whom) {
  scu__durable_outcome outcome = {.result = file->result};
  if (file->result == SCU_OK) {
    outcome.path = file->path;
    outcome.is_duplicate = file->is_duplicate;
  } else {
    outcome.error = &file->error;
  }
  whom(file->user, &outcome);
}

static void complete(scu__durable_file *file) {
  remove_temporary(file);
  tell(file, file->done);
  free_file(file);
}

/* A folder that was removed under our hands is made again, once. */
static scu_result publish_in_target(scu__durable_file *file, scu__folder **target, scu_error *error) {
  for (int attempt = 0;; attempt++) {
    scu_result result = scu__folder_acquire(file->durable, &file->target, target, error);
    if (result == SCU_OK) result = publish(file, (*target)->fd, error);
    if (result != SCU_END) return result;
    if (attempt > 0) return failed(file, ENOENT, "cannot give a file its name", error);
    scu__folder_forget(file->durable, *target);
    scu__folder_release(file->durable, *target);
    *target = NULL;
  }
}

static scu_result close_file(scu__durable_file *file, scu_error *error) {
  int failure = close(file->fd) != 0 && errno != EINTR ? errno : 0;
  file->fd = -1;
  file->is_unnamed = false;
  return failure ? failed(file, failure, "cannot close a file", error) : SCU_OK;
}

/* A file that takes another one's place is synced first: what was acknowledged is not given up for less. */
static bool may_sync_late(const scu__durable_file *file) {
  const scu__durable_options *options = &file->durable->options;
  return file->is_unnamed && file->at->is_ordered && options->durability == SCU__DURABLE_BATCH &&
         options->on_existing != SCU__EXISTING_REPLACE;
}

/* Its bytes to the disk, without what says where they are. */
static int write_out(const scu__durable_file *file) {
  int os_errno = scu__durable_fault(file->durable, SCU__STEP_WRITE_OUT);
  if (os_errno) return os_errno;
  enum { ALL = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER };
  while (sync_file_range(file->fd, 0, 0, ALL) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

static scu_result make_safe_to_name(scu__durable_file *file, bool is_synced_late, scu_error *error) {
  scu__durable *durable = file->durable;
  if (durable->options.durability == SCU__DURABLE_NONE) return SCU_OK;
  int os_errno = is_synced_late ? write_out(file) : scu__durable_sync_fd(durable, file->fd, SCU__STEP_SYNC_FILE);
  return os_errno ? failed(file, os_errno, "cannot sync a file", error) : SCU_OK;
}

/* Everything but the syncs that come after the name. A file that has a name is closed before it gets the final one,
 * because some file systems only say then that the bytes found no room; they know no files without. */
static scu_result settle(scu__durable_file *file, scu_error *error) {
  scu__durable *durable = file->durable;
  scu_result result = flush(file, NULL, 0, error);
  if (result != SCU_OK) return result;
  bool is_synced_late = may_sync_late(file);
  result = make_safe_to_name(file, is_synced_late, error);
  if (result == SCU_OK && !file->is_unnamed) result = close_file(file, error);
  if (result != SCU_OK) return result;
  scu__folder *target = NULL;
  result = publish_in_target(file, &target, error);
  bool is_open_still = result == SCU_OK && is_synced_late && !file->is_duplicate;
  if (!is_open_still) remove_temporary(file);
  scu__folder_release(durable, file->at);
  file->at = target; /* what must be synced now */
  if (result == SCU_OK) write_path(file);
  return result;
}

void scu__durable_synced(scu__durable_file *file) {
  if (file->file_errno)
    file->result = failed(file, file->file_errno, "cannot sync a file", &file->error);
  else if (file->folder_errno)
    file->result = failed(file, file->folder_errno, "cannot sync the folder of a file", &file->error);
  complete(file);
}

static void commit_now(scu__durable_file *file) {
  scu__durable *durable = file->durable;
  file->result = settle(file, &file->error);
  if (file->result == SCU_OK && file->placed && durable->options.durability != SCU__DURABLE_NONE)
    tell(file, file->placed);
  if (file->result != SCU_OK || durable->options.durability == SCU__DURABLE_NONE)
    complete(file);
  else if (durable->options.durability == SCU__DURABLE_FILE)
    scu__durable_sync_alone(file);
  else
    scu__durable_sync_shared(file, file->fd < 0);
}

/* The work is in the job's second half, because it frees the job; that half also comes when the pool is being freed, so
 * that nothing that was promised is lost. */
static void commit_first_half(scu__job *job) {
  (void)job;
}

static void commit_second_half(scu__job *job) {
  commit_now((scu__durable_file *)job);
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

scu_result scu__durable_file_new(scu__durable *durable, scu__durable_file **out, scu_error *error) {
  *out = NULL;
  scu__durable_file *file = scu__alloc(durable->options.allocator, sizeof *file);
  if (!file) return scu__error_memory(error, SCU_PHASE_STORAGE);
  file->durable = durable;
  file->fd = -1;
  take_buffer(file);
  *out = file;
  return SCU_OK;
}

scu_result scu__durable_file_place(scu__durable_file *file, const char *const *folders, size_t count,
                                   scu_error *error) {
  if (count > SCU__DURABLE_FOLDERS_MAX)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_STORAGE, "too many folders");
  scu__folder_path target = {.count = count};
  for (size_t i = 0; i < count; i++) {
    if (!scu__path_component_safe(folders[i]) || strlen(folders[i]) >= SCU__DOOR_NAME_MAX)
      return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_STORAGE, "not a safe folder name");
    memcpy(target.names[i], folders[i], strlen(folders[i]) + 1);
  }
  file->target = target;
  return SCU_OK;
}

scu_result scu__durable_file_write(scu__durable_file *file, const void *bytes, size_t length, scu_error *error) {
  if (length <= GATHER_MAX - file->buffer.length) {
    scu__put_bytes(&file->buffer, bytes, length);
    if (scu__buffer_result(&file->buffer) != SCU_OK) return scu__error_memory(error, SCU_PHASE_STORAGE);
  } else {
    scu_result result = flush(file, bytes, length, error);
    if (result != SCU_OK) return result;
  }
  file->length += length;
  return SCU_OK;
}

void scu__durable_file_end_header(scu__durable_file *file, const char *key) {
  file->header_length = file->length;
  snprintf(file->key, sizeof file->key, "%s", key);
}

uint64_t scu__durable_file_length(const scu__durable_file *file) {
  return file->length;
}

void scu__durable_file_on_placed(scu__durable_file *file, scu__durable_done placed) {
  file->placed = placed;
}

void scu__durable_file_commit(scu__durable_file *file, const char *name, scu__durable_done done, void *user) {
  scu__durable *durable = file->durable;
  file->done = done;
  file->user = user;
  file->job = (scu__job){.run = commit_first_half, .done = commit_second_half};
  scu__error_clear(&file->error);
  file->path_room = strlen(durable->root) + sizeof file->target.names + sizeof file->final + 4;
  file->path = scu__alloc(durable->options.allocator, file->path_room);
  if (!file->path) {
    file->result = scu__error_memory(&file->error, SCU_PHASE_STORAGE);
    complete(file);
    return;
  }
  if (!scu__path_component_safe(name) || strlen(name) >= sizeof file->name) {
    file->result = scu__error_set(&file->error, SCU_ERROR_USAGE, SCU_PHASE_STORAGE, "not a safe file name");
    complete(file);
    return;
  }
  memcpy(file->name, name, strlen(name) + 1);
  /* A full pool is answered by doing the work here: whoever produces faster than the disk waits for it. */
  if (!durable->pool || scu__pool_submit(durable->pool, &file->job, NULL) != SCU_OK) commit_now(file);
}

void scu__durable_file_discard(scu__durable_file *file) {
  if (!file) return;
  remove_temporary(file);
  free_file(file);
}
