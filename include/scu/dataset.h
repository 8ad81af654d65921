/* A DICOM dataset as a tree: elements in rising tag order, sequences with items, items with elements (PS3.5).
 *
 * Used for queries, matches and whatever else is small enough to hold; bulk values beyond a read limit are left out,
 * their tag, VR and length stay. Text goes in and comes out as UTF-8, whatever Specific Character Set (0008,0005) the
 * dataset has. Whole files are stored and received without this tree.
 *
 * PATHS name an element: a keyword ("PatientName"), a tag ("0010,0010", "(0010,0010)", "00100010"), and for elements
 * of items "ScheduledProcedureStepSequence[0].Modality"; without an index the item is 0. At most 32 levels.
 *
 * LIFETIME. A dataset and everything borrowed from it (elements, items, bytes) belong to one thread at a time.
 * Borrowed pointers are valid until that dataset tree is changed or freed. The items of a dataset live in the tree of
 * the dataset they were reached from and are never freed by themselves. */
#ifndef SCU_DATASET_H
#define SCU_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/allocator.h"
#include "scu/error.h"
#include "scu/result.h"
#include "scu/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_dataset scu_dataset;
typedef struct scu_element scu_element;

/* An empty dataset; free it with scu_dataset_free. MEMORY when there is none. */
SCU_API scu_result scu_dataset_new(const scu_allocator *allocator, scu_dataset **out);
/* Frees the whole tree; `dataset` is what _new, _copy or another owning call gave, never an item. NULL is allowed. */
SCU_API void scu_dataset_free(scu_dataset *dataset);
/* A deep copy of a dataset or item, as a tree of its own. An item brings along the character set it inherits. */
SCU_API scu_result scu_dataset_copy(const scu_dataset *dataset, scu_dataset **out);
/* Copies the elements of `from` over those of `to`: same tag = replaced, sequences whole. Text keeps its meaning when
 * the character sets differ. After MEMORY `to` is still sound but holds only part of it. */
SCU_API scu_result scu_dataset_merge(scu_dataset *to, const scu_dataset *from);
/* Why the last call that changes this tree failed; empty after one that worked. Borrowed until the tree is freed. */
SCU_API const scu_error *scu_dataset_error(const scu_dataset *dataset);

/* ---- looking ---- */

SCU_API size_t scu_dataset_count(const scu_dataset *dataset); /* elements at this level */
/* The element at `index` in rising tag order, or NULL beyond the last. */
SCU_API const scu_element *scu_dataset_at(const scu_dataset *dataset, size_t index);
/* NULL when absent. */
SCU_API const scu_element *scu_dataset_find(const scu_dataset *dataset, scu_tag tag);
/* NULL when absent, and also when `path` is not a path. A path that ends in an index names the sequence itself. */
SCU_API const scu_element *scu_dataset_find_path(const scu_dataset *dataset, const char *path);

/* "PatientName" (PS3.6); "" for private and unknown tags. */
SCU_API const char *scu_tag_keyword(scu_tag tag);
SCU_API scu_tag scu_element_tag(const scu_element *element);
SCU_API scu_vr scu_element_vr(const scu_element *element);
/* Length of the value in bytes, without padding added by us; also of one that was left out. 0 for sequences and for
 * encapsulated Pixel Data, whose parts are items and fragments. */
SCU_API uint64_t scu_element_length(const scu_element *element);
/* The value as it was read, numbers in little endian; text set by us is UTF-8. NULL when there is no value, or when it
 * was left out because it is longer than the read limit. */
SCU_API const uint8_t *scu_element_bytes(const scu_element *element);
SCU_API bool scu_element_is_left_out(const scu_element *element);
/* Items of a sequence, 0 for anything else; NULL beyond the last. */
SCU_API size_t scu_element_item_count(const scu_element *element);
SCU_API const scu_dataset *scu_element_item(const scu_element *element, size_t index);
/* Fragments of encapsulated Pixel Data, the offset table (fragment 0) included; 0 for anything else. The bytes are
 * NULL for an empty fragment and for one that was left out; `length` (may be NULL) is its true length either way. */
SCU_API size_t scu_element_fragment_count(const scu_element *element);
SCU_API const uint8_t *scu_element_fragment(const scu_element *element, size_t index, uint64_t *length);

/* ---- reading values ----
 * Text is UTF-8, padding trimmed as the VR says, several values joined by backslash; integers in decimal, floats in
 * the shortest decimal that reads back the same, AT as eight hexadecimal digits. Bytes that their character set does
 * not know become U+FFFD.
 * Results: SCU_OK; SCU_END when there is no such element or value; LIMIT when `room` is too small: then the text is
 * cut between two characters; UNSUPPORTED for sequences, bulk bytes (OB and its kin) and values that were left out;
 * USAGE when `path` is not a path. `to` is NUL-terminated whenever room > 0. An element without value is SCU_OK
 * and "". */
SCU_API scu_result scu_dataset_text(const scu_dataset *dataset, const char *path, char *to, size_t room);
/* `element` belongs to `dataset`, whose character set applies. */
SCU_API scu_result scu_element_text(const scu_dataset *dataset, const scu_element *element, char *to, size_t room);
/* How many values; 0 when absent or empty. Sequences count items. */
SCU_API size_t scu_dataset_value_count(const scu_dataset *dataset, const char *path);
SCU_API size_t scu_element_value_count(const scu_dataset *dataset, const scu_element *element);
/* Value `index`, counted from 0. */
SCU_API scu_result scu_dataset_value_text(const scu_dataset *dataset, const char *path, size_t index, char *to,
                                          size_t room);
