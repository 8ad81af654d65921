/* Bytes nobody can guess, from the system. */
#ifndef SCU_IO_RANDOM_H
#define SCU_IO_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* False when the system has none to give. */
bool scu__random_bytes(void *to, size_t length);

#endif
