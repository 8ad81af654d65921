/* DICOMDIRs: the input is one, whatever it is.
 *
 * Reading comes to an end, with a reason when it is not the file's own; no more records than there are bytes for; the
 * same again gives the same; and a path that comes through the door stays below its folder. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/dicomdir.h"
#include "io/door.h"

enum { ITEM_HEADER = 8, DEFLATE_RATIO_MAX = 1100 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

/* No step up, nothing hidden, nothing absolute: each component is a plain name. */
static void check_path(const char *path) {
  unsigned components = 0;
  require(strlen(path) < SCU__DOOR_PATH_MAX);
  for (;;) {
    char component[256];
    size_t size = strcspn(path, "/");
    require(size > 0 && size < sizeof component && ++components <= SCU__DOOR_COMPONENTS_MAX);
    memcpy(component, path, size);
    component[size] = 0;
    require(scu__path_component_safe(component) && strcmp(component, "..") != 0 && !strchr(component, '\\'));
    if (path[size] == 0) return;
    path += size + 1;
  }
}

static scu_result read_all(const uint8_t *bytes, size_t length, uint64_t *count, uint64_t *paths) {
  scu__memory_source source;
  scu__dicomdir *dicomdir;
  scu_error error;
  scu__error_clear(&error);
  scu__memory_source_init(&source, bytes, length);
  *count = *paths = 0;
  scu_result result = scu__dicomdir_new(&source.source, NULL, &dicomdir, &error);
  require((result == SCU_OK) == (dicomdir != NULL));
  while (result == SCU_OK) {
    const scu__dicomdir_record *record;
    char path[SCU__DOOR_PATH_MAX];
    result = scu__dicomdir_next(dicomdir, &record, &error);
    if (result != SCU_OK) break;
    require(record->number == ++*count && record->file_id_length <= SCU__FILE_ID_MAX);
    require(*count <= (uint64_t)length * DEFLATE_RATIO_MAX / ITEM_HEADER);
    if (!scu__door_file_id(record->file_id, record->file_id_length, path)) {
      require(path[0] == 0);
      continue;
    }
    check_path(path);
    ++*paths;
  }
  require(result == SCU_END || (result < 0 && scu_error_result(&error) == result && scu_error_reason(&error)[0] != 0));
  scu__dicomdir_free(dicomdir);
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  uint64_t count, paths, count_again, paths_again;
  scu_result result = read_all(bytes, length, &count, &paths);
  require(read_all(bytes, length, &count_again, &paths_again) == result);
  require(count_again == count && paths_again == paths);
  char path[SCU__DOOR_PATH_MAX];
  if (scu__door_file_id(bytes, length, path)) check_path(path); /* the input as a file ID */
  return 0;
}
