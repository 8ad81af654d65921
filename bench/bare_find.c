/* bare_find [-c CALLING] [-e MATCHES] [-k N] [-p] [-r] HOST PORT CALLED KEY...: asks once with C-FIND and counts.
 *
 * -k: N associations ask the same at once. -p: Patient Root, else Study Root. -r: negotiates relational queries (PS3.4
 * C.5.1.1). -e: so many matches have to come to each. A KEY is gggg,eeee or gggg,eeee=value, in the order of the tags.
 * Prints {"matches", "bytes", "seconds"}: of all together, from the first request to the last final response. */
#include "bare.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASSOCIATIONS_MAX = 100 };

static const char *calling = "BARE", *class_uid = "1.2.840.10008.5.1.4.1.2.2.1";
static uint8_t identifier[16 * 1024];
static size_t identifier_length;

typedef struct asker {
  bare_link link;
  uint64_t matches, bytes;
} asker;

static void *ask(void *argument) {
  asker *self = argument;
  bare_message message;
  bare_begin(&message, 1, class_uid, BARE_FIND);
  bare_put_number(&message, BARE_MESSAGE_ID, 1);
  bare_put_number(&message, BARE_PRIORITY, 0);
  bare_put_number(&message, BARE_DATA_SET_TYPE, 1);
  bare_send(&self->link, &message, identifier, identifier_length);
  for (;;) {
    if (!bare_receive(&self->link, &message)) bare_die("released before the final response");
    if (bare_number(&message, BARE_FIELD) != (BARE_FIND | BARE_RESPONSE)) bare_die("no C-FIND response");
    uint16_t status = bare_number(&message, BARE_STATUS);
    if (status == 0) return NULL;
    if (status != 0xFF00 && status != 0xFF01) bare_die("status %04X", status);
    if (message.data_length == 0) bare_die("a match without an identifier");
    self->matches++;
    self->bytes += message.data_length;
  }
}

int main(int argc, char **argv) {
  static asker askers[ASSOCIATIONS_MAX];
  pthread_t threads[ASSOCIATIONS_MAX];
  bool is_relational = false;
  int option, count = 1;
  long long expected = -1;
  while ((option = getopt(argc, argv, "c:e:k:pr")) != -1) {
    if (option == 'c') calling = optarg;
    if (option == 'e') expected = atoll(optarg);
    if (option == 'k') count = atoi(optarg);
    if (option == 'p') class_uid = "1.2.840.10008.5.1.4.1.2.1.1";
    if (option == 'r') is_relational = true;
    if (option == '?') return 2;
  }
  if (argc - optind < 4 || count < 1 || count > ASSOCIATIONS_MAX) bare_die("usage: see the head of bench/bare_find.c");
  char **rest = argv + optind;
  identifier_length = bare_identifier(identifier, sizeof identifier, rest + 3, argc - optind - 3);
  bare_context context = {
      .id = 1, .abstract_syntax = class_uid, .transfer_syntax = BARE_IMPLICIT, .wants_relational = is_relational};
  for (int i = 0; i < count; i++) bare_open(&askers[i].link, rest[0], rest[1], calling, rest[2], &context, 1);

  uint64_t matches = 0, bytes = 0;
  double started = bare_now();
  for (int i = 1; i < count; i++)
    if (pthread_create(&threads[i], NULL, ask, &askers[i]) != 0) bare_die("no thread");
  ask(&askers[0]);
  for (int i = 1; i < count; i++) pthread_join(threads[i], NULL);
  double seconds = bare_now() - started;

  for (int i = 0; i < count; i++) {
    matches += askers[i].matches;
    bytes += askers[i].bytes;
    if (expected >= 0 && askers[i].matches != (uint64_t)expected)
      bare_die("%llu matches, not %lld", (unsigned long long)askers[i].matches, expected);
    bare_close(&askers[i].link);
  }
  printf("{\"matches\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", (unsigned long long)matches,
         (unsigned long long)bytes, seconds);
  return 0;
}
