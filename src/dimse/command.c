/* Command sets to and from bytes (PS3.7 6.3.1: implicit VR little endian, whatever was negotiated), driven by the table
 * of command_table.c, and the few constructors everybody needs. */
#include "dimse/command.h"

#include <string.h>

#include "base/endian.h"
#include "base/limits.h"
#include "data/element.h"
#include "dimse/command_table.h"

static const scu__message_row *row_of(uint16_t field) {
  const scu__message_row *row = scu__message_row_find(field);
  return row ? row : scu__message_row_unknown(field);
}

static const scu__command_element_row *element_row_of(uint32_t bit) {
  for (size_t i = 0; i < scu__command_element_count; i++)
    if (scu__command_elements[i].bit == bit) return &scu__command_elements[i];
  return NULL;
}

const char *scu__command_name(uint16_t field) {
  return row_of(field)->name;
}

scu__dataset_rule scu__command_dataset_rule(uint16_t field) {
  return row_of(field)->dataset;
}

const char *scu__command_element_name(uint32_t element) {
  const scu__command_element_row *row = element_row_of(element);
  return row ? row->name : "unknown element";
}

uint32_t scu__command_element_tag(uint32_t element) {
  const scu__command_element_row *row = element_row_of(element);
  return row ? row->element : 0;
}

static uint32_t lowest_bit(uint32_t bits) {
  return bits & (~bits + 1);
}

uint32_t scu__command_missing(const scu__command *command) {
  const scu__message_row *row = row_of(command->field);
  uint32_t missing = row->mandatory & ~command->present;
  if (missing != 0) return lowest_bit(missing);
  if (row->dataset == SCU__DATASET_ALWAYS && !scu__command_has_dataset(command)) return SCU__HAS_DATA_SET_TYPE;
  return 0;
}

/* --- encoding --- */

static void put_header(scu__buffer *buffer, uint16_t element, size_t length) {
  const scu__element_header header = {.tag = SCU_TAG(0x0000, element), .vr = SCU_VR_NONE, .length = (uint32_t)length};
  scu__element_header_write(buffer, SCU__IMPLICIT_LE, &header);
}

static void put_padded(scu__buffer *buffer, uint16_t element, const char *text, uint8_t pad) {
  size_t length = strlen(text);
  put_header(buffer, element, length + (length & 1));
  scu__put_bytes(buffer, text, length);
  if (length & 1) scu__put_u8(buffer, pad);
}

void scu__command_put_attribute(scu__buffer *buffer, uint32_t tag) {
  scu__put_u16le(buffer, SCU_TAG_GROUP(tag));
  scu__put_u16le(buffer, SCU_TAG_ELEMENT(tag));
}

static void put_element(scu__buffer *buffer, const scu__command *command, const scu__command_element_row *row) {
  const char *member = (const char *)command + row->at;
  uint16_t number;
  switch (row->kind) {
  case SCU__VALUE_US:
    memcpy(&number, member, sizeof number);
    put_header(buffer, row->element, 2);
    scu__put_u16le(buffer, number);
    break;
  case SCU__VALUE_UI: put_padded(buffer, row->element, member, 0); break;
  case SCU__VALUE_AE:
  case SCU__VALUE_COMMENT: put_padded(buffer, row->element, member, ' '); break;
  case SCU__VALUE_OFFENDING:
    put_header(buffer, row->element, command->offending_count * 4);
    for (size_t i = 0; i < command->offending_count; i++) scu__command_put_attribute(buffer, command->offending[i]);
    break;
  case SCU__VALUE_ATTRIBUTES:
    put_header(buffer, row->element, command->attribute_count * 4);
    scu__put_bytes(buffer, command->attributes, command->attribute_count * 4);
    break;
  }
}

/* Mandatory texts must say something: an empty UID would only come back as a refusal from the peer. */
static bool is_empty_text(const scu__command *command, const scu__command_element_row *row) {
  bool is_text = row->kind == SCU__VALUE_UI || row->kind == SCU__VALUE_AE;
  return is_text && ((const char *)command)[row->at] == 0;
}

