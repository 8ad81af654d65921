/* The walk: reader over a read-ahead window, values passed over, four UIDs kept.
 *
 * The reader knows how long the file is, so that a value that does not fit is found at its header, without reading on.
 */
#include "data/head_walk.h"

#include <inttypes.h>
#include <string.h>

#include "data/inflate.h"
#include "data/reader.h"
#include "data/sop_class.h"

enum { UID_VALUE_MAX = 128, INFLATED_CHUNK = 32 * 1024, GZIP_TRAILER = 8 };

#define TAG_SOP_CLASS     SCU_TAG(0x0008, 0x0016)
#define TAG_SOP_INSTANCE  SCU_TAG(0x0008, 0x0018)
#define TAG_STUDY         SCU_TAG(0x0020, 0x000D)
#define TAG_SERIES        SCU_TAG(0x0020, 0x000E)
#define TAG_FLOAT_PIXELS  SCU_TAG(0x7FE0, 0x0008)
#define TAG_DOUBLE_PIXELS SCU_TAG(0x7FE0, 0x0009)

typedef struct walk {
  scu__head *head;
  scu__head_options options;
  scu_error *error;
  uint64_t size;           /* of the source */
  uint64_t offset;         /* of the next byte to take from it */
  size_t chunk;            /* how much to read at once there */
  scu__inflater *inflater; /* NULL unless deflated */
  bool is_inflated;        /* the deflate stream has ended */
  uint64_t to_drop;        /* inflated bytes that belong to a value passed over, */
  scu_tag passing;         /* of this element */
  uint64_t passing_offset;
  scu__uid *wanted; /* the UID whose value is coming, or NULL */
  uint8_t value[UID_VALUE_MAX];
  size_t value_length;
  scu__reader reader;
  scu__read_ahead ahead;
  uint8_t inflated[INFLATED_CHUNK];
} walk;

/* Input */

static scu_result feed_plain(walk *w) {
  const uint8_t *bytes;
  size_t length;
  scu_result result = scu__read_ahead_peek(&w->ahead, w->offset, 1, w->chunk, &bytes, &length, w->error);
  if (result != SCU_OK) return result;
  if (length == 0) scu__reader_finish(&w->reader);
  scu__reader_push(&w->reader, bytes, length);
  w->offset += length;
  w->chunk = SCU__READ_AHEAD_MAX;
  return SCU_OK;
}

/* What may be cut is taken as far as it goes. */
static bool may_be_cut(walk *w) {
  w->head->is_truncated = w->options.allow_truncated;
  return w->options.allow_truncated;
}

static scu_result cut_value(walk *w) {
  if (may_be_cut(w)) return SCU_END;
  scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                 "cut inside the value of (%04X,%04X) that begins at offset %" PRIu64 " of the inflated dataset",
                 (unsigned)SCU_TAG_GROUP(w->passing), (unsigned)SCU_TAG_ELEMENT(w->passing), w->passing_offset);
  scu__error_at(w->error, w->passing, w->passing_offset);
  return SCU_ERROR_MALFORMED;
}

static scu_result cut_stream(walk *w) {
  w->is_inflated = true;
  if (may_be_cut(w)) return SCU_END;
  scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                 "cut inside the deflate stream that begins at offset %" PRIu64 ": the data ends at %" PRIu64,
                 w->head->dataset_offset, w->size);
  scu__error_at(w->error, 0, w->size);
  return SCU_ERROR_MALFORMED;
}

/* The next inflated bytes, *got of them; none and SCU_END at the end of the stream. */
static scu_result inflate_some(walk *w, size_t *got) {
  *got = 0;
  scu_result result = SCU_MORE;
  while (result == SCU_MORE) {
    const uint8_t *bytes;
    size_t length;
    result = scu__read_ahead_peek(&w->ahead, w->offset, 1, SCU__READ_AHEAD_MAX, &bytes, &length, w->error);
    if (result != SCU_OK) return result;
    size_t before = length;
    result = scu__inflater_run(w->inflater, &bytes, &length, w->inflated, sizeof w->inflated, got, w->error);
    w->offset += before - length;
    if (result == SCU_MORE && before == 0) return cut_stream(w);
  }
  w->is_inflated = result == SCU_END;
  return result;
}

static scu_result feed_inflated(walk *w) {
  size_t got = 0;
  if (!w->is_inflated) {
    scu_result result = inflate_some(w, &got);
    if (result < 0) return result;
  }
  size_t dropped = w->to_drop < got ? (size_t)w->to_drop : got;
  w->to_drop -= dropped;
  if (w->is_inflated && w->to_drop > 0) return cut_value(w);
  scu__reader_push(&w->reader, w->inflated + dropped, got - dropped);
  if (got == 0 && w->is_inflated) scu__reader_finish(&w->reader);
  return SCU_OK;
}

