/* Matches held against the keys they were asked by, since peers match badly (RULES 13). The rules are
 * those of PS3.4 C.2.2.2 (service/match.h), read in favour of the match: what it does not say, or says in a character
 * set that cannot be made out, meets any key. */
#ifndef SCU_CLIENT_REMATCH_H
#define SCU_CLIENT_REMATCH_H

#include "service/match.h"

typedef struct scu__rematch {
  scu__arena arena; /* of the keys */
  scu__key *keys;
  size_t key_count;
  scu__matcher matcher;
  scu__buffer text; /* scratch */
  const scu_dataset *match;
} scu__rematch;

/* What the provider agreed to, and what changes the meaning of keys. */
typedef struct scu__rematch_rules {
  bool is_worklist;
  bool combined_date_time, multiple_value; /* as negotiated */
  bool are_names_fuzzy;                    /* likewise: then its matches of names are as good as any */
} scu__rematch_rules;

void scu__rematch_init(scu__rematch *rematch, const scu_allocator *allocator);
void scu__rematch_free(scu__rematch *rematch);
/* The keys of the next matches; the identifier has to live as long. MALFORMED and LIMIT, with the reason: a key that
 * cannot be understood; from then on every match is good. MEMORY. */
scu_result scu__rematch_prepare(scu__rematch *rematch, const scu_dataset *identifier, const scu__rematch_rules *rules,
                                scu_error *error);
/* *missed: the first key that the match does not meet; 0 = it meets all. MEMORY. */
scu_result scu__rematch_row(scu__rematch *rematch, const scu_dataset *match, scu_tag *missed);

#endif
