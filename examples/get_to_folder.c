/* Fetches a study over C-GET into a folder; every file is safe on disk before it is acknowledged.
 * Usage: get_to_folder AET@host:port STUDY_INSTANCE_UID FOLDER */
#include "retrieve.h"

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: get_to_folder AET@host:port STUDY_INSTANCE_UID FOLDER\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_query *study = NULL;
  scu_sink *sink = NULL;
  scu_retrieve_report *report = NULL;
  scu_disk_sink_options folder = {.size = sizeof folder, .root = argv[3]};

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_query_new(NULL, &study);
  if (result == SCU_OK) result = scu_query_set(study, "StudyInstanceUID", argv[2]);
  if (result == SCU_OK) result = scu_disk_sink_new(&folder, &sink);
  if (result == SCU_OK) result = scu_get(session, study, sink, &report);

  int code = print_verdict(session, result, report);
  scu_retrieve_report_free(report);
  scu_query_free(study);
  scu_session_free(session);
  scu_disk_sink_free(sink);
  return code;
}
