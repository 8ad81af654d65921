/* The streaming dataset reader: one header or one piece of a value per call, with an explicit stack of open sequences.
 *
 * Every bound is checked at the header, against the innermost end that is known, so nothing is ever skipped or handed
 * out that a parent does not hold. */
#include "data/reader.h"

#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "data/dictionary.h"
#include "data/vr.h"

enum { STATE_HEADER, STATE_VALUE_START, STATE_VALUE, STATE_TRAILING, STATE_END };

#define UNBOUNDED          UINT64_MAX
#define TAG_BITS_ALLOCATED SCU_TAG(0x0028, 0x0100)
#define TAG_PIXEL_REPR     SCU_TAG(0x0028, 0x0103)
#define TAG_FLOAT_PIXELS   SCU_TAG(0x7FE0, 0x0008)
#define TAG_DOUBLE_PIXELS  SCU_TAG(0x7FE0, 0x0009)
#define TAG_FORMAT         "(%04X,%04X)"
#define TAG_ARGUMENTS(tag) (unsigned)SCU_TAG_GROUP(tag), (unsigned)SCU_TAG_ELEMENT(tag)

static const char too_deep[] = "sequences are nested more than 128 deep";

void scu__reader_init(scu__reader *reader, scu__encoding encoding, const scu__reader_options *options) {
  memset(reader, 0, sizeof *reader);
  reader->encoding = encoding;
  if (options) reader->options = *options;
  if (reader->options.phase == SCU_PHASE_NONE) reader->options.phase = SCU_PHASE_FILE;
  reader->position = reader->options.first_offset;
  reader->limit = UNBOUNDED;
  if (reader->options.total_length > 0 && reader->options.total_length < UNBOUNDED - reader->position)
    reader->limit = reader->position + reader->options.total_length;
  reader->trailing_offset = UNBOUNDED;
  reader->deep_offset = UNBOUNDED;
  scu__error_clear(&reader->fault);
}

void scu__reader_push(scu__reader *reader, const uint8_t *bytes, size_t length) {
  if (length == 0 || reader->state == STATE_END) return;
  reader->input = bytes;
  reader->input_left = length;
}

void scu__reader_finish(scu__reader *reader) {
  reader->is_finished = true;
}
scu_result scu__reader_check_depth(const scu__reader *reader, scu_error *error) {
  if (reader->deep_offset == UNBOUNDED) return SCU_OK;
  scu__error_set(error, SCU_ERROR_LIMIT, reader->options.phase, TAG_FORMAT " at offset %" PRIu64 ": %s",
                 TAG_ARGUMENTS(reader->deep_tag), reader->deep_offset, too_deep);
  scu__error_at(error, reader->deep_tag, reader->deep_offset);
  return SCU_ERROR_LIMIT;
}
bool scu__reader_is_cut(const scu__reader *reader) {
  return reader->is_cut;
}
uint64_t scu__reader_trailing_offset(const scu__reader *reader) {
  return reader->trailing_offset;
}

static void take_input(scu__reader *r, size_t count) {
  r->input += count;
  r->input_left -= count;
}

/* Faults */

static scu_result fail(scu__reader *r, scu_result result, scu_tag tag, uint64_t offset, const char *what) {
  scu__error_set(&r->fault, result, r->options.phase, TAG_FORMAT " at offset %" PRIu64 ": %s", TAG_ARGUMENTS(tag),
                 offset, what);
  scu__error_at(&r->fault, tag, offset);
  return r->failure = result;
}

static scu_result malformed(scu__reader *r, scu_tag tag, const char *what) {
  return fail(r, SCU_ERROR_MALFORMED, tag, r->position, what);
}

static scu_result bad_vr(scu__reader *r, scu_tag tag, const uint8_t *bytes) {
  scu__error_set(&r->fault, SCU_ERROR_MALFORMED, r->options.phase,
                 TAG_FORMAT " at offset %" PRIu64 ": bytes %02X %02X are no VR", TAG_ARGUMENTS(tag), r->position,
                 bytes[4], bytes[5]);
  scu__error_at(&r->fault, tag, r->position);
  return r->failure = SCU_ERROR_MALFORMED;
}

