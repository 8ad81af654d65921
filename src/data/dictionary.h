/* The registry of data elements (PS3.6 6-9, PS3.7 E) as a read-only table. Knows no private elements. */
#ifndef SCU_DATA_DICTIONARY_H
#define SCU_DATA_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/types.h"

enum { SCU__VM_UNBOUNDED = 255 };

/* No pointers in here: the table then needs no relocation at start. Use the accessors below for the texts. */
typedef struct scu__dictionary_entry {
  scu_tag tag;  /* digits that repeat (the xx of 60xx) are 0 */
  scu_tag mask; /* 0xFFFFFFFF, or 0 where the digits repeat: entry covers t if (t & mask) == tag */
  uint32_t keyword_at, name_at;
  scu_vr vr; /* the best one for implicit encoding: US for US/SS, OW wherever OW is possible; 0 = not registered */
  scu_vr other_vr[2];              /* the alternatives, 0 = none */
  uint8_t vm_min, vm_max, vm_step; /* 2-2n is 2, UNBOUNDED, 2 */
  bool is_retired;
} scu__dictionary_entry;

/* NULL if not in the registry; covers repeating groups (even groups only). */
const scu__dictionary_entry *scu__dictionary_find(scu_tag tag);
/* Exact and case-sensitive. */
const scu__dictionary_entry *scu__dictionary_find_keyword(const char *keyword);
const char *scu__dictionary_keyword(const scu__dictionary_entry *entry); /* "PatientName"; may be "" */
/* "Patient's Name"; may be "". For tests and listings: what people are shown is the keyword. */
const char *scu__dictionary_name(const scu__dictionary_entry *entry);

/* The VR to assume where the encoding does not say (implicit VR; PS3.5 7.8.1): private creators (odd group, 0010-00FF)
 * LO, other private elements UN, group lengths UL, elements unknown or without a registered VR UN, items and delimiters
 * NONE. US where the registry says US or SS: the caller refines by Pixel Representation. OW where it says OB or OW. */
scu_vr scu__dictionary_vr(scu_tag tag);

/* All rows, for tests: nothing in the library walks them. */
size_t scu__dictionary_count(void);
const scu__dictionary_entry *scu__dictionary_at(size_t index); /* exact tags in rising order, then repeating groups */

static inline bool scu__tag_is_private(scu_tag tag) {
  return (tag & 0x00010000u) != 0;
}
static inline bool scu__tag_is_private_creator(scu_tag tag) {
  return scu__tag_is_private(tag) && (tag & 0xFFFFu) >= 0x10u && (tag & 0xFFFFu) <= 0xFFu;
}
static inline bool scu__tag_is_group_length(scu_tag tag) {
  return (tag & 0xFFFFu) == 0;
}

#endif
