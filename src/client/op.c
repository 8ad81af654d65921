/* Operations: list, end, wait, cancel. */
#include "client/op.h"

#include "base/alloc.h"

static void tell_done(scu__task *self) {
  scu_op *op = (scu_op *)((char *)self - offsetof(scu_op, done_task));
  op->on_done(op->user, op);
}

void *scu__op_new(scu_session *session, const scu__op_class *class_, size_t size) {
  scu_op *op = scu__alloc(session->allocator, size);
  if (!op) return NULL;
  op->class_ = class_;
  op->session = session;
  op->started_ms = scu__loop_now(session->loop);
  op->done_task.run = tell_done;
  scu__error_clear(&op->error);
  op->next = session->ops;
  session->ops = op;
  return op;
}

void scu__op_finish(scu_op *op, scu_result result, const scu_error *error) {
  if (op->is_done) return;
  op->is_done = true;
  op->result = result;
  if (op->on_done) scu__task_queue(op->session->loop, &op->done_task);
  if (result == SCU_OK) return;
  if (error) scu__error_copy(&op->error, error);
  scu__error_set(&op->error, result, SCU_PHASE_NONE, "%s failed", op->class_->name);
  scu__error_peer(&op->error, op->session->peer_text);
}

uint32_t scu__op_elapsed_ms(const scu_op *op) {
  return (uint32_t)(scu__loop_now(op->session->loop) - op->started_ms);
}

scu_result scu_op_state(const scu_op *op) {
  return op->is_done ? op->result : SCU_PENDING;
}

scu_result scu_op_wait(scu_op *op) {
  scu_result result = scu__loop_run_until(op->session->loop, &op->is_done);
  if (result == SCU_OK) return op->result;
  return scu__error_set(&op->error, result, SCU_PHASE_NONE, "the event loop failed");
}

const scu_error *scu_op_error(const scu_op *op) {
  return &op->error;
}

void scu_op_cancel(scu_op *op) {
  if (op->is_done || op->is_cancelled) return;
  op->is_cancelled = true;
  op->class_->cancel(op);
}

void scu_op_free(scu_op *op) {
  if (!op) return;
  for (scu_op **at = &op->session->ops; *at; at = &(*at)->next) {
    if (*at != op) continue;
    *at = op->next;
    break;
  }
  op->class_->free(op);
  scu__task_remove(op->session->loop, &op->done_task);
  scu__free(op->session->allocator, op);
}

scu_result scu__op_run(scu_session *session, scu_op *op) {
  scu__session_set_error(session, NULL);
  if (!op) return scu__error_memory(&session->error, SCU_PHASE_NONE);
  scu_result result = scu_op_wait(op);
  if (result != SCU_OK) scu__session_set_error(session, &op->error);
  return result;
}
