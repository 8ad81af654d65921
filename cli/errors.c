/* Error style: `scu COMMAND: PEER: phase: what failed and the evidence`, then what to try. Never patient data of ours.
 */
#include "errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_lines.h"
#include "log_file.h"
#include "safe_text.h"
#include "scu/explain.h"

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
  log_fault(context, peer, scu_phase_name(phase), *reason ? reason : code);
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
  if (context->shows_phi)
    snprintf(to, 512, "%s; its comment: %s", reason, comment);
  else
    snprintf(to, 512, "%s (its comment may name a patient: --phi shows it)", reason);
  return to;
}

const char *sayable_uid(const cli *context, const char *uid) {
  enum { DIGEST_MIN = 32 }; /* hexadecimal digits, as some de-identify: no name either */
  size_t hexadecimal = strspn(uid, "0123456789abcdefABCDEF");
  bool is_digest = hexadecimal >= DIGEST_MIN && uid[hexadecimal] == 0;
  return context->shows_phi || is_digest || uid[strspn(uid, "0123456789.")] == 0 ? uid : "(masked)";
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

void format_status(uint16_t operation, uint16_t status, char to[STATUS_TEXT_MAX]) {
  snprintf(to, STATUS_TEXT_MAX, "%04X %s", (unsigned)status,
           scu_explanation_text(scu_explain_status(operation, status)));
}

const char *status_hint(uint16_t operation, uint16_t status, const char *comment) {
  /* A9xx says no more than that something is wrong with what was sent: a comment says more than we can guess. */
  if (status >> 8 == 0xA9 && *comment) return NULL;
  return scu_explanation_next_step(scu_explain_status(operation, status));
}
