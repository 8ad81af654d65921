/* A storage listener with a sink of its own: counts what comes and keeps nothing. Ctrl-C stops it.
 * Usage: receive PORT      (0 = any free one; it says which) */
#include <scu/scu.h>
#include <signal.h>
#include <stdio.h>

static scu_listener *listener;

static void stop(int number) {
  (void)number;
  scu_listener_stop(listener);
}

/* The sink: four functions. This one could write to a database, an object store, a viewer's memory. */
static scu_result begin(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)outcome;
  printf("%s from %s\n", incoming->sop_instance_uid, incoming->calling_ae);
  return SCU_OK;
}

static scu_result write_bytes(void *user, void *instance, const uint8_t *bytes, size_t length,
                              scu_sink_outcome *outcome) {
  (void)instance, (void)bytes, (void)outcome;
  *(unsigned long long *)user += length;
  return SCU_OK;
}

static scu_result finish(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)completion;
  outcome->status = 0x0000; /* only say so when it is true: the sender will delete its copy */
  return SCU_OK;
}

static void discard(void *user, void *instance) {
  (void)user, (void)instance;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: receive PORT\n");
    return 2;
  }
  unsigned long long bytes = 0;
  scu_sink sink = {
      .size = sizeof sink, .begin = begin, .write = write_bytes, .finish = finish, .discard = discard, .user = &bytes};
  scu_options *options = NULL;
  scu_result result = scu_options_new(NULL, &options);
  if (result == SCU_OK) result = scu_options_parse(options, SCU_OPTION_LISTEN_PORT, argv[1]);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  if (result == SCU_OK) result = scu_listener_new(NULL, &listener, options, &sink);
  if (result == SCU_OK) {
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    fprintf(stderr, "listening on %s as %s\n", scu_listener_address(listener), scu_listener_ae(listener));
    result = scu_listener_run(listener);
    printf("%llu bytes\n", bytes);
  } else {
    const scu_error *error = listener ? scu_listener_error(listener) : options ? scu_options_error(options) : NULL;
    fprintf(stderr, "%s\n", error ? scu_error_reason(error) : scu_result_name(result));
  }
  scu_listener_free(listener);
  scu_options_free(options);
  return result == SCU_OK ? 0 : 1;
}
