/* Files that are named on the command line, opened so that none of them blocks. */
#ifndef CLI_INPUT_FILE_H
#define CLI_INPUT_FILE_H

#include <stdbool.h>

/* For reading; -1 and *reason, a constant or strerror's. A regular file, /dev/null, or whatever is open already and
 * named as such (/dev/fd/N, /dev/stdin, as the shell's <(...) does): a FIFO without a writer or a device may keep one
 * for good. */
int input_file_open(const char *path, const char **reason);

#endif
