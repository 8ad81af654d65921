/* C-FIND as an operation, and the matches pulled from it. A reader that is slower than the peer holds the peer back:
 * reading from the association stops while many rows wait. */
#include <string.h>

#include "base/alloc.h"
#include "client/drill.h"
#include "client/op.h"

enum { ROWS_HIGH = 512, ROWS_LOW = 128 };

typedef struct row {
  struct row *next;
  scu_dataset *dataset;
} row;

struct scu_matches {
  scu_op op; /* first; freed by scu_matches_close */
  scu__drill *drill;
  uint64_t limit, received, delivered;
  row *first, *last;
  size_t waiting;
  row *current; /* borrowed by the caller */
  uint16_t status;
  char comment[65];
};

static void row_free(scu_matches *matches, row *r) {
  if (!r) return;
  scu_dataset_free(r->dataset);
  scu__free(matches->op.session->allocator, r);
}

static void take_row(void *owner, const scu_dataset *dataset) {
  scu_matches *matches = owner;
  row *r = scu__alloc(matches->op.session->allocator, sizeof *r);
  if (!r || scu_dataset_copy(dataset, &r->dataset) != SCU_OK) {
    row_free(matches, r);
    scu_error error;
    scu__error_clear(&error);
    scu__error_memory(&error, SCU_PHASE_RESPONSE);
    scu__op_finish(&matches->op, SCU_ERROR_MEMORY, &error);
    scu__drill_cancel(matches->drill);
    return;
  }
  if (matches->last)
    matches->last->next = r;
  else
    matches->first = r;
  matches->last = r;
  matches->waiting++;
  matches->received++;
  if (matches->waiting >= ROWS_HIGH) scu__drill_pause(matches->drill, true);
  if (matches->limit > 0 && matches->received >= matches->limit) scu__drill_enough(matches->drill);
}

static void drill_done(void *owner, const scu__drill_result *result) {
  scu_matches *matches = owner;
  matches->status = result->status;
  strncpy(matches->comment, result->comment, sizeof matches->comment - 1);
  scu__op_finish(&matches->op, result->result, result->error);
}

static const scu__drill_handler drill_handler = {.row = take_row, .done = drill_done};

static void cancel(scu_op *op) {
  scu__drill_cancel(((scu_matches *)op)->drill);
}

static void abort_find(scu_op *op, const scu_error *error) {
  scu__drill_abort(((scu_matches *)op)->drill, error);
}

static void free_matches(scu_op *op) {
  scu_matches *matches = (scu_matches *)op;
  scu__drill_free(matches->drill);
  row_free(matches, matches->current);
  while (matches->first) {
    row *next = matches->first->next;
    row_free(matches, matches->first);
    matches->first = next;
  }
}

static const scu__op_class find_class = {.name = "C-FIND", .cancel = cancel, .abort = abort_find, .free = free_matches};

/* Waits for the first row, so that a peer that cannot be reached is a failure of the call itself. */
static scu_result wait_for_first(scu_matches *matches) {
  while (!matches->op.is_done && !matches->first) {
    scu_result result = scu_loop_wait(matches->op.session->loop, -1);
    if (result != SCU_OK) return scu__error_set(&matches->op.error, result, SCU_PHASE_NONE, "the event loop failed");
  }
  return matches->first ? SCU_OK : matches->op.result;
}

scu_result scu_find_start(scu_session *session, const scu_query *query, scu_matches **out) {
  *out = NULL;
  if (!session->loop) return session->error.result;
  scu__session_set_error(session, NULL);
  if (!query) return scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no query");
  scu_matches *matches = scu__op_new(session, &find_class, sizeof *matches);
  if (!matches) return scu__error_memory(&session->error, SCU_PHASE_REQUEST);
  matches->limit = query->limit;
  matches->status = 0xFFFF;
  scu_result result =
      scu__drill_new(session, query, SCU_LEVEL_DEFAULT, &drill_handler, matches, &matches->drill, &session->error);
  if (result != SCU_OK) {
    scu_op_free(&matches->op);
    return result;
  }
  scu__drill_start(matches->drill);
  *out = matches;
  return SCU_OK;
}

scu_result scu_find(scu_session *session, const scu_query *query, scu_matches **out) {
  scu_result result = scu_find_start(session, query, out);
  if (result != SCU_OK) return result;
  result = wait_for_first(*out);
  if (result == SCU_OK) return SCU_OK;
  scu__session_set_error(session, &(*out)->op.error);
  scu_op_free(&(*out)->op);
  *out = NULL;
  return result;
}

scu_result scu_matches_poll(scu_matches *matches, const scu_dataset **match) {
  row_free(matches, matches->current);
  matches->current = matches->first;
  *match = NULL;
  if (!matches->current) {
    if (!matches->op.is_done) return SCU_PENDING;
    return matches->op.result == SCU_OK ? SCU_END : matches->op.result;
  }
  matches->first = matches->current->next;
  if (!matches->first) matches->last = NULL;
  matches->waiting--;
  matches->delivered++;
  if (matches->waiting <= ROWS_LOW && !matches->op.is_done) scu__drill_pause(matches->drill, false);
  *match = matches->current->dataset;
  return SCU_OK;
}

scu_result scu_matches_next(scu_matches *matches, const scu_dataset **match) {
  for (;;) {
    scu_result result = scu_matches_poll(matches, match);
    if (result != SCU_PENDING) return result;
    result = scu_loop_wait(matches->op.session->loop, -1);
    if (result != SCU_OK) return scu__error_set(&matches->op.error, result, SCU_PHASE_NONE, "the event loop failed");
  }
}

uint64_t scu_matches_count(const scu_matches *matches) {
  return matches->delivered;
}
uint16_t scu_matches_status(const scu_matches *matches) {
  return matches->status;
}
const char *scu_matches_comment(const scu_matches *matches) {
  return matches->comment;
}
const scu_error *scu_matches_error(const scu_matches *matches) {
  return &matches->op.error;
}

void scu_matches_cancel(scu_matches *matches) {
  scu_op_cancel(&matches->op);
}

void scu_matches_free(scu_matches *matches) {
  if (matches) scu_op_free(&matches->op);
}

void scu_matches_close(scu_matches *matches) {
  if (!matches) return;
  scu_op *op = &matches->op;
  if (!op->is_done) {
    scu_op_cancel(op);
    scu__loop_run_until(op->session->loop, &op->is_done);
  }
  scu_op_free(op);
}
