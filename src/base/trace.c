/* Formatting for the trace seam: one bounded line, control characters replaced. */
#include "base/trace.h"

#include <stdarg.h>
#include <stdio.h>

enum { PDU_P_DATA_TF = 0x04 /* PS3.8 9.3.5; ul/ is above us */ };

static bool is_for_hook(const scu__trace *trace, scu__trace_level level) {
  return trace && trace->line && level != SCU__LEVEL_ERROR && level <= trace->level;
}

static bool is_for_log(const scu__trace *trace, scu__trace_level level) {
  return trace && trace->scribe && trace->scribe->wants(trace->scribe, level);
}

static void format_line(char *text, size_t room, const char *format, va_list arguments) {
  vsnprintf(text, room, format, arguments);
  for (char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7F) *p = '?';
}

void scu__trace_line(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *format, ...) {
  char text[512];
  va_list arguments;
  bool hook_wants = is_for_hook(trace, level), log_wants = is_for_log(trace, level);
  if (!hook_wants && !log_wants) return;
  va_start(arguments, format);
  format_line(text, sizeof text, format, arguments);
  va_end(arguments);
  if (log_wants) trace->scribe->line(trace->scribe, level, association, text);
  if (hook_wants) trace->line(trace->user, level, association, text);
}

void scu__trace_to_hook(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *format,
                        ...) {
  char text[512];
  va_list arguments;
  if (!is_for_hook(trace, level)) return;
  va_start(arguments, format);
  format_line(text, sizeof text, format, arguments);
  va_end(arguments);
  trace->line(trace->user, level, association, text);
}

void scu__trace_to_log(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *text) {
  if (is_for_log(trace, level)) trace->scribe->line(trace->scribe, level, association, text);
}

void scu__trace_error(const scu__trace *trace, uint32_t association, const scu_error *error) {
  if (!trace || !trace->scribe || !scu__error_is_set(error)) return;
  scu__trace_line(trace, SCU__LEVEL_ERROR, association, "%s: %s", scu_phase_name(error->phase), error->reason);
}

uint32_t scu__trace_number(const scu__trace *trace, uint32_t *last) {
  *last = trace && trace->scribe ? trace->scribe->number(trace->scribe) : *last + 1;
  return *last;
}

void scu__trace_connected(scu__trace *trace, uint32_t association, const scu__trace_ends *ends) {
  for (size_t i = 0; i < SCU__TAPS; i++)
    if (trace->taps[i]) trace->conversations[i] = trace->taps[i]->connected(trace->taps[i], ends);
  if (trace->scribe) trace->scribe_conversation = trace->scribe->connected(trace->scribe, association, ends);
}

void scu__trace_closed(scu__trace *trace) {
  for (size_t i = 0; i < SCU__TAPS; i++) {
    void *conversation = trace->conversations[i];
    trace->conversations[i] = NULL;
    if (conversation) trace->taps[i]->closed(trace->taps[i], conversation);
  }
  void *of_scribe = trace->scribe_conversation;
  trace->scribe_conversation = NULL;
  if (of_scribe) trace->scribe->closed(trace->scribe, of_scribe);
}

bool scu__trace_wants_pdus(const scu__trace *trace) {
  if (!trace) return false;
  for (size_t i = 0; i < SCU__TAPS; i++)
    if (trace->conversations[i]) return true;
  return false;
}

void scu__trace_pdu(const scu__trace *trace, bool is_sent, const uint8_t *bytes, size_t length) {
  if (!trace) return;
  for (size_t i = 0; i < SCU__TAPS; i++)
    if (trace->conversations[i]) trace->taps[i]->pdu(trace->taps[i], trace->conversations[i], is_sent, bytes, length);
  if (trace->scribe_conversation && length > 0 && bytes[0] != PDU_P_DATA_TF)
    trace->scribe->pdu(trace->scribe, trace->scribe_conversation, is_sent, bytes, length);
}

bool scu__trace_wants_bytes(const scu__trace *trace, bool is_sent, bool is_command) {
  return trace && trace->scribe_conversation &&
         trace->scribe->wants_bytes(trace->scribe, trace->scribe_conversation, is_sent, is_command);
}

void scu__trace_fragment_passed(const scu__trace *trace, bool is_sent, const scu__trace_fragment *fragment) {
  if (trace && trace->scribe_conversation)
    trace->scribe->fragment(trace->scribe, trace->scribe_conversation, is_sent, fragment);
}
