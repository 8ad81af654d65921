/* The defined terms. */
#include "client/availability.h"

#include <string.h>

scu_availability scu__availability_of(const char *text) {
  static const char *const words[] = {"", "ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"};
  for (int i = SCU_AVAILABILITY_ONLINE; i <= SCU_AVAILABILITY_UNAVAILABLE; i++)
    if (strcmp(text, words[i]) == 0) return (scu_availability)i;
  return SCU_AVAILABILITY_UNKNOWN;
}
