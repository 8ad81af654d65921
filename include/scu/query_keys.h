/* The usual keys of a query as typed setters, on top of scu_query_set and scu_query_return (PS3.4 C.6.1, C.6.2, K.6.1;
 * IHE RAD-14). What is said there of keys holds here: setting one again replaces it; texts are UTF-8 and may have the
 * wildcards * and ? where the attribute's VR takes them (not in UIDs, dates and numbers).
 *
 * RETURNED. SCU_OK; USAGE when a value is not one (a date that is not in the calendar, a range that ends before it
 * begins, a UID with a letter in it, a backslash in a single value, text that is not UTF-8); MEMORY. The words are in
 * scu_query_error, and the query is as it was. Nothing is kept of what the pointers lead to.
 * NO VALUE. NULL, "" or a count of 0 asks for the attribute without restricting it.
 * LEVELS are those of Study Root, where the patient's attributes belong to the study level; in the Patient Root and
 * Patient/Study Only models they are of the patient level. */
#ifndef SCU_QUERY_KEYS_H
#define SCU_QUERY_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "scu/query.h"
#include "scu/result.h"
#include "scu/values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- any attribute, by kind; `path` as in scu_query_set ---- */

/* An attribute of VR DA: the days from `from` to `to`, both included. NULL = open at that end. */
SCU_API scu_result scu_query_set_date_range(scu_query *query, const char *path, const scu_date *from,
                                            const scu_date *to);
/* An attribute of VR TM: the times of day from `from` to `to`, both included, whatever the date. NULL = open at that
 * end. `from` later than `to` is a range across midnight: PS3.4 has none, so it is asked as two, which are united (see
 * scu_query_set). */
SCU_API scu_result scu_query_set_time_range(scu_query *query, const char *path, const scu_time *from,
                                            const scu_time *to);
/* One range from a moment to a moment, over an attribute of VR DA and its companion of VR TM in the same dataset or
 * item: StudyDate and StudyTime, and the same of series, acquisition and content, of performed and scheduled steps and
 * of the patient's birth. NULL = open at that end. Sets SCU_QUERY_COMBINED_DATE_TIME to SCU_WISH_YES when the days
 * differ: a peer that does not agree is asked for the first day, the days between and the last day by themselves. */
SCU_API scu_result scu_query_set_date_time_range(scu_query *query, const char *date_path, const char *time_path,
                                                 const scu_date_time *from, const scu_date_time *to);
/* Any of these values. UIDs go in one request, other values one after the other (see scu_query_set). */
SCU_API scu_result scu_query_set_list(scu_query *query, const char *path, const char *const *values, size_t count);
/* An attribute of VR IS, DS or a binary integer. */
SCU_API scu_result scu_query_set_integer(scu_query *query, const char *path, int64_t value);
/* An attribute of VR PN, from its components. A group that is NULL or has no components is left out; no component may
 * hold ^, = or a backslash. Wildcards are taken: family "YAM*" alone matches YAMADA^TAROU too. */
SCU_API scu_result scu_query_set_name(scu_query *query, const char *path, const scu_name_parts *alphabetic,
                                      const scu_name_parts *ideographic, const scu_name_parts *phonetic);

/* ---- patient (0010,xxxx), in Study Root at STUDY level ---- */

SCU_API scu_result scu_query_set_patient_name(scu_query *query, const char *name); /* (0010,0010) "DOE^JANE", "DOE*" */
SCU_API scu_result scu_query_set_patient_id(scu_query *query, const char *id);     /* (0010,0020) */

/* ---- STUDY level ---- */

SCU_API scu_result scu_query_set_study_id(scu_query *query, const char *id);                          /* (0020,0010) */
SCU_API scu_result scu_query_set_study_uids(scu_query *query, const char *const *uids, size_t count); /* (0020,000D) */
SCU_API scu_result scu_query_set_study_date(scu_query *query, const scu_date *from,
                                            const scu_date *to); /* (0008,0020) */
SCU_API scu_result scu_query_set_study_time(scu_query *query, const scu_time *from,
                                            const scu_time *to); /* (0008,0030) */
/* (0008,0020) and (0008,0030) as one range: scu_query_set_date_time_range. */
SCU_API scu_result scu_query_set_study_date_time(scu_query *query, const scu_date_time *from, const scu_date_time *to);
SCU_API scu_result scu_query_set_accession_number(scu_query *query, const char *number); /* (0008,0050) */
/* (0008,0061): studies with any of these, as "CT". */
SCU_API scu_result scu_query_set_modalities_in_study(scu_query *query, const char *const *modalities, size_t count);
SCU_API scu_result scu_query_set_referring_physician(scu_query *query, const char *name); /* (0008,0090) */

/* ---- SERIES level ---- */

/* (0008,0060); in a worklist that of the scheduled step, (0040,0100)[0]. Set the model first. */
SCU_API scu_result scu_query_set_modality(scu_query *query, const char *modality);
SCU_API scu_result scu_query_set_series_number(scu_query *query, int32_t number);                      /* (0020,0011) */
SCU_API scu_result scu_query_set_series_uids(scu_query *query, const char *const *uids, size_t count); /* (0020,000E) */
/* (0040,1001) in the Request Attributes Sequence (0040,0275)[0]; in a worklist that of the request itself. Set the
 * model first. */
SCU_API scu_result scu_query_set_requested_procedure_id(scu_query *query, const char *id);
/* (0040,0009) in the Request Attributes Sequence (0040,0275)[0]; in a worklist that of the scheduled step,
 * (0040,0100)[0]. Set the model first. */
SCU_API scu_result scu_query_set_scheduled_step_id(scu_query *query, const char *id);
/* (0040,0244), (0040,0245), and both as one range. */
SCU_API scu_result scu_query_set_performed_step_date(scu_query *query, const scu_date *from, const scu_date *to);
SCU_API scu_result scu_query_set_performed_step_time(scu_query *query, const scu_time *from, const scu_time *to);
SCU_API scu_result scu_query_set_performed_step_date_time(scu_query *query, const scu_date_time *from,
                                                          const scu_date_time *to);

/* ---- IMAGE level ---- */

SCU_API scu_result scu_query_set_instance_number(scu_query *query, int32_t number); /* (0020,0013) */
SCU_API scu_result scu_query_set_instance_uids(scu_query *query, const char *const *uids,
                                               size_t count); /* (0008,0018) */

#ifdef __cplusplus
}
#endif
#endif
