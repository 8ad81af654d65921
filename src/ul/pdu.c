/* What all PDUs share (PS3.8 9.3.1): the 6-byte header and the names of the types; and the PDV item header of
 * P-DATA-TF (9.3.5.1, E.2), whose payload the engine streams. */
#include "ul/pdu.h"

#include "base/endian.h"

enum { CONTROL_IS_COMMAND = 0x01, CONTROL_IS_LAST = 0x02 };

const char *scu__pdu_type_name(uint8_t type) {
  static const char *const names[] = {
      "unknown PDU", "A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "A-ASSOCIATE-RJ",
      "P-DATA-TF",   "A-RELEASE-RQ",   "A-RELEASE-RP",   "A-ABORT",
  };
  return names[type < sizeof names / sizeof *names ? type : 0];
}

void scu__pdu_header_store(uint8_t bytes[SCU__PDU_HEADER], uint8_t type, uint32_t length) {
  bytes[0] = type;
  bytes[1] = 0;
  scu__store_u32be(bytes + 2, length);
}

scu__pdu_header scu__pdu_header_load(const uint8_t bytes[SCU__PDU_HEADER]) {
  /* 9.3: reserved bytes are not tested on receipt. */
  return (scu__pdu_header){.type = bytes[0], .length = scu__load_u32be(bytes + 2)};
}

void scu__pdv_header_store(uint8_t bytes[SCU__PDV_HEADER], const scu__pdv_header *header) {
  scu__store_u32be(bytes, header->item_length);
  bytes[4] = header->context_id;
  bytes[5] = (uint8_t)((header->is_command ? CONTROL_IS_COMMAND : 0) | (header->is_last ? CONTROL_IS_LAST : 0));
}

scu__pdv_header scu__pdv_header_load(const uint8_t bytes[SCU__PDV_HEADER]) {
  /* E.2: bits 2-7 of the control header are not checked. */
  return (scu__pdv_header){
      .item_length = scu__load_u32be(bytes),
      .context_id = bytes[4],
      .is_command = (bytes[5] & CONTROL_IS_COMMAND) != 0,
      .is_last = (bytes[5] & CONTROL_IS_LAST) != 0,
  };
}
