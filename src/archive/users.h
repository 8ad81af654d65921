/* Who may use the archive (PS3.7 D.3.3.7): names, with passcodes or without. */
#ifndef SCU_ARCHIVE_USERS_H
#define SCU_ARCHIVE_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "ul/pdu.h"

typedef struct scu__archive_user scu__archive_user; /* a list; NULL = empty */

/* passcode NULL: the name alone. The same name again is another way in. MEMORY. */
scu_result scu__archive_users_add(scu__archive_user **users, const scu_allocator *allocator, const char *name,
                                  const void *passcode, size_t length);
void scu__archive_users_free(scu__archive_user *users, const scu_allocator *allocator);
/* A name that is known without passcode, alone; or one that is known with just this passcode. Tokens are not known. */
bool scu__archive_users_know(const scu__archive_user *users, const scu__user_identity *identity);

#endif
