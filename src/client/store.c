/* C-STORE of everything a source gives, as an operation (PS3.4 B): windows of instances are scanned and planned, and go
 * out over one or more lanes. RULES 1-5 and 7 of the field. */
#include "client/store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/op.h"
#include "client/progress.h"
#include "client/report.h"
#include "client/store_lane.h"
#include "data/edits.h"
#include "dimse/status.h"

enum { BACK_OFF_MAX_MS = 60 * 1000 };

typedef struct store_op {
  scu_op op; /* first */
  scu_source *source;
  scu_edits *always; /* the source's, as they were at the start: a hook may set others; NULL = none */
  scu__store_plan plan;
  bool is_dry_run;
  bool is_rest_skipped; /* by before_store */
  scu_error failure;    /* nothing more is sent; the rest is told of it when nobody is outside */

  scu__store_lane *lanes;
  size_t lane_count;
  bool had_association;
  scu__uid renamed_from, renamed_to; /* the last instance that edits gave another UID */
  unsigned class_changes;            /* so many instances got another SOP class by edits */
  bool is_window_unwelcome;          /* the peer goes away when it is proposed */
  unsigned busy_answers;             /* one after the other, that ask for patience (A7xx) */
  uint64_t pause_until_ms;
  scu__timer timer; /* the end of a pause */

  scu__task task;
  scu__progress progress;
  uint64_t counts[SCU__OUTCOMES], named_skips, bytes;
  uint16_t first_failure;
} store_op;

static scu_session *session_of(const store_op *store) {
  return store->op.session;
}
static const scu__config *config_of(const store_op *store) {
  return store->op.session->config;
}
static void go_on(store_op *store) {
  scu__task_queue(session_of(store)->loop, &store->task);
}
static bool is_stopping(const store_op *store) {
  return store->op.is_cancelled || store->is_rest_skipped || scu__error_is_set(&store->failure);
}
static bool is_any_out(const store_op *store) {
  return store->plan.waiting + store->plan.done < store->plan.count;
}

/* Around the user's code, which may step the loop: meanwhile the window stays as it is. */
static void go_out(store_op *store) {
  scu__op_go_out(&store->op);
}
static void come_back(store_op *store) {
  scu__op_come_back(&store->op);
  if (store->op.outside == 0) go_on(store);
}

static void warn(store_op *store, const char *format, ...) SCU__PRINTF(2, 3);

/* --- outcomes ----------------------------------------------------------------------------------------------------- */

static void tell(store_op *store, const scu_instance_outcome *outcome) {
  store->counts[outcome->outcome]++;
  store->progress.instances_done++;
  go_out(store);
  scu__op_tell_instance(&store->op, outcome);
  scu__progress_tell(&store->progress, false);
  come_back(store);
}

/* Errors of files begin with the path, which an outcome has beside its reason. */
static const char *without_path(const char *reason, const char *path) {
  size_t length = strlen(path);
  bool is_named = length > 0 && strncmp(reason, path, length) == 0 && strncmp(reason + length, ": ", 2) == 0;
  return is_named ? reason + length + 2 : reason;
}

/* The candidate will not be sent, or not again. */
static void give_up(store_op *store, scu__candidate *candidate, scu_outcome outcome, const char *reason) {
  scu_instance_outcome told = scu__candidate_outcome(candidate);
  told.outcome = outcome;
  told.reason = without_path(reason, told.path);
  if (outcome == SCU_OUTCOME_SKIPPED && candidate->is_named) store->named_skips++;
  scu__candidate_unprepare(candidate);
  scu__store_plan_set(&store->plan, candidate, SCU__CANDIDATE_DONE);
  tell(store, &told);
}

static void give_up_unknown(store_op *store, scu__candidate *candidate, const char *why) {
  char reason[SCU__ERROR_TEXT_MAX + 64];
  snprintf(reason, sizeof reason, "not acknowledged, its fate is unknown: %s", why);
  give_up(store, candidate, SCU_OUTCOME_FAILED, reason);
}

static void warn(store_op *store, const char *format, ...) {
  char text[SCU__ERROR_TEXT_MAX + 128];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  go_out(store);
  scu__op_warn(&store->op, "%s", text);
  come_back(store);
}

