/* findscu: C-FIND with the identifiers as they are given; responses on stderr, or as files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "connection.h"
#include "identifier.h"
#include "models.h"
#include "response_file.h"
#include "say.h"
#include "signals.h"
#include "syntaxes.h"
#include "tools.h"

enum { PATH_ROOM = 4096, PENDING = 0xFF00, PENDING_WITHOUT_KEYS = 0xFF01 };

typedef struct find {
  connection c;
  const char *class_uid;
  uint64_t files; /* written so far, over all requests */
  bool has_failed;
} find;

static scu_result propose(void *user, scu_proposal *proposal) {
  const find *f = user;
  return propose_one(proposal, f->class_uid, (syntax_choice)f->c.h->choice[HABIT_PROPOSE], false);
}

static void say_request(const habits *h, const scu_dataset *keys, uint16_t id) {
  char *dump = h->level >= LOG_INFO ? dataset_dump(keys) : NULL;
  log_line(h, LOG_INFO, "Sending Find Request (MsgID %u)", (unsigned)id);
  if (dump) log_text(LOG_INFO, "Request Identifiers:");
  if (dump) log_text(LOG_INFO, dump);
  free(dump);
}

/* Without -v, too, as long as the responses go nowhere else. */
static bool shows_responses(const habits *h) {
  if (h->has[HABIT_RESPONSES]) return h->choice[HABIT_RESPONSES] == 1;
  return h->level >= LOG_INFO || (!h->has[HABIT_EXTRACT] && h->level >= LOG_WARN);
}

static void show(const habits *h, uint64_t number, uint16_t status, const scu_dataset *match) {
  char head[96], words[40];
  if (!shows_responses(h)) return;
  char *dump = match ? dataset_dump(match) : NULL;
  log_text(LOG_INFO, "---------------------------");
  snprintf(head, sizeof head, "Find Response: %" PRIu64 " (%s)", number, status_words(TOOL_FIND, status, words));
  log_text(LOG_INFO, head);
  if (dump) log_text(LOG_INFO, dump);
  free(dump);
}

static void extract(find *f, const scu_dataset *match) {
  const habits *h = f->c.h;
  char path[PATH_ROOM];
  if (!h->has[HABIT_EXTRACT] || !match) return;
  if (h->has[HABIT_EXTRACT_LIMIT] && f->files >= (uint64_t)h->number[HABIT_EXTRACT_LIMIT]) return;
  const char *folder = h->has[HABIT_OUTPUT] ? h->value[HABIT_OUTPUT] : ".";
  f->files++;
  snprintf(path, sizeof path, "%s%srsp%04" PRIu64 ".dcm", strcmp(folder, ".") == 0 ? "" : folder,
           strcmp(folder, ".") == 0 ? "" : "/", f->files);
  int fault = response_file_write(path, match);
  log_line(h, LOG_INFO, "Writing file: %s", path);
  if (fault == 0) return;
  f->has_failed = true;
  log_line(h, LOG_ERROR, "Cannot write file: %s: %s", path, strerror(fault));
}

static void say_final(find *f, uint16_t status) {
  char words[40];
  log_response(f->c.h, status == 0 || status == 0xFE00, "Final Find", status_words(TOOL_FIND, status, words));
}

/* Until the final response. */
static scu_result take_responses(find *f, uint16_t id) {
  const habits *h = f->c.h;
  const scu_message *response;
  scu_result result;
  uint64_t number = 0;
  bool is_cancelled = false;
  while ((result = scu_association_receive(f->c.association, -1, &response)) == SCU_OK) {
    uint16_t status = 0xFFFF;
    scu_message_status(response, &status);
    if (status != PENDING && status != PENDING_WITHOUT_KEYS) {
      say_final(f, status);
      return SCU_OK;
    }
    show(h, ++number, status, scu_message_dataset(response));
    extract(f, scu_message_dataset(response));
    bool is_enough = h->has[HABIT_CANCEL] && number >= (uint64_t)h->number[HABIT_CANCEL];
    if ((is_enough || signals_count() > 0) && !is_cancelled) {
      is_cancelled = true;
      log_line(h, LOG_INFO, "Sending Cancel Request (MsgID %u, PresID 1)", (unsigned)id);
      scu_association_cancel(f->c.association, id);
    }
  }
  return result;
}

/* False: the association is of no use any more; said. */
static bool ask(find *f, const scu_dataset *keys) {
  scu_message *request = NULL;
  uint16_t id = 0;
  scu_result result = scu_message_new(NULL, 0x0020, &request);
  if (result == SCU_OK) result = scu_message_set_sop_class_uid(request, f->class_uid);
  if (result == SCU_OK) result = scu_message_set_dataset(request, keys);
  if (result == SCU_OK) result = scu_association_send(f->c.association, request, &id);
  if (result == SCU_OK) say_request(f->c.h, keys, id);
  if (result == SCU_OK) result = take_responses(f, id);
  scu_message_free(request);
  if (result == SCU_OK) return true;
  char *dump = dataset_dump(keys);
  log_line(f->c.h, LOG_ERROR, "Find Failed, query keys:\n%s\n%s",
           f->c.h->level >= LOG_INFO && dump ? dump : "(-v shows them)",
           scu_error_reason(scu_association_error(f->c.association)));
  free(dump);
  return false;
}

static bool ask_all(find *f) {
  const habits *h = f->c.h;
  for (size_t i = 0; i < identifier_count(h); i++) {
    scu_dataset *keys = identifier_new(h, identifier_path(h, i));
    bool is_good = keys != NULL;
    for (int64_t n = 0; is_good && n < repetitions(h) && signals_count() == 0; n++) is_good = ask(f, keys);
    scu_dataset_free(keys);
    if (!is_good) return false;
  }
  return true;
}

static bool has_output(const habits *h) {
  struct stat about;
  const char *folder = h->has[HABIT_OUTPUT] ? h->value[HABIT_OUTPUT] : ".";
  if (!h->has[HABIT_EXTRACT] || (stat(folder, &about) == 0 && S_ISDIR(about.st_mode))) return true;
  log_line(h, LOG_FATAL, "specified output directory does not exist");
  return false;
}

int run_findscu(const habits *h) {
  find f = {.class_uid = model_find_class(h->has[HABIT_MODEL] ? h->choice[HABIT_MODEL] : SCU_MODEL_WORKLIST)};
  int code;
  if (!has_output(h)) return HABIT_FAILED;
  if (!identifiers_check(h, &code)) return code;
  code = connection_begin(&f.c, h) ? HABIT_DONE : HABIT_FIND_FAILED;
  if (code == HABIT_DONE) code = connection_open(&f.c, propose, &f);
  if (code == HABIT_DONE && !ask_all(&f)) code = HABIT_FIND_FAILED;
  if (!connection_end(&f.c, code != HABIT_DONE) && code == HABIT_DONE) code = HABIT_FIND_FAILED;
  return code == HABIT_DONE && f.has_failed ? HABIT_FIND_FAILED : code;
}
