/* Tokens to tree. One level for every open sequence; nothing here depends on recursion or on declared lengths. */
#include "data/dataset_builder.h"

#include <string.h>

#include "data/dataset_values.h"

enum {
  FIRST_CAPACITY = 32,
  VALUE_KEPT_MAX = 1024 * 1024,
  INSERTION_MAX = 32, /* below it three passes of a radix sort are not worth their tables */
  RADIX_BITS = 11,
  RADIX = 1 << RADIX_BITS
};

/* ---- failing ---- */

static scu_result fail(scu__dataset_builder *builder, scu_error *error, scu_result result, const char *reason) {
  builder->failure = result;
  return scu__error_set(error, result, builder->limits.phase, "%s", reason);
}

static scu_result fail_memory(scu__dataset_builder *builder, scu_error *error) {
  return fail(builder, error, SCU_ERROR_MEMORY, "out of memory");
}

static scu_result fail_order(scu__dataset_builder *builder, scu_error *error) {
  return fail(builder, error, SCU_ERROR_USAGE, "dataset tokens in an impossible order");
}

/* ---- the three waiting arrays ---- */

/* Grows by half: with five million elements doubling would cost more than the elements themselves. */
static void *grown(const scu_allocator *allocator, void *array, size_t *capacity, size_t count, size_t size) {
  if (count < *capacity) return array;
  size_t larger = *capacity < FIRST_CAPACITY ? FIRST_CAPACITY : *capacity + *capacity / 2;
  void *block = scu__realloc_array(allocator, array, larger, size);
  if (block) *capacity = larger;
  return block;
}

/* Counts one more element, item or fragment against the limit. */
static bool may_make(scu__dataset_builder *builder) {
  return ++builder->made <= builder->limits.elements_max;
}

static scu_result fail_count(scu__dataset_builder *builder, scu_error *error) {
  return fail(builder, error, SCU_ERROR_LIMIT, "the dataset has more elements than the limit allows");
}

static scu_result push_element(scu__dataset_builder *builder, const scu_element *element, scu_error *error) {
  if (!may_make(builder)) return fail_count(builder, error);
  scu_element *elements = grown(builder->allocator, builder->elements, &builder->element_capacity,
                                builder->element_count, sizeof *elements);
  if (!elements) return fail_memory(builder, error);
  builder->elements = elements;
  elements[builder->element_count++] = *element;
  return SCU_OK;
}

static scu_result push_item(scu__dataset_builder *builder, scu_dataset *item, scu_error *error) {
  if (!may_make(builder)) return fail_count(builder, error);
  scu_dataset **items =
      grown(builder->allocator, builder->items, &builder->item_capacity, builder->item_count, sizeof *items);
  if (!items) return fail_memory(builder, error);
  builder->items = items;
  items[builder->item_count++] = item;
  return SCU_OK;
}

static scu_result push_fragment(scu__dataset_builder *builder, const scu__fragment *fragment, scu_error *error) {
  if (!may_make(builder)) return fail_count(builder, error);
  scu__fragment *fragments = grown(builder->allocator, builder->fragments, &builder->fragment_capacity,
                                   builder->fragment_count, sizeof *fragments);
  if (!fragments) return fail_memory(builder, error);
  builder->fragments = fragments;
  fragments[builder->fragment_count++] = *fragment;
  return SCU_OK;
}

/* ---- order ---- */

static bool is_rising(const scu_element *elements, size_t count) {
  for (size_t i = 1; i < count; i++)
    if (elements[i - 1].tag >= elements[i].tag) return false;
  return true;
}

static void insertion_sort(scu_element *elements, size_t count) {
  for (size_t i = 1; i < count; i++) {
    scu_element element = elements[i];
    size_t at = i;
    for (; at > 0 && elements[at - 1].tag > element.tag; at--) elements[at] = elements[at - 1];
    elements[at] = element;
  }
}

/* One pass of a radix sort: stable by the given digit of the tag. */
static void sort_by_digit(const scu_element *from, scu_element *to, size_t count, unsigned shift) {
  size_t starts[RADIX] = {0};
  for (size_t i = 0; i < count; i++) starts[from[i].tag >> shift & (RADIX - 1)]++;
  for (size_t digit = 0, at = 0; digit < RADIX; digit++) {
    size_t here = starts[digit];
    starts[digit] = at;
    at += here;
  }
  for (size_t i = 0; i < count; i++) to[starts[from[i].tag >> shift & (RADIX - 1)]++] = from[i];
}

