/* Edits of a node file: one that is done leaves a file that can be read, says what was wanted, and every other node as
 * it was; one that fails leaves the text as it was. The input is four lines - what to do, name, key or peer, value -
 * and the file behind them. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scu/nodes.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { WORD_MAX = 256 };

static void require(bool condition) {
  if (!condition) abort();
}

/* The next line, cut to what fits. */
static void take_word(const uint8_t **bytes, size_t *length, char to[WORD_MAX]) {
  const uint8_t *feed = memchr(*bytes, '\n', *length);
  size_t line = feed ? (size_t)(feed - *bytes) : *length, kept = line < WORD_MAX - 1 ? line : WORD_MAX - 1;
  memcpy(to, *bytes, kept);
  to[kept] = 0;
  line += feed ? 1 : 0;
  *bytes += line;
  *length -= line;
}

static scu_nodes *opened(const char *text, size_t length) {
  scu_nodes *nodes = NULL;
  scu_result result = scu_nodes_read(NULL, "fuzz.ini", text, length, &nodes);
  require(nodes && (result == SCU_OK || strncmp(scu_error_reason(scu_nodes_error(nodes)), "fuzz.ini:", 9) == 0));
  if (result == SCU_OK) return nodes;
  require(scu_nodes_count(nodes) == 0 && scu_nodes_add(nodes, "a", "A@h") == result);
  scu_nodes_free(nodes);
  return NULL;
}

static void check_same(const scu_node *a, const scu_node *b) {
  char peer_of_a[320], peer_of_b[320];
  require(a && b && scu_node_setting_count(a) == scu_node_setting_count(b));
  scu_node_peer(a, peer_of_a, sizeof peer_of_a);
  scu_node_peer(b, peer_of_b, sizeof peer_of_b);
  require(strcmp(peer_of_a, peer_of_b) == 0);
  for (size_t i = 0; i < scu_node_setting_count(a); i++)
    require(strcmp(scu_node_setting_key(a, i), scu_node_setting_key(b, i)) == 0 &&
            strcmp(scu_node_setting_value(a, i), scu_node_setting_value(b, i)) == 0);
}

static scu_result edit(scu_nodes *nodes, char what, const char *name, const char *key, const char *value) {
  switch (what) {
  case 'a': return scu_nodes_add(nodes, name, key);
  case 's': return scu_nodes_set(nodes, name, key, value);
  case 'u': return scu_nodes_unset(nodes, name, key);
  default: return scu_nodes_remove(nodes, name);
  }
}

/* A node that is gone, or came. */
static void check_count(const scu_nodes *before, const scu_nodes *after, char what) {
  size_t count = scu_nodes_count(before);
  require(scu_nodes_count(after) == (what == 'a' ? count + 1 : what == 's' || what == 'u' ? count : count - 1));
}

static void check_done(const scu_nodes *before, const scu_nodes *after, char what, const char *name) {
  size_t length;
  const char *text = scu_nodes_text(after, &length);
  scu_nodes *again = opened(text, length);
  require(again != NULL);
  check_count(before, after, what);
  for (size_t i = 0; i < scu_nodes_count(after); i++) check_same(scu_nodes_at(after, i), scu_nodes_at(again, i));
  for (size_t i = 0; i < scu_nodes_count(before); i++) {
    const scu_node *node = scu_nodes_at(before, i);
    if (strcmp(scu_node_name(node), name) != 0) check_same(node, scu_nodes_find(after, scu_node_name(node)));
  }
  scu_nodes_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  char what[WORD_MAX], name[WORD_MAX], key[WORD_MAX], value[WORD_MAX];
  take_word(&bytes, &length, what);
  take_word(&bytes, &length, name);
  take_word(&bytes, &length, key);
  take_word(&bytes, &length, value);
  scu_nodes *before = opened((const char *)bytes, length);
  scu_nodes *after = before ? opened((const char *)bytes, length) : NULL;
  if (after && edit(after, *what, name, key, value) == SCU_OK) {
    check_done(before, after, *what, name);
  } else if (after) {
    size_t left;
    const char *text = scu_nodes_text(after, &left);
    require(left == length && (length == 0 || memcmp(text, bytes, length) == 0));
    require(*scu_error_reason(scu_nodes_error(after)) != 0);
  }
  scu_nodes_free(before);
  scu_nodes_free(after);
  return 0;
}
