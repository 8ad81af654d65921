/* scu move: C-MOVE to another AE, or to ourselves with the built-in listener. */
#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "listen_address.h"
#include "query_keys.h"
#include "retrieve.h"

static void move(cli *context, const arguments *args, scu_session *session, const scu_query *query, scu_sink *sink) {
  scu_retrieve_report *report = NULL;
  retrieval_tally tally = {.has_report = false};
  json_begin(context, args->positional[0]);
  scu_result result =
      sink ? scu_move_to_self(session, query, sink, &report) : scu_move(session, query, args->value[FLAG_TO], &report);
  if (result != SCU_OK) report_error(context, scu_session_error(session));
  note_retrieval(context, args, &tally, report, result);
  judge_retrievals(context, args, &tally);
  scu_retrieve_report_free(report);
}

static bool check(cli *context, const arguments *args) {
  const char *fault = NULL, *hint = NULL;
  if (args->positional_count == 0) {
    fault = "no peer is named";
    hint = "scu move AET@host:port KEY=VALUE... --to AET";
  } else if (!args->has[FLAG_TO] && !args->has[FLAG_OUTPUT]) {
    fault = "where to? neither --to AET nor -o DIR is given";
    hint = "-o DIR receives here; --to AET sends to another system";
  } else if (args->has[FLAG_TO] && (args->has[FLAG_OUTPUT] || args->has[FLAG_LISTEN])) {
    fault = "--to sends to another system: -o and --listen are for receiving here";
  }
  if (fault) report_usage(context, hint, "%s", fault);
  return !fault && listen_address_apply(context, args, FLAG_LISTEN);
}

static void run(cli *context, const arguments *args) {
  scu_sink *sink = NULL;
  if (!check(context, args)) return;
  scu_query *query = query_from_arguments(context, args, true);
  if (!query) return;
  scu_session *session = cli_session(context, args->positional[0]);
  if (session && args->has[FLAG_OUTPUT]) {
    sink = cli_sink(context, args);
    context->is_receiving = true;
  }
  if (session && (sink || args->has[FLAG_TO])) move(context, args, session, query, sink);
  cli_session_free(session);
  scu_disk_sink_free(sink);
  scu_query_free(query);
}

const command command_move = {
    .name = "move",
    .bit = ON_MOVE,
    .uses = SCU_USED_BY_SESSION | SCU_USED_BY_RETRIEVE | SCU_USED_BY_SINK | SCU_USED_BY_LAYOUT,
    .synopsis = "move PEER KEY=VALUE... (-o DIR [--listen [ADDR:]PORT] | --to AET)",
    .summary = "have an archive send, to us or to another system (C-MOVE)",
    .text = "To ourselves: listens for as long as it takes, writes files under DIR, and compares what came with what\n"
            "the archive said it has. The archive must know our AE title (--aet), host and port.\n",
    .examples = "scu move PACS@10.0.0.5:104 StudyInstanceUID=1.2.3 -o images --aet WORKSTATION\n"
                "scu move pacs PatientID=4711 StudyDate=20240131 --to VIEWER",
    .run = run,
};
