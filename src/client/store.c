/* C-STORE of everything a source gives, as an operation (PS3.4 B). One instance at a time over one association; windows
 * of instances are scanned, proposed and settled by the plan. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/association.h"
#include "client/op.h"
#include "client/outgoing.h"
#include "client/progress.h"
#include "client/report.h"
#include "client/store.h"

enum { PROGRESS_MS = 200 };

typedef struct store_op {
  scu_op op; /* first */
  scu_source *source;
  scu__store_plan plan;
  bool is_dry_run;
  unsigned outside;  /* depth of calls into the user's code, which may step the loop: the window stays as it is */
  scu_error failure; /* nothing more is sent; the rest is told of it when nobody is outside */

  scu__lease lease;
  bool is_leased;      /* ready was called */
  bool is_proposed;    /* the association was opened for the plan's present window */
  bool must_open;      /* an idle association will not do */
  bool has_progressed; /* an instance was answered since the last association was opened */

  scu__outgoing outgoing; /* the instance that is out */
  scu__timer timer;
  uint64_t moved, silent_since_ms;

  scu__task task;
  scu__progress progress;
  uint64_t counts[SCU__OUTCOMES], named_skips, bytes;
  uint16_t first_failure;
} store_op;

static scu_session *session_of(const store_op *store) {
  return store->op.session;
}
static void go_on(store_op *store) {
  scu__task_queue(session_of(store)->loop, &store->task);
}

static void come_back(store_op *store) {
  if (--store->outside == 0) go_on(store);
}

/* --- outcomes ----------------------------------------------------------------------------------------------------- */

static void tell(store_op *store, const scu_instance_outcome *outcome) {
  store->counts[outcome->outcome]++;
  store->progress.instances_done++;
  store->outside++;
  scu__session_tell_instance(session_of(store), outcome);
  scu__progress_tell(&store->progress, false);
  come_back(store);
}

static scu__candidate *current(store_op *store) {
  return &store->plan.candidates[store->plan.next];
}

/* The current candidate will not be sent. */
static void give_up(store_op *store, scu_outcome outcome, const char *reason) {
  scu_instance_outcome told = scu__candidate_outcome(current(store));
  told.outcome = outcome;
  told.reason = reason;
  if (outcome == SCU_OUTCOME_SKIPPED && current(store)->is_named) store->named_skips++;
  store->plan.next++;
  tell(store, &told);
}

static void warn_of_head(store_op *store, const scu__candidate *candidate) {
  const uint32_t worth_saying = SCU__HEAD_META_DISAGREES | SCU__HEAD_IMAGE_WITHOUT_PIXELS | SCU__HEAD_TRAILING_BYTES |
                                SCU__HEAD_TRUNCATED | SCU__HEAD_SYNTAX_GUESSED | SCU__HEAD_SYNTAX_UNKNOWN;
  if (!(candidate->head.warnings & worth_saying)) return;
  store->outside++;
  for (uint32_t bit = 1; bit && bit <= worth_saying; bit <<= 1)
    if (candidate->head.warnings & bit & worth_saying)
      scu__session_warn(session_of(store), "%s: %s", candidate->path, scu__head_warning_text(bit));
  come_back(store);
}

/* --- the instance that is out ------------------------------------------------------------------------------------- */

static void answered(void *owner, const scu_instance_outcome *outcome) {
  store_op *store = owner;
  scu__timer_stop(session_of(store)->loop, &store->timer);
  if (outcome->outcome == SCU_OUTCOME_FAILED && store->first_failure == 0) store->first_failure = outcome->status;
  if (outcome->outcome != SCU_OUTCOME_FAILED) store->bytes += outcome->bytes;
  store->progress.bytes_done = store->bytes;
  store->has_progressed = true;
  store->plan.next++;
  tell(store, outcome);
}

/* The instance that is out gets its fate from the association's. */
static void lose_instance(store_op *store, const scu_error *error) {
  scu__timer_stop(session_of(store)->loop, &store->timer);
  scu__outgoing_stop(&store->outgoing, scu__lease_link(&store->lease));
  char reason[SCU__ERROR_TEXT_MAX + 64];
  snprintf(reason, sizeof reason, "not acknowledged, its fate is unknown: %s", error->reason);
  give_up(store, SCU_OUTCOME_FAILED, reason);
}

static void watch_instance(store_op *store) {
  scu_loop *loop = session_of(store)->loop;
  scu__timer_set(loop, &store->timer, scu__loop_now(loop) + PROGRESS_MS);
}

static void fail_all(store_op *store, const scu_error *error);

