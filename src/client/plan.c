/* The store plan. See plan.h for the order of calls. */
#include "client/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "data/dicomdir.h"
#include "data/sop_class.h"
#include "data/uids.h"
#include "io/below.h"
#include "io/file.h"

scu_result scu__store_plan_init(scu__store_plan *plan, const scu_allocator *allocator, bool allow_truncated) {
  *plan = (scu__store_plan){.allocator = allocator, .allow_truncated = allow_truncated};
  scu__error_clear(&plan->failure);
  plan->candidates = scu__alloc_array(allocator, SCU__PLAN_WINDOW, sizeof *plan->candidates);
  return plan->candidates ? SCU_OK : SCU_ERROR_MEMORY;
}

void scu__candidate_prepare(scu__candidate *candidate, const scu_allocator *allocator) {
  if (candidate->file || scu__candidate_open(candidate, allocator, &candidate->file, NULL) != SCU_OK) return;
  scu__source *file = candidate->file;
  if (file->lend && file->size > 0) file->lend(file, 0, 1); /* what it costs to lend is paid now */
}

void scu__candidate_unprepare(scu__candidate *candidate) {
  scu__source_close(candidate->file);
  candidate->file = NULL;
}

static void forget_edits(scu__candidate *candidate) {
  scu__edited_free(candidate->edited);
  candidate->edited = NULL;
}

void scu__store_plan_set(scu__store_plan *plan, scu__candidate *candidate, scu__candidate_state state) {
  if (state == SCU__CANDIDATE_DONE) forget_edits(candidate);
  if (candidate->state == SCU__CANDIDATE_WAITING) plan->waiting--;
  if (state == SCU__CANDIDATE_WAITING) plan->waiting++;
  if (state == SCU__CANDIDATE_DONE) plan->done++;
  candidate->state = state;
  while (plan->first < plan->count && plan->candidates[plan->first].state == SCU__CANDIDATE_DONE) plan->first++;
}

static void clear_window(scu__store_plan *plan) {
  for (size_t i = 0; i < plan->count; i++) {
    scu__candidate_unprepare(&plan->candidates[i]);
    forget_edits(&plan->candidates[i]);
    scu__free(plan->allocator, plan->candidates[i].path);
    scu__free(plan->allocator, plan->candidates[i].error);
  }
  plan->count = plan->first = plan->waiting = plan->done = 0;
}

void scu__store_plan_free(scu__store_plan *plan) {
  if (!plan->candidates) return;
  clear_window(plan);
  scu__free(plan->allocator, plan->candidates);
  plan->candidates = NULL;
}

/* --- scan --------------------------------------------------------------------------------------------------------- */

/* A DICOMDIR is DICOM but nothing to store. Its file meta says so, its dataset has no SOP Class UID (PS3.3 F.3). */
static bool is_dicomdir(const scu__head *head) {
  return scu__dicomdir_is(&head->meta) || strcmp(head->sop_class.text, SCU__UID_MEDIA_STORAGE_DIRECTORY) == 0;
}

/* A file that can be sent names its class and instance. */
static scu_result check_identity(scu__candidate *candidate, scu_error *error) {
  const scu__head *head = &candidate->head;
  if (!head->sop_class.text[0] || !head->sop_instance.text[0])
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "no SOP %s UID in the dataset",
                          head->sop_class.text[0] ? "Instance" : "Class");
  if (!scu__uid_is_valid(head->sop_class.text))
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "the SOP Class UID is not a UID");
  if (!scu__uid_is_valid(head->meta.transfer_syntax.text))
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "the Transfer Syntax UID is not a UID");
  return SCU_OK;
}

scu_result scu__candidate_open(const scu__candidate *candidate, const scu_allocator *allocator, scu__source **out,
                               scu_error *error) {
  const scu__place *place = &candidate->place;
  if (place->root_length > 0) return scu__below_open(candidate->path, place->root_length, allocator, out, error);
  if (!place->bytes) return scu__file_source_open(candidate->path, allocator, out, error);
  *out = scu__memory_source_new(allocator, place->bytes, place->length);
  return *out ? SCU_OK : scu__error_memory(error, SCU_PHASE_FILE);
}

