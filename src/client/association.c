/* Associations of a session: opening, lending, returning, releasing. */
#include "client/association.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/commit_receiver.h"
#include "client/identity.h"
#include "client/proposal.h"
#include "client/turns.h"
#include "scu/version.h"
#include "ul/explanations.h"

struct scu__association {
  scu_session *session;
  scu__association *next;
  scu__link *link;   /* NULL when opening it failed at once */
  scu__lease *lease; /* who has it; NULL = idle */
  bool is_announced; /* ready was called for this lease */
  bool is_releasing;
  bool is_connecting, is_release_told; /* before_connect, before_release were told; what comes after them was not */
  bool is_aborted;                     /* by us */
  bool was_open;                       /* after_associate was told that it is there */
  uint32_t number;                     /* as in the log */
  scu__identity own_identity;          /* of the before_associate hook, in place of the session's when has_identity */
  bool has_identity;
  scu__serving serving;
  scu__commit_way commit_way;
  scu_error error; /* why there is no link */
  scu__task task;  /* answers from a clean stack */
};

static void association_free(scu__association *a) {
  for (scu__association **at = &a->session->associations; *at; at = &(*at)->next) {
    if (*at != a) continue;
    *at = a->next;
    break;
  }
  scu__task_remove(a->session->loop, &a->task);
  scu__link_free(a->link);
  scu__identity_free(&a->own_identity);
  scu__turns_go_on(a->session);
  scu__free(a->session->allocator, a);
}

static const scu__identity *identity_of(const scu__association *a) {
  return a->has_identity ? &a->own_identity : &a->session->identity;
}

static void tell_connected(scu__association *a, const char *address, const scu_error *error) {
  const scu_hooks *hooks = &a->session->hooks;
  a->is_connecting = false;
  scu__loop_hold(a->session->loop);
  if (hooks->after_connect) hooks->after_connect(hooks->user, a->number, address, error);
  scu__loop_let_go(a->session->loop);
}

/* error NULL: it was released. */
static void tell_end(scu__association *a, const scu_error *error) {
  const scu_hooks *hooks = &a->session->hooks;
  scu_error aborted;
  if (!error && a->is_aborted) {
    scu__error_clear(&aborted);
    scu__error_set(&aborted, SCU_ERROR_ABORTED, SCU_PHASE_NONE, "aborted by us");
    scu__error_peer(&aborted, a->session->peer_text);
    error = &aborted;
  }
  if (a->is_connecting) tell_connected(a, "", error);
  scu__loop_hold(a->session->loop);
  if (a->is_release_told && hooks->after_release) hooks->after_release(hooks->user, a->number, error);
  if (a->was_open && hooks->after_close) hooks->after_close(hooks->user, a->number, error);
  if (!a->was_open && hooks->after_associate) hooks->after_associate(hooks->user, a->number, error);
  scu__loop_let_go(a->session->loop);
}

static void abort_link(scu__association *a, const scu_error *error) {
  if (!scu__link_is_ended(a->link)) a->is_aborted = true;
  scu__link_abort(a->link, error);
}

static void tell_release(scu__association *a, bool is_by_peer) {
  const scu_hooks *hooks = &a->session->hooks;
  if (a->is_release_told) return;
  a->is_release_told = true;
  scu__loop_hold(a->session->loop);
  if (hooks->before_release) hooks->before_release(hooks->user, a->number, is_by_peer);
  scu__loop_let_go(a->session->loop);
}

static void release_link(scu__association *a) {
  a->is_releasing = true;
  tell_release(a, false);
  scu__link_release(a->link);
}

/* Ends the lease with an error, and the association with it. */
static void lose(scu__association *a, const scu_error *error) {
  scu__lease *lease = a->lease;
  scu_error copy;
  scu__error_clear(&copy);
  scu__error_copy(&copy, error);
  scu__error_peer(&copy, a->session->peer_text);
  scu__identity_suspect(identity_of(a), &copy);
  a->lease = NULL;
  association_free(a);
  if (!lease) return;
  lease->association = NULL;
  lease->lost(lease->owner, &copy);
}

/* --- remembering what was negotiated ------------------------------------------------------------------------------ */

