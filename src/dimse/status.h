/* DIMSE status codes (PS3.7 Annex C, PS3.4): class by range, and the row that explains them. A status is data, never an
 * scu_result. */
#ifndef SCU_DIMSE_STATUS_H
#define SCU_DIMSE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/explanation.h"

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
  SCU__STATUS_COERCED = 0xB000,        /* C-STORE; on C-MOVE and C-GET: some sub-operations failed or warned */
  SCU__STATUS_RESPONSE_LIMIT = 0xB001, /* C-FIND: not all matches were given */
  SCU__STATUS_CANNOT_UNDERSTAND = 0xC000,
  SCU__STATUS_CONFLICT = 0xC001, /* ours, as a receiver: another object with that SOP Instance UID is here */
  SCU__STATUS_CANCELLED = 0xFE00,
  SCU__STATUS_PENDING = 0xFF00,
  SCU__STATUS_PENDING_WARNING = 0xFF01
};

/* Which operations a row holds for. */
enum scu__operations {
  SCU__ON_C_STORE = 1 << 0,
  SCU__ON_C_FIND = 1 << 1,
  SCU__ON_C_MOVE = 1 << 2,
  SCU__ON_C_GET = 1 << 3,
  SCU__ON_C_ECHO = 1 << 4,
  SCU__ON_N_EVENT_REPORT = 1 << 5,
  SCU__ON_N_GET = 1 << 6,
  SCU__ON_N_SET = 1 << 7,
  SCU__ON_N_ACTION = 1 << 8,
  SCU__ON_N_CREATE = 1 << 9,
  SCU__ON_N_DELETE = 1 << 10
};
/* The bit of a command field, request or response; 0 for what is no operation. */
uint16_t scu__operation_bit(uint16_t field);

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

/* The row of the status for that operation, and its text; never NULL. Rows that hold for one product or SOP class only
 * are passed over: the status alone does not say so. */
const scu_explanation *scu__status_explanation(uint16_t field, uint16_t status);
const char *scu__status_text(uint16_t field, uint16_t status);
/* 0110 to the N-SET of a performed procedure step, with Error ID A710 (PS3.4 F.7.2). */
const scu_explanation *scu__status_of_final_step(void);
/* The same request may succeed later without anybody changing it (RULES 5; A7xx and 0213): stores send it again, with a
 * growing pause. */
bool scu__status_is_retryable(uint16_t field, uint16_t status);

#endif
