/* What the parts of io/durable share: folders with their group syncs, and the steps that a test can make fail. */
#ifndef SCU_IO_DURABLE_PRIVATE_H
#define SCU_IO_DURABLE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "io/door.h"
#include "io/durable.h"
#include "io/pool.h"

enum {
  SCU__DURABLE_FOLDERS_MAX = 2 /* components under the root */,
  SCU__DURABLE_SPARES_MAX = 8,
  SCU__DURABLE_FILE_MODE = 0640
};

typedef struct scu__folder_path {
  size_t count;
  char names[SCU__DURABLE_FOLDERS_MAX][SCU__DOOR_NAME_MAX];
} scu__folder_path;

/* An open folder. In the cache while nothing is wrong with it; freed with the last reference once out of it. */
typedef struct scu__folder scu__folder;
struct scu__folder {
  scu__folder *next; /* cache, most recently used first */
  scu__folder_path path;
  unsigned references;
  bool is_cached;
  int fd;                  /* the root's own for an empty path */
  int parent_fd;           /* -1: none, or it needs no sync any more */
  bool are_parents_synced; /* entries of the folder itself and of its parent are safe */
  bool is_ordered;         /* on a file system that logs in order */
  bool is_syncing;         /* a thread works on the folder's group, or will */
  scu__durable_file *waiting;
  scu__durable *durable;
  scu__job job; /* works on the group */
};

struct scu__durable {
  scu__durable_options options;
  char *root;
  int root_fd;
  int temporary_fd;     /* -1 = each file in its own folder */
  scu__pool *pool;      /* NULL with NONE */
  pthread_mutex_t lock; /* guards the rest, and every folder's fields but path and fd */
  scu__folder *folders;
  unsigned cached;
  scu__buffer spare[SCU__DURABLE_SPARES_MAX]; /* of finished files, so that their pages are used again */
  unsigned spares;
  uint64_t sequence;
  bool has_unnamed; /* the root's file system knows files without a name, and a name can be given to them */
  uint64_t token;   /* of this process and object, in the names of temporary files */
};

struct scu__durable_file {
  scu__job job; /* first: the job is the file */
  scu__durable *durable;
  scu__buffer buffer;
  uint64_t length, written, pushed_out; /* bytes taken, written, and handed to the disk early */
  uint64_t header_length;
  char key[65];
  scu__folder_path target;
  scu__folder *at; /* where the temporary file is */
  int fd;          /* of the temporary file; -1 = closed */
  bool is_unnamed; /* opened without a name, and still open */
  bool has_temporary;
  char temporary[64];
  char name[SCU__DOOR_NAME_MAX];      /* as asked */
  char final[SCU__DOOR_NAME_MAX + 8]; /* as it became, with extension */
  char *path;
  size_t path_room;
  bool is_duplicate;
  scu_result result;
  scu_error error;
  scu__durable_done placed; /* may be NULL */
  scu__durable_done done;
  void *user;
  scu__durable_file *next_waiting;
  atomic_int syncs_left;        /* whoever ends the last one completes the file */
  int file_errno, folder_errno; /* what came of them */
};

/* An errno that a test wants the step to fail with; 0 = do it. */
int scu__durable_fault(const scu__durable *durable, scu__durable_step step);
/* fsync that goes on after signals; 0 or an errno. Never tried again after a failure: the kernel forgets what it lost.
 */
int scu__durable_sync_fd(const scu__durable *durable, int fd, scu__durable_step step);

/* The file's sync where it is still to come, and its folder's, shared with others or not; then scu__durable_synced. The
 * file may be gone when this returns. */
void scu__durable_sync_shared(scu__durable_file *file, bool is_file_synced);
void scu__durable_sync_alone(scu__durable_file *file);
void scu__durable_synced(scu__durable_file *file);

/* Opens (and makes) the folder, or finds it open. */
scu_result scu__folder_acquire(scu__durable *durable, const scu__folder_path *path, scu__folder **out,
                               scu_error *error);
void scu__folder_release(scu__durable *durable, scu__folder *folder);
/* The folder turned out to be gone: the next acquire opens it anew. */
void scu__folder_forget(scu__durable *durable, scu__folder *folder);
/* Its entries, and the first time those that lead to it. 0 or an errno. */
int scu__folder_sync(scu__durable *durable, scu__folder *folder);
void scu__folders_free(scu__durable *durable);

/* A file without a name, to write and to read; -1 and errno when there are none here. */
int scu__durable_open_unnamed(int folder);
/* Gives it one; EEXIST when that is taken. 0 or an errno. */
int scu__durable_give_name(int fd, int folder, const char *name);

/* Removes what killed processes left: see scu__durable_open. */
void scu__durable_sweep(scu__durable *durable);
/* Is this the name of a temporary file of any durable root? */
bool scu__durable_is_temporary(const char *name);

#endif
