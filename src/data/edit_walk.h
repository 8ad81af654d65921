/* The walk over an object that is about to be edited: where each touched element stands, what it was, and what else has
 * to go. Headers are read and values passed over; only what edits touch becomes a tree, in bounds. */
#ifndef SCU_DATA_EDIT_WALK_H
#define SCU_DATA_EDIT_WALK_H

#include "base/source.h"
#include "data/dataset_builder.h"
#include "data/edited.h"
#include "data/read_ahead.h"

enum {
  SCU__EDIT_VALUE_MAX = 1024 * 1024, /* a longer one is not held: it can go, or be replaced as a whole */
  SCU__EDIT_HELD_MAX = 8 * 1024 * 1024,
  SCU__EDIT_PUT_MAX = 16 * 1024 * 1024,
  SCU__EDIT_SPLICES_MAX = 256 * 1024 /* some 10 MiB */
};

/* An element at the top that edits name, or that has text when the character set is edited. */
typedef struct scu__touched {
  scu_tag tag;
  bool is_whole;  /* only ever replaced or removed: what is in it does not matter */
  bool is_placed; /* `place` is known: */
  uint64_t place; /* where it stands in the source, or would stand */
  bool is_present;
  bool is_changed; /* by the edits, in the end */
} scu__touched;

/* Bytes of a touched element; they go if it is changed. */
typedef struct scu__occurrence {
  scu_tag tag;
  uint64_t offset, length;
} scu__occurrence;

/* What has been taken out of the item and the sequence at one depth, whose lengths must be made true. */
typedef struct scu__edit_level {
  uint64_t item_at, sequence_at; /* of their headers' length fields */
  uint64_t from_item, from_sequence;
} scu__edit_level;

typedef struct scu__edit_walk {
  const scu_allocator *allocator;
  scu__source *source;
  uint64_t offset, begin, end;
  size_t chunk; /* how much to read at once */
  bool removes_private, edits_charset;
  scu__touched *touched; /* by tag */
  size_t touched_count, touched_capacity;
  size_t placed; /* all before are placed */
  scu__occurrence *occurrences;
  size_t occurrence_count, occurrence_capacity;
  scu__edited *edited;  /* gets the splices of what goes in any case */
  bool has_removed;     /* any of them but of group lengths */
  bool is_inside;       /* an element that goes or is touched: from `inside`, to the end at its depth */
  bool is_building;     /* it is touched: into the tree, */
  bool is_only_outline; /* without what is in it */
  scu__token inside;
  scu__edit_level levels[SCU__NESTING_MAX + 2];
  scu__reader reader;
  scu__dataset_builder builder;
  scu__read_ahead ahead;
} scu__edit_walk;

/* Walks the whole dataset of `source`, at begin to end. *tree: what is touched, with what decides on its text and sign;
 * owned by the caller. `edited` is borrowed. Errors as scu__edited_new; then nothing is owned. */
scu_result scu__edit_walk_run(scu__edit_walk *walk, const scu_edits *edits, scu__encoding encoding, scu_dataset **tree,
                              scu_error *error);
/* Some 60 KiB: on the heap. */
void scu__edit_walk_free(scu__edit_walk *walk);

scu__touched *scu__edit_walk_touched(scu__edit_walk *walk, scu_tag tag); /* NULL: it is not */
/* LIMIT, MEMORY. */
scu_result scu__edited_splice(scu__edited *edited, const scu__splice *splice, scu_error *error);

#endif
