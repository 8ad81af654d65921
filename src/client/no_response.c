/* One wording, whoever waits. */
#include "client/no_response.h"

void scu__no_response(scu_error *error, const scu_session *session, const char *message, uint64_t waited_ms,
                      scu_option option, const char *more) {
  scu__error_clear(error);
  scu__error_set(error, SCU_ERROR_TIMEOUT, SCU_PHASE_RESPONSE, "no %s response for %llu ms%s", message,
                 (unsigned long long)waited_ms, more);
  scu__error_hint(error, "the peer keeps the connection but does not answer; %s sets a longer wait",
                  scu_option_find(option)->name);
  scu__error_peer(error, session->peer_text);
}
