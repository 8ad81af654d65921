/* The parts of `scu nodes`. `args` has the words behind the part's own name only by way of `words`. */
#ifndef SCU_CLI_NODES_H
#define SCU_CLI_NODES_H

#include "cli.h"
#include "scu/nodes.h"

/* What stands behind `scu nodes PART`. */
typedef struct node_words {
  const char *const *word;
  size_t count;
} node_words;

void nodes_add(cli *context, node_words words);
void nodes_set(cli *context, node_words words);
void nodes_remove(cli *context, node_words words);
/* A C-ECHO to each of these, or to all of the file. */
void nodes_test(cli *context, node_words words);

/* The members of a node in a JSON record. */
void json_node(const scu_node *node);
/* NULL: reported, with the closest name there is. */
const scu_node *find_node(cli *context, const scu_nodes *nodes, const char *name);

#endif
