/* The library's half of scu/sink.h: completions that outlive the association they were made for. */
#ifndef SCU_LISTENER_SINK_H
#define SCU_LISTENER_SINK_H

#include "base/error.h"
#include "io/pool.h"
#include "scu/sink.h"

/* The outcome of a posted completion, on the thread that drains the queue. The outcome and its texts are valid until it
 * returns; the completion is freed afterwards. */
typedef void (*scu__completion_done)(void *user, const scu_sink_outcome *outcome);

/* One per finish. After finish returned
 *   SCU_PENDING: keep the pointer only to abandon it; it frees itself after `done`, or after the post when abandoned;
 *   anything else: use the outcome, then scu__completion_free. */
scu_result scu__completion_new(const scu_allocator *allocator, scu__completions *queue, scu__completion_done done,
                               void *user, scu_completion **out);
/* For somebody who has more to do than wait: called on the sink's thread, with the same user, when a disk sink has the
 * file whole and under its name, while the sync of its folder, and `done`, are still to come. Other sinks, and those
 * that do not sync, never call it. */
void scu__completion_on_placed(scu_completion *completion, scu__completion_done placed);
/* The sink's half. */
bool scu__completion_wants_placed(const scu_completion *completion);
void scu__completion_tell_placed(const scu_completion *completion, const scu_sink_outcome *outcome);
void scu__completion_free(scu_completion *completion);    /* never posted */
void scu__completion_abandon(scu_completion *completion); /* the association is gone: `done` will not be called. Loop's
                                                             thread, before `done` */

/* A sink that a caller hands over: USAGE when its size is too short or a function is missing, or for NULL. */
scu_result scu__sink_check(const scu_sink *sink, scu_error *error);

/* The status to answer for a failed begin, write or finish: the outcome's own, else by the result. */
uint16_t scu__sink_status(scu_result result, const scu_sink_outcome *outcome);

#endif
