/* `scu help`, `scu help COMMAND` and `scu COMMAND --help`. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "exit_code.h"
#include "scu/version.h"

enum { OPTION_COLUMN = 30 };

/* As SCU_USED_BY_SESSION goes: these commands begin with one. */
#define PEER_IS "A PEER is AET@host:port, scu://AET@host:port (without port: 104), or a name from the node file.\n"

void help_print_overview(void) {
  printf("scu %s: send, find and fetch DICOM images\n\n"
         "usage: scu COMMAND [ARGUMENTS]\n\n",
         scu_version());
  for (size_t i = 0; command_at(i); i++) printf("  %-9s %s\n", command_at(i)->name, command_at(i)->summary);
  fputs("\n" PEER_IS "\n`scu help COMMAND` says more.\n\n"
        "  scu echo PACS@10.0.0.5:104\n"
        "  scu store PACS@10.0.0.5:104 -r /data/images\n"
        "  scu find PACS@10.0.0.5:104 PatientName='DOE*' StudyDate=-7d\n"
        "  scu get PACS@10.0.0.5:104 StudyInstanceUID=1.2.3 -o images\n"
        "\nThe node file is ~/.config/scu/nodes.ini ($XDG_CONFIG_HOME), else /etc/scu/nodes.ini. With this one\n"
        "we are WORKSTATION, and `scu echo pacs` is enough:\n\n"
        "  [self]\n"
        "  aet = WORKSTATION\n"
        "  [pacs]\n"
        "  aet = PACS\n"
        "  host = 10.0.0.5\n"
        "  port = 104\n",
        stdout);
}

/* One option: name and argument on the left, help wrapped on the right. */
static void print_option(char letter, const char *name, const char *argument, const char *help, const char *fallback) {
  int width = letter ? printf("  -%c, %s", letter, name) : printf("      %s", name);
  if (argument) width += printf(" %s", argument);
  if (width >= OPTION_COLUMN - 1) {
    putchar('\n');
    width = 0;
  }
  printf("%*s%s", OPTION_COLUMN - width, "", help);
  if (fallback && *fallback) printf(" [%s]", fallback);
  putchar('\n');
}

static void print_own_options(const command *of) {
  for (size_t i = 0; flag_at(i); i++) {
    const flag_row *row = flag_at(i);
    if (row->commands & of->bit) print_option(row->letter, row->name, row->argument, row->help, NULL);
  }
}

static void print_library_options(const command *of) {
  bool is_first = true;
  for (size_t i = 0; scu_option_at(i); i++) {
    const struct scu_option_info *info = scu_option_at(i);
    if (!info->flag || !(info->used_by & of->uses)) continue;
    if (is_first) puts("\nConnection and files:");
    is_first = false;
    const char *fallback = info->default_text;
    /* The library has one default title for everybody; the command takes the machine's name first. */
    if (info->option == SCU_OPTION_CALLING_AE) fallback = "node file, else the host's name, else SCU";
    if (info->option == SCU_OPTION_NODES_FILE) fallback = "see `scu help`";
    if (info->option == SCU_OPTION_COMMIT_LEDGER) fallback = "~/.local/state/scu/commitments ($XDG_STATE_HOME)";
    print_option(0, info->flag, info->argument_name, info->help, info->kind == SCU_KIND_BOOLEAN ? NULL : fallback);
  }
}

static void print_indented(const char *lines) {
  while (*lines) {
    size_t length = strcspn(lines, "\n");
    printf("  %.*s\n", (int)length, lines);
    lines += length;
    if (*lines) lines++;
  }
}

void help_print_command(const command *of) {
  printf("scu %s: %s\n\nusage: scu %s\n\n%s\n", of->name, of->summary, of->synopsis, of->text);
  if (of->uses & SCU_USED_BY_SESSION) puts(PEER_IS);
  puts("Options:");
  print_own_options(of);
  print_library_options(of);
  if (*of->examples) {
    puts("\nExamples:");
    print_indented(of->examples);
  }
  puts("\nExit codes:");
  exit_print_table(stdout);
}

static void run(cli *context, const arguments *args) {
  const command *of = args->positional_count ? command_named(args->positional[0]) : NULL;
  /* Help is for people: no records around it. */
  if (args->positional_count == 0 || of) context->is_json = false;
  if (args->positional_count == 0)
    help_print_overview();
  else if (of)
    help_print_command(of);
  else
    report_usage(context, "`scu help` lists the commands", "there is no command '%s'", args->positional[0]);
}

const command command_help = {
    .name = "help",
    .bit = ON_HELP,
    .synopsis = "help [COMMAND]",
    .summary = "say how a command is used",
    .text = "Without a command: what there is.\n",
    .examples = "scu help find",
    .run = run,
};
