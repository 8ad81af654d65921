/* Files below a folder, by names that came out of a file (scu__door_file_id): reached component by component and never
 * through a symbolic link, so that nothing outside of the folder is opened (catalogue F05). The folder itself is the
 * user's word: links on the way to it are followed. */
#ifndef SCU_IO_BELOW_H
#define SCU_IO_BELOW_H

#include <stddef.h>

#include "base/source.h"
#include "scu/allocator.h"

/* Looks for the file `relative` (what scu__door_file_id gave) below the folder `root`, "" not allowed. Names on media
 * differ from what is written about them (ISO 9660 as different systems show it), so each component is tried as
 * written, in lower case and in upper case, and the last one also with the version of ISO 9660 (";1") added or left
 * out. *found is the path with the names that the disk has, or where there is none as written; it begins with `root`.
 * SCU_END: no such file. STORAGE: a symbolic link, not a regular file, cannot be looked at. MEMORY: *found is NULL.
 * *found is owned by the caller: scu__free(allocator, *found). Blocks on the local disk. */
scu_result scu__below_find(const char *root, const char *relative, const scu_allocator *allocator, char **found,
                           scu_error *error);

/* Opens a path that scu__below_find gave, root_length being the length of its root; what has become a link since is
 * refused. Else as scu__file_source_open. */
scu_result scu__below_open(const char *path, size_t root_length, const scu_allocator *allocator, scu__source **out,
                           scu_error *error);

#endif
