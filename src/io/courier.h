/* Carries messages to one place for whoever must not wait: datagrams (UDP), or a TCP connection that is made anew when
 * it is lost, on a thread of its own behind a bounded queue. What cannot be delivered is counted. */
#ifndef SCU_IO_COURIER_H
#define SCU_IO_COURIER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/allocator.h"

typedef struct scu__courier scu__courier;

typedef enum scu__courier_kind {
  SCU__COURIER_UDP, /* one message, one datagram */
  SCU__COURIER_TCP  /* one behind the other, as they are: who reads them must know where each ends */
} scu__courier_kind;

enum {
  SCU__COURIER_MESSAGES_MAX = 4096, /* that wait */
  SCU__COURIER_BYTES_MAX = 8 * 1024 * 1024,
  SCU__COURIER_DATAGRAM_MAX = 65507 /* IPv4, the headers taken off */
};

/* Looks the name up, which may block; connects later. Where nobody is, it is looked up anew, every few seconds: it may
 * have moved. TRANSPORT (no such name), LIMIT (no thread), MEMORY. */
scu_result scu__courier_open(scu__courier_kind kind, const char *host, uint16_t port, const scu_allocator *allocator,
                             scu__courier **out, scu_error *error);
/* Copies it; never waits for the network; any thread. LIMIT: too much is waiting, MEMORY: it is counted as lost. */
scu_result scu__courier_send(scu__courier *courier, const uint8_t *bytes, size_t length);
/* Messages that were lost so far: not taken, not sent, or sent when nobody was there. Any thread. TCP does not tell of
 * what was under way when a connection broke. */
uint64_t scu__courier_lost(scu__courier *courier);
/* Waits for what is under way, `wait_ms` at most, and counts the rest as lost. Nothing may be sent afterwards. */
void scu__courier_finish(scu__courier *courier, uint64_t wait_ms);
void scu__courier_free(scu__courier *courier); /* finishes at once if nobody did. NULL is allowed */

#endif
