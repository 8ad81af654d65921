/* DICOMDIRs for tests, byte by byte and without the library's own writer: honest ones and others (PS3.3 F.3). */
#ifndef SCU_TESTS_DICOMDIR_WRITER_H
#define SCU_TESTS_DICOMDIR_WRITER_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "data/inflate.h"
#include "data/transfer_syntax.h"

#define DICOMDIR_CLASS   "1.2.840.10008.1.3.10"
#define DICOMDIR_PATIENT "Secret^Patient" /* in every record, and never in a message */

/* One directory record; all zero: in use, names no file. */
typedef struct dicomdir_record {
  const char *file_id; /* NULL = the element is not there */
  size_t length;       /* of file_id; 0 = its strlen */
  const char *type;    /* NULL = IMAGE */
  const char *vr;      /* of file_id; NULL = CS */
  bool is_not_in_use;  /* (0004,1410) = 0000 */
  bool has_long_flag;  /* ... as UL */
  bool has_no_flag;
  uint32_t next, lower; /* the offsets, whatever they lead to */
  unsigned nested;      /* sequences in sequences, so many */
} dicomdir_record;

typedef struct dicomdir_writer {
  const char *sop_class;       /* NULL = Media Storage Directory; "" = none */
  const char *transfer_syntax; /* NULL = Explicit VR Little Endian */
  const char *records_vr;      /* NULL = SQ */
  bool has_item_lengths, has_sequence_length;
} dicomdir_writer;

typedef struct dicomdir_encoding {
  bool is_implicit, is_big;
} dicomdir_encoding;

static inline void dicomdir_u16(scu__buffer *to, dicomdir_encoding e, uint32_t value) {
  if (e.is_big)
    scu__put_u16be(to, (uint16_t)value);
  else
    scu__put_u16le(to, (uint16_t)value);
}

static inline void dicomdir_u32(scu__buffer *to, dicomdir_encoding e, uint32_t value) {
  if (e.is_big)
    scu__put_u32be(to, value);
  else
    scu__put_u32le(to, value);
}

static inline void dicomdir_header(scu__buffer *to, dicomdir_encoding e, uint32_t tag, const char *vr,
                                   uint32_t length) {
  bool is_long = strchr("O", vr[0]) || strcmp(vr, "SQ") == 0 || strcmp(vr, "UN") == 0 || strcmp(vr, "UT") == 0;
  dicomdir_u16(to, e, tag >> 16);
  dicomdir_u16(to, e, tag & 0xFFFF);
  if (!e.is_implicit) scu__put_text(to, vr);
  if (!e.is_implicit && is_long) dicomdir_u16(to, e, 0);
  if (e.is_implicit || is_long)
    dicomdir_u32(to, e, length);
  else
    dicomdir_u16(to, e, length);
}

static inline void dicomdir_value(scu__buffer *to, dicomdir_encoding e, uint32_t tag, const char *vr, const void *value,
                                  size_t length) {
  dicomdir_header(to, e, tag, vr, (uint32_t)(length + length % 2));
  scu__put_bytes(to, value, length);
  if (length % 2 != 0) scu__put_u8(to, strcmp(vr, "UI") == 0 ? 0 : ' ');
}

static inline void dicomdir_item(scu__buffer *to, dicomdir_encoding e, uint32_t tag, uint32_t length) {
  dicomdir_u16(to, e, tag >> 16);
  dicomdir_u16(to, e, tag & 0xFFFF);
  dicomdir_u32(to, e, length);
}

static inline void dicomdir_put_record(scu__buffer *to, dicomdir_encoding e, const dicomdir_record *record) {
  const char *type = record->type ? record->type : "IMAGE";
  dicomdir_header(to, e, 0x00041400, "UL", 4);
  dicomdir_u32(to, e, record->next);
  if (!record->has_no_flag) {
    dicomdir_header(to, e, 0x00041410, record->has_long_flag ? "UL" : "US", record->has_long_flag ? 4 : 2);
    if (record->has_long_flag) dicomdir_u16(to, e, 0);
    dicomdir_u16(to, e, record->is_not_in_use ? 0 : 0xFFFF);
  }
  dicomdir_header(to, e, 0x00041420, "UL", 4);
  dicomdir_u32(to, e, record->lower);
  dicomdir_value(to, e, 0x00041430, "CS", type, strlen(type));
  if (record->file_id)
    dicomdir_value(to, e, 0x00041500, record->vr ? record->vr : "CS", record->file_id,
                   record->length ? record->length : strlen(record->file_id));
  for (unsigned i = 0; i < record->nested; i++) {
    dicomdir_header(to, e, 0x00082112, "SQ", UINT32_MAX);
    dicomdir_item(to, e, 0xFFFEE000, UINT32_MAX);
    dicomdir_value(to, e, 0x00041500, "CS", "NESTED", 6); /* of no record: only the top of an item counts */
  }
  for (unsigned i = 0; i < record->nested; i++) {
    dicomdir_item(to, e, 0xFFFEE00D, 0);
    dicomdir_item(to, e, 0xFFFEE0DD, 0);
  }
  dicomdir_value(to, e, 0x00100010, "PN", DICOMDIR_PATIENT, strlen(DICOMDIR_PATIENT));
}

