/* Prints the studies of a patient. Usage: find_print AET@host:port PATIENT_ID */
#include <scu/scu.h>
#include <stdio.h>

static void print_study(const scu_dataset *match) {
  char date[16] = "", name[256] = "", description[256] = "", uid[80] = "";
  scu_dataset_text(match, "StudyDate", date, sizeof date);
  scu_dataset_text(match, "PatientName", name, sizeof name);
  scu_dataset_text(match, "StudyDescription", description, sizeof description);
  scu_dataset_text(match, "StudyInstanceUID", uid, sizeof uid);
  printf("%-8s  %-24s  %-24s  %s\n", date, name, description, uid);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: find_print AET@host:port PATIENT_ID\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *match;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set(query, "PatientID", argv[2]);
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_find(session, query, &matches);
  if (result == SCU_OK)
    while ((result = scu_matches_next(matches, &match)) == SCU_OK) print_study(match);

  if (result != SCU_END && session)
    fprintf(stderr, "%s\n", scu_error_reason(matches ? scu_matches_error(matches) : scu_session_error(session)));
  scu_matches_close(matches);
  scu_query_free(query);
  scu_session_free(session);
  return result == SCU_OK || result == SCU_END ? 0 : 1;
}
