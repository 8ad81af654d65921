/* The forms of a line: ours (RFC 3339 time, level, association, text), syslog's (RFC 3164) and the journal's. */
#include "observe/log_sink.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "io/clock.h"
#include "io/host.h"

enum {
  HEAD_MAX = 256,             /* of a line, before its text */
  GATHERED_MAX = 1024 * 1024, /* lines of one record */
  WAIT_MS = 200,              /* for a reader of the descriptor */
  FACILITY_USER = 1 << 3,     /* RFC 3164 4.1.1 */
  IDENTIFIER_MAX = 32
};

struct scu__log_sink {
  const scu_allocator *allocator;
  scu_log_kind kind;
  scu__log_file *file;
  scu__datagram socket;
  char *path;
  char identifier[IDENTIFIER_MAX + 1];
  int descriptor;
  bool is_stuck; /* the descriptor's reader was waited for in vain */
  void (*line)(void *user, const scu_log_line *line);
  void *user;
  scu__buffer gathered;
  uint64_t gathered_lines;
};

static const char *level_name(scu_log_level level) {
  static const char *const names[] = {"off", "error", "warning", "info", "debug", "dump"};
  return level >= SCU_LOG_OFF && level <= SCU_LOG_DUMP ? names[level] : "?";
}

/* RFC 5424 6.2.1, which journald shares. */
static int severity_of(scu_log_level level) {
  static const int severities[] = {6, 3, 4, 6, 7, 7};
  return severities[level];
}

/* ---- opening ---- */

static scu_result open_file(scu__log_sink *sink, const scu_log_options *options, scu_error *error) {
  if (!options->path || !*options->path)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no file to log into");
  if (options->generations > SCU__LOG_GENERATIONS_MAX)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "a log keeps at most %d generations",
                          SCU__LOG_GENERATIONS_MAX);
  const scu__log_file_options file = {.path = options->path,
                                      .is_private = options->with_phi,
                                      .rotate_bytes = options->rotate_bytes,
                                      .generations = options->generations};
  return scu__log_file_open(&file, sink->allocator, &sink->file, error);
}

static scu_result open_socket(scu__log_sink *sink, const char *path, scu_error *error) {
  sink->path = scu__strdup(sink->allocator, path);
  if (!sink->path) return scu__error_memory(error, SCU_PHASE_USAGE);
  return scu__datagram_open(&sink->socket, sink->path, NULL, error);
}

static scu_result open_kind(scu__log_sink *sink, const scu_log_options *options, scu_error *error) {
  const char *path = options->path;
  switch (options->kind) {
  case SCU_LOG_TO_FILE: return open_file(sink, options, error);
  case SCU_LOG_TO_SYSLOG: return open_socket(sink, path ? path : "/dev/log", error);
  case SCU_LOG_TO_JOURNAL: return open_socket(sink, path ? path : "/run/systemd/journal/socket", error);
  case SCU_LOG_TO_DESCRIPTOR:
    if (options->descriptor >= 0) return SCU_OK;
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no descriptor to log to");
  case SCU_LOG_TO_CALLBACK:
    if (options->line) return SCU_OK;
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no function to log to");
  }
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%d is no kind of log", (int)options->kind);
}

scu_result scu__log_sink_open(const scu_log_options *options, const scu_allocator *allocator, scu__log_sink **out,
                              scu_error *error) {
  *out = NULL;
  scu__log_sink *sink = scu__alloc(allocator, sizeof *sink);
  if (!sink) return scu__error_memory(error, SCU_PHASE_USAGE);
  sink->allocator = allocator;
  sink->kind = options->kind;
  sink->socket.fd = -1;
  sink->descriptor = options->descriptor;
  sink->line = options->line;
  sink->user = options->user;
  scu__buffer_init(&sink->gathered, allocator, GATHERED_MAX);
  snprintf(sink->identifier, sizeof sink->identifier, "%s", options->identifier ? options->identifier : "scu");
  scu_result result = open_kind(sink, options, error);
  if (result != SCU_OK) {
    scu__log_sink_close(sink);
    return result;
  }
  *out = sink;
  return SCU_OK;
}

