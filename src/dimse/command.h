/* DIMSE command sets (PS3.7 6.3, 9.3, 10.3, Annex E): one flat value for all 25 messages, to and from bytes.
 *
 * Which element belongs to which message, and whether it must be there, stands in one table (command_table.c). Data
 * sets are not looked at here. */
#ifndef SCU_DIMSE_COMMAND_H
#define SCU_DIMSE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/values.h"

/* PS3.7 E.1-1. C-CANCEL-FIND, -MOVE and -GET share one value; bit 15 marks a response. */
enum scu__command_field {
  SCU__C_STORE_RQ = 0x0001,
  SCU__C_STORE_RSP = 0x8001,
  SCU__C_GET_RQ = 0x0010,
  SCU__C_GET_RSP = 0x8010,
  SCU__C_FIND_RQ = 0x0020,
  SCU__C_FIND_RSP = 0x8020,
  SCU__C_MOVE_RQ = 0x0021,
  SCU__C_MOVE_RSP = 0x8021,
  SCU__C_ECHO_RQ = 0x0030,
  SCU__C_ECHO_RSP = 0x8030,
  SCU__N_EVENT_REPORT_RQ = 0x0100,
  SCU__N_EVENT_REPORT_RSP = 0x8100,
  SCU__N_GET_RQ = 0x0110,
  SCU__N_GET_RSP = 0x8110,
  SCU__N_SET_RQ = 0x0120,
  SCU__N_SET_RSP = 0x8120,
  SCU__N_ACTION_RQ = 0x0130,
  SCU__N_ACTION_RSP = 0x8130,
  SCU__N_CREATE_RQ = 0x0140,
  SCU__N_CREATE_RSP = 0x8140,
  SCU__N_DELETE_RQ = 0x0150,
  SCU__N_DELETE_RSP = 0x8150,
  SCU__C_CANCEL_RQ = 0x0FFF
};

enum {
  SCU__COMMAND_RESPONSE_BIT = 0x8000,
  SCU__NO_DATASET = 0x0101, /* Command Data Set Type: any other value says that a data set follows */
  SCU__WITH_DATASET = 0x0001,
  SCU__PRIORITY_MEDIUM = 0,
  SCU__PRIORITY_HIGH = 1,
  SCU__PRIORITY_LOW = 2,
  SCU__OFFENDING_MAX = 16 /* offending elements that are kept; nobody acts on more */
};

/* One bit per element: which fields of a command are (or are to be) there. */
typedef enum scu__command_element {
  SCU__HAS_AFFECTED_SOP_CLASS = 1 << 0,
  SCU__HAS_REQUESTED_SOP_CLASS = 1 << 1,
  SCU__HAS_FIELD = 1 << 2,
  SCU__HAS_MESSAGE_ID = 1 << 3,
  SCU__HAS_RESPONDED_MESSAGE_ID = 1 << 4,
  SCU__HAS_MOVE_DESTINATION = 1 << 5,
  SCU__HAS_PRIORITY = 1 << 6,
  SCU__HAS_DATA_SET_TYPE = 1 << 7,
  SCU__HAS_STATUS = 1 << 8,
  SCU__HAS_OFFENDING = 1 << 9,
  SCU__HAS_ERROR_COMMENT = 1 << 10,
  SCU__HAS_ERROR_ID = 1 << 11,
  SCU__HAS_AFFECTED_SOP_INSTANCE = 1 << 12,
  SCU__HAS_REQUESTED_SOP_INSTANCE = 1 << 13,
  SCU__HAS_EVENT_TYPE = 1 << 14,
  SCU__HAS_ATTRIBUTES = 1 << 15,
  SCU__HAS_ACTION_TYPE = 1 << 16,
  SCU__HAS_REMAINING = 1 << 17,
  SCU__HAS_COMPLETED = 1 << 18,
  SCU__HAS_FAILED = 1 << 19,
  SCU__HAS_WARNING = 1 << 20,
  SCU__HAS_ORIGINATOR = 1 << 21,
  SCU__HAS_ORIGINATOR_MESSAGE_ID = 1 << 22
} scu__command_element;

