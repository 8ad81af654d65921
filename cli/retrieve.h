/* What move, get and listen share: the sink for files, and the verdict on what came. */
#ifndef SCU_CLI_RETRIEVE_H
#define SCU_CLI_RETRIEVE_H

#include "cli.h"
#include "scu/sink.h"

/* Files under the -o folder, with layout, durability and duplicates as the options say. NULL after a failure, which has
 * been reported. */
scu_sink *cli_sink(cli *context, const arguments *args);

/* Tells verdict and missing UIDs, and adds to the exit causes; `result` is what the call returned (its error has been
 * reported). report may be NULL. */
void judge_retrieval(cli *context, const arguments *args, const scu_retrieve_report *report, scu_result result);

#endif
