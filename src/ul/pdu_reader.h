/* Shared by the decoders of A-ASSOCIATE-RQ and -AC: where a fault is, and the item header of PS3.8 9.3.2. */
#ifndef SCU_UL_PDU_READER_H
#define SCU_UL_PDU_READER_H

#include "base/bytes.h"
#include "ul/pdu.h"

typedef struct scu__pdu_reader {
  const uint8_t *body; /* first byte after the header */
  scu__pdu_type type;
  scu__associate *out;
  scu_error *error;
} scu__pdu_reader;

typedef struct scu__pdu_item {
  uint8_t type;
  scu__cursor content;
  const uint8_t *start; /* of its header: where faults point to */
} scu__pdu_item;

/* PROTOCOL: "A-ASSOCIATE-RQ: <what>", at the offset of `where` counted from the PDU's first byte. */
scu_result scu__pdu_fault(const scu__pdu_reader *reader, const uint8_t *where, const char *what);

/* The next item of a run of items; a fault when it is longer than its parent. Do not call on a finished cursor. */
scu_result scu__pdu_next_item(const scu__pdu_reader *reader, scu__cursor *parent, scu__pdu_item *item);

/* A UID that fills the item. Text that is no UID gives "": negotiation then answers that it is not supported. */
void scu__pdu_uid(scu__cursor *cursor, size_t length, scu__uid *uid);

/* The content of a 50H item into the user information fields of `out`. */
scu_result scu__user_information_decode(const scu__pdu_reader *reader, scu__cursor content);
/* The whole 50H item. */
void scu__user_information_encode(const scu__associate *associate, scu__pdu_type type, scu__buffer *buffer);

/* Item type, reserved byte and an open 16-bit length block. */
size_t scu__pdu_open_item(scu__buffer *buffer, uint8_t type);
void scu__pdu_put_uid_item(scu__buffer *buffer, uint8_t type, const char *uid);

#endif
