/* Parts of a key that is a list of UIDs (PS3.4 C.2.2.2.2): some archives take few at once (RULES 20). */
#ifndef SCU_CLIENT_UID_LIST_H
#define SCU_CLIENT_UID_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "scu/dataset.h"

/* UIDs in the list, empty ones counted; 0 for a key that is no UI, or has no value. */
size_t scu__uid_list_count(const scu_element *key);
/* The UIDs from number `first` on, `count` of them or fewer at the end, with the backslashes between them. Borrowed
 * from the element. */
const uint8_t *scu__uid_list_part(const scu_element *key, size_t first, size_t count, size_t *length);

#endif
