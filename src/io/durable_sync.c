/* The syncs that a named file waits for: its folder's, shared with the files that got their names meanwhile, and its
 * own where the name came first; then both at the same time. */
#include <unistd.h>

#include "io/durable_private.h"

static void end_one(scu__durable_file *file) {
  if (atomic_fetch_sub_explicit(&file->syncs_left, 1, memory_order_acq_rel) == 1) scu__durable_synced(file);
}

/* One sync for all that have come so far, as long as more came during the last one. Its own reference keeps the folder
 * while its files are completed. */
static void sync_group(scu__folder *folder) {
  scu__durable *durable = folder->durable;
  pthread_mutex_lock(&durable->lock);
  while (folder->waiting) {
    scu__durable_file *group = folder->waiting;
    folder->waiting = NULL;
    pthread_mutex_unlock(&durable->lock);
    int os_errno = scu__folder_sync(durable, folder);
    while (group) {
      scu__durable_file *next = group->next_waiting;
      group->folder_errno = os_errno;
      end_one(group);
      group = next;
    }
    pthread_mutex_lock(&durable->lock);
  }
  folder->is_syncing = false;
  pthread_mutex_unlock(&durable->lock);
  scu__folder_release(durable, folder);
}

static void nothing(scu__job *job) {
  (void)job;
}

/* As of files: the half that also comes when the pool is being freed. */
static void sync_group_of(scu__job *job) {
  sync_group((scu__folder *)((char *)job - offsetof(scu__folder, job)));
}

/* Joins the folder's group. True when nobody works on it: then the caller has to see to that. */
static bool join_group(scu__durable_file *file) {
  scu__durable *durable = file->durable;
  scu__folder *folder = file->at;
  pthread_mutex_lock(&durable->lock);
  file->next_waiting = folder->waiting;
  folder->waiting = file;
  bool must_lead = !folder->is_syncing;
  if (must_lead) {
    folder->is_syncing = true;
    folder->references++;
  }
  pthread_mutex_unlock(&durable->lock);
  return must_lead;
}

void scu__durable_sync_shared(scu__durable_file *file, bool is_file_synced) {
  scu__durable *durable = file->durable;
  scu__folder *folder = file->at;
  atomic_store_explicit(&file->syncs_left, is_file_synced ? 1 : 2, memory_order_relaxed);
  bool must_lead = join_group(file);
  if (is_file_synced) {
    if (must_lead) sync_group(folder);
    return;
  }
  if (must_lead && !file->job.is_cancelled) { /* else there is no pool any more */
    folder->job = (scu__job){.run = nothing, .done = sync_group_of};
    must_lead = scu__pool_submit_if_idle(durable->pool, &folder->job) != SCU_OK;
  }
  file->file_errno = scu__durable_sync_fd(durable, file->fd, SCU__STEP_SYNC_FILE);
  close(file->fd);
  file->fd = -1;
  end_one(file);
  if (must_lead) sync_group(folder);
}

void scu__durable_sync_alone(scu__durable_file *file) {
  file->folder_errno = scu__folder_sync(file->durable, file->at);
  scu__durable_synced(file);
}