/* True when there was something to say. */
static bool warn_of_head(store_op *store, const scu__candidate *candidate) {
  const uint32_t worth_saying = SCU__HEAD_META_DISAGREES | SCU__HEAD_IMAGE_WITHOUT_PIXELS | SCU__HEAD_TRAILING_BYTES |
                                SCU__HEAD_TRUNCATED | SCU__HEAD_SYNTAX_GUESSED | SCU__HEAD_SYNTAX_UNKNOWN;
  if (!(candidate->head.warnings & worth_saying)) return false;
  go_out(store);
  for (uint32_t bit = 1; bit && bit <= worth_saying; bit <<= 1)
    if (candidate->head.warnings & bit & worth_saying)
      scu__op_warn(&store->op, "%s: %s", candidate->path[0] ? candidate->path : candidate->head.sop_instance.text,
                   scu__head_warning_text(bit));
  come_back(store);
  return true;
}

static void fail_all(store_op *store, const scu_error *error) {
  if (!scu__error_is_set(&store->failure)) scu__error_copy(&store->failure, error);
  go_on(store);
}

/* --- trying again ------------------------------------------------------------------------------------------------- */

static uint64_t back_off_ms(const store_op *store, unsigned times) {
  uint64_t wait = config_of(store)->retry_wait_ms;
  while (--times > 0 && wait < BACK_OFF_MAX_MS) wait *= 2;
  return wait < BACK_OFF_MAX_MS ? wait : BACK_OFF_MAX_MS;
}

/* The earliest of what is waited for. */
static void wait_until(store_op *store, uint64_t when_ms) {
  if (!store->timer.is_set || when_ms < store->timer.at_ms)
    scu__timer_set(session_of(store)->loop, &store->timer, when_ms);
}

static void timer_expired(scu__timer *self, uint64_t now_ms) {
  (void)now_ms;
  go_on((store_op *)((char *)self - offsetof(store_op, timer)));
}

static bool is_by_ourselves(const scu_error *error) {
  return error->result == SCU_ERROR_ABORTED && error->phase == SCU_PHASE_NONE;
}

/* RULES 5: what may be otherwise next time. */
static bool is_lost_connection(const scu_error *error) {
  switch (error->result) {
  case SCU_ERROR_CLOSED:
  case SCU_ERROR_TRANSPORT:
  case SCU_ERROR_PROTOCOL: return true;
  case SCU_ERROR_ABORTED: return !is_by_ourselves(error);
  default: return false;
  }
}

/* A file of ours failed in the middle of its message: only an abort ends that (PS3.8), and it costs those beside it. */
static bool is_our_own_file(const scu_error *error) {
  return error->result == SCU_ERROR_STORAGE || error->result == SCU_ERROR_MALFORMED;
}

static bool is_transient(const store_op *store, const scu_error *error) {
  if (error->result == SCU_ERROR_REJECTED) return error->reject_result == 2;
  return store->had_association && (is_lost_connection(error) || is_our_own_file(error));
}

/* --- lanes: what comes back --------------------------------------------------------------------------------------- */

static void lane_answered(void *owner, scu__store_lane *lane, scu__candidate *candidate,
                          const scu_instance_outcome *outcome) {
  store_op *store = owner;
  bool is_busy = outcome->outcome == SCU_OUTCOME_FAILED && scu__status_is_retryable(SCU__C_STORE_RSP, outcome->status);
  lane->has_progressed = true;
  lane->losses = 0;
  store->busy_answers = is_busy ? store->busy_answers + 1 : 0;
  /* Patience is with the peer: what it goes on refusing is not waited for again, instance after instance. */
  unsigned retries = config_of(store)->retries;
  if (is_busy && store->busy_answers <= retries && candidate->attempts < retries && !is_stopping(store)) {
    candidate->attempts++;
    candidate->is_unknown = false;
    scu__store_plan_set(&store->plan, candidate, SCU__CANDIDATE_WAITING);
    uint64_t wait = back_off_ms(store, store->busy_answers);
    store->pause_until_ms = scu__loop_now(session_of(store)->loop) + wait;
    warn(store, "the peer has no room at present (status %04X, %s); trying again in %" PRIu64 " ms", outcome->status,
         outcome->reason, wait);
    return;
  }
  if (outcome->outcome == SCU_OUTCOME_FAILED && store->first_failure == 0) store->first_failure = outcome->status;
  if (outcome->outcome != SCU_OUTCOME_FAILED) store->bytes += outcome->bytes;
  store->progress.bytes_done = store->bytes;
  scu__store_plan_set(&store->plan, candidate, SCU__CANDIDATE_DONE);
  tell(store, outcome);
}

