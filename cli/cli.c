/* What the commands share: hooks, sessions, the tally. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commitment.h"
#include "errors.h"
#include "json_lines.h"
#include "signals.h"

uint64_t now_ms(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void format_bytes(uint64_t bytes, char to[32]) {
  static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  size_t unit = 0;
  uint64_t scaled = bytes, rest = 0;
  for (; scaled >= 1000 && unit < 6; unit++) {
    rest = scaled % 1000;
    scaled /= 1000;
  }
  if (unit == 0 || scaled >= 100)
    snprintf(to, 32, "%" PRIu64 " %s", scaled, units[unit]);
  else
    snprintf(to, 32, "%" PRIu64 ".%u %s", scaled, (unsigned)(rest / 100), units[unit]);
}

void format_seconds(uint64_t milliseconds, char to[32]) {
  if (milliseconds < 1000)
    snprintf(to, 32, "%" PRIu64 " ms", milliseconds);
  else
    snprintf(to, 32, "%" PRIu64 ".%u s", milliseconds / 1000, (unsigned)(milliseconds % 1000 / 100));
}

static void tally(cli *context, const scu_instance_outcome *outcome) {
  context->bytes += outcome->bytes;
  switch (outcome->outcome) {
  case SCU_OUTCOME_OK: context->ok++; break;
  case SCU_OUTCOME_WARNING: context->warnings++; break;
  case SCU_OUTCOME_SKIPPED:
    context->skipped++;
    if (signals_count() > 0) context->untried++;
    break;
  case SCU_OUTCOME_FAILED:
    context->failed++;
    if (!context->is_receiving && outcome->status != 0xFFFF) context->refused++;
    /* Out of resources is what our own sink answers when it cannot write. */
    if (context->is_receiving && (outcome->status & 0xFF00) == 0xA700) exit_add(&context->causes, EXIT_STORAGE);
    break;
  }
}

static void say_instance(cli *context, const scu_instance_outcome *outcome) {
  const char *what = *outcome->path ? outcome->path : outcome->sop_instance_uid;
  say_always(context, "%s: %s%s%s", scu_outcome_name(outcome->outcome), what, *outcome->reason ? ": " : "",
             outcome->reason);
}

void note_instance(cli *context, const scu_instance_outcome *outcome) {
  scu_instance_outcome told = *outcome;
  char reason[512];
  told.sop_instance_uid = sayable_uid(context, outcome->sop_instance_uid);
  told.source_sop_instance_uid = sayable_uid(context, outcome->source_sop_instance_uid);
  told.sop_class_uid = sayable_uid(context, outcome->sop_class_uid);
  told.reason = with_comment(context, outcome->reason, outcome->comment, reason);
  tally(context, outcome);
  if (context->is_json) json_instance(&told);
  bool is_bad = outcome->outcome == SCU_OUTCOME_FAILED;
  bool is_worth_saying = is_bad || (outcome->outcome == SCU_OUTCOME_WARNING && !context->is_quiet);
  if (is_worth_saying || context->verbosity > 0) say_instance(context, &told);
}

static void on_instance(void *user, const scu_instance_outcome *outcome) {
  cli *context = user;
  bool is_across = outcome->outcome == SCU_OUTCOME_OK || outcome->outcome == SCU_OUTCOME_WARNING;
  if (context->wanted) commitment_collect(context, outcome);
  if (!context->is_only_reading || !is_across) note_instance(context, outcome);
}

static void on_progress(void *user, const scu_progress *state) {
  cli *context = user;
  progress_show(&context->progress, state);
}

static void on_warning(void *user, const char *text) {
  say(user, "warning: %s", text);
}

static void on_log(void *user, int level, uint32_t association, const char *text) {
  cli *context = user;
  if (level > context->verbosity + 1) return;
  if (association)
    say(context, "[%" PRIu32 "] %s", association, text);
  else
    say(context, "%s", text);
}

scu_hooks cli_hooks(cli *context) {
  scu_hooks hooks = {.size = sizeof hooks, .instance = on_instance, .warning = on_warning, .user = context};
  if (context->progress.mode != PROGRESS_NEVER) hooks.progress = on_progress;
  if (context->verbosity > 0) hooks.log = on_log;
  return hooks;
}

/* A signal between two operations has reached none (scu_cancel): the one that comes next hears of it here. */
static void before_associate(void *user, uint32_t association, scu_proposal *proposal) {
  (void)user;
  (void)association;
  (void)proposal;
  signals_say_again();
}

scu_session *cli_session(cli *context, const char *peer) {
  scu_session *session = NULL;
  scu_hooks hooks = cli_hooks(context);
  hooks.before_associate = before_associate;
  scu_result result = scu_session_new(&session, context->options, peer);
  if (result == SCU_OK) result = scu_session_set_hooks(session, &hooks);
  if (result == SCU_OK) {
    snprintf(context->peer, sizeof context->peer, "%s", scu_session_peer(session));
    signals_aim_at_session(session);
    return session;
  }
  if (session)
    report_error(context, scu_session_error(session));
  else
    report_fault(context, result, SCU_PHASE_USAGE, NULL, "out of memory");
  scu_session_free(session);
  return NULL;
}

void cli_session_free(scu_session *session) {
  /* Releasing may take a moment: a signal now must neither reach a session half gone nor be lost. */
  signals_hold(1);
  signals_aim_at_session(NULL);
  scu_session_free(session);
  signals_hold(0);
}

bool output_is_broken(cli *context) {
  if (!ferror(stdout)) return false;
  if (context->output_errno == 0) context->output_errno = errno ? errno : EIO;
  return true;
}

void report_output_fault(cli *context) {
  int number = context->output_errno ? context->output_errno : errno;
  if (number == EPIPE)
    exit_add(&context->causes, EXIT_OTHER);
  else
    report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, NULL, "cannot write to stdout: %s", strerror(number));
}
