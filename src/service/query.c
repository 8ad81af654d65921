/* Requesters with identifiers: C-FIND (PS3.4 C.4.1), C-MOVE (C.4.2), C-GET (C.4.3). One request, any number of pending
 * responses, one final response. What the keys mean is not looked at. */
#include <inttypes.h>
#include <string.h>

#include "service/parts.h"

typedef struct query_request {
  scu__exchange exchange;
  scu__encoding encoding;
  scu__identifier identifier;
  scu__command response; /* the last one */
  uint64_t matches;
  bool is_identifier_lost; /* it did not decode; the bytes still coming are passed over */
} query_request;

static void keep_response(query_request *self, const scu__command *command) {
  self->response = *command;
  self->response.attributes = NULL;
  self->response.attribute_count = 0;
  self->is_identifier_lost = false;
  scu__identifier_reset(&self->identifier);
}

static bool is_pending(const scu__command *response) {
  return scu__status_class(response->status, response->field) == SCU__STATUS_KIND_PENDING;
}

static void free_query(scu__exchange *exchange) {
  scu__identifier_free(&((query_request *)exchange)->identifier);
}

/* --- find --- */

static scu_result receive_find_response(scu__exchange *exchange, const scu__command *command,
                                        scu__exchange_event *event, scu_error *error) {
  query_request *self = (query_request *)exchange;
  keep_response(self, command);
  if (is_pending(command)) {
    if (exchange->expects_dataset) return SCU_OK;
    return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "C-FIND match %" PRIu64 " has no identifier",
                          self->matches + 1);
  }
  if (!exchange->expects_dataset) scu__exchange_finish(exchange, &self->response, event);
  return SCU_OK;
}

/* Says which row it is; the reason of the decoder follows. */
static scu_result fail_match(const query_request *self, scu_result result, const scu_error *cause, scu_error *error) {
  scu__error_set(error, result, SCU_PHASE_RESPONSE, "C-FIND match %" PRIu64 ": %s", self->matches + 1,
                 scu_error_reason(cause));
  scu__error_at(error, scu_error_tag(cause), scu_error_offset(cause));
  return result;
}

static scu_result receive_find_data(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                    scu__exchange_event *event, scu_error *error) {
  query_request *self = (query_request *)exchange;
  if (!is_pending(&self->response)) {
    /* PS3.4 C.4.1.3: none is allowed behind the final response; it would say nothing. */
    if (is_last) scu__exchange_finish(exchange, &self->response, event);
    return SCU_OK;
  }
  scu_error cause;
  scu__error_clear(&cause);
  scu_result result = scu__identifier_put(&self->identifier, bytes, length, is_last, self->encoding, &cause);
  if (result == SCU_MORE) return SCU_OK;
  if (result != SCU_OK) return fail_match(self, result, &cause, error);
  event->kind = SCU__EXCHANGE_MATCH;
  event->number = ++self->matches;
  event->command = &self->response;
  event->identifier = self->identifier.dataset;
  return SCU_OK;
}

static const scu__exchange_class find_class = {
    .name = "C-FIND",
    .response_field = SCU__C_FIND_RSP,
    .can_cancel = true,
    .receive_command = receive_find_response,
    .receive_data = receive_find_data,
    .free = free_query,
};

/* --- move and get --- */

static void report_retrieve(query_request *self, const scu_dataset *identifier, scu__exchange_event *event) {
  if (!is_pending(&self->response)) {
    scu__exchange_finish(&self->exchange, &self->response, event);
    event->identifier = identifier;
    event->is_identifier_malformed = self->is_identifier_lost;
    return;
  }
  event->kind = SCU__EXCHANGE_PENDING;
  event->command = &self->response;
}

static scu_result receive_retrieve_response(scu__exchange *exchange, const scu__command *command,
                                            scu__exchange_event *event, scu_error *error) {
  (void)error;
  query_request *self = (query_request *)exchange;
  keep_response(self, command);
  if (!exchange->expects_dataset) report_retrieve(self, NULL, event);
  return SCU_OK;
}

/* The status counts for more than the list of failed UIDs: a list that cannot be read is reported as such, and the
 * final response stays one. Behind a pending response there should be none. */
static scu_result receive_retrieve_data(scu__exchange *exchange, const uint8_t *bytes, size_t length, bool is_last,
                                        scu__exchange_event *event, scu_error *error) {
  query_request *self = (query_request *)exchange;
  const scu_dataset *identifier = NULL;
  if (!is_pending(&self->response) && !self->is_identifier_lost) {
    scu_error cause;
    scu__error_clear(&cause);
    scu_result result = scu__identifier_put(&self->identifier, bytes, length, is_last, self->encoding, &cause);
    if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_RESPONSE);
    self->is_identifier_lost = result < 0;
    if (result == SCU_OK) identifier = self->identifier.dataset;
  }
  if (is_last) report_retrieve(self, identifier, event);
  return SCU_OK;
}

static const scu__exchange_class move_class = {
    .name = "C-MOVE",
    .response_field = SCU__C_MOVE_RSP,
    .can_cancel = true,
    .receive_command = receive_retrieve_response,
    .receive_data = receive_retrieve_data,
    .free = free_query,
};

static const scu__exchange_class get_class = {
    .name = "C-GET",
    .response_field = SCU__C_GET_RSP,
    .can_cancel = true,
    .receive_command = receive_retrieve_response,
    .receive_data = receive_retrieve_data,
    .free = free_query,
};

/* --- requests --- */

static scu_result launch(const scu__exchange_class *class_, const scu__place *place, scu__command *command,
                         uint16_t priority, scu__buffer *identifier, scu__encoding encoding, scu__exchange **out) {
  command->priority = priority;
  scu__message message = {.command = *command, .payload = SCU__PAYLOAD_BYTES, .bytes = *identifier};
  memset(identifier, 0, sizeof *identifier);
  query_request *self = scu__exchange_make(sizeof *self, class_, place);
  if (self) {
    self->encoding = encoding;
    scu__identifier_init(&self->identifier, self->exchange.allocator);
  }
  return scu__exchange_launch((scu__exchange *)self, &message, out);
}

scu_result scu__find_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 uint16_t message_id, const scu__uid *sop_class, uint16_t priority,
                                 scu__buffer *identifier, scu__encoding encoding, scu__exchange **out) {
  const scu__place place = {allocator, outbox, context_id, message_id};
  scu__command command;
  scu__request_init(&command, SCU__C_FIND_RQ, message_id, sop_class);
  return launch(&find_class, &place, &command, priority, identifier, encoding, out);
}

scu_result scu__move_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                 uint16_t message_id, const scu__uid *sop_class, uint16_t priority,
                                 const scu__ae *destination, scu__buffer *identifier, scu__encoding encoding,
                                 scu__exchange **out) {
  const scu__place place = {allocator, outbox, context_id, message_id};
  scu__command command;
  scu__request_init(&command, SCU__C_MOVE_RQ, message_id, sop_class);
  command.move_destination = *destination;
  command.present |= SCU__HAS_MOVE_DESTINATION;
  return launch(&move_class, &place, &command, priority, identifier, encoding, out);
}

scu_result scu__get_request_new(const scu_allocator *allocator, scu__outbox *outbox, uint8_t context_id,
                                uint16_t message_id, const scu__uid *sop_class, uint16_t priority,
                                scu__buffer *identifier, scu__encoding encoding, scu__exchange **out) {
  const scu__place place = {allocator, outbox, context_id, message_id};
  scu__command command;
  scu__request_init(&command, SCU__C_GET_RQ, message_id, sop_class);
  return launch(&get_class, &place, &command, priority, identifier, encoding, out);
}