scu_result scu__candidate_walk(scu__candidate *candidate, const scu_allocator *allocator, bool allow_truncated,
                               scu_error *error) {
  scu__source *file = NULL;
  scu_result result = scu__candidate_open(candidate, allocator, &file, error);
  if (result != SCU_OK) {
    candidate->is_dicom = candidate->is_named; /* an unreadable file is not taken for a foreign one */
    return result;
  }
  scu__head_options options = {.allow_truncated = allow_truncated};
  candidate->file_size = file->size;
  result = scu__head_walk(file, allocator, &options, &candidate->head, error);
  candidate->is_dicom = result == SCU_OK || candidate->head.meta.has_preamble || candidate->head.meta.has_meta;
  scu__source_close(file);
  if (result != SCU_ERROR_MEMORY && is_dicomdir(&candidate->head)) {
    scu__error_clear(error);
    candidate->is_dicom = false; /* met in a folder it is passed over like any file that is no instance */
    return scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_FILE, "a DICOMDIR is not an instance to store");
  }
  return result == SCU_OK ? check_identity(candidate, error) : result;
}

static scu_result open_unchanged(const scu__candidate *candidate, const scu_allocator *allocator, scu__source **file,
                                 scu_error *error) {
  scu_result result = scu__candidate_open(candidate, allocator, file, error);
  if (result != SCU_OK || (*file)->size == candidate->file_size) return result;
  scu__source_close(*file);
  *file = NULL;
  return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "the file has changed since it was checked");
}

scu_result scu__candidate_edit(scu__candidate *candidate, const scu_allocator *allocator, const scu_edits *edits,
                               scu_error *error) {
  scu__source *file = NULL;
  scu__head *head = &candidate->head;
  scu_result result = open_unchanged(candidate, allocator, &file, error);
  if (result != SCU_OK) return result;
  result = scu__edited_new(allocator, file, head, edits, &candidate->edited, error);
  scu__source_close(file);
  if (result != SCU_OK || !candidate->edited) return result;
  candidate->source_sop_instance = head->sop_instance;
  head->sop_class = candidate->edited->sop_class;
  head->sop_instance = candidate->edited->sop_instance;
  return SCU_OK;
}

uint64_t scu__candidate_bytes(const scu__candidate *candidate) {
  bool is_deflated = candidate->head.syntax && candidate->head.syntax->is_deflated;
  return candidate->edited && !is_deflated ? candidate->edited->length : candidate->head.dataset_length;
}

static scu_result keep_error(scu__store_plan *plan, scu__candidate *candidate, const scu_error *error) {
  candidate->error = scu__alloc(plan->allocator, sizeof *candidate->error);
  if (!candidate->error) return SCU_ERROR_MEMORY;
  scu__error_copy(candidate->error, error);
  return SCU_OK;
}

static scu_result scan_one(scu__store_plan *plan, const scu__path_found *found, scu_error *error) {
  scu__candidate *candidate = &plan->candidates[plan->count];
  memset(candidate, 0, sizeof *candidate);
  candidate->path = scu__strdup(plan->allocator, found->path);
  if (!candidate->path) return scu__error_memory(error, SCU_PHASE_FILE);
  candidate->place = found->place;
  candidate->is_named = found->is_named;
  plan->count++;
  plan->waiting++;
  scu_error own;
  scu__error_clear(&own);
  scu_result result = SCU_OK;
  if (found->problem) {
    scu__error_copy(&own, found->problem);
    candidate->is_dicom = true; /* nobody could look: a failure, not a foreign file */
    result = own.result;
  } else {
    result = scu__candidate_walk(candidate, plan->allocator, plan->allow_truncated, &own);
  }
  candidate->is_instance = result == SCU_OK;
  if (result == SCU_OK) return SCU_OK;
  if (result == SCU_ERROR_MEMORY || keep_error(plan, candidate, &own) != SCU_OK)
    return scu__error_memory(error, SCU_PHASE_FILE);
  return SCU_OK;
}

scu_result scu__store_plan_scan(scu__store_plan *plan, scu_source *source, scu_error *error) {
  clear_window(plan);
  if (scu__error_is_set(&plan->failure)) {
    scu__error_copy(error, &plan->failure);
    return plan->failure.result;
  }
  while (plan->count < SCU__PLAN_WINDOW && !plan->is_exhausted) {
    scu__path_found found;
    scu_result result = scu__source_next(source, &found, &plan->failure);
    if (result == SCU_END) {
      plan->is_exhausted = true;
      break;
    }
    if (result == SCU_OK) result = scan_one(plan, &found, &plan->failure);
    if (result == SCU_OK) continue;
    scu__error_set(&plan->failure, result, SCU_PHASE_FILE, "the source of files failed");
    if (plan->count > 0) return SCU_OK;
    scu__error_copy(error, &plan->failure);
    return result;
  }
  return plan->count > 0 ? SCU_OK : SCU_END;
}

