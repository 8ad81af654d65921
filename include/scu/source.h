/* What to store: files, folders, or whatever an iterator gives, in the order added. */
#ifndef SCU_SOURCE_H
#define SCU_SOURCE_H

#include "scu/allocator.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* May be used by several operations, one after the other: files and folders are then looked at anew. A source with an
 * iterator can be used once; USAGE after that. */
typedef struct scu_source scu_source;

SCU_API scu_result scu_source_new(const scu_allocator *allocator, scu_source **out);
SCU_API void scu_source_free(scu_source *source);
/* A file that is named: not being DICOM is a failure of that instance (it is reported and the rest go on). */
SCU_API scu_result scu_source_add_file(scu_source *source, const char *path);
/* Walked when its turn comes, sorted by name; files that are not DICOM are skipped and counted. filter is a file name
 * pattern (*, ?, [...]) or NULL; is_recursive descends into folders, never through symbolic links to folders. */
SCU_API scu_result scu_source_add_folder(scu_source *source, const char *path, const char *filter, int is_recursive);
/* Asked for the next path when its turn comes: SCU_OK and a path (borrowed until the next call), SCU_END, or an error
 * that ends the operation. Paths are treated as named files. `user` must live as long as the source is used. */
SCU_API scu_result scu_source_add_iterator(scu_source *source, scu_result (*next)(void *user, const char **path),
                                           void *user);

#ifdef __cplusplus
}
#endif
#endif
