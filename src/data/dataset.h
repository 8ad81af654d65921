/* The inside of scu_dataset, for the rooms that build, encode and print datasets.
 *
 * A tree is one arena: elements, items, values and fragments all live in it. The elements of one level are an array in
 * rising tag order without duplicates. Values stay as they were read, multi-byte numbers in little endian; text that
 * was set by us is UTF-8 (is_utf8) until it is encoded. */
#ifndef SCU_DATA_DATASET_H
#define SCU_DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "data/arena.h"
#include "data/charset.h"
#include "data/path.h"
#include "scu/dataset.h"

#define SCU__TAG_SPECIFIC_CHARACTER_SET SCU_TAG(0x0008, 0x0005)
#define SCU__TAG_PIXEL_REPRESENTATION   SCU_TAG(0x0028, 0x0103)

typedef struct scu__tree {
  scu__arena arena;
  scu__buffer scratch; /* text on its way to and from UTF-8 */
  scu_error error;     /* of the last call that changes */
  bool must_encode;    /* values of others: what no encoding can hold goes out as ?, rather than to fail for it */
} scu__tree;

typedef enum scu__content { SCU__CONTENT_VALUE = 0, SCU__CONTENT_ITEMS, SCU__CONTENT_FRAGMENTS } scu__content;

typedef struct scu__fragment {
  const uint8_t *bytes; /* NULL when empty or left out */
  uint64_t length;
} scu__fragment;

/* 32 bytes on 64-bit machines: five million of them are what S21 of the catalogue asks for. */
struct scu_element {
  scu_tag tag;
  scu_vr vr;
  uint8_t content; /* scu__content */
  bool is_left_out : 1;
  bool is_utf8 : 1;
  uint64_t length; /* of the value; 0 for items and fragments */
  union {
    const uint8_t *bytes;     /* CONTENT_VALUE; NULL when empty or left out */
    scu_dataset **items;      /* CONTENT_ITEMS: count of them, room for capacity */
    scu__fragment *fragments; /* CONTENT_FRAGMENTS */
  } as;
  uint32_t count, capacity;
};

struct scu_dataset {
  scu__tree *tree;
  const scu_dataset *parent; /* NULL at the root */
  scu_element *elements;
  size_t count, capacity;
  unsigned depth;         /* items around it: 0 at the root, at most SCU__NESTING_MAX */
  bool has_fixed_charset; /* scu_dataset_set_charset was called: encoding must not choose another */
};

/* Empties the dataset for the next use and keeps its memory: a root, never an item. */
void scu__dataset_reset(scu_dataset *dataset);
/* An empty item in the tree of `parent`; NULL when there is no memory. The caller has looked at parent->depth. */
scu_dataset *scu__dataset_new_item(scu_dataset *parent);
/* The element with this tag, made (VR NONE, no value) when absent; NULL when there is no memory. */
scu_element *scu__dataset_slot(scu_dataset *dataset, scu_tag tag);

/* The first element whose tag is not below `tag`. */
size_t scu__dataset_position(const scu_dataset *dataset, scu_tag tag);
/* The element a parsed path leads to, or NULL; *level (may be NULL) is the dataset or item it stands in. */
const scu_element *scu__dataset_at_path(const scu_dataset *dataset, const scu__path *path, const scu_dataset **level);
/* Walks a tree in dataset order without recursion: visits every dataset before its items. */
typedef struct scu__walk {
  size_t depth;
  struct {
    const scu_dataset *dataset;
    size_t element, item; /* where to go on */
  } levels[SCU__NESTING_MAX + 1];
} scu__walk;
void scu__walk_start(scu__walk *walk, const scu_dataset *dataset);
/* The next dataset: the first one is the start itself; NULL at the end. */
const scu_dataset *scu__walk_next(scu__walk *walk);

/* The dataset or item that declares the character set of `dataset`, NULL when none of the line does; and the set. */
const scu_dataset *scu__dataset_charset_owner(const scu_dataset *dataset);
scu__charset scu__dataset_charset(const scu_dataset *dataset);

/* As the public calls, with the reason in an error of the caller. */
scu_result scu__dataset_set_text(scu_dataset *dataset, const scu__path *path, const char *utf8, scu_error *error);
scu_result scu__dataset_set_empty(scu_dataset *dataset, const scu__path *path, scu_error *error);
scu_result scu__dataset_set_bytes(scu_dataset *dataset, scu_tag tag, scu_vr vr, const void *bytes, size_t length,
                                  scu_error *error);
scu_result scu__dataset_remove(scu_dataset *dataset, const scu__path *path, scu_error *error);

/* ---- for those inside who know the tag ---- */

/* Trimmed text, as scu_dataset_text. */
scu_result scu__dataset_tag_text(const scu_dataset *dataset, scu_tag tag, char *to, size_t room);
scu_result scu__dataset_tag_integer(const scu_dataset *dataset, scu_tag tag, int64_t *out);
/* One-step set_text with a tag. */
scu_result scu__dataset_set_tag_text(scu_dataset *dataset, scu_tag tag, const char *utf8, scu_error *error);

/* The whole value of a text element as UTF-8, untrimmed: borrowed from the element, or from the scratch buffer of the
 * tree, and then valid until the next call of this on the same tree. MEMORY. */
scu_result scu__element_utf8(const scu_dataset *dataset, const scu_element *element, const char **utf8, size_t *length);

#endif
