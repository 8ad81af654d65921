/* The node file: names for peers, in INI form. It is read from memory; finding and reading the file is the caller's.
 *
 *   [self]                 [pacs]
 *   aet  = SCU             aet  = ARCHIVE
 *   port = 11112           host = pacs.example.org
 *                          port = 104
 *
 * A node may also say who we are there: user, passcode-file (a file that holds the passcode and nothing else; no secret
 * stands in the node file itself) and identity-over-plain. See config/identity.h. And what sessions to it shall keep
 * to, by names of options: see config/node_options.h.
 *
 * A fault names file and line. Unknown keys are faults, except `comment` and those reserved for what later versions
 * will know about a node; these are kept as text. */
#ifndef SCU_CONFIG_NODES_H
#define SCU_CONFIG_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/error.h"
#include "config/peer.h"

/* A hospital has hundreds of nodes, not more. */
enum { SCU__NODES_MAX = 4096, SCU__NODES_TEXT_MAX = 1024 * 1024, SCU__NODE_NAME_MAX = 65 };

typedef struct scu__node_setting {
  struct scu__node_setting *next;
  const char *key, *value;
} scu__node_setting;

typedef struct scu__node {
  char name[SCU__NODE_NAME_MAX];
  scu__peer peer;
  unsigned line;               /* of the section's first line */
  scu__node_setting *settings; /* keys kept as text, in no particular order */
} scu__node;

typedef struct scu__nodes {
  const scu_allocator *allocator;
  scu__node *nodes;
  size_t count, room;
  scu__ae self_ae;    /* "" = not given */
  uint16_t self_port; /* 0 = not given */
} scu__nodes;

/* `name` is the file's, for messages. On failure *nodes is empty; scu__nodes_free is safe either way. */
scu_result scu__nodes_parse(const scu_allocator *allocator, const char *name, const char *text, size_t length,
                            scu__nodes *nodes, scu_error *error);
void scu__nodes_free(scu__nodes *nodes);
/* Exact match; NULL when there is none. Valid until scu__nodes_free. */
const scu__node *scu__nodes_find(const scu__nodes *nodes, const char *name);
/* The first node with this AE title, or NULL. */
const scu__node *scu__nodes_find_ae(const scu__nodes *nodes, const scu__ae *ae);
/* The checked value of a key that is kept as text, or NULL. */
const char *scu__node_setting_of(const scu__node *node, const char *key);
#define SCU__NODE_USER                "user"
#define SCU__NODE_PASSCODE_FILE       "passcode-file"
#define SCU__NODE_IDENTITY_OVER_PLAIN "identity-over-plain"

/* From what a person typed to a peer: a literal is parsed, anything else is a node's name. nodes may be NULL. */
scu_result scu__peer_resolve(const scu__nodes *nodes, const char *text, scu__peer *peer, scu_error *error);

#endif
