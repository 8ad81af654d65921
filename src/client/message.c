/* Looking at a message, and changing one that is about to be sent. */
#include "client/message.h"

#include <string.h>

#include "base/limits.h"
#include "dimse/status.h"

/* --- looking ------------------------------------------------------------------------------------------------------ */

int scu_message_is_sent(const scu_message *message) {
  return message->is_sent;
}
int scu_message_is_response(const scu_message *message) {
  return scu__command_is_response(&message->command);
}
uint16_t scu_message_field(const scu_message *message) {
  return message->command.field;
}
const char *scu_message_name(const scu_message *message) {
  return scu__command_name(message->command.field);
}
uint32_t scu_message_association(const scu_message *message) {
  return message->association;
}
int scu_message_is_acceptor(const scu_message *message) {
  return message->is_acceptor;
}
uint8_t scu_message_context_id(const scu_message *message) {
  return message->context_id;
}
const char *scu_message_abstract_syntax(const scu_message *message) {
  return message->abstract_syntax.text;
}
const char *scu_message_transfer_syntax(const scu_message *message) {
  return message->transfer_syntax.text;
}

static int number(const scu_message *message, uint32_t element, uint16_t from, uint16_t *value) {
  if (!scu__command_has(&message->command, element)) return 0;
  *value = from;
  return 1;
}

int scu_message_id(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_MESSAGE_ID, message->command.message_id, value);
}
int scu_message_responded_id(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_RESPONDED_MESSAGE_ID, message->command.responded_message_id, value);
}
int scu_message_priority(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_PRIORITY, message->command.priority, value);
}
int scu_message_move_originator_id(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_ORIGINATOR_MESSAGE_ID, message->command.originator_message_id, value);
}
int scu_message_event_type(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_EVENT_TYPE, message->command.event_type, value);
}
int scu_message_action_type(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_ACTION_TYPE, message->command.action_type, value);
}
int scu_message_status(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_STATUS, message->command.status, value);
}
int scu_message_remaining(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_REMAINING, message->command.remaining, value);
}
int scu_message_completed(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_COMPLETED, message->command.completed, value);
}
int scu_message_failed(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_FAILED, message->command.failed, value);
}
int scu_message_warning(const scu_message *message, uint16_t *value) {
  return number(message, SCU__HAS_WARNING, message->command.warning, value);
}

/* Fields that are not there are empty. */
static const char *either(const scu__uid *affected, const scu__uid *requested) {
  return affected->text[0] ? affected->text : requested->text;
}

const char *scu_message_sop_class_uid(const scu_message *message) {
  return either(&message->command.affected_sop_class, &message->command.requested_sop_class);
}
const char *scu_message_sop_instance_uid(const scu_message *message) {
  return either(&message->command.affected_sop_instance, &message->command.requested_sop_instance);
}
const char *scu_message_move_destination(const scu_message *message) {
  return message->command.move_destination.text;
}
const char *scu_message_move_originator(const scu_message *message) {
  return message->command.originator.text;
}
const char *scu_message_error_comment(const scu_message *message) {
  return message->command.error_comment;
}

