/* Sends every DICOM file under a folder and says what became of each. Usage: store_folder AET@host:port FOLDER */
#include <scu/scu.h>
#include <stdio.h>

static void tell(void *user, const scu_instance_outcome *outcome) {
  (void)user;
  printf("%-7s %04X %s %s\n", scu_outcome_name(outcome->outcome), (unsigned)outcome->status, outcome->path,
         outcome->reason);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: store_folder AET@host:port FOLDER\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_source *source = NULL;
  scu_store_report *report = NULL;
  scu_hooks hooks = {.size = sizeof hooks, .instance = tell};

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_session_set_hooks(session, &hooks);
  if (result == SCU_OK) result = scu_source_new(NULL, &source);
  if (result == SCU_OK) result = scu_source_add_folder(source, argv[2], NULL, 1);
  if (result == SCU_OK) result = scu_store(session, source, &report);
  if (result != SCU_OK && session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(session)));

  uint64_t failed = report ? scu_store_report_count(report, SCU_OUTCOME_FAILED) : 1;
  if (report) printf("%llu stored\n", (unsigned long long)scu_store_report_count(report, SCU_OUTCOME_OK));
  scu_store_report_free(report);
  scu_source_free(source);
  scu_session_free(session);
  return result == SCU_OK && failed == 0 ? 0 : 1;
}
