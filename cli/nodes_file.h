/* Where the node file is, and what of it the command needs before the library does. */
#ifndef SCU_CLI_NODES_FILE_H
#define SCU_CLI_NODES_FILE_H

#include "cli.h"
#include "file_change.h"
#include "scu/nodes.h"

/* Where the node file is, and where a user's own would be. */
typedef struct nodes_place {
  char path[FILE_PATH_MAX];
  char own_path[FILE_PATH_MAX]; /* "" unless path is the system's, for want of this one */
  bool is_named;                /* by --nodes */
} nodes_place;

/* --nodes FILE, else $XDG_CONFIG_HOME/scu/nodes.ini (~/.config without that), else /etc/scu/nodes.ini when only that is
 * there. False: there shall be none (--nodes ''), and nothing is reported. */
bool nodes_file_find(cli *context, nodes_place *place);
/* The same where there has to be one; false: that was reported. */
bool nodes_file_need(cli *context, nodes_place *place);
/* NULL after a fault, which has been reported. */
scu_nodes *nodes_file_read(cli *context, const char *path, bool may_be_absent);

/* Sets the options' node file, our AE title and listen port where they were not given. False after a fault in it, which
 * has been reported. */
bool nodes_file_apply(cli *context);
/* Our AE title from the host's name, when nobody said one. */
void apply_host_name(cli *context);

#endif
