/* Records of the DICOMDIR -> the door -> names on disk, less those that were there before. */
#include "client/dicomdir_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "data/dicomdir.h"
#include "io/below.h"
#include "io/door.h"
#include "io/file.h"

enum { SEEN_MAX = 1024 * 1024, SEEN_FIRST = 256, SHOWN_MAX = 100 };

struct scu__dicomdir_files {
  const scu_allocator *allocator;
  char *path, *root;
  scu__source *file;
  scu__dicomdir *records;
  char *found;    /* the path that was given last */
  uint64_t *seen; /* hashes of paths in open addressing; 0 = free */
  size_t seen_room, seen_count;
  uint64_t last_record; /* that was read */
  bool is_started, has_ended;
  scu_error problem;
};

/* --- files that came before --------------------------------------------------------------------------------------- */

/* FNV-1a, mixed. Two of a million paths meet by chance once in thirty million media; whoever makes them meet on purpose
 * hides a file of his own. */
static uint64_t hash_of(const char *path) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (; *path; path++) hash = (hash ^ (uint8_t)*path) * UINT64_C(0x100000001B3);
  hash ^= hash >> 32;
  hash *= UINT64_C(0xD6E8FEB86659FD93);
  hash ^= hash >> 32;
  return hash ? hash : 1;
}

/* Where a hash is, or the free place for it; there always is one. */
static uint64_t *place_of(uint64_t *seen, size_t room, uint64_t hash) {
  size_t at = (size_t)hash & (room - 1);
  while (seen[at] != 0 && seen[at] != hash) at = (at + 1) & (room - 1);
  return &seen[at];
}

static scu_result make_room(scu__dicomdir_files *files) {
  if (files->seen_count < files->seen_room / 4 * 3) return SCU_OK;
  size_t room = files->seen_room ? files->seen_room * 2 : SEEN_FIRST;
  uint64_t *bigger = scu__alloc_array(files->allocator, room, sizeof *bigger);
  if (!bigger) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < files->seen_room; i++)
    if (files->seen[i] != 0) *place_of(bigger, room, files->seen[i]) = files->seen[i];
  scu__free(files->allocator, files->seen);
  files->seen = bigger;
  files->seen_room = room;
  return SCU_OK;
}

/* SCU_OK: it is new; SCU_END: it was given before; MEMORY. */
static scu_result remember(scu__dicomdir_files *files, const char *path) {
  uint64_t hash = hash_of(path);
  scu_result result = make_room(files);
  if (result != SCU_OK) return result;
  uint64_t *place = place_of(files->seen, files->seen_room, hash);
  if (*place == hash) return SCU_END;
  if (files->seen_count < SEEN_MAX) {
    *place = hash;
    files->seen_count++;
  }
  return SCU_OK;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static scu_result tell_problem(scu__dicomdir_files *files, const char *path, scu__path_found *found) {
  *found = (scu__path_found){.path = path, .is_named = true, .problem = &files->problem};
  return SCU_OK;
}

/* The DICOMDIR is of no more use. */
static scu_result give_up(scu__dicomdir_files *files, scu_result result, scu__path_found *found) {
  files->has_ended = true;
  if (files->records) {
    scu_error fault = files->problem;
    scu__error_clear(&files->problem);
    scu__error_set(&files->problem, result, SCU_PHASE_FILE, "the DICOMDIR cannot be read beyond record %" PRIu64 ": %s",
                   files->last_record, fault.reason);
    scu__error_at(&files->problem, fault.tag, fault.offset);
  }
  return tell_problem(files, files->path, found);
}

/* A file ID for people: what is no path is shown as far as it is printable. */
static const char *show(const scu__dicomdir_record *record, char text[SHOWN_MAX + 1]) {
  size_t length = record->file_id_length < SHOWN_MAX ? record->file_id_length : SHOWN_MAX;
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = record->file_id[i];
    text[i] = byte >= 0x20 && byte <= 0x7E ? (char)byte : '?';
  }
  while (length > 0 && text[length - 1] == ' ') length--;
  text[length] = 0;
  return text;
}

