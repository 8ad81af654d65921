/* What a storage commitment is asked for: the list behind scu_commitment. */
#include "client/commitment.h"

#include "base/alloc.h"
#include "client/transaction.h"
#include "dimse/failure_reasons.h"

scu_result scu_commitment_new(const scu_allocator *allocator, scu_commitment **out) {
  *out = scu__alloc(allocator, sizeof **out);
  if (!*out) return SCU_ERROR_MEMORY;
  (*out)->allocator = allocator;
  (*out)->references.allocator = allocator;
  scu__error_clear(&(*out)->error);
  return SCU_OK;
}

void scu_commitment_free(scu_commitment *commitment) {
  if (!commitment) return;
  scu__references_free(&commitment->references);
  scu__free(commitment->allocator, commitment);
}

const scu_error *scu_commitment_error(const scu_commitment *commitment) {
  return commitment ? &commitment->error : NULL;
}

static scu_result misuse(scu_commitment *commitment, const char *what) {
  return scu__error_set(&commitment->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s", what);
}

scu_result scu_commitment_add(scu_commitment *commitment, const char *sop_class_uid, const char *sop_instance_uid) {
  scu__uid sop_class, sop_instance;
  scu__error_clear(&commitment->error);
  /* Peers have instances whose UIDs break the rules: what fits is sent. */
  if (!sop_class_uid || !scu__uid_from_text(&sop_class, sop_class_uid) || !sop_class.text[0])
    return misuse(commitment, "the SOP Class UID is not a UID");
  if (!sop_instance_uid || !scu__uid_from_text(&sop_instance, sop_instance_uid) || !sop_instance.text[0])
    return misuse(commitment, "the SOP Instance UID is not a UID");
  scu_result result = scu__references_add(&commitment->references, &sop_class, &sop_instance);
  switch (result) {
  case SCU_ERROR_USAGE: return misuse(commitment, "the instance is in the list already, with another SOP class");
  case SCU_ERROR_LIMIT:
    return scu__error_set(&commitment->error, result, SCU_PHASE_USAGE, "more than %d instances",
                          (int)SCU__REFERENCES_MAX);
  case SCU_ERROR_MEMORY: return scu__error_memory(&commitment->error, SCU_PHASE_USAGE);
  default: return SCU_OK;
  }
}

size_t scu_commitment_count(const scu_commitment *commitment) {
  return commitment->references.count;
}

scu_result scu_commitment_set_transaction(scu_commitment *commitment, const char *transaction_uid) {
  scu__error_clear(&commitment->error);
  if (!transaction_uid) transaction_uid = "";
  if (*transaction_uid && !scu__uid_is_valid(transaction_uid))
    return misuse(commitment, "the Transaction UID is not a UID");
  scu__uid_from_text(&commitment->transaction, transaction_uid);
  return SCU_OK;
}

const char *scu_commit_state_name(scu_commit_state state) {
  static const char *const names[] = {"pending", "committed", "failed", "not listed"};
  return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

const char *scu_commit_reason(uint16_t failure_reason) {
  return scu__explanation_of(scu__failure_reason_rows, scu__failure_reason_row_count, failure_reason)->text;
}