static bool may_encode(const scu__command *command, const scu__message_row *message) {
  uint32_t allowed = message->mandatory | message->optional;
  if (scu__command_is_response(command)) allowed |= SCU__RELATED_ELEMENTS;
  if ((command->present & ~allowed) != 0 || (message->mandatory & ~command->present) != 0) return false;
  if (command->offending_count > SCU__OFFENDING_MAX || command->attribute_count > SCU__COMMAND_MAX / 4) return false;
  for (size_t i = 0; i < scu__command_element_count; i++)
    if ((message->mandatory & scu__command_elements[i].bit) && is_empty_text(command, &scu__command_elements[i]))
      return false;
  return true;
}

scu_result scu__command_encode(const scu__command *command, scu__buffer *buffer) {
  if (!may_encode(command, row_of(command->field))) return SCU_ERROR_USAGE;
  put_header(buffer, 0x0000, 4);
  size_t mark = scu__block_open_u32le(buffer);
  for (size_t i = 0; i < scu__command_element_count; i++)
    if (command->present & scu__command_elements[i].bit) put_element(buffer, command, &scu__command_elements[i]);
  scu__block_close_u32le(buffer, mark);
  return scu__buffer_result(buffer);
}

/* --- decoding --- */

static bool take_us(const uint8_t *bytes, size_t length, uint16_t *number) {
  if (length != 2) return false;
  *number = scu__load_u16le(bytes);
  return true;
}

static bool take_comment(const uint8_t *bytes, size_t length, char comment[65]) {
  while (length > 0 && (bytes[length - 1] == ' ' || bytes[length - 1] == 0)) length--;
  if (length > 64) length = 64;
  for (size_t i = 0; i < length; i++) comment[i] = bytes[i] >= 0x20 && bytes[i] < 0x7F ? (char)bytes[i] : '?';
  comment[length] = 0;
  return true;
}

static uint32_t load_tag(const uint8_t *bytes) {
  return SCU_TAG(scu__load_u16le(bytes), scu__load_u16le(bytes + 2));
}

static bool take_tags(const uint8_t *bytes, size_t length, scu__command *command, scu__value_kind kind) {
  if (length % 4 != 0) return false;
  size_t count = length / 4;
  if (kind == SCU__VALUE_ATTRIBUTES) {
    command->attributes = bytes;
    command->attribute_count = count;
    return true;
  }
  if (count > SCU__OFFENDING_MAX) count = SCU__OFFENDING_MAX;
  for (size_t i = 0; i < count; i++) command->offending[i] = load_tag(bytes + 4 * i);
  command->offending_count = count;
  return true;
}

/* False when the value is impossible for the element; the field is left empty then. */
static bool take_value(scu__command *command, const scu__command_element_row *row, const uint8_t *bytes,
                       size_t length) {
  char *member = (char *)command + row->at;
  if (length & 1) return false;
  switch (row->kind) {
  case SCU__VALUE_US: {
    uint16_t number = 0;
    bool is_good = take_us(bytes, length, &number);
    memcpy(member, &number, sizeof number);
    return is_good;
  }
  case SCU__VALUE_UI: return scu__uid_from_bytes((scu__uid *)member, bytes, length);
  case SCU__VALUE_AE: return scu__ae_from_bytes((scu__ae *)member, bytes, length);
  case SCU__VALUE_COMMENT: return take_comment(bytes, length, member);
  case SCU__VALUE_OFFENDING:
  case SCU__VALUE_ATTRIBUTES: return take_tags(bytes, length, command, row->kind);
  }
  return false;
}

static void take_element(scu__command *command, uint16_t element, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < scu__command_element_count; i++) {
    const scu__command_element_row *row = &scu__command_elements[i];
    if (row->element != element) continue;
    /* An element without a value says no more than one that is absent. */
    if (length == 0 && row->kind != SCU__VALUE_US) return;
    if (take_value(command, row, bytes, length) && !is_empty_text(command, row))
      command->present |= row->bit;
    else
      command->malformed |= row->bit;
    return;
  }
  /* Retired and unknown elements, such as (0000,0001), are passed over. */
}

