/* IPv4 (RFC 791), IPv6 (RFC 8200) and TCP (RFC 9293) headers with their checksums. */
#include "observe/packets.h"

#include <string.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20, PROTOCOL_TCP = 6, HOPS = 64, WINDOW = 65535 };

void scu__packets_init(scu__packets *packets, const scu__trace_ends *ends) {
  *packets = (scu__packets){.ends = *ends};
}

size_t scu__packets_headers(const scu__packets *packets) {
  return (packets->ends.is_v6 ? IPV6_HEADER : IPV4_HEADER) + TCP_HEADER;
}

/* The Internet checksum (RFC 1071), before it is folded; a run of odd length ends a number. */
static uint64_t add_up(uint64_t sum, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i + 1 < length; i += 2) sum += (uint64_t)bytes[i] << 8 | bytes[i + 1];
  return length % 2 ? sum + ((uint64_t)bytes[length - 1] << 8) : sum;
}

static uint16_t fold(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
  return (uint16_t)~sum;
}

static void set_16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put_ipv4(scu__buffer *buffer, const uint8_t *from, const uint8_t *to, size_t length) {
  size_t start = buffer->length;
  scu__put_u16be(buffer, 0x4500); /* version 4, five words */
  scu__put_u16be(buffer, (uint16_t)(IPV4_HEADER + length));
  scu__put_u32be(buffer, 0x00004000); /* not to be fragmented */
  scu__put_u8(buffer, HOPS);
  scu__put_u8(buffer, PROTOCOL_TCP);
  scu__put_u16be(buffer, 0);
  scu__put_bytes(buffer, from, 4);
  scu__put_bytes(buffer, to, 4);
  if (scu__buffer_result(buffer) != SCU_OK) return;
  set_16(buffer->data + start + 10, fold(add_up(0, buffer->data + start, IPV4_HEADER)));
}

static void put_ipv6(scu__buffer *buffer, const uint8_t *from, const uint8_t *to, size_t length) {
  scu__put_u32be(buffer, 0x60000000); /* version 6 */
  scu__put_u16be(buffer, (uint16_t)length);
  scu__put_u8(buffer, PROTOCOL_TCP);
  scu__put_u8(buffer, HOPS);
  scu__put_bytes(buffer, from, 16);
  scu__put_bytes(buffer, to, 16);
}

void scu__packets_put(scu__packets *packets, scu__buffer *buffer, bool is_sent, unsigned flags, const uint8_t *payload,
                      size_t length) {
  const scu__trace_ends *ends = &packets->ends;
  const uint8_t *from = is_sent ? ends->local : ends->peer, *to = is_sent ? ends->peer : ends->local;
  size_t address = ends->is_v6 ? 16 : 4, segment = TCP_HEADER + length;
  if (ends->is_v6)
    put_ipv6(buffer, from, to, segment);
  else
    put_ipv4(buffer, from, to, segment);
  size_t start = buffer->length;
  scu__put_u16be(buffer, is_sent ? ends->local_port : ends->peer_port);
  scu__put_u16be(buffer, is_sent ? ends->peer_port : ends->local_port);
  scu__put_u32be(buffer, packets->next[is_sent]);
  scu__put_u32be(buffer, flags & SCU__TCP_ACK ? packets->next[!is_sent] : 0);
  scu__put_u16be(buffer, (uint16_t)(TCP_HEADER / 4 << 12 | flags));
  scu__put_u16be(buffer, WINDOW);
  scu__put_u32be(buffer, 0); /* checksum, urgent pointer */
  packets->next[is_sent] += (uint32_t)length + (flags & (SCU__TCP_SYN | SCU__TCP_FIN) ? 1 : 0);
  if (scu__buffer_result(buffer) != SCU_OK) return;
  uint64_t sum = add_up(add_up(PROTOCOL_TCP + segment, from, address), to, address);
  sum = add_up(add_up(sum, buffer->data + start, TCP_HEADER), payload, length);
  set_16(buffer->data + start + 16, fold(sum));
}
