/* Another thread ends a find or a get in the middle: once N matches have come, or after N milliseconds. What had come
 * is kept, and the association goes on being used. What has ended before the cancel came has ended as it would have,
 * and what is started after it is not touched by it. Usage: cancel_from_thread AET@host:port (find N | get N
 * STUDY_INSTANCE_UID FOLDER) */
#include <poll.h>
#include <pthread.h>
#include <scu/scu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct canceller {
  scu_session *session;
  int wait_ms; /* -1 = until it is told to */
  int told;    /* the reading end of a pipe */
} canceller;

static void *cancel_later(void *of) {
  canceller *c = of;
  struct pollfd pipe_end = {.fd = c->told, .events = POLLIN};
  poll(&pipe_end, 1, c->wait_ms);
  scu_cancel(c->session); /* allowed in any thread; the running call returns soon after. Nothing, when nothing runs */
  return NULL;
}

typedef struct associations {
  int opened, lost;
} associations;

static void after_associate(void *user, uint32_t association, const scu_error *error) {
  (void)association;
  if (!error) ((associations *)user)->opened++;
}

static void after_close(void *user, uint32_t association, const scu_error *error) {
  (void)association;
  if (error) ((associations *)user)->lost++;
}

/* Returns what ended it. `tell` hears of match `limit`; 0 = nobody does. */
static scu_result find_all(scu_session *session, unsigned long limit, int tell) {
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *match;
  scu_result result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = scu_query_set_all(query, 1);
  if (result == SCU_OK) result = scu_find(session, query, &matches);
  while (result == SCU_OK) {
    result = scu_matches_next(matches, &match);
    if (result == SCU_OK && limit > 0 && scu_matches_count(matches) == limit && write(tell, "!", 1) != 1) break;
  }
  printf("find: %s after %llu matches\n", scu_result_name(result),
         (unsigned long long)(matches ? scu_matches_count(matches) : 0));
  scu_matches_close(matches);
  scu_query_free(query);
  return result;
}

static scu_result get_study(scu_session *session, const char *study, const char *folder) {
  scu_query *query = NULL;
  scu_sink *sink = NULL;
  scu_retrieve_report *report = NULL;
  scu_disk_sink_options options = {.size = sizeof options, .root = folder};
  scu_result result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set(query, "StudyInstanceUID", study);
  if (result == SCU_OK) result = scu_disk_sink_new(&options, &sink);
  if (result == SCU_OK) result = scu_get(session, query, sink, &report);
  printf("get: %s, %llu instances are safe, %llu are missing\n", scu_result_name(result),
         (unsigned long long)(report ? scu_retrieve_report_count(report, SCU_OUTCOME_OK) : 0),
         (unsigned long long)(report ? scu_retrieve_report_missing_count(report) : 0));
  scu_retrieve_report_free(report);
  scu_query_free(query);
  scu_disk_sink_free(sink);
  return result;
}

int main(int argc, char **argv) {
  int is_find = argc == 4 && strcmp(argv[2], "find") == 0;
  int is_get = argc == 6 && strcmp(argv[2], "get") == 0;
  int ends[2];
  if ((!is_find && !is_get) || pipe(ends) != 0) {
    fprintf(stderr, "usage: cancel_from_thread AET@host:port (find N | get N STUDY_INSTANCE_UID FOLDER)\n");
    return 2;
  }
  scu_session *session = NULL;
  associations seen = {0, 0};
  if (scu_session_new(&session, NULL, argv[1]) != SCU_OK) {
    if (session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(session)));
    scu_session_free(session);
    return 1;
  }
  scu_hooks hooks = {
      .size = sizeof hooks, .user = &seen, .after_associate = after_associate, .after_close = after_close};
  scu_session_set_hooks(session, &hooks);
  unsigned long limit = strtoul(argv[3], NULL, 10);
  canceller c = {.session = session, .wait_ms = is_find ? -1 : (int)limit, .told = ends[0]};
  pthread_t thread;
  if (pthread_create(&thread, NULL, cancel_later, &c) != 0) return 1;

  scu_result result = is_find ? find_all(session, limit, ends[1]) : get_study(session, argv[4], argv[5]);
  if (write(ends[1], "!", 1) != 1) return 1; /* it may have ended before */
  pthread_join(thread, NULL);
  scu_result again = is_find ? find_all(session, 0, 0) : SCU_END;
  int opened = seen.opened;
  scu_session_free(session);
  printf("associations: %d opened, %d lost\n", opened, seen.lost);
  close(ends[0]);
  close(ends[1]);
  int had_ended = result == SCU_OK || result == SCU_END; /* the peer was faster */
  return (result == SCU_ERROR_CANCELLED || had_ended) && again == SCU_END ? 0 : 1;
}
