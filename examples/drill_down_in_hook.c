/* Walks through what a patient has, studies to series to instances, each level found from the hook that is told of a
 * match above it; the first series is fetched from in there, too. The outer finds go on meanwhile.
 * Usage: drill_down_in_hook AET@host:port PATIENT_ID FOLDER */
#include "retrieve.h"

typedef struct walk {
  scu_session *session;
  scu_sink *sink;
  int is_fetched, code;
} walk;

static const char *const keys[] = {[SCU_LEVEL_STUDY] = "StudyInstanceUID",
                                   [SCU_LEVEL_SERIES] = "SeriesInstanceUID",
                                   [SCU_LEVEL_IMAGE] = "SOPInstanceUID"};

/* The unique keys of the match: what is below it, or itself. */
static scu_result make_query(const scu_match *match, scu_query_level level, scu_query **query) {
  scu_result result = scu_query_new(NULL, query);
  for (int at = SCU_LEVEL_STUDY; at <= (int)match->level && result == SCU_OK; at++) {
    char uid[65];
    result = scu_dataset_text(match->dataset, keys[at], uid, sizeof uid);
    if (result == SCU_OK) result = scu_query_set(*query, keys[at], uid);
  }
  return result == SCU_OK ? scu_query_set_level(*query, level) : result;
}

/* Every match goes to the hook, which keeps it from us. */
static scu_result find(scu_session *session, const scu_query *query) {
  scu_matches *matches = NULL;
  const scu_dataset *match;
  scu_result result = scu_find(session, query, &matches);
  if (result == SCU_OK) result = scu_matches_next(matches, &match);
  scu_matches_close(matches);
  return result == SCU_END ? SCU_OK : result;
}

static void find_below(walk *w, const scu_match *match) {
  scu_query *query = NULL;
  scu_result result = make_query(match, (scu_query_level)(match->level + 1), &query);
  if (result == SCU_OK) result = find(w->session, query);
  if (result != SCU_OK) w->code = 1;
  scu_query_free(query);
}

static void fetch(walk *w, const scu_match *match) {
  scu_query *query = NULL;
  scu_retrieve_report *report = NULL;
  scu_result result = make_query(match, match->level, &query);
  if (result == SCU_OK) result = scu_get(w->session, query, w->sink, &report);
  if (print_verdict(w->session, result, report) != 0) w->code = 1;
  scu_retrieve_report_free(report);
  scu_query_free(query);
}

static scu_match_choice on_match(void *user, const scu_match *match) {
  walk *w = user;
  char uid[65] = "";
  scu_dataset_text(match->dataset, keys[match->level], uid, sizeof uid);
  printf("%*s%s %s\n", 2 * ((int)match->level - SCU_LEVEL_STUDY), "", scu_query_level_name(match->level), uid);
  if (match->level < SCU_LEVEL_IMAGE) find_below(w, match);
  if (match->level == SCU_LEVEL_SERIES && !w->is_fetched) {
    w->is_fetched = 1;
    fetch(w, match);
  }
  return SCU_MATCH_SKIP;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: drill_down_in_hook AET@host:port PATIENT_ID FOLDER\n");
    return 2;
  }
  walk w = {0};
  scu_query *query = NULL;
  scu_disk_sink_options folder = {.size = sizeof folder, .root = argv[3]};
  scu_hooks hooks = {.size = sizeof hooks, .user = &w, .match = on_match};

  scu_result result = scu_session_new(&w.session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_session_set_hooks(w.session, &hooks);
  if (result == SCU_OK) result = scu_disk_sink_new(&folder, &w.sink);
  if (result == SCU_OK) result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = scu_query_set(query, "PatientID", argv[2]);
  if (result == SCU_OK) result = scu_query_set_level(query, SCU_LEVEL_STUDY);
  if (result == SCU_OK) result = find(w.session, query);
  if (result != SCU_OK && w.session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(w.session)));

  scu_query_free(query);
  scu_session_free(w.session);
  scu_disk_sink_free(w.sink);
  return result == SCU_OK ? w.code : 1;
}
