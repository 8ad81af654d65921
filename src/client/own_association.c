/* An association for messages one at a time, as an operation that lasts until it is closed: what comes waits in a
 * queue, a reader that is slower than the peer holds the peer back. */
#include "scu/association.h"

#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "client/association.h"
#include "client/no_response.h"
#include "client/op.h"
#include "client/own_message.h"
#include "client/proposal.h"
#include "data/dataset_encode.h"
#include "data/transfer_syntax.h"
#include "link/silence.h"
#include "service/message.h"

enum {
  WAITING_HIGH = 512,
  WAITING_LOW = 128,
  WAITING_BYTES = 32 * 1024 * 1024, /* that came while they came; then, too, the peer is held back */
  SERVED_MAX = 64,                  /* requests of the peer that the caller has not answered */
  SYNTAXES_MAX = 64                 /* of a context, see scu_proposal_add */
};

/* A request without its final response, ours or the peer's. */
typedef struct open_request open_request;
struct open_request {
  open_request *next;
  scu_association *association;
  scu__exchange *exchange;
};

struct scu_association {
  scu_op op; /* first */
  scu__lease lease;
  scu__associate wanted; /* contexts, roles and extended negotiation */
  bool is_proposed, is_open;
  open_request *asked;  /* by us */
  open_request *served; /* asked by the peer */
  scu__own_message *first, *last, *current;
  size_t waiting, waiting_answers;
  bool is_paused;   /* the peer is held back: too much waits */
  size_t receivers; /* calls that step the loop, one inside of the other */
  bool is_closed;   /* inside of any of them: done when the last has returned */
  uint64_t read_to; /* so much had come over the link when the queue was last empty */
  scu_error error;  /* of the last call */
  scu__timer timer;
  scu__silence silence;
};

static scu_loop *loop_of(const scu_association *a) {
  return a->op.session->loop;
}

/* --- silence ------------------------------------------------------------------------------------------------------ */

static void watch(scu_association *a, uint64_t now_ms) {
  uint64_t limit = a->op.session->config->timeout_response_ms;
  scu__timer_set(loop_of(a), &a->timer, scu__silence_next_look(&a->silence, limit, now_ms));
}

/* Of what we have asked: the peer's own requests are no answers. */
static uint64_t life_of(const scu_association *a) {
  const scu__link *link = scu__lease_link(&a->lease);
  uint64_t life = 0;
  for (const open_request *r = a->asked; r && link; r = r->next) life += scu__link_life(link, r->exchange);
  return life;
}

static void touch(scu_association *a) {
  uint64_t now = scu__loop_now(loop_of(a));
  scu__silence_break(&a->silence, life_of(a), now);
  if (a->asked)
    watch(a, now);
  else
    scu__timer_stop(loop_of(a), &a->timer);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void forget(open_request **list) {
  while (*list) {
    open_request *next = (*list)->next;
    scu__free((*list)->association->op.session->allocator, *list);
    *list = next;
  }
}

static void drop_exchanges(scu_association *a) {
  scu__link *link = scu__lease_link(&a->lease);
  for (open_request *r = a->asked; r && link; r = r->next) scu__link_drop(link, r->exchange);
  for (open_request *r = a->served; r && link; r = r->next) scu__link_drop(link, r->exchange);
  forget(&a->asked);
  forget(&a->served);
}

static void end(scu_association *a, const scu_error *error) {
  drop_exchanges(a);
  a->is_open = false;
  scu__timer_stop(loop_of(a), &a->timer);
  scu__lease_abort(&a->lease);
  scu__op_finish(&a->op, error->result, error);
}

static void timer_expired(scu__timer *self, uint64_t now_ms) {
  scu_association *a = (scu_association *)((char *)self - offsetof(scu_association, timer));
  uint64_t limit = a->op.session->config->timeout_response_ms;
  bool is_silence_ours = a->waiting_answers > 0 || a->is_paused;
  if (is_silence_ours || scu__silence_is_broken(&a->silence, life_of(a), now_ms)) {
    touch(a); /* what waits to be received is no silence */
    return;
  }
  if (!scu__silence_has_lasted(&a->silence, limit, now_ms)) {
    watch(a, now_ms);
    return;
  }
  scu_error error;
  scu__no_response(&error, a->op.session, a->asked->exchange->class_->name, limit, SCU_OPTION_TIMEOUT_RESPONSE, "");
  end(a, &error);
}

/* --- what comes --------------------------------------------------------------------------------------------------- */

static void lose_memory(scu_association *a) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_memory(&error, SCU_PHASE_RESPONSE);
  end(a, &error);
}