/* Ticks while an instance is out: progress of large ones, and silence that lasts too long. */
static void timer_expired(scu__timer *self, uint64_t now_ms) {
  store_op *store = (store_op *)((char *)self - offsetof(store_op, timer));
  const scu__config *config = session_of(store)->config;
  scu__link *link = scu__lease_link(&store->lease);
  uint64_t moved = scu__link_moved(link);
  if (moved != store->moved) {
    store->progress.bytes_done += moved - store->moved;
    store->moved = moved;
    store->silent_since_ms = now_ms;
    watch_instance(store);
    scu__progress_tell(&store->progress, false); /* last: when its hook returns, the instance may be answered */
    return;
  }
  if (now_ms - store->silent_since_ms < config->timeout_response_ms) {
    watch_instance(store);
    return;
  }
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_TIMEOUT, SCU_PHASE_RESPONSE, "no C-STORE response for %llu ms",
                 (unsigned long long)config->timeout_response_ms);
  scu__error_peer(&error, session_of(store)->peer_text);
  lose_instance(store, &error);
  store->is_leased = false;
  scu__lease_abort(&store->lease);
  fail_all(store, &error);
}

/* --- sending one -------------------------------------------------------------------------------------------------- */

static scu_result start_current(store_op *store, scu__way way, const scu__accepted_context *context, scu_error *error) {
  scu__link *link = scu__lease_link(&store->lease);
  store->moved = scu__link_moved(link);
  store->silent_since_ms = scu__loop_now(session_of(store)->loop);
  watch_instance(store);
  return scu__outgoing_start(&store->outgoing, link, current(store), way, context, error);
}

/* The next association is opened for the plan. */
static void renew_lease(store_op *store) {
  scu__lease_return(&store->lease);
  store->is_leased = false;
  store->is_proposed = false;
  store->must_open = true;
  scu__lease_acquire(&store->lease, session_of(store));
}

/* While the answer is awaited the file that comes next can be opened. */
static void prepare_next(store_op *store) {
  for (size_t i = store->plan.next + 1; i < store->plan.count; i++) {
    const scu__candidate *candidate = &store->plan.candidates[i];
    if (!candidate->is_instance) continue;
    scu__outgoing_prepare(&store->outgoing, candidate);
    return;
  }
}

static void send_current(store_op *store) {
  scu__candidate *candidate = current(store);
  const scu__negotiated *negotiated = scu__link_negotiated(scu__lease_link(&store->lease));
  const scu__accepted_context *context;
  scu__way way = scu__store_plan_settle(candidate, negotiated, &context);
  if (way == SCU__WAY_NONE) {
    if (!store->is_proposed || store->plan.next >= store->plan.proposed) {
      renew_lease(store);
      return;
    }
    char reason[256];
    scu__store_plan_explain(candidate, negotiated, reason, sizeof reason);
    give_up(store, SCU_OUTCOME_FAILED, reason);
    go_on(store);
    return;
  }
  scu_error error;
  scu__error_clear(&error);
  if (start_current(store, way, context, &error) == SCU_OK) {
    prepare_next(store);
    warn_of_head(store, candidate);
    return;
  }
  scu__timer_stop(session_of(store)->loop, &store->timer);
  give_up(store, SCU_OUTCOME_FAILED, error.reason);
  go_on(store);
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

static void finish(store_op *store, scu_result result, const scu_error *error) {
  store->outside++;
  scu__progress_tell(&store->progress, true);
  store->outside--;
  store->is_leased = false;
  scu__lease_return(&store->lease);
  scu__op_finish(&store->op, result, error);
}

/* Everything that is left is told as not sent, so that nothing is missing from the account. */
static void tell_rest(store_op *store, scu_outcome outcome, const char *reason) {
  store->outside++; /* throughout: the source is not asked from inside a hook */
  while (store->plan.next < store->plan.count) give_up(store, outcome, reason);
  bool has_ended = store->plan.is_exhausted || scu__error_is_set(&store->plan.failure);
  if (store->op.is_cancelled) scu__source_drop_iterators(store->source); /* they may wait for a pipe */
  scu__path_found found;
  while (!has_ended && scu__source_next(store->source, &found, NULL) == SCU_OK) {
    scu_instance_outcome told = {.size = sizeof told,
                                 .sop_instance_uid = "",
                                 .source_sop_instance_uid = "",
                                 .sop_class_uid = "",
                                 .transfer_syntax_uid = "",
                                 .status = 0xFFFF,
                                 .outcome = outcome,
                                 .path = found.path,
                                 .reason = reason,
                                 .comment = ""};
    if (outcome == SCU_OUTCOME_SKIPPED && found.is_named) store->named_skips++;
    tell(store, &told);
  }
  store->plan.is_exhausted = true;
  store->outside--;
}

static void fail_all(store_op *store, const scu_error *error) {
  if (!scu__error_is_set(&store->failure)) scu__error_copy(&store->failure, error);
  go_on(store);
}

static void finish_failed(store_op *store) {
  char reason[SCU__ERROR_TEXT_MAX + 16];
  snprintf(reason, sizeof reason, "not sent: %s", store->failure.reason);
  tell_rest(store, SCU_OUTCOME_FAILED, reason);
  finish(store, store->failure.result, &store->failure);
}

static void finish_cancelled(store_op *store) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_REQUEST, "cancelled by the caller");
  tell_rest(store, SCU_OUTCOME_SKIPPED, "not sent: cancelled");
  finish(store, SCU_ERROR_CANCELLED, &error);
}

