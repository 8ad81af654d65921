/* scu echo: C-ECHO, to see whether a peer is there and talks to us. */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "safe_text.h"
#include "signals.h"

static void print_response(cli *context, const scu_session *session, const scu_response *response) {
  char status[STATUS_TEXT_MAX], elapsed[32];
  uint16_t code = scu_response_status(response);
  format_status(C_ECHO, code, status);
  format_seconds(scu_response_elapsed_ms(response), elapsed);
  if (context->is_json) {
    json_open(stdout, "response");
    json_status(stdout, "status", code);
    json_text(stdout, "class", scu_response_class(response));
    json_text(stdout, "peer", scu_session_peer(session));
    json_text(stdout, "peer_implementation_class_uid", scu_session_peer_implementation_uid(session));
    json_text(stdout, "peer_implementation_version_name", scu_session_peer_implementation_version(session));
    if (scu_session_identity_confirmed(session)) json_number(stdout, "identity_confirmed", 1);
    json_seconds(stdout, "seconds", scu_response_elapsed_ms(response));
    json_close(stdout);
  } else if (!context->is_quiet) {
    put_safe(stdout, scu_session_peer(session));
    printf(": %s (%s)\n", status, elapsed);
    fflush(stdout);
  }
}

/* One echo. False when there is no point in another one. */
static bool echo_once(cli *context, scu_session *session) {
  scu_response *response = NULL;
  if (scu_echo(session, &response) != SCU_OK) {
    report_error(context, scu_session_error(session));
    context->failed++;
    return false;
  }
  bool is_success = scu_response_status(response) == 0;
  print_response(context, session, response);
  if (is_success)
    context->ok++;
  else
    context->failed++;
  if (!is_success) {
    char status[STATUS_TEXT_MAX], commented[512];
    format_status(C_ECHO, scu_response_status(response), status);
    const char *hint = status_hint(C_ECHO, scu_response_status(response), scu_response_comment(response));
    report_fault(context, SCU_ERROR_REFUSED, SCU_PHASE_RESPONSE, hint, "the peer answered with status %s",
                 with_comment(context, status, scu_response_comment(response), commented));
  }
  scu_response_free(response);
  return true;
}

static void say_association(cli *context, const scu_session *session) {
  if (context->verbosity == 0) return;
  say(context, "peer implementation: %s %s", scu_session_peer_implementation_uid(session),
      scu_session_peer_implementation_version(session));
  say(context, "peer's maximum PDU: %" PRIu32 " bytes", scu_session_peer_max_pdu(session));
  size_t length;
  if (scu_session_identity_response(session, NULL, &length))
    say(context, "user identity: confirmed, with an answer of %zu bytes", length);
  else if (scu_session_identity_confirmed(session))
    say(context, "user identity: confirmed");
  const char *abstract_syntax, *transfer_syntax;
  uint8_t result;
  for (size_t i = 0; scu_session_context(session, i, &abstract_syntax, &transfer_syntax, &result); i++)
    say(context, "context: %s %s%s", abstract_syntax, result == 0 ? "accepted, " : "rejected", transfer_syntax);
}

static void run(cli *context, const arguments *args) {
  uint64_t count = 1;
  if (args->has[FLAG_REPEAT] && !argument_number(context, args, FLAG_REPEAT, 1, 1000000, &count)) return;
  if (args->positional_count != 1) {
    report_usage(context, "scu echo AET@host:port", args->positional_count ? "more than one peer" : "no peer is named");
    return;
  }
  scu_session *session = cli_session(context, args->positional[0]);
  if (!session) return;
  json_begin(context, args->positional[0]);
  for (uint64_t i = 0; i < count && signals_count() == 0 && !output_is_broken(context); i++)
    if (!echo_once(context, session)) break;
  if (context->ok + context->failed > 0) say_association(context, session);
  cli_session_free(session);
}

const command command_echo = {
    .name = "echo",
    .bit = ON_ECHO,
    .uses = SCU_USED_BY_SESSION,
    .synopsis = "echo PEER [--repeat N]",
    .summary = "ask a peer whether it is there (C-ECHO)",
    .text = "Connects, associates, sends a C-ECHO and prints the answer with the time it took.\n",
    .examples = "scu echo PACS@10.0.0.5:104\nscu echo pacs --repeat 10 --json",
    .run = run,
};
