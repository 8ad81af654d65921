/* scu__folder_walk: a stack of folders, each with a sorted window of the names not yet visited. A folder with more
 * names than fit is read again for the next window: slower for huge folders, but flat in memory and fully sorted. No
 * descriptor stays open between calls. */
#define _GNU_SOURCE
#include "io/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/os_error.h"

enum { PATH_ROOM = PATH_MAX, KIND_UNKNOWN = 0, KIND_FILE, KIND_FOLDER, KIND_LINK, KIND_OTHER };

typedef struct name {
  uint8_t kind;
  char text[]; /* sorted by bytes */
} name;

typedef struct level {
  size_t path_length; /* of the folder, in walk->path */
  name **names;       /* the window, sorted */
  size_t count, next;
  bool has_more; /* names beyond the window */
} level;

struct scu__folder_walk {
  scu__folder_walk_options options;
  char *pattern;
  level levels[SCU__FOLDER_WALK_DEPTH_MAX];
  unsigned depth;
  bool is_started;
  scu_error problem;
  char path[PATH_ROOM];
};

static int compare_names(const void *a, const void *b) {
  return strcmp((*(name *const *)a)->text, (*(name *const *)b)->text);
}

static void free_names(const scu__folder_walk *walk, level *folder, size_t from) {
  for (size_t i = from; i < folder->count; i++) scu__free(walk->options.allocator, folder->names[i]);
  if (folder->count > from) folder->count = from;
}

static uint8_t kind_of_entry(unsigned char d_type) {
  switch (d_type) {
  case DT_REG: return KIND_FILE;
  case DT_DIR: return KIND_FOLDER;
  case DT_LNK: return KIND_LINK;
  case DT_UNKNOWN: return KIND_UNKNOWN;
  default: return KIND_OTHER;
  }
}

/* Keeps the smallest names: when twice the window is full, its upper half goes. */
static scu_result keep_name(scu__folder_walk *walk, level *folder, size_t *room, const struct dirent *entry) {
  const scu_allocator *allocator = walk->options.allocator;
  if (folder->count == (size_t)walk->options.window * 2) {
    qsort(folder->names, folder->count, sizeof *folder->names, compare_names);
    free_names(walk, folder, walk->options.window);
    folder->has_more = true;
  }
  if (folder->count == *room) {
    size_t bigger = *room ? *room * 2 : 32;
    name **names = scu__realloc_array(allocator, folder->names, bigger, sizeof *names);
    if (!names) return SCU_ERROR_MEMORY;
    folder->names = names;
    *room = bigger;
  }
  size_t length = strlen(entry->d_name);
  name *kept = scu__alloc(allocator, sizeof *kept + length + 1);
  if (!kept) return SCU_ERROR_MEMORY;
  kept->kind = kind_of_entry(entry->d_type);
  memcpy(kept->text, entry->d_name, length + 1);
  folder->names[folder->count++] = kept;
  return SCU_OK;
}

/* Fills the window with the smallest names after `after` (NULL = all). OS trouble: STORAGE and *os_errno. */
static scu_result read_window(scu__folder_walk *walk, level *folder, const char *after, int *os_errno) {
  DIR *stream = NULL;
  int fd = open(walk->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) stream = fdopendir(fd);
  if (!stream) {
    *os_errno = errno;
    if (fd >= 0) close(fd);
    return SCU_ERROR_STORAGE;
  }
  scu_result result = SCU_OK;
  size_t room = 0;
  folder->names = NULL;
  folder->count = folder->next = 0;
  folder->has_more = false;
  while (result == SCU_OK) {
    errno = 0;
    struct dirent *entry = readdir(stream);
    if (!entry) {
      if (errno != 0) {
        *os_errno = errno;
        result = SCU_ERROR_STORAGE;
      }
      break;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (after && strcmp(entry->d_name, after) <= 0) continue;
    result = keep_name(walk, folder, &room, entry);
  }
  closedir(stream);
  if (result != SCU_OK) {
    free_names(walk, folder, 0);
    scu__free(walk->options.allocator, folder->names);
    folder->names = NULL;
    return result;
  }
  if (folder->count > 1) qsort(folder->names, folder->count, sizeof *folder->names, compare_names);
  if (folder->count > walk->options.window) {
    free_names(walk, folder, walk->options.window);
    folder->has_more = true;
  }
  return SCU_OK;
}

static scu_result report(scu__folder_walk *walk, scu__folder_walk_entry *entry, int os_errno, const char *what) {
  scu__error_clear(&walk->problem);
  if (os_errno)
    scu__os_error(&walk->problem, SCU_ERROR_STORAGE, SCU_PHASE_FILE, os_errno, "%s: %s", walk->path, what);
  else
    scu__error_set(&walk->problem, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "%s: %s", walk->path, what);
  entry->path = walk->path;
  entry->problem = &walk->problem;
  return SCU_OK;
}

static scu_result found(scu__folder_walk *walk, scu__folder_walk_entry *entry) {
  entry->path = walk->path;
  entry->problem = NULL;
  return SCU_OK;
}

/* SCU_MORE: the folder in walk->path is open, go on with its names. SCU_OK: it is reported. */
static scu_result enter(scu__folder_walk *walk, scu__folder_walk_entry *entry, scu_error *error) {
  if (walk->depth == SCU__FOLDER_WALK_DEPTH_MAX) return report(walk, entry, 0, "folders nested too deep, not entered");
  level *folder = &walk->levels[walk->depth];
  memset(folder, 0, sizeof *folder);
  int os_errno = 0;
  scu_result result = read_window(walk, folder, NULL, &os_errno);
  if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_FILE);
  if (result != SCU_OK) return report(walk, entry, os_errno, "cannot read the folder");
  folder->path_length = strlen(walk->path);
  walk->depth++;
  return SCU_MORE;
}