/* Stable and linear, whatever order a hostile file has: three digits of 11 bits cover the 32 of a tag, and an odd
 * number of passes between the two arrays ends in `to`. */
static void sort_into(scu_element *from, scu_element *to, size_t count) {
  if (count <= INSERTION_MAX) {
    insertion_sort(from, count);
    memcpy(to, from, count * sizeof *to);
    return;
  }
  sort_by_digit(from, to, count, 0);
  sort_by_digit(to, from, count, RADIX_BITS);
  sort_by_digit(from, to, count, 2 * RADIX_BITS);
}

/* Of several elements with one tag the first stays. Returns how many are left. */
static size_t drop_duplicates(scu__dataset_builder *builder, scu_element *elements, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (kept == 0 || elements[kept - 1].tag != elements[i].tag)
      elements[kept++] = elements[i];
    else if (builder->duplicates++ == 0)
      builder->duplicate = elements[i].tag;
  }
  return kept;
}

/* The waiting elements from `first` on become those of `dataset`. */
static scu_result settle_elements(scu__dataset_builder *builder, scu_dataset *dataset, size_t first, scu_error *error) {
  size_t count = builder->element_count - first;
  builder->element_count = first;
  if (count == 0) return SCU_OK;
  scu__arena *arena = &dataset->tree->arena;
  scu_element *elements = scu__arena_take(arena, count * sizeof *elements);
  if (!elements) return fail_memory(builder, error);
  dataset->elements = elements;
  dataset->count = dataset->capacity = count;
  if (is_rising(builder->elements + first, count)) {
    memcpy(elements, builder->elements + first, count * sizeof *elements);
    return SCU_OK;
  }
  sort_into(builder->elements + first, elements, count);
  dataset->count = dataset->capacity = drop_duplicates(builder, elements, count);
  scu__arena_shrink(arena, elements, count * sizeof *elements, dataset->count * sizeof *elements);
  return SCU_OK;
}

/* ---- values ---- */

/* Counts a value against the total. */
static scu_result keep(scu__dataset_builder *builder, uint64_t length, scu_error *error) {
  builder->kept += length;
  if (builder->kept <= builder->limits.total_max) return SCU_OK;
  return fail(builder, error, SCU_ERROR_LIMIT, "the values of the dataset are longer than the limit allows");
}

/* Puts the whole value away: into the pending element, or into a fragment of it. */
static scu_result end_value(scu__dataset_builder *builder, const uint8_t *bytes, size_t length, scu_error *error) {
  uint8_t *copy = NULL;
  if (length > 0) {
    copy = scu__arena_take(&builder->root->tree->arena, length);
    if (!copy) return fail_memory(builder, error);
    memcpy(copy, bytes, length);
  }
  builder->is_in_value = false;
  if (builder->is_in_fragment) return push_fragment(builder, &(scu__fragment){.bytes = copy, .length = length}, error);
  if (copy && builder->pending_encoding.is_big_endian) scu__swap_words(copy, length, builder->pending.vr);
  builder->pending.length = length;
  builder->pending.as.bytes = copy;
  return push_element(builder, &builder->pending, error);
}

static scu_result put_value(scu__dataset_builder *builder, const scu__token *token, scu_error *error) {
  if (!builder->is_in_value) return SCU_OK; /* of a value that is left out */
  scu_result result = keep(builder, token->size, error);
  if (result != SCU_OK) return result;
  if (token->is_last && builder->value.length == 0) return end_value(builder, token->bytes, token->size, error);
  /* In pieces: memory grows with what came, never with what was announced. */
  scu__put_bytes(&builder->value, token->bytes, token->size);
  if (scu__buffer_result(&builder->value) != SCU_OK) return fail_memory(builder, error);
  if (!token->is_last) return SCU_OK;
  result = end_value(builder, builder->value.data, builder->value.length, error);
  if (builder->value.capacity > VALUE_KEPT_MAX) scu__buffer_free(&builder->value);
  scu__buffer_clear(&builder->value);
  return result;
}