/* offset: where that which is cut begins; end: where the input ends. */
static scu_result cut(scu__reader *r, scu_tag tag, uint64_t offset, uint64_t end, const char *what) {
  r->is_cut = true;
  scu__error_set(&r->fault, SCU_ERROR_MALFORMED, r->options.phase,
                 "cut inside %s " TAG_FORMAT " that begins at offset %" PRIu64 ": the data ends at %" PRIu64, what,
                 TAG_ARGUMENTS(tag), offset, end);
  scu__error_at(&r->fault, tag, offset);
  return r->failure = SCU_ERROR_MALFORMED;
}

static scu_result too_long(scu__reader *r, scu_tag tag, uint32_t length, uint64_t bound) {
  if (bound == r->limit) return cut(r, tag, r->position, bound, "the value of");
  scu__error_set(&r->fault, SCU_ERROR_MALFORMED, r->options.phase,
                 TAG_FORMAT " at offset %" PRIu64 ": length %" PRIu32 " runs past its parent, which ends at %" PRIu64,
                 TAG_ARGUMENTS(tag), r->position, length, bound);
  scu__error_at(&r->fault, tag, r->position);
  return r->failure = SCU_ERROR_MALFORMED;
}

/* Bounds */

static scu__reader_level *innermost(scu__reader *r) {
  return r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
}

/* The nearest known end around the current position. A child never reaches past its parent, so the innermost defined
 * length is the tightest; below undefined lengths the search goes outward. */
static uint64_t nearest_end(const scu__reader *r) {
  for (unsigned i = r->depth; i > 0; i--) {
    const scu__reader_level *level = &r->levels[i - 1];
    if (level->is_in_item && level->item_end != UNBOUNDED) return level->item_end;
    if (level->end != UNBOUNDED) return level->end;
  }
  return r->limit;
}

static bool is_pixels(scu_tag tag) {
  return tag == SCU__TAG_PIXEL_DATA || tag == TAG_FLOAT_PIXELS || tag == TAG_DOUBLE_PIXELS;
}

/* Trailing bytes */

static bool all_zero(const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i] != 0) return false;
  return true;
}

/* Groups that no dataset may hold (PS3.5 7.1, 7.8.1); a second file begins with them, and so do runs of 00 and FF. */
static bool is_forbidden_group(uint16_t group) {
  return group < 4 || group == 5 || group == 7 || group == 0xFFFE || group == 0xFFFF;
}

static bool is_plausible(const scu__reader *r, const scu__element_header *header, uint64_t bound) {
  if (is_forbidden_group(SCU_TAG_GROUP(header->tag))) return false;
  if (header->tag > SCU__TAG_PIXEL_DATA) return true;
  if (r->encoding.is_implicit_vr ? !scu__dictionary_find(header->tag) : !scu__vr_find(header->vr)) return false;
  return header->length == SCU__UNDEFINED_LENGTH || bound == UNBOUNDED ||
         header->length <= bound - r->position - header->size;
}

/* Whether what stands at top level is no element but what somebody left behind the dataset. Before Pixel Data only
 * zeros pass (and the zeros of a second file's preamble), lest damage be taken for an end. */
static bool is_trailing(const scu__reader *r, const scu__element_header *header, scu_result read, uint64_t bound) {
  if (r->depth > 0 || !r->has_seen_element || r->options.is_strict_end) return false;
  if (read == SCU_OK && header->tag == 0 && header->length == 0) return true;
  if (read == SCU_ERROR_MALFORMED && header->tag == 0) return true;
  if (!r->has_seen_pixel_data) return false;
  return read != SCU_OK || !is_plausible(r, header, bound);
}

