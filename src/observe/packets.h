/* The packets that a TCP connection could have consisted of: we see its bytes, not its packets. Nothing is lost,
 * repeated or out of order, and every byte is acknowledged with the next packet the other way. */
#ifndef SCU_OBSERVE_PACKETS_H
#define SCU_OBSERVE_PACKETS_H

#include "base/buffer.h"
#include "base/trace.h"

enum {
  SCU__PACKET_HEADERS_MAX = 40 + 20,        /* IPv6 and TCP */
  SCU__PACKET_PAYLOAD_MAX = 65535 - 20 - 20 /* what fits into either kind */
};

typedef struct scu__packets {
  scu__trace_ends ends;
  uint32_t next[2]; /* sequence number of the next byte: theirs, ours */
} scu__packets;

typedef enum scu__packet_flags {
  SCU__TCP_FIN = 0x01,
  SCU__TCP_SYN = 0x02,
  SCU__TCP_PSH = 0x08,
  SCU__TCP_ACK = 0x10
} scu__packet_flags;

void scu__packets_init(scu__packets *packets, const scu__trace_ends *ends);
size_t scu__packets_headers(const scu__packets *packets); /* bytes of both headers */
/* The headers of the next packet, and the numbers go on. length: at most SCU__PACKET_PAYLOAD_MAX. */
void scu__packets_put(scu__packets *packets, scu__buffer *buffer, bool is_sent, unsigned flags, const uint8_t *payload,
                      size_t length);

#endif
