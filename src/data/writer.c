/* The streaming dataset writer: what each token becomes in the target encoding.
 *
 * Value bytes are swapped in place of being decoded: a word split between two pieces waits in `carry`. */
#include "data/writer.h"

#include <inttypes.h>
#include <string.h>

#include "data/dictionary.h"
#include "data/vr.h"

void scu__writer_init(scu__writer *writer, scu__encoding target, scu__buffer *out, const scu__writer_options *options) {
  memset(writer, 0, sizeof *writer);
  writer->encoding = target;
  writer->out = out;
  if (options) writer->options = *options;
  if (writer->options.phase == SCU_PHASE_NONE) writer->options.phase = SCU_PHASE_FILE;
}

static scu_result fail(const scu__writer *w, scu_error *error, scu_result result, const char *what) {
  scu__error_set(error, result, w->options.phase, "(%04X,%04X) at offset %" PRIu64 ": %s",
                 (unsigned)SCU_TAG_GROUP(w->tag), (unsigned)SCU_TAG_ELEMENT(w->tag), w->offset, what);
  if (error && error->result == result) scu__error_at(error, w->tag, w->offset);
  return result;
}

static scu__encoding target_encoding(const scu__writer *w) {
  return w->un_depth > 0 ? SCU__IMPLICIT_LE : w->encoding;
}

static void put_header(scu__writer *w, scu_tag tag, scu_vr vr, uint32_t length) {
  scu__element_header header = {.tag = tag, .vr = vr, .length = length};
  scu__element_header_write(w->out, target_encoding(w), &header);
}

/* With keep_lengths a blank VR stays what it was: the header written as UN would be 4 bytes longer. */
static void put_blank_header(scu__writer *w, const scu__token *token) {
  put_header(w, token->tag, SCU_VR_US, token->length);
  if (scu__buffer_result(w->out) != SCU_OK) return;
  w->out->data[w->out->length - 4] = (uint8_t)(token->vr >> 8);
  w->out->data[w->out->length - 3] = (uint8_t)token->vr;
}

/* Values */

static void put_swapped(scu__writer *w, const uint8_t *bytes, size_t size) {
  size_t unit = w->swap_unit;
  uint8_t *to = scu__buffer_reserve(w->out, size);
  if (!to) return;
  for (size_t at = 0; at < size; at += unit)
    for (size_t i = 0; i < unit; i++) to[at + i] = bytes[at + unit - 1 - i];
  scu__buffer_commit(w->out, size);
}

/* The commonest word by far, in a loop that compilers turn into vector code. */
static void put_swapped_pairs(scu__writer *w, const uint8_t *bytes, size_t size) {
  uint8_t *to = scu__buffer_reserve(w->out, size);
  if (!to) return;
  for (size_t at = 0; at < size; at += 2) {
    to[at] = bytes[at + 1];
    to[at + 1] = bytes[at];
  }
  scu__buffer_commit(w->out, size);
}

static void put_words(scu__writer *w, const uint8_t *bytes, size_t size) {
  while (w->carry_size > 0 && size > 0) {
    w->carry[w->carry_size++] = *bytes++;
    size--;
    if (w->carry_size < w->swap_unit) continue;
    put_swapped(w, w->carry, w->swap_unit);
    w->carry_size = 0;
  }
  size_t whole = size - size % w->swap_unit;
  if (w->swap_unit == 2)
    put_swapped_pairs(w, bytes, whole);
  else
    put_swapped(w, bytes, whole);
  if (size > whole) memcpy(w->carry, bytes + whole, size - whole);
  if (size > whole) w->carry_size = (uint8_t)(size - whole);
}

