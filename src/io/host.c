/* gethostname and getpid. */
#define _GNU_SOURCE
#include "io/host.h"

#include <stdio.h>
#include <unistd.h>

const char *scu__host_name(char name[SCU__HOST_NAME_MAX]) {
  if (gethostname(name, SCU__HOST_NAME_MAX) != 0) name[0] = 0;
  name[SCU__HOST_NAME_MAX - 1] = 0;
  if (!name[0]) snprintf(name, SCU__HOST_NAME_MAX, "localhost");
  return name;
}

long scu__process_id(void) {
  return (long)getpid();
}
