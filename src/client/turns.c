/* The queue of a session's leases, and the two bounds of waiting in it. */
#include "client/turns.h"

#include "client/session.h"

enum { LOOKS = 10 /* of the time-out: how often it is seen whether anybody gets on */ };

static const scu__config *config_of(const scu_session *session) {
  return session->config;
}

static size_t count(const scu__turns *turns) {
  size_t found = 0;
  for (const scu__lease *lease = turns->first; lease; lease = lease->next_turn) found++;
  return found;
}

static void take_out(scu__turns *turns, scu__lease *lease) {
  scu__lease **at = &turns->first, *before = NULL;
  while (*at != lease) {
    before = *at;
    at = &before->next_turn;
  }
  *at = lease->next_turn;
  if (turns->last == lease) turns->last = before;
  lease->next_turn = NULL;
  lease->is_waiting = false;
}

static void lose(scu_session *session, scu__lease *lease, const scu_error *error) {
  scu_error copy;
  scu__error_clear(&copy);
  scu__error_copy(&copy, error);
  scu__error_peer(&copy, session->peer_text);
  take_out(&session->turns, lease);
  lease->lost(lease->owner, &copy);
}

/* Those who are told may come back at once: they are not told again. */
void scu__turns_fail(scu_session *session, const scu_error *error) {
  for (size_t left = count(&session->turns); left > 0 && session->turns.first; left--)
    lose(session, session->turns.first, error);
}

/* --- giving ------------------------------------------------------------------------------------------------------- */

static void give(scu_session *session) {
  scu__turns *turns = &session->turns;
  while (turns->first && !turns->is_closed) {
    scu__lease *lease = turns->first;
    take_out(turns, lease); /* trying may call its owner, who may free it */
    if (scu__lease_try(lease)) continue;
    lease->next_turn = turns->first;
    lease->is_waiting = true;
    turns->first = lease;
    if (!turns->last) turns->last = lease;
    return;
  }
}

static void run(scu__task *self) {
  scu_session *session = (scu_session *)((char *)self - offsetof(scu_session, turns.task));
  give(session);
}

/* --- bounds ------------------------------------------------------------------------------------------------------- */

static void look_again(scu_session *session, uint64_t now_ms) {
  uint64_t look = config_of(session)->timeout_associate_ms / LOOKS + 1;
  scu__timer_set(session->loop, &session->turns.timer, now_ms + look);
}

static void fail_held(scu_session *session) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(
      &error, SCU_ERROR_LIMIT, SCU_PHASE_NONE,
      "no association is left (peer-associations is %zu), and those there are have been held up on our own "
      "side for %llu ms: a hook does not return, matches are not read, or an association is the caller's own",
      config_of(session)->peer_associations, (unsigned long long)config_of(session)->timeout_associate_ms);
  scu__error_hint(&error, "let the hook return first, allow one association more, or use another session");
  scu__turns_fail(session, &error);
}

static void fail_late(scu_session *session, uint64_t now_ms) {
  uint64_t limit = config_of(session)->timeout_turn_ms;
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_TIMEOUT, SCU_PHASE_NONE,
                 "no turn for %llu ms: the session's other work has kept all its associations (peer-associations is "
                 "%zu)",
                 (unsigned long long)limit, config_of(session)->peer_associations);
  scu__error_hint(&error, "allow more associations, or a longer wait by timeout-turn");
  for (size_t left = count(&session->turns); left > 0 && session->turns.first; left--)
    if (now_ms - session->turns.first->waits_since_ms >= limit) lose(session, session->turns.first, &error);
}

/* An association whose hook ran to its end is told of by nobody, so that turns are given here, too. */
static void look(scu__timer *self, uint64_t now_ms) {
  scu_session *session = (scu_session *)((char *)self - offsetof(scu_session, turns.timer));
  scu__turns *turns = &session->turns;
  give(session);
  uint64_t moved = scu__associations_moved(session);
  if (moved != turns->moved || !scu__associations_are_held(session)) turns->held_since_ms = now_ms;
  turns->moved = moved;
  if (now_ms - turns->held_since_ms >= config_of(session)->timeout_associate_ms) fail_held(session);
  fail_late(session, now_ms);
  if (turns->first) look_again(session, now_ms);
}

/* --- the queue ---------------------------------------------------------------------------------------------------- */

void scu__turns_wait(scu__lease *lease) {
  scu_session *session = lease->session;
  scu__turns *turns = &session->turns;
  uint64_t now = scu__loop_now(session->loop);
  if (!turns->first) {
    turns->held_since_ms = now;
    turns->moved = scu__associations_moved(session);
    look_again(session, now);
  }
  lease->waits_since_ms = now;
  lease->is_waiting = true;
  lease->next_turn = NULL;
  if (turns->last)
    turns->last->next_turn = lease;
  else
    turns->first = lease;
  turns->last = lease;
}

void scu__turns_leave(scu__lease *lease) {
  if (!lease->is_waiting) return;
  take_out(&lease->session->turns, lease);
  scu__turns_go_on(lease->session); /* there may be one that nobody told of; see look */
}

void scu__turns_go_on(scu_session *session) {
  if (session->turns.first && !session->turns.is_closed) scu__task_queue(session->loop, &session->turns.task);
}

void scu__turns_init(scu_session *session) {
  session->turns.task.run = run;
  session->turns.timer.expired = look;
}

void scu__turns_close(scu_session *session) {
  session->turns.is_closed = true;
  scu__task_remove(session->loop, &session->turns.task);
  scu__timer_stop(session->loop, &session->turns.timer);
}
