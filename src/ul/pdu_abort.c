/* A-ABORT (PS3.8 9.3.8) and the words for its codes. */
#include "ul/pdu.h"

#include <string.h>

#include "ul/explanations.h"

void scu__abort_encode(const scu__abort *abort, uint8_t pdu[SCU__FIXED_PDU]) {
  memset(pdu, 0, SCU__FIXED_PDU);
  scu__pdu_header_store(pdu, SCU__PDU_ABORT, SCU__FIXED_PDU_BODY);
  pdu[8] = abort->source;
  /* 9.3.8: not significant when the user aborts, sent as 0. */
  pdu[9] = abort->source == SCU__ABORT_PROVIDER ? abort->reason : 0;
}

scu_result scu__abort_decode(const uint8_t *body, size_t length, scu__abort *out, scu_error *error) {
  memset(out, 0, sizeof *out);
  if (length != SCU__FIXED_PDU_BODY)
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_ASSOCIATE, "A-ABORT of %zu bytes, must be 4", length);
  *out = (scu__abort){.source = body[2], .reason = body[3]};
  return SCU_OK;
}

const char *scu__abort_source_text(uint8_t source) {
  static const char *const texts[] = {"service-user", "reserved source", "service-provider"};
  return source < sizeof texts / sizeof *texts ? texts[source] : "reserved source";
}

const char *scu__abort_text(uint8_t source, uint8_t reason) {
  return scu__abort_explanation(source, reason)->text;
}
