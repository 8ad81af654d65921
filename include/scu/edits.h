/* Edits: a list of changes to the attributes of instances that are about to be stored - for the before_store hook, or
 * for all that a source gives (scu_source_set_edits, as the operation finds them at its start). The list is made first
 * and applied to each object, in the order in which its calls came; a later edit sees what an earlier one left.
 *
 * WHAT BECOMES OF AN OBJECT. What no edit touches goes out byte for byte; big values, Pixel Data among them, are copied
 * through from the file and never held. Bytes behind the dataset - zeros, or after Pixel Data whatever is no element -
 * are no part of it and stay out. Group lengths (PS3.5 7.2) are left out, as they no longer hold; digital
 * signatures (PS3.15 C) are not made anew. What edits touch is held in memory: at most 8 MiB of an object as it was,
 * and 16 MiB as it becomes. When edits change SOP Class UID or SOP Instance UID, the request follows the dataset (PS3.4
 * B.2.1).
 *
 * TEXT is UTF-8, and goes into the object's Specific Character Set (0008,0005). A text that the set does not hold is a
 * fault of that instance: the set is never changed behind anybody's back. An edit may change it - set (0008,0005) to
 * ISO_IR 192, say - and then the other texts of the object are converted, too; one that is not in the set that the
 * object says is a fault.
 *
 * FAULTS. What is wrong whatever the object is said by the call, with USAGE. What turns out at an object (no room in
 * its character set, no valid UID left, a file that is cut, a limit) is a failed instance with a reason. Nothing goes
 * out half edited: a list in which a call has failed is not applied, and each instance it was meant for fails, until
 * scu_edits_clear.
 *
 * PATHS are those of datasets (scu/dataset.h); missing sequences and items on the way are made. Refused in any step:
 * groups 0000 to 0002, items and delimiters, group lengths, (FFFC,FFFC).
 *
 * One thread at a time. */
#ifndef SCU_EDITS_H
#define SCU_EDITS_H

#include <stddef.h>

#include "scu/allocator.h"
#include "scu/dataset.h"
#include "scu/error.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_edits scu_edits;

/* An empty list; free it with scu_edits_free. MEMORY: *out is NULL. */
SCU_API scu_result scu_edits_new(const scu_allocator *allocator, scu_edits **out);
SCU_API void scu_edits_free(scu_edits *edits); /* NULL is allowed; not for the list of a hook */
/* Why the last call that adds failed; empty after one that worked. Borrowed until the list is freed. */
SCU_API const scu_error *scu_edits_error(const scu_edits *edits);
SCU_API size_t scu_edits_count(const scu_edits *edits);
/* Empties the list and forgets that a call has failed. */
SCU_API void scu_edits_clear(scu_edits *edits);

/* All below: USAGE, MEMORY; LIMIT: more than 10,000 edits, or 16 MiB of values, in one list. */

/* Sets the value, as scu_dataset_set_text does: the VR is that of the element in the object, else the dictionary's;
 * several values are joined by backslash. USAGE: no such path, not UTF-8, or what the dictionary knows to be no value
 * of the attribute: by the characters, length and form of its VR (PS3.5 6.2) and by its multiplicity (PS3.6). Which
 * codes there are is not looked at. What has to be written against these rules goes by scu_edits_set_bytes. */
SCU_API scu_result scu_edits_set_text(scu_edits *edits, const char *path, const char *utf8);
/* Sets the value as it would stand in a little endian file, as scu_dataset_set_bytes does; copied. Text VRs: in the
 * object's character set. USAGE also: a sequence, no VR, (0008,0005), Pixel Data. */
SCU_API scu_result scu_edits_set_bytes(scu_edits *edits, scu_tag tag, scu_vr vr, const void *bytes, size_t length);
/* Sets every element of `from`, sequences whole; copied. Texts keep their meaning; the (0008,0005) of `from` itself is
 * not taken over. USAGE also: values that were left out when it was read, Pixel Data. */
SCU_API scu_result scu_edits_set_dataset(scu_edits *edits, const scu_dataset *from);
/* An element without value, made when absent; a path that ends in an index: that item, empty. USAGE also: Pixel Data.
 */
SCU_API scu_result scu_edits_set_empty(scu_edits *edits, const char *path);
/* Takes the element away, or the item that the path ends in; one that is not there is no fault. */
SCU_API scu_result scu_edits_remove(scu_edits *edits, const char *path);
/* Takes every element of an odd group away, at every level (PS3.15 E: private attributes). Those that later edits set
 * stay. */
SCU_API scu_result scu_edits_remove_private(scu_edits *edits);

/* Applies the list to a dataset in memory. Here the dataset's own rules for character sets hold (scu/dataset.h). USAGE
 * also: a call on this list has failed. After a failure the dataset is sound but holds part of the edits;
 * scu_dataset_error says why. */
SCU_API scu_result scu_edits_apply(const scu_edits *edits, scu_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif
