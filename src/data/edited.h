/* An object as edits leave it, said as changes of its bytes: what is cut out of the source, what is put in. Made by one
 * walk over the headers (edit_walk.h). See edited_source.h for the bytes. */
#ifndef SCU_DATA_EDITED_H
#define SCU_DATA_EDITED_H

#include "base/buffer.h"
#include "base/source.h"
#include "base/values.h"
#include "data/edits.h"
#include "data/head_walk.h"

/* `cut` bytes at `offset` of the source are left out; put_length bytes at put_at of what is put in stand there instead.
 */
typedef struct scu__splice {
  uint64_t offset, cut;
  uint64_t at; /* where the put bytes stand in the edited dataset */
  uint32_t put_at, put_length;
} scu__splice;

typedef struct scu__edited {
  const scu_allocator *allocator;
  scu__splice *splices; /* by offset */
  size_t count, capacity;
  scu__buffer put;      /* all that is put in */
  uint64_t offset, end; /* of the dataset in what was walked: the file, or the inflated dataset */
  uint64_t length;      /* of the edited dataset; not deflated */
  scu__uid sop_class, sop_instance;
} scu__edited;

/* Applies the edits to the dataset of `source` (a file, as head says). *out is NULL when they change nothing. It holds
 * nothing of the source or of the edits. USAGE: as scu_edits_apply, a text that does not fit the character set, or no
 * valid SOP Class or Instance UID is left. UNSUPPORTED: the file is cut. LIMIT: what edits touch is too big. MALFORMED,
 * MEMORY, errors of the source. */
scu_result scu__edited_new(const scu_allocator *allocator, scu__source *source, const scu__head *head,
                           const scu_edits *edits, scu__edited **out, scu_error *error);
void scu__edited_free(scu__edited *edited); /* NULL is allowed */

#endif
