/* One request of a retrieve: what it proposes, what its identifier has, what its responses say. */
#include <string.h>

#include "base/limits.h"
#include "client/character_set.h"
#include "client/query_options.h"
#include "client/refusal.h"
#include "client/retrieve_private.h"
#include "client/uid_list.h"
#include "data/dataset_encode.h"
#include "data/dataset_values.h"
#include "data/transfer_syntax.h"

enum { LIST_MAX = SCU__UIDS_PER_REQUEST_MAX * (sizeof(scu__uid) + 1) + 1, TAG_FAILED_LIST = 0x00080058 };

const char *scu__retrieve_service_class(const scu__retrieve *op) {
  const scu__model_info *model = scu__model_info_of(op->shape.model);
  return op->way == SCU__WAY_GET ? model->get : model->move;
}

/* A unique key above the target's level is not known: only a relational retrieval does without it. */
static bool lacks_upper_key(const scu__retrieve *op) {
  const scu__target *target = &op->inventory.targets[op->next_target];
  for (int level = (int)op->shape.first; level < (int)target->level; level++)
    if (!target->known.value[level][0]) return true;
  return false;
}

static scu__option_set wanted_options(const scu__retrieve *op) {
  return scu__options_wanted(op->at, op->query, scu__retrieve_service_class(op), lacks_upper_key(op));
}

/* What was proposed and not agreed: told once, and an error where the request makes no sense without it. */
static scu_result check_options(scu__retrieve *op, const scu__negotiated *negotiated, scu_error *error) {
  if (!op->are_options_told) scu__options_warn(&op->op, op->query, scu__retrieve_service_class(op), negotiated);
  op->are_options_told = true;
  bool is_agreed = scu__option_is_agreed(SCU_QUERY_RELATIONAL, scu__retrieve_service_class(op), negotiated);
  if (op->query->is_raw || is_agreed || !lacks_upper_key(op)) return SCU_OK;
  scu__error_set(error, SCU_ERROR_REFUSED, SCU_PHASE_REQUEST,
                 "a unique key above the %s level is missing; the peer neither answers C-FIND nor agrees to relational "
                 "retrieval",
                 scu_query_level_name(op->shape.level));
  scu__error_hint(error, "name the unique keys of all levels above, for example StudyInstanceUID");
  return SCU_ERROR_REFUSED;
}

const scu__ae *scu__retrieve_destination(const scu__retrieve *op) {
  return op->way == SCU__WAY_MOVE ? &op->destination : &scu__retrieve_session(op)->config->calling_ae;
}

