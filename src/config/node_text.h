/* The text of a node file, line by line as config/nodes reads it, and the same text with one change. What is not
 * changed keeps every byte: comments, order, blanks and line ends. Nothing here knows which keys there are: whoever
 * changes a text parses the new one before it counts. */
#ifndef SCU_CONFIG_NODE_TEXT_H
#define SCU_CONFIG_NODE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "config/peer.h"

/* Each appends the changed text to the empty buffer `to`; SCU_END when there is no such section or key. MEMORY, LIMIT:
 * from the buffer. */

/* [name] with the peer in it, at the end. */
scu_result scu__node_text_add(const scu__buffer *text, const char *name, const scu__peer *peer, scu__buffer *to);
/* [name] without keys, at the top. */
scu_result scu__node_text_begin(const scu__buffer *text, const char *name, scu__buffer *to);
/* The value of a key; a key that is not there comes behind the last one of its section. */
scu_result scu__node_text_set(const scu__buffer *text, const char *name, const char *key, const char *value,
                              scu__buffer *to);
/* Without the line of this key. */
scu_result scu__node_text_unset(const scu__buffer *text, const char *name, const char *key, scu__buffer *to);
/* Without the section: from its [name] to its last key, and the blank lines behind it. A comment above [name] or below
 * the last key may be about something else: it stays. */
scu_result scu__node_text_remove(const scu__buffer *text, const char *name, scu__buffer *to);

#endif
