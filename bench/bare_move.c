/* bare_move [-c CALLING] [-e OBJECTS] HOST PORT CALLED SINK_PORT KEY...: asks with C-MOVE for what it takes itself.
 *
 * Its sink listens on loopback at SINK_PORT under the title CALLING, a thread an association, answers each C-STORE with
 * Success and throws the bytes away. Keys as those of bare_find. -e: so many have to come. Prints {"objects", "bytes",
 * "seconds"}: from the request to the final response. */
#include "bare.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOVE_CLASS "1.2.840.10008.5.1.4.1.2.2.2"

static atomic_ullong objects, bytes;

/* ---- the sink ---- */

static void *take_association(void *argument) {
  int *fd = argument;
  bare_link link;
  bare_message message;
  bare_accept(&link, *fd);
  free(fd);
  while (bare_receive(&link, &message)) {
    if (bare_number(&message, BARE_FIELD) != BARE_STORE) bare_die("no C-STORE at the sink");
    objects++;
    bytes += message.data_length;
    bare_answer_store(&link, &message);
  }
  return NULL;
}

static void *take_associations(void *argument) {
  const int *listener = argument;
  int taken;
  while ((taken = accept(*listener, NULL, NULL)) >= 0) {
    pthread_t thread;
    int *fd = bare_take(sizeof *fd);
    *fd = taken;
    if (pthread_create(&thread, NULL, take_association, fd) != 0) bare_die("no thread");
    pthread_detach(thread);
  }
  bare_die("accept: %s", strerror(errno));
  return NULL;
}

static void start_sink(const char *port) {
  static int listener;
  int on = 1;
  pthread_t thread;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0)
    bare_die("cannot listen on port %s: %s", port, strerror(errno));
  if (pthread_create(&thread, NULL, take_associations, &listener) != 0) bare_die("no thread");
  pthread_detach(thread);
}

/* ---- the mover ---- */

int main(int argc, char **argv) {
  static uint8_t identifier[16 * 1024];
  const char *calling = "BARE";
  int option;
  long long expected = -1;
  while ((option = getopt(argc, argv, "c:e:")) != -1) {
    if (option == 'c') calling = optarg;
    if (option == 'e') expected = atoll(optarg);
    if (option == '?') return 2;
  }
  if (argc - optind < 5) bare_die("usage: see the head of bench/bare_move.c");
  char **rest = argv + optind;
  size_t length = bare_identifier(identifier, sizeof identifier, rest + 4, argc - optind - 4);
  bare_context context = {.id = 1, .abstract_syntax = MOVE_CLASS, .transfer_syntax = BARE_IMPLICIT};
  bare_link link;
  bare_message message;
  start_sink(rest[3]);
  bare_open(&link, rest[0], rest[1], calling, rest[2], &context, 1);

  double started = bare_now();
  bare_begin(&message, 1, MOVE_CLASS, BARE_MOVE);
  bare_put_number(&message, BARE_MESSAGE_ID, 1);
  bare_put_text(&message, BARE_DESTINATION, calling, ' ');
  bare_put_number(&message, BARE_PRIORITY, 0);
  bare_put_number(&message, BARE_DATA_SET_TYPE, 1);
  bare_send(&link, &message, identifier, length);
  for (uint16_t status = 0xFF00; status == 0xFF00;) {
    if (!bare_receive(&link, &message)) bare_die("released before the final response");
    if (bare_number(&message, BARE_FIELD) != (BARE_MOVE | BARE_RESPONSE)) bare_die("no C-MOVE response");
    status = bare_number(&message, BARE_STATUS);
  }
  double seconds = bare_now() - started;

  if (bare_number(&message, BARE_STATUS) != 0) bare_die("status %04X", bare_number(&message, BARE_STATUS));
  if (bare_number(&message, BARE_COMPLETED) != (objects & 0xFFFF)) bare_die("the final response counts otherwise");
  if (expected >= 0 && objects != (unsigned long long)expected) bare_die("%llu objects, not %lld", objects, expected);
  bare_close(&link);
  printf("{\"objects\": %llu, \"bytes\": %llu, \"seconds\": %.6f}\n", objects, bytes, seconds);
  return 0;
}
