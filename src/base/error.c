/* scu_error and the names of results and phases. Nothing here allocates. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/explanation.h"

void scu__error_clear(scu_error *error) {
  if (!error) return;
  memset(error, 0, sizeof *error);
  error->offset = UINT64_MAX;
  error->reject_result = error->source = error->reason_code = 0xFF;
}

bool scu__error_is_set(const scu_error *error) {
  return error && error->result != SCU_OK;
}

static void replace_controls(char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
}

scu_result scu__error_set(scu_error *error, scu_result result, scu_phase phase, const char *format, ...) {
  if (!error || error->result != SCU_OK) return result;
  scu__error_clear(error);
  error->result = result;
  error->phase = phase;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->reason, sizeof error->reason, format, arguments);
  va_end(arguments);
  replace_controls(error->reason);
  return result;
}

scu_result scu__error_memory(scu_error *error, scu_phase phase) {
  return scu__error_set(error, SCU_ERROR_MEMORY, phase, "out of memory");
}

void scu__error_hint(scu_error *error, const char *format, ...) {
  if (!error || error->hint[0]) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->hint, sizeof error->hint, format, arguments);
  va_end(arguments);
  replace_controls(error->hint);
}

void scu__error_explain(scu_error *error, const scu_explanation *row) {
  if (!error || !row) return;
  error->explanation = row;
  scu__error_hint(error, "%s", row->next_step);
}

void scu__error_at(scu_error *error, uint32_t tag, uint64_t offset) {
  if (!error) return;
  error->tag = tag;
  error->offset = offset;
}

void scu__error_peer(scu_error *error, const char *peer) {
  if (!error || error->peer[0]) return;
  snprintf(error->peer, sizeof error->peer, "%s", peer);
  replace_controls(error->peer);
}

void scu__error_copy(scu_error *to, const scu_error *from) {
  if (to && from) *to = *from;
}

scu_result scu_error_result(const scu_error *error) {
  return error ? error->result : SCU_OK;
}
scu_phase scu_error_phase(const scu_error *error) {
  return error ? error->phase : SCU_PHASE_NONE;
}
const char *scu_error_peer(const scu_error *error) {
  return error ? error->peer : "";
}
const char *scu_error_reason(const scu_error *error) {
  return error ? error->reason : "";
}
const char *scu_error_hint(const scu_error *error) {
  return error ? error->hint : "";
}
uint32_t scu_error_tag(const scu_error *error) {
  return error ? error->tag : 0;
}
uint64_t scu_error_offset(const scu_error *error) {
  return error ? error->offset : UINT64_MAX;
}
uint8_t scu_error_reject_result(const scu_error *error) {
  return error ? error->reject_result : 0xFF;
}
uint8_t scu_error_source(const scu_error *error) {
  return error ? error->source : 0xFF;
}
uint8_t scu_error_reason_code(const scu_error *error) {
  return error ? error->reason_code : 0xFF;
}
int scu_error_errno(const scu_error *error) {
  return error ? error->os_errno : 0;
}
uint16_t scu_error_dimse_status(const scu_error *error) {
  return error ? error->dimse_status : 0;
}
const char *scu_error_comment(const scu_error *error) {
  return error ? error->comment : "";
}

const char *scu_result_name(scu_result result) {
  static const char *const positive[] = {"OK", "END", "MORE", "PENDING"};
  static const char *const negative[] = {
      "OK",       "USAGE",       "MEMORY",  "LIMIT",        "TRANSPORT", "TIMEOUT",   "CLOSED",   "REJECTED", "ABORTED",
      "PROTOCOL", "UNSUPPORTED", "STORAGE", "VERIFICATION", "CANCELLED", "MALFORMED", "SECURITY", "REFUSED",
  };
  if (result >= 0 && result < (scu_result)(sizeof positive / sizeof *positive)) return positive[result];
  if (result < 0 && result > -(scu_result)(sizeof negative / sizeof *negative)) return negative[-result];
  return "UNKNOWN";
}

const char *scu_phase_name(scu_phase phase) {
  static const char *const names[] = {
      "none",      "usage",   "file",     "resolve", "connect", "secure",
      "associate", "request", "response", "release", "storage", "listen",
  };
  if ((size_t)phase >= sizeof names / sizeof *names) return "unknown";
  return names[phase];
}