static void keep(scu_association *a, const scu__exchange *exchange, const scu__command *command,
                 const scu_dataset *dataset) {
  scu__link *link = scu__lease_link(&a->lease);
  scu__own_message *own;
  if (scu__own_message_come(link, exchange, command, dataset, &own) != SCU_OK) {
    lose_memory(a);
    return;
  }
  *(a->last ? &a->last->next : &a->first) = own;
  a->last = own;
  uint64_t moved = scu__link_moved(link);
  if (++a->waiting == 1) a->read_to = moved;
  if (scu__command_is_response(command)) a->waiting_answers++;
  if (a->waiting < WAITING_HIGH && moved - a->read_to <= WAITING_BYTES) return;
  a->is_paused = true;
  scu__link_pause(link, true);
}

static void close_request(open_request **list, const open_request *done) {
  for (open_request **at = list; *at; at = &(*at)->next) {
    if (*at != done) continue;
    open_request *gone = *at;
    *at = gone->next;
    scu__free(gone->association->op.session->allocator, gone);
    return;
  }
}

static void answered(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  open_request *request = owner;
  scu_association *a = request->association;
  if (event->kind == SCU__EXCHANGE_FINAL) close_request(&a->asked, request);
  touch(a);
  keep(a, exchange, event->command, event->identifier);
}

static void asked(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  const open_request *request = owner;
  scu__command cancel;
  if (event->kind == SCU__EXCHANGE_CANCEL) {
    scu__cancel_init(&cancel, exchange->message_id);
    keep(request->association, exchange, &cancel, NULL);
  } else if (event->kind == SCU__EXCHANGE_REQUEST) {
    keep(request->association, exchange, event->command, event->identifier);
  }
}

/* It has answered what could not be read, or was refused before it was heard to its end. */
static void gone(void *owner, scu__exchange *exchange) {
  open_request *request = owner;
  (void)exchange;
  close_request(&request->association->served, request);
}

static open_request *open_new(scu_association *a, open_request **list, scu__exchange *exchange) {
  open_request *request = scu__alloc(a->op.session->allocator, sizeof *request);
  if (!request) return NULL;
  *request = (open_request){.next = *list, .association = a, .exchange = exchange};
  *list = request;
  return request;
}

static scu__encoding encoding_of(const scu__accepted_context *context) {
  return scu__transfer_syntax_encoding(scu__transfer_syntax_find(context->transfer_syntax.text));
}

