/* What one run of `scu` carries along: options, what to say and how, and the tally that becomes summary and exit code.
 */
#ifndef SCU_CLI_CLI_H
#define SCU_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "exit_code.h"
#include "progress.h"
#include "scu/audit.h"
#include "scu/capture.h"
#include "scu/commit.h"
#include "scu/hooks.h"
#include "scu/log.h"
#include "scu/options.h"
#include "scu/session.h"

struct command;

struct cli {
  const struct command *command;
  scu_options *options;
  bool is_json;
  bool is_quiet;
  int verbosity;     /* 0, 1 (-v), 2 (-d) */
  bool is_colored;   /* stderr */
  bool is_receiving; /* instances come to us: a failing one may be our disk's fault */
  progress progress;
  char peer[320]; /* of the last session: "AET@host:port"; "" before there is one */
  uint64_t started_ms;
  int output_errno; /* why stdout took no more */
  bool has_begun;   /* the JSON begin record is out */
  exit_causes causes;
  uint64_t ok, warnings, failed, skipped, bytes;
  uint64_t refused;       /* of the failed ones: answered with a failure status */
  uint64_t untried;       /* of the skipped ones: after somebody pressed Ctrl-C */
  scu_commitment *wanted; /* what is to be committed; NULL = nothing is */
  bool is_only_reading;   /* instances go there and nowhere else */
  uint64_t committed, not_committed;
  scu_capture *capture;         /* of --trace; NULL = none */
  scu_audit *audit;             /* of --audit; NULL = none */
  struct metrics_file *metrics; /* of --metrics; NULL = none */
  scu_log *log;                 /* of --log; NULL = none */
  struct watch *watch;          /* of what is written down; NULL = none */
  bool shows_phi;               /* what may name a patient is said, too */
};

typedef struct command {
  const char *name;
  unsigned bit;  /* of enum command_bit */
  uint32_t uses; /* SCU_USED_BY_...: which library options it takes */
  const char *synopsis;
  const char *summary;  /* one line */
  const char *text;     /* paragraphs for its help page */
  const char *examples; /* one a line */
  void (*run)(cli *context, const arguments *args);
  bool finds_nodes_itself; /* the node file is its business: it is not read beforehand */
} command;

extern const command command_echo, command_store, command_commit, command_find, command_move, command_get,
    command_listen, command_dump, command_version, command_help, command_archive, command_nodes, command_explain;

const command *command_at(size_t index); /* NULL beyond the last */
const command *command_named(const char *name);

uint64_t now_ms(void); /* monotonic */

/* Counts an instance, writes its JSON line, and its line for people where it failed or -v was given. */
void note_instance(cli *context, const scu_instance_outcome *outcome);
/* The hooks every session and listener of the command gets. */
scu_hooks cli_hooks(cli *context);
/* A session with hooks, that Ctrl-C reaches. NULL after a failure, which has been reported. */
scu_session *cli_session(cli *context, const char *peer);
void cli_session_free(scu_session *session);

/* True when stdout takes no more: a command then stops what it is doing. */
bool output_is_broken(cli *context);
/* Says so, unless it was only the reader that went away. */
void report_output_fault(cli *context);

/* Sizes and times for people. */
void format_bytes(uint64_t bytes, char to[32]);
void format_seconds(uint64_t milliseconds, char to[32]);

#endif
