/* scu archive: a small PACS on a folder. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "listen_address.h"
#include "retrieve.h"
#include "scu/archive.h"
#include "secret_file.h"
#include "signals.h"

static void say_ready(cli *context, const scu_archive *archive) {
  if (context->is_json) {
    json_begin(context, NULL);
    json_open(stdout, "listening");
    json_text(stdout, "address", scu_archive_address(archive));
    json_number(stdout, "port", (uint64_t)scu_archive_port(archive));
    json_text(stdout, "aet", scu_archive_ae(archive));
    json_close(stdout);
  }
  /* Scripts wait for this line: it comes with --quiet, too. */
  say_always(context, "listening on %s as %s", scu_archive_address(archive), scu_archive_ae(archive));
}

/* NAME=AET@host:port; the name is what a C-MOVE asks for. */
static bool add_peers(cli *context, scu_archive *archive, const arguments *args) {
  for (size_t i = 0; i < args->key_count; i++) {
    const char *text = args->keys[i], *split = strchr(text, '=');
    char name[17];
    if (!split || split == text || (size_t)(split - text) >= sizeof name) {
      report_usage(context, "--peer WORKSTATION=WS@127.0.0.1:11112", "--peer '%s' is not NAME=AET@host:port", text);
      return false;
    }
    memcpy(name, text, (size_t)(split - text));
    name[split - text] = 0;
    if (scu_archive_add_peer(archive, name, split + 1) == SCU_OK) continue;
    report_error(context, scu_archive_error(archive));
    return false;
  }
  return true;
}

/* NAME or NAME:FILE; the first : is where the name ends. */
static bool add_user(cli *context, scu_archive *archive, const char *text) {
  const char *split = strchr(text, ':');
  char name[256];
  size_t length = split ? (size_t)(split - text) : strlen(text);
  if (length == 0 || length >= sizeof name) {
    report_usage(context, "--accept-user alice:/etc/scu/alice.passcode",
                 "--accept-user: the name is empty or too long");
    return false;
  }
  memcpy(name, text, length);
  name[length] = 0;
  secret *passcode = split ? secret_read(context, "--accept-user", split + 1) : NULL;
  if (split && !passcode) return false;
  scu_result result =
      scu_archive_accept_user(archive, name, passcode ? passcode->bytes : NULL, passcode ? passcode->length : 0);
  secret_free(passcode);
  if (result == SCU_OK) return true;
  report_error(context, scu_archive_error(archive));
  return false;
}

static void serve(cli *context, scu_archive *archive, const arguments *args) {
  if (!add_peers(context, archive, args)) return;
  for (size_t i = 0; i < args->user_count; i++)
    if (!add_user(context, archive, args->users[i])) return;
  signals_aim_at_archive(archive);
  if (args->value[FLAG_FAULT]) say(context, "warning: it misbehaves on purpose: --fault '%s'", args->value[FLAG_FAULT]);
  say_ready(context, archive);
  scu_result result = scu_archive_run(archive);
  if (result != SCU_OK) report_error(context, scu_archive_error(archive));
  if (signals_count() > 1) exit_add(&context->causes, EXIT_INTERRUPTED);
}

typedef struct checking {
  cli *context;
  const char *root;
  char reason[512]; /* why the check itself failed */
} checking;

static void tell_problem(void *user, const char *path, const char *reason) {
  checking *c = user;
  if (strcmp(path, c->root) == 0) {
    snprintf(c->reason, sizeof c->reason, "%s", reason);
    return;
  }
  if (c->context->is_json) {
    json_open(stdout, "problem");
    json_text(stdout, "path", path);
    json_text(stdout, "reason", reason);
    json_close(stdout);
  }
  say_always(c->context, "%s: %s", path, reason);
}

