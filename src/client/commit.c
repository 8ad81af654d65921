/* Storage commitment as an operation (PS3.4 J, RULES 31): listen, write down, ask, wait for what may come on any
 * association at any time.
 *
 *   ask      one N-ACTION after the other; each transaction is in the ledger before it leaves
 *   wait     until every transaction has its result or was refused, or the time is over
 *   leave    who called us to bring a result has a moment to release its association */
#include "scu/commit.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "client/commit_receiver.h"
#include "client/commitment.h"
#include "client/op.h"
#include "client/refusal.h"
#include "client/request.h"
#include "data/dataset_encode.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "io/clock.h"
#include "io/new_uid.h"
#include "service/n_service.h"

enum {
  ACTION_REQUEST_COMMITMENT = 1, /* Table J.3-1 */
  STATUS_DUPLICATE_TRANSACTION = 0x0131,
  INFORMATION_MAX = 16 * 1024 * 1024,
  LEAVE_MS = 2000
};

typedef struct commit_op {
  scu_op op; /* first */
  scu__commit_waiter waiter;
  scu__transaction *transactions;
  size_t count, capacity;
  size_t next; /* the first that was not asked for yet */
  bool is_resumed, only_listens;

  scu__request request;
  bool is_asking, is_sent;
  bool is_waiting, is_leaving;
  scu__timer hold, patience;
  scu__task task;
  scu_error refusal; /* the first */
  bool is_taken;
} commit_op;

static scu_session *session_of(const commit_op *commit) {
  return commit->op.session;
}
static const scu__config *config_of(const commit_op *commit) {
  return commit->op.session->config;
}
static scu__commit_ledger *ledger_of(const commit_op *commit) {
  return scu__commit_receiver_ledger(session_of(commit)->commit_receiver);
}
static void go_on(commit_op *commit) {
  if (!commit->op.is_done) scu__task_queue(session_of(commit)->loop, &commit->task);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static bool is_settled(const scu__transaction *transaction) {
  return transaction->came_at != 0 || transaction->is_refused;
}

static size_t count_open(const commit_op *commit) {
  size_t count = 0;
  for (size_t i = 0; i < commit->count; i++) count += !is_settled(&commit->transactions[i]);
  return count;
}

static void finish(commit_op *commit, scu_result result, scu_error *error) {
  scu_session *session = session_of(commit);
  if (commit->op.is_done) return;
  scu__timer_stop(session->loop, &commit->hold);
  scu__timer_stop(session->loop, &commit->patience);
  scu__task_remove(session->loop, &commit->task);
  scu__lease_return(&commit->request.lease);
  if (result != SCU_OK && result != SCU_ERROR_REFUSED && config_of(commit)->commit_ledger[0] &&
      count_open(commit) > 0 && commit->next > 0)
    scu__error_hint(error, "what was asked is in the ledger: resume it later (scu commit --resume, scu_commit_resume)");
  scu__op_finish(&commit->op, result, error);
  scu__commit_receiver_leave(session, &commit->waiter);
}

static void finish_waited(commit_op *commit) {
  bool is_refused = scu__error_is_set(&commit->refusal);
  finish(commit, is_refused ? SCU_ERROR_REFUSED : SCU_OK, is_refused ? &commit->refusal : NULL);
}

/* Another process may have taken a result meanwhile. */
static void look_into_ledger(commit_op *commit) {
  const scu__commit_ledger *ledger = ledger_of(commit);
  for (size_t i = 0; i < commit->count && ledger; i++) {
    scu__transaction *transaction = &commit->transactions[i], found;
    if (is_settled(transaction) || scu__commit_ledger_read(ledger, &transaction->uid, &found, NULL) != SCU_OK) continue;
    if (found.came_at != 0) {
      scu__references references = transaction->references;
      transaction->references = found.references;
      found.references = references;
      transaction->came_at = found.came_at;
    }
    scu__transaction_free(&found);
  }
}

static const char *first_open(const commit_op *commit) {
  for (size_t i = 0; i < commit->count; i++)
    if (!is_settled(&commit->transactions[i])) return commit->transactions[i].uid.text;
  return "";
}

static void finish_late(commit_op *commit) {
  scu_error error;
  look_into_ledger(commit);
  size_t open = count_open(commit);
  if (open == 0) {
    finish_waited(commit);
    return;
  }
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_TIMEOUT, SCU_PHASE_RESPONSE,
                 "no result of %zu of %zu storage commitments (%s%s) within %" PRIu64 " s", open, commit->count,
                 first_open(commit), open > 1 ? " first" : "", config_of(commit)->timeout_commit_ms / 1000);
  finish(commit, SCU_ERROR_TIMEOUT, &error);
}

