/* Counters of what sessions, listeners and archives do, as OpenMetrics text: associations, requests by service and
 * outcome, instances and bytes, failures by status, times to the answer. No patient data, no names of peers. */
#ifndef SCU_METRICS_H
#define SCU_METRICS_H

#include <stddef.h>

#include "scu/allocator.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_metrics scu_metrics;

/* Hand it to sessions, listeners and archives with SCU_OPTION_METRICS: any number of them, on any threads; it must
 * outlive them. USAGE, MEMORY. */
SCU_API scu_result scu_metrics_new(const scu_allocator *allocator, scu_metrics **out);
/* What was counted so far (OpenMetrics 1.0), up to and with "# EOF", NUL-terminated. Returns the length it has without
 * the NUL: when that is not below `room`, as much as fits is there. `to` may be NULL when room is 0. Any thread. */
SCU_API size_t scu_metrics_text(const scu_metrics *metrics, char *to, size_t room);
SCU_API void scu_metrics_free(scu_metrics *metrics); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
