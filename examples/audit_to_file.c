/* Asks a peer for a patient's studies, and has it written down who asked whom for what (PS3.15 A.5).
 * Usage: audit_to_file AET@host:port PATIENT_ID FILE      (FILE may be udp://host:514, too) */
#include <scu/scu.h>
#include <stdio.h>

static void warn(void *user, const char *text) {
  (void)user;
  fprintf(stderr, "%s\n", text);
}

static scu_result count_studies(scu_session *session, const char *patient_id) {
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *match;
  size_t count = 0;
  scu_result result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set(query, "PatientID", patient_id);
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_find(session, query, &matches);
  while (result == SCU_OK && (result = scu_matches_next(matches, &match)) == SCU_OK) count++;
  if (result == SCU_END) {
    printf("%zu studies\n", count);
    result = SCU_OK;
  }
  scu_matches_close(matches);
  scu_query_free(query);
  return result;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: audit_to_file AET@host:port PATIENT_ID FILE\n");
    return 2;
  }
  scu_audit *audit = NULL;
  scu_options *options = NULL;
  scu_session *session = NULL;
  scu_audit_options wanted = {
      .size = sizeof wanted, .destination = argv[3], .application = "audit_to_file", .warning = warn};
  scu_result result = scu_audit_new(NULL, &wanted, &audit);
  if (result != SCU_OK && audit) warn(NULL, scu_error_reason(scu_audit_error(audit)));
  if (result == SCU_OK) result = scu_options_new(NULL, &options);
  if (result == SCU_OK) result = scu_options_set_pointer(options, SCU_OPTION_AUDIT, audit);
  if (result == SCU_OK) result = scu_session_new(&session, options, argv[1]);
  if (result == SCU_OK) result = count_studies(session, argv[2]);
  if (result != SCU_OK && session) warn(NULL, scu_error_reason(scu_session_error(session)));
  scu_session_free(session);
  scu_options_free(options);
  scu_audit_free(audit); /* last: it outlives what it was given to, and writes that we stopped */
  return result == SCU_OK ? 0 : 1;
}
