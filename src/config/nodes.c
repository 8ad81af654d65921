/* The node file through inih. inih cuts long names silently, joins indented lines and hides the line number from its
 * handler, so what it reads line by line is looked at here first. */
#include "config/nodes.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/node_options.h"
#include "config/option_check.h"
#include "data/utf8.h"

/* inih keeps 50 bytes of a name, NUL included; its line buffer is asked for its size when it reads. */
enum { NAME_MAX_BYTES = 48 };

typedef struct nodes_parser {
  const char *text;
  size_t length, position;
  unsigned line;         /* the one inih has now, from 1 */
  unsigned section_line; /* where the open section began; 0 = before the first */
  char section[NAME_MAX_BYTES + 1];
  unsigned handled_line; /* section_line of the section the handler is in */
  bool is_self;
  bool has_self_aet, has_self_port;
  bool has_aet, has_host, has_port; /* of the open node */
  const char *file;
  scu__nodes *nodes;
  scu_result result;
  scu_error *error;
  unsigned error_line;
} nodes_parser;

/* For people, and keys that later versions will read: they are checked then; until then they do no harm and change
 * nothing. */
static const char *const reserved_keys[] = {"comment", "model", "retrieve-aet"};

/* Keys that people who remember the reserved ones of before may write, and what does it now. */
static const struct {
  const char *key, *option;
} old_keys[] = {
    {"limit", "query-cap"},
    {"prefer", "retrieve-with"},
    {"relational", "extended-negotiation"},
};

static bool is_reserved(const char *key) {
  for (size_t i = 0; i < sizeof reserved_keys / sizeof *reserved_keys; i++)
    if (strcmp(reserved_keys[i], key) == 0) return true;
  return false;
}

static void fault_at(nodes_parser *parser, unsigned line, const char *format, ...) SCU__PRINTF(3, 4);

