/* The inside of scu_source: paths and objects in memory, one at a time. */
#ifndef SCU_CLIENT_SOURCE_H
#define SCU_CLIENT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/source.h"

/* Where the bytes of what a path names are. All zero: in the file at that path. */
typedef struct scu__place {
  /* Not 0: the path is the user's word up to here, the rest came out of a file: it is opened by scu__below_open. */
  size_t root_length;
  const uint8_t *bytes; /* not NULL: in memory; borrowed from the source or its user, and the path is "" */
  size_t length;
} scu__place;

typedef struct scu__path_found {
  const char *path; /* borrowed until the next call */
  scu__place place;
  bool is_named;            /* by the caller, not met on a walk */
  const scu_error *problem; /* why this path cannot be used; NULL = a regular file */
} scu__path_found;

/* SCU_OK and a path, SCU_END, MEMORY, or what an iterator returned. Blocks on the local disk. */
scu_result scu__source_next(scu_source *source, scu__path_found *found, scu_error *error);
/* Before an operation: files and folders begin anew. USAGE when the source has iterators and was used before. */
scu_result scu__source_begin(scu_source *source, scu_error *error);
/* Iterators are not asked any more. */
void scu__source_drop_iterators(scu_source *source);
/* What scu_source_set_edits was given, borrowed until it is called anew; NULL = none. */
const scu_edits *scu__source_edits(const scu_source *source);

#endif
