/* A file that is appended to for as long as the process lives: a log. It is rotated by us at a size, or by others, who
 * take its name away; and a disk that was full is tried again. Any thread; what one call writes stays together. */
#ifndef SCU_IO_LOG_FILE_H
#define SCU_IO_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/clock.h"
#include "scu/allocator.h"

typedef struct scu__log_file scu__log_file;

enum { SCU__LOG_GENERATIONS_MAX = 100 };

typedef struct scu__log_file_options {
  const char *path;
  bool is_private;         /* one that is there is made the owner's alone, too */
  uint64_t rotate_bytes;   /* 0 = never by us */
  unsigned generations;    /* path.1 (the newest) to path.N are kept; 0 = the file is emptied */
  const scu__clock *clock; /* NULL = the monotonic one */
} scu__log_file_options;

/* Makes the file, for nobody but its owner (0600), or goes on behind what is in it; a symbolic link, and whatever is no
 * regular file, is refused. STORAGE, MEMORY. */
scu_result scu__log_file_open(const scu__log_file_options *options, const scu_allocator *allocator, scu__log_file **out,
                              scu_error *error);
void scu__log_file_close(scu__log_file *file); /* NULL is allowed */
/* False: the bytes, or some of them, are not in the file. The next call tries anew. */
bool scu__log_file_write(scu__log_file *file, const void *bytes, size_t length);
/* By the next write the path is opened anew. Signal handlers may call it. It happens by itself, within a second, when
 * the path names another file, or none. */
void scu__log_file_reopen(scu__log_file *file);

#endif
