/* Records: written once for every new patient, study, series and instance, searched for every row of an answer. */
#include "archive/record.h"

#include <string.h>

#include "base/endian.h"
#include "data/dataset_edit.h"
#include "data/dataset_encode.h"
#include "data/dataset_values.h"
#include "data/dictionary.h"
#include "data/vr.h"

enum { ENTRY_HEADER = 10 };

/* ---- writing ---- */

scu_result scu__record_writer_init(scu__record_writer *writer, const scu_allocator *allocator) {
  *writer = (scu__record_writer){0};
  scu_result result = scu_dataset_new(allocator, &writer->sequence);
  if (result == SCU_OK) writer->sequence->tree->must_encode = true;
  return result;
}

void scu__record_writer_free(scu__record_writer *writer) {
  scu_dataset_free(writer->sequence);
  scu_dataset_free(writer->unicode);
  *writer = (scu__record_writer){0};
}

scu_result scu__record_writer_start(scu__record_writer *writer, const scu_dataset *header,
                                    const scu_dataset **prepared) {
  *prepared = header;
  if (scu__dataset_is_ascii(header)) return SCU_OK;
  scu_dataset_free(writer->unicode);
  scu_result result = scu_dataset_copy(header, &writer->unicode);
  if (result == SCU_OK) result = scu__dataset_texts_to_utf8(writer->unicode);
  *prepared = writer->unicode;
  return result;
}

/* Small enough to keep? Counted before anything is copied: per-frame sequences have millions of elements. */
static bool is_small_sequence(const scu_element *sequence) {
  size_t elements = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < scu_element_item_count(sequence); i++) {
    scu__walk walk;
    scu__walk_start(&walk, scu_element_item(sequence, i));
    for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
      elements += 1 + at->count;
      if (elements > SCU__RECORD_ELEMENTS_MAX || at->depth > SCU__RECORD_DEPTH_MAX) return false;
      for (size_t k = 0; k < at->count; k++) {
        if (at->elements[k].is_left_out || at->elements[k].content == SCU__CONTENT_FRAGMENTS) return false;
        bytes += at->elements[k].length;
      }
      if (bytes > SCU__RECORD_VALUE_MAX) return false;
    }
  }
  return true;
}

static bool is_kept(const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  if (!info || scu__tag_is_private(element->tag) || scu__tag_is_group_length(element->tag)) return false;
  if (element->tag == SCU__TAG_SPECIFIC_CHARACTER_SET || SCU_TAG_GROUP(element->tag) <= 0x0002) return false;
  if (scu__attribute_is_computed(element->tag)) return false;
  if (scu__attribute_is_control(element->tag) && element->tag != SCU__TAG_TIMEZONE) return false;
  if (element->content == SCU__CONTENT_ITEMS) return info->kind == SCU__VALUE_SEQUENCE && is_small_sequence(element);
  if (element->content != SCU__CONTENT_VALUE || element->is_left_out) return false;
  return info->kind < SCU__VALUE_WORDS && element->length <= SCU__RECORD_VALUE_MAX;
}

static bool belongs(scu__level level, scu_tag tag) {
  if (level == SCU__LEVEL_WORKLIST || tag == SCU__TAG_TIMEZONE) return true;
  scu__level own = scu__attribute_level(tag);
  return own == level || (level == SCU__LEVEL_STUDY && own == SCU__LEVEL_PATIENT);
}

static void put_entry_header(scu__buffer *record, scu_tag tag, scu_vr vr, size_t length) {
  scu__put_u32le(record, tag);
  scu__put_u16le(record, vr);
  scu__put_u32le(record, (uint32_t)length);
}

static scu_result put_value(const scu_dataset *prepared, const scu_element *element, scu__buffer *record) {
  const char *utf8;
  size_t length;
  if (!scu__vr_find(element->vr)->is_text) {
    put_entry_header(record, element->tag, element->vr, (size_t)element->length);
    scu__put_bytes(record, element->as.bytes, (size_t)element->length);
    return SCU_OK;
  }
  scu_result result = scu__element_utf8(prepared, element, &utf8, &length);
  if (result != SCU_OK) return result;
  while (length > 0 && (utf8[length - 1] == ' ' || utf8[length - 1] == 0)) length--;
  put_entry_header(record, element->tag, element->vr, length);
  scu__put_bytes(record, utf8, length);
  return SCU_OK;
}

