/* One end of an association as link/ runs it, without engine and time: inbox, outbox, exchanges, and a log of every
 * event as text, in which the pieces of a data set are joined. */
#ifndef SCU_TESTS_EXCHANGE_PEER_H
#define SCU_TESTS_EXCHANGE_PEER_H

#include "data/dataset.h"
#include "exchange/wire.h"

enum { PEER_LOG_MAX = 16384 };

typedef struct peer peer;
struct peer {
  const scu_allocator *allocator;
  /* Serves other requests than echo and store; *out stays NULL for what it refuses. NULL = refuses all of them. */
  scu_result (*serve)(peer *self, uint8_t context_id, const scu__command *command, scu__exchange **out,
                      scu__exchange_event *event);
  /* Every event but DATA, after it was logged. NULL = nobody cares. */
  scu_result (*heard)(peer *self, scu__exchange *exchange, const scu__exchange_event *event);
  void *user;
  scu__inbox inbox;
  scu__outbox outbox;
  scu__exchange *exchanges; /* through next */
  scu__exchange *target;    /* of the data set that is coming; NULL = swallowed */
  scu_error error;
  uint16_t store_status; /* what our store provider answers */
  bool answers_early;    /* before the data set */
  uint64_t data_sum;     /* of the data set that is coming */
  size_t data_length;
  char log[PEER_LOG_MAX];
  size_t log_length;
};

static inline void peer_init(peer *self, const scu_allocator *allocator) {
  memset(self, 0, sizeof *self);
  self->allocator = allocator;
  scu__error_clear(&self->error);
  scu__inbox_init(&self->inbox, allocator);
  scu__outbox_init(&self->outbox, allocator);
}

static inline void peer_free(peer *self) {
  while (self->exchanges) {
    scu__exchange *exchange = self->exchanges;
    self->exchanges = exchange->next;
    scu__exchange_free(exchange);
  }
  scu__inbox_free(&self->inbox);
  scu__outbox_free(&self->outbox);
}

static inline void peer_add(peer *self, scu__exchange *exchange) {
  exchange->next = self->exchanges;
  self->exchanges = exchange;
}

#define PEER_LOG(self, ...)                                                                                            \
  ((self)->log_length +=                                                                                               \
   (size_t)snprintf((self)->log + (self)->log_length, PEER_LOG_MAX - (self)->log_length, __VA_ARGS__))

static inline void peer_log_tag(peer *self, const scu_dataset *dataset, scu_tag tag) {
  char text[256];
  if (scu__dataset_tag_text(dataset, tag, text, sizeof text) == SCU_OK) PEER_LOG(self, " %08X=%s", tag, text);
}

static inline void peer_log_identifier(peer *self, const scu_dataset *dataset) {
  if (!dataset) return;
  PEER_LOG(self, " elements=%zu", scu_dataset_count(dataset));
  peer_log_tag(self, dataset, 0x00100020);
  peer_log_tag(self, dataset, 0x00080058);
}

static inline void peer_log_counts(peer *self, const scu__exchange_event *event) {
  if (event->counts & SCU__HAS_REMAINING) PEER_LOG(self, " remaining=%u", event->command->remaining);
  if (event->counts & SCU__HAS_COMPLETED) PEER_LOG(self, " completed=%u", event->command->completed);
  if (event->counts & SCU__HAS_FAILED) PEER_LOG(self, " failed=%u", event->command->failed);
  if (event->counts & SCU__HAS_WARNING) PEER_LOG(self, " warning=%u", event->command->warning);
}

static inline void peer_log_attributes(peer *self, const scu__command *command) {
  for (size_t i = 0; i < command->attribute_count; i++)
    PEER_LOG(self, " %08X", (unsigned)scu__command_attribute(command, i));
}

static inline void peer_log_request(peer *self, const char *name, const scu__exchange_event *event) {
  const scu__command *command = event->command;
  const scu__uid *instance = &command->affected_sop_instance;
  if (scu__command_has(command, SCU__HAS_REQUESTED_SOP_INSTANCE)) instance = &command->requested_sop_instance;
  PEER_LOG(self, "%s request %u %s", name, command->message_id, instance->text);
  if (scu__command_has(command, SCU__HAS_EVENT_TYPE)) PEER_LOG(self, " event=%u", command->event_type);
  if (scu__command_has(command, SCU__HAS_ACTION_TYPE)) PEER_LOG(self, " action=%u", command->action_type);
  peer_log_attributes(self, command);
  peer_log_identifier(self, event->identifier);
}

static inline scu_result peer_data_event(peer *self, scu__exchange *exchange, const scu__exchange_event *event) {
  for (size_t i = 0; i < event->length; i++) self->data_sum = self->data_sum * 31 + event->bytes[i];
  self->data_length += event->length;
  if (!event->is_last) return SCU_OK;
  PEER_LOG(self, "data %zu %08X\n", self->data_length, (unsigned)self->data_sum);
  return scu__store_provider_respond(exchange, self->store_status, NULL, 0);
}

