/* scu commit: storage commitment of files, instances named by UIDs, and of what is open from before. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "commitment.h"
#include "errors.h"
#include "json_lines.h"
#include "list.h"
#include "paths.h"
#include "scu/query.h"
#include "signals.h"

/* UIDs that go into one query. */
enum { UIDS_PER_QUERY = 64, UID_MAX = 64 };

typedef struct asking {
  cli *context;
  const arguments *args;
  scu_session *session;
  scu_source *source;
  bool has_paths;
  char uids[UIDS_PER_QUERY][UID_MAX + 1]; /* without a class, to be looked up */
  bool is_found[UIDS_PER_QUERY];
  size_t uid_count;
} asking;

/* --- a bare UID: which class? ------------------------------------------------------------------------------------- */

/* Some peers answer more than was asked for. */
static void take_match(asking *a, const scu_dataset *match) {
  char sop_class[UID_MAX + 1] = "", instance[UID_MAX + 1] = "";
  scu_dataset_text(match, "SOPClassUID", sop_class, sizeof sop_class);
  scu_dataset_text(match, "SOPInstanceUID", instance, sizeof instance);
  for (size_t i = 0; i < a->uid_count; i++) {
    if (strcmp(a->uids[i], instance) != 0) continue;
    if (!a->is_found[i]) commitment_add(a->context, sop_class, instance);
    a->is_found[i] = true;
  }
}

static scu_result find(asking *a, const scu_query *query) {
  scu_matches *matches = NULL;
  const scu_dataset *match;
  scu_result result = scu_find(a->session, query, &matches);
  while (result == SCU_OK && (result = scu_matches_next(matches, &match)) == SCU_OK) take_match(a, match);
  if (result < 0) report_error(a->context, matches ? scu_matches_error(matches) : scu_session_error(a->session));
  scu_matches_close(matches);
  return result == SCU_END ? SCU_OK : result;
}

static scu_result make_query(const asking *a, scu_query **query) {
  char joined[UIDS_PER_QUERY * (UID_MAX + 1) + 1] = "";
  size_t length = 0;
  for (size_t i = 0; i < a->uid_count; i++)
    length += (size_t)snprintf(joined + length, sizeof joined - length, "%s%s", i ? "\\" : "", a->uids[i]);
  scu_result result = scu_query_new(NULL, query);
  if (result == SCU_OK) result = scu_query_set_level(*query, SCU_LEVEL_IMAGE);
  if (result == SCU_OK) result = scu_query_set(*query, "SOPInstanceUID", joined);
  if (result == SCU_OK) result = scu_query_return(*query, "SOPClassUID");
  return result;
}

static bool look_up(asking *a) {
  scu_query *query = NULL;
  if (a->uid_count == 0) return true;
  memset(a->is_found, 0, sizeof a->is_found);
  scu_result result = make_query(a, &query);
  if (result != SCU_OK)
    report_fault(a->context, result, SCU_PHASE_USAGE, NULL, "the UIDs cannot be looked up");
  else
    result = find(a, query);
  scu_query_free(query);
  for (size_t i = 0; i < a->uid_count && result == SCU_OK; i++) {
    if (a->is_found[i]) continue;
    say_always(a->context, "failed: %s: the peer does not find it, so its SOP class is not known", a->uids[i]);
    a->context->failed++;
    exit_add(&a->context->causes, EXIT_PARTIAL);
  }
  a->uid_count = 0;
  return result == SCU_OK;
}

/* --- what was named ----------------------------------------------------------------------------------------------- */

static size_t uid_length(const char *text) {
  return strspn(text, "0123456789.");
}

static bool is_uid(const char *text) {
  size_t length = uid_length(text);
  return length > 0 && length <= UID_MAX && text[length] == 0;
}

/* "1.2.840.10008.5.1.4.1.1.2:1.2.3" */
static bool is_reference(const char *text, char sop_class[UID_MAX + 1], const char **instance) {
  size_t length = uid_length(text);
  if (length == 0 || length > UID_MAX || text[length] != ':' || !is_uid(text + length + 1)) return false;
  memcpy(sop_class, text, length);
  sop_class[length] = 0;
  *instance = text + length + 1;
  return true;
}

/* A file of that name goes before a UID: it says its class itself. */
static bool take_word(asking *a, const char *word) {
  char sop_class[UID_MAX + 1];
  const char *instance;
  struct stat status;
  if (is_reference(word, sop_class, &instance)) {
    commitment_add(a->context, sop_class, instance);
    return true;
  }
  if (!is_uid(word) || stat(word, &status) == 0) {
    a->has_paths = true;
    scu_result result = path_add(word, a->args, a->source);
    if (result != SCU_OK) report_fault(a->context, result, SCU_PHASE_USAGE, NULL, "cannot take %s", word);
    return result == SCU_OK;
  }
  memcpy(a->uids[a->uid_count], word, strlen(word) + 1);
  return ++a->uid_count < UIDS_PER_QUERY || look_up(a);
}

