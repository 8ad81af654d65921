/* What edits do to a tree: of a dataset in memory, or of what they touch of an object that is too big to hold. */
#include <string.h>

#include "data/dictionary.h"
#include "data/edits.h"

typedef struct applying {
  scu_dataset *dataset;
  void (*changed)(void *user, scu_tag tag);
  void *user;
  scu_error *error;
} applying;

static bool remove_private_here(scu_dataset *level) {
  size_t kept = 0;
  for (size_t i = 0; i < level->count; i++)
    if (!scu__tag_is_private(level->elements[i].tag)) level->elements[kept++] = level->elements[i];
  bool was_any = kept < level->count;
  level->count = kept;
  return was_any;
}

/* A level is visited before what is below it, so that nothing is visited that has gone. */
static bool remove_private_below(const scu_element *sequence) {
  bool was_any = false;
  for (size_t i = 0; i < scu_element_item_count(sequence); i++) {
    scu__walk walk;
    scu__walk_start(&walk, sequence->as.items[i]);
    for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;)
      if (remove_private_here((scu_dataset *)at)) was_any = true;
  }
  return was_any;
}

static scu_result remove_private(applying *a) {
  for (size_t i = 0; i < a->dataset->count; i++) {
    const scu_element *element = &a->dataset->elements[i];
    if (scu__tag_is_private(element->tag) || remove_private_below(element)) a->changed(a->user, element->tag);
  }
  remove_private_here(a->dataset);
  return SCU_OK;
}

static scu_result merge(applying *a, const scu_dataset *from) {
  scu_result result = scu_dataset_merge(a->dataset, from);
  if (result != SCU_OK) {
    scu__error_copy(a->error, scu_dataset_error(a->dataset));
    return result;
  }
  for (size_t i = 0; i < from->count; i++) a->changed(a->user, from->elements[i].tag);
  return SCU_OK;
}

static scu_result apply_to_path(applying *a, const scu__edit *edit) {
  switch (edit->kind) {
  case SCU__EDIT_TEXT: return scu__dataset_set_text(a->dataset, &edit->path, (const char *)edit->bytes, a->error);
  case SCU__EDIT_EMPTY: return scu__dataset_set_empty(a->dataset, &edit->path, a->error);
  case SCU__EDIT_REMOVE: return scu__dataset_remove(a->dataset, &edit->path, a->error);
  default:
    return scu__dataset_set_bytes(a->dataset, edit->path.steps[0].tag, edit->vr, edit->bytes, edit->length, a->error);
  }
}

static scu_result apply(applying *a, const scu__edit *edit) {
  if (edit->kind == SCU__EDIT_REMOVE_PRIVATE) return remove_private(a);
  if (edit->kind == SCU__EDIT_DATASET) return merge(a, edit->dataset);
  scu_result result = apply_to_path(a, edit);
  if (result == SCU_OK) a->changed(a->user, edit->path.steps[0].tag);
  return result == SCU_END ? SCU_OK : result;
}

scu_result scu__edits_apply(const scu_edits *edits, scu_dataset *dataset, void (*changed)(void *user, scu_tag tag),
                            void *user, scu_error *error) {
  const scu_error *fault = scu__edits_fault(edits);
  if (fault) {
    scu__error_copy(error, fault);
    return fault->result;
  }
  applying a = {.dataset = dataset, .changed = changed, .user = user, .error = error};
  scu_result result = SCU_OK;
  const scu__edit *edit = NULL;
  while (result == SCU_OK && (edit = scu__edits_next(edits, edit)) != NULL) result = apply(&a, edit);
  return result;
}

static void nobody_hears(void *user, scu_tag tag) {
  (void)user;
  (void)tag;
}

scu_result scu_edits_apply(const scu_edits *edits, scu_dataset *dataset) {
  scu_error error;
  if (!edits || !dataset) return SCU_ERROR_USAGE;
  scu__error_clear(&error);
  scu_result result = scu__edits_apply(edits, dataset, nobody_hears, NULL, &error);
  dataset->tree->error = error;
  return result;
}
