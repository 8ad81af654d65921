/* Providers of C-FIND (PS3.4 C.4.1), C-MOVE (C.4.2) and C-GET (C.4.3): identifier in, any number of pending responses
 * and one final response out. */
#include "service/query_provider.h"

#include "base/limits.h"
#include "service/provider_parts.h"

/* How much a C-FIND may have in its outbox before it should wait: some batches of the network. */
enum { WAITING_MAX = 128, HELD_MAX = SCU__SEND_BATCH };

/* After the final response there is nothing left to cancel: the two crossed each other (catalogue D25). Before REQUEST
 * nothing has begun: the owner sees is_cancelled. */
static scu_result receive_cancel(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                 scu_error *error) {
  (void)command, (void)error;
  const scu__holding_provider *self = (scu__holding_provider *)exchange;
  if (!self->is_open || self->provider.is_answered) return SCU_OK;
  event->kind = SCU__EXCHANGE_CANCEL;
  event->command = &self->provider.request;
  return SCU_OK;
}

static void free_query(scu__exchange *exchange) {
  scu__outbox_trim(exchange->outbox);
  scu__holding_provider_free(exchange);
}

static const scu__exchange_class find_class = {
    .name = "C-FIND",
    .response_field = SCU__C_FIND_RSP,
    .is_provider = true,
    .receive_command = receive_cancel,
    .receive_data = scu__holding_provider_receive,
    .message_sent = scu__provider_sent,
    .free = free_query,
};

static const scu__exchange_class move_class = {
    .name = "C-MOVE",
    .response_field = SCU__C_MOVE_RSP,
    .is_provider = true,
    .receive_command = receive_cancel,
    .receive_data = scu__holding_provider_receive,
    .message_sent = scu__provider_sent,
    .free = free_query,
};

static const scu__exchange_class get_class = {
    .name = "C-GET",
    .response_field = SCU__C_GET_RSP,
    .is_provider = true,
    .receive_command = receive_cancel,
    .receive_data = scu__holding_provider_receive,
    .message_sent = scu__provider_sent,
    .free = free_query,
};

static bool is_retrieve(const scu__exchange *exchange) {
  return exchange->class_ == &move_class || exchange->class_ == &get_class;
}

static bool is_pending(uint16_t status) {
  return scu__status_class(status, SCU__C_FIND_RSP) == SCU__STATUS_KIND_PENDING;
}

/* Pending responses may go out. */
static bool is_under_way(const scu__exchange *exchange) {
  const scu__holding_provider *self = (const scu__holding_provider *)exchange;
  return self->is_open && !self->provider.is_answered;
}

/* --- matches --- */

static scu_result push_match(scu__exchange *exchange, uint16_t status, scu__message *message) {
  scu__provider *self = (scu__provider *)exchange;
  scu__response_to(&self->request, status, &message->command);
  return scu__provider_push(self, message, false);
}

scu_result scu__find_provider_match(scu__exchange *exchange, const scu_dataset *row, uint16_t status) {
  if (exchange->class_ != &find_class || !is_under_way(exchange) || !is_pending(status)) return SCU_ERROR_USAGE;
  scu__message message = {0};
  scu_result result = scu__holding_provider_encode((scu__holding_provider *)exchange, row, &message);
  if (result == SCU_OK && message.payload == SCU__PAYLOAD_NONE) result = SCU_ERROR_USAGE;
  if (result == SCU_OK) return push_match(exchange, status, &message);
  scu__message_free(&message);
  return result;
}

scu_result scu__find_provider_match_bytes(scu__exchange *exchange, const uint8_t *bytes, size_t length,
                                          uint16_t status) {
  if (exchange->class_ != &find_class || !is_under_way(exchange) || !is_pending(status)) return SCU_ERROR_USAGE;
  scu__message message = {.payload = SCU__PAYLOAD_BYTES};
  scu__outbox_lend(exchange->outbox, SCU__IDENTIFIER_MAX, &message.bytes);
  scu__put_bytes(&message.bytes, bytes, length);
  return push_match(exchange, status, &message);
}

bool scu__find_provider_wants(const scu__exchange *exchange) {
  return exchange->class_ == &find_class && is_under_way(exchange) &&
         scu__outbox_count(exchange->outbox) < WAITING_MAX && scu__outbox_held(exchange->outbox) < HELD_MAX;
}

/* --- sub-operations --- */

