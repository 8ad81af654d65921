/* Help pages, made from the tables that the arguments are read by. */
#ifndef SCU_CLI_HELP_H
#define SCU_CLI_HELP_H

#include "cli.h"

void help_print_overview(void);
void help_print_command(const command *of);

#endif
