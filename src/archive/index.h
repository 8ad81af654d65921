/* The index of an archive: what is stored where, found by every key of C-FIND (PS3.4 C.4.1, K.4.1). One SQLite file
 * beside the objects; the objects are the truth, the index can always be made again from them.
 *
 * Everything in it is UTF-8. Threads: what changes the index or looks up by UID (begin .. counts) belongs to one thread
 * at a time, open and close as well; finding and its cursors belong to one thread at a time, which may be another: a
 * cursor reads a snapshot through a connection of its own and never waits for a commit. Indexes in memory have one
 * connection for both, and so one thread.
 *
 * Results: MEMORY; STORAGE (no space, permissions); MALFORMED from open and changes = the index is damaged, rebuild
 * it. None of them leaves a half-written batch behind. */
#ifndef SCU_ARCHIVE_INDEX_H
#define SCU_ARCHIVE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/values.h"
#include "scu/dataset.h"

typedef struct scu__index scu__index;
typedef struct scu__index_cursor scu__index_cursor;

typedef struct scu__index_options {
  unsigned cache_kib;         /* pages in memory of the writing connection; 0 = 8192. Each cursor has 512 */
  bool must_examine;          /* read every page when opening; done anyway after a crash */
  const char *retrieve_ae;    /* (0008,0054) of every answer; NULL = none; copied */
  int timezone_minutes;       /* of date-times that carry no offset, ahead of UTC */
  bool unknown_never_matches; /* entities without a value for a required key are left out, as most archives do it */
} scu__index_options;

/* path: the index file, made when absent, or ":memory:". options may be NULL. MALFORMED: damaged or not an index; the
 * error says so in words. UNSUPPORTED: made by a newer version. */
scu_result scu__index_open(const char *path, const scu_allocator *allocator, const scu__index_options *options,
                           scu__index **out, scu_error *error);
/* Whoever had it before did not close it: killed, or the power went. */
bool scu__index_was_left_open(const scu__index *index);
/* What was not committed is gone. All cursors must be closed. NULL is allowed. */
void scu__index_close(scu__index *index);

/* ---- changing ---- */

typedef struct scu__index_instance {
  const char *sop_class, *sop_instance, *transfer_syntax;
  const char *path; /* as the archive likes to name its files; one instance has one path */
  uint64_t length;  /* of the file */
  const uint8_t *digest;
  size_t digest_length; /* 0 = none; what the archive compares duplicates by */
} scu__index_instance;

/* A batch: nothing is visible to cursors and nothing is durable before commit returns SCU_OK. A failed add leaves the
 * batch as it was before it, unless scu__index_is_in_batch says that the batch is gone (disk full). */
scu_result scu__index_begin(scu__index *index, scu_error *error);
scu_result scu__index_commit(scu__index *index, scu_error *error); /* on failure the batch is rolled back */
void scu__index_rollback(scu__index *index);
bool scu__index_is_in_batch(const scu__index *index);

/* header: the dataset without its bulk values. Patient, study and series are made when they are new; their attributes
 * are those of their first instance. The same path once more replaces what was there. Several instances may have one
 * SOP Instance UID. Also outside of a batch. USAGE: an instance without UID or path. */
scu_result scu__index_add(scu__index *index, const scu_dataset *header, const scu__index_instance *instance,
                          scu_error *error);
/* Series, study and patient go with their last instance. SCU_END: no such path. */
scu_result scu__index_remove(scu__index *index, const char *path, scu_error *error);
/* The instances with that UID, newest first, uncommitted ones too. SCU_END: no (more). Borrowed until the next call
 * that changes the index or looks up. */
scu_result scu__index_lookup(scu__index *index, const char *sop_instance, scu__index_instance *out, scu_error *error);
scu_result scu__index_lookup_next(scu__index *index, scu__index_instance *out, scu_error *error);
/* The instance with that path, or with the first path after it in the order of bytes. SCU_END: there is none. Borrowed
 * likewise. */
