/* New UIDs, for instances and transactions that begin here. */
#ifndef SCU_UID_H
#define SCU_UID_H

#include <stddef.h>

#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SCU_UID_ROOM = 65 }; /* the longest UID (PS3.5 9.1) and its end */

/* A UID that nobody else has: a random UUID as a decimal number below 2.25 (PS3.5 B.2), at most 44 characters. It says
 * nothing about who made it. `to` has `room` bytes and is NUL-terminated whenever room > 0. USAGE: less room than
 * SCU_UID_ROOM; UNSUPPORTED: the system has no randomness; then `to` is "". */
SCU_API scu_result scu_uid_new(char *to, size_t room);

#ifdef __cplusplus
}
#endif
#endif
