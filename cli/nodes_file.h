/* Where the node file is, and what of it the command needs before the library does. */
#ifndef SCU_CLI_NODES_FILE_H
#define SCU_CLI_NODES_FILE_H

#include "cli.h"

/* --nodes FILE, else $XDG_CONFIG_HOME/scu/nodes.ini, else /etc/scu/nodes.ini. Sets the options' node file, our AE title
 * and listen port where they were not given. False after a fault in it, which has been reported. */
bool nodes_file_apply(cli *context);
/* Our AE title from the host's name, when nobody said one. */
void apply_host_name(cli *context);

#endif
