/* The files under a folder, one at a time, for `store`: sorted within each folder, iterative, bounded in depth and in
 * memory (a folder of a million files is read in sorted windows). Links to files are followed, links to folders are
 * not, so there are no loops; whatever cannot be used is reported once. */
#ifndef SCU_IO_WALK_H
#define SCU_IO_WALK_H

#include <stdbool.h>

#include "base/error.h"
#include "scu/allocator.h"

enum { SCU__FOLDER_WALK_DEPTH_MAX = 64, SCU__FOLDER_WALK_WINDOW_NAMES = 16384 };

typedef struct scu__folder_walk scu__folder_walk;

typedef struct scu__folder_walk_options {
  const scu_allocator *allocator;
  bool recursive;      /* false: only the files directly in the folder; sub-folders are passed over silently */
  const char *pattern; /* fnmatch(3) on the file's name; NULL = all */
  unsigned window;     /* names held per folder; 0 = SCU__FOLDER_WALK_WINDOW_NAMES */
} scu__folder_walk_options;

typedef struct scu__folder_walk_entry {
  const char *path;         /* borrowed until the next call */
  const scu_error *problem; /* NULL: a regular file. Else why this path was left out; borrowed likewise */
} scu__folder_walk_entry;

/* `path` itself may be a file (then it is the only entry, whatever the pattern) or a link to a folder.
 * Errors: MEMORY. A path that does not exist is the walk's first problem, not an error of this call. */
scu_result scu__folder_walk_new(const char *path, const scu__folder_walk_options *options, scu__folder_walk **out,
                                scu_error *error);
/* SCU_OK and an entry, SCU_END, or MEMORY. Blocks on the local disk. */
scu_result scu__folder_walk_next(scu__folder_walk *walk, scu__folder_walk_entry *entry, scu_error *error);
void scu__folder_walk_free(scu__folder_walk *walk);

#endif
