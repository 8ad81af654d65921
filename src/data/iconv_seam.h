/* The one door to iconv: converters between UTF-8 and a stateless encoding. No transliteration, so no locale. */
#ifndef SCU_DATA_ICONV_SEAM_H
#define SCU_DATA_ICONV_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero = not open yet; safe to close. */
typedef struct scu__iconv {
  void *descriptor;
  bool is_open;
  bool has_failed; /* this C library does not know the encoding */
} scu__iconv;

typedef enum scu__iconv_stop {
  SCU__ICONV_DONE, /* all input was taken */
  SCU__ICONV_FULL, /* the output is full */
  SCU__ICONV_BAD   /* the input at hand is invalid, cut off, or cannot be represented; it was not taken */
} scu__iconv_stop;

/* Opens at the first call only. False when the encoding is not to be had. Takes memory from malloc, as iconv does. */
bool scu__iconv_open(scu__iconv *converter, const char *to, const char *from);
void scu__iconv_close(scu__iconv *converter);
/* Moves both pointers over what was converted. Characters that would only come out as a substitute are BAD. */
scu__iconv_stop scu__iconv_step(scu__iconv *converter, const uint8_t **from, size_t *from_left, uint8_t **to,
                                size_t *to_left);

#endif
