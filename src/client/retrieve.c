/* C-MOVE and C-GET as one operation (PS3.4 C.4.2, C.4.3): find out what is promised, fetch it, compare, ask once more
 * for what is missing, give a verdict. RULES 18-24 of the field.
 *
 *   take stock   a drill down to image level: the promise, and the unique keys to ask with
 *   transfer     one request per target; instances come over the association (get) or by our listener (move to self)
 *   grace        a listener waits for sub-operations that come after the final response
 *   again        once, at image level, for what did not come */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "client/character_set.h"
#include "client/drill.h"
#include "client/get_contexts.h"
#include "client/inventory.h"
#include "client/op.h"
#include "client/progress.h"
#include "client/query_options.h"
#include "client/refusal.h"
#include "client/report.h"
#include "client/request.h"
#include "client/uid_list.h"
#include "data/dataset_encode.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "listener/incoming.h"
#include "listener/listener.h"
#include "listener/sink.h"

enum {
  ROUNDS_MAX = 48, /* of asking again for what is missing, each with other contexts */
  LIST_MAX = SCU__UIDS_PER_REQUEST_MAX * 66 + 1,
  SURPLUS_MAX = 1000 /* instances of one request that nobody asked for, or as many as were promised */
};

typedef enum route { ROUTE_MOVE, ROUTE_MOVE_TO_SELF, ROUTE_GET } route;

typedef struct retrieve_op {
  scu_op op; /* first */
  route route;
  scu_query *query;
  scu__query_shape shape;
  scu__ae destination;
  scu_sink *sink;

  scu__drill *drill;
  scu__inventory inventory;
  bool has_promise;    /* the inventory lists what should come */
  bool is_nobody_told; /* something was passed over: see is_nobodys */
  size_t surplus;      /* instances of this request that brought nothing: not promised, there already, or not stored */

  size_t next_target;
  unsigned round;
  size_t received_before;   /* this round */
  scu__get_classes classes; /* C-GET: what is still to be offered */
  bool must_open;           /* C-GET: this round is about other contexts than the last one's */
  bool were_failures;       /* the peer could not send something in this round */
  scu__request request;
  bool are_options_told;
  bool is_proposed; /* the association was opened for this inventory */
  scu_dataset *identifier;
  scu_listener *listener;
  scu__receiver receiver; /* C-GET */
  uint64_t life;          /* as is_alive last saw it */
  scu__timer grace;
  uint64_t grace_end_ms;
  bool is_in_grace;
  scu__task task;

  scu__progress progress;
  uint64_t counts[SCU__OUTCOMES], bytes;
  uint64_t peer_completed, peer_failed, peer_warning;
  uint16_t status;
  char comment[65];
  scu_error refusal; /* the first failing final response, or why a round could not be asked for */
} retrieve_op;

static scu_session *session_of(const retrieve_op *op) {
  return op->op.session;
}
/* RULES 20 */
static size_t uids_per_request(const retrieve_op *op) {
  return session_of(op)->config->uids_per_request;
}
static void go_on(retrieve_op *op) {
  scu__task_queue(session_of(op)->loop, &op->task);
}

static void finish(retrieve_op *op, scu_result result, const scu_error *error) {
  if (op->op.is_done) return;
  scu__timer_stop(session_of(op)->loop, &op->grace);
  scu__progress_tell(&op->progress, true);
  scu_listener *listener = op->listener;
  op->listener = NULL; /* hooks that hear of what is lost with it may step the loop */
  scu_listener_free(listener);
  scu__op_finish(&op->op, result, error);
}

/* --- what comes --------------------------------------------------------------------------------------------------- */

static bool is_flooded(const retrieve_op *op) {
  size_t most = op->inventory.count > SURPLUS_MAX ? op->inventory.count : SURPLUS_MAX;
  return op->has_promise && op->surplus > most;
}

static void end_flooded(retrieve_op *op) {
  scu_error error;
  scu_result result = op->op.is_cancelled ? SCU_ERROR_CANCELLED : SCU_ERROR_LIMIT;
  scu__error_clear(&error);
  scu__error_set(&error, result, SCU_PHASE_RESPONSE,
                 "%zu instances came for one request that were not asked for, had come before or could not be kept "
                 "(%zu were promised): given up",
                 op->surplus, op->inventory.count);
  scu__request_stop(&op->request);
  scu__receiver_end(&op->receiver, "given up: the peer sends what nobody asked for");
  finish(op, result, &error);
}

