/* The operation of retrieve_private.h: its start, its end, and the calls of scu/session.h. */
#include <string.h>

#include "base/alloc.h"
#include "client/retrieve_private.h"
#include "listener/sink.h"

void scu__retrieve_go_on(scu__retrieve *op) {
  scu__task_queue(scu__retrieve_session(op)->loop, &op->task);
}

void scu__retrieve_finish(scu__retrieve *op, scu_result result, const scu_error *error) {
  if (op->op.is_done) return;
  if (op->is_settling) {
    op->is_settling = false;
    scu__receiver_end(&op->receiver, "given up");
    scu__lease_return(&op->request.lease);
  }
  scu__timer_stop(scu__retrieve_session(op)->loop, &op->grace);
  scu__progress_tell(&op->progress, true);
  scu_listener *listener = op->listener;
  op->listener = NULL; /* hooks that hear of what is lost with it may step the loop */
  scu_listener_free(listener);
  scu__op_finish(&op->op, result, error);
}

/* --- operation ---------------------------------------------------------------------------------------------------- */

static void cancel(scu_op *base) {
  scu__retrieve *op = (scu__retrieve *)base;
  if (op->request.is_running) {
    scu__request_cancel(&op->request);
    return;
  }
  if (op->is_settling) return; /* it ends with that */
  if (op->drill) scu__drill_cancel(op->drill);
  scu__retrieve_end_cancelled(op);
}

static void abort_retrieve(scu_op *base, const scu_error *error) {
  scu__retrieve *op = (scu__retrieve *)base;
  if (op->request.is_running || (op->drill && scu__drill_is_asking(op->drill))) return;
  if (op->drill) scu__drill_abort(op->drill, error);
  scu__retrieve_finish(op, error->result, error);
}

static void free_retrieve(scu_op *base) {
  scu__retrieve *op = (scu__retrieve *)base;
  op->op.is_done = true;
  scu__drill_free(op->drill);
  if (op->request.session) scu__request_stop(&op->request);
  scu__receiver_end(&op->receiver, "cancelled");
  if (op->is_settling) scu__lease_return(&op->request.lease);
  scu_listener_free(op->listener);
  scu__timer_stop(base->session->loop, &op->grace);
  scu__task_remove(base->session->loop, &op->task);
  scu__get_classes_free(&op->classes);
  scu__inventory_free(&op->inventory);
  scu__routes_free(&op->routes);
  scu_dataset_free(op->identifier);
  scu_query_free(op->query);
}

const scu__op_class scu__retrieve_class = {
    .name = "retrieve", .cancel = cancel, .abort = abort_retrieve, .free = free_retrieve};

static scu_result prepare(scu__retrieve *op, const scu_query *query, const char *destination_ae, scu_error *error) {
  if (destination_ae && !scu__ae_from_text(&op->destination, destination_ae))
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the move destination is not an AE title");
  scu_result result = scu__query_copy(query, &op->query);
  if (result == SCU_OK) result = scu_dataset_new(scu__retrieve_session(op)->allocator, &op->identifier);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_REQUEST);
  result = scu__query_shape_of(op->query, &op->shape, error);
  if (result != SCU_OK) return result;
  if (scu__retrieve_service_class(op)) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the %s model has nothing to retrieve",
                        scu__model_info_of(op->shape.model)->name);
}

scu_op *scu__retrieve_start(scu_session *session, const scu_query *what, scu__retrieve_way wish,
                            const char *destination_ae, scu_sink *sink, const scu_dataset *given) {
  if (!session->loop || !what || (wish != SCU__WAY_MOVE && scu__sink_check(sink, NULL) != SCU_OK)) return NULL;
  scu__retrieve *op = scu__op_new(session, &scu__retrieve_class, sizeof *op);
  if (!op) return NULL;
  op->wish = wish;
  op->way = wish == SCU__WAY_ANY ? SCU__WAY_GET : wish;
  op->at = session;
  op->sink = sink;
  op->status = 0xFFFF;
  op->task.run = scu__retrieve_advance;
  op->grace.expired = scu__retrieve_grace_expired;
  op->progress.op = &op->op;
  op->receiver = scu__retrieve_receiver(op);
  scu__error_clear(&op->refusal);
  scu__error_clear(&op->fault);
  scu__inventory_init(&op->inventory, session->allocator);
  scu__routes_init(&op->routes, &op->op);
  if (given) op->given = scu__routes_locate(&op->routes, given, op->given);
  scu_error error;
  scu__error_clear(&error);
  scu_result result = prepare(op, what, destination_ae, &error);
  if (result == SCU_OK) result = scu__retrieve_take_stock(op, &error);
  if (result != SCU_OK) scu__retrieve_finish(op, result, &error);
  return &op->op;
}

scu_op *scu_move_start(scu_session *session, const scu_query *what, const char *destination_ae) {
  return scu__retrieve_start(session, what, SCU__WAY_MOVE, destination_ae ? destination_ae : "", NULL, NULL);
}

scu_op *scu_move_to_self_start(scu_session *session, const scu_query *what, scu_sink *sink) {
  return scu__retrieve_start(session, what, SCU__WAY_MOVE_TO_SELF, NULL, sink, NULL);
}

scu_op *scu_get_start(scu_session *session, const scu_query *what, scu_sink *sink) {
  return scu__retrieve_start(session, what, SCU__WAY_GET, NULL, sink, NULL);
}

scu_op *scu_fetch_start(scu_session *session, const scu_query *what, scu_sink *sink) {
  return scu__retrieve_start(session, what, SCU__WAY_ANY, NULL, sink, NULL);
}

/* --- blocking ----------------------------------------------------------------------------------------------------- */

scu_result scu__retrieve_run(scu_session *session, scu_op *op, scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = scu__op_run(session, op);
  if (!op) return result;
  scu_result taken = scu_retrieve_take(op, out);
  scu_op_free(op);
  return result == SCU_OK ? taken : result;
}

scu_result scu__retrieve_check(scu_session *session, const void *what, const char *noun, bool has_target) {
  if (!session->loop) return session->error.result;
  scu__session_set_error(session, NULL);
  if (what && has_target) return SCU_OK;
  return scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no %s", what ? "target" : noun);
}

scu_result scu_move(scu_session *session, const scu_query *what, const char *destination_ae,
                    scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = scu__retrieve_check(session, what, "query", destination_ae != NULL);
  return result == SCU_OK ? scu__retrieve_run(session, scu_move_start(session, what, destination_ae), out) : result;
}

static scu_result run_into(scu_session *session, const scu_query *what, scu__retrieve_way wish, scu_sink *sink,
                           scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = scu__retrieve_check(session, what, "query", true);
  if (result == SCU_OK) result = scu__sink_check(sink, &session->error);
  if (result != SCU_OK) return result;
  return scu__retrieve_run(session, scu__retrieve_start(session, what, wish, NULL, sink, NULL), out);
}

scu_result scu_move_to_self(scu_session *session, const scu_query *what, scu_sink *sink, scu_retrieve_report **out) {
  return run_into(session, what, SCU__WAY_MOVE_TO_SELF, sink, out);
}

scu_result scu_get(scu_session *session, const scu_query *what, scu_sink *sink, scu_retrieve_report **out) {
  return run_into(session, what, SCU__WAY_GET, sink, out);
}

scu_result scu_fetch(scu_session *session, const scu_query *what, scu_sink *sink, scu_retrieve_report **out) {
  return run_into(session, what, SCU__WAY_ANY, sink, out);
}
