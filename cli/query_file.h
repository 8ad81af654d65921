/* --query FILE: a query that starts from a dataset. */
#ifndef SCU_CLI_QUERY_FILE_H
#define SCU_CLI_QUERY_FILE_H

#include "cli.h"
#include "scu/query.h"

/* The keys of a DICOM file, or of one object of the DICOM JSON model, whichever it is. False: reported. */
bool query_from_file(cli *context, scu_query *query, const char *path);

#endif
