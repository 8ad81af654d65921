/* Bytes to dataset and back, on demand. */
#include "client/message_dataset.h"

#include <string.h>

#include "base/limits.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/transfer_syntax.h"

#define TAG_SOP_INSTANCE SCU_TAG(0x0008, 0x0018)

void scu__message_dataset_init(scu__message_dataset *held, const scu_allocator *allocator,
                               const char *transfer_syntax) {
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(transfer_syntax);
  memset(held, 0, sizeof *held);
  held->allocator = allocator;
  held->can_decode = syntax && !syntax->is_deflated;
  if (held->can_decode) held->encoding = scu__transfer_syntax_encoding(syntax);
  scu__buffer_init(&held->pieces, allocator, SCU__IDENTIFIER_MAX);
  scu__error_clear(&held->error);
}

void scu__message_dataset_free(scu__message_dataset *held) {
  scu_dataset_free(held->dataset);
  scu__buffer_free(&held->pieces);
}

void scu__message_dataset_put(scu__message_dataset *held, const uint8_t *bytes, size_t length) {
  if (held->can_decode) scu__put_bytes(&held->pieces, bytes, length);
}

void scu__message_dataset_end(scu__message_dataset *held) {
  held->is_unreadable = scu__buffer_result(&held->pieces) != SCU_OK;
  held->bytes = held->pieces.data;
  held->length = held->pieces.length;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* What we are about to send may be longer than what we take from others: see SCU__MESSAGE_DATASET_MAX. */
static scu_result decode(scu__message_dataset *held, scu_error *error) {
  if (!held->can_decode)
    return scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_REQUEST,
                          "before_message: the transfer syntax of the context cannot be decoded");
  if (!held->bytes) return scu_dataset_new(held->allocator, &held->dataset);
  const scu__dataset_limits limits = {.value_max = SCU__MESSAGE_DATASET_MAX,
                                      .total_max = SCU__MESSAGE_DATASET_MAX,
                                      .elements_max = SCU__DATASET_ELEMENTS_MAX,
                                      .phase = SCU_PHASE_REQUEST};
  return scu__dataset_decode(held->bytes, held->length, held->encoding, held->allocator, &limits, &held->dataset,
                             error);
}

const scu_dataset *scu__message_dataset_read(scu__message_dataset *held) {
  if (held->dataset || held->is_unreadable || !held->bytes || !held->can_decode) return held->dataset;
  held->is_unreadable = decode(held, NULL) != SCU_OK;
  return held->dataset;
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

/* "" where there is none, and what is no UID where it is too long to be one. */
static void get_instance(const scu_dataset *dataset, char *text, size_t room) {
  text[0] = '\0';
  if (!scu_dataset_find(dataset, TAG_SOP_INSTANCE)) return;
  if (scu__dataset_tag_text(dataset, TAG_SOP_INSTANCE, text, room) != SCU_OK) memcpy(text, "?", 2);
}

scu_result scu__message_dataset_edit(scu__message_dataset *held, scu_dataset **borrowed) {
  scu__error_clear(&held->error);
  scu_result result = held->dataset ? SCU_OK : decode(held, &held->error);
  if (result != SCU_OK)
    return scu__error_set(&held->error, result, SCU_PHASE_REQUEST, "before_message: the dataset cannot be had");
  if (!held->is_edited) get_instance(held->dataset, held->instance_before.text, sizeof held->instance_before.text);
  held->is_edited = true;
  *borrowed = held->dataset;
  return SCU_OK;
}

static scu_result cannot_encode(scu_result result, const scu_error *cause, scu_error *error) {
  scu__error_set(error, result, SCU_PHASE_REQUEST, "before_message: the dataset as edited cannot be sent: %s",
                 scu_error_reason(cause));
  scu__error_at(error, scu_error_tag(cause), UINT64_MAX);
  return result;
}

scu_result scu__message_dataset_encode(const scu__message_dataset *held, scu__buffer *out, scu_error *error) {
  const scu_error *last = scu_dataset_error(held->dataset);
  if (scu__error_is_set(last)) return cannot_encode(last->result, last, error);
  if (scu_dataset_count(held->dataset) == 0) return SCU_OK;
  scu_error cause;
  scu__error_clear(&cause);
  scu_result result = scu__dataset_encode(held->dataset, held->encoding, out, &cause);
  if (result == SCU_OK) result = scu__buffer_result(out);
  if (result == SCU_OK) return SCU_OK;
  scu__error_set(&cause, result, SCU_PHASE_REQUEST, "%s", scu_result_name(result));
  return cannot_encode(result, &cause, error);
}

scu_result scu__message_dataset_follow(const scu__message_dataset *held, scu__uid *carried, scu_error *error) {
  char now[sizeof carried->text + 1];
  get_instance(held->dataset, now, sizeof now);
  const char *before = held->instance_before.text;
  bool was_repeated = !before[0] || strcmp(before, carried->text) == 0;
  if (!now[0] || strcmp(now, before) == 0 || !was_repeated) return SCU_OK;
  if (scu__uid_is_valid(now) && scu__uid_from_text(carried, now)) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_REQUEST,
                        "before_message: the SOP Instance UID that was set is not a UID");
}