static void instance_done(void *owner, const scu_instance_outcome *outcome) {
  retrieve_op *op = owner;
  bool is_stored = outcome->outcome != SCU_OUTCOME_FAILED;
  scu__arrival arrival =
      is_stored ? scu__inventory_received(&op->inventory, outcome->sop_instance_uid) : SCU__ARRIVAL_NEW;
  if (arrival != SCU__ARRIVAL_AGAIN) op->counts[outcome->outcome]++; /* what comes twice is one instance */
  if (is_stored) op->bytes += outcome->bytes;
  if (arrival != SCU__ARRIVAL_NEW || !is_stored) op->surplus++;
  if (op->has_promise && arrival == SCU__ARRIVAL_NOT_PROMISED)
    scu__op_warn(&op->op, "%s came although it was not asked for; it is kept", outcome->sop_instance_uid);
  op->progress.instances_done++;
  op->progress.bytes_done = op->bytes;
  scu__op_tell_instance(&op->op, outcome);
  scu__progress_tell(&op->progress, false);
  scu__request_touch(&op->request);
  if (op->is_in_grace || is_flooded(op)) go_on(op); /* not from inside the listener, which the end of the grace frees */
}

static void judge(void *owner, scu__judged when, scu_received *received) {
  retrieve_op *op = owner;
  if (op->op.is_freed) return;
  scu__op_go_out(&op->op);
  scu__hooks_judge(&session_of(op)->hooks, when, received);
  scu__op_come_back(&op->op);
  scu__request_touch(&op->request);
}

static bool is_held(void *owner) {
  return ((const retrieve_op *)owner)->op.outside > 0;
}

static void knocked(void *owner, const char *calling_ae, const char *peer) {
  retrieve_op *op = owner;
  scu__op_warn(&op->op,
               "%s at %s wanted to send and was rejected: not the AE title this move waits for (%s); name it in "
               "accept-from if it is right",
               calling_ae, peer, session_of(op)->peer.ae.text);
}

static const scu__listener_handler listener_handler = {.instance = instance_done, .knocked = knocked, .judge = judge};

/* Instances come, or wait at our listener for the sink. */
static bool is_alive(void *owner) {
  retrieve_op *op = owner;
  uint64_t life = op->receiver.life + (op->listener ? scu__listener_life(op->listener) : 0);
  bool is_moving = life != op->life || (op->listener && scu__listener_is_keeping(op->listener));
  op->life = life;
  return is_moving;
}

static scu_result open_listener(retrieve_op *op, scu_error *error) {
  const scu__config *config = session_of(op)->config;
  scu__ae accepted[SCU__ACCEPT_FROM_MAX + 1];
  accepted[0] = session_of(op)->peer.ae;
  memcpy(accepted + 1, config->accept_from, config->accept_from_count * sizeof *accepted);
  scu__listener_options options = {
      .ae = config->calling_ae,
      .address = config->listen_address,
      .port = config->listen_port,
      .accept_from = accepted,
      .accept_from_count = config->accept_from_count + 1,
      .max_pdu_length = config->max_pdu,
      .max_associations = config->listen_max_associations,
      .timeout_associate_ms = config->timeout_associate_ms,
      .timeout_idle_ms = 2 * config->timeout_retrieve_ms, /* not before the retrieval itself gives up */
      .timeout_release_ms = config->timeout_release_ms,
      .implementation_class_uid = config->implementation_uid.text,
      .implementation_version_name = config->implementation_version,
      .trace = &session_of(op)->trace,
      .observer = &session_of(op)->guest_messages.observer,
  };
  return scu__listener_new(session_of(op)->loop, &options, op->sink, &listener_handler, op, &op->listener, error);
}

/* --- taking stock ------------------------------------------------------------------------------------------------- */

/* Nothing is promised: the instances go elsewhere, or the model does not name them. */
static bool is_promise_wanted(const retrieve_op *op) {
  return op->route != ROUTE_MOVE && scu__model_info_of(op->shape.model)->last == SCU_LEVEL_IMAGE;
}

/* PS3.4 C.2.2.1.2: what has no value for a required key matches any, so a search by Patient ID may find studies that
 * are nobody's. Shown, they do no harm; fetched, they would be taken for the patient's. */
static bool is_nobodys(const retrieve_op *op, const scu_dataset *row) {
  char text[SCU__UNIQUE_VALUE_MAX];
  scu_tag tag = scu__query_unique_key(SCU_LEVEL_PATIENT);
  const scu_element *wanted = scu_dataset_find(op->query->keys, tag);
  size_t length = wanted ? (size_t)scu_element_length(wanted) : 0;
  const uint8_t *bytes = wanted ? scu_element_bytes(wanted) : NULL;
  while (length > 0 && bytes && (bytes[length - 1] == '*' || bytes[length - 1] == ' ')) length--;
  return length > 0 && scu_dataset_find(row, tag) && scu__dataset_tag_text(row, tag, text, sizeof text) == SCU_OK &&
         !text[0];
}

