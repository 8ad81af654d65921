/* Walk, apply, encode, and join: the list of changes of bytes. */
#include "data/edited.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/dataset_encode.h"
#include "data/dataset_values.h"
#include "data/edit_walk.h"
#include "data/inflated_source.h"
#include "data/vr.h"

#define TAG_SOP_CLASS    SCU_TAG(0x0008, 0x0016)
#define TAG_SOP_INSTANCE SCU_TAG(0x0008, 0x0018)

void scu__edited_free(scu__edited *edited) {
  if (!edited) return;
  scu__buffer_free(&edited->put);
  scu__free(edited->allocator, edited->splices);
  scu__free(edited->allocator, edited);
}

/* --- what has become of the touched elements ---------------------------------------------------------------------- */

static void note_change(void *user, scu_tag tag) {
  scu__touched *touched = scu__edit_walk_touched(user, tag);
  if (touched) touched->is_changed = true;
}

static bool is_other_text(const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  const uint8_t *bytes = info && info->uses_charset ? scu_element_bytes(element) : NULL;
  return bytes && !scu__is_plain_ascii(bytes, (size_t)element->length, info->may_be_multi);
}

static bool has_other_text(const scu_element *element) {
  if (is_other_text(element)) return true;
  for (size_t i = 0; i < scu_element_item_count(element); i++) {
    scu__walk walk;
    scu__walk_start(&walk, scu_element_item(element, i));
    for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;)
      for (size_t k = 0; k < at->count; k++)
        if (is_other_text(&at->elements[k])) return true;
  }
  return false;
}

/* What would come out as question marks is not converted at all. */
static scu_result check_text(const scu_dataset *level, const scu_element *element, scu__buffer *scratch,
                             scu_error *error) {
  const scu__charset charset = scu__dataset_charset(level);
  bool had_errors = false;
  scu__buffer_clear(scratch);
  scu_result result = scu__charset_to_utf8(&charset, element->vr, scu_element_bytes(element), (size_t)element->length,
                                           scratch, &had_errors);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_FILE);
  if (!had_errors) return SCU_OK;
  char name[100];
  scu__path_format_tag(element->tag, name, sizeof name);
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_FILE,
                        "%s: the text is not in the character set that the object says, and cannot be converted", name);
}

static scu_result check_texts(const scu__edit_walk *walk, const scu_dataset *tree, scu_error *error) {
  scu_result result = SCU_OK;
  scu__buffer scratch;
  scu__walk levels;
  scu__buffer_init(&scratch, walk->allocator, SIZE_MAX);
  scu__walk_start(&levels, tree);
  for (const scu_dataset *at; result == SCU_OK && (at = scu__walk_next(&levels)) != NULL;)
    for (size_t i = 0; i < at->count && result == SCU_OK; i++)
      if (is_other_text(&at->elements[i])) result = check_text(at, &at->elements[i], &scratch, error);
  scu__buffer_free(&scratch);
  return result;
}

/* Another character set: what is more than ASCII has other bytes now. */
static void note_recoded(scu__edit_walk *walk, const scu_dataset *tree) {
  const scu__touched *charset = scu__edit_walk_touched(walk, SCU__TAG_SPECIFIC_CHARACTER_SET);
  if (!charset || !charset->is_changed) return;
  for (size_t i = 0; i < tree->count; i++)
    if (has_other_text(&tree->elements[i])) note_change(walk, tree->elements[i].tag);
}

/* What stays as it was is not encoded again; the character set stays, for those that are. */
static void drop_unchanged(scu__edit_walk *walk, scu_dataset *tree) {
  size_t kept = 0;
  for (size_t i = 0; i < tree->count; i++) {
    scu_tag tag = tree->elements[i].tag;
    const scu__touched *touched = scu__edit_walk_touched(walk, tag);
    if ((touched && touched->is_changed) || tag == SCU__TAG_SPECIFIC_CHARACTER_SET)
      tree->elements[kept++] = tree->elements[i];
  }
  tree->count = kept;
}

/* A text that does not fit is a fault: no encoder may choose another set for it. */
static void fix_charsets(scu_dataset *tree) {
  scu__walk walk;
  scu__walk_start(&walk, tree);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;)
    if (at == tree || scu_dataset_find(at, SCU__TAG_SPECIFIC_CHARACTER_SET))
      ((scu_dataset *)at)->has_fixed_charset = true;
}

