/* An archive's answers for tests of retrieves: studies 1.2.1, 1.2.2 ..., each with one series and some instances, that
 * say of themselves what the test wants. */
#ifndef SCU_TESTS_RETRIEVE_FIXTURE_H
#define SCU_TESTS_RETRIEVE_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"
#include "support/test_sink.h"

#define GIVE(sop_instance) {.action = PEER_STORE, .uid = sop_instance, .length = 100}, NEXT
#define RESPOND(code)                                                                                                  \
  { .action = PEER_RESPOND, .status = code }
#define OPEN_AS(title)                                                                                                 \
  {.action = PEER_ASSOCIATE, .text = title}, {                                                                         \
    .action = PEER_WAIT_AC                                                                                             \
  }

#define SECONDARY_CAPTURE "1.2.840.10008.5.1.4.1.1.7"

/* What the rows say besides their UIDs, as "RetrieveAETitle=B|InstanceAvailability=ONLINE"; NULL = nothing. */
typedef struct archive_rows {
  size_t studies, each; /* instances of each study; they are 1.2.3.1, 1.2.3.2 ... through all studies */
  const char *of_study, *of_series;
  const char *of_image[8]; /* the last one that is not NULL before it holds for those behind, too, if is_carried */
  bool is_carried;
  char text[512];
} archive_rows;

static inline const char *said_of_image(const archive_rows *rows, size_t number) {
  if (number < 8 && rows->of_image[number]) return rows->of_image[number];
  return rows->is_carried ? rows->of_image[0] : NULL;
}

static inline const char *archive_row(void *user, const scu_dataset *query, size_t row) {
  archive_rows *rows = user;
  char level[17] = "", study[65] = "";
  scu_dataset_text(query, "QueryRetrieveLevel", level, sizeof level);
  scu_dataset_text(query, "StudyInstanceUID", study, sizeof study);
  size_t number = strncmp(study, "1.2.", 4) == 0 && !strchr(study, '\\') ? (size_t)atoi(study + 4) : row + 1;
  const char *more = NULL;
  int length = 0;
  if (strcmp(level, "STUDY") == 0) {
    if (row >= rows->studies || (strchr(study, '\\') == NULL && study[0] && row > 0)) return NULL;
    length = snprintf(rows->text, sizeof rows->text, "StudyInstanceUID=1.2.%zu", number);
    more = rows->of_study;
  } else if (strcmp(level, "SERIES") == 0) {
    if (row >= 1) return NULL;
    length =
        snprintf(rows->text, sizeof rows->text, "StudyInstanceUID=1.2.%zu|SeriesInstanceUID=1.2.%zu.1", number, number);
    more = rows->of_series;
  } else {
    if (row >= rows->each) return NULL;
    size_t image = (number - 1) * rows->each + row;
    length = snprintf(rows->text, sizeof rows->text,
                      "StudyInstanceUID=1.2.%zu|SeriesInstanceUID=1.2.%zu.1|SOPInstanceUID=1.2.3.%zu|"
                      "SOPClassUID=" SECONDARY_CAPTURE,
                      number, number, image + 1);
    more = said_of_image(rows, image);
  }
  if (more) snprintf(rows->text + length, sizeof rows->text - (size_t)length, "|%s", more);
  return rows->text;
}

static const peer_step serves[] = {START, SERVE, END};

static const char *const instances_of_tests[] = {"1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"};

/* A session to an archive with these rows, that gives four instances by C-GET. */
typedef struct retrieve_run {
  fixture f;
  test_sink sink;
  scu_query *query;
  archive_rows rows;
} retrieve_run;

static inline void retrieve_set_up(retrieve_run *run, const peer_step *const *scripts, size_t count) {
  memset(run, 0, sizeof *run);
  fixture_prepare_many(&run->f, scripts, count);
  run->rows = (archive_rows){.studies = 1, .each = 4};
  run->f.peer.row = archive_row;
  run->f.peer.user = &run->rows;
  run->f.peer.instances = instances_of_tests;
  run->f.peer.instance_count = 4;
  test_sink_init(&run->sink);
  if (scu_query_new(NULL, &run->query) != SCU_OK) abort();
  if (scu_query_set(run->query, "StudyInstanceUID", "1.2.1") != SCU_OK) abort();
}

static inline void retrieve_tear_down(retrieve_run *run) {
  scu_query_free(run->query);
  fixture_stop(&run->f);
  if (run->sink.open != 0) abort();
  test_sink_free(&run->sink);
}

/* The keys of an identifier, joined: "IMAGE 1.2.3.1\1.2.3.2". */
static inline const char *retrieve_asked(const peer_message *message, char to[512]) {
  char level[17] = "", uids[400] = "";
  scu_dataset_text(message->dataset, "QueryRetrieveLevel", level, sizeof level);
  const char *key = strcmp(level, "IMAGE") == 0 ? "SOPInstanceUID" : "StudyInstanceUID";
  scu_dataset_text(message->dataset, key, uids, sizeof uids);
  snprintf(to, 512, "%s %s", level, uids);
  return to;
}

#endif