static void take_row(void *owner, const scu_dataset *row) {
  retrieve_op *op = owner;
  scu_result result;
  if (is_nobodys(op, row)) {
    if (!op->is_nobody_told)
      scu__op_warn(&op->op, "matches without a Patient ID are not fetched: nothing says whose they are");
    op->is_nobody_told = true;
    return;
  }
  if (is_promise_wanted(op)) {
    result = scu__inventory_add(&op->inventory, op->shape.level, op->shape.first, row);
  } else {
    scu__unique_keys known = {0};
    for (int level = (int)op->shape.first; level <= (int)op->shape.level; level++)
      scu__dataset_tag_text(row, scu__query_unique_key((scu_query_level)level), known.value[level],
                            SCU__UNIQUE_VALUE_MAX);
    result = scu__inventory_add_target(&op->inventory, op->shape.level, &known);
  }
  if (result == SCU_OK) return;
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, result, SCU_PHASE_REQUEST, "the list of what is promised could not be kept");
  finish(op, result, &error);
  scu__drill_cancel(op->drill);
}

static const scu_element *last_key(const retrieve_op *op) {
  return scu_dataset_find(op->query->keys, scu__query_unique_key(op->shape.level));
}

/* A query of unique keys needs no C-FIND: it is a target by itself, or several when its list of UIDs is long. */
static scu_result make_targets_of_query(retrieve_op *op) {
  scu__unique_keys known;
  scu__query_first_level(op->query, &op->shape, &known);
  const scu_element *key = last_key(op);
  size_t uids = key && !op->query->is_raw ? scu__uid_list_count(key) : 0, at = 0;
  do {
    scu_result result = scu__inventory_add_target(&op->inventory, op->shape.level, &known);
    if (result != SCU_OK) return result;
    op->inventory.targets[op->inventory.target_count - 1].first_uid = at;
    at += uids_per_request(op);
  } while (at < uids);
  return SCU_OK;
}

static void start_transfer(retrieve_op *op) {
  scu_error error;
  scu__error_clear(&error);
  op->progress.instances_total = op->has_promise ? op->inventory.count : 0;
  if (op->inventory.target_count == 0) {
    finish(op, SCU_OK, NULL);
    return;
  }
  scu_result result = op->route == ROUTE_MOVE_TO_SELF ? open_listener(op, &error) : SCU_OK;
  if (result == SCU_OK && op->route == ROUTE_GET) result = scu__get_classes_init(&op->classes, &op->inventory);
  if (result == SCU_OK && op->has_promise && op->shape.level == SCU_LEVEL_IMAGE)
    result = scu__inventory_retarget(&op->inventory, uids_per_request(op));
  if (result != SCU_OK) {
    scu__error_set(&error, result, SCU_PHASE_REQUEST, "the transfer could not be prepared");
    finish(op, result, &error);
    return;
  }
  go_on(op);
}

static void drill_done(void *owner, const scu__drill_result *result) {
  retrieve_op *op = owner;
  if (op->op.is_done) return;
  bool cannot_find = result->result == SCU_ERROR_REJECTED || result->result == SCU_ERROR_REFUSED;
  if (result->result == SCU_OK) {
    op->has_promise = is_promise_wanted(op);
    start_transfer(op);
  } else if (cannot_find && scu__query_has_only_unique_keys(op->query, &op->shape)) {
    scu__op_warn(&op->op, "the peer does not say what it has (%s): only counts can be compared", result->error->reason);
    scu__inventory_free(&op->inventory);
    scu_result made = make_targets_of_query(op);
    if (made == SCU_OK)
      start_transfer(op);
    else
      finish(op, made, NULL);
  } else {
    finish(op, result->result, result->error);
  }
}

static const scu__drill_handler drill_handler = {.row = take_row, .done = drill_done};

/* --- one request -------------------------------------------------------------------------------------------------- */

static const char *service_class(const retrieve_op *op) {
  const scu__model_info *model = scu__model_info_of(op->shape.model);
  return op->route == ROUTE_GET ? model->get : model->move;
}

/* A unique key above the target's level is not known: only a relational retrieval does without it. */
static bool lacks_upper_key(const retrieve_op *op) {
  const scu__target *target = &op->inventory.targets[op->next_target];
  for (int level = (int)op->shape.first; level < (int)target->level; level++)
    if (!target->known.value[level][0]) return true;
  return false;
}

