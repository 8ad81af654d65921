/* Requester of C-STORE (PS3.4 B.2, PS3.7 9.1.1) and of C-ECHO (PS3.4 A, PS3.7 9.1.5): one request, one response. */
#include <string.h>

#include "data/sop_class.h"
#include "service/parts.h"

typedef struct simple_request {
  scu__exchange exchange;
  scu__command response;
} simple_request;

static scu_result receive_response(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                   scu_error *error) {
  (void)error;
  simple_request *self = (simple_request *)exchange;
  self->response = *command;
  self->response.attributes = NULL;
  self->response.attribute_count = 0;
  scu__exchange_finish(exchange, &self->response, event);
  return SCU_OK;
}

static const scu__exchange_class echo_class = {
    .name = "C-ECHO",
    .response_field = SCU__C_ECHO_RSP,
    .receive_command = receive_response,
};

static const scu__exchange_class store_class = {
    .name = "C-STORE",
    .response_field = SCU__C_STORE_RSP,
    .receive_command = receive_response,
};

scu_result scu__echo_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 uint16_t message_id, scu__exchange **out) {
  const scu__place place = {allocator, outbox, context_id, message_id};
  scu__uid verification;
  scu__uid_from_text(&verification, SCU__UID_VERIFICATION);
  scu__message message = {.payload = SCU__PAYLOAD_NONE};
  scu__request_init(&message.command, SCU__C_ECHO_RQ, message_id, &verification);
  return scu__exchange_launch(scu__exchange_make(sizeof(simple_request), &echo_class, &place), &message, out);
}

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
  return scu__exchange_launch(scu__exchange_make(sizeof(simple_request), &store_class, &place), &message, out);
}
