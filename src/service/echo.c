/* C-ECHO, both ends (PS3.4 A, PS3.7 9.1.5): one request, one response, no data set. */
#include "data/sop_class.h"
#include "service/provider_parts.h"

/* ---- requester ---- */

static const scu__exchange_class request_class = {
    .name = "C-ECHO",
    .response_field = SCU__C_ECHO_RSP,
    .receive_command = scu__single_request_receive,
};

scu_result scu__echo_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 uint16_t message_id, scu__exchange **out) {
  const scu__place place = {allocator, outbox, context_id, message_id};
  scu__uid verification;
  scu__uid_from_text(&verification, SCU__UID_VERIFICATION);
  scu__message message = {.payload = SCU__PAYLOAD_NONE};
  scu__request_init(&message.command, SCU__C_ECHO_RQ, message_id, &verification);
  return scu__exchange_launch(scu__exchange_make(sizeof(scu__single_request), &request_class, &place), &message, out);
}

/* ---- provider ---- */

static const scu__exchange_class provider_class = {
    .name = "C-ECHO",
    .response_field = SCU__C_ECHO_RSP,
    .is_provider = true,
    .receive_data = scu__provider_swallow,
    .message_sent = scu__provider_sent,
};

scu_result scu__echo_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__exchange **out, scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if (request->field != SCU__C_ECHO_RQ) return SCU_ERROR_USAGE;
  scu__provider *self = scu__provider_make(sizeof *self, &provider_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  uint32_t missing = scu__command_missing(request);
  scu_result result =
      missing ? scu__provider_answer_missing(self, missing) : scu__provider_answer(self, SCU__STATUS_SUCCESS, NULL, 0);
  if (result == SCU_OK && !missing) scu__provider_say_request(self, event);
  return scu__provider_hand_out(self, result, out);
}