static scu__option_set wanted_options(const retrieve_op *op) {
  return scu__options_wanted(session_of(op), op->query, service_class(op), lacks_upper_key(op));
}

/* What was proposed and not agreed: told once, and an error where the request makes no sense without it. */
static scu_result check_options(retrieve_op *op, const scu__negotiated *negotiated, scu_error *error) {
  if (!op->are_options_told) scu__options_warn(&op->op, op->query, service_class(op), negotiated);
  op->are_options_told = true;
  bool is_agreed = scu__option_is_agreed(SCU_QUERY_RELATIONAL, service_class(op), negotiated);
  if (op->query->is_raw || is_agreed || !lacks_upper_key(op)) return SCU_OK;
  scu__error_set(error, SCU_ERROR_REFUSED, SCU_PHASE_REQUEST,
                 "a unique key above the %s level is missing; the peer neither answers C-FIND nor agrees to relational "
                 "retrieval",
                 scu_query_level_name(op->shape.level));
  scu__error_hint(error, "name the unique keys of all levels above, for example StudyInstanceUID");
  return SCU_ERROR_REFUSED;
}

static const scu__ae *destination(const retrieve_op *op) {
  return op->route == ROUTE_MOVE ? &op->destination : &session_of(op)->config->calling_ae;
}

/* The last unique key of a query may be a list of UIDs; then it is the list, not the (single) value that is known. */
static scu_result query_list(const retrieve_op *op, const scu__target *target, scu__buffer *list) {
  const scu_element *key = last_key(op);
  if (key && scu__uid_list_count(key) > 0) {
    size_t length;
    const uint8_t *part = scu__uid_list_part(key, target->first_uid, uids_per_request(op), &length);
    scu__put_bytes(list, part, length);
    scu__put_u8(list, 0);
    return SCU_OK;
  }
  uint8_t *to = scu__buffer_reserve(list, LIST_MAX);
  if (!to) return SCU_ERROR_MEMORY;
  scu_result result =
      scu__dataset_tag_text(op->query->keys, scu__query_unique_key(op->shape.level), (char *)to, LIST_MAX);
  if (result == SCU_OK) scu__buffer_commit(list, strlen((char *)to) + 1);
  return result;
}

static scu_result make_identifier(retrieve_op *op, scu_error *error) {
  const scu__target *target = &op->inventory.targets[op->next_target];
  if (op->query->is_raw) return scu__raw_identifier(op->query, &op->shape, op->identifier, error);
  scu__buffer list;
  scu__buffer_init(&list, session_of(op)->allocator, LIST_MAX);
  scu_result result = SCU_OK;
  if (target->level == SCU_LEVEL_IMAGE && target->count > 0)
    scu__inventory_list(&op->inventory, target, &list);
  else if (!target->known.value[target->level][0])
    result = query_list(op, target, &list);
  if (result == SCU_OK) result = scu__buffer_result(&list);
  if (result == SCU_OK)
    result = scu__retrieve_identifier(op->query, &op->shape, target->level, &target->known,
                                      list.length > 0 ? (const char *)list.data : NULL, op->identifier, error);
  scu__buffer_free(&list);
  return result;
}

static scu_result make(void *owner, scu__link *link, const scu__accepted_context *context, uint16_t message_id,
                       scu__exchange **out, scu_error *error) {
  retrieve_op *op = owner;
  const scu_allocator *allocator = session_of(op)->allocator;
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(context->transfer_syntax.text);
  scu__encoding encoding = scu__transfer_syntax_encoding(syntax);
  if (op->route == ROUTE_GET && !scu__get_can_receive(scu__link_negotiated(link))) {
    scu__error_set(error, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE,
                   "the peer grants us no storage SCP role, so it could not send anything over a C-GET");
    scu__error_hint(error, "role selection is not enabled at the peer for this AE title; C-MOVE may work");
    return SCU_ERROR_REJECTED;
  }
  scu_result result = check_options(op, scu__link_negotiated(link), error);
  if (result == SCU_OK) result = make_identifier(op, error);
  if (result == SCU_OK) result = scu__charset_of_request(session_of(op), op->identifier);
  if (result != SCU_OK) return result;
  scu__buffer bytes;
  scu__buffer_init(&bytes, allocator, SCU__IDENTIFIER_MAX);
  result = scu__dataset_encode(op->identifier, encoding, &bytes, error);
  if (result != SCU_OK) {
    scu__buffer_free(&bytes);
    return result;
  }
  scu__outbox *outbox = scu__link_outbox(link);
  op->receiver.link = link;
  if (op->route == ROUTE_GET)
    return scu__get_request_new(allocator, outbox, context->id, message_id, &context->abstract_syntax,
                                SCU__PRIORITY_MEDIUM, &bytes, encoding, out);
  return scu__move_request_new(allocator, outbox, context->id, message_id, &context->abstract_syntax,
                               SCU__PRIORITY_MEDIUM, destination(op), &bytes, encoding, out);
}

