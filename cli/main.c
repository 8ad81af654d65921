/* scu: finds the command, sets up what all of them share, and turns what happened into an exit code. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "dcmtk/habits.h"
#include "errors.h"
#include "help.h"
#include "json_lines.h"
#include "log_file.h"
#include "metrics_file.h"
#include "nodes_file.h"
#include "scu/version.h"
#include "secret_file.h"
#include "signals.h"
#include "watch.h"
#include "words.h"

static const command *const commands[] = {
    &command_echo,    &command_store,   &command_commit,  &command_find,  &command_move,
    &command_get,     &command_listen,  &command_archive, &command_nodes, &command_dump,
    &command_explain, &command_version, &command_help,
};

const command *command_at(size_t index) {
  return index < sizeof commands / sizeof *commands ? commands[index] : NULL;
}

const command *command_named(const char *name) {
  for (size_t i = 0; command_at(i); i++)
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  return NULL;
}

static const char *next_command(const void *user, size_t index) {
  (void)user;
  return command_at(index) ? commands[index]->name : NULL;
}

/* Needed before the arguments are read: their faults, too, are to be reported as JSON. */
static bool wants_json(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--json") == 0) return true;
  return false;
}

static bool is_terminal(int descriptor) {
  const char *kind = getenv("TERM");
  return isatty(descriptor) == 1 && kind && strcmp(kind, "dumb") != 0;
}

static bool apply_color(cli *context, const arguments *args) {
  const char *no_color = getenv("NO_COLOR");
  size_t word;
  if (!argument_word(context, args, FLAG_COLOR, flag_words(FLAG_COLOR), 0, &word)) return false;
  bool is_auto = is_terminal(STDERR_FILENO) && !(no_color && *no_color);
  context->is_colored = word == 1 || (word == 0 && is_auto);
  return true;
}

static bool apply_progress(cli *context, const arguments *args) {
  size_t word;
  bool is_line = is_terminal(STDERR_FILENO);
  if (!argument_word(context, args, FLAG_PROGRESS, flag_words(FLAG_PROGRESS), 0, &word)) return false;
  context->progress.started_ms = context->started_ms;
  context->progress.mode = PROGRESS_NEVER;
  if (word == 3)
    context->progress.mode = PROGRESS_JSON;
  else if (word == 1 || (word == 0 && is_line && !context->is_quiet))
    context->progress.mode = is_line ? PROGRESS_LINE : PROGRESS_PLAIN;
  return true;
}

/* The peer comes first on the line, and what is wrong with it is told first: with no peer there is no right query. A
 * session says so without connecting; the command's own is made when all its options are known. */
static bool is_peer(cli *context, const char *name) {
  scu_session *session = cli_session(context, name);
  bool is_good = session != NULL;
  if (is_good) cli_session_free(session);
  return is_good;
}

static bool apply_trace(cli *context, const arguments *args) {
  if (!args->has[FLAG_TRACE]) return true;
  scu_result result = scu_capture_new(NULL, args->value[FLAG_TRACE], &context->capture);
  if (result == SCU_OK) result = scu_options_set_pointer(context->options, SCU_OPTION_CAPTURE, context->capture);
  if (result != SCU_OK && context->capture)
    report_error(context, scu_capture_error(context->capture));
  else if (result != SCU_OK)
    report_fault(context, result, SCU_PHASE_STORAGE, NULL, "out of memory");
  else
    say(context, "%s takes down what goes over the wire, patient data too", args->value[FLAG_TRACE]);
  return result == SCU_OK;
}

static void end_trace(cli *context) {
  if (context->capture && scu_capture_result(context->capture) != SCU_OK && context->causes.first == EXIT_DONE)
    report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, NULL, "the trace is cut off: it could not be written");
  scu_capture_free(context->capture);
}

static bool apply_audit(cli *context, const arguments *args) {
  const char *ae_title = "";
  if (!args->has[FLAG_AUDIT]) return true;
  scu_options_get_text(context->options, SCU_OPTION_CALLING_AE, &ae_title);
  scu_audit_options options = {.size = sizeof options, .destination = args->value[FLAG_AUDIT], .ae_title = ae_title};
  scu_result result = scu_audit_new(NULL, &options, &context->audit);
  if (result == SCU_OK) result = scu_options_set_pointer(context->options, SCU_OPTION_AUDIT, context->audit);
  if (result != SCU_OK && context->audit)
    report_error(context, scu_audit_error(context->audit));
  else if (result != SCU_OK)
    report_fault(context, result, SCU_PHASE_STORAGE, NULL, "out of memory");
  else
    say(context, "%s gets audit messages, patient data too", args->value[FLAG_AUDIT]);
  return result == SCU_OK;
}

