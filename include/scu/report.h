/* What came of an operation. Reports are owned by the caller; texts in them live as long as the report. */
#ifndef SCU_REPORT_H
#define SCU_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/dataset.h"
#include "scu/error.h"
#include "scu/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One final DIMSE response. A status is data: the call that gave it returned SCU_OK. */
typedef struct scu_response scu_response;
SCU_API void scu_response_free(scu_response *response);
SCU_API uint16_t scu_response_status(const scu_response *response);
/* "success", "warning", "failure", "cancel" or "pending", by the ranges of PS3.7 C; static storage. */
SCU_API const char *scu_response_class(const scu_response *response);
/* What the status, and the Error ID where there is one, mean for that operation, in a few words; static storage. */
SCU_API const char *scu_response_meaning(const scu_response *response);
SCU_API const char *scu_response_comment(const scu_response *response); /* Error Comment (0000,0902), or "" */
SCU_API uint32_t scu_response_elapsed_ms(const scu_response *response); /* request sent to response received */

/* What responses of the N-services have beside it (PS3.7 10.3); 0, "" or NULL where there is nothing. */
SCU_API uint16_t scu_response_error_id(const scu_response *response); /* (0000,0903) */
/* Affected SOP Class and Instance UID (0000,0002), (0000,1000): those of the request where the peer leaves them out.
 * After an N-CREATE without UID, the one the peer made. */
SCU_API const char *scu_response_sop_class_uid(const scu_response *response);
SCU_API const char *scu_response_sop_instance_uid(const scu_response *response);
SCU_API uint16_t scu_response_type_id(const scu_response *response); /* Event or Action Type ID, as for the UIDs */
/* Offending Element (0000,0901), the first 16, and Attribute Identifier List (0000,1005): the attributes that the
 * status is about. Tag 0 when index is out of range. */
SCU_API size_t scu_response_offending_count(const scu_response *response);
SCU_API scu_tag scu_response_offending(const scu_response *response, size_t index);
SCU_API size_t scu_response_attribute_count(const scu_response *response);
SCU_API scu_tag scu_response_attribute(const scu_response *response, size_t index);
/* Attribute list, event or action reply; belongs to the response. NULL: there was none, or one that cannot be read. */
SCU_API const scu_dataset *scu_response_dataset(const scu_response *response);
SCU_API bool scu_response_is_dataset_malformed(const scu_response *response); /* there was one that cannot be read */

typedef enum scu_outcome {
  SCU_OUTCOME_OK = 0,
  SCU_OUTCOME_WARNING = 1, /* stored, with a warning status (B000, B006, B007) */
  SCU_OUTCOME_FAILED = 2,
  SCU_OUTCOME_SKIPPED = 3 /* not a DICOM file, or skipped by a hook */
} scu_outcome;
SCU_API const char *scu_outcome_name(scu_outcome outcome); /* "ok", "warning", "failed", "skipped" */

/* What became of one instance; handed to hooks, borrowed for the call. */
typedef struct scu_instance_outcome {
  size_t size;
  const char *sop_instance_uid;        /* as sent or received; "" when unknown */
  const char *source_sop_instance_uid; /* as found in the file, when it differs; else the same */
  const char *sop_class_uid;
  const char *transfer_syntax_uid; /* as it went over the wire, or into the file; "" when it did not */
  uint16_t status;                 /* DIMSE status; 0xFFFF when there was no response */
  scu_outcome outcome;
  const char *path; /* local file, or "" */
  /* One line: why not; or, when OK, what is worth knowing - "edited", "rewritten from transfer syntax 1.2...", "was
   * here before" - and "" where there is nothing. For people to read: the words may change. */
  const char *reason;
  uint64_t bytes;      /* dataset bytes that went or came */
  const char *comment; /* the peer's Error Comment (0000,0902): anything, a patient's name too; "" = none */
} scu_instance_outcome;

/* Store. */
typedef struct scu_store_report scu_store_report;
SCU_API void scu_store_report_free(scu_store_report *report);
SCU_API uint64_t scu_store_report_count(const scu_store_report *report, scu_outcome outcome);
/* Of the skipped ones: those that were named, not met while walking a folder. */
SCU_API uint64_t scu_store_report_named_skips(const scu_store_report *report);
SCU_API uint64_t scu_store_report_bytes(const scu_store_report *report);
SCU_API uint32_t scu_store_report_elapsed_ms(const scu_store_report *report);
/* The first failed instance's DIMSE status, or 0. */
SCU_API uint16_t scu_store_report_first_failure(const scu_store_report *report);

/* Move and get. */
typedef struct scu_retrieve_report scu_retrieve_report;
SCU_API void scu_retrieve_report_free(scu_retrieve_report *report);