static inline void dicomdir_dataset(const dicomdir_writer *w, dicomdir_encoding e, const dicomdir_record *records,
                                    size_t count, scu__buffer *to) {
  scu__buffer items, item;
  scu__buffer_init(&items, NULL, (size_t)1 << 30);
  scu__buffer_init(&item, NULL, (size_t)1 << 20);
  for (size_t i = 0; i < count; i++) {
    scu__buffer_clear(&item);
    dicomdir_put_record(&item, e, &records[i]);
    dicomdir_item(&items, e, 0xFFFEE000, w->has_item_lengths ? (uint32_t)item.length : UINT32_MAX);
    scu__put_bytes(&items, item.data, item.length);
    if (!w->has_item_lengths) dicomdir_item(&items, e, 0xFFFEE00D, 0);
  }
  dicomdir_value(to, e, 0x00041130, "CS", "TEST", 4);
  dicomdir_header(to, e, 0x00041212, "US", 2);
  dicomdir_u16(to, e, 0);
  dicomdir_header(to, e, 0x00041220, w->records_vr ? w->records_vr : "SQ",
                  w->has_sequence_length ? (uint32_t)items.length : UINT32_MAX);
  scu__put_bytes(to, items.data, items.length);
  if (!w->has_sequence_length) dicomdir_item(to, e, 0xFFFEE0DD, 0);
  scu__buffer_free(&item);
  scu__buffer_free(&items);
}

static inline void dicomdir_deflate(const scu__buffer *plain, scu__buffer *to) {
  scu__deflater *deflater;
  const uint8_t *bytes = plain->data;
  size_t left = plain->length, got;
  if (scu__deflater_new(NULL, &deflater) != SCU_OK) abort();
  do {
    got = 0;
    uint8_t *room = scu__buffer_reserve(to, 4096);
    scu_result result = scu__deflater_run(deflater, &bytes, &left, true, room, 4096, &got, NULL);
    scu__buffer_commit(to, got);
    if (result == SCU_END) break;
    if (result != SCU_OK) abort();
  } while (true);
  scu__deflater_free(deflater);
}

/* The whole file into `to`, which the caller frees. */
static inline void dicomdir_write(const dicomdir_writer *w, const dicomdir_record *records, size_t count,
                                  scu__buffer *to) {
  const char *uid = w->transfer_syntax ? w->transfer_syntax : SCU__UID_EXPLICIT_LE;
  const char *sop_class = w->sop_class ? w->sop_class : DICOMDIR_CLASS;
  dicomdir_encoding meta = {0}, e = {.is_implicit = strcmp(uid, SCU__UID_IMPLICIT_LE) == 0,
                                     .is_big = strcmp(uid, SCU__UID_EXPLICIT_BE) == 0};
  scu__buffer head, plain;
  scu__buffer_init(&head, NULL, 4096);
  scu__buffer_init(&plain, NULL, (size_t)1 << 30);
  scu__buffer_init(to, NULL, (size_t)1 << 30);
  dicomdir_value(&head, meta, 0x00020001, "OB", "\0\1", 2);
  if (sop_class[0]) dicomdir_value(&head, meta, 0x00020002, "UI", sop_class, strlen(sop_class));
  dicomdir_value(&head, meta, 0x00020003, "UI", "1.2.3.4.5", 9);
  dicomdir_value(&head, meta, 0x00020010, "UI", uid, strlen(uid));
  scu__put_fill(to, 0, 128);
  scu__put_text(to, "DICM");
  dicomdir_header(to, meta, 0x00020000, "UL", 4);
  scu__put_u32le(to, (uint32_t)head.length);
  scu__put_bytes(to, head.data, head.length);
  dicomdir_dataset(w, e, records, count, &plain);
  if (strcmp(uid, SCU__UID_DEFLATED_EXPLICIT_LE) == 0)
    dicomdir_deflate(&plain, to);
  else
    scu__put_bytes(to, plain.data, plain.length);
  scu__buffer_free(&head);
  scu__buffer_free(&plain);
}

#endif
