/* Fetches a study over C-MOVE: we are the destination. The peer must know our AE title, host and port.
 * Usage: move_to_self AET@host:port OUR_AET OUR_PORT STUDY_INSTANCE_UID FOLDER */
#include "retrieve.h"

#include <stdlib.h>

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: move_to_self AET@host:port OUR_AET OUR_PORT STUDY_INSTANCE_UID FOLDER\n");
    return 2;
  }
  scu_options *options = NULL;
  scu_session *session = NULL;
  scu_query *study = NULL;
  scu_sink *sink = NULL;
  scu_retrieve_report *report = NULL;
  scu_disk_sink_options folder = {.size = sizeof folder, .root = argv[5]};

  scu_result result = scu_options_new(NULL, &options);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, argv[2]);
  if (result == SCU_OK) result = scu_options_parse(options, SCU_OPTION_LISTEN_PORT, argv[3]);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  if (result == SCU_OK) result = scu_session_new(&session, options, argv[1]);
  if (result == SCU_OK) result = scu_query_new(NULL, &study);
  if (result == SCU_OK) result = scu_query_set(study, "StudyInstanceUID", argv[4]);
  if (result == SCU_OK) result = scu_disk_sink_new(&folder, &sink);
  if (result == SCU_OK) result = scu_move_to_self(session, study, sink, &report);

  int code = print_verdict(session, result, report);
  scu_retrieve_report_free(report);
  scu_query_free(study);
  scu_session_free(session);
  scu_disk_sink_free(sink);
  scu_options_free(options);
  return code;
}
