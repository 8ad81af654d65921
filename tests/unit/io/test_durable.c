/* Durable files: whole or not at all, whatever fails, whoever is killed (catalogue F08-F12, F16). */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include <errno.h>
#include <linux/magic.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "io/durable.h"
#include "io/durable_private.h"
#include "scratch.h"
#include "support/failing_allocator.h"

/* --- a driver ----------------------------------------------------------------------------------------------------- */

typedef struct became {
  scu_result result;
  bool is_duplicate;
  int os_errno;
  char path[512], reason[512];
  sem_t is_done;
} became;

static void done(void *user, const scu__durable_outcome *outcome) {
  became *to = user;
  to->result = outcome->result;
  to->is_duplicate = outcome->is_duplicate;
  to->os_errno = scu_error_errno(outcome->error);
  snprintf(to->path, sizeof to->path, "%s", outcome->path ? outcome->path : "");
  snprintf(to->reason, sizeof to->reason, "%s", scu_error_reason(outcome->error));
  sem_post(&to->is_done);
}

typedef struct fault_plan {
  scu__durable_step step;
  int os_errno;
  atomic_int countdown; /* fails when it reaches 0, and ever after */
  bool kills;
  atomic_int steps[SCU__STEP_SYNC_FOLDER + 1];
  atomic_int renames_at_sync; /* when a file was synced last */
  int hold_until_renames;     /* the first folder sync waits for so many renames; 0 = no */
} fault_plan;

static int plan_fault(void *user, scu__durable_step step) {
  fault_plan *plan = user;
  atomic_fetch_add(&plan->steps[step], 1);
  if (step == SCU__STEP_SYNC_FILE) atomic_store(&plan->renames_at_sync, atomic_load(&plan->steps[SCU__STEP_RENAME]));
  if (step == SCU__STEP_SYNC_FOLDER)
    while (atomic_load(&plan->steps[SCU__STEP_RENAME]) < plan->hold_until_renames) sched_yield();
  if (plan->kills) {
    if (atomic_fetch_sub(&plan->countdown, 1) == 0) kill(getpid(), SIGKILL);
    return 0;
  }
  if (plan->os_errno == 0 || step != plan->step) return 0;
  return atomic_fetch_sub(&plan->countdown, 1) <= 0 ? plan->os_errno : 0;
}

/* Every test runs once for each. */
static scu__durable_way way = SCU__WAY_ORDERED;

static scu__durable *open_root(scu__durable_kind durability, scu__on_existing on_existing, fault_plan *plan) {
  scu__durable_options options = {
      .durability = durability, .on_existing = on_existing, .extension = ".dcm", .way = way};
  if (plan) {
    options.fault = plan_fault;
    options.fault_user = plan;
  }
  scu__durable *durable;
  scu_error error;
  scu__error_clear(&error);
  if (scu__durable_open(in_scratch("root"), &options, &durable, &error) != SCU_OK)
    fail_msg("%s", scu_error_reason(&error));
  return durable;
}

/* Writes `length` bytes of a pattern in pieces; the result of begin, place and write. */
static scu_result begin(scu__durable *durable, uint8_t pattern, size_t length, size_t piece, scu__durable_file **file,
                        scu_error *error) {
  static const char *const folders[] = {"1.2", "1.2.3"};
  uint8_t bytes[100000];
  memset(bytes, pattern, sizeof bytes);
  scu_result result = scu__durable_file_new(durable, file, error);
  if (result == SCU_OK) result = scu__durable_file_place(*file, folders, 2, error);
  while (result == SCU_OK && length > 0) {
    size_t n = length < piece ? length : piece;
    result = scu__durable_file_write(*file, bytes, n, error);
    length -= n;
  }
  return result;
}

static void commit(scu__durable_file *file, const char *name, became *to) {
  memset(to, 0, sizeof *to);
  sem_init(&to->is_done, 0, 0);
  scu__durable_file_commit(file, name, done, to);
}

static void await(became *to) {
  while (sem_wait(&to->is_done) != 0) continue;
}

static void store(scu__durable *durable, const char *name, uint8_t pattern, size_t length, became *to) {
  scu__durable_file *file;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = begin(durable, pattern, length, 60000, &file, &error);
  if (result != SCU_OK) {
    *to = (became){.result = result, .os_errno = scu_error_errno(&error)};
    snprintf(to->reason, sizeof to->reason, "%s", scu_error_reason(&error));
    scu__durable_file_discard(file);
    return;
  }
  commit(file, name, to);
  await(to);
}

static void assert_content(const char *relative, uint8_t pattern, size_t length) {
  FILE *file = fopen(in_scratch(relative), "rb");
  assert_non_null(file);
  size_t count = 0;
  for (int c; (c = getc(file)) != EOF; count++) assert_int_equal(c, pattern);
  fclose(file);
  assert_int_equal(count, length);
}

#define FINAL "root/1.2/1.2.3/9.9.dcm"

