/* What everybody says who has waited for a response in vain. */
#ifndef SCU_CLIENT_NO_RESPONSE_H
#define SCU_CLIENT_NO_RESPONSE_H

#include "base/error.h"
#include "client/session.h"
#include "scu/options.h"

/* Sets TIMEOUT: no response to `message` for so long, as this option of the session has it. `more`: behind that, of
 * what was done about it; "" = nothing. */
void scu__no_response(scu_error *error, const scu_session *session, const char *message, uint64_t waited_ms,
                      scu_option option, const char *more);

#endif
