/* scu get: fetch instances, by C-GET or by C-MOVE to ourselves, whichever brings them. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "list.h"
#include "listen_address.h"
#include "query_keys.h"
#include "retrieve.h"
#include "signals.h"
#include "words.h"

/* UIDs of a list that are one retrieve, which the library cuts into requests that the peer takes (uids-per-request).
 * Not the whole list: so many studies of two thousand instances each are what one retrieve keeps account of. */
enum { UIDS_PER_QUERY = 1000, UID_MAX = 64 };

typedef struct retrieval {
  cli *context;
  const arguments *args;
  scu_session *session;
  scu_sink *sink;
  retrieval_tally tally;
} retrieval;

static void retrieve(retrieval *r, const scu_query *query) {
  scu_retrieve_report *report = NULL;
  scu_result result = scu_fetch(r->session, query, r->sink, &report);
  if (result != SCU_OK) report_error(r->context, scu_session_error(r->session));
  note_retrieval(r->context, r->args, &r->tally, report, result);
  scu_retrieve_report_free(report);
}

static bool is_uid(const char *text) {
  size_t length = strlen(text);
  return length > 0 && length <= UID_MAX && strspn(text, "0123456789.") == length;
}

/* Up to UIDS_PER_QUERY entries, joined by backslash. SCU_END when there are no more. */
static scu_result next_uids(list *uids, char *to, size_t room) {
  size_t length = 0;
  const char *entry;
  scu_result result = SCU_OK;
  for (size_t count = 0; count < UIDS_PER_QUERY && (result = list_next(uids, &entry)) == SCU_OK; count++) {
    if (!is_uid(entry)) {
      report_usage(uids->context, NULL, "entry %lu of the list is no UID", uids->line);
      return SCU_ERROR_USAGE;
    }
    length += (size_t)snprintf(to + length, room - length, "%s%s", length ? "\\" : "", entry);
  }
  return result == SCU_END && length > 0 ? SCU_OK : result;
}

static const char *unique_key(scu_query_level level) {
  switch (level) {
  case SCU_LEVEL_PATIENT: return "PatientID";
  case SCU_LEVEL_SERIES: return "SeriesInstanceUID";
  case SCU_LEVEL_IMAGE: return "SOPInstanceUID";
  default: return "StudyInstanceUID";
  }
}

static void retrieve_list(retrieval *r, scu_query *query, list *uids) {
  enum { ROOM = UIDS_PER_QUERY * (UID_MAX + 1) + 1 };
  char joined[ROOM];
  scu_query_level level;
  if (!level_argument(r->context, r->args, SCU_LEVEL_STUDY, &level)) return;
  while (signals_count() == 0) {
    scu_result result = next_uids(uids, joined, sizeof joined);
    if (result != SCU_OK) return;
    scu_query_set_level(query, level);
    if (scu_query_set(query, unique_key(level), joined) != SCU_OK) {
      report_query(r->context, query);
      return;
    }
    retrieve(r, query);
  }
}

/* --with counts more than what the node file says. */
static bool set_way(cli *context, const arguments *args) {
  const char *const *words = flag_words(FLAG_WITH);
  size_t word;
  if (!argument_word(context, args, FLAG_WITH, words, 0, &word)) return false;
  if (args->has[FLAG_WITH]) scu_options_set_text(context->options, SCU_OPTION_RETRIEVE_WITH, words[word]);
  if (!args->has[FLAG_WITH] || word != 0 || !args->has[FLAG_LISTEN]) return true;
  report_usage(context, NULL, "--listen is for --with move or auto: C-GET brings everything on its own connection");
  return false;
}

static bool check(cli *context, const arguments *args) {
  const char *fault = NULL, *hint = NULL;
  if (!set_way(context, args)) return false;
  if (args->positional_count == 0) {
    fault = "no peer is named";
    hint = "scu get AET@host:port KEY=VALUE... -o DIR";
  } else if (!args->has[FLAG_OUTPUT]) {
    fault = "-o DIR is missing";
    hint = "scu get AET@host:port KEY=VALUE... -o DIR";
  } else if (args->has[FLAG_NULL] && !args->has[FLAG_FROM]) {
    fault = "--null is about a list: --from LIST is missing";
  }
  if (fault) report_usage(context, hint, "%s", fault);
  return !fault && listen_address_apply(context, args, FLAG_LISTEN);
}

static void run(cli *context, const arguments *args) {
  retrieval r = {.context = context, .args = args};
  list *uids = NULL;
  if (!check(context, args)) return;
  scu_query *query = query_from_arguments(context, args, !args->has[FLAG_FROM]);
  if (!query) return;
  if (args->has[FLAG_FROM]) uids = list_open(context, args->value[FLAG_FROM], args->has[FLAG_NULL]);
  if (!args->has[FLAG_FROM] || uids) r.session = cli_session(context, args->positional[0]);
  if (r.session) r.sink = cli_sink(context, args);
  context->is_receiving = true;
  if (r.sink) json_begin(context, args->positional[0]);
  if (r.sink && uids)
    retrieve_list(&r, query, uids);
  else if (r.sink)
    retrieve(&r, query);
  judge_retrievals(context, args, &r.tally);
  cli_session_free(r.session);
  scu_disk_sink_free(r.sink);
  list_close(uids);
  scu_query_free(query);
}

const command command_get = {
    .name = "get",
    .bit = ON_GET,
    .uses = SCU_USED_BY_SESSION | SCU_USED_BY_RETRIEVE | SCU_USED_BY_GET | SCU_USED_BY_SINK | SCU_USED_BY_LAYOUT,
    .synopsis = "get PEER KEY=VALUE... -o DIR [--with get|move|auto] [--from LIST|-]",
    .summary = "fetch instances from an archive (C-GET or C-MOVE)",
    .text =
        "Writes DIR/STUDY/SERIES/INSTANCE.dcm and compares what came with what the archive said it has.\n"
        "\n"
        "Asks by C-GET, and by C-MOVE to ourselves for what that does not bring; --with, or retrieve-with of a node,\n"
        "chooses one.\n"
        "What the archive says is at another AE is asked for there, if the node file knows it; what it says is\n"
        "offline is listed, and not asked for without --force-offline.\n"
        "Where its answers look cut off, studies are asked for in parts by date (--split: in any case); what then is "
        "not\n"
        "proven to be all is called incomplete, with exit code 3.\n"
        "--from takes Study Instance UIDs, one a line; with --level series or image those of that level.\n",
    .examples = "scu get PACS@10.0.0.5:104 StudyInstanceUID=1.2.3 -o images\n"
                "scu get pacs PatientID=4711 StudyDate=2024-01 -o images --with move",
    .run = run,
};
