/* The command line, read by tables: flags of the command, and options of the library that it uses. */
#ifndef SCU_CLI_ARGS_H
#define SCU_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/options.h"

/* The flags that are the command's own; those of the library come from scu_option_at. */
typedef enum flag {
  FLAG_HELP,
  FLAG_JSON,
  FLAG_QUIET,
  FLAG_VERBOSE,
  FLAG_DEBUG,
  FLAG_PROGRESS,
  FLAG_COLOR,
  FLAG_REPEAT,
  FLAG_FULL,
  FLAG_RECURSIVE,
  FLAG_FILTER,
  FLAG_FROM,
  FLAG_NULL,
  FLAG_JOBS,
  FLAG_DRY_RUN,
  FLAG_SET,
  FLAG_REMOVE,
  FLAG_REMOVE_PRIVATE,
  FLAG_COMMIT,
  FLAG_RESUME,
  FLAG_ONLY_LISTEN,
  FLAG_KEY,
  FLAG_QUERY,
  FLAG_LEVEL,
  FLAG_DEPTH,
  FLAG_MODEL,
  FLAG_RELATIONAL,
  FLAG_EXTENDED,
  FLAG_ALL,
  FLAG_LIMIT,
  FLAG_STRICT,
  FLAG_SPLIT,
  FLAG_CSV,
  FLAG_TABLE,
  FLAG_REQUIRE_MATCH,
  FLAG_TO,
  FLAG_OUTPUT,
  FLAG_LISTEN,
  FLAG_PORT,
  FLAG_WITH,
  FLAG_RAW_IDENTIFIER,
  FLAG_DEMO,
  FLAG_PEER,
  FLAG_FAULT,
  FLAG_CHECK,
  FLAG_PASSCODE_FILE,
  FLAG_IDENTITY_FILE,
  FLAG_ACCEPT_USER,
  FLAG_TRACE,
  FLAG_AUDIT,
  FLAG_METRICS,
  FLAG_LOG,
  FLAG_LOG_LEVEL,
  FLAG_PHI,
  FLAG_COUNT
} flag;

/* The commands, as bits, so that a flag can say where it is allowed. */
enum command_bit {
  ON_ECHO = 1,
  ON_STORE = 2,
  ON_FIND = 4,
  ON_MOVE = 8,
  ON_GET = 16,
  ON_LISTEN = 32,
  ON_DUMP = 64,
  ON_VERSION = 128,
  ON_HELP = 256,
  ON_ARCHIVE = 512,
  ON_COMMIT = 1024,
  ON_NODES = 2048,
  ON_EXPLAIN = 4096,
  ON_QUERY = ON_FIND | ON_MOVE | ON_GET,
  ON_SESSION = ON_ECHO | ON_STORE | ON_COMMIT | ON_QUERY,
  ON_EVERYTHING = 8191
};

typedef struct flag_row {
  flag id;
  const char *name;     /* "--json" */
  char letter;          /* 'k', or 0 */
  const char *argument; /* "N"; NULL = takes none */
  const char *help;
  unsigned commands;
} flag_row;

const flag_row *flag_at(size_t index); /* NULL beyond the last */
const char *flag_name(flag id);        /* as it is typed: "--json" */

typedef struct cli cli;

/* --set KEY=VALUE, or --remove KEY */
typedef struct edit_argument {
  flag id;
  const char *text;
} edit_argument;

/* Everything behind the command's name, sorted out. Texts are argv's. */
typedef struct arguments {
  const char *value[FLAG_COUNT]; /* of the last one given; "" for flags without argument */
  bool has[FLAG_COUNT];
  const char **keys; /* every -k, or --peer, in order */
  size_t key_count;
  const char **users; /* every --accept-user, in order */
  size_t user_count;
  edit_argument *edits; /* every --set and --remove, in order */
  size_t edit_count;
  const char **positional;
  size_t positional_count;
} arguments;

/* False after a usage error, which has been reported. Library options go into cli->options. */
bool arguments_parse(cli *context, int argc, char **argv, arguments *args);
void arguments_free(arguments *args);

/* "1", within the bounds; reports a usage error and returns false else. */
bool argument_number(cli *context, const arguments *args, flag id, uint64_t least, uint64_t most, uint64_t *value);
/* The place among `words` (NULL-terminated, lower case, "" = no word) of the flag's value, in any case; `fallback` when
 * it was not given. False: reported, with all of the words. */
bool argument_word(cli *context, const arguments *args, flag id, const char *const *words, size_t fallback,
                   size_t *value);
/* True when `length` bytes of text are the word, which is in lower case, whatever their own case (ASCII). */
bool is_same_word(const char *word, const char *text, size_t length);
/* The candidate closest to `text`, or NULL when none is close. next(user, i) gives candidates until NULL. */
const char *closest_word(const char *text, const char *(*next)(const void *user, size_t index), const void *user);

#endif
