/* scu/nodes.h: a text and what it says, which change together. */
#include <string.h>

#include "config/node_options.h"
#include "config/node_text.h"
#include "config/nodes.h"
#include "config/option_check.h"
#include "scu/nodes.h"

enum { FILE_NAME_MAX = 160 }; /* as much as messages show */

struct scu_nodes {
  const scu_allocator *allocator;
  char name[FILE_NAME_MAX + 1];
  scu__buffer text;
  scu__nodes parsed;
  bool is_faulty; /* the text that was read; error says how */
  scu_error error;
};

static const char self[] = "self";

scu_result scu_nodes_read(const scu_allocator *allocator, const char *name, const char *text, size_t length,
                          scu_nodes **out) {
  *out = NULL;
  scu_nodes *nodes = scu__alloc(allocator, sizeof *nodes);
  if (!nodes) return SCU_ERROR_MEMORY;
  nodes->allocator = allocator;
  strncpy(nodes->name, name, FILE_NAME_MAX);
  scu__error_clear(&nodes->error);
  scu__buffer_init(&nodes->text, allocator, SCU__NODES_TEXT_MAX);
  scu_result result = scu__nodes_parse(allocator, nodes->name, text, length, &nodes->parsed, &nodes->error);
  if (result == SCU_OK) {
    scu__put_bytes(&nodes->text, text, length);
    result = scu__buffer_result(&nodes->text);
  }
  if (result == SCU_ERROR_MEMORY) {
    scu_nodes_free(nodes);
    return result;
  }
  nodes->is_faulty = result != SCU_OK;
  *out = nodes;
  return result;
}

void scu_nodes_free(scu_nodes *nodes) {
  if (!nodes) return;
  scu__nodes_free(&nodes->parsed);
  scu__buffer_free(&nodes->text);
  scu__free(nodes->allocator, nodes);
}

