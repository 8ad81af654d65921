/* --metrics FILE: the counters of a command that serves, as text for a collector (node_exporter's textfile). Written
 * anew every few seconds and at the end, never half. */
#ifndef SCU_CLI_METRICS_FILE_H
#define SCU_CLI_METRICS_FILE_H

#include "cli.h"

typedef struct metrics_file metrics_file;

/* Gives the options their counters and begins to write. False: reported. */
bool metrics_file_start(cli *context, const char *path);
/* Why it could not be written the last time, an errno; 0 = it was, or there is none. Any thread. */
int metrics_file_fault(const cli *context);
/* After everything that counts is gone. Writes for the last time; says so where it could not. */
void metrics_file_end(cli *context);

#endif
