/* The tree: making, freeing, finding, copying and merging. Values are read in dataset_values.c and changed in
 * dataset_edit.c. */
#include "data/dataset.h"

#include <string.h>

#include "data/dataset_edit.h"

enum { SCRATCH_KEPT_MAX = 64 * 1024, FIRST_CAPACITY = 8 };

/* ---- life ---- */

/* A root and its tree are one block. */
typedef struct root_block {
  scu_dataset dataset;
  scu__tree tree;
} root_block;

static void make_empty(scu_dataset *dataset, scu__tree *tree, const scu_dataset *parent) {
  *dataset = (scu_dataset){.tree = tree, .parent = parent, .depth = parent ? parent->depth + 1 : 0};
}

scu_result scu_dataset_new(const scu_allocator *allocator, scu_dataset **out) {
  *out = NULL;
  root_block *block = scu__alloc(allocator, sizeof *block);
  if (!block) return SCU_ERROR_MEMORY;
  scu__arena_init(&block->tree.arena, allocator);
  scu__buffer_init(&block->tree.scratch, allocator, SIZE_MAX);
  scu__error_clear(&block->tree.error);
  make_empty(&block->dataset, &block->tree, NULL);
  *out = &block->dataset;
  return SCU_OK;
}

void scu_dataset_free(scu_dataset *dataset) {
  if (!dataset || dataset->parent) return;
  scu__tree *tree = dataset->tree;
  const scu_allocator *allocator = tree->arena.allocator;
  scu__arena_free(&tree->arena);
  scu__buffer_free(&tree->scratch);
  scu__free(allocator, dataset);
}

void scu__dataset_reset(scu_dataset *dataset) {
  scu__tree *tree = dataset->tree;
  scu__arena_reset(&tree->arena);
  if (tree->scratch.capacity > SCRATCH_KEPT_MAX) scu__buffer_free(&tree->scratch);
  scu__buffer_clear(&tree->scratch);
  if (scu__error_is_set(&tree->error)) scu__error_clear(&tree->error);
  make_empty(dataset, tree, NULL);
}

scu_dataset *scu__dataset_new_item(scu_dataset *parent) {
  scu_dataset *item = scu__arena_take(&parent->tree->arena, sizeof *item);
  if (item) make_empty(item, parent->tree, parent);
  return item;
}

const scu_error *scu_dataset_error(const scu_dataset *dataset) {
  return dataset ? &dataset->tree->error : NULL;
}

/* ---- finding ---- */

size_t scu_dataset_count(const scu_dataset *dataset) {
  return dataset->count;
}

const scu_element *scu_dataset_at(const scu_dataset *dataset, size_t index) {
  return index < dataset->count ? &dataset->elements[index] : NULL;
}