static const scu__durable_kind all_durabilities[] = {SCU__DURABLE_BATCH, SCU__DURABLE_FILE, SCU__DURABLE_NONE};

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void test_small_and_large_files_arrive_whole_with_tight_modes(void **state) {
  (void)state;
  mode_t before = umask(0);
  for (int i = 0; i < 3; i++) {
    static const size_t lengths[] = {1, 8192, 256 * 1024, 256 * 1024 + 1, 1000000};
    for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
      scu__durable *durable = open_root(all_durabilities[i], SCU__EXISTING_REPLACE, NULL);
      became to;
      store(durable, "9.9", (uint8_t)(i * 16 + (int)j), lengths[j], &to);
      assert_int_equal(to.result, SCU_OK);
      assert_string_equal(to.path, in_scratch(FINAL));
      assert_content(FINAL, (uint8_t)(i * 16 + (int)j), lengths[j]);
      assert_int_equal(count_files(), 1);
      scu__durable_free(durable);
    }
  }
  umask(before);
  struct stat status;
  assert_int_equal(stat(in_scratch(FINAL), &status), 0);
  assert_int_equal(status.st_mode & 07777, 0640);
  static const char *const folders[] = {"root", "root/1.2", "root/1.2/1.2.3"};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(stat(in_scratch(folders[i]), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0750);
  }
}

static void test_a_small_file_is_one_write(void **state) {
  (void)state;
  fault_plan plan = {.os_errno = 0};
  scu__durable *durable = open_root(SCU__DURABLE_NONE, SCU__EXISTING_KEEP, &plan);
  became to;
  store(durable, "9.9", 'x', 100000, &to);
  assert_int_equal(atomic_load(&plan.steps[SCU__STEP_OPEN]), 1);
  assert_int_equal(atomic_load(&plan.steps[SCU__STEP_WRITE]), 1);
  assert_int_equal(atomic_load(&plan.steps[SCU__STEP_RENAME]), 1);
  assert_int_equal(atomic_load(&plan.steps[SCU__STEP_SYNC_FILE]), 0);
  assert_int_equal(atomic_load(&plan.steps[SCU__STEP_SYNC_FOLDER]), 0);
  assert_null(durable->pool); /* no thread is ever started */
  scu__durable_free(durable);
}

static void test_a_file_may_be_placed_after_it_was_begun(void **state) {
  (void)state;
  static const char *const folders[] = {"1.2", "1.2.3"};
  scu__durable *durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  scu__durable_file *file;
  uint8_t bytes[70000];
  memset(bytes, 'p', sizeof bytes);
  assert_int_equal(scu__durable_file_new(durable, &file, NULL), SCU_OK);
  for (int i = 0; i < 10; i++) assert_int_equal(scu__durable_file_write(file, bytes, sizeof bytes, NULL), SCU_OK);
  assert_int_equal(count_files(), way == SCU__WAY_NAMED); /* the temporary one, in the root */
  assert_int_equal(scu__durable_file_place(file, folders, 2, NULL), SCU_OK);
  became to;
  commit(file, "9.9", &to);
  await(&to);
  assert_int_equal(to.result, SCU_OK);
  assert_content(FINAL, 'p', 700000);
  assert_int_equal(count_files(), 1);
  scu__durable_free(durable);
}

static scu_result open_with_temporary(const char *folder, scu__on_existing on_existing, scu__durable **durable,
                                      scu_error *error) {
  scu__durable_options options = {.on_existing = on_existing, .extension = ".dcm", .way = way, .temporary = folder};
  scu__error_clear(error);
  return scu__durable_open(in_scratch("root"), &options, durable, error);
}