SCU_API scu_result scu_element_value_text(const scu_dataset *dataset, const scu_element *element, size_t index,
                                          char *to, size_t room);
/* Value `index` of IS, US, SS, UL, SL, UV, SV or AT (gggg << 16 | eeee), and of DS when it is a whole number without
 * point or exponent. SCU_END when absent or empty; MALFORMED when it is not a number; LIMIT when it does not fit;
 * UNSUPPORTED for other VRs. */
SCU_API scu_result scu_dataset_integer(const scu_dataset *dataset, const char *path, size_t index, int64_t *out);
SCU_API scu_result scu_element_integer(const scu_element *element, size_t index, int64_t *out);

/* ---- changing ----
 * Missing sequences and items along a path are made; an index may be at most one beyond the last item.
 * A replaced value keeps its memory until the tree is freed. Failures leave the value that was there. Text is kept in
 * UTF-8; the character set is chosen when the dataset is encoded: the dataset's own if it holds all texts, else the
 * narrowest that does, UTF-8 last (none for plain ASCII). */

/* The VR comes from the element that is there, else from the dictionary; several values are joined by backslash;
 * numbers are decimal, AT as hexadecimal tags. USAGE: no such path, an element of unknown VR, a VR without text form
 * (SQ, OB and its kin), not UTF-8, or not a number where one is wanted. */
SCU_API scu_result scu_dataset_set_text(scu_dataset *dataset, const char *path, const char *utf8);
/* The value as it would stand in a little endian file; copied; an odd length is padded when encoded. Text VRs: in the
 * dataset's character set. Not for sequences. */
SCU_API scu_result scu_dataset_set_bytes(scu_dataset *dataset, scu_tag tag, scu_vr vr, const void *bytes,
                                         size_t length);
/* An element without value (in a query: "return this"). A path that ends in an index makes that item, empty; a
 * sequence named without index gets no items. */
SCU_API scu_result scu_dataset_set_empty(scu_dataset *dataset, const char *path);
/* Appends an empty item to the sequence `tag`, which is made when absent; *borrowed_item belongs to the tree. */
SCU_API scu_result scu_dataset_add_item(scu_dataset *dataset, scu_tag tag, scu_dataset **borrowed_item);
/* SCU_END when there was nothing to remove. A path that ends in an index removes that item. */
SCU_API scu_result scu_dataset_remove(scu_dataset *dataset, const char *path);
/* Fixes the character set (PS3.3 C.12.1.1.2 defined terms, several joined by backslash; "" = ASCII only): texts are
 * converted to UTF-8 now and into the set when encoded, which then fails with USAGE where one does not fit. */
SCU_API scu_result scu_dataset_set_charset(scu_dataset *dataset, const char *defined_terms);

/* ---- writing it down ---- */

/* Receives output in pieces; must not touch the dataset. A negative result stops the writing and is handed back. */
typedef scu_result (*scu_write_function)(void *user, const char *bytes, size_t length);

typedef struct scu_json_options {
  size_t size;               /* sizeof(scu_json_options) of the caller; shorter than version 0.1.0's is USAGE */
  uint64_t inline_bytes_max; /* longest bulk value written as InlineBinary; longer ones have only their "vr" */
} scu_json_options;

/* The DICOM JSON model (PS3.18 F) as one line without line end. Always valid JSON in valid UTF-8, so (0008,0005) is
 * written as ISO_IR 192 where it is present. IS and DS are numbers where JSON and a double can say them, else strings.
 * Group lengths are left out. options may be NULL: 1 MiB. Encapsulated Pixel Data has only its "vr". */
SCU_API scu_result scu_dataset_write_json(const scu_dataset *dataset, const scu_json_options *options,
                                          scu_write_function write, void *user);

/* Reads one dataset of the DICOM JSON model (PS3.18 F.2): an object, or an array of one. Texts are UTF-8; "vr" may be
 * left out where the dictionary knows it; attributes need not be in order. *out is NULL only when there was no memory
 * for it; else free it, on failure too: it holds what was read up to the fault, and scu_dataset_error says what and
 * where that is. MALFORMED: not JSON, or not the model (NaN and infinite numbers included); UNSUPPORTED: a BulkDataURI;
 * LIMIT: more than 16 MiB, sequences too deep, or more than 1000 attributes out of order; MEMORY. */
SCU_API scu_result scu_dataset_read_json(const scu_allocator *allocator, const char *json, size_t length,
                                         scu_dataset **out);

typedef struct scu_text_options {
  size_t size;            /* sizeof(scu_text_options) of the caller; shorter than version 0.1.0's is USAGE */
  size_t value_width_max; /* characters of a value before it is cut with "..."; 0 = whole values */
} scu_text_options;

/* One line an element, for people: `(0010,0010) PN [Doe^Jane]   # 8, 1 PatientName`; items indented, control and
 * direction characters escaped, so it is safe on a terminal. Not a format to parse. options may be NULL: 64. */
SCU_API scu_result scu_dataset_write_text(const scu_dataset *dataset, const scu_text_options *options,
                                          scu_write_function write, void *user);

#ifdef __cplusplus
}
#endif
#endif