size_t scu__dataset_position(const scu_dataset *dataset, scu_tag tag) {
  size_t low = 0, high = dataset->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (dataset->elements[middle].tag < tag) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

const scu_element *scu_dataset_find(const scu_dataset *dataset, scu_tag tag) {
  size_t position = scu__dataset_position(dataset, tag);
  return position < dataset->count && dataset->elements[position].tag == tag ? &dataset->elements[position] : NULL;
}

const scu_element *scu__dataset_at_path(const scu_dataset *dataset, const scu__path *path, const scu_dataset **level) {
  for (size_t i = 0;; i++) {
    if (level) *level = dataset;
    const scu_element *element = scu_dataset_find(dataset, path->steps[i].tag);
    if (!element || i + 1 == path->depth) return element;
    dataset = scu_element_item(element, path->steps[i].item);
    if (!dataset) return NULL;
  }
}

const scu_element *scu_dataset_find_path(const scu_dataset *dataset, const char *path) {
  scu__path parsed;
  if (scu__path_parse(path, &parsed, NULL) != SCU_OK) return NULL;
  return scu__dataset_at_path(dataset, &parsed, NULL);
}

scu_element *scu__dataset_slot(scu_dataset *dataset, scu_tag tag) {
  size_t position = scu__dataset_position(dataset, tag);
  if (position < dataset->count && dataset->elements[position].tag == tag) return &dataset->elements[position];
  if (dataset->count == dataset->capacity) {
    size_t capacity = dataset->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : dataset->capacity * 2;
    if (capacity > SIZE_MAX / sizeof(scu_element)) return NULL;
    scu_element *elements = scu__arena_take(&dataset->tree->arena, capacity * sizeof *elements);
    if (!elements) return NULL;
    if (dataset->count > 0) memcpy(elements, dataset->elements, dataset->count * sizeof *elements);
    dataset->elements = elements;
    dataset->capacity = capacity;
  }
  scu_element *slot = dataset->elements + position;
  memmove(slot + 1, slot, (dataset->count - position) * sizeof *slot);
  dataset->count++;
  *slot = (scu_element){.tag = tag};
  return slot;
}

/* ---- looking at one element ---- */

scu_tag scu_element_tag(const scu_element *element) {
  return element->tag;
}
scu_vr scu_element_vr(const scu_element *element) {
  return element->vr;
}
uint64_t scu_element_length(const scu_element *element) {
  return element->length;
}
bool scu_element_is_left_out(const scu_element *element) {
  return element->is_left_out;
}

const uint8_t *scu_element_bytes(const scu_element *element) {
  return element->content == SCU__CONTENT_VALUE ? element->as.bytes : NULL;
}

size_t scu_element_item_count(const scu_element *element) {
  return element->content == SCU__CONTENT_ITEMS ? element->count : 0;
}

const scu_dataset *scu_element_item(const scu_element *element, size_t index) {
  return index < scu_element_item_count(element) ? element->as.items[index] : NULL;
}

size_t scu_element_fragment_count(const scu_element *element) {
  return element->content == SCU__CONTENT_FRAGMENTS ? element->count : 0;
}

const uint8_t *scu_element_fragment(const scu_element *element, size_t index, uint64_t *length) {
  if (length) *length = 0;
  if (index >= scu_element_fragment_count(element)) return NULL;
  if (length) *length = element->as.fragments[index].length;
  return element->as.fragments[index].bytes;
}

/* ---- walking ---- */

void scu__walk_start(scu__walk *walk, const scu_dataset *dataset) {
  walk->depth = 1;
  walk->levels[0].dataset = dataset;
  walk->levels[0].element = SIZE_MAX; /* not visited yet */
  walk->levels[0].item = 0;
}

/* The next item below the innermost level, or NULL. */
static const scu_dataset *next_below(scu__walk *walk) {
  const scu_dataset *dataset = walk->levels[walk->depth - 1].dataset;
  size_t *element = &walk->levels[walk->depth - 1].element, *item = &walk->levels[walk->depth - 1].item;
  for (; *element < dataset->count; (*element)++, *item = 0)
    if (*item < scu_element_item_count(&dataset->elements[*element]))
      return dataset->elements[*element].as.items[(*item)++];
  return NULL;
}

const scu_dataset *scu__walk_next(scu__walk *walk) {
  if (walk->depth == 1 && walk->levels[0].element == SIZE_MAX) {
    walk->levels[0].element = 0;
    return walk->levels[0].dataset;
  }
  while (walk->depth > 0) {
    const scu_dataset *below = next_below(walk);
    if (!below) {
      walk->depth--;
      continue;
    }
    walk->levels[walk->depth].dataset = below;
    walk->levels[walk->depth].element = walk->levels[walk->depth].item = 0;
    walk->depth++;
    return below;
  }
  return NULL;
}

/* ---- character set in force ---- */

const scu_dataset *scu__dataset_charset_owner(const scu_dataset *dataset) {
  while (dataset && !scu_dataset_find(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET)) dataset = dataset->parent;
  return dataset;
}

scu__charset scu__dataset_charset(const scu_dataset *dataset) {
  const scu_dataset *owner = scu__dataset_charset_owner(dataset);
  const scu_element *element = owner ? scu_dataset_find(owner, SCU__TAG_SPECIFIC_CHARACTER_SET) : NULL;
  const uint8_t *bytes = element ? scu_element_bytes(element) : NULL;
  return bytes ? scu__charset_parse(bytes, (size_t)element->length) : (scu__charset){0};
}

/* ---- copying ---- */

static void *copy_block(scu__tree *tree, const void *from, size_t length) {
  void *to = scu__arena_take(&tree->arena, length);
  if (to && length > 0) memcpy(to, from, length);
  return to;
}

static scu_result copy_fragments(scu__tree *tree, const scu_element *from, scu_element *to) {
  to->as.fragments = copy_block(tree, from->as.fragments, from->count * sizeof(scu__fragment));
  if (!to->as.fragments) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < from->count; i++) {
    scu__fragment *fragment = &to->as.fragments[i];
    if (!fragment->bytes) continue;
    fragment->bytes = copy_block(tree, fragment->bytes, (size_t)fragment->length);
    if (!fragment->bytes) return SCU_ERROR_MEMORY;
  }
  return SCU_OK;
}

