/* A file that several programs and threads add lines to; what one call writes stays together. Not durable. */
#ifndef SCU_IO_APPEND_H
#define SCU_IO_APPEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/allocator.h"

typedef struct scu__append scu__append;

/* Makes the file, or goes on behind what stands in it; from here on it is for nobody but its owner (0600). A symbolic
 * link, and whatever is no regular file, is refused. STORAGE, MEMORY. */
scu_result scu__append_open(const char *path, const scu_allocator *allocator, scu__append **out, scu_error *error);
void scu__append_close(scu__append *file); /* NULL is allowed */
/* One line, `bytes` and a newline; any thread. STORAGE: it is not there, or in part, and a later one begins on a line
 * of its own. */
scu_result scu__append_line(scu__append *file, const uint8_t *bytes, size_t length, scu_error *error);

#endif
