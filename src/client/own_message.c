/* Messages of the caller's own: made, filled, freed. */
#include "client/own_message.h"

#include <string.h>

#include "base/alloc.h"
#include "client/encode.h"
#include "scu/association.h"

static scu__own_message *own_of(scu_message *message) {
  return (scu__own_message *)message;
}

static scu__own_message *make(const scu_allocator *allocator, const scu__command *command) {
  allocator = scu__allocator_or_default(allocator);
  scu__own_message *own = scu__alloc(allocator, sizeof *own);
  if (!own) return NULL;
  own->allocator = allocator;
  scu__message_dataset_init(&own->dataset, allocator, "");
  own->message.command = *command;
  own->message.command.attributes = NULL; /* borrowed from bytes that go */
  own->message.command.attribute_count = 0;
  own->message.command.present &= ~(uint32_t)SCU__HAS_ATTRIBUTES;
  own->message.held = &own->dataset;
  own->message.is_own = true;
  return own;
}

static scu_result keep_dataset(scu__own_message *own, const scu_dataset *dataset) {
  scu_dataset *copy = NULL;
  scu_result result = dataset ? scu_dataset_copy(dataset, &copy) : SCU_OK;
  if (result != SCU_OK) return result;
  scu_dataset_free(own->dataset.dataset);
  own->dataset.dataset = copy;
  own->message.has_dataset = copy != NULL;
  own->message.length = copy ? UINT64_MAX : 0;
  return SCU_OK;
}

scu_result scu__own_message_at(const scu__negotiated *negotiated, const scu_allocator *allocator, uint8_t context_id,
                               const scu__command *command, scu__own_message **out) {
  *out = make(allocator, command);
  if (!*out) return SCU_ERROR_MEMORY;
  scu_message *message = &(*out)->message;
  const scu__accepted_context *context = scu__negotiated_context(negotiated, context_id);
  message->context_id = context_id;
  if (context) message->abstract_syntax = context->abstract_syntax;
  if (context) message->transfer_syntax = context->transfer_syntax;
  message->has_dataset = scu__command_has_dataset(command); /* one that cannot be read, too */
  message->length = message->has_dataset ? UINT64_MAX : 0;
  return SCU_OK;
}

scu_result scu__own_message_come(scu__link *link, const scu__exchange *exchange, const scu__command *command,
                                 const scu_dataset *identifier, scu__own_message **out) {
  scu_result result =
      scu__own_message_at(scu__link_negotiated(link), exchange->allocator, exchange->context_id, command, out);
  if (result != SCU_OK) return result;
  (*out)->message.association = scu__link_association(link);
  if (identifier) result = keep_dataset(*out, identifier);
  if (result == SCU_OK) return SCU_OK;
  scu_message_free(&(*out)->message);
  *out = NULL;
  return result;
}

const scu__accepted_context *scu__own_message_context(const scu_message *message, const scu__negotiated *negotiated) {
  const char *abstract = message->abstract_syntax.text;
  if (!abstract[0]) abstract = scu_message_sop_class_uid(message);
  bool is_providers = message->command.field == SCU__N_EVENT_REPORT_RQ; /* all other requests are the user's */
  const scu__accepted_context *context = is_providers ? scu__negotiated_find(negotiated, abstract, NULL, true) : NULL;
  return context ? context : scu__negotiated_find(negotiated, abstract, NULL, false);
}

scu_result scu__own_message_check(const scu_message *message, scu_error *error) {
  const char *fault = NULL;
  if (!message || !message->is_own || !message->is_sent)
    fault = "not a message of scu_message_new or scu_message_new_response";
  else if (message->command.field == SCU__C_MOVE_RQ && !message->command.move_destination.text[0])
    fault = "a C-MOVE-RQ without Move Destination";
  return fault ? scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_REQUEST, "%s", fault) : SCU_OK;
}

scu_result scu__own_message_encode(const scu_message *message, const scu__accepted_context *context, scu__buffer *bytes,
                                   scu_error *error) {
  const scu_dataset *dataset = message->held->dataset;
  if (!dataset || (scu_dataset_count(dataset) == 0 && !scu__error_is_set(scu_dataset_error(dataset)))) return SCU_OK;
  scu_result result = scu__encode_dataset(dataset, context->transfer_syntax.text, bytes, error);
  if (result != SCU_OK) scu__error_set(error, result, SCU_PHASE_REQUEST, "the dataset cannot be encoded");
  return result;
}