static void check_group_length(scu__command *command, const uint8_t *value, size_t length, size_t left) {
  command->has_wrong_group_length = length != 4 || scu__load_u32le(value) != left;
}

static scu_result fail_at(scu_error *error, uint32_t tag, size_t offset, const char *reason) {
  scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "command set: %s at (%04X,%04X), offset %zu", reason,
                 (unsigned)SCU_TAG_GROUP(tag), (unsigned)SCU_TAG_ELEMENT(tag), offset);
  scu__error_at(error, tag, offset);
  return SCU_ERROR_PROTOCOL;
}

static bool is_response(const scu__command *command) {
  return scu__command_has(command, SCU__HAS_FIELD) && scu__command_is_response(command);
}

static scu_result decode_elements(const uint8_t *bytes, size_t length, scu__command *command, scu_error *error) {
  size_t at = 0;
  uint32_t least_tag = 0; /* the next tag must not be below */
  command->has_wrong_group_length = true;
  while (at < length) {
    scu__element_header header;
    if (scu__element_header_read(SCU__IMPLICIT_LE, bytes + at, length - at, &header) != SCU_OK)
      return fail_at(error, least_tag, at, "ends inside an element header");
    if (SCU_TAG_GROUP(header.tag) != 0 && is_response(command)) {
      /* Orthanc puts the Failed SOP Instance UID List (0008,0058) here: what the command says stands before it. */
      command->has_foreign_elements = true;
      return SCU_OK;
    }
    if (SCU_TAG_GROUP(header.tag) != 0) return fail_at(error, header.tag, at, "element of another group");
    if (header.tag < least_tag) return fail_at(error, header.tag, at, "tags do not rise");
    least_tag = header.tag + 1;
    at += header.size;
    if (header.length > length - at) return fail_at(error, header.tag, at, "value runs past the end");
    if (header.tag == 0)
      check_group_length(command, bytes + at, header.length, length - at - header.length);
    else
      take_element(command, SCU_TAG_ELEMENT(header.tag), bytes + at, header.length);
    at += header.length;
  }
  return SCU_OK;
}

/* What is needed to know what this is and to match it with its other half. */
static uint32_t essentials_of(uint16_t field) {
  uint32_t essentials = SCU__HAS_FIELD | SCU__HAS_DATA_SET_TYPE;
  if (field == SCU__C_CANCEL_RQ) return essentials | SCU__HAS_RESPONDED_MESSAGE_ID;
  if (field & SCU__COMMAND_RESPONSE_BIT) return essentials | SCU__HAS_RESPONDED_MESSAGE_ID | SCU__HAS_STATUS;
  return essentials | SCU__HAS_MESSAGE_ID;
}

scu_result scu__command_decode(const uint8_t *bytes, size_t length, scu__command *command, scu_error *error) {
  memset(command, 0, sizeof *command);
  if (length > SCU__COMMAND_MAX)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_RESPONSE, "command set of %zu bytes", length);
  scu_result result = decode_elements(bytes, length, command, error);
  if (result != SCU_OK) return result;
  command->is_known = scu__command_has(command, SCU__HAS_FIELD) && scu__message_row_find(command->field);
  uint32_t missing = lowest_bit(essentials_of(command->field) & ~command->present);
  if (missing == 0) return SCU_OK;
  scu__error_set(error, SCU_ERROR_PROTOCOL, SCU_PHASE_RESPONSE, "%s: %s (%04X,%04X) is %s",
                 scu__command_has(command, SCU__HAS_FIELD) ? scu__command_name(command->field) : "command set",
                 scu__command_element_name(missing), 0u, (unsigned)scu__command_element_tag(missing),
                 command->malformed & missing ? "malformed" : "missing");
  scu__error_at(error, scu__command_element_tag(missing), UINT64_MAX);
  return SCU_ERROR_PROTOCOL;
}

