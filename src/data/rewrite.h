/* The four native transfer syntaxes into each other (RULES 4), as a producer: constant memory, any size.
 *
 * Implicit LE, Explicit LE, Explicit BE, Deflated Explicit LE. Pixels are not touched but for byte order. */
#ifndef SCU_DATA_REWRITE_H
#define SCU_DATA_REWRITE_H

#include "base/source.h"
#include "data/head_walk.h"

/* The dataset of `source` (borrowed until close) in syntax `to`, without file meta; always of even length. The input is
 * read as the producer is read. UNSUPPORTED when either syntax is none of the four. An error of the source or in the
 * dataset comes from the producer's read, and is sticky. */
scu_result scu__rewrite_new(const scu_allocator *allocator, scu__source *source, const scu__head *head,
                            const scu__transfer_syntax *to, scu__producer **out, scu_error *error);
/* The same bytes, deflated: `head` says Explicit LE. Errors as above. */
scu_result scu__deflate_new(const scu_allocator *allocator, scu__source *source, const scu__head *head,
                            scu__producer **out, scu_error *error);

#endif
