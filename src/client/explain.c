/* All rows of all rooms as one table, and which of them a code names. A room with new codes adds its rows to `tables`.
 */
#include "scu/explain.h"

#include "base/explanation.h"
#include "client/explain_code.h"
#include "dimse/command.h"
#include "dimse/failure_reasons.h"
#include "dimse/status.h"
#include "dimse/status_rows.h"
#include "io/explanations.h"
#include "ul/explanations.h"

static const struct {
  const scu_explanation *rows;
  const size_t *count;
} tables[] = {
    {scu__reject_rows, &scu__reject_row_count},
    {scu__abort_rows, &scu__abort_row_count},
    {scu__context_rows, &scu__context_row_count},
    {scu__composite_status_rows, &scu__composite_status_row_count},
    {scu__normalized_status_rows, &scu__normalized_status_row_count},
    {scu__failure_reason_rows, &scu__failure_reason_row_count},
    {scu__system_rows, &scu__system_row_count},
    {scu__resolver_rows, &scu__resolver_row_count},
    {scu__result_rows, &scu__result_row_count},
    {scu__phase_rows, &scu__phase_row_count},
};

const scu_explanation *scu_explanation_at(size_t index) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    if (index < *tables[i].count) return &tables[i].rows[index];
    index -= *tables[i].count;
  }
  return NULL;
}

static uint16_t field_of(uint16_t operations) {
  /* Of several, one that knows cancel and pending: their rows name no other. */
  if (operations & SCU__ON_C_FIND) return SCU__C_FIND_RQ;
  if (operations & (SCU__ON_C_MOVE | SCU__ON_C_GET)) return SCU__C_MOVE_RQ;
  return 0;
}

const char *scu_explanation_class(const scu_explanation *row) {
  if (row->kind != SCU_EXPLAINS_STATUS) return "";
  uint16_t code = (uint16_t)(row->code[0] == 'x' ? 0xFFFF : row->low);
  return scu__status_class_name(scu__status_class(code, field_of(row->operations)));
}

static bool is_same_name(const char *upper, const char *code) {
  for (; *upper && *code; upper++, code++) {
    char c = *code >= 'a' && *code <= 'z' ? (char)(*code - 'a' + 'A') : *code;
    if (c != *upper) return false;
  }
  return *upper == *code;
}

/* How well a row fits: the worse ones are for codes that have no better. */
typedef enum fit { FIT_NONE, FIT_RANGE, FIT_OTHER_OPERATION, FIT_CODE } fit;

static fit judge(const scu_explanation *row, const scu__asked_code *asked) {
  if (!(asked->kinds & 1u << row->kind)) return FIT_NONE;
  if (asked->name[0]) return is_same_name(asked->name, row->code) ? FIT_CODE : FIT_NONE;
  if (row->high < asked->low || row->low > asked->high) return FIT_NONE;
  bool is_its_operation = asked->operations == 0 || row->operations == 0 || (row->operations & asked->operations) != 0;
  if (row->fits == SCU__FITS_REST) return asked->low == INT32_MIN ? FIT_CODE : FIT_RANGE;
  if (is_its_operation) return FIT_CODE;
  /* 01xx and 02xx keep one meaning whoever sends them (PS3.7 C). */
  return row->fits == SCU__FITS_ALL && asked->low == asked->high && row->high < 0x0300 ? FIT_OTHER_OPERATION : FIT_NONE;
}

enum { EVERY_OPERATION = 0x7FF };

/* What all rows together have for a code. */
typedef struct offer {
  fit best;
  uint16_t named; /* operations with a row for this very code: wider rows say nothing of them */
} offer;

static bool is_exact(const scu_explanation *row) {
  return row->low == row->high && row->operations != 0 && row->fits == SCU__FITS_ALL;
}

/* Of rows that hold for some peers only, there is never enough: somebody else may have sent it. */
static offer look_over(const scu__asked_code *asked) {
  offer found = {FIT_NONE, 0};
  for (size_t i = 0; scu_explanation_at(i); i++) {
    const scu_explanation *row = scu_explanation_at(i);
    fit one = judge(row, asked);
    if (one > found.best && row->fits != SCU__FITS_SOME) found.best = one;
    if (one == FIT_CODE && is_exact(row)) found.named |= row->operations;
  }
  return found;
}

static bool is_wanted(const scu_explanation *row, const scu__asked_code *asked, const offer *all) {
  fit found = judge(row, asked);
  if (found == FIT_NONE) return false;
  if (row->fits == SCU__FITS_SOME) return true;
  if (found != all->best) return false;
  bool is_one_code = asked->low == asked->high && !asked->name[0];
  if (row->kind != SCU_EXPLAINS_STATUS || !is_one_code || is_exact(row)) return true;
  unsigned of_row = row->operations ? row->operations : EVERY_OPERATION;
  unsigned of_asked = asked->operations ? asked->operations : EVERY_OPERATION;
  return (of_row & of_asked & ~(unsigned)all->named) != 0 || found != FIT_CODE;
}

const scu_explanation *scu_explain_next(const char *code, const scu_explanation *after) {
  scu__asked_code asked;
  if (!code || !scu__asked_code_read(code, &asked)) return NULL;
  offer all = look_over(&asked);
  bool is_behind = !after;
  for (size_t i = 0; scu_explanation_at(i); i++) {
    const scu_explanation *row = scu_explanation_at(i);
    bool is_one = is_wanted(row, &asked, &all);
    if (is_one && is_behind) return row;
    if (row == after) is_behind = true;
    /* The narrowest range is enough, and stands first. */
    if (is_one && all.best == FIT_RANGE && row->fits == SCU__FITS_REST) all.best = FIT_NONE;
  }
  return NULL;
}

const scu_explanation *scu_explain_status(uint16_t command_field, uint16_t status) {
  return scu__status_explanation(command_field, status);
}