scu_result scu__index_at_path(scu__index *index, const char *path, scu__index_instance *out, scu_error *error);
scu_result scu__index_after_path(scu__index *index, const char *path, scu__index_instance *out, scu_error *error);

/* The instance added last before the one with *id, which becomes its own; begin with SCU__INDEX_NEWEST. Likewise. */
#define SCU__INDEX_NEWEST INT64_MAX
scu_result scu__index_older(scu__index *index, int64_t *id, scu__index_instance *out, scu_error *error);

/* One worklist entry for each item of the Scheduled Procedure Step Sequence; an entry with the same Study Instance UID
 * and Scheduled Procedure Step ID is replaced. USAGE: no such item. */
scu_result scu__index_add_worklist(scu__index *index, const scu_dataset *entry, scu_error *error);
/* SCU_END: there was none. */
scu_result scu__index_remove_worklist(scu__index *index, const char *study_uid, const char *step_id, scu_error *error);

typedef struct scu__index_counts {
  int64_t patients, studies, series, instances, worklist_entries;
} scu__index_counts;
scu_result scu__index_count(scu__index *index, scu__index_counts *counts, scu_error *error);

/* A disk that is full at this size, for tests of what happens then. */
scu_result scu__index_limit_pages(scu__index *index, unsigned pages, scu_error *error);

/* ---- finding ---- */

typedef enum scu__index_model {
  SCU__MODEL_PATIENT_ROOT,
  SCU__MODEL_STUDY_ROOT,
  SCU__MODEL_PATIENT_STUDY_ONLY,
  SCU__MODEL_WORKLIST
} scu__index_model;

typedef struct scu__index_query {
  const scu_dataset *identifier; /* not looked at after find or retrieve returned */
  scu__index_model model;
  /* What was agreed by extended negotiation (PS3.4 C.5). */
  bool relational, combined_date_time, fuzzy_names, timezone, empty_value, multiple_value;
  /* The database hands over every entity and the exact rules alone decide: the same answers, slowly. For tests. */
  bool without_narrowing;
} scu__index_query;

/* Checks the identifier and starts the search. On failure *status (may be NULL) is the DIMSE status to answer with -
 * A900: result MALFORMED, the error names the offending element and says in words what is wrong, for (0000,0901) and
 * (0000,0902), without patient data; A700: LIMIT or MEMORY; C000: all else. */
scu_result scu__index_find(scu__index *index, const scu__index_query *query, scu__index_cursor **out, uint16_t *status,
                           scu_error *error);
/* The next match: `row` (a root) is emptied and becomes the identifier of one pending response, which can be encoded
 * whatever was stored: characters that the VR of their value cannot have become question marks. SCU_END: no more.
 * SCU_MORE: nothing found among the last few thousand candidates; call again, after looking whether a C-CANCEL came. */
scu_result scu__index_next(scu__index_cursor *cursor, scu_dataset *row, scu_error *error);
/* FF00, or FF01 when the identifier has keys that could not be matched. */
uint16_t scu__index_cursor_status(const scu__index_cursor *cursor);
void scu__index_cursor_close(scu__index_cursor *cursor); /* NULL is allowed */

/* The instances that a C-MOVE or C-GET identifier names (C.4.2, C.4.3): only unique keys may have values, those of
 * higher levels one each unless relational. Failures as find. */
scu_result scu__index_retrieve(scu__index *index, const scu__index_query *query, scu__index_cursor **out,
                               uint16_t *status, scu_error *error);
/* Borrowed until the next call on this cursor. SCU_END: no more. */
scu_result scu__index_next_instance(scu__index_cursor *cursor, scu__index_instance *out, scu_error *error);
/* How many instances a retrieve names, at the moment it was started. */
uint64_t scu__index_cursor_total(const scu__index_cursor *cursor);

/* How the database goes about a search, in its own words: for tests and for the curious. */
scu_result scu__index_explain(scu__index *index, const scu__index_query *query, scu__buffer *text, scu_error *error);

#endif
