/* Time for the loop: monotonic milliseconds, behind a seam so that tests can move the hands themselves. */
#ifndef SCU_IO_CLOCK_H
#define SCU_IO_CLOCK_H

#include <stdint.h>

typedef struct scu__clock {
  uint64_t (*now_ms)(void *user); /* never goes back; does not block; any thread */
  void *user;
} scu__clock;

/* CLOCK_MONOTONIC; static storage. */
const scu__clock *scu__clock_monotonic(void);
/* clock may be NULL: the monotonic one. */
uint64_t scu__clock_now_ms(const scu__clock *clock);
/* Seconds since 1970, for what is written down; never 0. People set this clock: nothing waits by it. */
uint64_t scu__clock_wall_s(void);
uint64_t scu__clock_wall_ns(void); /* nanoseconds since 1970 */

typedef struct scu__calendar {
  unsigned year, month, day, hour, minute, second; /* month 1-12, day 1-31 */
} scu__calendar;

/* UTC; true for any year that has four digits. */
scu__calendar scu__clock_utc(uint64_t wall_s);
scu__calendar scu__clock_local(uint64_t wall_s); /* where the process thinks it is */

#endif
