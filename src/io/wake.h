/* Wakes a loop from any thread or signal handler (eventfd). */
#ifndef SCU_IO_WAKE_H
#define SCU_IO_WAKE_H

#include "base/error.h"

typedef struct scu__wake {
  int fd; /* readable after a post, until cleared; -1 = none */
} scu__wake;

scu_result scu__wake_init(scu__wake *wake, scu_error *error);
void scu__wake_free(scu__wake *wake);       /* safe on {-1} */
void scu__wake_post(const scu__wake *wake); /* async-signal-safe; keeps errno */
void scu__wake_clear(const scu__wake *wake);

#endif
