/* The inside of scu_edits: a list of checked edits, and what they do to a tree. */
#ifndef SCU_DATA_EDITS_H
#define SCU_DATA_EDITS_H

#include "data/dataset.h"
#include "data/path.h"
#include "scu/edits.h"

typedef enum scu__edit_kind {
  SCU__EDIT_TEXT = 1,
  SCU__EDIT_BYTES,
  SCU__EDIT_DATASET,
  SCU__EDIT_EMPTY,
  SCU__EDIT_REMOVE,
  SCU__EDIT_REMOVE_PRIVATE
} scu__edit_kind;

typedef struct scu__edit scu__edit;
struct scu__edit {
  scu__edit *next;
  scu__edit_kind kind;
  scu__path path;       /* but of DATASET and REMOVE_PRIVATE */
  scu_vr vr;            /* of BYTES */
  uint8_t *bytes;       /* of TEXT (NUL-terminated) and BYTES, in the block of the edit */
  size_t length;        /* of them */
  scu_dataset *dataset; /* of DATASET: texts in UTF-8, without (0008,0005) */
};

struct scu_edits {
  const scu_allocator *allocator;
  const scu_edits *before; /* borrowed: applied first; NULL = none */
  scu__edit *first, *last;
  size_t count, held; /* edits; bytes of values */
  scu_error error;    /* of the last call that adds */
  scu_error fault;    /* of the first that failed */
};

/* A list that stands in memory of the caller: scu_edits_clear gives back what it holds. */
void scu__edits_init(scu_edits *edits, const scu_allocator *allocator, const scu_edits *before);
/* Nothing to do: no edits, and none that failed. */
bool scu__edits_is_empty(const scu_edits *edits);
/* The fault of a list in which a call has failed, or of the one before it; NULL when all is well. */
const scu_error *scu__edits_fault(const scu_edits *edits);
/* Walks both lists: NULL begins, NULL is the end. */
const scu__edit *scu__edits_next(const scu_edits *edits, const scu__edit *edit);

/* A copy in memory of the allocator. MEMORY. */
scu_result scu__edits_copy(const scu_edits *edits, const scu_allocator *allocator, scu_edits **out);

/* Applies the edits; `changed` hears the top-level tag of each element that has become another, once or more. The error
 * is that of the edit that failed. */
scu_result scu__edits_apply(const scu_edits *edits, scu_dataset *dataset, void (*changed)(void *user, scu_tag tag),
                            void *user, scu_error *error);

#endif
