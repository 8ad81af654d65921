/* A session from the command line, and what its hooks tell of associations, in the words of the tools. */
#include "connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "classes.h"
#include "say.h"
#include "settings.h"
#include "signals.h"

enum { PDV_HEADER = 12 };

int64_t repetitions(const habits *h) {
  return h->has[HABIT_REPEAT] ? h->number[HABIT_REPEAT] : 1;
}

/* ---- what is told of associations ---- */

static void before_associate(void *user, uint32_t association, scu_proposal *proposal) {
  connection *c = user;
  (void)association;
  (void)proposal;
  log_line(c->h, LOG_INFO, "Requesting Association");
  signals_say_again();
}

static void say_contexts(const connection *c) {
  const char *abstract_syntax, *transfer_syntax;
  uint8_t result;
  log_line(c->h, LOG_INFO, "Presentation Contexts:");
  for (size_t i = 0; scu_session_context(c->session, i, &abstract_syntax, &transfer_syntax, &result); i++) {
    const char *name = storage_class_name(abstract_syntax);
    log_line(c->h, LOG_INFO, "  Context ID:        %zu (%s)", 2 * i + 1, result == 0 ? "Accepted" : "Rejected");
    log_line(c->h, LOG_INFO, "    Abstract Syntax: %s%s", name ? "=" : "", name ? name : abstract_syntax);
    if (result == 0) log_line(c->h, LOG_INFO, "    Accepted Transfer Syntax: %s", transfer_syntax);
  }
}

static bool is_anything_accepted(const connection *c) {
  const char *abstract_syntax, *transfer_syntax;
  uint8_t result;
  for (size_t i = 0; scu_session_context(c->session, i, &abstract_syntax, &transfer_syntax, &result); i++)
    if (result == 0) return true;
  return false;
}

static log_level level_of_refusal(const habits *h) {
  return h->tool == TOOL_FIND ? LOG_ERROR : LOG_FATAL;
}

static void after_associate(void *user, uint32_t association, const scu_error *error) {
  connection *c = user;
  (void)association;
  if (error) {
    connection_say_refused(c, error);
    return;
  }
  uint32_t pdu = scu_session_peer_max_pdu(c->session);
  c->is_there = true;
  c->has_no_context = !is_anything_accepted(c);
  if (c->has_no_context) {
    c->was_refused = true;
    log_line(c->h, level_of_refusal(c->h), "No Acceptable Presentation Contexts");
    return;
  }
  if (c->h->has[HABIT_VERBOSE_CONTEXTS] || c->h->level >= LOG_DEBUG) say_contexts(c);
  log_line(c->h, LOG_INFO, "Association Accepted (Max Send PDV: %" PRIu32 ")", pdu > PDV_HEADER ? pdu - PDV_HEADER : 0);
}

static void after_close(void *user, uint32_t association, const scu_error *error) {
  connection *c = user;
  (void)association;
  c->is_there = false;
  if (error) c->is_cut = true;
}

static void before_release(void *user, uint32_t association, int is_by_peer) {
  connection *c = user;
  (void)association;
  if (c->has_no_context) return;
  log_line(c->h, LOG_INFO, is_by_peer ? "Peer Requested Release" : "Releasing Association");
}

static void after_release(void *user, uint32_t association, const scu_error *error) {
  connection *c = user;
  (void)association;
  if (!error) return;
  c->is_release_failed = true;
  log_line(c->h, LOG_FATAL, "Association Release Failed: %s", scu_error_reason(error));
}

static void on_warning(void *user, const char *text) {
  connection *c = user;
  log_line(c->h, LOG_WARN, "%s", text);
}

static void on_log(void *user, int level, uint32_t association, const char *text) {
  connection *c = user;
  (void)association;
  log_line(c->h, level > 1 ? LOG_DEBUG : LOG_WARN, "%s", text);
}

bool connection_begin(connection *c, const habits *h) {
  char peer[SETTINGS_PEER_MAX];
  c->h = h;
  settings_peer(h, peer);
  c->hooks.size = sizeof c->hooks;
  c->hooks.user = c;
  if (!c->hooks.before_associate) c->hooks.before_associate = before_associate;
  c->hooks.after_associate = after_associate;
  c->hooks.after_close = after_close;
  c->hooks.before_release = before_release;
  c->hooks.after_release = after_release;
  c->hooks.warning = on_warning;
  if (h->level >= LOG_DEBUG) c->hooks.log = on_log;
  scu_result result = scu_options_new(NULL, &c->options);
  if (result == SCU_OK) result = settings_apply(c->options, h);
  if (result != SCU_OK) {
    log_line(h, LOG_FATAL, "%s", c->options ? scu_error_reason(scu_options_error(c->options)) : "out of memory");
    return false;
  }
  result = scu_loop_new(NULL, &c->loop);
  if (result == SCU_OK) result = scu_session_new_on(c->loop, &c->session, c->options, peer);
  if (result == SCU_OK) result = scu_session_set_hooks(c->session, &c->hooks);
  if (result == SCU_OK) signals_aim_at_session(c->session);
  if (result != SCU_OK)
    log_line(h, LOG_FATAL, "%s", c->session ? scu_error_reason(scu_session_error(c->session)) : "out of memory");
  return result == SCU_OK;
}

