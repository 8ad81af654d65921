/* [ADDR:]PORT of --listen and --port. */
#ifndef SCU_CLI_LISTEN_ADDRESS_H
#define SCU_CLI_LISTEN_ADDRESS_H

#include "cli.h"

/* Sets the options' listen address and port from the flag, when it was given. False after a usage error. */
bool listen_address_apply(cli *context, const arguments *args, flag id);

#endif