/* The items stay empty here: copy_below fills them. */
static scu_result copy_items(scu_dataset *to_dataset, const scu_element *from, scu_element *to) {
  to->capacity = to->count;
  to->as.items = scu__arena_take(&to_dataset->tree->arena, from->count * sizeof(scu_dataset *));
  if (!to->as.items) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < from->count; i++) {
    to->as.items[i] = scu__dataset_new_item(to_dataset);
    if (!to->as.items[i]) return SCU_ERROR_MEMORY;
    to->as.items[i]->has_fixed_charset = from->as.items[i]->has_fixed_charset;
  }
  return SCU_OK;
}

/* *to becomes a copy of *from in the tree of to_dataset, but for the content of items. */
static scu_result copy_element(scu_dataset *to_dataset, const scu_element *from, scu_element *to) {
  scu_element copy = *from;
  scu_result result = SCU_OK;
  if (from->content == SCU__CONTENT_FRAGMENTS) {
    result = copy_fragments(to_dataset->tree, from, &copy);
  } else if (from->content == SCU__CONTENT_ITEMS) {
    if (from->count > 0 && to_dataset->depth >= SCU__NESTING_MAX) return SCU_ERROR_LIMIT;
    result = copy_items(to_dataset, from, &copy);
  } else if (from->as.bytes) {
    copy.as.bytes = copy_block(to_dataset->tree, from->as.bytes, (size_t)from->length);
    if (!copy.as.bytes) result = SCU_ERROR_MEMORY;
  }
  if (result == SCU_OK) *to = copy;
  return result;
}

static scu_result copy_level(const scu_dataset *from, scu_dataset *to) {
  to->has_fixed_charset = from->has_fixed_charset;
  if (from->count == 0) return SCU_OK;
  to->elements = scu__arena_take(&to->tree->arena, from->count * sizeof *to->elements);
  if (!to->elements) return SCU_ERROR_MEMORY;
  to->capacity = from->count;
  for (size_t i = 0; i < from->count; i++) {
    scu_result result = copy_element(to, &from->elements[i], &to->elements[i]);
    if (result != SCU_OK) return result;
    to->count++;
  }
  return SCU_OK;
}

/* Everything below two equal levels: both trees are walked in step. */
static scu_result copy_below(const scu_dataset *from, scu_dataset *to) {
  scu__walk from_walk, to_walk;
  scu__walk_start(&from_walk, from);
  scu__walk_start(&to_walk, to);
  scu__walk_next(&from_walk);
  scu__walk_next(&to_walk);
  for (;;) {
    const scu_dataset *from_item = scu__walk_next(&from_walk);
    scu_dataset *to_item = (scu_dataset *)scu__walk_next(&to_walk);
    if (!from_item || !to_item) return SCU_OK;
    scu_result result = copy_level(from_item, to_item);
    if (result != SCU_OK) return result;
  }
}

