/* A log: lines with a time, a level and the number of an association, of everything that sessions, listeners and
 * archives do; at its most talkative level with every PDU, DIMSE message and dataset in words.
 *
 *     2026-11-25T20:08:17.123Z warning 3 received C-STORE-RSP to 7: A700H, out of resources
 *
 * Values that may identify a patient are written as (masked) unless with_phi is set: every value but numbers, codes
 * (CS), UIDs (of digits and points alone), AE titles and a few attributes of devices; all of the patient and visit
 * groups (0010, 0038), of private attributes and of what is not in PS3.6; every date and time, as PS3.15 E has it; and
 * what peers say in Error Comment (0000,0902). Passcodes, tokens and what is answered to them (PS3.7 D.3.3.7) are never
 * written. Bulk Pixel Data is neither written nor read: a dataset ends there.
 *
 * Who gives SCU_OPTION_LOG lets one log take down all of his sessions, listeners and archives, on any threads; it must
 * outlive them. Their associations are then numbered by the log, over all of them, so that no two have one number; the
 * hooks and the getters of a session tell the same numbers. */
#ifndef SCU_LOG_H
#define SCU_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/allocator.h"
#include "scu/dataset.h"
#include "scu/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_log scu_log;

/* Each has what is above it, too. */
typedef enum scu_log_level {
  SCU_LOG_OFF = 0,
  SCU_LOG_ERROR = 1,   /* what ends an association or connection, but for its release */
  SCU_LOG_WARNING = 2, /* what works all the same, and statuses of failures and warnings, both ways */
  SCU_LOG_INFO = 3,    /* connections and associations: asked for, agreed, rejected, released, aborted */
  SCU_LOG_DEBUG = 4,   /* a line for each DIMSE message, and for each step of PS3.8 Table 9-10 */
  SCU_LOG_DUMP = 5     /* PDUs, presentation contexts and negotiated items, command sets, datasets */
} scu_log_level;

typedef enum scu_log_kind {
  SCU_LOG_TO_FILE = 1,
  SCU_LOG_TO_DESCRIPTOR = 2, /* one that is open: standard error */
  SCU_LOG_TO_SYSLOG = 3,     /* the syslog daemon of this machine (RFC 3164), facility user */
  SCU_LOG_TO_JOURNAL = 4,    /* systemd's journal in its own protocol, with PRIORITY and SCU_ASSOCIATION */
  SCU_LOG_TO_CALLBACK = 5
} scu_log_kind;

typedef struct scu_log_line {
  size_t size;          /* of the library's struct: it may grow at its end */
  uint64_t time_ns;     /* since 1970, UTC */
  scu_log_level level;  /* ERROR to DUMP */
  uint32_t association; /* 0 = none */
  const char *text;     /* UTF-8 without controls; valid during the call */
} scu_log_line;

typedef struct scu_log_options {
  size_t size; /* sizeof(scu_log_options) of the caller */
  scu_log_kind kind;
  scu_log_level level; /* to begin with */
  bool with_phi;       /* values that identify patients are written, too; a file is then made its owner's alone */
  /* FILE: its path. It is made for nobody but its owner (0600), or gone on with; a symbolic link is refused. SYSLOG,
   * JOURNAL: the daemon's datagram socket; NULL = /dev/log, /run/systemd/journal/socket. */
  const char *path;
  /* FILE: a line that would make it longer begins a new file; 0 = never. Of the old ones path.1 (the newest) to
   * path.N are kept, N = generations, at most 100. */
  uint64_t rotate_bytes;
  unsigned generations;
  int descriptor;         /* DESCRIPTOR: borrowed, never closed */
  const char *identifier; /* SYSLOG, JOURNAL: who speaks; NULL = "scu" */
  /* CALLBACK: called for each line, on the thread that had something to say, one call at a time; it must not call
   * back into the library. */
  void (*line)(void *user, const scu_log_line *line);
  void *user;
} scu_log_options;

/* Texts are copied. A handle comes back with the error in it (except for MEMORY); such a log writes nothing. USAGE:
 * options without size or what their kind needs; STORAGE: the file cannot be opened; MEMORY. That a daemon is not there
 * is no error: it may come. */
SCU_API scu_result scu_log_new(const scu_allocator *allocator, const scu_log_options *options, scu_log **out);
/* Why scu_log_new failed. Valid until scu_log_free. */
SCU_API const scu_error *scu_log_error(const scu_log *log);
SCU_API void scu_log_free(scu_log *log); /* NULL is allowed */

/* From any thread, hook or signal handler, at any time. Associations that are there already are dumped from their next
 * message on. */
SCU_API void scu_log_set_level(scu_log *log, scu_log_level level);
SCU_API scu_log_level scu_log_get_level(const scu_log *log);
/* Off: nothing is written until it is on again, at the level that is set then. A log begins on. */
SCU_API void scu_log_set_on(scu_log *log, bool is_on);
/* True when a line of this level would be written now: for who has to make one first. */
SCU_API bool scu_log_wants(const scu_log *log, scu_log_level level);
/* For who is told that the file was rotated: the path is opened anew before the next line. Nobody has to tell: the path
 * is looked at once a second, and opened anew when it has come to name another file, or none. Any thread or signal
 * handler. Only for files. The scu command asks for no signal: to it, SIGHUP is a stop. */
SCU_API void scu_log_reopen(scu_log *log);
/* Lines that were lost: no room on the disk, no memory, or nobody took them - a log waits a fifth of a second for a
 * reader, and no more until that one reads again. The log says so itself as soon as it can write. */
SCU_API uint64_t scu_log_lost(const scu_log *log);

/* Own text, a line for each line of it, controls replaced; association as the hooks tell it, 0 = none. It is written as
 * it is: whether it may name a patient is up to the caller, see scu_log_shows_phi. Any thread. */
SCU_API void scu_log_text(scu_log *log, scu_log_level level, uint32_t association, const char *text);
/* An own dataset as the dumps have them, values masked unless with_phi; title (may be NULL) is the line above it. At
 * most 64 KiB of text. Any thread, for a dataset that no other thread touches. */
SCU_API void scu_log_dataset(scu_log *log, scu_log_level level, uint32_t association, const char *title,
                             const scu_dataset *dataset);
SCU_API bool scu_log_shows_phi(const scu_log *log);

#ifdef __cplusplus
}
#endif
#endif
