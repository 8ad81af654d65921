/* Node files: a fault names the file, and what was read is a peer that can be written and read again. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/nodes.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void check_node(const scu__nodes *nodes, const scu__node *node) {
  require(scu__nodes_find(nodes, node->name) == node);
  require(node->peer.ae.text[0] != 0 && node->peer.host[0] != 0 && node->peer.port != 0 && node->line > 0);
  for (const scu__node_setting *s = node->settings; s; s = s->next) require(*s->key != 0 && s->value != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu__nodes nodes;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__nodes_parse(NULL, "fuzz.ini", (const char *)bytes, length, &nodes, &error);
  require(result == SCU_OK || strncmp(scu_error_reason(&error), "fuzz.ini:", 9) == 0);
  require(result == SCU_OK || nodes.count == 0);
  for (size_t i = 0; i < nodes.count; i++) check_node(&nodes, &nodes.nodes[i]);
  scu__nodes_free(&nodes);
  return 0;
}
