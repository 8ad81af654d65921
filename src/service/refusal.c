/* The answer to whatever nobody serves (PS3.7 C): a status, and the data set swallowed. */
#include "service/provider_parts.h"

static const scu__exchange_class refusal_class = {
    .name = "refusal",
    .is_provider = true,
    .receive_data = scu__provider_swallow,
    .message_sent = scu__provider_sent,
};

static bool is_request(const scu__command *command) {
  return !scu__command_is_response(command) && command->field != SCU__C_CANCEL_RQ;
}

scu_result scu__refusal_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                            const scu__command *request, uint16_t status, const char *comment, scu__exchange **out) {
  *out = NULL;
  if (!is_request(request)) return SCU_ERROR_USAGE;
  scu__provider *self = scu__provider_make(sizeof *self, &refusal_class, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  return scu__provider_hand_out(self, scu__provider_answer(self, status, comment, 0), out);
}
