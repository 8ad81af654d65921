/* Turns: who wants an association when the session has as many as it may (SCU_OPTION_PEER_ASSOCIATIONS) waits in a
 * queue, and gets it before anybody who came later. A wait ends with a lease, with the wish of its owner, with TIMEOUT
 * after SCU_OPTION_TIMEOUT_TURN, or with LIMIT: every association has been held up on our own side for as long as an
 * association may take to come about (SCU_OPTION_TIMEOUT_ASSOCIATE). That is a hook that waits for what it has started
 * itself, which would otherwise be for ever. */
#ifndef SCU_CLIENT_TURNS_H
#define SCU_CLIENT_TURNS_H

#include "client/association.h"

void scu__turns_init(scu_session *session);
/* From now on nobody gets a turn; those who wait may leave. */
void scu__turns_close(scu_session *session);

/* To the end of the queue. */
void scu__turns_wait(scu__lease *lease);
/* Out of the queue, without a call. Nothing happens when it is not in it. */
void scu__turns_leave(scu__lease *lease);
/* An association ended or was returned. The answer comes from a clean stack. */
void scu__turns_go_on(scu_session *session);
/* Everybody who waits now is told that it is lost. */
void scu__turns_fail(scu_session *session, const scu_error *error);

#endif
