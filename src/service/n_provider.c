/* Providers of the N-services (PS3.7 10.1): the request with its data set in, one response out. */
#include "base/alloc.h"
#include "base/limits.h"
#include "service/n_service.h"
#include "service/provider_parts.h"

typedef struct n_provider {
  scu__holding_provider base;
  uint8_t *attributes; /* the request's list */
} n_provider;

static void free_n_provider(scu__exchange *exchange) {
  scu__holding_provider_free(exchange);
  scu__free(exchange->allocator, ((n_provider *)exchange)->attributes);
}

#define N_CLASS(text, field)                                                                                           \
  {                                                                                                                    \
    .name = text, .response_field = field, .is_provider = true, .receive_data = scu__holding_provider_receive,         \
    .message_sent = scu__provider_sent, .free = free_n_provider                                                        \
  }

static const scu__exchange_class classes[] = {
    N_CLASS("N-EVENT-REPORT", SCU__N_EVENT_REPORT_RSP),
    N_CLASS("N-GET", SCU__N_GET_RSP),
    N_CLASS("N-SET", SCU__N_SET_RSP),
    N_CLASS("N-ACTION", SCU__N_ACTION_RSP),
    N_CLASS("N-CREATE", SCU__N_CREATE_RSP),
    N_CLASS("N-DELETE", SCU__N_DELETE_RSP),
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

scu_result scu__n_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                               const scu__command *request, scu__encoding encoding, scu__exchange **out,
                               scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  const scu__exchange_class *class_ = class_for(request);
  if (!class_) return SCU_ERROR_USAGE;
  n_provider *self = scu__provider_make(sizeof *self, class_, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  scu__holding_provider *base = &self->base;
  base->encoding = encoding;
  base->status_malformed = SCU__STATUS_PROCESSING_FAILURE;
  base->status_limit = SCU__STATUS_RESOURCE_LIMIT;
  scu_result result = SCU_ERROR_MEMORY;
  if (scu__command_copy(base->provider.exchange.allocator, request, &base->provider.request, &self->attributes))
    result = scu__holding_provider_begin(base, event);
  return scu__provider_hand_out(&base->provider, result, out);
}

/* Everything but the attribute list, which has to be put into bytes that outlive the push. */
static void fill_response(const scu__provider *self, const scu__n_answer *answer, scu__command *command) {
  scu__response_to(&self->request, answer->status, command);
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

static scu_result push_response(scu__holding_provider *self, const scu__n_answer *answer, scu__buffer *list) {
  scu__message message = {0};
  fill_response(&self->provider, answer, &message.command);
  scu_result result = put_attributes(answer, list, &message.command);
  if (result == SCU_OK) result = scu__holding_provider_encode(self, answer->dataset, &message);
  bool is_unwanted =
      message.payload == SCU__PAYLOAD_BYTES && scu__command_dataset_rule(message.command.field) == SCU__DATASET_NEVER;
  if (result == SCU_OK && is_unwanted) result = SCU_ERROR_USAGE;
  if (result == SCU_OK) return scu__provider_push(&self->provider, &message, true);
  scu__message_free(&message);
  return result;
}

scu_result scu__n_provider_respond(scu__exchange *exchange, const scu__n_answer *answer) {
  scu__holding_provider *self = (scu__holding_provider *)exchange;
  if (!is_ours(exchange) || !scu__holding_provider_may_answer(self, answer->status)) return SCU_ERROR_USAGE;
  scu__buffer list;
  scu__buffer_init(&list, exchange->allocator, SCU__COMMAND_MAX);
  scu_result result = push_response(self, answer, &list);
  scu__buffer_free(&list);
  return result;
}
