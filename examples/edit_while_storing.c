/* Sends the DICOM files of a folder under another patient, with an accession number and new UIDs: the same study is the
 * same study again. Usage: edit_while_storing AET@host:port FOLDER PATIENT_ID PATIENT_NAME ACCESSION_NUMBER */
#include <scu/scu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct new_uid {
  struct new_uid *next;
  char old[SCU_UID_ROOM], made[SCU_UID_ROOM];
} new_uid;

typedef struct target {
  const char *patient_id, *patient_name, *accession_number;
  new_uid *uids; /* of studies and series, so that what belonged together does */
} target;

static const char *uid_for(target *to, const char *old) {
  for (const new_uid *at = to->uids; at; at = at->next)
    if (strcmp(at->old, old) == 0) return at->made;
  new_uid *made = calloc(1, sizeof *made);
  if (!made || scu_uid_new(made->made, sizeof made->made) != SCU_OK) {
    free(made);
    return NULL;
  }
  snprintf(made->old, sizeof made->old, "%s", old);
  made->next = to->uids;
  to->uids = made;
  return made->made;
}

/* The file is looked at for the UIDs of its study and series: big values are left out of memory. */
static scu_result set_uids(target *to, scu_store_candidate *candidate) {
  static const char *const keywords[] = {"StudyInstanceUID", "SeriesInstanceUID"};
  char uid[SCU_UID_ROOM];
  scu_file *file = NULL;
  scu_result result = scu_file_read(NULL, candidate->path, 64, &file);
  for (int i = 0; i < 2 && result == SCU_OK; i++) {
    char old[SCU_UID_ROOM];
    result = scu_dataset_text(scu_file_dataset(file), keywords[i], old, sizeof old);
    const char *made = result == SCU_OK ? uid_for(to, old) : NULL;
    result = made ? scu_edits_set_text(candidate->edits, keywords[i], made) : SCU_ERROR_MALFORMED;
  }
  scu_file_free(file);
  if (result == SCU_OK) result = scu_uid_new(uid, sizeof uid);
  return result == SCU_OK ? scu_edits_set_text(candidate->edits, "SOPInstanceUID", uid) : result;
}

static scu_store_choice before_store(void *user, scu_store_candidate *candidate) {
  target *to = user;
  scu_edits_set_text(candidate->edits, "PatientID", to->patient_id);
  scu_edits_set_text(candidate->edits, "PatientName", to->patient_name);
  scu_edits_set_text(candidate->edits, "AccessionNumber", to->accession_number);
  /* Of the calls above none is looked at: had one failed, the instance would not be sent. */
  return set_uids(to, candidate) == SCU_OK ? SCU_STORE_SEND : SCU_STORE_SKIP;
}

static void told(void *user, const scu_instance_outcome *outcome) {
  (void)user;
  const char *name = scu_outcome_name(outcome->outcome);
  if (*outcome->source_sop_instance_uid)
    printf("%s %s -> %s %s\n", name, outcome->source_sop_instance_uid, outcome->sop_instance_uid, outcome->reason);
  else /* no instance: what was read has a path only */
    printf("%s %s: %s\n", name, outcome->path, outcome->reason);
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: edit_while_storing AET@host:port FOLDER PATIENT_ID PATIENT_NAME ACCESSION_NUMBER\n");
    return 2;
  }
  target to = {.patient_id = argv[3], .patient_name = argv[4], .accession_number = argv[5]};
  const scu_hooks hooks = {.size = sizeof hooks, .user = &to, .instance = told, .before_store = before_store};
  scu_session *session = NULL;
  scu_source *source = NULL;
  scu_store_report *report = NULL;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_session_set_hooks(session, &hooks);
  if (result == SCU_OK) result = scu_source_new(NULL, &source);
  if (result == SCU_OK) result = scu_source_add_folder(source, argv[2], NULL, 1);
  if (result == SCU_OK) result = scu_store(session, source, &report);
  if (result != SCU_OK && session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(session)));

  uint64_t stored = report ? scu_store_report_count(report, SCU_OUTCOME_OK) : 0;
  uint64_t failed = report ? scu_store_report_count(report, SCU_OUTCOME_FAILED) : 0;
  printf("%llu stored, %llu failed\n", (unsigned long long)stored, (unsigned long long)failed);
  scu_store_report_free(report);
  scu_source_free(source);
  scu_session_free(session);
  while (to.uids) {
    new_uid *next = to.uids->next;
    free(to.uids);
    to.uids = next;
  }
  return result == SCU_OK && failed == 0 ? 0 : 1;
}
