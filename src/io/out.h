/* A file that is written from its beginning to its end, by any thread: what one call writes stays together. Not
 * durable: for logs and traces. */
#ifndef SCU_IO_OUT_H
#define SCU_IO_OUT_H

#include <stdint.h>

#include "base/error.h"
#include "io/transport.h"
#include "scu/allocator.h"

typedef struct scu__out scu__out;

/* Makes the file, for nobody but its owner (0600), or empties the one that is there; a symbolic link, and whatever is
 * no regular file, is refused. STORAGE, MEMORY. */
scu_result scu__out_open(const char *path, const scu_allocator *allocator, scu__out **out, scu_error *error);
void scu__out_close(scu__out *out); /* NULL is allowed */
/* All of the slices, in order, or STORAGE: then the file is cut off behind what was written before, and every later
 * write fails as well. */
scu_result scu__out_write(scu__out *out, const scu__slice *slices, size_t count, scu_error *error);

#endif
