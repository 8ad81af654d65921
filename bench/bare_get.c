/* bare_get [-c CALLING] [-e OBJECTS] [-k N] HOST PORT CALLED KEY...: brings with C-GET and throws away what comes.
 *
 * Keys as those of bare_find. Takes CT images in explicit VR and answers each with Success. -k: N associations ask the
 * same at once. -e: so many have to come to each. Prints {"objects", "bytes", "seconds"}: of all together, from the
 * first request to the last final response. */
#include "bare.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GET_CLASS "1.2.840.10008.5.1.4.1.2.2.3"

enum { ASSOCIATIONS_MAX = 100 };

static uint8_t identifier[16 * 1024];
static size_t identifier_length;

typedef struct getter {
  bare_link link;
  uint64_t objects, bytes;
} getter;

static void *get(void *argument) {
  getter *self = argument;
  bare_message message;
  bare_begin(&message, 1, GET_CLASS, BARE_GET);
  bare_put_number(&message, BARE_MESSAGE_ID, 1);
  bare_put_number(&message, BARE_PRIORITY, 0);
  bare_put_number(&message, BARE_DATA_SET_TYPE, 1);
  bare_send(&self->link, &message, identifier, identifier_length);
  for (uint16_t status = 0xFF00; status == 0xFF00;) {
    if (!bare_receive(&self->link, &message)) bare_die("released before the final response");
    uint16_t field = bare_number(&message, BARE_FIELD);
    if (field == BARE_STORE) {
      self->objects++;
      self->bytes += message.data_length;
      bare_answer_store(&self->link, &message);
    } else if (field == (BARE_GET | BARE_RESPONSE))
      status = bare_number(&message, BARE_STATUS);
    else
      bare_die("command field %04X", field);
  }
  if (bare_number(&message, BARE_STATUS) != 0) bare_die("status %04X", bare_number(&message, BARE_STATUS));
  if (bare_number(&message, BARE_COMPLETED) != (self->objects & 0xFFFF))
    bare_die("the final response counts otherwise");
  return NULL;
}

int main(int argc, char **argv) {
  static getter getters[ASSOCIATIONS_MAX];
  pthread_t threads[ASSOCIATIONS_MAX];
  const char *calling = "BARE";
  int option, count = 1;
  long long expected = -1;
  while ((option = getopt(argc, argv, "c:e:k:")) != -1) {
    if (option == 'c') calling = optarg;
    if (option == 'e') expected = atoll(optarg);
    if (option == 'k') count = atoi(optarg);
    if (option == '?') return 2;
  }
  if (argc - optind < 4 || count < 1 || count > ASSOCIATIONS_MAX) bare_die("usage: see the head of bench/bare_get.c");
  char **rest = argv + optind;
  identifier_length = bare_identifier(identifier, sizeof identifier, rest + 3, argc - optind - 3);
  bare_context contexts[] = {
      {.id = 1, .abstract_syntax = GET_CLASS, .transfer_syntax = BARE_IMPLICIT},
      {.id = 3, .abstract_syntax = BARE_CT, .transfer_syntax = BARE_EXPLICIT, .wants_scp_role = true}};
  for (int i = 0; i < count; i++) bare_open(&getters[i].link, rest[0], rest[1], calling, rest[2], contexts, 2);

  uint64_t objects = 0, bytes = 0;
  double started = bare_now();
  for (int i = 1; i < count; i++)
    if (pthread_create(&threads[i], NULL, get, &getters[i]) != 0) bare_die("no thread");
  get(&getters[0]);
  for (int i = 1; i < count; i++) pthread_join(threads[i], NULL);
  double seconds = bare_now() - started;

  for (int i = 0; i < count; i++) {
    objects += getters[i].objects;
    bytes += getters[i].bytes;
    if (expected >= 0 && getters[i].objects != (uint64_t)expected)
      bare_die("%llu objects, not %lld", (unsigned long long)getters[i].objects, expected);
    bare_close(&getters[i].link);
  }
  printf("{\"objects\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", (unsigned long long)objects,
         (unsigned long long)bytes, seconds);
  return 0;
}
