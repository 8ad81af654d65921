/* What move, get and listen share: the sink for files, and the verdict on what came. */
#ifndef SCU_CLI_RETRIEVE_H
#define SCU_CLI_RETRIEVE_H

#include "cli.h"
#include "scu/sink.h"

/* Files under the -o folder, with layout, durability and duplicates as the options say. NULL after a failure, which has
 * been reported. */
scu_sink *cli_sink(cli *context, const arguments *args);

/* What one or more retrievals came to, told as one. Zeroed = none yet. */
typedef struct retrieval_tally {
  bool has_report, is_incomplete, is_counted_only, has_match, is_doubtful;
  uint64_t received, promised, extra, bytes, elapsed_ms, conflicts; /* received: without the extra ones */
  size_t missing_said;
} retrieval_tally;

/* Tells of studies and of what is missing; `result` is what the call returned (its error has been reported). report may
 * be NULL. */
void note_retrieval(cli *context, const arguments *args, retrieval_tally *tally, const scu_retrieve_report *report,
                    scu_result result);
/* Tells the verdict, and adds to the exit causes. */
void judge_retrievals(cli *context, const arguments *args, const retrieval_tally *tally);

#endif