static scu_result put_element(scu__dataset_builder *builder, const scu__token *token, scu_error *error) {
  builder->pending = (scu_element){.tag = token->tag, .vr = token->vr, .length = token->length};
  builder->pending_encoding = token->encoding;
  builder->is_in_value = token->length <= builder->limits.value_max;
  if (builder->is_in_value) return SCU_OK;
  builder->pending.is_left_out = true;
  return push_element(builder, &builder->pending, error);
}

static scu_result put_fragment(scu__dataset_builder *builder, const scu__token *token, scu_error *error) {
  if (!builder->is_in_fragment) return fail_order(builder, error);
  builder->is_in_value = token->length <= builder->limits.value_max;
  if (builder->is_in_value) return SCU_OK;
  builder->pending.is_left_out = true;
  return push_fragment(builder, &(scu__fragment){.bytes = NULL, .length = token->length}, error);
}

/* ---- sequences and fragments ---- */

static scu__builder_level *innermost(scu__dataset_builder *builder) {
  return &builder->levels[builder->depth];
}

static scu_result begin_sequence(scu__dataset_builder *builder, const scu__token *token, scu_error *error) {
  if (builder->depth == SCU__NESTING_MAX) return fail(builder, error, SCU_ERROR_LIMIT, "sequences are nested too deep");
  builder->levels[++builder->depth] =
      (scu__builder_level){.tag = token->tag, .vr = token->vr, .first_item = builder->item_count};
  return SCU_OK;
}

static scu_result begin_item(scu__dataset_builder *builder, scu_error *error) {
  scu__builder_level *level = innermost(builder);
  if (builder->depth == 0 || level->item) return fail_order(builder, error);
  scu_dataset *item = scu__dataset_new_item(level[-1].item);
  if (!item) return fail_memory(builder, error);
  level->item = item;
  level->first_element = builder->element_count;
  return push_item(builder, item, error);
}

static scu_result end_item(scu__dataset_builder *builder, scu_error *error) {
  scu__builder_level *level = innermost(builder);
  if (builder->depth == 0 || !level->item) return fail_order(builder, error);
  scu_result result = settle_elements(builder, level->item, level->first_element, error);
  level->item = NULL;
  return result;
}

static scu_result end_sequence(scu__dataset_builder *builder, scu_error *error) {
  const scu__builder_level *level = innermost(builder);
  if (builder->depth == 0 || level->item) return fail_order(builder, error);
  size_t count = builder->item_count - level->first_item;
  scu_element sequence = {.tag = level->tag,
                          .vr = level->vr == SCU_VR_UN ? SCU_VR_UN : SCU_VR_SQ,
                          .content = SCU__CONTENT_ITEMS,
                          .count = (uint32_t)count,
                          .capacity = (uint32_t)count};
  if (count > 0) {
    sequence.as.items = scu__arena_take(&builder->root->tree->arena, count * sizeof *builder->items);
    if (!sequence.as.items) return fail_memory(builder, error);
    memcpy(sequence.as.items, builder->items + level->first_item, count * sizeof *builder->items);
  }
  builder->item_count = level->first_item;
  builder->depth--;
  return push_element(builder, &sequence, error);
}

static scu_result begin_fragments(scu__dataset_builder *builder, const scu__token *token, scu_error *error) {
  if (builder->is_in_fragment) return fail_order(builder, error);
  builder->pending = (scu_element){.tag = token->tag, .vr = token->vr, .content = SCU__CONTENT_FRAGMENTS};
  builder->fragment_count = 0;
  builder->is_in_fragment = true;
  return SCU_OK;
}

static scu_result end_fragments(scu__dataset_builder *builder, scu_error *error) {
  if (!builder->is_in_fragment) return fail_order(builder, error);
  scu_element *pending = &builder->pending;
  builder->is_in_fragment = builder->is_in_value = false;
  size_t size = builder->fragment_count * sizeof *builder->fragments;
  pending->as.fragments = scu__arena_take(&builder->root->tree->arena, size);
  if (!pending->as.fragments) return fail_memory(builder, error);
  if (size > 0) memcpy(pending->as.fragments, builder->fragments, size);
  pending->count = pending->capacity = (uint32_t)builder->fragment_count;
  return push_element(builder, pending, error);
}

