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
  if (!trace) return false;
  for (size_t i = 0; i < SCU__TAPS; i++)
    if (trace->conversations[i]) return true;
  return trace->pdu != NULL;
}

void scu__trace_connected(scu__trace *trace, const scu__trace_ends *ends) {
  for (size_t i = 0; i < SCU__TAPS; i++)
    if (trace->taps[i]) trace->conversations[i] = trace->taps[i]->connected(trace->taps[i], ends);
}

void scu__trace_closed(scu__trace *trace) {
  for (size_t i = 0; i < SCU__TAPS; i++) {
    void *conversation = trace->conversations[i];
    trace->conversations[i] = NULL;
    if (conversation) trace->taps[i]->closed(trace->taps[i], conversation);
  }
}

void scu__trace_pdu(const scu__trace *trace, uint32_t association, bool is_sent, const uint8_t *bytes, size_t length) {
  if (!trace) return;
  if (trace->pdu) trace->pdu(trace->user, association, is_sent, bytes, length);
  for (size_t i = 0; i < SCU__TAPS; i++)
    if (trace->conversations[i]) trace->taps[i]->pdu(trace->taps[i], trace->conversations[i], is_sent, bytes, length);
}
