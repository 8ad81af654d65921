/* The options of DCMTK's tools: one table, and what a command line came to. */
#ifndef SCU_CLI_DCMTK_OPTIONS_H
#define SCU_CLI_DCMTK_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "dcmtk/habits.h"

typedef enum log_level { LOG_FATAL, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE } log_level;

typedef enum habit {
  HABIT_NONE, /* what is done anyway */
  HABIT_HELP,
  HABIT_VERSION,
  HABIT_ARGUMENTS,
  HABIT_LEVEL, /* choice: a log_level */
  HABIT_LEVEL_NAMED,
  HABIT_VERBOSE_CONTEXTS,
  HABIT_CALLING,
  HABIT_CALLED,
  HABIT_DESTINATION,
  HABIT_SYNTAX_COUNT,
  HABIT_CONTEXT_COUNT,
  HABIT_TIMEOUT_CONNECT,
  HABIT_TIMEOUT_SOCKET,
  HABIT_TIMEOUT_ACSE,
  HABIT_TIMEOUT_DIMSE,
  HABIT_MAX_PDU,
  HABIT_MAX_SEND_PDU,
  HABIT_REPEAT,
  HABIT_ABORT,
  HABIT_CANCEL,
  HABIT_KEY,
  HABIT_MODEL,   /* choice: scu_model */
  HABIT_PROPOSE, /* choice: a row of transfer syntaxes, see syntaxes.h */
  HABIT_PREFER,  /* choice: likewise, of what comes in */
  HABIT_OUTPUT,
  HABIT_EXTRACT,
  HABIT_EXTRACT_LIMIT,
  HABIT_RESPONSES, /* choice: 1 shown, 2 hidden */
  HABIT_SCAN,
  HABIT_SCAN_PATTERN,
  HABIT_RECURSE, /* choice: 0, 1 */
  HABIT_RENAME,  /* choice: 0, 1 */
  HABIT_REQUIRED,
  HABIT_COMBINE,
  HABIT_USER,
  HABIT_PASSWORD,
  HABIT_EMPTY_PASSWORD,
  HABIT_KERBEROS,
  HABIT_SAML,
  HABIT_JWT,
  HABIT_RESPONSE_WANTED,
  HABIT_NO_HALT,
  HABIT_INVENT,
  HABIT_PORT,
  HABIT_IGNORE,
  HABIT_BITS, /* choice: 0 normal, 1 bit preserving */
  HABIT_COUNT
} habit;

/* How an option is treated. */
typedef enum treatment {
  TAKEN,  /* done */
  IDLE,   /* makes no difference here: a warning */
  REFUSED /* would mean something else than what we do: an error */
} treatment;

typedef struct habit_row {
  const char *brief, *full; /* brief may be NULL */
  unsigned arguments;
  unsigned tools; /* bits 1 << tool */
  treatment treatment;
  habit id;
  int choice;
  int64_t minimum, maximum; /* of a number; both 0: text */
  const char *words;        /* for the help page, or why it is idle or refused */
} habit_row;

typedef struct habits {
  tool tool;
  log_level level;
  bool has[HABIT_COUNT];
  int choice[HABIT_COUNT];
  const char *value[HABIT_COUNT];
  int64_t number[HABIT_COUNT];
  const char **keys; /* in the order given */
  size_t key_count;
  const char *host;
  uint16_t port;
  char **files;
  size_t file_count;
} habits;

extern const char *const tool_names[TOOL_COUNT];
extern const char *const tool_titles[TOOL_COUNT];

const habit_row *habit_row_at(size_t index); /* NULL beyond the last */

/* False: the run is over with *exit_code; help or what is wrong has been printed. What is borrowed is argv's. */
bool habits_parse(habits *h, tool which, int argc, char **argv, int *exit_code);
void habits_free(habits *h);
/* A fault of the command line, in DCMTK's form; HABIT_FAILED. */
int habits_refuse(tool which, const char *format, ...);

#endif
