/* Does this value match that key? The exact rules of PS3.4 C.2.2.2. The archive finds with them, the client holds
 * against them what it is given. Never changes anything; the only failure is MEMORY. */
#ifndef SCU_SERVICE_MATCH_H
#define SCU_SERVICE_MATCH_H

#include "service/key.h"

/* Where the attributes of an entity come from. find gives NULL for an attribute that is absent; an element that is
 * UTF-8 may come without dataset. Borrowed until the next find. */
typedef struct scu__entity {
  scu_result (*find)(void *user, const scu__key *key, const scu_dataset **level, const scu_element **element);
  void *user;
} scu__entity;

typedef struct scu__matcher {
  scu__buffer folded; /* a name of the entity */
  int assumed_offset; /* of stored date-times without offset; the owner sets it */
} scu__matcher;

void scu__matcher_init(scu__matcher *matcher, const scu_allocator *allocator);
void scu__matcher_free(scu__matcher *matcher);

/* Holds one key of an identifier's top level against the entity. */
scu_result scu__key_match(scu__matcher *matcher, const scu__key *key, const scu__entity *entity, bool *is_match);

/* Holds the item keys of a sequence key against one item: only those that match are part of an answer (C.2.2.2.6). */
scu_result scu__key_match_item(scu__matcher *matcher, const scu__key *key, const scu_element *sequence, size_t index,
                               bool *is_match);

/* `*` any run of characters, `?` one character; in time proportional to the product of both lengths at worst. */
bool scu__wildcard_match(const char *pattern, size_t pattern_length, const char *text, size_t length);

#endif