static scu_result copy_tree(const scu_dataset *from, scu_dataset *to) {
  scu_result result = copy_level(from, to);
  return result == SCU_OK ? copy_below(from, to) : result;
}

/* An item that becomes a root, or goes elsewhere, takes along the character set it had from outside. */
static scu_result copy_inherited_charset(const scu_dataset *from, scu_dataset *to) {
  const scu_dataset *owner = scu__dataset_charset_owner(from);
  if (!owner || owner == from) return SCU_OK;
  scu_element *slot = scu__dataset_slot(to, SCU__TAG_SPECIFIC_CHARACTER_SET);
  if (!slot) return SCU_ERROR_MEMORY;
  to->has_fixed_charset = owner->has_fixed_charset;
  return copy_element(to, scu_dataset_find(owner, SCU__TAG_SPECIFIC_CHARACTER_SET), slot);
}

scu_result scu_dataset_copy(const scu_dataset *dataset, scu_dataset **out) {
  scu_result result = scu_dataset_new(dataset->tree->arena.allocator, out);
  if (result != SCU_OK) return result;
  result = copy_tree(dataset, *out);
  if (result == SCU_OK) result = copy_inherited_charset(dataset, *out);
  if (result == SCU_OK) return SCU_OK;
  scu_dataset_free(*out);
  *out = NULL;
  return result;
}

/* ---- merging ---- */

/* A one-element view of `from` lets copy_below walk a single sequence. */
static scu_result merge_element(scu_dataset *to, const scu_dataset *from, const scu_element *element) {
  scu_element copy;
  scu_result result = copy_element(to, element, &copy);
  if (result != SCU_OK) return result;
  scu_dataset from_view = *from, to_view = *to;
  from_view.elements = (scu_element *)element;
  to_view.elements = &copy;
  from_view.count = to_view.count = 1;
  result = copy_below(&from_view, &to_view);
  if (result != SCU_OK) return result;
  scu_element *slot = scu__dataset_slot(to, element->tag);
  if (!slot) return SCU_ERROR_MEMORY;
  *slot = copy;
  return SCU_OK;
}

static scu_result merge_elements(scu_dataset *to, const scu_dataset *from, bool takes_charset) {
  for (size_t i = 0; i < from->count; i++) {
    const scu_element *element = &from->elements[i];
    if (element->tag == SCU__TAG_SPECIFIC_CHARACTER_SET && !takes_charset) continue;
    scu_result result = merge_element(to, from, element);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

/* Different character sets: `from` is copied, its texts turned into UTF-8, and that is merged without its set. */
static scu_result merge_across_charsets(scu_dataset *to, const scu_dataset *from) {
  scu_dataset *unicode;
  scu_result result = scu_dataset_copy(from, &unicode);
  if (result != SCU_OK) return result;
  result = scu__dataset_texts_to_utf8(unicode);
  if (result == SCU_OK) result = merge_elements(to, unicode, false);
  scu_dataset_free(unicode);
  return result;
}

scu_result scu_dataset_merge(scu_dataset *to, const scu_dataset *from) {
  scu__error_clear(&to->tree->error);
  if (to == from) return SCU_OK;
  scu__charset to_charset = scu__dataset_charset(to), from_charset = scu__dataset_charset(from);
  scu_result result;
  if (scu__charset_equal(&to_charset, &from_charset) && to->tree != from->tree) {
    result = merge_elements(to, from, true);
  } else if (to->count == 0 && !to->parent && to->tree != from->tree) {
    result = merge_elements(to, from, true);
    to->has_fixed_charset = from->has_fixed_charset;
  } else {
    result = merge_across_charsets(to, from);
  }
  if (result == SCU_OK) return SCU_OK;
  return scu__error_set(&to->tree->error, result, SCU_PHASE_USAGE, "cannot merge datasets: %s",
                        result == SCU_ERROR_LIMIT ? "sequences would be nested too deep" : "out of memory");
}
