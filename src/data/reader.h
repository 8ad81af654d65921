/* Streaming pull reader of datasets (PS3.5 7): push bytes as they come, pull tokens that are slices of them.
 *
 * Constant memory: a header split between pushes is carried in 12 bytes, nesting is an explicit stack of
 * SCU__NESTING_MAX sequences, values are handed out piece by piece and never kept. Does not read file meta, does not
 * inflate, does not decode values. Accepted in silence: odd lengths, tags out of order or twice, any mix of defined and
 * undefined lengths, group lengths and trailing padding (which come as elements). */
#ifndef SCU_DATA_READER_H
#define SCU_DATA_READER_H

#include "base/error.h"
#include "base/limits.h"
#include "data/element.h"

typedef enum scu__token_kind {
  SCU__TOKEN_ELEMENT = 1, /* then 1..n VALUE, the last one with is_last; an empty value gives one empty VALUE */
  SCU__TOKEN_VALUE,
  SCU__TOKEN_SEQUENCE_BEGIN,
  SCU__TOKEN_ITEM_BEGIN,
  SCU__TOKEN_ITEM_END,
  SCU__TOKEN_SEQUENCE_END,
  SCU__TOKEN_FRAGMENTS_BEGIN, /* encapsulated Pixel Data (PS3.5 A.4); the first fragment is the offset table */
  SCU__TOKEN_FRAGMENT,        /* then 1..n VALUE, as ELEMENT */
  SCU__TOKEN_FRAGMENTS_END
} scu__token_kind;

typedef struct scu__token {
  scu__token_kind kind;
  scu_tag tag; /* of the element; of the sequence for SEQUENCE_*, ITEM_*, and of Pixel Data for FRAGMENT* */
  /* As encoded; in implicit VR what the dictionary says, "US or SS" settled by the Pixel Representation in scope.
   * A sequence that was encoded as UN with undefined length keeps UN: its content is implicit VR little endian. */
  scu_vr vr;
  /* As declared: of the value, sequence or item, SCU__UNDEFINED_LENGTH possible. On *_END the length of what ends
   * (undefined = there was a delimiter); on VALUE that of the whole value. */
  uint32_t length;
  unsigned depth;  /* sequences open around it: 0 = top level; items and fragments 1 more than their sequence */
  uint64_t offset; /* of the header in the stream, or of the end of what ends without a delimiter; VALUE: of bytes */
  const uint8_t *bytes; /* VALUE only: valid until the next push */
  size_t size;
  bool is_last;            /* VALUE only: no more of this value follows */
  scu__encoding encoding;  /* in which header and value are encoded */
  uint16_t bits_allocated; /* (0028,0100) seen so far in this item or around it; 0 = none */
} scu__token;

typedef struct scu__reader_options {
  uint64_t first_offset; /* offset of the first byte pushed: token and error offsets count from here */
  uint64_t total_length; /* bytes that will come in all, if known: an element beyond them fails at its header; 0 = not
                            known */
  scu_phase phase;       /* for errors; NONE = FILE */
  /* Bytes after the dataset (zeros, and after Pixel Data anything that is no further element) are normally taken for
   * padding: the reader ends there, see scu__reader_trailing_offset. Set to refuse them. */
  bool is_strict_end;
  /* For walks that only want to know whether the stream is whole. Set: what is nested deeper than SCU__NESTING_MAX is
   * no error at once. It is followed to its end by counting what is open: what has a defined length comes as the value
   * of one ELEMENT, sequences too; depth says no more than that it is deep. See scu__reader_check_depth. */
  bool counts_deep_levels;
} scu__reader_options;

/* One open sequence. Private to the reader, in the header so that a reader can live inside other things. */
typedef struct scu__reader_level {
  scu_tag tag;
  scu_vr vr;
  uint32_t length, item_length; /* as declared */
  uint64_t offset;              /* of the sequence's header */
  uint64_t end, item_end;       /* stream offsets; UINT64_MAX = undefined length */
  scu__encoding outer, inner;   /* of the sequence's header, of its content */
  uint16_t outer_bits_allocated;
  bool is_outer_signed; /* Pixel Representation around the open item, to return to */
  bool is_in_item;
} scu__reader_level;

typedef struct scu__reader {
  scu__encoding encoding; /* in force now */
  scu__reader_options options;
  uint8_t state;
  unsigned depth;                                 /* levels in use */
  scu__reader_level levels[SCU__NESTING_MAX + 1]; /* one more for fragments in the deepest item */
  const uint8_t *input;
  size_t input_left;
  uint64_t position; /* stream offset of the next byte to be understood; carried ones count as not yet */
  uint64_t limit;    /* first_offset + total_length, or UINT64_MAX */
  uint8_t carry[SCU__ELEMENT_HEADER_MAX];
  uint8_t carry_size;
  bool is_finished;
  bool is_cut;
  bool has_seen_pixel_data, has_seen_element;
  bool is_fragments; /* the innermost level is Pixel Data */
  /* Sequences and items of undefined length that are open inside levels[SCU__NESTING_MAX - 1]. They take turns, so odd
   * is in a sequence, even in an item. */
  uint64_t deep_count;
  uint64_t deep_un_count;   /* deep_count inside the outermost of them that was encoded as UN; 0 = none */
  scu__encoding deep_outer; /* around that one */
  scu_tag deep_tag;         /* of the first sequence that was too deep, */
  uint64_t deep_offset;     /* and where it begins; UINT64_MAX = none */
  uint8_t trailing_seen;    /* letters of "DICM" seen after trailing zeros */
  scu__token current;       /* the element whose value is being read */
  uint64_t value_left;
  uint8_t captured[2], captured_size; /* of (0028,0100) and (0028,0103) */
  bool is_signed;
  uint16_t bits_allocated;
  uint64_t trailing_offset;
  scu_result failure; /* sticky */
  scu_error fault;
} scu__reader;

/* No memory is allocated and nothing needs to be freed. options may be NULL. About 10 KiB: not for small stacks. */
void scu__reader_init(scu__reader *reader, scu__encoding encoding, const scu__reader_options *options);

/* The next bytes of the stream. Borrowed until next returns SCU_MORE; only then (or before the first next, or after
 * skip_value returned) may more be pushed. */
void scu__reader_push(scu__reader *reader, const uint8_t *bytes, size_t length);
/* There is no more input: what is still open is an error. */
void scu__reader_finish(scu__reader *reader);

/* SCU_OK and a token; SCU_MORE: push or finish; SCU_END: the dataset is complete. Errors are sticky: MALFORMED (tag,
 * offset, reason), LIMIT (nesting). */
scu_result scu__reader_next(scu__reader *reader, scu__token *token, scu_error *error);

/* Right after ELEMENT or FRAGMENT (the error is USAGE elsewhere): no VALUE will follow. Returns in *count how many
 * bytes after those already pushed belong to the value: the caller passes over them (no push) and goes on pushing
 * behind. Bits Allocated and Pixel Representation should not be skipped where VRs matter. */
scu_result scu__reader_skip_value(scu__reader *reader, uint64_t *count);

/* With counts_deep_levels: LIMIT, and where, when something was nested too deep. */
scu_result scu__reader_check_depth(const scu__reader *reader, scu_error *error);
/* True when the reader failed because the stream ends too early (finish or total_length), not because it is wrong. */
bool scu__reader_is_cut(const scu__reader *reader);
/* Where bytes begin that are no part of the dataset; UINT64_MAX = none were seen. Set when next returns SCU_END. */
uint64_t scu__reader_trailing_offset(const scu__reader *reader);

#endif
