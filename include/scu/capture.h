/* A capture file: what went over the wire, as Wireshark reads it. PDUs are written as they were sent and received, in
 * packets of our own making (addresses and ports are real, the division into packets is not), so it works without
 * rights, on busy ports and, once a connection is secure, with what was said inside.
 *
 * It holds patient data by nature. The file is made for nobody but its owner (0600); passcodes, tokens and the answers
 * to them (PS3.7 D.3.3.7) are written as x, the user name is not. */
#ifndef SCU_CAPTURE_H
#define SCU_CAPTURE_H

#include "scu/allocator.h"
#include "scu/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_capture scu_capture;

/* An existing file is emptied; a symbolic link is refused. Hand it to sessions, listeners and archives with
 * SCU_OPTION_CAPTURE: any number of them, on any threads; it must outlive them. A handle comes back with the error in
 * it (except for MEMORY); such a capture writes nothing. Errors: USAGE, STORAGE, MEMORY. */
SCU_API scu_result scu_capture_new(const scu_allocator *allocator, const char *path, scu_capture **out);
/* SCU_OK; or STORAGE when a packet could not be written (a full disk), MEMORY when one could not be made: nothing is
 * written from there on, what stands in the file can be read, and what is being captured goes on. Any thread. */
SCU_API scu_result scu_capture_result(const scu_capture *capture);
/* Why scu_capture_new failed; of a later fault only scu_capture_result tells. Valid until scu_capture_free. */
SCU_API const scu_error *scu_capture_error(const scu_capture *capture);
SCU_API void scu_capture_free(scu_capture *capture); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
