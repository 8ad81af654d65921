/* scu listen: a storage provider that writes what it is sent to disk. */
#include <inttypes.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "listen_address.h"
#include "retrieve.h"
#include "scu/listener.h"
#include "signals.h"

static void say_ready(cli *context, const scu_listener *listener) {
  if (context->is_json) {
    json_begin(context, NULL);
    json_open(stdout, "listening");
    json_text(stdout, "address", scu_listener_address(listener));
    json_number(stdout, "port", (uint64_t)scu_listener_port(listener));
    json_text(stdout, "aet", scu_listener_ae(listener));
    json_close(stdout);
  }
  /* Scripts wait for this line: it comes with --quiet, too. */
  say_always(context, "listening on %s as %s", scu_listener_address(listener), scu_listener_ae(listener));
}

static void say_summary(cli *context, const scu_listener *listener) {
  char bytes[32];
  format_bytes(scu_listener_bytes(listener), bytes);
  say(context, "received %" PRIu64 " instances, %" PRIu64 " failed (%s)",
      scu_listener_count(listener, SCU_OUTCOME_OK) + scu_listener_count(listener, SCU_OUTCOME_WARNING),
      scu_listener_count(listener, SCU_OUTCOME_FAILED), bytes);
}

static void listen_until_stopped(cli *context, scu_sink *sink) {
  scu_listener *listener = NULL;
  scu_hooks hooks = cli_hooks(context);
  scu_result result = scu_listener_new(NULL, &listener, context->options, sink);
  if (result == SCU_OK) result = scu_listener_set_hooks(listener, &hooks);
  if (result == SCU_OK) {
    signals_aim_at_listener(listener);
    say_ready(context, listener);
    result = scu_listener_run(listener);
    say_summary(context, listener);
  }
  if (result != SCU_OK && listener) report_error(context, scu_listener_error(listener));
  if (!listener) report_fault(context, result, SCU_PHASE_LISTEN, NULL, "out of memory");
  if (signals_count() > 1) exit_add(&context->causes, EXIT_INTERRUPTED);
  signals_hold(1);
  signals_aim_at_listener(NULL);
  scu_listener_free(listener);
  signals_hold(0);
}

static void run(cli *context, const arguments *args) {
  context->is_receiving = true;
  if (args->positional_count > 0) {
    report_usage(context, NULL, "`scu listen` takes options only, not '%s'", args->positional[0]);
    return;
  }
  if (!args->has[FLAG_OUTPUT]) {
    report_usage(context, "scu listen -o DIR --port 11112", "-o DIR is missing");
    return;
  }
  if (!listen_address_apply(context, args, FLAG_PORT)) return;
  scu_sink *sink = cli_sink(context, args);
  if (sink) listen_until_stopped(context, sink);
  scu_disk_sink_free(sink);
}

const command command_listen = {
    .name = "listen",
    .bit = ON_LISTEN,
    .uses = SCU_USED_BY_LISTENER | SCU_USED_BY_SINK | SCU_USED_BY_LAYOUT,
    .synopsis = "listen -o DIR [--port [ADDR:]N] [--aet NAME] [--accept-from AET,...]",
    .summary = "receive what others send (C-STORE provider)",
    .text =
        "Writes DIR/STUDY/SERIES/INSTANCE.dcm and answers when a file is safe on disk. Says `listening on HOST:PORT\n"
        "as AET` on stderr when it is ready. Ctrl-C finishes what is coming in and ends; a second one ends at once.\n",
    .examples = "scu listen -o incoming --port 11112 --aet WORKSTATION\n"
                "scu listen -o incoming --port 127.0.0.1:0 --accept-from PACS,MODALITY1 --json",
    .run = run,
};
