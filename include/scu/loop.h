/* The non-blocking tier: a loop that drives any number of sessions and listeners, and operations on it.
 *
 * A loop belongs to one thread at a time. Step it from your own event loop: watch scu_loop_fd for reading, call
 * scu_loop_step when it is readable or when scu_loop_timeout_ms has passed. Blocking calls are the same operations
 * with the stepping done inside. */
#ifndef SCU_LOOP_H
#define SCU_LOOP_H

#include <stdint.h>

#include "scu/allocator.h"
#include "scu/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_loop scu_loop;

/* `allocator` may be NULL. MEMORY, or that the system has no descriptor or thread left: *out is NULL then. */
SCU_API scu_result scu_loop_new(const scu_allocator *allocator, scu_loop **out);
/* Sessions and listeners on the loop must have been freed before. NULL is allowed. */
SCU_API void scu_loop_free(scu_loop *loop);
/* A descriptor to poll for reading; owned by the loop. */
SCU_API int scu_loop_fd(const scu_loop *loop);
/* Milliseconds until the next deadline, 0 = now, -1 = none. */
SCU_API int scu_loop_timeout_ms(const scu_loop *loop);
/* Does what can be done without waiting. SCU_OK, or MEMORY or TRANSPORT when the loop itself is broken. USAGE from a
 * hook that comes from inside a protocol step (scu/hooks.h). */
SCU_API scu_result scu_loop_step(scu_loop *loop);
/* Waits at most timeout_ms (-1 = until something happens) and steps once. */
SCU_API scu_result scu_loop_wait(scu_loop *loop, int timeout_ms);
/* Makes a waiting scu_loop_wait return soon. Any thread, hook or signal handler. */
SCU_API void scu_loop_wake(scu_loop *loop);

/* An operation that was started and not yet collected. */
typedef struct scu_op scu_op;

/* SCU_PENDING while it runs, then its result: SCU_OK or what failed. */
SCU_API scu_result scu_op_state(const scu_op *op);
/* Steps the loop until the operation is done; returns its result. USAGE from inside of a hook that the operation itself
 * has called, and of one that comes from inside a protocol step. CANCELLED also when a hook has freed the operation
 * while this call waited: it is gone then. */
SCU_API scu_result scu_op_wait(scu_op *op);
/* Valid until scu_op_free. */
SCU_API const scu_error *scu_op_error(const scu_op *op);
/* Asks the operation to end early (RULES of PS3.7: C-CANCEL for find, move and get; store finishes its current
 * instance). It then ends with SCU_ERROR_CANCELLED or, when it was faster, as it would have. From inside a protocol
 * step: as soon as the hook has returned. NULL is allowed. */
SCU_API void scu_op_cancel(scu_op *op);
/* Cancels when still running, without waiting. From inside of a hook that it has called itself, or of a protocol step,
 * it is cancelled, no hook is told of it any more, and it goes when the hook has returned. NULL is allowed. */
SCU_API void scu_op_free(scu_op *op);

#ifdef __cplusplus
}
#endif
#endif
