/* Storage commitments: from the request, to the report, to the ledger and back. */
#include "archive/commitment.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/endian.h"
#include "data/dataset.h"

enum {
  TAG_RETRIEVE_AE = 0x00080054,
  TAG_REFERENCED_CLASS = 0x00081150,
  TAG_REFERENCED_INSTANCE = 0x00081155,
  TAG_TRANSACTION = 0x00081195,
  TAG_FAILURE_REASON = 0x00081197,
  TAG_FAILED_SEQUENCE = 0x00081198,
  TAG_REFERENCED_SEQUENCE = 0x00081199,
  EVENT_ALL_COMMITTED = 1,
  EVENT_FAILURES_EXIST = 2,
  LEDGER_FORMAT = 1
};

void scu__commitment_free(scu__commitment *commitment) {
  for (size_t i = 0; i < commitment->count; i++) scu__free(commitment->allocator, commitment->items[i].path);
  scu__free(commitment->allocator, commitment->items);
  memset(commitment, 0, sizeof *commitment);
}

/* --- from the request --------------------------------------------------------------------------------------------- */

static scu_result refuse(scu_error *error, scu_tag tag, const char *reason) {
  scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_REQUEST, "%s", reason);
  scu__error_at(error, tag, UINT64_MAX);
  return SCU_ERROR_MALFORMED;
}

static bool read_uid(const scu_dataset *dataset, scu_tag tag, scu__uid *uid) {
  const scu_element *element = scu_dataset_find(dataset, tag);
  const uint8_t *bytes = element ? scu_element_bytes(element) : NULL;
  return bytes && scu__uid_from_bytes(uid, bytes, (size_t)scu_element_length(element)) && uid->text[0];
}

static scu_result read_items(scu__commitment *commitment, const scu_element *sequence, scu_error *error) {
  for (size_t i = 0; i < commitment->count; i++) {
    const scu_dataset *from = scu_element_item(sequence, i);
    scu__commitment_item *item = &commitment->items[i];
    item->failure = SCU__COMMIT_NO_SUCH_INSTANCE;
    if (!read_uid(from, TAG_REFERENCED_CLASS, &item->sop_class))
      return refuse(error, TAG_REFERENCED_CLASS, "an item has no Referenced SOP Class UID");
    if (!read_uid(from, TAG_REFERENCED_INSTANCE, &item->sop_instance))
      return refuse(error, TAG_REFERENCED_INSTANCE, "an item has no Referenced SOP Instance UID");
  }
  return SCU_OK;
}

scu_result scu__commitment_read(scu__commitment *commitment, const scu_allocator *allocator,
                                const scu_dataset *information, const scu__ae *requester, scu_error *error) {
  *commitment = (scu__commitment){.allocator = allocator, .requester = *requester};
  if (!information || !read_uid(information, TAG_TRANSACTION, &commitment->transaction))
    return refuse(error, TAG_TRANSACTION, "no Transaction UID");
  const scu_element *sequence = scu_dataset_find(information, TAG_REFERENCED_SEQUENCE);
  size_t count = sequence ? scu_element_item_count(sequence) : 0;
  if (count == 0) return refuse(error, TAG_REFERENCED_SEQUENCE, "no Referenced SOP Sequence, or an empty one");
  if (count > SCU__COMMITMENT_ITEMS_MAX)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_REQUEST, "more than %d instances",
                          (int)SCU__COMMITMENT_ITEMS_MAX);
  commitment->items = scu__alloc_array(allocator, count, sizeof *commitment->items);
  if (!commitment->items) return scu__error_memory(error, SCU_PHASE_REQUEST);
  commitment->count = count;
  scu_result result = read_items(commitment, sequence, error);
  if (result != SCU_OK) scu__commitment_free(commitment);
  return result;
}

/* --- to the report ------------------------------------------------------------------------------------------------ */

static scu_result put_uid(scu_dataset *dataset, scu_tag tag, const char *uid) {
  return scu_dataset_set_bytes(dataset, tag, SCU_VR_UI, uid, strlen(uid));
}