int scu_message_has_dataset(const scu_message *message) {
  return message->has_dataset;
}
uint64_t scu_message_dataset_length(const scu_message *message) {
  return message->has_dataset ? message->length : 0;
}
const scu_dataset *scu_message_dataset(const scu_message *message) {
  return message->held && message->has_dataset ? scu__message_dataset_read(message->held) : NULL;
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

static bool may_change(const scu_message *message, uint32_t element) {
  return message->is_editable && scu__command_has(&message->command, element);
}

scu_result scu_message_set_priority(scu_message *message, uint16_t priority) {
  if (!may_change(message, SCU__HAS_PRIORITY) || priority > SCU__PRIORITY_LOW) return SCU_ERROR_USAGE;
  message->command.priority = priority;
  return SCU_OK;
}

scu_result scu_message_set_move_destination(scu_message *message, const char *ae_title) {
  scu__ae ae;
  if (!may_change(message, SCU__HAS_MOVE_DESTINATION) || !ae_title || !scu__ae_from_text(&ae, ae_title))
    return SCU_ERROR_USAGE;
  message->command.move_destination = ae;
  return SCU_OK;
}

/* Of whatever service (PS3.7 C.3): a peer goes on waiting. */
static bool is_pending(uint16_t status) {
  return status == SCU__STATUS_PENDING || status == SCU__STATUS_PENDING_WARNING;
}

scu_result scu_message_set_status(scu_message *message, uint16_t status) {
  scu__command *command = &message->command;
  if (!may_change(message, SCU__HAS_STATUS)) return SCU_ERROR_USAGE;
  if (is_pending(status) != is_pending(command->status)) return SCU_ERROR_USAGE;
  command->status = status;
  return SCU_OK;
}

scu_result scu_message_set_error_comment(scu_message *message, const char *comment) {
  if (!may_change(message, SCU__HAS_STATUS)) return SCU_ERROR_USAGE;
  scu__command_set_comment(&message->command, comment);
  return SCU_OK;
}

scu_result scu_message_edit_dataset(scu_message *message, scu_dataset **borrowed) {
  *borrowed = NULL;
  bool is_allowed = scu__command_dataset_rule(message->command.field) != SCU__DATASET_NEVER;
  if (!message->is_editable || !message->held || !is_allowed) return SCU_ERROR_USAGE;
  if (message->is_own) return scu__own_message_edit(message, borrowed);
  return scu__message_dataset_edit(message->held, borrowed);
}

/* --- what was changed --------------------------------------------------------------------------------------------- */

static scu_result apply_dataset(const scu_message *message, scu__message *to, scu_error *error) {
  scu__buffer bytes;
  scu__buffer_init(&bytes, message->held->allocator, SCU__MESSAGE_DATASET_MAX);
  scu_result result = scu__message_dataset_encode(message->held, &bytes, error);
  bool must_be = scu__command_dataset_rule(to->command.field) == SCU__DATASET_ALWAYS;
  if (result == SCU_OK && bytes.length == 0 && must_be)
    result = scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_REQUEST, "before_message: the hook has left no dataset");
  if (result != SCU_OK) {
    scu__buffer_free(&bytes);
    return result;
  }
  scu__buffer_free(&to->bytes);
  to->bytes = bytes;
  to->payload = bytes.length > 0 ? SCU__PAYLOAD_BYTES : SCU__PAYLOAD_NONE;
  return SCU_OK;
}

static scu_result follow_instance(const scu_message *message, scu__command *command, scu_error *error) {
  scu_result result = SCU_OK;
  if (scu__command_has(command, SCU__HAS_AFFECTED_SOP_INSTANCE))
    result = scu__message_dataset_follow(message->held, &command->affected_sop_instance, error);
  if (result == SCU_OK && scu__command_has(command, SCU__HAS_REQUESTED_SOP_INSTANCE))
    result = scu__message_dataset_follow(message->held, &command->requested_sop_instance, error);
  return result;
}

scu_result scu__message_apply(const scu_message *message, scu__message *to, scu_error *error) {
  const scu__command *from = &message->command;
  to->command.priority = from->priority;
  to->command.move_destination = from->move_destination;
  to->command.status = from->status;
  to->command.present =
      (to->command.present & ~(uint32_t)SCU__HAS_ERROR_COMMENT) | (from->present & (uint32_t)SCU__HAS_ERROR_COMMENT);
  memcpy(to->command.error_comment, from->error_comment, sizeof to->command.error_comment);
  const scu__message_dataset *held = message->held;
  if (held && scu__error_is_set(&held->error)) {
    scu__error_copy(error, &held->error);
    return held->error.result;
  }
  if (!held || !held->is_edited) return SCU_OK;
  scu_result result = apply_dataset(message, to, error);
  return result == SCU_OK ? follow_instance(message, &to->command, error) : result;
}