static void patience_over(scu__timer *self, uint64_t now_ms) {
  commit_op *commit = (commit_op *)((char *)self - offsetof(commit_op, patience));
  (void)now_ms;
  if (commit->is_leaving)
    finish_waited(commit);
  else
    finish_late(commit);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static scu_result encode_information(const commit_op *commit, scu__encoding encoding, scu__buffer *bytes,
                                     scu_error *error) {
  scu_dataset *information = NULL;
  scu_result result = scu__transaction_information(&commit->transactions[commit->next], &information);
  if (result == SCU_OK) result = scu__dataset_encode(information, encoding, bytes, error);
  scu_dataset_free(information);
  return result;
}

static scu_result make(void *owner, scu__link *link, const scu__accepted_context *context, uint16_t message_id,
                       scu__exchange **out, scu_error *error) {
  commit_op *commit = owner;
  const scu_allocator *allocator = session_of(commit)->allocator;
  scu__encoding encoding = scu__transfer_syntax_encoding(scu__transfer_syntax_find(context->transfer_syntax.text));
  scu__command command;
  scu__request_init(&command, SCU__N_ACTION_RQ, message_id, &context->abstract_syntax);
  scu__uid_from_text(&command.requested_sop_instance, SCU__UID_STORAGE_COMMITMENT_INSTANCE);
  command.action_type = ACTION_REQUEST_COMMITMENT;
  command.present |= SCU__HAS_REQUESTED_SOP_INSTANCE | SCU__HAS_ACTION_TYPE;
  scu__buffer bytes;
  scu__buffer_init(&bytes, allocator, INFORMATION_MAX);
  scu_result result = encode_information(commit, encoding, &bytes, error);
  if (result == SCU_OK) {
    commit->is_sent = true;
    result =
        scu__n_request_new(allocator, scu__link_outbox(link), context->id, message_id, &command, &bytes, encoding, out);
  }
  scu__buffer_free(&bytes);
  return result;
}

/* It never came to be: nobody will report it. */
static void strike_out(commit_op *commit, const scu__transaction *transaction) {
  scu__commit_ledger *ledger = ledger_of(commit);
  if (ledger && !commit->is_resumed) scu__commit_ledger_remove(ledger, &transaction->uid, NULL);
}

/* Asked again, 0131 says that the peer is still at it; a result that is here makes any answer idle. */
static void take_answer(commit_op *commit, scu__transaction *transaction, const scu__exchange_event *event) {
  bool is_accepted = event->status_class == SCU__STATUS_KIND_SUCCESS || event->status_class == SCU__STATUS_KIND_WARNING;
  if (commit->is_resumed && event->status == STATUS_DUPLICATE_TRANSACTION) is_accepted = true;
  transaction->is_answered = true;
  transaction->status = event->status;
  memcpy(transaction->comment, event->command->error_comment, sizeof transaction->comment);
  if (is_accepted || transaction->came_at != 0) return;
  transaction->is_refused = true;
  if (!scu__error_is_set(&commit->refusal)) scu__refusal(&commit->refusal, event->command);
  strike_out(commit, transaction);
}

static void request_event(void *owner, const scu__exchange_event *event) {
  commit_op *commit = owner;
  if (event->kind != SCU__EXCHANGE_FINAL) return;
  commit->is_asking = false;
  take_answer(commit, &commit->transactions[commit->next++], event);
  go_on(commit);
}

/* The association ended while it was kept for the result. */
static void hold_ended(commit_op *commit, const scu_error *error) {
  scu__timer_stop(session_of(commit)->loop, &commit->hold);
  if (commit->op.is_aborted || scu__commit_receiver_listens(session_of(commit)->commit_receiver) ||
      count_open(commit) == 0) {
    go_on(commit);
    return;
  }
  scu_error copy;
  scu__error_clear(&copy);
  scu__error_copy(&copy, error);
  finish(commit, error->result, &copy);
}

static void request_failed(void *owner, const scu_error *error) {
  commit_op *commit = owner;
  if (!commit->is_asking) {
    hold_ended(commit, error);
    return;
  }
  commit->is_asking = false;
  scu__transaction *transaction = &commit->transactions[commit->next];
  if (transaction->came_at != 0 && !commit->op.is_cancelled) { /* the result was faster than its answer */
    commit->next++;
    go_on(commit);
    return;
  }
  scu_error copy;
  scu__error_clear(&copy);
  scu__error_copy(&copy, error);
  if (commit->is_sent)
    commit->next++;
  else
    strike_out(commit, transaction);
  finish(commit, error->result, &copy);
}

static bool is_to_be_asked(const commit_op *commit, size_t index) {
  return !commit->only_listens && commit->transactions[index].came_at == 0;
}

/* Of the last one the association is kept. */
static bool is_last(const commit_op *commit) {
  for (size_t i = commit->next + 1; i < commit->count; i++)
    if (is_to_be_asked(commit, i)) return false;
  return true;
}

static void ask(commit_op *commit) {
  scu__commit_ledger *ledger = ledger_of(commit);
  scu__transaction *transaction = &commit->transactions[commit->next];
  scu_error error;
  scu__error_clear(&error);
  if (!commit->is_resumed) transaction->asked_at = scu__clock_wall_s();
  scu_result result = ledger && !commit->is_resumed ? scu__commit_ledger_put(ledger, transaction, &error) : SCU_OK;
  if (result != SCU_OK) {
    finish(commit, result, &error);
    return;
  }
  commit->is_asking = true;
  commit->is_sent = false;
  commit->request = (scu__request){
      .owner = commit,
      .sop_class = SCU__UID_STORAGE_COMMITMENT,
      .timeout_ms = config_of(commit)->timeout_response_ms,
      .keeps_lease = is_last(commit),
      .make = make,
      .event = request_event,
      .failed = request_failed,
  };
  scu__request_start(&commit->request, session_of(commit));
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static void hold_over(scu__timer *self, uint64_t now_ms) {
  commit_op *commit = (commit_op *)((char *)self - offsetof(commit_op, hold));
  (void)now_ms;
  scu__lease_release(&commit->request.lease);
}

static void start_waiting(commit_op *commit) {
  scu_session *session = session_of(commit);
  uint64_t now = scu__loop_now(session->loop);
  commit->is_waiting = true;
  scu__timer_set(session->loop, &commit->patience, now + config_of(commit)->timeout_commit_ms);
  if (scu__lease_link(&commit->request.lease) && scu__commit_receiver_listens(session->commit_receiver))
    scu__timer_set(session->loop, &commit->hold, now + config_of(commit)->commit_hold_ms);
}

/* Everything is here. */
static void leave(commit_op *commit) {
  scu_session *session = session_of(commit);
  if (scu__commit_receiver_guest_count(session->commit_receiver) == 0) {
    finish_waited(commit);
    return;
  }
  if (commit->is_leaving) return;
  commit->is_leaving = true;
  scu__timer_set(session->loop, &commit->patience, scu__loop_now(session->loop) + LEAVE_MS);
}

/* What came in the meantime, or is not to be asked for again. */
static void pass_over(commit_op *commit) {
  while (commit->next < commit->count && !is_to_be_asked(commit, commit->next)) commit->next++;
}

static void run(scu__task *self) {
  commit_op *commit = (commit_op *)((char *)self - offsetof(commit_op, task));
  if (commit->op.is_done || commit->is_asking) return;
  pass_over(commit);
  if (commit->next < commit->count)
    ask(commit);
  else if (count_open(commit) == 0)
    leave(commit);
  else if (!commit->is_waiting)
    start_waiting(commit);
}

static scu__transaction *find(void *owner, const scu__uid *uid) {
  const commit_op *commit = owner;
  for (size_t i = 0; i < commit->count; i++)
    if (scu__uid_equal(&commit->transactions[i].uid, uid)) return &commit->transactions[i];
  return NULL;
}

static void changed(void *owner) {
  go_on(owner);
}

/* --- cancel, abort, free ------------------------------------------------------------------------------------------ */

static void end_early(commit_op *commit, scu_result result, const char *why) {
  scu_error error;
  if (commit->next > 0 && count_open(commit) == 0) {
    finish_waited(commit);
    return;
  }
  scu__error_clear(&error);
  scu__error_set(&error, result, SCU_PHASE_RESPONSE, "%s", why);
  finish(commit, result, &error);
}

static void cancel(scu_op *op) {
  commit_op *commit = (commit_op *)op;
  if (commit->is_asking)
    scu__request_cancel(&commit->request);
  else
    end_early(commit, SCU_ERROR_CANCELLED, "cancelled by the caller before the result came");
}

static void abort_op(scu_op *op, const scu_error *error) {
  commit_op *commit = (commit_op *)op;
  (void)error;
  if (!commit->is_asking) end_early(commit, SCU_ERROR_ABORTED, "aborted by the caller before the result came");
}

static void free_op(scu_op *op) {
  commit_op *commit = (commit_op *)op;
  scu_session *session = op->session;
  scu__timer_stop(session->loop, &commit->hold);
  scu__timer_stop(session->loop, &commit->patience);
  scu__task_remove(session->loop, &commit->task);
  if (commit->is_asking)
    scu__request_stop(&commit->request);
  else
    scu__lease_return(&commit->request.lease);
  scu__commit_receiver_leave(session, &commit->waiter);
  for (size_t i = 0; i < commit->count; i++) scu__transaction_free(&commit->transactions[i]);
  scu__free(session->allocator, commit->transactions);
}

static const scu__op_class commit_class = {
    .name = "the storage commitment", .cancel = cancel, .abort = abort_op, .free = free_op};

/* --- what to ask for ---------------------------------------------------------------------------------------------- */

static scu__transaction *add_transaction(commit_op *commit) {
  const scu_allocator *allocator = session_of(commit)->allocator;
  if (commit->count == commit->capacity) {
    size_t wanted = commit->capacity ? commit->capacity * 2 : 1;
    scu__transaction *grown = scu__realloc_array(allocator, commit->transactions, wanted, sizeof *commit->transactions);
    if (!grown) return NULL;
    commit->transactions = grown;
    commit->capacity = wanted;
  }
  scu__transaction *transaction = &commit->transactions[commit->count++];
  scu__transaction_init(transaction, allocator);
  return transaction;
}

static scu_result fill_transaction(commit_op *commit, const scu_commitment *commitment, size_t from, size_t count) {
  scu__transaction *transaction = add_transaction(commit);
  if (!transaction) return SCU_ERROR_MEMORY;
  transaction->uid = commitment->transaction;
  if (!transaction->uid.text[0] && !scu__uid_make(&transaction->uid)) return SCU_ERROR_UNSUPPORTED;
  memcpy(transaction->peer, session_of(commit)->peer_text, sizeof transaction->peer);
  for (size_t i = from; i < from + count; i++) {
    const scu__reference *reference = &commitment->references.items[i];
    if (scu__references_add(&transaction->references, &reference->sop_class, &reference->sop_instance) < 0)
      return SCU_ERROR_MEMORY;
  }
  return SCU_OK;
}

static scu_result fill(commit_op *commit, const scu_commitment *commitment, scu_error *error) {
  size_t total = commitment ? commitment->references.count : 0;
  if (total == 0) return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no instances to commit");
  if (total > SCU__TRANSACTION_ITEMS_MAX && commitment->transaction.text[0])
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "more than %d instances in one transaction",
                          (int)SCU__TRANSACTION_ITEMS_MAX);
  for (size_t from = 0; from < total; from += SCU__TRANSACTION_ITEMS_MAX) {
    size_t count = total - from < SCU__TRANSACTION_ITEMS_MAX ? total - from : SCU__TRANSACTION_ITEMS_MAX;
    scu_result result = fill_transaction(commit, commitment, from, count);
    if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_REQUEST);
    if (result != SCU_OK)
      return scu__error_set(error, result, SCU_PHASE_REQUEST, "the system has no randomness for a Transaction UID");
  }
  return SCU_OK;
}

