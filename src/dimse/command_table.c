/* PS3.7 Table E.1-1 and the message tables of 9.3 and 10.3 as data: a new message is one row. */
#include "dimse/command_table.h"

#define AT(member) offsetof(scu__command, member)

const scu__command_element_row scu__command_elements[] = {
    {SCU__HAS_AFFECTED_SOP_CLASS, 0x0002, SCU__VALUE_UI, AT(affected_sop_class), "Affected SOP Class UID"},
    {SCU__HAS_REQUESTED_SOP_CLASS, 0x0003, SCU__VALUE_UI, AT(requested_sop_class), "Requested SOP Class UID"},
    {SCU__HAS_FIELD, 0x0100, SCU__VALUE_US, AT(field), "Command Field"},
    {SCU__HAS_MESSAGE_ID, 0x0110, SCU__VALUE_US, AT(message_id), "Message ID"},
    {SCU__HAS_RESPONDED_MESSAGE_ID, 0x0120, SCU__VALUE_US, AT(responded_message_id), "Message ID Being Responded To"},
    {SCU__HAS_MOVE_DESTINATION, 0x0600, SCU__VALUE_AE, AT(move_destination), "Move Destination"},
    {SCU__HAS_PRIORITY, 0x0700, SCU__VALUE_US, AT(priority), "Priority"},
    {SCU__HAS_DATA_SET_TYPE, 0x0800, SCU__VALUE_US, AT(data_set_type), "Command Data Set Type"},
    {SCU__HAS_STATUS, 0x0900, SCU__VALUE_US, AT(status), "Status"},
    {SCU__HAS_OFFENDING, 0x0901, SCU__VALUE_OFFENDING, 0, "Offending Element"},
    {SCU__HAS_ERROR_COMMENT, 0x0902, SCU__VALUE_COMMENT, AT(error_comment), "Error Comment"},
    {SCU__HAS_ERROR_ID, 0x0903, SCU__VALUE_US, AT(error_id), "Error ID"},
    {SCU__HAS_AFFECTED_SOP_INSTANCE, 0x1000, SCU__VALUE_UI, AT(affected_sop_instance), "Affected SOP Instance UID"},
    {SCU__HAS_REQUESTED_SOP_INSTANCE, 0x1001, SCU__VALUE_UI, AT(requested_sop_instance), "Requested SOP Instance UID"},
    {SCU__HAS_EVENT_TYPE, 0x1002, SCU__VALUE_US, AT(event_type), "Event Type ID"},
    {SCU__HAS_ATTRIBUTES, 0x1005, SCU__VALUE_ATTRIBUTES, 0, "Attribute Identifier List"},
    {SCU__HAS_ACTION_TYPE, 0x1008, SCU__VALUE_US, AT(action_type), "Action Type ID"},
    {SCU__HAS_REMAINING, 0x1020, SCU__VALUE_US, AT(remaining), "Number of Remaining Sub-operations"},
    {SCU__HAS_COMPLETED, 0x1021, SCU__VALUE_US, AT(completed), "Number of Completed Sub-operations"},
    {SCU__HAS_FAILED, 0x1022, SCU__VALUE_US, AT(failed), "Number of Failed Sub-operations"},
    {SCU__HAS_WARNING, 0x1023, SCU__VALUE_US, AT(warning), "Number of Warning Sub-operations"},
    {SCU__HAS_ORIGINATOR, 0x1030, SCU__VALUE_AE, AT(originator), "Move Originator Application Entity Title"},
    {SCU__HAS_ORIGINATOR_MESSAGE_ID, 0x1031, SCU__VALUE_US, AT(originator_message_id), "Move Originator Message ID"},
};
const size_t scu__command_element_count = sizeof scu__command_elements / sizeof *scu__command_elements;

/* Every request, every response. */
#define RQ  (SCU__HAS_FIELD | SCU__HAS_MESSAGE_ID | SCU__HAS_DATA_SET_TYPE)
#define RSP (SCU__HAS_FIELD | SCU__HAS_RESPONDED_MESSAGE_ID | SCU__HAS_DATA_SET_TYPE | SCU__HAS_STATUS)

#define AFFECTED  (SCU__HAS_AFFECTED_SOP_CLASS | SCU__HAS_AFFECTED_SOP_INSTANCE)
#define REQUESTED (SCU__HAS_REQUESTED_SOP_CLASS | SCU__HAS_REQUESTED_SOP_INSTANCE)
#define QUERY     (RQ | SCU__HAS_AFFECTED_SOP_CLASS | SCU__HAS_PRIORITY)
#define COUNTS    (SCU__HAS_REMAINING | SCU__HAS_COMPLETED | SCU__HAS_FAILED | SCU__HAS_WARNING)
#define MOVED_BY  (SCU__HAS_ORIGINATOR | SCU__HAS_ORIGINATOR_MESSAGE_ID)

