/* What is in a row, and the row of a code. */
#include "base/explanation.h"

#include "base/error.h"

const scu_explanation *scu__explanation_of(const scu_explanation *rows, size_t count, int32_t code) {
  const scu_explanation *rest = NULL;
  for (size_t i = 0; i < count; i++) {
    if (code < rows[i].low || code > rows[i].high || rows[i].fits == SCU__FITS_SOME) continue;
    if (rows[i].fits == SCU__FITS_ALL) return &rows[i];
    if (!rest) rest = &rows[i];
  }
  return rest;
}

const scu_explanation *scu_error_explanation(const scu_error *error) {
  if (!scu__error_is_set(error)) return NULL;
  if (error->explanation) return error->explanation;
  return scu__explanation_of(scu__result_rows, scu__result_row_count, error->result);
}

scu_explains scu_explanation_kind(const scu_explanation *row) {
  return row->kind;
}
const char *scu_explanation_code(const scu_explanation *row) {
  return row->code;
}
const char *scu_explanation_where(const scu_explanation *row) {
  return row->where;
}
const char *scu_explanation_text(const scu_explanation *row) {
  return row->text;
}
const char *scu_explanation_cause(const scu_explanation *row) {
  return row->cause;
}
const char *scu_explanation_next_step(const scu_explanation *row) {
  return row->next_step;
}
const char *scu_explanation_source(const scu_explanation *row) {
  return row->source;
}
bool scu_explanation_is_range(const scu_explanation *row) {
  return row->fits == SCU__FITS_REST;
}