/* ---- public ---- */

void scu__dataset_builder_init(scu__dataset_builder *builder, const scu_allocator *allocator,
                               const scu__dataset_limits *limits) {
  memset(builder, 0, sizeof *builder);
  builder->allocator = allocator;
  builder->limits = limits ? *limits : SCU__IDENTIFIER_LIMITS;
  if (builder->limits.phase == SCU_PHASE_NONE) builder->limits.phase = SCU_PHASE_FILE;
  scu__buffer_init(&builder->value, allocator, SIZE_MAX);
}

static void drop_root(scu__dataset_builder *builder) {
  if (builder->root && !builder->is_root_borrowed) scu_dataset_free(builder->root);
  builder->root = NULL;
}

void scu__dataset_builder_free(scu__dataset_builder *builder) {
  drop_root(builder);
  scu__free(builder->allocator, builder->elements);
  scu__free(builder->allocator, builder->items);
  scu__free(builder->allocator, builder->fragments);
  scu__buffer_free(&builder->value);
  scu__dataset_limits limits = builder->limits;
  scu__dataset_builder_init(builder, builder->allocator, &limits);
}

scu_result scu__dataset_builder_start(scu__dataset_builder *builder, scu_dataset *into, scu_error *error) {
  drop_root(builder);
  builder->depth = 0;
  builder->element_count = builder->item_count = builder->fragment_count = 0;
  builder->is_in_value = builder->is_in_fragment = builder->is_stopped = false;
  builder->kept = 0;
  builder->made = builder->duplicates = 0;
  builder->duplicate = 0;
  builder->failure = SCU_OK;
  scu__buffer_clear(&builder->value);
  builder->is_root_borrowed = into != NULL;
  if (into) {
    scu__dataset_reset(into);
    builder->root = into;
  } else if (scu_dataset_new(builder->allocator, &builder->root) != SCU_OK) {
    return fail_memory(builder, error);
  }
  builder->levels[0] = (scu__builder_level){.item = builder->root};
  return SCU_OK;
}

static bool begins_element(scu__token_kind kind) {
  return kind == SCU__TOKEN_ELEMENT || kind == SCU__TOKEN_SEQUENCE_BEGIN || kind == SCU__TOKEN_FRAGMENTS_BEGIN;
}

scu_result scu__dataset_builder_put(scu__dataset_builder *builder, const scu__token *token, scu_error *error) {
  if (builder->failure != SCU_OK) return builder->failure;
  if (builder->is_stopped) return SCU_END;
  if (!builder->root) {
    scu_result result = scu__dataset_builder_start(builder, NULL, error);
    if (result != SCU_OK) return result;
  }
  if (begins_element(token->kind)) {
    if (!innermost(builder)->item || builder->is_in_fragment || builder->is_in_value) return fail_order(builder, error);
    if (builder->limits.stop_tag != 0 && builder->depth == 0 && token->tag >= builder->limits.stop_tag) {
      builder->is_stopped = true;
      return SCU_END;
    }
  }
  switch (token->kind) {
  case SCU__TOKEN_ELEMENT: return put_element(builder, token, error);
  case SCU__TOKEN_VALUE: return put_value(builder, token, error);
  case SCU__TOKEN_SEQUENCE_BEGIN: return begin_sequence(builder, token, error);
  case SCU__TOKEN_ITEM_BEGIN: return begin_item(builder, error);
  case SCU__TOKEN_ITEM_END: return end_item(builder, error);
  case SCU__TOKEN_SEQUENCE_END: return end_sequence(builder, error);
  case SCU__TOKEN_FRAGMENTS_BEGIN: return begin_fragments(builder, token, error);
  case SCU__TOKEN_FRAGMENT: return put_fragment(builder, token, error);
  case SCU__TOKEN_FRAGMENTS_END: return end_fragments(builder, error);
  }
  return fail_order(builder, error);
}

bool scu__dataset_builder_wants_value(const scu__dataset_builder *builder) {
  return builder->is_in_value;
}

