/* What came of storage commitments: the transactions of an operation, told one by one. */
#include <string.h>

#include "base/alloc.h"
#include "base/versioned.h"
#include "client/commitment.h"

void scu_commit_report_free(scu_commit_report *report) {
  if (!report) return;
  for (size_t i = 0; i < report->count; i++) scu__transaction_free(&report->transactions[i]);
  scu__free(report->allocator, report->transactions);
  scu__free(report->allocator, report);
}

size_t scu_commit_report_count(const scu_commit_report *report) {
  size_t count = 0;
  for (size_t i = 0; i < report->count; i++) count += report->transactions[i].references.count;
  return count;
}

size_t scu_commit_report_count_of(const scu_commit_report *report, scu_commit_state state) {
  size_t count = 0;
  for (size_t i = 0; i < report->count; i++)
    count += scu__references_count_of(&report->transactions[i].references, state);
  return count;
}

/* Fills the caller's version of the struct; what of it we do not know stays as it is. */
static scu_result hand_out(void *out, const void *full, size_t size, size_t least) {
  size_t theirs = 0;
  if (!scu__versioned_reaches(out, least)) return SCU_ERROR_USAGE;
  memcpy(&theirs, out, sizeof theirs);
  memcpy(out, full, theirs < size ? theirs : size);
  memcpy(out, &theirs, sizeof theirs);
  return SCU_OK;
}

scu_result scu_commit_report_instance(const scu_commit_report *report, size_t index, scu_commit_instance *out) {
  const scu__transaction *transaction = report->transactions, *end = transaction + report->count;
  for (; transaction != end && index >= transaction->references.count; transaction++)
    index -= transaction->references.count;
  if (transaction == end) return SCU_ERROR_USAGE;
  const scu__reference *reference = &transaction->references.items[index];
  scu_commit_instance full = {.sop_class_uid = reference->sop_class.text,
                              .sop_instance_uid = reference->sop_instance.text,
                              .transaction_uid = transaction->uid.text,
                              .state = reference->state,
                              .failure_reason = reference->reason,
                              .retrieve_ae = reference->retrieve_ae.text};
  return hand_out(out, &full, sizeof full, SCU__SIZE_THROUGH(scu_commit_instance, retrieve_ae));
}

size_t scu_commit_report_transaction_count(const scu_commit_report *report) {
  return report->count;
}

scu_result scu_commit_report_transaction(const scu_commit_report *report, size_t index, scu_commit_transaction *out) {
  if (index >= report->count) return SCU_ERROR_USAGE;
  const scu__transaction *transaction = &report->transactions[index];
  scu_commit_transaction full = {.transaction_uid = transaction->uid.text,
                                 .asked_at = transaction->asked_at,
                                 .came_at = transaction->came_at,
                                 .instances = transaction->references.count,
                                 .status = transaction->status,
                                 .comment = transaction->comment};
  return hand_out(out, &full, sizeof full, SCU__SIZE_THROUGH(scu_commit_transaction, comment));
}