void scu__log_sink_close(scu__log_sink *sink) {
  if (!sink) return;
  scu__log_file_close(sink->file);
  scu__datagram_close(&sink->socket);
  scu__buffer_free(&sink->gathered);
  scu__free(sink->allocator, sink->path);
  scu__free(sink->allocator, sink);
}

/* ---- lines ---- */

static size_t format_association(const scu_log_line *line, char to[16]) {
  if (line->association == 0) return (size_t)snprintf(to, 16, "-");
  return (size_t)snprintf(to, 16, "%lu", (unsigned long)line->association);
}

static size_t format_plain(const scu_log_line *line, char to[], size_t room) {
  char association[16];
  scu__calendar at = scu__clock_utc(line->time_ns / 1000000000U);
  format_association(line, association);
  return (size_t)snprintf(to, room, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ %s %s %s\n", at.year, at.month, at.day,
                          at.hour, at.minute, at.second, (unsigned)(line->time_ns / 1000000U % 1000U),
                          level_name(line->level), association, line->text);
}

/* RFC 3164 4.1, as the daemons of a machine take it: local time, no host. */
static size_t format_syslog(const scu__log_sink *sink, const scu_log_line *line, char to[], size_t room) {
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char association[16];
  scu__calendar at = scu__clock_local(line->time_ns / 1000000000U);
  format_association(line, association);
  return (size_t)snprintf(to, room, "<%d>%.3s %2u %02u:%02u:%02u %s[%ld]: %s %s %s",
                          FACILITY_USER | severity_of(line->level), months + 3 * (size_t)(at.month - 1), at.day,
                          at.hour, at.minute, at.second, sink->identifier, scu__process_id(), level_name(line->level),
                          association, line->text);
}

static size_t format_journal(const scu__log_sink *sink, const scu_log_line *line, char to[], size_t room) {
  char association[32] = "";
  if (line->association > 0)
    snprintf(association, sizeof association, "SCU_ASSOCIATION=%lu\n", (unsigned long)line->association);
  return (size_t)snprintf(to, room, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n%sMESSAGE=%s\n", severity_of(line->level),
                          sink->identifier, association, line->text);
}

/* Once it was waited for a reader in vain, he has to read before anything is waited for again. */
static bool put_to_descriptor(scu__log_sink *sink, const char *bytes, size_t length) {
  bool is_taken = scu__descriptor_write_line(sink->descriptor, bytes, length, sink->is_stuck ? 0 : WAIT_MS);
  sink->is_stuck = !is_taken;
  return is_taken;
}

bool scu__log_sink_put(scu__log_sink *sink, const scu_log_line *line) {
  char bytes[SCU__LOG_LINE_MAX + HEAD_MAX];
  switch (sink->kind) {
  case SCU_LOG_TO_SYSLOG:
    return scu__datagram_send(&sink->socket, bytes, format_syslog(sink, line, bytes, sizeof bytes));
  case SCU_LOG_TO_JOURNAL:
    return scu__datagram_send(&sink->socket, bytes, format_journal(sink, line, bytes, sizeof bytes));
  case SCU_LOG_TO_DESCRIPTOR: return put_to_descriptor(sink, bytes, format_plain(line, bytes, sizeof bytes));
  case SCU_LOG_TO_FILE:
    scu__put_bytes(&sink->gathered, bytes, format_plain(line, bytes, sizeof bytes));
    if (scu__buffer_result(&sink->gathered) != SCU_OK) return false;
    sink->gathered_lines++;
    return true;
  case SCU_LOG_TO_CALLBACK: sink->line(sink->user, line); return true;
  }
  return false;
}

uint64_t scu__log_sink_flush(scu__log_sink *sink) {
  uint64_t lines = sink->gathered_lines;
  bool is_written = lines == 0 || scu__log_file_write(sink->file, sink->gathered.data, sink->gathered.length);
  scu__buffer_clear(&sink->gathered);
  sink->gathered_lines = 0;
  return is_written ? 0 : lines;
}

void scu__log_sink_reopen(scu__log_sink *sink) {
  if (sink->file) scu__log_file_reopen(sink->file);
}