static scu_result end_value(scu__writer *w, scu_error *error) {
  w->is_in_value = false;
  if (w->value_left > 0) return fail(w, error, SCU_ERROR_USAGE, "the value is shorter than its header says");
  /* An odd stream of 16-bit words in little endian misses the high byte of the last word: the pad completes it. */
  if (w->carry_size == 1 && w->swap_unit == 2 && w->needs_pad && !w->is_source_big_endian) {
    put_words(w, &w->pad, 1);
    return SCU_OK;
  }
  if (w->carry_size > 0)
    return fail(w, error, SCU_ERROR_MALFORMED, "the value ends inside a word; its bytes cannot be swapped");
  if (w->needs_pad) scu__put_u8(w->out, w->pad);
  return SCU_OK;
}

static scu_result put_value(scu__writer *w, const scu__token *token, scu_error *error) {
  if (!w->is_in_value) return fail(w, error, SCU_ERROR_USAGE, "value bytes without an element");
  if (token->size > w->value_left) return fail(w, error, SCU_ERROR_USAGE, "the value is longer than its header says");
  w->value_left -= token->size;
  if (!w->is_dropping && token->size > 0) {
    if (w->swap_unit > 1)
      put_words(w, token->bytes, token->size);
    else
      scu__put_bytes(w->out, token->bytes, token->size);
  }
  return token->is_last ? end_value(w, error) : SCU_OK;
}

static void begin_value(scu__writer *w, const scu__token *token, bool is_dropping) {
  const scu__vr_info *info = scu__vr_find(token->vr);
  w->is_in_value = true;
  w->is_dropping = is_dropping;
  w->value_left = token->length;
  w->carry_size = 0;
  w->swap_unit = 1;
  w->is_source_big_endian = token->encoding.is_big_endian;
  w->needs_pad = !is_dropping && !w->options.keep_lengths && token->length % 2 != 0;
  w->pad = info ? info->pad : 0;
}

/* Elements */

static bool is_left_out(const scu__writer *w, scu_tag tag) {
  return !w->options.keep_lengths && (scu__tag_is_group_length(tag) || tag == SCU__TAG_TRAILING_PADDING);
}

/* PS3.5 A.1-A.3: native Pixel Data in explicit VR is OW above 8 bits allocated, OB or OW below. From implicit VR, where
 * it is always OW, bytes become OB: they are safe from swapping then. A mislabelled OB becomes OW. */
static scu_vr pixel_vr(const scu__writer *w, const scu__token *token) {
  if (w->options.keep_lengths || token->tag != SCU__TAG_PIXEL_DATA || token->bits_allocated == 0) return token->vr;
  if (token->vr == SCU_VR_OW && token->encoding.is_implicit_vr && token->bits_allocated <= 8) return SCU_VR_OB;
  bool is_big_to_big = token->encoding.is_big_endian && target_encoding(w).is_big_endian;
  if (token->vr == SCU_VR_OB && token->bits_allocated > 8 && !is_big_to_big) return SCU_VR_OW;
  return token->vr;
}

/* Words are turned round by what they will be called, but from big endian by what they were called: nobody can tell how
 * the words of a mislabelled OB lie there, so they are left as they are. A value that goes to UN is little endian
 * there, whatever is around it (PS3.5 6.2.2). */
static uint8_t swap_unit(const scu__writer *w, const scu__token *token, scu_vr vr, uint32_t length) {
  scu__encoding target = target_encoding(w);
  bool goes_to_un = !target.is_implicit_vr && scu__element_written_vr(vr, length) == SCU_VR_UN;
  bool is_to_big_endian = target.is_big_endian && !goes_to_un;
  const scu__vr_info *info = scu__vr_find(token->encoding.is_big_endian ? token->vr : vr);
  return info && token->encoding.is_big_endian != is_to_big_endian ? info->swap_unit : 1;
}

static scu_result put_element(scu__writer *w, const scu__token *token, scu_error *error) {
  if (token->length == SCU__UNDEFINED_LENGTH)
    return fail(w, error, SCU_ERROR_USAGE, "an element with a value needs a length");
  bool is_dropping = is_left_out(w, token->tag);
  begin_value(w, token, is_dropping);
  if (is_dropping) return SCU_OK;
  uint32_t length = token->length + (w->needs_pad ? 1 : 0);
  scu_vr vr = pixel_vr(w, token);
  w->swap_unit = swap_unit(w, token, vr, length);
  if (w->options.keep_lengths && !target_encoding(w).is_implicit_vr && scu__vr_is_blank(vr))
    put_blank_header(w, token);
  else
    put_header(w, token->tag, vr, length);
  return SCU_OK;
}

