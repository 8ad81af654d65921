/* The list: each call is checked as far as that can be done without an object, and kept. */
#include "data/edits.h"

#include <string.h>

#include "data/dataset_edit.h"
#include "data/dictionary.h"
#include "data/element.h"
#include "data/utf8.h"
#include "data/value_check.h"
#include "data/vr.h"

enum { EDITS_MAX = 10000, HELD_MAX = 16 * 1024 * 1024, ELEMENT_COST = 32 };

/* --- life --------------------------------------------------------------------------------------------------------- */

void scu__edits_init(scu_edits *edits, const scu_allocator *allocator, const scu_edits *before) {
  *edits = (scu_edits){.allocator = allocator, .before = before};
  scu__error_clear(&edits->error);
  scu__error_clear(&edits->fault);
}

scu_result scu_edits_new(const scu_allocator *allocator, scu_edits **out) {
  *out = scu__alloc(allocator, sizeof **out);
  if (!*out) return SCU_ERROR_MEMORY;
  scu__edits_init(*out, allocator, NULL);
  return SCU_OK;
}

static void free_edit(const scu_allocator *allocator, scu__edit *edit) {
  if (edit) scu_dataset_free(edit->dataset);
  scu__free(allocator, edit);
}

void scu_edits_clear(scu_edits *edits) {
  while (edits->first) {
    scu__edit *next = edits->first->next;
    free_edit(edits->allocator, edits->first);
    edits->first = next;
  }
  scu__edits_init(edits, edits->allocator, edits->before);
}

void scu_edits_free(scu_edits *edits) {
  if (!edits) return;
  scu_edits_clear(edits);
  scu__free(edits->allocator, edits);
}

const scu_error *scu_edits_error(const scu_edits *edits) {
  return edits ? &edits->error : NULL;
}

size_t scu_edits_count(const scu_edits *edits) {
  return edits->count;
}

bool scu__edits_is_empty(const scu_edits *edits) {
  return !scu__edits_next(edits, NULL) && !scu__edits_fault(edits);
}

const scu_error *scu__edits_fault(const scu_edits *edits) {
  if (edits->before && scu__error_is_set(&edits->before->fault)) return &edits->before->fault;
  return scu__error_is_set(&edits->fault) ? &edits->fault : NULL;
}

