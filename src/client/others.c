/* A list of sessions, and what of their elder they follow. */
#include "client/others.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/association.h"

scu_result scu__others_prepare(scu_session *session, const scu_options *options) {
  if (!options || !session->config->nodes_file[0]) return SCU_OK;
  scu_result result = scu__options_copy_nameless(options, &session->other_options);
  return result == SCU_OK ? SCU_OK : scu__error_memory(&session->error, SCU_PHASE_USAGE);
}

static void follow(scu_session *session, scu_session *other) {
  scu_session_set_hooks(other, session->hooks.size > 0 ? &session->hooks : NULL);
}

void scu__others_set_hooks(scu_session *session) {
  for (scu__other *other = session->others; other; other = other->next) follow(session, other->session);
}

static scu_result open_other(scu_session *session, scu__other *other, scu_error *error) {
  scu_result result = scu_session_new_on(session->loop, &other->session, session->other_options, other->node);
  if (result == SCU_OK) {
    other->session->elder = session;
    follow(session, other->session);
    return SCU_OK;
  }
  if (other->session) scu__error_copy(error, &other->session->error);
  scu_session_free(other->session);
  return scu__error_set(error, result, SCU_PHASE_USAGE, "no session to node '%s'", other->node);
}

scu_result scu__others_find(scu_session *session, const char *node, scu_session **out, scu_error *error) {
  for (scu__other *other = session->others; other; other = other->next) {
    if (strcmp(other->node, node) != 0) continue;
    *out = other->session;
    return SCU_OK;
  }
  scu__other *made = scu__alloc(session->allocator, sizeof *made);
  if (!made) return scu__error_memory(error, SCU_PHASE_REQUEST);
  snprintf(made->node, sizeof made->node, "%s", node);
  scu_result result = open_other(session, made, error);
  if (result != SCU_OK) {
    scu__free(session->allocator, made);
    return result;
  }
  made->next = session->others;
  session->others = made;
  *out = made->session;
  return SCU_OK;
}

void scu__others_abort(scu_session *session, const scu_error *error) {
  for (scu__other *other = session->others; other; other = other->next) scu__associations_abort(other->session, error);
}

void scu__others_free(scu_session *session) {
  while (session->others) {
    scu__other *other = session->others;
    session->others = other->next;
    scu_session_free(other->session);
    scu__free(session->allocator, other);
  }
}
