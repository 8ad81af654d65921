/* `scu help`, `scu help COMMAND` and `scu COMMAND --help`. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "exit_code.h"
#include "scu/version.h"
#include "tables.h"
#include "wrapped.h"

enum { OPTION_COLUMN = 27, OPTION_HELP_MAX = 512, NAMES_MAX = 4096 };

/* As SCU_USED_BY_SESSION goes: these commands begin with one. */
#define PEER_IS "A PEER is AET@host:port, scu://AET@host:port (without port: 104), or a name from the node file.\n"

void help_print_overview(void) {
  printf("scu %s: send, find and fetch DICOM images\n\n"
         "  scu echo PACS@10.0.0.5:104\n"
         "  scu store PACS@10.0.0.5:104 -r /data/images\n"
         "  scu find PACS@10.0.0.5:104 PatientName='DOE*' StudyDate=-7d\n"
         "  scu get PACS@10.0.0.5:104 StudyInstanceUID=1.2.3 -o images\n"
         "\nusage: scu COMMAND [ARGUMENTS]\n\n",
         scu_version());
  for (size_t i = 0; command_at(i); i++) printf("  %-9s %s\n", command_at(i)->name, command_at(i)->summary);
  putchar('\n');
  put_wrapped(stdout, PEER_IS, 0, 0);
  fputs("\n`scu help COMMAND` says more.\n\n"
        "The node file is ~/.config/scu/nodes.ini ($XDG_CONFIG_HOME), else\n"
        "/etc/scu/nodes.ini. With this one we are WORKSTATION, and `scu echo pacs` is\n"
        "enough:\n\n"
        "  [self]\n"
        "  aet = WORKSTATION\n"
        "  [pacs]\n"
        "  aet = PACS\n"
        "  host = 10.0.0.5\n"
        "  port = 104\n",
        stdout);
}

/* --- options ------------------------------------------------------------------------------------------------------ */

/* One option: name and argument on the left, help wrapped on the right. */
static void print_option(char letter, const char *name, const char *argument, const char *help, const char *fallback) {
  char text[OPTION_HELP_MAX];
  int width = letter ? printf("  -%c, %s", letter, name) : printf("      %s", name);
  if (argument) width += printf(" %s", argument);
  if (width >= OPTION_COLUMN) {
    putchar('\n');
    width = 0;
  }
  bool has_default = fallback && *fallback;
  snprintf(text, sizeof text, has_default ? "%s [%s]" : "%s", help, fallback);
  printf("%*s", OPTION_COLUMN - width, "");
  put_wrapped(stdout, text, OPTION_COLUMN, OPTION_COLUMN);
}

/* The rest of a help text is detail. */
static size_t first_clause(const char *help) {
  const char *semicolon = strstr(help, "; "), *bracket = strstr(help, " [");
  const char *end = semicolon && (!bracket || semicolon < bracket) ? semicolon : bracket;
  return end ? (size_t)(end - help) : strlen(help);
}

/* What all commands have that talk to a peer is on none of their short pages. */
static bool is_common(const flag_row *row) {
  return (row->commands & ON_SESSION) == ON_SESSION;
}

static void print_flags(const command *of, bool is_full) {
  bool is_first = true;
  for (size_t i = 0; flag_at(i); i++) {
    const flag_row *row = flag_at(i);
    if (!(row->commands & of->bit) || (!is_full && is_common(row))) continue;
    if (is_first) puts("\nOptions:");
    is_first = false;
    char help[OPTION_HELP_MAX];
    snprintf(help, sizeof help, "%.*s", (int)(is_full ? strlen(row->help) : first_clause(row->help)), row->help);
    print_option(row->letter, row->name, row->argument, help, NULL);
  }
}

const char *help_default(const struct scu_option_info *info) {
  switch (info->option) {
  /* The library has one default title for everybody; the command takes the machine's name first. */
  case SCU_OPTION_CALLING_AE: return "node file, else the host's name, else SCU";
  case SCU_OPTION_NODES_FILE: return "see `scu help`";
  case SCU_OPTION_COMMIT_LEDGER: return "~/.local/state/scu/commitments ($XDG_STATE_HOME)";
  default: return info->kind == SCU_KIND_BOOLEAN ? NULL : info->default_text;
  }
}

