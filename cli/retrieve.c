/* Success of the peer proves nothing: what counts is what it promised and what is here (RULES 22). */
#include "retrieve.h"

#include <inttypes.h>
#include <string.h>

#include "errors.h"
#include "json_lines.h"

/* More missing UIDs than anybody reads go into the JSON records only. */
enum { MISSING_SAID_MAX = 20 };

scu_sink *cli_sink(cli *context, const arguments *args) {
  scu_sink *sink = NULL;
  scu_disk_sink_options options = {.size = sizeof options, .root = args->value[FLAG_OUTPUT]};
  scu_result result = scu_disk_sink_options_from(context->options, &options);
  if (result == SCU_OK) result = scu_disk_sink_new(&options, &sink);
  if (result == SCU_OK) return sink;
  if (sink)
    report_error(context, scu_disk_sink_error(sink));
  else
    report_fault(context, result, SCU_PHASE_STORAGE, NULL, "out of memory");
  scu_disk_sink_free(sink);
  return NULL;
}

/* Where nothing came and the reason was said, a list of everything would only bury it. */
static void tell_missing(cli *context, const scu_retrieve_report *report, bool is_explained) {
  size_t count = scu_retrieve_report_missing_count(report);
  size_t most = !is_explained ? MISSING_SAID_MAX : 0;
  for (size_t i = 0; i < count; i++) {
    const char *uid = scu_retrieve_report_missing(report, i);
    if (context->is_json) {
      json_open(stdout, "missing");
      json_text(stdout, "sop_instance_uid", uid);
      json_close(stdout);
    }
    if (i < most) say_always(context, "missing: %s", uid);
  }
  if (count > most && most > 0) say_always(context, "missing: %zu more", count - most);
  if (count > 0 && most == 0) say_always(context, "missing: all %zu", count);
}

static void say_peer_counts(cli *context, const scu_retrieve_report *report) {
  uint64_t done = scu_retrieve_report_peer_completed(report) + scu_retrieve_report_peer_warning(report);
  uint64_t failed = scu_retrieve_report_peer_failed(report);
  if (done + failed > 0) say(context, "the peer says: %" PRIu64 " sent, %" PRIu64 " failed", done, failed);
}

/* To another destination: the peer's word is all there is. */
static void judge_by_peer(cli *context, const scu_retrieve_report *report) {
  uint64_t done = scu_retrieve_report_peer_completed(report) + scu_retrieve_report_peer_warning(report);
  uint64_t failed = scu_retrieve_report_peer_failed(report);
  context->ok = scu_retrieve_report_peer_completed(report);
  context->warnings = scu_retrieve_report_peer_warning(report);
  context->failed = failed;
  say_peer_counts(context, report);
  if (failed) exit_add(&context->causes, done ? EXIT_PARTIAL : EXIT_REFUSED);
}

static void say_received(cli *context, const scu_retrieve_report *report) {
  char bytes[32], elapsed[32], promised[48] = "";
  uint64_t here =
      scu_retrieve_report_count(report, SCU_OUTCOME_OK) + scu_retrieve_report_count(report, SCU_OUTCOME_WARNING);
  if (scu_retrieve_report_promised(report))
    snprintf(promised, sizeof promised, " of %" PRIu64, scu_retrieve_report_promised(report));
  format_bytes(scu_retrieve_report_bytes(report), bytes);
  format_seconds(scu_retrieve_report_elapsed_ms(report), elapsed);
  say(context, "received %" PRIu64 "%s instances: %s (%s, %s)", here, promised,
      scu_verdict_name(scu_retrieve_report_verdict(report)), bytes, elapsed);
}

/* A failure status, when nothing else explains it. */
static void judge_status(cli *context, const scu_retrieve_report *report, scu_result result) {
  char status[80], commented[512];
  uint16_t code = scu_retrieve_report_status(report);
  if (result != SCU_OK || code == 0 || code == 0xFE00 || code == 0xFFFF) return;
  format_status(code, status);
  const char *told = with_comment(context, status, scu_retrieve_report_comment(report), commented);
  if ((code & 0xF000) == 0xB000) {
    say(context, "warning: the peer ended with status %s", told);
  } else {
    report_fault(context, SCU_ERROR_REFUSED, SCU_PHASE_RESPONSE,
                 code == 0xA801 ? "the peer must know our AE title, host and port as a move destination" : NULL,
                 "the peer ended with status %s", told);
  }
}

void judge_retrieval(cli *context, const arguments *args, const scu_retrieve_report *report, scu_result result) {
  if (!report || result == SCU_ERROR_USAGE) return;
  judge_status(context, report, result);
  switch (scu_retrieve_report_verdict(report)) {
  case SCU_VERDICT_UNKNOWN: judge_by_peer(context, report); return;
  case SCU_VERDICT_NOTHING:
    if (result == SCU_OK) say(context, "nothing matched");
    if (args->has[FLAG_REQUIRE_MATCH]) exit_add(&context->causes, EXIT_NO_MATCH);
    return;
  case SCU_VERDICT_COMPLETE:
  case SCU_VERDICT_COUNT_ONLY: say_received(context, report); break;
  case SCU_VERDICT_CONFLICT:
  case SCU_VERDICT_INCOMPLETE:
    say_received(context, report);
    tell_missing(context, report, context->ok + context->warnings == 0 && context->causes.first != EXIT_DONE);
    if (!scu_retrieve_report_promised(report)) say_peer_counts(context, report);
    break;
  }
  uint64_t here = context->ok + context->warnings;
  bool is_incomplete = scu_retrieve_report_verdict(report) == SCU_VERDICT_INCOMPLETE || context->failed > 0;
  /* With nothing here and a cause that was named, that cause is the better exit code. */
  if (is_incomplete && (here > 0 || context->causes.first == EXIT_DONE)) exit_add(&context->causes, EXIT_PARTIAL);
}