static const char *rejection_result(uint8_t result) {
  return result == 1 ? "Rejected Permanent" : result == 2 ? "Rejected Transient" : "Unknown";
}

static const char *rejection_source(uint8_t source) {
  return source == 1   ? "Service User"
         : source == 2 ? "Service Provider (ACSE Related)"
         : source == 3 ? "Service Provider (Presentation Related)"
                       : "Unknown";
}

static const char *rejection_reason(uint8_t source, uint8_t reason) {
  if (reason == 1 && source != 3) return "No Reason";
  if (source == 1 && reason == 2) return "Application Context Name Not Supported";
  if (source == 1 && reason == 3) return "Calling AE Title Not Recognized";
  if (source == 1 && reason == 7) return "Called AE Title Not Recognized";
  if (source == 2 && reason == 2) return "Protocol Version Not Supported";
  if (source == 3 && reason == 1) return "Temporary Congestion";
  if (source == 3 && reason == 2) return "Local Limit Exceeded";
  return "Unknown";
}

static bool is_rejection(const scu_error *error) {
  return scu_error_result(error) == SCU_ERROR_REJECTED && scu_error_reject_result(error) != 0xFF;
}

void connection_say_refused(connection *c, const scu_error *error) {
  log_level level = level_of_refusal(c->h);
  c->was_refused = true;
  if (c->h->tool == TOOL_GET) {
    log_line(c->h, level, "Could not negotiate association: %s",
             is_rejection(error) ? "DUL Association Rejected" : scu_error_reason(error));
  } else if (is_rejection(error)) {
    uint8_t source = scu_error_source(error);
    log_line(c->h, level, "Association Rejected:\nResult: %s, Source: %s\nReason: %s",
             rejection_result(scu_error_reject_result(error)), rejection_source(source),
             rejection_reason(source, scu_error_reason_code(error)));
  } else {
    log_line(c->h, level, "Association Request Failed:%s%s", c->h->tool == TOOL_MOVE ? "\n" : " ",
             scu_error_reason(error));
  }
}

static int code_without_association(const connection *c) {
  switch (c->h->tool) {
  case TOOL_FIND: return HABIT_FIND_FAILED;
  case TOOL_MOVE: return c->has_no_context ? HABIT_NO_CONTEXT : HABIT_NO_ASSOCIATION;
  default: return HABIT_FAILED;
  }
}

bool connection_has(const connection *c, const char *abstract_syntax) {
  const char *abstract, *transfer;
  uint8_t result;
  for (size_t i = 0; scu_session_context(c->session, i, &abstract, &transfer, &result); i++)
    if (result == 0 && strcmp(abstract, abstract_syntax) == 0) return true;
  return false;
}

int connection_open(connection *c, scu_result (*propose)(void *user, scu_proposal *proposal), void *user) {
  scu_result result = scu_association_open(c->session, propose, user, &c->association);
  if (result == SCU_OK && !c->has_no_context) return HABIT_DONE;
  if (!c->was_refused) connection_say_refused(c, scu_session_error(c->session));
  return code_without_association(c);
}

/* Abort only asks: it is done when the loop has had its turn. */
static void abort_association(connection *c) {
  enum { TURNS = 100, TURN_MS = 50 };
  log_line(c->h, LOG_INFO, "Aborting Association");
  scu_abort(c->session);
  for (int i = 0; i < TURNS && c->is_there; i++)
    if (scu_loop_wait(c->loop, TURN_MS) != SCU_OK) break;
}

bool connection_end(connection *c, bool is_aborted) {
  if (c->session && c->is_there && !c->has_no_context && (is_aborted || c->h->has[HABIT_ABORT])) abort_association(c);
  scu_association_close(c->association);
  signals_aim_at_session(NULL);
  scu_session_free(c->session);
  scu_loop_free(c->loop);
  scu_options_free(c->options);
  return !c->is_release_failed;
}