static void say_check(cli *context, const scu_archive_check *check) {
  if (context->is_json) {
    json_open(stdout, "check");
    json_number(stdout, "files", check->files);
    json_number(stdout, "indexed", check->indexed);
    json_number(stdout, "added", check->added);
    json_number(stdout, "removed", check->removed);
    json_number(stdout, "damaged", check->damaged);
    json_number(stdout, "rebuilt", (uint64_t)check->rebuilt);
    json_close(stdout);
  }
  say(context,
      "%" PRIu64 " files: %" PRIu64 " indexed (%" PRIu64 " rows added or mended, %" PRIu64 " removed), %" PRIu64
      " damaged",
      check->files, check->indexed, check->added, check->removed, check->damaged);
}

static void run_check(cli *context, const char *root) {
  checking c = {.context = context, .root = root};
  scu_archive_check check = {.size = sizeof check};
  json_begin(context, NULL);
  scu_result result = scu_archive_verify(NULL, root, &check, tell_problem, &c);
  if (result != SCU_OK) {
    report_fault(context, result, SCU_PHASE_STORAGE, NULL, "%s: %s", root, c.reason);
    return;
  }
  say_check(context, &check);
  if (check.damaged > 0) exit_add(&context->causes, EXIT_VERIFICATION);
}

static void run(cli *context, const arguments *args) {
  if (args->positional_count != 1) {
    report_usage(context, "scu archive DIR --port 11112", "one folder is needed, %zu are named",
                 args->positional_count);
    return;
  }
  if (args->has[FLAG_CHECK]) {
    run_check(context, args->positional[0]);
    return;
  }
  context->is_receiving = true;
  if (!listen_address_apply(context, args, FLAG_PORT)) return;
  const char *address = "";
  scu_options_get_text(context->options, SCU_OPTION_LISTEN_ADDRESS, &address);
  if (args->has[FLAG_DEMO] && !*address) scu_options_set_text(context->options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  scu_disk_sink_options disk = {.size = sizeof disk};
  scu_disk_sink_options_from(context->options, &disk);
  scu_hooks hooks = cli_hooks(context);
  scu_archive_options options = {
      .size = sizeof options,
      .root = args->positional[0],
      .durability = disk.durability,
      .on_duplicate = disk.on_duplicate,
      .demo = args->has[FLAG_DEMO],
      .fault = args->value[FLAG_FAULT],
      .hooks = &hooks,
  };
  scu_archive *archive = NULL;
  scu_result result = scu_archive_new(NULL, &archive, context->options, &options);
  if (result == SCU_OK)
    serve(context, archive, args);
  else if (archive)
    report_error(context, scu_archive_error(archive));
  else
    report_fault(context, result, SCU_PHASE_LISTEN, NULL, "out of memory");
  signals_hold(1);
  signals_aim_at_archive(NULL);
  scu_archive_free(archive);
  signals_hold(0);
}

const command command_archive = {
    .name = "archive",
    .bit = ON_ARCHIVE,
    .uses = SCU_USED_BY_LISTENER | SCU_USED_BY_SINK,
    .synopsis = "archive DIR [--port [ADDR:]N] [--aet NAME] [--demo] [--peer NAME=AET@host:port ...] [--accept-user "
                "NAME[:FILE] ...]",
    .summary = "a small PACS on a folder: store, find, move, get",
    .text =
        "Keeps what it is sent as files under DIR/objects with an index beside them, and answers queries and\n"
        "retrievals. Says `listening on HOST:PORT as AET` on stderr when it is ready. --demo fills an empty DIR with\n"
        "phantom images. Ctrl-C finishes what is coming in and ends; a second one ends at once.\n"
        "\n"
        "With --accept-user every association has to say who is asking (PS3.7 D.3.3.7): a name, with the passcode in\n"
        "FILE where one is given. It is confirmed when the peer asks; anybody else is rejected.\n"
        "\n"
        "--check reads every file, makes the index agree with them - anew where it is damaged - and ends: with 10\n"
        "when a file is damaged, which is told and left as it is.\n",
    .examples = "scu archive pacs --port 127.0.0.1:11112 --aet ARCHIVE --demo\n"
                "scu archive pacs --peer WORKSTATION=WS@127.0.0.1:11113\n"
                "scu archive pacs --check",
    .run = run,
};
