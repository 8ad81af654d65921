/* Results of storage commitments: judged, kept, answered. */
#include "client/commit_receiver.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/session.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "io/clock.h"
#include "listener/server.h"
#include "service/n_service.h"

enum {
  EVENT_ALL_COMMITTED = 1,
  EVENT_FAILURES_EXIST = 2, /* Table J.3-2 */
  STATUS_INVALID_ARGUMENT = 0x0115
};

struct scu__commit_receiver {
  scu_session *session;
  scu__commit_ledger *ledger; /* NULL = none */
  scu__server *server;        /* while somebody waits */
  scu__commit_waiter *waiters;
  scu__acceptor_policy policy;
};

scu__commit_ledger *scu__commit_receiver_ledger(const scu__commit_receiver *receiver) {
  return receiver->ledger;
}
bool scu__commit_receiver_listens(const scu__commit_receiver *receiver) {
  return receiver->server != NULL;
}
size_t scu__commit_receiver_guest_count(const scu__commit_receiver *receiver) {
  return receiver->server ? scu__server_guest_count(receiver->server) : 0;
}

/* --- one result --------------------------------------------------------------------------------------------------- */

/* Of an operation that runs; *waiter is NULL else. */
static scu__transaction *find_live(const scu__commit_receiver *receiver, const scu__uid *uid,
                                   scu__commit_waiter **waiter) {
  for (*waiter = receiver->waiters; *waiter; *waiter = (*waiter)->next) {
    scu__transaction *found = (*waiter)->find((*waiter)->owner, uid);
    if (found) return found;
  }
  return NULL;
}

/* How a report is answered, and what the user is told afterwards: hooks may step the loop, and the association may be
 * gone when they return. */
typedef struct verdict {
  scu__n_answer answer;
  scu__commit_waiter *waiter; /* whose transaction has changed; NULL = nobody's */
  char told[SCU__ERROR_TEXT_MAX];
  bool has_come; /* a result that was not there before */
  scu__uid transaction;
  scu_committed result;
} verdict;

static void note_result(verdict *v, const scu__transaction *transaction) {
  const scu__references *references = &transaction->references;
  v->has_come = transaction->came_at != 0;
  v->transaction = transaction->uid;
  v->result = (scu_committed){.size = sizeof v->result,
                              .committed = scu__references_count_of(references, SCU_COMMIT_COMMITTED),
                              .failed = scu__references_count_of(references, SCU_COMMIT_FAILED),
                              .unlisted = scu__references_count_of(references, SCU_COMMIT_UNLISTED)};
}

static void tell_result(const scu_session *session, verdict *v) {
  const scu_hooks *hooks = &session->hooks;
  v->result.transaction_uid = v->transaction.text;
  if (v->has_come && hooks->commit) hooks->commit(hooks->user, &v->result);
}

static void refuse(verdict *v, uint16_t status, const char *comment) {
  v->answer = (scu__n_answer){.status = status, .comment = comment};
  snprintf(v->told, sizeof v->told, "a result of a storage commitment was answered %04XH: %s", status, comment);
}

/* What is not kept was not taken: the peer says it again. */
static void keep(const scu__commit_receiver *receiver, scu__transaction *transaction, const scu_dataset *information,
                 verdict *v) {
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__transaction_apply(transaction, information, scu__clock_wall_s(), &error);
  if (result != SCU_OK) {
    refuse(v, STATUS_INVALID_ARGUMENT, "an item has no instance UID");
    return;
  }
  if (receiver->ledger) result = scu__commit_ledger_put_result(receiver->ledger, transaction, &error);
  if (result == SCU_OK || result == SCU_END) return;
  scu__references_forget_result(&transaction->references);
  transaction->came_at = 0;
  refuse(v, SCU__STATUS_RESOURCE_LIMIT, "the result cannot be kept");
  size_t length = strlen(v->told);
  snprintf(v->told + length, sizeof v->told - length, ": %.200s", error.reason);
}

/* A transaction of an operation that is over, perhaps of another process. */
static void take_late(const scu__commit_receiver *receiver, const scu__uid *uid, const scu_dataset *information,
                      verdict *v) {
  scu__transaction found;
  scu_result result = receiver->ledger ? scu__commit_ledger_read(receiver->ledger, uid, &found, NULL) : SCU_END;
  if (result == SCU_END) refuse(v, SCU__STATUS_PROCESSING_FAILURE, "unknown Transaction UID");
  if (result < 0) refuse(v, SCU__STATUS_RESOURCE_LIMIT, "the ledger cannot be read");
  if (result != SCU_OK) return;
  if (found.came_at == 0) {
    keep(receiver, &found, information, v);
    note_result(v, &found);
    if (found.came_at != 0)
      snprintf(v->told, sizeof v->told,
               "the result of storage commitment %s, asked for before, came and is in the ledger: %zu of %zu instances "
               "are committed",
               uid->text, scu__references_count_of(&found.references, SCU_COMMIT_COMMITTED), found.references.count);
  }
  scu__transaction_free(&found);
}

