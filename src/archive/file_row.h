/* A row from the file that it describes, where no header has come by. */
#ifndef SCU_ARCHIVE_FILE_ROW_H
#define SCU_ARCHIVE_FILE_ROW_H

#include "archive/index.h"

/* Adds the row of the file under `path`, or what can be read of it; instance->path is its name in the index. Errors as
 * scu__index_add. */
scu_result scu__file_row_add(scu__index *index, const char *path, const scu__index_instance *instance,
                             const scu_allocator *allocator, scu_error *error);
/* The same of a file that the disk sink wrote, with class, transfer syntax and length as it has them now; what it does
 * not say is as in `instance`. STORAGE, too: it cannot be read. */
scu_result scu__file_row_add_as_is(scu__index *index, const char *path, const scu__index_instance *instance,
                                   const scu_allocator *allocator, scu_error *error);

#endif
