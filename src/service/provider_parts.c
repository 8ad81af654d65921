/* The common part of the answering side: answers, what is wrong with a request, data sets that are held whole. */
#include "service/provider_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "data/dataset_encode.h"

void *scu__provider_make(size_t size, const scu__exchange_class *class_, const scu_allocator *allocator,
                         scu__outbox *outbox, uint8_t context_id, const scu__command *request) {
  const scu__place place = {allocator, outbox, context_id, request->message_id};
  scu__provider *self = scu__exchange_make(size, class_, &place);
  if (!self) return NULL;
  self->request = *request;
  self->request.attributes = NULL; /* borrowed from bytes that go */
  self->request.attribute_count = 0;
  self->request.present &= ~(uint32_t)SCU__HAS_ATTRIBUTES;
  self->exchange.expects_dataset = scu__command_has_dataset(request);
  return self;
}

scu_result scu__provider_hand_out(scu__provider *self, scu_result result, scu__exchange **out) {
  if (result != SCU_OK) {
    scu__exchange_free(&self->exchange);
    return result;
  }
  *out = &self->exchange;
  return SCU_OK;
}

void scu__provider_say_request(const scu__provider *self, scu__exchange_event *event) {
  event->kind = SCU__EXCHANGE_REQUEST;
  event->command = &self->request;
}

/* --- answers --- */

static void settle(scu__provider *self) {
  self->exchange.is_done = self->is_answered && self->unsent == 0 && !self->exchange.expects_dataset;
}

void scu__provider_sent(scu__exchange *exchange) {
  scu__provider *self = (scu__provider *)exchange;
  if (self->unsent > 0) self->unsent--;
  settle(self);
}

scu_result scu__provider_swallow(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                 scu__exchange_event *event, scu_error *error) {
  (void)bytes, (void)length, (void)is_last, (void)event, (void)error;
  settle((scu__provider *)exchange);
  return SCU_OK;
}

scu_result scu__provider_push(scu__provider *self, scu__message *message, bool is_final) {
  scu_result result = scu__exchange_push(&self->exchange, message);
  if (result != SCU_OK) return result;
  self->unsent++;
  if (is_final) self->is_answered = true;
  return SCU_OK;
}

scu_result scu__provider_answer(scu__provider *self, uint16_t status, const char *comment, uint32_t offending_tag) {
  scu__message message = {.payload = SCU__PAYLOAD_NONE};
  scu__response_to(&self->request, status, &message.command);
  scu__command_set_comment(&message.command, comment);
  if (offending_tag != 0) {
    message.command.offending[0] = offending_tag;
    message.command.offending_count = 1;
    message.command.present |= SCU__HAS_OFFENDING;
  }
  return scu__provider_push(self, &message, true);
}

/* --- requests that lack something --- */

static bool is_n_service(uint16_t field) {
  return field >= SCU__N_EVENT_REPORT_RQ && field <= SCU__N_DELETE_RQ;
}

static bool is_query(uint16_t field) {
  return field == SCU__C_FIND_RQ || field == SCU__C_MOVE_RQ || field == SCU__C_GET_RQ;
}

/* PS3.7 C.5 has no code for "element missing": the nearest that the operation allows. */
static uint16_t status_for_missing(uint16_t field, uint32_t element) {
  if (field == SCU__C_ECHO_RQ) return SCU__STATUS_MISTYPED_ARGUMENT;
  switch (element) {
  case SCU__HAS_AFFECTED_SOP_INSTANCE:
  case SCU__HAS_REQUESTED_SOP_INSTANCE: return SCU__STATUS_INVALID_INSTANCE_UID;
  case SCU__HAS_AFFECTED_SOP_CLASS:
  case SCU__HAS_REQUESTED_SOP_CLASS:
    return is_n_service(field) ? SCU__STATUS_NO_SUCH_CLASS : SCU__STATUS_DOES_NOT_MATCH_CLASS;
  case SCU__HAS_EVENT_TYPE: return SCU__STATUS_NO_SUCH_EVENT_TYPE;
  case SCU__HAS_ACTION_TYPE: return SCU__STATUS_NO_SUCH_ACTION_TYPE;
  case SCU__HAS_MOVE_DESTINATION: return SCU__STATUS_MOVE_DESTINATION_UNKNOWN;
  default: break;
  }
  if (is_n_service(field)) return SCU__STATUS_MISTYPED_ARGUMENT;
  bool lacks_identifier = is_query(field) && element == SCU__HAS_DATA_SET_TYPE;
  return lacks_identifier ? SCU__STATUS_DOES_NOT_MATCH_CLASS : SCU__STATUS_CANNOT_UNDERSTAND;
}