/* What the ledger has for this peer, unless it was told. */
static scu_result take_entry(void *user, scu__transaction *found) {
  commit_op *commit = user;
  if (found->is_told || strcmp(found->peer, session_of(commit)->peer_text) != 0) return SCU_OK;
  /* One that an operation of this session waits for is not ours. */
  for (const scu_op *op = session_of(commit)->ops; op; op = op->next)
    if (op != &commit->op && op->class_ == &commit_class && !op->is_done && find((void *)(uintptr_t)op, &found->uid))
      return SCU_OK;
  size_t total = found->references.count;
  for (size_t i = 0; i < commit->count; i++) total += commit->transactions[i].references.count;
  if (total > SCU__REFERENCES_MAX) return SCU_ERROR_LIMIT;
  scu__transaction *transaction = add_transaction(commit);
  if (!transaction) return SCU_ERROR_MEMORY;
  *transaction = *found;
  memset(&found->references, 0, sizeof found->references);
  return SCU_OK;
}

static void warn_unreadable(void *user, const char *path) {
  scu__session_warn(session_of(user), "%s cannot be read: damaged, or written by a newer version", path);
}

static scu_result fill_from_ledger(commit_op *commit, scu_error *error) {
  const scu__commit_ledger *ledger = ledger_of(commit);
  scu_result result = scu__commit_ledger_each(ledger, take_entry, warn_unreadable, commit, error);
  if (result == SCU_ERROR_LIMIT)
    scu__error_set(error, result, SCU_PHASE_REQUEST, "more than %d instances are open in the ledger",
                   (int)SCU__REFERENCES_MAX);
  return result;
}

