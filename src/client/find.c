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
  scu_tag missed;  /* a key; 0 = none */
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
  scu__task asking;
  bool has_ended; /* no more will come; the operation is done when the match hook has heard of all */
  scu_result end;
  scu_error why;
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

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* A wish to cancel that came before is heeded before: the end is the same however fast the peer was. */
static void finish_when_told(scu_matches *matches) {
  if (!matches->has_ended || matches->unasked.first || matches->is_asking) return;
  if (scu__session_has_wishes(matches->op.session))
    scu__task_queue(matches->op.session->loop, &matches->asking);
  else
    scu__op_finish(&matches->op, matches->end, &matches->why);
}

/* The first end counts. error NULL: SCU_OK. */
static void end(scu_matches *matches, scu_result result, const scu_error *error) {
  if (!matches->has_ended) {
    matches->has_ended = true;
    matches->end = result;
    scu__error_copy(&matches->why, error);
  }
  finish_when_told(matches);
}

/* The peer had ended it before, but not all was told. */
static void end_otherwise(scu_matches *matches, const scu_error *error) {
  drop_unasked(matches);
  if (!matches->has_ended) return;
  matches->end = error->result;
  scu__error_copy(&matches->why, error);
  finish_when_told(matches);
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
  if (!hooks->match || matches->op.is_freed) return SCU_MATCH_TAKE; /* it was taken away meanwhile */
  const scu_match told = {.size = sizeof told,
                          .dataset = r->dataset,
                          .level = scu__drill_shape(matches->drill)->depth,
                          .number = r->number,
                          .mismatch = r->missed};
  matches->is_asking = true;
  scu__op_go_out(&matches->op);
  scu_match_choice choice = hooks->match(hooks->user, &told);
  scu__op_come_back(&matches->op);
  matches->is_asking = false;
  scu__drill_touch(matches->drill);
  return choice;
}

static void ask_about_first(scu_matches *matches) {
  row *r = take_first(&matches->unasked);
  switch (call_hook(matches, r)) {
  case SCU_MATCH_SKIP: drop(matches, r); break;
  case SCU_MATCH_ENOUGH: end_with(matches, r); break;
  default: keep(matches, r); break;
  }
}

/* One row a step, so that a wish to cancel waits for one hook and no more. */
static void ask(scu__task *self) {
  scu_matches *matches = (scu_matches *)((char *)self - offsetof(scu_matches, asking));
  if (matches->is_asking) return;
  if (matches->unasked.first && !scu__session_has_wishes(matches->op.session)) ask_about_first(matches);
  if (matches->unasked.first) scu__task_queue(matches->op.session->loop, &matches->asking);
  finish_when_told(matches);
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
    end(matches, SCU_ERROR_MEMORY, &error);
    scu__drill_cancel(matches->drill);
    return;
  }
  r->number = ++matches->received;
  r->missed = scu__drill_missed(matches->drill);
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
  end(matches, result->result, result->error);
}

static const scu__drill_handler drill_handler = {.row = take_row, .done = drill_done};

/* Who cancels has no more questions to answer. */
static void cancel(scu_op *op) {
  scu_matches *matches = (scu_matches *)op;
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_RESPONSE, "cancelled by the caller");
  end_otherwise(matches, &error);
  scu__drill_cancel(matches->drill);
}

static void abort_find(scu_op *op, const scu_error *error) {
  scu_matches *matches = (scu_matches *)op;
  end_otherwise(matches, error);
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

/* Waits for the first row, so that a peer that cannot be reached is a failure of the call itself. */
static scu_result wait_for_first(scu_matches *matches, bool *is_there) {
  *is_there = true;
  while (!matches->op.is_done && !matches->ready.first) {
    scu_result result = scu__op_check_wait(&matches->op);
    if (result == SCU_OK) result = scu__op_step(&matches->op, is_there);
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
  scu__error_clear(&matches->why);
  scu_result result =
      scu__drill_new(&matches->op, query, query->depth, &drill_handler, matches, &matches->drill, &session->error);
  if (result != SCU_OK) {
    scu_op_free(&matches->op);
    return result;
  }
  scu__drill_for_rows(matches->drill);
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
    if (!matches->op.is_done) return SCU_PENDING;
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
    result = scu__op_check_wait(&matches->op);
    bool is_there;
    if (result == SCU_OK) result = scu__op_step(&matches->op, &is_there);
    if (result != SCU_OK) return result;
  }
}

uint64_t scu_matches_count(const scu_matches *matches) {
  return matches->delivered;
}
scu_tag scu_matches_mismatch(const scu_matches *matches) {
  return matches->current ? matches->current->missed : 0;
}
uint64_t scu_matches_mismatch_count(const scu_matches *matches) {
  return scu__drill_counts_of(matches->drill)->missed;
}
uint64_t scu_matches_duplicate_count(const scu_matches *matches) {
  return scu__drill_counts_of(matches->drill)->duplicates;
}
scu_find_verdict scu_matches_verdict(const scu_matches *matches) {
  return scu__drill_verdict(matches->drill, NULL);
}
const char *scu_matches_verdict_text(const scu_matches *matches) {
  const char *text;
  scu__drill_verdict(matches->drill, &text);
  return text;
}
const char *scu_find_verdict_name(scu_find_verdict verdict) {
  static const char *const names[] = {"unknown", "unchecked", "suspect", "not proven", "complete"};
  return (size_t)verdict < sizeof names / sizeof *names ? names[verdict] : "";
}
uint16_t scu_matches_status(const scu_matches *matches) {
  return matches->status;
}
const char *scu_matches_comment(const scu_matches *matches) {
  return matches->comment;
}
const scu_error *scu_matches_error(const scu_matches *matches) {
  return matches ? &matches->op.error : NULL;
}

void scu_matches_cancel(scu_matches *matches) {
  if (matches) scu_op_cancel(&matches->op);
}

void scu_matches_free(scu_matches *matches) {
  if (matches) scu_op_free(&matches->op);
}

void scu_matches_close(scu_matches *matches) {
  if (!matches) return;
  scu_op *op = &matches->op;
  bool is_there = true;
  scu_op_cancel(op);
  while (!op->is_done && scu__op_check_wait(op) == SCU_OK) {
    scu_result result = scu__op_step(op, &is_there);
    if (!is_there) return;
    if (result != SCU_OK) break;
  }
  scu_op_free(op);
}