static void judge(const scu__commit_receiver *receiver, const scu__command *command, const scu_dataset *information,
                  verdict *v) {
  scu__uid uid;
  if (command->event_type != EVENT_ALL_COMMITTED && command->event_type != EVENT_FAILURES_EXIST) {
    refuse(v, SCU__STATUS_NO_SUCH_EVENT_TYPE, "unknown Event Type ID");
    return;
  }
  if (!scu__transaction_uid_of(information, &uid)) {
    refuse(v, STATUS_INVALID_ARGUMENT, "no Transaction UID");
    return;
  }
  scu__transaction *live = find_live(receiver, &uid, &v->waiter);
  if (!live) {
    take_late(receiver, &uid, information, v);
  } else if (live->came_at == 0) {
    keep(receiver, live, information, v);
    note_result(v, live);
  }
}

/* A peer that gets no answer waits for ever: better that it sees the association end. */
static void abort_unanswered(scu__link *link, scu_result result) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, result, SCU_PHASE_RESPONSE, "an N-EVENT-REPORT could not be answered");
  scu__link_abort(link, &error);
}

static void report_came(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  scu__commit_way *way = owner;
  const scu_session *session = way->receiver->session;
  verdict v = {.answer = {.status = SCU__STATUS_SUCCESS}};
  if (event->kind != SCU__EXCHANGE_REQUEST) return;
  judge(way->receiver, event->command, event->identifier, &v);
  scu_result result = scu__n_provider_respond(exchange, &v.answer);
  if (result != SCU_OK) abort_unanswered(way->link, result);
  if (v.waiter) v.waiter->changed(v.waiter->owner);
  tell_result(session, &v);
  if (v.told[0]) scu__session_warn(session, "%s", v.told);
}

scu__exchange *scu__commit_way_take(scu__commit_way *way, uint8_t context_id, const scu__command *command,
                                    scu__exchange_event *event, uint16_t *status) {
  const scu__accepted_context *context = scu__negotiated_context(scu__link_negotiated(way->link), context_id);
  bool is_ours = context && command->field == SCU__N_EVENT_REPORT_RQ &&
                 strcmp(context->abstract_syntax.text, SCU__UID_STORAGE_COMMITMENT) == 0;
  if (!is_ours) return NULL;
  scu__encoding encoding = scu__transfer_syntax_encoding(scu__transfer_syntax_find(context->transfer_syntax.text));
  scu__exchange *exchange = NULL;
  scu_result result = scu__n_provider_new(way->receiver->session->allocator, scu__link_outbox(way->link), context_id,
                                          command, encoding, &exchange, event);
  if (result != SCU_OK) {
    *status = SCU__STATUS_RESOURCE_LIMIT;
    return NULL;
  }
  exchange->owner = way;
  exchange->on_event = report_came;
  return exchange;
}

/* --- those who call us -------------------------------------------------------------------------------------------- */

static bool is_calling_ae_accepted(void *user, const scu__ae *calling) {
  const scu_session *session = ((const scu__commit_receiver *)user)->session;
  const scu__config *config = session->config;
  if (strcmp(calling->text, session->peer.ae.text) == 0) return true;
  for (size_t i = 0; i < config->accept_from_count; i++)
    if (strcmp(config->accept_from[i].text, calling->text) == 0) return true;
  return false;
}

static bool is_abstract_syntax_supported(void *user, const scu__uid *abstract_syntax) {
  (void)user;
  return strcmp(abstract_syntax->text, SCU__UID_STORAGE_COMMITMENT) == 0 ||
         strcmp(abstract_syntax->text, SCU__UID_VERIFICATION) == 0;
}

/* The one who calls provides commitment, and we stay its user (PS3.7 D.3.3.4). */
static void accept_roles(void *user, const scu__uid *uid, bool *scu, bool *scp) {
  (void)user;
  bool is_commitment = strcmp(uid->text, SCU__UID_STORAGE_COMMITMENT) == 0;
  if (is_commitment) *scu = false;
  if (!is_commitment) *scp = false;
}

static bool guest_arrived(void *owner, scu__guest *guest) {
  scu__commit_receiver *receiver = owner;
  scu__commit_way *way = scu__alloc(receiver->session->allocator, sizeof *way);
  if (!way) return false;
  *way = (scu__commit_way){receiver, guest->link};
  guest->state = way;
  return true;
}

