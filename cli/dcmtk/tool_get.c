/* getscu: C-GET with the identifier as it is given. */
#include <stdio.h>
#include <string.h>

#include "classes.h"
#include "connection.h"
#include "identifier.h"
#include "keep.h"
#include "models.h"
#include "say.h"
#include "signals.h"
#include "syntaxes.h"
#include "tools.h"

typedef struct get {
  connection c; /* first: hooks of the connection take it for one */
  keep k;
  const char *class_uid;
  const scu_dataset *keys;
  bool is_answered;
} get;

/* In place of what the library proposes: what getscu does. */
static void propose(void *user, uint32_t association, scu_proposal *proposal) {
  get *g = user;
  const habits *h = g->c.h;
  (void)association;
  log_line(h, LOG_INFO, "Requesting Association");
  signals_say_again();
  proposal_clear(proposal, NULL, NULL);
  scu_result result = propose_one(proposal, g->class_uid, (syntax_choice)h->choice[HABIT_PROPOSE], false);
  for (size_t i = 0; i < GET_CLASSES && result == SCU_OK; i++) {
    const char *class_uid = storage_class_at(i)->uid;
    result = propose_one(proposal, class_uid, (syntax_choice)h->choice[HABIT_PREFER], true);
    if (result == SCU_OK) result = scu_proposal_set_role(proposal, class_uid, 0, 1);
  }
  if (result != SCU_OK) log_line(h, LOG_ERROR, "out of memory");
}

static void set_identifier(get *g, scu_message *message) {
  scu_dataset *identifier;
  if (scu_message_edit_dataset(message, &identifier) != SCU_OK) return;
  while (scu_dataset_count(identifier) > 0) {
    char path[16];
    scu_tag tag = scu_element_tag(scu_dataset_at(identifier, 0));
    snprintf(path, sizeof path, "%04X%04X", (unsigned)SCU_TAG_GROUP(tag), (unsigned)SCU_TAG_ELEMENT(tag));
    if (scu_dataset_remove(identifier, path) != SCU_OK) return;
  }
  scu_dataset_merge(identifier, g->keys);
}

static void say_response(get *g, const scu_message *message) {
  char words[40];
  uint16_t status = 0xFFFF;
  scu_message_status(message, &status);
  const char *said = status_words(TOOL_GET, status, words);
  log_line(g->c.h, LOG_INFO, "Received C-GET Response (%s)", said);
  if (status == 0xFF00) return;
  g->is_answered = true;
  if (status != 0) log_line(g->c.h, status == 0xB000 ? LOG_WARN : LOG_ERROR, "DIMSE status is: %s", said);
}

static void before_message(void *user, scu_message *message) {
  get *g = user;
  char words[40];
  uint16_t id = 0, status = 0xFFFF;
  scu_message_id(message, &id);
  scu_message_status(message, &status);
  switch (scu_message_field(message)) {
  case 0x0010:
    log_line(g->c.h, LOG_INFO, "Sending C-GET Request (MsgID %u)", (unsigned)id);
    set_identifier(g, message);
    break;
  case 0x8010: say_response(g, message); break;
  case 0x0001: log_line(g->c.h, LOG_INFO, "Received C-STORE Request (MsgID %u)", (unsigned)id); break;
  case 0x8001:
    log_line(g->c.h, status == 0 ? LOG_INFO : LOG_ERROR, "Sending C-STORE Response (%s)",
             status_words(TOOL_STORE, status, words));
    break;
  default: break;
  }
}

static void received(void *user, scu_received *instance) {
  get *g = user;
  keep_received(&g->k, instance);
}

/* The identifier takes the place of this one as the request goes out. */
static scu_result new_query(scu_query **query, int model) {
  scu_result result = scu_query_new(NULL, query);
  if (result == SCU_OK) result = scu_query_set_model(*query, (scu_model)model);
  if (result == SCU_OK) result = scu_query_set_level(*query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_query_set(*query, "PatientID", "1");
  if (result == SCU_OK) result = scu_query_set(*query, "StudyInstanceUID", "1");
  return result == SCU_OK ? scu_query_set_raw_identifier(*query, 1) : result;
}

static void say_counts(const habits *h, const scu_retrieve_report *report) {
  log_line(h, LOG_INFO, "Final status report from last C-GET message:");
  log_line(h, LOG_INFO, "  Number of Remaining Suboperations : 0");
  log_line(h, LOG_INFO, "  Number of Completed Suboperations : %llu",
           (unsigned long long)scu_retrieve_report_peer_completed(report));
  log_line(h, LOG_INFO, "  Number of Failed Suboperations    : %llu",
           (unsigned long long)scu_retrieve_report_peer_failed(report));
  log_line(h, LOG_INFO, "  Number of Warning Suboperations   : %llu",
           (unsigned long long)scu_retrieve_report_peer_warning(report));
}

static bool ask(get *g, int model) {
  scu_query *query = NULL;
  scu_retrieve_report *report = NULL;
  g->is_answered = false;
  scu_result result = new_query(&query, model);
  if (result == SCU_OK) result = scu_get(g->c.session, query, g->k.sink, &report);
  scu_query_free(query);
  if (report && g->is_answered) say_counts(g->c.h, report);
  scu_retrieve_report_free(report);
  /* A status is no failure of the tool: it has been said, and DCMTK's exit code is 0. */
  if (g->is_answered) return true;
  if (g->c.was_refused) return false;
  if (g->c.is_there && !connection_has(&g->c, g->class_uid))
    log_line(g->c.h, LOG_FATAL, "No adequate Presentation Contexts for sending C-GET");
  else
    log_line(g->c.h, LOG_ERROR, "Failed receiving DIMSE command: %s",
             scu_error_reason(scu_session_error(g->c.session)));
  return false;
}

static bool ask_all(get *g, int model) {
  const habits *h = g->c.h;
  for (size_t i = 0; i < identifier_count(h); i++) {
    scu_dataset *keys = identifier_new(h, identifier_path(h, i));
    bool is_good = keys != NULL;
    g->keys = keys;
    for (int64_t n = 0; is_good && n < repetitions(h) && signals_count() == 0; n++) is_good = ask(g, model);
    scu_dataset_free(keys);
    if (!is_good) return false;
  }
  return true;
}

int run_getscu(const habits *h) {
  int model = h->has[HABIT_MODEL] ? h->choice[HABIT_MODEL] : SCU_MODEL_PATIENT;
  get g = {.class_uid = model_get_class(model)};
  int code;
  if (!identifiers_check(h, &code)) return code;
  g.c.hooks.before_associate = propose;
  g.c.hooks.before_message = before_message;
  g.c.hooks.received = received;
  code = connection_begin(&g.c, h) ? HABIT_DONE : HABIT_FAILED;
  if (code == HABIT_DONE) code = keep_begin(&g.k, h, g.c.options);
  if (code == HABIT_DONE && !ask_all(&g, model)) code = HABIT_FAILED;
  if (!connection_end(&g.c, code != HABIT_DONE) && code == HABIT_DONE) code = HABIT_FAILED;
  keep_end(&g.k);
  return code;
}
