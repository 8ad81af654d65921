/* New UIDs (PS3.5 B.2). */
#ifndef SCU_IO_NEW_UID_H
#define SCU_IO_NEW_UID_H

#include "base/values.h"

/* A UID of the 2.25 arc from a random UUID. False without randomness; *uid is "" then. */
bool scu__uid_make(scu__uid *uid);

#endif