/* --- driving ------------------------------------------------------------------------------------------------------ */

/* Candidates that are no instances leave the window here; true when there were any. */
static bool pass_over(store_op *store) {
  size_t before = store->plan.next;
  while (store->plan.next < store->plan.count && !current(store)->is_instance) {
    const scu__candidate *candidate = current(store);
    bool is_foreign = !candidate->is_dicom && !candidate->is_named;
    give_up(store, is_foreign ? SCU_OUTCOME_SKIPPED : SCU_OUTCOME_FAILED,
            candidate->error ? candidate->error->reason : "");
  }
  return store->plan.next != before;
}

static void pretend_to_send(store_op *store) {
  scu_instance_outcome told = scu__candidate_outcome(current(store));
  warn_of_head(store, current(store));
  told.outcome = SCU_OUTCOME_OK;
  told.transfer_syntax_uid = current(store)->head.meta.transfer_syntax.text;
  told.bytes = current(store)->head.dataset_length;
  told.reason = "would be sent";
  store->bytes += told.bytes;
  store->plan.next++;
  tell(store, &told);
}

static void advance(scu__task *self) {
  store_op *store = (store_op *)((char *)self - offsetof(store_op, task));
  if (store->op.is_done || store->outside > 0 || scu__outgoing_is_busy(&store->outgoing)) return;
  if (scu__error_is_set(&store->failure)) {
    finish_failed(store);
    return;
  }
  if (store->op.is_cancelled) {
    finish_cancelled(store);
    return;
  }
  if (pass_over(store)) return; /* hooks have run: look again */
  if (store->plan.next == store->plan.count) {
    scu_error error;
    scu__error_clear(&error);
    store->is_proposed = false;
    scu__outgoing_prepare(&store->outgoing, NULL); /* its candidate goes with the window */
    store->outside++;
    scu_result result = scu__store_plan_scan(&store->plan, store->source, &error);
    store->outside--;
    if (result == SCU_END)
      finish(store, SCU_OK, NULL);
    else if (result != SCU_OK)
      finish(store, result, &error);
    else
      go_on(store);
    return;
  }
  if (store->is_dry_run) {
    pretend_to_send(store);
    go_on(store);
  } else if (store->is_leased)
    send_current(store);
  else if (!store->lease.association)
    scu__lease_acquire(&store->lease, session_of(store));
}

/* --- lease -------------------------------------------------------------------------------------------------------- */

static bool lease_fits(void *owner, const scu__negotiated *negotiated) {
  store_op *store = owner;
  if (store->is_proposed) return true; /* whatever came of it: instances without a way are told one by one */
  if (store->must_open) return false;
  for (size_t i = store->plan.next; i < store->plan.count; i++) {
    const scu__accepted_context *context;
    const scu__candidate *candidate = &store->plan.candidates[i];
    if (candidate->is_instance && scu__store_plan_settle(candidate, negotiated, &context) != SCU__WAY_AS_IT_IS)
      return false;
  }
  return true;
}

static scu_result lease_propose(void *owner, scu__associate *rq) {
  store_op *store = owner;
  store->is_proposed = true;
  store->must_open = false;
  return scu__store_plan_propose(&store->plan, rq);
}

static void lease_ready(void *owner, scu__link *link) {
  (void)link;
  store_op *store = owner;
  store->is_leased = true;
  store->must_open = false;
  store->has_progressed = false;
  go_on(store);
}

/* Once an association has carried something, its loss is worth another try for the rest (not for the one that was
 * out: whether it was stored nobody knows). */
