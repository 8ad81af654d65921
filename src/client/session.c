/* Sessions: opening from options and a peer's name, cancel and abort from anywhere, closing. */
#include "client/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/versioned.h"
#include "client/association.h"
#include "client/commit_receiver.h"
#include "client/identity.h"
#include "client/op.h"
#include "client/others.h"
#include "client/turns.h"
#include "config/node_options.h"
#include "io/file.h"
#include "scu/version.h"

const char *scu_version(void) {
  return SCU_VERSION;
}

static void log_line(void *user, scu__trace_level level, uint32_t association, const char *text) {
  scu_session *session = user;
  scu__loop_hold(session->loop);
  if (session->hooks.log) session->hooks.log(session->hooks.user, (int)level, association, text);
  scu__loop_let_go(session->loop);
}

scu_result scu__session_read_nodes(const scu_session *session, scu__nodes *nodes, scu_error *error) {
  uint8_t *text = NULL;
  size_t length = 0;
  const char *path = session->config->nodes_file;
  *nodes = (scu__nodes){.allocator = session->allocator};
  if (!path[0]) return SCU_OK;
  scu_result result = scu__file_read_whole(path, session->allocator, SCU__NODES_TEXT_MAX, &text, &length, error);
  if (result != SCU_OK) return result;
  result = scu__nodes_parse(session->allocator, path, (const char *)text, length, nodes, error);
  scu__free(session->allocator, text);
  return result;
}

/* A peer is found in the node file by its name only. */
static scu_result find_peer(scu_session *session, const scu_options *options, const char *peer) {
  if (!peer) return scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no peer was given");
  if (scu__peer_is_literal(peer) || !session->config->nodes_file[0]) {
    scu_result found = scu__peer_resolve(NULL, peer, &session->peer, &session->error);
    return found == SCU_OK ? scu__session_identity_open(session, options, NULL, "") : found;
  }
  scu__nodes nodes;
  scu_result result = scu__session_read_nodes(session, &nodes, &session->error);
  if (result == SCU_OK) result = scu__peer_resolve(&nodes, peer, &session->peer, &session->error);
  const scu__node *node = result == SCU_OK ? scu__nodes_find(&nodes, peer) : NULL;
  if (result == SCU_OK) result = scu__options_resolve_for(options, node, session->config, &session->error);
  if (result == SCU_OK) result = scu__session_identity_open(session, options, node, session->config->nodes_file);
  scu__nodes_free(&nodes);
  return result;
}

/* Asking an operation may run hooks that free others: each time the list is looked at from its head. */
static scu_op *next_to_ask(const scu_session *session, bool is_abort) {
  for (scu_op *op = session->ops; op; op = op->next)
    if (!op->is_done && !(is_abort ? op->is_aborted : op->is_cancelled)) return op;
  return NULL;
}

bool scu__session_has_wishes(const scu_session *session) {
  return session->is_cancel_wanted || session->is_abort_wanted;
}

static void abort_all(scu_session *session) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_ABORTED, SCU_PHASE_NONE, "aborted by the caller");
  scu__associations_abort(session, &error);
  scu__others_abort(session, &error);
  for (scu_op *op; (op = next_to_ask(session, true)) != NULL;) {
    op->is_aborted = true;
    if (op->class_->abort) op->class_->abort(op, &error);
  }
}

void scu__session_heed_wishes(scu_session *session) {
  if (scu__loop_is_held(session->loop)) return;
  if (atomic_exchange(&session->is_cancel_wanted, 0))
    for (scu_op *op; (op = next_to_ask(session, false)) != NULL;) scu_op_cancel(op);
  if (atomic_exchange(&session->is_abort_wanted, 0)) abort_all(session);
}

static void check_wishes(scu__tick *self) {
  scu__session_heed_wishes((scu_session *)((char *)self - offsetof(scu_session, tick)));
}

static scu_result open_session(scu_session *session, scu_loop *loop, const scu_options *options, const char *peer) {
  session->config = scu__alloc(session->allocator, sizeof *session->config);
  if (!session->config) return scu__error_memory(&session->error, SCU_PHASE_USAGE);
  scu_result result = scu__options_resolve(options, session->config, &session->error);
  memcpy(session->trace.taps, session->config->taps, sizeof session->trace.taps);
  session->trace.scribe = session->config->scribe;
  if (result == SCU_OK) result = find_peer(session, options, peer);
  if (result == SCU_OK) result = scu__peer_check_supported(&session->peer, &session->error);
  if (result == SCU_OK) result = scu__others_prepare(session, options);
  if (result != SCU_OK) return result;
  scu__peer_format(&session->peer, session->peer_text, sizeof session->peer_text);
  result = scu__identity_check_transport(&session->identity, session->peer.is_tls, &session->error);
  if (result != SCU_OK) {
    scu__error_peer(&session->error, session->peer_text);
    return result;
  }
  if (!loop) {
    result = scu_loop_new(session->allocator, &loop);
    if (result != SCU_OK) return scu__error_set(&session->error, result, SCU_PHASE_NONE, "no event loop");
    session->owns_loop = true;
  }
  session->loop = loop;
  session->tick.check = check_wishes;
  scu__tick_add(loop, &session->tick);
  scu__turns_init(session);
  return SCU_OK;
}

