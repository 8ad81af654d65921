/* Transactions: to the request, from the result, to the ledger and back. */
#include "client/transaction.h"

#include <string.h>

#include "data/dataset.h"
#include "service/key_attribute.h"

enum {
  TAG_REFERENCED_CLASS = 0x00081150,
  TAG_REFERENCED_INSTANCE = 0x00081155,
  TAG_TRANSACTION = 0x00081195,
  TAG_FAILURE_REASON = 0x00081197,
  TAG_FAILED_SEQUENCE = 0x00081198,
  TAG_REFERENCED_SEQUENCE = 0x00081199
};

enum { RECORD_ASKED = 'A', RECORD_RESULT = 'R', RECORD_TOLD = 'T', RECORD_VERSION = 1, ITEM_LEAST = 2 };

void scu__transaction_init(scu__transaction *transaction, const scu_allocator *allocator) {
  memset(transaction, 0, sizeof *transaction);
  transaction->references.allocator = allocator;
  transaction->status = SCU__STATUS_NO_ANSWER;
}

void scu__transaction_free(scu__transaction *transaction) {
  scu__references_free(&transaction->references);
}

/* --- to the request ----------------------------------------------------------------------------------------------- */

static scu_result put_uid(scu_dataset *dataset, scu_tag tag, const scu__uid *uid) {
  return scu_dataset_set_bytes(dataset, tag, SCU_VR_UI, uid->text, strlen(uid->text));
}

scu_result scu__transaction_information(const scu__transaction *transaction, scu_dataset **out) {
  const scu__references *references = &transaction->references;
  scu_result result = scu_dataset_new(references->allocator, out);
  if (result != SCU_OK) return result;
  result = put_uid(*out, TAG_TRANSACTION, &transaction->uid);
  for (size_t i = 0; i < references->count && result == SCU_OK; i++) {
    scu_dataset *item = NULL;
    result = scu_dataset_add_item(*out, TAG_REFERENCED_SEQUENCE, &item);
    if (result == SCU_OK) result = put_uid(item, TAG_REFERENCED_CLASS, &references->items[i].sop_class);
    if (result == SCU_OK) result = put_uid(item, TAG_REFERENCED_INSTANCE, &references->items[i].sop_instance);
  }
  if (result == SCU_OK) return SCU_OK;
  scu_dataset_free(*out);
  *out = NULL;
  return result;
}

/* --- from the result ---------------------------------------------------------------------------------------------- */

static bool read_uid(const scu_dataset *dataset, scu_tag tag, scu__uid *uid) {
  const scu_element *element = scu_dataset_find(dataset, tag);
  const uint8_t *bytes = element ? scu_element_bytes(element) : NULL;
  return bytes && scu__uid_from_bytes(uid, bytes, (size_t)scu_element_length(element)) && uid->text[0];
}

bool scu__transaction_uid_of(const scu_dataset *information, scu__uid *uid) {
  return information && read_uid(information, TAG_TRANSACTION, uid) && scu__uid_is_valid(uid->text);
}

static scu_result check_items(const scu_element *sequence, scu_error *error) {
  scu__uid uid;
  size_t count = sequence ? scu_element_item_count(sequence) : 0;
  for (size_t i = 0; i < count; i++) {
    if (read_uid(scu_element_item(sequence, i), TAG_REFERENCED_INSTANCE, &uid)) continue;
    scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_RESPONSE, "an item has no Referenced SOP Instance UID");
    scu__error_at(error, TAG_REFERENCED_INSTANCE, UINT64_MAX);
    return SCU_ERROR_MALFORMED;
  }
  return SCU_OK;
}

static void read_ae(const scu_dataset *dataset, scu__ae *ae) {
  const scu_element *element = scu_dataset_find(dataset, SCU__TAG_RETRIEVE_AE);
  const uint8_t *bytes = element ? scu_element_bytes(element) : NULL;
  if (!bytes || !scu__ae_from_bytes(ae, bytes, (size_t)scu_element_length(element))) ae->text[0] = 0;
}

