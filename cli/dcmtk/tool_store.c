/* storescu: C-STORE of files and folders on one association, in their order, until one fails. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "classes.h"
#include "connection.h"
#include "say.h"
#include "scu/uid.h"
#include "signals.h"
#include "syntaxes.h"
#include "tools.h"

enum { PATH_ROOM = 4096 };

typedef struct store {
  connection c; /* first: hooks of the connection take it for one */
  scu_source *source;
  uint16_t first_failure; /* status; 0 = none */
  bool is_lost;           /* something failed without a status */
  bool is_halted;
  uint64_t told; /* instances */
} store;

/* ---- what is proposed ---- */

typedef struct class_list {
  char uid[CONTEXTS_MAX][65];
  size_t count;
} class_list;

static void add_class(void *user, const char *uid) {
  class_list *list = user;
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->uid[i], uid) == 0) return;
  if (list->count < CONTEXTS_MAX) snprintf(list->uid[list->count++], sizeof list->uid[0], "%s", uid);
}

static bool is_proposed_anyway(const char *uid) {
  for (size_t i = 0; storage_class_at(i); i++)
    if (storage_class_at(i)->is_stored && strcmp(storage_class_at(i)->uid, uid) == 0) return true;
  return false;
}

/* What the files need; without -R also all that storescu proposes, those behind that it would not. */
static void choose_classes(const habits *h, const class_list *needed, class_list *chosen) {
  for (size_t i = 0; i < needed->count; i++)
    if (h->has[HABIT_REQUIRED] || !is_proposed_anyway(needed->uid[i])) add_class(chosen, needed->uid[i]);
  for (size_t i = 0; storage_class_at(i) && !h->has[HABIT_REQUIRED]; i++)
    if (storage_class_at(i)->is_stored) add_class(chosen, storage_class_at(i)->uid);
}

static void propose(void *user, uint32_t association, scu_proposal *proposal) {
  store *s = user;
  const habits *h = s->c.h;
  class_list needed = {.count = 0}, chosen = {.count = 0};
  (void)association;
  log_line(h, LOG_INFO, "Requesting Association");
  signals_say_again();
  proposal_clear(proposal, add_class, &needed);
  choose_classes(h, &needed, &chosen);
  syntax_choice choice = (syntax_choice)h->choice[HABIT_PROPOSE];
  scu_result result = SCU_OK;
  for (size_t i = 0; i < chosen.count && result == SCU_OK; i++)
    result = h->has[HABIT_COMBINE] ? propose_one(proposal, chosen.uid[i], choice, false)
                                   : propose_two(proposal, chosen.uid[i], choice);
  if (result == SCU_ERROR_LIMIT) log_line(h, LOG_WARN, "too many presentation contexts: some classes are not proposed");
}

/* ---- one instance after the other ---- */

static scu_store_choice before_store(void *user, scu_store_candidate *candidate) {
  store *s = user;
  if (s->is_halted) return SCU_STORE_SKIP_REST;
  log_line(s->c.h, LOG_INFO, "Sending file: %s", candidate->path);
  if (s->c.h->has[HABIT_INVENT]) {
    char uid[SCU_UID_ROOM];
    scu_uid_new(uid, sizeof uid);
    scu_edits_set_text(candidate->edits, "SOPInstanceUID", uid);
  }
  return SCU_STORE_SEND;
}

static void before_message(void *user, scu_message *message) {
  store *s = user;
  char words[40];
  uint16_t id = 0, status = 0xFFFF;
  scu_message_id(message, &id);
  scu_message_status(message, &status);
  if (scu_message_field(message) == 0x0001)
    log_line(s->c.h, LOG_INFO, "Sending Store Request (MsgID %u, %s)", (unsigned)id,
             storage_class_prefix(scu_message_sop_class_uid(message)));
  if (scu_message_field(message) != 0x8001) return;
  if (s->c.h->level >= LOG_INFO) puts("XMIT: .");
  bool is_stored = status == 0 || (status & 0xF000) == 0xB000;
  log_response(s->c.h, is_stored, "Store", status_words(TOOL_STORE, status, words));
}

static void rename_file(const store *s, const char *path, bool is_stored) {
  char renamed[PATH_ROOM];
  if (s->c.h->choice[HABIT_RENAME] == 0 || !*path) return;
  int length = snprintf(renamed, sizeof renamed, "%s%s", path, is_stored ? ".done" : ".bad");
  if (length > 0 && (size_t)length < sizeof renamed && rename(path, renamed) == 0) return;
  log_line(s->c.h, LOG_WARN, "cannot rename file: %s: %s", path, strerror(errno));
}