static scu_result put_item(scu_dataset *report, const scu__commitment_item *item) {
  bool is_committed = item->failure == SCU__COMMIT_OK;
  scu_dataset *to;
  scu_result result = scu_dataset_add_item(report, is_committed ? TAG_REFERENCED_SEQUENCE : TAG_FAILED_SEQUENCE, &to);
  if (result == SCU_OK) result = put_uid(to, TAG_REFERENCED_CLASS, item->sop_class.text);
  if (result == SCU_OK) result = put_uid(to, TAG_REFERENCED_INSTANCE, item->sop_instance.text);
  if (result != SCU_OK || is_committed) return result;
  uint8_t reason[2];
  scu__store_u16le(reason, item->failure);
  return scu_dataset_set_bytes(to, TAG_FAILURE_REASON, SCU_VR_US, reason, sizeof reason);
}

scu_result scu__commitment_report(const scu__commitment *commitment, const char *retrieve_ae, scu_dataset **out,
                                  uint16_t *event_type) {
  *event_type = EVENT_ALL_COMMITTED;
  scu_dataset *report = NULL;
  scu_result result = scu_dataset_new(commitment->allocator, out);
  if (result != SCU_OK) return result;
  report = *out;
  result = put_uid(report, TAG_TRANSACTION, commitment->transaction.text);
  if (result == SCU_OK)
    result = scu_dataset_set_bytes(report, TAG_RETRIEVE_AE, SCU_VR_AE, retrieve_ae, strlen(retrieve_ae));
  for (size_t i = 0; i < commitment->count && result == SCU_OK; i++) {
    if (commitment->items[i].failure != SCU__COMMIT_OK) *event_type = EVENT_FAILURES_EXIST;
    result = put_item(report, &commitment->items[i]);
  }
  if (result == SCU_OK) return SCU_OK;
  scu_dataset_free(report);
  *out = NULL;
  return result;
}

/* --- ledger ------------------------------------------------------------------------------------------------------- */

static void encode_text(scu__buffer *bytes, const char *text) {
  size_t length = strlen(text);
  scu__put_u8(bytes, (uint8_t)length);
  scu__put_bytes(bytes, text, length);
}

void scu__commitment_encode(const scu__commitment *commitment, scu__buffer *bytes) {
  scu__put_u8(bytes, LEDGER_FORMAT);
  encode_text(bytes, commitment->requester.text);
  scu__put_u32le(bytes, (uint32_t)commitment->count);
  for (size_t i = 0; i < commitment->count; i++) {
    const scu__commitment_item *item = &commitment->items[i];
    scu__put_u16le(bytes, item->failure);
    encode_text(bytes, item->sop_class.text);
    encode_text(bytes, item->sop_instance.text);
  }
}

static void decode_text(scu__cursor *from, char *to, size_t room) {
  size_t length = scu__get_u8(from);
  const uint8_t *text = scu__get_bytes(from, length);
  if (length >= room) from->failed = true;
  if (from->failed) return;
  if (length > 0) memcpy(to, text, length);
  to[length] = 0;
}

static void decode_items(scu__commitment *commitment, scu__cursor *from) {
  for (size_t i = 0; i < commitment->count && !from->failed; i++) {
    scu__commitment_item *item = &commitment->items[i];
    item->failure = scu__get_u16le(from);
    decode_text(from, item->sop_class.text, sizeof item->sop_class.text);
    decode_text(from, item->sop_instance.text, sizeof item->sop_instance.text);
  }
}

scu_result scu__commitment_decode(scu__commitment *commitment, const scu_allocator *allocator, const char *transaction,
                                  const uint8_t *bytes, size_t length) {
  enum { ITEM_MIN = 4 };
  *commitment = (scu__commitment){.allocator = allocator};
  scu__cursor from = scu__cursor_over(bytes, length);
  if (scu__get_u8(&from) != LEDGER_FORMAT || !scu__uid_from_text(&commitment->transaction, transaction))
    return SCU_ERROR_MALFORMED;
  decode_text(&from, commitment->requester.text, sizeof commitment->requester.text);
  size_t count = scu__get_u32le(&from);
  if (from.failed || count > scu__cursor_left(&from) / ITEM_MIN) return SCU_ERROR_MALFORMED;
  commitment->items = scu__alloc_array(allocator, count, sizeof *commitment->items);
  if (!commitment->items) return SCU_ERROR_MEMORY;
  commitment->count = count;
  decode_items(commitment, &from);
  if (scu__cursor_is_finished(&from)) return SCU_OK;
  scu__commitment_free(commitment);
  return SCU_ERROR_MALFORMED;
}
