/* Performed procedure steps as their modality (PS3.4 F.7, F.8): what goes into the datasets, on top of the N-services.
 */
#include "scu/mpps.h"

#include <stdio.h>
#include <string.h>

#include "base/values.h"
#include "client/n_service.h"
#include "data/path.h"
#include "data/sop_class.h"

#define SCHEDULED   "ScheduledStepAttributesSequence"
#define SERIES      "PerformedSeriesSequence"
#define STATUS      "PerformedProcedureStepStatus"
#define IN_PROGRESS "IN PROGRESS"

enum { PATH_MAX_LENGTH = 160 };

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Table F.7.2-1, N-CREATE: type 1, beside the status. */
static const char *const needed[] = {SCHEDULED,
                                     "PerformedStationAETitle",
                                     "PerformedProcedureStepStartDate",
                                     "PerformedProcedureStepStartTime",
                                     "PerformedProcedureStepID",
                                     "Modality"};
static const char *const needed_in_scheduled[] = {"StudyInstanceUID"};
static const char *const needed_in_series[] = {"ProtocolName", "SeriesInstanceUID"};

/* The same table: type 2. */
static const char *const present[] = {"PatientName",
                                      "PatientID",
                                      "PatientBirthDate",
                                      "PatientSex",
                                      "ReferencedPatientSequence",
                                      "PerformedStationName",
                                      "PerformedLocation",
                                      "PerformedProcedureStepDescription",
                                      "PerformedProcedureTypeDescription",
                                      "ProcedureCodeSequence",
                                      "PerformedProcedureStepEndDate",
                                      "PerformedProcedureStepEndTime",
                                      "StudyID",
                                      "PerformedProtocolCodeSequence",
                                      SERIES};
static const char *const present_in_scheduled[] = {"ReferencedStudySequence",      "AccessionNumber",
                                                   "RequestedProcedureID",         "RequestedProcedureDescription",
                                                   "ScheduledProcedureStepID",     "ScheduledProcedureStepDescription",
                                                   "ScheduledProtocolCodeSequence"};

/* --- checking ----------------------------------------------------------------------------------------------------- */

static scu_result check_value(const scu_dataset *step, const char *path, scu_error *error) {
  const scu_element *element = scu_dataset_find_path(step, path);
  if (element && (scu_element_length(element) > 0 || scu_element_item_count(element) > 0)) return SCU_OK;
  scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s %s (type 1 in PS3.4 Table F.7.2-1)", path,
                 element ? "has no value" : "is missing");
  scu__path parsed;
  if (scu__path_parse(path, &parsed, NULL) == SCU_OK)
    scu__error_at(error, parsed.steps[parsed.depth - 1].tag, UINT64_MAX);
  return SCU_ERROR_USAGE;
}

static size_t count_items(const scu_dataset *step, const char *sequence) {
  const scu_element *element = scu_dataset_find_path(step, sequence);
  return element ? scu_element_item_count(element) : 0;
}

static scu_result check_items(const scu_dataset *step, const char *sequence, const char *const *names, size_t count,
                              scu_error *error) {
  size_t items = count_items(step, sequence);
  for (size_t i = 0; i < items; i++) {
    for (size_t j = 0; j < count; j++) {
      char path[PATH_MAX_LENGTH];
      snprintf(path, sizeof path, "%s[%zu].%s", sequence, i, names[j]);
      scu_result result = check_value(step, path, error);
      if (result != SCU_OK) return result;
    }
  }
  return SCU_OK;
}

static scu_result check_creation(const scu_dataset *step, scu_error *error) {
  for (size_t i = 0; i < COUNT(needed); i++) {
    scu_result result = check_value(step, needed[i], error);
    if (result != SCU_OK) return result;
  }
  scu_result result = check_items(step, SCHEDULED, needed_in_scheduled, COUNT(needed_in_scheduled), error);
  if (result != SCU_OK) return result;
  return check_items(step, SERIES, needed_in_series, COUNT(needed_in_series), error);
}

