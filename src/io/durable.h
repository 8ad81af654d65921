/* Files that exist whole or not at all (catalogue F08-F10, F12, F13, F16): a file without a name (where the file system
 * has none: a temporary name) in the final folder, write, sync, the final name, folder sync. On file systems that log
 * in order: write, write out, the final name, sync of file and folder side by side (docs/decisions/0020). Group
 * syncing: file syncs of many instances overlap on the pool, and one folder sync serves everything that arrived during
 * the previous one.
 *
 * Folders and names are components that came through io/door.h. All calls are thread-safe, except that one
 * scu__durable_file is used by one thread at a time. Knows nothing of DICOM but where a dataset starts in its file. */
#ifndef SCU_IO_DURABLE_H
#define SCU_IO_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "scu/allocator.h"

typedef enum scu__durable_kind {
  SCU__DURABLE_BATCH = 0, /* synced, syncs shared */
  SCU__DURABLE_FILE = 1,  /* synced, each file and its folder by itself */
  SCU__DURABLE_NONE = 2   /* not synced, answered at once, no thread is ever started */
} scu__durable_kind;

typedef enum scu__on_existing {
  SCU__EXISTING_KEEP = 0,    /* different content: the first stays, the new one is refused */
  SCU__EXISTING_REPLACE = 1, /* different content: the new one takes the name, atomically */
  SCU__EXISTING_BOTH = 2     /* different content: the new one gets the next free "<name>~2" */
} scu__on_existing;

/* Where a fault can be put in by a test. */
typedef enum scu__durable_step {
  SCU__STEP_MKDIR,
  SCU__STEP_OPEN,
  SCU__STEP_WRITE,
  SCU__STEP_WRITE_OUT,
  SCU__STEP_SYNC_FILE,
  SCU__STEP_RENAME,
  SCU__STEP_SYNC_FOLDER
} scu__durable_step;

/* What the file system is taken for. Tests only, but for the first. */
typedef enum scu__durable_way {
  SCU__WAY_AS_FOUND = 0,
  SCU__WAY_NAMED,   /* it knows no files without a name */
  SCU__WAY_UNNAMED, /* it does, and promises nothing of the order in which things reach the disk */
  SCU__WAY_ORDERED  /* it logs in order */
} scu__durable_way;

typedef struct scu__durable_options {
  const scu_allocator *allocator;
  scu__durable_kind durability;
  scu__on_existing on_existing;
  const char *extension; /* ".dcm"; static storage */
  const char *temporary; /* a folder on the root's file system for files that are not whole; NULL or "" = their own */
  unsigned threads_max;  /* 0 = 8 */
  /* Where the content of a file that is already there begins; false when it is not of the kind `key` says, so that the
   * two differ whatever their bytes. NULL: at 0. Any thread. */
  bool (*content)(void *user, scu__source *existing, const char *key, uint64_t *offset);
  void *content_user;
  /* Tests only: an errno that the step fails with instead of being done, or 0. Any thread. */
  int (*fault)(void *user, scu__durable_step step);
  void *fault_user;
  scu__durable_way way;
} scu__durable_options;

typedef struct scu__durable scu__durable;           /* a root folder */
typedef struct scu__durable_file scu__durable_file; /* one file on its way */

typedef struct scu__durable_outcome {
  scu_result result; /* SCU_OK, STORAGE, MEMORY, or VERIFICATION: refused, other content under this name (KEEP) */
  bool is_duplicate; /* SCU_OK: the same content was there already, nothing was written */
  const char *path;  /* root/folder/name; borrowed until `done` returns; NULL on failure */
  const scu_error *error;
} scu__durable_outcome;
typedef void (*scu__durable_done)(void *user, const scu__durable_outcome *outcome);

/* Makes the root (0750) when it is missing, parents too, and removes temporary files that a killed process left behind
 * (those of living ones are locked, and stay). Errors: STORAGE, MEMORY; USAGE: options->temporary is on another file
 * system. */
scu_result scu__durable_open(const char *root, const scu__durable_options *options, scu__durable **out,
                             scu_error *error);
/* Every file must have been committed or discarded; waits for the syncs under way. NULL is allowed. */
void scu__durable_free(scu__durable *durable);

/* Nothing is opened yet. MEMORY only. */
scu_result scu__durable_file_new(scu__durable *durable, scu__durable_file **out, scu_error *error);
/* Says into which folder the file belongs, before commit: 0-2 components. May come after the first writes. */
scu_result scu__durable_file_place(scu__durable_file *file, const char *const *folders, size_t count, scu_error *error);
/* Bytes are gathered and written in large pieces. STORAGE or MEMORY: discard the file. Blocks on the local disk. */
scu_result scu__durable_file_write(scu__durable_file *file, const void *bytes, size_t length, scu_error *error);
/* Marks the end of what does not count when content is compared (the Part 10 header): all bytes so far. `key` (at most
 * 64 characters, copied) goes to options->content. */
void scu__durable_file_end_header(scu__durable_file *file, const char *key);
uint64_t scu__durable_file_length(const scu__durable_file *file);
/* Called before `done`, with the same user: the file is whole and has its name; what follows are syncs and `done`,
 * which alone says whether it is durable. Not called when something failed before, nor with NONE. On a pool thread. */
void scu__durable_file_on_placed(scu__durable_file *file, scu__durable_done placed);
/* Gives the file its name (without extension) and takes the file over, whatever comes. NONE: done before it returns.
 * Else `done` comes once on a pool thread, possibly before this returns. */
void scu__durable_file_commit(scu__durable_file *file, const char *name, scu__durable_done done, void *user);
/* Nothing stays behind. NULL is allowed. */
void scu__durable_file_discard(scu__durable_file *file);

#endif
