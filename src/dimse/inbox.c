/* Fragments in: a state per association, a buffer for the command under way. */
#include "dimse/inbox.h"

#include <string.h>

#include "base/limits.h"

void scu__inbox_init(scu__inbox *inbox, const scu_allocator *allocator) {
  memset(inbox, 0, sizeof *inbox);
  scu__buffer_init(&inbox->bytes, allocator, SCU__COMMAND_MAX);
}

void scu__inbox_free(scu__inbox *inbox) {
  scu__buffer_free(&inbox->bytes);
  memset(inbox, 0, sizeof *inbox);
}

bool scu__inbox_is_idle(const scu__inbox *inbox) {
  return inbox->state == SCU__INBOX_IDLE;
}

static scu_result fail(scu_error *error, uint8_t context_id, const char *reason) {
  return scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s (presentation context %u)", reason,
                        context_id);
}

/* Whether this piece may follow what came before. */
static scu_result check_order(const scu__inbox *inbox, uint8_t context_id, bool is_command, scu_error *error) {
  if (inbox->state == SCU__INBOX_IDLE)
    return is_command ? SCU_OK : fail(error, context_id, "data set that no command announced");
  if (context_id != inbox->context_id) return fail(error, context_id, "message begins in the middle of another");
  if (is_command && inbox->state == SCU__INBOX_IN_DATA)
    return fail(error, context_id, "command where a data set was announced");
  if (!is_command && inbox->state == SCU__INBOX_IN_COMMAND)
    return fail(error, context_id, "data set in the middle of a command");
  return SCU_OK;
}

static scu_result finish_command(scu__inbox *inbox, const uint8_t *bytes, size_t length, scu__inbox_event *event,
                                 scu_error *error) {
  scu_result result = scu__command_decode(bytes, length, &inbox->command, error);
  if (result != SCU_OK) return result;
  inbox->state = scu__command_has_dataset(&inbox->command) ? SCU__INBOX_IN_DATA : SCU__INBOX_IDLE;
  event->kind = SCU__INBOX_COMMAND;
  event->command = &inbox->command;
  return SCU_OK;
}

static scu_result put_command(scu__inbox *inbox, bool is_last, const uint8_t *bytes, size_t length,
                              scu__inbox_event *event, scu_error *error) {
  bool is_first = inbox->state == SCU__INBOX_IDLE;
  if (is_first && is_last) return finish_command(inbox, bytes, length, event, error);
  if (is_first) scu__buffer_clear(&inbox->bytes);
  inbox->state = SCU__INBOX_IN_COMMAND;
  if (length > SCU__COMMAND_MAX - inbox->bytes.length)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_RESPONSE, "command set of more than %u bytes",
                          (unsigned)SCU__COMMAND_MAX);
  scu__put_bytes(&inbox->bytes, bytes, length);
  if (scu__buffer_result(&inbox->bytes) != SCU_OK) return scu__error_memory(error, SCU_PHASE_RESPONSE);
  if (!is_last) return SCU_OK;
  return finish_command(inbox, inbox->bytes.data, inbox->bytes.length, event, error);
}

static void put_data(scu__inbox *inbox, bool is_last, const uint8_t *bytes, size_t length, scu__inbox_event *event) {
  if (length == 0 && !is_last) return;
  event->kind = SCU__INBOX_DATA;
  event->bytes = bytes;
  event->length = length;
  event->is_last = is_last;
  if (is_last) inbox->state = SCU__INBOX_IDLE;
}

scu_result scu__inbox_put(scu__inbox *inbox, uint8_t context_id, bool is_command, bool is_last, const uint8_t *bytes,
                          size_t length, scu__inbox_event *event, scu_error *error) {
  *event = (scu__inbox_event){.kind = SCU__INBOX_NONE, .context_id = context_id};
  scu_result result = check_order(inbox, context_id, is_command, error);
  if (result != SCU_OK) return result;
  inbox->context_id = context_id;
  if (is_command) return put_command(inbox, is_last, bytes, length, event, error);
  put_data(inbox, is_last, bytes, length, event);
  return SCU_OK;
}