static void leave(scu__folder_walk *walk) {
  level *folder = &walk->levels[--walk->depth];
  free_names(walk, folder, 0);
  scu__free(walk->options.allocator, folder->names);
  memset(folder, 0, sizeof *folder);
}

/* What a name is, when the folder did not say, or behind a link. 0 with errno when it cannot be looked at. */
static uint8_t kind_behind(const char *path, bool is_link) {
  struct stat status;
  int failed = is_link ? stat(path, &status) : lstat(path, &status);
  if (failed) return KIND_UNKNOWN;
  if (S_ISREG(status.st_mode)) return KIND_FILE;
  if (S_ISDIR(status.st_mode)) return KIND_FOLDER;
  return S_ISLNK(status.st_mode) ? KIND_LINK : KIND_OTHER;
}

/* One name, with its full path in walk->path. SCU_MORE: nothing to say about it. */
static scu_result visit(scu__folder_walk *walk, const name *one, scu__folder_walk_entry *entry, scu_error *error) {
  uint8_t kind = one->kind;
  if (kind == KIND_UNKNOWN && (kind = kind_behind(walk->path, false)) == KIND_UNKNOWN)
    return report(walk, entry, errno, "cannot look at");
  if (kind == KIND_FOLDER) return walk->options.recursive ? enter(walk, entry, error) : SCU_MORE;
  if (walk->pattern && fnmatch(walk->pattern, one->text, 0) != 0) return SCU_MORE;
  if (kind == KIND_FILE) return found(walk, entry);
  if (kind == KIND_OTHER) return report(walk, entry, 0, "not a regular file");
  switch (kind_behind(walk->path, true)) {
  case KIND_FILE: return found(walk, entry);
  case KIND_FOLDER:
    return walk->options.recursive ? report(walk, entry, 0, "a symbolic link to a folder, not followed") : SCU_MORE;
  case KIND_UNKNOWN: return report(walk, entry, errno, "a symbolic link that leads nowhere");
  default: return report(walk, entry, 0, "not a regular file");
  }
}

/* The next window of the innermost folder, after the last name of this one. */
static scu_result refill(scu__folder_walk *walk, level *folder, scu__folder_walk_entry *entry, scu_error *error) {
  level fresh = {.path_length = folder->path_length};
  int os_errno = 0;
  walk->path[folder->path_length] = 0;
  scu_result result = read_window(walk, &fresh, folder->names[folder->count - 1]->text, &os_errno);
  if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_FILE);
  if (result != SCU_OK) {
    folder->has_more = false;
    return report(walk, entry, os_errno, "cannot read the rest of the folder");
  }
  free_names(walk, folder, 0);
  scu__free(walk->options.allocator, folder->names);
  *folder = fresh;
  return SCU_MORE;
}

static scu_result step(scu__folder_walk *walk, scu__folder_walk_entry *entry, scu_error *error) {
  level *folder = &walk->levels[walk->depth - 1];
  if (folder->next == folder->count) {
    if (folder->has_more) return refill(walk, folder, entry, error);
    leave(walk);
    return SCU_MORE;
  }
  const name *one = folder->names[folder->next++];
  size_t length = folder->path_length, name_length = strlen(one->text);
  bool needs_slash = length > 0 && walk->path[length - 1] != '/';
  if (length + needs_slash + name_length >= sizeof walk->path) {
    walk->path[length] = 0;
    return report(walk, entry, ENAMETOOLONG, "a path in this folder");
  }
  if (needs_slash) walk->path[length++] = '/';
  memcpy(walk->path + length, one->text, name_length + 1);
  return visit(walk, one, entry, error);
}

static scu_result start(scu__folder_walk *walk, scu__folder_walk_entry *entry, scu_error *error) {
  walk->is_started = true;
  switch (kind_behind(walk->path, true)) {
  case KIND_FILE: return found(walk, entry);
  case KIND_FOLDER: return enter(walk, entry, error);
  case KIND_UNKNOWN: return report(walk, entry, errno, "cannot look at");
  default: return report(walk, entry, 0, "not a regular file");
  }
}

scu_result scu__folder_walk_new(const char *path, const scu__folder_walk_options *options, scu__folder_walk **out,
                                scu_error *error) {
  *out = NULL;
  size_t length = strlen(path);
  if (length == 0 || length >= PATH_ROOM)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_FILE, length ? "path too long" : "empty path");
  scu__folder_walk *walk = scu__alloc(options->allocator, sizeof *walk);
  if (!walk) return scu__error_memory(error, SCU_PHASE_FILE);
  walk->options = *options;
  if (walk->options.window == 0) walk->options.window = SCU__FOLDER_WALK_WINDOW_NAMES;
  memcpy(walk->path, path, length + 1);
  if (options->pattern && !(walk->pattern = scu__strdup(options->allocator, options->pattern))) {
    scu__folder_walk_free(walk);
    return scu__error_memory(error, SCU_PHASE_FILE);
  }
  *out = walk;
  return SCU_OK;
}

scu_result scu__folder_walk_next(scu__folder_walk *walk, scu__folder_walk_entry *entry, scu_error *error) {
  scu_result result = walk->is_started ? SCU_MORE : start(walk, entry, error);
  while (result == SCU_MORE) {
    if (walk->depth == 0) return SCU_END;
    result = step(walk, entry, error);
  }
  return result;
}

void scu__folder_walk_free(scu__folder_walk *walk) {
  if (!walk) return;
  while (walk->depth > 0) leave(walk);
  scu__free(walk->options.allocator, walk->pattern);
  scu__free(walk->options.allocator, walk);
}
