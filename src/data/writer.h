/* Tokens in, bytes of a target encoding out (PS3.5 7, A.1-A.3): the other half of the reader.
 *
 * Streaming: each put appends to `out` what it makes; drain `out` between puts. Values may come in pieces of any size.
 * Two ways of working:
 *   rewrite (default)  Any encoding to any other. Sequences and items get undefined lengths, odd values one pad byte,
 *                      group lengths and (FFFC,FFFC) are dropped. Words are swapped per VR, OB/OW of native Pixel Data
 *                      settled by Bits Allocated, a value too long for its VR goes to UN, UN keeps implicit VR little
 *                      endian inside.
 *   keep_lengths       Same encoding in and out: headers and values exactly as they came. */
#ifndef SCU_DATA_WRITER_H
#define SCU_DATA_WRITER_H

#include "base/buffer.h"
#include "base/error.h"
#include "data/reader.h"

typedef struct scu__writer_options {
  bool keep_lengths;
  scu_phase phase; /* for errors; NONE = FILE */
} scu__writer_options;

typedef struct scu__writer {
  scu__encoding encoding;
  scu__writer_options options;
  scu__buffer *out;
  unsigned depth;    /* sequences open */
  unsigned un_depth; /* depth inside the outermost sequence written as UN; 0 = none */
  bool is_in_value;  /* between ELEMENT or FRAGMENT and the last VALUE */
  bool is_dropping;  /* the value belongs to an element that is left out */
  bool needs_pad;
  uint8_t pad, swap_unit;
  uint8_t carry[8], carry_size; /* part of a word split between pieces */
  bool is_source_big_endian;
  scu_tag tag;
  uint64_t offset;
  uint64_t value_left;
} scu__writer;

/* out is borrowed. options may be NULL. Nothing is allocated but in out. */
void scu__writer_init(scu__writer *writer, scu__encoding target, scu__buffer *out, const scu__writer_options *options);

/* Takes tokens in the order the reader gives them, or made by hand: for ELEMENT the fields kind, tag, vr, length,
 * encoding and bits_allocated count, for VALUE bytes, size and is_last, for SEQUENCE_BEGIN tag, vr and encoding, for
 * the rest kind alone (length too with keep_lengths). USAGE: value bytes that do not add up to the declared length, or
 * ends without a begin. MALFORMED: a value of words cut inside a word that would have to be swapped. UNSUPPORTED:
 * fragments in implicit VR. LIMIT, MEMORY: from out. */
scu_result scu__writer_put(scu__writer *writer, const scu__token *token, scu_error *error);

#endif
