/* movescu: C-MOVE with the identifier as it is given, and a listener for what comes to us (+P). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "connection.h"
#include "identifier.h"
#include "keep.h"
#include "models.h"
#include "say.h"
#include "scu/listener.h"
#include "signals.h"
#include "syntaxes.h"
#include "tools.h"

typedef struct move {
  connection c;
  keep k;
  scu_listener *listener; /* NULL: nothing comes to us */
  int model;
  int code; /* of the last response */
} move;

static const char *destination_of(const habits *h) {
  if (h->has[HABIT_DESTINATION]) return h->value[HABIT_DESTINATION];
  return h->has[HABIT_CALLING] ? h->value[HABIT_CALLING] : tool_titles[TOOL_MOVE];
}

/* As movescu does: the model's C-FIND before its C-MOVE. */
static scu_result propose(void *user, scu_proposal *proposal) {
  const move *m = user;
  syntax_choice choice = (syntax_choice)m->c.h->choice[HABIT_PROPOSE];
  scu_result result = propose_one(proposal, model_find_class(m->model), choice, false);
  return result == SCU_OK ? propose_one(proposal, model_move_class(m->model), choice, false) : result;
}

/* ---- what comes to us ---- */

static void before_keep(void *user, scu_received *received) {
  move *m = user;
  log_line(m->c.h, LOG_INFO, "Received Store Request (%s)", storage_class_prefix(received->sop_class_uid));
}

static void received(void *user, scu_received *instance) {
  move *m = user;
  keep_received(&m->k, instance);
  if (m->c.h->level >= LOG_INFO) puts("RECV: .");
}

static int listen(move *m) {
  const habits *h = m->c.h;
  scu_options *options = NULL;
  scu_hooks hooks = {.size = sizeof hooks, .before_keep = before_keep, .received = received, .user = m};
  if (!h->has[HABIT_PORT]) return HABIT_DONE;
  int code = keep_begin(&m->k, h, m->c.options);
  if (code != HABIT_DONE) return code;
  scu_result result = scu_options_copy(m->c.options, &options);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, destination_of(h));
  if (result == SCU_OK) result = scu_options_set_integer(options, SCU_OPTION_LISTEN_PORT, h->number[HABIT_PORT]);
  if (result == SCU_OK) result = scu_listener_new(m->c.loop, &m->listener, options, m->k.sink);
  if (result == SCU_OK) result = scu_listener_set_hooks(m->listener, &hooks);
  scu_options_free(options);
  if (result == SCU_OK) return HABIT_DONE;
  log_line(h, LOG_FATAL, "cannot initialise network: %s",
           m->listener ? scu_error_reason(scu_listener_error(m->listener)) : "out of memory");
  return HABIT_NO_NETWORK;
}

/* What is on its way comes to its end. */
static void stop_listening(move *m) {
  if (!m->listener) return;
  scu_listener_stop(m->listener);
  while (!scu_listener_is_stopped(m->listener))
    if (scu_loop_wait(m->c.loop, -1) != SCU_OK) break;
  scu_listener_free(m->listener);
}

/* ---- asking ---- */

static void say_request(const habits *h, const scu_dataset *keys, uint16_t id) {
  char *dump = h->level >= LOG_INFO ? dataset_dump(keys) : NULL;
  log_line(h, LOG_INFO, "Sending Move Request (MsgID %u)", (unsigned)id);
  if (dump) log_text(LOG_INFO, "Request Identifiers:");
  if (dump) log_text(LOG_INFO, dump);
  free(dump);
}

static void take_final(move *m, uint16_t status) {
  char words[40];
  const char *said = status_words(TOOL_MOVE, status, words);
  bool is_warning = (status & 0xF000) == 0xB000;
  bool is_good = status == 0 || status == 0xFE00;
  m->code = is_good ? HABIT_DONE : is_warning ? HABIT_MOVE_WARNING : HABIT_MOVE_FAILED;
  if (!is_good) log_line(m->c.h, LOG_WARN, "Move response with %s status (%s)", is_warning ? "warning" : "error", said);
  log_response(m->c.h, true, "Final Move", said); /* what is wrong has been said */
}

static scu_result take_responses(move *m, uint16_t id) {
  const habits *h = m->c.h;
  const scu_message *response;
  scu_result result;
  unsigned long long number = 0;
  bool is_cancelled = false;
  while ((result = scu_association_receive(m->c.association, -1, &response)) == SCU_OK) {
    uint16_t status = 0xFFFF;
    scu_message_status(response, &status);
    if (status != 0xFF00) {
      take_final(m, status);
      return SCU_OK;
    }
    log_line(h, LOG_INFO, "Received Move Response %llu (Pending)", ++number);
    bool is_enough = h->has[HABIT_CANCEL] && number >= (uint64_t)h->number[HABIT_CANCEL];
    if ((is_enough || signals_count() > 0) && !is_cancelled) {
      is_cancelled = true;
      log_line(h, LOG_INFO, "Sending Cancel Request (MsgID %u)", (unsigned)id);
      scu_association_cancel(m->c.association, id);
    }
  }
  return result;
}

/* False: the association is of no use any more; said. */
static bool ask(move *m, const scu_dataset *keys) {
  scu_message *request = NULL;
  uint16_t id = 0;
  scu_result result = scu_message_new(NULL, 0x0021, &request);
  if (result == SCU_OK) result = scu_message_set_sop_class_uid(request, model_move_class(m->model));
  if (result == SCU_OK) result = scu_message_set_move_destination(request, destination_of(m->c.h));
  if (result == SCU_OK) result = scu_message_set_dataset(request, keys);
  if (result == SCU_OK) result = scu_association_send(m->c.association, request, &id);
  if (result == SCU_OK) say_request(m->c.h, keys, id);
  if (result == SCU_OK) result = take_responses(m, id);
  scu_message_free(request);
  if (result == SCU_OK) return true;
  log_line(m->c.h, LOG_ERROR, "Move Request Failed: %s", scu_error_reason(scu_association_error(m->c.association)));
  return false;
}

static int ask_all(move *m) {
  const habits *h = m->c.h;
  int worst = HABIT_DONE;
  for (size_t i = 0; i < identifier_count(h); i++) {
    scu_dataset *keys = identifier_new(h, identifier_path(h, i));
    bool is_good = keys != NULL;
    for (int64_t n = 0; is_good && n < repetitions(h) && signals_count() == 0; n++) {
      is_good = ask(m, keys);
      if (m->code > worst) worst = m->code;
    }
    scu_dataset_free(keys);
    if (!is_good) return HABIT_MOVE_FAILED;
  }
  return worst;
}

int run_movescu(const habits *h) {
  move m = {.model = h->has[HABIT_MODEL] ? h->choice[HABIT_MODEL] : SCU_MODEL_PATIENT};
  int code;
  if (!identifiers_check(h, &code)) return code;
  code = connection_begin(&m.c, h) ? HABIT_DONE : HABIT_FAILED;
  if (code == HABIT_DONE) code = listen(&m);
  if (code == HABIT_DONE) code = connection_open(&m.c, propose, &m);
  bool is_open = code == HABIT_DONE;
  if (is_open) code = ask_all(&m);
  /* A status is no reason to abort. */
  bool is_useless = is_open && m.code == HABIT_DONE && code == HABIT_MOVE_FAILED;
  stop_listening(&m);
  if (!connection_end(&m.c, is_useless) && code == HABIT_DONE) code = HABIT_FAILED;
  keep_end(&m.k);
  return code;
}
