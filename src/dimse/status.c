/* Status codes: classes by range, and the right one among the rows. */
#include "dimse/status.h"

#include "dimse/command.h"
#include "dimse/status_rows.h"

static uint16_t request_field(uint16_t field) {
  return (uint16_t)(field & ~(unsigned)SCU__COMMAND_RESPONSE_BIT);
}

static bool is_query_or_retrieve(uint16_t field) {
  return field == SCU__C_FIND_RQ || field == SCU__C_MOVE_RQ || field == SCU__C_GET_RQ;
}

scu__status_kind scu__status_class(uint16_t status, uint16_t field) {
  if (status == SCU__STATUS_SUCCESS) return SCU__STATUS_KIND_SUCCESS;
  /* Only in these can something else follow, so elsewhere a "pending" would wait for ever. */
  if (is_query_or_retrieve(request_field(field))) {
    if (status == SCU__STATUS_PENDING || status == SCU__STATUS_PENDING_WARNING) return SCU__STATUS_KIND_PENDING;
    if (status == SCU__STATUS_CANCELLED) return SCU__STATUS_KIND_CANCEL;
  }
  if (status == 0x0001 || status == 0x0107 || status == 0x0116) return SCU__STATUS_KIND_WARNING;
  if (status >> 12 == 0xB) return SCU__STATUS_KIND_WARNING;
  return SCU__STATUS_KIND_FAILURE;
}

const char *scu__status_class_name(scu__status_kind kind) {
  switch (kind) {
  case SCU__STATUS_KIND_SUCCESS: return "success";
  case SCU__STATUS_KIND_WARNING: return "warning";
  case SCU__STATUS_KIND_FAILURE: return "failure";
  case SCU__STATUS_KIND_CANCEL: return "cancel";
  case SCU__STATUS_KIND_PENDING: return "pending";
  }
  return "failure";
}

uint16_t scu__operation_bit(uint16_t field) {
  switch (request_field(field)) {
  case SCU__C_STORE_RQ: return SCU__ON_C_STORE;
  case SCU__C_FIND_RQ: return SCU__ON_C_FIND;
  case SCU__C_MOVE_RQ: return SCU__ON_C_MOVE;
  case SCU__C_GET_RQ: return SCU__ON_C_GET;
  case SCU__C_ECHO_RQ: return SCU__ON_C_ECHO;
  case SCU__N_EVENT_REPORT_RQ: return SCU__ON_N_EVENT_REPORT;
  case SCU__N_GET_RQ: return SCU__ON_N_GET;
  case SCU__N_SET_RQ: return SCU__ON_N_SET;
  case SCU__N_ACTION_RQ: return SCU__ON_N_ACTION;
  case SCU__N_CREATE_RQ: return SCU__ON_N_CREATE;
  case SCU__N_DELETE_RQ: return SCU__ON_N_DELETE;
  default: return 0;
  }
}

static const scu_explanation *row_at(size_t index) {
  if (index < scu__composite_status_row_count) return &scu__composite_status_rows[index];
  index -= scu__composite_status_row_count;
  return index < scu__normalized_status_row_count ? &scu__normalized_status_rows[index] : NULL;
}

/* `operation` 0: rows of any operation and of one alike. */
static const scu_explanation *find(uint16_t operation, uint16_t status, scu__fits fits) {
  for (size_t i = 0; row_at(i); i++) {
    const scu_explanation *row = row_at(i);
    if (row->fits != fits || status < row->low || status > row->high) continue;
    if (operation == 0 || row->operations == 0 || (row->operations & operation) != 0) return row;
  }
  return NULL;
}

const scu_explanation *scu__status_explanation(uint16_t field, uint16_t status) {
  uint16_t operation = scu__operation_bit(field);
  const scu_explanation *row = operation ? find(operation, status, SCU__FITS_ALL) : NULL;
  /* 01xx and 02xx keep one meaning whoever sends them (PS3.7 C). */
  if (!row && status < 0x0300) row = find(0, status, SCU__FITS_ALL);
  return row ? row : find(0, status, SCU__FITS_REST);
}

const char *scu__status_text(uint16_t field, uint16_t status) {
  return scu__status_explanation(field, status)->text;
}

const scu_explanation *scu__status_of_final_step(void) {
  return find(SCU__ON_N_SET, SCU__STATUS_PROCESSING_FAILURE, SCU__FITS_SOME);
}

bool scu__status_is_retryable(uint16_t field, uint16_t status) {
  /* A710 on C-FIND says that the Prior Record Key is wrong: it will not get better. */
  if (request_field(field) == SCU__C_FIND_RQ && status == 0xA710) return false;
  return status >> 8 == 0xA7 || status == SCU__STATUS_RESOURCE_LIMIT;
}