static scu_result tell_unsafe(scu__dicomdir_files *files, const scu__dicomdir_record *record, scu__path_found *found) {
  char text[SHOWN_MAX + 1];
  if (record->is_too_long)
    scu__error_set(&files->problem, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                   "record %" PRIu64 " of the DICOMDIR names a file by more than %d bytes", record->number,
                   SCU__FILE_ID_MAX);
  else
    scu__error_set(&files->problem, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                   "record %" PRIu64 " of the DICOMDIR names a file that cannot be below its folder: \"%s\"",
                   record->number, show(record, text));
  return tell_problem(files, files->path, found);
}

/* SCU_OK: *found is filled; SCU_MORE: nothing to say of this record. */
static scu_result visit(scu__dicomdir_files *files, const scu__dicomdir_record *record, scu__path_found *found) {
  char relative[SCU__DOOR_PATH_MAX];
  files->last_record = record->number;
  if (!record->is_in_use) return SCU_MORE;
  if (record->is_too_long) return tell_unsafe(files, record, found);
  if (record->file_id_length == 0) return SCU_MORE;
  if (!scu__door_file_id(record->file_id, record->file_id_length, relative)) return tell_unsafe(files, record, found);
  scu__free(files->allocator, files->found);
  files->found = NULL;
  scu_result result = scu__below_find(files->root, relative, files->allocator, &files->found, &files->problem);
  if (!files->found) return SCU_ERROR_MEMORY;
  scu_result is_new = remember(files, files->found);
  if (is_new != SCU_OK) return is_new == SCU_END ? SCU_MORE : is_new;
  if (result == SCU_END)
    scu__error_set(&files->problem, SCU_ERROR_STORAGE, SCU_PHASE_FILE,
                   "%s: named by record %" PRIu64 " of the DICOMDIR, but not there", files->found, record->number);
  if (result != SCU_OK) return tell_problem(files, files->found, found);
  *found = (scu__path_found){
      .path = files->found, .place = {.root_length = strlen(files->root)}, .is_named = !record->may_be_foreign};
  return SCU_OK;
}

static scu_result start(scu__dicomdir_files *files) {
  files->is_started = true;
  scu_result result = scu__file_source_open(files->path, files->allocator, &files->file, &files->problem);
  if (result != SCU_OK) return result;
  return scu__dicomdir_new(files->file, files->allocator, &files->records, &files->problem);
}

scu_result scu__dicomdir_files_next(scu__dicomdir_files *files, scu__path_found *found, scu_error *error) {
  scu__error_clear(&files->problem);
  scu_result result = files->is_started ? SCU_OK : start(files);
  while (!files->has_ended) {
    const scu__dicomdir_record *record = NULL;
    if (result == SCU_OK) result = scu__dicomdir_next(files->records, &record, &files->problem);
    if (result == SCU_END) break;
    if (result == SCU_OK) result = visit(files, record, found);
    if (result == SCU_OK) return SCU_OK;
    if (result == SCU_ERROR_MEMORY) {
      files->has_ended = true;
      return scu__error_memory(error, SCU_PHASE_FILE);
    }
    if (result < 0) return give_up(files, result, found);
    scu__error_clear(&files->problem);
    result = SCU_OK;
  }
  files->has_ended = true;
  return SCU_END;
}

/* The folder a file is in, as the user wrote it. */
static char *folder_of(const char *path, const scu_allocator *allocator) {
  const char *slash = strrchr(path, '/');
  if (!slash) return scu__strdup(allocator, ".");
  return scu__strndup(allocator, path, slash == path ? 1 : (size_t)(slash - path));
}

scu_result scu__dicomdir_files_new(const char *path, const scu_allocator *allocator, scu__dicomdir_files **out,
                                   scu_error *error) {
  *out = NULL;
  scu__dicomdir_files *files = scu__alloc(allocator, sizeof *files);
  if (!files) return scu__error_memory(error, SCU_PHASE_FILE);
  files->allocator = allocator;
  scu__error_clear(&files->problem);
  files->path = scu__strdup(allocator, path);
  files->root = folder_of(path, allocator);
  if (!files->path || !files->root) {
    scu__dicomdir_files_free(files);
    return scu__error_memory(error, SCU_PHASE_FILE);
  }
  *out = files;
  return SCU_OK;
}

void scu__dicomdir_files_free(scu__dicomdir_files *files) {
  if (!files) return;
  scu__dicomdir_free(files->records);
  scu__source_close(files->file);
  scu__free(files->allocator, files->path);
  scu__free(files->allocator, files->root);
  scu__free(files->allocator, files->found);
  scu__free(files->allocator, files->seen);
  scu__free(files->allocator, files);
}
