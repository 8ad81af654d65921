/* scu store: C-STORE of files, folders, the files of a DICOMDIR, and lists. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commitment.h"
#include "errors.h"
#include "json_lines.h"
#include "list.h"
#include "paths.h"
#include "query_keys.h"
#include "signals.h"

/* The peer first, then paths. */
static bool add_paths(cli *context, const arguments *args, scu_source *source) {
  for (size_t i = 1; i < args->positional_count; i++) {
    const char *path = args->positional[i];
    scu_result result = path_add(path, args, source);
    if (result == SCU_OK) continue;
    report_fault(context, result, SCU_PHASE_USAGE, NULL, "cannot take %s", path);
    return false;
  }
  return true;
}

/* Something failed: partial when anything got across or when it is not the peer's doing, else the peer's refusal. */
static void judge(cli *context, const scu_store_report *report, scu_result result) {
  uint64_t across = context->ok + context->warnings;
  uint64_t named = scu_store_report_named_skips(report);
  if (context->failed + named == 0) return;
  if (across == 0 && (result != SCU_OK || context->refused == context->failed + named)) {
    if (result == SCU_OK) exit_add(&context->causes, EXIT_REFUSED);
    return;
  }
  exit_add(&context->causes, EXIT_PARTIAL);
}

static void say_summary(cli *context, const arguments *args, const scu_store_report *report) {
  char bytes[32], elapsed[32], rest[160] = "";
  uint64_t across = context->ok + context->warnings, untried = context->untried;
  size_t length = 0;
  format_bytes(scu_store_report_bytes(report), bytes);
  format_seconds(scu_store_report_elapsed_ms(report), elapsed);
  const struct {
    uint64_t count;
    const char *words;
  } parts[] = {{context->warnings, "with warnings"},
               {context->failed, "failed"},
               {context->skipped - untried, "skipped"},
               {untried, "not tried"}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (parts[i].count && length < sizeof rest - 48)
      length +=
          (size_t)snprintf(rest + length, sizeof rest - length, ", %" PRIu64 " %s", parts[i].count, parts[i].words);
  say(context, "%s %" PRIu64 " of %" PRIu64 " instances%s (%s, %s)", args->has[FLAG_DRY_RUN] ? "would send" : "sent",
      across, across + context->failed + untried, rest, bytes, elapsed);
}

/* --set KEY=VALUE: the key ends at the first =, an empty value makes an empty attribute. False: reported. */
static bool set(cli *context, scu_edits *edits, const char *text) {
  char key[512];
  size_t length = strcspn(text, "=");
  if (text[length] == 0 || length >= sizeof key) {
    report_usage(context, "--set PatientID=4711, or --set PatientID= for an empty value", "--set wants KEY=VALUE");
    return false;
  }
  memcpy(key, text, length);
  key[length] = 0;
  const char *value = text + length + 1;
  scu_result result = *value ? scu_edits_set_text(edits, key, value) : scu_edits_set_empty(edits, key);
  if (result != SCU_OK) report_error(context, scu_edits_error(edits));
  return result == SCU_OK;
}

static bool take_edits(cli *context, const arguments *args, scu_edits *edits) {
  bool is_good = !args->has[FLAG_REMOVE_PRIVATE] || scu_edits_remove_private(edits) == SCU_OK;
  for (size_t i = 0; i < args->edit_count && is_good; i++) {
    const edit_argument *edit = &args->edits[i];
    if (edit->id == FLAG_SET) {
      is_good = set(context, edits, edit->text);
    } else {
      is_good = scu_edits_remove(edits, edit->text) == SCU_OK;
      if (!is_good) report_error(context, scu_edits_error(edits));
    }
  }
  return is_good;
}

/* False: reported. */
static bool add_edits(cli *context, const arguments *args, scu_source *source) {
  scu_edits *edits = NULL;
  if (args->edit_count == 0 && !args->has[FLAG_REMOVE_PRIVATE]) return true;
  scu_result result = scu_edits_new(NULL, &edits);
  bool is_good = result == SCU_OK && take_edits(context, args, edits);
  if (is_good) result = scu_source_set_edits(source, edits);
  if (result != SCU_OK) report_fault(context, result, SCU_PHASE_USAGE, NULL, "out of memory");
  scu_edits_free(edits);
  return is_good && result == SCU_OK;
}

/* Of what got across, by the UIDs that it has there. */
static void commit(cli *context, scu_session *session) {
  size_t count = scu_commitment_count(context->wanted);
  if (count == 0) return;
  if (signals_count() == 0) {
    commitment_ask(context, session, "commitment");
  } else {
    context->not_committed += count;
    say(context, "interrupted: no commitment was asked for");
  }
}

static void store(cli *context, const arguments *args, scu_session *session, scu_source *source) {
  scu_store_report *report = NULL;
  json_begin(context, args->positional[0]);
  scu_result result =
      args->has[FLAG_DRY_RUN] ? scu_store_dry_run(session, source, &report) : scu_store(session, source, &report);
  /* A list that could not be read has said so itself. */
  if (result != SCU_OK && context->causes.first == EXIT_DONE) report_error(context, scu_session_error(session));
  judge(context, report, result);
  if (report) say_summary(context, args, report);
  if (context->wanted) commit(context, session);
  scu_store_report_free(report);
}

static bool sets_instance_uid(const arguments *args) {
  static const char wanted[] = "SOPInstanceUID";
  char key[512];
  for (size_t i = 0; i < args->edit_count; i++) {
    size_t length = strcspn(args->edits[i].text, "=");
    if (args->edits[i].id != FLAG_SET || length >= sizeof key) continue;
    memcpy(key, args->edits[i].text, length);
    key[length] = 0;
    if (is_same_attribute(key, wanted)) return true;
  }
  return false;
}

/* The second instance of that name would be refused here, or worse, take the place of the first at the peer. */
static bool check_instance_uid(cli *context, const arguments *args) {
  bool is_one_file = args->positional_count == 2 && !args->has[FLAG_FROM] && path_is_one_file(args->positional[1]);
  if (is_one_file || !sets_instance_uid(args)) return true;
  report_usage(context, "scu store AET@host:port FILE --set SOPInstanceUID=UID",
               "--set gives one SOP Instance UID, and no two instances may have the same: name a single file");
  return false;
}

static bool check(cli *context, const arguments *args) {
  uint64_t jobs = 1;
  if (args->has[FLAG_JOBS] && strcmp(args->value[FLAG_JOBS], "auto") != 0) {
    uint64_t most = (uint64_t)scu_option_find(SCU_OPTION_STORE_ASSOCIATIONS)->maximum;
    if (!argument_number(context, args, FLAG_JOBS, 1, most, &jobs)) return false;
    scu_options_set_integer(context->options, SCU_OPTION_STORE_ASSOCIATIONS, (int64_t)jobs);
  }
  const char *fault = NULL;
  if (args->has[FLAG_NULL] && !args->has[FLAG_FROM])
    fault = "--null is about a list: --from LIST is missing";
  else if (args->has[FLAG_COMMIT] && args->has[FLAG_DRY_RUN])
    fault = "--commit is about what was sent: not with --dry-run";
  else if (args->has[FLAG_LISTEN] && !args->has[FLAG_COMMIT])
    fault = "--listen is for the result of a commitment: --commit is missing";
  if (fault) report_usage(context, NULL, "%s", fault);
  if (fault || (args->has[FLAG_COMMIT] && !commitment_apply(context, args))) return false;
  if (args->positional_count >= 2 || (args->positional_count == 1 && args->has[FLAG_FROM]))
    return check_instance_uid(context, args);
  report_usage(context, "scu store AET@host:port PATH...",
               args->positional_count == 0 ? "no peer and no files are named" : "no files are named");
  return false;
}

static void run(cli *context, const arguments *args) {
  scu_source *source = NULL;
  list *paths = NULL;
  if (!check(context, args) || (args->has[FLAG_COMMIT] && !commitment_begin(context))) return;
  scu_session *session = cli_session(context, args->positional[0]);
  if (!session) goto done;
  scu_result result = scu_source_new(NULL, &source);
  if (result != SCU_OK) report_fault(context, result, SCU_PHASE_USAGE, NULL, "out of memory");
  if (result != SCU_OK || !add_edits(context, args, source) || !add_paths(context, args, source)) goto done;
  if (args->has[FLAG_FROM]) {
    paths = list_open(context, args->value[FLAG_FROM], args->has[FLAG_NULL]);
    if (!paths || scu_source_add_iterator(source, list_next, paths) != SCU_OK) goto done;
  }
  store(context, args, session, source);
done:
  cli_session_free(session);
  scu_source_free(source);
  list_close(paths);
  commitment_end(context);
}

const command command_store = {
    .name = "store",
    .bit = ON_STORE,
    .uses = SCU_USED_BY_SESSION | SCU_USED_BY_STORE | SCU_USED_BY_COMMIT,
    .synopsis = "store PEER PATH... [-r] [--from LIST|-] [--set KEY=VALUE...] [--remove KEY...] [--commit] [--dry-run]",
    .summary = "send files, folders, a list, what a DICOMDIR names (C-STORE)",
    .text = "Every file is checked before it is offered: one that is cut short is not sent.\n"
            "A file that is named and is not DICOM has failed; in a folder it is skipped and counted.\n"
            "A DICOMDIR that is named stands for the files it names, below its own folder and nowhere else.\n"
            "\n"
            "--set and --remove edit what is sent, not the files; keys are those of `scu find`, values UTF-8. An\n"
            "instance that cannot take an edit, as its character set does not hold the text, has failed. What is no\n"
            "value of its attribute (a date that is none, more letters or values than it may have) is refused.\n"
            "--commit asks afterwards whether the peer keeps what it took for good (see `scu help commit`).\n",
    .examples = "scu store PACS@10.0.0.5:104 image.dcm\n"
                "scu store PACS@10.0.0.5:104 -r /data/images --filter '*.dcm'\n"
                "scu store PACS@10.0.0.5:104 /media/cdrom/DICOMDIR\n"
                "scu store pacs image.dcm --set PatientID=4711 --remove OtherPatientIDs\n"
                "find /data -name '*.dcm' -print0 | scu store pacs --from - --null",
    .run = run,
};
