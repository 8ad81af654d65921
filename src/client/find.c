/* C-FIND as an operation, and the matches pulled from it. A reader that is slower than the peer holds the peer back:
 * reading from the association stops while many rows wait, be it for the match hook or for the reader. */
#include <string.h>

#include "base/alloc.h"
#include "client/drill.h"
#include "client/op.h"

enum { ROWS_HIGH = 512, ROWS_LOW = 128 };

typedef struct row {
  struct row *next;
  scu_dataset *dataset;
  uint64_t number; /* 1 = the first that came */
} row;

typedef struct row_list {
  row *first, *last;
} row_list;

struct scu_matches {
  scu_op op; /* first; freed by scu_matches_close */
  scu__drill *drill;
  uint64_t limit, received, taken, delivered;
  row_list unasked; /* the match hook comes first */
  row_list ready;
  size_t waiting; /* in both */
  row *current;   /* borrowed by the caller */
  bool is_asking; /* the match hook runs, and may have stepped the loop */
  size_t waiters; /* calls that step the loop until there is a match, one inside of the other */
  bool is_freed;  /* inside of any of them: done when the last has returned */
  scu__task asking;
  uint16_t status;
  char comment[65];
};

static void row_free(scu_matches *matches, row *r) {
  if (!r) return;
  scu_dataset_free(r->dataset);
  scu__free(matches->op.session->allocator, r);
}

static void append(row_list *list, row *r) {
  r->next = NULL;
  if (list->last)
    list->last->next = r;
  else
    list->first = r;
  list->last = r;
}

static row *take_first(row_list *list) {
  row *r = list->first;
  list->first = r->next;
  if (!list->first) list->last = NULL;
  return r;
}

static void drop(scu_matches *matches, row *r) {
  matches->waiting--;
  row_free(matches, r);
}

static void drop_unasked(scu_matches *matches) {
  while (matches->unasked.first) drop(matches, take_first(&matches->unasked));
}

static void go_on_reading(scu_matches *matches) {
  if (matches->waiting <= ROWS_LOW && !matches->op.is_done) scu__drill_pause(matches->drill, false);
}

static bool is_over(const scu_matches *matches) {
  return matches->op.is_done && !matches->unasked.first && !matches->is_asking;
}

static bool is_anyone_inside(const scu_matches *matches) {
  return matches->is_asking || matches->waiters > 0;
}

