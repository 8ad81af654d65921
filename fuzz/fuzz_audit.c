/* Any messages on an association that was agreed: each [flags, length (2), bytes] of the input is a fragment. No fault,
 * no leak, and every audit message fits, is one line of UTF-8 and holds nothing that XML may not. */
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "data/utf8.h"
#include "observe/audit_talk.h"
#include "ul/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { IS_SENT = 1, IS_COMMAND = 2, IS_LAST = 4 };

static void check(bool is_true) {
  if (!is_true) abort();
}

static void write_message(void *user, const scu__audit_message *message) {
  static const scu__audit_source source = {.source_id = "fuzz", .site = ""};
  scu__buffer text;
  size_t open = 0, shut = 0;
  (void)user;
  scu__buffer_init(&text, NULL, SCU__AUDIT_MESSAGE_MAX);
  check(scu__audit_message_put(message, &source, 0, &text) == SCU_OK);
  check(scu__utf8_is_valid(text.data, text.length));
  for (size_t i = 0; i < text.length; i++) {
    check(text.data[i] >= 0x20);
    open += text.data[i] == '<';
    shut += text.data[i] == '>';
  }
  check(open == shut);
  scu__buffer_free(&text);
}

static void missed(void *user) {
  (void)user;
}

static const scu__audit_outlet outlet = {.write = write_message, .missed = missed, .process_id = "1"};

static void agree(scu__audit_talk *talk, bool is_acceptor) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"};
  scu__associate rq, ac;
  scu__buffer pdu;
  scu__uid syntax;
  scu__associate_init(&rq, NULL);
  scu__associate_init(&ac, NULL);
  scu__buffer_init(&pdu, NULL, SCU__ASSOCIATE_PDU_MAX);
  check(scu__ae_from_text(&rq.called, "A<&\">'") && scu__ae_from_text(&rq.calling, "B"));
  ac.called = rq.called;
  ac.calling = rq.calling;
  for (size_t i = 0; i < 2; i++) {
    uint8_t id;
    check(scu__associate_add_context(&rq, "1.2.840.10008.5.1.4.1.1.2", &syntaxes[i], 1, &id) == SCU_OK);
    check(scu__uid_from_text(&syntax, syntaxes[i]));
    check(scu__associate_add_result(&ac, id, SCU__CONTEXT_ACCEPTED, &syntax) == SCU_OK);
  }
  check(scu__associate_encode(&rq, SCU__PDU_ASSOCIATE_RQ, &pdu) == SCU_OK);
  scu__audit_talk_pdu(talk, !is_acceptor, pdu.data, pdu.length);
  scu__buffer_clear(&pdu);
  check(scu__associate_encode(&ac, SCU__PDU_ASSOCIATE_AC, &pdu) == SCU_OK);
  scu__audit_talk_pdu(talk, is_acceptor, pdu.data, pdu.length);
  scu__buffer_free(&pdu);
  scu__associate_free(&rq);
  scu__associate_free(&ac);
}

static void say(scu__audit_talk *talk, uint8_t flags, const uint8_t *bytes, size_t length) {
  uint8_t *pdu = malloc(SCU__PDU_HEADER + SCU__PDV_HEADER + length);
  check(pdu != NULL);
  scu__pdv_header pdv = {.item_length = (uint32_t)length + 2,
                         .context_id = flags & 8 ? 3 : 1,
                         .is_command = flags & IS_COMMAND,
                         .is_last = flags & IS_LAST};
  scu__pdu_header_store(pdu, SCU__PDU_P_DATA_TF, (uint32_t)(SCU__PDV_HEADER + length));
  scu__pdv_header_store(pdu + SCU__PDU_HEADER, &pdv);
  if (length > 0) memcpy(pdu + SCU__PDU_HEADER + SCU__PDV_HEADER, bytes, length);
  scu__audit_talk_pdu(talk, flags & IS_SENT, pdu, SCU__PDU_HEADER + SCU__PDV_HEADER + length);
  free(pdu);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu__trace_ends ends = {.is_acceptor = length > 0 && bytes[0] & 16, .is_identity_checked = true};
  scu__audit_talk *talk = scu__audit_talk_new(NULL, &outlet, &ends);
  check(talk != NULL);
  if (length > 0 && bytes[0] & 32)
    scu__audit_talk_pdu(talk, false, bytes, length);
  else
    agree(talk, ends.is_acceptor);
  while (length >= 3) {
    size_t part = (size_t)bytes[1] << 8 | bytes[2];
    if (part > length - 3) part = length - 3;
    say(talk, bytes[0], bytes + 3, part);
    bytes += 3 + part;
    length -= 3 + part;
  }
  scu__audit_talk_end(talk);
  return 0;
}
