/* Integers to and from bytes in a stated order; no alignment needed. */
#ifndef SCU_BASE_ENDIAN_H
#define SCU_BASE_ENDIAN_H

#include <stdint.h>

static inline uint16_t scu__load_u16be(const uint8_t *p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint16_t scu__load_u16le(const uint8_t *p) {
  return (uint16_t)(p[1] << 8 | p[0]);
}
static inline uint32_t scu__load_u32be(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint32_t scu__load_u32le(const uint8_t *p) {
  return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}
static inline void scu__store_u16be(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}
static inline void scu__store_u16le(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
}
static inline void scu__store_u32be(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v >> 24);
  p[1] = (uint8_t)(v >> 16);
  p[2] = (uint8_t)(v >> 8);
  p[3] = (uint8_t)v;
}
static inline void scu__store_u32le(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
  p[2] = (uint8_t)(v >> 16);
  p[3] = (uint8_t)(v >> 24);
}

#endif