/* J.3.3.1: the title stands outside the sequence or in its items. */
static void take_committed(scu__references *references, const scu_element *sequence, const scu__ae *retrieve_ae) {
  size_t count = sequence ? scu_element_item_count(sequence) : 0;
  for (size_t i = 0; i < count; i++) {
    scu__uid uid;
    const scu_dataset *item = scu_element_item(sequence, i);
    read_uid(item, TAG_REFERENCED_INSTANCE, &uid);
    scu__reference *reference = scu__references_find(references, &uid);
    if (!reference) continue;
    reference->state = SCU_COMMIT_COMMITTED;
    read_ae(item, &reference->retrieve_ae);
    if (!reference->retrieve_ae.text[0]) reference->retrieve_ae = *retrieve_ae;
  }
}

static void take_failed(scu__references *references, const scu_element *sequence) {
  size_t count = sequence ? scu_element_item_count(sequence) : 0;
  for (size_t i = 0; i < count; i++) {
    scu__uid uid;
    int64_t reason = 0;
    const scu_dataset *item = scu_element_item(sequence, i);
    read_uid(item, TAG_REFERENCED_INSTANCE, &uid);
    scu__reference *reference = scu__references_find(references, &uid);
    if (!reference) continue;
    if (scu__dataset_tag_integer(item, TAG_FAILURE_REASON, &reason) != SCU_OK) reason = 0;
    reference->state = SCU_COMMIT_FAILED;
    reference->reason = (uint16_t)reason;
    reference->retrieve_ae.text[0] = 0;
  }
}

scu_result scu__transaction_apply(scu__transaction *transaction, const scu_dataset *information, uint64_t came_at,
                                  scu_error *error) {
  scu__references *references = &transaction->references;
  const scu_element *committed = scu_dataset_find(information, TAG_REFERENCED_SEQUENCE);
  const scu_element *failed = scu_dataset_find(information, TAG_FAILED_SEQUENCE);
  scu_result result = check_items(committed, error);
  if (result == SCU_OK) result = check_items(failed, error);
  if (result != SCU_OK) return result;
  scu__ae retrieve_ae;
  read_ae(information, &retrieve_ae);
  for (size_t i = 0; i < references->count; i++) references->items[i].state = SCU_COMMIT_UNLISTED;
  take_committed(references, committed, &retrieve_ae);
  take_failed(references, failed);
  transaction->came_at = came_at;
  return SCU_OK;
}

/* --- to the ledger ------------------------------------------------------------------------------------------------ */

static void encode_text(scu__buffer *record, const char *text) {
  size_t length = strlen(text);
  scu__put_u8(record, (uint8_t)length);
  scu__put_bytes(record, text, length);
}

static void encode_time(scu__buffer *record, uint64_t seconds) {
  scu__put_u32le(record, (uint32_t)seconds);
  scu__put_u32le(record, (uint32_t)(seconds >> 32));
}

static void encode_head(scu__buffer *record, uint8_t kind) {
  scu__put_u8(record, kind);
  scu__put_u8(record, RECORD_VERSION);
}

void scu__transaction_encode(const scu__transaction *transaction, scu__buffer *record) {
  const scu__references *references = &transaction->references;
  size_t length = strlen(transaction->peer);
  encode_head(record, RECORD_ASKED);
  encode_text(record, transaction->uid.text);
  scu__put_u16le(record, (uint16_t)length);
  scu__put_bytes(record, transaction->peer, length);
  encode_time(record, transaction->asked_at);
  scu__put_u32le(record, (uint32_t)references->count);
  for (size_t i = 0; i < references->count; i++) {
    encode_text(record, references->items[i].sop_class.text);
    encode_text(record, references->items[i].sop_instance.text);
  }
}

