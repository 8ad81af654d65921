/* The identity of a session or of one association: offered, confirmed or not. */
#include "client/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "io/file.h"

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* A relative path counts from the folder of the node file that it stands in. */
static char *path_beside(const scu_allocator *allocator, const char *nodes_path, const char *file) {
  const char *slash = *file == '/' ? NULL : strrchr(nodes_path, '/');
  size_t folder = slash ? (size_t)(slash - nodes_path) + 1 : 0;
  size_t room = folder + strlen(file) + 1;
  char *path = scu__alloc(allocator, room);
  if (path) snprintf(path, room, "%.*s%s", (int)folder, nodes_path, file);
  return path;
}

static scu_result read_passcode(scu_session *session, const char *path) {
  uint8_t *bytes = NULL;
  size_t length = 0;
  scu_result result =
      scu__file_read_whole(path, session->allocator, SCU__IDENTITY_MAX + 2, &bytes, &length, &session->error);
  if (result == SCU_OK) result = scu__identity_set_passcode(&session->identity, bytes, length, &session->error);
  scu__free_wiped(session->allocator, bytes, length);
  session->is_passcode_file_shared = scu__file_is_shared(path);
  return result;
}

scu_result scu__session_identity_open(scu_session *session, const scu_options *options, const scu__node *node,
                                      const char *nodes_path) {
  scu_result result = scu__identity_resolve(options, node, session->allocator, &session->identity, &session->error);
  const char *file = result == SCU_OK ? scu__identity_passcode_file(options, node) : NULL;
  if (!file) return result;
  if (session->identity.type == 0)
    return scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "node '%s' has a passcode-file and no user", node->name);
  char *path = path_beside(session->allocator, nodes_path, file);
  if (!path) return scu__error_memory(&session->error, SCU_PHASE_USAGE);
  result = read_passcode(session, path);
  scu__free(session->allocator, path);
  return result;
}

static void forget_answer(scu__negotiation_record *record, const scu_allocator *allocator) {
  scu__free_wiped(allocator, record->identity_response, record->identity_response_length);
  record->identity_response = NULL;
  record->identity_response_length = 0;
  record->is_identity_confirmed = false;
}

void scu__session_identity_close(scu_session *session) {
  scu__identity_free(&session->identity);
  forget_answer(&session->record, session->allocator);
}

/* In the middle of making an association: nothing can be waited for. */
static void warn_in_step(const scu_session *session, const char *text) {
  scu__loop_hold(session->loop);
  scu__session_warn(session, "%s", text);
  scu__loop_let_go(session->loop);
}

/* --- offering ----------------------------------------------------------------------------------------------------- */

scu_result scu__identity_put(const scu__identity *identity, scu__associate *rq) {
  if (identity->type == 0) {
    scu__associate_remove_identity(rq);
    return SCU_OK;
  }
  return scu__associate_set_identity(rq, (scu__identity_type)identity->type, identity->wants_response,
                                     identity->primary, identity->primary_length, identity->secondary,
                                     identity->secondary_length);
}

void scu__identity_tell(scu_session *session, const scu__identity *identity, uint32_t association) {
  if (identity->type == 0) return;
  if (session->is_passcode_file_shared && identity == &session->identity) {
    warn_in_step(session, "the passcode file of the node can be read by others than its owner");
    session->is_passcode_file_shared = false; /* said once */
  }
  scu__trace_line(&session->trace, SCU__LEVEL_INFO, association, "user identity offered: %s%s, %s",
                  scu__identity_type_text(identity->type), identity->is_guessed ? " (by its content)" : "",
                  identity->wants_response ? "to be confirmed" : "without asking for confirmation");
}

void scu__identity_too_long(const scu__identity *identity, scu_error *error) {
  if (identity->type == 0) return;
  scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_USAGE,
                 "the user identity (%zu bytes) and what else is proposed do not fit into the 65535 bytes that an "
                 "association request has for both",
                 identity->primary_length + identity->secondary_length);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static scu_result keep_response(scu_session *session, const scu__octets *response) {
  scu__negotiation_record *record = &session->record;
  if (response->length == 0) return SCU_OK;
  record->identity_response = scu__alloc(session->allocator, response->length);
  if (!record->identity_response) return SCU_ERROR_MEMORY;
  memcpy(record->identity_response, response->data, response->length);
  record->identity_response_length = response->length;
  return SCU_OK;
}

scu_result scu__identity_settle(scu_session *session, const scu__identity *identity, const scu__negotiated *negotiated,
                                scu_error *error) {
  forget_answer(&session->record, session->allocator);
  if (identity->type == 0) return SCU_OK; /* an answer to nothing */
  session->record.is_identity_confirmed = negotiated->identity_confirmed;
  if (keep_response(session, &negotiated->identity_response) != SCU_OK)
    return scu__error_memory(error, SCU_PHASE_ASSOCIATE);
  if (negotiated->identity_confirmed || !identity->wants_response) return SCU_OK;
  if (identity->is_response_optional) {
    warn_in_step(session, "the peer did not confirm the user identity: it may not have looked at it");
    return SCU_OK;
  }
  scu__error_set(error, SCU_ERROR_SECURITY, SCU_PHASE_ASSOCIATE,
                 "the peer accepted the association without confirming the user identity (%s)",
                 scu__identity_type_text(identity->type));
  scu__error_hint(error, "it may not know user identities at all: identity-optional goes on with a warning");
  return SCU_ERROR_SECURITY;
}

void scu__identity_suspect(const scu__identity *identity, scu_error *error) {
  if (identity->type == 0 || error->phase != SCU_PHASE_ASSOCIATE || error->result != SCU_ERROR_REJECTED) return;
  const char *what = scu__identity_type_text(identity->type);
  char other[SCU__ERROR_TEXT_MAX];
  memcpy(other, error->hint, sizeof other);
  error->hint[0] = 0;
  if (error->source == 2 && error->reason_code == 1) /* PS3.7 D.3.3.7.3 */
    scu__error_hint(error, "this is how a peer refuses a user identity: check the %s that was offered", what);
  scu__error_hint(error, "the user identity that was offered (%s) may be the reason%s%s", what,
                  other[0] ? "; else: " : "", other);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

int scu_session_identity_confirmed(const scu_session *session) {
  return session->record.is_identity_confirmed;
}

int scu_session_identity_response(const scu_session *session, const uint8_t **bytes, size_t *length) {
  const scu__negotiation_record *record = &session->record;
  if (bytes) *bytes = record->identity_response;
  if (length) *length = record->identity_response_length;
  return record->identity_response != NULL;
}
