/* Failing statuses in words. */
#include "client/refusal.h"

#include <string.h>

#include "dimse/status.h"

scu_result scu__refusal(scu_error *error, const scu__command *response) {
  scu__error_set(error, SCU_ERROR_REFUSED, SCU_PHASE_RESPONSE, "%s with status %04XH, %s",
                 scu__command_name(response->field), response->status,
                 scu__status_text(response->field, response->status));
  if (error) {
    error->dimse_status = response->status;
    memcpy(error->comment, response->error_comment, sizeof error->comment);
  }
  if (response->offending_count > 0) scu__error_at(error, response->offending[0], UINT64_MAX);
  const char *hint = scu__status_hint(response->field, response->status);
  if (hint[0]) scu__error_hint(error, "%s", hint);
  return SCU_ERROR_REFUSED;
}
