/* `scu help --json`: commands, options, node keys and exit codes as records. Manual pages and completion are made from
 * it. */
#ifndef SCU_CLI_TABLES_H
#define SCU_CLI_TABLES_H

#include "cli.h"

/* Of one command, or of all of them when `only` is NULL. */
void json_tables(cli *context, const command *only);

#endif
