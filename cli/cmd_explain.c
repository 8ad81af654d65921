/* scu explain: what a code means, what likely caused it, what to try. The rows are the library's; exit codes are ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "safe_text.h"
#include "scu/explain.h"

enum { CODE_MAX = 120 };

/* A row of the library's or of ours. */
typedef struct explained {
  const char *kind, *code, *where, *class_, *text, *cause, *next_step, *source;
  bool is_range;
} explained;

static const char *kind_name(scu_explains kind) {
  switch (kind) {
  case SCU_EXPLAINS_REJECT: return "reject";
  case SCU_EXPLAINS_ABORT: return "abort";
  case SCU_EXPLAINS_CONTEXT: return "context";
  case SCU_EXPLAINS_STATUS: return "status";
  case SCU_EXPLAINS_FAILURE_REASON: return "reason";
  case SCU_EXPLAINS_SYSTEM: return "errno";
  case SCU_EXPLAINS_RESOLVER: return "resolver";
  case SCU_EXPLAINS_RESULT: return "result";
  case SCU_EXPLAINS_PHASE: return "phase";
  }
  return "other";
}

static explained of_row(const scu_explanation *row) {
  return (explained){.kind = kind_name(scu_explanation_kind(row)),
                     .code = scu_explanation_code(row),
                     .where = scu_explanation_where(row),
                     .class_ = scu_explanation_class(row),
                     .text = scu_explanation_text(row),
                     .cause = scu_explanation_cause(row),
                     .next_step = scu_explanation_next_step(row),
                     .source = scu_explanation_source(row),
                     .is_range = scu_explanation_is_range(row)};
}

static void print_json(cli *context, const explained *one) {
  json_begin(context, NULL);
  json_open(stdout, "explanation");
  json_text(stdout, "kind", one->kind);
  json_text(stdout, "code", one->code);
  if (*one->where) json_text(stdout, "where", one->where);
  if (*one->class_) json_text(stdout, "class", one->class_);
  json_text(stdout, "text", one->text);
  json_text(stdout, "cause", one->cause);
  json_text(stdout, "next_step", one->next_step);
  json_text(stdout, "source", one->source);
  if (one->is_range) json_number(stdout, "is_range", 1);
  json_close(stdout);
}

/* Phases and results are words that people meet without knowing which of them it is. */
static bool wants_kind(const explained *one) {
  return strcmp(one->kind, "phase") == 0 || strcmp(one->kind, "result") == 0 || strcmp(one->kind, "reason") == 0;
}

static void print(cli *context, const explained *one) {
  if (context->is_json) {
    print_json(context, one);
    return;
  }
  if (wants_kind(one)) printf("%s ", one->kind);
  fputs(one->code, stdout);
  if (*one->where) printf(" (%s)", one->where);
  printf(": %s%s%s [%s]\n", one->class_, *one->class_ ? ": " : "", one->text, one->source);
  printf("  cause: %s\n  try: %s\n", one->cause, one->next_step);
}

static size_t explain_exits(cli *context, const char *code) {
  size_t count = 0;
  for (size_t i = 0; exit_code_at(i); i++) {
    const exit_explanation *row = exit_code_at(i);
    char name[16];
    snprintf(name, sizeof name, "exit %d", row->code);
    if (*code && strcmp(name + 5, code) != 0) continue;
    explained one = {.kind = "exit",
                     .code = name,
                     .where = "",
                     .class_ = "",
                     .text = row->meaning,
                     .cause = row->cause,
                     .next_step = row->next_step,
                     .source = "scu"};
    print(context, &one);
    count++;
  }
  return count;
}

static size_t explain_all(cli *context) {
  size_t count = 0;
  for (const scu_explanation *row; (row = scu_explanation_at(count)) != NULL; count++) {
    explained one = of_row(row);
    print(context, &one);
  }
  return count + explain_exits(context, "");
}

static size_t explain_code(cli *context, const char *code) {
  size_t count = 0;
  const scu_explanation *row = NULL;
  while ((row = scu_explain_next(code, row)) != NULL) {
    explained one = of_row(row);
    if (count == 0 && one.is_range && !context->is_json) printf("%s is not in the table. What its range says:\n", code);
    print(context, &one);
    count++;
  }
  return count;
}

/* "exit 6", "exit code 6", "exit"; NULL: something else. */
static const char *behind_exit(const char *code) {
  if (strncmp(code, "exit", 4) != 0 || (code[4] != ' ' && code[4] != 0)) return NULL;
  code += code[4] ? 5 : 4;
  return strncmp(code, "code ", 5) == 0 ? code + 5 : code;
}

/* The words with blanks between them. False: more than any code has. */
static bool join(const arguments *args, char to[CODE_MAX]) {
  size_t length = 0;
  *to = 0;
  for (size_t i = 0; i < args->positional_count; i++) {
    int more = snprintf(to + length, CODE_MAX - length, "%s%s", i ? " " : "", args->positional[i]);
    if (more < 0 || (size_t)more >= CODE_MAX - length) return false;
    length += (size_t)more;
  }
  return true;
}

static void run(cli *context, const arguments *args) {
  static const char hint[] =
      "`scu explain --help` says what can be explained; `scu explain all` does so with everything";
  char code[CODE_MAX];
  size_t count = 0;
  if (args->positional_count == 0) {
    report_usage(context, hint, "explain what?");
    return;
  }
  if (join(args, code)) {
    const char *exit_code = behind_exit(code);
    if (exit_code)
      count = explain_exits(context, exit_code);
    else if (strcmp(code, "all") == 0)
      count = explain_all(context);
    else
      count = explain_code(context, code);
  }
  if (count == 0) report_usage(context, hint, "'%.60s' is no code that can be explained", code);
}

const command command_explain = {
    .name = "explain",
    .bit = ON_EXPLAIN,
    .synopsis = "explain CODE...",
    .summary = "say what a code means, what likely caused it, what to try",
    .text = "Where several services or products use one code, each is told. Behind it stands [who says so]: a section "
            "of the\n"
            "Standard, or the product that uses the code in this sense, which holds for peers of that make only.\n"
            "The same in one piece is scu-errors(7).\n",
    .examples = "scu explain A702           # a status; A7xx: a range of them\n"
                "scu explain C-MOVE A702    # a status of one operation\n"
                "scu explain 1/1/7          # a reject: also A-ASSOCIATE-RJ 1 1 7\n"
                "scu explain 2/1            # an abort: also A-ABORT 2 1\n"
                "scu explain context 3      # the result of a presentation context\n"
                "scu explain ECONNREFUSED   # an error of the system: also errno 111\n"
                "scu explain TIMEOUT        # a result; connect: a phase; exit 6\n"
                "scu explain reject         # all there is of a kind; all: everything",
    .run = run,
};
