/* A list of references to instances, each once, found by SOP Instance UID: what a storage commitment is about, and what
 * became of each (PS3.4 J.3). */
#ifndef SCU_CLIENT_REFERENCES_H
#define SCU_CLIENT_REFERENCES_H

#include "base/values.h"
#include "scu/commit.h"

enum { SCU__REFERENCES_MAX = 1000 * 1000 };

typedef struct scu__reference {
  scu__uid sop_class, sop_instance;
  scu_commit_state state;
  uint16_t reason; /* (0008,1197) */
  scu__ae retrieve_ae;
} scu__reference;

/* Zeroed but for the allocator: empty. */
typedef struct scu__references {
  const scu_allocator *allocator;
  scu__reference *items;
  size_t count, capacity;
  uint32_t *slots; /* hash: index into items + 1; 0 = free */
  size_t slot_count;
} scu__references;

/* SCU_END: it is there already, with the same class. USAGE: with another one. LIMIT, MEMORY: nothing has changed. */
scu_result scu__references_add(scu__references *references, const scu__uid *sop_class, const scu__uid *sop_instance);
scu__reference *scu__references_find(const scu__references *references, const scu__uid *sop_instance); /* or NULL */
size_t scu__references_count_of(const scu__references *references, scu_commit_state state);
/* Nothing is known of any of them. */
void scu__references_forget_result(scu__references *references);
void scu__references_free(scu__references *references); /* leaves it empty */

#endif
