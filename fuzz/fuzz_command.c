/* Command sets from hostile bytes. What decodes and is complete must survive being encoded and decoded again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dimse/command.h"
#include "dimse/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_again(const scu__command *command) {
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, 2 * SCU__COMMAND_MAX);
  scu__command again;
  if (scu__command_encode(command, &buffer) == SCU_OK && buffer.length <= SCU__COMMAND_MAX) {
    if (scu__command_decode(buffer.data, buffer.length, &again, NULL) != SCU_OK) abort();
    if (again.field != command->field || again.has_wrong_group_length || again.malformed != 0) abort();
    /* A text of nothing but padding is as good as none. */
    uint32_t lost = command->present & ~again.present;
    if ((lost & ~(uint32_t)(SCU__HAS_ERROR_COMMENT | SCU__HAS_OFFENDING | SCU__HAS_ATTRIBUTES)) != 0) abort();
    if (memcmp(&again.affected_sop_instance, &command->affected_sop_instance, sizeof again.affected_sop_instance) != 0)
      abort();
    if (again.attribute_count != command->attribute_count) abort();
  }
  scu__buffer_free(&buffer);
}

static void look_at(const scu__command *command) {
  uint32_t sum = 0;
  for (size_t i = 0; i < command->attribute_count; i++) sum += scu__command_attribute(command, i);
  for (size_t i = 0; i < command->offending_count; i++) sum += command->offending[i];
  if (strlen(command->error_comment) > 64 || strlen(command->affected_sop_class.text) > 64) abort();
  if (!scu__status_text(command->field, command->status)[0]) abort();
  (void)sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu__command command, response;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__command_decode(bytes, length, &command, &error);
  if (result != scu_error_result(&error)) abort();
  if (result != SCU_OK) return 0;
  look_at(&command);
  check_again(&command);
  if (scu__command_is_response(&command) || command.field == SCU__C_CANCEL_RQ) return 0;
  scu__response_to(&command, 0x0211, &response);
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, SCU__COMMAND_MAX);
  if (scu__command_encode(&response, &buffer) != SCU_OK) abort(); /* whatever is asked can be answered */
  scu__buffer_free(&buffer);
  return 0;
}
