/* echoscu: C-ECHO, once or several times on one association. */
#include "connection.h"
#include "say.h"
#include "signals.h"
#include "syntaxes.h"
#include "tools.h"

static scu_result propose(void *user, scu_proposal *proposal) {
  const habits *h = user;
  size_t contexts = h->has[HABIT_CONTEXT_COUNT] ? (size_t)h->number[HABIT_CONTEXT_COUNT] : 1;
  size_t syntaxes = h->has[HABIT_SYNTAX_COUNT] ? (size_t)h->number[HABIT_SYNTAX_COUNT] : 1;
  return propose_echo(proposal, contexts, syntaxes);
}

/* False: said, and the association is of no use any more. */
static bool echo(connection *c) {
  scu_message *request = NULL;
  const scu_message *response;
  uint16_t id, status = 0xFFFF;
  char words[40];
  scu_result result = scu_message_new(NULL, 0x0030, &request);
  if (result == SCU_OK) result = scu_message_set_sop_class_uid(request, "1.2.840.10008.1.1");
  if (result == SCU_OK) result = scu_association_send(c->association, request, &id);
  if (result == SCU_OK) {
    log_line(c->h, LOG_INFO, "Sending Echo Request (MsgID %u)", (unsigned)id);
    result = scu_association_receive(c->association, -1, &response);
  }
  if (result == SCU_OK) {
    scu_message_status(response, &status);
    log_response(c->h, status == 0, "Echo", status_words(TOOL_ECHO, status, words));
  } else {
    log_line(c->h, LOG_ERROR, "Echo Failed: %s", scu_error_reason(scu_association_error(c->association)));
  }
  scu_message_free(request);
  return result == SCU_OK;
}

int run_echoscu(const habits *h) {
  connection c = {0};
  bool is_good = true;
  int code = connection_begin(&c, h) ? HABIT_DONE : HABIT_FAILED;
  if (code == HABIT_DONE) code = connection_open(&c, propose, (void *)h);
  for (int64_t i = 0; code == HABIT_DONE && is_good && i < repetitions(h) && signals_count() == 0; i++)
    is_good = echo(&c);
  if (!is_good) code = HABIT_ECHO_ABORTED;
  if (!connection_end(&c, code != HABIT_DONE) && code == HABIT_DONE) code = HABIT_FAILED;
  return code;
}
