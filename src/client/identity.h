/* The user identity of a session (PS3.7 D.3.3.7, RULES 33): read when the session is made, offered with every
 * association, and looked for in the answer. */
#ifndef SCU_CLIENT_IDENTITY_H
#define SCU_CLIENT_IDENTITY_H

#include "client/session.h"
#include "config/nodes.h"

/* node: the session's, or NULL. `nodes_path` is the node file, from whose folder a relative passcode-file counts. */
scu_result scu__session_identity_open(scu_session *session, const scu_options *options, const scu__node *node,
                                      const char *nodes_path);
void scu__session_identity_close(scu_session *session);
/* Puts it into a request, if there is one, and says so. */
scu_result scu__session_identity_offer(scu_session *session, scu__associate *rq, uint32_t association);
/* What the peer answered, remembered for the getters. SECURITY when it confirmed nothing and should have; then the
 * association is not to be used. MEMORY. */
scu_result scu__session_identity_settle(scu_session *session, const scu__negotiated *negotiated, scu_error *error);
/* Adds to what to try that the identity may be why there is no association. */
void scu__session_identity_suspect(const scu_session *session, scu_error *error);
/* Why a request with it could not be made. */
void scu__session_identity_too_long(const scu_session *session, scu_error *error);

#endif
