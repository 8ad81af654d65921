/* What a node of the node file may say about the options of sessions to it. Keys are the options' names; what a caller
 * sets itself counts more. */
#ifndef SCU_CONFIG_NODE_OPTIONS_H
#define SCU_CONFIG_NODE_OPTIONS_H

#include "base/error.h"
#include "config/nodes.h"
#include "config/options.h"

/* True when a node may have this key. */
bool scu__node_option_find(const char *key, scu_option *option);
/* USAGE with the reason when the option does not take this text; MEMORY. */
scu_result scu__node_option_check(const scu_allocator *allocator, scu_option option, const char *value,
                                  scu_error *error);
/* As scu__options_resolve, with the node's values where `options` (may be NULL) has none. node may be NULL. */
scu_result scu__options_resolve_for(const scu_options *options, const scu__node *node, scu__config *config,
                                    scu_error *error);

#endif