static scu__exchange *serve(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                            scu__exchange_event *event, uint16_t *status) {
  retrieve_op *op = owner;
  (void)link;
  if (op->route != ROUTE_GET || command->field != SCU__C_STORE_RQ) return NULL;
  return scu__receiver_take(&op->receiver, context_id, command, event, status);
}

static void add_counts(retrieve_op *op, const scu__exchange_event *event) {
  if (event->counts & SCU__HAS_COMPLETED) op->peer_completed += event->command->completed;
  if (event->counts & SCU__HAS_FAILED) op->peer_failed += event->command->failed;
  if (event->counts & SCU__HAS_WARNING) op->peer_warning += event->command->warning;
}

/* No further request would fare better: the destination or the service as a whole is refused. */
static bool is_hopeless(uint16_t status) {
  return status == SCU__STATUS_MOVE_DESTINATION_UNKNOWN || status == SCU__STATUS_CLASS_NOT_SUPPORTED ||
         status == SCU__STATUS_NOT_AUTHORISED || status == SCU__STATUS_UNRECOGNISED_OPERATION;
}

static void finish_cancelled(retrieve_op *op) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_RESPONSE, "cancelled by the caller");
  finish(op, SCU_ERROR_CANCELLED, &error);
}

/* Cancelled: what is arriving at our listener is still received (RULES 26), within the bound of a cancellation; the
 * rest is not waited for. */
static void end_cancelled(retrieve_op *op) {
  if (op->listener && scu__listener_is_busy(op->listener)) {
    op->were_failures = true;
    op->next_target = op->inventory.target_count;
    op->is_in_grace = true;
    op->grace_end_ms = scu__loop_now(session_of(op)->loop) + session_of(op)->config->cancel_wait_ms;
    go_on(op);
    return;
  }
  finish_cancelled(op);
}

static int32_t count_in(const scu__exchange_event *event, uint32_t bit, uint16_t count) {
  return event->counts & bit ? count : -1;
}

static void tell_sub_operations(retrieve_op *op, const scu__exchange_event *event) {
  const scu_hooks *hooks = &session_of(op)->hooks;
  if (!hooks->sub_operation || op->op.is_freed) return;
  const scu__command *response = event->command;
  const scu_sub_operations told = {
      .size = sizeof told,
      .destination_ae = op->route == ROUTE_GET ? "" : destination(op)->text,
      .status = event->status,
      .remaining = count_in(event, SCU__HAS_REMAINING, response->remaining),
      .completed = count_in(event, SCU__HAS_COMPLETED, response->completed),
      .failed = count_in(event, SCU__HAS_FAILED, response->failed),
      .warning = count_in(event, SCU__HAS_WARNING, response->warning),
  };
  scu__op_go_out(&op->op);
  hooks->sub_operation(hooks->user, &told);
  scu__op_come_back(&op->op);
  scu__request_touch(&op->request);
}

static void request_event(void *owner, const scu__exchange_event *event) {
  retrieve_op *op = owner;
  if (event->kind == SCU__EXCHANGE_PENDING) tell_sub_operations(op, event);
  if (event->kind != SCU__EXCHANGE_FINAL) return;
  add_counts(op, event);
  op->status = event->status;
  memcpy(op->comment, event->command->error_comment, sizeof op->comment);
  scu__receiver_end(&op->receiver, "the peer ended the C-GET before the instance was complete");
  if (op->op.is_cancelled) {
    end_cancelled(op);
    return;
  }
  bool has_failed = event->status_class == SCU__STATUS_KIND_FAILURE || event->status_class == SCU__STATUS_KIND_CANCEL;
  if (has_failed || event->command->failed > 0) op->were_failures = true;
  if (has_failed && !scu__error_is_set(&op->refusal)) scu__refusal(&op->refusal, event->command);
  op->next_target++;
  if (has_failed && is_hopeless(event->status)) {
    finish(op, SCU_ERROR_REFUSED, &op->refusal);
    return;
  }
  go_on(op);
}

