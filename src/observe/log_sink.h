/* Where the lines of a log go: a file, a descriptor, a daemon, or a function of the caller. One thread at a time. */
#ifndef SCU_OBSERVE_LOG_SINK_H
#define SCU_OBSERVE_LOG_SINK_H

#include "base/error.h"
#include "io/datagram.h"
#include "io/log_file.h"
#include "scu/log.h"

enum { SCU__LOG_LINE_MAX = 2048 /* bytes of text; what is longer is cut */ };

typedef struct scu__log_sink scu__log_sink;

/* options: complete, see scu/log.h; texts are copied. USAGE, STORAGE, MEMORY. */
scu_result scu__log_sink_open(const scu_log_options *options, const scu_allocator *allocator, scu__log_sink **out,
                              scu_error *error);
void scu__log_sink_close(scu__log_sink *sink); /* NULL is allowed */
/* One line, line->text without controls and at most SCU__LOG_LINE_MAX bytes. False: it is lost. */
bool scu__log_sink_put(scu__log_sink *sink, const scu_log_line *line);
/* What was put before is written together: the lines of one record stay together in a file. Returns how many of them
 * were lost. */
uint64_t scu__log_sink_flush(scu__log_sink *sink);
void scu__log_sink_reopen(scu__log_sink *sink); /* any thread, signal handlers */

#endif