static uint16_t count_of(uint32_t number) {
  return number < UINT16_MAX ? (uint16_t)number : UINT16_MAX;
}

static void put_counts(scu__command *command, const scu__sub_operations *counts) {
  command->remaining = count_of(counts->remaining);
  command->completed = count_of(counts->completed);
  command->failed = count_of(counts->failed);
  command->warning = count_of(counts->warning);
  command->present |= SCU__HAS_REMAINING | SCU__HAS_COMPLETED | SCU__HAS_FAILED | SCU__HAS_WARNING;
}

scu_result scu__retrieve_provider_pending(scu__exchange *exchange, const scu__sub_operations *counts) {
  if (!is_retrieve(exchange) || !is_under_way(exchange)) return SCU_ERROR_USAGE;
  scu__provider *self = (scu__provider *)exchange;
  scu__message message = {.payload = SCU__PAYLOAD_NONE};
  scu__response_to(&self->request, SCU__STATUS_PENDING, &message.command);
  if (counts) put_counts(&message.command, counts);
  return scu__provider_push(self, &message, false);
}

/* --- the end --- */

static void put_offending(scu__command *command, const scu_tag *tags, size_t count) {
  if (count > SCU__OFFENDING_MAX) count = SCU__OFFENDING_MAX;
  if (count == 0) return;
  for (size_t i = 0; i < count; i++) command->offending[i] = tags[i];
  command->offending_count = count;
  command->present |= SCU__HAS_OFFENDING;
}

static void fill_final(const scu__provider *self, const scu__query_answer *answer, scu__command *command) {
  scu__response_to(&self->request, answer->status, command);
  scu__command_set_comment(command, answer->comment);
  put_offending(command, answer->offending, answer->offending_count);
  if (!answer->counts) return;
  put_counts(command, answer->counts);
  if (answer->status == SCU__STATUS_CANCELLED) return;
  command->remaining = 0;
  command->present &= ~(uint32_t)SCU__HAS_REMAINING;
}

scu_result scu__query_provider_finish(scu__exchange *exchange, const scu__query_answer *answer) {
  scu__holding_provider *self = (scu__holding_provider *)exchange;
  bool is_find = exchange->class_ == &find_class;
  if (!is_find && !is_retrieve(exchange)) return SCU_ERROR_USAGE;
  if (is_find && (answer->counts || answer->failed_list)) return SCU_ERROR_USAGE;
  if (!scu__holding_provider_may_answer(self, answer->status)) return SCU_ERROR_USAGE;
  scu__message message = {0};
  fill_final(&self->provider, answer, &message.command);
  scu_result result = scu__holding_provider_encode(self, answer->failed_list, &message);
  if (result == SCU_OK) return scu__provider_push(&self->provider, &message, true);
  scu__message_free(&message);
  return result;
}

/* --- constructors --- */

static scu_result make(const scu__exchange_class *class_, const scu_allocator *allocator, scu__outbox *outbox,
                       uint8_t context_id, const scu__command *request, scu__encoding encoding, scu__exchange **out,
                       scu__exchange_event *event) {
  *out = NULL;
  *event = (scu__exchange_event){0};
  if ((request->field | SCU__COMMAND_RESPONSE_BIT) != class_->response_field || scu__command_is_response(request))
    return SCU_ERROR_USAGE;
  scu__holding_provider *self = scu__provider_make(sizeof *self, class_, allocator, outbox, context_id, request);
  if (!self) return SCU_ERROR_MEMORY;
  self->encoding = encoding;
  self->status_malformed = SCU__STATUS_CANNOT_UNDERSTAND;
  self->status_limit = SCU__STATUS_OUT_OF_RESOURCES;
  self->is_empty_refused = true;
  return scu__provider_hand_out(&self->provider, scu__holding_provider_begin(self, event), out);
}

scu_result scu__find_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                  scu__exchange_event *event) {
  return make(&find_class, allocator, outbox, context_id, request, encoding, out, event);
}

scu_result scu__move_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                  const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                  scu__exchange_event *event) {
  return make(&move_class, allocator, outbox, context_id, request, encoding, out, event);
}

scu_result scu__get_provider_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 const scu__command *request, scu__encoding encoding, scu__exchange **out,
                                 scu__exchange_event *event) {
  return make(&get_class, allocator, outbox, context_id, request, encoding, out, event);
}
