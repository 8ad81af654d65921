/* C-ECHO with the association engine alone: the socket, the clock and the loop are ours - poll(2) here, whatever you
 * have elsewhere. Usage: engine_echo CALLED_AE HOST PORT */
#define _POSIX_C_SOURCE 200809L
#include <netdb.h>
#include <poll.h>
#include <scu/scu.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VERIFICATION "1.2.840.10008.1.1"

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int connect_to(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
  int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}

static scu_result propose(void *user, scu_proposal *proposal) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  (void)user;
  return scu_proposal_add(proposal, VERIFICATION, syntaxes, 1);
}

static scu_result send_echo(scu_engine *engine) {
  scu_message *echo = NULL;
  scu_result result = scu_message_new(NULL, 0x0030, &echo); /* C-ECHO-RQ */
  if (result == SCU_OK) result = scu_message_set_sop_class_uid(echo, VERIFICATION);
  if (result == SCU_OK) result = scu_engine_send(engine, echo, NULL);
  scu_message_free(echo);
  return result;
}

typedef struct talk {
  scu_engine *engine;
  int fd;
  int has_ended;
  int code; /* the exit code */
} talk;

static void take(talk *t, const scu_engine_event *event) {
  uint16_t status;
  if (event->type == SCU_ENGINE_ASSOCIATED) {
    printf("associated, the peer takes PDUs of %u bytes\n", (unsigned)scu_engine_peer_max_pdu(t->engine));
    if (send_echo(t->engine) != SCU_OK) scu_engine_abort(t->engine, now_ms());
  } else if (event->type == SCU_ENGINE_MESSAGE && scu_message_status(event->message, &status)) {
    printf("%s %04XH\n", scu_message_name(event->message), (unsigned)status);
    t->code = status == 0 ? 0 : 1;
    scu_engine_release(t->engine, now_ms());
  } else if (event->type == SCU_ENGINE_ENDED) {
    printf("%s\n", event->error ? scu_error_reason(event->error) : "released");
    if (event->error) t->code = 1;
    t->has_ended = 1;
  }
}

static void take_all(talk *t) {
  scu_engine_event event = {.size = sizeof event};
  while (scu_engine_next_event(t->engine, &event) == SCU_OK) take(t, &event);
}

/* Everything that is to be sent; this socket blocks. 0: the connection is broken. */
static int send_output(talk *t) {
  const uint8_t *bytes;
  size_t length;
  while (scu_engine_output(t->engine, &bytes, &length) == SCU_OK) {
    ssize_t sent = send(t->fd, bytes, length, MSG_NOSIGNAL);
    if (sent <= 0) return 0;
    scu_engine_sent(t->engine, (size_t)sent);
  }
  return 1;
}

/* Waits until there is something to read or the deadline has come. 0: the connection is closed. */
static int read_input(talk *t) {
  uint8_t bytes[4096];
  struct pollfd poller = {.fd = t->fd, .events = POLLIN};
  uint64_t deadline = scu_engine_deadline(t->engine), now = now_ms();
  int wait_ms = deadline == UINT64_MAX ? -1 : deadline > now ? (int)(deadline - now) : 0;
  if (poll(&poller, 1, wait_ms) == 0) {
    scu_engine_expire(t->engine, now_ms());
    return 1;
  }
  ssize_t got = recv(t->fd, bytes, sizeof bytes, 0);
  if (got <= 0) return 0;
  for (size_t at = 0, consumed; at < (size_t)got && !t->has_ended; at += consumed) {
    if (scu_engine_receive(t->engine, bytes + at, (size_t)got - at, &consumed, now_ms()) != SCU_OK) return 0;
    take_all(t);
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: engine_echo CALLED_AE HOST PORT\n");
    return 2;
  }
  const scu_engine_options options = {.size = sizeof options, .calling_ae = "EXAMPLE", .called_ae = argv[1]};
  talk t = {.code = 1, .fd = connect_to(argv[2], argv[3])};
  if (t.fd < 0 || scu_engine_new(&options, propose, NULL, &t.engine) != SCU_OK) {
    fprintf(stderr, "%s\n", t.fd < 0 ? "cannot connect" : "no AE title, or no memory");
    if (t.fd >= 0) close(t.fd);
    return 1;
  }
  scu_engine_connected(t.engine, now_ms());
  while (!t.has_ended) {
    int is_there = send_output(&t);
    if (is_there && !scu_engine_wants_close(t.engine)) is_there = read_input(&t);
    if (!is_there || scu_engine_wants_close(t.engine)) scu_engine_closed(t.engine, now_ms());
    take_all(&t);
  }
  scu_engine_free(t.engine);
  close(t.fd);
  return t.code;
}
