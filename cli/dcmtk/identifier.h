/* Identifiers: query files, with the keys of the command line over them. */
#ifndef SCU_CLI_DCMTK_IDENTIFIER_H
#define SCU_CLI_DCMTK_IDENTIFIER_H

#include "dcmtk/options.h"
#include "scu/dataset.h"

/* From `path`, NULL: from the keys alone. NULL: said; else to be freed. */
scu_dataset *identifier_new(const habits *h, const char *path);
/* Every query file can be read and every key is one: looked at before anything is sent. False: said. */
bool identifiers_check(const habits *h, int *exit_code);
/* How many there are: one for each file, one for the keys alone. */
size_t identifier_count(const habits *h);
const char *identifier_path(const habits *h, size_t index);

/* The dataset as dcmdump prints it, in one text: to be freed. NULL without memory. */
char *dataset_dump(const scu_dataset *dataset);

#endif