static void lane_moved(void *owner, scu__store_lane *lane) {
  store_op *store = owner;
  (void)lane;
  store->progress.bytes_done = store->bytes;
  for (size_t i = 0; i < store->lane_count; i++) store->progress.bytes_done += store->lanes[i].sent_ahead;
  scu__progress_tell(&store->progress, false);
}

/* Whether it was stored nobody knows: it is sent again, which does no harm where it was. */
static void lane_unanswered(void *owner, scu__store_lane *lane, scu__candidate *candidate, const scu_error *error) {
  store_op *store = owner;
  (void)lane;
  bool is_worth_it = is_lost_connection(error) || is_our_own_file(error);
  bool may_go_again = is_worth_it && candidate->attempts < config_of(store)->retries && !is_stopping(store);
  candidate->is_unknown = true;
  if (may_go_again) {
    candidate->attempts++;
    scu__store_plan_set(&store->plan, candidate, SCU__CANDIDATE_WAITING);
  } else {
    give_up_unknown(store, candidate, error->reason);
  }
}

static bool is_any_other_alive(const store_op *store, const scu__store_lane *lane) {
  for (size_t i = 0; i < store->lane_count; i++)
    if (&store->lanes[i] != lane && !store->lanes[i].is_dead && scu__lease_is_acquired(&store->lanes[i].lease))
      return true;
  return false;
}

static void forget_coverage(scu__store_lane *lane) {
  lane->covered_from = lane->covered_to = 0;
}

/* Some old peers drop the connection on the item itself (RULES 7). */
static bool is_window_to_blame(const store_op *store, const scu__store_lane *lane, const scu_error *error) {
  return lane->has_offered_window && !store->had_association && is_lost_connection(error) &&
         error->phase == SCU_PHASE_ASSOCIATE && !is_stopping(store);
}

/* The first loss after an answer is tried again at once; then the pauses grow. */
static void open_later(store_op *store, scu__store_lane *lane, const scu_error *error) {
  bool is_at_once = lane->has_progressed || is_our_own_file(error);
  uint64_t wait = is_at_once ? 0 : back_off_ms(store, ++lane->losses);
  lane->not_before_ms = scu__loop_now(session_of(store)->loop) + wait;
  bool was_rejected = error->result == SCU_ERROR_REJECTED;
  const char *what = was_rejected ? "there was no association" : "the association was lost";
  if (wait > 0)
    warn(store, "%s (%s); trying again in %" PRIu64 " ms", what, error->reason, wait);
  else
    warn(store, "%s (%s); the rest is sent over another one", what, error->reason);
}

/* A peer that says nothing says nothing to the other lanes either; a lane without a turn never asked it. */
static bool is_silence(const scu_error *error) {
  return error->result == SCU_ERROR_TIMEOUT && error->phase != SCU_PHASE_NONE;
}

static void lane_lost(void *owner, scu__store_lane *lane, const scu_error *error) {
  store_op *store = owner;
  forget_coverage(lane);
  lane->must_open = true;
  if (is_window_to_blame(store, lane, error)) {
    store->is_window_unwelcome = true;
    warn(store, "the peer does not take an association with an asynchronous operations window (%s); going on without",
         error->reason);
    return;
  }
  bool has_others = is_any_other_alive(store, lane);
  bool is_worth_it = lane->has_progressed || is_our_own_file(error) || lane->losses < config_of(store)->retries;
  bool may_try = is_worth_it && is_transient(store, error) && !is_stopping(store);
  if (may_try && !(has_others && error->result == SCU_ERROR_REJECTED)) {
    open_later(store, lane, error);
  } else if (has_others && !is_by_ourselves(error) && !is_silence(error) && !is_stopping(store)) {
    lane->is_dead = true;
    warn(store, "one association less: %s", error->reason);
  } else {
    fail_all(store, error);
  }
  lane->has_progressed = false;
}

