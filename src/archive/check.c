/* The check: files to rows, then rows to files, in batches so that neither memory nor the journal of the index grows.
 * The files are the truth; what is wrong with one of them is said and left as it is. */
#include "archive/check.h"

#include <stdio.h>
#include <string.h>

#include "archive/file_row.h"
#include "archive/ledger.h"
#include "base/alloc.h"
#include "base/values.h"
#include "config/options.h"
#include "data/head_walk.h"
#include "io/file.h"
#include "io/os_error.h"
#include "io/walk.h"

enum { BATCH = 500, PATH_ROOM = SCU__OPTION_PATH_MAX };

static void say(const scu__check *check, const char *path, const char *reason) {
  if (check->problem) check->problem(check->user, path, reason);
}

static bool join(char to[PATH_ROOM], const char *folder, const char *name) {
  int length = snprintf(to, PATH_ROOM, "%s/%s", folder, name);
  return length > 0 && length < PATH_ROOM;
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static scu_result turn_batch(const scu__check *check, size_t done, scu_error *error) {
  if (done % BATCH != BATCH - 1) return SCU_OK;
  scu_result result = scu__index_commit(check->index, error);
  return result == SCU_OK ? scu__index_begin(check->index, error) : result;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

/* What the index says of a path; nothing in it is borrowed. */
typedef struct row {
  bool exists;
  uint64_t length;
  char sop_instance[70], transfer_syntax[70];
} row;

static scu_result read_row(const scu__check *check, const char *name, row *out, scu_error *error) {
  scu__index_instance found;
  scu_result result = scu__index_at_path(check->index, name, &found, error);
  *out = (row){.exists = result == SCU_OK};
  if (result != SCU_OK) return result == SCU_END ? SCU_OK : result;
  out->length = found.length;
  snprintf(out->sop_instance, sizeof out->sop_instance, "%s", found.sop_instance);
  snprintf(out->transfer_syntax, sizeof out->transfer_syntax, "%s", found.transfer_syntax);
  return SCU_OK;
}

/* Whole, and one of ours? The reason goes into the error. */
static scu_result judge(const scu__check *check, const char *path, const row *known, scu__head *head, uint64_t *size,
                        scu_error *error) {
  scu__source *source = NULL;
  scu_result result = scu__file_source_open(path, check->allocator, &source, error);
  if (result != SCU_OK) return result;
  *size = source->size;
  result = scu__head_walk(source, check->allocator, NULL, head, error);
  scu__source_close(source);
  if (result != SCU_OK) return result;
  if (!head->sop_class.text[0]) head->sop_class = head->meta.sop_class;
  if (!head->sop_instance.text[0]) head->sop_instance = head->meta.sop_instance;
  if (!head->sop_instance.text[0])
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "it has no SOP Instance UID");
  bool is_shorter = known->exists && *size < known->length;
  if (is_shorter && (head->warnings & SCU__HEAD_IMAGE_WITHOUT_PIXELS))
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "its end is missing");
  return SCU_OK;
}

/* A second object of the same UID, kept beside the first: the index names the first. */
static bool has_first(const char *path) {
  char first[PATH_ROOM];
  const char *tilde = strrchr(path, '~'), *slash = strrchr(path, '/');
  if (!tilde || (slash && tilde < slash)) return false;
  int length = snprintf(first, sizeof first, "%.*s.dcm", (int)(tilde - path), path);
  return length > 0 && length < PATH_ROOM && scu__file_kind_of(first, NULL) == SCU__FILE_REGULAR;
}

static scu_result add(scu__check *check, const char *path, const char *name, const scu__head *head, uint64_t size,
                      scu_error *error) {
  scu__index_instance instance = {.sop_class = head->sop_class.text,
                                  .sop_instance = head->sop_instance.text,
                                  .transfer_syntax = head->meta.transfer_syntax.text,
                                  .path = name,
                                  .length = size};
  scu_result result = scu__file_row_add(check->index, path, &instance, check->allocator, error);
  if (result != SCU_OK) return result;
  check->counts.added++;
  check->counts.indexed++;
  return SCU_OK;
}

