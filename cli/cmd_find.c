/* scu find: C-FIND, matches to stdout as they come. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "match_printer.h"
#include "query_keys.h"
#include "scu/explain.h"

static scu_result write_stdout(void *user, const char *bytes, size_t length) {
  (void)user;
  return fwrite(bytes, 1, length, stdout) == length ? SCU_OK : SCU_ERROR_STORAGE;
}

void json_print_dataset(const scu_dataset *dataset) {
  scu_dataset_write_json(dataset, NULL, write_stdout, NULL);
  putchar('\n');
  fflush(stdout);
}

/* A record of its own, since the match is an object of the DICOM JSON model, which has no place for it. */
static void print_mismatch(uint64_t number, scu_tag mismatch) {
  char tag[16];
  snprintf(tag, sizeof tag, "%08X", (unsigned)mismatch);
  json_open(stdout, "mismatch");
  json_number(stdout, "match", number);
  json_text(stdout, "tag", tag);
  json_text(stdout, "keyword", scu_tag_keyword(mismatch));
  json_close(stdout);
}

static void print(match_printer *printer, const scu_matches *matches, const scu_dataset *match) {
  scu_tag mismatch = scu_matches_mismatch(matches);
  switch (printer->form) {
  case FORM_TABLE: table_print(printer, match, mismatch); break;
  case FORM_CSV: csv_print(printer, match); break;
  case FORM_JSON:
    json_print_dataset(match);
    if (mismatch) print_mismatch(scu_matches_count(matches), mismatch);
    break;
  }
}

/* What the matches were worth, for programs; people get it as warnings. */
static void print_answer(const scu_matches *matches) {
  json_open(stdout, "find");
  json_number(stdout, "matches", scu_matches_count(matches));
  json_number(stdout, "mismatches", scu_matches_mismatch_count(matches));
  json_number(stdout, "duplicates", scu_matches_duplicate_count(matches));
  json_text(stdout, "verdict", scu_find_verdict_name(scu_matches_verdict(matches)));
  json_text(stdout, "reason", scu_matches_verdict_text(matches));
  json_close(stdout);
}

/* PS3.7 C: a code has its class whoever sends it, so that C-FIND defines no warning makes none a failure. */
static bool is_warning(uint16_t code) {
  return strcmp(scu_explanation_class(scu_explain_status(C_FIND, code)), "warning") == 0;
}

/* The final status: a limit that was reached is an end as good as any. */
static void judge(cli *context, const arguments *args, const scu_matches *matches) {
  char status[STATUS_TEXT_MAX], commented[512];
  uint16_t code = scu_matches_status(matches);
  uint64_t count = scu_matches_count(matches);
  uint64_t limit = 0;
  if (args->has[FLAG_LIMIT]) argument_number(context, args, FLAG_LIMIT, 1, UINT32_MAX, &limit);
  bool was_enough = limit > 0 && count >= limit; /* whatever the peer made of our C-CANCEL */
  if (code != 0 && code != 0xFE00 && !was_enough) {
    format_status(C_FIND, code, status);
    const char *told = with_comment(context, status, scu_matches_comment(matches), commented);
    if (is_warning(code))
      say(context, "warning: the peer ended with status %s", told);
    else
      report_fault(context, SCU_ERROR_REFUSED, SCU_PHASE_RESPONSE,
                   status_hint(C_FIND, code, scu_matches_comment(matches)), "the peer ended with status %s", told);
  }
  if (count == 0 && code == 0) say(context, "no matches");
  if (count == 0 && args->has[FLAG_REQUIRE_MATCH]) exit_add(&context->causes, EXIT_NO_MATCH);
  if (was_enough) say(context, "stopped after %" PRIu64 " matches (--limit)", count);
  if (scu_matches_verdict(matches) == SCU_FIND_COMPLETE) say(context, "%s", scu_matches_verdict_text(matches));
  if (context->verbosity > 0) say(context, "%" PRIu64 " matches", count);
}

static void find(cli *context, const arguments *args, scu_session *session, const scu_query *query,
                 match_printer *printer) {
  scu_matches *matches = NULL;
  const scu_dataset *match;
  scu_result result = scu_find(session, query, &matches);
  if (result != SCU_OK) {
    report_error(context, scu_session_error(session));
    scu_matches_close(matches);
    return;
  }
  while ((result = scu_matches_next(matches, &match)) == SCU_OK) {
    print(printer, matches, match);
    context->ok++;
    if (output_is_broken(context)) break;
  }
  if (result == SCU_END)
    judge(context, args, matches);
  else if (result != SCU_OK)
    report_error(context, scu_matches_error(matches));
  if (context->is_json) print_answer(matches);
  scu_matches_close(matches);
}

