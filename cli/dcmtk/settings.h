/* Options of the library from those of the tools. */
#ifndef SCU_CLI_DCMTK_SETTINGS_H
#define SCU_CLI_DCMTK_SETTINGS_H

#include "dcmtk/options.h"
#include "scu/options.h"

enum { SETTINGS_PEER_MAX = 512 };

/* "AET@host:port" */
void settings_peer(const habits *h, char to[SETTINGS_PEER_MAX]);
/* Titles, lengths, time-outs, identity. USAGE: the text of it is the options', or was said. */
scu_result settings_apply(scu_options *options, const habits *h);

#endif
