/* The archive and its users on one loop: what is stored is found, got and moved; duplicates by rule; users and peers
 * that vanish in the middle of everything; no memory. */
#define _GNU_SOURCE /* scratch.h */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "scu/session.h"
#include "support/failing_allocator.h"
#include "support/sample_file.h"
#include "support/test_sink.h"
#include "unit/io/scratch.h"

typedef struct place {
  scu_loop *loop;
  scu_options *options;
  scu_archive *archive;
  scu_session *session; /* of a user of the archive */
  char root[300];
} place;

static scu_options *options_of(const char *ae) {
  scu_options *options;
  assert_int_equal(scu_options_new(NULL, &options), SCU_OK);
  scu_options_set_text(options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  scu_options_set_integer(options, SCU_OPTION_LISTEN_PORT, 0);
  scu_options_set_text(options, SCU_OPTION_CALLING_AE, ae);
  return options;
}

static scu_session *user_of(scu_loop *loop, const scu_archive *archive) {
  scu_session *session;
  char peer[64];
  scu_options *options = options_of("USER");
  snprintf(peer, sizeof peer, "%s@127.0.0.1:%d", scu_archive_ae(archive), scu_archive_port(archive));
  assert_int_equal(scu_session_new_on(loop, &session, options, peer), SCU_OK);
  scu_options_free(options);
  return session;
}

/* loop NULL: one of its own. */
static void open_place_by(place *p, scu_loop *loop, const char *ae, scu_on_duplicate rule, scu_durability durability) {
  memset(p, 0, sizeof *p);
  snprintf(p->root, sizeof p->root, "%s", in_scratch(ae));
  if (loop)
    p->loop = loop;
  else
    assert_int_equal(scu_loop_new(NULL, &p->loop), SCU_OK);
  p->options = options_of(ae);
  scu_archive_options own = {.size = sizeof own, .root = p->root, .durability = durability, .on_duplicate = rule};
  if (scu_archive_new(p->loop, &p->archive, p->options, &own) != SCU_OK)
    fail_msg("%s", scu_error_reason(scu_archive_error(p->archive)));
  p->session = user_of(p->loop, p->archive);
}

static void open_place(place *p, scu_loop *loop, const char *ae, scu_on_duplicate rule) {
  open_place_by(p, loop, ae, rule, SCU_DURABILITY_BATCH);
}

static void close_place(place *p, bool with_loop) {
  scu_session_free(p->session);
  scu_archive_free(p->archive);
  scu_options_free(p->options);
  if (with_loop) scu_loop_free(p->loop);
}

static const char *write_sample(int number, size_t pixels) {
  char name[32];
  scu__buffer bytes;
  sample_bytes(&(sample_file){.number = number, .pixels = pixels}, &bytes);
  snprintf(name, sizeof name, "%05d.dcm", number);
  write_scratch(name, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  return in_scratch(name);
}

static scu_source *samples(int from, int to, size_t pixels) {
  scu_source *source;
  assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
  for (int i = from; i <= to; i++) assert_int_equal(scu_source_add_file(source, write_sample(i, pixels)), SCU_OK);
  return source;
}

typedef struct counts {
  uint64_t ok, failed;
  uint16_t first_failure;
} counts;

static counts store(const place *p, int from, int to, size_t pixels) {
  scu_source *source = samples(from, to, pixels);
  scu_store_report *report = NULL;
  assert_int_equal(scu_store(p->session, source, &report), SCU_OK);
  counts found = {scu_store_report_count(report, SCU_OUTCOME_OK), scu_store_report_count(report, SCU_OUTCOME_FAILED),
                  scu_store_report_first_failure(report)};
  scu_store_report_free(report);
  scu_source_free(source);
  return found;
}

static scu_query *query(const char *first_path, ...) {
  scu_query *made;
  va_list pairs;
  assert_int_equal(scu_query_new(NULL, &made), SCU_OK);
  va_start(pairs, first_path);
  for (const char *path = first_path; path; path = va_arg(pairs, const char *)) {
    const char *value = va_arg(pairs, const char *);
    assert_int_equal(value[0] ? scu_query_set(made, path, value) : scu_query_return(made, path), SCU_OK);
  }
  va_end(pairs);
  return made;
}

static scu_query *images(void) {
  return query("StudyInstanceUID", "1.2.1", "SeriesInstanceUID", "1.2.1.1", "SOPInstanceUID", "", NULL);
}

static uint64_t find_images(scu_session *session) {
  scu_query *what = images();
  scu_matches *matches;
  const scu_dataset *match;
  assert_int_equal(scu_find(session, what, &matches), SCU_OK);
  scu_result result;
  do result = scu_matches_next(matches, &match);
  while (result == SCU_OK);
  assert_int_equal(result, SCU_END);
  assert_int_equal(scu_matches_status(matches), 0);
  uint64_t count = scu_matches_count(matches);
  scu_matches_close(matches);
  scu_query_free(what);
  return count;
}

static void step(const place *p, int times) {
  for (int i = 0; i < times; i++) assert_int_equal(scu_loop_wait(p->loop, 1), SCU_OK);
}

/* --- the ordinary day --------------------------------------------------------------------------------------------- */

static void test_what_is_stored_is_found_and_got_back_as_it_was(void **state) {
  (void)state;
  static test_sink sink;
  place p;
  test_sink_init(&sink);
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  assert_int_equal(store(&p, 1, 20, 3000).ok, 20);
  assert_int_equal(find_images(p.session), 20);
  scu_query *what = query("StudyInstanceUID", "1.2.1", NULL);
  scu_retrieve_report *report;
  assert_int_equal(scu_get(p.session, what, &sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_count(report, SCU_OUTCOME_OK), 20);
  assert_int_equal(sink.finished, 20);
  for (size_t i = 0; i < sink.begun; i++) {
    scu__buffer whole;
    sample_bytes(&(sample_file){.number = atoi(sink.instances[i].uid + strlen("1.2.3.")), .pixels = 3000}, &whole);
    const scu__buffer *got = &sink.instances[i].bytes;
    assert_true(got->length < whole.length);
    assert_memory_equal(got->data, whole.data + whole.length - got->length, got->length);
    scu__buffer_free(&whole);
  }
  scu_retrieve_report_free(report);
  scu_query_free(what);
  test_sink_free(&sink);
  close_place(&p, true);
}

/* --- an index that fails in the middle -----------------------------------------------------------------------------
 */

enum { PHANTOMS = 20000 };

/* So many rows without file beside what is there: more pages than a reader keeps. */
static void add_phantoms(const place *p) {
  scu__index *index;
  scu_dataset *header = NULL;
  assert_int_equal(scu__index_open(in_scratch("ARCHIVE/index.sqlite"), NULL, NULL, &index, NULL), SCU_OK);
  assert_int_equal(scu_dataset_new(NULL, &header), SCU_OK);
  scu_dataset_set_text(header, "StudyInstanceUID", "1.2.1");
  scu_dataset_set_text(header, "SeriesInstanceUID", "1.2.1.1");
  assert_int_equal(scu__index_begin(index, NULL), SCU_OK);
  for (int i = 0; i < PHANTOMS; i++) {
    char uid[65], path[200];
    snprintf(uid, sizeof uid, "1.2.99.%d", i);
    snprintf(path, sizeof path, "1.2.1/1.2.1.1/%0100d.dcm", i);
    scu__index_instance instance = {
        .sop_class = SAMPLE_CLASS, .sop_instance = uid, .transfer_syntax = "1.2.840.10008.1.2.1", .path = path};
    assert_int_equal(scu__index_add(index, header, &instance, NULL), SCU_OK);
  }
  assert_int_equal(scu__index_commit(index, NULL), SCU_OK);
  scu_dataset_free(header);
  scu__index_close(index);
  (void)p;
}

static void cut_index(void *user, const scu_instance_outcome *outcome) {
  (void)user, (void)outcome;
  assert_int_equal(truncate(in_scratch("ARCHIVE/index.sqlite"), 256 * 1024), 0);
}

/* What was promised and never came has failed, and nothing that came is among it. */
static void test_a_retrieval_whose_index_fails_counts_the_rest_as_failed(void **state) {
  (void)state;
  static test_sink sink;
  place p;
  scu_retrieve_report *report;
  scu_hooks hooks = {.size = sizeof hooks, .instance = cut_index};
  test_sink_init(&sink);
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  assert_int_equal(store(&p, 1, 2, 3000).ok, 2);
  close_place(&p, true);
  add_phantoms(&p);
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  scu_query *what = query("StudyInstanceUID", "1.2.1", NULL);
  scu_query_set_level(what, SCU_LEVEL_STUDY);
  scu_query_set_raw_identifier(what, 1);
  scu_session_set_hooks(p.session, &hooks);
  assert_int_equal(scu_get(p.session, what, &sink.sink, &report), SCU_OK);
  assert_int_equal(scu_retrieve_report_peer_completed(report), 2);
  assert_int_equal(scu_retrieve_report_peer_failed(report), PHANTOMS);
  scu_retrieve_report_free(report);
  scu_query_free(what);
  test_sink_free(&sink);
  close_place(&p, true);
}

static void test_two_archives_on_one_loop_move_to_each_other(void **state) {
  (void)state;
  place one, two;
  char peer[64];
  open_place(&one, NULL, "ONE", SCU_DUPLICATE_KEEP);
  open_place(&two, one.loop, "TWO", SCU_DUPLICATE_KEEP);
  snprintf(peer, sizeof peer, "TWO@127.0.0.1:%d", scu_archive_port(two.archive));
  assert_int_equal(scu_archive_add_peer(one.archive, "TWO", peer), SCU_OK);
  assert_int_equal(store(&one, 1, 12, 200).ok, 12);
  scu_query *what = query("StudyInstanceUID", "1.2.1", NULL);
  scu_retrieve_report *report;
  if (scu_move(one.session, what, "TWO", &report) != SCU_OK)
    fail_msg("%s", scu_error_reason(scu_session_error(one.session)));
  assert_int_equal(scu_retrieve_report_status(report), 0);
  assert_int_equal(scu_retrieve_report_peer_completed(report), 12);
  assert_int_equal(find_images(two.session), 12);
  scu_retrieve_report_free(report);
  assert_int_equal(scu_move(one.session, what, "NOBODY", &report), SCU_ERROR_REFUSED);
  assert_int_equal(scu_error_dimse_status(scu_session_error(one.session)), 0xA801);
  scu_retrieve_report_free(report);
  scu_query_free(what);
  close_place(&two, false);
  close_place(&one, true);
}

static void test_a_move_to_a_peer_that_is_not_there_says_so(void **state) {
  (void)state;
  place p, gone;
  char peer[64];
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  open_place(&gone, p.loop, "GONE", SCU_DUPLICATE_KEEP);
  snprintf(peer, sizeof peer, "GONE@127.0.0.1:%d", scu_archive_port(gone.archive));
  close_place(&gone, false);
  assert_int_equal(scu_archive_add_peer(p.archive, "GONE", peer), SCU_OK);
  assert_int_equal(store(&p, 1, 3, 200).ok, 3);
  scu_query *what = query("StudyInstanceUID", "1.2.1", NULL);
  scu_retrieve_report *report;
  assert_int_equal(scu_move(p.session, what, "GONE", &report), SCU_ERROR_REFUSED);
  assert_int_equal(scu_error_dimse_status(scu_session_error(p.session)), 0xA702);
  assert_non_null(strstr(scu_error_reason(scu_session_error(p.session)), "refused"));
  scu_retrieve_report_free(report);
  scu_query_free(what);
  close_place(&p, true);
}

/* --- duplicates --------------------------------------------------------------------------------------------------- */

static void test_the_same_again_is_success_without_rewriting(void **state) {
  (void)state;
  place p;
  struct stat before, after;
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  assert_int_equal(store(&p, 1, 3, 200).ok, 3);
  assert_int_equal(stat(in_scratch("ARCHIVE/objects/1.2.1/1.2.1.1/1.2.3.1.dcm"), &before), 0);
  assert_int_equal(store(&p, 1, 3, 200).ok, 3);
  assert_int_equal(stat(in_scratch("ARCHIVE/objects/1.2.1/1.2.1.1/1.2.3.1.dcm"), &after), 0);
  assert_int_equal(before.st_ino, after.st_ino);
  assert_int_equal(find_images(p.session), 3);
  close_place(&p, true);
}

static void test_other_content_of_one_uid_goes_by_the_rule(void **state) {
  (void)state;
  static const struct {
    scu_on_duplicate rule;
    uint16_t status;
    long files;
    bool is_new_content;
  } cases[] = {
      {SCU_DUPLICATE_KEEP, 0xC001, 1, false}, {SCU_DUPLICATE_REPLACE, 0, 1, true}, {SCU_DUPLICATE_BOTH, 0, 2, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    place p;
    char folder[32];
    snprintf(folder, sizeof folder, "RULE%zu", i);
    open_place(&p, NULL, folder, cases[i].rule);
    assert_int_equal(store(&p, 1, 1, 200).ok, 1);
    char path[64];
    snprintf(path, sizeof path, "RULE%zu/objects/1.2.1/1.2.1.1/1.2.3.1.dcm", i);
    long first = size_of(in_scratch(path));
    counts again = store(&p, 1, 1, 2000);
    assert_int_equal(again.ok, cases[i].status == 0);
    assert_int_equal(again.first_failure, cases[i].status);
    assert_int_equal(size_of(in_scratch(path)) > first, cases[i].is_new_content);
    snprintf(path, sizeof path, "RULE%zu/objects/1.2.1/1.2.1.1/1.2.3.1~2.dcm", i);
    assert_int_equal(size_of(in_scratch(path)) > 0, cases[i].files == 2);
    assert_int_equal(find_images(p.session), 1);
    close_place(&p, true);
  }
}

/* --- rows that are waited for ---------------------------------------------------------------------------------------
 */

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

static void test_a_move_that_is_cancelled_while_it_waits_for_rows_ends_as_cancelled(void **state) {
  (void)state;
  enum { THREADS = 64 };
  static blocker blockers[THREADS];
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  place one, two;
  char peer[64];
  scu_retrieve_report *report = NULL;
  open_place_by(&one, NULL, "ONE", SCU_DUPLICATE_KEEP, SCU_DURABILITY_NONE);
  open_place(&two, one.loop, "TWO", SCU_DUPLICATE_KEEP);
  snprintf(peer, sizeof peer, "TWO@127.0.0.1:%d", scu_archive_port(two.archive));
  assert_int_equal(scu_archive_add_peer(one.archive, "TWO", peer), SCU_OK);
  pthread_mutex_lock(&gate);
  for (size_t i = 0; i < THREADS; i++) {
    blockers[i] = (blocker){.job = {.run = block, .done = unblocked}, .gate = &gate};
    assert_int_equal(scu__pool_submit(scu__loop_pool(one.loop), &blockers[i].job, scu__loop_completions(one.loop)),
                     SCU_OK);
  }
  assert_int_equal(store(&one, 1, 3, 200).ok, 3);
  assert_true(scu__ingest_is_busy(one.archive->ingest));
  scu_query *what = query("StudyInstanceUID", "1.2.1", NULL);
  scu_query_set_level(what, SCU_LEVEL_STUDY);
  scu_query_set_raw_identifier(what, 1);
  scu_op *op = scu_move_start(one.session, what, "TWO");
  step(&one, 30);
  scu_op_cancel(op);
  step(&one, 30);
  pthread_mutex_unlock(&gate);
  while (scu_op_state(op) == SCU_PENDING) step(&one, 1);
  scu_retrieve_take(op, &report);
  assert_int_equal(scu_retrieve_report_status(report), 0xFE00);
  assert_int_equal(find_images(two.session), 0);
  scu_retrieve_report_free(report);
  scu_op_free(op);
  scu_query_free(what);
  close_place(&two, false);
  close_place(&one, true);
}

/* --- users that vanish -------------------------------------------------------------------------------------------- */

/* Starts it, lets it come so far, and aborts: the archive must not mind, and goes on for others. */
static void abort_after(place *p, scu_op *(*start)(scu_session *session, void *what), void *what) {
  for (int steps = 0; steps < 60; steps += 3) {
    scu_session *session = user_of(p->loop, p->archive);
    scu_op *op = start(session, what);
    assert_non_null(op);
    step(p, steps);
    scu_abort(session);
    step(p, 2);
    scu_op_free(op);
    scu_session_free(session);
    step(p, 2);
  }
}

static scu_op *start_store(scu_session *session, void *what) {
  return scu_store_start(session, what);
}

static void test_a_user_that_aborts_while_storing_leaves_whole_instances_only(void **state) {
  (void)state;
  place p;
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  for (int round = 0; round < 20; round++) {
    scu_source *source = samples(1 + 5 * round, 5 + 5 * round, 100000);
    scu_session *session = user_of(p.loop, p.archive);
    scu_op *op = start_store(session, source);
    step(&p, 3 * round);
    scu_abort(session);
    step(&p, 2);
    scu_op_free(op);
    scu_session_free(session);
    scu_source_free(source);
  }
  uint64_t found = find_images(p.session);
  scu_session_free(p.session);
  scu_archive_free(p.archive);
  p.session = NULL;
  p.archive = NULL;
  scu_archive_check check = {.size = sizeof check};
  assert_int_equal(scu_archive_verify(NULL, p.root, &check, NULL, NULL), SCU_OK);
  assert_int_equal(check.damaged, 0);
  assert_int_equal(check.removed, 0);
  assert_true(check.indexed >= found);
  close_place(&p, true);
}

static scu_sink *getting_sink;

static scu_op *start_get(scu_session *session, void *what) {
  return scu_get_start(session, what, getting_sink);
}

static scu_op *start_move(scu_session *session, void *what) {
  return scu_move_start(session, what, "OTHER");
}

static void test_a_user_that_aborts_while_retrieving_does_no_harm(void **state) {
  (void)state;
  static test_sink sink;
  place p, other;
  char peer[64];
  test_sink_init(&sink);
  getting_sink = &sink.sink;
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  open_place(&other, p.loop, "OTHER", SCU_DUPLICATE_KEEP);
  snprintf(peer, sizeof peer, "OTHER@127.0.0.1:%d", scu_archive_port(other.archive));
  assert_int_equal(scu_archive_add_peer(p.archive, "OTHER", peer), SCU_OK);
  assert_int_equal(store(&p, 1, 10, 50000).ok, 10);
  scu_query *what = query("StudyInstanceUID", "1.2.1", NULL);
  abort_after(&p, start_get, what);
  abort_after(&p, start_move, what);
  assert_int_equal(find_images(p.session), 10);
  scu_query_free(what);
  test_sink_free(&sink);
  close_place(&other, false);
  close_place(&p, true);
}

static void test_an_archive_that_goes_in_the_middle_ends_everything(void **state) {
  (void)state;
  for (int steps = 0; steps < 40; steps += 4) {
    place p;
    scu_source *source = samples(1, 10, 20000);
    open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
    scu_op *op = scu_store_start(p.session, source);
    step(&p, steps);
    scu_archive_free(p.archive);
    p.archive = NULL;
    while (scu_op_state(op) == SCU_PENDING) assert_int_equal(scu_loop_wait(p.loop, 100), SCU_OK);
    scu_op_free(op);
    scu_source_free(source);
    close_place(&p, true);
  }
}

/* --- opening without memory --------------------------------------------------------------------------------------- */

/* Threads of the pool take memory, too. */
typedef struct locked {
  scu_allocator allocator;
  failing_allocator failing;
  pthread_mutex_t lock;
} locked;

static void *locked_allocate(void *user, size_t length) {
  locked *l = user;
  pthread_mutex_lock(&l->lock);
  void *block = failing_allocate(&l->failing, length);
  pthread_mutex_unlock(&l->lock);
  return block;
}

static void *locked_reallocate(void *user, void *block, size_t length) {
  locked *l = user;
  pthread_mutex_lock(&l->lock);
  void *moved = failing_reallocate(&l->failing, block, length);
  pthread_mutex_unlock(&l->lock);
  return moved;
}

static void locked_release(void *user, void *block) {
  locked *l = user;
  pthread_mutex_lock(&l->lock);
  failing_release(&l->failing, block);
  pthread_mutex_unlock(&l->lock);
}

static scu_result open_with(locked *l, size_t fail_at, const scu_options *options, const char *root) {
  failing_allocator_init(&l->failing, fail_at);
  l->allocator = (scu_allocator){.size = sizeof l->allocator,
                                 .allocate = locked_allocate,
                                 .reallocate = locked_reallocate,
                                 .release = locked_release,
                                 .user = l};
  scu_loop *loop = NULL;
  scu_archive *archive = NULL;
  scu_archive_options own = {.size = sizeof own, .root = root, .durability = SCU_DURABILITY_NONE};
  scu_result result = scu_loop_new(&l->allocator, &loop);
  if (result == SCU_OK) result = scu_archive_new(loop, &archive, options, &own);
  if (result == SCU_OK) result = scu_archive_add_peer(archive, "X", "X@127.0.0.1:1");
  if (archive && result != SCU_OK) assert_true(scu_error_reason(scu_archive_error(archive))[0] != 0);
  scu_archive_free(archive);
  scu_loop_free(loop);
  assert_int_equal(l->failing.alive, 0);
  return result;
}

/* With objects whose index is gone, so that the files are looked at. */
static void test_every_allocation_of_opening_may_fail(void **state) {
  (void)state;
  locked l;
  place p;
  open_place(&p, NULL, "ARCHIVE", SCU_DUPLICATE_KEEP);
  assert_int_equal(store(&p, 1, 2, 200).ok, 2);
  close_place(&p, true);
  pthread_mutex_init(&l.lock, NULL);
  scu_options *options = options_of("ARCHIVE");
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result != SCU_OK; i++) {
    unlink(in_scratch("ARCHIVE/index.sqlite"));
    unlink(in_scratch("ARCHIVE/index.sqlite-wal"));
    unlink(in_scratch("ARCHIVE/index.sqlite-shm"));
    result = open_with(&l, i, options, p.root);
    assert_true(result <= SCU_OK);
    assert_true(i < 20000);
  }
  scu_options_free(options);
  pthread_mutex_destroy(&l.lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_what_is_stored_is_found_and_got_back_as_it_was),
      TEST(test_two_archives_on_one_loop_move_to_each_other),
      TEST(test_a_move_to_a_peer_that_is_not_there_says_so),
      TEST(test_the_same_again_is_success_without_rewriting),
      TEST(test_other_content_of_one_uid_goes_by_the_rule),
      TEST(test_a_user_that_aborts_while_storing_leaves_whole_instances_only),
      TEST(test_a_user_that_aborts_while_retrieving_does_no_harm),
      TEST(test_an_archive_that_goes_in_the_middle_ends_everything),
      TEST(test_every_allocation_of_opening_may_fail),
      TEST(test_a_retrieval_whose_index_fails_counts_the_rest_as_failed),
      TEST(test_a_move_that_is_cancelled_while_it_waits_for_rows_ends_as_cancelled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