void scu__transaction_encode_result(const scu__transaction *transaction, scu__buffer *record) {
  const scu__references *references = &transaction->references;
  encode_head(record, RECORD_RESULT);
  encode_time(record, transaction->came_at);
  scu__put_u32le(record, (uint32_t)references->count);
  for (size_t i = 0; i < references->count; i++) {
    scu__put_u8(record, (uint8_t)references->items[i].state);
    scu__put_u16le(record, references->items[i].reason);
    encode_text(record, references->items[i].retrieve_ae.text);
  }
}

void scu__transaction_encode_told(scu__buffer *record) {
  encode_head(record, RECORD_TOLD);
}

/* --- and back ----------------------------------------------------------------------------------------------------- */

static void decode_text(scu__cursor *from, size_t length, char *to, size_t room) {
  const uint8_t *text = scu__get_bytes(from, length);
  if (length >= room) from->failed = true;
  if (from->failed) return;
  if (length > 0) memcpy(to, text, length);
  to[length] = 0;
}

static void decode_uid(scu__cursor *from, scu__uid *uid) {
  decode_text(from, scu__get_u8(from), uid->text, sizeof uid->text);
}

static uint64_t decode_time(scu__cursor *from) {
  uint64_t low = scu__get_u32le(from);
  return low | (uint64_t)scu__get_u32le(from) << 32;
}

static scu_result decode_asked(scu__transaction *transaction, scu__cursor *from) {
  if (transaction->uid.text[0]) return SCU_ERROR_MALFORMED;
  decode_uid(from, &transaction->uid);
  decode_text(from, scu__get_u16le(from), transaction->peer, sizeof transaction->peer);
  transaction->asked_at = decode_time(from);
  size_t count = scu__get_u32le(from);
  if (from->failed || count > scu__cursor_left(from) / ITEM_LEAST) return SCU_ERROR_MALFORMED;
  for (size_t i = 0; i < count; i++) {
    scu__uid sop_class, sop_instance;
    decode_uid(from, &sop_class);
    decode_uid(from, &sop_instance);
    if (from->failed) return SCU_ERROR_MALFORMED;
    scu_result result = scu__references_add(&transaction->references, &sop_class, &sop_instance);
    if (result != SCU_OK) return result == SCU_ERROR_MEMORY ? result : SCU_ERROR_MALFORMED;
  }
  return scu__uid_is_valid(transaction->uid.text) ? SCU_OK : SCU_ERROR_MALFORMED;
}

static scu_result decode_result(scu__transaction *transaction, scu__cursor *from) {
  scu__references *references = &transaction->references;
  if (!transaction->uid.text[0] || transaction->came_at != 0) return SCU_ERROR_MALFORMED;
  uint64_t came_at = decode_time(from);
  if (scu__get_u32le(from) != references->count || came_at == 0) return SCU_ERROR_MALFORMED;
  for (size_t i = 0; i < references->count && !from->failed; i++) {
    scu__reference *reference = &references->items[i];
    uint8_t state = scu__get_u8(from);
    if (state < SCU_COMMIT_COMMITTED || state > SCU_COMMIT_UNLISTED) return SCU_ERROR_MALFORMED;
    reference->state = (scu_commit_state)state;
    reference->reason = scu__get_u16le(from);
    decode_text(from, scu__get_u8(from), reference->retrieve_ae.text, sizeof reference->retrieve_ae.text);
  }
  transaction->came_at = came_at;
  return SCU_OK;
}

scu_result scu__transaction_decode(scu__transaction *transaction, const uint8_t *bytes, size_t length) {
  scu__cursor from = scu__cursor_over(bytes, length);
  uint8_t kind = scu__get_u8(&from);
  if (scu__get_u8(&from) != RECORD_VERSION) return SCU_ERROR_MALFORMED;
  scu_result result = SCU_OK;
  switch (kind) {
  case RECORD_ASKED: result = decode_asked(transaction, &from); break;
  case RECORD_RESULT: result = decode_result(transaction, &from); break;
  case RECORD_TOLD: transaction->is_told = true; break;
  default: return SCU_ERROR_MALFORMED;
  }
  if (result != SCU_OK) return result;
  return scu__cursor_is_finished(&from) ? SCU_OK : SCU_ERROR_MALFORMED;
}
