/* DICOM files (PS3.10 7): preamble, "DICM", the file meta group, and where the dataset begins.
 *
 * Reads what is found in the field too: no preamble, no meta group, no group length or a wrong one, no transfer syntax.
 * Does not read the dataset (head_walk.h does) and does not check the meta against it. */
#ifndef SCU_DATA_PART10_H
#define SCU_DATA_PART10_H

#include "base/buffer.h"
#include "base/source.h"
#include "base/values.h"
#include "data/element.h"
#include "data/read_ahead.h"

typedef struct scu__file_meta {
  bool has_preamble;           /* 128 bytes and "DICM" */
  bool has_meta;               /* at least one element of group 0002 */
  bool is_guessed;             /* the meta names no transfer syntax: taken from the first bytes of the dataset */
  bool has_wrong_group_length; /* (0002,0000) absent or not true */
  uint64_t dataset_offset;
  scu__uid sop_class, sop_instance, transfer_syntax, implementation_class; /* "" = absent */
  char implementation_version[17];
  scu__ae source_ae, sending_ae, receiving_ae; /* (0002,0016) (0002,0017) (0002,0018) */
} scu__file_meta;

/* MALFORMED when this is no DICOM file, or the meta group is broken or longer than SCU__FILE_META_MAX. A meta element
 * that comes twice counts once, the first one; unknown ones are passed over. Errors of the source are passed on. */
scu_result scu__part10_read(scu__source *source, const scu_allocator *allocator, scu__file_meta *meta,
                            scu_error *error);
/* The same over a window that goes on to be used for the dataset. */
scu_result scu__part10_read_ahead(scu__read_ahead *ahead, scu__file_meta *meta, scu_error *error);

/* Preamble of zeros, "DICM", group 0002 with its length, (0002,0001) and every field that is not "". */
scu_result scu__part10_write_header(scu__buffer *buffer, const scu__file_meta *meta);

#endif
