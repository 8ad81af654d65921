/* A deflated dataset (PS3.5 A.5) as the source of what it is inside, in constant memory: to be read forwards. */
#ifndef SCU_DATA_INFLATED_SOURCE_H
#define SCU_DATA_INFLATED_SOURCE_H

#include "base/source.h"
#include "data/head_walk.h"

/* Inflates once from end to end, to know the size. `inner` stays the caller's, and must outlive the source. MALFORMED,
 * LIMIT, MEMORY, errors of inner. */
scu_result scu__inflated_source_new(const scu_allocator *allocator, scu__source *inner, const scu__head *head,
                                    scu__source **out, scu_error *error);

#endif
