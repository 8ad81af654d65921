/* The N-services (PS3.7 10.1): messages of the caller's own, of which there is one each way. */
#include "service/n_service.h"

#include "base/limits.h"
#include "service/message.h"

static bool is_n_request(uint16_t field) {
  return field >= SCU__N_EVENT_REPORT_RQ && field <= SCU__N_DELETE_RQ;
}

scu_result scu__n_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                              uint16_t message_id, const scu__command *request, scu__buffer *dataset,
                              scu__encoding encoding, scu__exchange **out) {
  *out = NULL;
  if (is_n_request(request->field))
    return scu__message_request_new(allocator, outbox, context_id, message_id, request, dataset, encoding, out);
  if (dataset) scu__buffer_free(dataset);
  return SCU_ERROR_USAGE;
}

scu_result scu__n_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                               const scu__command *request, scu__encoding encoding, scu__exchange **out,
                               scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if (!is_n_request(request->field)) return SCU_ERROR_USAGE;
  return scu__message_provider_new(allocator, outbox, context_id, request, encoding, out, event);
}

/* Everything but the attribute list, which has to be put into bytes that outlive the push. */
static void fill_response(const scu__n_answer *answer, scu__command *command) {
  command->status = answer->status;
  scu__command_set_comment(command, answer->comment);
  if (answer->sop_instance) {
    command->affected_sop_instance = *answer->sop_instance;
    command->present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  }
  if (answer->error_id != 0) {
    command->error_id = answer->error_id;
    command->present |= SCU__HAS_ERROR_ID;
  }
}

static scu_result put_attributes(const scu__n_answer *answer, scu__buffer *list, scu__command *command) {
  if (answer->attribute_count == 0) return SCU_OK;
  for (size_t i = 0; i < answer->attribute_count; i++) scu__command_put_attribute(list, answer->attributes[i]);
  command->attributes = list->data;
  command->attribute_count = answer->attribute_count;
  command->present |= SCU__HAS_ATTRIBUTES;
  return scu__buffer_result(list);
}

scu_result scu__n_provider_respond(scu__exchange *exchange, const scu__n_answer *answer) {
  scu__command response = {0};
  scu__buffer list;
  scu__buffer_init(&list, exchange->allocator, SCU__COMMAND_MAX);
  fill_response(answer, &response);
  scu_result result = put_attributes(answer, &list, &response);
  if (result == SCU_OK) result = scu__message_provider_respond(exchange, &response, answer->dataset);
  scu__buffer_free(&list);
  return result;
}