/* Who was inside of one that was freed meanwhile does not touch it any more after this. */
static void free_when_left(scu_matches *matches) {
  if (matches->is_freed && !is_anyone_inside(matches)) scu_op_free(&matches->op);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static void end_with(scu_matches *matches, row *r) {
  append(&matches->ready, r);
  drop_unasked(matches);
  scu__drill_enough(matches->drill);
}

static void keep(scu_matches *matches, row *r) {
  matches->taken++;
  if (matches->limit > 0 && matches->taken >= matches->limit)
    end_with(matches, r);
  else
    append(&matches->ready, r);
}

static scu_match_choice call_hook(scu_matches *matches, const row *r) {
  const scu_hooks *hooks = &matches->op.session->hooks;
  if (!hooks->match) return SCU_MATCH_TAKE; /* it was taken away meanwhile */
  const scu_match told = {.size = sizeof told,
                          .dataset = r->dataset,
                          .level = scu__drill_shape(matches->drill)->level,
                          .number = r->number};
  matches->is_asking = true;
  scu_match_choice choice = hooks->match(hooks->user, &told);
  matches->is_asking = false;
  scu__drill_touch(matches->drill);
  return choice;
}

/* One row a step, so that a wish to cancel waits for one hook and no more. */
static void ask(scu__task *self) {
  scu_matches *matches = (scu_matches *)((char *)self - offsetof(scu_matches, asking));
  if (matches->is_asking || !matches->unasked.first) return;
  row *r = take_first(&matches->unasked);
  scu_match_choice choice = call_hook(matches, r);
  if (matches->is_freed) {
    drop(matches, r);
    free_when_left(matches);
    return;
  }
  switch (choice) {
  case SCU_MATCH_SKIP: drop(matches, r); break;
  case SCU_MATCH_ENOUGH: end_with(matches, r); break;
  default: keep(matches, r); break;
  }
  if (matches->unasked.first) scu__task_queue(matches->op.session->loop, &matches->asking);
  go_on_reading(matches);
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
  r->number = ++matches->received;
  matches->waiting++;
  if (matches->waiting >= ROWS_HIGH) scu__drill_pause(matches->drill, true);
  if (!matches->op.session->hooks.match && !matches->unasked.first && !matches->is_asking) {
    keep(matches, r);
    return;
  }
  append(&matches->unasked, r);
  scu__task_queue(matches->op.session->loop, &matches->asking);
}

static void drill_done(void *owner, const scu__drill_result *result) {
  scu_matches *matches = owner;
  matches->status = result->status;
  strncpy(matches->comment, result->comment, sizeof matches->comment - 1);
  scu__op_finish(&matches->op, result->result, result->error);
}

static const scu__drill_handler drill_handler = {.row = take_row, .done = drill_done};

/* Who cancels has no more questions to answer. */
static void cancel(scu_op *op) {
  scu_matches *matches = (scu_matches *)op;
  drop_unasked(matches);
  scu__drill_cancel(matches->drill);
}

static void abort_find(scu_op *op, const scu_error *error) {
  scu_matches *matches = (scu_matches *)op;
  drop_unasked(matches);
  scu__drill_abort(matches->drill, error);
}

static void free_matches(scu_op *op) {
  scu_matches *matches = (scu_matches *)op;
  scu__task_remove(op->session->loop, &matches->asking);
  scu__drill_free(matches->drill);
  row_free(matches, matches->current);
  drop_unasked(matches);
  while (matches->ready.first) drop(matches, take_first(&matches->ready));
}

static const scu__op_class find_class = {.name = "C-FIND", .cancel = cancel, .abort = abort_find, .free = free_matches};

/* Steps the loop. CANCELLED with *is_there false: a hook has freed it, and it is not to be touched any more. */
static scu_result step_loop(scu_matches *matches, bool *is_there) {
  matches->waiters++;
  scu_result result = scu_loop_wait(matches->op.session->loop, -1);
  matches->waiters--;
  *is_there = !matches->is_freed;
  free_when_left(matches);
  if (!*is_there) return SCU_ERROR_CANCELLED;
  if (result == SCU_OK) return SCU_OK;
  return scu__error_set(&matches->op.error, result, SCU_PHASE_NONE, "the event loop failed");
}

/* Waits for the first row, so that a peer that cannot be reached is a failure of the call itself. */
static scu_result wait_for_first(scu_matches *matches, bool *is_there) {
  *is_there = true;
  while (!is_over(matches) && !matches->ready.first) {
    scu_result result = step_loop(matches, is_there);
    if (result != SCU_OK) return result;
  }
  return matches->ready.first ? SCU_OK : matches->op.result;
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
  matches->asking.run = ask;
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
  bool is_there;
  scu_result result = scu_find_start(session, query, out);
  if (result != SCU_OK) return result;
  scu_matches *matches = *out; /* which a hook may change */
  result = wait_for_first(matches, &is_there);
  *out = result == SCU_OK ? matches : NULL;
  if (result == SCU_OK) return SCU_OK;
  scu__session_set_error(session, is_there ? &matches->op.error : NULL);
  if (!is_there) return scu__error_set(&session->error, result, SCU_PHASE_REQUEST, "the find was closed by a hook");
  scu_op_free(&matches->op);
  return result;
}

scu_result scu_matches_poll(scu_matches *matches, const scu_dataset **match) {
  row_free(matches, matches->current);
  matches->current = NULL;
  *match = NULL;
  if (!matches->ready.first) {
    if (!is_over(matches)) return SCU_PENDING;
    return matches->op.result == SCU_OK ? SCU_END : matches->op.result;
  }
  matches->current = take_first(&matches->ready);
  matches->waiting--;
  matches->delivered++;
  go_on_reading(matches);
  *match = matches->current->dataset;
  return SCU_OK;
}

scu_result scu_matches_next(scu_matches *matches, const scu_dataset **match) {
  for (;;) {
    scu_result result = scu_matches_poll(matches, match);
    if (result != SCU_PENDING) return result;
    if (matches->is_asking)
      return scu__error_set(&matches->op.error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                            "a match hook cannot wait for the find that called it");
    bool is_there;
    result = step_loop(matches, &is_there);
    if (result != SCU_OK) return result;
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
  if (!matches) return;
  matches->is_freed = true;
  if (is_anyone_inside(matches)) {
    scu_op_cancel(&matches->op);
    drop_unasked(matches); /* of one that is done, too */
  }
  free_when_left(matches);
}

void scu_matches_close(scu_matches *matches) {
  if (!matches) return;
  scu_op *op = &matches->op;
  if (!op->is_done && !matches->is_asking) {
    scu_op_cancel(op);
    scu__loop_run_until(op->session->loop, &op->is_done);
  }
  scu_matches_free(matches);
}
