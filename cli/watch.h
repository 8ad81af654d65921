/* A command that serves says while it runs that what it was told to write down is lost: audit messages, the trace, the
 * metrics. Whoever learned of it when the command ends would learn it too late. */
#ifndef SCU_CLI_WATCH_H
#define SCU_CLI_WATCH_H

#include "cli.h"

typedef struct watch watch;

/* Looks after what was opened so far; nothing, if that is none, or the command does not serve. False: reported. */
bool watch_start(cli *context);
/* Before any of it is closed. */
void watch_end(cli *context);

#endif
