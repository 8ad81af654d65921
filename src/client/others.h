/* Sessions to other peers that a session has opened by itself, because an answer named them (RULES 19): by their names
 * in its node file, on its loop, with its options - but for who we are (PS3.7 D.3.3.7), which is for its own peer - and
 * its hooks. Kept for what may need them later, and freed with it. */
#ifndef SCU_CLIENT_OTHERS_H
#define SCU_CLIENT_OTHERS_H

#include "client/session.h"

typedef struct scu__other {
  struct scu__other *next;
  scu_session *session;
  char node[SCU__NODE_NAME_MAX];
} scu__other;

/* Keeps what of the options is needed to open others. MEMORY. */
scu_result scu__others_prepare(scu_session *session, const scu_options *options);
/* The session to this node; opened when there is none yet, which connects to nothing. Errors as scu_session_new. */
scu_result scu__others_find(scu_session *session, const char *node, scu_session **out, scu_error *error);
/* As they are now. */
void scu__others_set_hooks(scu_session *session);
/* A-ABORT on all of their associations. */
void scu__others_abort(scu_session *session, const scu_error *error);
void scu__others_free(scu_session *session);

#endif