static scu_result pass_value(walk *w, const scu__token *token) {
  uint64_t count;
  scu_result result = scu__reader_skip_value(&w->reader, &count);
  if (result != SCU_OK) return result;
  if (w->inflater) {
    w->to_drop = count;
    w->passing = token->tag;
    w->passing_offset = token->offset;
    return SCU_OK;
  }
  w->offset += count;
  /* Behind a fragment comes the next fragment's header, far from the one after it: a page would be wasted. */
  if (count > 0 && token->kind == SCU__TOKEN_FRAGMENT) w->chunk = SCU__READ_AHEAD_SMALL;
  return SCU_OK;
}

/* Tokens */

static scu__uid *wanted_uid(walk *w, const scu__token *token) {
  scu__head *head = w->head;
  scu__uid *uid = NULL;
  if (token->depth > 0 || token->length > UID_VALUE_MAX) return NULL;
  switch (token->tag) {
  case TAG_SOP_CLASS: uid = &head->sop_class; break;
  case TAG_SOP_INSTANCE: uid = &head->sop_instance; break;
  case TAG_STUDY: uid = &head->study_instance; break;
  case TAG_SERIES: uid = &head->series_instance; break;
  default: return NULL;
  }
  return uid->text[0] == 0 ? uid : NULL;
}

static void note_pixels(walk *w, const scu__token *token) {
  if (token->depth > 0) return;
  if (token->tag == TAG_FLOAT_PIXELS || token->tag == TAG_DOUBLE_PIXELS) w->head->has_pixel_data = true;
  if (token->tag != SCU__TAG_PIXEL_DATA) return;
  w->head->has_pixel_data = true;
  if (!w->inflater) w->head->pixel_data_offset = token->offset;
}

static void keep_value(walk *w, const scu__token *token) {
  if (!w->wanted) return;
  memcpy(w->value + w->value_length, token->bytes, token->size);
  w->value_length += token->size;
  if (token->is_last) scu__uid_from_bytes(w->wanted, w->value, w->value_length);
}

static scu_result take_token(walk *w, const scu__token *token) {
  switch (token->kind) {
  case SCU__TOKEN_ELEMENT:
    note_pixels(w, token);
    w->wanted = wanted_uid(w, token);
    w->value_length = 0;
    return w->wanted ? SCU_OK : pass_value(w, token);
  case SCU__TOKEN_VALUE: keep_value(w, token); return SCU_OK;
  case SCU__TOKEN_FRAGMENT: return pass_value(w, token);
  case SCU__TOKEN_FRAGMENTS_BEGIN: note_pixels(w, token); return SCU_OK;
  default: return SCU_OK;
  }
}

static scu_result walk_dataset(walk *w) {
  for (;;) {
    scu__token token;
    scu_result result = scu__reader_next(&w->reader, &token, w->error);
    if (result == SCU_MORE)
      result = w->inflater ? feed_inflated(w) : feed_plain(w);
    else if (result == SCU_OK)
      result = take_token(w, &token);
    if (result == SCU_END) return SCU_OK;
    if (result != SCU_OK) return result;
  }
}

/* The reader may be through before the deflate stream is: what is left must be whole too. */
static scu_result drain(walk *w) {
  scu_result result = SCU_OK;
  for (size_t got; !w->is_inflated && result == SCU_OK;) result = inflate_some(w, &got);
  return result < 0 ? result : SCU_OK;
}

/* Ends and warnings */

static void settle_deflated_end(walk *w) {
  scu__head *head = w->head;
  head->dataset_length = w->offset - head->dataset_offset;
  uint64_t left = w->size - w->offset;
  /* PS3.5 A.5: one NUL makes the stream even. Some writers leave the trailer of gzip behind it; nobody minds. */
  if (left <= 1 + GZIP_TRAILER)
    head->dataset_length += left;
  else
    head->warnings |= SCU__HEAD_TRAILING_BYTES;
}

static void settle_plain_end(walk *w) {
  scu__head *head = w->head;
  uint64_t end = scu__reader_trailing_offset(&w->reader);
  if (end == UINT64_MAX) end = w->size;
  if (end < w->size) head->warnings |= SCU__HEAD_TRAILING_BYTES;
  head->dataset_length = end - head->dataset_offset;
}

static bool differ(const scu__uid *meta, const scu__uid *dataset) {
  return meta->text[0] != 0 && dataset->text[0] != 0 && !scu__uid_equal(meta, dataset);
}

