/* The report of a retrieve: the verdict, over all and for each study, and what is missing with the reason (RULES 22).
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/retrieve_private.h"

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* Copies of the inventory's UIDs, one block for all: studies, series, classes, missing instances. */
typedef struct copies {
  scu__uid *studies, *series, *classes, *unmatched, *instances;
} copies;

static scu_result copy_uids(const scu__inventory *inventory, size_t missing, scu_retrieve_report *report, copies *to) {
  size_t count =
      inventory->study_count + inventory->series_count + inventory->class_count + inventory->unmatched_count + missing;
  if (count == 0) return SCU_OK;
  report->uids = scu__alloc_array(report->allocator, count, sizeof *report->uids);
  if (!report->uids) return SCU_ERROR_MEMORY;
  to->studies = report->uids;
  to->series = to->studies + inventory->study_count;
  to->classes = to->series + inventory->series_count;
  to->unmatched = to->classes + inventory->class_count;
  to->instances = to->unmatched + inventory->unmatched_count;
  for (size_t i = 0; i < inventory->unmatched_count; i++) to->unmatched[i] = inventory->unmatched[i].uid;
  for (size_t i = 0; i < inventory->study_count; i++) to->studies[i] = inventory->studies[i].uid;
  for (size_t i = 0; i < inventory->class_count; i++) to->classes[i] = inventory->classes[i];
  for (size_t i = 0; i < inventory->series_count; i++)
    memcpy(to->series[i].text, inventory->series[i].known.value[SCU_LEVEL_SERIES], SCU__UNIQUE_VALUE_MAX);
  return SCU_OK;
}

/* --- missing ------------------------------------------------------------------------------------------------------ */

static const char *reason_of(const scu__entry *entry) {
  if (entry->is_held_back)
    return entry->availability == SCU_AVAILABILITY_OFFLINE ? "offline: not asked for" : "unavailable: not asked for";
  switch ((scu__fate)entry->fate) {
  case SCU__FATE_CONFLICT: return "another object with this UID was here before";
  case SCU__FATE_TWOFOLD: return "two different objects came with this UID";
  case SCU__FATE_OTHER_STUDY: return "came as a part of another study than it was promised for";
  case SCU__FATE_REFUSED: return "came, and was not kept";
  case SCU__FATE_LOST: return "the association ended before it was complete";
  case SCU__FATE_FAILED: return "the peer says that it could not send it";
  default: return "did not come";
  }
}

static void list_missing(const scu__inventory *inventory, const copies *uids, scu_retrieve_report *report) {
  for (size_t i = 0; i < inventory->count; i++) {
    const scu__entry *entry = &inventory->entries[i];
    if (entry->fate == SCU__FATE_RECEIVED) continue;
    size_t at = report->missing_count++;
    uids->instances[at] = entry->instance;
    bool is_refused =
        entry->fate == SCU__FATE_REFUSED || entry->fate == SCU__FATE_CONFLICT || entry->fate == SCU__FATE_TWOFOLD;
    report->missing[at] = (scu_missing_instance){
        .size = sizeof *report->missing,
        .sop_instance_uid = uids->instances[at].text,
        .sop_class_uid = uids->classes[entry->sop_class].text,
        .study_instance_uid = uids->studies[inventory->series[entry->series].study].text,
        .series_instance_uid = uids->series[entry->series].text,
        .reason = reason_of(entry),
        .status = is_refused ? entry->status : 0xFFFF,
        .is_offline = entry->is_held_back,
        .is_conflict = scu__fate_is_conflict((scu__fate)entry->fate),
    };
  }
}

static void list_unmatched(const scu__inventory *inventory, const copies *uids, scu_retrieve_report *report) {
  for (size_t i = 0; i < inventory->unmatched_count; i++) {
    const char *uid = uids->unmatched[i].text;
    scu_query_level level = inventory->unmatched[i].level;
    report->missing[report->missing_count++] = (scu_missing_instance){
        .size = sizeof *report->missing,
        .sop_instance_uid = level == SCU_LEVEL_IMAGE ? uid : "",
        .sop_class_uid = "",
        .study_instance_uid = level == SCU_LEVEL_STUDY ? uid : "",
        .series_instance_uid = level == SCU_LEVEL_SERIES ? uid : "",
        .reason = "nothing matches it",
        .status = 0xFFFF,
    };
  }
}

/* --- studies ------------------------------------------------------------------------------------------------------ */

static void count_entry(const scu__entry *entry, scu_study_outcome *study) {
  study->promised++;
  if (entry->fate == SCU__FATE_RECEIVED) {
    study->received++;
    return;
  }
  study->missing++;
  if (entry->is_held_back)
    study->offline++;
  else if (scu__fate_is_conflict((scu__fate)entry->fate))
    study->conflicts++;
  else if (entry->fate != SCU__FATE_MISSING)
    study->failed++;
}

static scu_verdict verdict_of_study(const scu__retrieve *op, const scu_study_outcome *study, bool is_doubtful,
                                    scu_verdict of_all) {
  if (op->wish == SCU__WAY_MOVE) return study->offline > 0 ? SCU_VERDICT_INCOMPLETE : SCU_VERDICT_UNKNOWN;
  if (!op->has_promise) return of_all == SCU_VERDICT_COUNT_ONLY ? of_all : SCU_VERDICT_INCOMPLETE;
  if (study->promised == 0) return SCU_VERDICT_UNKNOWN;
  if (study->conflicts > 0) return SCU_VERDICT_CONFLICT;
  return study->missing > 0 || is_doubtful ? SCU_VERDICT_INCOMPLETE : SCU_VERDICT_COMPLETE;
}

