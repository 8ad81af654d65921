/* Is this a folder to keep an archive in? */
#ifndef SCU_ARCHIVE_FOLDER_H
#define SCU_ARCHIVE_FOLDER_H

#include "base/error.h"

/* OK for one that is not there yet, is empty, or holds an archive. USAGE for a folder that is full of something else:
 * nobody means his home or his images to become an archive's inside. */
scu_result scu__archive_folder_check(const char *root, scu_error *error);

#endif
