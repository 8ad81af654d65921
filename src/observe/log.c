/* scu_log: levels, numbers, lines made safe, and the count of those that were lost. */
#include "scu/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/trace.h"
#include "base/versioned.h"
#include "data/utf8.h"
#include "io/clock.h"
#include "io/lock.h"
#include "observe/dump_dataset.h"
#include "observe/log_conversation.h"
#include "observe/log_sink.h"

struct scu_log {
  scu__scribe scribe; /* first */
  const scu_allocator *allocator;
  scu_error error;
  bool with_phi;
  atomic_int level, is_on;
  atomic_uint last_association;
  atomic_ullong lost;
  scu__lock *lock;        /* guards what follows */
  scu__log_sink *sink;    /* NULL: nothing is written */
  uint64_t lost_not_told; /* of the lost lines */
};

/* ---- writing ---- */

static void make_safe(const char *text, size_t length, char to[SCU__LOG_LINE_MAX + 1]) {
  static const char cut[] = " ...";
  size_t used = 0;
  while (length > 0) {
    uint32_t c;
    size_t size = scu__utf8_decode((const uint8_t *)text, length, &c);
    bool is_bad = size == 0 || scu__is_unsafe_character(c);
    if (size == 0) size = 1;
    if (used + size > SCU__LOG_LINE_MAX - sizeof cut) {
      memcpy(to + used, cut, sizeof cut - 1);
      used += sizeof cut - 1;
      break;
    }
    memcpy(to + used, is_bad ? "?" : text, is_bad ? 1 : size);
    used += is_bad ? 1 : size;
    text += size;
    length -= size;
  }
  to[used] = 0;
}

static void note_lost(scu_log *log, uint64_t lines) {
  log->lost_not_told += lines;
  atomic_fetch_add(&log->lost, lines);
}

void scu__log_lose(scu_log *log) {
  scu__lock_take(log->lock);
  note_lost(log, 1);
  scu__lock_give(log->lock);
}

/* Before the next line, so that the hole is where it was. */
static void tell_lost(scu_log *log, scu_log_line *line) {
  char text[64];
  if (log->lost_not_told == 0) return;
  snprintf(text, sizeof text, "%llu lines of this log were lost", (unsigned long long)log->lost_not_told);
  scu_log_line about = *line;
  about.level = SCU_LOG_WARNING;
  about.association = 0;
  about.text = text;
  if (scu__log_sink_put(log->sink, &about) && scu__log_sink_flush(log->sink) == 0) log->lost_not_told = 0;
}

static void write_lines(scu_log *log, scu_log_level level, uint32_t association, const char *text) {
  char safe[SCU__LOG_LINE_MAX + 1];
  scu_log_line line = {
      .size = sizeof line, .time_ns = scu__clock_wall_ns(), .level = level, .association = association, .text = safe};
  scu__lock_take(log->lock);
  tell_lost(log, &line);
  do {
    size_t length = strcspn(text, "\n");
    make_safe(text, length, safe);
    if (!scu__log_sink_put(log->sink, &line)) note_lost(log, 1);
    text += length;
    if (*text) text++;
  } while (*text);
  note_lost(log, scu__log_sink_flush(log->sink));
  scu__lock_give(log->lock);
}

/* ---- the scribe ---- */

static scu_log *of(scu__scribe *self) {
  return (scu_log *)self;
}

/* Trace levels begin with 0 for errors, ours with 0 for none. */
static scu_log_level level_of(scu__trace_level level) {
  return (scu_log_level)((int)level + 1);
}

static bool scribe_wants(scu__scribe *self, scu__trace_level level) {
  return scu_log_wants(of(self), level_of(level));
}

static void scribe_line(scu__scribe *self, scu__trace_level level, uint32_t association, const char *text) {
  scu_log_text(of(self), level_of(level), association, text);
}

static uint32_t scribe_number(scu__scribe *self) {
  return atomic_fetch_add(&of(self)->last_association, 1) + 1;
}

static void *scribe_connected(scu__scribe *self, uint32_t association, const scu__trace_ends *ends) {
  return of(self)->sink ? scu__log_conversation_new(of(self), of(self)->allocator, association, ends) : NULL;
}

static void scribe_pdu(scu__scribe *self, void *conversation, bool is_sent, const uint8_t *bytes, size_t length) {
  (void)self;
  scu__log_conversation_pdu(conversation, is_sent, bytes, length);
}