static bool is_trailing_fragment(const scu__reader *r, const uint8_t *bytes, size_t length, scu_tag tag) {
  if (r->depth > 0 || !r->has_seen_element || r->options.is_strict_end) return false;
  /* One zero may be half a group number; it is a pad where it makes an odd dataset even (RULES 3). */
  bool may_be_pad = length > 1 || r->has_seen_pixel_data || (r->position - r->options.first_offset) % 2 != 0;
  if (may_be_pad && all_zero(bytes, length)) return true;
  return r->has_seen_pixel_data && (length < 4 || tag < SCU__TAG_PIXEL_DATA);
}

static void end_stream(scu__reader *r) {
  r->state = STATE_END;
  r->carry_size = 0;
  r->input_left = 0;
}

static void begin_trailing(scu__reader *r) {
  r->trailing_offset = r->position;
  r->state = STATE_TRAILING;
  if (r->has_seen_pixel_data) end_stream(r);
}

static scu_result check_trailing(scu__reader *r, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length && r->trailing_seen < 4; i++) {
    if (bytes[i] == (uint8_t) "DICM"[r->trailing_seen]) {
      r->trailing_seen++;
    } else if (bytes[i] != 0 || r->trailing_seen > 0) {
      return fail(r, SCU_ERROR_MALFORMED, 0, r->trailing_offset, "zeros, then other bytes, where an element should be");
    }
  }
  return SCU_OK;
}

/* Position stays where the dataset ended, the input passes by. */
static scu_result read_trailing(scu__reader *r) {
  scu_result result = check_trailing(r, r->carry, r->carry_size);
  r->carry_size = 0;
  if (result == SCU_OK) result = check_trailing(r, r->input, r->input_left);
  if (result != SCU_OK) return result;
  r->input_left = 0;
  if (!r->is_finished) return SCU_MORE;
  end_stream(r);
  return SCU_END;
}

/* Headers */

static scu_result fill_carry(scu__reader *r, size_t wanted) {
  while (r->carry_size < wanted && r->input_left > 0) {
    r->carry[r->carry_size++] = *r->input;
    take_input(r, 1);
  }
  return r->carry_size < wanted ? SCU_MORE : SCU_OK;
}

/* From the input in place when it is there whole, else through the carry; never past `bound`. On SCU_OK the header's
 * bytes are still counted as not understood: see pass_header. *bytes shows what was looked at. */
static scu_result peek_header(scu__reader *r, uint64_t bound, scu__element_header *header, const uint8_t **bytes,
                              size_t *seen) {
  size_t room = SCU__ELEMENT_HEADER_MAX;
  if (bound - r->position < room) room = (size_t)(bound - r->position);
  if (r->carry_size == 0 && r->input_left >= room) {
    *bytes = r->input;
    *seen = room;
    return scu__element_header_read(r->encoding, *bytes, room, header);
  }
  scu_result result = SCU_MORE;
  for (size_t wanted = 8; result == SCU_MORE && wanted <= SCU__ELEMENT_HEADER_MAX; wanted += 4) {
    fill_carry(r, wanted < room ? wanted : room);
    result = scu__element_header_read(r->encoding, r->carry, r->carry_size, header);
    if (r->carry_size < wanted) break;
  }
  *bytes = r->carry;
  *seen = r->carry_size;
  return result;
}

static void pass_header(scu__reader *r, const scu__element_header *header) {
  if (r->carry_size == 0) take_input(r, header->size);
  r->carry_size = 0;
  r->position += header->size;
}

static scu_result end_of_input(scu__reader *r, scu_tag tag, const uint8_t *bytes, size_t seen) {
  uint64_t end = r->position + seen;
  if (seen > 0 && is_trailing_fragment(r, bytes, seen, tag)) {
    begin_trailing(r);
    return r->state == STATE_END ? SCU_END : read_trailing(r);
  }
  if (seen > 0) return cut(r, seen < 4 ? 0 : tag, r->position, end, "the header of");
  if (r->depth == 0) {
    end_stream(r);
    return SCU_END;
  }
  const scu__reader_level *level = innermost(r);
  return cut(r, level->tag, level->offset, end, "the open sequence");
}

