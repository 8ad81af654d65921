/* The pcapng file format (draft-ietf-opsawg-pcapng), as much of it as a trace needs: one section, one interface of raw
 * IP packets, packets with a time in nanoseconds. */
#ifndef SCU_OBSERVE_PCAPNG_H
#define SCU_OBSERVE_PCAPNG_H

#include "base/buffer.h"

/* Section header and interface description. */
void scu__pcapng_put_begin(scu__buffer *buffer, const char *application);
/* A packet block of `length` bytes, which come between the two. */
void scu__pcapng_put_packet(scu__buffer *buffer, uint64_t time_ns, size_t length);
void scu__pcapng_put_packet_end(scu__buffer *buffer, size_t length);

#endif
