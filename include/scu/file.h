/* A DICOM file (PS3.10) read into memory, big values left out, to look at. */
#ifndef SCU_FILE_H
#define SCU_FILE_H

#include <stdbool.h>

#include "scu/allocator.h"
#include "scu/dataset.h"
#include "scu/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_file scu_file;

/* Values longer than max_value bytes are left out of the tree (their length stays). A handle comes back even on failure
 * (except for MEMORY) with the error, and with what could be read up to the fault. */
SCU_API scu_result scu_file_read(const scu_allocator *allocator, const char *path, size_t max_value, scu_file **out);
SCU_API void scu_file_free(scu_file *file);
SCU_API const scu_error *scu_file_error(const scu_file *file);
SCU_API const scu_dataset *scu_file_meta(const scu_file *file);          /* group 0002; empty when the file has none */
SCU_API const scu_dataset *scu_file_dataset(const scu_file *file);       /* never NULL */
SCU_API const char *scu_file_transfer_syntax(const scu_file *file);      /* UID */
SCU_API const char *scu_file_transfer_syntax_name(const scu_file *file); /* "Explicit VR Little Endian" */

/* True when the file's meta group names the Media Storage Directory class (PS3.10 8.6), whatever the file is called:
 * then scu_source_add_dicomdir takes it. False for any other file, and for what cannot be read. Reads the beginning of
 * the file only. */
SCU_API bool scu_file_is_dicomdir(const char *path);

#ifdef __cplusplus
}
#endif
#endif
