/* Blocks: type, whole length, body padded to 4 bytes, whole length again; in our byte order, which the section says. */
#include "observe/pcapng.h"

#include <string.h>

enum {
  BLOCK_SECTION = 0x0A0D0D0A,
  BLOCK_INTERFACE = 1,
  BLOCK_PACKET = 6, /* enhanced */
  BYTE_ORDER_MAGIC = 0x1A2B3C4D,
  LINKTYPE_RAW = 101, /* IPv4 or IPv6, told apart by the version in their first byte */
  OPTION_END = 0,
  OPTION_APPLICATION = 4, /* of a section */
  OPTION_TIME_UNIT = 9,   /* of an interface: 10 to the minus n seconds */
  BLOCK_OVERHEAD = 12,    /* type and both lengths */
  PACKET_FIXED = 20,      /* interface, time, both lengths of the packet */
  APPLICATION_MAX = 200
};

static size_t padded(size_t length) {
  return (length + 3) & ~(size_t)3;
}

static void put_option(scu__buffer *buffer, uint16_t code, const void *value, size_t length) {
  scu__put_u16le(buffer, code);
  scu__put_u16le(buffer, (uint16_t)length);
  scu__put_bytes(buffer, value, length);
  scu__put_fill(buffer, 0, padded(length) - length);
}

void scu__pcapng_put_begin(scu__buffer *buffer, const char *application) {
  static const uint8_t nanoseconds = 9;
  size_t name = strlen(application);
  if (name > APPLICATION_MAX) name = APPLICATION_MAX;
  uint32_t section = (uint32_t)(BLOCK_OVERHEAD + 16 + 4 + padded(name) + 4), interface = BLOCK_OVERHEAD + 8 + 8 + 4;
  scu__put_u32le(buffer, BLOCK_SECTION);
  scu__put_u32le(buffer, section);
  scu__put_u32le(buffer, BYTE_ORDER_MAGIC);
  scu__put_u16le(buffer, 1); /* version 1.0 */
  scu__put_u16le(buffer, 0);
  scu__put_fill(buffer, 0xFF, 8); /* the section's length is not known */
  put_option(buffer, OPTION_APPLICATION, application, name);
  put_option(buffer, OPTION_END, NULL, 0);
  scu__put_u32le(buffer, section);

  scu__put_u32le(buffer, BLOCK_INTERFACE);
  scu__put_u32le(buffer, interface);
  scu__put_u16le(buffer, LINKTYPE_RAW);
  scu__put_u16le(buffer, 0);
  scu__put_u32le(buffer, 0); /* packets are whole */
  put_option(buffer, OPTION_TIME_UNIT, &nanoseconds, 1);
  put_option(buffer, OPTION_END, NULL, 0);
  scu__put_u32le(buffer, interface);
}

void scu__pcapng_put_packet(scu__buffer *buffer, uint64_t time_ns, size_t length) {
  scu__put_u32le(buffer, BLOCK_PACKET);
  scu__put_u32le(buffer, (uint32_t)(BLOCK_OVERHEAD + PACKET_FIXED + padded(length)));
  scu__put_u32le(buffer, 0); /* the interface */
  scu__put_u32le(buffer, (uint32_t)(time_ns >> 32));
  scu__put_u32le(buffer, (uint32_t)time_ns);
  scu__put_u32le(buffer, (uint32_t)length);
  scu__put_u32le(buffer, (uint32_t)length);
}

void scu__pcapng_put_packet_end(scu__buffer *buffer, size_t length) {
  scu__put_fill(buffer, 0, padded(length) - length);
  scu__put_u32le(buffer, (uint32_t)(BLOCK_OVERHEAD + PACKET_FIXED + padded(length)));
}
