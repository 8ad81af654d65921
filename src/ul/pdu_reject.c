/* A-ASSOCIATE-RJ (PS3.8 9.3.4): the triple, its words, and what a person can do about the common ones. */
#include "ul/pdu.h"

#include <string.h>

typedef struct reason_row {
  uint8_t source, reason;
  const char *text;
} reason_row;

static const reason_row reasons[] = {
    {1, 1, "no reason given"},
    {1, 2, "application context name not supported"},
    {1, 3, "calling AE title not recognized"},
    {1, 7, "called AE title not recognized"},
    {2, 1, "no reason given"},
    {2, 2, "protocol version not supported"},
    {3, 1, "temporary congestion"},
    {3, 2, "local limit exceeded"},
};

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
  (void)result; /* 9.3.4: the reason's meaning hangs on the source alone */
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].source == source && reasons[i].reason == reason) return reasons[i].text;
  return "reserved reason";
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

static void add_hint(const scu__reject *reject, const scu__ae *called, const scu__ae *calling, scu_error *error) {
  if (reject->source == 1 && reject->reason == 7)
    scu__error_hint(error,
                    "check the called AE title \"%s\" and the port; the peer may also say this about an"
                    " unknown caller: ask that \"%s\" is registered there",
                    called->text, calling->text);
  else if (reject->source == 1 && reject->reason == 3)
    scu__error_hint(error, "ask that the calling AE title \"%s\" is registered at the peer, with this host's address",
                    calling->text);
  else if (reject->source == 1 && reject->reason == 1)
    scu__error_hint(error, "many archives say this about an unknown caller: ask that \"%s\" is registered there",
                    calling->text);
  else if (reject->result == 2)
    scu__error_hint(error, "the peer is busy: try again later, or with fewer associations at a time");
  else if (reject->source == 2 && reject->reason == 1)
    scu__error_hint(error,
                    "if a user identity was sent, check it; if not, the peer may want one: this is how it refuses");
}

scu_result scu__reject_error(const scu__reject *reject, const scu__ae *called, const scu__ae *calling,
                             scu_error *error) {
  scu__error_set(error, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE, "association rejected: %s (%s, %s; %u/%u/%u)",
                 scu__reject_text(reject->result, reject->source, reject->reason),
                 scu__reject_result_text(reject->result), scu__reject_source_text(reject->source), reject->result,
                 reject->source, reject->reason);
  if (!error) return SCU_ERROR_REJECTED;
  error->reject_result = reject->result;
  error->source = reject->source;
  error->reason_code = reject->reason;
  add_hint(reject, called, calling, error);
  return SCU_ERROR_REJECTED;
}
