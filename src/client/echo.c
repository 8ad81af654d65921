/* C-ECHO as an operation (PS3.4 A). */
#include <string.h>

#include "base/alloc.h"
#include "client/op.h"
#include "client/report.h"
#include "client/request.h"
#include "data/sop_class.h"

typedef struct echo_op {
  scu_op op; /* first */
  scu__request request;
  uint16_t status;
  char comment[65];
  uint32_t elapsed_ms;
} echo_op;

static scu_result make(void *owner, scu__link *link, const scu__accepted_context *context, uint16_t message_id,
                       scu__exchange **out, scu_error *error) {
  echo_op *echo = owner;
  (void)error;
  return scu__echo_request_new(echo->op.session->allocator, scu__link_outbox(link), context->id, message_id, out);
}

static void event(void *owner, const scu__exchange_event *event) {
  echo_op *echo = owner;
  echo->status = event->status;
  memcpy(echo->comment, event->command->error_comment, sizeof echo->comment);
  echo->elapsed_ms = (uint32_t)(scu__loop_now(echo->op.session->loop) - echo->request.sent_ms);
  scu__op_finish(&echo->op, SCU_OK, NULL);
}

static void failed(void *owner, const scu_error *error) {
  echo_op *echo = owner;
  scu__op_finish(&echo->op, error->result, error);
}

static void cancel(scu_op *op) {
  scu__request_cancel(&((echo_op *)op)->request);
}
static void stop(scu_op *op) {
  scu__request_stop(&((echo_op *)op)->request);
}

static const scu__op_class echo_class = {.name = "C-ECHO", .cancel = cancel, .free = stop};

scu_op *scu_echo_start(scu_session *session) {
  if (!session->loop) return NULL;
  echo_op *echo = scu__op_new(session, &echo_class, sizeof *echo);
  if (!echo) return NULL;
  echo->request = (scu__request){
      .owner = echo,
      .sop_class = SCU__UID_VERIFICATION,
      .timeout_ms = session->config->timeout_response_ms,
      .make = make,
      .event = event,
      .failed = failed,
  };
  scu__request_start(&echo->request, session);
  return &echo->op;
}

scu_result scu_echo_take(scu_op *op, scu_response **out) {
  echo_op *echo = (echo_op *)op;
  *out = NULL;
  if (op->class_ != &echo_class || !op->is_done) return SCU_ERROR_USAGE;
  if (op->result != SCU_OK) return op->result;
  scu_response *response = scu__alloc(op->session->allocator, sizeof *response);
  if (!response) return SCU_ERROR_MEMORY;
  response->allocator = op->session->allocator;
  response->field = SCU__C_ECHO_RSP;
  response->status = echo->status;
  memcpy(response->comment, echo->comment, sizeof response->comment);
  response->elapsed_ms = echo->elapsed_ms;
  *out = response;
  return SCU_OK;
}

scu_result scu_echo(scu_session *session, scu_response **out) {
  *out = NULL;
  if (!session->loop) return session->error.result;
  scu_op *op = scu_echo_start(session);
  scu_result result = scu__op_run(session, op);
  if (result == SCU_OK) result = scu_echo_take(op, out);
  scu_op_free(op);
  return result;
}
