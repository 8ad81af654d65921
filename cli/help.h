/* Help pages, made from the tables that the arguments are read by. */
#ifndef SCU_CLI_HELP_H
#define SCU_CLI_HELP_H

#include "cli.h"

void help_print_overview(void);
/* A screen of it: examples, usage, the options that are the command's own. */
void help_print_command(const command *of);
/* Everything. */
void help_print_full(const command *of);

/* What the command puts in place of an option's default, else that of the library; NULL = there is nothing to say. */
const char *help_default(const struct scu_option_info *info);

#endif