static void gather_warnings(scu__head *head) {
  const scu__sop_class *sop_class = scu__sop_class_find(head->sop_class.text);
  if (differ(&head->meta.sop_class, &head->sop_class) || differ(&head->meta.sop_instance, &head->sop_instance))
    head->warnings |= SCU__HEAD_META_DISAGREES;
  if (sop_class && sop_class->has_pixel_data && !head->has_pixel_data) head->warnings |= SCU__HEAD_IMAGE_WITHOUT_PIXELS;
  if (head->meta.is_guessed) head->warnings |= SCU__HEAD_SYNTAX_GUESSED;
  if (head->meta.has_wrong_group_length) head->warnings |= SCU__HEAD_WRONG_META_LENGTH;
  if (head->is_truncated) head->warnings |= SCU__HEAD_TRUNCATED;
  if (!head->syntax) head->warnings |= SCU__HEAD_SYNTAX_UNKNOWN;
  head->is_odd_length = head->dataset_length % 2 != 0;
  if (head->is_odd_length) head->warnings |= SCU__HEAD_ODD_LENGTH;
}

static scu_result begin_dataset(walk *w, const scu_allocator *allocator) {
  scu__head *head = w->head;
  head->dataset_offset = w->offset = head->meta.dataset_offset;
  head->syntax = scu__transfer_syntax_find(head->meta.transfer_syntax.text);
  head->encoding = scu__transfer_syntax_encoding(head->syntax);
  if (head->dataset_offset >= w->size) {
    scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "the file ends at %" PRIu64 ", before its dataset",
                   w->size);
    scu__error_at(w->error, 0, w->size);
    return SCU_ERROR_MALFORMED;
  }
  scu__reader_options options = {
      .first_offset = w->offset, .total_length = w->size - w->offset, .counts_deep_levels = true};
  if (head->syntax && head->syntax->is_deflated) {
    if (scu__inflater_new(allocator, NULL, &w->inflater) != SCU_OK) return scu__error_memory(w->error, SCU_PHASE_FILE);
    options = (scu__reader_options){.counts_deep_levels = true};
  }
  scu__reader_init(&w->reader, head->encoding, &options);
  return SCU_OK;
}

static scu_result walk_file(walk *w, const scu_allocator *allocator) {
  scu_result result = scu__part10_read_ahead(&w->ahead, &w->head->meta, w->error);
  if (result != SCU_OK) return result;
  result = begin_dataset(w, allocator);
  if (result != SCU_OK) return result;
  scu_error *error = w->error, kept;
  scu__error_clear(&kept);
  w->error = &kept;
  result = walk_dataset(w);
  if (result == SCU_OK && w->inflater) result = drain(w);
  w->error = error;
  if (result != SCU_OK && w->options.allow_truncated && scu__reader_is_cut(&w->reader)) {
    w->head->is_truncated = true;
    result = SCU_OK;
  }
  if (result == SCU_OK) result = scu__reader_check_depth(&w->reader, &kept);
  if (result != SCU_OK) {
    if (!scu__error_is_set(error)) scu__error_copy(error, &kept);
    return result;
  }
  if (w->inflater && !w->head->is_truncated)
    settle_deflated_end(w);
  else
    settle_plain_end(w);
  return SCU_OK;
}

scu_result scu__head_walk(scu__source *source, const scu_allocator *allocator, const scu__head_options *options,
                          scu__head *head, scu_error *error) {
  memset(head, 0, sizeof *head);
  walk *w = scu__alloc(allocator, sizeof *w);
  if (!w) return scu__error_memory(error, SCU_PHASE_FILE);
  w->head = head;
  w->error = error;
  w->size = source->size;
  w->chunk = SCU__READ_AHEAD_MAX;
  if (options) w->options = *options;
  scu__read_ahead_init(&w->ahead, source);
  scu_result result = walk_file(w, allocator);
  if (result == SCU_OK) gather_warnings(head);
  scu__inflater_free(w->inflater);
  scu__free(allocator, w);
  return result;
}

const char *scu__head_warning_text(uint32_t warning) {
  switch (warning) {
  case SCU__HEAD_META_DISAGREES:
    return "file meta and dataset name different SOP classes or instances; the dataset counts";
  case SCU__HEAD_IMAGE_WITHOUT_PIXELS: return "an image without Pixel Data; the file may be cut";
  case SCU__HEAD_TRAILING_BYTES: return "bytes after the dataset are left out";
  case SCU__HEAD_SYNTAX_GUESSED: return "the file names no transfer syntax; it was guessed from the dataset";
  case SCU__HEAD_WRONG_META_LENGTH: return "the length of the file meta group is missing or wrong";
  case SCU__HEAD_TRUNCATED: return "the file is cut";
  case SCU__HEAD_SYNTAX_UNKNOWN: return "unknown transfer syntax, read as explicit VR little endian";
  case SCU__HEAD_ODD_LENGTH: return "the dataset has an odd length; one NUL is added when it is sent";
  default: return "";
  }
}
