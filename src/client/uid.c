/* New UIDs for users. */
#include "scu/uid.h"

#include <string.h>

#include "io/new_uid.h"

scu_result scu_uid_new(char *to, size_t room) {
  scu__uid uid;
  if (room > 0) to[0] = 0;
  if (room < SCU_UID_ROOM) return SCU_ERROR_USAGE;
  if (!scu__uid_make(&uid)) return SCU_ERROR_UNSUPPORTED;
  memcpy(to, uid.text, sizeof uid.text);
  return SCU_OK;
}