static bool choose_form(cli *context, const arguments *args, match_printer *printer) {
  if (args->has[FLAG_JSON] + args->has[FLAG_CSV] + args->has[FLAG_TABLE] > 1) {
    report_usage(context, NULL, "--json, --csv and --table exclude each other");
    return false;
  }
  printer->form = args->has[FLAG_JSON] ? FORM_JSON : args->has[FLAG_CSV] ? FORM_CSV : FORM_TABLE;
  printer->is_terminal = isatty(STDOUT_FILENO) == 1;
  return true;
}

static void run(cli *context, const arguments *args) {
  match_printer printer = {.form = FORM_TABLE};
  if (args->positional_count == 0) {
    report_usage(context, "scu find AET@host:port KEY=VALUE...", "no peer is named");
    return;
  }
  if (!choose_form(context, args, &printer)) return;
  scu_query *query = query_from_arguments(context, args, true);
  if (!query) return;
  match_columns_choose(&printer.columns, query_depth(query, args), args);
  if (printer.form != FORM_JSON) query_ask_for_columns(query);
  scu_session *session = cli_session(context, args->positional[0]);
  if (session) {
    json_begin(context, args->positional[0]);
    find(context, args, session, query, &printer);
    cli_session_free(session);
  }
  scu_query_free(query);
}

const command command_find = {
    .name = "find",
    .bit = ON_FIND,
    .uses = SCU_USED_BY_SESSION | SCU_USED_BY_FIND,
    .synopsis = "find PEER [KEY=VALUE...] [-k KEY...] [--level LEVEL] [--model MODEL] [OPTION...]",
    .summary = "ask an archive what it has (C-FIND)",
    .text =
        "A KEY is a keyword (PatientName), a tag (0010,0010) or a path (Sequence[0].Modality); values may have\n"
        "wildcards (DOE*). Dates: 20240131, 2024-01 (that month), 2024, 20240101-20241231, 20240101- (since\n"
        "then), today, yesterday, -7d (since then).\n"
        "The level is that of the deepest key named; in Study Root, patient attributes are study keys.\n"
        "--depth asks for what is below the matches: `--depth image` gives every instance of the studies that match.\n"
        "\n"
        "Several values (ModalitiesInStudy='CT\\MR') mean any of them, whatever the peer makes of lists: each is "
        "asked\n"
        "for and a match comes once. So it is with times across midnight (StudyTime=2200-0600).\n"
        "\n"
        "--query starts from the keys of a DICOM file or of DICOM JSON; those named here replace them.\n"
        "\n"
        "A match that does not meet a key is marked with ! and the key (--json: a record behind it, --csv: not), and\n"
        "left out with --strict. What a match does not say meets any key; case and accents of names are no matter.\n"
        "\n"
        "Many archives give so many matches and no more. A warning says when an answer looks cut off; --split then "
        "asks\n"
        "for the studies in parts by date and time, and says what is proven: `complete`, or what cannot be asked for.\n"
        "\n"
        "In a worklist there are no levels; keywords of the scheduled step, such as Modality or\n"
        "ScheduledProcedureStepStartDate, stand for their path in ScheduledProcedureStepSequence.\n"
        "\n"
        "What --extended asks for needs the peer's consent (PS3.4 C.5); a warning says what it does not give:\n"
        "  date-time  a range of dates and one of times are one range\n"
        "  fuzzy      names that sound or are written alike match\n"
        "  timezone   times are in the zone of the key TimezoneOffsetFromUTC\n"
        "  view       enhanced multi-frame images as the key QueryRetrieveView says\n"
        "  empty      the value \"\" (two quotation marks) matches what has no value\n"
        "  multiple   of several values in a key (CT\\MR) all have to be there, not any (C.2.2.2.8)\n",
    .examples = "scu find PACS@10.0.0.5:104 PatientName='DOE*' StudyDate=-7d\n"
                "scu find pacs StudyInstanceUID=1.2.3 --level series --csv\n"
                "scu find pacs --level patient --all --json\n"
                "scu find pacs AccessionNumber=4711 --depth image --json\n"
                "scu find ris --model worklist ScheduledProcedureStepStartDate=today",
    .run = run,
};
