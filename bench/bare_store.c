/* bare_store [-c CALLING] [-k N] HOST PORT CALLED LIST: sends files with C-STORE, one answer at a time.
 *
 * LIST names a file that names the files, one a line: Part 10, CT Image Storage in explicit VR. They are read before
 * the clock runs. -k: over N associations at once, each with a thread; all are open before the first object goes.
 * Prints {"objects", "bytes", "seconds", "refused"}: refused counts the statuses other than 0000, and makes the exit
 * code 1. */
#include "bare.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ASSOCIATIONS_MAX = 100, PREAMBLE = 132, GROUP_LENGTH = 12 };

typedef struct object {
  uint8_t *bytes; /* of the file */
  size_t start, length;
  char instance[65];
} object;

typedef struct sender {
  bare_link link;
  size_t first, step;
  uint64_t bytes, refused;
} sender;

static object *objects;
static size_t object_count;

/* ---- files ---- */

static void read_whole(const char *path, object *to) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0) bare_die("cannot open %s", path);
  to->length = (size_t)status.st_size;
  to->bytes = bare_take(to->length);
  if (read(fd, to->bytes, to->length) != (ssize_t)to->length) bare_die("cannot read %s", path);
  close(fd);
}

/* The file meta group is in explicit VR and says how long it is; of it only the instance UID is wanted, (0002,0003). */
static void read_meta(const char *path, object *to) {
  const uint8_t *at = to->bytes + PREAMBLE;
  if (to->length < PREAMBLE + GROUP_LENGTH || memcmp(at - 4, "DICM", 4) != 0) bare_die("%s is no DICOM file", path);
  size_t left = (size_t)at[8] | (size_t)at[9] << 8;
  to->start = PREAMBLE + GROUP_LENGTH + left;
  if (to->start > to->length) bare_die("%s is cut", path);
  at += GROUP_LENGTH;
  while (left >= 12) {
    bool is_long = memcmp(at + 4, "OB", 2) == 0;
    size_t header = is_long ? 12 : 8, length = (size_t)at[is_long ? 8 : 6] | (size_t)at[is_long ? 9 : 7] << 8;
    if (header + length > left) break;
    if (at[2] == 3 && at[3] == 0 && length <= 64) memcpy(to->instance, at + header, length);
    at += header + length;
    left -= header + length;
  }
  if (!to->instance[0]) bare_die("%s does not say which instance it is", path);
}

static void read_objects(const char *list) {
  char line[4096];
  size_t room = 0;
  FILE *file = fopen(list, "r");
  if (!file) bare_die("cannot open %s", list);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    if (object_count == room) {
      room = room ? 2 * room : 1024;
      objects = realloc(objects, room * sizeof *objects);
      if (!objects) bare_die("no memory");
    }
    objects[object_count] = (object){0};
    read_whole(line, &objects[object_count]);
    read_meta(line, &objects[object_count]);
    object_count++;
  }
  fclose(file);
}

/* ---- sending ---- */

static void *send_objects(void *argument) {
  sender *self = argument;
  for (size_t i = self->first; i < object_count; i += self->step) {
    const object *what = &objects[i];
    bare_message message;
    uint16_t id = (uint16_t)(i % 65535 + 1);
    bare_begin(&message, 1, BARE_CT, BARE_STORE);
    bare_put_number(&message, BARE_MESSAGE_ID, id);
    bare_put_number(&message, BARE_PRIORITY, 0);
    bare_put_number(&message, BARE_DATA_SET_TYPE, 1);
    bare_put_text(&message, BARE_INSTANCE, what->instance, 0);
    bare_send(&self->link, &message, what->bytes + what->start, what->length - what->start);
    if (!bare_receive(&self->link, &message)) bare_die("released before the answer");
    if (bare_number(&message, BARE_FIELD) != (BARE_STORE | BARE_RESPONSE) ||
        bare_number(&message, BARE_ANSWERED_ID) != id)
      bare_die("not the answer to this C-STORE");
    self->bytes += what->length - what->start;
    if (bare_number(&message, BARE_STATUS) != 0) self->refused++;
  }
  return NULL;
}

int main(int argc, char **argv) {
  static sender senders[ASSOCIATIONS_MAX];
  pthread_t threads[ASSOCIATIONS_MAX];
  const char *calling = "BARE";
  int option, count = 1;
  while ((option = getopt(argc, argv, "c:k:")) != -1) {
    if (option == 'c') calling = optarg;
    if (option == 'k') count = atoi(optarg);
    if (option == '?') return 2;
  }
  if (argc - optind != 4 || count < 1 || count > ASSOCIATIONS_MAX)
    bare_die("usage: see the head of bench/bare_store.c");
  char **rest = argv + optind;
  read_objects(rest[3]);
  bare_context context = {.id = 1, .abstract_syntax = BARE_CT, .transfer_syntax = BARE_EXPLICIT};
  for (int i = 0; i < count; i++) {
    bare_open(&senders[i].link, rest[0], rest[1], calling, rest[2], &context, 1);
    senders[i].first = (size_t)i;
    senders[i].step = (size_t)count;
  }

  double started = bare_now();
  for (int i = 1; i < count; i++)
    if (pthread_create(&threads[i], NULL, send_objects, &senders[i]) != 0) bare_die("no thread");
  send_objects(&senders[0]);
  for (int i = 1; i < count; i++) pthread_join(threads[i], NULL);
  double seconds = bare_now() - started;

  uint64_t bytes = 0, refused = 0;
  for (int i = 0; i < count; i++) {
    bytes += senders[i].bytes;
    refused += senders[i].refused;
    bare_close(&senders[i].link);
  }
  printf("{\"objects\": %zu, \"bytes\": %llu, \"seconds\": %.6f, \"refused\": %llu}\n", object_count,
         (unsigned long long)bytes, seconds, (unsigned long long)refused);
  return refused > 0;
}