static void request_failed(void *owner, const scu_error *error) {
  retrieve_op *op = owner;
  scu__receiver_end(&op->receiver, "the association ended before the instance was complete");
  /* Not one of the classes that this round offered is taken: others may be. */
  bool is_refused_round =
      op->route == ROUTE_GET && op->has_promise && error->result == SCU_ERROR_REJECTED && error->reject_result == 0xFF;
  if (error->result == SCU_ERROR_CANCELLED) {
    end_cancelled(op);
  } else if (is_refused_round) {
    if (!scu__error_is_set(&op->refusal)) scu__error_copy(&op->refusal, error);
    op->were_failures = true;
    op->next_target = op->inventory.target_count;
    go_on(op);
  } else {
    finish(op, error->result, error);
  }
}

static scu_result propose(void *owner, scu__associate *rq) {
  retrieve_op *op = owner;
  op->is_proposed = true;
  scu_result result = scu__options_propose(wanted_options(op), service_class(op), rq);
  if (result != SCU_OK || op->route != ROUTE_GET) return result;
  return scu__get_propose(&op->classes, session_of(op)->config->both_roles, rq);
}

static bool fits(void *owner, const scu__negotiated *negotiated) {
  retrieve_op *op = owner;
  if (!scu__options_fit(wanted_options(op), service_class(op), negotiated)) return false;
  if (op->route != ROUTE_GET || op->is_proposed) return true;
  return !op->must_open && scu__get_fits(&op->inventory, negotiated);
}

static void start_request(retrieve_op *op) {
  op->request = (scu__request){
      .owner = op,
      .sop_class = service_class(op),
      .timeout_ms = session_of(op)->config->timeout_retrieve_ms,
      .propose = propose,
      .fits = fits,
      .make = make,
      .event = request_event,
      .failed = request_failed,
      .is_alive = is_alive,
      .is_held = is_held,
      .serve = serve,
  };
  op->surplus = 0;
  scu__request_start(&op->request, session_of(op));
}

/* --- grace and the second round ----------------------------------------------------------------------------------- */

static bool is_everything_here(const retrieve_op *op) {
  if (op->has_promise) return scu__inventory_missing(&op->inventory) == 0;
  uint64_t here = op->counts[SCU_OUTCOME_OK] + op->counts[SCU_OUTCOME_WARNING];
  return op->peer_completed + op->peer_warning > 0 && here >= op->peer_completed + op->peer_warning;
}

/* There is something left to ask for, and asking differs from before: other contexts, or fewer instances. */
static bool may_ask_again(retrieve_op *op) {
  if (!op->has_promise || is_everything_here(op) || ++op->round >= ROUNDS_MAX) return false;
  op->must_open = true;
  bool were_failures = op->were_failures;
  op->were_failures = false;
  if (op->route == ROUTE_GET && scu__get_classes_go_on(&op->classes, were_failures) == SCU_OK) return true;
  bool has_progressed = op->inventory.received > op->received_before;
  if (!has_progressed || op->route != ROUTE_GET) return has_progressed && op->round < 2;
  size_t offered = op->classes.count;
  scu__get_classes_free(&op->classes);
  if (scu__get_classes_init(&op->classes, &op->inventory) != SCU_OK) return false;
  op->must_open = op->classes.count != offered; /* fewer classes: more of their syntaxes stand alone */
  return true;
}

static void end_round(retrieve_op *op) {
  op->is_in_grace = false;
  scu__timer_stop(session_of(op)->loop, &op->grace);
  if (op->op.is_cancelled) {
    finish_cancelled(op);
    return;
  }
  if (may_ask_again(op) && scu__inventory_retarget(&op->inventory, uids_per_request(op)) == SCU_OK) {
    if (op->round == 1)
      scu__op_warn(&op->op, "%zu of %zu promised instances did not come; asking again for these",
                   scu__inventory_missing(&op->inventory), op->inventory.count);
    op->next_target = 0;
    op->is_proposed = false;
    op->received_before = op->inventory.received;
    go_on(op);
    return;
  }
  bool nothing_came = op->counts[SCU_OUTCOME_OK] + op->counts[SCU_OUTCOME_WARNING] == 0;
  if (nothing_came && scu__error_is_set(&op->refusal))
    finish(op, op->refusal.result, &op->refusal);
  else
    finish(op, SCU_OK, NULL);
}

static void check_grace(retrieve_op *op) {
  bool is_enough = !op->listener || op->op.is_cancelled || is_everything_here(op);
  if (is_enough && !(op->listener && scu__listener_is_busy(op->listener))) {
    end_round(op);
    return;
  }
  uint64_t now = scu__loop_now(session_of(op)->loop);
  if (is_alive(op) && !op->op.is_cancelled) op->grace_end_ms = now + session_of(op)->config->move_grace_ms;
  if (now >= op->grace_end_ms)
    end_round(op);
  else
    scu__timer_set(session_of(op)->loop, &op->grace, op->grace_end_ms);
}