/* The first fault stays. */
static void fault_at(nodes_parser *parser, unsigned line, const char *format, ...) {
  char reason[200];
  if (parser->result != SCU_OK) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  parser->error_line = line;
  parser->result = SCU_ERROR_USAGE;
  scu__error_set(parser->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%.160s:%u: %s", parser->file, line, reason);
}

static void out_of_memory(nodes_parser *parser) {
  if (parser->result == SCU_OK) parser->result = scu__error_memory(parser->error, SCU_PHASE_USAGE);
}

/* The length of a section name or key as inih will see it. */
static size_t name_length(const char *line, size_t length, const char *stops) {
  size_t count = 0;
  while (count < length && !strchr(stops, line[count])) count++;
  return count;
}

static void look_at_line(nodes_parser *parser, const char *line, size_t length, size_t room) {
  unsigned number = parser->line;
  if (memchr(line, 0, length))
    fault_at(parser, number, "a NUL byte");
  else if (!scu__utf8_is_valid((const uint8_t *)line, length))
    fault_at(parser, number, "not UTF-8");
  else if (length + 2 > room)
    fault_at(parser, number, "the line is longer than %zu bytes", room - 2);
  else if (length > 0 && *line == '[' && name_length(line + 1, length - 1, "]") > NAME_MAX_BYTES)
    fault_at(parser, number, "the name is longer than %d bytes", NAME_MAX_BYTES);
  else if (length > 0 && !strchr("[;#", *line) && name_length(line, length, "=:") > NAME_MAX_BYTES)
    fault_at(parser, number, "not a 'key = value'");
}

static void begin_section(nodes_parser *parser, const char *section);

/* inih tells of a section with its first value: one that has none would go unseen. */
static void open_empty_section(nodes_parser *parser) {
  if (parser->section_line == parser->handled_line || parser->result != SCU_OK) return;
  begin_section(parser, parser->section);
}

static void note_section(nodes_parser *parser, const char *line, size_t length) {
  const char *end = memchr(line, ']', length);
  if (*line != '[' || !end) return;
  open_empty_section(parser);
  parser->section_line = parser->line;
  memcpy(parser->section, line + 1, (size_t)(end - line) - 1);
  parser->section[end - line - 1] = 0;
}

/* inih's fgets: one line without its indentation, which inih would take for a continued value. */
static char *read_line(char *to, int room, void *user) {
  nodes_parser *parser = user;
  if (parser->result != SCU_OK || parser->position >= parser->length || room < 8) return NULL;
  const char *line = parser->text + parser->position;
  size_t left = parser->length - parser->position;
  const char *end = memchr(line, '\n', left);
  size_t length = end ? (size_t)(end - line) : left;
  parser->position += length + (end ? 1 : 0);
  parser->line++;
  while (length > 0 && (*line == ' ' || *line == '\t')) {
    line++;
    length--;
  }
  if (length > 0 && line[length - 1] == '\r') length--;
  look_at_line(parser, line, length, (size_t)room);
  if (parser->result == SCU_OK && length > 0) note_section(parser, line, length);
  if (parser->result != SCU_OK) return NULL;
  memcpy(to, line, length);
  to[length] = '\n';
  to[length + 1] = 0;
  return to;
}

static scu__node *last_node(const nodes_parser *parser) {
  return &parser->nodes->nodes[parser->nodes->count - 1];
}

/* A node needs a title and a host; said at the line where its section begins. */
static void finish_section(nodes_parser *parser) {
  if (parser->handled_line == 0 || parser->is_self || parser->result != SCU_OK) return;
  scu__node *node = last_node(parser);
  if (!parser->has_aet) fault_at(parser, node->line, "node '%s' has no aet", node->name);
  if (!parser->has_host) fault_at(parser, node->line, "node '%s' has no host", node->name);
  if (!parser->has_port) node->peer.port = node->peer.is_tls ? SCU__PORT_DICOM_TLS : SCU__PORT_DICOM;
}

static scu__node *add_node(nodes_parser *parser) {
  scu__nodes *nodes = parser->nodes;
  if (nodes->count == SCU__NODES_MAX) {
    fault_at(parser, parser->section_line, "more than %d nodes", SCU__NODES_MAX);
    return NULL;
  }
  if (nodes->count == nodes->room) {
    size_t room = nodes->room ? nodes->room * 2 : 16;
    scu__node *grown = scu__realloc_array(nodes->allocator, nodes->nodes, room, sizeof *grown);
    if (!grown) {
      out_of_memory(parser);
      return NULL;
    }
    nodes->nodes = grown;
    nodes->room = room;
  }
  scu__node *node = &nodes->nodes[nodes->count++];
  memset(node, 0, sizeof *node);
  return node;
}

static void begin_section(nodes_parser *parser, const char *section) {
  finish_section(parser);
  parser->handled_line = parser->section_line;
  parser->has_aet = parser->has_host = parser->has_port = false;
  parser->is_self = strcmp(section, "self") == 0;
  if (parser->result != SCU_OK || parser->is_self) return;
  if (*section == 0 || strchr(section, '@') || strstr(section, "://"))
    fault_at(parser, parser->section_line, "a node's name must not be empty, nor have @ or :// in it");
  else if (scu__nodes_find(parser->nodes, section))
    fault_at(parser, parser->section_line, "node '%s' is there twice, first in line %u", section,
             scu__nodes_find(parser->nodes, section)->line);
  if (parser->result != SCU_OK) return;
  scu__node *node = add_node(parser);
  if (!node) return;
  snprintf(node->name, sizeof node->name, "%s", section);
  node->line = parser->section_line;
}

static void read_title(nodes_parser *parser, const char *value, scu__ae *ae, bool *is_there) {
  const struct scu_option_info *info = scu_option_find(SCU_OPTION_CALLING_AE);
  if (*is_there)
    fault_at(parser, parser->line, "aet is there twice");
  else if (!info || scu__check_ae(info, value, NULL) != SCU_OK || !scu__ae_from_text(ae, value))
    fault_at(parser, parser->line, "an AE title is 1 to 16 ASCII characters without backslash");
  *is_there = true;
}

static void read_port(nodes_parser *parser, const char *value, uint16_t *port, bool *is_there) {
  int64_t number = 0;
  if (*is_there)
    fault_at(parser, parser->line, "port is there twice");
  else if (!scu__parse_integer(value, &number) || number < 1 || number > 65535)
    fault_at(parser, parser->line, "port must be a number from 1 to 65535");
  else
    *port = (uint16_t)number;
  *is_there = true;
}

static void read_host(nodes_parser *parser, const char *value, scu__node *node) {
  size_t length = strlen(value);
  bool is_bracketed = length > 2 && value[0] == '[' && value[length - 1] == ']';
  if (is_bracketed) {
    value++;
    length -= 2;
  }
  if (parser->has_host)
    fault_at(parser, parser->line, "host is there twice");
  else if (length == 0 || length >= sizeof node->peer.host)
    fault_at(parser, parser->line, "host is empty or too long");
  else
    memcpy(node->peer.host, value, length);
  for (const char *p = node->peer.host; *p; p++)
    if ((unsigned char)*p <= ' ' || (unsigned char)*p > 0x7E || strchr("/@[]", *p))
      fault_at(parser, parser->line, "host has a character that no host name or address has");
  parser->has_host = true;
}

static void keep_setting(nodes_parser *parser, const char *key, const char *value, scu__node *node) {
  for (const scu__node_setting *s = node->settings; s; s = s->next)
    if (strcmp(s->key, key) == 0) fault_at(parser, parser->line, "%s is there twice", key);
  if (parser->result != SCU_OK) return;
  /* One block: the setting, its key, its value. */
  size_t key_size = strlen(key) + 1, value_size = strlen(value) + 1;
  scu__node_setting *setting = scu__alloc(parser->nodes->allocator, sizeof *setting + key_size + value_size);
  if (!setting) {
    out_of_memory(parser);
    return;
  }
  char *texts = (char *)(setting + 1);
  memcpy(texts, key, key_size);
  memcpy(texts + key_size, value, value_size);
  setting->key = texts;
  setting->value = texts + key_size;
  setting->next = node->settings;
  node->settings = setting;
}

static void refuse_key(nodes_parser *parser, const char *key) {
  fault_at(parser, parser->line, "unknown key '%s'", key);
  for (size_t i = 0; i < sizeof old_keys / sizeof *old_keys; i++)
    if (strcmp(old_keys[i].key, key) == 0) scu__error_hint(parser->error, "see %s in scu-nodes(5)", old_keys[i].option);
}

/* True for the keys of a user identity, whose values are checked here. */
static bool is_identity(nodes_parser *parser, const char *key, const char *value) {
  bool is_yes;
  if (strcmp(key, SCU__NODE_IDENTITY_OVER_PLAIN) == 0) {
    if (!scu__parse_boolean(value, &is_yes)) fault_at(parser, parser->line, "%s must be yes or no", key);
    return true;
  }
  if (strcmp(key, SCU__NODE_USER) == 0 || strcmp(key, SCU__NODE_PASSCODE_FILE) == 0) {
    if (*value == 0) fault_at(parser, parser->line, "%s is empty", key);
    return true;
  }
  return false;
}

/* True for the names of options that are about the peer; their values are checked here. */
static bool is_option(nodes_parser *parser, const char *key, const char *value) {
  scu_option option;
  if (!scu__node_option_find(key, &option)) return false;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__node_option_check(parser->nodes->allocator, option, value, &error);
  if (result == SCU_ERROR_MEMORY)
    out_of_memory(parser);
  else if (result != SCU_OK)
    fault_at(parser, parser->line, "%s", error.reason + strspn(error.reason, "-"));
  return true;
}

static void read_self(nodes_parser *parser, const char *key, const char *value) {
  if (strcmp(key, "aet") == 0)
    read_title(parser, value, &parser->nodes->self_ae, &parser->has_self_aet);
  else if (strcmp(key, "port") == 0)
    read_port(parser, value, &parser->nodes->self_port, &parser->has_self_port);
  else
    fault_at(parser, parser->line, "[self] has aet and port, not '%s'", key);
}

static void read_node(nodes_parser *parser, const char *key, const char *value) {
  scu__node *node = last_node(parser);
  if (strcmp(key, "aet") == 0)
    read_title(parser, value, &node->peer.ae, &parser->has_aet);
  else if (strcmp(key, "host") == 0)
    read_host(parser, value, node);
  else if (strcmp(key, "port") == 0)
    read_port(parser, value, &node->peer.port, &parser->has_port);
  else if (strcmp(key, "tls") == 0) {
    if (!scu__parse_boolean(value, &node->peer.is_tls)) fault_at(parser, parser->line, "tls must be yes or no");
  } else if (is_reserved(key) || is_identity(parser, key, value) || is_option(parser, key, value))
    keep_setting(parser, key, value, node);
  else if (strcmp(key, "passcode") == 0)
    fault_at(parser, parser->line,
             "no passcode stands in a node file: write it into a file of its own, and"
             " passcode-file = FILE here");
  else
    refuse_key(parser, key);
}

static int handle_value(void *user, const char *section, const char *key, const char *value) {
  nodes_parser *parser = user;
  if (parser->section_line == 0) fault_at(parser, parser->line, "'%s' stands before the first [name]", key);
  if (parser->result == SCU_OK && parser->handled_line != parser->section_line) begin_section(parser, section);
  if (parser->result != SCU_OK) return 0;
  if (parser->is_self)
    read_self(parser, key, value);
  else
    read_node(parser, key, value);
  return parser->result == SCU_OK;
}

scu_result scu__nodes_parse(const scu_allocator *allocator, const char *name, const char *text, size_t length,
                            scu__nodes *nodes, scu_error *error) {
  scu_error found;
  scu__error_clear(&found);
  memset(nodes, 0, sizeof *nodes);
  nodes->allocator = allocator;
  nodes_parser parser = {.text = text, .length = length, .file = name, .nodes = nodes, .error = &found};
  if (length > SCU__NODES_TEXT_MAX)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_USAGE, "%.160s: longer than %d bytes", name,
                          SCU__NODES_TEXT_MAX);
  /* UTF-8's mark, which some editors put in front. */
  if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) parser.position = 3;
  int first_bad_line = ini_parse_stream(read_line, &parser, handle_value, &parser);
  if (first_bad_line < 0) out_of_memory(&parser);
  if (first_bad_line > 0 && (parser.result == SCU_OK || (unsigned)first_bad_line < parser.error_line)) {
    parser.result = SCU_OK;
    scu__error_clear(&found);
    fault_at(&parser, (unsigned)first_bad_line, "neither '[name]' nor 'key = value'");
  }
  open_empty_section(&parser);
  finish_section(&parser);
  if (parser.result == SCU_OK) return SCU_OK;
  scu__nodes_free(nodes);
  scu__error_set(error, parser.result, SCU_PHASE_USAGE, "%s", found.reason);
  if (found.hint[0]) scu__error_hint(error, "%s", found.hint);
  return parser.result;
}

