/* Which libscu this is. */
#ifndef SCU_VERSION_H
#define SCU_VERSION_H

#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SCU_VERSION "0.1.0"

/* Our Implementation Class UID (PS3.7 D.3.3.2): one constant of our own under the 2.25 arc. */
#define SCU_IMPLEMENTATION_CLASS_UID    "2.25.190466208493137862270838205104918724513"
#define SCU_IMPLEMENTATION_VERSION_NAME "LIBSCU_010"

SCU_API const char *scu_version(void); /* of the library that runs, "0.1.0" */

#ifdef __cplusplus
}
#endif
#endif