static const scu__acceptor_policy *guest_policy(void *owner, scu__guest *guest, const scu__associate *rq,
                                                scu__reject *reject) {
  scu__commit_receiver *receiver = owner;
  (void)reject;
  if (!is_calling_ae_accepted(receiver, &rq->calling))
    scu__session_warn(
        receiver->session,
        "%s at %s wanted to report a storage commitment and was rejected: not the AE title that was asked "
        "(%s); name it in accept-from if it is right",
        rq->calling.text, scu__link_peer_text(guest->link), receiver->session->peer.ae.text);
  return &receiver->policy;
}

static scu__exchange *guest_request(void *owner, scu__guest *guest, uint8_t context_id, const scu__command *command,
                                    scu__exchange_event *event, uint16_t *status) {
  (void)owner;
  return scu__commit_way_take(guest->state, context_id, command, event, status);
}

static void guest_left(void *owner, scu__guest *guest, const scu_error *error) {
  scu__commit_receiver *receiver = owner;
  (void)error;
  scu__free(receiver->session->allocator, guest->state);
  for (scu__commit_waiter *waiter = receiver->waiters; waiter; waiter = waiter->next) waiter->changed(waiter->owner);
}

static const scu__server_handler server_handler = {
    .arrived = guest_arrived,
    .policy = guest_policy,
    .request = guest_request,
    .left = guest_left,
};

static void make_policy(scu__commit_receiver *receiver) {
  const scu__config *config = receiver->session->config;
  receiver->policy = (scu__acceptor_policy){
      .our_ae = config->calling_ae.text,
      .is_calling_ae_accepted = is_calling_ae_accepted,
      .is_abstract_syntax_supported = is_abstract_syntax_supported,
      .accept_roles = accept_roles,
      .max_pdu_length = config->max_pdu,
      .implementation_class_uid = config->implementation_uid.text,
      .implementation_version_name = config->implementation_version,
      .user = receiver,
  };
}

static scu_result open_listener(scu__commit_receiver *receiver, scu_error *error) {
  const scu__config *config = receiver->session->config;
  scu__server_options options = {
      .address = config->listen_address,
      .port = config->listen_port,
      .max_pdu_length = config->max_pdu,
      .max_associations = config->listen_max_associations,
      .timeout_associate_ms = config->timeout_associate_ms,
      .timeout_idle_ms = config->timeout_idle_ms,
      .timeout_release_ms = config->timeout_release_ms,
      .trace = &receiver->session->trace,
      .observer = &receiver->session->guest_messages.observer,
  };
  return scu__server_new(receiver->session->loop, &options, &server_handler, receiver, &receiver->server, error);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static scu_result make_receiver(scu_session *session, scu_error *error) {
  scu__commit_receiver *receiver = scu__alloc(session->allocator, sizeof *receiver);
  if (!receiver) return scu__error_memory(error, SCU_PHASE_REQUEST);
  receiver->session = session;
  make_policy(receiver);
  scu_result result = SCU_OK;
  if (session->config->commit_ledger[0])
    result = scu__commit_ledger_open(session->config->commit_ledger, session->allocator, &receiver->ledger, error);
  if (result == SCU_OK)
    session->commit_receiver = receiver;
  else
    scu__commit_receiver_free(receiver);
  return result;
}

scu_result scu__commit_receiver_enter(scu_session *session, scu__commit_waiter *waiter, scu_error *error) {
  scu_result result = session->commit_receiver ? SCU_OK : make_receiver(session, error);
  if (result != SCU_OK) return result;
  scu__commit_receiver *receiver = session->commit_receiver;
  if (session->config->commit_listens && !receiver->server) result = open_listener(receiver, error);
  if (result != SCU_OK) return result;
  waiter->next = receiver->waiters;
  receiver->waiters = waiter;
  return SCU_OK;
}

static void close_listener(scu__commit_receiver *receiver) {
  scu__server *server = receiver->server;
  receiver->server = NULL; /* hooks that hear of its end may begin anew */
  scu__server_free(server);
}

void scu__commit_receiver_leave(scu_session *session, scu__commit_waiter *waiter) {
  scu__commit_receiver *receiver = session->commit_receiver;
  if (!receiver) return;
  for (scu__commit_waiter **at = &receiver->waiters; *at; at = &(*at)->next) {
    if (*at != waiter) continue;
    *at = waiter->next;
    break;
  }
  if (!receiver->waiters) close_listener(receiver);
}

void scu__commit_receiver_free(scu__commit_receiver *receiver) {
  if (!receiver) return;
  close_listener(receiver);
  scu__commit_ledger_close(receiver->ledger);
  scu__free(receiver->session->allocator, receiver);
}
