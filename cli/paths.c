/* A path is looked at once, to see what it is. */
#include "paths.h"

#include <sys/stat.h>

#include "scu/file.h"

static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool path_is_one_file(const char *path) {
  return !is_folder(path) && !scu_file_is_dicomdir(path);
}

scu_result path_add(const char *path, const arguments *args, scu_source *source) {
  const char *filter = args->has[FLAG_FILTER] ? args->value[FLAG_FILTER] : NULL;
  if (is_folder(path)) return scu_source_add_folder(source, path, filter, args->has[FLAG_RECURSIVE]);
  if (scu_file_is_dicomdir(path)) return scu_source_add_dicomdir(source, path);
  return scu_source_add_file(source, path);
}
