/* Modality Performed Procedure Steps (PS3.4 F.7, F.8) as their modality: made IN PROGRESS when the work begins, changed
 * while it goes on, ended once.
 *
 *   char step[SCU_UID_ROOM];
 *   scu_uid_new(step, sizeof step);                                   keep it: it names the step from now on
 *   scu_mpps_create(session, step, attributes, &response);
 *   scu_mpps_set(session, step, changes, &response);                  as often as needed
 *   scu_mpps_end(session, step, SCU_MPPS_COMPLETED, last, &response);
 *
 * Everything n_service.h says of sessions, results and time-outs holds here; the operations are taken with
 * scu_n_request_take. Datasets are copied. PerformedProcedureStepStatus (0040,0252) is set by the call and need not be
 * in them; one that says something else is USAGE. scu_response_meaning puts status and Error ID (0000,0903) in words:
 * 0110 with A710 says that the step is final already. */
#ifndef SCU_MPPS_H
#define SCU_MPPS_H

#include "scu/n_service.h"
#include "scu/uid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* N-CREATE of a step IN PROGRESS. `sop_instance_uid` NULL or "": a new one is made; scu_response_sop_instance_uid tells
 * it, but only when an answer comes, so better keep one of scu_uid_new.
 *
 * `attributes` holds what is known when the work begins. USAGE, with the name in the error, unless these have a value,
 * being type 1 in Table F.7.2-1: ScheduledStepAttributesSequence and StudyInstanceUID in each of its items,
 * PerformedStationAETitle, PerformedProcedureStepStartDate and -StartTime, PerformedProcedureStepID, Modality; in each
 * item of PerformedSeriesSequence, if there are any, ProtocolName and SeriesInstanceUID. What the table wants present
 * but allows to be empty (type 2) at the top level and in the scheduled steps is added empty where it is missing.
 *
 * When the connection is lost between request and answer the request is sent once more. Had the first one arrived, the
 * second is answered 0111, duplicate: that is a success (scu_response_class), the status stays as it came. */
SCU_API scu_result scu_mpps_create(scu_session *session, const char *sop_instance_uid, const scu_dataset *attributes,
                                   scu_response **out);
SCU_API scu_op *scu_mpps_create_start(scu_session *session, const char *sop_instance_uid,
                                      const scu_dataset *attributes);
/* The same for a step whose creation was tried before, in this process or another, and never answered: 0111 is a
 * success from the start. USAGE without UID. */
SCU_API scu_result scu_mpps_create_again(scu_session *session, const char *sop_instance_uid,
                                         const scu_dataset *attributes, scu_response **out);
SCU_API scu_op *scu_mpps_create_again_start(scu_session *session, const char *sop_instance_uid,
                                            const scu_dataset *attributes);

/* N-SET of a step that stays IN PROGRESS. What a sequence is set to replaces the one before. The items of
 * PerformedSeriesSequence are checked as above; whether an attribute may be changed at all is left to the peer. USAGE:
 * no UID, or no changes. */
SCU_API scu_result scu_mpps_set(scu_session *session, const char *sop_instance_uid, const scu_dataset *changes,
                                scu_response **out);
SCU_API scu_op *scu_mpps_set_start(scu_session *session, const char *sop_instance_uid, const scu_dataset *changes);

typedef enum scu_mpps_end_status {
  SCU_MPPS_COMPLETED = 1,
  SCU_MPPS_DISCONTINUED = 2 /* say why in PerformedProcedureStepDiscontinuationReasonCodeSequence */
} scu_mpps_end_status;
/* N-SET that ends it; nothing can be changed afterwards. `last` may be NULL. PerformedProcedureStepEndDate, -EndTime
 * and PerformedSeriesSequence must have been set by now or be in `last` (Table F.7.2-1, final state); what was set
 * before is not known here, so that is left to the peer. USAGE: no UID, no such status. */
SCU_API scu_result scu_mpps_end(scu_session *session, const char *sop_instance_uid, scu_mpps_end_status status,
                                const scu_dataset *last, scu_response **out);
SCU_API scu_op *scu_mpps_end_start(scu_session *session, const char *sop_instance_uid, scu_mpps_end_status status,
                                   const scu_dataset *last);

/* N-GET under the Retrieve SOP class (F.8): the step as the peer has it is in scu_response_dataset. `attributes` as in
 * scu_n_message; none = all. */
SCU_API scu_result scu_mpps_get(scu_session *session, const char *sop_instance_uid, const char *const *attributes,
                                size_t attribute_count, scu_response **out);
SCU_API scu_op *scu_mpps_get_start(scu_session *session, const char *sop_instance_uid, const char *const *attributes,
                                   size_t attribute_count);

#ifdef __cplusplus
}
#endif
#endif
