/* What must be known of a file before a byte of it is sent (RULES 2, 3): who it is, and that it is whole.
 *
 * Walks the headers with few small reads and passes over the values: Pixel Data of any size costs nothing. A deflated
 * dataset is inflated from end to end, and not kept. */
#ifndef SCU_DATA_HEAD_WALK_H
#define SCU_DATA_HEAD_WALK_H

#include "data/part10.h"
#include "data/transfer_syntax.h"

/* Bits of scu__head.warnings. */
enum {
  SCU__HEAD_META_DISAGREES = 1u << 0,       /* SOP class or instance of meta and dataset differ: the dataset counts */
  SCU__HEAD_IMAGE_WITHOUT_PIXELS = 1u << 1, /* perhaps cut on an element boundary, which cannot be seen otherwise */
  SCU__HEAD_TRAILING_BYTES = 1u << 2,       /* zeros or garbage after the dataset, not counted in dataset_length */
  SCU__HEAD_SYNTAX_GUESSED = 1u << 3,       /* the file names no transfer syntax */
  SCU__HEAD_WRONG_META_LENGTH = 1u << 4,    /* (0002,0000) absent or not true */
  SCU__HEAD_TRUNCATED = 1u << 5,            /* the file is cut; only with allow_truncated */
  SCU__HEAD_SYNTAX_UNKNOWN = 1u << 6,       /* read as explicit VR little endian */
  SCU__HEAD_ODD_LENGTH = 1u << 7            /* dataset_length is odd: one NUL is to be added when it is sent */
};

typedef struct scu__head_options {
  bool allow_truncated;
} scu__head_options;

typedef struct scu__head {
  scu__file_meta meta;
  const scu__transfer_syntax *syntax; /* NULL: unknown or private */
  scu__encoding encoding;             /* of the dataset (of the inflated one, when deflated) */
  scu__uid sop_class, sop_instance, study_instance, series_instance; /* from the dataset; "" = absent. First one wins */
  uint64_t dataset_offset, dataset_length; /* bytes in the source that are the dataset, as they would be sent */
  uint64_t pixel_data_offset;              /* of the header of (7FE0,0010); 0 when deflated or absent */
  bool has_pixel_data;                     /* or Float or Double Float Pixel Data */
  bool is_odd_length, is_truncated;
  uint32_t warnings;
} scu__head;

/* allocator, options may be NULL. MALFORMED: not a DICOM file, broken, or cut inside a value, fragment, deflate stream
 * or open undefined length (error tag and offset say where). LIMIT: nesting, inflation. Else errors of the source. */
scu_result scu__head_walk(scu__source *source, const scu_allocator *allocator, const scu__head_options *options,
                          scu__head *head, scu_error *error);

/* One warning bit in words, without a full stop; "" for anything else. */
const char *scu__head_warning_text(uint32_t warning);

#endif
