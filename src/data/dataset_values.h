/* The values of one element as texts, one after the other: what text, JSON and the dump are made of. */
#ifndef SCU_DATA_DATASET_VALUES_H
#define SCU_DATA_DATASET_VALUES_H

#include "data/dataset.h"
#include "data/decimal.h"
#include "data/vr.h"

typedef struct scu__values {
  const scu__vr_info *info;
  const uint8_t *at; /* the next value, or where its text begins */
  size_t left;
  bool is_done;
  char number[SCU__DECIMAL_MAX];
} scu__values;

/* SCU_END when the element has no value; UNSUPPORTED for sequences, fragments, bulk VRs, unknown VRs and values that
 * were left out; MEMORY. */
scu_result scu__values_open(scu__values *values, const scu_dataset *dataset, const scu_element *element);
/* The next value, trimmed as its VR says; UTF-8, not NUL-terminated, may hold NULs. Valid until the next call, and no
 * longer than scu__element_utf8 says. False after the last. */
bool scu__values_next(scu__values *values, const char **text, size_t *length);

/* One component group of a PN without the spaces around it (PS3.5 6.2); 0 alphabetic, 1 ideographic, 2 phonetic. */
void scu__name_group(const char *name, size_t length, unsigned group, const char **text, size_t *text_length);
/* Integer value `index` of a binary VR (US SS UL SL UV SV AT). False beyond the last. UV comes as its bits. */
bool scu__binary_integer(const scu_element *element, const scu__vr_info *info, size_t index, int64_t *out);
/* Turns the words of a value round, big endian to little endian and back; AT turns its two halves, bytes stay. */
void scu__swap_words(uint8_t *bytes, size_t length, scu_vr vr);
/* Bytes that mean the same in ASCII, UTF-8 and every set of the Standard when they stand in this VR. */
bool scu__is_plain_ascii(const uint8_t *bytes, size_t length, bool backslash_is_plain);

#endif
