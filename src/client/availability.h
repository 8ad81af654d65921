/* Instance Availability (0008,0056), PS3.4 C.4.1.1.3.2: the word and the value. */
#ifndef SCU_CLIENT_AVAILABILITY_H
#define SCU_CLIENT_AVAILABILITY_H

#include "scu/row.h"

/* UNKNOWN for every other word, and for none. */
scu_availability scu__availability_of(const char *text);

#endif
