/* Taking stock before a transfer: what matches becomes the promise, and targets to ask for. */
#include <string.h>

#include "client/query_options.h"
#include "client/retrieve_private.h"
#include "client/uid_list.h"

/* Nothing is promised: the instances go elsewhere, or the model does not name them. */
static bool is_promise_wanted(const scu__retrieve *op) {
  return op->wish != SCU__WAY_MOVE && scu__model_info_of(op->shape.model)->last == SCU_LEVEL_IMAGE;
}

/* PS3.4 C.2.2.1.2: what has no value for a required key matches any, so a search by Patient ID may find studies that
 * are nobody's. Shown, they do no harm; fetched, they would be taken for the patient's. */
static bool is_nobodys(const scu__retrieve *op, const scu_dataset *row) {
  char text[SCU__UNIQUE_VALUE_MAX];
  scu_tag tag = scu__query_unique_key(SCU_LEVEL_PATIENT);
  const scu_element *wanted = scu_dataset_find(op->query->keys, tag);
  size_t length = wanted ? (size_t)scu_element_length(wanted) : 0;
  const uint8_t *bytes = wanted ? scu_element_bytes(wanted) : NULL;
  while (length > 0 && bytes && (bytes[length - 1] == '*' || bytes[length - 1] == ' ')) length--;
  return length > 0 && scu_dataset_find(row, tag) && scu__dataset_tag_text(row, tag, text, sizeof text) == SCU_OK &&
         !text[0];
}

/* What the match said that is retrieved holds where the answers below it say nothing. */
static scu__location locate(scu__retrieve *op, const scu_dataset *row) {
  scu__location location = scu__routes_locate(&op->routes, row, op->given);
  if (location.availability == SCU_AVAILABILITY_NEARLINE) op->has_nearline = true;
  return location;
}

static scu_result add_row(scu__retrieve *op, const scu_dataset *row, scu_error *error) {
  scu__location location = locate(op, row);
  if (is_promise_wanted(op))
    return scu__inventory_add(&op->inventory, op->shape.level, op->shape.first, row, location, error);
  scu__unique_keys known;
  scu__inventory_read_keys(row, op->shape.first, op->shape.level, &known);
  size_t before = op->inventory.target_count;
  scu_result result = scu__inventory_add_target(&op->inventory, op->shape.level, &known, location, error);
  if (op->inventory.target_count > before) scu__retrieve_note_numbers(op, op->shape.level, row);
  return result;
}

static void take_row(void *owner, const scu_dataset *row) {
  scu__retrieve *op = owner;
  if (is_nobodys(op, row)) {
    if (!op->is_nobody_told)
      scu__op_warn(&op->op, "matches without a Patient ID are not fetched: nothing says whose they are");
    op->is_nobody_told = true;
    return;
  }
  scu_error error;
  scu__error_clear(&error);
  scu_result result = add_row(op, row, &error);
  if (result == SCU_OK) return;
  scu__retrieve_finish(op, result, &error);
  scu__drill_cancel(op->drill);
}

const scu_element *scu__retrieve_last_key(const scu__retrieve *op) {
  return scu_dataset_find(op->query->keys, scu__query_unique_key(op->shape.level));
}

/* A query of unique keys needs no C-FIND: it is a target by itself, or several when its list of UIDs is long. */
static scu_result make_targets_of_query(scu__retrieve *op, scu_error *error) {
  scu__unique_keys known;
  scu__query_first_level(op->query, &op->shape, &known);
  const scu_element *study = scu_dataset_find(op->query->keys, scu__query_unique_key(SCU_LEVEL_STUDY));
  if (study && scu__key_is_single(study) && op->shape.level == SCU_LEVEL_STUDY && !op->query->is_raw)
    scu__dataset_tag_text(op->query->keys, scu__query_unique_key(SCU_LEVEL_STUDY), known.value[SCU_LEVEL_STUDY],
                          SCU__UNIQUE_VALUE_MAX);
  if (op->given.availability == SCU_AVAILABILITY_NEARLINE) op->has_nearline = true;
  const scu_element *key = scu__retrieve_last_key(op);
  size_t uids = key && !op->query->is_raw ? scu__uid_list_count(key) : 0, at = 0;
  do {
    scu_result result = scu__inventory_add_target(&op->inventory, op->shape.level, &known, op->given, error);
    if (result != SCU_OK) return result;
    op->inventory.targets[op->inventory.target_count - 1].first_uid = at;
    at += scu__retrieve_session(op)->config->uids_per_request;
  } while (at < uids);
  return SCU_OK;
}

static void go_on_with_promise(scu__retrieve *op) {
  scu_error error;
  scu__error_clear(&error);
  scu__retrieve_compare_numbers(op);
  scu_result result = scu__retrieve_look_for_unmatched(op);
  if (result == SCU_OK)
    scu__retrieve_transfer(op);
  else
    scu__retrieve_finish(op, scu__error_memory(&error, SCU_PHASE_REQUEST), &error);
}

static void drill_done(void *owner, const scu__drill_result *result) {
  scu__retrieve *op = owner;
  if (op->op.is_done) return;
  bool cannot_find = result->result == SCU_ERROR_REJECTED || result->result == SCU_ERROR_REFUSED;
  if (result->result == SCU_OK) {
    op->has_promise = is_promise_wanted(op);
    go_on_with_promise(op);
  } else if (cannot_find && scu__query_has_only_unique_keys(op->query, &op->shape)) {
    scu__op_warn(&op->op, "the peer does not say what it has (%s): only counts can be compared", result->error->reason);
    scu__inventory_free(&op->inventory);
    scu_error error;
    scu__error_clear(&error);
    scu_result made = make_targets_of_query(op, &error);
    if (made == SCU_OK)
      scu__retrieve_transfer(op);
    else
      scu__retrieve_finish(op, made, &error);
  } else {
    scu__retrieve_finish(op, result->result, result->error);
  }
}

static void note_numbers(void *owner, scu_query_level level, const scu_dataset *row) {
  scu__retrieve *op = owner;
  if (is_promise_wanted(op) && !is_nobodys(op, row)) scu__retrieve_note_numbers(op, level, row);
}

static void note_doubt(void *owner, const char *study_uid) {
  scu__retrieve *op = owner;
  scu__inventory_study *study;
  if (*study_uid && scu__inventory_study_of(&op->inventory, study_uid, &study) == SCU_OK)
    study->is_doubtful = true;
  else
    op->are_all_doubtful = true;
}

static const scu__drill_handler drill_handler = {
    .row = take_row, .done = drill_done, .doubt = note_doubt, .into = note_numbers};

/* It is left out where nothing would be learned: a move elsewhere with unique keys, a raw identifier. */
scu_result scu__retrieve_take_stock(scu__retrieve *op, scu_error *error) {
  bool knows_targets = op->query->is_raw || (op->wish == SCU__WAY_MOVE && scu__query_is_unique(op->query, &op->shape));
  if (knows_targets) {
    scu_result result = make_targets_of_query(op, error);
    if (result == SCU_OK) scu__retrieve_transfer(op);
    return result;
  }
  scu_query_level floor = is_promise_wanted(op) ? SCU_LEVEL_IMAGE : op->shape.level;
  scu_result result = scu__drill_new(&op->op, op->query, floor, &drill_handler, op, &op->drill, error);
  if (result != SCU_OK) return result;
  scu__drill_for_all(op->drill);
  scu__drill_start(op->drill);
  return SCU_OK;
}
