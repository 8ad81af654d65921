/* openat with O_NOFOLLOW for every component below the root; at most two descriptors are open at a time. */
#define _GNU_SOURCE
#include "io/below.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/file.h"
#include "io/os_error.h"

enum { NAME_ROOM = 264, ENDINGS = 4, CASES = 3 };

static int open_root(const char *root) {
  return open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_folder(int parent, const char *name) {
  return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Not tolower and toupper: the locale is not asked. */
static void change_case(char *name, unsigned which) {
  for (; *name && which > 0; name++) {
    if (which == 1 && *name >= 'A' && *name <= 'Z') *name = (char)(*name - 'A' + 'a');
    if (which == 2 && *name >= 'a' && *name <= 'z') *name = (char)(*name - 'a' + 'A');
  }
}

/* Without ";1" and the like. */
static size_t length_without_version(const char *component, size_t length) {
  size_t digits = length;
  while (digits > 0 && component[digits - 1] >= '0' && component[digits - 1] <= '9') digits--;
  return digits < length && digits > 1 && component[digits - 1] == ';' ? digits - 1 : length;
}

/* The name to try in round `round` for a component of at most 255 bytes; false after the last one. */
static bool make_name(const char *component, size_t length, bool is_last, unsigned round, char name[NAME_ROOM]) {
  static const char *const endings[ENDINGS] = {"", ";1", ".;1", "."};
  if (round == 0) {
    snprintf(name, NAME_ROOM, "%.*s", (int)length, component);
    return true;
  }
  unsigned ending = (round - 1) / CASES;
  if (ending >= (is_last ? ENDINGS : 1u)) return false;
  if (is_last) length = length_without_version(component, length);
  snprintf(name, NAME_ROOM, "%.*s%s", (int)length, component, endings[ending]);
  change_case(name, (round - 1) % CASES);
  return true;
}

/* 0, ENOENT, or what is wrong with the last component. */
static int check_file(int folder, const char *name) {
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (S_ISLNK(status.st_mode)) return ELOOP;
  return S_ISREG(status.st_mode) ? 0 : EINVAL;
}

/* Tries the names of one component below *folder, which a folder that was entered replaces; `name` is the one that is
 * there. 0 or an errno. */
static int find_component(int *folder, const char *component, size_t length, bool is_last, char name[NAME_ROOM]) {
  for (unsigned round = 0; make_name(component, length, is_last, round, name); round++) {
    int inside = is_last ? -1 : open_folder(*folder, name);
    int os_errno = is_last ? check_file(*folder, name) : inside < 0 ? errno : 0;
    if (os_errno == ENOENT) continue;
    if (inside >= 0) {
      close(*folder);
      *folder = inside;
    }
    return os_errno;
  }
  snprintf(name, NAME_ROOM, "%.*s", (int)length, component);
  return ENOENT;
}

static scu_result explain(scu_error *error, int os_errno, const char *path) {
  switch (os_errno) {
  case ENOENT: return SCU_END;
  case ELOOP:
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "%s: a symbolic link, not followed", path);
  case ENOTDIR:
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE,
                          "%s: on the way is something that is not a folder, or a symbolic link, not followed", path);
  case EINVAL: return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "%s: not a regular file", path);
  default: return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, os_errno, "%s: cannot look at", path);
  }
}

/* The length of the next component at *at, which is moved to it; 0 at the end. */
static size_t next_component(const char **at) {
  *at += strspn(*at, "/");
  return strcspn(*at, "/");
}

/* Fills `path`, which has room, behind the root. */
static int find_all(const char *root, const char *relative, char *path, size_t room) {
  char name[NAME_ROOM];
  size_t at = strlen(path), length;
  int folder = open_root(root);
  int os_errno = folder < 0 ? errno : 0;
  while (os_errno == 0 && (length = next_component(&relative)) > 0) {
    bool is_last = relative[length] == 0;
    os_errno = length < NAME_ROOM - 8 ? find_component(&folder, relative, length, is_last, name) : ENAMETOOLONG;
    if (os_errno != 0) break;
    at += (size_t)snprintf(path + at, room - at, "%s%s", name, is_last ? "" : "/");
    relative += length;
  }
  if (os_errno != 0) snprintf(path + at, room - at, "%s", relative);
  if (folder >= 0) close(folder);
  return os_errno;
}

scu_result scu__below_find(const char *root, const char *relative, const scu_allocator *allocator, char **found,
                           scu_error *error) {
  size_t length = strlen(root), room = length + 1 + strlen(relative) + sizeof ".;1";
  char *path = *found = scu__alloc(allocator, room);
  if (!path) return scu__error_memory(error, SCU_PHASE_FILE);
  snprintf(path, room, "%s%s", root, root[length - 1] == '/' ? "" : "/");
  int os_errno = find_all(root, relative, path, room);
  return os_errno == 0 ? SCU_OK : explain(error, os_errno, path);
}

/* A descriptor of the file behind `relative` below `folder`, which is closed; or -1 and errno. */
static int open_below(int folder, const char *relative) {
  char name[NAME_ROOM];
  for (size_t length; (length = next_component(&relative)) > 0; relative += length) {
    bool is_last = relative[length] == 0;
    int inside = -1;
    errno = ENAMETOOLONG;
    if (length < sizeof name) {
      snprintf(name, sizeof name, "%.*s", (int)length, relative);
      errno = ELOOP; /* of ".." */
      if (strcmp(name, "..") != 0)
        inside = is_last ? openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
                         : open_folder(folder, name);
    }
    int os_errno = errno;
    close(folder);
    errno = os_errno;
    if (inside < 0 || is_last) return inside;
    folder = inside;
  }
  close(folder);
  errno = EINVAL;
  return -1;
}

scu_result scu__below_open(const char *path, size_t root_length, const scu_allocator *allocator, scu__source **out,
                           scu_error *error) {
  *out = NULL;
  char *root = scu__strndup(allocator, path, root_length);
  if (!root) return scu__error_memory(error, SCU_PHASE_FILE);
  int fd = open_root(root);
  scu__free(allocator, root);
  if (fd >= 0) fd = open_below(fd, path + root_length);
  if (fd >= 0) return scu__file_source_adopt(fd, path, allocator, out, error);
  int os_errno = errno;
  if (os_errno == ENOENT)
    return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, os_errno, "%s: cannot open", path);
  return explain(error, os_errno, path);
}