static inline scu_result peer_on_event(peer *self, scu__exchange *exchange, const scu__exchange_event *event) {
  const char *name = exchange->class_->name;
  switch (event->kind) {
  case SCU__EXCHANGE_NONE: return SCU_OK;
  case SCU__EXCHANGE_MATCH:
    PEER_LOG(self, "match %u %04X", (unsigned)event->number, event->status);
    peer_log_identifier(self, event->identifier);
    break;
  case SCU__EXCHANGE_PENDING:
    PEER_LOG(self, "pending %04X", event->status);
    peer_log_counts(self, event);
    break;
  case SCU__EXCHANGE_FINAL:
    PEER_LOG(self, "%s final %04X %s", name, event->status, scu__status_class_name(event->status_class));
    peer_log_counts(self, event);
    peer_log_identifier(self, event->identifier);
    peer_log_attributes(self, event->command);
    if (event->is_identifier_malformed) PEER_LOG(self, " malformed");
    break;
  case SCU__EXCHANGE_REQUEST: peer_log_request(self, name, event); break;
  case SCU__EXCHANGE_CANCEL: PEER_LOG(self, "%s cancel %u", name, event->command->message_id); break;
  case SCU__EXCHANGE_DATA: return peer_data_event(self, exchange, event);
  }
  PEER_LOG(self, "\n");
  return self->heard ? self->heard(self, exchange, event) : SCU_OK;
}

static inline scu__exchange *peer_find(peer *self, uint8_t context_id, const scu__command *command) {
  for (scu__exchange *exchange = self->exchanges; exchange; exchange = exchange->next)
    if (scu__exchange_wants(exchange, context_id, command)) return exchange;
  return NULL;
}

static inline scu_result peer_serve(peer *self, uint8_t context_id, const scu__command *command) {
  scu__exchange *exchange = NULL;
  scu__exchange_event event = {0};
  scu_result result = SCU_OK;
  self->data_sum = 0;
  self->data_length = 0;
  if (command->field == SCU__C_ECHO_RQ)
    result = scu__echo_provider_new(self->allocator, &self->outbox, context_id, command, &exchange, &event);
  else if (command->field == SCU__C_STORE_RQ)
    result = scu__store_provider_new(self->allocator, &self->outbox, context_id, command, &exchange, &event);
  else if (self->serve)
    result = self->serve(self, context_id, command, &exchange, &event);
  if (result == SCU_OK && !exchange)
    result = scu__refusal_new(self->allocator, &self->outbox, context_id, command, SCU__STATUS_UNRECOGNISED_OPERATION,
                              "not served here", &exchange);
  if (result != SCU_OK) return result;
  peer_add(self, exchange);
  self->target = exchange->expects_dataset ? exchange : NULL;
  result = peer_on_event(self, exchange, &event);
  if (result == SCU_OK && self->answers_early && command->field == SCU__C_STORE_RQ &&
      event.kind == SCU__EXCHANGE_REQUEST)
    result = scu__store_provider_respond(exchange, 0xA700, "full", 0);
  return result;
}

static inline scu_result peer_command(peer *self, uint8_t context_id, const scu__command *command) {
  scu__exchange *exchange = peer_find(self, context_id, command);
  self->target = exchange;
  if (!exchange && !scu__command_is_response(command) && command->field != SCU__C_CANCEL_RQ)
    return peer_serve(self, context_id, command);
  if (!exchange) {
    PEER_LOG(self, "stray %s\n", scu__command_name(command->field));
    return SCU_OK;
  }
  scu__exchange_event event;
  scu_result result = scu__exchange_receive_command(exchange, command, &event, &self->error);
  return result == SCU_OK ? peer_on_event(self, exchange, &event) : result;
}

/* A wire_put: user is the peer. */
static inline scu_result peer_put(void *user, uint8_t context_id, bool is_command, bool is_last, const uint8_t *bytes,
                                  size_t length) {
  peer *self = user;
  scu__inbox_event in;
  scu_result result = scu__inbox_put(&self->inbox, context_id, is_command, is_last, bytes, length, &in, &self->error);
  if (result != SCU_OK || in.kind == SCU__INBOX_NONE) return result;
  if (in.kind == SCU__INBOX_COMMAND) return peer_command(self, context_id, in.command);
  if (!self->target) return SCU_OK;
  scu__exchange_event event;
  result = scu__exchange_receive_data(self->target, in.bytes, in.length, in.is_last, &event, &self->error);
  return result == SCU_OK ? peer_on_event(self, self->target, &event) : result;
}

/* Everything the peer has to say, thrown away; its exchanges learn that it went. */
static inline scu_result peer_flush(peer *self) {
  wire_script script;
  wire_init(&script);
  scu_result result = wire_from_outbox(&script, &self->outbox, 16384, &self->error);
  wire_free(&script);
  return result == SCU_END ? SCU_OK : result;
}

#endif
