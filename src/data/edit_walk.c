/* Tokens of the object: noted, built into the tree, or cut out. */
#include "data/edit_walk.h"

#include <string.h>

#include "base/endian.h"
#include "data/dictionary.h"
#include "data/vr.h"

enum { FIRST_CAPACITY = 16 };

/* --- growing lists ------------------------------------------------------------------------------------------------ */

static scu_result too_many(scu_error *error) {
  return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_FILE, "edits touch more than %d places of the object",
                        SCU__EDIT_SPLICES_MAX);
}

/* Room for one more; `list` stays as it is when there is none. */
static scu_result grow(const scu_allocator *allocator, void **list, size_t count, size_t *capacity, size_t size,
                       scu_error *error) {
  if (count < *capacity) return SCU_OK;
  if (count >= SCU__EDIT_SPLICES_MAX) return too_many(error);
  size_t wanted = *capacity ? *capacity * 2 : FIRST_CAPACITY;
  void *grown = scu__realloc_array(allocator, *list, wanted, size);
  if (!grown) return scu__error_memory(error, SCU_PHASE_FILE);
  *list = grown;
  *capacity = wanted;
  return SCU_OK;
}

scu_result scu__edited_splice(scu__edited *edited, const scu__splice *splice, scu_error *error) {
  void *list = edited->splices;
  scu_result result = grow(edited->allocator, &list, edited->count, &edited->capacity, sizeof *splice, error);
  edited->splices = list;
  if (result == SCU_OK) edited->splices[edited->count++] = *splice;
  return result;
}

static scu_result add_occurrence(scu__edit_walk *w, scu_tag tag, uint64_t offset, uint64_t length, scu_error *error) {
  void *list = w->occurrences;
  scu_result result =
      grow(w->allocator, &list, w->occurrence_count, &w->occurrence_capacity, sizeof *w->occurrences, error);
  w->occurrences = list;
  if (result == SCU_OK) w->occurrences[w->occurrence_count++] = (scu__occurrence){tag, offset, length};
  return result;
}