static void on_failure(store *s, const scu_instance_outcome *outcome) {
  if (outcome->status == 0xFFFF) {
    s->is_lost = true;
    if (!s->c.was_refused) log_line(s->c.h, LOG_ERROR, "Store Failed, file: %s:\n%s", outcome->path, outcome->reason);
  } else if (s->first_failure == 0) {
    s->first_failure = outcome->status;
  }
  s->is_halted = !s->c.h->has[HABIT_NO_HALT];
  if (s->is_halted && !s->c.is_there) scu_cancel(s->c.session); /* then none is needed */
}

static void on_instance(void *user, const scu_instance_outcome *outcome) {
  store *s = user;
  s->told++;
  if (outcome->outcome == SCU_OUTCOME_SKIPPED) {
    if (!s->is_halted) log_line(s->c.h, LOG_WARN, "Bad DICOM file: %s, ignored", outcome->path);
    return;
  }
  bool is_stored = outcome->outcome != SCU_OUTCOME_FAILED;
  if (!is_stored && !s->is_halted) on_failure(s, outcome);
  rename_file(s, outcome->path, is_stored);
}

/* ---- what to send ---- */

/* HABIT_DONE or the exit code; said. */
static int add_path(store *s, const char *path, size_t *count) {
  const habits *h = s->c.h;
  struct stat about;
  if (stat(path, &about) != 0) {
    if (h->has[HABIT_NO_HALT]) {
      log_line(h, LOG_WARN, "cannot access file: %s, ignoring file", path);
      return HABIT_DONE;
    }
    log_line(h, LOG_FATAL, "cannot access file: %s", path);
    return HABIT_FAILED;
  }
  bool is_folder = S_ISDIR(about.st_mode);
  if (is_folder && !h->has[HABIT_SCAN]) {
    log_line(h, LOG_WARN, "ignoring directory because option --scan-directories is not set: %s", path);
    return HABIT_DONE;
  }
  scu_result result = SCU_OK;
  for (int64_t i = 0; i < repetitions(h) && result == SCU_OK; i++)
    result = is_folder ? scu_source_add_folder(s->source, path, h->value[HABIT_SCAN_PATTERN], h->choice[HABIT_RECURSE])
                       : scu_source_add_file(s->source, path);
  (*count)++;
  if (result == SCU_OK) return HABIT_DONE;
  log_line(h, LOG_FATAL, "%s", scu_error_reason(scu_source_error(s->source)));
  return HABIT_FAILED;
}

static int add_paths(store *s) {
  const habits *h = s->c.h;
  size_t count = 0;
  int code = HABIT_DONE;
  log_line(h, LOG_INFO, h->has[HABIT_SCAN] ? "determining input files ..." : "checking input files ...");
  if (scu_source_new(NULL, &s->source) != SCU_OK) return HABIT_FAILED;
  for (size_t i = 0; i < h->file_count && code == HABIT_DONE; i++) code = add_path(s, h->files[i], &count);
  if (code != HABIT_DONE || count > 0) return code;
  log_line(h, LOG_FATAL, "no input files to be sent");
  return HABIT_FAILED;
}

static int send_all(store *s) {
  scu_store_report *report = NULL;
  scu_result result = scu_store(s->c.session, s->source, &report);
  scu_store_report_free(report);
  if (s->c.was_refused) return HABIT_FAILED;
  if (result != SCU_OK && !s->is_lost && signals_count() == 0) {
    log_line(s->c.h, LOG_ERROR, "Store SCU Failed: %s", scu_error_reason(scu_session_error(s->c.session)));
    return HABIT_FAILED;
  }
  if (s->told == 0) {
    log_line(s->c.h, LOG_FATAL, "no input files to be sent");
    return HABIT_FAILED;
  }
  if (s->c.h->has[HABIT_NO_HALT]) return s->c.is_cut ? HABIT_FAILED : HABIT_DONE;
  /* As storescu has it: the upper byte of the status. */
  return s->first_failure ? s->first_failure >> 8 : s->is_lost ? HABIT_FAILED : HABIT_DONE;
}

int run_storescu(const habits *h) {
  store s = {.c = {.h = h}};
  if (h->choice[HABIT_RENAME] == 1 && repetitions(h) > 1)
    return habits_refuse(h->tool, "--rename not allowed with --repeat");
  int code = add_paths(&s);
  s.c.hooks.before_associate = propose;
  s.c.hooks.before_store = before_store;
  s.c.hooks.before_message = before_message;
  s.c.hooks.instance = on_instance;
  if (code == HABIT_DONE && !connection_begin(&s.c, h)) code = HABIT_FAILED;
  if (code == HABIT_DONE) code = send_all(&s);
  if (!connection_end(&s.c, s.is_lost && s.is_halted) && code == HABIT_DONE) code = HABIT_FAILED;
  scu_source_free(s.source);
  return code;
}
