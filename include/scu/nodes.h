/* The node file in memory: names for peers with what their peers need, to be listed and edited. Bytes in, bytes out:
 * finding, reading and writing the file is the caller's, who writes what scu_nodes_text gives.
 *
 *   scu_nodes_read(NULL, "nodes.ini", text, length, &nodes);
 *   scu_nodes_add(nodes, "pacs", "ARCHIVE@pacs.example.org:104");
 *   scu_nodes_set(nodes, "pacs", "timeout-retrieve", "4h");
 *   text = scu_nodes_text(nodes, &length);
 *
 * An edit keeps comments, order and line ends of everything else, and is done whole or not at all: the new text is read
 * again before it counts, so that no edit makes a file that could not be read. USAGE says what would be wrong, with
 * file and line. A node file holds no secrets: a passcode stands in a file of its own (passcode-file), and the key
 * passcode is refused. One thread at a time. */
#ifndef SCU_NODES_H
#define SCU_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/allocator.h"
#include "scu/error.h"
#include "scu/options.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_nodes scu_nodes;
typedef struct scu_node scu_node;

/* `length` bytes of text, which are copied; "" is a file without nodes. `name` is the file's, for messages. USAGE when
 * the text has a fault anywhere, LIMIT beyond 1 MiB: a handle comes back even then (except for MEMORY), with the error
 * in it and no nodes; edits of it fail with the same. `allocator` may be NULL. */
SCU_API scu_result scu_nodes_read(const scu_allocator *allocator, const char *name, const char *text, size_t length,
                                  scu_nodes **out);
/* NULL is allowed. */
SCU_API void scu_nodes_free(scu_nodes *nodes);
/* Why reading or the last edit failed; valid until the next edit. */
SCU_API const scu_error *scu_nodes_error(const scu_nodes *nodes);

/* ---- what is there; all that is returned is borrowed until the next edit or scu_nodes_free ---- */

SCU_API size_t scu_nodes_count(const scu_nodes *nodes); /* [self] is none of them */
/* In the order of the file; NULL beyond the last. */
SCU_API const scu_node *scu_nodes_at(const scu_nodes *nodes, size_t index);
/* NULL when there is no node of this name. */
SCU_API const scu_node *scu_nodes_find(const scu_nodes *nodes, const char *name);
/* What the section [self] says of us: "" and 0 when it does not. */
SCU_API const char *scu_nodes_self_ae(const scu_nodes *nodes);
SCU_API uint16_t scu_nodes_self_port(const scu_nodes *nodes);

/* What a node has to have, and what stands for it where the file does not say: port 104 (2762 with TLS), no TLS. */
SCU_API const char *scu_node_name(const scu_node *node);
SCU_API const char *scu_node_ae(const scu_node *node);
SCU_API const char *scu_node_host(const scu_node *node); /* an IPv6 address without brackets */
SCU_API uint16_t scu_node_port(const scu_node *node);
SCU_API bool scu_node_is_tls(const scu_node *node);
/* "AET@host:port", as sessions take it; cut when `room` (with NUL) is too small: 320 always does. */
SCU_API void scu_node_peer(const scu_node *node, char *to, size_t room);
SCU_API unsigned scu_node_line(const scu_node *node); /* of the section's beginning, from 1 */
/* Every other key, in the order of the file: names of options, user, passcode-file and the like. */
SCU_API size_t scu_node_setting_count(const scu_node *node);
/* NULL beyond the last. */
SCU_API const char *scu_node_setting_key(const scu_node *node, size_t index);
SCU_API const char *scu_node_setting_value(const scu_node *node, size_t index);

/* ---- which keys there are ---- */

/* True when a node may have this option, as a key by its name; [self] has aet and port alone. */
SCU_API bool scu_nodes_have_option(scu_option option);

/* ---- edits: USAGE, MEMORY, LIMIT ---- */

/* A new node at the end; `peer` as sessions take it, but no name. USAGE when the name is taken or "self". */
SCU_API scu_result scu_nodes_add(scu_nodes *nodes, const char *name, const char *peer);
/* aet, host, port, tls, and whatever else a node may have; of "self" aet and port. The line of a key is changed in its
 * place; a new one comes behind the last of its section. */
SCU_API scu_result scu_nodes_set(scu_nodes *nodes, const char *name, const char *key, const char *value);
/* Takes the line of the key out; SCU_OK when there is none. */
SCU_API scu_result scu_nodes_unset(scu_nodes *nodes, const char *name, const char *key);
/* Takes the node out, with the comments between its lines. A comment above its [name] or below its last key stays. */
SCU_API scu_result scu_nodes_remove(scu_nodes *nodes, const char *name);

/* The text as it is now, `*length` bytes without NUL. */
SCU_API const char *scu_nodes_text(const scu_nodes *nodes, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
