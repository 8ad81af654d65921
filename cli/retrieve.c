/* Success of the peer proves nothing: what counts is what it promised and what is here (RULES 22). */
#include "retrieve.h"

#include <inttypes.h>
#include <string.h>

#include "errors.h"
#include "json_lines.h"
#include "scu/explain.h"

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

static void put_missing(const cli *context, const scu_missing_instance *missing) {
  json_open(stdout, "missing");
  json_text(stdout, "sop_instance_uid", sayable_uid(context, missing->sop_instance_uid));
  json_text(stdout, "study_instance_uid", sayable_uid(context, missing->study_instance_uid));
  json_text(stdout, "series_instance_uid", sayable_uid(context, missing->series_instance_uid));
  json_text(stdout, "reason", missing->reason);
  json_status(stdout, "status", missing->status);
  json_close(stdout);
}

static const char *uid_of(const scu_missing_instance *missing) {
  if (*missing->sop_instance_uid) return missing->sop_instance_uid;
  return *missing->series_instance_uid ? missing->series_instance_uid : missing->study_instance_uid;
}

/* Where nothing came and the reason was said, a list of everything would only bury it. */
static void tell_missing(cli *context, retrieval_tally *tally, const scu_retrieve_report *report, bool is_explained) {
  size_t count = scu_retrieve_report_missing_count(report);
  size_t most = is_explained ? 0 : MISSING_SAID_MAX - tally->missing_said;
  for (size_t i = 0; i < count; i++) {
    const scu_missing_instance *missing = scu_retrieve_report_missing_instance(report, i);
    if (context->is_json) put_missing(context, missing);
    if (i < most) say_always(context, "missing: %s: %s", sayable_uid(context, uid_of(missing)), missing->reason);
  }
  if (is_explained && count > 0) say_always(context, "missing: all %zu", count);
  if (!is_explained && count > most) say_always(context, "missing: %zu more", count - most);
  if (!is_explained) tally->missing_said += count < most ? count : most;
}

static void put_study(const scu_study_outcome *study) {
  json_open(stdout, "study");
  json_text(stdout, "study_instance_uid", study->study_instance_uid);
  json_text(stdout, "verdict", scu_verdict_name(study->verdict));
  json_number(stdout, "promised", study->promised);
  json_number(stdout, "received", study->received);
  json_number(stdout, "missing", study->missing);
  json_number(stdout, "offline", study->offline);
  json_number(stdout, "failed", study->failed);
  json_number(stdout, "conflicts", study->conflicts);
  json_number(stdout, "extra", study->extra);
  json_close(stdout);
}

static size_t add_count(char *to, size_t room, size_t length, uint64_t count, const char *what) {
  if (count == 0 || length >= room) return length;
  return length + (size_t)snprintf(to + length, room - length, ", %" PRIu64 " %s", count, what);
}

static void say_study(cli *context, const scu_study_outcome *study) {
  char text[256];
  const char *uid = *study->study_instance_uid ? study->study_instance_uid : "without UID";
  size_t length = (size_t)snprintf(text, sizeof text, "%s", scu_verdict_name(study->verdict));
  length = add_count(text, sizeof text, length, study->received, "received");
  if (study->promised && length < sizeof text)
    length += (size_t)snprintf(text + length, sizeof text - length, " of %" PRIu64, study->promised);
  length = add_count(text, sizeof text, length, study->offline, "that cannot be had now (offline or unavailable)");
  length = add_count(text, sizeof text, length, study->failed, "failed");
  length = add_count(text, sizeof text, length, study->conflicts, "in conflict with what is here");
  add_count(text, sizeof text, length, study->extra, "that were not promised");
  if (study->verdict == SCU_VERDICT_COMPLETE || study->verdict == SCU_VERDICT_COUNT_ONLY)
    say(context, "study %s: %s", uid, text);
  else
    say_always(context, "study %s: %s", uid, text);
}

