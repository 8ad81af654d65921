/* Operations: list, end, wait, cancel, and what becomes of one that is freed from inside of its own hooks. */
#include "client/op.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

static void tell_done(scu__task *self) {
  scu_op *op = (scu_op *)((char *)self - offsetof(scu_op, done_task));
  op->on_done(op->user, op);
}

static bool is_anyone_inside(const scu_op *op) {
  return op->outside > 0 || op->waiters > 0;
}

static void cancel_now(scu_op *op) {
  if (op->is_done || op->is_cancelled) return;
  op->is_cancelled = true;
  op->class_->cancel(op);
}

static void do_wish(scu__task *self) {
  scu_op *op = (scu_op *)((char *)self - offsetof(scu_op, wish));
  if (op->is_freed && !is_anyone_inside(op)) {
    scu__op_destroy(op);
    return;
  }
  if (op->is_cancel_due) cancel_now(op);
  op->is_cancel_due = false;
}

void *scu__op_new(scu_session *session, const scu__op_class *class_, size_t size) {
  scu__session_heed_wishes(session);
  scu_op *op = scu__alloc(session->allocator, size);
  if (!op) return NULL;
  op->class_ = class_;
  op->session = session;
  op->started_ms = scu__loop_now(session->loop);
  op->done_task.run = tell_done;
  op->wish.run = do_wish;
  scu__error_clear(&op->error);
  op->next = session->ops;
  session->ops = op;
  return op;
}

void scu__op_finish(scu_op *op, scu_result result, const scu_error *error) {
  if (op->is_done) return;
  op->is_done = true;
  op->result = result;
  scu__error_clear(&op->error); /* of a call that was refused while it ran */
  if (op->on_done) scu__task_queue(op->session->loop, &op->done_task);
  if (result == SCU_OK) return;
  if (error) scu__error_copy(&op->error, error);
  scu__error_set(&op->error, result, SCU_PHASE_NONE, "%s failed", op->class_->name);
  scu__error_peer(&op->error, op->session->peer_text);
}

uint32_t scu__op_elapsed_ms(const scu_op *op) {
  return (uint32_t)(scu__loop_now(op->session->loop) - op->started_ms);
}

/* --- the user's code ---------------------------------------------------------------------------------------------- */

void scu__op_go_out(scu_op *op) {
  op->outside++;
}

void scu__op_come_back(scu_op *op) {
  op->outside--;
  if (op->is_freed && !is_anyone_inside(op)) scu__task_queue(op->session->loop, &op->wish);
}

void scu__op_tell_instance(scu_op *op, const scu_instance_outcome *outcome) {
  if (op->is_freed) return;
  scu__op_go_out(op);
  scu__session_tell_instance(op->session, outcome);
  scu__op_come_back(op);
}

void scu__op_warn(scu_op *op, const char *format, ...) {
  char text[SCU__ERROR_TEXT_MAX + 128];
  va_list arguments;
  if (op->is_freed) return;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  scu__op_go_out(op);
  scu__session_warn(op->session, "%s", text);
  scu__op_come_back(op);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

scu_result scu__op_check_wait(scu_op *op) {
  const char *why = NULL;
  if (op->outside > 0) why = "a hook cannot wait for the operation that called it";
  if (scu__loop_is_held(op->session->loop)) why = "a hook that comes from inside a protocol step cannot wait";
  return why ? scu__error_set(&op->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s", why) : SCU_OK;
}

scu_result scu__op_step(scu_op *op, bool *is_there) {
  op->waiters++;
  scu_result result = scu_loop_wait(op->session->loop, -1);
  op->waiters--;
  *is_there = !op->is_freed;
  if (op->is_freed && !is_anyone_inside(op)) scu__op_destroy(op);
  if (!*is_there) return SCU_ERROR_CANCELLED;
  if (result == SCU_OK) return SCU_OK;
  return scu__error_set(&op->error, result, SCU_PHASE_NONE, "the event loop failed");
}

/* --- public ------------------------------------------------------------------------------------------------------- */

scu_result scu_op_state(const scu_op *op) {
  if (!op) return SCU_ERROR_USAGE;
  return op->is_done ? op->result : SCU_PENDING;
}

scu_result scu_op_wait(scu_op *op) {
  bool is_there = true;
  scu_result result = SCU_OK;
  if (!op) return SCU_ERROR_USAGE;
  while (result == SCU_OK && !op->is_done) {
    result = scu__op_check_wait(op);
    if (result == SCU_OK) result = scu__op_step(op, &is_there);
    if (!is_there) return result;
  }
  return op->is_done ? op->result : result;
}

const scu_error *scu_op_error(const scu_op *op) {
  return op ? &op->error : NULL;
}

void scu_op_cancel(scu_op *op) {
  if (!op || op->is_done || op->is_cancelled) return;
  if (!scu__loop_is_held(op->session->loop)) {
    cancel_now(op);
    return;
  }
  op->is_cancel_due = true;
  scu__task_queue(op->session->loop, &op->wish);
}

void scu__op_destroy(scu_op *op) {
  for (scu_op **at = &op->session->ops; *at; at = &(*at)->next) {
    if (*at != op) continue;
    *at = op->next;
    break;
  }
  op->class_->free(op);
  scu__task_remove(op->session->loop, &op->done_task);
  scu__task_remove(op->session->loop, &op->wish);
  scu__free(op->session->allocator, op);
}

void scu_op_free(scu_op *op) {
  if (!op) return;
  if (!is_anyone_inside(op) && !scu__loop_is_held(op->session->loop)) {
    scu__op_destroy(op);
    return;
  }
  op->is_freed = true;
  scu__task_remove(op->session->loop, &op->done_task);
  op->on_done = NULL;
  scu_op_cancel(op);
  if (!is_anyone_inside(op)) scu__task_queue(op->session->loop, &op->wish);
}

scu_result scu__op_run(scu_session *session, scu_op *op) {
  scu__session_set_error(session, NULL);
  if (!op) return scu__error_memory(&session->error, SCU_PHASE_NONE);
  scu_result result = scu_op_wait(op);
  if (result != SCU_OK) scu__session_set_error(session, &op->error);
  return result;
}
