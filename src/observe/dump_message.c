/* By the table of dimse/, so that no element is forgotten. */
#include "observe/dump_message.h"

#include "data/uids.h"
#include "dimse/command_table.h"
#include "dimse/status.h"

enum { ATTRIBUTES_SHOWN = 64 };

static void put_value(scu__buffer *text, const scu__command *command, const scu__command_element_row *row,
                      bool with_phi) {
  const void *at = (const char *)command + row->at;
  if (row->kind == SCU__VALUE_UI) {
    const char *uid = ((const scu__uid *)at)->text, *name = scu__uid_name(uid);
    scu__dump_put(text, "%s%s%s", scu__dump_uid(uid, with_phi), name ? " = " : "", name ? name : "");
  } else if (row->kind == SCU__VALUE_AE) {
    scu__dump_put(text, "%s", ((const scu__ae *)at)->text);
  } else if (row->bit == SCU__HAS_FIELD || row->bit == SCU__HAS_STATUS || row->bit == SCU__HAS_DATA_SET_TYPE) {
    scu__dump_put(text, "%04XH", *(const uint16_t *)at);
  } else if (row->kind == SCU__VALUE_US) {
    scu__dump_put(text, "%u", *(const uint16_t *)at);
  }
}

static void put_tag(scu__buffer *text, uint32_t tag) {
  scu__dump_put(text, "(%04X,%04X) ", (unsigned)(tag >> 16), (unsigned)(tag & 0xFFFF));
}

static void put_meaning(scu__buffer *text, const scu__command *command, const scu__command_element_row *row) {
  if (row->bit == SCU__HAS_FIELD) scu__dump_put(text, " = %s", scu__command_name(command->field));
  if (row->bit == SCU__HAS_STATUS) scu__dump_put(text, " = %s", scu__status_text(command->field, command->status));
  if (row->bit == SCU__HAS_DATA_SET_TYPE)
    scu__dump_put(text, " = %s", scu__command_has_dataset(command) ? "a data set follows" : "no data set");
}

static void put_element(scu__buffer *text, const scu__command *command, const scu__command_element_row *row,
                        bool with_phi) {
  scu__dump_put(text, "  (0000,%04X) %s: ", row->element, row->name);
  if (row->kind == SCU__VALUE_COMMENT) {
    scu__dump_put(text, "%s", with_phi ? command->error_comment : "(masked)");
  } else if (row->kind == SCU__VALUE_OFFENDING) {
    for (size_t i = 0; i < command->offending_count; i++) put_tag(text, command->offending[i]);
  } else if (row->kind == SCU__VALUE_ATTRIBUTES) {
    for (size_t i = 0; i < command->attribute_count && i < ATTRIBUTES_SHOWN; i++)
      put_tag(text, scu__command_attribute(command, i));
    if (command->attribute_count > ATTRIBUTES_SHOWN) scu__dump_put(text, "... (%zu)", command->attribute_count);
  } else {
    put_value(text, command, row, with_phi);
    put_meaning(text, command, row);
  }
  scu__dump_put(text, "\n");
}

void scu__dump_command(scu__buffer *text, const scu__command *command, bool with_phi) {
  for (size_t i = 0; i < scu__command_element_count; i++) {
    const scu__command_element_row *row = &scu__command_elements[i];
    if (command->present & row->bit) put_element(text, command, row, with_phi);
    if (command->malformed & row->bit)
      scu__dump_put(text, "  (0000,%04X) %s: not to be read\n", row->element, row->name);
  }
  if (command->has_foreign_elements) scu__dump_put(text, "  elements of a data set followed: passed over\n");
  if (command->has_wrong_group_length) scu__dump_put(text, "  the group length is wrong or missing: tolerated\n");
}

static void put_name(scu__buffer *text, const scu__command *command) {
  if (command->is_known || command->field == SCU__C_CANCEL_RQ)
    scu__dump_put(text, "%s", scu__command_name(command->field));
  else
    scu__dump_put(text, "unknown command %04XH", command->field);
}

void scu__dump_message(scu__buffer *text, const scu__command *command, bool with_phi) {
  put_name(text, command);
  if (scu__command_has(command, SCU__HAS_MESSAGE_ID)) scu__dump_put(text, " %u", command->message_id);
  if (scu__command_has(command, SCU__HAS_RESPONDED_MESSAGE_ID))
    scu__dump_put(text, " to %u", command->responded_message_id);
  if (scu__command_has(command, SCU__HAS_STATUS))
    scu__dump_put(text, ": %04XH, %s", command->status, scu__status_text(command->field, command->status));
  if (scu__command_has(command, SCU__HAS_MOVE_DESTINATION))
    scu__dump_put(text, " for %s", command->move_destination.text);
  const scu__uid *instance = &command->affected_sop_instance;
  if (scu__command_has(command, SCU__HAS_REQUESTED_SOP_INSTANCE)) instance = &command->requested_sop_instance;
  if (instance->text[0]) scu__dump_put(text, " of %s", scu__dump_uid(instance->text, with_phi));
  if (scu__command_has(command, SCU__HAS_COMPLETED))
    scu__dump_put(text, ", %u done", command->completed + command->warning);
  if (scu__command_has(command, SCU__HAS_FAILED) && command->failed > 0)
    scu__dump_put(text, ", %u failed", command->failed);
  if (scu__command_has(command, SCU__HAS_REMAINING)) scu__dump_put(text, ", %u to come", command->remaining);
}
