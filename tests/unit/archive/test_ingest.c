/* The archive's sink: an instance is answered when its file, the folder and its row are durable, whatever comes first,
 * and when one of them fails it is answered with a failure and nothing waits for ever. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "archive/ingest.h"
#include "data/dataset_encode.h"
#include "link/loop.h"
#include "listener/sink.h"
#include "listener/sink_disk.h"
#include "scu/file.h"
#include "support/sample_file.h"
#include "unit/io/scratch.h"

enum { INSTANCES = 300 };

typedef struct plan {
  scu__durable_step step;
  atomic_int countdown; /* fails when it gets to 0; negative: never */
  pthread_mutex_t gate; /* who holds it holds up every sync of a folder */
} plan;

typedef struct answer {
  int count;
  uint16_t status;
  bool is_duplicate;
  char comment[65];
} answer;

typedef struct world {
  scu_loop *loop;
  scu_sink *disk;
  scu__index *index;
  scu__ingest *ingest;
  plan plan;
  answer answers[INSTANCES];
} world;

static int fault(void *user, scu__durable_step step) {
  plan *p = user;
  if (step == SCU__STEP_SYNC_FOLDER) {
    pthread_mutex_lock(&p->gate);
    pthread_mutex_unlock(&p->gate);
  }
  if (step != p->step) return 0;
  return atomic_fetch_sub(&p->countdown, 1) == 0 ? EIO : 0;
}

static void start_by(world *w, scu_durability durability, scu_on_duplicate rule, scu__durable_step step,
                     int countdown) {
  memset(w, 0, sizeof *w);
  w->plan.step = step;
  pthread_mutex_init(&w->plan.gate, NULL);
  atomic_store(&w->plan.countdown, -1);
  assert_int_equal(scu_loop_new(NULL, &w->loop), SCU_OK);
  scu_disk_sink_options options = {
      .size = sizeof options, .root = in_scratch("objects"), .durability = durability, .on_duplicate = rule};
  scu__disk_sink_test test = {.fault = fault, .fault_user = &w->plan};
  assert_int_equal(scu__disk_sink_new_for_test(&options, &test, &w->disk), SCU_OK);
  assert_int_equal(scu__index_open(in_scratch("index.sqlite"), NULL, NULL, &w->index, NULL), SCU_OK);
  atomic_store(&w->plan.countdown, countdown);
}

static void start_with(world *w, scu_durability durability, scu__durable_step step, int countdown) {
  start_by(w, durability, SCU_DUPLICATE_KEEP, step, countdown);
}

static void open_ingest_by(world *w, scu_sink *disk, scu__ingest_options options) {
  size_t root = strlen(in_scratch("objects")) + 1;
  assert_int_equal(scu__ingest_new(w->loop, disk, root, w->index, &options, &w->ingest), SCU_OK);
}

static void open_ingest(world *w, scu_sink *disk, bool answers_early) {
  open_ingest_by(w, disk, (scu__ingest_options){.answers_early = answers_early});
}

static void stop(world *w) {
  scu__ingest_free(w->ingest);
  scu__index_close(w->index);
  scu_disk_sink_free(w->disk);
  scu_loop_free(w->loop);
  pthread_mutex_destroy(&w->plan.gate);
}

static void answered(void *user, const scu_sink_outcome *outcome) {
  answer *to = user;
  to->count++;
  to->status = outcome->status;
  to->is_duplicate = outcome->is_duplicate;
  snprintf(to->comment, sizeof to->comment, "%s", outcome->comment ? outcome->comment : "");
}

/* Frees the dataset. */
static void encode(scu_dataset *dataset, scu__buffer *bytes) {
  scu__buffer_init(bytes, NULL, 1 << 20);
  assert_int_equal(scu__dataset_encode(dataset, SCU__EXPLICIT_LE, bytes, NULL), SCU_OK);
  scu_dataset_free(dataset);
}

/* A dataset given to the ingest; the answer comes to `to`, now or by the loop. Frees the bytes. */
static void store_bytes(world *w, const char *uid, scu__buffer *bytes, answer *to) {
  scu_sink *sink = scu__ingest_sink(w->ingest);
  scu_incoming incoming = {.size = sizeof incoming,
                           .sop_class_uid = SAMPLE_CLASS,
                           .sop_instance_uid = uid,
                           .transfer_syntax_uid = SCU__UID_EXPLICIT_LE,
                           .calling_ae = "SENDER",
                           .called_ae = "US",
                           .peer = "127.0.0.1:1",
                           .move_originator_ae = ""};
  scu_sink_outcome outcome = {.size = sizeof outcome};
  scu_completion *completion;
  void *instance;
  assert_int_equal(sink->begin(sink->user, &incoming, &instance, &outcome), SCU_OK);
  assert_int_equal(sink->write(sink->user, instance, bytes->data, bytes->length, &outcome), SCU_OK);
  scu__buffer_free(bytes);
  assert_int_equal(scu__completion_new(NULL, scu__loop_completions(w->loop), answered, to, &completion), SCU_OK);
  scu_result result = sink->finish(sink->user, instance, completion, &outcome);
  if (result == SCU_PENDING) return;
  to->count++;
  to->status = scu__sink_status(result, &outcome);
  scu__completion_free(completion);
}