static bool scribe_wants_bytes(scu__scribe *self, void *conversation, bool is_sent, bool is_command) {
  (void)self;
  return scu__log_conversation_wants_bytes(conversation, is_sent, is_command);
}

static void scribe_fragment(scu__scribe *self, void *conversation, bool is_sent, const scu__trace_fragment *fragment) {
  (void)self;
  scu__log_conversation_fragment(conversation, is_sent, fragment);
}

static void scribe_closed(scu__scribe *self, void *conversation) {
  (void)self;
  scu__log_conversation_free(conversation);
}

static const scu__scribe scribe = {
    .wants = scribe_wants,
    .line = scribe_line,
    .number = scribe_number,
    .connected = scribe_connected,
    .pdu = scribe_pdu,
    .wants_bytes = scribe_wants_bytes,
    .fragment = scribe_fragment,
    .closed = scribe_closed,
};

/* ---- public ---- */

static scu_result open_log(scu_log *log, const scu_log_options *options) {
  scu_log_options known = {.descriptor = -1};
  if (scu__versioned_copy(&known, sizeof known, options, SCU__SIZE_THROUGH(scu_log_options, user)) != SCU_OK)
    return scu__error_set(&log->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "log options without size");
  if (known.level < SCU_LOG_OFF || known.level > SCU_LOG_DUMP)
    return scu__error_set(&log->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%d is no level of a log", (int)known.level);
  log->with_phi = known.with_phi;
  atomic_store(&log->level, (int)known.level);
  log->lock = scu__lock_new(log->allocator);
  if (!log->lock) return scu__error_memory(&log->error, SCU_PHASE_USAGE);
  return scu__log_sink_open(&known, log->allocator, &log->sink, &log->error);
}

scu_result scu_log_new(const scu_allocator *allocator, const scu_log_options *options, scu_log **out) {
  if (!out) return SCU_ERROR_USAGE;
  scu_log *log = *out = scu__alloc(allocator, sizeof *log);
  if (!log) return SCU_ERROR_MEMORY;
  log->scribe = scribe;
  log->allocator = allocator;
  scu__error_clear(&log->error);
  atomic_init(&log->level, SCU_LOG_OFF);
  atomic_init(&log->is_on, 1);
  atomic_init(&log->last_association, 0);
  atomic_init(&log->lost, 0);
  return open_log(log, options);
}

const scu_error *scu_log_error(const scu_log *log) {
  return log ? &log->error : NULL;
}

void scu_log_free(scu_log *log) {
  if (!log) return;
  scu__log_sink_close(log->sink);
  scu__lock_free(log->lock);
  scu__free(log->allocator, log);
}

void scu_log_set_level(scu_log *log, scu_log_level level) {
  if (level >= SCU_LOG_OFF && level <= SCU_LOG_DUMP) atomic_store(&log->level, (int)level);
}

scu_log_level scu_log_get_level(const scu_log *log) {
  return (scu_log_level)atomic_load(&log->level);
}

void scu_log_set_on(scu_log *log, bool is_on) {
  atomic_store(&log->is_on, is_on);
}

bool scu_log_wants(const scu_log *log, scu_log_level level) {
  return log->sink && level > SCU_LOG_OFF && (int)level <= atomic_load(&log->level) && atomic_load(&log->is_on);
}

void scu_log_reopen(scu_log *log) {
  if (log->sink) scu__log_sink_reopen(log->sink);
}

uint64_t scu_log_lost(const scu_log *log) {
  return atomic_load(&log->lost);
}

bool scu_log_shows_phi(const scu_log *log) {
  return log->with_phi;
}

void scu_log_text(scu_log *log, scu_log_level level, uint32_t association, const char *text) {
  if (text && scu_log_wants(log, level)) write_lines(log, level, association, text);
}

void scu_log_dataset(scu_log *log, scu_log_level level, uint32_t association, const char *title,
                     const scu_dataset *dataset) {
  scu__buffer text;
  if (!dataset || !scu_log_wants(log, level)) return;
  scu__buffer_init(&text, log->allocator, SCU__DUMP_TEXT_MAX);
  if (title) scu__dump_put(&text, "%s\n", title);
  scu__dump_tree(&text, dataset, log->with_phi);
  scu__dump_end(&text);
  if (scu__buffer_result(&text) == SCU_OK)
    write_lines(log, level, association, (const char *)text.data);
  else
    scu__log_lose(log);
  scu__buffer_free(&text);
}
