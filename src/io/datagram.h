/* Where lines go that others write down: the datagram socket of a daemon on this machine, or a descriptor that is open
 * already. Nobody waits for a reader that does not read. Not for many threads at once. */
#ifndef SCU_IO_DATAGRAM_H
#define SCU_IO_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/clock.h"

typedef struct scu__datagram {
  const char *path; /* of the socket; the caller's */
  const scu__clock *clock;
  int fd; /* -1: nobody is there */
  uint64_t tried_ms;
} scu__datagram;

/* USAGE when no socket can have that path. Nobody needs to be there yet. */
scu_result scu__datagram_open(scu__datagram *datagram, const char *path, const scu__clock *clock, scu_error *error);
void scu__datagram_close(scu__datagram *datagram);
/* False: it is lost. A daemon that was not there is looked for again once a second. */
bool scu__datagram_send(scu__datagram *datagram, const void *bytes, size_t length);

/* A line to a terminal, file, pipe or socket. A pipe takes 4096 bytes (PIPE_BUF) or less whole or not at all; of a
 * longer line, or elsewhere, a part may be there. False: it took none, or no more, for wait_ms. */
bool scu__descriptor_write_line(int fd, const void *bytes, size_t length, unsigned wait_ms);

#endif
