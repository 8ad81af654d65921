/* What tools/generate_tables.py writes from the Standard's registries, for the lookups of this room only.
 *
 * Texts stand in pools of 4 KiB blocks: the offset in a row is block << 12 | position. So the tables hold no pointers
 * and no compiler's limit on literals is met. */
#ifndef SCU_DATA_TABLES_H
#define SCU_DATA_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "data/dictionary.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "data/uids.h"
#include "data/vr.h"

enum { SCU__POOL_BLOCK = 4096 };

static inline const char *scu__pool_text(const char (*pool)[SCU__POOL_BLOCK], uint32_t at) {
  return pool[at >> 12] + (at & 0xFFFu);
}

extern const scu__vr_info scu__vr_table[];
extern const size_t scu__vr_table_count;

extern const char scu__dictionary_pool[][SCU__POOL_BLOCK];
extern const scu__dictionary_entry scu__dictionary_table[];
extern const size_t scu__dictionary_exact_count;    /* rows with a full mask, sorted by tag, come first */
extern const size_t scu__dictionary_table_count;    /* ... then those with repeating digits */
extern const uint16_t scu__dictionary_by_keyword[]; /* rows in strcmp order of their keywords, blank ones left out */
extern const size_t scu__dictionary_keyword_count;

extern const char scu__uid_pool[][SCU__POOL_BLOCK];
extern const scu__uid_entry scu__uid_table[]; /* in strcmp order */
extern const size_t scu__uid_table_count;
extern const uint16_t scu__uid_by_keyword[];
extern const size_t scu__uid_keyword_count;

extern const scu__transfer_syntax scu__transfer_syntax_table[]; /* in strcmp order of the UIDs */
extern const size_t scu__transfer_syntax_table_count;

extern const scu__sop_class scu__sop_class_table[]; /* in strcmp order of the UIDs */
extern const size_t scu__sop_class_table_count;

/* One character repertoire of PS3.3 C.12-2 to C.12-5, with both of its terms. */
typedef enum scu__repertoire_kind {
  SCU__REPERTOIRE_ASCII = 0,
  SCU__REPERTOIRE_LATIN1,    /* G1 by arithmetic */
  SCU__REPERTOIRE_SINGLE,    /* G1, one byte A0-FF, by iconv */
  SCU__REPERTOIRE_JIS_X0201, /* romaji in G0, katakana in G1, by arithmetic */
  SCU__REPERTOIRE_DOUBLE_G0, /* two bytes 21-7E, by iconv with bit 8 set */
  SCU__REPERTOIRE_DOUBLE_G1, /* two bytes A1-FE, by iconv */
  SCU__REPERTOIRE_GB,        /* one to four bytes, stands alone, by iconv */
  SCU__REPERTOIRE_UTF8       /* stands alone */
} scu__repertoire_kind;

typedef struct scu__repertoire {
  char term[16];                              /* alone: "ISO_IR 100"; "" = not allowed alone (ASCII: absent) */
  char extension_term[16];                    /* with code extensions: "ISO 2022 IR 100"; "" = not allowed */
  char iconv_name[12];                        /* "" = no iconv needed */
  uint8_t kind;                               /* scu__repertoire_kind */
  uint8_t iconv_prefix;                       /* byte that iconv wants before each character (EUC-JP's 8F), 0 = none */
  uint8_t g0_escape_length, g1_escape_length; /* 0 = has no such half, or none of its own (ASCII is shared) */
  uint8_t g0_escape[4], g1_escape[4];
} scu__repertoire;

extern const scu__repertoire scu__repertoire_table[]; /* row 0 is ASCII */
extern const size_t scu__repertoire_table_count;

#endif
