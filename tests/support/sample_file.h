/* Small Part 10 files for tests: an instance with a number, in a scratch folder. */
#ifndef SCU_TESTS_SAMPLE_FILE_H
#define SCU_TESTS_SAMPLE_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "data/dataset_encode.h"
#include "data/element.h"
#include "data/transfer_syntax.h"
#include "scu/dataset.h"

#define SAMPLE_CLASS "1.2.840.10008.5.1.4.1.1.7"

typedef struct sample_file {
  const char *sop_class, *transfer_syntax; /* NULL: Secondary Capture, Explicit LE */
  int number;                              /* SOP Instance UID 1.2.3.<number> */
  size_t pixels;                           /* bytes of Pixel Data, even */
} sample_file;

static inline void sample_element(scu__buffer *to, uint16_t element, const char *vr, const void *value, size_t length) {
  scu__put_u16le(to, 2);
  scu__put_u16le(to, element);
  scu__put_text(to, vr);
  if (vr[0] == 'O') scu__put_u16le(to, 0);
  if (vr[0] == 'O')
    scu__put_u32le(to, (uint32_t)length);
  else
    scu__put_u16le(to, (uint16_t)(length + length % 2));
  scu__put_bytes(to, value, length);
  if (length % 2 != 0) scu__put_u8(to, 0);
}

static inline void sample_head(const sample_file *sample, const char *uid, scu__buffer *to) {
  const char *sop_class = sample->sop_class ? sample->sop_class : SAMPLE_CLASS;
  const char *syntax = sample->transfer_syntax ? sample->transfer_syntax : SCU__UID_EXPLICIT_LE;
  scu__buffer meta;
  scu__buffer_init(&meta, NULL, 4096);
  sample_element(&meta, 1, "OB", "\0\1", 2);
  sample_element(&meta, 2, "UI", sop_class, strlen(sop_class));
  sample_element(&meta, 3, "UI", uid, strlen(uid));
  sample_element(&meta, 0x10, "UI", syntax, strlen(syntax));
  sample_element(&meta, 0x12, "UI", "1.2.3.4", 7);
  uint8_t length[4] = {(uint8_t)meta.length, (uint8_t)(meta.length >> 8), 0, 0};
  scu__put_fill(to, 0, 128);
  scu__put_text(to, "DICM");
  sample_element(to, 0, "UL", length, 4);
  scu__put_bytes(to, meta.data, meta.length);
  scu__buffer_free(&meta);
}

/* The dataset alone. */
static inline scu_dataset *sample_dataset(const sample_file *sample, const char *uid) {
  scu_dataset *dataset = NULL;
  if (scu_dataset_new(NULL, &dataset) != SCU_OK) abort();
  scu_dataset_set_text(dataset, "SOPClassUID", sample->sop_class ? sample->sop_class : SAMPLE_CLASS);
  scu_dataset_set_text(dataset, "SOPInstanceUID", uid);
  scu_dataset_set_text(dataset, "StudyInstanceUID", "1.2.1");
  scu_dataset_set_text(dataset, "SeriesInstanceUID", "1.2.1.1");
  scu_dataset_set_text(dataset, "PatientName", "Sample^A");
  scu_dataset_set_text(dataset, "BitsAllocated", "16");
  uint8_t *pixels = calloc(1, sample->pixels + 1);
  if (!pixels) abort();
  for (size_t i = 0; i < sample->pixels; i++) pixels[i] = (uint8_t)(i * 13 + (size_t)sample->number);
  scu_dataset_set_bytes(dataset, 0x7FE00010, SCU_VR_OW, pixels, sample->pixels);
  free(pixels);
  return dataset;
}

/* The whole file into `to`, which the caller frees. */
static inline void sample_bytes(const sample_file *sample, scu__buffer *to) {
  char uid[32];
  snprintf(uid, sizeof uid, "1.2.3.%d", sample->number);
  const scu__transfer_syntax *syntax =
      scu__transfer_syntax_find(sample->transfer_syntax ? sample->transfer_syntax : SCU__UID_EXPLICIT_LE);
  scu__encoding encoding = {.is_implicit_vr = syntax->is_implicit_vr, .is_big_endian = syntax->is_big_endian};
  scu__buffer_init(to, NULL, (size_t)1 << 30);
  sample_head(sample, uid, to);
  scu_dataset *dataset = sample_dataset(sample, uid);
  if (scu__dataset_encode(dataset, encoding, to, NULL) != SCU_OK) abort();
  scu_dataset_free(dataset);
}

#endif
