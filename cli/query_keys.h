/* From -k and KEY=VALUE to a query. */
#ifndef SCU_CLI_QUERY_KEYS_H
#define SCU_CLI_QUERY_KEYS_H

#include "cli.h"
#include "scu/query.h"

/* A checked query from the flags and the words behind the peer. NULL after a fault, which has been reported; patient
 * data in values never is. `needs_keys` false: keys may come later (--from). */
scu_query *query_from_arguments(cli *context, const arguments *args, bool needs_keys);
/* Asks for what a table of matches shows and the library does not ask for by itself. */
void query_ask_for_columns(scu_query *query);
/* Reports what the query says of itself. */
void report_query(cli *context, const scu_query *query);
/* The level it would be sent at; SCU_LEVEL_DEFAULT when it is not a query yet, or of a worklist. */
scu_query_level query_level(scu_query *query);
/* The level of its matches: that, or --depth, which has been checked. */
scu_query_level query_depth(scu_query *query, const arguments *args);
/* True when both paths, whichever way they are written, name one attribute: "PatientName" and "0010,0010". */
bool is_same_attribute(const char *a, const char *b);
/* In a worklist the attributes of the step are known by keyword or tag alone: "Modality" ->
 * "ScheduledProcedureStepSequence[0].Modality". NULL where the key stays as it is typed. */
const char *worklist_path(const char *key);
/* "study" -> SCU_LEVEL_STUDY, by --level; `fallback` without it. False: reported. */
bool level_argument(cli *context, const arguments *args, scu_query_level fallback, scu_query_level *level);

#endif
