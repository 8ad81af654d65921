/* Rows from files. */
#include "archive/file_row.h"

#include "data/part10.h"
#include "io/file.h"
#include "scu/file.h"

enum { HEADER_VALUE_MAX = 16 * 1024 /* no attribute that is searched for is longer */ };

scu_result scu__file_row_add(scu__index *index, const char *path, const scu__index_instance *instance,
                             const scu_allocator *allocator, scu_error *error) {
  scu_file *file = NULL;
  scu_result result = scu_file_read(allocator, path, HEADER_VALUE_MAX, &file);
  if (result == SCU_ERROR_MEMORY)
    scu__error_memory(error, SCU_PHASE_STORAGE);
  else
    result = scu__index_add(index, scu_file_dataset(file), instance, error);
  scu_file_free(file);
  return result;
}

scu_result scu__file_row_add_as_is(scu__index *index, const char *path, const scu__index_instance *instance,
                                   const scu_allocator *allocator, scu_error *error) {
  scu__source *source = NULL;
  scu__file_meta meta;
  scu__index_instance found = *instance;
  scu_result result = scu__file_source_open(path, allocator, &source, error);
  if (result != SCU_OK) return result;
  found.length = source->size;
  result = scu__part10_read(source, allocator, &meta, error);
  scu__source_close(source);
  if (result == SCU_ERROR_MEMORY) return result;
  if (result != SCU_OK) return SCU_ERROR_STORAGE;
  if (meta.sop_class.text[0]) found.sop_class = meta.sop_class.text;
  if (meta.transfer_syntax.text[0]) found.transfer_syntax = meta.transfer_syntax.text;
  return scu__file_row_add(index, path, &found, allocator, error);
}