uint32_t scu__command_attribute(const scu__command *command, size_t index) {
  return load_tag(command->attributes + 4 * index);
}

/* --- constructors --- */

void scu__request_init(scu__command *command, uint16_t field, uint16_t message_id, const scu__uid *sop_class) {
  memset(command, 0, sizeof *command);
  const scu__message_row *row = row_of(field);
  command->is_known = scu__message_row_find(field) != NULL;
  command->field = field;
  command->message_id = message_id;
  command->data_set_type = SCU__NO_DATASET;
  command->priority = SCU__PRIORITY_MEDIUM;
  command->present =
      row->mandatory & (SCU__HAS_FIELD | SCU__HAS_MESSAGE_ID | SCU__HAS_DATA_SET_TYPE | SCU__HAS_PRIORITY);
  if (!sop_class) return;
  if (row->mandatory & SCU__HAS_REQUESTED_SOP_CLASS) {
    command->requested_sop_class = *sop_class;
    command->present |= SCU__HAS_REQUESTED_SOP_CLASS;
  } else {
    command->affected_sop_class = *sop_class;
    command->present |= SCU__HAS_AFFECTED_SOP_CLASS;
  }
}

/* Responses say "affected" also where the request says "requested". */
static void carry_uids(const scu__command *request, scu__command *response) {
  if (scu__command_has(request, SCU__HAS_AFFECTED_SOP_CLASS))
    response->affected_sop_class = request->affected_sop_class;
  if (scu__command_has(request, SCU__HAS_REQUESTED_SOP_CLASS))
    response->affected_sop_class = request->requested_sop_class;
  if (scu__command_has(request, SCU__HAS_AFFECTED_SOP_INSTANCE))
    response->affected_sop_instance = request->affected_sop_instance;
  if (scu__command_has(request, SCU__HAS_REQUESTED_SOP_INSTANCE))
    response->affected_sop_instance = request->requested_sop_instance;
  if (response->affected_sop_class.text[0]) response->present |= SCU__HAS_AFFECTED_SOP_CLASS;
  if (response->affected_sop_instance.text[0]) response->present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
}

void scu__response_to(const scu__command *request, uint16_t status, scu__command *response) {
  memset(response, 0, sizeof *response);
  response->field = (uint16_t)(request->field | SCU__COMMAND_RESPONSE_BIT);
  response->is_known = scu__message_row_find(response->field) != NULL;
  response->responded_message_id = request->message_id;
  response->data_set_type = SCU__NO_DATASET;
  response->status = status;
  response->present = SCU__HAS_FIELD | SCU__HAS_RESPONDED_MESSAGE_ID | SCU__HAS_DATA_SET_TYPE | SCU__HAS_STATUS;
  carry_uids(request, response);
  uint32_t types = request->present & (SCU__HAS_EVENT_TYPE | SCU__HAS_ACTION_TYPE);
  response->event_type = request->event_type;
  response->action_type = request->action_type;
  response->present |= types & row_of(response->field)->optional;
}

void scu__cancel_init(scu__command *command, uint16_t message_id) {
  memset(command, 0, sizeof *command);
  command->is_known = true;
  command->field = SCU__C_CANCEL_RQ;
  command->responded_message_id = message_id;
  command->data_set_type = SCU__NO_DATASET;
  command->present = SCU__HAS_FIELD | SCU__HAS_RESPONDED_MESSAGE_ID | SCU__HAS_DATA_SET_TYPE;
}

void scu__command_set_comment(scu__command *command, const char *comment) {
  command->present &= ~(uint32_t)SCU__HAS_ERROR_COMMENT;
  memset(command->error_comment, 0, sizeof command->error_comment);
  if (!comment || !comment[0]) return;
  take_comment((const uint8_t *)comment, strlen(comment), command->error_comment);
  command->present |= SCU__HAS_ERROR_COMMENT;
}