/* --- propose ------------------------------------------------------------------------------------------------------ */

/* The native syntaxes for one class; which of them leads does not matter, the acceptor chooses. */
static const char *const native_syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE};

static const char *own_syntax(const scu__candidate *candidate) {
  return candidate->head.meta.transfer_syntax.text;
}

static bool is_little_endian_native(const char *syntax) {
  return strcmp(syntax, SCU__UID_EXPLICIT_LE) == 0 || strcmp(syntax, SCU__UID_IMPLICIT_LE) == 0;
}

static bool has_context(const scu__associate *rq, const char *sop_class, const char *syntax, size_t syntax_count) {
  for (size_t i = 0; i < rq->context_count; i++) {
    const scu__context *context = &rq->contexts[i];
    if (context->count == syntax_count && strcmp(context->abstract_syntax.text, sop_class) == 0 &&
        strcmp(context->transfer_syntaxes[0].text, syntax) == 0)
      return true;
  }
  return false;
}

static scu_result add_once(scu__associate *rq, const char *sop_class, const char *const *syntaxes, size_t count) {
  if (has_context(rq, sop_class, syntaxes[0], count)) return SCU_OK;
  return scu__associate_add_context(rq, sop_class, syntaxes, count, NULL);
}

/* One context with the object's own syntax alone, so that the acceptor cannot prefer another, and one with the native
 * ones for objects that can be rewritten. */
static scu_result propose_one(const scu__candidate *candidate, scu__associate *rq) {
  const char *sop_class = candidate->head.sop_class.text;
  const char *own = own_syntax(candidate);
  scu_result result = add_once(rq, sop_class, &own, 1);
  if (result != SCU_OK || !scu__transfer_syntax_is_native(candidate->head.syntax)) return result;
  return add_once(rq, sop_class, native_syntaxes, 2);
}

scu_result scu__store_plan_propose(const scu__store_plan *plan, size_t from, scu__associate *rq, size_t *to) {
  for (*to = from; *to < plan->count; ++*to) {
    const scu__candidate *candidate = &plan->candidates[*to];
    if (!candidate->is_instance || candidate->state != SCU__CANDIDATE_WAITING) continue;
    if (rq->context_count + 2 > SCU__CONTEXTS_MAX) return SCU_OK; /* the rest goes over another association */
    scu_result result = propose_one(candidate, rq);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

/* --- settle ------------------------------------------------------------------------------------------------------- */

scu__way scu__store_plan_settle(const scu__candidate *candidate, const scu__negotiated *negotiated,
                                const scu__accepted_context **context) {
  const char *sop_class = candidate->head.sop_class.text;
  *context = scu__negotiated_find(negotiated, sop_class, own_syntax(candidate), false);
  if (*context) return SCU__WAY_AS_IT_IS;
  if (!scu__transfer_syntax_is_native(candidate->head.syntax) || candidate->head.is_truncated) return SCU__WAY_NONE;
  for (size_t i = 0; i < sizeof native_syntaxes / sizeof *native_syntaxes; i++) {
    *context = scu__negotiated_find(negotiated, sop_class, native_syntaxes[i], false);
    if (*context) return SCU__WAY_REWRITTEN;
  }
  return SCU__WAY_NONE;
}

void scu__store_plan_explain(const scu__candidate *candidate, const scu__negotiated *negotiated, char *text,
                             size_t room) {
  const char *class_name = scu__uid_name(candidate->head.sop_class.text);
  const char *syntax_name = scu__uid_name(own_syntax(candidate));
  const char *sop_class = class_name ? class_name : candidate->head.sop_class.text;
  const char *syntax = syntax_name ? syntax_name : own_syntax(candidate);
  if (!scu__negotiated_find(negotiated, candidate->head.sop_class.text, NULL, false)) {
    for (size_t i = 0; i < negotiated->refused_count; i++) {
      const scu__refused_context *refused = &negotiated->refused[i];
      if (strcmp(refused->abstract_syntax.text, candidate->head.sop_class.text) != 0) continue;
      snprintf(text, room, "the peer refused %s in %s: %s", sop_class, syntax, refused->reason);
      return;
    }
  }
  snprintf(text, room, "the peer takes %s, but not in %s%s", sop_class, syntax,
           is_little_endian_native(own_syntax(candidate)) ? "" : ", and this build does not convert it");
}