static scu_result check_file(scu__check *check, const char *path, scu_error *error) {
  const char *name = path + strlen(check->objects) + 1;
  row known;
  scu__head head;
  uint64_t size = 0;
  scu_error reason;
  check->counts.files++;
  scu_result result = read_row(check, name, &known, error);
  if (result != SCU_OK) return result;
  scu__error_clear(&reason);
  result = judge(check, path, &known, &head, &size, &reason);
  if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_STORAGE);
  if (result != SCU_OK) {
    check->counts.damaged++;
    say(check, path, reason.reason);
    return SCU_OK;
  }
  bool agrees = known.exists && known.length == size && strcmp(known.sop_instance, head.sop_instance.text) == 0 &&
                strcmp(known.transfer_syntax, head.meta.transfer_syntax.text) == 0;
  if (agrees) check->counts.indexed++;
  if (agrees || (!known.exists && has_first(path))) return SCU_OK;
  return add(check, path, name, &head, size, error);
}

static scu_result check_files(scu__check *check, scu_error *error) {
  scu__folder_walk_options options = {.allocator = check->allocator, .recursive = true, .pattern = "*.dcm"};
  scu__folder_walk *walk = NULL;
  scu_result result = scu__folder_walk_new(check->objects, &options, &walk, error);
  for (size_t done = 0; result == SCU_OK; done++) {
    scu__folder_walk_entry entry;
    result = scu__folder_walk_next(walk, &entry, error);
    if (result != SCU_OK) break;
    if (entry.problem) {
      check->counts.damaged++;
      say(check, entry.path, entry.problem->reason);
    } else {
      result = check_file(check, entry.path, error);
    }
    if (result == SCU_OK) result = turn_batch(check, done, error);
  }
  scu__folder_walk_free(walk);
  return result == SCU_END ? SCU_OK : result;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* A row goes when its file is gone. What cannot be looked at now may be whole, and was acknowledged: it is told, and
 * the row stays. */
static scu_result check_row(scu__check *check, const char *name, scu_error *error) {
  char path[PATH_ROOM];
  int os_errno = 0;
  bool is_path = join(path, check->objects, name);
  if (is_path && scu__file_kind_of(path, NULL) == SCU__FILE_REGULAR) return SCU_OK;
  if (!is_path || !scu__file_is_gone(path, &os_errno)) {
    check->counts.damaged++;
    say(check, path, os_errno ? scu__os_words(os_errno) : "it is no file: its row stays in the index");
    return SCU_OK;
  }
  scu_result result = scu__index_remove(check->index, name, error);
  if (result < 0) return result;
  check->counts.removed++;
  say(check, path, "the file is gone: its row was removed from the index");
  return SCU_OK;
}

static scu_result check_rows(scu__check *check, scu_error *error) {
  char name[PATH_ROOM] = "";
  scu_result result = SCU_OK;
  for (size_t done = 0; result == SCU_OK; done++) {
    scu__index_instance found;
    result = scu__index_after_path(check->index, name, &found, error);
    if (result != SCU_OK) break;
    int length = snprintf(name, sizeof name, "%s", found.path);
    if (length < 0 || length >= PATH_ROOM)
      return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_STORAGE, "a path in the index is too long");
    result = check_row(check, name, error);
    if (result == SCU_OK) result = turn_batch(check, done, error);
  }
  return result == SCU_END ? SCU_OK : result;
}

static scu_result check_older(scu__check *check, size_t count, scu_error *error) {
  int64_t id = SCU__INDEX_NEWEST;
  scu_result result = SCU_OK;
  for (size_t done = 0; result == SCU_OK && done < count; done++) {
    scu__index_instance found;
    char name[PATH_ROOM];
    result = scu__index_older(check->index, &id, &found, error);
    if (result != SCU_OK) break;
    snprintf(name, sizeof name, "%s", found.path); /* cut, it is no file */
    result = check_row(check, name, error);
  }
  return result == SCU_END ? SCU_OK : result;
}