static void store(world *w, int number, answer *to) {
  char uid[65];
  scu__buffer bytes;
  snprintf(uid, sizeof uid, "1.2.3.%d", number);
  encode(sample_dataset(&(sample_file){.number = number, .pixels = 200}, uid), &bytes);
  store_bytes(w, uid, &bytes, to);
}

/* Until everything is answered. */
static void settle(world *w) {
  while (scu__ingest_is_busy(w->ingest)) assert_int_equal(scu_loop_wait(w->loop, 10000), SCU_OK);
  scu_loop_step(w->loop); /* the answers themselves */
}

static void store_all(world *w, int count) {
  for (int i = 0; i < count; i++) store(w, i + 1, &w->answers[i]);
  settle(w);
  for (int i = 0; i < count; i++) assert_int_equal(w->answers[i].count, 1);
}

static int64_t rows(world *w) {
  scu__index_counts counts;
  assert_int_equal(scu__index_count(w->index, &counts, NULL), SCU_OK);
  return counts.instances;
}

static int failures(const world *w, int count) {
  int failed = 0;
  for (int i = 0; i < count; i++) failed += w->answers[i].status != 0;
  return failed;
}

static void test_many_at_once_are_all_answered_and_all_in_the_index(void **state) {
  (void)state;
  static const scu_durability all[] = {SCU_DURABILITY_BATCH, SCU_DURABILITY_FILE, SCU_DURABILITY_NONE};
  for (size_t d = 0; d < 3; d++) {
    world w;
    start_with(&w, all[d], SCU__STEP_OPEN, -1);
    open_ingest(&w, w.disk, all[d] == SCU_DURABILITY_NONE);
    store_all(&w, INSTANCES);
    assert_int_equal(failures(&w, INSTANCES), 0);
    assert_int_equal(rows(&w), INSTANCES);
    memset(w.answers, 0, sizeof w.answers);
    store_all(&w, INSTANCES); /* once more: nothing is added */
    assert_int_equal(failures(&w, INSTANCES), 0);
    assert_int_equal(rows(&w), INSTANCES);
    stop(&w);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

/* One of them fails at each step in turn: it alone is refused, and what has no file has no row. */
static void test_a_step_that_fails_refuses_what_it_was_for(void **state) {
  (void)state;
  static const scu__durable_step steps[] = {SCU__STEP_OPEN, SCU__STEP_WRITE, SCU__STEP_SYNC_FILE, SCU__STEP_RENAME};
  for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
    for (int at = 0; at < 30; at += 7) {
      world w;
      start_with(&w, SCU_DURABILITY_BATCH, steps[s], at);
      open_ingest(&w, w.disk, false);
      store_all(&w, 40);
      assert_int_equal(failures(&w, 40), 1);
      assert_int_equal(rows(&w), 39);
      stop(&w);
      scratch_teardown(NULL);
      assert_non_null(scratch_make());
    }
  }
}

/* The row may be in by then; the answer is a failure all the same, and the row goes again. */
static void test_a_folder_that_cannot_be_synced_refuses_everybody_who_waited_for_it(void **state) {
  (void)state;
  for (int at = 0; at < 20; at += 3) {
    world w;
    start_with(&w, SCU_DURABILITY_FILE, SCU__STEP_SYNC_FOLDER, at);
    open_ingest(&w, w.disk, false);
    store_all(&w, 40);
    int failed = failures(&w, 40);
    assert_true(failed >= 1 && failed < 40);
    for (int i = 0; i < 40; i++)
      if (w.answers[i].status != 0) assert_int_equal(w.answers[i].status, 0xA700);
    assert_int_equal(rows(&w), 40 - failed);
    memset(w.answers, 0, sizeof w.answers);
    store_all(&w, 40); /* sent again it is there, once */
    assert_int_equal(failures(&w, 40), 0);
    assert_int_equal(rows(&w), 40);
    stop(&w);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

/* Versions of one object, which differ in length and in what is searched for. */
static void store_version(world *w, int version, answer *to) {
  scu__buffer bytes;
  char number[12];
  scu_dataset *dataset = sample_dataset(&(sample_file){.number = 1, .pixels = 200 + 2 * (size_t)version}, "1.2.3.1");
  snprintf(number, sizeof number, "%d", version);
  scu_dataset_set_text(dataset, "InstanceNumber", number);
  encode(dataset, &bytes);
  store_bytes(w, "1.2.3.1", &bytes, to);
}

/* What C-FIND says of the only instance. */
static void find_instance_number(world *w, char number[16]) {
  scu_dataset *identifier = NULL, *row = NULL;
  scu__index_cursor *cursor = NULL;
  assert_int_equal(scu_dataset_new(NULL, &identifier), SCU_OK);
  assert_int_equal(scu_dataset_new(NULL, &row), SCU_OK);
  scu_dataset_set_text(identifier, "QueryRetrieveLevel", "IMAGE");
  scu_dataset_set_text(identifier, "SOPInstanceUID", "1.2.3.1");
  scu_dataset_set_text(identifier, "InstanceNumber", "");
  scu__index_query query = {.identifier = identifier, .model = SCU__MODEL_STUDY_ROOT, .relational = true};
  assert_int_equal(scu__index_find(w->index, &query, &cursor, NULL, NULL), SCU_OK);
  assert_int_equal(scu__index_next(cursor, row, NULL), SCU_OK);
  assert_int_equal(scu_dataset_text(row, "InstanceNumber", number, 16), SCU_OK);
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  scu_dataset_free(identifier);
}

/* What C-FIND sees, whatever is being committed meanwhile. */
static int visible(world *w) {
  scu_dataset *identifier = NULL, *row = NULL;
  scu__index_cursor *cursor = NULL;
  int count = 0;
  assert_int_equal(scu_dataset_new(NULL, &identifier), SCU_OK);
  assert_int_equal(scu_dataset_new(NULL, &row), SCU_OK);
  scu_dataset_set_text(identifier, "QueryRetrieveLevel", "IMAGE");
  scu__index_query query = {.identifier = identifier, .model = SCU__MODEL_STUDY_ROOT, .relational = true};
  assert_int_equal(scu__index_find(w->index, &query, &cursor, NULL, NULL), SCU_OK);
  while (scu__index_next(cursor, row, NULL) == SCU_OK) count++;
  scu__index_cursor_close(cursor);
  scu_dataset_free(row);
  scu_dataset_free(identifier);
  return count;
}

typedef struct watcher {
  scu__ingest_waiter waiter;
  int told;
} watcher;

static void note_settled(scu__ingest_waiter *self) {
  ((watcher *)self)->told++;
}

/* A batch begins when the files of the one before are durable, and who takes rows as proof waits as long. */
static void test_no_row_is_committed_before_the_files_of_the_batch_before_are_durable(void **state) {
  (void)state;
  for (int fails = 0; fails < 2; fails++) {
    world w;
    watcher watching = {.waiter = {.settled = note_settled}};
    start_with(&w, SCU_DURABILITY_BATCH, SCU__STEP_SYNC_FOLDER, fails ? 0 : -1);
    open_ingest(&w, w.disk, false);
    pthread_mutex_lock(&w.plan.gate);
    store(&w, 1, &w.answers[0]);
    while (visible(&w) == 0) scu_loop_wait(w.loop, 1);
    store(&w, 2, &w.answers[1]);
    assert_false(scu__ingest_wait(w.ingest, &watching.waiter));
    assert_true(scu__ingest_wait_for_all(w.ingest, &watching.waiter));
    for (int i = 0; i < 200; i++) scu_loop_wait(w.loop, 1);
    assert_int_equal(visible(&w), 1);
    assert_int_equal(w.answers[0].count + w.answers[1].count, 0);
    assert_int_equal(watching.told, 0);
    pthread_mutex_unlock(&w.plan.gate);
    settle(&w);
    assert_int_equal(watching.told, 1);
    assert_int_equal(w.answers[0].status, fails ? 0xA700 : 0);
    assert_int_equal(visible(&w), 2 - failures(&w, 2));
    stop(&w);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

/* The same object from two senders: one row, which stays when one of them is told that it is safe. */
static void test_a_row_stays_when_another_answer_rests_on_it(void **state) {
  (void)state;
  world w;
  start_with(&w, SCU_DURABILITY_FILE, SCU__STEP_SYNC_FOLDER, 0);
  open_ingest(&w, w.disk, false);
  for (int i = 0; i < 8; i++) store(&w, 1, &w.answers[i]);
  settle(&w);
  assert_int_equal(failures(&w, 8), 1);
  assert_int_equal(rows(&w), 1);
  stop(&w);
}

typedef struct blocker {
  scu__job job;
  pthread_mutex_t *gate;
} blocker;

static void block(scu__job *self) {
  pthread_mutex_t *gate = ((blocker *)self)->gate;
  pthread_mutex_lock(gate);
  pthread_mutex_unlock(gate);
}

static void unblocked(scu__job *self) {
  (void)self;
}

static void test_a_full_pool_does_not_keep_rows_from_the_index(void **state) {
  (void)state;
  world w;
  enum { BLOCKERS = 100 * 1000 };
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  blocker *blockers = calloc(BLOCKERS, sizeof *blockers);
  size_t count = 0;
  assert_non_null(blockers);
  start_with(&w, SCU_DURABILITY_BATCH, SCU__STEP_OPEN, -1);
  open_ingest(&w, w.disk, false);
  pthread_mutex_lock(&gate);
  /* Again and again: the pool's threads take some out of its queue when they have started. */
  for (int i = 0; i < 100; i++) {
    while (count < BLOCKERS) {
      blockers[count] = (blocker){.job = {.run = block, .done = unblocked}, .gate = &gate};
      if (scu__pool_submit(scu__loop_pool(w.loop), &blockers[count].job, scu__loop_completions(w.loop)) != SCU_OK)
        break;
      count++;
    }
    scu_loop_wait(w.loop, 1);
  }
  assert_true(count < BLOCKERS);
  store_all(&w, 20);
  assert_int_equal(failures(&w, 20), 0);
  pthread_mutex_unlock(&gate);
  assert_int_equal(rows(&w), 20);
  stop(&w);
  free(blockers);
}

/* Beside the first: the index goes on naming that. */
static void test_a_second_version_kept_beside_the_first_has_no_row(void **state) {
  (void)state;
  world w;
  scu__index_instance found;
  char told[16];
  start_by(&w, SCU_DURABILITY_BATCH, SCU_DUPLICATE_BOTH, SCU__STEP_OPEN, -1);
  open_ingest(&w, w.disk, false);
  for (int i = 0; i < 3; i++) {
    store_version(&w, i + 1, &w.answers[i]);
    settle(&w);
  }
  assert_int_equal(failures(&w, 3), 0);
  assert_int_equal(rows(&w), 1);
  find_instance_number(&w, told);
  assert_string_equal(told, "1");
  assert_int_equal(scu__index_at_path(w.index, "1.2.1/1.2.1.1/1.2.3.1.dcm", &found, NULL), SCU_OK);
  assert_true(size_of(in_scratch("objects/1.2.1/1.2.1.1/1.2.3.1~3.dcm")) > 0);
  stop(&w);
}

static void test_an_index_that_is_full_refuses_and_goes_on(void **state) {
  (void)state;
  world w;
  start_with(&w, SCU_DURABILITY_BATCH, SCU__STEP_OPEN, -1);
  open_ingest(&w, w.disk, false);
  store_all(&w, 1);
  assert_int_equal(scu__index_limit_pages(w.index, 1, NULL), SCU_OK); /* no room for a page more */
  memset(w.answers, 0, sizeof w.answers);
  store_all(&w, INSTANCES);
  assert_true(failures(&w, INSTANCES) > 0);
  assert_true(rows(&w) >= 1);
  assert_int_equal(scu__index_limit_pages(w.index, 1000000, NULL), SCU_OK);
  memset(w.answers, 0, sizeof w.answers);
  store_all(&w, INSTANCES);
  assert_int_equal(failures(&w, INSTANCES), 0);
  assert_int_equal(rows(&w), INSTANCES);
  stop(&w);
}

/* What the disk sink warns of is in the answer, whenever that is given. */
static void test_a_malformed_dataset_is_answered_with_its_warning(void **state) {
  (void)state;
  static const scu_durability all[] = {SCU_DURABILITY_BATCH, SCU_DURABILITY_FILE, SCU_DURABILITY_NONE};
  static const uint8_t disorder[] = {0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0}; /* the end of an item that never began */
  for (size_t d = 0; d < 3; d++) {
    world w;
    scu__buffer bytes;
    start_with(&w, all[d], SCU__STEP_OPEN, -1);
    open_ingest(&w, w.disk, all[d] == SCU_DURABILITY_NONE);
    encode(sample_dataset(&(sample_file){.number = 1, .pixels = 200}, "1.2.3.1"), &bytes);
    bytes.length -= 12 + 200; /* in place of the pixels */
    scu__put_bytes(&bytes, disorder, sizeof disorder);
    store_bytes(&w, "1.2.3.1", &bytes, &w.answers[0]);
    settle(&w);
    assert_int_equal(w.answers[0].count, 1);
    assert_int_equal(w.answers[0].status, 0xB007);
    assert_non_null(strstr(w.answers[0].comment, "malformed"));
    assert_int_equal(rows(&w), 1);
    stop(&w);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

/* Many senders of one UID, each with its own version: the row tells of the file that won. */
static void test_a_row_tells_of_the_file_that_replaced_the_others(void **state) {
  (void)state;
  for (int round = 0; round < 40; round++) {
    world w;
    scu__index_instance found;
    scu_file *file = NULL;
    char stored[16], told[16];
    start_by(&w, round % 2 ? SCU_DURABILITY_BATCH : SCU_DURABILITY_FILE, SCU_DUPLICATE_REPLACE, SCU__STEP_OPEN, -1);
    open_ingest_by(&w, w.disk, (scu__ingest_options){.replaces = true});
    for (int i = 0; i < 30; i++) store_version(&w, i + 1, &w.answers[i]);
    settle(&w);
    assert_int_equal(failures(&w, 30), 0);
    assert_int_equal(rows(&w), 1);
    assert_int_equal(scu__index_at_path(w.index, "1.2.1/1.2.1.1/1.2.3.1.dcm", &found, NULL), SCU_OK);
    const char *path = in_scratch("objects/1.2.1/1.2.1.1/1.2.3.1.dcm");
    assert_int_equal(found.length, size_of(path));
    assert_int_equal(scu_file_read(NULL, path, 1000, &file), SCU_OK);
    assert_int_equal(scu_dataset_text(scu_file_dataset(file), "InstanceNumber", stored, sizeof stored), SCU_OK);
    find_instance_number(&w, told);
    assert_string_equal(told, stored);
    scu_file_free(file);
    stop(&w);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

/* --- a sink that only says when all is done ------------------------------------------------------------------------
 */

typedef struct plain {
  scu_sink sink;
  scu_sink *below;
} plain;

static scu_result plain_begin(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome) {
  scu_sink *below = ((plain *)user)->below;
  return below->begin(below->user, incoming, instance, outcome);
}

static scu_result plain_write(void *user, void *instance, const uint8_t *bytes, size_t length,
                              scu_sink_outcome *outcome) {
  scu_sink *below = ((plain *)user)->below;
  return below->write(below->user, instance, bytes, length, outcome);
}

static scu_result plain_finish(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome) {
  scu_sink *below = ((plain *)user)->below;
  scu__completion_on_placed(completion, NULL);
  return below->finish(below->user, instance, completion, outcome);
}

static void plain_discard(void *user, void *instance) {
  scu_sink *below = ((plain *)user)->below;
  below->discard(below->user, instance);
}

static void test_a_sink_that_does_not_tell_when_a_file_is_placed_does_as_well(void **state) {
  (void)state;
  world w;
  start_with(&w, SCU_DURABILITY_BATCH, SCU__STEP_OPEN, -1);
  plain p = {.below = w.disk};
  p.sink = (scu_sink){.size = sizeof p.sink,
                      .begin = plain_begin,
                      .write = plain_write,
                      .finish = plain_finish,
                      .discard = plain_discard,
                      .user = &p};
  open_ingest(&w, &p.sink, false);
  store_all(&w, INSTANCES);
  assert_int_equal(failures(&w, INSTANCES), 0);
  assert_int_equal(rows(&w), INSTANCES);
  stop(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_many_at_once_are_all_answered_and_all_in_the_index),
      TEST(test_a_step_that_fails_refuses_what_it_was_for),
      TEST(test_a_folder_that_cannot_be_synced_refuses_everybody_who_waited_for_it),
      TEST(test_a_malformed_dataset_is_answered_with_its_warning),
      TEST(test_a_row_tells_of_the_file_that_replaced_the_others),
      TEST(test_no_row_is_committed_before_the_files_of_the_batch_before_are_durable),
      TEST(test_a_row_stays_when_another_answer_rests_on_it),
      TEST(test_a_full_pool_does_not_keep_rows_from_the_index),
      TEST(test_a_second_version_kept_beside_the_first_has_no_row),
      TEST(test_an_index_that_is_full_refuses_and_goes_on),
      TEST(test_a_sink_that_does_not_tell_when_a_file_is_placed_does_as_well),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
