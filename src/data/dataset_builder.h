/* From the reader's tokens to a tree, in bounded memory and linear time; and from a tree to bytes.
 *
 * Accepted in silence: tags out of order (they are sorted) and tags twice in one dataset or item: the first one counts,
 * see scu__dataset_builder.duplicates. Group lengths are kept. Values in big endian become little endian. Does not
 * check values against their VR. */
#ifndef SCU_DATA_DATASET_BUILDER_H
#define SCU_DATA_DATASET_BUILDER_H

#include "data/dataset.h"
#include "data/reader.h"

typedef struct scu__dataset_limits {
  uint64_t value_max;  /* a longer value or fragment is left out: only tag, VR and length are kept */
  uint64_t total_max;  /* bytes of all kept values; beyond it LIMIT */
  size_t elements_max; /* elements, items and fragments in all; beyond it LIMIT */
  scu_tag stop_tag;    /* 0 = none: a top-level tag that is not below it ends the building */
  scu_phase phase;     /* for errors; NONE = FILE */
} scu__dataset_limits;

/* For identifiers and other small datasets that are held whole. */
#define SCU__IDENTIFIER_LIMITS                                                                                         \
  ((scu__dataset_limits){.value_max = SCU__IDENTIFIER_MAX,                                                             \
                         .total_max = SCU__IDENTIFIER_MAX,                                                             \
                         .elements_max = SCU__DATASET_ELEMENTS_MAX,                                                    \
                         .phase = SCU_PHASE_RESPONSE})

/* One sequence that is open, or the root (levels[0]). */
typedef struct scu__builder_level {
  scu_tag tag;
  scu_vr vr;
  size_t first_item;    /* of this sequence, in builder->items */
  scu_dataset *item;    /* the item that is open, or NULL */
  size_t first_element; /* of that item, in builder->elements */
} scu__builder_level;

/* Elements of open items wait in one array, items and fragments in two more; each moves into the tree when its owner
 * ends and its number is known. The arrays are kept from one dataset to the next. */
typedef struct scu__dataset_builder {
  const scu_allocator *allocator;
  scu__dataset_limits limits;
  scu_dataset *root;
  bool is_root_borrowed; /* it came through start */
  unsigned depth;
  scu__builder_level levels[SCU__NESTING_MAX + 1];
  scu_element *elements;
  size_t element_count, element_capacity;
  scu_dataset **items;
  size_t item_count, item_capacity;
  scu__fragment *fragments;
  size_t fragment_count, fragment_capacity;
  scu_element pending; /* the element or Pixel Data whose value is coming */
  scu__encoding pending_encoding;
  bool is_in_value, is_in_fragment;
  uint64_t fragment_length;
  scu__buffer value; /* pieces of one value */
  uint64_t kept;     /* bytes of values so far */
  size_t made;       /* elements, items and fragments so far */
  size_t duplicates; /* elements dropped because their tag was there already */
  scu_tag duplicate; /* the first of them that was noticed */
  bool is_stopped;   /* stop_tag was reached */
  scu_result failure;
} scu__dataset_builder;

/* Allocates nothing. limits is copied; NULL = SCU__IDENTIFIER_LIMITS. */
void scu__dataset_builder_init(scu__dataset_builder *builder, const scu_allocator *allocator,
                               const scu__dataset_limits *limits);
void scu__dataset_builder_free(scu__dataset_builder *builder);
/* Begins a new tree. into (a root) is emptied and filled; with NULL a dataset is made. What was not taken is freed. */
scu_result scu__dataset_builder_start(scu__dataset_builder *builder, scu_dataset *into, scu_error *error);
/* Tokens in the reader's order; the first one starts a tree if nobody did. SCU_END: stop_tag was reached, nothing more
 * is taken. LIMIT, MEMORY: sticky. USAGE: tokens in an order that no reader gives. */
scu_result scu__dataset_builder_put(scu__dataset_builder *builder, const scu__token *token, scu_error *error);
/* False after an ELEMENT or FRAGMENT whose value is left out: the source may skip it (scu__reader_skip_value). */
bool scu__dataset_builder_wants_value(const scu__dataset_builder *builder);
/* Ends the tree and gives it away; it is the dataset given to start, if one was. Sequences and items that are still
 * open end here, so a dataset that was cut can be shown as far as it goes. */
scu_result scu__dataset_builder_take(scu__dataset_builder *builder, scu_dataset **out, scu_error *error);

/* A reader and a builder that are used again and again: no allocation once they have grown. About 20 KiB. */
typedef struct scu__dataset_decoder {
  scu__reader reader;
  scu__dataset_builder builder;
} scu__dataset_decoder;

void scu__dataset_decoder_init(scu__dataset_decoder *decoder, const scu_allocator *allocator,
                               const scu__dataset_limits *limits);
void scu__dataset_decoder_free(scu__dataset_decoder *decoder);
/* Empties `into` and fills it from a whole dataset in bytes. MALFORMED, LIMIT, MEMORY: then `into` is empty. */
scu_result scu__dataset_decode_into(scu__dataset_decoder *decoder, const uint8_t *bytes, size_t length,
                                    scu__encoding encoding, scu_dataset *into, scu_error *error);

/* The same once. limits may be NULL. *out is NULL on failure. */
scu_result scu__dataset_decode(const uint8_t *bytes, size_t length, scu__encoding encoding,
                               const scu_allocator *allocator, const scu__dataset_limits *limits, scu_dataset **out,
                               scu_error *error);

#endif
