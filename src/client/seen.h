/* A set of keys that were met, as hashes of 128 bits that a chance does not hit; each with a mark of who met it first.
 * Bounded: what a peer may make us remember (SCU__INVENTORY_ENTRIES_MAX). */
#ifndef SCU_CLIENT_SEEN_H
#define SCU_CLIENT_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "scu/result.h"

typedef struct scu__seen_key {
  uint64_t low, high; /* 0, 0 = none: see scu__seen_key_start */
} scu__seen_key;

typedef struct scu__seen_entry {
  scu__seen_key key;
  size_t mark;
} scu__seen_entry;

/* Zero-initialised: empty. */
typedef struct scu__seen {
  scu__seen_entry *entries;
  size_t count, room;
} scu__seen;

/* Hash of nothing, to which bytes are added. */
scu__seen_key scu__seen_key_start(void);
void scu__seen_key_add(scu__seen_key *key, const void *bytes, size_t length);

/* SCU_OK: new, and noted with the mark; SCU_END: there already, *first = the mark of then (may be NULL). MEMORY, LIMIT.
 */
scu_result scu__seen_note(scu__seen *seen, const scu_allocator *allocator, scu__seen_key key, size_t mark,
                          size_t *first);
void scu__seen_clear(scu__seen *seen); /* forgets, and keeps the memory */
void scu__seen_free(scu__seen *seen, const scu_allocator *allocator);

#endif