static const scu__message_row messages[] = {
    {SCU__C_STORE_RQ, "C-STORE-RQ", RQ | AFFECTED | SCU__HAS_PRIORITY, MOVED_BY, SCU__DATASET_ALWAYS},
    {SCU__C_STORE_RSP, "C-STORE-RSP", RSP, AFFECTED, SCU__DATASET_NEVER},
    {SCU__C_FIND_RQ, "C-FIND-RQ", QUERY, 0, SCU__DATASET_ALWAYS},
    {SCU__C_FIND_RSP, "C-FIND-RSP", RSP, SCU__HAS_AFFECTED_SOP_CLASS, SCU__DATASET_EITHER},
    {SCU__C_GET_RQ, "C-GET-RQ", QUERY, 0, SCU__DATASET_ALWAYS},
    {SCU__C_GET_RSP, "C-GET-RSP", RSP, SCU__HAS_AFFECTED_SOP_CLASS | COUNTS, SCU__DATASET_EITHER},
    {SCU__C_MOVE_RQ, "C-MOVE-RQ", QUERY | SCU__HAS_MOVE_DESTINATION, 0, SCU__DATASET_ALWAYS},
    {SCU__C_MOVE_RSP, "C-MOVE-RSP", RSP, SCU__HAS_AFFECTED_SOP_CLASS | COUNTS, SCU__DATASET_EITHER},
    {SCU__C_ECHO_RQ, "C-ECHO-RQ", RQ | SCU__HAS_AFFECTED_SOP_CLASS, 0, SCU__DATASET_NEVER},
    {SCU__C_ECHO_RSP, "C-ECHO-RSP", RSP, SCU__HAS_AFFECTED_SOP_CLASS, SCU__DATASET_NEVER},
    {SCU__C_CANCEL_RQ, "C-CANCEL-RQ", SCU__HAS_FIELD | SCU__HAS_RESPONDED_MESSAGE_ID | SCU__HAS_DATA_SET_TYPE, 0,
     SCU__DATASET_NEVER},
    {SCU__N_EVENT_REPORT_RQ, "N-EVENT-REPORT-RQ", RQ | AFFECTED | SCU__HAS_EVENT_TYPE, 0, SCU__DATASET_EITHER},
    {SCU__N_EVENT_REPORT_RSP, "N-EVENT-REPORT-RSP", RSP, AFFECTED | SCU__HAS_EVENT_TYPE, SCU__DATASET_EITHER},
    {SCU__N_GET_RQ, "N-GET-RQ", RQ | REQUESTED, SCU__HAS_ATTRIBUTES, SCU__DATASET_NEVER},
    {SCU__N_GET_RSP, "N-GET-RSP", RSP, AFFECTED, SCU__DATASET_EITHER},
    {SCU__N_SET_RQ, "N-SET-RQ", RQ | REQUESTED, 0, SCU__DATASET_ALWAYS},
    {SCU__N_SET_RSP, "N-SET-RSP", RSP, AFFECTED, SCU__DATASET_EITHER},
    {SCU__N_ACTION_RQ, "N-ACTION-RQ", RQ | REQUESTED | SCU__HAS_ACTION_TYPE, 0, SCU__DATASET_EITHER},
    {SCU__N_ACTION_RSP, "N-ACTION-RSP", RSP, AFFECTED | SCU__HAS_ACTION_TYPE, SCU__DATASET_EITHER},
    {SCU__N_CREATE_RQ, "N-CREATE-RQ", RQ | SCU__HAS_AFFECTED_SOP_CLASS, SCU__HAS_AFFECTED_SOP_INSTANCE,
     SCU__DATASET_EITHER},
    {SCU__N_CREATE_RSP, "N-CREATE-RSP", RSP, AFFECTED, SCU__DATASET_EITHER},
    {SCU__N_DELETE_RQ, "N-DELETE-RQ", RQ | REQUESTED, 0, SCU__DATASET_NEVER},
    {SCU__N_DELETE_RSP, "N-DELETE-RSP", RSP, AFFECTED, SCU__DATASET_NEVER},
};

static const scu__message_row unknown_request = {0, "unknown command", RQ, AFFECTED | REQUESTED, SCU__DATASET_EITHER};
static const scu__message_row unknown_response = {0, "unknown command", RSP, AFFECTED, SCU__DATASET_EITHER};

size_t scu__message_row_count(void) {
  return sizeof messages / sizeof *messages;
}

const scu__message_row *scu__message_row_at(size_t index) {
  return &messages[index];
}

const scu__message_row *scu__message_row_find(uint16_t field) {
  for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
    if (messages[i].field == field) return &messages[i];
  return NULL;
}

const scu__message_row *scu__message_row_unknown(uint16_t field) {
  return field & SCU__COMMAND_RESPONSE_BIT ? &unknown_response : &unknown_request;
}
