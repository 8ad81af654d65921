/* DIMSE status codes (PS3.7 Annex C, PS3.4): class by range, meaning in words, what to try. A status is data, never an
 * scu_result. */
#ifndef SCU_DIMSE_STATUS_H
#define SCU_DIMSE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum {
  SCU__STATUS_SUCCESS = 0x0000,
  SCU__STATUS_ATTRIBUTE_WARNING = 0x0107,
  SCU__STATUS_PROCESSING_FAILURE = 0x0110,
  SCU__STATUS_DUPLICATE_INSTANCE = 0x0111,
  SCU__STATUS_NO_SUCH_INSTANCE = 0x0112,
  SCU__STATUS_NO_SUCH_EVENT_TYPE = 0x0113,
  SCU__STATUS_INVALID_INSTANCE_UID = 0x0117,
  SCU__STATUS_NO_SUCH_CLASS = 0x0118,
  SCU__STATUS_CLASS_NOT_SUPPORTED = 0x0122,
  SCU__STATUS_NO_SUCH_ACTION_TYPE = 0x0123,
  SCU__STATUS_NOT_AUTHORISED = 0x0124,
  SCU__STATUS_DUPLICATE_INVOCATION = 0x0210,
  SCU__STATUS_UNRECOGNISED_OPERATION = 0x0211,
  SCU__STATUS_MISTYPED_ARGUMENT = 0x0212,
  SCU__STATUS_RESOURCE_LIMIT = 0x0213,
  SCU__STATUS_OUT_OF_RESOURCES = 0xA700,
  SCU__STATUS_MOVE_DESTINATION_UNKNOWN = 0xA801,
  SCU__STATUS_DOES_NOT_MATCH_CLASS = 0xA900,
  SCU__STATUS_COERCED = 0xB000, /* C-STORE; on C-MOVE and C-GET: some sub-operations failed or warned */
  SCU__STATUS_CANNOT_UNDERSTAND = 0xC000,
  SCU__STATUS_CONFLICT = 0xC001, /* ours, as a receiver: another object with that SOP Instance UID is here */
  SCU__STATUS_CANCELLED = 0xFE00,
  SCU__STATUS_PENDING = 0xFF00,
  SCU__STATUS_PENDING_WARNING = 0xFF01
};

typedef enum scu__status_kind {
  SCU__STATUS_KIND_SUCCESS = 0,
  SCU__STATUS_KIND_WARNING = 1,
  SCU__STATUS_KIND_FAILURE = 2,
  SCU__STATUS_KIND_CANCEL = 3,
  SCU__STATUS_KIND_PENDING = 4
} scu__status_kind;

/* `field` is the command field of the operation, request or response. By range (RULES 5: A7xx, A9xx, Bxxx, Cxxx, 01xx,
 * 02xx); cancel and pending exist for C-FIND, C-MOVE and C-GET only; what is not defined is a failure. */
scu__status_kind scu__status_class(uint16_t status, uint16_t field);
/* "success", "warning", "failure", "cancel", "pending". */
const char *scu__status_class_name(scu__status_kind kind);

/* What the status means for that operation, in a few words; never NULL, static storage. */
const char *scu__status_text(uint16_t field, uint16_t status);
/* What to try, one line; "" where nothing useful can be said. Static storage. */
const char *scu__status_hint(uint16_t field, uint16_t status);
/* The same request may succeed later without anybody changing it (A7xx and 0213): for sending again with a growing
 * pause, which nobody does yet. */
bool scu__status_is_retryable(uint16_t field, uint16_t status);

#endif
