/* Fetches every study of a patient into a folder, each from the match that names it: by C-GET or C-MOVE, whichever
 * brings it, from the AE that has it. Says of each study what is here, and why what is missing is missing. Usage:
 * fetch_matches AET@host:port PATIENT_ID FOLDER [NODE_FILE] */
#include <scu/scu.h>
#include <stdio.h>

static void print_report(const scu_retrieve_report *report) {
  for (size_t i = 0; i < scu_retrieve_report_study_count(report); i++) {
    const scu_study_outcome *study = scu_retrieve_report_study(report, i);
    printf("study %s: %s, %llu of %llu instances\n", study->study_instance_uid, scu_verdict_name(study->verdict),
           (unsigned long long)study->received, (unsigned long long)study->promised);
  }
  for (size_t i = 0; i < scu_retrieve_report_missing_count(report); i++) {
    const scu_missing_instance *missing = scu_retrieve_report_missing_instance(report, i);
    printf("missing %s: %s\n", missing->sop_instance_uid, missing->reason);
  }
}

/* SCU_OK when each match was fetched, whatever came of it. */
static scu_result fetch_all(scu_session *session, const scu_query *query, scu_sink *sink, int *is_complete) {
  scu_matches *matches = NULL;
  const scu_dataset *match = NULL;
  scu_result result = scu_find(session, query, &matches);
  while (result == SCU_OK && (result = scu_matches_next(matches, &match)) == SCU_OK) {
    scu_retrieve_report *report = NULL;
    result = scu_fetch_match(session, match, SCU_LEVEL_STUDY, sink, &report);
    if (report) print_report(report);
    if (report && scu_retrieve_report_verdict(report) != SCU_VERDICT_COMPLETE) *is_complete = 0;
    scu_retrieve_report_free(report);
  }
  scu_matches_close(matches);
  return result == SCU_END ? SCU_OK : result;
}

int main(int argc, char **argv) {
  if (argc < 4 || argc > 5) {
    fprintf(stderr, "usage: fetch_matches AET@host:port PATIENT_ID FOLDER [NODE_FILE]\n");
    return 2;
  }
  int is_complete = 1;
  scu_options *options = NULL;
  scu_session *session = NULL;
  scu_query *query = NULL;
  scu_sink *sink = NULL;
  scu_disk_sink_options folder = {.size = sizeof folder, .root = argv[3]};

  scu_result result = scu_options_new(NULL, &options);
  if (result == SCU_OK && argc == 5) result = scu_options_set_text(options, SCU_OPTION_NODES_FILE, argv[4]);
  if (result == SCU_OK) result = scu_session_new(&session, options, argv[1]);
  if (result == SCU_OK) result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_query_set(query, "PatientID", argv[2]);
  if (result == SCU_OK) result = scu_disk_sink_new(&folder, &sink);
  if (result == SCU_OK) result = fetch_all(session, query, sink, &is_complete);
  if (result != SCU_OK && session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(session)));

  scu_session_free(session);
  scu_disk_sink_free(sink);
  scu_query_free(query);
  scu_options_free(options);
  return result == SCU_OK && is_complete ? 0 : 1;
}
