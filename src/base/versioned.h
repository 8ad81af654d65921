/* Public structs that grow at their end. Whoever fills one puts the sizeof of the version he was compiled with into
 * `size_t size`, its first member; the library reads no further. A new member never goes into the padding of an older
 * version. */
#ifndef SCU_BASE_VERSIONED_H
#define SCU_BASE_VERSIONED_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "scu/result.h"

/* The bytes of a struct up to and with that member: with the last member of the first release, the least `size`. */
#define SCU__SIZE_THROUGH(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* For structs that are read where they are. False for NULL. */
static inline bool scu__versioned_reaches(const void *from, size_t least) {
  size_t size = 0;
  if (from) memcpy(&size, from, sizeof size);
  return size >= least;
}

/* Lays what the caller's version has over *to, a struct of `size` bytes that holds the defaults. USAGE when *from is
 * shorter than `least`; then *to is as it was. */
static inline scu_result scu__versioned_copy(void *to, size_t size, const void *from, size_t least) {
  if (!scu__versioned_reaches(from, least)) return SCU_ERROR_USAGE;
  size_t theirs = 0;
  memcpy(&theirs, from, sizeof theirs);
  memcpy(to, from, theirs < size ? theirs : size);
  memcpy(to, &size, sizeof size);
  return SCU_OK;
}

#endif