/* SCU_OK: a header was read and passed. SCU_END: there is none, the stream has ended where it may. */
static scu_result read_header(scu__reader *r, scu__element_header *header) {
  uint64_t bound = nearest_end(r);
  const uint8_t *bytes;
  size_t seen;
  if (r->depth == 0 && r->position >= bound) return end_of_input(r, 0, NULL, 0);
  scu_result result = peek_header(r, bound, header, &bytes, &seen);
  if (result == SCU_MORE && seen == bound - r->position) {
    if (bound == r->limit) return end_of_input(r, header->tag, bytes, seen);
    return malformed(r, header->tag, "too little room for an element before the end of its parent");
  }
  if (result == SCU_MORE) return r->is_finished ? end_of_input(r, header->tag, bytes, seen) : SCU_MORE;
  if (is_trailing(r, header, result, bound)) {
    begin_trailing(r);
    return r->state == STATE_END ? SCU_END : read_trailing(r);
  }
  if (result != SCU_OK) return bad_vr(r, header->tag, bytes);
  pass_header(r, header);
  return SCU_OK;
}

/* Tokens */

static void fill_token(const scu__reader *r, scu__token *token, scu__token_kind kind, uint64_t offset) {
  *token = (scu__token){
      .kind = kind, .depth = r->depth, .offset = offset, .encoding = r->encoding, .bits_allocated = r->bits_allocated};
}

static scu_vr implicit_vr(const scu__reader *r, scu_tag tag) {
  scu_vr vr = scu__dictionary_vr(tag);
  if (vr != SCU_VR_US || !r->is_signed) return vr;
  const scu__dictionary_entry *entry = scu__dictionary_find(tag);
  if (entry && (entry->other_vr[0] == SCU_VR_SS || entry->other_vr[1] == SCU_VR_SS)) return SCU_VR_SS;
  return vr;
}

static scu_result begin_value(scu__reader *r, scu__token *token) {
  r->current = *token;
  r->value_left = token->length;
  r->captured_size = 0;
  r->state = STATE_VALUE_START;
  return SCU_OK;
}

/* No level of its own: a value of which the length is known can be passed over, the rest is counted. */
static scu_result open_deep(scu__reader *r, scu__token *token) {
  if (r->deep_offset == UNBOUNDED) {
    r->deep_tag = token->tag;
    r->deep_offset = token->offset;
  }
  if (token->length != SCU__UNDEFINED_LENGTH) return begin_value(r, token);
  r->deep_count++;
  if (token->vr == SCU_VR_UN && r->deep_un_count == 0) {
    r->deep_un_count = r->deep_count;
    r->deep_outer = r->encoding;
    r->encoding = SCU__IMPLICIT_LE;
  }
  token->kind = SCU__TOKEN_SEQUENCE_BEGIN;
  return SCU_OK;
}

static scu_result open_level(scu__reader *r, scu__token *token, bool is_fragments) {
  bool is_too_deep = r->deep_count > 0 || r->depth >= SCU__NESTING_MAX + (is_fragments ? 1u : 0u);
  if (is_too_deep && r->options.counts_deep_levels) return open_deep(r, token);
  if (is_too_deep) return fail(r, SCU_ERROR_LIMIT, token->tag, token->offset, too_deep);
  scu__reader_level *level = &r->levels[r->depth++];
  *level = (scu__reader_level){.tag = token->tag,
                               .vr = token->vr,
                               .offset = token->offset,
                               .length = token->length,
                               .end = UNBOUNDED,
                               .outer = r->encoding,
                               .inner = r->encoding};
  if (token->length != SCU__UNDEFINED_LENGTH) level->end = r->position + token->length;
  /* PS3.5 6.2.2: what is inside UN is implicit VR little endian. */
  if (token->vr == SCU_VR_UN && !is_fragments) level->inner = SCU__IMPLICIT_LE;
  r->encoding = level->inner;
  r->is_fragments = is_fragments;
  token->kind = is_fragments ? SCU__TOKEN_FRAGMENTS_BEGIN : SCU__TOKEN_SEQUENCE_BEGIN;
  return SCU_OK;
}

