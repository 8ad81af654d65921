/* The only file that calls iconv. All encodings used here are stateless, so a converter may stop and go on anywhere. */
#include "data/iconv_seam.h"

#include <errno.h>
#include <iconv.h>

bool scu__iconv_open(scu__iconv *converter, const char *to, const char *from) {
  if (converter->is_open || converter->has_failed) return converter->is_open;
  iconv_t descriptor = iconv_open(to, from);
  converter->is_open = descriptor != (iconv_t)-1; /* POSIX: this value is the failure */
  converter->has_failed = !converter->is_open;
  if (converter->is_open) converter->descriptor = (void *)descriptor;
  return converter->is_open;
}

void scu__iconv_close(scu__iconv *converter) {
  if (converter->is_open) iconv_close((iconv_t)converter->descriptor);
  *converter = (scu__iconv){0};
}

scu__iconv_stop scu__iconv_step(scu__iconv *converter, const uint8_t **from, size_t *from_left, uint8_t **to,
                                size_t *to_left) {
  /* iconv's prototype takes char ** for input that it does not write to. */
  char *in = (char *)(uintptr_t)*from;
  char *out = (char *)*to;
  size_t substituted = iconv((iconv_t)converter->descriptor, &in, from_left, &out, to_left);
  *from = (const uint8_t *)in;
  *to = (uint8_t *)out;
  if (substituted == (size_t)-1) return errno == E2BIG ? SCU__ICONV_FULL : SCU__ICONV_BAD;
  return substituted == 0 ? SCU__ICONV_DONE : SCU__ICONV_BAD;
}
