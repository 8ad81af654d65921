/* Paths of the command line as sources: a file, a folder, a DICOMDIR. */
#ifndef SCU_CLI_PATHS_H
#define SCU_CLI_PATHS_H

#include "args.h"
#include "scu/source.h"

/* With --filter and --recursive for folders. Errors as scu_source_add_file. */
scu_result path_add(const char *path, const arguments *args, scu_source *source);
/* True when it stands for one instance at most: neither a folder nor a DICOMDIR. */
bool path_is_one_file(const char *path);

#endif