static scu_result end_batch(scu__check *check, scu_result result, scu_error *error) {
  if (result == SCU_OK) return scu__index_commit(check->index, error);
  scu__index_rollback(check->index);
  return result;
}

scu_result scu__check_newest(scu__check *check, size_t count, scu_error *error) {
  scu_result result = scu__index_begin(check->index, error);
  return result == SCU_OK ? end_batch(check, check_older(check, count, error), error) : result;
}

scu_result scu__check_run(scu__check *check, scu_error *error) {
  scu_result result = scu__index_begin(check->index, error);
  if (result != SCU_OK) return result;
  result = check_files(check, error);
  if (result == SCU_OK) result = check_rows(check, error);
  return end_batch(check, result, error);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

static const char *const index_files[] = {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm"};

/* Nothing is deleted: an index that is damaged may still have worklist entries for those who can read it. */
static scu_result put_index_away(scu__check *check, const char *root, const char *reason, scu_error *error) {
  for (size_t i = 0; i < sizeof index_files / sizeof *index_files; i++) {
    char path[PATH_ROOM], to[PATH_ROOM], name[64];
    snprintf(name, sizeof name, "damaged-%s", index_files[i]);
    if (!join(path, root, index_files[i]) || !join(to, root, name)) return SCU_ERROR_LIMIT;
    if (i == 0) say(check, path, reason);
    scu_result result = scu__file_rename(path, to, error);
    if (result < 0) return result;
  }
  check->counts.rebuilt = 1;
  say(check, root, "worklist entries were in the old index alone: there are none in the new one");
  return SCU_OK;
}

static scu_result open_and_run(scu__check *check, const char *root, scu_error *error) {
  char path[PATH_ROOM];
  scu__index_options options = {.must_examine = true};
  if (!join(path, root, index_files[0])) return SCU_ERROR_LIMIT;
  int rebuilt = check->counts.rebuilt;
  memset(&check->counts, 0, sizeof check->counts);
  check->counts.rebuilt = rebuilt;
  scu_result result = scu__index_open(path, check->allocator, &options, &check->index, error);
  if (result != SCU_OK) return result;
  result = scu__check_run(check, error);
  scu__index_close(check->index);
  return result;
}

static scu_result verify(scu__check *check, const char *root, scu_error *error) {
  char path[PATH_ROOM];
  scu__ledger *ledger = NULL;
  if (!join(path, root, "ledger.journal"))
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, "the path is too long");
  scu_result result = scu__ledger_file_open(path, check->allocator, &ledger, error);
  if (result != SCU_OK) return result;
  result = open_and_run(check, root, error);
  if (result == SCU_ERROR_MALFORMED) {
    result = put_index_away(check, root, error->reason, error);
    scu__error_clear(error);
    if (result == SCU_OK) result = open_and_run(check, root, error);
  }
  scu__ledger_close(ledger);
  return result;
}

scu_result scu_archive_verify(const scu_allocator *allocator, const char *root, scu_archive_check *out,
                              void (*problem)(void *user, const char *path, const char *reason), void *user) {
  char objects[PATH_ROOM];
  scu_error error;
  scu__error_clear(&error);
  scu__check check = {.objects = objects, .allocator = allocator, .problem = problem, .user = user};
  scu_result result = SCU_ERROR_USAGE;
  if (root && root[0] && join(objects, root, "objects")) result = SCU_OK;
  if (result == SCU_OK && scu__file_kind_of(objects, NULL) != SCU__FILE_FOLDER)
    result = scu__error_set(&error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, "there is no archive in this folder");
  if (result == SCU_OK) result = verify(&check, root, &error);
  if (result != SCU_OK) {
    scu__error_set(&error, result, SCU_PHASE_STORAGE, "the check could not be carried out");
    say(&check, root ? root : "", error.reason);
  }
  size_t size = out->size < sizeof check.counts ? out->size : sizeof check.counts;
  check.counts.size = out->size;
  memcpy(out, &check.counts, size);
  return result;
}