/* A value: copy it freely, but see `attributes`. Fields whose bit is not in `present` are zero. */
typedef struct scu__command {
  uint32_t present;   /* scu__command_element bits */
  uint32_t malformed; /* after decoding: elements that were there with an impossible value; then not in `present` */
  bool is_known;      /* after decoding: the Command Field is one of PS3.7 */
  bool has_foreign_elements;   /* after decoding a response: data set elements followed; passed over */
  bool has_wrong_group_length; /* after decoding: (0000,0000) was missing or lied; tolerated */

  uint16_t field; /* scu__command_field, or what the peer made up */
  uint16_t message_id;
  uint16_t responded_message_id;
  uint16_t priority;
  uint16_t data_set_type;
  uint16_t status;
  uint16_t event_type;
  uint16_t action_type;
  uint16_t error_id;
  uint16_t remaining, completed, failed, warning; /* sub-operations of C-MOVE and C-GET */
  uint16_t originator_message_id;

  scu__uid affected_sop_class;
  scu__uid affected_sop_instance;
  scu__uid requested_sop_class;
  scu__uid requested_sop_instance;
  scu__ae move_destination;
  scu__ae originator;

  char error_comment[65]; /* printable ASCII, at most 64 characters; longer ones are cut on decoding */
  size_t offending_count;
  uint32_t offending[SCU__OFFENDING_MAX]; /* tags, gggg << 16 | eeee */

  /* Attribute Identifier List (0000,1005) in wire form, attribute_count * 4 bytes. Borrowed: from the decoded bytes, or
   * from whoever encodes. Use scu__command_attribute and scu__command_put_attribute. */
  const uint8_t *attributes;
  size_t attribute_count;
} scu__command;

static inline bool scu__command_has(const scu__command *command, uint32_t elements) {
  return (command->present & elements) == elements;
}
static inline bool scu__command_is_response(const scu__command *command) {
  return (command->field & SCU__COMMAND_RESPONSE_BIT) != 0;
}
/* One of the requests of PS3.7 E.1, C-CANCEL-RQ apart. */
static inline bool scu__command_field_is_request(uint16_t field) {
  switch (field) {
  case SCU__C_STORE_RQ:
  case SCU__C_GET_RQ:
  case SCU__C_FIND_RQ:
  case SCU__C_MOVE_RQ:
  case SCU__C_ECHO_RQ:
  case SCU__N_EVENT_REPORT_RQ:
  case SCU__N_GET_RQ:
  case SCU__N_SET_RQ:
  case SCU__N_ACTION_RQ:
  case SCU__N_CREATE_RQ:
  case SCU__N_DELETE_RQ: return true;
  default: return false;
  }
}
/* A data set follows this command. */
static inline bool scu__command_has_dataset(const scu__command *command) {
  return command->data_set_type != SCU__NO_DATASET;
}

/* "C-STORE-RQ", ...; "unknown command" for anything else. Static storage. */
const char *scu__command_name(uint16_t field);
/* "Affected SOP Class UID", ...; "unknown element" for anything else. `element` is a single bit. */
const char *scu__command_element_name(uint32_t element);
uint32_t scu__command_element_tag(uint32_t element);
/* Whether the Standard wants a data set behind this message: never, always, or either. */
typedef enum scu__dataset_rule { SCU__DATASET_NEVER, SCU__DATASET_ALWAYS, SCU__DATASET_EITHER } scu__dataset_rule;
scu__dataset_rule scu__command_dataset_rule(uint16_t field);

/* Appends the command set, group length first, tags rising. USAGE when a mandatory element of the message is not in
 * `present`, or one is that does not belong to it; MEMORY and LIMIT as the buffer's. An unknown response field is
 * encoded as the plainest response (message ID, status, error comment). Every element has even length. */
scu_result scu__command_encode(const scu__command *command, scu__buffer *buffer);

/* Decodes one whole command set. PROTOCOL when the bytes are not elements of group 0000 in rising order, when Command
 * Field or Data Set Type is missing, or when the message cannot be answered (a request without Message ID, a response
 * without the ID it answers or without status). A missing or malformed other element is left to the reader: see
 * scu__command_missing. A lying group length is tolerated and flagged, for the caller knows the real end. An unknown
 * field decodes with is_known = false. `command->attributes` points into `bytes`. */
scu_result scu__command_decode(const uint8_t *bytes, size_t length, scu__command *command, scu_error *error);

/* The bit of the first mandatory element that is missing or malformed, 0 when complete. */
uint32_t scu__command_missing(const scu__command *command);

/* The index-th tag of the attribute identifier list. index < attribute_count. */
uint32_t scu__command_attribute(const scu__command *command, size_t index);
void scu__command_put_attribute(scu__buffer *buffer, uint32_t tag);

/* A request with its Message ID and, when sop_class is not NULL, its (affected or requested) SOP Class UID. Medium
 * priority where the message has one. */
void scu__request_init(scu__command *command, uint16_t field, uint16_t message_id, const scu__uid *sop_class);
/* The response to `request`: message ID, class, instance, event and action type are carried over where there are any;
 * no data set. `request` may be of an unknown field. */
void scu__response_to(const scu__command *request, uint16_t status, scu__command *response);
/* C-CANCEL-RQ for the request with this Message ID. */
void scu__cancel_init(scu__command *command, uint16_t message_id);
/* Cuts to 64 characters and replaces what is not printable ASCII. NULL or "" leaves the element out. */
void scu__command_set_comment(scu__command *command, const char *comment);

#endif
