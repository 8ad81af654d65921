/* Asks for all studies, and yet gets those of one patient: a hook puts the Patient ID into every C-FIND identifier just
 * before it is sent, as a site does that wants a rule of its own kept whatever is asked.
 * Usage: edit_message AET@host:port PATIENT_ID */
#include <scu/scu.h>
#include <stdio.h>

enum { C_FIND_RQ = 0x0020 };

/* What could not be set is not sent: the find fails with the reason. */
static void before_message(void *user, scu_message *message) {
  const char *patient_id = user;
  scu_dataset *identifier;
  if (!scu_message_is_sent(message) || scu_message_field(message) != C_FIND_RQ) return;
  if (scu_message_edit_dataset(message, &identifier) == SCU_OK)
    scu_dataset_set_text(identifier, "PatientID", patient_id);
}

static void print_study(const scu_dataset *match) {
  char id[80] = "", uid[80] = "";
  scu_dataset_text(match, "PatientID", id, sizeof id);
  scu_dataset_text(match, "StudyInstanceUID", uid, sizeof uid);
  printf("%s  %s\n", id, uid);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: edit_message AET@host:port PATIENT_ID\n");
    return 2;
  }
  const scu_hooks hooks = {.size = sizeof hooks, .user = argv[2], .before_message = before_message};
  scu_session *session = NULL;
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *match;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_session_set_hooks(session, &hooks);
  if (result == SCU_OK) result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set(query, "PatientID", "*");
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_find(session, query, &matches);
  if (result == SCU_OK)
    while ((result = scu_matches_next(matches, &match)) == SCU_OK) print_study(match);

  if (result != SCU_END && session)
    fprintf(stderr, "%s\n", scu_error_reason(matches ? scu_matches_error(matches) : scu_session_error(session)));
  scu_matches_close(matches);
  scu_query_free(query);
  scu_session_free(session);
  return result == SCU_END ? 0 : 1;
}