static void test_files_that_are_not_whole_are_in_the_temporary_folder(void **state) {
  (void)state;
  static const scu__on_existing rules[] = {SCU__EXISTING_KEEP, SCU__EXISTING_REPLACE, SCU__EXISTING_BOTH};
  static const char *const left = "temporary/.scu-0123456789abcdef-1.part", *const else_s = "temporary/else";
  for (int r = 0; r < 3; r++) {
    scu__durable *durable;
    scu__durable_file *file;
    scu_error error;
    became to;
    mkdir(in_scratch("temporary"), 0700);
    write_scratch(left, "x", 1);
    write_scratch(else_s, "x", 1);
    assert_int_equal(open_with_temporary(in_scratch("temporary"), rules[r], &durable, &error), SCU_OK);
    assert_int_equal(size_of(in_scratch(left)), -1); /* of a process that was killed */
    assert_int_equal(size_of(in_scratch(else_s)), 1);
    assert_int_equal(begin(durable, 'd', 1000000, 50000, &file, NULL), SCU_OK);
    assert_int_equal(count_files_in(in_scratch("root")), 0); /* in the root */
    assert_int_equal(count_files_in(in_scratch("temporary")), 1 + (way == SCU__WAY_NAMED));
    scu__durable_file_discard(file);
    store(durable, "9.9", 'a', 700000, &to);
    assert_int_equal(to.result, SCU_OK);
    store(durable, "9.9", 'b', 700000, &to); /* refused, replaces it, or stands beside it */
    assert_int_equal(to.result, r == 0 ? SCU_ERROR_VERIFICATION : SCU_OK);
    assert_content(FINAL, r == 1 ? 'b' : 'a', 700000);
    assert_int_equal(count_files_in(in_scratch("root")), r == 2 ? 2 : 1);
    assert_int_equal(count_files_in(in_scratch("temporary")), 1);
    scu__durable_free(durable);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

static void test_a_temporary_folder_that_is_no_use_is_refused(void **state) {
  (void)state;
  scu__durable *durable;
  scu_error error;
  struct stat here, there;
  assert_int_equal(open_with_temporary(in_scratch("missing"), SCU__EXISTING_KEEP, &durable, &error), SCU_ERROR_STORAGE);
  assert_non_null(strstr(error.reason, "missing"));
  assert_int_equal(error.os_errno, ENOENT);
  assert_null(durable);
  assert_int_equal(stat("/proc", &there) == 0 && stat(in_scratch(""), &here) == 0, 1);
  assert_true(here.st_dev != there.st_dev);
  scu_result result = open_with_temporary("/proc", SCU__EXISTING_KEEP, &durable, &error);
  if (geteuid() == 0) { /* others may not write there, which is said first */
    assert_int_equal(result, SCU_ERROR_USAGE);
    assert_non_null(strstr(error.reason, "another file system"));
  } else {
    assert_int_equal(result, SCU_ERROR_STORAGE);
  }
  assert_null(durable);
}

static void test_discard_leaves_nothing(void **state) {
  (void)state;
  scu__durable *durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  scu__durable_file *file;
  assert_int_equal(begin(durable, 'd', 1000000, 50000, &file, NULL), SCU_OK);
  assert_int_equal(count_files(), way == SCU__WAY_NAMED);
  scu__durable_file_discard(file);
  assert_int_equal(count_files(), 0);
  assert_int_equal(begin(durable, 'd', 10, 10, &file, NULL), SCU_OK);
  scu__durable_file_discard(file);
  scu__durable_file_discard(NULL);
  assert_int_equal(count_files(), 0);
  scu__durable_free(durable);
}

static void test_the_same_content_again_is_a_duplicate_and_not_rewritten(void **state) {
  (void)state;
  for (int i = 0; i < 9; i++) {
    scu__durable *durable = open_root(all_durabilities[i / 3], (scu__on_existing)(i % 3), NULL);
    became to;
    struct stat first, second;
    store(durable, "9.9", 's', 300000, &to);
    assert_int_equal(to.result, SCU_OK);
    assert_int_equal(stat(in_scratch(FINAL), &first), 0);
    store(durable, "9.9", 's', 300000, &to);
    assert_int_equal(to.result, SCU_OK);
    assert_true(to.is_duplicate);
    assert_string_equal(to.path, in_scratch(FINAL));
    assert_int_equal(stat(in_scratch(FINAL), &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    assert_int_equal(count_files(), 1);
    scu__durable_free(durable);
  }
}

static void test_other_content_is_refused_replaced_or_kept_apart(void **state) {
  (void)state;
  became to;
  scu__durable *durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  store(durable, "9.9", 'a', 1000, &to);
  store(durable, "9.9", 'b', 1000, &to);
  assert_int_equal(to.result, SCU_ERROR_VERIFICATION);
  assert_string_equal(to.path, "");
  assert_content(FINAL, 'a', 1000);
  scu__durable_free(durable);

  durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_BOTH, NULL);
  store(durable, "9.9", 'b', 1000, &to);
  assert_string_equal(to.path, in_scratch("root/1.2/1.2.3/9.9~2.dcm"));
  store(durable, "9.9", 'c', 1000, &to);
  assert_string_equal(to.path, in_scratch("root/1.2/1.2.3/9.9~3.dcm"));
  store(durable, "9.9", 'b', 1000, &to);
  assert_true(to.is_duplicate);
  assert_string_equal(to.path, in_scratch("root/1.2/1.2.3/9.9~2.dcm"));
  assert_content(FINAL, 'a', 1000);
  scu__durable_free(durable);

  durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_REPLACE, NULL);
  store(durable, "9.9", 'd', 500, &to);
  assert_int_equal(to.result, SCU_OK);
  assert_false(to.is_duplicate);
  assert_content(FINAL, 'd', 500);
  assert_int_equal(count_files(), 3);
  scu__durable_free(durable);
}

static bool content_after_ten(void *user, scu__source *existing, const char *key, uint64_t *offset) {
  (void)user;
  (void)existing;
  *offset = 10;
  return strcmp(key, "same kind") == 0;
}

static void test_headers_do_not_count_but_kinds_do(void **state) {
  (void)state;
  scu__durable_options options = {.durability = SCU__DURABLE_NONE, .extension = ".dcm", .content = content_after_ten};
  scu__durable *durable;
  assert_int_equal(scu__durable_open(in_scratch("root"), &options, &durable, NULL), SCU_OK);
  static const struct {
    const char *header, *key;
    scu_result result;
    bool is_duplicate;
  } cases[] = {{"0123456789", "same kind", SCU_OK, false},
               {"ABCDEFGHIJ", "same kind", SCU_OK, true},
               {"longer header", "same kind", SCU_OK, true},
               {"0123456789", "other kind", SCU_ERROR_VERIFICATION, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu__durable_file *file;
    became to;
    assert_int_equal(scu__durable_file_new(durable, &file, NULL), SCU_OK);
    scu__durable_file_write(file, cases[i].header, strlen(cases[i].header), NULL);
    scu__durable_file_end_header(file, cases[i].key);
    scu__durable_file_write(file, "body", 4, NULL);
    commit(file, "9.9", &to);
    assert_int_equal(to.result, cases[i].result);
    assert_int_equal(to.is_duplicate, cases[i].is_duplicate);
  }
  scu__durable_free(durable);
}

/* --- faults ------------------------------------------------------------------------------------------------------- */

static void test_every_step_may_fail_with_every_errno_and_nothing_half_written_stays(void **state) {
  (void)state;
  static const int errnos[] = {ENOSPC, EIO, EROFS, EDQUOT, EACCES};
  static const size_t lengths[] = {5000, 900000};
  int failures = 0;
  for (int d = 0; d < 3; d++)
    for (int step = SCU__STEP_MKDIR; step <= SCU__STEP_SYNC_FOLDER; step++)
      for (size_t e = 0; e < sizeof errnos / sizeof *errnos; e++)
        for (size_t l = 0; l < 2; l++) {
          bool is_sync = step == SCU__STEP_SYNC_FILE || step == SCU__STEP_SYNC_FOLDER;
          bool is_late = way == SCU__WAY_ORDERED && all_durabilities[d] == SCU__DURABLE_BATCH;
          if (is_sync && all_durabilities[d] == SCU__DURABLE_NONE) continue;
          if (step == SCU__STEP_WRITE_OUT && !is_late) continue;
          if (e > 0 && (d > 0 || l > 0)) continue; /* one errno in every setting, every errno in one */
          became to;
          fault_plan plan = {.step = (scu__durable_step)step};
          scu__durable *durable = open_root(all_durabilities[d], SCU__EXISTING_KEEP, &plan);
          if (step != SCU__STEP_MKDIR) {
            store(durable, "1.1", 'e', 2000, &to); /* an earlier object */
            assert_int_equal(to.result, SCU_OK);
          }
          plan.os_errno = errnos[e];
          store(durable, "9.9", 'f', lengths[l], &to);
          failures++;
          assert_int_equal(to.result, SCU_ERROR_STORAGE);
          assert_int_equal(to.os_errno, errnos[e]);
          assert_non_null(strstr(to.reason, "root"));
          /* After a sync that failed behind the name the file is whole, and not acknowledged; else it is not there. */
          bool has_name = step == SCU__STEP_SYNC_FOLDER || (step == SCU__STEP_SYNC_FILE && is_late);
          long expected = (step != SCU__STEP_MKDIR) + has_name;
          assert_int_equal(count_files(), expected);
          if (step != SCU__STEP_MKDIR) assert_content("root/1.2/1.2.3/1.1.dcm", 'e', 2000);
          plan.os_errno = 0; /* space returns */
          store(durable, "9.9", 'f', lengths[l], &to);
          assert_int_equal(to.result, SCU_OK);
          assert_content(FINAL, 'f', lengths[l]);
          scu__durable_free(durable);
          scratch_teardown(NULL);
          assert_non_null(scratch_make());
        }
  assert_int_equal(failures, 2 * (6 + 6 + 4) + 4 * 6 + (way == SCU__WAY_ORDERED ? 2 + 4 : 0));
}

/* Where the log is in order the bytes are written out, and the name comes before the sync: but not where it takes the
 * place of another file. */
static void test_a_name_comes_before_the_sync_only_where_that_is_safe(void **state) {
  (void)state;
  struct statfs status;
  assert_int_equal(statfs(in_scratch(""), &status), 0);
  bool is_ordered_here = status.f_type == EXT4_SUPER_MAGIC || status.f_type == XFS_SUPER_MAGIC;
  static const scu__durable_way ways[] = {SCU__WAY_AS_FOUND, SCU__WAY_NAMED, SCU__WAY_UNNAMED, SCU__WAY_ORDERED};
  static const scu__on_existing rules[] = {SCU__EXISTING_KEEP, SCU__EXISTING_REPLACE, SCU__EXISTING_BOTH};
  scu__durable_way tested = way;
  for (int w = 0; w < 4; w++)
    for (int d = 0; d < 3; d++)
      for (int r = 0; r < 3; r++) {
        became to;
        fault_plan plan = {.os_errno = 0};
        way = ways[w];
        bool is_ordered = way == SCU__WAY_ORDERED || (way == SCU__WAY_AS_FOUND && is_ordered_here);
        bool is_late = is_ordered && all_durabilities[d] == SCU__DURABLE_BATCH && rules[r] != SCU__EXISTING_REPLACE;
        scu__durable *durable = open_root(all_durabilities[d], rules[r], &plan);
        store(durable, "9.9", 'w', 5000, &to);
        scu__durable_free(durable);
        assert_int_equal(to.result, SCU_OK);
        assert_int_equal(atomic_load(&plan.steps[SCU__STEP_WRITE_OUT]), is_late);
        if (all_durabilities[d] == SCU__DURABLE_NONE)
          assert_int_equal(atomic_load(&plan.steps[SCU__STEP_SYNC_FILE]), 0);
        else
          assert_int_equal(atomic_load(&plan.renames_at_sync), is_late);
        scratch_teardown(NULL);
        assert_non_null(scratch_make());
      }
  way = tested;
}

static void test_a_full_disk_at_any_write_leaves_no_file(void **state) {
  (void)state;
  int at = 0;
  for (bool has_failed = true; has_failed; at++) {
    became to;
    fault_plan plan = {.step = SCU__STEP_WRITE, .os_errno = ENOSPC};
    atomic_store(&plan.countdown, at);
    scu__durable *durable = open_root(SCU__DURABLE_FILE, SCU__EXISTING_REPLACE, &plan);
    store(durable, "9.9", 'w', 3000000, &to);
    has_failed = to.result != SCU_OK;
    assert_int_equal(count_files(), has_failed ? 0 : 1);
    scu__durable_free(durable);
  }
  assert_true(at > 8);
}

/* A real limit, not the seam: EFBIG from the kernel. */
static void test_a_file_size_limit_is_a_storage_error(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    scu__durable *durable = open_root(SCU__DURABLE_NONE, SCU__EXISTING_KEEP, NULL);
    became to;
    struct rlimit limit = {.rlim_cur = 400000, .rlim_max = 400000};
    setrlimit(RLIMIT_FSIZE, &limit);
    store(durable, "9.9", 'l', 1000000, &to);
    bool is_right = to.result == SCU_ERROR_STORAGE && to.os_errno == EFBIG && count_files() == 0;
    scu__durable_free(durable);
    _exit(is_right ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_every_allocation_may_fail_and_nothing_leaks(void **state) {
  (void)state;
  failing_allocator failing;
  size_t i = 0;
  for (bool has_failed = true; has_failed; i++) {
    failing_allocator_init(&failing, i);
    scu__durable_options options = {
        .allocator = &failing.allocator, .durability = SCU__DURABLE_NONE, .on_existing = SCU__EXISTING_REPLACE};
    scu__durable *durable = NULL;
    became to = {.result = SCU_OK};
    scu_result result = scu__durable_open(in_scratch("root"), &options, &durable, NULL);
    if (result == SCU_OK) store(durable, "9.9", (uint8_t)i, 300000, &to);
    if (result == SCU_OK) result = to.result;
    if (result == SCU_OK) store(durable, "9.9", (uint8_t)(i + 1), 300000, &to); /* compares, replaces */
    if (result == SCU_OK) result = to.result;
    has_failed = failing.requests > i;
    assert_int_equal(result, has_failed ? SCU_ERROR_MEMORY : SCU_OK);
    scu__durable_free(durable);
    assert_int_equal(failing.alive, 0);
    assert_true(count_files() <= 1);
  }
  assert_true(i > 8);
}

/* F12: the process is killed at its n-th step; whoever comes after finds whole files only. */
static void test_a_kill_at_any_step_leaves_whole_files_or_none(void **state) {
  (void)state;
  for (int d = 0; d < 3; d++) {
    int n = 0;
    for (bool was_killed = true; was_killed; n++) {
      pid_t child = fork();
      if (child == 0) {
        fault_plan plan = {.kills = true};
        atomic_store(&plan.countdown, n);
        became to;
        scu__durable *durable = open_root(all_durabilities[d], SCU__EXISTING_KEEP, &plan);
        store(durable, "9.9", 'k', 700000, &to);
        store(durable, "9.8", 'k', 100, &to);
        _exit(0);
      }
      int status;
      assert_int_equal(waitpid(child, &status, 0), child);
      was_killed = WIFSIGNALED(status);
      assert_true(was_killed || WEXITSTATUS(status) == 0);
      scu__durable_free(open_root(all_durabilities[d], SCU__EXISTING_KEEP, NULL)); /* cleans up */
      long files = 0;
      if (access(in_scratch(FINAL), F_OK) == 0) {
        assert_content(FINAL, 'k', 700000);
        files++;
      }
      if (access(in_scratch("root/1.2/1.2.3/9.8.dcm"), F_OK) == 0) {
        assert_content("root/1.2/1.2.3/9.8.dcm", 'k', 100);
        files++;
      }
      assert_int_equal(count_files(), files);
      scratch_teardown(NULL);
      assert_non_null(scratch_make());
    }
    assert_true(n > 6);
  }
}

/* --- leftovers, links, folders that go away ----------------------------------------------------------------------- */

static void test_leftovers_of_the_dead_go_and_those_of_the_living_stay(void **state) {
  (void)state;
  mkdir(in_scratch("root"), 0700);
  mkdir(in_scratch("root/1.2"), 0700);
  mkdir(in_scratch("root/1.2/1.2.3"), 0700);
  mkdir(in_scratch("root/holiday"), 0700);
  write_scratch("root/.scu-0123456789abcdef-1.part", "x", 1);
  write_scratch("root/1.2/1.2.3/.scu-0123456789abcdef-2.part", "x", 1);
  write_scratch("root/1.2/1.2.3/.scu-0123456789abcdef-3.part", "x", 1);
  write_scratch("root/1.2/1.2.3/9.9.dcm", "x", 1);
  write_scratch("root/1.2/other.part", "x", 1);
  write_scratch("root/holiday/.scu-0123456789abcdef-4.part", "x", 1); /* not a folder of ours: not looked into */
  int alive = open(in_scratch("root/1.2/1.2.3/.scu-0123456789abcdef-3.part"), O_RDONLY | O_CLOEXEC);
  assert_int_equal(flock(alive, LOCK_EX), 0);
  scu__durable_free(open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL));
  assert_int_equal(size_of(in_scratch("root/.scu-0123456789abcdef-1.part")), -1);
  assert_int_equal(size_of(in_scratch("root/1.2/1.2.3/.scu-0123456789abcdef-2.part")), -1);
  assert_int_equal(size_of(in_scratch("root/1.2/1.2.3/.scu-0123456789abcdef-3.part")), 1);
  assert_int_equal(count_files(), 4);
  close(alive);
  scu__durable_free(open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL));
  assert_int_equal(count_files(), 3);
}

static void test_a_second_process_does_not_disturb_a_file_being_written(void **state) {
  (void)state;
  scu__durable *first = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  scu__durable_file *file;
  became to;
  assert_int_equal(begin(first, 'a', 600000, 50000, &file, NULL), SCU_OK);
  scu__durable *second = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  commit(file, "9.9", &to);
  await(&to);
  assert_int_equal(to.result, SCU_OK);
  assert_content(FINAL, 'a', 600000);
  scu__durable_free(first);
  scu__durable_free(second);
}

static void test_links_under_the_root_are_not_followed(void **state) {
  (void)state;
  became to;
  mkdir(in_scratch("root"), 0700);
  mkdir(in_scratch("elsewhere"), 0700);
  write_scratch("victim", "precious", 8);
  assert_int_equal(symlink("../elsewhere", in_scratch("root/1.2")), 0);
  scu__durable *durable = open_root(SCU__DURABLE_FILE, SCU__EXISTING_REPLACE, NULL);
  store(durable, "9.9", 'x', 10, &to);
  assert_int_equal(to.result, SCU_ERROR_STORAGE);
  assert_int_equal(count_files(), 1);
  assert_int_equal(unlink(in_scratch("root/1.2")), 0);
  mkdir(in_scratch("root/1.2"), 0700);
  mkdir(in_scratch("root/1.2/1.2.3"), 0700);
  assert_int_equal(symlink("../../../victim", in_scratch(FINAL)), 0);
  store(durable, "9.9", 'x', 10, &to); /* replaces the link, not what it points at */
  assert_int_equal(to.result, SCU_OK);
  assert_int_equal(size_of(in_scratch("victim")), 8);
  assert_content(FINAL, 'x', 10);
  scu__durable_free(durable);
}

static void test_a_folder_removed_under_our_hands_is_made_again(void **state) {
  (void)state;
  became to;
  scu__durable *durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  store(durable, "9.9", 'x', 10, &to);
  assert_int_equal(unlink(in_scratch(FINAL)), 0);
  assert_int_equal(rmdir(in_scratch("root/1.2/1.2.3")), 0);
  store(durable, "9.9", 'y', 10, &to);
  assert_int_equal(to.result, SCU_OK);
  assert_content(FINAL, 'y', 10);
  scu__durable_free(durable);
}

static void test_names_that_are_not_safe_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"..", "a/b", "", ".x", "-x"};
  scu__durable *durable = open_root(SCU__DURABLE_NONE, SCU__EXISTING_KEEP, NULL);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    scu__durable_file *file;
    became to;
    assert_int_equal(scu__durable_file_new(durable, &file, NULL), SCU_OK);
    assert_int_equal(scu__durable_file_place(file, &bad[i], 1, NULL), SCU_ERROR_USAGE);
    commit(file, bad[i], &to);
    assert_int_equal(to.result, SCU_ERROR_USAGE);
  }
  assert_int_equal(count_files(), 0);
  scu__durable_free(durable);
}

