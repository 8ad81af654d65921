/* Value representations and their rules (PS3.5 6.2, 7.1.2, 7.3), one row each. Does not check values. */
#ifndef SCU_DATA_VR_H
#define SCU_DATA_VR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/types.h"

typedef enum scu__value_kind {
  SCU__VALUE_TEXT = 1, /* characters, numbers written as text (DS IS) included */
  SCU__VALUE_UNSIGNED, /* US UL UV, width = unit */
  SCU__VALUE_SIGNED,   /* SS SL SV */
  SCU__VALUE_FLOAT,    /* FL FD */
  SCU__VALUE_TAG,      /* AT: group, element */
  SCU__VALUE_WORDS,    /* OW OL OV OF OD: one value, a stream of units */
  SCU__VALUE_BYTES,    /* OB UN: one value, never swapped */
  SCU__VALUE_SEQUENCE  /* SQ */
} scu__value_kind;

typedef struct scu__vr_info {
  scu_vr vr;
  char name[31];
  uint8_t kind;      /* scu__value_kind */
  uint8_t unit;      /* bytes of one value of a fixed binary VR, or of one word of a stream; 1 for text, OB, UN; 0 SQ */
  uint8_t swap_unit; /* what a byte order change turns round: 1 (nothing), 2, 4, 8; 0 for SQ. AT swaps 2 + 2 */
  uint8_t pad;       /* the byte that makes an odd value even */
  bool has_long_length; /* explicit VR: 2 reserved bytes and a 32-bit length */
  bool may_have_undefined_length;
  bool is_text;                       /* kind == TEXT */
  bool uses_charset;                  /* (0008,0005) applies: LO LT PN SH ST UC UT */
  bool may_be_multi;                  /* text: a backslash separates values. Binary: values follow each other */
  bool trims_leading, trims_trailing; /* spaces at this end are not significant (UI: trailing NUL) */
  bool max_is_characters;             /* max_length counts characters (PN: of one component group), not bytes */
  uint32_t max_length; /* of one value, padding not counted; UINT32_MAX - 1 or so where only the field bounds it */
} scu__vr_info;

/* NULL if unknown, SCU_VR_NONE included. Static storage. */
const scu__vr_info *scu__vr_find(scu_vr vr);
/* Unknown VRs have the long form (PS3.5 7.1.2 reserves it for VRs to come). */
bool scu__vr_has_long_length(scu_vr vr);
/* Upper-case letters both: what may stand for a VR at all. */
bool scu__vr_is_plausible(scu_vr vr);

/* All rows, for tests: nothing in the library walks them. */
size_t scu__vr_count(void);
const scu__vr_info *scu__vr_at(size_t index);

#endif
