/* Error style: `scu COMMAND: PEER: phase: what failed and the evidence`, then what to try. Never patient data of ours.
 */
#include "errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_lines.h"
#include "safe_text.h"

enum { LINE_MAX_BYTES = 2048 };

#define FORMAT_LINE(line, format)                                                                                      \
  do {                                                                                                                 \
    va_list values;                                                                                                    \
    va_start(values, format);                                                                                          \
    vsnprintf(line, sizeof(line), format, values);                                                                     \
    va_end(values);                                                                                                    \
  } while (0)

static void put_line(cli *context, const char *line) {
  progress_clear(&context->progress);
  put_safe(stderr, line);
  putc('\n', stderr);
}

void say(cli *context, const char *format, ...) {
  char line[LINE_MAX_BYTES];
  if (context->is_quiet) return;
  FORMAT_LINE(line, format);
  put_line(context, line);
}

void say_always(cli *context, const char *format, ...) {
  char line[LINE_MAX_BYTES];
  FORMAT_LINE(line, format);
  put_line(context, line);
}

/* The closed set of error codes is that of the library's results, in lower case. */
void error_code(scu_result result, char to[24]) {
  const char *name = scu_result_name(result);
  size_t length = 0;
  for (; name[length] && length < 23; length++)
    to[length] = name[length] >= 'A' && name[length] <= 'Z' ? (char)(name[length] - 'A' + 'a') : name[length];
  to[length] = 0;
}

/* "scu echo: ", in red where colours are wanted. */
static void put_head(cli *context) {
  progress_clear(&context->progress);
  if (context->is_colored) fputs("\x1B[31m", stderr);
  fputs(context->command ? "scu " : "scu", stderr);
  if (context->command) fputs(context->command->name, stderr);
  fputs(context->is_colored ? ":\x1B[0m " : ": ", stderr);
}

static void report(cli *context, scu_result result, scu_phase phase, const char *peer, const char *reason,
                   const char *hint) {
  bool names_phase = phase != SCU_PHASE_NONE && phase != SCU_PHASE_USAGE;
  char code[24];
  error_code(result, code);
  exit_add(&context->causes, exit_code_of_result(result, phase));
  put_head(context);
  if (*peer) {
    put_safe(stderr, peer);
    fputs(": ", stderr);
  }
  if (names_phase) fprintf(stderr, "%s: ", scu_phase_name(phase));
  put_safe(stderr, *reason ? reason : code);
  putc('\n', stderr);
  if (*hint) {
    fputs("  try: ", stderr);
    put_safe(stderr, hint);
    putc('\n', stderr);
  }
  if (!context->is_json) return;
  json_begin(context, NULL);
  json_error(code, scu_phase_name(phase), peer, *reason ? reason : code, hint);
}

const char *with_comment(const cli *context, const char *reason, const char *comment, char to[512]) {
  if (!*comment) return reason;
  /* At most 64 characters, and no controls: the library sees to that. */
  if (context->verbosity > 0 || !strchr(comment, '^'))
    snprintf(to, 512, "%s; its comment: %s", reason, comment);
  else
    snprintf(to, 512, "%s (its comment may name a patient: -v shows it)", reason);
  return to;
}

void report_error(cli *context, const scu_error *error) {
  char told[512];
  report(context, scu_error_result(error), scu_error_phase(error), scu_error_peer(error),
         with_comment(context, scu_error_reason(error), scu_error_comment(error), told), scu_error_hint(error));
}

void report_usage(cli *context, const char *hint, const char *format, ...) {
  char line[LINE_MAX_BYTES];
  FORMAT_LINE(line, format);
  report(context, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "", line, hint ? hint : "");
}

void report_fault(cli *context, scu_result result, scu_phase phase, const char *hint, const char *format, ...) {
  char line[LINE_MAX_BYTES];
  FORMAT_LINE(line, format);
  report(context, result, phase, phase == SCU_PHASE_RESPONSE ? context->peer : "", line, hint ? hint : "");
}

/* PS3.7 Annex C and the service classes of PS3.4; ranges behind the exact values. */
static const struct {
  uint16_t mask, status;
  const char *words;
} statuses[] = {
    {0xFFFF, 0x0000, "success"},
    {0xFFFF, 0xFE00, "cancelled"},
    {0xFFFF, 0x0105, "no such attribute"},
    {0xFFFF, 0x0106, "invalid attribute value"},
    {0xFFFF, 0x0110, "processing failure"},
    {0xFFFF, 0x0111, "duplicate SOP instance"},
    {0xFFFF, 0x0112, "no such SOP instance"},
    {0xFFFF, 0x0115, "invalid argument value"},
    {0xFFFF, 0x0117, "invalid SOP instance"},
    {0xFFFF, 0x0118, "no such SOP class"},
    {0xFFFF, 0x0120, "missing attribute"},
    {0xFFFF, 0x0121, "missing attribute value"},
    {0xFFFF, 0x0122, "SOP class not supported"},
    {0xFFFF, 0x0124, "not authorized"},
    {0xFFFF, 0x0210, "duplicate invocation"},
    {0xFFFF, 0x0211, "unrecognized operation"},
    {0xFFFF, 0x0212, "mistyped argument"},
    {0xFFFF, 0x0213, "resource limitation"},
    {0xFFFF, 0xA701, "out of resources: cannot count the matches"},
    {0xFFFF, 0xA702, "out of resources: cannot do the sub-operations"},
    {0xFFFF, 0xA801, "move destination unknown"},
    {0xFFFF, 0xB000, "done with warnings"},
    {0xFFFF, 0xB006, "elements discarded"},
    {0xFFFF, 0xB007, "does not match its SOP class"},
    {0xFF00, 0xA700, "out of resources"},
    {0xFF00, 0xA900, "does not match its SOP class"},
    {0xF000, 0xC000, "cannot understand or process it"},
    {0xF000, 0xB000, "warning"},
    {0xFF00, 0xFF00, "pending"},
};

void format_status(uint16_t status, char to[80]) {
  const char *words = "failure";
  for (size_t i = sizeof statuses / sizeof *statuses; i-- > 0;)
    if ((status & statuses[i].mask) == statuses[i].status) words = statuses[i].words;
  snprintf(to, 80, "%04X %s", (unsigned)status, words);
}
