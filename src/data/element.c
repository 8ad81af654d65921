/* Element headers (PS3.5 7.1.2, 7.1.3): decode and encode of tag, VR and length. */
#include "data/element.h"

#include "base/endian.h"
#include "data/vr.h"

static scu_tag load_tag(scu__encoding encoding, const uint8_t *p) {
  if (encoding.is_big_endian) return SCU_TAG(scu__load_u16be(p), scu__load_u16be(p + 2));
  return SCU_TAG(scu__load_u16le(p), scu__load_u16le(p + 2));
}

static uint32_t load_u32(scu__encoding encoding, const uint8_t *p) {
  return encoding.is_big_endian ? scu__load_u32be(p) : scu__load_u32le(p);
}

static uint16_t load_u16(scu__encoding encoding, const uint8_t *p) {
  return encoding.is_big_endian ? scu__load_u16be(p) : scu__load_u16le(p);
}

/* PS3.5 7.5: items and delimiters have no VR, whatever the encoding. */
static bool has_vr_field(scu__encoding encoding, scu_tag tag) {
  return !encoding.is_implicit_vr && SCU_TAG_GROUP(tag) != 0xFFFE;
}

scu_result scu__element_header_read(scu__encoding encoding, const uint8_t *bytes, size_t length,
                                    scu__element_header *header) {
  *header = (scu__element_header){.size = 8};
  if (length >= 4) header->tag = load_tag(encoding, bytes);
  if (length < 8) return SCU_MORE;
  if (!has_vr_field(encoding, header->tag)) {
    header->length = load_u32(encoding, bytes + 4);
    return SCU_OK;
  }
  header->vr = (scu_vr)(bytes[4] << 8 | bytes[5]);
  if (!scu__vr_is_plausible(header->vr) && !scu__vr_is_blank(header->vr)) return SCU_ERROR_MALFORMED;
  if (scu__vr_is_blank(header->vr) || !scu__vr_has_long_length(header->vr)) {
    header->length = load_u16(encoding, bytes + 6);
    return SCU_OK;
  }
  header->size = SCU__ELEMENT_HEADER_MAX;
  if (length < SCU__ELEMENT_HEADER_MAX) return SCU_MORE;
  header->length = load_u32(encoding, bytes + 8);
  return SCU_OK;
}

scu_vr scu__element_written_vr(scu_vr vr, uint32_t length) {
  if (vr == SCU_VR_NONE || scu__vr_is_blank(vr)) return SCU_VR_UN;
  return length > UINT16_MAX && !scu__vr_has_long_length(vr) ? SCU_VR_UN : vr;
}

static void put_u16(scu__buffer *buffer, scu__encoding encoding, uint16_t value) {
  if (encoding.is_big_endian)
    scu__put_u16be(buffer, value);
  else
    scu__put_u16le(buffer, value);
}

static void put_u32(scu__buffer *buffer, scu__encoding encoding, uint32_t value) {
  if (encoding.is_big_endian)
    scu__put_u32be(buffer, value);
  else
    scu__put_u32le(buffer, value);
}

void scu__element_header_write(scu__buffer *buffer, scu__encoding encoding, const scu__element_header *header) {
  put_u16(buffer, encoding, SCU_TAG_GROUP(header->tag));
  put_u16(buffer, encoding, SCU_TAG_ELEMENT(header->tag));
  if (!has_vr_field(encoding, header->tag)) {
    put_u32(buffer, encoding, header->length);
    return;
  }
  scu_vr vr = scu__element_written_vr(header->vr, header->length);
  scu__put_u16be(buffer, vr);
  if (scu__vr_has_long_length(vr)) {
    scu__put_u16be(buffer, 0);
    put_u32(buffer, encoding, header->length);
  } else {
    put_u16(buffer, encoding, (uint16_t)header->length);
  }
}
