/* Making an index agree with the files it is about. */
#ifndef SCU_ARCHIVE_CHECK_H
#define SCU_ARCHIVE_CHECK_H

#include "archive/index.h"
#include "scu/archive.h"

typedef struct scu__check {
  scu__index *index;
  const char *objects; /* the folder, without slash */
  const scu_allocator *allocator;
  void (*problem)(void *user, const char *path, const char *reason); /* may be NULL */
  void *user;
  scu_archive_check counts;
} scu__check;

/* Reads every file once, adds and corrects rows, then removes rows without file. The index belongs to the caller's
 * thread and has no batch open. Errors of the index: MALFORMED = damaged after all; STORAGE, MEMORY. */
scu_result scu__check_run(scu__check *check, scu_error *error);
/* Only that the instances added last have their files: rows without are removed. Quick. */
scu_result scu__check_newest(scu__check *check, size_t count, scu_error *error);

#endif