static void test_a_root_that_cannot_be_made_says_so(void **state) {
  (void)state;
  scu__durable_options options = {.durability = SCU__DURABLE_BATCH};
  scu__durable *durable;
  scu_error error;
  scu__error_clear(&error);
  write_scratch("file", "x", 1);
  assert_int_equal(scu__durable_open(in_scratch("file/root"), &options, &durable, &error), SCU_ERROR_STORAGE);
  assert_null(durable);
  assert_non_null(strstr(scu_error_reason(&error), "file/root"));
  assert_int_equal(scu_error_errno(&error), ENOTDIR);
  assert_int_equal(scu__durable_open("", &options, &durable, NULL), SCU_ERROR_USAGE);
}

static void test_a_deep_root_is_made_with_its_parents(void **state) {
  (void)state;
  scu__durable_options options = {.durability = SCU__DURABLE_BATCH};
  scu__durable *durable;
  assert_int_equal(scu__durable_open(in_scratch("a//b/c/"), &options, &durable, NULL), SCU_OK);
  scu__durable_free(durable);
  assert_true(size_of(in_scratch("a/b/c")) >= 0);
}

/* --- many at once ------------------------------------------------------------------------------------------------- */

enum { MANY = 64, THREADS = 8 };

static void commit_many(scu__durable *durable, became *all) {
  char name[16];
  for (int i = 0; i < MANY; i++) {
    scu__durable_file *file;
    snprintf(name, sizeof name, "7.%d", i);
    assert_int_equal(begin(durable, (uint8_t)i, 5000, 5000, &file, NULL), SCU_OK);
    commit(file, name, &all[i]);
  }
}