static void list_studies(const scu__retrieve *op, const copies *uids, scu_retrieve_report *report) {
  const scu__inventory *inventory = &op->inventory;
  report->study_count = inventory->study_count;
  for (size_t i = 0; i < report->study_count; i++) {
    const scu__inventory_study *study = &inventory->studies[i];
    report->studies[i] = (scu_study_outcome){.size = sizeof *report->studies,
                                             .study_instance_uid = uids->studies[i].text,
                                             .received = study->unlisted,
                                             .offline = study->held_back,
                                             .extra = study->extra};
  }
  for (size_t i = 0; op->has_promise && i < inventory->count; i++)
    count_entry(&inventory->entries[i], &report->studies[inventory->series[inventory->entries[i].series].study]);
  for (size_t i = 0; i < report->study_count; i++) {
    bool is_doubtful = op->are_all_doubtful || inventory->studies[i].is_doubtful;
    report->studies[i].verdict = inventory->studies[i].is_unmatched
                                     ? SCU_VERDICT_NOTHING
                                     : verdict_of_study(op, &report->studies[i], is_doubtful, report->verdict);
  }
}

/* --- the report --------------------------------------------------------------------------------------------------- */

/* RULES 14: what was promised may be a part of what there is. "" = nothing speaks for it. */
static const char *doubt_of(const scu__retrieve *op) {
  const char *text = "";
  scu_find_verdict verdict = op->drill ? scu__drill_verdict(op->drill, &text) : SCU_FIND_UNCHECKED;
  return verdict == SCU_FIND_SUSPECT || verdict == SCU_FIND_NOT_PROVEN ? text : op->doubt;
}

static scu_verdict verdict_of(const scu__retrieve *op, bool lacks_something) {
  if (op->inventory.found_count == 0 && op->op.result == SCU_OK && !lacks_something) return SCU_VERDICT_NOTHING;
  if (op->wish == SCU__WAY_MOVE)
    return op->inventory.held_back > 0 || lacks_something ? SCU_VERDICT_INCOMPLETE : SCU_VERDICT_UNKNOWN;
  if (op->inventory.conflicts > 0) return SCU_VERDICT_CONFLICT;
  if (op->has_promise)
    return scu__inventory_missing(&op->inventory) == 0 && !lacks_something ? SCU_VERDICT_COMPLETE
                                                                           : SCU_VERDICT_INCOMPLETE;
  return scu__retrieve_is_everything_here(op) && op->peer_failed == 0 && !lacks_something ? SCU_VERDICT_COUNT_ONLY
                                                                                          : SCU_VERDICT_INCOMPLETE;
}

static void fill_counts(const scu__retrieve *op, scu_retrieve_report *report) {
  snprintf(report->doubt, sizeof report->doubt, "%s", doubt_of(op));
  report->verdict = verdict_of(op, *report->doubt || op->inventory.unmatched_count > 0);
  memcpy(report->counts, op->counts, sizeof report->counts);
  report->promised = op->has_promise ? op->inventory.count : 0;
  report->extra = op->extra;
  report->offline = op->inventory.held_back;
  report->conflicts = op->inventory.conflicts;
  report->bytes = op->bytes;
  report->elapsed_ms = scu__op_elapsed_ms(&op->op);
  report->status = op->status;
  memcpy(report->comment, op->comment, sizeof report->comment);
  report->peer_completed = op->peer_completed;
  report->peer_failed = op->peer_failed;
  report->peer_warning = op->peer_warning;
}

static scu_result fill_lists(const scu__retrieve *op, scu_retrieve_report *report) {
  size_t missing = op->has_promise ? scu__inventory_missing(&op->inventory) : 0;
  size_t studies = op->inventory.study_count;
  size_t all_missing = missing + op->inventory.unmatched_count;
  copies uids = {NULL, NULL, NULL, NULL, NULL};
  scu_result result = copy_uids(&op->inventory, missing, report, &uids);
  if (result != SCU_OK) return result;
  if (all_missing > 0) report->missing = scu__alloc_array(report->allocator, all_missing, sizeof *report->missing);
  if (studies > 0) report->studies = scu__alloc_array(report->allocator, studies, sizeof *report->studies);
  if ((all_missing > 0 && !report->missing) || (studies > 0 && !report->studies)) return SCU_ERROR_MEMORY;
  if (missing > 0) list_missing(&op->inventory, &uids, report);
  list_unmatched(&op->inventory, &uids, report);
  list_studies(op, &uids, report);
  return SCU_OK;
}

scu_result scu_retrieve_take(scu_op *base, scu_retrieve_report **out) {
  *out = NULL;
  if (base->class_ != &scu__retrieve_class || !base->is_done) return SCU_ERROR_USAGE;
  const scu__retrieve *op = (const scu__retrieve *)base;
  scu_retrieve_report *report = scu__alloc(base->session->allocator, sizeof *report);
  if (!report) return SCU_ERROR_MEMORY;
  report->allocator = base->session->allocator;
  fill_counts(op, report);
  if (fill_lists(op, report) != SCU_OK) {
    scu_retrieve_report_free(report);
    return SCU_ERROR_MEMORY;
  }
  *out = report;
  return base->result;
}
