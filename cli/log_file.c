/* Where a log goes is told by words: syslog, journal, - for stderr; anything else is a file. */
#include "log_file.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "words.h"

static bool take_level(cli *context, const arguments *args, scu_log_level *level) {
  size_t word;
  if (args->has[FLAG_LOG_LEVEL] && !args->has[FLAG_LOG]) {
    report_usage(context, "--log FILE", "--log-level says how much goes into a log, and there is none");
    return false;
  }
  if (!argument_word(context, args, FLAG_LOG_LEVEL, flag_words(FLAG_LOG_LEVEL), SCU_LOG_INFO, &word)) return false;
  *level = (scu_log_level)word;
  return true;
}

static scu_log_options options_of(const char *where, scu_log_level level, bool with_phi) {
  scu_log_options options = {.size = sizeof options,
                             .kind = SCU_LOG_TO_FILE,
                             .level = level,
                             .with_phi = with_phi,
                             .descriptor = STDERR_FILENO};
  if (strcmp(where, "syslog") == 0)
    options.kind = SCU_LOG_TO_SYSLOG;
  else if (strcmp(where, "journal") == 0)
    options.kind = SCU_LOG_TO_JOURNAL;
  else if (strcmp(where, "-") == 0)
    options.kind = SCU_LOG_TO_DESCRIPTOR;
  else
    options.path = where;
  return options;
}

bool log_open(cli *context, const arguments *args) {
  scu_log_level level;
  if (!take_level(context, args, &level)) return false;
  if (!args->has[FLAG_LOG]) return true;
  scu_log *log = NULL;
  const scu_log_options options = options_of(args->value[FLAG_LOG], level, context->shows_phi);
  scu_result result = scu_log_new(NULL, &options, &log);
  if (result == SCU_OK) result = scu_options_set_pointer(context->options, SCU_OPTION_LOG, log);
  if (result == SCU_OK) {
    context->log = log;
    if (context->shows_phi && options.path) say(context, "%s takes down patient data, too", options.path);
    return true;
  }
  if (log)
    report_error(context, scu_log_error(log));
  else
    report_fault(context, result, SCU_PHASE_STORAGE, NULL, "out of memory");
  scu_log_free(log);
  return false;
}

void log_fault(const cli *context, const char *peer, const char *phase, const char *reason) {
  char line[2048];
  if (!context->log || !scu_log_wants(context->log, SCU_LOG_ERROR)) return;
  snprintf(line, sizeof line, "scu %s: %s%s%s: %s", context->command ? context->command->name : "", peer,
           *peer ? ": " : "", phase, reason);
  scu_log_text(context->log, SCU_LOG_ERROR, 0, line);
}

void log_end(cli *context) {
  scu_log *log = context->log;
  if (!log) return;
  context->log = NULL;
  if (scu_log_lost(log) > 0) say_always(context, "warning: %" PRIu64 " lines of the log were lost", scu_log_lost(log));
  scu_log_free(log);
}
