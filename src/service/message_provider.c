/* Providers whose messages are the caller's own: the request with its data set in, responses out until one is final. */
#include "base/alloc.h"
#include "base/limits.h"
#include "service/message.h"
#include "service/provider_parts.h"

#include <string.h>

typedef struct message_provider {
  scu__holding_provider base;
  uint8_t *attributes; /* the request's list */
} message_provider;

static void free_message_provider(scu__exchange *exchange) {
  scu__holding_provider_free(exchange);
  scu__free(exchange->allocator, ((message_provider *)exchange)->attributes);
}

static scu_result receive_cancel(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                 scu_error *error) {
  (void)command, (void)error;
  event->kind = SCU__EXCHANGE_CANCEL;
  event->command = &((scu__provider *)exchange)->request;
  return SCU_OK;
}

#define CLASS(text, field)                                                                                             \
  {                                                                                                                    \
    .name = text, .response_field = field, .is_provider = true, .receive_command = receive_cancel,                     \
    .receive_data = scu__holding_provider_receive, .message_sent = scu__provider_sent, .free = free_message_provider   \
  }

static const scu__exchange_class classes[] = {
    CLASS("C-STORE", SCU__C_STORE_RSP),   CLASS("C-GET", SCU__C_GET_RSP),
    CLASS("C-FIND", SCU__C_FIND_RSP),     CLASS("C-MOVE", SCU__C_MOVE_RSP),
    CLASS("C-ECHO", SCU__C_ECHO_RSP),     CLASS("N-EVENT-REPORT", SCU__N_EVENT_REPORT_RSP),
    CLASS("N-GET", SCU__N_GET_RSP),       CLASS("N-SET", SCU__N_SET_RSP),
    CLASS("N-ACTION", SCU__N_ACTION_RSP), CLASS("N-CREATE", SCU__N_CREATE_RSP),
    CLASS("N-DELETE", SCU__N_DELETE_RSP),
};
enum { CLASS_COUNT = sizeof classes / sizeof *classes };

static const scu__exchange_class *class_for(const scu__command *request) {
  if (scu__command_is_response(request)) return NULL;
  for (size_t i = 0; i < CLASS_COUNT; i++)
    if (classes[i].response_field == (request->field | SCU__COMMAND_RESPONSE_BIT)) return &classes[i];
  return NULL;
}

static bool is_ours(const scu__exchange *exchange) {
  for (size_t i = 0; i < CLASS_COUNT; i++)
    if (exchange->class_ == &classes[i]) return true;
  return false;
}

scu_result scu__message_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                     const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                     scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  const scu__exchange_class *class_ = class_for(request);
  if (!class_) return SCU_ERROR_USAGE;
  message_provider *self = scu__provider_make(sizeof *self, class_, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  scu__holding_provider *base = &self->base;
  bool is_n_service = request->field >= SCU__N_EVENT_REPORT_RQ;
  base->encoding = encoding;
  base->status_malformed = is_n_service ? SCU__STATUS_PROCESSING_FAILURE : SCU__STATUS_CANNOT_UNDERSTAND;
  base->status_limit = is_n_service ? SCU__STATUS_RESOURCE_LIMIT : SCU__STATUS_OUT_OF_RESOURCES;
  scu_result result = SCU_ERROR_MEMORY;
  if (scu__command_copy(base->provider.exchange.allocator, request, &base->provider.request, &self->attributes))
    result = scu__holding_provider_begin(base, event);
  return scu__provider_hand_out(&base->provider, result, out);
}

/* What a response may say beside what its request has said. */
static void fill_response(const scu__provider *self, const scu__command *answer, scu__command *command) {
  const uint32_t own = SCU__HAS_OFFENDING | SCU__HAS_ERROR_COMMENT | SCU__HAS_ERROR_ID | SCU__HAS_ATTRIBUTES |
                       SCU__HAS_REMAINING | SCU__HAS_COMPLETED | SCU__HAS_FAILED | SCU__HAS_WARNING;
  scu__command filled = *answer;
  scu__response_to(&self->request, answer->status, command);
  filled.present = command->present | (answer->present & own);
  filled.field = command->field;
  filled.responded_message_id = command->responded_message_id;
  filled.data_set_type = command->data_set_type;
  filled.event_type = command->event_type;
  filled.action_type = command->action_type;
  filled.affected_sop_class = command->affected_sop_class;
  if (!scu__command_has(answer, SCU__HAS_AFFECTED_SOP_INSTANCE))
    filled.affected_sop_instance = command->affected_sop_instance;
  else
    filled.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  *command = filled;
}

/* A final answer to what was not heard to its end can only be a refusal. */
static bool may_answer(const scu__holding_provider *self, const scu__command *response) {
  scu__status_kind kind = scu__status_class(response->status, self->provider.request.field);
  if (kind == SCU__STATUS_KIND_PENDING) return self->is_open && !self->provider.is_answered;
  return scu__holding_provider_may_answer(self, response->status);
}

/* Takes what the message owns. */
static scu_result push(scu__holding_provider *self, const scu__command *response, scu__message *message) {
  fill_response(&self->provider, response, &message->command);
  uint16_t field = message->command.field;
  bool has_dataset = message->payload == SCU__PAYLOAD_BYTES;
  bool is_final = scu__status_class(response->status, field) != SCU__STATUS_KIND_PENDING;
  if (!has_dataset || scu__command_dataset_rule(field) != SCU__DATASET_NEVER)
    return scu__provider_push(&self->provider, message, is_final);
  scu__message_free(message);
  return SCU_ERROR_USAGE;
}

scu_result scu__message_provider_respond(scu__exchange *exchange, const scu__command *response,
                                         const scu_dataset *dataset) {
  scu__holding_provider *self = (scu__holding_provider *)exchange;
  scu__message message = {0};
  if (!is_ours(exchange) || !may_answer(self, response)) return SCU_ERROR_USAGE;
  scu_result result = scu__holding_provider_encode(self, dataset, &message);
  if (result == SCU_OK) return push(self, response, &message);
  scu__message_free(&message);
  return result;
}

scu_result scu__message_provider_respond_encoded(scu__exchange *exchange, const scu__command *response,
                                                 scu__buffer *dataset) {
  scu__holding_provider *self = (scu__holding_provider *)exchange;
  bool is_absent = dataset->length == 0 && scu__buffer_result(dataset) == SCU_OK;
  scu__message message = {.payload = is_absent ? SCU__PAYLOAD_NONE : SCU__PAYLOAD_BYTES, .bytes = *dataset};
  memset(dataset, 0, sizeof *dataset);
  if (is_ours(exchange) && may_answer(self, response)) return push(self, response, &message);
  scu__message_free(&message);
  return SCU_ERROR_USAGE;
}
