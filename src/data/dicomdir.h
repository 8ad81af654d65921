/* The Basic Directory of a medium (PS3.10 8.6, PS3.3 F): its records one at a time, in the order they stand in the
 * file.
 *
 * The offsets by which records point at each other are not followed, so they cannot lead in a circle; a record that no
 * offset leads to is seen all the same. Constant memory, however many records. What is read of a record is what file
 * it names; who the patient is does not pass through here. */
#ifndef SCU_DATA_DICOMDIR_H
#define SCU_DATA_DICOMDIR_H

#include "base/source.h"
#include "data/part10.h"

/* Longest Referenced File ID that is read; the Standard's own are at most 71 characters (PS3.10 8.2). */
enum { SCU__FILE_ID_MAX = 1024 };

typedef struct scu__dicomdir scu__dicomdir;

typedef struct scu__dicomdir_record {
  uint64_t number;       /* of the item in the Directory Record Sequence, from 1 */
  bool is_in_use;        /* Record In-use Flag (0004,1410) is not 0, or is not there */
  bool may_be_foreign;   /* of a type whose files need not be DICOM files: PRIVATE, HL7 STRUC DOC (PS3.3 F.5) */
  bool is_too_long;      /* the file ID is longer than SCU__FILE_ID_MAX and was left out */
  size_t file_id_length; /* 0: the record names no file */
  uint8_t file_id[SCU__FILE_ID_MAX]; /* Referenced File ID (0004,1500) as it stands there, padding included */
} scu__dicomdir_record;

/* True when the file meta names the Media Storage Directory class. */
bool scu__dicomdir_is(const scu__file_meta *meta);

/* `source` is borrowed until free. UNSUPPORTED: the file meta names another class; MALFORMED: not a DICOM file; errors
 * of the source; MEMORY. */
scu_result scu__dicomdir_new(scu__source *source, const scu_allocator *allocator, scu__dicomdir **out,
                             scu_error *error);
void scu__dicomdir_free(scu__dicomdir *dicomdir); /* NULL is allowed */

/* SCU_OK and a record, borrowed until the next call; SCU_END after the last. MALFORMED: the file is broken or cut (the
 * records that came before stand), or there is no Directory Record Sequence in it; LIMIT: nesting, inflation; errors
 * of the source. Errors are sticky. */
scu_result scu__dicomdir_next(scu__dicomdir *dicomdir, const scu__dicomdir_record **record, scu_error *error);

#endif
