/* Reports an examination as its modality: begun, one series made, completed. Prints the step as the peer has it then.
 * Usage: mpps AET@host:port STUDY_INSTANCE_UID SERIES_INSTANCE_UID */
#include <scu/scu.h>
#include <stdio.h>
#include <time.h>

static scu_result put_now(scu_dataset *dataset, const char *date_path, const char *time_path) {
  char text[16];
  time_t now = time(NULL);
  const struct tm *local = localtime(&now);
  strftime(text, sizeof text, "%Y%m%d", local);
  scu_result result = scu_dataset_set_text(dataset, date_path, text);
  strftime(text, sizeof text, "%H%M%S", local);
  return result == SCU_OK ? scu_dataset_set_text(dataset, time_path, text) : result;
}

/* What must be known at the start; the library names what is missing. A real modality copies the patient and the
 * scheduled step from its worklist. */
static scu_result describe_start(scu_dataset *step, const char *study) {
  scu_result result = put_now(step, "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime");
  if (result == SCU_OK) result = scu_dataset_set_text(step, "PerformedProcedureStepID", "EXAMPLE-1");
  if (result == SCU_OK) result = scu_dataset_set_text(step, "PerformedStationAETitle", "EXAMPLE");
  if (result == SCU_OK) result = scu_dataset_set_text(step, "Modality", "CT");
  if (result == SCU_OK) result = scu_dataset_set_text(step, "PatientName", "Beispiel^Jörg");
  if (result == SCU_OK)
    result = scu_dataset_set_text(step, "ScheduledStepAttributesSequence[0].StudyInstanceUID", study);
  return result;
}

static scu_result describe_end(scu_dataset *last, const char *series) {
  scu_result result = put_now(last, "PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime");
  if (result == SCU_OK) result = scu_dataset_set_text(last, "PerformedSeriesSequence[0].SeriesInstanceUID", series);
  if (result == SCU_OK) result = scu_dataset_set_text(last, "PerformedSeriesSequence[0].ProtocolName", "Head");
  return result;
}

/* A status is data: whether the peer did it is in the response. */
static int was_done(const char *what, scu_response *response) {
  if (!response) return 0;
  const char *kind = scu_response_class(response);
  printf("%s: %04XH, %s\n", what, (unsigned)scu_response_status(response), scu_response_meaning(response));
  scu_response_free(response);
  return kind[0] == 's' || kind[0] == 'w'; /* success or warning */
}

static scu_result print(void *user, const char *bytes, size_t length) {
  fwrite(bytes, 1, length, user);
  return SCU_OK;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: mpps AET@host:port STUDY_INSTANCE_UID SERIES_INSTANCE_UID\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_dataset *start = NULL, *last = NULL;
  scu_response *response = NULL;
  char step[SCU_UID_ROOM];
  int is_done = 0;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_uid_new(step, sizeof step);
  if (result == SCU_OK) result = scu_dataset_new(NULL, &start);
  if (result == SCU_OK) result = scu_dataset_new(NULL, &last);
  if (result == SCU_OK) result = describe_start(start, argv[2]);
  if (result == SCU_OK) result = describe_end(last, argv[3]);

  if (result == SCU_OK) result = scu_mpps_create(session, step, start, &response);
  if (result == SCU_OK) is_done = was_done("begun", response);
  if (is_done) result = scu_mpps_end(session, step, SCU_MPPS_COMPLETED, last, &response);
  if (is_done && result == SCU_OK) is_done = was_done("completed", response);

  if (is_done && result == SCU_OK) result = scu_mpps_get(session, step, NULL, 0, &response);
  if (is_done && result == SCU_OK) {
    if (scu_response_dataset(response)) scu_dataset_write_text(scu_response_dataset(response), NULL, print, stdout);
    is_done = was_done("read back", response);
  }

  if (result != SCU_OK) fprintf(stderr, "%s\n", session ? scu_error_reason(scu_session_error(session)) : "no memory");
  scu_dataset_free(start);
  scu_dataset_free(last);
  scu_session_free(session);
  return result == SCU_OK && is_done ? 0 : 1;
}