static scu_result check_held(const scu_dataset *tree, scu_error *error) {
  scu__walk walk;
  scu__walk_start(&walk, tree);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;)
    for (size_t i = 0; i < at->count; i++) {
      if (!at->elements[i].is_left_out) continue;
      char name[100];
      scu__path_format_tag(at->elements[i].tag, name, sizeof name);
      return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_FILE,
                            "%s: a value of more than %d MiB is in what edits touch", name, SCU__EDIT_VALUE_MAX >> 20);
    }
  return SCU_OK;
}

/* --- who it is ---------------------------------------------------------------------------------------------------- */

static scu_result follow_uid(scu__edit_walk *walk, const scu_dataset *tree, scu_tag tag, const char *name,
                             scu__uid *uid, scu_error *error) {
  const scu__touched *touched = scu__edit_walk_touched(walk, tag);
  char text[sizeof uid->text + 1];
  if (!touched || !touched->is_changed) return SCU_OK;
  if (scu__dataset_tag_text(tree, tag, text, sizeof text) == SCU_OK && scu__uid_is_valid(text) &&
      scu__uid_from_text(uid, text))
    return SCU_OK;
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no valid SOP %s UID is left", name);
}

static scu_result follow_uids(scu__edited *edited, scu__edit_walk *walk, const scu_dataset *tree, scu_error *error) {
  scu_result result = follow_uid(walk, tree, TAG_SOP_CLASS, "Class", &edited->sop_class, error);
  if (result != SCU_OK) return result;
  return follow_uid(walk, tree, TAG_SOP_INSTANCE, "Instance", &edited->sop_instance, error);
}

/* --- joining ------------------------------------------------------------------------------------------------------ */

static scu_result put_in(scu__edited *edited, scu__edit_walk *walk, scu_tag tag, size_t from, size_t to,
                         scu_error *error) {
  const scu__touched *touched = scu__edit_walk_touched(walk, tag);
  if (!touched || !touched->is_changed) return SCU_OK;
  const scu__splice splice = {.offset = touched->place, .put_at = (uint32_t)from, .put_length = (uint32_t)(to - from)};
  return scu__edited_splice(edited, &splice, error);
}

/* The elements at the top of what was encoded, each to its place. */
static scu_result put_encoded(scu__edited *edited, scu__edit_walk *walk, scu__encoding encoding, size_t from,
                              scu_error *error) {
  scu__reader *reader = &walk->reader;
  const scu__reader_options options = {.first_offset = from, .is_strict_end = true};
  scu_tag tag = 0;
  size_t begin = from;
  scu_result result = SCU_OK;
  scu__reader_init(reader, encoding, &options);
  scu__reader_push(reader, edited->put.data + from, edited->put.length - from);
  scu__reader_finish(reader);
  while (result == SCU_OK) {
    scu__token token;
    result = scu__reader_next(reader, &token, error);
    bool is_begin = result == SCU_OK && token.depth == 0 &&
                    (token.kind == SCU__TOKEN_ELEMENT || token.kind == SCU__TOKEN_SEQUENCE_BEGIN);
    if (result < 0 || (result == SCU_OK && !is_begin)) continue;
    size_t end = result == SCU_END ? edited->put.length : (size_t)token.offset;
    scu_result put = end > begin ? put_in(edited, walk, tag, begin, end, error) : SCU_OK;
    if (put != SCU_OK) return put;
    if (result == SCU_OK) tag = token.tag;
    begin = end;
  }
  return result == SCU_END ? SCU_OK : result;
}

static scu_result cut_changed(scu__edited *edited, scu__edit_walk *walk, scu_error *error) {
  scu_result result = SCU_OK;
  for (size_t i = 0; result == SCU_OK && i < walk->occurrence_count; i++) {
    const scu__occurrence *occurrence = &walk->occurrences[i];
    if (!scu__edit_walk_touched(walk, occurrence->tag)->is_changed) continue;
    const scu__splice splice = {.offset = occurrence->offset, .cut = occurrence->length};
    result = scu__edited_splice(edited, &splice, error);
  }
  return result;
}

/* What is put in at a place comes before what is cut out there, in the order of tags. */
static int compare(const void *a, const void *b) {
  const scu__splice *left = a, *right = b;
  if (left->offset != right->offset) return left->offset < right->offset ? -1 : 1;
  if ((left->cut > 0) != (right->cut > 0)) return left->cut > 0 ? 1 : -1;
  return (left->put_at > right->put_at) - (left->put_at < right->put_at);
}