static void test_one_folder_sync_serves_everything_that_arrived_during_the_previous_one(void **state) {
  (void)state;
  static became all[MANY];
  fault_plan plan = {.os_errno = 0};
  scu__durable *durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, &plan);
  plan.hold_until_renames = MANY;
  atomic_store(&plan.steps[SCU__STEP_SYNC_FOLDER], 0);
  commit_many(durable, all);
  for (int i = 0; i < MANY; i++) {
    await(&all[i]);
    assert_int_equal(all[i].result, SCU_OK);
  }
  assert_int_equal(atomic_load(&plan.steps[SCU__STEP_SYNC_FILE]), MANY);
  /* The first with both parents, then one for the rest - or one more for each thread that was between rename and
   * joining when the first sync ended. */
  assert_in_range(atomic_load(&plan.steps[SCU__STEP_SYNC_FOLDER]), 4, 3 + THREADS);
  scu__durable_free(durable);
  assert_int_equal(count_files(), MANY);
}

static void test_durability_file_syncs_the_folder_for_each(void **state) {
  (void)state;
  static became all[MANY];
  fault_plan plan = {.os_errno = 0};
  scu__durable *durable = open_root(SCU__DURABLE_FILE, SCU__EXISTING_KEEP, &plan);
  atomic_store(&plan.steps[SCU__STEP_SYNC_FOLDER], 0);
  commit_many(durable, all);
  for (int i = 0; i < MANY; i++) await(&all[i]);
  assert_true(atomic_load(&plan.steps[SCU__STEP_SYNC_FOLDER]) >= MANY);
  scu__durable_free(durable);
}

