/* The seam between a link and its bytes, so that TLS can come later. TCP is the first backend.
 *
 * A transport belongs to one loop. Nothing here blocks, raises SIGPIPE or retries by itself. */
#ifndef SCU_IO_TRANSPORT_H
#define SCU_IO_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/allocator.h"

typedef struct scu__slice {
  const uint8_t *data;
  size_t length;
} scu__slice;

enum { SCU__SLICES_MAX = 256 /* of one send; more are left for the next */ };

typedef struct scu__transport scu__transport;
struct scu__transport {
  size_t size;
  /* One vectored send in order. SCU_OK with *sent >= 1 (possibly less than offered), SCU_PENDING with *sent = 0 when
   * the connection takes nothing now, CLOSED when the peer is gone, STORAGE when the bytes of a slice are not there
   * (any more), else TRANSPORT. Empty slices are allowed. */
  scu_result (*send)(scu__transport *self, const scu__slice *slices, size_t count, size_t *sent, scu_error *error);
  /* SCU_OK with 1..room bytes, SCU_PENDING (would block), SCU_END (orderly close by the peer), CLOSED (reset), else
   * TRANSPORT. Less than `room` need not mean that nothing is left: read until PENDING or wait for the poller. */
  scu_result (*receive)(scu__transport *self, uint8_t *to, size_t room, size_t *got, scu_error *error);
  /* Bytes that wait inside the transport and that the poller cannot see; may be NULL = always 0. For TLS, whose records
   * come whole: TCP has none, so the link does not ask yet. */
  size_t (*buffered)(const scu__transport *self);
  /* Acknowledge at once what has come: a peer that leaves Nagle's algorithm on holds the rest of a message back until
   * then, 40 ms otherwise. Best effort; may be NULL. */
  void (*acknowledge)(scu__transport *self);
  /* Closes the descriptor and frees the transport. */
  void (*close)(scu__transport *self);
  /* Like close, but the peer sees a reset. */
  void (*reset)(scu__transport *self);
  int fd; /* what the poller watches */
};

/* Takes over a connected descriptor: on SCU_OK the transport closes it; on error it stays the caller's. */
scu_result scu__transport_tcp_new(int fd, const scu_allocator *allocator, scu__transport **out, scu_error *error);

#endif
