/* Failing statuses in words. */
#include "client/refusal.h"

#include <stdio.h>
#include <string.h>

#include "data/dictionary.h"
#include "dimse/status.h"

void scu__refusal_elements(const scu__command *response, char to[SCU__REFUSAL_ELEMENTS_MAX]) {
  enum { NAMED_MAX = 3 };
  size_t length = 0, named = response->offending_count < NAMED_MAX ? response->offending_count : NAMED_MAX;
  *to = 0;
  for (size_t i = 0; i < named && length < SCU__REFUSAL_ELEMENTS_MAX; i++) {
    scu_tag tag = response->offending[i];
    const scu__dictionary_entry *entry = scu__dictionary_find(tag);
    const char *keyword = entry ? scu__dictionary_keyword(entry) : "";
    length += (size_t)snprintf(to + length, SCU__REFUSAL_ELEMENTS_MAX - length, "%s%s%s(%04X,%04X)",
                               i == 0 ? "; it names " : ", ", keyword, *keyword ? " " : "", (unsigned)(tag >> 16),
                               (unsigned)(tag & 0xFFFF));
  }
}

/* A9xx says no more than that the peer does not like the identifier. Where it says more itself, our guess would only
 * lead astray. */
static void explain(scu_error *error, const scu__command *response) {
  const scu_explanation *row = scu__status_explanation(response->field, response->status);
  bool is_told = response->status >> 8 == 0xA9;
  if (is_told && response->offending_count > 0)
    scu__error_hint(error, "leave out what it names, or give it another value");
  else if (is_told && response->error_comment[0] && error)
    error->explanation = row;
  else
    scu__error_explain(error, row);
}

scu_result scu__refusal(scu_error *error, const scu__command *response) {
  char elements[SCU__REFUSAL_ELEMENTS_MAX];
  scu__refusal_elements(response, elements);
  scu__error_set(error, SCU_ERROR_REFUSED, SCU_PHASE_RESPONSE, "%s with status %04XH, %s%s",
                 scu__command_name(response->field), response->status,
                 scu__status_text(response->field, response->status), elements);
  if (error) {
    error->dimse_status = response->status;
    memcpy(error->comment, response->error_comment, sizeof error->comment);
  }
  if (response->offending_count > 0) scu__error_at(error, response->offending[0], UINT64_MAX);
  explain(error, response);
  return SCU_ERROR_REFUSED;
}
