/* Asks whether a peer keeps an instance for good, and waits for the result on any association. What does not come in
 * time stays in the ledger: without class and instance what is open there is taken up.
 * Usage: commit AET@host:port OUR_AET PORT LEDGER_FOLDER [SOP_CLASS_UID SOP_INSTANCE_UID] */
#include <scu/scu.h>
#include <stdio.h>

static scu_result set_options(scu_options *options, char **argv) {
  scu_result result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, argv[2]);
  if (result == SCU_OK) result = scu_options_parse(options, SCU_OPTION_LISTEN_PORT, argv[3]);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_COMMIT_LEDGER, argv[4]);
  if (result == SCU_OK) result = scu_options_set_duration_ms(options, SCU_OPTION_TIMEOUT_COMMIT, 20 * 1000);
  return result;
}

static scu_result ask(scu_session *session, const char *sop_class, const char *instance, scu_commit_report **report) {
  scu_commitment *wanted = NULL;
  scu_result result = scu_commitment_new(NULL, &wanted);
  if (result == SCU_OK) result = scu_commitment_add(wanted, sop_class, instance);
  if (result == SCU_OK) result = scu_commit(session, wanted, report);
  scu_commitment_free(wanted);
  return result;
}

static void print(const scu_commit_report *report) {
  for (size_t i = 0; i < scu_commit_report_count(report); i++) {
    scu_commit_instance one = {.size = sizeof one};
    if (scu_commit_report_instance(report, i, &one) != SCU_OK) continue;
    printf("%s: %s", one.sop_instance_uid, scu_commit_state_name(one.state));
    if (one.state == SCU_COMMIT_FAILED) printf(": %s", scu_commit_reason(one.failure_reason));
    printf("\n");
  }
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 7) {
    fprintf(stderr, "usage: commit AET@host:port OUR_AET PORT LEDGER_FOLDER [SOP_CLASS_UID SOP_INSTANCE_UID]\n");
    return 2;
  }
  scu_options *options = NULL;
  scu_session *session = NULL;
  scu_commit_report *report = NULL;
  scu_result result = scu_options_new(NULL, &options);
  if (result == SCU_OK) result = set_options(options, argv);
  if (result == SCU_OK) result = scu_session_new(&session, options, argv[1]);
  if (result == SCU_OK)
    result = argc == 7 ? ask(session, argv[5], argv[6], &report) : scu_commit_resume(session, false, &report);
  if (result != SCU_OK) fprintf(stderr, "%s\n", session ? scu_error_reason(scu_session_error(session)) : "no session");

  /* What is known is in the report, whatever the result of the call. */
  int is_kept = 0;
  if (report) {
    print(report);
    is_kept = scu_commit_report_count_of(report, SCU_COMMIT_COMMITTED) == scu_commit_report_count(report);
  }
  scu_commit_report_free(report);
  scu_session_free(session);
  scu_options_free(options);
  return is_kept ? 0 : 1;
}