static bool lane_fits(void *owner, scu__store_lane *lane, const scu__negotiated *negotiated) {
  const store_op *store = owner;
  if (lane->covered_to > lane->covered_from) return true; /* proposed for these: those without a way are told singly */
  if (lane->must_open) return false;
  for (size_t i = store->plan.first; i < store->plan.count; i++) {
    const scu__accepted_context *context;
    const scu__candidate *candidate = &store->plan.candidates[i];
    if (candidate->state != SCU__CANDIDATE_WAITING || !candidate->is_instance) continue;
    if (scu__store_plan_settle(candidate, negotiated, &context) != SCU__WAY_AS_IT_IS) return false;
  }
  return true;
}

static scu_result lane_propose(void *owner, scu__store_lane *lane, scu__associate *rq) {
  store_op *store = owner;
  lane->must_open = false;
  lane->covered_changes = store->class_changes;
  if (lane->covered_from < store->plan.first) lane->covered_from = store->plan.first;
  return scu__store_plan_propose(&store->plan, lane->covered_from, rq, &lane->covered_to);
}

static void lane_ready(void *owner, scu__store_lane *lane) {
  store_op *store = owner;
  store->had_association = true;
  lane->must_open = false;
  lane->has_progressed = false;
  go_on(store);
}

static bool lane_is_held(void *owner) {
  return ((const store_op *)owner)->op.outside > 0;
}

static const scu__store_lane_handler lane_handler = {
    .fits = lane_fits,
    .propose = lane_propose,
    .ready = lane_ready,
    .answered = lane_answered,
    .unanswered = lane_unanswered,
    .lost = lane_lost,
    .moved = lane_moved,
    .is_held = lane_is_held,
};

/* --- lanes: what goes out ----------------------------------------------------------------------------------------- */

/* What an open lane could do next: the first in the window that it can send, or that nobody can. */
typedef struct choice {
  scu__candidate *candidate; /* to send; NULL = none */
  scu__way way;
  const scu__accepted_context *context;
  scu__candidate *impossible; /* its contexts were proposed, and the peer takes none */
  scu__candidate *uncovered;  /* the first that needs contexts that were not proposed */
} choice;

static choice choose(store_op *store, const scu__store_lane *lane) {
  choice c = {0};
  const scu__negotiated *negotiated = scu__store_lane_negotiated(lane);
  for (size_t i = store->plan.first; i < store->plan.count; i++) {
    scu__candidate *candidate = &store->plan.candidates[i];
    if (candidate->state != SCU__CANDIDATE_WAITING || !candidate->is_instance) continue;
    bool is_covered = i >= lane->covered_from && i < lane->covered_to;
    if (candidate->class_change > lane->covered_changes) is_covered = false; /* proposed when it was of another class */
    c.way = scu__store_plan_settle(candidate, negotiated, &c.context);
    if (c.way == SCU__WAY_AS_IT_IS || (c.way == SCU__WAY_REWRITTEN && is_covered)) {
      c.candidate = candidate;
      return c;
    }
    if (is_covered) {
      c.impossible = candidate;
      return c;
    }
    if (!c.uncovered) c.uncovered = candidate;
  }
  return c;
}

static void open_lane(store_op *store, scu__store_lane *lane) {
  scu__store_lane_open(lane, config_of(store)->async_window > 1 && !store->is_window_unwelcome);
}

/* The next association is opened for what this one cannot carry. */
static void renew_lane(store_op *store, scu__store_lane *lane, const scu__candidate *from) {
  scu__store_lane_return(lane);
  lane->must_open = true;
  lane->covered_from = (size_t)(from - store->plan.candidates);
  lane->covered_to = 0;
  open_lane(store, lane);
}

/* While answers are awaited the file that comes next can be opened. */
static void prepare_next(store_op *store, const scu__candidate *after) {
  for (size_t i = (size_t)(after - store->plan.candidates) + 1; i < store->plan.count; i++) {
    scu__candidate *candidate = &store->plan.candidates[i];
    if (candidate->state != SCU__CANDIDATE_WAITING || !candidate->is_instance) continue;
    scu__candidate_prepare(candidate, session_of(store)->allocator);
    return;
  }
}

static void skip(store_op *store, scu__candidate *candidate) {
  give_up(store, candidate, SCU_OUTCOME_SKIPPED, "skipped by the application");
}

