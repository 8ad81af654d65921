/* Local files as sources: opened so that nothing but a regular file ever blocks or surprises us, read with pread. */
#ifndef SCU_IO_FILE_H
#define SCU_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/source.h"
#include "scu/allocator.h"

/* Opens `path` (symbolic links are followed). Anything but a regular file is refused without blocking. The size is
 * fixed at open; a file that shrinks later gives STORAGE from read_at, naming the path. Errors: STORAGE, MEMORY.
 * `*out` is owned by the caller: scu__source_close. */
scu_result scu__file_source_open(const char *path, const scu_allocator *allocator, scu__source **out, scu_error *error);
/* The same with a descriptor that is open already and is taken over, also on failure; `path` is for messages. */
scu_result scu__file_source_adopt(int fd, const char *path, const scu_allocator *allocator, scu__source **out,
                                  scu_error *error);
/* Calls source->close when there is one; NULL is allowed. */
void scu__source_close(scu__source *source);

/* Reads a whole small file (configuration); more than `maximum` bytes is LIMIT. The block carries one extra NUL that
 * is not counted. Owned by the caller: scu__free(allocator, *bytes). */
scu_result scu__file_read_whole(const char *path, const scu_allocator *allocator, size_t maximum, uint8_t **bytes,
                                size_t *length, scu_error *error);

/* Gives a file another name, in place of what may have that name. SCU_END: there is no such file; STORAGE. */
scu_result scu__file_rename(const char *path, const char *to, scu_error *error);

typedef enum scu__file_kind { SCU__FILE_NONE, SCU__FILE_REGULAR, SCU__FILE_FOLDER, SCU__FILE_OTHER } scu__file_kind;
/* What `path` is, links followed. NONE when it is missing or cannot be looked at (then *os_errno says why; may be
 * NULL). Never blocks on a FIFO. */
scu__file_kind scu__file_kind_of(const char *path, int *os_errno);

/* Nothing is in it but names that begin with a dot, and the lost+found of a fresh file system. True when it cannot be
 * looked at. */
bool scu__file_folder_is_empty(const char *path);

/* Whether group or others may read it; false when it cannot be looked at. */
bool scu__file_is_shared(const char *path);
/* Nothing has that name: it is missing in a folder that is there, or such a folder is. Not so when something could not
 * be looked at, nor behind a link that leads nowhere: what that is about may come back. *os_errno as above, 0 when the
 * path was looked at. */
bool scu__file_is_gone(const char *path, int *os_errno);

#endif