static void grace_expired(scu__timer *self, uint64_t now_ms) {
  (void)now_ms;
  retrieve_op *op = (retrieve_op *)((char *)self - offsetof(retrieve_op, grace));
  check_grace(op);
}

static void advance(scu__task *self) {
  retrieve_op *op = (retrieve_op *)((char *)self - offsetof(retrieve_op, task));
  if (op->op.is_done) return;
  if (is_flooded(op)) {
    end_flooded(op);
    return;
  }
  if (op->is_in_grace) {
    check_grace(op);
    return;
  }
  if (op->next_target < op->inventory.target_count) {
    start_request(op);
    return;
  }
  op->is_in_grace = true;
  op->grace_end_ms = scu__loop_now(session_of(op)->loop) + session_of(op)->config->move_grace_ms;
  check_grace(op);
}

/* --- operation ---------------------------------------------------------------------------------------------------- */

static void cancel(scu_op *base) {
  retrieve_op *op = (retrieve_op *)base;
  if (op->request.is_running) {
    scu__request_cancel(&op->request);
    return;
  }
  if (op->drill) scu__drill_cancel(op->drill);
  end_cancelled(op);
}

static void abort_retrieve(scu_op *base, const scu_error *error) {
  retrieve_op *op = (retrieve_op *)base;
  if (op->request.is_running || (op->drill && scu__drill_is_asking(op->drill))) return;
  if (op->drill) scu__drill_abort(op->drill, error);
  finish(op, error->result, error);
}

static void free_retrieve(scu_op *base) {
  retrieve_op *op = (retrieve_op *)base;
  op->op.is_done = true;
  scu__drill_free(op->drill);
  if (op->request.session) scu__request_stop(&op->request);
  scu__receiver_end(&op->receiver, "cancelled");
  scu_listener_free(op->listener);
  scu__timer_stop(base->session->loop, &op->grace);
  scu__task_remove(base->session->loop, &op->task);
  scu__get_classes_free(&op->classes);
  scu__inventory_free(&op->inventory);
  scu_dataset_free(op->identifier);
  scu_query_free(op->query);
}

static const scu__op_class retrieve_class = {
    .name = "retrieve", .cancel = cancel, .abort = abort_retrieve, .free = free_retrieve};

/* Taking stock is left out where nothing would be learned: a move elsewhere with unique keys, a raw identifier. */
static scu_result begin(retrieve_op *op, const scu_query *query, scu_error *error) {
  scu_session *session = session_of(op);
  scu_result result = scu__query_copy(query, &op->query);
  if (result == SCU_OK) result = scu_dataset_new(session->allocator, &op->identifier);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_REQUEST);
  result = scu__query_shape_of(op->query, &op->shape, error);
  if (result != SCU_OK) return result;
  if (!service_class(op))
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the %s model has nothing to retrieve",
                          scu__model_info_of(op->shape.model)->name);
  bool knows_targets = op->query->is_raw || (op->route == ROUTE_MOVE && scu__query_is_unique(op->query, &op->shape));
  if (knows_targets) {
    result = make_targets_of_query(op);
    if (result == SCU_OK) start_transfer(op);
    return result;
  }
  scu_query_level floor = is_promise_wanted(op) ? SCU_LEVEL_IMAGE : op->shape.level;
  result = scu__drill_new(&op->op, op->query, floor, &drill_handler, op, &op->drill, error);
  if (result == SCU_OK) scu__drill_start(op->drill);
  return result;
}

