/* A storage listener: accepts associations, answers C-ECHO, hands C-STOREs to a sink and acknowledges an instance
 * when the sink says it is safe. Long-lived; may serve many moves at once. */
#ifndef SCU_LISTENER_H
#define SCU_LISTENER_H

#include <stdbool.h>

#include "scu/hooks.h"
#include "scu/loop.h"
#include "scu/options.h"
#include "scu/sink.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_listener scu_listener;

/* Binds and listens at once. Options used: AE title, listen address and port, accept-from list, PDU length, limits,
 * time-outs. loop NULL = its own. The sink must outlive the listener. As with sessions a handle comes back with the
 * error in it. */
SCU_API scu_result scu_listener_new(scu_loop *loop, scu_listener **out, const scu_options *options, scu_sink *sink);
/* Aborts what is open. NULL is allowed. */
SCU_API void scu_listener_free(scu_listener *listener);
SCU_API const scu_error *scu_listener_error(const scu_listener *listener);
SCU_API scu_result scu_listener_set_hooks(scu_listener *listener, const scu_hooks *hooks);
SCU_API const char *scu_listener_address(const scu_listener *listener); /* "host:port", the real port */
SCU_API int scu_listener_port(const scu_listener *listener);
SCU_API const char *scu_listener_ae(const scu_listener *listener);
/* Steps the loop until scu_listener_stop; then finishes current instances (at most 10 s) and returns. */
SCU_API scu_result scu_listener_run(scu_listener *listener);
/* Any thread, hook or signal handler. The second call ends at once. */
SCU_API void scu_listener_stop(scu_listener *listener);
/* For those who step the loop themselves: everything has ended after a stop. */
SCU_API bool scu_listener_is_stopped(const scu_listener *listener);
SCU_API uint64_t scu_listener_count(const scu_listener *listener, scu_outcome outcome);
SCU_API uint64_t scu_listener_bytes(const scu_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
