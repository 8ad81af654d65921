/* A command line as DCMTK reads one: options and parameters in any order, the last of several choices counts. */
#include "options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "safe_text.h"
#include "say.h"
#include "scu/version.h"

const char *const tool_names[TOOL_COUNT] = {"echoscu", "storescu", "findscu", "movescu", "getscu"};
const char *const tool_titles[TOOL_COUNT] = {"ECHOSCU", "STORESCU", "FINDSCU", "MOVESCU", "GETSCU"};

static const char *const summaries[TOOL_COUNT] = {"DICOM verification (C-ECHO) SCU", "DICOM storage (C-STORE) SCU",
                                                  "DICOM query (C-FIND) SCU", "DICOM retrieve (C-MOVE) SCU",
                                                  "DICOM retrieve (C-GET) SCU"};
static const char *const level_names[] = {"fatal", "error", "warn", "info", "debug", "trace", NULL};

static void print_head(FILE *to, tool which) {
  fprintf(to, "%s: libscu %s with the habits of DCMTK\n\n%s: %s\n", tool_names[which], scu_version(), tool_names[which],
          summaries[which]);
}

int habits_refuse(tool which, const char *format, ...) {
  char text[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  print_head(stderr, which);
  fputs("error: ", stderr);
  put_safe(stderr, text);
  putc('\n', stderr);
  return HABIT_FAILED;
}

static const char *parameters_of(tool which) {
  return which == TOOL_ECHO ? "" : which == TOOL_STORE ? " dcmfile-in..." : " [dcmfile-in...]";
}

static void print_help(tool which) {
  static const char *const marks[] = {"", "(no effect) ", "(refused) "};
  print_head(stdout, which);
  printf("usage: %s [options] peer port%s\n\noptions:\n", tool_names[which], parameters_of(which));
  for (size_t i = 0; habit_row_at(i); i++) {
    const habit_row *row = habit_row_at(i);
    if (row->tools & 1u << which)
      printf("  %-5s %-24s%s%s%s\n", row->brief ? row->brief : "", row->full, row->arguments ? "... " : "    ",
             marks[row->treatment], row->words);
  }
}

static void print_version(tool which) {
  print_head(stdout, which);
}

static const habit_row *find_row(tool which, const char *word) {
  for (size_t i = 0; habit_row_at(i); i++) {
    const habit_row *row = habit_row_at(i);
    if (!(row->tools & 1u << which)) continue;
    if (strcmp(row->full, word) == 0 || (row->brief && strcmp(row->brief, word) == 0)) return row;
  }
  return NULL;
}

/* A sign and a digit is a number, and a sign alone a file, as DCMTK has it. */
static bool is_option(const char *word) {
  return (*word == '-' || *word == '+') && word[1] != 0 && !(word[1] >= '0' && word[1] <= '9');
}

static bool read_number(const char *text, int64_t *to) {
  char *end;
  if (*text < '0' || *text > '9' || strlen(text) > 18) return false;
  *to = strtoll(text, &end, 10);
  return *end == 0;
}

static bool set_level(habits *h, const char *value) {
  for (int i = 0; level_names[i]; i++) {
    if (strcmp(level_names[i], value) != 0) continue;
    h->level = (log_level)i;
    return true;
  }
  return false;
}

static bool take_value(habits *h, const habit_row *row, const char *value) {
  h->value[row->id] = value;
  if (row->id == HABIT_LEVEL_NAMED) return set_level(h, value);
  if (row->id == HABIT_KEY) h->keys[h->key_count++] = value;
  if (row->minimum == 0 && row->maximum == 0) return true;
  int64_t number;
  if (!read_number(value, &number) || number < row->minimum || number > row->maximum) return false;
  h->number[row->id] = number;
  return true;
}

/* -1 to go on, else the exit code. */
static int take_option(habits *h, const habit_row *row, int argc, char **argv, int *at) {
  if (row->treatment == REFUSED) return habits_refuse(h->tool, "option %s is not available: %s", row->full, row->words);
  if (row->arguments > (unsigned)(argc - 1 - *at))
    return habits_refuse(h->tool, "Missing value for option %s", row->full);
  h->has[row->id] = true;
  h->choice[row->id] = row->choice;
  if (row->id == HABIT_LEVEL) h->level = (log_level)row->choice;
  if (row->arguments == 1 && row->treatment == TAKEN && !take_value(h, row, argv[*at + 1]))
    return habits_refuse(h->tool, "Invalid value for option %s (%s)", row->full, argv[*at + 1]);
  *at += (int)row->arguments;
  return -1;
}

static int take_parameter(habits *h, char *word) {
  int64_t port;
  if (!h->host) {
    h->host = word;
  } else if (h->port == 0) {
    if (!read_number(word, &port) || port < 1 || port > 65535)
      return habits_refuse(h->tool, "Invalid parameter value %s (1..65535)", word);
    h->port = (uint16_t)port;
  } else if (h->tool == TOOL_ECHO) {
    return habits_refuse(h->tool, "Too many arguments");
  } else {
    h->files[h->file_count++] = word;
  }
  return -1;
}

static int read_words(habits *h, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    int code = -1;
    if (!is_option(argv[i])) {
      code = take_parameter(h, argv[i]);
    } else {
      const habit_row *row = find_row(h->tool, argv[i]);
      code = row ? take_option(h, row, argc, argv, &i) : habits_refuse(h->tool, "Unknown option %s", argv[i]);
    }
    if (code >= 0) return code;
    if (h->has[HABIT_HELP] || h->has[HABIT_VERSION]) return -1;
  }
  return -1;
}