static scu__exchange *serve(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                            scu__exchange_event *event, uint16_t *status) {
  scu_association *a = owner;
  const scu__accepted_context *context = scu__negotiated_context(scu__link_negotiated(link), context_id);
  scu__exchange *exchange = NULL;
  *status = SCU__STATUS_UNRECOGNISED_OPERATION;
  size_t served = 0;
  for (const open_request *r = a->served; r; r = r->next) served++;
  open_request *request = served < SERVED_MAX ? open_new(a, &a->served, NULL) : NULL;
  scu_result result = request ? scu__message_provider_new(a->op.session->allocator, scu__link_outbox(link), context_id,
                                                          command, encoding_of(context), &exchange, event)
                              : SCU_ERROR_MEMORY;
  if (result != SCU_OK) {
    if (result == SCU_ERROR_MEMORY) *status = SCU__STATUS_RESOURCE_LIMIT;
    if (request) close_request(&a->served, request);
    return NULL;
  }
  request->exchange = exchange;
  exchange->owner = request;
  exchange->on_event = asked;
  exchange->on_gone = gone;
  return exchange;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool lease_fits(void *owner, const scu__negotiated *negotiated) {
  return ((scu_association *)owner)->is_proposed && negotiated->count > 0;
}

static scu_result copy_context(const scu__context *from, scu__associate *to) {
  const char *syntaxes[SYNTAXES_MAX];
  size_t count = from->count < SYNTAXES_MAX ? from->count : SYNTAXES_MAX;
  for (size_t i = 0; i < count; i++) syntaxes[i] = from->transfer_syntaxes[i].text;
  return scu__associate_add_context(to, from->abstract_syntax.text, syntaxes, count, NULL);
}

static scu_result lease_propose(void *owner, scu__associate *rq) {
  scu_association *a = owner;
  const scu__config *config = a->op.session->config;
  scu_result result = SCU_OK;
  a->is_proposed = true;
  for (size_t i = 0; i < a->wanted.context_count && result == SCU_OK; i++)
    result = copy_context(&a->wanted.contexts[i], rq);
  for (size_t i = 0; i < a->wanted.role_count && result == SCU_OK; i++) {
    const scu__role *role = &a->wanted.roles[i];
    result = scu__associate_add_role(rq, role->uid.text, role->scu, role->scp);
  }
  for (size_t i = 0; i < a->wanted.extended_count && result == SCU_OK; i++) {
    const scu__extended *extended = &a->wanted.extended[i];
    result = scu__associate_add_extended(rq, extended->uid.text, extended->bytes.data, extended->bytes.length);
  }
  if (config->async_window > 1)
    rq->window = (scu__window){.present = true, .invoked = (uint16_t)config->async_window, .performed = 1};
  return result;
}

static void lease_ready(void *owner, scu__link *link) {
  scu_association *a = owner;
  (void)link;
  a->is_open = true;
}

/* Exchanges go with the link. */
static void lease_lost(void *owner, const scu_error *error) {
  scu_association *a = owner;
  forget(&a->asked);
  forget(&a->served);
  end(a, error);
}

/* It is the caller's turn: to ask, to answer, to read, or to close. */
static bool lease_is_held(void *owner) {
  const scu_association *a = owner;
  return a->is_open && (!a->asked || a->waiting > 0);
}

static void cancel(scu_op *op) {
  scu_association *a = (scu_association *)op;
  scu_error error;
  for (const open_request *r = a->asked; r; r = r->next) (void)scu__exchange_cancel(r->exchange);
  if (a->is_open) {
    scu__link_pump(scu__lease_link(&a->lease));
    return;
  }
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_ASSOCIATE, "cancelled by the caller");
  end(a, &error);
}

static void abort_association(scu_op *op, const scu_error *error) {
  scu_association *a = (scu_association *)op;
  if (!a->lease.association) end(a, error);
}

static void free_message(scu__own_message *own) {
  if (own) scu_message_free(&own->message);
}

static void free_association(scu_op *op) {
  scu_association *a = (scu_association *)op;
  bool is_idle = !a->asked && !a->served && a->is_open;
  drop_exchanges(a);
  scu__timer_stop(loop_of(a), &a->timer);
  if (is_idle)
    scu__lease_return(&a->lease);
  else
    scu__lease_abort(&a->lease);
  scu__associate_free(&a->wanted);
  free_message(a->current);
  while (a->first) {
    scu__own_message *next = a->first->next;
    free_message(a->first);
    a->first = next;
  }
}

static const scu__op_class association_class = {
    .name = "the association", .cancel = cancel, .abort = abort_association, .free = free_association};

scu_result scu_association_start(scu_session *session, scu_result (*propose)(void *user, scu_proposal *proposal),
                                 void *user, scu_association **out) {
  *out = NULL;
  if (!session->loop) return session->error.result;
  scu__session_set_error(session, NULL);
  scu_association *a = scu__op_new(session, &association_class, sizeof *a);
  if (!a) return scu__error_memory(&session->error, SCU_PHASE_ASSOCIATE);
  scu__error_clear(&a->error);
  scu__associate_init(&a->wanted, session->allocator);
  a->timer.expired = timer_expired;
  a->lease = (scu__lease){.owner = a,
                          .fits = lease_fits,
                          .propose = lease_propose,
                          .ready = lease_ready,
                          .lost = lease_lost,
                          .request = serve,
                          .is_held = lease_is_held};
  scu_proposal proposal = {.rq = &a->wanted};
  scu_result result = propose ? propose(user, &proposal) : SCU_ERROR_USAGE;
  if (result == SCU_OK && a->wanted.context_count == 0) result = SCU_ERROR_USAGE;
  if (result != SCU_OK) {
    scu_op_free(&a->op);
    return scu__error_set(&session->error, result, SCU_PHASE_USAGE,
                          result == SCU_ERROR_USAGE ? "no presentation context was proposed"
                                                    : "the proposal could not be made");
  }
  scu__lease_acquire(&a->lease, session);
  *out = a;
  return SCU_OK;
}

