/* A-ASSOCIATE-RJ (PS3.8 9.3.4): the triple, and the error it makes. */
#include "ul/pdu.h"

#include <string.h>

#include "ul/explanations.h"

void scu__reject_encode(const scu__reject *reject, uint8_t pdu[SCU__FIXED_PDU]) {
  memset(pdu, 0, SCU__FIXED_PDU);
  scu__pdu_header_store(pdu, SCU__PDU_ASSOCIATE_RJ, SCU__FIXED_PDU_BODY);
  pdu[7] = reject->result;
  pdu[8] = reject->source;
  pdu[9] = reject->reason;
}

scu_result scu__reject_decode(const uint8_t *body, size_t length, scu__reject *out, scu_error *error) {
  memset(out, 0, sizeof *out);
  if (length != SCU__FIXED_PDU_BODY)
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_ASSOCIATE, "A-ASSOCIATE-RJ of %zu bytes, must be 4",
                          length);
  *out = (scu__reject){.result = body[1], .source = body[2], .reason = body[3]};
  return SCU_OK;
}

const char *scu__reject_text(uint8_t result, uint8_t source, uint8_t reason) {
  return scu__reject_explanation(result, source, reason)->text;
}

const char *scu__reject_result_text(uint8_t result) {
  if (result == 1) return "rejected-permanent";
  return result == 2 ? "rejected-transient" : "rejected (reserved result)";
}

const char *scu__reject_source_text(uint8_t source) {
  static const char *const texts[] = {"reserved source", "service-user", "service-provider (ACSE)",
                                      "service-provider (presentation)"};
  return texts[source < sizeof texts / sizeof *texts ? source : 0];
}

scu_result scu__reject_error(const scu__reject *reject, const scu__ae *called, const scu__ae *calling,
                             scu_error *error) {
  scu__error_set(error, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE,
                 "association rejected: %s (%s, %s; %u/%u/%u); calling \"%s\", called \"%s\"",
                 scu__reject_text(reject->result, reject->source, reject->reason),
                 scu__reject_result_text(reject->result), scu__reject_source_text(reject->source), reject->result,
                 reject->source, reject->reason, calling->text, called->text);
  if (!error) return SCU_ERROR_REJECTED;
  error->reject_result = reject->result;
  error->source = reject->source;
  error->reason_code = reject->reason;
  scu__error_explain(error, scu__reject_explanation(reject->result, reject->source, reject->reason));
  return SCU_ERROR_REJECTED;
}