static size_t position_of(const scu__edit_walk *w, scu_tag tag) {
  size_t low = 0, high = w->touched_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (w->touched[middle].tag < tag)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

scu__touched *scu__edit_walk_touched(scu__edit_walk *w, scu_tag tag) {
  size_t position = position_of(w, tag);
  return position < w->touched_count && w->touched[position].tag == tag ? &w->touched[position] : NULL;
}

static scu_result touch(scu__edit_walk *w, scu_tag tag, bool is_whole, scu_error *error) {
  size_t position = position_of(w, tag);
  if (position < w->touched_count && w->touched[position].tag == tag) {
    w->touched[position].is_whole = w->touched[position].is_whole && is_whole;
    return SCU_OK;
  }
  void *list = w->touched;
  scu_result result = grow(w->allocator, &list, w->touched_count, &w->touched_capacity, sizeof *w->touched, error);
  w->touched = list;
  if (result != SCU_OK) return result;
  scu__touched *at = w->touched + position;
  memmove(at + 1, at, (w->touched_count - position) * sizeof *at);
  *at = (scu__touched){.tag = tag, .is_whole = is_whole};
  w->touched_count++;
  return SCU_OK;
}

/* --- what the edits name ------------------------------------------------------------------------------------------ */

static scu_result note_dataset(scu__edit_walk *w, const scu_dataset *dataset, scu_error *error) {
  scu_result result = SCU_OK;
  for (size_t i = 0; result == SCU_OK && i < scu_dataset_count(dataset); i++)
    result = touch(w, scu_element_tag(scu_dataset_at(dataset, i)), true, error);
  return result;
}

static scu_result note_edits(scu__edit_walk *w, const scu_edits *edits, scu_error *error) {
  scu_result result = SCU_OK;
  const scu__edit *edit = NULL;
  while (result == SCU_OK && (edit = scu__edits_next(edits, edit)) != NULL) {
    if (edit->kind == SCU__EDIT_REMOVE_PRIVATE)
      w->removes_private = true;
    else if (edit->kind == SCU__EDIT_DATASET)
      result = note_dataset(w, edit->dataset, error);
    else
      result = touch(w, edit->path.steps[0].tag, !edit->path.steps[0].has_item, error);
  }
  w->edits_charset = scu__edit_walk_touched(w, SCU__TAG_SPECIFIC_CHARACTER_SET) != NULL;
  return result;
}

/* --- input -------------------------------------------------------------------------------------------------------- */

static scu_result feed(scu__edit_walk *w, scu_error *error) {
  const uint8_t *bytes;
  size_t length;
  scu_result result = scu__read_ahead_peek(&w->ahead, w->offset, 1, w->chunk, &bytes, &length, error);
  if (result != SCU_OK) return result;
  uint64_t left = w->offset < w->end ? w->end - w->offset : 0;
  if (length > left) length = (size_t)left;
  if (length == 0) scu__reader_finish(&w->reader);
  scu__reader_push(&w->reader, bytes, length);
  w->offset += length;
  w->chunk = SCU__READ_AHEAD_MAX;
  return SCU_OK;
}

static scu_result pass_value(scu__edit_walk *w, const scu__token *token) {
  uint64_t count;
  scu_result result = scu__reader_skip_value(&w->reader, &count);
  if (result != SCU_OK) return result;
  w->offset += count;
  if (count > 0 && token->kind == SCU__TOKEN_FRAGMENT) w->chunk = SCU__READ_AHEAD_SMALL;
  return SCU_OK;
}

/* --- elements ----------------------------------------------------------------------------------------------------- */

static bool is_begin(const scu__token *token) {
  return token->kind == SCU__TOKEN_ELEMENT || token->kind == SCU__TOKEN_SEQUENCE_BEGIN ||
         token->kind == SCU__TOKEN_FRAGMENTS_BEGIN;
}

static bool is_end(const scu__token *token) {
  return token->kind == SCU__TOKEN_SEQUENCE_END || token->kind == SCU__TOKEN_FRAGMENTS_END;
}

static unsigned header_size(const scu__token *token) {
  bool is_short = token->encoding.is_implicit_vr || scu__vr_is_blank(token->vr) || !scu__vr_has_long_length(token->vr);
  return is_short ? 8 : SCU__ELEMENT_HEADER_MAX;
}

/* Behind the last byte of an element that ends with this token. */
static uint64_t end_of(const scu__token *token) {
  if (token->kind == SCU__TOKEN_ELEMENT) return token->offset + header_size(token) + token->length;
  bool has_delimiter = token->kind == SCU__TOKEN_FRAGMENTS_END || token->length == SCU__UNDEFINED_LENGTH;
  return token->offset + (has_delimiter ? 8 : 0);
}

static bool may_have_text(const scu__token *token) {
  const scu__vr_info *info = scu__vr_find(token->vr);
  return token->kind == SCU__TOKEN_SEQUENCE_BEGIN || (info && info->uses_charset);
}

/* Group lengths at the top do not survive any edit; those in items have to go only where something else goes, too. */
static bool is_unwanted(const scu__edit_walk *w, const scu__token *token) {
  if (w->removes_private && scu__tag_is_private(token->tag)) return true;
  return scu__tag_is_group_length(token->tag) && (token->depth == 0 || w->removes_private);
}

/* Needed whole, touched or not: the texts of all others are in that set, and the reader settles signs by what it saw.
 */
static bool is_context(const scu__token *token) {
  return token->tag == SCU__TAG_SPECIFIC_CHARACTER_SET || token->tag == SCU__TAG_PIXEL_REPRESENTATION;
}

/* What is not there would stand before the first element of a higher tag. */
static void place_before(scu__edit_walk *w, const scu__token *token) {
  for (; w->placed < w->touched_count && w->touched[w->placed].tag < token->tag; w->placed++) {
    scu__touched *touched = &w->touched[w->placed];
    if (!touched->is_placed) touched->place = token->offset;
    touched->is_placed = true;
  }
}

static void place_here(scu__touched *touched, const scu__token *token) {
  if (!touched->is_present) touched->place = token->offset;
  touched->is_placed = touched->is_present = true;
}

static scu_result cut(scu__edit_walk *w, const scu__token *first, uint64_t end, scu_error *error) {
  const scu__splice splice = {.offset = first->offset, .cut = end - first->offset};
  if (first->depth > 0) w->levels[first->depth].from_item += splice.cut;
  if (!scu__tag_is_group_length(first->tag)) w->has_removed = true;
  return scu__edited_splice(w->edited, &splice, error);
}

/* The element that begins with w->inside has ended at `end`. */
static scu_result leave(scu__edit_walk *w, uint64_t end, scu_error *error) {
  const scu__token *first = &w->inside;
  w->is_inside = false;
  if (!w->is_building) return cut(w, first, end, error);
  if (!scu__edit_walk_touched(w, first->tag)) return SCU_OK; /* only context */
  return add_occurrence(w, first->tag, first->offset, end - first->offset, error);
}

static scu_result too_big(scu_error *error, scu_tag tag) {
  char name[100];
  scu__path_format_tag(tag, name, sizeof name);
  return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_FILE,
                        "%s: with it, what edits touch of the object is more than %d MiB", name,
                        SCU__EDIT_HELD_MAX >> 20);
}

