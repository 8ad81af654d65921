/* --log, --log-level and --phi: the log of a run. */
#ifndef SCU_CLI_LOG_FILE_H
#define SCU_CLI_LOG_FILE_H

#include "cli.h"

/* Opens it and hands it to the options. False: reported. */
bool log_open(cli *context, const arguments *args);
/* What went wrong, for the log too. Without a log nothing happens. */
void log_fault(const cli *context, const char *peer, const char *phase, const char *reason);
/* Closes it, and says when it has lost lines. */
void log_end(cli *context);

#endif
