/* The new text is written into path.lock and renamed. A lock of the system would not do: it is on a file that the
 * rename puts away, and file systems on other machines often have none. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "file_change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "errors.h"
#include "signals.h"

enum { WAIT_MS = 5000, LOOK_MS = 20 };

static bool fail(cli *context, const char *path, const char *what) {
  report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, NULL, "%s: %s: %s", path, what, strerror(errno));
  return false;
}

/* The folders above the file that are not there yet. */
static bool make_folders(cli *context, const char *path) {
  char folder[FILE_PATH_MAX];
  snprintf(folder, sizeof folder, "%s", path);
  for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return fail(context, folder, "cannot be made");
    *slash = '/';
  }
  return true;
}

/* A link stays one: what it leads to is changed. */
static void follow_links(const char *path, char to[FILE_PATH_MAX]) {
  char *real = realpath(path, NULL);
  snprintf(to, FILE_PATH_MAX, "%s", real ? real : path);
  free(real);
}

bool file_change_begin(cli *context, const char *path, file_change *change) {
  const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
  uint64_t end = now_ms() + WAIT_MS;
  if (!make_folders(context, path)) return false;
  follow_links(path, change->path);
  snprintf(change->new_path, sizeof change->new_path, "%s.lock", change->path);
  for (;;) {
    change->descriptor = open(change->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (change->descriptor >= 0) return true;
    if (errno != EEXIST || signals_count() > 0) return fail(context, change->new_path, "cannot be made");
    if (now_ms() >= end) break;
    nanosleep(&look, NULL);
  }
  report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE,
               "if nobody is, somebody was interrupted: remove that file", "%s is there: somebody else is changing %s",
               change->new_path, change->path);
  return false;
}

static bool write_all(int descriptor, const char *text, size_t length) {
  while (length > 0) {
    ssize_t count = write(descriptor, text, length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text += count;
    length -= (size_t)count;
  }
  return fsync(descriptor) == 0;
}

/* Whose it was it stays, where we may say so: root may edit the file of somebody else. */
static bool keep_mode(const file_change *change) {
  struct stat old, new;
  if (stat(change->path, &old) != 0) return errno == ENOENT;
  if (fstat(change->descriptor, &new) != 0) return false;
  bool is_other = old.st_uid != new.st_uid || old.st_gid != new.st_gid;
  if (is_other && fchown(change->descriptor, old.st_uid, old.st_gid) != 0 && errno != EPERM) return false;
  return fchmod(change->descriptor, old.st_mode & 07777) == 0;
}

/* So that the new name is there after a power cut. */
static bool sync_folder(const char *path) {
  char folder[FILE_PATH_MAX];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  if (slash) slash[slash == folder ? 1 : 0] = 0;
  int descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool is_synced = descriptor >= 0 && fsync(descriptor) == 0;
  if (descriptor >= 0) close(descriptor);
  return is_synced;
}

bool file_change_end(cli *context, file_change *change, const char *text, size_t length) {
  bool is_written = write_all(change->descriptor, text, length) && keep_mode(change);
  if (close(change->descriptor) != 0) is_written = false;
  if (is_written && rename(change->new_path, change->path) == 0)
    return sync_folder(change->path) || fail(context, change->path, "the folder cannot be synced");
  fail(context, change->path, "cannot be written");
  unlink(change->new_path);
  return false;
}

void file_change_drop(file_change *change) {
  close(change->descriptor);
  unlink(change->new_path);
}
