/* Failure Reason (0008,1197): why a peer will not commit itself to an instance. */
#ifndef SCU_DIMSE_FAILURE_REASONS_H
#define SCU_DIMSE_FAILURE_REASONS_H

#include "base/explanation.h"

extern const scu_explanation scu__failure_reason_rows[]; /* low and high are the reason */
extern const size_t scu__failure_reason_row_count;

#endif