void scu__nodes_free(scu__nodes *nodes) {
  for (size_t i = 0; i < nodes->count; i++) {
    for (scu__node_setting *s = nodes->nodes[i].settings, *next; s; s = next) {
      next = s->next;
      scu__free(nodes->allocator, s);
    }
  }
  scu__free(nodes->allocator, nodes->nodes);
  nodes->nodes = NULL;
  nodes->count = nodes->room = 0;
  memset(&nodes->self_ae, 0, sizeof nodes->self_ae);
  nodes->self_port = 0;
}

const scu__node *scu__nodes_find(const scu__nodes *nodes, const char *name) {
  for (size_t i = 0; i < nodes->count; i++)
    if (strcmp(nodes->nodes[i].name, name) == 0) return &nodes->nodes[i];
  return NULL;
}

const scu__node *scu__nodes_find_ae(const scu__nodes *nodes, const scu__ae *ae) {
  for (size_t i = 0; i < nodes->count; i++)
    if (strcmp(nodes->nodes[i].peer.ae.text, ae->text) == 0) return &nodes->nodes[i];
  return NULL;
}

const char *scu__node_setting_of(const scu__node *node, const char *key) {
  for (const scu__node_setting *s = node->settings; s; s = s->next)
    if (strcmp(s->key, key) == 0) return s->value;
  return NULL;
}

scu_result scu__peer_resolve(const scu__nodes *nodes, const char *text, scu__peer *peer, scu_error *error) {
  if (scu__peer_is_literal(text)) return scu__peer_parse(text, peer, error);
  const scu__node *node = nodes ? scu__nodes_find(nodes, text) : NULL;
  if (node) {
    *peer = node->peer;
    return SCU_OK;
  }
  memset(peer, 0, sizeof *peer);
  scu_result result = scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                                     nodes ? "'%.120s' is no name from the node file, and no peer (AET@host:port)"
                                           : "'%.120s' is no peer (AET@host:port), and there is no node file",
                                     text);
  scu__error_hint(error, "write AET@host:port, or name the peer in the node file (--nodes FILE)");
  return result;
}