/* The last unique key of a query may be a list of UIDs; then it is the list, not the (single) value that is known. */
static scu_result query_list(const scu__retrieve *op, const scu__target *target, scu__buffer *list) {
  const scu_element *key = scu__retrieve_last_key(op);
  if (key && scu__uid_list_count(key) > 0) {
    size_t length;
    size_t most = scu__retrieve_session(op)->config->uids_per_request;
    const uint8_t *part = scu__uid_list_part(key, target->first_uid, most, &length);
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

static scu_result make_identifier(scu__retrieve *op, scu_error *error) {
  const scu__target *target = &op->inventory.targets[op->next_target];
  if (op->query->is_raw) return scu__raw_identifier(op->query, &op->shape, op->identifier, error);
  scu__buffer list;
  scu__buffer_init(&list, scu__retrieve_session(op)->allocator, LIST_MAX);
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
  scu__retrieve *op = owner;
  const scu_allocator *allocator = scu__retrieve_session(op)->allocator;
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(context->transfer_syntax.text);
  scu__encoding encoding = scu__transfer_syntax_encoding(syntax);
  if (op->way == SCU__WAY_GET && !scu__get_can_receive(scu__link_negotiated(link))) {
    scu__error_set(error, SCU_ERROR_REJECTED, SCU_PHASE_ASSOCIATE,
                   "the peer grants us no storage SCP role, so it could not send anything over a C-GET");
    scu__error_hint(error, "role selection is not enabled at the peer for this AE title; C-MOVE may work");
    return SCU_ERROR_REJECTED;
  }
  scu_result result = check_options(op, scu__link_negotiated(link), error);
  if (result == SCU_OK) result = make_identifier(op, error);
  if (result == SCU_OK) result = scu__charset_of_request(op->at, op->identifier);
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
  if (op->way == SCU__WAY_GET)
    return scu__get_request_new(allocator, outbox, context->id, message_id, &context->abstract_syntax,
                                SCU__PRIORITY_MEDIUM, &bytes, encoding, out);
  return scu__move_request_new(allocator, outbox, context->id, message_id, &context->abstract_syntax,
                               SCU__PRIORITY_MEDIUM, scu__retrieve_destination(op), &bytes, encoding, out);
}

static scu__exchange *serve(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                            scu__exchange_event *event, uint16_t *status) {
  scu__retrieve *op = owner;
  (void)link;
  if (op->way != SCU__WAY_GET || command->field != SCU__C_STORE_RQ) return NULL;
  return scu__receiver_take(&op->receiver, context_id, command, event, status);
}

static void add_counts(scu__retrieve *op, const scu__exchange_event *event) {
  if (event->counts & SCU__HAS_COMPLETED) op->peer_completed += event->command->completed;
  if (event->counts & SCU__HAS_FAILED) {
    op->peer_failed += event->command->failed;
    op->said_failed += event->command->failed;
  }
  if (event->counts & SCU__HAS_WARNING) op->peer_warning += event->command->warning;
}

/* (0008,0058): said once here, so that the report can tell who failed. */
static void take_failed_list(scu__retrieve *op, const scu_dataset *identifier) {
  const scu_element *list = identifier ? scu_dataset_find(identifier, TAG_FAILED_LIST) : NULL;
  scu__values values;
  const char *text;
  size_t length;
  if (!list || scu__values_open(&values, identifier, list) != SCU_OK) return;
  while (scu__values_next(&values, &text, &length)) {
    scu__uid uid;
    bool is_uid = scu__uid_from_bytes(&uid, (const uint8_t *)text, length);
    if (is_uid && (scu__uid_is_valid(uid.text) || scu__inventory_has(&op->inventory, uid.text)))
      scu__retrieve_take_failed(op, uid.text);
  }
}

/* No further request would fare better: the destination or the service as a whole is refused. */
static bool is_hopeless(uint16_t status) {
  return status == SCU__STATUS_MOVE_DESTINATION_UNKNOWN || status == SCU__STATUS_CLASS_NOT_SUPPORTED ||
         status == SCU__STATUS_NOT_AUTHORISED || status == SCU__STATUS_UNRECOGNISED_OPERATION;
}

static int32_t count_in(const scu__exchange_event *event, uint32_t bit, uint16_t count) {
  return event->counts & bit ? count : -1;
}

static void tell_sub_operations(scu__retrieve *op, const scu__exchange_event *event) {
  const scu_hooks *hooks = &scu__retrieve_session(op)->hooks;
  if (!hooks->sub_operation || op->op.is_freed) return;
  const scu__command *response = event->command;
  const scu_sub_operations told = {
      .size = sizeof told,
      .destination_ae = op->way == SCU__WAY_GET ? "" : scu__retrieve_destination(op)->text,
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

void scu__retrieve_end_request(scu__retrieve *op) {
  op->is_settling = false;
  scu__timer_stop(scu__retrieve_session(op)->loop, &op->grace);
  scu__receiver_end(&op->receiver, "the peer ended the C-GET before the instance was complete");
  scu__lease_return(&op->request.lease);
  if (op->op.is_cancelled) {
    scu__retrieve_end_cancelled(op);
    return;
  }
  op->next_target++;
  if (is_hopeless(op->status))
    scu__retrieve_end_leg(op, &op->refusal);
  else
    scu__retrieve_go_on(op);
}

/* A robot that fetches a tape says nothing meanwhile. */
uint64_t scu__retrieve_patience_ms(const scu__config *config, bool is_slow) {
  return is_slow && config->timeout_nearline_ms > config->timeout_retrieve_ms ? config->timeout_nearline_ms
                                                                              : config->timeout_retrieve_ms;
}

/* What the sink is keeping is waited for, but not longer than a peer would be. */
static void settle(scu__retrieve *op) {
  uint64_t patience_ms = scu__retrieve_patience_ms(op->at->config, false);
  op->is_settling = true;
  scu__timer_set(scu__retrieve_session(op)->loop, &op->grace,
                 scu__loop_now(scu__retrieve_session(op)->loop) + patience_ms);
}

static void take_final(scu__retrieve *op, const scu__exchange_event *event) {
  add_counts(op, event);
  take_failed_list(op, event->identifier);
  op->status = event->status;
  memcpy(op->comment, event->command->error_comment, sizeof op->comment);
  bool has_failed = event->status_class == SCU__STATUS_KIND_FAILURE || event->status_class == SCU__STATUS_KIND_CANCEL;
  if (!op->op.is_cancelled && (has_failed || event->command->failed > 0)) op->were_failures = true;
  if (!op->op.is_cancelled && has_failed && !scu__error_is_set(&op->refusal))
    scu__refusal(&op->refusal, event->command);
  if (scu__receiver_is_keeping(&op->receiver))
    settle(op);
  else
    scu__retrieve_end_request(op);
}

static void request_event(void *owner, const scu__exchange_event *event) {
  scu__retrieve *op = owner;
  if (event->kind == SCU__EXCHANGE_PENDING) tell_sub_operations(op, event);
  if (event->kind == SCU__EXCHANGE_FINAL) take_final(op, event);
}

static void request_failed(void *owner, const scu_error *error) {
  scu__retrieve *op = owner;
  scu__receiver_end(&op->receiver, "the association ended before the instance was complete");
  if (op->is_settling) {
    scu__retrieve_end_request(op);
    return;
  }
  scu__retrieve_request_failed(op, error);
}

static scu_result propose(void *owner, scu__associate *rq) {
  scu__retrieve *op = owner;
  op->is_proposed = true;
  scu_result result = scu__options_propose(wanted_options(op), scu__retrieve_service_class(op), rq);
  if (result != SCU_OK || op->way != SCU__WAY_GET) return result;
  return scu__get_propose(&op->classes, op->at->config->both_roles, rq);
}

static bool fits(void *owner, const scu__negotiated *negotiated) {
  scu__retrieve *op = owner;
  if (!scu__options_fit(wanted_options(op), scu__retrieve_service_class(op), negotiated)) return false;
  if (op->way != SCU__WAY_GET || op->is_proposed) return true;
  return !op->must_open && scu__get_fits(&op->inventory, negotiated);
}

void scu__retrieve_start_request(scu__retrieve *op) {
  bool is_slow = scu__inventory_is_nearline(&op->inventory, &op->inventory.targets[op->next_target]);
  uint64_t patience_ms = scu__retrieve_patience_ms(op->at->config, is_slow);
  bool is_patient = patience_ms != op->at->config->timeout_retrieve_ms;
  op->request = (scu__request){
      .owner = op,
      .sop_class = scu__retrieve_service_class(op),
      .timeout_ms = patience_ms,
      .timeout_option = is_patient ? SCU_OPTION_TIMEOUT_NEARLINE : SCU_OPTION_TIMEOUT_RETRIEVE,
      .propose = propose,
      .fits = fits,
      .make = make,
      .event = request_event,
      .failed = request_failed,
      .is_alive = scu__retrieve_is_alive,
      .is_held = scu__retrieve_is_held,
      .serve = serve,
      .keeps_lease = true,
  };
  op->surplus = 0;
  scu__request_start(&op->request, op->at);
}
