/* Readiness of many descriptors (epoll). The poller's own descriptor is readable when something is ready, so a host's
 * event loop can watch a whole loop through one descriptor. One thread at a time. */
#ifndef SCU_IO_POLLER_H
#define SCU_IO_POLLER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/allocator.h"

enum { SCU__POLL_READ = 1, SCU__POLL_WRITE = 2, SCU__POLL_HANGUP = 4 /* reported only: error or both ends closed */ };

typedef struct scu__poll_event {
  void *user;
  unsigned ready; /* SCU__POLL_*; a hang-up also sets READ and WRITE, so that the next call finds the error */
} scu__poll_event;

typedef struct scu__poller scu__poller;

scu_result scu__poller_new(const scu_allocator *allocator, scu__poller **out, scu_error *error);
void scu__poller_free(scu__poller *poller);
int scu__poller_fd(const scu__poller *poller);

/* Level-triggered. `interest` 0 keeps the descriptor registered but silent, except for one report of a hang-up. */
scu_result scu__poller_add(scu__poller *poller, int fd, unsigned interest, void *user, scu_error *error);
scu_result scu__poller_modify(scu__poller *poller, int fd, unsigned interest, void *user, scu_error *error);
/* Before closing the descriptor. Events of this wait that were already handed out are the caller's to ignore. */
void scu__poller_remove(scu__poller *poller, int fd);
/* Waits at most timeout_ms (UINT64_MAX = for ever, 0 = not at all); *count = 0 on time-out or when a signal came. */
scu_result scu__poller_wait(scu__poller *poller, uint64_t timeout_ms, scu__poll_event *events, size_t room,
                            size_t *count, scu_error *error);

#endif
