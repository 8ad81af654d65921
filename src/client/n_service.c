/* One request of the N-services, one response, as an operation. */
#include "client/n_service.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "client/n_message.h"
#include "client/report.h"
#include "client/request.h"
#include "data/transfer_syntax.h"
#include "service/n_service.h"

typedef struct n_op {
  scu_op op; /* first */
  scu__request request;
  scu__n_message message;
  scu__n_manner manner;
  bool was_sent;
  scu_response *response; /* made at the start; filled by the peer's */
} n_op;

/* --- the request -------------------------------------------------------------------------------------------------- */

static scu_result make(void *owner, scu__link *link, const scu__accepted_context *context, uint16_t message_id,
                       scu__exchange **out, scu_error *error) {
  n_op *n = owner;
  const scu_allocator *allocator = n->op.session->allocator;
  scu__encoding encoding = scu__transfer_syntax_encoding(scu__transfer_syntax_find(context->transfer_syntax.text));
  scu__buffer bytes;
  scu__buffer_init(&bytes, allocator, SCU__MESSAGE_DATASET_MAX);
  scu_result result = scu__n_message_encode(&n->message, encoding, &bytes, error);
  if (result != SCU_OK) {
    scu__buffer_free(&bytes);
    return result;
  }
  n->was_sent = true;
  return scu__n_request_new(allocator, scu__link_outbox(link), context->id, message_id, &n->message.command, &bytes,
                            encoding, out);
}

/* --- the response ------------------------------------------------------------------------------------------------- */

/* What the peer leaves out is as it was asked. */
static void keep_identity(const scu__command *asked, const scu__command *answer, scu_response *response) {
  bool is_affected = scu__command_has(asked, SCU__HAS_AFFECTED_SOP_CLASS);
  response->sop_class = is_affected ? asked->affected_sop_class : asked->requested_sop_class;
  response->sop_instance = is_affected ? asked->affected_sop_instance : asked->requested_sop_instance;
  response->type_id = asked->field == SCU__N_ACTION_RQ ? asked->action_type : asked->event_type;
  if (answer->affected_sop_class.text[0]) response->sop_class = answer->affected_sop_class;
  if (answer->affected_sop_instance.text[0]) response->sop_instance = answer->affected_sop_instance;
  if (scu__command_has(answer, SCU__HAS_ACTION_TYPE)) response->type_id = answer->action_type;
  if (scu__command_has(answer, SCU__HAS_EVENT_TYPE)) response->type_id = answer->event_type;
}

static scu_result keep_attributes(const scu__command *answer, scu_response *response) {
  response->offending_count = answer->offending_count;
  memcpy(response->offending, answer->offending, answer->offending_count * sizeof *response->offending);
  if (answer->attribute_count == 0) return SCU_OK;
  response->attributes = scu__alloc_array(response->allocator, answer->attribute_count, sizeof *response->attributes);
  if (!response->attributes) return SCU_ERROR_MEMORY;
  response->attribute_count = answer->attribute_count;
  for (size_t i = 0; i < answer->attribute_count; i++) response->attributes[i] = scu__command_attribute(answer, i);
  return SCU_OK;
}

static scu_result keep(n_op *n, const scu__exchange_event *event) {
  scu_response *response = n->response;
  const scu__command *answer = event->command;
  response->field = answer->field;
  response->status = event->status;
  response->error_id = answer->error_id;
  response->was_done_before = n->manner.is_again && event->status == SCU__STATUS_DUPLICATE_INSTANCE;
  memcpy(response->comment, answer->error_comment, sizeof response->comment);
  response->elapsed_ms = (uint32_t)(scu__loop_now(n->op.session->loop) - n->request.sent_ms);
  response->is_dataset_malformed = event->is_identifier_malformed;
  keep_identity(&n->message.command, answer, response);
  scu_result result = keep_attributes(answer, response);
  if (result == SCU_OK && event->identifier) result = scu_dataset_copy(event->identifier, &response->dataset);
  return result;
}