scu_result scu_session_new_on(scu_loop *loop, scu_session **out, const scu_options *options, const char *peer) {
  *out = NULL;
  const scu_allocator *allocator = loop ? scu__loop_allocator(loop) : scu__options_allocator(options);
  scu_session *session = scu__alloc(allocator, sizeof *session);
  if (!session) return SCU_ERROR_MEMORY;
  session->allocator = allocator;
  scu__error_clear(&session->error);
  session->trace = (scu__trace){.level = SCU__LEVEL_DEBUG, .line = log_line, .user = session};
  scu__message_teller_init(&session->messages, session, false);
  scu__message_teller_init(&session->guest_messages, session, true);
  *out = session;
  return open_session(session, loop, options, peer);
}

scu_result scu_session_new(scu_session **out, const scu_options *options, const char *peer) {
  return scu_session_new_on(NULL, out, options, peer);
}

void scu_session_free(scu_session *session) {
  if (!session) return;
  if (session->loop) {
    scu__turns_close(session);
    scu__associations_release(session);
    while (session->ops) scu__op_destroy(session->ops);
    scu__associations_free(session);
    scu__others_free(session);
    scu__commit_receiver_free(session->commit_receiver);
    scu__tick_remove(session->loop, &session->tick);
  }
  if (session->owns_loop) scu_loop_free(session->loop);
  scu__session_identity_close(session);
  scu_options_free(session->other_options);
  scu__free(session->allocator, session->config);
  scu__free(session->allocator, session);
}

const scu_error *scu_session_error(const scu_session *session) {
  return session ? &session->error : NULL;
}

scu_result scu_session_set_hooks(scu_session *session, const scu_hooks *hooks) {
  scu_result result = SCU_OK;
  if (hooks)
    result = scu__versioned_copy(&session->hooks, sizeof session->hooks, hooks, SCU__SIZE_THROUGH(scu_hooks, user));
  else
    memset(&session->hooks, 0, sizeof session->hooks);
  scu__message_teller_update(&session->messages);
  scu__message_teller_update(&session->guest_messages);
  scu__others_set_hooks(session);
  return result;
}

void scu_session_set_tag(scu_session *session, void *tag) {
  session->tag = tag;
}

void *scu_session_tag(const scu_session *session) {
  return session->tag;
}

void scu_cancel(scu_session *session) {
  if (!session) return;
  session->is_cancel_wanted = 1;
  if (session->loop) scu_loop_wake(session->loop);
}

void scu_abort(scu_session *session) {
  if (!session) return;
  session->is_abort_wanted = 1;
  if (session->loop) scu_loop_wake(session->loop);
}

uint32_t scu__session_next_association(scu_session *session) {
  scu_session *counting = session->elder ? session->elder : session;
  return scu__trace_number(&session->trace, &counting->last_association);
}

void scu__session_set_error(scu_session *session, const scu_error *error) {
  scu__error_clear(&session->error);
  scu__error_copy(&session->error, error);
}

void scu__session_warn(const scu_session *session, const char *format, ...) {
  if (!session->hooks.warning && !session->trace.scribe) return;
  char text[SCU__ERROR_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  scu__trace_to_log(&session->trace, SCU__LEVEL_WARNING, 0, text);
  if (session->hooks.warning) session->hooks.warning(session->hooks.user, text);
}

void scu__session_tell_instance(const scu_session *session, const scu_instance_outcome *outcome) {
  if (session->hooks.instance) session->hooks.instance(session->hooks.user, outcome);
}

const char *scu_session_peer(const scu_session *session) {
  return session->peer_text;
}
const char *scu_session_peer_implementation_uid(const scu_session *session) {
  return session->record.implementation_uid;
}
const char *scu_session_peer_implementation_version(const scu_session *session) {
  return session->record.implementation_version;
}
uint32_t scu_session_peer_max_pdu(const scu_session *session) {
  return session->record.max_pdu;
}
size_t scu_session_context_count(const scu_session *session) {
  return session->record.count;
}

int scu_session_context(const scu_session *session, size_t index, const char **abstract_syntax,
                        const char **transfer_syntax, uint8_t *result) {
  if (index >= session->record.count) return 0;
  const struct scu__context_record *context = &session->record.contexts[index];
  if (abstract_syntax) *abstract_syntax = context->abstract_syntax.text;
  if (transfer_syntax) *transfer_syntax = context->transfer_syntax.text;
  if (result) *result = context->result;
  return 1;
}
