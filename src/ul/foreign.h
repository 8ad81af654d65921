/* Guesses who is speaking when the first bytes are no PDU. */
#ifndef SCU_UL_FOREIGN_H
#define SCU_UL_FOREIGN_H

#include <stdint.h>

typedef struct scu__foreign {
  const char *name; /* "TLS", "HTTP", ...; static storage */
  const char *hint;
} scu__foreign;

/* NULL when nothing is recognised. */
const scu__foreign *scu__foreign_recognise(const uint8_t bytes[6]);

#endif
