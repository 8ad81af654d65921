/* An archive's folder is known by what the archive puts there. */
#include "archive/folder.h"

#include <stdio.h>

#include "io/file.h"

scu_result scu__archive_folder_check(const char *root, scu_error *error) {
  static const char *const ours[] = {"objects", "index.sqlite", "ledger.journal", "mpps"};
  enum { PATH_ROOM = 4096 };
  char path[PATH_ROOM];
  if (scu__file_kind_of(root, NULL) != SCU__FILE_FOLDER || scu__file_folder_is_empty(root)) return SCU_OK;
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
    int length = snprintf(path, sizeof path, "%s/%s", root, ours[i]);
    if (length > 0 && length < PATH_ROOM && scu__file_kind_of(path, NULL) != SCU__FILE_NONE) return SCU_OK;
  }
  scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s is not empty, and no archive", root);
  scu__error_hint(error, "name a new folder or an empty one; images come in by scu store");
  return SCU_ERROR_USAGE;
}
