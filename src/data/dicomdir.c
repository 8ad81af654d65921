/* Reader over a read-ahead window; of every item of (0004,1220) three values are kept. */
#include "data/dicomdir.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "data/inflate.h"
#include "data/reader.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"

enum { INFLATED_CHUNK = 32 * 1024, TYPE_MAX = 16, FLAG_MAX = 4 };

#define TAG_RECORDS SCU_TAG(0x0004, 0x1220)
#define TAG_IN_USE  SCU_TAG(0x0004, 0x1410)
#define TAG_TYPE    SCU_TAG(0x0004, 0x1430)
#define TAG_FILE_ID SCU_TAG(0x0004, 0x1500)

struct scu__dicomdir {
  const scu_allocator *allocator;
  scu__file_meta meta;
  uint64_t offset;         /* of the next byte to take from the source */
  scu__inflater *inflater; /* NULL unless deflated */
  bool is_inflated;        /* the deflate stream has ended */
  bool is_in_records, has_records;
  scu__dicomdir_record record;
  bool has_file_id, has_flag, has_type; /* the first one of an item counts */
  scu_tag wanted;                       /* the element whose value is coming, or 0 */
  uint8_t *to;                          /* where it goes */
  size_t to_length, to_room;
  uint8_t flag[FLAG_MAX], type[TYPE_MAX];
  scu_result failure; /* sticky */
  scu_error fault;
  scu__reader reader;
  scu__read_ahead ahead;
  uint8_t inflated[INFLATED_CHUNK];
};

bool scu__dicomdir_is(const scu__file_meta *meta) {
  return strcmp(meta->sop_class.text, SCU__UID_MEDIA_STORAGE_DIRECTORY) == 0;
}

/* Input */

static scu_result feed_plain(scu__dicomdir *d) {
  const uint8_t *bytes;
  size_t length;
  scu_result result = scu__read_ahead_peek(&d->ahead, d->offset, 1, SCU__READ_AHEAD_MAX, &bytes, &length, &d->fault);
  if (result != SCU_OK) return result;
  if (length == 0) scu__reader_finish(&d->reader);
  scu__reader_push(&d->reader, bytes, length);
  d->offset += length;
  return SCU_OK;
}

static scu_result feed_inflated(scu__dicomdir *d) {
  size_t got = 0;
  while (got == 0 && !d->is_inflated) {
    const uint8_t *bytes;
    size_t length;
    scu_result result = scu__read_ahead_peek(&d->ahead, d->offset, 1, SCU__READ_AHEAD_MAX, &bytes, &length, &d->fault);
    if (result != SCU_OK) return result;
    size_t before = length;
    result = scu__inflater_run(d->inflater, &bytes, &length, d->inflated, sizeof d->inflated, &got, &d->fault);
    d->offset += before - length;
    if (result < 0) return result;
    d->is_inflated = result == SCU_END || (result == SCU_MORE && before == 0);
  }
  if (got == 0) scu__reader_finish(&d->reader);
  scu__reader_push(&d->reader, d->inflated, got);
  return SCU_OK;
}

/* A long value on disk is passed over; an inflated one has to be taken piece by piece. */
static scu_result pass_value(scu__dicomdir *d, const scu__token *token) {
  if (d->inflater) return SCU_OK;
  uint64_t count;
  scu_result result = scu__reader_skip_value(&d->reader, &count);
  if (result != SCU_OK) return result;
  if (count > d->ahead.source->size - d->offset) {
    scu__error_set(&d->fault, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                   "cut inside the value of (%04X,%04X) that begins at offset %" PRIu64,
                   (unsigned)SCU_TAG_GROUP(token->tag), (unsigned)SCU_TAG_ELEMENT(token->tag), token->offset);
    scu__error_at(&d->fault, token->tag, token->offset);
    return SCU_ERROR_MALFORMED;
  }
  d->offset += count;
  return SCU_OK;
}

/* Tokens */

static void begin_record(scu__dicomdir *d) {
  scu__dicomdir_record *record = &d->record;
  record->number++;
  record->is_in_use = true;
  record->may_be_foreign = record->is_too_long = false;
  record->file_id_length = 0;
  d->has_file_id = d->has_flag = d->has_type = false;
}

static bool want(scu__dicomdir *d, bool *has, scu_tag tag, uint8_t *to, size_t room) {
  if (*has) return false;
  *has = true;
  d->wanted = tag;
  d->to = to;
  d->to_room = room;
  return true;
}

/* Which VR a value claims to have does not matter. */
static bool is_wanted(scu__dicomdir *d, const scu__token *token) {
  d->wanted = 0;
  d->to_length = 0;
  if (!d->is_in_records || token->depth != 1) return false;
  switch (token->tag) {
  case TAG_FILE_ID:
    if (token->length <= SCU__FILE_ID_MAX)
      return want(d, &d->has_file_id, TAG_FILE_ID, d->record.file_id, SCU__FILE_ID_MAX);
    if (!d->has_file_id) d->record.is_too_long = d->has_file_id = true;
    return false;
  case TAG_IN_USE: return token->length <= FLAG_MAX && want(d, &d->has_flag, TAG_IN_USE, d->flag, FLAG_MAX);
  case TAG_TYPE: return token->length <= TYPE_MAX && want(d, &d->has_type, TAG_TYPE, d->type, TYPE_MAX);
  default: return false;
  }
}