static void test_freeing_finishes_what_was_committed(void **state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    static became all[MANY];
    scu__durable *durable = open_root(all_durabilities[d], SCU__EXISTING_KEEP, NULL);
    commit_many(durable, all);
    scu__durable_free(durable);
    for (int i = 0; i < MANY; i++) {
      assert_int_equal(sem_trywait(&all[i].is_done), 0);
      assert_int_equal(all[i].result, SCU_OK);
    }
    assert_int_equal(count_files(), MANY);
  }
}

static void test_the_same_name_from_many_sides_at_once_has_one_winner(void **state) {
  (void)state;
  static became all[MANY];
  scu__durable *durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  for (int i = 0; i < MANY; i++) {
    scu__durable_file *file;
    assert_int_equal(begin(durable, (uint8_t)('a' + i % 2), 5000, 5000, &file, NULL), SCU_OK);
    commit(file, "9.9", &all[i]);
  }
  int stored = 0, duplicates = 0, refused = 0;
  for (int i = 0; i < MANY; i++) {
    await(&all[i]);
    if (all[i].result == SCU_ERROR_VERIFICATION)
      refused++;
    else if (all[i].is_duplicate)
      duplicates++;
    else
      stored++;
  }
  assert_int_equal(stored, 1);
  assert_int_equal(duplicates, MANY / 2 - 1);
  assert_int_equal(refused, MANY / 2);
  assert_int_equal(count_files(), 1);
  scu__durable_free(durable);
}

