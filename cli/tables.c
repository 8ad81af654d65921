/* The tables of the command and of the library, for programs. */
#include "tables.h"

#include "help.h"
#include "json_lines.h"
#include "scu/nodes.h"
#include "words.h"

enum { CHOICES_MAX = 128 };

static void print_command(const command *of) {
  json_open(stdout, "command");
  json_text(stdout, "name", of->name);
  json_text(stdout, "synopsis", of->synopsis);
  json_text(stdout, "summary", of->summary);
  json_text(stdout, "examples", of->examples);
  json_text(stdout, "text", of->text);
  json_number(stdout, "takes_peer", (of->uses & SCU_USED_BY_SESSION) != 0);
  json_close(stdout);
}

static void print_flag(const command *of, const flag_row *row) {
  char letter[2] = {row->letter, 0}, choices[CHOICES_MAX];
  flag_choices(row->id, choices, sizeof choices);
  json_open(stdout, "option");
  json_text(stdout, "command", of->name);
  json_text(stdout, "name", row->name);
  json_text(stdout, "letter", letter);
  json_text(stdout, "argument", row->argument);
  json_text(stdout, "choices", choices);
  json_text(stdout, "default", NULL);
  json_text(stdout, "help", row->help);
  json_text(stdout, "option", NULL);
  json_close(stdout);
}

static void print_library_option(const command *of, const struct scu_option_info *info) {
  json_open(stdout, "option");
  json_text(stdout, "command", of->name);
  json_text(stdout, "name", info->flag);
  json_text(stdout, "letter", NULL);
  json_text(stdout, "argument", info->argument_name);
  json_text(stdout, "choices", info->choices);
  json_text(stdout, "default", help_default(info));
  json_text(stdout, "help", info->help);
  json_text(stdout, "option", info->name);
  json_close(stdout);
}

static void print_with_options(const command *of) {
  print_command(of);
  for (size_t i = 0; flag_at(i); i++)
    if (flag_at(i)->commands & of->bit) print_flag(of, flag_at(i));
  for (size_t i = 0; scu_option_at(i); i++)
    if (scu_option_at(i)->flag && (scu_option_at(i)->used_by & of->uses)) print_library_option(of, scu_option_at(i));
}

static void print_node_key(const struct scu_option_info *info) {
  static const char *const kinds[] = {[SCU_KIND_TEXT] = "text",
                                      [SCU_KIND_INTEGER] = "integer",
                                      [SCU_KIND_BOOLEAN] = "boolean",
                                      [SCU_KIND_DURATION] = "duration"};
  json_open(stdout, "node_key");
  json_text(stdout, "name", info->name);
  json_text(stdout, "kind", kinds[info->kind]);
  json_number(stdout, "minimum", (uint64_t)info->minimum);
  json_number(stdout, "maximum", (uint64_t)info->maximum);
  json_text(stdout, "choices", info->choices);
  json_text(stdout, "default", info->default_text);
  json_text(stdout, "help", info->help);
  json_close(stdout);
}

static void print_exit_codes(void) {
  for (size_t i = 0; exit_code_at(i); i++) {
    json_open(stdout, "exit_code");
    json_number(stdout, "code", (uint64_t)exit_code_at(i)->code);
    json_text(stdout, "meaning", exit_code_at(i)->meaning);
    json_close(stdout);
  }
}

void json_tables(cli *context, const command *only) {
  json_begin(context, NULL);
  for (size_t i = 0; command_at(i); i++)
    if (!only || only == command_at(i)) print_with_options(command_at(i));
  for (size_t i = 0; scu_option_at(i); i++)
    if (scu_nodes_have_option(scu_option_at(i)->option)) print_node_key(scu_option_at(i));
  print_exit_codes();
}
