/*
 * Drives one fuzz target without libFuzzer, so that every test run replays the seeds under every compiler and
 * sanitizer.
 *
 *   fuzz_NAME [--mutations N] [--seed S] PATH...      PATH = a file, or a folder of files (not recursive)
 *
 * Each seed is fed whole, then cut short (at every length up to 512 bytes, then at evenly spread ones), then N times
 * with a few bytes changed. The changes come from a fixed seed: a failure can be repeated. It does not look for new
 * coverage.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { TRUNCATIONS_IN_FULL = 512, TRUNCATIONS_SPREAD = 256, SEED_MAX = 16 * 1024 * 1024 };

struct driver {
  uint64_t random;
  uint64_t mutations;
  uint64_t seeds;
  uint64_t inputs;
};

/* xorshift64*: any generator would do, this one is short and the same everywhere. */
static uint64_t next_random(struct driver *driver) {
  driver->random ^= driver->random >> 12;
  driver->random ^= driver->random << 25;
  driver->random ^= driver->random >> 27;
  return driver->random * UINT64_C(2685821657736338717);
}

/* What is being fed, for the handler below. */
static const uint8_t *volatile current_bytes;
static volatile size_t current_length;

static void keep_current_input(int number) {
  char path[64] = "fuzz-crash.";
  size_t at = strlen(path);
  char digits[20];
  size_t count = 0;
  for (unsigned long pid = (unsigned long)getpid(); pid != 0; pid /= 10) digits[count++] = (char)('0' + pid % 10);
  while (count > 0) path[at++] = digits[--count];
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && write(file, (const void *)current_bytes, current_length) < 0) close(file);
  signal(number, SIG_DFL);
  raise(number);
}

/* The target gets a heap copy of exactly this length, so that a read past its end is seen. */
static void feed(struct driver *driver, const uint8_t *bytes, size_t length) {
  uint8_t *copy = malloc(length != 0 ? length : 1);
  if (copy == NULL) {
    fputs("out of memory\n", stderr);
    exit(1);
  }
  if (length != 0) memcpy(copy, bytes, length);
  current_bytes = copy;
  current_length = length;
  LLVMFuzzerTestOneInput(copy, length);
  free(copy);
  driver->inputs++;
}

static void feed_truncations(struct driver *driver, const uint8_t *bytes, size_t length) {
  for (size_t cut = 0; cut < length && cut < TRUNCATIONS_IN_FULL; cut++) feed(driver, bytes, cut);
  if (length <= TRUNCATIONS_IN_FULL) return;
  size_t rest = length - TRUNCATIONS_IN_FULL;
  size_t step = rest / TRUNCATIONS_SPREAD + 1;
  for (size_t cut = TRUNCATIONS_IN_FULL; cut < length; cut += step) feed(driver, bytes, cut);
  feed(driver, bytes, length - 1);
}

/* Values that length and count fields go wrong with. */
static uint8_t telling_byte(uint64_t random) {
  static const uint8_t telling[] = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
  return random & 1 ? telling[(random >> 8) % sizeof telling] : (uint8_t)(random >> 16);
}

static void feed_mutations(struct driver *driver, uint8_t *bytes, size_t length) {
  if (length == 0) return;
  for (uint64_t round = 0; round < driver->mutations; round++) {
    size_t places[4];
    uint8_t kept[4];
    size_t count = 1 + (size_t)(next_random(driver) % 4);
    for (size_t i = 0; i < count; i++) {
      places[i] = (size_t)(next_random(driver) % length);
      kept[i] = bytes[places[i]];
      bytes[places[i]] = telling_byte(next_random(driver));
    }
    feed(driver, bytes, length);
    for (size_t i = count; i > 0; i--) bytes[places[i - 1]] = kept[i - 1];
  }
}

static uint8_t *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(SEED_MAX);
  if (file == NULL || bytes == NULL) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
  }
  *length = fread(bytes, 1, SEED_MAX, file);
  fclose(file);
  return bytes;
}

static void run_file(struct driver *driver, const char *path) {
  size_t length = 0;
  uint8_t *bytes = read_file(path, &length);
  driver->seeds++;
  feed(driver, bytes, length);
  feed_truncations(driver, bytes, length);
  feed_mutations(driver, bytes, length);
  free(bytes);
}

static void run_folder(struct driver *driver, const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
  }
  for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    size_t size = strlen(path) + strlen(entry->d_name) + 2;
    char *inside = malloc(size);
    if (inside == NULL) exit(1);
    snprintf(inside, size, "%s/%s", path, entry->d_name);
    run_file(driver, inside);
    free(inside);
  }
  closedir(folder);
}

static void run_path(struct driver *driver, const char *path) {
  struct stat status;
  if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
    run_folder(driver, path);
  else
    run_file(driver, path);
}

int main(int argc, char **argv) {
  struct driver driver = {.random = UINT64_C(0x5CDA11CE)};
  signal(SIGABRT, keep_current_input);
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
      driver.mutations = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
      driver.random = strtoull(argv[++i], NULL, 10) | 1;
    else
      run_path(&driver, argv[i]);
  }
  printf("%" PRIu64 " seeds, %" PRIu64 " inputs\n", driver.seeds, driver.inputs);
  /* No seed is no test: a corpus folder that went missing must not pass. */
  return driver.seeds != 0 ? 0 : 1;
}
