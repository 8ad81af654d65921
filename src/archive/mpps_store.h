/* Where procedure steps are kept: a file each, written whole or not at all. */
#ifndef SCU_ARCHIVE_MPPS_STORE_H
#define SCU_ARCHIVE_MPPS_STORE_H

#include "archive/mpps.h"

typedef struct scu__mpps_store scu__mpps_store;

/* Makes the folder when it is missing. STORAGE, MEMORY. */
scu_result scu__mpps_store_open(const char *folder, const scu_allocator *allocator, bool is_synced,
                                scu__mpps_store **out, scu_error *error);
/* Nothing may be under way. NULL is allowed. */
void scu__mpps_store_close(scu__mpps_store *store);
/* SCU_END: there is no such step. Any thread. */
scu_result scu__mpps_store_read(const scu__mpps_store *store, const scu__uid *instance, scu_dataset **out,
                                scu_error *error);
/* Makes the step, or takes the place of what was there. SCU_OK: `done` is called once with the result, on any thread,
 * perhaps before this returns. */
scu_result scu__mpps_store_write(scu__mpps_store *store, const scu__uid *instance, const scu__buffer *bytes,
                                 void (*done)(void *user, scu_result result), void *user);

#endif
