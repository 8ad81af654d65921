/* The answering side: C-ECHO (PS3.7 9.1.5), C-STORE (9.1.1, PS3.4 B.2), and the refusal of whatever nobody serves.
 *
 * A provider is over when its answer is on its way and the request's data set has ended, in whatever order. */
#include <stdio.h>
#include <string.h>

#include "service/parts.h"

typedef struct provider {
  scu__exchange exchange;
  scu__command request;
  bool is_answered; /* the response is in the outbox */
  bool is_sent;     /* the response has left it */
} provider;

static void settle(provider *self) {
  self->exchange.is_done = self->is_sent && !self->exchange.expects_dataset;
}

static void response_sent(scu__exchange *exchange) {
  provider *self = (provider *)exchange;
  if (self->is_answered) self->is_sent = true;
  settle(self);
}

static scu_result answer(provider *self, uint16_t status, const char *comment, uint32_t offending_tag) {
  scu__message message = {.payload = SCU__PAYLOAD_NONE};
  scu__response_to(&self->request, status, &message.command);
  scu__command_set_comment(&message.command, comment);
  if (offending_tag != 0) {
    message.command.offending[0] = offending_tag;
    message.command.offending_count = 1;
    message.command.present |= SCU__HAS_OFFENDING;
  }
  scu_result result = scu__exchange_push(&self->exchange, &message);
  if (result == SCU_OK) self->is_answered = true;
  return result;
}

static scu_result swallow(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                          scu__exchange_event *event, scu_error *error) {
  (void)bytes, (void)length, (void)is_last, (void)event, (void)error;
  settle((provider *)exchange);
  return SCU_OK;
}

static scu_result receive_store_data(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                     scu__exchange_event *event, scu_error *error) {
  provider *self = (provider *)exchange;
  if (self->is_answered) return swallow(exchange, bytes, length, is_last, event, error);
  event->kind = SCU__EXCHANGE_DATA;
  event->command = &self->request;
  event->bytes = bytes;
  event->length = length;
  event->is_last = is_last;
  return SCU_OK;
}

static const scu__exchange_class echo_class = {
    .name = "C-ECHO",
    .response_field = SCU__C_ECHO_RSP,
    .is_provider = true,
    .receive_data = swallow,
    .message_sent = response_sent,
};

static const scu__exchange_class store_class = {
    .name = "C-STORE",
    .response_field = SCU__C_STORE_RSP,
    .is_provider = true,
    .receive_data = receive_store_data,
    .message_sent = response_sent,
};

static const scu__exchange_class refusal_class = {
    .name = "refusal",
    .is_provider = true,
    .receive_data = swallow,
    .message_sent = response_sent,
};

static bool is_request(const scu__command *command) {
  return !scu__command_is_response(command) && command->field != SCU__C_CANCEL_RQ;
}

static provider *make_provider(const scu__exchange_class *class_, const scu_allocator *allocator, scu__outbox *outbox,
                               uint8_t context_id, const scu__command *request) {
  const scu__place place = {allocator, outbox, context_id, request->message_id};
  provider *self = scu__exchange_make(sizeof *self, class_, &place);
  if (!self) return NULL;
  self->request = *request;
  self->request.attributes = NULL; /* borrowed from bytes that go */
  self->request.attribute_count = 0;
  self->request.present &= ~(uint32_t)SCU__HAS_ATTRIBUTES;
  self->exchange.expects_dataset = scu__command_has_dataset(request);
  return self;
}

static scu_result hand_out(provider *self, scu_result result, scu__exchange **out) {
  if (result != SCU_OK) {
    scu__exchange_free(&self->exchange);
    return result;
  }
  *out = &self->exchange;
  return SCU_OK;
}

/* PS3.7 C.5 has no code for "element missing": the nearest that the operation allows. */
static uint16_t status_for_missing(uint16_t field, uint32_t element) {
  if (field == SCU__C_ECHO_RQ) return SCU__STATUS_MISTYPED_ARGUMENT;
  if (element == SCU__HAS_AFFECTED_SOP_INSTANCE) return SCU__STATUS_INVALID_INSTANCE_UID;
  if (element == SCU__HAS_AFFECTED_SOP_CLASS) return SCU__STATUS_DOES_NOT_MATCH_CLASS;
  return SCU__STATUS_CANNOT_UNDERSTAND;
}

static scu_result answer_missing(provider *self, uint32_t element) {
  char comment[65];
  bool is_malformed = (self->request.malformed & element) != 0;
  snprintf(comment, sizeof comment, "%s %s", scu__command_element_name(element),
           is_malformed ? "is malformed" : "is missing");
  return answer(self, status_for_missing(self->request.field, element), comment, scu__command_element_tag(element));
}

static void say_request(const provider *self, scu__exchange_event *event) {
  event->kind = SCU__EXCHANGE_REQUEST;
  event->command = &self->request;
}

scu_result scu__echo_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__exchange **out, scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if (request->field != SCU__C_ECHO_RQ) return SCU_ERROR_USAGE;
  provider *self = make_provider(&echo_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  uint32_t missing = scu__command_missing(request);
  scu_result result = missing ? answer_missing(self, missing) : answer(self, SCU__STATUS_SUCCESS, NULL, 0);
  if (result == SCU_OK && !missing) say_request(self, event);
  return hand_out(self, result, out);
}

scu_result scu__store_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                   const scu__command *request, scu__exchange **out, scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if (request->field != SCU__C_STORE_RQ) return SCU_ERROR_USAGE;
  provider *self = make_provider(&store_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  uint32_t missing = scu__command_missing(request);
  scu_result result = missing ? answer_missing(self, missing) : SCU_OK;
  if (result == SCU_OK && !missing) say_request(self, event);
  return hand_out(self, result, out);
}

scu_result scu__store_provider_respond(scu__exchange *exchange, uint16_t status, const char *comment,
                                       uint32_t offending_tag) {
  provider *self = (provider *)exchange;
  if (exchange->class_ != &store_class || self->is_answered) return SCU_ERROR_USAGE;
  bool is_failure = scu__status_class(status, SCU__C_STORE_RSP) == SCU__STATUS_KIND_FAILURE;
  if (exchange->expects_dataset && !is_failure) return SCU_ERROR_USAGE;
  return answer(self, status, comment, offending_tag);
}

scu_result scu__refusal_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                            const scu__command *request, uint16_t status, const char *comment, scu__exchange **out) {
  *out = NULL;
  if (!is_request(request)) return SCU_ERROR_USAGE;
  provider *self = make_provider(&refusal_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  return hand_out(self, answer(self, status, comment, 0), out);
}

scu_result scu__reply_status(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                             const scu__command *request, uint16_t status, const char *comment) {
  (void)allocator;
  if (!is_request(request)) return SCU_ERROR_USAGE;
  scu__message message = {.context_id = context_id, .payload = SCU__PAYLOAD_NONE};
  scu__response_to(request, status, &message.command);
  scu__command_set_comment(&message.command, comment);
  return scu__outbox_push(outbox, &message);
}
