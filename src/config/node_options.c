/* The keys of a node that are options by their own name. */
#include "config/node_options.h"

#include <string.h>

#include "scu/nodes.h"

/* What is about the peer, not about us or one operation. */
static const scu_option options_of_nodes[] = {
    SCU_OPTION_MAX_PDU,          SCU_OPTION_TIMEOUT_CONNECT,      SCU_OPTION_TIMEOUT_ASSOCIATE,
    SCU_OPTION_TIMEOUT_RESPONSE, SCU_OPTION_TIMEOUT_IDLE,         SCU_OPTION_TIMEOUT_RELEASE,
    SCU_OPTION_TIMEOUT_RETRIEVE, SCU_OPTION_ASYNC_WINDOW,         SCU_OPTION_PEER_ASSOCIATIONS,
    SCU_OPTION_TIMEOUT_TURN,     SCU_OPTION_TIMEOUT_TCP,          SCU_OPTION_MOVE_GRACE,
    SCU_OPTION_CANCEL_WAIT,      SCU_OPTION_RETRY_WAIT,           SCU_OPTION_TIMEOUT_COMMIT,
    SCU_OPTION_COMMIT_HOLD,      SCU_OPTION_CHARACTER_SET,        SCU_OPTION_UIDS_PER_REQUEST,
    SCU_OPTION_BOTH_ROLES,       SCU_OPTION_EXTENDED_NEGOTIATION, SCU_OPTION_QUERY_CAP,
    SCU_OPTION_TIMEOUT_NEARLINE, SCU_OPTION_RETRIEVE_WITH,
};

bool scu_nodes_have_option(scu_option option) {
  for (size_t i = 0; i < sizeof options_of_nodes / sizeof *options_of_nodes; i++)
    if (options_of_nodes[i] == option) return true;
  return false;
}

bool scu__node_option_find(const char *key, scu_option *option) {
  for (size_t i = 0; i < sizeof options_of_nodes / sizeof *options_of_nodes; i++) {
    if (strcmp(scu_option_find(options_of_nodes[i])->name, key) != 0) continue;
    *option = options_of_nodes[i];
    return true;
  }
  return false;
}

scu_result scu__node_option_check(const scu_allocator *allocator, scu_option option, const char *value,
                                  scu_error *error) {
  scu_options *scratch;
  scu_result result = scu_options_new(allocator, &scratch);
  if (result != SCU_OK) return result;
  result = scu_options_parse(scratch, option, value);
  if (result != SCU_OK) scu__error_copy(error, scu_options_error(scratch));
  scu_options_free(scratch);
  return result;
}

static scu_result add_node(scu_options *options, const scu__node *node) {
  for (const scu__node_setting *s = node->settings; s; s = s->next) {
    scu_option option;
    if (!scu__node_option_find(s->key, &option) || scu_options_is_set(options, option)) continue;
    scu_result result = scu_options_parse(options, option, s->value);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

scu_result scu__options_resolve_for(const scu_options *options, const scu__node *node, scu__config *config,
                                    scu_error *error) {
  if (!node) return scu__options_resolve(options, config, error);
  scu_options *both;
  scu_result result = options ? scu_options_copy(options, &both) : scu_options_new(NULL, &both);
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_USAGE);
  result = add_node(both, node);
  if (result == SCU_OK) result = scu__options_resolve(both, config, error);
  if (result != SCU_OK) scu__error_set(error, result, SCU_PHASE_USAGE, "the options of node '%s'", node->name);
  scu_options_free(both);
  return result;
}
