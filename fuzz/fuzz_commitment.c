/* Storage commitment as its requester: the first byte says what the rest is. 'L': records of the ledger, each behind
 * its length in two bytes; what can be read is written and read again as it was. Else: the event information of a
 * report, implicit VR little endian; an instance has a fate after it, or none of them has. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "client/transaction.h"
#include "service/parts.h"

enum { RECORD_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

/* --- the ledger --------------------------------------------------------------------------------------------------- */

static void require_same(const scu__transaction *a, const scu__transaction *b) {
  require(strcmp(a->uid.text, b->uid.text) == 0 && strcmp(a->peer, b->peer) == 0);
  require(a->asked_at == b->asked_at && a->came_at == b->came_at);
  require(a->references.count == b->references.count);
  for (size_t i = 0; i < a->references.count; i++) {
    const scu__reference *x = &a->references.items[i], *y = &b->references.items[i];
    require(scu__uid_equal(&x->sop_class, &y->sop_class) && scu__uid_equal(&x->sop_instance, &y->sop_instance));
    require(x->state == y->state && x->reason == y->reason && strcmp(x->retrieve_ae.text, y->retrieve_ae.text) == 0);
  }
}

static void write_and_read(const scu__transaction *from) {
  scu__transaction again;
  scu__buffer record;
  scu__transaction_init(&again, NULL);
  scu__buffer_init(&record, NULL, RECORD_MAX);
  scu__transaction_encode(from, &record);
  require(scu__transaction_decode(&again, record.data, record.length) == SCU_OK);
  if (from->came_at != 0) {
    scu__buffer_clear(&record);
    scu__transaction_encode_result(from, &record);
    require(scu__transaction_decode(&again, record.data, record.length) == SCU_OK);
  }
  require_same(from, &again);
  scu__buffer_free(&record);
  scu__transaction_free(&again);
}

static void read_ledger(const uint8_t *bytes, size_t length) {
  scu__transaction found;
  scu__transaction_init(&found, NULL);
  scu_result result = SCU_OK;
  while (result == SCU_OK && length >= 2) {
    size_t record = scu__load_u16le(bytes);
    if (record > length - 2) record = length - 2;
    result = scu__transaction_decode(&found, bytes + 2, record);
    bytes += 2 + record;
    length -= 2 + record;
  }
  require(result == SCU_OK || result == SCU_ERROR_MALFORMED);
  if (result == SCU_OK && found.uid.text[0]) write_and_read(&found);
  scu__transaction_free(&found);
}

/* --- a report ----------------------------------------------------------------------------------------------------- */

static void add(scu__transaction *transaction, const char *instance) {
  scu__uid sop_class = {"1.2.840.10008.5.1.4.1.1.7"}, sop_instance;
  require(scu__uid_from_text(&sop_instance, instance));
  require(scu__references_add(&transaction->references, &sop_class, &sop_instance) == SCU_OK);
}

static void apply(const scu_dataset *information) {
  scu__transaction asked;
  scu__uid uid;
  scu__transaction_init(&asked, NULL);
  add(&asked, "1.2.3.1");
  add(&asked, "1.2.3.2");
  if (scu__transaction_uid_of(information, &uid)) require(scu__uid_is_valid(uid.text));
  scu_result result = scu__transaction_apply(&asked, information, 1, NULL);
  require(result == SCU_OK || result == SCU_ERROR_MALFORMED);
  size_t pending = scu__references_count_of(&asked.references, SCU_COMMIT_PENDING);
  require(pending == (result == SCU_OK ? 0u : 2u) && (asked.came_at != 0) == (result == SCU_OK));
  scu__transaction_free(&asked);
}

static void read_report(const uint8_t *bytes, size_t length) {
  scu__identifier information;
  scu__identifier_init(&information, NULL);
  scu_result result = scu__identifier_put(&information, bytes, length, true, SCU__IMPLICIT_LE, NULL);
  if (result == SCU_OK && information.dataset) apply(information.dataset);
  scu__identifier_free(&information);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (length == 0) return 0;
  if (bytes[0] == 'L')
    read_ledger(bytes + 1, length - 1);
  else
    read_report(bytes + 1, length - 1);
  return 0;
}