static void remember(scu_session *session, const scu__negotiated *negotiated) {
  scu__negotiation_record *record = &session->record;
  record->count = 0;
  snprintf(record->implementation_uid, sizeof record->implementation_uid, "%s",
           negotiated->peer_implementation_class_uid.text);
  snprintf(record->implementation_version, sizeof record->implementation_version, "%s",
           negotiated->peer_implementation_version_name);
  record->max_pdu = negotiated->peer_max_pdu_length;
  for (size_t i = 0; i < negotiated->count && record->count < SCU__CONTEXTS_MAX; i++) {
    struct scu__context_record *context = &record->contexts[record->count++];
    context->abstract_syntax = negotiated->contexts[i].abstract_syntax;
    context->transfer_syntax = negotiated->contexts[i].transfer_syntax;
    context->result = SCU__CONTEXT_ACCEPTED;
  }
  for (size_t i = 0; i < negotiated->refused_count && record->count < SCU__CONTEXTS_MAX; i++) {
    struct scu__context_record *context = &record->contexts[record->count++];
    context->abstract_syntax = negotiated->refused[i].abstract_syntax;
    context->transfer_syntax = (scu__uid){0};
    context->result = negotiated->refused[i].result;
  }
}

/* --- link handler ------------------------------------------------------------------------------------------------- */

/* The association is there and no good: it is released, whoever waits for it is told why. */
static void decline(scu__association *a, scu_error *error) {
  scu__lease *lease = a->lease;
  a->lease = NULL;
  release_link(a);
  if (!lease) return;
  lease->association = NULL;
  scu__error_peer(error, a->session->peer_text);
  lease->lost(lease->owner, error);
}

static void refuse_unfit(scu__association *a, const scu__negotiated *negotiated) {
  scu_error error;
  scu__error_clear(&error);
  if (negotiated->refused_count > 0) {
    const scu__refused_context *first = &negotiated->refused[0];
    scu__error_set(&error, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE,
                   "the peer accepted the association but not what it is needed for: %s: %s (%zu of %zu presentation "
                   "contexts refused)",
                   first->abstract_syntax.text, first->reason, negotiated->refused_count,
                   negotiated->refused_count + negotiated->count);
  } else {
    scu__error_set(&error, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE,
                   "the peer accepted the association but not what it is needed for");
  }
  uint8_t result = negotiated->refused_count > 0 ? negotiated->refused[0].result : (uint8_t)SCU__CONTEXT_NO_REASON;
  scu__error_explain(&error, scu__context_explanation(result));
  decline(a, &error);
}

static void announce(scu__association *a) {
  scu__lease *lease = a->lease;
  if (!lease || a->is_announced) return;
  const scu__negotiated *negotiated = scu__link_negotiated(a->link);
  if (lease->fits && !lease->fits(lease->owner, negotiated)) {
    refuse_unfit(a, negotiated);
    return;
  }
  a->is_announced = true;
  lease->ready(lease->owner, a->link);
}

static void link_connected(void *owner, scu__link *link, const char *address, const scu_error *error) {
  (void)link;
  tell_connected(owner, address, error);
}

static void link_releasing(void *owner, scu__link *link) {
  (void)link;
  tell_release(owner, true);
}

static void link_opened(void *owner, scu__link *link) {
  scu__association *a = owner;
  const scu__negotiated *negotiated = scu__link_negotiated(link);
  scu_error error;
  scu__error_clear(&error);
  remember(a->session, negotiated);
  a->was_open = true;
  const scu_hooks *hooks = &a->session->hooks;
  scu__loop_hold(a->session->loop);
  if (hooks->after_associate) hooks->after_associate(hooks->user, a->number, NULL);
  scu__loop_let_go(a->session->loop);
  if (scu__identity_settle(a->session, identity_of(a), negotiated, &error) == SCU_OK)
    announce(a);
  else
    decline(a, &error);
}

static void link_closed(void *owner, scu__link *link, const scu_error *error) {
  (void)link;
  scu__association *a = owner;
  tell_end(a, error);
  if (error || !a->lease) {
    lose(a, error);
    return;
  }
  scu_error released;
  scu__error_clear(&released);
  scu__error_set(&released, SCU_ERROR_CLOSED, SCU_PHASE_RESPONSE,
                 "the peer released the association in the middle of "
                 "an operation");
  lose(a, &released);
}

static scu__exchange *link_request(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                                   scu__exchange_event *event, uint16_t *status) {
  scu__association *a = owner;
  scu__exchange *exchange = NULL;
  if (a->lease && a->lease->request)
    exchange = a->lease->request(a->lease->owner, link, context_id, command, event, status);
  if (!exchange && a->session->commit_receiver) {
    a->commit_way = (scu__commit_way){a->session->commit_receiver, link};
    exchange = scu__commit_way_take(&a->commit_way, context_id, command, event, status);
  }
  if (exchange) return exchange;
  a->serving = (scu__serving){a->session, link};
  return scu__serve_take(&a->serving, context_id, command, event, status);
}

static const scu__link_handler link_handler = {
    .connected = link_connected,
    .opened = link_opened,
    .request = link_request,
    .releasing = link_releasing,
    .closed = link_closed,
};

