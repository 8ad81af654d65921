/* A scratch folder of a test, in the place the system has for such; removed with all that is in it. */
#ifndef TESTS_UNIT_IO_SCRATCH_H
#define TESTS_UNIT_IO_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_UNUSED __attribute__((unused))

static char scratch_folder[256];

static SCRATCH_UNUSED const char *scratch_make(void) {
  const char *base = getenv("TMPDIR");
  snprintf(scratch_folder, sizeof scratch_folder, "%.200s/scu-test-XXXXXX", base ? base : "/tmp");
  return mkdtemp(scratch_folder);
}

static int scratch_remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
  (void)status;
  (void)where;
  return kind == FTW_DP ? rmdir(path) : unlink(path);
}

static SCRATCH_UNUSED int scratch_setup(void **state) {
  (void)state;
  return scratch_make() ? 0 : -1;
}

static SCRATCH_UNUSED int scratch_teardown(void **state) {
  (void)state;
  return nftw(scratch_folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path of a name in the scratch folder; four may be in use at a time. */
static SCRATCH_UNUSED const char *in_scratch(const char *name) {
  static char paths[4][8192];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
  return path;
}

static SCRATCH_UNUSED void write_scratch(const char *name, const void *bytes, size_t length) {
  FILE *file = fopen(in_scratch(name), "wb");
  if (!file) abort();
  if (length > 0 && fwrite(bytes, 1, length, file) != length) abort();
  if (fclose(file) != 0) abort();
}

static SCRATCH_UNUSED long size_of(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0 ? (long)status.st_size : -1;
}

/* Regular files below a folder, or the scratch folder, hidden ones too. */
static long scratch_counted;

static int scratch_count_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
  (void)path;
  (void)status;
  (void)where;
  if (kind == FTW_F) scratch_counted++;
  return 0;
}

static SCRATCH_UNUSED long count_files_in(const char *path) {
  scratch_counted = 0;
  nftw(path, scratch_count_one, 16, FTW_PHYS);
  return scratch_counted;
}

static SCRATCH_UNUSED long count_files(void) {
  return count_files_in(scratch_folder);
}

#endif