/* The caller's own dataset, which belongs to the message. */
scu_result scu__own_message_edit(scu_message *message, scu_dataset **borrowed) {
  scu__own_message *own = own_of(message);
  scu_result result = own->dataset.dataset ? SCU_OK : scu_dataset_new(own->allocator, &own->dataset.dataset);
  if (result != SCU_OK) return result;
  message->has_dataset = true;
  message->length = UINT64_MAX;
  *borrowed = own->dataset.dataset;
  return SCU_OK;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static scu_result hand_out(scu__own_message *own, scu_message **out) {
  if (!own) return SCU_ERROR_MEMORY;
  own->message.is_sent = own->message.is_editable = true;
  *out = &own->message;
  return SCU_OK;
}

scu_result scu_message_new(const scu_allocator *allocator, uint16_t field, scu_message **out) {
  *out = NULL;
  if (!scu__command_field_is_request(field)) return SCU_ERROR_USAGE;
  scu__command command;
  scu__request_init(&command, field, 0, NULL);
  if (field == SCU__C_MOVE_RQ) command.present |= SCU__HAS_MOVE_DESTINATION;
  return hand_out(make(allocator, &command), out);
}

scu_result scu_message_new_response(const scu_message *request, uint16_t status, scu_message **out) {
  *out = NULL;
  bool is_request =
      request && request->is_own && !request->is_sent && scu__command_field_is_request(request->command.field);
  if (!is_request) return SCU_ERROR_USAGE;
  scu__command command;
  scu__response_to(&request->command, status, &command);
  scu_result result = hand_out(make(((const scu__own_message *)request)->allocator, &command), out);
  if (result != SCU_OK) return result;
  (*out)->association = request->association;
  (*out)->context_id = request->context_id;
  (*out)->abstract_syntax = request->abstract_syntax;
  (*out)->transfer_syntax = request->transfer_syntax;
  return SCU_OK;
}

void scu_message_free(scu_message *message) {
  if (!message) return;
  scu__own_message *own = own_of(message);
  scu__message_dataset_free(&own->dataset);
  scu__free(own->allocator, own);
}

/* --- filling ------------------------------------------------------------------------------------------------------ */

static bool may_fill(const scu_message *message) {
  return message->is_own && message->is_sent;
}

/* PS3.7 10.3: these name what they ask for as Requested, all other messages as Affected. */
static bool names_requested(uint16_t field) {
  return field == SCU__N_GET_RQ || field == SCU__N_SET_RQ || field == SCU__N_ACTION_RQ || field == SCU__N_DELETE_RQ;
}

static bool has_instance(uint16_t field) {
  uint16_t request = (uint16_t)(field & ~SCU__COMMAND_RESPONSE_BIT);
  return request == SCU__C_STORE_RQ || (request >= SCU__N_EVENT_REPORT_RQ && request <= SCU__N_DELETE_RQ);
}

static bool read_uid(const char *text, scu__uid *uid) {
  return text && scu__uid_is_valid(text) && scu__uid_from_text(uid, text);
}

scu_result scu_message_set_sop_class_uid(scu_message *message, const char *uid) {
  scu__uid read;
  scu__command *command = &message->command;
  if (!may_fill(message) || scu__command_is_response(command) || !read_uid(uid, &read)) return SCU_ERROR_USAGE;
  bool is_requested = names_requested(command->field);
  *(is_requested ? &command->requested_sop_class : &command->affected_sop_class) = read;
  command->present |= is_requested ? SCU__HAS_REQUESTED_SOP_CLASS : SCU__HAS_AFFECTED_SOP_CLASS;
  return SCU_OK;
}

scu_result scu_message_set_sop_instance_uid(scu_message *message, const char *uid) {
  scu__uid read;
  scu__command *command = &message->command;
  if (!may_fill(message) || !has_instance(command->field) || !read_uid(uid, &read)) return SCU_ERROR_USAGE;
  bool is_requested = names_requested(command->field);
  *(is_requested ? &command->requested_sop_instance : &command->affected_sop_instance) = read;
  command->present |= is_requested ? SCU__HAS_REQUESTED_SOP_INSTANCE : SCU__HAS_AFFECTED_SOP_INSTANCE;
  return SCU_OK;
}

scu_result scu_message_set_abstract_syntax(scu_message *message, const char *uid) {
  scu__uid read;
  if (!may_fill(message) || scu__command_is_response(&message->command) || !read_uid(uid, &read))
    return SCU_ERROR_USAGE;
  message->abstract_syntax = read;
  return SCU_OK;
}

scu_result scu_message_set_event_type(scu_message *message, uint16_t type) {
  if (!may_fill(message) || message->command.field != SCU__N_EVENT_REPORT_RQ) return SCU_ERROR_USAGE;
  message->command.event_type = type;
  message->command.present |= SCU__HAS_EVENT_TYPE;
  return SCU_OK;
}

scu_result scu_message_set_action_type(scu_message *message, uint16_t type) {
  if (!may_fill(message) || message->command.field != SCU__N_ACTION_RQ) return SCU_ERROR_USAGE;
  message->command.action_type = type;
  message->command.present |= SCU__HAS_ACTION_TYPE;
  return SCU_OK;
}

scu_result scu_message_set_counts(scu_message *message, int remaining, int completed, int failed, int warning) {
  static const uint32_t bits[] = {SCU__HAS_REMAINING, SCU__HAS_COMPLETED, SCU__HAS_FAILED, SCU__HAS_WARNING};
  const int given[] = {remaining, completed, failed, warning};
  scu__command *command = &message->command;
  uint16_t *const fields[] = {&command->remaining, &command->completed, &command->failed, &command->warning};
  bool is_retrieve = command->field == SCU__C_MOVE_RSP || command->field == SCU__C_GET_RSP;
  if (!may_fill(message) || !is_retrieve) return SCU_ERROR_USAGE;
  for (size_t i = 0; i < 4; i++)
    if (given[i] > UINT16_MAX) return SCU_ERROR_USAGE;
  for (size_t i = 0; i < 4; i++) {
    command->present &= ~bits[i];
    if (given[i] >= 0) command->present |= bits[i];
    *fields[i] = given[i] >= 0 ? (uint16_t)given[i] : 0;
  }
  return SCU_OK;
}

scu_result scu_message_set_dataset(scu_message *message, const scu_dataset *dataset) {
  bool is_allowed = scu__command_dataset_rule(message->command.field) != SCU__DATASET_NEVER;
  if (!may_fill(message) || (dataset && !is_allowed)) return SCU_ERROR_USAGE;
  return keep_dataset(own_of(message), dataset);
}
