/* The bytes of an edited dataset, as a source: for all who send or rewrite what files hold. */
#ifndef SCU_DATA_EDITED_SOURCE_H
#define SCU_DATA_EDITED_SOURCE_H

#include "data/edited.h"

/* `inner` is the file that the edits were applied to; it is closed with the source, or by its owner when this fails.
 * `edited` is borrowed until then. What lies between edits is lent as `inner` lends it. A deflated dataset comes
 * inflated, to be read from the beginning to the end: going back costs inflating again. MEMORY, or as inflating says.
 */
scu_result scu__edited_source_new(const scu_allocator *allocator, scu__source *inner, const scu__head *head,
                                  const scu__edited *edited, scu__source **out, scu_error *error);
/* What the head of that source is: no file meta, and the syntax of what a deflated dataset is inside. */
scu__head scu__edited_head(const scu__head *head, const scu__edited *edited);

#endif