/* A single study that is complete is what the last line says. */
static void tell_studies(cli *context, const scu_retrieve_report *report, bool is_explained) {
  size_t count = scu_retrieve_report_study_count(report);
  for (size_t i = 0; i < count; i++) {
    const scu_study_outcome *study = scu_retrieve_report_study(report, i);
    if (context->is_json) put_study(study);
    bool is_plain = study->verdict == SCU_VERDICT_COMPLETE || study->verdict == SCU_VERDICT_COUNT_ONLY;
    bool is_said_missing = study->verdict == SCU_VERDICT_NOTHING;
    if (!is_explained && !is_said_missing && (count > 1 || !is_plain)) say_study(context, study);
  }
}

static void say_peer_counts(cli *context, const scu_retrieve_report *report) {
  uint64_t done = scu_retrieve_report_peer_completed(report) + scu_retrieve_report_peer_warning(report);
  uint64_t failed = scu_retrieve_report_peer_failed(report);
  if (done + failed > 0) say(context, "the peer says: %" PRIu64 " sent, %" PRIu64 " failed", done, failed);
}

/* Why there may be more was said as a warning. */
static void put_doubt(const cli *context, const scu_retrieve_report *report) {
  if (!context->is_json || !*scu_retrieve_report_doubt(report)) return;
  json_open(stdout, "doubt");
  json_text(stdout, "reason", scu_retrieve_report_doubt(report));
  json_close(stdout);
}

/* To another destination: the peer's word is all there is. */
static void judge_by_peer(cli *context, retrieval_tally *tally, const scu_retrieve_report *report) {
  uint64_t done = scu_retrieve_report_peer_completed(report) + scu_retrieve_report_peer_warning(report);
  uint64_t failed = scu_retrieve_report_peer_failed(report);
  context->ok = scu_retrieve_report_peer_completed(report);
  context->warnings = scu_retrieve_report_peer_warning(report);
  context->failed = failed;
  say_peer_counts(context, report);
  if (failed) exit_add(&context->causes, done ? EXIT_PARTIAL : EXIT_REFUSED);
  if (scu_retrieve_report_offline(report) > 0) tell_studies(context, report, false);
  tell_missing(context, tally, report, false);
  if (scu_retrieve_report_verdict(report) == SCU_VERDICT_INCOMPLETE) exit_add(&context->causes, EXIT_PARTIAL);
}

/* `scu get` may have asked by C-GET or C-MOVE last, and not everything means the same to both. */
static const char *hint_of(const cli *context, uint16_t code, const char *comment) {
  bool is_move = context->command == &command_move || code == 0xA801;
  if (!is_move && scu_explain_status(C_GET, code) != scu_explain_status(C_MOVE, code)) return NULL;
  return status_hint(C_MOVE, code, comment);
}

/* A failure status, when nothing else explains it. */
static void judge_status(cli *context, const scu_retrieve_report *report, scu_result result) {
  char status[STATUS_TEXT_MAX], commented[512];
  uint16_t code = scu_retrieve_report_status(report);
  if (result != SCU_OK || code == 0 || code == 0xFE00 || code == 0xFFFF) return;
  format_status(C_MOVE, code, status);
  const char *told = with_comment(context, status, scu_retrieve_report_comment(report), commented);
  if ((code & 0xF000) == 0xB000) {
    say(context, "warning: the peer ended with status %s", told);
  } else {
    report_fault(context, SCU_ERROR_REFUSED, SCU_PHASE_RESPONSE,
                 hint_of(context, code, scu_retrieve_report_comment(report)), "the peer ended with status %s", told);
  }
}