/* Sequences */

static uint32_t structure_length(const scu__writer *w, const scu__token *token) {
  return w->options.keep_lengths ? token->length : SCU__UNDEFINED_LENGTH;
}

static scu_result put_sequence_begin(scu__writer *w, const scu__token *token) {
  put_header(w, token->tag, token->vr, structure_length(w, token));
  w->depth++;
  if (w->un_depth == 0 && token->vr == SCU_VR_UN) w->un_depth = w->depth;
  return SCU_OK;
}

static scu_result put_sequence_end(scu__writer *w, const scu__token *token, scu_error *error) {
  if (w->depth == 0) return fail(w, error, SCU_ERROR_USAGE, "a sequence ends that did not begin");
  if (structure_length(w, token) == SCU__UNDEFINED_LENGTH) put_header(w, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  if (w->un_depth == w->depth) w->un_depth = 0;
  w->depth--;
  return SCU_OK;
}

static scu_result put_item_end(scu__writer *w, const scu__token *token) {
  if (structure_length(w, token) == SCU__UNDEFINED_LENGTH) put_header(w, SCU__TAG_ITEM_DELIMITER, SCU_VR_NONE, 0);
  return SCU_OK;
}

static scu_result put_fragments_begin(scu__writer *w, const scu__token *token, scu_error *error) {
  if (target_encoding(w).is_implicit_vr && !w->options.keep_lengths)
    return fail(w, error, SCU_ERROR_UNSUPPORTED, "encapsulated Pixel Data cannot be written in implicit VR");
  put_header(w, token->tag, w->options.keep_lengths ? token->vr : SCU_VR_OB, SCU__UNDEFINED_LENGTH);
  return SCU_OK;
}

static scu_result put_fragment(scu__writer *w, const scu__token *token) {
  begin_value(w, token, false);
  w->pad = 0;
  put_header(w, SCU__TAG_ITEM, SCU_VR_NONE, token->length + (w->needs_pad ? 1 : 0));
  return SCU_OK;
}

static scu_result put_structure(scu__writer *w, const scu__token *token, scu_error *error) {
  if (w->is_in_value) return fail(w, error, SCU_ERROR_USAGE, "the value is not complete");
  switch (token->kind) {
  case SCU__TOKEN_ELEMENT: return put_element(w, token, error);
  case SCU__TOKEN_SEQUENCE_BEGIN: return put_sequence_begin(w, token);
  case SCU__TOKEN_ITEM_BEGIN: put_header(w, SCU__TAG_ITEM, SCU_VR_NONE, structure_length(w, token)); return SCU_OK;
  case SCU__TOKEN_ITEM_END: return put_item_end(w, token);
  case SCU__TOKEN_SEQUENCE_END: return put_sequence_end(w, token, error);
  case SCU__TOKEN_FRAGMENTS_BEGIN: return put_fragments_begin(w, token, error);
  case SCU__TOKEN_FRAGMENT: return put_fragment(w, token);
  case SCU__TOKEN_FRAGMENTS_END: put_header(w, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0); return SCU_OK;
  default: return fail(w, error, SCU_ERROR_USAGE, "a token of unknown kind");
  }
}

scu_result scu__writer_put(scu__writer *writer, const scu__token *token, scu_error *error) {
  scu_result result;
  if (token->kind == SCU__TOKEN_VALUE) {
    result = put_value(writer, token, error);
  } else {
    writer->tag = token->tag;
    writer->offset = token->offset;
    result = put_structure(writer, token, error);
  }
  if (result != SCU_OK) return result;
  result = scu__buffer_result(writer->out);
  return result == SCU_OK ? SCU_OK : fail(writer, error, result, "no room for what the element becomes");
}