/* A value that was cut is dropped: half a value would pass for a whole one. */
static scu_result close_open_levels(scu__dataset_builder *builder, scu_error *error) {
  scu_result result = SCU_OK;
  if (builder->is_in_fragment) result = end_fragments(builder, error);
  builder->is_in_value = false;
  while (result == SCU_OK && builder->depth > 0) {
    if (innermost(builder)->item) result = end_item(builder, error);
    if (result == SCU_OK) result = end_sequence(builder, error);
  }
  return result;
}

scu_result scu__dataset_builder_take(scu__dataset_builder *builder, scu_dataset **out, scu_error *error) {
  *out = NULL;
  scu_result result = builder->failure;
  if (result == SCU_OK && !builder->root) result = scu__dataset_builder_start(builder, NULL, error);
  if (result == SCU_OK) result = close_open_levels(builder, error);
  if (result == SCU_OK) result = settle_elements(builder, builder->root, 0, error);
  if (result != SCU_OK) return scu__error_set(error, result, builder->limits.phase, "the dataset could not be built");
  *out = builder->root;
  builder->root = NULL;
  return SCU_OK;
}

/* ---- bytes to tree ---- */

void scu__dataset_decoder_init(scu__dataset_decoder *decoder, const scu_allocator *allocator,
                               const scu__dataset_limits *limits) {
  scu__dataset_builder_init(&decoder->builder, allocator, limits);
}

void scu__dataset_decoder_free(scu__dataset_decoder *decoder) {
  scu__dataset_builder_free(&decoder->builder);
}

/* The next token; the end of the input is told to the reader when it asks for more. */
static scu_result next_token(scu__reader *reader, scu__token *token, scu_error *error) {
  scu_result result = scu__reader_next(reader, token, error);
  if (result != SCU_MORE) return result;
  scu__reader_finish(reader);
  return scu__reader_next(reader, token, error);
}

/* Puts every token into the builder, up to the end or the stop tag. */
static scu_result run(scu__dataset_decoder *decoder, scu_error *error) {
  for (;;) {
    scu__token token;
    scu_result result = next_token(&decoder->reader, &token, error);
    if (result == SCU_OK) result = scu__dataset_builder_put(&decoder->builder, &token, error);
    if (result == SCU_END) return SCU_OK;
    if (result != SCU_OK) return result;
  }
}

static scu_result decode(scu__dataset_decoder *decoder, const uint8_t *bytes, size_t length, scu__encoding encoding,
                         scu_dataset *into, scu_dataset **out, scu_error *error) {
  scu__dataset_builder *builder = &decoder->builder;
  scu__reader_options options = {.total_length = length, .phase = builder->limits.phase};
  scu__reader_init(&decoder->reader, encoding, &options);
  *out = NULL;
  scu_result result = scu__dataset_builder_start(builder, into, error);
  if (length > 0) scu__reader_push(&decoder->reader, bytes, length);
  if (result == SCU_OK) result = run(decoder, error);
  if (result == SCU_OK) result = scu__dataset_builder_take(builder, out, error);
  if (result == SCU_OK) return SCU_OK;
  if (into) scu__dataset_reset(into);
  drop_root(builder);
  return result;
}

scu_result scu__dataset_decode_into(scu__dataset_decoder *decoder, const uint8_t *bytes, size_t length,
                                    scu__encoding encoding, scu_dataset *into, scu_error *error) {
  scu_dataset *same;
  return decode(decoder, bytes, length, encoding, into, &same, error);
}

scu_result scu__dataset_decode(const uint8_t *bytes, size_t length, scu__encoding encoding,
                               const scu_allocator *allocator, const scu__dataset_limits *limits, scu_dataset **out,
                               scu_error *error) {
  *out = NULL;
  scu__dataset_decoder *decoder = scu__alloc(allocator, sizeof *decoder);
  if (!decoder) return scu__error_memory(error, limits ? limits->phase : SCU_PHASE_RESPONSE);
  scu__dataset_decoder_init(decoder, allocator, limits);
  scu_result result = decode(decoder, bytes, length, encoding, NULL, out, error);
  scu__dataset_decoder_free(decoder);
  scu__free(allocator, decoder);
  return result;
}
