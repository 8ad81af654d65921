/* Writes a log of a query: associations, messages and datasets with what may name a patient masked, then own text and
 * an own dataset; the dumps are switched on while it runs. Usage: log_to_file AET@host:port PATIENT_ID LOG_FILE */
#include <scu/scu.h>
#include <stdio.h>

/* How many studies; -1 after a failure. */
static int find(scu_session *session, const char *patient_id) {
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *match;
  int count = 0;
  scu_result result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_query_set(query, "PatientID", patient_id);
  if (result == SCU_OK) result = scu_find(session, query, &matches);
  while (result == SCU_OK && (result = scu_matches_next(matches, &match)) == SCU_OK) count++;
  scu_matches_close(matches);
  scu_query_free(query);
  return result == SCU_END ? count : -1;
}

int main(int argc, char **argv) {
  scu_log *log = NULL;
  scu_options *options = NULL;
  scu_session *session = NULL;
  scu_dataset *own = NULL;
  int first = -1, second = -1;
  if (argc != 4) {
    fprintf(stderr, "usage: log_to_file AET@host:port PATIENT_ID LOG_FILE\n");
    return 2;
  }
  const scu_log_options where = {.size = sizeof where,
                                 .kind = SCU_LOG_TO_FILE,
                                 .level = SCU_LOG_INFO,
                                 .path = argv[3],
                                 .rotate_bytes = 10 * 1024 * 1024,
                                 .generations = 3};
  scu_result result = scu_log_new(NULL, &where, &log);
  if (result != SCU_OK && log) fprintf(stderr, "%s\n", scu_error_reason(scu_log_error(log)));
  if (result == SCU_OK) result = scu_options_new(NULL, &options);
  if (result == SCU_OK) result = scu_options_set_pointer(options, SCU_OPTION_LOG, log);
  if (result == SCU_OK) result = scu_session_new(&session, options, argv[1]);
  if (result == SCU_OK) {
    first = find(session, argv[2]);
    scu_log_set_level(log, SCU_LOG_DUMP); /* from here on every message is told */
    second = find(session, argv[2]);
    scu_log_text(log, SCU_LOG_INFO, 0, "that was all");
  }
  if (result == SCU_OK) result = scu_dataset_new(NULL, &own);
  if (result == SCU_OK) result = scu_dataset_set_text(own, "PatientID", argv[2]);
  if (result == SCU_OK) result = scu_dataset_set_text(own, "Modality", "CT");
  if (result == SCU_OK) scu_log_dataset(log, SCU_LOG_INFO, 0, "what I asked for", own);
  printf("%d and %d studies, %s\n", first, second, scu_result_name(result));
  scu_dataset_free(own);
  scu_session_free(session); /* before its log */
  scu_options_free(options);
  scu_log_free(log);
  return result == SCU_OK && first >= 0 && first == second ? 0 : 1;
}
