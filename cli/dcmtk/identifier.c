/* -k as DCMTK takes it: gggg,eeee=value, keyword=value, or a path through sequences; without value it is asked for. */
#include "identifier.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"
#include "scu/file.h"

enum { PATH_MAX_BYTES = 512, VALUE_MAX = 64 * 1024 };

static bool set_key(const habits *h, scu_dataset *dataset, const char *key) {
  char path[PATH_MAX_BYTES];
  size_t length = strcspn(key, "=");
  if (length > 0 && length < sizeof path) {
    memcpy(path, key, length);
    path[length] = 0;
    const char *value = key[length] == '=' ? key + length + 1 : "";
    scu_result result = *value ? scu_dataset_set_text(dataset, path, value) : scu_dataset_set_empty(dataset, path);
    if (result == SCU_OK) return true;
  }
  /* The value may name a patient: it is not said. */
  log_line(h, LOG_ERROR, "Bad override key/path: %.*s: %s", (int)(length < sizeof path ? length : sizeof path), key,
           scu_error_reason(scu_dataset_error(dataset)));
  return false;
}

static scu_dataset *read_query(const habits *h, const char *path) {
  scu_file *file = NULL;
  scu_dataset *dataset = NULL;
  scu_result result = scu_file_read(NULL, path, VALUE_MAX, &file);
  if (result == SCU_OK) result = scu_dataset_copy(scu_file_dataset(file), &dataset);
  if (result != SCU_OK)
    log_line(h, LOG_ERROR, "bad DICOM file: %s: %s", path, file ? scu_error_reason(scu_file_error(file)) : "no memory");
  scu_file_free(file);
  return dataset;
}

scu_dataset *identifier_new(const habits *h, const char *path) {
  scu_dataset *dataset = NULL;
  if (path)
    dataset = read_query(h, path);
  else if (scu_dataset_new(NULL, &dataset) != SCU_OK)
    log_line(h, LOG_ERROR, "out of memory");
  for (size_t i = 0; dataset && i < h->key_count; i++) {
    if (set_key(h, dataset, h->keys[i])) continue;
    scu_dataset_free(dataset);
    dataset = NULL;
  }
  return dataset;
}

size_t identifier_count(const habits *h) {
  return h->file_count > 0 ? h->file_count : 1;
}

const char *identifier_path(const habits *h, size_t index) {
  return h->file_count > 0 ? h->files[index] : NULL;
}

bool identifiers_check(const habits *h, int *exit_code) {
  *exit_code = HABIT_FAILED;
  for (size_t i = 0; i < h->file_count; i++) {
    if (access(h->files[i], R_OK) == 0) continue;
    habits_refuse(h->tool, "cannot access file: %s", h->files[i]);
    return false;
  }
  for (size_t i = 0; i < identifier_count(h); i++) {
    scu_dataset *dataset = identifier_new(h, identifier_path(h, i));
    scu_dataset_free(dataset);
    if (!dataset) return false;
  }
  return true;
}
