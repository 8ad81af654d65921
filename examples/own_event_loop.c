/* libscu inside somebody else's event loop: here poll(2); glib, libuv or a GUI do the same with one descriptor and one
 * time-out. Echoes several peers at once. Usage: own_event_loop AET@host:port... */
#include <poll.h>
#include <scu/scu.h>
#include <stdio.h>

enum { PEERS_MAX = 16 };

static int print_result(const char *peer, scu_op *op) {
  scu_response *response = NULL;
  if (scu_op_state(op) != SCU_OK || scu_echo_take(op, &response) != SCU_OK) {
    printf("%s: %s\n", peer, scu_error_reason(scu_op_error(op)));
    return 1;
  }
  printf("%s: status %04XH\n", peer, scu_response_status(response));
  scu_response_free(response);
  return 0;
}

int main(int argc, char **argv) {
  scu_loop *loop = NULL;
  scu_session *sessions[PEERS_MAX] = {NULL};
  scu_op *ops[PEERS_MAX] = {NULL};
  int count = argc - 1 > PEERS_MAX ? PEERS_MAX : argc - 1, running = 0, failed = 0;
  if (count < 1 || scu_loop_new(NULL, &loop) != SCU_OK) {
    fprintf(stderr, "usage: own_event_loop AET@host:port...\n");
    return 2;
  }
  for (int i = 0; i < count; i++) {
    if (scu_session_new_on(loop, &sessions[i], NULL, argv[i + 1]) == SCU_OK) ops[i] = scu_echo_start(sessions[i]);
    if (ops[i])
      running++;
    else
      failed++;
  }
  while (running > 0) {
    struct pollfd ours = {.fd = scu_loop_fd(loop), .events = POLLIN}; /* beside the host's own descriptors */
    poll(&ours, 1, scu_loop_timeout_ms(loop));
    scu_loop_step(loop);
    for (int i = 0; i < count; i++) {
      if (!ops[i] || scu_op_state(ops[i]) == SCU_PENDING) continue;
      failed += print_result(argv[i + 1], ops[i]);
      scu_op_free(ops[i]);
      ops[i] = NULL;
      running--;
    }
  }
  for (int i = 0; i < count; i++) scu_session_free(sessions[i]);
  scu_loop_free(loop);
  return failed > 0 ? 1 : 0;
}