static void event(void *owner, const scu__exchange_event *event) {
  n_op *n = owner;
  scu_result result = keep(n, event);
  scu_error error;
  scu__error_clear(&error);
  if (result != SCU_OK) scu__error_memory(&error, SCU_PHASE_RESPONSE);
  scu__op_finish(&n->op, result, &error);
}

/* --- sending, and sending again
 * ------------------------------------------------------------------------------------------------------ */

static bool is_lost_connection(const scu_error *error) {
  bool is_by_ourselves = error->result == SCU_ERROR_ABORTED && error->phase == SCU_PHASE_NONE;
  return !is_by_ourselves && (error->result == SCU_ERROR_CLOSED || error->result == SCU_ERROR_TRANSPORT ||
                              error->result == SCU_ERROR_ABORTED);
}

static void failed(void *owner, const scu_error *error);

static void start_request(n_op *n) {
  n->was_sent = false;
  n->request = (scu__request){
      .owner = n,
      .sop_class = n->message.abstract_syntax.text,
      .timeout_ms = n->op.session->config->timeout_response_ms,
      .as_scp = n->message.command.field == SCU__N_EVENT_REPORT_RQ,
      .make = make,
      .event = event,
      .failed = failed,
  };
  scu__request_start(&n->request, n->op.session);
}

static void failed(void *owner, const scu_error *error) {
  n_op *n = owner;
  if (n->manner.is_sent_again && n->was_sent && is_lost_connection(error)) {
    n->manner.is_sent_again = false;
    n->manner.is_again = true;
    scu__op_warn(&n->op, "no answer came (%s); the request is sent once more", error->reason);
    start_request(n);
    return;
  }
  scu__op_finish(&n->op, error->result, error);
}

static void cancel(scu_op *op) {
  scu__request_cancel(&((n_op *)op)->request);
}

static void free_n(scu_op *op) {
  n_op *n = (n_op *)op;
  scu__request_stop(&n->request);
  scu__n_message_free(&n->message);
  scu_response_free(n->response);
}

static const scu__op_class n_class = {.name = "the N-service", .cancel = cancel, .free = free_n};

/* --- start and take ----------------------------------------------------------------------------------------------- */

/* A freed request that never started. */
static scu_op *give_up(n_op *n) {
  scu_op_free(&n->op);
  return NULL;
}

scu_op *scu__n_request_start(scu_session *session, const scu_n_message *message, scu__n_manner manner) {
  if (!session->loop) return NULL;
  scu__session_set_error(session, NULL);
  n_op *n = scu__op_new(session, &n_class, sizeof *n);
  if (!n) {
    scu__error_memory(&session->error, SCU_PHASE_REQUEST);
    return NULL;
  }
  n->manner = manner;
  if (scu__n_message_copy(message, session->allocator, &n->message, &session->error) != SCU_OK) return give_up(n);
  n->response = scu__alloc(session->allocator, sizeof *n->response);
  if (!n->response) {
    scu__error_memory(&session->error, SCU_PHASE_REQUEST);
    return give_up(n);
  }
  n->response->allocator = session->allocator;
  start_request(n);
  return &n->op;
}

scu_result scu__n_request_finish(scu_session *session, scu_op *op, scu_response **out) {
  *out = NULL;
  if (!op) return session->error.result;
  scu_result result = scu__op_run(session, op);
  if (result == SCU_OK) result = scu_n_request_take(op, out);
  scu_op_free(op);
  return result;
}

scu_op *scu_n_request_start(scu_session *session, const scu_n_message *message) {
  return scu__n_request_start(session, message, (scu__n_manner){0});
}

scu_result scu_n_request_take(scu_op *op, scu_response **out) {
  n_op *n = (n_op *)op;
  *out = NULL;
  if (op->class_ != &n_class || !op->is_done) return SCU_ERROR_USAGE;
  if (op->result != SCU_OK) return op->result;
  if (!n->response) return SCU_ERROR_USAGE;
  *out = n->response;
  n->response = NULL;
  return SCU_OK;
}

scu_result scu_n_request(scu_session *session, const scu_n_message *message, scu_response **out) {
  return scu__n_request_finish(session, scu_n_request_start(session, message), out);
}