static scu_result begin_undefined(scu__reader *r, scu__token *token) {
  bool may_be_fragments = token->vr == SCU_VR_OB || token->vr == SCU_VR_OW || token->vr == SCU_VR_UN;
  if (token->tag == SCU__TAG_PIXEL_DATA && may_be_fragments) return open_level(r, token, true);
  /* In implicit VR an unknown element of undefined length can only be a sequence (PS3.5 7.1.3). */
  if (token->vr == SCU_VR_UN && r->encoding.is_implicit_vr) token->vr = SCU_VR_SQ;
  if (token->vr == SCU_VR_SQ || token->vr == SCU_VR_UN) return open_level(r, token, false);
  return fail(r, SCU_ERROR_MALFORMED, token->tag, token->offset, "a VR that cannot have undefined length has it");
}

static scu_result begin_element(scu__reader *r, const scu__element_header *header, scu__token *token) {
  fill_token(r, token, SCU__TOKEN_ELEMENT, r->position - header->size);
  token->tag = header->tag;
  token->length = header->length;
  token->vr = r->encoding.is_implicit_vr ? implicit_vr(r, header->tag) : header->vr;
  r->has_seen_element = true;
  if (header->length == SCU__UNDEFINED_LENGTH) return begin_undefined(r, token);
  uint64_t bound = nearest_end(r);
  if (header->length > bound - r->position) {
    r->position -= header->size;
    return too_long(r, header->tag, header->length, bound);
  }
  return token->vr == SCU_VR_SQ ? open_level(r, token, false) : begin_value(r, token);
}

static scu_result end_level(scu__reader *r, scu__token *token, uint64_t offset) {
  scu__reader_level level = r->levels[--r->depth];
  r->encoding = level.outer;
  fill_token(r, token, r->is_fragments ? SCU__TOKEN_FRAGMENTS_END : SCU__TOKEN_SEQUENCE_END, offset);
  token->tag = level.tag;
  token->vr = level.vr;
  token->length = level.length;
  if (r->is_fragments && r->depth == 0) r->has_seen_pixel_data = true;
  r->is_fragments = false;
  return SCU_OK;
}

static scu_result begin_item(scu__reader *r, scu__token *token, uint32_t length) {
  scu__reader_level *level = innermost(r);
  fill_token(r, token, SCU__TOKEN_ITEM_BEGIN, r->position - 8);
  token->tag = level->tag;
  token->vr = level->vr;
  token->length = length;
  level->is_in_item = true;
  level->item_length = length;
  level->item_end = length == SCU__UNDEFINED_LENGTH ? UNBOUNDED : r->position + length;
  level->outer_bits_allocated = r->bits_allocated;
  level->is_outer_signed = r->is_signed;
  return SCU_OK;
}

static scu_result end_item(scu__reader *r, scu__token *token, uint64_t offset) {
  scu__reader_level *level = innermost(r);
  level->is_in_item = false;
  r->bits_allocated = level->outer_bits_allocated;
  r->is_signed = level->is_outer_signed;
  fill_token(r, token, SCU__TOKEN_ITEM_END, offset);
  token->tag = level->tag;
  token->vr = level->vr;
  token->length = level->item_length;
  return SCU_OK;
}

static scu_result begin_fragment(scu__reader *r, scu__token *token, uint32_t length) {
  fill_token(r, token, SCU__TOKEN_FRAGMENT, r->position - 8);
  token->tag = innermost(r)->tag;
  token->vr = SCU_VR_OB;
  token->length = length;
  return begin_value(r, token);
}

