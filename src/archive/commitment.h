/* A storage commitment (PS3.4 J.3) as a value: the transaction, who asked, and what became of each instance. */
#ifndef SCU_ARCHIVE_COMMITMENT_H
#define SCU_ARCHIVE_COMMITMENT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/values.h"
#include "scu/dataset.h"

enum {
  SCU__COMMITMENT_ITEMS_MAX = 100 * 1000,
  /* Failure Reason (0008,1197), PS3.4 J.3.3.1.1.1 */
  SCU__COMMIT_OK = 0,
  SCU__COMMIT_PROCESSING_FAILURE = 0x0110,
  SCU__COMMIT_NO_SUCH_INSTANCE = 0x0112,
  SCU__COMMIT_CLASS_CONFLICT = 0x0119,
  SCU__COMMIT_DUPLICATE_TRANSACTION = 0x0131
};

typedef struct scu__commitment_item {
  scu__uid sop_class, sop_instance;
  uint16_t failure; /* a reason from above; 0 = committed */
  uint64_t length;  /* of the file, while it is being judged */
  char *path;       /* relative to the objects, likewise; NULL = none */
} scu__commitment_item;

typedef struct scu__commitment {
  const scu_allocator *allocator;
  scu__uid transaction;
  scu__ae requester;
  scu__commitment_item *items;
  size_t count;
} scu__commitment;

void scu__commitment_free(scu__commitment *commitment); /* safe on a zeroed one */

/* From the action information of an N-ACTION-RQ (Table J.3-1). MALFORMED: the error names the element and says in words
 * what is wrong with it; LIMIT, MEMORY. Every item is NO_SUCH_INSTANCE until somebody finds it. */
scu_result scu__commitment_read(scu__commitment *commitment, const scu_allocator *allocator,
                                const scu_dataset *information, const scu__ae *requester, scu_error *error);
/* The event information of the N-EVENT-REPORT-RQ (Table J.3-2), and its event type: 1 all is well, 2 failures exist. */
scu_result scu__commitment_report(const scu__commitment *commitment, const char *retrieve_ae, scu_dataset **out,
                                  uint16_t *event_type);

/* To and from the bytes of the ledger, whose key is the transaction. */
void scu__commitment_encode(const scu__commitment *commitment, scu__buffer *bytes);
/* MALFORMED, MEMORY. */
scu_result scu__commitment_decode(scu__commitment *commitment, const scu_allocator *allocator, const char *transaction,
                                  const uint8_t *bytes, size_t length);

#endif