static void settle(scu__edited *edited) {
  uint64_t at = 0, from = edited->offset;
  if (edited->count > 1) qsort(edited->splices, edited->count, sizeof *edited->splices, compare);
  for (size_t i = 0; i < edited->count; i++) {
    scu__splice *splice = &edited->splices[i];
    at += splice->offset - from;
    from = splice->offset + splice->cut;
    splice->at = at;
    at += splice->put_length;
  }
  edited->length = at + (edited->end - from);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static bool is_any_changed(const scu__edit_walk *walk) {
  for (size_t i = 0; i < walk->touched_count; i++)
    if (walk->touched[i].is_changed) return true;
  return walk->has_removed;
}

static scu_result encode(scu__edited *edited, scu_dataset *tree, scu__encoding encoding, scu_error *error) {
  scu_error own;
  scu__error_clear(&own);
  scu_result result = scu__dataset_encode(tree, encoding, &edited->put, &own);
  if (result == SCU_ERROR_LIMIT)
    return scu__error_set(error, result, SCU_PHASE_FILE, "what the edits put in is more than %d MiB",
                          SCU__EDIT_PUT_MAX >> 20);
  if (result != SCU_OK) scu__error_copy(error, &own);
  return result;
}

static scu_result change(scu__edited *edited, scu__edit_walk *walk, scu_dataset *tree, const scu_edits *edits,
                         scu__encoding encoding, scu_error *error) {
  scu_result result = walk->edits_charset ? check_texts(walk, tree, error) : SCU_OK;
  if (result == SCU_OK) result = scu__edits_apply(edits, tree, note_change, walk, error);
  if (result != SCU_OK) return result;
  note_recoded(walk, tree);
  if (!is_any_changed(walk)) return SCU_END;
  drop_unchanged(walk, tree);
  fix_charsets(tree);
  size_t from = edited->put.length;
  result = check_held(tree, error);
  if (result == SCU_OK) result = follow_uids(edited, walk, tree, error);
  if (result == SCU_OK) result = encode(edited, tree, encoding, error);
  if (result == SCU_OK && edited->put.length > from) result = put_encoded(edited, walk, encoding, from, error);
  if (result == SCU_OK) result = cut_changed(edited, walk, error);
  if (result != SCU_OK) return result;
  edited->end = walk->end;
  settle(edited);
  if (edited->length > 0) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the edits leave nothing of the dataset");
}

static scu_result walk_and_change(scu__edited *edited, scu__source *source, scu__encoding encoding,
                                  const scu_edits *edits, scu_error *error) {
  scu_dataset *tree = NULL;
  scu__edit_walk *walk = scu__alloc(edited->allocator, sizeof *walk);
  if (!walk) return scu__error_memory(error, SCU_PHASE_FILE);
  walk->allocator = edited->allocator;
  walk->source = source;
  walk->begin = edited->offset;
  walk->end = edited->end;
  walk->edited = edited;
  scu_result result = scu__edit_walk_run(walk, edits, encoding, &tree, error);
  if (result == SCU_OK) result = change(edited, walk, tree, edits, encoding, error);
  scu_dataset_free(tree);
  scu__edit_walk_free(walk);
  return result;
}

static scu_result make(scu__edited *edited, scu__source *source, const scu__head *head, const scu_edits *edits,
                       scu_error *error) {
  edited->offset = head->dataset_offset;
  edited->end = head->dataset_offset + head->dataset_length;
  if (!head->syntax || !head->syntax->is_deflated) return walk_and_change(edited, source, head->encoding, edits, error);
  scu__source *inflated;
  scu_result result = scu__inflated_source_new(edited->allocator, source, head, &inflated, error);
  if (result != SCU_OK) return result;
  edited->offset = 0;
  edited->end = inflated->size;
  result = walk_and_change(edited, inflated, head->encoding, edits, error);
  inflated->close(inflated);
  return result;
}

scu_result scu__edited_new(const scu_allocator *allocator, scu__source *source, const scu__head *head,
                           const scu_edits *edits, scu__edited **out, scu_error *error) {
  *out = NULL;
  const scu_error *fault = scu__edits_fault(edits);
  if (fault) {
    scu__error_copy(error, fault);
    return fault->result;
  }
  if (head->is_truncated)
    return scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_FILE, "a file that is cut is not edited");
  scu__edited *edited = scu__alloc(allocator, sizeof *edited);
  if (!edited) return scu__error_memory(error, SCU_PHASE_FILE);
  edited->allocator = allocator;
  edited->sop_class = head->sop_class;
  edited->sop_instance = head->sop_instance;
  scu__buffer_init(&edited->put, allocator, SCU__EDIT_PUT_MAX);
  scu_result result = make(edited, source, head, edits, error);
  if (result == SCU_OK) {
    *out = edited;
    return SCU_OK;
  }
  scu__edited_free(edited);
  return result == SCU_END ? SCU_OK : result;
}