/* --- start and take ----------------------------------------------------------------------------------------------- */

static commit_op *new_op(scu_session *session) {
  if (!session->loop) return NULL;
  scu__session_set_error(session, NULL);
  commit_op *commit = scu__op_new(session, &commit_class, sizeof *commit);
  if (!commit) {
    scu__error_memory(&session->error, SCU_PHASE_REQUEST);
    return NULL;
  }
  commit->waiter = (scu__commit_waiter){.owner = commit, .find = find, .changed = changed};
  commit->hold.expired = hold_over;
  commit->patience.expired = patience_over;
  commit->task.run = run;
  scu__error_clear(&commit->refusal);
  return commit;
}

static scu_op *start(commit_op *commit, scu_result result) {
  if (result == SCU_OK) {
    go_on(commit);
    return &commit->op;
  }
  scu__error_set(&session_of(commit)->error, result, SCU_PHASE_REQUEST, "the commitment could not be begun");
  scu__error_peer(&session_of(commit)->error, session_of(commit)->peer_text);
  scu_op_free(&commit->op);
  return NULL;
}

scu_op *scu_commit_start(scu_session *session, const scu_commitment *commitment) {
  commit_op *commit = new_op(session);
  if (!commit) return NULL;
  scu_result result = fill(commit, commitment, &session->error);
  if (result == SCU_OK) result = scu__commit_receiver_enter(session, &commit->waiter, &session->error);
  return start(commit, result);
}

