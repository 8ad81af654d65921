/* JSON lines. Numbers are integers or made of integers: the locale never touches them. */
#include "json_lines.h"

#include <inttypes.h>

#include "safe_text.h"
#include "scu/version.h"

enum { SCHEMA = 1 };

static void put_json_text(FILE *to, const char *text) {
  putc('"', to);
  while (*text) {
    uint32_t code_point;
    size_t length = text_decode(text, &code_point);
    if (length == 0)
      fputs("\xEF\xBF\xBD", to);
    else if (code_point == '"' || code_point == '\\')
      fprintf(to, "\\%c", (int)code_point);
    else if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0))
      fprintf(to, "\\u%04x", (unsigned)code_point);
    else
      fwrite(text, 1, length, to);
    text += length ? length : 1;
  }
  putc('"', to);
}

void json_open(FILE *to, const char *event) {
  fputs("{\"event\":", to);
  put_json_text(to, event);
}

static void put_name(FILE *to, const char *name) {
  fprintf(to, ",\"%s\":", name);
}

void json_text(FILE *to, const char *name, const char *value) {
  put_name(to, name);
  put_json_text(to, value ? value : "");
}

void json_texts(FILE *to, const char *name,
                bool (*next)(const void *of, size_t index, const char **key, const char **value), const void *of) {
  const char *key, *value;
  put_name(to, name);
  for (size_t i = 0; next(of, i, &key, &value); i++) {
    putc(i == 0 ? '{' : ',', to);
    put_json_text(to, key);
    putc(':', to);
    put_json_text(to, value);
  }
  fputs(next(of, 0, &key, &value) ? "}" : "{}", to);
}

void json_number(FILE *to, const char *name, uint64_t value) {
  put_name(to, name);
  fprintf(to, "%" PRIu64, value);
}

void json_seconds(FILE *to, const char *name, uint64_t milliseconds) {
  put_name(to, name);
  fprintf(to, "%" PRIu64 ".%03u", milliseconds / 1000, (unsigned)(milliseconds % 1000));
}

void json_status(FILE *to, const char *name, uint16_t status) {
  char digits[8] = "";
  if (status != 0xFFFF) snprintf(digits, sizeof digits, "%04X", (unsigned)status);
  json_text(to, name, digits);
}

void json_close(FILE *to) {
  fputs("}\n", to);
  fflush(to);
}

void json_begin(cli *context, const char *peer) {
  if (!context->is_json || context->has_begun) return;
  context->has_begun = true;
  json_open(stdout, "begin");
  json_number(stdout, "schema", SCHEMA);
  json_text(stdout, "command", context->command ? context->command->name : "");
  json_text(stdout, "version", scu_version());
  if (peer) json_text(stdout, "peer", peer);
  json_close(stdout);
}

void json_instance(const scu_instance_outcome *outcome) {
  json_open(stdout, "instance");
  json_text(stdout, "sop_instance_uid", outcome->sop_instance_uid);
  json_text(stdout, "source_sop_instance_uid", outcome->source_sop_instance_uid);
  json_text(stdout, "sop_class_uid", outcome->sop_class_uid);
  json_text(stdout, "transfer_syntax", outcome->transfer_syntax_uid);
  json_status(stdout, "status", outcome->status);
  json_text(stdout, "outcome", scu_outcome_name(outcome->outcome));
  json_text(stdout, "path", outcome->path);
  json_text(stdout, "reason", outcome->reason);
  json_number(stdout, "bytes", outcome->bytes);
  json_close(stdout);
}

void json_error(const char *code, const char *phase, const char *peer, const char *reason, const char *hint) {
  json_open(stdout, "error");
  json_text(stdout, "code", code);
  json_text(stdout, "phase", phase);
  json_text(stdout, "peer", peer);
  json_text(stdout, "reason", reason);
  json_text(stdout, "hint", hint);
  json_close(stdout);
}

void json_summary(const cli *context, int exit_code) {
  json_open(stdout, "summary");
  json_number(stdout, "ok", context->ok);
  json_number(stdout, "warnings", context->warnings);
  json_number(stdout, "failed", context->failed);
  json_number(stdout, "skipped", context->skipped);
  json_number(stdout, "bytes", context->bytes);
  if (context->committed + context->not_committed > 0) {
    json_number(stdout, "committed", context->committed);
    json_number(stdout, "not_committed", context->not_committed);
  }
  json_seconds(stdout, "seconds", now_ms() - context->started_ms);
  json_number(stdout, "exit_code", (uint64_t)exit_code);
  json_close(stdout);
}