static int check_pair(const habits *h, habit first, const char *name, habit second, const char *other, bool is_needed) {
  if (!h->has[first] || h->has[second] == is_needed) return -1;
  return habits_refuse(h->tool, is_needed ? "%s only allowed with %s" : "%s not allowed with %s", name, other);
}

static int check(const habits *h) {
  const struct {
    habit first, second;
    const char *name, *other;
    bool is_needed;
  } pairs[] = {
      {HABIT_OUTPUT, HABIT_IGNORE, "--output-directory", "--ignore", false},
      {HABIT_SCAN_PATTERN, HABIT_SCAN, "--scan-pattern", "--scan-directories", true},
      {HABIT_PASSWORD, HABIT_USER, "--password", "--user", true},
      {HABIT_EMPTY_PASSWORD, HABIT_USER, "--empty-password", "--user", true},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    int code = check_pair(h, pairs[i].first, pairs[i].name, pairs[i].second, pairs[i].other, pairs[i].is_needed);
    if (code >= 0) return code;
  }
  if (!h->host) return habits_refuse(h->tool, "Missing parameter peer");
  if (h->port == 0) return habits_refuse(h->tool, "Missing parameter port");
  if (h->tool == TOOL_STORE && h->file_count == 0) return habits_refuse(h->tool, "Missing parameter dcmfile-in");
  bool is_query = h->tool == TOOL_FIND || h->tool == TOOL_MOVE || h->tool == TOOL_GET;
  if (is_query && h->file_count + h->key_count == 0)
    return habits_refuse(h->tool, "either query file or override keys (or both) must be specified");
  return -1;
}

static void say_idle(const habits *h, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const habit_row *row = is_option(argv[i]) ? find_row(h->tool, argv[i]) : NULL;
    if (row && row->treatment == IDLE) log_line(h, LOG_WARN, "option %s has no effect: %s", row->full, row->words);
    if (row) i += (int)row->arguments;
  }
}

static void print_arguments(int argc, char **argv) {
  printf("calling:");
  for (int i = 0; i < argc; i++) {
    fputs(" '", stdout);
    put_safe(stdout, argv[i]);
    putchar('\'');
  }
  putchar('\n');
}

bool habits_parse(habits *h, tool which, int argc, char **argv, int *exit_code) {
  memset(h, 0, sizeof *h);
  h->tool = which;
  h->level = LOG_WARN;
  h->keys = calloc((size_t)argc + 1, sizeof *h->keys);
  h->files = calloc((size_t)argc + 1, sizeof *h->files);
  if (!h->keys || !h->files) {
    *exit_code = habits_refuse(which, "out of memory");
    return false;
  }
  *exit_code = argc > 1 ? read_words(h, argc, argv) : HABIT_DONE;
  bool wants_help = argc < 2 || h->has[HABIT_HELP];
  if (*exit_code <= 0 && (wants_help || h->has[HABIT_VERSION])) {
    (wants_help ? print_help : print_version)(which);
    *exit_code = HABIT_DONE;
    return false;
  }
  if (*exit_code < 0) *exit_code = check(h);
  if (*exit_code >= 0) return false;
  if (h->has[HABIT_ARGUMENTS]) print_arguments(argc, argv);
  say_idle(h, argc, argv);
  return true;
}

void habits_free(habits *h) {
  free(h->keys);
  free(h->files);
}
