/* What the dumps write into: text in lines, up to a maximum. */
#ifndef SCU_OBSERVE_DUMP_TEXT_H
#define SCU_OBSERVE_DUMP_TEXT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

enum { SCU__DUMP_TEXT_MAX = 64 * 1024 /* of one record: a PDU, a message, a dataset */ };

/* Sticky, like all that goes into a buffer. At most 511 bytes a call. */
void scu__dump_put(scu__buffer *text, const char *format, ...) SCU__PRINTF(2, 3);
/* uid, or what stands for it where it has more than digits and points: a peer may put a name where a UID belongs. */
const char *scu__dump_uid(const char *uid, bool with_phi);
/* A NUL behind it, and the word that there was more, if it came to its maximum. Its result is that of the memory. */
void scu__dump_end(scu__buffer *text);

#endif
