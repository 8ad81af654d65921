/* Procedure steps as Part 10 files in one folder, through io/durable.h. */
#include "archive/mpps_store.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "io/door.h"
#include "io/durable.h"
#include "io/file.h"
#include "scu/file.h"

enum { PATH_ROOM = 4096 };

struct scu__mpps_store {
  const scu_allocator *allocator;
  char *folder;
  scu__durable *files;
};

/* One that is being written. */
typedef struct writing {
  const scu_allocator *allocator;
  void (*done)(void *user, scu_result result);
  void *user;
} writing;

scu_result scu__mpps_store_open(const char *folder, const scu_allocator *allocator, bool is_synced,
                                scu__mpps_store **out, scu_error *error) {
  *out = NULL;
  scu__mpps_store *store = scu__alloc(allocator, sizeof *store);
  if (!store) return scu__error_memory(error, SCU_PHASE_STORAGE);
  store->allocator = allocator;
  store->folder = scu__strdup(allocator, folder);
  scu__durable_options options = {.allocator = allocator,
                                  .durability = is_synced ? SCU__DURABLE_FILE : SCU__DURABLE_NONE,
                                  .on_existing = SCU__EXISTING_REPLACE,
                                  .extension = ".dcm",
                                  .threads_max = 1};
  scu_result result = store->folder ? scu__durable_open(folder, &options, &store->files, error)
                                    : scu__error_memory(error, SCU_PHASE_STORAGE);
  if (result == SCU_OK)
    *out = store;
  else
    scu__mpps_store_close(store);
  return result;
}

void scu__mpps_store_close(scu__mpps_store *store) {
  if (!store) return;
  scu__durable_free(store->files);
  scu__free(store->allocator, store->folder);
  scu__free(store->allocator, store);
}

static const char *file_name(const scu__uid *instance, char name[SCU__DOOR_NAME_MAX]) {
  return scu__door_name((const uint8_t *)instance->text, strlen(instance->text), name);
}

scu_result scu__mpps_store_read(const scu__mpps_store *store, const scu__uid *instance, scu_dataset **out,
                                scu_error *error) {
  *out = NULL;
  char path[PATH_ROOM], name[SCU__DOOR_NAME_MAX];
  int length = snprintf(path, sizeof path, "%s/%s.dcm", store->folder, file_name(instance, name));
  if (length < 0 || (size_t)length >= sizeof path)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, "a path is too long");
  if (scu__file_kind_of(path, NULL) == SCU__FILE_NONE) return SCU_END;
  scu_file *file = NULL;
  scu_result result = scu_file_read(store->allocator, path, SCU__MPPS_MAX, &file);
  if (result != SCU_OK && file) scu__error_copy(error, scu_file_error(file));
  if (result == SCU_OK) result = scu_dataset_copy(scu_file_dataset(file), out);
  scu_file_free(file);
  return result;
}

static void committed(void *user, const scu__durable_outcome *outcome) {
  writing *w = user;
  w->done(w->user, outcome->result);
  scu__free(w->allocator, w);
}

scu_result scu__mpps_store_write(scu__mpps_store *store, const scu__uid *instance, const scu__buffer *bytes,
                                 void (*done)(void *user, scu_result result), void *user) {
  char name[SCU__DOOR_NAME_MAX];
  scu__durable_file *file = NULL;
  writing *w = scu__alloc(store->allocator, sizeof *w);
  if (!w) return SCU_ERROR_MEMORY;
  *w = (writing){store->allocator, done, user};
  scu_result result = scu__durable_file_new(store->files, &file, NULL);
  if (result == SCU_OK) result = scu__durable_file_place(file, NULL, 0, NULL);
  if (result == SCU_OK) result = scu__durable_file_write(file, bytes->data, bytes->length, NULL);
  if (result == SCU_OK) {
    scu__durable_file_commit(file, file_name(instance, name), committed, w);
    return SCU_OK;
  }
  scu__durable_file_discard(file);
  scu__free(store->allocator, w);
  return result;
}
