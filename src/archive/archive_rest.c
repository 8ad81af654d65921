/* What lies beside the objects and the index of an archive, and the order it is opened and closed in. */
#include <stdio.h>
#include <string.h>

#include "archive/check.h"
#include "archive/commitments.h"
#include "archive/ingest.h"
#include "archive/mpps_store.h"
#include "base/alloc.h"

static char *join(const scu_archive *archive, const char *name) {
  size_t room = strlen(archive->root) + strlen(name) + 2;
  char *path = scu__alloc(archive->allocator, room);
  if (path) snprintf(path, room, "%s/%s", archive->root, name);
  return path;
}

static scu_result open_ledger(scu_archive *archive, scu_error *error) {
  char *path = join(archive, "ledger.journal");
  if (!path) return scu__error_memory(error, SCU_PHASE_STORAGE);
  scu_result result = scu__ledger_file_open(path, archive->allocator, &archive->ledger, error);
  scu__free(archive->allocator, path);
  return result;
}

static scu_result open_mpps(scu_archive *archive, const scu_archive_options *options, scu_error *error) {
  char *folder = join(archive, "mpps");
  if (!folder) return scu__error_memory(error, SCU_PHASE_STORAGE);
  bool is_synced = options->durability != SCU_DURABILITY_NONE;
  scu_result result = scu__mpps_store_open(folder, archive->allocator, is_synced, &archive->mpps, error);
  scu__free(archive->allocator, folder);
  return result;
}

scu_result scu__archive_open_rest(scu_archive *archive, const scu_archive_options *options, scu_error *error) {
  scu__lane_init(&archive->lane, archive->loop);
  scu_result result = open_ledger(archive, error);
  if (result == SCU_OK) result = open_mpps(archive, options, error);
  if (result == SCU_OK) result = scu__commitments_open(archive, &archive->commitments, error);
  return result;
}

void scu__archive_close_rest(scu_archive *archive) {
  scu__commitments_close(archive->commitments);
  if (archive->lane.loop) scu__lane_wait(&archive->lane);
  scu__mpps_store_close(archive->mpps);
  scu__ledger_close(archive->ledger);
}

static void tell_problem(void *user, const char *path, const char *reason) {
  const scu_archive *archive = user;
  char line[SCU__OPTION_PATH_MAX + 200];
  snprintf(line, sizeof line, "%s: %s", path, reason);
  if (archive->hooks.warning) {
    scu__trace_to_log(&archive->trace, SCU__LEVEL_WARNING, 0, line);
    archive->hooks.warning(archive->hooks.user, line);
  } else {
    scu__trace_line(&archive->trace, SCU__LEVEL_WARNING, 0, "%s", line);
  }
}

scu_result scu__archive_settle_index(scu_archive *archive, scu_error *error) {
  scu__index_counts counts;
  scu__check check = {.index = archive->index,
                      .objects = archive->objects,
                      .allocator = archive->allocator,
                      .problem = tell_problem,
                      .user = archive};
  scu_result result = scu__index_count(archive->index, &counts, error);
  if (result != SCU_OK) return result;
  if (counts.instances == 0) return scu__check_run(&check, error);
  return scu__index_was_left_open(archive->index) ? scu__check_newest(&check, SCU__INGEST_BATCH_MAX, error) : SCU_OK;
}
