/* The header of one data element: tag, VR, length (PS3.5 7.1), in all three encodings of the Standard.
 *
 * Shared by datasets, file meta groups and command sets. Knows nothing of values, nesting or the dictionary. */
#ifndef SCU_DATA_ELEMENT_H
#define SCU_DATA_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "scu/types.h"

typedef struct scu__encoding {
  bool is_implicit_vr;
  bool is_big_endian;
} scu__encoding;

#define SCU__IMPLICIT_LE ((scu__encoding){.is_implicit_vr = true, .is_big_endian = false})
#define SCU__EXPLICIT_LE ((scu__encoding){.is_implicit_vr = false, .is_big_endian = false})
#define SCU__EXPLICIT_BE ((scu__encoding){.is_implicit_vr = false, .is_big_endian = true})

#define SCU__UNDEFINED_LENGTH UINT32_MAX

#define SCU__TAG_ITEM               SCU_TAG(0xFFFE, 0xE000)
#define SCU__TAG_ITEM_DELIMITER     SCU_TAG(0xFFFE, 0xE00D)
#define SCU__TAG_SEQUENCE_DELIMITER SCU_TAG(0xFFFE, 0xE0DD)
#define SCU__TAG_PIXEL_DATA         SCU_TAG(0x7FE0, 0x0010)
#define SCU__TAG_TRAILING_PADDING   SCU_TAG(0xFFFC, 0xFFFC)

enum { SCU__ELEMENT_HEADER_MAX = 12 };

typedef struct scu__element_header {
  scu_tag tag;
  scu_vr vr;       /* as found; NONE in implicit VR and for group FFFE */
  uint32_t length; /* of the value; SCU__UNDEFINED_LENGTH is possible for any VR here: the reader judges */
  uint8_t size;    /* bytes of the header itself: 8 or 12 */
} scu__element_header;

/* Left blank by some writers ("  " or "??"), which then use a 16-bit length: read so, and to be treated as UN. */
static inline bool scu__vr_is_blank(scu_vr vr) {
  return vr == SCU_VR(' ', ' ') || vr == SCU_VR('?', '?');
}

/* SCU_MORE when bytes are missing (at most SCU__ELEMENT_HEADER_MAX are ever needed). Group FFFE never has a VR. Two
 * upper-case letters that are no VR we know are kept and read in the 32-bit form, as PS3.5 7.1.2 reserves it; the two
 * reserved bytes are not checked. Anything else in place of a VR, but for a blank one, is SCU_ERROR_MALFORMED: nothing
 * tells which form the length has. On MORE and MALFORMED the tag is filled in when its 4 bytes were there (else 0). */
scu_result scu__element_header_read(scu__encoding encoding, const uint8_t *bytes, size_t length,
                                    scu__element_header *header);

/* What an explicit VR header has to say for this VR and length: the VR itself, or UN where a 16-bit length field is too
 * short for the value (PS3.5 6.2.2; RULES 4), or where the VR is NONE or blank. */
scu_vr scu__element_written_vr(scu_vr vr, uint32_t length);

/* Writes the header in the given encoding; `size` is not looked at. Failure is sticky in the buffer. */
void scu__element_header_write(scu__buffer *buffer, scu__encoding encoding, const scu__element_header *header);

#endif