scu_result scu__provider_answer_missing(scu__provider *self, uint32_t element) {
  char comment[65];
  bool is_malformed = (self->request.malformed & element) != 0;
  const char *name = element == SCU__HAS_DATA_SET_TYPE ? "data set" : scu__command_element_name(element);
  snprintf(comment, sizeof comment, "%s %s", name, is_malformed ? "is malformed" : "is missing");
  return scu__provider_answer(self, status_for_missing(self->request.field, element), comment,
                              scu__command_element_tag(element));
}

/* --- data sets that are held --- */

scu_result scu__holding_provider_begin(scu__holding_provider *self, scu__exchange_event *event) {
  uint32_t missing = scu__command_missing(&self->provider.request);
  if (missing) return scu__provider_answer_missing(&self->provider, missing);
  scu__identifier_init(&self->identifier, self->provider.exchange.allocator);
  if (self->provider.exchange.expects_dataset) return SCU_OK;
  self->is_open = true;
  scu__provider_say_request(&self->provider, event);
  return SCU_OK;
}

static scu_result answer_unreadable(scu__holding_provider *self, scu_result result, const scu_error *cause) {
  if (result == SCU_ERROR_LIMIT)
    return scu__provider_answer(&self->provider, self->status_limit, "data set is too long", 0);
  char comment[65];
  snprintf(comment, sizeof comment, "data set: %.54s", scu_error_reason(cause));
  return scu__provider_answer(&self->provider, self->status_malformed, comment, scu_error_tag(cause));
}

/* The association cannot go on without the answer that it owes. */
static scu_result answered(scu_result result, scu_error *error) {
  if (result == SCU_OK) return SCU_OK;
  return scu__error_set(error, result, SCU_PHASE_RESPONSE, "a request could not be answered");
}

scu_result scu__holding_provider_receive(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                         scu__exchange_event *event, scu_error *error) {
  scu__holding_provider *self = (scu__holding_provider *)exchange;
  if (self->provider.is_answered) return scu__provider_swallow(exchange, bytes, length, is_last, event, error);
  scu_error cause;
  scu__error_clear(&cause);
  scu_result result = scu__identifier_put(&self->identifier, bytes, length, is_last, self->encoding, &cause);
  if (result == SCU_MORE) return SCU_OK;
  if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_RESPONSE);
  /* Answers of peers are read all the same; of a request nobody can tell which of the two was meant. */
  scu_tag twice;
  if (result == SCU_OK && scu__identifier_repeats(&self->identifier, &twice)) {
    result = scu__error_set(&cause, SCU_ERROR_MALFORMED, SCU_PHASE_RESPONSE, "(%04X,%04X) is there twice",
                            (unsigned)SCU_TAG_GROUP(twice), (unsigned)SCU_TAG_ELEMENT(twice));
    scu__error_at(&cause, twice, UINT64_MAX);
  }
  scu__identifier_settle(&self->identifier);
  if (result != SCU_OK) return answered(answer_unreadable(self, result, &cause), error);
  if (self->is_empty_refused && scu_dataset_count(self->identifier.dataset) == 0)
    return answered(
        scu__provider_answer(&self->provider, SCU__STATUS_DOES_NOT_MATCH_CLASS, "identifier without a key", 0), error);
  self->is_open = true;
  scu__provider_say_request(&self->provider, event);
  event->identifier = self->identifier.dataset;
  return SCU_OK;
}

void scu__holding_provider_free(scu__exchange *exchange) {
  scu__identifier_free(&((scu__holding_provider *)exchange)->identifier);
}

bool scu__holding_provider_may_answer(const scu__holding_provider *self, uint16_t status) {
  if (self->provider.is_answered) return false;
  scu__status_kind kind = scu__status_class(status, self->provider.request.field);
  return kind == SCU__STATUS_KIND_FAILURE || (self->is_open && kind != SCU__STATUS_KIND_PENDING);
}

scu_result scu__holding_provider_encode(const scu__holding_provider *self, const scu_dataset *dataset,
                                        scu__message *message) {
  message->payload = SCU__PAYLOAD_NONE;
  if (!dataset || scu_dataset_count(dataset) == 0) return SCU_OK;
  scu__outbox_lend(self->provider.exchange.outbox, SCU__IDENTIFIER_MAX, &message->bytes);
  scu_result result = scu__dataset_encode(dataset, self->encoding, &message->bytes, NULL);
  message->payload = SCU__PAYLOAD_BYTES;
  return result;
}