static bool is_type(const scu__dicomdir *d, const char *type) {
  size_t length = d->to_length;
  while (length > 0 && (d->type[length - 1] == ' ' || d->type[length - 1] == 0)) length--;
  return length == strlen(type) && memcmp(d->type, type, length) == 0;
}

static void end_value(scu__dicomdir *d) {
  static const uint8_t zeros[FLAG_MAX];
  scu__dicomdir_record *record = &d->record;
  if (d->wanted == TAG_FILE_ID) record->file_id_length = d->to_length;
  if (d->wanted == TAG_IN_USE) record->is_in_use = d->to_length == 0 || memcmp(d->flag, zeros, d->to_length) != 0;
  if (d->wanted == TAG_TYPE) record->may_be_foreign = is_type(d, "PRIVATE") || is_type(d, "HL7 STRUC DOC");
  d->wanted = 0;
}

static void keep_value(scu__dicomdir *d, const scu__token *token) {
  if (d->wanted == 0) return;
  size_t size = token->size < d->to_room - d->to_length ? token->size : d->to_room - d->to_length;
  if (size > 0) memcpy(d->to + d->to_length, token->bytes, size);
  d->to_length += size;
  if (token->is_last) end_value(d);
}

/* SCU_OK: a record is complete; SCU_MORE: go on. */
static scu_result take_token(scu__dicomdir *d, const scu__token *token) {
  scu_result result = SCU_OK;
  switch (token->kind) {
  case SCU__TOKEN_SEQUENCE_BEGIN:
    if (token->depth == 0) d->is_in_records = token->tag == TAG_RECORDS;
    d->has_records |= d->is_in_records;
    break;
  case SCU__TOKEN_SEQUENCE_END:
    if (token->depth == 0) d->is_in_records = false;
    break;
  case SCU__TOKEN_ITEM_BEGIN:
    if (d->is_in_records && token->depth == 1) begin_record(d);
    break;
  case SCU__TOKEN_ITEM_END: return d->is_in_records && token->depth == 1 ? SCU_OK : SCU_MORE;
  case SCU__TOKEN_ELEMENT:
    if (!is_wanted(d, token)) result = pass_value(d, token);
    break;
  case SCU__TOKEN_FRAGMENT:
    d->wanted = 0;
    result = pass_value(d, token);
    break;
  case SCU__TOKEN_VALUE: keep_value(d, token); break;
  default: break;
  }
  return result == SCU_OK ? SCU_MORE : result;
}

static scu_result read_record(scu__dicomdir *d) {
  for (;;) {
    scu__token token;
    scu_result result = scu__reader_next(&d->reader, &token, &d->fault);
    if (result == SCU_MORE) {
      result = d->inflater ? feed_inflated(d) : feed_plain(d);
      if (result == SCU_OK) continue;
    } else if (result == SCU_OK) {
      result = take_token(d, &token);
      if (result == SCU_MORE) continue;
    } else if (result == SCU_END && !d->has_records) {
      return scu__error_set(&d->fault, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "no Directory Record Sequence");
    }
    return result;
  }
}

scu_result scu__dicomdir_next(scu__dicomdir *d, const scu__dicomdir_record **record, scu_error *error) {
  if (d->failure == SCU_OK) d->failure = read_record(d);
  if (d->failure == SCU_OK) {
    *record = &d->record;
    return SCU_OK;
  }
  *record = NULL;
  if (error && d->failure < 0 && !scu__error_is_set(error)) scu__error_copy(error, &d->fault);
  return d->failure;
}

static scu_result begin(scu__dicomdir *d, scu_error *error) {
  scu_result result = scu__part10_read_ahead(&d->ahead, &d->meta, error);
  if (result != SCU_OK) return result;
  if (d->meta.sop_class.text[0] != 0 && !scu__dicomdir_is(&d->meta))
    return scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_FILE, "a DICOM file, but not a DICOMDIR");
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(d->meta.transfer_syntax.text);
  scu__reader_options options = {.first_offset = d->meta.dataset_offset};
  if (syntax && syntax->is_deflated) {
    if (scu__inflater_new(d->allocator, NULL, &d->inflater) != SCU_OK) return scu__error_memory(error, SCU_PHASE_FILE);
    options.first_offset = 0;
  }
  d->offset = d->meta.dataset_offset;
  scu__reader_init(&d->reader, scu__transfer_syntax_encoding(syntax), &options);
  return SCU_OK;
}

scu_result scu__dicomdir_new(scu__source *source, const scu_allocator *allocator, scu__dicomdir **out,
                             scu_error *error) {
  *out = NULL;
  scu__dicomdir *d = scu__alloc(allocator, sizeof *d);
  if (!d) return scu__error_memory(error, SCU_PHASE_FILE);
  d->allocator = allocator;
  scu__error_clear(&d->fault);
  scu__read_ahead_init(&d->ahead, source);
  scu_result result = begin(d, error);
  if (result != SCU_OK) {
    scu__dicomdir_free(d);
    return result;
  }
  *out = d;
  return SCU_OK;
}

void scu__dicomdir_free(scu__dicomdir *d) {
  if (!d) return;
  scu__inflater_free(d->inflater);
  scu__free(d->allocator, d);
}
