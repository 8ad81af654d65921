/* Raw deflate (RFC 1951) both ways, streaming, bounded: the one place that knows zlib.
 *
 * PS3.5 A.5: a deflated dataset is such a stream without header or checksum, padded by one NUL to an even length. */
#ifndef SCU_DATA_INFLATE_H
#define SCU_DATA_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/error.h"

typedef struct scu__inflater scu__inflater;
typedef struct scu__deflater scu__deflater;

/* What a stream may grow to; 0 = the default of the field. A stream is refused when it is longer than output_max, or
 * longer than ratio_floor and more than ratio_max times what went in. */
typedef struct scu__inflate_limits {
  uint64_t output_max;  /* default 64 GiB: no object is longer, but a 64 MiB bomb could be */
  uint64_t ratio_floor; /* default 256 MiB: blank images do reach 1000 : 1, small ones are harmless */
  uint32_t ratio_max;   /* default 250 */
} scu__inflate_limits;

/* limits may be NULL. */
scu_result scu__inflater_new(const scu_allocator *allocator, const scu__inflate_limits *limits, scu__inflater **out);
void scu__inflater_free(scu__inflater *inflater); /* NULL is allowed */

/* Takes bytes from *bytes (advancing it and *length) and gives up to `room`. SCU_OK: *got bytes came, more may;
 * SCU_MORE: all input is taken and nothing came; SCU_END: the stream ended, *bytes is at what follows it; *got may be
 * above 0 in this last call, after it it is 0. MALFORMED: not a deflate stream; LIMIT; MEMORY. */
scu_result scu__inflater_run(scu__inflater *inflater, const uint8_t **bytes, size_t *length, uint8_t *to, size_t room,
                             size_t *got, scu_error *error);

scu_result scu__deflater_new(const scu_allocator *allocator, scu__deflater **out);
void scu__deflater_free(scu__deflater *deflater);

/* The same for compression; is_last says that no input follows what is given now (repeat it until SCU_END). */
scu_result scu__deflater_run(scu__deflater *deflater, const uint8_t **bytes, size_t *length, bool is_last, uint8_t *to,
                             size_t room, size_t *got, scu_error *error);

#endif