/* --- opening ------------------------------------------------------------------------------------------------------ */

static scu_result propose(scu_session *session, scu__lease *lease, scu__associate *rq) {
  const scu__config *config = session->config;
  scu__associate_init(rq, session->allocator);
  rq->protocol_version = config->protocol_version;
  rq->called = session->peer.ae;
  rq->calling = config->calling_ae;
  rq->implementation_class_uid = config->implementation_uid;
  memcpy(rq->implementation_version_name, config->implementation_version, sizeof rq->implementation_version_name);
  scu_result result = lease->propose(lease->owner, rq);
  return result == SCU_OK ? scu__identity_put(&session->identity, rq) : result;
}

static scu_result let_hook_edit(scu__association *a, scu__associate *rq) {
  const scu_hooks *hooks = &a->session->hooks;
  scu_proposal proposal = {
      .rq = rq, .identity = &a->own_identity, .has_identity = &a->has_identity, .is_tls = a->session->peer.is_tls};
  scu__loop_hold(a->session->loop);
  if (hooks->before_associate) hooks->before_associate(hooks->user, a->number, &proposal);
  scu__loop_let_go(a->session->loop);
  if (rq->context_count > 0) return SCU_OK;
  return scu__error_set(&a->error, SCU_ERROR_USAGE, SCU_PHASE_ASSOCIATE, "the hook has left nothing to propose");
}

static void tell_connecting(scu__association *a) {
  const scu_hooks *hooks = &a->session->hooks;
  a->is_connecting = true;
  scu__loop_hold(a->session->loop);
  if (hooks->before_connect) hooks->before_connect(hooks->user, a->number, a->session->peer_text);
  scu__loop_let_go(a->session->loop);
}

static scu_result open_link(scu__association *a, scu__lease *lease) {
  scu_session *session = a->session;
  const scu__config *config = session->config;
  scu__associate rq;
  a->number = scu__session_next_association(session);
  scu_result result = propose(session, lease, &rq);
  if (result == SCU_OK) result = let_hook_edit(a, &rq);
  if (result == SCU_OK) {
    scu__link_options options = {
        .handler = &link_handler,
        .owner = a,
        .max_pdu_length = config->max_pdu,
        .associate_timeout_ms = (uint32_t)config->timeout_associate_ms,
        .release_timeout_ms = (uint32_t)config->timeout_release_ms,
        .peer_text = session->peer_text,
        .trace = &session->trace,
        .association = a->number,
        .observer = &session->messages.observer,
    };
    scu__connector_target target = {
        .host = session->peer.host,
        .port = session->peer.port,
        .local_address = config->local_address,
        .local_port = config->local_port,
        .timeout_ms = config->timeout_connect_ms,
        .dead_after_ms = config->timeout_tcp_ms,
    };
    scu__identity_tell(session, identity_of(a), a->number);
    tell_connecting(a);
    result = scu__link_connect(session->loop, &options, &target, &rq, &a->link);
  }
  scu__associate_free(&rq);
  return result;
}

/* Answers a lease that got an idle association, or none at all. */
static void answer(scu__task *self) {
  scu__association *a = (scu__association *)((char *)self - offsetof(scu__association, task));
  if (!a->link) {
    tell_end(a, &a->error);
    lose(a, &a->error);
  } else if (scu__link_is_open(a->link))
    announce(a);
}

/* Open, and nobody's. Not one whose callback runs: it is not read before that returns, which may be waiting for us. */
static bool is_idle(const scu__association *a) {
  return !a->lease && !a->is_releasing && a->link && scu__link_is_open(a->link) && !scu__link_is_calling(a->link);
}

static scu__association *find_idle(scu_session *session, const scu__lease *lease) {
  for (scu__association *a = session->associations; a; a = a->next) {
    if (!is_idle(a)) continue;
    if (!lease->fits || lease->fits(lease->owner, scu__link_negotiated(a->link))) return a;
  }
  return NULL;
}

/* Idle associations that are no use any more make room for the new one. */
static void release_idle(scu_session *session) {
  for (scu__association *a = session->associations; a; a = a->next) {
    if (!is_idle(a)) continue;
    release_link(a);
  }
}

static scu__association *open_another(scu_session *session, scu__lease *lease) {
  scu__association *a = scu__alloc(session->allocator, sizeof *a);
  if (!a) return NULL;
  a->session = session;
  a->task.run = answer;
  scu__error_clear(&a->error);
  a->next = session->associations;
  session->associations = a;
  scu_result result = open_link(a, lease);
  if (result == SCU_ERROR_LIMIT) scu__identity_too_long(identity_of(a), &a->error);
  if (result != SCU_OK) scu__error_set(&a->error, result, SCU_PHASE_ASSOCIATE, "the association could not be prepared");
  return a;
}

