/* [self] of a node file as defaults of options. */
#include "base/error.h"
#include "config/nodes.h"
#include "scu/options.h"

static scu_result apply(scu_options *options, const scu__nodes *nodes) {
  scu_result result = SCU_OK;
  if (nodes->self_ae.text[0] && !scu_options_is_set(options, SCU_OPTION_CALLING_AE))
    result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, nodes->self_ae.text);
  if (result == SCU_OK && nodes->self_port && !scu_options_is_set(options, SCU_OPTION_LISTEN_PORT))
    result = scu_options_set_integer(options, SCU_OPTION_LISTEN_PORT, nodes->self_port);
  return result;
}

scu_result scu_options_apply_node_file(scu_options *options, const char *name, const char *text, size_t length) {
  scu__nodes nodes;
  if (!options || !name || !text) return SCU_ERROR_USAGE;
  scu_error *error = scu__options_error(options);
  scu__error_clear(error);
  scu_result result = scu__nodes_parse(scu__options_allocator(options), name, text, length, &nodes, error);
  if (result == SCU_OK) result = apply(options, &nodes);
  scu__nodes_free(&nodes);
  return result;
}
