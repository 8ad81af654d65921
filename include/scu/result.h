/* What a call came to. Every fallible function of libscu returns an scu_result.
 *
 * Zero is success, negative is failure, positive is "not now" from a pull interface. The values are frozen; the
 * negative ones are classes a caller can act on, the detail is in the scu_error of the object that was called.
 * A DIMSE status is never an scu_result: it is data, found in responses and reports. */
#ifndef SCU_RESULT_H
#define SCU_RESULT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SCU_API __attribute__((visibility("default")))
#else
#define SCU_API
#endif

typedef int32_t scu_result;

enum {
  SCU_OK = 0,

  SCU_END = 1,     /* pull interfaces: nothing more will come */
  SCU_MORE = 2,    /* push/pull interfaces: feed more input first */
  SCU_PENDING = 3, /* the answer comes later */

  SCU_ERROR_USAGE = -1,         /* the caller broke a documented rule; nothing was done */
  SCU_ERROR_MEMORY = -2,        /* the allocator gave nothing */
  SCU_ERROR_LIMIT = -3,         /* a documented bound would be exceeded */
  SCU_ERROR_TRANSPORT = -4,     /* the network: resolve, connect, send, receive */
  SCU_ERROR_TIMEOUT = -5,       /* a deadline passed */
  SCU_ERROR_CLOSED = -6,        /* the peer closed the connection where the protocol does not allow it */
  SCU_ERROR_REJECTED = -7,      /* A-ASSOCIATE-RJ, or no usable presentation context */
  SCU_ERROR_ABORTED = -8,       /* A-ABORT, from either side */
  SCU_ERROR_PROTOCOL = -9,      /* the peer sent what PS3.7 or PS3.8 forbid */
  SCU_ERROR_UNSUPPORTED = -10,  /* known, but not in this build or version */
  SCU_ERROR_STORAGE = -11,      /* local files: open, read, write, sync, rename, no space */
  SCU_ERROR_VERIFICATION = -12, /* what came is not what was promised */
  SCU_ERROR_CANCELLED = -13,    /* the caller cancelled */
  SCU_ERROR_MALFORMED = -14,    /* bytes that claim to be a DICOM dataset or file and are not */
  SCU_ERROR_SECURITY = -15,     /* TLS or user identity */
  SCU_ERROR_REFUSED = -16 /* the peer answered with a failure status where an operation as a whole depends on it */
};

/* The constant's name without prefix ("LIMIT"), for logs and JSON; "UNKNOWN" for other values. Static storage. */
SCU_API const char *scu_result_name(scu_result result);

#ifdef __cplusplus
}
#endif
#endif