/* Between the items of a sequence, or between fragments. */
static scu_result read_item_header(scu__reader *r, scu__token *token) {
  scu__element_header header;
  scu_result result = read_header(r, &header);
  if (result != SCU_OK) return result;
  const scu__reader_level *level = innermost(r);
  uint64_t bound = nearest_end(r), offset = r->position - header.size;
  bool is_undefined = header.length == SCU__UNDEFINED_LENGTH;
  if (header.tag == SCU__TAG_SEQUENCE_DELIMITER && level->end == UNBOUNDED) {
    if (header.length == 0) return end_level(r, token, offset);
    return fail(r, SCU_ERROR_MALFORMED, level->tag, offset, "the sequence delimiter has a length");
  }
  if (header.tag != SCU__TAG_ITEM)
    return fail(r, SCU_ERROR_MALFORMED, level->tag, offset, "there is no item where one should be");
  if (is_undefined && r->is_fragments)
    return fail(r, SCU_ERROR_MALFORMED, level->tag, offset, "a fragment has undefined length");
  if (!is_undefined && header.length > bound - r->position) {
    r->position -= header.size;
    return too_long(r, level->tag, header.length, bound);
  }
  return r->is_fragments ? begin_fragment(r, token, header.length) : begin_item(r, token, header.length);
}

static scu_result read_element_header(scu__reader *r, scu__token *token) {
  scu__element_header header;
  scu_result result = read_header(r, &header);
  if (result != SCU_OK) return result;
  const scu__reader_level *level = innermost(r);
  uint64_t offset = r->position - header.size;
  if (!level && header.tag == 0 && header.length == 0)
    return fail(r, SCU_ERROR_MALFORMED, 0, offset, "zeros where the dataset should begin");
  if (SCU_TAG_GROUP(header.tag) != 0xFFFE) return begin_element(r, &header, token);
  if (!level) return fail(r, SCU_ERROR_MALFORMED, header.tag, offset, "an item or delimiter outside of any sequence");
  if (header.tag != SCU__TAG_ITEM_DELIMITER || level->item_end != UNBOUNDED)
    return fail(r, SCU_ERROR_MALFORMED, level->tag, offset, "an item or delimiter where an element should be");
  if (header.length != 0) return fail(r, SCU_ERROR_MALFORMED, level->tag, offset, "the item delimiter has a length");
  return end_item(r, token, offset);
}

static scu_result close_deep(scu__reader *r, scu__token *token, uint64_t offset) {
  bool is_sequence = r->deep_count % 2 == 1;
  if (r->deep_count == r->deep_un_count) {
    r->encoding = r->deep_outer;
    r->deep_un_count = 0;
  }
  r->deep_count--;
  fill_token(r, token, is_sequence ? SCU__TOKEN_SEQUENCE_END : SCU__TOKEN_ITEM_END, offset);
  return SCU_OK;
}

static scu_result begin_deep_item(scu__reader *r, const scu__element_header *header, scu__token *token,
                                  uint64_t offset) {
  bool is_undefined = header->length == SCU__UNDEFINED_LENGTH;
  uint64_t bound = nearest_end(r);
  if (!is_undefined && header->length > bound - r->position) {
    r->position -= header->size;
    return too_long(r, header->tag, header->length, bound);
  }
  fill_token(r, token, is_undefined ? SCU__TOKEN_ITEM_BEGIN : SCU__TOKEN_ELEMENT, offset);
  token->tag = header->tag;
  token->length = header->length;
  if (!is_undefined) return begin_value(r, token);
  r->deep_count++;
  return SCU_OK;
}

static scu_result read_deep(scu__reader *r, scu__token *token) {
  scu__element_header header;
  scu_result result = read_header(r, &header);
  if (result != SCU_OK) return result;
  bool is_in_sequence = r->deep_count % 2 == 1;
  uint64_t offset = r->position - header.size;
  if (header.length == 0 && header.tag == (is_in_sequence ? SCU__TAG_SEQUENCE_DELIMITER : SCU__TAG_ITEM_DELIMITER))
    return close_deep(r, token, offset);
  if (is_in_sequence && header.tag == SCU__TAG_ITEM) return begin_deep_item(r, &header, token, offset);
  if (is_in_sequence) return fail(r, SCU_ERROR_MALFORMED, header.tag, offset, "there is no item where one should be");
  if (SCU_TAG_GROUP(header.tag) == 0xFFFE)
    return fail(r, SCU_ERROR_MALFORMED, header.tag, offset, "an item or delimiter where an element should be");
  return begin_element(r, &header, token);
}

