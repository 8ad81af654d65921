/* The files that a DICOMDIR names, one at a time, for a store source (PS3.10 8, PS3.3 F).
 *
 * Nothing outside of the folder that the DICOMDIR is in is opened (catalogue F05). Memory is bounded: a record at a
 * time, and some 20 bytes for each file named so far, so that a file named twice comes once; beyond the first million
 * files that is not looked at any more. What a record says of patients is not read. */
#ifndef SCU_CLIENT_DICOMDIR_FILES_H
#define SCU_CLIENT_DICOMDIR_FILES_H

#include "client/source.h"

typedef struct scu__dicomdir_files scu__dicomdir_files;

/* MEMORY. A DICOMDIR that cannot be read is a problem that _next tells. */
scu_result scu__dicomdir_files_new(const char *path, const scu_allocator *allocator, scu__dicomdir_files **out,
                                   scu_error *error);
void scu__dicomdir_files_free(scu__dicomdir_files *files); /* NULL is allowed */

/* SCU_OK and a path, SCU_END, or MEMORY. What cannot be sent comes as a path with a problem: a file that is not there
 * or not safe to open, a record whose file ID is no path (then it is the DICOMDIR's own path), and as the last one the
 * DICOMDIR itself when it is broken. One descriptor stays open until free. Blocks on the local disk. */
scu_result scu__dicomdir_files_next(scu__dicomdir_files *files, scu__path_found *found, scu_error *error);

#endif