static void test_more_folders_than_stay_open_are_served(void **state) {
  (void)state;
  scu__durable *durable = open_root(SCU__DURABLE_BATCH, SCU__EXISTING_KEEP, NULL);
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 30; i++) {
      char study[32];
      snprintf(study, sizeof study, "1.%d", i);
      const char *folders[] = {study, "1.5"};
      scu__durable_file *file;
      became to;
      assert_int_equal(scu__durable_file_new(durable, &file, NULL), SCU_OK);
      assert_int_equal(scu__durable_file_place(file, folders, 2, NULL), SCU_OK);
      assert_int_equal(scu__durable_file_write(file, "x", 1, NULL), SCU_OK);
      commit(file, round ? "9.1" : "9.2", &to);
      await(&to);
      assert_int_equal(to.result, SCU_OK);
    }
  assert_int_equal(count_files(), 60);
  assert_true(durable->cached <= 8);
  scu__durable_free(durable);
}

#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

/* While a file that had no name is about to replace another, it has one for a moment: another process that cleans up
 * meanwhile must see that its writer lives. */
static int sweep_before_rename(void *user, scu__durable_step step) {
  if (step != SCU__STEP_RENAME) return 0;
  scu__durable_free(open_root(SCU__DURABLE_FILE, SCU__EXISTING_KEEP, NULL));
  (*(int *)user)++;
  return 0;
}

