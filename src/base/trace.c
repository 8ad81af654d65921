/* Formatting for the trace seam: one bounded line, control characters replaced. */
#include "base/trace.h"

#include <stdarg.h>
#include <stdio.h>

void scu__trace_line(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *format, ...) {
  if (!trace || !trace->line || level > trace->level) return;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7F) *p = '?';
  trace->line(trace->user, level, association, text);
}

bool scu__trace_wants_pdus(const scu__trace *trace) {
  return trace && (trace->pdu || trace->conversation);
}

void scu__trace_pdu(const scu__trace *trace, uint32_t association, bool is_sent, const uint8_t *bytes, size_t length) {
  if (!trace) return;
  if (trace->pdu) trace->pdu(trace->user, association, is_sent, bytes, length);
  if (trace->conversation) trace->tap->pdu(trace->tap, trace->conversation, is_sent, bytes, length);
}