const scu__edit *scu__edits_next(const scu_edits *edits, const scu__edit *edit) {
  if (!edit) return edits->before && edits->before->first ? edits->before->first : edits->first;
  if (edit->next) return edit->next;
  return edits->before && edit == edits->before->last ? edits->first : NULL;
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

static scu_result fail(scu_edits *edits, scu_tag tag, const char *reason) {
  char name[100];
  scu__path_format_tag(tag, name, sizeof name);
  return scu__error_set(&edits->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: %s", name, reason);
}

static scu_result out_of_memory(scu_edits *edits) {
  return scu__error_memory(&edits->error, SCU_PHASE_USAGE);
}

/* The end of every call that adds: a list with a hole in it is never applied. */
static scu_result conclude(scu_edits *edits, scu_result result) {
  if (result != SCU_OK && !scu__error_is_set(&edits->fault)) scu__error_copy(&edits->fault, &edits->error);
  return result;
}

static scu_result check_tag(scu_edits *edits, scu_tag tag) {
  if (SCU_TAG_GROUP(tag) <= 0x0002)
    return fail(edits, tag, "elements of command sets and of file meta are not edited; they follow the dataset");
  if (SCU_TAG_GROUP(tag) == 0xFFFE) return fail(edits, tag, "an item or delimiter is not an element");
  if (scu__tag_is_group_length(tag)) return fail(edits, tag, "a group length is not edited; it is left out");
  if (tag == SCU__TAG_TRAILING_PADDING) return fail(edits, tag, "padding is not edited");
  return SCU_OK;
}

static scu_result check_path(scu_edits *edits, const char *text, scu__path *path) {
  scu__error_clear(&edits->error);
  if (!text) return scu__error_set(&edits->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no path");
  scu_result result = scu__path_parse(text, path, &edits->error);
  for (size_t i = 0; result == SCU_OK && i < path->depth; i++) result = check_tag(edits, path->steps[i].tag);
  return result;
}

/* Whether its bytes are native or fragments is the transfer syntax's to say; it is copied through or left out. */
static scu_result check_not_pixels(scu_edits *edits, scu_tag tag) {
  bool is_pixels = tag == SCU__TAG_PIXEL_DATA || tag == SCU_TAG(0x7FE0, 0x0008) || tag == SCU_TAG(0x7FE0, 0x0009);
  return is_pixels ? fail(edits, tag, "Pixel Data is not edited, only removed") : SCU_OK;
}

static bool is_of_one_vr(scu_tag tag) {
  const scu__dictionary_entry *entry = scu__dictionary_find(tag);
  return entry && entry->vr != SCU_VR_NONE && entry->other_vr[0] == SCU_VR_NONE;
}

/* What the dictionary settles is tried on a dataset without anything: there only first items can be made. */
static scu_result try_text(scu_edits *edits, const scu__path *path, const char *utf8) {
  if (!utf8) return scu__error_set(&edits->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no text");
  const scu__path_step *last = &path->steps[path->depth - 1];
  if (!scu__utf8_is_valid((const uint8_t *)utf8, strlen(utf8))) return fail(edits, last->tag, "the text is not UTF-8");
  if (!last->has_item && !is_of_one_vr(last->tag)) return SCU_OK;
  scu__path tried = *path;
  for (size_t i = 0; i < tried.depth; i++) tried.steps[i].item = 0;
  scu_dataset *nothing;
  if (scu_dataset_new(edits->allocator, &nothing) != SCU_OK) return out_of_memory(edits);
  scu_result result = scu__dataset_set_text(nothing, &tried, utf8, &edits->error);
  scu_dataset_free(nothing);
  char reason[SCU__VALUE_REASON_MAX];
  if (result != SCU_OK || last->has_item || scu__value_check(scu__dictionary_find(last->tag), utf8, reason))
    return result;
  return fail(edits, last->tag, reason);
}

/* --- keeping ------------------------------------------------------------------------------------------------------ */

static scu_result check_room(scu_edits *edits, size_t length) {
  if (edits->count < EDITS_MAX && length <= HELD_MAX - edits->held) return SCU_OK;
  return scu__error_set(&edits->error, SCU_ERROR_LIMIT, SCU_PHASE_USAGE,
                        "more than %d edits, or than %d MiB of values, in one list", EDITS_MAX, HELD_MAX >> 20);
}

static void append(scu_edits *edits, scu__edit *edit, size_t held) {
  if (edits->last)
    edits->last->next = edit;
  else
    edits->first = edit;
  edits->last = edit;
  edits->count++;
  edits->held += held;
}

static scu_result keep(scu_edits *edits, const scu__edit *model, const void *bytes, size_t length) {
  scu_result result = check_room(edits, length);
  if (result != SCU_OK) return result;
  scu__edit *edit = scu__alloc(edits->allocator, sizeof *edit + length + 1);
  if (!edit) return out_of_memory(edits);
  *edit = *model;
  edit->next = NULL;
  edit->bytes = (uint8_t *)(edit + 1);
  edit->length = length;
  if (length > 0) memcpy(edit->bytes, bytes, length);
  append(edits, edit, length);
  return SCU_OK;
}

scu_result scu__edits_copy(const scu_edits *edits, const scu_allocator *allocator, scu_edits **out) {
  scu_result result = scu_edits_new(allocator, out);
  for (const scu__edit *edit = edits->first; result == SCU_OK && edit; edit = edit->next)
    result = edit->dataset ? scu_edits_set_dataset(*out, edit->dataset) : keep(*out, edit, edit->bytes, edit->length);
  if (result == SCU_OK) return SCU_OK;
  scu_edits_free(*out);
  *out = NULL;
  return result;
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

scu_result scu_edits_set_text(scu_edits *edits, const char *path, const char *utf8) {
  scu__edit edit = {.kind = SCU__EDIT_TEXT};
  scu_result result = check_path(edits, path, &edit.path);
  if (result == SCU_OK) result = try_text(edits, &edit.path, utf8);
  if (result == SCU_OK) result = keep(edits, &edit, utf8, strlen(utf8));
  return conclude(edits, result);
}

static scu_result check_bytes(scu_edits *edits, scu_tag tag, scu_vr vr, const void *bytes, size_t length) {
  scu_result result = check_tag(edits, tag);
  if (result == SCU_OK) result = check_not_pixels(edits, tag);
  if (result != SCU_OK) return result;
  if (vr == SCU_VR_SQ) return fail(edits, tag, "a sequence has items, not bytes");
  if (!scu__vr_is_plausible(vr)) return fail(edits, tag, "no such VR");
  if (tag == SCU__TAG_SPECIFIC_CHARACTER_SET) return fail(edits, tag, "a character set is set as text");
  return bytes || length == 0 ? SCU_OK : fail(edits, tag, "no bytes");
}

scu_result scu_edits_set_bytes(scu_edits *edits, scu_tag tag, scu_vr vr, const void *bytes, size_t length) {
  scu__edit edit = {.kind = SCU__EDIT_BYTES, .path = scu__path_of_tag(tag), .vr = vr};
  scu__error_clear(&edits->error);
  scu_result result = check_bytes(edits, tag, vr, bytes, length);
  if (result == SCU_OK) result = keep(edits, &edit, bytes, length);
  return conclude(edits, result);
}

/* Only the elements at the top become the object's own; what they are made of is theirs. */
static scu_result check_dataset(scu_edits *edits, const scu_dataset *from, size_t *held) {
  if (!from) return scu__error_set(&edits->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no dataset");
  for (size_t i = 0; i < scu_dataset_count(from); i++) {
    scu_tag tag = scu_element_tag(scu_dataset_at(from, i));
    scu_result result = check_tag(edits, tag);
    if (result == SCU_OK) result = check_not_pixels(edits, tag);
    if (result != SCU_OK) return result;
  }
  scu__walk walk;
  scu__walk_start(&walk, from);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
    for (size_t i = 0; i < at->count; i++) {
      const scu_element *element = &at->elements[i];
      if (element->is_left_out) return fail(edits, element->tag, "the value was left out when the dataset was read");
      *held += ELEMENT_COST;
      if (element->length > HELD_MAX - (*held < HELD_MAX ? *held : HELD_MAX))
        return check_room(edits, (size_t)HELD_MAX + 1);
      *held += (size_t)element->length;
    }
  }
  return check_room(edits, *held);
}

static scu_result copy_dataset(scu_edits *edits, const scu_dataset *from, scu_dataset **out) {
  const scu__path charset = scu__path_of_tag(SCU__TAG_SPECIFIC_CHARACTER_SET);
  scu_result result = scu_dataset_copy(from, out);
  if (result == SCU_OK) result = scu__dataset_texts_to_utf8(*out);
  if (result == SCU_OK) result = scu__dataset_remove(*out, &charset, NULL);
  return result == SCU_OK || result == SCU_END ? SCU_OK : out_of_memory(edits);
}

static scu_result keep_dataset(scu_edits *edits, const scu_dataset *from) {
  size_t held = 0;
  scu_result result = check_dataset(edits, from, &held);
  if (result != SCU_OK) return result;
  scu__edit *edit = scu__alloc(edits->allocator, sizeof *edit);
  if (!edit) return out_of_memory(edits);
  edit->kind = SCU__EDIT_DATASET;
  result = copy_dataset(edits, from, &edit->dataset);
  if (result != SCU_OK) {
    free_edit(edits->allocator, edit);
    return result;
  }
  append(edits, edit, held);
  return SCU_OK;
}

scu_result scu_edits_set_dataset(scu_edits *edits, const scu_dataset *from) {
  scu__error_clear(&edits->error);
  return conclude(edits, keep_dataset(edits, from));
}

scu_result scu_edits_set_empty(scu_edits *edits, const char *path) {
  scu__edit edit = {.kind = SCU__EDIT_EMPTY};
  scu_result result = check_path(edits, path, &edit.path);
  if (result == SCU_OK && edit.path.depth == 1) result = check_not_pixels(edits, edit.path.steps[0].tag);
  if (result == SCU_OK) result = keep(edits, &edit, NULL, 0);
  return conclude(edits, result);
}

scu_result scu_edits_remove(scu_edits *edits, const char *path) {
  scu__edit edit = {.kind = SCU__EDIT_REMOVE};
  scu_result result = check_path(edits, path, &edit.path);
  if (result == SCU_OK) result = keep(edits, &edit, NULL, 0);
  return conclude(edits, result);
}

scu_result scu_edits_remove_private(scu_edits *edits) {
  const scu__edit edit = {.kind = SCU__EDIT_REMOVE_PRIVATE};
  scu__error_clear(&edits->error);
  return conclude(edits, keep(edits, &edit, NULL, 0));
}