static scu_store_choice ask_hook(store_op *store, scu__candidate *candidate, scu_edits *edits) {
  const scu_hooks *hooks = &session_of(store)->hooks;
  if (!hooks->before_store || store->op.is_freed) return SCU_STORE_SEND;
  scu_store_candidate told = {.size = sizeof told,
                              .path = candidate->path,
                              .sop_class_uid = candidate->head.sop_class.text,
                              .sop_instance_uid = candidate->head.sop_instance.text,
                              .transfer_syntax_uid = candidate->head.meta.transfer_syntax.text,
                              .bytes = candidate->head.dataset_length,
                              .priority = candidate->priority,
                              .edits = edits};
  scu_store_choice chosen = hooks->before_store(hooks->user, &told);
  candidate->priority = told.priority <= SCU__PRIORITY_LOW ? told.priority : SCU__PRIORITY_MEDIUM;
  return chosen;
}

/* One UID for many would leave one of them in the archive: edits of a source that name it are for one instance. */
static scu_result check_renamed(store_op *store, const scu__candidate *candidate, scu_error *error) {
  const scu__uid *from = &candidate->source_sop_instance, *to = &candidate->head.sop_instance;
  if (!candidate->edited || scu__uid_equal(from, to)) return SCU_OK;
  if (scu__uid_equal(to, &store->renamed_to) && !scu__uid_equal(from, &store->renamed_from))
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "it would get the SOP Instance UID of the one before");
  store->renamed_from = *from;
  store->renamed_to = *to;
  return SCU_OK;
}

/* Its edits stay with it. What cannot be edited is not sent at all. */
static bool edit(store_op *store, scu__candidate *candidate, const scu_edits *edits) {
  if (scu__edits_is_empty(edits)) return true;
  scu_error error;
  scu__error_clear(&error);
  scu__uid sop_class = candidate->head.sop_class;
  scu_result result = scu__candidate_edit(candidate, session_of(store)->allocator, edits, &error);
  if (result == SCU_OK) result = check_renamed(store, candidate, &error);
  if (result == SCU_OK) {
    if (!scu__uid_equal(&sop_class, &candidate->head.sop_class)) candidate->class_change = ++store->class_changes;
    return true;
  }
  char reason[SCU__ERROR_TEXT_MAX + 32];
  snprintf(reason, sizeof reason, "cannot be edited: %s", error.reason);
  give_up(store, candidate, SCU_OUTCOME_FAILED, reason);
  return false;
}

/* Asks before_store and applies edits, once. True when there was nothing to do; else the user's code may have run, and
 * the candidate is another. */
static bool ask(store_op *store, scu__candidate *candidate) {
  if (candidate->is_asked || (!store->always && !session_of(store)->hooks.before_store)) return true;
  candidate->is_asked = true;
  scu_edits edits;
  scu__edits_init(&edits, session_of(store)->allocator, store->always);
  go_out(store);
  scu_store_choice chosen = ask_hook(store, candidate, &edits);
  if (chosen == SCU_STORE_SKIP_REST) store->is_rest_skipped = true;
  if (candidate->state == SCU__CANDIDATE_WAITING) {
    if (chosen == SCU_STORE_SEND)
      edit(store, candidate, &edits);
    else
      skip(store, candidate);
  }
  scu_edits_clear(&edits);
  come_back(store);
  return false;
}

/* False: the user's code has run. */
static bool send_one(store_op *store, scu__store_lane *lane, const choice *c) {
  scu_error error;
  scu__error_clear(&error);
  if (scu__store_lane_send(lane, c->candidate, c->way, c->context, &error) != SCU_OK) {
    give_up(store, c->candidate, SCU_OUTCOME_FAILED, error.reason);
    return false;
  }
  scu__store_plan_set(&store->plan, c->candidate, SCU__CANDIDATE_OUT);
  prepare_next(store, c->candidate);
  return !warn_of_head(store, c->candidate);
}

static bool serve_open(store_op *store, scu__store_lane *lane) {
  while (store->plan.waiting > 0 && scu__store_lane_room(lane) > 0) {
    choice c = choose(store, lane);
    if (c.impossible) {
      char reason[256];
      scu__store_plan_explain(c.impossible, scu__store_lane_negotiated(lane), reason, sizeof reason);
      give_up(store, c.impossible, SCU_OUTCOME_FAILED, reason);
      return false;
    }
    if (c.candidate) {
      if (!ask(store, c.candidate) || !send_one(store, lane, &c)) return false;
      continue;
    }
    if (c.uncovered && lane->out == 0) renew_lane(store, lane, c.uncovered); /* else first the answers */
    return true;
  }
  return true;
}

