/* getrandom(2), to the last byte. */
#define _GNU_SOURCE
#include "io/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

bool scu__random_bytes(void *to, size_t length) {
  uint8_t *at = to;
  while (length > 0) {
    ssize_t n = getrandom(at, length, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    length -= (size_t)n;
  }
  return true;
}