static void add_to(retrieval_tally *tally, const scu_retrieve_report *report) {
  scu_verdict verdict = scu_retrieve_report_verdict(report);
  tally->extra += scu_retrieve_report_extra(report);
  tally->received += scu_retrieve_report_count(report, SCU_OUTCOME_OK) +
                     scu_retrieve_report_count(report, SCU_OUTCOME_WARNING) - scu_retrieve_report_extra(report);
  tally->promised += scu_retrieve_report_promised(report);
  tally->bytes += scu_retrieve_report_bytes(report);
  tally->elapsed_ms += scu_retrieve_report_elapsed_ms(report);
  tally->conflicts += scu_retrieve_report_conflicts(report);
  if (verdict == SCU_VERDICT_INCOMPLETE || scu_retrieve_report_missing_count(report) > 0) tally->is_incomplete = true;
  if (verdict == SCU_VERDICT_COUNT_ONLY) tally->is_counted_only = true;
  if (*scu_retrieve_report_doubt(report)) tally->is_doubtful = true;
  bool is_all_unmatched = scu_retrieve_report_promised(report) == 0 && scu_retrieve_report_missing_count(report) > 0;
  if (verdict != SCU_VERDICT_NOTHING && !is_all_unmatched) tally->has_match = true;
}

void note_retrieval(cli *context, const arguments *args, retrieval_tally *tally, const scu_retrieve_report *report,
                    scu_result result) {
  if (!report || result == SCU_ERROR_USAGE) return;
  judge_status(context, report, result);
  put_doubt(context, report);
  if (args->has[FLAG_TO] && scu_retrieve_report_verdict(report) != SCU_VERDICT_NOTHING) {
    judge_by_peer(context, tally, report);
    return;
  }
  tally->has_report = true;
  add_to(tally, report);
  bool is_explained = context->ok + context->warnings == 0 && context->causes.first != EXIT_DONE;
  tell_studies(context, report, is_explained);
  tell_missing(context, tally, report, is_explained);
  bool is_count_wrong = scu_retrieve_report_verdict(report) == SCU_VERDICT_INCOMPLETE;
  if (is_count_wrong && !scu_retrieve_report_promised(report)) say_peer_counts(context, report);
}

static void say_received(cli *context, const retrieval_tally *tally) {
  char bytes[32], elapsed[32], promised[48] = "", extra[64] = "";
  scu_verdict verdict = tally->conflicts > 0     ? SCU_VERDICT_CONFLICT
                        : tally->is_incomplete   ? SCU_VERDICT_INCOMPLETE
                        : tally->is_counted_only ? SCU_VERDICT_COUNT_ONLY
                                                 : SCU_VERDICT_COMPLETE;
  if (tally->promised) snprintf(promised, sizeof promised, " of %" PRIu64, tally->promised);
  add_count(extra, sizeof extra, 0, tally->extra, "that were not promised");
  format_bytes(tally->bytes, bytes);
  format_seconds(tally->elapsed_ms, elapsed);
  say(context, "received %" PRIu64 "%s instances%s: %s%s (%s, %s)", tally->received, promised, extra,
      scu_verdict_name(verdict), tally->is_doubtful ? ", there may be more" : "", bytes, elapsed);
}

void judge_retrievals(cli *context, const arguments *args, const retrieval_tally *tally) {
  if (!tally->has_report) return;
  if (!tally->has_match) {
    if (context->causes.first == EXIT_DONE) say(context, "nothing matched");
    if (args->has[FLAG_REQUIRE_MATCH])
      exit_add(&context->causes, EXIT_NO_MATCH);
    else if (tally->is_incomplete && context->causes.first == EXIT_DONE)
      exit_add(&context->causes, EXIT_PARTIAL);
    return;
  }
  say_received(context, tally);
  if (tally->conflicts > 0) exit_add(&context->causes, EXIT_VERIFICATION);
  /* Where all that was promised is here, what failed on the way was made up for. */
  bool is_partial = tally->is_incomplete || (tally->is_counted_only && context->failed > 0);
  /* With nothing here and a cause that was named, that cause is the better exit code. */
  if (is_partial && (context->ok + context->warnings > 0 || context->causes.first == EXIT_DONE))
    exit_add(&context->causes, EXIT_PARTIAL);
}