scu_result scu_association_state(const scu_association *a) {
  if (a->op.is_done) return a->op.result;
  return a->is_open ? SCU_OK : SCU_PENDING;
}

const scu_error *scu_association_error(const scu_association *a) {
  if (!a) return NULL;
  return scu__error_is_set(&a->error) ? &a->error : &a->op.error;
}

scu_result scu_association_open(scu_session *session, scu_result (*propose)(void *user, scu_proposal *proposal),
                                void *user, scu_association **out) {
  scu_result result = scu_association_start(session, propose, user, out);
  if (result != SCU_OK) return result;
  while ((result = scu_association_state(*out)) == SCU_PENDING) {
    scu_result waited = scu_loop_wait(session->loop, -1);
    if (waited != SCU_OK) {
      scu__error_set(&(*out)->op.error, waited, SCU_PHASE_NONE, "the event loop failed");
      result = waited;
      break;
    }
  }
  if (result == SCU_OK) return SCU_OK;
  scu__session_set_error(session, &(*out)->op.error);
  scu_op_free(&(*out)->op);
  *out = NULL;
  return result;
}

void scu_association_close(scu_association *a) {
  if (!a) return;
  a->is_closed = true;
  if (a->receivers == 0) scu_op_free(&a->op);
}

size_t scu_association_open_requests(const scu_association *a) {
  size_t count = 0;
  for (const open_request *r = a->asked; r; r = r->next) count++;
  return count;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static scu_result refuse(scu_association *a, scu_result result, const char *why) {
  return scu__error_set(&a->error, result, SCU_PHASE_REQUEST, "%s", why);
}

/* A hook may have held it back. */
static scu_result explain(scu_association *a, scu_result result, const char *why) {
  scu__link_explain(scu__lease_link(&a->lease), result, &a->error);
  return refuse(a, result, why);
}

/* SCU_OK: it is there. The error is then that of this call. A scu_cancel of the past was for what was open then. */
static scu_result begin_call(scu_association *a) {
  scu__error_clear(&a->error);
  scu_result state = scu_association_state(a);
  if (state != SCU_OK) return state;
  a->op.is_cancelled = false;
  scu__link_explain(scu__lease_link(&a->lease), SCU_OK, NULL); /* of a message that nobody asked about */
  return SCU_OK;
}

static const scu__accepted_context *context_of(const scu_association *a, uint8_t id) {
  return scu__negotiated_context(scu__link_negotiated(scu__lease_link(&a->lease)), id);
}

static scu_result respond(scu_association *a, const scu_message *message) {
  const scu__command *response = &message->command;
  open_request *request = a->served;
  while (request && (request->exchange->context_id != message->context_id ||
                     request->exchange->message_id != response->responded_message_id))
    request = request->next;
  if (!request) return refuse(a, SCU_ERROR_USAGE, "a response without an open request");
  scu__buffer bytes;
  scu__buffer_init(&bytes, a->op.session->allocator, SCU__MESSAGE_DATASET_MAX);
  scu_result result = scu__own_message_encode(message, context_of(a, message->context_id), &bytes, &a->error);
  if (result == SCU_OK) result = scu__message_provider_respond_encoded(request->exchange, response, &bytes);
  scu__buffer_free(&bytes);
  if (result != SCU_OK) return explain(a, result, "the response cannot be sent as it is");
  scu__status_kind kind = scu__status_class(response->status, response->field);
  if (kind != SCU__STATUS_KIND_PENDING) {
    request->exchange->on_event = NULL;
    request->exchange->on_gone = NULL;
    close_request(&a->served, request);
  }
  scu__link_pump(scu__lease_link(&a->lease));
  return SCU_OK;
}

static bool is_window_full(const scu_association *a, const scu__negotiated *negotiated) {
  size_t granted = negotiated->max_invoked; /* 0 = unlimited */
  return granted > 0 && scu_association_open_requests(a) >= granted;
}

static scu_result check(scu_association *a, const scu__accepted_context *context) {
  if (!context) return refuse(a, SCU_ERROR_REJECTED, "no presentation context for the message was accepted");
  if (is_window_full(a, scu__link_negotiated(scu__lease_link(&a->lease))))
    return refuse(a, SCU_ERROR_LIMIT, "as many requests are open as the peer allows");
  return SCU_OK;
}

static scu_result request(scu_association *a, const scu_message *message, uint16_t *message_id) {
  const scu_allocator *allocator = a->op.session->allocator;
  scu__link *link = scu__lease_link(&a->lease);
  const scu__accepted_context *context = scu__own_message_context(message, scu__link_negotiated(link));
  scu_result result = check(a, context);
  if (result != SCU_OK) return result;
  open_request *asking = open_new(a, &a->asked, NULL);
  if (!asking) return scu__error_memory(&a->error, SCU_PHASE_REQUEST);
  scu__buffer bytes;
  scu__buffer_init(&bytes, allocator, SCU__MESSAGE_DATASET_MAX);
  uint16_t id = scu__link_next_message_id(link);
  result = scu__own_message_encode(message, context, &bytes, &a->error);
  if (result == SCU_OK)
    result = scu__message_request_new(allocator, scu__link_outbox(link), context->id, id, &message->command, &bytes,
                                      encoding_of(context), &asking->exchange);
  scu__buffer_free(&bytes);
  if (result != SCU_OK) {
    close_request(&a->asked, asking);
    return explain(a, result, "the request is incomplete, or has what does not belong to it");
  }
  asking->exchange->owner = asking;
  asking->exchange->on_event = answered;
  if (message_id) *message_id = id;
  touch(a);
  scu__link_start(link, asking->exchange);
  return SCU_OK;
}

scu_result scu_association_send(scu_association *a, const scu_message *message, uint16_t *message_id) {
  scu_result result = begin_call(a);
  if (result != SCU_OK) return result;
  result = scu__own_message_check(message, &a->error);
  if (result != SCU_OK) return result;
  return scu__command_is_response(&message->command) ? respond(a, message) : request(a, message, message_id);
}

scu_result scu_association_cancel(scu_association *a, uint16_t message_id) {
  scu_result result = begin_call(a);
  if (result != SCU_OK) return result;
  const open_request *r = a->asked;
  while (r && r->exchange->message_id != message_id) r = r->next;
  result = r ? scu__exchange_cancel(r->exchange) : SCU_ERROR_USAGE;
  if (result != SCU_OK) return explain(a, result, "no open request of that Message ID that could be cancelled");
  scu__link_pump(scu__lease_link(&a->lease));
  return SCU_OK;
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static bool take_waiting(scu_association *a, const scu_message **message) {
  free_message(a->current);
  a->current = a->first;
  *message = NULL;
  if (!a->current) return false;
  a->first = a->current->next;
  if (!a->first) a->last = NULL;
  if (scu__command_is_response(&a->current->message.command)) a->waiting_answers--;
  a->waiting--;
  bool is_low = a->waiting == WAITING_LOW || a->waiting == 0; /* few may be large */
  if (a->is_paused && is_low && a->is_open) {
    a->is_paused = false;
    scu__link_pause(scu__lease_link(&a->lease), false);
  }
  *message = &a->current->message;
  return true;
}

/* CANCELLED with *is_there false: a hook has closed it, and it is not to be touched any more. */
static scu_result step_loop(scu_association *a, int wait_ms, bool *is_there) {
  a->receivers++;
  scu_result result = scu_loop_wait(loop_of(a), wait_ms);
  a->receivers--;
  *is_there = !a->is_closed;
  scu_association_close(*is_there ? NULL : a);
  if (!*is_there) return SCU_ERROR_CANCELLED;
  if (result == SCU_OK) return SCU_OK;
  return scu__error_set(&a->error, result, SCU_PHASE_NONE, "the event loop failed");
}

scu_result scu_association_receive(scu_association *a, int timeout_ms, const scu_message **message) {
  scu_loop *loop = loop_of(a);
  uint64_t until = timeout_ms < 0 ? UINT64_MAX : scu__loop_now(loop) + (uint64_t)timeout_ms;
  scu__error_clear(&a->error);
  for (bool has_looked = false;; has_looked = true) {
    if (take_waiting(a, message)) return SCU_OK;
    if (a->op.is_done) return a->op.result;
    uint64_t now = scu__loop_now(loop), left = until > now ? until - now : 0;
    if (left == 0 && has_looked) return SCU_PENDING;
    bool is_there;
    scu_result waited = step_loop(a, until == UINT64_MAX ? -1 : left > INT_MAX ? INT_MAX : (int)left, &is_there);
    if (waited != SCU_OK) return waited;
  }
}