static bool is_option_of(const command *of, const struct scu_option_info *info) {
  return info->flag && (info->used_by & of->uses);
}

static void print_library_options(const command *of) {
  bool is_first = true;
  for (size_t i = 0; scu_option_at(i); i++) {
    const struct scu_option_info *info = scu_option_at(i);
    if (!is_option_of(of, info)) continue;
    if (is_first) puts("\nConnection and files:");
    is_first = false;
    print_option(0, info->flag, info->argument_name, info->help, help_default(info));
  }
}

static void add_name(char names[NAMES_MAX], const char *name) {
  size_t length = strlen(names);
  snprintf(names + length, NAMES_MAX - length, " %s", name);
}

/* By name only: what the options do that the short page leaves out. */
static void print_other_names(const command *of) {
  char names[NAMES_MAX] = "Also:";
  for (size_t i = 0; flag_at(i); i++)
    if ((flag_at(i)->commands & of->bit) && is_common(flag_at(i))) add_name(names, flag_at(i)->name);
  for (size_t i = 0; scu_option_at(i); i++)
    if (is_option_of(of, scu_option_at(i))) add_name(names, scu_option_at(i)->flag);
  putchar('\n');
  put_wrapped(stdout, names, 0, 2);
  printf("`scu help %s --full` says everything, exit codes too.\n", of->name);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static void print_indented(const char *lines) {
  while (*lines) {
    size_t length = strcspn(lines, "\n");
    printf("  %.*s\n", (int)length, lines);
    lines += length;
    if (*lines) lines++;
  }
}

static void print_head(const command *of) {
  printf("scu %s: %s\n", of->name, of->summary);
  if (*of->examples) {
    puts("\nExamples:");
    print_indented(of->examples);
  }
  char usage[OPTION_HELP_MAX * 2];
  snprintf(usage, sizeof usage, "usage: scu %s", of->synopsis);
  putchar('\n');
  put_wrapped(stdout, usage, 0, 2);
  putchar('\n');
}

/* The first paragraph is what everybody has to know. */
static size_t first_paragraph(const char *text) {
  const char *end = strstr(text, "\n\n");
  return end ? (size_t)(end - text) + 1 : strlen(text);
}

void help_print_command(const command *of) {
  char text[NAMES_MAX];
  print_head(of);
  snprintf(text, sizeof text, "%.*s", (int)first_paragraph(of->text), of->text);
  put_wrapped(stdout, text, 0, 0);
  if (of->uses & SCU_USED_BY_SESSION) put_wrapped(stdout, PEER_IS, 0, 0);
  print_flags(of, false);
  print_other_names(of);
}

void help_print_full(const command *of) {
  print_head(of);
  put_wrapped(stdout, of->text, 0, 0);
  if (of->uses & SCU_USED_BY_SESSION) put_wrapped(stdout, "\n" PEER_IS, 0, 0);
  print_flags(of, true);
  print_library_options(of);
  puts("\nExit codes:");
  exit_print_table(stdout);
}

/* --- command ------------------------------------------------------------------------------------------------------ */

static void run(cli *context, const arguments *args) {
  const command *of = args->positional_count ? command_named(args->positional[0]) : NULL;
  if (args->positional_count > 0 && !of) {
    report_usage(context, "`scu help` lists the commands", "there is no command '%s'", args->positional[0]);
  } else if (context->is_json) {
    json_tables(context, of);
  } else if (!of) {
    help_print_overview();
  } else if (args->has[FLAG_FULL]) {
    help_print_full(of);
  } else {
    help_print_command(of);
  }
}

const command command_help = {
    .name = "help",
    .bit = ON_HELP,
    .synopsis = "help [COMMAND] [--full] [--json]",
    .summary = "say how a command is used",
    .text = "Without a command: what there is. With --full everything about it, as in its manual page scu-COMMAND(1).\n"
            "--json gives the tables that this is made from: commands, options, node keys, exit codes.\n",
    .examples = "scu help find\nscu help find --full",
    .run = run,
};