static bool take_list(asking *a) {
  if (!a->args->has[FLAG_FROM]) return true;
  list *words = list_open(a->context, a->args->value[FLAG_FROM], a->args->has[FLAG_NULL]);
  if (!words) return false;
  const char *word;
  scu_result result = SCU_OK;
  while (result == SCU_OK && (result = list_next(words, &word)) == SCU_OK)
    if (!take_word(a, word)) result = SCU_ERROR_USAGE;
  list_close(words);
  return result == SCU_END;
}

/* Files are read as for sending, and nothing is sent. */
static bool read_paths(asking *a) {
  scu_store_report *report = NULL;
  if (!a->has_paths) return true;
  a->context->is_only_reading = true;
  scu_result result = scu_store_dry_run(a->session, a->source, &report);
  a->context->is_only_reading = false;
  if (result != SCU_OK) report_error(a->context, scu_session_error(a->session));
  if (report && (a->context->failed > 0 || scu_store_report_named_skips(report) > 0))
    exit_add(&a->context->causes, EXIT_PARTIAL);
  scu_store_report_free(report);
  return result == SCU_OK;
}

static bool take_words(asking *a) {
  for (size_t i = 1; i < a->args->positional_count; i++)
    if (!take_word(a, a->args->positional[i])) return false;
  return take_list(a) && look_up(a) && read_paths(a);
}

static void ask(cli *context, const arguments *args, scu_session *session) {
  asking *a = calloc(1, sizeof *a);
  if (!a || scu_source_new(NULL, &a->source) != SCU_OK) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    free(a);
    return;
  }
  a->context = context;
  a->args = args;
  a->session = session;
  bool is_good = take_words(a);
  if (is_good && signals_count() == 0 && scu_commitment_count(context->wanted) > 0)
    commitment_ask(context, session, "instance");
  else if (is_good)
    say(context, "no instances to commit");
  scu_source_free(a->source);
  free(a);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static bool check(cli *context, const arguments *args) {
  bool is_resumed = args->has[FLAG_RESUME];
  bool has_words = args->positional_count > 1 || args->has[FLAG_FROM];
  const char *fault = NULL;
  if (args->positional_count == 0)
    fault = "no peer is named";
  else if (is_resumed && has_words)
    fault = "--resume is about what is in the ledger: no files or UIDs beside it";
  else if (!is_resumed && !has_words)
    fault = "no files or UIDs are named";
  else if (args->has[FLAG_ONLY_LISTEN] && !is_resumed)
    fault = "--only-listen goes with --resume";
  else if (args->has[FLAG_NULL] && !args->has[FLAG_FROM])
    fault = "--null is about a list: --from LIST is missing";
  if (!fault) return commitment_apply(context, args);
  report_usage(context, "scu commit AET@host:port PATH... | CLASS:INSTANCE... | UID... | --resume", "%s", fault);
  return false;
}

static void run(cli *context, const arguments *args) {
  if (!check(context, args) || !commitment_begin(context)) return;
  scu_session *session = cli_session(context, args->positional[0]);
  if (session) {
    json_begin(context, args->positional[0]);
    if (args->has[FLAG_RESUME])
      commitment_resume(context, session, args->has[FLAG_ONLY_LISTEN]);
    else
      ask(context, args, session);
    context->ok = context->committed;
    context->failed += context->not_committed;
  }
  cli_session_free(session);
  commitment_end(context);
}

const command command_commit = {
    .name = "commit",
    .bit = ON_COMMIT,
    .uses = SCU_USED_BY_SESSION | SCU_USED_BY_COMMIT,
    .synopsis = "commit PEER (PATH... | CLASS:INSTANCE... | UID... | --from LIST|- | --resume)",
    .summary = "ask whether a peer keeps instances for good (storage commitment)",
    .text = "Files and folders are read for their UIDs. A SOP Instance UID alone is looked up at the peer (C-FIND).\n"
            "The result may come on a connection of the peer's: it must know our AE title (--aet), host and port, or\n"
            "give the result on ours. What has no result in time stays in the ledger: --resume asks again and waits,\n"
            "and tells what came in the meantime, also to other runs of scu.\n",
    .examples = "scu commit PACS@10.0.0.5:104 -r /data/images --aet WORKSTATION\n"
                "scu commit pacs 1.2.840.10008.5.1.4.1.1.2:1.2.3.4 --timeout-commit 1h\n"
                "scu commit pacs --resume",
    .run = run,
};