typedef enum scu_verdict {
  SCU_VERDICT_COMPLETE = 0,   /* every promised UID arrived and is safe */
  SCU_VERDICT_COUNT_ONLY = 1, /* the peer promised no UIDs; the counts agree */
  SCU_VERDICT_INCOMPLETE = 2, /* see the missing UIDs, and the doubt: there may be more than what was promised */
  SCU_VERDICT_UNKNOWN = 3, /* went to another destination: only the peer's counts are known; INCOMPLETE where they say
                              that nothing was sent, or less than matched */
  SCU_VERDICT_NOTHING = 4, /* nothing matched, and nothing was named by UID */
  SCU_VERDICT_CONFLICT = 5 /* an instance came that differs from what was here, or had just come, under its UID (see
                              SCU_DUPLICATE_KEEP), or is of another study than it was promised for */
} scu_verdict;
/* Of the retrieve as a whole; that of each study is in its outcome. */
SCU_API scu_verdict scu_retrieve_report_verdict(const scu_retrieve_report *report);
SCU_API const char *scu_verdict_name(scu_verdict verdict); /* "complete", "count only", ... */
/* Why the promise may not be all there is, in one line; "" = nothing speaks for it. The answers to the C-FINDs (PS3.4
 * C.4.1) that the promise is made of look cut off, or could not be proven to be whole (SCU_FIND_SUSPECT,
 * SCU_FIND_NOT_PROVEN): many archives give so many matches and no more. Or the peer says that it has more than it
 * lists (0020,1208), (0020,1209), that it could not send more than is missing (0000,1022), or sends what it has not
 * listed. The verdict then is never COMPLETE but INCOMPLETE, though nothing that is known by name
 * may be missing; so is that of a study whose own series or instances may have been cut off. Lives as long as the
 * report. */
SCU_API const char *scu_retrieve_report_doubt(const scu_retrieve_report *report);
/* Received here, by outcome. */
SCU_API uint64_t scu_retrieve_report_count(const scu_retrieve_report *report, scu_outcome outcome);
SCU_API uint64_t scu_retrieve_report_promised(const scu_retrieve_report *report); /* image-level UIDs the peer listed */
SCU_API size_t scu_retrieve_report_missing_count(const scu_retrieve_report *report);
SCU_API const char *scu_retrieve_report_missing(const scu_retrieve_report *report, size_t index);
/* What came without having been promised, and was kept; it is in the counts, too. */
SCU_API uint64_t scu_retrieve_report_extra(const scu_retrieve_report *report);
/* What was not asked for because the answers call it OFFLINE or UNAVAILABLE (0008,0056): instances, which are missing
 * as well, or the patients, studies or series of a C-MOVE to another AE. */
SCU_API uint64_t scu_retrieve_report_offline(const scu_retrieve_report *report);
/* Came, and differs from what was here, or had just come, under its UID: that stays, and the instance is missing. Or
 * came as a part of another study than the answers had it in, as far as the sink says of which: it is missing in the
 * one, and among what was not promised in the other. */
SCU_API uint64_t scu_retrieve_report_conflicts(const scu_retrieve_report *report);

/* These two are made by the library and may grow at their end. They and their texts live as long as the report; texts
 * are never NULL, "" = not known. NULL when index is out of range. */

/* An instance that was promised and is not here, in the order of scu_retrieve_report_missing. The peer's list of those
 * that it could not send (0008,0058) is a promise, too, where it names others than the answers. At the end are the UIDs
 * of studies, series or instances that the query names and that nothing matches, each with no other UID beside it: the
 * verdict then is INCOMPLETE, that of such a study NOTHING. */
typedef struct scu_missing_instance {
  size_t size;
  const char *sop_instance_uid, *sop_class_uid; /* "" where a study or series is missing that nothing matches */
  const char *study_instance_uid, *series_instance_uid;
  const char *reason; /* one line; static storage */
  uint16_t status;    /* with which it was refused here; 0xFFFF = it was not */
  int is_offline;     /* not asked for; see scu_retrieve_report_offline */
  int is_conflict;    /* see scu_retrieve_report_conflicts */
} scu_missing_instance;
SCU_API const scu_missing_instance *scu_retrieve_report_missing_instance(const scu_retrieve_report *report,
                                                                         size_t index);

/* What became of one study. */
typedef struct scu_study_outcome {
  size_t size;
  const char *study_instance_uid;
  /* NOTHING: named, and nothing matches it. COMPLETE, INCOMPLETE or CONFLICT; COUNT_ONLY or INCOMPLETE where the peer
   * promised no UIDs; UNKNOWN when it went to another destination, or was not asked for and came nevertheless. */
  scu_verdict verdict;
  uint64_t promised;  /* image-level UIDs */
  uint64_t received;  /* of these; where there was no promise, what the sink says is of this study */
  uint64_t missing;   /* promised - received */
  uint64_t offline;   /* of the missing: not asked for; as scu_retrieve_report_offline */
  uint64_t failed;    /* of the missing: refused or lost here, or the peer says that it could not send it */
  uint64_t conflicts; /* of the missing */
  uint64_t extra;     /* came without having been promised, as far as the sink says that it is of this study */
} scu_study_outcome;
SCU_API size_t scu_retrieve_report_study_count(const scu_retrieve_report *report);
SCU_API const scu_study_outcome *scu_retrieve_report_study(const scu_retrieve_report *report, size_t index);

/* Dataset bytes received here, and how long it took, C-FIND and all. */
SCU_API uint64_t scu_retrieve_report_bytes(const scu_retrieve_report *report);
SCU_API uint32_t scu_retrieve_report_elapsed_ms(const scu_retrieve_report *report);
/* The last final C-MOVE or C-GET response: status, comment and the peer's own counts summed over all requests. */
SCU_API uint16_t scu_retrieve_report_status(const scu_retrieve_report *report);
SCU_API const char *scu_retrieve_report_comment(const scu_retrieve_report *report);
SCU_API uint64_t scu_retrieve_report_peer_completed(const scu_retrieve_report *report);
SCU_API uint64_t scu_retrieve_report_peer_failed(const scu_retrieve_report *report);
SCU_API uint64_t scu_retrieve_report_peer_warning(const scu_retrieve_report *report);

#ifdef __cplusplus
}
#endif
#endif
