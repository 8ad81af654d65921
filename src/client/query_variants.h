/* What one identifier cannot ask is asked by several, whose answers are united (RULES 9 and 10): any of
 * several values (PS3.4 C.2.2.2 defines lists of UIDs only), more UIDs than the peer takes at once, times across
 * midnight (C.2.2.2.5 has no such range), and a range of date and time together where the provider does not agree to
 * combined matching (C.5.1.1). */
#ifndef SCU_CLIENT_QUERY_VARIANTS_H
#define SCU_CLIENT_QUERY_VARIANTS_H

#include <stdbool.h>

#include "data/dataset.h"

enum {
  SCU__VARIANTS_MAX = 256,           /* requests that one identifier may come to */
  SCU__VARIANTS_OF_UIDS_MAX = 100000 /* so many more for lists of UIDs, which people do not type */
};

typedef struct scu__variant_rules {
  bool are_lists_whole;    /* multiple value matching is asked for: then a list means all of its values */
  bool is_combined_wanted; /* date and time are one range ... */
  bool is_combined_agreed; /* ... and the provider takes them so */
  bool is_worklist;        /* K.6.1.2.2: start date and time of the scheduled step are one range always */
  size_t uids_max;         /* of a list of UIDs that go into one identifier; 0 = all */
} scu__variant_rules;

/* Turns an identifier with all that is asked for into the one that is sent as number `index`, counted from 0 and below
 * *count, which comes out the same for every index; 1 = as it was. USAGE beyond SCU__VARIANTS_MAX; MEMORY. */
scu_result scu__query_variant(scu_dataset *identifier, const scu__variant_rules *rules, size_t index, size_t *count,
                              scu_error *error);

#endif
