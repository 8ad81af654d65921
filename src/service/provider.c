/* The answering side: C-ECHO (PS3.7 9.1.5), C-STORE (9.1.1, PS3.4 B.2), and the refusal of whatever nobody serves. */
#include "service/provider_parts.h"

static scu_result receive_store_data(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                     scu__exchange_event *event, scu_error *error) {
  scu__provider *self = (scu__provider *)exchange;
  if (self->is_answered) return scu__provider_swallow(exchange, bytes, length, is_last, event, error);
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
    .receive_data = scu__provider_swallow,
    .message_sent = scu__provider_sent,
};

static const scu__exchange_class store_class = {
    .name = "C-STORE",
    .response_field = SCU__C_STORE_RSP,
    .is_provider = true,
    .receive_data = receive_store_data,
    .message_sent = scu__provider_sent,
};

static const scu__exchange_class refusal_class = {
    .name = "refusal",
    .is_provider = true,
    .receive_data = scu__provider_swallow,
    .message_sent = scu__provider_sent,
};

static bool is_request(const scu__command *command) {
  return !scu__command_is_response(command) && command->field != SCU__C_CANCEL_RQ;
}

scu_result scu__echo_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__exchange **out, scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if (request->field != SCU__C_ECHO_RQ) return SCU_ERROR_USAGE;
  scu__provider *self = scu__provider_make(sizeof *self, &echo_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  uint32_t missing = scu__command_missing(request);
  scu_result result =
      missing ? scu__provider_answer_missing(self, missing) : scu__provider_answer(self, SCU__STATUS_SUCCESS, NULL, 0);
  if (result == SCU_OK && !missing) scu__provider_say_request(self, event);
  return scu__provider_hand_out(self, result, out);
}

scu_result scu__store_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                   const scu__command *request, scu__exchange **out, scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if (request->field != SCU__C_STORE_RQ) return SCU_ERROR_USAGE;
  scu__provider *self = scu__provider_make(sizeof *self, &store_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  uint32_t missing = scu__command_missing(request);
  scu_result result = missing ? scu__provider_answer_missing(self, missing) : SCU_OK;
  if (result == SCU_OK && !missing) scu__provider_say_request(self, event);
  return scu__provider_hand_out(self, result, out);
}

scu_result scu__store_provider_respond(scu__exchange *exchange, uint16_t status, const char *comment,
                                       uint32_t offending_tag) {
  scu__provider *self = (scu__provider *)exchange;
  if (exchange->class_ != &store_class || self->is_answered) return SCU_ERROR_USAGE;
  bool is_failure = scu__status_class(status, SCU__C_STORE_RSP) == SCU__STATUS_KIND_FAILURE;
  if (exchange->expects_dataset && !is_failure) return SCU_ERROR_USAGE;
  return scu__provider_answer(self, status, comment, offending_tag);
}

scu_result scu__refusal_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                            const scu__command *request, uint16_t status, const char *comment, scu__exchange **out) {
  *out = NULL;
  if (!is_request(request)) return SCU_ERROR_USAGE;
  scu__provider *self = scu__provider_make(sizeof *self, &refusal_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  return scu__provider_hand_out(self, scu__provider_answer(self, status, comment, 0), out);
}
