/* C-STORE, both ends (PS3.4 B.2, PS3.7 9.1.1): one request with a data set, one response. Where the data set comes from
 * or goes is the business of who has the exchange. */
#include <string.h>

#include "service/provider_parts.h"

/* ---- requester ---- */

static const scu__exchange_class request_class = {
    .name = "C-STORE",
    .response_field = SCU__C_STORE_RSP,
    .receive_command = scu__single_request_receive,
};

static void fill_store_command(scu__command *command, uint16_t message_id, const scu__store_params *params) {
  scu__request_init(command, SCU__C_STORE_RQ, message_id, &params->sop_class);
  command->affected_sop_instance = params->sop_instance;
  command->priority = params->priority;
  command->present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  if (!params->originator.text[0]) return;
  command->originator = params->originator;
  command->originator_message_id = params->originator_message_id;
  command->present |= SCU__HAS_ORIGINATOR | SCU__HAS_ORIGINATOR_MESSAGE_ID;
}

scu_result scu__store_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  uint16_t message_id, scu__store_params *params, scu__exchange **out) {
  const scu__place place = {allocator, outbox, context_id, message_id};
  scu__message message = {
      .payload = params->payload,
      .bytes = params->bytes,
      .source = params->source,
      .offset = params->offset,
      .length = params->length,
      .producer = params->producer,
  };
  memset(&params->bytes, 0, sizeof params->bytes);
  params->producer = NULL;
  fill_store_command(&message.command, message_id, params);
  return scu__exchange_launch(scu__exchange_make(sizeof(scu__single_request), &request_class, &place), &message, out);
}

/* ---- provider ---- */

static scu_result receive_data(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
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

static const scu__exchange_class provider_class = {
    .name = "C-STORE",
    .response_field = SCU__C_STORE_RSP,
    .is_provider = true,
    .receive_data = receive_data,
    .message_sent = scu__provider_sent,
};

scu_result scu__store_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                   const scu__command *request, scu__exchange **out, scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if (request->field != SCU__C_STORE_RQ) return SCU_ERROR_USAGE;
  scu__provider *self = scu__provider_make(sizeof *self, &provider_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  uint32_t missing = scu__command_missing(request);
  scu_result result = missing ? scu__provider_answer_missing(self, missing) : SCU_OK;
  if (result == SCU_OK && !missing) scu__provider_say_request(self, event);
  return scu__provider_hand_out(self, result, out);
}

scu_result scu__store_provider_respond(scu__exchange *exchange, uint16_t status, const char *comment,
                                       uint32_t offending_tag) {
  scu__provider *self = (scu__provider *)exchange;
  if (exchange->class_ != &provider_class || self->is_answered) return SCU_ERROR_USAGE;
  bool is_failure = scu__status_class(status, SCU__C_STORE_RSP) == SCU__STATUS_KIND_FAILURE;
  if (exchange->expects_dataset && !is_failure) return SCU_ERROR_USAGE;
  return scu__provider_answer(self, status, comment, offending_tag);
}