/* The sequence alone goes through a dataset of its own, which then declares UTF-8 if it has to. */
static scu_result put_sequence(scu__record_writer *writer, const scu_dataset *prepared, const scu_element *element,
                               scu__buffer *record) {
  scu_dataset view = *prepared;
  view.elements = (scu_element *)element;
  view.count = 1;
  view.parent = NULL;
  scu__dataset_reset(writer->sequence);
  scu_result result = scu_dataset_merge(writer->sequence, &view);
  if (result == SCU_OK && !scu__dataset_is_ascii(writer->sequence))
    result = scu__dataset_set_tag_text(writer->sequence, SCU__TAG_SPECIFIC_CHARACTER_SET, "ISO_IR 192", NULL);
  if (result != SCU_OK) return result;
  put_entry_header(record, element->tag, SCU_VR_SQ, 0);
  size_t start = record->length;
  result = scu__dataset_encode(writer->sequence, SCU__EXPLICIT_LE, record, NULL);
  if (result == SCU_OK) scu__store_u32le(record->data + start - 4, (uint32_t)(record->length - start));
  return result;
}

scu_result scu__record_write(scu__record_writer *writer, const scu_dataset *prepared, scu__level level,
                             scu__buffer *record) {
  size_t start = record->length;
  for (size_t i = 0; i < prepared->count; i++) {
    const scu_element *element = &prepared->elements[i];
    if (!belongs(level, element->tag) || !is_kept(element)) continue;
    if (record->length - start > SCU__RECORD_MAX) break;
    size_t before = record->length;
    scu_result result = element->content == SCU__CONTENT_ITEMS ? put_sequence(writer, prepared, element, record)
                                                               : put_value(prepared, element, record);
    if (result == SCU_ERROR_MEMORY) return result;
    /* A sequence that cannot be encoded is one that cannot be asked for. */
    if (result != SCU_OK && scu__buffer_result(record) == SCU_OK) record->length = before;
  }
  return scu__buffer_result(record);
}

/* ---- reading ---- */

scu__record scu__record_over(const uint8_t *bytes, size_t length) {
  return (scu__record){.bytes = bytes, .length = length};
}

bool scu__record_find(scu__record *record, scu_tag tag, scu_element *element) {
  if (tag < record->asked) record->position = 0;
  record->asked = tag;
  while (record->length - record->position >= ENTRY_HEADER) {
    const uint8_t *at = record->bytes + record->position;
    scu_tag here = scu__load_u32le(at);
    size_t length = scu__load_u32le(at + 6);
    if (here > tag || length > record->length - record->position - ENTRY_HEADER) return false;
    if (here == tag) {
      *element = (scu_element){.tag = here,
                               .vr = scu__load_u16le(at + 4),
                               .is_utf8 = true,
                               .length = length,
                               .as.bytes = length > 0 ? at + ENTRY_HEADER : NULL};
      return true;
    }
    record->position += ENTRY_HEADER + length;
  }
  return false;
}

scu_result scu__record_decode(const scu_element *sequence, scu__dataset_decoder *decoder, scu_dataset *into,
                              const scu_element **out) {
  *out = NULL;
  scu_result result =
      scu__dataset_decode_into(decoder, sequence->as.bytes, (size_t)sequence->length, SCU__EXPLICIT_LE, into, NULL);
  if (result == SCU_ERROR_MEMORY) return result;
  if (result != SCU_OK) return SCU_END;
  /* Taking the declaration away turns every text into UTF-8. */
  if (scu_dataset_find(into, SCU__TAG_SPECIFIC_CHARACTER_SET) &&
      scu_dataset_remove(into, "SpecificCharacterSet") == SCU_ERROR_MEMORY)
    return SCU_ERROR_MEMORY;
  *out = scu_dataset_find(into, sequence->tag);
  return *out ? SCU_OK : SCU_END;
}