static void test_a_file_that_replaces_another_survives_a_cleaning_meanwhile(void **state) {
  (void)state;
  int sweeps = 0;
  became first, second;
  scu__durable_options options = {.durability = SCU__DURABLE_FILE,
                                  .on_existing = SCU__EXISTING_REPLACE,
                                  .extension = ".dcm",
                                  .fault = sweep_before_rename,
                                  .fault_user = &sweeps};
  if (way == SCU__WAY_NAMED) return; /* there the file is closed by then, and its lock gone */
  scu__durable *durable;
  assert_int_equal(scu__durable_open(in_scratch("root"), &options, &durable, NULL), SCU_OK);
  store(durable, "1.2.3.4", 1, 1000, &first);
  store(durable, "1.2.3.4", 2, 2000, &second);
  assert_int_equal(first.result, SCU_OK);
  assert_int_equal(second.result, SCU_OK);
  assert_int_equal(size_of(second.path), 2000);
  assert_true(sweeps >= 3);
  scu__durable_free(durable);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SCRATCH_TEST(test_small_and_large_files_arrive_whole_with_tight_modes),
      SCRATCH_TEST(test_a_small_file_is_one_write),
      SCRATCH_TEST(test_a_file_may_be_placed_after_it_was_begun),
      SCRATCH_TEST(test_files_that_are_not_whole_are_in_the_temporary_folder),
      SCRATCH_TEST(test_a_temporary_folder_that_is_no_use_is_refused),
      SCRATCH_TEST(test_discard_leaves_nothing),
      SCRATCH_TEST(test_the_same_content_again_is_a_duplicate_and_not_rewritten),
      SCRATCH_TEST(test_other_content_is_refused_replaced_or_kept_apart),
      SCRATCH_TEST(test_headers_do_not_count_but_kinds_do),
      SCRATCH_TEST(test_every_step_may_fail_with_every_errno_and_nothing_half_written_stays),
      SCRATCH_TEST(test_a_name_comes_before_the_sync_only_where_that_is_safe),
      SCRATCH_TEST(test_a_full_disk_at_any_write_leaves_no_file),
      SCRATCH_TEST(test_a_file_size_limit_is_a_storage_error),
      SCRATCH_TEST(test_every_allocation_may_fail_and_nothing_leaks),
      SCRATCH_TEST(test_a_kill_at_any_step_leaves_whole_files_or_none),
      SCRATCH_TEST(test_leftovers_of_the_dead_go_and_those_of_the_living_stay),
      SCRATCH_TEST(test_a_second_process_does_not_disturb_a_file_being_written),
      SCRATCH_TEST(test_links_under_the_root_are_not_followed),
      SCRATCH_TEST(test_a_folder_removed_under_our_hands_is_made_again),
      SCRATCH_TEST(test_names_that_are_not_safe_are_refused),
      SCRATCH_TEST(test_a_root_that_cannot_be_made_says_so),
      SCRATCH_TEST(test_a_deep_root_is_made_with_its_parents),
      SCRATCH_TEST(test_one_folder_sync_serves_everything_that_arrived_during_the_previous_one),
      SCRATCH_TEST(test_durability_file_syncs_the_folder_for_each),
      SCRATCH_TEST(test_freeing_finishes_what_was_committed),
      SCRATCH_TEST(test_the_same_name_from_many_sides_at_once_has_one_winner),
      SCRATCH_TEST(test_more_folders_than_stay_open_are_served),
      SCRATCH_TEST(test_a_file_that_replaces_another_survives_a_cleaning_meanwhile),
  };
  int failures = cmocka_run_group_tests_name("named, then synced", tests, NULL, NULL);
  way = SCU__WAY_UNNAMED;
  failures += cmocka_run_group_tests_name("synced, then named", tests, NULL, NULL);
  way = SCU__WAY_NAMED;
  return failures + cmocka_run_group_tests_name("by a temporary name", tests, NULL, NULL);
}
