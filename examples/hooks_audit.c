/* A log of transactions: every hook of a session prints one line - time, association, what - around an echo, a find and
 * a get. Says no more of patients than UIDs. Usage: hooks_audit AET@host:port STUDY_INSTANCE_UID FOLDER */
#define _POSIX_C_SOURCE 200809L
#include <scu/scu.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* association 0 = none in particular */
static void line(unsigned association, const char *format, ...) {
  struct timespec now;
  struct tm utc;
  char text[32] = "";
  va_list arguments;
  clock_gettime(CLOCK_REALTIME, &now);
  if (gmtime_r(&now.tv_sec, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  printf("%s.%03ldZ ", text, now.tv_nsec / 1000000);
  if (association > 0)
    printf("#%u ", association);
  else
    printf("-  ");
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
}

static const char *outcome_of(const scu_error *error) {
  return error ? scu_result_name(scu_error_result(error)) : "ok";
}

/* --- associations ------------------------------------------------------------------------------------------------- */

static void before_associate(void *user, uint32_t association, scu_proposal *proposal) {
  (void)user;
  line(association, "before associate: %zu contexts", scu_proposal_count(proposal));
}

static void before_connect(void *user, uint32_t association, const char *peer) {
  (void)user;
  line(association, "before connect: %s", peer);
}

static void after_connect(void *user, uint32_t association, const char *address, const scu_error *error) {
  (void)user;
  line(association, "after connect: %s %s", outcome_of(error), address);
}

static void after_associate(void *user, uint32_t association, const scu_error *error) {
  (void)user;
  line(association, "after associate: %s", outcome_of(error));
}

static void before_release(void *user, uint32_t association, int is_by_peer) {
  (void)user;
  line(association, "before release: by %s", is_by_peer ? "the peer" : "us");
}

static void after_release(void *user, uint32_t association, const scu_error *error) {
  (void)user;
  line(association, "after release: %s", outcome_of(error));
}

static void after_close(void *user, uint32_t association, const scu_error *error) {
  const char *who = "released";
  (void)user;
  if (scu_error_result(error) == SCU_ERROR_ABORTED)
    who = scu_error_source(error) == 0xFF ? "aborted by us" : "aborted by the peer";
  else if (error)
    who = scu_error_reason(error);
  line(association, "after close: %s", who);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static void print_message(const char *when, const scu_message *message) {
  char dataset[48] = "", status[16] = "";
  uint16_t id = 0, value;
  if (!scu_message_id(message, &id)) scu_message_responded_id(message, &id);
  if (scu_message_status(message, &value)) snprintf(status, sizeof status, " %04XH", value);
  if (scu_message_has_dataset(message) && scu_message_dataset_length(message) != UINT64_MAX)
    snprintf(dataset, sizeof dataset, " +%llu bytes", (unsigned long long)scu_message_dataset_length(message));
  line((unsigned)scu_message_association(message), "%s %s %s (%u)%s %s%s", when,
       scu_message_is_sent(message) ? "sent" : "received", scu_message_name(message), id, status,
       scu_message_sop_instance_uid(message), dataset);
}

static void before_message(void *user, scu_message *message) {
  (void)user;
  print_message("before", message);
}

static void after_message(void *user, const scu_message *message) {
  (void)user;
  print_message("after", message);
}

/* --- operations --------------------------------------------------------------------------------------------------- */

static void instance(void *user, const scu_instance_outcome *outcome) {
  (void)user;
  line(0, "instance: %s %04XH", outcome->sop_instance_uid, outcome->status);
}

static void progress(void *user, const scu_progress *progress) {
  (void)user;
  line(0, "progress: %llu of %llu instances", (unsigned long long)progress->instances_done,
       (unsigned long long)progress->instances_total);
}

static void warning(void *user, const char *text) {
  (void)user;
  line(0, "warning: %s", text);
}

static void log_line(void *user, int level, uint32_t association, const char *text) {
  (void)user;
  if (level < 3) line(association, "log: %s", text);
}

static scu_store_choice before_store(void *user, scu_store_candidate *candidate) {
  (void)user;
  line(0, "before store: %s", candidate->sop_instance_uid);
  return SCU_STORE_SEND;
}

static scu_match_choice match(void *user, const scu_match *match) {
  (void)user;
  line(0, "match: %llu", (unsigned long long)match->number);
  return SCU_MATCH_TAKE;
}

static void sub_operation(void *user, const scu_sub_operations *counts) {
  (void)user;
  line(0, "sub-operations: %ld left, %ld done", (long)counts->remaining, (long)counts->completed);
}

static void before_keep(void *user, scu_received *received) {
  (void)user;
  line(0, "before keep: %s", received->sop_instance_uid);
}

static void after_keep(void *user, scu_received *received) {
  (void)user;
  line(0, "received: %s %04XH", received->sop_instance_uid, received->status);
}

/* Not heard here, since nothing is stored: examples/commit.c asks for one. */
static void committed(void *user, const scu_committed *result) {
  (void)user;
  line(0, "commit: %s, %llu committed, %llu not", result->transaction_uid, (unsigned long long)result->committed,
       (unsigned long long)(result->failed + result->unlisted));
}

/* --- what is done ------------------------------------------------------------------------------------------------- */

static scu_result echo(scu_session *session) {
  scu_response *response = NULL;
  scu_result result = scu_echo(session, &response);
  scu_response_free(response);
  return result;
}

static scu_result find(scu_session *session, const scu_query *query) {
  scu_matches *matches = NULL;
  const scu_dataset *match;
  scu_result result = scu_find(session, query, &matches);
  while (result == SCU_OK) result = scu_matches_next(matches, &match);
  scu_matches_close(matches);
  return result == SCU_END ? SCU_OK : result;
}

static scu_result get(scu_session *session, const scu_query *query, const char *folder) {
  scu_disk_sink_options options = {.size = sizeof options, .root = folder};
  scu_sink *sink = NULL;
  scu_retrieve_report *report = NULL;
  scu_result result = scu_disk_sink_new(&options, &sink);
  if (result == SCU_OK) result = scu_get(session, query, sink, &report);
  scu_retrieve_report_free(report);
  scu_disk_sink_free(sink);
  return result;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: hooks_audit AET@host:port STUDY_INSTANCE_UID FOLDER\n");
    return 2;
  }
  const scu_hooks hooks = {
      .size = sizeof hooks,
      .instance = instance,
      .progress = progress,
      .warning = warning,
      .log = log_line,
      .before_associate = before_associate,
      .after_associate = after_associate,
      .after_close = after_close,
      .before_store = before_store,
      .match = match,
      .sub_operation = sub_operation,
      .before_keep = before_keep,
      .received = after_keep,
      .commit = committed,
      .before_connect = before_connect,
      .after_connect = after_connect,
      .before_release = before_release,
      .after_release = after_release,
      .before_message = before_message,
      .after_message = after_message,
  };
  scu_session *session = NULL;
  scu_query *study = NULL;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_session_set_hooks(session, &hooks);
  if (result == SCU_OK) result = scu_query_new(NULL, &study);
  if (result == SCU_OK) result = scu_query_set(study, "StudyInstanceUID", argv[2]);
  if (result == SCU_OK) result = scu_query_set_level(study, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = echo(session);
  if (result == SCU_OK) result = find(session, study);
  if (result == SCU_OK) result = get(session, study, argv[3]);

  if (result != SCU_OK && session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(session)));
  scu_query_free(study);
  scu_session_free(session);
  return result == SCU_OK ? 0 : 1;
}