static scu_result build(scu__edit_walk *w, const scu__token *token, scu_error *error) {
  scu_error own;
  scu__error_clear(&own);
  scu_result result = scu__dataset_builder_put(&w->builder, token, &own);
  if (result == SCU_OK) return SCU_OK;
  if (result == SCU_ERROR_LIMIT) return too_big(error, w->inside.tag);
  scu__error_copy(error, &own);
  return result;
}

/* An element that is replaced is known by its VR alone. */
static scu_result build_outline(scu__edit_walk *w, const scu__token *token, scu_error *error) {
  scu__token shown = *token;
  if (token->kind != SCU__TOKEN_ELEMENT) return build(w, &shown, error);
  shown.length = 0;
  scu_result result = build(w, &shown, error);
  shown.kind = SCU__TOKEN_VALUE;
  shown.is_last = true;
  shown.bytes = NULL;
  shown.size = 0;
  return result == SCU_OK ? build(w, &shown, error) : result;
}

/* A token of an element that is cut or built, but not its first. */
static scu_result go_on_inside(scu__edit_walk *w, const scu__token *token, scu_error *error) {
  bool is_over = is_end(token) && token->depth == w->inside.depth;
  bool is_value_over = token->kind == SCU__TOKEN_VALUE && token->is_last && w->inside.kind == SCU__TOKEN_ELEMENT;
  scu_result result = SCU_OK;
  if (w->is_building && (!w->is_only_outline || (is_over && w->inside.kind != SCU__TOKEN_ELEMENT)))
    result = build(w, token, error);
  if (result != SCU_OK) return result;
  if (is_over) return leave(w, end_of(token), error);
  if (is_value_over) return leave(w, end_of(&w->inside), error);
  bool has_value = token->kind == SCU__TOKEN_ELEMENT || token->kind == SCU__TOKEN_FRAGMENT;
  bool is_wanted = w->is_building && !w->is_only_outline && scu__dataset_builder_wants_value(&w->builder);
  return has_value && !is_wanted ? pass_value(w, token) : SCU_OK;
}

/* The first token of an element that is cut or built. */
static scu_result enter(scu__edit_walk *w, const scu__token *token, bool is_building, bool is_only_outline,
                        scu_error *error) {
  w->inside = *token;
  w->is_inside = true;
  w->is_building = is_building;
  w->is_only_outline = is_only_outline;
  scu_result result = SCU_OK;
  if (is_building) result = is_only_outline ? build_outline(w, token, error) : build(w, token, error);
  if (result != SCU_OK || token->kind != SCU__TOKEN_ELEMENT) return result;
  bool is_wanted = is_building && !is_only_outline && scu__dataset_builder_wants_value(&w->builder);
  if (is_wanted) return SCU_OK; /* its values come */
  result = pass_value(w, token);
  return result == SCU_OK ? leave(w, end_of(token), error) : result;
}

static scu_result take_begin(scu__edit_walk *w, const scu__token *token, bool *is_taken, scu_error *error) {
  *is_taken = true;
  scu_result result = SCU_OK;
  if (token->depth == 0) {
    place_before(w, token);
    scu__touched *touched = scu__edit_walk_touched(w, token->tag);
    if (!touched && w->edits_charset && may_have_text(token) && !is_unwanted(w, token)) {
      result = touch(w, token->tag, false, error);
      if (result != SCU_OK) return result;
      touched = scu__edit_walk_touched(w, token->tag);
    }
    if (touched) place_here(touched, token);
    bool is_outline = touched && touched->is_whole && !is_context(token);
    if (touched || is_context(token)) return enter(w, token, true, is_outline, error);
  }
  if (is_unwanted(w, token)) return enter(w, token, false, false, error);
  *is_taken = false;
  return SCU_OK;
}

/* --- lengths ------------------------------------------------------------------------------------------------------ */