const scu_error *scu_nodes_error(const scu_nodes *nodes) {
  return &nodes->error;
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

static const scu_node *opened(const scu__node *node) {
  return (const scu_node *)node;
}
static const scu__node *inside(const scu_node *node) {
  return (const scu__node *)node;
}

size_t scu_nodes_count(const scu_nodes *nodes) {
  return nodes->parsed.count;
}
const scu_node *scu_nodes_at(const scu_nodes *nodes, size_t index) {
  return index < nodes->parsed.count ? opened(&nodes->parsed.nodes[index]) : NULL;
}
const scu_node *scu_nodes_find(const scu_nodes *nodes, const char *name) {
  return opened(scu__nodes_find(&nodes->parsed, name));
}
const char *scu_nodes_self_ae(const scu_nodes *nodes) {
  return nodes->parsed.self_ae.text;
}
uint16_t scu_nodes_self_port(const scu_nodes *nodes) {
  return nodes->parsed.self_port;
}
const char *scu_node_name(const scu_node *node) {
  return inside(node)->name;
}
const char *scu_node_ae(const scu_node *node) {
  return inside(node)->peer.ae.text;
}
const char *scu_node_host(const scu_node *node) {
  return inside(node)->peer.host;
}
uint16_t scu_node_port(const scu_node *node) {
  return inside(node)->peer.port;
}
bool scu_node_is_tls(const scu_node *node) {
  return inside(node)->peer.is_tls;
}
void scu_node_peer(const scu_node *node, char *to, size_t room) {
  scu__peer_format(&inside(node)->peer, to, room);
}
unsigned scu_node_line(const scu_node *node) {
  return inside(node)->line;
}

size_t scu_node_setting_count(const scu_node *node) {
  size_t count = 0;
  for (const scu__node_setting *s = inside(node)->settings; s; s = s->next) count++;
  return count;
}

/* The parser puts the last one first. */
static const scu__node_setting *setting_at(const scu_node *node, size_t index) {
  size_t count = scu_node_setting_count(node);
  if (index >= count) return NULL;
  const scu__node_setting *s = inside(node)->settings;
  for (size_t skip = count - 1 - index; skip > 0; skip--) s = s->next;
  return s;
}

const char *scu_node_setting_key(const scu_node *node, size_t index) {
  const scu__node_setting *s = setting_at(node, index);
  return s ? s->key : NULL;
}
const char *scu_node_setting_value(const scu_node *node, size_t index) {
  const scu__node_setting *s = setting_at(node, index);
  return s ? s->value : NULL;
}

const char *scu_nodes_text(const scu_nodes *nodes, size_t *length) {
  *length = nodes->text.length;
  return nodes->text.data ? (const char *)nodes->text.data : "";
}

/* --- edits -------------------------------------------------------------------------------------------------------- */

/* The text and what it says after an edit, before it counts. */
typedef struct change {
  scu__buffer text;
  scu__nodes parsed;
} change;

/* The fault of a file that could not be read is the answer to every edit of it. */
static scu_result begin(scu_nodes *nodes, change *c) {
  scu__buffer_init(&c->text, nodes->allocator, SCU__NODES_TEXT_MAX);
  memset(&c->parsed, 0, sizeof c->parsed);
  if (nodes->is_faulty) return nodes->error.result;
  scu__error_clear(&nodes->error);
  return SCU_OK;
}

static scu_result read_again(scu_nodes *nodes, change *c) {
  return scu__nodes_parse(nodes->allocator, nodes->name, (const char *)c->text.data, c->text.length, &c->parsed,
                          &nodes->error);
}

static scu_result end(scu_nodes *nodes, change *c, scu_result result) {
  if (result != SCU_OK) {
    scu__nodes_free(&c->parsed);
    scu__buffer_free(&c->text);
    return scu__error_set(&nodes->error, result, SCU_PHASE_USAGE, "%s: %s", nodes->name,
                          result == SCU_ERROR_LIMIT ? "the file would be longer than 1 MiB" : "out of memory");
  }
  scu__nodes_free(&nodes->parsed);
  scu__buffer_free(&nodes->text);
  nodes->parsed = c->parsed;
  nodes->text = c->text;
  return SCU_OK;
}

static scu_result usage(scu_nodes *nodes, const char *reason) {
  return scu__error_set(&nodes->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: %s", nodes->name, reason);
}

static scu_result no_such_node(scu_nodes *nodes, const char *name) {
  return scu__error_set(&nodes->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: there is no node '%.60s'", nodes->name,
                        name);
}

/* A line end in a text would be lines of their own. */
static bool is_one_line(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < ' ' || *text == 0x7F) return false;
  return true;
}

static bool is_key(const char *text) {
  if (!*text) return false;
  for (; *text; text++)
    if (!(*text >= 'a' && *text <= 'z') && !(*text >= '0' && *text <= '9') && *text != '-') return false;
  return true;
}

static scu_result check_name(scu_nodes *nodes, const char *name) {
  if (strcmp(name, self) == 0) return usage(nodes, "[self] is ourselves, no node");
  const scu__node *there = scu__nodes_find(&nodes->parsed, name);
  if (there)
    return scu__error_set(&nodes->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s:%u: node '%s' is there already",
                          nodes->name, there->line, name);
  if (is_one_line(name) && !strpbrk(name, "];")) return SCU_OK;
  return usage(nodes, "a name has no ], no ; and no control characters in it");
}

static bool is_same_peer(const scu__peer *a, const scu__peer *b) {
  return strcmp(a->ae.text, b->ae.text) == 0 && strcmp(a->host, b->host) == 0 && a->port == b->port &&
         a->is_tls == b->is_tls;
}

scu_result scu_nodes_add(scu_nodes *nodes, const char *name, const char *peer) {
  change c;
  scu__peer wanted;
  scu_result result = begin(nodes, &c);
  if (result == SCU_OK) result = check_name(nodes, name);
  if (result == SCU_OK) result = scu__peer_parse(peer, &wanted, &nodes->error);
  if (result == SCU_OK) result = scu__node_text_add(&nodes->text, name, &wanted, &c.text);
  if (result == SCU_OK) result = read_again(nodes, &c);
  const scu__node *added = result == SCU_OK ? scu__nodes_find(&c.parsed, name) : NULL;
  if (result == SCU_OK && (!added || !is_same_peer(&added->peer, &wanted)))
    result = usage(nodes, "the name or the peer cannot be written: no ; behind a blank, no blanks around");
  return end(nodes, &c, result);
}

static bool has_title(const scu__ae *ae, const char *value) {
  scu__ae wanted;
  return scu__ae_from_text(&wanted, value) && strcmp(wanted.text, ae->text) == 0;
}

static bool has_port(uint16_t port, const char *value) {
  int64_t wanted;
  return scu__parse_integer(value, &wanted) && wanted == port;
}

static bool has_host(const char *host, const char *value) {
  size_t length = strlen(host);
  return strcmp(host, value) == 0 ||
         (strlen(value) == length + 2 && *value == '[' && memcmp(value + 1, host, length) == 0);
}

/* Whether the text was read as it was meant. */
static bool has_value(const scu__nodes *parsed, const char *name, const char *key, const char *value) {
  bool is_self = strcmp(name, self) == 0, is_tls;
  const scu__node *node = scu__nodes_find(parsed, name);
  if (!node && !is_self) return false;
  if (strcmp(key, "aet") == 0) return has_title(is_self ? &parsed->self_ae : &node->peer.ae, value);
  if (strcmp(key, "port") == 0) return has_port(is_self ? parsed->self_port : node->peer.port, value);
  if (is_self) return false;
  if (strcmp(key, "host") == 0) return has_host(node->peer.host, value);
  if (strcmp(key, "tls") == 0) return scu__parse_boolean(value, &is_tls) && is_tls == node->peer.is_tls;
  const char *kept = scu__node_setting_of(node, key);
  return kept && strcmp(kept, value) == 0;
}

/* [self] may be set before it is there. */
static scu_result set_text(scu_nodes *nodes, const char *name, const char *key, const char *value, change *c) {
  scu_result result = scu__node_text_set(&nodes->text, name, key, value, &c->text);
  if (result != SCU_END || strcmp(name, self) != 0) return result;
  scu__buffer with_self;
  scu__buffer_init(&with_self, nodes->allocator, SCU__NODES_TEXT_MAX);
  result = scu__node_text_begin(&nodes->text, self, &with_self);
  if (result == SCU_OK) result = scu__node_text_set(&with_self, name, key, value, &c->text);
  scu__buffer_free(&with_self);
  return result;
}

scu_result scu_nodes_set(scu_nodes *nodes, const char *name, const char *key, const char *value) {
  change c;
  scu_result result = begin(nodes, &c);
  if (result == SCU_OK && !is_key(key)) result = usage(nodes, "a key has small letters, digits and - only");
  if (result == SCU_OK && !is_one_line(value)) result = usage(nodes, "a value with control characters");
  if (result == SCU_OK) result = set_text(nodes, name, key, value, &c);
  if (result == SCU_END) result = no_such_node(nodes, name);
  if (result == SCU_OK) result = read_again(nodes, &c);
  if (result == SCU_OK && !has_value(&c.parsed, name, key, value))
    result = usage(nodes, "the value cannot be written: no ; behind a blank, no blanks around");
  return end(nodes, &c, result);
}

scu_result scu_nodes_unset(scu_nodes *nodes, const char *name, const char *key) {
  change c;
  scu_result result = begin(nodes, &c);
  if (result == SCU_OK && strcmp(name, self) != 0 && !scu__nodes_find(&nodes->parsed, name))
    result = no_such_node(nodes, name);
  if (result == SCU_OK) result = scu__node_text_unset(&nodes->text, name, key, &c.text);
  bool is_there = result != SCU_END;
  if (result == SCU_OK) result = read_again(nodes, &c);
  if (is_there) return end(nodes, &c, result);
  scu__buffer_free(&c.text);
  return SCU_OK;
}

scu_result scu_nodes_remove(scu_nodes *nodes, const char *name) {
  change c;
  scu_result result = begin(nodes, &c);
  if (result == SCU_OK && !scu__nodes_find(&nodes->parsed, name)) result = no_such_node(nodes, name);
  if (result == SCU_OK) result = scu__node_text_remove(&nodes->text, name, &c.text);
  if (result == SCU_END) result = no_such_node(nodes, name);
  if (result == SCU_OK) result = read_again(nodes, &c);
  return end(nodes, &c, result);
}
