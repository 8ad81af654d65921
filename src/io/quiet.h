/* Writing without SIGXFSZ: a file that has reached the size that the kernel allows us (RLIMIT_FSIZE) raises that
 * signal, which ends the process; it never reaches the host. */
#ifndef SCU_IO_QUIET_H
#define SCU_IO_QUIET_H

#include <signal.h>
#include <stdbool.h>

typedef struct scu__quiet {
  sigset_t before;
} scu__quiet;

/* Around the writes of one thread. is_whole: none of them failed; after a failure the signal is taken back. */
void scu__quiet_begin(scu__quiet *quiet);
void scu__quiet_end(const scu__quiet *quiet, bool is_whole);

#endif
