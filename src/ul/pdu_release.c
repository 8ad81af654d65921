/* A-RELEASE-RQ and A-RELEASE-RP (PS3.8 9.3.6, 9.3.7): four reserved bytes, not tested on receipt. */
#include "ul/pdu.h"

#include <string.h>

void scu__release_encode(scu__pdu_type type, uint8_t pdu[SCU__FIXED_PDU]) {
  memset(pdu, 0, SCU__FIXED_PDU);
  scu__pdu_header_store(pdu, (uint8_t)type, SCU__FIXED_PDU_BODY);
}

scu_result scu__release_decode(const uint8_t *body, size_t length, scu__pdu_type type, scu_error *error) {
  (void)body;
  if (length == SCU__FIXED_PDU_BODY) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RELEASE, "%s of %zu bytes, must be 4",
                        scu__pdu_type_name((uint8_t)type), length);
}
