/* Files that we write for nobody but their owner: logs, audit messages, traces. */
#ifndef SCU_IO_OPEN_PRIVATE_H
#define SCU_IO_OPEN_PRIVATE_H

#include <sys/stat.h>

/* Opens it to be written, or makes it (0600); `flags` go to open, too: O_APPEND. A symbolic link, and whatever is no
 * regular file, is refused, and no pipe is waited for. *fd and *status (may be NULL), or errno. */
int scu__open_private(const char *path, int flags, int *fd, struct stat *status);

#endif
