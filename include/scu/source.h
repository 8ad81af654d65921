/* What to store: files, folders, what a DICOMDIR names, objects in memory, or whatever an iterator gives, in the order
 * added.
 *
 * Nothing is opened when it is added; each thing is looked at when its turn comes in the operation, and what cannot be
 * sent is a failed instance with a reason, never the end of the operation.
 *
 * LIFETIME. A source may be used by several operations, one after the other: files, folders and DICOMDIRs are then
 * looked at anew. A source with an iterator can be used once; USAGE after that. It must live until the operation is
 * freed, and nothing is added while one runs. One thread at a time. */
#ifndef SCU_SOURCE_H
#define SCU_SOURCE_H

#include <stddef.h>

#include "scu/allocator.h"
#include "scu/dataset.h"
#include "scu/edits.h"
#include "scu/error.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_source scu_source;

/* MEMORY: *out is NULL. */
SCU_API scu_result scu_source_new(const scu_allocator *allocator, scu_source **out);
SCU_API void scu_source_free(scu_source *source); /* NULL is allowed */
/* Why the last call that adds failed; empty after one that worked. Borrowed until the source is freed. */
SCU_API const scu_error *scu_source_error(const scu_source *source);

/* A file that is named: not being DICOM is a failure of that instance (it is reported and the rest go on). A DICOMDIR
 * is no instance either: see scu_source_add_dicomdir. MEMORY. */
SCU_API scu_result scu_source_add_file(scu_source *source, const char *path);
/* Walked when its turn comes, sorted by name; files that are not DICOM, and DICOMDIRs, are skipped and counted. filter
 * is a file name pattern (*, ?, [...]) or NULL; is_recursive descends into folders, never through symbolic links to
 * folders. MEMORY. */
SCU_API scu_result scu_source_add_folder(scu_source *source, const char *path, const char *filter, int is_recursive);
/* The files that the DICOMDIR at `path` names (PS3.3 F, PS3.10 8.6), in the order of its records; each is treated as a
 * named file, but those of PRIVATE and HL7 STRUC DOC records may be foreign. Records that are not in use, and those
 * without a file, are passed over; a file that is named twice is sent once (looked for among the first million).
 * A file ID is a path below the folder of the DICOMDIR, tried as written, in lower and in upper case, with and without
 * the version of ISO 9660 (";1"). It never leads out of that folder: one with "..", "/", empty or otherwise unsafe
 * components, and whatever is or is behind a symbolic link, is a failed instance, as is a file that is not there.
 * A DICOMDIR that is broken is a failed instance after those that could be read. Memory does not grow with the records
 * but for some 20 bytes a file. One descriptor is open while the DICOMDIR has its turn. MEMORY. */
SCU_API scu_result scu_source_add_dicomdir(scu_source *source, const char *path);
/* A DICOM file (PS3.10) in memory, sent as one on disk would be; without preamble or file meta too. Not copied: the
 * bytes must stay as they are until the source is freed. The outcome's path is "". USAGE: bytes is NULL; MEMORY. */
SCU_API scu_result scu_source_add_memory(scu_source *source, const void *bytes, size_t length);
/* A dataset, sent as a file of that transfer syntax would be: in it when the peer takes it, rewritten into another
 * native one otherwise. Encoded here and now into memory of the source, so the dataset may be changed or freed
 * afterwards, and counts with the length of its encoding until the source is freed. transfer_syntax_uid NULL: Explicit
 * VR Little Endian. The outcome's path is "". USAGE: no valid SOP Class UID or SOP Instance UID, elements of groups
 * 0000 to 0002, values that were left out when it was read, a text that its fixed character set does not hold, or Pixel
 * Data that is not native or encapsulated as the transfer syntax says. UNSUPPORTED: a transfer syntax that is not
 * known, or not one of datasets. LIMIT: 4 GiB or more. MEMORY. The source is then as before, and scu_source_error says
 * why. */
SCU_API scu_result scu_source_add_dataset(scu_source *source, const scu_dataset *dataset,
                                          const char *transfer_syntax_uid);
/* Asked for the next path when its turn comes: SCU_OK and a path (borrowed until the next call), SCU_END, or an error
 * that ends the operation. Paths are treated as named files. `user` must live as long as the source is used. MEMORY. */
SCU_API scu_result scu_source_add_iterator(scu_source *source, scu_result (*next)(void *user, const char **path),
                                           void *user);
/* These edits for every instance, before those of the before_store hook; copied. An instance that cannot be edited so
 * has failed, and is not sent, nor is one that would get the SOP Instance UID of the one before it; a dry run says so,
 * too. NULL, or an empty list: none. An operation takes them over when it starts: what is set later, by a hook too, is
 * for the next one. A list in which a call has failed is USAGE, and changes nothing; MEMORY. */
SCU_API scu_result scu_source_set_edits(scu_source *source, const scu_edits *edits);

#ifdef __cplusplus
}
#endif
#endif