static scu_op *start(scu_session *session, const scu_query *what, route way, const char *destination_ae,
                     scu_sink *sink) {
  if (!session->loop || !what || (way != ROUTE_MOVE && scu__sink_check(sink, NULL) != SCU_OK)) return NULL;
  retrieve_op *op = scu__op_new(session, &retrieve_class, sizeof *op);
  if (!op) return NULL;
  op->route = way;
  op->sink = sink;
  op->status = 0xFFFF;
  op->task.run = advance;
  op->grace.expired = grace_expired;
  op->progress.op = &op->op;
  op->receiver =
      (scu__receiver){.loop = session->loop, .sink = sink, .done = instance_done, .owner = op, .judge = judge};
  scu__error_clear(&op->refusal);
  scu__inventory_init(&op->inventory, session->allocator);
  scu_error error;
  scu__error_clear(&error);
  scu_result result = SCU_OK;
  if (destination_ae && !scu__ae_from_text(&op->destination, destination_ae))
    result = scu__error_set(&error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the move destination is not an AE title");
  if (result == SCU_OK) result = begin(op, what, &error);
  if (result != SCU_OK) finish(op, result, &error);
  return &op->op;
}

scu_op *scu_move_start(scu_session *session, const scu_query *what, const char *destination_ae) {
  return start(session, what, ROUTE_MOVE, destination_ae ? destination_ae : "", NULL);
}

scu_op *scu_move_to_self_start(scu_session *session, const scu_query *what, scu_sink *sink) {
  return start(session, what, ROUTE_MOVE_TO_SELF, NULL, sink);
}

scu_op *scu_get_start(scu_session *session, const scu_query *what, scu_sink *sink) {
  return start(session, what, ROUTE_GET, NULL, sink);
}

/* --- report ------------------------------------------------------------------------------------------------------- */

static scu_verdict verdict_of(const retrieve_op *op) {
  if (op->inventory.target_count == 0 && op->op.result == SCU_OK) return SCU_VERDICT_NOTHING;
  if (op->route == ROUTE_MOVE) return SCU_VERDICT_UNKNOWN;
  if (op->has_promise)
    return scu__inventory_missing(&op->inventory) == 0 ? SCU_VERDICT_COMPLETE : SCU_VERDICT_INCOMPLETE;
  return is_everything_here(op) && op->peer_failed == 0 ? SCU_VERDICT_COUNT_ONLY : SCU_VERDICT_INCOMPLETE;
}

static scu_result list_missing(const retrieve_op *op, scu_retrieve_report *report) {
  size_t missing = op->has_promise ? scu__inventory_missing(&op->inventory) : 0;
  if (missing == 0) return SCU_OK;
  report->missing = scu__alloc_array(report->allocator, missing, sizeof *report->missing);
  if (!report->missing) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < op->inventory.count; i++)
    if (!op->inventory.entries[i].is_received)
      report->missing[report->missing_count++] = op->inventory.entries[i].instance;
  return SCU_OK;
}

scu_result scu_retrieve_take(scu_op *base, scu_retrieve_report **out) {
  *out = NULL;
  if (base->class_ != &retrieve_class || !base->is_done) return SCU_ERROR_USAGE;
  const retrieve_op *op = (const retrieve_op *)base;
  scu_retrieve_report *report = scu__alloc(base->session->allocator, sizeof *report);
  if (!report) return SCU_ERROR_MEMORY;
  report->allocator = base->session->allocator;
  if (list_missing(op, report) != SCU_OK) {
    scu_retrieve_report_free(report);
    return SCU_ERROR_MEMORY;
  }
  report->verdict = verdict_of(op);
  memcpy(report->counts, op->counts, sizeof report->counts);
  report->promised = op->has_promise ? op->inventory.count : 0;
  report->bytes = op->bytes;
  report->elapsed_ms = scu__op_elapsed_ms(base);
  report->status = op->status;
  memcpy(report->comment, op->comment, sizeof report->comment);
  report->peer_completed = op->peer_completed;
  report->peer_failed = op->peer_failed;
  report->peer_warning = op->peer_warning;
  *out = report;
  return base->result;
}

static scu_result run(scu_session *session, scu_op *op, scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = scu__op_run(session, op);
  if (!op) return result;
  scu_result taken = scu_retrieve_take(op, out);
  scu_op_free(op);
  return result == SCU_OK ? taken : result;
}

static scu_result check(scu_session *session, const scu_query *what, bool has_target) {
  if (!session->loop) return session->error.result;
  scu__session_set_error(session, NULL);
  if (what && has_target) return SCU_OK;
  return scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no %s", what ? "target" : "query");
}

scu_result scu_move(scu_session *session, const scu_query *what, const char *destination_ae,
                    scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = check(session, what, destination_ae != NULL);
  return result == SCU_OK ? run(session, scu_move_start(session, what, destination_ae), out) : result;
}

scu_result scu_move_to_self(scu_session *session, const scu_query *what, scu_sink *sink, scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = check(session, what, true);
  if (result == SCU_OK) result = scu__sink_check(sink, &session->error);
  return result == SCU_OK ? run(session, scu_move_to_self_start(session, what, sink), out) : result;
}

scu_result scu_get(scu_session *session, const scu_query *what, scu_sink *sink, scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = check(session, what, true);
  if (result == SCU_OK) result = scu__sink_check(sink, &session->error);
  return result == SCU_OK ? run(session, scu_get_start(session, what, sink), out) : result;
}
