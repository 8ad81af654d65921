/* User identity (PS3.7 D.3.3.7, RULES 33): the session's is read when that is made, offered with every association
 * whose hook wants no other, and looked for in the answer. */
#ifndef SCU_CLIENT_IDENTITY_H
#define SCU_CLIENT_IDENTITY_H

#include "client/session.h"
#include "config/nodes.h"

/* node: the session's, or NULL. `nodes_path` is the node file, from whose folder a relative passcode-file counts. */
scu_result scu__session_identity_open(scu_session *session, const scu_options *options, const scu__node *node,
                                      const char *nodes_path);
void scu__session_identity_close(scu_session *session);
/* Of one association: the session's, or what the before_associate hook made of it. */

/* Into a request, in place of what is there. LIMIT, MEMORY: the request is as it was. */
scu_result scu__identity_put(const scu__identity *identity, scu__associate *rq);
/* Says that it goes out. */
void scu__identity_tell(scu_session *session, const scu__identity *identity, uint32_t association);
/* What the peer answered, remembered for the getters. SECURITY when it confirmed nothing and should have; then the
 * association is not to be used. MEMORY. */
scu_result scu__identity_settle(scu_session *session, const scu__identity *identity, const scu__negotiated *negotiated,
                                scu_error *error);
/* Adds to what to try that the identity may be why there is no association. */
void scu__identity_suspect(const scu__identity *identity, scu_error *error);
/* Why a request with it could not be made. */
void scu__identity_too_long(const scu__identity *identity, scu_error *error);

#endif