scu_op *scu_commit_resume_start(scu_session *session, bool only_listens) {
  commit_op *commit = new_op(session);
  if (!commit) return NULL;
  const scu__config *config = config_of(commit);
  commit->is_resumed = true;
  commit->only_listens = only_listens;
  scu_result result = SCU_OK;
  if (!config->commit_ledger[0])
    result = scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "there is no ledger to resume from");
  else if (only_listens && !config->commit_listens)
    result = scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "neither asked nor listened");
  if (result == SCU_OK) result = scu__commit_receiver_enter(session, &commit->waiter, &session->error);
  if (result == SCU_OK) result = fill_from_ledger(commit, &session->error);
  return start(commit, result);
}

/* What was not asked for is nobody's transaction. */
static size_t count_begun(const commit_op *commit) {
  return commit->is_resumed ? commit->count : commit->next;
}

static void mark_told(const commit_op *commit, const scu_commit_report *report) {
  scu__commit_ledger *ledger = ledger_of(commit);
  for (size_t i = 0; i < report->count && ledger; i++) {
    scu_error error;
    scu__error_clear(&error);
    const scu__transaction *transaction = &report->transactions[i];
    if (transaction->came_at == 0 || scu__commit_ledger_put_told(ledger, &transaction->uid, &error) >= 0) continue;
    scu__session_warn(session_of(commit), "storage commitment %s will be told again: %s", transaction->uid.text,
                      error.reason);
  }
}

scu_result scu_commit_take(scu_op *op, scu_commit_report **out) {
  commit_op *commit = (commit_op *)op;
  *out = NULL;
  if (op->class_ != &commit_class || !op->is_done || commit->is_taken) return SCU_ERROR_USAGE;
  scu_commit_report *report = scu__alloc(op->session->allocator, sizeof *report);
  if (!report) return SCU_ERROR_MEMORY;
  report->allocator = op->session->allocator;
  report->transactions = commit->transactions;
  report->count = commit->count;
  commit->transactions = NULL;
  commit->count = commit->capacity = 0;
  commit->is_taken = true;
  mark_told(commit, report);
  *out = report;
  return SCU_OK;
}

static scu_result wait_and_take(scu_session *session, scu_op *op, scu_commit_report **out) {
  *out = NULL;
  if (!op) return session->error.result;
  scu_result result = scu__op_run(session, op);
  scu_result taken = SCU_OK;
  if (count_begun((commit_op *)op) > 0 || result == SCU_OK) taken = scu_commit_take(op, out);
  if (taken != SCU_OK) scu__error_memory(&session->error, SCU_PHASE_REQUEST);
  scu_op_free(op);
  return result == SCU_OK ? taken : result;
}

scu_result scu_commit(scu_session *session, const scu_commitment *commitment, scu_commit_report **out) {
  return wait_and_take(session, scu_commit_start(session, commitment), out);
}

scu_result scu_commit_resume(scu_session *session, bool only_listens, scu_commit_report **out) {
  return wait_and_take(session, scu_commit_resume_start(session, only_listens), out);
}
