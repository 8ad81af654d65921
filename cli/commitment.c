/* Commitments of the command: each instance has its line or record, and every way to end its exit code. */
#include "commitment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "json_lines.h"
#include "listen_address.h"

enum { PATH_MAX_BYTES = 4096 };

/* ~/.local/state/scu/commitments, by the XDG base directory rules: a relative XDG_STATE_HOME does not count. */
static bool apply_ledger(cli *context) {
  const char *folder = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  char path[PATH_MAX_BYTES];
  int length = 0;
  if (scu_options_is_set(context->options, SCU_OPTION_COMMIT_LEDGER)) return true;
  if (folder && *folder == '/')
    length = snprintf(path, sizeof path, "%s/scu/commitments", folder);
  else if (home && *home == '/')
    length = snprintf(path, sizeof path, "%s/.local/state/scu/commitments", home);
  if (length > 0 && (size_t)length < sizeof path &&
      scu_options_set_text(context->options, SCU_OPTION_COMMIT_LEDGER, path) == SCU_OK)
    return true;
  report_usage(context, "--ledger DIR, or --ledger '' to go without", "no home directory, so no place for the ledger");
  return false;
}

bool commitment_apply(cli *context, const arguments *args) {
  return apply_ledger(context) && listen_address_apply(context, args, FLAG_LISTEN);
}

bool commitment_begin(cli *context) {
  if (scu_commitment_new(NULL, &context->wanted) == SCU_OK) return true;
  report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
  return false;
}

void commitment_end(cli *context) {
  scu_commitment_free(context->wanted);
  context->wanted = NULL;
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

void commitment_add(cli *context, const char *sop_class_uid, const char *sop_instance_uid) {
  if (scu_commitment_add(context->wanted, sop_class_uid, sop_instance_uid) == SCU_OK) return;
  say_always(context, "failed: %s: %s", sayable_uid(context, sop_instance_uid),
             scu_error_reason(scu_commitment_error(context->wanted)));
  context->failed++;
  exit_add(&context->causes, EXIT_PARTIAL);
}

void commitment_collect(cli *context, const scu_instance_outcome *outcome) {
  if (outcome->outcome == SCU_OUTCOME_OK || outcome->outcome == SCU_OUTCOME_WARNING)
    commitment_add(context, outcome->sop_class_uid, outcome->sop_instance_uid);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void why(const scu_commit_instance *one, char to[120]) {
  *to = 0;
  if (one->state == SCU_COMMIT_FAILED)
    snprintf(to, 120, "%s (%04X)", scu_commit_reason(one->failure_reason), one->failure_reason);
  else if (one->state == SCU_COMMIT_UNLISTED)
    snprintf(to, 120, "the result does not name it, so it is not committed");
  else if (one->state == SCU_COMMIT_PENDING)
    snprintf(to, 120, "no result yet");
}

static void tell_record(const cli *context, const scu_commit_instance *one, const char *event, const char *reason) {
  bool is_committed = one->state == SCU_COMMIT_COMMITTED;
  json_open(stdout, event);
  json_text(stdout, "sop_instance_uid", sayable_uid(context, one->sop_instance_uid));
  json_text(stdout, "sop_class_uid", sayable_uid(context, one->sop_class_uid));
  json_text(stdout, "transaction_uid", sayable_uid(context, one->transaction_uid));
  json_text(stdout, "commitment", scu_commit_state_name(one->state));
  json_text(stdout, "outcome", scu_outcome_name(is_committed ? SCU_OUTCOME_OK : SCU_OUTCOME_FAILED));
  json_status(stdout, "status", is_committed ? 0 : one->failure_reason ? one->failure_reason : 0xFFFF);
  json_text(stdout, "retrieve_ae", one->retrieve_ae);
  json_text(stdout, "reason", reason);
  json_close(stdout);
}

/* What has no result is said once, by the error, and not once an instance. */
static void tell_instance(cli *context, const scu_commit_instance *one, const char *event) {
  char reason[120];
  why(one, reason);
  if (context->is_json) tell_record(context, one, event, reason);
  bool is_bad = one->state == SCU_COMMIT_FAILED || one->state == SCU_COMMIT_UNLISTED;
  if (is_bad || context->verbosity > 0)
    say_always(context, "%s: %s%s%s", scu_commit_state_name(one->state), sayable_uid(context, one->sop_instance_uid),
               *reason ? ": " : "", reason);
}

static void say_counts(cli *context, const scu_commit_report *report, uint64_t total) {
  char rest[160] = "";
  size_t length = 0;
  static const scu_commit_state others[] = {SCU_COMMIT_FAILED, SCU_COMMIT_UNLISTED, SCU_COMMIT_PENDING};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    size_t count = scu_commit_report_count_of(report, others[i]);
    if (count > 0 && length < sizeof rest)
      length +=
          (size_t)snprintf(rest + length, sizeof rest - length, ", %zu %s", count, scu_commit_state_name(others[i]));
  }
  say(context, "committed %zu of %" PRIu64 " instances%s", scu_commit_report_count_of(report, SCU_COMMIT_COMMITTED),
      total, rest);
}

/* Nothing is committed and the peer says why: its refusal. Anything between all and nothing is partial. */
static void judge(cli *context, const scu_commit_report *report, uint64_t total) {
  size_t committed = scu_commit_report_count_of(report, SCU_COMMIT_COMMITTED);
  size_t failed = scu_commit_report_count_of(report, SCU_COMMIT_FAILED);
  size_t pending = scu_commit_report_count_of(report, SCU_COMMIT_PENDING);
  context->committed += committed;
  context->not_committed += total - committed;
  if (committed == total || pending == total) return;
  exit_add(&context->causes, committed == 0 && failed == total ? EXIT_REFUSED : EXIT_PARTIAL);
}

static void tell(cli *context, scu_session *session, scu_result result, scu_commit_report *report, const char *event) {
  if (result != SCU_OK) report_error(context, scu_session_error(session));
  if (!report) return;
  size_t total = scu_commit_report_count(report);
  for (size_t i = 0; i < total; i++) {
    scu_commit_instance one = {.size = sizeof one};
    if (scu_commit_report_instance(report, i, &one) == SCU_OK) tell_instance(context, &one, event);
  }
  if (total > 0) say_counts(context, report, total);
  judge(context, report, total);
  scu_commit_report_free(report);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

void commitment_ask(cli *context, scu_session *session, const char *event) {
  scu_commit_report *report = NULL;
  scu_result result = scu_commit(session, context->wanted, &report);
  if (!report) context->not_committed += scu_commitment_count(context->wanted);
  tell(context, session, result, report, event);
}

void commitment_resume(cli *context, scu_session *session, bool only_listens) {
  scu_commit_report *report = NULL;
  scu_result result = scu_commit_resume(session, only_listens, &report);
  if (result == SCU_OK && scu_commit_report_count(report) == 0) say(context, "nothing is open");
  tell(context, session, result, report, "instance");
}