/* Those that are on their way out count: the peer has them still. */
static bool may_open(const scu_session *session) {
  size_t count = 0;
  for (const scu__association *a = session->associations; a; a = a->next) count++;
  return count < session->config->peer_associations;
}

bool scu__lease_try(scu__lease *lease) {
  scu_session *session = lease->session;
  scu__association *a = find_idle(session, lease);
  if (!a) {
    release_idle(session);
    if (!may_open(session)) return false;
    a = open_another(session, lease);
  }
  if (!a) {
    scu_error error;
    scu__error_clear(&error);
    scu__error_memory(&error, SCU_PHASE_ASSOCIATE);
    lease->lost(lease->owner, &error);
    return true;
  }
  a->lease = lease;
  a->is_announced = false;
  lease->association = a;
  if (!a->link || scu__link_is_open(a->link)) scu__task_queue(session->loop, &a->task);
  return true;
}

void scu__lease_acquire(scu__lease *lease, scu_session *session) {
  lease->session = session;
  if (session->turns.first || !scu__lease_try(lease)) scu__turns_wait(lease);
}

bool scu__lease_is_acquired(const scu__lease *lease) {
  return lease->association || lease->is_waiting;
}

void scu__lease_return(scu__lease *lease) {
  scu__association *a = lease->association;
  scu__turns_leave(lease);
  if (!a) return;
  lease->association = NULL;
  a->lease = NULL;
  scu__turns_go_on(a->session);
  if (a->link && scu__link_is_open(a->link))
    scu__link_pause(a->link, false);
  else if (a->link && !scu__link_is_ended(a->link))
    abort_link(a, NULL);
}

void scu__lease_release(scu__lease *lease) {
  scu__association *a = lease->association;
  scu__lease_return(lease);
  if (!a || !a->link || !scu__link_is_open(a->link)) return;
  release_link(a);
}

void scu__lease_abort(scu__lease *lease) {
  scu__association *a = lease->association;
  scu__turns_leave(lease);
  if (!a) return;
  lease->association = NULL;
  a->lease = NULL;
  a->is_releasing = true;
  if (a->link) abort_link(a, NULL);
}

scu__link *scu__lease_link(const scu__lease *lease) {
  return lease->association ? lease->association->link : NULL;
}

bool scu__associations_are_held(const scu_session *session) {
  for (const scu__association *a = session->associations; a; a = a->next) {
    bool is_calling = a->link && scu__link_is_calling(a->link);
    bool is_held = a->lease && a->lease->is_held && a->lease->is_held(a->lease->owner);
    if (!is_calling && !is_held) return false;
  }
  return session->associations != NULL;
}

uint64_t scu__associations_moved(const scu_session *session) {
  uint64_t moved = 0;
  for (const scu__association *a = session->associations; a; a = a->next)
    if (a->link) moved += scu__link_moved(a->link);
  return moved;
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

scu__link *scu__associations_link(const scu_session *session) {
  return session->associations ? session->associations->link : NULL;
}

bool scu__associations_leave(scu_session *session) {
  if (!session->is_abort_wanted) release_idle(session);
  for (scu__association *a = session->associations; a; a = a->next)
    if (a->link && !a->is_releasing) abort_link(a, NULL);
  return session->associations == NULL;
}

void scu__associations_release(scu_session *session) {
  scu__associations_leave(session);
  uint64_t deadline = scu__loop_now(session->loop) + session->config->timeout_release_ms + 1000;
  while (session->associations) {
    uint64_t now = scu__loop_now(session->loop);
    if (now >= deadline || scu_loop_wait(session->loop, (int)(deadline - now)) != SCU_OK) return;
  }
}

void scu__associations_abort(scu_session *session, const scu_error *error) {
  for (scu__association *a = session->associations; a; a = a->next) {
    a->is_releasing = true;
    if (a->link) abort_link(a, error);
  }
  scu__turns_fail(session, error);
}

/* What is still there has not even answered a release or an abort. */
static void drop(scu__association *a) {
  scu_error error;
  scu__error_clear(&error);
  if (a->is_release_told)
    scu__error_set(&error, SCU_ERROR_TIMEOUT, SCU_PHASE_RELEASE, "the release was not answered in time");
  else
    scu__error_set(&error, SCU_ERROR_ABORTED, SCU_PHASE_NONE, "given up with its session");
  scu__error_peer(&error, a->session->peer_text);
  tell_end(a, &error);
  association_free(a);
}

void scu__associations_free(scu_session *session) {
  while (session->associations) drop(session->associations);
}