static scu_result read_structure(scu__reader *r, scu__token *token) {
  if (r->deep_count > 0) return read_deep(r, token);
  const scu__reader_level *level = innermost(r);
  if (!level) return read_element_header(r, token);
  if (level->is_in_item) {
    if (r->position == level->item_end) return end_item(r, token, r->position);
    return read_element_header(r, token);
  }
  if (r->position == level->end) return end_level(r, token, r->position);
  return read_item_header(r, token);
}

/* Values */

static bool is_captured(const scu__reader *r) {
  const scu__token *element = &r->current;
  return r->deep_count == 0 && element->kind == SCU__TOKEN_ELEMENT && element->length == 2 &&
         element->vr == SCU_VR_US && (element->tag == TAG_BITS_ALLOCATED || element->tag == TAG_PIXEL_REPR);
}

/* Bits Allocated and Pixel Representation decide what later elements mean (PS3.5 A.1, PS3.3 C.7.6.3). */
static void capture(scu__reader *r, const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size && r->captured_size < 2; i++) r->captured[r->captured_size++] = bytes[i];
  if (r->captured_size < 2) return;
  uint16_t value = r->encoding.is_big_endian ? scu__load_u16be(r->captured) : scu__load_u16le(r->captured);
  if (r->current.tag == TAG_BITS_ALLOCATED)
    r->bits_allocated = value;
  else
    r->is_signed = value != 0;
}

static void end_value(scu__reader *r) {
  r->state = STATE_HEADER;
  if (r->depth == 0 && is_pixels(r->current.tag)) r->has_seen_pixel_data = true;
}

static scu_result read_value(scu__reader *r, scu__token *token) {
  if (r->input_left == 0 && r->value_left > 0) {
    if (!r->is_finished) return SCU_MORE;
    return cut(r, r->current.tag, r->current.offset, r->position,
               r->current.kind == SCU__TOKEN_FRAGMENT ? "a fragment of" : "the value of");
  }
  size_t size = r->value_left < r->input_left ? (size_t)r->value_left : r->input_left;
  *token = r->current;
  token->kind = SCU__TOKEN_VALUE;
  token->offset = r->position;
  token->bytes = size > 0 ? r->input : (const uint8_t *)"";
  token->size = size;
  if (is_captured(r)) capture(r, token->bytes, size);
  if (size > 0) take_input(r, size);
  r->position += size;
  r->value_left -= size;
  r->state = STATE_VALUE;
  token->is_last = r->value_left == 0;
  if (token->is_last) end_value(r);
  return SCU_OK;
}

scu_result scu__reader_skip_value(scu__reader *reader, uint64_t *count) {
  *count = 0;
  if (reader->state != STATE_VALUE_START) return SCU_ERROR_USAGE;
  size_t here = reader->value_left < reader->input_left ? (size_t)reader->value_left : reader->input_left;
  if (here > 0) take_input(reader, here);
  *count = reader->value_left - here;
  reader->position += reader->value_left;
  reader->value_left = 0;
  end_value(reader);
  return SCU_OK;
}

scu_result scu__reader_next(scu__reader *reader, scu__token *token, scu_error *error) {
  scu_result result = reader->failure;
  if (result == SCU_OK) {
    switch (reader->state) {
    case STATE_HEADER: result = read_structure(reader, token); break;
    case STATE_TRAILING: result = read_trailing(reader); break;
    case STATE_END: return SCU_END;
    default: result = read_value(reader, token); break;
    }
  }
  if (result < 0 && !scu__error_is_set(error)) scu__error_copy(error, &reader->fault);
  return result;
}