static size_t count_opening(const store_op *store) {
  size_t count = 0;
  for (size_t i = 0; i < store->lane_count; i++) count += scu__store_lane_is_opening(&store->lanes[i]);
  return count;
}

/* False: the user's code has run. */
static bool serve(store_op *store, scu__store_lane *lane, uint64_t now_ms) {
  if (lane->is_dead) return true;
  if (lane->is_open) return serve_open(store, lane);
  if (scu__lease_is_acquired(&lane->lease) || store->plan.waiting <= count_opening(store)) return true;
  if (now_ms < lane->not_before_ms)
    wait_until(store, lane->not_before_ms);
  else
    open_lane(store, lane);
  return true;
}

static void serve_all(store_op *store) {
  uint64_t now = scu__loop_now(session_of(store)->loop);
  if (now < store->pause_until_ms) {
    wait_until(store, store->pause_until_ms);
    return;
  }
  for (size_t i = 0; i < store->lane_count; i++)
    if (!serve(store, &store->lanes[i], now)) return;
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

static void finish(store_op *store, scu_result result, const scu_error *error) {
  go_out(store);
  scu__progress_tell(&store->progress, true);
  scu__op_come_back(&store->op);
  scu__timer_stop(session_of(store)->loop, &store->timer);
  for (size_t i = 0; i < store->lane_count; i++) {
    if (scu__store_lane_is_opening(&store->lanes[i]))
      scu__store_lane_abort(&store->lanes[i]);
    else
      scu__store_lane_return(&store->lanes[i]);
  }
  scu__op_finish(&store->op, result, error);
}

/* Everything that is left is told as not sent, so that nothing is missing from the account. */
static void tell_rest(store_op *store, scu_outcome outcome, const char *why) {
  char reason[SCU__ERROR_TEXT_MAX + 16];
  snprintf(reason, sizeof reason, "not sent: %s", why);
  go_out(store); /* throughout: the source is not asked from inside a hook */
  while (store->plan.first < store->plan.count) {
    scu__candidate *candidate = &store->plan.candidates[store->plan.first];
    if (candidate->is_unknown)
      give_up_unknown(store, candidate, why);
    else
      give_up(store, candidate, outcome, reason);
  }
  bool has_ended = store->plan.is_exhausted || scu__error_is_set(&store->plan.failure);
  bool may_drop = store->op.is_cancelled || store->is_rest_skipped;
  if (may_drop) scu__source_drop_iterators(store->source); /* they may wait for a pipe */
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
  scu__op_come_back(&store->op);
}

static void finish_failed(store_op *store) {
  tell_rest(store, SCU_OUTCOME_FAILED, store->failure.reason);
  finish(store, store->failure.result, &store->failure);
}

static void finish_skipped(store_op *store) {
  tell_rest(store, SCU_OUTCOME_SKIPPED, "skipped by the application");
  finish(store, SCU_OK, NULL);
}

static void finish_cancelled(store_op *store) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_REQUEST, "cancelled by the caller");
  tell_rest(store, SCU_OUTCOME_SKIPPED, "cancelled");
  finish(store, SCU_ERROR_CANCELLED, &error);
}

/* --- driving ------------------------------------------------------------------------------------------------------ */

/* Candidates that are no instances leave the window here, in their turn; true when there were any. */
static bool pass_over(store_op *store) {
  bool was_any = false;
  for (size_t i = store->plan.first; i < store->plan.count; i++) {
    scu__candidate *candidate = &store->plan.candidates[i];
    if (candidate->state != SCU__CANDIDATE_WAITING) continue;
    if (candidate->is_instance) break;
    bool is_foreign = !candidate->is_dicom && !candidate->is_named;
    give_up(store, candidate, is_foreign ? SCU_OUTCOME_SKIPPED : SCU_OUTCOME_FAILED,
            candidate->error ? candidate->error->reason : "");
    was_any = true;
  }
  return was_any;
}

static void pretend_to_send(store_op *store) {
  scu__candidate *candidate = &store->plan.candidates[store->plan.first];
  if (store->always && !edit(store, candidate, store->always)) return;
  scu_instance_outcome told = scu__candidate_outcome(candidate);
  warn_of_head(store, candidate);
  told.outcome = SCU_OUTCOME_OK;
  told.transfer_syntax_uid = candidate->head.meta.transfer_syntax.text;
  told.bytes = scu__candidate_bytes(candidate);
  told.reason = candidate->edited ? "would be sent, edited" : "would be sent";
  store->bytes += told.bytes;
  scu__store_plan_set(&store->plan, candidate, SCU__CANDIDATE_DONE);
  tell(store, &told);
}