/* --- filling in --------------------------------------------------------------------------------------------------- */

static scu_result add_empty(scu_dataset *step, const char *path) {
  return scu_dataset_find_path(step, path) ? SCU_OK : scu_dataset_set_empty(step, path);
}

static scu_result add_present(scu_dataset *step) {
  scu_result result = SCU_OK;
  for (size_t i = 0; i < COUNT(present) && result == SCU_OK; i++) result = add_empty(step, present[i]);
  size_t items = count_items(step, SCHEDULED);
  for (size_t i = 0; i < items; i++) {
    for (size_t j = 0; j < COUNT(present_in_scheduled) && result == SCU_OK; j++) {
      char path[PATH_MAX_LENGTH];
      snprintf(path, sizeof path, SCHEDULED "[%zu].%s", i, present_in_scheduled[j]);
      result = add_empty(step, path);
    }
  }
  return result;
}

/* The status that the call means, unless the caller says another. NULL: any step may keep the one it has. */
static scu_result put_status(scu_dataset *step, const char *status, scu_error *error) {
  char text[32] = "";
  scu_result result = scu_dataset_text(step, STATUS, text, sizeof text);
  if (result != SCU_OK && result != SCU_END)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, STATUS " is not one");
  if (text[0] && strcmp(text, status ? status : IN_PROGRESS) != 0)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          STATUS
                          " says something else than this call: a step is made IN PROGRESS by scu_mpps_create and "
                          "ended by scu_mpps_end");
  return status ? scu_dataset_set_text(step, STATUS, status) : SCU_OK;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static scu_op *refuse(scu_session *session, const char *what) {
  scu__error_set(&session->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s", what);
  return NULL;
}

/* A copy to change; NULL and the session's error when there is no memory. */
static scu_dataset *copy_of(scu_session *session, const scu_dataset *from) {
  scu_dataset *copy = NULL;
  scu_result result = from ? scu_dataset_copy(from, &copy) : scu_dataset_new(session->allocator, &copy);
  if (result != SCU_OK) scu__error_memory(&session->error, SCU_PHASE_USAGE);
  return copy;
}

/* Takes the dataset. A result that is not OK has its words in the session, or is for want of memory. */
static scu_op *start(scu_session *session, scu_result result, scu_n_service service, const char *sop_instance_uid,
                     scu_dataset *dataset, scu__n_manner manner) {
  const scu_n_message message = {.size = sizeof message,
                                 .service = service,
                                 .sop_class_uid = SCU__UID_MPPS,
                                 .sop_instance_uid = sop_instance_uid,
                                 .dataset = dataset};
  scu_op *op = result == SCU_OK ? scu__n_request_start(session, &message, manner) : NULL;
  if (result != SCU_OK) scu__error_set(&session->error, result, SCU_PHASE_USAGE, "the dataset could not be made");
  scu_dataset_free(dataset);
  return op;
}

static scu_op *start_create(scu_session *session, const char *sop_instance_uid, const scu_dataset *attributes,
                            scu__n_manner manner) {
  scu_dataset *step = copy_of(session, attributes);
  if (!step) return NULL;
  scu_result result = put_status(step, IN_PROGRESS, &session->error);
  if (result == SCU_OK) result = check_creation(step, &session->error);
  if (result == SCU_OK) result = add_present(step);
  return start(session, result, SCU_N_CREATE, sop_instance_uid, step, manner);
}

static bool is_given(const char *text) {
  return text && text[0];
}

scu_op *scu_mpps_create_start(scu_session *session, const char *sop_instance_uid, const scu_dataset *attributes) {
  char uid[SCU_UID_ROOM];
  if (!session->loop) return NULL;
  scu__session_set_error(session, NULL);
  if (!is_given(sop_instance_uid)) {
    if (scu_uid_new(uid, sizeof uid) != SCU_OK) return refuse(session, "no randomness for a SOP Instance UID");
    sop_instance_uid = uid;
  }
  return start_create(session, sop_instance_uid, attributes, (scu__n_manner){.is_sent_again = true});
}

scu_op *scu_mpps_create_again_start(scu_session *session, const char *sop_instance_uid, const scu_dataset *attributes) {
  if (!session->loop) return NULL;
  scu__session_set_error(session, NULL);
  if (!is_given(sop_instance_uid)) return refuse(session, "no SOP Instance UID of the step that was tried before");
  return start_create(session, sop_instance_uid, attributes, (scu__n_manner){.is_sent_again = true, .is_again = true});
}

/* `status` NULL: it stays in progress. */
static scu_op *start_change(scu_session *session, const char *sop_instance_uid, const char *status,
                            const scu_dataset *from) {
  scu_dataset *changes = copy_of(session, from);
  if (!changes) return NULL;
  scu_result result = put_status(changes, status, &session->error);
  if (result == SCU_OK)
    result = check_items(changes, SERIES, needed_in_series, COUNT(needed_in_series), &session->error);
  return start(session, result, SCU_N_SET, sop_instance_uid, changes, (scu__n_manner){0});
}

scu_op *scu_mpps_set_start(scu_session *session, const char *sop_instance_uid, const scu_dataset *changes) {
  if (!session->loop) return NULL;
  scu__session_set_error(session, NULL);
  return start_change(session, sop_instance_uid, NULL, changes);
}

scu_op *scu_mpps_end_start(scu_session *session, const char *sop_instance_uid, scu_mpps_end_status status,
                           const scu_dataset *last) {
  if (!session->loop) return NULL;
  scu__session_set_error(session, NULL);
  switch (status) {
  case SCU_MPPS_COMPLETED: return start_change(session, sop_instance_uid, "COMPLETED", last);
  case SCU_MPPS_DISCONTINUED: return start_change(session, sop_instance_uid, "DISCONTINUED", last);
  }
  return refuse(session, "a step ends completed or discontinued");
}

scu_op *scu_mpps_get_start(scu_session *session, const char *sop_instance_uid, const char *const *attributes,
                           size_t attribute_count) {
  const scu_n_message message = {.size = sizeof message,
                                 .service = SCU_N_GET,
                                 .sop_class_uid = SCU__UID_MPPS_RETRIEVE,
                                 .sop_instance_uid = sop_instance_uid,
                                 .attributes = attributes,
                                 .attribute_count = attribute_count};
  return scu_n_request_start(session, &message);
}

/* --- and waiting for them ----------------------------------------------------------------------------------------- */

scu_result scu_mpps_create(scu_session *session, const char *sop_instance_uid, const scu_dataset *attributes,
                           scu_response **out) {
  return scu__n_request_finish(session, scu_mpps_create_start(session, sop_instance_uid, attributes), out);
}

scu_result scu_mpps_create_again(scu_session *session, const char *sop_instance_uid, const scu_dataset *attributes,
                                 scu_response **out) {
  return scu__n_request_finish(session, scu_mpps_create_again_start(session, sop_instance_uid, attributes), out);
}

scu_result scu_mpps_set(scu_session *session, const char *sop_instance_uid, const scu_dataset *changes,
                        scu_response **out) {
  return scu__n_request_finish(session, scu_mpps_set_start(session, sop_instance_uid, changes), out);
}

scu_result scu_mpps_end(scu_session *session, const char *sop_instance_uid, scu_mpps_end_status status,
                        const scu_dataset *last, scu_response **out) {
  return scu__n_request_finish(session, scu_mpps_end_start(session, sop_instance_uid, status, last), out);
}

scu_result scu_mpps_get(scu_session *session, const char *sop_instance_uid, const char *const *attributes,
                        size_t attribute_count, scu_response **out) {
  return scu__n_request_finish(session, scu_mpps_get_start(session, sop_instance_uid, attributes, attribute_count),
                               out);
}