static scu_result correct(scu__edit_walk *w, const scu__token *token, uint64_t at, uint64_t removed, scu_error *error) {
  if (removed == 0 || token->length == SCU__UNDEFINED_LENGTH) return SCU_OK;
  const scu__splice splice = {.offset = at, .cut = 4, .put_at = (uint32_t)w->edited->put.length, .put_length = 4};
  uint32_t length = token->length - (uint32_t)removed;
  if (token->encoding.is_big_endian)
    scu__put_u32be(&w->edited->put, length);
  else
    scu__put_u32le(&w->edited->put, length);
  scu_result result = scu__buffer_result(&w->edited->put);
  if (result == SCU_ERROR_LIMIT) return too_many(error);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_FILE);
  return scu__edited_splice(w->edited, &splice, error);
}

static scu_result follow_structure(scu__edit_walk *w, const scu__token *token, scu_error *error) {
  scu__edit_level *level = &w->levels[token->depth];
  scu_result result = SCU_OK;
  switch (token->kind) {
  case SCU__TOKEN_SEQUENCE_BEGIN:
    level[1].sequence_at = token->offset + header_size(token) - 4;
    level[1].from_sequence = 0;
    break;
  case SCU__TOKEN_ITEM_BEGIN:
    level->item_at = token->offset + 4;
    level->from_item = 0;
    break;
  case SCU__TOKEN_ITEM_END:
    result = correct(w, token, level->item_at, level->from_item, error);
    level->from_sequence += level->from_item;
    break;
  case SCU__TOKEN_SEQUENCE_END:
    result = correct(w, token, level[1].sequence_at, level[1].from_sequence, error);
    if (token->depth > 0) level->from_item += level[1].from_sequence;
    break;
  default: break;
  }
  return result;
}

static scu_result take_token(scu__edit_walk *w, const scu__token *token, scu_error *error) {
  if (w->is_inside) return go_on_inside(w, token, error);
  if (is_begin(token)) {
    bool is_taken;
    scu_result result = take_begin(w, token, &is_taken, error);
    if (result != SCU_OK || is_taken) return result;
  }
  if (token->kind == SCU__TOKEN_ELEMENT || token->kind == SCU__TOKEN_FRAGMENT) return pass_value(w, token);
  return follow_structure(w, token, error);
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

static scu_result walk_dataset(scu__edit_walk *w, scu_error *error) {
  for (;;) {
    scu__token token;
    scu_result result = scu__reader_next(&w->reader, &token, error);
    if (result == SCU_MORE)
      result = feed(w, error);
    else if (result == SCU_OK)
      result = take_token(w, &token, error);
    if (result == SCU_END) break;
    if (result != SCU_OK) return result;
  }
  uint64_t trailing = scu__reader_trailing_offset(&w->reader);
  if (trailing < w->end) w->end = trailing;
  for (size_t i = 0; i < w->touched_count; i++)
    if (!w->touched[i].is_placed) w->touched[i].place = w->end;
  return SCU_OK;
}

scu_result scu__edit_walk_run(scu__edit_walk *walk, const scu_edits *edits, scu__encoding encoding, scu_dataset **tree,
                              scu_error *error) {
  const scu__dataset_limits limits = {.value_max = SCU__EDIT_VALUE_MAX,
                                      .total_max = SCU__EDIT_HELD_MAX,
                                      .elements_max = SCU__EDIT_SPLICES_MAX,
                                      .phase = SCU_PHASE_FILE};
  const scu__reader_options options = {.first_offset = walk->begin, .total_length = walk->end - walk->begin};
  walk->offset = walk->begin;
  walk->chunk = SCU__READ_AHEAD_MAX;
  scu__read_ahead_init(&walk->ahead, walk->source);
  scu__reader_init(&walk->reader, encoding, &options);
  scu__dataset_builder_init(&walk->builder, walk->allocator, &limits);
  scu_result result = note_edits(walk, edits, error);
  if (result == SCU_OK) result = scu__dataset_builder_start(&walk->builder, NULL, error);
  if (result == SCU_OK) result = walk_dataset(walk, error);
  if (result == SCU_OK) result = scu__dataset_builder_take(&walk->builder, tree, error);
  return result;
}

void scu__edit_walk_free(scu__edit_walk *walk) {
  if (!walk) return;
  scu__dataset_builder_free(&walk->builder);
  scu__free(walk->allocator, walk->touched);
  scu__free(walk->allocator, walk->occurrences);
  scu__free(walk->allocator, walk);
}
