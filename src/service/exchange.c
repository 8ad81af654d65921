/* What all exchanges have in common: who wants what, order, cancel, and the way out. */
#include "service/exchange.h"

#include <string.h>

#include "base/alloc.h"
#include "service/parts.h"

void *scu__exchange_make(size_t size, const scu__exchange_class *class_, const scu__place *place) {
  const scu_allocator *allocator = scu__allocator_or_default(place->allocator);
  scu__exchange *exchange = scu__alloc(allocator, size);
  if (!exchange) return NULL;
  exchange->class_ = class_;
  exchange->allocator = allocator;
  exchange->outbox = place->outbox;
  exchange->context_id = place->context_id;
  exchange->message_id = place->message_id;
  return exchange;
}

scu_result scu__exchange_push(scu__exchange *exchange, scu__message *message) {
  message->context_id = exchange->context_id;
  message->owner = exchange;
  return scu__outbox_push(exchange->outbox, message);
}

scu_result scu__exchange_launch(scu__exchange *exchange, scu__message *request, scu__exchange **out) {
  *out = NULL;
  if (!exchange) {
    scu__message_free(request);
    return SCU_ERROR_MEMORY;
  }
  scu_result result = scu__exchange_push(exchange, request);
  if (result != SCU_OK) {
    scu__exchange_free(exchange);
    return result;
  }
  *out = exchange;
  return SCU_OK;
}

void scu__exchange_finish(scu__exchange *exchange, const scu__command *response, scu__exchange_event *event) {
  exchange->is_done = true;
  event->kind = SCU__EXCHANGE_FINAL;
  event->command = response;
}

scu_result scu__single_request_receive(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                       scu_error *error) {
  (void)error;
  scu__single_request *self = (scu__single_request *)exchange;
  self->response = *command;
  self->response.attributes = NULL;
  self->response.attribute_count = 0;
  scu__exchange_finish(exchange, &self->response, event);
  return SCU_OK;
}

bool scu__command_copy(const scu_allocator *allocator, const scu__command *from, scu__command *to,
                       uint8_t **attributes) {
  *attributes = NULL;
  *to = *from;
  to->attributes = NULL;
  if (from->attribute_count == 0) return true;
  *attributes = scu__alloc(allocator, from->attribute_count * 4);
  if (!*attributes) return false;
  memcpy(*attributes, from->attributes, from->attribute_count * 4);
  to->attributes = *attributes;
  return true;
}

bool scu__exchange_wants(const scu__exchange *exchange, uint8_t context_id, const scu__command *command) {
  if (context_id != exchange->context_id) return false;
  if (exchange->class_->is_provider)
    return command->field == SCU__C_CANCEL_RQ && command->responded_message_id == exchange->message_id;
  return scu__command_is_response(command) && command->responded_message_id == exchange->message_id;
}

/* An answer may overtake the rest of the request only to say that it is refused (PS3.7 9.1.1). */
static scu_result check_request_is_out(scu__exchange *exchange, const scu__command *response, scu_error *error) {
  if (!scu__outbox_has(exchange->outbox, exchange)) return SCU_OK;
  bool is_failure = scu__status_class(response->status, response->field) == SCU__STATUS_KIND_FAILURE;
  if (!is_failure || !scu__outbox_is_sending(exchange->outbox, exchange))
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE,
                          "%s with status %04X before the request was out", scu__command_name(response->field),
                          response->status);
  scu__outbox_end_early(exchange->outbox, exchange);
  return SCU_OK;
}

static scu_result check_response(scu__exchange *exchange, const scu__command *command, scu_error *error) {
  const scu__exchange_class *class_ = exchange->class_;
  if (exchange->expects_dataset)
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s: next command inside a data set",
                          class_->name);
  if (command->field != class_->response_field)
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s, message ID %u, was answered by %s (%04X)",
                          class_->name, exchange->message_id, scu__command_name(command->field), command->field);
  if (scu__command_has_dataset(command) && !class_->receive_data)
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s announces a data set",
                          scu__command_name(command->field));
  return check_request_is_out(exchange, command, error);
}

static void describe(const scu__exchange *exchange, scu__exchange_event *event) {
  if (event->kind == SCU__EXCHANGE_NONE || !event->command || exchange->class_->is_provider) return;
  const uint32_t counts = SCU__HAS_REMAINING | SCU__HAS_COMPLETED | SCU__HAS_FAILED | SCU__HAS_WARNING;
  event->status = event->command->status;
  event->status_class = scu__status_class(event->status, event->command->field);
  event->counts = event->command->present & counts;
}

static scu_result receive_cancel(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                 scu_error *error) {
  if (command->field != SCU__C_CANCEL_RQ || exchange->is_cancelled) return SCU_OK;
  exchange->is_cancelled = true;
  if (!exchange->class_->receive_command) return SCU_OK;
  return exchange->class_->receive_command(exchange, command, event, error);
}

scu_result scu__exchange_receive_command(scu__exchange *exchange, const scu__command *command,
                                         scu__exchange_event *event, scu_error *error) {
  *event = (scu__exchange_event){0};
  if (exchange->is_done) return SCU_OK;
  if (exchange->class_->is_provider) return receive_cancel(exchange, command, event, error);
  scu_result result = check_response(exchange, command, error);
  if (result == SCU_OK) {
    exchange->expects_dataset = scu__command_has_dataset(command);
    result = exchange->class_->receive_command(exchange, command, event, error);
  }
  if (result != SCU_OK) exchange->is_done = true;
  describe(exchange, event);
  return result;
}

scu_result scu__exchange_receive_data(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                      scu__exchange_event *event, scu_error *error) {
  *event = (scu__exchange_event){0};
  if (exchange->is_done) return SCU_OK;
  if (!exchange->expects_dataset || !exchange->class_->receive_data) {
    exchange->is_done = true;
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s: data set that was not announced",
                          exchange->class_->name);
  }
  if (is_last) exchange->expects_dataset = false;
  scu_result result = exchange->class_->receive_data(exchange, bytes, length, is_last, event, error);
  if (result != SCU_OK) exchange->is_done = true;
  describe(exchange, event);
  return result;
}

void scu__exchange_message_sent(scu__exchange *exchange) {
  if (exchange->class_->message_sent) exchange->class_->message_sent(exchange);
}

scu_result scu__exchange_cancel(scu__exchange *exchange) {
  if (!exchange->class_->can_cancel) return SCU_ERROR_USAGE;
  if (exchange->is_done || exchange->is_cancelled) return SCU_OK;
  scu__message message = {.context_id = exchange->context_id};
  scu__cancel_init(&message.command, exchange->message_id);
  scu_result result = scu__outbox_push(exchange->outbox, &message);
  if (result == SCU_OK) exchange->is_cancelled = true;
  return result;
}

void scu__exchange_free(scu__exchange *exchange) {
  if (!exchange) return;
  if (!exchange->class_->is_provider) scu__outbox_remove(exchange->outbox, exchange);
  scu__outbox_disown(exchange->outbox, exchange);
  if (exchange->class_->free) exchange->class_->free(exchange);
  scu__free(exchange->allocator, exchange);
}
