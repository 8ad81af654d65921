/* Requesters whose messages are the caller's own: one request, responses until one is final. */
#include "base/alloc.h"
#include "service/message.h"
#include "service/parts.h"

#include <string.h>

typedef struct message_request {
  scu__exchange exchange;
  scu__encoding encoding;
  scu__identifier dataset;
  scu__command response;
  uint8_t *attributes;  /* the response's list */
  bool is_dataset_lost; /* it did not decode; the bytes still coming are passed over */
} message_request;

static void tell(message_request *self, scu__exchange_event *event) {
  scu__exchange *exchange = &self->exchange;
  if (scu__status_class(self->response.status, self->response.field) != SCU__STATUS_KIND_PENDING) {
    scu__exchange_finish(exchange, &self->response, event);
    return;
  }
  event->kind = SCU__EXCHANGE_PENDING;
  event->command = &self->response;
}

static scu_result receive_response(scu__exchange *exchange, const scu__command *command, scu__exchange_event *event,
                                   scu_error *error) {
  message_request *self = (message_request *)exchange;
  scu__free(exchange->allocator, self->attributes);
  if (!scu__command_copy(exchange->allocator, command, &self->response, &self->attributes))
    return scu__error_memory(error, SCU_PHASE_RESPONSE);
  self->is_dataset_lost = false;
  scu__identifier_reset(&self->dataset);
  if (!exchange->expects_dataset) tell(self, event);
  return SCU_OK;
}

/* The status counts for more than the data set: one that cannot be read is reported as such. */
static scu_result receive_dataset(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                  scu__exchange_event *event, scu_error *error) {
  message_request *self = (message_request *)exchange;
  if (!self->is_dataset_lost) {
    scu_result result = scu__identifier_put(&self->dataset, bytes, length, is_last, self->encoding, NULL);
    if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_RESPONSE);
    self->is_dataset_lost = result < 0;
  }
  if (!is_last) return SCU_OK;
  tell(self, event);
  event->identifier = self->is_dataset_lost ? NULL : self->dataset.dataset;
  event->is_identifier_malformed = self->is_dataset_lost;
  return SCU_OK;
}

static void free_message_request(scu__exchange *exchange) {
  message_request *self = (message_request *)exchange;
  scu__identifier_free(&self->dataset);
  scu__free(exchange->allocator, self->attributes);
}

#define CLASS(text, field, is_cancelled_by_request)                                                                    \
  {                                                                                                                    \
    .name = text, .response_field = field, .can_cancel = is_cancelled_by_request, .receive_command = receive_response, \
    .receive_data = receive_dataset, .free = free_message_request                                                      \
  }

static const scu__exchange_class classes[] = {
    CLASS("C-STORE", SCU__C_STORE_RSP, false),   CLASS("C-GET", SCU__C_GET_RSP, true),
    CLASS("C-FIND", SCU__C_FIND_RSP, true),      CLASS("C-MOVE", SCU__C_MOVE_RSP, true),
    CLASS("C-ECHO", SCU__C_ECHO_RSP, false),     CLASS("N-EVENT-REPORT", SCU__N_EVENT_REPORT_RSP, false),
    CLASS("N-GET", SCU__N_GET_RSP, false),       CLASS("N-SET", SCU__N_SET_RSP, false),
    CLASS("N-ACTION", SCU__N_ACTION_RSP, false), CLASS("N-CREATE", SCU__N_CREATE_RSP, false),
    CLASS("N-DELETE", SCU__N_DELETE_RSP, false),
};

static const scu__exchange_class *class_for(const scu__command *request) {
  if (scu__command_is_response(request)) return NULL;
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (classes[i].response_field == (request->field | SCU__COMMAND_RESPONSE_BIT)) return &classes[i];
  return NULL;
}

/* An empty data set cannot be sent: it is one that is not there. What failed while it was filled must show. */
static bool is_absent(const scu__buffer *dataset) {
  return !dataset || (dataset->length == 0 && scu__buffer_result(dataset) == SCU_OK);
}

static bool is_payload_right(const scu__message *message) {
  scu__dataset_rule rule = scu__command_dataset_rule(message->command.field);
  if (message->payload == SCU__PAYLOAD_NONE) return rule != SCU__DATASET_ALWAYS;
  return rule != SCU__DATASET_NEVER;
}

static scu_result launch(const scu__exchange_class *class_, const scu__place *place, scu__message *message,
                         scu__encoding encoding, scu__exchange **out) {
  message_request *self = scu__exchange_make(sizeof *self, class_, place);
  if (self) {
    self->encoding = encoding;
    scu__identifier_init(&self->dataset, self->exchange.allocator);
  }
  return scu__exchange_launch((scu__exchange *)self, message, out);
}

scu_result scu__message_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                    uint16_t message_id, const scu__command *request, scu__buffer *dataset,
                                    scu__encoding encoding, scu__exchange **out) {
  const scu__place place = {allocator, outbox, context_id, message_id};
  scu__message message = {.command = *request, .payload = SCU__PAYLOAD_NONE};
  if (!is_absent(dataset)) message.payload = SCU__PAYLOAD_BYTES;
  if (dataset) {
    message.bytes = *dataset;
    memset(dataset, 0, sizeof *dataset);
  }
  *out = NULL;
  const scu__exchange_class *class_ = class_for(request);
  if (!class_ || !is_payload_right(&message)) {
    scu__message_free(&message);
    return SCU_ERROR_USAGE;
  }
  message.command.message_id = message_id;
  message.command.present |= SCU__HAS_FIELD | SCU__HAS_MESSAGE_ID;
  return launch(class_, &place, &message, encoding, out);
}