static void scan(store_op *store) {
  scu_error error;
  scu__error_clear(&error);
  for (size_t i = 0; i < store->lane_count; i++) forget_coverage(&store->lanes[i]);
  go_out(store);
  scu_result result = scu__store_plan_scan(&store->plan, store->source, &error);
  scu__op_come_back(&store->op);
  if (result == SCU_END)
    finish(store, SCU_OK, NULL);
  else if (result != SCU_OK)
    finish(store, result, &error);
  else
    go_on(store);
}

static void advance(scu__task *self) {
  store_op *store = (store_op *)((char *)self - offsetof(store_op, task));
  if (store->op.is_done || store->op.outside > 0) return;
  if (is_stopping(store)) {
    if (is_any_out(store)) return; /* they are answered first, or their association ends */
    if (scu__error_is_set(&store->failure))
      finish_failed(store);
    else if (store->op.is_cancelled)
      finish_cancelled(store);
    else
      finish_skipped(store);
    return;
  }
  if (pass_over(store)) return; /* hooks have run: look again */
  if (store->plan.done == store->plan.count) {
    scan(store);
  } else if (store->is_dry_run) {
    pretend_to_send(store);
    go_on(store);
  } else {
    serve_all(store);
  }
}

/* --- operation ---------------------------------------------------------------------------------------------------- */

/* The instances that are out are finished; the rest is not begun. */
static void cancel(scu_op *op) {
  store_op *store = (store_op *)op;
  for (size_t i = 0; i < store->lane_count; i++)
    if (scu__store_lane_is_opening(&store->lanes[i])) scu__store_lane_abort(&store->lanes[i]);
  go_on(store);
}

static void abort_store(scu_op *op, const scu_error *error) {
  store_op *store = (store_op *)op;
  if (!is_any_other_alive(store, NULL)) fail_all(store, error);
}

static void free_store(scu_op *op) {
  store_op *store = (store_op *)op;
  for (size_t i = 0; i < store->lane_count; i++) scu__store_lane_free(&store->lanes[i]);
  scu__free(op->session->allocator, store->lanes);
  scu__timer_stop(op->session->loop, &store->timer);
  scu__task_remove(op->session->loop, &store->task);
  scu__store_plan_free(&store->plan);
  scu_edits_free(store->always);
}

static const scu__op_class store_class = {
    .name = "C-STORE", .cancel = cancel, .abort = abort_store, .free = free_store};

static scu_result make_lanes(store_op *store) {
  const scu__config *config = config_of(store);
  size_t most = config->store_associations;
  if (most > config->peer_associations) most = config->peer_associations;
  store->lanes = scu__alloc_array(session_of(store)->allocator, most, sizeof *store->lanes);
  if (!store->lanes) return SCU_ERROR_MEMORY;
  for (store->lane_count = 0; store->lane_count < most; store->lane_count++) {
    scu_result result = scu__store_lane_init(&store->lanes[store->lane_count], session_of(store), config->async_window,
                                             &lane_handler, store);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

static scu_result keep_edits(store_op *store) {
  const scu_edits *edits = scu__source_edits(store->source);
  return edits ? scu__edits_copy(edits, session_of(store)->allocator, &store->always) : SCU_OK;
}

static scu_op *start(scu_session *session, scu_source *source, bool is_dry_run) {
  if (!session->loop || !source) return NULL;
  store_op *store = scu__op_new(session, &store_class, sizeof *store);
  if (!store) return NULL;
  store->source = source;
  store->is_dry_run = is_dry_run;
  store->timer.expired = timer_expired;
  store->task.run = advance;
  scu__error_clear(&store->failure);
  store->progress.op = &store->op;
  scu_result result = make_lanes(store);
  if (result == SCU_OK)
    result = scu__store_plan_init(&store->plan, session->allocator, session->config->allow_truncated);
  if (result == SCU_OK) result = keep_edits(store);
  if (result != SCU_OK) {
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
  for (size_t i = 0; i < store->lane_count; i++) scu__store_lane_set_originator(&store->lanes[i], ae, message_id);
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