static void lease_lost(void *owner, const scu_error *error) {
  store_op *store = owner;
  store->is_leased = false;
  store->is_proposed = false;
  if (scu__outgoing_is_busy(&store->outgoing)) lose_instance(store, error); /* its exchange went with the association */
  bool is_worth_a_try = store->has_progressed && error->result != SCU_ERROR_REJECTED &&
                        !(error->result == SCU_ERROR_ABORTED && error->phase == SCU_PHASE_NONE);
  store->has_progressed = false;
  if (!is_worth_a_try || store->op.is_cancelled) {
    fail_all(store, error);
    return;
  }
  store->must_open = true;
  store->outside++;
  scu__session_warn(session_of(store), "the association was lost (%s); the rest is sent over another one",
                    error->reason);
  come_back(store);
}

/* --- operation ---------------------------------------------------------------------------------------------------- */

/* The instance that is out is finished; the rest is not begun. */
static void cancel(scu_op *op) {
  store_op *store = (store_op *)op;
  if (scu__outgoing_is_busy(&store->outgoing)) return;
  if (!store->is_leased && store->lease.association) scu__lease_abort(&store->lease);
  go_on(store);
}

static void abort_store(scu_op *op, const scu_error *error) {
  store_op *store = (store_op *)op;
  if (!store->lease.association) fail_all(store, error);
}

static void free_store(scu_op *op) {
  store_op *store = (store_op *)op;
  scu__outgoing_stop(&store->outgoing, scu__lease_link(&store->lease));
  scu__lease_abort(&store->lease);
  scu__timer_stop(op->session->loop, &store->timer);
  scu__task_remove(op->session->loop, &store->task);
  scu__store_plan_free(&store->plan);
}

static const scu__op_class store_class = {
    .name = "C-STORE", .cancel = cancel, .abort = abort_store, .free = free_store};

static scu_op *start(scu_session *session, scu_source *source, bool is_dry_run) {
  if (!session->loop || !source) return NULL;
  store_op *store = scu__op_new(session, &store_class, sizeof *store);
  if (!store) return NULL;
  store->source = source;
  store->is_dry_run = is_dry_run;
  store->timer.expired = timer_expired;
  store->task.run = advance;
  scu__error_clear(&store->failure);
  store->progress.session = session;
  store->outgoing = (scu__outgoing){.allocator = session->allocator, .owner = store, .answered = answered};
  store->lease = (scu__lease){
      .owner = store, .fits = lease_fits, .propose = lease_propose, .ready = lease_ready, .lost = lease_lost};
  if (scu__store_plan_init(&store->plan, session->allocator, session->config->allow_truncated) != SCU_OK) {
    scu_op_free(&store->op);
    return NULL;
  }
  scu_error error;
  scu__error_clear(&error);
  if (scu__source_begin(source, &error) == SCU_OK)
    go_on(store);
  else
    finish(store, SCU_ERROR_USAGE, &error);
  return &store->op;
}

scu_op *scu_store_start(scu_session *session, scu_source *source) {
  return start(session, source, false);
}

void scu__store_set_originator(scu_op *op, const scu__ae *ae, uint16_t message_id) {
  store_op *store = (store_op *)op;
  store->outgoing.originator = *ae;
  store->outgoing.originator_message_id = message_id;
}

scu_result scu_store_take(scu_op *op, scu_store_report **out) {
  *out = NULL;
  if (op->class_ != &store_class || !op->is_done) return SCU_ERROR_USAGE;
  const store_op *store = (const store_op *)op;
  scu_store_report *report = scu__alloc(op->session->allocator, sizeof *report);
  if (!report) return SCU_ERROR_MEMORY;
  report->allocator = op->session->allocator;
  memcpy(report->counts, store->counts, sizeof report->counts);
  report->named_skips = store->named_skips;
  report->bytes = store->bytes;
  report->elapsed_ms = scu__op_elapsed_ms(op);
  report->first_failure = store->first_failure;
  *out = report;
  return op->result;
}

static scu_result run(scu_session *session, scu_source *source, bool is_dry_run, scu_store_report **out) {
  *out = NULL;
  if (!session->loop) return session->error.result;
  if (!source) return scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no source");
  scu_op *op = start(session, source, is_dry_run);
  scu_result result = scu__op_run(session, op);
  if (op) {
    scu_result taken = scu_store_take(op, out);
    if (result == SCU_OK) result = taken;
  }
  scu_op_free(op);
  return result;
}

scu_result scu_store(scu_session *session, scu_source *source, scu_store_report **out) {
  return run(session, source, false, out);
}

scu_result scu_store_dry_run(scu_session *session, scu_source *source, scu_store_report **out) {
  return run(session, source, true, out);
}
