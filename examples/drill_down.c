/* Everything below the studies of a patient as a tree, from one find: every match is an instance, with the values of
 * the levels above it. Usage: drill_down AET@host:port PATIENT_ID */
#include <scu/scu.h>
#include <stdio.h>
#include <string.h>

/* The UID, printed where it is not the one of the match before. */
static void print_if_new(const scu_dataset *match, const char *path, int indent, char last[65]) {
  char uid[65] = "";
  scu_dataset_text(match, path, uid, sizeof uid);
  if (strcmp(uid, last) == 0) return;
  printf("%*s%s %s\n", indent, "", path, uid);
  memcpy(last, uid, sizeof uid);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: drill_down AET@host:port PATIENT_ID\n");
    return 2;
  }
  char study[65] = "", series[65] = "", instance[65] = "";
  scu_session *session = NULL;
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *match;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set(query, "PatientID", argv[2]);
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_query_set_depth(query, SCU_LEVEL_IMAGE);
  if (result == SCU_OK) result = scu_find(session, query, &matches);
  while (result == SCU_OK && (result = scu_matches_next(matches, &match)) == SCU_OK) {
    print_if_new(match, "StudyInstanceUID", 0, study);
    print_if_new(match, "SeriesInstanceUID", 2, series);
    print_if_new(match, "SOPInstanceUID", 4, instance);
  }

  if (result == SCU_END)
    printf("%llu instances\n", (unsigned long long)scu_matches_count(matches));
  else if (session)
    fprintf(stderr, "%s\n", scu_error_reason(matches ? scu_matches_error(matches) : scu_session_error(session)));
  scu_matches_close(matches);
  scu_query_free(query);
  scu_session_free(session);
  return result == SCU_END ? 0 : 1;
}