static void end_audit(cli *context) {
  if (!context->audit) return;
  scu_audit_close(context->audit);
  uint64_t lost = scu_audit_lost(context->audit), count = scu_audit_count(context->audit);
  if (lost > 0 && context->causes.first == EXIT_DONE)
    report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, NULL,
                 "%llu of %llu audit messages did not get to where they were sent", (unsigned long long)lost,
                 (unsigned long long)count);
  scu_audit_free(context->audit);
}

static bool apply_common(cli *context, const arguments *args) {
  context->is_json = args->has[FLAG_JSON];
  context->is_quiet = args->has[FLAG_QUIET];
  context->shows_phi = args->has[FLAG_PHI];
  context->verbosity = args->has[FLAG_DEBUG] ? 2 : args->has[FLAG_VERBOSE] ? 1 : 0;
  if (context->is_quiet && context->verbosity > 0) {
    report_usage(context, NULL, "--quiet goes with neither --verbose nor --debug");
    return false;
  }
  if (!apply_color(context, args) || !apply_progress(context, args)) return false;
  if (!(context->command->uses & (SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER))) return true;
  if (!log_open(context, args)) return false;
  if (context->command->finds_nodes_itself) return true;
  if (!nodes_file_apply(context) || !secret_options_apply(context, args)) return false;
  apply_host_name(context);
  bool has_peer = (context->command->uses & SCU_USED_BY_SESSION) && args->positional_count > 0;
  if (has_peer && !is_peer(context, args->positional[0])) return false;
  if (!apply_trace(context, args) || !apply_audit(context, args)) return false;
  if (args->has[FLAG_METRICS] && !metrics_file_start(context, args->value[FLAG_METRICS])) return false;
  return watch_start(context);
}

static void run_command(cli *context, int argc, char **argv) {
  arguments args;
  if (scu_options_new(NULL, &context->options) != SCU_OK) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    return;
  }
  if (arguments_parse(context, argc, argv, &args)) {
    if (args.has[FLAG_HELP])
      help_print_command(context->command);
    else if (apply_common(context, &args))
      context->command->run(context, &args);
    context->is_json = context->is_json && !args.has[FLAG_HELP];
  }
  watch_end(context);
  end_trace(context);
  end_audit(context);
  metrics_file_end(context);
  log_end(context);
  arguments_free(&args);
  scu_options_free(context->options);
}

static void run(cli *context, int argc, char **argv) {
  char hint[64] = "`scu help` lists the commands";
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    context->is_json = false;
    help_print_overview();
    return;
  }
  const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
  context->command = command_named(name);
  if (context->command) {
    run_command(context, argc - 2, argv + 2);
    return;
  }
  if (strcmp(name, "convert") == 0) {
    report_usage(context, NULL, "the command %s is not available yet in this version", name);
    return;
  }
  const char *closest = closest_word(name, next_command, NULL);
  if (closest) snprintf(hint, sizeof hint, "did you mean `scu %s`?", closest);
  report_usage(context, hint, *name == '-' ? "the command comes first, then %s" : "there is no command '%s'", name);
}

int main(int argc, char **argv) {
  tool which;
  if (habits_called(argc > 0 ? argv[0] : NULL, &which)) return habits_main(which, argc, argv);
  cli context = {.started_ms = now_ms(), .is_json = wants_json(argc, argv)};
  signals_install();
  umask(umask(0) | 027); /* what is written here is of patients: SQLite would have its files read by everybody */
  run(&context, argc, argv);
  progress_clear(&context.progress);
  if (signals_count() > 0 && context.command != &command_listen && context.command != &command_archive)
    exit_add(&context.causes, EXIT_INTERRUPTED);
  /* A reader that went away (a pager, head) has seen enough; a full disk has not. */
  if (fflush(stdout) != 0 || ferror(stdout)) report_output_fault(&context);
  int code = exit_decide(&context.causes);
  if (context.is_json) {
    json_begin(&context, NULL);
    json_summary(&context, code);
  }
  return code;
}
