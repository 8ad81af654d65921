/* One storage commitment as its requester (PS3.4 J.3), as a value: what was asked of whom and when, and what came. */
#ifndef SCU_CLIENT_TRANSACTION_H
#define SCU_CLIENT_TRANSACTION_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "client/references.h"
#include "scu/dataset.h"

enum {
  SCU__TRANSACTION_ITEMS_MAX = 10 * 1000, /* a report of so many is 1.5 MB; peers with less room have been met */
  SCU__STATUS_NO_ANSWER = 0xFFFF
};

typedef struct scu__transaction {
  scu__uid uid;
  char peer[SCU__PEER_TEXT_MAX]; /* "AET@host:port" */
  uint64_t asked_at, came_at;    /* seconds since 1970; came_at 0 = no result */
  bool is_told;                  /* the user has the result */
  scu__references references;

  /* Of this process only. */
  bool is_answered, is_refused; /* the N-ACTION */
  uint16_t status;              /* of its response, or SCU__STATUS_NO_ANSWER */
  char comment[65];
} scu__transaction;

void scu__transaction_init(scu__transaction *transaction, const scu_allocator *allocator);
void scu__transaction_free(scu__transaction *transaction); /* safe on a zeroed one */

/* The action information of the N-ACTION-RQ (Table J.3-1). MEMORY. */
scu_result scu__transaction_information(const scu__transaction *transaction, scu_dataset **out);
/* The Transaction UID of an event information; false when there is none. */
bool scu__transaction_uid_of(const scu_dataset *information, scu__uid *uid);
/* Takes a result (Table J.3-2): what is in both lists has failed, what is in neither is UNLISTED, what was not asked
 * for is passed over. MALFORMED: an item without instance UID; then nothing has changed. */
scu_result scu__transaction_apply(scu__transaction *transaction, const scu_dataset *information, uint64_t came_at,
                                  scu_error *error);

/* As records of the ledger. The first byte of each says what it is, the second its version. */
void scu__transaction_encode(const scu__transaction *transaction, scu__buffer *record);
void scu__transaction_encode_result(const scu__transaction *transaction, scu__buffer *record);
void scu__transaction_encode_told(scu__buffer *record);
/* The next record of a transaction that was initialised, in the order they were written. MALFORMED (also: of a newer
 * version), MEMORY. */
scu_result scu__transaction_decode(scu__transaction *transaction, const uint8_t *bytes, size_t length);

#endif
